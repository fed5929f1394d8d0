package people_test

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/people"
	"trustedtrader/app/pg"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

var hq = people.Office{Code: "HQ", Name: "Headquarters", Zone: "America/New_York", Calendar: "us-federal"}

func calendars(t *testing.T) clock.Calendars {
	t.Helper()
	tables, err := fs.Sub(config.Programmes, "calendars")
	if err != nil {
		t.Fatal(err)
	}
	c, err := clock.LoadCalendars(tables)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOpenHeadquartersOnce(t *testing.T) {
	t.Parallel()
	db := apptest.DB(t)
	s := &people.Service{DB: db, Now: pg.Now, Calendars: calendars(t)}
	var group sync.WaitGroup
	for range 8 { // as many portals start at once
		group.Go(func() {
			if err := s.OpenHeadquarters(context.Background(), identity.ClockActor("start"), hq); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var offices, events int
	if err := db.Batch(context.Background(), pg.System, pg.Value(&offices, `select count(*)::int from office`),
		pg.Value(&events, `select count(*)::int from audit_event where action = 'office.open'`)); err != nil {
		t.Fatal(err)
	}
	if offices != 1 || events != 1 {
		t.Errorf("%d offices and %d events, want one each", offices, events)
	}
}

func TestOpenHeadquartersRefuses(t *testing.T) {
	t.Parallel()
	s := &people.Service{DB: apptest.DB(t), Now: pg.Now, Calendars: calendars(t)}
	admin := identity.Actor{PersonID: uuid.New(), Audience: identity.Staff, Role: identity.Administrator}
	if err := s.OpenHeadquarters(context.Background(), admin, hq); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a person: %v", err)
	}
	if err := s.OpenHeadquarters(context.Background(), identity.ClockActor("start"), people.Office{Code: "HQ", Name: "\u202e", Zone: "Mars"}); len(fault.Fields(err)) != 3 {
		t.Errorf("a bad office: %v", err)
	}
}

// TestNobodyGivesThemselvesARight goes past every service, straight to the database.
func TestNobodyGivesThemselvesARight(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), apptest.DB(t)
	var (
		office, company, other = uuid.New(), uuid.New(), uuid.New()
		founder, stranger      = uuid.New(), uuid.New()
		now                    = pg.Now()
	)
	exec := func(scope pg.Scope, sql string, args ...any) error {
		return db.Write(ctx, scope, func(tx pg.Tx) error { return tx.WithContext(ctx).Exec(sql, args...).Error })
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(exec(pg.System, `insert into office (id, code, name, zone, calendar, created_at) values (?, 'HQ', 'HQ', 'UTC', 'us-federal', ?)`, office, now))
	for _, p := range []uuid.UUID{founder, stranger} {
		must(exec(pg.System, `insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, 'a@b.example', true, 'N', ?)`, p, p.String(), now))
	}
	must(exec(pg.System, `insert into company (id, name, country, office_id, created_at, created_by) values (?, 'A', 'US', ?, ?, ?), (?, 'B', 'US', ?, ?, ?)`,
		company, office, now, founder, other, office, now, stranger))

	const companyRight = `insert into person_right (id, person_id, audience, role, company_id, starts_on, granted_at) values (?, ?, 'company', ?, ?, '2026-01-01', ?)`
	const staffRight = `insert into person_right (id, person_id, audience, role, office_id, starts_on, granted_at) values (?, ?, 'staff', 'administrator', ?, '2026-01-01', ?)`
	as := func(p uuid.UUID) pg.Scope { return pg.Scope{Kind: "person", Person: p} }
	refused := func(what string, err error) {
		t.Helper()
		var pe *pgconn.PgError
		if !errors.As(err, &pe) || pe.Code != "42501" {
			t.Errorf("%s: %v, want it refused by row level security", what, err)
		}
	}
	refused("a staff right for oneself", exec(as(stranger), staffRight, uuid.New(), stranger, office, now))
	refused("a right in another's company", exec(as(stranger), companyRight, uuid.New(), stranger, "owner", company, now))
	refused("an owner's staff right", exec(pg.Scope{Kind: "company", Company: company, Person: founder}, staffRight, uuid.New(), founder, office, now))
	refused("another role than owner", exec(as(founder), companyRight, uuid.New(), founder, "signatory", company, now))
	refused("a founder's right for somebody else", exec(as(founder), companyRight, uuid.New(), stranger, "owner", company, now))
	must(exec(as(founder), companyRight, uuid.New(), founder, "owner", company, now))
	must(exec(pg.System, `update person_right set ended_at = ?, ended_by = ? where company_id = ?`, now, founder, company))
	refused("founding twice", exec(as(founder), companyRight, uuid.New(), founder, "owner", company, now))

	// A person sees an own right, and cannot change it.
	var changed int64
	must(db.Write(ctx, as(founder), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(`update person_right set ended_at = null where person_id = ?`, founder)
		changed = r.RowsAffected
		return r.Error
	}))
	if changed != 0 {
		t.Error("a person revived their own right")
	}
}
