package risk

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/company"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
)

// LaneEntry is what a person enters about a lane.
type LaneEntry struct {
	ID          uuid.UUID // AddLane only, made with the form
	Name        string
	Goods       string
	Origin      string
	Destination string
	Shipments   string // a year
	Version     int
}

// LegEntry is what a person enters about a leg.
type LegEntry struct {
	ID        uuid.UUID // AddLeg only, made with the form
	Place     string
	Country   string
	Mode      string
	Party     string
	Role      string
	Trusted   string // "yes"
	RestHours string
	Version   int
}

// TaskEntry is what a person enters about an action.
type TaskEntry struct {
	ID        uuid.UUID // AddTask only, made with the form
	What      string
	Lane      string // id, or empty for all
	Criterion string // code of a vulnerability, or empty
	Owner     string
	DueOn     string // 2006-01-02
	DoneOn    string
	Outcome   string
	Version   int
}

// DocumentEntry is what a person writes down about how the assessment is done.
type DocumentEntry struct {
	Title        string
	Method       string
	Lead         string
	Participants string
	Schedule     string
	Version      int
}

const yes = "yes"

// fact is one value of a record: its key in audit events, its label, and the value as it is
// kept and as a person reads it.
type fact struct{ key, label, value, shown string }

func plain(key, label, value string) fact {
	value = strings.TrimSpace(value)
	return fact{key, label, value, value}
}

func (e LaneEntry) facts(ctx context.Context) []fact {
	return []fact{
		plain("name", "Name of the lane", e.Name), plain("goods", "Goods", e.Goods),
		{"origin", "From", e.Origin, i18n.Country(ctx, e.Origin)}, {"destination", "To", e.Destination, i18n.Country(ctx, e.Destination)},
		plain("shipments", "Shipments a year", e.Shipments),
	}
}

func (e LegEntry) facts(ctx context.Context) []fact {
	trusted := i18n.T(ctx, "No")
	if e.Trusted == yes {
		trusted = i18n.T(ctx, "Yes")
	}
	return []fact{
		plain("place", "Place or route", e.Place), {"country", "Country", e.Country, i18n.Country(ctx, e.Country)},
		{"mode", "How the cargo moves", e.Mode, i18n.T(ctx, Mode(e.Mode).Name())}, plain("party", "Party", e.Party), plain("role", "What the party does", e.Role),
		{"trusted", "Party is in a trusted trader programme", e.Trusted, trusted}, plain("rest_hours", "Hours at rest", e.RestHours),
	}
}

func (e TaskEntry) facts(context.Context) []fact {
	return []fact{
		plain("what", "What is to be done", e.What), plain("lane", "Lane", e.Lane), plain("criterion", "Criteria", e.Criterion), plain("owner", "Who does it", e.Owner),
		plain("due_on", "Until when", e.DueOn), plain("done_on", "Done on", e.DoneOn), plain("outcome", "Outcome", e.Outcome),
	}
}

func (e DocumentEntry) facts(context.Context) []fact {
	return []fact{
		plain("title", "Name of the assessment", e.Title), plain("method", "How it was done", e.Method), plain("lead", "Who leads it", e.Lead),
		plain("participants", "Who took part", e.Participants), plain("schedule", "When it is reviewed", e.Schedule),
	}
}

// changed lists what differs, for an audit event; nil when nothing does.
func changed(was, is []fact) (before, after map[string]string) {
	for i := range is {
		if was[i].value == is[i].value {
			continue
		}
		if before == nil {
			before, after = map[string]string{}, map[string]string{}
		}
		before[is[i].key], after[is[i].key] = was[i].value, is[i].value
	}
	return before, after
}

// values are the facts that say something, for an audit event of something new.
func values(all []fact) map[string]string {
	out := map[string]string{}
	for _, f := range all {
		if f.value != "" {
			out[f.key] = f.value
		}
	}
	return out
}

// moved is the refusal of an edit of an old version: what the person entered beside what it
// is now.
func moved(yours, theirs []fact) error {
	var list []fault.Change
	for i := range yours {
		if yours[i].value != theirs[i].value {
			list = append(list, fault.Change{Label: yours[i].label, Yours: entry.Head(yours[i].shown, 4000), Theirs: theirs[i].shown})
		}
	}
	return fault.Moved(list...)
}

// Entry is what a form that changes the lane starts from.
func (l Lane) Entry() LaneEntry {
	return LaneEntry{ID: l.ID, Name: l.Name, Goods: l.Goods, Origin: l.Origin, Destination: l.Destination, Shipments: number(l.Shipments), Version: l.Version}
}

// Entry is what a form that changes the leg starts from.
func (l Leg) Entry() LegEntry {
	e := LegEntry{ID: l.ID, Place: l.Place, Country: l.Country, Mode: string(l.Mode), Party: l.Party, Role: l.Role, RestHours: number(l.RestHours), Version: l.Version}
	if l.Trusted {
		e.Trusted = yes
	}
	return e
}

