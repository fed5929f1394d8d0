package clock

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/i18n"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Row is one legal clock as it is kept: the rule as it was when an event started it,
// and what happened to it since.
type Row struct {
	ID              uuid.UUID
	CompanyID       uuid.UUID
	SubjectKind     string
	SubjectID       uuid.UUID
	Part            uuid.UUID // of the record, where a part has its own day; none: the record as a whole
	About           string    // which part, in the words of whoever wrote it
	OfficeID        uuid.UUID
	Programme       string // code
	Code            string // of the clock within the programme
	Name            string // English source text
	Source          string // the law or "practice"
	StartEvent      string
	StartedAt       time.Time // ahead of now for the next turn of a repeating clock whose present turn is done
	AnchorOn        Day       // of a turn that follows on another: the day from which months and years are counted
	Zone            string    // the office's when it started
	Calendar        string    // likewise
	Amount          int
	Unit            string
	RollForward     bool
	Earliest        bool
	WarnDays        int
	Reminders       Ints // days left at which to remind; below zero: days late
	Reminded        Ints
	ExtensionDays   int
	ExtensionReason string // code of the programme's reason
	OwedBy          string
	OnExpiry        string
	DueOn           Day
	Paused          bool
	StoppedAt       *time.Time
	StopEvent       string
	ExpiredAt       *time.Time
	Version         int
}

// TableName is the table that holds clocks.
func (Row) TableName() string { return "clock" }

// Title names the clock for a person to read, with the part of the record that it is about.
func (r Row) Title(ctx context.Context) string {
	if r.About == "" {
		return i18n.T(ctx, r.Name)
	}
	return i18n.T(ctx, r.Name) + ": " + r.About
}

// PauseRow is one time for which a clock stood still, with who stopped and resumed it.
type PauseRow struct {
	ID        uuid.UUID
	ClockID   uuid.UUID
	CompanyID uuid.UUID
	PausedAt  time.Time
	ResumedAt *time.Time
	Reason    string // code of the programme's reason
	Note      string
	PausedBy  string
	ResumedBy string
}

// TableName is the table that holds pauses.
func (PauseRow) TableName() string { return "clock_pause" }

// Kept is a clock with its pauses in order of time, as the database keeps them.
type Kept struct {
	Row    `gorm:"embedded"`
	Pauses []PauseRow `gorm:"serializer:json"`
}

// View is a clock as a page shows it.
type View struct {
	Kept
	Reading Reading
	Rule    programme.Clock // as the programme has it today; the zero Clock if it is gone
}

// Ints is a list of whole numbers in a column of type int[].
type Ints []int

// Value writes the list as PostgreSQL's text form of an array.
func (n Ints) Value() (driver.Value, error) {
	parts := make([]string, len(n))
	for i, v := range n {
		parts[i] = strconv.Itoa(v)
	}
	return "{" + strings.Join(parts, ",") + "}", nil
}

// Scan reads PostgreSQL's text form of an array.
func (n *Ints) Scan(src any) error {
	var text string
	switch v := src.(type) {
	case nil:
	case string:
		text = v
	case []byte:
		text = string(v)
	default:
		return fmt.Errorf("read a list of numbers: cannot take a %T", src)
	}
	*n = nil
	for part := range strings.SplitSeq(strings.Trim(text, "{}"), ",") {
		if part == "" {
			continue
		}
		v, err := strconv.Atoi(part)
		if err != nil {
			return fmt.Errorf("read a list of numbers: %w", err)
		}
		*n = append(*n, v)
	}
	return nil
}

// keptColumns are the columns of Kept: a clock and its pauses come in one statement.
// The keys of the pauses are the fields of PauseRow.
const keptColumns = `k.id, k.company_id, k.subject_kind, k.subject_id, k.part, k.about, k.office_id, k.programme, k.code, k.name, k.source, k.start_event, k.started_at, k.anchor_on,
	k.zone, k.calendar, k.amount, k.unit, k.roll_forward, k.earliest, k.warn_days, k.reminders::text as reminders, k.reminded::text as reminded,
	k.extension_days, k.extension_reason, k.owed_by, k.on_expiry, k.due_on, k.paused, k.stopped_at, k.stop_event, k.expired_at, k.version,
	coalesce((select jsonb_agg(jsonb_build_object('ID', p.id, 'ClockID', p.clock_id, 'CompanyID', p.company_id, 'PausedAt', p.paused_at,
		'ResumedAt', p.resumed_at, 'Reason', p.reason, 'Note', p.note, 'PausedBy', p.paused_by, 'ResumedBy', p.resumed_by) order by p.paused_at, p.id)
		from clock_pause p where p.clock_id = k.id), '[]') as pauses`

// About reads the clocks of records of one kind for a page, those that run first
// and the most urgent of them on top.
func About(dst *[]Kept, kind string, ids ...uuid.UUID) pg.Query {
	return Where(dst, `k.subject_kind = $1 and k.subject_id = any($2::uuid[])`, kind, nonNil(ids))
}

