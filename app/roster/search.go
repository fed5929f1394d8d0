package roster

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/geo"
)

// Need is what a visit needs of a time and of a team.
type Need struct {
	From, To     clock.Day            // days at the site, both included
	Days         int                  // of an all-day visit: so many days in a row
	Hours        time.Duration        // of any other visit, on one day
	AllDay       bool                 // each day from DayFrom to DayTo; without these the whole days
	Zone         *time.Location       // of the site
	DayFrom      string               // HH:MM at the site; empty: 09:00 when not all day
	DayTo        string               // HH:MM; empty: 17:00 when not all day
	Weekends     bool                 // visits may be on Saturdays and Sundays
	SiteCalendar *clock.Calendar      // nil: there is no table of holidays for the country
	Team         int                  // officers
	Required     []uuid.UUID          // officers who come in any case, the one who leads first
	Offices      []uuid.UUID          // officers of these offices; empty: of any
	Skill        string               // programme/entity_type; empty: any
	Languages    []string             // each is spoken by somebody of the team
	Lat, Lon     *float64             // of the site; nil: not known, so no travel is counted
	Country      string               // of the site
	Travel       func(km float64) int // minutes one way over a distance; nil: nobody travels
	Visit        uuid.UUID            // its own bookings and holds do not stand in the way; read by Slots
	NotBefore    clock.Day            // first day that leaves the company the notice it has a right to
	Booked       clock.Day            // day at the site for which it is booked now; zero: none
}

// Calendar is an officer with what they are busy with, in order of time.
type Calendar struct {
	Officer
	Zone   *time.Location // of the working hours
	Office *clock.Calendar
	Busy   []Booking
}

// Slot is a time that works, with a team for it.
type Slot struct {
	Day       clock.Day // the first, at the site
	LocalFrom time.Time // wall time at the site, written as if it were UTC
	LocalTo   time.Time
	StartsAt  time.Time
	EndsAt    time.Time
	Team      []Member
}

// Member is an officer of a slot's team.
type Member struct {
	ID     uuid.UUID
	Name   string
	Travel int // minutes one way
	Why    Reason
}

// Refusal is a day that does not work, and why.
type Refusal struct {
	Day     clock.Day
	Reasons []Reason
}

// Result of a search: the times that work, and for every other day of the window why it
// does not. NotAsked says why an officer was not considered at all; Notes what the search
// could not know.
type Result struct {
	Slots    []Slot
	Refused  []Refusal
	NotAsked []Reason
	Notes    []Reason
}

// Wall is the instant of a wall time in a zone. The wall time is written as if it were
// UTC. False: clocks leave it out that night, or show it twice.
func Wall(local time.Time, zone *time.Location) (at time.Time, ok bool) {
	y, m, d := local.Date()
	at = time.Date(y, m, d, local.Hour(), local.Minute(), local.Second(), 0, zone)
	if !Local(at, zone).Equal(local) {
		return at, false
	}
	from, to := at.ZoneBounds()
	for _, near := range []time.Time{from.Add(-1), to} {
		_, offset := near.In(zone).Zone()
		if other := local.Add(-time.Duration(offset) * time.Second); !from.IsZero() && !other.Equal(at) && Local(other, zone).Equal(local) {
			return at, false
		}
	}
	return at, true
}

// Local is what the clock on the wall shows in a zone at an instant, written as if it were UTC.
func Local(at time.Time, zone *time.Location) time.Time {
	_, offset := at.In(zone).Zone()
	return at.UTC().Add(time.Duration(offset) * time.Second)
}

// The quarter around a day in which the load of officers is compared.
const (
	quarterBefore = 45 // days
	quarterAfter  = 45
)

// step is how far apart the beginnings of a visit by video may be.
const step = 30 // minutes

// Search lists the times that work for a need, and why the other days of its window do
// not. It looks at nothing but what it is given.
//
// An all-day visit takes Days civil days in a row at the site. None of them may be a weekend
// or a holiday there, nor for any officer of the team a holiday of the office or a day
// without work. Any other visit takes Hours of one day; by video, which is without a place or
// without travel, these lie in everybody's working hours. Officers are busy while they travel; travel may fall on days without work.
// Times that clocks leave out or show twice are never offered.
//
// Whoever is required comes. The others are those with the least load, which is days of
// visits by capacity over the quarter around the day.
func Search(n Need, officers []Calendar) Result {
	s := searching{Need: n}
	s.begin(officers)
	for d := n.From; !d.After(n.To); d = d.AddDays(1) {
		if reasons := s.closed(d); reasons != nil {
			s.out.Refused = append(s.out.Refused, Refusal{d, reasons})
			continue
		}
		if s.AllDay {
			s.allDay(d)
		} else {
			s.partOfDay(d)
		}
	}
	return s.out
}

