package validation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
)

// wall is how a wall time is written in forms and addresses.
const wall = "2006-01-02T15:04"

// Span is a time at a site. People agree on the wall time there; the instants follow from
// it and from the zone, and are computed again when zone data change.
type Span struct {
	LocalFrom, LocalTo time.Time // wall time at the site, written as UTC; of whole days from midnight to midnight
	StartsAt, EndsAt   time.Time
	Zone               *time.Location
	AllDay             bool // whole days of the site's calendar
}

// SpanOf computes the instants of a wall time in a zone.
func SpanOf(from, to time.Time, zone *time.Location, allDay bool) Span {
	return Span{LocalFrom: from, LocalTo: to, StartsAt: Instant(from, zone), EndsAt: Instant(to, zone), Zone: zone, AllDay: allDay}
}

// Instant is when a clock on the wall of a zone shows a time (written as UTC). What it
// shows twice, when clocks go back, is the first of the two; what it never shows, when they
// go forward, counts as if they had not (RFC 5545, 3.3.5).
func Instant(local time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	local = time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	_, before := local.Add(-24 * time.Hour).In(zone).Zone()
	_, after := local.Add(24 * time.Hour).In(zone).Zone()
	first := local.Add(-time.Duration(before) * time.Second)
	if shows(first, local, zone) {
		return first
	}
	if second := local.Add(-time.Duration(after) * time.Second); shows(second, local, zone) {
		return second
	}
	return first
}

func shows(at, local time.Time, zone *time.Location) bool {
	t := at.In(zone)
	return t.Year() == local.Year() && t.YearDay() == local.YearDay() && t.Hour() == local.Hour() && t.Minute() == local.Minute()
}

// IsZero reports whether there is no time.
func (s Span) IsZero() bool { return s.StartsAt.IsZero() }

// First is the first day at the site.
func (s Span) First() clock.Day { return clock.DayOf(s.LocalFrom, time.UTC) }

// Last is the last day at the site.
func (s Span) Last() clock.Day {
	return clock.DayOf(s.LocalTo.Add(-time.Minute), time.UTC)
}

// Code names the span in forms: 2026-03-04T09:00/2026-03-04T17:00.
func (s Span) Code() string { return s.LocalFrom.Format(wall) + "/" + s.LocalTo.Format(wall) }

// ParseSpan reads what Code writes.
func ParseSpan(code string, zone *time.Location, allDay bool) (Span, bool) {
	from, to, ok := strings.Cut(code, "/")
	if !ok {
		return Span{}, false
	}
	begin, err := time.Parse(wall, from)
	if err != nil {
		return Span{}, false
	}
	end, err := time.Parse(wall, to)
	if err != nil || !end.After(begin) {
		return Span{}, false
	}
	return SpanOf(begin, end, zone, allDay), true
}

// Equal reports whether two spans are the same time at the site.
func (s Span) Equal(o Span) bool {
	return s.LocalFrom.Equal(o.LocalFrom) && s.LocalTo.Equal(o.LocalTo) && s.AllDay == o.AllDay
}

// Site is the time at the site for a person to read: "Wed 4 March 2026, 09:00–17:00 (site
// time, Mexico City, UTC−6)". Zones are named by a city and their distance from UTC, for
// abbreviations mean several zones.
func (s Span) Site(ctx context.Context) string {
	if s.IsZero() {
		return ""
	}
	return i18n.T(ctx, "%s (site time, %s)", s.Wall(ctx), ZoneText(s.StartsAt, s.EndsAt, s.Zone))
}

// Wall is Site without the zone.
func (s Span) Wall(ctx context.Context) string {
	switch {
	case s.IsZero():
		return ""
	case s.AllDay && s.First() == s.Last():
		return i18n.T(ctx, "%s, all day", dayText(ctx, s.LocalFrom))
	case s.AllDay:
		return i18n.T(ctx, "%s to %s, all day", dayText(ctx, s.LocalFrom), dayText(ctx, s.LocalTo.Add(-time.Minute)))
	}
	return period(ctx, s.LocalFrom, s.LocalTo, true)
}

// Yours is the time for a reader elsewhere: "10:00–18:00 your time (New York, UTC−5)", with the
// date where it differs. Empty when the reader's clock shows the same, for a zone that is
// not known, and for whole days, which are those of the site.
func (s Span) Yours(ctx context.Context, zone *time.Location) string {
	if s.IsZero() || zone == nil || s.AllDay {
		return ""
	}
	from, to := asWall(s.StartsAt, zone), asWall(s.EndsAt, zone)
	if from.Equal(s.LocalFrom) && to.Equal(s.LocalTo) {
		return ""
	}
	dated := clock.DayOf(from, time.UTC) != clock.DayOf(s.LocalFrom, time.UTC) || clock.DayOf(to, time.UTC) != clock.DayOf(s.LocalTo, time.UTC)
	return i18n.T(ctx, "%s your time (%s)", period(ctx, from, to, dated), ZoneText(s.StartsAt, s.EndsAt, zone))
}

// Text is Site and Yours on one line.
func (s Span) Text(ctx context.Context, zone *time.Location) string {
	text := s.Site(ctx)
	if yours := s.Yours(ctx, zone); yours != "" {
		text += " · " + yours
	}
	return text
}

// period writes two wall times, with the day of the second where it is another.
func period(ctx context.Context, from, to time.Time, dated bool) string {
	same := clock.DayOf(from, time.UTC) == clock.DayOf(to, time.UTC)
	switch {
	case !same:
		return i18n.T(ctx, "%s, %s to %s, %s", dayText(ctx, from), from.Format("15:04"), dayText(ctx, to), to.Format("15:04"))
	case dated:
		return i18n.T(ctx, "%s, %s–%s", dayText(ctx, from), from.Format("15:04"), to.Format("15:04"))
	}
	return from.Format("15:04") + "–" + to.Format("15:04")
}

// dayText is "Wed 4 March 2026".
func dayText(ctx context.Context, t time.Time) string {
	names := [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	return i18n.T(ctx, names[t.Weekday()]) + " " + i18n.Date(ctx, t)
}

func asWall(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// City is the name of a zone that people know: the city in it.
func City(zone *time.Location) string {
	if zone == nil {
		return "UTC"
	}
	name := zone.String()
	return strings.ReplaceAll(name[strings.LastIndex(name, "/")+1:], "_", " ")
}

// ZoneText names a zone at a time: "Mexico City, UTC−6". Where clocks change in between, it
// names both distances.
func ZoneText(from, to time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	a, b := Offset(from, zone), Offset(to, zone)
	if City(zone) == "UTC" {
		return "UTC"
	}
	if a != b {
		a += ", " + b
	}
	return City(zone) + ", " + a
}

// Offset is the distance of a zone from UTC at an instant: "UTC−6", "UTC+5:30", "UTC".
func Offset(t time.Time, zone *time.Location) string {
	_, seconds := t.In(zone).Zone()
	if seconds == 0 {
		return "UTC"
	}
	sign := "+"
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	text := fmt.Sprintf("UTC%s%d", sign, seconds/3600)
	if m := seconds / 60 % 60; m != 0 {
		text += fmt.Sprintf(":%02d", m)
	}
	return text
}
