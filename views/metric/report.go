package metric

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/benefit"
	"trustedtrader/app/briefing"
	"trustedtrader/app/clock"
	"trustedtrader/app/cost"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/metric"
	"trustedtrader/app/programme"
	"trustedtrader/views/chart"
	"trustedtrader/views/ui"
)

// Names are what the codes of a report are called.
type Names struct {
	Reports    *benefit.Data
	Programmes *programme.Register
	Costs      *cost.Data
}

// Sheet is a report as it is drawn: on a page, and on paper.
type Sheet struct {
	Names Names
	briefing.Content
	SHA256 string    // of what was kept; empty: it is not kept yet
	Maker  string    // who kept it
	At     time.Time // when
	Zone   *time.Location
	Style  string // the rules of a document of its own
}

// DraftPage is what a report would say now.
type DraftPage struct {
	ui.Chrome
	Sheet    Sheet
	Months   int
	As       app.As
	Kinds    []app.As
	Keeps    bool   // the reader may keep it
	Sentence string // why it was not kept
}

// ReportPage is a report that was kept.
type ReportPage struct {
	ui.Chrome
	ID      uuid.UUID
	Sheet   Sheet
	Printed bool // its PDF is made
	Prints  bool // PDFs can be made here
}

// ReportsPage lists the reports that a company has kept.
type ReportsPage struct {
	ui.Chrome
	List   []briefing.Head
	Zone   *time.Location
	Keeps  bool
	Prints bool
}

func (p DraftPage) at(months int, as app.As) string {
	q := "months=" + strconv.Itoa(months)
	if as != (app.As{}) {
		q += "&as=" + as.String()
	}
	return Reports + "/new?" + q
}

func (p DraftPage) tabs(ctx context.Context) (out []ui.Tab) {
	for _, n := range Spans() {
		out = append(out, ui.Tab{Label: i18n.N(ctx, "Last %d month", "Last %d months", n), Href: p.at(n, p.As), Current: n == p.Months})
	}
	return out
}

func (p DraftPage) kinds(ctx context.Context) (out []ui.Tab) {
	for _, k := range p.Kinds {
		out = append(out, ui.Tab{Label: p.Sheet.kindName(ctx, k.Programme, k.EntityType), Href: p.at(p.Months, k), Current: k == p.As})
	}
	return out
}

func (s Sheet) kindName(ctx context.Context, programme, entityType string) string {
	x, ok := s.Names.Programmes.Get(programme)
	if !ok {
		return entityType
	}
	e, _ := x.EntityType(entityType)
	return x.ShortName + ": " + i18n.T(ctx, e.Name)
}

func (s Sheet) mode(ctx context.Context, code string) string {
	if code == "" {
		return i18n.T(ctx, "Mode not said")
	}
	return i18n.T(ctx, s.Names.Reports.WordName("modes", code))
}

// member is a membership in a line.
func (s Sheet) member(ctx context.Context, m briefing.Membership) string {
	text := s.kindName(ctx, m.Programme, m.EntityType) + ", " + m.Number
	if x, ok := s.Names.Programmes.Get(m.Programme); ok {
		for _, t := range x.Process.Tiers {
			if t.Code == m.Tier {
				text += ", " + i18n.T(ctx, t.Name)
			}
		}
	}
	text += ", " + i18n.T(ctx, "since %s", m.Since.Text(ctx))
	if m.Status == "suspended" {
		text += " (" + i18n.T(ctx, "suspended") + ")"
	}
	return text
}

func (s Sheet) period(ctx context.Context) string {
	return i18n.T(ctx, "%s to %s", s.From.Text(ctx), s.To.AddMonths(1).AddDays(-1).Text(ctx))
}

// quality says how whole the reports are.
func (s Sheet) quality(ctx context.Context) string {
	return i18n.T(ctx, "%s: %d of %d months have reports", qualityName(ctx, s.Quality), s.Covered, s.months())
}

func (s Sheet) months() int { return app.Period{From: s.From, To: s.To}.Months() }

// pairs is the picture of the report: all modes together, by quarter.
func (s Sheet) pairs(ctx context.Context) chart.PairsProps {
	out := chart.PairsProps{ID: "report-", Title: i18n.T(ctx, "Examined shipments beside others, all modes, by quarter"), Own: i18n.T(ctx, "You"), Base: i18n.T(ctx, "Others"),
		Desc: i18n.T(ctx, "Filled dots: share of your shipments that were examined. Hollow diamonds: the share at the rates of others. Lines: where the true rates lie in 95 of 100 cases. The table below has the same figures.")}
	at := map[clock.Day]briefing.Quarter{}
	for _, q := range s.Quarters {
		at[q.First] = q
	}
	for _, first := range quartersOf(app.Period{From: s.From, To: s.To}) {
		q := at[first]
		out.Points = append(out.Points, chart.PairPoint{Label: quarterShort(first), Own: rangePoint(q.Own), Base: rangePoint(q.Others)})
	}
	return out
}

func rangePoint(r *briefing.Range) chart.Point {
	if r == nil {
		return chart.Point{Hidden: true}
	}
	return chart.Point{Value: r.Value, Low: r.Low, High: r.High}
}

func few(ctx context.Context) string { return i18n.T(ctx, "Not enough data") }

// shares is a rate with its range.
func shares(ctx context.Context, r *briefing.Range) string {
	if r == nil {
		return few(ctx)
	}
	return i18n.T(ctx, "%s (%s to %s)", percent(r.Value), percent(r.Low), percent(r.High))
}

