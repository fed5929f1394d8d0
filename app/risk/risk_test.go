package risk_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/schema"

	"trustedtrader/app/clock"
	"trustedtrader/app/datafile"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
	"trustedtrader/app/risk"
	"trustedtrader/config"
)

func TestFactors(t *testing.T) {
	t.Parallel()
	f := factors(t)
	if len(f.Threats) != 6 || len(f.Vulnerabilities) != 10 {
		t.Errorf("%d threats, %d vulnerabilities", len(f.Threats), len(f.Vulnerabilities))
	}
	content, err := fs.ReadFile(config.Risk, "risk/factors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	load := func(from, to string) error {
		text := strings.Replace(string(content), from, to, 1)
		if text == string(content) {
			t.Fatalf("the file has no %q", from)
		}
		_, err := risk.LoadFactors(fstest.MapFS{"factors.yaml": {Data: []byte(text)}})
		return err
	}
	for _, c := range []struct{ name, from, to, want string }{
		{"unknown key", "edition:", "edtion:", `unknown key "edtion"`},
		{"no edition", `edition: "2026.1"`, `edition: ""`, "factors.yaml:17: edition: "},
		{"odd code", "code: terrorism", "code: Terror ism", "factors.yaml:20: code: "},
		{"code twice", "code: contraband", "code: terrorism", `the code "terrorism" is there twice`},
		{"no words", "low: No attack and no warning is known for the countries and places along the lane.", `low: ""`, "factors.yaml:23: low: "},
		{"threat with category", "name: Terrorism", "name: Terrorism\n    category: 3", `unknown key "category"`},
		{"category twice", "category: 4", "category: 3", "the category 3 is there twice"},
		{"band order", "from: 6", "from: 2", "each next one higher"},
		{"first band", "from: 1", "from: 2", "the first band begins at 1"},
		{"band too high", "from: 6", "from: 10", "from: "},
		{"band missing", "  - code: high\n    name: High\n    from: 6\n", "", "bands: "},
		{"bands mixed up", "  - code: low\n", "  - code: high\n", "low, medium and high, in this order"},
		{"not YAML", "threats:", "threats: [", "this is not YAML"},
		{"two documents", "bands:", "---\nbands:", "more than one YAML document"},
	} {
		if err := load(c.from, c.to); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := risk.LoadFactors(fstest.MapFS{}); err == nil {
		t.Error("no file was taken for one")
	}
	both := strings.NewReplacer(`edition: "2026.1"`, `edition: ""`, "code: terrorism", "code: T").Replace(string(content))
	var problems datafile.Problems
	if _, err := risk.LoadFactors(fstest.MapFS{"factors.yaml": {Data: []byte(both)}}); !errors.As(err, &problems) || len(problems) != 2 {
		t.Errorf("not every problem at once: %v", err)
	}
}

// The rule of the house: highest threat times highest vulnerability, and its bands.
func TestScoreRule(t *testing.T) {
	t.Parallel()
	f := factors(t)
	want := map[[2]int]string{{1, 1}: "1 low", {1, 2}: "2 low", {2, 1}: "2 low", {1, 3}: "3 medium", {3, 1}: "3 medium", {2, 2}: "4 medium",
		{2, 3}: "6 high", {3, 2}: "6 high", {3, 3}: "9 high", {0, 3}: "0 ", {3, 0}: "0 "}
	for pair, says := range want {
		if value, band := f.Score(pair[0], pair[1]); fmt.Sprintf("%d %s", value, band.Code) != says {
			t.Errorf("threat %d × vulnerability %d = %d %s, want %s", pair[0], pair[1], value, band.Code, says)
		}
	}
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	roles := slices.Concat(identity.RolesOf(identity.Companies), identity.RolesOf(identity.Staff), identity.RolesOf(identity.Partners), []identity.Role{identity.Clock})
	for _, from := range risk.Statuses() {
		for _, do := range risk.Actions() {
			for _, by := range roles {
				if to, err := risk.Lifecycle().Next(from, do, by, risk.Facts{Accepted: true}); err == nil {
					fmt.Fprintf(&b, "%s --%s--> %s: %s\n", from, do, to, by)
				}
			}
		}
	}
	path := filepath.Join("testdata", "lifecycle.txt")
	if os.Getenv("PORTAL_UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the legal moves changed; they are now:\n%s", b.String())
	}
	for name, c := range map[string]struct {
		facts risk.Facts
		says  string
	}{
		"something missing": {risk.Facts{Missing: []fault.Field{fault.F("", "Add a lane")}, Warnings: 1}, "Add a lane"},
		"not confirmed":     {risk.Facts{Warnings: 1}, "read the warnings"},
	} {
		_, err := risk.Lifecycle().Next(risk.Draft, risk.Finish, identity.Owner, c.facts)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRowsFitTheDatabase compares constants and rows with the tables.
func TestRowsFitTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	for what, ours := range map[string][]string{"risk_assessment.status": {"draft", "finished"}, "risk_leg.mode": nil} {
		table, column, _ := strings.Cut(what, ".")
		def := w.Text(`select pg_get_constraintdef(oid) from pg_constraint where conname = $1`, table+"_"+column+"_check")
		var theirs []string
		for _, m := range regexp.MustCompile(`'([a-z_]+)'`).FindAllStringSubmatch(def, -1) {
			theirs = append(theirs, m[1])
		}
		if ours == nil {
			for _, m := range risk.Modes() {
				ours = append(ours, string(m))
				if m.Name() == "" {
					t.Errorf("mode %s has no name", m)
				}
			}
		}
		if !slices.Equal(ours, theirs) {
			t.Errorf("%s: the database has %v, we have %v", what, theirs, ours)
		}
	}
	for _, s := range risk.Statuses() {
		if s.Name() == "" {
			t.Errorf("status %s has no name", s)
		}
	}
	for _, row := range []any{&risk.Assessment{}, &risk.Lane{}, &risk.Leg{}, &risk.Rating{}, &risk.Task{}} {
		sch, err := schema.Parse(row, &sync.Map{}, schema.NamingStrategy{SingularTable: true})
		w.Must(err)
		for _, f := range sch.Fields {
			if n := w.Count("select count(*)::int from information_schema.columns where table_name = $1 and column_name = $2", sch.Table, f.DBName); n != 1 {
				t.Errorf("%s has no column %s", sch.Table, f.DBName)
			}
		}
	}
}

func TestBegin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-01T03:00:00Z") // still 2025 in New York
	for who, by := range map[string]identity.Actor{"a reader": as(w.owner, identity.Reader), "a contributor": as(w.owner, identity.Contributor)} {
		_, err := w.s.Begin(w.Ctx, by, risk.BeginEntry{})
		w.Want(who, err, fault.Forbidden)
	}
	for who, by := range map[string]identity.Actor{"a specialist": w.Sam, "nobody": {}, "an administrator": w.Admin} {
		_, err := w.s.Begin(w.Ctx, by, risk.BeginEntry{})
		w.Want(who, err, fault.NotFound)
	}
	in := risk.BeginEntry{ID: pg.NewID()}
	a, err := w.s.Begin(w.Ctx, as(w.owner, identity.Representative), in)
	w.Must(err)
	if a.Title != "Risk assessment 2025" || a.Status != risk.Draft || a.PreviousID != nil {
		t.Errorf("begun: %+v", a)
	}
	b, err := w.s.Begin(w.Ctx, w.owner, in)
	w.Must(err)
	if b.ID != a.ID {
		t.Error("the same form sent twice began two")
	}
	_, err = w.s.Begin(w.Ctx, w.owner, risk.BeginEntry{})
	w.Want("a second draft", err, fault.Conflict)
	if !strings.Contains(err.Error(), "begun a risk assessment already") {
		t.Errorf("it says %v", err)
	}
	_, err = w.s.Begin(w.Ctx, w.rival, in)
	w.Want("another company's form", err, fault.Conflict)
	_, err = w.s.Begin(w.Ctx, w.rival, risk.BeginEntry{})
	w.Must(err)
	if n := w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.begin' and company_id = $1`, w.owner.CompanyID); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestBeginRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	won, lost := w.race(8, func(int) error {
		_, err := w.s.Begin(w.Ctx, w.owner, risk.BeginEntry{})
		return err
	})
	if won != 1 || lost != 7 {
		t.Errorf("%d began, %d were told", won, lost)
	}
}

