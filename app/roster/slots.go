package roster

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// longestSearch bounds the window of a search.
const longestSearch = 400 // days

// Slots lists the times that work for a need, with a team for each, and why the other days
// do not. For the agency's case workers. What counts is read in one round trip.
func (s *Service) Slots(ctx context.Context, by identity.Actor, n Need) (out Result, err error) {
	if !by.Is(identity.CaseReaders...) {
		return out, fault.Missing()
	}
	if n.From.IsZero() || n.To.Before(n.From) || clock.DaysBetween(n.From, n.To) > longestSearch {
		return out, fault.Fail([]fault.Field{fault.F("to", "Choose a time of up to 12 months that ends after it begins")})
	}
	officers, err := s.candidates(ctx, by, n)
	if err != nil {
		return out, err
	}
	return Search(n, officers), nil
}

// busyRow is what a search needs of a booking.
type busyRow struct {
	OfficerID                 uuid.UUID
	Kind, State               string
	StartsAt, EndsAt          time.Time
	TravelBefore, TravelAfter int
}

// candidates reads everybody who may come, with their bookings around the window.
func (s *Service) candidates(ctx context.Context, by identity.Actor, n Need) ([]Calendar, error) {
	required := n.Required
	if required == nil {
		required = []uuid.UUID{}
	}
	var officers []Officer
	var busy []busyRow
	err := s.DB.Batch(ctx, by.Scope(),
		pg.All(&officers, officerSQL+` where o.active and not `+endedByRight+` or o.person_id = any($2) order by p.name, o.person_id`, s.Now(), required),
		pg.All(&busy, `select officer_id, kind, state, starts_at, ends_at, travel_before, travel_after from booking
			where state <> 'cancelled' and starts_at < $2 and ends_at > $1 and ($3::uuid is null or visit_id is distinct from $3) order by officer_id, starts_at`,
			n.From.AddDays(-100).Time(), n.To.AddDays(100).Time(), orNone(n.Visit)))
	if err != nil {
		return nil, fmt.Errorf("read the officers and their bookings: %w", err)
	}
	mine := byOfficer(busy)
	out := make([]Calendar, len(officers))
	zones := map[string]*time.Location{}
	for i, o := range officers {
		name := o.HomeZone()
		if zones[name] == nil {
			if zones[name], err = time.LoadLocation(name); err != nil {
				return nil, fmt.Errorf("read the zone of an officer: %w", err)
			}
		}
		out[i] = Calendar{Officer: o, Zone: zones[name], Office: s.Calendars[o.Calendar], Busy: mine[o.PersonID]}
	}
	return out, nil
}

// SiteCalendar is the table of public holidays for a country, nil when there is none.
func (s *Service) SiteCalendar(country string) *clock.Calendar {
	return s.Calendars[map[string]string{"US": "us-federal", "CA": "ca", "MX": "mx", "BE": "be-federal"}[country]]
}
