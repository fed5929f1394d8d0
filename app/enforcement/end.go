package enforcement

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// lacks names what stands against the end of what is in force: items of the plan that nobody
// has verified, no consent to unannounced visits, nothing said about the conditions.
func (s *Steps) lacks(ctx context.Context, w work) (out []fault.Field, err error) {
	g, _ := w.rules.Enforcement.Ground(w.Ground)
	list, err := items(ctx, w.tx, w.ID)
	if err != nil {
		return nil, err
	}
	given, err := consented(ctx, w.tx, w.ID)
	if err != nil {
		return nil, err
	}
	return lacking(*w.Case, g, list, given), nil
}

// lacking is lacks without the database.
func lacking(c Case, g programme.Ground, list []Item, given bool) (out []fault.Field) {
	open := 0
	for _, i := range list {
		if i.Status != ItemVerified {
			open++
		}
	}
	switch {
	case g.Plan && (len(list) == 0 || c.PlanStatus != PlanAccepted):
		out = append(out, fault.F("", "The corrective action plan is not accepted yet"))
	case open > 0:
		out = append(out, fault.F("", "Items of the corrective action plan are not verified yet: %d", open))
	}
	if g.Consent && !given {
		out = append(out, fault.F("", "The company has not consented to unannounced visits"))
	}
	if g.Cure && c.CuredAt == nil {
		out = append(out, fault.F("", "The company has not said that it meets the conditions again"))
	}
	return out
}

// ProposeEnd proposes to reinstate the membership, or to give denied benefits back. Case
// workers of the office in charge may. Invalid: what stands against it.
func (s *Service) ProposeEnd(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.end(ctx, by, id, in, ProposeEnd, 1, func(w work, f Facts) error {
		w.EndReason, w.EndProposedAt, w.EndProposedBy = f.Text, &w.now, &by.PersonID
		if err := s.Steps.move(ctx, w, ProposeEnd, f, nil, "end_reason", "end_proposed_at", "end_proposed_by"); err != nil {
			return err
		}
		return s.Steps.tellSecond(ctx, w.tx, w.now, *w.Case, by.PersonID)
	})
}

// RecallEnd takes the proposal of an end back. Case workers of the office in charge may.
func (s *Service) RecallEnd(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.end(ctx, by, id, in, RecallEnd, 0, func(w work, f Facts) error {
		return s.Steps.move(ctx, w, RecallEnd, f, nil)
	})
}

// ReturnEnd sends the proposal of an end back. A supervisor or headquarters other than the
// proposer may.
func (s *Service) ReturnEnd(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.end(ctx, by, id, in, ReturnEnd, 1, func(w work, f Facts) error {
		if err := s.Steps.move(ctx, w, ReturnEnd, f, nil); err != nil {
			return err
		}
		return s.Steps.Letters.ToStaff(ctx, w.tx, w.now, []uuid.UUID{*w.EndProposedBy}, Kind, w.ID)
	})
}

// ApproveEnd reinstates the membership, or gives denied benefits back, from today: the case
// is closed and the company told. The same persons may as for ReturnEnd. Invalid: what
// stands against it by now.
func (s *Service) ApproveEnd(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.end(ctx, by, id, in, ApproveEnd, 0, func(w work, f Facts) error {
		if _, err := Lifecycle().Next(w.Status, ApproveEnd, by.Role, f); err != nil {
			return err
		}
		if err := s.Steps.release(ctx, w, w.EndReason); err != nil {
			return err
		}
		if err := s.Steps.over(ctx, w); err != nil {
			return err
		}
		w.EndDecidedBy, w.Outcome = &by.PersonID, "ended"
		if err := s.Steps.move(ctx, w, ApproveEnd, f, map[string]any{"effective_on": w.today}, inForce("end_decided_by", "outcome")...); err != nil {
			return err
		}
		return s.Steps.tell(ctx, w.tx, w.now, by, *w.Case, "enforcement_ended", map[string]string{"reason": w.EndReason}, map[string]time.Time{"effective_on": w.today.Time()})
	})
}