// race does something many times at once and counts who won and who was told of a conflict.
func (w *world) race(n int, do func(i int) error) (won, lost int) {
	w.t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := do(i)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case fault.KindOf(err) == fault.Conflict:
				lost++
			default:
				w.t.Error(err)
			}
		})
	}
	wg.Wait()
	return won, lost
}

// Step 1.
func TestLanesAndLegs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a := w.begin()
	in := lane("Furniture from Vietnam")
	in.ID = pg.NewID()
	l, err := w.s.AddLane(w.Ctx, w.owner, a.ID, in)
	w.Must(err)
	if _, err = w.s.AddLane(w.Ctx, w.owner, a.ID, in); err != nil || len(w.sheet(a.ID).Lanes) != 1 {
		t.Errorf("the same form twice: %v", err)
	}
	if *l.Shipments != 1200 || l.Position != 1 {
		t.Errorf("lane %+v", l)
	}
	second, _ := w.lane(a, "Tiles from Mexico")
	third, _ := w.lane(a, "Lamps from Italy")

	change := l.Entry()
	change.Name, change.Shipments = "Chairs from Vietnam", ""
	l, err = w.s.ChangeLane(w.Ctx, w.owner, a.ID, l.ID, change)
	w.Must(err)
	change.Origin = "CN"
	_, err = w.s.ChangeLane(w.Ctx, w.owner, a.ID, l.ID, change)
	w.Want("an old version", err, fault.Conflict)
	if f := conflict(err); len(f) != 1 || f[0].Label != "From" || f[0].Yours != "China" || f[0].Theirs != "Vietnam" {
		t.Errorf("the conflict says %+v", f)
	}
	events := w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.change_lane'`)
	if _, err = w.s.ChangeLane(w.Ctx, w.owner, a.ID, l.ID, l.Entry()); err != nil || w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.change_lane'`) != events {
		t.Errorf("saving nothing: %v", err)
	}

	order := func() (names []string) {
		for _, l := range w.sheet(a.ID).Lanes {
			names = append(names, l.Name)
		}
		return names
	}
	w.Must(w.s.MoveLane(w.Ctx, w.owner, a.ID, third.ID, risk.Up))
	w.Must(w.s.MoveLane(w.Ctx, w.owner, a.ID, third.ID, risk.Up))
	w.Must(w.s.MoveLane(w.Ctx, w.owner, a.ID, third.ID, risk.Up)) // at the top it stays
	w.Must(w.s.MoveLane(w.Ctx, w.owner, a.ID, l.ID, risk.Down))
	if got := order(); !slices.Equal(got, []string{"Lamps from Italy", "Tiles from Mexico", "Chairs from Vietnam"}) {
		t.Errorf("order %v", got)
	}
	w.Must(w.s.RemoveLane(w.Ctx, w.owner, a.ID, second.ID, second.Version))
	w.Want("removing twice", w.s.RemoveLane(w.Ctx, w.owner, a.ID, second.ID, second.Version+1), fault.Conflict)
	w.Want("removing an old version", w.s.RemoveLane(w.Ctx, w.owner, a.ID, l.ID, 1), fault.Conflict)
	_, err = w.s.ChangeLane(w.Ctx, w.owner, a.ID, second.ID, lane("x"))
	w.Want("changing a removed lane", err, fault.Conflict)
	w.Want("moving a removed lane", w.s.MoveLane(w.Ctx, w.owner, a.ID, second.ID, risk.Up), fault.Conflict)
	w.Want("rating a removed lane", w.s.RateThreats(w.Ctx, w.owner, a.ID, second.ID, threats("1", "")), fault.Conflict)
	_, err = w.s.AddLeg(w.Ctx, w.owner, a.ID, second.ID, leg("Port", "MX", "sea"))
	w.Want("a leg of a removed lane", err, fault.Conflict)
	if got := order(); len(got) != 2 {
		t.Errorf("lanes %v", got)
	}

	entry := leg("Haiphong", "VN", "sea")
	entry.ID = pg.NewID()
	g, err := w.s.AddLeg(w.Ctx, w.owner, a.ID, l.ID, entry)
	w.Must(err)
	if _, err = w.s.AddLeg(w.Ctx, w.owner, a.ID, l.ID, entry); err != nil {
		t.Errorf("the same form twice: %v", err)
	}
	if !g.Trusted || !g.Rests() || *g.RestHours != 12 || g.Position != 1 {
		t.Errorf("leg %+v", g)
	}
	other, err := w.s.AddLeg(w.Ctx, w.owner, a.ID, l.ID, leg("Newark", "US", "road"))
	w.Must(err)
	edit := g.Entry()
	edit.Party, edit.Trusted = "Saigon Lines", ""
	g, err = w.s.ChangeLeg(w.Ctx, w.owner, a.ID, g.ID, edit)
	w.Must(err)
	_, err = w.s.ChangeLeg(w.Ctx, w.owner, a.ID, g.ID, entry)
	w.Want("an old version of a leg", err, fault.Conflict)
	w.Must(w.s.MoveLeg(w.Ctx, w.owner, a.ID, other.ID, risk.Up))
	if ll, _ := w.sheet(a.ID).Lane(l.ID); ll.Legs[0].Place != "Newark" {
		t.Errorf("legs %+v", ll.Legs)
	}
	w.Must(w.s.RemoveLeg(w.Ctx, w.owner, a.ID, other.ID, other.Version))
	w.Want("removing a leg twice", w.s.RemoveLeg(w.Ctx, w.owner, a.ID, other.ID, other.Version), fault.Conflict)
	w.Want("an old version removed", w.s.RemoveLeg(w.Ctx, w.owner, a.ID, g.ID, 1), fault.Conflict)
	w.Want("rating a removed leg", w.s.RateVulnerabilities(w.Ctx, w.owner, a.ID, other.ID, weaknesses("1", "")), fault.Conflict)
	for _, action := range []string{"add_lane", "change_lane", "move_lane", "remove_lane", "add_leg", "change_leg", "move_leg", "remove_leg"} {
		if n := w.Count(`select count(*)::int from audit_event where action = $1 and subject_id = $2 and company_id = $3`, "risk_assessment."+action, a.ID, w.owner.CompanyID); n == 0 {
			t.Errorf("no event %s", action)
		}
	}
}

