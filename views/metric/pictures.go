package metric

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/metric"
	"trustedtrader/views/chart"
	"trustedtrader/views/ui"
)

// sheetName is a table of numbers in words.
func sheetName(ctx context.Context, code string) string {
	return map[string]string{
		app.SheetExaminations: i18n.T(ctx, "examinations by quarter"),
		app.SheetComparison:   i18n.T(ctx, "beside others by quarter"),
		app.SheetPorts:        i18n.T(ctx, "beside others by ports"),
		app.SheetAvoided:      i18n.T(ctx, "avoided and saved"),
		app.SheetReturn:       i18n.T(ctx, "cost and return by year"),
		app.SheetTimes:        i18n.T(ctx, "how long it took"),
		app.SheetCrossings:    i18n.T(ctx, "border crossings by month"),
		app.SheetEvents:       i18n.T(ctx, "events by month"),
		app.SheetAbroad:       i18n.T(ctx, "recognized abroad by country"),
		app.SheetMitigation:   i18n.T(ctx, "amounts of the period"),
	}[code]
}

// quartersOf lists the quarters of a period, also those without reports: time has no gaps.
func quartersOf(p app.Period) (out []clock.Day) {
	first := p.From.AddMonths(-((int(p.From.Month()) - 1) % 3))
	for ; !first.After(p.To); first = first.AddMonths(3) {
		out = append(out, first)
	}
	return out
}

func quarterShort(first clock.Day) string {
	return fmt.Sprintf("%d/%d", first.Year(), (int(first.Month())+2)/3)
}

func monthsOf(p app.Period) (out []clock.Day) {
	for m := p.From; !m.After(p.To); m = m.AddMonths(1) {
		out = append(out, m)
	}
	return out
}

func monthShort(ctx context.Context, m clock.Day) string {
	return i18n.T(ctx, m.Month().String()[:3]) + " " + strconv.Itoa(m.Year())
}

func monthName(ctx context.Context, m clock.Day) string {
	return i18n.T(ctx, m.Month().String()) + " " + strconv.Itoa(m.Year())
}

// pairs draws a company beside others, by quarter, for a mode of transport.
func (p FiguresPage) pairs(ctx context.Context, m app.Compared) chart.PairsProps {
	out := chart.PairsProps{ID: "beside-" + m.Mode + "-", Title: i18n.T(ctx, "Examined beside others, by quarter: %s", p.modeName(ctx, m.Mode)), Own: i18n.T(ctx, "You"), Base: i18n.T(ctx, "Others"),
		Desc: i18n.T(ctx, "Filled dots: share of your shipments that were examined. Hollow diamonds: the share at the rates of others. Lines: where the true rates lie in 95 of 100 cases. The table below has the same figures.")}
	at := map[clock.Day]app.Against{}
	for _, q := range m.Quarters {
		at[q.First] = q.Against
	}
	for _, first := range quartersOf(p.Case.Period) {
		a := at[first]
		out.Points = append(out.Points, chart.PairPoint{Label: quarterShort(first), Own: point(a, ownSpan(a.Own)), Base: point(a, a.Rate())})
	}
	return out
}

func point(a app.Against, s app.Span) chart.Point {
	return chart.Point{Value: s.Value, Low: s.Low, High: s.High, Hidden: !a.Enough()}
}

// avoided draws the examinations that the company did not have, by quarter.
func (p FiguresPage) avoided(ctx context.Context) chart.SpanBarsProps {
	out := chart.SpanBarsProps{ID: "avoided-", Title: i18n.T(ctx, "Examinations avoided, by quarter"), Unit: i18n.T(ctx, "Examinations"),
		Desc: i18n.T(ctx, "A bar above zero: fewer examinations than others would have had. A hollow bar below zero: more. Lines: where the true number lies in 95 of 100 cases. The table below has the same figures.")}
	at := map[clock.Day]app.Against{}
	for _, q := range p.Case.Whole.Quarters {
		at[q.First] = q.Against
	}
	for _, first := range quartersOf(p.Case.Period) {
		s := at[first].Avoided()
		out.Bars = append(out.Bars, chart.SpanBar{Label: quarterShort(first), Value: s.Value, Low: s.Low, High: s.High, Hidden: !at[first].Enough()})
	}
	return out
}

