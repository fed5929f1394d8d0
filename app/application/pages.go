package application

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
)

// Checklist is an application with everything that is missing.
type Checklist struct {
	File     File
	Problems []fault.Field // each under its part
	Asked    []InformationItem
	Request  *InformationRequest
	Signer   bool // the reader is listed as an officer

	Membership *uuid.UUID // that the application led to, where the company chooses among its numbers
}

// Editable reports whether a part may be changed now: in a draft, and when the agency
// has asked about it. What has been decided once is changed by a change notice.
func (c Checklist) Editable(part string) bool {
	switch c.File.Application.Status {
	case Draft:
		return true
	case InformationRequested:
		return Asked(c.Asked, part) || (part == PartAgreement && !c.File.SignatureHolds()) || (part == PartEligibility && asksEligibility(c.Asked))
	}
	return false
}

// Blocking are the problems that keep answers from being sent: those of the parts
// that the request has opened, and of the signature.
func (c Checklist) Blocking() []fault.Field {
	return slices.DeleteFunc(slices.Clone(c.Problems), func(p fault.Field) bool {
		return p.Name != PartAgreement && !Asked(c.Asked, p.Name) && (p.Name != PartEligibility || !asksEligibility(c.Asked))
	})
}

// Check reads an application and everything that is missing. Everybody who reads for
// the company may.
func (s *Service) Check(ctx context.Context, by identity.Actor, id uuid.UUID) (c Checklist, err error) {
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err = s.check(ctx, tx, s.Now(), by, id)
		return err
	})
	return c, err
}

func (s *Service) check(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID) (c Checklist, err error) {
	a, err := Look(ctx, tx, by, id)
	if err != nil {
		return c, err
	}
	if c.File, err = s.load(ctx, tx, now, a); err != nil {
		return c, err
	}
	c.Problems, c.Signer = c.File.Problems(ctx), c.File.Signer(by)
	if c.Request, c.Asked, err = OpenRequest(ctx, tx, a); err != nil || c.File.Entity.Identifiers.Choose == nil {
		return c, err
	}
	c.Membership, err = memberBy(ctx, tx, a)
	return c, err
}

// Overview is an application's own page.
type Overview struct {
	Checklist
	Clocks    []clock.View
	Events    []Event
	Snapshots []Snapshot
	Hearing   *HearingRow // the open one, or the last
	Actions   []Action    // what the reader may do now
	Tasks     []Task
	Zone      *time.Location // of the office
}

// Event is an entry of the application's history that the company may see.
type Event struct {
	At     time.Time
	Actor  string
	Action string
	Reason string
}

// Overview reads everything about one application. Everybody who reads for the
// company may.
func (s *Service) Overview(ctx context.Context, by identity.Actor, id uuid.UUID) (o Overview, err error) {
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		if o.Checklist, err = s.check(ctx, tx, now, by, id); err != nil {
			return err
		}
		a := o.File.Application
		o.Zone = o.File.Dossier.Office.Location()
		if o.Clocks, err = s.Clocks.Of(ctx, tx, now, Kind, a.ID); err != nil {
			return err
		}
		if err := story(ctx, tx, &o); err != nil {
			return err
		}
		facts, err := s.Facts(a)
		if err != nil {
			return err
		}
		o.Actions = Lifecycle.Actions(a.Status, by.Role, facts)
		o.Tasks = tasks(o.Checklist)
		return s.progress(ctx, tx, now, &o)
	})
	return o, err
}

// progress counts the criteria of a security profile that is with the company.
func (s *Service) progress(ctx context.Context, tx pg.Tx, now time.Time, o *Overview) error {
	i := slices.IndexFunc(o.Tasks, func(t Task) bool { return t.Code == PartSecurity && !t.Locked })
	if i < 0 || s.Profiles == nil || o.File.Application.Status.Final() {
		return nil
	}
	p, err := s.Profiles.Outline(ctx, tx, now, *o.File.Profile)
	if err != nil {
		return err
	}
	n := p.Progress()
	o.Tasks[i].Progress = &n
	return nil
}

// May reports whether the reader may do something now.
func (o Overview) May(do Action) bool { return slices.Contains(o.Actions, do) }

