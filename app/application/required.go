package application

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Required refuses with Conflict when a programme requires a membership of another one that
// the company does not have now, active and in one of the tiers. The membership stays as it
// is until the transaction ends. A programme that requires none is always open. A step for
// other domains: an application asks when it opens, a decision when it is made.
func Required(ctx context.Context, tx pg.Tx, company uuid.UUID, p *programme.Programme) error {
	q := p.Requires
	if q == nil {
		return nil
	}
	var rows []struct{ EntityType, Tier string }
	err := tx.WithContext(ctx).Raw(`select entity_type, tier from membership where company_id = ? and programme = ? and status = 'active' for share`, company, q.Programme).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("look for the membership of %s: %w", q.Programme, err)
	}
	if !slices.ContainsFunc(rows, func(r struct{ EntityType, Tier string }) bool { return q.Met(q.Programme, r.EntityType, r.Tier) }) {
		return fault.New(fault.Conflict, "%s", i18n.T(ctx, q.Because))
	}
	return nil
}
