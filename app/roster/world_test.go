package roster_test

import (
	"context"
	"io/fs"
	"testing"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/roster"
	"trustedtrader/config"

	"github.com/google/uuid"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// ctx is a context without a language.
func ctx() context.Context { return context.Background() }

func calendar(t testing.TB, code string) *clock.Calendar {
	t.Helper()
	files, err := fs.Sub(config.Programmes, "calendars")
	if err != nil {
		t.Fatal(err)
	}
	all, err := clock.LoadCalendars(files)
	if err != nil {
		t.Fatal(err)
	}
	return all[code]
}

// office is the agency of reviewtest with a roster.
type office struct {
	*reviewtest.World
	roster *roster.Service
}

func open(t testing.TB, at string) *office {
	t.Helper()
	w := reviewtest.New(t, at)
	return &office{w, &roster.Service{DB: w.DB, Now: w.Clock.Now, Calendars: w.Steps.Clocks.Calendars, Programmes: w.Steps.Programmes}}
}

func entry(person uuid.UUID) roster.OfficerEntry {
	in := roster.NewOfficer()
	in.PersonID, in.Languages, in.Skills = person, []string{"en"}, []string{"ctpat/importer"}
	in.Base, in.BaseCountry, in.BaseLat, in.BaseLon = "New York", "US", "40.7128", "-74.006"
	return in
}

// hire makes somebody an officer.
func (o *office) hire(by, who identity.Actor) uuid.UUID {
	o.T.Helper()
	o.Must(o.roster.Register(o.Ctx, by, entry(who.PersonID)))
	return who.PersonID
}

// visit makes a validation with a visit to book.
func (o *office) visit(company identity.Actor, reference string) uuid.UUID {
	o.T.Helper()
	validation, visit, application := pg.NewID(), pg.NewID(), o.Text(`select id::text from application where company_id = $1 limit 1`, company.CompanyID)
	o.Exec(`insert into validation (id, reference, company_id, programme, entity_type, kind, application_id, office_id, status, reason, window_from, window_to, days, opened_at)
		values (?, ?, ?, 'ctpat', 'importer', 'for_cause', ?, ?, 'planned', 'Because', '2026-03-01', '2026-06-01', 1, ?)`, validation, reference, company.CompanyID, application, o.NewYork, o.Clock.Now())
	o.Exec(`insert into visit (id, validation_id, company_id, number, kind, status, place, country, zone, days) values (?, ?, ?, 1, 'domestic', 'to_book', 'Newark', 'US', 'America/New_York', 1)`,
		visit, validation, company.CompanyID)
	return visit
}
