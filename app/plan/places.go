package plan

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/geo"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// PlaceKind is what lies somewhere.
type PlaceKind string

// The kinds of places.
const (
	Visit PlaceKind = "visit" // of a validation that is under way
	Need  PlaceKind = "need"  // a member whose day comes, without an open validation
)

// Place is a visit or a need, and where it is. Without coordinates it stands in the table
// and not on the map.
type Place struct {
	Kind         PlaceKind
	ID           uuid.UUID // of the visit, or of the membership
	CompanyID    uuid.UUID
	Company      string
	Programme    string
	EntityType   string
	OfficeID     uuid.UUID
	Office       string
	Name         string // of the site
	City         string
	Country      string
	Lat, Lon     *float64
	On           *clock.Day // of a visit its first day at the site, or the last day of its window; of a need the day by which it is due
	Booked       bool
	Days         int
	Status       string // of the visit
	ValidationID *uuid.UUID
	Reference    string  // of the validation, or the number of the membership
	Km           float64 // from where a person looks
}

// Code names a place in a form.
func (p Place) Code() string { return string(p.Kind) + ":" + p.ID.String() }

// At is where it is, and whether that is known.
func (p Place) At() (geo.Point, bool) {
	if p.Lat == nil || p.Lon == nil {
		return geo.Point{}, false
	}
	return geo.Point{Lat: *p.Lat, Lon: *p.Lon}, true
}

// visitSQL lists visits that somebody makes and that are not over.
const visitSQL = `select 'visit' as kind, x.id, x.company_id, c.name as company, d.programme, d.entity_type, d.office_id, o.name as office, x.place as name,
  coalesce(s.city, '') as city, x.country, x.lat, x.lon, coalesce((x.starts_at at time zone x.zone)::date, d.window_to) as "on", x.starts_at is not null as booked,
  x.days, x.status, d.id as validation_id, d.reference, 0::float8 as km
from visit x join validation d on d.id = x.validation_id join company c on c.id = x.company_id join office o on o.id = d.office_id left join site s on s.id = x.site_id
where x.kind in ('domestic', 'foreign') and x.status in ('to_book', 'offered', 'booked', 'under_way') `

// needSQL lists members whose day comes and who have no open validation; $1 are the clocks.
// due narrows their days, of narrows the members, and last orders and bounds them, before
// anything else is looked up; in narrows their places. Where a company has several sites, its
// headquarters is the place, else the oldest with coordinates.
func needSQL(due, of, last, in string) string {
	return `select 'need' as kind, n.id, n.company_id, c.name as company, n.programme, n.entity_type, n.office_id, o.name as office, coalesce(s.name, '') as name,
  coalesce(s.city, '') as city, coalesce(s.country, c.country) as country, s.lat, s.lon, n.due_on as "on", false as booked,
  0 as days, '' as status, null::uuid as validation_id, n.number as reference, 0::float8 as km
from (select m.id, m.company_id, m.programme, m.entity_type, m.number, a.office_id, k.due_on
  from (select subject_id, min(due_on) as due_on from clock where subject_kind = 'membership' and stopped_at is null and code = any($1) and (` + due + `) group by subject_id) k
  join membership m on m.id = k.subject_id and m.status <> 'ended' join application a on a.id = m.application_id
  where not exists (select from validation v where v.company_id = m.company_id and v.membership_id = m.id and v.closed_at is null) ` + of + ` ` + last + `) n
join office o on o.id = n.office_id join company c on c.id = n.company_id
left join lateral (select s.* from site s where s.company_id = n.company_id and s.closed_on is null
  order by s.lat is null, s.activity <> 'headquarters', s.created_at, s.id limit 1) s on true
` + in
}

// MapFilter narrows the map.
type MapFilter struct {
	Kind      PlaceKind // empty: both
	Programme string
	Office    uuid.UUID
	Days      int // how far ahead; 0 takes half a year
}

// MapDays are how far ahead the map can look.
func MapDays() []int { return []int{30, 90, 180, 365} }

// mostPlaces bounds what a map shows: more would be one blot.
const mostPlaces = 300

// Map is where visits and needs lie.
type Map struct {
	Filter  MapFilter
	Until   clock.Day
	Places  []Place // the next day first
	More    bool    // there are more than are shown
	Offices []Office
}

