package standing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Service records legal events and says what follows from them.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Programmes *programme.Register
	Clocks     *clock.Clocks
	Letters    *notice.Letters // tell the company when a membership follows another; nil: no letters
}

// member is what the package needs to know of a membership.
type member struct {
	ID, CompanyID, OfficeID uuid.UUID
	Programme, EntityType   string
	Number, Zone, Status    string

	zone  *time.Location
	rules *programme.Programme
}

// Record adds a legal event to a membership, in the transaction of the step from which it
// follows. Without Types the event is about all that the membership consists of. What it
// sets off (clocks that start and stop) happens at the start of its first day: at once when
// that day has come. A step for other domains: they have decided who may, and they record
// the audit event.
//
// Conflict: the event would change nothing, for instance because the membership has ended.
// Invalid with the field "effective_on": the day is not one that the kind of event may have.
func (s *Service) Record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, e Event) (Event, error) {
	m, err := s.lock(ctx, tx, e.MembershipID)
	if err != nil {
		return e, err
	}
	events, err := load(ctx, tx, m.ID)
	if err != nil {
		return e, err
	}
	e.ID, e.CompanyID, e.RecordedAt = pg.NewID(), m.CompanyID, now
	if last := len(events) - 1; last >= 0 && events[last].RecordedAt.After(now) {
		e.RecordedAt = events[last].RecordedAt // knowledge never runs backwards, whatever a clock says
	}
	if by.PersonID != uuid.Nil {
		e.RecordedBy = &by.PersonID
	}
	if e.Types == nil {
		e.Types = m.rules.Standing.TypesOf(m.EntityType)
	}
	if err := check(events, e, clock.DayOf(now, m.zone)); err != nil {
		return e, err
	}
	if e.Seq, err = add(ctx, tx, e); err != nil {
		return e, fmt.Errorf("record that the membership was %s: %w", e.Kind, err)
	}
	events = append(events, e)
	spans, _ := Derive(events)
	if err := s.learn(ctx, tx, m, e.RecordedAt, spans); err != nil {
		return e, err
	}
	if e.Kind == Overturned {
		return e, s.fall(ctx, tx, now, by, m, events, e)
	}
	if at := e.On.Start(m.zone); at.After(now) {
		return e, wait(ctx, tx, e, at)
	}
	return e, s.effect(ctx, tx, now, by, m, events, e)
}

// check refuses an event that cannot be: it would change nothing, or its day is not one
// that its kind may have. Today is the day at the office.
func check(events []Event, e Event, today clock.Day) error {
	if e.On.IsZero() {
		return fault.Fail([]fault.Field{fault.F("effective_on", "Enter the first day on which it counts")})
	}
	switch e.Kind {
	case Suspended, Limited, Removed, Withdrawn, Reinstated, Restored, Awarded:
		// A burden never reaches back, and neither does what ends it.
		if e.On.Before(today) {
			return fault.Fail([]fault.Field{fault.F("effective_on", "Enter a day that is not in the past")})
		}
	case Succeeded:
		// A merger takes effect by the law of companies, often before customs hears of it.
		if first, ok := firstDay(events); ok && e.On.Before(first) {
			return fault.Fail([]fault.Field{fault.F("effective_on", "Enter a day on which the membership was in effect")})
		}
	case Overturned:
		return mayFall(events, e, today)
	}
	seq := int64(1)
	if n := len(events); n > 0 {
		seq = events[n-1].Seq + 1
	}
	e.Seq = seq
	if _, void := Derive(append(slices.Clone(events), e)); slices.Contains(void, e.ID) {
		return fault.New(fault.Conflict, "The membership has moved on, so this step would change nothing. Open the membership and look at its history")
	}
	return nil
}

// mayFall refuses to overturn what cannot be overturned.
func mayFall(events []Event, e Event, today clock.Day) error {
	i := slices.IndexFunc(events, func(x Event) bool { return e.Undoes != nil && x.ID == *e.Undoes })
	if i < 0 {
		return fault.Missing()
	}
	was := events[i]
	gone := slices.ContainsFunc(events, func(x Event) bool { return x.Kind == Overturned && *x.Undoes == was.ID })
	if gone || !slices.Contains(undoable, was.Kind) {
		return fault.New(fault.Conflict, "This decision cannot be overturned, or it has been already")
	}
	if was.Kind == Withdrawn && !was.On.After(today) {
		return fault.New(fault.Conflict, "The withdrawal has taken effect, so it cannot be called off. The company may apply again")
	}
	return nil
}

