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
	low, high = wilson(s.Rate(), float64(s.Whole))
	switch s.Part { // exact at the ends, where rounding would leave a hair
	case 0:
		low = 0
	case s.Whole:
		high = 1
	}
	return low, high
}

// wilson is the interval of a rate that n shipments are behind.
func wilson(p, n float64) (low, high float64) {
	middle := p + z*z/(2*n)
	width := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, (middle-width)/(1+z*z/n)), min(1, (middle+width)/(1+z*z/n))
}

// Span is a number and the ends of its interval.
type Span struct{ Value, Low, High float64 }

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
