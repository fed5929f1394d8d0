// Package enforcement is what follows when a member fails the requirements: a case about one
// membership, from the investigation over a proposal, the notice and the company's answer to
// the decision of a second person, and on to the end of what was decided.
//
// Two rules hold everywhere. Nobody decides on what they proposed, and time that runs out
// decides nothing: it makes a task for a person.
//
// Who may: case workers of the office in charge investigate, propose, send and verify;
// supervisors and headquarters decide, and suspend at once in an emergency. The agency's case
// readers read. A company sees a case from the notice on, or from its own request: those who
// edit for it answer and plan, those who sign for it consent. It never sees an investigation,
// how a case was weighed, or notes of the agency.
package enforcement

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/incident"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
)

// Kind names cases in audit events, clocks, letters and causes of standing.
const Kind = notice.AboutEnforcement

// Limits.
const (
	mostItems     = 50 // of one plan
	mostProposals = 50 // of one case
)

// From what a case was opened.
const (
	FromIncident   = incident.Kind
	FromFinding    = notice.AboutFinding
	FromValidation = notice.AboutValidation
	FromReview     = notice.AboutProfile // a yearly review that is overdue
	FromRequest    = "request"           // the company's own
	ByHand         = "hand"
)

// SourceName says from what a case was opened (English source text).
func SourceName(code string) string {
	return map[string]string{FromIncident: "An incident", FromFinding: "A finding that was passed on", FromValidation: "A validation", FromReview: "An overdue annual review",
		FromRequest: "The company's own request", ByHand: "Another reason"}[code]
}

// Codes is a list of codes that a column holds as JSON.
type Codes []string

// Value writes the codes as JSON.
func (c Codes) Value() (driver.Value, error) {
	if c == nil {
		c = Codes{}
	}
	b, err := json.Marshal([]string(c))
	return string(b), err
}

// Scan reads what Value writes.
func (c *Codes) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*c = nil
		return nil
	case string:
		return json.Unmarshal([]byte(v), (*[]string)(c))
	case []byte:
		return json.Unmarshal(v, (*[]string)(c))
	}
	return fmt.Errorf("read codes: cannot take a %T", src)
}

// Case is one case of enforcement.
type Case struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	Reference    string
	CompanyID    uuid.UUID
	MembershipID uuid.UUID
	OfficeID     uuid.UUID
	Programme    string
	EntityType   string
	Status       Status
	SourceKind   string
	SourceID     *uuid.UUID
	Reason       string // why it was opened
	Ground       string // of what was proposed last
	WorkerID     *uuid.UUID
	OpenedAt     time.Time
	OpenedBy     *uuid.UUID
	Author       string
	ToldAt       *time.Time // from when on the company sees it

	Suspended   Codes      // types that this case suspends now
	Limited     Codes      // types of which it denies benefits now
	Benefits    Codes      // that it denies
	Since       *clock.Day // first day of what is in force
	UntilOn     *clock.Day // last day of the suspension; nil: open
	UntilToldAt *time.Time // the office was told that the day has passed
	WishOn      *clock.Day // of a company's own request: until when
	AsksOn      *clock.Day // the company asks for more time, until that day

	EmergencyAt   *time.Time
	EmergencyBy   *uuid.UUID
	ConfirmBy     *clock.Day // last day for the second person
	ConfirmToldAt *time.Time // headquarters was told that it has passed
	ConfirmedAt   *time.Time
	ConfirmedBy   *uuid.UUID

	AnsweredAt *time.Time // the company answered the suspension
	PlanStatus PlanStatus
	CuredAt    *time.Time // the company said that it meets the conditions again

	EndReason     string
	EndProposedAt *time.Time
	EndProposedBy *uuid.UUID
	EndDecidedBy  *uuid.UUID
	DecidedAt     *time.Time // the last decision that took something from the company
	ClosedAt      *time.Time
	Outcome       string // a measure, or "ended"
	PublishedAt   *time.Time
	PublishedBy   *uuid.UUID
	Version       int
}

// TableName is the table that holds cases.
func (Case) TableName() string { return "enforcement_case" }

// Held reports whether the case takes something from the company now.
func (c Case) Held() bool { return len(c.Suspended)+len(c.Limited) > 0 }

// cause is the case as the cause of events of standing.
func (c Case) cause() standing.Cause { return standing.Cause{Kind: Kind, ID: c.ID} }

// PlanStatus is where a corrective action plan stands.
type PlanStatus string

// The states of a plan.
const (
	NoPlan       PlanStatus = "" // or the company still writes it
	PlanSent     PlanStatus = "sent"
	PlanAccepted PlanStatus = "accepted"
	PlanReturned PlanStatus = "returned"
)

// Editable reports whether the company may change the plan.
func (p PlanStatus) Editable() bool { return p == NoPlan || p == PlanReturned }

// Name is the state for a person to read (English source text).
func (p PlanStatus) Name() string {
	return map[PlanStatus]string{NoPlan: "Not sent yet", PlanSent: "Sent", PlanAccepted: "Accepted", PlanReturned: "Sent back"}[p]
}

