package review

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
)

// Overview is everything about one company on one page.
type Overview struct {
	Company     CompanyHead
	Zone        *time.Location
	TradeNames  []string
	Sites       []OverviewSite
	Contacts    []application.Contact
	Identifiers []OverviewNumber
	Cases       []OverviewCase
	Memberships []OverviewMember
	Notices     []OverviewNotice
	Profiles    []OverviewProfile // newest first
	Assessments []OverviewAssessment
	Validations []OverviewValidation
	Clocks      []OverviewClock
	Duplicates  []company.DuplicateItem // open ones first
	Timeline    Timeline
}

// CompanyHead is the legal entity.
type CompanyHead struct {
	ID           uuid.UUID
	Name         string
	LegalForm    string
	Country      string
	Registration string
	Website      string
	Phone        string
	Employees    *int
	OfficeID     uuid.UUID
	Office       string
	OfficeZone   string
	Partners     int // business partners on its own list
	CreatedAt    time.Time
}

// OverviewSite is a place of the company.
type OverviewSite struct {
	Name     string     `json:"name"`
	Activity string     `json:"activity"`
	City     string     `json:"city"`
	Country  string     `json:"country"`
	ClosedOn *clock.Day `json:"closed_on"`
}

// OverviewNumber is a number, masked when it is about a person.
type OverviewNumber struct {
	Scheme string `json:"scheme"`
	Value  string `json:"value"`
}

// OverviewCase is an application that was submitted.
type OverviewCase struct {
	ID          uuid.UUID          `json:"id"`
	Reference   string             `json:"reference"`
	Programme   string             `json:"programme"`
	EntityType  string             `json:"entity_type"`
	Status      application.Status `json:"status"`
	SubmittedAt time.Time          `json:"submitted_at"`
	Assignee    string             `json:"assignee"`
}

// OverviewMember is a membership.
type OverviewMember struct {
	ID          uuid.UUID `json:"id"`
	Number      string    `json:"number"`
	Programme   string    `json:"programme"`
	EntityType  string    `json:"entity_type"`
	Tier        string    `json:"tier"`
	Status      string    `json:"status"`
	EffectiveOn clock.Day `json:"effective_on"`
}

// OverviewNotice is a change notice that was sent.
type OverviewNotice struct {
	ID          uuid.UUID      `json:"id"`
	Reference   string         `json:"reference"`
	Status      company.Status `json:"status"`
	EffectiveOn clock.Day      `json:"effective_on"`
}

// OverviewProfile is a security profile: one that was submitted with its application, or
// the review of a membership from the day it opens.
type OverviewProfile struct {
	ID          uuid.UUID      `json:"id"`
	Reference   string         `json:"reference"`
	Programme   string         `json:"programme"`
	EntityType  string         `json:"entity_type"`
	Kind        string         `json:"kind"` // profile.Initial, profile.Annual, …
	Status      profile.Status `json:"status"`
	Anniversary clock.Day      `json:"anniversary"` // of a yearly review: the end of its year
	OpenedAt    time.Time      `json:"opened_at"`
	SubmittedAt *time.Time     `json:"submitted_at"` // the last time
	AcceptedAt  *time.Time     `json:"accepted_at"`
	OverdueAt   *time.Time     `json:"overdue_at"`
}

// Overdue reports whether the company owes a review whose day has passed.
func (p OverviewProfile) Overdue() bool {
	return profile.Cycle{Status: p.Status, OverdueAt: p.OverdueAt}.Overdue()
}

// OverviewAssessment is a risk assessment that the company has finished.
type OverviewAssessment struct {
	ID         uuid.UUID `json:"id"`
	Title      string    `json:"title"`
	FinishedAt time.Time `json:"finished_at"`
}

// OverviewValidation is a validation of the company.
type OverviewValidation struct {
	ID        uuid.UUID `json:"id"`
	Reference string    `json:"reference"`
	Programme string    `json:"programme"`
	Kind      string    `json:"kind"`
	Status    string    `json:"status"`
	WindowTo  clock.Day `json:"window_to"`
}

