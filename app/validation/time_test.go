package validation_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"trustedtrader/app/validation"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func span(t testing.TB, zoneName, code string, allDay bool) validation.Span {
	t.Helper()
	at, ok := validation.ParseSpan(code, zone(t, zoneName), allDay)
	if !ok {
		t.Fatalf("%s is no time", code)
	}
	return at
}

// Wall times on the days on which clocks change, in both halves of the earth.
func TestInstant(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ zone, wall, want string }{
		{"America/New_York", "2026-03-08T09:00", "2026-03-08T13:00:00Z"},    // the morning after the spring change
		{"America/New_York", "2026-03-08T01:59", "2026-03-08T06:59:00Z"},    // before it
		{"America/New_York", "2026-03-08T02:30", "2026-03-08T07:30:00Z"},    // never shown: counts as if clocks had not changed, 03:30
		{"America/New_York", "2026-11-01T01:30", "2026-11-01T05:30:00Z"},    // shown twice: the first
		{"America/New_York", "2026-11-01T09:00", "2026-11-01T14:00:00Z"},    // after it
		{"Europe/Brussels", "2026-03-29T02:30", "2026-03-29T01:30:00Z"},     // never shown
		{"Europe/Brussels", "2026-10-25T02:30", "2026-10-25T00:30:00Z"},     // twice
		{"Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z"}, // half an hour back: the first
		{"America/Mexico_City", "2026-04-05T09:00", "2026-04-05T15:00:00Z"}, // no summer time since 2022
		{"Asia/Kolkata", "2026-03-04T09:00", "2026-03-04T03:30:00Z"},
		{"Africa/Casablanca", "2026-03-04T09:00", "2026-03-04T09:00:00Z"}, // Ramadan: an hour behind the usual
		{"Asia/Beirut", "2026-03-29T00:00", "2026-03-28T22:00:00Z"},       // no midnight
		{"Pacific/Apia", "2026-03-04T09:00", "2026-03-03T20:00:00Z"},
		{"UTC", "2026-03-04T09:00", "2026-03-04T09:00:00Z"},
	} {
		local, err := time.Parse("2006-01-02T15:04", x.wall)
		if err != nil {
			t.Fatal(err)
		}
		if got := validation.Instant(local, zone(t, x.zone)).UTC().Format(time.RFC3339); got != x.want {
			t.Errorf("%s in %s is %s, want %s", x.wall, x.zone, got, x.want)
		}
	}
	// Whatever the clock shows is what comes back, every half hour of two years.
	for _, name := range []string{"America/New_York", "Europe/Brussels", "America/Santiago", "Australia/Lord_Howe", "Asia/Tehran", "Africa/Cairo"} {
		z := zone(t, name)
		for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2028; at = at.Add(30 * time.Minute) {
			l := at.In(z)
			local := time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)
			if got := validation.Instant(local, z); got.In(z).Format(time.DateTime) != l.Format(time.DateTime) || got.After(at) {
				t.Fatalf("%s at %s: %s comes back as %s", name, at, l, got.In(z))
			}
		}
	}
}

