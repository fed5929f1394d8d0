package plan

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Head is a plan with what its pages say of it.
type Head struct {
	Plan
	Maker, Adopter                                 string
	Members, Proposals, Open, Picked, Put, Skipped int // Open proposals have no decision; Picked, Put off and Skipped are the decisions
	Opened, Visited, Closed                        int // validations of lines that were picked
}

const headSQL = `select p.*, coalesce(m.name, '') as maker, coalesce(a.name, '') as adopter, n.* from validation_plan p
left join person m on m.id = p.made_by left join person a on a.id = p.adopted_by
cross join lateral (select count(*)::int as members, count(*) filter (where i.proposed)::int as proposals,
  count(*) filter (where i.proposed and i.decision is null)::int as open, count(*) filter (where i.decision = 'chosen')::int as picked,
  count(*) filter (where i.decision = 'later')::int as put, count(*) filter (where i.decision = 'not_this_year')::int as skipped,
  count(v.id) filter (where v.status <> 'cancelled')::int as opened, count(v.visited_at) filter (where v.status <> 'cancelled')::int as visited,
  count(*) filter (where v.status = 'closed')::int as closed
  from plan_item i left join validation v on v.plan_item_id = i.id where i.plan_id = p.id) n`

// Plans lists the plans, the newest first. The agency's case readers may.
func (s *Service) Plans(ctx context.Context, by identity.Actor) (list []Head, err error) {
	if err := reader(by); err != nil {
		return nil, err
	}
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&list, headSQL+` order by p.year desc, p.programme limit 40`)); err != nil {
		return nil, fmt.Errorf("list plans: %w", err)
	}
	return list, nil
}

// Show is which lines of a plan a person looks at.
type Show string

// The parts of a plan.
const (
	ShowProposed  Show = "proposed" // proposed, or chosen without being proposed
	ShowUndecided Show = "undecided"
	ShowChosen    Show = "chosen"
	ShowLater     Show = "later"
	ShowSkipped   Show = "not_this_year"
	ShowLaw       Show = "law" // due by law by the end of the year
	ShowLots      Show = "lots"
	ShowToOpen    Show = "to_open" // chosen, without a validation
	ShowAll       Show = "all"
)

// Shows lists the parts in the order of a form.
func Shows() []Show {
	return []Show{ShowProposed, ShowUndecided, ShowChosen, ShowToOpen, ShowLater, ShowSkipped, ShowLaw, ShowLots, ShowAll}
}

// Name is the part for a person to read (English source text).
func (s Show) Name() string {
	return map[Show]string{ShowProposed: "Proposed or chosen", ShowUndecided: "Proposed, not decided", ShowChosen: "Chosen", ShowToOpen: "Chosen, not opened",
		ShowLater: "Later", ShowSkipped: "Not this year", ShowLaw: "Due by law this year", ShowLots: "Drawn by lot", ShowAll: "All members"}[s]
}

// conditions of the parts; $1 is the plan.
var conditions = map[Show]string{
	ShowProposed: "(i.proposed or i.decision = 'chosen')", ShowUndecided: "i.proposed and i.decision is null", ShowChosen: "i.decision = 'chosen'",
	ShowToOpen: "i.decision = 'chosen' and v.id is null", ShowLater: "i.decision = 'later'", ShowSkipped: "i.decision = 'not_this_year'",
	ShowLaw: "i.due_on < make_date((select year from validation_plan where id = $1) + 1, 1, 1)", ShowLots: "i.random", ShowAll: "true",
}

// Filter narrows the lines of a plan. Anything unknown in it counts as not given.
type Filter struct {
	Show    Show
	Office  uuid.UUID
	Quarter int
	After   string // the Next of the page before
}

// tidy drops from a filter what nobody can mean.
func (f Filter) tidy() Filter {
	if !slices.Contains(Shows(), f.Show) {
		f.Show = ShowProposed
	}
	if f.Quarter < 1 || f.Quarter > 4 {
		f.Quarter = 0
	}
	return f
}

// Row is a line of a plan in a list.
type Row struct {
	Item
	Company, Office, Zone, Number, EntityType, Tier, Membership string // Membership is its status, Zone the office's

	ValidationID *uuid.UUID
	Validation   string
	Stands       string // status of the validation
}

// Ended reports whether the member has left since.
func (r Row) Ended() bool { return r.Membership == "ended" }

const rowSQL = `select i.*, c.name as company, o.name as office, o.zone, m.number, m.entity_type, m.tier, m.status as membership, v.id as validation_id,
  coalesce(v.reference, '') as validation, coalesce(v.status, '') as stands
from plan_item i join company c on c.id = i.company_id join membership m on m.id = i.membership_id join office o on o.id = i.office_id
left join validation v on v.plan_item_id = i.id `