func firstDay(events []Event) (clock.Day, bool) {
	for _, e := range events {
		if e.Kind == Granted {
			return e.On, true
		}
	}
	return clock.Day{}, false
}

// effect is what happens on the first day of an event: the membership's record follows, and
// the clocks hear of it.
func (s *Service) effect(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, events []Event, e Event) error {
	spans, void := Derive(events)
	if err := s.follow(ctx, tx, now, m, spans); err != nil {
		return err
	}
	if slices.Contains(void, e.ID) && len(e.Types) == 1 {
		return nil
	}
	if err := s.lead(ctx, tx, now, by, m, spans, events, e); err != nil {
		return err
	}
	var grounds []string
	if e.Ground != "" {
		grounds = append(grounds, e.Ground)
	}
	if err := s.tellCases(ctx, tx, now, by, m, events, spans, e, grounds); err != nil {
		return err
	}
	name := s.heard(m, spans, e, clock.DayOf(now, m.zone))
	if name == "" {
		return nil
	}
	return s.Clocks.Happened(ctx, tx, now, by, m.subject(), name, grounds...)
}

// tellCases tells the clocks of cases of enforcement that a suspension of theirs begins or
// ends: two cases may suspend one membership, each with its own answer to give.
func (s *Service) tellCases(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, events []Event, spans []Span, e Event, grounds []string) error {
	switch {
	case e.Kind == Suspended:
		return s.tellCase(ctx, tx, now, by, m, e.Cause, programme.CaseSuspended, grounds...)
	case e.Kind == Reinstated:
		return s.tellCase(ctx, tx, now, by, m, e.Cause, programme.CaseSuspensionEnded)
	case e.Kind.Ends() && !lives(spans):
		for _, c := range suspending(events) {
			if err := s.tellCase(ctx, tx, now, by, m, c, programme.CaseSuspensionEnded); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) tellCase(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, c Cause, name string, reasons ...string) error {
	if has, err := hasClocks(ctx, tx, m, c); err != nil || !has {
		return err
	}
	return s.Clocks.Happened(ctx, tx, now, by, m.about(c), name, reasons...)
}

// hasClocks reports whether a cause is a case with clocks about this membership. One that
// follows another has its events from the other's case, whose clocks do not concern it.
func hasClocks(ctx context.Context, tx pg.Tx, m member, c Cause) (bool, error) {
	if c.Kind != notice.AboutEnforcement {
		return false, nil
	}
	var elsewhere bool
	err := tx.WithContext(ctx).Raw(`select exists (select from enforcement_case where id = ? and membership_id <> ?)`, c.ID, m.ID).Scan(&elsewhere).Error
	if err != nil {
		return false, fmt.Errorf("look whose case it is: %w", err)
	}
	return !elsewhere, nil
}

// suspending are the causes of suspensions, each once.
func suspending(events []Event) (out []Cause) {
	for _, e := range ordered(events) {
		if e.Kind == Suspended && !slices.Contains(out, e.Cause) {
			out = append(out, e.Cause)
		}
	}
	return out
}

// lives reports whether anything of the membership goes on.
func lives(spans []Span) bool {
	return slices.ContainsFunc(spans, func(x Span) bool { return (x.State == Active || x.State == OnHold) && x.Open() })
}

// heard is the name under which clocks hear of an event; empty: they do not.
func (s *Service) heard(m member, spans []Span, e Event, today clock.Day) string {
	switch {
	case e.Kind == Suspended:
		return programme.MembershipSuspended
	case e.Kind == Reinstated:
		if slices.ContainsFunc(spans, func(x Span) bool { return x.State == OnHold && x.Covers(today) }) {
			return "" // another suspension goes on
		}
		return programme.MembershipSuspensionEnded
	case e.Kind.Ends():
		if lives(spans) {
			return "" // a combined holder keeps the other type, and with it the clocks
		}
		switch e.Kind {
		case Removed, Annulled:
			return m.rules.Standing.Removal.Event
		}
		return programme.MembershipWithdrawn
	}
	return ""
}

// fall is what happens when a decision is overturned: what it set off is taken back.
func (s *Service) fall(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, events []Event, e Event) error {
	i := slices.IndexFunc(events, func(x Event) bool { return x.ID == *e.Undoes })
	was := events[i]
	waiting, err := forget(ctx, tx, was.ID)
	if err != nil {
		return fmt.Errorf("take back what was to follow: %w", err)
	}
	spans, _ := Derive(events)
	if err := s.follow(ctx, tx, now, m, spans); err != nil || waiting {
		return err
	}
	if err := s.lead(ctx, tx, now, by, m, spans, events, e); err != nil {
		return err
	}
	switch {
	case was.Kind == Suspended:
		if err := s.tellCase(ctx, tx, now, by, m, was.Cause, programme.CaseSuspensionEnded); err != nil {
			return err
		}
		if name := s.heard(m, spans, Event{Kind: Reinstated}, clock.DayOf(now, m.zone)); name != "" {
			return s.Clocks.Happened(ctx, tx, now, by, m.subject(), name)
		}
	case was.Kind.Ends():
		if err := s.Clocks.Revive(ctx, tx, m.subject(), was.RecordedAt, m.rules.Standing.Removal.Event, programme.MembershipWithdrawn); err != nil {
			return fmt.Errorf("let the membership's clocks run again: %w", err)
		}
		for _, c := range suspending(events) {
			if has, err := hasClocks(ctx, tx, m, c); err != nil {
				return err
			} else if !has {
				continue
			}
			if err := s.Clocks.Revive(ctx, tx, m.about(c), was.RecordedAt, programme.CaseSuspensionEnded); err != nil {
				return fmt.Errorf("let the clocks of a case run again: %w", err)
			}
		}
		return s.Clocks.Happened(ctx, tx, now, by, m.subject(), programme.MembershipReopened)
	}
	return nil
}

// follow brings the membership's own record in line with its spans on the present day.
func (s *Service) follow(ctx context.Context, tx pg.Tx, now time.Time, m member, spans []Span) error {
	status, tier, ended := Overall(spans, clock.DayOf(now, m.zone))
	if err := keep(ctx, tx, m.ID, status, tier, ended); err != nil {
		return fmt.Errorf("keep the membership's status: %w", err)
	}
	return nil
}

// Overall is the status of a membership as a whole on a day: active while one of its types
// is, suspended while one is and none is active. Before its first day it counts as active
// already, with nothing that others may rely on. Ended is the day on which the last type
// ended.
func Overall(spans []Span, today clock.Day) (status, tier string, ended *clock.Day) {
	var live, on, over bool
	for _, x := range spans {
		if !x.Covers(today) {
			continue
		}
		switch x.State {
		case Active:
			live, tier = true, x.Tier
		case OnHold:
			if on = true; !live {
				tier = x.Tier
			}
		case Ended, Cancelled:
			if over = true; ended == nil || ended.Before(x.From) {
				day := x.From
				ended = &day
			}
			if tier == "" {
				tier = x.Tier
			}
		}
	}
	switch {
	case live:
		return string(Active), tier, nil
	case on:
		return string(OnHold), tier, nil
	case over:
		return string(Ended), tier, ended
	}
	for _, x := range spans { // it has not begun
		return string(Active), x.Tier, nil
	}
	return string(Active), "", nil
}

func (m member) subject() clock.Subject {
	return clock.Subject{Kind: "membership", ID: m.ID, Company: m.CompanyID, Office: m.OfficeID, Programme: m.rules}
}

// about is the record from which an event follows, as its clocks know it.
func (m member) about(c Cause) clock.Subject {
	return clock.Subject{Kind: c.Kind, ID: c.ID, Company: m.CompanyID, Office: m.OfficeID, Programme: m.rules}
}

// Turn lets the events happen whose first day has come, each in its own transaction. Any
// number may run at once. The portal itself; no person calls it.
func (s *Service) Turn(ctx context.Context) (done int, err error) {
	by := identity.ClockActor("standing")
	for {
		more := false
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			now := s.Now()
			e, ok, err := due(ctx, tx, now)
			if err != nil || !ok {
				return err
			}
			more = true
			m, err := s.lock(ctx, tx, e.MembershipID)
			if err != nil {
				return err
			}
			events, err := load(ctx, tx, m.ID)
			if err != nil {
				return err
			}
			if _, err := forget(ctx, tx, e.ID); err != nil {
				return err
			}
			i := slices.IndexFunc(events, func(x Event) bool { return x.ID == e.ID })
			if i < 0 {
				return fmt.Errorf("event %s is not one of its membership", e.ID)
			}
			return s.effect(ctx, tx, now, by, m, events, events[i])
		})
		if err != nil || !more {
			return done, err
		}
		done++
	}
}
