package metric

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/cost"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Service makes figures of the sums that package benefit keeps.
type Service struct {
	DB        *pg.DB
	Baselines *baseline.Service
	Costs     *cost.Data
	// Arrangements says with which countries members are recognized; nil: with none.
	Arrangements *arrangement.Register
}

// mostMonths bounds a period: ten years.
const mostMonths = 120

// Period is a span of whole months, both ends included; days are the first of their months.
type Period struct{ From, To clock.Day }

// Months is how many months there are.
func (p Period) Months() int {
	return (p.To.Year()-p.From.Year())*12 + int(p.To.Month()) - int(p.From.Month()) + 1
}

// Quality says how far a number may be trusted.
type Quality string

// The qualities.
const (
	Complete Quality = "complete" // every month of the period has its reports
	Partial  Quality = "partial"  // some months have none
	Nothing  Quality = "nothing"  // there is no report
	Estimate Quality = "estimate" // counted with what others met
)

// Examined is how often goods were examined on arrival by one mode of transport.
type Examined struct {
	Mode     string
	Share              // examined shipments of all shipments
	Quarters []Quarter // with shipments, in order
}

// Quarter is the same for a quarter of a year; First is its first day.
type Quarter struct {
	First clock.Day
	Share
}

// Took is how long something took by one mode of transport: minutes, to a quarter of an hour.
type Took struct {
	Measure   string // release, hold, lane, general
	Mode      string
	Events    int
	Median    int
	Ninetieth int // nine of ten were done by then
}

// Money is what was proposed, assessed or charged in one currency, as text of a decimal.
type Money struct {
	Kind     benefit.Kind
	Currency string
	Events   int
	Charged  string // of invoices
	Proposed string // of mitigation
	Assessed string
	Saved    string // proposed less assessed
}

// Count is how many events there were of a kind, a type or a country.
type Count struct {
	Kind    benefit.Kind
	Type    string
	Country string
	Events  int
}

// MonthCount is how many events of a kind, or of one of its types, a month had.
type MonthCount struct {
	Month  clock.Day
	Kind   benefit.Kind
	Type   string // empty: all of them
	Events int
}

// File is a report that the numbers rest on.
type File struct {
	ID       uuid.UUID
	Layout   string
	FileName string
	SHA256   string `gorm:"column:sha256"`
	FirstOn  clock.Day
	LastOn   clock.Day
	TakenAt  time.Time
}

// Company is what a company's own reports say about a period.
type Company struct {
	Period   Period
	AsOf     time.Time // when the last report was taken over; zero: there is none
	Covered  int       // months with shipments
	Quality  Quality
	Examined []Examined
	Took     []Took
	Money    []Money
	Counts   []Count
	Monthly  []MonthCount // of what happens in months: crossings, and what members are given at an examination or after a disruption
	Files    []File       // the newest first, a hundred at most
}

// Lanes are how many of the crossings whose lane is known used one that membership opens.
func (c Company) Lanes() (s Share) {
	for _, x := range c.Counts {
		if x.Kind != benefit.Crossing || x.Type == "" || x.Country != "" {
			continue
		}
		s.Whole += x.Events
		if opened(x.Type) {
			s.Part += x.Events
		}
	}
	return s
}

// opened reports whether membership opens a lane: FAST, or a priority lane.
func opened(lane string) bool { return lane == "fast" || lane == "priority" }

type monthRow struct {
	Month     clock.Day
	Kind      benefit.Kind
	Mode      string
	PortGroup string
	Entries   int
}

// Company makes the figures of the actor's company. Its own people may, and nobody else: no
// number of a single company leaves it.
func (s *Service) Company(ctx context.Context, by identity.Actor, p Period) (Company, error) {
	c, _, err := s.read(ctx, by, p)
	return c, err
}

