package benefit_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"trustedtrader/app/benefit"
)

// Jobs of a killed portal are taken up at once; those of a portal that lives are not.
func TestResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.bring(w.ann, "ace_es003", entries)
	w.Must(w.s.TakeOver(w.Ctx, w.ann, i.ID, benefit.TakeEntry{Version: i.Version}))
	now := func() string {
		return w.Text(`select i.status || ' ' || coalesce((select string_agg(j.state::text, ' ') from river.river_job j where j.args ->> 'import' = i.id::text), 'no job') from benefit_import i where id = $1`, i.ID)
	}
	want := func(what, want string) {
		t.Helper()
		w.Must(w.s.Resume(w.Ctx))
		if got := now(); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	want("waits", "waiting available")
	begin := func(attempt int) {
		w.Exec(fmt.Sprintf(`update river.river_job set state = 'running', attempt = %d, attempted_at = now() where kind = 'benefit_import'`, attempt))
	}

	// A portal that lives has a connection with the lock.
	begin(1)
	portal, err := pgx.ConnectConfig(w.Ctx, w.DB.Pool().Config().ConnConfig)
	w.Must(err)
	_, err = portal.Exec(w.Ctx, `select pg_advisory_lock(hashtextextended('benefit_import ' || $1::text, 0))`, i.ID.String())
	w.Must(err)
	want("worked on", "waiting running")
	var later *river.JobSnoozeError
	if err := (&benefit.Worker{Service: w.s}).Work(w.Ctx, job(i.ID, 1)); !errors.As(err, &later) {
		t.Errorf("a second portal: %v", err)
	}
	w.Must(portal.Close(w.Ctx))
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) { // the server notices it a moment later
		w.Must(w.s.Resume(w.Ctx))
		if now() == "waiting available" {
			break
		}
	}
	want("killed", "waiting available")

	// The last try is not begun again; when the queue gave it up, a person has to say so.
	begin(5)
	want("tried too often", "waiting running")
	w.Exec(`update river.river_job set state = 'discarded', finalized_at = now() where kind = 'benefit_import'`)
	want("given up", "stopped discarded")
	w.Must(w.s.Retry(w.Ctx, w.ann, i.ID, w.at(w.ann, i.ID).Version))
	w.Must((&benefit.Worker{Service: w.s}).Work(w.Ctx, job(i.ID, 1)))
	w.Must((&benefit.Worker{Service: w.s}).Work(w.Ctx, job(i.ID, 1))) // it let go
	if got := w.at(w.ann, i.ID).Status; got != benefit.Taken {
		t.Errorf("after all: %s", got)
	}
}
