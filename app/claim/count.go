package claim

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// GapMonth is the last month that reports are looked through for on a day: the last whole one.
func GapMonth(today clock.Day) clock.Day {
	return today.AddDays(1 - today.DayOfMonth()).AddMonths(-1)
}

// Count counts the gaps of the twelve months up to the last whole one, for who does not wait
// for CountDue. Headquarters may, once a month. Conflict: that month was counted.
func (s *Service) Count(ctx context.Context, by identity.Actor) error {
	if err := counter(by); err != nil {
		return err
	}
	done, err := s.count(ctx, by)
	if err == nil && !done {
		return fault.New(fault.Conflict, "This month was counted already. So that nobody can find out about one company, it is counted once a month")
	}
	return err
}

// CountDue counts the gaps once a month is over at headquarters, if nobody has; the portal does
// it by itself. It tells whether it counted. Of several at once, one does.
func (s *Service) CountDue(ctx context.Context) (counted bool, err error) {
	by := identity.ClockActor("count_gaps")
	var zone string
	var last []struct{ Month clock.Day }
	err = s.DB.Batch(ctx, by.Scope(), arrangement.Zone(&zone), pg.All(&last, `select month from benefit_gap_count order by month desc limit 1`))
	if err != nil {
		return false, fmt.Errorf("look when gaps were counted: %w", err)
	}
	today, err := arrangement.DayIn(s.Now(), zone)
	if err != nil || len(last) > 0 && !last[0].Month.Before(GapMonth(today)) {
		return false, err
	}
	return s.count(ctx, by)
}

// count counts the last whole month. False: it was counted.
func (s *Service) count(ctx context.Context, by identity.Actor) (done bool, err error) {
	rows, err := json.Marshal(s.asked())
	if err != nil {
		return false, fmt.Errorf("write what is to be counted: %w", err)
	}
	now := s.Now()
	var who *uuid.UUID // nil: the portal
	if by.Known() {
		who = &by.PersonID
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		today, err := arrangement.Today(ctx, tx, now)
		if err != nil {
			return err
		}
		month := GapMonth(today)
		if err := tx.WithContext(ctx).Raw(`select benefit_gap_make(?::jsonb, ?, ?, ?, ?, ?)`, string(rows), month, today, now, who, by.Name).Scan(&done).Error; err != nil {
			return fmt.Errorf("count the gaps: %w", err)
		}
		if !done {
			return nil
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "benefit_gap.count", Kind: GapKind, After: map[string]any{"month": month}})
	})
	return done && err == nil, err
}

// counter refuses everybody but headquarters.
func counter(by identity.Actor) error {
	switch {
	case by.Audience != identity.Staff || !by.Is(Counters()...):
		return fault.Missing()
	case !by.Is(identity.Headquarters):
		return fault.New(fault.Forbidden, "Headquarters works on this list. You can read it")
	}
	return nil
}
