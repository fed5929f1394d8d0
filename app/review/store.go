package review

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// lockConflict renews one's own lock and takes one that has expired; $1 is now.
const lockConflict = `
    on conflict (application_id) do update set person_id = excluded.person_id, name = excluded.name, expires_at = excluded.expires_at,
      taken_at = case when case_lock.person_id = excluded.person_id and case_lock.expires_at > $1 then case_lock.taken_at else excluded.taken_at end
    where case_lock.person_id = excluded.person_id or case_lock.expires_at <= $1`

// takeLock sets or renews the soft lock; false when somebody else holds it. Forced,
// it takes it from whoever has it.
func takeLock(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, force bool) (bool, error) {
	r := tx.WithContext(ctx).Exec(`insert into case_lock (application_id, person_id, name, taken_at, expires_at) values ($2, $3, $4, $1, $5)`+lockConflict+` or $6`,
		now, id, by.PersonID, by.Name, now.Add(LockLife), force)
	if r.Error != nil {
		return false, fmt.Errorf("take the lock: %w", r.Error)
	}
	return r.RowsAffected == 1, nil
}

func lockOf(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID) (l Lock, err error) {
	var rows []struct {
		PersonID  uuid.UUID
		Name      string
		ExpiresAt time.Time
	}
	err = tx.WithContext(ctx).Raw(`select person_id, name, expires_at from case_lock where application_id = ? and expires_at > ?`, id, now).Scan(&rows).Error
	if err != nil {
		return l, fmt.Errorf("look at the lock: %w", err)
	}
	if len(rows) == 1 {
		l = Lock{rows[0].PersonID, rows[0].Name, rows[0].ExpiresAt, rows[0].PersonID == by.PersonID}
	}
	return l, nil
}

func dropLock(ctx context.Context, tx pg.Tx, id, person uuid.UUID) error {
	return tx.WithContext(ctx).Exec(`delete from case_lock where application_id = ? and person_id = ?`, id, person).Error
}

func personName(ctx context.Context, tx pg.Tx, id uuid.UUID) (name string, err error) {
	err = tx.WithContext(ctx).Raw(`select name from person where id = ?`, id).Scan(&name).Error
	if err != nil {
		return "", fmt.Errorf("read a name: %w", err)
	}
	return name, nil
}

// liveWorkers are the rights of those who work cases today. Days are those of the office.
const liveWorkers = `from person_right r join person p on p.id = r.person_id join office o on o.id = r.office_id
	where r.audience = 'staff' and r.role in ('specialist', 'supervisor', 'headquarters') and r.ended_at is null`

// Assignable is the name of a person to whom the actor may assign work. Invalid: the
// person does not work cases in the actor's office tree.
func Assignable(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, person uuid.UUID) (string, error) {
	var names []string
	err := tx.WithContext(ctx).Raw(`select distinct p.name `+liveWorkers+`
		and (?::timestamptz at time zone o.zone)::date between r.starts_on and coalesce(r.ends_on, 'infinity')
		and p.id = ? and (? or r.office_id in ?)`, now, person, by.Role == identity.Headquarters, OfficeTree(by)).Scan(&names).Error
	if err != nil {
		return "", fmt.Errorf("look for the person: %w", err)
	}
	if len(names) == 0 {
		return "", fault.Fail([]fault.Field{fault.F("person", "Choose a person who works cases in your office")})
	}
	return names[0], nil
}

// OfficeTree is the actor's own office and those below it, never nil: in SQL an empty
// list is not NULL.
func OfficeTree(by identity.Actor) []uuid.UUID {
	if len(by.Offices) == 0 {
		return []uuid.UUID{by.OfficeID}
	}
	return by.Offices
}

// officeDay is the day at an office now.
func officeDay(ctx context.Context, tx pg.Tx, now time.Time, office uuid.UUID) (clock.Day, error) {
	var zone string
	if err := tx.WithContext(ctx).Raw(`select zone from office where id = ?`, office).Scan(&zone).Error; err != nil {
		return clock.Day{}, fmt.Errorf("read the office's zone: %w", err)
	}
	at, err := time.LoadLocation(zone)
	if err != nil {
		return clock.Day{}, fmt.Errorf("read the office's zone: %w", err)
	}
	return clock.DayOf(now, at), nil
}

func add[T any](ctx context.Context, tx pg.Tx, row *T) error {
	return tx.WithContext(ctx).Create(row).Error
}

// lockItems locks the verdicts of a case.
func lockItems(ctx context.Context, tx pg.Tx, id uuid.UUID) ([]application.ReviewItem, error) {
	return gorm.G[application.ReviewItem](tx.DB, clause.Locking{Strength: "UPDATE"}).Where("application_id = ?", id).Order("part").Find(ctx)
}

