package ical_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"trustedtrader/app/ical"
)

func in(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func visit(t testing.TB, zone string, year int, month time.Month, day int) ical.Event {
	t.Helper()
	z := in(t, zone)
	return ical.Event{
		UID:     ical.VisitUID(uuid.MustParse("01890000-0000-7000-8000-000000000412"), "portal.example"),
		Summary: "Validation visit (ref V-2026-0412)", Location: "Nuevo Laredo, MX", URL: "https://portal.example/validations/1",
		Stamp: time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC), Start: time.Date(year, month, day, 9, 0, 0, 0, z), End: time.Date(year, month, day, 17, 0, 0, 0, z),
		Zone: z, Organizer: "visits@customs.example", OrganizerName: "Trusted trader office", Attendees: []ical.Attendee{{Name: "Ana Ruiz", Email: "ana@customs.example"}},
	}
}

// lines unfolds an object and looks at what every program expects of its form.
func lines(t testing.TB, b []byte) (out []string) {
	t.Helper()
	if !utf8.Valid(b) || !strings.HasSuffix(string(b), "\r\n") {
		t.Fatalf("not UTF-8 with lines that end with CRLF: %q", b)
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(string(b), "\r\n"), "\r\n") {
		if len(l) > 75 || strings.ContainsAny(l, "\r\n") || !utf8.ValidString(l) {
			t.Errorf("a line of %d octets: %q", len(l), l)
		}
		if more, folded := strings.CutPrefix(l, " "); folded {
			out[len(out)-1] += more
			continue
		}
		out = append(out, l)
	}
	return out
}

func has(t testing.TB, b []byte, want ...string) {
	t.Helper()
	all := "\n" + strings.Join(lines(t, b), "\n") + "\n"
	for _, w := range want {
		if !strings.Contains(all, "\n"+w+"\n") {
			t.Errorf("lacks %q:%s", w, all)
		}
	}
}

func invite(t testing.TB, e ical.Event, method string) []byte {
	t.Helper()
	b, err := ical.Invitation(e, method)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	e := visit(t, "America/Mexico_City", 2026, 3, 4)
	first := invite(t, e, ical.Request)
	has(t, first, "METHOD:REQUEST", "UID:visit-01890000-0000-7000-8000-000000000412@portal.example", "SEQUENCE:0", "DTSTAMP:20260201T120000Z", "STATUS:CONFIRMED",
		"DTSTART;TZID=America/Mexico_City:20260304T090000", "DTEND;TZID=America/Mexico_City:20260304T170000", "SUMMARY:Validation visit (ref V-2026-0412)",
		`ORGANIZER;CN="Trusted trader office":mailto:visits@customs.example`,
		`ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN="Ana Ruiz":mailto:ana@customs.example`)
	e.Sequence, e.Stamp, e.Start, e.End = 1, e.Stamp.Add(time.Hour), e.Start.AddDate(0, 0, 1), e.End.AddDate(0, 0, 1)
	has(t, invite(t, e, ical.Request), "METHOD:REQUEST", "UID:visit-01890000-0000-7000-8000-000000000412@portal.example", "SEQUENCE:1", "DTSTAMP:20260201T130000Z",
		"DTSTART;TZID=America/Mexico_City:20260305T090000")
	e.Sequence++
	has(t, invite(t, e, ical.Cancel), "METHOD:CANCEL", "UID:visit-01890000-0000-7000-8000-000000000412@portal.example", "SEQUENCE:2", "STATUS:CANCELLED")

	for name, spoil := range map[string]func(*ical.Event){
		"no organizer": func(e *ical.Event) { e.Organizer = "" }, "nobody to come": func(e *ical.Event) { e.Attendees = nil },
		"no identifier": func(e *ical.Event) { e.UID = "" }, "no stamp": func(e *ical.Event) { e.Stamp = time.Time{} },
		"an end before the start":  func(e *ical.Event) { e.End = e.Start },
		"an address with a line":   func(e *ical.Event) { e.Attendees[0].Email = "a@b.example\r\nX-EVIL:1" },
		"a name beside an address": func(e *ical.Event) { e.Organizer = "Office <visits@customs.example>" },
		"a page that is a program": func(e *ical.Event) { e.URL = "javascript:alert(1)" },
	} {
		e := visit(t, "UTC", 2026, 3, 4)
		spoil(&e)
		if _, err := ical.Invitation(e, ical.Request); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if _, err := ical.Invitation(e, "PUBLISH"); err == nil {
		t.Error("an event that is published cannot be cancelled, and was written")
	}
}

// Whole days are those of the site, whatever the instants are elsewhere.
func TestWholeDays(t *testing.T) {
	t.Parallel()
	e := visit(t, "Asia/Tokyo", 2026, 3, 4)
	e.AllDay = true
	has(t, invite(t, e, ical.Request), "DTSTART;VALUE=DATE:20260304", "DTEND;VALUE=DATE:20260305")
	e.End = time.Date(2026, 3, 6, 0, 0, 0, 0, e.Zone) // midnight after the second day
	b := invite(t, e, ical.Request)
	has(t, b, "DTSTART;VALUE=DATE:20260304", "DTEND;VALUE=DATE:20260306")
	if strings.Contains(string(b), "VTIMEZONE") {
		t.Error("days have no zone")
	}
}

// The rules of the zone on the days of the event go along.
func TestZones(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		event ical.Event
		want  []string
	}{
		"summer": {visit(t, "Europe/Brussels", 2026, 7, 1), []string{"TZID:Europe/Brussels", "BEGIN:DAYLIGHT", "DTSTART:20260329T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "TZNAME:CEST",
			"BEGIN:STANDARD", "DTSTART:20261025T030000", "TZNAME:CET"}},
		"the day of the change": {visit(t, "America/New_York", 2026, 3, 8), []string{"DTSTART:20260308T020000", "TZOFFSETFROM:-0500", "TZOFFSETTO:-0400", "DTSTART:20261101T020000"}},
		"winter in the south":   {visit(t, "Australia/Sydney", 2026, 7, 1), []string{"BEGIN:STANDARD", "DTSTART:20260405T030000", "TZOFFSETFROM:+1100", "TZOFFSETTO:+1000", "DTSTART:20261004T020000"}},
		"winter as exception":   {visit(t, "Europe/Dublin", 2026, 7, 1), []string{"BEGIN:DAYLIGHT", "DTSTART:20260329T010000", "TZOFFSETTO:+0100", "BEGIN:STANDARD", "DTSTART:20261025T020000"}},
		"no summer time":        {visit(t, "Asia/Kolkata", 2026, 7, 1), []string{"BEGIN:STANDARD", "TZOFFSETTO:+0530"}},
		"given up":              {visit(t, "America/Mexico_City", 2026, 7, 1), []string{"TZOFFSETTO:-0600", "DTSTART:20221030T020000"}},
	} {
		b := invite(t, c.event, ical.Request)
		has(t, b, c.want...)
		if n := strings.Count(string(b), "BEGIN:VTIMEZONE"); n != 1 {
			t.Errorf("%s: %d zones", name, n)
		}
	}
	if b := invite(t, visit(t, "UTC", 2026, 7, 1), ical.Request); strings.Contains(string(b), "VTIMEZONE") || !strings.Contains(string(b), "DTSTART:20260701T090000Z") {
		t.Errorf("UTC needs no zone: %s", b)
	}
}

