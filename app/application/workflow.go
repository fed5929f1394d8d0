// Package application is a company's request to join one programme as one kind of
// member: from the eligibility questions to the decision. Start reading here: the
// table below is the only list of legal moves.
//
// The rules of each step are programme data; nothing in this package knows a
// programme by its name. A queue is a query: a submitted application is in the
// agency's queue. The agency's own work on it (checks, vetting, recommendation) is
// in package review, which uses Open and Steps.Move.
package application

import (
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/workflow"
)

// Status is where an application stands.
type Status string

// The states. The last four are final.
const (
	Draft                Status = "draft"
	Submitted            Status = "submitted"
	InReview             Status = "in_review"
	InformationRequested Status = "information_requested"
	Recommended          Status = "recommended"
	Hearing              Status = "hearing"
	Certified            Status = "certified"
	Rejected             Status = "rejected"
	Withdrawn            Status = "withdrawn"
	Lapsed               Status = "lapsed"
)

// Statuses lists the states in the order of the journey.
func Statuses() []Status {
	return []Status{Draft, Submitted, InReview, InformationRequested, Recommended, Hearing, Certified, Rejected, Withdrawn, Lapsed}
}

// Final reports whether nothing follows.
func (s Status) Final() bool {
	return s == Certified || s == Rejected || s == Withdrawn || s == Lapsed
}

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{
		Draft: "Draft", Submitted: "Submitted", InReview: "Under review", InformationRequested: "We need more information",
		Recommended: "Under review", Hearing: "Your right to be heard", Certified: "Certified", Rejected: "Rejected",
		Withdrawn: "Withdrawn", Lapsed: "Lapsed",
	}[s]
}

// Action is something that a person or the clock does to an application.
type Action string

// The actions.
const (
	Submit                 Action = "submit"
	StartReview            Action = "start_review"
	Accept                 Action = "accept"
	RequestInformation     Action = "request_information"
	AnswerInformation      Action = "answer_information"
	CancelRequest          Action = "cancel_request"
	Recommend              Action = "recommend"
	ReturnRecommendation   Action = "return_recommendation"
	WithdrawRecommendation Action = "withdraw_recommendation"
	Approve                Action = "approve"
	AnswerHearing          Action = "answer_hearing"
	ExpireHearing          Action = "hearing_expired"
	Withdraw               Action = "withdraw"
	Lapse                  Action = "lapse"
)

// Actions lists every action.
func Actions() []Action {
	return []Action{Submit, StartReview, Accept, RequestInformation, AnswerInformation, CancelRequest, Recommend,
		ReturnRecommendation, WithdrawRecommendation, Approve, AnswerHearing, ExpireHearing, Withdraw, Lapse}
}

// Outcome is what a recommendation proposes.
type Outcome string

// The outcomes.
const (
	Certify Outcome = "certify"
	Reject  Outcome = "reject"
)

// Facts is everything the table asks about an application. It is filled once, in
// the transaction, after the lock.
type Facts struct {
	AcceptanceStep bool // the programme accepts an application before it examines it
	HearingStep    bool // the company may answer before an adverse decision
	Accepted       bool // accepted_at is set

	Problems []fault.Field // submit, answers: what the company still has to mend, each named by the page that mends it
	Attested bool          // submit, answers: the person declared that everything is true and complete
	Signer   bool          // submit: the person who attests is listed as an officer of the company

	Items      int      // request_information: what is asked for
	Unanswered []string // answer_information: names of the items without an answer

	Outcome     Outcome // recommend, approve
	UnmetParts  int     // recommend: parts of the profile without a verdict that they are met
	OpenVetting int     // recommend: checks without an outcome
	Concerns    int     // recommend: checks with a concern
	Points      int     // recommend: reasons of a rejection, point by point
	Heard       bool    // approve: the company has had its say about this refusal
	Own         bool    // the recommendation is the acting person's own
	ProfileOpen bool    // recommend, approve: there is a security profile, and it was not accepted

	Reason string // withdraw, return: why
	Due    bool   // moves of the clock: the day has passed
}

func noAcceptance(f Facts) bool       { return !f.AcceptanceStep }
func acceptance(f Facts) bool         { return f.AcceptanceStep }
func awaitsAcceptance(f Facts) bool   { return f.AcceptanceStep && !f.Accepted }
func underReview(f Facts) bool        { return !awaitsAcceptance(f) }
func certifies(f Facts) bool          { return f.Outcome == Certify }
func rejectsFinally(f Facts) bool     { return f.Outcome == Reject && (!f.HearingStep || f.Heard) }
func mustHearFirst(f Facts) bool      { return f.Outcome == Reject && f.HearingStep && !f.Heard }
func clockOnly() []identity.Role      { return []identity.Role{identity.Clock} }
func caseWorkers() []identity.Role    { return identity.CaseWorkers }
func approvers() []identity.Role      { return identity.Approvers }
func companySigners() []identity.Role { return identity.CompanySigners }

type guards = []workflow.Guard[Facts]

