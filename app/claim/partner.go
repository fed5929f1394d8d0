package claim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// mailOf is the e-mail that tells somebody at a partner that a question waits.
func (w work) mailOf(address, name, lang string, r request) notice.Mail {
	tr := w.s.Letters.Speak(w.ctx, lang)
	return notice.Mail{To: address, Name: name, Lang: lang, Subject: i18n.T(tr, "A question about a benefit waits for you"),
		Body: i18n.T(tr, "Hello %s,", name) + "\n\n" + i18n.T(tr, "A member says that a benefit was not given in your country. Sign in to read the question and to answer it:") + "\n" +
			w.s.Letters.Address("/agency/claims/"+r.ID.String()) + "\n"}
}

// officer lets people of a partner agency abroad through.
func officer(by identity.Actor) error {
	if !by.Abroad() {
		return fault.Missing()
	}
	return nil
}

// Question is what a partner is asked, as its people see it.
type Question struct {
	ID              uuid.UUID
	Arrangement     string
	Programme       string
	EntityType      string
	Number          string
	Company         string // empty: the member does not consent any more
	Country         string
	FirstOn, LastOn clock.Day
	Refs            string
	Question        string
	Told            string
	Status          RequestStatus
	AskedAt         time.Time
	Outcome         Outcome
	Reason          string
	Done            string
	AnsweredAt      *time.Time
	Answerer        string
	RecalledAt      *time.Time
	PartnerRef      string // by which the partner knows the member
	Version         int
	Rules           *programme.Programme `db:"-"`
}

const questionSQL = `select q.id, q.arrangement, m.programme, m.entity_type, q.number, case when r.ended_at is null then y.name else '' end as company, case when r.ended_at is null then y.country else '' end as country,
	q.first_on, q.last_on, q.refs, q.question, q.told, q.status, q.asked_at, q.outcome, q.reason, q.done, q.answered_at, q.answerer, q.recalled_at, r.partner_ref, q.version
	from claim_request q join recognition r on r.id = q.recognition_id join membership m on m.id = r.membership_id join company y on y.id = r.company_id`

// AgencyList is a page of what a partner is asked.
type AgencyList struct {
	Status RequestStatus
	Items  []Question
	Counts map[RequestStatus]int
	Page   int
	More   bool
}

// Questions lists what the actor's agency is asked, the oldest first. Its officers and
// administrators may.
func (s *Service) Questions(ctx context.Context, by identity.Actor, status RequestStatus, page int) (l AgencyList, err error) {
	if err := officer(by); err != nil {
		return l, err
	}
	if !slices.Contains(RequestStatuses(), status) {
		status = RequestAsked
	}
	l = AgencyList{Status: status, Counts: map[RequestStatus]int{}, Page: min(max(page, 1), 1000)}
	var ids []struct{ ID uuid.UUID }
	var counts []struct {
		Status RequestStatus
		N      int
	}
	// The agency's own fence says which rows there are; the portal adds what they are about.
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&ids, `select id from claim_request where agency_id = $1 and status = $2 order by asked_at, id limit $3 offset $4`, by.AgencyID, status, PageSize+1, (l.Page-1)*PageSize),
		pg.All(&counts, `select status, count(*)::int as n from claim_request where agency_id = $1 group by status`, by.AgencyID))
	if err != nil {
		return l, fmt.Errorf("list what the partner is asked: %w", err)
	}
	for _, c := range counts {
		l.Counts[c.Status] = c.N
	}
	if len(ids) > PageSize {
		ids, l.More = ids[:PageSize], true
	}
	list := make([]uuid.UUID, len(ids))
	for i, x := range ids {
		list[i] = x.ID
	}
	if err := s.DB.Batch(ctx, pg.System, pg.All(&l.Items, questionSQL+` where q.id = any($1) and q.agency_id = $2 order by q.asked_at, q.id`, list, by.AgencyID)); err != nil {
		return l, fmt.Errorf("list what the partner is asked: %w", err)
	}
	return l, nil
}

