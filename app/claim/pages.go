package claim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/enclosure"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// Choice is a benefit that a member can make a claim about.
type Choice struct {
	Benefit programme.Benefit
	Now     bool // it has it today
}

// Partner is a partner abroad that a member can make a claim about.
type Partner struct{ Arrangement, Status string }

// Form is what the form of a claim shows.
type Form struct {
	Membership uuid.UUID
	Number     string
	Company    string
	Rules      *programme.Programme
	Zone       *time.Location
	Today      clock.Day
	Choices    []Choice
	Partners   []Partner
}

// Form reads what a member can make a claim about: the benefits that it has or had within the
// time for claims. Readers of the company may.
func (s *Service) Form(ctx context.Context, by identity.Actor, membership uuid.UUID) (f Form, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return f, fault.Missing()
	}
	var row struct {
		ID, CompanyID, OfficeID                      uuid.UUID
		Programme, EntityType, Number, Company, Zone string
	}
	var known []standing.Row
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&row, memberSQL+` where m.id = $1 and m.company_id = $2`, membership, own), standing.KnownNow(&known, membership),
		pg.All(&f.Partners, `select distinct on (arrangement) arrangement, status from recognition where membership_id = $1 order by arrangement, asked_at desc`, membership))
	if err != nil {
		return f, fmt.Errorf("open the form of a claim: %w", err)
	}
	m := member{Programme: row.Programme, Number: row.Number, Zone: row.Zone}
	if err := s.complete(&m); err != nil {
		return f, err
	}
	f.Membership, f.Number, f.Company, f.Rules, f.Zone, f.Today = membership, row.Number, row.Company, m.rules, m.zone, clock.DayOf(s.Now(), m.zone)
	f.Choices = choices(m.rules, row.EntityType, standing.Spans(known), f.Today)
	return f, nil
}

// choices are the benefits that a member has or had within the time for claims.
func choices(p *programme.Programme, entityType string, spans []standing.Span, today clock.Day) (out []Choice) {
	since := today.AddMonths(-p.Standing.Claims.BackMonths)
	days := []clock.Day{today, since}
	for _, x := range spans {
		if x.From.After(since) && !x.From.After(today) {
			days = append(days, x.From)
		}
	}
	had := map[string]bool{}
	for i, d := range days {
		for _, e := range standing.Entitlements(p, entityType, spans, d) {
			if e.Right == standing.HasIt {
				had[e.Code] = had[e.Code] || i == 0
			}
		}
	}
	for _, b := range p.Standing.Benefits {
		if now, there := had[b.Code]; there {
			out = append(out, Choice{b, now})
		}
	}
	return out
}

// Step is something that happened to a claim.
type Step struct {
	Kind    Action
	Body    string
	Outcome Outcome
	Reason  string
	Side    string
	Author  string
	At      time.Time
}

// Asking is what a partner was asked, as the agency sees it.
type Asking struct {
	ID         uuid.UUID
	Agency     string
	Question   string
	Refs, Told string
	Status     RequestStatus
	AskedAt    time.Time
	Outcome    Outcome
	Reason     string
	Done       string
	AnsweredAt *time.Time
	Answerer   string
}

// Record is everything that the page of a claim shows.
type Record struct {
	Claim
	Company string
	Number  string // of the membership
	Officer string // who has it in hand
	Rules   *programme.Programme
	Zone    *time.Location
	Steps   []Step
	Asked   []Asking // of the agency's readers
	Shown   []enclosure.Item
	Clocks  []clock.View
	Actions []Action
	Mine    bool
}

// Can reports whether the reader can do something now.
func (r Record) Can(do Action) bool { return can(r.Actions, do) }

type recordRow struct {
	Claim
	Company, Number, OfficerName, ZoneName, Documents string
}

const recordSQL = `select a.id, a.reference, a.company_id, a.membership_id, a.office_id, a.programme, a.benefit, a.status, a.first_on, a.last_on, a.tier, a.place, a.arrangement, a.refs, a.happened, a.round,
  a.opened_at, a.opened_by, a.opener, a.officer_id, a.taken_at, a.outcome, a.reason, a.answer, a.answered_at, a.answered_by, a.withdrawn_at, a.version,
  co.name as company, m.number, coalesce(p.name, '') as officer_name, o.zone as zone_name, ` + enclosure.Column + `
from claim a join company co on co.id = a.company_id join membership m on m.id = a.membership_id join office o on o.id = a.office_id left join person p on p.id = a.officer_id
where a.id = $1 and ($2::uuid is null or a.company_id = $2)`

