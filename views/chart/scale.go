package chart

import (
	"context"
	"math"
	"strconv"

	"trustedtrader/app/i18n"
)

// scale is an axis with round marks, zero among them.
type scale struct{ low, high, step float64 }

// around makes an axis of about n steps that holds low, high and zero.
func around(low, high float64, n int) scale {
	low, high = math.Min(low, 0), math.Max(high, 0)
	if low == high {
		high = 1
	}
	raw := (high - low) / float64(n)
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * unit
	for _, k := range []float64{1, 2, 2.5, 5} {
		if k*unit >= raw*(1-1e-9) {
			step = k * unit
			break
		}
	}
	return scale{math.Floor(low/step+1e-9) * step, math.Ceil(high/step-1e-9) * step, step}
}

// marks are the round values from one end to the other.
func (s scale) marks() (out []float64) {
	for k, last := math.Round(s.low/s.step), math.Round(s.high/s.step); k <= last; k++ {
		out = append(out, k*s.step)
	}
	return out
}

// at is where a value lies between two places; one outside of the axis lies at its end.
func (s scale) at(value, from, to float64) float64 {
	return from + (to-from)*(math.Min(math.Max(value, s.low), s.high)-s.low)/(s.high-s.low)
}

// finite reports whether all of the values can be drawn.
func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// round writes a value with no more digits than a picture can show.
func round(ctx context.Context, v float64) string {
	if math.Abs(v) >= 10 {
		return i18n.Number(ctx, int64(math.Round(v)))
	}
	if v = math.Round(v*10) / 10; v == 0 {
		return "0" // and not -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// mark writes a round value of an axis.
func mark(ctx context.Context, v float64) string {
	if v == math.Trunc(v) {
		return i18n.Number(ctx, int64(v))
	}
	return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)
}

// every says of how many labels in a row one is shown, so that none runs into another.
func every(room, label float64) int { return max(1, int(math.Ceil(label/room))) }

// cut shortens a text to n letters.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// diamond is the path of a diamond around a point.
func diamond(x, y, r float64) string {
	return "M" + number(x) + " " + number(y-r) + "L" + number(x+r) + " " + number(y) + "L" + number(x) + " " + number(y+r) + "L" + number(x-r) + " " + number(y) + "Z"
}

// whisker is the path of an upright line with a cap at both ends.
func whisker(x, low, high float64) string {
	left, right := number(x-5), number(x+5)
	return "M" + left + " " + number(low) + "H" + right + "M" + number(x) + " " + number(low) + "V" + number(high) + "M" + left + " " + number(high) + "H" + right
}
