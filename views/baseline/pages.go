// Package baseline holds the pages of files of cohorts: the list, a new file, and one file as
// headquarters decide on it and as companies read it.
package baseline

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	app "trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/metric"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

// Home is the list at the desk, and Read where companies read a file.
const (
	Home = "/desk/baselines"
	Read = "/benefits/baselines"
)

// Base is what a page has around its content, and why a form on it was refused.
type Base struct {
	ui.Chrome
	Problems   []fault.Field
	Sentence   string
	Moved      []fault.Change
	Zone       *time.Location
	Programmes *programme.Register
	Data       *benefit.Data
}

func (b Base) programme(code string) string {
	if p, ok := b.Programmes.Get(code); ok {
		return p.ShortName
	}
	return code
}

// ListPage is a page of files.
type ListPage struct {
	Base
	Items  []app.Baseline
	Page   int
	More   bool
	Brings bool
}

func (p ListPage) pager(ctx context.Context) ui.Pager {
	out := ui.Pager{Text: i18n.T(ctx, "Page %d", p.Page)}
	if p.Page > 1 {
		out.PreviousHref = Home + "?page=" + strconv.Itoa(p.Page-1)
	}
	if p.More {
		out.NextHref = Home + "?page=" + strconv.Itoa(p.Page+1)
	}
	return out
}

// NewPage brings a file.
type NewPage struct {
	Base
	Entered app.BringEntry
	AsOf    ui.DateValue
	Wrong   []app.Wrong
}

func (p NewPage) modes() (out []string) {
	for _, w := range p.Data.Words("modes") {
		out = append(out, w.Code)
	}
	return out
}

func (p NewPage) ports() []string {
	out := []string{app.AllPorts, app.OtherPorts}
	for _, g := range p.Data.Ports {
		out = append(out, g.Code)
	}
	return out
}

func (p NewPage) types(x *programme.Programme) (out []string) {
	for _, e := range x.EntityTypes() {
		out = append(out, e.Code)
	}
	return out
}

// ShowPage is one file.
type ShowPage struct {
	Base
	Path    string // of the file
	File    app.Page
	Actions []app.Action
	Act     app.Action // that was refused
	Reason  string
	Own     bool // the reader brought it
}

func (p ShowPage) can(a app.Action) bool { return slices.Contains(p.Actions, a) }

func (p ShowPage) errorsOf(a app.Action) []fault.Field {
	if p.Act == a {
		return p.Problems
	}
	return nil
}

func (p ShowPage) desk() bool { return p.File.Bringer != "" }

func (p ShowPage) facts(ctx context.Context) []ui.Pair {
	f := p.File
	out := []ui.Pair{{Key: i18n.T(ctx, "Programme"), Value: p.programme(f.Programme)}, {Key: i18n.T(ctx, "As of"), Value: f.AsOf.Text(ctx)},
		{Key: i18n.T(ctx, "Covers"), Value: period(f.FirstMonth, f.LastMonth)}, {Key: i18n.T(ctx, "Cohorts"), Value: i18n.Number(ctx, int64(f.Cohorts))},
		{Key: i18n.T(ctx, "Left out"), Value: i18n.N(ctx, "%d cohort of fewer than five companies", "%d cohorts of fewer than five companies", f.LeftOut)},
		{Key: i18n.T(ctx, "File"), Value: f.FileName}, {Key: i18n.T(ctx, "SHA-256"), Content: hash(f.SHA256)}}
	when := func(at *time.Time) string { return i18n.Date(ctx, at.In(p.zone())) }
	if !p.desk() {
		return append(out, ui.Pair{Key: i18n.T(ctx, "Signed off"), Value: when(f.DecidedAt)})
	}
	out = append(out, ui.Pair{Key: i18n.T(ctx, "Brought by"), Value: i18n.T(ctx, "%s on %s", f.Bringer, when(&f.BroughtAt))})
	if f.DecidedAt != nil {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Decided by"), Value: i18n.T(ctx, "%s on %s", f.Decider, when(f.DecidedAt))})
	}
	return out
}

func (b Base) zone() *time.Location {
	if b.Zone == nil {
		return time.UTC
	}
	return b.Zone
}

func (p ShowPage) page(step int) string {
	n := p.File.Number + step
	if n < 1 || n > p.File.Pages {
		return ""
	}
	return p.address(n, p.File.Only)
}

func (p ShowPage) address(page int, only bool) string {
	show := ""
	if only {
		show = "different"
	}
	return ui.Address(p.Path, "page", strconv.Itoa(page), "show", show)
}

func (p ShowPage) tabs(ctx context.Context) []ui.Tab {
	return []ui.Tab{{Label: i18n.T(ctx, "All cohorts"), Href: p.Path, Current: !p.File.Only, Count: i18n.Number(ctx, int64(p.File.Cohorts))},
		{Label: i18n.T(ctx, "To look at"), Href: ui.Address(p.Path, "show", "different"), Current: p.File.Only, Count: i18n.Number(ctx, int64(p.File.Different))}}
}

func (p ShowPage) cell(ctx context.Context, c app.Cohort) string {
	port := i18n.T(ctx, p.Data.PortGroupName(c.PortGroup))
	if c.PortGroup == app.AllPorts {
		port = i18n.T(ctx, "All ports")
	}
	return i18n.T(ctx, p.Data.WordName("modes", c.Mode)) + ", " + port
}

func (p ShowPage) entityType(ctx context.Context, code string) string {
	if x, ok := p.Programmes.Get(p.File.Programme); ok {
		if e, ok := x.EntityType(code); ok {
			return i18n.T(ctx, e.Name)
		}
	}
	return code
}

// period is months in the form in which files have them.
func period(first, last clock.Day) string {
	if first == last {
		return first.String()[:7]
	}
	return first.String()[:7] + " – " + last.String()[:7]
}

func rate(ctx context.Context, exams, shipments int) string {
	if shipments < metric.Fewest {
		return i18n.T(ctx, "Not enough data")
	}
	return strconv.FormatFloat(float64(exams)*100/float64(shipments), 'f', 1, 64) + "%"
}

func hours(ctx context.Context, minutes *int) string {
	if minutes == nil {
		return i18n.T(ctx, "Not known")
	}
	return i18n.T(ctx, "%s hours", strconv.FormatFloat(float64(*minutes)/60, 'f', 1, 64))
}

func tone(s app.Status) ui.Kind {
	return map[app.Status]ui.Kind{app.Waiting: ui.Waiting, app.Signed: ui.Good, app.Refused: ui.Bad, app.Withdrawn: ui.Bad, app.TakenBack: ui.Neutral}[s]
}

func path(id uuid.UUID) string { return Home + "/" + id.String() }

func (p ShowPage) columns(ctx context.Context) []ui.Column {
	out := []ui.Column{{Label: i18n.T(ctx, "Period")}, {Label: i18n.T(ctx, "Mode and ports")}, {Label: i18n.T(ctx, "Shipments"), Numeric: true}, {Label: i18n.T(ctx, "Examined"), Numeric: true}, {Label: i18n.T(ctx, "Companies"), Numeric: true},
		{Label: i18n.T(ctx, "Rate"), Numeric: true}, {Label: i18n.T(ctx, "Median hold"), Numeric: true}}
	if p.File.Status == app.Waiting {
		out = append(out, ui.Column{Label: i18n.T(ctx, "In force now"), Numeric: true})
	}
	return out
}
