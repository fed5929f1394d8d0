package profile

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
)

// Kind names profiles in audit events, clocks, letters and documents.
const Kind = "profile"

// The kinds of cycles: what a profile is filled in for.
const (
	Initial      = "initial"      // an application
	Annual       = "annual"       // the yearly review of a membership
	Revalidation = "revalidation" // before a membership is validated again
)

// Cycle is one security profile to fill in. It keeps its edition for life.
type Cycle struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	Reference     string    // "SP-2026-000123"
	CompanyID     uuid.UUID
	Programme     string
	EntityType    string
	AlsoTypes     pg.Strings // of memberships that share the profile: what these kinds are asked, it asks as well
	Kind          string     // Initial, Annual, Revalidation
	Number        int        // counts the cycles of one kind of member of one company, from 1
	Edition       string
	EditionHash   string
	OfficeID      uuid.UUID
	ApplicationID *uuid.UUID // of an initial one
	MembershipID  *uuid.UUID // of the others
	PreviousID    *uuid.UUID // the cycle whose answers were carried over
	Anniversary   clock.Day  // of an annual one: the day by which it is due, unless its clock was paused
	Status        Status
	OpenedAt      time.Time
	SubmittedAt   *time.Time
	AcceptedAt    *time.Time
	AcceptedBy    *uuid.UUID
	EndedAt       *time.Time
	EndReason     string
	OverdueAt     *time.Time // when its day had passed without its being submitted; stays when it comes late
	AssigneeID    *uuid.UUID // the specialist in charge
	AssignedAt    *time.Time
	Round         int // how often it was submitted
	Version       int
}

// FormKey names the form of the cycle within its edition.
func (c Cycle) FormKey() string {
	return catalogue.FormKey(append([]string{c.EntityType}, c.AlsoTypes...)...)
}

// asks reports whether a cycle asks what a kind of member is asked.
func (c Cycle) asks(entityType string) bool {
	return c.EntityType == entityType || slices.Contains(c.AlsoTypes, entityType)
}

// Overdue reports whether the company owes a profile whose day has passed.
func (c Cycle) Overdue() bool { return c.Status == Open && c.OverdueAt != nil }

// TableName is the table that holds cycles.
func (Cycle) TableName() string { return "profile_cycle" }

// Given is the present answer to one question, for the company or as an exception for
// one site. Lists read it without its value.
type Given struct {
	Criterion string
	Question  string
	Site      uuid.UUID        // the zero id: the company's answer
	Value     catalogue.Answer // empty where only the rest was read
	Choice    string           // yes, no, na or an option's code
	Complete  bool             // it says everything that the question asks
	Carried   bool             // came from the last cycle and has not been touched since
	Version   int
	At        time.Time
	Author    string
}

// Site is a place of the company that is in use.
type Site struct {
	ID       uuid.UUID `json:"id"`
	Name     string    `json:"name"`
	City     string    `json:"city"`
	Country  string    `json:"country"`
	Activity string    `json:"activity"` // a code of programme.Activities
	AddedAt  time.Time `json:"added_at,omitzero"`
}

// Note is what a company notes about one criterion.
type Note struct {
	Criterion   string     `json:"criterion"`
	AssigneeID  *uuid.UUID `json:"assignee_id"` // who fills it in
	Assignee    string     `json:"assignee"`    // that person's name
	DueOn       clock.Day  `json:"due_on"`      // until when; zero: no day
	ConfirmedAt *time.Time `json:"confirmed_at"`
	Confirmer   string     `json:"confirmer"` // who said that last cycle's answers are still true
	Version     int        `json:"version"`
}

// Remark is one criterion of an open return, which it unlocks.
type Remark struct {
	Criterion  string     `json:"criterion"`
	Text       string     `json:"text"`
	AnsweredAt *time.Time `json:"answered_at"`
	Answerer   string     `json:"answerer"`
	Version    int        `json:"version"`
}

// Return is a submission that was sent back and not answered yet.
type Return struct {
	ID      uuid.UUID `json:"id"`
	Round   int       `json:"round"` // of the submission that was sent back
	Message string    `json:"message"`
	SentAt  time.Time `json:"sent_at"`
	Remarks []Remark  `json:"remarks"`
}

// LastCycle is the cycle whose answers were carried over.
type LastCycle struct {
	ID        uuid.UUID `json:"id"`
	Reference string    `json:"reference"`
	Edition   string    `json:"edition"`
}

// Firm is what a profile must know of its company.
type Firm struct {
	ID      uuid.UUID
	Name    string
	Country string
	Office  string // the name of the office in charge
	Zone    *time.Location
}
