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
	"trustedtrader/app/programme"
)

// How far the capacity page looks.
const (
	weeksAhead  = 13
	monthsAhead = 12
)

// Capacity is what officers can do and what is to be done.
type Capacity struct {
	Filter  Filter
	Offices []Choice
	Weeks   []clock.Day // Mondays
	Lanes   []WeekLane
	Months  []Month
	More    int // officers that the reader adds in thought
}

// WeekLane is the weeks of one officer.
type WeekLane struct {
	Officer Officer
	Weeks   []Week
}

// Week is what an officer does in one week.
type Week struct {
	Free   int // working days that are neither holidays nor leave, training or other
	Booked int // days of visits
}

// Month is what is due in a month beside what can be done. Days are those of one officer:
// a visit of one day by two officers takes two.
type Month struct {
	First    clock.Day
	Capacity int // days of visits of all officers, no more than the days they work; of the month of today no more than are left and were used
	Added    int // by the officers that the reader adds in thought
	Booked   int // days of visits that are booked
	Due      int // validations that the law or the plan wants by then and that have no visit booked
	DueDays  int // days that they usually take
	Overdue  int // of Due, those whose day has passed; they stand in the first month
}

// Left is how many days are neither booked nor due; below zero: missing.
func (m Month) Left() int { return m.Capacity + m.Added - m.Booked - m.DueDays }

// dueRow counts what is due.
type dueRow struct {
	Programme  string
	EntityType string
	Kind       string // of the validation
	Month      time.Time
	Overdue    bool
	Due        int
	Days       int // of open validations that say themselves how many days they take
}

// dueSQL counts validations that are wanted by a day and have no visit booked: by the clock of a
// membership or an application, and open ones for cause, which no clock wants. $1 is today,
// $2 the first day beyond the page, $3 the office, $4 the programme, $5 pairs programme/clock, $6 the
// codes of these clocks. "not in" makes one hash of what is booked; PostgreSQL would compare
// each clock with each booked validation otherwise.
const dueSQL = `with booked as (
		select coalesce(v.membership_id, v.application_id) as id from validation v join visit s on s.validation_id = v.id
		where v.closed_at is null and s.starts_at is not null and s.status <> 'cancelled' and coalesce(v.membership_id, v.application_id) is not null)
	select programme, entity_type, kind, date_trunc('month', greatest(due_on, $1::date)::timestamp) as month, due_on < $1::date as overdue,
		count(*)::int as due, sum(days)::int as days
	from (
		select c.programme, m.entity_type, 'clock' as kind, c.due_on, 0 as days
		from clock c join membership m on m.id = c.subject_id
		where c.stopped_at is null and c.due_on < $2::date and c.subject_kind = 'membership' and c.code = any($6) and c.programme || '/' || c.code = any($5)
		and ($3::uuid is null or c.office_id = $3) and ($4 = '' or c.programme = $4)
		and c.subject_id not in (select id from booked)
		union all
		select c.programme, a.entity_type, 'clock', c.due_on, 0
		from clock c join application a on a.id = c.subject_id
		where c.stopped_at is null and c.due_on < $2::date and c.subject_kind = 'application' and c.code = any($6) and c.programme || '/' || c.code = any($5)
		and ($3::uuid is null or c.office_id = $3) and ($4 = '' or c.programme = $4)
		and c.subject_id not in (select id from booked)
		union all
		select v.programme, v.entity_type, 'open', v.window_to, v.days from validation v
		where v.closed_at is null and v.kind = 'for_cause' and v.window_to < $2::date and ($3::uuid is null or v.office_id = $3) and ($4 = '' or v.programme = $4)
		and not exists (select from visit s where s.validation_id = v.id and s.starts_at is not null and s.status <> 'cancelled')
	) wanted group by 1, 2, 3, 4, 5 order by 4`

// clocksOf lists the clocks by which validations are wanted, as programme/code, and their codes.
func clocksOf(all []*programme.Programme) (pairs, codes []string) {
	for _, p := range all {
		for _, k := range p.Validation.Kinds {
			if k.Clock != "" {
				pairs, codes = append(pairs, p.Code+"/"+k.Clock), append(codes, k.Clock)
			}
		}
	}
	return pairs, codes
}

