// Package review is the agency's desk: the queues of cases, the two parallel tracks
// of a check (profile and vetting), requests for information, and a decision that two
// persons make. A case is an application from its first submission on.
//
// Who may: the agency's case readers see every case, and each look at one is an
// audit event. Work on a case is for the person it is assigned to, and for
// supervisors and headquarters within their office tree. To all others of the agency
// a change is Forbidden; to companies and partners a case does not exist here.
//
// A soft lock keeps two persons from working in one case at once. It is one row,
// which lists, the record and every verb read; each change renews it, and it expires
// by itself after a quarter of an hour.
//
// Legal moves stand in application.Lifecycle, rules in the programme's data.
// Certification completes a journey that began here and lives with its consequence,
// in package membership.
package review

import (
	"context"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Service is what the agency does with cases.
type Service struct {
	DB        *pg.DB
	Now       func() time.Time
	Steps     *application.Steps
	Companies *company.Service // finds numbers that are kept sealed
}

// reader lets the agency's case readers through; for others there is nothing here.
func reader(by identity.Actor) error {
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return fault.Missing()
	}
	return nil
}

// worker lets those through who may change cases at all.
func worker(by identity.Actor) error {
	if err := reader(by); err != nil {
		return err
	}
	if !by.Is(identity.CaseWorkers...) {
		return fault.New(fault.Forbidden, "Your role can read cases but not change them")
	}
	return nil
}

// inOffice lets those through whose office tree has the case's office.
func inOffice(by identity.Actor, office uuid.UUID) error {
	if err := worker(by); err != nil {
		return err
	}
	if !by.InOffice(office) {
		return fault.New(fault.Forbidden, "This case belongs to another office. A supervisor there can assign it to you")
	}
	return nil
}

// mayWork says why a person may not work on a case: they work for it when it is
// assigned to them, or as supervisor or headquarters of its office tree.
func mayWork(by identity.Actor, office uuid.UUID, assignee *uuid.UUID) error {
	if err := worker(by); err != nil {
		return err
	}
	switch {
	case assignee != nil && *assignee == by.PersonID:
		return nil
	case by.Is(identity.Approvers...) && by.InOffice(office):
		return nil
	case assignee == nil && by.InOffice(office):
		return fault.New(fault.Forbidden, "Nobody works on this case yet. Claim it first")
	case by.InOffice(office):
		return fault.New(fault.Forbidden, "This case is assigned to another person. A supervisor can assign it to you")
	}
	return inOffice(by, office)
}

// open locks a case. Applications that were never submitted are the company's own and
// not there.
func open(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (application.Application, error) {
	if err := reader(by); err != nil {
		return application.Application{}, err
	}
	a, err := application.Open(ctx, tx, by, id, 0)
	if err == nil && a.SubmittedAt == nil {
		err = fault.Missing()
	}
	return a, err
}

// begin opens a case for a step of work: visible, allowed, at the version that the
// person saw (unless any is -1), and with the soft lock in hand.
func begin(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, version int) (application.Application, error) {
	a, err := open(ctx, tx, by, id)
	if err != nil {
		return a, err
	}
	if err := mayWork(by, a.OfficeID, a.AssigneeID); err != nil {
		return a, err
	}
	if version != anyVersion && a.Version != version {
		return a, fault.Moved()
	}
	return a, hold(ctx, tx, now, by, a.ID)
}

// anyVersion is for steps that carry the versions of smaller rows instead.
const anyVersion = -1

// closed refuses work on a case that is decided or has ended.
func closed(a application.Application) error {
	if a.Status.Final() {
		return fault.New(fault.Conflict, "This case is closed, so it cannot be changed any more")
	}
	return nil
}

// subject is the case for its clocks.
func (s *Service) subject(a application.Application) (clock.Subject, error) {
	p, err := s.Steps.Programme(a)
	if err != nil {
		return clock.Subject{}, err
	}
	return clock.Subject{Kind: application.Kind, ID: a.ID, Company: a.CompanyID, Office: a.OfficeID, Programme: p}, nil
}
