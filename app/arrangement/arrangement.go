// Package arrangement is the register of mutual recognition arrangements: who agreed with
// whom to recognise each other's trusted traders, from when, for whom, and what became of it.
//
// What was published of each is data (config/arrangements), and so are the rules of those in
// which a programme of ours takes part. What happens to an arrangement is kept as events in
// two axes of time: the day of effect, and the moment at which the portal learned of it. An
// event that proves wrong is overturned by a later one and stays readable. Life says from both
// what an arrangement was on a day, as known at an instant.
//
// Who may: headquarters keeps the register. Suspending, resuming and ending an arrangement
// take two of its people. Case readers read it. What a company or a partner reads of an
// arrangement is shown by the packages that come after this one.
package arrangement

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
)

// The flows of goods that a rule is about.
const (
	HomeToPartner = "home_to_partner" // goods of our member that arrive at the partner
	PartnerToHome = "partner_to_home" // goods that arrive here for our member
)

// The modes of consent.
const (
	General        = "general"         // one consent for all partners of the programme
	PerArrangement = "per_arrangement" // one for each
)

// Everywhere is what a general consent is kept under instead of a code.
const Everywhere = "*"

// Arrangement is what was published of one, and our rules for it.
type Arrangement struct {
	Code       string      `yaml:"code"`
	Parties    []string    `yaml:"parties"` // two: programmes, or a region and "each other"
	Kind       string      `yaml:"kind"`    // bilateral, plurilateral
	Signed     Date        `yaml:"signed"`
	InForce    Date        `yaml:"in_force"`
	Scope      string      `yaml:"scope"`
	Notes      string      `yaml:"notes"`
	Source     string      `yaml:"source"`
	Confidence string      `yaml:"confidence"` // high, medium, low
	Mirrors    string      `yaml:"mirrors"`    // the same arrangement, listed from the other side
	Operative  []Operative `yaml:"operative"`  // one for each programme of ours that takes part
}

// Title names the arrangement by its parties.
func (a Arrangement) Title() string { return strings.Join(a.Parties, " – ") }

// Ours reports whether a programme of ours takes part.
func (a Arrangement) Ours() bool { return len(a.Operative) > 0 }

// For finds the rules for a programme of ours.
func (a Arrangement) For(home string) (Operative, bool) {
	i := slices.IndexFunc(a.Operative, func(o Operative) bool { return o.Home == home })
	if i < 0 {
		return Operative{}, false
	}
	return a.Operative[i], true
}

// Operative is how an arrangement works for one programme of ours.
type Operative struct {
	Home             string      `yaml:"home"`    // code of the programme
	Partner          string      `yaml:"partner"` // the other programme
	Authority        string      `yaml:"authority"`
	Countries        []string    `yaml:"countries"`     // ISO 3166-1
	PartnerTypes     string      `yaml:"partner_types"` // which of their members we recognise, in words
	Consent          string      `yaml:"consent"`       // code of the text
	Scope            []Rule      `yaml:"scope"`
	ScopeDraft       bool        `yaml:"scope_draft"`
	Identifiers      Identifiers `yaml:"identifiers"`
	Exchange         Exchange    `yaml:"exchange"`
	Feed             *FeedOwn    `yaml:"feed"` // nil: as all
	Contacts         []Contact   `yaml:"contacts"`
	RetentionYears   int         `yaml:"retention_years"`
	MembersSeeChecks bool        `yaml:"members_see_checks"`
	Draft            bool        `yaml:"draft"` // what goes beyond the sources is to be confirmed
}

// Rule says for which members an arrangement counts. What is left out does not narrow it.
type Rule struct {
	Flow        string   `yaml:"flow"`
	EntityTypes []string `yaml:"entity_types"`
	Tiers       []string `yaml:"tiers"`
	Types       []string `yaml:"types"` // of the membership, one of which is enough
	From        string   `yaml:"from"`  // day; empty: from the start of the arrangement
}

// Covers reports whether the rule is about a flow and covers a member of this kind, tier and
// types. An empty flow stands for any.
func (r Rule) Covers(flow, entityType, tier string, types []string) bool {
	return (flow == "" || flow == r.Flow) &&
		(len(r.EntityTypes) == 0 || slices.Contains(r.EntityTypes, entityType)) &&
		(len(r.Tiers) == 0 || slices.Contains(r.Tiers, tier)) &&
		(len(r.Types) == 0 || slices.ContainsFunc(types, func(t string) bool { return slices.Contains(r.Types, t) }))
}

