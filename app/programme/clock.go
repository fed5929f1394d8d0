package programme

import "slices"

// Events that start and stop clocks. The names are the contract between the
// packages in which they happen and the programme files.
const (
	ApplicationOpened               = "application.opened"
	ApplicationSubmitted            = "application.submitted"
	ApplicationAccepted             = "application.accepted"
	ApplicationInformationRequested = "application.information_requested"
	ApplicationInformationReceived  = "application.information_received"
	ApplicationHearingOpened        = "application.hearing_opened"
	ApplicationHearingAnswered      = "application.hearing_answered"
	ApplicationRecommended          = "application.recommended"
	ApplicationCertified            = "application.certified"
	ApplicationRejected             = "application.rejected"
	ApplicationWithdrawn            = "application.withdrawn"
	ApplicationLapsed               = "application.lapsed"
	MembershipEffective             = "membership.effective"
	ChangeSent                      = "change.sent"
	ChangeDecided                   = "change.decided"
	AnnualReviewOpened              = "annual_review.opened"
	AnnualReviewSubmitted           = "annual_review.submitted"
	ProfileBlankFound               = "profile.blank_found"
	ProfileCompleted                = "profile.completed"
	ProfileReturned                 = "profile.returned"
	ProfileAnswered                 = "profile.answered"
	ProfileShared                   = "profile.shared"   // the membership relies on the profile of another
	ProfileUnshared                 = "profile.unshared" // it has a profile of its own again
	CompanyRiskAssessed             = "company.risk_assessed"
	ValidationNotified              = "validation.notified"
	VisitStarted                    = "validation.visit_started"
	VisitEnded                      = "validation.visit_ended"
	ReportIssued                    = "validation.report_issued"
	ValidationClosed                = "validation.closed"
	ValidationCancelled             = "validation.cancelled"
	ActionRequired                  = "finding.action_required"
	FindingAnswered                 = "finding.answered"
	FindingClosed                   = "finding.closed"
	MembershipSuspended             = "membership.suspended"
	MembershipSuspensionEnded       = "membership.suspension_ended"
	MembershipRemoved               = "membership.removed"
	MembershipRevoked               = "membership.revoked"
	MembershipWithdrawn             = "membership.withdrawn"
	AppealFiled                     = "appeal.filed"
	AppealDecided                   = "appeal.decided"
	MembershipReopened              = "membership.reopened" // what ended it was overturned
	EnforcementNotified             = "enforcement.notified"
	EnforcementAnswered             = "enforcement.answered"
	EnforcementDecided              = "enforcement.decided" // or the notice was taken back
	CaseSuspended                   = "enforcement.suspended"
	SuspensionAnswered              = "enforcement.suspension_answered"
	CaseSuspensionEnded             = "enforcement.suspension_ended" // or the membership has ended, or the suspension fell
	CureDaySet                      = "enforcement.cure_day_set"     // the last day of a suspension that ends once the conditions are met again
	CureReported                    = "enforcement.cure_reported"
	PlanItemPromised                = "enforcement.item_promised"  // an item of a corrective action plan, by its day
	PlanItemDone                    = "enforcement.item_done"      // or the plan went back
	MeasuresEnded                   = "enforcement.measures_ended" // nothing of the case is in force any more
	DecisionAdverse                 = "decision.adverse"
	DecisionFalseInformation        = "decision.false_information"
	DecisionTakenBack               = "decision.taken_back" // without an appeal
	ClaimOpened                     = "claim.opened"        // that a benefit was not given, also once again
	ClaimPartnerAsked               = "claim.partner_asked"
	ClaimPartnerAnswered            = "claim.partner_answered" // or the question was taken back
	ClaimAnswered                   = "claim.answered"
	ClaimWithdrawn                  = "claim.withdrawn"
)

// Events lists every event a clock may name: those above, and those of the later
// stages of a membership, whose clocks stand in the files already.
func Events() []string {
	return []string{
		ApplicationOpened, ApplicationSubmitted, ApplicationAccepted, ApplicationInformationRequested,
		ApplicationInformationReceived, ApplicationHearingOpened, ApplicationHearingAnswered, ApplicationRecommended,
		ApplicationCertified, ApplicationRejected, ApplicationWithdrawn, ApplicationLapsed, MembershipEffective,
		ChangeSent, ChangeDecided, CompanyRiskAssessed,
		AnnualReviewOpened, AnnualReviewSubmitted, ProfileBlankFound, ProfileCompleted, ProfileReturned, ProfileAnswered, ProfileShared, ProfileUnshared,
		ValidationNotified, VisitStarted, VisitEnded, ReportIssued, ValidationClosed, ValidationCancelled, ActionRequired, FindingAnswered, FindingClosed,
		MembershipSuspended, MembershipSuspensionEnded,
		MembershipRemoved, MembershipRevoked, MembershipWithdrawn, MembershipReopened,
		EnforcementNotified, EnforcementAnswered, EnforcementDecided, CaseSuspended, SuspensionAnswered, CaseSuspensionEnded, CureDaySet, CureReported,
		PlanItemPromised, PlanItemDone, MeasuresEnded, DecisionAdverse, DecisionFalseInformation, DecisionTakenBack, AppealFiled, AppealDecided,
		ClaimOpened, ClaimPartnerAsked, ClaimPartnerAnswered, ClaimAnswered, ClaimWithdrawn,
		"consultation.sent", "consultation.answered",
		"catalogue.published", "catalogue.reviewed",
		"company.seal_procedure_reviewed", "company.cyber_policy_reviewed", "company.camera_policy_reviewed",
		"company.pest_cleaning_recorded",
	}
}