// Where is About for a page that learns which record it shows in the same round trip:
// the condition speaks of the clock as k.
func Where(dst *[]Kept, condition string, args ...any) pg.Query {
	return pg.All(dst, `select `+keptColumns+` from clock k where `+condition+`
		order by k.stopped_at is not null, k.due_on, k.code, k.id`, args...)
}

// mostRunning bounds the running clocks of one company on a page.
const mostRunning = 100

// OfCompany reads a company's clocks that run, the most urgent first.
func OfCompany(dst *[]Kept, company uuid.UUID) pg.Query {
	return pg.All(dst, `select `+keptColumns+` from clock k where k.company_id = $1 and k.stopped_at is null
		order by k.due_on, k.code, k.id limit $2`, company, mostRunning)
}

// nonNil keeps an empty list from becoming NULL.
func nonNil(ids []uuid.UUID) []uuid.UUID {
	if ids == nil {
		return []uuid.UUID{}
	}
	return ids
}

// Views says what clocks show now, in the order given.
// A row whose zone or calendar this installation no longer knows is read in UTC and
// marked as not covered, for a page must not fail over it.
func (c *Clocks) Views(kept []Kept, now time.Time) []View {
	out := make([]View, 0, len(kept))
	for _, k := range kept {
		v := View{Kept: k, Rule: c.rule(k.Row)}
		run, cal, err := c.run(k.Row, k.Pauses)
		v.Reading = run.Read(now, cal)
		if err != nil {
			v.Reading.Covered = false
		}
		out = append(out, v)
	}
	return out
}

// Of reads the clocks of one record within a transaction.
func (c *Clocks) Of(ctx context.Context, tx pg.Tx, now time.Time, kind string, id uuid.UUID) ([]View, error) {
	kept, err := load(ctx, tx, kind, id)
	if err != nil {
		return nil, fmt.Errorf("read clocks: %w", err)
	}
	return c.Views(kept, now), nil
}

// Find picks the running clock with a code, or the last one that ended.
func Find(views []View, code string) (View, bool) {
	i := slices.IndexFunc(views, func(v View) bool { return v.Code == code && v.StoppedAt == nil })
	if i < 0 {
		for j, v := range views {
			if v.Code == code && (i < 0 || v.StoppedAt.After(*views[i].StoppedAt)) {
				i = j
			}
		}
	}
	if i < 0 {
		return View{}, false
	}
	return views[i], true
}

// PauseReason names why the clock stands still now, or "".
func (v View) PauseReason(ctx context.Context) string {
	for _, s := range v.Reading.Stands {
		if s.Going && len(s.Reasons) > 0 {
			return i18n.T(ctx, s.Reasons[len(s.Reasons)-1])
		}
	}
	return ""
}

// rule is the clock in the programme's data as it is today.
func (c *Clocks) rule(r Row) programme.Clock {
	if c.Programmes == nil {
		return programme.Clock{}
	}
	p, ok := c.Programmes.Get(r.Programme)
	if !ok {
		return programme.Clock{}
	}
	rule, _ := p.Clock(r.Code)
	return rule
}

// run turns a row into the pure clock. An error says what is not known here; the
// clock can be read all the same.
func (c *Clocks) run(r Row, pauses []PauseRow) (Run, *Calendar, error) {
	run := Run{
		Started: r.StartedAt, Term: Term{Amount: r.Amount, Unit: Unit(r.Unit)}, ExtensionDays: r.ExtensionDays,
		Stopped: r.StoppedAt, WarnDays: r.WarnDays, Earliest: r.Earliest, RollForward: r.RollForward,
		Follows: r.StartEvent == repeated, GaveWay: r.StopEvent == repeated,
	}
	for _, p := range pauses {
		run.Pauses = append(run.Pauses, Pause{From: p.PausedAt, To: p.ResumedAt, Reason: c.reason(r.Programme, p.Reason)})
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return run, nil, fmt.Errorf("read clock %s: zone %q is not known here", r.Code, r.Zone)
	}
	run.Zone = zone
	if Unit(r.Unit) != BusinessDays && !r.RollForward {
		return run, c.Calendars[r.Calendar], nil
	}
	cal, err := c.Calendars.Get(r.Calendar)
	if err != nil {
		return run, nil, fmt.Errorf("read clock %s: %w", r.Code, err)
	}
	return run, cal, nil
}

// reason is a pause's reason in English source text.
func (c *Clocks) reason(code, reason string) string {
	if c.Programmes != nil {
		if p, ok := c.Programmes.Get(code); ok {
			if r, ok := programme.Find(p.Reasons.Pause, reason); ok {
				return r.Name
			}
		}
	}
	return strings.ReplaceAll(reason, "_", " ")
}
