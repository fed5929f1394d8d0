package roster

// endedByRight holds when nobody lets an officer work cases any more; $1 is now.
const endedByRight = `(not exists (select from person_right r where r.person_id = o.person_id and r.audience = 'staff'
	and r.role in ('specialist', 'supervisor', 'headquarters') and r.ended_at is null
	and ($1::timestamptz at time zone f.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity')))`

// officerSQL reads officers; $1 is now.
const officerSQL = `select o.person_id, p.name, o.office_id, f.name as office, f.zone as office_zone, f.calendar, o.languages, o.skills, o.base,
	o.base_country, o.base_lat, o.base_lon, o.zone, o.work_days, to_char(o.work_from, 'HH24:MI') as work_from, to_char(o.work_to, 'HH24:MI') as work_to,
	o.capacity, o.nights, o.weeks_in_a_row, o.active, o.version, ` + endedByRight + ` as ended_by_right
	from officer o join person p on p.id = o.person_id join office f on f.id = o.office_id`
