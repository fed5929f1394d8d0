package bizpartner

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
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// mostTasks bounds the corrective actions of one questionnaire.
const mostTasks = 100

// Said is an entry of the history of a questionnaire.
type Said struct {
	What, Body, Author string
	At                 time.Time
}

// Result is a questionnaire as the member sees it.
type Result struct {
	Questionnaire Questionnaire
	Partner       Partner
	Template      *Template
	Replies       map[string]Reply // empty until the partner has handed them in
	Points        []Points
	Tasks         []Task
	History       []Said
	Today         clock.Day
	May           []Action
	MayEdit       bool
}

// Can reports whether the actor may take a step now.
func (r Result) Can(do Action) bool { return slices.Contains(r.May, do) }

// Result reads a questionnaire of the actor's company. Its own people may.
func (s *Service) Result(ctx context.Context, by identity.Actor, id uuid.UUID) (r Result, err error) {
	if err := reader(by); err != nil {
		return r, err
	}
	var replies []Reply
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&r.Questionnaire, `select * from questionnaire where id = $1 and company_id = $2`, id, by.CompanyID),
		pg.One(&r.Partner, `select p.* from business_partner p join questionnaire q on q.partner_id = p.id where q.id = $1 and q.company_id = $2`, id, by.CompanyID),
		pg.All(&replies, `select * from questionnaire_answer where questionnaire_id = $1`, id),
		pg.All(&r.Tasks, `select * from questionnaire_action where questionnaire_id = $1 order by done_on is not null, due_on, id`, id),
		pg.All(&r.History, `select what, body, author, at from questionnaire_entry where questionnaire_id = $1 order by at desc, id desc limit 200`, id),
		pg.Value(&r.Today, daySQL, by.CompanyID, s.Now()))
	if err != nil {
		return r, fmt.Errorf("read a questionnaire: %w", err)
	}
	if r.Template, err = s.template(r.Questionnaire); err != nil {
		return r, err
	}
	r.Replies = map[string]Reply{}
	answers := map[string]string{}
	for _, x := range replies {
		r.Replies[x.Question], answers[x.Question] = x, x.Answer
	}
	if r.Questionnaire.Status.HandedIn() {
		_, _, r.Points = r.Template.Score(answers)
	}
	if r.MayEdit = by.Is(identity.CompanyEditors...); r.MayEdit {
		r.May = Lifecycle().Actions(r.Questionnaire.Status, ByMember, Facts{})
	}
	return r, nil
}

// step opens a questionnaire of the actor's company for a step of an editor.
func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int, do func(tx pg.Tx, now time.Time, q *Questionnaire, p Partner) error) error {
	if err := editor(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		q, err := lock[Questionnaire](ctx, tx, by.CompanyID, id)
		if err != nil {
			return err
		}
		if q.Version != version {
			return fault.Moved()
		}
		p, err := lock[Partner](ctx, tx, by.CompanyID, q.PartnerID)
		if err != nil {
			return err
		}
		return do(tx, s.Now(), &q, p)
	})
}

func (q Questionnaire) record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, e audit.Event) error {
	e.Kind, e.Subject, e.Company = KindQuestionnaire, q.ID, q.CompanyID
	return audit.Record(ctx, tx, now, by, e)
}

// ReturnEntry sends single answers back, each with what the member asks about it.
type ReturnEntry struct {
	Version int
	Notes   map[string]string // by question; empty ones are left alone
}

// Return sends single answers back to the partner, who mends them through the same link.
// Editors may. Invalid: nothing is asked.
func (s *Service) Return(ctx context.Context, by identity.Actor, id uuid.UUID, in ReturnEntry) error {
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, q *Questionnaire, p Partner) error {
		t, err := s.template(*q)
		if err != nil {
			return err
		}
		if q.Status != Answered {
			return fault.New(fault.Conflict, "This step is not available now. The record has moved on, or another person must do it")
		}
		var c entry.Check
		n := 0
		for _, question := range t.Questions() {
			note := c.Text(ReturnField(question.Code), "what you ask", in.Notes[question.Code], 0, 2000)
			if note == "" || c.Err() != nil {
				continue
			}
			n++
			if _, err := run(ctx, tx, `update questionnaire_answer set returned = ?, mended = false where questionnaire_id = ? and question = ?`, note, q.ID, question.Code); err != nil {
				return fmt.Errorf("send an answer back: %w", err)
			}
		}
		if n == 0 && c.Err() == nil {
			c.Add("", "Write what you ask beside at least one answer")
		}
		if err := c.Err(); err != nil {
			return err
		}
		day, err := today(ctx, tx, now, q.CompanyID)
		if err != nil {
			return err
		}
		// The partner gets as many days again, and the same link goes on that long.
		q.DueOn, q.Reminded = day.AddDays(t.AnswerDays), 0
		if until := now.AddDate(0, 0, t.LinkDays); until.After(q.LinkUntil) {
			q.LinkUntil = until
		}
		if err := q.move(ctx, tx, ByMember, Return, Facts{}, "due_on", "reminded", "link_until"); err != nil {
			return err
		}
		if err := q.write(ctx, tx, now, "returned", "", by.Name); err != nil {
			return err
		}
		if err := s.post(ctx, tx, now, *q, outsider{by.Company, p.Name}, "return"); err != nil {
			return err
		}
		return q.record(ctx, tx, now, by, audit.Event{Action: "questionnaire.return", After: map[string]any{"reference": q.Reference, "answers": n}})
	})
}

