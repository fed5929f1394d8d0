package headquarters

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Table is numbers of one set: a line for each key of one dimension, a column for each key
// of another.
type Table struct {
	Code    string
	Title   string // English source text
	Rows    Dim
	Columns Dim
	Filter  Filter // what all its numbers have in common
	Heads   []Head
	Lines   []Line
}

// Head is a column.
type Head struct {
	Key  string
	Name string // in the language of the reader
}

// Line is a row of numbers.
type Line struct {
	Key   string
	Name  string // in the language of the reader
	Cells []Cell
	Total Cell
}

// Cell is a number and what it counts.
type Cell struct {
	N      int
	Filter Filter
}

// Dashboard is the programme on a day.
type Dashboard struct {
	Asked      Asked
	Rules      *programme.Programme
	Programmes []*programme.Programme
	Offices    []Office
	Tables     []Table
}

// Table finds a table by its code.
func (d Dashboard) Table(code string) Table {
	i := slices.IndexFunc(d.Tables, func(t Table) bool { return t.Code == code })
	if i < 0 {
		return Table{}
	}
	return d.Tables[i]
}

// ahead is how many months to come the table of validations shows.
const ahead = 6

// dashboard are the tables of the dashboard.
func dashboard(a Asked, p *programme.Programme) []Table {
	live := Filter{Asked: a, Set: Members, Where: map[Dim]string{ByLive: "yes"}}
	due := a
	due.Last = a.Last.AddDays(1 - a.Last.DayOfMonth()).AddMonths(ahead + 1).AddDays(-1)
	steps := []string{"opened", "submitted", "certified", "rejected", "left"}
	if p.Process.AcceptanceStep {
		steps = slices.Insert(steps, 2, "accepted")
	}
	members := []string{"active", "suspended"}
	return []Table{
		{Code: "status", Title: "Memberships by kind of member, with those that have ended", Rows: ByEntityType, Columns: ByStatus, Filter: Filter{Asked: a, Set: Members}, Heads: heads("active", "suspended", "ended", "annulled")},
		{Code: "tiers", Title: "Members by tier", Rows: ByTier, Columns: ByStatus, Filter: live, Heads: heads(members...)},
		{Code: "countries", Title: "Members by country", Rows: ByCountry, Columns: ByStatus, Filter: live, Heads: heads(members...)},
		{Code: "offices", Title: "Members by office", Rows: ByOffice, Columns: ByStatus, Filter: live, Heads: heads(members...)},
		{Code: "funnel", Title: "Applications by month", Rows: ByMonth, Columns: ByKind, Filter: Filter{Asked: a, Set: Applications}, Heads: heads(steps...)},
		{Code: "ageing", Title: "Open applications by age", Rows: ByAge, Columns: ByEntityType, Filter: Filter{Asked: a, Set: Waiting}},
		{Code: "due", Title: "Validations due by month", Rows: ByMonth, Columns: ByKind, Filter: Filter{Asked: due, Set: Due}, Heads: heads(kinds(p, true)...)},
		{Code: "done", Title: "Validations done by month", Rows: ByMonth, Columns: ByKind, Filter: Filter{Asked: a, Set: Done}, Heads: heads(kinds(p, false)...)},
		{Code: "findings", Title: "Findings by criterion", Rows: ByCriterion, Columns: ByKind, Filter: Filter{Asked: a, Set: Findings}, Heads: heads(findingKinds(p)...)},
		{Code: "standings", Title: "Events in law by month", Rows: ByMonth, Columns: ByKind, Filter: Filter{Asked: a, Set: Standings},
			Heads: heads("granted", "awarded", "suspended", "reinstated", "limited", "restored", "removed", "annulled", "withdrawn", "succeeded")},
		{Code: "measures", Title: "Measures decided by month", Rows: ByMonth, Columns: ByKind, Filter: Filter{Asked: a, Set: Enforcement}, Heads: heads(measures(p)...)},
		{Code: "outcomes", Title: "Measures decided and what became of them", Rows: ByKind, Columns: ByOutcome, Filter: Filter{Asked: a, Set: Enforcement}, Heads: heads("stands", "ended", "overturned")},
		{Code: "in_force", Title: "Measures in force by kind of member", Rows: ByEntityType, Columns: ByKind, Filter: Filter{Asked: a, Set: InForce}},
		{Code: "cases", Title: "Open cases by state and age in days", Rows: ByStatus, Columns: ByAge, Filter: Filter{Asked: a, Set: Cases}, Heads: heads(p.Figures.AgeGroups()...)},
		{Code: "appeals", Title: "Appeals by measure", Rows: ByKind, Columns: ByOutcome, Filter: Filter{Asked: a, Set: Appeals}, Heads: heads("open", "confirmed", "overturned", "ended", "withdrawn")},
		{Code: "incidents", Title: "Incidents by month", Rows: ByMonth, Columns: ByKind, Filter: Filter{Asked: a, Set: Incidents}},
	}
}

