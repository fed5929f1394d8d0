// Package exchange draws the pages on which a company works on its security profile
// offline: the files to download, and what a workbook that comes back would change. It
// decides nothing.
package exchange

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	app "trustedtrader/app/exchange"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/profile"
	"trustedtrader/views/ui"
)

// Page offers the files and takes one in.
type Page struct {
	ui.Chrome
	Cycle    profile.Cycle
	Sections []catalogue.Section // those that have a sheet of their own
	MayBring bool                // the reader's role imports
	Errors   []fault.Field
	Sentence string // why a file was refused
}

func (p Page) open() bool {
	return p.Cycle.Status == profile.Open || p.Cycle.Status == profile.Returned
}

// DryRunPage is what a workbook would change: by section, or the rows of one.
type DryRunPage struct {
	ui.Chrome
	Run     app.DryRun
	Section string // empty: all of them, as counts
	Errors  []fault.Field
}

func path(id uuid.UUID, below ...string) string {
	return "/profiles/" + id.String() + strings.Join(below, "")
}

func (p DryRunPage) path() string {
	return path(p.Run.Draft.CycleID, "/import/", p.Run.Draft.ID.String())
}

func (p DryRunPage) group() app.Group {
	for _, g := range p.Run.Groups {
		if g.Section.ID == p.Section {
			return g
		}
	}
	return app.Group{}
}

// shown are the rows of a group that say something: what is the same, and what says
// nothing, is counted only.
func shown(g app.Group) (out []app.Row) {
	for _, s := range app.States() {
		for _, r := range g.Rows {
			if r.State == s && s != app.Same && s != app.Blank {
				out = append(out, r)
			}
		}
	}
	return out
}

func say(ctx context.Context, t catalogue.Text) string {
	text, _ := t.In(i18n.Lang(ctx))
	return text
}

func tone(s app.State) ui.Kind {
	switch s {
	case app.New, app.Changed:
		return ui.Good
	case app.Conflict:
		return ui.Warn
	case app.Refused:
		return ui.Bad
	}
	return ui.Neutral
}

// about is what a row is about: its criterion, question and place.
func about(ctx context.Context, r app.Row) string {
	out := r.Criterion.ID + " " + say(ctx, r.Question.Text)
	if r.Site != "" {
		out += " (" + r.Site + ")"
	}
	return out
}

func words(ctx context.Context, r app.Row, a catalogue.Answer) string {
	if text := r.Question.Words(ctx, a); text != "" {
		return text
	}
	return i18n.T(ctx, "No answer")
}

func (p DryRunPage) lead(ctx context.Context) string {
	return i18n.T(ctx, "Nothing is changed yet. Choose what is taken over. You can come back here until %s.", i18n.DateTime(ctx, p.Run.Draft.ExpiresAt, p.Run.Profile.Firm.Zone))
}

func (p DryRunPage) left() int {
	return p.Run.Count(app.New) + p.Run.Count(app.Changed) + p.Run.Count(app.Conflict)
}

func over(r app.Row) string { return fmt.Sprintf("%s|%d", r.Key, r.Version) }

func where(ctx context.Context, r app.Row) string {
	return i18n.T(ctx, "Sheet %s, row %d", r.Sheet, r.Line)
}

func figure(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprint(n)
}

// groups are the sections in which the workbook says anything else than the portal.
func (p DryRunPage) groups() (out []app.Group) {
	for _, g := range p.Run.Groups {
		if len(shown(g)) > 0 {
			out = append(out, g)
		}
	}
	return out
}
