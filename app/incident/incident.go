// Package incident is the register of incidents of members: those that the agency discovers
// or hears of, and those that a company reports itself. Each stands in it once.
//
// Who may: case workers of the office in charge register, complete, close and merge; the
// agency's case readers read. Those who edit for a company report its own incidents and add
// to them; its people read what it reported, and what it was told of in a case. To others
// nothing of it exists.
package incident

import (
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Kind names incidents in audit events and letters.
const Kind = notice.AboutIncident

// Incident is one entry of the register.
type Incident struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	Reference     string
	CompanyID     uuid.UUID
	MembershipID  *uuid.UUID // nil: the company as a whole
	OfficeID      uuid.UUID
	Programme     string
	Kind          string
	Status        Status
	Place         string // a site or a port of entry, in words
	OccurredOn    clock.Day
	OccurredUntil clock.Day // the same day when it is known
	FoundOn       clock.Day
	Way           string // how the agency learned of it, a code of the programme; empty for a self-report
	ToldBy        string // the agency or person who told, where somebody did
	Number        string // that identifies it: of an entry, a seal, a container or a report
	NumberKey     string
	Numbers       string // further entry, seal and container numbers
	Facts         string
	Consequences  string
	SelfReported  bool
	RegisteredAt  time.Time
	RegisteredBy  *uuid.UUID
	Author        string
	DiscoveredAt  *time.Time // when the agency learned of it from elsewhere
	ToldAt        *time.Time // from when on the company sees it
	Founded       *bool      // of a closed one: it did happen
	ClosingNote   string
	ClosedAt      *time.Time
	ClosedBy      *uuid.UUID
	MergedInto    *uuid.UUID
	CaseID        *uuid.UUID // of enforcement
	RuledOut      string     // why it is none of the likely duplicates
	Version       int
}

// TableName is the table that holds incidents.
func (Incident) TableName() string { return "incident" }

// SelfFirst reports whether the company told of it before the agency knew: that counts for
// the company when the incident is weighed.
func (i Incident) SelfFirst() bool {
	return i.SelfReported && (i.DiscoveredAt == nil || i.RegisteredAt.Before(*i.DiscoveredAt))
}

// Exact reports whether the day on which it happened is known.
func (i Incident) Exact() bool { return i.OccurredOn == i.OccurredUntil }

// Missing says what is still to be found out (English source texts).
func (i Incident) Missing() (out []string) {
	for _, x := range []struct {
		there bool
		what  string
	}{
		{i.Exact(), "The exact day"},
		{i.Number != "", "A number that identifies it"},
		{i.Facts != "", "What happened"},
		{i.Consequences != "", "What followed from it"},
		{i.MembershipID != nil, "The membership that it concerns"},
	} {
		if !x.there {
			out = append(out, x.what)
		}
	}
	return out
}

// KeyOf is a number without what people write differently: spaces, signs and small letters.
func KeyOf(number string) string {
	return strings.Map(func(r rune) rune {
		if r = unicode.ToUpper(r); r > 127 || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, number)
}

// Service is what people do with incidents.
type Service struct {
	DB    *pg.DB
	Now   func() time.Time
	Steps *Steps
}

// Steps works on incidents within a transaction: for this package, and for enforcement,
// which takes incidents up in its cases.
type Steps struct {
	Programmes *programme.Register
	Letters    *notice.Letters
}

// entryRow is one entry of the history.
type entryRow struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	IncidentID uuid.UUID
	CompanyID  uuid.UUID
	What       string
	Internal   bool
	Body       string
	Author     string
	PersonID   *uuid.UUID
	At         time.Time
}

// TableName is the table that holds entries.
func (entryRow) TableName() string { return "incident_entry" }

// EntryName says in words what an entry of the history is (English source text).
func EntryName(what string) string {
	return map[string]string{"report": "Reported", "register": "Registered", "look_into": "Being looked into", "close": "Closed", "reopen": "Opened again",
		"merge": "Merged", "pass": "Taken up in a case", "note": "Internal note", "supplement": "More from the company"}[what]
}
