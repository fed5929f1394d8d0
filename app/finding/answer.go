package finding

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

// step locks a finding for a step of an actor and checks the version that they saw.
func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int, may func(Finding) error, do func(tx pg.Tx, now time.Time, f *Finding, v validation.Validation) error) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		f, v, err := lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := may(f); err != nil {
			return err
		}
		if f.Version != version {
			return fault.Moved()
		}
		return do(tx, now, &f, v)
	})
}

// answerer lets those through who edit for the company.
func answerer(by identity.Actor) func(Finding) error {
	return func(Finding) error {
		switch own, err := by.Reads(); {
		case err != nil:
			return err
		case own == nil:
			return fault.New(fault.Forbidden, "Only the company answers its findings")
		case !by.Is(identity.CompanyEditors...):
			return fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
		}
		return nil
	}
}

func office(by identity.Actor) func(Finding) error {
	return func(f Finding) error { return worker(by, f) }
}

// AnswerEntry is an answer as a company enters it.
type AnswerEntry struct {
	Version int
	Text    string
	Proof   []uuid.UUID // items of the company's library
}

// Answer is the company's word on a required action: what it did, with proof from its
// library in the versions of this moment. The days stop to count, and the office is told.
// Those who edit for the company may. Invalid: the text or the proof; Conflict: it was
// answered already, or is closed.
func (s *Service) Answer(ctx context.Context, by identity.Actor, id uuid.UUID, in AnswerEntry) error {
	return s.step(ctx, by, id, in.Version, answerer(by), func(tx pg.Tx, now time.Time, f *Finding, v validation.Validation) error {
		var c entry.Check
		text := c.Text("answer", "what you did", in.Text, 1, 8000)
		if len(in.Proof) > mostProofs {
			c.Add("proof", "Choose up to %d items", mostProofs)
		}
		if err := c.Err(); err != nil {
			return err
		}
		f.AnsweredAt = &now
		if err := s.Steps.move(ctx, tx, now, by, f, Answer, Facts{Text: text, Field: "answer"}, map[string]any{"proof": len(in.Proof)}, "answered_at"); err != nil {
			return err
		}
		entry, err := write(ctx, tx, now, by, *f, "answer", text)
		if err != nil {
			return err
		}
		proof, err := pin(ctx, tx, *f, entry, in.Proof)
		if err != nil {
			return err
		}
		if len(proof) != len(in.Proof) {
			return fault.Fail([]fault.Field{fault.F("proof", "An item is no longer in your library. Open the page again and choose anew")})
		}
		for _, x := range proof {
			if err := add(ctx, tx, &x); err != nil {
				return fmt.Errorf("keep the proof: %w", err)
			}
		}
		if err := s.Steps.happened(ctx, tx, now, by, *f, programme.FindingAnswered); err != nil {
			return err
		}
		return s.Steps.tellLead(ctx, tx, now, *f, v)
	})
}

// tellLead e-mails who leads the validation.
func (s *Steps) tellLead(ctx context.Context, tx pg.Tx, now time.Time, f Finding, v validation.Validation) error {
	if v.LeadID == nil {
		return nil
	}
	return s.Letters.ToStaff(ctx, tx, now, []uuid.UUID{*v.LeadID}, Kind, f.ID)
}

// NoteEntry is a step with a text: a reason or a remark.
type NoteEntry struct {
	Version int
	Text    string
}

// AskForTime asks the office for more days to answer. Those who edit for the company may.
func (s *Service) AskForTime(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, answerer(by), func(tx pg.Tx, now time.Time, f *Finding, v validation.Validation) error {
		text, err := reason("why", "why you need more time, and until when", in.Text, 1)
		if err != nil {
			return err
		}
		if err := s.Steps.move(ctx, tx, now, by, f, Ask, Facts{Text: text, Field: "why"}, nil); err != nil {
			return err
		}
		if _, err := write(ctx, tx, now, by, *f, "extension_asked", text); err != nil {
			return err
		}
		return s.Steps.tellLead(ctx, tx, now, *f, v)
	})
}

func reason(field, what, text string, least int) (string, error) {
	var c entry.Check
	text = c.Text(field, what, text, least, 4000)
	return text, c.Err()
}

// ExtendEntry gives more days.
type ExtendEntry struct {
	Version int
	Days    string
	Reason  string // code of the programme's reasons for an extension
	Note    string
}

