package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
)

type world struct {
	*reviewtest.World
	trail *audit.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := reviewtest.New(t, "2026-03-03T15:00:00Z")
	return &world{w, &audit.Service{DB: w.DB, Now: w.Clock.Now}}
}

// record adds an event as somebody.
func (w *world) record(by identity.Actor, at time.Time, e audit.Event) {
	w.T.Helper()
	w.Must(w.DB.Write(w.Ctx, by.Scope(), func(tx pg.Tx) error { return audit.Record(w.Ctx, tx, at, by, e) }))
}

// list reads one page and fails on any error.
func (w *world) list(by identity.Actor, f audit.Filter) audit.Page {
	w.T.Helper()
	p, err := w.trail.List(w.Ctx, by, f)
	w.Must(err)
	return p
}

func (w *world) actions(p audit.Page) (out []string) {
	for _, e := range p.Entries {
		out = append(out, e.Action)
	}
	return out
}

func (w *world) id(action string) (id int64) {
	w.T.Helper()
	w.Must(w.DB.Batch(w.Ctx, pg.System, pg.Value(&id, `select max(id) from audit_event where action = $1`, action)))
	return id
}

// TestWhoSeesWhat: auditors and headquarters see all, supervisors their office tree,
// administrators sign-in and people, and nobody else anything.
func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	american, belgian := w.Importer("Harbor Trading LLC"), w.Trader("Négoce SA")
	now := w.Clock.Now()
	session := func(by identity.Actor, name string) {
		by.RequestID = name
		w.record(by, now, audit.Event{Action: "session.sign_in", Kind: "session", Subject: pg.NewID(), After: map[string]string{"provider": "x"}})
	}
	about := func(by identity.Actor, company uuid.UUID, name string) {
		by.RequestID = name
		w.record(by, now, audit.Event{Action: "company.change", Kind: "company", Subject: company, Company: company, Before: map[string]string{"phone": "secret"}})
	}
	about(american, american.CompanyID, "american")
	about(belgian, belgian.CompanyID, "belgian")
	about(w.Sam, belgian.CompanyID, "sam on belgian")
	about(w.Other, belgian.CompanyID, "bea on belgian")
	session(w.Sam, "sam signs in")
	session(w.Other, "bea signs in")
	session(american, "owner signs in")
	w.record(w.Admin, now, audit.Event{Action: "office.open", Kind: "office", Subject: w.NewYork})
	w.record(american, now, audit.Event{Action: "right.grant", Kind: "right", Subject: american.RightID, Company: american.CompanyID})
	w.record(w.Admin, now, audit.Event{Action: "right.grant", Kind: "right", Subject: w.Sam.RightID})

	seen := func(by identity.Actor) []string {
		var out []string
		for _, e := range w.list(by, audit.Filter{}).Entries {
			switch {
			case e.Kind == "audit":
			case e.RequestID != "":
				out = append(out, e.RequestID)
			case e.Action == "right.grant" && e.CompanyID != nil:
				out = append(out, "right in company")
			default:
				out = append(out, e.Action)
			}
		}
		slices.Sort(out)
		return out
	}
	all := []string{"american", "bea on belgian", "bea signs in", "belgian", "office.open", "owner signs in", "right in company", "right.grant", "sam on belgian", "sam signs in"}
	for _, c := range []struct {
		by   identity.Actor
		want []string
	}{
		{w.Auditor, all}, {w.Chief, all},
		{w.Boss, []string{"american", "right in company", "sam on belgian", "sam signs in"}},
		{w.Admin, []string{"bea signs in", "office.open", "owner signs in", "right.grant", "sam signs in"}},
	} {
		if got := seen(c.by); !slices.Equal(got, c.want) {
			t.Errorf("%s sees %v, want %v", c.by.Role, got, c.want)
		}
	}

	event := w.id("company.change")
	partner := identity.Actor{PersonID: pg.NewID(), Audience: identity.Partners, Role: identity.Officer, AgencyID: pg.NewID()}
	nobody := identity.Actor{PersonID: w.Chief.PersonID, Audience: identity.Staff}
	disguised := american
	disguised.Role = identity.Auditor // a role of another audience opens nothing
	for _, by := range []identity.Actor{american, w.Sam, partner, nobody, disguised, {}, identity.ClockActor("x")} {
		_, err := w.trail.List(w.Ctx, by, audit.Filter{})
		w.Want("list as "+string(by.Role), err, fault.NotFound)
		_, err = w.trail.Event(w.Ctx, by, event)
		w.Want("event as "+string(by.Role), err, fault.NotFound)
		_, err = w.trail.Export(w.Ctx, by, audit.Filter{})
		w.Want("export as "+string(by.Role), err, fault.NotFound)
	}
	_, err := w.trail.Event(w.Ctx, w.Admin, event)
	w.Want("an administrator opens a company's event", err, fault.NotFound)
	_, err = w.trail.Event(w.Ctx, w.Boss, event)
	w.Want("a supervisor opens an event of another office", err, fault.NotFound)
	_, err = w.trail.Event(w.Ctx, w.Auditor, 1<<62)
	w.Want("an event that is not there", err, fault.NotFound)
	for _, f := range []audit.Filter{{Company: american.CompanyID.String()}, {Company: "Harbor"}, {Kind: "company"}, {Subject: american.CompanyID.String()}} {
		if p := w.list(w.Admin, f); len(p.Entries) != 0 {
			t.Errorf("an administrator finds %v by %+v", w.actions(p), f)
		}
	}
}