// TaskState is where a task stands.
type TaskState string

// The states of a task, real ones: computed from what is there.
const (
	NotStarted     TaskState = "not_started"
	InProgress     TaskState = "in_progress"
	NeedsAttention TaskState = "needs_attention"
	Ready          TaskState = "ready"
	CannotStart    TaskState = "cannot_start"
)

// Task is a part of the application as something to do.
type Task struct {
	Code     string // a part, or TaskSubmit, TaskAnswer, TaskHearing
	State    TaskState
	Problems []fault.Field
	Locked   bool // it is with the agency, and cannot be changed now
	Next     bool // the one step to take next
	Chooses  bool // the company chooses which of its numbers take part

	Record   uuid.UUID         // of the security profile: its own id
	Progress *profile.Progress // of the security profile, where it was counted
}

// Tasks that are no parts.
const (
	TaskSubmit  = "submit"
	TaskAnswer  = "answer"
	TaskHearing = "hearing"
)

// tasks computes where every task stands, with one of them next.
func tasks(c Checklist) []Task {
	f := c.File
	var out []Task
	started := map[string]bool{
		PartProfile: true, PartSites: len(f.Dossier.Sites) > 0, PartContacts: len(f.Dossier.Contacts) > 0,
		PartIdentifiers: len(f.Dossier.Identifiers) > 0, PartEligibility: len(f.given()) > 0, PartAgreement: f.Signature != nil,
	}
	for _, part := range []string{PartEligibility, PartProfile, PartSites, PartContacts, PartIdentifiers, PartSecurity, PartAgreement} {
		if part == PartSecurity {
			out = append(out, securityTasks(f)...)
			continue
		}
		t := Task{Code: part, State: Ready, Chooses: part == PartIdentifiers && len(f.Choosable()) > 0, Problems: about(c.Problems, part), Locked: !c.Editable(part)}
		switch {
		case len(t.Problems) == 0:
		case !started[part]:
			t.State = NotStarted
		case part == PartAgreement || (part == PartEligibility && len(f.NotEligible()) > 0):
			t.State = NeedsAttention
		default:
			t.State = InProgress
		}
		if c.File.Application.Status == InformationRequested && !t.Locked {
			t.State = NeedsAttention
		}
		out = append(out, t)
	}
	switch f.Application.Status {
	case Draft:
		last := Task{Code: TaskSubmit, State: NotStarted}
		if len(c.Problems) > 0 {
			last.State = CannotStart
		}
		out = append(out, last)
	case InformationRequested:
		out = append(out, Task{Code: TaskAnswer, State: answerState(c.Asked)})
	case Hearing:
		out = append(out, Task{Code: TaskHearing, State: NotStarted})
	}
	if i := next(f.Application.Status, out); i >= 0 {
		out[i].Next = true
	}
	return out
}

// securityTasks is the security profile as a task; none in a programme without criteria.
func securityTasks(f File) []Task {
	if f.Profile == nil {
		return nil
	}
	t := Task{Code: PartSecurity, Record: f.Profile.ID, State: Ready, Locked: f.Profile.Status != profile.Open && f.Profile.Status != profile.Returned}
	switch {
	case f.Profile.Status == profile.Returned:
		t.State = NeedsAttention
		t.Problems = []fault.Field{fault.F(PartSecurity, "We sent criteria back to you. Answer them and submit the profile again")}
	case t.Locked:
	case f.ProfileBegun:
		t.State = InProgress
	default:
		t.State = NotStarted
	}
	return []Task{t}
}

func answerState(items []InformationItem) TaskState {
	open := slices.ContainsFunc(items, func(i InformationItem) bool { return i.Answer == "" })
	begun := slices.ContainsFunc(items, func(i InformationItem) bool { return i.Answer != "" })
	switch {
	case !open:
		return Ready
	case begun:
		return InProgress
	}
	return NotStarted
}

