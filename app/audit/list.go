package audit

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Service reads the trail. Each look at it is itself an event.
type Service struct {
	DB  *pg.DB
	Now func() time.Time
}

// Readers lists the roles that may read the trail; how much each of them sees is the
// table in sees. For all others there is no such page.
func Readers() []identity.Role {
	return []identity.Role{identity.Supervisor, identity.Headquarters, identity.Auditor, identity.Administrator}
}

// administrators lists the kinds of records whose events an administrator sees, and
// why. Everything else is a company's or a case's, with which administrators have
// nothing to do; events of these kinds that belong to a company are left out too.
func administrators() []string {
	return []string{
		"session",    // who signed in, as what and how: to find misuse
		"person",     // name, address and language of people: to help them
		"right",      // who gave and took rights in offices and agencies: their own work
		"invitation", // likewise
		"office",     // likewise
		"agency",     // likewise
		"catalogue",  // who took the criteria with them: they belong to nobody
	}
}

// Narrowing is what a list shows besides its filters.
type Narrowing string

// Everything that happened, only what changed something, or only who looked.
const (
	Everything Narrowing = ""
	Changes    Narrowing = "changes"
	Looks      Narrowing = "looks"
)

// Filter narrows the trail; an empty field does not. Texts are as a person entered them.
type Filter struct {
	From, To  string // days in the reader's zone, 2006-01-02, both included
	Person    string // a part of the name, or a whole e-mail address; "Portal" is the portal itself
	Action    string // "application.submit"
	Kind      string // of the record
	Subject   string // id of the record, or its reference or number
	Company   string // id, or a part of the name
	RequestID string
	Show      Narrowing
	Older     string // the page after this place, or
	Newer     string // the page before it: what Page.Older and Page.Newer hold
}

// Entry is one event of a list.
type Entry struct {
	ID        int64
	At        time.Time
	PersonID  *uuid.UUID
	Actor     string
	Audience  string
	Role      string
	Action    string
	Kind      string
	Subject   *uuid.UUID
	Record    string // reference, number or name of what it is about, when it has one
	CompanyID *uuid.UUID
	Company   string
	Reason    string
	RequestID string
	Internal  bool
	Withheld  bool // the company has not sent this record to the agency: values and reason are not shown
}

// Page is one page of the trail, newest first.
type Page struct {
	Entries []Entry
	Older   string // for Filter.Older; empty on the last page
	Newer   string // for Filter.Newer; empty on the first page
}

// PageSize is how many events a page has.
const PageSize = 50

// mostNamed is how many people or companies one text may stand for.
const mostNamed = 200

// List reads one page of the trail and notes who looked for what. Auditors and
// headquarters see everything; supervisors what is about companies of their office
// tree and what its people did; administrators sign-in, people and offices. Invalid:
// a filter that says nothing, such as a day that does not exist.
func (s *Service) List(ctx context.Context, by identity.Actor, f Filter) (p Page, err error) {
	q, err := s.ask(ctx, by, f)
	if err != nil {
		return Page{}, err
	}
	after, back := cursor(f.Older), cursor(f.Newer)
	q.asked.Older, q.asked.Newer = after.String(), back.String()
	var rows []Entry
	if !q.nothing {
		if err := s.DB.Batch(ctx, by.Scope(), q.page(&rows, after, back, PageSize+1)); err != nil {
			return Page{}, fmt.Errorf("read the audit trail: %w", err)
		}
	}
	more := len(rows) > PageSize
	if more {
		rows = rows[:PageSize]
	}
	if back.set() {
		slices.Reverse(rows)
	}
	if n := len(rows); n > 0 {
		if more || back.set() {
			p.Older = placeOf(rows[n-1])
		}
		if back.set() && more || !back.set() && after.set() {
			p.Newer = placeOf(rows[0])
		}
	}
	p.Entries = rows
	e := Event{Action: "audit.read", Kind: "audit", Company: q.company, After: q.asked.said(), Internal: true}
	if err := s.note(ctx, by, e); err != nil {
		return Page{}, err
	}
	return p, nil
}

// note records a look in a transaction of its own; nothing is shown before.
func (s *Service) note(ctx context.Context, by identity.Actor, e Event) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error { return Record(ctx, tx, now, by, e) })
}