// TestDatabaseFence: past the service the database shows a company its own events
// without the agency's, a partner those of its agency, and nobody nothing.
func TestDatabaseFence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.Importer("One LLC"), w.Importer("Two LLC")
	now, agency := w.Clock.Now(), pg.NewID()
	for _, e := range []audit.Event{
		{Action: "site.add", Kind: "site", Company: one.CompanyID}, {Action: "site.add", Kind: "site", Company: two.CompanyID},
		{Action: "company.read", Kind: "company", Company: one.CompanyID, Internal: true},
		{Action: "agency.change", Kind: "agency", Agency: agency}, {Action: "agency.change", Kind: "agency", Agency: agency, Internal: true},
		{Action: "agency.change", Kind: "agency", Agency: pg.NewID()},
	} {
		w.record(w.Chief, now, e)
	}
	for name, c := range map[string]struct {
		scope pg.Scope
		want  int
	}{
		"staff": {w.Auditor.Scope(), 6}, "company": {one.Scope(), 1}, "partner": {pg.Scope{Kind: "partner", Agency: agency, Person: pg.NewID()}, 1},
		"person": {pg.Scope{Kind: "person", Person: one.PersonID}, 0}, "nobody": {pg.Scope{}, 0},
	} {
		var n int
		w.Must(w.DB.Batch(w.Ctx, c.scope, pg.Value(&n, `select count(*)::int from audit_event`)))
		if n != c.want {
			t.Errorf("%s: %d events, want %d", name, n, c.want)
		}
	}
	err := w.DB.Write(w.Ctx, pg.Scope{}, func(tx pg.Tx) error {
		return audit.Record(w.Ctx, tx, now, identity.Actor{}, audit.Event{Action: "x.y", Kind: "x"})
	})
	if err == nil {
		t.Error("nobody could write an event")
	}
}

// TestAppendOnly: neither the portal nor the owner of the tables changes or removes an event.
func TestAppendOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(w.Chief, w.Clock.Now(), audit.Event{Action: "office.open", Kind: "office"})
	conn, err := pgx.Connect(w.Ctx, w.DSN)
	w.Must(err)
	defer func() { w.Must(conn.Close(context.WithoutCancel(w.Ctx))) }()
	for _, sql := range []string{"update audit_event set actor = 'x'", "delete from audit_event", "truncate audit_event", "truncate audit_event cascade",
		"insert into audit_event (id, at, actor, audience, role, action, subject_kind) values (1, now(), '', '', '', 'a.b', '')"} {
		for _, scope := range []pg.Scope{pg.System, w.Chief.Scope()} {
			err := w.DB.Write(w.Ctx, scope, func(tx pg.Tx) error { return tx.WithContext(w.Ctx).Exec(sql).Error })
			if err == nil {
				t.Errorf("the portal as %s: %s was carried out", scope.Kind, sql)
			}
		}
		_, err := conn.Exec(w.Ctx, sql)
		var pe *pgconn.PgError
		if !errors.As(err, &pe) || pe.Code != "42501" && pe.Code != "428C9" {
			t.Errorf("the owner: %s: %v", sql, err)
		}
	}
	if n := w.Count(`select count(*)::int from audit_event where actor = 'Cora Chief' and action = 'office.open'`); n != 1 {
		t.Error("the event is gone or different")
	}
}

