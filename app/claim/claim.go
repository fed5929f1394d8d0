// Package claim is what a member says when a benefit to which it was entitled was not given,
// and what the agency finds out about it.
//
// A claim is about a benefit, a day or a few, and a place: a port, or a partner abroad. It is
// taken only for days on which the member had the benefit, as the portal knows it now; else it
// is told what applied. An officer takes it in hand and answers it with a reason of the
// programme, which says what came of it: it was not given, it was given, or it was not owed.
// About a benefit abroad the officer can ask the partner agency first. The partner sees what
// it was asked, the number of the membership and the member's name while that consents to the
// arrangement; never its figures and never its files.
//
// Who may: those who edit for a company make, take back and repeat its claims; its people
// read. Specialists, supervisors and headquarters of the office work on them; the agency's
// case readers read. People of a partner agency see and answer what their own agency is asked.
package claim

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/workflow"
)

// Kind names claims in audit events, clocks and letters.
const Kind = notice.AboutClaim

// Limits.
const (
	mostDays  = 92
	mostOpen  = 20 // of a membership
	mostAgain = 2  // rounds
	// PageSize bounds a page of a list.
	PageSize = 50
)

// Status is where a claim stands.
type Status string

// The states of a claim.
const (
	Open      Status = "open"
	InHand    Status = "in_hand" // an officer works on it
	Asked     Status = "asked"   // the partner agency has been asked
	Answered  Status = "answered"
	Withdrawn Status = "withdrawn"
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status { return []Status{Open, InHand, Asked, Answered, Withdrawn} }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Open: "Open", InHand: "Being looked at", Asked: "The partner is asked", Answered: "Answered", Withdrawn: "Taken back"}[s]
}

// Open reports whether an answer is still owed.
func (s Status) Open() bool { return s == Open || s == InHand || s == Asked }

// Outcome is what came of a claim, or what a partner says to it.
type Outcome string

// The outcomes.
const (
	NotGiven Outcome = "not_given" // the member is right
	Given    Outcome = "given"
	NotOwed  Outcome = "not_owed" // the law or the facts gave no right to it
	Unknown  Outcome = "unknown"  // of a partner
)

// Outcomes lists what can come of a claim.
func Outcomes() []Outcome { return []Outcome{NotGiven, Given, NotOwed} }

// Name is the outcome for a person to read (English source text).
func (o Outcome) Name() string {
	return map[Outcome]string{NotGiven: "It was not given", Given: "It was given", NotOwed: "It was not owed", Unknown: "Not known"}[o]
}

// Action is a move of a claim.
type Action string

// The actions.
const (
	Make     Action = "open"
	Take     Action = "take"
	Ask      Action = "ask"
	Recall   Action = "recall" // of the question to the partner
	Reply    Action = "partner_answer"
	Answer   Action = "answer"
	Withdraw Action = "withdraw"
	Again    Action = "again"
)

// Facts are what the guards of Lifecycle look at.
type Facts struct {
	Mine   bool // the actor has it in hand
	Abroad bool // customs of a partner country give the benefit
	Round  int
	Text   string
	Reason programme.ClaimReason
}

// Lifecycle is the only list of legal moves of a claim.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	workers, company, partner := identity.CaseWorkers, identity.CompanyEditors, identity.RolesOf(identity.Partners)
	return workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Open, By: workers, Do: Take, To: InHand},
		{From: InHand, By: workers, Do: Take, To: InHand, If: guards{notMine}}, // from a colleague
		{From: Asked, By: workers, Do: Take, To: Asked, If: guards{notMine}},
		{From: InHand, By: workers, Do: Ask, To: Asked, If: guards{mine, abroad, hasQuestion}},
		{From: Asked, By: workers, Do: Recall, To: InHand, If: guards{mine}},
		{From: Asked, By: partner, Do: Reply, To: InHand, If: guards{hasReason}},
		{From: InHand, By: workers, Do: Answer, To: Answered, If: guards{mine, hasReason, hasAnswer}},
		{From: Open, By: company, Do: Withdraw, To: Withdrawn},
		{From: InHand, By: company, Do: Withdraw, To: Withdrawn},
		{From: Asked, By: company, Do: Withdraw, To: Withdrawn},
		{From: Answered, By: company, Do: Again, To: Open, If: guards{once, hasFacts}},
	}
}

func mine(f Facts) []fault.Field {
	if !f.Mine {
		return []fault.Field{fault.F("", "Take the claim in hand first")}
	}
	return nil
}

func notMine(f Facts) []fault.Field {
	if f.Mine {
		return []fault.Field{fault.F("", "You have the claim in hand already")}
	}
	return nil
}

func abroad(f Facts) []fault.Field {
	if !f.Abroad {
		return []fault.Field{fault.F("", "Customs of this country give the benefit, so there is no partner to ask")}
	}
	return nil
}

