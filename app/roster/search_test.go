package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests mean these zones, not those of the machine

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/roster"
)

func day(t testing.TB, s string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(s)
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
	return at.UTC()
}

// officer is one with usual days who speaks English and Spanish and lives in New York.
func officer(t testing.TB, name, zoneName string) roster.Calendar {
	return roster.Calendar{Zone: zone(t, zoneName), Officer: roster.Officer{PersonID: uuid.New(), Name: name, OfficeID: uuid.New(), OfficeZone: zoneName, Calendar: "us-federal",
		Languages: []string{"en", "es"}, Skills: []string{"ctpat/importer"}, BaseLat: 40.7128, BaseLon: -74.006,
		WorkDays: []int{1, 2, 3, 4, 5}, WorkFrom: "08:00", WorkTo: "17:00", Capacity: 8, Nights: 12, WeeksInARow: 3, Active: true}}
}

func lat(f float64) *float64 { return &f }

// bands is the travel of the American programme.
func bands(km float64) int {
	for _, b := range [][2]float64{{40, 60}, {150, 150}, {500, 420}, {2500, 720}} {
		if km <= b[0] {
			return int(b[1])
		}
	}
	return 1440
}

// onSite is the need of a visit of one day in Newark.
func onSite(t testing.TB, from, to string) roster.Need {
	return roster.Need{From: day(t, from), To: day(t, to), Days: 1, AllDay: true, Zone: zone(t, "America/New_York"), DayFrom: "09:00", DayTo: "17:00",
		Team: 1, Skill: "ctpat/importer", Lat: lat(40.7357), Lon: lat(-74.1724), Country: "US", Travel: bands}
}

func booking(kind, from, to string, travel int) roster.Booking {
	parse := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			panic(err)
		}
		return at
	}
	return roster.Booking{Kind: kind, State: roster.Confirmed, StartsAt: parse(from), EndsAt: parse(to), TravelBefore: travel, TravelAfter: travel}
}

func texts(list []roster.Reason) string {
	var out []string
	for _, r := range list {
		out = append(out, r.Text(ctx()))
	}
	return strings.Join(out, "; ")
}

func slotDays(r roster.Result) (out []string) {
	for _, s := range r.Slots {
		out = append(out, s.Day.String())
	}
	return out
}

func refused(r roster.Result, d string) string {
	for _, x := range r.Refused {
		if x.Day.String() == d {
			return texts(x.Reasons)
		}
	}
	return ""
}

// TestSearchSaysWhy: every day of a window is offered, or refused with its reasons.
func TestSearchSaysWhy(t *testing.T) {
	t.Parallel()
	us := calendar(t, "us-federal")
	ana := officer(t, "Ana Ruiz", "America/New_York")
	ana.Office = us
	ana.WorkDays = []int{1, 2, 3, 4}
	ana.Busy = []roster.Booking{
		booking(roster.Leave, "2026-03-09T04:00:00Z", "2026-03-10T04:00:00Z", 0),
		booking(roster.Training, "2026-03-10T04:00:00Z", "2026-03-11T04:00:00Z", 0),
		booking(roster.Visit, "2026-03-11T13:00:00Z", "2026-03-11T21:00:00Z", 720), // its travel reaches into the twelfth
	}
	n := onSite(t, "2026-02-13", "2026-03-13")
	n.SiteCalendar, n.NotBefore, n.Booked = us, day(t, "2026-02-16"), day(t, "2026-03-02")
	r := roster.Search(n, []roster.Calendar{ana})
	for d, want := range map[string]string{
		"2026-02-13": "Too soon: the company has a right to notice until",
		"2026-02-16": "Holiday at the site: Washington's Birthday",
		"2026-02-21": "Weekend at the site",
		"2026-02-20": "Ana Ruiz: does not work that day",
		"2026-03-02": "The visit is booked for this day",
		"2026-03-09": "Ana Ruiz: on leave",
		"2026-03-10": "Ana Ruiz: in training",
		"2026-03-11": "Ana Ruiz: on another visit",
		"2026-03-12": "",
	} {
		got := refused(r, d)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: refused because %q, want %q", d, got, want)
		}
	}
	for d := n.From; !d.After(n.To); d = d.AddDays(1) {
		if slices.Contains(slotDays(r), d.String()) == (refused(r, d.String()) != "") {
			t.Errorf("%s is both or neither offered and refused", d)
		}
	}
	for _, s := range r.Slots {
		if s.LocalFrom.Format("15:04") != "09:00" || s.LocalTo.Format("15:04") != "17:00" || len(s.Team) != 1 || s.Team[0].Travel != 60 {
			t.Errorf("%s: %+v", s.Day, s)
		}
	}
	// A longer trip needs more room: from Laredo the travel of the twelfth touches that of the eleventh.
	ana.BaseLat, ana.BaseLon = 27.5036, -99.5075
	if got := refused(roster.Search(n, []roster.Calendar{ana}), "2026-03-12"); !strings.Contains(got, "too close to another booking") {
		t.Errorf("travel: %q", got)
	}
}

