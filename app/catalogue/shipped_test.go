package catalogue_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/catalogue"
	"trustedtrader/config"
)

// shipped are the editions under config/programmes.
func shipped(t testing.TB) *catalogue.Library {
	t.Helper()
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		t.Fatal(err)
	}
	l, err := catalogue.Load(files)
	if err != nil {
		t.Fatalf("load:\n%v", err)
	}
	return l
}

func shippedEdition(t testing.TB, l *catalogue.Library, programme, id string) *catalogue.Edition {
	t.Helper()
	e, ok := l.Edition(programme, id)
	if !ok {
		t.Fatalf("there is no edition %s of %s", id, programme)
	}
	return e
}

var ctpatTypes = []string{
	"importer", "exporter", "highway_carrier_us_ca", "highway_carrier_us_mx", "mexican_long_haul", "rail_carrier", "sea_carrier",
	"air_carrier", "consolidator", "third_party_logistics", "customs_broker", "mpto", "foreign_manufacturer",
}

func TestShippedEditions(t *testing.T) {
	t.Parallel()
	l := shipped(t)
	for _, w := range []struct {
		programme, edition string
		criteria, sections int
		types              []string
	}{
		{"ctpat", "2020.1", 140, 11, ctpatTypes},
		{"ctpat", "2023.1", 140, 11, ctpatTypes},
		{"ctpat", "2026.1", 140, 11, ctpatTypes}, // one new, one split in two, two merged, one withdrawn
		{"eu-aeo", "2016.6", 113, 20, []string{"aeoc", "aeos", "aeof"}},
	} {
		e := shippedEdition(t, l, w.programme, w.edition)
		if len(e.Criteria) != w.criteria || len(e.Sections) != w.sections {
			t.Errorf("%s %s: %d criteria in %d sections; want %d in %d", w.programme, w.edition, len(e.Criteria), len(e.Sections), w.criteria, w.sections)
		}
		if e.Status != catalogue.Published {
			t.Errorf("%s %s is %s", w.programme, w.edition, e.Status)
		}
		for _, code := range w.types {
			f := e.Form(code)
			if len(f.Criteria) < 50 {
				t.Errorf("%s %s: %s is asked about %d criteria only", w.programme, w.edition, code, len(f.Criteria))
			}
			home := map[string]bool{}
			for _, c := range f.Criteria {
				for _, id := range c.Sections {
					home[id] = true
				}
			}
			if len(home) < 8 {
				t.Errorf("%s %s: %s has criteria in %d sections only", w.programme, w.edition, code, len(home))
			}
		}
	}
	for day, want := range map[string]string{"2021-05-01": "2020.1", "2025-12-31": "2023.1", "2026-01-01": "2026.1"} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := l.InForce("ctpat", at); !ok || e.ID != want {
			t.Errorf("%s: in force is %v; want %s", day, e, want)
		}
	}
	if ws := l.Warnings(); len(ws) > 0 {
		t.Errorf("an editor should look at:\n%v", ws)
	}
}

// TestShippedCriteria holds each criterion to what pages and reviewers rely on.
func TestShippedCriteria(t *testing.T) {
	t.Parallel()
	l := shipped(t)
	working := regexp.MustCompile(`^[A-Z]+-\d\d$`)
	for _, programme := range []string{"ctpat", "eu-aeo"} {
		for _, e := range l.Editions(programme) {
			whys := map[string]string{}
			for _, c := range e.Criteria {
				bad := func(format string, args ...any) {
					t.Helper()
					t.Errorf("%s %s %s: "+format, append([]any{programme, e.ID, c.ID}, args...)...)
				}
				if why := c.Why.String(); len(why) < 25 || !strings.HasSuffix(why, ".") {
					bad("why it matters: %q", why)
				} else if other := whys[why]; other != "" {
					bad("says the same as %s about why it matters", other)
				} else {
					whys[why] = c.ID
				}
				if c.Official == working.MatchString(c.ID) {
					bad("official is %v", c.Official)
				}
				if len(c.WCO) == 0 || len(c.VerifyBy) == 0 {
					bad("WCO %v, verified by %v", c.WCO, c.VerifyBy)
				}
				if c.Evidence.Min > 0 && len(c.Evidence.Examples) == 0 {
					bad("asks for evidence and gives no example")
				}
				required := 0
				for _, q := range c.Questions {
					if q.Required {
						required++
					}
					if !strings.HasPrefix(q.ID, c.ID+".") {
						bad("question %s", q.ID)
					}
					if strings.Contains(strings.ToLower(q.Text.String()+q.Help.String()), "please") {
						bad("%s says please", q.ID)
					}
				}
				if required == 0 {
					bad("no question is required")
				}
				if first := e.Form(c.AppliesTo[0]).Apply(catalogue.Facts{Sites: 2, Country: "MX"}); !slices.ContainsFunc(c.Questions, func(q catalogue.Question) bool { return q.Required && first.Question(q.ID) }) {
					bad("no required question is open when nothing is answered yet")
				}
			}
		}
	}
}

