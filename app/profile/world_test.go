package profile_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"trustedtrader/app/apptest"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/programme"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// world is an office and a company with its people, an application and its profile.
type world struct {
	t       *testing.T
	ctx     context.Context
	dsn     string // as the tables' owner
	db      *pg.DB
	clock   *apptest.Clock
	s       *profile.Service
	office  uuid.UUID
	company uuid.UUID
	owner   identity.Actor
	editor  identity.Actor
	helper  identity.Actor // contributor
	reader  identity.Actor
	worker  identity.Actor
	site    uuid.UUID
	n       int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), dsn: apptest.DSN(t), clock: apptest.At("2026-03-03T15:00:00Z")}
	db, err := pg.Open(w.ctx, w.dsn, apptest.Quiet())
	w.must(err)
	t.Cleanup(db.Close)
	w.db = db
	sub := func(dir string) fs.FS {
		files, err := fs.Sub(config.Programmes, dir)
		w.must(err)
		return files
	}
	register, err := programme.Load(sub("programmes"))
	w.must(err)
	calendars, err := clock.LoadCalendars(sub("calendars"))
	w.must(err)
	w.s = &profile.Service{DB: w.db, Now: w.clock.Now, Steps: &profile.Steps{Library: profiletest.Library(t), Programmes: register,
		Clocks:  &clock.Clocks{Calendars: calendars, Programmes: register},
		Letters: &notice.Letters{Base: &url.URL{Scheme: "http", Host: "localhost:8080"}, Brand: "Trusted Trader Portal"}}}
	w.office = pg.NewID()
	w.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'NYC', 'New York office', 'America/New_York', 'us-federal', ?)`, w.office, w.clock.Now())
	w.company = w.newCompany("Harbor Trading LLC")
	w.owner = w.person(w.company, identity.Owner, "Olga Owner")
	w.editor = w.person(w.company, identity.Editor, "Ed Editor")
	w.helper = w.person(w.company, identity.Contributor, "Cora Contributor")
	w.reader = w.person(w.company, identity.Reader, "Rea Reader")
	w.exec(`insert into contact (id, company_id, name, title, email, phone, kind, is_primary, created_at) values (?, ?, 'Olga Owner', 'Director', ?, '+1 202 555 0100', 'officer', true, ?)`,
		pg.NewID(), w.company, w.owner.Email, w.clock.Now())
	w.worker = identity.Actor{PersonID: w.human("Sam Specialist", "sam@customs.example"), RightID: pg.NewID(), Name: "Sam Specialist", Audience: identity.Staff,
		Role: identity.Specialist, OfficeID: w.office, Offices: []uuid.UUID{w.office}}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) want(what string, err error, kind fault.Kind) {
	w.t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		w.t.Errorf("%s: got %v (kind %d), want kind %d", what, err, fault.KindOf(err), kind)
	}
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	w.must(w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(w.ctx).Exec(sql, args...).Error }))
}

// owns runs a statement as the tables' owner.
func (w *world) owns(sql string) {
	w.t.Helper()
	conn, err := pgx.Connect(w.ctx, w.dsn)
	w.must(err)
	_, err = conn.Exec(w.ctx, sql)
	w.must(errors.Join(err, conn.Close(w.ctx)))
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	w.must(w.db.Batch(w.ctx, pg.System, pg.Value(&n, sql, args...)))
	return n
}

func (w *world) text(sql string, args ...any) (s string) {
	w.t.Helper()
	w.must(w.db.Batch(w.ctx, pg.System, pg.Value(&s, sql, args...)))
	return s
}

func (w *world) newCompany(name string) uuid.UUID {
	w.t.Helper()
	id, now := pg.NewID(), w.clock.Now()
	w.exec(`insert into company (id, name, legal_form, country, registration, office_id, created_at) values (?, ?, 'LLC', 'US', '12-345', ?, ?)`, id, name, w.office, now)
	w.site = w.newSite(id, "Head office", "headquarters", "US")
	return id
}

func (w *world) newSite(company uuid.UUID, name, activity, country string) uuid.UUID {
	w.t.Helper()
	w.n++
	id := pg.NewID()
	w.exec(`insert into site (id, company_id, name, activity, street, city, country, zone, created_at) values (?, ?, ?, ?, '1 Pier', 'Newark', ?, 'America/New_York', ?)`,
		id, company, name, activity, country, w.clock.Now().Add(time.Duration(w.n)*time.Second))
	return id
}

func (w *world) human(name, email string) uuid.UUID {
	w.t.Helper()
	id := pg.NewID()
	w.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at, last_seen_at) values (?, 'i', ?, ?, true, ?, ?, ?)`,
		id, id.String(), email, name, w.clock.Now(), w.clock.Now())
	return id
}

