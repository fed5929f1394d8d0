package clock

import (
	"bytes"
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"trustedtrader/app/i18n"
)

// Day is a civil date: a square on the wall calendar, with no hour and no zone.
// Legal periods are counted in days, so they are counted in these and not in
// multiples of 24 hours, which go wrong twice a year. The zero Day means "none";
// it is NULL in the database and null in JSON. Days compare with ==.
type Day struct {
	year  int
	month time.Month
	day   int
}

const isoDay = "2006-01-02"

// ParseDay reads a day written as 2026-03-04. Anything else, and a date that does
// not exist such as 2026-02-29, is an error.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(isoDay, s)
	if err != nil || len(s) != len(isoDay) || t.Year() < 1 {
		return Day{}, fmt.Errorf("%q is not a date of the form 2026-03-04", s)
	}
	return civil(t), nil
}

// NewDay makes a day of its parts; a date that does not exist is an error.
func NewDay(year int, month time.Month, day int) (Day, error) {
	return ParseDay(fmt.Sprintf("%04d-%02d-%02d", year, int(month), day))
}

// DayOf is the day in which an instant falls in a zone; a nil zone is UTC.
//
// Days divide time without gaps or overlaps: DayOf(t, z) == d exactly when t is
// not before d.Start(z) and is before d.End(z). That differs from the wall clock
// only where a zone once went back across midnight and so showed a minute of the
// next day twice (Newfoundland until 2011): the day lasts until it has ended for good.
func DayOf(t time.Time, zone *time.Location) Day {
	d := civil(t.In(orUTC(zone)))
	for t.Before(d.Start(zone)) {
		d = d.AddDays(-1)
	}
	return d
}

func civil(t time.Time) Day {
	y, m, d := t.Date()
	return Day{y, m, d}
}

func orUTC(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// Start is the first instant of the day in a zone; a nil zone is UTC. Usually that
// is midnight, but where clocks go forward at midnight (Beirut, Cairo, São Paulo
// until 2018) the day begins at one o'clock, and a date that a zone left out
// (Samoa, 30 December 2011) begins and ends at the same instant.
func (d Day) Start(zone *time.Location) time.Time {
	zone = orUTC(zone)
	midnight := time.Unix(d.serial()*secondsPerDay, 0).In(zone) // as UTC; an offset moves it
	// No zone was ever 16 hours from UTC, so from here on the date is reached. Walk
	// back through the periods of constant offset to the last one that began before it.
	t := midnight.Add(16 * time.Hour)
	for {
		begin, _ := t.ZoneBounds()
		_, offset := t.Zone()
		start := midnight.Add(-time.Duration(offset) * time.Second)
		switch {
		case start.After(t):
			return t.Add(1) // skipped by the change at the end of this period
		case begin.IsZero() || start.After(begin):
			return start
		}
		t = begin.Add(-1)
	}
}

// End is the instant at which the day is over in a zone: the start of the next day.
// What happens at that very instant is no longer in the day.
func (d Day) End(zone *time.Location) time.Time { return d.AddDays(1).Start(zone) }

// Time is midnight UTC of the day, for functions that format a time.Time. It is not
// an instant to compare with: see Start and End.
func (d Day) Time() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC)
}

const secondsPerDay = 24 * 60 * 60

// serial numbers the days, 1 January 1970 being 0.
func (d Day) serial() int64 {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
}

// Year of the day.
func (d Day) Year() int { return d.year }

// Month of the day.
func (d Day) Month() time.Month { return d.month }

// DayOfMonth, from 1.
func (d Day) DayOfMonth() int { return d.day }

// Weekday of the day.
func (d Day) Weekday() time.Weekday { return d.Time().Weekday() }

// IsZero reports whether d is no day at all.
func (d Day) IsZero() bool { return d == Day{} }

// Compare is -1, 0 or 1 as d is before, the same as or after other.
func (d Day) Compare(other Day) int {
	return cmp.Or(cmp.Compare(d.year, other.year), cmp.Compare(d.month, other.month), cmp.Compare(d.day, other.day))
}

// Before reports whether d is an earlier day than other.
func (d Day) Before(other Day) bool { return d.Compare(other) < 0 }

// After reports whether d is a later day than other.
func (d Day) After(other Day) bool { return d.Compare(other) > 0 }

// AddDays is the day n days later, or earlier when n is negative.
func (d Day) AddDays(n int) Day {
	if to := d.day + n; to >= 1 && to <= 28 { // within any month; clocks walk day by day
		return Day{d.year, d.month, to}
	}
	return civil(time.Date(d.year, d.month, d.day+n, 0, 0, 0, 0, time.UTC))
}

