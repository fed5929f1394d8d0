package briefing

import (
	"encoding/json"
	"fmt"
	"time"

	"trustedtrader/app/benefit"
	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
	"trustedtrader/app/cost"
	"trustedtrader/app/metric"
)

// form is the form of Content that this release writes.
const form = 1

// Content is all that a report says: numbers and names of sources, no sentence, so that it can be
// read in any language and computed again. It is kept as JSON (RFC 8785) with its SHA-256.
type Content struct {
	Form        int            `json:"form"`
	Company     string         `json:"company"`
	Programme   string         `json:"programme"` // as what the company is compared; empty: it is no member
	EntityType  string         `json:"entity_type"`
	From        clock.Day      `json:"from"` // the first day of the period
	To          clock.Day      `json:"to"`   // the first day of its last month
	AsOf        time.Time      `json:"as_of"`
	Quality     metric.Quality `json:"quality"`
	Covered     int            `json:"covered"` // months with reports
	Member      int            `json:"member"`  // months in which it was such an active member on every day: of them are all comparisons
	Memberships []Membership   `json:"memberships"`
	Whole       Line           `json:"whole"`
	Modes       []Line         `json:"modes"`
	Quarters    []Quarter      `json:"quarters"` // all modes together
	Years       []Year         `json:"years"`
	Events      []Event        `json:"events"`
	Costs       []Cost         `json:"costs"` // of an examination, as they counted
	Spent       []Spent        `json:"spent"`
	Fewest      int            `json:"fewest"`    // companies in the smallest cohort
	AllPorts    int            `json:"all_ports"` // shipments compared with all ports together
	Cohorts     []Source       `json:"cohorts"`
	Reports     []Source       `json:"reports"`
}

// Membership is one of the company's, as it stood when the report was made.
type Membership struct {
	Programme  string    `json:"programme"`
	Number     string    `json:"number"`
	EntityType string    `json:"entity_type"`
	Tier       string    `json:"tier"`
	Status     string    `json:"status"`
	Since      clock.Day `json:"since"`
}

// Range is a number with the ends of its 95 percent interval.
type Range struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Line is a mode of transport beside others, or all together. A range that is missing rests on
// too little data.
type Line struct {
	Mode      string   `json:"mode"`
	Shipments int      `json:"shipments"`
	Compared  int      `json:"compared"` // of them, with others to be compared with
	Examined  int      `json:"examined"`
	Expected  float64  `json:"expected"`
	Direction int      `json:"direction"` // below zero: examined less often than others, above: more often, 0: no clear difference
	Own       *Range   `json:"own"`
	Others    *Range   `json:"others"`
	Ratio     *Range   `json:"ratio"`
	Avoided   *Range   `json:"avoided"`
	Hours     *Range   `json:"hours"`
	Held      int      `json:"held"` // shipments whose hold is known
	Money     []Amount `json:"money"`
}

// Amount is what was saved in a currency.
type Amount struct {
	Currency  string `json:"currency"`
	Saved     *Range `json:"saved"`
	Shipments int    `json:"shipments"` // whose cost is known
	Default   int    `json:"default"`   // of them, by a default of the portal
}

// Quarter is how often goods were examined in a quarter of a year; First is its first day.
type Quarter struct {
	First    clock.Day `json:"first"`
	Compared int       `json:"compared"`
	Own      *Range    `json:"own"`
	Others   *Range    `json:"others"`
}

// Year is what a calendar year brought and cost, in one currency.
type Year struct {
	Year      int    `json:"year"`
	Months    int    `json:"months"`
	Covered   int    `json:"covered"`
	Member    int    `json:"member"` // months as an active member
	Currency  string `json:"currency"`
	Saved     *Range `json:"saved"`
	Mitigated string `json:"mitigated"`
	Cost      string `json:"cost"`
	Net       *Range `json:"net"`
	Return    *Range `json:"return"`
}

// Event counts what members are given.
type Event struct {
	Kind   benefit.Kind `json:"kind"`
	Lane   bool         `json:"lane"` // crossings by a lane that membership opens
	Events int          `json:"events"`
}

// Cost is what an examination costs from a month on.
type Cost struct {
	Mode          string    `json:"mode"` // empty: every mode without a row of its own
	From          clock.Day `json:"from"` // of a default: the zero day
	Currency      string    `json:"currency"`
	PerExam       string    `json:"per_exam"`
	StoragePerDay string    `json:"storage_per_day"`
	HoldMinutes   *int      `json:"hold_minutes"` // missing: the median of the cohort
	Default       bool      `json:"default"`
}

// Spent is a part of what membership cost in a year.
type Spent struct {
	Year     int    `json:"year"`
	Item     string `json:"item"`
	Currency string `json:"currency"`
	Amount   string `json:"amount"`
}

// Source is a file that numbers rest on.
type Source struct {
	Name   string    `json:"name"`
	SHA256 string    `json:"sha256"`
	Note   string    `json:"note"` // where a file of cohorts comes from
	From   clock.Day `json:"from"` // of a report of the company: the days that it covers
	To     clock.Day `json:"to"`
	AsOf   clock.Day `json:"as_of"` // of a file of cohorts
}

