// Package roster knows the officers who go on visits: where each works from, what for and
// how much, when each is busy, and which times work for a team.
//
// An officer is a person of the agency with a right to work cases. When somebody is busy
// is one table, booking: visits with their travel, leave, training. Two bookings of an
// officer never overlap. The database sees to that whatever the portal does
// (constraint no_double_booking); Book only says it in words.
package roster

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Service is the officers and their calendars.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Calendars  clock.Calendars
	Programmes *programme.Register
}

// Officer is a person of the agency who goes on visits.
type Officer struct {
	PersonID     uuid.UUID
	Name         string
	OfficeID     uuid.UUID
	Office       string   // name
	OfficeZone   string   // IANA
	Calendar     string   // code of the office's business calendar
	Languages    []string `gorm:"-"` // ISO 639-1
	Skills       []string `gorm:"-"` // kinds of member that the officer validates, as programme/entity_type
	Base         string   // city or airport that visits start from
	BaseCountry  string
	BaseLat      float64
	BaseLon      float64
	Zone         string // IANA; empty: the office's
	WorkDays     []int  `gorm:"-"` // ISO weekdays: Monday is 1
	WorkFrom     string // HH:MM, wall time in the officer's zone
	WorkTo       string
	Capacity     int // days of visits in a month
	Nights       int // most nights away in a month
	WeeksInARow  int // most weeks in a row with nights away
	Active       bool
	Version      int
	EndedByRight bool // nobody lets this person work cases any more
}

// HomeZone is the IANA zone that the officer's working hours are in.
func (o Officer) HomeZone() string {
	if o.Zone != "" {
		return o.Zone
	}
	return o.OfficeZone
}

// Kinds of bookings.
const (
	Visit    = "visit"
	Leave    = "leave"
	Training = "training"
	Other    = "other"
)

// States of a booking. A hold counts as busy until it is freed.
const (
	Hold      = "hold"
	Confirmed = "confirmed"
	Cancelled = "cancelled"
)

// Booking is a time in which an officer is busy.
type Booking struct {
	ID           uuid.UUID
	OfficerID    uuid.UUID
	Kind         string
	State        string
	VisitID      *uuid.UUID // of kind visit, and of no other
	SlotID       *uuid.UUID // the offered time that it holds
	StartsAt     time.Time
	EndsAt       time.Time
	TravelBefore int // minutes, during which the officer is busy too
	TravelAfter  int
	HoldUntil    *time.Time // of a hold
	Note         string
	MadeAt       time.Time
	MadeBy       *uuid.UUID
	Version      int
}

// VisitDays is how many days of visits a booking counts for: one for each day or part of
// a day, as far as hours alone can tell. The hour in which clocks change does not add one.
func VisitDays(from, to time.Time) int {
	return max(1, int(math.Ceil((to.Sub(from).Hours()-2)/24)))
}

// Travel that lets an officer come home the same day, and that takes a day of its own.
const (
	dayTrip   = 180 // minutes one way
	wholeTrip = 720
)

// NightsAway is how many nights a visit of so many days takes: none when the officer comes
// home each day, else one for each day and one more for each whole day of travel.
func NightsAway(days, travel int) int {
	if travel <= dayTrip {
		return 0
	}
	return days + travel/wholeTrip
}

// Reason says why something is as it is, for a person to read.
type Reason struct {
	Message string // English source text with printf verbs
	Args    []any
}

// Because makes a reason.
func Because(message string, args ...any) Reason { return Reason{message, args} }

// Text is the reason in the reader's language.
func (r Reason) Text(ctx context.Context) string {
	args := make([]any, len(r.Args))
	for i, a := range r.Args {
		switch v := a.(type) {
		case clock.Day:
			a = v.Text(ctx)
		case Reason:
			a = v.Text(ctx)
		}
		args[i] = a
	}
	return i18n.T(ctx, r.Message, args...)
}