// nets draws what was left each year, one picture for each currency.
func (p FiguresPage) nets(ctx context.Context) (out []chart.SpanBarsProps) {
	found := map[string]map[int]app.YearMoney{}
	for _, y := range p.Case.Years {
		for _, m := range y.Money {
			if found[m.Currency] == nil {
				found[m.Currency] = map[int]app.YearMoney{}
			}
			found[m.Currency][y.Year] = m
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(found)) {
		bars := chart.SpanBarsProps{ID: "net-" + currency + "-", Title: i18n.T(ctx, "Net return by year, in %s", currency), Unit: currency,
			Desc: i18n.T(ctx, "A bar above zero: membership brought more than it cost. A hollow bar below zero: it cost more. Lines: where the true number lies in 95 of 100 cases. The table below has the same figures.")}
		for _, y := range slices.Backward(p.Case.Years) { // the latest stands first
			m, there := found[currency][y.Year]
			bars.Bars = append(bars.Bars, chart.SpanBar{Label: yearName(y), Value: m.Net.Value, Low: m.Net.Low, High: m.Net.High, Hidden: !there || !m.Saved.Enough()})
		}
		out = append(out, bars)
	}
	return out
}

// waits are the measures of waits at the border; the others are of goods on arrival.
var waits = []string{"lane", "general"}

// durations draws how long things took: waits at the border have an axis of their own, for they
// take minutes where others take days.
func (p FiguresPage) durations(ctx context.Context, border bool) chart.DotsProps {
	out := chart.DotsProps{ID: "took-", Title: i18n.T(ctx, "How long it took, from arrival or hold to release"), Half: i18n.T(ctx, "Half by"), Nine: i18n.T(ctx, "Nine of ten by"), Unit: i18n.T(ctx, "hours"),
		Desc: i18n.T(ctx, "Filled dots: within how many hours half were done. Hollow diamonds: nine of ten. The table below has the same figures.")}
	if border {
		out.ID, out.Title = "waited-", i18n.T(ctx, "How long trucks and others waited at the border")
	}
	for _, t := range p.Case.Took {
		if slices.Contains(waits, t.Measure) == border {
			out.Rows = append(out.Rows, chart.DotRow{Label: i18n.T(ctx, measures[t.Measure]) + ": " + p.modeName(ctx, t.Mode), Half: float64(t.Median) / 60, Nine: float64(t.Ninetieth) / 60, Text: minutes(ctx, t.Median) + " · " + minutes(ctx, t.Ninetieth)})
		}
	}
	return out
}

// lane is how often goods crossed the border in a lane, by month.
type lane struct {
	code, look string
	events     map[clock.Day]int
}

func (l lane) sum() (n int) {
	for _, events := range l.events {
		n += events
	}
	return n
}

func (p FiguresPage) laneName(ctx context.Context, l lane) string {
	if l.code == "" {
		return i18n.T(ctx, "Lane not said")
	}
	return i18n.T(ctx, p.Data.WordName("lanes", l.code))
}

// lanes parts crossings by lane, in the order of the data; those that name none are last. A
// lane without a crossing is left out.
func (p FiguresPage) lanes() (out []lane) {
	looks := []string{"booked", "hold", "added", "due"} // full, dashed and tinted, dashed and hollow, tinted
	all, by := lane{events: map[clock.Day]int{}}, map[string]lane{}
	for _, m := range p.Case.Monthly {
		if m.Kind != benefit.Crossing {
			continue
		}
		if m.Type == "" {
			all.events[m.Month] += m.Events
			continue
		}
		if _, there := by[m.Type]; !there {
			by[m.Type] = lane{code: m.Type, events: map[clock.Day]int{}}
		}
		by[m.Type].events[m.Month] += m.Events
	}
	for _, w := range p.Data.Words("lanes") {
		if l, there := by[w.Code]; there {
			out = append(out, l)
			for month, n := range l.events {
				all.events[month] -= n
			}
		}
	}
	if all.sum() > 0 {
		out = append(out, all)
	}
	for i := range out {
		out[i].look = looks[min(i, len(looks)-1)]
	}
	return out
}

// crossed draws crossings by month, lanes on each other.
func (p FiguresPage) crossed(ctx context.Context, lanes []lane) chart.BarsProps {
	out := chart.BarsProps{ID: "crossings-", Title: i18n.T(ctx, "Border crossings by month and lane"), Desc: i18n.T(ctx, "Columns of crossings, one part for each lane. The table below has the same figures.")}
	months := monthsOf(p.Case.Period)
	for i, month := range months {
		g := chart.Group{}
		if i%max(1, (len(months)+11)/12) == 0 {
			g.Label = monthShort(ctx, month)
		}
		var column chart.Column
		for _, l := range lanes {
			column = append(column, chart.Part{Look: l.look, Amount: l.events[month]})
		}
		g.Columns = []chart.Column{column}
		out.Groups = append(out.Groups, g)
	}
	for _, l := range lanes {
		out.Legend = append(out.Legend, chart.Key{Look: l.look, Label: p.laneName(ctx, l)})
	}
	return out
}

// given are what members are given at an examination or after a disruption.
var given = []benefit.Kind{benefit.Stratified, benefit.FrontOfLine, benefit.Resumption}

// happened counts what members were given, by month.
func (p FiguresPage) happened(kind benefit.Kind) map[clock.Day]int {
	out := map[clock.Day]int{}
	for _, m := range p.Case.Monthly {
		if m.Kind == kind && m.Type == "" {
			out[m.Month] += m.Events
		}
	}
	return out
}

// eventful lists the months in which members were given something.
func (p FiguresPage) eventful() (out []clock.Day) {
	for _, month := range monthsOf(p.Case.Period) {
		if slices.ContainsFunc(given, func(k benefit.Kind) bool { return p.happened(k)[month] > 0 }) {
			out = append(out, month)
		}
	}
	return out
}

func (p FiguresPage) timeline(ctx context.Context) chart.TimelineProps {
	out := chart.TimelineProps{ID: "events-", Title: i18n.T(ctx, "Events by month"), Desc: i18n.T(ctx, "A dot for each month with events, larger with more of them. The table below has the same figures.")}
	months := monthsOf(p.Case.Period)
	for _, month := range months {
		out.Months = append(out.Months, monthShort(ctx, month))
	}
	for _, kind := range given {
		l := chart.Lane{Label: i18n.T(ctx, kind.Name())}
		events := p.happened(kind)
		for i, month := range months {
			l.Marks = append(l.Marks, chart.Mark{Month: i, Count: events[month]})
		}
		out.Lanes = append(out.Lanes, l)
	}
	return out
}

// totals counts what the timeline shows, and examinations by type.
func (p FiguresPage) totals() (out []app.Count) {
	for _, c := range p.Case.Counts {
		if c.Kind == benefit.Exam || slices.Contains(given, c.Kind) && c.Type == "" {
			out = append(out, c)
		}
	}
	return out
}

func (p FiguresPage) tiles(ctx context.Context) chart.TilesProps {
	out := chart.TilesProps{ID: "abroad-", Title: i18n.T(ctx, "Shipments recognized abroad, by country"), Unused: i18n.T(ctx, "Arrangement that was not used"),
		Desc: i18n.T(ctx, "A tile for each country, roughly where it lies on the world, with how many shipments were treated as those of a member. A dashed frame: there is an arrangement, and no shipment is reported. The table below has the same figures.")}
	for _, a := range p.Case.Abroad() {
		out.Tiles = append(out.Tiles, chart.Tile{Country: a.Country, Name: i18n.Country(ctx, a.Country), Count: a.Events})
	}
	return out
}

// directions counts shipments recognized abroad by which way they went.
func (p FiguresPage) directions() (out []app.Count) {
	for _, c := range p.Case.Counts {
		if c.Kind == benefit.Recognised && c.Type != "" {
			out = append(out, c)
		}
	}
	return out
}

// nowhere is how many shipments recognized abroad name no country.
func (p FiguresPage) nowhere() (n int) {
	for _, c := range p.Case.Counts {
		if c.Kind == benefit.Recognised && c.Type == "" {
			if c.Country == "" {
				n += c.Events
			} else {
				n -= c.Events
			}
		}
	}
	return n
}

// mitigated draws what was proposed and what was assessed, one picture for each currency.
func (p FiguresPage) mitigated(ctx context.Context) (out []chart.LollipopProps) {
	at := map[string]int{}
	for _, m := range p.Case.Money {
		proposed, err := strconv.ParseFloat(m.Proposed, 64)
		assessed, bad := strconv.ParseFloat(m.Assessed, 64)
		if m.Kind == benefit.Invoice || err != nil || bad != nil {
			continue
		}
		i, there := at[m.Currency]
		if !there {
			i = len(out)
			at[m.Currency] = i
			out = append(out, chart.LollipopProps{ID: "mitigated-" + m.Currency + "-", Title: i18n.T(ctx, "Proposed and assessed amounts %s", m.Currency), From: i18n.T(ctx, "Proposed"), To: i18n.T(ctx, "Assessed"), Unit: m.Currency,
				Desc: i18n.T(ctx, "Hollow diamonds: what was proposed. Filled dots: what was assessed in the end. The table below has the same figures.")})
		}
		out[i].Rows = append(out[i].Rows, chart.Stick{Label: i18n.T(ctx, m.Kind.Name()), From: proposed, To: assessed, Text: i18n.Decimal(ctx, m.Proposed) + " → " + i18n.Decimal(ctx, m.Assessed)})
	}
	return out
}

func (p FiguresPage) laneColumns(ctx context.Context, lanes []lane) []ui.Column {
	out := []ui.Column{{Label: i18n.T(ctx, "Month")}}
	for _, l := range lanes {
		out = append(out, ui.Column{Label: p.laneName(ctx, l), Numeric: true})
	}
	return out
}

func givenColumns(ctx context.Context) []ui.Column {
	out := []ui.Column{{Label: i18n.T(ctx, "Month")}}
	for _, kind := range given {
		out = append(out, ui.Column{Label: i18n.T(ctx, kind.Name()), Numeric: true})
	}
	return out
}
