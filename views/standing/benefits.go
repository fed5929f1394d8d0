package standing

import (
	"context"
	"slices"

	"trustedtrader/app/benefit"
	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	"trustedtrader/app/recognition"
	app "trustedtrader/app/standing"
	"trustedtrader/views/ui"
)

// BenefitsPage is what a membership entitles to.
type BenefitsPage struct {
	ui.Chrome
	Page   app.Page
	List   []app.Entitlement
	Member bool // the reader is of the member's company, and sees its partners
	Abroad []recognition.Abroad
	Sight  func(programme.Benefit) benefit.Sight // what the member's own reports show; nil: the reader is not of the company
	Claims bool                                  // the reader can say that a benefit was not given
}

func (p BenefitsPage) columns(ctx context.Context) []ui.Column {
	out := []ui.Column{{Label: i18n.T(ctx, "Benefit")}, {Label: i18n.T(ctx, "State")}, {Label: i18n.T(ctx, "Since")}, {Label: i18n.T(ctx, "Source")}}
	if p.Sight != nil {
		out = append(out, ui.Column{Label: i18n.T(ctx, "In your reports")})
	}
	return out
}

func (p BenefitsPage) now() []app.Entitlement {
	return slices.DeleteFunc(slices.Clone(p.List), func(e app.Entitlement) bool { return e.Right == app.Higher })
}

func (p BenefitsPage) higher() []app.Entitlement {
	return slices.DeleteFunc(slices.Clone(p.List), func(e app.Entitlement) bool { return e.Right != app.Higher })
}

// stopped reports whether every type of the membership is suspended.
func (p BenefitsPage) stopped() bool {
	now := p.now()
	return len(now) > 0 && !slices.ContainsFunc(now, func(e app.Entitlement) bool { return e.Right != app.Stopped })
}

// part is the name of a type of a membership that has several; empty: it has one.
func (p BenefitsPage) part(ctx context.Context, code string) string {
	if len(p.Page.Rules.Standing.TypesOf(p.Page.EntityType)) < 2 {
		return ""
	}
	t, _ := p.Page.Rules.Standing.Type(code)
	return i18n.T(ctx, t.Name)
}

func (p BenefitsPage) tiers(ctx context.Context, codes []string) (out []string) {
	for _, code := range codes {
		t, _ := p.Page.Rules.Tier(code)
		out = append(out, i18n.T(ctx, t.Name))
	}
	return out
}

func rightName(ctx context.Context, r app.Right) string {
	return map[app.Right]string{app.HasIt: i18n.T(ctx, "In effect"), app.IsDenied: i18n.T(ctx, "Denied"), app.Stopped: i18n.T(ctx, "Stopped by the suspension"),
		app.NotBegun: i18n.T(ctx, "Not in effect yet")}[r]
}

func rightKind(r app.Right) ui.Kind {
	return map[app.Right]ui.Kind{app.HasIt: ui.Good, app.IsDenied: ui.Bad, app.Stopped: ui.Bad, app.NotBegun: ui.Waiting}[r]
}