func (s *Service) end(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry, do Action, least int, then func(w work, f Facts) error) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		f, err := s.Steps.facts(ctx, w, nil)
		if err != nil {
			return err
		}
		if f.Text, err = said("reason", "the reason", in.Text, least, 4000); err != nil {
			return err
		}
		f.Field = "reason"
		f.Own = w.EndProposedBy != nil && *w.EndProposedBy == by.PersonID
		if do == ProposeEnd || do == ApproveEnd {
			if f.Lacks, err = s.Steps.lacks(ctx, w); err != nil {
				return err
			}
		}
		return then(w, f)
	})
}

// Publishable names what stands against publishing the decision of a case: the ground does
// not allow it, the company can still appeal, an appeal is open, or it was won (6 U.S.C.
// 967(b): only after the appeal). Nil: nothing does. A step for appeals too.
func (s *Steps) Publishable(ctx context.Context, tx pg.Tx, now time.Time, c Case) ([]fault.Field, error) {
	rules, err := s.Rules(c)
	if err != nil {
		return nil, err
	}
	g, _ := rules.Enforcement.Ground(c.Ground)
	no := func(message string, args ...any) []fault.Field { return []fault.Field{fault.F("", message, args...)} }
	if !g.Publish || c.DecidedAt == nil {
		return no("On this ground no decision is published"), nil
	}
	fell, err := scan[bool](ctx, tx, `select true from enforcement_proposal p join standing_event e on e.undoes = p.event_id where p.case_id = ? limit 1`, c.ID)
	if err != nil {
		return nil, fmt.Errorf("look whether the decision stands: %w", err)
	}
	if len(fell) > 0 {
		return no("The decision was overturned, so there is nothing to publish"), nil
	}
	filed, open := false, false
	if s.Appeals != nil {
		if filed, open, err = s.Appeals(ctx, tx, c.ID); err != nil {
			return nil, err
		}
	}
	if open {
		return no("An appeal is open. Publish once it is closed"), nil
	}
	views, err := s.Clocks.Of(ctx, tx, now, Kind, c.ID)
	if err != nil {
		return nil, err
	}
	for _, rule := range rules.ClocksStartedBy(g.Appeal) {
		v, ok := clock.Find(views, rule.Code)
		switch {
		case !ok:
		case v.StoppedAt == nil && v.Reading.State != clock.Overdue:
			return no("The company can appeal until %s. Publish after that day", v.Reading.DueDay), nil
		case v.StoppedAt != nil && !filed:
			return no("An appeal is open. Publish once it is closed"), nil
		}
	}
	return nil, nil
}

// Publish marks a decision as published: the names of those who gave false information may
// be published once no appeal is possible (6 U.S.C. 967(b)). A supervisor or headquarters
// may; the company is told. Invalid: what stands against it.
func (s *Service) Publish(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		f, err := s.Steps.facts(ctx, w, nil)
		if err != nil {
			return err
		}
		if f.Text, err = said("reason", "what is published, and where", in.Text, 1, 4000); err != nil {
			return err
		}
		f.Field = "reason"
		if f.Lacks, err = s.Steps.Publishable(ctx, w.tx, w.now, *w.Case); err != nil {
			return err
		}
		w.PublishedAt, w.PublishedBy = &w.now, &by.PersonID
		if err := s.Steps.move(ctx, w, Publish, f, nil, "published_at", "published_by"); err != nil {
			return err
		}
		return s.Steps.tell(ctx, w.tx, w.now, by, *w.Case, "enforcement_published", map[string]string{"reason": f.Text}, nil)
	})
}

// Lock locks a case after its membership, for appeals. What the actor cannot see is not there.
func (s *Steps) Lock(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Case, error) {
	c, _, err := lock(ctx, tx, by, id)
	return c, err
}