// TestSearchLimits: capacity, nights away, weeks away in a row.
func TestSearchLimits(t *testing.T) {
	t.Parallel()
	ana := officer(t, "Ana Ruiz", "America/New_York")
	ana.Capacity = 2
	ana.Busy = []roster.Booking{booking(roster.Visit, "2026-03-03T14:00:00Z", "2026-03-04T22:00:00Z", 0)}
	r := roster.Search(onSite(t, "2026-03-16", "2026-04-03"), []roster.Calendar{ana})
	if got := refused(r, "2026-03-31"); !strings.Contains(got, "no more than 2 days of visits in a month") {
		t.Errorf("capacity: %q", got)
	}
	if !slices.Contains(slotDays(r), "2026-04-01") {
		t.Error("a new month has no new days")
	}

	far := onSite(t, "2026-03-16", "2026-03-31")
	far.Lat, far.Lon, far.Days, far.Zone = lat(19.4326), lat(-99.1332), 2, zone(t, "America/Mexico_City")
	ana.Capacity, ana.Nights = 20, 3
	if got := refused(roster.Search(far, []roster.Calendar{ana}), "2026-03-16"); !strings.Contains(got, "no more than 3 nights away in a month") {
		t.Errorf("nights: %q", got)
	}
	ana.Nights, ana.WeeksInARow = 31, 2
	ana.Busy = []roster.Booking{booking(roster.Visit, "2026-03-04T14:00:00Z", "2026-03-04T22:00:00Z", 420), booking(roster.Visit, "2026-03-11T13:00:00Z", "2026-03-11T21:00:00Z", 420)}
	r = roster.Search(far, []roster.Calendar{ana})
	if got := refused(r, "2026-03-16"); !strings.Contains(got, "no more than 2 weeks away in a row") {
		t.Errorf("weeks: %q", got)
	}
	if !slices.Contains(slotDays(r), "2026-03-24") {
		t.Errorf("after a week at home: %v", slotDays(r))
	}
	// A visit next door takes no nights.
	if r = roster.Search(onSite(t, "2026-03-16", "2026-03-16"), []roster.Calendar{ana}); len(r.Slots) != 1 {
		t.Errorf("next door: %+v", r.Refused)
	}
}