// measures are the kinds of measure that a ground of the programme allows, with suspensions at
// once, from the lightest to the heaviest.
func measures(p *programme.Programme) (out []string) {
	for _, m := range programme.Measures() {
		if m != programme.NoStep && slices.ContainsFunc(p.Enforcement.Grounds, func(g programme.Ground) bool { return g.Allows(m) }) {
			out = append(out, m)
		}
		if m == programme.Suspend && slices.ContainsFunc(p.Enforcement.Grounds, func(g programme.Ground) bool { return g.Emergency }) {
			out = append(out, "emergency")
		}
	}
	return out
}

func heads(keys ...string) (out []Head) {
	for _, k := range keys {
		out = append(out, Head{Key: k})
	}
	return out
}

func kinds(p *programme.Programme, withClock bool) (out []string) {
	for _, k := range p.Validation.Kinds {
		if !withClock || k.Clock != "" {
			out = append(out, k.Code)
		}
	}
	return out
}

func findingKinds(p *programme.Programme) (out []string) {
	for _, k := range p.Validation.Findings.Kinds {
		out = append(out, k.Code)
	}
	return out
}

// Dashboard counts everything that the dashboard shows, in one round trip. Those who look
// from above may.
func (s *Service) Dashboard(ctx context.Context, by identity.Actor, a Asked) (d Dashboard, err error) {
	if err := reader(by); err != nil {
		return d, err
	}
	a, p := s.tidy(by, a)
	w := s.world(p)
	d = Dashboard{Asked: a, Rules: p, Programmes: s.Programmes.All(), Tables: dashboard(a, p)}
	if err := s.count(ctx, by, w, d.Tables); err != nil {
		return Dashboard{}, err
	}
	d.Offices = w.offices
	return d, nil
}

// counted is a number of a batch.
type counted struct {
	Dim, Key, Col string
	N             int
}

// count fills in tables, in one round trip. Tables of one set with the same conditions and
// columns are counted in one pass.
func (s *Service) count(ctx context.Context, by identity.Actor, w *world, tables []Table, more ...pg.Query) error {
	type group struct {
		first  Table
		rows   []Dim
		result []counted
		tables []int
	}
	var groups []*group
	for i, t := range tables {
		k := slices.IndexFunc(groups, func(g *group) bool { return same(g.first, t) })
		if k < 0 {
			groups, k = append(groups, &group{first: t}), len(groups)
		}
		groups[k].rows, groups[k].tables = append(groups[k].rows, t.Rows), append(groups[k].tables, i)
	}
	queries := []pg.Query{pg.PlanAnew(), pg.All(&w.offices, officesSQL, offices(by))}
	for _, g := range groups {
		where, args := g.first.Filter.conditions(g.first.Filter.args(by))
		queries = append(queries, pg.All(&g.result, declared+countSQL(g.rows, g.first.Columns)+` from (`+source(g.first.Filter.Set, w.rules)+`) r where `+where+groupSQL(g.rows, g.first.Columns), args...))
	}
	if err := s.DB.Batch(ctx, by.Scope(), append(queries, more...)...); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	for _, g := range groups {
		for _, i := range g.tables {
			tables[i].fill(ctx, w, g.result)
		}
	}
	return nil
}

// same reports whether two tables can be counted in one pass.
func same(a, b Table) bool {
	return a.Filter.Set == b.Filter.Set && a.Filter.Asked == b.Filter.Asked && a.Columns == b.Columns && fmt.Sprint(a.Filter.Where) == fmt.Sprint(b.Filter.Where)
}