func conflict(err error) []fault.Change {
	var f *fault.Error
	if asFault(err, &f) {
		return f.Changed
	}
	return nil
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a := w.begin()
	l, legs := w.lane(a, "Furniture")
	long := strings.Repeat("x", 5000)
	aLane := func(set func(*risk.LaneEntry)) error {
		e := lane("L")
		set(&e)
		_, err := w.s.AddLane(w.Ctx, w.owner, a.ID, e)
		return err
	}
	aLeg := func(set func(*risk.LegEntry)) error {
		e := leg("P", "VN", "sea")
		set(&e)
		_, err := w.s.AddLeg(w.Ctx, w.owner, a.ID, l.ID, e)
		return err
	}
	aTask := func(set func(*risk.TaskEntry)) error {
		e := task(l.ID.String())
		set(&e)
		_, err := w.s.AddTask(w.Ctx, w.owner, a.ID, e)
		return err
	}
	doc := func(set func(*risk.DocumentEntry)) error {
		e := document(a.Version)
		set(&e)
		_, err := w.s.Describe(w.Ctx, w.owner, a.ID, e)
		return err
	}
	rate := func(e risk.RatingEntry) error {
		return w.s.RateVulnerabilities(w.Ctx, w.owner, a.ID, legs[0].ID, []risk.RatingEntry{e})
	}
	for name, c := range map[string]struct {
		err         error
		field, says string
	}{
		"no name":         {aLane(func(e *risk.LaneEntry) { e.Name = " " }), "name", "Enter the name of the lane"},
		"NUL":             {aLane(func(e *risk.LaneEntry) { e.Name = "a\x00" }), "name", "hidden character"},
		"origin":          {aLane(func(e *risk.LaneEntry) { e.Origin = "ZZ" }), "origin", "Choose the country"},
		"destination":     {aLane(func(e *risk.LaneEntry) { e.Destination = "" }), "destination", "Choose the country"},
		"shipments":       {aLane(func(e *risk.LaneEntry) { e.Shipments = "many" }), "shipments", "whole number"},
		"goods":           {aLane(func(e *risk.LaneEntry) { e.Goods = long }), "goods", "500 characters"},
		"place":           {aLeg(func(e *risk.LegEntry) { e.Place = "" }), "place", "Enter the place"},
		"mode":            {aLeg(func(e *risk.LegEntry) { e.Mode = "teleport" }), "mode", "Choose how"},
		"country":         {aLeg(func(e *risk.LegEntry) { e.Country = "" }), "country", "Choose the country"},
		"right to left":   {aLeg(func(e *risk.LegEntry) { e.Party = "a\u202eb" }), "party", "hidden character"},
		"hours":           {aLeg(func(e *risk.LegEntry) { e.RestHours = "9999" }), "rest_hours", "from 0 to 8760"},
		"what":            {aTask(func(e *risk.TaskEntry) { e.What = "" }), "what", "Enter what is to be done"},
		"owner":           {aTask(func(e *risk.TaskEntry) { e.Owner = "" }), "owner", "Enter who does it"},
		"no day":          {aTask(func(e *risk.TaskEntry) { e.DueOn = "" }), "due_on", "Enter the day"},
		"30 February":     {aTask(func(e *risk.TaskEntry) { e.DueOn = "2026-02-30" }), "due_on", "day that exists"},
		"year 1":          {aTask(func(e *risk.TaskEntry) { e.DueOn = "0001-01-01" }), "due_on", "day that exists"},
		"done tomorrow":   {aTask(func(e *risk.TaskEntry) { e.DoneOn, e.Outcome = "2026-03-04", "x" }), "done_on", "day in the past"},
		"done, no word":   {aTask(func(e *risk.TaskEntry) { e.DoneOn = "2026-03-03" }), "outcome", "Enter the outcome"},
		"another lane":    {aTask(func(e *risk.TaskEntry) { e.Lane = uuid.NewString() }), "lane", "Choose a lane"},
		"no lane id":      {aTask(func(e *risk.TaskEntry) { e.Lane = "x" }), "lane", "Choose a lane"},
		"criteria":        {aTask(func(e *risk.TaskEntry) { e.Criterion = "terrorism" }), "criterion", "Choose the criteria"},
		"title":           {doc(func(e *risk.DocumentEntry) { e.Title = "" }), "title", "Enter the name"},
		"method":          {doc(func(e *risk.DocumentEntry) { e.Method = long }), "method", "4000 characters"},
		"rating":          {rate(risk.RatingEntry{Factor: "seals", Level: "4"}), "rating-seals", "Choose a rating"},
		"note alone":      {rate(risk.RatingEntry{Factor: "seals", Note: "Why"}), "rating-seals", "Choose a rating"},
		"high, no note":   {rate(risk.RatingEntry{Factor: "seals", Level: "3", Note: " "}), "note-seals", "why the rating is high"},
		"n/a, no note":    {rate(risk.RatingEntry{Factor: "seals", Level: "0"}), "note-seals", "does not apply"},
		"long note":       {rate(risk.RatingEntry{Factor: "seals", Level: "1", Note: long}), "note-seals", "2000 characters"},
		"threat n/a":      {w.s.RateThreats(w.Ctx, w.owner, a.ID, l.ID, []risk.RatingEntry{{Factor: "theft", Level: "0", Note: "x"}}), "rating-theft", "Choose a rating"},
		"unknown factor":  {rate(risk.RatingEntry{Factor: "moon", Level: "1"}), "", "has changed"},
		"factor of other": {rate(risk.RatingEntry{Factor: "theft", Level: "1"}), "", "has changed"},
	} {
		found := false
		for _, f := range fault.Fields(c.err) {
			found = found || f.Name == c.field && strings.Contains(f.String(), c.says)
		}
		if !found {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if n := w.Count(`select (select count(*) from risk_rating)::int + (select count(*) from risk_action)::int`); n != 0 {
		t.Errorf("%d parts of what was refused are there", n)
	}
}

// Steps 2 and 3.
func TestRatings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a := w.begin()
	l, legs := w.lane(a, "Furniture")
	rate := func(e ...risk.RatingEntry) error { return w.s.RateThreats(w.Ctx, w.owner, a.ID, l.ID, e) }
	w.Must(rate(risk.RatingEntry{Factor: "theft", Level: "2", Note: "Some losses"}, risk.RatingEntry{Factor: "terrorism"}))
	got := func() risk.Rating {
		ll, _ := w.sheet(a.ID).Lane(l.ID)
		return ll.Threats["theft"]
	}
	if r := got(); r.Level != 2 || r.Version != 1 || r.Carried {
		t.Errorf("rating %+v", r)
	}
	events := w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.rate_threats'`)
	w.Must(rate(risk.RatingEntry{Factor: "theft", Level: "2", Note: "Some losses", Version: 1}))
	w.Must(rate(risk.RatingEntry{Factor: "theft", Level: "2", Note: "Some losses"})) // the same as a colleague's
	w.Must(rate(risk.RatingEntry{Factor: "theft", Note: "Some losses"}))             // no choice: nothing to save
	if n := w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.rate_threats'`); n != events {
		t.Errorf("saving nothing left %d events", n-events)
	}
	w.Must(rate(risk.RatingEntry{Factor: "theft", Level: "3", Note: "Hijacked twice", Version: 1}))
	err := rate(risk.RatingEntry{Factor: "theft", Level: "1", Version: 1}, risk.RatingEntry{Factor: "terrorism", Level: "1"})
	w.Want("an old version", err, fault.Conflict)
	if c := conflict(err); len(c) != 1 || c[0].Theirs != "High: Hijacked twice" || c[0].Yours != "Low" {
		t.Errorf("the conflict says %+v", c)
	}
	if ll, _ := w.sheet(a.ID).Lane(l.ID); len(ll.Threats) != 1 {
		t.Error("half of a refused form is saved")
	}
	w.Must(w.s.RateVulnerabilities(w.Ctx, w.owner, a.ID, legs[0].ID, weaknesses("1", "", risk.RatingEntry{Factor: "seals", Level: "0", Note: "Bulk cargo"})))
	sheet := w.sheet(a.ID)
	_, g, _ := sheet.Leg(legs[0].ID)
	if c := sheet.RatedLeg(g); c.Done != 10 || c.Total != 10 || g.Ratings["seals"].Level != risk.NotApplicable {
		t.Errorf("leg %+v", c)
	}
	ll, _ := sheet.Lane(l.ID)
	if score := sheet.Score(ll); score.Threat != 3 || score.Vulnerability != 1 || score.Value != 3 || score.Band.Code != "medium" || score.Open != 5+10 || len(score.Weakest) != 9 {
		t.Errorf("score %+v", score)
	}
	// The database keeps the rules too.
	for name, sql := range map[string]string{
		"a high rating without a note":     `update risk_rating set rating = 3, note = ''`,
		"a threat that does not apply":     `update risk_rating set rating = 0, note = 'x' where kind = 'threat'`,
		"a rating of four":                 `update risk_rating set rating = 4`,
		"a threat of a leg":                `update risk_rating set kind = 'threat' where kind = 'vulnerability'`,
		"done without an outcome":          `insert into risk_action (assessment_id, company_id, what, owner, due_on, done_on, created_at) select id, company_id, 'x', 'x', '2026-01-01', '2026-01-01', now() from risk_assessment`,
		"a leg that rests for a long time": `update risk_leg set rest_hours = 9000`,
	} {
		if err := w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(w.Ctx).Exec(sql).Error }); err == nil {
			t.Errorf("the database takes %s", name)
		}
	}
}

func TestRatingRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a := w.begin()
	l, _ := w.lane(a, "Furniture")
	won, lost := w.race(8, func(i int) error {
		return w.s.RateThreats(w.Ctx, w.owner, a.ID, l.ID, []risk.RatingEntry{{Factor: "theft", Level: "2", Note: fmt.Sprintf("Seen %d times", i)}})
	})
	if won != 1 || lost != 7 {
		t.Errorf("%d rated, %d were told", won, lost)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.rate_threats'`); n != 1 {
		t.Errorf("%d events", n)
	}
}

// Step 4.
func TestPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a := w.begin()
	l, _ := w.lane(a, "Furniture")
	other, _ := w.lane(a, "Lamps")
	in := task(l.ID.String())
	in.ID = pg.NewID()
	x, err := w.s.AddTask(w.Ctx, w.owner, a.ID, in)
	w.Must(err)
	if _, err := w.s.AddTask(w.Ctx, w.owner, a.ID, in); err != nil || len(w.sheet(a.ID).Tasks) != 1 {
		t.Errorf("the same form twice: %v", err)
	}
	edit := x.Entry()
	edit.DoneOn, edit.Outcome = "2026-03-03", "The log is kept"
	x, err = w.s.ChangeTask(w.Ctx, w.owner, a.ID, x.ID, edit)
	w.Must(err)
	_, err = w.s.ChangeTask(w.Ctx, w.owner, a.ID, x.ID, in)
	w.Want("an old version", err, fault.Conflict)
	second, err := w.s.AddTask(w.Ctx, w.owner, a.ID, task(other.ID.String()))
	w.Must(err)
	w.Must(w.s.RemoveLane(w.Ctx, w.owner, a.ID, other.ID, other.Version))
	sheet := w.sheet(a.ID)
	if name, gone := sheet.LaneName(second.LaneID); name != "Lamps" || !gone || sheet.Tasks[0].ID != second.ID {
		t.Errorf("the action of a removed lane: %q %v, order %v", name, gone, sheet.Tasks)
	}
	keep := second.Entry()
	keep.Owner = "Bob"
	second, err = w.s.ChangeTask(w.Ctx, w.owner, a.ID, second.ID, keep) // it may stay with its removed lane
	w.Must(err)
	w.Want("an old version", w.s.RemoveTask(w.Ctx, w.owner, a.ID, second.ID, 1), fault.Conflict)
	w.Must(w.s.RemoveTask(w.Ctx, w.owner, a.ID, second.ID, second.Version))
	w.Want("twice", w.s.RemoveTask(w.Ctx, w.owner, a.ID, second.ID, second.Version), fault.Conflict)
	_, err = w.s.ChangeTask(w.Ctx, w.owner, a.ID, second.ID, keep)
	w.Want("changing a removed one", err, fault.Conflict)
	if len(w.sheet(a.ID).Tasks) != 1 {
		t.Error("the removed action is still there")
	}
}

