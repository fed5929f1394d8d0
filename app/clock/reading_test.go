package clock

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"trustedtrader/app/i18n"
)

var calendarDays90 = Term{90, CalendarDays}

func pause(t testing.TB, from, to, reason string) Pause {
	t.Helper()
	p := Pause{From: instant(t, from), Reason: reason}
	if to != "" {
		end := instant(t, to)
		p.To = &end
	}
	return p
}

func stop(t testing.TB, s string) *time.Time {
	t.Helper()
	at := instant(t, s)
	return &at
}

func check(t testing.TB, what string, got Reading, state State, target, due string, used, paused, left int) {
	t.Helper()
	if got.State != state || got.TargetDay.String() != target || got.DueDay.String() != due ||
		got.DaysUsed != used || got.DaysPaused != paused || got.DaysLeft != left {
		t.Errorf("%s: %s, target %s, due %s, used %d, paused %d, left %d\nwant %s, %s, %s, %d, %d, %d", what,
			got.State, got.TargetDay, got.DueDay, got.DaysUsed, got.DaysPaused, got.DaysLeft, state, target, due, used, paused, left)
	}
}

// The page's own example: started 3 March 2026, 90 calendar days, paused 10 to 18 March.
func TestTheExampleOfThePage(t *testing.T) {
	ctx := context.Background()
	r := Run{
		Started: instant(t, "2026-03-03T14:02:00-05:00"), Zone: zone(t, "America/New_York"), Term: calendarDays90, WarnDays: 14,
		Pauses: []Pause{pause(t, "2026-03-10T09:00:00-04:00", "2026-03-19T10:00:00-04:00", "information requested")},
	}
	rd := r.Read(instant(t, "2026-03-24T12:00:00-04:00"), nil)
	check(t, "24 March", rd, Running, "2026-06-01", "2026-06-10", 12, 9, 78)
	if got := rd.Summary(ctx); got != "12 of 90 days used; paused 9 days" {
		t.Error(got)
	}
	want := []string{
		"Started 3 March 2026. The day itself does not count.",
		"Target: 90 calendar days, 1 June 2026.",
		"Paused 9 days (information requested, 10 March 2026 to 18 March 2026).",
		"Now due 10 June 2026.",
	}
	if got := rd.Arithmetic(ctx); !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if !rd.DueInstant.Equal(instant(t, "2026-06-11T00:00:00-04:00")) || !rd.Covered || rd.DaysAllowed != 90 {
		t.Errorf("ends %s, covered %v, allowed %d", rd.DueInstant, rd.Covered, rd.DaysAllowed)
	}

	for _, c := range []struct {
		now                string
		state              State
		due                string
		used, paused, left int
		summary            string
	}{
		{"2026-03-03T23:59:59-05:00", Running, "2026-06-01", 0, 0, 90, "0 of 90 days used"},
		{"2026-03-10T08:59:59-04:00", Running, "2026-06-01", 7, 0, 83, "7 of 90 days used"},
		{"2026-03-10T09:00:00-04:00", Paused, "2026-06-02", 6, 1, 84, "6 of 90 days used; paused 1 day"},
		{"2026-03-18T23:59:59-04:00", Paused, "2026-06-10", 6, 9, 84, "6 of 90 days used; paused 9 days"},
		{"2026-03-19T09:59:59-04:00", Paused, "2026-06-11", 6, 10, 84, "6 of 90 days used; paused 10 days"},
		{"2026-03-19T10:00:00-04:00", Running, "2026-06-10", 7, 9, 83, "7 of 90 days used; paused 9 days"},
		{"2026-05-26T12:00:00-04:00", Running, "2026-06-10", 75, 9, 15, "75 of 90 days used; paused 9 days"},
		{"2026-05-27T00:00:00-04:00", DueSoon, "2026-06-10", 76, 9, 14, "76 of 90 days used; paused 9 days"},
		{"2026-06-10T23:59:59-04:00", DueSoon, "2026-06-10", 90, 9, 0, "90 of 90 days used; paused 9 days"},
		{"2026-06-11T00:00:00-04:00", Overdue, "2026-06-10", 91, 9, -1, "90 of 90 days used; paused 9 days; 1 day overdue"},
		{"2026-06-12T00:00:00-04:00", Overdue, "2026-06-10", 92, 9, -2, "90 of 90 days used; paused 9 days; 2 days overdue"},
	} {
		rd := r.Read(instant(t, c.now), nil)
		check(t, c.now, rd, c.state, "2026-06-01", c.due, c.used, c.paused, c.left)
		if got := rd.Summary(ctx); got != c.summary {
			t.Errorf("%s: %s", c.now, got)
		}
	}
}

