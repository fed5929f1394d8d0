// Package recognition is how members of our programmes are recognised abroad: they consent,
// ask, enter the numbers by which a partner knows them, and see what each partner made of it.
// Partner agencies answer here, and are told of what happens to a member that they recognise.
//
// What a partner is told are events (recognition_event) with a cursor: it gained a member or
// lost one, a membership was suspended or reinstated, numbers changed. They are written in the
// transaction of what happened, or by the clock on the day on which it counts (Propagate), and
// each is followed until the partner acknowledged it.
//
// Whether a membership stands is read from app/standing on each occasion and never copied.
//
// Who may: owner and signatory of a company consent, ask and withdraw; those who edit keep
// numbers; its own people read. People of the partner agency answer and acknowledge, for rows
// of their own agency alone. Headquarters reads how fast partners are told. To others there is
// nothing.
package recognition

import (
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/workflow"
)

// Kind names recognitions in audit events and letters.
const Kind = notice.AboutRecognition

// Service is what members and partners do with recognitions.
type Service struct {
	DB         *pg.DB
	Now        func() time.Time
	Programmes *programme.Register
	Register   *arrangement.Register
	Letters    *notice.Letters
}

// Status is where a recognition stands.
type Status string

// The states of a recognition.
const (
	Asked        Status = "asked"
	Sent         Status = "sent"         // the partner sees the member
	Acknowledged Status = "acknowledged" // the partner has taken it up
	Recognised   Status = "recognised"
	Refused      Status = "refused"
	Ended        Status = "ended"
)

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Asked: "Asked", Sent: "Sent", Acknowledged: "Taken up", Recognised: "Recognized", Refused: "Not recognized", Ended: "Ended"}[s]
}

// Statuses lists every state in the order of the journey.
func Statuses() []Status { return []Status{Asked, Sent, Acknowledged, Recognised, Refused, Ended} }

// Action is a move of a recognition.
type Action string

// The actions.
const (
	Send        Action = "send"
	TakeUp      Action = "acknowledge"
	Recognise   Action = "recognise"
	Refuse      Action = "refuse"
	Withdraw    Action = "withdraw" // the member's consent
	EndByPortal Action = "end"      // the membership, or the arrangement, has ended
)

// Actions lists every action.
func Actions() []Action { return []Action{Send, TakeUp, Recognise, Refuse, Withdraw, EndByPortal} }

// Facts are what the guards of Lifecycle look at.
type Facts struct {
	Reason string // of a refusal: a code of the register
	Stands bool   // the membership is active
}

// Lifecycle is the only list of legal moves of a recognition.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	partner, portal := identity.RolesOf(identity.Partners), []identity.Role{identity.Clock}
	t := workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Asked, By: portal, Do: Send, To: Sent},
		{From: Sent, By: partner, Do: TakeUp, To: Acknowledged},
	}
	for _, from := range []Status{Sent, Acknowledged, Refused} {
		t = append(t, workflow.Row[Status, identity.Role, Action, Facts]{From: from, By: partner, Do: Recognise, To: Recognised, If: guards{stands}})
	}
	for _, from := range []Status{Sent, Acknowledged, Recognised} {
		t = append(t, workflow.Row[Status, identity.Role, Action, Facts]{From: from, By: partner, Do: Refuse, To: Refused, If: guards{because}})
	}
	for _, from := range []Status{Asked, Sent, Acknowledged, Recognised, Refused} {
		t = append(t, workflow.Row[Status, identity.Role, Action, Facts]{From: from, By: identity.CompanySigners, Do: Withdraw, To: Ended},
			workflow.Row[Status, identity.Role, Action, Facts]{From: from, By: portal, Do: EndByPortal, To: Ended})
	}
	return t
}

func stands(f Facts) []fault.Field {
	if f.Stands {
		return nil
	}
	return []fault.Field{fault.F("partner_ref", "The membership is suspended, so it cannot be recognized now")}
}

func because(f Facts) []fault.Field {
	if f.Reason != "" {
		return nil
	}
	return []fault.Field{fault.F("reason", "Choose the reason")}
}

// The reasons why a recognition ended or rests, beside those of app/arrangement.
const (
	WithdrawnFromExchange = "WITHDRAWN_FROM_EXCHANGE" // the member withdrew its consent
	Suspended             = "SUSPENDED"
	Revoked               = "REVOKED"
	Annulled              = "ANNULLED"
	LeftProgramme         = "WITHDRAWN"
	Succeeded             = "SUCCEEDED"
	ArrangementEnded      = "ARRANGEMENT_ENDED"
	NoPartner             = "NO_PARTNER"
	NotYetInForce         = "NOT_YET_IN_FORCE"
	ArrangementSuspended  = "ARRANGEMENT_SUSPENDED"
	ArrangementResumed    = "ARRANGEMENT_RESUMED"
	NotActive             = "NOT_ACTIVE"
)

// ReasonName is a reason in words (English source text); "" for one that is not known.
func ReasonName(code string) string {
	return map[string]string{
		WithdrawnFromExchange: "Consent was withdrawn", Suspended: "The membership is suspended", Revoked: "The membership was removed", Annulled: "The membership was annulled",
		LeftProgramme: "The member has left the programme", Succeeded: "Another membership has taken its place", ArrangementEnded: "The arrangement has ended",
		NoPartner: "The partner agency is not connected to the portal", NotYetInForce: "The arrangement is not in force", ArrangementSuspended: "The arrangement is suspended",
		ArrangementResumed: "The arrangement was resumed",
		NotActive:          "The membership is not active", arrangement.TypeNotCovered: "This kind of member is not covered", arrangement.TierTooLow: "The tier is too low",
	}[code]
}

// Recognition is one row: a membership with one partner.
type Recognition struct {
	ID             uuid.UUID
	CompanyID      uuid.UUID
	MembershipID   uuid.UUID
	Arrangement    string
	AgencyID       uuid.UUID
	Status         Status
	Reason         string // of a refusal
	PartnerRef     string
	AskedAt        time.Time
	SentAt         *time.Time
	AcknowledgedAt *time.Time
	AnsweredAt     *time.Time
	EndedAt        *time.Time
	EndReason      string
	Told           string // active, suspended, ended: what the partner was told last
	Version        int
}

// Live reports whether it has not ended.
func (r Recognition) Live() bool { return r.EndedAt == nil }

const columns = `r.id, r.company_id, r.membership_id, r.arrangement, r.agency_id, r.status, r.reason, r.partner_ref, r.asked_at, r.sent_at, r.acknowledged_at, r.answered_at, r.ended_at, r.end_reason, r.told, r.version`

// The kinds of event that a partner is told of.
const (
	Gained          = "gained"
	Lost            = "lost"
	Suspension      = "suspended"
	Reinstated      = "reinstated"
	IdentityChanged = "identity_changed"
)
