package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/jobs"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// journal is a log that can be read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

type slowArgs struct {
	Secret string `json:"secret"`
}

func (slowArgs) Kind() string { return "slow" }

type slowWorker struct {
	river.WorkerDefaults[slowArgs]
	work func(context.Context, string) error
}

func (w *slowWorker) Work(ctx context.Context, job *river.Job[slowArgs]) error {
	return w.work(ctx, job.Args.Secret)
}

type world struct {
	t       *testing.T
	ctx     context.Context
	db      *pg.DB
	now     *apptest.Clock
	log     journal
	applied atomic.Int32
	work    func(context.Context, string) error
}

func newWorld(t *testing.T) *world {
	return &world{t: t, ctx: context.Background(), db: apptest.DB(t), now: apptest.At("2026-03-03T15:00:00Z"),
		work: func(context.Context, string) error { return nil }}
}

func (w *world) runner() *jobs.Runner {
	w.t.Helper()
	programmes, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		w.t.Fatal(err)
	}
	register, err := programme.Load(programmes)
	if err != nil {
		w.t.Fatal(err)
	}
	letters := &notice.Letters{Base: &url.URL{Scheme: "https", Host: "portal.example"}}
	r, err := jobs.New(w.db, slog.New(slog.NewTextHandler(&w.log, nil)), w.now.Now, jobs.Workers{
		Mail:  &notice.MailWorker{DB: w.db, Now: w.now.Now},
		Sweep: &clock.SweepWorker{Service: &clock.Service{DB: w.db, Now: w.now.Now, Clocks: &clock.Clocks{Programmes: register}, Letters: letters}},
		Ticks: []jobs.Tick{{Name: "apply_changes", Every: time.Minute, Do: func(context.Context) error { w.applied.Add(1); return nil }}},
		More:  func(x *river.Workers) { river.AddWorker(x, &slowWorker{work: w.work}) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if err := w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(w.ctx).Exec(sql, args...).Error }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.Batch(w.ctx, pg.System, pg.Value(&n, sql, args...)); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) enqueue(secret string) {
	w.t.Helper()
	if err := w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error { return tx.Enqueue(w.ctx, slowArgs{secret}, nil) }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain for %s\n%s", what, w.log.String())
		}
	}
}

func (w *world) stop(r *jobs.Runner) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		w.t.Error(err)
	}
}

// The portal starts: what is due is looked at once, on whatever number of machines.
func TestPeriodicJobsRunAtStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.now.Now()
	w.exec(`insert into rate_limit (key, window_from, hits) values ('old', ?, 1), ('new', ?, 1)`, now.Add(-25*time.Hour), now)
	a, b := w.runner(), w.runner()
	for _, r := range []*jobs.Runner{a, b} {
		if err := r.Start(w.ctx); err != nil {
			t.Fatal(err)
		}
	}
	w.until("the periodic jobs", func() bool {
		return w.count(`select count(distinct kind)::int from river.river_job where state = 'completed' and kind in ('clock_sweep', 'cleanup', 'tick')`) == 3
	})
	if n := w.count(`select count(*)::int from river.river_job where kind in ('clock_sweep', 'cleanup', 'tick')`); n != 3 {
		t.Errorf("%d jobs of 3 kinds", n)
	}
	if n := w.applied.Load(); n != 1 {
		t.Errorf("changes were applied %d times", n)
	}
	if n := w.count(`select count(*)::int from rate_limit`); n != 1 {
		t.Errorf("%d counts are left, want the new one", n)
	}
	w.stop(a)
	w.stop(b)
}

// Stopping lets a running job end, and cancelling the start's context does not break it off.
func TestStopWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun := make(chan struct{})
	var ended atomic.Bool
	w.work = func(ctx context.Context, _ string) error {
		close(begun)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
			ended.Store(true)
			return nil
		}
	}
	r := w.runner()
	ctx, cancel := context.WithCancel(w.ctx)
	if err := r.Start(ctx); err != nil {
		t.Fatal(err)
	}
	w.enqueue("x")
	<-begun
	cancel()
	w.stop(r)
	if !ended.Load() || w.count(`select count(*)::int from river.river_job where kind = 'slow' and state = 'completed'`) != 1 {
		t.Error("a running job was broken off")
	}
}

// A job of a step that was undone does not exist.
func TestJobsGoWithTheirTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error {
		if err := tx.Enqueue(w.ctx, slowArgs{}, nil); err != nil {
			return err
		}
		return errors.New("undone")
	})
	if err == nil || w.count(`select count(*)::int from river.river_job`) != 0 {
		t.Errorf("a job is left: %v", err)
	}
}

