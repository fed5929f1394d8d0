package arrangement

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Filter narrows the list of arrangements.
type Filter struct {
	Ours  bool
	State State  // empty: all
	Find  string // words of parties, codes or countries
	Page  int    // from 1
}

// pageRows bounds a page of the list.
const pageRows = 20

// Item is a line of the list.
type Item struct {
	Arrangement
	State     State
	Agencies  int  // partners that are tied to it
	Waits     bool // a proposal waits for a decision
	Members   int  // recognitions that are open
	Countries []string
}

// List is the register with a filter.
type List struct {
	Filter Filter
	Items  []Item // of the page
	Found  int    // with the filter
	Today  clock.Day
	Counts map[State]int // of all, whatever the filter
}

// Pages is how many pages the filter has.
func (l List) Pages() int { return (l.Found + pageRows - 1) / pageRows }

// has reports whether an arrangement has every word that is looked for.
func (i Item) has(words []string) bool {
	text := strings.ToLower(i.Code + " " + i.Title() + " " + i.Scope + " " + strings.Join(i.Countries, " "))
	for _, o := range i.Operative {
		text += " " + strings.ToLower(o.Partner+" "+o.Authority)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// List reads a page of the register as it is today. Case readers may.
func (s *Service) List(ctx context.Context, by identity.Actor, f Filter) (out List, err error) {
	if err := reader(by); err != nil {
		return out, err
	}
	var events []Row
	var zone string
	type count struct {
		Arrangement              string
		Agencies, Waits, Members int
	}
	var counts []count
	err = s.DB.Batch(ctx, by.Scope(), Known(&events, ""), Zone(&zone), pg.All(&counts, `
		select arrangement, sum(agencies)::int as agencies, sum(waits)::int as waits, sum(members)::int as members from (
		  select arrangement, 1 as agencies, 0 as waits, 0 as members from arrangement_agency where until is null
		  union all select arrangement, 0, 1, 0 from arrangement_proposal where decided_at is null
		  union all select arrangement, 0, 0, count(*)::int from recognition where ended_at is null group by arrangement) x group by arrangement`))
	if err != nil {
		return out, fmt.Errorf("list the arrangements: %w", err)
	}
	now := s.Now()
	if out.Today, err = DayIn(now, zone); err != nil {
		return out, err
	}
	lives := s.Register.Lives(events)
	f.Find = entry.Head(entry.Clean(f.Find), 100)
	words := strings.Fields(strings.ToLower(f.Find))
	out.Filter, out.Counts = f, map[State]int{}
	for _, a := range s.Register.All() {
		i := Item{Arrangement: a, State: lives[a.Code].On(out.Today, now)}
		out.Counts[i.State]++
		if f.Ours && !a.Ours() && a.Mirrors == "" || f.State != "" && f.State != i.State {
			continue
		}
		if n := slices.IndexFunc(counts, func(c count) bool { return c.Arrangement == a.Code }); n >= 0 {
			i.Agencies, i.Waits, i.Members = counts[n].Agencies, counts[n].Waits > 0, counts[n].Members
		}
		for _, o := range a.Operative {
			i.Countries = append(i.Countries, o.Countries...)
		}
		if i.has(words) {
			out.Items = append(out.Items, i)
		}
	}
	out.Found = len(out.Items)
	out.Filter.Page = min(max(f.Page, 1), max(out.Pages(), 1))
	from := (out.Filter.Page - 1) * pageRows
	out.Items = out.Items[from:min(from+pageRows, out.Found)]
	return out, nil
}

// Agency is a customs agency, and whether it is the partner.
type Agency struct {
	ID      uuid.UUID
	Name    string
	Country string
	Since   *time.Time // nil: it is not
}

// Record is an arrangement with everything that headquarters sees of it.
type Record struct {
	Arrangement
	Life      Life
	Today     clock.Day
	Known     time.Time
	State     State
	Proposals []Proposal // the newest first
	Agencies  []Agency
	Rules     *Register
	May       May
}

// May is what the actor can do.
type May struct {
	Keep   bool      // record, propose, tie
	Person uuid.UUID // who looks, for proposals of their own
}

// Waiting is the proposal that waits for a decision.
func (r Record) Waiting() (Proposal, bool) {
	i := slices.IndexFunc(r.Proposals, Proposal.Open)
	if i < 0 {
		return Proposal{}, false
	}
	return r.Proposals[i], true
}

// Steps lists the steps for two persons that would change the arrangement today.
func (r Record) Steps() (out []Kind) {
	for _, k := range Together() {
		if next(r.State, k) != r.State {
			out = append(out, k)
		}
	}
	return out
}

// Show reads an arrangement. Case readers may.
func (s *Service) Show(ctx context.Context, by identity.Actor, code string) (r Record, err error) {
	if err := reader(by); err != nil {
		return r, err
	}
	a, ok := s.Register.Get(code)
	if !ok {
		return r, fault.Missing()
	}
	var events []Row
	var zone string
	r = Record{Arrangement: a, Known: s.Now(), Rules: s.Register, May: May{Keep: keeper(by) == nil, Person: by.PersonID}}
	err = s.DB.Batch(ctx, by.Scope(), Known(&events, code), Zone(&zone),
		pg.All(&r.Proposals, `select `+proposalColumns+` from arrangement_proposal p where p.arrangement = $1 order by p.proposed_at desc limit 50`, code),
		pg.All(&r.Agencies, `select a.id, a.name, a.country, t.since from agency a left join arrangement_agency t on t.agency_id = a.id and t.arrangement = $1 and t.until is null
			where a.kind = 'customs' order by a.name, a.id limit 300`, code))
	if err != nil {
		return r, fmt.Errorf("open the arrangement: %w", err)
	}
	if r.Today, err = DayIn(r.Known, zone); err != nil {
		return r, err
	}
	r.Life = s.Register.Lives(events)[code]
	r.State = r.Life.On(r.Today, r.Known)
	return r, nil
}
