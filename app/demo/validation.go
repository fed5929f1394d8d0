package demo

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

// validated is the made-up validation of one member: days are counted back from today, and a
// stage of 0 days is not reached. Visits that were agreed on take place by themselves.
type validated struct {
	programme        string
	n                int  // which of the programme's members, the longest one first
	deciding         bool // of an application that waits for the decision instead
	opened, notified int
	offered          int
	from, to         int // days between which the times are, counted back; below zero: to come
	answered         int // all the times suit somehow, and the company suggests one
	booked           int
	moved            int
	observed         int // another authority was asked for
	cancelled        int
	reason           string
}

// validations are those of the demo, in all states. Those whose visits are long over go on to a report.
func validations() []validated {
	return []validated{
		{programme: "ctpat", n: 0, opened: 160, notified: 158, offered: 150, from: 115, to: 95, answered: 147, booked: 145, reason: "Four years have nearly passed"},
		{programme: "ctpat", n: 1, opened: 130, notified: 129, offered: 122, from: 84, to: 64, answered: 120, booked: 119, reason: "Chosen by the plan: new lanes through two more countries"},
		{programme: "ctpat", n: 2, opened: 85, notified: 84, offered: 76, from: 34, to: 20, answered: 73, booked: 72, reason: "Chosen by the plan: findings of the last validation"},
		{programme: "ctpat", n: 3, opened: 60, notified: 58, cancelled: 40, reason: "Drawn at random"},
		{programme: "ctpat", n: 4, opened: 50, notified: 49, offered: 43, from: -7, to: -24, answered: 40, booked: 39, observed: 18, reason: "Chosen by the plan: volume has doubled"},
		{programme: "ctpat", n: 5, opened: 48, notified: 47, offered: 41, from: -5, to: -20, answered: 37, booked: 35, moved: 9, reason: "First year of membership"},
		{programme: "ctpat", n: 6, opened: 27, notified: 25, offered: 10, from: -14, to: -40, answered: 6, reason: "Chosen by the plan"},
		{programme: "ctpat", n: 7, opened: 33, notified: 31, offered: 17, from: -10, to: -36, reason: "First year of membership"},
		{programme: "ctpat", n: 8, opened: 22, notified: 20, offered: 3, from: -16, to: -44, reason: "Chosen by the plan: a country on its lanes is rated high"},
		{programme: "ctpat", n: 9, opened: 12, notified: 10, reason: "First year of membership"},
		{programme: "ctpat", n: 10, opened: 4, reason: "Drawn at random"},
		{programme: "eu-aeo", n: 0, opened: 95, notified: 94, offered: 88, from: 62, to: 44, answered: 85, booked: 83, reason: "Three years since the authorisation"},
		{programme: "eu-aeo", n: 1, opened: 36, notified: 35, offered: 30, from: -4, to: -21, answered: 26, booked: 25, reason: "Monitoring: new warehouse"},
		{programme: "eu-aeo", deciding: true, opened: 9, notified: 8, offered: 4, from: -10, to: -32, reason: "The premises are seen before the decision"},
	}
}