// Extend gives the company more days to answer, within the limit of the programme. Case
// workers of the office in charge may; time that has run out is not given back.
func (s *Service) Extend(ctx context.Context, by identity.Actor, id uuid.UUID, in ExtendEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(tx pg.Tx, now time.Time, f *Finding, _ validation.Validation) error {
		p, err := s.Steps.rules(f.Programme)
		if err != nil {
			return err
		}
		note, err := reason("note", "why", in.Note, 1)
		if err != nil {
			return err
		}
		days, err := strconv.Atoi(strings.TrimSpace(in.Days))
		if err != nil {
			days = 0 // which the clock refuses with the limits of this extension
		}
		code := p.Validation.Findings.AnswerClock
		if err := s.Steps.move(ctx, tx, now, by, f, Extend, Facts{Text: note, Field: "note"}, map[string]any{"days": days}); err != nil {
			return err
		}
		if err := s.Steps.Clocks.Extend(ctx, tx, now, by, subject(*f, p), code, days, in.Reason, note); err != nil {
			return err
		}
		if _, err := write(ctx, tx, now, by, *f, "extended", note); err != nil {
			return err
		}
		due, _, err := s.Steps.Due(ctx, tx, now, *f)
		if err != nil {
			return err
		}
		rule, _ := p.Clock(code)
		return s.Steps.tell(ctx, tx, now, by, *f, "deadline_extended", map[string]string{"deadline": rule.Name, "reason": note}, map[string]time.Time{"due_on": due.Time()})
	})
}

// RefuseTime answers a company that asked for more time with no. The same persons may as
// for Extend.
func (s *Service) RefuseTime(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(tx pg.Tx, now time.Time, f *Finding, _ validation.Validation) error {
		text, err := reason("note", "why", in.Text, 1)
		if err != nil {
			return err
		}
		if err := s.Steps.move(ctx, tx, now, by, f, Refuse, Facts{Text: text, Field: "note"}, nil); err != nil {
			return err
		}
		if _, err := write(ctx, tx, now, by, *f, "extension_refused", text); err != nil {
			return err
		}
		due, _, err := s.Steps.Due(ctx, tx, now, *f)
		if err != nil {
			return err
		}
		return s.Steps.tell(ctx, tx, now, by, *f, "finding_extension_refused", map[string]string{"reason": text}, map[string]time.Time{"due_on": due.Time()})
	})
}

// Accept ends a required action: what the company did is enough. Before an answer, and after
// the finding was passed on, it needs a reason. The same persons may as for Extend.
func (s *Service) Accept(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(tx pg.Tx, now time.Time, f *Finding, _ validation.Validation) error {
		text, err := reason("note", "the note", in.Text, 0)
		if err != nil {
			return err
		}
		if err := s.Steps.move(ctx, tx, now, by, f, Accept, Facts{Text: text, Field: "note"}, nil); err != nil {
			return err
		}
		if err := s.Steps.over(ctx, tx, now, by, *f, "accept", text); err != nil {
			return err
		}
		return s.Steps.tell(ctx, tx, now, by, *f, "finding_accepted", map[string]string{"note": text}, nil)
	})
}

// over writes down what ended a finding and stops its clock.
func (s *Steps) over(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f Finding, what, text string) error {
	if what != "" {
		if _, err := write(ctx, tx, now, by, f, what, text); err != nil {
			return err
		}
	}
	return s.happened(ctx, tx, now, by, f, programme.FindingClosed)
}

// ReopenEntry asks the company for more.
type ReopenEntry struct {
	Version int
	Reason  string
	Days    string // beyond the last day; empty: that day stays
}

// Reopen asks for more than the company answered. The last day stays what it was unless
// days are added, within the limit of the programme; when it has passed, some must be. The
// same persons may as for Extend.
func (s *Service) Reopen(ctx context.Context, by identity.Actor, id uuid.UUID, in ReopenEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(tx pg.Tx, now time.Time, f *Finding, _ validation.Validation) error {
		p, err := s.Steps.rules(f.Programme)
		if err != nil {
			return err
		}
		var c entry.Check
		text := c.Text("reason", "what is missing", in.Reason, 1, 4000)
		days := 0
		if n := c.Whole("days", "how many more days the company gets", in.Days, 1, 3650, false); n != nil {
			days = *n
		}
		if err := c.Err(); err != nil {
			return err
		}
		if err := s.Steps.move(ctx, tx, now, by, f, Reopen, Facts{Text: text, Field: "reason"}, map[string]any{"days": days}); err != nil {
			return err
		}
		due, err := s.Steps.Clocks.Again(ctx, tx, now, by, subject(*f, p), p.Validation.Findings.AnswerClock, days, extensionReason(p), text)
		if err != nil {
			return err
		}
		if _, err := write(ctx, tx, now, by, *f, "reopen", text); err != nil {
			return err
		}
		return s.Steps.tell(ctx, tx, now, by, *f, "finding_reopened", map[string]string{"reason": text}, map[string]time.Time{"due_on": due.Time()})
	})
}