// PageLength is how many lines one page of a list has.
const PageLength = 50

// Office is one of the offices that have members in a plan.
type Office struct {
	ID   uuid.UUID
	Name string
}

// Page is one page of a plan.
type Page struct {
	Head
	Rules    *programme.Programme
	Filter   Filter
	Rows     []Row
	Next     string
	Offices  []Office
	Quarters []Quarter // of an adopted plan: planned and done

	Decides bool // the reader may decide on members of their offices
	Adopts  bool // the reader may adopt it, when everything is decided
	Mine    bool // the reader made it
}

// Quarter is what was planned for three months, and what came of it.
type Quarter struct {
	Quarter                          int
	Planned, Opened, Visited, Closed int
}

// Plan reads one page of a plan. The agency's case readers may.
func (s *Service) Plan(ctx context.Context, by identity.Actor, id uuid.UUID, f Filter) (p Page, err error) {
	if err := reader(by); err != nil {
		return p, err
	}
	p.Filter = f.tidy()
	args := []any{id}
	where := `where i.plan_id = $1 and ` + conditions[p.Filter.Show]
	if f.Office != uuid.Nil {
		args = append(args, f.Office)
		where += fmt.Sprintf(" and i.office_id = $%d", len(args))
	}
	if p.Filter.Quarter > 0 {
		args = append(args, p.Filter.Quarter)
		where += fmt.Sprintf(" and i.quarter = $%d", len(args))
	}
	if score, after, ok := cursor(f.After); ok {
		args = append(args, score, after)
		where += fmt.Sprintf(" and (i.score < $%d or i.score = $%d and i.id > $%d)", len(args)-1, len(args)-1, len(args))
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&p.Head, headSQL+` where p.id = $1`, id),
		pg.All(&p.Rows, rowSQL+where+fmt.Sprintf(` order by i.score desc, i.id limit %d`, PageLength+1), args...),
		pg.All(&p.Offices, `select o.id, o.name from office o where exists (select from plan_item i where i.plan_id = $1 and i.office_id = o.id) order by o.name`, id),
		pg.All(&p.Quarters, `select i.quarter, count(*)::int as planned, count(v.id) filter (where v.status <> 'cancelled')::int as opened,
			count(v.visited_at) filter (where v.status <> 'cancelled')::int as visited, count(*) filter (where v.status = 'closed')::int as closed
			from plan_item i left join validation v on v.plan_item_id = i.id where i.plan_id = $1 and i.decision = 'chosen' and i.quarter is not null
			group by i.quarter order by i.quarter`, id))
	if err != nil {
		return Page{}, fmt.Errorf("read the plan: %w", err)
	}
	if len(p.Rows) > PageLength {
		p.Rows = p.Rows[:PageLength]
		last := p.Rows[PageLength-1]
		p.Next = next(last.Score, last.ID)
	}
	p.Rules, _ = s.Programmes.Get(p.Programme)
	p.Decides = by.Is(identity.Approvers...)
	p.Mine = p.MadeBy != nil && *p.MadeBy == by.PersonID
	p.Adopts = by.Is(identity.Headquarters) && p.Status == Draft
	return p, nil
}

// next and cursor say where the next page of a list begins.
func next(score float64, id uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatFloat(score, 'g', -1, 64) + " " + id.String()))
}

func cursor(text string) (score float64, id uuid.UUID, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	number, after, found := strings.Cut(string(b), " ")
	if err != nil || !found {
		return 0, id, false
	}
	score, err = strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, id, false
	}
	id, err = uuid.Parse(after)
	return score, id, err == nil
}

// ItemPage is everything about one line.
type ItemPage struct {
	Head
	Rules  *programme.Programme
	Row    Row
	Rank   int // among all lines of the plan, by score
	Zone   *time.Location
	Clocks []Due

	Decides bool
	Opens   bool // the reader may open the validation
}

// Due is a day by which the law wants something of a membership.
type Due struct {
	Name     string // English source text
	Source   string
	DueOn    clock.Day
	DaysLeft int
}

