package validation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/geo"
	"trustedtrader/app/ical"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/roster"
)

// What happened to the time of a visit.
const (
	wasBooked      = "booked"
	wasRescheduled = "rescheduled"
	wasCancelled   = "cancelled"
	zoneChanged    = "zone_changed"
)

// visitTime is one line of the history of a visit's time.
type visitTime struct {
	ID                 int64 `gorm:"primaryKey;autoIncrement"`
	VisitID, CompanyID uuid.UUID
	Sequence           int
	What               string
	Zone               string
	LocalFrom, LocalTo *time.Time
	StartsAt, EndsAt   *time.Time
	Reason             string
	ByPerson           *uuid.UUID
	ByName             string
	ByCompany          bool
	At                 time.Time
}

// TableName is the table that holds every time a visit ever had.
func (visitTime) TableName() string { return "visit_time" }

// visitFacts are what the guards of a visit look at.
func (s *Service) visitFacts(ctx context.Context, tx pg.Tx, now time.Time, x Visit, v Validation) (f VisitFacts, err error) {
	team, err := memberRows(ctx, tx, x.ID)
	if err != nil {
		return f, err
	}
	f.Team, f.Lead = len(team), slices.ContainsFunc(team, func(m memberRow) bool { return m.Role == Lead })
	f.Today, f.First = clock.DayOf(now, x.Where()), x.When().First()
	if x.StartsAt == nil {
		f.First = clock.Day{}
	}
	f.NotBefore, err = s.Steps.NotBefore(ctx, tx, now, v)
	return f, err
}

// bookings are the team's for a time of a visit. Travel is the visit's own where it was
// entered, else by the distance from each officer's base; nobody travels to a video.
func (s *Service) bookings(ctx context.Context, tx pg.Tx, v Validation, x Visit, at Span) (list []roster.Booking, err error) {
	rules, err := s.Steps.Rules(v)
	if err != nil {
		return nil, err
	}
	team, err := memberRows(ctx, tx, x.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range team {
		b := roster.Booking{OfficerID: m.PersonID, Kind: roster.Visit, State: roster.Confirmed, VisitID: &x.ID, StartsAt: at.StartsAt, EndsAt: at.EndsAt,
			TravelBefore: x.TravelBefore, TravelAfter: x.TravelAfter}
		if x.Kind != Virtual && x.Lat != nil && x.Lon != nil && x.TravelBefore == 0 && x.TravelAfter == 0 {
			b.TravelBefore = rules.Validation.TravelMinutes(geo.Distance(m.BaseLat, m.BaseLon, *x.Lat, *x.Lon))
			b.TravelAfter = b.TravelBefore
		}
		list = append(list, b)
	}
	return list, nil
}

// ConfirmEntry chooses one of the times of an offer.
type ConfirmEntry struct {
	Slot    uuid.UUID
	Reason  string // of a visit that was booked for another time
	Version int    // of the visit
}

// Confirm books a time that the company can: one that was offered and that it did not
// refuse, or one that it suggested. The team is booked, both sides are told and invited; all
// of it happens or nothing. Case workers of the office in charge may. Conflict: an officer
// is no longer free, the offer has changed, or the company refused the time or said nothing.
func (s *Service) Confirm(ctx context.Context, by identity.Actor, visit uuid.UUID, in ConfirmEntry) (x Visit, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		x, err = s.confirm(ctx, tx, s.Now(), by, visit, in)
		return err
	})
	return x, roster.Clash(err)
}

