// Package risk holds the pages of the risk assessment: the five steps, the result as a
// matrix and as a picture, the check before finishing, and the whole for print.
package risk

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/risk"
	"trustedtrader/views/company"
	"trustedtrader/views/ui"
)

// Form is what a refused form shows above its fields. What was typed stays in them.
type Form struct {
	Errors   []fault.Field
	Stale    bool // somebody else was faster; Moved says with what
	Moved    []fault.Change
	Sentence string // a refusal that belongs to no field
}

// OverviewPage lists the company's assessments.
type OverviewPage struct {
	ui.Chrome
	Overview app.Overview
	New      uuid.UUID // id of the form that begins one
	MayEdit  bool
	Refusal  string
}

// Base is what every page of one assessment has.
type Base struct {
	ui.Chrome
	Sheet app.Sheet
	Edits bool   // the reader may change it, for it is a draft
	Root  string // where the addresses of its pages begin
}

// Path is the address of a page of the assessment.
func (b Base) Path(parts ...string) string {
	path := b.Root
	for _, p := range parts {
		path += "/" + p
	}
	return path
}

// LanePage adds or changes a lane, and shows its legs.
type LanePage struct {
	Base
	Form
	Lane    app.LaneSheet // as it is; without an id when it is new
	Entered app.LaneEntry
}

// LegPage adds or changes a leg.
type LegPage struct {
	Base
	Form
	Lane    app.LaneSheet
	Leg     app.LegSheet
	Entered app.LegEntry
}

// RatePage rates the threats of a lane or the vulnerabilities of a leg.
type RatePage struct {
	Base
	Form
	Lane    app.LaneSheet
	Leg     *app.LegSheet // nil: the lane's threats are rated
	Entered map[string]app.RatingEntry
	Next    string // what comes after it
}

// TaskPage adds or changes an action.
type TaskPage struct {
	Base
	Form
	Task    app.Task
	Entered app.TaskEntry
}

// DocumentPage is step 5.
type DocumentPage struct {
	Base
	Form
	Entered app.DocumentEntry
}

// CheckPage is the check before finishing.
type CheckPage struct {
	Base
	Form
	MayFinish bool
	Accepted  bool
}

// Here is the address of the rated page.
func (p RatePage) Here() string {
	if p.Leg != nil {
		return p.Path(string(app.Vulnerabilities), p.Leg.ID.String())
	}
	return p.Path(string(app.Threats), p.Lane.ID.String())
}

// Version is that of a factor's rating as it is kept; 0: there is none.
func (p RatePage) Version(factor string) int {
	r, _ := p.saved(factor)
	return r.Version
}

func (p RatePage) factors() []app.Factor {
	if p.Leg != nil {
		return p.Sheet.Factors.Vulnerabilities
	}
	return p.Sheet.Factors.Threats
}

func (p RatePage) saved(factor string) (app.Rating, bool) {
	ratings := p.Lane.Threats
	if p.Leg != nil {
		ratings = p.Leg.Ratings
	}
	r, ok := ratings[factor]
	return r, ok
}

// entry is a rating as typed, or as it is kept.
func (p RatePage) entry(factor string) app.RatingEntry {
	if e, ok := p.Entered[factor]; ok {
		return e
	}
	r, rated := p.saved(factor)
	if !rated {
		return app.RatingEntry{Factor: factor}
	}
	return app.RatingEntry{Factor: factor, Level: strconv.Itoa(r.Level), Note: r.Note, Version: r.Version}
}

// options are the levels with what they mean for a factor.
func (p RatePage) options(ctx context.Context, f app.Factor) (out []ui.Option) {
	for level := app.Low; level <= app.High; level++ {
		out = append(out, ui.Option{Value: strconv.Itoa(level), Label: levelText(ctx, level), Hint: i18n.T(ctx, f.Says(level))})
	}
	if p.Leg != nil {
		out = append(out, ui.Option{Value: strconv.Itoa(app.NotApplicable), Label: levelText(ctx, app.NotApplicable), Hint: i18n.T(ctx, "Say why in the note. It does not count")})
	}
	return out
}

// levelText is a rating as people read it: its figure and its word.
func levelText(ctx context.Context, level int) string {
	word := i18n.T(ctx, app.LevelName(level))
	if level == app.NotApplicable {
		return word
	}
	return fmt.Sprintf("%d %s", level, word)
}

// tone is the colour of a rating.
func tone(level int) ui.Kind {
	return map[int]ui.Kind{app.Low: ui.Good, app.Medium: ui.Warn, app.High: ui.Bad}[level]
}

