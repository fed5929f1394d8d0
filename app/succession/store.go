package succession

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
)

func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return tx.WithContext(ctx).Create(row).Error
}

func scan[T any](ctx context.Context, tx pg.Tx, sql string, args ...any) (rows []T, err error) {
	err = tx.WithContext(ctx).Raw(sql, args...).Scan(&rows).Error
	return rows, err
}

func number(ctx context.Context, tx pg.Tx) (n int64, err error) {
	err = tx.WithContext(ctx).Raw("select nextval('change_case_number')").Scan(&n).Error
	return n, err
}

const memberSQL = `select m.id, m.company_id, a.office_id, m.programme, m.entity_type, m.number, m.status, o.zone, m.effective_on
	from membership m join application a on a.id = m.application_id join office o on o.id = a.office_id`

// lockMember locks a membership before everything that hangs on it, as everybody does. What
// the actor cannot see is not there.
func (s *Service) lockMember(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (m member, err error) {
	if by.Audience != identity.System {
		if _, err := by.Reads(); err != nil {
			return m, err
		}
	}
	list, err := scan[member](ctx, tx, memberSQL+` where m.id = ? for update of m`, id)
	if err != nil {
		return m, fmt.Errorf("open the membership: %w", err)
	}
	if len(list) == 0 || by.Audience == identity.Companies && list[0].CompanyID != by.CompanyID {
		return m, fault.Missing()
	}
	return list[0], s.complete(&list[0])
}

// lock locks a case after its membership, and after the other one of a shared profile.
func (s *Service) lock(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (c Case, m member, err error) {
	of, err := scan[struct{ MembershipID, LeadID uuid.NullUUID }](ctx, tx, `select membership_id, lead_id from change_case where id = ?`, id)
	if err != nil {
		return c, m, fmt.Errorf("open the case: %w", err)
	}
	if len(of) == 0 {
		return c, m, fault.Missing()
	}
	if of[0].LeadID.Valid {
		if err := membership.LockBoth(ctx, tx, of[0].MembershipID.UUID, of[0].LeadID.UUID); err != nil {
			return c, m, err
		}
	}
	if m, err = s.lockMember(ctx, tx, by, of[0].MembershipID.UUID); err != nil {
		return c, m, err
	}
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).First(&c).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return c, m, fault.Missing()
	case err != nil:
		return c, m, fmt.Errorf("open the case: %w", err)
	case by.Audience == identity.Staff && c.SentAt == nil:
		return Case{}, m, fault.Missing()
	}
	return c, m, nil
}

// entryRow is one entry of the history of a case.
type entryRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	CaseID    uuid.UUID
	CompanyID uuid.UUID
	What      string
	ByCompany bool
	Internal  bool
	Body      string
	Author    string
	PersonID  *uuid.UUID
	At        time.Time
}

// TableName is the table that holds entries.
func (entryRow) TableName() string { return "change_case_entry" }

func write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Case, what, body string, internal bool) error {
	e := entryRow{ID: pg.NewID(), CaseID: c.ID, CompanyID: c.CompanyID, What: what, ByCompany: by.Audience == identity.Companies, Internal: internal, Body: body, Author: by.Name, At: now}
	if by.Known() {
		e.PersonID = &by.PersonID
	}
	if err := add(ctx, tx, &e); err != nil {
		return fmt.Errorf("write down what was done: %w", err)
	}
	return nil
}

// show replaces the items of the library that a case shows, each in its newest version.
func show(ctx context.Context, tx pg.Tx, c Case, ids []uuid.UUID) error {
	if err := tx.WithContext(ctx).Exec(`delete from change_case_proof where case_id = ?`, c.ID).Error; err != nil {
		return fmt.Errorf("show the proof: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	r := tx.WithContext(ctx).Exec(`insert into change_case_proof (case_id, company_id, evidence_id, version_id)
		select ?, e.company_id, e.id, (select v.id from evidence_version v where v.evidence_id = e.id order by v.number desc limit 1)
		from evidence e where e.id in ? and e.company_id = ? and e.removed_at is null`, c.ID, ids, c.CompanyID)
	if r.Error != nil {
		return fmt.Errorf("show the proof: %w", r.Error)
	}
	if int(r.RowsAffected) != len(ids) {
		return fault.Fail([]fault.Field{fault.F("proof", "An item is no longer in your library. Open the page again and choose anew")})
	}
	return nil
}

// openSQL are the records of the membership of a case that are open; of is the membership.
func openSQL(of string) string {
	return `(select 'profile' as kind, id, reference, kind as title, status, 1 as n from profile_cycle where membership_id = ` + of + ` and status not in ('accepted', 'ended')
		union all select 'validation', id, reference, kind, status, 2 from validation where membership_id = ` + of + ` and status not in ('closed', 'cancelled')
		union all select 'finding', f.id, f.reference, f.title, f.status, 3 from finding f join validation v on v.id = f.validation_id
			where v.membership_id = ` + of + ` and f.status in ('open', 'answered', 'escalated') and f.kind = 'action_required')`
}

// items reads the open records of the membership of a case, and what was decided on each.
func items(dst *[]Item, id uuid.UUID) pg.Query {
	return pg.All(dst, `select x.kind, x.id, x.reference, x.title, x.status, coalesce(d.decision, '') as decision
		from `+openSQL(`(select membership_id from change_case where id = $1)`)+` x
		left join change_case_item d on d.case_id = $1 and d.kind = x.kind and d.item_id = x.id order by x.n, x.reference limit 200`, id)
}

// undecided counts the open records of a membership about which a case says nothing.
func undecided(ctx context.Context, tx pg.Tx, c Case) (n int, err error) {
	err = tx.WithContext(ctx).Raw(`select count(*)::int from `+openSQL("@m")+` x
		where not exists (select from change_case_item d where d.case_id = @c and d.kind = x.kind and d.item_id = x.id)`,
		map[string]any{"m": c.MembershipID, "c": c.ID}).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("look for open records: %w", err)
	}
	return n, nil
}

type successor struct {
	ID, CompanyID   uuid.UUID
	Number, Company string
	Status          string
	EffectiveOn     clock.Day
}

// byNumber finds a membership by its number, as far as the actor may see it.
func byNumber(ctx context.Context, tx pg.Tx, programme, number string) ([]successor, error) {
	list, err := scan[successor](ctx, tx, `select m.id, m.company_id, m.number, c.name as company, m.status, m.effective_on
		from membership m join company c on c.id = m.company_id where m.programme = ? and m.number = upper(?)`, programme, number)
	if err != nil {
		return nil, fmt.Errorf("look for the membership: %w", err)
	}
	return list, nil
}
