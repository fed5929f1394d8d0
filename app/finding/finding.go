// Package finding is what a validation found, each finding tied to a criterion and a place:
// actions that the company must take, recommendations, and best practices.
//
// Who may: case workers of the office in charge write, send, accept, reopen, extend and
// escalate; the agency's case readers read. A company sees a finding from the day on which
// it was sent; those who edit for it answer. To others nothing of it exists.
package finding

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

// Kind names findings in audit events, clocks and letters.
const Kind = notice.AboutFinding

// Kinds of findings.
const (
	ActionRequired = "action_required"
	Recommendation = "recommendation"
	BestPractice   = "best_practice"
)

// Limits.
const (
	mostFindings = 300 // of one validation
	mostProofs   = 20  // of one answer
	mostFiles    = 30  // of one finding
)

// Finding is one thing that a validation found.
type Finding struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	Reference    string
	ValidationID uuid.UUID
	VisitID      *uuid.UUID // where it was found; nil: not at one place
	SiteID       *uuid.UUID
	CompanyID    uuid.UUID
	OfficeID     uuid.UUID
	Programme    string
	EntityType   string
	Criterion    string
	Kind         string
	Title        string
	Facts        string // what was found
	Wanted       string // what the company is to do
	Elements     Elements
	Cause        string // code of the programme's causes; empty: none is given
	Status       Status
	Escalated    bool
	CreatedAt    time.Time
	CreatedBy    *uuid.UUID
	Author       string
	SentAt       *time.Time
	AnsweredAt   *time.Time
	ClosedAt     *time.Time
	ClosingNote  string
	Version      int
}

// TableName is the table that holds findings.
func (Finding) TableName() string { return "finding" }

// Elements say what shows each element of a best practice, by the element's code.
type Elements map[string]string

// Value writes the elements as JSON.
func (e Elements) Value() (driver.Value, error) {
	if e == nil {
		e = Elements{}
	}
	b, err := json.Marshal(map[string]string(e))
	return string(b), err
}

// Scan reads what Value writes.
func (e *Elements) Scan(src any) error {
	var b []byte
	switch v := src.(type) {
	case nil:
		*e = nil
		return nil
	case string:
		b = []byte(v)
	case []byte:
		b = v
	default:
		return fmt.Errorf("read the elements: cannot take a %T", src)
	}
	return json.Unmarshal(b, (*map[string]string)(e))
}

// Whole reports whether every element of a programme's best practices is shown.
func (f Finding) Whole(rules programme.FindingRules) bool {
	for _, e := range rules.Elements {
		if f.Elements[e.Code] == "" {
			return false
		}
	}
	return f.Kind == BestPractice
}

// EntryName says in words what an entry of a finding's history is (English source text).
func EntryName(what string) string {
	return map[string]string{"answer": "Answer", "accept": "Accepted", "reopen": "More is needed", "extension_asked": "More time asked for",
		"extended": "More time given", "extension_refused": "No more time", "escalate": "Passed on to enforcement"}[what]
}

// entryRow is one entry of the history.
type entryRow struct {
	ID        uuid.UUID `gorm:"primaryKey"`
	FindingID uuid.UUID
	CompanyID uuid.UUID
	What      string
	ByCompany bool
	Body      string
	Author    string
	PersonID  *uuid.UUID
	At        time.Time
}

// TableName is the table that holds entries.
func (entryRow) TableName() string { return "finding_entry" }

// Service is what people do with findings.
type Service struct {
	DB    *pg.DB
	Now   func() time.Time
	Steps *Steps
}

// Steps works on findings within a transaction: for this package, and for the report, which
// sends the findings of a validation when it is issued.
type Steps struct {
	*validation.Steps
	Library  *catalogue.Library // names criteria
	Evidence *evidence.Service  // opens the files of visits
}

// rules are those of the finding's programme.
func (s *Steps) rules(code string) (*programme.Programme, error) {
	p, ok := s.Programmes.Get(code)
	if !ok {
		return nil, fmt.Errorf("a finding: the portal has no programme %q", code)
	}
	return p, nil
}

// Criterion finds a criterion of a programme in its newest edition that has it. Ids are
// never used again for something else.
func (s *Steps) Criterion(code, id string) (catalogue.Criterion, bool) {
	if s.Library == nil {
		return catalogue.Criterion{}, false
	}
	for _, e := range slices.Backward(s.Library.Editions(code)) {
		if c, ok := e.Criterion(id); ok {
			return c, true
		}
	}
	return catalogue.Criterion{}, false
}

// subject is a finding as its clock knows it.
func subject(f Finding, p *programme.Programme) clock.Subject {
	return clock.Subject{Kind: Kind, ID: f.ID, Company: f.CompanyID, Office: f.OfficeID, Programme: p}
}
