package roster

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// OfficerEntry is what a supervisor enters about an officer, as typed.
type OfficerEntry struct {
	PersonID    uuid.UUID // Register only
	Languages   []string
	Skills      []string
	Base        string
	BaseCountry string
	BaseLat     string
	BaseLon     string
	Zone        string // empty: the office's
	WorkDays    []string
	WorkFrom    string
	WorkTo      string
	Capacity    string
	Nights      string
	WeeksInARow string
	Version     int
}

// Entry is what is known of an officer as a form shows it.
func (o Officer) Entry() OfficerEntry {
	e := OfficerEntry{PersonID: o.PersonID, Languages: o.Languages, Skills: o.Skills, Base: o.Base, BaseCountry: o.BaseCountry,
		BaseLat: strconv.FormatFloat(o.BaseLat, 'f', -1, 64), BaseLon: strconv.FormatFloat(o.BaseLon, 'f', -1, 64), Zone: o.Zone,
		WorkFrom: o.WorkFrom, WorkTo: o.WorkTo, Capacity: strconv.Itoa(o.Capacity), Nights: strconv.Itoa(o.Nights),
		WeeksInARow: strconv.Itoa(o.WeeksInARow), Version: o.Version}
	for _, d := range o.WorkDays {
		e.WorkDays = append(e.WorkDays, strconv.Itoa(d))
	}
	return e
}

// NewOfficer is a form with what most officers have.
func NewOfficer() OfficerEntry {
	return OfficerEntry{WorkDays: []string{"1", "2", "3", "4", "5"}, WorkFrom: "08:00", WorkTo: "17:00", Capacity: "8", Nights: "12", WeeksInARow: "3"}
}

// What an officer can be asked at most.
const (
	mostDays   = 31
	mostNights = 31
	mostWeeks  = 52
)

// put checks an entry and takes it over. Countries are two capital letters (ISO 3166-1).
func (e OfficerEntry) put(o *Officer, skills []string) []fault.Field {
	var check entry.Check
	o.Languages = nil
	for _, l := range Languages() {
		if slices.Contains(e.Languages, l.Code) {
			o.Languages = append(o.Languages, l.Code)
		}
	}
	if len(o.Languages) == 0 {
		check.Add("languages", "Choose at least one language")
	}
	o.Skills = nil
	for _, s := range skills {
		if slices.Contains(e.Skills, s) {
			o.Skills = append(o.Skills, s)
		}
	}
	if len(o.Skills) == 0 {
		check.Add("skills", "Choose at least one kind of member that the officer validates")
	}
	o.Base = check.Line("base", "the city or airport", e.Base, 1, 120)
	if o.BaseCountry = e.BaseCountry; len(e.BaseCountry) != 2 || strings.ToUpper(e.BaseCountry) != e.BaseCountry {
		check.Add("base_country", "Choose a country")
	}
	if lat := check.Degrees("base_lat", "the latitude", e.BaseLat, 90); lat != nil {
		o.BaseLat = *lat
	} else if strings.TrimSpace(e.BaseLat) == "" {
		check.Add("base_lat", "Enter the latitude in degrees, like 40.7128")
	}
	if lon := check.Degrees("base_lon", "the longitude", e.BaseLon, 180); lon != nil {
		o.BaseLon = *lon
	} else if strings.TrimSpace(e.BaseLon) == "" {
		check.Add("base_lon", "Enter the longitude in degrees, like -74.006")
	}
	if o.Zone = ""; e.Zone != "" {
		o.Zone = check.Zone("zone", e.Zone)
	}
	o.WorkDays = nil
	for d := 1; d <= 7; d++ {
		if slices.Contains(e.WorkDays, strconv.Itoa(d)) {
			o.WorkDays = append(o.WorkDays, d)
		}
	}
	if len(o.WorkDays) == 0 {
		check.Add("work_days", "Choose at least one day of the week")
	}
	from, ok1 := timeOfDay(&check, "work_from", e.WorkFrom)
	to, ok2 := timeOfDay(&check, "work_to", e.WorkTo)
	if o.WorkFrom, o.WorkTo = from, to; ok1 && ok2 && from >= to {
		check.Add("work_to", "Enter a time after the day begins")
	}
	whole := func(name, what, value string, from, to int, into *int) {
		if n := check.Whole(name, what, value, from, to, true); n != nil {
			*into = *n
		}
	}
	whole("capacity", "the days of visits in a month", e.Capacity, 0, mostDays, &o.Capacity)
	whole("nights", "the nights away in a month", e.Nights, 0, mostNights, &o.Nights)
	whole("weeks_in_a_row", "the weeks away in a row", e.WeeksInARow, 1, mostWeeks, &o.WeeksInARow)
	return check.Fields()
}

// timeOfDay takes HH:MM of a wall clock.
func timeOfDay(check *entry.Check, name, value string) (string, bool) {
	value = strings.TrimSpace(value)
	if len(value) == 4 { // 8:00
		value = "0" + value
	}
	if t, err := time.Parse("15:04", value); err == nil && t.Format("15:04") == value {
		return value, true
	}
	check.Add(name, "Enter a time of day like 08:30")
	return value, false
}

// Skills lists the kinds of member that an officer may validate, as programme/entity_type.
func (s *Service) Skills() (out []string) {
	for _, p := range s.Programmes.All() {
		for _, e := range p.EntityTypes() {
			out = append(out, p.Code+"/"+e.Code)
		}
	}
	return out
}

// manages refuses whoever may not change an officer: supervisors may in their office tree,
// but nobody their own record.
func manages(by identity.Actor, o Officer) error {
	switch {
	case !by.Is(identity.Approvers...):
		return fault.New(fault.Forbidden, "Only a supervisor of the office can change an officer. Ask one")
	case o.PersonID == by.PersonID:
		return fault.New(fault.Forbidden, "You cannot change your own record. Ask another supervisor")
	case !by.InOffice(o.OfficeID):
		return fault.New(fault.Forbidden, "This officer belongs to another office. Ask a supervisor there")
	}
	return nil
}

