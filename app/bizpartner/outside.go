package bizpartner

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"trustedtrader/app/audit"
	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Outside is a questionnaire as the partner sees it on its own page.
type Outside struct {
	Questionnaire Questionnaire
	Company       string // that asks
	Partner       string
	Template      *Template
	Replies       map[string]Reply
	Earlier       *time.Time // when this mailbox answered the same questions before; nil: never, or used already
	Reused        bool       // earlier answers are used here
	Languages     []Language
	Data          *Data

	request string
}

// Open reports whether an answer can be changed now: after a return only those that the
// member asks about.
func (o Outside) Open(question string) bool {
	switch o.Questionnaire.Status {
	case Returned:
		return o.Replies[question].Returned != ""
	case Sent, Opened, Begun:
		return true
	}
	return false
}

// Done counts the questions of a section that have a full answer.
func (o Outside) Done(s Section) (n int) {
	for _, q := range s.Questions {
		if r := o.Replies[q.Code]; r.full(q) && (r.Returned == "" || r.Mended) {
			n++
		}
	}
	return n
}

// full reports whether a reply needs nothing more.
func (r Reply) full(q Question) bool {
	return slices.Contains(q.Options(), r.Answer) && (r.Note != "" || !q.wantsNote(r.Answer))
}

// outside finds the questionnaire of a link and locks it. NotFound, always the same: the link
// is unknown, has expired, or was ended.
func (s *Service) outside(ctx context.Context, tx pg.Tx, now time.Time, token string) (o Outside, err error) {
	list, err := scan[Questionnaire](ctx, tx, `select * from questionnaire where token_hash = ? and link_until > ? and status not in ('expired', 'cancelled') for update`, hash(token), now)
	if err != nil {
		return o, fmt.Errorf("open a questionnaire: %w", err)
	}
	if len(list) == 0 {
		return o, fault.Missing()
	}
	o = Outside{Questionnaire: list[0], Replies: map[string]Reply{}, Languages: s.Data.Languages, Data: s.Data}
	if o.Template, err = s.template(o.Questionnaire); err != nil {
		return o, err
	}
	names, err := namesOf(ctx, tx, o.Questionnaire)
	if err != nil {
		return o, err
	}
	o.Company, o.Partner = names.Company, names.Partner
	replies, err := scan[Reply](ctx, tx, `select * from questionnaire_answer where questionnaire_id = ?`, o.Questionnaire.ID)
	if err != nil {
		return o, fmt.Errorf("read the answers: %w", err)
	}
	for _, r := range replies {
		o.Replies[r.Question] = r
	}
	return o, s.past(ctx, tx, &o)
}

// Key is how a partner comes in: it has no account, and its link is all that we know of it.
type Key struct {
	Token   string
	Lang    string // that the partner chose on the page
	Request string // reference of the request, for the audit trail
}

// enter runs a step of the partner, which is known by its link alone.
func (s *Service) enter(ctx context.Context, k Key, do func(tx pg.Tx, now time.Time, o *Outside) error) (o Outside, err error) {
	if b, err := base64.RawURLEncoding.Strict().DecodeString(k.Token); err != nil || len(b) != sha256.Size {
		return o, fault.Missing()
	}
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		now := s.Now()
		if o, err = s.outside(ctx, tx, now, k.Token); err != nil {
			return err
		}
		o.request = k.Request
		return do(tx, now, &o)
	})
	return o, err
}

// actor is the partner for the audit trail.
func (o Outside) actor() identity.Actor {
	by := identity.ClockActor("questionnaire")
	by.Name, by.RequestID = o.Partner, o.request
	return by
}

func (o Outside) note(ctx context.Context, tx pg.Tx, now time.Time, action string, after map[string]any) error {
	return audit.Record(ctx, tx, now, o.actor(), audit.Event{Action: action, Kind: KindQuestionnaire, Subject: o.Questionnaire.ID, Company: o.Questionnaire.CompanyID, After: after})
}

// Look opens the partner's page. The first look is noted. Whoever has the link may.
func (s *Service) Look(ctx context.Context, k Key) (Outside, error) {
	return s.enter(ctx, k, func(tx pg.Tx, now time.Time, o *Outside) error {
		q := &o.Questionnaire
		if q.Status != Sent {
			return nil
		}
		q.OpenedAt = &now
		if err := q.move(ctx, tx, ByPartner, Look, Facts{}, "opened_at"); err != nil {
			return err
		}
		return q.write(ctx, tx, now, "opened", "", o.Partner)
	})
}

// ReplyEntry is an answer as a person enters it.
type ReplyEntry struct {
	Answer  string
	Note    string
	Version int // of the answer that the page showed; 0: there was none
}