// TestShippedMappings checks both directions: what CTPAT says of a question of the AEO
// questionnaire, that question says of CTPAT.
func TestShippedMappings(t *testing.T) {
	t.Parallel()
	l := shipped(t)
	aeo := shippedEdition(t, l, "eu-aeo", "2016.6")
	inverse := map[string]string{"equal": "equal", "intersect": "intersect", "subset": "superset", "superset": "subset"}
	n := 0
	for _, e := range l.Editions("ctpat") {
		for _, c := range e.Criteria {
			for _, m := range c.MapsTo {
				n++
				other, ok := aeo.Criterion(m.Ref)
				if !ok {
					t.Errorf("%s %s maps to %s, which is not there", e.ID, c.ID, m.Ref)
					continue
				}
				if !slices.Contains(other.MapsTo, catalogue.Mapping{Scheme: "ctpat", Ref: c.ID, Relation: inverse[m.Relation]}) {
					t.Errorf("%s %s is a %s of %s, and that does not say so", e.ID, c.ID, m.Relation, m.Ref)
				}
			}
		}
	}
	for _, c := range aeo.Criteria {
		for _, m := range c.MapsTo {
			found := false
			for _, e := range l.Editions("ctpat") {
				_, there := e.Criterion(m.Ref)
				found = found || there
			}
			if !found {
				t.Errorf("%s maps to %s, which no edition has", c.ID, m.Ref)
			}
		}
	}
	if n < 100 {
		t.Errorf("%d mappings only", n)
	}
}

// TestShippedImporter counts what an importer meets: about 190 questions at the start,
// and those that its answers open.
func TestShippedImporter(t *testing.T) {
	t.Parallel()
	e := shippedEdition(t, shipped(t), "ctpat", "2026.1")
	f := e.Form("importer")
	start := f.Apply(catalogue.Facts{Country: "US", Sites: 2})
	open, all := 0, 0
	for _, c := range f.Criteria {
		for _, q := range c.Questions {
			all++
			if start.Question(q.ID) {
				open++
			}
		}
	}
	if len(f.Criteria) < 90 || len(f.Criteria) > 100 || open < 170 || open > 210 || all > 310 {
		t.Errorf("%d criteria, %d questions at the start, %d in all; want about 93, 170 to 210, at most 310", len(f.Criteria), open, all)
	}
}

