package application

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
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

var update = flag.Bool("update", false, "write testdata anew")

// Facts under which no guard objects, in each of the processes that programmes have.
func processes() map[string]Facts {
	ready := Facts{Attested: true, Signer: true, Items: 1, Outcome: Certify, Points: 1, Reason: "because", Due: true}
	with := func(change func(*Facts)) Facts {
		f := ready
		change(&f)
		return f
	}
	return map[string]Facts{
		"1 no acceptance, certify":      ready,
		"2 no acceptance, reject":       with(func(f *Facts) { f.Outcome = Reject }),
		"3 acceptance pending":          with(func(f *Facts) { f.AcceptanceStep = true }),
		"4 accepted, reject, not heard": with(func(f *Facts) { f.AcceptanceStep, f.Accepted, f.HearingStep, f.Outcome = true, true, true, Reject }),
		"5 accepted, reject, heard": with(func(f *Facts) {
			f.AcceptanceStep, f.Accepted, f.HearingStep, f.Heard, f.Outcome = true, true, true, true, Reject
		}),
		"6 certify, own recommendation":        with(func(f *Facts) { f.Own = true }),
		"8 certify, security profile open":     with(func(f *Facts) { f.ProfileOpen = true }),
		"7 nothing filled in, nothing has run": {Outcome: Certify, UnmetParts: 1, OpenVetting: 1, Concerns: 1, Unanswered: []string{"item"}},
	}
}

// The golden file is the law as the portal has it: a change is a visible diff.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	roles := []identity.Role{identity.Clock}
	for _, a := range []identity.Audience{identity.Companies, identity.Staff, identity.Partners} {
		roles = append(roles, identity.RolesOf(a)...)
	}
	all := processes()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "## %s\n", name)
		for _, from := range Statuses() {
			for _, role := range roles {
				for _, do := range Actions() {
					to, err := Lifecycle.Next(from, do, role, all[name])
					switch {
					case err == nil:
						fmt.Fprintf(&b, "%-21s %-14s %-23s -> %s\n", from, role, do, to)
					case fault.KindOf(err) == fault.Invalid:
						fmt.Fprintf(&b, "%-21s %-14s %-23s refused, %d objections\n", from, role, do, len(fault.Fields(err)))
					}
				}
			}
		}
	}
	const file = "testdata/lifecycle.txt"
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Errorf("the legal moves are no longer those of %s; look at the difference, then run go test -update", file)
	}
	if d := Lifecycle.Diagram(); !strings.Contains(d, "draft --> submitted: submit (owner, signatory)") {
		t.Errorf("the diagram lacks the first step:\n%s", d)
	}
}

// Every state but the final ones leads somewhere; nothing leaves a final one.
func TestFinalStatesAreFinal(t *testing.T) {
	t.Parallel()
	for _, s := range Statuses() {
		leaves := false
		for _, r := range Lifecycle {
			leaves = leaves || r.From == s
		}
		if leaves == s.Final() {
			t.Errorf("%s: final %t, but leads on %t", s, s.Final(), leaves)
		}
		if s.Name() == "" {
			t.Errorf("%s has no name", s)
		}
	}
}

func TestStatusesAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	var check string
	err := apptest.DB(t).Batch(context.Background(), pg.System, pg.Value(&check,
		`select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'application'::regclass and conname = 'application_status_check'`))
	if err != nil {
		t.Fatal(err)
	}
	var there []Status
	for _, m := range regexp.MustCompile(`'([a-z_]+)'::text`).FindAllStringSubmatch(check, -1) {
		there = append(there, Status(m[1]))
	}
	if !slices.Equal(there, Statuses()) {
		t.Errorf("the database knows %v, the code %v", there, Statuses())
	}
}

func TestGuardsSaySomethingAboutEveryProblem(t *testing.T) {
	t.Parallel()
	facts := Facts{Problems: []fault.Field{fault.F(PartSites, "Add a site")}}
	_, err := Lifecycle.Next(Draft, Submit, identity.Owner, facts)
	if n := len(fault.Fields(err)); n != 3 {
		t.Errorf("submit without anything: %d problems, want 3 (site, declaration, officer): %v", n, err)
	}
	_, err = Lifecycle.Next(InReview, Recommend, identity.Specialist, Facts{Outcome: Certify, UnmetParts: 2, OpenVetting: 1, Concerns: 1})
	if n := len(fault.Fields(err)); n != 3 {
		t.Errorf("recommend too early: %d problems, want 3: %v", n, err)
	}
	if _, err = Lifecycle.Next(Recommended, Approve, identity.Supervisor, Facts{Outcome: Certify, Own: true}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("approving one's own recommendation: %v", err)
	}
}
