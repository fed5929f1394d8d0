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

// turnSQL sets or renews the soft lock of the person whose step is the next one: the
// assignee's while a case is checked, and a decider's while a recommendation of somebody
// else waits. Whoever only looks sets nothing and keeps nobody from working. $11 until
// when it holds, $12 whether the person decides, $13 in every office, $14 in which. The
// other parameters are those of the event of the look, which is recorded with it.
const turnSQL = `with turn as materialized (
  select a.id from application a where a.id = $10 and a.submitted_at is not null and a.closed_at is null
    and case when a.status = 'recommended' then $12 and ($13 or a.office_id = any($14::uuid[]))
        and exists (select from recommendation r where r.application_id = a.id and r.decided_at is null and r.withdrawn_at is null and r.made_by <> $2)
      else a.status <> 'hearing' and a.assignee_id = $2 end
  for share
), lock as (
  insert into case_lock (application_id, person_id, name, taken_at, expires_at) select id, $2, $3, $1, $11 from turn` + lockConflict + `
)
` + audit.LookSQL + readCase + ` returning 1 as done`

// Work opens a case as Record does, and sets or renews the soft lock when the next step
// is the person's. Somebody else's lock is no error, for everybody may read.
func (s *Service) Work(ctx context.Context, by identity.Actor, id uuid.UUID) (Case, error) {
	if worker(by) != nil {
		return s.Record(ctx, by, id)
	}
	now := s.Now()
	var one []struct{ Done int }
	args := append(audit.LookArgs(now, by, "application.read", application.Kind, id),
		now.Add(LockLife), by.Is(identity.Approvers...), by.Role == identity.Headquarters, OfficeTree(by))
	return s.read(ctx, by, id, now, pg.All(&one, turnSQL, args...))
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
