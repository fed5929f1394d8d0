package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/apptest"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/exchange"
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

// world is a company with its people and an open profile.
type world struct {
	t       *testing.T
	ctx     context.Context
	dsn     string // as the tables' owner
	db      *pg.DB
	clock   *apptest.Clock
	x       *exchange.Service
	office  uuid.UUID
	company uuid.UUID
	site    uuid.UUID
	owner   identity.Actor
	editor  identity.Actor
	helper  identity.Actor // contributor
	reader  identity.Actor
	cycle   profile.Cycle
	n       int
}

func newWorld(t *testing.T) *world { return newWorldWith(t, profiletest.Library(t)) }

func newWorldWith(t *testing.T, library *catalogue.Library) *world {
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
	steps := &profile.Steps{Library: library, Programmes: register, Clocks: &clock.Clocks{Calendars: calendars, Programmes: register},
		Letters: &notice.Letters{Base: &url.URL{Scheme: "http", Host: "localhost:8080"}, Brand: "Trusted Trader Portal"}}
	w.x = &exchange.Service{DB: w.db, Now: w.clock.Now, Profiles: &profile.Service{DB: w.db, Now: w.clock.Now, Steps: steps}}
	w.office = pg.NewID()
	w.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'NYC', 'New York office', 'America/New_York', 'us-federal', ?)`, w.office, w.clock.Now())
	w.company, w.site = w.newCompany("Harbor Trading LLC")
	w.owner = w.person(w.company, identity.Owner, "Olga Owner")
	w.editor = w.person(w.company, identity.Editor, "Ed Editor")
	w.helper = w.person(w.company, identity.Contributor, "Cora Contributor")
	w.reader = w.person(w.company, identity.Reader, "Rea Reader")
	w.cycle = w.open(w.owner)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) want(what string, err error, kind fault.Kind, says string) {
	w.t.Helper()
	if err == nil || fault.KindOf(err) != kind || !strings.Contains(sentence(err), says) {
		w.t.Errorf("%s: got %v (kind %d), want kind %d saying %q", what, sentence(err), fault.KindOf(err), kind, says)
	}
}

// sentence is everything that a refusal says.
func sentence(err error) string {
	out := fmt.Sprint(err)
	for _, x := range fault.Fields(err) {
		out += "; " + x.String()
	}
	return out
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

func (w *world) newCompany(name string) (company, site uuid.UUID) {
	w.t.Helper()
	company, site = pg.NewID(), pg.NewID()
	w.exec(`insert into company (id, name, legal_form, country, registration, office_id, created_at) values (?, ?, 'LLC', 'US', '12-345', ?, ?)`, company, name, w.office, w.clock.Now())
	w.exec(`insert into site (id, company_id, name, activity, street, city, country, zone, created_at) values (?, ?, 'Head office', 'headquarters', '1 Pier', 'Newark', 'US', 'America/New_York', ?)`,
		site, company, w.clock.Now())
	return company, site
}

func (w *world) person(company uuid.UUID, role identity.Role, name string) identity.Actor {
	w.t.Helper()
	w.n++
	a := identity.Actor{PersonID: pg.NewID(), RightID: pg.NewID(), Name: name, Email: fmt.Sprintf("person%d@harbor.example", w.n), Audience: identity.Companies, Role: role,
		CompanyID: company, Zone: time.UTC}
	w.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at, last_seen_at) values (?, 'i', ?, ?, true, ?, ?, ?)`,
		a.PersonID, a.PersonID.String(), a.Email, name, w.clock.Now(), w.clock.Now())
	w.exec(`insert into person_right (id, person_id, audience, role, company_id, starts_on, ends_on, granted_at) values (?, ?, 'company', ?, ?, '2026-01-01', '2036-01-01', ?)`,
		a.RightID, a.PersonID, string(role), company, w.clock.Now())
	return a
}

