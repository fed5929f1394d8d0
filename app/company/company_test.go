package company

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"sync"
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

// world is a portal with two offices and two companies.
type world struct {
	t     *testing.T
	ctx   context.Context
	db    *pg.DB
	clock *apptest.Clock
	svc   *Service

	root, branch uuid.UUID
	owner, rival identity.Actor // of two companies
	staff        identity.Actor // specialist of the branch, which looks after both
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), db: apptest.DB(t), clock: apptest.At("2026-03-03T14:00:00Z"), root: pg.NewID(), branch: pg.NewID()}
	register, calendars := data(t)
	base, err := url.Parse("https://portal.example.org")
	if err != nil {
		t.Fatal(err)
	}
	w.svc = &Service{Programmes: register, Clocks: &clock.Clocks{Calendars: calendars, Programmes: register}, Letters: &notice.Letters{Base: base},
		DB: w.db, Now: w.clock.Now, Key: []byte(strings.Repeat("k", 32)), OfficeFor: func(string) string { return "BRANCH" }}
	w.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'HQ', 'Headquarters', 'America/New_York', 'us-federal', now())`, w.root)
	w.exec(`insert into office (id, code, name, parent_id, zone, calendar, created_at) values (?, 'BRANCH', 'Laredo', ?, 'America/Chicago', 'us-federal', now())`, w.branch, w.root)
	w.owner = w.register("Acme Freight Inc.")
	w.rival = w.register("Zephyr Lines GmbH")
	w.staff = identity.Actor{PersonID: w.person("Sam Specialist"), Name: "Sam Specialist", Audience: identity.Staff, Role: identity.Specialist, OfficeID: w.branch, Offices: []uuid.UUID{w.branch}}
	return w
}

// data is what ships with the portal.
func data(t *testing.T) (*programme.Register, clock.Calendars) {
	t.Helper()
	sub := func(name string) fs.FS { return must[fs.FS](t)(fs.Sub(config.Programmes, name)) }
	return must[*programme.Register](t)(programme.Load(sub("programmes"))), must[clock.Calendars](t)(clock.LoadCalendars(sub("calendars")))
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if err := w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(w.ctx).Exec(sql, args...).Error }); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.Batch(w.ctx, pg.System, pg.Value(&n, sql, args...)); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func (w *world) person(name string) uuid.UUID {
	id := pg.NewID()
	w.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, ?, now())`,
		id, id.String(), strings.ToLower(strings.ReplaceAll(name, " ", "."))+"@example.org", name)
	return id
}

func (w *world) register(name string) identity.Actor {
	w.t.Helper()
	who := identity.Actor{PersonID: w.person("Owner of " + name), Name: "Owner of " + name, Audience: identity.Companies}
	r, err := w.svc.Register(w.ctx, who, Profile{Name: name, Country: "US"})
	if err != nil {
		w.t.Fatalf("register %s: %v", name, err)
	}
	who.Role, who.CompanyID, who.RightID = identity.Owner, r.Company.ID, r.RightID
	return who
}

func as(a identity.Actor, r identity.Role) identity.Actor {
	a.Role = r
	return a
}

// member gives the company a live membership, so that a programme relies on its account.
func (w *world) member(company uuid.UUID) {
	w.t.Helper()
	app := pg.NewID()
	w.application(company, app, "certified")
	w.exec(`insert into membership (id, company_id, application_id, programme, edition, entity_type, number, status, certified_on, effective_on, created_at)
		values (?, ?, ?, 'ctpat', '1', 'importer', ?, 'active', '2026-01-02', '2026-01-02', now())`, pg.NewID(), company, app, app.String())
}

