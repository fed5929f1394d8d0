// Package consultation answers partner agencies that ask for the status of a member, and
// keeps a record of every question. No answer leaves before its record is on disk.
//
// An answer has three parts that are never made one: whether the check worked (Outcome),
// what the membership is (Status), and what the partner is to make of it (Recognition, with
// a Reason). A member is disclosed to an agency under an arrangement when the agency is the
// arrangement's partner, the member's consent is live at that moment, and the membership is
// of the arrangement's home programme. All three stand in the statement that looks it up,
// for the portal looks with its own eyes. Unknown and not consented are answered alike, by
// the same path.
//
// Why questions wait for each other: a transaction of its own for each question, with a hash
// that needs the one before, answers a tenth of what a database can. Questions that come
// together are looked up by one statement and recorded by one commit (see group.go).
//
// Who may: officers and administrators of a partner agency ask, and read what their agency
// asked. Headquarters and auditors read all of it. To a company its own is counted, if the
// arrangement lets it be.
package consultation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Outcome is whether a check worked.
type Outcome string

// The outcomes. Unknown and not consented are both NoRecord.
const (
	Answered    Outcome = "answered"
	Ambiguous   Outcome = "ambiguous" // more is needed to tell whom it is about
	NoRecord    Outcome = "no_record"
	Unavailable Outcome = "unavailable" // ask again later; nothing was recorded
	Refused     Outcome = "refused"
)

// Status is what a membership is on a day.
type Status string

// The statuses.
const (
	Certified Status = "certified"
	Validated Status = "validated"
	Suspended Status = "suspended"
	Withdrawn Status = "withdrawn"
	Removed   Status = "removed"
	Expired   Status = "expired" // another membership took its place
)

// Recognition is what a partner is to make of it.
type Recognition string

// The recognitions.
const (
	Grant  Recognition = "grant_benefits"
	Deny   Recognition = "do_not_grant"
	Review Recognition = "review_case"
)

// Reason is why benefits are not granted; empty: they are.
type Reason string

// The reasons.
const (
	NoArrangement        Reason = "NO_ARRANGEMENT"
	NotYetInForce        Reason = "NOT_YET_IN_FORCE"
	ArrangementSuspended Reason = "ARRANGEMENT_SUSPENDED"
	TypeNotCovered       Reason = "TYPE_NOT_COVERED"
	TierTooLow           Reason = "TIER_TOO_LOW"
	WasSuspended         Reason = "SUSPENDED"
	WasRevoked           Reason = "REVOKED"
	WasWithdrawn         Reason = "WITHDRAWN"
	NotDisclosed         Reason = "NOT_DISCLOSED"
	IsAmbiguous          Reason = "AMBIGUOUS"
	Stale                Reason = "STALE"
)

// RuleState is what an arrangement is on a day.
type RuleState string

// The states of an arrangement.
const (
	RuleInForce   RuleState = "in_force"
	RuleNotYet    RuleState = "not_yet"
	RuleSuspended RuleState = "suspended"
	RuleEnded     RuleState = "ended"
)

// Rule is what an arrangement of an agency says on a day.
type Rule struct {
	Arrangement string // code
	Programme   string // home programme
	State       RuleState
	General     bool          // a consent to all arrangements counts too
	Version     string        // of the arrangement's data and life; answers name it
	ValidFor    time.Duration // how long an answer may be relied on; zero: an hour
	// Covers says why a member is outside of the arrangement's scope; empty: it is inside.
	// Types are those of the membership that are active. Nil covers everybody.
	Covers func(entityType, tier string, types []string) Reason
}

// Rules finds the rules of an agency on a day, civil at headquarters; the zero day is the
// present one. It is called for every question, so it
// answers from memory, at most a few seconds old. Consents and who is whose partner are not
// its matter: they are read with the member.
type Rules func(ctx context.Context, agency uuid.UUID, day clock.Day) ([]Rule, error)

// Question is one check.
type Question struct {
	Scheme      string    // of app/identifier, or "membership"; empty: any
	Value       string    // the identifier as it was written
	Company     uuid.UUID // instead of an identifier: a candidate that was chosen
	Arrangement string    // empty: any of the agency's
	Purpose     string    // code of the pick list
	OwnRef      string    // of the agency's own file
	On          clock.Day // the day in question; zero: now
	KnownAt     time.Time // what the portal knew then; zero: knows now
	Client      string    // the system that asks; empty: a person

	batch uuid.UUID
	row   int
}

// Service is what people do with checks.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Programmes *programme.Register
	Rules      Rules
	Purposes   []Purpose
	Sign       func(payload []byte) (string, error) // a compact JWS; nil: answers are not signed

	group group
}

// Purpose is a reason to ask, in the pick list.
type Purpose struct {
	Code string `yaml:"code"`
	Name string `yaml:"name"`
}

// Partner lets those through who ask for a partner agency.
func partner(by identity.Actor) error {
	if !by.Abroad() {
		return fault.Missing()
	}
	return nil
}

// Overseers see the checks of all agencies.
func Overseers() []identity.Role { return []identity.Role{identity.Headquarters, identity.Auditor} }