// TestSearchTeam: who is required comes, languages are covered, and the rest is fair.
func TestSearchTeam(t *testing.T) {
	t.Parallel()
	ana, ben, cho, dag := officer(t, "Ana", "America/New_York"), officer(t, "Ben", "America/New_York"), officer(t, "Cho", "America/New_York"), officer(t, "Dag", "America/New_York")
	ben.Busy = []roster.Booking{booking(roster.Visit, "2026-03-03T14:00:00Z", "2026-03-05T22:00:00Z", 0)}
	cho.Languages = []string{"en", "ko"}
	dag.Skills = []string{"eu-aeo/aeoc"}
	n := onSite(t, "2026-03-16", "2026-03-16")
	n.Team = 2
	team := func(n roster.Need, list ...roster.Calendar) (names []string) {
		t.Helper()
		r := roster.Search(n, list)
		if len(r.Slots) != 1 {
			t.Fatalf("no slot: %s", refused(r, n.From.String()))
		}
		for _, m := range r.Slots[0].Team {
			names = append(names, m.Name)
		}
		return names
	}
	if got := team(n, ana, ben, cho, dag); !slices.Equal(got, []string{"Ana", "Cho"}) {
		t.Errorf("the least load: %v", got)
	}
	r := roster.Search(n, []roster.Calendar{ana, ben, cho, dag})
	if got := texts(r.NotAsked); got != "Dag: does not validate this kind of member" {
		t.Errorf("not asked: %q", got)
	}
	if got := r.Slots[0].Team[0].Why.Text(ctx()); got != "Least load: 0 of 24 days of visits in the quarter around it" {
		t.Errorf("why: %q", got)
	}
	n.Required = []uuid.UUID{ben.PersonID}
	if got := team(n, ana, ben, cho); !slices.Equal(got, []string{"Ben", "Ana"}) {
		t.Errorf("required: %v", got)
	}
	n.Languages = []string{"ko"}
	if got := team(n, ana, ben, cho); !slices.Equal(got, []string{"Ben", "Cho"}) {
		t.Errorf("language: %v", got)
	}
	n.Languages = []string{"ja"}
	if got := refused(roster.Search(n, []roster.Calendar{ana, ben, cho}), "2026-03-16"); !strings.Contains(got, "Nobody of the team speaks Japanese") {
		t.Errorf("no language: %q", got)
	}
	n.Languages, n.Required = nil, nil
	if got := refused(roster.Search(n, []roster.Calendar{ana}), "2026-03-16"); !strings.Contains(got, "2 officers are needed, and 1 are free") {
		t.Errorf("too few: %q", got)
	}
	n.Required = []uuid.UUID{uuid.New()}
	if got := refused(roster.Search(n, []roster.Calendar{ana, ben}), "2026-03-16"); !strings.Contains(got, "no officer any more") {
		t.Errorf("required and gone: %q", got)
	}
}

