package chart

import (
	"math"
	"slices"
	"strconv"
)

// BandProps describes a share over time with its interval: a dot for what was counted and a
// line over where the truth lies with 95 percent confidence. A short line is sure, a long one
// is not.
type BandProps struct {
	ID          string // sets it apart from other charts of the page
	Title, Desc string
	Points      []Point
}

// Point is one quarter. Value, Low and High are of 1.
type Point struct {
	Label            string
	Value, Low, High float64
	Hidden           bool // too few to say anything: its place stays empty
}

// Sizes of a chart of bands, in units of its view box.
const (
	bandWidth  = 1100
	bandHeight = 240
	bandLeft   = 56
	bandTop    = 12
	bandFoot   = 30
)

func (p BandProps) shown() bool {
	return slices.ContainsFunc(p.Points, func(x Point) bool { return !x.Hidden })
}

func (p BandProps) id(part string) string { return p.ID + "band-" + part }

func (p BandProps) box() string {
	return "0 0 " + strconv.Itoa(bandWidth) + " " + strconv.Itoa(bandHeight)
}

// top is the end of the axis: a round share above every interval.
func (p BandProps) top() float64 {
	most := 0.0
	for _, x := range p.Points {
		if !x.Hidden {
			most = max(most, x.High)
		}
	}
	return topShare(most)
}

// topShare is a round share above the most, in four steps.
func topShare(most float64) float64 {
	for _, step := range []float64{.001, .002, .005, .01, .02, .05, .1, .2, .25} {
		if 4*step >= most {
			return 4 * step
		}
	}
	return 1
}

func shareMark(share float64) string {
	return strconv.FormatFloat(math.Round(share*10000)/100, 'f', -1, 64) + "%"
}

func (p BandProps) y(share float64) string {
	return number(bandHeight - bandFoot - math.Min(share/p.top(), 1)*(bandHeight-bandFoot-bandTop))
}

func (p BandProps) x(i int) string {
	return number(bandLeft + float64(bandWidth-bandLeft)/float64(max(len(p.Points), 1))*(float64(i)+0.5))
}

// axis lists the marks of the axis.
func (p BandProps) axis() (out []struct{ y, label string }) {
	for k := range 5 {
		share := p.top() / 4 * float64(k)
		out = append(out, struct{ y, label string }{p.y(share), shareMark(share)})
	}
	return out
}
