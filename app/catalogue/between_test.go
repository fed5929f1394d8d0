package catalogue_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"trustedtrader/app/catalogue"
	"trustedtrader/config"
)

// chain makes editions of one programme that follow on one another. Each line of an
// edition is a criterion: its id and its statement; lines that begin with > are changes.
func chain(t *testing.T, editions ...string) *catalogue.Library {
	t.Helper()
	files := fstest.MapFS{}
	previous := ""
	for i, text := range editions {
		id := fmt.Sprintf("%d.1", 2020+i)
		e := &catalogue.Edition{Programme: "ctpat", ID: id, Previous: previous, Status: catalogue.Published, Title: en("Criteria"),
			Source: catalogue.Source{Title: "t", Rights: "r"}, Sections: []catalogue.Section{{ID: "s", Title: en("Section")}}}
		for line := range strings.SplitSeq(text, "\n") {
			if change, ok := strings.CutPrefix(strings.TrimSpace(line), "> "); ok {
				f := strings.Fields(change)
				e.Changes = append(e.Changes, catalogue.Change{ID: f[0], Kind: catalogue.ChangeKind(f[1]), From: f[2:], Note: en(id + ": " + f[1])})
				continue
			}
			c, statement, _ := strings.Cut(strings.TrimSpace(line), " ")
			e.Criteria = append(e.Criteria, catalogue.Criterion{ID: c, Official: true, Level: catalogue.Must, Title: en(c), Requirement: en(statement), AppliesTo: []string{"importer"},
				Sections: []string{"s"}, Scope: catalogue.OfCompany, Questions: []catalogue.Question{{ID: c + ".a", Kind: catalogue.YesNo, Level: catalogue.Must, Text: en("Do you?"), Required: true}}})
		}
		e.ValidFrom = e.ValidFrom.AddDate(2019+i, 0, 0)
		content, err := e.WriteYAML()
		if err != nil {
			t.Fatal(err)
		}
		files["ctpat/catalogue/"+id+".yaml"] = &fstest.MapFile{Data: content}
		previous = id
	}
	l, err := catalogue.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func en(s string) catalogue.Text { return catalogue.Text{"en": s} }

func between(t *testing.T, l *catalogue.Library, before, after string) (out []string) {
	t.Helper()
	was, ok := l.Edition("ctpat", before)
	is, ok2 := l.Edition("ctpat", after)
	if !ok || !ok2 {
		t.Fatalf("no edition %s or %s", before, after)
	}
	for _, c := range l.Between(was, is) {
		line := c.ID + " " + string(c.Kind)
		if len(c.From) > 0 {
			line += " " + strings.Join(c.From, "+")
		}
		if c.Note != nil {
			line += " (" + c.Note.String() + ")"
		}
		out = append(out, line)
	}
	return out
}

func TestBetween(t *testing.T) {
	t.Parallel()
	l := chain(t,
		`1 one
		2 two
		3 three
		4 four
		5 five
		6 six
		7 seven`,
		`1 one again
		2 two
		31 three, first
		32 three, second
		4 four changed
		56 five and six
		7 seven
		8 eight
		> 1 reworded
		> 31 split 3
		> 32 split 3
		> 4 reworded
		> 56 merged 5 6
		> 8 new`,
		`1 one once more
		2 two changed
		31 three, first, in other words
		4 four
		5632 five, six and the second of three
		81 eight, first
		82 eight, second
		> 1 reworded
		> 2 reworded
		> 31 reworded
		> 4 reworded
		> 5632 merged 56 32
		> 81 split 8
		> 82 split 8
		> 7 withdrawn`,
		`1 one once more
		2 two changed
		313 three, first, in other words still
		4 four
		82 eight, second, changed
		9 nine
		> 313 split 31
		> 82 reworded
		> 81 withdrawn
		> 5632 withdrawn
		> 9 new`)
	for _, c := range []struct {
		before, after string
		want          []string
	}{
		{"2020.1", "2020.1", nil},
		{"2020.1", "2021.1", []string{"1 reworded (2021.1: reworded)", "31 split 3 (2021.1: split)", "32 split 3 (2021.1: split)", "4 reworded (2021.1: reworded)",
			"56 merged 5+6 (2021.1: merged)", "8 new (2021.1: new)"}},
		{"2020.1", "2022.1", []string{"1 reworded (2021.1: reworded 2022.1: reworded)", "2 reworded (2022.1: reworded)", "31 split 3 (2021.1: split 2022.1: reworded)",
			"5632 merged 5+6+3 (2022.1: merged)", "81 new (2022.1: split)", "82 new (2022.1: split)", "7 withdrawn (2022.1: withdrawn)"}},
		{"2020.1", "2023.1", []string{"1 reworded (2021.1: reworded 2022.1: reworded)", "2 reworded (2022.1: reworded)", "313 split 3 (2023.1: split)",
			"82 new (2022.1: split)", "9 new (2023.1: new)", "5 withdrawn", "6 withdrawn", "7 withdrawn (2022.1: withdrawn)"}},
		{"2021.1", "2023.1", []string{"1 reworded (2022.1: reworded)", "2 reworded (2022.1: reworded)", "313 split 31 (2023.1: split)", "4 reworded (2022.1: reworded)",
			"82 split 8 (2022.1: split 2023.1: reworded)", "9 new (2023.1: new)", "32 withdrawn", "56 withdrawn", "7 withdrawn (2022.1: withdrawn)"}},
		// Back to an older edition there is no way, so the words decide.
		{"2021.1", "2020.1", []string{"1 reworded", "3 new", "4 reworded", "5 new", "6 new", "31 withdrawn", "32 withdrawn", "56 withdrawn", "8 withdrawn"}},
	} {
		if got := between(t, l, c.before, c.after); !slices.Equal(got, c.want) {
			t.Errorf("%s to %s:\n%s\nwant\n%s", c.before, c.after, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
	was, _ := l.Edition("ctpat", "2020.1")
	is, _ := l.Edition("ctpat", "2022.1")
	list := l.Between(was, is)
	if list.Of("4").Kind != catalogue.Unchanged || list.Of("31").Kind != catalogue.Split || list.Of("7").Kind != catalogue.Withdrawn || !slices.Equal(list.Gone(), []string{"7"}) {
		t.Errorf("the list says %+v, gone %v", list, list.Gone())
	}
}

// The editions that ship with the portal, over both steps.
func TestBetweenShippedEditions(t *testing.T) {
	t.Parallel()
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		t.Fatal(err)
	}
	l, err := catalogue.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range between(t, l, "2020.1", "2026.1") {
		head, _, _ := strings.Cut(line, " (")
		got = append(got, head)
	}
	slices.Sort(got)
	if want := []string{"3.9 reworded", "4.8 reworded", "HC-07 withdrawn", "HC-14 split HC-11", "HC-15 split HC-11", "HC-16 merged HC-05+HC-06", "TPL-02 new"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTakes(t *testing.T) {
	t.Parallel()
	options := func(list ...string) (out []catalogue.Option) {
		for _, code := range list {
			out = append(out, catalogue.Option{Code: code, Text: en(code)})
		}
		return out
	}
	columns := func(list ...string) (out []catalogue.Column) {
		for _, code := range list {
			out = append(out, catalogue.Column{Code: code, Text: en(code), Kind: catalogue.Narrative})
		}
		return out
	}
	ten := 10.0
	for _, c := range []struct {
		name    string
		was, is catalogue.Question
		a       catalogue.Answer
		want    bool
	}{
		{"the same", catalogue.Question{Kind: catalogue.YesNo}, catalogue.Question{Kind: catalogue.YesNo}, catalogue.Answer{Choice: "yes"}, true},
		{"another kind", catalogue.Question{Kind: catalogue.YesNo}, catalogue.Question{Kind: catalogue.Narrative}, catalogue.Answer{Choice: "yes"}, false},
		{"an option that stays", catalogue.Question{Kind: catalogue.Choice, Options: options("a", "b")}, catalogue.Question{Kind: catalogue.Choice, Options: options("b", "c")}, catalogue.Answer{Choice: "b"}, true},
		{"an option that went", catalogue.Question{Kind: catalogue.Choice, Options: options("a", "b")}, catalogue.Question{Kind: catalogue.Choice, Options: options("b", "c")}, catalogue.Answer{Choice: "a"}, false},
		{"one of several went", catalogue.Question{Kind: catalogue.Checklist, Options: options("a", "b")}, catalogue.Question{Kind: catalogue.Checklist, Options: options("b")}, catalogue.Answer{Choices: []string{"a", "b"}}, false},
		{"above the new limit", catalogue.Question{Kind: catalogue.Number}, catalogue.Question{Kind: catalogue.Number, Max: &ten}, catalogue.Answer{Number: "11"}, false},
		{"columns in another order", catalogue.Question{Kind: catalogue.Table, Columns: columns("x", "y")}, catalogue.Question{Kind: catalogue.Table, Columns: columns("y", "x")}, catalogue.Answer{Rows: [][]string{{"1", "2"}}}, false},
		{"the same columns", catalogue.Question{Kind: catalogue.Table, Columns: columns("x", "y")}, catalogue.Question{Kind: catalogue.Table, Columns: columns("x", "y")}, catalogue.Answer{Rows: [][]string{{"1", "2"}}}, true},
	} {
		if got := c.is.Takes(c.was, c.a); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