// bandTone is the colour of a score.
func bandTone(b app.Band) ui.Kind {
	switch b.Code {
	case "low":
		return ui.Good
	case "medium":
		return ui.Warn
	case "high":
		return ui.Bad
	}
	return ui.Neutral
}

func taskState(s app.State) ui.TaskState {
	return map[app.State]ui.TaskState{app.NotStarted: ui.NotStarted, app.Begun: ui.InProgress, app.Attention: ui.NeedsAttention, app.Done: ui.Done}[s]
}

// stateWord is the state of a step in a word, with its icon.
func stateWord(ctx context.Context, s app.State) (icon, word string) {
	switch s {
	case app.Begun:
		return "edit", i18n.T(ctx, "In progress")
	case app.Attention:
		return "warning", i18n.T(ctx, "Needs attention")
	case app.Done:
		return "check_circle", i18n.T(ctx, "Done")
	}
	return "radio_button_unchecked", i18n.T(ctx, "Not started")
}

// steps are the five steps and the check as a list of tasks.
func (b Base) steps(ctx context.Context) []ui.TaskSection {
	var tasks []ui.Task
	next := true
	for i, step := range app.Steps() {
		p := b.Sheet.Progress(step)
		t := ui.Task{Label: fmt.Sprintf("%d. %s", i+1, i18n.T(ctx, step.Name())), Href: b.Path(string(step)), Hint: hint(ctx, p), State: taskState(p.State)}
		if b.Edits && next && p.State != app.Done {
			t.Next, next = true, false
		}
		tasks = append(tasks, t)
	}
	if b.Sheet.Assessment.Status == app.Draft {
		check := ui.Task{Label: i18n.T(ctx, "Check and finish"), Href: b.Path("check"), State: ui.NotStarted, Next: b.Edits && next}
		tasks = append(tasks, check)
	}
	return []ui.TaskSection{{Tasks: tasks}}
}

// hint says in figures where a step stands.
func hint(ctx context.Context, p app.Progress) string {
	var text string
	switch p.Step {
	case app.Map:
		text = i18n.N(ctx, "%d lane", "%d lanes", p.Total)
	case app.Threats, app.Vulnerabilities:
		text = i18n.T(ctx, "%d of %d rated", p.Count.Done, p.Total)
		if p.Total == 0 {
			text = i18n.T(ctx, "Nothing to rate yet")
		}
	case app.Plan:
		text = i18n.N(ctx, "%d action, %d carried out", "%d actions, %d carried out", p.Total, p.Count.Done)
		if p.Total == 0 {
			text = i18n.T(ctx, "No actions")
		}
	case app.Document:
		text = i18n.T(ctx, "%d of %d written down", p.Count.Done, p.Total)
	}
	if p.Carried > 0 {
		text += ", " + i18n.N(ctx, "%d to confirm from the last assessment", "%d to confirm from the last assessment", p.Carried)
	}
	return text
}

// countText says how many ratings there are.
func countText(ctx context.Context, c app.Count) string {
	text := i18n.T(ctx, "%d of %d rated", c.Done, c.Total)
	if c.Carried > 0 {
		text += ", " + i18n.N(ctx, "%d to confirm", "%d to confirm", c.Carried)
	}
	return text
}

func countState(c app.Count) ui.TaskState {
	switch {
	case c.Carried > 0:
		return ui.NeedsAttention
	case c.Done == 0:
		return ui.NotStarted
	case c.Done < c.Total:
		return ui.InProgress
	}
	return ui.Done
}

// arithmetic is how the score of a lane comes about.
func arithmetic(ctx context.Context, s app.Score) string {
	if s.Value == 0 {
		return i18n.T(ctx, "Not rated yet")
	}
	return i18n.T(ctx, "threat %d × vulnerability %d = %d", s.Threat, s.Vulnerability, s.Value)
}

// cell is one threat of a lane against its weakest spot.
func cell(ctx context.Context, s app.Sheet, l app.LaneSheet, f app.Factor, score app.Score) (text string, band app.Band) {
	r, rated := l.Threats[f.Code]
	if !rated {
		return i18n.T(ctx, "Not rated"), band
	}
	value, band := s.Factors.Score(r.Level, score.Vulnerability)
	if value == 0 {
		return strconv.Itoa(r.Level), band
	}
	return fmt.Sprintf("%d × %d = %d", r.Level, score.Vulnerability, value), band
}

