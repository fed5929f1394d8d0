package enforcement

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// Approve decides as it was proposed: what is decided has effect from today, the clocks of
// the appeal and of a new application start, and the company is told. A supervisor or
// headquarters other than the proposer may, once the company has answered, its time is over,
// or the law gives it none. All of it happens or nothing. Conflict: it cannot be decided yet,
// or the membership has moved on.
func (s *Service) Approve(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		p, err := open(ctx, w.tx, w.ID)
		if err != nil {
			return err
		}
		f, err := s.Steps.facts(ctx, w, &p)
		if err != nil {
			return err
		}
		note, err := said("note", "the note", in.Text, 0, 4000)
		if err != nil {
			return err
		}
		return s.Steps.approve(ctx, w, &p, f, note)
	})
}

func (s *Steps) approve(ctx context.Context, w work, p *Proposal, f Facts, note string) error {
	g, _ := w.rules.Enforcement.Ground(p.Ground)
	if _, err := Lifecycle().Next(w.Status, Approve, w.by.Role, f); err != nil {
		return err // before the standing of the membership is touched
	}
	if err := s.carryOut(ctx, w, p, g); err != nil {
		return err
	}
	p.Decision, p.Note, p.DecidedAt, p.DecidedBy, p.Decider = Approved, note, &w.now, &w.by.PersonID, w.by.Name
	if err := saveProposal(ctx, w.tx, p, "decision", "note", "decided_at", "decided_by", "decider", "event_id"); err != nil {
		return err
	}
	if w.ToldAt == nil {
		w.ToldAt = &w.now
	}
	w.Ground = p.Ground
	if !w.Held() {
		w.Outcome = p.Measure
	}
	f.Text = note
	if err := s.move(ctx, w, Approve, f, p.said(), inForce("ground", "outcome", "told_at")...); err != nil {
		return err
	}
	if err := s.Incidents.Disclose(ctx, w.tx, w.now, w.ID); err != nil {
		return err
	}
	return s.decided(ctx, w, *p, g)
}

// inForce are the columns of what is in force, with more.
func inForce(more ...string) []string {
	return append([]string{"suspended", "limited", "benefits", "since", "until_on", "until_told_at", "answered_at", "decided_at"}, more...)
}

// carryOut makes what a proposal decides so.
func (s *Steps) carryOut(ctx context.Context, w work, p *Proposal, g programme.Ground) error {
	kind, ok := map[string]standing.Kind{programme.Suspend: standing.Suspended, programme.Limit: standing.Limited, programme.Remove: standing.Removed, programme.Annul: standing.Annulled}[p.Measure]
	if !ok {
		return nil
	}
	e := standing.Event{MembershipID: w.MembershipID, Kind: kind, Types: p.Types, On: w.today, Cause: w.cause(), Ground: g.Code, Reason: entry.Head(p.Reasons, 4000), Source: g.Source}
	if kind == standing.Limited {
		e.Benefits = p.Benefits
	}
	if kind.Ends() {
		e.Ground = g.Ending()
	}
	e, err := s.Standing.Record(ctx, w.tx, w.now, w.by, e)
	if err != nil {
		return fmt.Errorf("%s the membership: %w", p.Measure, err)
	}
	p.EventID, w.DecidedAt = &e.ID, &w.now
	w.take(*p)
	if w.Since = nil; w.Held() {
		w.Since = &w.today
	}
	if kind.Ends() {
		return s.over(ctx, w)
	}
	if p.Measure != programme.Suspend {
		return nil
	}
	w.UntilOn, w.UntilToldAt, w.AnsweredAt = p.UntilOn, nil, nil
	return s.cureDay(ctx, w, g)
}

// cureDay lets the clock of a suspension run that ends once the company meets the conditions
// again, until the last day.
func (s *Steps) cureDay(ctx context.Context, w work, g programme.Ground) error {
	if !g.Cure || w.UntilOn == nil || w.CuredAt != nil {
		return nil
	}
	if err := s.Clocks.Until(ctx, w.tx, w.now, w.by, w.Subject(w.rules), programme.CureDaySet, *w.UntilOn); err != nil {
		return fmt.Errorf("set the clock of the suspension: %w", err)
	}
	return nil
}

// over ends the clocks of a case that has nothing in force any more. Where the membership has
// ended with it, those of its other cases end too.
func (s *Steps) over(ctx context.Context, w work) error {
	if !w.Held() {
		if err := s.happened(ctx, w, programme.MeasuresEnded); err != nil {
			return err
		}
	}
	ids, err := scan[uuid.UUID](ctx, w.tx, `select c.id from enforcement_case c join membership m on m.id = c.membership_id
		where c.membership_id = ? and c.id <> ? and c.status <> 'closed' and m.status = 'ended' order by c.id`, w.MembershipID, w.ID)
	if err != nil {
		return fmt.Errorf("find the other cases of the membership: %w", err)
	}
	for _, id := range ids {
		other := w.Subject(w.rules)
		other.ID = id
		if err := s.Clocks.Happened(ctx, w.tx, w.now, w.by, other, programme.MeasuresEnded); err != nil {
			return fmt.Errorf("end the clocks of another case: %w", err)
		}
	}
	return nil
}

