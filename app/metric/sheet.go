package metric

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
)

// Sheet is the numbers behind a picture as a table for other programs: codes and plain
// numbers, and before them which period they are of and which files they rest on.
type Sheet struct {
	Code    string
	Period  Period
	AsOf    time.Time
	Covered int
	Member  int // months as a member; -1: they do not matter to the table
	Files   []SheetFile
	Heading []string
	Rows    [][]string
}

// SheetFile is a file that the numbers rest on: a report of the company, or one of cohorts.
type SheetFile struct{ Role, Name, SHA256 string }

// The tables of numbers.
const (
	SheetExaminations = "examinations"
	SheetComparison   = "comparison"
	SheetPorts        = "ports"
	SheetAvoided      = "avoided"
	SheetReturn       = "return"
	SheetTimes        = "times"
	SheetCrossings    = "crossings"
	SheetEvents       = "events"
	SheetAbroad       = "abroad"
	SheetMitigation   = "mitigation"
)

// sheets says what each table holds. others: it rests on files of cohorts too.
var sheets = []struct {
	code    string
	others  bool
	heading []string
	rows    func(Case) [][]string
}{
	{SheetExaminations, false, []string{"mode", "from", "to", "shipments", "examined", "rate", "rate_low", "rate_high", "quality"}, Case.examinationRows},
	{SheetComparison, true, []string{"mode", "from", "to", "shipments", "compared", "examined", "expected", "rate", "rate_low", "rate_high", "others_shipments", "others_examined", "others_rate", "others_rate_low", "others_rate_high", "ratio", "ratio_low", "ratio_high", "quality"}, Case.comparisonRows},
	{SheetPorts, true, []string{"mode", "ports", "compared", "examined", "expected", "others_shipments", "others_examined", "ratio", "ratio_low", "ratio_high", "quality"}, Case.portRows},
	{SheetAvoided, true, []string{"what", "unit", "mode", "from", "to", "shipments", "value", "low", "high", "quality"}, Case.avoidedRows},
	{SheetReturn, true, []string{"year", "currency", "months", "months_with_reports", "months_as_member", "saved", "saved_low", "saved_high", "mitigated", "cost", "net", "net_low", "net_high", "return", "return_low", "return_high", "quality"}, Case.returnRows},
	{SheetTimes, false, []string{"what", "mode", "events", "half_by_minutes", "nine_of_ten_by_minutes", "quality"}, Case.timeRows},
	{SheetCrossings, false, []string{"month", "lane", "crossings", "quality"}, func(c Case) [][]string { return c.monthRows(true) }},
	{SheetEvents, false, []string{"month", "kind", "events", "quality"}, func(c Case) [][]string { return c.monthRows(false) }},
	{SheetAbroad, false, []string{"country", "recognized", "arrangement_in_force", "quality"}, Case.abroadRows},
	{SheetMitigation, false, []string{"kind", "currency", "events", "charged", "proposed", "assessed", "difference", "quality"}, Case.mitigationRows},
}

// Sheet makes a table of numbers by its code; false: there is none.
func (c Case) Sheet(code string) (s Sheet, ok bool) {
	for _, t := range sheets {
		if t.code != code {
			continue
		}
		s = Sheet{Code: code, Period: c.Period, AsOf: c.AsOf, Covered: c.Covered, Member: -1, Heading: t.heading, Rows: t.rows(c)}
		first, last := c.Period.From, c.Period.last()
		if code == SheetReturn {
			first = c.Period.firstYear()
		}
		for _, f := range c.Files {
			if !f.LastOn.Before(first) && !f.FirstOn.After(last) {
				s.Files = append(s.Files, SheetFile{"report", f.FileName, f.SHA256})
			}
		}
		if t.others {
			s.Member = c.Member
			for _, f := range c.Baselines {
				s.Files = append(s.Files, SheetFile{"cohorts", f.Name, f.SHA256})
			}
		}
		return s, true
	}
	return s, false
}

