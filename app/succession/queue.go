package succession

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// QueueName is a part of the cases at the desk.
type QueueName string

// The queues.
const (
	New      QueueName = "new"
	Looking  QueueName = "in_review"
	Deciding QueueName = "to_decide"
	Coming   QueueName = "coming"
	Loose    QueueName = "to_finish" // records that were to be closed and are open still
	All      QueueName = "all"
)

// Queues lists the queues in the order of the tabs.
func Queues() []QueueName { return []QueueName{New, Looking, Deciding, Coming, Loose, All} }

// Name is the queue for a person to read (English source text).
func (q QueueName) Name() string {
	return map[QueueName]string{New: "New", Looking: "Being looked at", Deciding: "To decide", Coming: "Accepted, day to come", Loose: "To finish", All: "All"}[q]
}

func (q QueueName) condition() string {
	switch q {
	case New:
		return `c.status = 'sent'`
	case Looking:
		return `c.status in ('in_review', 'returned')`
	case Deciding:
		return `c.status = 'proposed'`
	case Coming:
		return `c.status = 'accepted'`
	case Loose:
		return `c.status = 'in_force' and (exists (select from validation v where v.membership_id = c.membership_id and v.status not in ('closed', 'cancelled'))
			or exists (select from finding f join validation v on v.id = f.validation_id where v.membership_id = c.membership_id and f.status in ('open', 'answered', 'escalated') and f.kind = 'action_required'
			  and not exists (select from change_case_item d where d.case_id = c.id and d.item_id = f.id and d.decision = 'carry')))
			and (c.kind in ('withdrawal', 'merger') or c.whole)`
	default:
		return `true`
	}
}

// QueuePage is how many cases a page of a queue shows, MostCounted how far it is counted.
const (
	QueuePage   = 25
	MostCounted = 1000
)

// Filter narrows a queue. Anything unknown in it counts as not given.
type Filter struct {
	Queue QueueName
	Kind  string
	After string // the Next of the page before
}

// Line is a case in a queue.
type Line struct {
	ID          uuid.UUID
	Reference   string
	Company     string
	Number      string
	Programme   string
	Kind        string
	Status      Status
	EffectiveOn clock.Day
	SentAt      time.Time
	Reviewer    string
	Office      string
}

// Queue is one page of a queue with the counts of all.
type Queue struct {
	Filter Filter
	Counts map[QueueName]int // at most MostCounted
	Items  []Line
	Next   string
}

// Queue reads one page of the cases of the offices that the actor works for; the whole
// agency's for headquarters and auditors. The agency's case readers may.
func (s *Service) Queue(ctx context.Context, by identity.Actor, f Filter) (q Queue, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return q, fault.Missing()
	}
	if !slices.Contains(Queues(), f.Queue) {
		f.Queue = New
	}
	if !slices.Contains(Kinds(), f.Kind) {
		f.Kind = ""
	}
	at, last := readKey(f.After)
	if at == "" {
		f.After = ""
	}
	q = Queue{Filter: f, Counts: map[QueueName]int{}}
	everywhere, offices := by.Is(identity.Headquarters, identity.Auditor), append([]uuid.UUID{}, by.Offices...)
	const office = ` and c.sent_at is not null and ($1 or c.office_id = any($2::uuid[]))`
	var parts []string
	for _, name := range Queues() {
		parts = append(parts, fmt.Sprintf(`select '%s' as name, count(*)::int as n from (select from change_case c where %s%s limit %d) x`, name, name.condition(), office, MostCounted))
	}
	var counts []struct {
		Name string
		N    int
	}
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&counts, strings.Join(parts, " union all "), everywhere, offices),
		pg.All(&q.Items, `select c.id, c.reference, y.name as company, m.number, c.programme, c.kind, c.status, c.effective_on, c.sent_at, coalesce(r.name, '') as reviewer, o.name as office
			from change_case c join company y on y.id = c.company_id join membership m on m.id = c.membership_id join office o on o.id = c.office_id left join person r on r.id = c.reviewer_id
			where `+f.Queue.condition()+office+` and ($3 = '' or c.kind = $3) and ($4 = '' or (c.sent_at, c.id) < (nullif($4, '')::timestamptz, $5::uuid)) order by c.sent_at desc, c.id desc limit $6`,
			everywhere, offices, f.Kind, at, last, QueuePage+1))
	if err != nil {
		return Queue{}, fmt.Errorf("read the queue of cases: %w", err)
	}
	for _, c := range counts {
		q.Counts[QueueName(c.Name)] = c.N
	}
	if len(q.Items) > QueuePage {
		q.Items = q.Items[:QueuePage]
		end := q.Items[QueuePage-1]
		q.Next = base64.RawURLEncoding.EncodeToString([]byte(end.SentAt.UTC().Format(time.RFC3339Nano) + " " + end.ID.String()))
	}
	return q, nil
}

// readKey reads where a page ended; anything else than what was written is the beginning.
func readKey(text string) (at string, id uuid.UUID) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) > 100 {
		return "", uuid.Nil
	}
	at, last, _ := strings.Cut(string(b), " ")
	if _, err := time.Parse(time.RFC3339Nano, at); err != nil {
		return "", uuid.Nil
	}
	if id, err = uuid.Parse(last); err != nil {
		return "", uuid.Nil
	}
	return at, id
}
