package incident

import (
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/workflow"
)

// Status is where an incident stands.
type Status string

// The states of an incident.
const (
	Reported   Status = "reported"
	LookedInto Status = "looked_into"
	Passed     Status = "passed" // to a case of enforcement
	Closed     Status = "closed" // without action
	Merged     Status = "merged" // into another that is the same
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status { return []Status{Reported, LookedInto, Passed, Closed, Merged} }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Reported: "Reported", LookedInto: "Looked into", Passed: "In a case", Closed: "Closed", Merged: "Merged"}[s]
}

// Action is a move of an incident.
type Action string

// The actions.
const (
	LookInto Action = "look_into"
	Close    Action = "close"
	Pass     Action = "pass"
	Merge    Action = "merge"
	Reopen   Action = "reopen"
)

// Actions lists every action.
func Actions() []Action { return []Action{LookInto, Close, Pass, Merge, Reopen} }

// Facts are what the guards of Lifecycle look at.
type Facts struct {
	Text  string // the reason
	Field string // in which it is entered
}

// Lifecycle is the only list of legal moves of an incident.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	staff := identity.CaseWorkers
	return workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Reported, By: staff, Do: LookInto, To: LookedInto},
		{From: Reported, By: staff, Do: Close, To: Closed, If: guards{hasText}},
		{From: Reported, By: staff, Do: Pass, To: Passed},
		{From: Reported, By: staff, Do: Merge, To: Merged, If: guards{hasText}},
		{From: LookedInto, By: staff, Do: Close, To: Closed, If: guards{hasText}},
		{From: LookedInto, By: staff, Do: Pass, To: Passed},
		{From: LookedInto, By: staff, Do: Merge, To: Merged, If: guards{hasText}},
		{From: Passed, By: staff, Do: Merge, To: Merged, If: guards{hasText}},
		{From: Closed, By: staff, Do: Reopen, To: LookedInto, If: guards{hasText}},
		{From: Closed, By: staff, Do: Merge, To: Merged, If: guards{hasText}},
	}
}

func hasText(f Facts) []fault.Field {
	if f.Text != "" {
		return nil
	}
	return []fault.Field{fault.F(f.Field, "Enter the reason")}
}