// next is the one step to take: an answer to the agency comes first, then the first
// task of a draft that is not ready; later a security profile that was sent back.
func next(status Status, list []Task) int {
	switch status {
	case InformationRequested, Hearing:
		return len(list) - 1
	case Draft:
		return slices.IndexFunc(list, func(t Task) bool { return t.State != Ready && t.State != CannotStart })
	}
	return slices.IndexFunc(list, func(t Task) bool { return t.Code == PartSecurity && t.State == NeedsAttention })
}

func about(problems []fault.Field, part string) []fault.Field {
	return slices.DeleteFunc(slices.Clone(problems), func(p fault.Field) bool { return p.Name != part })
}

// Card is an application on the company's home.
type Card struct {
	Application Application
	Programme   *programme.Programme
	Entity      programme.EntityType
	Clocks      []clock.View // running ones
	Tasks       []Task       // of an open application
	Problems    []fault.Field
}

// Next is the task to do next, or the zero Task.
func (c Card) Next() Task {
	for _, t := range c.Tasks {
		if t.Next {
			return t
		}
	}
	return Task{}
}

// Member is a membership on the company's home.
type Member struct {
	ID          uuid.UUID
	Programme   string
	EntityType  string
	Number      string
	Tier        string
	Status      string
	CertifiedOn time.Time
	EffectiveOn time.Time
}

// Review is a security profile outside an application that is with the company, on its
// home: the yearly review of a membership, or what comes before a validation.
type Review struct {
	profile.Review
	Number string // of the membership
}

// Home is what a person of a company sees first: where am I, what is next, by when.
type Home struct {
	Dossier Dossier
	Open    []Card // newest first
	Past    []Card
	Reviews []Review // the most urgent first
	Members []Member
	Modules []Module // of a member
	Unread  int
	Clocks  []clock.View         // every running clock of the company, the most urgent first
	About   map[uuid.UUID]string // what people call the validations, findings and cases of which a clock speaks
	Visits  []HomeVisit          // about which something is open: those that wait for an answer first, then by time
	Zone    *time.Location
	Abroad  int // business partners whose status abroad has changed, and nobody has looked at it
}

// HomeVisit is a visit of the agency that is offered, booked or under way.
type HomeVisit struct {
	ID                 uuid.UUID
	Reference          string // of the validation
	Place, Zone        string
	AllDay             bool
	LocalFrom, LocalTo *time.Time
	StartsAt, EndsAt   *time.Time
	Waits              bool // times wait for the company's answer
	AnswerBy           *time.Time
	Prepared           bool // the company has said who receives the team
}

// homeVisits reads them for the company $1 as one value.
const homeVisits = `coalesce((select jsonb_agg(jsonb_build_object('ID', x.id, 'Reference', v.reference, 'Place', x.place, 'Zone', x.zone, 'AllDay', x.all_day,
    'LocalFrom', to_char(x.local_from, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'LocalTo', to_char(x.local_to, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'StartsAt', x.starts_at, 'EndsAt', x.ends_at,
    'Waits', coalesce(p.status in ('open', 'unanswered'), false), 'AnswerBy', p.answer_by, 'Prepared', x.hosts <> '')
    order by coalesce(p.status in ('open', 'unanswered'), false) desc, x.starts_at, x.id)
  from visit x join validation v on v.id = x.validation_id left join proposal p on p.visit_id = x.id and p.status in ('open', 'answered', 'unanswered')
  where x.company_id = $1 and x.status in ('offered', 'booked', 'under_way')), '[]')`

const homeAbout = `coalesce((select jsonb_object_agg(x.id, x.reference) from (
    select id, reference from validation where company_id = $1 and closed_at is null
    union all select id, reference from finding where company_id = $1 and closed_at is null
    union all select id, reference from enforcement_case where company_id = $1) x), '{}')`

