package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

func add(ctx context.Context, tx pg.Tx, f *Feed) error { return tx.WithContext(ctx).Create(f).Error }

// end switches the address off that a new one replaces.
func end(ctx context.Context, tx pg.Tx, now time.Time, f Feed) error {
	err := tx.WithContext(ctx).Exec(`update calendar_feed set revoked_at = ?, version = version + 1
		where person_id = ? and scope = ? and coalesce(company_id, office_id) is not distinct from coalesce(?::uuid, ?::uuid) and revoked_at is null`,
		now, f.PersonID, f.Scope, f.CompanyID, f.OfficeID).Error
	if err != nil {
		return fmt.Errorf("end the address before: %w", err)
	}
	return nil
}

// lock opens an address of the actor; those of others are not there.
func lock(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Feed, error) {
	f, err := gorm.G[Feed](tx.DB, clause.Locking{Strength: "UPDATE"}).Where("id = ? and person_id = ?", id, by.PersonID).First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return f, fault.Missing()
	}
	if err != nil {
		return f, fmt.Errorf("open an address of a calendar: %w", err)
	}
	return f, nil
}

func used(ctx context.Context, tx pg.Tx, id uuid.UUID, now time.Time) error {
	if err := tx.WithContext(ctx).Exec(`update calendar_feed set used_at = ? where id = ?`, now, id).Error; err != nil {
		return fmt.Errorf("note that a calendar was read: %w", err)
	}
	return nil
}

// found is the address behind a token.
type found struct {
	ID        uuid.UUID
	PersonID  uuid.UUID
	Scope     Scope
	CompanyID *uuid.UUID
	OfficeID  *uuid.UUID
	UsedAt    *time.Time
	Lang      string
}

// foundSQL finds the address that works for a token ($1) now ($2): not switched off, and
// under a right that its person still has. Days are counted in the zone of the office.
const foundSQL = `select f.id, f.person_id, f.scope, f.company_id, f.office_id, f.used_at, p.lang
from calendar_feed f join person p on p.id = f.person_id
where f.token_hash = $1 and f.revoked_at is null and exists (
  select from person_right r left join company c on c.id = r.company_id join office o on o.id = coalesce(r.office_id, c.office_id)
  where r.person_id = f.person_id and r.ended_at is null and ($2::timestamptz at time zone o.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity')
    and case f.scope
      when 'mine' then r.audience = 'staff' and r.role in ('specialist', 'supervisor', 'headquarters')
      when 'office' then r.audience = 'staff' and r.role in ('supervisor', 'headquarters') and r.office_id = f.office_id
      else r.audience = 'company' and r.company_id = f.company_id end)`

// visitRow is a visit in a calendar.
type visitRow struct {
	validation.Visit
	Reference string
	ChangedAt time.Time // when its time was last agreed on or moved
}

// visitsSQL lists agreed visits since a day ($2). A company sees those that it was told of.
const visitsSQL = `select x.*, d.reference, coalesce((select max(t.at) from visit_time t where t.visit_id = x.id), d.opened_at) as changed_at
from visit x join validation d on d.id = x.validation_id
where x.status in ('booked', 'under_way', 'done') and x.starts_at > $2 `

// where is the condition of a scope; $1 is of().
func (f found) where() string {
	switch f.Scope {
	case Mine:
		return `and exists (select from visit_officer m where m.visit_id = x.id and m.person_id = $1)`
	case Office:
		return `and d.office_id = any(offices_below($1))`
	}
	return `and x.company_id = $1 and d.notified_at is not null`
}

// of is whose visits they are.
func (f found) of() uuid.UUID {
	switch {
	case f.CompanyID != nil:
		return *f.CompanyID
	case f.OfficeID != nil:
		return *f.OfficeID
	}
	return f.PersonID
}
