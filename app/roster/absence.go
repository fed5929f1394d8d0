package roster

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// AbsenceEntry is a time in which an officer is not free for visits: days of the officer's
// zone, or with FromTime and ToTime a part of one day.
type AbsenceEntry struct {
	Kind     string // Leave, Training or Other
	From, To string // 2006-01-02, both included
	FromTime string // HH:MM, or nothing
	ToTime   string
	Note     string
}

// longestAbsence bounds one entry.
const longestAbsence = 366 // days

// books refuses whoever may not keep an officer's calendar: officers keep their own,
// supervisors those of their office tree.
func books(by identity.Actor, o Officer) error {
	own := by.PersonID == o.PersonID && by.Is(identity.CaseWorkers...)
	if own || by.Is(identity.Approvers...) && by.InOffice(o.OfficeID) {
		return nil
	}
	return fault.New(fault.Forbidden, "Only the officer and a supervisor of the office can enter leave and training")
}

// span checks an entry and says when it begins and ends.
func (e AbsenceEntry) span(check *entry.Check, zone *time.Location) (from, to time.Time) {
	first, err1 := clock.ParseDay(e.From)
	last, err2 := clock.ParseDay(e.To)
	if err1 != nil {
		check.Add("from", "Enter a day that exists, like 31 3 2027")
	}
	switch {
	case err2 != nil:
		check.Add("to", "Enter a day that exists, like 31 3 2027")
	case err1 == nil && last.Before(first):
		check.Add("to", "Enter the first day or one after it")
	case err1 == nil && clock.DaysBetween(first, last) >= longestAbsence:
		check.Add("to", "Enter a day within a year of the first")
	}
	partly := strings.TrimSpace(e.FromTime) != "" || strings.TrimSpace(e.ToTime) != ""
	if !partly {
		return first.Start(zone), last.End(zone)
	}
	begin, ok1 := timeOfDay(check, "from_time", e.FromTime)
	end, ok2 := timeOfDay(check, "to_time", e.ToTime)
	switch {
	case err1 == nil && err2 == nil && first != last:
		check.Add("to_time", "Enter times for a single day only, or leave them out")
	case ok1 && ok2 && begin >= end:
		check.Add("to_time", "Enter a time after the one before it")
	case ok1 && ok2:
		// A time that clocks leave out or show twice that night is taken as Go reads it: nobody is on a visit then.
		from, _ = Wall(first.Time().Add(minutes(minuteOf(begin))), zone)
		to, _ = Wall(first.Time().Add(minutes(minuteOf(end))), zone)
	}
	return from, to
}

// AddAbsence enters leave, training or something else. Officers do for themselves and
// supervisors for the officers of their office tree. Invalid: a visit or another entry
// stands there.
func (s *Service) AddAbsence(ctx context.Context, by identity.Actor, officer uuid.UUID, in AbsenceEntry) error {
	if !by.Is(identity.CaseReaders...) {
		return fault.Missing()
	}
	now := s.Now()
	return Clash(s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		o, err := lockOfficer(ctx, tx, now, officer)
		if err != nil {
			return err
		}
		if err := books(by, o); err != nil {
			return err
		}
		zone, err := time.LoadLocation(o.HomeZone())
		if err != nil {
			return err
		}
		var check entry.Check
		b := Booking{OfficerID: officer, State: Confirmed, Kind: check.OneOf("kind", "what it is", in.Kind, Leave, Training, Other)}
		b.Note = check.Line("note", "the note", in.Note, 0, 500)
		b.StartsAt, b.EndsAt = in.span(&check, zone)
		if check.Fields() == nil && !b.EndsAt.After(now) {
			check.Add("to", "Enter today or a day in the future")
		}
		if err := check.Err(); err != nil {
			return err
		}
		if err := inTheWay(ctx, tx, b, zone); err != nil {
			return err
		}
		list := []Booking{b}
		if err := Book(ctx, tx, now, by, list); err != nil {
			return err
		}
		e := audit.Event{Action: "booking.add", Kind: "booking", Subject: list[0].ID, Internal: true,
			After: map[string]any{"officer": officer, "kind": b.Kind, "from": b.StartsAt, "to": b.EndsAt, "note": b.Note}}
		return audit.Record(ctx, tx, now, by, e)
	}))
}

// inTheWay names the booking that stands where a new one should.
func inTheWay(ctx context.Context, tx pg.Tx, b Booking, zone *time.Location) error {
	list, err := overlapping(ctx, tx, []Booking{b})
	if err != nil || len(list) == 0 {
		return err
	}
	there := list[0]
	first, last := clock.DayOf(there.StartsAt, zone), clock.DayOf(there.EndsAt.Add(-1), zone)
	if there.Kind != Visit {
		return fault.Fail([]fault.Field{fault.F("from", "Something is entered from %s to %s already. Take it out first, or choose other days", first, last)})
	}
	reference, err := referenceOf(ctx, tx, *there.VisitID)
	if err != nil {
		return err
	}
	return fault.Fail([]fault.Field{fault.F("from", "Visit %s stands there, from %s to %s with its travel. Move the visit first, or choose other days", reference,
		clock.DayOf(there.StartsAt.Add(-minutes(there.TravelBefore)), zone), clock.DayOf(there.EndsAt.Add(minutes(there.TravelAfter)-1), zone))})
}

// CancelAbsence takes an entry back that is not over. Visits are cancelled where they were
// booked. Conflict: somebody was faster.
func (s *Service) CancelAbsence(ctx context.Context, by identity.Actor, officer, id uuid.UUID, version int) error {
	if !by.Is(identity.CaseReaders...) {
		return fault.Missing()
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		o, err := lockOfficer(ctx, tx, now, officer)
		if err != nil {
			return err
		}
		if err := books(by, o); err != nil {
			return err
		}
		b, err := lockBooking(ctx, tx, officer, id)
		if err != nil {
			return err
		}
		switch {
		case b.Kind == Visit:
			return fault.New(fault.Conflict, "This is a visit. Move or cancel it on the page of its validation")
		case version != b.Version || b.State == Cancelled:
			return fault.Moved()
		case !b.EndsAt.After(now):
			return fault.New(fault.Conflict, "This time is over, so its entry stays")
		}
		b.State = Cancelled
		if err := pg.Update(ctx, tx, &b, b.ID, &b.Version, "state"); err != nil {
			return err
		}
		e := audit.Event{Action: "booking.cancel", Kind: "booking", Subject: id, Internal: true,
			Before: map[string]any{"officer": officer, "kind": b.Kind, "from": b.StartsAt, "to": b.EndsAt, "note": b.Note}, After: map[string]any{"state": Cancelled}}
		return audit.Record(ctx, tx, now, by, e)
	})
}
