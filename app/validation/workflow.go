package validation

import (
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/workflow"
)

// Status is where a validation stands.
type Status string

// The states of a validation.
const (
	Planned   Status = "planned"   // the agency's own: the company does not know yet
	Notified  Status = "notified"  // the company was told, times are being agreed
	Visiting  Status = "visiting"  // a visit has begun
	Visited   Status = "visited"   // every visit is over, the report is written
	Issued    Status = "issued"    // the company has the report
	Closed    Status = "closed"    // what followed from it was decided
	Cancelled Status = "cancelled" // it does not take place
)

// Statuses lists every state in the order of the journey.
func Statuses() []Status {
	return []Status{Planned, Notified, Visiting, Visited, Issued, Closed, Cancelled}
}

// Final reports whether nothing follows any more.
func (s Status) Final() bool { return s == Closed || s == Cancelled }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Planned: "Planned", Notified: "Company notified", Visiting: "Visits under way", Visited: "Visits done",
		Issued: "Report issued", Closed: "Closed", Cancelled: "Cancelled"}[s]
}

// Action is a move of a validation.
type Action string

// The actions.
const (
	Notify Action = "notify"
	Begin  Action = "begin"
	Finish Action = "finish"
	Issue  Action = "issue"
	Close  Action = "close"
	Cancel Action = "cancel"
)

// Actions lists every action.
func Actions() []Action { return []Action{Notify, Begin, Finish, Issue, Close, Cancel} }

// Facts are what the guards of Lifecycle look at.
type Facts struct {
	Visits    int    // that were not cancelled
	OpenWork  int    // of these, visits that are not done
	Lead      bool   // somebody leads the validation
	Reason    string // of the step
	Report    bool   // the report is approved and goes out
	OpenNeeds int    // required actions that nobody has accepted yet; they do not keep a validation from closing with enforcement
	Outcome   Outcome
}

// Lifecycle is the only list of legal moves of a validation. Issue and close are carried
// out by the package of the report, which knows their facts.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	staff := identity.CaseWorkers
	return workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Planned, By: staff, Do: Notify, To: Notified, If: guards{hasVisits, hasLead}},
		{From: Notified, By: staff, Do: Begin, To: Visiting},
		{From: Notified, By: staff, Do: Finish, To: Visited, If: guards{hasVisits, allDone}}, // relied upon, or without a visit
		{From: Visiting, By: staff, Do: Finish, To: Visited, If: guards{hasVisits, allDone}},
		{From: Visited, By: staff, Do: Issue, To: Issued, If: guards{hasReport}},
		{From: Issued, By: staff, Do: Close, To: Closed, If: guards{hasOutcome, noOpenNeeds}},
		{From: Planned, By: staff, Do: Cancel, To: Cancelled, If: guards{hasReason}},
		{From: Notified, By: staff, Do: Cancel, To: Cancelled, If: guards{hasReason}},
		{From: Visiting, By: staff, Do: Cancel, To: Cancelled, If: guards{hasReason}},
		{From: Visited, By: staff, Do: Cancel, To: Cancelled, If: guards{hasReason}},
	}
}

func hasVisits(f Facts) []fault.Field {
	if f.Visits == 0 {
		return []fault.Field{fault.F("visits", "Add a visit first. Choose “Without a visit” where the documents are enough")}
	}
	return nil
}

func hasLead(f Facts) []fault.Field {
	if !f.Lead {
		return []fault.Field{fault.F("lead", "Choose who leads the validation")}
	}
	return nil
}

func allDone(f Facts) []fault.Field {
	if f.OpenWork > 0 {
		return []fault.Field{fault.F("visits", "End or cancel every visit first")}
	}
	return nil
}

func hasReport(f Facts) []fault.Field {
	if !f.Report {
		return []fault.Field{fault.F("", "The report must be approved before it is issued")}
	}
	return nil
}

func hasOutcome(f Facts) []fault.Field {
	switch f.Outcome {
	case TierAwarded, Confirmed, Enforcement:
		return nil
	}
	return []fault.Field{fault.F("outcome", "Choose what follows from the validation")}
}

func noOpenNeeds(f Facts) []fault.Field {
	if f.OpenNeeds > 0 && f.Outcome != Enforcement {
		return []fault.Field{fault.F("outcome", "A required action is still open. Accept it first, or pass the case on to enforcement")}
	}
	return nil
}

func hasReason(f Facts) []fault.Field {
	if f.Reason == "" {
		return []fault.Field{fault.F("reason", "Enter the reason")}
	}
	return nil
}

// Outcome is what follows from a validation.
type Outcome string

// The outcomes.
const (
	TierAwarded Outcome = "tier_awarded"
	Confirmed   Outcome = "confirmed"
	Enforcement Outcome = "enforcement"
)

// Name is the outcome for a person to read (English source text).
func (o Outcome) Name() string {
	return map[Outcome]string{TierAwarded: "Tier awarded", Confirmed: "Standing confirmed", Enforcement: "Passed on to enforcement"}[o]
}

// VisitStatus is where a visit stands.
type VisitStatus string

// The states of a visit.
const (
	ToBook    VisitStatus = "to_book"
	Offered   VisitStatus = "offered" // times wait for the company's answer, or for the office's choice
	Booked    VisitStatus = "booked"
	UnderWay  VisitStatus = "under_way"
	Done      VisitStatus = "done"
	CalledOff VisitStatus = "cancelled"
)