// Map reads where the visits and needs of the coming time lie. The agency's case readers may.
func (s *Service) Map(ctx context.Context, by identity.Actor, f MapFilter) (m Map, err error) {
	if err := reader(by); err != nil {
		return m, err
	}
	if !slices.Contains(MapDays(), f.Days) {
		f.Days = 180
	}
	m.Filter, m.Until = f, clock.DayOf(s.Now(), by.Zone).AddDays(f.Days)
	var visits, needs []Place
	queries := []pg.Query{pg.All(&m.Offices, `select id, name from office order by name`)}
	if f.Kind != Need {
		where, args := f.where("d.programme", "d.office_id", []any{m.Until})
		queries = append(queries, pg.All(&visits, visitSQL+`and coalesce((x.starts_at at time zone x.zone)::date, d.window_to) <= $1`+where+
			fmt.Sprintf(` order by "on", x.id limit %d`, mostPlaces+1), args...))
	}
	if f.Kind != Visit {
		where, args := f.where("m.programme", "a.office_id", []any{s.codes(), m.Until})
		queries = append(queries, pg.All(&needs, needSQL("due_on <= $2", where, fmt.Sprintf("order by k.due_on, m.id limit %d", mostPlaces+1), "order by n.due_on, n.id"), args...))
	}
	if err := s.DB.Batch(ctx, by.Scope(), queries...); err != nil {
		return Map{}, fmt.Errorf("read the map: %w", err)
	}
	m.More = len(visits) > mostPlaces || len(needs) > mostPlaces
	m.Places = append(visits[:min(len(visits), mostPlaces)], needs[:min(len(needs), mostPlaces)]...)
	slices.SortStableFunc(m.Places, func(a, b Place) int { return compareDays(a.On, b.On) })
	return m, nil
}

func (f MapFilter) where(programme, office string, args []any) (string, []any) {
	where := ""
	if f.Programme != "" {
		args = append(args, f.Programme)
		where += fmt.Sprintf(" and %s = $%d", programme, len(args))
	}
	if f.Office != uuid.Nil {
		args = append(args, f.Office)
		where += fmt.Sprintf(" and %s = $%d", office, len(args))
	}
	return where, args
}

// codes are the clocks by which any programme wants its members validated.
func (s *Service) codes() []string {
	codes := []string{}
	for _, p := range s.Programmes.All() {
		for _, c := range clocksOf(p) {
			if !slices.Contains(codes, c) {
				codes = append(codes, c)
			}
		}
	}
	return codes
}

// How far and how long from a validation others are worth a look, by practice.
const (
	NearKm   = 150
	NearDays = 45
)

// Near is what else could be visited on the same journey.
type Near struct {
	ValidationID uuid.UUID
	Reference    string
	Company      string
	Origin       *Place // the visit from where the distances count; nil: no visit has coordinates
	Around       clock.Day
	Places       []Place // the nearest first
}

// Near lists visits and needs near a validation in space and time: those due within so many
// days of it, or late already. The agency's case readers may.
func (s *Service) Near(ctx context.Context, by identity.Actor, id uuid.UUID) (n Near, err error) {
	if err := reader(by); err != nil {
		return n, err
	}
	var head struct {
		ID        uuid.UUID
		Reference string
		Company   string
		WindowTo  clock.Day
	}
	var own []Place
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&head, `select v.id, v.reference, c.name as company, v.window_to from validation v join company c on c.id = v.company_id where v.id = $1`, id),
		pg.All(&own, strings.Replace(visitSQL, "x.status in ('to_book', 'offered', 'booked', 'under_way')", "x.status <> 'cancelled'", 1)+`and d.id = $1 order by x.lat is null, x.number`, id))
	if err != nil {
		return n, fmt.Errorf("find what is near: %w", err)
	}
	n = Near{ValidationID: head.ID, Reference: head.Reference, Company: head.Company, Around: head.WindowTo}
	if len(own) == 0 || own[0].Lat == nil {
		return n, nil
	}
	n.Origin = &own[0]
	if n.Origin.On != nil {
		n.Around = *n.Origin.On
	}
	at, _ := n.Origin.At()
	n.Places, err = s.around(ctx, by, at, NearKm, n.Around, &id)
	if err != nil {
		return Near{}, fmt.Errorf("find what is near: %w", err)
	}
	return n, nil
}