// TestShippedConditions walks the gates: one answer, and what it hides.
func TestShippedConditions(t *testing.T) {
	t.Parallel()
	l := shipped(t)
	for _, w := range []struct {
		programme, edition, kind string
		choices                  map[string]string
		facts                    catalogue.Facts
		hidden, open             string // ids of criteria and questions
	}{
		{"ctpat", "2026.1", "importer", nil, catalogue.Facts{}, "4.9.a 7.1.a 10.10.a", "9.13 9.14 9.15 9.16 6.2 9.12.a 4.9.c"},
		{"ctpat", "2020.1", "importer", map[string]string{"9.12.a": "no"}, catalogue.Facts{}, "9.13 9.14 9.15 9.16 9.12.c", "9.12 9.8"},
		{"ctpat", "2026.1", "importer", map[string]string{"9.12.a": "no"}, catalogue.Facts{}, "9.13 9.14 9.15 9.16 9.12.c", "9.12 9.8"},
		{"ctpat", "2026.1", "mpto", map[string]string{"9.12.a": "na"}, catalogue.Facts{}, "9.13 9.14 9.15 9.16", "9.12.b"},
		{"ctpat", "2026.1", "importer", map[string]string{"9.7.a": "no", "9.12.a": "no", "9.12.b": "no"}, catalogue.Facts{}, "9.8 9.9 9.10 9.11 12.9", "9.7"},
		{"ctpat", "2026.1", "importer", map[string]string{"6.1.g": "no"}, catalogue.Facts{}, "6.1.a 6.2 6.5 6.6 6.7 7.5 7.29 7.30", "6.1 6.1.g"},
		{"ctpat", "2026.1", "importer", map[string]string{"6.5.b": "no"}, catalogue.Facts{}, "6.5.a 6.6", "6.5 6.7"},
		{"ctpat", "2026.1", "importer", map[string]string{"5.3.g": "no", "5.3.h": "no"}, catalogue.Facts{}, "5.3.i 5.3.c 5.3.d 5.15 5.16 5.24", "5.3.b"},
		{"ctpat", "2026.1", "importer", map[string]string{"5.3.g": "yes", "5.3.h": "yes"}, catalogue.Facts{}, "", "5.3.i 5.3.c 5.3.d 5.15 5.16 5.24"},
		{"ctpat", "2026.1", "mexican_long_haul", nil, catalogue.Facts{}, "5.3.h", "5.3.c 5.3.d 5.16"},
		{"ctpat", "2026.1", "customs_broker", map[string]string{"8.1.d": "no"}, catalogue.Facts{}, "8.1.b 12.7.c", "8.1.a 12.7.a"},
		{"ctpat", "2026.1", "importer", map[string]string{"10.10.c": "no"}, catalogue.Facts{}, "10.10.a 10.10.b 10.10.e", "10.10"},
		{"ctpat", "2026.1", "importer", map[string]string{"10.10.c": "own"}, catalogue.Facts{}, "10.10.e", "10.10.a"},
		{"ctpat", "2026.1", "importer", map[string]string{"4.9.c": "no", "4.10.b": "no", "7.7.b": "no", "7.1.b": "no", "5.1.b": "no", "3.5.b": "no"}, catalogue.Facts{}, "4.9.a 4.10.a 7.7.a 7.1.a 5.1.a 3.5.a", "4.9 4.10 7.7 7.1 5.1 3.5"},
		{"ctpat", "2026.1", "importer", map[string]string{"2.1.a": "na", "2.2.a": "no", "4.3.a": "na"}, catalogue.Facts{}, "2.1.b 2.2.b 4.3.b 2.2.c", "2.1 2.2.a"},
		{"ctpat", "2026.1", "importer", map[string]string{"11.2.f": "no"}, catalogue.Facts{}, "11.2.a 11.2.e", "11.2.h"},
		{"ctpat", "2026.1", "third_party_logistics", map[string]string{"3.8.b": "no"}, catalogue.Facts{}, "3.8.a HC-10", "3.8"},
		{"ctpat", "2026.1", "foreign_manufacturer", nil, catalogue.Facts{Country: "CN"}, "FM-02", "FM-01"},
		{"ctpat", "2026.1", "foreign_manufacturer", nil, catalogue.Facts{Country: "MX"}, "", "FM-02"},
		{"eu-aeo", "2016.6", "aeof", map[string]string{"1.1.4.c": "no"}, catalogue.Facts{}, "6.8.1 6.8.2 6.8.3 6.8.4", "6.7.1"},
		{"eu-aeo", "2016.6", "aeof", map[string]string{"1.1.4.d": "no", "1.1.4.e": "no", "1.1.4.f": "no"}, catalogue.Facts{}, "6.7.1 6.7.6 6.6.1 6.9.7 6.4.1 6.4.5", "6.5.1 6.8.1"},
		{"eu-aeo", "2016.6", "aeoc", nil, catalogue.Facts{}, "1.1.10.b 1.1.4.c", "1.1.10.a"},
		{"eu-aeo", "2016.6", "aeos", nil, catalogue.Facts{Sites: 1}, "6.1.5", "1.1.10.b"},
		{"eu-aeo", "2016.6", "aeos", nil, catalogue.Facts{Sites: 3}, "", "6.1.5"},
		{"eu-aeo", "2016.6", "aeoc", map[string]string{"1.1.1.g": "no", "5.1.1.b": "training"}, catalogue.Facts{}, "4.3 5.1.2 5.1.1.a", "5.2.1"},
		{"eu-aeo", "2016.6", "aeoc", map[string]string{"5.1.1.b": "several"}, catalogue.Facts{}, "5.1.1.c", "5.1.1.a 5.1.2 5.2.1"},
		{"eu-aeo", "2016.6", "aeos", map[string]string{"6.1.10.c": "no", "6.2.5.e": "no", "6.3.4.b": "no", "6.11.4.d": "no", "6.12.1.d": "no"}, catalogue.Facts{}, "6.1.10.a 6.2.5.c 6.3.4.a 6.11.4.e 6.12.1.b", "6.1.10 6.2.5"},
		{"eu-aeo", "2016.6", "aeos", map[string]string{"2.1.e": "no", "3.5.5.a": "no", "3.5.4.d": "no"}, catalogue.Facts{}, "2.1.a 2.1.c 3.5.5.b 3.5.4.e", "2.1.f"},
	} {
		f := shippedEdition(t, l, w.programme, w.edition).Form(w.kind)
		w.facts.Choices = w.choices
		s := f.Apply(w.facts)
		counts := func(id string) bool {
			if _, ok := f.Criterion(id); ok {
				return s.Criterion(id)
			}
			if _, _, ok := f.Question(id); !ok {
				t.Errorf("%s %s: there is no %s for %s", w.programme, w.edition, id, w.kind)
			}
			return s.Question(id)
		}
		for _, id := range strings.Fields(w.hidden) {
			if counts(id) {
				t.Errorf("%s %s: %v leaves %s to be asked of %s", w.programme, w.edition, w.choices, id, w.kind)
			}
		}
		for _, id := range strings.Fields(w.open) {
			if !counts(id) {
				t.Errorf("%s %s: %v hides %s from %s", w.programme, w.edition, w.choices, id, w.kind)
			}
		}
	}
}

