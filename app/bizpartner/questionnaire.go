package bizpartner

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// KindQuestionnaire names questionnaires in audit events and letters.
const KindQuestionnaire = notice.AboutQuestionnaire

// Questionnaire is what a member sent to one of its partners.
type Questionnaire struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	Reference  string
	CompanyID  uuid.UUID
	PartnerID  uuid.UUID
	Programme  string
	Template   string
	Edition    string
	Status     Status
	ToName     string
	ToEmail    string
	Lang       string
	Note       string // of the member to the partner
	TokenHash  []byte
	Round      int
	LinkUntil  time.Time
	DueOn      clock.Day
	Reminded   int
	SentAt     time.Time
	SentBy     *uuid.UUID
	Sender     string
	OpenedAt   *time.Time
	BegunAt    *time.Time
	AnsweredAt *time.Time
	ClosedAt   *time.Time
	Answerer   string
	Position   string
	Reason     string
	Score      *int
	Band       string
	Version    int
}

// TableName is the table that holds questionnaires.
func (Questionnaire) TableName() string { return "questionnaire" }

// Reply is the answer to one question.
type Reply struct {
	QuestionnaireID uuid.UUID
	CompanyID       uuid.UUID
	Question        string
	Answer          string
	Note            string
	Returned        string // what the member asks about it; empty once the answers were sent again
	Mended          bool   // it was saved anew after that
	Carried         bool   // from an earlier answer of the partner
	SavedAt         time.Time
	Version         int
}

// TableName is the table that holds replies.
func (Reply) TableName() string { return "questionnaire_answer" }

// Entry of the history.
type entryRow struct {
	ID              uuid.UUID
	QuestionnaireID uuid.UUID
	CompanyID       uuid.UUID
	What            string
	Body            string
	Author          string
	At              time.Time
}

func (entryRow) TableName() string { return "questionnaire_entry" }

// EntryName says in words what an entry of the history is (English source text).
func EntryName(what string) string {
	return map[string]string{"sent": "Sent", "reminded": "Reminder sent", "opened": "Opened by the partner", "begun": "Begun by the partner", "reused": "Earlier answers used again",
		"unused": "Permission to use earlier answers taken back", "answered": "Answered", "refused": "Refused by the partner", "returned": "Sent back with questions", "accepted": "Accepted",
		"renewed": "New link sent", "expired": "Link expired", "cancelled": "Called off", "kept": "Kept as evidence"}[what]
}

// Task is a corrective action of a partner.
type Task struct {
	ID              uuid.UUID `gorm:"primaryKey"`
	QuestionnaireID uuid.UUID
	CompanyID       uuid.UUID
	Question        string // empty: of the whole
	What            string
	DueOn           clock.Day
	DoneOn          *clock.Day
	Proof           string // what shows that it was done
	CreatedAt       time.Time
	Author          string
	Version         int
}

// TableName is the table that holds corrective actions.
func (Task) TableName() string { return "questionnaire_action" }

// Brief is a questionnaire in a list.
type Brief struct {
	ID         uuid.UUID
	Reference  string
	PartnerID  uuid.UUID
	Partner    string
	Template   string
	Status     Status
	SentAt     time.Time
	DueOn      clock.Day
	AnsweredAt *time.Time
	Score      *int
	Band       string
}

const briefSQL = `select q.id, q.reference, q.partner_id, p.name as partner, q.template, q.status, q.sent_at, q.due_on, q.answered_at, q.score, q.band
	from questionnaire q join business_partner p on p.id = q.partner_id`

// token is the link's key of a round. It follows from the portal's own key, so that reminders
// can carry the same link although only its hash is kept.
func (s *Service) token(id uuid.UUID, round int) string {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte("questionnaire\x00"))
	h.Write(id[:])
	h.Write([]byte(strconv.Itoa(round)))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// write adds an entry to the history.
func (q Questionnaire) write(ctx context.Context, tx pg.Tx, now time.Time, what, body, author string) error {
	e := entryRow{ID: pg.NewID(), QuestionnaireID: q.ID, CompanyID: q.CompanyID, What: what, Body: body, Author: author, At: now}
	if err := add(ctx, tx, &e); err != nil {
		return fmt.Errorf("write down what was done: %w", err)
	}
	return nil
}

// move makes one move of Lifecycle and saves it with the named columns.
func (q *Questionnaire) move(ctx context.Context, tx pg.Tx, by Party, do Action, facts Facts, set ...string) (err error) {
	if q.Status, err = Lifecycle().Next(q.Status, do, by, facts); err != nil {
		return err
	}
	if err := pg.Update(ctx, tx, q, q.ID, &q.Version, append(set, "status")...); err != nil {
		return fmt.Errorf("%s a questionnaire: %w", do, err)
	}
	return nil
}

// template is what a questionnaire asks.
func (s *Service) template(q Questionnaire) (*Template, error) {
	t, ok := s.Data.Template(q.Template)
	if !ok {
		return nil, fmt.Errorf("questionnaire %s: the portal has no template %q", q.Reference, q.Template)
	}
	return t, nil
}

// inform writes a letter about a questionnaire to the company that sent it.
func (s *Service) inform(ctx context.Context, tx pg.Tx, now time.Time, q Questionnaire, partner, text string) error {
	p, err := s.programmeOf(q.Programme)
	if err != nil {
		return err
	}
	return s.Letters.ToCompany(ctx, tx, now, identity.ClockActor("questionnaire"), notice.Letter{Company: q.CompanyID, SubjectKind: KindQuestionnaire, SubjectID: q.ID, Programme: p,
		Code: "partner_questionnaire", Values: map[string]string{"partner": partner, "case_number": q.Reference, "points": text}})
}

// post adds an e-mail to the partner in its own language. What stands in braces is filled in
// with pairs, and else with what every e-mail needs.
func (s *Service) post(ctx context.Context, tx pg.Tx, now time.Time, q Questionnaire, names outsider, word string, pairs ...string) error {
	link := s.Data.Say(q.Lang, "first_link")
	if token := s.token(q.ID, q.Round); hmac.Equal(hash(token), q.TokenHash) { // not after the portal's key was changed
		link = s.Letters.Address("/q/" + token)
	}
	all := slices.Concat(pairs, []string{"name", q.ToName, "company", names.Company, "partner", names.Partner, "day", s.Data.Day(q.Lang, q.DueOn),
		"until", s.Data.Day(q.Lang, clock.DayOf(q.LinkUntil, time.UTC)), "link", link, "reference", q.Reference, "note", q.Note})
	return s.Letters.Mail(ctx, tx, now, notice.Mail{To: q.ToEmail, Name: q.ToName, Lang: q.Lang, Company: q.CompanyID,
		Subject: s.Data.Say(q.Lang, word+"_subject", all...), Body: squeeze(s.Data.Say(q.Lang, word+"_body", all...)) + "\n"})
}

// outsider names the two sides for the partner to read.
type outsider struct{ Company, Partner string }

func namesOf(ctx context.Context, tx pg.Tx, q Questionnaire) (outsider, error) {
	list, err := scan[outsider](ctx, tx, `select c.name as company, p.name as partner from company c, business_partner p where c.id = ? and p.id = ?`, q.CompanyID, q.PartnerID)
	if err != nil || len(list) == 0 {
		return outsider{}, fmt.Errorf("name the two sides of a questionnaire: %w", err)
	}
	return list[0], nil
}
