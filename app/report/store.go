package report

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return tx.WithContext(ctx).Create(row).Error
}

func scan[T any](ctx context.Context, tx pg.Tx, sql string, args ...any) (rows []T, err error) {
	err = tx.WithContext(ctx).Raw(sql, args...).Scan(&rows).Error
	return rows, err
}

// lockReport locks the report of a validation that is locked already. NotFound: nobody has
// begun it.
func lockReport(ctx context.Context, tx pg.Tx, validation uuid.UUID) (r Report, err error) {
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("validation_id = ?", validation).First(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return r, fault.Missing()
	}
	if err != nil {
		return r, fmt.Errorf("open the report: %w", err)
	}
	return r, nil
}

// save writes the named columns of a report that is locked.
func save(ctx context.Context, tx pg.Tx, r *Report, columns ...string) error {
	was := r.Version
	r.Version++
	q := tx.WithContext(ctx).Model(&Report{}).Where("validation_id = ? and version = ?", r.ValidationID, was).Select(append(columns, "version")).Updates(r)
	if q.Error != nil {
		return fmt.Errorf("save the report: %w", q.Error)
	}
	if q.RowsAffected == 0 {
		return fault.Moved()
	}
	return nil
}

// commentOf reads what the company was asked and said; nil: it was not asked.
func commentOf(ctx context.Context, tx pg.Tx, validation uuid.UUID, lock string) (*Comment, error) {
	q := tx.WithContext(ctx)
	if lock != "" {
		q = q.Clauses(clause.Locking{Strength: lock})
	}
	var list []Comment
	if err := q.Where("validation_id = ?", validation).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("read the comments: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// freeze keeps what a report says now.
func freeze(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v validation.Validation, c Content, shared bool) (Edition, error) {
	c.MadeAt = now.UTC()
	body, err := canon.JSON(c)
	if err != nil {
		return Edition{}, fmt.Errorf("freeze the report: %w", err)
	}
	e := Edition{ID: pg.NewID(), ValidationID: v.ID, CompanyID: v.CompanyID, Step: c.Step, Body: string(body), SHA256: canon.Hash(body), MadeAt: now, Author: by.Name, Shared: shared}
	if by.Known() {
		e.PersonID = &by.PersonID
	}
	if err := tx.WithContext(ctx).Raw(`select coalesce(max(number), 0) + 1 from report_version where validation_id = ?`, v.ID).Scan(&e.Number).Error; err != nil {
		return e, fmt.Errorf("number the edition: %w", err)
	}
	if err := add(ctx, tx, &e); err != nil {
		return e, fmt.Errorf("freeze the report: %w", err)
	}
	return e, nil
}

// materialSQL reads what a report is assembled from as one document: $1 is the validation.
const materialSQL = `select jsonb_build_object(
  'place', (select jsonb_build_object('company', c.name, 'country', c.country, 'office', o.name, 'zone', o.zone, 'number', coalesce(m.number, ''), 'tier', coalesce(m.tier, ''),
      'certified_on', m.certified_on, 'reference', coalesce(a.reference, ''), 'sites', (select count(*) from site s where s.company_id = c.id and s.closed_on is null))
    from company c join office o on o.id = v.office_id left join membership m on m.id = v.membership_id left join application a on a.id = v.application_id where c.id = v.company_id),
  'visits', (select jsonb_agg(jsonb_build_object('number', x.number, 'kind', x.kind, 'place', x.place, 'party', x.party, 'address', x.address, 'country', x.country, 'zone', x.zone,
      'all_day', x.all_day, 'local_from', x.local_from at time zone 'UTC', 'local_to', x.local_to at time zone 'UTC', 'starts_at', x.starts_at, 'ends_at', x.ends_at,
      'relied_on', x.relied_on, 'hosts', x.hosts,
      'team', (select jsonb_agg(p.name order by array_position(array['lead', 'member', 'trainee'], g.role), p.name) from visit_officer g join person p on p.id = g.person_id where g.visit_id = x.id),
      'verified', (select jsonb_agg(jsonb_build_object('criterion', r.criterion, 'methods', r.methods, 'result', r.result) order by r.criterion)
        from verification r where r.visit_id = x.id and r.result is not null)) order by x.number)
    from visit x where x.validation_id = v.id and x.status <> 'cancelled'),
  'found', (select jsonb_agg(jsonb_build_object('reference', f.reference, 'kind', f.kind, 'criterion', f.criterion, 'place', coalesce(x.place, ''), 'title', f.title, 'facts', f.facts,
      'wanted', f.wanted, 'elements', f.elements, 'due_on', coalesce(k.due_on::text, '')) order by array_position(array['action_required', 'recommendation', 'best_practice'], f.kind), f.reference)
    from finding f left join visit x on x.id = f.visit_id left join clock k on k.subject_kind = 'finding' and k.subject_id = f.id and k.stopped_at is null
    where f.validation_id = v.id and f.status <> 'withdrawn')
)::text from validation v where v.id = $1`

// source is what materialSQL answers.
type source struct {
	Place  place   `json:"place"`
	Visits []visit `json:"visits"`
	Found  []Found `json:"found"`
}

type place struct {
	Company     string     `json:"company"`
	Country     string     `json:"country"`
	Office      string     `json:"office"`
	Zone        string     `json:"zone"`
	Number      string     `json:"number"` // of the membership
	Tier        string     `json:"tier"`
	CertifiedOn *clock.Day `json:"certified_on"`
	Reference   string     `json:"reference"` // of the application
	Sites       int        `json:"sites"`
}

func (p place) zone() *time.Location {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	return zone
}

type visit struct {
	Number    int        `json:"number"`
	Kind      string     `json:"kind"`
	Place     string     `json:"place"`
	Party     string     `json:"party"`
	Address   string     `json:"address"`
	Country   string     `json:"country"`
	Zone      string     `json:"zone"`
	AllDay    bool       `json:"all_day"`
	LocalFrom *time.Time `json:"local_from"`
	LocalTo   *time.Time `json:"local_to"`
	StartsAt  *time.Time `json:"starts_at"`
	EndsAt    *time.Time `json:"ends_at"`
	ReliedOn  string     `json:"relied_on"`
	Hosts     string     `json:"hosts"`
	Team      []string   `json:"team"`
	Verified  []verified `json:"verified"`
}

func (x visit) when() validation.Span {
	return validation.Visit{Zone: x.Zone, AllDay: x.AllDay, LocalFrom: x.LocalFrom, LocalTo: x.LocalTo, StartsAt: x.StartsAt, EndsAt: x.EndsAt}.When()
}

type verified struct {
	Criterion string   `json:"criterion"`
	Methods   []string `json:"methods"`
	Result    string   `json:"result"`
}

// materialOf reads what a report is assembled from within a transaction.
func materialOf(ctx context.Context, tx pg.Tx, id uuid.UUID) (text string, err error) {
	err = tx.WithContext(ctx).Raw(strings.Replace(materialSQL, "$1", "?", 1), id).Scan(&text).Error
	if err != nil {
		return "", fmt.Errorf("read what was found: %w", err)
	}
	return text, nil
}
