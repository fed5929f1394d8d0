package roster

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// worksCases holds for the live rights r, at an office f, of people who work cases; $1 is now.
const worksCases = `r.audience = 'staff' and r.role in ('specialist', 'supervisor', 'headquarters') and r.ended_at is null
	and ($1::timestamptz at time zone f.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity')`

// endedByRight holds when nobody lets an officer work cases any more; $1 is now.
const endedByRight = `(not exists (select from person_right r where r.person_id = o.person_id and ` + worksCases + `))`

// officerSQL reads officers; $1 is now.
const officerSQL = `select o.person_id, p.name, o.office_id, f.name as office, f.zone as office_zone, f.calendar, o.languages, o.skills, o.base,
	o.base_country, o.base_lat, o.base_lon, o.zone, o.work_days, to_char(o.work_from, 'HH24:MI') as work_from, to_char(o.work_to, 'HH24:MI') as work_to,
	o.capacity, o.nights, o.weeks_in_a_row, o.active, o.version, ` + endedByRight + ` as ended_by_right
	from officer o join person p on p.id = o.person_id join office f on f.id = o.office_id`

// officerRow is an officer as GORM reads one: lists come as text joined by commas.
type officerRow struct {
	Officer       `gorm:"embedded"`
	LanguagesText string
	SkillsText    string
	WorkDaysText  string
}

