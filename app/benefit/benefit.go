// Package benefit is what membership brings a company: events that its own files report, and
// how those files come in.
//
// A file is brought, its columns are mapped, its first rows are previewed, and then a job
// takes it over: rows are staged in pieces, each with its progress in one transaction, so
// that a portal that is killed goes on where it was; at the end one transaction makes events
// of what is staged, leaves out duplicates, replaces a period if the person said so, and
// makes the sums anew. Until then nothing of it counts; after it everything does. An import
// can be undone: its events go, and what it replaced counts again.
//
// A line of an entry with several tariff numbers comes as several rows of one file: it is one
// event, and the values of its tariff numbers are added up.
//
// Two events are the same if kind, entry number, line and ref are (ref tells the types of
// examination of one entry apart, and names events without an entry). The first one stays.
//
// The tables that figures are made of:
//
//   - benefit_event: one row an event, as the file has it. Those with replaced_by count no more.
//   - benefit_counted: the events that count, an examination and its invoice under the month,
//     mode and ports of their entry if it is known. So what was examined in a month is a part
//     of what came in then. The rows behind a number are read here.
//   - benefit_month: sums of benefit_counted by month, kind, mode, group of ports and
//     currency. events counts events (of kind entry: entry lines), entries different entry
//     numbers, and an event without a number as one. Shipments of a month are the entries of
//     kind entry; where a month has none, those of kind release. Examined shipments are the
//     entries of kind exam. Rows with type and country both empty are the totals; rows with a type
//     (of examination, lane, direction) or a country (of kind recognised) are parts of them
//     and are not to be added to them: an entry with examinations of two types counts once in
//     the total and once in each type. amount is customs value (entry) or what was charged
//     (invoice); proposed and assessed are of mitigation. A sum of nothing known is null.
//   - benefit_spread: how many events of a month took how many minutes, for medians and
//     percentiles: release (arrival to release, of entries and releases that have both), hold
//     (hold to release, of examinations), lane and general (waits at the border). Minutes are
//     rounded to a quarter of an hour below two days and to an hour above.
//
// benefit_roll makes the sums of months anew in the transaction that changes events, so they
// are exact at every moment.
//
// Who may: a company's readers see its imports, its editors bring files, take them over and
// undo them. The agency sees no row and no import of a company; Together is all it gets: sums
// over five companies or more.
package benefit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// ImportKind names imports in audit events.
const ImportKind = "benefit_import"

// Limits.
const (
	MostBytes   = 500 << 20
	MostRows    = 2_000_000
	mostColumns = 300
	mostCell    = 200 // bytes
	mostSheet   = 2 << 30
	mostOpen    = 5 // imports of a company that are not taken over
	mostWrong   = 1000
	PageSize    = 50
	previewRows = 20
	draftLife   = 30 * 24 * time.Hour
)

// Kind is what happened.
type Kind string

// The kinds.
const (
	Entry             Kind = "entry"          // a line of an entry summary
	Release           Kind = "release"        // an entry that was released
	Exam              Kind = "exam"           // an examination of goods
	Invoice           Kind = "invoice"        // what an examination cost
	Crossing          Kind = "crossing"       // of the land border
	Stratified        Kind = "stratified"     // only a part of a shipment was held
	FrontOfLine       Kind = "front_of_line"  // goods were examined before others
	ISFMitigation     Kind = "isf_mitigation" // liquidated damages of the importer security filing
	PenaltyMitigation Kind = "penalty_mitigation"
	Resumption        Kind = "resumption" // priority after a disruption
	Recognised        Kind = "recognised" // a shipment that customs abroad treated as a member's
)

// Kinds lists the kinds.
func Kinds() []Kind {
	return []Kind{Entry, Release, Exam, Invoice, Crossing, Stratified, FrontOfLine, ISFMitigation, PenaltyMitigation, Resumption, Recognised}
}

