package validation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/roster"
)

// SweepEvery is how often offers are looked at.
const SweepEvery = 15 * time.Minute

// remindBefore is how long before the deadline a company is reminded of an offer.
const remindBefore = 48 * time.Hour

// Swept is what a sweep did.
type Swept struct {
	Reminded, Unanswered int
	Moved                []Moved
}

// Sweep reminds companies of offers that they have not answered, closes the time to answer
// of those whose deadline has passed, which makes a task for the office and never a booking,
// and moves visits whose zone has new rules. It may run several times at once.
func (s *Service) Sweep(ctx context.Context) (done Swept, err error) {
	var failures []error
	for _, step := range []struct {
		find string
		do   func(context.Context, uuid.UUID) (bool, error)
		n    *int
	}{
		{`select p.visit_id from proposal p where p.status = 'open' and p.answer_by <= $1 order by p.answer_by, p.id limit 500`, s.unanswered, &done.Unanswered},
		{`select p.visit_id from proposal p where p.status = 'open' and p.reminded_at is null and p.answer_by > $1 and p.answer_by <= $1 + interval '48 hours' order by p.answer_by, p.id limit 500`, s.remind, &done.Reminded},
	} {
		var rows []struct{ VisitID uuid.UUID }
		if err := s.DB.Batch(ctx, pg.System, pg.All(&rows, step.find, s.Now())); err != nil {
			return done, fmt.Errorf("look for offers: %w", err)
		}
		for _, r := range rows {
			did, err := step.do(ctx, r.VisitID)
			if err != nil {
				failures = append(failures, fmt.Errorf("offer of visit %s: %w", r.VisitID, err))
			} else if did {
				*step.n++
			}
		}
	}
	done.Moved, err = s.Recompute(ctx)
	return done, errors.Join(append(failures, err)...)
}

// due opens an offer for the sweep; nil when somebody was faster.
func (s *Service) due(ctx context.Context, tx pg.Tx, by identity.Actor, visit uuid.UUID) (Visit, Validation, *Proposal, error) {
	x, v, err := LockVisit(ctx, tx, by, visit, 0)
	if err != nil {
		return x, v, nil, err
	}
	p, err := liveOffer(ctx, tx, visit)
	if err != nil || p == nil || p.Status != Open {
		return x, v, nil, err
	}
	return x, v, p, nil
}

func (s *Service) unanswered(ctx context.Context, visit uuid.UUID) (did bool, err error) {
	by := identity.ClockActor("sweep")
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, p, err := s.due(ctx, tx, by, visit)
		if err != nil || p == nil || p.AnswerBy.After(now) {
			return err
		}
		did = true
		if err := mark(ctx, tx, *p, "status", Unanswered); err != nil {
			return err
		}
		if err := roster.FreeHolds(ctx, tx, now, by, x.ID, uuid.Nil); err != nil {
			return err
		}
		e := audit.Event{Action: "visit.unanswered", Kind: VisitKind, Subject: x.ID, Before: map[string]any{"offer": Open}, After: map[string]any{"offer": Unanswered, "place": x.Place}}
		if err := record(ctx, tx, now, by, v, e); err != nil {
			return err
		}
		if err := s.Steps.Write(ctx, tx, now, by, v, "validation_unanswered", map[string]string{"place": x.Place}, nil); err != nil {
			return err
		}
		return s.tellOffice(ctx, tx, now, x, v)
	})
	return did, err
}

func (s *Service) remind(ctx context.Context, visit uuid.UUID) (did bool, err error) {
	by := identity.ClockActor("sweep")
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		x, v, p, err := s.due(ctx, tx, by, visit)
		if err != nil || p == nil || p.RemindedAt != nil || !p.AnswerBy.After(now) || p.AnswerBy.Sub(now) > remindBefore {
			return err
		}
		if err := mark(ctx, tx, *p, "reminded_at", now); err != nil {
			return err
		}
		if did = p.AnswerBy.Sub(p.SentAt) > remindBefore; !did { // it was sent so late that its letter is the reminder
			return nil
		}
		office, err := officeOf(ctx, tx, v.OfficeID)
		if err != nil {
			return err
		}
		last := clock.DayOf(p.AnswerBy.Add(-time.Minute), zoneNamed(office.Zone))
		if err := record(ctx, tx, now, by, v, audit.Event{Action: "visit.remind", Kind: VisitKind, Subject: x.ID, After: map[string]any{"place": x.Place, "answer_by": p.AnswerBy}}); err != nil {
			return err
		}
		return s.Steps.Write(ctx, tx, now, by, v, "validation_reminder", map[string]string{"place": x.Place}, map[string]time.Time{"due_on": last.Time()})
	})
	return did, err
}

// SweepArgs is the job that looks at offers and at visits to come.
type SweepArgs struct{}

// Kind names the job in the queue.
func (SweepArgs) Kind() string { return "sweep_validations" }

// SweepWorker works the job.
type SweepWorker struct {
	river.WorkerDefaults[SweepArgs]
	Service *Service
	Log     *slog.Logger
}

// Timeout bounds one sweep.
func (w *SweepWorker) Timeout(*river.Job[SweepArgs]) time.Duration { return 10 * time.Minute }

// Work sweeps once.
func (w *SweepWorker) Work(ctx context.Context, _ *river.Job[SweepArgs]) error {
	done, err := w.Service.Sweep(ctx)
	for _, m := range done.Moved {
		w.Log.Warn("a time zone has new rules: a visit moved", "validation", m.Reference, "was", m.Was, "is", m.Is, "team_booked", m.Problem == nil)
	}
	return err
}
