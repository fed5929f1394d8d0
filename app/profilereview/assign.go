package profilereview

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/review"
)

// Claim assigns a profile that nobody is in charge of to the person who claims it. One that
// belongs to an application is claimed with its case; the version is the case's then.
// Conflict: somebody was faster, and who; or it has changed.
func (s *Service) Claim(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.assignment(ctx, by, id, s.Cases.Claim, version, func(tx pg.Tx, now time.Time, c *profile.Cycle) error {
		if err := worker(by); err != nil {
			return err
		}
		if !by.InOffice(c.OfficeID) {
			return fault.New(fault.Forbidden, "This profile belongs to another office. A supervisor there can assign it to you")
		}
		if err := closed(*c); err != nil {
			return err
		}
		if c.AssigneeID != nil {
			if *c.AssigneeID == by.PersonID {
				return nil // the same button, pressed twice
			}
			name, err := personName(ctx, tx, *c.AssigneeID)
			if err != nil {
				return err
			}
			return fault.New(fault.Conflict, "%s was faster: this profile is assigned to %[1]s now", name)
		}
		if c.Version != version {
			return fault.Moved()
		}
		return assign(ctx, tx, now, by, c, "profile.claim", &by.PersonID, "", by.Name)
	})
}

// Release gives a profile back to the office's queue, with its case when it belongs to
// one. For the person it is assigned to, and for supervisors and headquarters of its
// office tree.
func (s *Service) Release(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.assignment(ctx, by, id, s.Cases.Release, version, func(tx pg.Tx, now time.Time, c *profile.Cycle) error {
		h, err := holder(ctx, tx, *c)
		if err != nil {
			return err
		}
		if err := h.lead(by); err != nil {
			return err
		}
		if err := closed(*c); err != nil {
			return err
		}
		if c.Version != version {
			return fault.Moved()
		}
		if c.AssigneeID == nil {
			return fault.New(fault.Conflict, "This profile is assigned to nobody already")
		}
		was, err := personName(ctx, tx, *c.AssigneeID)
		if err != nil {
			return err
		}
		return assign(ctx, tx, now, by, c, "profile.release", nil, was, "")
	})
}

// caseStep is a step of package review that needs no more than a case and its version.
type caseStep func(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (application.Application, error)

// assignment does a step with the case that a profile belongs to, or with the profile.
func (s *Service) assignment(ctx context.Context, by identity.Actor, id uuid.UUID, withCase caseStep, version int,
	alone func(tx pg.Tx, now time.Time, c *profile.Cycle) error) error {
	var of *uuid.UUID
	err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, _, err := open(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if of = c.ApplicationID; of != nil {
			return nil
		}
		return alone(tx, s.Now(), &c)
	})
	if err != nil || of == nil {
		return err
	}
	_, err = withCase(ctx, by, *of, version)
	return err
}

// assign saves who is in charge of a profile, with its audit event.
func assign(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c *profile.Cycle, action string, to *uuid.UUID, was, is string) error {
	c.AssigneeID, c.AssignedAt = to, nil
	if to != nil {
		c.AssignedAt = &now
	}
	if err := pg.Update(ctx, tx, c, c.ID, &c.Version, "assignee_id", "assigned_at"); err != nil {
		return fmt.Errorf("assign the profile: %w", err)
	}
	return audit.Record(ctx, tx, now, by, audit.Event{
		Action: action, Kind: profile.Kind, Subject: c.ID, Company: c.CompanyID, Internal: true,
		Before: map[string]any{"assignee": was}, After: map[string]any{"assignee": is},
	})
}

// closed refuses work on a profile that is accepted or has ended.
func closed(c profile.Cycle) error {
	if c.Status.Final() {
		return fault.New(fault.Conflict, "This profile is accepted or has ended, so it cannot be changed any more")
	}
	return nil
}

// Assign gives profiles to a person, and the cases that they belong to. Supervisors and
// headquarters may, for profiles of their office tree and to case workers of it. What
// changed since the list was shown is left alone and reported; the others are assigned.
// Invalid: the selection or the person.
func (s *Service) Assign(ctx context.Context, by identity.Actor, chosen []review.Selection, person uuid.UUID) ([]review.Assigned, error) {
	if err := worker(by); err != nil {
		return nil, err
	}
	if !by.Is(identity.Approvers...) {
		return nil, fault.New(fault.Forbidden, "Only supervisors and headquarters can assign profiles to others")
	}
	var check entry.Check
	switch n := len(chosen); {
	case n == 0:
		check.Add("profile", "Choose at least one profile")
	case n > review.MostAssigned:
		check.Add("profile", "Choose up to %d profiles at a time", review.MostAssigned)
	}
	if person == uuid.Nil {
		check.Add("person", "Choose who will review the profiles")
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	// The same order for everybody, so that two bulk assignments never wait for each other in a circle.
	chosen = slices.Clone(chosen)
	slices.SortFunc(chosen, func(a, b review.Selection) int { return slices.Compare(a.ID[:], b.ID[:]) })
	chosen = slices.CompactFunc(chosen, func(a, b review.Selection) bool { return a.ID == b.ID })
	now := s.Now()
	var out []review.Assigned
	var cases []review.Selection
	var of map[uuid.UUID]int // case to its place in out
	err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		out, cases, of = nil, nil, map[uuid.UUID]int{}
		name, err := review.Assignable(ctx, tx, now, by, person)
		if err != nil {
			return err
		}
		for _, x := range chosen {
			one, application, err := assignOne(ctx, tx, now, by, x, person, name)
			if err != nil {
				return err
			}
			if application != nil {
				of[*application] = len(out)
				cases = append(cases, review.Selection{ID: *application, Version: x.Version})
			}
			out = append(out, one)
		}
		return nil
	})
	if err != nil || cases == nil {
		return out, err
	}
	done, err := s.Cases.Assign(ctx, by, cases, person)
	for _, one := range done {
		i := of[one.ID]
		out[i].Done, out[i].Why = one.Done, one.Why
	}
	return out, err
}

// assignOne assigns a profile that stands on its own, or names the case to assign.
func assignOne(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x review.Selection, person uuid.UUID, name string) (review.Assigned, *uuid.UUID, error) {
	out := review.Assigned{ID: x.ID}
	left := func(message string, args ...any) (review.Assigned, *uuid.UUID, error) {
		out.Why = fault.F("profile", message, args...)
		return out, nil, nil
	}
	c, _, err := open(ctx, tx, by, x.ID)
	if fault.KindOf(err) == fault.NotFound {
		return left("It is not there any more")
	}
	if err != nil {
		return out, nil, err
	}
	out.Reference = c.Reference
	was := ""
	if c.AssigneeID != nil {
		if was, err = personName(ctx, tx, *c.AssigneeID); err != nil {
			return out, nil, err
		}
	}
	switch {
	case !by.InOffice(c.OfficeID):
		return left("It belongs to another office")
	case c.Status.Final():
		return left("It is closed")
	case c.ApplicationID != nil:
		return out, c.ApplicationID, nil
	case c.AssigneeID != nil && *c.AssigneeID == person:
		out.Done = true
		return out, nil, nil
	case c.Version != x.Version && was != "":
		return left("It has changed since you saw the list. It is assigned to %s", was)
	case c.Version != x.Version:
		return left("It has changed since you saw the list")
	}
	out.Done = true
	return out, nil, assign(ctx, tx, now, by, &c, "profile.assign_reviewer", &person, was, name)
}
