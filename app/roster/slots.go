package roster

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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

// Candidate is an officer who may go on a visit, with what speaks for and against.
type Candidate struct {
	ID             uuid.UUID
	Name, Office   string
	Languages      []string
	Travel         int // minutes one way
	Days, Capacity int // of visits, in the quarter around the visit
	Against        []Reason
}

// Ranking lists the officers for a need: first those against whom nothing speaks, of these
// those with the least load, of equal ones the nearest. People choose. For the agency's case
// workers. Whether somebody is free on a day is for Slots.
func (s *Service) Ranking(ctx context.Context, by identity.Actor, n Need) ([]Candidate, error) {
	if !by.Is(identity.CaseReaders...) {
		return nil, fault.Missing()
	}
	if n.From.IsZero() || n.To.Before(n.From) {
		n.From = clock.DayOf(s.Now(), by.Zone)
	}
	n.To = n.From
	officers, err := s.candidates(ctx, by, n)
	if err != nil {
		return nil, err
	}
	look := searching{Need: n}
	look.begin(nil)
	out := make([]Candidate, len(officers))
	for i, o := range officers {
		c := &candidate{Calendar: o}
		look.prepare(c)
		x := Candidate{ID: o.PersonID, Name: o.Name, Office: o.Officer.Office, Languages: o.Languages, Travel: c.travel}
		x.Days, x.Capacity = c.load(dayNumber(n.From.Time()))
		if !o.Active || o.EndedByRight {
			x.Against = append(x.Against, Because("No officer any more"))
		}
		if n.Skill != "" && !slices.Contains(o.Skills, n.Skill) {
			x.Against = append(x.Against, Because("Does not validate this kind of member"))
		}
		if o.Capacity == 0 {
			x.Against = append(x.Against, Because("No days of visits at present"))
		}
		if len(n.Languages) > 0 && !slices.ContainsFunc(n.Languages, func(l string) bool { return slices.Contains(o.Languages, l) }) {
			x.Against = append(x.Against, Because("Speaks none of the languages of the visit"))
		}
		out[i] = x
	}
	slices.SortStableFunc(out, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(min(len(a.Against), 1), min(len(b.Against), 1)), cmp.Compare(a.Days*b.Capacity, b.Days*a.Capacity), cmp.Compare(a.Travel, b.Travel), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
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