// Read reads what was kept.
func Read(body string) (c Content, err error) {
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		return c, fmt.Errorf("read a kept report: %w", err)
	}
	if c.Form != form {
		return c, fmt.Errorf("a kept report has form %d; this release reads %d", c.Form, form)
	}
	return c, nil
}

// write is the content as it is kept, with its SHA-256.
func (c Content) write() (body, sum string, err error) {
	text, err := canon.JSON(c)
	if err != nil {
		return "", "", err
	}
	return string(text), canon.Hash(text), nil
}

// Of takes what a report says out of a company's case, all but who the company is.
func Of(c metric.Case) Content {
	out := Content{Form: form, Programme: c.As.Programme, EntityType: c.As.EntityType, From: c.Period.From, To: c.Period.To, AsOf: c.AsOf.UTC(), Quality: c.Quality, Covered: c.Covered, Member: c.Member,
		Whole: line(c.Whole), Fewest: c.Whole.Fewest, AllPorts: c.Whole.AllPorts}
	for _, m := range c.Modes {
		out.Modes = append(out.Modes, line(m))
	}
	for _, q := range c.Whole.Quarters {
		x := Quarter{First: q.First, Compared: q.Own.Whole}
		if q.Enough() {
			x.Own, x.Others = rate(q.Own), ranged(q.Rate())
		}
		out.Quarters = append(out.Quarters, x)
	}
	for _, y := range c.Years {
		for _, m := range y.Money {
			out.Years = append(out.Years, year(y, m))
		}
	}
	out.Events = events(c)
	for _, f := range c.Baselines {
		out.Cohorts = append(out.Cohorts, Source{Name: f.Name, SHA256: f.SHA256, Note: f.Source, AsOf: f.AsOf})
	}
	first, last := c.Period.From.AddMonths(1-int(c.Period.From.Month())), c.Period.To.AddMonths(1).AddDays(-1)
	for _, f := range c.Files {
		if !f.LastOn.Before(first) && !f.FirstOn.After(last) {
			out.Reports = append(out.Reports, Source{Name: f.FileName, SHA256: f.SHA256, From: f.FirstOn, To: f.LastOn})
		}
	}
	out.assume(c)
	return out
}

func ranged(s metric.Span) *Range { return &Range{s.Value, s.Low, s.High} }

func rate(s metric.Share) *Range {
	low, high := s.Interval()
	return &Range{s.Rate(), low, high}
}

func line(c metric.Compared) Line {
	l := Line{Mode: c.Mode, Shipments: c.Shipments, Compared: c.Own.Whole, Examined: c.Own.Part, Expected: c.Expected, Held: c.Hours.Shipments}
	if c.Enough() {
		l.Direction, _ = c.Direction()
		l.Own, l.Others, l.Avoided = rate(c.Own), ranged(c.Rate()), ranged(c.Spared)
	}
	if r, known := c.Ratio(); known {
		l.Ratio = ranged(r)
	}
	if c.Hours.Enough() {
		l.Hours = ranged(c.Hours.Span)
	}
	for _, w := range c.Money {
		a := Amount{Currency: w.Currency, Shipments: w.Shipments, Default: w.Default}
		if w.Enough() {
			a.Saved = ranged(w.Span)
		}
		l.Money = append(l.Money, a)
	}
	return l
}

func year(y metric.Year, m metric.YearMoney) Year {
	out := Year{Year: y.Year, Months: y.Months, Covered: y.Covered, Member: y.Member, Currency: m.Currency, Mitigated: m.Mitigated, Cost: m.Cost}
	if m.Saved.Enough() {
		out.Saved, out.Net = ranged(m.Saved.Span), ranged(m.Net)
	}
	if r, known := m.Return(); known {
		out.Return = ranged(r)
	}
	return out
}

// events are what members are given, of all countries; of crossings those by a lane of members.
func events(c metric.Case) (out []Event) {
	if n := c.Lanes().Part; n > 0 {
		out = append(out, Event{benefit.Crossing, true, n})
	}
	for _, x := range c.Counts {
		if x.Country == "" && x.Type == "" && (x.Kind == benefit.Stratified || x.Kind == benefit.FrontOfLine || x.Kind == benefit.Resumption || x.Kind == benefit.Recognised) {
			out = append(out, Event{Kind: x.Kind, Events: x.Events})
		}
	}
	return out
}

// assume lists the costs that the numbers rest on: of each mode that came in, every row in force
// in the period, and the defaults that stood in.
func (c *Content) assume(from metric.Case) {
	seen := map[cost.Exam]bool{}
	for _, m := range from.Modes {
		for month := from.Period.From.AddMonths(1 - int(from.Period.From.Month())); !month.After(from.Period.To); month = month.AddMonths(1) {
			e, known := from.Costs.ExamIn(m.Mode, month)
			if !known || seen[e] {
				continue
			}
			seen[e] = true
			c.Costs = append(c.Costs, Cost{e.Mode, e.FromMonth, e.Currency, e.PerExam, e.StoragePerDay, e.HoldMinutes, e.Default})
		}
	}
	for _, m := range from.Costs.Membership {
		if m.Year >= from.Period.From.Year() && m.Year <= from.Period.To.Year() {
			c.Spent = append(c.Spent, Spent{m.Year, m.Item, m.Currency, m.Amount})
		}
	}
}
