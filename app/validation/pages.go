package validation

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
	"trustedtrader/app/programme"
	"trustedtrader/app/roster"
)

// TeamMember is an officer on a visit, as pages show them.
type TeamMember struct {
	ID   uuid.UUID
	Name string
	Role string
}

// VisitItem is a visit in the record of a validation.
type VisitItem struct {
	Visit
	Team       []TeamMember
	Offer      OfferStatus // of the offer that counts; empty: none
	AnswerBy   *time.Time
	Papers     int // documents asked for
	Ready      int // of these
	AsksFor    int // observers about whom the company has not answered
	Short      bool
	HomeOffice string // zone of the office in charge
}

// Record is everything about one validation.
type Record struct {
	Validation
	Company   string
	Office    string
	Zone      *time.Location // of the office
	Lead      string
	About     string // number of the membership or reference of the application
	Programme *programme.Programme
	Entity    programme.EntityType
	Why       programme.ValidationKind
	Visits    []VisitItem
	Clocks    []clock.View
	Times     []TimeEntry // what became of the times of its visits, the newest first
	NotBefore clock.Day   // first day that respects the notice
	Today     clock.Day   // at the office
	Works     bool        // the reader may change it
	Shared    bool        // the company may read a version of the report
	Findings  []Found     // that the reader may see
	CommentBy *time.Time  // until when the company may comment on the draft of the report; nil: it is not asked, or has
}

// Found is a finding of the validation, in a few words.
type Found struct {
	ID               uuid.UUID
	Reference, Title string
	Kind, Status     string
	DueOn            *clock.Day // last day to answer, while that runs
}

// TimeEntry is a line of the history of a visit's time.
type TimeEntry struct {
	VisitID   uuid.UUID
	Place     string
	What      string
	Span      Span
	Reason    string
	ByName    string
	ByCompany bool
	At        time.Time
}

// WhatName says what became of a time (English source text).
func (t TimeEntry) WhatName() string {
	return map[string]string{wasBooked: "Booked", wasRescheduled: "Moved", wasCancelled: "Cancelled", zoneChanged: "Moved by new rules of the time zone"}[t.What]
}

type timeRow struct {
	VisitID                              uuid.UUID
	Place, What, Zone, Reason, ByName    string
	LocalFrom, LocalTo, StartsAt, EndsAt *time.Time
	ByCompany, AllDay                    bool
	At                                   time.Time
}

func (r timeRow) entry() TimeEntry {
	x := Visit{Zone: r.Zone, LocalFrom: r.LocalFrom, LocalTo: r.LocalTo, StartsAt: r.StartsAt, EndsAt: r.EndsAt, AllDay: r.AllDay}
	return TimeEntry{VisitID: r.VisitID, Place: r.Place, What: r.What, Span: x.When(), Reason: r.Reason, ByName: r.ByName, ByCompany: r.ByCompany, At: r.At}
}

const timesSQL = `select t.visit_id, x.place, t.what, t.zone, t.reason, t.by_name, t.by_company, t.at, t.local_from, t.local_to, t.starts_at, t.ends_at, x.all_day
from visit_time t join visit x on x.id = t.visit_id where `

const headColumns = `v.id, v.reference, v.company_id, v.programme, v.entity_type, v.kind, v.membership_id, v.application_id, v.plan_item_id, v.office_id, v.status, v.reason,
  v.window_from, v.window_to, v.days, v.lead_id, v.notice, v.opened_at, v.notified_at, v.visit_begun_at, v.visited_at, v.issued_at, v.closed_at, v.outcome, v.closing_reason, v.version`

const headFrom = ` from validation v
join company c on c.id = v.company_id
join office o on o.id = v.office_id
left join person p on p.id = v.lead_id
left join membership m on m.id = v.membership_id
left join application a on a.id = v.application_id`

const headSQL = `select ` + headColumns + `, c.name as company, o.name as office, o.zone, o.calendar, coalesce(p.name, '') as lead, coalesce(m.number, a.reference, '') as about,
  exists (select from report_version w where w.validation_id = v.id and w.shared) as shared,
  (select r.comment_by from report_comment r where r.validation_id = v.id and r.commented_at is null and v.status = 'visited') as comment_by,
  coalesce((select jsonb_agg(jsonb_build_object('ID', f.id, 'Reference', f.reference, 'Title', f.title, 'Kind', f.kind, 'Status', f.status, 'DueOn', w.due_on) order by f.reference)
    from finding f left join clock w on w.subject_kind = 'finding' and w.subject_id = f.id and w.stopped_at is null
    where f.validation_id = v.id and f.status <> 'withdrawn'), '[]') as findings` + headFrom