// Lifecycle is the only list of legal moves of an application.
//
// Sources: acceptance and its 30 days of silence, Implementing Regulation (EU)
// 2015/2447 Art. 12(2) and (3); right to be heard, UCC Art. 22(6); certification
// within 90 days, 6 U.S.C. 964; another person than the proposer decides, house rule
// D7 (four eyes), repeated in the database by the constraint four_eyes.
var Lifecycle = workflow.Table[Status, identity.Role, Action, Facts]{
	{From: Draft, By: companySigners(), Do: Submit, To: Submitted, If: guards{complete, attested, signer}},
	{From: Draft, By: clockOnly(), Do: Lapse, To: Lapsed, If: guards{due}},

	{From: Submitted, By: caseWorkers(), Do: StartReview, To: InReview, When: noAcceptance},
	{From: Submitted, By: caseWorkers(), Do: Accept, To: InReview, When: acceptance},
	{From: Submitted, By: clockOnly(), Do: Accept, To: InReview, When: acceptance, If: guards{due}},

	{From: Submitted, By: caseWorkers(), Do: RequestInformation, To: InformationRequested, If: guards{asksSomething}},
	{From: InReview, By: caseWorkers(), Do: RequestInformation, To: InformationRequested, If: guards{asksSomething}},
	{From: InformationRequested, By: companySigners(), Do: AnswerInformation, To: InReview, When: underReview, If: guards{complete, answered, attested}},
	{From: InformationRequested, By: companySigners(), Do: AnswerInformation, To: Submitted, When: awaitsAcceptance, If: guards{complete, answered, attested}},
	{From: InformationRequested, By: caseWorkers(), Do: CancelRequest, To: InReview, When: underReview},
	{From: InformationRequested, By: caseWorkers(), Do: CancelRequest, To: Submitted, When: awaitsAcceptance},

	{From: InReview, By: caseWorkers(), Do: Recommend, To: Recommended, If: guards{outcome, profiled, reviewed, vetted, reasoned}},
	{From: Recommended, By: caseWorkers(), Do: WithdrawRecommendation, To: InReview, If: guards{own}},
	{From: Recommended, By: approvers(), Do: ReturnRecommendation, To: InReview, If: guards{anotherPerson, saysWhy}},
	{From: Recommended, By: approvers(), Do: Approve, To: Certified, When: certifies, If: guards{anotherPerson, profiled}},
	{From: Recommended, By: approvers(), Do: Approve, To: Rejected, When: rejectsFinally, If: guards{anotherPerson}},
	{From: Recommended, By: approvers(), Do: Approve, To: Hearing, When: mustHearFirst, If: guards{anotherPerson}},
	{From: Hearing, By: companySigners(), Do: AnswerHearing, To: InReview},
	{From: Hearing, By: clockOnly(), Do: ExpireHearing, To: InReview, If: guards{due}},

	{From: Draft, By: companySigners(), Do: Withdraw, To: Withdrawn, If: guards{saysWhy}},
	{From: Submitted, By: companySigners(), Do: Withdraw, To: Withdrawn, If: guards{saysWhy}},
	{From: InReview, By: companySigners(), Do: Withdraw, To: Withdrawn, If: guards{saysWhy}},
	{From: InformationRequested, By: companySigners(), Do: Withdraw, To: Withdrawn, If: guards{saysWhy}},
	{From: Recommended, By: companySigners(), Do: Withdraw, To: Withdrawn, If: guards{saysWhy}},
	{From: Hearing, By: companySigners(), Do: Withdraw, To: Withdrawn, If: guards{saysWhy}},
}

func complete(f Facts) []fault.Field { return f.Problems }

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

func asksSomething(f Facts) []fault.Field {
	if f.Items > 0 {
		return nil
	}
	return []fault.Field{fault.F("items", "Add at least one question")}
}

func answered(f Facts) (out []fault.Field) {
	for _, name := range f.Unanswered {
		out = append(out, fault.F(name, "Answer this question before you send"))
	}
	return out
}

func outcome(f Facts) []fault.Field {
	if f.Outcome == Certify || f.Outcome == Reject {
		return nil
	}
	return []fault.Field{fault.F("outcome", "Choose whether you recommend to certify or to reject")}
}

func profiled(f Facts) []fault.Field {
	if f.Outcome != Certify || !f.ProfileOpen {
		return nil
	}
	return []fault.Field{fault.F("outcome", "You can certify when the security profile is accepted. Review its criteria first")}
}

func reviewed(f Facts) []fault.Field {
	if f.Outcome != Certify || f.UnmetParts == 0 {
		return nil
	}
	return []fault.Field{fault.F("outcome", "You can recommend to certify when every part is met. Still open or not met: %d", f.UnmetParts)}
}

func vetted(f Facts) (out []fault.Field) {
	if f.Outcome != Certify {
		return nil
	}
	if f.OpenVetting > 0 {
		out = append(out, fault.F("outcome", "Record an outcome for every vetting check. Still open: %d", f.OpenVetting))
	}
	if f.Concerns > 0 {
		out = append(out, fault.F("outcome", "You can recommend to certify when no vetting check has a concern. With a concern: %d", f.Concerns))
	}
	return out
}

func reasoned(f Facts) []fault.Field {
	if f.Outcome != Reject || f.Points > 0 {
		return nil
	}
	return []fault.Field{fault.F("points", "Give the reasons of the rejection point by point, at least one")}
}

func own(f Facts) []fault.Field {
	if f.Own {
		return nil
	}
	return []fault.Field{fault.F("", "Only the person who made the recommendation can take it back. A supervisor can return it")}
}

func anotherPerson(f Facts) []fault.Field {
	if !f.Own {
		return nil
	}
	return []fault.Field{fault.F("", "You made this recommendation. Another person must decide on it")}
}

func saysWhy(f Facts) []fault.Field {
	if f.Reason != "" {
		return nil
	}
	return []fault.Field{fault.F("reason", "Enter the reason")}
}

func due(f Facts) []fault.Field {
	if f.Due {
		return nil
	}
	return []fault.Field{fault.F("", "The day has not passed yet")}
}