// Each rule of the law once, with dates that were counted by hand.
func TestTheRules(t *testing.T) {
	ny, brussels := zone(t, "America/New_York"), zone(t, "Europe/Brussels")
	us, be := calendar(t, "us-federal"), calendar(t, "be")
	for _, c := range []struct {
		name        string
		run         Run
		cal         *Calendar
		target, due string
		rolled      string
	}{
		{"Art. 3(1): the day of the event does not count", Run{Started: instant(t, "2026-03-03T00:00:00Z"), Term: Term{1, CalendarDays}}, nil, "2026-03-04", "2026-03-04", ""},
		{"Art. 3(2)(c): the same date of the next month", Run{Started: instant(t, "2026-03-03T12:00:00Z"), Term: Term{1, Months}}, nil, "2026-04-03", "2026-04-03", ""},
		{"Art. 3(2)(c): no such date", Run{Started: instant(t, "2026-01-31T12:00:00Z"), Term: Term{1, Months}}, nil, "2026-02-28", "2026-02-28", ""},
		{"leap day + 1 year", Run{Started: instant(t, "2024-02-29T12:00:00Z"), Term: Term{1, Years}}, nil, "2025-02-28", "2025-02-28", ""},
		{"leap day + 4 years", Run{Started: instant(t, "2024-02-29T12:00:00Z"), Term: Term{4, Years}}, nil, "2028-02-29", "2028-02-29", ""},
		{"revalidation, 4 years over a leap day", Run{Started: instant(t, "2026-03-03T12:00:00Z"), Term: Term{4, Years}}, nil, "2030-03-03", "2030-03-03", ""},
		{"30 days over the leap day", Run{Started: instant(t, "2024-02-10T12:00:00Z"), Term: Term{30, CalendarDays}}, nil, "2024-03-11", "2024-03-11", ""},
		{"30 days over the end of the year", Run{Started: instant(t, "2026-12-15T12:00:00Z"), Term: Term{30, CalendarDays}}, nil, "2027-01-14", "2027-01-14", ""},
		{"23:30 at the office is tomorrow in UTC", Run{Started: instant(t, "2026-03-03T23:30:00-05:00"), Zone: ny, Term: Term{30, CalendarDays}}, nil, "2026-04-02", "2026-04-02", ""},
		{"00:30 at the office is yesterday in UTC", Run{Started: instant(t, "2026-03-04T00:30:00+01:00"), Zone: brussels, Term: Term{30, CalendarDays}}, nil, "2026-04-03", "2026-04-03", ""},
		{"Art. 3(3): holidays count", Run{Started: instant(t, "2026-12-23T12:00:00Z"), Term: Term{2, CalendarDays}}, us, "2026-12-25", "2026-12-25", ""},
		{"Art. 3(4): Saturday to Monday", Run{Started: instant(t, "2026-04-16T12:00:00Z"), Zone: brussels, Term: Term{30, CalendarDays}, RollForward: true}, be, "2026-05-16", "2026-05-18", "2026-05-16"},
		{"Art. 3(4): Saturday, Sunday, Whit Monday to Tuesday", Run{Started: instant(t, "2026-04-23T12:00:00Z"), Zone: brussels, Term: Term{1, Months}, RollForward: true}, be, "2026-05-23", "2026-05-26", "2026-05-23"},
		{"Art. 3(4): a holiday in the week", Run{Started: instant(t, "2026-04-14T12:00:00Z"), Zone: brussels, Term: Term{30, CalendarDays}, RollForward: true}, be, "2026-05-14", "2026-05-15", "2026-05-14"},
		{"Art. 3(4): a business day stays", Run{Started: instant(t, "2026-04-13T12:00:00Z"), Zone: brussels, Term: Term{30, CalendarDays}, RollForward: true}, be, "2026-05-13", "2026-05-13", ""},
		{"no rolling unless told", Run{Started: instant(t, "2026-04-16T12:00:00Z"), Zone: brussels, Term: Term{30, CalendarDays}}, be, "2026-05-16", "2026-05-16", ""},
		{"business days over Memorial Day", Run{Started: instant(t, "2026-05-21T12:00:00-04:00"), Zone: ny, Term: Term{10, BusinessDays}}, us, "2026-06-05", "2026-06-05", ""},
		{"business days from a Saturday", Run{Started: instant(t, "2026-05-23T12:00:00-04:00"), Zone: ny, Term: Term{1, BusinessDays}, RollForward: true}, us, "2026-05-26", "2026-05-26", ""},
		{"DA 28(1): 120 days, extended by 60", Run{Started: instant(t, "2026-02-02T12:00:00+01:00"), Zone: brussels, Term: Term{120, CalendarDays}, ExtensionDays: 60}, be, "2026-06-02", "2026-08-01", ""},
		{"extended, then rolled", Run{Started: instant(t, "2026-02-02T12:00:00+01:00"), Zone: brussels, Term: Term{120, CalendarDays}, ExtensionDays: 60, RollForward: true}, be, "2026-06-02", "2026-08-03", "2026-08-01"},
		{"business days extended", Run{Started: instant(t, "2026-05-21T12:00:00-04:00"), Zone: ny, Term: Term{1, BusinessDays}, ExtensionDays: 1}, us, "2026-05-22", "2026-05-26", ""},
		{"months extended by days", Run{Started: instant(t, "2026-01-31T12:00:00Z"), Term: Term{1, Months}, ExtensionDays: 5}, nil, "2026-02-28", "2026-03-05", ""},
		{"a period is never cut", Run{Started: instant(t, "2026-03-03T12:00:00Z"), Term: Term{30, CalendarDays}, ExtensionDays: -10}, nil, "2026-04-02", "2026-04-02", ""},
		{"at once", Run{Started: instant(t, "2026-03-03T12:00:00Z"), Term: Term{0, CalendarDays}}, nil, "2026-03-03", "2026-03-03", ""},
		{"at once, on a Sunday", Run{Started: instant(t, "2026-03-01T12:00:00Z"), Term: Term{0, BusinessDays}, RollForward: true}, us, "2026-03-01", "2026-03-02", "2026-03-01"},
	} {
		rd := c.run.Read(c.run.Started, c.cal)
		if rd.TargetDay.String() != c.target || rd.DueDay.String() != c.due || rd.RolledFrom.String() != c.rolled || !rd.Covered {
			t.Errorf("%s: target %s, due %s, rolled from %q, covered %v", c.name, rd.TargetDay, rd.DueDay, rd.RolledFrom, rd.Covered)
		}
		if rd.DaysUsed != 0 || rd.DaysLeft < 0 {
			t.Errorf("%s: at the start %d used, %d left", c.name, rd.DaysUsed, rd.DaysLeft)
		}
	}
}

// Daylight saving moves the instant at which a day ends, never the day.
func TestDeadlineAcrossClockChanges(t *testing.T) {
	for _, c := range []struct{ zone, started, due, ends string }{
		{"America/New_York", "2026-03-06T23:30:00-05:00", "2026-03-08", "2026-03-09T00:00:00-04:00"}, // last day has 23 hours
		{"America/New_York", "2026-03-07T12:00:00-05:00", "2026-03-09", "2026-03-10T00:00:00-04:00"},
		{"America/New_York", "2026-10-30T23:30:00-04:00", "2026-11-01", "2026-11-02T00:00:00-05:00"}, // last day has 25 hours
		{"Europe/Brussels", "2026-03-27T00:30:00+01:00", "2026-03-29", "2026-03-30T00:00:00+02:00"},
		{"Europe/Brussels", "2026-10-23T23:59:59+02:00", "2026-10-25", "2026-10-26T00:00:00+01:00"},
		{"Asia/Beirut", "2026-03-26T12:00:00+02:00", "2026-03-28", "2026-03-29T01:00:00+03:00"}, // there is no midnight
		{"America/Sao_Paulo", "2018-11-01T12:00:00-03:00", "2018-11-03", "2018-11-04T01:00:00-02:00"},
	} {
		r := Run{Started: instant(t, c.started), Zone: zone(t, c.zone), Term: Term{2, CalendarDays}}
		rd := r.Read(r.Started, nil)
		if rd.DueDay != day(t, c.due) || !rd.DueInstant.Equal(instant(t, c.ends)) {
			t.Errorf("%s from %s: due %s, ends %s", c.zone, c.started, rd.DueDay, rd.DueInstant)
		}
		if before, at := r.Read(rd.DueInstant.Add(-1), nil), r.Read(rd.DueInstant, nil); before.State != DueSoon || at.State != Overdue {
			t.Errorf("%s from %s: %s, then %s", c.zone, c.started, before.State, at.State)
		}
	}
}

