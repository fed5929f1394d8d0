package scale

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// officers is how many people of a whole administration go on visits.
const officers = 150

// enlistSQL makes the copy $1 of a person an officer as that person is one, at the office
// where the copy works.
const enlistSQL = `insert into officer (person_id, office_id, languages, skills, base, base_country, base_lat, base_lon, zone, work_days, work_from, work_to,
		capacity, nights, weeks_in_a_row, created_at)
	select $1::uuid, r.office_id, o.languages, o.skills, o.base, o.base_country, o.base_lat, o.base_lon, o.zone, o.work_days, o.work_from, o.work_to,
		o.capacity, o.nights, o.weeks_in_a_row, o.created_at
	from officer o join person_right r on r.person_id = $1::uuid and r.role = 'specialist' and r.ended_at is null where o.person_id = $2::uuid`

// enlist makes the copies of officers officers, and hires more of them until there are enough.
func (s *seeder) enlist(ctx context.Context) error {
	list, err := s.list(ctx, `select person_id::text from officer o where exists (select from person_right r where r.person_id = o.person_id and r.role = 'specialist' and r.ended_at is null) order by 1`)
	if err != nil {
		return err
	}
	for k := 1; len(list) > 0; k++ {
		for _, id := range list {
			if k >= s.scale.Specialists {
				if err := s.recruit(ctx, id, k); err != nil {
					return err
				}
			}
			if _, err := s.conn.Exec(ctx, enlistSQL, CopyOf(id, k), id); err != nil {
				return err
			}
		}
		var n int
		if err := s.conn.QueryRow(ctx, `select count(*) from officer`).Scan(&n); err != nil || n >= officers {
			return err
		}
	}
	return nil
}

// recruit copies a person who works cases, beyond the copies that have cases of their own.
func (s *seeder) recruit(ctx context.Context, id string, k int) error {
	if _, err := s.conn.Exec(ctx, `insert into person (id, issuer, subject, email, email_verified, name, lang, zone, created_at)
		select $1::uuid, issuer, subject || '-' || $3::text, $3::text || '.' || email, email_verified, name || ' ' || ($3::int + 1)::text, lang, zone, created_at from person where id = $2::uuid`,
		CopyOf(id, k), id, fmt.Sprint(k)); err != nil {
		return err
	}
	_, err := s.conn.Exec(ctx, `insert into person_right (id, person_id, audience, role, office_id, starts_on, granted_at)
		select $1::uuid, $2::uuid, audience, role, office_id, starts_on, granted_at from person_right where person_id = $3::uuid and role = 'specialist' and ended_at is null`,
		CopyOf(id+"right", k), CopyOf(id, k), id)
	return err
}

// visited is a visit that has a time and no officer who is booked for it.
type visited struct {
	ID     string
	Starts time.Time
	Ends   time.Time
	Before int
	After  int
	Alone  bool     // one officer suffices
	Team   []string // whom the visit names
}

// busy is what is booked for an officer, by time.
type busy struct {
	id   string
	from []time.Time
	to   []time.Time
}

// free reports whether an officer has nothing in a time, and where it would stand.
func (b *busy) free(from, to time.Time) (at int, ok bool) {
	at, _ = slices.BinarySearchFunc(b.from, from, time.Time.Compare)
	return at, (at == 0 || !b.to[at-1].After(from)) && (at == len(b.from) || !b.from[at].Before(to))
}

func (b *busy) take(at int, from, to time.Time) {
	b.from, b.to = slices.Insert(b.from, at, from), slices.Insert(b.to, at, to)
}

// booked is one row of the table of bookings.
type booked struct {
	officer, kind string
	visit         *string
	from, to      time.Time
	before, after int
}

