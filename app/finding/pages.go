package finding

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

const columns = `f.id, f.reference, f.validation_id, f.visit_id, f.site_id, f.company_id, f.office_id, f.programme, f.entity_type, f.criterion, f.kind, f.title,
	f.facts, f.wanted, f.elements::text as elements, f.cause, f.status, f.escalated, f.created_at, f.created_by, f.author, f.sent_at, f.answered_at, f.closed_at, f.closing_note, f.version`

// Head is a finding with what its page names.
type Head struct {
	Finding
	ValidationRef    string
	ValidationStatus validation.Status
	MembershipID     *uuid.UUID // of the validation; nil: it came before a decision
	Company, Office  string
	OfficeZone       string
	Place            string // of the visit; empty: not at one place
	VisitNumber      int
}

const headSQL = `select ` + columns + `, v.reference as validation_ref, v.status as validation_status, v.membership_id, c.name as company, o.name as office, o.zone as office_zone,
	coalesce(x.place, '') as place, coalesce(x.number, 0) as visit_number
	from finding f join validation v on v.id = f.validation_id join company c on c.id = f.company_id join office o on o.id = f.office_id
	left join visit x on x.id = f.visit_id
	where f.id = $1 and ($2::uuid is null or f.company_id = $2 and f.sent_at is not null)`

// Said is one entry of the history.
type Said struct {
	ID        uuid.UUID
	What      string
	ByCompany bool
	Body      string
	Author    string
	At        time.Time
	Proof     []Proof `db:"-"`
}

type saidRow struct {
	Said
	Proofs string
}

// Proof is an item of evidence that an answer shows, in the version of that day.
type Proof struct {
	EvidenceID uuid.UUID
	VersionID  *uuid.UUID
	Title      string
	URL        string // of a link
	FileName   string
	Number     int
	Size       int64
	Scan       string
}

// File is a file of a visit that a finding shows, or can show.
type File struct {
	ID        uuid.UUID
	FileName  string
	Caption   string
	MediaType string
	Size      int64
	Scan      string
	Criterion string
	Shown     bool // the finding shows it
}

// Choice is an item of the company's library that can be proof.
type Choice struct {
	ID       uuid.UUID
	Title    string
	FileName string
}

// VisitChoice is a visit to which a finding can be tied.
type VisitChoice struct {
	ID     uuid.UUID
	Number int
	Place  string
}

// May is what the actor may do now.
type May struct {
	Change bool
	Do     []Action
	WhyNot string // why a person of the agency may do nothing (English source text); empty: they may
}

// Can reports whether an action is among them.
func (m May) Can(do Action) bool { return slices.Contains(m.Do, do) }

// Record is everything that the pages of a finding show.
type Record struct {
	Head
	Zone      *time.Location
	Programme *programme.Programme
	Rule      programme.FindingKind
	About     catalogue.Criterion // the zero Criterion when the catalogues no longer have it
	Clock     *clock.View         // to answer; nil: none
	History   []Said
	Files     []File   // for those who may change it also those that it does not show
	Library   []Choice // of a company that may answer
	May       May
}

// mostChoices bounds what a form offers of a library.
const mostChoices = 200