// searching is a search under way.
type searching struct {
	Need
	whole         bool // the civil days, from midnight to midnight
	video         bool // nobody travels, and everybody lives by the clocks at home
	opens, closes int  // minutes of the day at the site
	pool          []*candidate
	zones         []*time.Location // of the pool, each once
	out           Result
}

// candidate is an officer who may come, with what is looked up for every day.
type candidate struct {
	Calendar
	required   bool
	zone       int // place in searching.zones
	travel     int // minutes one way
	workDays   [7]bool
	from, to   int      // working hours, in minutes of the day
	busy       []period // in order
	first      int      // day number of days[0]
	days       []int    // days of visits that began before each day
	monthDays  map[int]int
	monthNight map[int]int
	weeks      map[int]bool // with nights away
}

type period struct {
	from, to     int64 // with travel, in Unix seconds
	starts, ends int64
	kind         string
	held         bool
}

func (s *searching) begin(officers []Calendar) {
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	s.Days, s.Team = max(1, s.Days), max(1, s.Team, len(s.Required))
	s.video = !s.AllDay && (s.Travel == nil || s.Lat == nil || s.Lon == nil)
	s.whole = s.AllDay && s.DayFrom == "" && s.DayTo == ""
	s.opens, s.closes = minuteOf(cmp.Or(s.DayFrom, "09:00")), minuteOf(cmp.Or(s.DayTo, "17:00"))
	switch {
	case s.SiteCalendar == nil:
		s.out.Notes = append(s.out.Notes, Because("There is no table of public holidays for the country of the site. Ask the company about them"))
	case !s.SiteCalendar.Covers(s.From) || !s.SiteCalendar.Covers(s.To):
		s.out.Notes = append(s.out.Notes, Because("The table of public holidays of the site does not cover all of this time. Ask the company about them"))
	}
	if !s.video && (s.Lat == nil || s.Lon == nil) {
		s.out.Notes = append(s.out.Notes, Because("The place of the site is not known, so only the shortest travel is counted"))
	}
	for _, o := range officers {
		c := &candidate{Calendar: o, required: slices.Contains(s.Required, o.PersonID)}
		if why, out := s.leftOut(c); out {
			s.out.NotAsked = append(s.out.NotAsked, why)
			continue
		}
		s.prepare(c)
		s.pool = append(s.pool, c)
	}
	slices.SortStableFunc(s.pool, func(a, b *candidate) int { return cmp.Compare(s.place(a), s.place(b)) })
}

// place puts those who are required first, in their order.
func (s *searching) place(c *candidate) int {
	if i := slices.Index(s.Required, c.PersonID); i >= 0 {
		return i
	}
	return len(s.Required)
}

// leftOut says why an officer does not come into question on any day.
func (s *searching) leftOut(c *candidate) (Reason, bool) {
	switch {
	case c.required:
	case len(s.Offices) > 0 && !slices.Contains(s.Offices, c.OfficeID):
		return Because("%s: of another office", c.Name), true
	case s.Skill != "" && !slices.Contains(c.Skills, s.Skill):
		return Because("%s: does not validate this kind of member", c.Name), true
	case c.Capacity == 0:
		return Because("%s: no days of visits at present", c.Name), true
	case s.Team == 1 && slices.ContainsFunc(s.Languages, func(l string) bool { return !slices.Contains(c.Languages, l) }):
		return Because("%s: does not speak the languages of the visit", c.Name), true
	}
	return Reason{}, false
}

