// Package reviewtest makes an agency with its people and companies whose applications
// wait at its desk, for the tests of the packages that work on them. Tests only.
package reviewtest

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/apptest"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/programme"
	"trustedtrader/app/review"
	"trustedtrader/config"
)

// World is a headquarters, two field offices below it, their people, and the services.
type World struct {
	T            testing.TB
	Ctx          context.Context
	DSN          string
	DB           *pg.DB
	Clock        *apptest.Clock
	Steps        *application.Steps
	Applications *application.Service
	Companies    *company.Service
	Desk         *review.Service
	Profiles     *profile.Service // nil unless WithCriteria

	HQ, NewYork, Brussels              uuid.UUID // offices
	Sam, Sue                           identity.Actor
	Boss, Chief, Auditor, Admin, Other identity.Actor // Other is a specialist in Brussels
	n                                  int
}

// New makes a world at an instant, in a database of its own.
func New(t testing.TB, at string) *World {
	t.Helper()
	return Over(t, at, apptest.DSN(t))
}

// Over makes a world at an instant in a migrated, empty database.
func Over(t testing.TB, at, dsn string) *World {
	t.Helper()
	w := &World{T: t, Ctx: context.Background(), DSN: dsn, Clock: apptest.At(at)}
	db, err := pg.Open(w.Ctx, w.DSN, apptest.Quiet())
	w.Must(err)
	t.Cleanup(db.Close)
	w.DB = db
	programmes, err := fs.Sub(config.Programmes, "programmes")
	w.Must(err)
	calendars, err := fs.Sub(config.Programmes, "calendars")
	w.Must(err)
	register, err := programme.Load(programmes)
	w.Must(err)
	tables, err := clock.LoadCalendars(calendars)
	w.Must(err)
	base, err := url.Parse("http://localhost:8080")
	w.Must(err)
	w.Steps = &application.Steps{Programmes: register, Clocks: &clock.Clocks{Calendars: tables, Programmes: register},
		Letters: &notice.Letters{Base: base, Brand: "Trusted Trader Portal"}}
	w.Applications = &application.Service{DB: w.DB, Now: w.Clock.Now, Steps: *w.Steps}
	w.Companies = &company.Service{DB: w.DB, Now: w.Clock.Now, Key: []byte("0123456789abcdef0123456789abcdef"),
		Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters}
	w.Desk = &review.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps, Companies: w.Companies}

	w.HQ = w.Office("HQ", "Headquarters", "America/New_York", "us-federal", nil)
	w.NewYork = w.Office("NYC", "New York office", "America/New_York", "us-federal", &w.HQ)
	w.Brussels = w.Office("BRU", "Brussels office", "Europe/Brussels", "eu-commission", &w.HQ)
	w.Sam = w.Staff("Sam Specialist", identity.Specialist, w.NewYork)
	w.Sue = w.Staff("Sue Second", identity.Specialist, w.NewYork)
	w.Boss = w.Staff("Bob Boss", identity.Supervisor, w.NewYork)
	w.Other = w.Staff("Bea Brussels", identity.Specialist, w.Brussels)
	w.Chief = w.Staff("Cora Chief", identity.Headquarters, w.HQ, w.NewYork, w.Brussels)
	w.Auditor = w.Staff("Ann Auditor", identity.Auditor, w.HQ, w.NewYork, w.Brussels)
	w.Admin = w.Staff("Adam Admin", identity.Administrator, w.HQ)
	return w
}

// WithCriteria gives the programmes of the world a few criteria: companies then fill in a
// security profile.
func (w *World) WithCriteria() *World {
	w.T.Helper()
	return w.With(profiletest.Library(w.T))
}

// With gives the programmes of the world the criteria of a catalogue.
func (w *World) With(library *catalogue.Library) *World {
	w.T.Helper()
	w.Steps.Profiles = &profile.Steps{Library: library, Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters}
	w.Applications.Profiles = w.Steps.Profiles
	w.Profiles = &profile.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps.Profiles}
	return w
}

// Must fails the test on an error.
func (w *World) Must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Want fails the test unless the error is of a kind.
func (w *World) Want(what string, err error, kind fault.Kind) {
	w.T.Helper()
	if err == nil || fault.KindOf(err) != kind {
		w.T.Errorf("%s: got %v (kind %d), want kind %d", what, err, fault.KindOf(err), kind)
	}
}

// Exec runs a statement as the system.
func (w *World) Exec(sql string, args ...any) {
	w.T.Helper()
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(w.Ctx).Exec(sql, args...).Error }))
}

// Count reads one number as the system.
func (w *World) Count(sql string, args ...any) (n int) {
	w.T.Helper()
	w.Must(w.DB.Batch(w.Ctx, pg.System, pg.Value(&n, sql, args...)))
	return n
}