// Name is the kind for a person to read (English source text).
func (k Kind) Name() string {
	return map[Kind]string{Entry: "Entry line", Release: "Release", Exam: "Examination", Invoice: "Invoice of an examination", Crossing: "Border crossing", Stratified: "Stratified examination",
		FrontOfLine: "Front of the line", ISFMitigation: "ISF damages mitigated", PenaltyMitigation: "Penalty mitigated", Resumption: "Priority after a disruption", Recognised: "Recognized abroad"}[k]
}

// Status is how far an import is.
type Status string

// The statuses.
const (
	Draft    Status = "draft"
	Waiting  Status = "waiting"
	Working  Status = "working"
	Stopped  Status = "stopped"
	Taken    Status = "taken"
	Undoing  Status = "undoing"
	Undone   Status = "undone"
	Replaced Status = "replaced"
)

// Name is the status for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Draft: "Not taken over yet", Waiting: "Waiting", Working: "Being read", Stopped: "Stopped", Taken: "Taken over", Undoing: "Being undone", Undone: "Undone", Replaced: "Replaced"}[s]
}

// Open reports whether the portal works on it now.
func (s Status) Open() bool { return s == Waiting || s == Working || s == Undoing }

// Import is a file of benefit events.
type Import struct {
	ID              uuid.UUID
	CompanyID       uuid.UUID
	Layout          string
	FileName        string
	SHA256          string
	Size            int64
	BlobKey         string
	Heading         string // JSON of []Heading
	Mapping         string // JSON
	Mapped          bool
	Status          Status
	ReplacesFrom    *clock.Day
	ReplacesTo      *clock.Day
	RowsRead        int
	RowsWrong       int
	BytesRead       int64
	EventsStaged    int
	EventsTaken     int
	EventsDuplicate int
	EventsJoined    int // further tariff numbers of a line
	FirstOn         *clock.Day
	LastOn          *clock.Day
	Failure         string // English source text with verbs
	FailureArgs     string // JSON
	Bringer         string
	BroughtAt       time.Time
	FinishedAt      *time.Time
	UndoneAt        *time.Time
	ReplacedBy      *uuid.UUID
	Version         int
}

// Problem is why the import stopped, for pages to translate; without a message: nobody knows.
func (i Import) Problem() fault.Field { return fault.F("", i.Failure, arguments(i.FailureArgs)...) }

// Percent is how much of the file was read.
func (i Import) Percent() int { return int(min(i.BytesRead, i.Size) * 100 / max(i.Size, 1)) }

// Heading is a column of a file, with the first value below it.
type Heading struct {
	Name  string
	First string
}

func (i Import) headings() (out []Heading, err error) {
	if err := json.Unmarshal([]byte(i.Heading), &out); err != nil {
		return nil, fmt.Errorf("read the heading of an import: %w", err)
	}
	return out, nil
}

func (i Import) mapping() (out map[string]string, err error) {
	if err := json.Unmarshal([]byte(i.Mapping), &out); err != nil {
		return nil, fmt.Errorf("read the mapping of an import: %w", err)
	}
	return out, nil
}

const importSQL = `select id, company_id, layout, file_name, sha256, size, blob_key, heading::text as heading, mapping::text as mapping, mapped, status, replaces_from, replaces_to, rows_read, rows_wrong,
	bytes_read, events_staged, events_taken, events_duplicate, events_joined, first_on, last_on, failure, failure_args::text as failure_args, bringer, brought_at, finished_at, undone_at, replaced_by, version from benefit_import`

// Service is what people do with benefit events.
type Service struct {
	DB       *pg.DB
	Now      func() time.Time
	Data     *Data
	Evidence *evidence.Service
}

// reader is the company whose people may read.
func mayRead(by identity.Actor) error {
	if by.Audience != identity.Companies || !by.Is(identity.CompanyReaders...) || by.CompanyID == uuid.Nil {
		return fault.Missing()
	}
	return nil
}

