package enforcement

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Answer is the company's word before the decision: its time stops to count, and the office
// is told. Those who edit for the company may. Conflict: it was answered, or decided.
func (s *Service) Answer(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, company(by), func(w work) error {
		text, err := said("answer", "your answer", in.Text, 1, 8000)
		if err != nil {
			return err
		}
		p, err := open(ctx, w.tx, w.ID)
		if err != nil {
			return err
		}
		p.Answer, p.AnsweredAt, p.Answerer = text, &w.now, by.Name
		if err := s.Steps.move(ctx, w, Answer, Facts{Text: text, Field: "answer"}, nil); err != nil {
			return err
		}
		if err := saveProposal(ctx, w.tx, &p, "answer", "answered_at", "answerer"); err != nil {
			return err
		}
		if err := s.Steps.happened(ctx, w, programme.EnforcementAnswered); err != nil {
			return err
		}
		return s.Steps.tellWorker(ctx, w.tx, w.now, *w.Case)
	})
}

// held refuses steps that only a member can take from whom the case takes something.
func (w work) held() error {
	if !w.Held() || w.Status == Closed {
		return fault.New(fault.Conflict, "This case has nothing in force now, so there is nothing to do here")
	}
	return nil
}

// suspended refuses steps that only a member can take whose membership the case suspends.
func (w work) suspended() error {
	if len(w.Suspended) == 0 || w.Status == Closed {
		return fault.New(fault.Conflict, "This case suspends nothing now, so there is nothing to do here")
	}
	return nil
}

// AnswerSuspension is the company's word on a suspension that is in force: the days to
// answer stop to count. It may add more later. Those who edit for the company may.
func (s *Service) AnswerSuspension(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, company(by), func(w work) error {
		if err := w.suspended(); err != nil {
			return err
		}
		text, err := said("suspension", "your answer", in.Text, 1, 8000)
		if err != nil {
			return err
		}
		if w.AnsweredAt == nil {
			w.AnsweredAt = &w.now
			if err := s.Steps.happened(ctx, w, programme.SuspensionAnswered); err != nil {
				return err
			}
		}
		if err := s.Steps.note(ctx, w, "answer_suspension", text, false, nil, "answered_at"); err != nil {
			return err
		}
		return s.Steps.tellWorker(ctx, w.tx, w.now, *w.Case)
	})
}

// ReportCure says that the company meets the conditions again: the days of the agency to
// verify it begin (Delegated Regulation (EU) 2015/2446, Art. 17). Those who edit for the
// company may. Conflict: the ground of the suspension knows no such step, or it was said.
func (s *Service) ReportCure(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, company(by), func(w work) error {
		if err := w.suspended(); err != nil {
			return err
		}
		g, _ := w.rules.Enforcement.Ground(w.Ground)
		if !g.Cure || w.CuredAt != nil {
			return fault.New(fault.Conflict, "You have said so already, or this suspension does not end that way")
		}
		text, err := said("cure", "what you put right", in.Text, 1, 8000)
		if err != nil {
			return err
		}
		w.CuredAt = &w.now
		if err := s.Steps.happened(ctx, w, programme.CureReported); err != nil {
			return err
		}
		if err := s.Steps.note(ctx, w, "report_cure", text, false, nil, "cured_at"); err != nil {
			return err
		}
		return s.Steps.tellWorker(ctx, w.tx, w.now, *w.Case)
	})
}

// AskEntry asks for a longer suspension. The day is written 2026-03-04.
type AskEntry struct {
	Version int
	Until   string
	Reason  string
}

// AskForTime asks for a longer suspension that has a last day. Those who edit for the
// company may.
func (s *Service) AskForTime(ctx context.Context, by identity.Actor, id uuid.UUID, in AskEntry) error {
	return s.step(ctx, by, id, in.Version, company(by), func(w work) error {
		if err := w.suspended(); err != nil {
			return err
		}
		if w.UntilOn == nil {
			return fault.New(fault.Conflict, "This suspension has no last day, so there is nothing to prolong")
		}
		var c entry.Check
		until := ahead(&c, "asks_until", "the day until which you need it", in.Until, w.today)
		if until != nil && !until.After(*w.UntilOn) {
			c.Add("asks_until", "Enter a day after %s", *w.UntilOn)
		}
		reason := c.Text("asks_why", "why you need more time", in.Reason, 1, 4000)
		if err := c.Err(); err != nil {
			return err
		}
		w.AsksOn = until
		if err := s.Steps.note(ctx, w, "ask_for_time", reason, false, map[string]any{"until": until}, "asks_on"); err != nil {
			return err
		}
		return s.Steps.tellSecond(ctx, w.tx, w.now, *w.Case, uuid.Nil)
	})
}