// Item reads one line: what its score is made of, and what became of it. The agency's case
// readers may; it is noted that they looked.
func (s *Service) Item(ctx context.Context, by identity.Actor, plan, item uuid.UUID) (p ItemPage, err error) {
	if err := reader(by); err != nil {
		return p, err
	}
	now := s.Now()
	var kept []clock.Kept
	err = s.DB.Batch(ctx, by.Scope(), pg.One(&p.Head, headSQL+` where p.id = $1`, plan), pg.One(&p.Row, rowSQL+`where i.plan_id = $1 and i.id = $2`, plan, item),
		pg.Value(&p.Rank, `select 1 + count(*)::int from plan_item i, plan_item x where x.id = $2 and i.plan_id = $1 and (i.score > x.score or i.score = x.score and i.id < x.id)`, plan, item),
		clock.Where(&kept, `k.subject_kind = 'membership' and k.stopped_at is null and k.subject_id = (select membership_id from plan_item where plan_id = $1 and id = $2)`, plan, item),
		audit.LookAt(now, by, "plan.read", ItemKind, "plan_item x where x.id = $10", item))
	if err != nil {
		return ItemPage{}, fmt.Errorf("read a line of the plan: %w", err)
	}
	var ok bool
	if p.Rules, ok = s.Programmes.Get(p.Programme); !ok {
		return ItemPage{}, fmt.Errorf("read a line of the plan: the portal has no programme %q", p.Programme)
	}
	if p.Zone, err = time.LoadLocation(p.Row.Zone); err != nil {
		p.Zone = time.UTC // a damaged row: the administration's pages refuse unknown zones
	}
	codes := clocksOf(p.Rules)
	for _, k := range kept {
		if slices.Contains(codes, k.Code) {
			p.Clocks = append(p.Clocks, Due{Name: k.Name, Source: k.Source, DueOn: k.DueOn, DaysLeft: clock.DaysBetween(clock.DayOf(now, p.Zone), k.DueOn)})
		}
	}
	p.Decides = by.Is(identity.Approvers...) && by.InOffice(p.Row.OfficeID) && p.Row.ValidationID == nil
	p.Opens = by.Is(identity.CaseWorkers...) && by.InOffice(p.Row.OfficeID) && p.Row.ValidationID == nil && p.Status == Adopted && p.Row.Said() == Chosen && !p.Row.Ended()
	return p, nil
}

// Member is a live membership with the day of its next validation.
type Member struct {
	ID           uuid.UUID
	CompanyID    uuid.UUID
	Company      string
	Number       string
	Programme    string
	EntityType   string
	Tier         string
	Status       string
	Office       string
	CertifiedOn  clock.Day
	DueOn        *clock.Day
	DaysLeft     *int
	Name         string // of the clock (English source text)
	PlanID       *uuid.UUID
	ItemID       *uuid.UUID
	Year         *int // of the newest plan in which it stands
	Decision     *Decision
	ValidationID *uuid.UUID // an open one
	Validation   string
}

// DueFilter narrows the list of members.
type DueFilter struct {
	Programme string
	Office    uuid.UUID
	When      When
	After     string
}

// When narrows the list to a time.
type When string

// The times.
const (
	Anytime  When = ""
	Overdue  When = "overdue"
	Within90 When = "90"
	ThisYear When = "365"
	NoDay    When = "none" // no clock runs: somebody has to look
)

// Whens lists the times in the order of a form.
func Whens() []When { return []When{Overdue, Within90, ThisYear, NoDay} }

// Name is the time for a person to read (English source text).
func (w When) Name() string {
	return map[When]string{Anytime: "Any day", Overdue: "The day has passed", Within90: "Within 90 days", ThisYear: "Within a year", NoDay: "No day is known"}[w]
}

// DuePage is one page of the list of every live membership with the day of its next
// validation. Members without a day come first: no clock runs for them, so somebody has to
// look.
type DuePage struct {
	Filter  DueFilter
	Rows    []Member
	Next    string
	Offices []Office

	Counts DueCounts
}

// DueCounts are the members of a programme and office.
type DueCounts struct {
	Members, NoDay, Late int
	Unplanned            int // those that stand in no plan of this year or a later one
}

// dueSQL lists memberships; $1 are the clocks of the programmes, $2 the programme or "", $3
// the office or null, $4 now.
const dueSQL = `with due as (
  select distinct on (k.subject_id) k.subject_id, k.due_on, k.name from clock k
  where k.subject_kind = 'membership' and k.stopped_at is null and k.code = any($1) order by k.subject_id, k.due_on
), member as materialized (
  select m.id, m.company_id, m.number, m.programme, m.entity_type, m.tier, m.status, m.certified_on, a.office_id, o.name as office,
    d.due_on, d.name, d.due_on - ($4::timestamptz at time zone o.zone)::date as days_left
  from membership m join application a on a.id = m.application_id join office o on o.id = a.office_id left join due d on d.subject_id = m.id
  where m.status <> 'ended' and ($2 = '' or m.programme = $2) and ($3::uuid is null or a.office_id = $3)
) `

