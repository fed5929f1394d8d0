package programme

import "slices"

// Requirement is a membership of another programme without which there is none of this one.
type Requirement struct {
	Programme   string   `yaml:"programme"`
	Tiers       []string `yaml:"tiers"` // empty: any
	EntityTypes []string `yaml:"entity_types"`
	Because     string   `yaml:"because"` // the sentence for a company that has none
	Source      string   `yaml:"source"`
	Draft       bool     `yaml:"draft"`
}

// Met reports whether an active membership is what is required.
func (r Requirement) Met(programme, entityType, tier string) bool {
	return programme == r.Programme && slices.Contains(r.EntityTypes, entityType) && (len(r.Tiers) == 0 || slices.Contains(r.Tiers, tier))
}

// Choosing is a choice among the numbers of a company: those that take part.
type Choosing struct {
	Schemes []string `yaml:"schemes"`
	Text    string   `yaml:"text"` // the question
	Source  string   `yaml:"source"`
	Draft   bool     `yaml:"draft"`
}

// RequiredBy lists the programmes that cannot be had without one of this code.
func (r *Register) RequiredBy(code string) (out []*Programme) {
	for _, p := range r.programmes {
		if p.Requires != nil && p.Requires.Programme == code {
			out = append(out, p)
		}
	}
	return out
}

// required looks at what one programme says of another. A folder that is checked alone knows
// no others.
func (r *Register) required(of *Programme, bad func(at []any, format string, args ...any)) {
	q := of.Requires
	if q == nil || len(r.programmes) < 2 {
		return
	}
	other, ok := r.Get(q.Programme)
	switch {
	case !ok:
		bad(at("requires", "programme"), "there is no programme %q", q.Programme)
		return
	case other.Requires != nil:
		bad(at("requires", "programme"), "the programme %q requires another one itself", q.Programme)
	}
	for i, code := range q.Tiers {
		if _, ok := other.Tier(code); !ok {
			bad(at("requires", "tiers", i), "the programme %q has no tier %q", q.Programme, code)
		}
	}
	for i, code := range q.EntityTypes {
		if _, ok := other.EntityType(code); !ok {
			bad(at("requires", "entity_types", i), "the programme %q has no entity type %q", q.Programme, code)
		}
	}
}
