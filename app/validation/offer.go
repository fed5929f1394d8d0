package validation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/roster"
)

// Proposal is an offer of times for a visit, with what the company answered.
type Proposal struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	VisitID    uuid.UUID
	CompanyID  uuid.UUID
	Round      int
	Status     OfferStatus
	Note       string // of the agency
	AnswerBy   time.Time
	SentAt     time.Time
	SentBy     *uuid.UUID // nil: the company began it, by asking for another time
	RemindedAt *time.Time
	AnsweredAt *time.Time
	AnsweredBy *uuid.UUID
	Answerer   string
	Reply      string // of the company
	ClosedAt   *time.Time
	Version    int
}

// TableName is the table that holds offers.
func (Proposal) TableName() string { return "proposal" }

// Slot is one time of an offer.
type Slot struct {
	ID          uuid.UUID `gorm:"primaryKey"`
	ProposalID  uuid.UUID
	VisitID     uuid.UUID
	CompanyID   uuid.UUID
	Position    int
	LocalFrom   time.Time
	LocalTo     time.Time
	StartsAt    time.Time
	EndsAt      time.Time
	Suggested   bool // by the company
	Note        string
	Answer      *string // nil: not yet
	WithdrawnAt *time.Time
	ChosenAt    *time.Time
	Version     int
}

// TableName is the table that holds the times of offers.
func (Slot) TableName() string { return "slot" }

// What a company can say of a time.
const (
	Yes      = "yes"
	IfNeeded = "if_needed"
	No       = "no"
)

// Said is the answer to a time, "" while there is none.
func (s Slot) Said() string {
	if s.Answer == nil {
		return ""
	}
	return *s.Answer
}

// Choosable reports whether the time may become the visit's: it stands, and the company
// said that it can.
func (s Slot) Choosable() bool {
	return s.WithdrawnAt == nil && (s.Said() == Yes || s.Said() == IfNeeded)
}

// SpanAt is the time of a slot at a visit's place.
func (x Visit) SpanAt(s Slot) Span {
	return Span{LocalFrom: s.LocalFrom, LocalTo: s.LocalTo, StartsAt: s.StartsAt, EndsAt: s.EndsAt, Zone: x.Where(), AllDay: x.AllDay}
}

// OfferEntry offers times.
type OfferEntry struct {
	Slots   []string // as Span.Code writes them
	Note    string
	Hold    bool // keep the team free at these times until the deadline
	Version int  // of the visit
}

// Offer sends a company times to choose from, at most as many as the programme says. It
// takes the place of an offer that is still open. Case workers of the office in charge may.
// Conflict: a time that is to be held is not free; Invalid: the times, no team, too soon.
func (s *Service) Offer(ctx context.Context, by identity.Actor, visit uuid.UUID, in OfferEntry) (p Proposal, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		p, err = s.offer(ctx, tx, s.Now(), by, visit, in)
		return err
	})
	return p, refusal(roster.Clash(err))
}

