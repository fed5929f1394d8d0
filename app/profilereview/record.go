package profilereview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
)

// Head is what stands above every page of a profile.
type Head struct {
	ID            uuid.UUID
	Reference     string
	CompanyID     uuid.UUID
	Company       string
	Country       string
	Programme     string
	EntityType    string
	AlsoTypes     pg.Strings // of the memberships that share the profile
	Kind          string
	Number        int
	Edition       string
	EditionHash   string
	OfficeID      uuid.UUID
	Office        string
	OfficeZone    string
	ApplicationID *uuid.UUID
	Case          string // reference of the application
	CaseStatus    string
	CaseVersion   int
	MembershipID  *uuid.UUID
	Member        string // membership number
	PreviousID    *uuid.UUID
	Status        profile.Status
	OpenedAt      time.Time
	SubmittedAt   *time.Time
	AcceptedAt    *time.Time
	AcceptedBy    string
	EndedAt       *time.Time
	EndReason     string
	OverdueAt     *time.Time
	AssigneeID    *uuid.UUID // of the case, when it belongs to one
	Assignee      string
	Round         int
	Version       int

	Signer       string // who declared the last submission
	SignerTitle  string
	SHA256       string
	VoidedAt     *time.Time
	BeforeAt     *time.Time // when it was submitted the round before
	LastID       *uuid.UUID // the last accepted profile of the same kind of member
	Last         string     // its reference
	LastEdition  string
	LastAccepted *time.Time
}

// Sent is a return with what became of it.
type Sent struct {
	ID          uuid.UUID  `json:"id"`
	Round       int        `json:"round"`
	Message     string     `json:"message"`
	SentAt      time.Time  `json:"sent_at"`
	SentBy      string     `json:"sent_by"`
	AnsweredAt  *time.Time `json:"answered_at"`
	CancelledAt *time.Time `json:"cancelled_at"`
	Items       []Item     `json:"items"`
}

// Item is one criterion of a return.
type Item struct {
	Criterion  string     `json:"criterion"`
	Remark     string     `json:"remark"`
	AnsweredAt *time.Time `json:"answered_at"`
}

// Open reports whether the company has still to answer.
func (s Sent) Open() bool { return s.AnsweredAt == nil && s.CancelledAt == nil }

// Answered counts the criteria that the company has answered so far.
func (s Sent) Answered() (n int) {
	for _, i := range s.Items {
		if i.AnsweredAt != nil {
			n++
		}
	}
	return n
}

// Line is one criterion in the review list.
type Line struct {
	Criterion catalogue.Criterion
	Wording   catalogue.ChangeKind // what became of it since the last accepted profile

	Yes, No, NA int // yes or no questions, answered so for the company
	Answers     int // for the company, in all
	Sites       int // that differ
	Evidence    int // items submitted

	SinceAccepted   bool // answers, evidence or wording differ from the last accepted profile
	SinceSubmission bool // answers or evidence differ from the round before
	Returned        bool // listed in the latest return

	Verdict    Verdict
	Remark     string
	Reviewer   string
	ReviewedAt *time.Time
	Version    int  // of the verdict; 0: none
	Earlier    bool // the verdict was given on an earlier version of the criterion

	Messages int  // sent, of both sides
	Notes    int  // internal
	Drafts   int  // to the company, not sent
	Waiting  bool // the company wrote last, and nobody marked that as settled
}

// Met reports whether nothing stands against accepting the criterion.
func (l Line) Met() bool { return l.Verdict.Met() && !l.Earlier }

// Reviewed reports whether a verdict holds for what was submitted last.
func (l Line) Reviewed() bool { return l.Verdict != NotReviewed && !l.Earlier }

// Show says which criteria of a profile are meant.
type Show string

// The filters of the review list.
const (
	ShowAll         Show = "all"
	ShowMust        Show = "must"
	ShowAccepted    Show = "accepted"  // changed since the last accepted profile
	ShowSubmission  Show = "submitted" // changed since the round before
	ShowNoEvidence  Show = "no_evidence"
	ShowReturned    Show = "returned"
	ShowNotReviewed Show = "not_reviewed"
	ShowNotMet      Show = "not_met"
	ShowMessages    Show = "messages" // the company wrote last
)