// Next is the open application whose turn is the company's, the most urgent first;
// nil when nothing is to do.
func (h Home) Next() *Card {
	best := -1
	for i, c := range h.Open {
		if c.Next().Code == "" {
			continue
		}
		if best < 0 || urgency(c) < urgency(h.Open[best]) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return &h.Open[best]
}

// NextReview is the review to go on with when no application waits for the company; nil
// when there is none.
func (h Home) NextReview() *Review {
	if len(h.Reviews) == 0 || h.Next() != nil {
		return nil
	}
	return &h.Reviews[0]
}

// urgency orders what waits for the company: a hearing, a request, a security profile
// that was sent back, then drafts.
func urgency(c Card) int {
	if i := slices.Index([]Status{Hearing, InformationRequested, InReview, Draft}, c.Application.Status); i >= 0 {
		return i
	}
	return 2
}

// Home reads the company's home in one round trip. Everybody who acts for the company
// may see it.
func (s *Service) Home(ctx context.Context, by identity.Actor) (h Home, err error) {
	if by.Audience != identity.Companies {
		return h, fault.Missing()
	}
	var top struct {
		Body   string
		Visits []HomeVisit
		About  map[uuid.UUID]string
		Basis  modulesRow
		Abroad int
	}
	var rows []homeRow
	var clocks []clock.Kept
	var reviews profile.Reviews
	now := s.Now()
	queries := []pg.Query{
		pg.One(&top, fmt.Sprintf(`select (`+dossierSQL+`) as body, `+homeVisits+` as visits, `+homeAbout+` as about, (select to_jsonb(x) from (`+modulesSQL+`) x) as basis,
			(select count(*)::int from partner_matter z join business_partner b on b.id = z.partner_id and b.ended_at is null where z.company_id = $1 and z.settled_at is null) as abroad`, "$1"), by.CompanyID),
		pg.All(&rows, fmt.Sprintf(homeApplications, fmt.Sprintf(profileSQL, "a.id")), by.CompanyID),
		pg.All(&h.Members, homeMembers, by.CompanyID),
		clock.OfCompany(&clocks, by.CompanyID),
		notice.Unread(&h.Unread, by),
	}
	if s.Profiles != nil {
		queries = append(queries, reviews.Query(by.CompanyID, now))
	}
	if err := s.DB.Batch(ctx, by.Scope(), queries...); err != nil {
		return h, fmt.Errorf("read the company's home: %w", err)
	}
	if h.Modules, err = s.modules(ctx, top.Basis, now); err != nil {
		return h, err
	}
	if h.Dossier, err = readDossier(top.Body); err != nil {
		return h, err
	}
	h.Visits, h.About, h.Abroad = top.Visits, top.About, top.Abroad
	h.Zone = h.Dossier.Office.Location()
	h.Clocks = s.Clocks.Views(clocks, now)
	for _, row := range rows {
		c, err := s.card(ctx, row, h, now)
		if err != nil {
			return h, err
		}
		if row.Status.Final() {
			h.Past = append(h.Past, c)
		} else {
			h.Open = append(h.Open, c)
		}
	}
	list, err := reviews.Read(s.Profiles, h.Clocks)
	if err != nil {
		return h, err
	}
	for _, r := range list {
		x := Review{Review: r}
		if i := slices.IndexFunc(h.Members, func(m Member) bool { return m.ID == *r.Profile.Cycle.MembershipID }); i >= 0 {
			x.Number = h.Members[i].Number
		}
		h.Reviews = append(h.Reviews, x)
	}
	return h, nil
}

func (s *Service) card(ctx context.Context, row homeRow, h Home, now time.Time) (c Card, err error) {
	f, err := s.empty(row.Application)
	if err != nil {
		return c, err
	}
	c = Card{Application: row.Application, Programme: f.Programme, Entity: f.Entity}
	for _, v := range h.Clocks {
		if v.SubjectID == row.ID {
			c.Clocks = append(c.Clocks, v)
		}
	}
	if row.Status.Final() {
		return c, nil
	}
	f.Dossier, f.Today = h.Dossier, clock.DayOf(now, h.Zone)
	list := Checklist{File: f}
	if err := row.fill(&list); err != nil {
		return c, err
	}
	list.Problems = list.File.Problems(ctx)
	c.Tasks, c.Problems = tasks(list), list.Problems
	return c, nil
}

// homeRow is an application with what tasks are computed from.
type homeRow struct {
	Application
	Work string
}

const homeApplications = `
select a.id, a.reference, a.company_id, a.programme, a.edition, a.edition_hash, a.entity_type, a.office_id, a.status, a.opened_at, a.opened_by,
  a.submitted_at, a.accepted_at, a.decided_at, a.closed_at, a.assignee_id, a.assigned_at, a.round, a.closing_reason, a.version,
  jsonb_build_object(
    'answers', coalesce((select jsonb_agg(jsonb_build_object('question', e.question, 'answer', e.answer)) from eligibility_answer e where e.application_id = a.id), '[]'),
    'signature', (select jsonb_build_object('id', g.id, 'sha256', g.text_sha256, 'name', g.signed_name, 'email', p.email)
      from agreement_signature g join person p on p.id = g.signed_by where g.application_id = a.id and g.revoked_at is null),
    'items', coalesce((select jsonb_agg(jsonb_build_object('id', i.id, 'part', i.part, 'answer', i.answer)) from information_item i
      join information_request r on r.id = i.request_id where r.application_id = a.id and r.answered_at is null and r.cancelled_at is null), '[]'),
    'profiles', ` + "%s" + `
  )::text as work
from application a where a.company_id = $1 order by a.opened_at desc, a.id desc limit 100`

// fill adds what the row knows to a checklist.
func (r homeRow) fill(c *Checklist) error {
	var w struct {
		Answers   []struct{ Question, Answer string }
		Signature *struct {
			ID                  uuid.UUID
			SHA256, Name, Email string
		}
		Items []struct {
			ID           uuid.UUID
			Part, Answer string
		}
		Profiles json.RawMessage
	}
	if err := json.Unmarshal([]byte(r.Work), &w); err != nil {
		return fmt.Errorf("read the work on application %s: %w", r.Reference, err)
	}
	for _, a := range w.Answers {
		c.File.Answers = append(c.File.Answers, Answer{Question: a.Question, Answer: a.Answer})
	}
	if g := w.Signature; g != nil {
		c.File.Signature, c.File.SignerEmail = &Signature{ID: g.ID, TextSHA256: g.SHA256, SignedName: g.Name}, g.Email
	}
	for _, i := range w.Items {
		c.Asked = append(c.Asked, InformationItem{ID: i.ID, Part: i.Part, Answer: i.Answer})
	}
	return c.File.readProfile(string(w.Profiles))
}

const homeMembers = `select id, programme, entity_type, number, tier, status, certified_on, effective_on
from membership where company_id = $1 order by certified_on desc, id limit 50`

// Choices are the programmes on offer, with the kinds of members that can be chosen.
func (s *Service) Choices() []*programme.Programme { return s.Programmes.All() }

// Deadline is the running clock of the card that the company owes and that ends
// first; nil when it owes nothing.
func (c Card) Deadline() *clock.View {
	for i, v := range c.Clocks {
		if v.OwedBy == string(programme.Company) && !v.Earliest {
			return &c.Clocks[i]
		}
	}
	return nil
}

// Decision is the end of an application as the company reads it.
type Decision struct {
	File      File
	Outcome   Status
	Letter    string    // the letter's text, as it stands in the inbox
	Subject   string    // of the letter
	ReapplyOn clock.Day // first day on which the company may apply again; zero: at once
	Bar       string    // why not before
	Zone      *time.Location
}

// Decision reads how an application ended, with the reasons as the letter gave them
// and the company's rights. Everybody who reads for the company may. NotFound: it has
// not ended.
func (s *Service) Decision(ctx context.Context, by identity.Actor, id uuid.UUID) (d Decision, err error) {
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := Look(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if !a.Status.Final() {
			return fault.Missing()
		}
		now := s.Now()
		if d.File, err = s.load(ctx, tx, now, a); err != nil {
			return err
		}
		d.Outcome, d.Zone = a.Status, d.File.Dossier.Office.Location()
		if d.Subject, d.Letter, err = lastLetter(ctx, tx, a, string(a.Status)); err != nil {
			return err
		}
		bars, err := runningBars(ctx, tx, a.CompanyID, d.File.Programme, a.EntityType, d.File.Today)
		if err != nil || len(bars) == 0 {
			return err
		}
		d.ReapplyOn, d.Bar = clock.DayOf(bars[0].DueOn, time.UTC).AddDays(1), bars[0].Name
		return nil
	})
	return d, err
}
