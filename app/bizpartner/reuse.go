package bizpartner

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
)

// sourceSQL finds the last questionnaire that the same mailbox answered with the same
// questions, for whomever. A mailbox is proven by the link, which went there and nowhere else.
const sourceSQL = `select e.id, e.answered_at from questionnaire e where lower(e.to_email) = lower(?) and e.template = ? and e.edition = ? and e.id <> ?
	and e.answered_at is not null and e.status in ('answered', 'returned', 'accepted') order by e.answered_at desc, e.id limit 1`

type source struct {
	ID         uuid.UUID
	AnsweredAt time.Time
}

// past looks for earlier answers of the partner, and whether they are used here.
func (s *Service) past(ctx context.Context, tx pg.Tx, o *Outside) error {
	q := o.Questionnaire
	given, err := scan[bool](ctx, tx, `select true from questionnaire_reuse where questionnaire_id = ? and revoked_at is null`, q.ID)
	if err != nil {
		return fmt.Errorf("read permissions: %w", err)
	}
	if o.Reused = len(given) > 0; o.Reused || q.Status != Sent && q.Status != Opened && q.Status != Begun {
		return nil
	}
	list, err := scan[source](ctx, tx, sourceSQL, q.ToEmail, q.Template, q.Edition, q.ID)
	if err != nil {
		return fmt.Errorf("look for earlier answers: %w", err)
	}
	if len(list) > 0 {
		o.Earlier = &list[0].AnsweredAt
	}
	return nil
}

// Reuse allows that the partner's earlier answers to the same questions are used for this
// member, and takes them over where nothing is answered yet. The member sees them when the
// questionnaire is handed in, and never whose they were. Whoever has the link may. Invalid:
// the permission was not ticked; NotFound: there are none.
func (s *Service) Reuse(ctx context.Context, k Key, allowed bool) (Outside, error) {
	return s.enter(ctx, k, func(tx pg.Tx, now time.Time, o *Outside) error {
		q := &o.Questionnaire
		if o.Earlier == nil {
			return fault.Missing()
		}
		if !allowed {
			return fault.Fail([]fault.Field{fault.F("allow", s.Data.Say(k.Lang, "reuse_need"))})
		}
		list, err := scan[source](ctx, tx, sourceSQL, q.ToEmail, q.Template, q.Edition, q.ID)
		if err != nil || len(list) == 0 {
			return fmt.Errorf("look for earlier answers: %w", err)
		}
		if _, err := run(ctx, tx, `insert into questionnaire_reuse (questionnaire_id, source_id, given_at) values (?, ?, ?)
			on conflict (questionnaire_id) do update set source_id = excluded.source_id, given_at = excluded.given_at, revoked_at = null`, q.ID, list[0].ID, now); err != nil {
			return fmt.Errorf("keep the permission: %w", err)
		}
		earlier, err := scan[Reply](ctx, tx, `insert into questionnaire_answer (questionnaire_id, company_id, question, answer, note, carried, saved_at)
			select ?, ?, a.question, a.answer, a.note, true, ? from questionnaire_answer a where a.questionnaire_id = ?
			on conflict do nothing returning *`, q.ID, q.CompanyID, now, list[0].ID)
		if err != nil {
			return fmt.Errorf("take earlier answers over: %w", err)
		}
		for _, r := range earlier {
			o.Replies[r.Question] = r
		}
		o.Earlier, o.Reused = nil, true
		if err := q.write(ctx, tx, now, "reused", "", o.Partner); err != nil {
			return err
		}
		if err := s.begun(ctx, tx, now, o, k.Lang); err != nil {
			return err
		}
		return o.note(ctx, tx, now, "questionnaire.reuse", map[string]any{"reference": q.Reference, "answers": len(earlier)})
	})
}

// Unuse takes the permission back: answers that came from earlier ones are deleted here, and
// the member no longer sees them. What was handed in is open again; what the member had
// accepted is over, and the partner is due for another assessment. Whoever has the link may.
func (s *Service) Unuse(ctx context.Context, k Key) (Outside, error) {
	return s.enter(ctx, k, func(tx pg.Tx, now time.Time, o *Outside) error {
		q := &o.Questionnaire
		n, err := run(ctx, tx, `update questionnaire_reuse set revoked_at = ? where questionnaire_id = ? and revoked_at is null`, now, q.ID)
		if err != nil {
			return fmt.Errorf("take the permission back: %w", err)
		}
		if n == 0 {
			return fault.Missing()
		}
		if _, err := run(ctx, tx, `delete from questionnaire_answer where questionnaire_id = ? and carried`, q.ID); err != nil {
			return fmt.Errorf("delete earlier answers: %w", err)
		}
		was := q.Status
		q.Score, q.Band, q.Answerer, q.Position = nil, "", "", ""
		set := []string{"score", "band", "answerer", "position"}
		if was.HandedIn() {
			if was == Accepted {
				q.ClosedAt, q.Reason = &now, "The partner took back its permission to use earlier answers"
				set = append(set, "closed_at", "reason")
				if err := s.dueNow(ctx, tx, now, *q); err != nil {
					return err
				}
			}
			if err := s.inform(ctx, tx, now, *q, o.Partner, "The partner took back its permission to use earlier answers. They are no longer shown."); err != nil {
				return err
			}
		}
		if err := q.move(ctx, tx, ByPartner, Unuse, Facts{}, set...); err != nil {
			return err
		}
		for code, r := range o.Replies {
			if r.Carried {
				delete(o.Replies, code)
			}
		}
		o.Reused = false
		if err := q.write(ctx, tx, now, "unused", "", o.Partner); err != nil {
			return err
		}
		return o.note(ctx, tx, now, "questionnaire.unuse", map[string]any{"reference": q.Reference})
	})
}

// dueNow asks for another assessment of a partner whose last one has no ground any more.
func (s *Service) dueNow(ctx context.Context, tx pg.Tx, now time.Time, q Questionnaire) error {
	day, err := today(ctx, tx, now, q.CompanyID)
	if err != nil {
		return err
	}
	if _, err := run(ctx, tx, `update business_partner set assessed_on = null, due_on = ?, version = version + 1 where id = ?`, day.AddDays(-1), q.PartnerID); err != nil {
		return fmt.Errorf("ask for another assessment: %w", err)
	}
	return nil
}
