package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
)

// Head is what stands above every page of a case.
type Head struct {
	ID          uuid.UUID
	Reference   string
	CompanyID   uuid.UUID
	Company     string
	Country     string
	Programme   string
	Edition     string
	EntityType  string
	OfficeID    uuid.UUID
	Office      string
	OfficeZone  string
	Status      application.Status
	OpenedAt    time.Time
	SubmittedAt time.Time
	AcceptedAt  *time.Time
	DecidedAt   *time.Time
	ClosedAt    *time.Time
	Closing     string
	AssigneeID  *uuid.UUID
	Assignee    string
	Round       int
	Version     int
	LockedID    *uuid.UUID
	LockedBy    string
	LockedUntil *time.Time
	MemberID    *uuid.UUID
	Member      string // membership number
	Tier        string
}

// Verdict is what was said of a part, as kept.
type Verdict struct {
	Part    string              `json:"part"`
	Round   int                 `json:"round"`
	Verdict application.Verdict `json:"verdict"`
	Remark  string              `json:"remark"`
	By      string              `json:"by"`
	At      *time.Time          `json:"at"`
	Version int                 `json:"version"`
}

// Vetting is one check of the vetting track.
type Vetting struct {
	ID          uuid.UUID  `json:"id"`
	Code        string     `json:"code"`
	SubjectKind string     `json:"subject_kind"`
	SubjectID   uuid.UUID  `json:"subject_id"`
	Label       string     `json:"label"`
	Outcome     string     `json:"outcome"`
	Note        string     `json:"note"`
	By          string     `json:"by"`
	At          *time.Time `json:"at"`
	Version     int        `json:"version"`

	Item programme.VettingItem `json:"-"` // its question and help; zero when the programme asks it no more
	Gone bool                  `json:"-"` // the company names the subject no more: it does not count
}

// Asked is one question to the company and its answer.
type Asked struct {
	Part       string     `json:"part"`
	Question   string     `json:"question"`
	Answer     string     `json:"answer"`
	AnsweredAt *time.Time `json:"answered_at"`
}

// Request is a request for information.
type Request struct {
	ID          uuid.UUID  `json:"id"`
	Message     string     `json:"message"`
	DueOn       clock.Day  `json:"due_on"`
	SentAt      time.Time  `json:"sent_at"`
	SentBy      string     `json:"sent_by"`
	AnsweredAt  *time.Time `json:"answered_at"`
	CancelledAt *time.Time `json:"cancelled_at"`
	Items       []Asked    `json:"items"`
}

// Open reports whether the company has still to answer.
func (r Request) Open() bool { return r.AnsweredAt == nil && r.CancelledAt == nil }

// Recommendation is a proposal with what became of it.
type Recommendation struct {
	ID          uuid.UUID           `json:"id"`
	Outcome     application.Outcome `json:"outcome"`
	Reason      string              `json:"reason"`
	Points      []application.Point `json:"points"`
	MadeBy      uuid.UUID           `json:"made_by"`
	Maker       string              `json:"maker"`
	MadeAt      time.Time           `json:"made_at"`
	Heard       bool                `json:"heard"`
	Decider     string              `json:"decider"`
	DecidedAt   *time.Time          `json:"decided_at"`
	Decision    string              `json:"decision"`
	Note        string              `json:"note"`
	WithdrawnAt *time.Time          `json:"withdrawn_at"`
}

// Open reports whether it waits for a decision.
func (r Recommendation) Open() bool { return r.DecidedAt == nil && r.WithdrawnAt == nil }

// Hearing is the company's right to be heard on one intended refusal.
type Hearing struct {
	Grounds    string     `json:"grounds"`
	OpenedAt   time.Time  `json:"opened_at"`
	Answer     string     `json:"answer"`
	AnsweredAt *time.Time `json:"answered_at"`
	ClosedAt   *time.Time `json:"closed_at"`
}

// Note is an internal note.
type Note struct {
	ID     uuid.UUID `json:"id"`
	Body   string    `json:"body"`
	Author string    `json:"author"`
	At     time.Time `json:"at"`
}

