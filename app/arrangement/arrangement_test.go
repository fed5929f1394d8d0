package arrangement_test

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
)

func TestMain(m *testing.M) { apptest.Run(m) }

func register(t *testing.T, w *reviewtest.World) *arrangement.Register {
	t.Helper()
	r, err := arrangement.Own(w.Steps.Programmes)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func day(t *testing.T, s string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheRegisterHoldsEveryPublishedArrangement(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-04T15:00:00Z")
	r := register(t, w)
	if n := len(r.All()); n != 67 {
		t.Errorf("%d arrangements, want 67", n)
	}
	if n, m := len(r.Of("ctpat")), len(r.Of("eu-aeo")); n != 18 || m != 9 {
		t.Errorf("CTPAT takes part in %d, the European programme in %d, want 18 and 9", n, m)
	}
	a, _ := r.Get("us-ctpat-nz-ses")
	if a.Signed != "2007-06" || a.InForce != "" || a.Confidence != "high" || !strings.Contains(a.Notes, "3.5 times") || !strings.Contains(a.Source, "jiffa") {
		t.Errorf("New Zealand: %+v", a)
	}
	both, _ := r.Get("us-ctpat-eu-aeo")
	here, _ := both.For("ctpat")
	there, _ := both.For("eu-aeo")
	if r.Key(both, "ctpat") != both.Code || r.Key(both, "eu-aeo") != arrangement.Everywhere || len(here.Countries) != 27 || !slices.Equal(there.Countries, []string{"US"}) {
		t.Errorf("both sides: %+v %+v", here, there)
	}
	if m, _ := r.Get("eu-aeo-us-ctpat"); m.Mirrors != both.Code || m.Ours() {
		t.Errorf("the mirrored row: %+v", m)
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-04T15:00:00Z")
	r := register(t, w)
	a, _ := r.Get("us-ctpat-eu-aeo")
	today := day(t, "2026-03-04")
	for _, c := range []struct {
		home, entity, tier string
		types              []string
		reason             string
	}{
		{"ctpat", "importer", "tier_1", []string{"membership"}, arrangement.TierTooLow},
		{"ctpat", "importer", "tier_2", []string{"membership"}, ""},
		{"ctpat", "exporter", "tier_3", []string{"membership"}, ""},
		{"eu-aeo", "aeoc", "authorised", []string{"aeoc"}, arrangement.TypeNotCovered},
		{"eu-aeo", "aeos", "authorised", []string{"aeos"}, ""},
		{"eu-aeo", "aeof", "authorised", []string{"aeoc", "aeos"}, ""},
		{"eu-aeo", "aeof", "authorised", []string{"aeoc"}, arrangement.TypeNotCovered}, // it lost the other type
	} {
		o, _ := a.For(c.home)
		for _, flow := range []string{"", arrangement.HomeToPartner, arrangement.PartnerToHome} {
			if ok, reason := o.Covers(today, flow, c.entity, c.tier, c.types); ok != (c.reason == "") || reason != c.reason {
				t.Errorf("%+v: %v %q", c, ok, reason)
			}
		}
	}
	narrow := arrangement.Operative{Scope: []arrangement.Rule{{Flow: arrangement.HomeToPartner, EntityTypes: []string{"exporter"}, From: "2027-01-01"}}}
	if ok, _ := narrow.Covers(today, "", "exporter", "tier_2", nil); ok {
		t.Error("covered before the rule's day")
	}
	if ok, _ := narrow.Covers(day(t, "2027-01-01"), arrangement.PartnerToHome, "exporter", "tier_2", nil); ok {
		t.Error("covered in the other direction")
	}
	if ok, _ := narrow.Covers(day(t, "2027-01-01"), arrangement.HomeToPartner, "exporter", "tier_2", nil); !ok {
		t.Error("not covered on the rule's day")
	}
}

// TestLife: what is known of an arrangement on two axes of time.
func TestLife(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s+"T12:00:00Z")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	wrong := uuid.New()
	l := arrangement.Life{Of: arrangement.Arrangement{Signed: "2024-05", InForce: "2024-12"}, Events: []arrangement.Event{
		{ID: uuid.New(), Kind: arrangement.Suspended, OnDay: day(t, "2025-06-01"), RecordedAt: at("2025-05-20")},
		{ID: uuid.New(), Kind: arrangement.Resumed, OnDay: day(t, "2025-08-01"), RecordedAt: at("2025-07-30")},
		{ID: wrong, Kind: arrangement.Ended, OnDay: day(t, "2026-01-01"), RecordedAt: at("2025-12-01")},
		{ID: uuid.New(), Kind: arrangement.Overturned, Undoes: &wrong, OnDay: day(t, "2026-01-01"), RecordedAt: at("2026-02-01")},
	}}
	late := at("2026-03-01")
	for _, c := range []struct {
		on    string
		known time.Time
		want  arrangement.State
	}{
		{"2024-05-30", late, arrangement.Unknown}, {"2024-05-31", late, arrangement.Agreed}, {"2024-12-30", late, arrangement.Agreed},
		{"2024-12-31", late, arrangement.Running}, {"2025-06-01", late, arrangement.OnHold}, {"2025-06-01", at("2025-05-19"), arrangement.Running},
		{"2025-08-01", at("2025-07-29"), arrangement.OnHold}, {"2025-08-01", late, arrangement.Running},
		{"2026-01-01", at("2026-01-15"), arrangement.Terminated}, {"2026-01-01", late, arrangement.Running},
	} {
		if got := l.On(day(t, c.on), c.known); got != c.want {
			t.Errorf("on %s, known %s: %s, want %s", c.on, c.known.Format(time.DateOnly), got, c.want)
		}
	}
	// Acceptance example (f): Canada and the Union.
	ca := arrangement.Life{Of: arrangement.Arrangement{Signed: "2025", InForce: "2025-08-01"}}
	if ca.On(day(t, "2025-07-31"), late) == arrangement.Running || ca.On(day(t, "2025-08-01"), late) != arrangement.Running {
		t.Error("the first day in force is not the first")
	}
}

func TestBrokenFilesAreRefused(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-04T15:00:00Z")
	rules, err := os.ReadFile("../../config/arrangements/rules.yaml")
	w.Must(err)
	good, err := os.ReadFile("../../config/arrangements/us-ctpat.yaml")
	w.Must(err)
	for what, c := range map[string]struct{ from, to, says string }{
		"another programme": {"home: ctpat\n", "home: mars\n", "no programme"},
		"another tier":      {"[tier_2, tier_3]", "[tier_9]", "no tier"},
		"a date":            {`signed: "2007-06"`, `signed: "2007-13"`, "no date"},
		"twice":             {"code: us-ctpat-ca-pip", "code: us-ctpat-nz-ses", "twice"},
		"a person":          {"mra-desk@nz-customs.example", "John Doe", "address"},
		"a scheme":          {"schemes: [jp_naccs]", "schemes: [moon]", "partner number"},
	} {
		text := strings.Replace(string(good), c.from, c.to, 1)
		if text == string(good) {
			t.Fatalf("%s: the text to break is not there", what)
		}
		_, err := arrangement.Load(fstest.MapFS{"rules.yaml": {Data: rules}, "us-ctpat.yaml": {Data: []byte(text)}}, w.Steps.Programmes)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

type world struct {
	*reviewtest.World
	svc   *arrangement.Service
	chief identity.Actor // another of headquarters
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: reviewtest.New(t, "2026-03-04T15:00:00Z")}
	w.svc = &arrangement.Service{DB: w.DB, Now: w.Clock.Now, Register: register(t, w.World)}
	w.chief = w.Staff("Hugo Headquarters", identity.Headquarters, w.HQ)
	return w
}

func (w *world) state(code string) arrangement.State {
	w.T.Helper()
	r, err := w.svc.Show(w.Ctx, w.Chief, code)
	w.Must(err)
	return r.State
}

const nz = "us-ctpat-nz-ses"

func TestHeadquartersKeepsTheRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if w.state(nz) != arrangement.Agreed {
		t.Errorf("as published: %s", w.state(nz))
	}
	start := arrangement.RecordEntry{Kind: arrangement.Start, Day: "2009-02-01", Source: "Joint statement"}
	e, err := w.svc.Record(w.Ctx, w.Chief, nz, start)
	w.Must(err)
	if w.state(nz) != arrangement.Running {
		t.Errorf("after its start was recorded: %s", w.state(nz))
	}
	_, err = w.svc.Record(w.Ctx, w.Chief, nz, start)
	w.Want("the same again", err, fault.Conflict)
	w.Must(w.svc.Overturn(w.Ctx, w.chief, nz, e.ID, "It was another arrangement"))
	w.Want("twice", w.svc.Overturn(w.Ctx, w.chief, nz, e.ID, "It was another arrangement"), fault.Conflict)
	if w.state(nz) != arrangement.Agreed {
		t.Errorf("after it was taken back: %s", w.state(nz))
	}
	_, err = w.svc.Record(w.Ctx, w.Chief, nz, arrangement.RecordEntry{Kind: arrangement.Phase, Phase: "upkeep", Day: "2013-07-01", Source: "Visit to the partner"})
	w.Must(err)
	r, err := w.svc.Show(w.Ctx, w.Sam, nz)
	w.Must(err)
	if on, ok := r.Life.Reached("upkeep", r.Known); !ok || on.String() != "2013-07-01" || len(r.Life.Events) != 3 || r.May.Keep {
		t.Errorf("the page: %+v", r)
	}
	if n := w.Count(`select count(*)::int from audit_event where action like 'arrangement.%'`); n != 3 {
		t.Errorf("%d audit events, want 3", n)
	}
	if err := w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error { return tx.Exec(`delete from arrangement_event`).Error }); err == nil {
		t.Error("events can be deleted")
	}
	list, err := w.svc.List(w.Ctx, w.Auditor, arrangement.Filter{Ours: true})
	w.Must(err)
	if list.Found != 27 || len(list.Items) != 20 || list.Pages() != 2 {
		t.Errorf("%d are ours, want 27 with the mirrored one, on two pages", list.Found)
	}
	if list, err = w.svc.List(w.Ctx, w.Auditor, arrangement.Filter{Ours: true, Page: 9}); err != nil || len(list.Items) != 7 || list.Filter.Page != 2 {
		t.Errorf("the last page has %d: %v", len(list.Items), err)
	}
	if list, err = w.svc.List(w.Ctx, w.Auditor, arrangement.Filter{Find: " ctpat  NZ "}); err != nil || list.Found == 0 || list.Found > 3 {
		t.Errorf("looked for New Zealand and found %d: %v", list.Found, err)
	}
	list, err = w.svc.List(w.Ctx, w.Auditor, arrangement.Filter{State: arrangement.Running})
	w.Must(err)
	if list.Found != list.Counts[arrangement.Running] || list.Found < 20 {
		t.Errorf("%d in force, counted %d", list.Found, list.Counts[arrangement.Running])
	}
}

func TestSuspendingTakesTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const eu = "us-ctpat-eu-aeo"
	in := arrangement.ProposeEntry{Kind: arrangement.Suspended, Day: "2026-03-04", Source: "Note of the partner", Note: "Compatibility has ended"}
	p, err := w.svc.Propose(w.Ctx, w.Chief, eu, in)
	w.Must(err)
	if w.state(eu) != arrangement.Running {
		t.Error("a proposal alone suspends")
	}
	_, err = w.svc.Propose(w.Ctx, w.chief, eu, in)
	w.Want("two at once", err, fault.Conflict)
	w.Want("by oneself", w.svc.Approve(w.Ctx, w.Chief, eu, p.ID, arrangement.DecideEntry{Version: 1}), fault.Conflict)
	w.Want("another takes it back", w.svc.TakeBack(w.Ctx, w.chief, eu, p.ID, arrangement.DecideEntry{Version: 1}), fault.Conflict)
	w.Want("a stale page", w.svc.Approve(w.Ctx, w.chief, eu, p.ID, arrangement.DecideEntry{Version: 9}), fault.Conflict)
	w.Want("under another arrangement", w.svc.Approve(w.Ctx, w.chief, nz, p.ID, arrangement.DecideEntry{Version: 1}), fault.NotFound)
	w.Want("refused without a reason", w.svc.Refuse(w.Ctx, w.chief, eu, p.ID, arrangement.DecideEntry{Version: 1}), fault.Invalid)
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wait.Go(func() { errs[i] = w.svc.Approve(w.Ctx, w.chief, eu, p.ID, arrangement.DecideEntry{Version: 1}) })
	}
	wait.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else if fault.KindOf(err) != fault.Conflict {
			t.Errorf("at once: %v", err)
		}
	}
	if done != 1 || w.Count(`select count(*)::int from arrangement_event where kind = 'suspended'`) != 1 || w.state(eu) != arrangement.OnHold {
		t.Errorf("%d of four approvals at once went through; it is %s", done, w.state(eu))
	}
	in.Day = "2026-03-20"
	_, err = w.svc.Propose(w.Ctx, w.Chief, eu, in)
	w.Want("suspended already", err, fault.Conflict)
	in.Kind = arrangement.Resumed
	p, err = w.svc.Propose(w.Ctx, w.Chief, eu, in)
	w.Must(err)
	w.Must(w.svc.TakeBack(w.Ctx, w.Chief, eu, p.ID, arrangement.DecideEntry{Version: 1}))
	p, err = w.svc.Propose(w.Ctx, w.Chief, eu, in)
	w.Must(err)
	w.Must(w.svc.Approve(w.Ctx, w.chief, eu, p.ID, arrangement.DecideEntry{Version: 1}))
	if w.state(eu) != arrangement.OnHold {
		t.Error("it is resumed before its day")
	}
	w.Clock.Move(20 * 24 * time.Hour)
	if w.state(eu) != arrangement.Running {
		t.Error("it is not resumed on its day")
	}
}

func TestWhoMayKeepTheRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.Importer("Harbor Trading LLC")
	agency := pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, 'kiwi', 'Kiwi Customs', 'NZ', 'Pacific/Auckland', ?)`, agency, w.Clock.Now())
	partner := identity.Actor{PersonID: uuid.New(), Audience: identity.Partners, Role: identity.Officer, AgencyID: agency}
	for name, by := range map[string]identity.Actor{"a specialist": w.Sam, "a supervisor": w.Boss, "an auditor": w.Auditor, "an administrator": w.Admin, "a company": owner, "a partner": partner} {
		_, err := w.svc.Record(w.Ctx, by, nz, arrangement.RecordEntry{Kind: arrangement.Start, Day: "2009-02-01", Source: "Statement"})
		w.Want(name+" records", err, fault.NotFound)
		_, err = w.svc.Propose(w.Ctx, by, nz, arrangement.ProposeEntry{Kind: arrangement.Ended, Day: "2026-03-04", Source: "Statement", Note: "Over"})
		w.Want(name+" proposes", err, fault.NotFound)
		w.Want(name+" decides", w.svc.Approve(w.Ctx, by, nz, uuid.New(), arrangement.DecideEntry{}), fault.NotFound)
		w.Want(name+" ties", w.svc.Tie(w.Ctx, by, nz, agency), fault.NotFound)
	}
	for name, by := range map[string]identity.Actor{"an administrator": w.Admin, "a company": owner, "a partner": partner} {
		_, err := w.svc.List(w.Ctx, by, arrangement.Filter{})
		w.Want(name+" lists", err, fault.NotFound)
		_, err = w.svc.Show(w.Ctx, by, nz)
		w.Want(name+" reads", err, fault.NotFound)
	}
	for what, in := range map[string]arrangement.RecordEntry{"no day": {Kind: arrangement.Start, Source: "Statement"}, "no source": {Kind: arrangement.Start, Day: "2009-02-01"},
		"a step for two": {Kind: arrangement.Suspended, Day: "2026-03-04", Source: "Statement"}, "no phase": {Kind: arrangement.Phase, Day: "2009-02-01", Source: "Statement"}, "a far day": {Kind: arrangement.Start, Day: "2099-02-01", Source: "Statement"}} {
		_, err := w.svc.Record(w.Ctx, w.Chief, nz, in)
		w.Want(what, err, fault.Invalid)
	}
	_, err := w.svc.Record(w.Ctx, w.Chief, "nowhere", arrangement.RecordEntry{})
	w.Want("no such arrangement", err, fault.NotFound)
	_, err = w.svc.Propose(w.Ctx, w.Chief, "us-ctpat-eu-aeo", arrangement.ProposeEntry{Kind: arrangement.Suspended, Day: "2026-03-03", Source: "Statement", Note: "Late"})
	w.Want("in the past", err, fault.Invalid)

	w.Must(w.svc.Tie(w.Ctx, w.Chief, nz, agency))
	w.Must(w.svc.Tie(w.Ctx, w.Chief, nz, agency)) // twice is once
	w.Want("no such agency", w.svc.Tie(w.Ctx, w.Chief, nz, uuid.New()), fault.Invalid)
	w.Want("no programme of ours", w.svc.Tie(w.Ctx, w.Chief, "jp-aeo-nz-ses", agency), fault.Conflict)
	w.Must(w.svc.Untie(w.Ctx, w.Chief, nz, agency))
	w.Want("untied already", w.svc.Untie(w.Ctx, w.Chief, nz, agency), fault.NotFound)
	w.Must(w.svc.Tie(w.Ctx, w.Chief, nz, agency))
	if n := w.Count(`select count(*)::int from audit_event where action in ('arrangement.tie', 'arrangement.untie')`); n != 3 {
		t.Errorf("%d audit events of partners, want 3", n)
	}
}