// TestForcedLabourBecameAMust walks 3.9 through the editions.
func TestForcedLabourBecameAMust(t *testing.T) {
	t.Parallel()
	l := shipped(t)
	for id, want := range map[string]struct {
		level  catalogue.Level
		change catalogue.ChangeKind
	}{
		"2020.1": {catalogue.Should, catalogue.Unchanged},
		"2023.1": {catalogue.Must, catalogue.Reworded},
		"2026.1": {catalogue.Must, catalogue.Unchanged},
	} {
		e := shippedEdition(t, l, "ctpat", id)
		c, ok := e.Criterion("3.9")
		if !ok || c.Level != want.level || e.ChangeOf("3.9").Kind != want.change {
			t.Errorf("%s: 3.9 is a %s, %s; want %s, %s", id, c.Level, e.ChangeOf("3.9").Kind, want.level, want.change)
		}
	}
	e := shippedEdition(t, l, "ctpat", "2026.1")
	for id, want := range map[string]catalogue.ChangeKind{
		"4.8": catalogue.Reworded, "HC-07": catalogue.Withdrawn, "HC-14": catalogue.Split, "HC-15": catalogue.Split, "HC-16": catalogue.Merged, "TPL-02": catalogue.New,
	} {
		if got := e.ChangeOf(id); got.Kind != want || got.Note.String() == "" {
			t.Errorf("%s is %s (%q); want %s with a note", id, got.Kind, got.Note, want)
		}
	}
}