// open begins a profile for a new application of a company.
func (w *world) open(by identity.Actor) (c profile.Cycle) {
	w.t.Helper()
	w.n++
	application := pg.NewID()
	w.exec(`update application set status = 'withdrawn', closed_at = ? where company_id = ? and closed_at is null`, w.clock.Now(), by.CompanyID)
	w.exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at)
		values (?, ?, ?, 'ctpat', '2026.1', 'x', 'importer', ?, 'draft', ?)`, application, fmt.Sprintf("CT-2026-%06d", w.n), by.CompanyID, w.office, w.clock.Now())
	w.must(w.db.Write(w.ctx, by.Scope(), func(tx pg.Tx) (err error) {
		c, err = w.x.Profiles.Open(w.ctx, tx, w.clock.Now(), by, profile.Opening{Company: by.CompanyID, Office: w.office, Programme: "ctpat", EntityType: "importer",
			Kind: profile.Initial, Application: &application})
		return err
	}))
	return c
}

// save saves an answer of the company, or of a site.
func (w *world) save(by identity.Actor, question string, site uuid.UUID, a catalogue.Answer) {
	w.t.Helper()
	p := w.profile()
	criterion, _, ok := p.Form.Question(question)
	if !ok {
		w.t.Fatalf("there is no question %s", question)
	}
	now, _ := p.Given(question, site)
	_, err := w.x.Profiles.Save(w.ctx, by, profile.AnswerEntry{Cycle: w.cycle.ID, EditionHash: w.cycle.EditionHash, EntityType: w.cycle.EntityType, Criterion: criterion.ID,
		Question: question, Site: site, Version: now.Version, Answer: a})
	w.must(err)
}

func (w *world) profile() *profile.Profile {
	w.t.Helper()
	return profiletest.Read(w.ctx, w.t, w.x.Profiles, w.cycle.ID)
}

func (w *world) answer(question string) catalogue.Answer {
	w.t.Helper()
	g, _ := w.profile().Given(question, uuid.Nil)
	return g.Value
}

// workbook is the profile as a person downloads it.
func (w *world) workbook(by identity.Actor) []byte {
	w.t.Helper()
	f, err := w.x.Workbook(w.ctx, by, w.cycle.ID, "")
	w.must(err)
	return f.Body
}

func (w *world) send(by identity.Actor, content []byte) exchange.Draft {
	w.t.Helper()
	d, err := w.x.Import(w.ctx, by, w.cycle.ID, "profile.xlsx", content)
	if err != nil {
		w.t.Fatalf("import: %s", sentence(err))
	}
	return d
}

func (w *world) dryRun(by identity.Actor, d exchange.Draft) exchange.DryRun {
	w.t.Helper()
	r, err := w.x.DryRun(w.ctx, by, w.cycle.ID, d.ID)
	w.must(err)
	return r
}

// states are the states of a dry run by row, apart from the same and the blank ones.
func states(d exchange.DryRun) map[string]exchange.State {
	out := map[string]exchange.State{}
	for _, g := range append(d.Groups, exchange.Group{Rows: d.Strange}) {
		for _, r := range g.Rows {
			if r.State != exchange.Same && r.State != exchange.Blank {
				out[r.Key] = r.State
			}
		}
	}
	return out
}

func row(t *testing.T, d exchange.DryRun, key string) exchange.Row {
	t.Helper()
	for _, g := range append(d.Groups, exchange.Group{Rows: d.Strange}) {
		for _, r := range g.Rows {
			if r.Key == key {
				return r
			}
		}
	}
	t.Fatalf("no row %s", key)
	return exchange.Row{}
}

// edit changes a workbook as a person does.
func edit(t testing.TB, content []byte, do func(s *sheets)) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	do(&sheets{t, f})
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type sheets struct {
	t testing.TB
	*excelize.File
}

// find is the cell of a column in the row of a question and a part of it.
func (s *sheets) find(question, part, column string) (sheet, cell string) {
	s.t.Helper()
	for _, name := range s.GetSheetList() {
		rows, err := s.GetRows(name)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(rows) == 0 {
			continue
		}
		at := map[string]int{}
		for i, key := range rows[0] {
			at[key] = i
		}
		if _, ok := at["answer"]; !ok {
			continue
		}
		for n, r := range rows {
			value := func(key string) string {
				if at[key] < len(r) {
					return r[at[key]]
				}
				return ""
			}
			if value("question_id") == question && value("part") == part && value("site_id") == "" {
				cell, err := excelize.CoordinatesToCellName(at[column]+1, n+1)
				if err != nil {
					s.t.Fatal(err)
				}
				return name, cell
			}
		}
	}
	s.t.Fatalf("no row for %s %s", question, part)
	return "", ""
}

func (s *sheets) set(question, column string, value any) { s.part(question, "", column, value) }

func (s *sheets) part(question, part, column string, value any) {
	s.t.Helper()
	sheet, cell := s.find(question, part, column)
	if err := s.SetCellValue(sheet, cell, value); err != nil {
		s.t.Fatal(err)
	}
}

// row writes one row of a question's own table.
func (s *sheets) row(question string, n int, values ...any) {
	s.t.Helper()
	if err := s.SetSheetRow("Table "+question, "A"+strconv.Itoa(n+3), &values); err != nil {
		s.t.Fatal(err)
	}
}
