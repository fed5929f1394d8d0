package bizpartner

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// DeskList is the partners of a company for the agency.
type DeskList struct {
	CompanyID uuid.UUID
	Company   string
	List
}

// Desk reads one page of the partners of a company. The agency's case readers may; that they
// did is an audit event.
func (s *Service) Desk(ctx context.Context, by identity.Actor, company uuid.UUID, f Filter) (d DeskList, err error) {
	if own, err := by.Reads(); err != nil || own != nil {
		return d, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.Value(&d.Company, `select name from company where id = $1`, company), audit.Look(s.Now(), by, "business_partner.read", company))
	if err != nil {
		return d, fmt.Errorf("read the partners of a company: %w", err)
	}
	d.CompanyID = company
	d.List, err = s.list(ctx, by, company, f)
	return d, err
}