// saveVerdict writes a verdict whose version has been compared already, under the case's lock.
func saveVerdict(ctx context.Context, tx pg.Tx, r application.ReviewItem) error {
	u := tx.WithContext(ctx).Model(&application.ReviewItem{}).
		Where("application_id = ? and part = ? and version = ?", r.ApplicationID, r.Part, r.Version-1).
		Select("round", "verdict", "remark", "reviewed_by", "reviewed_at", "version").Updates(&r)
	if u.Error == nil && u.RowsAffected == 0 {
		return fault.Moved()
	}
	return u.Error
}

// lockVetting locks the vetting checks of a case that have not been retired.
func lockVetting(ctx context.Context, tx pg.Tx, id uuid.UUID) ([]application.VettingItem, error) {
	return gorm.G[application.VettingItem](tx.DB, clause.Locking{Strength: "UPDATE"}).
		Where("application_id = ? and retired_at is null", id).Order("id").Find(ctx)
}

// informationItems are all questions ever put to the company about a case, without
// those that were taken back.
func informationItems(ctx context.Context, tx pg.Tx, id uuid.UUID) ([]application.InformationItem, error) {
	return gorm.G[application.InformationItem](tx.DB).
		Where("application_id = ? and request_id in (select id from information_request where application_id = ? and cancelled_at is null and answered_at is not null)", id, id).
		Order("id").Find(ctx)
}

// latest is what the company submitted last.
func latest(ctx context.Context, tx pg.Tx, id uuid.UUID) (in application.Content, err error) {
	s, err := gorm.G[application.Snapshot](tx.DB).Where("application_id = ?", id).Order("round desc").First(ctx)
	if err != nil {
		return in, fmt.Errorf("load what was submitted: %w", err)
	}
	return s.Read()
}

// openRecommendation locks the recommendation that nobody has decided on; nil when
// there is none.
func openRecommendation(ctx context.Context, tx pg.Tx, id uuid.UUID) (*application.Recommendation, error) {
	r, err := gorm.G[application.Recommendation](tx.DB, clause.Locking{Strength: "UPDATE"}).
		Where("application_id = ? and decided_at is null and withdrawn_at is null", id).First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load the recommendation: %w", err)
	}
	return &r, nil
}

// heardPoints are the reasons on which the company has had its say, or let the time
// for it pass.
func heardPoints(ctx context.Context, tx pg.Tx, id uuid.UUID) (points []application.Point, hearings int, err error) {
	heard, err := gorm.G[application.Recommendation](tx.DB).
		Where("application_id = ? and id in (select recommendation_id from hearing where application_id = ? and closed_at is not null)", id, id).Find(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("load the hearings: %w", err)
	}
	for _, r := range heard {
		points = append(points, r.Points...)
	}
	return points, len(heard), nil
}

// worklog is one entry of hours.
type worklog struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	ApplicationID *uuid.UUID
	ValidationID  *uuid.UUID
	CompanyID     uuid.UUID
	PersonID      uuid.UUID
	WorkedOn      clock.Day
	Minutes       int
	Activity      string
	Note          string
	LoggedAt      time.Time
	RemovedAt     *time.Time
	Version       int
}

// TableName is the table that holds hours.
func (worklog) TableName() string { return "work_log" }

func lockWorklog(ctx context.Context, tx pg.Tx, of Worked, id uuid.UUID) (worklog, error) {
	w, err := gorm.G[worklog](tx.DB, clause.Locking{Strength: "UPDATE"}).
		Where("id = ? and application_id is not distinct from ? and validation_id is not distinct from ?", id, of.Application, of.Validation).First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return w, fault.Missing()
	}
	return w, err
}

// minutesOn is what a person has logged for one day, over all cases.
func minutesOn(ctx context.Context, tx pg.Tx, person uuid.UUID, day clock.Day) (n int, err error) {
	err = tx.WithContext(ctx).Raw(`select coalesce(sum(minutes), 0) from work_log where person_id = ? and worked_on = ? and removed_at is null`,
		person, day.String()).Scan(&n).Error
	return n, err
}

type noteRow struct {
	ID            uuid.UUID `gorm:"primaryKey"`
	ApplicationID *uuid.UUID
	CompanyID     uuid.UUID
	Body          string
	WrittenBy     uuid.UUID
	Author        string
	WrittenAt     time.Time
}

// TableName is the table that holds notes.
func (noteRow) TableName() string { return "note" }

// dropLocks ends whoever's lock on a case.
func dropLocks(ctx context.Context, tx pg.Tx, id uuid.UUID) error {
	return tx.WithContext(ctx).Exec(`delete from case_lock where application_id = ?`, id).Error
}
