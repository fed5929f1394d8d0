package incident

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/enclosure"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

const columns = `i.id, i.reference, i.company_id, i.membership_id, i.office_id, i.programme, i.kind, i.status, i.place, i.occurred_on, i.occurred_until, i.found_on, i.way,
	i.told_by, i.number, i.number_key, i.numbers, i.facts, i.consequences, i.self_reported, i.registered_at, i.registered_by, i.author, i.discovered_at, i.told_at, i.founded,
	i.closing_note, i.closed_at, i.closed_by, i.merged_into, i.case_id, i.ruled_out, i.version`

// Head is an incident with what its page names.
type Head struct {
	Incident
	Company, Office string
	OfficeZone      string
	Member          string // number of the membership; empty: the company as a whole
	CaseRef         string // of the case that took it up, where the reader sees it
	IntoRef         string // of the one into which it was merged
	Documents       string // an enclosure.Column
}

const headSQL = `select ` + columns + `, c.name as company, o.name as office, o.zone as office_zone, coalesce(m.number, '') as member,
	coalesce(e.reference, '') as case_ref, coalesce(x.reference, '') as into_ref, ` + enclosure.Column + `
	from incident i join company c on c.id = i.company_id join office o on o.id = i.office_id left join membership m on m.id = i.membership_id
	left join enforcement_case e on e.id = i.case_id and ($2::uuid is null or e.told_at is not null) left join incident x on x.id = i.merged_into
	where i.id = $1 and ($2::uuid is null or i.company_id = $2 and i.told_at is not null)`

// Said is one entry of the history.
type Said struct {
	What     string
	Internal bool
	Body     string
	Author   string
	At       time.Time
}

// May is what the actor may do now.
type May struct {
	Change     bool // also to write notes
	Supplement bool
	Do         []Action
	WhyNot     string // why a person of the agency may do nothing (English source text); empty: they may
}

// Can reports whether an action is among them.
func (m May) Can(do Action) bool { return slices.Contains(m.Do, do) }

// Record is everything that the pages of an incident show.
type Record struct {
	Head
	Zone    *time.Location
	Rules   *programme.Programme
	History []Said
	Likely  []Likely // for the agency: others that may be the same
	Merged  []Likely // those that were merged into it
	Shown   []enclosure.Item
	May     May
}