// Hours is one entry of time worked.
type Hours struct {
	ID       uuid.UUID `json:"id"`
	PersonID uuid.UUID `json:"person_id"`
	Person   string    `json:"person"`
	Day      clock.Day `json:"day"`
	Minutes  int       `json:"minutes"`
	Activity string    `json:"activity"`
	Note     string    `json:"note"`
	Version  int       `json:"version"`
}

// Case is everything the pages of a case show.
type Case struct {
	Head
	Zone      *time.Location
	Programme *programme.Programme
	Entity    programme.EntityType

	Lock            Lock
	Clocks          []clock.View
	Parts           []Part    // the profile track, in the order of the programme
	Vetting         []Vetting // the vetting track
	Requests        []Request // newest first
	Recommendations []Recommendation
	Hearings        []Hearing
	Notes           []Note
	Hours           []Hours
	Messages        []notice.Full
	Duplicates      []company.DuplicateItem // open ones
	Content         application.Content     // as last submitted
	Profile         *Profile                // the security profile; nil: the programme has none

	May May
}

// Profile is the security profile of a case, which is reviewed on pages of its own.
type Profile struct {
	ID        uuid.UUID      `json:"id"`
	Reference string         `json:"reference"`
	Status    profile.Status `json:"status"`
	Criteria  int            `json:"criteria"` // that count
	Reviewed  int            `json:"reviewed"` // that have a verdict
}

// Open reports whether it keeps the company from being certified.
func (p *Profile) Open() bool { return p != nil && p.Status != profile.Accepted }

// May is what the actor may do with the case now. Pages draw buttons from it; every
// verb asks again.
type May struct {
	Claim, Release, TakeOver      bool
	Work                          bool   // change anything
	WhyNot                        string // English source text; empty with Work
	Note                          bool   // write notes and log hours
	Check                         bool   // change verdicts and outcomes
	Start, Accept, Request        bool
	CancelRequest                 bool
	Recommend, TakeBack           bool
	Return, Certify, Reject, Hear bool // decide on the open recommendation
	OwnRecommendation             bool
	Clocks                        bool
}

// OpenRequest is the request that the company has still to answer.
func (c Case) OpenRequest() (Request, bool) {
	if i := slices.IndexFunc(c.Requests, Request.Open); i >= 0 {
		return c.Requests[i], true
	}
	return Request{}, false
}

// OpenRecommendation is the recommendation that waits for a decision.
func (c Case) OpenRecommendation() (Recommendation, bool) {
	if i := slices.IndexFunc(c.Recommendations, Recommendation.Open); i >= 0 {
		return c.Recommendations[i], true
	}
	return Recommendation{}, false
}

// Minutes is the time logged in all.
func (c Case) Minutes() (n int) {
	for _, h := range c.Hours {
		n += h.Minutes
	}
	return n
}

// Unmet counts the parts that still stand against certification, and OpenVetting and
// Concerns the checks that do.
func (c Case) Unmet() (n int) {
	for _, p := range c.Parts {
		if !met(p.Verdict.Verdict) || p.Again {
			n++
		}
	}
	return n
}

func (c Case) outcomes(outcome string) (n int) {
	for _, v := range c.Vetting {
		if !v.Gone && v.Outcome == outcome {
			n++
		}
	}
	return n
}

func (c Case) OpenVetting() int { return c.outcomes(VettingOpen) }
func (c Case) Concerns() int    { return c.outcomes(VettingConcern) }

const headSQL = `select a.id, a.reference, a.company_id, c.name as company, c.country, a.programme, a.edition, a.entity_type, a.office_id,
  o.name as office, o.zone as office_zone, a.status, a.opened_at, a.submitted_at, a.accepted_at, a.decided_at, a.closed_at, a.closing_reason as closing,
  a.assignee_id, coalesce(p.name, '') as assignee, a.round, a.version,
  l.person_id as locked_id, coalesce(l.name, '') as locked_by, l.expires_at as locked_until,
  m.id as member_id, coalesce(m.number, '') as member, coalesce(m.tier, '') as tier
from application a
join company c on c.id = a.company_id
join office o on o.id = a.office_id
left join person p on p.id = a.assignee_id
left join case_lock l on l.application_id = a.id and l.expires_at > $2
left join membership m on m.application_id = a.id
where a.id = $1 and a.submitted_at is not null`

