package clock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/audit"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Service looks at all running clocks from time to time and does what is due: it
// reminds those who owe the step and acts on time that has run out. It is the portal
// itself; no person calls it.
type Service struct {
	DB      *pg.DB
	Now     func() time.Time
	Log     *slog.Logger
	Clocks  *Clocks // with Programmes
	Letters *notice.Letters
	Expired map[programme.Action]Hook // what to do when time has run out; an action without one is only recorded
}

// Hook acts on a clock whose time has run out, in the transaction that records it: if
// it fails, nothing happened, and the next sweep tries again. The clock's record is
// locked already; by is the portal itself.
type Hook func(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r Row) error

// Together puts the hooks of several packages together. Where more than one acts on the
// same action, they run in the order given.
func Together(all ...map[programme.Action]Hook) map[programme.Action]Hook {
	out := map[programme.Action]Hook{}
	for _, hooks := range all {
		for action, hook := range hooks {
			before := out[action]
			if before == nil {
				out[action] = hook
				continue
			}
			out[action] = func(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r Row) error {
				if err := before(ctx, tx, now, by, r); err != nil {
					return err
				}
				return hook(ctx, tx, now, by, r)
			}
		}
	}
	return out
}

// Swept counts what a sweep did.
type Swept struct{ Looked, Reminded, Expired, Renewed, Failed int }

// batch bounds how many clocks a sweep holds in memory at once.
const batch = 200

// SweepArgs is the job that sweeps.
type SweepArgs struct{}

// Kind names the job in the queue.
func (SweepArgs) Kind() string { return "clock_sweep" }

// InsertOpts: a sweep that fails is followed by the next one, so it is not tried often.
func (SweepArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 3} }

// SweepWorker runs Sweep as a job.
type SweepWorker struct {
	river.WorkerDefaults[SweepArgs]
	Service *Service
}

// Timeout of one sweep. What it did not reach, the next one does.
func (w *SweepWorker) Timeout(*river.Job[SweepArgs]) time.Duration { return 10 * time.Minute }

// Work sweeps once.
func (w *SweepWorker) Work(ctx context.Context, _ *river.Job[SweepArgs]) error {
	_, err := w.Service.Sweep(ctx)
	return err
}

// Sweep looks at every clock that may need something and handles each that does in its
// own transaction, so that one that fails holds up no other. Any number may run at once,
// on any number of machines: a clock is handled by one of them, and each reminder and
// each expiry happens once. The error joins those of single clocks.
func (s *Service) Sweep(ctx context.Context) (done Swept, err error) {
	now := s.Now()
	var after Kept
	var failures []error
	for {
		list, err := s.candidates(ctx, now, after)
		if err != nil {
			return done, fmt.Errorf("look for clocks that are due: %w", err)
		}
		for _, c := range list {
			after = c
			if done.Looked++; !s.needs(c, now) {
				continue
			}
			one, err := s.handle(ctx, now, c)
			done.add(one)
			if err != nil {
				done.Failed++
				if failures = append(failures, fmt.Errorf("clock %s: %w", c.ID, err)); ctx.Err() != nil {
					return done, errors.Join(failures...)
				}
			}
		}
		if len(list) < batch {
			break
		}
	}
	if s.Log != nil && (done.Reminded+done.Expired+done.Renewed+done.Failed) > 0 {
		s.Log.Info("swept clocks", "looked", done.Looked, "reminded", done.Reminded, "expired", done.Expired, "renewed", done.Renewed, "failed", done.Failed)
	}
	return done, errors.Join(failures...)
}

func (d *Swept) add(o Swept) {
	d.Reminded += o.Reminded
	d.Expired += o.Expired
	d.Renewed += o.Renewed
}

// A wide net by calendar days: every clock for which something may be due anywhere on
// earth tomorrow. Go then asks the arithmetic, which knows zones and business days; so
// many business days last at most twice as many calendar days and two weeks.
const candidatesSQL = `
select ` + keptColumns + ` from clock k
where stopped_at is null and (due_on, id) > ($2::date, $3::uuid)
  and (
    (expired_at is null and due_on <= $1::date + 1)
    or (paused and due_on <= $1::date + 1)
    or (due_on <= $1::date + 1 and programme || '/' || code = any($4::text[]))
    or (not paused and exists (select from unnest(reminders) r
      where due_on - (case unit when 'business_days' then greatest(2 * r + 14, r) else r end) <= $1::date + 1
        and not exists (select from unnest(reminded) d where d <= r)))
  )
order by due_on, id limit $5`