// Open reads an incident. The agency's case readers may, for whom it notes the look, and the
// company's own people where they were told of it.
func (s *Service) Open(ctx context.Context, by identity.Actor, id uuid.UUID) (r Record, err error) {
	own, err := by.Reads()
	if err != nil {
		return r, err
	}
	statements := []pg.Query{
		pg.One(&r.Head, headSQL, id, own),
		pg.All(&r.History, `select what, internal, body, author, at from incident_entry where incident_id = $1 and ($2 or not internal) order by at, id limit 500`, id, own == nil),
		pg.All(&r.Merged, `select i.id, i.reference, i.kind, i.status, i.place, i.occurred_on, i.number, i.self_reported, false as same_number, '' as company
			from incident i where i.merged_into = $1 and ($2::uuid is null or i.told_at is not null) order by i.reference limit 50`, id, own),
	}
	if own == nil {
		statements = append(statements, pg.All(&r.Likely, likelyOfSQL, id, s.days()), audit.LookAt(s.Now(), by, "incident.read", Kind, "incident x where x.id = $10", id))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return Record{}, fmt.Errorf("read the incident: %w", err)
	}
	if r.Shown, err = enclosure.Read(r.Documents); err != nil {
		return Record{}, err
	}
	if own != nil {
		if r.Incident.Status == Passed && r.CaseRef == "" { // of a case that is only looked into the company knows nothing
			r.Incident.Status, r.CaseID = LookedInto, nil
		}
		for i := range r.History {
			if r.History[i].What != "report" && r.History[i].What != "supplement" {
				r.History[i].Author = s.Steps.Letters.Author(ctx)
			}
		}
	}
	var ok bool
	if r.Rules, ok = s.Steps.Programmes.Get(r.Programme); !ok {
		return Record{}, fmt.Errorf("incident %s: the portal has no programme %q", r.Reference, r.Programme)
	}
	if r.Zone, err = time.LoadLocation(r.OfficeZone); err != nil {
		r.Zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	r.May = r.may(by)
	return r, nil
}

// days is the longest time before and after which any programme looks for duplicates.
func (s *Service) days() (most int) {
	for _, p := range s.Steps.Programmes.All() {
		most = max(most, p.Enforcement.Incidents.Days)
	}
	return most
}

// likelyOfSQL is likelySQL for an incident that stands in the register.
const likelyOfSQL = `select i.id, i.reference, i.kind, i.status, i.place, i.occurred_on, i.number, i.self_reported, c.name as company,
	x.number_key <> '' and i.number_key = x.number_key as same_number
	from incident x join incident i on i.id <> x.id and i.status <> 'merged' and (i.company_id = x.company_id and i.occurred_on <= x.occurred_until + $2::int
	    and i.occurred_until >= x.occurred_on - $2::int or x.number_key <> '' and i.number_key = x.number_key)
	join company c on c.id = i.company_id
	where x.id = $1 and x.status <> 'merged' order by same_number desc, abs(i.occurred_on - x.occurred_on), i.id limit 20`

func (r Record) may(by identity.Actor) (m May) {
	if by.Audience == identity.Companies {
		m.Supplement = r.SelfReported && r.Incident.Status != Merged && by.Is(identity.CompanyEditors...)
		return m
	}
	if err := worker(by, r.Incident); err != nil {
		m.WhyNot = sentence(err)
		return m
	}
	m.Change = r.Incident.Status != Merged
	m.Do = Lifecycle().Actions(r.Incident.Status, by.Role, Facts{})
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

// Member is a membership that an incident can be about.
type Member struct {
	ID        uuid.UUID
	Number    string
	Programme string
	Status    string
	Company   string
}

// Start is what the form of an incident starts from.
type Start struct {
	ID      uuid.UUID // for a new incident
	Company uuid.UUID
	Name    string
	Members []Member
	Rules   *programme.Programme // of the membership that the company got last
	Ours    bool                 // the reader's own company
}

// Begin reads what the form of a new incident offers. For the agency's case workers the
// company is named; a company's own people get their own. Conflict: it is no member.
func (s *Service) Begin(ctx context.Context, by identity.Actor, company uuid.UUID) (b Start, err error) {
	own, err := by.Reads()
	if err != nil {
		return b, err
	}
	if own != nil {
		company = *own
	}
	b.ID, b.Company, b.Ours = pg.NewID(), company, own != nil
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&b.Members, `select m.id, m.number, m.programme, m.status, c.name as company from membership m join company c on c.id = m.company_id
		where m.company_id = $1 order by m.created_at desc, m.id limit 50`, company))
	if err != nil {
		return Start{}, fmt.Errorf("begin an incident: %w", err)
	}
	if len(b.Members) == 0 {
		return Start{}, fault.New(fault.Conflict, "The company is not a member, so it has no incidents in the register")
	}
	var ok bool
	b.Name = b.Members[0].Company
	if b.Rules, ok = s.Steps.Programmes.Get(b.Members[0].Programme); !ok {
		return Start{}, fmt.Errorf("membership %s: the portal has no programme %q", b.Members[0].Number, b.Members[0].Programme)
	}
	return b, nil
}

