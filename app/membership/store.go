package membership

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/application"
	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

func add(ctx context.Context, tx pg.Tx, m *Membership) error {
	return tx.WithContext(ctx).Create(m).Error
}

// load locks a membership.
func load(ctx context.Context, tx pg.Tx, id uuid.UUID) (Membership, error) {
	m, err := gorm.G[Membership](tx.DB, clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return m, fault.Missing()
	}
	if err != nil {
		return m, fmt.Errorf("open the membership: %w", err)
	}
	return m, nil
}

// number is the next running number. One that is drawn for a certification that then
// fails is lost; numbers are never given twice.
func number(ctx context.Context, tx pg.Tx) (n int64, err error) {
	err = tx.WithContext(ctx).Raw("select nextval('membership_number')").Scan(&n).Error
	return n, err
}

// place is the zone of the deciding office and the company's country.
func place(ctx context.Context, tx pg.Tx, a application.Application) (*time.Location, string, error) {
	var row struct{ Zone, Country string }
	err := tx.WithContext(ctx).Raw(`select o.zone, c.country from office o, company c where o.id = ? and c.id = ?`, a.OfficeID, a.CompanyID).Scan(&row).Error
	if err != nil {
		return nil, "", fmt.Errorf("read the office: %w", err)
	}
	zone, err := time.LoadLocation(row.Zone)
	if err != nil {
		return nil, "", fmt.Errorf("read the office's zone: %w", err)
	}
	return zone, row.Country, nil
}

// zoneOf is the zone of the office in charge of a membership.
func zoneOf(ctx context.Context, tx pg.Tx, m Membership) (*time.Location, error) {
	var name string
	err := tx.WithContext(ctx).Raw(`select o.zone from application a join office o on o.id = a.office_id where a.id = ?`, m.ApplicationID).Scan(&name).Error
	if err != nil {
		return nil, fmt.Errorf("read the office: %w", err)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("read the office's zone: %w", err)
	}
	return zone, nil
}

// adoptClocks hands the clocks that certification has started to the membership: they
// begin with the end of the application and end with the membership.
func adoptClocks(ctx context.Context, tx pg.Tx, application, membership uuid.UUID) error {
	return tx.WithContext(ctx).Exec(`update clock set subject_kind = 'membership', subject_id = ?
		where subject_kind = 'application' and subject_id = ? and start_event = ? and stopped_at is null`,
		membership, application, programme.ApplicationCertified).Error
}