// Entry is what a form that changes the action starts from.
func (t Task) Entry() TaskEntry {
	e := TaskEntry{ID: t.ID, What: t.What, Criterion: t.Criterion, Owner: t.Owner, DueOn: t.DueOn.String(), DoneOn: t.DoneOn.String(), Outcome: t.Outcome, Version: t.Version}
	if t.LaneID != nil {
		e.Lane = t.LaneID.String()
	}
	return e
}

// Entry is what the form of step 5 starts from.
func (a Assessment) Entry() DocumentEntry {
	return DocumentEntry{Title: a.Title, Method: a.Method, Lead: a.Lead, Participants: a.Participants, Schedule: a.Schedule, Version: a.Version}
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// put writes a checked entry into the lane, and so the others below.
func (e LaneEntry) put(l *Lane) error {
	var k entry.Check
	l.Name = k.Line("name", "the name of the lane", e.Name, 1, 200)
	l.Goods = k.Line("goods", "the goods", e.Goods, 0, 500)
	l.Origin = k.OneOf("origin", "the country that the goods come from", e.Origin, company.Countries()...)
	l.Destination = k.OneOf("destination", "the country that the goods go to", e.Destination, company.Countries()...)
	l.Shipments = k.Whole("shipments", "the number of shipments", e.Shipments, 0, 10_000_000, false)
	return k.Err()
}

func (e LegEntry) put(l *Leg) error {
	var k entry.Check
	var modes []string
	for _, m := range Modes() {
		modes = append(modes, string(m))
	}
	l.Place = k.Line("place", "the place or route", e.Place, 1, 200)
	l.Country = k.OneOf("country", "the country", e.Country, company.Countries()...)
	l.Mode = Mode(k.OneOf("mode", "how the cargo moves", e.Mode, modes...))
	l.Party = k.Line("party", "the party", e.Party, 0, 200)
	l.Role = k.Line("role", "what the party does", e.Role, 0, 120)
	l.Trusted = e.Trusted == yes
	l.RestHours = k.Whole("rest_hours", "the hours at rest", e.RestHours, 0, 8760, false)
	return k.Err()
}

func (e TaskEntry) put(t *Task, f *Factors, lanes []uuid.UUID, today clock.Day) error {
	var k entry.Check
	was := t.LaneID
	t.What = k.Text("what", "what is to be done", e.What, 1, 2000)
	t.LaneID = nil
	if lane := strings.TrimSpace(e.Lane); lane != "" {
		id, err := uuid.Parse(lane)
		if err != nil || !slices.Contains(lanes, id) && (was == nil || *was != id) {
			k.Add("lane", "Choose a lane of this assessment, or all lanes")
		} else {
			t.LaneID = &id
		}
	}
	if t.Criterion = e.Criterion; t.Criterion != "" {
		if _, ok := f.Vulnerability(t.Criterion); !ok {
			k.Add("criterion", "Choose the criteria that the action is about, or leave it open")
		}
	}
	t.Owner = k.Line("owner", "who does it", e.Owner, 1, 200)
	t.DueOn = day(&k, "due_on", e.DueOn)
	if t.DueOn.IsZero() && strings.TrimSpace(e.DueOn) == "" {
		k.Add("due_on", "Enter the day until when it is to be done")
	}
	t.DoneOn = day(&k, "done_on", e.DoneOn)
	if t.DoneOn.After(today) {
		k.Add("done_on", "Enter today or a day in the past, or leave the day empty until it is done")
	}
	done := 0
	if !t.DoneOn.IsZero() {
		done = 1
	}
	t.Outcome = k.Text("outcome", "the outcome", e.Outcome, done, 2000)
	return k.Err()
}

func (e DocumentEntry) put(a *Assessment) error {
	var k entry.Check
	a.Title = k.Line("title", "the name of the assessment", e.Title, 1, 200)
	a.Method = k.Text("method", "how it was done", e.Method, 0, 4000)
	a.Lead = k.Line("lead", "who leads it", e.Lead, 0, 200)
	a.Participants = k.Text("participants", "who took part", e.Participants, 0, 2000)
	a.Schedule = k.Text("schedule", "when it is reviewed", e.Schedule, 0, 2000)
	return k.Err()
}

// day reads a day of this century, or none.
func day(k *entry.Check, name, value string) clock.Day {
	value = strings.TrimSpace(value)
	if value == "" {
		return clock.Day{}
	}
	d, err := clock.ParseDay(value)
	if err != nil || d.Year() < 2000 || d.Year() > 2100 {
		k.Add(name, "Enter a day that exists, like 4 March 2027")
		return clock.Day{}
	}
	return d
}