// looking is how a statement reads one record: for the agency it notes the look in the same
// statement, for a company it confines the record to its own. It gives what stands before
// the statement, the condition on the record x, and the arguments.
func looking(by identity.Actor, now time.Time, action, kind, table string, id uuid.UUID) (with, where string, args []any) {
	if by.Audience == identity.Staff {
		return `with looked as (` + audit.LookSQL + table + ` x where x.id = $10 returning 1) `, `x.id = $10`, audit.LookArgs(now, by, action, kind, id)
	}
	return "", `x.id = $1 and x.company_id = $2`, []any{id, by.CompanyID}
}

type headRow struct {
	Validation
	Company, Office, Zone, Calendar, Lead, About string
	Shared                                       bool
	CommentBy                                    *time.Time
	Findings                                     []Found
}

const teamJSON = `coalesce((select jsonb_agg(jsonb_build_object('ID', n.person_id, 'Name', q.name, 'Role', n.role)
    order by case n.role when 'lead' then 1 when 'member' then 2 else 3 end, q.name)
    from visit_officer n join person q on q.id = n.person_id where n.visit_id = x.id), '[]') as team`

const visitItemsSQL = `select ` + visitColumns + `, ` + teamJSON + `, coalesce(p.status, '') as offer, p.answer_by,
  (select count(*)::int from visit_document d where d.visit_id = x.id and d.removed_at is null) as papers,
  (select count(*)::int from visit_document d where d.visit_id = x.id and d.removed_at is null and d.ready_at is not null) as ready,
  (select count(*)::int from visit_observer b where b.visit_id = x.id and b.consent is null) as asks_for
from visit x left join proposal p on p.visit_id = x.id and p.status in ('open', 'answered', 'unanswered')
where `

type visitItemRow struct {
	Visit
	Team     []TeamMember
	Offer    OfferStatus
	AnswerBy *time.Time
	Papers   int
	Ready    int
	AsksFor  int
}

func (r visitItemRow) item() VisitItem {
	return VisitItem{Visit: r.Visit, Team: r.Team, Offer: r.Offer, AnswerBy: r.AnswerBy, Papers: r.Papers, Ready: r.Ready, AsksFor: r.AsksFor}
}

// Record reads one validation. Its company's people may from the day on which they were
// told, and the agency's case readers; a look by the agency is an audit event.
func (s *Service) Record(ctx context.Context, by identity.Actor, id uuid.UUID) (Record, error) {
	var visits []visitItemRow
	var times []timeRow
	r, err := s.head(ctx, by, id, pg.All(&visits, visitItemsSQL+`x.validation_id = $1 order by x.number`, id),
		pg.All(&times, timesSQL+`x.validation_id = $1 order by t.id desc limit 200`, id))
	for _, x := range visits {
		r.Visits = append(r.Visits, x.item())
	}
	for _, t := range times {
		r.Times = append(r.Times, t.entry())
	}
	return r, err
}

// Head is Record without the visits, for forms.
func (s *Service) Head(ctx context.Context, by identity.Actor, id uuid.UUID) (Record, error) {
	return s.head(ctx, by, id)
}

func (s *Service) head(ctx context.Context, by identity.Actor, id uuid.UUID, more ...pg.Query) (r Record, err error) {
	if _, err := by.Reads(); err != nil {
		return r, err
	}
	now := s.Now()
	var head headRow
	var kept []clock.Kept
	with, where, args := looking(by, now, "validation.read", Kind, "validation", id)
	statements := append([]pg.Query{pg.One(&head, with+headSQL+` where v.id = (select x.id from validation x where `+where+`)`, args...), clock.About(&kept, Kind, id)}, more...)
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return r, fmt.Errorf("read the validation: %w", err)
	}
	return s.record(by, now, head, kept)
}

func (s *Service) record(by identity.Actor, now time.Time, head headRow, kept []clock.Kept) (r Record, err error) {
	r = Record{Validation: head.Validation, Company: head.Company, Office: head.Office, Zone: zoneNamed(head.Zone), Lead: head.Lead, About: head.About, Shared: head.Shared,
		Findings: head.Findings, CommentBy: head.CommentBy}
	if r.Programme, err = s.Steps.Rules(head.Validation); err != nil {
		return r, err
	}
	r.Entity, _ = r.Programme.EntityType(head.EntityType)
	r.Why, _ = r.Programme.Validation.Kind(head.Kind)
	r.Clocks = s.Steps.Clocks.Views(kept, now)
	r.Today = clock.DayOf(now, r.Zone)
	if r.CommentBy != nil && !now.Before(*r.CommentBy) {
		r.CommentBy = nil
	}
	r.Works = by.Audience == identity.Staff && by.Is(identity.CaseWorkers...) && by.InOffice(head.OfficeID) && !head.Status.Final()
	r.NotBefore, err = s.Steps.notBefore(r.Clocks, now, head.Validation, officeRow{Zone: head.Zone, Calendar: head.Calendar})
	return r, err
}

