package headquarters

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Duties is whether two people decided on each case, who has rights that clash, and who
// decides with whom.
type Duties struct {
	Asked      Asked
	Rules      *programme.Programme
	Programmes []*programme.Programme
	Offices    []Office
	Table      Table // decisions by kind and by what is wrong with them
	Clashes    []Clash
	Pairs      []Pair // above the limit first
}

// Clash is a person with two rights that nobody should have together, on the day.
type Clash struct {
	PersonID uuid.UUID
	Person   string
	Rule     string // English source text
	Roles    []Held
}

// Held is a right.
type Held struct {
	Role   identity.Role
	Office string
	From   clock.Day
	Until  *clock.Day
}

// Pair is two people of whom one recommends what the other decides, in one office.
type Pair struct {
	Pair        string
	Office      string // its id
	OfficeName  string `db:"-"`
	Recommended string
	Decided     string
	N           int
	OfOffice    int  // decisions of the office
	Above       bool `db:"-"` // more than the programme's limit
	Cell        Cell `db:"-"`
}

// Share is the pair's share of its office, in percent.
func (p Pair) Share() int { return 100 * p.N / max(p.OfOffice, 1) }

const mostPairs = 100

const pairsSQL = `select r.pair, r.office, min(r.recommended) as recommended, min(r.decided) as decided, count(*)::int as n, sum(count(*)) over (partition by r.office)::int as of_office`

// rights are those of staff that count on the day ($1) in the offices ($2), read as people.
const rightsSQL = `select r.person_id, p.name as person, r.role, o.name as office, r.starts_on, r.ends_on from person_right r join person p on p.id = r.person_id join office o on o.id = r.office_id
  where r.audience = 'staff' and r.starts_on <= $1 and (r.ends_on is null or r.ends_on >= $1) and r.granted_at < $3 and (r.ended_at is null or r.ended_at >= $3)
    and r.person_id in (select x.person_id from person_right x where x.audience = 'staff' and x.starts_on <= $1 and (x.ends_on is null or x.ends_on >= $1)
      and x.granted_at < $3 and (x.ended_at is null or x.ended_at >= $3) group by x.person_id having count(distinct x.role) > 1)
    and ($2::uuid[] is null or exists (select from person_right x where x.person_id = r.person_id and x.office_id = any($2)))
  order by p.name, r.person_id, r.starts_on, r.id limit 2000`

type rightRow struct {
	PersonID uuid.UUID
	Person   string
	Role     identity.Role
	Office   string
	StartsOn clock.Day
	EndsOn   *clock.Day
}

// Duties reads the report on separation of duties. Those who look from above may.
func (s *Service) Duties(ctx context.Context, by identity.Actor, a Asked) (out Duties, err error) {
	if err := reader(by); err != nil {
		return out, err
	}
	a, p := s.tidy(by, a)
	out = Duties{Asked: a, Rules: p, Programmes: s.Programmes.All()}
	f := Filter{Asked: a, Set: Decisions}
	tables := []Table{{Code: "decisions", Title: "Decisions by kind and by what is wrong", Rows: ByKind, Columns: ByOutcome, Filter: f,
		Heads: heads("none", "same_person", "no_recommendation", "own_company")}}
	where, args := f.conditions(f.args(by))
	var rights []rightRow
	w := s.world(p)
	err = s.count(ctx, by, w, tables,
		pg.All(&out.Pairs, declared+`select * from (`+pairsSQL+` from (`+source(Decisions, p)+`) r where `+where+` and r.pair not like ':%' and r.office <> '' group by r.pair, r.office) x
			order by x.n * 100 / x.of_office desc, x.n desc, x.pair limit `+fmt.Sprint(mostPairs), args...),
		pg.All(&rights, rightsSQL, a.On, offices(by), instant(a)))
	if err != nil {
		return Duties{}, err
	}
	out.Table, out.Offices = tables[0], w.offices
	out.Clashes = clashes(p.Figures.Conflicts, rights)
	for i := range out.Pairs {
		x := &out.Pairs[i]
		x.OfficeName = w.name(ctx, ByOffice, x.Office)
		x.Above = x.OfOffice >= p.Figures.Pairs.Cases && x.Share() > p.Figures.Pairs.Share
		x.Cell = Cell{N: x.N, Filter: f.with(ByPair, x.Pair).with(ByOffice, x.Office)}
	}
	return out, nil
}

// instant is the end of the day of a question, or the instant of knowledge if that is earlier.
func instant(a Asked) time.Time {
	if end := a.On.End(time.UTC); end.Before(a.Known) {
		return end
	}
	return a.Known
}

// clashes finds the people whose rights clash.
func clashes(rules []programme.RightsClash, rights []rightRow) (out []Clash) {
	for from := 0; from < len(rights); {
		to := from
		for to < len(rights) && rights[to].PersonID == rights[from].PersonID {
			to++
		}
		for _, rule := range rules {
			one, with := pick(rights[from:to], rule.OneOf), pick(rights[from:to], rule.With)
			if one != nil && with != nil {
				out = append(out, Clash{PersonID: rights[from].PersonID, Person: rights[from].Person, Rule: rule.Name, Roles: append(one, with...)})
			}
		}
		from = to
	}
	return out
}

func pick(rights []rightRow, roles []string) (out []Held) {
	for _, r := range rights {
		for _, role := range roles {
			if string(r.Role) == role {
				out = append(out, Held{Role: r.Role, Office: r.Office, From: r.StartsOn, Until: r.EndsOn})
			}
		}
	}
	return out
}

// Breaches are the decisions that break the rule of two people.
func (d Duties) Breaches() (n int) {
	for i, h := range d.Table.Heads {
		if h.Key != "none" {
			n += d.Table.Sum(i)
		}
	}
	return n
}
