package enforcement

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
)

// Listed is a case in a list.
type Listed struct {
	ID         uuid.UUID
	Reference  string
	CompanyID  uuid.UUID
	Company    string
	Member     string
	Programme  string
	Status     Status
	Ground     string
	SourceKind string
	Suspended  Codes
	Limited    Codes
	Worker     string
	OpenedAt   time.Time
	ClosedAt   *time.Time
	Outcome    string
	DueOn      *clock.Day // the next day that somebody must keep
	Late       bool       // it has passed
}

// Held reports whether something is in force.
func (l Listed) Held() bool { return len(l.Suspended)+len(l.Limited) > 0 }

// listedSQL reads cases for lists with the next day that counts: to confirm, to answer, the last of a suspension,
// and those of clocks, such as of an answer or of an item of a plan. $1 is now.
const listedSQL = `select c.id, c.reference, c.company_id, y.name as company, m.number as member, c.programme, c.status, c.ground, c.source_kind,
	c.suspended::text as suspended, c.limited::text as limited, coalesce(w.name, '') as worker, c.opened_at, c.closed_at, c.outcome, d.due_on,
	coalesce(d.due_on < ($1::timestamptz at time zone o.zone)::date, false) as late`

const listedFrom = ` from enforcement_case c join company y on y.id = c.company_id join membership m on m.id = c.membership_id join office o on o.id = c.office_id
	left join person w on w.id = c.worker_id
	left join lateral (select least(case when c.status = 'emergency' then c.confirm_by end, case when c.status <> 'closed' then c.until_on end,
	    (select min(k.due_on) from clock k where k.subject_kind = 'enforcement' and k.subject_id = c.id and k.stopped_at is null and not k.earliest and k.start_event like 'enforcement.%' and c.status <> 'closed')) as due_on) d on true`

// QueueName is a part of the cases at the desk.
type QueueName string

// The queues.
const (
	Overdue   QueueName = "overdue"
	ToDecide  QueueName = "to_decide" // a second person is to act
	Looking   QueueName = "investigating"
	WithThem  QueueName = "notified"
	Running   QueueName = "in_force"
	Done      QueueName = "closed"
	AllOfThem QueueName = "all"
)

// Queues lists the queues in the order of the tabs.
func Queues() []QueueName {
	return []QueueName{Overdue, ToDecide, Looking, WithThem, Running, Done, AllOfThem}
}

// Name is the queue for a person to read (English source text).
func (q QueueName) Name() string {
	return map[QueueName]string{Overdue: "Overdue", ToDecide: "To decide", Looking: "Looked into", WithThem: "With the company", Running: "In force", Done: "Closed", AllOfThem: "All"}[q]
}

func (q QueueName) condition() string {
	switch q {
	case Overdue:
		return `c.status <> 'closed' and d.due_on < ($1::timestamptz at time zone o.zone)::date`
	case ToDecide:
		return `(c.status in ('answered', 'emergency', 'end_proposed', 'proposed') or c.asks_on is not null)`
	case Looking:
		return `c.status = 'investigating'`
	case WithThem:
		return `c.status = 'notified'`
	case Running:
		return `c.status <> 'closed' and (c.suspended <> '[]' or c.limited <> '[]')`
	case Done:
		return `c.status = 'closed'`
	default:
		return `true`
	}
}

// QueuePage is how many cases a page of a queue shows, and MostCounted how far one is counted.
const (
	QueuePage   = 25
	MostCounted = 1000
)

// Filter narrows a queue. Anything unknown in it counts as not given.
type Filter struct {
	Queue     QueueName
	Programme string
	Ground    string
	Source    string
	After     string // the Next of the page before
}

// Queue is one page of a queue with the counts of all.
type Queue struct {
	Filter Filter
	Counts map[QueueName]int // at most MostCounted
	Items  []Listed
	Next   string // empty on the last page
}

