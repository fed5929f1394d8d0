// Package risk is the assessment of the risks of a company's supply chain in five steps: map the
// lanes with their legs and parties, rate the threats of each lane, rate the vulnerabilities of
// each leg against the criteria, plan what is to be done, and write down how it was done. Start
// reading here: the table below is the only list of legal moves.
//
// The steps are those of the guide that the CTPAT programme recommends (March 2010), and criteria
// 2.1 to 2.4 ask for their result. What is rated, in which words, and how a score comes about are
// data: config/risk/factors.yaml. The portal offers no rating of its own.
//
// A company has one draft at a time. It begins as a copy of the assessment that was finished last,
// so that the yearly review starts from what is known; a rating that was copied counts only when
// somebody has said that it still holds. A finished assessment never changes: what is done about
// its actions is written into the next one.
//
// Who may: owners, signatories, editors and representatives of the company work on the draft, its
// other people read. Finishing makes a record that speaks for the company, so a representative
// prepares it only, as with change notices. It binds nobody: the signature is that of the security
// profile, to which the record is attached, so an editor may finish. The agency's case readers see
// finished assessments only, and that they looked is recorded.
package risk

import (
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/workflow"
)

// Kind names assessments in audit events.
const Kind = "risk_assessment"

// Status is where an assessment stands.
type Status string

// The states.
const (
	Draft    Status = "draft"
	Finished Status = "finished"
)

// Statuses lists the states.
func Statuses() []Status { return []Status{Draft, Finished} }

// Name is the state for a person to read (English source text).
func (s Status) Name() string {
	return map[Status]string{Draft: "In progress", Finished: "Finished"}[s]
}

// Action is something that a person does to an assessment.
type Action string

// The actions.
const (
	Edit   Action = "edit"
	Finish Action = "finish"
)

// Actions lists every action.
func Actions() []Action { return []Action{Edit, Finish} }

// Facts are what the guards look at.
type Facts struct {
	Missing  []fault.Field // what a finished assessment cannot lack
	Warnings int           // what the person should know before finishing
	Accepted bool          // they have said that they do
}

// Finishers may finish an assessment.
func Finishers() []identity.Role {
	return []identity.Role{identity.Owner, identity.Signatory, identity.Editor}
}

// Lifecycle is the only list of legal moves of an assessment.
func Lifecycle() workflow.Table[Status, identity.Role, Action, Facts] {
	type guards = []workflow.Guard[Facts]
	return workflow.Table[Status, identity.Role, Action, Facts]{
		{From: Draft, By: identity.CompanyEditors, Do: Edit, To: Draft},
		{From: Draft, By: Finishers(), Do: Finish, To: Finished, If: guards{complete, warned}},
	}
}

func complete(f Facts) []fault.Field { return f.Missing }

func warned(f Facts) []fault.Field {
	if f.Warnings > 0 && !f.Accepted && f.Missing == nil {
		return []fault.Field{fault.F("accepted", "Confirm that you have read the warnings, or mend what they are about")}
	}
	return nil
}
