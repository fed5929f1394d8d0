// Package clock computes legal deadlines: how long a period has run, how long it
// stood still, and when it ends.
//
// The rules are those of Regulation (EEC, Euratom) No 1182/71, Article 3, which bind
// the European programmes, and agree with Rule 6(a)(1) of the Federal Rules of Civil
// Procedure, the customary American reading:
//
//   - The day of the event does not count (Art. 3(1)); day one is the day after.
//   - The period ends when its last day is over in the office's zone (Art. 3(2)(b)).
//   - Months and years end on the same date, or on the last day of a month that has
//     no such date (Art. 3(2)(c)).
//   - Weekends and holidays count, unless the period is in business days (Art. 3(3)).
//   - Whether a period whose last day is not a business day runs on to the next one
//     (Art. 3(4)) is a setting of each clock, Run.RollForward. Dates of taking effect
//     and bars are not rolled (Art. 4 excludes it).
//
// Art. 3(5), two business days at least in every period of two days or more, is not
// applied by itself: no programme has a period that short.
//
// The law says little on standing still, so the house rule is the simplest one that
// can be checked by hand: a day was paused if the clock stood still when that day
// ended. A pause begun and ended on one day therefore costs nothing, and used days
// and paused days always add up to the days gone by. Time that had run out before a
// pause does not come back.
package clock

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Calendar knows the business days of an office: its weekend and a table of public
// holidays for certain years. It is immutable. The nil and the zero Calendar know no
// weekend, no holidays and no years.
type Calendar struct {
	code, name, edition, source string
	weekend                     [7]bool
	holidays                    map[Day]string
	from, until                 int // years the table covers, both included
}

// NotCoveredError says that a day lies outside the years of a calendar's holiday
// table, so that nobody can say whether it is a business day.
type NotCoveredError struct {
	Calendar string // its code
	Day      Day
}

func (e *NotCoveredError) Error() string {
	return fmt.Sprintf("calendar %s does not cover %s", e.Calendar, e.Day)
}

// Code names the calendar in programme and office data.
func (c *Calendar) Code() string { return c.code }

// Name of the calendar for people.
func (c *Calendar) Name() string { return c.name }

// Edition of the holiday table.
func (c *Calendar) Edition() string { return c.edition }

// Source of the holiday table: the law or the notice that sets it.
func (c *Calendar) Source() string { return c.source }

// CoveredYears are the first and last year that the holiday table covers.
func (c *Calendar) CoveredYears() (from, until int) { return c.from, c.until }

// Covers reports whether the holiday table covers the day's year. Outside of it
// weekends are still known, but holidays are not.
func (c *Calendar) Covers(d Day) bool {
	return c != nil && c.from > 0 && d.year >= c.from && d.year <= c.until
}

// Holiday is the name of the holiday on that day, or empty.
func (c *Calendar) Holiday(d Day) string {
	if c == nil {
		return ""
	}
	return c.holidays[d]
}

// IsBusinessDay reports whether the office works on that day, as far as is known:
// ask Covers too.
func (c *Calendar) IsBusinessDay(d Day) bool {
	return c == nil || (!c.weekend[d.Weekday()] && c.holidays[d] == "")
}

// NextBusinessDay is the first business day after d. If the table does not cover the
// days between, the error is a *NotCoveredError and the day is the best guess.
func (c *Calendar) NextBusinessDay(d Day) (Day, error) { return c.AddBusinessDays(d, 1) }

// AddBusinessDays is the nth business day after d, or before it when n is negative;
// d itself when n is 0. If the table does not cover the days between, the error is a
// *NotCoveredError and the day is the best guess.
func (c *Calendar) AddBusinessDays(d Day, n int) (Day, error) {
	end := c.add(d, n)
	step := 1
	if n < 0 {
		step = -1
	}
	for _, day := range []Day{d.AddDays(step), end} {
		if n != 0 && !c.Covers(day) {
			return end, &NotCoveredError{c.label(), day}
		}
	}
	return end, nil
}