// Text reads one text as the system.
func (w *World) Text(sql string, args ...any) (s string) {
	w.T.Helper()
	w.Must(w.DB.Batch(w.Ctx, pg.System, pg.Value(&s, sql, args...)))
	return s
}

// Office opens an office.
func (w *World) Office(code, name, zone, calendar string, parent *uuid.UUID) uuid.UUID {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into office (id, code, name, parent_id, zone, calendar, created_at) values (?, ?, ?, ?, ?, ?, ?)`, id, code, name, parent, zone, calendar, w.Clock.Now())
	return id
}

func (w *World) person(name, email string) uuid.UUID {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, ?, ?)`, id, id.String(), email, name, w.Clock.Now())
	return id
}

// Staff makes a person of the agency. The first office is the own one, the rest lie below it.
func (w *World) Staff(name string, role identity.Role, office uuid.UUID, below ...uuid.UUID) identity.Actor {
	w.T.Helper()
	a := identity.Actor{RightID: pg.NewID(), Name: name, Audience: identity.Staff, Role: role, OfficeID: office, Offices: append([]uuid.UUID{office}, below...), Zone: time.UTC}
	w.n++
	a.Email = fmt.Sprintf("staff%d@customs.example", w.n)
	a.PersonID = w.person(name, a.Email)
	w.Exec(`insert into person_right (id, person_id, audience, role, office_id, starts_on, ends_on, granted_at) values (?, ?, 'staff', ?, ?, '2000-01-01', '2099-01-01', ?)`,
		a.RightID, a.PersonID, string(role), office, w.Clock.Now())
	return a
}

// Company registers a company that is ready to apply, with its owner, who is an officer.
func (w *World) Company(name, country string, office uuid.UUID, numbers map[string]string) identity.Actor {
	w.T.Helper()
	w.n++
	id, now := pg.NewID(), w.Clock.Now()
	email := fmt.Sprintf("owner%d@trader.example", w.n)
	w.Exec(`insert into company (id, name, legal_form, country, registration, office_id, created_at) values (?, ?, 'LLC', ?, '12-345', ?, ?)`, id, name, country, office, now)
	w.Exec(`insert into site (id, company_id, name, activity, street, city, country, zone, created_at)
		values (?, ?, 'Head office', 'headquarters', '1 Pier', 'Newark', ?, 'America/New_York', ?)`, pg.NewID(), id, country, now)
	for i, kind := range []string{"officer", "employee"} {
		w.Exec(`insert into contact (id, company_id, name, title, email, phone, kind, is_primary, created_at) values (?, ?, ?, 'Director', ?, '+1 202 555 0100', ?, ?, ?)`,
			pg.NewID(), id, []string{"Olga Owner", "Eve Employee"}[i], []string{email, "eve" + email}[i], kind, i == 0, now)
	}
	for scheme, value := range numbers {
		w.Number(id, scheme, value)
	}
	owner := identity.Actor{PersonID: w.person("Olga Owner", email), RightID: pg.NewID(), Name: "Olga Owner", Email: email, Audience: identity.Companies,
		Role: identity.Owner, CompanyID: id, Company: name, Zone: time.UTC}
	w.Exec(`insert into person_right (id, person_id, audience, role, company_id, starts_on, granted_at) values (?, ?, 'company', 'owner', ?, '2000-01-01', ?)`,
		owner.RightID, owner.PersonID, id, now)
	return owner
}

// Number adds an identifier to a company.
func (w *World) Number(company uuid.UUID, scheme, value string) {
	w.T.Helper()
	w.Exec(`insert into company_identifier (id, company_id, scheme, value, search_key, created_at) values (?, ?, ?, ?, ?, ?)`,
		pg.NewID(), company, scheme, value, value, w.Clock.Now())
}

// Importer registers a company that can apply to CTPAT as an importer in New York.
func (w *World) Importer(name string) identity.Actor {
	w.T.Helper()
	return w.Company(name, "US", w.NewYork, map[string]string{"ior_ein": fmt.Sprintf("12-3456%05d", w.n), "bond": fmt.Sprintf("%09d", w.n)})
}

// Trader registers a company that can apply as AEO in Brussels.
func (w *World) Trader(name string) identity.Actor {
	w.T.Helper()
	return w.Company(name, "BE", w.Brussels, map[string]string{"eori": fmt.Sprintf("BE%010d", w.n), "vat": fmt.Sprintf("BE%010d", w.n), "national_registration": fmt.Sprintf("%d", 1000+w.n)})
}

// Submit brings a company's application to the agency.
func (w *World) Submit(owner identity.Actor, programmeCode, entity string) application.Application {
	w.T.Helper()
	a := w.Signed(owner, programmeCode, entity)
	a, err := w.Applications.Submit(w.Ctx, owner, a.ID, application.Submission{Version: a.Version, Attested: true, Name: "Olga Owner"})
	w.Must(err)
	return a
}

