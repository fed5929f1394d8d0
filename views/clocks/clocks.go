// Package clocks draws legal clocks the same way wherever they are shown.
package clocks

import (
	"context"

	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	"trustedtrader/views/ui"
)

// Bar is a clock with its state, why it stands still, its day and its arithmetic.
func Bar(ctx context.Context, v clock.View) ui.Clock {
	r := v.Reading
	text := r.Summary(ctx)
	if why := v.PauseReason(ctx); why != "" {
		text += " (" + why + ")"
	}
	if v.StoppedAt == nil && !r.DueDay.IsZero() && !r.Earliest {
		text += ". " + i18n.T(ctx, "Due %s.", r.DueDay.Text(ctx))
	}
	return ui.Clock{Label: v.Title(ctx), Text: text, Used: r.DaysUsed, Target: r.DaysAllowed, Paused: r.DaysPaused,
		Kind: Tone(r.State), State: r.State.Text(ctx), Arithmetic: append(v.Arithmetic(ctx), i18n.T(ctx, "Source: %s", v.Source))}
}

// Tone is how urgent a state looks.
func Tone(s clock.State) ui.Kind {
	switch s {
	case clock.Overdue, clock.StoppedLate, clock.Missed:
		return ui.Bad
	case clock.DueSoon:
		return ui.Warn
	case clock.Paused, clock.Waiting:
		return ui.Waiting
	case clock.Running, clock.Open, clock.StoppedInTime, clock.Met:
		return ui.Good
	}
	return ui.Neutral
}

// Running are the clocks that have not been stopped.
func Running(list []clock.View) (out []clock.View) {
	for _, v := range list {
		if v.StoppedAt == nil {
			out = append(out, v)
		}
	}
	return out
}