func TestSpanText(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, x := range []struct {
		zone, code string
		allDay     bool
		reader     string
		want       string
	}{
		{"America/Mexico_City", "2026-03-04T09:00/2026-03-04T17:00", false, "America/New_York",
			"Wed 4 March 2026, 09:00–17:00 (site time, Mexico City, UTC−6) · 10:00–18:00 your time (New York, UTC−5)"},
		{"America/New_York", "2026-03-04T09:00/2026-03-04T17:00", false, "America/New_York", "Wed 4 March 2026, 09:00–17:00 (site time, New York, UTC−5)"},
		{"Asia/Tokyo", "2026-03-04T09:00/2026-03-04T17:00", false, "America/New_York",
			"Wed 4 March 2026, 09:00–17:00 (site time, Tokyo, UTC+9) · Tue 3 March 2026, 19:00 to Wed 4 March 2026, 03:00 your time (New York, UTC−5)"},
		{"Asia/Kolkata", "2026-03-04T09:00/2026-03-05T16:00", false, "UTC",
			"Wed 4 March 2026, 09:00 to Thu 5 March 2026, 16:00 (site time, Kolkata, UTC+5:30) · Wed 4 March 2026, 03:30 to Thu 5 March 2026, 10:30 your time (UTC)"},
		{"America/New_York", "2026-03-07T09:00/2026-03-09T17:00", false, "America/New_York", "Sat 7 March 2026, 09:00 to Mon 9 March 2026, 17:00 (site time, New York, UTC−5, UTC−4)"},
		{"Europe/Brussels", "2026-03-04T00:00/2026-03-05T00:00", true, "America/New_York", "Wed 4 March 2026, all day (site time, Brussels, UTC+1)"},
		{"Asia/Tokyo", "2026-03-04T00:00/2026-03-06T00:00", true, "America/New_York", "Wed 4 March 2026 to Thu 5 March 2026, all day (site time, Tokyo, UTC+9)"},
	} {
		if got := span(t, x.zone, x.code, x.allDay).Text(ctx, zone(t, x.reader)); got != x.want {
			t.Errorf("%s:\n got %s\nwant %s", x.code, got, x.want)
		}
	}
	if s := (validation.Span{}).Text(ctx, time.UTC); s != "" {
		t.Errorf("no time is %q", s)
	}
	at := span(t, "UTC", "2026-03-04T09:00/2026-03-05T17:00", false)
	if got := fmt.Sprint(at.First(), " ", at.Last(), " ", at.Code()); got != "2026-03-04 2026-03-05 2026-03-04T09:00/2026-03-05T17:00" {
		t.Errorf("days: %s", got)
	}
}

// New rules of a zone move the instants of visits to come and leave the wall times: an
// instant that is an hour off stands for zone data of yesterday.
func TestRecompute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, owner := w.booked("Harbor Trading LLC", "2026-04-07")
	y, _ := w.booked("Second Company Inc", "2026-04-09")
	off := func(visit validation.Visit, booking bool) {
		w.Exec(`update visit set starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour' where id = ?`, visit.ID)
		if booking {
			w.Exec(`update booking set starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour' where visit_id = ?`, visit.ID)
		}
	}
	moved, err := w.s.Recompute(w.Ctx)
	w.Must(err)
	if len(moved) != 0 {
		t.Errorf("without a change %v moved", moved)
	}
	off(x, true)
	moved, err = w.s.Recompute(w.Ctx)
	w.Must(err)
	if len(moved) != 1 || moved[0].Place != "Head office" || moved[0].Problem != nil || !moved[0].Is.Equal(*x.StartsAt) {
		t.Fatalf("moved: %+v", moved)
	}
	got := w.visit(x.ID)
	if !got.StartsAt.Equal(*x.StartsAt) || !got.LocalFrom.Equal(*x.LocalFrom) || got.Sequence != x.Sequence+1 {
		t.Errorf("visit: %+v", got)
	}
	if n := w.Count(`select count(*)::int from booking where visit_id = $1 and state = 'confirmed' and starts_at = $2`, x.ID, *x.StartsAt); n != 1 {
		t.Error("the booking did not move along")
	}
	if what := w.Text(`select what from visit_time where visit_id = $1 order by id desc limit 1`, x.ID); what != "zone_changed" {
		t.Errorf("history: %s", what)
	}
	if got := w.letters(owner); !has(got, "validation_moved") {
		t.Errorf("letters: %s", got)
	}

	// The officer is busy at the new instants: the visit moves, and the team is for people to settle.
	off(y, true)
	w.Exec(`insert into booking (officer_id, kind, state, starts_at, ends_at, made_at, blocked) values (?, 'other', 'confirmed', ?::timestamptz - interval '10 minutes', ?::timestamptz - interval '5 minutes', ?, 'empty')`,
		w.Sam.PersonID, *y.StartsAt, *y.StartsAt, w.Clock.Now())
	w.Exec(`update booking set travel_before = 0 where visit_id = ?`, y.ID)
	w.Exec(`update visit set travel_before = 30 where id = ?`, y.ID)
	moved, err = w.s.Recompute(w.Ctx)
	w.Must(err)
	if len(moved) != 1 || moved[0].Problem == nil {
		t.Fatalf("with a clash: %+v", moved)
	}
	if got := w.visit(y.ID); !got.StartsAt.Equal(*y.StartsAt) {
		t.Error("the visit did not move")
	}
	if again, err := w.s.Recompute(w.Ctx); err != nil || len(again) != 0 {
		t.Errorf("a second time: %v, %v", again, err)
	}
}