// Due reads one page of the list of members by the day of their next validation. The
// agency's case readers may.
func (s *Service) Due(ctx context.Context, by identity.Actor, f DueFilter) (p DuePage, err error) {
	if err := reader(by); err != nil {
		return p, err
	}
	p.Filter = f
	args, page := s.dueArgs(f), f.where()
	if day, after, ok := dueCursor(f.After); ok {
		args = append(args, day, after)
		page += fmt.Sprintf(" and (coalesce(r.due_on, '-infinity'), r.id) > ($%d::text::date, $%d)", len(args)-1, len(args))
	}
	var rows []dueRow
	err = s.DB.Batch(ctx, by.Scope(),
		pg.All(&rows, dueSQL+", "+countedSQL+memberSQL(", n.*", " cross join counted n", page, fmt.Sprintf("limit %d", PageLength+1)), args...),
		pg.All(&p.Offices, `select id, name from office order by name`))
	if err == nil && len(rows) == 0 {
		err = s.DB.Batch(ctx, by.Scope(), pg.One(&p.Counts, dueSQL+", "+countedSQL+" select * from counted", s.dueArgs(f)...))
	}
	if err != nil {
		return DuePage{}, fmt.Errorf("list members by their day: %w", err)
	}
	for _, r := range rows {
		p.Rows, p.Counts = append(p.Rows, r.Member), r.DueCounts
	}
	if len(p.Rows) > PageLength {
		p.Rows = p.Rows[:PageLength]
		last := p.Rows[PageLength-1]
		day := "-infinity"
		if last.DueOn != nil {
			day = last.DueOn.String()
		}
		p.Next = base64.RawURLEncoding.EncodeToString([]byte(day + " " + last.ID.String()))
	}
	return p, nil
}

// dueRow is a line of the page, with the counts: all members are looked at once for both.
type dueRow struct {
	Member
	DueCounts
}

// countedSQL counts the members of dueSQL.
const countedSQL = `counted as (select count(*)::int as members, count(*) filter (where r.due_on is null)::int as no_day, count(*) filter (where r.days_left < 0)::int as late,
  count(*) filter (where i.membership_id is null)::int as unplanned
  from member r left join (select distinct i.membership_id from plan_item i join validation_plan p on p.id = i.plan_id
    where p.year >= extract(year from $4::timestamptz)) i on i.membership_id = r.id) `

// memberSQL ends dueSQL with the rows of a page: only they are looked up elsewhere. more are
// further columns, and beside what they come from.
func memberSQL(more, beside, where, limit string) string {
	return `select r.id, r.company_id, c.name as company, r.number, r.programme, r.entity_type, r.tier, r.status, r.office, r.certified_on, r.due_on, r.days_left,
  coalesce(r.name, '') as name, i.plan_id, i.id as item_id, i.year, i.decision, v.id as validation_id, coalesce(v.reference, '') as validation` + more + `
from (select * from member r where ` + where + ` order by coalesce(r.due_on, '-infinity'), r.id ` + limit + `) r
join company c on c.id = r.company_id
left join lateral (select i.id, i.plan_id, i.decision, p.year from plan_item i join validation_plan p on p.id = i.plan_id
  where i.membership_id = r.id order by p.year desc limit 1) i on true
left join lateral (select v.id, v.reference from validation v where v.company_id = r.company_id and v.membership_id = r.id and v.closed_at is null
  order by v.opened_at desc limit 1) v on true` + beside + `
order by coalesce(r.due_on, '-infinity'), r.id`
}

func (s *Service) dueArgs(f DueFilter) []any {
	var office *uuid.UUID
	if f.Office != uuid.Nil {
		office = &f.Office
	}
	return []any{s.codes(), f.Programme, office, s.Now()}
}

// where is the condition of a filter on the rows r.
func (f DueFilter) where() string {
	switch f.When {
	case Overdue:
		return "r.days_left < 0"
	case Within90:
		return "r.days_left <= 90"
	case ThisYear:
		return "r.days_left <= 365"
	case NoDay:
		return "r.due_on is null"
	}
	return "true"
}

func dueCursor(text string) (day string, id uuid.UUID, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	day, after, found := strings.Cut(string(b), " ")
	if err != nil || !found {
		return "", id, false
	}
	if _, err := clock.ParseDay(day); err != nil && day != "-infinity" {
		return "", id, false
	}
	id, err = uuid.Parse(after)
	return day, id, err == nil
}