// TestNothingOfOthers: another company's and the agency's people find no draft, readers
// change nothing, and every step answers so.
func TestNothingOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a, l, legs := w.whole()
	x := w.sheet(a.ID).Tasks[0]
	elsewhere, err := w.s.Begin(w.Ctx, w.rival, risk.BeginEntry{})
	w.Must(err)
	s, ctx := w.s, w.Ctx
	changes := map[string]func(by identity.Actor, a, l, g, x uuid.UUID) error{
		"add lane": func(by identity.Actor, a, _, _, _ uuid.UUID) error {
			_, err := s.AddLane(ctx, by, a, lane("x"))
			return err
		},
		"change lane": func(by identity.Actor, a, l, _, _ uuid.UUID) error {
			_, err := s.ChangeLane(ctx, by, a, l, lane("x"))
			return err
		},
		"move lane":   func(by identity.Actor, a, l, _, _ uuid.UUID) error { return s.MoveLane(ctx, by, a, l, risk.Up) },
		"remove lane": func(by identity.Actor, a, l, _, _ uuid.UUID) error { return s.RemoveLane(ctx, by, a, l, 1) },
		"add leg": func(by identity.Actor, a, l, _, _ uuid.UUID) error {
			_, err := s.AddLeg(ctx, by, a, l, leg("x", "US", "sea"))
			return err
		},
		"change leg": func(by identity.Actor, a, _, g, _ uuid.UUID) error {
			_, err := s.ChangeLeg(ctx, by, a, g, leg("x", "US", "sea"))
			return err
		},
		"move leg":   func(by identity.Actor, a, _, g, _ uuid.UUID) error { return s.MoveLeg(ctx, by, a, g, risk.Up) },
		"remove leg": func(by identity.Actor, a, _, g, _ uuid.UUID) error { return s.RemoveLeg(ctx, by, a, g, 1) },
		"threats": func(by identity.Actor, a, l, _, _ uuid.UUID) error {
			return s.RateThreats(ctx, by, a, l, threats("1", ""))
		},
		"vulnerabilities": func(by identity.Actor, a, _, g, _ uuid.UUID) error { return s.RateVulnerabilities(ctx, by, a, g, nil) },
		"add action": func(by identity.Actor, a, _, _, _ uuid.UUID) error {
			_, err := s.AddTask(ctx, by, a, task(""))
			return err
		},
		"change action": func(by identity.Actor, a, _, _, x uuid.UUID) error {
			_, err := s.ChangeTask(ctx, by, a, x, task(""))
			return err
		},
		"remove action": func(by identity.Actor, a, _, _, x uuid.UUID) error { return s.RemoveTask(ctx, by, a, x, 1) },
		"describe": func(by identity.Actor, a, _, _, _ uuid.UUID) error {
			_, err := s.Describe(ctx, by, a, document(0))
			return err
		},
		"finish": func(by identity.Actor, a, _, _, _ uuid.UUID) error {
			_, err := s.Finish(ctx, by, a, risk.FinishEntry{})
			return err
		},
	}
	officer := identity.Actor{Audience: identity.Partners, Role: identity.Officer, PersonID: pg.NewID()}
	for name, do := range changes {
		for who, by := range map[string]identity.Actor{"another company": w.rival, "a specialist": w.Sam, "an administrator": w.Admin, "a partner": officer, "nobody": {}} {
			w.Want(name+" by "+who, do(by, a.ID, l.ID, legs[0].ID, x.ID), fault.NotFound)
		}
		for _, role := range []identity.Role{identity.Reader, identity.Contributor} {
			w.Want(name+" by a "+string(role), do(as(w.owner, role), a.ID, l.ID, legs[0].ID, x.ID), fault.Forbidden)
		}
		w.Want(name+" of nothing", do(w.owner, pg.NewID(), l.ID, legs[0].ID, x.ID), fault.NotFound)
		if !slices.Contains([]string{"add lane", "add action", "describe", "finish"}, name) {
			w.Want(name+": part of another assessment", do(w.rival, elsewhere.ID, l.ID, legs[0].ID, x.ID), fault.NotFound)
			w.Want(name+": no such part", do(w.owner, a.ID, pg.NewID(), pg.NewID(), pg.NewID()), fault.NotFound)
		}
	}
	_, err = s.Finish(ctx, as(w.owner, identity.Representative), a.ID, risk.FinishEntry{})
	w.Want("a representative finishes", err, fault.Forbidden)
	reads := map[string]func(identity.Actor) error{
		"sheet":    func(by identity.Actor) error { _, err := s.Sheet(ctx, by, a.ID); return err },
		"workbook": func(by identity.Actor) error { _, err := s.Workbook(ctx, by, a.ID); return err },
		"plan":     func(by identity.Actor) error { _, err := s.PlanCSV(ctx, by, a.ID); return err },
	}
	for name, do := range reads {
		for _, by := range []identity.Actor{w.rival, w.Sam, w.Auditor, w.Admin, officer, {}} {
			w.Want(name+" of a draft by "+string(by.Role), do(by), fault.NotFound)
		}
		for _, role := range identity.CompanyReaders {
			w.Must(do(as(w.owner, role)))
		}
	}
	done := w.finish(a)
	for name, do := range changes {
		w.Want(name+" of a finished one", do(w.owner, a.ID, l.ID, legs[0].ID, x.ID), fault.Conflict)
		w.Want(name+" of a finished one by the agency", do(w.Sam, a.ID, l.ID, legs[0].ID, x.ID), fault.Forbidden)
	}
	for name, do := range reads {
		for _, by := range []identity.Actor{w.rival, w.Admin, officer, {}} {
			w.Want(name+" of a finished one by "+string(by.Role), do(by), fault.NotFound)
		}
		for _, by := range []identity.Actor{w.owner, w.Sam, w.Auditor, w.Other} {
			w.Must(do(by))
		}
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.read' and internal and subject_id = $1`, done.ID); n != 3 {
		t.Errorf("%d looks of the agency", n)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.download' and internal`); n != 6 {
		t.Errorf("%d files taken by the agency", n)
	}
	// The database refuses too, whoever asks.
	for _, sql := range []string{`update risk_assessment set title = 'x' where id = ?`, `delete from risk_assessment where id = ?`,
		`update risk_lane set name = 'x' where assessment_id = ?`, `update risk_rating set note = 'x' where assessment_id = ?`,
		`update risk_action set what = 'x' where assessment_id = ?`, `update risk_leg set place = 'x' where lane_id in (select id from risk_lane where assessment_id = ?)`,
		`insert into risk_lane (assessment_id, company_id, position, name, origin, destination, created_at) select id, company_id, 9, 'x', 'US', 'US', now() from risk_assessment where id = ?`} {
		if err := w.DB.Write(ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(ctx).Exec(sql, a.ID).Error }); err == nil {
			t.Errorf("the database lets a finished assessment change: %s", sql)
		}
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a := w.begin()
	says := func(want ...string) {
		t.Helper()
		var got []string
		for _, f := range w.sheet(a.ID).Findings() {
			mark := "?"
			if f.Blocks {
				mark = "!"
			}
			got = append(got, mark+f.Say(w.Ctx))
		}
		if !slices.Equal(got, want) {
			t.Errorf("findings:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	step5 := []string{"!Write down how the assessment was done", "!Name who leads the assessment", "!Name who took part", "!Write down when and why it is reviewed"}
	says(append([]string{"!Add at least one lane"}, step5...)...)
	_, err := w.s.AddLane(w.Ctx, w.owner, a.ID, lane("Empty"))
	w.Must(err)
	says(append([]string{"!Empty: add its legs and who has the cargo on each", "!Empty: 6 of 6 are not rated"}, step5...)...)
	empty := w.sheet(a.ID).Lanes[0]
	w.Must(w.s.RemoveLane(w.Ctx, w.owner, a.ID, empty.ID, empty.Version))

	l, err := w.s.AddLane(w.Ctx, w.owner, a.ID, lane("Chairs"))
	w.Must(err)
	in := leg("Factory", "CN", "handling")
	in.Party = ""
	g, err := w.s.AddLeg(w.Ctx, w.owner, a.ID, l.ID, in)
	w.Must(err)
	says(append([]string{"!Chairs: one leg does not say who has the cargo", "?Chairs: the first or the last leg is in another country than the lane says",
		"!Chairs: 6 of 6 are not rated", "!Chairs, Factory: 10 of 10 are not rated"}, step5...)...)
	w.Must(w.s.RateThreats(w.Ctx, w.owner, a.ID, l.ID, threats("1", "")))
	w.Must(w.s.RateVulnerabilities(w.Ctx, w.owner, a.ID, g.ID, weaknesses("0", "Not here")))
	_, err = w.s.Describe(w.Ctx, w.owner, a.ID, document(1))
	w.Must(err)
	says("!Chairs: one leg does not say who has the cargo", "?Chairs: the first or the last leg is in another country than the lane says", "!Chairs: something must apply to at least one leg")
	edit := g.Entry()
	edit.Party, edit.Country = "Chair Works", "VN"
	_, err = w.s.ChangeLeg(w.Ctx, w.owner, a.ID, g.ID, edit)
	w.Must(err)
	last, err := w.s.AddLeg(w.Ctx, w.owner, a.ID, l.ID, leg("Newark", "US", "storage"))
	w.Must(err)
	w.Must(w.s.RateVulnerabilities(w.Ctx, w.owner, a.ID, last.ID, weaknesses("1", "", risk.RatingEntry{Factor: "seals", Level: "3", Note: "No log"})))
	says("?Chairs, Newark: Seals is rated high, and the plan has no action for it")
	late := task("")
	late.Criterion, late.DueOn = "access", "2026-03-02"
	x, err := w.s.AddTask(w.Ctx, w.owner, a.ID, late)
	w.Must(err)
	says("?Chairs, Newark: Seals is rated high, and the plan has no action for it", "?The action of Eve Employee was due on 2 March 2026 and is not done")
	fix := x.Entry()
	fix.Criterion, fix.DueOn = "seals", "2026-03-03" // for all lanes, due today
	_, err = w.s.ChangeTask(w.Ctx, w.owner, a.ID, x.ID, fix)
	w.Must(err)
	says()
	sheet := w.sheet(a.ID)
	for _, step := range risk.Steps() {
		if p := sheet.Progress(step); p.State != risk.Done || step.Name() == "" {
			t.Errorf("%s is %s: %+v", step, p.State, p)
		}
	}
	if heat := sheet.Heat(); heat[1][3] != 1 {
		t.Errorf("heat %v", heat)
	}
}

func TestFinish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a := w.begin()
	_, err := w.s.Finish(w.Ctx, w.owner, a.ID, risk.FinishEntry{Accepted: true})
	w.Want("an empty one", err, fault.Invalid)
	l, legs := w.lane(a, "Furniture from Vietnam")
	w.complete(a, l, legs)
	edits := w.sheet(a.ID).Assessment.Edits
	late := task("")
	late.DueOn = "2026-03-01"
	_, err = w.s.AddTask(w.Ctx, w.owner, a.ID, late)
	w.Must(err)
	_, err = w.s.Finish(w.Ctx, w.owner, a.ID, risk.FinishEntry{Edits: edits, Accepted: true})
	w.Want("changed since the check", err, fault.Conflict)
	edits = w.sheet(a.ID).Assessment.Edits
	_, err = w.s.Finish(w.Ctx, w.owner, a.ID, risk.FinishEntry{Edits: edits})
	w.Want("a warning that nobody confirmed", err, fault.Invalid)
	if w.Count(`select count(*)::int from evidence`) != 0 {
		t.Error("a refused finish kept a record")
	}
	won, lost := w.race(6, func(int) error {
		_, err := w.s.Finish(w.Ctx, as(w.owner, identity.Editor), a.ID, risk.FinishEntry{Edits: edits, Accepted: true})
		return err
	})
	if won != 1 || lost != 5 {
		t.Errorf("%d finished it, %d were told", won, lost)
	}
	done := w.sheet(a.ID)
	if done.Assessment.Status != risk.Finished || done.Assessment.Finisher != "Olga Owner" || done.Assessment.EvidenceID == nil || done.FinishedOn().String() != "2026-03-03" {
		t.Errorf("finished: %+v", done.Assessment)
	}
	if w.Count(`select count(*)::int from evidence`) != 1 || w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.finish'`) != 1 {
		t.Error("more than one record or event")
	}
	if n := w.Count(`select count(*)::int from clock where company_id = $1 and start_event = 'company.risk_assessed'`, w.owner.CompanyID); n != 0 {
		t.Error("a clock runs for a company that is no member")
	}
	o, err := w.s.Overview(w.Ctx, w.owner)
	w.Must(err)
	if o.Draft != nil || len(o.Finished) != 1 || o.Due.String() != "2027-03-03" || o.DaysLeft != 365 || o.Finished[0].Lanes != 1 {
		t.Errorf("overview %+v", o)
	}
	if o, err = w.s.Overview(w.Ctx, as(w.rival, identity.Reader)); err != nil || o.Draft != nil || o.Finished != nil || !o.Due.IsZero() {
		t.Errorf("another company's overview %+v %v", o, err)
	}
	_, err = w.s.Overview(w.Ctx, w.Sam)
	w.Want("the agency's overview", err, fault.NotFound)
}