func (s *Service) offer(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, visit uuid.UUID, in OfferEntry) (p Proposal, err error) {
	x, v, err := WorkOnVisit(ctx, tx, by, visit, in.Version)
	if err != nil {
		return p, err
	}
	rules, err := s.Steps.Rules(v)
	if err != nil {
		return p, err
	}
	var c entry.Check
	spans := times(&c, in.Slots, x, now, min(rules.Validation.Slots, mostOffered))
	note := c.Text("note", "the note", in.Note, 0, 2000)
	if err := c.Err(); err != nil {
		return p, err
	}
	f, err := s.visitFacts(ctx, tx, now, x, v)
	if err != nil {
		return p, err
	}
	f.First = spans[0].First()
	if before := f.NotBefore; x.ShortNoticeAt == nil && f.First.Before(before) {
		return p, fault.Fail(inNotice(f))
	}
	if err := closeOffer(ctx, tx, now, by, v, x, "Other times were offered"); err != nil {
		return p, err
	}
	office, err := officeOf(ctx, tx, v.OfficeID)
	if err != nil {
		return p, err
	}
	round, err := nextRound(ctx, tx, x.ID)
	if err != nil {
		return p, err
	}
	p = Proposal{ID: pg.NewID(), VisitID: x.ID, CompanyID: x.CompanyID, Round: round, Status: Open, Note: note, SentAt: now, SentBy: &by.PersonID, Version: 1,
		AnswerBy: deadline(now, zoneNamed(office.Zone), rules.Validation.AnswerDays, spans[0])}
	if err := add(ctx, tx, &p); err != nil {
		return p, fmt.Errorf("offer times: %w", err)
	}
	var texts []string
	var slots []Slot
	for i, at := range spans {
		slot := Slot{ID: pg.NewID(), ProposalID: p.ID, VisitID: x.ID, CompanyID: x.CompanyID, Position: i + 1, LocalFrom: at.LocalFrom, LocalTo: at.LocalTo,
			StartsAt: at.StartsAt, EndsAt: at.EndsAt, Version: 1}
		if err := add(ctx, tx, &slot); err != nil {
			return p, fmt.Errorf("offer a time: %w", err)
		}
		slots, texts = append(slots, slot), append(texts, at.Site(official(ctx)))
	}
	if in.Hold {
		if err := s.hold(ctx, tx, now, by, v, x, p, slots); err != nil {
			return p, err
		}
	}
	e := Details{After: map[string]any{"times": texts, "answer_by": p.AnswerBy, "held": in.Hold}}
	if err := s.Steps.MoveVisit(ctx, tx, now, by, &x, v, Offer, f, e); err != nil {
		return p, err
	}
	return p, s.Steps.Write(ctx, tx, now, by, v, "validation_offer",
		map[string]string{"place": x.Place, "points": strings.Join(texts, "\n"), "note": note},
		map[string]time.Time{"due_on": clock.DayOf(p.AnswerBy.Add(-time.Minute), zoneNamed(office.Zone)).Time()})
}

// deadline is the end of the last day to answer, at the office: so many days from today,
// and before the first of the times begins.
func deadline(now time.Time, zone *time.Location, days int, first Span) time.Time {
	today := clock.DayOf(now, zone)
	last := today.AddDays(days)
	if eve := clock.DayOf(first.StartsAt, zone).AddDays(-1); eve.Before(last) {
		last = eve
	}
	if last.Before(today) {
		last = today
	}
	return last.End(zone).UTC()
}

// times takes the times of an offer in order, each once.
func times(c *entry.Check, codes []string, x Visit, now time.Time, most int) (list []Span) {
	for _, code := range codes {
		at, ok := spanFor(x, code)
		switch {
		case !ok:
			c.Add("slots", "Choose times from the list, or enter day, from and to")
			return nil
		case !at.StartsAt.After(now):
			c.Add("slots", "%s has passed. Choose a time in the future", at.Wall(context.Background()))
			return nil
		case !slices.ContainsFunc(list, at.Equal):
			list = append(list, at)
		}
	}
	switch {
	case len(list) == 0:
		c.Add("slots", "Choose at least one time")
	case len(list) > most:
		c.Add("slots", "Choose up to %d times", most)
	}
	slices.SortFunc(list, func(a, b Span) int { return a.StartsAt.Compare(b.StartsAt) })
	return list
}

// spanFor reads a time for a visit. A visit of whole days takes the days of it.
func spanFor(x Visit, code string) (Span, bool) {
	at, ok := ParseSpan(code, x.Where(), x.AllDay)
	if ok && x.AllDay {
		first, last := at.First(), at.Last()
		at = SpanOf(first.Time(), last.AddDays(1).Time(), x.Where(), true)
	}
	return at, ok && at.EndsAt.After(at.StartsAt) && at.EndsAt.Sub(at.StartsAt) <= 31*24*time.Hour
}

// hold keeps the team free at the offered times.
func (s *Service) hold(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v Validation, x Visit, p Proposal, slots []Slot) error {
	var list []roster.Booking
	for _, slot := range slots {
		part, err := s.bookings(ctx, tx, v, x, x.SpanAt(slot))
		if err != nil {
			return err
		}
		for i := range part {
			part[i].State, part[i].SlotID, part[i].HoldUntil = roster.Hold, &slot.ID, &p.AnswerBy
		}
		list = append(list, part...)
	}
	for i, a := range list {
		for _, b := range list[:i] {
			if a.OfficerID == b.OfficerID && busyFrom(a).Before(busyTo(b)) && busyFrom(b).Before(busyTo(a)) {
				return fault.Fail([]fault.Field{fault.F("hold", "These times are too close to each other to hold all of them, for the officers travel in between. Choose times further apart, or do not hold them")})
			}
		}
	}
	return roster.Book(ctx, tx, now, by, list)
}

