// Package workflow holds transition tables: the only place where a record's
// status may change. A row reads as a sentence of law: from this state, these
// roles may do this, and it leads there, if nothing objects.
package workflow

import (
	"fmt"
	"slices"
	"strings"

	"trustedtrader/app/fault"
)

// Guard looks at facts and names what is missing; nil means it has no objection.
// Guards do no I/O, so that all of them can speak and the person sees every
// problem at once.
type Guard[F any] func(F) []fault.Field

// Row is one legal move.
type Row[S, R, A ~string, F any] struct {
	From S
	By   []R
	Do   A
	To   S
	When func(F) bool // nil: always. False: for these facts the row does not exist
	If   []Guard[F]
}

// Table is every legal move of one kind of record.
type Table[S, R, A ~string, F any] []Row[S, R, A, F]

func (t Table[S, R, A, F]) find(from S, do A, by R, facts F) int {
	return slices.IndexFunc(t, func(r Row[S, R, A, F]) bool {
		return r.From == from && r.Do == do && slices.Contains(r.By, by) && (r.When == nil || r.When(facts))
	})
}

// Next returns the state that follows, a Conflict when there is no such move for
// this role in this state, or an Invalid with every objection of the guards.
func (t Table[S, R, A, F]) Next(from S, do A, by R, facts F) (S, error) {
	i := t.find(from, do, by, facts)
	if i < 0 {
		return from, fault.New(fault.Conflict, "This step is not available now. The record has moved on, or another person must do it")
	}
	var missing []fault.Field
	for _, g := range t[i].If {
		missing = append(missing, g(facts)...)
	}
	if missing != nil {
		return from, fault.Fail(missing)
	}
	return t[i].To, nil
}

// Actions lists what a role may do from a state: the buttons to draw. It ignores
// guards, for a button that would be refused must be there to say why.
func (t Table[S, R, A, F]) Actions(from S, by R, facts F) []A {
	var out []A
	for _, r := range t {
		if r.From == from && slices.Contains(r.By, by) && (r.When == nil || r.When(facts)) && !slices.Contains(out, r.Do) {
			out = append(out, r.Do)
		}
	}
	return out
}

// Diagram prints the table as a Mermaid state diagram for guides and review.
func (t Table[S, R, A, F]) Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, r := range t {
		roles := make([]string, len(r.By))
		for i, by := range r.By {
			roles[i] = string(by)
		}
		fmt.Fprintf(&b, "  %s --> %s: %s (%s)\n", r.From, r.To, r.Do, strings.Join(roles, ", "))
	}
	return b.String()
}
