package headquarters

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Measures are numbers of one set with how long the rows took and what was worked on them.
type Measures struct {
	Code  string
	Title string // English source text
	Rows  Dim
	Lines []Measure

	Filter Filter
}

// Measure is one line: rows and their days and hours. A pointer is nil when no row has any.
type Measure struct {
	Key  string
	Name string `db:"-"` // in the language of the reader

	N      int
	InTime int      // of deadlines
	Hours  float64  // logged, all together
	Each   *float64 // hours of the row in the middle
	Low    *float64 // days: a quarter of the rows took no longer
	Middle *float64 // days: half of them
	High   *float64 // days: three quarters
	Most   *float64 // days: nine in ten

	Cell Cell `db:"-"`
	Late Cell `db:"-"` // of deadlines
}

// Mean is the hours for each row.
func (m Measure) Mean() float64 {
	if m.N == 0 {
		return 0
	}
	return m.Hours / float64(m.N)
}

const measureColumns = `count(*)::int as n, count(*) filter (where r.status = 'in_time')::int as in_time, coalesce(sum(r.hours), 0)::float8 as hours,
  (percentile_cont(0.5) within group (order by r.hours))::float8 as each, (percentile_cont(0.25) within group (order by r.days))::float8 as low,
  (percentile_cont(0.5) within group (order by r.days))::float8 as middle, (percentile_cont(0.75) within group (order by r.days))::float8 as high,
  (percentile_cont(0.9) within group (order by r.days))::float8 as most`

// query measures in one statement. Offset 0 makes PostgreSQL work out the days of a row once, not once for each figure.
func (m *Measures) query(by identity.Actor, p *programme.Programme) pg.Query {
	where, args := m.Filter.conditions(m.Filter.args(by))
	return pg.All(&m.Lines, declared+fmt.Sprintf(`select r.key, %s from (select r.%s as key, r.status, r.hours, r.days from (%s) r where %s offset 0) r group by 1 order by 1`,
		measureColumns, m.Rows, source(m.Filter.Set, p), where), args...)
}

func (m *Measures) name(ctx context.Context, w *world) {
	for i := range m.Lines {
		l := &m.Lines[i]
		l.Name = w.name(ctx, m.Rows, l.Key)
		l.Cell = Cell{N: l.N, Filter: m.Filter.with(m.Rows, l.Key)}
		l.Late = Cell{N: l.N - l.InTime, Filter: l.Cell.Filter}
	}
	slices.SortFunc(m.Lines, func(a, b Measure) int { return cmp.Compare(a.Name, b.Name) })
}

// Annual is what the yearly report says (6 U.S.C. 971; the Commission's own reports).
type Annual struct {
	Asked      Asked // First and Last are the days of the year
	Rules      *programme.Programme
	Programmes []*programme.Programme
	Offices    []Office
	Year       int
	Years      []int // that can be chosen, the newest first
	Open       bool  // the year is not over
	Tables     []Table
	Measures   []Measures
}

// AnnualAsked is the year of a report.
type AnnualAsked struct {
	Programme string
	Office    uuid.UUID
	Year      int // of the programme's fiscal year; 0: the one that runs
}

// mostYears is how far back a year can be chosen.
const mostYears = 12

// Annual counts what the yearly report says of one fiscal year, in one round trip. Those who
// look from above may.
func (s *Service) Annual(ctx context.Context, by identity.Actor, in AnnualAsked) (out Annual, err error) {
	if err := reader(by); err != nil {
		return out, err
	}
	a, p := s.tidy(by, Asked{Programme: in.Programme, Office: in.Office})
	today, this := a.On, p.Figures.FiscalYear.Of(a.On.Time())
	out = Annual{Rules: p, Programmes: s.Programmes.All(), Year: in.Year}
	for n := range mostYears {
		out.Years = append(out.Years, this-n)
	}
	if !slices.Contains(out.Years, out.Year) {
		out.Year = this
	}
	a.First, a.Last = fiscal(p, out.Year)
	a.On = a.Last
	if out.Open = a.Last.After(today); out.Open {
		a.On = today
	}
	out.Asked = a
	of := func(set Set, where map[Dim]string) Filter { return Filter{Asked: a, Set: set, Where: where} }
	live := of(Members, map[Dim]string{ByLive: "yes"})
	out.Tables = []Table{
		{Code: "members", Title: "Members at the end of the year by kind of member", Rows: ByEntityType, Columns: ByStatus, Filter: live, Heads: heads("active", "suspended")},
		{Code: "tiers", Title: "Members at the end of the year by tier", Rows: ByTier, Columns: ByStatus, Filter: live, Heads: heads("active", "suspended")},
		{Code: "certified", Title: "Applications decided by kind of member", Rows: ByEntityType, Columns: ByKind, Filter: of(Applications, nil), Heads: heads("submitted", "certified", "rejected", "left")},
		{Code: "planned", Title: "Validations and revalidations planned", Rows: ByKind, Columns: ByEntityType, Filter: of(Planned, nil)},
		{Code: "done", Title: "Validations and revalidations done", Rows: ByKind, Columns: ByEntityType, Filter: of(Done, nil)},
		{Code: "standings", Title: "Suspensions, removals and other events in law", Rows: ByKind, Columns: ByEntityType, Filter: of(Standings, nil)},
		{Code: "measures", Title: "Measures decided by kind of member", Rows: ByKind, Columns: ByEntityType, Filter: of(Enforcement, nil)},
		{Code: "outcomes", Title: "Measures decided and what became of them", Rows: ByKind, Columns: ByOutcome, Filter: of(Enforcement, nil), Heads: heads("stands", "ended", "overturned")},
		{Code: "in_force", Title: "Measures in force at the end of the year", Rows: ByKind, Columns: ByEntityType, Filter: of(InForce, nil)},
		{Code: "appeals", Title: "Appeals by measure", Rows: ByKind, Columns: ByOutcome, Filter: of(Appeals, nil), Heads: heads("open", "confirmed", "overturned", "ended", "withdrawn")},
		{Code: "incidents", Title: "Incidents by kind", Rows: ByKind, Columns: BySource, Filter: of(Incidents, nil), Heads: heads("company", "agency")},
	}
	out.Measures = []Measures{
		{Code: "certification", Title: "Hours and days for each certification", Rows: ByEntityType, Filter: of(Applications, map[Dim]string{ByKind: "certified"})},
		{Code: "validation", Title: "Hours and days for each validation and revalidation", Rows: ByKind, Filter: of(Done, nil)},
		{Code: "clocks", Title: "Times against the legal deadlines", Rows: ByKind, Filter: of(Clocks, nil)},
	}
	w := s.world(p)
	var more []pg.Query
	for i := range out.Measures {
		more = append(more, out.Measures[i].query(by, p))
	}
	if err := s.count(ctx, by, w, out.Tables, more...); err != nil {
		return Annual{}, err
	}
	for i := range out.Measures {
		out.Measures[i].name(ctx, w)
	}
	out.Offices = w.offices
	return out, nil
}