// WriteCSV writes the table. Lines before its heading begin with a number sign and say what it
// is of. A text that a spreadsheet program could take for a formula is made inert.
func (s Sheet) WriteCSV(to io.Writer) error {
	asOf := ""
	if !s.AsOf.IsZero() {
		asOf = s.AsOf.UTC().Format(time.RFC3339)
	}
	rows := [][]string{{"# table", s.Code}, {"# period", s.Period.From.String(), s.Period.last().String()}, {"# as of", asOf},
		{"# months with reports", strconv.Itoa(s.Covered), "of", strconv.Itoa(s.Period.Months())}}
	if s.Member >= 0 {
		rows = append(rows, []string{"# months as a member", strconv.Itoa(s.Member), "of", strconv.Itoa(s.Period.Months())})
	}
	for _, f := range s.Files {
		rows = append(rows, []string{"# " + f.Role, entry.Inert(f.Name), "SHA-256", entry.Inert(f.SHA256)})
	}
	rows = append(append(rows, s.Heading), s.Rows...)
	if err := csv.NewWriter(to).WriteAll(rows); err != nil {
		return fmt.Errorf("write the table %s: %w", s.Code, err)
	}
	return nil
}

// last is the last day of a period.
func (p Period) last() clock.Day { return p.To.AddMonths(1).AddDays(-1) }

// decimal is an exact amount, as the database wrote it.
type decimal string

// line writes the cells of a row: texts inert, numbers plain, nil empty.
func line(cells ...any) (out []string) {
	for _, x := range cells {
		switch x := x.(type) {
		case nil:
			out = append(out, "")
		case string:
			out = append(out, entry.Inert(x))
		case decimal:
			out = append(out, string(x))
		case int:
			out = append(out, strconv.Itoa(x))
		case float64:
			out = append(out, strconv.FormatFloat(math.Round(x*1e6)/1e6+0, 'f', -1, 64)) // + 0: no -0
		case Span:
			out = append(out, line(x.Value, x.Low, x.High)...)
		case unknown:
			out = append(out, slices.Repeat([]string{""}, int(x))...)
		case clock.Day:
			out = append(out, x.String())
		case Quality:
			out = append(out, string(x))
		case benefit.Kind:
			out = append(out, string(x))
		default:
			panic(fmt.Sprintf("a cell of %T", x))
		}
	}
	return out
}

// unknown is so many cells of which too little is known.
type unknown int

func known(s Span, enough bool) any {
	if !enough {
		return unknown(3)
	}
	return s
}

// quality is the best that a number can be, less what is missing.
func (c Case) quality(enough bool, best Quality) Quality {
	switch {
	case !enough:
		return Nothing
	case c.Quality != Complete:
		return Partial
	}
	return best
}

// comparedQuality looks at shipments without a cohort of their own too.
func (c Case) comparedQuality(m Compared, enough bool, best Quality) Quality {
	q := c.quality(enough, best)
	if q == best && (m.Own.Whole < m.Shipments || m.AllPorts > 0) {
		return Partial
	}
	return q
}

func (s Share) span() Span {
	low, high := s.Interval()
	return Span{s.Rate(), low, high}
}

func (c Case) examinationRows() (out [][]string) {
	add := func(mode string, from, to clock.Day, s Share) {
		enough := s.Known() && s.Whole >= Fewest
		out = append(out, line(mode, from, to, s.Whole, s.Part, known(s.span(), enough), c.quality(enough, Complete)))
	}
	for _, e := range c.Examined {
		for _, q := range e.Quarters {
			from, to := c.Period.within(q.First)
			add(e.Mode, from, to, q.Share)
		}
		add(e.Mode, c.Period.From, c.Period.last(), e.Share)
	}
	return out
}

// within is the part of a quarter that lies in the period.
func (p Period) within(first clock.Day) (from, to clock.Day) {
	from, to = first, first.AddMonths(3).AddDays(-1)
	if from.Before(p.From) {
		from = p.From
	}
	if to.After(p.last()) {
		to = p.last()
	}
	return from, to
}

func (c Case) comparisonRows() (out [][]string) {
	add := func(m Compared, from, to clock.Day, shipments any, a Against) {
		ratio, there := a.Ratio()
		q := c.comparedQuality(m, a.Enough(), Complete)
		out = append(out, line(m.Mode, from, to, shipments, a.Own.Whole, a.Own.Part, a.Expected, known(a.Own.span(), a.Enough()), a.Base.Whole, a.Base.Part, known(a.Rate(), a.Enough()), known(ratio, there), q))
	}
	for _, m := range append(slices.Clone(c.Modes), c.whole()...) {
		for _, q := range m.Quarters {
			from, to := c.Period.within(q.First)
			add(m, from, to, nil, q.Against)
		}
		add(m, c.Period.From, c.Period.last(), m.Shipments, m.Against)
	}
	return out
}

// whole is all modes together as "all", if there is anything to add.
func (c Case) whole() []Compared {
	if len(c.Modes) == 0 {
		return nil
	}
	all := c.Whole
	all.Mode = "all"
	return []Compared{all}
}