func TestPauses(t *testing.T) {
	base := Run{Started: instant(t, "2026-03-03T12:00:00Z"), Term: Term{30, CalendarDays}} // target 2 April
	now := "2026-03-20T12:00:00Z"                                                          // day 17
	for _, c := range []struct {
		name   string
		pauses []Pause
		state  State
		due    string
		paused int
	}{
		{"none", nil, Running, "2026-04-02", 0},
		{"begun and ended on one day", []Pause{pause(t, "2026-03-10T08:00:00Z", "2026-03-10T18:00:00Z", "a")}, Running, "2026-04-02", 0},
		{"over one midnight", []Pause{pause(t, "2026-03-10T23:59:59Z", "2026-03-11T00:00:01Z", "a")}, Running, "2026-04-03", 1},
		{"ended at midnight: it stood still when the day ended", []Pause{pause(t, "2026-03-10T08:00:00Z", "2026-03-11T00:00:00Z", "a")}, Running, "2026-04-03", 1},
		{"from midnight to midnight", []Pause{pause(t, "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z", "a")}, Running, "2026-04-03", 1},
		{"overlapping", []Pause{pause(t, "2026-03-12T08:00:00Z", "2026-03-16T08:00:00Z", "b"), pause(t, "2026-03-10T08:00:00Z", "2026-03-14T08:00:00Z", "a")}, Running, "2026-04-08", 6},
		{"one within the other", []Pause{pause(t, "2026-03-10T08:00:00Z", "2026-03-16T08:00:00Z", "a"), pause(t, "2026-03-12T08:00:00Z", "2026-03-13T08:00:00Z", "a")}, Running, "2026-04-08", 6},
		{"the same twice", []Pause{pause(t, "2026-03-10T08:00:00Z", "2026-03-12T08:00:00Z", "a"), pause(t, "2026-03-10T08:00:00Z", "2026-03-12T08:00:00Z", "a")}, Running, "2026-04-04", 2},
		{"one after the other", []Pause{pause(t, "2026-03-10T08:00:00Z", "2026-03-12T08:00:00Z", "a"), pause(t, "2026-03-12T09:00:00Z", "2026-03-13T08:00:00Z", "b")}, Running, "2026-04-05", 3},
		{"still going", []Pause{pause(t, "2026-03-18T08:00:00Z", "", "a")}, Paused, "2026-04-05", 3},
		{"still going around an ended one", []Pause{pause(t, "2026-03-15T08:00:00Z", "", "a"), pause(t, "2026-03-16T08:00:00Z", "2026-03-17T08:00:00Z", "b")}, Paused, "2026-04-08", 6},
		{"begun just now", []Pause{pause(t, "2026-03-20T12:00:00Z", "", "a")}, Paused, "2026-04-03", 1},
		{"ends just now", []Pause{pause(t, "2026-03-20T08:00:00Z", "2026-03-20T12:00:00Z", "a")}, Running, "2026-04-02", 0},
		{"its end lies ahead and is not known", []Pause{pause(t, "2026-03-18T08:00:00Z", "2026-03-25T08:00:00Z", "a")}, Paused, "2026-04-05", 3},
		{"lies ahead", []Pause{pause(t, "2026-03-21T08:00:00Z", "", "a")}, Running, "2026-04-02", 0},
		{"before the start", []Pause{pause(t, "2026-02-21T08:00:00Z", "2026-02-25T08:00:00Z", "a")}, Running, "2026-04-02", 0},
		{"on the day of the start", []Pause{pause(t, "2026-03-03T13:00:00Z", "2026-03-03T14:00:00Z", "a")}, Running, "2026-04-02", 0},
		{"over the night of the start", []Pause{pause(t, "2026-03-03T13:00:00Z", "2026-03-04T14:00:00Z", "a")}, Running, "2026-04-02", 0},
		{"from before the start", []Pause{pause(t, "2026-02-21T08:00:00Z", "2026-03-06T08:00:00Z", "a")}, Running, "2026-04-04", 2},
		{"no time at all", []Pause{pause(t, "2026-03-10T08:00:00Z", "2026-03-10T08:00:00Z", "a")}, Running, "2026-04-02", 0},
		{"ended before it began", []Pause{pause(t, "2026-03-10T08:00:00Z", "2026-03-08T08:00:00Z", "a")}, Running, "2026-04-02", 0},
	} {
		r := base
		r.Pauses = c.pauses
		rd := r.Read(instant(t, now), nil)
		left := DaysBetween(day(t, "2026-03-20"), day(t, c.due))
		check(t, c.name, rd, c.state, "2026-04-02", c.due, 17-c.paused, c.paused, left)
		total := 0
		for _, s := range rd.Stands {
			total += s.Days
		}
		if strings.HasPrefix(c.name, "no time") && len(rd.Stands) > 0 {
			t.Errorf("%s is shown: %+v", c.name, rd.Stands)
		}
		if total != c.paused {
			t.Errorf("%s: the stretches add up to %d", c.name, total)
		}
		if n := len(rd.Stands); n > 0 && rd.Stands[n-1].Going != (c.state == Paused) {
			t.Errorf("%s: %s, but the last stretch says going: %v", c.name, c.state, rd.Stands[n-1].Going)
		}
	}
}

// Days are taken at the office: a pause from 23:30 to 00:30 there is within one UTC day.
func TestPauseAtTheOffice(t *testing.T) {
	r := Run{Started: instant(t, "2026-03-03T12:00:00-05:00"), Zone: zone(t, "America/New_York"), Term: Term{30, CalendarDays},
		Pauses: []Pause{pause(t, "2026-03-11T03:30:00Z", "2026-03-11T04:30:00Z", "a")}}
	check(t, "New York", r.Read(instant(t, "2026-03-20T12:00:00Z"), nil), Running, "2026-04-02", "2026-04-03", 16, 1, 14)
	r.Zone = nil
	check(t, "UTC", r.Read(instant(t, "2026-03-20T12:00:00Z"), nil), Running, "2026-04-02", "2026-04-02", 17, 0, 13)
}

// Time that had run out does not come back by standing still afterwards.
func TestPauseAfterTheTimeRanOut(t *testing.T) {
	r := Run{Started: instant(t, "2026-03-03T12:00:00Z"), Term: Term{30, CalendarDays}, Pauses: []Pause{
		pause(t, "2026-04-05T12:00:00Z", "2026-04-09T12:00:00Z", "legal hold"), pause(t, "2026-04-10T12:00:00Z", "", "disaster")}}
	rd := r.Read(instant(t, "2026-04-12T12:00:00Z"), nil)
	check(t, "late, then paused", rd, Overdue, "2026-04-02", "2026-04-02", 33, 7, -10)
	want := []string{
		"Started 3 March 2026. The day itself does not count.",
		"Target: 30 calendar days, 2 April 2026.",
		"Paused 4 days (legal hold, 5 April 2026 to 8 April 2026). The time had already run out, so this moves nothing.",
		"Paused 3 days (disaster, since 10 April 2026). The time had already run out, so this moves nothing.",
		"Due 2 April 2026.",
	}
	if got := rd.Arithmetic(context.Background()); !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	// On the last day itself it is not too late.
	r.Pauses = []Pause{pause(t, "2026-04-02T23:00:00Z", "2026-04-05T12:00:00Z", "legal hold")}
	check(t, "paused on the last day", r.Read(instant(t, "2026-04-05T12:00:00Z"), nil), DueSoon, "2026-04-02", "2026-04-05", 30, 3, 0)
}

