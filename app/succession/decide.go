package succession

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
	"trustedtrader/app/finding"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// worker refuses everybody but case workers of the office in charge.
func worker(by identity.Actor, c Case) error {
	switch own, err := by.Reads(); {
	case err != nil:
		return err
	case own != nil:
		return fault.Missing()
	case !by.Is(identity.CaseWorkers...):
		return fault.New(fault.Forbidden, "You can read these cases. Only the office in charge can work on them")
	case !by.InOffice(c.OfficeID):
		return fault.New(fault.Forbidden, "Another office is in charge of this case")
	}
	return nil
}

// desk is a step of the office in charge.
func (s *Service) desk(ctx context.Context, by identity.Actor, id uuid.UUID, in StepEntry, do func(tx pg.Tx, now time.Time, c *Case, m member, text string) error) (Case, error) {
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, c *Case, m member) error {
		if err := worker(by, *c); err != nil {
			return err
		}
		var k entry.Check
		text := k.Text("text", "the reason", in.Text, 0, 4000)
		if err := k.Err(); err != nil {
			return err
		}
		return do(tx, now, c, m, text)
	})
}

// Take begins to look at a case. Case workers of the office in charge may.
func (s *Service) Take(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (Case, error) {
	return s.desk(ctx, by, id, StepEntry{Version: version}, func(tx pg.Tx, now time.Time, c *Case, _ member, _ string) error {
		c.ReviewerID = &by.PersonID
		return s.move(ctx, tx, now, by, c, Take, Facts{}, nil, "reviewer_id")
	})
}

// GiveBack sends a case back to the company, which can change it. Case workers of the office
// in charge may.
func (s *Service) GiveBack(ctx context.Context, by identity.Actor, id uuid.UUID, in StepEntry) (Case, error) {
	return s.desk(ctx, by, id, in, func(tx pg.Tx, now time.Time, c *Case, m member, text string) error {
		if err := s.move(ctx, tx, now, by, c, Return, Facts{Text: text}, nil); err != nil {
			return err
		}
		return s.tell(ctx, tx, now, by, *c, m, "change_case_returned", text)
	})
}

// Decide answers a case with yes or no: a proposal where a second person decides, else the
// decision. Case workers of the office in charge may; a supervisor who did not look at the
// case decides on a proposal. Invalid: a reason or a decision on an open record is missing,
// or the membership that goes on cannot be found.
func (s *Service) Decide(ctx context.Context, by identity.Actor, id uuid.UUID, yes bool, in StepEntry) (Case, error) {
	return s.desk(ctx, by, id, in, func(tx pg.Tx, now time.Time, c *Case, m member, text string) error {
		f := Facts{Two: s.two(m, *c), Same: c.ReviewerID != nil && *c.ReviewerID == by.PersonID, Text: text, Accepts: yes}
		if yes {
			if err := s.sound(ctx, tx, now, m, c, &f); err != nil {
				return err
			}
		}
		if c.Status == InReview && f.Two {
			if c.Proposal = "refuse"; yes {
				c.Proposal = "accept"
			}
			if err := s.move(ctx, tx, now, by, c, Propose, f, map[string]any{"proposal": c.Proposal}, "proposal", "successor_id"); err != nil {
				return err
			}
			persons, err := finding.Supervisors(ctx, tx, c.OfficeID)
			if err != nil {
				return err
			}
			return s.Steps.Letters.ToStaff(ctx, tx, now, slices.DeleteFunc(persons, func(p uuid.UUID) bool { return p == by.PersonID }), Kind, c.ID)
		}
		c.DecidedAt, c.DecidedBy = &now, &by.PersonID
		if !yes {
			if err := s.move(ctx, tx, now, by, c, Refuse, f, nil, "decided_at", "decided_by"); err != nil {
				return err
			}
			return s.tell(ctx, tx, now, by, *c, m, "change_case_refused", text)
		}
		// A day that has passed while the agency looked at it cannot be kept.
		if today := clock.DayOf(now, m.zone); c.ahead() && c.EffectiveOn.Before(today) {
			c.EffectiveOn = today
		}
		if err := s.move(ctx, tx, now, by, c, Accept, f, nil, "decided_at", "decided_by", "effective_on", "successor_id"); err != nil {
			return err
		}
		return s.count(ctx, tx, now, by, c, m)
	})
}

// two reports whether a second person decides: where the programme says so, and whenever
// something keeps a member from simply leaving.
func (s *Service) two(m member, c Case) bool {
	rule, _ := m.rules.Succession.Kind(c.Kind)
	return rule.Decides == programme.SupervisorDecides || c.Kind == Withdrawal
}

// sound looks at what a yes needs: the membership that goes on, and a word on each open record.
func (s *Service) sound(ctx context.Context, tx pg.Tx, now time.Time, m member, c *Case, f *Facts) (err error) {
	if c.Ends() {
		if f.Open, err = undecided(ctx, tx, *c); err != nil {
			return err
		}
	}
	if c.Kind == Withdrawal || c.Kind == TypeChange {
		f.Open = 0 // nothing follows to which they could be carried over, or the company stays the same
	}
	if c.Shares() {
		why, err := s.cannot(ctx, tx, *c)
		if err == nil && why != "" {
			err = fault.Fail([]fault.Field{fault.F("text", why)})
		}
		return err
	}
	if c.Kind != Merger {
		return nil
	}
	list, err := byNumber(ctx, tx, m.Programme, c.SuccessorNumber)
	if err != nil {
		return err
	}
	switch {
	case len(list) == 0 || list[0].ID == m.ID:
		return fault.Fail([]fault.Field{fault.F("text", "No other membership of the programme has the number %s. Send the case back and ask for the right one", c.SuccessorNumber)})
	case list[0].Status == string(standing.Ended):
		return fault.Fail([]fault.Field{fault.F("text", "The membership %s has ended, so nothing can merge into it", c.SuccessorNumber)})
	}
	c.SuccessorID = &list[0].ID
	return nil
}

// HandBack gives a proposal back to the person who looked at the case. Supervisors of the
// office in charge may.
func (s *Service) HandBack(ctx context.Context, by identity.Actor, id uuid.UUID, in StepEntry) (Case, error) {
	return s.desk(ctx, by, id, in, func(tx pg.Tx, now time.Time, c *Case, _ member, text string) error {
		c.Proposal = ""
		if err := s.move(ctx, tx, now, by, c, SendBack, Facts{Text: text}, nil, "proposal"); err != nil {
			return err
		}
		if c.ReviewerID == nil {
			return nil
		}
		return s.Steps.Letters.ToStaff(ctx, tx, now, []uuid.UUID{*c.ReviewerID}, Kind, c.ID)
	})
}

// ItemEntry says what becomes of one open record.
type ItemEntry struct {
	Version  int
	Kind     string // profile, validation, finding
	ID       uuid.UUID
	Decision string // carry, close
}

// DecideItem says what becomes of an open record of a membership that is to end: it is carried
// over to what follows, or closed. Case workers of the office in charge may, until the case is
// decided.
func (s *Service) DecideItem(ctx context.Context, by identity.Actor, id uuid.UUID, in ItemEntry) (Case, error) {
	return s.desk(ctx, by, id, StepEntry{Version: in.Version}, func(tx pg.Tx, now time.Time, c *Case, m member, _ string) error {
		if c.Status != InReview && c.Status != Proposed {
			return fault.New(fault.Conflict, "Open records are decided on while the case is being looked at")
		}
		var k entry.Check
		in.Decision = k.OneOf("decision", "what becomes of it", in.Decision, "carry", "close")
		if err := k.Err(); err != nil {
			return err
		}
		there, err := openItem(ctx, tx, m.ID, in.Kind, in.ID)
		if err != nil {
			return err
		}
		if !there {
			return fault.Missing()
		}
		err = tx.WithContext(ctx).Exec(`insert into change_case_item (case_id, company_id, kind, item_id, decision, decided_by, decided_at) values (?, ?, ?, ?, ?, ?, ?)
			on conflict (case_id, kind, item_id) do update set decision = excluded.decision, decided_by = excluded.decided_by, decided_at = excluded.decided_at`,
			c.ID, c.CompanyID, in.Kind, in.ID, in.Decision, by.PersonID, now).Error
		if err != nil {
			return fmt.Errorf("keep the decision: %w", err)
		}
		if err := pg.Update(ctx, tx, c, c.ID, &c.Version, "status"); err != nil {
			return fmt.Errorf("keep the decision: %w", err)
		}
		return record(ctx, tx, now, by, *c, audit.Event{Action: "succession.decide_item", After: map[string]any{"reference": c.Reference, "kind": in.Kind, "item": in.ID, "decision": in.Decision}, Internal: true})
	})
}

// LinkEntry names the application of a new legal entity.
type LinkEntry struct {
	Version     int
	Application string // its reference
}

// Link ties a split or sale to the application of the new legal entity. Case workers of the
// office in charge may, also after the case took effect. Where the member lets the new company
// start from its security profile, the application need not be sent yet: its profile is then
// filled in from the member's answers, see passOn.
func (s *Service) Link(ctx context.Context, by identity.Actor, id uuid.UUID, in LinkEntry) (Case, error) {
	return s.desk(ctx, by, id, StepEntry{Version: in.Version}, func(tx pg.Tx, now time.Time, c *Case, m member, _ string) error {
		if c.Kind != Split && c.Kind != Sale {
			return fault.New(fault.Conflict, "Only a split or a sale has the application of another company")
		}
		list, err := scan[struct{ ID, CompanyID uuid.UUID }](ctx, tx, `select id, company_id from application where reference = ? and programme = ? and (submitted_at is not null or ?)`,
			strings.ToUpper(strings.TrimSpace(entry.Head(in.Application, 60))), m.Programme, c.ShareAnswers)
		if err != nil {
			return fmt.Errorf("look for the application: %w", err)
		}
		if len(list) == 0 || list[0].CompanyID == m.CompanyID {
			return fault.Fail([]fault.Field{fault.F("application", "No application of another company has this number. Look for it at the desk")})
		}
		c.ApplicationID = &list[0].ID
		if err := pg.Update(ctx, tx, c, c.ID, &c.Version, "application_id"); err != nil {
			return fmt.Errorf("link the application: %w", err)
		}
		if err := write(ctx, tx, now, by, *c, "link", in.Application, true); err != nil {
			return err
		}
		err = record(ctx, tx, now, by, *c, audit.Event{Action: "succession.link", After: map[string]any{"reference": c.Reference, "application": in.Application}, Internal: true})
		if err != nil || c.Status != InForce {
			return err
		}
		return s.passOn(ctx, tx, now, by, *c, m)
	})
}

// openItem reports whether a record of a membership is open.
func openItem(ctx context.Context, tx pg.Tx, membership uuid.UUID, kind string, id uuid.UUID) (yes bool, err error) {
	sql := map[string]string{
		"profile":    `select exists (select from profile_cycle where id = ? and membership_id = ? and status not in ('accepted', 'ended'))`,
		"validation": `select exists (select from validation where id = ? and membership_id = ? and status not in ('closed', 'cancelled'))`,
		"finding": `select exists (select from finding f join validation v on v.id = f.validation_id where f.id = ? and v.membership_id = ?
			and f.status in ('open', 'answered', 'escalated') and f.kind = 'action_required')`,
	}[kind]
	if sql == "" {
		return false, nil
	}
	if err := tx.WithContext(ctx).Raw(sql, id, membership).Scan(&yes).Error; err != nil {
		return false, fmt.Errorf("look for the record: %w", err)
	}
	return yes, nil
}

// tell writes a letter about a case to its company.
func (s *Service) tell(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Case, m member, code, reason string) error {
	rule, _ := m.rules.Succession.Kind(c.Kind)
	when := i18n.T(ctx, "the day on which the new membership begins")
	if !c.EffectiveOn.IsZero() {
		when = c.EffectiveOn.Text(ctx)
	}
	return s.Steps.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: c.CompanyID, SubjectKind: Kind, SubjectID: c.ID, Programme: m.rules, Code: code,
		Values: map[string]string{"changes": i18n.T(ctx, rule.Name), "effective_on": when, "reason": reason, "note": reason, "membership_number": m.Number}})
}

// tellOffice e-mails those who look at cases: who has it, or the supervisors of the office.
func (s *Service) tellOffice(ctx context.Context, tx pg.Tx, now time.Time, c Case) error {
	persons := []uuid.UUID{}
	if c.ReviewerID != nil {
		persons = append(persons, *c.ReviewerID)
	} else {
		list, err := finding.Supervisors(ctx, tx, c.OfficeID)
		if err != nil {
			return err
		}
		persons = list
	}
	return s.Steps.Letters.ToStaff(ctx, tx, now, persons, Kind, c.ID)
}
