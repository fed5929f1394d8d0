package succession

import (
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/workflow"
)

// Status is where a case stands.
type Status string

// The states of a case.
const (
	Draft     Status = "draft" // the company's own
	Sent      Status = "sent"
	InReview  Status = "in_review"
	Proposed  Status = "proposed" // a second person is to decide
	Accepted  Status = "accepted" // it takes effect on its day
	InForce   Status = "in_force"
	Returned  Status = "returned"
	Refused   Status = "refused"
	CalledOff Status = "called_off"
	Overtaken Status = "overtaken" // the membership ended before, in another way
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status {
	return []Status{Draft, Sent, InReview, Proposed, Accepted, InForce, Returned, Refused, CalledOff, Overtaken}
}

// Final reports whether nothing follows any more.
func (s Status) Final() bool {
	return s == InForce || s == Refused || s == CalledOff || s == Overtaken
}

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Draft: "Not sent yet", Sent: "Sent", InReview: "Being looked at", Proposed: "Waits for a decision", Accepted: "Accepted",
		InForce: "In effect", Returned: "Sent back to you", Refused: "Refused", CalledOff: "Called off", Overtaken: "Overtaken"}[s]
}

// Action is a move of a case.
type Action string

// The actions.
const (
	Send     Action = "send"
	Drop     Action = "drop"
	CallOff  Action = "call_off"
	Take     Action = "take"
	Return   Action = "return"
	Propose  Action = "propose"
	Accept   Action = "accept"
	Refuse   Action = "refuse"
	SendBack Action = "send_back" // to the person who looked at it
	Begin    Action = "take_effect"
	Overtake Action = "overtake"
)

// Actions lists every action.
func Actions() []Action {
	return []Action{Send, Drop, CallOff, Take, Return, Propose, Accept, Refuse, SendBack, Begin, Overtake}
}

// Facts are what the guards of Lifecycle look at.
type Facts struct {
	Direct  bool   // the member's own word is enough
	Two     bool   // a second person decides
	Same    bool   // the person who looked at it is the one who acts
	Early   bool   // its day has not come
	Open    int    // open records of the membership about which nothing is decided
	Text    string // of the step
	Accepts bool   // the step leads to a yes
}

// Lifecycle is the only list of legal moves of a case.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	editors, signers := identity.CompanyEditors, identity.CompanySigners
	staff, approvers, portal := identity.CaseWorkers, identity.Approvers, []identity.Role{identity.Clock}
	direct := func(f Facts) bool { return f.Direct }
	decided := func(f Facts) bool { return !f.Direct }
	two := func(f Facts) bool { return f.Two }
	one := func(f Facts) bool { return !f.Two }
	t := workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Draft, By: signers, Do: Send, To: Accepted, When: direct},
		{From: Draft, By: signers, Do: Send, To: Sent, When: decided},
		{From: Draft, By: editors, Do: Drop, To: CalledOff},
		{From: Returned, By: signers, Do: Send, To: Accepted, When: direct},
		{From: Returned, By: signers, Do: Send, To: Sent, When: decided},
		{From: Sent, By: staff, Do: Take, To: InReview},
		{From: InReview, By: staff, Do: Return, To: Returned, If: guards{hasText}},
		{From: InReview, By: staff, Do: Propose, To: Proposed, When: two, If: guards{hasText, settled}},
		{From: InReview, By: staff, Do: Accept, To: Accepted, When: one, If: guards{settled}},
		{From: InReview, By: staff, Do: Refuse, To: Refused, When: one, If: guards{hasText}},
		{From: Proposed, By: approvers, Do: Accept, To: Accepted, If: guards{another, settled}},
		{From: Proposed, By: approvers, Do: Refuse, To: Refused, If: guards{another, hasText}},
		{From: Proposed, By: approvers, Do: SendBack, To: InReview, If: guards{hasText}},
		{From: Accepted, By: portal, Do: Begin, To: InForce},
	}
	for _, from := range []Status{Sent, InReview, Proposed, Returned, Accepted} {
		t = append(t, workflow.Row[Status, identity.Role, Action, Facts]{From: from, By: signers, Do: CallOff, To: CalledOff, If: guards{early}})
	}
	for _, from := range []Status{Draft, Sent, InReview, Proposed, Returned, Accepted} {
		t = append(t, workflow.Row[Status, identity.Role, Action, Facts]{From: from, By: portal, Do: Overtake, To: Overtaken})
	}
	return t
}

func hasText(f Facts) []fault.Field {
	if f.Text != "" {
		return nil
	}
	return []fault.Field{fault.F("text", "Enter the reason")}
}

func another(f Facts) []fault.Field {
	if !f.Same {
		return nil
	}
	return []fault.Field{fault.F("text", "You looked at this case yourself, so a second person must decide")}
}

func early(f Facts) []fault.Field {
	if f.Early {
		return nil
	}
	return []fault.Field{fault.F("text", "Its day has come, so it cannot be called off any more")}
}

func settled(f Facts) []fault.Field {
	if !f.Accepts || f.Open == 0 {
		return nil
	}
	return []fault.Field{fault.F("items", "Decide on each open record of the membership first. Not decided yet: %d", f.Open)}
}
