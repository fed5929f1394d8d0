package appeal

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// FileEntry is what a company sends with an appeal.
type FileEntry struct {
	Reasons string // why the decision is wrong
	Wanted  string // what should be done instead
	Attest  bool   // the signatory stands by it
}

// File files an appeal against the last decision of a case that took something from the
// company. For those who sign for it. Invalid: a field is missing. Conflict: the time to file
// is over, or an appeal against this decision was filed already.
func (s *Service) File(ctx context.Context, by identity.Actor, of uuid.UUID, in FileEntry) (a Appeal, err error) {
	if err := signer(by); err != nil {
		return a, err
	}
	var c entry.Check
	in.Reasons = c.Text("reasons", "why the decision is wrong", in.Reasons, 1, 8000)
	in.Wanted = c.Text("wanted", "what should be done instead", in.Wanted, 0, 4000)
	if !in.Attest {
		c.Add("attest", "Confirm that you file this appeal for the company")
	}
	if err := c.Err(); err != nil {
		return a, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		d, err := s.decision(ctx, tx, by, of)
		if err != nil {
			return err
		}
		if a, err = s.file(ctx, tx, now, by, d, in); err != nil {
			return err
		}
		if err := s.Clocks.Happened(ctx, tx, now, by, d.subject(), programme.AppealFiled); err != nil {
			return fmt.Errorf("start the clock of the appeal: %w", err)
		}
		return s.tell(ctx, tx, now, by, a, d.rules, "appeal_received", map[string]string{"case_number": a.Reference}, map[string]time.Time{"due_on": a.DecideBy.Time()})
	})
	if pg.Constraint(err) == "one_appeal_of_a_decision" {
		err = fault.New(fault.Conflict, "An appeal against this decision was filed already")
	}
	return a, err
}

func (s *Service) file(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, d decision, in FileEntry) (a Appeal, err error) {
	today := clock.DayOf(now, d.zone)
	last, _, ok := FileBy(d.rules, d.Ground, clock.DayOf(d.DecidedAt, d.zone))
	switch {
	case !ok:
		return a, fault.New(fault.Conflict, "There is no appeal against this decision")
	case today.After(last):
		return a, fault.New(fault.Conflict, "The time to appeal ended on %s", last)
	}
	n, err := number(ctx, tx)
	if err != nil {
		return a, fmt.Errorf("give the appeal a number: %w", err)
	}
	a = Appeal{ID: pg.NewID(), Reference: fmt.Sprintf("A-%d-%04d", today.Year(), n), CompanyID: d.CompanyID, CaseID: d.CaseID, ProposalID: d.ProposalID,
		MembershipID: d.MembershipID, OfficeID: d.OfficeID, Programme: d.Programme, Status: Filed, Reasons: in.Reasons, Wanted: in.Wanted,
		FileBy: last, DecideBy: decideBy(d.rules, today), FiledAt: now, FiledBy: by.PersonID, Filer: by.Name, Version: 1}
	if err := tx.WithContext(ctx).Create(&a).Error; err != nil {
		return a, fmt.Errorf("file the appeal: %w", err)
	}
	if err := record(ctx, tx, now, by, a, audit.Event{Action: "appeal.file", After: map[string]any{"reference": a.Reference, "case": d.Reference, "file_by": last, "decide_by": a.DecideBy}}); err != nil {
		return a, err
	}
	officers, err := s.officersBut(ctx, tx, d.CaseID)
	if err != nil {
		return a, err
	}
	return a, s.Letters.ToStaff(ctx, tx, now, officers, Kind, a.ID)
}

// Take takes an appeal in hand, also from a colleague. For appeal officers and headquarters
// who had no part in the case.
func (s *Service) Take(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, officer, func(w work) error {
		if err := w.move(Take, ""); err != nil {
			return err
		}
		w.OfficerID, w.TakenAt = &by.PersonID, &w.now
		return w.save(audit.Event{Action: "appeal.take", After: map[string]any{"officer": by.Name}}, "officer_id", "taken_at")
	})
}

