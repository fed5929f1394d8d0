package claim

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	app "trustedtrader/app/claim"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	"trustedtrader/views/ui"
)

// GapPath is the page of a benefit that members do not see.
func GapPath(id uuid.UUID) string { return "/desk/claims/gaps/" + id.String() }

// GapsPage is the work list of benefits that members do not see.
type GapsPage struct {
	ui.Chrome
	List       app.GapList
	Programmes *programme.Register
	Register   *arrangement.Register
	Zone       *time.Location
	Works      bool // the reader works on the list
	Errors     []fault.Field
	Conflict   *fault.Error
}

func (p GapsPage) rules(code string) *programme.Programme {
	r, _ := p.Programmes.Get(code)
	return r
}

// where is the programme, or abroad the arrangement.
func (p GapsPage) where(g app.Gap) string {
	if g.Arrangement != "" {
		return title(p.Register, g.Arrangement)
	}
	if r := p.rules(g.Programme); r != nil {
		return r.ShortName
	}
	return g.Programme
}

// counter is who counted last: somebody of headquarters, or the portal.
func (p GapsPage) counter(ctx context.Context) string {
	if p.List.Counter == "" {
		return i18n.T(ctx, "the portal")
	}
	return p.List.Counter
}

func (p GapsPage) shows() string {
	if p.List.Filter.All {
		return "all"
	}
	return ""
}

func (p GapsPage) page(step int) string {
	path := ui.Address("/desk/claims/gaps", "show", p.shows(), "programme", p.List.Filter.Programme, "status", string(p.List.Filter.Status))
	if strings.Contains(path, "?") {
		path += "&"
	} else {
		path += "?"
	}
	return turn(path, p.List.Page, step, p.List.More)
}

func showChoices(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: "", Label: i18n.T(ctx, "Gaps only")}, {Value: "all", Label: i18n.T(ctx, "All benefits")}}
}

func gapStates(ctx context.Context, list []app.GapStatus) (out []ui.Option) {
	for _, s := range list {
		out = append(out, ui.Option{Value: string(s), Label: i18n.T(ctx, s.Name())})
	}
	return out
}

func gapTone(s app.GapStatus) ui.Kind {
	return map[app.GapStatus]ui.Kind{app.GapNew: ui.Waiting, app.GapLooked: ui.Info, app.GapExplained: ui.Neutral, app.GapMended: ui.Good}[s]
}

// bandText is a number of companies in its band.
func bandText(ctx context.Context, n app.Band, told bool) string {
	switch {
	case !told:
		return i18n.T(ctx, "Not told")
	case n == nil:
		return i18n.T(ctx, "Fewer than five")
	}
	return i18n.T(ctx, "%d to %d", *n, *n+4)
}

func shareText(ctx context.Context, g app.Gap) string {
	if !g.Told() {
		return i18n.T(ctx, "Not enough data")
	}
	low, high := g.Share()
	return i18n.T(ctx, "%d to %d percent", low, high)
}

func kindAndTier(ctx context.Context, p *programme.Programme, g app.Gap) string {
	if p == nil {
		return g.EntityType + " " + g.Tier
	}
	parts := []string{}
	if e, ok := p.EntityType(g.EntityType); ok {
		parts = append(parts, i18n.T(ctx, e.Name))
	}
	if t, ok := p.Tier(g.Tier); ok {
		parts = append(parts, i18n.T(ctx, t.Name))
	}
	return strings.Join(parts, ", ")
}

// GapPage is a benefit that members do not see.
type GapPage struct {
	ui.Chrome
	Gap      app.GapRecord
	Rules    *programme.Programme
	Register *arrangement.Register
	Zone     *time.Location
	Typed    map[string]string
	Errors   []fault.Field
	Conflict *fault.Error
}

func (p GapPage) facts(ctx context.Context) []ui.Pair {
	g := p.Gap
	out := []ui.Pair{{Key: i18n.T(ctx, "Entitled"), Value: plain(g.Entitled)}, {Key: i18n.T(ctx, "Reported"), Value: bandText(ctx, g.Reported, true)}, {Key: i18n.T(ctx, "Seen"), Value: bandText(ctx, g.Seen, g.Told())},
		{Key: i18n.T(ctx, "Not seen"), Value: bandText(ctx, g.Unseen, g.Told())}, {Key: i18n.T(ctx, "Share that sees it"), Value: shareText(ctx, g.Gap)}, {Key: i18n.T(ctx, "Claims"), Value: i18n.T(ctx, "%d, %d confirmed", g.Claims, g.Failures)}}
	if g.Arrangement != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Arrangement"), Value: title(p.Register, g.Arrangement)})
	}
	if g.Owner != "" {
		out = append(out, ui.Pair{Key: i18n.T(ctx, "Who looks after it"), Value: g.Owner})
	}
	return append(out, ui.Pair{Key: i18n.T(ctx, "Last month counted"), Value: g.Month.AddMonths(1).AddDays(-1).Text(ctx)})
}

func (p GapPage) owners() (out []ui.Option) {
	for _, o := range p.Gap.Owners {
		out = append(out, ui.Option{Value: o.ID.String(), Label: o.Name})
	}
	return out
}

func (p GapPage) events(ctx context.Context) (out []ui.Event) {
	for _, s := range p.Gap.Steps {
		e := ui.Event{At: s.At, Zone: p.Zone, Title: i18n.T(ctx, s.Status.Name()), Text: s.Note, Actor: s.Author}
		if s.Owner != "" {
			e.Title += " · " + s.Owner
		}
		out = append(out, e)
	}
	return out
}