// Shows lists the filters in the order of a form.
func Shows() []Show {
	return []Show{ShowAll, ShowNotReviewed, ShowSubmission, ShowAccepted, ShowMust, ShowNoEvidence, ShowReturned, ShowNotMet, ShowMessages}
}

// Name is the filter for a person to read (English source text).
func (s Show) Name() string {
	return map[Show]string{ShowAll: "All criteria", ShowMust: "Musts", ShowAccepted: "Changed since the last accepted profile", ShowSubmission: "Changed since you returned it",
		ShowNoEvidence: "Without evidence", ShowReturned: "Returned", ShowNotReviewed: "Not reviewed", ShowNotMet: "Not met", ShowMessages: "The company wrote"}[s]
}

// has reports whether a filter lets a criterion through.
func (s Show) has(l Line) bool {
	switch s {
	case ShowMust:
		return l.Criterion.Level == catalogue.Must
	case ShowAccepted:
		return l.SinceAccepted
	case ShowSubmission:
		return l.SinceSubmission
	case ShowNoEvidence:
		return l.Evidence == 0
	case ShowReturned:
		return l.Returned
	case ShowNotReviewed:
		return !l.Reviewed()
	case ShowNotMet:
		return l.Reviewed() && !l.Met()
	case ShowMessages:
		return l.Waiting
	}
	return true
}

// Selection narrows the review list. Anything unknown in it counts as not given.
type Selection struct {
	Show    Show   // empty: what is most useful now
	Section string // id; empty: all
}

// Record is everything that the pages of a profile show.
type Record struct {
	Head
	Zone      *time.Location
	Programme *programme.Programme
	Entity    programme.EntityType
	Form      *catalogue.Form
	Lines     []Line // the criteria that counted when it was submitted, in the order of the edition
	Returns   []Sent // newest first
	Drafts    int    // messages to the company that wait for the next send
	Begun     int    // while it is with the company for the first time: criteria with an answer

	May May
}

// May is what the actor may do with the profile now. Pages draw buttons from it; every
// verb asks again.
type May struct {
	Claim, Release bool
	Help           bool   // give verdicts, write notes and drafts
	Lead           bool   // start, send back, accept
	WhyNot         string // English source text; empty with Help
	Start          bool
	Verdict        bool
	Write          bool // notes and drafts
	SendBack       bool
	CancelReturn   bool
	Accept         bool
}

// OpenReturn is the return that the company has still to answer.
func (r Record) OpenReturn() (Sent, bool) {
	if i := slices.IndexFunc(r.Returns, Sent.Open); i >= 0 {
		return r.Returns[i], true
	}
	return Sent{}, false
}

// Count counts the lines that a filter lets through.
func (r Record) Count(s Show) (n int) {
	for _, l := range r.Lines {
		if s.has(l) {
			n++
		}
	}
	return n
}

// Verdicts counts the lines with a verdict that holds.
func (r Record) Verdicts(v Verdict) (n int) {
	for _, l := range r.Lines {
		if l.Verdict == v && (v == NotReviewed || !l.Earlier) {
			n++
		}
	}
	return n
}

// Unmet counts the criteria that stand against accepting the profile.
func (r Record) Unmet() (n int) {
	for _, l := range r.Lines {
		if !l.Met() {
			n++
		}
	}
	return n
}

// Tidy replaces what is unknown: while the profile is to be reviewed by what changed since
// the return or since the last accepted profile, and else by all criteria.
func (r Record) Tidy(s Selection) Selection {
	if !slices.Contains(Shows(), s.Show) {
		s.Show = ShowAll
		if r.Status == profile.Submitted || r.Status == profile.InReview {
			switch {
			case r.BeforeAt != nil:
				s.Show = ShowSubmission
			case r.LastID != nil:
				s.Show = ShowAccepted
			}
		}
	}
	if !slices.ContainsFunc(r.Form.Edition.Sections, func(x catalogue.Section) bool { return x.ID == s.Section }) {
		s.Section = ""
	}
	return s
}

// Select narrows the lines.
func (r Record) Select(s Selection) (out []Line) {
	for _, l := range r.Lines {
		if s.Show.has(l) && (s.Section == "" || slices.Contains(l.Criterion.Sections, s.Section)) {
			out = append(out, l)
		}
	}
	return out
}

