package pg_test

import (
	"slices"
	"testing"

	"trustedtrader/app/apptest"
	"trustedtrader/app/pg"
)

// TestStringsReadBothForms: GORM asks for arrays as text, a batch gets them in binary.
func TestStringsReadBothForms(t *testing.T) {
	db := apptest.DB(t)
	for sql, want := range map[string]pg.Strings{`select array['importer', 'exporter']::text[]`: {"importer", "exporter"}, `select '{}'::text[]`: nil, `select array['a b']::text[]`: {"a b"}} {
		var one, row struct{ List pg.Strings }
		var alone pg.Strings
		sql += " as list"
		if err := db.Batch(t.Context(), pg.System, pg.One(&one, sql), pg.Value(&alone, sql)); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), pg.System, func(tx pg.Tx) error { return tx.Raw(sql).Scan(&row).Error }); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one.List, want) || !slices.Equal(alone, want) || !slices.Equal(row.List, want) {
			t.Errorf("%s: %q and %q from a batch, %q from GORM", sql, one.List, alone, row.List)
		}
	}
}