func (w *world) person(company uuid.UUID, role identity.Role, name string) identity.Actor {
	w.t.Helper()
	w.n++
	email := fmt.Sprintf("person%d@harbor.example", w.n)
	a := identity.Actor{PersonID: w.human(name, email), RightID: pg.NewID(), Name: name, Email: email, Audience: identity.Companies, Role: role, CompanyID: company, Zone: time.UTC}
	w.exec(`insert into person_right (id, person_id, audience, role, company_id, starts_on, ends_on, granted_at) values (?, ?, 'company', ?, ?, '2026-01-01', '2036-01-01', ?)`,
		a.RightID, a.PersonID, string(role), company, w.clock.Now())
	return a
}

// application adds an application of the company, as far as a profile needs one, after
// the one before.
func (w *world) application(company uuid.UUID) uuid.UUID {
	w.t.Helper()
	w.n++
	id := pg.NewID()
	w.exec(`update application set status = 'withdrawn', closed_at = ? where company_id = ? and closed_at is null`, w.clock.Now(), company)
	w.exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at)
		values (?, ?, ?, 'ctpat', '2026.1', 'x', 'importer', ?, 'draft', ?)`, id, fmt.Sprintf("CT-2026-%06d", w.n), company, w.office, w.clock.Now())
	return id
}

// open begins the profile of a new application.
func (w *world) open() profile.Cycle {
	w.t.Helper()
	return w.openFor(w.owner, w.application(w.owner.CompanyID))
}

func (w *world) openFor(by identity.Actor, application uuid.UUID) (c profile.Cycle) {
	w.t.Helper()
	w.must(w.db.Write(w.ctx, by.Scope(), func(tx pg.Tx) (err error) {
		c, err = w.s.Open(w.ctx, tx, w.clock.Now(), by, profile.Opening{Company: by.CompanyID, Office: w.office, Programme: "ctpat", EntityType: "importer",
			Kind: profile.Initial, Application: &application})
		return err
	}))
	return c
}

// entry is an answer to a question, on top of the version given.
func (w *world) entry(c profile.Cycle, question string, version int, a catalogue.Answer) profile.AnswerEntry {
	w.t.Helper()
	form, err := w.s.Form(c)
	w.must(err)
	criterion, _, ok := form.Question(question)
	if !ok {
		w.t.Fatalf("there is no question %s", question)
	}
	return profile.AnswerEntry{Cycle: c.ID, EditionHash: c.EditionHash, EntityType: c.EntityType, Criterion: criterion.ID, Question: question, Version: version, Answer: a}
}

// save saves an answer of the company.
func (w *world) save(by identity.Actor, c profile.Cycle, question string, version int, a catalogue.Answer) profile.Saved {
	w.t.Helper()
	out, err := w.s.Save(w.ctx, by, w.entry(c, question, version, a))
	if err != nil {
		w.t.Fatalf("save %s: %v", question, err)
	}
	return out
}

// resolve settles one conflict.
func (w *world) resolve(by identity.Actor, in profile.Resolution) (out profile.Saved, err error) {
	w.t.Helper()
	list, err := w.s.Resolve(w.ctx, by, []profile.Resolution{in})
	if len(list) > 0 {
		out = list[0]
	}
	return out, err
}

func (w *world) load(c profile.Cycle) *profile.Profile {
	w.t.Helper()
	return profiletest.Read(w.ctx, w.t, w.s, c.ID)
}

func (w *world) fill(c profile.Cycle) *profile.Profile {
	w.t.Helper()
	return profiletest.Fill(w.ctx, w.t, w.s, w.owner, c.ID)
}

func (w *world) submit(c profile.Cycle) profile.Cycle {
	w.t.Helper()
	return profiletest.Submit(w.ctx, w.t, w.s, w.owner, c.ID)
}

// move makes a move of the agency.
func (w *world) move(c profile.Cycle, do profile.Action, f profile.Facts) (out profile.Cycle) {
	w.t.Helper()
	w.must(w.db.Write(w.ctx, w.worker.Scope(), func(tx pg.Tx) (err error) {
		if out, err = profile.Lock(w.ctx, tx, w.worker, c.ID, 0); err != nil {
			return err
		}
		return w.s.Move(w.ctx, tx, w.clock.Now(), w.worker, &out, do, f, profile.Details{})
	}))
	return out
}

// sendBack returns a submitted profile with some criteria, as the agency's package does.
func (w *world) sendBack(c profile.Cycle, criteria ...string) profile.Cycle {
	w.t.Helper()
	c = w.move(c, profile.StartReview, profile.Facts{})
	id := pg.NewID()
	w.exec(`insert into profile_return (id, cycle_id, company_id, round, message, sent_at, sent_by) values (?, ?, ?, ?, 'Please look again', ?, ?)`,
		id, c.ID, c.CompanyID, c.Round, w.clock.Now(), w.worker.PersonID)
	for _, x := range criteria {
		w.exec(`insert into profile_return_item (return_id, cycle_id, company_id, criterion, remark) values (?, ?, ?, ?, 'Who does this?')`, id, c.ID, c.CompanyID, x)
	}
	return w.move(c, profile.SendBack, profile.Facts{Items: len(criteria)})
}

func parallel(n int, do func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

func yes() catalogue.Answer             { return catalogue.Answer{Choice: catalogue.Yes} }
func said(text string) catalogue.Answer { return catalogue.Answer{Text: text} }
