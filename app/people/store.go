package people

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/pg"
)

type officeRow struct {
	ID                         uuid.UUID
	Code, Name, Zone, Calendar string
	CreatedAt                  time.Time
	Version                    int
}

// insertFirst adds the office if the table is empty. The lock lets one of several
// portals that start at once decide.
func insertFirst(ctx context.Context, tx pg.Tx, o officeRow) (opened bool, err error) {
	if err := tx.WithContext(ctx).Exec(`select pg_advisory_xact_lock(hashtext('first office'))`).Error; err != nil {
		return false, fmt.Errorf("wait for another start: %w", err)
	}
	r := tx.WithContext(ctx).Exec(`insert into office (id, code, name, zone, calendar, created_at, version)
		select ?, ?, ?, ?, ?, ?, ? where not exists (select from office)`, o.ID, o.Code, o.Name, o.Zone, o.Calendar, o.CreatedAt, o.Version)
	if r.Error != nil {
		return false, fmt.Errorf("open the office: %w", r.Error)
	}
	return r.RowsAffected == 1, nil
}