// read reads a company's sums: all of the period, and what came in and was examined from the
// beginning of its first year. more is read with them.
func (s *Service) read(ctx context.Context, by identity.Actor, p Period, more ...pg.Query) (c Company, months []monthRow, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return c, nil, fault.Missing()
	}
	if n := p.Months(); n < 1 || n > mostMonths || p.From.DayOfMonth() != 1 || p.To.DayOfMonth() != 1 {
		return c, nil, fault.Fail([]fault.Field{fault.F("from", "Choose a period of up to %d months", mostMonths)})
	}
	var bars []struct {
		Measure, Mode   string
		Minutes, Events int
	}
	var events []eventRow
	c.Period = p
	const within = ` from benefit_month where company_id = $1 and month between $2 and $3 `
	err = s.DB.Batch(ctx, by.Scope(), append([]pg.Query{
		pg.All(&months, `select month, kind, mode, port_group, sum(entries)::int as entries`+within+`and kind in ('entry', 'release', 'exam') and type = '' and country = '' group by 1, 2, 3, 4`, *own, p.firstYear(), p.To),
		pg.All(&bars, `select measure, mode, minutes, sum(events)::int as events from benefit_spread where company_id = $1 and month between $2 and $3 group by 1, 2, 3`, *own, p.From, p.To),
		pg.All(&c.Money, `select kind, currency, sum(events)::int as events, coalesce(sum(amount) filter (where kind = 'invoice'), 0)::text as charged, coalesce(sum(proposed), 0)::text as proposed,
			coalesce(sum(assessed), 0)::text as assessed, coalesce(sum(proposed - assessed), 0)::text as saved`+within+`and kind in ('invoice', 'isf_mitigation', 'penalty_mitigation') and type = '' and country = '' group by 1, 2 order by 1, 2 limit 100`, *own, p.From, p.To),
		pg.All(&events, `select case when kind in ('crossing', 'stratified', 'front_of_line', 'resumption') then month end as month, kind, type, country, sum(events)::int as events`+within+`
			and (kind in ('crossing', 'stratified', 'front_of_line', 'resumption', 'recognised') or kind = 'exam' and type <> '') group by 1, 2, 3, 4 order by 1 desc nulls first, 2, 5 desc, 3, 4 limit 3000`, *own, p.From, p.To),
		pg.All(&c.Files, `select id, layout, file_name, sha256, first_on, last_on, finished_at as taken_at from benefit_import where company_id = $1 and status = 'taken' and first_on is not null order by finished_at desc, id limit 100`, *own)}, more...)...)
	if err != nil {
		return c, nil, fmt.Errorf("read the benefit figures: %w", err)
	}
	c.Examined, c.Covered = examined(shipments(months), p)
	c.Counts, c.Monthly = counted(events)
	groups := map[[2]string][]Bar{}
	for _, b := range bars {
		k := [2]string{b.Measure, b.Mode}
		groups[k] = append(groups[k], Bar{b.Minutes, b.Events})
	}
	c.Took = took(groups)
	if len(c.Files) > 0 {
		c.AsOf = c.Files[0].TakenAt
	}
	switch c.Covered {
	case 0:
		c.Quality = Nothing
	case p.Months():
		c.Quality = Complete
	default:
		c.Quality = Partial
	}
	return c, months, nil
}

// examined parts the shipments of a period by mode and quarter; covered: months with some.
func examined(own map[cell]Share, p Period) (out []Examined, covered int) {
	seen := map[clock.Day]bool{}
	sums := map[cell]Share{}
	for k, v := range own {
		if k.month.Before(p.From) {
			continue
		}
		if v.Whole > 0 {
			seen[k.month] = true
		}
		at := cell{month: quarter(k.month), mode: k.mode}
		sums[at] = Share{sums[at].Part + v.Part, sums[at].Whole + v.Whole}
	}
	for _, k := range slices.SortedFunc(maps.Keys(sums), func(x, y cell) int { return cmp.Or(cmp.Compare(x.mode, y.mode), x.month.Compare(y.month)) }) {
		if len(out) == 0 || out[len(out)-1].Mode != k.mode {
			out = append(out, Examined{Mode: k.mode})
		}
		e, s := &out[len(out)-1], sums[k]
		e.Part, e.Whole = e.Part+s.Part, e.Whole+s.Whole
		e.Quarters = append(e.Quarters, Quarter{k.month, s})
	}
	return out, len(seen)
}

// eventRow counts events of a month, or of the whole period where months do not matter.
type eventRow struct {
	Month         *clock.Day
	Kind          benefit.Kind
	Type, Country string
	Events        int
}

// counted adds the months up, and keeps them.
func counted(rows []eventRow) (all []Count, monthly []MonthCount) {
	sums := map[Count]int{} // by all but the number
	for _, r := range rows {
		sums[Count{Kind: r.Kind, Type: r.Type, Country: r.Country}] += r.Events
		if r.Month != nil {
			monthly = append(monthly, MonthCount{*r.Month, r.Kind, r.Type, r.Events})
		}
	}
	for k, n := range sums {
		k.Events = n
		all = append(all, k)
	}
	slices.SortFunc(all, func(x, y Count) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(y.Events, x.Events), cmp.Compare(x.Type, y.Type), cmp.Compare(x.Country, y.Country))
	})
	slices.SortFunc(monthly, func(x, y MonthCount) int {
		return cmp.Or(x.Month.Compare(y.Month), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Type, y.Type))
	})
	return all, monthly
}

func quarter(month clock.Day) clock.Day {
	return clock.DayOf(time.Date(month.Year(), (month.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC), time.UTC)
}

func took(groups map[[2]string][]Bar) (out []Took) {
	for _, k := range slices.SortedFunc(maps.Keys(groups), func(x, y [2]string) int { return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1])) }) {
		t := Took{Measure: k[0], Mode: k[1]}
		for _, b := range groups[k] {
			t.Events += b.Events
		}
		t.Median, _ = Percentile(groups[k], 50)
		t.Ninetieth, _ = Percentile(groups[k], 90)
		out = append(out, t)
	}
	return out
}