// The parts of a case that are small lists come as one document: one statement
// instead of eight. Lists that can grow are bounded.
const fileSQL = `select jsonb_build_object(
  'review', (select jsonb_agg(jsonb_build_object('part', r.part, 'round', r.round, 'verdict', r.verdict, 'remark', r.remark,
      'by', p.name, 'at', r.reviewed_at, 'version', r.version))
    from review_item r left join person p on p.id = r.reviewed_by where r.application_id = $1),
  'vetting', (select jsonb_agg(jsonb_build_object('id', v.id, 'code', v.code, 'subject_kind', v.subject_kind, 'subject_id', v.subject_id,
      'label', v.label, 'outcome', v.outcome, 'note', v.note, 'by', p.name, 'at', v.checked_at, 'version', v.version) order by v.label, v.id)
    from vetting_item v left join person p on p.id = v.checked_by where v.application_id = $1 and v.retired_at is null),
  'requests', (select jsonb_agg(jsonb_build_object('id', q.id, 'message', q.message, 'due_on', q.due_on, 'sent_at', q.sent_at, 'sent_by', p.name,
      'answered_at', q.answered_at, 'cancelled_at', q.cancelled_at,
      'items', (select jsonb_agg(jsonb_build_object('part', i.part, 'question', i.question,
          'answer', case when q.answered_at is null then '' else i.answer end, 'answered_at', case when q.answered_at is null then null else i.answered_at end) order by i.id)
        from information_item i where i.request_id = q.id)) order by q.sent_at desc)
    from information_request q left join person p on p.id = q.sent_by where q.application_id = $1),
  'recommendations', (select jsonb_agg(jsonb_build_object('id', x.id, 'outcome', x.outcome, 'reason', x.reason, 'points', x.points, 'made_by', x.made_by,
      'maker', p.name, 'made_at', x.made_at, 'heard', x.heard, 'decider', d.name, 'decided_at', x.decided_at, 'decision', x.decision,
      'note', x.decision_note, 'withdrawn_at', x.withdrawn_at) order by x.made_at desc)
    from recommendation x join person p on p.id = x.made_by left join person d on d.id = x.decided_by where x.application_id = $1),
  'hearings', (select jsonb_agg(jsonb_build_object('grounds', h.grounds, 'opened_at', h.opened_at, 'answer', h.answer,
      'answered_at', h.answered_at, 'closed_at', h.closed_at) order by h.opened_at desc)
    from hearing h where h.application_id = $1),
  'notes', (select jsonb_agg(jsonb_build_object('id', n.id, 'body', n.body, 'author', n.author, 'at', n.written_at) order by n.written_at desc, n.id desc)
    from (select id, body, author, written_at from note where application_id = $1 order by written_at desc, id desc limit 200) n),
  'hours', (select jsonb_agg(jsonb_build_object('id', w.id, 'person_id', w.person_id, 'person', p.name, 'day', w.worked_on, 'minutes', w.minutes,
      'activity', w.activity, 'note', w.note, 'version', w.version) order by w.worked_on desc, w.logged_at desc)
    from work_log w join person p on p.id = w.person_id where w.application_id = $1 and w.removed_at is null),
  'submitted', (select jsonb_agg(jsonb_build_object('ID', s.id, 'Round', s.round, 'Body', s.body) order by s.round desc)
    from (select id, round, body from application_snapshot where application_id = $1 order by round desc limit 2) s),
  'duplicates', (select jsonb_agg(jsonb_build_object('ID', d.id, 'OtherID', o.id, 'Other', o.name, 'Country', o.country, 'Why', d.why,
      'Scheme', case when d.why = 'identifier' then split_part(d.detail, ' ', 1) else '' end,
      'Detail', case when d.why = 'identifier' then substr(d.detail, strpos(d.detail, ' ') + 1) else d.detail end, 'FoundAt', d.found_at) order by d.found_at desc)
    from application a
    join possible_duplicate d on d.settled_at is null and (d.company_id = a.company_id or d.other_id = a.company_id)
    join company o on o.id = case when d.company_id = a.company_id then d.other_id else d.company_id end
    where a.id = $1),
  'profile', (select jsonb_build_object('id', c.id, 'reference', c.reference, 'status', c.status,
      'criteria', (select count(*) from profile_submission s, jsonb_object_keys(s.counted) where s.cycle_id = c.id and s.round = c.round),
      'reviewed', (select count(*) from profile_verdict v where v.cycle_id = c.id and v.verdict <> 'not_reviewed'))
    from profile_cycle c where c.application_id = $1)
)::text`

