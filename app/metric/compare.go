package metric

import (
	"cmp"
	"maps"
	"slices"

	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/cost"
)

// Compared is a company beside its cohorts, for a mode of transport or all together.
type Compared struct {
	Mode      string // empty: all
	Shipments int    // all of the company's, also those without a cohort and of months without membership
	Against
	AllPorts int     // of the compared shipments: those whose cohort is not split by ports
	Fewest   int     // companies in the smallest cohort
	Spared   Span    // examinations avoided
	Hours    Weighed // hours saved
	Money    []Worth // by currency
	Quarters []ComparedQuarter
	Ports    []ComparedPorts // of a mode: by group of ports
}

// Coverage is which part of the company's shipments has a cohort, from 0 to 1.
func (c Compared) Coverage() float64 { return Share{c.Own.Whole, c.Shipments}.Rate() }

// Direction says which way the comparison points: below zero less often examined than others,
// above zero more often, 0 when chance alone can explain the difference. False: there is too
// little to compare.
func (c Compared) Direction() (side int, known bool) {
	if r, enough := c.Ratio(); enough {
		return r.Favours(1), true
	}
	if c.Enough() { // an examination on neither side, or on one only: there is no ratio
		return -c.Spared.Favours(0), true
	}
	return 0, false
}

// ComparedQuarter is the same for a quarter of a year.
type ComparedQuarter struct {
	First clock.Day
	Against
}

// ComparedPorts is the same for a group of ports; empty: those of entries that name none.
type ComparedPorts struct {
	Group string
	Against
}

// Weighed is an estimate made of examinations avoided, each with a weight of its own.
type Weighed struct {
	Span
	Shipments int // that have a weight
}

// Enough reports whether enough shipments have one.
func (w Weighed) Enough() bool { return w.Shipments >= Fewest }

// Worth is what was saved in one currency.
type Worth struct {
	Currency string
	Weighed
	Default int // shipments whose cost the company has not said: a default stands in
}

// piece is a company's shipments of a month, mode and group of ports, with their cohort.
type piece struct {
	month  clock.Day
	ports  string
	own    Share
	cohort *baseline.Cohort
}

type cell struct {
	month clock.Day
	mode  string
	ports string
}

// shipments counts a company's shipments and those examined, by month, mode and group of
// ports. The shipments of a month are its entries; a month without entry summaries counts its
// releases, so that no shipment counts twice.
func shipments(rows []monthRow) map[cell]Share {
	summaries := map[clock.Day]bool{}
	for _, r := range rows {
		if r.Kind == benefit.Entry {
			summaries[r.Month] = true
		}
	}
	out := map[cell]Share{}
	for _, r := range rows {
		k := cell{r.Month, r.Mode, r.PortGroup}
		s := out[k]
		switch {
		case r.Kind == benefit.Exam:
			s.Part += r.Entries
		case r.Kind == benefit.Entry, !summaries[r.Month]:
			s.Whole += r.Entries
		}
		out[k] = s
	}
	return out
}

// cohorts finds the cohort of a cell: of its own group of ports before one of all ports, of the
// file signed last before others.
// Only months in which the company was a member have one.
type cohorts struct {
	list   map[cell][]*baseline.Cohort
	member map[clock.Day]bool
}

// members counts the months of a span, both ends included, in which the company was a member.
func (c cohorts) members(first, last clock.Day) (n int) {
	for m := range c.member {
		if !m.Before(first) && !m.After(last) {
			n++
		}
	}
	return n
}

func index(list []baseline.Cohort) map[cell][]*baseline.Cohort {
	out := map[cell][]*baseline.Cohort{}
	for i := range list { // the newest signed first
		c := &list[i]
		k := cell{mode: c.Mode, ports: c.PortGroup}
		out[k] = append(out[k], c)
	}
	return out
}

func (c cohorts) of(k cell) *baseline.Cohort {
	if !c.member[k.month] {
		return nil
	}
	ports := cmp.Or(k.ports, baseline.OtherPorts)
	for _, ports := range []string{ports, baseline.AllPorts} {
		for _, x := range c.list[cell{mode: k.mode, ports: ports}] {
			if !k.month.Before(x.FirstMonth) && !k.month.After(x.LastMonth) {
				return x
			}
		}
	}
	return nil
}

// compare puts a company beside cohorts: by mode of transport, and all together.
func compare(own map[cell]Share, known cohorts, costs cost.Costs) (whole Compared, modes []Compared) {
	all, byMode := map[string]int{}, map[string][]piece{}
	for _, k := range slices.SortedFunc(maps.Keys(own), func(x, y cell) int {
		return cmp.Or(cmp.Compare(x.mode, y.mode), x.month.Compare(y.month), cmp.Compare(x.ports, y.ports))
	}) {
		all[k.mode] += own[k].Whole
		if x := known.of(k); x != nil && own[k].Known() {
			byMode[k.mode] = append(byMode[k.mode], piece{k.month, k.ports, own[k], x})
		}
	}
	for _, mode := range slices.Sorted(maps.Keys(all)) {
		if all[mode] > 0 {
			modes = append(modes, compareMode(mode, all[mode], byMode[mode], costs))
		}
	}
	return together(modes), modes
}

