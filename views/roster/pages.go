// Package roster draws the officers who go on visits, and their calendar.
package roster

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	app "trustedtrader/app/roster"
	"trustedtrader/app/validation"
	"trustedtrader/views/chart"
	"trustedtrader/views/company"
	"trustedtrader/views/ui"
)

// RollPage lists the officers.
type RollPage struct {
	ui.Chrome
	Roll       app.Roll
	Programmes []*programme.Programme
	Query      Query
}

// OfficerPage is one officer.
type OfficerPage struct {
	ui.Chrome
	Record     app.Record
	Programmes []*programme.Programme
	Now        time.Time
	Zone       *time.Location // of the reader
	Errors     []fault.Field
	Sentence   string // a refusal that belongs to no field
	Entered    Absence
	Reason     string
}

// Absence is the form for leave and training as it was typed.
type Absence struct {
	Kind             string
	From, To         ui.DateValue
	FromTime, ToTime string
	Note             string
}

// FormPage registers or changes an officer.
type FormPage struct {
	ui.Chrome
	New        bool
	Officer    app.Officer // of a change
	Candidates []app.Choice
	Programmes []*programme.Programme
	Entered    app.OfficerEntry
	Errors     []fault.Field
	Moved      []fault.Change
	Stale      bool
}

// BoardPage is the calendar.
type BoardPage struct {
	ui.Chrome
	Board      app.Board
	Programmes []*programme.Programme
	Query      Query
	First      clock.Day // of the month
	Today      clock.Day
	Now        time.Time
	Zone       *time.Location // of the reader
}

// CapacityPage is the load of officers and what is due.
type CapacityPage struct {
	ui.Chrome
	Capacity   app.Capacity
	Programmes []*programme.Programme
	Query      Query
}

// Query is what the address of a page asks for.
type Query struct {
	View      string // month, agenda or weeks
	Month     string // 2006-01
	Office    string // id, or "all"
	Programme string
	Officer   string
	Sort      string
	More      string
}

// address is a page's with a query, without what is empty.
func (q Query) address(path string) string {
	v := url.Values{}
	for _, x := range [][2]string{{"view", q.View}, {"month", q.Month}, {"office", q.Office}, {"programme", q.Programme}, {"officer", q.Officer}, {"sort", q.Sort}, {"more", q.More}} {
		if x[1] != "" {
			v.Set(x[0], x[1])
		}
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// tabs lead between the pages of the roster; office and programme come along.
func (q Query) tabs(ctx context.Context, here string) []ui.Tab {
	keep := Query{Office: q.Office, Programme: q.Programme}
	var out []ui.Tab
	for _, x := range [][2]string{{i18n.T(ctx, "Calendar"), "/desk/calendar"}, {i18n.T(ctx, "Capacity"), "/desk/calendar/capacity"}, {i18n.T(ctx, "Officers"), "/desk/officers"}} {
		out = append(out, ui.Tab{Label: x[0], Href: keep.address(x[1]), Current: x[1] == here})
	}
	return out
}

func choiceOptions(list []app.Choice) (out []ui.Option) {
	for _, c := range list {
		out = append(out, ui.Option{Value: c.ID.String(), Label: c.Name})
	}
	return out
}

func officeOptions(ctx context.Context, list []app.Choice) []ui.Option {
	return append([]ui.Option{{Value: "all", Label: i18n.T(ctx, "All offices")}}, choiceOptions(list)...)
}

func skillOptions(ctx context.Context, list []*programme.Programme) (out []ui.Option) {
	for _, p := range list {
		for _, e := range p.EntityTypes() {
			out = append(out, ui.Option{Value: p.Code + "/" + e.Code, Label: p.ShortName + ": " + i18n.T(ctx, e.Name)})
		}
	}
	return out
}

func languageOptions(ctx context.Context) (out []ui.Option) {
	for _, l := range app.Languages() {
		out = append(out, ui.Option{Value: l.Code, Label: i18n.T(ctx, l.Name)})
	}
	return out
}

// weekdays from Monday on.
func weekdays() []time.Weekday {
	return []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}
}

func weekdayOptions(ctx context.Context) (out []ui.Option) {
	for i, d := range weekdays() {
		out = append(out, ui.Option{Value: strconv.Itoa(i + 1), Label: i18n.T(ctx, d.String())})
	}
	return out
}

func kindOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: app.Leave, Label: i18n.T(ctx, "Leave")}, {Value: app.Training, Label: i18n.T(ctx, "Training")}, {Value: app.Other, Label: i18n.T(ctx, "Something else")}}
}

