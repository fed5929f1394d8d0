package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"trustedtrader/app/pg"
)

// CleanupArgs is the job that removes what has expired.
type CleanupArgs struct{}

// Kind names the job in the queue.
func (CleanupArgs) Kind() string { return "cleanup" }

type cleanupWorker struct {
	river.WorkerDefaults[CleanupArgs]
	db  *pg.DB
	now func() time.Time
}

func (w *cleanupWorker) Timeout(*river.Job[CleanupArgs]) time.Duration { return 5 * time.Minute }

func (w *cleanupWorker) Work(ctx context.Context, _ *river.Job[CleanupArgs]) error {
	_, err := Cleanup(ctx, w.db, w.now())
	return err
}

// cleanupBatch bounds one transaction, so that a long backlog holds nobody up.
const cleanupBatch = 1000

// expired lists what goes, and when: sign-ins, kept forms, and workbooks and lists that wait
// for a choice when their time is over, sessions a day after they ended, counts of the rate limit
// after a day, and who had a criterion open after an hour. The audit log keeps who signed
// in and out.
func expired() []string {
	return []string{
		`delete from session where ctid = any(array(select ctid from session where least(expires_at, coalesce(ended_at, expires_at)) < ?::timestamptz - interval '1 day' limit ?))`,
		`delete from sign_in where ctid = any(array(select ctid from sign_in where expires_at < ? limit ?))`,
		`delete from kept_form where ctid = any(array(select ctid from kept_form where expires_at < ? limit ?))`,
		`delete from import_draft where ctid = any(array(select ctid from import_draft where expires_at <= ? limit ?))`,
		`delete from partner_import where ctid = any(array(select ctid from partner_import where expires_at <= ? limit ?))`,
		`delete from rate_limit where ctid = any(array(select ctid from rate_limit where window_from < ?::timestamptz - interval '1 day' limit ?))`,
		`delete from api_token where ctid = any(array(select ctid from api_token where expires_at < ? limit ?))`,
		`delete from api_assertion where ctid = any(array(select ctid from api_assertion where expires_at < ? limit ?))`,
		`delete from api_answer where ctid = any(array(select ctid from api_answer where at < ?::timestamptz - interval '1 day' limit ?))`,
		`delete from profile_presence where ctid = any(array(select ctid from profile_presence where seen_at < ?::timestamptz - interval '1 hour' limit ?))`,
	}
}

// Cleanup removes what has expired and counts it.
func Cleanup(ctx context.Context, db *pg.DB, now time.Time) (removed int64, err error) {
	for _, sql := range expired() {
		for {
			var n int64
			err := db.Write(ctx, pg.System, func(tx pg.Tx) error {
				r := tx.WithContext(ctx).Exec(sql, now, cleanupBatch)
				n = r.RowsAffected
				return r.Error
			})
			if err != nil {
				return removed, fmt.Errorf("remove what has expired: %w", err)
			}
			removed += n
			if n < cleanupBatch {
				break
			}
		}
	}
	return removed, nil
}