func (c Case) portRows() (out [][]string) {
	for _, m := range c.Modes {
		for _, x := range m.Ports {
			ratio, there := x.Ratio()
			out = append(out, line(m.Mode, x.Group, x.Own.Whole, x.Own.Part, x.Expected, x.Base.Whole, x.Base.Part, known(ratio, there), c.quality(there, Complete)))
		}
	}
	return out
}

func (c Case) avoidedRows() (out [][]string) {
	for _, m := range append(slices.Clone(c.Modes), c.whole()...) {
		for _, q := range m.Quarters {
			from, to := c.Period.within(q.First)
			out = append(out, line("examinations", "", m.Mode, from, to, q.Own.Whole, known(q.Avoided(), q.Enough()), c.quality(q.Enough(), Estimate)))
		}
		from, to := c.Period.From, c.Period.last()
		out = append(out, line("examinations", "", m.Mode, from, to, m.Own.Whole, known(m.Spared, m.Enough()), c.comparedQuality(m, m.Enough(), Estimate)),
			line("time", "hours", m.Mode, from, to, m.Hours.Shipments, known(m.Hours.Span, m.Hours.Enough()), c.comparedQuality(m, m.Hours.Enough(), Estimate)))
		for _, w := range m.Money {
			out = append(out, line("money", w.Currency, m.Mode, from, to, w.Shipments, known(w.Span, w.Enough()), c.comparedQuality(m, w.Enough(), Estimate)))
		}
	}
	return out
}

func (c Case) returnRows() (out [][]string) {
	for _, y := range c.Years {
		for _, m := range y.Money {
			back, there := m.Return()
			quality := y.Quality()
			if quality == Complete {
				quality = Estimate
			}
			if !m.Saved.Enough() {
				quality = Nothing
			}
			out = append(out, line(y.Year, m.Currency, y.Months, y.Covered, y.Member, known(m.Saved.Span, m.Saved.Enough()), decimal(m.Mitigated), decimal(m.Cost), known(m.Net, m.Saved.Enough()), known(back, there), quality))
		}
	}
	return out
}

func (c Case) timeRows() (out [][]string) {
	for _, t := range c.Took {
		out = append(out, line(t.Measure, t.Mode, t.Events, t.Median, t.Ninetieth, c.quality(true, Complete)))
	}
	return out
}

func (c Case) monthRows(crossings bool) (out [][]string) {
	for _, m := range c.Monthly {
		switch {
		case crossings && m.Kind == benefit.Crossing:
			out = append(out, line(m.Month, m.lane(), m.Events, c.quality(true, Complete)))
		case !crossings && m.Kind != benefit.Crossing && m.Type == "":
			out = append(out, line(m.Month, m.Kind, m.Events, c.quality(true, Complete)))
		}
	}
	return out
}

func (m MonthCount) lane() string {
	if m.Type == "" {
		return "all"
	}
	return m.Type
}

// Abroad is how often goods were recognized in a country.
type Abroad struct {
	Country     string
	Events      int
	Arrangement bool // with one of the company's programmes was in force on the last day
}

// Abroad lists the countries in which goods of the company were recognized, and those where
// they could have been: most first, and by code among equals.
func (c Case) Abroad() (out []Abroad) {
	at := map[string]int{}
	for _, country := range c.Partners {
		at[country] = len(out)
		out = append(out, Abroad{Country: country, Arrangement: true})
	}
	for _, n := range c.Counts {
		if n.Kind != benefit.Recognised || n.Country == "" {
			continue
		}
		i, there := at[n.Country]
		if !there {
			i = len(out)
			at[n.Country] = i
			out = append(out, Abroad{Country: n.Country})
		}
		out[i].Events += n.Events
	}
	slices.SortFunc(out, func(x, y Abroad) int {
		if x.Events != y.Events {
			return y.Events - x.Events
		}
		if x.Country < y.Country {
			return -1
		}
		return 1
	})
	return out
}

func (c Case) abroadRows() (out [][]string) {
	for _, a := range c.Abroad() {
		out = append(out, line(a.Country, a.Events, strconv.FormatBool(a.Arrangement), Partial)) // partners report what they report
	}
	return out
}

func (c Case) mitigationRows() (out [][]string) {
	for _, m := range c.Money {
		out = append(out, line(m.Kind, m.Currency, m.Events, decimal(m.Charged), decimal(m.Proposed), decimal(m.Assessed), decimal(m.Saved), c.quality(true, Complete)))
	}
	return out
}