func compareMode(mode string, all int, pieces []piece, costs cost.Costs) Compared {
	c := Compared{Mode: mode, Shipments: all, Against: beside(pieces)}
	for _, p := range pieces {
		if c.Fewest == 0 || p.cohort.Companies < c.Fewest {
			c.Fewest = p.cohort.Companies
		}
		if p.cohort.PortGroup == baseline.AllPorts {
			c.AllPorts += p.own.Whole
		}
	}
	c.Spared = c.Avoided()
	c.Hours = weigh(pieces, func(p piece) (float64, bool) {
		m, ok := p.hold(mode, costs)
		return m / 60, ok
	})
	c.Money = worth(mode, pieces, costs)
	for _, list := range quarters(pieces) {
		c.Quarters = append(c.Quarters, ComparedQuarter{quarter(list[0].month), beside(list)})
	}
	byPorts := map[string][]piece{}
	for _, p := range pieces {
		byPorts[p.ports] = append(byPorts[p.ports], p)
	}
	for _, group := range slices.Sorted(maps.Keys(byPorts)) {
		c.Ports = append(c.Ports, ComparedPorts{group, beside(byPorts[group])})
	}
	return c
}

// hold is how many minutes an examination holds goods up: what the company says, or else the
// median of the cohort.
func (p piece) hold(mode string, costs cost.Costs) (minutes float64, known bool) {
	if row, ok := costs.ExamIn(mode, p.month); ok && row.HoldMinutes != nil {
		return float64(*row.HoldMinutes), true
	}
	if p.cohort.HoldMinutes == nil {
		return 0, false
	}
	return float64(*p.cohort.HoldMinutes), true
}

// worth is what was saved, by currency: examinations avoided x (cost of one + days held x
// storage for a day), each at the cost that the company says for its month.
func worth(mode string, pieces []piece, costs cost.Costs) (out []Worth) {
	found := map[string]bool{}
	for _, p := range pieces {
		if row, ok := costs.ExamIn(mode, p.month); ok {
			found[row.Currency] = true
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(found)) {
		w := Worth{Currency: currency}
		w.Weighed = weigh(pieces, func(p piece) (float64, bool) {
			row, ok := costs.ExamIn(mode, p.month)
			if !ok || row.Currency != currency {
				return 0, false
			}
			storage := number(row.StoragePerDay)
			m, known := p.hold(mode, costs)
			if !known && storage != 0 {
				return 0, false
			}
			if row.Default {
				w.Default += p.own.Whole
			}
			return number(row.PerExam) + m/(24*60)*storage, true
		})
		out = append(out, w)
	}
	return out
}

// beside gives each cohort its own shipments.
func beside(pieces []piece) Against {
	at := map[*baseline.Cohort]int{}
	var pairs []Pair
	for _, p := range pieces {
		i, there := at[p.cohort]
		if !there {
			i = len(pairs)
			at[p.cohort] = i
			pairs = append(pairs, Pair{Base: Share{p.cohort.Exams, p.cohort.Shipments}})
		}
		pairs[i].Own.Part, pairs[i].Own.Whole = pairs[i].Own.Part+p.own.Part, pairs[i].Own.Whole+p.own.Whole
	}
	return Beside(pairs...)
}

// quarters parts pieces, which are in order, by quarters of a year.
func quarters(pieces []piece) (out [][]piece) {
	for i, p := range pieces {
		if i == 0 || quarter(p.month) != quarter(pieces[i-1].month) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], p)
	}
	return out
}

// weigh adds what each piece avoided times its weight. The ends of the interval lie as far off
// as those of the examinations avoided, times the mean weight of a shipment.
func weigh(pieces []piece, weight func(piece) (float64, bool)) (w Weighed) {
	var with []piece
	sum := 0.0
	for _, p := range pieces {
		x, ok := weight(p)
		if !ok {
			continue
		}
		with = append(with, p)
		n := float64(p.own.Whole)
		w.Value += x * (n*Share{p.cohort.Exams, p.cohort.Shipments}.Rate() - float64(p.own.Part))
		sum += x * n
		w.Shipments += p.own.Whole
	}
	if w.Shipments == 0 {
		return w
	}
	spared, mean := beside(with).Avoided(), sum/float64(w.Shipments)
	w.Low, w.High = w.Value-(spared.Value-spared.Low)*mean, w.Value+(spared.High-spared.Value)*mean
	return w
}

// together adds modes of transport, which have nothing to do with each other.
func together(modes []Compared) (whole Compared) {
	var against []Against
	var spared, hours []Span
	money := map[string][]Worth{}
	byQuarter := map[clock.Day][]Against{}
	for _, m := range modes {
		whole.Shipments += m.Shipments
		whole.AllPorts += m.AllPorts
		if m.Fewest > 0 && (whole.Fewest == 0 || m.Fewest < whole.Fewest) {
			whole.Fewest = m.Fewest
		}
		if m.Own.Whole > 0 {
			against, spared = append(against, m.Against), append(spared, m.Spared)
		}
		if m.Hours.Shipments > 0 {
			hours = append(hours, m.Hours.Span)
			whole.Hours.Shipments += m.Hours.Shipments
		}
		for _, w := range m.Money {
			money[w.Currency] = append(money[w.Currency], w)
		}
		for _, q := range m.Quarters {
			byQuarter[q.First] = append(byQuarter[q.First], q.Against)
		}
	}
	whole.Against, whole.Spared, whole.Hours.Span = Together(against...), Sum(spared), Sum(hours)
	for _, currency := range slices.Sorted(maps.Keys(money)) {
		whole.Money = append(whole.Money, addWorth(currency, money[currency]))
	}
	for _, first := range slices.SortedFunc(maps.Keys(byQuarter), clock.Day.Compare) {
		whole.Quarters = append(whole.Quarters, ComparedQuarter{first, Together(byQuarter[first]...)})
	}
	return whole
}

func addWorth(currency string, list []Worth) Worth {
	w := Worth{Currency: currency}
	var spans []Span
	for _, x := range list {
		spans = append(spans, x.Span)
		w.Shipments += x.Shipments
		w.Default += x.Default
	}
	w.Span = Sum(spans)
	return w
}