// Round is an offer with its times.
type Round struct {
	Proposal
	Slots []Slot
}

// PaperItem is a document that the company is asked to have ready.
type PaperItem struct {
	ID         uuid.UUID
	Name       string
	WantedOn   clock.Day
	OnSite     bool
	EvidenceID *uuid.UUID
	Title      string // of the evidence
	VersionID  *uuid.UUID
	ReadyAt    *time.Time
	ReadyBy    string
}

// ObserverItem is a partner agency that is to watch, with what it concluded.
type ObserverItem struct {
	ID         uuid.UUID
	Agency     string
	Purpose    string
	AskedAt    time.Time
	Consent    string
	Consenter  string
	Withdrawn  bool
	Conclusion string
	Concluder  string
	Version    int
}

// Stands reports whether the agency may see the visit.
func (o ObserverItem) Stands() bool { return o.Consent == Given && !o.Withdrawn }

// VisitPage is everything about one visit.
type VisitPage struct {
	Record
	Visit     VisitItem
	Rounds    []Round // offers, the newest first
	Papers    []PaperItem
	Observers []ObserverItem
	Agencies  []Choice // at the desk: who could observe
	Library   []Choice // for the company: the entries of its library
	Came      bool     // the day of the visit has come at the site
}

// Live is the offer that counts, nil when there is none.
func (p VisitPage) Live() *Round {
	if len(p.Rounds) > 0 && p.Rounds[0].Status.Live() {
		return &p.Rounds[0]
	}
	return nil
}

const visitPageSQL = `select ` + visitColumns + `, ` + teamJSON + `,
  coalesce((select jsonb_agg(jsonb_build_object('ID', d.id, 'Name', d.name, 'WantedOn', d.wanted_on, 'OnSite', d.on_site, 'EvidenceID', d.evidence_id, 'Title', coalesce(e.title, ''),
      'VersionID', (select w.id from evidence_version w where w.evidence_id = e.id order by w.number desc limit 1), 'ReadyAt', d.ready_at, 'ReadyBy', d.ready_by) order by d.created_at, d.id)
    from visit_document d left join evidence e on e.id = d.evidence_id where d.visit_id = x.id and d.removed_at is null), '[]') as papers,
  coalesce((select jsonb_agg(jsonb_build_object('ID', b.id, 'Agency', g.name, 'Purpose', b.purpose, 'AskedAt', b.asked_at, 'Consent', coalesce(b.consent, ''), 'Consenter', b.consenter,
      'Withdrawn', b.withdrawn_at is not null, 'Conclusion', b.conclusion, 'Concluder', b.concluder, 'Version', b.version) order by b.asked_at, b.id)
    from visit_observer b join agency g on g.id = b.agency_id where b.visit_id = x.id), '[]') as observers,
  coalesce((select jsonb_agg(jsonb_build_object('VisitID', t.visit_id, 'Place', x.place, 'What', t.what, 'Zone', t.zone, 'Reason', t.reason, 'ByName', t.by_name, 'ByCompany', t.by_company, 'At', t.at,
      'LocalFrom', to_char(t.local_from, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'LocalTo', to_char(t.local_to, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'StartsAt', t.starts_at, 'EndsAt', t.ends_at,
      'AllDay', x.all_day) order by t.id desc) from visit_time t where t.visit_id = x.id), '[]') as times,
  coalesce(p.status, '') as offer, p.answer_by,
  case when looking() = 'staff' then coalesce((select jsonb_agg(jsonb_build_object('ID', g.id, 'Name', g.name) order by g.name) from agency g where g.kind = 'customs'), '[]') else '[]' end as agencies,
  case when looking() = 'company' then coalesce((select jsonb_agg(jsonb_build_object('ID', e.id, 'Name', e.title) order by e.title) from evidence e
    where e.company_id = x.company_id and e.removed_at is null), '[]') else '[]' end as library
from visit x left join proposal p on p.visit_id = x.id and p.status in ('open', 'answered', 'unanswered')
where `

type visitPageRow struct {
	Visit
	Team      []TeamMember
	Papers    []PaperItem
	Observers []ObserverItem
	Times     []timeRow
	Offer     OfferStatus
	AnswerBy  *time.Time
	Agencies  []Choice
	Library   []Choice
}

