package pg_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"trustedtrader/app/apptest"
	"trustedtrader/app/pg"
)

// TestLogHasNoValues fails statements that carry something, in each way in which they are
// run: the log does not say what they carried.
func TestLogHasNoValues(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	db, err := pg.Open(t.Context(), apptest.DSN(t), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const secret = "Vera Noor's answer"
	for name, do := range map[string]func(tx pg.Tx) error{
		"Exec": func(tx pg.Tx) error { return tx.Exec(`select 1 / 0, ?::text`, secret).Error },
		"Scan": func(tx pg.Tx) error {
			var s string
			return tx.Raw(`select 1 / 0, ?::text`, secret).Scan(&s).Error
		},
		"Row": func(tx pg.Tx) error {
			var n, s string
			return tx.Raw(`select 1 / 0, $1::text`, secret).Row().Scan(&n, &s)
		},
	} {
		log.Reset()
		if err := db.Write(context.Background(), pg.System, do); err == nil {
			t.Errorf("%s: a wrong statement ran", name)
		}
		if s := log.String(); strings.Contains(s, "Vera") {
			t.Errorf("%s logs %s", name, s)
		}
	}
}
