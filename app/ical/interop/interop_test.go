package interop_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/ical"
)

type understood struct {
	Method, Name, Refresh string
	Zones                 []string
	Events                []struct {
		UID, Summary, Description, Location, Status, URL, Stamp, Start, End, Organizer, OrganizerName string

		Sequence   int
		Attendees  []struct{ To, Name, RSVP, Role string }
		Properties []string
	}
}

// read has the independent library read an object and write and read it again.
func read(t *testing.T, object []byte) (u understood) {
	t.Helper()
	tools, err := filepath.Abs("../../../.ci/tools")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(tools, "node_modules", "ical.js")); err != nil {
		t.Fatalf("run `make tools` first: %v", err)
	}
	cmd := exec.Command("node", filepath.Join(tools, "ical.mjs"))
	cmd.Env = append(os.Environ(), "TZ=Pacific/Auckland") // whatever the machine's zone
	cmd.Stdin = bytes.NewReader(object)
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, wrong.String(), object)
	}
	if err := json.Unmarshal(out, &u); err != nil {
		t.Fatal(err)
	}
	return u
}

func visit(t *testing.T, zone, start string, hours int) ical.Event {
	t.Helper()
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", start, z)
	if err != nil {
		t.Fatal(err)
	}
	return ical.Event{
		UID:     ical.VisitUID(uuid.MustParse("01890000-0000-7000-8000-000000000412"), "portal.example"),
		Summary: "Validation visit (ref V-2026-0412)", Description: "Line one;\nline \\two, " + strings.Repeat("Łódź – 東京 – ", 30), Location: "Nuevo Laredo, MX",
		URL: "https://portal.example/validations/1?a=b", Stamp: time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC), Start: at, End: at.Add(time.Duration(hours) * time.Hour), Zone: z,
		Organizer: "visits+mx@customs.example", OrganizerName: `The "trusted trader" office; here: all, of it`,
		Attendees: []ical.Attendee{{Name: "Ana Ruiz, Peña", Email: "ana@customs.example"}, {Name: "Olga", Email: "olga@harbor.example", Optional: true}},
	}
}

// Instants come out right by the rules in the file alone, also around changes of the clock
// and in zones without any.
func TestInstants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, start string
		hours       int
	}{
		{"America/New_York", "2026-03-08T01:30", 4}, // the clock jumps in between
		{"America/New_York", "2026-11-01T00:30", 6}, // an hour comes twice
		{"America/New_York", "2026-07-01T09:00", 8},
		{"Europe/Brussels", "2026-03-28T09:00", 32}, // two days over a change
		{"Europe/Dublin", "2026-12-01T09:00", 8},    // winter is the exception there
		{"Australia/Lord_Howe", "2026-04-04T22:00", 8},
		{"Asia/Kolkata", "2026-07-01T09:00", 8},
		{"America/Mexico_City", "2026-07-01T09:00", 8}, // gave up summer time
		{"Africa/Casablanca", "2026-02-14T09:00", 48},  // an hour less in Ramadan
		{"Pacific/Chatham", "2026-09-27T01:00", 8},
		{"UTC", "2026-07-01T09:00", 8},
	} {
		e := visit(t, c.zone, c.start, c.hours)
		object, err := ical.Invitation(e, ical.Request)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, object).Events[0]
		const form = "2006-01-02T15:04:05.000Z"
		if want := e.Start.UTC().Format(form); got.Start != want {
			t.Errorf("%s %s begins at %s, want %s", c.zone, c.start, got.Start, want)
		}
		if want := e.End.UTC().Format(form); got.End != want {
			t.Errorf("%s %s ends at %s, want %s", c.zone, c.start, got.End, want)
		}
	}
}

func TestInvitationIsUnderstood(t *testing.T) {
	t.Parallel()
	e := visit(t, "America/Mexico_City", "2026-03-04T09:00", 8)
	e.Sequence = 3
	object, err := ical.Invitation(e, ical.Request)
	if err != nil {
		t.Fatal(err)
	}
	u := read(t, object)
	got := u.Events[0]
	if u.Method != "REQUEST" || !slices.Equal(u.Zones, []string{"America/Mexico_City"}) || got.UID != e.UID || got.Sequence != 3 || got.Status != "CONFIRMED" || got.Stamp != "2026-02-01T12:00:00Z" {
		t.Errorf("understood %+v", u)
	}
	if got.Summary != e.Summary || got.Description != e.Description || got.Location != e.Location || got.URL != e.URL {
		t.Errorf("texts came out as %q, %q, %q, %q", got.Summary, got.Description, got.Location, got.URL)
	}
	if got.Organizer != "mailto:visits+mx@customs.example" || got.OrganizerName != "The 'trusted trader' office; here: all, of it" {
		t.Errorf("organized by %q %q", got.Organizer, got.OrganizerName)
	}
	if len(got.Attendees) != 2 || got.Attendees[0].Name != "Ana Ruiz, Peña" || got.Attendees[0].RSVP != "TRUE" || got.Attendees[0].To != "mailto:ana@customs.example" || got.Attendees[1].Role != "OPT-PARTICIPANT" {
		t.Errorf("asked to come: %+v", got.Attendees)
	}
	if object, err = ical.Invitation(e, ical.Cancel); err != nil {
		t.Fatal(err)
	}
	if u = read(t, object); u.Method != "CANCEL" || u.Events[0].Status != "CANCELLED" || u.Events[0].UID != e.UID {
		t.Errorf("a cancellation is understood as %+v", u)
	}
}

func TestWholeDaysAndFeedAreUnderstood(t *testing.T) {
	t.Parallel()
	a, b := visit(t, "Asia/Tokyo", "2026-03-04T00:00", 48), visit(t, "Europe/Brussels", "2026-07-01T09:00", 8)
	a.AllDay, b.UID = true, "visit-2@portal.example"
	object, err := ical.Feed("My visits", []ical.Event{a, b})
	if err != nil {
		t.Fatal(err)
	}
	u := read(t, object)
	if u.Name != "My visits" || u.Refresh != "PT1H" || len(u.Events) != 2 {
		t.Fatalf("understood %+v", u)
	}
	if got := u.Events[0]; got.Start != "2026-03-04" || got.End != "2026-03-06" {
		t.Errorf("two whole days are %s to %s", got.Start, got.End)
	}
	if got := u.Events[1]; got.Start != "2026-07-01T07:00:00.000Z" || len(got.Attendees) != 0 || got.Organizer != "" {
		t.Errorf("the second visit is %+v", got)
	}
}

// What people write cannot become a property.
func TestHostileTextsStayTexts(t *testing.T) {
	t.Parallel()
	plain := visit(t, "UTC", "2026-07-01T09:00", 8)
	object, err := ical.Invitation(plain, ical.Request)
	if err != nil {
		t.Fatal(err)
	}
	want := read(t, object).Events[0].Properties
	for _, text := range []string{"a\r\nATTENDEE:mailto:x@evil.example", "\";RSVP=FALSE:mailto:x@evil.example\r\nX-EVIL:1", "\\nEND:VEVENT\\n", "a\u2028b\u0085c\x00d", "^n^'^^"} {
		e := plain
		e.Summary, e.Description, e.Location, e.OrganizerName = text, text, text, text
		e.Attendees = []ical.Attendee{{Name: text, Email: "ana@customs.example"}, plain.Attendees[1]}
		if object, err = ical.Invitation(e, ical.Request); err != nil {
			t.Fatal(err)
		}
		if got := read(t, object).Events[0].Properties; !slices.Equal(got, want) {
			t.Errorf("%q became %v", text, got)
		}
	}
}
