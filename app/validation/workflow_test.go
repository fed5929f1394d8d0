package validation_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

func TestMain(m *testing.M) { apptest.Run(m) }

var update = flag.Bool("update", false, "write testdata anew")

func roles() []identity.Role {
	out := []identity.Role{identity.Clock}
	for _, a := range []identity.Audience{identity.Companies, identity.Staff, identity.Partners} {
		out = append(out, identity.RolesOf(a)...)
	}
	return out
}

// golden compares what a test wrote with the file that says what is right.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("the legal moves are no longer those of %s; look at the difference, then run go test -update", file)
	}
}

func line(b *bytes.Buffer, from, role, do, to any, err error) {
	switch {
	case err == nil:
		fmt.Fprintf(b, "%-10s %-14s %-11s -> %s\n", from, role, do, to)
	case fault.KindOf(err) == fault.Invalid:
		fmt.Fprintf(b, "%-10s %-14s %-11s refused, %d objections\n", from, role, do, len(fault.Fields(err)))
	}
}

// The golden file is the law as the portal has it: a change is a visible diff.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	all := map[string]validation.Facts{
		"1 all is well":              {Visits: 2, Lead: true, Reason: "because", Report: true, Outcome: validation.TierAwarded},
		"2 nothing is there":         {},
		"3 a visit is open":          {Visits: 2, OpenWork: 1, Lead: true, Reason: "because", Report: true, Outcome: validation.Confirmed},
		"4 an action is open":        {Visits: 1, Lead: true, Reason: "because", Report: true, Outcome: validation.TierAwarded, OpenNeeds: 1},
		"5 an action, and penalties": {Visits: 1, Lead: true, Reason: "because", Report: true, Outcome: validation.Enforcement, OpenNeeds: 1},
	}
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "## %s\n", name)
		for _, from := range validation.Statuses() {
			for _, role := range roles() {
				for _, do := range validation.Actions() {
					to, err := validation.Lifecycle().Next(from, do, role, all[name])
					line(&b, from, role, do, to, err)
				}
			}
		}
	}
	golden(t, "testdata/lifecycle.txt", b.Bytes())
	if d := validation.Lifecycle().Diagram(); !strings.Contains(d, "planned --> notified: notify (specialist, supervisor, headquarters)") {
		t.Errorf("the diagram lacks the first step:\n%s", d)
	}
}

func TestVisitLifecycle(t *testing.T) {
	t.Parallel()
	day := func(s string) clock.Day {
		d, err := clock.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	well := validation.VisitFacts{Goes: true, Told: true, Team: 2, Lead: true, First: day("2026-05-04"), NotBefore: day("2026-05-04"), Today: day("2026-05-04"), Reason: "because"}
	with := func(change func(*validation.VisitFacts)) validation.VisitFacts {
		f := well
		change(&f)
		return f
	}
	all := map[string]validation.VisitFacts{
		"1 all is well":                      well,
		"2 nobody goes there":                with(func(f *validation.VisitFacts) { f.Goes = false }),
		"3 the company does not know":        with(func(f *validation.VisitFacts) { f.Told = false }),
		"4 no team":                          with(func(f *validation.VisitFacts) { f.Team, f.Lead = 0, false }),
		"5 nobody leads":                     with(func(f *validation.VisitFacts) { f.Lead = false }),
		"6 too soon":                         with(func(f *validation.VisitFacts) { f.NotBefore = day("2026-05-05") }),
		"7 too soon, and the company agreed": with(func(f *validation.VisitFacts) { f.NotBefore, f.Agreed = day("2026-05-05"), true }),
		"8 the day has not come":             with(func(f *validation.VisitFacts) { f.Today = day("2026-05-03") }),
		"9 no reason":                        with(func(f *validation.VisitFacts) { f.Reason = "" }),
	}
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "## %s\n", name)
		for _, from := range validation.VisitStatuses() {
			for _, role := range roles() {
				for _, do := range validation.VisitActions() {
					to, err := validation.VisitLifecycle().Next(from, do, role, all[name])
					line(&b, from, role, do, to, err)
				}
			}
		}
	}
	golden(t, "testdata/visit.txt", b.Bytes())
}

// Every state but the final ones leads somewhere; nothing leaves a final one.
func TestFinalStatesAreFinal(t *testing.T) {
	t.Parallel()
	for _, s := range validation.Statuses() {
		leaves := false
		for _, r := range validation.Lifecycle() {
			leaves = leaves || r.From == s
		}
		if leaves == s.Final() {
			t.Errorf("%s: final %t, but leads on %t", s, s.Final(), leaves)
		}
		if s.Name() == "" {
			t.Errorf("%s has no name", s)
		}
	}
	for _, s := range validation.VisitStatuses() {
		if s.Name() == "" {
			t.Errorf("%s has no name", s)
		}
	}
}

func TestStatusesAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	db := apptest.DB(t)
	for table, want := range map[string]string{"validation": fmt.Sprint(validation.Statuses()), "visit": fmt.Sprint(validation.VisitStatuses())} {
		var check string
		err := db.Batch(context.Background(), pg.System, pg.Value(&check,
			`select pg_get_constraintdef(oid) from pg_constraint where conrelid = $1::regclass and conname = $2`, table, table+"_status_check"))
		if err != nil {
			t.Fatal(err)
		}
		var there []string
		for _, m := range regexp.MustCompile(`'([a-z_]+)'::text`).FindAllStringSubmatch(check, -1) {
			there = append(there, m[1])
		}
		if fmt.Sprint(there) != want {
			t.Errorf("%s: the database knows %v, the code %v", table, there, want)
		}
	}
}
