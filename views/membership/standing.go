package membership

import (
	"context"

	"trustedtrader/app/i18n"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
	"trustedtrader/views/ui"
)

// benefit is something that the membership brings, and whether it does today.
type benefit struct {
	programme.Benefit
	Part  string // of a membership of several
	State string
	Kind  ui.Kind
}

// benefits lists what the parts of the membership bring today, and what is denied.
func (p MembershipPage) benefits(ctx context.Context) (out []benefit) {
	for _, x := range p.Page.Parts {
		if x.State != standing.Active && x.State != standing.OnHold {
			continue
		}
		for _, b := range p.Page.Programme.Standing.Benefits {
			if has, _ := b.Brings(p.Page.Membership.EntityType, x.Type, x.Tier); !has {
				continue
			}
			line := benefit{Benefit: b, Part: p.part(ctx, x.Type), State: i18n.T(ctx, "In effect"), Kind: ui.Good}
			switch {
			case x.State == standing.OnHold:
				line.State, line.Kind = i18n.T(ctx, "Stopped by the suspension"), ui.Bad
			case !x.Gives(b.Code):
				line.State, line.Kind = i18n.T(ctx, "Denied"), ui.Bad
			}
			out = append(out, line)
		}
	}
	return out
}

// part is the name of a type; empty: the membership has no parts.
func (p MembershipPage) part(ctx context.Context, code string) string {
	t, _ := p.Page.Programme.Standing.Type(code)
	if t.Name == "" {
		return ""
	}
	return i18n.T(ctx, t.Name)
}

func partKind(s standing.State) ui.Kind {
	switch s {
	case standing.Active:
		return ui.Good
	case standing.OnHold:
		return ui.Bad
	}
	return ui.Neutral
}
