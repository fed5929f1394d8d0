package review

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
)

// Claim assigns an unassigned case of the own office tree to the person who claims
// it. Conflict: somebody was faster, and who; or the case has changed.
func (s *Service) Claim(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (a application.Application, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if a, err = open(ctx, tx, by, id); err != nil {
			return err
		}
		if err := inOffice(by, a.OfficeID); err != nil {
			return err
		}
		if err := closed(a); err != nil {
			return err
		}
		if a.AssigneeID != nil {
			if *a.AssigneeID == by.PersonID {
				return nil // the same button, pressed twice
			}
			name, err := personName(ctx, tx, *a.AssigneeID)
			if err != nil {
				return err
			}
			return fault.New(fault.Conflict, "%s was faster: this case is assigned to %[1]s now", name)
		}
		if a.Version != version {
			return fault.Moved()
		}
		return assign(ctx, tx, now, by, &a, "application.claim", &by.PersonID, "", by.Name)
	})
	return a, err
}

// Release gives a case back to the office's queue. For the person it is assigned to,
// and for supervisors and headquarters of its office tree.
func (s *Service) Release(ctx context.Context, by identity.Actor, id uuid.UUID, version int) (a application.Application, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if a, err = open(ctx, tx, by, id); err != nil {
			return err
		}
		if err := mayWork(by, a.OfficeID, a.AssigneeID); err != nil {
			return err
		}
		if err := closed(a); err != nil {
			return err
		}
		if a.Version != version {
			return fault.Moved()
		}
		if a.AssigneeID == nil {
			return fault.New(fault.Conflict, "This case is assigned to nobody already")
		}
		was, err := personName(ctx, tx, *a.AssigneeID)
		if err != nil {
			return err
		}
		if err := dropLock(ctx, tx, a.ID, *a.AssigneeID); err != nil {
			return fmt.Errorf("end the lock: %w", err)
		}
		return assign(ctx, tx, now, by, &a, "application.release", nil, was, "")
	})
	return a, err
}

// assign saves who works on a case, with its audit event.
func assign(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a *application.Application, action string, to *uuid.UUID, was, is string) error {
	a.AssigneeID, a.AssignedAt = to, nil
	if to != nil {
		a.AssignedAt = &now
	}
	if err := pg.Update(ctx, tx, a, a.ID, &a.Version, "assignee_id", "assigned_at"); err != nil {
		return fmt.Errorf("assign the case: %w", err)
	}
	return audit.Record(ctx, tx, now, by, audit.Event{
		Action: action, Kind: application.Kind, Subject: a.ID, Company: a.CompanyID, Internal: true,
		Before: map[string]any{"assignee": was}, After: map[string]any{"assignee": is},
	})
}

// MostAssigned is how many cases one assignment takes.
const MostAssigned = 100

// Selection is one case that a supervisor chose from a list, as it was shown there.
type Selection struct {
	ID      uuid.UUID
	Version int
}

// Assigned is what became of one chosen case.
type Assigned struct {
	ID        uuid.UUID
	Reference string // empty when it is not there
	Done      bool
	Why       fault.Field // what kept it as it was
}

// Assign gives cases to a person. Supervisors and headquarters may, for cases of
// their office tree and to case workers of it. Cases that changed since the list was
// shown are left alone and reported; the others are assigned. Invalid: the selection
// or the person.
func (s *Service) Assign(ctx context.Context, by identity.Actor, chosen []Selection, person uuid.UUID) (out []Assigned, err error) {
	if err := worker(by); err != nil {
		return nil, err
	}
	if !by.Is(identity.Approvers...) {
		return nil, fault.New(fault.Forbidden, "Only supervisors and headquarters can assign cases to others")
	}
	var check entry.Check
	switch n := len(chosen); {
	case n == 0:
		check.Add("case", "Choose at least one case")
	case n > MostAssigned:
		check.Add("case", "Choose up to %d cases at a time", MostAssigned)
	}
	if person == uuid.Nil {
		check.Add("person", "Choose who will work on the cases")
	}
	if err := check.Err(); err != nil {
		return nil, err
	}
	// The same order for everybody, so that two bulk assignments never wait for each other in a circle.
	chosen = slices.Clone(chosen)
	slices.SortFunc(chosen, func(a, b Selection) int { return slices.Compare(a.ID[:], b.ID[:]) })
	chosen = slices.CompactFunc(chosen, func(a, b Selection) bool { return a.ID == b.ID })
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		out = nil
		name, err := Assignable(ctx, tx, now, by, person)
		if err != nil {
			return err
		}
		for _, c := range chosen {
			one, err := assignOne(ctx, tx, now, by, c, person, name)
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func assignOne(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Selection, person uuid.UUID, name string) (Assigned, error) {
	out := Assigned{ID: c.ID}
	left := func(message string, args ...any) (Assigned, error) {
		out.Why = fault.F("case", message, args...)
		return out, nil
	}
	a, err := open(ctx, tx, by, c.ID)
	if fault.KindOf(err) == fault.NotFound {
		return left("It is not there any more")
	}
	if err != nil {
		return out, err
	}
	out.Reference = a.Reference
	was := ""
	if a.AssigneeID != nil {
		if was, err = personName(ctx, tx, *a.AssigneeID); err != nil {
			return out, err
		}
	}
	switch {
	case !by.InOffice(a.OfficeID):
		return left("It belongs to another office")
	case a.Status.Final():
		return left("It is closed")
	case a.AssigneeID != nil && *a.AssigneeID == person:
		out.Done = true
		return out, nil
	case a.Version != c.Version && was != "":
		return left("It has changed since you saw the list. It is assigned to %s", was)
	case a.Version != c.Version:
		return left("It has changed since you saw the list")
	}
	if a.AssigneeID != nil {
		if err := dropLock(ctx, tx, a.ID, *a.AssigneeID); err != nil {
			return out, fmt.Errorf("end the lock: %w", err)
		}
	}
	out.Done = true
	return out, assign(ctx, tx, now, by, &a, "application.assign", &person, was, name)
}