// Read reads a claim. The company's own people and the agency's case readers may; a look by
// the agency is an audit event.
func (s *Service) Read(ctx context.Context, by identity.Actor, id uuid.UUID) (r Record, err error) {
	own, err := by.Reads()
	if err != nil {
		return r, err
	}
	now := s.Now()
	var row recordRow
	var kept []clock.Kept
	statements := []pg.Query{pg.One(&row, recordSQL, id, own), clock.About(&kept, Kind, id),
		pg.All(&r.Steps, `select kind, body, outcome, reason, side, author, at from claim_step where claim_id = $1 order by at, id limit 200`, id)}
	if own == nil {
		statements = append(statements,
			pg.All(&r.Asked, `select q.id, a.name as agency, q.question, q.refs, q.told, q.status, q.asked_at, q.outcome, q.reason, q.done, q.answered_at, q.answerer from claim_request q join agency a on a.id = q.agency_id where q.claim_id = $1 order by q.asked_at limit 50`, id),
			audit.LookAt(now, by, "claim.read", Kind, "claim x where x.id = $10", id))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return r, fmt.Errorf("read the claim: %w", err)
	}
	r.Claim, r.Company, r.Number, r.Officer = row.Claim, row.Company, row.Number, row.OfficerName
	if r.Shown, err = enclosure.Read(row.Documents); err != nil {
		return r, err
	}
	m := member{Programme: row.Programme, Number: row.Number, Zone: row.ZoneName}
	if err := s.complete(&m); err != nil {
		return r, err
	}
	r.Rules, r.Zone, r.Clocks = m.rules, m.zone, s.Clocks.Views(kept, now)
	r.Mine = r.OfficerID != nil && *r.OfficerID == by.PersonID
	if own != nil || by.InOffice(r.OfficeID) {
		r.Actions = s.actions(r, by)
	}
	return r, nil
}

// actions are the moves that make sense to offer: their forms bring what they need.
func (s *Service) actions(r Record, by identity.Actor) []Action {
	filled := Facts{Mine: r.Mine, Abroad: r.Arrangement != "", Round: r.Round, Text: "x", Reason: programme.ClaimReason{Code: "x"}}
	return slices.DeleteFunc(Lifecycle().Actions(r.Status, by.Role, filled), func(a Action) bool {
		switch a {
		case Take:
			return r.Mine
		case Ask:
			return !r.Mine || r.Arrangement == ""
		case Recall, Answer:
			return !r.Mine
		case Again:
			return r.Round >= mostAgain
		}
		return false
	})
}

// Item is a claim in a list.
type Item struct {
	ID              uuid.UUID
	Reference       string
	Company, Number string
	Programme       string
	Benefit         string
	Status          Status
	Outcome         Outcome
	Officer         string
	FirstOn, LastOn clock.Day
	Place           string
	Arrangement     string
	OpenedAt        time.Time
	DueOn           *clock.Day // of the running clock
	Paused          bool
	Late            bool
}

const itemSQL = `select a.id, a.reference, co.name as company, m.number, a.programme, a.benefit, a.status, a.outcome, coalesce(p.name, '') as officer, a.first_on, a.last_on, a.place, a.arrangement, a.opened_at,
	k.due_on, coalesce(k.paused, false) as paused, coalesce(not k.paused and k.due_on < (%s::timestamptz at time zone o.zone)::date, false) as late
	from claim a join company co on co.id = a.company_id join membership m on m.id = a.membership_id join office o on o.id = a.office_id left join person p on p.id = a.officer_id
	left join clock k on k.subject_kind = 'claim' and k.subject_id = a.id and k.stopped_at is null `

// List is a page of claims.
type List struct {
	Items []Item
	Page  int
	More  bool
}

func (l *List) cut() {
	if l.More = len(l.Items) > PageSize; l.More {
		l.Items = l.Items[:PageSize]
	}
}

// Own lists the claims of the actor's company, the newest first. Its readers may.
func (s *Service) Own(ctx context.Context, by identity.Actor, page int) (l List, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return l, fault.Missing()
	}
	l.Page = min(max(page, 1), 1000)
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&l.Items, fmt.Sprintf(itemSQL, "$1")+` where a.company_id = $2 order by a.opened_at desc, a.id desc limit $3 offset $4`, s.Now(), own, PageSize+1, (l.Page-1)*PageSize))
	if err != nil {
		return l, fmt.Errorf("list claims: %w", err)
	}
	l.cut()
	return l, nil
}

// QueueName names a queue of claims.
type QueueName string

// The queues.
const (
	Waiting  QueueName = "waiting" // nobody has it in hand
	Mine     QueueName = "mine"
	AllOpen  QueueName = "open"
	Overdue  QueueName = "overdue"
	Partners QueueName = "partner" // the partner is asked
	Done     QueueName = "done"
)

// Queues lists the queues.
func Queues() []QueueName { return []QueueName{Waiting, Mine, AllOpen, Overdue, Partners, Done} }

// Name is the queue for a person to read (English source text).
func (q QueueName) Name() string {
	return map[QueueName]string{Waiting: "Not in hand", Mine: "Mine", AllOpen: "All open", Overdue: "Overdue", Partners: "The partner is asked", Done: "Answered and taken back"}[q]
}

