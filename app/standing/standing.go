// Package standing is what a membership was worth on each day, and what the portal knew of
// it at each moment. It has two axes of time: the days on which a status is valid, and the
// time for which the portal held it to be so. “What was true on 3 May” and “what did we say
// on 3 May” are two questions, and both have an answer for ever.
//
// The source of everything is a list of legal events that are never changed. A decision that
// turns out wrong is not erased: a later event overturns it, and from then on the portal
// knows better about the days before. Spans follow from the events by Derive, which does no
// I/O; the table standing keeps them so that an answer is one look-up, and the database
// refuses two statuses for the same day and the same moment of knowledge.
//
// A membership has one or more types, for a combined holder can lose one and keep the other
// (Delegated Regulation (EU) 2015/2446, Art. 30(3)). Programmes without types have one,
// named Whole.
//
// Who may: this package records for other domains, which have decided who may. Reading is
// for the company's own people and the agency's case readers; to others there is nothing.
package standing

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
)

// Whole is the type of a membership that has no parts.
const Whole = "membership"

// Kind is what happened in law.
type Kind string

// The kinds of event.
const (
	Granted    Kind = "granted"    // the membership begins
	Awarded    Kind = "awarded"    // another tier, by the programme's rule
	Suspended  Kind = "suspended"  // no benefits until reinstated
	Reinstated Kind = "reinstated" // the end of the suspension with the same cause
	Limited    Kind = "limited"    // some benefits denied: "benefits may be denied in whole or in part" (6 U.S.C. 967(a))
	Restored   Kind = "restored"   // the end of the limit with the same cause
	Removed    Kind = "removed"    // ended by the agency; the EU says revoked
	Annulled   Kind = "annulled"   // ended as if never granted (Regulation (EU) No 952/2013, Art. 27)
	Withdrawn  Kind = "withdrawn"  // ended at the member's own wish
	Succeeded  Kind = "succeeded"  // ended because another membership takes its place: merger, split, sale, other type
	Overturned Kind = "overturned" // an earlier event falls, as if it had never been: an appeal won, a step called off
)

// Kinds lists every kind in the order of a membership's life.
func Kinds() []Kind {
	return []Kind{Granted, Awarded, Suspended, Reinstated, Limited, Restored, Removed, Annulled, Withdrawn, Succeeded, Overturned}
}

// Name is the kind for a person to read (English source text).
func (k Kind) Name() string {
	return map[Kind]string{Granted: "Granted", Awarded: "Tier awarded", Suspended: "Suspended", Reinstated: "Reinstated",
		Limited: "Benefits limited", Restored: "Benefits restored", Removed: "Removed", Annulled: "Annulled", Withdrawn: "Withdrawn",
		Succeeded: "Passed on to another membership", Overturned: "Decision overturned"}[k]
}

// Ends reports whether nothing of the type is left after the event.
func (k Kind) Ends() bool { return slices.Contains([]Kind{Removed, Annulled, Withdrawn, Succeeded}, k) }

// State is what one type of a membership is on a day.
type State string

// The states. Before its first day a membership has none.
const (
	None      State = ""
	Active    State = "active"
	OnHold    State = "suspended"
	Ended     State = "ended"
	Cancelled State = "annulled" // as if never granted
)

// Name is the state for a person to read (English source text).
func (s State) Name() string {
	return map[State]string{None: "No membership", Active: "Active", OnHold: "Suspended", Ended: "Ended", Cancelled: "Annulled, as if never granted"}[s]
}

// Cause is the record from which an event follows: an application, a validation, an
// enforcement case, an appeal, a case of leaving or changing.
type Cause struct {
	Kind string
	ID   uuid.UUID
}

// Event is one dated fact in law about a membership. It is never changed.
type Event struct {
	ID           uuid.UUID
	Seq          int64 // the order in which the portal learned of them
	MembershipID uuid.UUID
	CompanyID    uuid.UUID
	Kind         Kind
	Types        []string  // the types it is about
	On           clock.Day // first day of its effect, civil in the zone of the membership's office
	RecordedAt   time.Time
	RecordedBy   *uuid.UUID // nil: the portal itself
	Tier         string     // of granted and awarded
	Benefits     []string   // of limited: codes of the programme's benefits
	Undoes       *uuid.UUID // of overturned
	Cause        Cause
	Ground       string // code of the programme, for clocks that start only for some grounds
	Reason       string
	Source       string // law or clause
}

// Span is what one type of a membership is over a stretch of days.
type Span struct {
	Type    string
	State   State
	Tier    string
	Denied  []string // benefits denied while active
	From    clock.Day
	Until   clock.Day // the first day on which it is no longer so; zero: open
	How     Kind      // of an ended one
	EventID uuid.UUID // the event that made it so
}

// Open reports whether the span has no end yet.
func (s Span) Open() bool { return s.Until.IsZero() }

// Covers reports whether a day lies in the span.
func (s Span) Covers(d clock.Day) bool {
	return !d.Before(s.From) && (s.Open() || d.Before(s.Until))
}

// Counts reports whether others may rely on the membership during the span.
func (s Span) Counts() bool { return s.State == Active }

// Gives reports whether the member has a benefit during the span: none while suspended
// (Delegated Regulation (EU) 2015/2446, Art. 17; 6 U.S.C. 967(a)), and none that is denied.
func (s Span) Gives(benefit string) bool {
	return s.State == Active && !slices.Contains(s.Denied, benefit)
}

// same reports whether two spans say the same about the same days.
func (s Span) same(o Span) bool {
	return s.Type == o.Type && s.State == o.State && s.Tier == o.Tier && s.From == o.From && s.Until == o.Until &&
		s.How == o.How && s.EventID == o.EventID && slices.Equal(s.Denied, o.Denied)
}

// At finds what a type was on a day; false: nothing.
func At(spans []Span, kind string, d clock.Day) (Span, bool) {
	i := slices.IndexFunc(spans, func(s Span) bool { return s.Type == kind && s.Covers(d) })
	if i < 0 {
		return Span{}, false
	}
	return spans[i], true
}