// Open reads a finding. The agency's case readers may, for whom it notes the look, and the
// company's own people once it was sent.
func (s *Service) Open(ctx context.Context, by identity.Actor, id uuid.UUID) (r Record, err error) {
	own, err := by.Reads()
	if err != nil {
		return r, err
	}
	now := s.Now()
	var kept []clock.Kept
	var said []saidRow
	statements := []pg.Query{
		pg.One(&r.Head, headSQL, id, own),
		pg.All(&said, `select y.id, y.what, y.by_company, y.body, y.author, y.at, coalesce((select jsonb_agg(jsonb_build_object('EvidenceID', p.evidence_id, 'VersionID', p.version_id,
				'Title', e.title, 'URL', e.url, 'FileName', coalesce(v.file_name, ''), 'Number', coalesce(v.number, 0), 'Size', coalesce(v.size, 0), 'Scan', coalesce(v.scan, '')) order by e.title, e.id)
			from finding_proof p join evidence e on e.id = p.evidence_id left join evidence_version v on v.id = p.version_id where p.entry_id = y.id), '[]')::text as proofs
			from finding_entry y where y.finding_id = $1 order by y.at, y.id limit 500`, id),
		pg.All(&r.Files, `select x.id, x.file_name, x.caption, x.media_type, x.size, x.scan, x.criterion, f.file_id is not null as shown
			from visit_file x left join finding_file f on f.file_id = x.id and f.finding_id = $1
			where f.file_id is not null or $2 and x.removed_at is null and x.visit_id in (select y.id from visit y where y.validation_id = (select validation_id from finding where id = $1))
			order by x.added_at, x.id limit 200`, id, own == nil),
		clock.About(&kept, Kind, id),
	}
	if own != nil {
		statements = append(statements, pg.All(&r.Library, `select e.id, e.title, coalesce((select v.file_name from evidence_version v where v.evidence_id = e.id order by v.number desc limit 1), e.url) as file_name
			from evidence e where e.company_id = $1 and e.removed_at is null and (e.confidentiality <> 'restricted' or e.created_by = $2 or $3) order by e.created_at desc, e.id limit $4`,
			*own, by.PersonID, by.Is(identity.CompanyEditors...), mostChoices))
	} else {
		statements = append(statements, audit.LookAt(now, by, "finding.read", Kind, "finding x where x.id = $10", id))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return Record{}, fmt.Errorf("read the finding: %w", err)
	}
	for _, x := range said {
		if err := json.Unmarshal([]byte(x.Proofs), &x.Proof); err != nil {
			return Record{}, fmt.Errorf("read the proof: %w", err)
		}
		if own != nil && !x.ByCompany {
			x.Author = s.Steps.Letters.Author(ctx)
		}
		r.History = append(r.History, x.Said)
	}
	return r, s.Steps.complete(ctx, by, now, kept, &r)
}

// complete fills in what follows from the programme, and what the actor may do.
func (s *Steps) complete(ctx context.Context, by identity.Actor, now time.Time, kept []clock.Kept, r *Record) (err error) {
	if r.Programme, err = s.rules(r.Finding.Programme); err != nil {
		return err
	}
	if by.Audience == identity.Companies {
		r.Author = s.Letters.Author(ctx)
	}
	r.Rule, _ = r.Programme.Validation.Findings.Kind(r.Finding.Kind)
	r.About, _ = s.Criterion(r.Finding.Programme, r.Criterion)
	if r.Zone, err = time.LoadLocation(r.OfficeZone); err != nil {
		r.Zone = time.UTC // the administration's pages refuse unknown zones, so this is a damaged row
	}
	if v, ok := clock.Find(s.Clocks.Views(kept, now), r.Programme.Validation.Findings.AnswerClock); ok {
		r.Clock = &v
	}
	r.May = r.may(by)
	return nil
}

