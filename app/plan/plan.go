// Package plan chooses whom to validate: every year a plan for each programme, proposed by
// scores that anybody can follow, decided by people. It also shows where visits and needs
// lie, and puts journeys together.
//
// The score adds up factors that the programme names with their weights (6 U.S.C. 969 wants
// the plan risk-based). Each is read from what the portal has; what it has no data for adds
// nothing and says so. Whoever is due by law within the year is proposed whatever the score,
// a share by score, and a few by lot. Every live membership stands in the plan with its day,
// so nobody is overlooked.
//
// Who may: supervisors and headquarters make plans; supervisors of the office decide on its
// members, with a reason; headquarters adopts a plan that somebody else made; case workers
// of the office open the validations; the agency's case readers read. To others there is none.
package plan

import (
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

// Kind names plans in audit events, and ItemKind their lines.
const (
	Kind     = "plan"
	ItemKind = "plan_item"
)

// Status is where a plan stands.
type Status string

// The states.
const (
	Draft   Status = "draft"
	Adopted Status = "adopted"
)

// Name is the state for a person to read (English source text).
func (s Status) Name() string { return map[Status]string{Draft: "Draft", Adopted: "Adopted"}[s] }

// Decision is what a person said to a line.
type Decision string

// The decisions; a line without one is Undecided.
const (
	Undecided   Decision = ""
	Chosen      Decision = "chosen"
	Later       Decision = "later"
	NotThisYear Decision = "not_this_year"
)

// Name is the decision for a person to read (English source text).
func (d Decision) Name() string {
	return map[Decision]string{Undecided: "Not decided", Chosen: "Chosen", Later: "Later", NotThisYear: "Not this year"}[d]
}

// Decisions lists what a person can say to a line.
func Decisions() []Decision { return []Decision{Chosen, Later, NotThisYear} }

// Plan is the yearly plan of one programme.
type Plan struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	Programme string
	Year      int
	Status    Status
	Seed      int64   // of those drawn by lot
	Weights   Weights // the factors as the programme had them
	AsOf      time.Time
	MadeBy    *uuid.UUID
	AdoptedAt *time.Time
	AdoptedBy *uuid.UUID
	Version   int
}

// TableName is the table that holds plans.
func (Plan) TableName() string { return "validation_plan" }

// Item is one membership in a plan.
type Item struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	PlanID       uuid.UUID
	CompanyID    uuid.UUID
	MembershipID uuid.UUID
	OfficeID     uuid.UUID
	Score        float64
	Factors      Points
	DueOn        *clock.Day // by when the law wants the next validation, when the plan was made
	Proposed     bool
	Random       bool
	Decision     *Decision
	Reason       string
	Quarter      *int
	DecidedBy    *uuid.UUID
	Decider      string
	DecidedAt    *time.Time
	Version      int
}

// TableName is the table that holds the lines of plans.
func (Item) TableName() string { return "plan_item" }

// Said is the decision, Undecided while there is none.
func (i Item) Said() Decision {
	if i.Decision == nil {
		return Undecided
	}
	return *i.Decision
}

// Service is what people do with plans.
type Service struct {
	DB          *pg.DB
	Now         func() time.Time
	Programmes  *programme.Register
	Regions     *Regions
	Validations *validation.Steps
	// Draw gives the seed of those drawn by lot; nil takes the machine's.
	Draw func() int64
}

// reader refuses whoever is not to know of plans.
func reader(by identity.Actor) error {
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return fault.Missing()
	}
	return nil
}

// planner refuses readers who do not plan.
func planner(by identity.Actor) error {
	if err := reader(by); err != nil {
		return err
	}
	if !by.Is(identity.Approvers...) {
		return fault.New(fault.Forbidden, "You can read the plan. Supervisors and headquarters make it and decide on it")
	}
	return nil
}

// MakeEntry is what a plan is made for.
type MakeEntry struct {
	Programme string
	Year      string
}

// Make proposes a plan: it scores every live membership of the programme. Supervisors and
// headquarters may. Conflict: there is one for that year.
func (s *Service) Make(ctx context.Context, by identity.Actor, in MakeEntry) (p Plan, err error) {
	if err := planner(by); err != nil {
		return p, err
	}
	now := s.Now()
	var c entry.Check
	rules, ok := s.Programmes.Get(in.Programme)
	if !ok {
		c.Add("programme", "Choose a programme")
	}
	year := c.Whole("year", "the year", in.Year, now.Year()-1, now.Year()+2, true)
	if err := c.Err(); err != nil {
		return p, err
	}
	seed := rand.Int64()
	if s.Draw != nil {
		seed = s.Draw()
	}
	p = Plan{ID: pg.NewID(), Programme: in.Programme, Year: *year, Status: Draft, Seed: seed, Weights: weightsOf(rules), AsOf: now, MadeBy: &by.PersonID, Version: 1}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := add(ctx, tx, &p); err != nil {
			return fmt.Errorf("make a plan: %w", err)
		}
		n, err := s.score(ctx, tx, rules, p)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "plan.make", Kind: Kind, Subject: p.ID, Internal: true,
			After: map[string]any{"programme": p.Programme, "year": p.Year, "seed": fmt.Sprint(p.Seed), "members": n.All, "proposed": n.Proposed}})
	})
	if pg.Constraint(err) == "validation_plan_programme_year_key" {
		err = fault.New(fault.Conflict, "There is a plan for this programme and year already. Open it from the list")
	}
	return p, err
}