// where is the address at which a finding is mended.
func (b Base) where(f app.Finding) string {
	switch {
	case f.Step == app.Map && f.Lane != uuid.Nil:
		return b.Path(string(app.Map), f.Lane.String())
	case f.Step == app.Threats && f.Lane != uuid.Nil:
		return b.Path(string(app.Threats), f.Lane.String())
	case f.Step == app.Vulnerabilities && f.Leg != uuid.Nil:
		return b.Path(string(app.Vulnerabilities), f.Leg.String())
	case f.Step == app.Plan && f.Task != uuid.Nil:
		return b.Path(string(app.Plan), f.Task.String())
	case f.Step == app.Plan && f.Factor != "":
		return b.plan(f.Lane, f.Factor)
	}
	return b.Path(string(f.Step))
}

// plan is the address of a new action for a vulnerability of a lane.
func (b Base) plan(lane uuid.UUID, factor string) string {
	return b.Path(string(app.Plan), "new") + "?lane=" + lane.String() + "&criterion=" + factor
}

// findings are those that block, or those that warn.
func (p CheckPage) findings(blocks bool) (out []app.Finding) {
	for _, f := range p.Sheet.Findings() {
		if f.Blocks == blocks {
			out = append(out, f)
		}
	}
	return out
}

func modeOptions(ctx context.Context) (out []ui.Option) {
	for _, m := range app.Modes() {
		out = append(out, ui.Option{Value: string(m), Label: i18n.T(ctx, m.Name())})
	}
	return out
}

// laneOptions are the lanes of an assessment, and the removed one of an action that is changed.
func (p TaskPage) laneOptions(ctx context.Context) (out []ui.Option) {
	for _, l := range p.Sheet.Lanes {
		out = append(out, ui.Option{Value: l.ID.String(), Label: l.Name})
	}
	if name, gone := p.Sheet.LaneName(p.Task.LaneID); gone {
		out = append(out, ui.Option{Value: p.Task.LaneID.String(), Label: i18n.T(ctx, "%s (removed)", name)})
	}
	return out
}

func (p TaskPage) criteria(ctx context.Context) (out []ui.Option) {
	for _, f := range p.Sheet.Factors.Vulnerabilities {
		out = append(out, ui.Option{Value: f.Code, Label: i18n.T(ctx, f.Name)})
	}
	return out
}

// laneText names the lane of an action.
func laneText(ctx context.Context, s app.Sheet, id *uuid.UUID) string {
	name, gone := s.LaneName(id)
	switch {
	case gone:
		return i18n.T(ctx, "%s (removed)", name)
	case name == "":
		return i18n.T(ctx, "All lanes")
	}
	return name
}

func criteriaText(ctx context.Context, s app.Sheet, code string) string {
	if code == "" {
		return i18n.T(ctx, "Not of one category")
	}
	f, _ := s.Factors.Vulnerability(code)
	return i18n.T(ctx, f.Name)
}

// dueTag is the state of an action: today, or when the assessment was finished.
func dueTag(ctx context.Context, s app.Sheet, t app.Task) (ui.Kind, string) {
	asOf := s.Today
	if on := s.FinishedOn(); !on.IsZero() {
		asOf = on
	}
	switch {
	case !t.DoneOn.IsZero():
		return ui.Good, i18n.T(ctx, "Done")
	case t.DueOn.Before(asOf):
		return ui.Bad, i18n.T(ctx, "Late")
	}
	return ui.Info, i18n.T(ctx, "Open")
}

func country(ctx context.Context, code string) string { return i18n.Country(ctx, code) }

func countries(ctx context.Context) []ui.Option { return company.CountryOptions(ctx) }

func whole(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// restText says how long cargo stands still on a leg.
func restText(ctx context.Context, l app.Leg) string {
	if l.RestHours == nil {
		return i18n.T(ctx, "At rest")
	}
	return i18n.N(ctx, "At rest for %d hour", "At rest for %d hours", *l.RestHours)
}

// heat is one field of the picture: threat by vulnerability.
type heat struct {
	x, y, score, lanes int
	band               app.Band
}

// The picture's measures, in its own units.
const (
	heatLeft, heatTop    = 100, 6
	heatWidth, heatHigh  = 80, 54
	heatFigure, heatName = 24, 42
)

// field are the nine fields, the worst at the top right.
func field(s app.Sheet) (out []heat) {
	counts := s.Heat()
	for threat := app.High; threat >= app.Low; threat-- {
		for weak := app.Low; weak <= app.High; weak++ {
			score, band := s.Factors.Score(threat, weak)
			out = append(out, heat{x: heatLeft + (weak-1)*heatWidth, y: heatTop + (app.High-threat)*heatHigh, score: score, lanes: counts[threat][weak], band: band})
		}
	}
	return out
}

func (h heat) class() string {
	c := "tt-heat__field tt-heat__field--" + h.band.Code
	if h.lanes == 0 {
		c += " tt-heat__field--empty"
	}
	return c
}