const headSQL = `select c.id, c.reference, c.company_id, k.name as company, k.country, c.programme, c.entity_type, c.also_types, c.kind, c.number, c.edition, c.edition_hash,
  c.office_id, o.name as office, o.zone as office_zone, c.application_id, coalesce(a.reference, '') as case, coalesce(a.status, '') as case_status,
  coalesce(a.version, 0) as case_version, c.membership_id, coalesce(m.number, '') as member, c.previous_id, c.status, c.opened_at, c.submitted_at, c.accepted_at,
  coalesce(y.name, '') as accepted_by, c.ended_at, c.end_reason, c.overdue_at, p.id as assignee_id, coalesce(p.name, '') as assignee, c.round, c.version,
  coalesce(s.attested_name, '') as signer, coalesce(s.attested_title, '') as signer_title, coalesce(s.sha256, '') as sha256, s.voided_at,
  b.submitted_at as before_at, l.id as last_id, coalesce(l.reference, '') as last, coalesce(l.edition, '') as last_edition, l.accepted_at as last_accepted,
  coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'round', r.round, 'message', r.message, 'sent_at', r.sent_at, 'sent_by', w.name,
      'answered_at', r.answered_at, 'cancelled_at', r.cancelled_at,
      'items', (select jsonb_agg(jsonb_build_object('criterion', i.criterion, 'remark', i.remark, 'answered_at', i.answered_at)) from profile_return_item i where i.return_id = r.id))
    order by r.sent_at desc) from profile_return r left join person w on w.id = r.sent_by where r.cycle_id = c.id), '[]')::text as returns,
  case c.status when 'open' then (select count(distinct x.criterion)::int from profile_answer x where x.cycle_id = c.id and not x.carried) else 0 end as begun
from profile_cycle c
join company k on k.id = c.company_id
join office o on o.id = c.office_id
left join application a on a.id = c.application_id
left join membership m on m.id = c.membership_id or m.application_id = c.application_id
left join person p on p.id = ` + holderSQL + `
left join person y on y.id = c.accepted_by
left join profile_submission s on s.cycle_id = c.id and s.round = c.round
left join profile_submission b on b.cycle_id = c.id and b.round = c.round - 1
` + lastSQL + `
where c.id = $1 and ` + visibleSQL

// lastSQL is the last accepted profile of the same kind of member before c.
const lastSQL = `left join lateral (select x.id, x.reference, x.edition, x.accepted_at, x.round from profile_cycle x
  where x.company_id = c.company_id and x.programme = c.programme and x.entity_type = c.entity_type and x.number < c.number and x.status = 'accepted'
  order by x.number desc limit 1) l on true`

// asSubmitted are the answers of the profile in k as they were submitted: those of today
// that are not newer, and in the place of newer ones what they replaced.
const asSubmitted = `asked as materialized (
  select e.key as criterion, q.question from k, jsonb_each(k.counted) e, jsonb_array_elements_text(e.value) q(question)
), given as materialized (
  select q.criterion, g.question, g.site_id, g.value, g.choice, g.carried, g.updated_at, g.version, g.author from asked q join (
    select a.question, a.site_id, a.value, a.choice, a.carried, a.updated_at, a.version, a.author
    from k join profile_answer a on a.cycle_id = k.id and a.updated_at <= k.submitted_at
    union all
    select p.question, p.site_id, p.value, coalesce(p.value->>'choice', ''), false, p.updated_at, p.version, p.author
    from k join profile_answer_past p on p.cycle_id = k.id and not p.lost and p.updated_at <= k.submitted_at and p.replaced_at > k.submitted_at
    where k.status in ('returned', 'ended')
  ) g using (question)
  where g.site_id is null or exists (select from k join site z on z.id = g.site_id and (z.closed_on is null or z.closed_on > k.submitted_at::date))
)`

// submittedSQL is the profile with what was submitted last.
const submittedSQL = `k as materialized (
  select c.id, c.company_id, c.programme, c.entity_type, c.status, c.round, s.id as submission, s.submitted_at, s.counted, l.id as last_id, z.id as last_submission,
    coalesce(c.previous_id = l.id and z.submitted_at <= c.opened_at, false) as upon_last
  from profile_cycle c join profile_submission s on s.cycle_id = c.id and s.round = c.round
  ` + lastSQL + `
  left join profile_submission z on z.cycle_id = l.id and z.round = l.round
  where c.id = $1)`

