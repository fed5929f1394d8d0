package programme

import "slices"

// Succession is how members of a programme leave and change.
type Succession struct {
	Kinds   []ChangeKind   `yaml:"kinds"`
	Reasons []ChangeReason `yaml:"reasons"`
	Owing   *Owing         `yaml:"owing"` // nil: leaving while an answer is owed has no consequence
	Source  string         `yaml:"source"`
}

// Decider is who decides on a change.
type Decider string

// The deciders.
const (
	NobodyDecides     Decider = "nobody"     // the member's own word is enough
	ReviewerDecides   Decider = "reviewer"   // whoever looks at it
	SupervisorDecides Decider = "supervisor" // a supervisor other than the person who looked at it
)

// ChangeKind is one way to leave or to change.
type ChangeKind struct {
	Code    string   `yaml:"code"`
	Name    string   `yaml:"name"`
	Help    string   `yaml:"help"` // when to choose it
	Decides Decider  `yaml:"decides"`
	Follows []string `yaml:"follows"` // what follows, a sentence each
	Source  string   `yaml:"source"`
	Draft   bool     `yaml:"draft"`
}

// ChangeReason is why a member leaves or changes.
type ChangeReason struct {
	Code   string   `yaml:"code"`
	Name   string   `yaml:"name"`
	Kinds  []string `yaml:"kinds"`
	Source string   `yaml:"source"`
	Draft  bool     `yaml:"draft"`
}

// Owing says what it means that a member leaves while it owes an answer: the ground under
// which clocks hear of the withdrawal.
type Owing struct {
	Clock  string `yaml:"clock"` // while it runs, an answer is owed
	Ground string `yaml:"ground"`
	Source string `yaml:"source"`
	Draft  bool   `yaml:"draft"`
}

// Kind finds a way to leave or to change.
func (s Succession) Kind(code string) (ChangeKind, bool) {
	return find(s.Kinds, func(k ChangeKind) bool { return k.Code == code })
}

// ReasonsFor lists the reasons of a kind of change.
func (s Succession) ReasonsFor(kind string) (out []ChangeReason) {
	for _, r := range s.Reasons {
		if slices.Contains(r.Kinds, kind) {
			out = append(out, r)
		}
	}
	return out
}

// Reason finds a reason.
func (s Succession) Reason(code string) (ChangeReason, bool) {
	return find(s.Reasons, func(r ChangeReason) bool { return r.Code == code })
}

// Shares reports whether memberships of a company can share one security profile.
func (s Succession) Shares() bool {
	_, ok := s.Kind(shareKind)
	return ok
}

// The ways to share a profile and to end that. A programme has both or neither.
const shareKind, unshareKind = "share", "unshare"

// sharing looks at whether a yearly review ends and comes back where profiles can be shared.
func (c *checker) sharing() {
	const doc = "succession"
	s := c.p.Succession
	if _, back := s.Kind(unshareKind); back != s.Shares() {
		c.bad(doc, at("kinds"), "%q and %q come together", shareKind, unshareKind)
	}
	for _, code := range []string{shareKind, unshareKind} {
		if _, ok := s.Kind(code); ok && len(s.ReasonsFor(code)) == 0 {
			c.bad(doc, at("reasons"), "there is no reason for the kind %q", code)
		}
	}
	if !s.Shares() || !c.read("clocks") {
		return
	}
	yearly := 0
	for i, k := range c.p.clocks {
		if !slices.Contains(k.MetOn, AnnualReviewSubmitted) && k.OnExpiry != OpenReview {
			continue
		}
		yearly++
		if !slices.Contains(k.StopsOn, ProfileShared) {
			c.bad("clocks", at("clocks", i, "stops_on"), "profiles can be shared, so the event %q ends this clock", ProfileShared)
		}
		if !slices.Contains(k.StartsOn, ProfileUnshared) {
			c.bad("clocks", at("clocks", i, "starts_on"), "profiles can be shared, so the event %q starts this clock", ProfileUnshared)
		}
	}
	if yearly == 0 {
		c.bad(doc, at("kinds"), "profiles can be shared only where there is a yearly review")
	}
}

// succession looks at what no schema can see.
func (c *checker) succession() {
	const doc = "succession"
	if !c.read(doc) {
		return
	}
	s := c.p.Succession
	for _, code := range ChangeKinds() {
		if _, ok := s.Kind(code); !ok {
			c.bad(doc, at("kinds"), "the kind %q is missing", code)
		}
		if len(s.ReasonsFor(code)) == 0 {
			c.bad(doc, at("reasons"), "there is no reason for the kind %q", code)
		}
	}
	c.sharing()
	unique(s.Kinds, func(k ChangeKind) string { return k.Code }, func(i int, code string) {
		c.bad(doc, at("kinds", i, "code"), "the kind %q is there twice", code)
	})
	unique(s.Reasons, func(r ChangeReason) string { return r.Code }, func(i int, code string) {
		c.bad(doc, at("reasons", i, "code"), "the reason %q is there twice", code)
	})
	if s.Owing != nil && c.read("clocks") {
		if _, ok := c.p.Clock(s.Owing.Clock); !ok {
			c.bad(doc, at("owing", "clock"), "there is no clock %q", s.Owing.Clock)
		}
	}
}

// ChangeKinds lists the ways to leave and to change that every programme has. Where there is
// a yearly review, memberships of a company may share its profile as well.
func ChangeKinds() []string { return []string{"withdrawal", "merger", "split", "sale", "type_change"} }
