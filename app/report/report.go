// Package report is the report of a validation: assembled from what was visited, verified
// and found, edited section by section, shared with the company for its comments, approved by
// a second person, and issued; then what follows from it, up to the tier of the membership.
//
// Who may: case workers of the office in charge write, submit, issue and close; a supervisor
// or headquarters other than the person who submitted approves or returns. The agency's case
// readers read. A company reads what was shared with it, and those who edit for it comment.
package report

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/finding"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

const mostText = 20_000 // characters of a section

// Report is the report of a validation while it is written.
type Report struct {
	ValidationID  uuid.UUID `gorm:"primaryKey"`
	CompanyID     uuid.UUID
	Status        Status
	Sections      Sections
	Tier          string // that the validation leads to once no action is open; empty: none
	Outcome       string // proposed: a validation.Outcome
	OutcomeReason string
	WrittenBy     *uuid.UUID
	SubmittedAt   *time.Time
	SubmittedBy   *uuid.UUID
	ApprovedAt    *time.Time
	ApprovedBy    *uuid.UUID
	ReturnNote    string
	IssuedAt      *time.Time
	Version       int
}

// TableName is the table that holds reports.
func (Report) TableName() string { return "report" }

// Section is a part of a report.
type Section struct {
	Code    string `json:"code"`
	Title   string `json:"title"`
	Text    string `json:"text"`
	Filled  string `json:"filled"` // what it was assembled from last; the same as Text unless somebody edited it
	Version int    `json:"version"`
	Author  string `json:"author"` // of the last edit; empty: nobody edited it
}

// Edited reports whether somebody wrote it by hand.
func (s Section) Edited() bool { return s.Text != s.Filled }

// Sections are the parts in the programme's order.
type Sections []Section

// Find finds a section by its code; nil: there is none.
func (s Sections) Find(code string) *Section {
	if i := slices.IndexFunc(s, func(x Section) bool { return x.Code == code }); i >= 0 {
		return &s[i]
	}
	return nil
}

// Value writes the sections as JSON.
func (s Sections) Value() (driver.Value, error) {
	b, err := json.Marshal([]Section(s))
	return string(b), err
}

// Scan reads what Value writes.
func (s *Sections) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*s = nil
		return nil
	case string:
		return json.Unmarshal([]byte(v), (*[]Section)(s))
	case []byte:
		return json.Unmarshal(v, (*[]Section)(s))
	}
	return fmt.Errorf("read the sections: cannot take a %T", src)
}

// Comment is the company's word on the draft that was shared with it.
type Comment struct {
	ValidationID uuid.UUID `gorm:"primaryKey"`
	CompanyID    uuid.UUID
	AskedAt      time.Time
	CommentBy    time.Time // the end of its days
	Body         string
	CommentedAt  *time.Time
	CommentedBy  *uuid.UUID
	Commenter    string
	Version      int
}

// TableName is the table that holds comments.
func (Comment) TableName() string { return "report_comment" }

// Over reports whether the company has spoken, or its days are over.
func (c Comment) Over(now time.Time) bool { return c.CommentedAt != nil || !now.Before(c.CommentBy) }

// Steps of a report that were kept.
const (
	StepSubmitted = "submitted"
	StepShared    = "sent_for_comment"
	StepIssued    = "issued"
)

// StepName is a step for a person to read (English source text).
func StepName(step string) string {
	return map[string]string{StepSubmitted: "Submitted for approval", StepShared: "Draft shared with the company", StepIssued: "Issued"}[step]
}

// Edition is what a report said at a step, byte for byte.
type Edition struct {
	ID           uuid.UUID `gorm:"primaryKey"`
	ValidationID uuid.UUID
	CompanyID    uuid.UUID
	Number       int
	Step         string
	Body         string // canonical JSON of Content
	SHA256       string `gorm:"column:sha256"`
	MadeAt       time.Time
	Author       string
	PersonID     *uuid.UUID
	Shared       bool // the company may read it
}

// TableName is the table that holds editions.
func (Edition) TableName() string { return "report_version" }

// Content is what an edition says.
type Content struct {
	Reference  string    `json:"reference"` // of the validation
	Company    string    `json:"company"`
	Programme  string    `json:"programme"`
	EntityType string    `json:"entity_type"`
	Kind       string    `json:"kind"`
	Step       string    `json:"step"`
	MadeAt     time.Time `json:"made_at"`
	Sections   []Part    `json:"sections"`
	Findings   []Found   `json:"findings"`
	Outcome    string    `json:"outcome"` // proposed; empty in a draft for comments
	Tier       string    `json:"tier"`
}

// Part is a section of an edition.
type Part struct {
	Code  string `json:"code"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Found is a finding in an edition.
type Found struct {
	Reference string            `json:"reference"`
	Kind      string            `json:"kind"`
	Criterion string            `json:"criterion"`
	Place     string            `json:"place"`
	Title     string            `json:"title"`
	Facts     string            `json:"facts"`
	Wanted    string            `json:"wanted"`
	Elements  map[string]string `json:"elements,omitempty"`
	DueOn     string            `json:"due_on,omitempty"` // 2006-01-02
}

// Read reads what an edition says.
func (e Edition) Read() (c Content, err error) {
	if err := json.Unmarshal([]byte(e.Body), &c); err != nil {
		return c, fmt.Errorf("read edition %d of a report: %w", e.Number, err)
	}
	return c, nil
}

// Service is what people do with reports.
type Service struct {
	DB       *pg.DB
	Now      func() time.Time
	Findings *finding.Steps
	Members  *membership.Service
	Refer    Referral
}

// Referral passes the case of a membership on to enforcement, in the transaction that closes
// its validation. Package enforcement gives it.
type Referral func(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, v validation.Validation, reason string) error

// BestTier is the tier that a validation leads to: the last award of the programme whose
// needs are met, or "". open counts required actions that nobody accepted, practices the best
// practices with every element.
func BestTier(p *programme.Programme, entityType string, open, practices int) (tier string) {
	for _, a := range p.Validation.Award {
		met := a.For(entityType)
		for _, need := range a.Needs {
			switch need {
			case "no_open_action":
				met = met && open == 0
			case "best_practices":
				met = met && practices >= max(1, a.BestPractices)
			default:
				met = false
			}
		}
		if met {
			tier = a.Tier
		}
	}
	return tier
}

// Outcomes lists what can follow from a validation: of one before a decision no tier.
func Outcomes(v validation.Validation) []validation.Outcome {
	if v.MembershipID == nil {
		return []validation.Outcome{validation.Confirmed, validation.Enforcement}
	}
	return []validation.Outcome{validation.TierAwarded, validation.Confirmed, validation.Enforcement}
}