// roundRow is an offer with one of its times; the columns of the time begin with slot_.
type roundRow struct {
	ID                                   uuid.UUID
	Round                                int
	Status                               OfferStatus
	Note                                 string
	AnswerBy, SentAt                     time.Time
	SentBy                               *uuid.UUID
	AnsweredAt                           *time.Time
	Answerer, Reply                      string
	ClosedAt                             *time.Time
	Version                              int
	SlotID                               uuid.UUID
	Position                             int
	LocalFrom, LocalTo, StartsAt, EndsAt time.Time
	Suggested                            bool
	SlotNote                             string
	Answer                               *string
	WithdrawnAt, ChosenAt                *time.Time
}

const roundsSQL = `select p.id, p.round, p.status, p.note, p.answer_by, p.sent_at, p.sent_by, p.answered_at, p.answerer, p.reply, p.closed_at, p.version,
  s.id as slot_id, s.position, s.local_from, s.local_to, s.starts_at, s.ends_at, s.suggested, s.note as slot_note, s.answer, s.withdrawn_at, s.chosen_at
from proposal p join slot s on s.proposal_id = p.id where p.visit_id = $1 order by p.round desc, s.position limit 500`

func rounds(rows []roundRow) (out []Round) {
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].ID != r.ID {
			out = append(out, Round{Proposal: Proposal{ID: r.ID, Round: r.Round, Status: r.Status, Note: r.Note, AnswerBy: r.AnswerBy, SentAt: r.SentAt, SentBy: r.SentBy,
				AnsweredAt: r.AnsweredAt, Answerer: r.Answerer, Reply: r.Reply, ClosedAt: r.ClosedAt, Version: r.Version}})
		}
		last := &out[len(out)-1]
		last.Slots = append(last.Slots, Slot{ID: r.SlotID, ProposalID: r.ID, Position: r.Position, LocalFrom: r.LocalFrom, LocalTo: r.LocalTo, StartsAt: r.StartsAt, EndsAt: r.EndsAt,
			Suggested: r.Suggested, Note: r.SlotNote, Answer: r.Answer, WithdrawnAt: r.WithdrawnAt, ChosenAt: r.ChosenAt})
	}
	return out
}

// VisitPage reads one visit with its offers, documents and observers. The same persons may
// as Record.
func (s *Service) VisitPage(ctx context.Context, by identity.Actor, visit uuid.UUID) (VisitPage, error) {
	var offers []roundRow
	p, err := s.visitPage(ctx, by, visit, pg.All(&offers, roundsSQL, visit))
	p.Rounds = rounds(offers)
	return p, err
}

// VisitHead is VisitPage without the offers, for forms.
func (s *Service) VisitHead(ctx context.Context, by identity.Actor, visit uuid.UUID) (VisitPage, error) {
	return s.visitPage(ctx, by, visit)
}

func (s *Service) visitPage(ctx context.Context, by identity.Actor, visit uuid.UUID, more ...pg.Query) (p VisitPage, err error) {
	if _, err := by.Reads(); err != nil {
		return p, err
	}
	now := s.Now()
	var head headRow
	var row visitPageRow
	var kept []clock.Kept
	with, where, args := looking(by, now, "visit.read", VisitKind, "visit", visit)
	statements := append([]pg.Query{pg.One(&row, with+visitPageSQL+where, args...), pg.One(&head, headSQL+` where v.id = (select validation_id from visit where id = $1)`, visit),
		clock.Where(&kept, `k.subject_kind = 'validation' and k.subject_id = (select validation_id from visit where id = $1)`, visit)}, more...)
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return p, fmt.Errorf("read the visit: %w", err)
	}
	if p.Record, err = s.record(by, now, head, kept); err != nil {
		return p, err
	}
	p.Visit = VisitItem{Visit: row.Visit, Team: row.Team, Offer: row.Offer, AnswerBy: row.AnswerBy}
	if at := p.Visit.When(); !at.IsZero() {
		p.Came = !clock.DayOf(now, at.Zone).Before(at.First())
	}
	p.Papers, p.Observers, p.Agencies, p.Library = row.Papers, row.Observers, row.Agencies, row.Library
	for _, t := range row.Times {
		p.Times = append(p.Times, t.entry())
	}
	return p, nil
}

// Choice is something that a form can choose.
type Choice struct {
	ID   uuid.UUID
	Name string
}

// Site is an open site of the company.
type Site struct {
	ID            uuid.UUID
	Name, Address string
	Country       string
}

// Sites lists the open sites of a company, to choose where a visit is. Case workers may.
func (s *Service) Sites(ctx context.Context, by identity.Actor, company uuid.UUID) (list []Site, err error) {
	return choose[Site](ctx, s, by, `select id, name, concat_ws(', ', street, nullif(trim(postcode || ' ' || city), '')) as address, country from site
		where company_id = $1 and closed_on is null order by activity <> 'headquarters', created_at, id limit 200`, company)
}