// mayEdit refuses who may not bring files.
func mayEdit(by identity.Actor) error {
	if err := mayRead(by); err != nil {
		return err
	}
	if !by.Is(identity.CompanyEditors...) {
		return fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
	}
	return nil
}

// Imports lists a page of a company's imports, the newest first. Its readers may. more: there
// are older ones, from the page after.
func (s *Service) Imports(ctx context.Context, by identity.Actor, page int) (list []Import, more bool, err error) {
	if err := mayRead(by); err != nil {
		return nil, false, err
	}
	page = min(max(page, 1), 1000)
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, importSQL+` where company_id = $1 order by brought_at desc, id desc limit $2 offset $3`, by.CompanyID, PageSize+1, (page-1)*PageSize))
	if err != nil {
		return nil, false, fmt.Errorf("list imports: %w", err)
	}
	if more = len(list) > PageSize; more {
		list = list[:PageSize]
	}
	return list, more, nil
}

// Wrong is a problem of a row. Row 0 and so on count as people do.
type Wrong struct {
	RowNo   int
	Field   string // label of the column (English source text), empty: of the row
	Message string // English source text with verbs
	Args    string // JSON
	Cell    string
}

// Problem is the problem as a fault field, for pages to translate.
func (w Wrong) Problem() fault.Field {
	return fault.F(w.Field, w.Message, arguments(w.Args)...)
}

// arguments are those of a message, as they were kept in JSON.
func arguments(text string) (args []any) {
	if json.Unmarshal([]byte(text), &args) != nil {
		return nil
	}
	for i, a := range args {
		if f, ok := a.(float64); ok {
			args[i] = int(f)
		}
	}
	return args
}

// shownWrong is how many problems the page of an import shows.
const shownWrong = 50

// Import reads an import with its first problems. Readers of the company may.
func (s *Service) Import(ctx context.Context, by identity.Actor, id uuid.UUID) (i Import, wrong []Wrong, err error) {
	if err := mayRead(by); err != nil {
		return i, nil, err
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&i, importSQL+` where id = $1 and company_id = $2`, id, by.CompanyID),
		pg.All(&wrong, wrongSQL+` limit $3`, id, by.CompanyID, shownWrong))
	if err != nil {
		return i, nil, fmt.Errorf("read the import: %w", err)
	}
	return i, wrong, nil
}

const wrongSQL = `select row_no, field, message, args::text as args, cell from benefit_wrong where import_id = $1 and company_id = $2 order by row_no, n`

// AllWrong lists every problem that was kept, a thousand at most, for a file. Readers of the
// company may.
func (s *Service) AllWrong(ctx context.Context, by identity.Actor, id uuid.UUID) (i Import, wrong []Wrong, err error) {
	if err := mayRead(by); err != nil {
		return i, nil, err
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&i, importSQL+` where id = $1 and company_id = $2`, id, by.CompanyID), pg.All(&wrong, wrongSQL, id, by.CompanyID))
	if err != nil {
		return i, nil, fmt.Errorf("read the problems of an import: %w", err)
	}
	return i, wrong, nil
}

// Sum is a sum over several companies.
type Sum struct {
	Month     clock.Day
	Kind      Kind
	Mode      string
	PortGroup string
	Members   int // with events in it, five at least
	Events    int64
	Entries   int64
}

// Together is what the agency sees of benefit events: sums over the companies that it names,
// such as the members of a kind and a tier, without those that fewer than five of them are
// behind. Headquarters, its auditors and supervisors may.
func (s *Service) Together(ctx context.Context, by identity.Actor, companies []uuid.UUID, from, to clock.Day) (list []Sum, err error) {
	if by.Audience != identity.Staff || !by.Is(identity.Headquarters, identity.Supervisor, identity.Auditor) {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&list, `select month, kind, mode, port_group, members, events, entries from benefit_of_many($1, $2, $3) order by month, kind, mode, port_group`, companies, from, to))
	if err != nil {
		return nil, fmt.Errorf("sum benefit events of several companies: %w", err)
	}
	return list, nil
}