// Register makes a person who works cases in the supervisor's office tree an officer; one
// who was an officer before becomes one again. The office is that of the person's right.
func (s *Service) Register(ctx context.Context, by identity.Actor, in OfficerEntry) error {
	if !by.Is(identity.Approvers...) {
		return fault.Missing()
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		o := Officer{PersonID: in.PersonID, Active: true}
		problems := in.put(&o, s.Skills())
		office, err := officeOf(ctx, tx, now, by, in.PersonID)
		if err != nil {
			return err
		}
		switch {
		case office == uuid.Nil:
			problems = append([]fault.Field{fault.F("person", "Choose a person who works cases in your office")}, problems...)
		case in.PersonID == by.PersonID:
			problems = append([]fault.Field{fault.F("person", "You cannot register yourself. Ask another supervisor")}, problems...)
		}
		if problems != nil {
			return fault.Fail(problems)
		}
		o.OfficeID = office
		if err := insertOfficer(ctx, tx, now, o); err != nil {
			return err
		}
		return record(ctx, tx, now, by, "officer.register", o, nil, "")
	})
}

// Change changes what is known of an officer. Visits that are booked stay as they are.
// Conflict: somebody was faster.
func (s *Service) Change(ctx context.Context, by identity.Actor, id uuid.UUID, in OfficerEntry) error {
	if !by.Is(identity.CaseReaders...) {
		return fault.Missing()
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		was, err := lockOfficer(ctx, tx, now, id)
		if err != nil {
			return err
		}
		if err := manages(by, was); err != nil {
			return err
		}
		is := was
		if in.Version != was.Version {
			_ = in.put(&is, s.Skills()) // what can be read of it is shown beside what is kept now
			return fault.Moved(changes(was, is)...)
		}
		if problems := in.put(&is, s.Skills()); problems != nil {
			return fault.Fail(problems)
		}
		if err := updateOfficer(ctx, tx, &is); err != nil {
			return err
		}
		return record(ctx, tx, now, by, "officer.change", is, &was, "")
	})
}

// End takes an officer off the roster, with a reason of up to 1,000 characters. One who has
// visits ahead stays until they are moved or given to somebody else.
func (s *Service) End(ctx context.Context, by identity.Actor, id uuid.UUID, version int, reason string) error {
	if !by.Is(identity.CaseReaders...) {
		return fault.Missing()
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		was, err := lockOfficer(ctx, tx, now, id)
		if err != nil {
			return err
		}
		if err := manages(by, was); err != nil {
			return err
		}
		if version != was.Version {
			return fault.Moved()
		}
		if !was.Active {
			return fault.New(fault.Conflict, "This person is no officer any more")
		}
		var check entry.Check
		reason = check.Text("reason", "the reason", reason, 1, 1000)
		ahead, err := visitsAhead(ctx, tx, now, id)
		if err != nil {
			return err
		}
		if ahead > 0 {
			check.Add("", "%s has visits ahead (%d). Move them or choose another officer for them first", was.Name, ahead)
		}
		if err := check.Err(); err != nil {
			return err
		}
		is := was
		is.Active = false
		if err := updateOfficer(ctx, tx, &is); err != nil {
			return err
		}
		return record(ctx, tx, now, by, "officer.end", is, &was, reason)
	})
}

func record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, action string, is Officer, was *Officer, reason string) error {
	e := audit.Event{Action: action, Kind: "officer", Subject: is.PersonID, Internal: true, After: values(is, nil), Reason: reason}
	if was != nil {
		e.Before, e.After = values(*was, &is), values(is, was)
	}
	if err := audit.Record(ctx, tx, now, by, e); err != nil {
		return fmt.Errorf("keep the officer: %w", err)
	}
	return nil
}

type fact struct {
	name, label string // of the event's field, and for a person (English source text)
	value       any
}

func (o Officer) facts() []fact {
	var languages []string
	for _, l := range o.Languages {
		languages = append(languages, LanguageName(l))
	}
	return []fact{
		{"office", "Office", o.OfficeID.String()}, {"languages", "Languages", strings.Join(languages, ", ")}, {"skills", "Kinds of member", strings.Join(o.Skills, ", ")},
		{"base", "City or airport", o.Base}, {"base_country", "Country", o.BaseCountry}, {"base_lat", "Latitude", o.BaseLat}, {"base_lon", "Longitude", o.BaseLon},
		{"zone", "Time zone", o.Zone}, {"work_days", "Working days", fmt.Sprint(o.WorkDays)}, {"work_from", "Day begins", o.WorkFrom}, {"work_to", "Day ends", o.WorkTo},
		{"capacity", "Days of visits in a month", o.Capacity}, {"nights", "Nights away in a month", o.Nights}, {"weeks_in_a_row", "Weeks away in a row", o.WeeksInARow},
		{"active", "Active", o.Active},
	}
}

// values are the facts that differ from another state of the same officer; all of them when
// there is none.
func values(o Officer, other *Officer) map[string]any {
	out := map[string]any{}
	for i, f := range o.facts() {
		if other == nil || other.facts()[i].value != f.value {
			out[f.name] = f.value
		}
	}
	return out
}

func changes(theirs, yours Officer) (out []fault.Change) {
	mine := yours.facts()
	for i, f := range theirs.facts() {
		if f.value != mine[i].value {
			out = append(out, fault.Change{Label: f.label, Yours: fmt.Sprint(mine[i].value), Theirs: fmt.Sprint(f.value)})
		}
	}
	return out
}