// validate makes the validations, and lets the visits take place on their days.
func (s *Seeder) validate() (steps []step) {
	for _, a := range validations() {
		var v validation.Validation
		var lead, owner identity.Actor
		at := func(days int, do func() error) {
			if days > 0 {
				steps = append(steps, step{at: s.day(days, 15), do: func() error {
					if v.ID == uuid.Nil && days != a.opened {
						return nil // the made-up world has too few members
					}
					return do()
				}})
			}
		}
		at(a.opened, func() (err error) {
			v, lead, owner, err = s.openValidation(a)
			return err
		})
		at(a.notified, func() error {
			fresh, err := s.Validations.Head(s.ctx, lead, v.ID)
			if err != nil {
				return err
			}
			_, err = s.Validations.NotifyCompany(s.ctx, lead, v.ID, validation.NotifyEntry{Notice: "We look at how goods are received, stored and loaded, and talk to the people who do it.", Version: fresh.Version})
			return err
		})
		at(a.offered, func() error { return s.offer(a, v, lead) })
		at(a.answered, func() error { return s.answerOffer(v, owner) })
		at(a.booked, func() error { return s.choose(v, lead, owner) })
		at(a.moved, func() error { return s.moveVisit(v, lead, owner) })
		at(a.observed, func() error { return s.observe(v, lead, owner) })
		at(a.cancelled, func() error {
			fresh, err := s.Validations.Head(s.ctx, lead, v.ID)
			if err != nil {
				return err
			}
			return s.Validations.Cancel(s.ctx, lead, v.ID, validation.CallOffEntry{Reason: "The company moves its warehouse this quarter. We plan the validation again next year.", Version: fresh.Version})
		})
	}
	// Morning and evening at the sites, from Brussels to the Pacific coast.
	for day := s.day(150, 0); day.Before(s.present); day = day.AddDate(0, 0, 1) {
		for _, hour := range []int{1, 8, 14, 17, 22} {
			if at := day.Add(time.Duration(hour) * time.Hour); at.Before(s.present) {
				steps = append(steps, step{at: at, do: s.takePlace})
			}
		}
		if at := day.Add(22 * time.Hour); at.Before(s.present) {
			steps = append(steps, step{at: at, do: func() error {
				_, err := s.Validations.Sweep(s.ctx)
				return err
			}})
		}
	}
	return steps
}

// openValidation opens a validation; the zero one when there is nobody to validate.
func (s *Seeder) openValidation(a validated) (v validation.Validation, lead, owner identity.Actor, err error) {
	var subjects []struct{ ID, CompanyID, OfficeID uuid.UUID }
	sql := `select m.id, m.company_id, p.office_id from membership m join application p on p.id = m.application_id
		where m.programme = $1 and m.status = 'active' and not m.id = any($3) order by m.certified_on, m.number offset $2 limit 1`
	if a.deciding {
		sql = `select p.id, p.company_id, p.office_id from application p where p.programme = $1 and p.accepted_at is not null and p.closed_at is null and p.status = 'in_review'
			order by p.accepted_at, p.reference offset $2 limit 1`
	}
	args := []any{a.programme, a.n}
	if !a.deciding {
		args = append(args, s.quiet())
	}
	if err := s.DB.Batch(s.ctx, pg.System, pg.All(&subjects, sql, args...)); err != nil || len(subjects) == 0 {
		return v, lead, owner, err
	}
	of := subjects[0]
	var officers []struct{ PersonID uuid.UUID }
	var people []struct {
		PersonID, RightID uuid.UUID
		Name, Email       string
	}
	err = s.DB.Batch(s.ctx, pg.System, pg.All(&officers, `select o.person_id from officer o join person p on p.id = o.person_id where o.active order by o.office_id <> $1, o.capacity desc, p.name`, of.OfficeID),
		pg.All(&people, `select p.id as person_id, r.id as right_id, p.name, p.email from person_right r join person p on p.id = r.person_id
			where r.company_id = $1 and r.role = 'owner' and r.ended_at is null order by r.granted_at limit 1`, of.CompanyID))
	if err != nil || len(people) == 0 {
		return v, lead, owner, err
	}
	owner = identity.Actor{PersonID: people[0].PersonID, RightID: people[0].RightID, Name: people[0].Name, Email: people[0].Email, Audience: identity.Companies, Role: identity.Owner,
		CompanyID: of.CompanyID, Zone: time.UTC}
	for _, o := range officers {
		for _, who := range s.staff {
			if who.PersonID == o.PersonID && lead.PersonID == uuid.Nil && who.Is(identity.CaseWorkers...) && who.InOffice(of.OfficeID) {
				lead = who
			}
		}
	}
	if lead.PersonID == uuid.Nil {
		return v, lead, owner, nil
	}
	in := validation.OpenEntry{Membership: &of.ID, Reason: a.reason, Lead: &lead.PersonID, From: s.day(max(a.from, a.opened-40), 0).Format(time.DateOnly), To: s.day(min(a.to, -30), 0).Format(time.DateOnly)}
	if a.deciding {
		in.Membership, in.Application = nil, &of.ID
	}
	if in.PlanItem, err = s.planned(of.ID); err != nil {
		return v, lead, owner, err
	}
	v, err = s.Validations.Open(s.ctx, lead, in)
	return v, lead, owner, err
}

