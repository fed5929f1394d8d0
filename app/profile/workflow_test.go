package profile

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
)

var update = flag.Bool("update", false, "write testdata anew")

// situations are facts under which no guard objects, and one under which all do.
func situations() map[string]Facts {
	return map[string]Facts{
		"1 everything is there": {Attested: true, Signer: true, Items: 1, Reason: "because"},
		"2 nothing is there":    {Problems: []fault.Field{fault.F("3.1", "Answer this criterion")}, Unanswered: []string{"3.1"}, Unread: 1, Changed: 1, Unmet: 1},
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
	all := situations()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "## %s\n", name)
		for _, from := range Statuses() {
			for _, role := range roles {
				for _, do := range Actions() {
					to, err := Lifecycle.Next(from, do, role, all[name])
					switch {
					case err == nil:
						fmt.Fprintf(&b, "%-10s %-13s %-14s -> %s\n", from, role, do, to)
					case fault.KindOf(err) == fault.Invalid:
						fmt.Fprintf(&b, "%-10s %-13s %-14s refused, %d objections\n", from, role, do, len(fault.Fields(err)))
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
}

// Every state has a name, and every action a row.
func TestNames(t *testing.T) {
	t.Parallel()
	for _, s := range Statuses() {
		if s.Name() == "" {
			t.Errorf("status %s has no name", s)
		}
	}
	for _, s := range States() {
		if s.Name() == "" {
			t.Errorf("state %s has no name", s)
		}
	}
	diagram := Lifecycle.Diagram()
	for _, do := range Actions() {
		if !strings.Contains(diagram, ": "+string(do)+" (") {
			t.Errorf("nobody can %s", do)
		}
	}
}
