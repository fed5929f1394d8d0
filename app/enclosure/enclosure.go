// Package enclosure keeps the documents that a company shows the agency with a record that the
// two share: a reported incident, a case of enforcement, an appeal, a claim. They come from the
// company's library, each in the version of that moment, and stay as they were shown.
//
// Who may: those who edit for the company, while the record is open. Whoever reads the record
// reads what was shown with it.
package enclosure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// How much is shown with one record, and how much of the library there is to choose from.
const (
	most        = 100
	mostChoices = 200
)

// subjects are the records by kind: how one of a company is read. Staff are told as the SQL
// says: the person in charge, or the office.
var subjects = map[string]string{
	notice.AboutIncident: `select reference, status not in ('closed', 'merged') as open, array(select to_tell(office_id))::text[] as staff
		from incident where id = @id and company_id = @company`,
	notice.AboutEnforcement: `select reference, status <> 'closed' as open, case when worker_id is null then array(select to_tell(office_id)) else array[worker_id] end::text[] as staff
		from enforcement_case where id = @id and company_id = @company`,
	notice.AboutAppeal: `select reference, status in ('filed', 'in_hand') as open, array_remove(array[officer_id], null)::text[] as staff
		from appeal where id = @id and company_id = @company`,
	notice.AboutClaim: `select reference, status in ('open', 'in_hand', 'asked') as open, case when officer_id is null then array(select to_tell(office_id)) else array[officer_id] end::text[] as staff
		from claim where id = @id and company_id = @company`,
}

// Kinds lists the kinds of record with which documents are shown.
func Kinds() []string {
	return []string{notice.AboutIncident, notice.AboutEnforcement, notice.AboutAppeal, notice.AboutClaim}
}

// Item is a document that was shown.
type Item struct {
	Title     string
	FileName  string
	URL       string // of a link
	VersionID *uuid.UUID
	Author    string
	ShownAt   time.Time
}

// Choice is an item of the library.
type Choice struct {
	ID    uuid.UUID
	Title string
}

// Column is what was shown with the record of the id $1, as a column of the statement that
// reads the record: whoever reads that reads it. Read takes it apart.
const Column = `coalesce((select jsonb_agg(jsonb_build_object('Title', e.title, 'FileName', coalesce(v.file_name, ''), 'URL', e.url, 'VersionID', x.version_id,
    'Author', x.author, 'ShownAt', x.shown_at) order by x.shown_at, e.title, x.id)
  from enclosure x join evidence e on e.id = x.evidence_id left join evidence_version v on v.id = x.version_id where x.subject_id = $1), '[]')::text as documents`

// Read takes a Column apart.
func Read(column string) ([]Item, error) { return pg.Documents[Item](column) }

// Service is what people do with documents.
type Service struct {
	DB      *pg.DB
	Now     func() time.Time
	Letters *notice.Letters
}

// record is what is known of a record.
type record struct {
	Reference string
	Open      bool
	Staff     pg.Strings // ids of those who are told
}

// staff are those who are told.
func (r record) staff() (out []uuid.UUID, err error) {
	for _, text := range r.Staff {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("find whom to tell: %w", err)
		}
		out = append(out, id)
	}
	return out, nil
}

// find reads a record of the actor's company. NotFound: there is none.
func find(ctx context.Context, tx pg.Tx, by identity.Actor, kind string, id uuid.UUID) (r record, err error) {
	sql, ok := subjects[kind]
	if !ok || by.Audience != identity.Companies || by.CompanyID == uuid.Nil {
		return r, fault.Missing()
	}
	var rows []record
	if err := tx.WithContext(ctx).Raw(sql, map[string]any{"id": id, "company": by.CompanyID}).Scan(&rows).Error; err != nil {
		return r, fmt.Errorf("read the record: %w", err)
	}
	if len(rows) == 0 {
		return r, fault.Missing()
	}
	if !by.Is(identity.CompanyEditors...) {
		return r, fault.New(fault.Forbidden, "You can read this account but not show documents for it. Ask its owner for the right to edit")
	}
	if !rows[0].Open {
		return r, fault.New(fault.Conflict, "It is closed. Nothing can be shown with it any more")
	}
	return rows[0], nil
}