// Proposal is one step that a specialist proposes and a second person decides on.
type Proposal struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	CaseID     uuid.UUID
	CompanyID  uuid.UUID
	Number     int
	Emergency  bool
	Measure    string
	Types      Codes
	Benefits   Codes
	UntilOn    *clock.Day
	Ground     string
	Reasons    string
	ProposedAt time.Time
	ProposedBy uuid.UUID
	Author     string
	NotifiedAt *time.Time
	Answer     string
	AnsweredAt *time.Time
	Answerer   string
	Decision   string // "approved", "returned", "recalled"; empty: open
	Note       string // of the decision
	DecidedAt  *time.Time
	DecidedBy  *uuid.UUID
	Decider    string
	EventID    *uuid.UUID // of standing, where the decision made one
}

// TableName is the table that holds proposals.
func (Proposal) TableName() string { return "enforcement_proposal" }

// Decisions on a proposal.
const (
	Approved = "approved"
	Returned = "returned"
	Recalled = "recalled"
)

// weighingRow is how a proposal was weighed.
type weighingRow struct {
	ProposalID uuid.UUID `gorm:"primaryKey"`
	CompanyID  uuid.UUID
	Answers    string // JSON
	Sheet      string // JSON: list of Weighed
	Points     int
	Suggested  string
	Deviation  string
}

func (weighingRow) TableName() string { return "enforcement_weighing" }

// Weighed is a line of a weighing sheet, as it read on that day.
type Weighed struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Points   int    `json:"points"`
}

// Item is one item of a corrective action plan.
type Item struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	CaseID     uuid.UUID
	CompanyID  uuid.UUID
	Number     int
	Status     ItemStatus
	Goal       string
	DueOn      clock.Day
	DoneNote   string // of the company
	DoneAt     *time.Time
	AgencyNote string // why it is not done yet, or how it was verified
	VerifiedAt *time.Time
	VerifiedBy *uuid.UUID
	Version    int
}

// TableName is the table that holds items.
func (Item) TableName() string { return "enforcement_item" }

// ItemStatus is where an item stands.
type ItemStatus string

// The states of an item.
const (
	ItemOpen     ItemStatus = "open"
	ItemDone     ItemStatus = "done" // as the company says
	ItemVerified ItemStatus = "verified"
	ItemDropped  ItemStatus = "dropped" // taken out of the plan
)

// Name is the state for a person to read (English source text).
func (s ItemStatus) Name() string {
	return map[ItemStatus]string{ItemOpen: "To do", ItemDone: "Done, to be verified", ItemVerified: "Verified", ItemDropped: "Taken out"}[s]
}

// Consent is the company's consent to unannounced visits.
type Consent struct {
	CaseID    uuid.UUID `gorm:"primaryKey"`
	CompanyID uuid.UUID
	Wording   string
	Name      string
	SignedBy  uuid.UUID
	SignedAt  time.Time
}

// TableName is the table that holds consents.
func (Consent) TableName() string { return "enforcement_consent" }

// entryRow is one entry of the history.
type entryRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	CaseID    uuid.UUID
	CompanyID uuid.UUID
	What      string
	Internal  bool
	ByCompany bool
	Body      string
	Author    string
	PersonID  *uuid.UUID
	At        time.Time
}

func (entryRow) TableName() string { return "enforcement_entry" }

// AppealCheck says where an appeal against the decision of a case stands: filed at all, and
// still open. Package appeal gives it.
type AppealCheck func(ctx context.Context, tx pg.Tx, of uuid.UUID) (filed, open bool, err error)

// Service is what people do with cases.
type Service struct {
	DB    *pg.DB
	Now   func() time.Time
	Steps *Steps
}

// Steps works on cases within a transaction: for this package, for a validation that ends
// with enforcement, and for appeals.
type Steps struct {
	Programmes *programme.Register
	Clocks     *clock.Clocks
	Letters    *notice.Letters
	Standing   *standing.Service
	Incidents  *incident.Steps
	Appeals    AppealCheck // nil: only the clocks of appeals are asked
}

// New is the service with its steps.
func New(db *pg.DB, now func() time.Time, s *Steps) *Service {
	if s.Incidents == nil {
		s.Incidents = &incident.Steps{Programmes: s.Programmes, Letters: s.Letters}
	}
	return &Service{DB: db, Now: now, Steps: s}
}

// Rules are those of a case's programme.
func (s *Steps) Rules(c Case) (*programme.Programme, error) {
	p, ok := s.Programmes.Get(c.Programme)
	if !ok {
		return nil, fmt.Errorf("case %s: the portal has no programme %q", c.Reference, c.Programme)
	}
	return p, nil
}

// Subject is a case as its clocks know it.
func (c Case) Subject(p *programme.Programme) clock.Subject {
	return clock.Subject{Kind: Kind, ID: c.ID, Company: c.CompanyID, Office: c.OfficeID, Programme: p}
}

// without is a list without some of its codes.
func without(list, some Codes) Codes {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return slices.Contains(some, x) })
}

// with is a list with more codes, each once.
func with(list, more Codes) Codes {
	out := slices.Clone(list)
	for _, x := range more {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	return out
}