// Decision is the last decision of a case that took something from the company, for
// appeals: against it an appeal is filed. Missing: there is none.
func (s *Steps) Decision(ctx context.Context, tx pg.Tx, id uuid.UUID) (p Proposal, err error) {
	list, err := scan[Proposal](ctx, tx, `select id, case_id, company_id, number, emergency, measure, types, benefits, until_on, ground, reasons, proposed_at, proposed_by, author,
		notified_at, answer, answered_at, answerer, decision, note, decided_at, decided_by, decider, event_id
		from enforcement_proposal where case_id = ? and event_id is not null and decision in ('', 'approved') order by number desc limit 1`, id)
	if err != nil {
		return p, fmt.Errorf("find the decision: %w", err)
	}
	if len(list) == 0 {
		return p, fault.Missing()
	}
	return list[0], nil
}

// TookPart lists the persons of the agency who had a part in a case, for appeals: none of
// them decides on one.
func (s *Steps) TookPart(ctx context.Context, tx pg.Tx, id uuid.UUID) ([]uuid.UUID, error) {
	list, err := scan[uuid.UUID](ctx, tx, `select proposed_by from enforcement_proposal where case_id = @id
		union select decided_by from enforcement_proposal where case_id = @id and decided_by is not null
		union select person_id from enforcement_entry where case_id = @id and not by_company and person_id is not null
		union select x.id from enforcement_case c, unnest(array[c.worker_id, c.opened_by, c.emergency_by, c.confirmed_by, c.end_proposed_by, c.end_decided_by]) x(id)
		  where c.id = @id and x.id is not null and c.source_kind <> 'request'`, map[string]any{"id": id})
	if err != nil {
		return nil, fmt.Errorf("find who had a part in the case: %w", err)
	}
	return list, nil
}

// Overturn undoes a decision of a case because an appeal against it was won: the membership
// is as if it had never been decided. What else the case holds stays; when nothing does, it
// is closed. A step for appeals, which have decided who may; they tell the company.
func (s *Steps) Overturn(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id, proposal uuid.UUID, cause standing.Cause, reason string) (standing.Event, error) {
	c, m, err := lock(ctx, tx, by, id)
	if err != nil {
		return standing.Event{}, err
	}
	w, err := s.work(tx, now, by, &c, m)
	if err != nil {
		return standing.Event{}, err
	}
	list, err := scan[Proposal](ctx, tx, `select id, number, measure, types, event_id from enforcement_proposal where id = ? and case_id = ? and event_id is not null`, proposal, c.ID)
	if err != nil {
		return standing.Event{}, fmt.Errorf("find the decision: %w", err)
	}
	if len(list) == 0 {
		return standing.Event{}, fault.Missing()
	}
	p := list[0]
	// A suspension at once that was lifted because it was wrong has fallen already: the appeal
	// says so too, and nothing changes.
	if e, fallen, err := fell(ctx, tx, c.MembershipID, p); err != nil || fallen {
		return e, err
	}
	e, err := s.Standing.Record(ctx, tx, now, by, standing.Event{MembershipID: c.MembershipID, Kind: standing.Overturned, Types: p.Types, On: w.today, Undoes: p.EventID, Cause: cause, Reason: reason})
	if err != nil {
		return e, err
	}
	if p.Measure == programme.Suspend {
		c.Suspended = without(c.Suspended, p.Types)
	}
	if p.Measure == programme.Limit {
		c.Limited = without(c.Limited, p.Types)
	}
	if p.Measure == programme.Remove || p.Measure == programme.Annul {
		if err := s.backInForce(ctx, w, p); err != nil {
			return e, err
		}
	}
	columns := inForce("outcome")
	if c.Held() && c.Status == Closed {
		c.Status, c.ClosedAt, c.Outcome = InForce, nil, ""
		columns = append(columns, "status", "closed_at")
	}
	if !c.Held() {
		if err := s.over(ctx, w); err != nil {
			return e, err
		}
		c.Since, c.UntilOn = nil, nil
		if c.Status == Investigating { // it was lifted, and the case is looked into again
			columns = inForce()
		} else {
			c.Outcome = "overturned"
		}
		if c.Status != Closed && c.Status != Investigating {
			if err := s.dropOpen(ctx, w, reason); err != nil {
				return e, err
			}
			c.Status, c.ClosedAt = Closed, &now
			columns = append(columns, "status", "closed_at")
		}
	}
	if err := pg.Update(ctx, tx, &c, c.ID, &c.Version, columns...); err != nil {
		return e, fmt.Errorf("overturn the decision of case %s: %w", c.Reference, err)
	}
	if err := write(ctx, tx, now, by, c, "overturn", reason, false); err != nil {
		return e, err
	}
	return e, record(ctx, tx, now, by, c, audit.Event{Action: "enforcement.overturn", After: map[string]any{"reference": c.Reference, "status": c.Status}, Reason: reason})
}

