package profilereview

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/review"
)

// QueueName is one list of profiles. A queue is a query, not a copy.
type QueueName string

// The queues.
const (
	Mine       QueueName = "mine"       // mine to review, or my case's
	Unassigned QueueName = "unassigned" // nobody's, in my office tree
	Waiting    QueueName = "waiting"    // sent back: the company must act
	Overdue    QueueName = "overdue"    // the company's day for its yearly review, or a day of ours, has passed
	Everything QueueName = "all"        // all that are open
)

// Name is the queue for a person to read (English source text).
func (q QueueName) Name() string {
	return map[QueueName]string{Mine: "Mine", Unassigned: "Not assigned", Waiting: "Waiting for the company", Overdue: "Overdue", Everything: "All open"}[q]
}

// Queues lists the queues of a role, the first being where it starts.
func Queues(r identity.Role) []QueueName {
	switch r {
	case identity.Specialist, identity.Supervisor, identity.Headquarters:
		return []QueueName{Mine, Unassigned, Waiting, Overdue, Everything}
	case identity.Auditor, identity.AppealOfficer:
		return []QueueName{Everything, Waiting, Overdue}
	}
	return nil
}

// Order is how a queue is sorted.
type Order string

// The orders.
const (
	Oldest Order = "age" // the longest wait first
	Newest Order = "new"
)

// Orders lists the orders.
func Orders() []Order { return []Order{Oldest, Newest} }

// QueuePage is how many profiles one page of a queue has.
const QueuePage = 25

// Filter narrows and sorts a queue. Anything unknown in it counts as not given.
type Filter struct {
	Queue     QueueName
	Programme string
	Kind      string // profile.Initial, profile.Annual, profile.Revalidation
	Status    profile.Status
	Order     Order
	After     string // the Next of the page before
}

// QueueItem is a profile in a queue.
type QueueItem struct {
	ID         uuid.UUID
	Reference  string
	CompanyID  uuid.UUID
	Company    string
	Programme  string
	EntityType string
	Kind       string
	Status     profile.Status
	Office     string
	AssigneeID *uuid.UUID
	Assignee   string
	CaseID     *uuid.UUID // the application that it belongs to
	Case       string     // its reference
	Round      int
	WaitsSince time.Time // submitted, or late since
	AgeDays    int       // at the office
	OverdueAt  *time.Time
	Late       bool // a day of the agency has passed on the case
	Criteria   int  // that count; 0 when nothing was submitted yet
	Reviewed   int  // that have a verdict
	Version    int  // of the profile, or of the case that it belongs to: for claiming and assigning

	Claimable bool
	Mine      bool
}

// WithCompany reports whether the company must act.
func (q QueueItem) WithCompany() bool {
	return q.Status == profile.Returned || q.Status == profile.Open
}

// Count is how many profiles a queue has, at most review.MostCounted.
type Count struct {
	Queue QueueName
	N     int
}

// Text is the count for a tab.
func (c Count) Text() string { return review.Count{N: c.N}.Text() }

// Queue is one page of a queue with the counts of all.
type Queue struct {
	Filter  Filter
	Counts  []Count
	Items   []QueueItem
	Next    string // empty on the last page
	Workers []review.Worker
	Assigns bool // the actor may assign to others
}

// The tables of every condition: c the profile, a its case.
const queueFrom = ` from profile_cycle c left join application a on a.id = c.application_id`

// holderSQL is the person in charge.
const holderSQL = `case when c.application_id is null then c.assignee_id else a.assignee_id end`

// What waits: the index profile_cycle_waiting has exactly these.
const isWaiting = `(c.status in ('submitted', 'in_review', 'returned') or c.status = 'open' and c.overdue_at is not null)
  and (c.application_id is null or a.submitted_at is not null) and `

// Parameters of every condition: $1 the person, $2 whether every office counts, $3 the
// offices, $4 now.
func condition(q QueueName) string {
	const office = ` and ($2 or c.office_id = any($3::uuid[]))`
	switch q {
	case Mine:
		return `c.id in (select x.id from profile_cycle x where x.assignee_id = $1 and x.application_id is null
			union all select x.id from application m join profile_cycle x on x.application_id = m.id where m.assignee_id = $1 and m.closed_at is null)`
	case Unassigned:
		return holderSQL + ` is null` + office
	case Waiting:
		return `c.status in ('returned', 'open')` + office
	case Overdue:
		return `(c.status in ('open', 'returned') and c.overdue_at is not null or ` + lateSQL + `)` + office
	default:
		return `true`
	}
}

// lateSQL is whether a day of the agency has passed on the case. No zone is further than
// a day ahead of UTC: the first bound is for the index.
const lateSQL = `exists (select from clock k where k.subject_kind = 'application' and k.subject_id = c.application_id and k.stopped_at is null
  and k.owed_by = 'agency' and not k.earliest and not k.paused and k.due_on <= ($4::timestamptz at time zone 'UTC')::date
  and k.due_on < ($4::timestamptz at time zone k.zone)::date)`