func languages(ctx context.Context, codes []string) string {
	var out []string
	for _, c := range codes {
		out = append(out, i18n.T(ctx, app.LanguageName(c)))
	}
	return strings.Join(out, ", ")
}

// kinds lists the kinds of member that an officer validates, by programme.
func kinds(ctx context.Context, list []*programme.Programme, skills []string) (out []string) {
	for _, p := range list {
		var names []string
		for _, e := range p.EntityTypes() {
			if slices.Contains(skills, p.Code+"/"+e.Code) {
				names = append(names, i18n.T(ctx, e.Name))
			}
		}
		switch {
		case len(names) == len(p.EntityTypes()):
			out = append(out, i18n.T(ctx, "%s: every kind", p.ShortName))
		case len(names) > 0:
			out = append(out, p.ShortName+": "+strings.Join(names, ", "))
		}
	}
	return out
}

// programmes names the programmes that an officer works for.
func programmes(list []*programme.Programme, skills []string) string {
	var out []string
	for _, p := range list {
		if slices.ContainsFunc(skills, func(s string) bool { return strings.HasPrefix(s, p.Code+"/") }) {
			out = append(out, p.ShortName)
		}
	}
	return strings.Join(out, ", ")
}

// week lists working days: "Monday to Friday", or each of them.
func week(ctx context.Context, days []int) string {
	all := weekdays()
	if n := len(days); n > 2 && days[n-1]-days[0] == n-1 {
		return i18n.T(ctx, "%s to %s", i18n.T(ctx, all[days[0]-1].String()), i18n.T(ctx, all[days[n-1]-1].String()))
	}
	var out []string
	for _, d := range days {
		out = append(out, i18n.T(ctx, all[d-1].String()))
	}
	return strings.Join(out, ", ")
}

func base(ctx context.Context, o app.Officer) string {
	return o.Base + ", " + company.CountryName(ctx, o.BaseCountry)
}

func officerPath(o app.Officer) string { return "/desk/officers/" + o.PersonID.String() }

func city(name string) string {
	z, err := time.LoadLocation(name)
	if err != nil {
		return name
	}
	return validation.City(z)
}

// person is the chosen one of a form, nothing before the first sending.
func (p FormPage) person() string {
	if p.Entered.PersonID == uuid.Nil {
		return ""
	}
	return p.Entered.PersonID.String()
}

// stats are an officer's figures.
func (p OfficerPage) stats(ctx context.Context) []ui.Stat {
	o := p.Record
	next := ui.Stat{Label: i18n.T(ctx, "Next visit"), Value: "–"}
	for _, i := range o.Items {
		if i.Kind == app.Visit && !i.Held && !i.Over(p.Now) {
			next.Value, next.Hint = i18n.T(ctx, "%d %s", i.From.DayOfMonth(), i18n.T(ctx, i.From.Month().String()[:3])), i.Company+", "+i.Place
			break
		}
	}
	return []ui.Stat{
		{Label: i18n.T(ctx, "Days of visits this month"), Value: i18n.T(ctx, "%d of %d", o.MonthDays, o.Capacity)},
		{Label: i18n.T(ctx, "Nights away this month"), Value: i18n.T(ctx, "%d of %d", o.MonthNights, o.Nights)},
		{Label: i18n.T(ctx, "Load in the quarter around today"), Value: strconv.Itoa(o.Percent()) + "%", Hint: i18n.T(ctx, "%d of %d days", o.QuarterDays, o.QuarterCapacity)},
		next,
	}
}

// Items

func itemName(ctx context.Context, i app.Item) string {
	switch i.Kind {
	case app.Visit:
		return i.Company
	case app.Leave:
		return i18n.T(ctx, "Leave")
	case app.Training:
		return i18n.T(ctx, "Training")
	}
	return i18n.T(ctx, "Something else")
}

// itemPath leads to the validation of a visit.
func itemPath(i app.Item) string {
	if i.Kind != app.Visit {
		return ""
	}
	return "/desk/validations/" + i.Validation.String()
}

