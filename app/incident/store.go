package incident

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
	"trustedtrader/app/pg"
)

func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return tx.WithContext(ctx).Create(row).Error
}

func scan[T any](ctx context.Context, tx pg.Tx, sql string, args ...any) (rows []T, err error) {
	err = tx.WithContext(ctx).Raw(sql, args...).Scan(&rows).Error
	return rows, err
}

// number is the next running number of incidents; one that is drawn in vain is lost.
func number(ctx context.Context, tx pg.Tx) (n int64, err error) {
	err = tx.WithContext(ctx).Raw("select nextval('incident_number')").Scan(&n).Error
	return n, err
}

// oneByOne lets those who register incidents of one company wait for each other, so that
// each sees what the other has entered.
func oneByOne(ctx context.Context, tx pg.Tx, company uuid.UUID) error {
	return tx.WithContext(ctx).Exec(`select pg_advisory_xact_lock(hashtextextended('incident ' || ?, 0))`, company.String()).Error
}

// lock locks an incident. What the actor cannot see is not there.
func lock(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (i Incident, err error) {
	own, err := by.Reads()
	if err != nil {
		return i, err
	}
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).First(&i).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return Incident{}, fault.Missing()
	case err != nil:
		return Incident{}, fmt.Errorf("open the incident: %w", err)
	case own != nil && (i.CompanyID != *own || i.ToldAt == nil):
		return Incident{}, fault.Missing()
	}
	return i, nil
}

// home is where an incident belongs.
type home struct {
	MembershipID uuid.UUID
	OfficeID     uuid.UUID
	Programme    string
	Zone         string
}

// homeOf finds the office in charge of a membership of a company, or, without one, of the
// membership that it got last.
func homeOf(ctx context.Context, tx pg.Tx, company uuid.UUID, membership *uuid.UUID) (h home, err error) {
	list, err := scan[home](ctx, tx, `select m.id as membership_id, a.office_id, m.programme, o.zone from membership m
		join application a on a.id = m.application_id join office o on o.id = a.office_id
		where m.company_id = @company and (cast(@membership as uuid) is null or m.id = @membership) order by m.created_at desc, m.id limit 1`,
		map[string]any{"company": company, "membership": membership})
	if err != nil {
		return h, fmt.Errorf("find the office in charge: %w", err)
	}
	switch {
	case len(list) == 1:
		return list[0], nil
	case membership != nil:
		return h, fault.Fail([]fault.Field{fault.F("membership", "Choose a membership of the company")})
	}
	return h, fault.New(fault.Conflict, "The company is not a member, so it has no incidents in the register")
}

// Likely is an incident that may be the same as another.
type Likely struct {
	ID           uuid.UUID
	Reference    string
	Kind         string
	Status       Status
	Place        string
	OccurredOn   clock.Day
	Number       string
	SelfReported bool
	SameNumber   bool
	Company      string
}

// likelySQL finds incidents that may be the same: of one company within so many days, or
// with the same number anywhere. A company finds only what it sees.
const likelySQL = `select i.id, i.reference, i.kind, i.status, i.place, i.occurred_on, i.number, i.self_reported, c.name as company,
	@key <> '' and i.number_key = @key as same_number
	from incident i join company c on c.id = i.company_id
	where i.status <> 'merged' and i.id <> @id
	  and (i.company_id = @company and i.occurred_on <= cast(@until as date) + cast(@days as int) and i.occurred_until >= cast(@first as date) - cast(@days as int)
	    or @key <> '' and i.number_key = @key)
	order by same_number desc, abs(i.occurred_on - cast(@first as date)), i.id limit 20`

func likely(ctx context.Context, tx pg.Tx, i Incident, days int) ([]Likely, error) {
	list, err := scan[Likely](ctx, tx, likelySQL, map[string]any{"id": i.ID, "company": i.CompanyID, "first": i.OccurredOn, "until": i.OccurredUntil, "days": days, "key": i.NumberKey})
	if err != nil {
		return nil, fmt.Errorf("look for incidents that may be the same: %w", err)
	}
	return list, nil
}

// write adds an entry to the history of an incident.
func write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, i Incident, what, body string, internal bool) error {
	e := entryRow{ID: pg.NewID(), IncidentID: i.ID, CompanyID: i.CompanyID, What: what, Internal: internal, Body: body, Author: by.Name, At: now}
	if by.Known() {
		e.PersonID = &by.PersonID
	}
	if err := add(ctx, tx, &e); err != nil {
		return fmt.Errorf("write down what was done: %w", err)
	}
	return nil
}
