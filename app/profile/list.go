package profile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Listed is a profile in the list of a company's profiles.
type Listed struct {
	Cycle
	Names
	Zone *time.Location // of the office

	// Of one that is with the company:
	Due       *clock.View           // by when it is to be submitted; nil: no clock runs
	Withdrawn []catalogue.Criterion // what the profile before it was asked and this one is not, as it was asked
}

// List reads every profile of the actor's company, the newest first, in one round trip.
// Everybody who reads for the company may.
func (s *Service) List(ctx context.Context, by identity.Actor) (out []Listed, err error) {
	if !by.Is(identity.CompanyReaders...) || by.Audience != identity.Companies {
		return nil, fault.Missing()
	}
	var text string
	var kept []clock.Kept
	err = s.DB.Batch(ctx, by.Scope(), pg.Value(&text, `select coalesce(jsonb_agg(x.cycle order by x.opened_at desc, x.id desc), '[]')::text from (
		select to_jsonb(c) || jsonb_build_object('zone_name', o.zone) as cycle, c.opened_at, c.id from profile_cycle c join office o on o.id = c.office_id
		where c.company_id = $1 order by c.opened_at desc, c.id desc limit 200) x`, by.CompanyID), clock.OfCompany(&kept, by.CompanyID))
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
	views := s.Clocks.Views(kept, s.Now())
	for _, row := range rows {
		x := Listed{Cycle: row.Cycle, Zone: location(row.ZoneName)}
		if x.Names, err = s.names(row.Cycle); err != nil {
			return nil, err
		}
		x.Due = s.Deadline(row.Cycle, views)
		out = append(out, x)
	}
	for i, x := range out {
		if last := before(out, x.Cycle); last != nil && x.Status.WithCompany() {
			if out[i].Withdrawn, err = s.withdrawn(*last, x.Cycle); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// before is the profile on which another was begun; nil when it is not in the list.
func before(list []Listed, c Cycle) *Cycle {
	if c.PreviousID == nil {
		return nil
	}
	if i := slices.IndexFunc(list, func(x Listed) bool { return x.ID == *c.PreviousID }); i >= 0 {
		return &list[i].Cycle
	}
	return nil
}

// withdrawn are the criteria that a profile was asked and the next one is not.
func (s *Steps) withdrawn(from, c Cycle) (out []catalogue.Criterion, err error) {
	was, err := s.before(from, c)
	if err != nil {
		return nil, err
	}
	is, err := s.Form(c)
	if err != nil {
		return nil, err
	}
	for _, ch := range s.changed(was, is) {
		if x, ok := was.Criterion(ch.ID); ok && ch.Kind == catalogue.Withdrawn {
			out = append(out, x)
		}
	}
	return out, nil
}