func (s *Service) candidates(ctx context.Context, now time.Time, after Kept) (list []Kept, err error) {
	from := "0001-01-01"
	if !after.DueOn.IsZero() {
		from = after.DueOn.String()
	}
	repeating := []string{}
	if s.Clocks.Programmes != nil {
		for _, p := range s.Clocks.Programmes.All() {
			for _, c := range p.Clocks() {
				if c.Repeats {
					repeating = append(repeating, p.Code+"/"+c.Code)
				}
			}
		}
	}
	err = s.DB.Batch(ctx, pg.System, pg.All(&list, candidatesSQL, DayOf(now, time.UTC).String(), from, after.ID, repeating, batch))
	return list, err
}

// needs reports whether there is anything to do for a clock as it was read: most of the
// net's catch needs nothing, and is not worth a transaction. What is done is decided
// again under the clock's lock.
func (s *Service) needs(k Kept, now time.Time) bool {
	run, cal, err := s.Clocks.run(k.Row, k.Pauses)
	if err != nil {
		return true // to fail where it is told
	}
	reading := run.Read(now, cal)
	over := reading.State == Overdue || reading.State == Open
	switch {
	case reading.State == Paused:
		return reading.DueDay != k.DueOn
	case over && k.ExpiredAt == nil:
		return true
	case over:
		if rule := s.Clocks.rule(k.Row); rule.Repeats && !now.Before(k.givesWay(rule, run.Zone)) {
			return true
		}
	}
	return len(run.RemindersDue(now, k.Reminders, k.Reminded, cal)) > 0
}

// handle does what one clock needs now.
func (s *Service) handle(ctx context.Context, now time.Time, c Kept) (done Swept, err error) {
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		done = Swept{}
		// The record is locked before its clock, as every step of a person does it, so
		// that the two never wait for each other; one that somebody works on waits for
		// the next sweep.
		free, err := lockSubject(ctx, tx, c.SubjectKind, c.SubjectID)
		if err != nil || !free {
			return err
		}
		rows, err := lockRunning(ctx, tx, c.SubjectKind, c.SubjectID)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.ID == c.ID {
				return s.due(ctx, tx, now, r, &done)
			}
		}
		return nil // stopped meanwhile
	})
	if err != nil {
		done = Swept{}
	}
	return done, err
}

