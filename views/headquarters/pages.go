// Package headquarters holds the pages from above: the dashboard, the rows behind a number,
// the yearly report, the separation of duties and the offices side by side.
package headquarters

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	app "trustedtrader/app/headquarters"
	"trustedtrader/app/i18n"
	"trustedtrader/views/chart"
	"trustedtrader/views/ui"
)

// Home is the address of the dashboard, and what the other pages lie below.
const Home = "/desk/headquarters"

// DashboardPage is the dashboard.
type DashboardPage struct {
	ui.Chrome
	app.Dashboard
	Zone    *time.Location
	On      ui.DateValue // as entered
	KnownOn ui.DateValue
	Errors  []fault.Field
	Late    int // notices that partners have not acknowledged in time
}

// RowsPage is one page of the rows behind a number.
type RowsPage struct {
	ui.Chrome
	app.List
	Zone *time.Location
}

// YearPage is the yearly report.
type YearPage struct {
	ui.Chrome
	app.Annual
	Zone *time.Location
}

// DutiesPage is the report on the separation of duties.
type DutiesPage struct {
	ui.Chrome
	app.Duties
	Zone *time.Location
}

// AlikePage is the comparison of offices.
type AlikePage struct {
	ui.Chrome
	app.Alike
	Zone *time.Location
}

// query is what an address says of what was asked.
func query(a app.Asked, frozen bool) url.Values {
	q := url.Values{"programme": {a.Programme}, "on": {a.On.String()}, "first": {a.First.String()}, "last": {a.Last.String()}}
	if a.Office != uuid.Nil {
		q.Set("office", a.Office.String())
	}
	if frozen {
		q.Set("known", a.Known.UTC().Format(time.RFC3339Nano))
	}
	return q
}

// RowsPath is the address of the rows of a filter; tail is "", ".xlsx" or ".zip".
func RowsPath(f app.Filter, tail string) string {
	q := query(f.Asked, true)
	q.Set("set", string(f.Set))
	for d, key := range f.Where {
		q.Set("is_"+string(d), key)
	}
	if f.After != "" {
		q.Set("after", f.After)
	}
	return Home + "/rows" + tail + "?" + q.Encode()
}

func (p RowsPage) next() string {
	if p.Next == "" {
		return ""
	}
	f := p.Filter
	f.After = p.Next
	return RowsPath(f, "")
}

func (p RowsPage) first() string {
	if p.Filter.After == "" {
		return ""
	}
	f := p.Filter
	f.After = ""
	return RowsPath(f, "")
}

// href is the page of a row; empty: it has none.
func href(r app.Row) string {
	head := map[string]string{"application": "/desk/cases/", "membership": "/memberships/", "history": "/memberships/", "validation": "/desk/validations/", "finding": "/desk/findings/",
		"profile": "/desk/profiles/", "plan": "/desk/plan/", "enforcement": "/desk/enforcement/", "appeal": "/desk/appeals/", "incident": "/desk/incidents/"}[r.Link]
	if head == "" {
		return ""
	}
	if r.Link == "history" {
		return head + r.LinkID.String() + "/history"
	}
	return head + r.LinkID.String()
}

func companyHref(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return "/desk/companies/" + id.String()
}

// tabs lead to the four pages with the same programme and office.
func tabs(ctx context.Context, a app.Asked, current string) (out []ui.Tab) {
	for _, t := range []struct{ tail, label string }{{"", i18n.T(ctx, "Dashboard")}, {"/year", i18n.T(ctx, "Yearly report")}, {"/duties", i18n.T(ctx, "Separation of duties")}, {"/offices", i18n.T(ctx, "Offices side by side")}} {
		q := url.Values{"programme": {a.Programme}}
		if a.Office != uuid.Nil {
			q.Set("office", a.Office.String())
		}
		out = append(out, ui.Tab{Label: t.label, Href: Home + t.tail + "?" + q.Encode(), Current: t.tail == current})
	}
	return out
}

func officeOptions(list []app.Office) (out []ui.Option) {
	for _, o := range list {
		out = append(out, ui.Option{Value: o.ID.String(), Label: o.Name})
	}
	return out
}

