package risk

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"trustedtrader/app/i18n"
	app "trustedtrader/app/risk"
	"trustedtrader/views/ui"
)

func matrixColumns(ctx context.Context, s app.Sheet) []ui.Column {
	out := []ui.Column{{Label: i18n.T(ctx, "Lane")}}
	for _, f := range s.Factors.Threats {
		out = append(out, ui.Column{Label: i18n.T(ctx, f.Name)})
	}
	return append(out, ui.Column{Label: i18n.T(ctx, "Risk of the lane")})
}

// bands says which scores are low, medium and high.
func bands(ctx context.Context, s app.Sheet) string {
	var parts []string
	for i, b := range s.Factors.Bands {
		name := i18n.T(ctx, b.Name)
		if i+1 < len(s.Factors.Bands) {
			parts = append(parts, i18n.T(ctx, "%d to %d: %s", b.From, s.Factors.Bands[i+1].From-1, name))
			continue
		}
		parts = append(parts, i18n.T(ctx, "%d and more: %s", b.From, name))
	}
	return strings.Join(parts, ". ") + "."
}

// reasons names the threats and the spots that a score comes from.
func reasons(ctx context.Context, s app.Score) string {
	threats, spots := s.Reasons(ctx)
	return i18n.T(ctx, "Threat: %s. Vulnerability: %s", threats, spots)
}

// heatTitle says what the picture shows to those who do not see it.
func heatTitle(ctx context.Context, s app.Sheet) string {
	var parts []string
	for _, h := range field(s) {
		if h.lanes > 0 {
			parts = append(parts, i18n.N(ctx, "%d lane with risk %d", "%d lanes with risk %d", h.lanes, h.score))
		}
	}
	if parts == nil {
		return i18n.T(ctx, "Lanes by threat and vulnerability. No lane is rated yet.")
	}
	return i18n.T(ctx, "Lanes by threat and vulnerability: %s.", strings.Join(parts, ", "))
}

// laneLine is a lane in one line.
func laneLine(ctx context.Context, l app.Lane) string {
	parts := []string{i18n.T(ctx, "%s to %s", country(ctx, l.Origin), country(ctx, l.Destination))}
	if l.Goods != "" {
		parts = append(parts, l.Goods)
	}
	if l.Shipments != nil {
		parts = append(parts, i18n.T(ctx, "%s shipments a year", i18n.Number(ctx, int64(*l.Shipments))))
	}
	return strings.Join(parts, " · ")
}

// legLine is a leg in one line.
func legLine(ctx context.Context, g app.Leg) string {
	parts := []string{country(ctx, g.Country), i18n.T(ctx, g.Mode.Name())}
	if g.Party != "" {
		parts = append(parts, g.Party)
	}
	return strings.Join(parts, " · ")
}

func laneHeading(ctx context.Context, isNew bool) string {
	if isNew {
		return i18n.T(ctx, "The lane")
	}
	return i18n.T(ctx, "About the lane")
}

func noteHint(ctx context.Context, leg bool) string {
	if leg {
		return i18n.T(ctx, "What you know and where from. Needed for a high rating, and when something does not apply")
	}
	return i18n.T(ctx, "What you know and where from. Needed for a high rating")
}

func (p LanePage) laneAction() string {
	if p.Lane.Version == 0 {
		return p.Path(string(app.Map), "new")
	}
	return p.Path(string(app.Map), p.Lane.ID.String())
}

func (p LegPage) legAction() string {
	if p.Leg.Version == 0 {
		return p.Path(string(app.Map), p.Lane.ID.String(), "legs", "new")
	}
	return p.Path(string(app.Map), p.Lane.ID.String(), "legs", p.Leg.ID.String())
}

func (p TaskPage) taskAction() string {
	if p.Task.Version == 0 {
		return p.Path(string(app.Plan), "new")
	}
	return p.Path(string(app.Plan), p.Task.ID.String())
}

func (p RatePage) step() app.Step {
	if p.Leg != nil {
		return app.Vulnerabilities
	}
	return app.Threats
}

func (p RatePage) count() app.Count {
	if p.Leg != nil {
		return p.Sheet.RatedLeg(*p.Leg)
	}
	return p.Sheet.Rated(p.Lane)
}

func (p RatePage) all() map[string]app.Rating {
	if p.Leg != nil {
		return p.Leg.Ratings
	}
	return p.Lane.Threats
}

// threatTasks are the lanes to rate in step 2.
func (b Base) threatTasks(ctx context.Context) []ui.TaskSection {
	var tasks []ui.Task
	for _, l := range b.Sheet.Lanes {
		c := b.Sheet.Rated(l)
		tasks = append(tasks, ui.Task{Label: l.Name, Href: b.Path(string(app.Threats), l.ID.String()), Hint: countText(ctx, c), State: countState(c)})
	}
	return []ui.TaskSection{{Tasks: tasks}}
}

