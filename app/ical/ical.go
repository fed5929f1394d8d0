// Package ical writes iCalendar objects: invitations to a visit, their updates and
// cancellations, and feeds that a calendar program subscribes to.
//
// Why a writer of our own: a visit is a single event, so what is needed is small, and
// what matters is what libraries leave to their callers: the zone goes along as it is on
// the days of the event, without which people see times in "GMT"; nothing in a text can
// begin a property of its own; and lines fold between characters.
// Source: RFC 5545, RFC 5546 (invitations), RFC 7986 (feeds).
package ical

import (
	"bytes"
	"cmp"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// MediaType is what an iCalendar object is sent as.
const MediaType = "text/calendar"

// Methods of an invitation (RFC 5546).
const (
	Request = "REQUEST" // asks to come, and tells what changed: Sequence and Stamp have grown
	Cancel  = "CANCEL"  // it does not take place
)

// The states of an event.
const (
	Confirmed = "CONFIRMED"
	Tentative = "TENTATIVE"
	Cancelled = "CANCELLED"
)

// Event is one visit as calendars see it. UID stays the same for as long as the visit
// lives, in invitations and feeds alike; Sequence grows with each change of time or place.
type Event struct {
	UID, Summary, Description, Location, URL string

	Sequence      int
	Stamp         time.Time // when this was said; an update whose stamp does not grow is ignored by some programs
	Start, End    time.Time
	AllDay        bool           // whole days in Zone, from the day of Start to that of End
	Zone          *time.Location // nil: UTC
	Organizer     string         // address of the office's mailbox, equal to the sender of the e-mail
	OrganizerName string
	Attendees     []Attendee
	Status        string // empty: Confirmed, or Cancelled in a cancellation
	LastModified  time.Time
}

// VisitUID identifies a visit in every calendar, for ever: in its invitation and in feeds.
// host is the portal's, which makes it unlike those of others.
func VisitUID(visit uuid.UUID, host string) string { return "visit-" + visit.String() + "@" + host }

// Attendee is somebody who is asked to come.
type Attendee struct {
	Name, Email string
	Optional    bool
}

// Invitation is the iCalendar object of an e-mail that asks people to come (Request) or
// tells them that it is off (Cancel).
func Invitation(e Event, method string) ([]byte, error) {
	switch {
	case method != Request && method != Cancel:
		return nil, fmt.Errorf("write an invitation: there is no method %q", method)
	case e.Organizer == "" || len(e.Attendees) == 0:
		return nil, fmt.Errorf("write the invitation %s: it needs an organizer and people to come", e.UID)
	}
	if method == Cancel {
		e.Status = Cancelled
	}
	var w writer
	w.line("BEGIN", "VCALENDAR")
	w.line("VERSION", "2.0")
	w.line("PRODID", product)
	w.line("CALSCALE", "GREGORIAN")
	w.line("METHOD", method)
	if err := w.all([]Event{e}, true); err != nil {
		return nil, fmt.Errorf("write an invitation: %w", err)
	}
	w.line("END", "VCALENDAR")
	return w.Bytes(), nil
}

// Feed is a calendar to subscribe to. It names no organizer and nobody who comes, so that
// no program takes it for an invitation. The same events give the same bytes.
func Feed(name string, events []Event) ([]byte, error) {
	var w writer
	w.line("BEGIN", "VCALENDAR")
	w.line("VERSION", "2.0")
	w.line("PRODID", product)
	w.line("CALSCALE", "GREGORIAN")
	w.line("METHOD", "PUBLISH")
	w.line("NAME", text(name))
	w.line("X-WR-CALNAME", text(name))
	w.line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H")
	w.line("X-PUBLISHED-TTL", "PT1H")
	if err := w.all(events, false); err != nil {
		return nil, fmt.Errorf("write the calendar: %w", err)
	}
	w.line("END", "VCALENDAR")
	return w.Bytes(), nil
}

const product = "-//Trusted trader portal//Visits//EN"

// writer collects lines that end with CRLF and are no longer than 75 octets.
type writer struct{ bytes.Buffer }

const (
	longest = 75 // octets of a line without its end (RFC 5545, 3.1)
	instant = "20060102T150405"
	day     = "20060102"
)

// line writes a content line. What stands before the colon is ours or was cleaned by
// param; what stands after it was cleaned by text or address.
func (w *writer) line(name, value string) {
	s := name + ":" + value
	room := longest
	for len(s) > room {
		cut := room
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		w.WriteString(s[:cut])
		w.WriteString("\r\n ")
		s, room = s[cut:], longest-1
	}
	w.WriteString(s)
	w.WriteString("\r\n")
}

// all writes the zones of the events and then the events.
func (w *writer) all(events []Event, people bool) error {
	w.zones(events)
	for _, e := range events {
		if err := w.event(e, people); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) event(e Event, people bool) error {
	if e.UID == "" || e.Stamp.IsZero() || !e.End.After(e.Start) {
		return fmt.Errorf("event %q needs an identifier, a stamp and an end after its start", e.UID)
	}
	w.line("BEGIN", "VEVENT")
	w.line("UID", text(e.UID))
	w.line("SEQUENCE", strconv.Itoa(e.Sequence))
	w.line("DTSTAMP", e.Stamp.UTC().Format(instant)+"Z")
	if !e.LastModified.IsZero() {
		w.line("LAST-MODIFIED", e.LastModified.UTC().Format(instant)+"Z")
	}
	w.time("DTSTART", e, e.Start)
	if e.AllDay {
		// The day after the last one; an end at midnight belongs to the day before.
		w.time("DTEND", e, e.End.Add(-1).In(zone(e)).AddDate(0, 0, 1))
		w.line("X-MICROSOFT-CDO-BUSYSTATUS", "BUSY") // Outlook shows whole days as free otherwise
	} else {
		w.time("DTEND", e, e.End)
	}
	w.line("SUMMARY", text(e.Summary))
	if e.Description != "" {
		w.line("DESCRIPTION", text(e.Description))
	}
	if e.Location != "" {
		w.line("LOCATION", text(e.Location))
	}
	if e.URL != "" {
		u, err := url.Parse(e.URL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("event %s: its page is not an address of the web", e.UID)
		}
		w.line("URL", u.String())
	}
	w.line("STATUS", cmp.Or(e.Status, Confirmed))
	w.line("TRANSP", "OPAQUE")
	if people {
		if err := w.people(e); err != nil {
			return fmt.Errorf("event %s: %w", e.UID, err)
		}
	}
	w.line("END", "VEVENT")
	return nil
}

func (w *writer) people(e Event) error {
	to, err := address(e.Organizer)
	if err != nil {
		return err
	}
	w.line("ORGANIZER"+param("CN", e.OrganizerName), to)
	for _, a := range e.Attendees {
		if to, err = address(a.Email); err != nil {
			return err
		}
		role := "REQ-PARTICIPANT"
		if a.Optional {
			role = "OPT-PARTICIPANT"
		}
		w.line("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE="+role+";PARTSTAT=NEEDS-ACTION;RSVP=TRUE"+param("CN", a.Name), to)
	}
	return nil
}

// time writes an instant as wall time with its zone, as UTC, or as a day.
func (w *writer) time(name string, e Event, at time.Time) {
	z := zone(e)
	switch {
	case e.AllDay:
		w.line(name+";VALUE=DATE", at.In(z).Format(day))
	case z == time.UTC:
		w.line(name, at.UTC().Format(instant)+"Z")
	default:
		w.line(name+param("TZID", z.String()), at.In(z).Format(instant))
	}
}

func zone(e Event) *time.Location {
	if e.Zone == nil || e.Zone.String() == "UTC" {
		return time.UTC
	}
	return e.Zone
}

// text escapes a TEXT value and drops what no text may hold. Source: RFC 5545, 3.3.11.
func text(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return escapes.Replace(strings.Map(func(r rune) rune {
		switch {
		case r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case r < ' ' && r != '\n' && r != '\t', r == 0x7f, r >= 0x80 && r < 0xa0:
			return -1
		}
		return r
	}, s))
}

var escapes = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`)

// param is a quoted parameter, or nothing for an empty value. A quotation mark cannot
// stand in one and becomes an apostrophe: programs that read RFC 6868 are too few.
func param(name, value string) string {
	value = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < ' ', r >= 0x7f && r < 0xa0, r == '\u2028', r == '\u2029':
			return ' '
		}
		return r
	}, strings.ToValidUTF8(value, "\uFFFD")))
	if value == "" {
		return ""
	}
	if name == "TZID" { // names of zones need no quotes, and some programs do not expect them there
		return ";" + name + "=" + value
	}
	return ";" + name + `="` + value + `"`
}

// address is an e-mail address as a URI.
func address(of string) (string, error) {
	a, err := mail.ParseAddress(of)
	if err != nil || a.Address != of {
		return "", fmt.Errorf("an e-mail address is not valid")
	}
	return "mailto:" + url.PathEscape(of), nil
}

// zones writes every zone of the events, each once, with what was in force from the first
// event to the last and the change that comes next.
func (w *writer) zones(events []Event) {
	type span struct {
		zone     *time.Location
		from, to time.Time
	}
	var spans []span
	for _, e := range events {
		z := zone(e)
		if e.AllDay || z == time.UTC {
			continue
		}
		i := slices.IndexFunc(spans, func(s span) bool { return s.zone.String() == z.String() })
		if i < 0 {
			spans = append(spans, span{z, e.Start, e.End})
			continue
		}
		if e.Start.Before(spans[i].from) {
			spans[i].from = e.Start
		}
		if e.End.After(spans[i].to) {
			spans[i].to = e.End
		}
	}
	for _, s := range spans {
		w.zone(s.zone, s.from, s.to)
	}
}

func (w *writer) zone(z *time.Location, from, to time.Time) {
	w.line("BEGIN", "VTIMEZONE")
	w.line("TZID", z.String())
	at := from.In(z)
	for {
		begins, ends := at.ZoneBounds()
		w.observance(at, begins)
		if ends.IsZero() || begins.After(to) {
			break
		}
		at = ends
	}
	w.line("END", "VTIMEZONE")
}

// observance writes the rule that is in force at a time, since it began.
func (w *writer) observance(at, begins time.Time) {
	name, offset := at.Zone()
	before, onset := offset, "19700101T000000"
	if !begins.IsZero() {
		_, before = begins.Add(-time.Second).Zone()
		// The wall time that the old offset showed at the change (RFC 5545, 3.6.5).
		onset = begins.UTC().Add(time.Duration(before) * time.Second).Format(instant)
	}
	part := "STANDARD"
	// The summer time is the one that is ahead, also where a country counts its winter as
	// the exception.
	if begins.IsZero() && at.IsDST() || !begins.IsZero() && (at.IsDST() || begins.Add(-time.Second).IsDST()) && offset > before {
		part = "DAYLIGHT"
	}
	w.line("BEGIN", part)
	w.line("DTSTART", onset)
	w.line("TZOFFSETFROM", offsetText(before))
	w.line("TZOFFSETTO", offsetText(offset))
	w.line("TZNAME", text(name))
	w.line("END", part)
}

func offsetText(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	if s := seconds % 60; s != 0 {
		return fmt.Sprintf("%c%02d%02d%02d", sign, seconds/3600, seconds/60%60, s)
	}
	return fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
}
