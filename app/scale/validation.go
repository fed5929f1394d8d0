package scale

import (
	"context"
	"strings"
)

// aYear is how many validations the programmes of a whole administration have in a year.
const aYear = 3000

// validationsSQL makes one validation for each of the memberships that have none, until there
// are $1 of them: a third is over, the others are planned, offered or booked, spread over
// nine months on both sides of today. Officers are booked afterwards.
var validationsSQL = []string{
	`create temp table fresh as
		select x.*, (x.near + case extract(isodow from x.near) when 6 then 2 when 7 then 1 else 0 end)::date as day
		from (select m.id as membership_id, m.company_id, m.programme, m.entity_type, a.office_id, row_number() over (order by md5(m.id::text)) as n,
				(current_date - 270 + ((row_number() over (order by md5(m.id::text))) * 7 % 540)::int)::date as near
			from membership m join application a on a.id = m.application_id
			where m.status = 'active' and not exists (select from validation v where v.membership_id = m.id)
			order by md5(m.id::text) limit greatest(0, $1 - (select count(*) from validation))) x`,
	`create temp table crew as
		select f.n, o.person_id from fresh f join (select office_id, person_id, row_number() over (partition by office_id order by person_id) as k, count(*) over (partition by office_id) as all_of
			from officer where active) o on o.office_id = f.office_id and o.k = f.n % o.all_of + 1`,
	`create temp table stage as
		select f.n, case when f.day < current_date - 60 then case when f.n % 11 = 0 then 'cancelled' else 'closed' end when f.day < current_date - 20 then 'issued'
			when f.day < current_date then 'visited' when f.n % 5 = 0 then 'planned' else 'notified' end as status,
			case when f.day < current_date - 60 and f.n % 11 = 0 then 'cancelled' when f.day < current_date then 'done' when f.n % 5 = 0 then 'to_book' when f.n % 5 = 1 then 'offered' else 'booked' end as visit
		from fresh f`,
	`insert into validation (id, reference, company_id, programme, entity_type, kind, membership_id, office_id, status, reason, window_from, window_to, days, lead_id, opened_at, notified_at,
			visit_begun_at, visited_at, issued_at, closed_at, outcome, closing_reason)
		select md5(f.membership_id::text || 'validation')::uuid, 'V-' || extract(year from f.day)::int || '-7' || lpad(f.n::text, 5, '0'), f.company_id, f.programme, f.entity_type, 'repeat',
			f.membership_id, f.office_id, s.status, 'Chosen by the plan', f.day - 25, f.day + 25, 1, c.person_id, least(now(), f.day - interval '75 days'),
			case when s.status <> 'planned' then least(now(), f.day - interval '70 days') end,
			case when s.visit = 'done' then f.day + interval '15 hours' end, case when s.visit = 'done' then f.day + interval '22 hours' end,
			case when s.status in ('issued', 'closed') then f.day + interval '20 days' end, case when s.status in ('closed', 'cancelled') then f.day + interval '45 days' end,
			case when s.status = 'closed' then 'confirmed' end, case when s.status = 'cancelled' then 'The company has moved' else '' end
		from fresh f join stage s using (n) left join crew c using (n)`,
	`insert into visit (id, validation_id, company_id, number, kind, status, site_id, place, address, country, zone, lat, lon, days, all_day, local_from, local_to, starts_at, ends_at, invited,
			begun_at, done_at, cancelled_at, cancel_reason)
		select md5(f.membership_id::text || 'visit')::uuid, md5(f.membership_id::text || 'validation')::uuid, f.company_id, 1, 'domestic', s.visit, t.id, t.name, t.street || ', ' || t.city, t.country, t.zone,
			t.lat, t.lon, 1, false, w.local_from, w.local_to, w.local_from at time zone t.zone, w.local_to at time zone t.zone, w.local_from is not null,
			case when s.visit = 'done' then f.day + interval '15 hours' end, case when s.visit = 'done' then f.day + interval '22 hours' end,
			case when s.visit = 'cancelled' then f.day + interval '1 hour' end, case when s.visit = 'cancelled' then 'The company has moved' else '' end
		from fresh f join stage s using (n)
		join lateral (select * from site where company_id = f.company_id order by activity <> 'headquarters', id limit 1) t on true
		join lateral (select case when s.visit in ('booked', 'done') then f.day + time '09:00' end as local_from, case when s.visit in ('booked', 'done') then f.day + time '17:00' end as local_to) w on true`,
	`insert into visit_officer (visit_id, company_id, person_id, role, added_at)
		select md5(f.membership_id::text || 'visit')::uuid, f.company_id, c.person_id, 'lead', least(now(), f.day - interval '74 days') from fresh f join crew c using (n)`,
	`insert into visit_time (visit_id, company_id, sequence, what, zone, local_from, local_to, starts_at, ends_at, by_name, at)
		select v.id, v.company_id, 0, 'booked', v.zone, v.local_from, v.local_to, v.starts_at, v.ends_at, 'Sam Specialist', least(now(), v.starts_at - interval '50 days')
		from fresh f join visit v on v.id = md5(f.membership_id::text || 'visit')::uuid where v.starts_at is not null`,
	`insert into visit_document (id, visit_id, company_id, name, created_at)
		select md5(f.membership_id::text || d.name)::uuid, md5(f.membership_id::text || 'visit')::uuid, f.company_id, d.name, least(now(), f.day - interval '74 days')
		from fresh f, (values ('The security profile with the evidence named in it'), ('The risk assessment and its action plan'), ('Records of training')) d(name)`,
	`insert into proposal (id, visit_id, company_id, round, status, answer_by, sent_at, answered_at, answerer, closed_at)
		select md5(f.membership_id::text || 'proposal')::uuid, md5(f.membership_id::text || 'visit')::uuid, f.company_id, 1,
			case when s.visit in ('booked', 'done') then 'confirmed' when f.n % 3 = 0 then 'unanswered' when f.n % 3 = 1 then 'answered' else 'open' end,
			case when s.visit = 'offered' then now() + (f.n % 7 - 1) * interval '1 day' else f.day - interval '55 days' end, least(now(), f.day - interval '60 days'),
			case when s.visit <> 'offered' or f.n % 3 = 1 then least(now(), f.day - interval '58 days') end, 'Olga Owner', case when s.visit in ('booked', 'done') then least(now(), f.day - interval '50 days') end
		from fresh f join stage s using (n) where s.visit in ('offered', 'booked', 'done')`,
	`insert into slot (id, proposal_id, visit_id, company_id, position, local_from, local_to, starts_at, ends_at, answer, chosen_at)
		select md5(f.membership_id::text || 'slot' || k)::uuid, md5(f.membership_id::text || 'proposal')::uuid, v.id, f.company_id, k, w.from_at, w.to_at, w.from_at at time zone v.zone, w.to_at at time zone v.zone,
			case when s.visit <> 'offered' or f.n % 3 = 1 then (array['yes', 'if_needed', 'no'])[k] end, case when s.visit in ('booked', 'done') and k = 1 then least(now(), f.day - interval '50 days') end
		from fresh f join stage s using (n) join visit v on v.id = md5(f.membership_id::text || 'visit')::uuid, generate_series(1, 3) k
		join lateral (select f.day + (k - 1) * 7 + time '09:00' as from_at, f.day + (k - 1) * 7 + time '17:00' as to_at) w on true
		where s.visit in ('offered', 'booked', 'done')`,
}

// validations gives the programmes a year of validations.
func (s *seeder) validations(ctx context.Context) (rows int, err error) {
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback(ctx) }() // does nothing after Commit
	for _, sql := range validationsSQL {
		var args []any
		if strings.Contains(sql, "$1") {
			args = []any{s.scale.validations()}
		}
		done, err := tx.Exec(ctx, sql, args...)
		if err != nil {
			return rows, err
		}
		if strings.HasPrefix(sql, "insert") {
			rows += int(done.RowsAffected())
		}
	}
	return rows, tx.Commit(ctx)
}

// validations is how many there are to be: a year's for a whole administration, fewer for a
// small seed.
func (z Size) validations() int { return min(aYear, max(20, z.Open/2)) }