func (r Record) may(by identity.Actor) (m May) {
	if by.Audience == identity.Staff {
		if err := worker(by, r.Finding); err != nil {
			m.WhyNot = sentence(err)
			return m
		}
		if r.Finding.Status == Draft && r.ValidationStatus.Final() {
			m.WhyNot = "This validation is over and stays as it is"
			return m
		}
		m.Change = r.Finding.Status == Draft
	}
	m.Do = Lifecycle().Actions(r.Finding.Status, by.Role, Facts{Answers: r.Rule.Answers})
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

// Item is a finding in a list.
type Item struct {
	ID            uuid.UUID
	Reference     string
	ValidationID  uuid.UUID
	ValidationRef string
	CompanyID     uuid.UUID
	Company       string
	Programme     string
	Criterion     string
	Kind          string
	Title         string
	Status        Status
	Escalated     bool
	Place         string
	SentAt        *time.Time
	DueOn         *clock.Day // to answer, while that runs
	Late          bool       // the last day has passed
	Asked         bool       // the company asked for more time and nobody has answered
}

// itemColumns are those of Item; k is the clock that runs, $1 is now.
const itemColumns = `f.id, f.reference, f.validation_id, v.reference as validation_ref, f.company_id, c.name as company, f.programme, f.criterion, f.kind, f.title, f.status,
	f.escalated, coalesce(x.place, '') as place, f.sent_at, k.due_on, coalesce(k.due_on < ($1::timestamptz at time zone k.zone)::date, false) as late,
	f.status = 'open' and coalesce((select e.what from finding_entry e where e.finding_id = f.id order by e.at desc, e.id desc limit 1) = 'extension_asked', false) as asked`

const itemFrom = ` from finding f join validation v on v.id = f.validation_id join company c on c.id = f.company_id left join visit x on x.id = f.visit_id
	left join clock k on k.subject_kind = 'finding' and k.subject_id = f.id and k.stopped_at is null`

// mostListed bounds the findings of one company or validation on a page.
const mostListed = 300

// Of lists the findings of a validation for the agency, required actions first.
func Of(dst *[]Item, now time.Time, validation uuid.UUID) pg.Query {
	return pg.All(dst, `select `+itemColumns+itemFrom+` where f.validation_id = $2 and f.status <> 'withdrawn'
		order by array_position(array['action_required', 'recommendation', 'best_practice'], f.kind), f.reference limit $3`, now, validation, mostListed)
}

// Mine lists the findings of the actor's company: those that wait for an answer first, by
// their last day. Its own people may.
func (s *Service) Mine(ctx context.Context, by identity.Actor) (list []Item, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, `select `+itemColumns+itemFrom+` where f.company_id = $2 and f.sent_at is not null and f.status <> 'withdrawn'
		order by f.status not in ('open', 'escalated'), f.status <> 'answered', k.due_on, array_position(array['action_required', 'recommendation', 'best_practice'], f.kind), f.sent_at desc, f.id
		limit $3`, s.Now(), *own, mostListed))
	if err != nil {
		return nil, fmt.Errorf("list the findings: %w", err)
	}
	return list, nil
}

// QueueName is a part of the findings at the desk.
type QueueName string

// The queues.
const (
	ToCheck   QueueName = "answered" // the office is to look at an answer, or at a wish for more time
	Overdue   QueueName = "overdue"
	WithThem  QueueName = "open"
	PassedOn  QueueName = "escalated"
	Drafts    QueueName = "drafts"
	AllOfThem QueueName = "all"
)

// Queues lists the queues in the order of the tabs.
func Queues() []QueueName {
	return []QueueName{ToCheck, Overdue, WithThem, PassedOn, Drafts, AllOfThem}
}

// Name is the queue for a person to read (English source text).
func (q QueueName) Name() string {
	return map[QueueName]string{ToCheck: "To check", Overdue: "Overdue", WithThem: "With the company", PassedOn: "Passed on", Drafts: "Drafts", AllOfThem: "All"}[q]
}

// condition of a queue: $1 is now.
func (q QueueName) condition() string {
	switch q {
	case ToCheck:
		return `(f.status = 'answered' or f.status = 'open' and (select e.what from finding_entry e where e.finding_id = f.id order by e.at desc, e.id desc limit 1) = 'extension_asked')`
	case Overdue:
		return `f.status in ('open', 'escalated') and k.due_on < ($1::timestamptz at time zone k.zone)::date`
	case WithThem:
		return `f.status = 'open'`
	case PassedOn:
		return `f.status = 'escalated'`
	case Drafts:
		return `f.status = 'draft'`
	default:
		return `f.status <> 'withdrawn'`
	}
}

// QueuePage is how many findings a page of a queue shows.
const QueuePage = 25

// Filter narrows a queue. Anything unknown in it counts as not given.
type Filter struct {
	Queue     QueueName
	Programme string
	Kind      string
	Criterion string
	After     string // the Next of the page before
}