func (s *Service) due(ctx context.Context, tx pg.Tx, now time.Time, r Row, done *Swept) error {
	by := identity.ClockActor("sweep")
	pauses, err := pausesOf(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	run, cal, err := s.Clocks.run(r, pauses)
	if err != nil {
		return err
	}
	reading := run.Read(now, cal)
	if reading.State == Paused {
		if reading.DueDay == r.DueOn {
			return nil
		}
		r.DueOn = reading.DueDay // the date lists sort by, as if it ran on tomorrow
		return pg.Update(ctx, tx, &r, r.ID, &r.Version, "due_on")
	}
	if (reading.State == Overdue || reading.State == Open) && r.ExpiredAt == nil {
		if err := s.expire(ctx, tx, now, by, &r, reading); err != nil {
			return err
		}
		done.Expired++
		if r.StoppedAt != nil {
			return nil
		}
	}
	if send := run.RemindersDue(now, r.Reminders, r.Reminded, cal); len(send) > 0 {
		if err := s.remind(ctx, tx, now, by, &r, reading, send[0]); err != nil {
			return err
		}
		done.Reminded++
	}
	rule := s.Clocks.rule(r)
	if !rule.Repeats || (reading.State != Overdue && reading.State != Open) {
		return nil
	}
	next, renewed, err := s.renew(ctx, tx, now, by, r, rule, run.Zone)
	if err != nil || !renewed {
		return err
	}
	done.Renewed++
	return s.due(ctx, tx, now, next, done) // its time may be over as well
}

// expire records that the time has run out and does what the programme says for it.
// It reads the row anew afterwards: the hook may have ended the clock.
func (s *Service) expire(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r *Row, reading Reading) error {
	r.ExpiredAt = &now
	if err := pg.Update(ctx, tx, r, r.ID, &r.Version, "expired_at"); err != nil {
		return fmt.Errorf("record that it ran out: %w", err)
	}
	err := audit.Record(ctx, tx, now, by, r.event("clock.expire", "", nil,
		map[string]any{"clock": r.Code, "due_on": reading.DueDay, "then": r.OnExpiry}))
	if err != nil {
		return err
	}
	if hook := s.Expired[programme.Action(r.OnExpiry)]; hook != nil {
		if err := hook(ctx, tx, now, by, *r); err != nil {
			return fmt.Errorf("act on %s having run out (%s): %w", r.Code, r.OnExpiry, err)
		}
	}
	if programme.Action(r.OnExpiry) == programme.Task {
		if err := s.tellStaff(ctx, tx, now, *r); err != nil {
			return err
		}
	}
	*r, err = reread(ctx, tx, r.ID)
	return err
}

// remind sends one reminder to whoever owes the step and notes it.
func (s *Service) remind(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r *Row, reading Reading, days int) error {
	if r.OwedBy == string(programme.Company) {
		p, ok := s.Clocks.Programmes.Get(r.Programme)
		if !ok {
			return fmt.Errorf("remind of %s: there is no programme %q", r.Code, r.Programme)
		}
		rule, _ := p.Clock(r.Code)
		code := "deadline_reminder"
		if reading.State == Overdue {
			code = "deadline_overdue"
		}
		err := s.Letters.ToCompany(ctx, tx, now, by, notice.Letter{
			Company: r.CompanyID, SubjectKind: r.SubjectKind, SubjectID: r.SubjectID, Programme: p, Code: code,
			Values: map[string]string{"deadline": r.Title(ctx), "owed": rule.Help,
				"days_left": strconv.Itoa(max(0, reading.DaysLeft)), "days_over": strconv.Itoa(max(0, -reading.DaysLeft))},
			Days: map[string]time.Time{"due_on": reading.DueDay.Time()},
		})
		if err != nil {
			return fmt.Errorf("remind of %s: %w", r.Code, err)
		}
	} else if err := s.tellStaff(ctx, tx, now, *r); err != nil {
		return err
	}
	r.Reminded = append(r.Reminded, days)
	if err := pg.Update(ctx, tx, r, r.ID, &r.Version, "reminded"); err != nil {
		return fmt.Errorf("note the reminder: %w", err)
	}
	return audit.Record(ctx, tx, now, by, r.event("clock.remind", "", nil, map[string]any{"clock": r.Code, "days_left": reading.DaysLeft, "due_on": reading.DueDay}))
}

// tellStaff e-mails the person who works the case, or the supervisors of the office
// when nobody does yet, or its specialists where it has no supervisor.
func (s *Service) tellStaff(ctx context.Context, tx pg.Tx, now time.Time, r Row) error {
	persons, err := inCharge(ctx, tx, r)
	if err != nil {
		return fmt.Errorf("find who is in charge: %w", err)
	}
	if err := s.Letters.ToStaff(ctx, tx, now, persons, r.SubjectKind, r.SubjectID); err != nil {
		return fmt.Errorf("tell the office of %s: %w", r.Code, err)
	}
	return nil
}

// lockSubject locks the record that clocks belong to; false when somebody else has it.
func lockSubject(ctx context.Context, tx pg.Tx, kind string, id uuid.UUID) (free bool, err error) {
	sql := map[string]string{
		"application":   `select id from application where id = ? for update skip locked`,
		"membership":    `select id from membership where id = ? for update skip locked`,
		"change_notice": `select id from change_notice where id = ? for update skip locked`,
		"validation":    `select id from validation where id = ? for update skip locked`,
		"finding":       `select id from finding where id = ? for update skip locked`,
		"enforcement":   `select id from enforcement_case where id = ? for update skip locked`,
		"claim":         `select id from claim where id = ? for update skip locked`,
	}[kind]
	if sql == "" {
		return false, fmt.Errorf("clocks of a %q are not known", kind)
	}
	var ids []uuid.UUID
	err = tx.WithContext(ctx).Raw(sql, id).Scan(&ids).Error
	return len(ids) == 1, err
}

func reread(ctx context.Context, tx pg.Tx, id uuid.UUID) (r Row, err error) {
	err = tx.WithContext(ctx).Where("id = ?", id).First(&r).Error
	return r, err
}

func inCharge(ctx context.Context, tx pg.Tx, r Row) (persons []uuid.UUID, err error) {
	err = tx.WithContext(ctx).Raw(`
		with assigned as (
		  select assignee_id as id from application where assignee_id is not null and (
		    (@kind = 'application' and id = @id) or (@kind = 'membership' and id = (select application_id from membership where id = @id)))
		  union select lead_id from validation where lead_id is not null and (
		    (@kind = 'validation' and id = @id) or (@kind = 'finding' and id = (select validation_id from finding where id = @id)))
		  union select worker_id from enforcement_case where worker_id is not null and @kind = 'enforcement' and id = @id
		  union select officer_id from claim where officer_id is not null and @kind = 'claim' and id = @id
		), office as (
		  select person_id as id, role from person_right
		  where audience = 'staff' and ended_at is null and office_id = @office and role in ('supervisor', 'specialist')
		)
		select id from assigned
		union select id from office where role = 'supervisor' and not exists (select from assigned)
		union select id from office where role = 'specialist' and not exists (select from assigned)
		  and not exists (select from office where role = 'supervisor')`,
		map[string]any{"kind": r.SubjectKind, "id": r.SubjectID, "office": r.OfficeID}).Scan(&persons).Error
	return persons, err
}