func busyFrom(b roster.Booking) time.Time {
	return b.StartsAt.Add(-time.Duration(b.TravelBefore) * time.Minute)
}

func busyTo(b roster.Booking) time.Time {
	return b.EndsAt.Add(time.Duration(b.TravelAfter) * time.Minute)
}

// closeOffer takes back the offer of a visit that still counts, and frees what was held for it.
func closeOffer(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v Validation, x Visit, why string) error {
	p, err := liveOffer(ctx, tx, x.ID)
	if err != nil || p == nil {
		return err
	}
	if err := roster.FreeHolds(ctx, tx, now, by, x.ID, uuid.Nil); err != nil {
		return err
	}
	was := p.Status
	p.Status, p.ClosedAt = Withdrawn, &now
	if err := pg.Update(ctx, tx, p, p.ID, &p.Version, "status", "closed_at"); err != nil {
		return fmt.Errorf("take back the offer: %w", err)
	}
	return record(ctx, tx, now, by, v, audit.Event{Action: "visit.withdraw_offer", Kind: VisitKind, Subject: x.ID, Reason: why,
		Before: map[string]any{"offer": was}, After: map[string]any{"place": x.Place, "round": p.Round}})
}

// WithdrawOffer takes back the offer that is open. Case workers of the office in charge may.
// Conflict: there is none.
func (s *Service) WithdrawOffer(ctx context.Context, by identity.Actor, visit uuid.UUID, version int) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := WorkOnVisit(ctx, tx, by, visit, version)
		if err != nil {
			return err
		}
		p, err := liveOffer(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		if p == nil {
			return noOffer()
		}
		if err := closeOffer(ctx, tx, now, by, v, x, ""); err != nil {
			return err
		}
		if err := s.Steps.MoveVisit(ctx, tx, now, by, &x, v, Withdraw, VisitFacts{}, Details{}); err != nil {
			return err
		}
		return s.Steps.Write(ctx, tx, now, by, v, "validation_offer_withdrawn", map[string]string{"place": x.Place}, nil)
	})
}

func noOffer() error {
	return fault.New(fault.Conflict, "No times are offered for this visit now. Open the page again to see how it stands")
}

// WithdrawSlot takes back one time of the offer that is open; what the company said of the
// others stays. Case workers of the office in charge may. Conflict: it is the last one.
func (s *Service) WithdrawSlot(ctx context.Context, by identity.Actor, visit, slot uuid.UUID, version int) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := WorkOnVisit(ctx, tx, by, visit, version)
		if err != nil {
			return err
		}
		p, slots, err := offered(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(slots, func(s Slot) bool { return s.ID == slot })
		if i < 0 {
			return fault.Missing()
		}
		if slots[i].WithdrawnAt != nil {
			return fault.Moved()
		}
		if standing(slots) == 1 {
			return fault.New(fault.Conflict, "This is the last of the times. Take back the whole offer instead")
		}
		slots[i].WithdrawnAt = &now
		if err := pg.Update(ctx, tx, &slots[i], slot, &slots[i].Version, "withdrawn_at"); err != nil {
			return fmt.Errorf("take back a time: %w", err)
		}
		if err := freeSlot(ctx, tx, slot); err != nil {
			return err
		}
		if err := pg.Update(ctx, tx, p, p.ID, &p.Version); err != nil {
			return fmt.Errorf("take back a time: %w", err)
		}
		if err := pg.Update(ctx, tx, &x, x.ID, &x.Version); err != nil {
			return fmt.Errorf("take back a time: %w", err)
		}
		return record(ctx, tx, now, by, v, audit.Event{Action: "visit.withdraw_time", Kind: VisitKind, Subject: x.ID,
			After: map[string]any{"place": x.Place, "time": x.SpanAt(slots[i]).Site(official(ctx))}})
	})
}

func standing(slots []Slot) (n int) {
	for _, s := range slots {
		if s.WithdrawnAt == nil {
			n++
		}
	}
	return n
}

// Suggestion is a time that a company suggests, at the site.
type Suggestion struct {
	Day      string // 2006-01-02
	From, To string // HH:MM; empty: the usual hours of the programme
	Note     string
}

// Empty reports whether nothing was entered.
func (s Suggestion) Empty() bool { return s == Suggestion{} }

// AnswerEntry answers an offer.
type AnswerEntry struct {
	Answers  map[uuid.UUID]string // by slot: yes, if_needed, no
	Suggests []Suggestion
	Reply    string
	Version  int // of the offer
}

