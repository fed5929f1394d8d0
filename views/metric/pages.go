// Package metric holds the pages on which a company sees what membership brings, in figures.
package metric

import (
	"context"
	"math"
	"net/url"
	"strconv"
	"time"

	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/metric"
	"trustedtrader/app/programme"
	"trustedtrader/views/chart"
	"trustedtrader/views/ui"
)

// Home is where a company reads its figures.
const Home = "/benefits"

// Reports is where a company keeps its one-page reports.
const Reports = Home + "/reports"

// Spans are the periods that can be chosen, in months.
func Spans() []int { return []int{12, 24, 60} }

// FiguresPage is what a company's own reports say, beside what others met.
type FiguresPage struct {
	ui.Chrome
	Case       app.Case
	Data       *benefit.Data // what the codes of reports are called
	Programmes *programme.Register
	Months     int
	Zone       *time.Location
	Brings     bool // the reader may bring reports
}

func (p FiguresPage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, n := range Spans() {
		out = append(out, ui.Tab{Label: i18n.N(ctx, "Last %d month", "Last %d months", n), Href: p.at(n, p.Case.As), Current: n == p.Months})
	}
	return out
}

// at is the address of the page for a period, compared as a kind of member.
func (p FiguresPage) at(months int, as app.As) string {
	return Home + "?" + p.asked(months, as).Encode()
}

// report is the address of the one-page report of the same figures.
func (p FiguresPage) report() string {
	return Reports + "/new?" + p.asked(p.Months, p.Case.As).Encode()
}

// numbers is the address of a table of the page's numbers as a file.
func (p FiguresPage) numbers(table string) string {
	q := p.asked(p.Months, p.Case.As)
	q.Set("table", table)
	return Home + "/numbers.csv?" + q.Encode()
}

func (p FiguresPage) asked(months int, as app.As) url.Values {
	q := url.Values{"months": {strconv.Itoa(months)}}
	if len(p.Case.Kinds) > 1 {
		q.Set("as", as.String())
	}
	return q
}

func (p FiguresPage) modeName(ctx context.Context, code string) string {
	if code == "" {
		return i18n.T(ctx, "Mode not said")
	}
	return i18n.T(ctx, p.Data.WordName("modes", code))
}

func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1000)/10, 'f', 1, 64) + "%"
}

// rate is a share for a person to read, or that there are too few.
func rate(ctx context.Context, s app.Share) string {
	if !s.Known() || s.Whole < app.Fewest {
		return i18n.T(ctx, "Not enough data")
	}
	return percent(s.Rate())
}

func interval(s app.Share) string {
	if !s.Known() || s.Whole < app.Fewest {
		return ""
	}
	low, high := s.Interval()
	return percent(low) + " – " + percent(high)
}

func (p FiguresPage) band(ctx context.Context, e app.Examined) chart.BandProps {
	b := chart.BandProps{ID: "mode-" + e.Mode + "-", Title: i18n.T(ctx, "Examined shipments by quarter: %s", p.modeName(ctx, e.Mode)),
		Desc: i18n.T(ctx, "Share of shipments that were examined, with the range in which the true rate lies in 95 of 100 cases. The table beside it has the same figures.")}
	at := map[clock.Day]app.Share{}
	for _, q := range e.Quarters {
		at[q.First] = q.Share
	}
	for _, first := range quartersOf(p.Case.Period) {
		s := at[first]
		low, high := s.Interval()
		b.Points = append(b.Points, chart.Point{Label: quarterShort(first), Value: s.Rate(), Low: low, High: high, Hidden: !s.Known() || s.Whole < app.Fewest})
	}
	return b
}

// measures are what takes time (English source text).
var measures = map[string]string{"release": "Arrival to release", "hold": "Hold to release, of examined goods", "lane": "Wait at the border, lane of members", "general": "Wait at the border, general lane"}

// minutes is a length of time for a person to read.
func minutes(ctx context.Context, n int) string {
	if n < 120 {
		return i18n.T(ctx, "%d min", n)
	}
	return i18n.T(ctx, "%s hours", strconv.FormatFloat(math.Round(float64(n)/6)/10, 'f', -1, 64))
}

// lists are where the types of events have their names.
var lists = map[benefit.Kind]string{benefit.Exam: "exams", benefit.Crossing: "lanes", benefit.Recognised: "directions"}

// countName is a kind of event, or one of its types, in words.
func (p FiguresPage) countName(ctx context.Context, c app.Count) string {
	name := i18n.T(ctx, c.Kind.Name())
	if c.Type != "" {
		return name + ": " + i18n.T(ctx, p.Data.WordName(lists[c.Kind], c.Type))
	}
	return name
}

func money(ctx context.Context, m app.Money, amount string) string {
	amount = i18n.Decimal(ctx, amount)
	if m.Currency == "" {
		return amount
	}
	return amount + " " + m.Currency
}