// OfSubject reads the latest events about one record, for its own page: as much as
// List shows; a company's people see the events of their company and partners those of
// their agency, without the agency's internal ones and without the names of its staff.
// The caller has decided that the actor may see the record and notes the look.
func (s *Service) OfSubject(ctx context.Context, by identity.Actor, kind string, id uuid.UUID) (rows []Entry, err error) {
	q, ok := sees(by)
	switch {
	case ok:
	case by.Audience == identity.Companies && by.CompanyID != uuid.Nil:
		q.add("e.company_id = ? and not e.internal", by.CompanyID)
	case by.Audience == identity.Partners && by.AgencyID != uuid.Nil:
		q.add("e.agency_id = ? and not e.internal", by.AgencyID)
	default:
		return nil, fault.Missing()
	}
	q.add("e.subject_id = ? and e.subject_kind = ?", id, kind)
	if err := s.DB.Batch(ctx, by.Scope(), q.page(&rows, place{}, place{}, PageSize)); err != nil {
		return nil, fmt.Errorf("read the history of the record: %w", err)
	}
	for i := range rows {
		if by.Audience != identity.Staff && rows[i].Audience == string(identity.Staff) {
			rows[i].Actor, rows[i].PersonID = "", nil
		}
	}
	return rows, nil
}

// said is a filter as its event keeps it.
func (f Filter) said() map[string]string {
	out := map[string]string{}
	for name, v := range map[string]string{"from": f.From, "to": f.To, "person": f.Person, "action": f.Action, "kind": f.Kind, "record": f.Subject,
		"company": f.Company, "request": f.RequestID, "show": string(f.Show), "older": f.Older, "newer": f.Newer} {
		if v != "" {
			out[name] = v
		}
	}
	return out
}

// question is a query that grows condition by condition.
type question struct {
	conds   []string
	args    []any
	asked   Filter    // as it was understood: checked and bounded
	company uuid.UUID // the one company that it is about, if it is
	nothing bool      // it asks for somebody or something that there is not
}

// add puts a condition in words of ours; each ? stands for one argument.
func (q *question) add(cond string, args ...any) {
	for _, a := range args {
		q.args = append(q.args, a)
		cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(q.args)), 1)
	}
	q.conds = append(q.conds, cond)
}

// sees begins a question with what a reader of the trail may see at all.
func sees(by identity.Actor) (q question, ok bool) {
	if by.Audience != identity.Staff {
		return q, false
	}
	switch by.Role {
	case identity.Auditor, identity.Headquarters:
	case identity.Supervisor:
		offices := by.Offices
		if offices == nil {
			offices = []uuid.UUID{}
		}
		q.add(`(e.company_id in (select c.id from company c where c.office_id = any(?))
			or e.company_id in (select a.company_id from application a where a.office_id = any(?) and a.submitted_at is not null)
			or e.person_id in (select r.person_id from person_right r where r.office_id = any(?)))`, offices, offices, offices)
	case identity.Administrator:
		q.add("e.company_id is null and e.subject_kind = any(?)", administrators())
	default:
		return q, false
	}
	return q, true
}

var actionForm = regexp.MustCompile(`^[a-z_]{1,40}\.[a-z_]{1,40}$`)

