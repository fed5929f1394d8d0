// Package benefit holds the pages on which a company brings reports of benefit events: the
// list, a new file, its columns, its first rows, and how far it is.
package benefit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	app "trustedtrader/app/benefit"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/views/ui"
)

// Base is what a page has around its content, and why a form on it was refused.
type Base struct {
	ui.Chrome
	Problems []fault.Field
	Sentence string
	Moved    []fault.Change
	Zone     *time.Location
	MayEdit  bool
}

// Home is the list of reports.
const Home = "/benefits/imports"

// Path is the address of a report.
func Path(id uuid.UUID, tail string) string { return Home + "/" + id.String() + tail }

// ListPage is a page of a company's reports.
type ListPage struct {
	Base
	Data  *app.Data
	Items []app.Import
	Page  int
	More  bool
}

func (p ListPage) pager(ctx context.Context) ui.Pager {
	out := ui.Pager{Text: i18n.T(ctx, "Page %d", p.Page)}
	if p.Page > 1 {
		out.PreviousHref = fmt.Sprintf("%s?page=%d", Home, p.Page-1)
	}
	if p.More {
		out.NextHref = fmt.Sprintf("%s?page=%d", Home, p.Page+1)
	}
	return out
}

// NewPage brings a file.
type NewPage struct {
	Base
	Layouts []app.Layout
	Layout  string
}

// PlanPage says what the columns of a file are.
type PlanPage struct {
	Base
	Plan    app.Plan
	Chosen  []string
	Version int
}

// PreviewPage shows the first rows of a file as they would be taken over.
type PreviewPage struct {
	Base
	Data    *app.Data
	Preview app.Preview
	Replace bool
	From    ui.DateValue
	To      ui.DateValue
}

// ShowPage is a report and how far it is.
type ShowPage struct {
	Base
	Import app.Import
	Layout app.Layout
	Wrong  []app.Wrong
}

func tone(s app.Status) ui.Kind {
	switch s {
	case app.Taken:
		return ui.Good
	case app.Stopped:
		return ui.Bad
	case app.Draft:
		return ui.Warn
	}
	return ui.Neutral
}

// layouts are the kinds of reports to choose from, each with what it is.
func layouts(ctx context.Context, list []app.Layout) (out []ui.Option) {
	for _, l := range list {
		out = append(out, ui.Option{Value: l.Code, Label: i18n.T(ctx, l.Name), Hint: i18n.T(ctx, l.Help)})
	}
	return out
}

// columns are what a column of a file can be.
func columns(ctx context.Context, l app.Layout) (out []ui.Option) {
	for _, c := range l.Columns {
		label := i18n.T(ctx, c.Label)
		if c.Required {
			label = i18n.T(ctx, "%s (needed)", label)
		}
		out = append(out, ui.Option{Value: c.Name, Label: label})
	}
	return out
}

// layoutName is a kind of report in words.
func layoutName(ctx context.Context, d *app.Data, code string) string {
	l, _ := d.Layout(code)
	return i18n.T(ctx, l.Name)
}

// period is the first and last day of a report's events.
func period(ctx context.Context, i app.Import) string {
	if i.FirstOn == nil || i.LastOn == nil {
		return "–"
	}
	return i18n.T(ctx, "%s to %s", i.FirstOn.Text(ctx), i.LastOn.Text(ctx))
}

// details says what an event of a row is, in one line.
func details(ctx context.Context, d *app.Data, e app.Event) string {
	parts := []string{i18n.Date(ctx, e.Day)}
	if e.Entry != "" {
		line := e.Entry
		if e.Line > 0 {
			line += fmt.Sprintf("/%d", e.Line)
		}
		parts = append(parts, line)
	}
	if e.Mode != "" {
		parts = append(parts, i18n.T(ctx, d.WordName("modes", e.Mode)))
	}
	if e.Port != "" {
		parts = append(parts, i18n.T(ctx, "port %s (%s)", e.Port, i18n.T(ctx, d.PortGroupName(e.PortGroup))))
	}
	if e.Country != "" {
		parts = append(parts, i18n.Country(ctx, e.Country))
	}
	if e.Type != "" {
		parts = append(parts, i18n.T(ctx, typeName(d, e)))
	}
	if e.Amount != "" {
		parts = append(parts, strings.TrimSpace(e.Amount+" "+e.Currency))
	}
	if e.Tariff != "" {
		parts = append(parts, i18n.T(ctx, "tariff number %s", e.Tariff))
	}
	if e.Proposed != "" || e.Assessed != "" {
		parts = append(parts, strings.TrimSpace(i18n.T(ctx, "proposed %s, assessed %s", e.Proposed, e.Assessed)+" "+e.Currency))
	}
	if e.WaitLane != nil {
		parts = append(parts, i18n.N(ctx, "waited %d minute", "waited %d minutes", *e.WaitLane))
	}
	return strings.Join(parts, " · ")
}

func typeName(d *app.Data, e app.Event) string {
	switch e.Kind {
	case app.Exam, app.Invoice:
		return d.WordName("exams", e.Type)
	case app.Crossing:
		return d.WordName("lanes", e.Type)
	case app.Recognised:
		return d.WordName("directions", e.Type)
	}
	return e.Type
}

// heading names a column of a file.
func heading(ctx context.Context, n int, h app.Heading) string {
	if h.Name == "" {
		return i18n.T(ctx, "Column %d, without a name", n+1)
	}
	return h.Name
}

// first is the first value of a column.
func first(ctx context.Context, h app.Heading) string {
	if h.First == "" {
		return i18n.T(ctx, "Empty in the first row")
	}
	return i18n.T(ctx, "For example: %s", h.First)
}

func chosen(replace bool) string {
	if replace {
		return "period"
	}
	return "add"
}

func ways(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: "add", Label: i18n.T(ctx, "Add to them"), Hint: i18n.T(ctx, "An entry and line that is there already is left out.")},
		{Value: "period", Label: i18n.T(ctx, "Replace a period"), Hint: i18n.T(ctx, "Earlier events of this kind on those days count no more. The report must have days of that period only.")}}
}

// next is where a report that was not taken over goes on.
func next(i app.Import) string {
	if i.Mapped {
		return Path(i.ID, "/preview")
	}
	return Path(i.ID, "/columns")
}

// facts are what is known of a report.
func facts(ctx context.Context, p ShowPage) []ui.Pair {
	i := p.Import
	out := []ui.Pair{{Key: i18n.T(ctx, "Days"), Value: period(ctx, i)}, {Key: i18n.T(ctx, "Brought by"), Value: i.Bringer}, {Key: i18n.T(ctx, "SHA-256 of the file"), Value: i.SHA256}}
	if i.ReplacesFrom != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Replaces"), Value: i18n.T(ctx, "%s to %s", i.ReplacesFrom.Text(ctx), i.ReplacesTo.Text(ctx))})
	}
	return out
}

// joined are the rows that belong to a line of before, if there are any.
func joined(ctx context.Context, i app.Import) []ui.Stat {
	if i.EventsJoined == 0 {
		return nil
	}
	return []ui.Stat{{Label: i18n.T(ctx, "Further tariff numbers of a line"), Value: i18n.Number(ctx, int64(i.EventsJoined))}}
}
