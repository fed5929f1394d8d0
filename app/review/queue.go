package review

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// QueueName is one list of cases. A queue is a query, not a copy.
type QueueName string

// The queues.
const (
	Mine       QueueName = "mine"       // assigned to me
	Unassigned QueueName = "unassigned" // nobody's, in my office tree
	Waiting    QueueName = "waiting"    // the company must act
	Overdue    QueueName = "overdue"    // one of the agency's own days has passed
	Approval   QueueName = "approval"   // somebody else's recommendation waits for me
	Everything QueueName = "all"        // all open cases
)

// Name is the queue for a person to read (English source text).
func (q QueueName) Name() string {
	return map[QueueName]string{Mine: "Mine", Unassigned: "Not assigned", Waiting: "Waiting for the company",
		Overdue: "Overdue", Approval: "For my approval", Everything: "All open"}[q]
}

// Queues lists the queues of a role, the first being where it starts.
func Queues(r identity.Role) []QueueName {
	switch r {
	case identity.Specialist:
		return []QueueName{Mine, Unassigned, Waiting, Overdue}
	case identity.Supervisor:
		return []QueueName{Approval, Mine, Unassigned, Waiting, Overdue}
	case identity.Headquarters:
		return []QueueName{Approval, Mine, Unassigned, Waiting, Overdue, Everything}
	case identity.Auditor, identity.AppealOfficer:
		return []QueueName{Everything, Waiting, Overdue}
	}
	return nil
}

// Order is how a queue is sorted.
type Order string

// The orders.
const (
	Oldest   Order = "age" // the longest wait first
	Newest   Order = "new"
	DueFirst Order = "due" // the next day to act first
)

// Orders lists the orders.
func Orders() []Order { return []Order{Oldest, Newest, DueFirst} }

// QueuePage is how many cases one page of a queue has.
const QueuePage = 25

// MostCounted is the highest count of a queue; more shows as "99+".
const MostCounted = 100

// Filter narrows and sorts a queue. Anything unknown in it counts as not given.
type Filter struct {
	Queue      QueueName
	Programme  string
	EntityType string
	Status     application.Status
	Order      Order
	After      string // the Next of the page before
}

// QueueItem is a case in a queue.
type QueueItem struct {
	ID          uuid.UUID
	Reference   string
	CompanyID   uuid.UUID
	Company     string
	Programme   string
	EntityType  string
	Status      application.Status
	Office      string
	AssigneeID  *uuid.UUID
	Assignee    string
	LockedID    *uuid.UUID
	LockedBy    string
	LockedUntil *time.Time
	SubmittedAt time.Time
	AgeDays     int // at the office
	Version     int

	Clock    string // the next clock that runs: its name (English source text)
	DueOn    *clock.Day
	DaysLeft int // below zero when late
	Paused   bool
	OwedBy   string

	Claimable bool
	Mine      bool
}

// Late reports whether the day of the next clock has passed.
func (q QueueItem) Late() bool { return q.DueOn != nil && !q.Paused && q.DaysLeft < 0 }

// WaitsFor is whose turn it is: company, approver or agency.
func (q QueueItem) WaitsFor() string {
	switch q.Status {
	case application.InformationRequested, application.Hearing:
		return "company"
	case application.Recommended:
		return "approver"
	}
	return "agency"
}

// Count is how many cases a queue has, at most MostCounted.
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

// Worker is a person who works cases.
type Worker struct {
	ID   uuid.UUID
	Name string
	Role string
	Open int // cases assigned to them
}

// Queue is one page of a queue with the counts of all.
type Queue struct {
	Filter  Filter
	Counts  []Count
	Items   []QueueItem
	Next    string   // empty on the last page
	Workers []Worker // to whom the actor may assign; empty for those who may not
	Assigns bool     // the actor may assign to others
}