// book fills a year of the officers' calendars: two officers for every visit that has a time
// and none, those whom it names first, then leave and training where there is room.
func (s *seeder) book(ctx context.Context) (rows int, err error) {
	team, err := s.busy(ctx)
	if err != nil || len(team) == 0 {
		return 0, err
	}
	list, err := s.conn.Query(ctx, `select v.id::text, v.starts_at as starts, v.ends_at as ends, v.travel_before as before, v.travel_after as after, v.kind = 'virtual' as alone,
			coalesce((select array_agg(o.person_id::text order by o.role) from visit_officer o where o.visit_id = v.id), '{}') as team from visit v
		where v.starts_at is not null and v.status in ('booked', 'under_way', 'done') and not exists (select from booking b where b.visit_id = v.id and b.state <> 'cancelled') order by v.starts_at, v.id`)
	if err != nil {
		return 0, err
	}
	visits, err := pgx.CollectRows(list, pgx.RowToStructByName[visited])
	if err != nil {
		return 0, err
	}
	var out []booked
	next := 0
	place := func(b *busy, kind string, visit *string, from, to time.Time, before, after int) bool {
		begin, end := from.Add(-time.Duration(before)*time.Minute), to.Add(time.Duration(after)*time.Minute)
		at, ok := b.free(begin, end)
		if ok {
			b.take(at, begin, end)
			out = append(out, booked{b.id, kind, visit, from, to, before, after})
		}
		return ok
	}
	for _, v := range visits {
		want := 2
		if v.Alone {
			want = 1
		}
		for _, b := range team {
			if want > 0 && slices.Contains(v.Team, b.id) && place(b, "visit", &v.ID, v.Starts, v.Ends, v.Before, v.After) {
				want--
			}
		}
		for tried := 0; tried < len(team) && want > 0; tried++ {
			if next = (next + 1) % len(team); place(team[next], "visit", &v.ID, v.Starts, v.Ends, v.Before, v.After) {
				want--
			}
		}
	}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for i, b := range team {
		for quarter := range 5 { // from half a year ago until three quarters ahead
			begin := today.AddDate(0, 0, -180+91*quarter+i*7%60)
			for shift := range 20 {
				from := begin.AddDate(0, 0, shift)
				if place(b, "leave", nil, from, from.AddDate(0, 0, 5), 0, 0) {
					break
				}
			}
			from := begin.AddDate(0, 0, 40)
			place(b, "training", nil, from, from.AddDate(0, 0, 1), 0, 0)
		}
	}
	return len(out), s.keep(ctx, out)
}

// busy reads what is booked already.
func (s *seeder) busy(ctx context.Context) (out []*busy, err error) {
	rows, err := s.conn.Query(ctx, `select o.person_id::text, lower(b.blocked), upper(b.blocked) from officer o
		left join booking b on b.officer_id = o.person_id and b.state <> 'cancelled' where o.active order by 1, 2`)
	if err != nil {
		return nil, err
	}
	var id string
	var from, to *time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &from, &to}, func() error {
		if len(out) == 0 || out[len(out)-1].id != id {
			out = append(out, &busy{id: id})
		}
		if b := out[len(out)-1]; from != nil && to != nil {
			b.from, b.to = append(b.from, *from), append(b.to, *to)
		}
		return nil
	})
	return out, err
}

// keep writes bookings. Triggers may be off, so the time with travel is written too.
func (s *seeder) keep(ctx context.Context, list []booked) error {
	var officers, kinds []string
	var visits []*string
	var from, to []time.Time
	var before, after []int32
	for _, b := range list {
		officers, kinds, visits = append(officers, b.officer), append(kinds, b.kind), append(visits, b.visit)
		from, to, before, after = append(from, b.from), append(to, b.to), append(before, int32(b.before)), append(after, int32(b.after))
	}
	_, err := s.conn.Exec(ctx, `insert into booking (officer_id, kind, state, visit_id, starts_at, ends_at, travel_before, travel_after, blocked, made_at)
		select officer, kind, 'confirmed', visit, from_at, to_at, before, after,
			tstzrange(from_at - before * interval '1 minute', to_at + after * interval '1 minute', '[)'), least(from_at, now()) - interval '30 days'
		from unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::int[], $7::int[]) b (officer, kind, visit, from_at, to_at, before, after)`,
		officers, kinds, visits, from, to, before, after)
	if err != nil {
		return err
	}
	// Whoever is booked is the team, whatever a copied visit says.
	if _, err := s.conn.Exec(ctx, `delete from visit_officer where visit_id = any($1::uuid[])`, visits); err != nil {
		return err
	}
	_, err = s.conn.Exec(ctx, `insert into visit_officer (visit_id, company_id, person_id, role, added_at)
		select b.visit_id, v.company_id, b.officer_id, case when row_number() over (partition by b.visit_id order by b.officer_id) = 1 then 'lead' else 'member' end, b.made_at
		from booking b join visit v on v.id = b.visit_id where b.state = 'confirmed' and not exists (select from visit_officer o where o.visit_id = v.id)`)
	return err
}