// TestPages walks a trail with many events of one instant in both directions: no event
// is left out or shown twice, also while new ones arrive.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	total := 2*audit.PageSize + 17
	for i := range total {
		at := w.Clock.Now().Add(time.Duration(i/60) * time.Microsecond) // sixty of each instant: more than a page
		w.record(w.Chief, at, audit.Event{Action: "office.open", Kind: "office", Reason: fmt.Sprint(i)})
	}
	f := audit.Filter{Action: "office.open"}
	var forth []int64
	var pages []audit.Page
	for {
		p := w.list(w.Auditor, f)
		pages = append(pages, p)
		for _, e := range p.Entries {
			forth = append(forth, e.ID)
		}
		w.record(w.Chief, w.Clock.Now().Add(time.Second), audit.Event{Action: "office.open", Kind: "office", Reason: "meanwhile"})
		if p.Older == "" {
			break
		}
		f.Older = p.Older
	}
	if len(forth) != total || !slices.IsSortedFunc(forth, func(a, b int64) int { return int(b - a) }) || len(slices.Compact(slices.Clone(forth))) != total {
		t.Fatalf("%d events on %d pages, want %d in order", len(forth), len(pages), total)
	}
	if pages[0].Newer != "" || pages[1].Newer == "" || len(pages[2].Entries) != 17 {
		t.Errorf("pages: %q %q %d", pages[0].Newer, pages[1].Newer, len(pages[2].Entries))
	}
	back := audit.Filter{Action: "office.open", Newer: pages[2].Newer}
	for i := 1; i >= 0; i-- {
		p := w.list(w.Auditor, back)
		if !slices.EqualFunc(p.Entries, pages[i].Entries, func(a, b audit.Entry) bool { return a.ID == b.ID }) {
			t.Errorf("page %d is another one on the way back", i)
		}
		if p.Older == "" || p.Newer == "" { // the events that arrived meanwhile are newer still
			t.Errorf("page %d on the way back: older %q, newer %q", i, p.Older, p.Newer)
		}
		back.Newer = p.Newer
	}
	if p := w.list(w.Auditor, back); len(p.Entries) != 3 || p.Newer != "" || p.Older == "" || p.Entries[0].Reason != "meanwhile" {
		t.Errorf("the newest on the way back: %d", len(p.Entries))
	}
	for _, odd := range []string{"x", "1.", ".1", "-1.5", "999999999999999999999.1", "9223372036854775807.1", "1.-1", "0.0", strings.Repeat("9", 1<<20), "1.1\x00", "1.1 "} {
		if p := w.list(w.Auditor, audit.Filter{Action: "office.open", Older: odd}); len(p.Entries) == 0 {
			t.Errorf("place %.20q shows nothing", odd)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	american, belgian := w.Importer("Harbor 100% Trading_LLC"), w.Trader("Compagnie Générale")
	app := w.Submit(american, "ctpat", "importer")
	sam := w.Sam
	sam.RequestID = "REQ1"
	w.record(sam, w.Clock.Now(), audit.Event{Action: "company.read", Kind: "company", Subject: belgian.CompanyID, Company: belgian.CompanyID, Internal: true})
	w.record(identity.ClockActor("sweep"), w.Clock.Now(), audit.Event{Action: "clock.expire", Kind: "application", Subject: app.ID, Company: app.CompanyID})

	some := func(f audit.Filter, ok func(audit.Entry) bool, what string) {
		t.Helper()
		p := w.list(w.Auditor, f)
		if len(p.Entries) == 0 {
			t.Errorf("%s: nothing found", what)
		}
		for _, e := range p.Entries {
			if !ok(e) {
				t.Errorf("%s: %+v does not fit", what, e)
			}
		}
	}
	none := func(f audit.Filter) {
		t.Helper()
		if p := w.list(w.Auditor, f); len(p.Entries) != 0 {
			t.Errorf("%+v finds %v", f, w.actions(p))
		}
	}
	ours := func(e audit.Entry) bool { return e.CompanyID != nil && *e.CompanyID == american.CompanyID }
	theirs := func(e audit.Entry) bool { return e.CompanyID != nil && *e.CompanyID == belgian.CompanyID }
	bySam := func(e audit.Entry) bool { return e.PersonID != nil && *e.PersonID == sam.PersonID }
	some(audit.Filter{Company: "harbor"}, ours, "company by a part of its name")
	some(audit.Filter{Company: "GENERALE"}, func(e audit.Entry) bool { return theirs(e) && e.Company == "Compagnie Générale" }, "company without accents")
	some(audit.Filter{Company: belgian.CompanyID.String()}, func(e audit.Entry) bool { return e.Kind == "audit" || theirs(e) }, "company by id")
	some(audit.Filter{Company: "100% trading_"}, ours, "company with signs of a pattern")
	none(audit.Filter{Company: "%"[:0] + "H%r"})
	none(audit.Filter{Company: "Trading\\"})
	none(audit.Filter{Company: "'; drop table audit_event; --"})
	some(audit.Filter{Person: "sam spec"}, bySam, "person by a part of the name")
	some(audit.Filter{Person: strings.ToUpper(sam.Email)}, bySam, "person by e-mail")
	none(audit.Filter{Person: "@customs.example"})
	none(audit.Filter{Person: "Nobody Here"})
	some(audit.Filter{Person: "portal"}, func(e audit.Entry) bool { return e.Audience == "system" }, "the portal")
	some(audit.Filter{Action: "application.submit"}, func(e audit.Entry) bool { return e.Action == "application.submit" && e.Record == app.Reference }, "action")
	some(audit.Filter{Kind: "application"}, func(e audit.Entry) bool { return e.Kind == "application" }, "kind")
	some(audit.Filter{Subject: strings.ToLower(app.Reference)}, func(e audit.Entry) bool { return *e.Subject == app.ID }, "reference")
	some(audit.Filter{Subject: app.ID.String()}, func(e audit.Entry) bool { return *e.Subject == app.ID }, "id of a record")
	none(audit.Filter{Subject: "CT-0000"})
	some(audit.Filter{RequestID: "REQ1"}, bySam, "request")
	none(audit.Filter{RequestID: "REQ"})
	some(audit.Filter{Show: audit.Looks}, func(e audit.Entry) bool { return strings.HasSuffix(e.Action, ".read") }, "looks")
	some(audit.Filter{Show: audit.Changes}, func(e audit.Entry) bool { return !strings.HasSuffix(e.Action, ".read") }, "changes")
	some(audit.Filter{Company: "Harbor", Person: "portal", Action: "clock.expire", Kind: "application", From: "2026-03-03", To: "2026-03-03"}, ours, "all at once")
	none(audit.Filter{Company: "Harbor", Person: "sam"})

	if n := w.Count(`select count(*)::int from audit_event where action = 'audit.read' and internal and person_id = $1 and after->>'company' = 'harbor' and company_id = $2`,
		w.Auditor.PersonID, american.CompanyID); n != 1 {
		t.Errorf("%d looks for the company are on record", n)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'audit.read' and after->>'person' = 'Nobody Here'`); n != 1 {
		t.Error("a look that found nothing is not on record")
	}
}

// TestDays: a filter's days begin and end with those of the reader's office.
func TestDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	add := func(at string) {
		moment, err := time.Parse(time.RFC3339, at)
		w.Must(err)
		w.record(w.Chief, moment, audit.Event{Action: "office.open", Kind: "office", Reason: at})
	}
	for _, at := range []string{
		"2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z", // New York changes its clocks on this day of 23 hours
		"2026-09-06T03:59:59Z", "2026-09-06T04:00:00Z", "2026-09-07T02:59:59Z", // Santiago's day begins at one
	} {
		add(at)
	}
	find := func(zone, from, to string) (out []string) {
		by := w.Auditor
		var err error
		by.Zone, err = time.LoadLocation(zone)
		w.Must(err)
		for _, e := range w.list(by, audit.Filter{From: from, To: to, Action: "office.open"}).Entries {
			out = append(out, e.Reason)
		}
		slices.Reverse(out)
		return out
	}
	for _, c := range []struct {
		zone, from, to string
		want           []string
	}{
		{"America/New_York", "2026-03-08", "2026-03-08", []string{"2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z"}},
		{"UTC", "2026-03-08", "2026-03-08", []string{"2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z"}},
		{"America/New_York", "", "2026-03-07", []string{"2026-03-08T04:59:59Z"}},
		{"America/Santiago", "2026-09-06", "2026-09-06", []string{"2026-09-06T04:00:00Z", "2026-09-07T02:59:59Z"}},
		{"America/Santiago", "2026-09-05", "2026-09-05", []string{"2026-09-06T03:59:59Z"}},
	} {
		if got := find(c.zone, c.from, c.to); !slices.Equal(got, c.want) {
			t.Errorf("%s %s to %s: %v, want %v", c.zone, c.from, c.to, got, c.want)
		}
	}
}

func TestBadFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	huge := strings.Repeat("x", 1<<20)
	for name, f := range map[string]audit.Filter{
		"from": {From: "2026-02-30"}, "from ": {From: huge}, "from  ": {From: "0001-01-01"}, "from   ": {From: "2026-01-01\x00"},
		"to": {From: "2026-03-04", To: "2026-03-03"}, "to ": {To: "9999-12-31"}, "to  ": {To: "tomorrow"},
		"person": {Person: huge}, "person ": {Person: "a\x00b"}, "person  ": {Person: "a\xff"}, "person   ": {Person: "a\u202eb"},
		"company": {Company: huge}, "company ": {Company: "a\x00"}, "subject": {Subject: huge}, "subject ": {Subject: "\x00"}, "request": {RequestID: huge},
		"action": {Action: "x"}, "action ": {Action: huge}, "action  ": {Action: "a.b'"}, "kind": {Kind: "A B"}, "kind ": {Kind: huge}, "show": {Show: "x"},
	} {
		for what, err := range map[string]error{
			"list":   func() error { _, err := w.trail.List(w.Ctx, w.Auditor, f); return err }(),
			"export": func() error { _, err := w.trail.Export(w.Ctx, w.Auditor, f); return err }(),
		} {
			w.Want(what+" by a bad "+name, err, fault.Invalid)
			for _, field := range fault.Fields(err) {
				if field.Name != strings.TrimSpace(name) || len(field.String()) > 300 {
					t.Errorf("%s by a bad %s: %s: %.100s", what, name, field.Name, field)
				}
			}
		}
	}
	if n := w.Count(`select count(*)::int from audit_event`); n != 0 {
		t.Errorf("%d refused looks are on record", n)
	}
	w.Exec(`insert into company (id, name, country, office_id, created_at) select gen_random_uuid(), 'Like ' || i, 'US', ?, now() from generate_series(1, 201) i`, w.HQ)
	_, err := w.trail.List(w.Ctx, w.Auditor, audit.Filter{Company: "like"})
	w.Want("too many companies", err, fault.Invalid)
}

// TestDrafts: of what a company has not sent the trail shows that something happened,
// and what once it is sent.
func TestDrafts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.Importer("Harbor Trading LLC")
	w.Clock.Move(time.Hour)
	a := w.Signed(owner, "ctpat", "importer")
	event := w.id("application.answer_eligibility")
	d, err := w.trail.Event(w.Ctx, w.Auditor, event)
	w.Must(err)
	if !d.Withheld || len(d.Changes) != 0 || d.Reason != "" {
		t.Errorf("a draft's values are shown: %+v", d)
	}
	x, err := w.trail.Export(w.Ctx, w.Auditor, audit.Filter{Action: "application.answer_eligibility"})
	w.Must(err)
	if text := csvOf(t, x); len(text) != 2 || text[1][15]+text[1][16] != "" || text[1][20] != "yes" {
		t.Errorf("a draft's values are exported: %v", text)
	}
	_, err = w.Applications.Submit(w.Ctx, owner, a.ID, submission(a.Version))
	w.Must(err)
	d, err = w.trail.Event(w.Ctx, w.Auditor, event)
	w.Must(err)
	if d.Withheld || len(d.Changes) == 0 {
		t.Errorf("what was sent is not shown: %+v", d)
	}
}

func TestEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.Importer("Harbor Trading LLC")
	sam := w.Sam
	sam.RequestID = "REQ1"
	w.record(sam, w.Clock.Now(), audit.Event{Action: "application.vet", Kind: "company", Subject: owner.CompanyID, Company: owner.CompanyID, Internal: true, Reason: "Because",
		Before: map[string]any{"phone": "1", "gone": "x", "list": []string{"a", "b"}, "same": "s"},
		After: map[string]any{"phone": "=2", "assignee": w.Sue.PersonID, "count": 12345678901234567, "deep": map[string]any{"b": true, "a": nil},
			"items": []any{map[string]any{"q": "<b>"}, map[string]any{"q": "2"}}, "list": []string{"a"}, "same": "s", "empty": []string{}}})
	d, err := w.trail.Event(w.Ctx, w.Auditor, w.id("application.vet"))
	w.Must(err)
	var lines []string
	for _, c := range d.Changes {
		lines = append(lines, fmt.Sprintf("%s %v:%s %v:%s", strings.Join(c.Path, "/"), c.Had, c.Was, c.Has, c.Is))
	}
	want := []string{"assignee false: true:" + w.Sue.PersonID.String(), "count false: true:12345678901234567", "deep/b false: true:true", "gone true:x false:",
		"items/1/q false: true:<b>", "items/2/q false: true:2", "list true:a, b true:a", "phone true:1 true:=2", "same true:s true:s"}
	if !slices.Equal(lines, want) {
		t.Errorf("values:\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if d.Named[w.Sue.PersonID.String()] != "Sue Second" || d.Email != sam.Email || d.For != "New York office" || d.Reason != "Because" || d.RequestID != "REQ1" || !d.Internal || d.Company != "Harbor Trading LLC" {
		t.Errorf("event: %+v", d)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'audit.read' and after->>'event' = $1 and company_id = $2 and person_id = $3`,
		fmt.Sprint(d.ID), owner.CompanyID, w.Auditor.PersonID); n != 1 {
		t.Error("the look at the event is not on record")
	}
	w.record(w.Admin, w.Clock.Now(), audit.Event{Action: "right.grant", Kind: "right", Subject: w.Sam.RightID,
		After: map[string]any{"person": w.Sam.PersonID, "company": owner.CompanyID}})
	d, err = w.trail.Event(w.Ctx, w.Admin, w.id("right.grant"))
	w.Must(err)
	if d.Named[w.Sam.PersonID.String()] != "Sam Specialist" || d.Named[owner.CompanyID.String()] != "" || d.Record != "Sam Specialist" {
		t.Errorf("an administrator is told %v, %q", d.Named, d.Record)
	}
}

func TestOfSubject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.Importer("One LLC"), w.Importer("Two LLC")
	site := pg.NewID()
	w.record(one, w.Clock.Now(), audit.Event{Action: "site.add", Kind: "site", Subject: site, Company: one.CompanyID})
	w.record(w.Sam, w.Clock.Now(), audit.Event{Action: "site.change", Kind: "site", Subject: site, Company: one.CompanyID})
	w.record(w.Sam, w.Clock.Now(), audit.Event{Action: "site.change", Kind: "site", Subject: site, Company: one.CompanyID, Internal: true})
	for _, c := range []struct {
		by   identity.Actor
		want int
	}{{one, 2}, {two, 0}, {w.Auditor, 3}, {w.Boss, 3}, {w.Admin, 0}} {
		list, err := w.trail.OfSubject(w.Ctx, c.by, "site", site)
		w.Must(err)
		if len(list) != c.want {
			t.Errorf("%s %s: %d events, want %d", c.by.Name, c.by.Role, len(list), c.want)
		}
		for _, e := range list {
			if c.by.Audience == identity.Companies && e.Audience == "staff" && (e.Actor != "" || e.PersonID != nil) {
				t.Errorf("the company is told who at the agency: %+v", e)
			}
		}
	}
	_, err := w.trail.OfSubject(w.Ctx, identity.Actor{PersonID: pg.NewID()}, "site", site)
	w.Want("somebody without a role", err, fault.NotFound)
}