// around lists what lies within a distance of a point and is due around a day.
func (s *Service) around(ctx context.Context, by identity.Actor, at geo.Point, km float64, day clock.Day, except *uuid.UUID) ([]Place, error) {
	// A box that holds the circle, so that only what is in it is measured.
	high := km / 111
	wide := min(180, high/max(0.01, math.Cos(at.Lat*math.Pi/180)))
	box := []any{at.Lat - high, at.Lat + high, at.Lon - wide, at.Lon + wide, day.AddDays(NearDays)}
	var visits, needs []Place
	err := s.DB.Batch(ctx, by.Scope(),
		pg.All(&visits, visitSQL+`and x.lat between $1 and $2 and x.lon between $3 and $4 and coalesce((x.starts_at at time zone x.zone)::date, d.window_to) <= $5
			and coalesce((x.starts_at at time zone x.zone)::date, d.window_to) >= $6 and ($7::uuid is null or d.id <> $7) limit 200`, append(slices.Clone(box), day.AddDays(-NearDays), except)...),
		pg.All(&needs, needSQL("due_on <= $6 and (due_on >= $7 or due_on < $8)", "", "", "where s.lat between $2 and $3 and s.lon between $4 and $5 limit 200"), append(append([]any{s.codes()}, box...), day.AddDays(-NearDays), clock.DayOf(s.Now(), by.Zone))...))
	if err != nil {
		return nil, err
	}
	var out []Place
	for _, p := range append(visits, needs...) {
		where, _ := p.At()
		if p.Km = at.To(where); p.Km <= km {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b Place) int { return cmp.Compare(a.Km, b.Km) })
	return out, nil
}

// TripEntry is a journey to put together.
type TripEntry struct {
	Stops []string // Place.Code of each
	From  string   // the officer whose base it begins at; empty: the reader's own, else the first stop
}

// Leg is a part of a journey: the way to a stop and the visit there.
type Leg struct {
	Place
	Minutes    int // of travel to the stop
	TravelDays int
	FirstDay   int // of the visit, counted from 1 for the day of leaving
}

// Start is where a journey may begin.
type Start struct {
	ID       uuid.UUID // of the officer
	Name     string
	Base     string
	Country  string
	Lat, Lon float64
}

// Trip is a journey in a good order.
type Trip struct {
	From       *Start // nil: from the first stop
	Legs       []Leg
	Home       Leg // the way back; nothing but its distance and time
	Km         float64
	Days       int
	TravelDays int
	Notes      []Country // for officers, of the countries on the way
	Unplaced   []Place   // stops without coordinates, which have no place in the order
	Others     []Place   // that could be stops too: the nearest to one first, or the next day first while there is none
	Starts     []Start
	Problems   []fault.Field
}

// dayTrip is how many minutes of travel leave room for a visit on the same day, by practice.
const dayTrip = 180

// travelDays is how many days of its own a way takes.
func travelDays(minutes int) int {
	if minutes <= dayTrip {
		return 0
	}
	return (minutes + 719) / 720
}

// Trip puts stops in a good order, with travel by the programme's bands of distance and what
// officers should know of the countries. It changes nothing. The agency's case readers may.
func (s *Service) Trip(ctx context.Context, by identity.Actor, in TripEntry) (t Trip, err error) {
	if err := reader(by); err != nil {
		return t, err
	}
	var c entry.Check
	var visits, needs []uuid.UUID
	for _, code := range in.Stops {
		kind, text, _ := strings.Cut(code, ":")
		id, err := uuid.Parse(text)
		switch {
		case err != nil:
		case kind == string(Visit):
			visits = append(visits, id)
		case kind == string(Need):
			needs = append(needs, id)
		}
	}
	if len(visits)+len(needs) > geo.MostStops {
		c.Add("stop", "Choose up to %d stops", geo.MostStops)
		visits = visits[:min(len(visits), geo.MostStops)]
		needs = needs[:geo.MostStops-len(visits)]
	}
	var places, more []Place
	until := clock.DayOf(s.Now(), by.Zone).AddDays(ahead)
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&places, visitSQL+fmt.Sprintf(`and (x.id = any($1) or coalesce((x.starts_at at time zone x.zone)::date, d.window_to) <= $2) order by x.id <> all($1), "on", x.id limit %d`, mostPlaces), orNone(visits), until),
		pg.All(&more, needSQL("subject_id = any($2) or due_on <= $3", "", fmt.Sprintf("order by m.id <> all($2), k.due_on, m.id limit %d", mostPlaces), "order by n.id <> all($2), n.due_on, n.id"), s.codes(), orNone(needs), until),
		pg.All(&t.Starts, `select f.person_id as id, p.name, f.base, f.base_country as country, f.base_lat as lat, f.base_lon as lon
			from officer f join person p on p.id = f.person_id where f.active order by p.name, p.id limit 500`))
	if err != nil {
		return Trip{}, fmt.Errorf("put a journey together: %w", err)
	}
	t.Problems = c.Fields()
	t.begin(by, in.From)
	stops, others := []Place{}, []Place{}
	for _, p := range append(places, more...) {
		if slices.Contains(visits, p.ID) && p.Kind == Visit || slices.Contains(needs, p.ID) && p.Kind == Need {
			stops = append(stops, p)
		} else if p.Lat != nil {
			others = append(others, p)
		}
	}
	s.order(&t, stops)
	t.suggest(others)
	return t, nil
}