// ConsentEntry signs the consent to unannounced visits.
type ConsentEntry struct {
	Version int
	Agreed  bool
	Name    string
}

// SignConsent signs the company's consent to unannounced visits, with the programme's words
// as they read on this day. Those who sign for the company may, once.
func (s *Service) SignConsent(ctx context.Context, by identity.Actor, id uuid.UUID, in ConsentEntry) error {
	return s.step(ctx, by, id, in.Version, company(by), func(w work) error {
		if !by.Is(identity.CompanySigners...) {
			return fault.New(fault.Forbidden, "Only an owner or a signatory can sign for the company")
		}
		if err := w.held(); err != nil {
			return err
		}
		var c entry.Check
		if !in.Agreed {
			c.Add("agreed", "Tick the box if you consent")
		}
		name := c.Line("name", "your name", in.Name, 1, 200)
		if err := c.Err(); err != nil {
			return err
		}
		there, err := consented(ctx, w.tx, w.ID)
		if err != nil {
			return err
		}
		if there {
			return fault.New(fault.Conflict, "Your company has consented already")
		}
		x := Consent{CaseID: w.ID, CompanyID: w.CompanyID, Wording: w.rules.Enforcement.Consent, Name: name, SignedBy: by.PersonID, SignedAt: w.now}
		if err := add(ctx, w.tx, &x); err != nil {
			return fmt.Errorf("keep the consent: %w", err)
		}
		if err := s.Steps.note(ctx, w, "consent", name, false, map[string]any{"wording": x.Wording, "name": name}, "worker_id"); err != nil {
			return err
		}
		return s.Steps.tellWorker(ctx, w.tx, w.now, *w.Case)
	})
}

// Turn tells the office of suspensions whose last day has passed, and headquarters of
// suspensions at once that nobody confirmed in time: each once. It decides nothing. The
// portal itself; no person calls it. Any number may run at once.
func (s *Service) Turn(ctx context.Context) (done int, err error) {
	by := identity.ClockActor("enforcement")
	for {
		more := false
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			now := s.Now()
			ids, err := scan[uuid.UUID](ctx, tx, dueSQL, map[string]any{"now": now})
			if err != nil || len(ids) == 0 {
				return err
			}
			more = true
			return s.Steps.overdue(ctx, tx, now, by, ids[0])
		})
		if err != nil || !more {
			return done, err
		}
		done++
	}
}

const dueSQL = `select c.id from enforcement_case c join membership m on m.id = c.membership_id join office o on o.id = c.office_id
	where (c.until_on is not null and c.until_told_at is null and c.status <> 'closed' and c.until_on < (cast(@now as timestamptz) at time zone o.zone)::date)
	  or (c.status = 'emergency' and c.confirm_told_at is null and c.confirm_by < (cast(@now as timestamptz) at time zone o.zone)::date)
	order by c.id limit 1 for update of m skip locked`

func (s *Steps) overdue(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID) error {
	c, m, err := lock(ctx, tx, by, id)
	if err != nil {
		return err
	}
	w, err := s.work(tx, now, by, &c, m)
	if err != nil {
		return err
	}
	over := func(d *clock.Day) bool { return d != nil && d.Before(w.today) }
	if over(c.UntilOn) && c.UntilToldAt == nil {
		c.UntilToldAt = &now
		if err := s.note(ctx, w, "time_over", "", true, map[string]any{"until": c.UntilOn}, "until_told_at"); err != nil {
			return err
		}
		if err := s.tellWorker(ctx, tx, now, c); err != nil {
			return err
		}
	}
	if c.Status == Emergency && over(c.ConfirmBy) && c.ConfirmToldAt == nil {
		c.ConfirmToldAt = &now
		if err := s.note(ctx, w, "unconfirmed", "", true, map[string]any{"confirm_by": c.ConfirmBy}, "confirm_told_at"); err != nil {
			return err
		}
		return s.tellSecond(ctx, tx, now, c, *c.EmergencyBy)
	}
	return nil
}