func TestStopped(t *testing.T) {
	ctx := context.Background()
	r := Run{Started: instant(t, "2026-03-03T12:00:00Z"), Zone: zone(t, "America/New_York"), Term: Term{30, CalendarDays}}
	now := instant(t, "2027-01-01T12:00:00Z")
	for _, c := range []struct {
		at    string
		state State
		used  int
		left  int
		last  string
	}{
		{"2026-03-20T12:00:00Z", StoppedInTime, 17, 13, "Done 20 March 2026, in time."},
		{"2026-04-02T23:59:59-04:00", StoppedInTime, 30, 0, "Done 2 April 2026, in time."},
		{"2026-04-03T00:00:00-04:00", StoppedLate, 31, -1, "Done 3 April 2026, 1 day late."},
		{"2026-04-05T00:00:00-04:00", StoppedLate, 33, -3, "Done 5 April 2026, 3 days late."},
		{"2026-03-03T12:00:00Z", StoppedInTime, 0, 30, "Done 3 March 2026, in time."},
		{"2026-03-01T12:00:00Z", StoppedInTime, 0, 30, "Done 3 March 2026, in time."}, // an event out of order counts from the start
	} {
		r.Stopped = stop(t, c.at)
		rd := r.Read(now, nil)
		check(t, c.at, rd, c.state, "2026-04-02", "2026-04-02", c.used, 0, c.left)
		lines := rd.Arithmetic(ctx)
		if last := lines[len(lines)-1]; last != c.last || !rd.State.Ended() {
			t.Errorf("%s: %s", c.at, last)
		}
	}
	r.Stopped = &now
	if rd := r.Read(now, nil); rd.State != StoppedLate || rd.StoppedDay != day(t, "2027-01-01") {
		t.Errorf("stopped just now: %s", rd.State)
	}
	r.Stopped = stop(t, "2026-04-05T12:00:00Z")
	if got := r.Read(now, nil).Summary(ctx); got != "30 of 30 days used; done 3 days late" {
		t.Error(got)
	}
	r.Stopped = stop(t, "2026-04-03T12:00:00Z")
	if got := r.Read(now, nil).Summary(ctx); got != "30 of 30 days used; done 1 day late" {
		t.Error(got)
	}

	// Stopped while it stood still: the pause goes up to the stop and no further.
	r.Stopped = stop(t, "2026-04-10T12:00:00Z")
	r.Pauses = []Pause{pause(t, "2026-03-20T12:00:00Z", "", "criminal proceedings")}
	rd := r.Read(now, nil)
	check(t, "stopped in a pause", rd, StoppedInTime, "2026-04-02", "2026-04-24", 16, 22, 14)
	if got := rd.Arithmetic(ctx)[2]; got != "Paused 22 days (criminal proceedings, 20 March 2026 to 10 April 2026)." {
		t.Error(got)
	}
	// A pause after the stop is nothing.
	r.Pauses = []Pause{pause(t, "2026-04-11T12:00:00Z", "", "late")}
	check(t, "paused after the stop", r.Read(now, nil), StoppedLate, "2026-04-02", "2026-04-02", 38, 0, -8)

	// Before the stop, it is not known.
	check(t, "an old reading", r.Read(instant(t, "2026-03-20T12:00:00Z"), nil), Running, "2026-04-02", "2026-04-02", 17, 0, 13)
	// Before the start, nothing is used.
	r.Pauses = []Pause{pause(t, "2026-02-01T12:00:00Z", "2026-02-11T12:00:00Z", "before")}
	check(t, "before the start", r.Read(instant(t, "2026-02-20T12:00:00Z"), nil), Running, "2026-04-02", "2026-04-02", 0, 0, 30)
}

func TestEarliest(t *testing.T) {
	ctx := context.Background()
	r := Run{Started: instant(t, "2026-03-03T12:00:00-05:00"), Zone: zone(t, "America/New_York"), Term: Term{1, Years}, Earliest: true, WarnDays: 30}
	for _, c := range []struct {
		now, summary string
		state        State
		used, left   int
	}{
		{"2026-03-15T12:00:00Z", "12 of 365 days passed", Waiting, 12, 353},
		{"2027-03-03T23:59:59-05:00", "365 of 365 days passed", Waiting, 365, 0},
		{"2027-03-04T00:00:00-05:00", "Open since 4 March 2027", Open, 366, -1},
	} {
		rd := r.Read(instant(t, c.now), nil)
		check(t, c.now, rd, c.state, "2027-03-03", "2027-03-03", c.used, 0, c.left)
		if rd.OpensDay != day(t, "2027-03-04") || !rd.DueInstant.Equal(instant(t, "2027-03-04T00:00:00-05:00")) {
			t.Errorf("opens %s at %s", rd.OpensDay, rd.DueInstant)
		}
		if got := rd.Summary(ctx); got != c.summary {
			t.Error(got)
		}
	}
	want := []string{
		"Started 3 March 2026. The day itself does not count.",
		"Waiting time: 1 year, to the end of 3 March 2027.",
		"Open from 4 March 2027.",
	}
	if got := r.Read(r.Started, nil).Arithmetic(ctx); !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}

	r.Stopped = stop(t, "2026-05-05T12:00:00Z")
	rd := r.Read(instant(t, "2027-05-05T12:00:00Z"), nil)
	check(t, "ended early", rd, StoppedEarly, "2027-03-03", "2027-03-03", 63, 0, 302)
	if got := rd.Arithmetic(ctx)[3]; got != "Ended 5 May 2026, before the time was over." {
		t.Error(got)
	}
	r.Stopped = stop(t, "2027-05-04T12:00:00Z")
	rd = r.Read(instant(t, "2027-05-05T12:00:00Z"), nil)
	if rd.State != StoppedInTime || rd.Summary(ctx) != "365 of 365 days passed" {
		t.Errorf("%s: %s", rd.State, rd.Summary(ctx))
	}

	r.Stopped, r.Pauses = nil, []Pause{pause(t, "2026-03-10T12:00:00Z", "", "appeal")}
	rd = r.Read(instant(t, "2026-03-11T12:00:00Z"), nil)
	if got := rd.Arithmetic(ctx); rd.State != Paused || got[len(got)-1] != "Open from 6 March 2027, if the clock starts again tomorrow." {
		t.Errorf("%s: %s", rd.State, strings.Join(got, "\n"))
	}

	notice := Run{Started: instant(t, "2026-05-21T12:00:00Z"), Term: Term{2, BusinessDays}, Earliest: true}
	rd = notice.Read(instant(t, "2026-05-22T12:00:00Z"), calendar(t, "us-federal"))
	if rd.OpensDay != day(t, "2026-05-27") || rd.Summary(ctx) != "1 of 2 business days passed" {
		t.Errorf("opens %s: %s", rd.OpensDay, rd.Summary(ctx))
	}
}

