package enforcement

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// EmergencyEntry suspends at once.
type EmergencyEntry struct {
	Version int
	Ground  string
	Types   []string // empty: all of the membership
	Reasons string   // which the company reads
}

// SuspendNow suspends a membership at once, without notice before: the company is told, and
// can answer then. A supervisor or headquarters may, and a second one confirms within the
// programme's days (6 U.S.C. 967(a); Delegated Regulation (EU) 2015/2446, Art. 10). What was
// proposed before falls. Invalid: the ground or the reasons; Conflict: something is in force.
func (s *Service) SuspendNow(ctx context.Context, by identity.Actor, id uuid.UUID, in EmergencyEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		var c entry.Check
		g, ok := w.rules.Enforcement.Ground(in.Ground)
		if !ok || !g.Emergency {
			c.Add("ground", "Choose a ground on which a membership can be suspended at once")
		}
		p := Proposal{ID: pg.NewID(), CaseID: w.ID, CompanyID: w.CompanyID, Emergency: true, Measure: programme.Suspend, Benefits: Codes{}, Ground: g.Code, ProposedAt: w.now,
			ProposedBy: by.PersonID, Author: by.Name, NotifiedAt: &w.now}
		p.Reasons = c.Text("reasons", "the reasons", in.Reasons, 1, 8000)
		if err := s.Steps.types(ctx, w, &c, in.Types, &p); err != nil {
			return err
		}
		if err := c.Err(); err != nil {
			return err
		}
		if g.MaxDays > 0 {
			last := w.today.AddDays(g.MaxDays)
			p.UntilOn = &last
		}
		return s.Steps.suspendNow(ctx, w, &p, g)
	})
}

func (s *Steps) suspendNow(ctx context.Context, w work, p *Proposal, g programme.Ground) error {
	f, err := s.facts(ctx, w, nil)
	if err != nil {
		return err
	}
	f.Text, f.Field = p.Reasons, "reasons"
	if _, err := Lifecycle().Next(w.Status, SuspendNow, w.by.Role, f); err != nil {
		return err
	}
	if w.Status != Investigating {
		before, err := open(ctx, w.tx, w.ID)
		if err != nil {
			return err
		}
		if err := s.fallBack(ctx, w, &before, Recalled, i18n.T(ctx, "The membership was suspended at once.")); err != nil {
			return err
		}
	}
	if err := s.carryOut(ctx, w, p, g); err != nil {
		return err
	}
	if err := s.keep(ctx, w, p, nil); err != nil {
		return err
	}
	last := w.today.AddDays(w.rules.Enforcement.Emergency.ConfirmDays)
	w.Ground, w.EmergencyAt, w.EmergencyBy, w.ConfirmBy, w.ConfirmToldAt, w.ConfirmedAt, w.ConfirmedBy = g.Code, &w.now, &w.by.PersonID, &last, nil, nil, nil
	if w.ToldAt == nil {
		w.ToldAt = &w.now
	}
	after := p.said()
	after["confirm_by"] = last
	err = s.move(ctx, w, SuspendNow, f, after, inForce("ground", "told_at", "emergency_at", "emergency_by", "confirm_by", "confirm_told_at", "confirmed_at", "confirmed_by")...)
	if err != nil {
		return err
	}
	if err := s.Incidents.Disclose(ctx, w.tx, w.now, w.ID); err != nil {
		return err
	}
	words := w.words(ctx, *p)
	if words["appeal"], err = s.appealable(ctx, w, g); err != nil {
		return err
	}
	if err := s.tellSecond(ctx, w.tx, w.now, *w.Case, w.by.PersonID); err != nil {
		return err
	}
	return s.tell(ctx, w.tx, w.now, w.by, *w.Case, "enforcement_emergency", words, map[string]time.Time{"effective_on": w.today.Time(), "due_on": last.Time()})
}