// Parameters of every condition: $1 the person, $2 whether every office counts, $3 the
// offices, $4 now.
func condition(q QueueName) string {
	const office = ` and ($2 or a.office_id = any($3::uuid[]))`
	switch q {
	case Mine:
		return `a.assignee_id = $1`
	case Unassigned:
		return `a.assignee_id is null` + office
	case Waiting:
		return `a.status in ('information_requested', 'hearing')` + office
	case Overdue:
		// No zone is further than a day ahead of UTC: the first bound is for the index.
		return `a.id in (select k.subject_id from clock k where k.subject_kind = 'application' and k.stopped_at is null
			and k.owed_by = 'agency' and not k.earliest and not k.paused and k.due_on <= ($4::timestamptz at time zone 'UTC')::date
			and k.due_on < ($4::timestamptz at time zone k.zone)::date)` + office
	case Approval:
		return `a.status = 'recommended' and exists (select from recommendation r where r.application_id = a.id
			and r.decided_at is null and r.withdrawn_at is null and r.made_by <> $1)` + office
	default:
		return `true`
	}
}

const isOpen = `a.closed_at is null and a.submitted_at is not null and `

// The cases of one page come first, and what is shown of them after: a queue of ten
// thousand costs as much as one of thirty.
const (
	pageFrom = `with page as materialized (select a.id from application a`

	queueFilters = ` and ($5 = '' or a.programme = $5) and ($6 = '' or a.entity_type = $6) and ($7 = '' or a.status = $7)`

	// The next clock that runs.
	nextClock = ` left join lateral (select k.name, k.due_on, k.zone, k.paused, k.owed_by from clock k
  where k.subject_kind = 'application' and k.subject_id = a.id and k.stopped_at is null and not k.earliest
  order by k.due_on, k.id limit 1) k on true`

	// The columns are those of QueueItem.
	queueColumns = `)
select a.id, a.reference, a.company_id, c.name as company, a.programme, a.entity_type, a.status, o.name as office,
  a.assignee_id, coalesce(p.name, '') as assignee, l.person_id as locked_id, coalesce(l.name, '') as locked_by, l.expires_at as locked_until,
  a.submitted_at, ($4::timestamptz at time zone o.zone)::date - (a.submitted_at at time zone o.zone)::date as age_days, a.version,
  coalesce(k.name, '') as clock, k.due_on, coalesce(k.due_on - ($4::timestamptz at time zone k.zone)::date, 0) as days_left,
  coalesce(k.paused, false) as paused, coalesce(k.owed_by, '') as owed_by,
  a.assignee_id is null and ($2 or a.office_id = any($3::uuid[])) and $8 as claimable, a.assignee_id is not distinct from $1 as mine
from page
join application a on a.id = page.id
join company c on c.id = a.company_id
join office o on o.id = a.office_id
left join person p on p.id = a.assignee_id
left join case_lock l on l.application_id = a.id and l.expires_at > $4` + nextClock
)

// sql is the whole query of a page of a queue in an order.
func (o Order) sql(q QueueName) string {
	from, after, by := "", ` and ($9::timestamptz is null or (a.submitted_at, a.id) > ($9, $10))`, ` order by a.submitted_at, a.id`
	switch o {
	case Newest:
		after, by = ` and ($9::timestamptz is null or (a.submitted_at, a.id) < ($9, $10))`, ` order by a.submitted_at desc, a.id desc`
	case DueFirst:
		from = nextClock
		after, by = ` and ($9::date is null or (coalesce(k.due_on, '9999-12-31'), a.id) > ($9, $10))`, ` order by coalesce(k.due_on, '9999-12-31'), a.id`
	}
	return pageFrom + from + ` where ` + isOpen + condition(q) + queueFilters + after + by + ` limit $11` + queueColumns + by
}

// key is where a page ends, as text that the next request hands back.
func (o Order) key(q QueueItem) string {
	at := q.SubmittedAt.UTC().Format(time.RFC3339Nano)
	if o == DueFirst {
		if at = "9999-12-31"; q.DueOn != nil {
			at = q.DueOn.String()
		}
	}
	return base64.RawURLEncoding.EncodeToString([]byte(at + " " + q.ID.String()))
}