func TestCovered(t *testing.T) {
	ctx := context.Background()
	us := calendar(t, "us-federal") // 2026 and 2027
	at := instant(t, "2027-12-20T12:00:00Z")
	for _, c := range []struct {
		name string
		run  Run
		cal  *Calendar
		want bool
	}{
		{"calendar days need no table", Run{Started: at, Term: Term{30, CalendarDays}}, nil, true},
		{"months need no table", Run{Started: at, Term: Term{3, Months}}, us, true},
		{"business days within it", Run{Started: at, Term: Term{3, BusinessDays}}, us, true},
		{"business days past it", Run{Started: at, Term: Term{10, BusinessDays}}, us, false},
		{"business days before it", Run{Started: instant(t, "2025-12-20T12:00:00Z"), Term: Term{30, BusinessDays}}, us, false},
		{"business days without a table", Run{Started: at, Term: Term{3, BusinessDays}}, nil, false},
		{"rolling within it", Run{Started: at, Term: Term{5, CalendarDays}, RollForward: true}, us, true},
		{"rolling past its end", Run{Started: at, Term: Term{11, CalendarDays}, RollForward: true}, us, false},
		{"rolling beyond it", Run{Started: at, Term: Term{1, Years}, RollForward: true}, us, false},
		{"rolling without a table", Run{Started: at, Term: Term{3, CalendarDays}, RollForward: true}, nil, false},
	} {
		rd := c.run.Read(c.run.Started, c.cal)
		if rd.Covered != c.want {
			t.Errorf("%s: covered is %v", c.name, rd.Covered)
		}
		told := slices.ContainsFunc(rd.Arithmetic(ctx), func(s string) bool { return strings.Contains(s, "may be wrong") })
		if told == c.want {
			t.Errorf("%s: the page tells: %v", c.name, told)
		}
	}
	// Years after its due day, a date that rests on the table is as good as ever.
	r := Run{Started: at, Term: Term{3, BusinessDays}}
	if rd := r.Read(instant(t, "2031-01-01T12:00:00Z"), us); !rd.Covered || rd.State != Overdue {
		t.Errorf("later: %v, %s", rd.Covered, rd.State)
	}
}

func TestArithmetic(t *testing.T) {
	ctx := context.Background()
	us, be := calendar(t, "us-federal"), calendar(t, "be")
	ny, brussels := zone(t, "America/New_York"), zone(t, "Europe/Brussels")
	for _, c := range []struct {
		name    string
		run     Run
		now     string
		cal     *Calendar
		summary string
		want    []string
	}{
		{"extension, roll to the next business day, a pause of nothing", Run{
			Started: instant(t, "2026-02-02T12:00:00+01:00"), Zone: brussels, Term: Term{120, CalendarDays}, ExtensionDays: 60, RollForward: true,
			Pauses: []Pause{pause(t, "2026-02-10T09:00:00+01:00", "2026-02-10T10:00:00+01:00", "error")},
		}, "2026-02-12T12:00:00Z", be, "10 of 180 days used", []string{
			"Started 2 February 2026. The day itself does not count.",
			"Target: 120 calendar days, 2 June 2026.",
			"Paused and started again on one day (error, 10 February 2026): no day is added.",
			"Extended by 60 days.",
			"1 August 2026 is not a business day (Saturday), so the time runs on to the next one.",
			"Now due 3 August 2026.",
		}},
		{"roll over a holiday, one day of pause without a reason", Run{
			Started: instant(t, "2026-04-13T12:00:00+02:00"), Zone: brussels, Term: Term{30, CalendarDays}, RollForward: true, ExtensionDays: 0,
			Pauses: []Pause{pause(t, "2026-04-20T09:00:00+02:00", "2026-04-21T10:00:00+02:00", "")},
		}, "2026-05-01T12:00:00Z", be, "17 of 30 days used; paused 1 day", []string{
			"Started 13 April 2026. The day itself does not count.",
			"Target: 30 calendar days, 13 May 2026.",
			"Paused 1 day (20 April 2026).",
			"14 May 2026 is not a business day (Ascension), so the time runs on to the next one.",
			"Now due 15 May 2026.",
		}},
		{"business days, two reasons at once, still going", Run{
			Started: instant(t, "2026-05-18T12:00:00-04:00"), Zone: ny, Term: Term{10, BusinessDays}, ExtensionDays: 1,
			Pauses: []Pause{pause(t, "2026-05-20T09:00:00-04:00", "2026-05-26T09:00:00-04:00", "waiting for company"),
				pause(t, "2026-05-22T09:00:00-04:00", "", "legal hold")},
		}, "2026-05-27T12:00:00-04:00", us, "1 of 11 business days used; paused 5 business days", []string{
			"Started 18 May 2026. The day itself does not count.",
			"Target: 10 business days, 2 June 2026.",
			"Paused 5 business days (waiting for company; legal hold, since 20 May 2026).",
			"Extended by 1 business day.",
			"Due 10 June 2026, if the clock starts again tomorrow.",
		}},
		{"a weekend of standing still costs a business clock nothing", Run{
			Started: instant(t, "2026-05-18T12:00:00-04:00"), Zone: ny, Term: Term{1, BusinessDays}, ExtensionDays: 2,
			Pauses: []Pause{pause(t, "2026-05-19T09:00:00-04:00", "2026-05-20T09:00:00-04:00", "a"), pause(t, "2026-05-23T09:00:00-04:00", "2026-05-25T09:00:00-04:00", "b")},
		}, "2026-05-20T12:00:00-04:00", us, "1 of 3 business days used; paused 1 business day", []string{
			"Started 18 May 2026. The day itself does not count.",
			"Target: 1 business day, 19 May 2026.",
			"Paused 1 business day (a, 19 May 2026).",
			"Extended by 2 business days.",
			"Now due 22 May 2026.",
		}},
		{"one day", Run{
			Started: instant(t, "2026-05-18T12:00:00-04:00"), Zone: ny, Term: Term{1, CalendarDays}, Earliest: true,
		}, "2026-05-18T12:00:00-04:00", nil, "0 of 1 day passed", []string{
			"Started 18 May 2026. The day itself does not count.",
			"Waiting time: 1 calendar day, to the end of 19 May 2026.",
			"Open from 20 May 2026.",
		}},
		{"one day more", Run{
			Started: instant(t, "2026-05-18T12:00:00-04:00"), Zone: ny, Term: Term{0, CalendarDays}, ExtensionDays: 1,
		}, "2026-05-18T12:00:00-04:00", nil, "0 of 1 day used", []string{
			"Started 18 May 2026. The day itself does not count.",
			"Target: 0 calendar days, 18 May 2026.",
			"Extended by 1 day.",
			"Now due 19 May 2026.",
		}},
	} {
		rd := c.run.Read(instant(t, c.now), c.cal)
		if got := rd.Summary(ctx); got != c.summary {
			t.Errorf("%s: %s", c.name, got)
		}
		if got := rd.Arithmetic(ctx); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s", c.name, strings.Join(got, "\n"))
		}
	}
	one := Run{Started: instant(t, "2026-05-21T12:00:00-04:00"), Zone: ny, Term: Term{1, BusinessDays}}
	if got := one.Read(one.Started, us).Summary(ctx); got != "0 of 1 business day used" {
		t.Error(got)
	}
	one.Earliest = true
	if got := one.Read(one.Started, us).Summary(ctx); got != "0 of 1 business day passed" {
		t.Error(got)
	}
}