// Rewrite reads an incident and what the form that completes it offers. Case workers of the
// office in charge may; it notes the look.
func (s *Service) Rewrite(ctx context.Context, by identity.Actor, id uuid.UUID) (r Record, b Start, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return r, b, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(),
		pg.One(&r.Head, headSQL, id, nil),
		pg.All(&r.Likely, likelyOfSQL, id, s.days()),
		pg.All(&b.Members, `select m.id, m.number, m.programme, m.status, c.name as company from membership m join company c on c.id = m.company_id
			where m.company_id = (select company_id from incident where id = $1) order by m.created_at desc, m.id limit 50`, id),
		audit.LookAt(s.Now(), by, "incident.read", Kind, "incident x where x.id = $10", id))
	if err != nil {
		return Record{}, Start{}, fmt.Errorf("read the incident: %w", err)
	}
	if err := worker(by, r.Incident); err != nil {
		return Record{}, Start{}, err
	}
	var ok bool
	if b.Rules, ok = s.Steps.Programmes.Get(r.Programme); !ok {
		return Record{}, Start{}, fmt.Errorf("incident %s: the portal has no programme %q", r.Reference, r.Programme)
	}
	b.ID, b.Company, b.Name = r.ID, r.CompanyID, r.Head.Company
	return r, b, nil
}

// LikelyOf finds incidents that may be the same as one that is being entered, for the form
// that asks to rule them out. Case workers and those who edit for the company may; a company
// finds only what it sees.
func (s *Service) LikelyOf(ctx context.Context, by identity.Actor, in Entry) (list []Likely, err error) {
	own, err := by.Reads()
	if err != nil {
		return nil, err
	}
	i := Incident{ID: in.ID, CompanyID: in.Company}
	if own != nil {
		i.CompanyID = *own
	}
	var c entry.Check
	today := clock.DayOf(s.Now(), time.UTC).AddDays(1)
	i.OccurredOn = day(&c, "from", "", in.From, today)
	if i.OccurredUntil = i.OccurredOn; in.Until != "" {
		i.OccurredUntil = day(&c, "until", "", in.Until, today)
	}
	if c.Err() != nil {
		return nil, nil
	}
	i.NumberKey = KeyOf(in.Number)
	err = s.DB.Read(ctx, by.Scope(), func(tx pg.Tx) error {
		list, err = likely(ctx, tx, i, s.days())
		return err
	})
	return list, err
}

// Item is an incident in a list.
type Item struct {
	ID           uuid.UUID
	Reference    string
	CompanyID    uuid.UUID
	Company      string
	Member       string
	Programme    string
	Kind         string
	Status       Status
	Place        string
	OccurredOn   clock.Day
	SelfReported bool
	RegisteredAt time.Time
}

const itemColumns = `i.id, i.reference, i.company_id, c.name as company, coalesce(m.number, '') as member, i.programme, i.kind, i.status, i.place, i.occurred_on,
	i.self_reported, i.registered_at from incident i join company c on c.id = i.company_id left join membership m on m.id = i.membership_id`

// mineStatus is the state as a company may know it: of a case that is only looked into it
// knows nothing.
const mineStatus = `case when i.status = 'passed' and not exists (select from enforcement_case e where e.id = i.case_id and e.told_at is not null) then 'looked_into' else i.status end as status,`

// mostListed bounds the incidents of one company on a page.
const mostListed = 300

// Mine lists the incidents of the actor's company that it reported or was told of, the
// newest first. Its own people may.
func (s *Service) Mine(ctx context.Context, by identity.Actor) (list []Item, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, `select `+strings.Replace(itemColumns, "i.status,", mineStatus, 1)+` where i.company_id = $1 and i.told_at is not null order by i.registered_at desc, i.id limit $2`, *own, mostListed))
	if err != nil {
		return nil, fmt.Errorf("list the incidents: %w", err)
	}
	return list, nil
}

// QueueName is a part of the register at the desk.
type QueueName string

// The queues: the states, and everything.
const (
	ToLook    QueueName = "reported"
	InWork    QueueName = "looked_into"
	InCases   QueueName = "passed"
	Done      QueueName = "closed"
	AllOfThem QueueName = "all"
)

// Queues lists the queues in the order of the tabs.
func Queues() []QueueName { return []QueueName{ToLook, InWork, InCases, Done, AllOfThem} }

// Name is the queue for a person to read (English source text).
func (q QueueName) Name() string {
	return map[QueueName]string{ToLook: "New", InWork: "Looked into", InCases: "In a case", Done: "Closed", AllOfThem: "All"}[q]
}

func (q QueueName) condition() string {
	if q == AllOfThem {
		return `i.status <> 'merged'`
	}
	return `i.status = '` + string(q) + `'`
}

