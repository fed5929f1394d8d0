package review

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// LockLife is how long a soft lock holds without activity.
const LockLife = 15 * time.Minute

// Lock says who works in a case. The zero Lock is nobody.
type Lock struct {
	PersonID uuid.UUID
	Name     string
	Until    time.Time
	Mine     bool
}

// Held reports whether anybody works in the case.
func (l Lock) Held() bool { return l.PersonID != uuid.Nil }

// Touch sets or renews the soft lock when the person whose turn it is opens a case,
// and says who holds it: for somebody else's lock that is no error, for everybody may
// read. Others, who only look, set nothing and keep nobody from working.
func (s *Service) Touch(ctx context.Context, by identity.Actor, id uuid.UUID) (l Lock, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := open(ctx, tx, by, id)
		if err != nil {
			return err
		}
		turn, err := ownTurn(ctx, tx, by, a)
		if err != nil {
			return err
		}
		if turn {
			if _, err := takeLock(ctx, tx, now, by, a.ID, false); err != nil {
				return err
			}
		}
		l, err = lockOf(ctx, tx, now, by, a.ID)
		return err
	})
	return l, err
}

// ownTurn reports whether the next step in a case is the person's: the assignee's while
// it is checked, and a decider's while a recommendation of somebody else waits.
func ownTurn(ctx context.Context, tx pg.Tx, by identity.Actor, a application.Application) (bool, error) {
	if mayWork(by, a.OfficeID, a.AssigneeID) != nil {
		return false, nil
	}
	if a.Status != application.Recommended {
		return reviewable(a) == nil && a.AssigneeID != nil && *a.AssigneeID == by.PersonID, nil
	}
	r, err := openRecommendation(ctx, tx, a.ID)
	return err == nil && r != nil && r.MadeBy != by.PersonID && by.Is(identity.Approvers...) && by.InOffice(a.OfficeID), err
}

// TakeOver takes the soft lock of another person: supervisors and headquarters of the
// office tree may at any time, others once it has expired. What the other person had
// typed but not saved is theirs to lose, so it is an audit event.
func (s *Service) TakeOver(ctx context.Context, by identity.Actor, id uuid.UUID) (l Lock, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := open(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := mayWork(by, a.OfficeID, a.AssigneeID); err != nil {
			return err
		}
		if err := closed(a); err != nil {
			return err
		}
		was, err := lockOf(ctx, tx, now, by, a.ID)
		if err != nil {
			return err
		}
		boss := by.Is(identity.Approvers...) && by.InOffice(a.OfficeID)
		if was.Held() && !was.Mine && !boss {
			return lockedBy(was)
		}
		if _, err := takeLock(ctx, tx, now, by, a.ID, true); err != nil {
			return err
		}
		if l, err = lockOf(ctx, tx, now, by, a.ID); err != nil || !was.Held() || was.Mine {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{
			Action: "application.take_over", Kind: application.Kind, Subject: a.ID, Company: a.CompanyID, Internal: true,
			Before: map[string]any{"working": was.Name}, After: map[string]any{"working": by.Name},
		})
	})
	return l, err
}

// hold takes or renews the lock for a step of work, or says who holds it. The case is
// locked already, so nobody comes between.
func hold(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID) error {
	got, err := takeLock(ctx, tx, now, by, id, false)
	if err != nil || got {
		return err
	}
	l, err := lockOf(ctx, tx, now, by, id)
	if err != nil {
		return err
	}
	return lockedBy(l)
}

func lockedBy(l Lock) error {
	return fault.New(fault.Conflict, "%s is working in this case, until %s UTC at the latest. You can read it, and work in it after that",
		l.Name, l.Until.UTC().Format("15:04"))
}

// letGo ends the person's own lock.
func letGo(ctx context.Context, tx pg.Tx, by identity.Actor, id uuid.UUID) error {
	if err := dropLock(ctx, tx, id, by.PersonID); err != nil {
		return fmt.Errorf("end the lock: %w", err)
	}
	return nil
}