// Question reads what the actor's agency is asked. The same persons may; a look is an audit
// event. NotFound: another agency is asked.
func (s *Service) Question(ctx context.Context, by identity.Actor, id uuid.UUID) (q Question, err error) {
	if err := officer(by); err != nil {
		return q, err
	}
	var there struct{ ID uuid.UUID }
	if err := s.DB.Batch(ctx, by.Scope(), pg.One(&there, `select id from claim_request where id = $1 and agency_id = $2`, id, by.AgencyID)); err != nil {
		return q, err
	}
	err = s.DB.Batch(ctx, pg.System, pg.One(&q, questionSQL+` where q.id = $1 and q.agency_id = $2`, id, by.AgencyID),
		audit.LookAt(s.Now(), by, "claim.partner_read", Kind, `(select c.id, c.company_id from claim_request q join claim c on c.id = q.claim_id where q.id = $10) x where true`, id))
	if err != nil {
		return q, fmt.Errorf("open the question: %w", err)
	}
	q.Rules, _ = s.Programmes.Get(q.Programme)
	return q, nil
}

// ReplyEntry is what a partner answers.
type ReplyEntry struct {
	Reason  string // code of the programme of the member: it says what came of it
	Done    string // what was found and what was done
	Version int
}

// Reply answers what the actor's agency is asked. Its officers and administrators may.
// Conflict: it was answered, or the question was taken back.
func (s *Service) Reply(ctx context.Context, by identity.Actor, id uuid.UUID, in ReplyEntry) error {
	if err := officer(by); err != nil {
		return err
	}
	var c entry.Check
	in.Done = c.Text("done", "what was done", in.Done, 0, 2000)
	if err := c.Err(); err != nil {
		return err
	}
	now := s.Now()
	var of []struct{ ClaimID uuid.UUID }
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&of, `select claim_id from claim_request where id = $1 and agency_id = $2`, id, by.AgencyID)); err != nil {
		return fmt.Errorf("open the question: %w", err)
	}
	if len(of) == 0 {
		return fault.Missing()
	}
	// The claim is behind the fence of its company: the portal writes to it.
	return s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		w, err := s.lock(ctx, tx, now, by, of[0].ClaimID)
		if err != nil {
			return err
		}
		var r request
		if err := tx.WithContext(ctx).Where("id = ? and agency_id = ?", id, by.AgencyID).First(&r).Error; err != nil {
			return fmt.Errorf("open the question: %w", err)
		}
		switch {
		case r.Status == RequestRecalled:
			return fault.New(fault.Conflict, "The question was taken back. You need not answer it")
		case r.Version != in.Version || r.Status != RequestAsked:
			return fault.Moved()
		}
		return w.reply(r, in)
	})
}

func (w work) reply(r request, in ReplyEntry) error {
	reason, _ := w.member.rules.Standing.Claims.PartnerReason(in.Reason)
	if err := w.move(Reply, Facts{Reason: reason}); err != nil {
		return err
	}
	r.Status, r.Outcome, r.Reason, r.Done, r.AnsweredAt, r.AnsweredBy, r.Answerer = RequestAnswered, Outcome(reason.Outcome), reason.Code, in.Done, &w.now, &w.by.PersonID, w.by.Name
	if err := pg.Update(w.ctx, w.tx, &r, r.ID, &r.Version, "status", "outcome", "reason", "done", "answered_at", "answered_by", "answerer"); err != nil {
		return fmt.Errorf("keep the partner's answer: %w", err)
	}
	if err := w.save(audit.Event{Action: "claim.partner_answer", Agency: r.AgencyID, After: map[string]any{"outcome": r.Outcome, "reason": r.Reason}}); err != nil {
		return err
	}
	if err := w.log(Reply, stepRow{Body: in.Done, Outcome: r.Outcome, Reason: r.Reason}); err != nil {
		return err
	}
	if err := w.happened(programme.ClaimPartnerAnswered); err != nil {
		return err
	}
	if err := w.letter("claim_partner_answered", nil, nil); err != nil {
		return err
	}
	return w.tellStaff()
}
