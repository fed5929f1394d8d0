package clock

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // the tests mean these zones, not those of the machine

	"github.com/jackc/pgx/v5/pgtype"
)

func day(t testing.TB, s string) Day {
	t.Helper()
	d, err := ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestParseDay(t *testing.T) {
	for _, s := range []string{"2026-03-04", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"} {
		if d := day(t, s); d.String() != s {
			t.Errorf("%s came back as %s", s, d)
		}
	}
	for _, s := range []string{"", "2026-3-4", "2026-02-29", "1900-02-29", "2026-13-01", "2026-04-31", "04/03/2026",
		"2026-03-04T00:00:00Z", " 2026-03-04", "0000-01-01", "12026-01-01", "infinity", "٢٠٢٦-٠٣-٠٤"} {
		if d, err := ParseDay(s); err == nil {
			t.Errorf("%q was taken for %s", s, d)
		}
	}
	if d, err := NewDay(2024, time.February, 29); err != nil || d.Year() != 2024 || d.Month() != time.February || d.DayOfMonth() != 29 {
		t.Errorf("NewDay: %v, %v", d, err)
	}
	if _, err := NewDay(2025, time.February, 29); err == nil {
		t.Error("NewDay took 29 February 2025")
	}
}

func FuzzParseDay(f *testing.F) {
	f.Add("2026-03-04")
	f.Add("2024-02-30")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDay(s); err == nil && (d.String() != s || d.IsZero()) {
			t.Errorf("%q became %q", s, d)
		}
	})
}

func TestAddMonthsAndYears(t *testing.T) {
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{
		{"2026-01-31", 1, "2026-02-28"}, // Reg. 1182/71 Art. 3(2)(c)
		{"2024-01-31", 1, "2024-02-29"},
		{"2026-03-31", 1, "2026-04-30"},
		{"2026-05-31", -3, "2026-02-28"},
		{"2026-12-31", 2, "2027-02-28"},
		{"2026-02-28", 1, "2026-03-28"}, // a last day does not stick to last days
		{"2026-11-15", 3, "2027-02-15"},
		{"2026-01-15", -1, "2025-12-15"},
		{"2026-03-03", 0, "2026-03-03"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2024-02-29", 48, "2028-02-29"},
		{"2096-02-29", 48, "2100-02-28"}, // 2100 is no leap year
	} {
		if got := day(t, c.from).AddMonths(c.months); got != day(t, c.want) {
			t.Errorf("%s + %d months = %s, want %s", c.from, c.months, got, c.want)
		}
	}
	if got := day(t, "2024-02-29").AddYears(1); got != day(t, "2025-02-28") {
		t.Errorf("29 February + 1 year = %s", got)
	}
	if got := day(t, "2025-02-28").AddYears(3); got != day(t, "2028-02-28") {
		t.Errorf("28 February + 3 years = %s", got)
	}
}

func TestAddDays(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-12-31", 1, "2027-01-01"},
		{"2024-02-28", 1, "2024-02-29"},
		{"2025-02-28", 1, "2025-03-01"},
		{"2026-01-01", -1, "2025-12-31"},
		{"2026-03-03", 90, "2026-06-01"},
		{"1970-01-01", -1, "1969-12-31"},
	} {
		from := day(t, c.from)
		got := from.AddDays(c.n)
		if got != day(t, c.want) || DaysBetween(from, got) != c.n {
			t.Errorf("%s + %d days = %s, want %s", c.from, c.n, got, c.want)
		}
		if from.Before(got) != (c.n > 0) || from.After(got) != (c.n < 0) || from.Compare(from) != 0 {
			t.Errorf("%s and %s compare wrongly", from, got)
		}
	}
	// Every day of 400 years follows the one before, and the weekday with it.
	d := day(t, "1900-01-01")
	for n := range 146097 {
		if next := d.AddDays(1); DaysBetween(d, next) != 1 || next.Weekday() != (d.Weekday()+1)%7 || day(t, next.String()) != next {
			t.Fatalf("day %d: %s is followed by %s", n, d, next)
		}
		d = d.AddDays(1)
	}
	if d != day(t, "2300-01-01") {
		t.Errorf("400 years end on %s", d)
	}
}