// OverviewClock is a clock that runs.
type OverviewClock struct {
	Name      string    `json:"name"`  // English source text
	About     string    `json:"about"` // which part of the record, in the words of whoever wrote it
	Record    string    `json:"record"`
	DueOn     clock.Day `json:"due_on"`
	OwedBy    string    `json:"owed_by"`
	Earliest  bool      `json:"earliest"`
	Paused    bool      `json:"paused"`
	DaysLeft  int       `json:"days_left"`
	StartedAt time.Time `json:"started_at"`
}

const companySQL = `select c.id, c.name, c.legal_form, c.country, c.registration, c.website, c.phone, c.employees, c.office_id,
  o.name as office, o.zone as office_zone,
  (select count(*)::int from business_partner b where b.company_id = c.id and b.ended_at is null) as partners, c.created_at
from company c join office o on o.id = c.office_id where c.id = $1`

const accountSQL = `select jsonb_build_object(
  'trade_names', (select jsonb_agg(t.name order by t.name, t.id) from trade_name t where t.company_id = $1 and t.removed_at is null),
  'sites', (select jsonb_agg(jsonb_build_object('name', s.name, 'activity', s.activity, 'city', s.city, 'country', s.country, 'closed_on', s.closed_on)
    order by s.closed_on is not null, s.created_at, s.id) from site s where s.company_id = $1),
  'contacts', (select jsonb_agg(jsonb_build_object('id', k.id, 'name', k.name, 'title', k.title, 'email', k.email, 'phone', k.phone, 'kind', k.kind,
    'primary', k.is_primary) order by not k.is_primary, k.created_at, k.id) from contact k where k.company_id = $1 and k.removed_at is null),
  'identifiers', (select jsonb_agg(jsonb_build_object('scheme', i.scheme, 'value', i.value) order by i.scheme, i.created_at, i.id)
    from company_identifier i where i.company_id = $1 and i.removed_at is null)
)::text`

