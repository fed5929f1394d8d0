package metric

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"trustedtrader/app/benefit"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/metric"
	"trustedtrader/app/programme"
	"trustedtrader/views/chart"
	"trustedtrader/views/ui"
)

// ProgrammeHome is where headquarters reads what a programme brings.
const ProgrammeHome = "/desk/headquarters/benefits"

// ProgrammePage is what a programme brings its members in a year.
type ProgrammePage struct {
	ui.Chrome
	Overall    app.Overall
	Rules      *programme.Programme
	Programmes []*programme.Programme
	Data       *benefit.Data // what the codes of reports are called
	Years      []int         // to choose from, the running one first
	Zone       *time.Location
}

func (p ProgrammePage) running() bool { return p.Overall.Year == p.Years[0] }

func (p ProgrammePage) yearOptions() (out []ui.Option) {
	for _, y := range p.Years {
		out = append(out, ui.Option{Value: strconv.Itoa(y), Label: strconv.Itoa(y)})
	}
	return out
}

func (p ProgrammePage) csv() string {
	return ProgrammeHome + ".csv?" + url.Values{"programme": {p.Overall.Programme}, "year": {strconv.Itoa(p.Overall.Year)}}.Encode()
}

func (p ProgrammePage) modeName(ctx context.Context, code string) string {
	return FiguresPage{Data: p.Data}.modeName(ctx, code)
}

// groupName is a group in words: "Importer, Tier 2".
func (p ProgrammePage) groupName(ctx context.Context, g app.Group) string {
	if g.EntityType == app.Mixed {
		return i18n.T(ctx, "Several entity types")
	}
	kind, tier := g.EntityType, g.Tier
	if e, ok := p.Rules.EntityType(kind); ok {
		kind = i18n.T(ctx, e.Name)
	}
	switch t, ok := p.Rules.Tier(tier); {
	case ok:
		tier = i18n.T(ctx, t.Name)
	case tier == app.Mixed:
		tier = i18n.T(ctx, "changed in the year")
	case tier == "":
		tier = i18n.T(ctx, "no tier")
	}
	return kind + ", " + tier
}

// rates is the picture of the groups beside others.
func (p ProgrammePage) rates(ctx context.Context) chart.RatesProps {
	out := chart.RatesProps{ID: "groups-", Title: i18n.T(ctx, "Examined shipments of members beside others, by group"), Own: i18n.T(ctx, "Members"), Base: i18n.T(ctx, "Others"),
		Desc: i18n.T(ctx, "Filled dots: share of the group's shipments that were examined. Hollow diamonds: the share at the rates of others. The table below has the same figures with their ranges.")}
	for _, g := range p.Overall.Groups {
		for _, m := range g.Modes {
			own, base, text := m.Beside.Own.Rate(), m.Beside.Rate().Value, i18n.T(ctx, "Not enough data")
			if m.Beside.Enough() {
				text = percent(own) + " · " + percent(base)
			}
			out.Rows = append(out.Rows, chart.RateRow{Label: p.groupName(ctx, g) + ": " + p.modeName(ctx, m.Mode), Own: own, Base: base, Text: text, Hidden: !m.Beside.Enough()})
		}
	}
	return out
}

// untold are the groups with members of which no number is told.
func (p ProgrammePage) untold() (out []app.Group) {
	for _, g := range p.Overall.Groups {
		if g.Members > 0 && len(g.Modes)+len(g.Events) == 0 {
			out = append(out, g)
		}
	}
	return out
}

// coverage is how many of the members report.
func coverage(ctx context.Context, b app.Basis) string {
	return i18n.T(ctx, "%s of %s (%s)", i18n.Number(ctx, int64(b.Reporting)), i18n.Number(ctx, int64(b.Members)), percent(b.Coverage()))
}

// othersMet is the rate of others, and over how much of the year if not all of it.
func othersMet(ctx context.Context, m app.Met) string {
	if m.Beside.Own.Whole == 0 {
		return i18n.T(ctx, "No baseline")
	}
	text := withRange(ctx, m.Beside.Enough(), m.Beside.Rate())
	if m.Months > 0 && m.Months < 12 {
		text += ", " + i18n.N(ctx, "%d month", "%d months", m.Months)
	}
	return text
}

// besideOthers is the ratio, and of how many shipments if not of all.
func besideOthers(ctx context.Context, m app.Met) string {
	if m.Beside.Own.Whole == 0 {
		return "–"
	}
	text := ratio(ctx, m.Beside)
	if m.Beside.Own.Whole < m.Whole {
		text += ", " + i18n.T(ctx, "of %s shipments", i18n.Number(ctx, int64(m.Beside.Own.Whole)))
	}
	return text
}

func happenedName(ctx context.Context, k benefit.Kind) string {
	if k == benefit.Crossing {
		return i18n.T(ctx, "Crossing by the FAST or priority lane")
	}
	return i18n.T(ctx, k.Name())
}
