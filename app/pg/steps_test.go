package pg_test

import (
	"context"
	"errors"
	"testing"

	"trustedtrader/app/apptest"
	"trustedtrader/app/pg"
)

// TestTwoSteps: what the first step read goes into the second, and an error of either leaves
// nothing behind, and no connection in a transaction.
func TestTwoSteps(t *testing.T) {
	t.Parallel()
	db := apptest.DB(t)
	ctx := context.Background()
	add := func(key string, then error, sql string) error {
		var hits int
		return db.TwoSteps(ctx, pg.System, []pg.Query{pg.PlanOnce(), pg.Value(&hits, `select 7`)}, func() ([]pg.Query, error) {
			return []pg.Query{pg.Exec(`insert into rate_limit (key, window_from, hits) values ($1, now(), $2)`, key, hits), pg.Exec(sql)}, then
		})
	}
	if err := add("good", nil, `select 1`); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	if err := add("stopped", stop, `select 1`); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if err := add("broken", nil, `select 1 / 0`); err == nil {
		t.Error("a broken statement is committed")
	}
	if err := db.TwoSteps(ctx, pg.System, []pg.Query{pg.Exec(`select 1 / 0`)}, func() ([]pg.Query, error) { t.Error("went on"); return nil, nil }); err == nil {
		t.Error("a broken first step is committed")
	}
	var keys string
	if err := db.Batch(ctx, pg.System, pg.Value(&keys, `select string_agg(key || hits, ' ') from rate_limit`)); err != nil || keys != "good7" {
		t.Errorf("%q %v", keys, err)
	}
	var waiting int
	if err := db.Batch(ctx, pg.System, pg.Value(&waiting, `select count(*)::int from pg_stat_activity where datname = current_database() and state like 'idle in%'`)); err != nil || waiting != 0 {
		t.Errorf("%d connections in a transaction, %v", waiting, err)
	}
}
