package finding

import (
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/workflow"
)

// Status is where a finding stands.
type Status string

// The states of a finding.
const (
	Draft     Status = "draft"    // the agency's own
	Open      Status = "open"     // the company is to answer
	Answered  Status = "answered" // the office is to look at the answer
	Accepted  Status = "accepted" // done; also of a finding that needs no answer
	Escalated Status = "escalated"
	Withdrawn Status = "withdrawn"
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status {
	return []Status{Draft, Open, Answered, Accepted, Escalated, Withdrawn}
}

// Final reports whether nothing follows any more.
func (s Status) Final() bool { return s == Accepted || s == Withdrawn }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Draft: "Draft", Open: "Waits for an answer", Answered: "Answered", Accepted: "Accepted",
		Escalated: "Passed on to enforcement", Withdrawn: "Taken back"}[s]
}

// StatusName is the state of this finding in words: one that needs no answer is not
// accepted by anybody (English source text).
func (f Finding) StatusName() string {
	if f.Status == Accepted && f.Kind != ActionRequired {
		return "Sent"
	}
	return f.Status.Name()
}

// Action is a move of a finding.
type Action string

// The actions. Extend and the two about asking for time leave the state as it is.
const (
	Send     Action = "send"
	Answer   Action = "answer"
	Ask      Action = "ask_for_time"
	Extend   Action = "extend"
	Refuse   Action = "refuse_time"
	Accept   Action = "accept"
	Reopen   Action = "reopen"
	Escalate Action = "escalate"
	Withdraw Action = "withdraw"
)

// Actions lists every action.
func Actions() []Action {
	return []Action{Send, Answer, Ask, Extend, Refuse, Accept, Reopen, Escalate, Withdraw}
}

// Facts are what the guards of Lifecycle look at.
type Facts struct {
	Answers bool   // the company must answer this kind of finding
	Text    string // of the step: the answer, the reason
	Field   string // in which the text is entered
}

// Lifecycle is the only list of legal moves of a finding.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	staff, company := identity.CaseWorkers, identity.CompanyEditors
	answers := func(f Facts) bool { return f.Answers }
	tells := func(f Facts) bool { return !f.Answers }
	return workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Draft, By: staff, Do: Send, To: Open, When: answers},
		{From: Draft, By: staff, Do: Send, To: Accepted, When: tells},
		{From: Draft, By: staff, Do: Withdraw, To: Withdrawn, If: guards{hasText}},
		{From: Open, By: company, Do: Answer, To: Answered, If: guards{hasText}},
		{From: Open, By: company, Do: Ask, To: Open, If: guards{hasText}},
		{From: Open, By: staff, Do: Extend, To: Open, If: guards{hasText}},
		{From: Open, By: staff, Do: Refuse, To: Open, If: guards{hasText}},
		{From: Open, By: staff, Do: Accept, To: Accepted, If: guards{hasText}}, // shown on the spot
		{From: Open, By: staff, Do: Escalate, To: Escalated, If: guards{hasText}},
		{From: Open, By: staff, Do: Withdraw, To: Withdrawn, If: guards{hasText}},
		{From: Answered, By: staff, Do: Accept, To: Accepted},
		{From: Answered, By: staff, Do: Reopen, To: Open, If: guards{hasText}},
		{From: Answered, By: staff, Do: Escalate, To: Escalated, If: guards{hasText}},
		{From: Answered, By: staff, Do: Withdraw, To: Withdrawn, If: guards{hasText}},
		{From: Escalated, By: company, Do: Answer, To: Answered, If: guards{hasText}},
		{From: Escalated, By: staff, Do: Accept, To: Accepted, If: guards{hasText}},
		{From: Escalated, By: staff, Do: Withdraw, To: Withdrawn, If: guards{hasText}},
	}
}

func hasText(f Facts) []fault.Field {
	if f.Text != "" {
		return nil
	}
	if f.Field == "answer" {
		return []fault.Field{fault.F("answer", "Enter what you did")}
	}
	return []fault.Field{fault.F(f.Field, "Enter the reason")}
}