func (w *world) application(company, id uuid.UUID, status string) {
	w.t.Helper()
	final := status == "certified"
	w.exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at, submitted_at, decided_at, closed_at)
		values (?, ?, ?, 'ctpat', '1', 'h', 'importer', ?, ?, now(), now(), case when ? then now() end, case when ? then now() end)`,
		id, id.String(), company, w.branch, status, final, final)
}

func site(name string) SiteEntry {
	return SiteEntry{Name: name, Activity: "warehouse", Street: "1 Main St", City: "Laredo", Region: "TX", Postcode: "78040", Country: "US", Zone: "America/Chicago", Lat: "27.5", Lon: "-99.5"}
}

func contact(name, kind string) ContactEntry {
	return ContactEntry{Name: name, Title: "Manager", Email: "someone@example.org", Phone: "+1 202 555 0100", Kind: kind}
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantKind(t *testing.T, err error, k fault.Kind, part string) {
	t.Helper()
	if err == nil || fault.KindOf(err) != k || !strings.Contains(err.Error(), part) {
		t.Fatalf("got %v, want a fault of kind %d with %q", err, k, part)
	}
}

// team adds an officer as primary contact and one more.
func (w *world) team(who identity.Actor) (primary, other Contact) {
	w.t.Helper()
	in := contact("Olga Officer", Officer)
	in.Primary = yes
	primary = must[Contact](w.t)(w.svc.AddContact(w.ctx, who, in))
	other = must[Contact](w.t)(w.svc.AddContact(w.ctx, who, contact("Eve Employee", Employee)))
	return primary, other
}

func TestRegisterMakesAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := identity.Actor{PersonID: w.person("New"), Name: "New", Audience: identity.Companies}
	in := Profile{ID: pg.NewID(), Name: "Ünïted Carriers <b>", LegalForm: "S.A. de C.V.", Country: "MX", Registration: "N-1", FoundedOn: "2004-02-29", Employees: "1,200",
		Website: "www.example.org", Phone: "+52 55 5555 0100", History: "One\r\nTwo =1+1"}
	r := must[Registered](t)(w.svc.Register(w.ctx, who, in))
	if r.Company.OfficeID != w.branch || *r.Company.Employees != 1200 || r.Company.History != "One\nTwo =1+1" {
		t.Errorf("registered %+v", r.Company)
	}
	again := must[Registered](t)(w.svc.Register(w.ctx, who, in))
	if again.Company.ID != r.Company.ID || again.RightID != r.RightID {
		t.Error("the same form sent twice made two companies")
	}
	who.Role, who.CompanyID = identity.Owner, r.Company.ID
	a := must[Account](t)(w.svc.Account(w.ctx, who, r.Company.ID))
	if a.OfficeName != "Laredo" || a.OfficeZone.String() != "America/Chicago" || a.Company.Name != in.Name {
		t.Errorf("account %+v", a)
	}
	other := w.owner
	other.Role, other.CompanyID = identity.Owner, w.owner.CompanyID
	must[Registered](t)(w.svc.Register(w.ctx, other, Profile{Name: "Second Ltd", Country: "GB"})) // with a company already
	_, err := w.svc.Register(w.ctx, w.rival, in)
	wantKind(t, err, fault.Conflict, "used before")
	_, err = w.svc.Register(w.ctx, w.staff, in)
	wantKind(t, err, fault.Forbidden, "trader")
	_, err = w.svc.Register(w.ctx, identity.Actor{}, in)
	wantKind(t, err, fault.Forbidden, "trader")
	if n := w.count(`select count(*)::int from audit_event where company_id = $1 and action in ('company.register', 'right.grant')`, r.Company.ID); n != 2 {
		t.Errorf("%d events of the registration", n)
	}
}

func TestBadInputIsRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("x", 1<<20)
	profile := func(set func(*Profile)) error {
		p := Profile{Name: "A", Country: "US", Version: 1}
		set(&p)
		_, err := w.svc.ChangeProfile(w.ctx, w.owner, p)
		return err
	}
	aSite := func(set func(*SiteEntry)) error {
		e := site("S")
		set(&e)
		_, err := w.svc.AddSite(w.ctx, w.owner, e)
		return err
	}
	aContact := func(set func(*ContactEntry)) error {
		e := contact("C", Employee)
		set(&e)
		_, err := w.svc.AddContact(w.ctx, w.owner, e)
		return err
	}
	number := func(scheme, value string) error {
		_, err := w.svc.AddIdentifier(w.ctx, w.owner, IdentifierEntry{Scheme: scheme, Value: value})
		return err
	}
	for name, c := range map[string]struct {
		err         error
		field, says string
	}{
		"no name":          {profile(func(p *Profile) { p.Name = " " }), "name", "Enter the legal name"},
		"NUL":              {profile(func(p *Profile) { p.Name = "a\x00b" }), "name", "hidden character"},
		"broken UTF-8":     {profile(func(p *Profile) { p.Name = "a\xff" }), "name", "cannot read"},
		"right to left":    {profile(func(p *Profile) { p.Name = "a\u202eb" }), "name", "hidden character"},
		"1 MB":             {profile(func(p *Profile) { p.History = long }), "history", "4000 characters or fewer"},
		"two lines":        {profile(func(p *Profile) { p.Name = "a\nb" }), "name", "one line"},
		"no country":       {profile(func(p *Profile) { p.Country = "" }), "country", "Choose the country"},
		"odd country":      {profile(func(p *Profile) { p.Country = "ZZ" }), "country", "Choose the country"},
		"29 February":      {profile(func(p *Profile) { p.FoundedOn = "2023-02-29" }), "founded_on", "day that exists"},
		"tomorrow":         {profile(func(p *Profile) { p.FoundedOn = "2026-03-04" }), "founded_on", "in the past"},
		"employees":        {profile(func(p *Profile) { p.Employees = "many" }), "employees", "whole number"},
		"website":          {profile(func(p *Profile) { p.Website = "javascript:alert(1)" }), "website", "www.example.org"},
		"phone":            {profile(func(p *Profile) { p.Phone = "call me" }), "phone", "+1 202"},
		"activity":         {aSite(func(e *SiteEntry) { e.Activity = "moon" }), "activity", "Choose"},
		"no street":        {aSite(func(e *SiteEntry) { e.Street = "" }), "street", "Enter the street"},
		"zone":             {aSite(func(e *SiteEntry) { e.Zone = "" }), "zone", "Choose the time zone"},
		"invented zone":    {aSite(func(e *SiteEntry) { e.Zone = "Mars/Base" }), "zone", "Choose the time zone"},
		"latitude":         {aSite(func(e *SiteEntry) { e.Lat = "91" }), "lat", "between -90 and 90"},
		"longitude":        {aSite(func(e *SiteEntry) { e.Lon = "NaN" }), "lon", "between -180 and 180"},
		"half a place":     {aSite(func(e *SiteEntry) { e.Lon = "" }), "lat", "both latitude and longitude"},
		"e-mail":           {aContact(func(e *ContactEntry) { e.Email = "Bob <b@example.org>" }), "email", "name@example.org"},
		"no phone":         {aContact(func(e *ContactEntry) { e.Phone = "" }), "phone", "Enter a telephone number"},
		"kind":             {aContact(func(e *ContactEntry) { e.Kind = "friend" }), "kind", "Choose"},
		"primary employee": {aContact(func(e *ContactEntry) { e.Primary = yes }), "primary", "Only a company officer"},
		"scheme":           {number("nope", "1"), "scheme", "Choose the kind of number"},
		"number":           {number("ein", "12"), "value", "9 digits"},
		"huge number":      {number("ein", long), "value", "too long"},
		"trade name":       {func() error { _, err := w.svc.AddTradeName(w.ctx, w.owner, NameEntry{Name: "\u2066"}); return err }(), "trade_name", "hidden character"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range fault.Fields(c.err) {
				if f.Name == c.field && strings.Contains(f.String(), c.says) {
					return
				}
			}
			t.Errorf("got %v, want %s: %q", c.err, c.field, c.says)
		})
	}
	n := must[TradeName](t)(w.svc.AddTradeName(w.ctx, w.owner, NameEntry{Name: "=1+1"}))
	if n.Name != "=1+1" {
		t.Errorf("a formula became %q", n.Name)
	}
}

func TestEveryVerbAndItsRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, ctx := w.svc, w.ctx
	st := must[Site](t)(s.AddSite(ctx, w.owner, site("North")))
	st2 := must[Site](t)(s.AddSite(ctx, w.owner, site("South")))
	off, emp := w.team(w.owner)
	id := must[Added](t)(s.AddIdentifier(ctx, w.owner, IdentifierEntry{Scheme: "ein", Value: "12-3456789", Note: "head office"})).Identifier
	nm := must[TradeName](t)(s.AddTradeName(ctx, w.owner, NameEntry{Name: "Acme"}))
	officer2 := must[Contact](t)(s.AddContact(ctx, w.owner, contact("Second Officer", Officer)))
	draft := must[ChangeNotice](t)(s.OpenNotice(ctx, w.owner, NoticeEntry{EffectiveOn: "2026-03-03", Explanation: "x"}))

	type verb struct {
		action string
		do     func(by identity.Actor, id uuid.UUID, version int) error
		id     uuid.UUID
		stale  bool // has a version to be stale
	}
	editSite := site("North 2")
	verbs := []verb{
		{"company.change", func(by identity.Actor, _ uuid.UUID, v int) error {
			_, err := s.ChangeProfile(ctx, by, Profile{Name: "Acme Freight Inc.", Country: "US", Phone: "+1 202 555 0100", Website: fmt.Sprintf("v%d.example.org", v), Version: v})
			return err
		}, uuid.Nil, true},
		{"trade_name.add", func(by identity.Actor, _ uuid.UUID, v int) error {
			_, err := s.AddTradeName(ctx, by, NameEntry{Name: "Another"})
			return err
		}, uuid.Nil, false},
		{"trade_name.remove", func(by identity.Actor, id uuid.UUID, v int) error { return s.RemoveTradeName(ctx, by, id, v) }, nm.ID, true},
		{"site.add", func(by identity.Actor, _ uuid.UUID, v int) error {
			_, err := s.AddSite(ctx, by, site("West"))
			return err
		}, uuid.Nil, false},
		{"site.change", func(by identity.Actor, id uuid.UUID, v int) error {
			editSite.Version = v
			_, err := s.ChangeSite(ctx, by, id, editSite)
			return err
		}, st.ID, true},
		{"site.close", func(by identity.Actor, id uuid.UUID, v int) error {
			_, err := s.CloseSite(ctx, by, id, v, "2026-03-02")
			return err
		}, st2.ID, true},
		{"contact.add", func(by identity.Actor, _ uuid.UUID, v int) error {
			_, err := s.AddContact(ctx, by, contact("Third", Consultant))
			return err
		}, uuid.Nil, false},
		{"contact.change", func(by identity.Actor, id uuid.UUID, v int) error {
			e := contact("Eve Changed", Employee)
			e.Version = v
			_, err := s.ChangeContact(ctx, by, id, e)
			return err
		}, emp.ID, true},
		{"contact.make_primary", func(by identity.Actor, id uuid.UUID, v int) error {
			_, err := s.MakePrimary(ctx, by, id, v)
			return err
		}, officer2.ID, true},
		{"contact.remove", func(by identity.Actor, id uuid.UUID, v int) error { return s.RemoveContact(ctx, by, id, v) }, off.ID, true},
		{"identifier.add", func(by identity.Actor, _ uuid.UUID, v int) error {
			_, err := s.AddIdentifier(ctx, by, IdentifierEntry{Scheme: "scac", Value: "abcd"})
			return err
		}, uuid.Nil, false},
		{"identifier.remove", func(by identity.Actor, id uuid.UUID, v int) error { return s.RemoveIdentifier(ctx, by, id, v) }, id.ID, true},
		{"change_notice.open", func(by identity.Actor, _ uuid.UUID, v int) error {
			_, err := s.OpenNotice(ctx, by, NoticeEntry{EffectiveOn: "2026-03-03", Explanation: "x"})
			return err
		}, uuid.Nil, false},
		{"change_notice.edit", func(by identity.Actor, id uuid.UUID, v int) error {
			_, err := s.EditNotice(ctx, by, id, NoticeEntry{EffectiveOn: "2026-03-04", Explanation: "y", Version: v})
			return err
		}, draft.ID, true},
		{"change_notice.propose", func(by identity.Actor, id uuid.UUID, v int) error {
			_, err := s.Propose(ctx, by, id, Proposal{Version: v, Do: Add, Subject: AboutTradeName, ID: nm.ID, Name: NameEntry{Name: "Told"}})
			return err
		}, draft.ID, true},
		{"change_notice.drop", func(by identity.Actor, id uuid.UUID, v int) error {
			_, err := s.DropChange(ctx, by, id, v, AboutTradeName, nm.ID)
			return err
		}, draft.ID, true},
		{"change_notice.withdraw", func(by identity.Actor, id uuid.UUID, v int) error {
			_, err := s.WithdrawNotice(ctx, by, id, v)
			return err
		}, draft.ID, true},
	}
	table := map[string]string{"company": "company", "trade_name": "trade_name", "site": "site", "contact": "contact", "identifier": "company_identifier", "change_notice": "change_notice"}
	missing := fault.Missing().Error()
	for _, v := range verbs {
		kind, _, _ := strings.Cut(v.action, ".")
		subject := v.id
		if kind == "company" {
			subject = w.owner.CompanyID
		}
		version := 0
		if subject != uuid.Nil {
			version = w.count("select version from "+table[kind]+" where id = $1", subject)
		}
		if err := v.do(as(w.owner, identity.Reader), v.id, version); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s by a reader: %v", v.action, err)
		}
		if err := v.do(as(w.owner, identity.Contributor), v.id, version); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s by a contributor: %v", v.action, err)
		}
		if err := v.do(w.staff, v.id, version); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s by staff: %v", v.action, err)
		}
		if err := v.do(identity.Actor{Audience: identity.Partners, Role: identity.Officer, PersonID: w.staff.PersonID}, v.id, version); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s by a partner: %v", v.action, err)
		}
		if v.id != uuid.Nil {
			theirs, none := v.do(w.rival, v.id, version+7), v.do(w.rival, pg.NewID(), version)
			if fault.KindOf(theirs) != fault.NotFound || fault.KindOf(none) != fault.NotFound || theirs.Error() != none.Error() || !strings.Contains(none.Error(), missing) {
				t.Errorf("%s of another company: %v; of none: %v", v.action, theirs, none)
			}
		}
		if v.stale {
			if err := v.do(w.owner, v.id, version+7); fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s with an old version: %v", v.action, err)
			}
		}
		before := w.count("select count(*)::int from audit_event where action = $1", v.action)
		if err := v.do(w.owner, v.id, version); err != nil {
			t.Errorf("%s: %v", v.action, err)
		}
		if n := w.count("select count(*)::int from audit_event where action = $1 and company_id = $2", v.action, w.owner.CompanyID) - before; n != 1 {
			t.Errorf("%s left %d audit events", v.action, n)
		}
	}
	a := must[Account](t)(s.Account(ctx, w.owner, w.owner.CompanyID))
	if len(a.Contacts) != 3 || !a.Contacts[0].IsPrimary || a.Contacts[0].ID != officer2.ID || len(a.Sites) != 3 || a.Sites[2].ClosedOn == nil ||
		len(a.Identifiers) != 1 || len(a.TradeNames) != 1 {
		t.Errorf("in the end: %+v", a)
	}
}

func TestStaleEditShowsWhatChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := Profile{Name: "Acme Freight Inc.", Country: "US", Phone: "+1 202 555 0100", Version: 1}
	must[Company](t)(w.svc.ChangeProfile(w.ctx, w.owner, p))
	p.Phone = "+1 202 555 0199"
	_, err := w.svc.ChangeProfile(w.ctx, w.owner, p)
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Conflict || len(f.Changed) != 1 || f.Changed[0] != (fault.Change{Label: "Telephone", Yours: "+1 202 555 0199", Theirs: "+1 202 555 0100"}) {
		t.Fatalf("got %#v", err)
	}
	st := must[Site](t)(w.svc.AddSite(w.ctx, w.owner, site("North")))
	e := site("Northern")
	e.Version = 9
	_, err = w.svc.ChangeSite(w.ctx, w.owner, st.ID, e)
	if !errors.As(err, &f) || len(f.Changed) != 1 || f.Changed[0].Theirs != "North" {
		t.Fatalf("got %#v", err)
	}
}

func TestTwoPeopleAtOnceOneWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	st := must[Site](t)(w.svc.AddSite(w.ctx, w.owner, site("North")))
	sameForm := pg.NewID()
	for name, do := range map[string]func(i int) error{
		"edit": func(i int) error {
			e := site(fmt.Sprintf("North %d", i))
			e.Version = st.Version
			_, err := w.svc.ChangeSite(w.ctx, w.owner, st.ID, e)
			return err
		},
		"same number": func(int) error {
			_, err := w.svc.AddIdentifier(w.ctx, w.owner, IdentifierEntry{Scheme: "scac", Value: "ABCD"})
			return err
		},
	} {
		won := together(8, do)
		if won != 1 {
			t.Errorf("%s: %d of 8 won", name, won)
		}
	}
	if won := together(8, func(int) error {
		e := site("Twice")
		e.ID = sameForm
		_, err := w.svc.AddSite(w.ctx, w.owner, e)
		return err
	}); won != 8 {
		t.Errorf("a form sent 8 times was refused %d times", 8-won)
	}
	if n := w.count("select count(*)::int from audit_event where subject_id = $1", sameForm); n != 1 {
		t.Errorf("%d events for one site", n)
	}
	if n := w.count("select count(*)::int from audit_event where action = 'site.change'"); n != 1 {
		t.Errorf("%d edits were recorded", n)
	}
}

func together(n int, do func(i int) error) (won int) {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	for _, err := range errs {
		if err == nil {
			won++
		}
	}
	return won
}

func TestContactRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, ctx := w.svc, w.ctx
	off, emp := w.team(w.owner)
	_, err := s.MakePrimary(ctx, w.owner, emp.ID, emp.Version)
	wantKind(t, err, fault.Invalid, "Only a company officer")
	e := off.Entry()
	off = must[Account](t)(s.Account(ctx, w.owner, w.owner.CompanyID)).Contacts[0]
	e.Kind, e.Version, e.Primary = Employee, off.Version, ""
	_, err = s.ChangeContact(ctx, w.owner, off.ID, e)
	wantKind(t, err, fault.Invalid, "Make another officer")

	rep := w.person("Rita Rep")
	w.exec(`insert into person_right (id, person_id, audience, role, company_id, starts_on, ends_on, granted_at) values (?, ?, 'company', 'representative', ?, '2026-01-01', '2027-01-01', now())`,
		pg.NewID(), rep, w.owner.CompanyID)
	in := contact("Rita Rep", Officer)
	in.Email, in.Primary = "Rita.Rep@example.org", yes
	_, err = s.AddContact(ctx, w.owner, in)
	wantKind(t, err, fault.Invalid, "representative")

	// Relied upon, but opened by the agency's question: contacts may be edited, not emptied.
	w.member(w.owner.CompanyID)
	_, err = s.AddContact(ctx, w.owner, contact("Late", Employee))
	wantKind(t, err, fault.Forbidden, "change notice")
	w.ask(w.owner.CompanyID, "contacts")
	err = s.RemoveContact(ctx, w.owner, emp.ID, emp.Version)
	wantKind(t, err, fault.Invalid, "at least 2 contacts")
	if n := w.count("select count(*)::int from contact where removed_at is not null"); n != 0 {
		t.Error("a refused removal removed")
	}
	third := must[Contact](t)(s.AddContact(ctx, w.owner, contact("Third", Officer)))
	err = s.RemoveContact(ctx, w.owner, off.ID, off.Version)
	wantKind(t, err, fault.Invalid, "Keep a primary contact")
	must[Contact](t)(s.MakePrimary(ctx, w.owner, third.ID, third.Version))
}

// ask opens a part by an information request.
func (w *world) ask(company uuid.UUID, part string) {
	w.t.Helper()
	app, req := pg.NewID(), pg.NewID()
	w.exec(`update application set status = 'withdrawn', closed_at = now() where company_id = ? and closed_at is null`, company)
	w.application(company, app, "information_requested")
	w.exec(`insert into information_request (id, application_id, company_id, message, due_on, sent_at) values (?, ?, ?, 'm', '2026-04-01', now())`, req, app, company)
	w.exec(`insert into information_item (id, request_id, application_id, company_id, part, question) values (?, ?, ?, ?, ?, 'q')`, pg.NewID(), req, app, company, part)
}

func TestStandingRule(t *testing.T) {
	t.Parallel()
	all := func(open bool) map[Part]bool {
		return map[Part]bool{ProfilePart: open, SitesPart: open, ContactsPart: open, IdentifiersPart: open}
	}
	one := func(p Part) map[Part]bool { m := all(false); m[p] = true; return m }
	cases := []struct {
		name string
		s    Standing
		open map[Part]bool
	}{
		{"nothing yet", Standing{}, all(true)},
		{"draft", Standing{Applications: []string{"draft"}}, all(true)},
		{"submitted", Standing{Applications: []string{"submitted"}}, all(false)},
		{"in review", Standing{Applications: []string{"in_review"}}, all(false)},
		{"recommended", Standing{Applications: []string{"recommended"}}, all(false)},
		{"hearing", Standing{Applications: []string{"draft", "hearing"}}, all(false)},
		{"asked for nothing of the account", Standing{Applications: []string{"information_requested"}, Asked: []Part{"agreement"}}, all(false)},
		{"asked for sites", Standing{Applications: []string{"information_requested"}, Asked: []Part{SitesPart}}, one(SitesPart)},
		{"asked for numbers while a member", Standing{Applications: []string{"information_requested"}, Member: true, Asked: []Part{IdentifiersPart}}, one(IdentifiersPart)},
		{"member", Standing{Member: true}, all(false)},
		{"over", Standing{Applications: []string{"rejected", "withdrawn", "lapsed", "certified"}}, all(true)},
	}
	for _, c := range cases {
		for _, p := range Parts() {
			if got := c.s.Open(p); got != c.open[p] {
				t.Errorf("%s: %s open %t", c.name, p, got)
			}
		}
	}
}

func TestLockedAccountChangesByNoticeOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, ctx := w.svc, w.ctx
	st := must[Site](t)(s.AddSite(ctx, w.owner, site("North")))
	off, _ := w.team(w.owner)
	id := must[Added](t)(s.AddIdentifier(ctx, w.owner, IdentifierEntry{Scheme: "ein", Value: "123456789"})).Identifier
	nm := must[TradeName](t)(s.AddTradeName(ctx, w.owner, NameEntry{Name: "Acme"}))
	w.application(w.owner.CompanyID, pg.NewID(), "submitted")
	e := site("N2")
	e.Version = st.Version
	k := contact("X", Officer)
	k.Version = w.count("select version from contact where id = $1", off.ID)
	for name, err := range map[string]error{
		"site.add":          second(s.AddSite(ctx, w.owner, site("X"))),
		"site.change":       second(s.ChangeSite(ctx, w.owner, st.ID, e)),
		"site.close":        second(s.CloseSite(ctx, w.owner, st.ID, st.Version, "2026-03-01")),
		"contact.add":       second(s.AddContact(ctx, w.owner, k)),
		"contact.change":    second(s.ChangeContact(ctx, w.owner, off.ID, k)),
		"contact.primary":   second(s.MakePrimary(ctx, w.owner, off.ID, k.Version)),
		"contact.remove":    s.RemoveContact(ctx, w.owner, off.ID, k.Version),
		"identifier.add":    second(s.AddIdentifier(ctx, w.owner, IdentifierEntry{Scheme: "scac", Value: "ABCD"})),
		"identifier.remove": s.RemoveIdentifier(ctx, w.owner, id.ID, id.Version),
		"name.add":          second(s.AddTradeName(ctx, w.owner, NameEntry{Name: "New"})),
		"name.remove":       s.RemoveTradeName(ctx, w.owner, nm.ID, nm.Version),
	} {
		if fault.KindOf(err) != fault.Forbidden || !strings.Contains(err.Error(), "change notice") {
			t.Errorf("%s on a locked account: %v", name, err)
		}
	}
	p := Profile{Name: "Acme Freight Inc.", Country: "US", Phone: "+1 202 555 0100", Employees: "7", Website: "x.example.org", History: "h", Version: 1}
	c := must[Company](t)(s.ChangeProfile(ctx, w.owner, p))
	p.Name, p.Version = "Other", c.Version
	_, err := s.ChangeProfile(ctx, w.owner, p)
	if f := fault.Fields(err); len(f) != 1 || f[0].Name != "name" {
		t.Errorf("a locked name: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestPersonalNumbersAreSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := must[Added](t)(w.svc.AddIdentifier(w.ctx, w.owner, IdentifierEntry{Scheme: "ior_ssn", Value: "123-45-6789"}))
	if strings.Contains(a.Identifier.Value, "123456789") || a.Identifier.Shown() != "•••••6789" || a.Identifier.SearchKey != "" {
		t.Errorf("kept as %q, shown as %q", a.Identifier.Value, a.Identifier.Shown())
	}
	b := must[Added](t)(w.svc.AddIdentifier(w.ctx, w.rival, IdentifierEntry{Scheme: "ior_ssn", Value: "123456789"}))
	if !b.Elsewhere {
		t.Error("the same sealed number in another account was not found")
	}
	if forms := must[[]string](t)(w.svc.SealedForms("123 45 6789")); len(forms) != 1 || forms[0] != a.Identifier.Value {
		t.Errorf("searching gives %v", forms)
	}
	if n := w.count(`select count(*)::int from audit_event where before::text like '%123456789%' or after::text like '%123456789%' or after::text like '%123-45%'`); n != 0 {
		t.Error("the audit trail has the number in clear")
	}
	n, err := w.svc.RevealIdentifier(w.ctx, w.staff, w.owner.CompanyID, a.Identifier.ID, "Vetting of the importer")
	if err != nil || n != "123-45-6789" {
		t.Errorf("revealed %q, %v", n, err)
	}
	if got := w.count(`select count(*)::int from audit_event where action = 'identifier.reveal' and internal and reason = 'Vetting of the importer'`); got != 1 {
		t.Error("the reveal left no event")
	}
	_, err = w.svc.RevealIdentifier(w.ctx, w.staff, w.owner.CompanyID, a.Identifier.ID, "")
	wantKind(t, err, fault.Invalid, "why you need")
	_, err = w.svc.RevealIdentifier(w.ctx, w.owner, w.owner.CompanyID, a.Identifier.ID, "mine, all mine")
	wantKind(t, err, fault.Forbidden, "agency")
	_, err = w.svc.RevealIdentifier(w.ctx, as(w.staff, identity.Auditor), w.owner.CompanyID, a.Identifier.ID, "curious me")
	wantKind(t, err, fault.Forbidden, "not act")
	if _, err := openNumber([]byte(strings.Repeat("x", 32)), "ior_ssn", a.Identifier.Value); err == nil {
		t.Error("another key opened the number")
	}
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, ctx := w.svc, w.ctx
	must[Added](t)(s.AddIdentifier(ctx, w.rival, IdentifierEntry{Scheme: "lei", Value: "529900T8BM49AURSDO55"}))
	a := must[Added](t)(s.AddIdentifier(ctx, w.owner, IdentifierEntry{Scheme: "lei", Value: "5299 00T8 BM49 AURS DO55"}))
	if !a.Elsewhere {
		t.Error("the number of another account was not noticed")
	}
	must[TradeName](t)(s.AddTradeName(ctx, w.owner, NameEntry{Name: "Zéphyr Lines"}))
	like := w.register("ACME FREIGHT INC")
	list := must[[]DuplicateItem](t)(s.Duplicates(ctx, w.staff, w.owner.CompanyID))
	why := map[string]int{}
	for _, d := range list {
		why[d.Why]++
		if d.OtherID == w.owner.CompanyID {
			t.Error("an account is no duplicate of itself")
		}
	}
	if why["identifier"] != 1 || why["name"] != 2 {
		t.Fatalf("found %v: %+v", why, list)
	}
	_, err := s.Duplicates(ctx, w.owner, w.owner.CompanyID)
	wantKind(t, err, fault.NotFound, "")
	_, err = s.Duplicates(ctx, w.staff, pg.NewID())
	wantKind(t, err, fault.NotFound, "")
	d := list[0]
	wantKind(t, s.SettleDuplicate(ctx, w.owner, d.ID, "no idea"), fault.NotFound, "")
	wantKind(t, s.SettleDuplicate(ctx, w.staff, pg.NewID(), "no idea"), fault.NotFound, "")
	wantKind(t, s.SettleDuplicate(ctx, w.staff, d.ID, ""), fault.Invalid, "what you found out")
	elsewhere := w.staff
	elsewhere.Offices, elsewhere.OfficeID = []uuid.UUID{w.root}, w.root
	wantKind(t, s.SettleDuplicate(ctx, elsewhere, d.ID, "two firms"), fault.Forbidden, "Another office")
	if won := together(8, func(int) error { return s.SettleDuplicate(ctx, w.staff, d.ID, "Two firms of one owner") }); won != 1 {
		t.Errorf("%d of 8 settled it", won)
	}
	if n := w.count(`select count(*)::int from audit_event where action = 'company.settle_duplicate' and internal`); n != 1 {
		t.Error("settling left no event")
	}
	// The company that raised the note cannot see it, not even by raw SQL.
	var n int
	if err := w.db.Batch(ctx, like.Scope(), pg.Value(&n, "select count(*)::int from possible_duplicate")); err != nil || n != 0 {
		t.Errorf("a company sees %d notes, %v", n, err)
	}
}

func TestFenceHidesOtherCompanies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must[Site](t)(w.svc.AddSite(w.ctx, w.owner, site("North")))
	w.team(w.owner)
	must[Added](t)(w.svc.AddIdentifier(w.ctx, w.owner, IdentifierEntry{Scheme: "scac", Value: "ABCD"}))
	must[TradeName](t)(w.svc.AddTradeName(w.ctx, w.owner, NameEntry{Name: "Acme"}))
	must[ChangeNotice](t)(w.svc.OpenNotice(w.ctx, w.owner, NoticeEntry{EffectiveOn: "2026-03-03", Explanation: "x"}))
	for _, table := range []string{"trade_name", "site", "contact", "company_identifier", "change_notice"} {
		for name, scope := range map[string]pg.Scope{"a rival": w.rival.Scope(), "nobody": {}, "a partner": {Kind: "partner", Agency: pg.NewID()}, "a person": {Kind: "person", Person: w.rival.PersonID}} {
			var n int
			if err := w.db.Batch(w.ctx, scope, pg.Value(&n, "select count(*)::int from "+table)); err != nil || n != 0 {
				t.Errorf("%s sees %d rows of %s, %v", name, n, table, err)
			}
		}
	}
	var names []struct{ Name string }
	if err := w.db.Batch(w.ctx, w.rival.Scope(), pg.All(&names, "select name from company")); err != nil || len(names) != 1 || names[0].Name != "Zephyr Lines GmbH" {
		t.Errorf("a rival sees the companies %v, %v", names, err)
	}
	_, err := w.svc.Account(w.ctx, w.rival, w.owner.CompanyID)
	wantKind(t, err, fault.NotFound, "")
	_, none := w.svc.Account(w.ctx, w.rival, pg.NewID())
	if err.Error() != none.Error() {
		t.Errorf("%v differs from %v", err, none)
	}
	if a := must[Account](t)(w.svc.Account(w.ctx, as(w.staff, identity.Auditor), w.owner.CompanyID)); len(a.Contacts) != 2 {
		t.Error("an auditor cannot read")
	}
}

// TestLooksAreRecorded: whenever the agency reads an account, that is an event; the
// company's own people leave none, and neither does a look at what is not there.
func TestLooksAreRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := must[ChangeNotice](t)(w.svc.OpenNotice(w.ctx, w.owner, NoticeEntry{EffectiveOn: "2026-12-01", Explanation: "We moved"}))
	w.exec(`update change_notice set status = 'sent', sent_at = now() where id = ?`, n.ID)
	read := func(by identity.Actor, company, notice uuid.UUID) {
		for _, read := range []func() error{
			func() error { _, err := w.svc.Account(w.ctx, by, company); return err },
			func() error { _, _, err := w.svc.History(w.ctx, by, company, 0); return err },
			func() error { _, err := w.svc.Notice(w.ctx, by, notice); return err },
			func() error { _, err := w.svc.Duplicates(w.ctx, by, company); return err },
		} {
			if err := read(); err != nil && fault.KindOf(err) != fault.NotFound {
				t.Error(err)
			}
		}
	}
	looks := `select count(*)::int from audit_event where action in ('company.read', 'change_notice.read')`
	auditor := as(w.staff, identity.Auditor)
	read(w.owner, w.owner.CompanyID, n.ID)
	read(w.rival, w.owner.CompanyID, n.ID)
	read(auditor, pg.NewID(), pg.NewID())
	read(as(w.staff, identity.Administrator), w.owner.CompanyID, n.ID)
	if got := w.count(looks); got != 0 {
		t.Errorf("%d looks on record, want none", got)
	}
	read(auditor, w.owner.CompanyID, n.ID)
	if got := w.count(looks+` and internal and company_id = $1 and person_id = $2`, w.owner.CompanyID, auditor.PersonID); got != 4 {
		t.Errorf("%d looks on record, want 4", got)
	}
	if list, _, err := w.svc.History(w.ctx, auditor, w.owner.CompanyID, 0); err != nil || slices.ContainsFunc(list, func(e HistoryEntry) bool { return strings.HasSuffix(e.Action, ".read") }) {
		t.Errorf("the history of changes lists looks: %v", err)
	}
}

func TestHistoryPagesAndHidesTheAgency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 60 {
		must[TradeName](t)(w.svc.AddTradeName(w.ctx, w.owner, NameEntry{Name: fmt.Sprintf("Name %d \\ \"q\"", i)}))
	}
	seen := 0
	var last int64
	for {
		page, more, err := w.svc.History(w.ctx, w.owner, w.owner.CompanyID, last)
		if err != nil {
			t.Fatal(err)
		}
		seen += len(page)
		if !more {
			break
		}
		last = page[len(page)-1].ID
	}
	if seen != 61 {
		t.Errorf("the history has %d entries, want 60 names and the registration", seen)
	}
	page, _, err := w.svc.History(w.ctx, w.owner, w.owner.CompanyID, 0)
	if err != nil || page[0].After["name"] != `Name 59 \ "q"` || page[0].Actor == "" {
		t.Errorf("newest: %+v, %v", page[0], err)
	}
	_, _, err = w.svc.History(w.ctx, w.rival, w.owner.CompanyID, 0)
	wantKind(t, err, fault.NotFound, "")
}

func TestDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	st := must[Site](t)(w.svc.AddSite(w.ctx, w.owner, site("North")))
	_, err := w.svc.CloseSite(w.ctx, w.owner, st.ID, st.Version, "2026-03-04")
	wantKind(t, err, fault.Invalid, "in the past")
	_, err = w.svc.CloseSite(w.ctx, w.owner, st.ID, st.Version, "2026-02-30")
	wantKind(t, err, fault.Invalid, "day that exists")
	st = must[Site](t)(w.svc.CloseSite(w.ctx, w.owner, st.ID, st.Version, "2026-03-03"))
	_, err = w.svc.CloseSite(w.ctx, w.owner, st.ID, st.Version, "2026-03-03")
	wantKind(t, err, fault.Conflict, "closed")
	for _, c := range Countries() {
		for _, z := range Zones(c) {
			if _, err := time.LoadLocation(z); err != nil {
				t.Errorf("%s: %v", c, err)
			}
		}
	}
	e := site("Berlin")
	e.Country, e.Zone = "FR", ""
	if st := must[Site](t)(w.svc.AddSite(w.ctx, w.owner, e)); st.Zone != "Europe/Paris" {
		t.Errorf("France has %s", st.Zone)
	}
}