// since reports whether the rule counts on a day already.
func (r Rule) since(d clock.Day) bool {
	if r.From == "" {
		return true
	}
	from, err := clock.ParseDay(r.From) // checked when it was read
	return err == nil && !d.Before(from)
}

// The reasons why a member is not covered.
const (
	TypeNotCovered = "TYPE_NOT_COVERED"
	TierTooLow     = "TIER_TOO_LOW"
)

// Covers reports whether some rule covers a member on a day; reason says why none does. An
// empty flow stands for any.
func (o Operative) Covers(d clock.Day, flow, entityType, tier string, types []string) (ok bool, reason string) {
	reason = TypeNotCovered
	for _, r := range o.Scope {
		if !r.since(d) {
			continue
		}
		if r.Covers(flow, entityType, tier, types) {
			return true, ""
		}
		if len(r.Tiers) > 0 && r.Covers(flow, entityType, r.Tiers[0], types) {
			reason = TierTooLow
		}
	}
	return false, reason
}

// Identifiers are the numbers by which a partner knows our members.
type Identifiers struct {
	Schemes   []string `yaml:"schemes"`   // codes of identifier.PartnerSchemes that the partner takes
	Converter string   `yaml:"converter"` // code of identifier.Convert; empty: taken as it is
	Declare   Declare  `yaml:"declare"`
}

// Declare is what the trading partner of a member has to write where.
type Declare struct {
	What   string `yaml:"what"`
	Field  string `yaml:"field"`
	By     string `yaml:"by"`
	Sample string `yaml:"sample"`
	Source string `yaml:"source"`
	Draft  bool   `yaml:"draft"`
}

// Exchange is how often and by what means the status of members is exchanged.
type Exchange struct {
	Frequency string `yaml:"frequency"` // never, daily, weekly, monthly, quarterly, yearly
	Channel   string `yaml:"channel"`   // automatic, spreadsheet, other
	Source    string `yaml:"source"`
	Draft     bool   `yaml:"draft"`
}

// Contact is a desk of the partner, never a person.
type Contact struct {
	Role    string `yaml:"role"`
	Address string `yaml:"address"`
}

// Date is a date as it was published: a day, or only a month or a year. Empty: not found.
type Date string

// Whole reports whether the day itself is known.
func (d Date) Whole() bool { return len(d) == len(time.DateOnly) }

// last is the latest day that the date can mean; zero: none is known.
func (d Date) last() clock.Day {
	if d == "" {
		return clock.Day{}
	}
	text := string(d)
	switch len(text) {
	case 4:
		text += "-12-31"
	case 7:
		first, err := time.Parse("2006-01", text)
		if err != nil {
			return clock.Day{}
		}
		text = first.AddDate(0, 1, -1).Format(time.DateOnly)
	}
	day, err := clock.ParseDay(text)
	if err != nil {
		return clock.Day{}
	}
	return day
}

// Kind is what happened to an arrangement.
type Kind string

// The kinds of event.
const (
	Phase      Kind = "phase" // it has come to a phase of its life
	Signature  Kind = "signed"
	Start      Kind = "in_force"
	Suspended  Kind = "suspended"
	Resumed    Kind = "resumed"
	Ended      Kind = "ended"
	Overturned Kind = "overturned" // an earlier event falls, as if it had never been
)

// Alone lists the kinds that one person of headquarters records.
func Alone() []Kind { return []Kind{Phase, Signature, Start} }

// Together lists the kinds that one person proposes and another decides.
func Together() []Kind { return []Kind{Suspended, Resumed, Ended} }

// Name is the kind for a person to read (English source text).
func (k Kind) Name() string {
	return map[Kind]string{Phase: "Phase reached", Signature: "Signed", Start: "In force", Suspended: "Suspended", Resumed: "Resumed", Ended: "Ended", Overturned: "Taken back"}[k]
}

