// Package profile draws the pages on which a company fills in, checks and submits its
// security profile. It formats and decides nothing: what a person may do and where a
// criterion stands comes from the service.
package profile

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/profile"
	"trustedtrader/views/ui"
)

// Frame is what every page of a profile has.
type Frame struct {
	ui.Chrome
	Cycle app.Cycle
	Names app.Names
	Firm  app.Firm
	Now   time.Time

	Me     uuid.UUID // the reader
	MyName string
	Zone   *time.Location // of the reader; days are the office's
}

// caption says which profile it is: programme, kind of member, what for, reference.
func (f Frame) caption(ctx context.Context) string {
	return strings.Join([]string{f.Names.Programme.ShortName + ", " + f.Names.Kinds(ctx), kindName(ctx, f.Cycle.Kind), f.Cycle.Reference}, " · ")
}

// tabs are the pages of a profile.
func (f Frame) tabs(ctx context.Context, current string) []ui.Tab { return Tabs(ctx, f.Cycle, current) }

// Tabs are the pages of a profile, for one of them; current is its path below the profile.
func Tabs(ctx context.Context, c app.Cycle, current string) []ui.Tab {
	var out []ui.Tab
	for _, t := range []struct{ below, label string }{
		{"", "Criteria"}, {"/table", "Table"}, {"/sites", "Sites that differ"}, {"/assign", "Who fills in what"}, {"/exchange", "Work offline"}, {"/checks", "Checks"}, {"/submit", "Check and submit"}, {"/receipt", "Receipt"},
	} {
		if t.below == "/receipt" && c.Round == 0 {
			continue
		}
		out = append(out, ui.Tab{Label: i18n.T(ctx, t.label), Href: path(c.ID, t.below), Current: t.below == current})
	}
	return out
}

// closed says why the profile as a whole cannot be changed; nothing when it can.
func (f Frame) closed(ctx context.Context) string {
	switch f.Cycle.Status {
	case app.Submitted:
		return i18n.T(ctx, "You submitted this profile. We look at it next. Until then it cannot be changed.")
	case app.InReview:
		return i18n.T(ctx, "We are looking at this profile. It cannot be changed now. When we need something, we send it back to you.")
	case app.Accepted:
		return i18n.T(ctx, "We accepted this profile. You can read it here at any time.")
	case app.Ended:
		return i18n.T(ctx, "This profile ended on %s: %s. You can read what was filled in.", clock.DayOf(*f.Cycle.EndedAt, f.Firm.Zone).Text(ctx), f.Cycle.EndReason)
	}
	return ""
}

// TasksPage is the profile's task list.
type TasksPage struct {
	Frame
	List app.TaskList
	Show string // one of Filters
}

// Filters are what a task list can be narrowed down to; the first one is everything.
func Filters() []string { return []string{"", "mine", "attention", "open", "must"} }

func (p TasksPage) filters(ctx context.Context) []ui.Option {
	words := map[string]string{"": "All criteria", "mine": "Assigned to me", "attention": "Needs attention", "open": "Not ready yet", "must": "Musts only"}
	var out []ui.Option
	for _, f := range Filters() {
		out = append(out, ui.Option{Value: f, Label: i18n.T(ctx, words[f])})
	}
	return out
}

// shows reports whether the list shows a task.
func (p TasksPage) shows(t app.Task) bool {
	switch p.Show {
	case "mine":
		return t.Note.AssigneeID != nil && *t.Note.AssigneeID == p.Me
	case "attention":
		return t.Standing.State == app.NeedsAttention
	case "open":
		return t.Standing.State != app.Ready && t.Standing.State != app.NotApplicable
	case "must":
		return t.Criterion.Level == catalogue.Must
	}
	return true
}

// nothing says why the list is empty.
func (p TasksPage) nothing(ctx context.Context) string {
	switch p.Show {
	case "mine":
		return i18n.T(ctx, "Nothing is assigned to you.")
	case "attention":
		return i18n.T(ctx, "Nothing needs attention.")
	case "open":
		return i18n.T(ctx, "Every criterion is ready.")
	}
	return i18n.T(ctx, "No criterion applies.")
}

// SectionID is the id of a section's place on the task list.
func SectionID(section string) string { return "section-" + ui.ID(section) }

// section is a part of the task list that a page can jump to.
type section struct {
	id, code string
	atOnce   int // shoulds to confirm together
	ui.TaskSection
}

