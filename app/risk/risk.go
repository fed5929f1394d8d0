package risk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Assessment is one assessment of a company's supply chain.
type Assessment struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	CompanyID    uuid.UUID
	Title        string
	Method       string // how it was done
	Lead         string // who leads it
	Participants string // who took part
	Schedule     string // when and why it is reviewed
	Status       Status
	PreviousID   *uuid.UUID // the one that it began as a copy of
	BegunAt      time.Time
	BegunBy      *uuid.UUID
	FinishedAt   *time.Time
	FinishedBy   *uuid.UUID
	Finisher     string
	EvidenceID   *uuid.UUID // the record that was kept of it
	Edits        int        // changes of all its parts
	Version      int        // of its own fields
}

// TableName is the table that holds assessments.
func (Assessment) TableName() string { return "risk_assessment" }

// Lane is a way that goods take, from where they come to where they go.
type Lane struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	AssessmentID uuid.UUID
	CompanyID    uuid.UUID
	Position     int
	Name         string
	Goods        string
	Origin       string // ISO 3166-1 code of a country
	Destination  string
	Shipments    *int // a year
	CreatedAt    time.Time
	RemovedAt    *time.Time
	Version      int
}

// TableName is the table that holds lanes.
func (Lane) TableName() string { return "risk_lane" }

// Leg is one part of a lane: a way with one carrier, or a place where cargo stands or is handled.
type Leg struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	LaneID    uuid.UUID
	CompanyID uuid.UUID
	Position  int
	Place     string
	Country   string
	Mode      Mode
	Party     string // who has the cargo here
	Role      string // what the party is: factory, carrier, terminal
	Trusted   bool   // in CTPAT, or an AEO that is recognised
	RestHours *int   // how long cargo usually stands still here
	CreatedAt time.Time
	RemovedAt *time.Time
	Version   int
}

// TableName is the table that holds legs.
func (Leg) TableName() string { return "risk_leg" }

// Mode is how cargo moves on a leg, or that it does not.
type Mode string

// The modes.
const (
	Road        Mode = "road"
	Rail        Mode = "rail"
	Sea         Mode = "sea"
	Air         Mode = "air"
	InlandWater Mode = "inland_water"
	Storage     Mode = "storage"
	Handling    Mode = "handling"
)

// Modes lists the modes, in the order of a form.
func Modes() []Mode { return []Mode{Road, Rail, Sea, Air, InlandWater, Storage, Handling} }

// Name is the mode for a person to read (English source text).
func (m Mode) Name() string {
	return map[Mode]string{Road: "Road", Rail: "Rail", Sea: "Sea", Air: "Air", InlandWater: "River or canal",
		Storage: "Storage: cargo is at rest", Handling: "Packing or handling"}[m]
}

// Rests reports whether cargo stands still on a leg.
func (l Leg) Rests() bool { return l.Mode == Storage || l.RestHours != nil && *l.RestHours > 0 }

// Rating is one judgement: of a threat for a lane, or of a vulnerability for a leg.
type Rating struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	AssessmentID uuid.UUID
	CompanyID    uuid.UUID
	LaneID       uuid.UUID
	LegID        *uuid.UUID
	Factor       string // code
	Kind         string // threat, vulnerability
	Level        int    `gorm:"column:rating" json:"rating"`
	Note         string
	RatedAt      time.Time
	RatedBy      *uuid.UUID
	Carried      bool // copied, and nobody has said yet that it still holds
	Version      int
}

// TableName is the table that holds ratings.
func (Rating) TableName() string { return "risk_rating" }

// Kinds of ratings.
const (
	ofThreat        = "threat"
	ofVulnerability = "vulnerability"
)

// Task is one entry of the action plan.
type Task struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	AssessmentID uuid.UUID
	CompanyID    uuid.UUID
	LaneID       *uuid.UUID // nil: for all lanes
	Criterion    string     // code of a vulnerability, or empty
	What         string
	Owner        string
	DueOn        clock.Day
	DoneOn       clock.Day // zero: not yet
	Outcome      string
	Carried      bool // was not done when the last assessment was finished
	CreatedAt    time.Time
	RemovedAt    *time.Time
	Version      int
}

// TableName is the table that holds the action plan.
func (Task) TableName() string { return "risk_action" }

// Bounds of one assessment, so that one company cannot fill the database.
const (
	mostLanes = 100
	mostLegs  = 40
	mostTasks = 500
)

