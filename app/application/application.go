package application

import (
	"time"

	"github.com/google/uuid"
)

// Application is a request to join one programme as one kind of member.
type Application struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	Reference     string    // "CT-2026-000123": given when it is opened
	CompanyID     uuid.UUID
	Programme     string
	Edition       string
	EditionHash   string // of the edition it was opened under; a later edition never alters it
	EntityType    string
	OfficeID      uuid.UUID
	Status        Status
	OpenedAt      time.Time
	OpenedBy      *uuid.UUID
	SubmittedAt   *time.Time
	AcceptedAt    *time.Time
	DecidedAt     *time.Time
	ClosedAt      *time.Time
	AssigneeID    *uuid.UUID
	AssignedAt    *time.Time
	Round         int // how often it was submitted or its answers were sent again: 1 after the first time
	ClosingReason string
	Version       int
}

// Answer is the answer to one eligibility question.
type Answer struct {
	ApplicationID uuid.UUID `gorm:"primaryKey"`
	CompanyID     uuid.UUID
	Question      string `gorm:"primaryKey"` // its code in the programme
	Answer        string
	Note          string
	AnsweredAt    time.Time
	AnsweredBy    *uuid.UUID
	Version       int
}

// TableName is the table that holds answers.
func (Answer) TableName() string { return "eligibility_answer" }

// Signature says who signed exactly which text of the agreement, and when.
type Signature struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	ApplicationID uuid.UUID
	CompanyID     uuid.UUID
	Edition       string // of the agreement's text
	Text          string
	TextSHA256    string `gorm:"column:text_sha256"`
	SignedBy      uuid.UUID
	SignedName    string
	SignedTitle   string
	SignedAt      time.Time
	RevokedAt     *time.Time // replaced by a later one, or no longer valid
}

// TableName is the table that holds signatures.
func (Signature) TableName() string { return "agreement_signature" }

// Snapshot is what was submitted, byte for byte.
type Snapshot struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	ApplicationID uuid.UUID
	CompanyID     uuid.UUID
	Round         int
	Body          string // canonical JSON
	SHA256        string `gorm:"column:sha256"` // of Body, hexadecimal
	SubmittedBy   uuid.UUID
	SubmittedAt   time.Time
	AttestedName  string
}

// TableName is the table that holds snapshots.
func (Snapshot) TableName() string { return "application_snapshot" }

// InformationRequest is one batch of questions to the company. It unlocks only the
// parts that its items name.
type InformationRequest struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	ApplicationID uuid.UUID
	CompanyID     uuid.UUID
	Message       string
	DueOn         time.Time `gorm:"type:date"` // last day, midnight UTC
	SentAt        time.Time
	SentBy        *uuid.UUID
	AnsweredAt    *time.Time
	AnsweredBy    *uuid.UUID
	CancelledAt   *time.Time
	Version       int
}

// InformationItem is one question of a request, about one part of the application:
// company_profile, sites, contacts, identifiers, agreement or eligibility.<question>.
type InformationItem struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	RequestID     uuid.UUID
	ApplicationID uuid.UUID
	CompanyID     uuid.UUID
	Part          string
	Question      string
	Answer        string
	AnsweredAt    *time.Time
	AnsweredBy    *uuid.UUID
	Version       int
}

// ReviewItem is the agency's verdict on one part of the application.
type ReviewItem struct {
	ApplicationID uuid.UUID `gorm:"primaryKey"`
	CompanyID     uuid.UUID
	Part          string `gorm:"primaryKey"` // a code of programme.Sections
	Round         int
	Verdict       Verdict
	Remark        string
	ReviewedBy    *uuid.UUID
	ReviewedAt    *time.Time
	Version       int
}

// Verdict of a part.
type Verdict string

// The verdicts.
const (
	NotReviewed             Verdict = "not_reviewed"
	Meets                   Verdict = "meets"
	MeetsWithRecommendation Verdict = "meets_with_recommendation"
	MoreInformation         Verdict = "more_information"
	DoesNotMeet             Verdict = "does_not_meet"
	NotApplicable           Verdict = "not_applicable"
)

// VettingItem is one check of the agency about an identifier, an officer, a site or
// the company as a whole, made in the agency's own systems.
type VettingItem struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	ApplicationID uuid.UUID
	CompanyID     uuid.UUID
	Code          string // of the programme's vetting list
	SubjectKind   string // identifier, contact, site, company
	SubjectID     uuid.UUID
	Label         string // the subject as it was when the check began
	Outcome       string // open, clear, concern, not_applicable
	Note          string
	CheckedBy     *uuid.UUID
	CheckedAt     *time.Time
	RetiredAt     *time.Time // the subject has gone
	Version       int
}

// Point is one reason of a rejection.
type Point struct {
	Part   string `json:"part"`
	Reason string `json:"reason"` // code of the programme's rejection reasons
	Text   string `json:"text"`
}

// Recommendation is a specialist's proposal and another person's approval or return.
type Recommendation struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	ApplicationID uuid.UUID
	CompanyID     uuid.UUID
	Outcome       Outcome
	Reason        string
	Points        []Point `gorm:"type:jsonb;serializer:json"`
	MadeBy        uuid.UUID
	MadeAt        time.Time
	Heard         bool
	DecidedBy     *uuid.UUID
	DecidedAt     *time.Time
	Decision      *string // approved, returned
	DecisionNote  string
	WithdrawnAt   *time.Time
	Version       int
}

// HearingRow is the right to be heard before an adverse decision (UCC Art. 22(6)).
type HearingRow struct {
	ID               uuid.UUID `gorm:"primaryKey"`
	ApplicationID    uuid.UUID
	CompanyID        uuid.UUID
	RecommendationID uuid.UUID
	Grounds          string
	OpenedAt         time.Time
	Answer           string
	AnsweredAt       *time.Time
	AnsweredBy       *uuid.UUID
	ClosedAt         *time.Time
	Version          int
}

// TableName is the table that holds hearings.
func (HearingRow) TableName() string { return "hearing" }