// extensionReason is the programme's first reason for which the answer may take longer.
func extensionReason(p *programme.Programme) string {
	rule, _ := p.Clock(p.Validation.Findings.AnswerClock)
	if rule.Extension == nil || len(rule.Extension.Reasons) == 0 {
		return ""
	}
	return rule.Extension.Reasons[0]
}

// Escalate passes a finding on to those who decide on further steps: the supervisors of the
// office are told. The company can still answer. The same persons may as for Extend.
func (s *Service) Escalate(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(tx pg.Tx, now time.Time, f *Finding, _ validation.Validation) error {
		text, err := reason("note", "why", in.Text, 1)
		if err != nil {
			return err
		}
		return s.Steps.escalate(ctx, tx, now, by, f, text)
	})
}

func (s *Steps) escalate(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f *Finding, text string) error {
	f.Escalated = true
	if err := s.move(ctx, tx, now, by, f, Escalate, Facts{Text: text, Field: "note"}, nil, "escalated"); err != nil {
		return err
	}
	if _, err := write(ctx, tx, now, by, *f, "escalate", text); err != nil {
		return err
	}
	if err := s.tell(ctx, tx, now, by, *f, "finding_escalated", map[string]string{"reason": text}, nil); err != nil {
		return err
	}
	persons, err := Supervisors(ctx, tx, f.OfficeID)
	if err != nil {
		return err
	}
	return s.Letters.ToStaff(ctx, tx, now, persons, Kind, f.ID)
}

// EscalateAll passes on what is still open of a validation whose case goes to enforcement:
// a step of the report.
func (s *Steps) EscalateAll(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v validation.Validation, text string) error {
	list, err := ofValidation(ctx, tx, v.ID)
	if err != nil {
		return err
	}
	for _, f := range list {
		if f.Kind != ActionRequired || f.Status != Open && f.Status != Answered {
			continue
		}
		if err := s.escalate(ctx, tx, now, by, &f, text); err != nil {
			return err
		}
	}
	return nil
}

// OpenNeeds counts the required actions of a validation that nobody has accepted, and its
// best practices with every element: a step of the report. Drafts count as open.
func (s *Steps) OpenNeeds(ctx context.Context, tx pg.Tx, v validation.Validation) (open, practices int, err error) {
	list, err := ofValidation(ctx, tx, v.ID)
	if err != nil {
		return 0, 0, err
	}
	p, err := s.Rules(v)
	if err != nil {
		return 0, 0, err
	}
	for _, f := range list {
		if f.Kind == ActionRequired && !f.Status.Final() {
			open++
		}
		if f.Status != Withdrawn && f.Whole(p.Validation.Findings) {
			practices++
		}
	}
	return open, practices, nil
}

// Supervisors are the supervisors of an office, or its headquarters' people where it has none.
func Supervisors(ctx context.Context, tx pg.Tx, office uuid.UUID) ([]uuid.UUID, error) {
	list, err := scan[uuid.UUID](ctx, tx, `with people as (select person_id, role, office_id from person_right where audience = 'staff' and ended_at is null and role in ('supervisor', 'headquarters'))
		select person_id from people where role = 'supervisor' and office_id = @office
		union select person_id from people where role = 'headquarters' and not exists (select from people where role = 'supervisor' and office_id = @office)`,
		map[string]any{"office": office})
	if err != nil {
		return nil, fmt.Errorf("find the supervisors: %w", err)
	}
	return list, nil
}

// Withdraw takes a finding back that was wrong. Of one that the company has, the company is
// told. The same persons may as for Extend.
func (s *Service) Withdraw(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(tx pg.Tx, now time.Time, f *Finding, _ validation.Validation) error {
		text, err := reason("note", "why", in.Text, 1)
		if err != nil {
			return err
		}
		if err := s.Steps.move(ctx, tx, now, by, f, Withdraw, Facts{Text: text, Field: "note"}, nil); err != nil {
			return err
		}
		if f.SentAt == nil {
			return nil
		}
		if err := s.Steps.over(ctx, tx, now, by, *f, "", text); err != nil {
			return err
		}
		return s.Steps.tell(ctx, tx, now, by, *f, "finding_withdrawn", map[string]string{"reason": text}, nil)
	})
}
