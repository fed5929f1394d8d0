package chart

import "strconv"

// SpanBarsProps describes an estimate for each quarter or year: a bar from zero to it, above or
// below, and a line with caps over its interval.
type SpanBarsProps struct {
	ID          string // sets it apart from other charts of the page
	Title, Desc string
	Unit        string // of the values, above the axis
	Bars        []SpanBar
}

// SpanBar is one estimate.
type SpanBar struct {
	Label            string
	Value, Low, High float64
	Hidden           bool // too little to say anything: its place stays empty
}

// Sizes of a chart of estimates, in units of its view box.
const (
	spanWidth  = 1100
	spanHeight = 280
	spanLeft   = 76
	spanTop    = 34
	spanFoot   = 48
)

func (p SpanBarsProps) id(part string) string { return p.ID + "spans-" + part }

func (p SpanBarsProps) box() string {
	return "0 0 " + strconv.Itoa(spanWidth) + " " + strconv.Itoa(spanHeight)
}

func (b SpanBar) shown() bool { return !b.Hidden && finite(b.Value, b.Low, b.High) }

func (p SpanBarsProps) any() bool {
	for _, b := range p.Bars {
		if b.shown() {
			return true
		}
	}
	return false
}

func (p SpanBarsProps) scale() scale {
	low, high := 0.0, 0.0
	for _, b := range p.Bars {
		if b.shown() {
			low, high = min(low, b.Low, b.Value), max(high, b.High, b.Value)
		}
	}
	return around(low, high, 4)
}

func (p SpanBarsProps) y(value float64) float64 {
	return p.scale().at(value, spanHeight-spanFoot, spanTop)
}

func (p SpanBarsProps) room() float64 {
	return float64(spanWidth-spanLeft) / float64(max(len(p.Bars), 1))
}

func (p SpanBarsProps) x(i int) float64 { return spanLeft + p.room()*(float64(i)+0.5) }

// span is an estimate as it is drawn.
type span struct {
	left, top, width, height string
	whisker                  string
	x, text                  float64 // where its value is written
	value                    float64
	look                     string
}

func (p SpanBarsProps) spans() (out []span) {
	wide := min(p.room()*0.5, 64)
	for i, b := range p.Bars {
		if !b.shown() {
			continue
		}
		x, zero, end := p.x(i), p.y(0), p.y(b.Value)
		s := span{left: number(x - wide/2), top: number(min(zero, end)), width: number(wide), height: number(max(zero-end, end-zero)),
			whisker: whisker(x, p.y(b.Low), p.y(b.High)), x: x, value: b.Value, look: "tt-chart__span", text: min(p.y(b.High), zero) - 6}
		if b.Value < 0 {
			s.look, s.text = "tt-chart__span tt-chart__span--below", max(p.y(b.Low), zero)+15
		}
		out = append(out, s)
	}
	return out
}

func (p SpanBarsProps) labelled(i int) bool { return i%every(p.room(), 48) == 0 }
