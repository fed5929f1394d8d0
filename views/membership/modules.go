package membership

import (
	"context"

	"trustedtrader/app/application"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/membership"
	"trustedtrader/views/ui"
)

// modules are those that build on the programme of this membership, while it has not ended.
func (p MembershipPage) modules() (out []application.Module) {
	if p.Page.Membership.Status == app.Ended {
		return nil
	}
	for _, m := range p.Modules {
		if m.Programme.Requires.Programme == p.Page.Membership.Programme {
			out = append(out, m)
		}
	}
	return out
}

func moduleWord(ctx context.Context, m application.Module) string {
	switch {
	case m.Membership != nil:
		return i18n.T(ctx, "You have it")
	case m.Application != nil:
		return i18n.T(ctx, "Applied for")
	case m.Open():
		return i18n.T(ctx, "You can apply")
	}
	return i18n.T(ctx, "Not possible now")
}

func moduleKind(m application.Module) ui.Kind {
	switch {
	case m.Membership != nil:
		return ui.Good
	case m.Application != nil:
		return ui.Waiting
	case m.Open():
		return ui.Info
	}
	return ui.Neutral
}