// Queue is one page of a queue with the counts of all.
type Queue struct {
	Filter Filter
	Counts map[QueueName]int // at most MostCounted
	Items  []Item
	Next   string // empty on the last page
}

// MostCounted is how far a queue is counted.
const MostCounted = 1000

// Queue reads one page of the findings of the offices that the actor works for; the whole
// agency's for headquarters and auditors. The agency's case readers may.
func (s *Service) Queue(ctx context.Context, by identity.Actor, f Filter) (q Queue, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return q, fault.Missing()
	}
	f = f.tidy(s.Steps)
	day, last := readKey(f.After)
	if day == "" {
		f.After = ""
	}
	q = Queue{Filter: f, Counts: map[QueueName]int{}}
	now, everywhere := s.Now(), by.Is(identity.Everywhere...)
	offices := append([]uuid.UUID{}, by.Offices...)
	const office = ` and ($2 or f.office_id = any($3::uuid[]))`
	var parts []string
	for _, name := range Queues() {
		parts = append(parts, fmt.Sprintf(`select '%s' as name, count(*)::int as n from (select%s where %s%s limit %d) x`, name, itemFrom, name.condition(), office, MostCounted))
	}
	var counts []struct {
		Name string
		N    int
	}
	const first = `coalesce(k.due_on, date '9999-12-31')`
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&counts, `with given as (select $1::timestamptz as now, $2::boolean as everywhere, $3::uuid[] as offices) `+strings.Join(parts, " union all "), now, everywhere, offices),
		pg.All(&q.Items, `select `+itemColumns+itemFrom+` where `+f.Queue.condition()+office+` and ($4 = '' or f.programme = $4) and ($5 = '' or f.kind = $5) and ($6 = '' or f.criterion = $6)
			and ($7 = '' or (`+first+`, f.id) > (nullif($7, '')::date, $8::uuid)) order by `+first+`, f.id limit $9`,
			now, everywhere, offices, f.Programme, f.Kind, f.Criterion, day, last, QueuePage+1))
	if err != nil {
		return Queue{}, fmt.Errorf("read the queue of findings: %w", err)
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
		f.Queue = ToCheck
	}
	if _, ok := s.Programmes.Get(f.Programme); !ok {
		f.Programme = ""
	}
	if !slices.Contains([]string{ActionRequired, Recommendation, BestPractice}, f.Kind) {
		f.Kind = ""
	}
	if len(f.Criterion) > 60 {
		f.Criterion = ""
	}
	return f
}

