package demo

import (
	"fmt"
	"strings"
	"time"

	"trustedtrader/app/identity"
	"trustedtrader/app/roster"
)

// recruit is somebody of the agency who goes on visits.
type recruit struct {
	subject, by string // by: the supervisor who registers them
	programmes  string // whose members they validate
	languages   string
	base, land  string
	lat, lon    string
	zone        string // empty: the office's
	days        string // of the week; empty: Monday to Friday
	capacity    string
}

// recruits are the officers of the made-up administration. Each office has some, and those of
// one office do not all live in its city.
func recruits() []recruit {
	return []recruit{
		{subject: "sam.specialist", by: "vera.supervisor", programmes: "ctpat", languages: "en es", base: "Newark", land: "US", lat: "40.7357", lon: "-74.1724", capacity: "8"},
		{subject: "nora.specialist", by: "vera.supervisor", programmes: "ctpat", languages: "en fr", base: "Boston", land: "US", lat: "42.3601", lon: "-71.0589", capacity: "8"},
		{subject: "ana.specialist", by: "vera.supervisor", programmes: "ctpat", languages: "en es pt", base: "Miami", land: "US", lat: "25.7617", lon: "-80.1918", capacity: "10"},
		{subject: "vera.supervisor", by: "henry.hq", programmes: "ctpat", languages: "en es", base: "New York", land: "US", lat: "40.7128", lon: "-74.0060", capacity: "3"},
		{subject: "lou.specialist", by: "mina.supervisor", programmes: "eu-aeo ctpat", languages: "en fr ja", base: "Brussels", land: "BE", lat: "50.8503", lon: "4.3517", capacity: "8"},
		{subject: "ines.specialist", by: "mina.supervisor", programmes: "eu-aeo", languages: "fr nl en", base: "Antwerp", land: "BE", lat: "51.2194", lon: "4.4025", capacity: "10"},
		{subject: "pieter.specialist", by: "mina.supervisor", programmes: "eu-aeo ctpat", languages: "nl de en", base: "Liège", land: "BE", lat: "50.6326", lon: "5.5797", days: "1 2 3 4", capacity: "6"},
		{subject: "rosa.specialist", by: "ben.supervisor", programmes: "ctpat", languages: "en es", base: "Laredo", land: "US", lat: "27.5036", lon: "-99.5076", capacity: "12"},
		{subject: "miguel.specialist", by: "ben.supervisor", programmes: "ctpat", languages: "es en", base: "El Paso", land: "US", lat: "31.7619", lon: "-106.4850", zone: "America/Denver", capacity: "12"},
		{subject: "kai.specialist", by: "june.supervisor", programmes: "ctpat", languages: "en ja", base: "Los Angeles", land: "US", lat: "34.0522", lon: "-118.2437", capacity: "8"},
		{subject: "dana.specialist", by: "june.supervisor", programmes: "ctpat", languages: "en zh vi", base: "Honolulu", land: "US", lat: "21.3069", lon: "-157.8583", zone: "Pacific/Honolulu", capacity: "6"},
	}
}

// away is a time in which an officer is not free, in days from today.
type away struct {
	subject, kind string
	from, to      int
	note          string
}

// aways are what stands in the officers' calendars beside visits. Two of them are away today.
func aways() []away {
	return []away{
		{"nora.specialist", roster.Leave, -3, 8, ""},
		{"sam.specialist", roster.Leave, 40, 50, ""},
		{"ana.specialist", roster.Training, 15, 16, "Containers and seals, Miami"},
		{"ines.specialist", roster.Training, -1, 1, "New auditors, Brussels"},
		{"pieter.specialist", roster.Training, 22, 22, "Records and archives"},
		{"lou.specialist", roster.Leave, 28, 39, ""},
		{"rosa.specialist", roster.Other, 11, 11, "Court, as a witness"},
		{"miguel.specialist", roster.Leave, 62, 75, ""},
		{"kai.specialist", roster.Training, 15, 16, "Containers and seals, Miami"},
		{"dana.specialist", roster.Leave, 19, 23, ""},
	}
}

// enlist makes the officers, a year ago, and what stands in their calendars, before any visit
// is booked.
func (s *Seeder) enlist() []step {
	steps := []step{{at: s.day(400, 15), do: s.register}}
	for _, a := range aways() {
		steps = append(steps, step{at: s.day(200, 15), do: func() error {
			who := s.staff[a.subject]
			return s.Roster.AddAbsence(s.ctx, who, who.PersonID, roster.AbsenceEntry{Kind: a.kind, Note: a.note,
				From: s.day(-a.from, 0).Format(time.DateOnly), To: s.day(-a.to, 0).Format(time.DateOnly)})
		}})
	}
	return steps
}

func (s *Seeder) register() error {
	for _, r := range recruits() {
		in := roster.NewOfficer()
		in.PersonID, in.Languages, in.Zone, in.Capacity = s.staff[r.subject].PersonID, strings.Fields(r.languages), r.zone, r.capacity
		in.Base, in.BaseCountry, in.BaseLat, in.BaseLon = r.base, r.land, r.lat, r.lon
		if r.days != "" {
			in.WorkDays = strings.Fields(r.days)
		}
		for _, skill := range s.Roster.Skills() {
			code, kind, _ := strings.Cut(skill, "/")
			// Those who audit European operators validate factories abroad for the other programme.
			if strings.Contains(" "+r.programmes+" ", " "+code+" ") && (code != "ctpat" || !strings.HasPrefix(r.programmes, "eu-aeo") || kind == "foreign_manufacturer") {
				in.Skills = append(in.Skills, skill)
			}
		}
		by := s.staff[r.by]
		if by.Role != identity.Supervisor && by.Role != identity.Headquarters {
			return fmt.Errorf("%s registers nobody", r.by)
		}
		if err := s.Roster.Register(s.ctx, by, in); err != nil {
			return fmt.Errorf("%s: %w", r.subject, err)
		}
	}
	return nil
}
