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
		if b.BroughtBy == by.PersonID && do != Withdraw && b.Status == Waiting {
			return fault.New(fault.Conflict, "You brought this file. A second person has to decide on it")
		}
		to, err := Lifecycle().Next(b.Status, do, by.Role, Facts{Own: b.BroughtBy == by.PersonID, Reason: reason})
		if err != nil {
			return err
		}
		now := s.Now()
		if err := s.write(ctx, tx, now, by, id, do, to, reason); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "baseline." + string(do), Kind: Kind, Subject: id, Reason: reason, Before: map[string]any{"status": b.Status},
			After: map[string]any{"status": to, "file": b.FileName, "sha256": b.SHA256, "programme": b.Programme}})
	})
}

func (s *Service) write(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, do Action, to Status, reason string) error {
	sql, args := `update baseline set status = ?, reason = ?, decided_by = ?, decider = ?, decided_at = ?, version = version + 1 where id = ?`, []any{to, reason, by.PersonID, by.Name, now, id}
	if do == Withdraw {
		sql, args = `update baseline set status = ?, reason = ?, withdrawer = ?, withdrawn_at = ?, version = version + 1 where id = ?`, []any{to, reason, by.Name, now, id}
	}
	if err := tx.WithContext(ctx).Exec(sql, args...).Error; err != nil {
		return fmt.Errorf("decide on the baseline: %w", err)
	}
	return nil
}
