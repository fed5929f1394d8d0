package standing

import (
	"slices"

	"trustedtrader/app/clock"
	"trustedtrader/app/programme"
)

// Right is how a benefit stands for a member.
type Right string

// The rights.
const (
	HasIt    Right = "has"       // it may count on it today
	IsDenied Right = "denied"    // 6 U.S.C. 967(a): denied in part
	Stopped  Right = "stopped"   // the membership is suspended
	Higher   Right = "higher"    // another tier would bring it
	NotBegun Right = "not_begun" // the membership has no effect yet
)

// Entitlement is a benefit of the programme as it stands for one type of a membership.
type Entitlement struct {
	programme.Benefit
	Type  string     // of the membership
	Right Right      //
	Since *clock.Day // of the right, without a gap; nil: for what it does not have
	Tiers []string   // of Higher: those that bring it, in the programme's order
	Draft bool       // for this member, only practice says so
}

// Entitlements says of every benefit of a programme how it stands for a member on a day:
// what it has, since when, what is denied or stopped, and what another tier would bring.
// Benefits that no tier brings to this kind of member are left out, as are types that have
// ended. spans are those known now.
func Entitlements(p *programme.Programme, entityType string, spans []Span, today clock.Day) (out []Entitlement) {
	for _, kind := range p.Standing.TypesOf(entityType) {
		mine := slices.DeleteFunc(slices.Clone(spans), func(s Span) bool { return s.Type != kind })
		slices.SortFunc(mine, func(x, y Span) int { return x.From.Compare(y.From) })
		current := slices.IndexFunc(mine, func(s Span) bool { return s.Covers(today) })
		if current < 0 && (len(mine) == 0 || !today.Before(mine[0].From)) || current >= 0 && mine[current].State == Ended {
			continue
		}
		for _, b := range p.Standing.Benefits {
			if e, has := entitled(p, b, entityType, kind, mine, current); has {
				out = append(out, e)
			}
		}
	}
	return out
}

// entitled looks at one benefit; current is the span of today among those of the type, or -1
// before the first.
func entitled(p *programme.Programme, b programme.Benefit, entityType, kind string, mine []Span, current int) (e Entitlement, has bool) {
	e = Entitlement{Benefit: b, Type: kind}
	right := func(s Span) Right {
		if has, _ := b.Brings(entityType, kind, s.Tier); !has {
			return Higher
		}
		switch {
		case s.State == OnHold:
			return Stopped
		case !s.Gives(b.Code):
			return IsDenied
		}
		return HasIt
	}
	at := max(current, 0)
	if e.Right = right(mine[at]); e.Right != Higher {
		_, e.Draft = b.Brings(entityType, kind, mine[at].Tier)
		if current < 0 {
			e.Right = NotBegun
			e.Since = &mine[0].From
			return e, true
		}
		for at > 0 && mine[at-1].Until == mine[at].From && right(mine[at-1]) == e.Right {
			at--
		}
		e.Since = &mine[at].From
		return e, true
	}
	for _, t := range p.Process.Tiers {
		if has, draft := b.Brings(entityType, kind, t.Code); has {
			e.Tiers = append(e.Tiers, t.Code)
			e.Draft = draft
		}
	}
	return e, len(e.Tiers) > 0
}
