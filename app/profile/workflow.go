// Package profile is a company's security profile: the criteria of an edition, filled in
// by several people over weeks, checked, declared and submitted. Start reading here: the
// table below is the only list of legal moves of a cycle.
//
// What a company answers is kept for the company, with exceptions for single sites. Every
// wording that was ever kept or lost is kept. Where a criterion stands is computed from
// the answers and never stored. The agency's verdicts are in package profilereview, which
// uses Lock and Steps.Move.
//
// Who may: owners, signatories, editors and representatives edit; contributors edit the
// criteria assigned to them; owners and signatories who are listed as officers submit;
// everybody who acts for the company reads. To others a profile does not exist.
package profile

import (
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/workflow"
)

// Status is where a cycle stands.
type Status string

// The states. The last two are final.
const (
	Open      Status = "open"
	Submitted Status = "submitted"
	InReview  Status = "in_review"
	Returned  Status = "returned"
	Accepted  Status = "accepted"
	Ended     Status = "ended"
)

// Statuses lists the states in the order of the journey.
func Statuses() []Status { return []Status{Open, Submitted, InReview, Returned, Accepted, Ended} }

// Final reports whether nothing follows.
func (s Status) Final() bool { return s == Accepted || s == Ended }

// Handed reports whether the profile is with the agency or accepted: then an
// application can be submitted.
func (s Status) Handed() bool { return s == Submitted || s == InReview || s == Accepted }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{
		Open: "To fill in", Submitted: "Submitted", InReview: "Under review", Returned: "Sent back to you", Accepted: "Accepted", Ended: "Ended",
	}[s]
}

// Action is something that a person or the clock does to a cycle.
type Action string

// The actions.
const (
	Submit       Action = "submit"
	StartReview  Action = "start_review"
	SendBack     Action = "return"
	CancelReturn Action = "cancel_return"
	Accept       Action = "accept"
	End          Action = "end"
)

// Actions lists every action.
func Actions() []Action {
	return []Action{Submit, StartReview, SendBack, CancelReturn, Accept, End}
}

// Facts is everything the table asks about a cycle. It is filled once, in the
// transaction, after the lock.
type Facts struct {
	Problems   []fault.Field // submit: what the company still has to mend, each named by its criterion
	Attested   bool          // submit: the person declared that everything is true and complete
	Signer     bool          // submit: the person who declares is listed as an officer of the company
	Unanswered []string      // submit after a return: criteria of the return without an answer
	Unread     int           // submit: warnings that the person has not said they have read

	Items   int // return: criteria that it lists
	Changed int // cancel_return: answers that the company has changed since the return
	Unmet   int // accept: criteria that count without a verdict that they are met

	Reason string // end: why
}

func clockOnly() []identity.Role { return []identity.Role{identity.Clock} }

type guards = []workflow.Guard[Facts]

// Lifecycle is the only list of legal moves of a cycle.
//
// Sources: the profile is submitted and reviewed before certification, 6 U.S.C. 964; a
// review every year, CBP portal manual of 2016; a return voids the signature and unlocks
// only what it names, house rule, so that nobody signs for what they have not seen.
var Lifecycle = workflow.Table[Status, identity.Role, Action, Facts]{
	{From: Open, By: identity.CompanySigners, Do: Submit, To: Submitted, If: guards{complete, heeded, attested, signer}},
	{From: Submitted, By: identity.CaseWorkers, Do: StartReview, To: InReview},
	{From: InReview, By: identity.CaseWorkers, Do: SendBack, To: Returned, If: guards{listsSomething}},
	{From: Returned, By: identity.CompanySigners, Do: Submit, To: Submitted, If: guards{complete, answered, heeded, attested, signer}},
	{From: Returned, By: identity.CaseWorkers, Do: CancelReturn, To: InReview, If: guards{untouched}},
	{From: InReview, By: identity.CaseWorkers, Do: Accept, To: Accepted, If: guards{met}},

	{From: Open, By: clockOnly(), Do: End, To: Ended, If: guards{saysWhy}},
	{From: Submitted, By: clockOnly(), Do: End, To: Ended, If: guards{saysWhy}},
	{From: InReview, By: clockOnly(), Do: End, To: Ended, If: guards{saysWhy}},
	{From: Returned, By: clockOnly(), Do: End, To: Ended, If: guards{saysWhy}},
}

func complete(f Facts) []fault.Field { return f.Problems }

func heeded(f Facts) []fault.Field {
	if f.Unread == 0 {
		return nil
	}
	return []fault.Field{fault.F("warnings", "Read the warnings and tick the box, or mend what they are about. Not ticked yet: %d", f.Unread)}
}

func attested(f Facts) []fault.Field {
	if f.Attested {
		return nil
	}
	return []fault.Field{fault.F("attested", "Tick the box to declare that the answers are true and complete")}
}

func signer(f Facts) []fault.Field {
	if f.Signer {
		return nil
	}
	return []fault.Field{fault.F("attested", "Only a person listed as an officer of the company can submit. Add yourself to the contacts as an officer with the e-mail address you signed in with, or ask an officer to submit")}
}

func answered(f Facts) (out []fault.Field) {
	for _, id := range f.Unanswered {
		out = append(out, fault.F(id, "We sent this criterion back. Change the answer or the evidence, or say that nothing changes"))
	}
	return out
}

func listsSomething(f Facts) []fault.Field {
	if f.Items > 0 {
		return nil
	}
	return []fault.Field{fault.F("items", "Choose at least one criterion to send back")}
}

func untouched(f Facts) []fault.Field {
	if f.Changed == 0 {
		return nil
	}
	return []fault.Field{fault.F("", "The company has begun to answer. Wait for its answer")}
}

func met(f Facts) []fault.Field {
	if f.Unmet == 0 {
		return nil
	}
	return []fault.Field{fault.F("verdicts", "You can accept the profile when every criterion is met. Still open or not met: %d", f.Unmet)}
}

func saysWhy(f Facts) []fault.Field {
	if f.Reason != "" {
		return nil
	}
	return []fault.Field{fault.F("reason", "Enter the reason")}
}
