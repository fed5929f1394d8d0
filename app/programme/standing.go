package programme

import "slices"

// Standing is what a membership of a programme consists of and brings.
type Standing struct {
	Types    []StandingType `yaml:"types"`    // empty: a membership has no parts
	Holds    []Holding      `yaml:"holds"`    // which kind of member holds which types
	Benefits []Benefit      `yaml:"benefits"` // that can be denied one by one
	Claims   ClaimRules     `yaml:"claims"`   // of members that a benefit was not given
	Removal  Removal        `yaml:"removal"`
	Annul    bool           `yaml:"annulment"` // a membership can be ended as if never granted
	Source   string         `yaml:"source"`
}

// StandingType is a part of a membership that can be lost while another is kept.
type StandingType struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	Help   string `yaml:"help"`
	Source string `yaml:"source"`
}

// Holding says which types a kind of member holds.
type Holding struct {
	EntityType string   `yaml:"entity_type"`
	Types      []string `yaml:"types"`
}

// Benefit is something that members have and that can be denied.
type Benefit struct {
	Code   string        `yaml:"code"`
	Name   string        `yaml:"name"`
	Help   string        `yaml:"help"`
	Types  []string      `yaml:"types"` // the types that bring it; empty: any
	For    []BenefitRule `yaml:"for"`   // who has it: whom any rule names; empty: every member
	Source string        `yaml:"source"`
	Draft  bool          `yaml:"draft"`  // from practice, not from a published source
	Abroad bool          `yaml:"abroad"` // customs of partner countries give it
	Seen   *BenefitSight `yaml:"seen"`   // how reports of a member show it; nil: they cannot
}

// BenefitSight says which events of a member's reports show a benefit.
type BenefitSight struct {
	Kinds   []string `yaml:"kinds"`   // of event
	Types   []string `yaml:"types"`   // of the event, such as a lane; empty: any
	Without string   `yaml:"without"` // shipments without an event of this kind show it
}

// ClaimRules are the rules for claims that a benefit was not given.
type ClaimRules struct {
	BackMonths     int           `yaml:"back_months"` // how long ago the day may be
	Reasons        []ClaimReason `yaml:"reasons"`     // of the agency's answer
	PartnerReasons []ClaimReason `yaml:"partner_reasons"`
	Source         string        `yaml:"source"`
	Draft          bool          `yaml:"draft"`
}

// ClaimReason is why a claim was answered as it was.
type ClaimReason struct {
	Code    string `yaml:"code"`
	Outcome string `yaml:"outcome"` // not_given, given, not_owed
	Name    string `yaml:"name"`
	Text    string `yaml:"text"`
	Source  string `yaml:"source"`
	Draft   bool   `yaml:"draft"`
}

// Reason finds a reason of the agency's answer.
func (r ClaimRules) Reason(code string) (ClaimReason, bool) {
	return find(r.Reasons, func(x ClaimReason) bool { return x.Code == code })
}

// PartnerReason finds a reason of a partner's answer.
func (r ClaimRules) PartnerReason(code string) (ClaimReason, bool) {
	return find(r.PartnerReasons, func(x ClaimReason) bool { return x.Code == code })
}

// BenefitRule says of a kind of member and its tiers that they have a benefit.
type BenefitRule struct {
	EntityTypes []string `yaml:"entity_types"` // empty: every kind
	Tiers       []string `yaml:"tiers"`        // empty: every tier
	Draft       bool     `yaml:"draft"`        // for them, only practice says so
}

// Brings reports whether a kind of member has the benefit at a tier by a type, and whether
// only practice says so.
func (b Benefit) Brings(entityType, kind, tier string) (has, draft bool) {
	if len(b.Types) > 0 && !slices.Contains(b.Types, kind) {
		return false, false
	}
	if len(b.For) == 0 {
		return true, b.Draft
	}
	for _, r := range b.For {
		if (len(r.EntityTypes) == 0 || slices.Contains(r.EntityTypes, entityType)) && (len(r.Tiers) == 0 || slices.Contains(r.Tiers, tier)) {
			return true, b.Draft || r.Draft
		}
	}
	return false, false
}

// Removal is how the programme speaks of an end by the agency.
type Removal struct {
	Name  string `yaml:"name"`  // Removed, Revoked
	Verb  string `yaml:"verb"`  // Remove, Revoke
	Event string `yaml:"event"` // under which clocks hear of it
}

// WholeMembership is the type of a membership that has no parts.
const WholeMembership = "membership"

// TypesOf lists the types that a kind of member holds: one without a name of its own where
// the programme has none.
func (s Standing) TypesOf(entityType string) []string {
	for _, h := range s.Holds {
		if h.EntityType == entityType {
			return slices.Clone(h.Types)
		}
	}
	return []string{WholeMembership}
}

// Type finds a type.
func (s Standing) Type(code string) (StandingType, bool) {
	return find(s.Types, func(t StandingType) bool { return t.Code == code })
}

// Benefit finds a benefit.
func (s Standing) Benefit(code string) (Benefit, bool) {
	return find(s.Benefits, func(b Benefit) bool { return b.Code == code })
}

// standing looks at what no schema can see.
func (c *checker) standing() {
	const doc = "standing"
	if !c.read(doc) {
		return
	}
	s := c.p.Standing
	for i, h := range s.Holds {
		if !slices.ContainsFunc(c.p.entityTypes, func(e EntityType) bool { return e.Code == h.EntityType }) && c.read("entity_types") {
			c.bad(doc, at("holds", i, "entity_type"), "there is no entity type %q", h.EntityType)
		}
		for j, code := range h.Types {
			if _, ok := s.Type(code); !ok {
				c.bad(doc, at("holds", i, "types", j), "there is no type %q", code)
			}
		}
	}
	for i, b := range s.Benefits {
		for j, code := range b.Types {
			if _, ok := s.Type(code); !ok {
				c.bad(doc, at("benefits", i, "types", j), "there is no type %q", code)
			}
		}
		c.benefitRules(doc, i, b)
		if b.Abroad && len(s.Claims.PartnerReasons) == 0 {
			c.bad(doc, at("benefits", i, "abroad"), "partners give it, but claims have no partner_reasons")
		}
	}
	if len(s.Types) > 0 && c.read("entity_types") {
		for _, e := range c.p.entityTypes {
			if e.Enabled && !slices.ContainsFunc(s.Holds, func(h Holding) bool { return h.EntityType == e.Code }) {
				c.bad(doc, at("holds"), "it does not say which types %q holds", e.Code)
			}
		}
	}
}

func (c *checker) benefitRules(doc string, i int, b Benefit) {
	for j, r := range b.For {
		for k, code := range r.EntityTypes {
			if !slices.ContainsFunc(c.p.entityTypes, func(e EntityType) bool { return e.Code == code }) && c.read("entity_types") {
				c.bad(doc, at("benefits", i, "for", j, "entity_types", k), "there is no entity type %q", code)
			}
		}
		for k, code := range r.Tiers {
			if _, ok := c.p.Tier(code); !ok && c.read("programme") {
				c.bad(doc, at("benefits", i, "for", j, "tiers", k), "there is no tier %q", code)
			}
		}
	}
}