// file is what fileSQL answers.
type file struct {
	Review          []Verdict               `json:"review"`
	Vetting         []Vetting               `json:"vetting"`
	Requests        []Request               `json:"requests"`
	Recommendations []Recommendation        `json:"recommendations"`
	Hearings        []Hearing               `json:"hearings"`
	Notes           []Note                  `json:"notes"`
	Hours           []Hours                 `json:"hours"`
	Submitted       []application.Snapshot  `json:"submitted"` // the last two rounds, the last first
	Duplicates      []company.DuplicateItem `json:"duplicates"`
	Profile         *Profile                `json:"profile"`
}

// readCase is what the event of a look at a case is about.
const readCase = `application x where x.id = $10 and x.submitted_at is not null`

// Record reads everything about a case in one round trip, and notes that the person
// has looked at it. The agency's case readers may.
func (s *Service) Record(ctx context.Context, by identity.Actor, id uuid.UUID) (c Case, err error) {
	if err := reader(by); err != nil {
		return c, err
	}
	now := s.Now()
	return s.read(ctx, by, id, now, audit.LookAt(now, by, "application.read", application.Kind, readCase, id))
}

// read reads the case after the statement that records the look, and more with it.
func (s *Service) read(ctx context.Context, by identity.Actor, id uuid.UUID, now time.Time, look pg.Query, more ...pg.Query) (c Case, err error) {
	var clocks []clock.Kept
	var row struct {
		Head
		Body string
	}
	err = s.DB.Batch(ctx, by.Scope(), append([]pg.Query{
		look,
		pg.One(&row, `select head.*, (`+fileSQL+`) as body from (`+headSQL+`) head`, id, now),
		clock.About(&clocks, application.Kind, id),
		notice.ThreadRows(&c.Messages, by, notice.AboutApplication, id),
	}, more...)...)
	if err != nil {
		return Case{}, fmt.Errorf("read the case: %w", err)
	}
	c.Head = row.Head
	var f file
	if err := json.Unmarshal([]byte(row.Body), &f); err != nil {
		return Case{}, fmt.Errorf("read the case: %w", err)
	}
	p, ok := s.Steps.Programmes.Get(c.Head.Programme)
	if !ok {
		return Case{}, fmt.Errorf("case %s: the portal has no programme %q", c.Reference, c.Head.Programme)
	}
	if len(f.Submitted) == 0 {
		return Case{}, fmt.Errorf("case %s has nothing that was submitted", c.Reference)
	}
	contents := make([]application.Content, len(f.Submitted))
	for i, x := range f.Submitted {
		if contents[i], err = x.Read(); err != nil {
			return Case{}, err
		}
	}
	c.Programme, c.Content = p, contents[0]
	c.Entity, _ = p.EntityType(c.EntityType)
	if c.Zone, err = time.LoadLocation(c.OfficeZone); err != nil {
		c.Zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	c.Clocks = s.Steps.Clocks.Views(clocks, now)
	c.Profile = f.Profile
	c.Requests, c.Recommendations, c.Hearings, c.Notes, c.Hours = f.Requests, f.Recommendations, f.Hearings, f.Notes, f.Hours
	for _, d := range f.Duplicates {
		if d.Scheme != "" {
			d.Detail = company.Shown(d.Scheme, d.Detail)
		}
		c.Duplicates = append(c.Duplicates, d)
	}
	if c.LockedID != nil {
		c.Lock = Lock{*c.LockedID, c.LockedBy, *c.LockedUntil, *c.LockedID == by.PersonID}
	}
	c.Vetting = vettingList(p, c.Content.Dossier, f.Vetting)
	c.Parts = partList(p, f, contents)
	if c.May, err = s.may(by, c); err != nil {
		return Case{}, err
	}
	return c, nil
}

// vettingList puts the checks into the order of the programme: the company first,
// then its officers, sites and numbers, those that count no more last.
func vettingList(p *programme.Programme, d application.Dossier, list []Vetting) []Vetting {
	there := subjects(d)
	place := map[string]int{}
	items := p.Vetting()
	for i, v := range items {
		place[v.Code] = i
	}
	for i := range list {
		v := &list[i]
		v.Gone = !there[v.SubjectID]
		if n, ok := place[v.Code]; ok {
			v.Item = items[n]
		}
	}
	kinds := []string{"company", "contact", "site", "identifier"}
	slices.SortStableFunc(list, func(a, b Vetting) int {
		switch {
		case a.Gone != b.Gone:
			if a.Gone {
				return 1
			}
			return -1
		case a.SubjectKind != b.SubjectKind:
			return slices.Index(kinds, a.SubjectKind) - slices.Index(kinds, b.SubjectKind)
		case a.SubjectID != b.SubjectID:
			return strings.Compare(a.Label+a.SubjectID.String(), b.Label+b.SubjectID.String())
		}
		return place[a.Code] - place[b.Code]
	})
	return list
}

// may asks the table and the rules above what the actor may do now.
func (s *Service) may(by identity.Actor, c Case) (m May, err error) {
	a := application.Application{ID: c.ID, Reference: c.Reference, Programme: c.Head.Programme, Status: c.Status, AcceptedAt: c.AcceptedAt,
		OfficeID: c.OfficeID, AssigneeID: c.AssigneeID}
	m.Note = near(by, a) == nil
	final := c.Status.Final()
	if err := mayWork(by, c.OfficeID, c.AssigneeID); err != nil {
		m.WhyNot = sentence(err)
		m.Claim = c.AssigneeID == nil && !final && inOffice(by, c.OfficeID) == nil
		if final {
			m.WhyNot = "This case is closed"
		}
		return m, nil
	}
	if final {
		m.WhyNot = "This case is closed"
		return m, nil
	}
	m.Claim = c.AssigneeID == nil && inOffice(by, c.OfficeID) == nil
	m.Release = c.AssigneeID != nil
	if c.Lock.Held() && !c.Lock.Mine {
		m.TakeOver = by.Is(identity.Approvers...) && by.InOffice(c.OfficeID)
		m.WhyNot = "Another person is working in this case"
		return m, nil
	}
	m.Work, m.Clocks, m.Check = true, true, reviewable(a) == nil
	f, err := s.Steps.Facts(a)
	if err != nil {
		return m, err
	}
	r, open := c.OpenRecommendation()
	f.Outcome, f.Heard, f.Own = r.Outcome, r.Heard, r.MadeBy == by.PersonID
	do := application.Lifecycle.Actions(c.Status, by.Role, f)
	can := func(x application.Action) bool { return slices.Contains(do, x) }
	m.Start, m.Accept, m.Request = can(application.StartReview), can(application.Accept), can(application.RequestInformation)
	m.CancelRequest, m.Recommend = can(application.CancelRequest), can(application.Recommend)
	if open {
		m.OwnRecommendation = f.Own
		m.TakeBack = can(application.WithdrawRecommendation) && f.Own
		m.Return = can(application.ReturnRecommendation) && !f.Own
		if can(application.Approve) && !f.Own {
			m.Certify = r.Outcome == application.Certify
			m.Hear = r.Outcome == application.Reject && f.HearingStep && !f.Heard
			m.Reject = r.Outcome == application.Reject && !m.Hear
		}
	}
	return m, nil
}

// sentence is what a refusal says, untranslated.
func sentence(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}