// TestSearchByVideo: hours that lie in everybody's working hours.
func TestSearchByVideo(t *testing.T) {
	t.Parallel()
	ana, lou := officer(t, "Ana", "America/New_York"), officer(t, "Lou", "Europe/Brussels")
	n := roster.Need{From: day(t, "2026-03-03"), To: day(t, "2026-03-03"), Hours: 2 * time.Hour, Zone: zone(t, "America/Mexico_City"), DayFrom: "07:00", DayTo: "17:00", Team: 2}
	r := roster.Search(n, []roster.Calendar{ana, lou})
	// 08:00 in New York is 14:00 in Brussels and 07:00 in Mexico City; Brussels goes home at 17:00.
	if len(r.Slots) != 1 || r.Slots[0].LocalFrom.Format("15:04") != "07:00" || r.Slots[0].StartsAt != instant(t, "2026-03-03T13:00:00Z") {
		t.Fatalf("both: %+v %+v", r.Slots, r.Refused)
	}
	// Between the changes of the clocks on both sides of the ocean there is an hour more.
	n.From, n.To = day(t, "2026-03-10"), day(t, "2026-03-10")
	if r = roster.Search(n, []roster.Calendar{ana, lou}); len(r.Slots) != 1 || r.Slots[0].StartsAt != instant(t, "2026-03-10T13:00:00Z") {
		t.Errorf("between the changes: %+v %+v", r.Slots, r.Refused)
	}
	kai := officer(t, "Kai", "Asia/Tokyo")
	if got := refused(roster.Search(n, []roster.Calendar{ana, kai}), "2026-03-10"); !strings.Contains(got, "Kai: outside working hours in Asia/Tokyo") {
		t.Errorf("Tokyo: %q", got)
	}
	// Without a place it is by video, whatever travel is like.
	n.Travel = bands
	if got := refused(roster.Search(n, []roster.Calendar{ana, kai}), "2026-03-10"); !strings.Contains(got, "outside working hours") {
		t.Errorf("a video without a place: %q", got)
	}
	// On site without a place the shortest travel counts, and the reader is told.
	there := onSite(t, "2026-03-10", "2026-03-10")
	there.Lat, there.Lon = nil, nil
	if r := roster.Search(there, []roster.Calendar{ana}); len(r.Slots) != 1 || r.Slots[0].Team[0].Travel != 60 || !strings.Contains(texts(r.Notes), "place of the site is not known") {
		t.Errorf("no place: %+v", r)
	}
	// A site in Kathmandu, at five hours and three quarters.
	n = roster.Need{From: day(t, "2026-03-03"), To: day(t, "2026-03-03"), Hours: 3 * time.Hour, Zone: zone(t, "Asia/Kathmandu"), DayFrom: "09:00", DayTo: "17:00", Team: 1}
	r = roster.Search(n, []roster.Calendar{lou})
	// 08:00 in Brussels is 12:45 in Kathmandu; the beginnings are half hours at the site.
	if len(r.Slots) != 1 || r.Slots[0].LocalFrom.Format("15:04") != "13:00" || r.Slots[0].StartsAt != instant(t, "2026-03-03T07:15:00Z") {
		t.Errorf("Kathmandu: %+v %+v", r.Slots, r.Refused)
	}
}

// TestWall: a wall time that clocks leave out or show twice is no time to agree on.
func TestWall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, local, want string }{
		{"America/New_York", "2026-03-08T02:30:00Z", ""}, // left out
		{"America/New_York", "2026-03-08T03:00:00Z", "2026-03-08T07:00:00Z"},
		{"America/New_York", "2026-03-08T01:59:00Z", "2026-03-08T06:59:00Z"},
		{"America/New_York", "2026-11-01T01:30:00Z", ""}, // twice
		{"America/New_York", "2026-11-01T02:00:00Z", "2026-11-01T07:00:00Z"},
		{"America/New_York", "2026-11-01T00:59:00Z", "2026-11-01T04:59:00Z"},
		{"Europe/Brussels", "2026-03-29T02:30:00Z", ""},
		{"Europe/Brussels", "2026-10-25T02:30:00Z", ""},
		{"Europe/Brussels", "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z"},
		{"Australia/Lord_Howe", "2026-10-04T02:15:00Z", ""}, // half an hour is left out
		{"Australia/Lord_Howe", "2026-10-04T02:30:00Z", "2026-10-03T15:30:00Z"},
		{"Australia/Lord_Howe", "2026-04-05T01:45:00Z", ""}, // half an hour comes twice
		{"Australia/Lord_Howe", "2026-04-05T02:00:00Z", "2026-04-04T15:30:00Z"},
		{"Australia/Lord_Howe", "2026-04-05T01:29:00Z", "2026-04-04T14:29:00Z"},
		{"Asia/Kathmandu", "2026-03-29T02:30:00Z", "2026-03-28T20:45:00Z"},
		{"UTC", "2026-03-29T02:30:00Z", "2026-03-29T02:30:00Z"},
	} {
		at, ok := roster.Wall(instant(t, c.local), zone(t, c.zone))
		if ok != (c.want != "") || ok && !at.Equal(instant(t, c.want)) {
			t.Errorf("%s in %s: %s %v, want %s", c.local, c.zone, at.UTC().Format(time.RFC3339), ok, c.want)
		}
		if ok && !roster.Local(at, zone(t, c.zone)).Equal(instant(t, c.local)) {
			t.Errorf("%s in %s does not come back", c.local, c.zone)
		}
	}
}