func (c *Calendar) label() string {
	if c == nil || c.code == "" {
		return "(none)"
	}
	return c.code
}

func (c *Calendar) add(d Day, n int) Day {
	step := 1
	if n < 0 {
		n, step = -n, -1
	}
	for n > 0 {
		if d = d.AddDays(step); c.IsBusinessDay(d) {
			n--
		}
	}
	return d
}

// between counts the business days after from, up to and including to.
func (c *Calendar) between(from, to Day) int {
	n := 0
	for d := from; d.Before(to); {
		if d = d.AddDays(1); c.IsBusinessDay(d) {
			n++
		}
	}
	return n
}

// Calendars are the calendars of a deployment by code.
type Calendars map[string]*Calendar

// Get finds a calendar by its code.
func (cs Calendars) Get(code string) (*Calendar, error) {
	if c, ok := cs[code]; ok {
		return c, nil
	}
	return nil, fmt.Errorf("there is no calendar %q; there are: %s", code, strings.Join(cs.Codes(), ", "))
}

// Codes of all calendars in order.
func (cs Calendars) Codes() []string { return slices.Sorted(maps.Keys(cs)) }

// LoadCalendars reads every *.yaml at the root of files, one calendar each:
//
//	code: us-federal
//	name: United States federal offices
//	edition: "2026"
//	source: 5 U.S.C. 6103
//	covered_from: 2026   # optional; else the first year with a holiday
//	covered_until: 2027  # optional; else the last year with a holiday
//	weekend: [saturday, sunday]
//	holidays:
//	  - {date: 2026-01-01, name: New Year's Day}
//
// Every covered year needs a holiday, for a year without any is a year forgotten. A
// table holding an observed holiday of a year that it does not cover (31 December
// 2027 for 1 January 2028) names its years. Keys it does not know, dates that do not
// exist and all other slips are reported together, each with its file and line.
func LoadCalendars(files fs.FS) (Calendars, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list calendars: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("there are no calendars: expected files *.yaml")
	}
	out, read := Calendars{}, &reader{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read calendar %s: %w", name, err)
		}
		read.file = name
		c, line := read.calendar(text)
		if c.code != "" && out[c.code] != nil {
			read.problem(line, "code %q is used by another calendar", c.code)
		}
		out[c.code] = c
	}
	if len(read.problems) > 0 {
		return nil, errors.Join(read.problems...)
	}
	return out, nil
}

// reader gathers the problems of calendar files.
type reader struct {
	file     string
	problems []error
}

func (r *reader) problem(line int, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s:%d: %s", r.file, line, fmt.Sprintf(format, args...)))
}

var codePattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func (r *reader) calendar(text []byte) (c *Calendar, codeLine int) {
	c = &Calendar{holidays: map[Day]string{}}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		r.problem(1, "not readable as YAML: %v", err)
		return c, 1
	}
	if dec.Decode(&more) == nil {
		r.problem(more.Line, "one file holds one calendar; this is a second document")
	}
	before := len(r.problems)
	root := doc.Content[0]
	keys := r.mapping(root, []string{"code", "name", "edition", "source", "weekend", "holidays"}, []string{"covered_from", "covered_until"})
	c.code, c.name = r.text(keys["code"], "code"), r.text(keys["name"], "name")
	c.edition, c.source = r.text(keys["edition"], "edition"), r.text(keys["source"], "source")
	codeLine = root.Line
	if n := keys["code"]; n != nil {
		codeLine = n.Line
		if c.code != "" && !codePattern.MatchString(c.code) {
			r.problem(n.Line, "code %q is not made of small letters, digits and hyphens", c.code)
		}
	}
	r.weekend(c, keys["weekend"])
	r.holidays(c, keys["holidays"])
	from, until := r.year(keys["covered_from"], "covered_from"), r.year(keys["covered_until"], "covered_until")
	if len(r.problems) > before {
		return c, codeLine // the years below would only repeat what is wrong above
	}
	r.years(c, from, until, keys["holidays"].Line)
	return c, codeLine
}