// fell finds what undid a decision before.
func fell(ctx context.Context, tx pg.Tx, membership uuid.UUID, p Proposal) (e standing.Event, yes bool, err error) {
	events, err := standing.Events(ctx, tx, membership)
	if err != nil {
		return e, false, err
	}
	i := slices.IndexFunc(events, func(x standing.Event) bool {
		return x.Kind == standing.Overturned && x.Undoes != nil && p.EventID != nil && *x.Undoes == *p.EventID
	})
	if i < 0 {
		return e, false, nil
	}
	return events[i], true, nil
}

// backInForce puts back what a case had in force before a decision that ended the membership
// and has fallen: what was suspended or denied then is so again.
func (s *Steps) backInForce(ctx context.Context, w work, fallen Proposal) error {
	list, err := scan[Proposal](ctx, w.tx, `select p.measure, p.types, p.benefits, p.until_on, p.decided_at, p.proposed_at from enforcement_proposal p join standing_event e on e.id = p.event_id
		where p.case_id = ? and p.number < ? and p.measure in ('suspend', 'limit')
		  and not exists (select from standing_event x where x.undoes = e.id)
		  and not exists (select from standing_event x where x.membership_id = e.membership_id and x.seq > e.seq and x.kind in ('reinstated', 'restored') and x.cause_kind = e.cause_kind and x.cause_id = e.cause_id)
		order by p.number`, w.ID, fallen.Number)
	if err != nil {
		return fmt.Errorf("find what was in force before: %w", err)
	}
	zone, err := w.member.zone()
	if err != nil {
		return err
	}
	for _, p := range list {
		p.Types = without(p.Types, without(p.Types, fallen.Types))
		w.take(p)
		since := clock.DayOf(p.ProposedAt, zone)
		if p.DecidedAt != nil {
			since = clock.DayOf(*p.DecidedAt, zone)
		}
		if w.Since = &since; p.Measure == programme.Suspend {
			w.UntilOn = p.UntilOn
		}
	}
	return nil
}

// EndNow ends what a case has in force from today, because an appeal against it was won in
// part: it was right and has lasted long enough. A step for appeals, like Overturn.
func (s *Steps) EndNow(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, reason string) error {
	c, m, err := lock(ctx, tx, by, id)
	if err != nil {
		return err
	}
	w, err := s.work(tx, now, by, &c, m)
	if err != nil {
		return err
	}
	if !c.Held() {
		return fault.New(fault.Conflict, "This case has nothing in force that could end")
	}
	if err := s.release(ctx, w, reason); err != nil {
		return err
	}
	if err := s.dropOpen(ctx, w, reason); err != nil {
		return err
	}
	if err := s.over(ctx, w); err != nil {
		return err
	}
	c.Status, c.ClosedAt, c.Outcome = Closed, &now, "ended"
	if err := pg.Update(ctx, tx, &c, c.ID, &c.Version, inForce("status", "closed_at", "outcome")...); err != nil {
		return fmt.Errorf("end case %s: %w", c.Reference, err)
	}
	if err := write(ctx, tx, now, by, c, "end_by_appeal", reason, false); err != nil {
		return err
	}
	return record(ctx, tx, now, by, c, audit.Event{Action: "enforcement.end_by_appeal", After: map[string]any{"reference": c.Reference, "effective_on": w.today}, Reason: reason})
}

// dropOpen takes back what waits for a decision in a case that closes.
func (s *Steps) dropOpen(ctx context.Context, w work, reason string) error {
	p, err := open(ctx, w.tx, w.ID)
	if fault.KindOf(err) == fault.Conflict {
		return nil
	}
	if err != nil {
		return err
	}
	return s.fallBack(ctx, w, &p, Recalled, reason)
}