// The sentences are translated whole, with the language's own plural and order.
func TestTranslated(t *testing.T) {
	cat, err := i18n.Load(fstest.MapFS{"fr.po": {Data: []byte(`msgid ""
msgstr ""
"Language: fr\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\n"
"Content-Type: text/plain; charset=UTF-8\n"

msgid "%[2]d of %[1]d day used"
msgid_plural "%[2]d of %[1]d days used"
msgstr[0] "%[2]d jour sur %[1]d"
msgstr[1] "%[2]d jours sur %[1]d"

msgid "Paused %d day (%s)."
msgid_plural "Paused %d days (%s)."
msgstr[0] "Suspendu %d jour (%s)."
msgstr[1] "Suspendu %d jours (%s)."

msgid "March"
msgstr "mars"

msgid "%s to %s"
msgstr "du %s au %s"

msgid "information requested"
msgstr "renseignements demandés"
`)}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := cat.With(context.Background(), "fr")
	r := Run{Started: instant(t, "2026-03-03T12:00:00Z"), Term: calendarDays90,
		Pauses: []Pause{pause(t, "2026-03-10T12:00:00Z", "2026-03-19T12:00:00Z", "information requested"), pause(t, "2026-03-20T12:00:00Z", "2026-03-21T12:00:00Z", "")}}
	rd := r.Read(instant(t, "2026-03-24T12:00:00Z"), nil)
	if got := rd.Summary(ctx); !strings.HasPrefix(got, "11 jours sur 90") {
		t.Error(got)
	}
	lines := rd.Arithmetic(ctx)
	if lines[2] != "Suspendu 9 jours (renseignements demandés, du 10 mars 2026 au 18 mars 2026)." || lines[3] != "Suspendu 1 jour (20 mars 2026)." {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
}

func TestStates(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range States() {
		text := s.Text(context.Background())
		if seen[text] || text == "" {
			t.Errorf("%s: %q", s, text)
		}
		seen[text] = true
		if s.Ended() != (strings.HasPrefix(string(s), "stopped") || s == Missed) {
			t.Errorf("%s: ended is %v", s, s.Ended())
		}
	}
	if len(seen) != 11 {
		t.Errorf("%d states", len(seen))
	}
}

// The turns of a yearly clock: one that is done before its anniversary leaves the next
// one ahead, and one that is never done says so.
func TestTurns(t *testing.T) {
	ctx := context.Background()
	brussels := zone(t, "Europe/Brussels")
	next := Run{Started: day(t, "2027-03-03").Start(brussels), Zone: brussels, Term: Term{1, Years}, WarnDays: 30, Follows: true}
	for _, c := range []struct {
		now     string
		state   State
		left    int
		summary string
		first   string
	}{
		{"2027-01-10T12:00:00Z", Met, 366, "Done for now. It begins again on 3 March 2027", "It begins again on 3 March 2027. The day itself does not count."},
		{"2027-03-02T22:59:59Z", Met, 366, "Done for now. It begins again on 3 March 2027", "It begins again on 3 March 2027. The day itself does not count."},
		{"2027-03-02T23:00:00Z", Running, 366, "0 of 366 days used", "Started 3 March 2027. The day itself does not count."},
		{"2028-02-02T12:00:00Z", DueSoon, 30, "336 of 366 days used", "Started 3 March 2027. The day itself does not count."},
		{"2028-03-03T23:00:00Z", Overdue, -1, "366 of 366 days used; 1 day overdue", "Started 3 March 2027. The day itself does not count."},
	} {
		rd := next.Read(instant(t, c.now), nil)
		lines := rd.Arithmetic(ctx)
		if rd.State != c.state || rd.DaysLeft != c.left || rd.DueDay.String() != "2028-03-03" || rd.Summary(ctx) != c.summary || lines[0] != c.first || lines[len(lines)-1] != "Due 3 March 2028." {
			t.Errorf("%s: %s, %d left, due %s, %s\n%s", c.now, rd.State, rd.DaysLeft, rd.DueDay, rd.Summary(ctx), strings.Join(lines, "\n"))
		}
		if send := next.RemindersDue(instant(t, c.now), []int{400, 366, 365}, nil, nil); c.state == Met && send != nil {
			t.Errorf("%s: reminds of what is done", c.now)
		}
	}

	ended := next
	ended.Stopped = stop(t, "2029-03-04T00:10:00Z")
	for _, c := range []struct {
		gaveWay, earliest bool
		state             State
		last              string
	}{
		{false, false, StoppedLate, "Done 4 March 2029, 366 days late."},
		{true, false, Missed, "Ended 4 March 2029 without being done."},
		{true, true, StoppedInTime, "Ended 4 March 2029, and began again."},
	} {
		ended.GaveWay, ended.Earliest = c.gaveWay, c.earliest
		rd := ended.Read(instant(t, "2030-01-01T12:00:00Z"), nil)
		if lines := rd.Arithmetic(ctx); rd.State != c.state || lines[len(lines)-1] != c.last {
			t.Errorf("%+v: %s, %s", c, rd.State, lines[len(lines)-1])
		}
	}
}

func TestRemindersDue(t *testing.T) {
	start := instant(t, "2026-03-03T12:00:00Z")
	r := Run{Started: start, Term: calendarDays90, WarnDays: 14} // due 1 June
	days := []int{90, 60, 30, 14, 7, 1, 0, -1, -7}
	at := func(s string) time.Time { return instant(t, s+"T12:00:00Z") }
	for _, c := range []struct {
		name string
		now  string
		sent []int
		want []int
	}{
		{"none yet; the one for the day of the start was not missed", "2026-03-20", nil, nil},
		{"60 days left", "2026-04-02", nil, []int{60}},
		{"the same day again", "2026-04-02", []int{60}, nil},
		{"a day late", "2026-04-03", nil, []int{60}},
		{"after an outage, the latest only", "2026-05-20", nil, []int{14}},
		{"after an outage, some had gone out", "2026-05-20", []int{60}, []int{14}},
		{"overtaken", "2026-05-10", []int{14}, nil},
		{"on the due day", "2026-06-01", []int{60, 30, 14, 7, 1}, []int{0}},
		{"late", "2026-06-02", []int{60, 30, 14, 7, 1, 0}, []int{-1}},
		{"between", "2026-06-05", []int{60, 30, 14, 7, 1, 0, -1}, nil},
		{"a week late", "2026-06-08", []int{60, 30, 14, 7, 1, 0, -1}, []int{-7}},
		{"a year late", "2027-06-08", nil, []int{-7}},
		{"all gone out", "2027-06-08", []int{-7}, nil},
	} {
		if got := r.RemindersDue(at(c.now), days, c.sent, nil); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := r.RemindersDue(at("2026-06-08"), nil, nil, nil); got != nil {
		t.Errorf("nothing configured: %v", got)
	}
	if got := (Run{Started: start, Term: Term{0, CalendarDays}}).RemindersDue(start, []int{1, 0}, nil, nil); !slices.Equal(got, []int{0}) {
		t.Errorf("due at once: %v", got)
	}

	quiet := r
	quiet.Stopped = stop(t, "2026-05-01T12:00:00Z")
	if got := quiet.RemindersDue(at("2026-05-25"), days, nil, nil); got != nil {
		t.Errorf("stopped: %v", got)
	}
	quiet = r
	quiet.Pauses = []Pause{pause(t, "2026-05-01T12:00:00Z", "", "a")}
	if got := quiet.RemindersDue(at("2026-05-25"), days, nil, nil); got != nil {
		t.Errorf("paused: %v", got)
	}
	quiet = r
	quiet.Earliest = true
	for _, now := range []string{"2026-05-25", "2026-06-08"} {
		if got := quiet.RemindersDue(at(now), days, nil, nil); got != nil {
			t.Errorf("waiting: %v", got)
		}
	}
	// Business days: the reminder a day before a Tuesday after a long weekend goes out on Friday.
	us := calendar(t, "us-federal")
	b := Run{Started: at("2026-05-12"), Term: Term{9, BusinessDays}} // due Tuesday 26 May
	if got := b.RemindersDue(at("2026-05-21"), []int{1}, nil, us); got != nil {
		t.Errorf("Thursday: %v", got)
	}
	if got := b.RemindersDue(at("2026-05-22"), []int{1}, nil, us); !slices.Equal(got, []int{1}) {
		t.Errorf("Friday: %v", got)
	}

	// A job that runs at any odd time sends each reminder at most once, and in order.
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var sent []int
		for now := start; now.Before(start.AddDate(0, 5, 0)); now = now.Add(time.Duration(1+rng.IntN(20*24)) * time.Hour) {
			due := r.RemindersDue(now, days, sent, nil)
			if len(due) > 1 || (len(due) == 1 && len(sent) > 0 && due[0] >= sent[len(sent)-1]) {
				t.Fatalf("%v after %v", due, sent)
			}
			sent = append(sent, due...)
		}
		if sent[len(sent)-1] != -7 {
			t.Fatalf("the last reminder never went out: %v", sent)
		}
	}
}

// simulate walks from day to day with a pencil, as a slow but plain check on Read.
// It works with instants and never with stretches of days.
func simulate(r Run, now time.Time, cal *Calendar) (due Day, used, paused int) {
	until := now
	if r.Stopped != nil && r.Stopped.Before(now) {
		until = *r.Stopped
	}
	date := func(t time.Time) time.Time {
		y, m, d := t.In(r.Zone).Date()
		return time.Date(y, m, d, 12, 0, 0, 0, time.UTC) // noon, which every day has
	}
	still := func(at time.Time) bool {
		for _, p := range r.Pauses {
			if !at.Before(p.From) && (p.To == nil || at.Before(*p.To)) {
				return true
			}
		}
		return false
	}
	business := func(d time.Time) bool {
		_, holiday := cal.holidays[civil(d)]
		return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday && !holiday
	}
	start, last := date(r.Started), date(until)
	if last.Before(start) {
		last = start
	}
	allowed := r.Term.Amount
	if r.Term.Unit == Months || r.Term.Unit == Years {
		months := r.Term.Amount
		if r.Term.Unit == Years {
			months *= 12
		}
		end := start.AddDate(0, months, 0)
		for end.Day() != start.Day() && end.Day() < 5 { // AddDate ran over into the next month
			end = end.AddDate(0, 0, -1)
		}
		allowed = int(end.Sub(start).Hours() / 24)
	}
	allowed += r.ExtensionDays
	gone := 0
	found := allowed == 0 && (!r.RollForward || business(start))
	if found {
		due = civil(start)
	}
	for d := start.AddDate(0, 0, 1); !found || !d.After(last); d = d.AddDate(0, 0, 1) {
		standing := false
		switch {
		case d.Before(last):
			standing = still(time.Date(d.Year(), d.Month(), d.Day()+1, 0, 0, 0, 0, r.Zone).Add(-1))
		case d.Equal(last):
			standing = still(until)
		}
		counts := r.Term.Unit != BusinessDays || business(d)
		if counts && !d.After(last) {
			if standing {
				paused++
			} else {
				used++
			}
		}
		if counts && !standing {
			gone++
		}
		if !found && !standing && gone >= allowed && (allowed == 0 || r.Term.Unit != BusinessDays || counts) && (!r.RollForward || business(d)) {
			found, due = true, civil(d)
		}
	}
	return due, used, paused
}

func randomRun(rng *rand.Rand, zones []*time.Location, units []Unit) (Run, time.Time) {
	base := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	moment := func(t time.Time, days int) time.Time {
		t = t.Add(time.Duration(rng.Int64N(int64(days) * int64(24*time.Hour))))
		if rng.IntN(4) == 0 {
			t = t.Truncate(24 * time.Hour) // midnights are where mistakes live
		}
		return t
	}
	r := Run{
		Started: moment(base, 1000), Zone: zones[rng.IntN(len(zones))], ExtensionDays: rng.IntN(3) * rng.IntN(20),
		Term: Term{Unit: units[rng.IntN(len(units))]}, RollForward: rng.IntN(2) == 0, WarnDays: rng.IntN(20), Earliest: rng.IntN(5) == 0,
	}
	switch r.Term.Unit {
	case Years:
		r.Term.Amount = rng.IntN(5)
	case Months:
		r.Term.Amount = rng.IntN(15)
	default:
		r.Term.Amount = rng.IntN(100)
	}
	for range rng.IntN(6) {
		p := Pause{From: moment(r.Started.AddDate(0, 0, -5), 140), Reason: fmt.Sprint("reason ", rng.IntN(3))}
		if rng.IntN(6) > 0 {
			to := moment(p.From, 1+rng.IntN(30))
			p.To = &to
		}
		r.Pauses = append(r.Pauses, p)
	}
	if rng.IntN(4) == 0 {
		at := moment(r.Started, 200)
		r.Stopped, r.GaveWay = &at, rng.IntN(3) == 0
	}
	r.Follows = rng.IntN(3) == 0
	return r, moment(r.Started.AddDate(0, 0, -2), 250)
}

func TestReadAgreesWithThePencil(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	zones := []*time.Location{time.UTC, zone(t, "America/New_York"), zone(t, "Europe/Brussels"), zone(t, "Pacific/Kiritimati"), zone(t, "Australia/Lord_Howe")}
	us := calendar(t, "us-federal")
	units := []Unit{CalendarDays, BusinessDays, Months, Years}
	states := map[State]int{}
	for n := range 20000 {
		r, now := randomRun(rng, zones, units)
		rd := r.Read(now, us)
		states[rd.State]++
		due, used, paused := simulate(r, now, us)
		if rd.DueDay != due || rd.DaysUsed != used || rd.DaysPaused != paused {
			t.Fatalf("run %d, %+v at %s:\nRead: due %s, used %d, paused %d\npencil: due %s, used %d, paused %d",
				n, r, now, rd.DueDay, rd.DaysUsed, rd.DaysPaused, due, used, paused)
		}

		elapsed := DaysBetween(rd.StartDay, rd.AsOf)
		if r.Term.Unit == BusinessDays {
			elapsed = us.between(rd.StartDay, rd.AsOf)
		}
		total, end := 0, rd.StartDay
		for _, s := range rd.Stands {
			total += s.Days
			if s.First.Before(end) || len(s.Reasons) == 0 {
				t.Fatalf("run %d: stretches overlap or have no reason: %+v", n, rd.Stands)
			}
			end = s.Last.AddDays(1)
		}
		switch {
		case rd.DaysUsed+rd.DaysPaused != elapsed || total != rd.DaysPaused:
			t.Fatalf("run %d: used %d + paused %d are not the %d days gone by", n, rd.DaysUsed, rd.DaysPaused, elapsed)
		case rd.DueDay.Before(rd.TargetDay):
			t.Fatalf("run %d: due %s before target %s", n, rd.DueDay, rd.TargetDay)
		case (rd.DaysLeft < 0) != rd.AsOf.After(rd.DueDay):
			t.Fatalf("run %d: %d days left on %s, due %s", n, rd.DaysLeft, rd.AsOf, rd.DueDay)
		case !rd.State.Ended() && !r.Earliest && now.After(r.Started) && (rd.State == Overdue) == now.Before(rd.DueInstant):
			t.Fatalf("run %d: %s at %s, ends %s", n, rd.State, now, rd.DueInstant)
		case !r.RollForward && rd.DaysLeft >= 0 && rd.DaysUsed+rd.DaysLeft != rd.DaysAllowed:
			t.Fatalf("run %d: used %d and left %d are not %d", n, rd.DaysUsed, rd.DaysLeft, rd.DaysAllowed)
		case len(rd.Arithmetic(context.Background())) < 3 || rd.Summary(context.Background()) == "":
			t.Fatalf("run %d: no words", n)
		}
	}
	for _, s := range States() {
		if states[s] < 20 {
			t.Errorf("only %d clocks were %s: %v", states[s], s, states)
		}
	}
}

// More pauses, more extension or more holidays never make a clock end earlier.
func TestNothingShortensAClock(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	zones := []*time.Location{time.UTC, zone(t, "America/New_York"), zone(t, "Europe/Brussels")}
	us := calendar(t, "us-federal")
	for n := range 5000 {
		r, now := randomRun(rng, zones, []Unit{CalendarDays, BusinessDays, Months, Years})
		before := r.Read(now, us)

		more := r
		from := r.Started.Add(time.Duration(rng.IntN(100*24)) * time.Hour)
		to := from.Add(time.Duration(rng.IntN(20*24)) * time.Hour)
		more.Pauses = append(slices.Clone(r.Pauses), Pause{From: from, To: &to, Reason: "more"})
		if after := more.Read(now, us); after.DueDay.Before(before.DueDay) || after.DaysUsed > before.DaysUsed || after.DaysPaused < before.DaysPaused {
			t.Fatalf("run %d: a pause moved %s to %s", n, before.DueDay, after.DueDay)
		}

		more = r
		more.ExtensionDays += 1 + rng.IntN(10)
		if after := more.Read(now, us); after.DueDay.Before(before.DueDay) || after.TargetDay != before.TargetDay {
			t.Fatalf("run %d: an extension moved %s to %s", n, before.DueDay, after.DueDay)
		}

		holiday := before.StartDay.AddDays(rng.IntN(60))
		table := *us
		table.holidays = map[Day]string{holiday: "new"}
		for d, name := range us.holidays {
			table.holidays[d] = name
		}
		if after := r.Read(now, &table); after.DueDay.Before(before.DueDay) {
			t.Fatalf("run %d: a holiday moved %s to %s", n, before.DueDay, after.DueDay)
		}

		slices.Reverse(r.Pauses)
		if after := r.Read(now, us); after.DueDay != before.DueDay || after.DaysPaused != before.DaysPaused {
			t.Fatalf("run %d: the order of pauses matters", n)
		}
	}
}

// As time goes on without pauses, days are used one by one and the due day stands.
func TestALongClockDayByDay(t *testing.T) {
	ny := zone(t, "America/New_York")
	r := Run{Started: instant(t, "2026-03-03T23:30:00-05:00"), Zone: ny, Term: Term{4, Years}, WarnDays: 90}
	d := day(t, "2026-03-03")
	for n := range 1500 {
		start := d.AddDays(n).Start(ny)
		for _, at := range []time.Time{start, d.AddDays(n).End(ny).Add(-1)} {
			rd := r.Read(at, nil)
			want := Running
			switch left := 1461 - n; {
			case left < 0:
				want = Overdue
			case left <= 90:
				want = DueSoon
			}
			check(t, at.String(), rd, want, "2030-03-03", "2030-03-03", n, 0, 1461-n)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	us := calendar(b, "us-federal")
	for _, unit := range []Unit{CalendarDays, BusinessDays} {
		r := Run{Started: instant(b, "2026-03-03T12:00:00Z"), Zone: zone(b, "America/New_York"), Term: Term{90, unit},
			Pauses: []Pause{pause(b, "2026-03-10T12:00:00Z", "2026-03-19T12:00:00Z", "a")}}
		now := instant(b, "2026-04-01T12:00:00Z")
		b.Run(string(unit), func(b *testing.B) {
			for b.Loop() {
				r.Read(now, us)
			}
		})
	}
}