// Refresh scores the memberships of a draft anew, with what is known and as the programme
// weighs it now. Decisions stay; members who have come since are added. Whoever makes plans
// may. Conflict: it is adopted.
func (s *Service) Refresh(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	if err := planner(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		p, rules, err := s.lock(ctx, tx, id, version)
		if err != nil {
			return err
		}
		if p.Status != Draft {
			return fault.New(fault.Conflict, "This plan is adopted. Its scores stay as they were")
		}
		p.AsOf, p.Weights = now, weightsOf(rules)
		if err := pg.Update(ctx, tx, &p, p.ID, &p.Version, "as_of", "weights"); err != nil {
			return fmt.Errorf("score a plan anew: %w", err)
		}
		n, err := s.score(ctx, tx, rules, p)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "plan.refresh", Kind: Kind, Subject: p.ID, Internal: true,
			After: map[string]any{"members": n.All, "proposed": n.Proposed}})
	})
}

// lock opens a plan for a change, with its programme.
func (s *Service) lock(ctx context.Context, tx pg.Tx, id uuid.UUID, version int) (Plan, *programme.Programme, error) {
	p, err := lockPlan(ctx, tx, id)
	if err != nil {
		return p, nil, err
	}
	if p.Version != version {
		return p, nil, fault.Moved()
	}
	rules, ok := s.Programmes.Get(p.Programme)
	if !ok {
		return p, nil, fmt.Errorf("open a plan: the portal has no programme %q", p.Programme)
	}
	return p, rules, nil
}

// Adopt makes a plan the plan of its year: every proposal has been decided on, and somebody
// else has made it. Headquarters may.
func (s *Service) Adopt(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	if err := planner(by); err != nil {
		return err
	}
	if !by.Is(identity.Headquarters) {
		return fault.New(fault.Forbidden, "Headquarters adopts the plan")
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		p, _, err := s.lock(ctx, tx, id, version)
		if err != nil {
			return err
		}
		switch {
		case p.Status == Adopted:
			return fault.New(fault.Conflict, "This plan is adopted already")
		case p.MadeBy != nil && *p.MadeBy == by.PersonID:
			return fault.New(fault.Forbidden, "You made this plan. A second person of headquarters adopts it")
		}
		open, chosen, err := undecided(ctx, tx, id)
		if err != nil {
			return err
		}
		if open > 0 {
			return fault.New(fault.Conflict, "Proposals without a decision: %d. Decide on all of them, then adopt the plan", open)
		}
		p.Status, p.AdoptedAt, p.AdoptedBy = Adopted, &now, &by.PersonID
		if err := pg.Update(ctx, tx, &p, p.ID, &p.Version, "status", "adopted_at", "adopted_by"); err != nil {
			return fmt.Errorf("adopt a plan: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "plan.adopt", Kind: Kind, Subject: p.ID, Internal: true,
			After: map[string]any{"programme": p.Programme, "year": p.Year, "chosen": chosen}})
	})
}

// Line is a line of a plan as a form sent it, with the version that the person saw.
type Line struct {
	ID      uuid.UUID
	Version int
}

// MostDecided is how many lines a person decides on at once: chosen one by one, not all there are.
const MostDecided = 100

// DecideEntry is a decision on some lines.
type DecideEntry struct {
	Decision Decision
	Quarter  string // 1 to 4 for Chosen
	Reason   string
}

// Outcome is what became of a line: nothing when Why is set.
type Outcome struct {
	Line
	Company string
	Why     *fault.Field
}