// Choose reads what a company can show with a record of its own. Those who edit for it may.
// NotFound: another company's record. Conflict: it is closed.
func (s *Service) Choose(ctx context.Context, by identity.Actor, kind string, id uuid.UUID) (reference string, list []Choice, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r, err := find(ctx, tx, by, kind, id)
		if err != nil {
			return err
		}
		reference = r.Reference
		err = tx.WithContext(ctx).Raw(`select e.id, e.title from evidence e where e.company_id = ? and e.removed_at is null
			and not exists (select from enclosure x where x.subject_kind = ? and x.subject_id = ? and x.evidence_id = e.id
			  and x.version_id is not distinct from (select v.id from evidence_version v where v.evidence_id = e.id order by v.number desc limit 1))
			order by e.created_at desc, e.id limit ?`, by.CompanyID, kind, id, mostChoices).Scan(&list).Error
		if err != nil {
			return fmt.Errorf("read the library: %w", err)
		}
		return nil
	})
	return reference, list, err
}

// Show shows items of the library with a record of the company, each in its newest version;
// what was shown already is not shown twice. Those who edit for the company may. Invalid:
// nothing is chosen, too much, or an item that is no longer there. NotFound: another company's
// record. Conflict: it is closed.
func (s *Service) Show(ctx context.Context, by identity.Actor, kind string, id uuid.UUID, items []uuid.UUID) error {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	items = slices.Compact(items)
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r, err := find(ctx, tx, by, kind, id)
		switch {
		case err != nil:
			return err
		case len(items) == 0:
			return fault.Fail([]fault.Field{fault.F("item", "Choose what you want to show")})
		case len(items) > most:
			return fault.Fail([]fault.Field{fault.F("item", "Choose up to %d items", most)})
		}
		if err := room(ctx, tx, kind, id, len(items)); err != nil {
			return err
		}
		if err := s.put(ctx, tx, now, by, kind, id, items); err != nil {
			return err
		}
		err = audit.Record(ctx, tx, now, by, audit.Event{Action: "enclosure.show", Kind: kind, Subject: id, Company: by.CompanyID,
			After: map[string]any{"reference": r.Reference, "items": items}})
		if err != nil {
			return err
		}
		staff, err := r.staff()
		if err != nil {
			return err
		}
		return s.Letters.ToStaff(ctx, tx, now, staff, kind, id)
	})
}

// room refuses more documents with one record than fit.
func room(ctx context.Context, tx pg.Tx, kind string, id uuid.UUID, more int) error {
	var n int
	if err := tx.WithContext(ctx).Raw(`select count(*)::int from enclosure where subject_kind = ? and subject_id = ?`, kind, id).Scan(&n).Error; err != nil {
		return fmt.Errorf("count the documents: %w", err)
	}
	if n+more > most {
		return fault.Fail([]fault.Field{fault.F("item", "At most %d documents fit. There are %d already", most, n)})
	}
	return nil
}

// put writes down what is shown; what is there already stays as it is.
func (s *Service) put(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, kind string, id uuid.UUID, items []uuid.UUID) error {
	var there int
	err := tx.WithContext(ctx).Raw(`with chosen as (
			select e.id, (select v.id from evidence_version v where v.evidence_id = e.id order by v.number desc limit 1) as version
			from evidence e where e.id in ? and e.company_id = ? and e.removed_at is null
			  and not exists (select from evidence_version v where v.evidence_id = e.id and v.forgotten_at is not null)
		), shown as (
			insert into enclosure (id, subject_kind, subject_id, company_id, evidence_id, version_id, author, shown_by, shown_at)
			select gen_random_uuid(), ?, ?, ?, c.id, c.version, ?, ?, ? from chosen c on conflict on constraint enclosed_once do nothing
		)
		select count(*)::int from chosen`, items, by.CompanyID, kind, id, by.CompanyID, by.Name, by.PersonID, now).Scan(&there).Error
	if err != nil {
		return fmt.Errorf("show the documents: %w", err)
	}
	if there != len(items) {
		return fault.Fail([]fault.Field{fault.F("item", "An item is no longer in your library. Open the page again and choose anew")})
	}
	return nil
}
