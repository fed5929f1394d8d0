package profile

import (
	"context"
	"fmt"
	"time"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Listed is a profile in the list of a company's profiles.
type Listed struct {
	Cycle
	Names
	Zone *time.Location // of the office
}

// List reads every profile of the actor's company, the newest first. Everybody who reads
// for the company may.
func (s *Service) List(ctx context.Context, by identity.Actor) (out []Listed, err error) {
	if !by.Is(identity.CompanyReaders...) || by.Audience != identity.Companies {
		return nil, fault.Missing()
	}
	var text string
	err = s.DB.Batch(ctx, by.Scope(), pg.Value(&text, `select coalesce(jsonb_agg(x.cycle order by x.opened_at desc, x.id desc), '[]')::text from (
		select to_jsonb(c) || jsonb_build_object('zone_name', o.zone) as cycle, c.opened_at, c.id from profile_cycle c join office o on o.id = c.office_id
		where c.company_id = $1 order by c.opened_at desc, c.id desc limit 200) x`, by.CompanyID))
	if err != nil {
		return nil, fmt.Errorf("list profiles: %w", err)
	}
	rows, err := pg.Documents[struct {
		Cycle
		ZoneName string
	}](text)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		x := Listed{Cycle: row.Cycle, Zone: location(row.ZoneName)}
		if x.Names, err = s.names(row.Cycle); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}