// Event is one dated fact about an arrangement. It is never changed.
type Event struct {
	ID          uuid.UUID
	Arrangement string
	Kind        Kind
	Phase       string
	OnDay       clock.Day // first day of its effect, civil at headquarters
	RecordedAt  time.Time
	Recorder    string
	Approver    string // of those that take two
	Source      string
	Note        string
	Undoes      *uuid.UUID
}

// State is what an arrangement is on a day.
type State string

// The states.
const (
	Unknown    State = "unknown"   // nothing of it is known by then
	Planned    State = "planned"   // on its way to a signature
	Agreed     State = "signed"    // signed, and no start is known
	Running    State = "in_force"  //
	OnHold     State = "suspended" //
	Terminated State = "ended"     //
)

// States lists every state in the order of an arrangement's life.
func States() []State { return []State{Planned, Agreed, Running, OnHold, Terminated, Unknown} }

// Name is the state for a person to read (English source text).
func (s State) Name() string {
	return map[State]string{Unknown: "No date known", Planned: "In preparation", Agreed: "Signed, start not recorded", Running: "In force", OnHold: "Suspended", Terminated: "Ended"}[s]
}

// Life is everything that is known of one arrangement over time.
type Life struct {
	Of     Arrangement
	Events []Event // in any order
}

// On says what the arrangement was on a day, as known at an instant: from the published dates
// and the events that were recorded by then and have not fallen. Of a date of which only the
// month or the year was published, its last day counts: the portal does not say too early that
// an arrangement is in force.
func (l Life) On(day clock.Day, known time.Time) State {
	state := Unknown
	if d := l.Of.Signed.last(); !d.IsZero() && !day.Before(d) {
		state = Agreed
	}
	if d := l.Of.InForce.last(); !d.IsZero() && !day.Before(d) {
		state = Running
	}
	for _, e := range l.standing(known) {
		if e.OnDay.After(day) {
			continue
		}
		state = next(state, e.Kind)
	}
	return state
}

// Step is the last event that made the arrangement what it is on a day, as known at an instant.
func (l Life) Step(day clock.Day, known time.Time) (e Event, ok bool) {
	at := Life{Of: l.Of}
	state := at.On(day, known)
	for _, x := range l.standing(known) {
		if x.OnDay.After(day) {
			continue
		}
		if to := next(state, x.Kind); to != state {
			state, e, ok = to, x, true
		}
	}
	return e, ok
}

// next is what an event makes of a state. One that does not fit changes nothing.
func next(s State, k Kind) State {
	switch {
	case s == Terminated:
		return s
	case k == Phase && s == Unknown:
		return Planned
	case k == Signature && (s == Unknown || s == Planned):
		return Agreed
	case k == Start && s != OnHold:
		return Running
	case k == Suspended && s == Running:
		return OnHold
	case k == Resumed && s == OnHold:
		return Running
	case k == Ended:
		return Terminated
	}
	return s
}

// standing are the events that count, as known at an instant, in the order of their effect.
func (l Life) standing(known time.Time) (out []Event) {
	fallen := map[uuid.UUID]bool{}
	late := slices.SortedFunc(slices.Values(l.Events), func(a, b Event) int { return b.RecordedAt.Compare(a.RecordedAt) })
	for _, e := range late { // an overturning can itself be overturned, so the latest speak first
		if e.Kind == Overturned && e.Undoes != nil && !e.RecordedAt.After(known) && !fallen[e.ID] {
			fallen[*e.Undoes] = true
		}
	}
	for _, e := range l.Events {
		if e.Kind != Overturned && !fallen[e.ID] && !e.RecordedAt.After(known) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b Event) int { return cmp.Or(a.OnDay.Compare(b.OnDay), a.RecordedAt.Compare(b.RecordedAt)) })
	return out
}

// Fallen reports whether an event was overturned.
func (l Life) Fallen(id uuid.UUID, known time.Time) bool {
	return !slices.ContainsFunc(l.standing(known), func(e Event) bool { return e.ID == id })
}

// Reached is the day on which a phase was reached, as known at an instant.
func (l Life) Reached(phase string, known time.Time) (clock.Day, bool) {
	for _, e := range l.standing(known) {
		if e.Kind == Phase && e.Phase == phase {
			return e.OnDay, true
		}
	}
	return clock.Day{}, false
}