// Workers lists who can lead a validation. Case workers may.
func (s *Service) Workers(ctx context.Context, by identity.Actor) ([]Choice, error) {
	return choose[Choice](ctx, s, by, `select distinct p.id, p.name from person_right r join person p on p.id = r.person_id where r.audience = 'staff'
		and r.role in ('specialist', 'supervisor', 'headquarters') and r.ended_at is null and ($1 or r.office_id = any($2::uuid[])) order by p.name, p.id limit 500`,
		by.Role == identity.Headquarters, offices(by))
}

func choose[T any](ctx context.Context, s *Service, by identity.Actor, sql string, args ...any) (list []T, err error) {
	if err := staff(by); err != nil {
		return nil, err
	}
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&list, sql, args...)); err != nil {
		return nil, fmt.Errorf("read what can be chosen: %w", err)
	}
	return list, nil
}

func offices(by identity.Actor) []uuid.UUID {
	if by.Offices == nil {
		return []uuid.UUID{}
	}
	return by.Offices
}

// Need is what the search of times needs for a visit between two days. site is the table of
// holidays of the site's country, nil when there is none.
func (p VisitPage) Need(from, to clock.Day, site *clock.Calendar) roster.Need {
	x, rules := p.Visit, p.Programme.Validation
	n := roster.Need{Visit: x.ID, From: from, To: to, Days: max(1, x.Days), AllDay: x.Kind != Virtual, Zone: x.Where(), DayFrom: rules.Days.From, DayTo: rules.Days.To,
		Hours: time.Duration(rules.Days.Virtual) * time.Hour, Weekends: rules.Days.Weekends, SiteCalendar: site, Team: rules.Team, Languages: x.Languages,
		Lat: x.Lat, Lon: x.Lon, Country: x.Country, Travel: rules.TravelMinutes, NotBefore: p.NotBefore}
	if x.Kind == Virtual {
		n.Lat, n.Lon = nil, nil
	}
	if x.Status == Booked {
		n.Booked = clock.DayOf(*x.StartsAt, x.Where())
	}
	if x.ShortNoticeAt != nil || n.NotBefore.IsZero() {
		n.NotBefore = p.Today.AddDays(1)
	}
	for _, m := range x.Team {
		n.Required = append(n.Required, m.ID)
	}
	if len(n.Required) > 0 {
		n.Team = len(n.Required)
	}
	if before := x.TravelBefore; before > 0 {
		n.Travel = func(float64) int { return before }
	}
	return n
}

// Window is the days between which a search of times begins: the validation's, from the
// first that respects the notice, at most six weeks of them.
func (p VisitPage) Window() (from, to clock.Day) {
	from, to = p.WindowFrom, p.WindowTo
	first := p.NotBefore
	if p.Visit.ShortNoticeAt != nil || first.Before(p.Today.AddDays(1)) {
		first = p.Today.AddDays(1)
	}
	if from.Before(first) {
		from = first
	}
	if to.Before(from) {
		to = from.AddDays(42)
	}
	if most := from.AddDays(42); most.Before(to) {
		to = most
	}
	return from, to
}

// Item is a validation in a list.
type Item struct {
	ID           uuid.UUID
	Reference    string
	CompanyID    uuid.UUID
	Company      string
	Programme    string
	EntityType   string
	Kind         string
	Status       Status
	Office       string
	Lead         string
	WindowFrom   clock.Day
	WindowTo     clock.Day
	NotifiedAt   *time.Time
	Visits       int
	ToBook       int
	Offer        string // the most pressing state of offers: answered, unanswered, open
	NextZone     string // of the next visit that is booked or under way
	NextPlace    string
	NextAllDay   bool
	NextFrom     *time.Time
	NextTo       *time.Time
	NextStartsAt *time.Time
	NextEndsAt   *time.Time
	Late         bool
	Version      int
}

// Next is the time of the next visit; the zero Span when none is booked.
func (i Item) Next() Span {
	return Visit{Zone: i.NextZone, LocalFrom: i.NextFrom, LocalTo: i.NextTo, StartsAt: i.NextStartsAt, EndsAt: i.NextEndsAt, AllDay: i.NextAllDay}.When()
}

