package metric

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Mixed stands for a kind of member, or a tier, where a group has several in the year.
const Mixed = "*"

// Overall is what a programme brings its members in a year, in numbers of groups. No number of
// a single company is in it or follows from it: the database tells groups of five members or
// more, of whom none dominates, and never a change that fewer than five have made (see
// benefit_of_programme in the migrations).
type Overall struct {
	Programme string
	Year      int
	Elsewhere int // companies that are left out, for they are members of another programme too
	Groups    []Group
	Modes     []Met           // told groups together, by mode of transport
	All       Met             // and all modes together
	Events    []Happened      // told groups together
	Baselines []baseline.File // that cohorts of the comparison stand in, the newest signed first
}

// Told reports whether there is any number.
func (o Overall) Told() bool { return len(o.Modes)+len(o.Events) > 0 }

// Group is the members of a kind who held a tier on every day of the year. Mixed as the tier:
// it changed, or they were no active members on some day; as the kind: they are of several.
type Group struct {
	EntityType string
	Tier       string
	Members    int        // now known; 0: a group that was told of is no more
	Modes      []Met      // of which shipments are told
	Events     []Happened // that are told
}

// Basis is what a number of a group rests on.
type Basis struct {
	Members   int
	Reporting int       // of them, with any report of the year
	Behind    int       // of them, whose reports the number is made of
	Full      bool      // every member reported every month
	AsOf      time.Time // when the number was so: of several, the oldest
}

// Coverage is which part of the members reports, from 0 to 1.
func (b Basis) Coverage() float64 { return Share{b.Reporting, b.Members}.Rate() }

// Quality says how far the number may be trusted.
func (b Basis) Quality() Quality {
	if b.Full {
		return Complete
	}
	return Partial
}

// Met is how often shipments of a group were examined, beside those of others.
type Met struct {
	Mode string // empty in Overall.All: all modes together
	Basis
	Share          // the group's shipments
	Beside Against // the others' of the same year, mode and kind; no shipments: not known
	Months int     // of the year that the others' rate is of
}

// Happened is how many benefit events of a kind a group had. Crossings are those by a lane that
// membership opens.
type Happened struct {
	Kind benefit.Kind
	Basis
	Events int
}

// toldRow is a row of the database's function.
type toldRow struct {
	EntityType string
	Tier       string
	What       string
	Mode       string
	Members    int
	Reporting  *int
	Behind     *int
	Whole      *int
	Part       *int
	Complete   *bool
	AsOf       *time.Time
}

// number reports whether the row tells one, and not only a group.
func (r toldRow) number() bool { return r.What != "" && r.What != "elsewhere" }

func (r toldRow) basis() Basis {
	return Basis{Members: r.Members, Reporting: *r.Reporting, Behind: *r.Behind, Full: *r.Complete, AsOf: *r.AsOf}
}

// Programme tells what a programme brings in a year, group by group. Headquarters, supervisors
// and auditors may. What it tells is kept, so that a later answer does not show what one company
// has reported in between.
func (s *Service) Programme(ctx context.Context, by identity.Actor, programme string, year int) (o Overall, err error) {
	if by.Audience != identity.Staff || !by.Is(identity.Headquarters, identity.Supervisor, identity.Auditor) {
		return o, fault.Missing()
	}
	if year < 1990 || year > 2200 {
		return o, fault.Fail([]fault.Field{fault.F("year", "Choose a year of the list")})
	}
	o.Programme, o.Year = programme, year
	first := clock.DayOf(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.UTC)
	var rows []toldRow
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&rows, `select * from benefit_of_programme($1, $2)`, programme, year)); err != nil {
		return o, fmt.Errorf("read the benefits of a programme: %w", err)
	}
	if !slices.ContainsFunc(rows, toldRow.number) { // nothing to put beside what others met
		o.take(rows, others{})
		return o, nil
	}
	list, files, err := s.Baselines.EveryCohort(ctx, by, programme, first, first.AddMonths(11))
	if err != nil {
		return o, err
	}
	known := others{list: list, first: first, last: first.AddMonths(11), used: map[uuid.UUID]bool{}}
	o.take(rows, known)
	o.Baselines = slices.DeleteFunc(files, func(f baseline.File) bool { return !known.used[f.ID] })
	o.add()
	return o, nil
}