func countSQL(rows []Dim, columns Dim) string {
	dim, key := "case", "case"
	for _, d := range rows {
		dim += fmt.Sprintf(" when grouping(r.%s) = 0 then '%s'", d, d)
		key += fmt.Sprintf(" when grouping(r.%s) = 0 then r.%s", d, d)
	}
	return `select ` + dim + ` end as dim, ` + key + ` end as key, r.` + string(columns) + ` as col, count(*)::int as n`
}

func groupSQL(rows []Dim, columns Dim) string {
	var sets []string
	for _, d := range rows {
		sets = append(sets, fmt.Sprintf("(r.%s, r.%s)", d, columns))
	}
	return ` group by grouping sets (` + strings.Join(sets, ", ") + `)`
}

// fill puts numbers into a table: every column that was planned, and others that turned up.
func (t *Table) fill(ctx context.Context, w *world, list []counted) {
	numbers := map[string]map[string]int{}
	for _, c := range list {
		if c.Dim != string(t.Rows) {
			continue
		}
		if numbers[c.Key] == nil {
			numbers[c.Key] = map[string]int{}
		}
		numbers[c.Key][c.Col] += c.N
		if !slices.ContainsFunc(t.Heads, func(h Head) bool { return h.Key == c.Col }) {
			t.Heads = append(t.Heads, Head{Key: c.Col})
		}
	}
	for i, h := range t.Heads {
		t.Heads[i].Name = w.name(ctx, t.Columns, h.Key)
	}
	for key, columns := range numbers {
		in := t.Filter.with(t.Rows, key)
		l := Line{Key: key, Name: w.name(ctx, t.Rows, key), Total: Cell{Filter: in}}
		for _, h := range t.Heads {
			l.Cells = append(l.Cells, Cell{N: columns[h.Key], Filter: in.with(t.Columns, h.Key)})
			l.Total.N += columns[h.Key]
		}
		t.Lines = append(t.Lines, l)
	}
	slices.SortFunc(t.Lines, func(a, b Line) int { return t.order(w, a, b) })
}

// order is the order of the lines: of the programme's files where they have one.
func (t *Table) order(w *world, a, b Line) int {
	switch t.Rows {
	case ByCountry:
		return cmp.Or(cmp.Compare(b.Total.N, a.Total.N), cmp.Compare(a.Key, b.Key))
	case ByOffice:
		return cmp.Compare(a.Name, b.Name)
	case ByEntityType:
		return cmp.Compare(w.place(a.Key), w.place(b.Key))
	case ByCriterion:
		return compareNumbers(a.Key, b.Key)
	case ByStatus:
		if t.Filter.Set == Cases {
			return cmp.Compare(slices.Index(caseStates, a.Key), slices.Index(caseStates, b.Key))
		}
	case ByAge:
		groups := w.rules.Figures.AgeGroups()
		return cmp.Compare(slices.Index(groups, a.Key), slices.Index(groups, b.Key))
	}
	return cmp.Compare(a.Key, b.Key)
}

// place is where a kind of member stands among those of its programme.
func (w *world) place(entityType string) int {
	for i, e := range w.rules.EntityTypes() {
		if e.Code == entityType {
			return i
		}
	}
	return 1000
}

// compareNumbers orders "2.10" after "2.9".
func compareNumbers(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, err1 := strconv.Atoi(x[i])
		n, err2 := strconv.Atoi(y[i])
		if err1 == nil && err2 == nil && m != n {
			return cmp.Compare(m, n)
		}
		if x[i] != y[i] && (err1 != nil || err2 != nil) {
			return cmp.Compare(x[i], y[i])
		}
	}
	return cmp.Compare(len(x), len(y))
}

// Sum adds up a column of a table.
func (t Table) Sum(column int) (n int) {
	for _, l := range t.Lines {
		n += l.Cells[column].N
	}
	return n
}

// SumCell is the sum of a column with the rows behind it.
func (t Table) SumCell(column int) Cell {
	return Cell{N: t.Sum(column), Filter: t.Filter.with(t.Columns, t.Heads[column].Key)}
}

// All is the sum of the whole table with the rows behind it.
func (t Table) All() Cell {
	c := Cell{Filter: t.Filter}
	for _, l := range t.Lines {
		c.N += l.Total.N
	}
	return c
}

// Cells are all the numbers of a table.
func (t Table) Cells() (out []Cell) {
	for _, l := range t.Lines {
		out = append(append(out, l.Cells...), l.Total)
	}
	for i := range t.Heads {
		out = append(out, t.SumCell(i))
	}
	return append(out, t.All())
}
