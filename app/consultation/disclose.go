package consultation

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/standing"
)

// part is one type of a membership on the day in question.
type part struct {
	EntityType
	rule   Rule
	denied bool
	class  string
	verdict
}

// verdict is what a partner is to make of a part.
type verdict struct {
	recognition Recognition
	reason      Reason
}

// disclose writes what is known of a member into the answer.
func (s *Service) disclose(a *ask, company uuid.UUID, now time.Time) {
	w := &a.answer
	w.Outcome = Answered
	for _, f := range a.found {
		if !f.real || f.companyID != company {
			continue
		}
		if f.scheme != "" && !slices.Contains(w.Matched, Identifier{f.scheme, f.value}) {
			w.Matched = append(w.Matched, Identifier{f.scheme, f.value})
		}
		if w.Member == nil && f.name != nil {
			w.Member = &Member{Name: *f.name, Country: *f.country}
		}
	}
	parts, today := s.parts(a, company)
	if !a.On.IsZero() {
		w.LaterChange = changed(parts, today)
	}
	if len(parts) == 0 { // the membership had not begun on that day
		*w = Answer{Outcome: NoRecord, Recognition: Deny, Reason: NotDisclosed, AsOf: w.AsOf, KnownAt: w.KnownAt, ListVersion: w.ListVersion, ValidForSecs: w.ValidForSecs, company: w.company}
		return
	}
	judge(parts)
	best := slices.MinFunc(parts, better)
	w.Status, w.Since, w.Recognition, w.Reason, w.Arrangement = best.Status, best.Since, best.recognition, best.reason, best.rule.Arrangement
	if best.Status != Certified && best.Status != Validated || best.denied {
		w.ReasonClass = best.class
	}
	if best.rule.ValidFor > 0 {
		w.ValidForSecs = int(best.rule.ValidFor.Seconds())
	}
	for _, p := range parts {
		w.EntityTypes = append(w.EntityTypes, p.EntityType)
	}
}

// parts are the types of the company's memberships on the day in question, and today.
func (s *Service) parts(a *ask, company uuid.UUID) (asked, today []part) {
	type key struct {
		membership  uuid.UUID
		arrangement string
		kind        string
		since       time.Time
	}
	seen := map[key]bool{}
	for _, f := range a.found {
		if !f.real || f.companyID != company || f.membership == nil || f.kind == nil {
			continue
		}
		k := key{*f.membership, *f.arrangement, *f.kind, *f.since}
		i := slices.IndexFunc(a.rules, func(r Rule) bool { return r.Arrangement == *f.arrangement && r.Programme == *f.programme })
		if seen[k] || i < 0 {
			continue
		}
		seen[k] = true
		p := part{rule: a.rules[i], denied: *f.denied, class: s.class(f),
			EntityType: EntityType{Entity: *f.entity, Number: *f.number, Since: day(f.since), Until: day(f.until), Tier: *f.tier, Status: s.status(f)}}
		if *f.kind != standing.Whole {
			p.Type = *f.kind
		}
		if *f.onDay {
			asked = append(asked, p)
		}
		if *f.onToday {
			today = append(today, p)
		}
	}
	return asked, today
}

// changed reports whether a member is something else today.
func changed(asked, today []part) bool {
	same := func(x, y part) bool {
		return x.Number == y.Number && x.Type == y.Type && x.Status == y.Status && x.Tier == y.Tier && x.denied == y.denied
	}
	return len(asked) != len(today) || slices.ContainsFunc(asked, func(x part) bool {
		return !slices.ContainsFunc(today, func(y part) bool { return same(x, y) })
	})
}

// status puts a state into the words of arrangements.
func (s *Service) status(f found) Status {
	switch standing.State(*f.state) {
	case standing.Active:
		if p, ok := s.Programmes.Get(*f.programme); ok {
			if t, ok := p.Tier(*f.tier); ok && t.Validated {
				return Validated
			}
		}
		return Certified
	case standing.OnHold:
		return Suspended
	}
	switch standing.Kind(*f.how) {
	case standing.Withdrawn:
		return Withdrawn
	case standing.Succeeded:
		return Expired
	}
	return Removed
}

// class says of what kind the reason is, and never what it is.
func (s *Service) class(f found) string {
	if standing.Kind(*f.how) == standing.Withdrawn {
		return "own_request"
	}
	if f.ground == nil {
		return "administrative"
	}
	if p, ok := s.Programmes.Get(*f.programme); ok {
		if g, ok := p.Enforcement.Ground(*f.ground); ok && g.Own {
			return "own_request"
		} else if ok && g.Security {
			return "security"
		}
	}
	return "administrative"
}

// judge says what the partner is to make of each part.
func judge(parts []part) {
	var types []string
	for _, p := range parts {
		if p.Type != "" && (p.Status == Certified || p.Status == Validated) {
			types = append(types, p.Type)
		}
	}
	for i := range parts {
		parts[i].verdict = parts[i].judge(types)
		parts[i].Covered = parts[i].recognition == Grant
	}
}

func (p part) judge(types []string) verdict {
	switch p.rule.State {
	case RuleNotYet:
		return verdict{Deny, NotYetInForce}
	case RuleSuspended:
		return verdict{Deny, ArrangementSuspended}
	case RuleInForce:
	default:
		return verdict{Deny, NoArrangement}
	}
	switch {
	case p.Status == Suspended || p.denied:
		return verdict{Deny, WasSuspended}
	case p.Status == Removed:
		return verdict{Deny, WasRevoked}
	case p.Status == Withdrawn, p.Status == Expired:
		return verdict{Deny, WasWithdrawn}
	}
	if p.rule.Covers != nil {
		if why := p.rule.Covers(p.Entity, p.Tier, types); why != "" {
			return verdict{Deny, why}
		}
	}
	return verdict{Grant, ""}
}

// better orders parts: what is recognised first, then what is alive, then what is newer.
func better(x, y part) int {
	rank := func(p part) int {
		return slices.Index([]Status{Validated, Certified, Suspended, Withdrawn, Expired, Removed}, p.Status)
	}
	grant := func(p part) int {
		if p.recognition == Grant {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(grant(x), grant(y)), cmp.Compare(rank(x), rank(y)), y.Since.Compare(*x.Since), cmp.Compare(x.Number, y.Number), cmp.Compare(x.Type, y.Type))
}