// The next one begins as a copy: lanes, legs and ratings, which wait to be confirmed, and
// the actions that are still to be done.
func TestNextBeginsAsACopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a, l, _ := w.whole()
	done := task(l.ID.String())
	done.What, done.DoneOn, done.Outcome = "Buy seals", "2026-03-02", "Bought"
	_, err := w.s.AddTask(w.Ctx, w.owner, a.ID, done)
	w.Must(err)
	gone, _ := w.lane(a, "Given up")
	open := task(gone.ID.String())
	open.What = "Find another party"
	_, err = w.s.AddTask(w.Ctx, w.owner, a.ID, open)
	w.Must(err)
	w.Must(w.s.RemoveLane(w.Ctx, w.owner, a.ID, gone.ID, gone.Version))
	w.finish(a)

	next := w.begin()
	if next.PreviousID == nil || *next.PreviousID != a.ID || next.Method == "" || next.Lead != "" || next.Participants != "" || next.Schedule == "" {
		t.Errorf("begun: %+v", next)
	}
	sheet := w.sheet(next.ID)
	if len(sheet.Lanes) != 1 || len(sheet.Lanes[0].Legs) != 2 || sheet.Lanes[0].Legs[0].Place != "Factory" || sheet.Lanes[0].ID == l.ID {
		t.Fatalf("copied %+v", sheet.Lanes)
	}
	lane := sheet.Lanes[0]
	if r := lane.Legs[0].Ratings["seals"]; !r.Carried || r.Level != 3 || r.Note != "No log of seals" || r.Version != 1 {
		t.Errorf("copied rating %+v", r)
	}
	if len(sheet.Tasks) != 2 || !sheet.Tasks[0].Carried || *sheet.Tasks[0].LaneID != lane.ID || sheet.Tasks[1].LaneID != nil {
		t.Errorf("copied actions %+v", sheet.Tasks)
	}
	if p := sheet.Progress(risk.Threats); p.State != risk.Attention || p.Carried != 6 || p.Done != 0 {
		t.Errorf("threats %+v", p)
	}
	says := func(what string) (found bool) {
		for _, f := range w.sheet(next.ID).Findings() {
			found = found || f.Blocks && strings.Contains(f.Say(w.Ctx), what)
		}
		return found
	}
	if !says("Furniture from Vietnam: 6 ratings from the last assessment are to be confirmed") || !says("Factory: 10 ratings") {
		t.Error("the check lets unconfirmed ratings pass")
	}
	// Saving a page unchanged confirms what is on it, and only that.
	confirm := threats("1", "", risk.RatingEntry{Factor: "contraband", Level: "2", Note: "Cases in the port"})
	for i := range confirm {
		confirm[i].Version = 1
	}
	w.Must(w.s.RateThreats(w.Ctx, w.owner, next.ID, lane.ID, confirm[:5]))
	if c := w.sheet(next.ID).Rated(w.sheet(next.ID).Lanes[0]); c.Done != 5 || c.Carried != 1 {
		t.Errorf("confirmed %+v", c)
	}
	w.Must(w.s.RateThreats(w.Ctx, w.owner, next.ID, lane.ID, confirm[5:]))
	if says("6 ratings") || says("1 ratings") {
		t.Error("confirmed ratings are still open")
	}
	if sheet.Assessment.Edits != 0 || w.sheet(next.ID).Assessment.Edits != 2 {
		t.Errorf("edits %d", w.sheet(next.ID).Assessment.Edits)
	}
	if w.sheet(a.ID).Lanes[0].Threats["contraband"].Carried {
		t.Error("the copy changed the original")
	}
}