// lockOfficer locks an officer. NotFound: the person is none.
func lockOfficer(ctx context.Context, tx pg.Tx, _ time.Time, id uuid.UUID) (Officer, error) {
	var rows []officerRow
	err := tx.WithContext(ctx).Raw(`select o.person_id, p.name, o.office_id, f.name as office, f.zone as office_zone, f.calendar,
		array_to_string(o.languages, ',') as languages_text, array_to_string(o.skills, ',') as skills_text, array_to_string(o.work_days, ',') as work_days_text,
		o.base, o.base_country, o.base_lat, o.base_lon, o.zone, to_char(o.work_from, 'HH24:MI') as work_from, to_char(o.work_to, 'HH24:MI') as work_to,
		o.capacity, o.nights, o.weeks_in_a_row, o.active, o.version
		from officer o join person p on p.id = o.person_id join office f on f.id = o.office_id where o.person_id = ? for no key update of o`, id).Scan(&rows).Error
	if err != nil {
		return Officer{}, fmt.Errorf("lock the officer: %w", err)
	}
	if len(rows) == 0 {
		return Officer{}, fault.Missing()
	}
	o := rows[0].Officer
	o.Languages, o.Skills = list(rows[0].LanguagesText), list(rows[0].SkillsText)
	for _, d := range list(rows[0].WorkDaysText) {
		n, err := strconv.Atoi(d)
		if err != nil {
			return o, fmt.Errorf("read the working days: %w", err)
		}
		o.WorkDays = append(o.WorkDays, n)
	}
	return o, nil
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func days(list []int) string {
	out := make([]string, len(list))
	for i, d := range list {
		out[i] = strconv.Itoa(d)
	}
	return strings.Join(out, ",")
}

// insertOfficer adds an officer, or brings one back who had been taken off the roster.
func insertOfficer(ctx context.Context, tx pg.Tx, now time.Time, o Officer) error {
	r := tx.WithContext(ctx).Exec(`insert into officer (person_id, office_id, languages, skills, base, base_country, base_lat, base_lon, zone, work_days, work_from, work_to,
			capacity, nights, weeks_in_a_row, active, created_at)
		values (?, ?, string_to_array(?, ','), string_to_array(?, ','), ?, ?, ?, ?, ?, string_to_array(?, ',')::int[], ?::time, ?::time, ?, ?, ?, true, ?)
		on conflict (person_id) do update set office_id = excluded.office_id, languages = excluded.languages, skills = excluded.skills, base = excluded.base,
			base_country = excluded.base_country, base_lat = excluded.base_lat, base_lon = excluded.base_lon, zone = excluded.zone, work_days = excluded.work_days,
			work_from = excluded.work_from, work_to = excluded.work_to, capacity = excluded.capacity, nights = excluded.nights,
			weeks_in_a_row = excluded.weeks_in_a_row, active = true, version = officer.version + 1
		where not officer.active`,
		o.PersonID, o.OfficeID, strings.Join(o.Languages, ","), strings.Join(o.Skills, ","), o.Base, o.BaseCountry, o.BaseLat, o.BaseLon, o.Zone, days(o.WorkDays),
		o.WorkFrom, o.WorkTo, o.Capacity, o.Nights, o.WeeksInARow, now)
	if r.Error != nil {
		return fmt.Errorf("register the officer: %w", r.Error)
	}
	if r.RowsAffected == 0 {
		return fault.Fail([]fault.Field{fault.F("person", "This person is an officer already. Choose another one")})
	}
	return nil
}

func updateOfficer(ctx context.Context, tx pg.Tx, o *Officer) error {
	r := tx.WithContext(ctx).Exec(`update officer set languages = string_to_array(?, ','), skills = string_to_array(?, ','), base = ?, base_country = ?, base_lat = ?, base_lon = ?,
			zone = ?, work_days = string_to_array(?, ',')::int[], work_from = ?::time, work_to = ?::time, capacity = ?, nights = ?, weeks_in_a_row = ?, active = ?, version = version + 1
		where person_id = ? and version = ?`,
		strings.Join(o.Languages, ","), strings.Join(o.Skills, ","), o.Base, o.BaseCountry, o.BaseLat, o.BaseLon, o.Zone, days(o.WorkDays), o.WorkFrom, o.WorkTo,
		o.Capacity, o.Nights, o.WeeksInARow, o.Active, o.PersonID, o.Version)
	if r.Error != nil {
		return fmt.Errorf("change the officer: %w", r.Error)
	}
	if r.RowsAffected == 0 {
		return fault.Moved()
	}
	o.Version++
	return nil
}

// officeOf is the office at which a person works cases within the actor's tree; the zero id
// when there is none.
func officeOf(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, person uuid.UUID) (uuid.UUID, error) {
	var offices []uuid.UUID
	err := tx.WithContext(ctx).Raw(`select r.office_id from person_right r join office f on f.id = r.office_id
		where `+strings.ReplaceAll(worksCases, "$1", "?")+` and r.person_id = ? and (? or r.office_id in ?) order by r.granted_at, r.id limit 1`,
		now, person, by.Role == identity.Headquarters, tree(by)).Scan(&offices).Error
	if err != nil || len(offices) == 0 {
		return uuid.Nil, err
	}
	return offices[0], nil
}

// tree is the actor's own office and those below it, never nil: in SQL an empty list is not NULL.
func tree(by identity.Actor) []uuid.UUID {
	if len(by.Offices) == 0 {
		return []uuid.UUID{by.OfficeID}
	}
	return by.Offices
}

func visitsAhead(ctx context.Context, tx pg.Tx, now time.Time, officer uuid.UUID) (n int, err error) {
	err = tx.WithContext(ctx).Raw(`select count(distinct visit_id)::int from booking where officer_id = ? and state <> 'cancelled' and kind = 'visit' and ends_at > ?`, officer, now).Scan(&n).Error
	return n, err
}

func referenceOf(ctx context.Context, tx pg.Tx, visit uuid.UUID) (reference string, err error) {
	err = tx.WithContext(ctx).Raw(`select v.reference from visit s join validation v on v.id = s.validation_id where s.id = ?`, visit).Scan(&reference).Error
	return reference, err
}

// lockBooking locks a booking of an officer.
func lockBooking(ctx context.Context, tx pg.Tx, officer, id uuid.UUID) (Booking, error) {
	return gorm.G[Booking](tx.DB, clause.Locking{Strength: "UPDATE"}).Where("id = ? and officer_id = ?", id, officer).First(ctx)
}