// itemsSQL are the columns of Item for the validations of a page; $4 is now.
const itemsSQL = `)
select v.id, v.reference, v.company_id, c.name as company, v.programme, v.entity_type, v.kind, v.status, o.name as office, coalesce(p.name, '') as lead,
  v.window_from, v.window_to, v.notified_at, x.visits, x.to_book, x.offer, coalesce(n.zone, '') as next_zone, coalesce(n.place, '') as next_place, coalesce(n.all_day, false) as next_all_day,
  n.local_from as next_from, n.local_to as next_to, n.starts_at as next_starts_at, n.ends_at as next_ends_at,
  v.closed_at is null and v.status in ('planned', 'notified', 'visiting') and v.window_to < ($4::timestamptz at time zone o.zone)::date as late, v.version
from page join validation v on v.id = page.id
join company c on c.id = v.company_id join office o on o.id = v.office_id left join person p on p.id = v.lead_id
left join lateral (select count(*) filter (where y.status <> 'cancelled')::int as visits,
    count(*) filter (where y.status = 'to_book' and y.kind in ('domestic', 'foreign', 'virtual'))::int as to_book,
    case when bool_or(q.status = 'answered') then 'answered' when bool_or(q.status = 'unanswered') then 'unanswered' when bool_or(q.status = 'open') then 'open' else '' end as offer
  from visit y left join proposal q on q.visit_id = y.id and q.status in ('open', 'answered', 'unanswered') where y.validation_id = v.id) x on true
left join lateral (select y.zone, y.place, y.all_day, y.local_from, y.local_to, y.starts_at, y.ends_at from visit y
  where y.validation_id = v.id and y.status in ('booked', 'under_way') order by y.starts_at, y.id limit 1) n on true
`

// Mine lists the validations of the actor's company, those that are open first.
func (s *Service) Mine(ctx context.Context, by identity.Actor) ([]Item, error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return nil, fault.Missing()
	}
	return s.ofCompany(ctx, by, *own)
}

// OfCompany lists the validations of a company for the agency's case readers.
func (s *Service) OfCompany(ctx context.Context, by identity.Actor, company uuid.UUID) ([]Item, error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return nil, fault.Missing()
	}
	return s.ofCompany(ctx, by, company)
}

func (s *Service) ofCompany(ctx context.Context, by identity.Actor, company uuid.UUID) (list []Item, err error) {
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, given+`, page as materialized (select v.id from validation v where v.company_id = $1 order by v.opened_at desc, v.id limit 100`+itemsSQL+`order by v.closed_at is not null, v.opened_at desc, v.id`, company, true, []uuid.UUID{}, s.Now()))
	if err != nil {
		return nil, fmt.Errorf("list the validations: %w", err)
	}
	return list, nil
}

// QueueName is one list of validations.
type QueueName string

// The queues.
const (
	MineQueue    QueueName = "mine"   // led by me or with me on the team
	OfficeQueue  QueueName = "office" // of my office tree
	BookQueue    QueueName = "to_book"
	ChooseQueue  QueueName = "to_choose" // the company has answered
	WaitingQueue QueueName = "waiting"   // times wait for the company
	SilentQueue  QueueName = "silent"    // no answer by the deadline
	LateQueue    QueueName = "overdue"
	ClosedQueue  QueueName = "closed"
)

// Name is the queue for a person to read (English source text).
func (q QueueName) Name() string {
	return map[QueueName]string{MineQueue: "Mine", OfficeQueue: "My office", BookQueue: "To book", ChooseQueue: "To choose a time", WaitingQueue: "Waiting for the company",
		SilentQueue: "No answer", LateQueue: "Overdue", ClosedQueue: "Closed"}[q]
}

// Queues lists the queues of a role, the first being where it starts.
func Queues(r identity.Role) []QueueName {
	rest := []QueueName{BookQueue, ChooseQueue, WaitingQueue, SilentQueue, LateQueue, ClosedQueue}
	if r == identity.Specialist {
		return append([]QueueName{MineQueue, OfficeQueue}, rest...)
	}
	return append([]QueueName{OfficeQueue, MineQueue}, rest...)
}

// QueuePage is how many validations one page of a queue has, and MostCounted the highest
// count of a queue; more shows as "99+".
const (
	QueuePage   = 25
	MostCounted = 100
)

// Filter narrows a queue. Anything unknown in it counts as not given.
type Filter struct {
	Queue     QueueName
	Programme string
	Kind      string
	Status    Status
	After     string // the Next of the page before
}

// Count is how many validations a queue has, at most MostCounted.
type Count struct {
	Queue QueueName
	N     int
}

// Text is the count for a tab.
func (c Count) Text() string {
	if c.N >= MostCounted {
		return fmt.Sprintf("%d+", MostCounted-1)
	}
	return fmt.Sprint(c.N)
}

// Queue is one page of a queue with the counts of all.
type Queue struct {
	Filter Filter
	Counts []Count
	Items  []Item
	Next   string // empty on the last page
}