const (
	queueFilters = ` and ($5 = '' or c.programme = $5) and ($6 = '' or c.kind = $6) and ($7 = '' or c.status = $7)`

	waitsSince = `coalesce(c.submitted_at, c.overdue_at)`

	// The columns are those of QueueItem. The profiles of one page come first, and what is
	// shown of them after.
	queueColumns = `)
select c.id, c.reference, c.company_id, k.name as company, c.programme, c.entity_type, c.kind, c.status, o.name as office,
  ` + holderSQL + ` as assignee_id, coalesce(p.name, '') as assignee, a.id as case_id, coalesce(a.reference, '') as case, c.round,
  ` + waitsSince + ` as waits_since, ($4::timestamptz at time zone o.zone)::date - (` + waitsSince + ` at time zone o.zone)::date as age_days, c.overdue_at,
  ` + lateSQL + ` as late,
  coalesce((select count(*)::int from jsonb_object_keys(s.counted)), 0) as criteria,
  (select count(*)::int from profile_verdict v where v.cycle_id = c.id and v.verdict <> 'not_reviewed') as reviewed,
  coalesce(a.version, c.version) as version,
  ` + holderSQL + ` is null and ($2 or c.office_id = any($3::uuid[])) and $8 as claimable, ` + holderSQL + ` is not distinct from $1 as mine
from page
join profile_cycle c on c.id = page.id
left join application a on a.id = c.application_id
join company k on k.id = c.company_id
join office o on o.id = c.office_id
left join profile_submission s on s.cycle_id = c.id and s.round = c.round
left join person p on p.id = ` + holderSQL
)

// sql is the whole query of a page of a queue in an order.
func (o Order) sql(q QueueName) string {
	after, by := ` and ($9::timestamptz is null or (`+waitsSince+`, c.id) > ($9, $10))`, ` order by `+waitsSince+`, c.id`
	if o == Newest {
		after, by = ` and ($9::timestamptz is null or (`+waitsSince+`, c.id) < ($9, $10))`, ` order by `+waitsSince+` desc, c.id desc`
	}
	return `with page as materialized (select c.id` + queueFrom + ` where ` + isWaiting + condition(q) + queueFilters + after + by + ` limit $11` + queueColumns + by
}

// key is where a page ends, as text that the next request hands back.
func key(q QueueItem) string {
	return base64.RawURLEncoding.EncodeToString([]byte(q.WaitsSince.UTC().Format(time.RFC3339Nano) + " " + q.ID.String()))
}

// readKey is the other way round; anything else than what key wrote is the beginning.
func readKey(s string) (at *time.Time, id uuid.UUID) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) > 100 {
		return nil, uuid.Nil
	}
	text, last, _ := strings.Cut(string(b), " ")
	when, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, uuid.Nil
	}
	if id, err = uuid.Parse(last); err != nil {
		return nil, uuid.Nil
	}
	return &when, id
}

// countsSQL counts every queue of a role in one statement, none further than review.MostCounted.
func countsSQL(queues []QueueName) string {
	parts := make([]string, len(queues))
	for i, q := range queues {
		parts[i] = fmt.Sprintf(`select %d as place, count(*)::int as n from (select%s where %s%s limit %d) x`, i, queueFrom, isWaiting, condition(q), review.MostCounted)
	}
	// Every parameter is named once, for a role whose queues leave one out.
	return `with given as (select $1::uuid as me, $2::boolean as everywhere, $3::uuid[] as offices, $4::timestamptz as now)
		select n from (` + strings.Join(parts, " union all ") + `) counted order by place`
}

// Queue reads one page of a queue with the counts of all queues of the role. The
// agency's case readers may; a queue that the role does not have is its first one.
func (s *Service) Queue(ctx context.Context, by identity.Actor, f Filter) (q Queue, err error) {
	if err := reader(by); err != nil {
		return q, err
	}
	queues := Queues(by.Role)
	f = f.tidy(queues)
	at, last := readKey(f.After)
	if at == nil {
		f.After = ""
	}
	q.Filter, q.Assigns = f, by.Is(identity.Approvers...)
	everywhere := by.Is(identity.Everywhere...)
	now := s.Now()
	var counts []struct{ N int }
	statements := []pg.Query{
		pg.All(&counts, countsSQL(queues), by.PersonID, everywhere, review.OfficeTree(by), now),
		pg.All(&q.Items, f.Order.sql(f.Queue), by.PersonID, everywhere, review.OfficeTree(by), now,
			f.Programme, f.Kind, string(f.Status), by.Is(identity.CaseWorkers...), at, last, QueuePage+1),
	}
	if q.Assigns {
		statements = append(statements, review.Workers(&q.Workers, by, now))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return Queue{}, fmt.Errorf("read the queue of profiles: %w", err)
	}
	for i, c := range counts {
		q.Counts = append(q.Counts, Count{queues[i], c.N})
	}
	if len(q.Items) > QueuePage {
		q.Items = q.Items[:QueuePage]
		q.Next = key(q.Items[QueuePage-1])
	}
	return q, nil
}

// tidy replaces what is unknown.
func (f Filter) tidy(queues []QueueName) Filter {
	if !slices.Contains(queues, f.Queue) {
		f.Queue = queues[0]
	}
	if !slices.Contains(Orders(), f.Order) {
		f.Order = Oldest
	}
	if !slices.Contains(profile.Statuses(), f.Status) || f.Status.Final() {
		f.Status = ""
	}
	if !slices.Contains([]string{profile.Initial, profile.Annual, profile.Revalidation}, f.Kind) {
		f.Kind = ""
	}
	if len(f.Programme) > 60 {
		f.Programme = ""
	}
	return f
}