// ask turns a filter into a question, or says what is wrong with the filter.
func (s *Service) ask(ctx context.Context, by identity.Actor, f Filter) (question, error) {
	q, ok := sees(by)
	if !ok {
		return q, fault.Missing()
	}
	var check entry.Check
	from, fromOK := dayOf(&check, "from", "a first day", f.From, zoneOf(by), 0)
	to, toOK := dayOf(&check, "to", "a last day", f.To, zoneOf(by), 1)
	if fromOK && toOK && !from.Before(to) {
		check.Add("to", "Enter a last day that is not before the first day")
	}
	person := check.Line("person", "the person", f.Person, 0, 254)
	company := check.Line("company", "the company", f.Company, 0, 200)
	subject := check.Line("subject", "the reference", f.Subject, 0, 60)
	request := check.Line("request", "the reference of the request", f.RequestID, 0, 100)
	if f.Action != "" && !actionForm.MatchString(f.Action) {
		check.Add("action", "Choose an action from the list")
	}
	if f.Kind != "" && !actionForm.MatchString(f.Kind+".x") {
		check.Add("kind", "Choose a kind of record from the list")
	}
	if f.Show != Everything && f.Show != Changes && f.Show != Looks {
		check.Add("show", "Choose what to show from the list")
	}
	if err := check.Err(); err != nil {
		return q, err
	}
	q.asked = Filter{From: strings.TrimSpace(f.From), To: strings.TrimSpace(f.To), Person: person, Action: f.Action, Kind: f.Kind, Subject: subject,
		Company: company, RequestID: request, Show: f.Show}
	if fromOK {
		q.add("e.at >= ?", from)
	}
	if toOK {
		q.add("e.at < ?", to)
	}
	if f.Action != "" {
		q.add("e.action = ?", f.Action)
	}
	if f.Kind != "" {
		q.add("e.subject_kind = ?", f.Kind)
	}
	if request != "" {
		q.add("e.request_id = ?", request)
	}
	switch f.Show {
	case Changes:
		q.add("split_part(e.action, '.', 2) <> all(?)", looks())
	case Looks:
		q.add("split_part(e.action, '.', 2) = any(?)", looks())
	}
	return q, s.named(ctx, by, &q, person, company, subject)
}

const (
	personSQL  = `select coalesce(array_agg(x.id), '{}') from (select id from person where lower(email) = lower($1) or fold(name) like fold($2) limit $3) x`
	companySQL = `select coalesce(array_agg(x.id), '{}') from (select id from company where fold(name) like fold($2) or id::text = lower($1) limit $3) x`
	recordSQL  = `select coalesce(array_agg(x.id), '{}') from (select id from application where reference = upper($1) union all
		select id from change_notice where reference = upper($1) union all select id from membership where number = upper($1)) x`
)

// named finds who and what the texts of a filter stand for.
func (s *Service) named(ctx context.Context, by identity.Actor, q *question, person, company, subject string) error {
	var people, companies, records []uuid.UUID
	var look []pg.Query
	if person != "" {
		look = append(look, pg.Value(&people, personSQL, person, within(person), mostNamed+1))
	}
	if company != "" {
		look = append(look, pg.Value(&companies, companySQL, company, within(company), mostNamed+1))
	}
	id, err := uuid.Parse(subject)
	if err == nil {
		records = []uuid.UUID{id}
	} else if subject != "" {
		look = append(look, pg.Value(&records, recordSQL, subject))
	}
	if len(look) > 0 {
		if err := s.DB.Batch(ctx, by.Scope(), look...); err != nil {
			return fmt.Errorf("look up whom the filter names: %w", err)
		}
	}
	var check entry.Check
	if len(people) > mostNamed {
		check.Add("person", "More than %d people have this in their name. Enter more of the name, or the e-mail address", mostNamed)
	}
	if len(companies) > mostNamed {
		check.Add("company", "More than %d companies have this in their name. Enter more of the name", mostNamed)
	}
	if err := check.Err(); err != nil {
		return err
	}
	portal := strings.EqualFold(person, "portal")
	switch {
	case portal:
		q.add("(e.audience = 'system' or e.person_id = any(?))", people)
	case person != "":
		q.add("e.person_id = any(?)", people)
	}
	if company != "" {
		q.add("e.company_id = any(?)", companies)
	}
	if len(companies) == 1 {
		q.company = companies[0]
	}
	if subject != "" {
		q.add("e.subject_id = any(?)", records)
	}
	q.nothing = person != "" && !portal && len(people) == 0 || company != "" && len(companies) == 0 || subject != "" && len(records) == 0
	return nil
}

