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

// Filter narrows the officers of a list or a calendar.
type Filter struct {
	Office    uuid.UUID // the zero id: every office
	Programme string    // officers who validate its members; empty: any
	Officer   uuid.UUID // one officer only
	ByLoad    bool      // the least load first; else by name
}

// Choice is one of a list to choose from.
type Choice struct {
	ID   uuid.UUID
	Name string
}

// Workload is what an officer has to do, and why the portal does or does not offer them.
type Workload struct {
	Officer
	MonthDays       int // days of visits in the month of today
	MonthNights     int
	QuarterDays     int // in the quarter around today
	QuarterCapacity int
	Next            *Booking // the visit under way or next
	Why             []Reason // why the portal does not offer this officer now; empty: it does
}

// Percent is the load: days of visits by capacity in the quarter around today.
func (w Workload) Percent() int {
	if w.QuarterCapacity == 0 {
		return 0
	}
	return 100 * w.QuarterDays / w.QuarterCapacity
}

// Offered reports whether the portal would offer this officer for a visit now.
func (w Workload) Offered() bool { return len(w.Why) == 0 }

// Roll is the list of officers with their load.
type Roll struct {
	Filter    Filter
	Offices   []Choice
	Officers  []Workload
	Former    []Workload // no officers any more
	MayEnter  bool       // the actor may register officers
	QuarterOf clock.Day  // the day around which the quarter lies
}

// officesSQL lists the offices that have officers.
const officesSQL = `select f.id, f.name from office f where exists (select from officer o where o.office_id = f.id) order by f.name`

// wanted is the condition of a filter on an officer o; its arguments follow $1.
const wanted = ` ($2::uuid is null or o.office_id = $2) and ($3 = '' or exists (select from unnest(o.skills) k where split_part(k, '/', 1) = $3)) and ($4::uuid is null or o.person_id = $4)`

func (f Filter) args(now time.Time) []any {
	return []any{now, orNone(f.Office), f.Programme, orNone(f.Officer)}
}

