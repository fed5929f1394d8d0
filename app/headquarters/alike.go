package headquarters

import (
	"context"
	"fmt"
	"math"
	"slices"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Alike is whether offices judge alike: shares and middles side by side, with the number of
// cases behind each. It compares offices and never people.
type Alike struct {
	Asked      Asked
	Rules      *programme.Programme
	Programmes []*programme.Programme
	Offices    []Office
	Few        int       // below so many cases nothing is said
	Compared   []Compare // one for each office
	Criteria   []Judged  // one for each criterion
}

// Compare is what one office does.
type Compare struct {
	Office    string
	Name      string
	Criteria  Share   // criteria that were sent back at first
	Findings  Ratio   // required actions for each validation
	Decided   Measure // applications: days and hours
	Validated Measure // validations: days and hours
}

// Judged is one criterion in every office.
type Judged struct {
	Criterion string
	Name      string
	All       Share
	Offices   []Share // in the order of Alike.Offices
}

// Share is a part of some cases, with the interval in which the true share lies in 95 of 100
// cases (Wilson's score interval).
type Share struct {
	N, Part   int
	Low, High float64 // percent
	Few       bool    // too few cases to say
	All, Of   Cell    // the cases, and those of the part
}

// Percent is the share.
func (s Share) Percent() float64 { return 100 * float64(s.Part) / float64(max(s.N, 1)) }

// Ratio is how many of one thing there are for each of another.
type Ratio struct {
	N, Part int
	Few     bool
	All, Of Cell
}

// Each is the ratio.
func (r Ratio) Each() float64 { return float64(r.Part) / float64(max(r.N, 1)) }

// wilson is the 95 percent score interval of a share, in percent (E. B. Wilson, 1927).
func wilson(part, n int) (low, high float64) {
	if n == 0 {
		return 0, 100
	}
	const z = 1.959964
	p, m := float64(part)/float64(n), float64(n)
	middle, half := p+z*z/(2*m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, 100*(middle-half)/(1+z*z/m)), min(100, 100*(middle+half)/(1+z*z/m))
}

type judgedRow struct {
	Criterion, Office string
	N, Returned       int
}

// Alike compares the offices that the reader sees. Those who look from above may.
func (s *Service) Alike(ctx context.Context, by identity.Actor, a Asked) (out Alike, err error) {
	if err := reader(by); err != nil {
		return out, err
	}
	a, p := s.tidy(by, a)
	out = Alike{Asked: a, Rules: p, Programmes: s.Programmes.All(), Few: p.Figures.Few.Cases}
	verdicts := Filter{Asked: a, Set: Verdicts}
	done := Filter{Asked: a, Set: Done}
	decided := Measures{Rows: ByOffice, Filter: Filter{Asked: a, Set: Decisions, Where: map[Dim]string{ByKind: "application"}}}
	worked := Measures{Rows: ByOffice, Filter: Filter{Asked: a, Set: Applications, Where: map[Dim]string{ByKind: "certified"}}}
	validated := Measures{Rows: ByOffice, Filter: done}
	actions := []Table{{Rows: ByOffice, Columns: ByKind, Filter: Filter{Asked: a, Set: Findings, Where: map[Dim]string{ByKind: "action_required"}}}}
	where, args := verdicts.conditions(verdicts.args(by))
	var judged []judgedRow
	w := s.world(p)
	err = s.count(ctx, by, w, actions, decided.query(by, p), worked.query(by, p), validated.query(by, p),
		pg.All(&judged, declared+fmt.Sprintf(`select r.criterion, r.office, count(*)::int as n, count(*) filter (where r.outcome = 'returned')::int as returned
			from (%s) r where %s group by 1, 2`, source(Verdicts, p), where), args...))
	if err != nil {
		return Alike{}, err
	}
	out.Offices = w.offices
	decided.name(ctx, w)
	worked.name(ctx, w)
	validated.name(ctx, w)
	for _, o := range out.Offices {
		id := o.ID.String()
		c := Compare{Office: id, Name: o.Name, Decided: measureOf(decided, id), Validated: measureOf(validated, id)}
		h := measureOf(worked, id)
		c.Decided.Hours, c.Decided.Each, c.Decided.Late = h.Hours, h.Each, h.Cell // hours are of those that were certified
		n, part := 0, 0
		for _, j := range judged {
			if j.Office == id {
				n, part = n+j.N, part+j.Returned
			}
		}
		c.Criteria = out.share(n, part, verdicts.with(ByOffice, id))
		c.Findings = out.ratio(c.Validated.N, actions[0], done.with(ByOffice, id), id)
		if c.Criteria.N+c.Findings.Part+c.Decided.N+c.Validated.N > 0 {
			out.Compared = append(out.Compared, c)
		}
	}
	out.Criteria = out.judge(ctx, w, judged, verdicts)
	return out, nil
}

func measureOf(m Measures, key string) Measure {
	i := slices.IndexFunc(m.Lines, func(l Measure) bool { return l.Key == key })
	if i < 0 {
		return Measure{Key: key, Cell: Cell{Filter: m.Filter.with(m.Rows, key)}}
	}
	return m.Lines[i]
}

func (a Alike) share(n, part int, f Filter) Share {
	low, high := wilson(part, n)
	return Share{N: n, Part: part, Low: low, High: high, Few: n < a.Few, All: Cell{N: n, Filter: f}, Of: Cell{N: part, Filter: f.with(ByOutcome, "returned")}}
}

func (a Alike) ratio(n int, actions Table, done Filter, office string) Ratio {
	r := Ratio{N: n, Few: n < a.Few, All: Cell{N: n, Filter: done}, Of: Cell{Filter: actions.Filter.with(ByOffice, office)}}
	for _, l := range actions.Lines {
		if l.Key == office {
			r.Part, r.Of.N = l.Total.N, l.Total.N
		}
	}
	return r
}

// judge puts the criteria into lines with the offices side by side.
func (a Alike) judge(ctx context.Context, w *world, rows []judgedRow, f Filter) (out []Judged) {
	type sum struct{ n, part int }
	sums := map[string]map[string]sum{}
	for _, r := range rows {
		if sums[r.Criterion] == nil {
			sums[r.Criterion] = map[string]sum{}
		}
		for _, key := range []string{"", r.Office} {
			x := sums[r.Criterion][key]
			sums[r.Criterion][key] = sum{x.n + r.N, x.part + r.Returned}
		}
	}
	for criterion, list := range sums {
		of := f.with(ByCriterion, criterion)
		j := Judged{Criterion: criterion, Name: w.name(ctx, ByCriterion, criterion), All: a.share(list[""].n, list[""].part, of)}
		for _, o := range a.Offices {
			id := o.ID.String()
			j.Offices = append(j.Offices, a.share(list[id].n, list[id].part, of.with(ByOffice, id)))
		}
		out = append(out, j)
	}
	slices.SortFunc(out, func(x, y Judged) int { return compareNumbers(x.Criterion, y.Criterion) })
	return out
}