// ReturnField names the field of what is asked about an answer.
func ReturnField(question string) string { return "ask-" + question }

// NoteEntry is a step with a text.
type NoteEntry struct {
	Version int
	Text    string
}

// Accept ends the follow-up: the partner counts as assessed today, and the next assessment is
// due by its risk (criterion 3.7). Editors may; answers that are with the partner again need
// a reason.
func (s *Service) Accept(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, q *Questionnaire, p Partner) error {
		var c entry.Check
		note := c.Text("note", "the note", in.Text, 0, 2000)
		if err := c.Err(); err != nil {
			return err
		}
		q.ClosedAt = &now
		if err := q.move(ctx, tx, ByMember, Accept, Facts{Text: note, Field: "note"}, "closed_at"); err != nil {
			return err
		}
		day, err := today(ctx, tx, now, q.CompanyID)
		if err != nil {
			return err
		}
		due := s.Data.next(p.Risk, day)
		p.AssessedOn, p.DueOn = &day, &due
		if err := pg.Update(ctx, tx, &p, p.ID, &p.Version, "assessed_on", "due_on"); err != nil {
			return fmt.Errorf("accept a questionnaire: %w", err)
		}
		if err := q.write(ctx, tx, now, "accepted", note, by.Name); err != nil {
			return err
		}
		return q.record(ctx, tx, now, by, audit.Event{Action: "questionnaire.accept", After: map[string]any{"reference": q.Reference, "next_due": due.String()}, Reason: note})
	})
}

// RenewEntry sends another link.
type RenewEntry struct {
	Version int
	Name    string
	Email   string
}

// Renew sends a new link and ends the one before; what was answered stays. Editors may. To
// another mailbox nothing goes along that came from earlier answers of the first.
func (s *Service) Renew(ctx context.Context, by identity.Actor, id uuid.UUID, in RenewEntry) error {
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, q *Questionnaire, p Partner) error {
		t, err := s.template(*q)
		if err != nil {
			return err
		}
		var c entry.Check
		was := q.ToEmail
		q.ToName, q.ToEmail = c.Line("name", "the name of the person", in.Name, 1, 200), c.Email("email", in.Email)
		if err := c.Err(); err != nil {
			return err
		}
		if p.EndedAt != nil {
			return fault.New(fault.Conflict, "You no longer work with this partner")
		}
		if !strings.EqualFold(was, q.ToEmail) && q.BegunAt != nil {
			return fault.New(fault.Conflict, "This mailbox has begun to answer. Call the questionnaire off and send another one to the new mailbox")
		}
		day, err := today(ctx, tx, now, q.CompanyID)
		if err != nil {
			return err
		}
		q.Round++
		q.TokenHash, q.LinkUntil, q.DueOn, q.Reminded, q.ClosedAt, q.Reason = hash(s.token(q.ID, q.Round)), now.AddDate(0, 0, t.LinkDays), day.AddDays(t.AnswerDays), 0, nil, ""
		if err := q.move(ctx, tx, ByMember, Renew, Facts{}, "to_name", "to_email", "round", "token_hash", "link_until", "due_on", "reminded", "closed_at", "reason"); err != nil {
			return err
		}
		if err := q.write(ctx, tx, now, "renewed", "", by.Name); err != nil {
			return err
		}
		if err := s.post(ctx, tx, now, *q, outsider{by.Company, p.Name}, "mail"); err != nil {
			return err
		}
		return q.record(ctx, tx, now, by, audit.Event{Action: "questionnaire.renew", After: map[string]any{"reference": q.Reference, "to": q.ToEmail}})
	})
}

