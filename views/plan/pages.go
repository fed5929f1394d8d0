// Package plan holds the pages of the yearly plan: the plans, one plan, one of its lines,
// every member by the day, the map, what is near a validation, and journeys.
package plan

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/geo"
	"trustedtrader/app/i18n"
	"trustedtrader/app/plan"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

// Path is the address of a plan.
func Path(id uuid.UUID, tail string) string { return "/desk/plan/" + id.String() + tail }

// ItemPath is the address of a line of a plan.
func ItemPath(p, item uuid.UUID, tail string) string { return Path(p, "/items/"+item.String()+tail) }

// ListPage is the list of plans with the form for a new one.
type ListPage struct {
	ui.Chrome
	Plans      []plan.Head
	Programmes []*programme.Programme
	Makes      bool
	Programme  string // as entered
	Year       string
	Errors     []fault.Field
}

// PlanPage is one page of a plan.
type PlanPage struct {
	ui.Chrome
	plan.Page
	Regions  *plan.Regions
	Outcomes []plan.Outcome
	Chosen   []string // lines ticked, as the form sent them
	Entered  plan.DecideEntry
	Errors   []fault.Field
	Conflict *fault.Error
}

// ItemPage is one line of a plan.
type ItemPage struct {
	ui.Chrome
	plan.ItemPage
	Entered  plan.DecideEntry
	Opening  plan.OpenEntry
	Errors   []fault.Field
	Conflict *fault.Error
}

// DuePage is every member by the day of its next validation.
type DuePage struct {
	ui.Chrome
	plan.DuePage
	Programmes []*programme.Programme
}

// MapPage is where visits and needs lie.
type MapPage struct {
	ui.Chrome
	plan.Map
	World      *geo.World
	Programmes []*programme.Programme
}

// NearPage is what else could be visited near a validation.
type NearPage struct {
	ui.Chrome
	plan.Near
	World *geo.World
}

// TripPage is a journey.
type TripPage struct {
	ui.Chrome
	plan.Trip
	Entered plan.TripEntry
	World   *geo.World
	Regions *plan.Regions
	Query   string // of this page
}

// tab is one of the pages about planning.
type tab string

const (
	tabPlans tab = "/desk/plan"
	tabDue   tab = "/desk/plan/due"
	tabMap   tab = "/desk/visits/map"
	tabTrip  tab = "/desk/visits/trip"
)

func tabs(ctx context.Context, here tab) (out []ui.Tab) {
	for _, t := range []struct {
		tab
		label string
	}{{tabPlans, "Plans"}, {tabDue, "Members by their day"}, {tabMap, "Map"}, {tabTrip, "Journeys"}} {
		out = append(out, ui.Tab{Label: i18n.T(ctx, t.label), Href: string(t.tab), Current: t.tab == here})
	}
	return out
}

func programmeName(list []*programme.Programme, code string) string {
	for _, p := range list {
		if p.Code == code {
			return p.ShortName
		}
	}
	return code
}

func officeOptions(list []plan.Office) (out []ui.Option) {
	for _, o := range list {
		out = append(out, ui.Option{Value: o.ID.String(), Label: o.Name})
	}
	return out
}

func idText(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

func showOptions(ctx context.Context) (out []ui.Option) {
	for _, s := range plan.Shows() {
		out = append(out, ui.Option{Value: string(s), Label: i18n.T(ctx, s.Name())})
	}
	return out
}

func decisionOptions(ctx context.Context) (out []ui.Option) {
	for _, d := range plan.Decisions() {
		out = append(out, ui.Option{Value: string(d), Label: i18n.T(ctx, d.Name())})
	}
	return out
}

func quarterOptions(ctx context.Context) (out []ui.Option) {
	for n := 1; n <= 4; n++ {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: quarter(ctx, n)})
	}
	return out
}

func quarter(ctx context.Context, n int) string { return i18n.T(ctx, "Quarter %d", n) }

