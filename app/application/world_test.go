package application

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// world is an office, a company that could apply, and the people who act for it.
type world struct {
	t       *testing.T
	ctx     context.Context
	db      *pg.DB
	clock   *apptest.Clock
	s       *Service
	office  uuid.UUID
	company uuid.UUID
	owner   identity.Actor
	editor  identity.Actor
	worker  identity.Actor
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), db: apptest.DB(t), clock: apptest.At("2026-03-03T15:00:00Z")}
	w.s = service(t, w.db, w.clock.Now)
	w.office = pg.NewID()
	w.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'NYC', 'New York office', 'America/New_York', 'us-federal', ?)`, w.office, w.clock.Now())
	w.company = w.newCompany("Harbor Trading LLC")
	w.owner = w.person(w.company, identity.Owner, "olga@harbor.example")
	w.editor = w.person(w.company, identity.Editor, "ed@harbor.example")
	w.worker = w.staff(identity.Specialist, "sam@customs.example")
	return w
}

func service(t *testing.T, db *pg.DB, now func() time.Time) *Service {
	t.Helper()
	programmes, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		t.Fatal(err)
	}
	calendars, err := fs.Sub(config.Programmes, "calendars")
	if err != nil {
		t.Fatal(err)
	}
	reg, err := programme.Load(programmes)
	if err != nil {
		t.Fatal(err)
	}
	cals, err := clock.LoadCalendars(calendars)
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse("http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	return &Service{DB: db, Now: now, Steps: Steps{Programmes: reg, Clocks: &clock.Clocks{Calendars: cals, Programmes: reg},
		Letters: &notice.Letters{Base: base, Brand: "Trusted Trader Portal"}}}
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if err := w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(w.ctx).Exec(sql, args...).Error }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.Batch(w.ctx, pg.System, pg.Value(&n, sql, args...)); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// newCompany makes a company that is ready to apply as a U.S. importer.
func (w *world) newCompany(name string) uuid.UUID {
	w.t.Helper()
	id, now := pg.NewID(), w.clock.Now()
	w.exec(`insert into company (id, name, legal_form, country, registration, office_id, created_at) values (?, ?, 'LLC', 'US', '12-345', ?, ?)`, id, name, w.office, now)
	w.exec(`insert into site (id, company_id, name, activity, street, city, country, zone, lat, lon, created_at)
		values (?, ?, 'Head office', 'headquarters', '1 Pier', 'Newark', 'US', 'America/New_York', 40.7128, -74.006, ?)`, pg.NewID(), id, now)
	w.contact(id, "Olga Harbor", "olga@harbor.example", "officer", true)
	w.contact(id, "Eve Second", "eve@harbor.example", "employee", false)
	for scheme, value := range map[string]string{"ior_ein": "12-345678900", "bond": "123456789"} {
		w.exec(`insert into company_identifier (id, company_id, scheme, value, search_key, created_at) values (?, ?, ?, ?, ?, ?)`, pg.NewID(), id, scheme, value, value, now)
	}
	return id
}

func (w *world) contact(company uuid.UUID, name, email, kind string, primary bool) {
	w.t.Helper()
	w.exec(`insert into contact (id, company_id, name, title, email, phone, kind, is_primary, created_at) values (?, ?, ?, 'Director', ?, '+1 202 555 0100', ?, ?, ?)`,
		pg.NewID(), company, name, email, kind, primary, w.clock.Now())
}

func (w *world) person(company uuid.UUID, role identity.Role, email string) identity.Actor {
	w.t.Helper()
	a := identity.Actor{PersonID: pg.NewID(), RightID: pg.NewID(), Name: email[:3], Email: email, Audience: identity.Companies, Role: role, CompanyID: company, Zone: time.UTC}
	w.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, ?, ?)`, a.PersonID, a.PersonID.String(), email, a.Name, w.clock.Now())
	w.exec(`insert into person_right (id, person_id, audience, role, company_id, starts_on, ends_on, granted_at) values (?, ?, 'company', ?, ?, '2026-01-01', '2036-01-01', ?)`,
		a.RightID, a.PersonID, string(role), company, w.clock.Now())
	return a
}

