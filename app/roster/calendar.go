package roster

import (
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

// Item is one thing on the calendar: a visit with its officers, or an officer's leave,
// training or other time.
type Item struct {
	ID           uuid.UUID // of the booking
	Version      int
	Kind         string
	Held         bool // an offered time that is held until the company answers
	Officers     []Choice
	StartsAt     time.Time
	EndsAt       time.Time
	From, To     clock.Day // of a visit at the site, else in the officer's zone
	Zone         *time.Location
	TravelBefore int // minutes; the longest of the team
	TravelAfter  int
	Note         string

	// Of a visit
	Visit      uuid.UUID
	Validation uuid.UUID
	Reference  string
	Company    string
	Place      string
	Country    string
	VisitKind  string
	Programme  string
}

// Over reports whether the time has passed.
func (i Item) Over(now time.Time) bool { return !i.EndsAt.After(now) }

// itemRow is a booking with its visit.
type itemRow struct {
	ID                                                             uuid.UUID
	OfficerID                                                      uuid.UUID
	Officer                                                        string
	Kind, State                                                    string
	StartsAt, EndsAt                                               time.Time
	TravelBefore, TravelAfter                                      int
	Note                                                           string
	Version                                                        int
	VisitID, ValidationID                                          *uuid.UUID
	Reference, Company, Place, Country, Zone, VisitKind, Programme string
	HomeZone                                                       string
}

// itemSQL reads bookings b of officers o.
const itemSQL = `select b.id, b.officer_id, p.name as officer, b.kind, b.state, b.starts_at, b.ends_at, b.travel_before, b.travel_after, b.note, b.version,
	b.visit_id, s.validation_id, coalesce(v.reference, '') as reference, coalesce(c.name, '') as company, coalesce(s.place, '') as place,
	coalesce(s.country, '') as country, coalesce(s.zone, '') as zone, coalesce(s.kind, '') as visit_kind, coalesce(v.programme, '') as programme,
	coalesce(nullif(o.zone, ''), f.zone) as home_zone
	from booking b join officer o on o.person_id = b.officer_id join person p on p.id = o.person_id join office f on f.id = o.office_id
	left join visit s on s.id = b.visit_id left join validation v on v.id = s.validation_id left join company c on c.id = s.company_id`

func (r itemRow) booking() Booking {
	return Booking{ID: r.ID, OfficerID: r.OfficerID, Kind: r.Kind, State: r.State, StartsAt: r.StartsAt, EndsAt: r.EndsAt,
		TravelBefore: r.TravelBefore, TravelAfter: r.TravelAfter, Note: r.Note, Version: r.Version}
}

// item shows a booking in the zone of its site, or in the officer's. A zone that is not
// known any more is shown as UTC.
func (r itemRow) item(home *time.Location) Item {
	i := Item{ID: r.ID, Version: r.Version, Kind: r.Kind, Held: r.State == Hold, Officers: []Choice{{r.OfficerID, r.Officer}}, StartsAt: r.StartsAt, EndsAt: r.EndsAt,
		Zone: home, TravelBefore: r.TravelBefore, TravelAfter: r.TravelAfter, Note: r.Note, Reference: r.Reference, Company: r.Company, Place: r.Place,
		Country: r.Country, VisitKind: r.VisitKind, Programme: r.Programme}
	if r.VisitID != nil {
		i.Visit = *r.VisitID
	}
	if r.ValidationID != nil {
		i.Validation = *r.ValidationID
	}
	if r.Zone != "" {
		if z, err := time.LoadLocation(r.Zone); err == nil {
			i.Zone = z
		}
	}
	i.From, i.To = clock.DayOf(i.StartsAt, i.Zone), clock.DayOf(i.EndsAt.Add(-1), i.Zone)
	return i
}

// Lane is an officer's part of a calendar.
type Lane struct {
	Officer Officer
	Items   []Item
}

// Board is a part of the calendar: what happens in it, and who is busy with what.
type Board struct {
	Filter   Filter
	From, To clock.Day // both included, as days of the viewer
	Offices  []Choice
	Everyone []Choice // officers of the chosen office, to choose from
	Lanes    []Lane
	Items    []Item // in order of time; a visit stands here once, with its team
}

// On lists what happens on a day.
func (b Board) On(d clock.Day) (out []Item) {
	for _, i := range b.Items {
		if !i.From.After(d) && !i.To.Before(d) {
			out = append(out, i)
		}
	}
	return out
}

// longestBoard bounds one calendar.
const longestBoard = 200 // days

// Board shows the officers' calendar from one day to another. For the agency's case readers.
func (s *Service) Board(ctx context.Context, by identity.Actor, f Filter, from, to clock.Day) (Board, error) {
	if !by.Is(identity.CaseReaders...) {
		return Board{}, fault.Missing()
	}
	if from.IsZero() || to.Before(from) || clock.DaysBetween(from, to) > longestBoard {
		return Board{}, fault.Missing()
	}
	now := s.Now()
	out := Board{Filter: f, From: from, To: to}
	var officers []Officer
	var rows []itemRow
	everyone := f
	everyone.Officer = uuid.Nil
	err := s.DB.Batch(ctx, by.Scope(), pg.All(&out.Offices, officesSQL),
		pg.All(&officers, officerSQL+` where o.active and`+wanted+` order by p.name, o.person_id`, everyone.args(now)...),
		// A day more on both sides, for the zones.
		pg.All(&rows, itemSQL+` where b.state <> 'cancelled' and b.starts_at < $1 and b.ends_at > $5 and`+wanted+` and ($3 = '' or v.id is null or v.programme = $3)
			order by b.starts_at, b.visit_id, p.name`, append(f.args(to.AddDays(2).Time()), from.AddDays(-1).Time())...))
	if err != nil {
		return out, fmt.Errorf("read the calendar: %w", err)
	}
	out.take(officers, rows)
	return out, nil
}

// take sorts bookings into lanes and joins those of one visit.
func (b *Board) take(officers []Officer, rows []itemRow) {
	lanes := map[uuid.UUID]int{}
	for _, o := range officers {
		b.Everyone = append(b.Everyone, Choice{o.PersonID, o.Name})
		if b.Filter.Officer == uuid.Nil || b.Filter.Officer == o.PersonID {
			lanes[o.PersonID] = len(b.Lanes)
			b.Lanes = append(b.Lanes, Lane{Officer: o})
		}
	}
	for _, r := range rows {
		home, err := time.LoadLocation(r.HomeZone)
		if err != nil {
			home = time.UTC
		}
		i := r.item(home)
		if i.To.Before(b.From) || i.From.After(b.To) {
			continue
		}
		if at, ok := lanes[r.OfficerID]; ok {
			b.Lanes[at].Items = append(b.Lanes[at].Items, i)
		}
		at := slices.IndexFunc(b.Items, func(x Item) bool {
			return i.Visit != uuid.Nil && x.Visit == i.Visit && x.StartsAt.Equal(i.StartsAt) && x.Held == i.Held
		})
		if at < 0 {
			b.Items = append(b.Items, i)
			continue
		}
		b.Items[at].Officers = append(b.Items[at].Officers, i.Officers...)
		b.Items[at].TravelBefore = max(b.Items[at].TravelBefore, i.TravelBefore)
		b.Items[at].TravelAfter = max(b.Items[at].TravelAfter, i.TravelAfter)
	}
}