// Service is what people do with assessments.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Factors    *Factors
	Programmes *programme.Register
	Clocks     *clock.Clocks
	Evidence   *evidence.Service // keeps what is finished
}

// open locks an assessment for a change. Another company's is not found, nor is a draft for
// the agency.
func open(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Assessment, error) {
	own, err := by.Reads()
	if err != nil {
		return Assessment{}, err
	}
	a, err := lock(ctx, tx, id)
	switch {
	case err != nil:
		return a, err
	case own == nil && a.Status != Finished, own != nil && a.CompanyID != *own:
		return a, fault.Missing()
	case own == nil:
		return a, fault.New(fault.Forbidden, "Only the company can change its risk assessment")
	}
	return a, nil
}

// edit is open for a change of the draft's content.
func edit(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (Assessment, error) {
	a, err := open(ctx, tx, by, id)
	if err != nil {
		return a, err
	}
	if !by.Is(identity.CompanyEditors...) {
		return a, fault.New(fault.Forbidden, "You can read this risk assessment but not change it. Ask an owner of your company for the right to edit")
	}
	if a.Status == Finished {
		return a, fault.New(fault.Conflict, "This risk assessment is finished and stays as it is. Begin a new one to change something")
	}
	_, err = Lifecycle().Next(a.Status, Edit, by.Role, Facts{})
	return a, err
}

// note records what was done to an assessment and counts it.
func note(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a Assessment, e audit.Event) error {
	if err := touch(ctx, tx, a.ID); err != nil {
		return err
	}
	return record(ctx, tx, now, by, a, e)
}

func record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a Assessment, e audit.Event) error {
	e.Kind, e.Subject, e.Company = Kind, a.ID, a.CompanyID
	return audit.Record(ctx, tx, now, by, e)
}

// BeginEntry begins an assessment.
type BeginEntry struct {
	ID uuid.UUID // made with the form, so that sending twice makes one
}

// Begin opens the company's draft: a copy of the assessment that was finished last, with its
// lanes, legs and ratings and the actions that are still to be done, or an empty one. For those
// who edit. Conflict: there is a draft already.
func (s *Service) Begin(ctx context.Context, by identity.Actor, in BeginEntry) (a Assessment, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err = s.begin(ctx, tx, s.Now(), by, in)
		return err
	})
	if pg.Constraint(err) == "one_draft_assessment" {
		err = draftThere()
	}
	return a, err
}

func draftThere() error {
	return fault.New(fault.Conflict, "Your company has begun a risk assessment already. Open it and go on there")
}

func (s *Service) begin(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in BeginEntry) (a Assessment, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return a, fault.Missing()
	}
	if !by.Is(identity.CompanyEditors...) {
		return a, fault.New(fault.Forbidden, "You can read risk assessments but not begin one. Ask an owner of your company for the right to edit")
	}
	zone, err := officeZone(ctx, tx, *own)
	if err != nil {
		return a, err
	}
	if in.ID == uuid.Nil {
		in.ID = pg.NewID()
	}
	a = Assessment{ID: in.ID, CompanyID: *own, Title: i18n.T(ctx, "Risk assessment %d", clock.DayOf(now, zone).Year()), Status: Draft,
		BegunAt: now, BegunBy: &by.PersonID, Version: 1}
	if there, err := again(ctx, tx, &a); err != nil || there {
		return a, err
	}
	last, err := LastFinished(ctx, tx, *own)
	if err != nil {
		return a, err
	}
	after := map[string]any{"title": a.Title}
	var parts copied
	if last != nil {
		from, err := s.sheet(ctx, tx, now, last.ID)
		if err != nil {
			return a, err
		}
		a.PreviousID, a.Method, a.Schedule = &last.ID, last.Method, last.Schedule
		parts = copyOf(from, a, now)
		after["copied_from"], after["lanes"], after["actions"] = last.Title, len(parts.lanes), len(parts.tasks)
	}
	if err := add(ctx, tx, &a); err != nil {
		return a, fmt.Errorf("begin the assessment: %w", err)
	}
	if err := parts.save(ctx, tx); err != nil {
		return a, fmt.Errorf("copy the last assessment: %w", err)
	}
	return a, record(ctx, tx, now, by, a, audit.Event{Action: "risk_assessment.begin", After: after})
}

// copied is what a new assessment begins with.
type copied struct {
	lanes   []Lane
	legs    []Leg
	ratings []Rating
	tasks   []Task
}