// Parameters of every condition: $1 the person, $2 whether every office counts, $3 the
// offices, $4 now.
func condition(q QueueName) string {
	const office = ` and ($2 or v.office_id = any($3::uuid[]))`
	const open = `v.closed_at is null` + office
	offer := func(status string) string {
		return open + ` and exists (select from visit x join proposal p on p.visit_id = x.id where x.validation_id = v.id and p.status = '` + status + `')`
	}
	switch q {
	case MineQueue:
		return `v.closed_at is null and (v.lead_id = $1 or v.id in (select x.validation_id from visit_officer m join visit x on x.id = m.visit_id where m.person_id = $1))`
	case BookQueue:
		return open + ` and v.status in ('notified', 'visiting') and exists (select from visit x where x.validation_id = v.id and x.status = 'to_book' and x.kind in ('domestic', 'foreign', 'virtual'))`
	case ChooseQueue:
		return offer("answered")
	case WaitingQueue:
		return offer("open")
	case SilentQueue:
		return offer("unanswered")
	case LateQueue: // no zone is further than a day ahead of UTC
		return open + ` and v.status in ('planned', 'notified', 'visiting') and v.window_to < ($4::timestamptz at time zone 'UTC')::date`
	case ClosedQueue:
		return `v.closed_at is not null` + office
	default:
		return open
	}
}

// given names every parameter once, for a role whose queues leave one out.
const given = `with given as (select $1::uuid as me, $2::boolean as everywhere, $3::uuid[] as offices, $4::timestamptz as now)`

// countsSQL counts every queue of a role in one statement, none further than MostCounted.
func countsSQL(queues []QueueName) string {
	parts := make([]string, len(queues))
	for i, q := range queues {
		parts[i] = fmt.Sprintf(`select %d as place, count(*)::int as n from (select from validation v where %s limit %d) z`, i, condition(q), MostCounted)
	}
	return given + ` select n from (` + strings.Join(parts, " union all ") + `) counted order by place`
}

// Queue reads one page of the validations at the desk and the counts of the queues, for the
// agency's case readers.
func (s *Service) Queue(ctx context.Context, by identity.Actor, f Filter) (q Queue, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return q, fault.Missing()
	}
	queues := Queues(by.Role)
	if !slices.Contains(queues, f.Queue) {
		f.Queue = queues[0]
	}
	q.Filter = f
	everywhere := by.Is(identity.Everywhere...)
	args := []any{by.PersonID, everywhere, offices(by), s.Now()}
	var counts []struct{ N int }
	after, from := afterOf(f.After)
	order := "v.window_to, v.id"
	if f.Queue == ClosedQueue {
		order = "v.window_to desc, v.id desc"
	}
	sign := ">"
	if f.Queue == ClosedQueue {
		sign = "<"
	}
	var list []Item
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&counts, countsSQL(queues), args...),
		pg.All(&list, given+`, page as materialized (select v.id from validation v where `+condition(f.Queue)+`
			and ($5 = '' or v.programme = $5) and ($6 = '' or v.kind = $6) and ($7 = '' or v.status = $7)
			and ($8::date is null or (v.window_to, v.id) `+sign+` ($8::date, $9::uuid)) order by `+order+` limit `+fmt.Sprint(QueuePage+1)+itemsSQL+`order by `+order,
			append(args, f.Programme, f.Kind, string(f.Status), after, from)...))
	if err != nil {
		return q, fmt.Errorf("list the validations: %w", err)
	}
	for i, c := range counts {
		q.Counts = append(q.Counts, Count{queues[i], c.N})
	}
	if len(list) > QueuePage {
		list = list[:QueuePage]
		last := list[QueuePage-1]
		q.Next = last.WindowTo.String() + "_" + last.ID.String()
	}
	q.Items = list
	return q, nil
}

// afterOf reads where a page begins.
func afterOf(text string) (*string, *uuid.UUID) {
	if len(text) != len("2006-01-02_")+36 {
		return nil, nil
	}
	d, err := clock.ParseDay(text[:10])
	id, err2 := uuid.Parse(text[11:])
	if err != nil || err2 != nil {
		return nil, nil
	}
	day := d.String()
	return &day, &id
}

// Observed is a visit as a partner agency sees it: where in the world, when, and what about.
// It says nothing of people, documents or findings.
type Observed struct {
	ID         uuid.UUID // of the visit
	Reference  string
	Company    string
	Country    string
	Status     VisitStatus
	Purpose    string
	Programme  string
	Criteria   []string // that are looked at, as far as they were chosen
	Zone       string
	AllDay     bool
	LocalFrom  *time.Time
	LocalTo    *time.Time
	StartsAt   *time.Time
	EndsAt     *time.Time
	Conclusion string
	Concluder  string
	Version    int // of the observer
}

// When is the agreed time.
func (o Observed) When() Span {
	return Visit{Zone: o.Zone, LocalFrom: o.LocalFrom, LocalTo: o.LocalTo, StartsAt: o.StartsAt, EndsAt: o.EndsAt, AllDay: o.AllDay}.When()
}