// within is a LIKE pattern for a part of a name.
func within(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// dayOf reads a day and gives the instant at which the day so many days later begins.
func dayOf(check *entry.Check, name, what, value string, zone *time.Location, days int) (time.Time, bool) {
	value = strings.TrimSpace(value)
	if value == "" {
		return time.Time{}, false
	}
	d, err := time.Parse(time.DateOnly, value)
	if err != nil || d.Year() < 1900 || d.Year() > 9000 {
		check.Add(name, "Enter %s that exists, like 4 March 2026, or leave all three fields empty", what)
		return time.Time{}, false
	}
	return startOf(d.AddDate(0, 0, days), zone), true
}

// startOf is the first instant of a day in a zone. Where clocks are changed at midnight
// a day begins at one, or has midnight twice.
func startOf(day time.Time, zone *time.Location) time.Time {
	const step = 15 * time.Minute // no zone changes by less
	y, m, d := day.Date()
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	for t.Day() != d {
		t = t.Add(step)
	}
	for t.Add(-step).Day() == d {
		t = t.Add(-step)
	}
	return t
}

// place is where a page of the trail ends: events of one instant are told apart by id.
type place struct {
	at time.Time
	id int64
}

func (p place) set() bool { return p.id > 0 }

func (p place) String() string {
	if !p.set() {
		return ""
	}
	return fmt.Sprintf("%d.%d", p.at.UnixMicro(), p.id)
}

func placeOf(e Entry) string { return place{e.At, e.ID}.String() }

// cursor reads what String wrote; anything else is the start.
func cursor(s string) place {
	micros, id, _ := strings.Cut(s, ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	n, err2 := strconv.ParseInt(id, 10, 64)
	if err != nil || err2 != nil || n < 1 || at < 0 || at > 1<<57 {
		return place{}
	}
	return place{time.UnixMicro(at).UTC(), n}
}

// withheld is true for events about what the company has not sent or finished: until then the
// record is its own affair, so that something happened is shown, but not what.
const withheld = `coalesce(a.submitted_at is null and a.id is not null or n.sent_at is null and n.id is not null
	or ra.finished_at is null and ra.id is not null, false)`

const entrySQL = `e.id, e.at, e.person_id, e.actor, e.audience, e.role, e.action, e.subject_kind as kind, e.subject_id as subject,
	coalesce(a.reference, n.reference, m.number, ra.title, s.name, k.name, o.name, g.name, p.name, q.name, i.email, '') as record,
	e.company_id, coalesce(c.name, '') as company, case when ` + withheld + ` then '' else e.reason end as reason, e.request_id, e.internal, ` + withheld + ` as withheld`

const namesSQL = ` left join company c on c.id = e.company_id
	left join application a on e.subject_kind = 'application' and a.id = e.subject_id
	left join change_notice n on e.subject_kind = 'change_notice' and n.id = e.subject_id
	left join membership m on e.subject_kind = 'membership' and m.id = e.subject_id
	left join risk_assessment ra on e.subject_kind = 'risk_assessment' and ra.id = e.subject_id
	left join site s on e.subject_kind = 'site' and s.id = e.subject_id
	left join contact k on e.subject_kind = 'contact' and k.id = e.subject_id
	left join office o on e.subject_kind = 'office' and o.id = e.subject_id
	left join agency g on e.subject_kind = 'agency' and g.id = e.subject_id
	left join person p on e.subject_kind = 'person' and p.id = e.subject_id
	left join person_right r on e.subject_kind = 'right' and r.id = e.subject_id
	left join person q on q.id = r.person_id
	left join invitation i on e.subject_kind = 'invitation' and i.id = e.subject_id`

// chosen is the inner query: the events of one page, before names are looked up.
func (q question) chosen(after, back place, limit int) (sql string, args []any) {
	q.conds, q.args = slices.Clip(q.conds), slices.Clip(q.args) // a question may be asked for several pages
	order := "order by e.at desc, e.id desc"
	switch {
	case back.set():
		q.add("(e.at, e.id) > (?, ?)", back.at, back.id)
		order = "order by e.at, e.id"
	case after.set():
		q.add("(e.at, e.id) < (?, ?)", after.at, after.id)
	}
	return "select e.* from audit_event e" + q.where() + " " + order + " limit " + strconv.Itoa(limit), q.args
}

func (q question) where() string {
	if len(q.conds) == 0 {
		return ""
	}
	return " where " + strings.Join(q.conds, " and ")
}

// page reads events next to a place, in the order of reading away from it.
func (q question) page(dst *[]Entry, after, back place, limit int) pg.Query {
	inner, args := q.chosen(after, back, limit)
	order := " order by e.at desc, e.id desc"
	if back.set() {
		order = " order by e.at, e.id"
	}
	return pg.All(dst, "select "+entrySQL+" from ("+inner+") e"+namesSQL+order, args...)
}
