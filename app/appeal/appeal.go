// Package appeal is a company's way to have a decision of enforcement looked at again, by
// somebody who had no part in it.
//
// The period to file is that of the ground: 90 days after a decision about compliance, 30
// days after one about false information, and the decision on the appeal comes within 180
// days of filing (6 U.S.C. 967(c)). Both are counted from the days themselves and kept with
// the appeal. A decision that is overturned counts as if it had never been: from then on the
// portal knows better about the days before, and what it said in between stays provable.
//
// Who may: those who sign for a company file, add to and take back its appeals. Appeal
// officers and headquarters take an appeal in hand and decide it, if they had no part in the
// case. The agency's case readers read.
package appeal

import (
	"context"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/workflow"
)

// Kind names appeals in audit events, clocks, letters and causes of standing.
const Kind = notice.AboutAppeal

// decidingDays is how long the agency has to decide where a programme has no clock for it.
const decidingDays = 180

// Status is where an appeal stands.
type Status string

// The states of an appeal.
const (
	Filed     Status = "filed"
	InHand    Status = "in_hand" // an officer works on it
	Decided   Status = "decided"
	Withdrawn Status = "withdrawn"
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status { return []Status{Filed, InHand, Decided, Withdrawn} }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Filed: "Filed", InHand: "Being looked at", Decided: "Decided", Withdrawn: "Taken back"}[s]
}

// Open reports whether a decision is still owed.
func (s Status) Open() bool { return s == Filed || s == InHand }

// Outcome is what an appeal leads to.
type Outcome string

// The outcomes.
const (
	Confirmed  Outcome = "confirmed"
	Overturned Outcome = "overturned" // as if the decision had never been
	EndedNow   Outcome = "ended"      // the measure was right, and ends today
)

// Outcomes lists every outcome.
func Outcomes() []Outcome { return []Outcome{Confirmed, Overturned, EndedNow} }

// Name is the outcome for a person to read (English source text).
func (o Outcome) Name() string {
	return map[Outcome]string{Confirmed: "The decision stands", Overturned: "The decision is overturned", EndedNow: "The measure ends now"}[o]
}

// Action is a move of an appeal.
type Action string

// The actions.
const (
	Take   Action = "take"
	Decide Action = "decide"
	Drop   Action = "withdraw"
	Add    Action = "add"
)

// Facts are what the guards of Lifecycle look at.
type Facts struct {
	Part    bool // the actor had a part in the case
	Mine    bool // the actor has it in hand
	Outcome Outcome
	CanEnd  bool // the measure is one that can end from now on
	Text    string
}

// Lifecycle is the only list of legal moves of an appeal.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	officers, company := identity.AppealOfficers, identity.CompanySigners
	return workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Filed, By: officers, Do: Take, To: InHand, If: guards{noPart}},
		{From: InHand, By: officers, Do: Take, To: InHand, If: guards{noPart}}, // from a colleague
		{From: InHand, By: officers, Do: Decide, To: Decided, If: guards{noPart, inHand, hasOutcome, hasAnswer}},
		{From: InHand, By: officers, Do: Add, To: InHand, If: guards{inHand, hasText}},
		{From: Filed, By: company, Do: Add, To: Filed, If: guards{hasText}},
		{From: InHand, By: company, Do: Add, To: InHand, If: guards{hasText}},
		{From: Filed, By: company, Do: Drop, To: Withdrawn},
		{From: InHand, By: company, Do: Drop, To: Withdrawn},
	}
}

// noPart keeps an appeal from those who had a part in the decision.
func noPart(f Facts) []fault.Field {
	if f.Part {
		return []fault.Field{fault.F("", "You had a part in this case, so somebody else decides the appeal")}
	}
	return nil
}

func inHand(f Facts) []fault.Field {
	if !f.Mine {
		return []fault.Field{fault.F("", "Take the appeal in hand first")}
	}
	return nil
}

func hasOutcome(f Facts) []fault.Field {
	switch f.Outcome {
	case Confirmed, Overturned:
		return nil
	case EndedNow:
		if f.CanEnd {
			return nil
		}
		return []fault.Field{fault.F("outcome", "Only a suspension or a limit of benefits that is in force can end from now on")}
	}
	return []fault.Field{fault.F("outcome", "Choose what the appeal leads to")}
}

func hasAnswer(f Facts) []fault.Field {
	if f.Text == "" {
		return []fault.Field{fault.F("answer", "Enter the reasons for the decision")}
	}
	return nil
}

func hasText(f Facts) []fault.Field {
	if f.Text == "" {
		return []fault.Field{fault.F("body", "Enter what you want to add")}
	}
	return nil
}

// Appeal is one appeal.
type Appeal struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	Reference    string
	CompanyID    uuid.UUID
	CaseID       uuid.UUID
	ProposalID   uuid.UUID // the decision that it is about
	MembershipID uuid.UUID
	OfficeID     uuid.UUID
	Programme    string
	Status       Status
	Reasons      string
	Wanted       string
	FileBy       clock.Day // last day for filing
	DecideBy     clock.Day // last day for the decision
	FiledAt      time.Time
	FiledBy      uuid.UUID
	Filer        string
	OfficerID    *uuid.UUID
	TakenAt      *time.Time
	Outcome      Outcome
	Answer       string
	EffectiveOn  *clock.Day // of what the outcome changes
	DecidedAt    *time.Time
	DecidedBy    *uuid.UUID
	Decider      string
	EventID      *uuid.UUID // of standing
	WithdrawnAt  *time.Time
	Version      int
}

// TableName is the table that holds appeals.
func (Appeal) TableName() string { return "appeal" }

// entryRow is something that somebody added.
type entryRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	AppealID  uuid.UUID
	CompanyID uuid.UUID
	ByCompany bool
	Internal  bool
	Body      string
	Author    string
	PersonID  *uuid.UUID
	At        time.Time
}

func (entryRow) TableName() string { return "appeal_entry" }

// Service is what people do with appeals.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Programmes *programme.Register
	Clocks     *clock.Clocks
	Letters    *notice.Letters
	Cases      *enforcement.Steps
}

// Check says whether an appeal against a decision of a case was filed, and whether one is
// still open. It is what enforcement asks before a name is published.
func Check(ctx context.Context, tx pg.Tx, of uuid.UUID) (filed, open bool, err error) {
	var row struct{ Filed, Open bool }
	err = tx.WithContext(ctx).Raw(`select count(*) filter (where status <> 'withdrawn') > 0 as filed, count(*) filter (where status in ('filed', 'in_hand')) > 0 as open
		from appeal where case_id = ?`, of).Scan(&row).Error
	return row.Filed, row.Open, err
}

// FileBy is the last day on which a decision can be appealed against, and the law that says
// so; false: the ground knows no appeal. The day of the decision does not count.
func FileBy(p *programme.Programme, ground string, decided clock.Day) (clock.Day, string, bool) {
	g, ok := p.Enforcement.Ground(ground)
	if !ok || g.Appeal == "" {
		return clock.Day{}, "", false
	}
	for _, c := range p.ClocksStartedBy(g.Appeal) {
		return decided.AddDays(c.Amount), c.Source, true
	}
	return clock.Day{}, "", false
}

// decideBy is the last day for the decision on an appeal.
func decideBy(p *programme.Programme, filed clock.Day) clock.Day {
	for _, c := range p.ClocksStartedBy(programme.AppealFiled) {
		return filed.AddDays(c.Amount)
	}
	return filed.AddDays(decidingDays)
}