func (s *searching) prepare(c *candidate) {
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.zone = slices.Index(s.zones, c.Zone); c.zone < 0 {
		c.zone = len(s.zones)
		s.zones = append(s.zones, c.Zone)
	}
	switch {
	case s.video || s.Travel == nil:
	case s.Lat == nil || s.Lon == nil:
		c.travel = s.Travel(0)
	default:
		c.travel = s.Travel(geo.Distance(c.BaseLat, c.BaseLon, *s.Lat, *s.Lon))
	}
	for _, d := range c.WorkDays {
		c.workDays[d%7] = true
	}
	c.from, c.to = minuteOf(c.WorkFrom), minuteOf(c.WorkTo)
	c.first = dayNumber(s.From.Time()) - quarterBefore
	span := dayNumber(s.To.Time()) + quarterAfter + 2 - c.first
	c.days = make([]int, span)
	c.monthDays, c.monthNight, c.weeks = map[int]int{}, map[int]int{}, map[int]bool{}
	for _, b := range c.Busy {
		p := period{from: b.StartsAt.Add(-minutes(b.TravelBefore)).Unix(), to: b.EndsAt.Add(minutes(b.TravelAfter)).Unix(),
			starts: b.StartsAt.Unix(), ends: b.EndsAt.Unix(), kind: b.Kind, held: b.State == Hold}
		c.busy = append(c.busy, p)
		if b.Kind == Visit {
			c.count(b)
		}
	}
	for i := 1; i < len(c.days); i++ {
		c.days[i] += c.days[i-1]
	}
}

// count adds a booked visit to what limits an officer.
func (c *candidate) count(b Booking) {
	local := Local(b.StartsAt, c.Zone)
	start, days := dayNumber(local), VisitDays(b.StartsAt, b.EndsAt)
	month := monthNumber(local.Year(), local.Month())
	c.monthDays[month] += days
	if nights := NightsAway(days, max(b.TravelBefore, b.TravelAfter)); nights > 0 {
		c.monthNight[month] += nights
		for d := range days {
			c.weeks[weekNumber(start+d)] = true
		}
	}
	for d := range days {
		if at := start + d - c.first + 1; at > 0 && at < len(c.days) {
			c.days[at]++
		}
	}
}

// load is the days of visits and the capacity in the quarter around a day.
func (c *candidate) load(day int) (days, capacity int) {
	at := day - c.first
	return c.days[min(at+quarterAfter+1, len(c.days)-1)] - c.days[max(at-quarterBefore, 0)], 3 * c.Capacity
}

// closed says why no visit can begin on a day, whoever comes.
func (s *searching) closed(d clock.Day) (out []Reason) {
	last := d
	if s.AllDay {
		last = d.AddDays(s.Days - 1)
	}
	if d.Before(s.NotBefore) {
		out = append(out, Because("Too soon: the company has a right to notice until %s", s.NotBefore))
	}
	if last.After(s.To) {
		out = append(out, Because("The visit would end after %s", s.To))
	}
	if d == s.Booked && !s.Booked.IsZero() {
		out = append(out, Because("The visit is booked for this day"))
	}
	weekend := false
	for x := d; !x.After(last); x = x.AddDays(1) {
		if h := s.SiteCalendar.Holiday(x); h != "" {
			out = append(out, Because("Holiday at the site: %s", Because(h)))
			continue
		}
		free := x.Weekday() == time.Saturday || x.Weekday() == time.Sunday
		if s.SiteCalendar != nil {
			free = !s.SiteCalendar.IsBusinessDay(x)
		}
		weekend = weekend || free && !s.Weekends
	}
	if weekend {
		out = append(out, Because("Weekend at the site"))
	}
	return out
}

// window is a time that is looked at: when, and what it looks like to the pool.
type window struct {
	day          clock.Day
	number       int // of the day
	local, until time.Time
	starts, ends time.Time
	days         int
	seen         []sight // by zone; not of whole days
}

// sight is what a zone's clocks show during a visit of a part of a day.
type sight struct {
	day      clock.Day
	from, to int // minutes of the day; to is past midnight when the day ends between
}

func (s *searching) allDay(d clock.Day) {
	last := d.AddDays(s.Days - 1)
	w, ok := s.window(d, d.Time().Add(minutes(s.opens)), last.Time().Add(minutes(s.closes)))
	if s.whole {
		w.local, w.until, ok = d.Time(), last.AddDays(1).Time(), true
		w.starts, w.ends = d.Start(s.Zone).UTC(), last.End(s.Zone).UTC()
	}
	if !ok {
		s.out.Refused = append(s.out.Refused, Refusal{d, []Reason{Because("Clocks change at that hour")}})
		return
	}
	w.days = s.Days
	team, why := s.team(w)
	if why != nil {
		s.out.Refused = append(s.out.Refused, Refusal{d, why})
		return
	}
	s.offer(w, team)
}