// legTasks are the legs to rate in step 3, lane by lane.
func (b Base) legTasks(ctx context.Context) (out []ui.TaskSection) {
	for _, l := range b.Sheet.Lanes {
		section := ui.TaskSection{Title: l.Name}
		for _, g := range l.Legs {
			c := b.Sheet.RatedLeg(g)
			section.Tasks = append(section.Tasks, ui.Task{Label: g.Place, Href: b.Path(string(app.Vulnerabilities), g.ID.String()),
				Hint: legLine(ctx, g.Leg) + " · " + countText(ctx, c), State: countState(c)})
		}
		if len(l.Legs) == 0 {
			section.Tasks = []ui.Task{{Label: i18n.T(ctx, "Add the legs of this lane"), Href: b.Path(string(app.Map), l.ID.String()), State: ui.NotStarted}}
		}
		out = append(out, section)
	}
	return out
}

// rows are an action for those who only read.
func (p TaskPage) rows(ctx context.Context) []ui.SummaryRow {
	t := p.Task
	rows := []ui.SummaryRow{
		{Key: i18n.T(ctx, "What is to be done"), Value: t.What}, {Key: i18n.T(ctx, "Lane"), Value: laneText(ctx, p.Sheet, t.LaneID)},
		{Key: i18n.T(ctx, "Criteria"), Value: criteriaText(ctx, p.Sheet, t.Criterion)}, {Key: i18n.T(ctx, "Who does it"), Value: t.Owner},
		{Key: i18n.T(ctx, "Until when"), Value: t.DueOn.Text(ctx)},
	}
	if !t.DoneOn.IsZero() {
		rows = append(rows, ui.SummaryRow{Key: i18n.T(ctx, "Done on"), Value: t.DoneOn.Text(ctx)})
	}
	return append(rows, ui.SummaryRow{Key: i18n.T(ctx, "Outcome"), Value: t.Outcome})
}

// finishedFacts are when and by whom it was finished, and until when the next is due.
func finishedFacts(ctx context.Context, s app.Sheet) []ui.Pair {
	on := s.FinishedOn()
	return []ui.Pair{
		{Key: i18n.T(ctx, "Status"), Content: ui.Tag(ui.Good, i18n.T(ctx, s.Assessment.Status.Name()))},
		{Key: i18n.T(ctx, "Finished on"), Value: on.Text(ctx)},
		{Key: i18n.T(ctx, "Finished by"), Value: s.Assessment.Finisher},
		{Key: i18n.T(ctx, "Next review until"), Value: app.ReviewDue(on).Text(ctx)},
	}
}

func dueTone(o app.Overview) ui.Kind {
	switch {
	case o.DaysLeft < 0:
		return ui.Bad
	case o.DaysLeft <= 30:
		return ui.Warn
	}
	return ui.Good
}

func daysText(ctx context.Context, left int) string {
	switch {
	case left < 0:
		return i18n.N(ctx, "%d day late", "%d days late", -left)
	case left == 0:
		return i18n.T(ctx, "Due today")
	}
	return i18n.N(ctx, "%d day left", "%d days left", left)
}

// levelRow is a lane or leg with its ratings by level; notRated for those that are missing.
type levelRow struct {
	name, about string
	notes       map[int][]levelNote
}

type levelNote struct{ factor, note string }

const notRated = -1

func rowOf(ctx context.Context, name, about string, factors []app.Factor, by map[string]app.Rating) levelRow {
	r := levelRow{name: name, about: about, notes: map[int][]levelNote{}}
	for _, f := range factors {
		rating, rated := by[f.Code]
		n, level := levelNote{factor: i18n.T(ctx, f.Name), note: rating.Note}, rating.Level
		switch {
		case !rated:
			level = notRated
		case rating.Carried:
			n.factor = i18n.T(ctx, "%s (to confirm)", n.factor)
		}
		r.notes[level] = append(r.notes[level], n)
	}
	return r
}

func threatLevels(ctx context.Context, s app.Sheet) (out []levelRow) {
	for _, l := range s.Lanes {
		out = append(out, rowOf(ctx, l.Name, "", s.Factors.Threats, l.Threats))
	}
	return out
}

func legLevels(ctx context.Context, s app.Sheet, l app.LaneSheet) (out []levelRow) {
	for i, g := range l.Legs {
		out = append(out, rowOf(ctx, strconv.Itoa(i+1)+". "+g.Place, g.Party, s.Factors.Vulnerabilities, g.Ratings))
	}
	return out
}

// levelCells are the columns: the three levels, and what is there besides.
func levelCells(rows []levelRow) []int {
	out := []int{app.High, app.Medium, app.Low}
	for _, level := range []int{app.NotApplicable, notRated} {
		if slices.ContainsFunc(rows, func(r levelRow) bool { return len(r.notes[level]) > 0 }) {
			out = append(out, level)
		}
	}
	return out
}

func levelHead(ctx context.Context, level int) string {
	if level == notRated {
		return i18n.T(ctx, "Not rated")
	}
	return levelText(ctx, level)
}

func levelColumns(ctx context.Context, head string, rows []levelRow) []ui.Column {
	out := []ui.Column{{Label: head}}
	for _, level := range levelCells(rows) {
		out = append(out, ui.Column{Label: levelHead(ctx, level)})
	}
	return out
}
