package report

import (
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/workflow"
)

// Status is where a report stands.
type Status string

// The states of a report.
const (
	Draft      Status = "draft"
	Commenting Status = "commenting" // the company reads the draft
	Submitted  Status = "submitted"
	Returned   Status = "returned"
	Approved   Status = "approved"
	Issued     Status = "issued"
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status {
	return []Status{Draft, Commenting, Submitted, Returned, Approved, Issued}
}

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Draft: "Draft", Commenting: "With the company for comments", Submitted: "Waits for approval",
		Returned: "Returned to the writer", Approved: "Approved", Issued: "Issued"}[s]
}

// Open reports whether its sections can be edited.
func (s Status) Open() bool { return s == Draft || s == Returned }

// Action is a move of a report.
type Action string

// The actions.
const (
	Share   Action = "share"
	GoOn    Action = "go_on" // after the comments
	Submit  Action = "submit"
	Recall  Action = "recall"
	Return  Action = "return"
	Approve Action = "approve"
	Issue   Action = "issue"
)

// Actions lists every action.
func Actions() []Action {
	return []Action{Share, GoOn, Submit, Recall, Return, Approve, Issue}
}

// Facts are what the guards of Lifecycle look at.
type Facts struct {
	Asks    bool     // the programme asks for the company's comments
	Asked   bool     // the draft was shared
	Spoken  bool     // the company has commented, or its days are over
	Visited bool     // every visit is over
	Empty   []string // titles of sections without a text
	Outcome bool     // what is to follow was proposed, with its reason
	Own     bool     // the actor submitted it
	Reason  string   // of a return
}

// Lifecycle is the only list of legal moves of a report.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	staff, second := identity.CaseWorkers, identity.Approvers
	asks := func(f Facts) bool { return f.Asks && !f.Asked }
	own := func(f Facts) bool { return f.Own }
	other := func(f Facts) bool { return !f.Own }
	ready := guards{visited, whole, proposed, heard}
	return workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Draft, By: staff, Do: Share, To: Commenting, When: asks, If: guards{visited, whole}},
		{From: Returned, By: staff, Do: Share, To: Commenting, When: asks, If: guards{visited, whole}},
		{From: Commenting, By: staff, Do: GoOn, To: Draft, If: guards{heard}},
		{From: Draft, By: staff, Do: Submit, To: Submitted, If: ready},
		{From: Returned, By: staff, Do: Submit, To: Submitted, If: ready},
		{From: Submitted, By: staff, Do: Recall, To: Draft, When: own},
		{From: Submitted, By: second, Do: Return, To: Returned, When: other, If: guards{because}},
		{From: Submitted, By: second, Do: Approve, To: Approved, When: other},
		{From: Approved, By: second, Do: Return, To: Returned, When: other, If: guards{because}},
		{From: Approved, By: staff, Do: Issue, To: Issued, If: guards{visited}},
	}
}

func visited(f Facts) []fault.Field {
	if !f.Visited {
		return []fault.Field{fault.F("", "End the visits of the validation first")}
	}
	return nil
}

func whole(f Facts) (out []fault.Field) {
	for _, title := range f.Empty {
		out = append(out, fault.F("", "The section “%s” is empty. Write it first, or say that there is nothing to report", title))
	}
	return out
}

func proposed(f Facts) []fault.Field {
	if !f.Outcome {
		return []fault.Field{fault.F("outcome", "Propose what is to follow from the validation, and say why")}
	}
	return nil
}

func heard(f Facts) []fault.Field {
	switch {
	case f.Asks && !f.Asked:
		return []fault.Field{fault.F("", "Share the draft with the company for its comments first")}
	case f.Asks && !f.Spoken:
		return []fault.Field{fault.F("", "The company can still comment on the draft. Wait until it has, or until its days are over")}
	}
	return nil
}

func because(f Facts) []fault.Field {
	if f.Reason == "" {
		return []fault.Field{fault.F("reason", "Enter what is to be changed")}
	}
	return nil
}
