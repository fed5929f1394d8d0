package company

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// siteColumns are what an edit of a site writes.
func siteColumns() []string {
	return []string{"name", "activity", "street", "city", "region", "postcode", "country", "zone", "lat", "lon"}
}

// AddSite adds a place of the company.
func (s *Service) AddSite(ctx context.Context, by identity.Actor, in SiteEntry) (site Site, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		site, err = addSite(ctx, tx, s.Now(), by, in)
		return err
	})
	return site, err
}

func addSite(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in SiteEntry) (site Site, err error) {
	c, st, err := edit(ctx, tx, by)
	if err != nil {
		return site, err
	}
	if err := st.guard(SitesPart); err != nil {
		return site, err
	}
	site = Site{ID: idOr(in.ID), CompanyID: c.ID, CreatedAt: now, Version: 1}
	if err := fault.Fail(in.put(&site)); err != nil {
		return site, err
	}
	if there, err := listOf[Site](ctx, tx, c.ID, "closed_on is null"); err != nil {
		return site, err
	} else if len(there) >= most {
		return site, fault.Fail([]fault.Field{fault.F("", "You can have up to %d open sites. Close one first", most)})
	}
	if made, err := insert(ctx, tx, &site, c.ID, site.ID); err != nil || !made {
		return site, err
	}
	is := site.Entry()
	return site, audit.Record(ctx, tx, now, by, audit.Event{Action: "site.add", Kind: "site", Subject: site.ID, Company: c.ID, After: values(facts(is.fields()))})
}

// ChangeSite changes what is known of a site.
func (s *Service) ChangeSite(ctx context.Context, by identity.Actor, id uuid.UUID, in SiteEntry) (site Site, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		site, err = changeSite(ctx, tx, s.Now(), by, id, in)
		return err
	})
	return site, err
}

func changeSite(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, in SiteEntry) (Site, error) {
	c, st, err := edit(ctx, tx, by)
	if err != nil {
		return Site{}, err
	}
	site, err := lockOne[Site](ctx, tx, c.ID, id)
	if err != nil {
		return site, err
	}
	was := site.Entry()
	if in.Version != site.Version {
		return site, moved(facts(in.fields()), facts(was.fields()))
	}
	if err := st.guard(SitesPart); err != nil {
		return site, err
	}
	if site.ClosedOn != nil {
		return site, closedSite()
	}
	if err := fault.Fail(in.put(&site)); err != nil {
		return site, err
	}
	is := site.Entry()
	before, after := changed(facts(was.fields()), facts(is.fields()))
	if before == nil {
		return site, nil
	}
	if err := pg.Update(ctx, tx, &site, site.ID, &site.Version, siteColumns()...); err != nil {
		return site, fmt.Errorf("change the site: %w", err)
	}
	return site, audit.Record(ctx, tx, now, by, audit.Event{Action: "site.change", Kind: "site", Subject: site.ID, Company: c.ID, Before: before, After: after})
}

func closedSite() error {
	return fault.New(fault.Conflict, "This site is closed. Add it again as a new site if you use it again")
}

// CloseSite records that a site is no longer used from a day on (2006-01-02), which
// is not in the future: a later closing is a change notice. The site stays in the account.
func (s *Service) CloseSite(ctx context.Context, by identity.Actor, id uuid.UUID, version int, on string) (site Site, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, st, err := edit(ctx, tx, by)
		if err != nil {
			return err
		}
		if site, err = lockOne[Site](ctx, tx, c.ID, id); err != nil {
			return err
		}
		if version != site.Version {
			return fault.Moved()
		}
		if err := st.guard(SitesPart); err != nil {
			return err
		}
		if site.ClosedOn != nil {
			return closedSite()
		}
		now := s.Now()
		zone, err := time.LoadLocation(site.Zone)
		if err != nil {
			return fmt.Errorf("close the site: %w", err)
		}
		d, err := time.Parse(time.DateOnly, strings.TrimSpace(on))
		switch {
		case err != nil:
			return fault.Fail([]fault.Field{fault.F("closed_on", "Enter the last day that exists, like 4 March 2026")})
		case d.After(civil(now, zone)):
			return fault.Fail([]fault.Field{fault.F("closed_on", "Enter today or a day in the past. Close the site here when the day has come")})
		case d.Year() < 1900:
			return fault.Fail([]fault.Field{fault.F("closed_on", "Enter a day after 1900")})
		}
		site.ClosedOn = &d
		if err := pg.Update(ctx, tx, &site, site.ID, &site.Version, "closed_on"); err != nil {
			return fmt.Errorf("close the site: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "site.close", Kind: "site", Subject: site.ID, Company: c.ID,
			Before: map[string]string{"closed_on": ""}, After: map[string]string{"closed_on": day(site.ClosedOn), "name": site.Name}})
	})
	return site, err
}