func (r *reader) weekend(c *Calendar, n *yaml.Node) {
	count := 0
	for _, item := range r.sequence(n, "weekend") {
		name := r.text(item, "weekend")
		day := slices.IndexFunc(weekdays, func(d time.Weekday) bool { return strings.ToLower(d.String()) == name })
		switch {
		case name == "": // told by text
		case day < 0:
			r.problem(item.Line, "weekend: %q is not a day of the week in small letters", name)
		case c.weekend[day]:
			r.problem(item.Line, "weekend: %s is listed twice", name)
		default:
			c.weekend[day] = true
			if count++; count == len(weekdays) {
				r.problem(item.Line, "weekend: a week needs a business day")
			}
		}
	}
}

var weekdays = []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}

func (r *reader) holidays(c *Calendar, n *yaml.Node) {
	for _, item := range r.sequence(n, "holidays") {
		keys := r.mapping(item, []string{"date", "name"}, nil)
		date, name := r.text(keys["date"], "date"), r.text(keys["name"], "name")
		if date == "" || name == "" {
			continue
		}
		d, err := ParseDay(date)
		switch {
		case err != nil:
			r.problem(keys["date"].Line, "date: %v", err)
		case c.holidays[d] != "":
			r.problem(keys["date"].Line, "date: %s is listed twice", d)
		default:
			c.holidays[d] = name
		}
	}
}

// years settles which years the table covers.
func (r *reader) years(c *Calendar, from, until, line int) {
	if len(c.holidays) == 0 {
		r.problem(line, "holidays: the table is empty")
		return
	}
	has := map[int]bool{}
	for d := range c.holidays {
		has[d.year] = true
	}
	listed := slices.Sorted(maps.Keys(has))
	c.from, c.until = from, until
	if from == 0 {
		c.from = listed[0]
	}
	if until == 0 {
		c.until = listed[len(listed)-1]
	}
	if c.from > c.until {
		r.problem(line, "covered_from %d is after covered_until %d", c.from, c.until)
	}
	for y := c.from; y <= c.until; y++ {
		if !has[y] {
			r.problem(line, "holidays: none in %d, which is a covered year", y)
		}
	}
}

// mapping checks the keys of a mapping and returns their values.
func (r *reader) mapping(n *yaml.Node, required, optional []string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "expected keys and values: %s", strings.Join(required, ", "))
		return out
	}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case !slices.Contains(required, key.Value) && !slices.Contains(optional, key.Value):
			r.problem(key.Line, "unknown key %q", key.Value)
		case out[key.Value] != nil:
			r.problem(key.Line, "key %q is there twice", key.Value)
		default:
			out[key.Value] = n.Content[i+1]
		}
	}
	for _, key := range required {
		if out[key] == nil {
			r.problem(n.Line, "key %q is missing", key)
		}
	}
	return out
}

// text is a scalar with something in it; a missing node has been told of already.
func (r *reader) text(n *yaml.Node, key string) string {
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || strings.TrimSpace(n.Value) == "" {
		r.problem(n.Line, "%s: expected a text", key)
		return ""
	}
	return strings.TrimSpace(n.Value)
}

func (r *reader) sequence(n *yaml.Node, key string) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		r.problem(n.Line, "%s: expected a list", key)
		return nil
	}
	return n.Content
}

func (r *reader) year(n *yaml.Node, key string) int {
	s := r.text(n, key)
	if s == "" {
		return 0
	}
	y, err := strconv.Atoi(s)
	if err != nil || y < 1900 || y > 9999 {
		r.problem(n.Line, "%s: %q is not a year", key, s)
		return 0
	}
	return y
}
