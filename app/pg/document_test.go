package pg_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/pg"
)

func TestDocuments(t *testing.T) {
	t.Parallel()
	type row struct {
		PersonID   uuid.UUID
		TextSHA256 string
		SentAt     time.Time
		EndedAt    *time.Time
		N          int
	}
	var text string
	err := apptest.DB(t).Batch(t.Context(), pg.System, pg.Value(&text, `select jsonb_agg(to_jsonb(x))::text from (
		select '0199c000-0000-7000-8000-000000000001'::uuid as person_id, 'ab' as text_sha256, '2026-03-03 14:00:00.123456+02'::timestamptz as sent_at, null::timestamptz as ended_at, 3 as n) x`))
	if err != nil {
		t.Fatal(err)
	}
	list, err := pg.Documents[row](text)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	r := list[0]
	if r.PersonID != uuid.MustParse("0199c000-0000-7000-8000-000000000001") || r.TextSHA256 != "ab" || r.N != 3 || r.EndedAt != nil ||
		!r.SentAt.Equal(time.Date(2026, 3, 3, 12, 0, 0, 123456000, time.UTC)) {
		t.Errorf("row %+v", r)
	}
	if _, err := pg.Documents[row](`[{"n": "three"}]`); err == nil {
		t.Error("a text for a number is taken")
	}
	if _, err := pg.Documents[row](`{}`); err == nil {
		t.Error("an object for a list is taken")
	}
}