func TestStartAndEndOfDay(t *testing.T) {
	for _, c := range []struct {
		zone, day, start string
		hours            float64
	}{
		{"UTC", "2026-03-29", "2026-03-29T00:00:00Z", 24},
		{"America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", 23},
		{"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", 25},
		{"America/New_York", "2026-07-04", "2026-07-04T04:00:00Z", 24},
		{"Europe/Brussels", "2026-03-29", "2026-03-28T23:00:00Z", 23},
		{"Europe/Brussels", "2026-10-25", "2026-10-24T22:00:00Z", 25},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23}, // no midnight: 01:00
		{"America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", 25}, // 23:00 twice
		{"Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z", 23},       // no midnight
		{"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", 23},      // no midnight
		{"America/St_Johns", "2006-10-28", "2006-10-28T02:30:00Z", 25},  // back from 00:01 to 23:01
		{"America/St_Johns", "2006-10-29", "2006-10-29T03:30:00Z", 24},
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 25}, // midnight to one o'clock twice
		{"America/Havana", "2026-03-08", "2026-03-08T05:00:00Z", 23}, // no midnight
		{"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 23.5},
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", 24},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0}, // the day that Samoa left out
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 24},
		{"Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00:00Z", 24},
	} {
		d, z := day(t, c.day), zone(t, c.zone)
		start, end := d.Start(z), d.End(z)
		if !start.Equal(instant(t, c.start)) {
			t.Errorf("%s in %s starts %s, want %s", d, c.zone, start.UTC(), c.start)
		}
		if got := end.Sub(start).Hours(); got != c.hours {
			t.Errorf("%s in %s has %v hours, want %v", d, c.zone, got, c.hours)
		}
		if start.Equal(end) {
			continue
		}
		if DayOf(start, z) != d || DayOf(end.Add(-1), z) != d || DayOf(end, z) == d || DayOf(start.Add(-1), z) == d {
			t.Errorf("%s in %s: its first and last instants are not in it alone", d, c.zone)
		}
	}
	if !day(t, "2026-01-01").Start(nil).Equal(instant(t, "2026-01-01T00:00:00Z")) {
		t.Error("a nil zone is not UTC")
	}
}

func TestDayOf(t *testing.T) {
	for _, c := range []struct{ at, zone, want string }{
		{"2026-03-04T04:30:00Z", "America/New_York", "2026-03-03"}, // 23:30 at the office
		{"2026-03-03T23:30:00Z", "Europe/Brussels", "2026-03-04"},  // 00:30 at the office
		{"2026-12-31T23:30:00Z", "Europe/Brussels", "2027-01-01"},
		{"2026-03-04T04:59:59Z", "America/New_York", "2026-03-03"},
		{"2026-03-04T05:00:00Z", "America/New_York", "2026-03-04"},
		{"2006-10-29T02:30:30Z", "America/St_Johns", "2006-10-28"}, // first showing of 00:00:30
	} {
		if got := DayOf(instant(t, c.at), zone(t, c.zone)); got != day(t, c.want) {
			t.Errorf("%s in %s is %s, want %s", c.at, c.zone, got, c.want)
		}
	}
	if DayOf(instant(t, "2026-03-04T23:59:59Z"), nil) != day(t, "2026-03-04") {
		t.Error("a nil zone is not UTC")
	}
}

// Days divide time without gaps or overlaps, in zones with every kind of oddity.
func TestDaysDivideTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"UTC", "America/New_York", "Europe/Brussels", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo",
		"America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein", "Asia/Tehran", "America/Havana", "Asia/Gaza", "Antarctica/Troll"} {
		z := zone(t, name)
		var probes []time.Time
		for range 500 {
			probes = append(probes, time.Unix(rng.Int64N(150*365*secondsPerDay)-60*365*secondsPerDay, 0))
		}
		// Around each change of the clocks from 1910 to 2050.
		for at := time.Date(1910, 1, 1, 0, 0, 0, 0, z); ; {
			_, next := at.ZoneBounds()
			if next.IsZero() || next.Year() > 2050 {
				break
			}
			if !next.After(at) { // Go's bounds stop short on 31 December of a leap year after 2037
				next = at.Add(48 * time.Hour)
			}
			for _, off := range []time.Duration{-25 * time.Hour, -time.Hour, -time.Second, -1, 0, 1, time.Second, 30 * time.Minute, time.Hour, 25 * time.Hour} {
				probes = append(probes, next.Add(off))
			}
			at = next
		}
		for _, at := range probes {
			d := DayOf(at, z)
			if at.Before(d.Start(z)) || !at.Before(d.End(z)) {
				t.Errorf("%s in %s: %s is not in %s to %s", name, d, at.UTC(), d.Start(z).UTC(), d.End(z).UTC())
			}
			if wall := civil(at.In(z)); wall != d && wall != d.AddDays(1) {
				t.Errorf("%s: the wall shows %s and the day is %s", name, wall, d)
			}
		}
	}
}

