// Package profilereview is the agency's review of a security profile: a verdict on each
// criterion, the thread of a criterion with the company, and the return or acceptance of
// the whole. Start reading at Service.
//
// What specialists see is what was submitted, not what a company is typing now: an answer
// that changed since then is shown as it was. Verdicts and drafts of messages are private
// until one send: a return, which unlocks only what it lists, or the acceptance.
//
// Who may: the agency's case readers see every profile that was submitted, and each look
// at one is an audit event. The profile of an application belongs to whoever the case is
// assigned to; a yearly review stands on its own. Colleagues of the same office tree give
// verdicts and write notes side by side, for a profile has more than a hundred criteria;
// to return or accept it is for the person in charge, supervisors and headquarters. To
// companies and partners this review does not exist.
//
// No lock keeps two persons apart. Every verdict has a version of its own, so nobody's
// verdict overwrites another's unseen.
package profilereview

import (
	"context"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/review"
)

// Service is what the agency does with security profiles.
type Service struct {
	DB    *pg.DB
	Now   func() time.Time
	Steps *profile.Steps
	Cases *review.Service // the profile of an application is claimed and given back with its case
}

// reader lets the agency's case readers through; for others there is nothing here.
func reader(by identity.Actor) error {
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return fault.Missing()
	}
	return nil
}

// worker lets those through who may change profiles at all.
func worker(by identity.Actor) error {
	if err := reader(by); err != nil {
		return err
	}
	if !by.Is(identity.CaseWorkers...) {
		return fault.New(fault.Forbidden, "Your role can read security profiles but not change them")
	}
	return nil
}

// holding is who is in charge of a profile.
type holding struct {
	Office   uuid.UUID
	Assignee *uuid.UUID // of the case, when the profile belongs to an application
	OfCase   bool
	Visible  bool // the agency has it: see visible
}

// help lets those through who may give verdicts and write notes: case workers of the
// office tree, and whoever it is assigned to, once somebody is in charge.
func (h holding) help(by identity.Actor) error {
	if err := worker(by); err != nil {
		return err
	}
	switch {
	case h.Assignee != nil && *h.Assignee == by.PersonID:
		return nil
	case !by.InOffice(h.Office):
		return fault.New(fault.Forbidden, "This profile belongs to another office. A supervisor there can assign it to you")
	case h.Assignee == nil && !by.Is(identity.Approvers...):
		return h.unclaimed()
	}
	return nil
}

// lead lets those through who may send it back or accept it: the person in charge, and
// supervisors and headquarters of the office tree.
func (h holding) lead(by identity.Actor) error {
	if err := h.help(by); err != nil {
		return err
	}
	if (h.Assignee == nil || *h.Assignee != by.PersonID) && !by.Is(identity.Approvers...) {
		return fault.New(fault.Forbidden, "This profile is assigned to another person, who sends it back or accepts it. You can give verdicts and write notes")
	}
	return nil
}

func (h holding) unclaimed() error {
	if h.OfCase {
		return fault.New(fault.Forbidden, "Nobody works on this profile yet. Claim its case first")
	}
	return fault.New(fault.Forbidden, "Nobody works on this profile yet. Claim it first")
}

// open locks a profile that the agency may see. What a company has not submitted with its
// application is its own and not there.
func open(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) (profile.Cycle, holding, error) {
	if err := reader(by); err != nil {
		return profile.Cycle{}, holding{}, err
	}
	c, err := profile.Lock(ctx, tx, by, id, 0)
	if err != nil {
		return c, holding{}, err
	}
	h, err := holder(ctx, tx, c)
	if err == nil && !h.Visible {
		err = fault.Missing()
	}
	return c, h, err
}

// begin opens a profile for a step of whoever is in charge, at the version that they saw.
func begin(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID, version int) (profile.Cycle, error) {
	c, h, err := open(ctx, tx, by, id)
	if err != nil {
		return c, err
	}
	if err := h.lead(by); err != nil {
		return c, err
	}
	if c.Version != version {
		return c, fault.Moved()
	}
	return c, nil
}
