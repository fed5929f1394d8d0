package bizpartner

import (
	"trustedtrader/app/fault"
	"trustedtrader/app/workflow"
)

// Status is where a questionnaire stands.
type Status string

// The states of a questionnaire.
const (
	Sent      Status = "sent"
	Opened    Status = "opened"
	Begun     Status = "begun"
	Answered  Status = "answered" // the member is to look
	Returned  Status = "returned" // the partner is to mend single answers
	Accepted  Status = "accepted"
	Expired   Status = "expired"
	Refused   Status = "refused"
	Cancelled Status = "cancelled"
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status {
	return []Status{Sent, Opened, Begun, Answered, Returned, Accepted, Expired, Refused, Cancelled}
}

// Open reports whether the partner can answer.
func (s Status) Open() bool { return s == Sent || s == Opened || s == Begun || s == Returned }

// HandedIn reports whether the member may see the answers.
func (s Status) HandedIn() bool { return s == Answered || s == Returned || s == Accepted }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Sent: "Sent", Opened: "Opened", Begun: "Begun", Answered: "Answered", Returned: "Sent back", Accepted: "Accepted",
		Expired: "Link expired", Refused: "Refused", Cancelled: "Called off"}[s]
}

// Party is who acts on a questionnaire: the partner has no account and so no role.
type Party string

// The parties.
const (
	ByMember  Party = "member"
	ByPartner Party = "partner"
	ByPortal  Party = "portal"
)

// Action is a move of a questionnaire.
type Action string

// The actions.
const (
	Look   Action = "open"
	Save   Action = "save"
	Finish Action = "finish"
	Refuse Action = "refuse"
	Unuse  Action = "unuse" // takes back that earlier answers are used
	Return Action = "return"
	Accept Action = "accept"
	Renew  Action = "renew"
	Cancel Action = "cancel"
	Expire Action = "expire"
)

// Actions lists every action.
func Actions() []Action {
	return []Action{Look, Save, Finish, Refuse, Unuse, Return, Accept, Renew, Cancel, Expire}
}

// Facts are what the guards of Lifecycle look at.
type Facts struct {
	Text  string // of the step: the reason
	Field string // in which it is entered
}

// Lifecycle is the only list of legal moves of a questionnaire.
func Lifecycle() workflow.Table[Status, Party, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	partner, member, portal := []Party{ByPartner}, []Party{ByMember}, []Party{ByPortal}
	t := workflow.Table[Status, Party, Action, Facts]{
		{From: Sent, By: partner, Do: Look, To: Opened},
		{From: Sent, By: partner, Do: Save, To: Begun},
		{From: Opened, By: partner, Do: Save, To: Begun},
		{From: Begun, By: partner, Do: Save, To: Begun},
		{From: Returned, By: partner, Do: Save, To: Returned},
		{From: Begun, By: partner, Do: Finish, To: Answered},
		{From: Returned, By: partner, Do: Finish, To: Answered},
		{From: Begun, By: partner, Do: Unuse, To: Begun},
		{From: Answered, By: partner, Do: Unuse, To: Begun},
		{From: Returned, By: partner, Do: Unuse, To: Begun},
		{From: Accepted, By: partner, Do: Unuse, To: Cancelled},
		{From: Answered, By: member, Do: Return, To: Returned},
		{From: Answered, By: member, Do: Accept, To: Accepted},
		{From: Returned, By: member, Do: Accept, To: Accepted, If: guards{hasText}},
		{From: Expired, By: member, Do: Renew, To: Sent},
		{From: Refused, By: member, Do: Renew, To: Sent},
	}
	for _, s := range []Status{Sent, Opened, Begun, Returned} {
		t = append(t, workflow.Table[Status, Party, Action, Facts]{
			{From: s, By: partner, Do: Refuse, To: Refused, If: guards{hasText}},
			{From: s, By: member, Do: Renew, To: s},
			{From: s, By: member, Do: Cancel, To: Cancelled, If: guards{hasText}},
			{From: s, By: portal, Do: Expire, To: Expired},
		}...)
	}
	return t
}

func hasText(f Facts) []fault.Field {
	if f.Text != "" {
		return nil
	}
	return []fault.Field{fault.F(f.Field, "Enter the reason")}
}