// sections are the parts of the task list.
func (p TasksPage) sections(ctx context.Context) (out []section) {
	for _, g := range p.List.Groups {
		s := section{id: SectionID(g.Section.ID), code: g.Section.ID, TaskSection: ui.TaskSection{Title: say(ctx, g.Section.Title), Summary: counts(ctx, g.Progress)}}
		if p.Show != "mine" && p.Show != "must" { // these lists do not show all that would be confirmed
			s.atOnce = g.AtOnce
		}
		for _, t := range g.Tasks {
			if p.shows(t) {
				s.Tasks = append(s.Tasks, ui.Task{Label: label(ctx, t.Criterion), Href: criterionPath(p.Cycle.ID, t.Criterion.ID, uuid.Nil),
					Hint: p.hint(ctx, g.Section, t), State: task(t.Standing.State), Next: t.Criterion.ID == p.List.Next && home(t.Criterion) == g.Section.ID})
			}
		}
		if s.Tasks != nil {
			out = append(out, s)
		}
	}
	return out
}

// counts says how much of a section is ready: "must 4 of 6, should 1 of 2".
func counts(ctx context.Context, n app.Progress) string {
	var parts []string
	if n.Must.Total > 0 {
		parts = append(parts, i18n.T(ctx, "must %d of %d", n.Must.Done, n.Must.Total))
	}
	if n.Should.Total > 0 {
		parts = append(parts, i18n.T(ctx, "should %d of %d", n.Should.Done, n.Should.Total))
	}
	return strings.Join(parts, ", ")
}

// hint says in a line what there is to know of a criterion: how binding it is, why it
// stands where it stands, who was last at it, whose it is, and where else it stands.
func (p TasksPage) hint(ctx context.Context, in catalogue.Section, t app.Task) string {
	parts := []string{levelName(ctx, t.Criterion.Level)}
	if because := t.Standing.Because; because != "" {
		parts = append(parts, i18n.T(ctx, because.Text()))
	}
	if t.Standing.By != "" && t.Standing.State == app.InProgress {
		parts = append(parts, i18n.T(ctx, "Last changed by %s, %s", t.Standing.By, at(ctx, t.Standing.At, p.Now, p.Zone)))
	}
	if s := assigned(ctx, t.Note, p.Me); s != "" {
		parts = append(parts, s)
	}
	switch n, sites := len(t.Exceptions), p.List.Profile.EachSite(t.Criterion); {
	case sites > 0 && n == 0:
		parts = append(parts, i18n.T(ctx, "Asked of each site: one answer for all %d", sites))
	case sites > 0:
		parts = append(parts, i18n.T(ctx, "Asked of each site: one answer for %d of %d", sites-n, sites))
	case n > 0:
		parts = append(parts, i18n.N(ctx, "Different at %d site", "Different at %d sites", n))
	}
	var elsewhere []string
	for _, id := range t.Criterion.Sections {
		if id != in.ID {
			elsewhere = append(elsewhere, sectionTitle(ctx, p.List.Profile.Form.Edition, id))
		}
	}
	if elsewhere != nil {
		parts = append(parts, i18n.T(ctx, "Also in %s", strings.Join(elsewhere, ", ")))
	}
	if t.Result != nil {
		parts = append(parts, told(ctx, *t.Result, p.Firm.Zone))
	}
	return strings.Join(parts, ". ") + "."
}

// assigned says who fills a criterion in, until when.
func assigned(ctx context.Context, n app.Note, me uuid.UUID) string {
	switch {
	case n.AssigneeID == nil:
		return ""
	case *n.AssigneeID == me && n.DueOn.IsZero():
		return i18n.T(ctx, "Assigned to you")
	case *n.AssigneeID == me:
		return i18n.T(ctx, "Assigned to you until %s", n.DueOn.Text(ctx))
	case n.DueOn.IsZero():
		return i18n.T(ctx, "Assigned to %s", n.Assignee)
	}
	return i18n.T(ctx, "Assigned to %s until %s", n.Assignee, n.DueOn.Text(ctx))
}

// next is the one button of the page.
func (p TasksPage) next(ctx context.Context) ui.Action {
	l := p.List
	switch {
	case l.Next != "" && l.Progress.Begun():
		return ui.Action{Label: i18n.T(ctx, "Continue with %s", l.Next), Href: criterionPath(p.Cycle.ID, l.Next, uuid.Nil)}
	case l.Next != "":
		return ui.Action{Label: i18n.T(ctx, "Start with %s", l.Next), Href: criterionPath(p.Cycle.ID, l.Next, uuid.Nil)}
	case l.Editor && (p.Cycle.Status == app.Open || p.Cycle.Status == app.Returned):
		return ui.Action{Label: i18n.T(ctx, "Check and submit"), Href: path(p.Cycle.ID, "/submit")}
	case p.Cycle.Round > 0:
		return ui.Action{Label: i18n.T(ctx, "Open the receipt"), Href: path(p.Cycle.ID, "/receipt")}
	}
	return ui.Action{}
}
