package headquarters

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Filter is a set with conditions: what a number counts and what its list shows.
type Filter struct {
	Asked
	Set   Set
	Where map[Dim]string
	After string // the Next of the page before
}

// with is the filter with one condition more.
func (f Filter) with(d Dim, key string) Filter {
	where := maps.Clone(f.Where)
	if where == nil {
		where = map[Dim]string{}
	}
	where[d] = key
	f.Where = where
	return f
}

// Row is a row of any set; what a set does not know is empty.
type Row struct {
	Key        string
	Day        clock.Day
	Ref        string
	Company    string
	CompanyID  uuid.UUID
	Link       string // what LinkID is: application, membership, validation, finding, profile, plan, history, enforcement, appeal, incident; empty: there is no page
	LinkID     uuid.UUID
	Office     string // its id
	EntityType string
	Status     string
	Tier       string
	Country    string
	Month      string
	Kind       string
	Age        string
	Criterion  string
	Outcome    string
	Pair       string
	Live       string
	Source     string

	Opened, Reviewed, Recommended, Decided string // people, of decisions

	Days  *int     // calendar days that it took
	Hours *float64 // logged on it
}

// Of is what a dimension has in the row.
func (r Row) Of(d Dim) string {
	return map[Dim]string{ByOffice: r.Office, ByEntityType: r.EntityType, ByStatus: r.Status, ByTier: r.Tier, ByCountry: r.Country, ByMonth: r.Month, ByKind: r.Kind,
		ByAge: r.Age, ByCriterion: r.Criterion, ByOutcome: r.Outcome, ByPair: r.Pair, ByLive: r.Live, BySource: r.Source}[d]
}

// shown are the columns of a list, set by set.
var shown = map[Set][]Dim{
	Members:      {ByOffice, ByEntityType, ByCountry, ByTier, ByStatus},
	Applications: {ByKind, ByOffice, ByEntityType, ByCountry},
	Waiting:      {ByOffice, ByEntityType, ByCountry, ByAge},
	Due:          {ByKind, ByStatus, ByOffice, ByEntityType, ByCountry},
	Done:         {ByKind, ByOutcome, ByOffice, ByEntityType, ByCountry},
	Planned:      {ByKind, ByOffice, ByEntityType, ByCountry},
	Findings:     {ByKind, ByCriterion, ByStatus, ByOffice, ByEntityType, ByCountry},
	Standings:    {ByKind, ByTier, ByOffice, ByEntityType, ByCountry},
	Clocks:       {ByKind, ByStatus, ByOffice, ByCountry},
	Decisions:    {ByKind, ByOutcome, ByOffice, ByEntityType},
	Verdicts:     {ByCriterion, ByOutcome, ByOffice, ByEntityType, ByCountry},
	Enforcement:  {ByKind, ByOutcome, ByOffice, ByEntityType, ByCountry},
	InForce:      {ByKind, ByOffice, ByEntityType, ByCountry, ByAge},
	Cases:        {ByStatus, ByOffice, ByEntityType, ByCountry, ByAge},
	Appeals:      {ByKind, ByOutcome, ByOffice, ByEntityType, ByCountry},
	Incidents:    {ByKind, BySource, ByOffice, ByEntityType, ByCountry},
}

// PageLength is how many rows one page of a list has.
const PageLength = 50

// List is one page of the rows behind a number.
type List struct {
	Filter  Filter
	Rules   *programme.Programme
	Total   int
	Rows    []Row
	Next    string
	Columns []Dim
	Days    bool // the set knows days, hours, people
	Hours   bool
	People  bool

	w *world
}

// Name is a key of a dimension in the words of the reader.
func (l List) Name(ctx context.Context, d Dim, key string) string {
	if key == "" {
		return ""
	}
	return l.w.name(ctx, d, key)
}

