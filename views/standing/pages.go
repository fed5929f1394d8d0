package standing

import (
	"context"
	"strings"
	"time"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/standing"
	"trustedtrader/views/ui"
)

// HistoryPage is the history of a membership in law, and the question about one day.
type HistoryPage struct {
	ui.Chrome
	Page   app.Page
	Day    ui.DateValue // asked for
	Known  ui.DateValue // the day at whose end the answer is to be known; empty: the same day
	Errors []fault.Field
}

// TypeName is what a part of the membership is called.
func (p HistoryPage) TypeName(ctx context.Context, code string) string {
	if t, ok := p.Page.Rules.Standing.Type(code); ok {
		return i18n.T(ctx, t.Name)
	}
	return i18n.T(ctx, "Membership")
}

// KindName is what happened, in the programme's own word where it has one.
func (p HistoryPage) KindName(ctx context.Context, k app.Kind) string {
	if k == app.Removed {
		return i18n.T(ctx, p.Page.Rules.Standing.Removal.Name)
	}
	return i18n.T(ctx, k.Name())
}

// State is what a span says, for a person to read.
func (p HistoryPage) State(ctx context.Context, x app.Span) string {
	switch x.State {
	case app.Ended:
		return p.KindName(ctx, x.How)
	case app.Active, app.OnHold:
		parts := []string{i18n.T(ctx, x.State.Name())}
		if t, ok := p.Page.Rules.Tier(x.Tier); ok {
			parts = append(parts, i18n.T(ctx, t.Name))
		}
		return strings.Join(parts, ", ")
	}
	return i18n.T(ctx, x.State.Name())
}

// Denied names the benefits that a span denies.
func (p HistoryPage) Denied(ctx context.Context, codes []string) string {
	var names []string
	for _, code := range codes {
		if b, ok := p.Page.Rules.Standing.Benefit(code); ok {
			names = append(names, i18n.T(ctx, b.Name))
		}
	}
	return strings.Join(names, ", ")
}

func tone(s app.State) ui.Kind {
	switch s {
	case app.Active:
		return ui.Good
	case app.OnHold:
		return ui.Bad
	}
	return ui.Neutral
}

// until is the last day of a span.
func until(ctx context.Context, x app.Span, today clock.Day) string {
	switch {
	case !x.Open():
		return x.Until.AddDays(-1).Text(ctx)
	case x.From.After(today):
		return i18n.T(ctx, "Without end")
	}
	return i18n.T(ctx, "Today and on")
}

func (p HistoryPage) typesText(ctx context.Context, e app.Event) string {
	if len(p.Page.Rules.Standing.Types) == 0 {
		return ""
	}
	var names []string
	for _, code := range e.Types {
		names = append(names, p.TypeName(ctx, code))
	}
	return strings.Join(names, ", ")
}

// undone finds the event that an overturning is about.
func (p HistoryPage) undone(e app.Event) (app.Event, bool) {
	for _, x := range p.Page.Events {
		if e.Undoes != nil && x.ID == *e.Undoes {
			return x, true
		}
	}
	return app.Event{}, false
}

// overturned says when the portal learned that an event does not count.
func (p HistoryPage) overturned(e app.Event) (time.Time, bool) {
	for _, x := range p.Page.Events {
		if x.Undoes != nil && *x.Undoes == e.ID {
			return x.RecordedAt, true
		}
	}
	return time.Time{}, false
}

func (p HistoryPage) what(ctx context.Context, e app.Event) string {
	text := p.KindName(ctx, e.Kind)
	if t, ok := p.Page.Rules.Tier(e.Tier); ok {
		text += ": " + i18n.T(ctx, t.Name)
	}
	if was, ok := p.undone(e); ok {
		text += ": " + p.KindName(ctx, was.Kind) + ", " + was.On.Text(ctx)
	}
	return text
}

func (p HistoryPage) path() string {
	return "/memberships/" + p.Page.MembershipID.String() + "/history"
}
