package catalogue_test

import (
	"fmt"
	"strings"
	"testing"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/textdiff"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	before, after := edition(t, "2020.1"), edition(t, "2023.1")
	var got []string
	for _, d := range catalogue.Compare(before, after) {
		line := d.ID + " " + string(d.Kind)
		if d.Listed != nil {
			line += ", listed as " + string(d.Listed.Kind)
		}
		for _, q := range d.Questions {
			line += fmt.Sprintf(", %s %s", q.ID, q.Kind)
		}
		if textdiff.Changed(d.Statement) {
			line += ", statement"
		}
		for _, o := range d.Other {
			line += ", " + o
		}
		if d.Faults != nil || d.Level {
			t.Errorf("%s: %v, level %v", d.ID, d.Faults, d.Level)
		}
		got = append(got, line)
	}
	want := []string{"3.1 reworded, listed as reworded, 3.1.c new, 3.1.d new, statement, sections", "9.12 new, listed as new", "9.13 new, listed as new",
		"9.14 new, listed as split", "EXP-01 new, listed as new", "3.9 withdrawn, listed as withdrawn"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s", strings.Join(got, "\n"))
	}
	if d := catalogue.Compare(after, after); len(d) != 0 {
		t.Errorf("an edition differs from itself: %v", d)
	}
	if ch := after.ChangeOf("1.1"); ch.Kind != catalogue.Unchanged {
		t.Errorf("1.1 is %s", ch.Kind)
	}
}

// What a change list lacks or says wrongly is said at the criterion it is about.
func TestCompareFaults(t *testing.T) {
	t.Parallel()
	before, after := edition(t, "2020.1"), *edition(t, "2023.1")
	after.Criteria = append([]catalogue.Criterion(nil), after.Criteria...)
	after.Criteria[0].Level = catalogue.Must
	after.Criteria[1].Guidance = catalogue.Text{"en": "Meet often."}
	after.Criteria[2].Questions = append([]catalogue.Question(nil), after.Criteria[2].Questions[1:]...)
	after.Criteria[2].Questions[0].Level, after.Criteria[2].Questions[0].Text = catalogue.Must, catalogue.Text{"en": "How are partners selected?"}
	after.Changes = []catalogue.Change{{ID: "3.1", Kind: catalogue.Unchanged}, {ID: "8.8", Kind: catalogue.New}, {ID: "9.14", Kind: catalogue.New}, {ID: "9.13", Kind: catalogue.New}, {ID: "9.12", Kind: catalogue.New}}
	byID := map[string]catalogue.Difference{}
	for _, d := range catalogue.Compare(before, &after) {
		byID[d.ID] = d
	}
	for id, want := range map[string]string{
		"1.1":    "1.1 differs from edition 2020.1 (level); list it under changes",
		"3.1":    "3.1 is listed as unchanged, but differs: wording, questions",
		"8.8":    "8.8 is listed as new, but this edition does not have it",
		"EXP-01": "EXP-01 is not in edition 2020.1; list it under changes",
		"3.9":    "edition 2020.1 has 3.9, and this one does not; list it as withdrawn",
	} {
		if got := strings.Join(byID[id].Faults, "; "); got != want {
			t.Errorf("%s: %q; want %q", id, got, want)
		}
	}
	if d := byID["1.1"]; !d.Level || d.Kind != catalogue.Reworded {
		t.Errorf("1.1: %+v", d)
	}
	if d := byID["1.2"]; d.Kind != catalogue.Unchanged || strings.Join(d.Other, " ") != "guidance" || d.Faults != nil {
		t.Errorf("1.2: %+v; another guidance needs no entry", d)
	}
	q := byID["3.1"].Questions
	if len(q) != 4 || q[0].ID != "3.1.b" || strings.Join(q[0].Parts, " ") != "level" || !textdiff.Changed(q[0].Text) || q[3].ID != "3.1.a" || q[3].Kind != catalogue.Withdrawn {
		t.Errorf("3.1: %+v", q)
	}
	after.Previous = "2019.1"
	for _, d := range catalogue.Compare(before, &after) {
		if d.Faults != nil || d.Listed != nil {
			t.Errorf("%s: the change list is about another edition: %v", d.ID, d.Faults)
		}
	}
}