// A member's clock starts with each finished assessment and reminds; 29 February becomes
// the 28th in a year without one.
func TestReviewClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2028-02-29T15:00:00Z")
	app := w.Submit(w.owner, "ctpat", "importer")
	app, err := w.Desk.Claim(w.Ctx, w.Sam, app.ID, app.Version)
	w.Must(err)
	app, err = w.Desk.StartReview(w.Ctx, w.Sam, app.ID, app.Version)
	w.Must(err)
	app = w.ToCertify(w.Sam, app)
	members := membership.New(w.DB, w.Clock.Now, w.Steps)
	m, err := members.Admit(w.Ctx, w.Boss, app.ID, app.Version)
	w.Must(err)
	due := func() string {
		return w.Text(`select coalesce(string_agg(due_on::text, ' '), 'none') from clock where subject_kind = 'membership' and subject_id = $1
			and code = 'risk_assessment_review' and stopped_at is null`, m.ID)
	}
	if due() != "none" {
		t.Errorf("a clock runs before the first assessment: %s", due())
	}
	a, _, _ := w.whole()
	w.finish(a)
	if due() != "2029-02-28" {
		t.Errorf("due %s", due())
	}
	o, err := w.s.Overview(w.Ctx, w.owner)
	w.Must(err)
	if o.Due.String() != "2029-02-28" || o.DaysLeft != 365 {
		t.Errorf("the page says %s, %d days", o.Due, o.DaysLeft)
	}
	sweep := &clock.Service{DB: w.DB, Now: w.Clock.Now, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters}
	w.Clock.Move(336 * 24 * time.Hour) // 30 days before, all but a few hours
	_, err = sweep.Sweep(w.Ctx)
	w.Must(err)
	if n := w.Count(`select count(*)::int from message where letter = 'deadline_reminder' and body like '%Review the risk assessment%'`); n != 1 {
		t.Errorf("%d reminders", n)
	}
	next := w.begin()
	sheet := w.sheet(next.ID)
	for _, l := range sheet.Lanes {
		var in []risk.RatingEntry
		for code, r := range l.Threats {
			in = append(in, risk.RatingEntry{Factor: code, Level: fmt.Sprint(r.Level), Note: r.Note, Version: r.Version})
		}
		w.Must(w.s.RateThreats(w.Ctx, w.owner, next.ID, l.ID, in))
		for _, g := range l.Legs {
			in = nil
			for code, r := range g.Ratings {
				in = append(in, risk.RatingEntry{Factor: code, Level: fmt.Sprint(r.Level), Note: r.Note, Version: r.Version})
			}
			w.Must(w.s.RateVulnerabilities(w.Ctx, w.owner, next.ID, g.ID, in))
		}
	}
	_, err = w.s.Describe(w.Ctx, w.owner, next.ID, document(1))
	w.Must(err)
	w.finish(next)
	if due() != "2030-01-30" {
		t.Errorf("the clock did not start again: %s", due())
	}
	if err := w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error {
		last, err := risk.LastFinished(w.Ctx, tx, w.owner.CompanyID)
		if err != nil || last == nil || last.ID != next.ID {
			t.Errorf("the last one is %+v, %v", last, err)
		}
		none, err := risk.LastFinished(w.Ctx, tx, w.rival.CompanyID)
		if err != nil || none != nil {
			t.Errorf("another company's last one is %+v, %v", none, err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	var last []risk.Last
	w.Must(w.DB.Batch(w.Ctx, pg.System, risk.LastOf(&last, w.owner.CompanyID)))
	if len(last) != 1 || last[0].ID != next.ID {
		t.Errorf("for pages: %+v", last)
	}
}

// Everything of an assessment comes in one statement, whatever its size.
func TestSheetIsOneStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a, _, _ := w.whole()
	for i := range 5 {
		w.lane(a, fmt.Sprintf("Lane %d", i))
	}
	w.finishable(a)
	ctx := pg.Counted(context.Background())
	if _, err := w.s.Sheet(ctx, w.owner, a.ID); err != nil || pg.Statements(ctx) > 2 {
		t.Errorf("%d statements, %v", pg.Statements(ctx), err)
	}
	ctx = pg.Counted(context.Background())
	if _, err := w.s.Overview(ctx, w.owner); err != nil || pg.Statements(ctx) > 3 {
		t.Errorf("%d statements of the overview, %v", pg.Statements(ctx), err)
	}
}

// finishable rates every lane that is not rated yet.
func (w *world) finishable(a risk.Assessment) {
	w.t.Helper()
	for _, l := range w.sheet(a.ID).Lanes {
		if len(l.Threats) == 0 {
			w.Must(w.s.RateThreats(w.Ctx, w.owner, a.ID, l.ID, threats("2", "Some")))
		}
		for _, g := range l.Legs {
			if len(g.Ratings) == 0 {
				w.Must(w.s.RateVulnerabilities(w.Ctx, w.owner, a.ID, g.ID, weaknesses("2", "Some")))
			}
		}
	}
}