// copyOf makes the parts of a new assessment from a finished one. Ratings are marked: they
// count when somebody has confirmed them. Done actions stay behind, and so does the lane of
// an action when it was removed.
func copyOf(from Sheet, a Assessment, now time.Time) (out copied) {
	lanes := map[uuid.UUID]uuid.UUID{}
	for _, l := range from.Lanes {
		was := l.Lane
		lane := was
		lane.ID, lane.AssessmentID, lane.CreatedAt, lane.Version = pg.NewID(), a.ID, now, 1
		lanes[was.ID] = lane.ID
		out.lanes = append(out.lanes, lane)
		for _, r := range l.Threats {
			out.ratings = append(out.ratings, carry(r, a.ID, lane.ID, nil))
		}
		for _, g := range l.Legs {
			leg := g.Leg
			leg.ID, leg.LaneID, leg.CreatedAt, leg.Version = pg.NewID(), lane.ID, now, 1
			out.legs = append(out.legs, leg)
			for _, r := range g.Ratings {
				out.ratings = append(out.ratings, carry(r, a.ID, lane.ID, &leg.ID))
			}
		}
	}
	for _, t := range from.Tasks {
		if !t.DoneOn.IsZero() {
			continue
		}
		t.ID, t.AssessmentID, t.Carried, t.CreatedAt, t.Version = pg.NewID(), a.ID, true, now, 1
		if t.LaneID != nil {
			id, there := lanes[*t.LaneID]
			if t.LaneID = nil; there {
				t.LaneID = &id
			}
		}
		out.tasks = append(out.tasks, t)
	}
	return out
}

func carry(r Rating, assessment, lane uuid.UUID, leg *uuid.UUID) Rating {
	r.ID, r.AssessmentID, r.LaneID, r.LegID, r.Carried, r.Version = pg.NewID(), assessment, lane, leg, true, 1
	return r
}

// Item is an assessment in a list.
type Item struct {
	ID         uuid.UUID
	Title      string
	Status     Status
	BegunAt    time.Time
	FinishedAt *time.Time
	Finisher   string
	EvidenceID *uuid.UUID
	Lanes      int
}

// Overview is a company's assessments, and when the next is due.
type Overview struct {
	Draft    *Item
	Finished []Item // newest first
	Zone     *time.Location
	Due      clock.Day // until when the next one must be finished; zero: none is finished yet
	DaysLeft int       // until then; below zero: days late
}

// ReviewDue is the last day for the next review of an assessment that was finished on a day:
// criterion 2.3 asks for one every year. A programme's clock says the same for its members.
func ReviewDue(finished clock.Day) clock.Day { return finished.AddYears(1) }

const overviewSQL = `select o.zone, (select min(k.due_on) from clock k where k.company_id = c.id and k.start_event = $2 and k.stopped_at is null) as due
from company c join office o on o.id = c.office_id where c.id = $1`

const itemsSQL = `select a.id, a.title, a.status, a.begun_at, a.finished_at, a.finisher, a.evidence_id,
  (select count(*)::int from risk_lane l where l.assessment_id = a.id and l.removed_at is null) as lanes
from risk_assessment a where a.company_id = $1 order by a.begun_at desc, a.id limit 100`

// Overview lists the assessments of the actor's company, for its own people.
func (s *Service) Overview(ctx context.Context, by identity.Actor) (o Overview, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return o, fault.Missing()
	}
	var top struct {
		Zone string
		Due  clock.Day
	}
	var items []Item
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&top, overviewSQL, *own, programme.CompanyRiskAssessed), pg.All(&items, itemsSQL, *own))
	if err != nil {
		return o, fmt.Errorf("list the risk assessments: %w", err)
	}
	o.Zone, o.Due = zoneNamed(top.Zone), top.Due
	for _, i := range items {
		if i.Status == Draft {
			o.Draft = &i
			continue
		}
		o.Finished = append(o.Finished, i)
	}
	slices.SortStableFunc(o.Finished, func(a, b Item) int { return b.FinishedAt.Compare(*a.FinishedAt) })
	if len(o.Finished) > 0 {
		if o.Due.IsZero() { // no member yet: no clock runs
			o.Due = ReviewDue(clock.DayOf(*o.Finished[0].FinishedAt, o.Zone))
		}
		o.DaysLeft = clock.DaysBetween(clock.DayOf(s.Now(), o.Zone), o.Due)
	}
	return o, nil
}

// zoneNamed is an office's zone. The administration's pages refuse unknown zones, so one
// that is not known here is a damaged row, and no reason to show nothing.
func zoneNamed(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}