// quiet are the memberships whom nobody validates.
func (s *Seeder) quiet() (out []uuid.UUID) {
	for _, x := range s.stories {
		if x.quiet {
			out = append(out, x.member.ID)
		}
	}
	return out
}

// planned is the line of an adopted plan in which a membership was chosen, or nil.
func (s *Seeder) planned(membership uuid.UUID) (*uuid.UUID, error) {
	var lines []struct{ ID uuid.UUID }
	err := s.DB.Batch(s.ctx, pg.System, pg.All(&lines, `select i.id from plan_item i join validation_plan p on p.id = i.plan_id
		where i.membership_id = $1 and i.decision = 'chosen' and p.status = 'adopted' order by p.year limit 1`, membership))
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return &lines[0].ID, nil
}

// visitOf is the first visit of a validation to which somebody goes; false: there is none.
func (s *Seeder) visitOf(v validation.Validation, by identity.Actor) (p validation.VisitPage, ok bool, err error) {
	r, err := s.Validations.Record(s.ctx, by, v.ID)
	if err != nil {
		return p, false, err
	}
	for _, x := range r.Visits {
		if x.Goes() {
			p, err = s.Validations.VisitPage(s.ctx, by, x.ID)
			return p, err == nil, err
		}
	}
	return p, false, nil
}

// offer sends up to three times that work, some days apart.
func (s *Seeder) offer(a validated, v validation.Validation, lead identity.Actor) error {
	p, ok, err := s.visitOf(v, lead)
	if err != nil || !ok {
		return err
	}
	from, to := clock.DayOf(s.day(a.from, 0), time.UTC), clock.DayOf(s.day(a.to, 0), time.UTC)
	found, err := s.Roster.Slots(s.ctx, lead, p.Need(from, to, s.Roster.SiteCalendar(p.Visit.Country)))
	if err != nil {
		return err
	}
	in := validation.OfferEntry{Note: "We come with two officers and need a room for the day.", Version: p.Visit.Version,
		Hold: a.booked > 0} // so that nobody else is booked for the time that will be chosen
	var last clock.Day
	for _, slot := range found.Slots {
		if len(in.Slots) < 3 && (last.IsZero() || clock.DaysBetween(last, slot.Day) >= 2) {
			in.Slots, last = append(in.Slots, validation.SpanOf(slot.LocalFrom, slot.LocalTo, p.Visit.Where(), false).Code()), slot.Day
		}
	}
	if len(in.Slots) == 0 {
		return nil
	}
	_, err = s.Validations.Offer(s.ctx, lead, p.Visit.ID, in)
	if in.Hold && fault.Fields(err) != nil { // the team travels too long between these times to hold all of them
		in.Hold = false
		_, err = s.Validations.Offer(s.ctx, lead, p.Visit.ID, in)
	}
	return err
}

// answerOffer says yes, if needed and no in turn, and suggests a time a week after the last.
func (s *Seeder) answerOffer(v validation.Validation, owner identity.Actor) error {
	p, ok, err := s.visitOf(v, owner)
	live := p.Live()
	if err != nil || !ok || live == nil {
		return err
	}
	in := validation.AnswerEntry{Answers: map[uuid.UUID]string{}, Version: live.Version, Reply: "The warehouse is quietest before noon."}
	for i, slot := range live.Slots {
		in.Answers[slot.ID] = []string{validation.IfNeeded, validation.Yes, validation.No}[i%3]
	}
	week := live.Slots[len(live.Slots)-1].LocalFrom.AddDate(0, 0, 7)
	in.Suggests = []validation.Suggestion{{Day: week.Format(time.DateOnly), Note: "Our head of security is back then"}}
	return s.Validations.Answer(s.ctx, owner, p.Visit.ID, in)
}