func (s *Service) confirm(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, visit uuid.UUID, in ConfirmEntry) (x Visit, err error) {
	x, v, err := WorkOnVisit(ctx, tx, by, visit, in.Version)
	if err != nil {
		return x, err
	}
	p, slots, err := offered(ctx, tx, x.ID)
	if err != nil {
		return x, err
	}
	i := slices.IndexFunc(slots, func(s Slot) bool { return s.ID == in.Slot })
	switch {
	case i < 0:
		return x, fault.New(fault.Conflict, "This time is not offered any more. Open the page again to see which are")
	case slots[i].Said() == No:
		return x, fault.New(fault.Conflict, "The company cannot at this time. Choose another")
	case !slots[i].Choosable():
		return x, fault.New(fault.Conflict, "The company has not said that it can at this time. Wait for its answer, or offer other times")
	case !slots[i].StartsAt.After(now):
		return x, fault.New(fault.Conflict, "This time has passed. Offer other times")
	}
	var c entry.Check
	reason := c.Text("reason", "the reason", in.Reason, 0, 2000)
	if err := c.Err(); err != nil {
		return x, err
	}
	do, e := Book, Details{Reason: reason}
	if x.Status == Booked {
		do = Reschedule
		for _, why := range []string{p.Note, p.Reply} {
			if e.Reason == "" {
				e.Reason = why
			}
		}
	}
	if err := s.setTime(ctx, tx, now, by, &x, v, x.SpanAt(slots[i]), do, e, &slots[i].ID); err != nil {
		return x, err
	}
	slots[i].ChosenAt = &now
	if err := pg.Update(ctx, tx, &slots[i], slots[i].ID, &slots[i].Version, "chosen_at"); err != nil {
		return x, fmt.Errorf("choose the time: %w", err)
	}
	p.Status, p.ClosedAt = Chosen, &now
	if err := pg.Update(ctx, tx, p, p.ID, &p.Version, "status", "closed_at"); err != nil {
		return x, fmt.Errorf("close the offer: %w", err)
	}
	return x, nil
}

// setTime gives a visit its time: it frees what the team had for it, books the team anew,
// keeps the time in the history, and tells and invites both sides.
func (s *Service) setTime(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x *Visit, v Validation, at Span, do VisitAction, e Details, slot *uuid.UUID) error {
	f, err := s.visitFacts(ctx, tx, now, *x, v)
	if err != nil {
		return err
	}
	f.First, f.Reason = at.First(), e.Reason
	was := x.When()
	x.LocalFrom, x.LocalTo, x.StartsAt, x.EndsAt, x.AllDay = &at.LocalFrom, &at.LocalTo, &at.StartsAt, &at.EndsAt, at.AllDay
	if x.Invited {
		x.Sequence++
	}
	first := !x.Invited
	x.Invited = true
	if e.After == nil {
		e.After = map[string]any{}
	}
	e.After["time"] = at.Site(official(ctx))
	if !was.IsZero() {
		e.After["instead_of"] = was.Site(official(ctx))
	}
	columns := []string{"local_from", "local_to", "starts_at", "ends_at", "all_day", "sequence", "invited"}
	if err := s.Steps.MoveVisit(ctx, tx, now, by, x, v, do, f, e, columns...); err != nil {
		return err
	}
	if err := roster.Free(ctx, tx, now, by, x.ID); err != nil {
		return err
	}
	list, err := s.bookings(ctx, tx, v, *x, at)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].SlotID = slot
	}
	if err := roster.Book(ctx, tx, now, by, list); err != nil {
		return err
	}
	what, letter := wasRescheduled, "validation_moved"
	if first {
		what, letter = wasBooked, "validation_booked"
	}
	if err := keepTime(ctx, tx, now, by, *x, what, e.Reason); err != nil {
		return err
	}
	values := map[string]string{"place": x.Place, "time": at.Site(official(ctx)), "reason": e.Reason}
	if err := s.Steps.Write(ctx, tx, now, by, v, letter, values, nil); err != nil {
		return err
	}
	return s.invite(ctx, tx, now, *x, v, ical.Request, nil)
}

// keepTime adds a line to the history of a visit's time.
func keepTime(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x Visit, what, reason string) error {
	row := visitTime{VisitID: x.ID, CompanyID: x.CompanyID, Sequence: x.Sequence, What: what, Zone: x.Zone, LocalFrom: x.LocalFrom, LocalTo: x.LocalTo, StartsAt: x.StartsAt,
		EndsAt: x.EndsAt, Reason: reason, ByName: by.Name, ByCompany: by.Audience == identity.Companies, At: now}
	if by.Known() {
		row.ByPerson = &by.PersonID
	}
	if err := add(ctx, tx, &row); err != nil {
		return fmt.Errorf("keep the time in the history: %w", err)
	}
	return nil
}

// RescheduleEntry moves a booked visit to a time that was agreed on otherwise.
type RescheduleEntry struct {
	Day        string // 2006-01-02, at the site
	From, To   string // HH:MM at the site; not of whole days
	Reason     string
	AgreedWith string // who at the company agreed
	Version    int
}