// observedSQL looks past the fence on purpose and shows no more than these columns: an
// observer does not see the validation that the visit belongs to.
const observedSQL = `select x.id, v.reference, c.name as company, x.country, x.status, b.purpose, v.programme, x.zone, x.all_day, x.local_from, x.local_to, x.starts_at, x.ends_at,
  b.conclusion, b.concluder, b.version,
  coalesce((select array_agg(f.criterion order by f.criterion) from verification f where f.visit_id = x.id and f.chosen), '{}') as criteria
from visit_observer b join visit x on x.id = b.visit_id join validation v on v.id = x.validation_id join company c on c.id = x.company_id
where b.agency_id = $1 and b.consent = 'given' and b.withdrawn_at is null and ($2::uuid is null or x.id = $2)
order by x.starts_at desc nulls first, x.id limit 200`

// ObservedVisits lists the visits that the actor's agency may watch.
func (s *Service) ObservedVisits(ctx context.Context, by identity.Actor) (list []Observed, err error) {
	return s.observed(ctx, by, nil)
}

// ObservedVisit reads one of them, while the company's consent stands. The look is an audit event.
func (s *Service) ObservedVisit(ctx context.Context, by identity.Actor, visit uuid.UUID) (o Observed, err error) {
	list, err := s.observed(ctx, by, &visit)
	if err != nil {
		return o, err
	}
	if len(list) == 0 {
		return o, fault.Missing()
	}
	return list[0], nil
}

func (s *Service) observed(ctx context.Context, by identity.Actor, visit *uuid.UUID) (list []Observed, err error) {
	if by.Audience != identity.Partners || by.AgencyID == uuid.Nil || by.Role == "" {
		return nil, fault.Missing()
	}
	statements := []pg.Query{pg.All(&list, observedSQL, by.AgencyID, visit)}
	if visit != nil {
		statements = append(statements, audit.LookAt(s.Now(), by, "visit.read", VisitKind,
			`visit x where x.id = $10 and exists (select from visit_observer b where b.visit_id = x.id and b.agency_id = '`+by.AgencyID.String()+`' and b.consent = 'given' and b.withdrawn_at is null)`, *visit))
	}
	if err := s.DB.Batch(ctx, pg.System, statements...); err != nil {
		return nil, fmt.Errorf("read the visits to observe: %w", err)
	}
	return list, nil
}

// Opening is who is validated, for the form that opens a validation.
type Opening struct {
	Company        string
	CompanyID      uuid.UUID
	About          string // number of the membership or reference of the application
	Programme      *programme.Programme
	Kind           string // what the clocks say is due
	BeforeDecision bool
	Open           *uuid.UUID // a validation that is open already
}

// Opening reads who a validation would be of. Case workers of the office in charge may.
func (s *Service) Opening(ctx context.Context, by identity.Actor, in OpenEntry) (o Opening, err error) {
	if err := staff(by); err != nil {
		return o, err
	}
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
		of, err := subjectOf(ctx, tx, in)
		if err != nil {
			return err
		}
		if !by.InOffice(of.OfficeID) {
			return fault.New(fault.Forbidden, "Another office is in charge of this company")
		}
		p, ok := s.Steps.Programmes.Get(of.Programme)
		if !ok {
			return fmt.Errorf("open a validation: the portal has no programme %q", of.Programme)
		}
		o = Opening{Company: of.Company, CompanyID: of.CompanyID, About: of.Ref, Programme: p, Kind: usualKind(p, of), BeforeDecision: in.Application != nil, Open: of.OpenID}
		return nil
	})
	return o, err
}

// TimeOf is the code of a time that was entered by hand for a visit, for those who work on it.
func (s *Service) TimeOf(ctx context.Context, by identity.Actor, visit uuid.UUID, in Suggestion) (code string, err error) {
	if err := staff(by); err != nil {
		return "", err
	}
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
		x, err := first[Visit](ctx, tx, false, "id = ?", visit)
		if err != nil {
			return err
		}
		v, err := first[Validation](ctx, tx, false, "id = ?", x.ValidationID)
		if err != nil {
			return err
		}
		rules, err := s.Steps.Rules(v)
		if err != nil {
			return err
		}
		var c entry.Check
		at := wanted(&c, x, s.Now(), in.Day, in.From, in.To, rules.Validation.Days.From, rules.Validation.Days.To)
		code = at.Code()
		var list []fault.Field
		for _, f := range c.Fields() {
			f.Name = "other-" + f.Name
			list = append(list, f)
		}
		return fault.Fail(list)
	})
	return code, err
}