// key is where a page ends, as text that the next request hands back.
func key(i Item) string {
	day := "9999-12-31"
	if i.DueOn != nil {
		day = i.DueOn.String()
	}
	return base64.RawURLEncoding.EncodeToString([]byte(day + " " + i.ID.String()))
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

// Start is what the form of a finding starts from.
type Start struct {
	startRow
	Visits    []VisitChoice
	Files     []File
	Criteria  []catalogue.Criterion
	Programme *programme.Programme
}

type startRow struct {
	ID           uuid.UUID // for a new finding
	ValidationID uuid.UUID
	Reference    string
	CompanyID    uuid.UUID
	Company      string
	OfficeID     uuid.UUID
	Status       validation.Status
	ProgrammeID  string
	EntityType   string
}

// startSQL reads what a finding of a validation is about; $1 is the validation.
const startSQL = `select gen_random_uuid() as id, v.id as validation_id, v.reference, v.company_id, c.name as company, v.office_id, v.status, v.programme as programme_id, v.entity_type
	from validation v join company c on c.id = v.company_id where v.id = `

// Begin reads what the form of a finding of a validation offers. Case workers of the office
// in charge may.
func (s *Service) Begin(ctx context.Context, by identity.Actor, id uuid.UUID) (b Start, err error) {
	b, _, err = s.start(ctx, by, `$1`, id, uuid.Nil)
	return b, err
}

// Rewrite is Begin for a draft that is to be changed, with what it says now. Conflict: it was
// sent.
func (s *Service) Rewrite(ctx context.Context, by identity.Actor, id uuid.UUID) (b Start, in Entry, err error) {
	var f Finding
	b, list, err := s.start(ctx, by, `(select validation_id from finding where id = $1)`, id, id)
	if err != nil {
		return b, in, err
	}
	if f = list[0]; f.Status != Draft {
		return b, in, fault.New(fault.Conflict, "This finding was sent, so its text stays as it is. Take it back and write another if it is wrong")
	}
	in = Entry{ID: f.ID, Criterion: f.Criterion, Kind: f.Kind, Title: f.Title, Facts: f.Facts, Wanted: f.Wanted, Cause: f.Cause, Elements: f.Elements, Version: f.Version}
	if f.VisitID != nil {
		in.Visit = f.VisitID.String()
	}
	for _, x := range b.Files {
		if x.Shown {
			in.Files = append(in.Files, x.ID)
		}
	}
	return b, in, nil
}

func (s *Service) start(ctx context.Context, by identity.Actor, of string, id, finding uuid.UUID) (b Start, list []Finding, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return b, nil, fault.Missing()
	}
	var row startRow
	statements := []pg.Query{
		pg.One(&row, startSQL+of, id),
		pg.All(&b.Visits, `select id, number, place from visit where validation_id = `+of+` and status <> 'cancelled' order by number`, id),
		pg.All(&b.Files, `select x.id, x.file_name, x.caption, x.media_type, x.size, x.scan, x.criterion, exists (select from finding_file z where z.file_id = x.id and z.finding_id = $2) as shown
			from visit_file x join visit y on y.id = x.visit_id
			where y.validation_id = `+of+` and x.removed_at is null and x.scan <> 'quarantined' order by x.added_at, x.id limit 200`, id, finding),
	}
	if finding != uuid.Nil {
		statements = append(statements, pg.All(&list, `select `+columns+` from finding f where f.id = $1`, finding))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return Start{}, nil, fmt.Errorf("begin a finding: %w", err)
	}
	if err := worker(by, Finding{OfficeID: row.OfficeID}); err != nil {
		return Start{}, nil, err
	}
	b.startRow = row
	if b.Programme, err = s.Steps.rules(b.ProgrammeID); err != nil {
		return Start{}, nil, err
	}
	b.Criteria = s.Steps.Criteria(b.ProgrammeID, b.EntityType, s.Now())
	return b, list, nil
}

// Criteria lists the criteria in force for a kind of member.
func (s *Steps) Criteria(code, entityType string, now time.Time) []catalogue.Criterion {
	if s.Library == nil {
		return nil
	}
	e, ok := s.Library.InForce(code, now)
	if !ok {
		return nil
	}
	return e.Form(entityType).Criteria
}

// File opens a file of a visit that a finding shows. The agency's case readers may, and the
// company's own people once the finding was sent; that they did is an audit event.
func (s *Service) File(ctx context.Context, by identity.Actor, id, file uuid.UUID) (o evidence.Opening, err error) {
	own, err := by.Reads()
	if err != nil {
		return o, err
	}
	var held evidence.Held
	var company uuid.UUID
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		f, _, err := lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		company = f.CompanyID
		list, err := scan[evidence.Held](ctx, tx, `select x.file_name, x.media_type, x.size, x.sha256, x.blob_key, x.scan, x.scan_detail from visit_file x
			join finding_file y on y.file_id = x.id and y.finding_id = ? where x.id = ?`, id, file)
		if err != nil {
			return fmt.Errorf("open the file: %w", err)
		}
		if len(list) == 0 {
			return fault.Missing()
		}
		held = list[0]
		return record(ctx, tx, s.Now(), by, f, audit.Event{Action: "finding.download", After: map[string]any{"file": held.FileName, "sha256": held.SHA256}, Internal: own == nil})
	})
	if err != nil {
		return o, err
	}
	return s.Steps.Evidence.OpenHeld(ctx, by, company, held)
}