// choose confirms the time that suits best, and the company prepares the visit.
func (s *Seeder) choose(v validation.Validation, lead, owner identity.Actor) error {
	p, ok, err := s.visitOf(v, lead)
	live := p.Live()
	if err != nil || !ok || live == nil {
		return err
	}
	slots := slices.DeleteFunc(slices.Clone(live.Slots), func(x validation.Slot) bool { return x.Said() == validation.No || x.Suggested })
	slices.SortStableFunc(slots, func(a, b validation.Slot) int {
		return cmp.Compare(b.Said(), a.Said()) // "yes" before "if needed"
	})
	var x validation.Visit
	for _, slot := range slots {
		x, err = s.Validations.Confirm(s.ctx, lead, p.Visit.ID, validation.ConfirmEntry{Slot: slot.ID, Version: p.Visit.Version})
		if fault.KindOf(err) != fault.Conflict { // somebody of the team has another visit by now
			break
		}
	}
	if fault.KindOf(err) == fault.Conflict || len(slots) == 0 {
		return nil // this offer waits for other times
	}
	if err != nil {
		return err
	}
	_, err = s.Validations.Prepare(s.ctx, owner, x.ID, validation.PrepareEntry{Hosts: owner.Name + " and the head of the warehouse, +1 202 555 0199", HostLanguages: "English",
		Safety: "Safety shoes and a vest in the yard. We have both in all sizes.", Access: "Gate 2, ask for the shift lead. Bring an identity document with a photo.", Version: x.Version})
	if err != nil || len(p.Papers) == 0 {
		return err
	}
	return s.Validations.MarkPaper(s.ctx, owner, x.ID, p.Papers[0].ID, validation.ReadyEntry{Ready: true})
}

// moveVisit moves a booked visit by two weeks, or as many days more as the team needs.
func (s *Seeder) moveVisit(v validation.Validation, lead, _ identity.Actor) error {
	p, ok, err := s.visitOf(v, lead)
	if err != nil || !ok || p.Visit.Status != validation.Booked {
		return err
	}
	from := p.Visit.When().First().AddDays(14)
	found, err := s.Roster.Slots(s.ctx, lead, p.Need(from, from.AddDays(20), s.Roster.SiteCalendar(p.Visit.Country)))
	if err != nil || len(found.Slots) == 0 {
		return err
	}
	_, err = s.Validations.Reschedule(s.ctx, lead, p.Visit.ID, validation.RescheduleEntry{Day: found.Slots[0].Day.String(), Reason: "A strike at the port keeps the warehouse closed that week",
		AgreedWith: "the compliance manager, by telephone", Version: p.Visit.Version})
	return err
}

// observe asks for another authority to watch, and the company consents.
func (s *Seeder) observe(v validation.Validation, lead, owner identity.Actor) error {
	p, ok, err := s.visitOf(v, lead)
	if err != nil || !ok || len(p.Agencies) == 0 {
		return err
	}
	err = s.Validations.AskForObserver(s.ctx, lead, p.Visit.ID, validation.ObserverEntry{Agency: p.Agencies[0].ID.String(),
		Purpose: "To compare how both programmes look at seals and at business partners, as the arrangement on mutual recognition provides."})
	if err != nil {
		return err
	}
	p, _, err = s.visitOf(v, owner)
	if err != nil {
		return err
	}
	return s.Validations.Consent(s.ctx, owner, p.Visit.ID, p.Observers[0].ID, validation.ConsentEntry{Answer: validation.Given, Version: p.Observers[0].Version})
}

// takePlace begins the visits whose time has come, and ends those whose time is over.
func (s *Seeder) takePlace() error {
	var due []struct {
		ID, LeadID uuid.UUID
		Booked     bool
		Version    int
	}
	err := s.DB.Batch(s.ctx, pg.System, pg.All(&due, `select x.id, v.lead_id, x.version, x.status = 'booked' as booked from visit x join validation v on v.id = x.validation_id
		where (x.status = 'booked' and x.starts_at <= $1 or x.status = 'under_way' and x.ends_at <= $1) and v.lead_id is not null order by x.starts_at, x.id`, s.Clock.Now()))
	if err != nil {
		return err
	}
	for _, d := range due {
		for _, who := range s.staff {
			if who.PersonID != d.LeadID {
				continue
			}
			do := s.Validations.EndVisit
			if d.Booked {
				do = s.Validations.BeginVisit
			}
			if err := do(s.ctx, who, d.ID, validation.StepEntry{Version: d.Version}); err != nil {
				return fmt.Errorf("visit %s: %w", d.ID, err)
			}
		}
	}
	return nil
}