func (w *world) staff(role identity.Role, email string) identity.Actor {
	w.t.Helper()
	a := identity.Actor{PersonID: pg.NewID(), RightID: pg.NewID(), Name: email[:3], Email: email, Audience: identity.Staff, Role: role, OfficeID: w.office, Offices: []uuid.UUID{w.office}}
	w.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, ?, ?)`, a.PersonID, a.PersonID.String(), email, a.Name, w.clock.Now())
	return a
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) open() Application {
	w.t.Helper()
	return must[Application](w.t)(w.s.Choose(w.ctx, w.owner, "ctpat", "importer"))
}

func (w *world) answers() []EligibilityEntry {
	w.t.Helper()
	p, _ := w.s.Programmes.Get("ctpat")
	e, _ := p.EntityType("importer")
	return goodAnswers(e, w.clock.Now())
}

func goodAnswers(e programme.EntityType, now time.Time) []EligibilityEntry {
	var out []EligibilityEntry
	for _, q := range e.Questions {
		answer := q.Required
		switch {
		case q.Kind == programme.Date:
			answer = now.AddDate(0, 0, -7).Format(time.DateOnly)
		case q.Kind == programme.Number:
			answer = "10"
			if q.Min != nil {
				answer = fmt.Sprint(*q.Min)
			}
		case answer == "":
			answer = "yes"
		}
		out = append(out, EligibilityEntry{Question: q.Code, Answer: answer})
	}
	return out
}

func (w *world) sign(id uuid.UUID) File {
	w.t.Helper()
	c := must[Checklist](w.t)(w.s.Check(w.ctx, w.owner, id))
	return must[File](w.t)(w.s.SignAgreement(w.ctx, w.owner, id, signing(c.File)))
}

func signing(f File) Signing {
	in := Signing{Version: f.Application.Version, TextHash: f.AgreementHash(), Name: "Olga Harbor", Title: "Director"}
	for i := range f.Programme.Agreement.Consents {
		in.Consents = append(in.Consents, i)
	}
	return in
}

// ready opens an application that can be submitted.
func (w *world) ready() Application {
	w.t.Helper()
	a := w.open()
	must[File](w.t)(w.s.AnswerEligibility(w.ctx, w.owner, a.ID, w.answers()))
	return w.sign(a.ID).Application
}

func (w *world) submitted() Application {
	w.t.Helper()
	a := w.ready()
	return must[Application](w.t)(w.s.Submit(w.ctx, w.owner, a.ID, Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"}))
}

// asks opens a request for information, as the agency's package does.
func (w *world) asks(a Application, parts ...string) (Application, []uuid.UUID) {
	w.t.Helper()
	var ids []uuid.UUID
	err := w.db.Write(w.ctx, w.worker.Scope(), func(tx pg.Tx) error {
		got, err := Open(w.ctx, tx, w.worker, a.ID, 0)
		if err != nil {
			return err
		}
		a = got
		r := InformationRequest{ID: pg.NewID(), ApplicationID: a.ID, CompanyID: a.CompanyID, Message: "We need more", DueOn: w.clock.Now().AddDate(0, 0, 14),
			SentAt: w.clock.Now(), SentBy: &w.worker.PersonID, Version: 1}
		if err := add(w.ctx, tx, &r); err != nil {
			return err
		}
		for _, p := range parts {
			i := InformationItem{ID: pg.NewID(), RequestID: r.ID, ApplicationID: a.ID, CompanyID: a.CompanyID, Part: p, Question: "What about " + p + "?", Version: 1}
			ids = append(ids, i.ID)
			if err := add(w.ctx, tx, &i); err != nil {
				return err
			}
		}
		facts, err := w.s.Facts(a)
		if err != nil {
			return err
		}
		facts.Items = len(parts)
		return w.s.Move(w.ctx, tx, w.clock.Now(), w.worker, &a, RequestInformation, facts, Details{})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a, ids
}

func wantKind(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%s: got %v (kind %d), want kind %d", what, err, fault.KindOf(err), kind)
	}
}