// TestSearchOverTheChangeOfClocks: what people agree on is what the clock on the wall shows.
func TestSearchOverTheChangeOfClocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, day string
		hours     float64 // from nine o'clock on the day to five on the next
	}{
		{"America/New_York", "2026-03-07", 31}, {"America/New_York", "2026-10-31", 33},
		{"Europe/Brussels", "2026-03-28", 31}, {"Europe/Brussels", "2026-10-24", 33},
		{"Australia/Lord_Howe", "2026-10-03", 31.5}, {"Australia/Lord_Howe", "2026-04-04", 32.5},
		{"Asia/Kathmandu", "2026-03-28", 32},
	} {
		ana := officer(t, "Ana", "America/New_York")
		ana.WorkDays = []int{1, 2, 3, 4, 5, 6, 7}
		n := onSite(t, c.day, day(t, c.day).AddDays(1).String())
		n.Zone, n.Days, n.Weekends = zone(t, c.zone), 2, true
		r := roster.Search(n, []roster.Calendar{ana})
		if len(r.Slots) != 1 {
			t.Errorf("%s %s: %+v", c.zone, c.day, r.Refused)
			continue
		}
		s := r.Slots[0]
		if s.EndsAt.Sub(s.StartsAt).Hours() != c.hours || s.LocalFrom.Format(time.DateTime) != c.day+" 09:00:00" || s.LocalTo.Format("15:04") != "17:00" || s.Day != day(t, c.day) {
			t.Errorf("%s %s: %v hours, %s to %s", c.zone, c.day, s.EndsAt.Sub(s.StartsAt).Hours(), s.LocalFrom, s.LocalTo)
		}
		if got := roster.VisitDays(s.StartsAt, s.EndsAt); got != 2 {
			t.Errorf("%s %s counts for %d days", c.zone, c.day, got)
		}
	}
	// A visit by night meets the change itself.
	ana := officer(t, "Ana", "America/New_York")
	ana.WorkDays, ana.WorkFrom, ana.WorkTo = []int{1, 2, 3, 4, 5, 6, 7}, "00:00", "23:59"
	n := roster.Need{Hours: time.Hour, Zone: zone(t, "America/New_York"), DayFrom: "01:00", DayTo: "04:00", Team: 1, Weekends: true}
	for d, want := range map[string][]string{"2026-03-08": {"03:00"}, "2026-11-01": {"02:00", "03:00"}, "2026-03-09": {"01:00", "02:00", "03:00"}} {
		n.From, n.To = day(t, d), day(t, d)
		var got []string
		for _, s := range roster.Search(n, []roster.Calendar{ana}).Slots {
			got = append(got, s.LocalFrom.Format("15:04"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s by night: %v, want %v", d, got, want)
		}
	}
	n = onSite(t, "2026-03-08", "2026-03-08")
	n.DayFrom, n.Weekends = "02:30", true
	if got := refused(roster.Search(n, []roster.Calendar{ana}), "2026-03-08"); got != "Clocks change at that hour" {
		t.Errorf("at half past two: %q", got)
	}
}

// TestAllDayIsTheDayOfTheSite: a visit in Tokyo on Tuesday is Tuesday there, although it is
// still Monday where the officer comes from.
func TestAllDayIsTheDayOfTheSite(t *testing.T) {
	t.Parallel()
	ana := officer(t, "Ana", "America/Los_Angeles")
	n := onSite(t, "2026-03-01", "2026-03-08")
	n.Zone, n.Country, n.Lat, n.Lon = zone(t, "Asia/Tokyo"), "JP", lat(35.68), lat(139.69)
	r := roster.Search(n, []roster.Calendar{ana})
	if got := slotDays(r); !slices.Equal(got, []string{"2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"}) {
		t.Errorf("days: %v", got)
	}
	if s := r.Slots[0]; s.StartsAt != instant(t, "2026-03-02T00:00:00Z") || s.Team[0].Travel != 1440 {
		t.Errorf("%+v", s)
	}
	if got := texts(r.Notes); !strings.Contains(got, "no table of public holidays") {
		t.Errorf("notes: %q", got)
	}
}

// TestWholeDaysAndHalfDays: without hours, an all-day visit is civil days; a half day on site
// needs travel and not the working hours of the officer's own zone.
func TestWholeDaysAndHalfDays(t *testing.T) {
	t.Parallel()
	ana := officer(t, "Ana", "America/New_York")
	n := onSite(t, "2026-04-27", "2026-04-27")
	n.Zone, n.DayFrom, n.DayTo = zone(t, "Africa/Cairo"), "", ""
	n.From, n.To, n.Weekends = day(t, "2026-04-24"), day(t, "2026-04-24"), true // the day has no midnight
	r := roster.Search(n, []roster.Calendar{ana})
	if len(r.Slots) != 1 || r.Slots[0].StartsAt != instant(t, "2026-04-23T22:00:00Z") || r.Slots[0].EndsAt != instant(t, "2026-04-24T21:00:00Z") ||
		r.Slots[0].LocalFrom != instant(t, "2026-04-24T00:00:00Z") || r.Slots[0].LocalTo != instant(t, "2026-04-25T00:00:00Z") {
		t.Errorf("whole day: %+v %+v", r.Slots, r.Refused)
	}
	n = onSite(t, "2026-03-03", "2026-03-03")
	n.AllDay, n.Hours, n.Zone, n.Lat, n.Lon = false, 3*time.Hour, zone(t, "Europe/Brussels"), lat(50.85), lat(4.35)
	r = roster.Search(n, []roster.Calendar{ana})
	if len(r.Slots) != 2 || r.Slots[0].LocalFrom.Format("15:04") != "09:00" || r.Slots[1].LocalFrom.Format("15:04") != "12:00" || r.Slots[0].Team[0].Travel != 1440 {
		t.Errorf("half day: %+v %+v", r.Slots, r.Refused)
	}
}

// crowd is a national roster: officers in six zones with a year of bookings.
func crowd(t testing.TB, officers, visits int) []roster.Calendar {
	us := calendar(t, "us-federal")
	names := []string{"America/New_York", "America/Chicago", "America/Los_Angeles", "Europe/Brussels", "America/Denver", "America/Phoenix"}
	out := make([]roster.Calendar, officers)
	begin := instant(t, "2026-01-05T14:00:00Z")
	for i := range out {
		out[i] = officer(t, fmt.Sprintf("Officer %03d", i), names[i%len(names)])
		out[i].Office, out[i].Capacity = us, 12
		for k := range visits {
			from := begin.AddDate(0, 0, k*364/visits+i%5)
			out[i].Busy = append(out[i].Busy, roster.Booking{OfficerID: out[i].PersonID, Kind: roster.Visit, State: roster.Confirmed, StartsAt: from, EndsAt: from.Add(8 * time.Hour), TravelBefore: 150, TravelAfter: 150})
		}
	}
	return out
}

// BenchmarkSearch: 150 officers, 12 months.
func BenchmarkSearch(b *testing.B) {
	officers := crowd(b, 150, 45)
	for name, n := range map[string]roster.Need{
		"on site":  onSite(b, "2026-01-01", "2026-12-31"),
		"by video": {From: day(b, "2026-01-01"), To: day(b, "2026-12-31"), Hours: 4 * time.Hour, Zone: zone(b, "America/New_York"), DayFrom: "09:00", DayTo: "17:00", Skill: "ctpat/importer"},
	} {
		n.Team, n.SiteCalendar = 2, calendar(b, "us-federal")
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if r := roster.Search(n, officers); len(r.Slots) < 100 {
					b.Fatalf("%d slots", len(r.Slots))
				}
			}
		})
	}
}