// Confirm says that a suspension at once was right: it stays. A supervisor or headquarters
// other than the person who suspended may.
func (s *Service) Confirm(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.emergency(ctx, by, id, Confirm, in, 0, func(w work, p *Proposal, f Facts) error {
		w.ConfirmedAt, w.ConfirmedBy = &w.now, &by.PersonID
		p.Decision = Approved
		if err := s.Steps.move(ctx, w, Confirm, f, p.said(), "confirmed_at", "confirmed_by"); err != nil {
			return err
		}
		return s.Steps.tell(ctx, w.tx, w.now, by, *w.Case, "enforcement_confirmed", map[string]string{"note": f.Text}, nil)
	})
}

// LiftEntry says why a suspension at once is lifted.
type LiftEntry struct {
	Version int
	Why     string // a code of the programme
	Text    string // which the company reads
}

// Lift ends a suspension at once that nobody confirms, today or, where the programme says so
// of the reason, as if it had never been. There is no decision left against which to appeal,
// and the case is looked into again. The same persons may as for Confirm. Invalid: the reason.
func (s *Service) Lift(ctx context.Context, by identity.Actor, id uuid.UUID, in LiftEntry) error {
	return s.emergency(ctx, by, id, Lift, NoteEntry{Version: in.Version, Text: in.Text}, 1, func(w work, p *Proposal, f Facts) error {
		why, ok := w.rules.Enforcement.Lift(in.Why)
		if !ok {
			return fault.Fail([]fault.Field{fault.F("why", "Choose why the suspension is lifted")})
		}
		p.Decision = Returned
		if _, err := Lifecycle().Next(w.Status, Lift, by.Role, f); err != nil {
			return err
		}
		if err := s.Steps.lift(ctx, w, *p, why, f.Text); err != nil {
			return err
		}
		after := p.said()
		after["why"] = why.Code
		if err := s.Steps.move(ctx, w, Lift, f, after, inForce("confirm_by")...); err != nil {
			return err
		}
		words := map[string]string{"reason": f.Text, "note": i18n.T(ctx, why.Name) + ". " + i18n.T(ctx, why.Help)}
		return s.Steps.tell(ctx, w.tx, w.now, by, *w.Case, "enforcement_lifted", words, map[string]time.Time{"effective_on": w.today.Time()})
	})
}

// lift takes a suspension at once back, with its clocks.
func (s *Steps) lift(ctx context.Context, w work, p Proposal, why programme.Lift, reason string) error {
	if why.Overturns {
		_, err := s.Standing.Record(ctx, w.tx, w.now, w.by, standing.Event{MembershipID: w.MembershipID, Kind: standing.Overturned, Types: p.Types, On: w.today, Undoes: p.EventID,
			Cause: w.cause(), Reason: reason, Source: why.Source})
		if err != nil {
			return fmt.Errorf("overturn the suspension: %w", err)
		}
		w.Suspended = without(w.Suspended, p.Types)
	}
	if err := s.release(ctx, w, reason); err != nil {
		return err
	}
	w.ConfirmBy, w.DecidedAt = nil, nil
	if err := s.happened(ctx, w, programme.DecisionTakenBack); err != nil {
		return err
	}
	return s.over(ctx, w)
}

// emergency decides on a suspension at once.
func (s *Service) emergency(ctx context.Context, by identity.Actor, id uuid.UUID, do Action, in NoteEntry, least int, then func(w work, p *Proposal, f Facts) error) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		if w.Status != Emergency {
			return fault.New(fault.Conflict, "This step is not available now. The record has moved on, or another person must do it")
		}
		p, err := open(ctx, w.tx, w.ID)
		if err != nil {
			return err
		}
		f, err := s.Steps.facts(ctx, w, &p)
		if err != nil {
			return err
		}
		if f.Text, err = said("reason", "the reason", in.Text, least, 4000); err != nil {
			return err
		}
		f.Field = "reason"
		if err := then(w, &p, f); err != nil {
			return err
		}
		p.Note, p.DecidedAt, p.DecidedBy, p.Decider = f.Text, &w.now, &by.PersonID, by.Name
		if err := saveProposal(ctx, w.tx, &p, "decision", "note", "decided_at", "decided_by", "decider"); err != nil {
			return err
		}
		return s.Steps.Letters.ToStaff(ctx, w.tx, w.now, []uuid.UUID{p.ProposedBy}, Kind, w.ID)
	})
}