const recordsSQL = `select jsonb_build_object(
  'cases', (select jsonb_agg(jsonb_build_object('id', a.id, 'reference', a.reference, 'programme', a.programme, 'entity_type', a.entity_type,
      'status', a.status, 'submitted_at', a.submitted_at, 'assignee', p.name) order by a.submitted_at desc)
    from application a left join person p on p.id = a.assignee_id where a.company_id = $1 and a.submitted_at is not null),
  'memberships', (select jsonb_agg(jsonb_build_object('id', m.id, 'number', m.number, 'programme', m.programme, 'entity_type', m.entity_type,
      'tier', m.tier, 'status', m.status, 'effective_on', m.effective_on) order by m.created_at desc) from membership m where m.company_id = $1),
  'notices', (select jsonb_agg(jsonb_build_object('id', n.id, 'reference', n.reference, 'status', n.status, 'effective_on', n.effective_on) order by n.opened_at desc)
    from (select id, reference, status, effective_on, opened_at from change_notice where company_id = $1 and sent_at is not null order by opened_at desc limit 50) n),
  'profiles', (select jsonb_agg(jsonb_build_object('id', c.id, 'reference', c.reference, 'programme', c.programme, 'entity_type', c.entity_type, 'kind', c.kind,
      'status', c.status, 'anniversary', c.anniversary, 'opened_at', c.opened_at, 'submitted_at', c.submitted_at, 'accepted_at', c.accepted_at, 'overdue_at', c.overdue_at)
      order by c.opened_at desc, c.id desc)
    from (select y.* from profile_cycle y left join application z on z.id = y.application_id
      where y.company_id = $1 and (y.application_id is null or z.submitted_at is not null and y.submitted_at is not null)
      order by y.opened_at desc, y.id desc limit 50) c),
  'assessments', (select jsonb_agg(jsonb_build_object('id', x.id, 'title', x.title, 'finished_at', x.finished_at) order by x.finished_at desc)
    from risk_assessment x where x.company_id = $1 and x.status = 'finished'),
  'validations', (select jsonb_agg(jsonb_build_object('id', v.id, 'reference', v.reference, 'programme', v.programme, 'kind', v.kind, 'status', v.status, 'window_to', v.window_to)
      order by v.opened_at desc, v.id) from (select * from validation where company_id = $1 order by opened_at desc limit 50) v),
  'clocks', (select jsonb_agg(jsonb_build_object('name', k.name, 'about', k.about, 'record', coalesce(a.reference, m.number, n.reference, vv.reference, ec.reference, ''), 'due_on', k.due_on,
      'owed_by', k.owed_by, 'earliest', k.earliest, 'paused', k.paused, 'started_at', k.started_at,
      'days_left', k.due_on - ($2::timestamptz at time zone k.zone)::date) order by k.due_on, k.id)
    from clock k
    left join application a on k.subject_kind = 'application' and a.id = k.subject_id
    left join membership m on k.subject_kind = 'membership' and m.id = k.subject_id
    left join change_notice n on k.subject_kind = 'change_notice' and n.id = k.subject_id
    left join validation vv on k.subject_kind = 'validation' and vv.id = k.subject_id
    left join enforcement_case ec on k.subject_kind = 'enforcement' and ec.id = k.subject_id
    where k.company_id = $1 and k.stopped_at is null and (a.id is null or a.submitted_at is not null)),
  'duplicates', (select jsonb_agg(jsonb_build_object('ID', d.id, 'OtherID', o.id, 'Other', o.name, 'Country', o.country, 'Why', d.why,
      'Scheme', case when d.why = 'identifier' then split_part(d.detail, ' ', 1) else '' end,
      'Detail', case when d.why = 'identifier' then substr(d.detail, strpos(d.detail, ' ') + 1) else d.detail end,
      'FoundAt', d.found_at, 'SettledAt', d.settled_at, 'SettledBy', p.name, 'Settlement', d.settlement) order by d.settled_at is not null, d.found_at desc)
    from possible_duplicate d
    join company o on o.id = case when d.company_id = $1 then d.other_id else d.company_id end
    left join person p on p.id = d.settled_by
    where d.company_id = $1 or d.other_id = $1)
)::text`

// Company360 reads everything about a company in one round trip, with one page of its
// timeline, and notes that the person has looked. The agency's case readers may.
func (s *Service) Company360(ctx context.Context, by identity.Actor, id uuid.UUID, t TimelineFilter) (o Overview, err error) {
	if err := reader(by); err != nil {
		return o, err
	}
	now := s.Now()
	var account, records string
	var rows []timelineRow
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&o.Company, companySQL, id),
		pg.Value(&account, accountSQL, id),
		pg.Value(&records, recordsSQL, id, now),
		t.ofCompany(&rows, id),
		audit.Look(now, by, "company.read", id),
	)
	if err != nil {
		return Overview{}, fmt.Errorf("read the company: %w", err)
	}
	var p struct {
		TradeNames  []string              `json:"trade_names"`
		Sites       []OverviewSite        `json:"sites"`
		Contacts    []application.Contact `json:"contacts"`
		Identifiers []OverviewNumber      `json:"identifiers"`
	}
	if err := json.Unmarshal([]byte(account), &p); err != nil {
		return Overview{}, fmt.Errorf("read the company: %w", err)
	}
	var r struct {
		Cases       []OverviewCase          `json:"cases"`
		Memberships []OverviewMember        `json:"memberships"`
		Notices     []OverviewNotice        `json:"notices"`
		Profiles    []OverviewProfile       `json:"profiles"`
		Assessments []OverviewAssessment    `json:"assessments"`
		Validations []OverviewValidation    `json:"validations"`
		Clocks      []OverviewClock         `json:"clocks"`
		Duplicates  []company.DuplicateItem `json:"duplicates"`
	}
	if err := json.Unmarshal([]byte(records), &r); err != nil {
		return Overview{}, fmt.Errorf("read the company's records: %w", err)
	}
	for i, n := range p.Identifiers {
		p.Identifiers[i].Value = company.Shown(n.Scheme, n.Value)
	}
	for i, d := range r.Duplicates {
		if d.Scheme != "" {
			r.Duplicates[i].Detail = company.Shown(d.Scheme, d.Detail)
		}
	}
	o.TradeNames, o.Sites, o.Contacts, o.Identifiers = p.TradeNames, p.Sites, p.Contacts, p.Identifiers
	o.Cases, o.Memberships, o.Notices, o.Clocks, o.Duplicates = r.Cases, r.Memberships, r.Notices, r.Clocks, r.Duplicates
	o.Profiles, o.Assessments, o.Validations = r.Profiles, r.Assessments, r.Validations
	o.Timeline = t.page(rows)
	if o.Zone, err = time.LoadLocation(o.Company.OfficeZone); err != nil {
		o.Zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	return o, nil
}