// Queue reads one page of the cases of the offices that the actor works for, those that are
// overdue first; the whole agency's for headquarters and auditors. The agency's case readers
// may.
func (s *Service) Queue(ctx context.Context, by identity.Actor, f Filter) (q Queue, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return q, fault.Missing()
	}
	f = f.tidy(s.Steps)
	day, last := readKey(f.After)
	q = Queue{Filter: f, Counts: map[QueueName]int{}}
	everywhere, offices := by.Is(identity.Headquarters, identity.Auditor), append([]uuid.UUID{}, by.Offices...)
	const office = ` and ($2 or c.office_id = any($3::uuid[]))`
	var parts []string
	for _, name := range Queues() {
		parts = append(parts, fmt.Sprintf(`select '%s' as name, count(*)::int as n from (select%s where %s%s limit %d) x`, name, listedFrom, name.condition(), office, MostCounted))
	}
	var counts []struct {
		Name string
		N    int
	}
	now := s.Now()
	const first = `coalesce(d.due_on, date '9999-12-31')`
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&counts, `with given as (select $1::timestamptz as now, $2::boolean as everywhere, $3::uuid[] as offices) `+strings.Join(parts, " union all "), now, everywhere, offices),
		pg.All(&q.Items, listedSQL+listedFrom+` where `+f.Queue.condition()+office+` and ($4 = '' or c.programme = $4) and ($5 = '' or c.ground = $5) and ($6 = '' or c.source_kind = $6)
			and ($7 = '' or (`+first+`, c.id) > (nullif($7, '')::date, $8::uuid)) order by `+first+`, c.id limit $9`,
			now, everywhere, offices, f.Programme, f.Ground, f.Source, day, last, QueuePage+1))
	if err != nil {
		return Queue{}, fmt.Errorf("read the queue of cases: %w", err)
	}
	for _, c := range counts {
		q.Counts[QueueName(c.Name)] = c.N
	}
	if len(q.Items) > QueuePage {
		q.Items = q.Items[:QueuePage]
		q.Next = key(q.Items[QueuePage-1])
	}
	return q, nil
}

func (f Filter) tidy(s *Steps) Filter {
	if !slices.Contains(Queues(), f.Queue) {
		f.Queue = AllOfThem
	}
	if _, ok := s.Programmes.Get(f.Programme); !ok {
		f.Programme = ""
	}
	if len(f.Ground) > 60 {
		f.Ground = ""
	}
	if SourceName(f.Source) == "" {
		f.Source = ""
	}
	return f
}

// key is where a page ends, as text that the next request hands back.
func key(l Listed) string {
	day := "9999-12-31"
	if l.DueOn != nil {
		day = l.DueOn.String()
	}
	return base64.RawURLEncoding.EncodeToString([]byte(day + " " + l.ID.String()))
}

// readKey is the other way round; anything else than what key wrote is the beginning.
func readKey(text string) (day string, id uuid.UUID) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) > 100 {
		return "", uuid.Nil
	}
	at, last, _ := strings.Cut(string(b), " ")
	if _, err := time.Parse(time.DateOnly, at); err != nil {
		return "", uuid.Nil
	}
	if id, err = uuid.Parse(last); err != nil {
		return "", uuid.Nil
	}
	return at, id
}

// mostListed bounds the cases of one company on a page.
const mostListed = 200

// Mine lists the cases of the actor's company that it was told of, those that are open
// first. Its own people may.
func (s *Service) Mine(ctx context.Context, by identity.Actor) (list []Listed, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, listedSQL+listedFrom+` where c.company_id = $2 and c.told_at is not null order by c.status = 'closed', c.opened_at desc, c.id limit $3`,
		s.Now(), *own, mostListed))
	if err != nil {
		return nil, fmt.Errorf("list the cases: %w", err)
	}
	for i := range list {
		list[i].Status, list[i].Worker = list[i].Status.Told(list[i].Held()), ""
	}
	return list, nil
}

// OfMember is what the page of a membership says of incidents and cases.
type OfMember struct {
	Incidents int // that count, of the programme's years
	Years     int
	Cases     []Listed // open ones first
}

// OfMember reads what the page of a membership says of its incidents and cases: for the
// company those that it was told of, as the page holds no others.
func (s *Service) OfMember(by identity.Actor, p membership.Page) (m OfMember, err error) {
	var doc struct {
		Days  []clock.Day
		Cases []Listed
	}
	if err := json.Unmarshal([]byte(p.Register), &doc); err != nil {
		return m, fmt.Errorf("read the incidents and cases of a membership: %w", err)
	}
	m.Years, m.Cases = p.Programme.Enforcement.Incidents.Years, doc.Cases
	since := clock.DayOf(s.Now(), p.Zone).AddYears(-m.Years)
	for _, d := range doc.Days {
		if d.After(since) {
			m.Incidents++
		}
	}
	for i := range m.Cases {
		m.Cases[i].Member, m.Cases[i].Company = p.Membership.Number, p.Holder
		if by.Audience == identity.Companies {
			m.Cases[i].Status = m.Cases[i].Status.Told(m.Cases[i].Held())
		}
	}
	return m, nil
}