// Answer says which times suit the company and suggests others. Until the office has chosen
// it may be changed, also after the deadline as long as nothing else was offered. For those
// who edit for the company. Conflict: nothing is offered any more, or the offer has changed.
func (s *Service) Answer(ctx context.Context, by identity.Actor, visit uuid.UUID, in AnswerEntry) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := companyVisit(ctx, tx, by, visit)
		if err != nil {
			return err
		}
		p, slots, err := offered(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		if p.Version != in.Version {
			return fault.Moved()
		}
		return s.answer(ctx, tx, now, by, x, v, p, slots, in)
	})
}

func (s *Service) answer(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x Visit, v Validation, p *Proposal, slots []Slot, in AnswerEntry) error {
	rules, err := s.Steps.Rules(v)
	if err != nil {
		return err
	}
	var c entry.Check
	refused, said := true, map[string]string{}
	for i := range slots {
		if slots[i].WithdrawnAt != nil || slots[i].Suggested {
			continue
		}
		a := c.OneOf("slot-"+slots[i].ID.String(), "whether this time suits you", in.Answers[slots[i].ID], Yes, IfNeeded, No)
		slots[i].Answer = &a
		refused = refused && a == No
		said[x.SpanAt(slots[i]).Site(official(ctx))] = a
	}
	more := suggested(&c, in.Suggests, x, now, rules.Validation.Days.From, rules.Validation.Days.To)
	reply := c.Text("reply", "your note", in.Reply, 0, 2000)
	if refused && len(more) == 0 && reply == "" && c.Fields() == nil {
		c.Add("reply", "None of the times suits you. Suggest another time, or write when a visit would be possible")
	}
	if err := c.Err(); err != nil {
		return err
	}
	for i := range slots {
		switch {
		case slots[i].WithdrawnAt != nil:
			continue
		case slots[i].Suggested:
			slots[i].WithdrawnAt = &now // what is suggested now takes its place
		}
		if err := pg.Update(ctx, tx, &slots[i], slots[i].ID, &slots[i].Version, "answer", "withdrawn_at"); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	if err := suggest(ctx, tx, x, *p, len(slots), more); err != nil {
		return err
	}
	was := p.Status
	p.Status, p.AnsweredAt, p.AnsweredBy, p.Answerer, p.Reply = Answered, &now, &by.PersonID, by.Name, reply
	if err := pg.Update(ctx, tx, p, p.ID, &p.Version, "status", "answered_at", "answered_by", "answerer", "reply"); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	after := map[string]any{"place": x.Place, "answers": said, "note": reply}
	if texts := walls(ctx, more); texts != nil {
		after["suggested"] = texts
	}
	if err := record(ctx, tx, now, by, v, audit.Event{Action: "visit.answer", Kind: VisitKind, Subject: x.ID, Before: map[string]any{"offer": was}, After: after}); err != nil {
		return err
	}
	return s.tellOffice(ctx, tx, now, x, v)
}

func walls(ctx context.Context, list []suggestion) (out []string) {
	for _, s := range list {
		out = append(out, s.at.Site(official(ctx)))
	}
	return out
}

type suggestion struct {
	at   Span
	note string
}

// suggested takes the times that a company suggests.
func suggested(c *entry.Check, list []Suggestion, x Visit, now time.Time, from, to string) (out []suggestion) {
	for i, in := range list {
		if in.Empty() {
			continue
		}
		name := func(field string) string { return fmt.Sprintf("suggest-%d-%s", i+1, field) }
		first, err := clock.ParseDay(in.Day)
		if err != nil {
			c.Add(name("day"), "Enter the day that you suggest with day, month and year")
			continue
		}
		if in.From == "" {
			in.From = from
		}
		if in.To == "" {
			in.To = to
		}
		last := first.AddDays(max(1, x.Days) - 1)
		at, ok := spanFor(x, first.String()+"T"+in.From+"/"+last.String()+"T"+in.To)
		switch {
		case !ok:
			c.Add(name("from"), "Enter from and to as hours and minutes at the site, like 09:00 and 17:00")
		case !at.StartsAt.After(now):
			c.Add(name("day"), "Suggest a day in the future")
		default:
			out = append(out, suggestion{at, c.Line(name("note"), "the note", in.Note, 0, 300)})
		}
	}
	if len(out) > mostOffered {
		c.Add("suggest-1-day", "Suggest up to %d times", mostOffered)
	}
	return out
}

// suggest adds the company's times to an offer.
func suggest(ctx context.Context, tx pg.Tx, x Visit, p Proposal, after int, list []suggestion) error {
	yes := Yes
	for i, s := range list {
		slot := Slot{ID: pg.NewID(), ProposalID: p.ID, VisitID: x.ID, CompanyID: x.CompanyID, Position: after + i + 1, LocalFrom: s.at.LocalFrom, LocalTo: s.at.LocalTo,
			StartsAt: s.at.StartsAt, EndsAt: s.at.EndsAt, Suggested: true, Note: s.note, Answer: &yes, Version: 1}
		if err := add(ctx, tx, &slot); err != nil {
			return fmt.Errorf("suggest a time: %w", err)
		}
	}
	return nil
}

// AskEntry asks for another time of a booked visit.
type AskEntry struct {
	Suggests []Suggestion
	Reason   string
	Version  int // of the visit
}

// AskForAnotherTime tells the office that a booked time does not suit any more, with times
// that would. The booked time stands until the office chooses another. For those who edit
// for the company. Conflict: the visit is not booked, or other times are under discussion.
func (s *Service) AskForAnotherTime(ctx context.Context, by identity.Actor, visit uuid.UUID, in AskEntry) error {
	return refusal(s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, err := companyVisit(ctx, tx, by, visit)
		if err != nil {
			return err
		}
		if in.Version != x.Version {
			return fault.Moved()
		}
		if p, err := liveOffer(ctx, tx, x.ID); err != nil || p != nil || x.Status != Booked {
			if err == nil {
				err = fault.New(fault.Conflict, "Another time can be asked for while a visit is booked and no other times are offered")
			}
			return err
		}
		rules, err := s.Steps.Rules(v)
		if err != nil {
			return err
		}
		var c entry.Check
		more := suggested(&c, in.Suggests, x, now, rules.Validation.Days.From, rules.Validation.Days.To)
		reason := c.Text("reason", "why the time does not suit you", in.Reason, 1, 2000)
		if len(more) == 0 && c.Fields() == nil {
			c.Add("suggest-1-day", "Suggest at least one other time")
		}
		if err := c.Err(); err != nil {
			return err
		}
		round, err := nextRound(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		p := Proposal{ID: pg.NewID(), VisitID: x.ID, CompanyID: x.CompanyID, Round: round, Status: Answered, AnswerBy: now, SentAt: now, AnsweredAt: &now, AnsweredBy: &by.PersonID,
			Answerer: by.Name, Reply: reason, Version: 1}
		if err := add(ctx, tx, &p); err != nil {
			return fmt.Errorf("ask for another time: %w", err)
		}
		if err := suggest(ctx, tx, x, p, 0, more); err != nil {
			return err
		}
		err = record(ctx, tx, now, by, v, audit.Event{Action: "visit.ask_another_time", Kind: VisitKind, Subject: x.ID, Reason: reason,
			After: map[string]any{"place": x.Place, "suggested": walls(ctx, more)}})
		if err != nil {
			return err
		}
		return s.tellOffice(ctx, tx, now, x, v)
	}))
}

// companyVisit locks a visit for those who edit for its company.
func companyVisit(ctx context.Context, tx pg.Tx, by identity.Actor, visit uuid.UUID) (Visit, Validation, error) {
	if own, err := by.Reads(); err != nil || own == nil {
		return Visit{}, Validation{}, fault.Missing()
	}
	x, v, err := LockVisit(ctx, tx, by, visit, 0)
	if err != nil {
		return x, v, err
	}
	if !by.Is(identity.CompanyEditors...) {
		return x, v, fault.New(fault.Forbidden, "You can read this visit but not answer for your company. Ask an owner of your company for the right to edit")
	}
	return x, v, closed(v)
}

// tellOffice tells those who work on a visit that the company did something.
func (s *Service) tellOffice(ctx context.Context, tx pg.Tx, now time.Time, x Visit, v Validation) error {
	persons, err := teamOf(ctx, tx, x.ID)
	if err != nil {
		return err
	}
	if v.LeadID != nil && !slices.Contains(persons, *v.LeadID) {
		persons = append(persons, *v.LeadID)
	}
	return s.Steps.Letters.ToStaff(ctx, tx, now, persons, Kind, v.ID)
}