// Cancel calls a questionnaire off; its link ends at once. Editors may.
func (s *Service) Cancel(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, q *Questionnaire, _ Partner) error {
		var c entry.Check
		q.Reason = c.Text("reason", "the reason", in.Text, 1, 2000)
		if err := c.Err(); err != nil {
			return err
		}
		q.ClosedAt = &now
		if err := q.move(ctx, tx, ByMember, Cancel, Facts{Text: q.Reason, Field: "reason"}, "reason", "closed_at"); err != nil {
			return err
		}
		if err := q.write(ctx, tx, now, "cancelled", q.Reason, by.Name); err != nil {
			return err
		}
		return q.record(ctx, tx, now, by, audit.Event{Action: "questionnaire.cancel", After: map[string]any{"reference": q.Reference}, Reason: q.Reason})
	})
}

// TaskEntry asks a partner to correct something.
type TaskEntry struct {
	ID       uuid.UUID // made with the form, so that sending twice makes one
	Question string    // empty: of the whole
	What     string
	Due      string // day such as 2026-03-04
}

// AddTask records a corrective action with its day (criterion 3.6). Editors may, once the
// partner has answered.
func (s *Service) AddTask(ctx context.Context, by identity.Actor, id uuid.UUID, in TaskEntry) error {
	if err := editor(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		q, err := lock[Questionnaire](ctx, tx, by.CompanyID, id)
		if err != nil {
			return err
		}
		if !q.Status.HandedIn() {
			return fault.New(fault.Conflict, "The partner has not answered yet")
		}
		t, err := s.template(q)
		if err != nil {
			return err
		}
		day, err := today(ctx, tx, now, by.CompanyID)
		if err != nil {
			return err
		}
		there, err := scan[uuid.UUID](ctx, tx, `select id from questionnaire_action where questionnaire_id = ?`, q.ID)
		switch {
		case err != nil:
			return fmt.Errorf("read the actions: %w", err)
		case slices.Contains(there, in.ID):
			return nil
		case len(there) >= mostTasks:
			return fault.New(fault.Conflict, "A questionnaire can have up to %d corrective actions", mostTasks)
		}
		x := Task{ID: in.ID, QuestionnaireID: q.ID, CompanyID: q.CompanyID, Question: in.Question, CreatedAt: now, Author: by.Name, Version: 1}
		if x.ID == uuid.Nil {
			x.ID = pg.NewID()
		}
		var c entry.Check
		if _, ok := t.Question(in.Question); !ok && in.Question != "" {
			c.Add("question", "Choose the question")
		}
		x.What = c.Text("what", "what is to be corrected", in.What, 1, 2000)
		if x.DueOn, err = clock.ParseDay(in.Due); err != nil || x.DueOn.Before(day) || x.DueOn.After(day.AddYears(2)) {
			c.Add("due", "Enter a day from today to two years from now")
		}
		if err := c.Err(); err != nil {
			return err
		}
		if err := add(ctx, tx, &x); err != nil {
			return fmt.Errorf("record a corrective action: %w", err)
		}
		return q.record(ctx, tx, now, by, audit.Event{Action: "questionnaire.add_action", After: map[string]any{"reference": q.Reference, "what": x.What, "due_on": x.DueOn.String()}})
	})
}

// DoneEntry says that a corrective action was done.
type DoneEntry struct {
	Version int
	Proof   string // what shows it (criterion 3.6.b)
}

// CloseTask records that a corrective action was done and what shows it. Editors may.
func (s *Service) CloseTask(ctx context.Context, by identity.Actor, id, task uuid.UUID, in DoneEntry) error {
	if err := editor(by); err != nil {
		return err
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		q, err := lock[Questionnaire](ctx, tx, by.CompanyID, id)
		if err != nil {
			return err
		}
		x, err := lock[Task](ctx, tx, by.CompanyID, task)
		switch {
		case err != nil:
			return err
		case x.QuestionnaireID != q.ID:
			return fault.Missing()
		case x.Version != in.Version || x.DoneOn != nil:
			return fault.Moved()
		}
		day, err := today(ctx, tx, now, by.CompanyID)
		if err != nil {
			return err
		}
		var c entry.Check
		x.Proof = c.Text("proof", "what shows that it was done", in.Proof, 1, 2000)
		if err := c.Err(); err != nil {
			return err
		}
		x.DoneOn = &day
		if err := pg.Update(ctx, tx, &x, x.ID, &x.Version, "done_on", "proof"); err != nil {
			return fmt.Errorf("close a corrective action: %w", err)
		}
		return q.record(ctx, tx, now, by, audit.Event{Action: "questionnaire.close_action", After: map[string]any{"reference": q.Reference, "what": x.What, "proof": x.Proof}})
	})
}
