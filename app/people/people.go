// Package people keeps the administration's offices, to which staff and companies
// belong.
package people

import (
	"context"
	"fmt"
	"time"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Service keeps offices.
type Service struct {
	DB  *pg.DB
	Now func() time.Time
}

// Office is what opening one takes.
type Office struct {
	Code     string // of capital letters, digits and hyphens
	Name     string
	Zone     string // IANA time zone: legal days of its cases are counted in it
	Calendar string // code of its business calendar
}

// OpenHeadquarters opens the office at the root of the tree if there is no office
// yet, and does nothing otherwise: without one no company could register. Only the
// portal itself may, when it starts for the first time. It may run several times at once.
func (s *Service) OpenHeadquarters(ctx context.Context, by identity.Actor, in Office) error {
	if by.Audience != identity.System {
		return fault.Missing()
	}
	var check entry.Check
	in.Name = check.Line("name", "the office's name", in.Name, 1, 200)
	in.Zone = check.Zone("zone", in.Zone)
	if err := check.Err(); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		row := officeRow{ID: pg.NewID(), Code: in.Code, Name: in.Name, Zone: in.Zone, Calendar: in.Calendar, CreatedAt: now, Version: 1}
		opened, err := insertFirst(ctx, tx, row)
		if err != nil || !opened {
			return err
		}
		if err := audit.Record(ctx, tx, now, by, audit.Event{Action: "office.open", Kind: "office", Subject: row.ID, After: in, Reason: "First start"}); err != nil {
			return fmt.Errorf("open the headquarters: %w", err)
		}
		return nil
	})
}
