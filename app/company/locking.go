package company

import (
	"slices"

	"trustedtrader/app/fault"
)

// Part is a part of the account that an information request may open.
type Part string

// The parts. Trade names belong to the profile.
const (
	ProfilePart     Part = "company_profile"
	SitesPart       Part = "sites"
	ContactsPart    Part = "contacts"
	IdentifiersPart Part = "identifiers"
)

// Parts lists the parts.
func Parts() []Part { return []Part{ProfilePart, SitesPart, ContactsPart, IdentifiersPart} }

// Standing is what a programme holds of the company: the facts of the rule below.
type Standing struct {
	Applications []string // states of its applications
	Member       bool     // it has a membership that has not ended
	Asked        []Part   // parts with an unanswered item in an open information request
}

// underWay are the states of an application in which the agency relies on what was
// submitted. They are values of another package's column; a test compares them
// with the database.
func underWay() []string {
	return []string{"submitted", "in_review", "information_requested", "recommended", "hearing"}
}

// Relied reports whether a programme relies on the account, so that it changes by
// notice only.
func (s Standing) Relied() bool {
	return s.Member || slices.ContainsFunc(s.Applications, func(a string) bool { return slices.Contains(underWay(), a) })
}

// Open reports whether a part may be edited directly: nobody relies on it yet, or
// the agency has asked for it.
func (s Standing) Open(p Part) bool { return !s.Relied() || slices.Contains(s.Asked, p) }

// lockedFault is the refusal of a direct edit.
const lockedMessage = "This part is locked, because the programme relies on it. Send a change notice to change it"

func lockedFault() error { return fault.New(fault.Forbidden, lockedMessage) }

func (s Standing) guard(p Part) error {
	if s.Open(p) {
		return nil
	}
	return lockedFault()
}
