// Package metric is the arithmetic of benefit figures: rates with their intervals, what was
// avoided, and percentiles. It knows no database, so that anybody can check it with paper.
//
// Every figure carries how sure it is. Figures elsewhere were found unreliable (GAO-17-84):
// these say "not enough data" rather than a number that means nothing.
package metric

import (
	"cmp"
	"math"
	"slices"
)

// z is the 97.5th percentile of the normal distribution: intervals are of 95 percent.
const z = 1.959963984540054

// Fewest shipments on either side of a comparison. Below it, chance decides more than
// membership does.
const Fewest = 30

// Share is a part of a whole, as counted: shipments that were examined, among all.
type Share struct{ Part, Whole int }

// Known reports whether there is anything to divide by.
func (s Share) Known() bool { return s.Whole > 0 && s.Part >= 0 && s.Part <= s.Whole }

// Rate is the share as a number from 0 to 1; 0 of nothing.
func (s Share) Rate() float64 {
	if !s.Known() {
		return 0
	}
	return float64(s.Part) / float64(s.Whole)
}

// Interval is where the rate behind a share lies, with 95 percent confidence (Wilson 1927,
// without correction for continuity).
func (s Share) Interval() (low, high float64) {
	if !s.Known() {
		return 0, 1
	}
	n, p := float64(s.Whole), s.Rate()
	middle := p + z*z/(2*n)
	width := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	below, above := (middle-width)/(1+z*z/n), (middle+width)/(1+z*z/n)
	switch s.Part { // exact at the ends, where rounding would leave a hair
	case 0:
		below = 0
	case s.Whole:
		above = 1
	}
	return max(0, below), min(1, above)
}

// Span is a number and the ends of its interval.
type Span struct{ Value, Low, High float64 }

// Difference is by how much the rate of one share lies above another's, with the interval of
// Newcombe (1998, method 10), which stays honest for rare events.
func Difference(a, b Share) Span {
	al, ah := a.Interval()
	bl, bh := b.Interval()
	d := a.Rate() - b.Rate()
	return Span{Value: d, Low: d - math.Hypot(a.Rate()-al, bh-b.Rate()), High: d + math.Hypot(ah-a.Rate(), b.Rate()-bl)}
}

// Ratio is how many times as often the part occurs in one share as in another, with the
// interval of Katz (1978). False: one side has fewer shipments than Fewest, or no event at
// all, so that there is no ratio worth showing.
func Ratio(own, base Share) (r Span, enough bool) {
	if own.Whole < Fewest || base.Whole < Fewest || !own.Known() || !base.Known() || own.Part == 0 || base.Part == 0 {
		return r, false
	}
	value := own.Rate() / base.Rate()
	width := z * math.Sqrt(1/float64(own.Part)-1/float64(own.Whole)+1/float64(base.Part)-1/float64(base.Whole))
	return Span{Value: value, Low: value * math.Exp(-width), High: value * math.Exp(width)}, true
}

// Avoided is how many examinations a company did not have that it would have had at the rate
// of others: (rate of others - own rate) x own shipments. It is an estimate, and below zero
// when the company was examined more often. False: not enough shipments to compare.
func Avoided(own, base Share) (a Span, enough bool) {
	if own.Whole < Fewest || base.Whole < Fewest || !own.Known() || !base.Known() {
		return a, false
	}
	d, n := Difference(base, own), float64(own.Whole)
	return Span{Value: d.Value * n, Low: d.Low * n, High: d.High * n}, true
}

// Sum adds estimates of groups that have nothing to do with each other, such as modes of
// transport: values add, and the distances to the ends add as squares.
func Sum(list []Span) (s Span) {
	var below, above float64
	for _, x := range list {
		s.Value += x.Value
		below = math.Hypot(below, x.Value-x.Low)
		above = math.Hypot(above, x.High-x.Value)
	}
	s.Low, s.High = s.Value-below, s.Value+above
	return s
}

// Times is the estimate times a factor, such as hours for each examination; not below zero.
func (s Span) Times(factor float64) Span {
	return Span{s.Value * factor, s.Low * factor, s.High * factor}
}

// Favours says whether the whole interval lies on one side of a mark: -1 below, 1 above, and 0
// when chance alone could explain it.
func (s Span) Favours(mark float64) int {
	switch {
	case s.High < mark:
		return -1
	case s.Low > mark:
		return 1
	}
	return 0
}

// Bar is how many events took so long.
type Bar struct{ Minutes, Events int }

// Percentile is the shortest time within which at least p percent of the events were done
// (nearest rank); false: there are none.
func Percentile(bars []Bar, p int) (minutes int, ok bool) {
	list := slices.SortedFunc(slices.Values(bars), func(x, y Bar) int { return cmp.Compare(x.Minutes, y.Minutes) })
	total := 0
	for _, b := range list {
		total += b.Events
	}
	if total == 0 || p < 1 || p > 100 {
		return 0, false
	}
	rank := (total*p + 99) / 100
	for _, b := range list {
		if rank -= b.Events; rank <= 0 {
			return b.Minutes, true
		}
	}
	return 0, false
}