// take puts rows into groups.
func (o *Overall) take(rows []toldRow, known others) {
	for _, r := range rows {
		if r.What == "elsewhere" {
			o.Elsewhere = r.Members
			continue
		}
		g := o.group(r.EntityType, r.Tier)
		switch r.What {
		case "":
			g.Members = r.Members
		case "shipments":
			m := Met{Mode: r.Mode, Basis: r.basis(), Share: Share{*r.Part, *r.Whole}}
			base, months := known.of(r.EntityType, r.Mode)
			m.Beside, m.Months = Beside(Pair{m.Share, base}), months
			g.Modes = append(g.Modes, m)
		default:
			g.Events = append(g.Events, Happened{benefit.Kind(r.What), r.basis(), *r.Whole})
		}
	}
	slices.SortFunc(o.Groups, func(x, y Group) int {
		return cmp.Or(mixedLast(x.EntityType, y.EntityType), cmp.Compare(x.EntityType, y.EntityType), mixedLast(x.Tier, y.Tier), cmp.Compare(x.Tier, y.Tier))
	})
}

// mixedLast puts what is mixed after all others.
func mixedLast(x, y string) int {
	at := func(s string) int {
		if s == Mixed {
			return 1
		}
		return 0
	}
	return at(x) - at(y)
}

func (o *Overall) group(entityType, tier string) *Group {
	for i := range o.Groups {
		if g := &o.Groups[i]; g.EntityType == entityType && g.Tier == tier {
			return g
		}
	}
	o.Groups = append(o.Groups, Group{EntityType: entityType, Tier: tier})
	return &o.Groups[len(o.Groups)-1]
}

// add makes the totals, of numbers that are told and of no others. Groups have no member in
// common, so their numbers add; a member in several modes is counted in each.
func (o *Overall) add() {
	var against []Against
	for _, g := range o.Groups {
		for _, m := range g.Modes {
			i := slices.IndexFunc(o.Modes, func(x Met) bool { return x.Mode == m.Mode })
			if i < 0 {
				o.Modes = append(o.Modes, m)
				continue
			}
			x := &o.Modes[i]
			x.Basis = x.Basis.and(m.Basis)
			x.Share = Share{x.Part + m.Part, x.Whole + m.Whole}
			if x.Beside.Own.Whole == 0 || m.Beside.Own.Whole > 0 && m.Months < x.Months {
				x.Months = m.Months
			}
			x.Beside = Together(x.Beside, m.Beside)
		}
		for _, e := range g.Events {
			i := slices.IndexFunc(o.Events, func(x Happened) bool { return x.Kind == e.Kind })
			if i < 0 {
				o.Events = append(o.Events, e)
				continue
			}
			o.Events[i].Basis, o.Events[i].Events = o.Events[i].Basis.and(e.Basis), o.Events[i].Events+e.Events
		}
	}
	slices.SortFunc(o.Modes, func(x, y Met) int { return cmp.Compare(x.Mode, y.Mode) })
	slices.SortFunc(o.Events, func(x, y Happened) int { return cmp.Compare(x.Kind, y.Kind) })
	for _, m := range o.Modes {
		o.All.Share = Share{o.All.Part + m.Part, o.All.Whole + m.Whole}
		against = append(against, m.Beside)
	}
	o.All.Beside = Together(against...)
}

func (b Basis) and(x Basis) Basis {
	b.Members, b.Reporting, b.Behind, b.Full = b.Members+x.Members, b.Reporting+x.Reporting, b.Behind+x.Behind, b.Full && x.Full
	if x.AsOf.Before(b.AsOf) {
		b.AsOf = x.AsOf
	}
	return b
}

// others are the cohorts of a year.
type others struct {
	list        []baseline.Cohort // the newest signed first
	first, last clock.Day
	used        map[uuid.UUID]bool // files that were looked up and found
}

// picked are the cohorts of all ports of a kind and mode that lie in the year, none of which
// overlap: those of the file signed last before others, the longest of a file first.
func (o others) picked(kind, mode string) (out []baseline.Cohort) {
	rank := map[uuid.UUID]int{}
	var list []baseline.Cohort
	for _, c := range o.list {
		if c.EntityType == kind && c.Mode == mode && c.PortGroup == baseline.AllPorts && !c.FirstMonth.Before(o.first) && !c.LastMonth.After(o.last) {
			if _, there := rank[c.FileID]; !there {
				rank[c.FileID] = len(rank)
			}
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(x, y baseline.Cohort) int {
		return cmp.Or(cmp.Compare(rank[x.FileID], rank[y.FileID]), cmp.Compare(months(y), months(x)))
	})
	for _, c := range list {
		if !slices.ContainsFunc(out, func(x baseline.Cohort) bool {
			return !c.FirstMonth.After(x.LastMonth) && !x.FirstMonth.After(c.LastMonth)
		}) {
			out = append(out, c)
		}
	}
	return out
}

// of is what others met, and over how many months of the year.
func (o others) of(kind, mode string) (s Share, covered int) {
	for _, c := range o.picked(kind, mode) {
		s.Part, s.Whole = s.Part+c.Exams, s.Whole+c.Shipments
		covered += months(c)
		o.used[c.FileID] = true
	}
	return s, covered
}

func months(c baseline.Cohort) int { return Period{c.FirstMonth, c.LastMonth}.Months() }
