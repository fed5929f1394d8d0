package application

import (
	"context"

	app "trustedtrader/app/application"
	"trustedtrader/app/company"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identifier"
	"trustedtrader/views/ui"
)

func numberLabel(ctx context.Context, n app.Identifier) string {
	name := n.Scheme
	if s, ok := identifier.Lookup(n.Scheme); ok {
		name = i18n.T(ctx, s.Name)
	}
	return name + ": " + company.Shown(n.Scheme, n.Value)
}

func (p NumbersPage) options(ctx context.Context) (out []ui.Option) {
	for _, n := range p.Checklist.File.Choosable() {
		out = append(out, ui.Option{Value: n.ID.String(), Label: numberLabel(ctx, n)})
	}
	return out
}

func (p NumbersPage) chosen() (out []string) {
	if p.Entered != nil {
		return p.Entered
	}
	for _, n := range p.Checklist.File.TakesPart() {
		out = append(out, n.ID.String())
	}
	return out
}
