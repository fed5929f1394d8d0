package standing

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
)

// moves is the only list of what an event may do to a type: from which state, and to which.
// An event that finds no row for a type is void for it: an end that was fixed for a later
// day is void once the membership has ended before.
var moves = []struct {
	from State
	do   Kind
	to   State
}{
	{None, Granted, Active},
	{Active, Awarded, Active},
	{OnHold, Awarded, OnHold},
	{Active, Suspended, OnHold},
	{OnHold, Suspended, OnHold},   // for another cause
	{OnHold, Reinstated, Active},  // once no other suspension is open
	{Active, Limited, Active},     //
	{OnHold, Limited, OnHold},     //
	{Active, Restored, Active},    //
	{OnHold, Restored, OnHold},    //
	{Active, Removed, Ended},      //
	{OnHold, Removed, Ended},      //
	{Active, Withdrawn, Ended},    //
	{OnHold, Withdrawn, Ended},    //
	{Active, Succeeded, Ended},    //
	{OnHold, Succeeded, Ended},    //
	{Active, Annulled, Cancelled}, // from the day of the grant on
	{OnHold, Annulled, Cancelled}, //
	{Ended, Annulled, Cancelled},  //
}

func next(from State, do Kind) (State, bool) {
	for _, m := range moves {
		if m.from == from && m.do == do {
			return m.to, true
		}
	}
	return from, false
}

// undoable are the kinds that an appeal can overturn, or that can be called off.
var undoable = []Kind{Suspended, Limited, Removed, Annulled, Withdrawn, Succeeded, Awarded}

// held is what the fold knows of one type.
type held struct {
	state    State
	tier     string
	granted  clock.Day
	holds    map[Cause]bool     // open suspensions
	limits   map[Cause][]string // open limits and what each denies
	how      Kind
	finished []Span
	open     Span
}

// Derive says what each type of a membership was on each day, as the events have it that
// are given. Events may come in any order. void names those that changed nothing, type by
// type: their IDs are given once for each type that they missed.
func Derive(events []Event) (spans []Span, void []uuid.UUID) {
	types := map[string]*held{}
	for _, e := range ordered(events) {
		for _, name := range e.Types {
			h := types[name]
			if h == nil {
				h = &held{holds: map[Cause]bool{}, limits: map[Cause][]string{}}
				types[name] = h
			}
			if !h.take(name, e) {
				void = append(void, e.ID)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		spans = append(spans, types[name].all()...)
	}
	return spans, void
}

// Known says what the portal held to be so at a moment: only the events that it had
// recorded by then count.
func Known(events []Event, at time.Time) []Span {
	var then []Event
	for _, e := range events {
		if !e.RecordedAt.After(at) {
			then = append(then, e)
		}
	}
	spans, _ := Derive(then)
	return spans
}

// ordered leaves out what was overturned and puts the rest in the order of its effect; on
// the same day in the order in which it was recorded.
func ordered(events []Event) []Event {
	fallen := map[uuid.UUID]bool{}
	// An overturning can itself be overturned, so the latest speak first.
	late := slices.SortedFunc(slices.Values(events), func(a, b Event) int { return cmp.Compare(b.Seq, a.Seq) })
	for _, e := range late {
		if e.Kind == Overturned && e.Undoes != nil && !fallen[e.ID] {
			fallen[*e.Undoes] = true
		}
	}
	var out []Event
	for _, e := range events {
		if e.Kind != Overturned && !fallen[e.ID] {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b Event) int {
		return cmp.Or(a.On.Compare(b.On), cmp.Compare(a.Seq, b.Seq))
	})
	return out
}

// take applies an event to a type; false: there was nothing for it to change.
func (h *held) take(name string, e Event) bool {
	to, ok := next(h.state, e.Kind)
	if !ok {
		return false
	}
	switch e.Kind {
	case Granted:
		h.granted, h.tier = e.On, e.Tier
	case Awarded:
		if h.tier == e.Tier {
			return false
		}
		h.tier = e.Tier
	case Suspended:
		if h.holds[e.Cause] {
			return false
		}
		h.holds[e.Cause] = true
	case Reinstated:
		if !h.holds[e.Cause] {
			return false
		}
		if delete(h.holds, e.Cause); len(h.holds) > 0 {
			to = OnHold
		}
	case Limited:
		h.limits[e.Cause] = e.Benefits
	case Restored:
		if _, ok := h.limits[e.Cause]; !ok {
			return false
		}
		delete(h.limits, e.Cause)
	case Annulled:
		h.finished, h.open = nil, Span{}
		h.state, h.how = to, e.Kind
		h.begin(name, h.granted, e)
		return true
	}
	if e.Kind.Ends() {
		h.how = e.Kind
	}
	h.state = to
	h.begin(name, e.On, e)
	return true
}

// begin ends the span that is open and begins another. One of no days is left out.
func (h *held) begin(name string, on clock.Day, e Event) {
	if h.open.Type != "" && h.open.From.Before(on) {
		h.open.Until = on
		h.finished = append(h.finished, h.open)
	}
	h.open = Span{Type: name, State: h.state, Tier: h.tier, From: on, EventID: e.ID}
	switch h.state {
	case Active, OnHold:
		h.open.Denied = h.denied()
	case Ended, Cancelled:
		h.open.How = h.how
	}
}

func (h *held) denied() (out []string) {
	for _, list := range h.limits {
		out = append(out, list...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (h *held) all() []Span {
	if h.open.Type == "" {
		return h.finished
	}
	return append(h.finished, h.open)
}
