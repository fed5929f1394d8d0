package partnerapi

import (
	"context"
	"fmt"
	"time"

	"trustedtrader/app/audit"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Retention is how long is kept what partners' programs leave behind.
type Retention struct {
	Webhooks       time.Duration                // messages that were delivered or given up, and secrets that sign no more
	Irregularities func(arrangement string) int // reports that were taken in hand: years, as the arrangement says; 0: for ever
}

// forgetAtOnce bounds what one transaction removes, so that a long backlog holds nobody up.
const forgetAtOnce = 1000

// Forget removes what has been kept long enough, in pieces of one transaction each. A message
// that is still to be sent stays, and so does a report that nobody has taken in hand. n counts
// what was removed. Any number of portals may call it at once. The portal itself; no person
// calls it.
func (s *Service) Forget(ctx context.Context, r Retention) (n int, err error) {
	now := s.Now()
	old := now.Add(-r.Webhooks)
	for _, sql := range []string{
		`delete from webhook_delivery where id = any(array(select id from webhook_delivery where status <> 'waiting' and created_at < ? limit ?))`,
		`delete from webhook_secret where id = any(array(select id from webhook_secret where retired_at is not null and retired_at < ? limit ?))`,
	} {
		done, err := s.forget(ctx, sql, "", old)
		if n += done; err != nil {
			return n, fmt.Errorf("forget webhooks: %w", err)
		}
	}
	var list []struct{ Arrangement string }
	if err := s.DB.Batch(ctx, pg.System, pg.All(&list, `select distinct arrangement from api_irregularity where taken_at is not null`)); err != nil {
		return n, fmt.Errorf("forget irregularities: %w", err)
	}
	for _, x := range list {
		years := r.Irregularities(x.Arrangement)
		if years <= 0 {
			continue
		}
		done, err := s.forget(ctx, `delete from api_irregularity where id = any(array(select id from api_irregularity where taken_at is not null and received_at < ? and arrangement = ? limit ?))`,
			"irregularity.remove", now.AddDate(-years, 0, 0), x.Arrangement)
		if n += done; err != nil {
			return n, fmt.Errorf("forget irregularities: %w", err)
		}
	}
	return n, nil
}

// forget removes in pieces; with an action, each piece is an audit event that counts.
func (s *Service) forget(ctx context.Context, sql, action string, args ...any) (n int, err error) {
	by := identity.ClockActor("retention")
	for {
		var gone int64
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			r := tx.WithContext(ctx).Exec(sql, append(args, forgetAtOnce)...)
			if gone = r.RowsAffected; r.Error != nil || gone == 0 || action == "" {
				return r.Error
			}
			return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: action, Kind: "irregularity", Internal: true, Before: map[string]any{"arrangement": args[1], "reports": gone}})
		})
		if err != nil {
			return n, err
		}
		if n += int(gone); gone < forgetAtOnce {
			return n, nil
		}
	}
}
