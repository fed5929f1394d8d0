package metric

import "math"

// Pair is a company's shipments of a period, mode and group of ports beside those of the
// cohort of the same.
type Pair struct{ Own, Base Share }

// Against is what a company's shipments met beside what they would have met at the rates of
// their cohorts: each shipment counts with the rate of its own period, mode and ports, so that
// a company that brings in more by truck than others is not compared with ships (indirect
// standardization).
type Against struct {
	Own      Share
	Expected float64 // examinations of the same shipments at the rates of their cohorts
	Base     Share   // the cohorts' own counts, added
	own      float64 // variance of the own examinations
	expected float64 // variance of those expected
}

// Beside puts pairs together. Each has a cohort of its own; those without shipments on both
// sides say nothing and are left out.
func Beside(pairs ...Pair) (a Against) {
	for _, p := range pairs {
		if !p.Own.Known() || !p.Base.Known() {
			continue
		}
		n, r := float64(p.Own.Whole), p.Base.Rate()
		a.Own.Part, a.Own.Whole = a.Own.Part+p.Own.Part, a.Own.Whole+p.Own.Whole
		a.Base.Part, a.Base.Whole = a.Base.Part+p.Base.Part, a.Base.Whole+p.Base.Whole
		a.Expected += n * r
		a.expected += n * n * r * (1 - r) / float64(p.Base.Whole)
	}
	a.own = float64(a.Own.Whole) * a.Own.Rate() * (1 - a.Own.Rate())
	return a
}

// Together adds comparisons of modes of transport, each with a rate of its own.
func Together(list ...Against) (a Against) {
	for _, x := range list {
		a.Own.Part, a.Own.Whole = a.Own.Part+x.Own.Part, a.Own.Whole+x.Own.Whole
		a.Base.Part, a.Base.Whole = a.Base.Part+x.Base.Part, a.Base.Whole+x.Base.Whole
		a.Expected, a.own, a.expected = a.Expected+x.Expected, a.own+x.own, a.expected+x.expected
	}
	return a
}

// Enough reports whether there are so many shipments on both sides that more than chance speaks.
func (a Against) Enough() bool { return a.Own.Whole >= Fewest && a.Base.Whole >= Fewest }

// Rate is how often the same shipments would have been examined at the rates of the cohorts,
// with 95 percent confidence: Wilson's interval of as many shipments as would give this
// variance.
func (a Against) Rate() Span {
	if a.Own.Whole == 0 {
		return Span{High: 1}
	}
	n, r := float64(a.Own.Whole), a.Expected/float64(a.Own.Whole)
	size := float64(a.Base.Whole)
	if a.expected > 0 {
		size = r * (1 - r) * n * n / a.expected
	}
	low, high := wilson(r, size)
	return Span{r, low, high}
}

// Ratio is how many times as often the company was examined as others would have been, with
// the interval of Katz (1978). False: one side has fewer shipments than Fewest, or no
// examination at all, so that there is no ratio worth showing.
func (a Against) Ratio() (r Span, enough bool) {
	if !a.Enough() || a.Own.Part == 0 || a.Base.Part == 0 {
		return r, false
	}
	x, value := float64(a.Own.Part), float64(a.Own.Part)/a.Expected
	width := z * math.Sqrt(a.own/(x*x)+a.expected/(a.Expected*a.Expected))
	return Span{Value: value, Low: value * math.Exp(-width), High: value * math.Exp(width)}, true
}

// Avoided is how many examinations the company did not have that it would have had at the
// rates of others: (rate of others - own rate) x own shipments, with the interval of Newcombe
// (1998, method 10), which stays honest for rare events. It is an estimate, and below zero
// when the company was examined more often.
func (a Against) Avoided() Span {
	n, own, base := float64(a.Own.Whole), a.Own.Rate(), a.Rate()
	low, high := a.Own.Interval()
	d := base.Value - own
	return Span{d * n, (d - math.Hypot(base.Value-base.Low, high-own)) * n, (d + math.Hypot(base.High-base.Value, own-low)) * n}
}