// fiscal is the first and the last day of a fiscal year.
func fiscal(p *programme.Programme, year int) (first, last clock.Day) {
	from, to := p.Figures.FiscalYear.Year(year)
	return clock.DayOf(from, from.Location()), clock.DayOf(to, to.Location())
}

// AnnualFile writes the figures of a year to a file: one line for each figure. Those who look
// from above may; it is an audit event.
func (s *Service) AnnualFile(ctx context.Context, by identity.Actor, in AnnualAsked, form Form) (File, error) {
	r, err := s.Annual(ctx, by, in)
	if err != nil {
		return File{}, err
	}
	n := 0
	file, err := s.file(ctx, by, form, fmt.Sprintf("%s-%d", r.Rules.Code, r.Year), func(rows sheet) error {
		lines := r.lines(ctx)
		n = len(lines) - 1
		for _, l := range lines {
			if err := rows.line(l...); err != nil {
				return err
			}
		}
		return nil
	}, func() [][2]string {
		out := append([][2]string{{i18n.T(ctx, r.Rules.Figures.FiscalYear.Name), strconv.Itoa(r.Year)}, {i18n.T(ctx, "Number of rows"), strconv.Itoa(n)}}, r.Asked.about(ctx, r.Rules.Name)...)
		for _, set := range []Set{Members, Applications, Planned, Done, Standings, Enforcement, InForce, Appeals, Incidents, Clocks} {
			out = append(out, [2]string{i18n.T(ctx, set.Name()), i18n.T(ctx, set.Counted())})
		}
		return out
	})
	if err != nil {
		return File{}, fmt.Errorf("write the yearly report: %w", err)
	}
	return file, s.taken(ctx, by, Filter{Asked: r.Asked, Set: "annual"}, form, n)
}

// lines are the figures, one to a line.
func (r Annual) lines(ctx context.Context) [][]any {
	out := [][]any{{i18n.T(ctx, "Table"), i18n.T(ctx, "Line"), i18n.T(ctx, "Figure"), i18n.T(ctx, "Value")}}
	add := func(title, line, figure string, value any) {
		out = append(out, []any{i18n.T(ctx, title), line, figure, value})
	}
	for _, t := range r.Tables {
		for _, l := range t.Lines {
			for i, c := range l.Cells {
				add(t.Title, l.Name, t.Heads[i].Name, c.N)
			}
			add(t.Title, l.Name, i18n.T(ctx, "Total"), l.Total.N)
		}
	}
	for _, m := range r.Measures {
		for _, l := range m.Lines {
			add(m.Title, l.Name, i18n.T(ctx, "Number"), l.N)
			if m.Filter.Set == Clocks {
				add(m.Title, l.Name, i18n.T(ctx, "In time, percent"), 100*float64(l.InTime)/float64(max(l.N, 1)))
			} else {
				add(m.Title, l.Name, i18n.T(ctx, "Hours"), l.Hours)
				add(m.Title, l.Name, i18n.T(ctx, "Hours for each"), l.Mean())
			}
			add(m.Title, l.Name, i18n.T(ctx, "Days, half took no longer"), maybe(l.Middle))
			add(m.Title, l.Name, i18n.T(ctx, "Days, nine in ten took no longer"), maybe(l.Most))
		}
	}
	return out
}