// Unit of a clock's amount.
type Unit string

// The units. Business days are those of the calendar of the office in charge.
const (
	CalendarDays Unit = "calendar_days"
	BusinessDays Unit = "business_days"
	Months       Unit = "months"
	Years        Unit = "years"
	GivenDay     Unit = "given_day" // no period: the record names the last day
)

// Direction says what a clock's date means.
type Direction string

// The directions.
const (
	Deadline Direction = "deadline" // at the latest on that day
	Earliest Direction = "earliest" // not before that day
)

// Party is who owes the step.
type Party string

// The parties.
const (
	Agency  Party = "agency"
	Company Party = "company"
)

// Action happens when a clock's day has passed without a stopping event.
type Action string

// The actions.
const (
	Nothing         Action = "none"              // the date is only shown
	Task            Action = "task"              // somebody of the agency must act
	Lapse           Action = "lapse"             // the application ends for lack of action
	CountAsAccepted Action = "count_as_accepted" // silence of the agency accepts the application
	TakeEffect      Action = "take_effect"       // the decision starts to have effect
	LiftBar         Action = "lift_bar"          // the company may apply again
	OpenReview      Action = "open_review"       // the annual review opens
)

// Clock is one period of law or practice.
type Clock struct {
	Code         string     `yaml:"code"`
	Name         string     `yaml:"name"`
	Help         string     `yaml:"help"` // for the person who owes the step
	StartsOn     []string   `yaml:"starts_on"`
	IfReason     []string   `yaml:"if_reason"` // starts only when the event carries one of these reasons; empty: always
	StopsOn      []string   `yaml:"stops_on"`  // empty: runs out by itself
	MetOn        []string   `yaml:"met_on"`    // of a clock that repeats: the step is done for this turn, and the next one begins on its anniversary
	Amount       int        `yaml:"amount"`
	Unit         Unit       `yaml:"unit"`
	LessDays     int        `yaml:"less_days"` // calendar days taken off at the end: one year less 90 days
	Repeats      bool       `yaml:"repeats"`   // starts again on each anniversary of its event until a stopping event
	Restarts     bool       `yaml:"restarts"`  // a starting event starts it anew while it runs, as each yearly review does
	Direction    Direction  `yaml:"direction"`
	RollForward  bool       `yaml:"roll_forward"` // a last day that is a day off moves to the next working day
	WarnDays     int        `yaml:"warn_days"`    // counts as at risk so many calendar days before
	Reminders    []int      `yaml:"reminders"`    // calendar days from the due day: -14 is two weeks before, 7 a week after
	Pausable     bool       `yaml:"pausable"`
	PauseReasons []string   `yaml:"pause_reasons"` // codes of Reasons.Pause
	Extension    *Extension `yaml:"extension"`     // nil: cannot be extended
	OwedBy       Party      `yaml:"owed_by"`
	OnExpiry     Action     `yaml:"on_expiry"`
	Source       string     `yaml:"source"`
	Draft        bool       `yaml:"draft"`
}

// Extension says by how much and by whom a clock may be prolonged.
type Extension struct {
	MaxDays int      `yaml:"max_days"` // calendar days in all
	By      Party    `yaml:"by"`       // on whose account; the agency's staff record it either way
	Reasons []string `yaml:"reasons"`  // codes of Reasons.Extension
	Source  string   `yaml:"source"`
}

// Clocks lists the programme's clocks in the order of the file.
func (p *Programme) Clocks() []Clock { return slices.Clone(p.clocks) }

// Clock finds a clock by its code.
func (p *Programme) Clock(code string) (Clock, bool) {
	if i := slices.IndexFunc(p.clocks, func(c Clock) bool { return c.Code == code }); i >= 0 {
		return p.clocks[i], true
	}
	return Clock{}, false
}

// ClocksStartedBy lists the clocks that an event starts. Reasons are those that
// the event carries; a clock that asks for a reason starts only with it.
func (p *Programme) ClocksStartedBy(event string, reasons ...string) []Clock {
	return p.clocksWhere(func(c Clock) bool {
		return slices.Contains(c.StartsOn, event) &&
			(len(c.IfReason) == 0 || slices.ContainsFunc(reasons, func(r string) bool { return slices.Contains(c.IfReason, r) }))
	})
}

// ClocksStoppedBy lists the clocks that an event stops, if only to start them anew.
func (p *Programme) ClocksStoppedBy(event string) []Clock {
	return p.clocksWhere(func(c Clock) bool {
		return slices.Contains(c.StopsOn, event) || c.Restarts && slices.Contains(c.StartsOn, event)
	})
}

// ClocksMetBy lists the repeating clocks whose step an event completes for a turn.
func (p *Programme) ClocksMetBy(event string) []Clock {
	return p.clocksWhere(func(c Clock) bool { return slices.Contains(c.MetOn, event) })
}

// ReapplyBar reports whether a clock keeps a company from applying again.
func (p *Programme) ReapplyBar(code string) bool {
	return slices.Contains(p.Process.ReapplyBars, code)
}

func (p *Programme) clocksWhere(want func(Clock) bool) []Clock {
	var out []Clock
	for _, c := range p.clocks {
		if want(c) {
			out = append(out, c)
		}
	}
	return out
}
