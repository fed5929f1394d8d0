// Package company is the account of a legal entity: who it is, under which names
// and numbers it trades, where its sites are and who speaks for it. Start reading
// here: the table below is the only list of legal moves of a change notice.
//
// An account is edited freely until a programme relies on it. From then on the
// parts that the programme must know of change by a notice with an effective day,
// which a specialist accepts (see locking.go for the rule). Every change leaves an
// audit event with the values before and after.
//
// Why entries are strings: a form, a change notice and an audit event hold the same
// values, so one check and one list of fields serve all three (see entries.go).
package company

import (
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/workflow"
)

// Status is where a change notice stands.
type Status string

// The states. Applied and Withdrawn are final.
const (
	Draft     Status = "draft"
	Sent      Status = "sent"
	Returned  Status = "returned"
	Accepted  Status = "accepted"
	Applied   Status = "applied"
	Withdrawn Status = "withdrawn"
)

// Statuses lists the states in the order of the journey.
func Statuses() []Status { return []Status{Draft, Sent, Returned, Accepted, Applied, Withdrawn} }

// Final reports whether nothing follows.
func (s Status) Final() bool { return s == Applied || s == Withdrawn }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{
		Draft: "Draft", Sent: "Sent", Returned: "Returned to you", Accepted: "Accepted", Applied: "In effect", Withdrawn: "Withdrawn",
	}[s]
}

// Action is something that a person or the clock does to a change notice.
type Action string

// The actions.
const (
	Edit     Action = "edit"
	Send     Action = "send"
	Withdraw Action = "withdraw"
	Accept   Action = "accept"
	Return   Action = "return"
	Apply    Action = "apply"
)

// Actions lists every action.
func Actions() []Action { return []Action{Edit, Send, Withdraw, Accept, Return, Apply} }

// Facts are what the guards of a change notice look at.
type Facts struct {
	Changes   int           // how many things the notice changes
	Relied    bool          // a programme relies on the account
	Conflicts []fault.Field // why its changes cannot be carried out on the account as it is
	Reason    string        // of a return
	Due       bool          // its effective day has come in the office's time zone
}

// A representative prepares notices but does not send them: a notice speaks for
// the company. An editor may, for the certifying signature is on the agreement.
func senders() []identity.Role {
	return []identity.Role{identity.Owner, identity.Signatory, identity.Editor}
}

// Lifecycle is the only list of legal moves of a change notice.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	clock := []identity.Role{identity.Clock}
	return workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Draft, By: identity.CompanyEditors, Do: Edit, To: Draft},
		{From: Draft, By: senders(), Do: Send, To: Sent, If: guards{changesSomething, reliedUpon, fits}},
		{From: Draft, By: senders(), Do: Withdraw, To: Withdrawn},
		{From: Sent, By: senders(), Do: Withdraw, To: Withdrawn},
		{From: Sent, By: identity.CaseWorkers, Do: Accept, To: Accepted, If: guards{fits}},
		{From: Sent, By: identity.CaseWorkers, Do: Return, To: Returned, If: guards{reasoned}},
		{From: Returned, By: identity.CompanyEditors, Do: Edit, To: Returned},
		{From: Returned, By: senders(), Do: Send, To: Sent, If: guards{changesSomething, reliedUpon, fits}},
		{From: Returned, By: senders(), Do: Withdraw, To: Withdrawn},
		// The account may have moved on between acceptance and the effective day: the
		// clock then hands the notice back and overwrites nothing.
		{From: Accepted, By: clock, Do: Apply, To: Applied, If: guards{due, fits}},
		{From: Accepted, By: clock, Do: Return, To: Returned, If: guards{reasoned}},
		{From: Accepted, By: identity.CaseWorkers, Do: Return, To: Returned, If: guards{reasoned}},
	}
}

func changesSomething(f Facts) []fault.Field {
	if f.Changes == 0 {
		return []fault.Field{fault.F("", "Add at least one change before you send the notice")}
	}
	return nil
}

func reliedUpon(f Facts) []fault.Field {
	if !f.Relied {
		return []fault.Field{fault.F("", "No programme relies on your account now. Change it directly and withdraw this notice")}
	}
	return nil
}

func fits(f Facts) []fault.Field { return f.Conflicts }

func reasoned(f Facts) []fault.Field {
	if f.Reason == "" {
		return []fault.Field{fault.F("reason", "Enter why you return the notice and what the company can do")}
	}
	return nil
}

func due(f Facts) []fault.Field {
	if !f.Due {
		return []fault.Field{fault.F("", "The effective day has not come yet")}
	}
	return nil
}