// ratioText is a ratio with its range.
func ratioText(ctx context.Context, r *briefing.Range) string {
	if r == nil {
		return few(ctx)
	}
	return i18n.T(ctx, "%s (%s to %s)", fixed(r.Value, 2), fixed(r.Low, 2), fixed(r.High, 2))
}

// about is an estimate with its range.
func about(ctx context.Context, r *briefing.Range) string {
	if r == nil {
		return few(ctx)
	}
	return i18n.T(ctx, "%s (%s to %s)", rounded(ctx, r.Value), rounded(ctx, r.Low), rounded(ctx, r.High))
}

func savings(ctx context.Context, list []briefing.Amount) string {
	var out []string
	for _, a := range list {
		if a.Saved == nil {
			out = append(out, a.Currency+": "+few(ctx))
		} else {
			out = append(out, about(ctx, a.Saved)+" "+a.Currency)
		}
	}
	if len(out) == 0 {
		return i18n.T(ctx, "No cost known")
	}
	return strings.Join(out, "; ")
}

// Rows that fit on a page; the portal shows the rest.
const (
	mostMembers = 3
	mostYears   = 6
	mostCosts   = 5
	mostSources = 4
	mostFile    = 60 // characters of a name
	mostNote    = 80
	airy        = 12 // leads, and rows of modes in their currencies, that leave room for the arithmetic of each
)

// dense reports whether so much is to be said that it has to be said small.
func (s Sheet) dense() bool {
	return len(s.Modes)*max(len(s.Whole.Money), 1)+2*len(s.Whole.Money) > airy
}

// members are the memberships that fit, in lines.
func (s Sheet) members(ctx context.Context) (out []string) {
	for _, m := range s.Memberships[:min(len(s.Memberships), mostMembers)] {
		out = append(out, s.member(ctx, m))
	}
	if rest := len(s.Memberships) - len(out); rest > 0 {
		out[len(out)-1] += "; " + i18n.N(ctx, "and %d more in the portal", "and %d more in the portal", rest)
	}
	return out
}

// recent are the years that fit, the latest first.
func (s Sheet) recent() []briefing.Year { return s.Years[:min(len(s.Years), mostYears)] }

// given is what members are given, in words.
func (s Sheet) given(ctx context.Context) string {
	var out []string
	for _, e := range s.Events {
		name := i18n.T(ctx, e.Kind.Name())
		if e.Lane {
			name = i18n.T(ctx, "Crossing by a lane for members")
		}
		out = append(out, i18n.T(ctx, "%s: %s", name, i18n.Number(ctx, int64(e.Events))))
	}
	return strings.Join(out, "; ")
}

// charges are the costs of an examination that count, in words.
func (s Sheet) charges(ctx context.Context) string {
	var out []string
	for _, c := range s.Costs[:min(len(s.Costs), mostCosts)] {
		mode := i18n.T(ctx, "Every mode")
		if c.Mode != "" {
			mode = s.mode(ctx, c.Mode)
		}
		text := i18n.T(ctx, "%s: %s %s + %s for each day of storage", mode, i18n.Decimal(ctx, c.PerExam), c.Currency, i18n.Decimal(ctx, c.StoragePerDay))
		if c.HoldMinutes != nil {
			text += ", " + i18n.T(ctx, "hold of %s", minutes(ctx, *c.HoldMinutes))
		}
		if c.Default {
			text += " (" + i18n.T(ctx, "a default of the portal, not your cost") + ")"
		} else {
			text += " (" + i18n.T(ctx, "from %s", c.From.Text(ctx)) + ")"
		}
		out = append(out, text)
	}
	return more(ctx, out, len(s.Costs))
}

// spent is what membership cost, by year and item, in words.
func (s Sheet) spent(ctx context.Context) string {
	list := slices.Clone(s.Spent)
	var out []string
	for _, x := range list[:min(len(list), mostCosts)] {
		name := x.Item
		if i, ok := s.Names.Costs.Item(x.Item); ok {
			name = i18n.T(ctx, i.Name)
		}
		out = append(out, i18n.T(ctx, "%d %s: %s %s", x.Year, name, i18n.Decimal(ctx, x.Amount), x.Currency))
	}
	return more(ctx, out, len(list))
}

func more(ctx context.Context, out []string, all int) string {
	text := strings.Join(out, "; ")
	if rest := all - len(out); rest > 0 {
		text += "; " + i18n.N(ctx, "and %d more in the portal", "and %d more in the portal", rest)
	}
	return text
}

// sourceNames are files with the beginning of their SHA-256.
func sourceNames(ctx context.Context, list []briefing.Source) string {
	var out []string
	for _, f := range list[:min(len(list), mostSources)] {
		text := cut(f.Name, mostFile) + " (SHA-256 " + f.SHA256[:min(12, len(f.SHA256))] + "…"
		if f.Note != "" {
			text += ", " + cut(f.Note, mostNote)
		}
		out = append(out, text+")")
	}
	return more(ctx, out, len(list))
}

// cut shortens a text to what fits.
func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// monthText is a month of a list.
func monthText(ctx context.Context, first string) string {
	d, err := clock.ParseDay(first)
	if err != nil {
		return first // as it was kept
	}
	return d.Text(ctx)
}

func lastText(ctx context.Context, first string) string {
	d, err := clock.ParseDay(first)
	if err != nil {
		return first
	}
	return d.AddMonths(1).AddDays(-1).Text(ctx)
}