// AddMonths is the same day of the month n months later, or the last day of that
// month when it has no such day: 31 January + 1 month = 28 or 29 February. That is
// Article 3(2)(c) of Regulation (EEC, Euratom) No 1182/71 and the usual American
// reading of "month"; Go's own AddDate would give 2 or 3 March.
//
// Clipping does not undo itself: 31 January + 1 month + 1 month is 28 March. Count
// from the event each time, never from the last result.
func (d Day) AddMonths(n int) Day {
	first := time.Date(d.year, d.month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Day{first.Year(), first.Month(), min(d.day, last)}
}

// AddYears is the same date n years later; 29 February becomes 28 February in a
// year without one, by the same rule as AddMonths.
func (d Day) AddYears(n int) Day { return d.AddMonths(12 * n) }

// DaysBetween is the number of days from one day to another: 1 from a day to the
// next, negative when to is the earlier one.
func DaysBetween(from, to Day) int { return int(to.serial() - from.serial()) }

// String writes the day as 2026-03-04, and the zero Day as nothing.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.year, int(d.month), d.day)
}

// Text is the day for a person to read: "4 March 2026".
func (d Day) Text(ctx context.Context) string { return i18n.Date(ctx, d.Time()) }

// MarshalJSON writes "2026-03-04", or null for the zero Day.
func (d Day) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(d.String())
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Day) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		*d = Day{}
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("read a date: %w", err)
	}
	var err error
	*d, err = ParseDay(s)
	return err
}

// Value gives the day to a column of type date. It is text, so that neither the
// process's nor the session's zone can move it.
func (d Day) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

// Scan takes a day from a column of type date. An instant from a timestamp column
// is refused unless it is a midnight: choose the zone with DayOf instead.
func (d *Day) Scan(src any) error {
	var err error
	switch v := src.(type) {
	case nil:
		*d = Day{}
	case time.Time:
		if v.Hour() != 0 || v.Minute() != 0 || v.Second() != 0 || v.Nanosecond() != 0 {
			return fmt.Errorf("read a date: %s has a time of day", v.Format(time.RFC3339Nano))
		}
		*d = civil(v)
	case string:
		*d, err = ParseDay(v)
	case []byte:
		*d, err = ParseDay(string(v))
	default:
		err = fmt.Errorf("read a date: cannot take a %T", src)
	}
	return err
}

// Unit is what a term is counted in.
type Unit string

// The units. Business days are those of the office's calendar.
const (
	CalendarDays Unit = "calendar_days"
	BusinessDays Unit = "business_days"
	Months       Unit = "months"
	Years        Unit = "years"
)

// Term is the length of a legal period as the programme's data gives it.
type Term struct {
	Amount int  `json:"amount" yaml:"amount"`
	Unit   Unit `json:"unit" yaml:"unit"`
}

// maxAmount keeps a slip of the pen in the data from becoming a date after 9999.
const maxAmount = 36600

// Check refuses a term that no clock can run on: no unit, a negative or an absurd amount.
func (t Term) Check() error {
	switch t.Unit {
	case CalendarDays, BusinessDays, Months, Years:
	default:
		return fmt.Errorf("%q is not a unit of time: use %s, %s, %s or %s", t.Unit, CalendarDays, BusinessDays, Months, Years)
	}
	if t.Amount < 0 || t.Amount > maxAmount || (t.Unit == Months && t.Amount > 1200) || (t.Unit == Years && t.Amount > 100) {
		return fmt.Errorf("%d %s is not a term: it is negative or longer than 100 years", t.Amount, t.Unit)
	}
	return nil
}

// Text is the term for a person to read: "90 calendar days".
func (t Term) Text(ctx context.Context) string {
	switch t.Unit {
	case BusinessDays:
		return i18n.N(ctx, "%d business day", "%d business days", t.Amount)
	case Months:
		return i18n.N(ctx, "%d month", "%d months", t.Amount)
	case Years:
		return i18n.N(ctx, "%d year", "%d years", t.Amount)
	default:
		return i18n.N(ctx, "%d calendar day", "%d calendar days", t.Amount)
	}
}

// last is the last day of the term when it runs undisturbed from the day of the event.
func (t Term) last(event Day, cal *Calendar) Day {
	n := max(0, t.Amount)
	switch t.Unit {
	case BusinessDays:
		return cal.add(event, n)
	case Months:
		return event.AddMonths(n)
	case Years:
		return event.AddYears(n)
	case CalendarDays:
		return event.AddDays(n)
	default:
		panic(fmt.Sprintf("clock: %q is not a unit of time", t.Unit)) // no date is better than a wrong one
	}
}

// after is the last day of the term that follows start when months and years are counted
// from an anchor: 29 February, then the 28th, and the 29th again. Without an anchor, or
// in days, it is the plain one.
func (t Term) after(anchor, start, plain Day) Day {
	months := map[Unit]int{Months: t.Amount, Years: 12 * t.Amount}[t.Unit]
	if anchor.IsZero() || months <= 0 {
		return plain
	}
	for n := months; ; n += months {
		if d := anchor.AddMonths(n); d.After(start) {
			return d
		}
	}
}