// decided starts the clocks of a decision and tells the company.
func (s *Steps) decided(ctx context.Context, w work, p Proposal, g programme.Ground) error {
	if err := s.happened(ctx, w, programme.EnforcementDecided); err != nil {
		return err
	}
	words := w.words(ctx, p)
	if programme.Burdens(p.Measure) {
		appeal, err := s.appealable(ctx, w, g)
		if err != nil {
			return err
		}
		words["appeal"] = appeal
	}
	if g.Own && p.Measure == programme.Suspend {
		// The company asked for it, so it owes no answer.
		if err := s.happened(ctx, w, programme.SuspensionAnswered); err != nil {
			return err
		}
	}
	if p.ProposedBy != w.by.PersonID {
		if err := s.Letters.ToStaff(ctx, w.tx, w.now, []uuid.UUID{p.ProposedBy}, Kind, w.ID); err != nil {
			return err
		}
	}
	return s.tell(ctx, w.tx, w.now, w.by, *w.Case, "enforcement_decided", words, map[string]time.Time{"effective_on": w.today.Time()})
}

// appealable starts the clock of the appeal and says until when an appeal may be filed.
func (s *Steps) appealable(ctx context.Context, w work, g programme.Ground) (string, error) {
	if g.Appeal == "" {
		return "", nil
	}
	if err := s.happened(ctx, w, g.Appeal); err != nil {
		return "", err
	}
	views, err := s.Clocks.Of(ctx, w.tx, w.now, Kind, w.ID)
	if err != nil {
		return "", err
	}
	for _, rule := range w.rules.ClocksStartedBy(g.Appeal) {
		if v, ok := clock.Find(views, rule.Code); ok && v.StoppedAt == nil {
			return i18n.T(ctx, "You can appeal against this decision until %s.", v.Reading.DueDay.Text(ctx)), nil
		}
	}
	return "", nil
}

// release ends what is in force: the suspension, and the denial of benefits.
func (s *Steps) release(ctx context.Context, w work, reason string) error {
	for _, x := range []struct {
		kind  standing.Kind
		types Codes
	}{{standing.Reinstated, w.Suspended}, {standing.Restored, w.Limited}} {
		if len(x.types) == 0 {
			continue
		}
		_, err := s.Standing.Record(ctx, w.tx, w.now, w.by, standing.Event{MembershipID: w.MembershipID, Kind: x.kind, Types: x.types, On: w.today, Cause: w.cause(), Reason: reason})
		if err != nil {
			return fmt.Errorf("end the measure: %w", err)
		}
	}
	w.Suspended, w.Limited, w.Benefits, w.Since, w.UntilOn, w.UntilToldAt = Codes{}, Codes{}, Codes{}, nil, nil, nil
	return nil
}

// ExtendEntry prolongs a suspension. The day is written 2026-03-04; empty: open.
type ExtendEntry struct {
	Version int
	Until   string
	Reason  string
}

// Extend gives a suspension another last day; the company is told. A supervisor or
// headquarters may. Invalid: the day, or the longest time of the ground.
func (s *Service) Extend(ctx context.Context, by identity.Actor, id uuid.UUID, in ExtendEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		var c entry.Check
		until := ahead(&c, "until", "the last day of the suspension", in.Until, w.today)
		reason := c.Text("reason", "the reason", in.Reason, 1, 4000)
		g, _ := w.rules.Enforcement.Ground(w.Ground)
		if until != nil && g.MaxDays > 0 && w.Since != nil && until.After(w.Since.AddDays(g.MaxDays)) {
			c.Add("until", "On this ground a suspension lasts at most %d days", g.MaxDays)
		}
		if err := c.Err(); err != nil {
			return err
		}
		f, err := s.Steps.facts(ctx, w, nil)
		if err != nil {
			return err
		}
		f.Text, f.Field = reason, "reason"
		w.UntilOn, w.UntilToldAt, w.AsksOn = until, nil, nil
		if err := s.Steps.move(ctx, w, Extend, f, map[string]any{"until": until}, "until_on", "until_told_at", "asks_on"); err != nil {
			return err
		}
		if err := s.Steps.cureDay(ctx, w, g); err != nil {
			return err
		}
		return s.Steps.tell(ctx, w.tx, w.now, by, *w.Case, "enforcement_extended", map[string]string{"reason": reason}, map[string]time.Time{"due_on": until.Time()})
	})
}

// KeepDay refuses a company that asked for a longer suspension; it is told. The same persons
// may as for Extend.
func (s *Service) KeepDay(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		f, err := s.Steps.facts(ctx, w, nil)
		if err != nil {
			return err
		}
		if f.Text, err = said("reason", "the reason", in.Text, 1, 4000); err != nil {
			return err
		}
		f.Field = "reason"
		w.AsksOn = nil
		if err := s.Steps.move(ctx, w, KeepDay, f, nil, "asks_on"); err != nil {
			return err
		}
		return s.Steps.tell(ctx, w.tx, w.now, by, *w.Case, "enforcement_request_refused", map[string]string{"reason": strings.TrimSpace(f.Text)}, nil)
	})
}