// How far ahead a journey looks for more stops, and how many it suggests.
const (
	ahead         = 180 // days
	mostSuggested = 20
)

// orNone keeps an empty list from becoming NULL.
func orNone(ids []uuid.UUID) []uuid.UUID {
	if ids == nil {
		return []uuid.UUID{}
	}
	return ids
}

// suggest lists what could be a stop too.
func (t *Trip) suggest(list []Place) {
	for i := range list {
		at, _ := list[i].At()
		for k, l := range t.Legs {
			stop, _ := l.At()
			if d := at.To(stop); k == 0 || d < list[i].Km {
				list[i].Km = d
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Place) int { return cmp.Or(cmp.Compare(a.Km, b.Km), compareDays(a.On, b.On)) })
	t.Others = list[:min(len(list), mostSuggested)]
}

// begin finds where a journey begins.
func (t *Trip) begin(by identity.Actor, from string) {
	wanted, err := uuid.Parse(from)
	if err != nil {
		wanted = by.PersonID
	}
	if i := slices.IndexFunc(t.Starts, func(s Start) bool { return s.ID == wanted }); i >= 0 {
		t.From = &t.Starts[i]
	}
}

// order puts the stops of a journey in order and counts its days.
func (s *Service) order(t *Trip, places []Place) {
	var points []geo.Point
	var stops []Place
	for _, p := range places {
		at, ok := p.At()
		if !ok {
			t.Unplaced = append(t.Unplaced, p)
			continue
		}
		stops, points = append(stops, p), append(points, at)
	}
	if len(stops) == 0 {
		return
	}
	start := points[0]
	if t.From != nil {
		start = geo.Point{Lat: t.From.Lat, Lon: t.From.Lon}
	}
	order, _ := geo.Trip(start, points)
	day, at := 1, start
	countries := map[string]bool{}
	for _, i := range order {
		l := s.leg(at, points[i], stops[i])
		day += l.TravelDays
		l.FirstDay = day
		if l.Days == 0 {
			l.Days = s.usualDays(l.Place)
		}
		day += l.Days
		t.Km, t.TravelDays, at = t.Km+l.Km, t.TravelDays+l.TravelDays, points[i]
		t.Legs = append(t.Legs, l)
		if note := s.Regions.Travel(l.Country); note != "" && !countries[l.Country] {
			t.Notes = append(t.Notes, Country{Code: l.Country, Travel: note})
		}
		countries[l.Country] = true
	}
	t.Home = s.leg(at, start, Place{Programme: t.Legs[len(t.Legs)-1].Programme})
	t.Km, t.TravelDays = t.Km+t.Home.Km, t.TravelDays+t.Home.TravelDays
	t.Days = day - 1 + t.Home.TravelDays
}

func (s *Service) leg(from, to geo.Point, p Place) Leg {
	l := Leg{Place: p}
	l.Km = from.To(to)
	if rules, ok := s.Programmes.Get(p.Programme); ok && l.Km >= 1 {
		l.Minutes = rules.Validation.TravelMinutes(l.Km)
	}
	l.TravelDays = travelDays(l.Minutes)
	return l
}

// usualDays is how long the programme's visits usually take at a place.
func (s *Service) usualDays(p Place) int {
	if rules, ok := s.Programmes.Get(p.Programme); ok {
		for _, v := range rules.Validation.Visits {
			if v.For(p.EntityType) {
				return v.Days
			}
		}
	}
	return 1
}
