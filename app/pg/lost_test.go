package pg_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"trustedtrader/app/apptest"
	"trustedtrader/app/pg"
)

// TestLost tells a server that is gone from a statement that is wrong.
func TestLost(t *testing.T) {
	t.Parallel()
	dsn := apptest.DSN(t)
	db, err := pg.Open(t.Context(), dsn, apptest.Quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ask := func(sql string) error {
		var n int
		return db.Batch(context.Background(), pg.System, pg.Value(&n, sql))
	}
	if err := ask(`select 1`); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []error{nil, errors.New("lost"), ask(`select nothing`), ask(`select 1 / 0`)} {
		if pg.Lost(wrong) {
			t.Errorf("%v counts as a lost server", wrong)
		}
	}
	name := db.Pool().Config().ConnConfig.Database
	conn, err := pgx.Connect(t.Context(), apptest.WithDatabase(dsn, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, sql := range []string{`alter database ` + name + ` with allow_connections false`,
		`select pg_terminate_backend(pid) from pg_stat_activity where datname = '` + name + `'`} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 { // first on the connection that was cut, then without any
		if err := ask(`select 1`); !pg.Lost(fmt.Errorf("read: %w", err)) {
			t.Errorf("try %d: %v does not count as a lost server", i+1, err)
		}
	}
}
