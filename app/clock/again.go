package clock

import (
	"context"
	"fmt"
	"slices"
	"time"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Again lets a clock that was stopped run on, because what stopped it was not enough: its
// last day stays what it was, prolonged by days within the limit of the programme (0: not
// at all). Unlike Extend it may follow on a last day that has passed, for the company owed
// nothing meanwhile; the new last day must lie ahead. A step for other domains: they have
// decided who may. Invalid, about the field "days": the limit, or a last day in the past.
func (c *Clocks) Again(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, s Subject, code string, days int, reason, note string) (Day, error) {
	r, err := lastStopped(ctx, tx, s, code)
	if err != nil {
		return Day{}, err
	}
	if days != 0 {
		rule, _ := s.Programme.Clock(code)
		if err := mayProlong(rule, r, days); err != nil {
			return Day{}, err
		}
	}
	was := r.DueOn
	r.StoppedAt, r.StopEvent = nil, ""
	if days > 0 {
		r.ExtensionDays, r.ExtensionReason, r.Reminded = r.ExtensionDays+days, reason, nil
	}
	pauses, err := pausesOf(ctx, tx, r.ID)
	if err != nil {
		return Day{}, fmt.Errorf("let clock %s run on: %w", code, err)
	}
	run, cal, err := c.run(r, pauses)
	if err != nil {
		return Day{}, fmt.Errorf("let clock %s run on: %w", code, err)
	}
	reading := run.Read(now, cal)
	if reading.State == Overdue {
		return Day{}, fault.Fail([]fault.Field{fault.F("days", "The last day was %s. Enter how many more days the company gets", reading.DueDay)})
	}
	r.ExpiredAt = nil
	if err := c.keep(ctx, tx, now, &r, "stopped_at", "stop_event", "extension_days", "extension_reason", "reminded", "expired_at"); err != nil {
		return Day{}, fmt.Errorf("let clock %s run on: %w", code, err)
	}
	return r.DueOn, audit.Record(ctx, tx, now, by, r.event("clock.run_on", reason, map[string]any{"due_on": was},
		map[string]any{"clock": r.Code, "due_on": r.DueOn, "extension_days": r.ExtensionDays, "note": note}))
}

// mayProlong refuses days beyond what the programme lets a clock be extended by in all.
func mayProlong(rule programme.Clock, r Row, days int) error {
	if rule.Extension == nil {
		return fault.Fail([]fault.Field{fault.F("days", "The rules of the programme do not let this clock be extended")})
	}
	left := rule.Extension.MaxDays - r.ExtensionDays
	if left <= 0 {
		return fault.Fail([]fault.Field{fault.F("days", "This clock has its longest extension already: %d days", rule.Extension.MaxDays)})
	}
	if days < 1 || days > left {
		return fault.Fail([]fault.Field{fault.F("days", "Enter a number of days from 1 to %d", left)})
	}
	return nil
}

// lastStopped locks the clock of a record that was stopped last. Conflict: one runs.
func lastStopped(ctx context.Context, tx pg.Tx, s Subject, code string) (Row, error) {
	running, err := lockRunning(ctx, tx, s.Kind, s.ID)
	if err != nil {
		return Row{}, fmt.Errorf("look at the clocks: %w", err)
	}
	if slices.ContainsFunc(running, func(r Row) bool { return r.Code == code }) {
		return Row{}, fault.New(fault.Conflict, "This clock runs already")
	}
	var rows []Row
	err = tx.WithContext(ctx).Where("subject_kind = ? and subject_id = ? and code = ? and stopped_at is not null", s.Kind, s.ID, code).
		Order("stopped_at desc, id").Limit(1).Clauses(forUpdate()).Find(&rows).Error
	if err != nil {
		return Row{}, fmt.Errorf("look at the clocks: %w", err)
	}
	if len(rows) == 0 {
		return Row{}, fmt.Errorf("let clock %s of %s %s run on: it never ran", code, s.Kind, s.ID)
	}
	return rows[0], nil
}
