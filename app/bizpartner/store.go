package bizpartner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return tx.WithContext(ctx).Create(row).Error
}

func scan[T any](ctx context.Context, tx pg.Tx, sql string, args ...any) (rows []T, err error) {
	err = tx.WithContext(ctx).Raw(sql, args...).Scan(&rows).Error
	return rows, err
}

func run(ctx context.Context, tx pg.Tx, sql string, args ...any) (rows int64, err error) {
	r := tx.WithContext(ctx).Exec(sql, args...)
	return r.RowsAffected, r.Error
}

// lock opens a record of a company for a change; another company's is not there.
func lock[T any](ctx context.Context, tx pg.Tx, company, id uuid.UUID) (row T, err error) {
	err = tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ? and company_id = ?", id, company).First(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, fault.Missing()
	}
	if err != nil {
		return row, fmt.Errorf("open a record: %w", err)
	}
	return row, nil
}

// hold lets one step at a time change how many records a company has.
func hold(ctx context.Context, tx pg.Tx, company uuid.UUID) error {
	if _, err := run(ctx, tx, `select pg_advisory_xact_lock(hashtextextended('business_partner ' || ?::text, 0))`, company.String()); err != nil {
		return fmt.Errorf("wait for a colleague: %w", err)
	}
	return nil
}

// today is the day at the office that looks after a company.
func today(ctx context.Context, tx pg.Tx, now time.Time, company uuid.UUID) (clock.Day, error) {
	list, err := scan[string](ctx, tx, `select o.zone from company c join office o on o.id = c.office_id where c.id = ?`, company)
	if err != nil {
		return clock.Day{}, fmt.Errorf("read the zone of the office: %w", err)
	}
	if len(list) == 0 {
		return clock.Day{}, fault.Missing()
	}
	zone, err := time.LoadLocation(list[0])
	if err != nil {
		return clock.Day{}, fmt.Errorf("read the zone of the office: %w", err)
	}
	return clock.DayOf(now, zone), nil
}

// person is who acts, nil when it is the portal.
func person(by identity.Actor) *uuid.UUID {
	if !by.Known() {
		return nil
	}
	return &by.PersonID
}