func TestDayInJSON(t *testing.T) {
	type record struct {
		Due  Day `json:"due"`
		Done Day `json:"done"`
	}
	in := record{Due: day(t, "2026-06-10")}
	b, err := json.Marshal(in)
	if err != nil || string(b) != `{"due":"2026-06-10","done":null}` {
		t.Fatalf("%s, %v", b, err)
	}
	out := record{Done: day(t, "2020-01-01")}
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Errorf("%+v, %v", out, err)
	}
	for _, bad := range []string{`{"due":20260610}`, `{"due":"10 June 2026"}`, `{"due":""}`} {
		if err := json.Unmarshal([]byte(bad), &out); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestDayInTheDatabase(t *testing.T) {
	d := day(t, "2026-06-10")
	if v, err := d.Value(); err != nil || v != "2026-06-10" {
		t.Errorf("%v, %v", v, err)
	}
	if v, err := (Day{}).Value(); err != nil || v != nil {
		t.Errorf("no day: %v, %v", v, err)
	}
	for _, src := range []any{"2026-06-10", []byte("2026-06-10"), instant(t, "2026-06-10T00:00:00Z"),
		time.Date(2026, 6, 10, 0, 0, 0, 0, zone(t, "America/New_York"))} {
		var got Day
		if err := got.Scan(src); err != nil || got != d {
			t.Errorf("%v: %s, %v", src, got, err)
		}
	}
	got := d
	if err := got.Scan(nil); err != nil || !got.IsZero() {
		t.Errorf("NULL: %s, %v", got, err)
	}
	for _, src := range []any{"infinity", 20260610, instant(t, "2026-06-10T04:00:00Z"), []byte("x")} {
		if err := new(Day).Scan(src); err == nil {
			t.Errorf("%v was taken", src)
		}
	}
}

// The driver's own codec writes and reads a Day as a date, in both wire formats.
func TestDayWithPgx(t *testing.T) {
	m := pgtype.NewMap()
	for _, d := range []Day{day(t, "2026-06-10"), day(t, "1969-12-31"), day(t, "2024-02-29"), {}} {
		wire, err := m.Encode(pgtype.DateOID, pgtype.TextFormatCode, d, nil)
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		var got Day
		if err := m.Scan(pgtype.DateOID, pgtype.TextFormatCode, wire, &got); err != nil || got != d {
			t.Errorf("text: %s came back as %s, %v", d, got, err)
		}
		var binary []byte
		if !d.IsZero() {
			if binary, err = m.Encode(pgtype.DateOID, pgtype.BinaryFormatCode, d.Time(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Scan(pgtype.DateOID, pgtype.BinaryFormatCode, binary, &got); err != nil || got != d {
			t.Errorf("binary: %s came back as %s, %v", d, got, err)
		}
	}
}

func TestDayText(t *testing.T) {
	ctx := context.Background()
	if s := day(t, "2026-03-04").Text(ctx); s != "4 March 2026" {
		t.Error(s)
	}
	if s := (Day{}).Text(ctx) + (Day{}).String(); s != "–" {
		t.Error(s)
	}
}

func TestTerm(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		term Term
		text string
	}{
		{Term{90, CalendarDays}, "90 calendar days"},
		{Term{1, CalendarDays}, "1 calendar day"},
		{Term{10, BusinessDays}, "10 business days"},
		{Term{1, BusinessDays}, "1 business day"},
		{Term{1, Months}, "1 month"},
		{Term{6, Months}, "6 months"},
		{Term{1, Years}, "1 year"},
		{Term{4, Years}, "4 years"},
		{Term{0, CalendarDays}, "0 calendar days"},
	} {
		if err := c.term.Check(); err != nil {
			t.Error(err)
		}
		if got := c.term.Text(ctx); got != c.text {
			t.Errorf("%q, want %q", got, c.text)
		}
	}
	for _, bad := range []Term{{}, {30, "days"}, {-1, CalendarDays}, {36601, BusinessDays}, {1201, Months}, {101, Years}} {
		if bad.Check() == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown unit gave a date")
		}
	}()
	Run{Started: instant(t, "2026-03-03T12:00:00Z"), Term: Term{30, "days"}}.Read(instant(t, "2026-03-04T12:00:00Z"), nil)
}
