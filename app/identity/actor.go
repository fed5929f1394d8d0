package identity

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
)

// Audience is a group of people with its own sign-in provider and its own rights.
type Audience string

// The audiences. System is the portal itself: jobs and clocks.
const (
	Companies Audience = "company"
	Staff     Audience = "staff"
	Partners  Audience = "partner"
	System    Audience = "system"
)

// Role is what a right allows within its audience.
type Role string

// Roles of people who act for a company.
const (
	Owner          Role = "owner"          // everything of the company, and its people
	Signatory      Role = "signatory"      // edits, signs and submits
	Editor         Role = "editor"         // edits, may not sign or submit
	Contributor    Role = "contributor"    // only the parts assigned to them
	Reader         Role = "reader"         // reads
	Representative Role = "representative" // a consultant: edits, with an end date; never the primary contact
)

// Roles of the administration's staff.
const (
	Specialist    Role = "specialist"     // works cases
	Supervisor    Role = "supervisor"     // assigns and approves within the office tree
	Headquarters  Role = "headquarters"   // sees and approves everywhere
	Auditor       Role = "auditor"        // reads everything, changes nothing, until a date
	Administrator Role = "administrator"  // people, offices, installation; no cases
	AppealOfficer Role = "appeal_officer" // decides appeals; reads every case, works on none
)

// Roles of partner customs agencies.
const (
	Officer     Role = "officer"      // checks traders
	AgencyAdmin Role = "agency_admin" // invites the agency's officers
)

// Clock is the portal itself: time passing is an actor too.
const Clock Role = "clock"

// RolesOf lists the roles that a right of an audience may carry.
func RolesOf(a Audience) []Role {
	switch a {
	case Companies:
		return []Role{Owner, Signatory, Editor, Contributor, Reader, Representative}
	case Staff:
		return []Role{Specialist, Supervisor, Headquarters, Auditor, AppealOfficer, Administrator}
	case Partners:
		return []Role{Officer, AgencyAdmin}
	}
	return nil
}

// Actor is the person who acts, under one right, in one request. It is passed
// explicitly to every exported method: permission is part of the signature.
type Actor struct {
	PersonID  uuid.UUID
	RightID   uuid.UUID // the right under which the person acts
	SessionID uuid.UUID
	Name      string
	Email     string
	Audience  Audience
	Role      Role
	CompanyID uuid.UUID   // audience company
	Company   string      // its name, for the page header
	OfficeID  uuid.UUID   // audience staff: the own office
	Offices   []uuid.UUID // the own office and those below it
	AgencyID  uuid.UUID   // audience partner
	Agency    string
	Domestic  bool // of audience partner: the agency is another one of the same government, not customs abroad
	Zone      *time.Location
	Lang      string
	RequestID string
}

// The sets of roles that routes and transition tables speak of.
var (
	CompanyReaders = []Role{Owner, Signatory, Editor, Contributor, Reader, Representative}
	CompanyEditors = []Role{Owner, Signatory, Editor, Representative}
	CompanySigners = []Role{Owner, Signatory}
	CaseWorkers    = []Role{Specialist, Supervisor, Headquarters}
	CaseReaders    = []Role{Specialist, Supervisor, Headquarters, Auditor, AppealOfficer}
	Everywhere     = []Role{Headquarters, Auditor, AppealOfficer} // see the cases of every office
	AppealOfficers = []Role{AppealOfficer, Headquarters}
	Approvers      = []Role{Supervisor, Headquarters}
)

// Is reports whether the actor has one of the roles.
func (a Actor) Is(roles ...Role) bool { return slices.Contains(roles, a.Role) }

// Abroad reports whether the actor works for customs of another country, in one of the roles;
// without roles in any.
func (a Actor) Abroad(roles ...Role) bool {
	if len(roles) == 0 {
		roles = RolesOf(Partners)
	}
	return a.Audience == Partners && a.Is(roles...) && a.AgencyID != uuid.Nil && !a.Domestic
}

// Known reports whether somebody is signed in.
func (a Actor) Known() bool { return a.PersonID != uuid.Nil }

// Reads says whose records the actor may read: one company's for its own people, all (nil)
// for the agency's case readers. To others there are none: Missing.
func (a Actor) Reads() (company *uuid.UUID, err error) {
	switch {
	case a.Audience == Companies && a.Is(CompanyReaders...) && a.CompanyID != uuid.Nil:
		return &a.CompanyID, nil
	case a.Audience == Staff && a.Is(CaseReaders...):
		return nil, nil
	}
	return nil, fault.Missing()
}

// InOffice reports whether an office is the actor's own or below it; headquarters
// is above every office.
func (a Actor) InOffice(office uuid.UUID) bool {
	return a.Role == Headquarters || slices.Contains(a.Offices, office)
}

// ClockActor is the portal acting because time has passed or a job is due.
func ClockActor(reason string) Actor {
	return Actor{Audience: System, Role: Clock, Name: "Portal", RequestID: reason}
}