func orNone(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// Officers lists officers with their load. For the agency's case readers.
func (s *Service) Officers(ctx context.Context, by identity.Actor, f Filter) (Roll, error) {
	if !by.Is(identity.CaseReaders...) {
		return Roll{}, fault.Missing()
	}
	now := s.Now()
	roll := Roll{Filter: f, MayEnter: by.Is(identity.Approvers...), QuarterOf: clock.DayOf(now, by.Zone)}
	var officers []Officer
	var busy []busyRow
	err := s.DB.Batch(ctx, by.Scope(), pg.All(&roll.Offices, officesSQL),
		pg.All(&officers, officerSQL+` where`+wanted+` order by p.name, o.person_id`, f.args(now)...),
		pg.All(&busy, `select b.officer_id, b.kind, b.state, b.starts_at, b.ends_at, b.travel_before, b.travel_after from booking b join officer o on o.person_id = b.officer_id
			where b.state <> 'cancelled' and b.starts_at < $1::timestamptz + interval '100 days' and b.ends_at > $1::timestamptz - interval '100 days' and`+wanted+`
			order by b.officer_id, b.starts_at`, f.args(now)...))
	if err != nil {
		return roll, fmt.Errorf("read the officers: %w", err)
	}
	mine := byOfficer(busy)
	for _, o := range officers {
		zone, err := time.LoadLocation(o.HomeZone())
		if err != nil {
			return roll, fmt.Errorf("read the zone of an officer: %w", err)
		}
		w := workload(now, Calendar{Officer: o, Zone: zone, Office: s.Calendars[o.Calendar], Busy: mine[o.PersonID]})
		if o.Active {
			roll.Officers = append(roll.Officers, w)
		} else {
			roll.Former = append(roll.Former, w)
		}
	}
	if f.ByLoad {
		slices.SortStableFunc(roll.Officers, func(a, b Workload) int {
			return cmp.Or(cmp.Compare(a.QuarterDays*b.QuarterCapacity, b.QuarterDays*a.QuarterCapacity), cmp.Compare(a.Name, b.Name))
		})
	}
	return roll, nil
}

// workload counts what stands in an officer's calendar.
func workload(now time.Time, o Calendar) Workload {
	today := clock.DayOf(now, o.Zone)
	s := searching{Need: Need{From: today, To: today}}
	c := &candidate{Calendar: o}
	s.prepare(c)
	month := monthNumber(today.Year(), today.Month())
	w := Workload{Officer: o.Officer, MonthDays: c.monthDays[month], MonthNights: c.monthNight[month]}
	w.QuarterDays, w.QuarterCapacity = c.load(dayNumber(today.Time()))
	for i, b := range o.Busy {
		if b.Kind == Visit && b.State == Confirmed && b.EndsAt.After(now) && w.Next == nil {
			w.Next = &o.Busy[i]
		}
		if b.Kind != Visit && !b.StartsAt.After(now) && b.EndsAt.After(now) {
			until := clock.DayOf(b.EndsAt.Add(-1), o.Zone)
			switch b.Kind {
			case Leave:
				w.Why = append(w.Why, Because("On leave until %s", until))
			case Training:
				w.Why = append(w.Why, Because("In training until %s", until))
			default:
				w.Why = append(w.Why, Because("Busy until %s", until))
			}
		}
	}
	switch {
	case !o.Active:
		w.Why = append(w.Why, Because("No officer any more"))
	case o.EndedByRight:
		w.Why = append(w.Why, Because("Has no right to work cases any more"))
	case o.Capacity == 0:
		w.Why = append(w.Why, Because("No days of visits at present"))
	case w.MonthDays >= o.Capacity:
		w.Why = append(w.Why, Because("All %d days of visits of this month are used", o.Capacity))
	case w.MonthNights >= o.Nights:
		w.Why = append(w.Why, Because("All %d nights away of this month are used: visits nearby only", o.Nights))
	}
	return w
}

func byOfficer(rows []busyRow) map[uuid.UUID][]Booking {
	out := map[uuid.UUID][]Booking{}
	for _, b := range rows {
		out[b.OfficerID] = append(out[b.OfficerID], Booking{OfficerID: b.OfficerID, Kind: b.Kind, State: b.State, StartsAt: b.StartsAt, EndsAt: b.EndsAt,
			TravelBefore: b.TravelBefore, TravelAfter: b.TravelAfter})
	}
	return out
}

// Candidates lists the people of the supervisor's office tree who work cases and are no
// officers, each with the name of the office.
func (s *Service) Candidates(ctx context.Context, by identity.Actor) (out []Choice, err error) {
	if !by.Is(identity.Approvers...) {
		return nil, fault.Missing()
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&out, `select distinct on (p.name, p.id) p.id, p.name || ', ' || f.name as name
		from person_right r join person p on p.id = r.person_id join office f on f.id = r.office_id
		where `+worksCases+` and ($2 or r.office_id = any($3)) and p.id <> $4 and not exists (select from officer o where o.person_id = p.id and o.active)
		order by p.name, p.id, r.granted_at`, s.Now(), by.Role == identity.Headquarters, tree(by), by.PersonID))
	return out, err
}

// Record is one officer with what stands in the calendar.
type Record struct {
	Workload
	Items     []Item // from a month ago on
	MayChange bool   // the actor may change what is known of the officer
	MayBook   bool   // the actor may enter leave and training
}

// Officer shows one officer. For the agency's case readers.
func (s *Service) Officer(ctx context.Context, by identity.Actor, id uuid.UUID) (Record, error) {
	if !by.Is(identity.CaseReaders...) {
		return Record{}, fault.Missing()
	}
	now := s.Now()
	var o Officer
	var rows []itemRow
	err := s.DB.Batch(ctx, by.Scope(), pg.One(&o, officerSQL+` where o.person_id = $2`, now, id),
		pg.All(&rows, itemSQL+` where b.officer_id = $1 and b.state <> 'cancelled' and b.ends_at > $2::timestamptz - interval '100 days' and b.starts_at < $2::timestamptz + interval '500 days'
			order by b.starts_at`, id, now))
	if err != nil {
		return Record{}, err
	}
	zone, err := time.LoadLocation(o.HomeZone())
	if err != nil {
		return Record{}, fmt.Errorf("read the zone of an officer: %w", err)
	}
	c := Calendar{Officer: o, Zone: zone, Office: s.Calendars[o.Calendar]}
	var out Record
	for _, r := range rows {
		c.Busy = append(c.Busy, r.booking())
		if r.EndsAt.After(now.AddDate(0, -1, 0)) {
			out.Items = append(out.Items, r.item(zone))
		}
	}
	out.Workload = workload(now, c)
	out.MayChange, out.MayBook = manages(by, o) == nil, o.Active && books(by, o) == nil
	return out, nil
}