// conditions adds the conditions of a filter to the arguments.
func (f Filter) conditions(args []any) (string, []any) {
	where := "true"
	if f.Office != uuid.Nil {
		args = append(args, f.Office.String())
		where += fmt.Sprintf(" and r.office = $%d", len(args))
	}
	for _, d := range Dims() {
		if v, ok := f.Where[d]; ok {
			args = append(args, v)
			where += fmt.Sprintf(" and r.%s = $%d", d, len(args))
		}
	}
	return where, args
}

// tidyFilter refuses a set that is not there.
func (s *Service) tidyFilter(by identity.Actor, f Filter) (Filter, *programme.Programme, error) {
	if err := reader(by); err != nil {
		return f, nil, err
	}
	if !slices.Contains(Sets(), f.Set) {
		return f, nil, fault.Missing()
	}
	var p *programme.Programme
	f.Asked, p = s.tidy(by, f.Asked)
	return f, p, nil
}

// List reads one page of the rows that a number counts. Those who look from above may.
func (s *Service) List(ctx context.Context, by identity.Actor, f Filter) (l List, err error) {
	f, p, err := s.tidyFilter(by, f)
	if err != nil {
		return l, err
	}
	l = List{Filter: f, Rules: p, Columns: shown[f.Set], w: s.world(p), People: f.Set == Decisions,
		Days:  slices.Contains([]Set{Applications, Waiting, Done, Clocks, Decisions, Enforcement, InForce, Cases, Appeals}, f.Set),
		Hours: slices.Contains([]Set{Applications, Waiting, Done}, f.Set)}
	where, args := f.conditions(f.args(by))
	page, pageArgs := where, slices.Clone(args)
	if day, key, ok := cursor(f.After); ok {
		pageArgs = append(pageArgs, day, key)
		page += fmt.Sprintf(" and (r.day, r.key) < ($%d::date, $%d)", len(pageArgs)-1, len(pageArgs))
	}
	from := ` from (` + source(f.Set, p) + `) r where `
	err = s.DB.Batch(ctx, by.Scope(), pg.PlanAnew(),
		pg.Value(&l.Total, declared+`select count(*)::int`+from+where, args...),
		pg.All(&l.Rows, declared+`select `+names("r.")+from+page+fmt.Sprintf(` order by r.day desc, r.key desc limit %d`, PageLength+1), pageArgs...),
		pg.All(&l.w.offices, officesSQL, offices(by)))
	if err != nil {
		return List{}, fmt.Errorf("list %s: %w", f.Set, err)
	}
	if len(l.Rows) > PageLength {
		l.Rows = l.Rows[:PageLength]
		last := l.Rows[PageLength-1]
		l.Next = base64.RawURLEncoding.EncodeToString([]byte(last.Day.String() + " " + last.Key))
	}
	return l, nil
}

func cursor(text string) (day clock.Day, key string, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	d, key, found := strings.Cut(string(b), " ")
	if err != nil || !found || len(key) > 100 {
		return day, "", false
	}
	day, err = clock.ParseDay(d)
	return day, key, err == nil
}

// Conditions are the conditions of a list in the words of the reader, in pairs.
func (l List) Conditions(ctx context.Context) (out [][2]string) {
	if l.Filter.Office != uuid.Nil {
		out = append(out, [2]string{ByOffice.Name(), l.w.name(ctx, ByOffice, l.Filter.Office.String())})
	}
	for _, d := range Dims() {
		v, ok := l.Filter.Where[d]
		switch {
		case !ok:
		case d == ByPair && len(l.Rows) > 0:
			out = append(out, [2]string{d.Name(), l.Rows[0].Recommended + ", " + l.Rows[0].Decided})
		case d == ByPair:
		default:
			out = append(out, [2]string{d.Name(), l.w.name(ctx, d, v)})
		}
	}
	return out
}

// Span reports whether the set is about what happened between two days.
func (s Set) Span() bool { return !slices.Contains([]Set{Members, Waiting, InForce, Cases}, s) }
