// Package chart draws figures as SVG on the server. Every chart says in its title and its
// description what it shows, and the page has the same figures in a table beside it. Looks
// come from classes alone, for the content security policy forbids inline styles.
package chart

import (
	"strconv"
	"strings"
)

// GanttProps describes who is busy when: a row for each, time from left to right.
type GanttProps struct {
	Title, Desc string
	Ticks       []Tick // weeks, from left to right
	Rows        []Row
	Now         float64 // where now is, of 1; below zero: outside
}

// Tick is where a week or a month begins.
type Tick struct {
	At    float64 // of 1
	Label string
}

// Row is one line of a Gantt chart.
type Row struct {
	Label string
	Bars  []Bar
}

// Bar is a time in a row. From and To are of 1.
type Bar struct {
	From, To float64
	Look     string // visit, hold, leave, training, other, travel
	Title    string // what it is, shown on pointing at it
}

// Sizes of a Gantt chart, in units of its view box.
const (
	ganttGutter = 190
	ganttWidth  = 1100 // with the gutter
	ganttRow    = 26
	ganttHead   = 30
	barHeight   = 16
)

func (p GanttProps) box() string {
	return "0 0 " + strconv.Itoa(ganttWidth) + " " + strconv.Itoa(p.height())
}

func (p GanttProps) height() int { return ganttHead + ganttRow*len(p.Rows) + 6 }

func (p GanttProps) x(at float64) string {
	return number(ganttGutter + (ganttWidth-ganttGutter)*min(max(at, 0), 1))
}

func (p GanttProps) width(b Bar) string {
	return number(max((ganttWidth-ganttGutter)*(min(b.To, 1)-max(b.From, 0)), 1.5)) // never so thin that it cannot be seen
}

func rowTop(i int) string  { return strconv.Itoa(ganttHead + ganttRow*i) }
func rowBase(i int) string { return strconv.Itoa(ganttHead + ganttRow*i + 17) }
func barTop(i int) string  { return strconv.Itoa(ganttHead + ganttRow*i + (ganttRow-barHeight)/2) }

// short cuts a name to what the gutter holds.
func short(s string) string {
	r := []rune(s)
	if len(r) <= 24 {
		return s
	}
	return strings.TrimSpace(string(r[:23])) + "…"
}

// BarsProps describes amounts by month: what can be done beside what is to be done.
type BarsProps struct {
	ID          string // sets it apart from other charts of the page
	Title, Desc string
	Groups      []Group
	Legend      []Key
}

// Key explains a look.
type Key struct{ Look, Label string }

// Group is one month with its columns.
type Group struct {
	Label   string
	Columns []Column
}

// Column is parts stacked from below.
type Column []Part

// Part is an amount.
type Part struct {
	Look   string // capacity, added, booked, due
	Amount int
}

func (c Column) total() (n int) {
	for _, p := range c {
		n += p.Amount
	}
	return n
}

// Sizes of a chart of bars, in units of its view box.
const (
	barsWidth  = 1100
	barsHeight = 260
	barsLeft   = 46
	barsTop    = 12
	barsFoot   = 30
)

func (p BarsProps) id(part string) string { return p.ID + "bars-" + part }

func (p BarsProps) box() string {
	return "0 0 " + strconv.Itoa(barsWidth) + " " + strconv.Itoa(barsHeight)
}

// scale is the top of the axis: a round number above every column, in four steps.
func (p BarsProps) scale() int {
	most := 0
	for _, g := range p.Groups {
		for _, c := range g.Columns {
			most = max(most, c.total())
		}
	}
	for step := 1; ; step *= 10 {
		for _, k := range []int{10, 20, 25, 50} { // tenths
			if n := 4 * step * k / 10; n >= most && step*k%10 == 0 {
				return n
			}
		}
	}
}

func (p BarsProps) y(amount int) float64 {
	return barsHeight - barsFoot - float64(amount)/float64(p.scale())*(barsHeight-barsFoot-barsTop)
}

// piece is a part of a column as it is drawn.
type piece struct{ x, y, width, height, look string }

func (p BarsProps) pieces() (out []piece) {
	room := float64(barsWidth-barsLeft) / float64(max(len(p.Groups), 1))
	for i, g := range p.Groups {
		wide := room * 0.66 / float64(max(len(g.Columns), 1))
		for k, c := range g.Columns {
			below := 0
			for _, part := range c {
				if part.Amount > 0 {
					out = append(out, piece{x: number(barsLeft + room*float64(i) + room*0.17 + wide*float64(k)), width: number(wide - 2), look: part.Look,
						y: number(p.y(below + part.Amount)), height: number(p.y(below) - p.y(below+part.Amount))})
				}
				below += part.Amount
			}
		}
	}
	return out
}

func (p BarsProps) middle(i int) string {
	room := float64(barsWidth-barsLeft) / float64(max(len(p.Groups), 1))
	return number(barsLeft + room*(float64(i)+0.5))
}

// axis lists the marks of the axis.
func (p BarsProps) axis() (out []struct{ y, label string }) {
	for k := range 5 {
		n := p.scale() / 4 * k
		out = append(out, struct{ y, label string }{number(p.y(n)), strconv.Itoa(n)})
	}
	return out
}

// HeatProps describes a table of amounts whose cells are coloured by how much they are. The
// text in each cell says it too.
type HeatProps struct {
	Caption string
	Corner  string // heading of the first column
	Columns []string
	Rows    []HeatRow
}

// HeatRow is one row.
type HeatRow struct {
	Label, Href string
	Note        string // below the label
	Cells       []Cell
}

// Cell is one amount. Level is 0 (nothing) to 4 (more than there is room for); -1 is no room at all.
type Cell struct {
	Text  string
	About string // the same in words, for those who hear the page
	Level int
}

func (c Cell) class() string {
	if c.Level < 0 {
		return "tt-load tt-load--none"
	}
	return "tt-load tt-load--" + strconv.Itoa(min(c.Level, 4))
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

func barClass(look string) string { return "tt-chart__bar tt-chart__bar--" + look }

// share is done of total, of 100.
func share(done, total int) string {
	if total <= 0 {
		return "0"
	}
	return number(100 * float64(min(done, total)) / float64(total))
}
