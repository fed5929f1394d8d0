package profile

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/people"
	app "trustedtrader/app/profile"
	"trustedtrader/views/ui"
)

// now are the profiles that the company has to work on, those that were sent back first.
func (p ListPage) now() []app.Listed {
	out := p.those(app.Status.WithCompany)
	slices.SortStableFunc(out, func(a, b app.Listed) int { return turn(a.Cycle) - turn(b.Cycle) })
	return out
}

func turn(c app.Cycle) int {
	if c.Status == app.Returned {
		return 0
	}
	return 1
}

// withUs are those that we look at, and archive those that are closed.
func (p ListPage) withUs() []app.Listed {
	return p.those(func(s app.Status) bool { return !s.WithCompany() && !s.Final() })
}

func (p ListPage) archive() []app.Listed { return p.those(app.Status.Final) }

func (p ListPage) those(which func(app.Status) bool) (out []app.Listed) {
	for _, x := range p.Profiles {
		if which(x.Cycle.Status) {
			out = append(out, x)
		}
	}
	return out
}

// state is where a profile is, and whether its day has passed.
func state(ctx context.Context, c app.Cycle) string {
	if c.Overdue() {
		return i18n.T(ctx, "Overdue")
	}
	return i18n.T(ctx, c.Status.Name())
}

func listedTone(c app.Cycle) ui.Kind {
	if c.Overdue() {
		return ui.Bad
	}
	return statusTone(c.Status)
}

// goOn is the button that leads to a profile to work on.
func goOn(ctx context.Context, c app.Cycle) string {
	if c.Status == app.Returned {
		return i18n.T(ctx, "Answer what we sent back")
	}
	return i18n.T(ctx, "Continue security profile")
}

func openedOn(ctx context.Context, x app.Listed) string {
	return clock.DayOf(x.Cycle.OpenedAt, x.Zone).Text(ctx)
}

func listColumns(ctx context.Context) []ui.Column {
	var out []ui.Column
	for _, name := range []string{"Reference", "Programme", "For", "Edition", "State", "Opened", "Closed"} {
		out = append(out, ui.Column{Label: i18n.T(ctx, name)})
	}
	return out
}

// closedOn is the day on which a profile was accepted or ended.
func closedOn(ctx context.Context, x app.Listed) string {
	for _, t := range []*time.Time{x.Cycle.AcceptedAt, x.Cycle.EndedAt} {
		if t != nil {
			return clock.DayOf(*t, x.Zone).Text(ctx)
		}
	}
	return "–"
}

func (p HistoryPage) site() uuid.UUID {
	if p.Page.Site == nil {
		return uuid.Nil
	}
	return p.Page.Site.ID
}

func (p HistoryPage) back() string {
	return criterionPath(p.Cycle.ID, p.Page.Criterion.ID, p.site()) + "#" + QuestionID(p.Page.Question.ID)
}

func (p SitesPage) shown() string {
	if p.All {
		return "all"
	}
	return ""
}

// rows are the criteria of the table.
func (p SitesPage) rows() (out []app.MatrixRow) {
	for _, r := range p.Matrix.Rows {
		if p.All || differs(r) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// differs counts the sites that have something of their own.
func differs(r app.MatrixRow) (n int) {
	for _, c := range r.Cells {
		if c.Exception {
			n++
		}
	}
	return n
}

// copies reports whether what is different at some site can be applied to others.
func (p SitesPage) copies(r app.MatrixRow) bool {
	n := differs(r)
	return r.Editable && n > 0 && n < len(r.Cells)
}

func (p SitesPage) columns(ctx context.Context) []ui.Column {
	out := []ui.Column{{Label: i18n.T(ctx, "Criterion")}}
	for _, s := range p.Matrix.Profile.Sites {
		out = append(out, ui.Column{Label: s.Name})
	}
	if slices.ContainsFunc(p.rows(), p.copies) {
		out = append(out, ui.Column{Label: i18n.T(ctx, "Several sites")})
	}
	return out
}

// cell says what is different at a site, in words.
func cell(ctx context.Context, c app.Cell) string {
	text := i18n.T(ctx, "Differs")
	switch c.Choice {
	case catalogue.Yes:
		text = i18n.T(ctx, "Differs: yes")
	case catalogue.No:
		text = i18n.T(ctx, "Differs: no")
	case catalogue.NotApplicable:
		text = i18n.T(ctx, "Differs: not applicable")
	}
	if !c.Complete {
		text += ", " + i18n.T(ctx, "not complete")
	}
	return text
}

// people are the colleagues who can be given work; nobody takes it back.
func (p AssignPage) people(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Label: i18n.T(ctx, "Nobody")}}
	for _, c := range p.List.Colleagues {
		out = append(out, ui.Option{Value: c.ID.String(), Label: c.Name + " (" + i18n.T(ctx, people.RoleName(c.Role)) + ")"})
	}
	return out
}

func (p AssignPage) person() string {
	if p.Entered.Person == uuid.Nil {
		return ""
	}
	return p.Entered.Person.String()
}

// whose says who fills in a criterion, and where it stands.
func (p AssignPage) whose(ctx context.Context, t app.Task) string {
	parts := []string{i18n.T(ctx, t.Standing.State.Name())}
	if s := assigned(ctx, t.Note, p.Me); s != "" {
		parts = append(parts, s)
	}
	return strings.Join(parts, ". ")
}

