package baseline

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Sign signs a file off: from now on companies are compared with it. Anybody of headquarters
// may but who brought it.
func (s *Service) Sign(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, Sign, "")
}

// Refuse says that a file is not signed off, and why. The same persons may as for Sign.
func (s *Service) Refuse(ctx context.Context, by identity.Actor, id uuid.UUID, version int, reason string) error {
	return s.step(ctx, by, id, version, Refuse, reason)
}

// TakeBack has a file wait no longer, before anybody has decided on it; it can be brought again
// as it is or mended. Only who brought it may. The reason can be empty.
func (s *Service) TakeBack(ctx context.Context, by identity.Actor, id uuid.UUID, version int, reason string) error {
	return s.step(ctx, by, id, version, TakeBack, reason)
}

// Withdraw says that a signed file was wrong, and why: it counts no more, and what it was
// signed over counts again. Companies can read it and the reason. Headquarters may.
func (s *Service) Withdraw(ctx context.Context, by identity.Actor, id uuid.UUID, version int, reason string) error {
	return s.step(ctx, by, id, version, Withdraw, reason)
}

func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int, do Action, reason string) error {
	if err := mayWork(by); err != nil {
		return err
	}
	var k entry.Check
	reason = k.Text("reason", "the reason", reason, 0, 2000)
	if err := k.Err(); err != nil {
		return err
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var found []Baseline
		if err := tx.WithContext(ctx).Raw(baselineSQL+` where id = ? for update`, id).Scan(&found).Error; err != nil {
			return fmt.Errorf("open the baseline: %w", err)
		}
		if len(found) == 0 {
			return fault.Missing()
		}
		b := found[0]
		if b.Version != version {
			return fault.Moved()
		}
		own := b.BroughtBy == by.PersonID
		switch {
		case b.Status != Waiting:
		case own && (do == Sign || do == Refuse):
			return fault.New(fault.Conflict, "You brought this file. A second person has to decide on it")
		case !own && do == TakeBack:
			return fault.New(fault.Conflict, "Only the person who brought this file can take it back. You can refuse it")
		}
		to, err := Lifecycle().Next(b.Status, do, by.Role, Facts{Own: own, Reason: reason})
		if err != nil {
			return err
		}
		now := s.Now()
		if err := s.write(ctx, tx, now, by, id, do, to, reason); err != nil {
			return err
		}
		if do == Sign || do == Refuse {
			if err := s.Letters.ToDesk(ctx, tx, now, []uuid.UUID{b.BroughtBy}, path(b.ID)); err != nil {
				return err
			}
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "baseline." + string(do), Kind: Kind, Subject: id, Reason: reason, Before: map[string]any{"status": b.Status},
			After: map[string]any{"status": to, "file": b.FileName, "sha256": b.SHA256, "programme": b.Programme}})
	})
}

func (s *Service) write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, do Action, to Status, reason string) error {
	sql, args := `update baseline set status = ?, reason = ?, decided_by = ?, decider = ?, decided_at = ?, version = version + 1 where id = ?`, []any{to, reason, by.PersonID, by.Name, now, id}
	switch do {
	case TakeBack:
		sql, args = `update baseline set status = ?, reason = ?, taken_back_at = ?, version = version + 1 where id = ?`, []any{to, reason, now, id}
	case Withdraw:
		sql, args = `update baseline set status = ?, reason = ?, withdrawer = ?, withdrawn_at = ?, version = version + 1 where id = ?`, []any{to, reason, by.Name, now, id}
	}
	if err := tx.WithContext(ctx).Exec(sql, args...).Error; err != nil {
		return fmt.Errorf("decide on the baseline: %w", err)
	}
	return nil
}

// tellSecond tells those who can decide on a file that it waits.
func (s *Service) tellSecond(ctx context.Context, tx pg.Tx, b Baseline) error {
	var persons []uuid.UUID
	err := tx.WithContext(ctx).Raw(`select distinct person_id from person_right where audience = 'staff' and role = ? and ended_at is null and person_id <> ?`, identity.Headquarters, b.BroughtBy).Scan(&persons).Error
	if err != nil {
		return fmt.Errorf("find who can sign the baseline off: %w", err)
	}
	return s.Letters.ToDesk(ctx, tx, b.BroughtAt, persons, path(b.ID))
}

// path is the page of a file at the desk.
func path(id uuid.UUID) string { return "/desk/baselines/" + id.String() }
