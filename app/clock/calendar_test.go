package clock

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

const federal = `code: us-federal
name: United States federal offices
edition: "2026"
source: 5 U.S.C. 6103
covered_from: 2026
covered_until: 2027
weekend: [saturday, sunday]
holidays:
  - {date: 2026-01-01, name: New Year's Day}
  - {date: 2026-05-25, name: Memorial Day}
  - {date: 2026-07-03, name: Independence Day (observed)}
  - {date: 2026-11-26, name: Thanksgiving Day}
  - {date: 2026-12-25, name: Christmas Day}
  - {date: 2027-01-01, name: New Year's Day}
  - {date: 2027-05-31, name: Memorial Day}
  - {date: 2027-12-24, name: Christmas Day (observed)}
  - {date: 2027-12-31, name: New Year's Day 2028 (observed)}
`

// Belgium with the Easter days that make long weekends, without named years.
const belgium = `code: be
name: Belgium
edition: 1
source: Loi du 4 janvier 1974
weekend: [saturday, sunday]
holidays:
  - date: 2025-12-25
    name: Noël
  - {date: 2026-01-01, name: Jour de l'An}
  - {date: 2026-04-06, name: Lundi de Pâques}
  - {date: 2026-05-01, name: Fête du Travail}
  - {date: 2026-05-14, name: Ascension}
  - {date: 2026-05-25, name: Lundi de Pentecôte}
`

const jordan = `code: jo
name: Jordan Customs
edition: 2026-01-15
source: Cabinet notice
weekend: [friday, saturday]
holidays: [{date: 2026-05-25, name: Independence Day}]
`