func TestFeed(t *testing.T) {
	t.Parallel()
	a, b := visit(t, "Europe/Brussels", 2026, 2, 1), visit(t, "Europe/Brussels", 2027, 7, 1)
	b.UID = "visit-2@portal.example"
	feed, err := ical.Feed("Visits; mine, all", []ical.Event{a, b})
	if err != nil {
		t.Fatal(err)
	}
	has(t, feed, "METHOD:PUBLISH", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H", `X-WR-CALNAME:Visits\; mine\, all`, "UID:"+a.UID, "UID:"+b.UID,
		"DTSTART:20251026T030000", "DTSTART:20260329T020000", "DTSTART:20270328T020000") // every change from the first visit to the last
	if s := string(feed); strings.Contains(s, "ATTENDEE") || strings.Contains(s, "ORGANIZER") || strings.Count(s, "BEGIN:VTIMEZONE") != 1 {
		t.Errorf("a feed invites nobody and names a zone once:\n%s", s)
	}
	again, err := ical.Feed("Visits; mine, all", []ical.Event{a, b})
	if err != nil || string(again) != string(feed) {
		t.Errorf("the same events gave other bytes (%v)", err)
	}
	empty, err := ical.Feed("Nothing yet", nil)
	if err != nil || !strings.Contains(string(empty), "END:VCALENDAR") {
		t.Errorf("an empty calendar: %q, %v", empty, err)
	}
	if _, err := ical.Feed("x", []ical.Event{{UID: "a"}}); err == nil {
		t.Error("an event without times was written")
	}
}

// Whatever people write into texts, an object has the properties of its event and no others.
func FuzzTexts(f *testing.F) {
	f.Add("Visit\r\nATTENDEE:mailto:evil@x.example", `A;B,C\n`, "\";X=\"y\r\nEND:VEVENT", "Łódź "+strings.Repeat("☃", 200))
	f.Add("\u2028BEGIN:VALARM", "\x00\x1b[31m", "^n\u0085X:1", "\xff\xfe")
	f.Fuzz(func(t *testing.T, summary, description, name, location string) {
		e := visit(t, "Europe/Brussels", 2026, 7, 1)
		plain := lines(t, invite(t, e, ical.Request))
		e.Summary, e.Description, e.Location, e.OrganizerName = summary, description, location, name
		e.Attendees[0].Name = name
		got := lines(t, invite(t, e, ical.Request))
		for _, l := range plain {
			property, _, _ := strings.Cut(l, ":")
			property, _, _ = strings.Cut(property, ";")
			if property == "LOCATION" { // none when it is empty
				continue
			}
			n := 0
			for _, g := range got {
				if strings.HasPrefix(g, property+":") || strings.HasPrefix(g, property+";") {
					n++
				}
			}
			m := 0
			for _, p := range plain {
				if strings.HasPrefix(p, property+":") || strings.HasPrefix(p, property+";") {
					m++
				}
			}
			if n != m {
				t.Errorf("%d of %s, want %d", n, property, m)
			}
		}
		if len(got) < len(plain)-1 || len(got) > len(plain)+1 {
			t.Errorf("%d properties, want about %d", len(got), len(plain))
		}
		for _, g := range got {
			if strings.ContainsFunc(g, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
				t.Errorf("a control character in %q", g)
			}
		}
	})
}