// Reschedule moves a booked visit to another time, which the company has agreed to outside
// the portal. An offer that is open ends. Case workers of the office in charge may.
// Conflict: the visit is not booked, or an officer is not free.
func (s *Service) Reschedule(ctx context.Context, by identity.Actor, visit uuid.UUID, in RescheduleEntry) (x Visit, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		var v Validation
		if x, v, err = WorkOnVisit(ctx, tx, by, visit, in.Version); err != nil {
			return err
		}
		rules, err := s.Steps.Rules(v)
		if err != nil {
			return err
		}
		var c entry.Check
		reason := c.Text("reason", "the reason", in.Reason, 1, 2000)
		who := c.Line("agreed_with", "who at the company agreed", in.AgreedWith, 1, 200)
		at := wanted(&c, x, now, in.Day, in.From, in.To, rules.Validation.Days.From, rules.Validation.Days.To)
		if err := c.Err(); err != nil {
			return err
		}
		if at.Equal(x.When()) {
			return fault.Fail([]fault.Field{fault.F("day", "The visit is at this time already. Choose another")})
		}
		if err := closeOffer(ctx, tx, now, by, v, x, "The visit was moved"); err != nil {
			return err
		}
		return s.setTime(ctx, tx, now, by, &x, v, at, Reschedule, Details{Reason: reason, After: map[string]any{"agreed_with": who}}, nil)
	})
	return x, roster.Clash(err)
}

// wanted takes a time that was entered for a visit.
func wanted(c *entry.Check, x Visit, now time.Time, first, from, to, usualFrom, usualTo string) Span {
	d := day(c, "day", "the day", first)
	if d.IsZero() {
		return Span{}
	}
	if from == "" {
		from = usualFrom
	}
	if to == "" {
		to = usualTo
	}
	at, ok := spanFor(x, d.String()+"T"+from+"/"+d.AddDays(max(1, x.Days)-1).String()+"T"+to)
	switch {
	case !ok:
		c.Add("from", "Enter from and to as hours and minutes at the site, like 09:00 and 17:00")
	case !at.StartsAt.After(now):
		c.Add("day", "Choose a day in the future")
	}
	return at
}

// CallOffEntry cancels a visit.
type CallOffEntry struct {
	Reason  string
	Version int
}

// CancelVisit calls a visit off: the team is free, and both sides are told if they knew of a
// time. Case workers of the office in charge may. When it was the last that was open, the
// visits of the validation are over.
func (s *Service) CancelVisit(ctx context.Context, by identity.Actor, visit uuid.UUID, in CallOffEntry) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := WorkOnVisit(ctx, tx, by, visit, in.Version)
		if err != nil {
			return err
		}
		var c entry.Check
		reason := c.Text("reason", "the reason", in.Reason, 1, 2000)
		if err := c.Err(); err != nil {
			return err
		}
		if err := s.callOff(ctx, tx, now, by, &x, v, reason); err != nil {
			return err
		}
		return s.overWhenDone(ctx, tx, now, by, v)
	})
}

func (s *Service) callOff(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x *Visit, v Validation, reason string) error {
	if err := closeOffer(ctx, tx, now, by, v, *x, reason); err != nil {
		return err
	}
	if err := roster.Free(ctx, tx, now, by, x.ID); err != nil {
		return err
	}
	told, at := x.Invited, x.When()
	if told {
		x.Sequence++
	}
	if err := s.Steps.MoveVisit(ctx, tx, now, by, x, v, CallOff, VisitFacts{Reason: reason}, Details{Reason: reason}, "sequence"); err != nil {
		return err
	}
	if v.NotifiedAt == nil {
		return nil
	}
	if told {
		if err := keepTime(ctx, tx, now, by, *x, wasCancelled, reason); err != nil {
			return err
		}
		if err := s.invite(ctx, tx, now, *x, v, ical.Cancel, nil); err != nil {
			return err
		}
	}
	return s.Steps.Write(ctx, tx, now, by, v, "validation_visit_cancelled", map[string]string{"place": x.Place, "time": at.Site(official(ctx)), "reason": reason}, nil)
}