// TimelineKind is what a timeline shows.
type TimelineKind string

// The kinds. The empty kind is all that changed something.
const (
	AllChanges TimelineKind = ""
	CaseEvents TimelineKind = "cases"
	Clocks     TimelineKind = "clocks"
	Account    TimelineKind = "account"
	Letters    TimelineKind = "letters"
	People     TimelineKind = "people"
	Reads      TimelineKind = "reads" // who looked
)

// TimelineKinds lists the kinds in the order of a form.
func TimelineKinds() []TimelineKind {
	return []TimelineKind{AllChanges, CaseEvents, Clocks, Account, Letters, People, Reads}
}

// Name is the kind for a person to read (English source text).
func (k TimelineKind) Name() string {
	return map[TimelineKind]string{AllChanges: "All changes", CaseEvents: "Cases and memberships", Clocks: "Deadlines", Account: "Company account",
		Letters: "Letters and messages", People: "People and rights", Reads: "Who looked"}[k]
}

// milestones are the events of a security profile that a timeline tells of. What its
// people write and what specialists say of each criterion stands on its own pages.
func milestones() []string {
	return []string{"profile.submit", "profile.start_review", "profile.return", "profile.cancel_return", "profile.accept", "profile.end",
		"profile.overdue", "profile.warn", "profile.claim", "profile.release", "profile.assign_reviewer", "profile.read"}
}

// actions are the first words of the kind's actions; nil is any.
func (k TimelineKind) actions() []string {
	return map[TimelineKind][]string{
		CaseEvents: {"application", "profile", "membership", "note", "hours", "agreement"}, Clocks: {"clock"},
		Account: {"company", "site", "contact", "trade_name", "identifier", "company_identifier", "change_notice", "risk_assessment"},
		Letters: {"message", "letter"}, People: {"right", "person_right", "invitation"},
	}[k]
}

// TimelineFilter narrows a timeline. Before is the ID of the last entry seen.
type TimelineFilter struct {
	Kind   TimelineKind
	Before int64
}

// TimelinePage is how many entries one page of a timeline has.
const TimelinePage = 50

// Timeline is one page of what happened, newest first.
type Timeline struct {
	Filter  TimelineFilter
	Entries []TimelineEntry
	Next    int64 // for Before; 0 on the last page
}

// TimelineEntry is one audit event.
type TimelineEntry struct {
	ID       int64
	At       time.Time
	Actor    string
	Role     string
	Action   string
	Record   string // reference of what it is about, when it has one
	Reason   string
	Changes  []TimelineChange
	Internal bool
}

// TimelineChange is one value before and after.
type TimelineChange struct{ Field, Was, Is string }

