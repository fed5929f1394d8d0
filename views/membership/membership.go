package membership

import (
	"context"

	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/membership"
	"trustedtrader/views/ui"
)

func statusKind(s app.Status) ui.Kind {
	switch s {
	case app.Active:
		return ui.Good
	case app.Suspended:
		return ui.Bad
	}
	return ui.Neutral
}

func certificateFacts(ctx context.Context, p app.Page) []ui.Pair {
	return []ui.Pair{
		{Key: i18n.T(ctx, "Membership number"), Value: p.Membership.Number},
		{Key: i18n.T(ctx, "Tier"), Value: i18n.T(ctx, p.Tier.Name)},
		{Key: i18n.T(ctx, "Decided on"), Value: p.Membership.CertifiedOn.Text(ctx)},
		{Key: i18n.T(ctx, "In effect from"), Value: p.Membership.EffectiveOn.Text(ctx)},
	}
}

func facts(ctx context.Context, p app.Page) []ui.Pair {
	return append(certificateFacts(ctx, p),
		ui.Pair{Key: i18n.T(ctx, "Kind of member"), Value: i18n.T(ctx, p.Entity.Name)},
		ui.Pair{Key: i18n.T(ctx, "Office"), Value: p.Office})
}

func running(views []clock.View) bool {
	for _, v := range views {
		if v.StoppedAt == nil {
			return true
		}
	}
	return false
}

func clockBar(ctx context.Context, v clock.View) ui.Clock {
	r := v.Reading
	kind := ui.Good
	switch r.State {
	case clock.Overdue, clock.Missed:
		kind = ui.Bad
	case clock.DueSoon:
		kind = ui.Warn
	case clock.Paused, clock.Waiting:
		kind = ui.Waiting
	}
	text := r.Summary(ctx)
	if !r.DueDay.IsZero() && !r.Earliest {
		text += ". " + i18n.T(ctx, "Due %s.", r.DueDay.Text(ctx))
	}
	return ui.Clock{Label: i18n.T(ctx, v.Name), Text: text, Used: r.DaysUsed, Target: r.DaysAllowed, Paused: r.DaysPaused, Kind: kind,
		State: r.State.Text(ctx), Arithmetic: append(v.Arithmetic(ctx), i18n.T(ctx, "Source: %s", v.Source))}
}
