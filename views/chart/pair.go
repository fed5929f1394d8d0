package chart

import (
	"math"
	"strconv"
	"strings"
)

// PairsProps describes two shares over time, each with its interval: one's own, and that of
// others. The own is a filled dot on a broad line, that of others a hollow diamond on a thin
// line with caps.
type PairsProps struct {
	ID          string // sets it apart from other charts of the page
	Title, Desc string
	Own, Base   string // what the two are called, beside their ends
	Points      []PairPoint
}

// PairPoint is one quarter of both.
type PairPoint struct {
	Label     string
	Own, Base Point
}

// Sizes of a chart of pairs, in units of its view box.
const (
	pairWidth  = 1100
	pairHeight = 260
	pairLeft   = 56
	pairRight  = 930 // the names stand right of it
	pairTop    = 14
	pairFoot   = 32
)

func (p PairsProps) id(part string) string { return p.ID + "pairs-" + part }

func (p PairsProps) box() string {
	return "0 0 " + strconv.Itoa(pairWidth) + " " + strconv.Itoa(pairHeight)
}

// series is one of the two as it is drawn.
type series struct {
	name    string
	dots    []dot
	lines   string // path between neighbours
	nameAt  float64
	isOwn   bool
	hasDots bool
}

// dot is a point with its interval, in units of the view box.
type dot struct{ x, y, low, high float64 }

func (p PairsProps) room() float64 {
	return float64(pairRight-pairLeft) / float64(max(len(p.Points), 1))
}

func (p PairsProps) top() float64 {
	most := 0.0
	for _, x := range p.Points {
		for _, y := range []Point{x.Own, x.Base} {
			if y.shown() {
				most = max(most, y.High)
			}
		}
	}
	return topShare(most)
}

func (p PairsProps) y(share float64) float64 {
	return scale{0, p.top(), 1}.at(share, pairHeight-pairFoot, pairTop)
}

func (p PairsProps) x(i int) float64 { return pairLeft + p.room()*(float64(i)+0.5) }

// shown reports whether a point has a mark.
func (x Point) shown() bool { return !x.Hidden && finite(x.Value, x.Low, x.High) }

// series lays one of the two out.
func (p PairsProps) series(own bool) series {
	s := series{name: p.Base, isOwn: own}
	aside := math.Min(7, p.room()/5)
	if own {
		s.name, aside = p.Own, -aside
	}
	var path strings.Builder
	joined := false
	for i, pair := range p.Points {
		x := pair.Base
		if own {
			x = pair.Own
		}
		if !x.shown() {
			joined = false
			continue
		}
		d := dot{p.x(i) + aside, p.y(x.Value), p.y(x.Low), p.y(x.High)}
		s.dots = append(s.dots, d)
		s.nameAt, s.hasDots = d.y, true
		path.WriteString(map[bool]string{true: "L", false: "M"}[joined] + number(d.x) + " " + number(d.y))
		joined = true
	}
	s.lines = path.String()
	return s
}

// both lays out the two, with names that do not run into each other: others first, so that
// the own lies above them.
func (p PairsProps) both() (out []series) {
	base, own := p.series(false), p.series(true)
	if gap := own.nameAt - base.nameAt; base.hasDots && own.hasDots && math.Abs(gap) < 18 {
		middle, side := (own.nameAt+base.nameAt)/2, 9.0
		if gap < 0 {
			side = -9
		}
		middle = math.Min(math.Max(middle, pairTop+9), pairHeight-pairFoot-9)
		own.nameAt, base.nameAt = middle+side, middle-side
	}
	for _, s := range []series{base, own} {
		if s.hasDots {
			out = append(out, s)
		}
	}
	return out
}

// axis lists the marks of the axis.
func (p PairsProps) axis() (out []struct{ y, label string }) {
	for k := range 5 {
		share := p.top() / 4 * float64(k)
		out = append(out, struct{ y, label string }{number(p.y(share)), shareMark(share)})
	}
	return out
}

func (p PairsProps) labelled(i int) bool { return i%every(p.room(), 44) == 0 }