func itemTag(ctx context.Context, i app.Item, now time.Time) (ui.Kind, string) {
	switch {
	case i.Held:
		return ui.Waiting, i18n.T(ctx, "Held until the company answers")
	case i.Kind != app.Visit:
		return ui.Neutral, itemName(ctx, i)
	case i.Over(now):
		return ui.Neutral, i18n.T(ctx, "Visit, over")
	case i.VisitKind == "virtual":
		return ui.Info, i18n.T(ctx, "Visit by video")
	}
	return ui.Info, i18n.T(ctx, "Visit")
}

// allDay reports whether an item takes whole days of its zone.
func allDay(i app.Item) bool {
	return i.From.Start(i.Zone).Equal(i.StartsAt) && i.To.End(i.Zone).Equal(i.EndsAt)
}

// hours is the time of day of an item at its place, without the day: "09:00–17:00".
func hours(ctx context.Context, i app.Item) string {
	if allDay(i) {
		return i18n.T(ctx, "All day")
	}
	return i.StartsAt.In(i.Zone).Format("15:04") + "–" + i.EndsAt.In(i.Zone).Format("15:04")
}

// placed is the zone of an item, where it is not the reader's. Whole days are those of their place.
func placed(i app.Item, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	_, theirs := i.StartsAt.In(i.Zone).Zone()
	_, mine := i.StartsAt.In(zone).Zone()
	if theirs == mine || allDay(i) {
		return ""
	}
	return validation.ZoneText(i.StartsAt, i.EndsAt, i.Zone)
}

// yours is when an item begins for the reader, where that differs from the site's time.
func yours(ctx context.Context, i app.Item, zone *time.Location) string {
	if placed(i, zone) == "" {
		return ""
	}
	if zone == nil {
		zone = time.UTC
	}
	from, to := i.StartsAt.In(zone), i.EndsAt.In(zone)
	if d := clock.DayOf(from, zone); d != i.From || clock.DayOf(to.Add(-1), zone) != i.To {
		return i18n.T(ctx, "%s, %s to %s, %s your time (%s)", i18n.Date(ctx, from), from.Format("15:04"), i18n.Date(ctx, to), to.Format("15:04"), validation.City(zone))
	}
	return i18n.T(ctx, "%s–%s your time (%s)", from.Format("15:04"), to.Format("15:04"), validation.City(zone))
}

// dates is the days of an item: one, or from one to another.
func dates(ctx context.Context, i app.Item) string {
	if i.From == i.To {
		return dayText(ctx, i.From)
	}
	return i18n.T(ctx, "%s to %s", dayText(ctx, i.From), dayText(ctx, i.To))
}

// dayText is "Wed 4 March 2026".
func dayText(ctx context.Context, d clock.Day) string {
	return i18n.T(ctx, d.Weekday().String()[:3]) + " " + d.Text(ctx)
}

func travel(ctx context.Context, i app.Item) string {
	if i.TravelBefore == 0 && i.TravelAfter == 0 {
		return ""
	}
	return i18n.T(ctx, "with travel: %s before, %s after", length(ctx, i.TravelBefore), length(ctx, i.TravelAfter))
}

func length(ctx context.Context, minutes int) string {
	switch {
	case minutes < 60:
		return i18n.N(ctx, "%d minute", "%d minutes", minutes)
	case minutes%60 == 0:
		return i18n.N(ctx, "%d hour", "%d hours", minutes/60)
	}
	return i18n.T(ctx, "%d h %d min", minutes/60, minutes%60)
}

func team(list []app.Choice) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Name)
	}
	return strings.Join(out, ", ")
}