// overWhenDone ends the visits of a validation when none is open any more and somebody
// was there.
func (s *Service) overWhenDone(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v Validation) error {
	visits, err := visitsOf(ctx, tx, v.ID)
	if err != nil {
		return err
	}
	f := factsOfVisits(visits)
	if f.Visits == 0 || f.OpenWork > 0 || (v.Status != Notified && v.Status != Visiting) {
		return nil
	}
	return s.Steps.Move(ctx, tx, now, by, &v, Finish, f, Details{})
}

func factsOfVisits(visits []Visit) (f Facts) {
	for _, x := range visits {
		if x.Status != CalledOff {
			f.Visits++
			if x.Status != Done {
				f.OpenWork++
			}
		}
	}
	return f
}

// StepEntry is a step that needs nothing but the version that the person saw.
type StepEntry struct{ Version int }

// BeginVisit notes that the team is there. It can from the day of the visit at the site.
// Case workers of the office in charge may.
func (s *Service) BeginVisit(ctx context.Context, by identity.Actor, visit uuid.UUID, in StepEntry) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := WorkOnVisit(ctx, tx, by, visit, in.Version)
		if err != nil {
			return err
		}
		f, err := s.visitFacts(ctx, tx, now, x, v)
		if err != nil {
			return err
		}
		if err := closeOffer(ctx, tx, now, by, v, x, "The visit has begun"); err != nil {
			return err
		}
		if err := s.Steps.MoveVisit(ctx, tx, now, by, &x, v, Start, f, Details{}); err != nil {
			return err
		}
		if v.Status != Notified {
			return nil
		}
		return s.Steps.Move(ctx, tx, now, by, &v, Begin, Facts{}, Details{})
	})
}

// EndVisit notes that the visit is over. After the last one the visits of the validation
// are, and the time for the report begins. Case workers of the office in charge may.
func (s *Service) EndVisit(ctx context.Context, by identity.Actor, visit uuid.UUID, in StepEntry) error {
	return s.finishVisit(ctx, by, visit, in, End)
}

// SettleVisit notes that a visit which nobody makes is done: the partner's validation was
// looked at, or the documents were. Case workers of the office in charge may.
func (s *Service) SettleVisit(ctx context.Context, by identity.Actor, visit uuid.UUID, in StepEntry) error {
	return s.finishVisit(ctx, by, visit, in, Settle)
}

func (s *Service) finishVisit(ctx context.Context, by identity.Actor, visit uuid.UUID, in StepEntry, do VisitAction) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := WorkOnVisit(ctx, tx, by, visit, in.Version)
		if err != nil {
			return err
		}
		if err := s.Steps.MoveVisit(ctx, tx, now, by, &x, v, do, VisitFacts{}, Details{}); err != nil {
			return err
		}
		return s.overWhenDone(ctx, tx, now, by, v)
	})
}

// ShortNoticeEntry is a company's agreement in writing to less notice than the programme asks for.
type ShortNoticeEntry struct {
	Text     string
	Accepted bool
	Version  int // of the visit
}

// AgreeToShortNotice records that the company agrees to a visit before the end of the
// notice, by name and time. Owners and signatories may.
func (s *Service) AgreeToShortNotice(ctx context.Context, by identity.Actor, visit uuid.UUID, in ShortNoticeEntry) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := companyVisit(ctx, tx, by, visit)
		if err != nil {
			return err
		}
		if !by.Is(identity.CompanySigners...) {
			return fault.New(fault.Forbidden, "Only an owner or signatory can agree to short notice for your company")
		}
		if x.Version != in.Version {
			return fault.Moved()
		}
		if x.ShortNoticeAt != nil || (x.Status != ToBook && x.Status != Offered && x.Status != Booked) || !x.Goes() {
			return fault.New(fault.Conflict, "There is nothing to agree to any more. Open the page again to see how the visit stands")
		}
		var c entry.Check
		text := c.Text("text", "your agreement", in.Text, 0, 1000)
		if !in.Accepted {
			c.Add("accepted", "Tick the box to agree to less notice")
		}
		if err := c.Err(); err != nil {
			return err
		}
		if text == "" {
			text = "Agreed"
		}
		x.ShortNotice, x.ShortNoticeBy, x.ShortNoticeAt = text, by.Name, &now
		if err := pg.Update(ctx, tx, &x, x.ID, &x.Version, "short_notice", "short_notice_by", "short_notice_at"); err != nil {
			return fmt.Errorf("agree to short notice: %w", err)
		}
		if err := record(ctx, tx, now, by, v, audit.Event{Action: "visit.agree_to_short_notice", Kind: VisitKind, Subject: x.ID, After: map[string]any{"place": x.Place, "text": text}}); err != nil {
			return err
		}
		return s.tellOffice(ctx, tx, now, x, v)
	})
}

