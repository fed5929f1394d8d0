package chart

import (
	"math"
	"strconv"
)

// TimelineProps describes what happened in which month: a lane for each kind of event, with a
// dot whose area grows with how many there were. More than one is written above it.
type TimelineProps struct {
	ID          string // sets it apart from other charts of the page
	Title, Desc string
	Months      []string // from left to right
	Lanes       []Lane
}

// Lane is one kind of event.
type Lane struct {
	Label string
	Marks []Mark
}

// Mark is how many events of the kind a month had.
type Mark struct{ Month, Count int }

// Sizes of a timeline, in units of its view box.
const (
	timeWidth = 1100
	timeLeft  = 190
	timeHead  = 8
	timeLane  = 52
	timeFoot  = 26
)

func (p TimelineProps) id(part string) string { return p.ID + "timeline-" + part }

func (p TimelineProps) box() string {
	return "0 0 " + strconv.Itoa(timeWidth) + " " + number(p.foot()+timeFoot)
}

func (p TimelineProps) foot() float64 { return float64(timeHead + timeLane*len(p.Lanes)) }

func (p TimelineProps) any() bool {
	for _, l := range p.Lanes {
		for _, m := range l.Marks {
			if p.shown(m) {
				return true
			}
		}
	}
	return false
}

func (p TimelineProps) shown(m Mark) bool {
	return m.Count > 0 && m.Month >= 0 && m.Month < len(p.Months)
}

func (p TimelineProps) room() float64 {
	return float64(timeWidth-timeLeft) / float64(max(len(p.Months), 1))
}

func (p TimelineProps) x(month int) float64 { return timeLeft + p.room()*(float64(month)+0.5) }

// y is the middle of a lane's dots: the numbers stand above them.
func (p TimelineProps) y(lane int) float64 { return timeHead + timeLane*float64(lane) + 33 }

// radius makes the area of a dot grow with its count, as far as a month and a lane have room.
func (p TimelineProps) radius(count int) float64 {
	return math.Min(4*math.Sqrt(float64(count)), math.Max(4, math.Min(14, p.room()*0.48)))
}

func (p TimelineProps) labelled(month int) bool { return month%every(p.room(), 56) == 0 }