// QueuePage is how many incidents a page of a queue shows.
const QueuePage = 25

// MostCounted is how far a queue is counted.
const MostCounted = 1000

// Filter narrows a queue. Anything unknown in it counts as not given.
type Filter struct {
	Queue     QueueName
	Programme string
	Kind      string
	Source    string // "self" or "agency"
	Company   string // id
	After     string // the Next of the page before
}

// Queue is one page of a queue with the counts of all.
type Queue struct {
	Filter Filter
	Counts map[QueueName]int // at most MostCounted
	Items  []Item
	Next   string // empty on the last page
}

// Queue reads one page of the incidents of the offices that the actor works for, those that
// wait longest first; the whole agency's for headquarters and auditors. The agency's case
// readers may.
func (s *Service) Queue(ctx context.Context, by identity.Actor, f Filter) (q Queue, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return q, fault.Missing()
	}
	f = f.tidy(s.Steps)
	at, last := readKey(f.After)
	q = Queue{Filter: f, Counts: map[QueueName]int{}}
	everywhere, offices := by.Is(identity.Headquarters, identity.Auditor), append([]uuid.UUID{}, by.Offices...)
	const office = ` and ($1 or i.office_id = any($2::uuid[]))`
	var parts []string
	for _, name := range Queues() {
		parts = append(parts, fmt.Sprintf(`select '%s' as name, count(*)::int as n from (select from incident i where %s%s limit %d) x`, name, name.condition(), office, MostCounted))
	}
	var counts []struct {
		Name string
		N    int
	}
	order, than := `i.registered_at, i.id`, `>`
	if f.Queue == Done || f.Queue == AllOfThem {
		order, than = `i.registered_at desc, i.id desc`, `<`
	}
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&counts, strings.Join(parts, " union all "), everywhere, offices),
		pg.All(&q.Items, `select `+itemColumns+` where `+f.Queue.condition()+office+` and ($3 = '' or i.programme = $3) and ($4 = '' or i.kind = $4)
			and ($5 = '' or i.self_reported = ($5 = 'self')) and ($6 = '' or i.company_id = nullif($6, '')::uuid)
			and ($7::timestamptz is null or (i.registered_at, i.id) `+than+` ($7, $8::uuid)) order by `+order+` limit $9`,
			everywhere, offices, f.Programme, f.Kind, f.Source, f.Company, at, last, QueuePage+1))
	if err != nil {
		return Queue{}, fmt.Errorf("read the register of incidents: %w", err)
	}
	for _, c := range counts {
		q.Counts[QueueName(c.Name)] = c.N
	}
	if len(q.Items) > QueuePage {
		q.Items = q.Items[:QueuePage]
		l := q.Items[QueuePage-1]
		q.Next = base64.RawURLEncoding.EncodeToString([]byte(l.RegisteredAt.UTC().Format(time.RFC3339Nano) + " " + l.ID.String()))
	}
	return q, nil
}

func (f Filter) tidy(s *Steps) Filter {
	if !slices.Contains(Queues(), f.Queue) {
		f.Queue = ToLook
	}
	if _, ok := s.Programmes.Get(f.Programme); !ok {
		f.Programme = ""
	}
	if len(f.Kind) > 60 {
		f.Kind = ""
	}
	if f.Source != "self" && f.Source != "agency" {
		f.Source = ""
	}
	if _, err := uuid.Parse(f.Company); err != nil || len(f.Company) != 36 {
		f.Company = ""
	}
	return f
}

// readKey reads where a page ended; anything else than what Queue wrote is the beginning.
func readKey(text string) (*time.Time, uuid.UUID) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) > 100 {
		return nil, uuid.Nil
	}
	first, last, _ := strings.Cut(string(b), " ")
	at, err := time.Parse(time.RFC3339Nano, first)
	if err != nil {
		return nil, uuid.Nil
	}
	id, err := uuid.Parse(last)
	if err != nil {
		return nil, uuid.Nil
	}
	return &at, id
}
