package pg_test

import (
	"context"
	"testing"

	"trustedtrader/app/apptest"
	"trustedtrader/app/pg"
)

func TestStatementsAreCounted(t *testing.T) {
	t.Parallel()
	db := apptest.DB(t)
	ctx := pg.Counted(context.Background())
	var a, b int
	if err := db.Batch(ctx, pg.System, pg.Value(&a, "select 1"), pg.Value(&b, "select 2")); err != nil {
		t.Fatal(err)
	}
	if n := pg.Statements(ctx); n != 3 { // the scope, and two
		t.Errorf("a batch of two counted %d statements, want 3", n)
	}
	err := db.Write(ctx, pg.System, func(tx pg.Tx) error { return tx.Exec("select 1").Error })
	if err != nil {
		t.Fatal(err)
	}
	if n := pg.Statements(ctx); n != 5 { // the scope and one more; begin and commit are not counted
		t.Errorf("after a transaction of one statement %d, want 5", n)
	}
	if err := db.Batch(context.Background(), pg.System, pg.Value(&a, "select 1")); err != nil {
		t.Fatal(err)
	}
	if n := pg.Statements(ctx); n != 5 {
		t.Errorf("another request's statements were counted: %d, want 5", n)
	}
}