// Signed opens an application and fills it in until it can be submitted.
func (w *World) Signed(owner identity.Actor, programmeCode, entity string) application.Application {
	w.T.Helper()
	a, err := w.Applications.Choose(w.Ctx, owner, programmeCode, entity)
	w.Must(err)
	p, _ := w.Steps.Programmes.Get(programmeCode)
	e, _ := p.EntityType(entity)
	var answers []application.EligibilityEntry
	for _, q := range e.Questions {
		answer := q.Required
		switch {
		case q.Kind == programme.Date:
			answer = w.Clock.Now().AddDate(0, 0, -7).Format(time.DateOnly)
		case q.Kind == programme.Number && q.Min != nil:
			answer = fmt.Sprint(*q.Min)
		case q.Kind == programme.Number:
			answer = "10"
		case answer == "":
			answer = "yes"
		}
		answers = append(answers, application.EligibilityEntry{Question: q.Code, Answer: answer})
	}
	f, err := w.Applications.AnswerEligibility(w.Ctx, owner, a.ID, answers)
	w.Must(err)
	if list := f.Choosable(); len(list) > 0 {
		w.Must(w.Applications.ChooseNumbers(w.Ctx, owner, a.ID, f.Application.Version, []uuid.UUID{list[0].ID}))
		f.Application.Version++
	}
	in := application.Signing{Version: f.Application.Version, TextHash: f.AgreementHash(), Name: "Olga Owner", Title: "Director"}
	for i := range f.Programme.Agreement.Consents {
		in.Consents = append(in.Consents, i)
	}
	f, err = w.Applications.SignAgreement(w.Ctx, owner, a.ID, in)
	w.Must(err)
	if id := profiletest.OfApplication(w.Ctx, w.T, w.DB, a.ID); id != uuid.Nil {
		profiletest.Fill(w.Ctx, w.T, w.Profiles, owner, id)
		profiletest.Submit(w.Ctx, w.T, w.Profiles, owner, id)
	}
	return f.Application
}

// Claimed brings an importer's application to Sam's desk and starts its review.
func (w *World) Claimed() (application.Application, identity.Actor) {
	w.T.Helper()
	owner := w.Importer("Harbor Trading LLC")
	a := w.Submit(owner, "ctpat", "importer")
	a, err := w.Desk.Claim(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	a, err = w.Desk.StartReview(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	return a, owner
}

// Accepted brings an AEO application to Bea's desk and accepts it.
func (w *World) Accepted() (application.Application, identity.Actor) {
	w.T.Helper()
	owner := w.Trader("Compagnie Générale de Négoce")
	a := w.Submit(owner, "eu-aeo", "aeoc")
	a, err := w.Desk.Claim(w.Ctx, w.Other, a.ID, a.Version)
	w.Must(err)
	a, err = w.Desk.Accept(w.Ctx, w.Other, a.ID, a.Version)
	w.Must(err)
	return a, owner
}

// Pass gives every part and every check a good outcome.
func (w *World) Pass(by identity.Actor, id uuid.UUID) {
	w.T.Helper()
	c, err := w.Desk.Record(w.Ctx, by, id)
	w.Must(err)
	var verdicts []review.VerdictEntry
	for _, p := range c.Parts {
		verdicts = append(verdicts, review.VerdictEntry{Part: p.Section.Code, Verdict: application.Meets, Version: p.Verdict.Version})
	}
	w.Must(w.Desk.SetVerdicts(w.Ctx, by, id, verdicts))
	var checks []review.VettingEntry
	for _, v := range c.Vetting {
		checks = append(checks, review.VettingEntry{ID: v.ID, Outcome: review.VettingClear, Version: v.Version})
	}
	w.Must(w.Desk.SetVetting(w.Ctx, by, id, checks))
}

// ToCertify brings a case to the point where another person decides to certify.
func (w *World) ToCertify(by identity.Actor, a application.Application) application.Application {
	w.T.Helper()
	w.Pass(by, a.ID)
	a, err := w.Desk.Recommend(w.Ctx, by, a.ID, review.RecommendationEntry{Version: a.Version, Outcome: application.Certify, Reason: "Everything is in order"})
	w.Must(err)
	return a
}

// ToReject brings a case to the point where another person decides to reject.
func (w *World) ToReject(by identity.Actor, a application.Application, points ...application.Point) application.Application {
	w.T.Helper()
	if points == nil {
		points = []application.Point{{Part: application.PartSites, Reason: "incomplete", Text: "The site at the port is missing"}}
	}
	a, err := w.Desk.Recommend(w.Ctx, by, a.ID, review.RecommendationEntry{Version: a.Version, Outcome: application.Reject, Reason: "The application is not complete", Points: points})
	w.Must(err)
	return a
}