// linesSQL reads one row for each criterion that counted: $1 the profile. Changes are
// told from the moments at which answers were written, and from what was pinned with each
// submission; only what was touched since the last accepted profile is compared by its
// content.
const linesSQL = `with ` + submittedSQL + `, ` + asSubmitted + `, said as (
  select g.criterion, count(*) filter (where g.site_id is null and g.choice = 'yes')::int as yes, count(*) filter (where g.site_id is null and g.choice = 'no')::int as no,
    count(*) filter (where g.site_id is null and g.choice = 'na')::int as na, count(*) filter (where g.site_id is null)::int as answers,
    count(distinct g.site_id)::int as sites, max(g.updated_at) as changed_at,
    bool_or(not (g.carried and k.upon_last) and k.last_id is not null and g.value is distinct from b.value) as differs
  from given g cross join k
  left join profile_answer b on b.cycle_id = k.last_id and b.question = g.question and b.site_id is not distinct from g.site_id
    and not (g.carried and k.upon_last)
  group by g.criterion
), dropped as ( -- exceptions of sites that were taken back in this profile
  select q.criterion, max(p.replaced_at) as changed_at from k
  join profile_answer_past p on p.cycle_id = k.id and p.site_id is not null and not p.lost and p.replaced_at <= k.submitted_at
  join asked q using (question)
  where not exists (select from given g where g.question = p.question and g.site_id = p.site_id) group by q.criterion
), gone as ( -- and those that only the last accepted profile had
  select distinct q.criterion from k join profile_answer b on b.cycle_id = k.last_id and b.site_id is not null join asked q using (question)
  where not exists (select from given g where g.question = b.question and g.site_id = b.site_id)
), rounds as (
  select s.id, s.round, s.submitted_at from k join profile_submission s on s.cycle_id = k.id
), pins as (
  select p.submission_id, p.criterion, count(distinct p.evidence_id)::int as items,
    md5(string_agg(concat(p.site_id, '/', p.evidence_id, '/', p.version_id), ' ' order by p.site_id, p.evidence_id)) as mark
  from evidence_pin p where p.submission_id in (select id from rounds union all select last_submission from k) group by p.submission_id, p.criterion
), listed as (
  select i.criterion from profile_return_item i where i.return_id = (select r.id from profile_return r where r.cycle_id = $1 and r.cancelled_at is null order by r.round desc limit 1)
), threads as (
  select m.criterion, count(*) filter (where not m.internal and m.sent_at is not null)::int as messages, count(*) filter (where m.internal)::int as notes,
    count(*) filter (where not m.internal and m.sent_at is null)::int as drafts,
    (array_agg(m.side = 'company' and m.resolved_at is null order by m.sent_at desc) filter (where not m.internal and m.sent_at is not null))[1] as waiting
  from k join profile_message m on m.company_id = k.company_id and m.programme = k.programme and m.entity_type = k.entity_type group by m.criterion
)
select q.criterion, coalesce(a.yes, 0) as yes, coalesce(a.no, 0) as no, coalesce(a.na, 0) as na, coalesce(a.answers, 0) as answers, coalesce(a.sites, 0) as sites,
  coalesce(n.items, 0) as evidence,
  k.last_id is not null and (coalesce(a.differs, false) or w.criterion is not null or n.mark is distinct from e.mark) as since_accepted,
  b.id is not null and (greatest(a.changed_at, d.changed_at) > b.submitted_at or n.mark is distinct from f.mark) is true as since_submission,
  i.criterion is not null as returned,
  coalesce(v.verdict, 'not_reviewed') as verdict, coalesce(v.remark, '') as remark, coalesce(v.reviewer, '') as reviewer, v.reviewed_at, coalesce(v.version, 0) as version,
  coalesce(v.verdict <> 'not_reviewed' and (greatest(a.changed_at, d.changed_at) > u.submitted_at or n.mark is distinct from h.mark), false) as earlier,
  coalesce(t.messages, 0) as messages, coalesce(t.notes, 0) as notes, coalesce(t.drafts, 0) as drafts, coalesce(t.waiting, false) as waiting
from k cross join jsonb_object_keys(k.counted) q(criterion)
left join rounds b on b.round = k.round - 1
left join said a on a.criterion = q.criterion
left join dropped d on d.criterion = q.criterion
left join gone w on w.criterion = q.criterion
left join listed i on i.criterion = q.criterion
left join threads t on t.criterion = q.criterion
left join profile_verdict v on v.cycle_id = k.id and v.criterion = q.criterion and v.site_id is null
left join rounds u on u.round = v.round
left join pins n on n.submission_id = k.submission and n.criterion = q.criterion
left join pins e on e.submission_id = k.last_submission and e.criterion = q.criterion
left join pins f on f.submission_id = b.id and f.criterion = q.criterion
left join pins h on h.submission_id = u.id and h.criterion = q.criterion`