func TestFailuresAreLoggedWithoutWhatTheyCarry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work = func(_ context.Context, secret string) error {
		if secret == "panic-secret" {
			panic(secret)
		}
		return fmt.Errorf("the mail server is away")
	}
	r := w.runner()
	if err := r.Start(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.enqueue("error-secret")
	w.enqueue("panic-secret")
	w.until("both failures", func() bool {
		return strings.Contains(w.log.String(), "job failed") && strings.Contains(w.log.String(), "job panicked")
	})
	w.stop(r)
	log := w.log.String()
	for _, part := range []string{"kind=slow", "the mail server is away", "type=string"} {
		if !strings.Contains(log, part) {
			t.Errorf("the log lacks %q", part)
		}
	}
	if strings.Contains(log, "error-secret") || strings.Contains(log, "panic-secret") {
		t.Errorf("the log has what a job carries:\n%s", log)
	}
}

func TestCleanup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.now.Now()
	person := pg.NewID()
	w.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', 's', 'e', true, 'n', ?)`, person, now)
	session := func(secret string, expires time.Time, ended *time.Time) uuid.UUID {
		id := pg.NewID()
		w.exec(`insert into session (id, secret_hash, person_id, provider, audience, csrf, created_at, last_seen_at, idle_until, expires_at, ended_at)
			values (?, ?::bytea, ?, 'p', 'company', 'c', ?, ?, ?, ?, ?)`, id, secret, person, now, now, now, expires, ended)
		return id
	}
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	session("a", now.Add(-25*time.Hour), nil)
	session("b", now.Add(time.Hour), ago(25*time.Hour))
	session("c", now.Add(-time.Hour), nil)
	session("d", now.Add(time.Hour), nil)
	for i, at := range []time.Time{now.Add(-time.Second), now.Add(time.Minute)} {
		w.exec(`insert into kept_form (token_hash, path, sealed, created_at, expires_at) values (?::bytea, '/', 'x', ?, ?)`, fmt.Sprint(i), now, at)
	}
	office, company, cycle := pg.NewID(), pg.NewID(), pg.NewID()
	w.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'NYC', 'New York', 'America/New_York', 'us-federal', ?)`, office, now)
	w.exec(`insert into company (id, name, country, registration, office_id, created_at) values (?, 'Harbor', 'US', '1', ?, ?)`, company, office, now)
	w.exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at)
		values (?, 'CT-1', ?, 'ctpat', '1', 'x', 'importer', ?, 'draft', ?)`, cycle, company, office, now)
	w.exec(`insert into catalogue_edition (programme, edition, hash, status, valid_from, body, stored_at) values ('ctpat', '1', 'x', 'published', '2026-01-01', '{}', ?)`, now)
	w.exec(`insert into profile_cycle (id, reference, company_id, programme, entity_type, kind, number, edition, edition_hash, office_id, application_id, status, opened_at)
		values (?, 'SP-1', ?, 'ctpat', 'importer', 'initial', 1, '1', 'x', ?, ?, 'open', ?)`, cycle, company, office, cycle, now)
	for criterion, ago := range map[string]time.Duration{"1.1": 61 * time.Minute, "1.2": time.Minute} {
		w.exec(`insert into profile_presence (cycle_id, company_id, criterion, person_id, name, since, seen_at) values (?, ?, ?, ?, 'n', ?, ?)`,
			cycle, company, criterion, person, now.Add(-ago), now.Add(-ago))
	}
	for _, at := range []time.Time{now, now.Add(time.Minute)} {
		w.exec(`insert into import_draft (id, cycle_id, company_id, person_id, file_name, body, created_at, expires_at) values (?, ?, ?, ?, 'a.xlsx', '[]', ?, ?)`,
			pg.NewID(), cycle, company, person, now.Add(-24*time.Hour), at)
	}
	const many = 2500 // more than two batches
	w.exec(`insert into rate_limit (key, window_from, hits) select i::text, ?, 1 from generate_series(1, ?) i`, now.Add(-48*time.Hour), many)
	n, err := jobs.Cleanup(w.ctx, w.db, now)
	if err != nil || n != many+5 {
		t.Errorf("removed %d, %v", n, err)
	}
	if n := w.count(`select (select count(*) from session)::int * 10 + (select count(*) from kept_form)::int`); n != 21 {
		t.Errorf("left %d sessions and %d forms, want 2 and 1", n/10, n%10)
	}
	if n := w.count(`select count(*)::int from profile_presence where criterion = '1.2'`); n != 1 {
		t.Error("who has a criterion open now is gone")
	}
	if n := w.count(`select count(*)::int from import_draft where expires_at > $1`, now); n != 1 {
		t.Errorf("%d workbooks wait, want the one whose time is not over", n)
	}
	if n, err := jobs.Cleanup(w.ctx, w.db, now); err != nil || n != 0 {
		t.Errorf("the second time removed %d, %v", n, err)
	}
}