// Filter narrows the list of the desk.
type Filter struct {
	Queue     QueueName
	Everybody bool   // claims of every office, not only of the actor's own and those below
	Programme string // code; empty: all
	Benefit   string // code; empty: all
	Page      int
}

// Queue is a list of claims at the desk.
type Queue struct {
	List
	Filter Filter
	Counts map[QueueName]int
}

// queueSQL are the claims a of a queue, with their clocks k and offices o. $1 is now, $2 the actor.
var queueSQL = map[QueueName]string{
	Waiting: `a.status = 'open'`, Mine: `a.status in ('in_hand', 'asked') and a.officer_id = $2`, AllOpen: `a.status in ('open', 'in_hand', 'asked')`,
	Overdue: `a.status in ('open', 'in_hand', 'asked') and not k.paused and k.due_on < ($1::timestamptz at time zone o.zone)::date`, Partners: `a.status = 'asked'`, Done: `a.status in ('answered', 'withdrawn')`,
}

// Desk reads a queue of claims, those due next first. For the agency's case readers.
func (s *Service) Desk(ctx context.Context, by identity.Actor, f Filter) (q Queue, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return q, fault.Missing()
	}
	if queueSQL[f.Queue] == "" {
		f.Queue = AllOpen
	}
	f.Page = min(max(f.Page, 1), 1000)
	q.Filter, q.Page = f, f.Page
	var offices []uuid.UUID
	if !f.Everybody && !by.Is(identity.Everywhere...) {
		offices = append([]uuid.UUID{by.OfficeID}, by.Offices...)
	}
	const narrowed = `($3::uuid[] is null or a.office_id = any($3)) and ($4 = '' or a.programme = $4) and ($5 = '' or a.benefit = $5)`
	order := `k.due_on, a.opened_at, a.id`
	if f.Queue == Done {
		order = `a.opened_at desc, a.id desc`
	}
	var n struct{ Waiting, Mine, Open, Overdue, Partner, Done int }
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&q.Items, fmt.Sprintf(itemSQL, "$1")+` where `+narrowed+` and $2::uuid is not null and `+queueSQL[f.Queue]+` order by `+order+` limit $6 offset $7`, s.Now(), by.PersonID, offices, f.Programme, f.Benefit, PageSize+1, (f.Page-1)*PageSize),
		pg.One(&n, `select count(*) filter (where `+queueSQL[Waiting]+`)::int as waiting, count(*) filter (where `+queueSQL[Mine]+`)::int as mine, count(*) filter (where `+queueSQL[AllOpen]+`)::int as open,
			count(*) filter (where `+queueSQL[Overdue]+`)::int as overdue, count(*) filter (where `+queueSQL[Partners]+`)::int as partner, count(*) filter (where `+queueSQL[Done]+`)::int as done
			from claim a join office o on o.id = a.office_id left join clock k on k.subject_kind = 'claim' and k.subject_id = a.id and k.stopped_at is null where `+narrowed, s.Now(), by.PersonID, offices, f.Programme, f.Benefit))
	if err != nil {
		return q, fmt.Errorf("list claims: %w", err)
	}
	q.Counts = map[QueueName]int{Waiting: n.Waiting, Mine: n.Mine, AllOpen: n.Open, Overdue: n.Overdue, Partners: n.Partner, Done: n.Done}
	q.cut()
	return q, nil
}

// Tally is how many claims about a benefit came to what, of those made in a year.
type Tally struct {
	Year      int
	Programme string
	Benefit   string
	Made      int
	Open      int
	NotGiven  int // real failures
	Given     int
	NotOwed   int
	Withdrawn int
}

// Counters are the roles that see how many claims came to what.
func Counters() []identity.Role {
	return []identity.Role{identity.Headquarters, identity.Supervisor, identity.Auditor}
}

// Numbers counts claims by year, benefit and outcome, for headquarters, its auditors and
// supervisors.
func (s *Service) Numbers(ctx context.Context, by identity.Actor) (list []Tally, err error) {
	if by.Audience != identity.Staff || !by.Is(Counters()...) {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, `select extract(year from a.opened_at at time zone o.zone)::int as year, a.programme, a.benefit, count(*)::int as made,
		count(*) filter (where a.status in ('open', 'in_hand', 'asked'))::int as open, count(*) filter (where a.outcome = 'not_given')::int as not_given, count(*) filter (where a.outcome = 'given')::int as given,
		count(*) filter (where a.outcome = 'not_owed')::int as not_owed, count(*) filter (where a.status = 'withdrawn')::int as withdrawn
		from claim a join office o on o.id = a.office_id group by 1, 2, 3 order by 1 desc, 2, 6 desc, 3 limit 500`))
	if err != nil {
		return nil, fmt.Errorf("count claims: %w", err)
	}
	return list, nil
}
