package claim

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Take takes a claim in hand, also from a colleague. Specialists, supervisors and headquarters
// of its office may. Conflict: somebody was faster.
func (s *Service) Take(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, worker, func(w work) error {
		first := w.OfficerID == nil
		if err := w.move(Take, Facts{}); err != nil {
			return err
		}
		w.OfficerID, w.TakenAt = &by.PersonID, &w.now
		if err := w.save(audit.Event{Action: "claim.take", After: map[string]any{"officer": by.Name}}, "officer_id", "taken_at"); err != nil {
			return err
		}
		if err := w.log(Take, stepRow{}); err != nil || !first {
			return err
		}
		return w.letter("claim_in_hand", nil, nil)
	})
}

// AskEntry is a question to the partner.
type AskEntry struct {
	Question string
	Refs     bool // send the references
	Happened bool // send what the member says happened
	Version  int
}

// Ask asks the partner agency of the arrangement. The time for the answer stands still. For
// who has the claim in hand. Conflict: the arrangement has no agency in the portal, or the
// member has taken back its consent to it.
func (s *Service) Ask(ctx context.Context, by identity.Actor, id uuid.UUID, in AskEntry) error {
	var c entry.Check
	in.Question = c.Text("question", "the question", in.Question, 0, 2000)
	if err := c.Err(); err != nil {
		return err
	}
	return s.step(ctx, by, id, in.Version, worker, func(w work) error {
		if err := w.move(Ask, Facts{Text: in.Question}); err != nil {
			return err
		}
		r, err := w.ask(in)
		if err != nil {
			return err
		}
		sent := map[string]any{"arrangement": r.Arrangement, "references": in.Refs, "happened": in.Happened}
		if err := w.save(audit.Event{Action: "claim.ask", After: sent}); err != nil {
			return err
		}
		if err := w.log(Ask, stepRow{}); err != nil {
			return err
		}
		if err := w.happened(programme.ClaimPartnerAsked); err != nil {
			return err
		}
		return w.letter("claim_partner_asked", nil, nil)
	})
}

// ask writes what the partner sees. The consent stays as it is meanwhile.
func (w work) ask(in AskEntry) (r request, err error) {
	var list []struct{ ID, AgencyID uuid.UUID }
	err = w.tx.WithContext(w.ctx).Raw(`select r.id, r.agency_id from recognition r join arrangement_agency t on t.arrangement = r.arrangement and t.agency_id = r.agency_id and t.until is null
		where r.membership_id = ? and r.arrangement = ? and r.ended_at is null and r.status <> 'asked' order by r.asked_at desc limit 1 for update of r`, w.MembershipID, w.Arrangement).Scan(&list).Error
	if err != nil {
		return r, fmt.Errorf("look for the partner: %w", err)
	}
	if len(list) == 0 {
		return r, fault.New(fault.Conflict, "The partner cannot be asked: the member does not take part any more, or the partner is not connected to the portal. Answer without it")
	}
	r = request{ID: pg.NewID(), ClaimID: w.ID, RecognitionID: list[0].ID, AgencyID: list[0].AgencyID, Arrangement: w.Arrangement, Number: w.member.Number, FirstOn: w.FirstOn, LastOn: w.LastOn,
		Question: in.Question, Status: RequestAsked, AskedAt: w.now, AskedBy: w.by.PersonID, Version: 1}
	if in.Refs {
		r.Refs = w.Refs
	}
	if in.Happened {
		r.Told = w.Happened
	}
	if err := w.tx.WithContext(w.ctx).Create(&r).Error; err != nil {
		return r, fmt.Errorf("keep the question: %w", err)
	}
	return r, w.tellAgency(r)
}

// tellAgency tells the people of a partner by e-mail that something waits for them.
func (w work) tellAgency(r request) error {
	var people []struct{ Email, Name, Lang string }
	err := w.tx.WithContext(w.ctx).Raw(`select p.email, p.name, p.lang from person_right x join person p on p.id = x.person_id
		where x.audience = 'partner' and x.agency_id = ? and x.ended_at is null and p.email_verified and p.email <> '' order by p.id limit 50`, r.AgencyID).Scan(&people).Error
	if err != nil {
		return fmt.Errorf("find whom to tell at the partner: %w", err)
	}
	for _, p := range people {
		if err := w.s.Letters.Mail(w.ctx, w.tx, w.now, w.mailOf(p.Email, p.Name, p.Lang, r)); err != nil {
			return err
		}
	}
	return nil
}

// Recall takes a question to a partner back, which then need not answer. For who has the
// claim in hand.
func (s *Service) Recall(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, worker, func(w work) error {
		if err := w.move(Recall, Facts{}); err != nil {
			return err
		}
		if err := w.save(audit.Event{Action: "claim.recall"}); err != nil {
			return err
		}
		err := w.tx.WithContext(ctx).Exec(`update claim_request set status = 'recalled', recalled_at = ?, version = version + 1 where claim_id = ? and status = 'asked'`, w.now, w.ID).Error
		if err != nil {
			return fmt.Errorf("take the question back: %w", err)
		}
		if err := w.log(Recall, stepRow{}); err != nil {
			return err
		}
		return w.happened(programme.ClaimPartnerAnswered)
	})
}

// AnswerEntry is the answer to a claim.
type AnswerEntry struct {
	Reason  string // code of the programme: it says what came of it
	Answer  string // what was found and what was done, for the member
	Version int
}

// Answer answers a claim. For who has it in hand.
func (s *Service) Answer(ctx context.Context, by identity.Actor, id uuid.UUID, in AnswerEntry) error {
	var c entry.Check
	in.Answer = c.Text("answer", "what you found", in.Answer, 0, 4000)
	if err := c.Err(); err != nil {
		return err
	}
	return s.step(ctx, by, id, in.Version, worker, func(w work) error {
		reason, _ := w.member.rules.Standing.Claims.Reason(in.Reason)
		if err := w.move(Answer, Facts{Text: in.Answer, Reason: reason}); err != nil {
			return err
		}
		w.Outcome, w.Reason, w.Answer, w.AnsweredAt, w.AnsweredBy = Outcome(reason.Outcome), reason.Code, in.Answer, &w.now, &by.PersonID
		if err := w.save(audit.Event{Action: "claim.answer", After: map[string]any{"outcome": w.Outcome, "reason": w.Reason}, Reason: in.Answer}, "outcome", "reason", "answer", "answered_at", "answered_by"); err != nil {
			return err
		}
		if err := w.log(Answer, stepRow{Body: in.Answer, Outcome: w.Outcome, Reason: w.Reason}); err != nil {
			return err
		}
		if err := w.happened(programme.ClaimAnswered); err != nil {
			return err
		}
		return w.letter("claim_answered", map[string]string{"outcome": i18n.T(ctx, w.Outcome.Name()), "reason": in.Answer}, nil)
	})
}