// Save keeps the answers of a section as they are, finished or not. Whoever has the link may.
// An answer that somebody else saved in the meantime is not overwritten: lost names its
// question, and the rest is saved. Invalid: a text that cannot be kept.
func (s *Service) Save(ctx context.Context, k Key, section string, in map[string]ReplyEntry) (o Outside, lost []string, err error) {
	o, err = s.enter(ctx, k, func(tx pg.Tx, now time.Time, o *Outside) error {
		lost = nil
		part, ok := o.Template.Section(section)
		if !ok {
			return fault.Missing()
		}
		var c entry.Check
		for _, question := range part.Questions {
			e, there := in[question.Code]
			if !there || !o.Open(question.Code) {
				continue
			}
			clash, err := o.keep(ctx, tx, now, &c, question, e)
			if err != nil {
				return err
			}
			if clash {
				lost = append(lost, question.Code)
			}
		}
		if err := c.Err(); err != nil {
			return err
		}
		if err := s.begun(ctx, tx, now, o, k.Lang); err != nil {
			return err
		}
		return o.note(ctx, tx, now, "questionnaire.save", map[string]any{"reference": o.Questionnaire.Reference, "section": section})
	})
	return o, lost, err
}

// keep saves one answer; true: another one was saved in the meantime, and stays.
func (o *Outside) keep(ctx context.Context, tx pg.Tx, now time.Time, c *entry.Check, question Question, e ReplyEntry) (clash bool, err error) {
	was := o.Replies[question.Code]
	if !slices.Contains(question.Options(), e.Answer) {
		e.Answer = ""
	}
	before := len(c.Fields())
	note := c.Text(NoteField(question.Code), "the note", e.Note, 0, 2000)
	switch {
	case len(c.Fields()) > before:
		return false, nil
	case e.Answer == was.Answer && note == was.Note && (was.Returned == "" || was.Mended):
		return false, nil
	case e.Version != was.Version:
		return true, nil
	case e.Answer == "" && note == "" && was.Version == 0:
		return false, nil
	}
	r := Reply{QuestionnaireID: o.Questionnaire.ID, CompanyID: o.Questionnaire.CompanyID, Question: question.Code, Answer: e.Answer, Note: note, Returned: was.Returned,
		Mended: was.Returned != "", Carried: was.Carried && e.Answer == was.Answer && note == was.Note, SavedAt: now, Version: was.Version + 1}
	_, err = run(ctx, tx, `insert into questionnaire_answer (questionnaire_id, company_id, question, answer, note, returned, mended, carried, saved_at, version) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (questionnaire_id, question) do update set answer = excluded.answer, note = excluded.note, mended = excluded.mended, carried = excluded.carried,
			saved_at = excluded.saved_at, version = excluded.version`, r.QuestionnaireID, r.CompanyID, r.Question, r.Answer, r.Note, r.Returned, r.Mended, r.Carried, r.SavedAt, r.Version)
	if err != nil {
		return false, fmt.Errorf("save an answer: %w", err)
	}
	o.Replies[question.Code] = r
	return false, nil
}

// Fields of the form of a section.
func AnswerField(question string) string  { return "a-" + question }
func NoteField(question string) string    { return "n-" + question }
func VersionField(question string) string { return "v-" + question }

// begun notes that answering has begun, and the language that the partner chose.
func (s *Service) begun(ctx context.Context, tx pg.Tx, now time.Time, o *Outside, lang string) error {
	q := &o.Questionnaire
	first, set := q.BegunAt == nil, []string{"begun_at", "lang"}
	if first {
		q.BegunAt = &now
	}
	if slices.Contains(s.Data.langCodes(), lang) {
		q.Lang = lang
	}
	if err := q.move(ctx, tx, ByPartner, Save, Facts{}, set...); err != nil {
		return err
	}
	if !first {
		return nil
	}
	return q.write(ctx, tx, now, "begun", "", o.Partner)
}

// FinishEntry hands a questionnaire in.
type FinishEntry struct {
	Name     string
	Position string
	Agreed   bool // to the statement
}

// Missing lists the questions that still need an answer or a note.
func (o Outside) Missing() (out []Question) {
	for _, q := range o.Template.Questions() {
		if r := o.Replies[q.Code]; !r.full(q) || r.Returned != "" && !r.Mended {
			out = append(out, q)
		}
	}
	return out
}

