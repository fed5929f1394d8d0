// Package jobs works the job queue: e-mails, the sweep of legal clocks, change
// notices that come into force, held times that are freed, the scan of files, and the removal of what has expired. The queue lives
// in the same PostgreSQL as everything else (River), so a job exists if and only if
// the step that wanted it was committed, and any number of portals may work at once.
//
// Why the periodic jobs may overlap without harm: each of them locks what it changes
// and does nothing twice. The queue keeps one of each waiting, whoever asked for it.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/document"
	"trustedtrader/app/evidence"
	"trustedtrader/app/notice"
	"trustedtrader/app/partnerapi"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

// Workers are those who do the work.
type Workers struct {
	Mail        *notice.MailWorker
	Sweep       *clock.SweepWorker
	Ticks       []Tick                  // what the portal does by itself from time to time
	More        func(*river.Workers)    // adds workers of jobs that steps enqueue; nil: none
	Files       *evidence.SweepWorker   // removes files that nobody needs; nil: none
	Validations *validation.SweepWorker // looks at offers of times and at visits to come; nil: none
}

// Tick is something that the portal does by itself from time to time. It must do no harm
// when it runs twice at once.
type Tick struct {
	Name  string // of the job in the queue
	Every time.Duration
	Do    func(context.Context) error
}

// Runner works the queue until it is stopped.
type Runner struct{ client *river.Client[pgx.Tx] }

// How often the periodic jobs run. Each also runs when a portal starts and none else
// did; a deadline that ran out is therefore acted on within a quarter of an hour.
const (
	sweepEvery   = 15 * time.Minute
	cleanupEvery = time.Hour
)

// softStop is how long running jobs may finish after Stop before they are told to give up.
const softStop = 10 * time.Second

// New sets up the queue. Nothing runs before Start.
func New(db *pg.DB, log *slog.Logger, now func() time.Time, w Workers) (*Runner, error) {
	workers := river.NewWorkers()
	if err := errors.Join(river.AddWorkerSafely(workers, w.Mail), river.AddWorkerSafely(workers, w.Sweep),
		river.AddWorkerSafely(workers, &cleanupWorker{db: db, now: now})); err != nil {
		return nil, fmt.Errorf("set up the job workers: %w", err)
	}
	periodic := []*river.PeriodicJob{
		every(sweepEvery, clock.SweepArgs{}),
		every(cleanupEvery, CleanupArgs{}),
	}
	if err := river.AddWorkerSafely(workers, ticker(w.Ticks)); err != nil {
		return nil, fmt.Errorf("set up the job workers: %w", err)
	}
	for _, t := range w.Ticks {
		periodic = append(periodic, every(t.Every, TickArgs{Name: t.Name}))
	}
	if w.Files != nil {
		if err := errors.Join(river.AddWorkerSafely(workers, w.Files), river.AddWorkerSafely(workers, &evidence.SettleWorker{Service: w.Files.Service})); err != nil {
			return nil, fmt.Errorf("set up the job workers: %w", err)
		}
		periodic = append(periodic, every(evidence.SweepEvery, evidence.SweepArgs{}))
	}
	if w.Validations != nil {
		if err := river.AddWorkerSafely(workers, w.Validations); err != nil {
			return nil, fmt.Errorf("set up the job workers: %w", err)
		}
		periodic = append(periodic, every(validation.SweepEvery, validation.SweepArgs{}))
	}
	if w.More != nil {
		w.More(workers)
	}
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{
		Schema: pg.JobSchema, Workers: workers, PeriodicJobs: periodic, Logger: quiet(log), ErrorHandler: handler{log},
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}, notice.MailQueue: {MaxWorkers: 4}, evidence.Queue: {MaxWorkers: 2}, document.PrintQueue: {MaxWorkers: 2}, partnerapi.Queue: {MaxWorkers: 8}, benefit.Queue: {MaxWorkers: 1}},
		SoftStopTimeout:      softStop,
		RescueStuckJobsAfter: 15 * time.Minute,
	})
	if err != nil {
		return nil, fmt.Errorf("set up the job queue: %w", err)
	}
	return &Runner{client}, nil
}

// Start works the queue from now on. A cancelled context does not break off running
// jobs: call Stop.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the job queue: %w", err)
	}
	return nil
}

// Stop takes no new jobs and waits for those that run, at most until ctx is done.
// What was not finished is worked again after the next start.
func (r *Runner) Stop(ctx context.Context) error {
	if err := r.client.Stop(ctx); err != nil {
		return fmt.Errorf("stop the job queue: %w", err)
	}
	return nil
}

// every makes a periodic job of which at most one waits or runs at a time.
func every(period time.Duration, args river.JobArgs) *river.PeriodicJob {
	opts := &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
		rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}}}
	return river.NewPeriodicJob(river.PeriodicInterval(period),
		func() (river.JobArgs, *river.InsertOpts) { return args, opts },
		&river.PeriodicJobOpts{ID: id(args), RunOnStart: true})
}

func id(args river.JobArgs) string {
	if t, ok := args.(TickArgs); ok {
		return t.Kind() + "_" + t.Name
	}
	return args.Kind()
}

// TickArgs is the job of a Tick.
type TickArgs struct {
	Name string `json:"name"`
}

// Kind names the job in the queue.
func (TickArgs) Kind() string { return "tick" }

type tickWorker struct {
	river.WorkerDefaults[TickArgs]
	do map[string]func(context.Context) error
}

func ticker(list []Tick) *tickWorker {
	w := &tickWorker{do: map[string]func(context.Context) error{}}
	for _, t := range list {
		w.do[t.Name] = t.Do
	}
	return w
}

func (w *tickWorker) Timeout(*river.Job[TickArgs]) time.Duration { return 10 * time.Minute }

// Work does what the tick is for. One that is not known here is of another edition of the
// portal, and its own will do it.
func (w *tickWorker) Work(ctx context.Context, job *river.Job[TickArgs]) error {
	do := w.do[job.Args.Name]
	if do == nil {
		return river.JobCancel(fmt.Errorf("there is no tick %q", job.Args.Name))
	}
	return do(ctx)
}

// handler logs failed jobs by their kind and number, never by what they carry.
type handler struct{ log *slog.Logger }

func (h handler) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	level := slog.LevelWarn
	if job.Attempt >= job.MaxAttempts {
		level = slog.LevelError // given up: a person must look
	}
	h.log.Log(ctx, level, "job failed", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "of", job.MaxAttempts, "error", err.Error())
	return nil
}

func (h handler) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	h.log.Log(ctx, slog.LevelError, "job panicked", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "type", fmt.Sprintf("%T", value), "trace", trace)
	return nil
}

// quiet keeps the queue's own chatter out of the log, and what a worker panicked with,
// which may name a person; failures are logged by handler.
func quiet(log *slog.Logger) *slog.Logger { return slog.New(warnings{log.Handler()}) }

type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}

func (w warnings) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "panic_val" {
			out.AddAttrs(a)
		}
		return true
	})
	return w.Handler.Handle(ctx, out)
}

func (w warnings) WithAttrs(a []slog.Attr) slog.Handler { return warnings{w.Handler.WithAttrs(a)} }

func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