// assigned are the criteria that somebody has, as rows of a table.
func (p AssignPage) assigned(ctx context.Context) (out [][]string) {
	for _, g := range p.List.Groups {
		for _, t := range g.Tasks {
			if home(t.Criterion) != g.Section.ID || t.Note.AssigneeID == nil {
				continue
			}
			until := "–"
			if !t.Note.DueOn.IsZero() {
				until = t.Note.DueOn.Text(ctx)
			}
			out = append(out, []string{label(ctx, t.Criterion), t.Note.Assignee, until, i18n.T(ctx, t.Standing.State.Name())})
		}
	}
	return out
}

func (p TablePage) sections(ctx context.Context) (out []ui.Option) {
	for _, s := range p.Page.Profile.Form.Edition.Sections {
		if slices.ContainsFunc(p.Page.Profile.Form.Criteria, func(c catalogue.Criterion) bool { return slices.Contains(c.Sections, s.ID) }) {
			out = append(out, ui.Option{Value: s.ID, Label: say(ctx, s.Title)})
		}
	}
	return out
}

// marks tell scripts that the row has an answer to save.
func (r TableRow) marks() templ.Attributes {
	if r.fits() {
		return templ.Attributes{"data-question": r.Question.ID}
	}
	return nil
}

// fits reports whether the row has fields: the reader may answer, and the answer is short.
func (r TableRow) fits() bool {
	switch r.Question.Kind {
	case catalogue.Table, catalogue.Persons, catalogue.File:
		return false
	}
	return r.Editable
}

// edits reports whether some row has fields.
func (p TablePage) edits() bool {
	return slices.ContainsFunc(p.Rows, TableRow.fits)
}

// said is what is different at the site whose answers are taken.
func (p ApplyPage) said(ctx context.Context) (out []ui.SummaryRow) {
	for _, x := range p.Page.Asked {
		if x.Answered {
			out = append(out, ui.SummaryRow{Key: say(ctx, x.Question.Text), Value: x.Question.Words(ctx, x.Given.Value)})
		}
	}
	return out
}

// seen are the versions of the answers that are copied and of those that could be replaced.
func (p ApplyPage) seen() (out []string) {
	for _, x := range p.Page.Asked {
		if x.Answered {
			out = append(out, Seen(x.Given))
		}
		for _, s := range p.Page.Profile.Sites {
			if g, ok := p.Page.Profile.Given(x.Question.ID, s.ID); ok && s.ID != p.Page.Site.ID {
				out = append(out, Seen(g))
			}
		}
	}
	return out
}

// ChangedAt says what a colleague made of a site's answer meanwhile.
func (p ApplyPage) ChangedAt(ctx context.Context, x app.Conflict) fault.Change {
	out := fault.Change{Label: x.Question}
	if i := slices.IndexFunc(p.Page.Profile.Sites, func(s app.Site) bool { return s.ID == x.Site }); i >= 0 {
		out.Label = siteName(p.Page.Profile.Sites[i])
	}
	q, _ := p.Page.Criterion.Question(x.Question)
	out.Label += ": " + say(ctx, q.Text)
	out.Yours, out.Theirs = q.Words(ctx, x.Answer), q.Words(ctx, x.Theirs)
	if x.TheirsIs == 0 {
		out.Theirs = i18n.T(ctx, "As the company")
	}
	if x.By != "" {
		out.Theirs = i18n.T(ctx, "%s (%s, %s)", out.Theirs, x.By, at(ctx, x.At, p.Now, p.Zone))
	}
	return out
}

// Seen is the version of an answer as a form carries it.
func Seen(g app.Given) string {
	return app.AnswerEntry{Question: g.Question, Site: g.Site}.Key() + "=" + strconv.Itoa(g.Version)
}

func (p ApplyPage) targets(ctx context.Context) (out []ui.Option) {
	for _, s := range p.Page.Profile.Sites {
		if p.Page.Site != nil && s.ID == p.Page.Site.ID {
			continue
		}
		o := ui.Option{Value: s.ID.String(), Label: siteName(s)}
		if slices.ContainsFunc(p.Page.Exceptions, func(x app.Site) bool { return x.ID == s.ID }) {
			o.Hint = i18n.T(ctx, "Differs already: it is replaced")
		}
		out = append(out, o)
	}
	return out
}

func (p HistoryPage) tone(r app.Revision) ui.Kind {
	if r.Lost {
		return ui.Warn
	}
	return ui.Info
}

// anchor is the id of a wording, for messages that were written on it.
func (p HistoryPage) anchor(r app.Revision, i int) string {
	if r.Lost {
		return "lost-" + strconv.Itoa(i)
	}
	return "version-" + strconv.Itoa(r.Version)
}

func (p HistoryPage) wording(ctx context.Context, r app.Revision) string {
	switch {
	case r.Lost:
		return i18n.T(ctx, "Written on version %d", r.Version)
	case r.Present:
		return i18n.T(ctx, "Version %d, which holds now", r.Version)
	}
	return i18n.T(ctx, "Version %d", r.Version)
}

// before is the wording that a wording replaced: of one that was not kept, the one that it
// was written on.
func (p HistoryPage) before(ctx context.Context, i int) string {
	r := p.Page.Revisions[i]
	for _, x := range p.Page.Revisions[i+1:] {
		if !x.Lost && (x.Version < r.Version || r.Lost && x.Version == r.Version) {
			return p.Page.Question.Words(ctx, x.Answer)
		}
	}
	return ""
}

// changedHref is the page of a criterion that has changed; one that is asked no more has
// its page in the last profile.
func (p TasksPage) changedHref(x app.Changed) string {
	if x.Kind == catalogue.Withdrawn && p.List.Profile.Last != nil {
		return criterionPath(p.List.Profile.Last.ID, x.ID, uuid.Nil)
	}
	return criterionPath(p.Cycle.ID, x.ID, uuid.Nil)
}