// given are the first names of a team, for a narrow cell.
func given(list []app.Choice) string {
	var out []string
	for _, c := range list {
		name, _, _ := strings.Cut(c.Name, " ")
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// Calendar

// mostInCell is how many entries a day of the month shows.
const mostInCell = 4

// weeks are the weeks of the month, from Monday to Sunday.
func (p BoardPage) weeks() (out [][]clock.Day) {
	for d := p.monday(p.First); d.Before(p.First.AddMonths(1)); d = d.AddDays(7) {
		row := make([]clock.Day, 7)
		for i := range row {
			row[i] = d.AddDays(i)
		}
		out = append(out, row)
	}
	return out
}

func (p BoardPage) monday(d clock.Day) clock.Day { return d.AddDays(-(int(d.Weekday()+6) % 7)) }

// visits are the visits of a day, and away how many other entries it has.
func (p BoardPage) visits(d clock.Day) (visits []app.Item, away int) {
	for _, i := range p.Board.On(d) {
		if i.Kind == app.Visit {
			visits = append(visits, i)
		} else {
			away++
		}
	}
	return visits, away
}

// agenda groups what happens by the day on which it begins; what began before stands on the first.
func (p BoardPage) agenda() (out []agendaDay) {
	for _, i := range p.Board.Items {
		d := i.From
		if d.Before(p.First) {
			d = p.First
		}
		if d.Before(p.First.AddMonths(1)) && !i.To.Before(p.First) {
			at, found := slices.BinarySearchFunc(out, d, func(a agendaDay, d clock.Day) int { return a.day.Compare(d) })
			if !found {
				out = slices.Insert(out, at, agendaDay{day: d})
			}
			out[at].items = append(out[at].items, i)
		}
	}
	return out
}

type agendaDay struct {
	day   clock.Day
	items []app.Item
}

func (p BoardPage) monthName(ctx context.Context) string {
	return i18n.T(ctx, p.First.Month().String()) + " " + strconv.Itoa(p.First.Year())
}

func (p BoardPage) with(change func(*Query)) string {
	q := p.Query
	change(&q)
	return q.address("/desk/calendar")
}

func monthOf(d clock.Day) string { return d.Time().Format("2006-01") }

// views lead between the three looks of the calendar.
func (p BoardPage) views(ctx context.Context) (out []ui.Tab) {
	for _, v := range [][2]string{{"month", i18n.T(ctx, "Month")}, {"agenda", i18n.T(ctx, "Agenda")}, {"weeks", i18n.T(ctx, "Officers by week")}} {
		out = append(out, ui.Tab{Label: v[1], Href: p.with(func(q *Query) { q.View = v[0] }), Current: p.Query.View == v[0]})
	}
	return out
}

// gantt is the board as a chart. Times are those of the reader.
func (p BoardPage) gantt(ctx context.Context) chart.GanttProps {
	from, to := p.Board.From.Start(p.Zone), p.Board.To.End(p.Zone)
	at := func(t time.Time) float64 { return float64(t.Sub(from)) / float64(to.Sub(from)) }
	g := chart.GanttProps{Title: i18n.T(ctx, "Officers by week, %s to %s", p.Board.From, p.Board.To), Now: at(p.Now),
		Desc: i18n.T(ctx, "One row for each officer. The list below has the same entries.")}
	for d := p.Board.From; !d.After(p.Board.To); d = d.AddDays(7) {
		g.Ticks = append(g.Ticks, chart.Tick{At: at(d.Start(p.Zone)), Label: i18n.T(ctx, "%d %s", d.DayOfMonth(), i18n.T(ctx, d.Month().String()[:3]))})
	}
	for _, l := range p.Board.Lanes {
		row := chart.Row{Label: l.Officer.Name}
		for _, i := range l.Items {
			text := itemName(ctx, i) + ", " + dates(ctx, i)
			if i.TravelBefore > 0 {
				row.Bars = append(row.Bars, chart.Bar{From: at(i.StartsAt.Add(-time.Duration(i.TravelBefore) * time.Minute)), To: at(i.StartsAt), Look: "travel", Title: i18n.T(ctx, "Travel to %s", text)})
			}
			if i.TravelAfter > 0 {
				row.Bars = append(row.Bars, chart.Bar{From: at(i.EndsAt), To: at(i.EndsAt.Add(time.Duration(i.TravelAfter) * time.Minute)), Look: "travel", Title: i18n.T(ctx, "Travel from %s", text)})
			}
			row.Bars = append(row.Bars, chart.Bar{From: at(i.StartsAt), To: at(i.EndsAt), Look: look(i), Title: text})
		}
		row.Bars = slices.DeleteFunc(row.Bars, func(b chart.Bar) bool { return b.To <= 0 || b.From >= 1 })
		g.Rows = append(g.Rows, row)
	}
	return g
}

func look(i app.Item) string {
	if i.Held {
		return "hold"
	}
	return i.Kind
}

func ganttLegend(ctx context.Context) []chart.Key {
	return []chart.Key{{Look: app.Visit, Label: i18n.T(ctx, "Visit")}, {Look: "travel", Label: i18n.T(ctx, "Travel")}, {Look: "hold", Label: i18n.T(ctx, "Held until the company answers")},
		{Look: app.Leave, Label: i18n.T(ctx, "Leave")}, {Look: app.Training, Label: i18n.T(ctx, "Training")}, {Look: app.Other, Label: i18n.T(ctx, "Something else")}}
}

// Capacity

// heat is the officers' weeks as a table.
func (p CapacityPage) heat(ctx context.Context) chart.HeatProps {
	h := chart.HeatProps{Caption: i18n.T(ctx, "Days of visits and free working days by week"), Corner: i18n.T(ctx, "Officer")}
	for _, w := range p.Capacity.Weeks {
		h.Columns = append(h.Columns, i18n.T(ctx, "%d %s", w.DayOfMonth(), i18n.T(ctx, w.Month().String()[:3])))
	}
	for _, l := range p.Capacity.Lanes {
		row := chart.HeatRow{Label: l.Officer.Name, Href: officerPath(l.Officer), Note: i18n.N(ctx, "%d day a month", "%d days a month", l.Officer.Capacity)}
		for _, w := range l.Weeks {
			row.Cells = append(row.Cells, weekCell(ctx, w))
		}
		h.Rows = append(h.Rows, row)
	}
	return h
}

func weekCell(ctx context.Context, w app.Week) chart.Cell {
	c := chart.Cell{Text: fmt.Sprintf("%d/%d", w.Booked, w.Free), About: i18n.T(ctx, "%d days of visits, %d working days", w.Booked, w.Free)}
	switch {
	case w.Free == 0 && w.Booked == 0:
		return chart.Cell{Text: i18n.T(ctx, "away"), About: i18n.T(ctx, "no working days"), Level: -1}
	case w.Booked > w.Free:
		c.Level = 4
	case w.Booked == 0:
		c.Level = 0
	default:
		c.Level = 1 + min(2, 3*w.Booked/max(w.Free+1, 1))
	}
	return c
}

// bars is the months as a chart: what officers can do beside what is booked and due.
func (p CapacityPage) bars(ctx context.Context) chart.BarsProps {
	b := chart.BarsProps{Title: i18n.T(ctx, "Capacity and need by month"), Desc: i18n.T(ctx, "For each month the days that officers can do, and beside them the days that are booked and due. The table below has the same figures."),
		Legend: []chart.Key{{Look: "capacity", Label: i18n.T(ctx, "Capacity")}, {Look: "booked", Label: i18n.T(ctx, "Booked")}, {Look: "due", Label: i18n.T(ctx, "Due and not booked")}}}
	if p.Capacity.More > 0 {
		b.Legend = slices.Insert(b.Legend, 1, chart.Key{Look: "added", Label: i18n.N(ctx, "With %d more officer", "With %d more officers", p.Capacity.More)})
	}
	for _, m := range p.Capacity.Months {
		b.Groups = append(b.Groups, chart.Group{Label: monthShort(ctx, m.First), Columns: []chart.Column{
			{{Look: "capacity", Amount: m.Capacity}, {Look: "added", Amount: m.Added}}, {{Look: "booked", Amount: m.Booked}, {Look: "due", Amount: m.DueDays}}}})
	}
	return b
}

func monthShort(ctx context.Context, d clock.Day) string {
	return i18n.T(ctx, d.Month().String()[:3]) + " " + strconv.Itoa(d.Year())
}

func moreOptions(ctx context.Context) (out []ui.Option) {
	out = append(out, ui.Option{Value: "0", Label: i18n.T(ctx, "Nobody more")})
	for n := 1; n <= 5; n++ {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: i18n.N(ctx, "%d more officer", "%d more officers", n)})
	}
	return out
}

// leftTag says whether a month's days suffice.
func leftTag(ctx context.Context, m app.Month) (ui.Kind, string) {
	switch left := m.Left(); {
	case left < 0:
		return ui.Bad, i18n.N(ctx, "%d day is missing", "%d days are missing", -left)
	case left < m.Capacity/10:
		return ui.Warn, i18n.N(ctx, "%d day left", "%d days left", left)
	default:
		return ui.Good, i18n.N(ctx, "%d day left", "%d days left", left)
	}
}