// Capacity shows the load of officers by week, and what is due by month beside what they can
// do. more is how many officers the reader adds in thought, each like the average of those
// there are. For the agency's case readers.
func (s *Service) Capacity(ctx context.Context, by identity.Actor, f Filter, more int) (Capacity, error) {
	if !by.Is(identity.CaseReaders...) {
		return Capacity{}, fault.Missing()
	}
	f.Officer = uuid.Nil
	now := s.Now()
	today := clock.DayOf(now, by.Zone)
	out := Capacity{Filter: f, More: min(max(more, 0), 20)}
	monday := today.AddDays(-int(today.Weekday()+6) % 7)
	for k := range weeksAhead {
		out.Weeks = append(out.Weeks, monday.AddDays(7*k))
	}
	first, err := clock.NewDay(today.Year(), today.Month(), 1)
	if err != nil {
		return out, err
	}
	for k := range monthsAhead {
		out.Months = append(out.Months, Month{First: first.AddMonths(k)})
	}
	beyond := first.AddMonths(monthsAhead)
	pairs, codes := clocksOf(s.Programmes.All())
	var officers []Officer
	var busy []busyRow
	var due []dueRow
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&out.Offices, officesSQL),
		pg.All(&officers, officerSQL+` where o.active and not `+endedByRight+` and`+wanted+` order by p.name, o.person_id`, f.args(now)...),
		pg.All(&busy, `select b.officer_id, b.kind, b.state, b.starts_at, b.ends_at, b.travel_before, b.travel_after from booking b join officer o on o.person_id = b.officer_id
			where b.state <> 'cancelled' and b.starts_at < $1 and b.ends_at > $5 and o.active and`+wanted+` order by b.officer_id, b.starts_at`,
			append(f.args(beyond.AddDays(1).Time()), minDay(monday, first).AddDays(-1).Time())...),
		pg.All(&due, dueSQL, today.Time(), beyond.Time(), orNone(f.Office), f.Programme, pairs, codes))
	if err != nil {
		return out, fmt.Errorf("read what is due and what officers can do: %w", err)
	}
	mine := byOfficer(busy)
	for _, o := range officers {
		zone, err := time.LoadLocation(o.HomeZone())
		if err != nil {
			return out, fmt.Errorf("read the zone of an officer: %w", err)
		}
		out.add(Calendar{Officer: o, Zone: zone, Office: s.Calendars[o.Calendar], Busy: mine[o.PersonID]}, today, beyond)
	}
	for i := range out.Months {
		if len(officers) > 0 {
			out.Months[i].Added = out.More * out.Months[i].Capacity / len(officers)
		}
	}
	s.count(&out, due)
	return out, nil
}

// add counts one officer's days.
func (c *Capacity) add(o Calendar, today, beyond clock.Day) {
	monday := c.Weeks[0]
	lane := WeekLane{Officer: o.Officer, Weeks: make([]Week, len(c.Weeks))}
	start := minDay(monday, c.Months[0].First)
	away := make([]bool, clock.DaysBetween(start, beyond)+1)
	free := make([]int, len(c.Months))
	month := func(d clock.Day) int {
		return monthNumber(d.Year(), d.Month()) - monthNumber(c.Months[0].First.Year(), c.Months[0].First.Month())
	}
	for _, b := range o.Busy {
		from, to := clock.DayOf(b.StartsAt, o.Zone), clock.DayOf(b.EndsAt.Add(-1), o.Zone)
		if b.Kind == Visit {
			for k := range VisitDays(b.StartsAt, b.EndsAt) {
				d := from.AddDays(k)
				if w := clock.DaysBetween(monday, d) / 7; !d.Before(monday) && w < len(lane.Weeks) {
					lane.Weeks[w].Booked++
				}
				if m := month(d); m >= 0 && m < len(c.Months) {
					c.Months[m].Booked++
				}
				if month(d) == 0 && d.Before(today) {
					free[0]++
				}
			}
			continue
		}
		for d := maxDay(from, start); !d.After(to) && d.Before(beyond); d = d.AddDays(1) {
			away[clock.DaysBetween(start, d)] = true
		}
	}
	works := [7]bool{}
	for _, d := range o.WorkDays {
		works[d%7] = true
	}
	for i, d := 0, start; d.Before(beyond); i, d = i+1, d.AddDays(1) {
		if !works[d.Weekday()] || away[i] || o.Office.Holiday(d) != "" {
			continue
		}
		if w := clock.DaysBetween(monday, d) / 7; !d.Before(monday) && w < len(lane.Weeks) {
			lane.Weeks[w].Free++
		}
		if m := month(d); m >= 0 && !d.Before(today) {
			free[m]++
		}
	}
	for m := range free {
		c.Months[m].Capacity += min(free[m], o.Capacity)
	}
	c.Lanes = append(c.Lanes, lane)
}

// count puts what is due into its month, in days as the programme's visits usually take.
func (s *Service) count(c *Capacity, due []dueRow) {
	for _, r := range due {
		d, err := clock.NewDay(r.Month.Year(), r.Month.Month(), 1)
		at := slices.IndexFunc(c.Months, func(m Month) bool { return m.First == d })
		p, ok := s.Programmes.Get(r.Programme)
		if err != nil || at < 0 || !ok {
			continue
		}
		days := r.Days
		if r.Kind == "clock" {
			for _, v := range p.Validation.Visits {
				if len(v.EntityTypes) == 0 || slices.Contains(v.EntityTypes, r.EntityType) {
					days += v.Days * r.Due
				}
			}
		}
		m := &c.Months[at]
		m.Due += r.Due
		m.DueDays += days * p.Validation.Team
		if r.Overdue {
			m.Overdue += r.Due
		}
	}
}

func minDay(a, b clock.Day) clock.Day {
	if a.Before(b) {
		return a
	}
	return b
}

func maxDay(a, b clock.Day) clock.Day {
	if a.After(b) {
		return a
	}
	return b
}