// read is the other way round; anything else than what key wrote is the beginning.
func (o Order) read(s string) (at *string, id uuid.UUID) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) > 100 {
		return nil, uuid.Nil
	}
	text, last, ok := strings.Cut(string(b), " ")
	if id, err = uuid.Parse(last); !ok || err != nil {
		return nil, uuid.Nil
	}
	layout := time.RFC3339Nano
	if o == DueFirst {
		layout = time.DateOnly
	}
	if _, err := time.Parse(layout, text); err != nil {
		return nil, uuid.Nil
	}
	return &text, id
}

// countsSQL counts every queue of a role in one statement, none further than MostCounted.
func countsSQL(queues []QueueName) string {
	parts := make([]string, len(queues))
	for i, q := range queues {
		parts[i] = fmt.Sprintf(`select %d as place, count(*)::int as n from (select from application a where %s%s limit %d) x`, i, isOpen, condition(q), MostCounted)
	}
	// Every parameter is named once, for a role whose queues leave one out.
	return `with given as (select $1::uuid as me, $2::boolean as everywhere, $3::uuid[] as offices, $4::timestamptz as now)
		select n from (` + strings.Join(parts, " union all ") + `) counted order by place`
}

const workersSQL = `select p.id, min(p.name) as name, min(r.role) as role,
  (select count(*)::int from application a where a.assignee_id = p.id and a.closed_at is null) as open ` + liveWorkers + `
  and ($1::timestamptz at time zone o.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity')
  and ($2 or r.office_id = any($3::uuid[]))
  group by p.id order by name, p.id limit 200`

// Workers reads to whom the actor may assign work.
func Workers(dst *[]Worker, by identity.Actor, now time.Time) pg.Query {
	return pg.All(dst, workersSQL, now, by.Role == identity.Headquarters, OfficeTree(by))
}

// Queue reads one page of a queue with the counts of all queues of the role. The
// agency's case readers may; a queue that the role does not have is its first one.
func (s *Service) Queue(ctx context.Context, by identity.Actor, f Filter) (q Queue, err error) {
	if err := reader(by); err != nil {
		return q, err
	}
	queues := Queues(by.Role)
	f = f.tidy(queues)
	q.Filter, q.Assigns = f, by.Is(identity.Approvers...)
	everywhere := by.Is(identity.Everywhere...)
	at, last := f.Order.read(f.After)
	if at == nil {
		q.Filter.After = ""
	}
	now := s.Now()
	var counts []struct{ N int }
	statements := []pg.Query{
		pg.All(&counts, countsSQL(queues), by.PersonID, everywhere, OfficeTree(by), now),
		pg.All(&q.Items, f.Order.sql(f.Queue), by.PersonID, everywhere, OfficeTree(by), now,
			f.Programme, f.EntityType, string(f.Status), by.Is(identity.CaseWorkers...), at, last, QueuePage+1),
	}
	if q.Assigns {
		statements = append(statements, Workers(&q.Workers, by, now))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return Queue{}, fmt.Errorf("read the queue: %w", err)
	}
	for i, c := range counts {
		q.Counts = append(q.Counts, Count{queues[i], c.N})
	}
	if len(q.Items) > QueuePage {
		q.Items = q.Items[:QueuePage]
		q.Next = f.Order.key(q.Items[QueuePage-1])
	}
	return q, nil
}

// tidy replaces what is unknown.
func (f Filter) tidy(queues []QueueName) Filter {
	known := false
	for _, q := range queues {
		known = known || q == f.Queue
	}
	if !known {
		f.Queue = queues[0]
	}
	known = false
	for _, o := range Orders() {
		known = known || o == f.Order
	}
	if !known {
		f.Order = Oldest
	}
	known = false
	for _, x := range application.Statuses() {
		known = known || x == f.Status
	}
	if !known {
		f.Status = ""
	}
	if len(f.Programme) > 60 {
		f.Programme = ""
	}
	if len(f.EntityType) > 60 {
		f.EntityType = ""
	}
	return f
}