// VisitStatuses lists every state in the order of the journey.
func VisitStatuses() []VisitStatus {
	return []VisitStatus{ToBook, Offered, Booked, UnderWay, Done, CalledOff}
}

// Name is the state for a person to read (English source text).
func (s VisitStatus) Name() string {
	return map[VisitStatus]string{ToBook: "To book", Offered: "Times offered", Booked: "Booked", UnderWay: "Under way", Done: "Done", CalledOff: "Cancelled"}[s]
}

// VisitAction is a move of a visit.
type VisitAction string

// The actions on a visit. Reschedule gives a booked visit another time.
const (
	Offer      VisitAction = "offer"
	Withdraw   VisitAction = "withdraw"
	Book       VisitAction = "book"
	Reschedule VisitAction = "reschedule"
	Start      VisitAction = "start"
	End        VisitAction = "end"
	Settle     VisitAction = "settle" // done without going there
	CallOff    VisitAction = "call_off"
)

// VisitActions lists every action on a visit.
func VisitActions() []VisitAction {
	return []VisitAction{Offer, Withdraw, Book, Reschedule, Start, End, Settle, CallOff}
}

// VisitFacts are what the guards of a visit look at.
type VisitFacts struct {
	Goes      bool      // somebody goes there, if only by video
	Told      bool      // the company knows of the validation
	Team      int       // officers
	Lead      bool      // one of them leads
	First     clock.Day // of the visit at the site, as it is or as it is to be
	NotBefore clock.Day // first day that respects the notice of the programme
	Agreed    bool      // the company agreed in writing to less notice
	Today     clock.Day // at the site
	Reason    string    // of the step
}

// VisitLifecycle is the only list of legal moves of a visit.
func VisitLifecycle() workflow.Table[VisitStatus, identity.Role, VisitAction, VisitFacts] {
	type guards = []workflow.Guard[VisitFacts]
	staff := identity.CaseWorkers
	goes := func(f VisitFacts) bool { return f.Goes }
	stays := func(f VisitFacts) bool { return !f.Goes }
	return workflow.Table[VisitStatus, identity.Role, VisitAction, VisitFacts]{
		{From: ToBook, By: staff, Do: Offer, To: Offered, When: goes, If: guards{told, hasTeam}},
		{From: Offered, By: staff, Do: Offer, To: Offered, When: goes, If: guards{told, hasTeam}}, // a new round
		{From: Booked, By: staff, Do: Offer, To: Booked, When: goes, If: guards{told, hasTeam}},   // the time stands until another is agreed
		{From: Offered, By: staff, Do: Withdraw, To: ToBook},
		{From: Booked, By: staff, Do: Withdraw, To: Booked},
		{From: Offered, By: staff, Do: Book, To: Booked, If: guards{hasTeam, inNotice}},
		{From: Booked, By: staff, Do: Book, To: Booked, If: guards{hasTeam, inNotice}},
		{From: Booked, By: staff, Do: Reschedule, To: Booked, If: guards{hasTeam, inNotice, because}},
		{From: Booked, By: staff, Do: Start, To: UnderWay, If: guards{notEarly, inNotice}},
		{From: UnderWay, By: staff, Do: End, To: Done},
		{From: ToBook, By: staff, Do: Settle, To: Done, When: stays, If: guards{told}},
		{From: ToBook, By: staff, Do: CallOff, To: CalledOff, If: guards{because}},
		{From: Offered, By: staff, Do: CallOff, To: CalledOff, If: guards{because}},
		{From: Booked, By: staff, Do: CallOff, To: CalledOff, If: guards{because}},
	}
}

func told(f VisitFacts) []fault.Field {
	if !f.Told {
		return []fault.Field{fault.F("", "Notify the company of the validation first")}
	}
	return nil
}

func hasTeam(f VisitFacts) []fault.Field {
	switch {
	case f.Team == 0:
		return []fault.Field{fault.F("team", "Choose who goes on the visit first")}
	case !f.Lead:
		return []fault.Field{fault.F("team", "Choose who leads the visit")}
	}
	return nil
}

func inNotice(f VisitFacts) []fault.Field {
	if f.First.IsZero() || f.NotBefore.IsZero() || f.Agreed || !f.First.Before(f.NotBefore) {
		return nil
	}
	return []fault.Field{fault.F("time", "This is too soon: the company's notice ends the day before %s. Choose that day or a later one, or ask the company to agree to less notice in writing", f.NotBefore.String())}
}

func notEarly(f VisitFacts) []fault.Field {
	if f.Today.Before(f.First) {
		return []fault.Field{fault.F("", "The visit is on %s at the site. It can begin on that day", f.First.String())}
	}
	return nil
}

func because(f VisitFacts) []fault.Field {
	if f.Reason == "" {
		return []fault.Field{fault.F("reason", "Enter the reason")}
	}
	return nil
}

// OfferStatus is where an offer of times stands.
type OfferStatus string

// The states of an offer.
const (
	Open       OfferStatus = "open"
	Answered   OfferStatus = "answered"
	Chosen     OfferStatus = "confirmed"
	Withdrawn  OfferStatus = "withdrawn"
	Unanswered OfferStatus = "unanswered"
)

// Name is the state for a person to read (English source text).
func (s OfferStatus) Name() string {
	return map[OfferStatus]string{Open: "Waiting for the company", Answered: "Answered", Chosen: "A time was chosen", Withdrawn: "Taken back", Unanswered: "No answer in time"}[s]
}

// Live reports whether the offer still counts.
func (s OfferStatus) Live() bool { return s == Open || s == Answered || s == Unanswered }
