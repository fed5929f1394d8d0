package enforcement

import (
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/workflow"
)

// Status is where a case stands.
type Status string

// The states of a case. What was proposed before may be in force in any of them but the
// first: see Case.Held.
const (
	Investigating Status = "investigating" // or a request of the company is looked at
	Proposed      Status = "proposed"
	Notified      Status = "notified" // the company has time to answer
	Answered      Status = "answered"
	Emergency     Status = "emergency" // suspended at once, and not confirmed yet
	InForce       Status = "in_force"
	EndProposed   Status = "end_proposed"
	Closed        Status = "closed"
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status {
	return []Status{Investigating, Proposed, Notified, Answered, Emergency, InForce, EndProposed, Closed}
}

// Name is the state for a person of the agency to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Investigating: "Being looked into", Proposed: "Proposed", Notified: "With the company", Answered: "Answered",
		Emergency: "Suspended at once", InForce: "In force", EndProposed: "End proposed", Closed: "Closed"}[s]
}

// Told is the state as the company may know it: what the agency considers is its own.
func (s Status) Told(held bool) Status {
	switch {
	case (s == Proposed || s == Investigating || s == EndProposed) && held:
		return InForce
	case s == Proposed:
		return Investigating
	}
	return s
}

// Action is a move of a case.
type Action string

// The actions.
const (
	Propose    Action = "propose"
	Recall     Action = "recall"
	Notify     Action = "notify"
	Answer     Action = "answer"
	Approve    Action = "approve"
	Return     Action = "return"
	SuspendNow Action = "suspend_at_once"
	Confirm    Action = "confirm"
	Lift       Action = "lift"
	Extend     Action = "extend"
	KeepDay    Action = "keep_day"
	ProposeEnd Action = "propose_end"
	RecallEnd  Action = "recall_end"
	ApproveEnd Action = "approve_end"
	ReturnEnd  Action = "return_end"
	Publish    Action = "publish"
)

// Actions lists every action.
func Actions() []Action {
	return []Action{Propose, Recall, Notify, Answer, Approve, Return, SuspendNow, Confirm, Lift, Extend, KeepDay, ProposeEnd, RecallEnd, ApproveEnd, ReturnEnd, Publish}
}

// Facts are what the guards of Lifecycle look at.
type Facts struct {
	Held      bool // something is in force
	Asks      bool // the ground gives the company time to answer before the decision
	TimeOver  bool // that time is over
	Own       bool // the actor proposed what is to be decided
	Stays     bool // after the decision something is in force
	Emergency bool // the programme has a ground for it
	Suspends  bool // a suspension is in force
	Asked     bool // the company asks for a longer suspension
	Published bool
	Text      string        // the reason
	Field     string        // in which it is entered
	Lacks     []fault.Field // what stands against the end, or against publishing
}

// Lifecycle is the only list of legal moves of a case.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	staff, second, company := identity.CaseWorkers, identity.Approvers, identity.CompanyEditors
	held := func(f Facts) bool { return f.Held }
	free := func(f Facts) bool { return !f.Held }
	asks := func(f Facts) bool { return f.Asks }
	rows := workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Investigating, By: staff, Do: Propose, To: Proposed},
		{From: InForce, By: staff, Do: Propose, To: Proposed},
		{From: Proposed, By: staff, Do: Notify, To: Notified, When: asks},
		{From: Notified, By: company, Do: Answer, To: Answered, If: guards{hasText}},
		{From: Emergency, By: second, Do: Confirm, To: InForce, If: guards{otherPerson}},
		{From: Emergency, By: second, Do: Lift, To: Investigating, If: guards{otherPerson, hasText}},
		{From: InForce, By: second, Do: Extend, To: InForce, When: func(f Facts) bool { return f.Suspends }, If: guards{hasText}},
		{From: InForce, By: second, Do: KeepDay, To: InForce, When: func(f Facts) bool { return f.Asked }, If: guards{hasText}},
		{From: InForce, By: staff, Do: ProposeEnd, To: EndProposed, If: guards{hasText, nothingLacks}},
		{From: EndProposed, By: staff, Do: RecallEnd, To: InForce},
		{From: EndProposed, By: second, Do: ApproveEnd, To: Closed, If: guards{otherPerson, nothingLacks}},
		{From: EndProposed, By: second, Do: ReturnEnd, To: InForce, If: guards{otherPerson, hasText}},
		{From: InForce, By: second, Do: Publish, To: InForce, When: unpublished, If: guards{hasText, nothingLacks}},
		{From: Closed, By: second, Do: Publish, To: Closed, When: unpublished, If: guards{hasText, nothingLacks}},
	}
	for _, from := range []Status{Proposed, Notified, Answered} {
		rows = append(rows, workflow.Table[Status, identity.Role, Action, Facts]{
			{From: from, By: staff, Do: Recall, To: InForce, When: held, If: guards{hasText}},
			{From: from, By: staff, Do: Recall, To: Investigating, When: free, If: guards{hasText}},
			{From: from, By: second, Do: Return, To: InForce, When: func(f Facts) bool { return f.Held && ripe(from, f) }, If: guards{otherPerson, hasText}},
			{From: from, By: second, Do: Return, To: Investigating, When: func(f Facts) bool { return !f.Held && ripe(from, f) }, If: guards{otherPerson, hasText}},
			{From: from, By: second, Do: Approve, To: InForce, When: func(f Facts) bool { return f.Stays && ripe(from, f) }, If: guards{otherPerson}},
			{From: from, By: second, Do: Approve, To: Closed, When: func(f Facts) bool { return !f.Stays && ripe(from, f) }, If: guards{otherPerson}},
		}...)
	}
	for _, from := range []Status{Investigating, Proposed, Notified, Answered} {
		rows = append(rows, workflow.Row[Status, identity.Role, Action, Facts]{From: from, By: second, Do: SuspendNow, To: Emergency,
			When: func(f Facts) bool { return f.Emergency && !f.Held }, If: guards{hasText}})
	}
	return rows
}

// ripe reports whether a proposal can be decided: the company has answered, its time is
// over, or the law gives it none.
func ripe(from Status, f Facts) bool {
	switch from {
	case Proposed:
		return !f.Asks
	case Notified:
		return f.TimeOver
	}
	return from == Answered
}

func unpublished(f Facts) bool { return !f.Published }

// otherPerson keeps those who proposed something from deciding on it.
func otherPerson(f Facts) []fault.Field {
	if !f.Own {
		return nil
	}
	return []fault.Field{fault.F("", "You proposed this yourself. A second person decides")}
}

func hasText(f Facts) []fault.Field {
	if f.Text != "" {
		return nil
	}
	return []fault.Field{fault.F(f.Field, "Enter the reason")}
}

func nothingLacks(f Facts) []fault.Field { return f.Lacks }