// Finish hands the questionnaire in with a name and a statement: the member is told, and the
// partner gets a receipt by e-mail. Whoever has the link may. Invalid: what is missing.
func (s *Service) Finish(ctx context.Context, k Key, in FinishEntry) (Outside, error) {
	return s.enter(ctx, k, func(tx pg.Tx, now time.Time, o *Outside) error {
		q := &o.Questionnaire
		say := func(word string) string { return s.Data.Say(k.Lang, word) }
		var fields []fault.Field
		for _, m := range o.Missing() {
			fields = append(fields, fault.F(AnswerField(m.Code), "%s", say("missing")+" "+m.Text.In(k.Lang)))
		}
		var name, position entry.Check
		q.Answerer = name.Line("name", "name", in.Name, 1, 200)
		if name.Err() != nil {
			fields = append(fields, fault.F("name", say("enter_name")))
		}
		q.Position = position.Line("position", "position", in.Position, 0, 200)
		if position.Err() != nil {
			fields = append(fields, fault.F("position", say("too_long")))
		}
		if !in.Agreed {
			fields = append(fields, fault.F("agree", say("agree")))
		}
		if err := fault.Fail(fields); err != nil {
			return err
		}
		return s.handIn(ctx, tx, now, o)
	})
}

func (s *Service) handIn(ctx context.Context, tx pg.Tx, now time.Time, o *Outside) error {
	q := &o.Questionnaire
	answers := map[string]string{}
	for code, r := range o.Replies {
		answers[code] = r.Answer
	}
	score, band, _ := o.Template.Score(answers)
	q.AnsweredAt, q.Score, q.Band = &now, &score, band.Code
	if err := q.move(ctx, tx, ByPartner, Finish, Facts{}, "answered_at", "answerer", "position", "score", "band"); err != nil {
		return err
	}
	if _, err := run(ctx, tx, `update questionnaire_answer set returned = '', mended = false where questionnaire_id = ? and returned <> ''`, q.ID); err != nil {
		return fmt.Errorf("hand in a questionnaire: %w", err)
	}
	for code, r := range o.Replies {
		r.Returned, r.Mended = "", false
		o.Replies[code] = r
	}
	sum, err := o.digest()
	if err != nil {
		return err
	}
	if err := q.write(ctx, tx, now, "answered", "SHA-256 "+sum, q.Answerer); err != nil {
		return err
	}
	names := outsider{o.Company, o.Partner}
	if err := s.post(ctx, tx, now, *q, names, "receipt", "day", s.Data.Day(q.Lang, clock.DayOf(now, time.UTC)), "answerer", q.Answerer, "count", strconv.Itoa(len(o.Replies)), "hash", sum); err != nil {
		return err
	}
	text := fmt.Sprintf("The partner answered. Score: %d of 100, %s.", score, band.Name.In("en"))
	if err := s.inform(ctx, tx, now, *q, o.Partner, text); err != nil {
		return err
	}
	return o.note(ctx, tx, now, "questionnaire.answer", map[string]any{"reference": q.Reference, "score": score, "band": band.Code, "sha256": sum})
}

// digest is the hash of the answers in canonical form, for the receipt.
func (o Outside) digest() (string, error) {
	doc := map[string]any{"reference": o.Questionnaire.Reference, "template": o.Questionnaire.Template, "edition": o.Questionnaire.Edition}
	answers := map[string]any{}
	for code, r := range o.Replies {
		answers[code] = map[string]any{"answer": r.Answer, "note": r.Note}
	}
	doc["answers"] = answers
	b, err := canon.JSON(doc)
	if err != nil {
		return "", fmt.Errorf("hash the answers: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Refuse says that the partner does not answer, and why. Whoever has the link may.
func (s *Service) Refuse(ctx context.Context, k Key, reason string) (Outside, error) {
	return s.enter(ctx, k, func(tx pg.Tx, now time.Time, o *Outside) error {
		q := &o.Questionnaire
		var c entry.Check
		if q.Reason = c.Text("reason", "the reason", reason, 1, 2000); c.Err() != nil {
			return fault.Fail([]fault.Field{fault.F("reason", s.Data.Say(k.Lang, "enter_reason"))})
		}
		q.ClosedAt = &now
		if err := q.move(ctx, tx, ByPartner, Refuse, Facts{Text: q.Reason, Field: "reason"}, "reason", "closed_at"); err != nil {
			return err
		}
		if err := q.write(ctx, tx, now, "refused", q.Reason, o.Partner); err != nil {
			return err
		}
		if err := s.inform(ctx, tx, now, *q, o.Partner, "The partner does not answer: "+q.Reason); err != nil {
			return err
		}
		return o.note(ctx, tx, now, "questionnaire.refuse", map[string]any{"reference": q.Reference})
	})
}