func whenOptions(ctx context.Context) (out []ui.Option) {
	for _, w := range plan.Whens() {
		out = append(out, ui.Option{Value: string(w), Label: i18n.T(ctx, w.Name())})
	}
	return out
}

func entity(p *programme.Programme, code string) string {
	if p != nil {
		if e, ok := p.EntityType(code); ok {
			return e.Name
		}
	}
	return code
}

func statusKind(s plan.Status) ui.Kind {
	if s == plan.Adopted {
		return ui.Good
	}
	return ui.Waiting
}

func decisionKind(d plan.Decision) ui.Kind {
	switch d {
	case plan.Chosen:
		return ui.Good
	case plan.Later:
		return ui.Waiting
	case plan.NotThisYear:
		return ui.Neutral
	}
	return ui.Info
}

func number(ctx context.Context, n int) string { return i18n.Number(ctx, int64(n)) }

// points is a figure of a score, with at most two places.
func points(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// score is a score with one place, so that columns line up.
func score(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// why says for what reason a line is proposed.
func why(ctx context.Context, r plan.Row, year int) string {
	switch {
	case !r.Proposed:
		return i18n.T(ctx, "Not proposed")
	case r.DueOn != nil && r.DueOn.Year() <= year:
		return i18n.T(ctx, "Due by law")
	case r.Random:
		return i18n.T(ctx, "Drawn by lot")
	}
	return i18n.T(ctx, "By its score")
}

// value says what a factor found, in words.
func value(ctx context.Context, p plan.Point) string {
	if p.Value == nil {
		return i18n.T(ctx, "no data")
	}
	n := int(*p.Value)
	switch p.Code {
	case "due":
		if n < 0 {
			return i18n.N(ctx, "%d day late", "%d days late", -n)
		}
		return i18n.N(ctx, "due in %d day", "due in %d days", n)
	case "since_validation":
		return i18n.T(ctx, "%s years", points(*p.Value))
	case "volume":
		return i18n.T(ctx, "%s shipments a year", number(ctx, n))
	case "regions":
		return i18n.T(ctx, "rated %d of 3: %s", n, i18n.Country(ctx, p.Text))
	case "incidents":
		return i18n.N(ctx, "%d escalated action", "%d escalated actions", n)
	case "findings":
		return i18n.N(ctx, "%d required action", "%d required actions", n)
	case "criteria_not_met":
		return i18n.N(ctx, "%d criterion", "%d criteria", n)
	case "overdue_review":
		if n > 0 {
			return i18n.T(ctx, "overdue")
		}
		return i18n.T(ctx, "not overdue")
	}
	return points(*p.Value)
}

// strongest are the factors that add most to a score, in words, beside the day, which has a
// column of its own.
func strongest(ctx context.Context, r plan.Row, w plan.Weights) string {
	var parts []string
	for range 2 {
		best := -1
		for i, p := range r.Factors {
			named := i18n.T(ctx, name(w, p.Code))
			if p.Code != "due" && p.Points > 0 && (best < 0 || p.Points > r.Factors[best].Points) && !contains(parts, named) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		parts = append(parts, i18n.T(ctx, name(w, r.Factors[best].Code)))
	}
	return strings.Join(parts, ", ")
}

func contains(list []string, x string) bool {
	for _, v := range list {
		if v == x {
			return true
		}
	}
	return false
}

func name(w plan.Weights, code string) string {
	for _, x := range w {
		if x.Code == code {
			return x.Name
		}
	}
	return code
}

func help(w plan.Weights, code string) string {
	for _, x := range w {
		if x.Code == code {
			return x.Help
		}
	}
	return ""
}

func lineValue(r plan.Row) string { return fmt.Sprintf("%s:%d", r.ID, r.Version) }

func boxID(i int) string { return "line-" + strconv.Itoa(i) }

func daysLeft(ctx context.Context, n *int) string {
	switch {
	case n == nil:
		return ""
	case *n < 0:
		return i18n.N(ctx, "%d day late", "%d days late", -*n)
	}
	return i18n.N(ctx, "%d day left", "%d days left", *n)
}

// dueKind is the tone of a day: passed, within the notice that companies get, or far.
func dueKind(n *int) ui.Kind {
	switch {
	case n == nil, *n < 0:
		return ui.Bad
	case *n <= 90:
		return ui.Warn
	}
	return ui.Neutral
}

func dayText(ctx context.Context, d *clock.Day) string {
	if d == nil {
		return ""
	}
	return d.Text(ctx)
}

func (p PlanPage) path(change func(*plan.Filter)) string {
	f := p.Filter
	f.After = ""
	change(&f)
	return Path(p.ID, planQuery(f))
}

func (p PlanPage) show(s plan.Show) string {
	return Path(p.ID, planQuery(plan.Filter{Show: s}))
}

func planQuery(f plan.Filter) string {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("show", string(f.Show))
	set("office", idText(f.Office))
	if f.Quarter > 0 {
		set("planned", strconv.Itoa(f.Quarter))
	}
	set("after", f.After)
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (p PlanPage) next() string {
	if p.Next == "" {
		return ""
	}
	return p.path(func(f *plan.Filter) { f.After = p.Next })
}

func (p PlanPage) first() string {
	if p.Filter.After == "" {
		return ""
	}
	return p.path(func(*plan.Filter) {})
}

func (p PlanPage) csv() string { return Path(p.ID, "/plan.csv"+planQuery(p.Filter)) }

func (p PlanPage) done() (out []plan.Outcome) {
	for _, o := range p.Outcomes {
		if o.Why == nil {
			out = append(out, o)
		}
	}
	return out
}

func (p PlanPage) left() (out []plan.Outcome) {
	for _, o := range p.Outcomes {
		if o.Why != nil {
			out = append(out, o)
		}
	}
	return out
}

func dueQuery(f plan.DueFilter) string {
	q := url.Values{}
	for name, v := range map[string]string{"programme": f.Programme, "office": idText(f.Office), "when": string(f.When), "after": f.After} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (p DuePage) path(tail string, change func(*plan.DueFilter)) string {
	f := p.Filter
	f.After = ""
	change(&f)
	return "/desk/plan/due" + tail + dueQuery(f)
}

func (p DuePage) next() string {
	if p.Next == "" {
		return ""
	}
	return p.path("", func(f *plan.DueFilter) { f.After = p.Next })
}

func (p DuePage) first() string {
	if p.Filter.After == "" {
		return ""
	}
	return p.path("", func(*plan.DueFilter) {})
}

func mapQuery(f plan.MapFilter) string {
	q := url.Values{"days": {strconv.Itoa(f.Days)}}
	for name, v := range map[string]string{"kind": string(f.Kind), "programme": f.Programme, "office": idText(f.Office)} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return "?" + q.Encode()
}

func aheadOptions(ctx context.Context) (out []ui.Option) {
	for _, n := range plan.MapDays() {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: i18n.N(ctx, "%d day", "%d days", n)})
	}
	return out
}

func kindOptions(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: string(plan.Visit), Label: i18n.T(ctx, "Visits")}, {Value: string(plan.Need), Label: i18n.T(ctx, "Needs")}}
}

// placeHref is the page about a place.
func placeHref(p plan.Place) string {
	if p.ValidationID != nil {
		return "/desk/validations/" + p.ValidationID.String()
	}
	return "/memberships/" + p.ID.String()
}

func placeKind(p plan.Place) (ui.Kind, string) {
	switch {
	case p.Kind == plan.Need:
		return ui.Warn, "Need"
	case p.Booked:
		return ui.Good, "Visit, booked"
	}
	return ui.Info, "Visit, not booked"
}

func where(ctx context.Context, p plan.Place) string {
	var parts []string
	for _, s := range []string{p.Name, p.City, i18n.Country(ctx, p.Country)} {
		if s != "" && !contains(parts, s) {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

func km(ctx context.Context, v float64) string {
	return i18n.T(ctx, "%s km", i18n.Number(ctx, int64(v+0.5)))
}

// travel is a time of travel in words.
func travel(ctx context.Context, minutes int) string {
	switch {
	case minutes == 0:
		return "–"
	case minutes%60 == 0:
		return i18n.T(ctx, "%d h", minutes/60)
	}
	return i18n.T(ctx, "%d h %d min", minutes/60, minutes%60)
}

// tripPath is a journey with other stops.
func tripPath(in plan.TripEntry, stops []string) string {
	q := url.Values{}
	for _, s := range stops {
		q.Add("stop", s)
	}
	if in.From != "" {
		q.Set("from", in.From)
	}
	if len(q) == 0 {
		return string(tabTrip)
	}
	return string(tabTrip) + "?" + q.Encode()
}

func without(list []string, x string) (out []string) {
	for _, s := range list {
		if s != x {
			out = append(out, s)
		}
	}
	return out
}

func startOptions(list []plan.Start) (out []ui.Option) {
	for _, s := range list {
		label := s.Name
		if s.Base != "" {
			label += ", " + s.Base
		}
		out = append(out, ui.Option{Value: s.ID.String(), Label: label})
	}
	return out
}

// mark is a circle on a map.
type mark struct {
	x, y   float64
	kind   plan.PlaceKind
	booked bool
	title  string
	label  string // drawn beside it
	href   string
}

// picture is a map with marks, cut to what it shows.
type picture struct {
	world *geo.World
	marks []mark
	way   string // of a journey: the data of a path
	title string
	about string
}

// box is the part of the world that is shown: all marks with room around them, in the
// shape of the whole map.
func (p picture) box() (x, y, w, h float64) {
	if len(p.marks) == 0 {
		return 0, 0, geo.Width, geo.Height
	}
	left, right, top, bottom := p.marks[0].x, p.marks[0].x, p.marks[0].y, p.marks[0].y
	for _, m := range p.marks {
		left, right, top, bottom = min(left, m.x), max(right, m.x), min(top, m.y), max(bottom, m.y)
	}
	w = max(right-left, (bottom-top)*geo.Width/geo.Height, 60) * 1.3
	w = min(w, geo.Width)
	h = w * geo.Height / geo.Width
	x = min(max(0, (left+right-w)/2), geo.Width-w)
	y = min(max(0, (top+bottom-h)/2), geo.Height-h)
	return x, y, w, h
}

func (p picture) viewBox() string {
	x, y, w, h := p.box()
	return fmt.Sprintf("%.1f %.1f %.1f %.1f", x, y, w, h)
}

// unit is the size of a thousandth of the width, so that marks stay as large in a part of
// the world as in the whole.
func (p picture) unit() float64 {
	_, _, w, _ := p.box()
	return w / 1000
}

func (p picture) length(thousandths float64) string {
	return strconv.FormatFloat(thousandths*p.unit(), 'f', 2, 64)
}

func figure(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

func marks(ctx context.Context, list []plan.Place) (out []mark) {
	for _, p := range list {
		at, ok := p.At()
		if !ok {
			continue
		}
		x, y := geo.Project(at.Lat, at.Lon)
		_, word := placeKind(p)
		out = append(out, mark{x: x, y: y, kind: p.Kind, booked: p.Booked, href: placeHref(p),
			title: i18n.T(ctx, word) + ": " + p.Company + ", " + where(ctx, p) + ", " + dayText(ctx, p.On)})
	}
	return out
}

func (p MapPage) picture(ctx context.Context) picture {
	return picture{world: p.World, marks: marks(ctx, p.Places), title: i18n.T(ctx, "Map of visits and needs"),
		about: i18n.N(ctx, "%d place. The table below lists it.", "%d places. The table below lists them.", len(p.Places))}
}

func (p NearPage) picture(ctx context.Context) picture {
	out := picture{world: p.World, marks: marks(ctx, p.Places), title: i18n.T(ctx, "Map of what is near"),
		about: i18n.N(ctx, "%d place near the visit. The table below lists it.", "%d places near the visit. The table below lists them.", len(p.Places))}
	if p.Origin != nil {
		origin := marks(ctx, []plan.Place{*p.Origin})
		for i := range origin {
			origin[i].label = p.Reference
		}
		out.marks = append(out.marks, origin...)
	}
	return out
}

func (p TripPage) picture(ctx context.Context) picture {
	out := picture{world: p.World, title: i18n.T(ctx, "Map of the journey"), about: i18n.T(ctx, "The stops in their order. The table below lists them.")}
	var way []string
	add := func(lat, lon float64) {
		x, y := geo.Project(lat, lon)
		way = append(way, figure(x)+" "+figure(y))
	}
	if p.From != nil {
		x, y := geo.Project(p.From.Lat, p.From.Lon)
		out.marks = append(out.marks, mark{x: x, y: y, title: i18n.T(ctx, "Start: %s", p.From.Base), label: p.From.Base})
		add(p.From.Lat, p.From.Lon)
	}
	for i, l := range p.Legs {
		at, _ := l.At()
		add(at.Lat, at.Lon)
		m := marks(ctx, []plan.Place{l.Place})[0]
		m.label = strconv.Itoa(i + 1)
		out.marks = append(out.marks, m)
	}
	if len(way) > 1 {
		out.way = "M" + strings.Join(way, "L") + "z"
	}
	return out
}

func (p PlanPage) columns(ctx context.Context) (out []ui.Column) {
	if p.Decides {
		out = append(out, ui.Column{Label: i18n.T(ctx, "Choose"), Hidden: true})
	}
	return append(out, ui.Column{Label: i18n.T(ctx, "Company")}, ui.Column{Label: i18n.T(ctx, "Score"), Numeric: true}, ui.Column{Label: i18n.T(ctx, "Why")},
		ui.Column{Label: i18n.T(ctx, "Due by law")}, ui.Column{Label: i18n.T(ctx, "Office")}, ui.Column{Label: i18n.T(ctx, "Decision")})
}

func placeColumns(ctx context.Context, near, choose bool) (out []ui.Column) {
	if choose {
		out = append(out, ui.Column{Label: i18n.T(ctx, "Choose"), Hidden: true})
	}
	out = append(out, ui.Column{Label: i18n.T(ctx, "Company")}, ui.Column{Label: i18n.T(ctx, "Kind")}, ui.Column{Label: i18n.T(ctx, "Place")}, ui.Column{Label: i18n.T(ctx, "Day")})
	if near {
		out = append(out, ui.Column{Label: i18n.T(ctx, "Distance"), Numeric: true})
	}
	return append(out, ui.Column{Label: i18n.T(ctx, "Office")})
}

// regionNote says where ratings come from.
func regionNote(ctx context.Context, r *plan.Regions) string {
	text := i18n.T(ctx, "Ratings of countries, edition %s: %s.", r.Edition, r.Source)
	if r.Draft {
		text += " " + i18n.T(ctx, "They are a draft.")
	}
	return text
}

func conflictText(ctx context.Context, f *fault.Error) string {
	if f.Message == fault.Moved().Message {
		return i18n.T(ctx, "The page below shows it as it is now, with what you entered. Check it, then send it again.")
	}
	return i18n.T(ctx, f.Message, f.Args...)
}

func (p TripPage) fromValue() string {
	if p.From == nil {
		return ""
	}
	return p.From.ID.String()
}

func (p TripPage) home(ctx context.Context) string {
	if p.From != nil {
		return p.From.Base
	}
	return where(ctx, p.Legs[0].Place)
}

// visitDays says on which days of the journey a visit is.
func (p TripPage) visitDays(ctx context.Context, l plan.Leg) string {
	if l.Days <= 1 {
		return i18n.T(ctx, "day %d", l.FirstDay)
	}
	return i18n.T(ctx, "days %d to %d", l.FirstDay, l.FirstDay+l.Days-1)
}