// Decide decides on lines of a plan, each with the reason. Supervisors may for members of
// their offices, headquarters for all. A line that was changed meanwhile, belongs to another
// office or has its validation already is left as it is and named; the others are decided.
// Invalid: no line, no decision, no reason.
func (s *Service) Decide(ctx context.Context, by identity.Actor, plan uuid.UUID, lines []Line, in DecideEntry) (out []Outcome, err error) {
	if err := planner(by); err != nil {
		return nil, err
	}
	var c entry.Check
	switch {
	case len(lines) == 0:
		c.Add("line", "Choose one or more members")
	case len(lines) > MostDecided:
		c.Add("line", "Choose up to %d members at once", MostDecided)
	}
	said := Decision(c.OneOf("decision", "a decision", string(in.Decision), string(Chosen), string(Later), string(NotThisYear)))
	reason := c.Text("reason", "the reason", in.Reason, 1, 2000)
	var quarter *int
	if said == Chosen {
		quarter = c.Whole("quarter", "the quarter", in.Quarter, 1, 4, true)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		out = nil
		p, err := lockPlan(ctx, tx, plan)
		if err != nil {
			return err
		}
		rows, err := lockItems(ctx, tx, p.ID, lines)
		if err != nil {
			return err
		}
		for _, l := range lines {
			row, ok := rows[l.ID]
			o := Outcome{Line: l, Company: row.Company}
			if o.Why = refuse(by, l, row, ok); o.Why == nil {
				err = s.decide(ctx, tx, now, by, row.Item, said, quarter, reason)
			}
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	return out, err
}

func refuse(by identity.Actor, l Line, row lockedItem, there bool) *fault.Field {
	var f fault.Field
	switch {
	case !there:
		f = fault.F("line", "This line is not in the plan")
	case !by.InOffice(row.OfficeID):
		f = fault.F("line", "Another office decides on this member")
	case row.Version != l.Version:
		f = fault.F("line", "Somebody else has changed it meanwhile")
	case row.Validation != "":
		f = fault.F("line", "Its validation %s is open already", row.Validation)
	default:
		return nil
	}
	return &f
}

func (s *Service) decide(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, i Item, said Decision, quarter *int, reason string) error {
	before := map[string]any{"decision": string(i.Said()), "quarter": i.Quarter}
	i.Decision, i.Quarter, i.Reason, i.DecidedBy, i.Decider, i.DecidedAt = &said, quarter, reason, &by.PersonID, by.Name, &now
	if err := pg.Update(ctx, tx, &i, i.ID, &i.Version, "decision", "quarter", "reason", "decided_by", "decider", "decided_at"); err != nil {
		return fmt.Errorf("decide on a member: %w", err)
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "plan.decide", Kind: ItemKind, Subject: i.ID, Company: i.CompanyID, Internal: true,
		Before: before, After: map[string]any{"decision": string(said), "quarter": quarter}, Reason: reason})
}

// OpenEntry opens the validation of a line.
type OpenEntry struct {
	Version  int
	Reason   string // empty: the plan's own
	From, To string // 2006-01-02
}

// Open opens the validation of a line that was chosen in an adopted plan. Case workers of
// the office in charge may. Conflict: the plan is a draft, the line was not chosen, or the
// validation is open already.
func (s *Service) Open(ctx context.Context, by identity.Actor, plan, item uuid.UUID, in OpenEntry) (v validation.Validation, err error) {
	if err := reader(by); err != nil {
		return v, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		p, err := lockPlan(ctx, tx, plan)
		if err != nil {
			return err
		}
		rows, err := lockItems(ctx, tx, p.ID, []Line{{ID: item}})
		if err != nil {
			return err
		}
		row, ok := rows[item]
		switch {
		case !ok:
			return fault.Missing()
		case row.Version != in.Version:
			return fault.Moved()
		case p.Status != Adopted:
			return fault.New(fault.Conflict, "This plan is a draft. Validations are opened when it is adopted")
		case row.Said() != Chosen:
			return fault.New(fault.Conflict, "This member was not chosen for the plan. Decide on it first")
		}
		v, err = s.Validations.Open(ctx, tx, now, by, validation.OpenEntry{Membership: &row.MembershipID, PlanItem: &row.ID,
			Reason: cmp.Or(in.Reason, row.Item.Reason), From: in.From, To: in.To})
		return err
	})
	switch pg.Constraint(err) {
	case "one_open_validation":
		err = fault.New(fault.Conflict, "A validation of this membership is open already. Close or cancel it first")
	case "validation_of_item":
		err = fault.New(fault.Conflict, "A validation was opened for this line of the plan already")
	}
	return v, err
}

// Weights are the factors of a plan as the programme had them.
type Weights []Weight

// Weight is one factor.
type Weight struct {
	Code   string  `json:"code"`
	Name   string  `json:"name"` // English source text
	Help   string  `json:"help"`
	Weight float64 `json:"weight"`
	Full   float64 `json:"full"`
}

func weightsOf(p *programme.Programme) (out Weights) {
	for _, f := range p.Validation.Selection.Factors {
		out = append(out, Weight{f.Code, f.Name, f.Help, f.Weight, f.Full})
	}
	return out
}

// All is the sum of the weights: the highest score that there is.
func (w Weights) All() (sum float64) {
	for _, x := range w {
		sum += x.Weight
	}
	return sum
}

// Value writes the list as JSON.
func (w Weights) Value() (driver.Value, error) { return jsonValue(w) }

// Scan reads the list from JSON.
func (w *Weights) Scan(src any) error { return jsonScan(src, w) }

// Points is what a score is made of.
type Points []Point

// Point is what one factor adds. Without a value there are no data, and it adds nothing.
type Point struct {
	Code   string   `json:"code"`
	Value  *float64 `json:"value"`
	Points float64  `json:"points"`
	Weight float64  `json:"weight"`
	Text   string   `json:"text,omitempty"` // of regions: the country with the highest rating
}

// Value writes the list as JSON.
func (p Points) Value() (driver.Value, error) { return jsonValue(p) }

// Scan reads the list from JSON.
func (p *Points) Scan(src any) error { return jsonScan(src, p) }

func jsonValue(v any) (driver.Value, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

func jsonScan(src, dst any) error {
	switch v := src.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), dst)
	case []byte:
		return json.Unmarshal(v, dst)
	}
	return fmt.Errorf("read what a plan keeps: cannot take a %T", src)
}