func (s *searching) partOfDay(d clock.Day) {
	length := int(s.Hours / time.Minute)
	found, most := false, -1
	var why []Reason
	for at := s.opens; at+length <= s.closes; at += step {
		local := d.Time().Add(minutes(at))
		w, ok := s.window(d, local, local.Add(s.Hours))
		if !ok || w.ends.Sub(w.starts) != s.Hours {
			continue
		}
		w.days = 1
		for _, zone := range s.zones {
			if !s.video { // who is there lives by the site's clocks
				zone = s.Zone
			}
			from, to := Local(w.starts, zone), Local(w.ends, zone)
			here := sight{day: clock.DayOf(w.starts, zone), from: from.Hour()*60 + from.Minute()}
			here.to = here.from + int(to.Sub(from)/time.Minute)
			w.seen = append(w.seen, here)
		}
		team, refused := s.team(w)
		if refused == nil {
			s.offer(w, team)
			found = true
			at += length - step
			continue
		}
		if free := s.free(w); free > most {
			most, why = free, refused
		}
	}
	if found {
		return
	}
	if why == nil {
		why = []Reason{Because("Clocks change at that hour")}
	}
	s.out.Refused = append(s.out.Refused, Refusal{d, why})
}

func (s *searching) window(d clock.Day, local, until time.Time) (w window, ok bool) {
	starts, ok1 := Wall(local, s.Zone)
	ends, ok2 := Wall(until, s.Zone)
	return window{day: d, number: dayNumber(d.Time()), local: local, until: until, starts: starts.UTC(), ends: ends.UTC()}, ok1 && ok2 && ends.After(starts)
}

func (s *searching) free(w window) (n int) {
	for _, c := range s.pool {
		if s.objection(c, w).code == none {
			n++
		}
	}
	return n
}

func (s *searching) offer(w window, team []Member) {
	s.out.Slots = append(s.out.Slots, Slot{Day: w.day, LocalFrom: w.local, LocalTo: w.until, StartsAt: w.starts, EndsAt: w.ends, Team: team})
}

// team chooses who goes, or says why nobody can.
func (s *searching) team(w window) (team []Member, why []Reason) {
	type able struct {
		*candidate
		days, capacity int
	}
	var chosen, others []able
	var there int
	for _, c := range s.pool {
		o := s.objection(c, w)
		switch {
		case c.required:
			there++
			if o.code != none {
				why = append(why, words(c.Officer, o))
			}
			days, capacity := c.load(w.number)
			chosen = append(chosen, able{c, days, capacity})
		case o.code == none:
			days, capacity := c.load(w.number)
			others = append(others, able{c, days, capacity})
		}
	}
	if there < len(s.Required) {
		why = append(why, Because("Somebody who is required is no officer any more"))
	}
	if why != nil {
		return nil, why
	}
	slices.SortStableFunc(others, func(a, b able) int { // days/capacity, without fractions; then the nearest
		return cmp.Or(cmp.Compare(a.days*b.capacity, b.days*a.capacity), cmp.Compare(a.travel, b.travel), cmp.Compare(a.Name, b.Name))
	})
	take := func(i int) {
		chosen = append(chosen, others[i])
		others = slices.Delete(others, i, i+1)
	}
	for _, l := range s.Languages {
		speaks := func(a able) bool { return slices.Contains(a.Languages, l) }
		if slices.ContainsFunc(chosen, speaks) {
			continue
		}
		i := slices.IndexFunc(others, speaks)
		if i < 0 || len(chosen) == s.Team {
			why = append(why, Because("Nobody of the team speaks %s", Because(LanguageName(l))))
			continue
		}
		take(i)
	}
	for len(chosen) < s.Team && len(others) > 0 {
		take(0)
	}
	if len(chosen) < s.Team {
		why = append(why, Because("%d officers are needed, and %d are free", s.Team, len(chosen)))
	}
	if why != nil {
		for _, c := range s.pool {
			if o := s.objection(c, w); o.code != none {
				why = append(why, words(c.Officer, o))
			}
		}
		return nil, why
	}
	for _, c := range chosen {
		m := Member{ID: c.PersonID, Name: c.Name, Travel: c.travel, Why: Because("Least load: %d of %d days of visits in the quarter around it", c.days, c.capacity)}
		if c.required {
			m.Why = Because("Asked for. Load: %d of %d days of visits in the quarter around it", c.days, c.capacity)
		}
		team = append(team, m)
	}
	return team, nil
}