func calendars(t testing.TB) Calendars {
	t.Helper()
	cs, err := LoadCalendars(fstest.MapFS{
		"us.yaml":   {Data: []byte(federal)},
		"be.yaml":   {Data: []byte(belgium)},
		"jo.yaml":   {Data: []byte(jordan)},
		"README.md": {Data: []byte("not a calendar")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

func calendar(t testing.TB, code string) *Calendar {
	t.Helper()
	c, err := calendars(t).Get(code)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoadCalendars(t *testing.T) {
	cs := calendars(t)
	if got := strings.Join(cs.Codes(), " "); got != "be jo us-federal" {
		t.Errorf("codes: %s", got)
	}
	us := calendar(t, "us-federal")
	if us.Code() != "us-federal" || us.Name() != "United States federal offices" || us.Edition() != "2026" || us.Source() != "5 U.S.C. 6103" {
		t.Errorf("%+v", us)
	}
	if from, until := us.CoveredYears(); from != 2026 || until != 2027 {
		t.Errorf("covers %d to %d", from, until)
	}
	if from, until := calendar(t, "be").CoveredYears(); from != 2025 || until != 2026 {
		t.Errorf("be covers %d to %d", from, until)
	}
	if calendar(t, "jo").Edition() != "2026-01-15" {
		t.Errorf("jo: %+v", calendar(t, "jo"))
	}
	if us.Holiday(day(t, "2026-05-25")) != "Memorial Day" || us.Holiday(day(t, "2026-05-26")) != "" {
		t.Error("Memorial Day is not where it belongs")
	}
	if _, err := cs.Get("mars"); err == nil || !strings.Contains(err.Error(), "be, jo, us-federal") {
		t.Errorf("unknown calendar: %v", err)
	}
}

func TestIsBusinessDay(t *testing.T) {
	us, jo := calendar(t, "us-federal"), calendar(t, "jo")
	for _, c := range []struct {
		day    string
		us, jo bool
	}{
		{"2026-05-21", true, true},   // Thursday
		{"2026-05-22", true, false},  // Friday
		{"2026-05-23", false, false}, // Saturday
		{"2026-05-24", false, true},  // Sunday
		{"2026-05-25", false, false}, // holiday of both
		{"2026-05-26", true, true},
	} {
		d := day(t, c.day)
		if us.IsBusinessDay(d) != c.us || jo.IsBusinessDay(d) != c.jo {
			t.Errorf("%s: us %v, jo %v", d, us.IsBusinessDay(d), jo.IsBusinessDay(d))
		}
	}
}

func TestAddBusinessDays(t *testing.T) {
	us := calendar(t, "us-federal")
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-05-22", 1, "2026-05-26"}, // over a weekend and Memorial Day
		{"2026-05-22", 2, "2026-05-27"},
		{"2026-05-23", 1, "2026-05-26"},
		{"2026-05-23", 0, "2026-05-23"},
		{"2026-05-26", -1, "2026-05-22"},
		{"2026-05-25", -1, "2026-05-22"},
		{"2026-12-24", 5, "2027-01-04"}, // 28, 29, 30, 31 December, then 4 January
		{"2026-07-02", 1, "2026-07-06"},
	} {
		if got, err := us.AddBusinessDays(day(t, c.from), c.n); err != nil || got != day(t, c.want) {
			t.Errorf("%s + %d business days = %s, %v, want %s", c.from, c.n, got, err, c.want)
		}
	}
	if got, err := us.NextBusinessDay(day(t, "2026-05-22")); err != nil || got != day(t, "2026-05-26") {
		t.Errorf("next: %s, %v", got, err)
	}
	// Counting back what was added, from every day of a covered year.
	for d := day(t, "2026-01-01"); d.Year() == 2026; d = d.AddDays(1) {
		for n := range 40 {
			to, err := us.AddBusinessDays(d, n)
			if err != nil || us.between(d, to) != n {
				t.Fatalf("%s + %d = %s, which is %d, %v", d, n, to, us.between(d, to), err)
			}
		}
	}
}

func TestCalendarDoesNotCover(t *testing.T) {
	us := calendar(t, "us-federal")
	var missing *NotCoveredError
	got, err := us.AddBusinessDays(day(t, "2027-12-30"), 2)
	if !errors.As(err, &missing) || missing.Day != day(t, "2028-01-04") || missing.Calendar != "us-federal" {
		t.Errorf("forward: %v", err)
	}
	if got != day(t, "2028-01-04") || !strings.Contains(err.Error(), "calendar us-federal does not cover 2028-01-04") {
		t.Errorf("best guess: %s, %v", got, err)
	}
	if _, err := us.NextBusinessDay(day(t, "2025-12-30")); !errors.As(err, &missing) || missing.Day != day(t, "2025-12-31") {
		t.Errorf("before the table: %v", err)
	}
	if _, err := us.AddBusinessDays(day(t, "2025-12-30"), 2); !errors.As(err, &missing) || missing.Day != day(t, "2025-12-31") {
		t.Errorf("from before the table into it: %v", err)
	}
	// From the eve of the table on, every day asked about is known.
	if got, err := us.NextBusinessDay(day(t, "2025-12-31")); err != nil || got != day(t, "2026-01-02") {
		t.Errorf("from the eve of the table: %s, %v", got, err)
	}
	if _, err := us.AddBusinessDays(day(t, "2026-01-02"), -1); !errors.As(err, &missing) || missing.Day.Year() != 2025 {
		t.Errorf("backward: %v", err)
	}
	for _, none := range []*Calendar{nil, {}} {
		if got, err := none.NextBusinessDay(day(t, "2026-05-22")); !errors.As(err, &missing) || got != day(t, "2026-05-23") || missing.Calendar != "(none)" {
			t.Errorf("no calendar: %s, %v", got, err)
		}
		if none.Covers(day(t, "2026-05-22")) || none.Holiday(day(t, "2026-05-25")) != "" {
			t.Error("no calendar knows nothing")
		}
	}
}

func TestLoadCalendarsTellsEveryProblem(t *testing.T) {
	const bad = `code: Bad Code
name: ""
edition: [1]
colour: blue
weekend: [saturday, Sunday, saturday, funday, ~]
name: again
covered_until: soon
holidays:
  - {date: 2026-02-29, name: Leap}
  - {date: 2026-05-01, name: One}
  - {date: 2026-05-01, name: Two}
  - {date: 2026-05-02, nmae: Three}
  - 2026-05-03
`
	_, err := LoadCalendars(fstest.MapFS{
		"a.yaml": {Data: []byte(bad)},
		"b.yaml": {Data: []byte("code: [")},
		"c.yaml": {Data: []byte(jordan + "---\ncode: more\n")},
		"d.yaml": {Data: []byte(jordan)},
		"e.yaml": {Data: []byte("- a list\n")},
		"f.yaml": {Data: []byte("code: f\nname: F\nedition: 1\nsource: S\nweekend: [sunday, monday, tuesday, wednesday, thursday, friday, saturday]\nholidays: none\n")},
		"g.yaml": {Data: []byte("code: g\nname: G\nedition: 1\nsource: S\nweekend: []\nholidays: []\n")},
		"h.yaml": {Data: []byte("code: h\nname: H\nedition: 1\nsource: S\nweekend: []\ncovered_until: 2027\nholidays:\n- {date: 2024-01-01, name: A}\n- {date: 2026-01-01, name: B}\n")},
		"i.yaml": {Data: []byte("code: i\nname: I\nedition: 1\nsource: S\nweekend: []\ncovered_from: 2027\nholidays: [{date: 2026-01-01, name: B}]\n")},
		"j.yaml": {Data: nil},
		"k.yaml": {Data: []byte("code: k\nname: K\nedition: 1\nsource: S\nweekend: *days\nholidays: []\n")},
	})
	if err == nil {
		t.Fatal("everything was taken")
	}
	const want = `a.yaml:4: unknown key "colour"
a.yaml:6: key "name" is there twice
a.yaml:1: key "source" is missing
a.yaml:2: name: expected a text
a.yaml:3: edition: expected a text
a.yaml:1: code "Bad Code" is not made of small letters, digits and hyphens
a.yaml:5: weekend: "Sunday" is not a day of the week in small letters
a.yaml:5: weekend: saturday is listed twice
a.yaml:5: weekend: "funday" is not a day of the week in small letters
a.yaml:5: weekend: expected a text
a.yaml:9: date: "2026-02-29" is not a date of the form 2026-03-04
a.yaml:11: date: 2026-05-01 is listed twice
a.yaml:12: unknown key "nmae"
a.yaml:12: key "name" is missing
a.yaml:13: expected keys and values: date, name
a.yaml:7: covered_until: "soon" is not a year
b.yaml:1: not readable as YAML
c.yaml:7: one file holds one calendar; this is a second document
d.yaml:1: code "jo" is used by another calendar
e.yaml:1: expected keys and values: code, name, edition, source, weekend, holidays
f.yaml:5: weekend: a week needs a business day
f.yaml:6: holidays: expected a list
g.yaml:6: holidays: the table is empty
h.yaml:8: holidays: none in 2025, which is a covered year
h.yaml:8: holidays: none in 2027, which is a covered year
i.yaml:7: covered_from 2027 is after covered_until 2026
j.yaml:1: not readable as YAML: EOF
k.yaml:1: not readable as YAML`
	got := strings.Split(err.Error(), "\n")
	lines := strings.Split(want, "\n")
	for i := range max(len(got), len(lines)) {
		switch {
		case i >= len(got):
			t.Errorf("not told: %s", lines[i])
		case i >= len(lines):
			t.Errorf("also told: %s", got[i])
		case !strings.HasPrefix(got[i], lines[i]):
			t.Errorf("told %q\nwant %q", got[i], lines[i])
		}
	}
	if _, err := LoadCalendars(fstest.MapFS{}); err == nil {
		t.Error("no calendars at all were taken")
	}
	if _, err := LoadCalendars(fstest.MapFS{"dir.yaml/x": {}}); err == nil {
		t.Error("a folder was taken for a calendar")
	}
}