type timelineRow struct {
	ID       int64
	At       time.Time
	Actor    string
	Role     string
	Action   string
	Record   string
	Reason   string
	Before   *string
	After    *string
	Internal bool
}

const timelineSQL = `select e.id, e.at, e.actor, e.role, e.action, coalesce(a.reference, y.reference, n.reference, m.number, '') as record, e.reason,
  e.before::text as before, e.after::text as after, e.internal
from audit_event e
left join application a on e.subject_kind = 'application' and a.id = e.subject_id
left join profile_cycle y on e.subject_kind = 'profile' and y.id = e.subject_id
left join application z on z.id = y.application_id
left join change_notice n on e.subject_kind = 'change_notice' and n.id = e.subject_id
left join membership m on e.subject_kind = 'membership' and m.id = e.subject_id
where ($2 = 0 or e.id < $2) and ($3::text[] is null or split_part(e.action, '.', 1) = any($3)) and (e.action like '%.read') = $4
  and (a.id is null or a.submitted_at is not null)
  and (y.id is null or e.action = any($6) and (z.id is null or z.submitted_at is not null))
  and (e.subject_kind <> 'risk_assessment' or e.action = 'risk_assessment.finish' or e.internal)
  and (e.subject_kind <> 'evidence' or e.internal) and `

func (t TimelineFilter) args(id uuid.UUID) []any {
	return []any{id, t.Before, t.Kind.actions(), t.Kind == Reads, TimelinePage + 1, milestones()}
}

func (t TimelineFilter) ofCompany(dst *[]timelineRow, id uuid.UUID) pg.Query {
	return pg.All(dst, timelineSQL+`e.company_id = $1 order by e.id desc limit $5`, t.args(id)...)
}

func (t TimelineFilter) ofCase(dst *[]timelineRow, id uuid.UUID) pg.Query {
	return pg.All(dst, timelineSQL+`e.subject_kind = any('{application,profile}')
  and e.subject_id = any(array(select $1::uuid union all select c.id from profile_cycle c where c.application_id = $1)) order by e.id desc limit $5`, t.args(id)...)
}

func (t TimelineFilter) page(rows []timelineRow) Timeline {
	out := Timeline{Filter: t}
	if len(rows) > TimelinePage {
		rows = rows[:TimelinePage]
		out.Next = rows[TimelinePage-1].ID
	}
	for _, r := range rows {
		out.Entries = append(out.Entries, TimelineEntry{ID: r.ID, At: r.At, Actor: r.Actor, Role: r.Role, Action: r.Action, Record: r.Record,
			Reason: r.Reason, Changes: changes(r.Before, r.After), Internal: r.Internal})
	}
	return out
}

// changes pairs the values before and after. Events are JSON objects by custom;
// anything else has no pairs to show.
func changes(before, after *string) (out []TimelineChange) {
	was, is := object(before), object(after)
	var names []string
	for name := range was {
		names = append(names, name)
	}
	for name := range is {
		if _, both := was[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		out = append(out, TimelineChange{Field: name, Was: plain(was[name]), Is: plain(is[name])})
	}
	return out
}

func object(doc *string) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if doc == nil || json.Unmarshal([]byte(*doc), &m) != nil {
		return nil
	}
	return m
}

func plain(v json.RawMessage) string {
	var text string
	if json.Unmarshal(v, &text) == nil {
		return text
	}
	return string(v)
}

// History reads a case, as Record does, and one page of what happened to it, newest
// first. The agency's case readers may.
func (s *Service) History(ctx context.Context, by identity.Actor, id uuid.UUID, t TimelineFilter) (Case, Timeline, error) {
	if err := reader(by); err != nil {
		return Case{}, Timeline{}, err
	}
	now := s.Now()
	var rows []timelineRow
	c, err := s.read(ctx, by, id, now, audit.LookAt(now, by, "application.read", application.Kind, readCase, id), t.ofCase(&rows, id))
	return c, t.page(rows), err
}