func chosen(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

func (p YearPage) years() (out []ui.Option) {
	for _, y := range p.Years {
		out = append(out, ui.Option{Value: strconv.Itoa(y), Label: strconv.Itoa(y)})
	}
	return out
}

func (p YearPage) file(tail string) string {
	q := url.Values{"programme": {p.Asked.Programme}, "year": {strconv.Itoa(p.Year)}}
	if p.Asked.Office != uuid.Nil {
		q.Set("office", p.Asked.Office.String())
	}
	return Home + "/year" + tail + "?" + q.Encode()
}

// columns are the headings of a table of numbers.
func columns(ctx context.Context, t app.Table) []ui.Column {
	out := []ui.Column{{Label: i18n.T(ctx, t.Rows.Name())}}
	for _, h := range t.Heads {
		out = append(out, ui.Column{Label: h.Name, Numeric: true})
	}
	return append(out, ui.Column{Label: i18n.T(ctx, "Total"), Numeric: true})
}

func count(ctx context.Context, n int) string { return i18n.Number(ctx, int64(n)) }

func figure(v *float64) string {
	if v == nil {
		return "–"
	}
	return strconv.FormatFloat(*v, 'f', 1, 64)
}

func hours(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// asOf says as of when and for which days something was counted.
func asOf(ctx context.Context, a app.Asked, span bool) string {
	if span {
		return i18n.T(ctx, "From %s to %s", a.First.Text(ctx), a.Last.Text(ctx))
	}
	return i18n.T(ctx, "On %s", a.On.Text(ctx))
}

// stats are the numbers at the head of the dashboard.
func (p DashboardPage) stats(ctx context.Context) (out []ui.Stat) {
	add := func(label, hint string, c app.Cell) {
		out = append(out, ui.Stat{Label: label, Value: count(ctx, c.N), Hint: hint, Href: RowsPath(c.Filter, "")})
	}
	add(i18n.T(ctx, "Members"), asOf(ctx, p.Asked, false), p.Table("offices").All())
	if t := p.Table("offices"); len(t.Heads) > 1 {
		add(i18n.T(ctx, "of them suspended"), asOf(ctx, p.Asked, false), t.SumCell(1))
	}
	add(i18n.T(ctx, "Open applications"), asOf(ctx, p.Asked, false), p.Table("ageing").All())
	add(i18n.T(ctx, "Validations done"), asOf(ctx, p.Asked, true), p.Table("done").All())
	add(i18n.T(ctx, "Findings sent"), asOf(ctx, p.Asked, true), p.Table("findings").All())
	add(i18n.T(ctx, "Open cases of enforcement"), asOf(ctx, p.Asked, false), p.Table("cases").All())
	add(i18n.T(ctx, "Measures in force"), asOf(ctx, p.Asked, false), p.Table("in_force").All())
	return out
}

// bars draws the columns of a table, or its lines, as one bar each.
func bars(ctx context.Context, t app.Table, lines bool) chart.BarsProps {
	b := chart.BarsProps{ID: t.Code + "-", Title: i18n.T(ctx, t.Title), Desc: i18n.T(ctx, "One bar for each figure. The table below has the same figures."), Legend: []chart.Key{{Look: "booked", Label: i18n.T(ctx, t.Filter.Set.Name())}}}
	if lines {
		for _, l := range t.Lines {
			b.Groups = append(b.Groups, chart.Group{Label: l.Name, Columns: []chart.Column{{{Look: "booked", Amount: l.Total.N}}}})
		}
		return b
	}
	for i, h := range t.Heads {
		b.Groups = append(b.Groups, chart.Group{Label: h.Name, Columns: []chart.Column{{{Look: "booked", Amount: t.Sum(i)}}}})
	}
	return b
}

// dueAndDone draws validations by month: due, and beside it done.
func (p DashboardPage) dueAndDone(ctx context.Context) chart.BarsProps {
	b := chart.BarsProps{ID: "validations-", Title: i18n.T(ctx, "Validations due and done by month"),
		Desc:   i18n.T(ctx, "For each month the validations that the law wants, and beside them those that were done. The tables below have the same figures."),
		Legend: []chart.Key{{Look: "due", Label: i18n.T(ctx, "Due")}, {Look: "booked", Label: i18n.T(ctx, "Done")}}}
	total := func(t app.Table, month string) int {
		for _, l := range t.Lines {
			if l.Key == month {
				return l.Total.N
			}
		}
		return 0
	}
	due, done := p.Table("due"), p.Table("done")
	for m := due.Filter.First.AddDays(1 - due.Filter.First.DayOfMonth()); !m.After(due.Filter.Last); m = m.AddMonths(1) {
		key := m.String()[:7]
		b.Groups = append(b.Groups, chart.Group{Label: month(m), Columns: []chart.Column{{{Look: "due", Amount: total(due, key)}}, {{Look: "booked", Amount: total(done, key)}}}})
	}
	return b
}

func month(d clock.Day) string { return fmt.Sprintf("%d-%02d", d.Year()%100, int(d.Month())) }

// share is a share with its interval, or why there is none.
func share(ctx context.Context, s app.Share) string {
	switch {
	case s.N == 0:
		return "–"
	case s.Few:
		return i18n.T(ctx, "too few")
	}
	return fmt.Sprintf("%.0f %% (%.0f–%.0f)", s.Percent(), s.Low, s.High)
}

// middle is how many days half of the rows took, with the middle half of them.
func middle(ctx context.Context, m app.Measure, few int) string {
	switch {
	case m.N == 0 || m.Middle == nil:
		return "–"
	case m.N < few:
		return i18n.T(ctx, "too few")
	}
	return fmt.Sprintf("%.0f (%.0f–%.0f)", *m.Middle, *m.Low, *m.High)
}

func each(ctx context.Context, n, few int, v float64) string {
	switch {
	case n == 0:
		return "–"
	case n < few:
		return i18n.T(ctx, "too few")
	}
	return hours(v)
}

// columns are the headings of a list.
func (p RowsPage) columns(ctx context.Context) []ui.Column {
	out := []ui.Column{{Label: i18n.T(ctx, "Reference")}, {Label: i18n.T(ctx, "Company")}, {Label: i18n.T(ctx, "Day")}}
	for _, d := range p.Columns {
		out = append(out, ui.Column{Label: i18n.T(ctx, d.Name())})
	}
	if p.Days {
		out = append(out, ui.Column{Label: i18n.T(ctx, "Days"), Numeric: true})
	}
	if p.Hours {
		out = append(out, ui.Column{Label: i18n.T(ctx, "Hours"), Numeric: true})
	}
	if p.People {
		for _, label := range []string{i18n.T(ctx, "Opened by"), i18n.T(ctx, "Reviewed by"), i18n.T(ctx, "Recommended by"), i18n.T(ctx, "Decided by")} {
			out = append(out, ui.Column{Label: label})
		}
	}
	return out
}

func days(n *int) string {
	if n == nil {
		return "–"
	}
	return strconv.Itoa(*n)
}

func measureColumns(ctx context.Context, m app.Measures) []ui.Column {
	labels := []string{i18n.T(ctx, "Number"), i18n.T(ctx, "Hours"), i18n.T(ctx, "Hours for each"), i18n.T(ctx, "Half needed no more hours than")}
	if m.Filter.Set == app.Clocks {
		labels = []string{i18n.T(ctx, "Number"), i18n.T(ctx, "In time")}
	}
	out := []ui.Column{{Label: i18n.T(ctx, m.Rows.Name())}}
	for _, label := range append(labels, i18n.T(ctx, "Half took no more days than"), i18n.T(ctx, "Nine in ten took no more days than")) {
		out = append(out, ui.Column{Label: label, Numeric: true})
	}
	return out
}

func compareColumns(ctx context.Context) []ui.Column {
	out := []ui.Column{{Label: i18n.T(ctx, "Office")}}
	for _, label := range []string{i18n.T(ctx, "Criteria judged"), i18n.T(ctx, "Sent back"), i18n.T(ctx, "Validations"), i18n.T(ctx, "Required actions for each"), i18n.T(ctx, "Hours for each validation"),
		i18n.T(ctx, "Cases decided"), i18n.T(ctx, "Days to decide"), i18n.T(ctx, "Hours for each certification")} {
		out = append(out, ui.Column{Label: label, Numeric: true})
	}
	return out
}

func (p AlikePage) criteriaColumns(ctx context.Context) []ui.Column {
	out := []ui.Column{{Label: i18n.T(ctx, "Criterion")}, {Label: i18n.T(ctx, "All"), Numeric: true}}
	for _, o := range p.Offices {
		out = append(out, ui.Column{Label: o.Name, Numeric: true})
	}
	return out
}