// Add adds a text: the company more reasons, the officer a note, which is internal. For those
// who sign for the company, and for the officer who has the appeal in hand.
func (s *Service) Add(ctx context.Context, by identity.Actor, id uuid.UUID, body string, version int) error {
	may := officer
	if by.Audience == identity.Companies {
		may = signer
	}
	var c entry.Check
	body = c.Text("body", "the text", body, 0, 8000)
	if err := c.Err(); err != nil {
		return err
	}
	return s.step(ctx, by, id, version, may, func(w work) error {
		if err := w.move(Add, body); err != nil {
			return err
		}
		internal := by.Audience != identity.Companies
		e := entryRow{ID: pg.NewID(), AppealID: w.ID, CompanyID: w.CompanyID, ByCompany: !internal, Internal: internal, Body: body, Author: by.Name, PersonID: &by.PersonID, At: w.now}
		if err := w.tx.WithContext(ctx).Create(&e).Error; err != nil {
			return fmt.Errorf("keep what was added: %w", err)
		}
		if err := w.save(audit.Event{Action: "appeal.add", Internal: internal}); err != nil {
			return err
		}
		if !internal && w.OfficerID != nil {
			return s.Letters.ToStaff(ctx, w.tx, w.now, []uuid.UUID{*w.OfficerID}, Kind, w.ID)
		}
		return nil
	})
}

// Drop takes an appeal back. For those who sign for the company; the decision then stands,
// and another appeal can be filed while there is time.
func (s *Service) Drop(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, signer, func(w work) error {
		if err := w.move(Drop, ""); err != nil {
			return err
		}
		w.WithdrawnAt = &w.now
		if err := w.save(audit.Event{Action: "appeal.withdraw"}, "withdrawn_at"); err != nil {
			return err
		}
		if w.OfficerID != nil {
			if err := s.Letters.ToStaff(ctx, w.tx, w.now, []uuid.UUID{*w.OfficerID}, Kind, w.ID); err != nil {
				return err
			}
		}
		return s.Clocks.Happened(ctx, w.tx, w.now, by, w.decision.subject(), programme.AppealDecided)
	})
}

// DecisionEntry is a decision on an appeal.
type DecisionEntry struct {
	Outcome Outcome
	Answer  string // the reasons, for the company
	Version int
}

// Decide decides an appeal. For the officer who has it in hand and had no part in the case.
// What it changes follows at once: the standing of the membership, its case, its clocks and
// the letter to the company.
func (s *Service) Decide(ctx context.Context, by identity.Actor, id uuid.UUID, in DecisionEntry) error {
	var c entry.Check
	in.Answer = c.Text("answer", "the reasons", in.Answer, 0, 8000)
	if err := c.Err(); err != nil {
		return err
	}
	return s.step(ctx, by, id, in.Version, officer, func(w work) error {
		w.facts.Outcome = in.Outcome
		if err := w.move(Decide, in.Answer); err != nil {
			return err
		}
		today := clock.DayOf(w.now, w.decision.zone)
		w.Outcome, w.Answer, w.DecidedAt, w.DecidedBy, w.Decider = in.Outcome, in.Answer, &w.now, &by.PersonID, by.Name
		if in.Outcome != Confirmed {
			w.EffectiveOn = &today
		}
		if err := s.carry(ctx, w); err != nil {
			return err
		}
		err := w.save(audit.Event{Action: "appeal.decide", After: map[string]any{"outcome": in.Outcome, "case": w.decision.Reference}, Reason: in.Answer},
			"outcome", "answer", "effective_on", "decided_at", "decided_by", "decider", "event_id")
		if err != nil {
			return err
		}
		if err := s.Clocks.Happened(ctx, w.tx, w.now, by, w.decision.subject(), programme.AppealDecided); err != nil {
			return fmt.Errorf("stop the clock of the appeal: %w", err)
		}
		return s.tell(ctx, w.tx, w.now, by, *w.Appeal, w.decision.rules, "appeal_"+string(in.Outcome), map[string]string{"case_number": w.Reference, "reason": in.Answer}, map[string]time.Time{"decided_on": today.Time()})
	})
}

// carry makes what the outcome changes so.
func (s *Service) carry(ctx context.Context, w work) error {
	switch w.Outcome {
	case Overturned:
		e, err := s.Cases.Overturn(ctx, w.tx, w.now, w.by, w.CaseID, w.ProposalID, standing.Cause{Kind: Kind, ID: w.ID}, w.Answer)
		w.EventID = &e.ID
		return err
	case EndedNow:
		return s.Cases.EndNow(ctx, w.tx, w.now, w.by, w.CaseID, w.Answer)
	}
	return nil
}

func (s *Service) tell(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a Appeal, p *programme.Programme, code string, values map[string]string, days map[string]time.Time) error {
	return s.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: a.CompanyID, SubjectKind: Kind, SubjectID: a.ID, Programme: p, Code: code, Values: values, Days: days})
}