// objection is why an officer cannot come; its words are made only where they are needed.
type objection struct {
	code    int
	what    string // of a holiday its name, of a booking its kind
	limit   int
	nearby  bool // only the travel is in the way
	holding bool
}

const (
	none = iota
	noWork
	officeHoliday
	outsideHours
	booked
	monthFull
	nightsFull
	weeksFull
)

// objection looks at one officer and one time. Everything a day may need was counted in prepare.
func (s *searching) objection(c *candidate, w window) objection {
	if s.AllDay {
		for i := range w.days {
			d := w.day.AddDays(i)
			if o := c.dayOff(d); o.code != none {
				return o
			}
		}
	} else {
		here := w.seen[c.zone]
		if o := c.dayOff(here.day); o.code != none {
			return o
		}
		if s.video && (here.from < c.from || here.to > c.to) {
			return objection{code: outsideHours}
		}
	}
	starts, ends := w.starts.Unix(), w.ends.Unix()
	from, to := starts-int64(c.travel)*60, ends+int64(c.travel)*60
	i, _ := slices.BinarySearchFunc(c.busy, from, func(p period, at int64) int {
		if p.to <= at {
			return -1
		}
		return 1
	})
	if i < len(c.busy) && c.busy[i].from < to {
		p := c.busy[i]
		return objection{code: booked, what: p.kind, holding: p.held, nearby: p.starts >= ends || p.ends <= starts}
	}
	month := monthNumber(w.day.Year(), w.day.Month())
	if c.monthDays[month]+w.days > c.Capacity {
		return objection{code: monthFull, limit: c.Capacity}
	}
	nights := NightsAway(w.days, c.travel)
	if nights == 0 {
		return objection{}
	}
	if c.monthNight[month]+nights > c.Nights {
		return objection{code: nightsFull, limit: c.Nights}
	}
	first, last := weekNumber(w.number), weekNumber(w.number+w.days-1)
	run := last - first + 1
	for k := first - 1; c.weeks[k]; k-- {
		run++
	}
	for k := last + 1; c.weeks[k]; k++ {
		run++
	}
	if run > c.WeeksInARow {
		return objection{code: weeksFull, limit: c.WeeksInARow}
	}
	return objection{}
}

// dayOff is why an officer does not work on a day.
func (c *candidate) dayOff(d clock.Day) objection {
	if !c.workDays[d.Weekday()] {
		return objection{code: noWork}
	}
	if h := c.Office.Holiday(d); h != "" {
		return objection{code: officeHoliday, what: h}
	}
	return objection{}
}

// words say an objection to a person.
func words(c Officer, o objection) Reason {
	switch o.code {
	case noWork:
		return Because("%s: does not work that day", c.Name)
	case officeHoliday:
		return Because("%s: holiday of the office, %s", c.Name, Because(o.what))
	case outsideHours:
		return Because("%s: outside working hours in %s", c.Name, c.HomeZone())
	case monthFull:
		return Because("%s: no more than %d days of visits in a month", c.Name, o.limit)
	case nightsFull:
		return Because("%s: no more than %d nights away in a month", c.Name, o.limit)
	case weeksFull:
		return Because("%s: no more than %d weeks away in a row", c.Name, o.limit)
	}
	switch {
	case o.nearby:
		return Because("%s: too close to another booking, with the travel", c.Name)
	case o.what == Leave:
		return Because("%s: on leave", c.Name)
	case o.what == Training:
		return Because("%s: in training", c.Name)
	case o.what == Visit && o.holding:
		return Because("%s: held for another visit", c.Name)
	case o.what == Visit:
		return Because("%s: on another visit", c.Name)
	}
	return Because("%s: busy", c.Name)
}

// minuteOf reads HH:MM, which comes from data that were checked; anything else is midnight.
func minuteOf(s string) int {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0
	}
	return t.Hour()*60 + t.Minute()
}

// dayNumber counts the days of wall times written as UTC.
func dayNumber(local time.Time) int { return int(floorDiv(local.Unix(), 24*60*60)) }

// weekNumber counts weeks from Monday to Sunday; day 0 was a Thursday.
func weekNumber(day int) int { return int(floorDiv(int64(day+3), 7)) }

func monthNumber(year int, month time.Month) int { return year*12 + int(month) - 1 }

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}