func hasQuestion(f Facts) []fault.Field {
	if f.Text == "" {
		return []fault.Field{fault.F("question", "Enter what you ask the partner")}
	}
	return nil
}

func hasReason(f Facts) []fault.Field {
	if f.Reason.Code == "" {
		return []fault.Field{fault.F("reason", "Choose what came of it")}
	}
	return nil
}

func hasAnswer(f Facts) []fault.Field {
	if f.Text == "" {
		return []fault.Field{fault.F("answer", "Enter what you found and what was done")}
	}
	return nil
}

func once(f Facts) []fault.Field {
	if f.Round >= mostAgain {
		return []fault.Field{fault.F("", "You have asked again once already. If you disagree, write to your specialist")}
	}
	return nil
}

func hasFacts(f Facts) []fault.Field {
	if f.Text == "" {
		return []fault.Field{fault.F("facts", "Enter the new facts")}
	}
	return nil
}

// Claim is one claim.
type Claim struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	Reference    string
	CompanyID    uuid.UUID
	MembershipID uuid.UUID
	OfficeID     uuid.UUID
	Programme    string
	Benefit      string // code
	Status       Status
	FirstOn      clock.Day
	LastOn       clock.Day
	Tier         string // of the membership on the first day
	Place        string // a port or another place; empty: abroad
	Arrangement  string // of a benefit abroad
	Refs         string // entry numbers and the like, one a line
	Happened     string
	Round        int // 2: asked again
	OpenedAt     time.Time
	OpenedBy     uuid.UUID
	Opener       string
	OfficerID    *uuid.UUID
	TakenAt      *time.Time
	Outcome      Outcome
	Reason       string // code of the programme
	Answer       string
	AnsweredAt   *time.Time
	AnsweredBy   *uuid.UUID
	WithdrawnAt  *time.Time
	Version      int
}

// TableName is the table that holds claims.
func (Claim) TableName() string { return "claim" }

// The sides that do something about a claim.
const (
	ByCompany = "company"
	ByAgency  = "agency"
	ByPartner = "partner"
)

// step is something that happened to a claim.
type stepRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	ClaimID   uuid.UUID
	CompanyID uuid.UUID
	Kind      Action
	Body      string
	Outcome   Outcome
	Reason    string
	Side      string
	Author    string
	PersonID  *uuid.UUID
	At        time.Time
}

func (stepRow) TableName() string { return "claim_step" }

// request is what a partner is asked.
type request struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	ClaimID       uuid.UUID
	RecognitionID uuid.UUID
	AgencyID      uuid.UUID
	Arrangement   string
	Number        string // of the membership
	FirstOn       clock.Day
	LastOn        clock.Day
	Refs          string
	Question      string
	Told          string // what the member said, if the officer chose to send it
	Status        RequestStatus
	AskedAt       time.Time
	AskedBy       uuid.UUID
	Outcome       Outcome
	Reason        string
	Done          string
	AnsweredAt    *time.Time
	AnsweredBy    *uuid.UUID
	Answerer      string
	RecalledAt    *time.Time
	Version       int
}

func (request) TableName() string { return "claim_request" }

// RequestStatus is where a question to a partner stands.
type RequestStatus string

// The states of a question.
const (
	RequestAsked    RequestStatus = "asked"
	RequestAnswered RequestStatus = "answered"
	RequestRecalled RequestStatus = "recalled"
)

// RequestStatuses lists every state.
func RequestStatuses() []RequestStatus {
	return []RequestStatus{RequestAsked, RequestAnswered, RequestRecalled}
}

// Name is the state for a person to read (English source text).
func (s RequestStatus) Name() string {
	return map[RequestStatus]string{RequestAsked: "Waits for your answer", RequestAnswered: "Answered", RequestRecalled: "Not needed any more"}[s]
}

// Service is what people do with claims.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Programmes *programme.Register
	Register   *arrangement.Register
	Clocks     *clock.Clocks
	Letters    *notice.Letters
	Reports    *benefit.Data // which report shows which event
}

// editor refuses everybody but those who edit for a company.
func editor(by identity.Actor) error {
	switch own, err := by.Reads(); {
	case err != nil:
		return err
	case own == nil:
		return fault.New(fault.Forbidden, "Only the company can do this")
	case !by.Is(identity.CompanyEditors...):
		return fault.New(fault.Forbidden, "You can read this account but not change it. Ask its owner for the right to edit")
	}
	return nil
}

// worker refuses everybody but those who work on cases.
func worker(by identity.Actor) error {
	switch own, err := by.Reads(); {
	case err != nil:
		return err
	case own != nil:
		return fault.Missing()
	case !by.Is(identity.CaseWorkers...):
		return fault.New(fault.Forbidden, "You can read claims but not work on them")
	}
	return nil
}

// can reports whether an action is among others.
func can(list []Action, do Action) bool { return slices.Contains(list, do) }
