package clock

import (
	"context"
	"fmt"
	"slices"
	"time"

	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// A repeating clock is a row of turns, each from one anniversary of its event to the
// next, and each kept as a clock of its own. At any time one of them has not ended.
//
// What ends a turn is either that its step was done (Met) or that its time is over. Done
// before the anniversary, the next turn is recorded at once and lies ahead: nothing is
// owed until it begins. A turn whose step can be done and was not stays overdue until it
// is done, at the longest until the time of the next turn is over as well. Nothing that
// happens moves an anniversary.

// repeated is the event of a turn that follows on another.
const repeated = "clock.repeated"

// anniversary is the day on which the turn of a repeating clock ends and the next one
// begins. Years count from the day of the first event, for counted from the last result a
// 29 February would become the 28th for good.
func (r Row) anniversary(rule programme.Clock, zone *time.Location) Day {
	start := DayOf(r.StartedAt, zone)
	return Term{Amount: rule.Amount, Unit: Unit(rule.Unit)}.after(r.anchor(zone), start, start)
}

func (r Row) anchor(zone *time.Location) Day {
	if r.AnchorOn.IsZero() {
		return DayOf(r.StartedAt, zone)
	}
	return r.AnchorOn
}

// givesWay is the instant from which the next turn follows, whether the step was done or
// not.
func (r Row) givesWay(rule programme.Clock, zone *time.Location) time.Time {
	day := r.anniversary(rule, zone)
	if len(rule.MetOn) > 0 { // it is owed for the time of the next turn
		day = Term{Amount: rule.Amount, Unit: Unit(rule.Unit)}.after(r.anchor(zone), day, day)
	}
	return day.End(zone)
}

// Anniversary is the day on which the turn of a repeating clock ends. An error: the clock
// does not repeat, or its rule or zone is not known here.
func (c *Clocks) Anniversary(r Row) (Day, error) {
	rule := c.rule(r)
	if !rule.Repeats {
		return Day{}, fmt.Errorf("clock %s does not repeat", r.Code)
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return Day{}, fmt.Errorf("read clock %s: zone %q is not known here", r.Code, r.Zone)
	}
	return r.anniversary(rule, zone), nil
}

// Met tells the repeating clocks of a record that their step was done for the turns up to
// an anniversary: the event ends each of these that has not ended, in time or late, and the
// next turn follows. Turns beyond it go on, so what is done late for one year does not
// count for the next. A step for other domains: they have decided who may.
func (c *Clocks) Met(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, s Subject, event string, through Day) error {
	rows, err := lockRunning(ctx, tx, s.Kind, s.ID)
	if err != nil {
		return fmt.Errorf("look at the clocks: %w", err)
	}
	for _, rule := range s.Programme.ClocksMetBy(event) {
		for _, r := range rows {
			if r.Code != rule.Code {
				continue
			}
			for {
				turn, err := c.Anniversary(r)
				if err != nil {
					return err
				}
				if turn.After(through) {
					break
				}
				if r, err = c.follow(ctx, tx, now, by, s, r, rule, turn, event); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Rejoin starts the repeating clocks that an event begins for a record whose turns were given
// up for a while: in the turn that ends with the first anniversary of the anchor that is not
// before a day. That turn may lie ahead; until it begins nothing is owed. A clock that runs
// already stays. It returns the anniversary, the zero Day when the event begins no clock that
// repeats. A step for other domains: they have decided who may.
func (c *Clocks) Rejoin(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, s Subject, event string, anchor, notBefore Day) (last Day, err error) {
	rows, err := lockRunning(ctx, tx, s.Kind, s.ID)
	if err != nil {
		return last, fmt.Errorf("look at the clocks: %w", err)
	}
	for _, rule := range s.Programme.ClocksStartedBy(event) {
		term := Term{Amount: rule.Amount, Unit: Unit(rule.Unit)}
		if !rule.Repeats || slices.ContainsFunc(rows, func(r Row) bool { return r.Code == rule.Code }) {
			continue
		}
		start := anchor
		for last = term.after(anchor, start, start); last.Before(notBefore) && last.After(start); last = term.after(anchor, start, start) {
			start = last
		}
		what, from := repeated, anchor
		if start == anchor { // the first turn
			what, from = event, Day{}
		}
		if _, err := c.insert(ctx, tx, now, by, s, rule, what, start, from); err != nil {
			return last, err
		}
	}
	return last, nil
}

// follow ends a turn and records the next, which begins on the anniversary.
func (c *Clocks) follow(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, s Subject, r Row, rule programme.Clock, turn Day, event string) (Row, error) {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return Row{}, fmt.Errorf("clock %s begins again: %w", r.Code, err)
	}
	anchor := r.anchor(zone)
	if err := c.stop(ctx, tx, now, by, r, event); err != nil {
		return Row{}, err
	}
	return c.insert(ctx, tx, now, by, s, rule, repeated, turn, anchor)
}

// renew lets the next turn of a repeating clock follow whose time is over; false when it
// is too early for that.
func (s *Service) renew(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r Row, rule programme.Clock, zone *time.Location) (next Row, renewed bool, err error) {
	if now.Before(r.givesWay(rule, zone)) {
		return Row{}, false, nil
	}
	p, ok := s.Clocks.Programmes.Get(r.Programme)
	if !ok {
		return Row{}, false, fmt.Errorf("clock %s begins again: there is no programme %q", r.Code, r.Programme)
	}
	subject := Subject{Kind: r.SubjectKind, ID: r.SubjectID, Company: r.CompanyID, Office: r.OfficeID, Programme: p}
	next, err = s.Clocks.follow(ctx, tx, now, by, subject, r, rule, r.anniversary(rule, zone), repeated)
	return next, err == nil, err
}

// Arithmetic is how the clock's day comes about, one sentence a line: for a repeating
// clock the anniversary first, then as in Reading.Arithmetic.
func (v View) Arithmetic(ctx context.Context) []string {
	lines := v.Reading.Arithmetic(ctx)
	zone, err := time.LoadLocation(v.Zone)
	if !v.Rule.Repeats || err != nil {
		return lines
	}
	anchor, turn := v.anchor(zone), v.anniversary(v.Rule, zone)
	since := Term{Amount: turn.Year() - anchor.Year(), Unit: Years}
	if Unit(v.Rule.Unit) == Months {
		since = Term{Amount: 12*since.Amount + int(turn.Month()) - int(anchor.Month()), Unit: Months}
	}
	first := i18n.T(ctx, "Anniversary: %s after %s, %s.", since.Text(ctx), anchor.Text(ctx), turn.Text(ctx))
	if v.Rule.LessDays > 0 {
		first += " " + i18n.N(ctx, "%d day before it: %s.", "%d days before it: %s.", v.Rule.LessDays, turn.AddDays(-v.Rule.LessDays).Text(ctx))
	}
	return append([]string{first}, lines...)
}