// lineRow is a row of linesSQL.
type lineRow struct {
	Criterion                      string
	Yes, No, NA                    int
	Answers, Sites, Evidence       int
	SinceAccepted, SinceSubmission bool
	Returned                       bool
	Verdict                        Verdict
	Remark, Reviewer               string
	ReviewedAt                     *time.Time
	Version                        int
	Earlier                        bool
	Messages, Notes, Drafts        int
	Waiting                        bool
}

type headRow struct {
	Head
	Returns string
	Begun   int
}

// readProfile is what the event of a look at a profile is about.
const readProfile = `profile_cycle x left join application y on y.id = x.application_id
  where x.id = $10 and (x.application_id is null or y.submitted_at is not null and x.submitted_at is not null)`

// Record reads a profile with the state of each criterion, and notes that the person has
// looked at it. The agency's case readers may.
func (s *Service) Record(ctx context.Context, by identity.Actor, id uuid.UUID) (Record, error) {
	return s.read(ctx, by, id)
}

// read reads a profile, and more with it in the same round trip.
func (s *Service) read(ctx context.Context, by identity.Actor, id uuid.UUID, more ...pg.Query) (r Record, err error) {
	if err := reader(by); err != nil {
		return r, err
	}
	now := s.Now()
	var head headRow
	var lines []lineRow
	err = s.DB.Batch(ctx, by.Scope(), append([]pg.Query{
		audit.LookAt(now, by, "profile.read", profile.Kind, readProfile, id),
		pg.One(&head, headSQL, id),
		pg.All(&lines, linesSQL, id),
	}, more...)...)
	if err != nil {
		return Record{}, fmt.Errorf("read the profile: %w", err)
	}
	r = Record{Head: head.Head, Begun: head.Begun}
	if err := json.Unmarshal([]byte(head.Returns), &r.Returns); err != nil {
		return Record{}, fmt.Errorf("read the returns: %w", err)
	}
	if r.Form, err = s.Steps.Form(r.cycle()); err != nil {
		return Record{}, err
	}
	p, ok := s.Steps.Programmes.Get(r.Head.Programme)
	if !ok {
		return Record{}, fmt.Errorf("profile %s: the portal has no programme %q", r.Reference, r.Head.Programme)
	}
	r.Programme = p
	r.Entity, _ = p.EntityType(r.EntityType)
	if r.Zone, err = time.LoadLocation(r.OfficeZone); err != nil {
		r.Zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	r.Lines = r.inOrder(lines, s.lastEdition(r.Head))
	for _, l := range r.Lines {
		r.Drafts += l.Drafts
	}
	r.May = r.may(by)
	return r, nil
}

// Kinds names the kinds of member that the profile asks.
func (r Record) Kinds(ctx context.Context) string {
	out := i18n.T(ctx, r.Entity.Name)
	for _, code := range r.AlsoTypes {
		e, _ := r.Programme.EntityType(code)
		out += ", " + i18n.T(ctx, e.Name)
	}
	return out
}

// cycle is as much of the profile as the rules ask about.
func (h Head) cycle() profile.Cycle {
	return profile.Cycle{ID: h.ID, Reference: h.Reference, CompanyID: h.CompanyID, Programme: h.Programme, EntityType: h.EntityType, AlsoTypes: h.AlsoTypes, Kind: h.Kind,
		Edition: h.Edition, EditionHash: h.EditionHash, OfficeID: h.OfficeID, ApplicationID: h.ApplicationID, Status: h.Status, Round: h.Round, Version: h.Version}
}

// inOrder puts the lines into the order of the edition. A criterion whose wording changed
// since the last accepted profile has changed too.
func (r Record) inOrder(rows []lineRow, last *catalogue.Edition) []Line {
	place := make(map[string]int, len(rows))
	for i, x := range rows {
		place[x.Criterion] = i
	}
	var out []Line
	for _, c := range r.Form.Criteria {
		i, ok := place[c.ID]
		if !ok {
			continue
		}
		x := rows[i]
		l := Line{
			Criterion: c, Yes: x.Yes, No: x.No, NA: x.NA, Answers: x.Answers, Sites: x.Sites, Evidence: x.Evidence,
			SinceAccepted: x.SinceAccepted, SinceSubmission: x.SinceSubmission, Returned: x.Returned,
			Verdict: x.Verdict, Remark: x.Remark, Reviewer: x.Reviewer, ReviewedAt: x.ReviewedAt, Version: x.Version, Earlier: x.Earlier,
			Messages: x.Messages, Notes: x.Notes, Drafts: x.Drafts, Waiting: x.Waiting,
			Wording: catalogue.Unchanged,
		}
		if last != nil {
			l.Wording = wording(last, c)
			l.SinceAccepted = l.SinceAccepted || l.Wording != catalogue.Unchanged
		}
		out = append(out, l)
	}
	return out
}

// lastEdition is the edition of the last accepted profile, when it is another one.
func (s *Service) lastEdition(h Head) *catalogue.Edition {
	if h.LastID == nil || h.LastEdition == h.Edition {
		return nil
	}
	e, _ := s.Steps.Library.Edition(h.Programme, h.LastEdition)
	return e
}

// wording says whether a criterion asks something else than in an earlier edition.
func wording(before *catalogue.Edition, c catalogue.Criterion) catalogue.ChangeKind {
	was, ok := before.Criterion(c.ID)
	switch {
	case !ok:
		return catalogue.New
	case was.Level != c.Level || was.Title.String() != c.Title.String() || was.Requirement.String() != c.Requirement.String() ||
		!slices.EqualFunc(was.Questions, c.Questions, func(a, b catalogue.Question) bool {
			return a.ID == b.ID && a.Kind == b.Kind && a.Level == b.Level && a.Text.String() == b.Text.String()
		}):
		return catalogue.Reworded
	}
	return catalogue.Unchanged
}

// may asks the table and the rules above what the actor may do now.
func (r Record) may(by identity.Actor) (m May) {
	h := holding{Office: r.OfficeID, Assignee: r.AssigneeID, OfCase: r.ApplicationID != nil, Visible: true}
	final := r.Status.Final()
	m.Claim = r.AssigneeID == nil && !final && worker(by) == nil && by.InOffice(r.OfficeID)
	err := h.help(by)
	if final {
		m.WhyNot = "This profile is accepted or has ended"
	} else if err != nil {
		m.WhyNot = sentence(err)
	}
	if err != nil {
		return m
	}
	m.Help, m.Write = !final, !final
	m.Verdict = r.Status == profile.InReview
	if h.lead(by) != nil || final {
		return m
	}
	m.Lead, m.Release = true, r.AssigneeID != nil
	do := profile.Lifecycle.Actions(r.Status, by.Role, profile.Facts{})
	can := func(x profile.Action) bool { return slices.Contains(do, x) }
	m.Start, m.SendBack, m.CancelReturn, m.Accept = can(profile.StartReview), can(profile.SendBack), can(profile.CancelReturn), can(profile.Accept)
	return m
}

// sentence is what a refusal says, untranslated.
func sentence(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}

// HolderVersion is the version that claiming and giving back ask for: the case's, when the
// profile belongs to one.
func (h Head) HolderVersion() int {
	if h.ApplicationID != nil {
		return h.CaseVersion
	}
	return h.Version
}

// Earlier counts the verdicts that were given on an earlier version of their criterion.
func (r Record) Earlier() (n int) {
	for _, l := range r.Lines {
		if l.Earlier {
			n++
		}
	}
	return n
}

// Title is the title of a criterion in the language of ctx.
func (r Record) Title(ctx context.Context, criterion string) string {
	c, _ := r.Form.Criterion(criterion)
	text, _ := c.Title.In(i18n.Lang(ctx))
	return text
}

// Sorted puts the criteria of a return into the order of the edition.
func (r Record) Sorted(items []Item) []Item {
	place := func(i Item) int {
		return slices.IndexFunc(r.Form.Criteria, func(c catalogue.Criterion) bool { return c.ID == i.Criterion })
	}
	out := slices.Clone(items)
	slices.SortFunc(out, func(a, b Item) int { return place(a) - place(b) })
	return out
}