// Moved is a visit whose instants changed because zone data did.
type Moved struct {
	Reference, Place string
	Was, Is          time.Time
	Problem          error // the team is not free at the new instants: somebody must look
}

// Recompute computes the instants of visits to come anew from the wall time and the zone,
// and lists those that moved: people agreed on the wall time, so it stays. The team's
// bookings move along; where an officer is busy then, they stay and the office is told. The
// portal does it when it starts and from time to time.
func (s *Service) Recompute(ctx context.Context) (list []Moved, err error) {
	by := identity.ClockActor("zones")
	visits, err := s.ahead(ctx)
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, x := range visits {
		if at := x.When(); !at.StartsAt.Equal(Instant(at.LocalFrom, at.Zone)) || !at.EndsAt.Equal(Instant(at.LocalTo, at.Zone)) {
			m, err := s.recompute(ctx, by, x.ID)
			if err != nil {
				failures = append(failures, fmt.Errorf("visit %s: %w", x.ID, err))
				continue
			}
			if m != nil {
				list = append(list, *m)
			}
		}
	}
	return list, errors.Join(failures...)
}

func (s *Service) recompute(ctx context.Context, by identity.Actor, visit uuid.UUID) (*Moved, error) {
	m, err := s.shift(ctx, by, visit, true)
	if clash := roster.Clash(err); fault.KindOf(clash) == fault.Conflict { // the visit moves all the same, and the team is for people to settle
		if m, err = s.shift(ctx, by, visit, false); m != nil {
			m.Problem = clash
		}
	}
	return m, err
}

// shift moves one visit to where its wall time is now, with its team or without.
func (s *Service) shift(ctx context.Context, by identity.Actor, visit uuid.UUID, team bool) (m *Moved, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := LockVisit(ctx, tx, by, visit, 0)
		if err != nil || x.Status != Booked {
			return err
		}
		was := x.When()
		at := SpanOf(was.LocalFrom, was.LocalTo, was.Zone, was.AllDay)
		if at.StartsAt.Equal(was.StartsAt) && at.EndsAt.Equal(was.EndsAt) {
			return nil
		}
		x.StartsAt, x.EndsAt = &at.StartsAt, &at.EndsAt
		x.Sequence++
		if err := pg.Update(ctx, tx, &x, x.ID, &x.Version, "starts_at", "ends_at", "sequence"); err != nil {
			return fmt.Errorf("move the visit: %w", err)
		}
		if team {
			if err := roster.Free(ctx, tx, now, by, x.ID); err != nil {
				return err
			}
			list, err := s.bookings(ctx, tx, v, x, at)
			if err != nil {
				return err
			}
			if err := roster.Book(ctx, tx, now, by, list); err != nil {
				return err
			}
		}
		why := "The rules of the time zone have changed. The time at the site is as agreed."
		if err := keepTime(ctx, tx, now, by, x, zoneChanged, why); err != nil {
			return err
		}
		e := audit.Event{Action: "visit.recompute", Kind: VisitKind, Subject: x.ID, Before: map[string]any{"starts_at": was.StartsAt},
			After: map[string]any{"starts_at": at.StartsAt, "time": at.Site(official(ctx)), "team_booked": team}}
		if err := record(ctx, tx, now, by, v, e); err != nil {
			return err
		}
		if err := s.Steps.Write(ctx, tx, now, by, v, "validation_moved", map[string]string{"place": x.Place, "time": at.Site(official(ctx)), "reason": why}, nil); err != nil {
			return err
		}
		if err := s.tellOffice(ctx, tx, now, x, v); err != nil {
			return err
		}
		m = &Moved{Reference: v.Reference, Place: x.Place, Was: was.StartsAt, Is: at.StartsAt}
		return s.invite(ctx, tx, now, x, v, ical.Request, nil)
	})
	return m, err
}
