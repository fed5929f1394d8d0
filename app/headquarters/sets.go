package headquarters

import (
	"fmt"
	"strings"

	"trustedtrader/app/programme"
)

// Set is a kind of rows that headquarters counts and lists.
type Set string

// The sets.
const (
	Members      Set = "members"      // what each membership was worth on a day
	Applications Set = "applications" // steps of applications: one row for each step
	Waiting      Set = "waiting"      // applications that wait for a decision on a day
	Due          Set = "due"          // validations by the day on which the law wants them
	Done         Set = "done"         // validations that were closed
	Planned      Set = "planned"      // members chosen in adopted plans
	Findings     Set = "findings"
	Standings    Set = "standings"   // legal events about memberships
	Clocks       Set = "clocks"      // legal deadlines that were met or missed
	Decisions    Set = "decisions"   // what two people decided on
	Verdicts     Set = "verdicts"    // the first verdict on each criterion of a profile
	Enforcement  Set = "enforcement" // measures decided on members
	InForce      Set = "in_force"    // measures that take something from a member on a day
	Cases        Set = "cases"       // cases of enforcement that are open on a day
	Appeals      Set = "appeals"     // against decisions of enforcement
	Incidents    Set = "incidents"   // of the register
)

// Sets lists them.
func Sets() []Set {
	return []Set{Members, Applications, Waiting, Due, Done, Planned, Findings, Standings, Clocks, Decisions, Verdicts, Enforcement, InForce, Cases, Appeals, Incidents}
}

// Name is the set for a person to read (English source text).
func (s Set) Name() string {
	return map[Set]string{Members: "Members", Applications: "Steps of applications", Waiting: "Open applications", Due: "Validations due", Done: "Validations done",
		Planned: "Planned validations", Findings: "Findings", Standings: "Events in law", Clocks: "Legal deadlines", Decisions: "Decisions",
		Verdicts: "First verdicts on criteria", Enforcement: "Measures decided", InForce: "Measures in force", Cases: "Open cases of enforcement",
		Appeals: "Appeals", Incidents: "Incidents"}[s]
}

// Counted says how the rows of the set are chosen (English source text).
func (s Set) Counted() string {
	return map[Set]string{
		Members:      "Every membership with a status on the day, as the portal knew it at the instant shown. A member is active or suspended. Whoever has not begun is left out.",
		Applications: "Every step of an application, on the day of the step at the office in charge. One application can be in several columns.",
		Waiting:      "Applications that were submitted by the day and not closed by then. The age counts calendar days since they were submitted.",
		Due:          "Clocks of memberships for a validation, in the month of their last day. A clock that ended early for another reason than a validation is left out.",
		Done:         "Validations that were closed, on the day of closing at the office in charge. Cancelled ones are left out.",
		Planned:      "Members that were chosen in an adopted yearly plan, on the first day of the quarter. Whoever has had a validation before is planned for a revalidation.",
		Findings:     "Findings that were sent to companies, on the day of sending. Those that were taken back are left out.",
		Standings:    "Events in law about memberships, on the first day of their effect. Those that were overturned by then are left out.",
		Clocks:       "Deadlines that ended, and those still open after their last day. Days are calendar days without pauses. In time means at the latest on the last day.",
		Decisions:    "Applications, reports and yearly plans on which a second person has decided, on the day of the decision.",
		Verdicts:     "The first verdict that a company got on each criterion of a profile, on the day it was sent.",
		Enforcement:  "Measures that were decided on members, on the day of the decision; a suspension at once on its own day. The outcome is that on the day shown. Cases that end without a measure are left out.",
		InForce:      "Suspensions and denials of benefits with effect on the day, as the portal knew it at the instant shown. The age counts calendar days since they took effect. Those that were overturned are left out.",
		Cases:        "Cases that were opened by the day and not closed by then, in the state that they had at its end. The age counts calendar days since they were opened.",
		Appeals:      "Appeals that were decided or taken back, on the day of that, and those still open on the last day, on the day of filing, however long ago. The kind is the measure that is appealed against.",
		Incidents:    "Incidents of the register, on the day on which they were entered or reported. Those that were merged into another are left out.",
	}[s]
}

// Dim is what rows are counted by.
type Dim string

// The dimensions.
const (
	ByOffice     Dim = "office"
	ByEntityType Dim = "entity_type"
	ByStatus     Dim = "status"
	ByTier       Dim = "tier"
	ByCountry    Dim = "country"
	ByMonth      Dim = "month"
	ByKind       Dim = "kind"
	ByAge        Dim = "age"
	ByCriterion  Dim = "criterion"
	ByOutcome    Dim = "outcome"
	ByPair       Dim = "pair"
	ByLive       Dim = "live"
	BySource     Dim = "source"
)

// Dims lists them in the order of a list's columns.
func Dims() []Dim {
	return []Dim{ByMonth, ByOffice, ByEntityType, ByCountry, ByTier, ByKind, ByCriterion, ByStatus, ByOutcome, BySource, ByAge, ByLive, ByPair}
}

// Name is the dimension for a person to read (English source text).
func (d Dim) Name() string {
	return map[Dim]string{ByOffice: "Office", ByEntityType: "Kind of member", ByStatus: "Status", ByTier: "Tier", ByCountry: "Country", ByMonth: "Month",
		ByKind: "Kind", ByAge: "Age", ByCriterion: "Criterion", ByOutcome: "Outcome", ByPair: "Two people", ByLive: "Member", BySource: "Reported by"}[d]
}

// columns are what every source yields, with what stands there when a source has nothing.
var columns = []struct{ name, none string }{
	{"key", "''"}, {"day", "null::date"}, {"ref", "''"}, {"company", "''"}, {"company_id", "'00000000-0000-0000-0000-000000000000'::uuid"},
	{"link", "''"}, {"link_id", "'00000000-0000-0000-0000-000000000000'::uuid"},
	{"office", "''"}, {"entity_type", "''"}, {"status", "''"}, {"tier", "''"}, {"country", "''"}, {"month", "''"}, {"kind", "''"}, {"age", "''"},
	{"criterion", "''"}, {"outcome", "''"}, {"pair", "''"}, {"live", "''"}, {"source", "''"},
	{"opened", "''"}, {"reviewed", "''"}, {"recommended", "''"}, {"decided", "''"}, {"days", "null::int"}, {"hours", "null::float8"},
}

// names are the columns in their order, with a prefix.
func names(prefix string) string {
	var out []string
	for _, c := range columns {
		out = append(out, prefix+c.name)
	}
	return strings.Join(out, ", ")
}

// cols are the columns of one source, by name.
type cols map[string]string

// from completes a source: $1 is the programme, $2 the offices or null, $3 the day, $4 the
// instant of knowledge, $5 and $6 the first and the last day of what has happened.
func (c cols) from(rest string) string {
	var b strings.Builder
	b.WriteString("select ")
	for i, col := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		expr, ok := c[col.name]
		if !ok {
			expr = col.none
		}
		b.WriteString(expr + " as " + col.name)
	}
	b.WriteString(" " + rest)
	return b.String()
}

// declared gives every argument its type, also where a source does not need it.
const declared = `with declared as (select $1::text, $2::uuid[], $3::date, $4::timestamptz, $5::date, $6::date) `

// source is the statement that yields the rows of a set.
func source(s Set, p *programme.Programme) string {
	switch s {
	case Members:
		return membersSQL
	case Applications:
		return applicationsSQL
	case Waiting:
		return waitingSQL(p)
	case Due:
		return dueSQL(p)
	case Done:
		return doneSQL
	case Planned:
		return plannedSQL
	case Findings:
		return findingsSQL
	case Standings:
		return standingsSQL
	case Clocks:
		return clocksSQL
	case Decisions:
		return decisionsSQL
	case Enforcement:
		return measuresSQL
	case InForce:
		return inForceSQL(p)
	case Cases:
		return casesSQL(p)
	case Appeals:
		return appealsSQL
	case Incidents:
		return incidentsSQL
	}
	return verdictsSQL(p)
}

// quoted is a list of codes as an SQL array. Codes are those of the programme's files, whose
// schema lets no quote through.
func quoted(codes []string) string { return "'{" + strings.Join(codes, ",") + "}'::text[]" }

// near narrows rows by an instant, which has an index, before their civil day is compared:
// no zone is more than a day away from UTC.
func near(instant string) string {
	return " and " + instant + " >= ($5::date - 1)::timestamp at time zone 'UTC' and " + instant + " < ($6::date + 2)::timestamp at time zone 'UTC'"
}

const inOffices = `($2::uuid[] is null or o.id = any($2))`

// membersSQL says with comparisons what @> says shorter: behind a fence PostgreSQL takes @> for
// one row in 200 and then looks up members one by one. Offset 0 keeps conditions from outside
// out of the estimate, for the same reason.
var membersSQL = cols{
	"key": "m.id::text", "day": "m.certified_on", "ref": "m.number", "company": "c.name", "company_id": "c.id", "link": "'membership'", "link_id": "m.id",
	"office": "o.id::text", "entity_type": "m.entity_type", "status": "x.state", "tier": "x.tier", "country": "c.country::text",
	"live": "case when x.state in ('active', 'suspended') then 'yes' else 'no' end",
}.from(`from (select s.membership_id,
    case when bool_or(s.state = 'active') then 'active' when bool_or(s.state = 'suspended') then 'suspended' when bool_or(s.state = 'ended') then 'ended' else 'annulled' end as state,
    (array_agg(s.tier order by s.state = 'active' desc, s.state = 'suspended' desc, s.type))[1] as tier
    from standing s where lower(s.valid) <= $3 and (upper_inf(s.valid) or upper(s.valid) > $3) and lower(s.known) <= $4 and (upper_inf(s.known) or upper(s.known) > $4)
    group by s.membership_id) x
  join membership m on m.id = x.membership_id join application a on a.id = m.application_id join office o on o.id = a.office_id left join company c on c.id = m.company_id
  where m.programme = $1 and ` + inOffices + ` offset 0`)

const worked = `coalesce((select sum(w.minutes) from work_log w where w.removed_at is null and w.`

var applicationsSQL = cols{
	"key": "a.id::text || e.kind", "day": "e.day", "ref": "a.reference", "company": "c.name", "company_id": "c.id", "office": "o.id::text",
	"link": "case when a.submitted_at is null then '' else 'application' end", "link_id": "a.id",
	"entity_type": "a.entity_type", "country": "c.country::text", "month": "to_char(e.day, 'YYYY-MM')", "kind": "e.kind",
	"days":  "case when e.kind in ('certified', 'rejected') then e.day - (a.submitted_at at time zone o.zone)::date end",
	"hours": worked + `application_id = a.id), 0)::float8 / 60`,
}.from(`from application a join office o on o.id = a.office_id left join company c on c.id = a.company_id
  cross join lateral (select v.kind, v.at, (v.at at time zone o.zone)::date as day from (values ('opened', a.opened_at), ('submitted', a.submitted_at), ('accepted', a.accepted_at),
    ('certified', case when a.status = 'certified' then a.decided_at end), ('rejected', case when a.status = 'rejected' then a.decided_at end),
    ('left', case when a.status in ('withdrawn', 'lapsed') then a.closed_at end)) v(kind, at) where v.at <= $4` + near("v.at") + `) e
  where a.programme = $1 and ` + inOffices + ` and e.day between $5 and $6`)

func waitingSQL(p *programme.Programme) string {
	age := "$3::date - (a.submitted_at at time zone o.zone)::date"
	return cols{
		"key": "a.id::text", "day": "(a.submitted_at at time zone o.zone)::date", "ref": "a.reference", "company": "c.name", "company_id": "c.id", "link": "'application'", "link_id": "a.id",
		"office": "o.id::text", "entity_type": "a.entity_type", "country": "c.country::text", "age": ageGroup(p, age), "days": age,
		"hours": worked + `application_id = a.id), 0)::float8 / 60`,
	}.from(`from application a join office o on o.id = a.office_id left join company c on c.id = a.company_id
  where a.programme = $1 and ` + inOffices + ` and a.submitted_at <= $4 and (a.submitted_at at time zone o.zone)::date <= $3
    and (a.closed_at is null or a.closed_at > $4 or (a.closed_at at time zone o.zone)::date > $3)`)
}

// ageGroup sorts a number of days into the programme's groups of age.
func ageGroup(p *programme.Programme, days string) string {
	out := "case "
	for i, most := range p.Figures.Ageing {
		out += fmt.Sprintf("when %s <= %d then '%s' ", days, most, p.Figures.AgeGroups()[i])
	}
	return out + fmt.Sprintf("else '%s' end", p.Figures.AgeGroups()[len(p.Figures.Ageing)])
}

func dueSQL(p *programme.Programme) string {
	var codes []string
	kind := "case k.code "
	for _, k := range p.Validation.Kinds {
		if k.Clock != "" {
			codes = append(codes, k.Clock)
			kind += fmt.Sprintf("when '%s' then '%s' ", k.Clock, k.Code)
		}
	}
	if codes == nil {
		kind = "''"
	} else {
		kind += "end"
	}
	return cols{
		"key": "k.id::text", "day": "k.due_on", "ref": "m.number", "company": "c.name", "company_id": "c.id", "link": "'membership'", "link_id": "m.id",
		"office": "o.id::text", "entity_type": "m.entity_type", "country": "c.country::text", "month": "to_char(k.due_on, 'YYYY-MM')", "kind": kind,
		"status": `case when k.stopped_at <= $4 and (k.stopped_at at time zone k.zone)::date <= k.due_on then 'in_time' when k.stopped_at <= $4 then 'late'
      when k.due_on < $3 then 'overdue' else 'open' end`,
	}.from(`from clock k join membership m on m.id = k.subject_id join office o on o.id = k.office_id left join company c on c.id = k.company_id
  where k.subject_kind = 'membership' and k.programme = $1 and ` + inOffices + ` and k.code = any(` + quoted(codes) + `) and k.due_on between $5 and $6 and k.started_at <= $4
    and (k.stopped_at is null or k.stopped_at > $4 or k.stop_event = '` + programme.ValidationClosed + `' or (k.stopped_at at time zone k.zone)::date > k.due_on)`)
}

var doneSQL = cols{
	"key": "v.id::text", "day": "v.day", "ref": "v.reference", "company": "c.name", "company_id": "c.id", "link": "'validation'", "link_id": "v.id",
	"office": "o.id::text", "entity_type": "v.entity_type", "country": "c.country::text", "month": "to_char(v.day, 'YYYY-MM')", "kind": "v.kind", "outcome": "coalesce(v.outcome, '')",
	"days": "v.day - (v.opened_at at time zone o.zone)::date", "hours": worked + `validation_id = v.id), 0)::float8 / 60`,
}.from(`from (select v.*, (v.closed_at at time zone z.zone)::date as day from validation v join office z on z.id = v.office_id where v.status = 'closed' and v.closed_at <= $4` + near("v.closed_at") + `) v
  join office o on o.id = v.office_id left join company c on c.id = v.company_id where v.programme = $1 and ` + inOffices + ` and v.day between $5 and $6`)

var plannedSQL = cols{
	"key": "i.id::text", "day": "i.day", "ref": "m.number", "company": "c.name", "company_id": "c.id", "link": "'membership'", "link_id": "m.id",
	"office": "o.id::text", "entity_type": "m.entity_type", "country": "c.country::text", "month": "to_char(i.day, 'YYYY-MM')",
	"kind": `case when exists (select from validation v where v.membership_id = i.membership_id and v.kind in ('first', 'repeat') and v.closed_at < i.as_of) then 'repeat' else 'first' end`,
}.from(`from (select i.*, p.as_of, make_date(p.year, 3 * coalesce(i.quarter, 1) - 2, 1) as day from plan_item i join validation_plan p on p.id = i.plan_id
    where p.programme = $1 and p.adopted_at <= $4 and i.decision = 'chosen') i
  join membership m on m.id = i.membership_id join office o on o.id = i.office_id left join company c on c.id = i.company_id where ` + inOffices + ` and i.day between $5 and $6`)

var findingsSQL = cols{
	"key": "f.id::text", "day": "f.day", "ref": "f.reference", "company": "c.name", "company_id": "c.id", "link": "'finding'", "link_id": "f.id",
	"office": "o.id::text", "entity_type": "f.entity_type", "country": "c.country::text", "month": "to_char(f.day, 'YYYY-MM')", "kind": "f.kind", "criterion": "f.criterion",
	"status": "f.status",
}.from(`from (select f.*, (f.sent_at at time zone z.zone)::date as day from finding f join office z on z.id = f.office_id where f.sent_at <= $4 and f.status <> 'withdrawn'` + near("f.sent_at") + `) f
  join office o on o.id = f.office_id left join company c on c.id = f.company_id where f.programme = $1 and ` + inOffices + ` and f.day between $5 and $6`)

var standingsSQL = cols{
	"key": "e.id::text", "day": "e.effective_on", "ref": "m.number", "company": "c.name", "company_id": "c.id", "link": "'history'", "link_id": "m.id",
	"office": "o.id::text", "entity_type": "m.entity_type", "country": "c.country::text", "tier": "e.tier", "month": "to_char(e.effective_on, 'YYYY-MM')", "kind": "e.kind",
}.from(`from standing_event e join membership m on m.id = e.membership_id join application a on a.id = m.application_id join office o on o.id = a.office_id left join company c on c.id = e.company_id
  where m.programme = $1 and ` + inOffices + ` and e.effective_on between $5 and $6 and e.recorded_at <= $4 and e.kind <> 'overturned'
    and not exists (select from standing_event u where u.undoes = e.id and u.recorded_at <= $4)`)

var clocksSQL = cols{
	"key": "k.id::text", "day": "k.day", "ref": "coalesce(a.reference, m.number, y.reference, v.reference, f.reference, e.reference, '')", "company": "c.name", "company_id": "c.id",
	"link":    "case k.subject_kind when 'application' then 'application' when 'membership' then 'membership' when 'validation' then 'validation' when 'finding' then 'finding' when 'profile' then 'profile' when 'enforcement' then 'enforcement' else '' end",
	"link_id": "k.subject_id", "office": "o.id::text", "country": "c.country::text", "month": "to_char(k.day, 'YYYY-MM')", "kind": "k.code",
	"status": "case when not k.stopped then 'overdue' when k.day <= k.due_on then 'in_time' else 'late' end",
	"days": `k.day - (k.started_at at time zone k.zone)::date - coalesce((select sum((least(coalesce(p.resumed_at, k.until), k.until) at time zone k.zone)::date - (p.paused_at at time zone k.zone)::date)
    from clock_pause p where p.clock_id = k.id), 0)::int`,
}.from(`from (select k.*, k.stopped_at <= $4 and k.stopped_at is not null as stopped, case when k.stopped_at <= $4 then k.stopped_at else $4 end as until,
      case when k.stopped_at <= $4 then (k.stopped_at at time zone k.zone)::date else k.due_on end as day
    from clock k where k.programme = $1 and not k.earliest and k.started_at <= $4
      and (k.stopped_at <= $4 or not k.paused and k.due_on < ($4 at time zone k.zone)::date)) k
  join office o on o.id = k.office_id left join company c on c.id = k.company_id
  left join application a on k.subject_kind = 'application' and a.id = k.subject_id left join membership m on k.subject_kind = 'membership' and m.id = k.subject_id
  left join profile_cycle y on k.subject_kind = 'profile' and y.id = k.subject_id left join validation v on k.subject_kind = 'validation' and v.id = k.subject_id
  left join finding f on k.subject_kind = 'finding' and f.id = k.subject_id left join enforcement_case e on k.subject_kind = 'enforcement' and e.id = k.subject_id
  where ` + inOffices + ` and k.day between $5 and $6`)

// decisionsSQL are the steps that two people take: one proposes, another decides. Other
// packages' cases of that kind are added here as a further part of the union.
var decisionsSQL = cols{
	"key": "d.key", "day": "d.day", "ref": "d.ref", "company": "coalesce(c.name, '')", "company_id": "coalesce(c.id, '00000000-0000-0000-0000-000000000000'::uuid)",
	"link": "d.link", "link_id": "d.link_id", "office": "coalesce(o.id::text, '')", "entity_type": "d.entity_type", "country": "coalesce(c.country::text, '')",
	"month": "to_char(d.day, 'YYYY-MM')", "kind": "d.kind", "days": "d.days",
	"outcome": `case when d.kind = 'application' and d.made_by is null then 'no_recommendation' when d.made_by = d.decided_by then 'same_person'
      when exists (select from person_right r where r.audience = 'company' and r.company_id = d.company_id and r.person_id in (d.made_by, d.decided_by)) then 'own_company' else 'none' end`,
	"pair":   "coalesce(d.made_by::text, '') || ':' || coalesce(d.decided_by::text, '')",
	"opened": "coalesce(po.name, '')", "reviewed": "d.reviewed", "recommended": "coalesce(pm.name, '')", "decided": "coalesce(pd.name, '')",
}.from(`from (
    select 'a' || a.id as key, (coalesce(r.decided_at, a.decided_at) at time zone z.zone)::date as day, a.reference as ref, a.company_id, a.office_id, 'application' as link, a.id as link_id,
      a.entity_type, 'application' as kind, (a.decided_at at time zone z.zone)::date - (a.submitted_at at time zone z.zone)::date as days, a.opened_by, r.made_by, r.decided_by,
      coalesce((select string_agg(distinct q.name, ', ' order by q.name) from person q where q.id in (select i.reviewed_by from review_item i where i.application_id = a.id
        union select w.reviewed_by from profile_verdict w join profile_cycle y on y.id = w.cycle_id where y.application_id = a.id)), '') as reviewed
    from application a join office z on z.id = a.office_id left join recommendation r on r.application_id = a.id and r.decision = 'approved' and r.decided_at <= $4
    where a.programme = $1 and a.decided_at <= $4` + near("a.decided_at") + `
    union all
    select 'r' || v.id, (t.approved_at at time zone z.zone)::date, v.reference, v.company_id, v.office_id, 'validation', v.id, v.entity_type, 'report',
      (t.approved_at at time zone z.zone)::date - (t.submitted_at at time zone z.zone)::date, v.lead_id, t.submitted_by, t.approved_by, coalesce((select q.name from person q where q.id = t.written_by), '')
    from report t join validation v on v.id = t.validation_id join office z on z.id = v.office_id where v.programme = $1 and t.approved_at <= $4` + near("t.approved_at") + `
    union all
    select 'e' || p.id, (p.decided_at at time zone z.zone)::date, e.reference, e.company_id, e.office_id, 'enforcement', e.id, e.entity_type, 'measure',
      (p.decided_at at time zone z.zone)::date - (p.proposed_at at time zone z.zone)::date, e.opened_by, p.proposed_by, p.decided_by, ''
    from enforcement_proposal p join enforcement_case e on e.id = p.case_id join office z on z.id = e.office_id
    where e.programme = $1 and p.decision = 'approved' and p.decided_at <= $4` + near("p.decided_at") + `
    union all
    select 'l' || l.id, (l.decided_at at time zone z.zone)::date, l.reference, l.company_id, l.office_id, 'appeal', l.id, e.entity_type, 'appeal',
      (l.decided_at at time zone z.zone)::date - (l.filed_at at time zone z.zone)::date, null, p.decided_by, l.decided_by, ''
    from appeal l join enforcement_proposal p on p.id = l.proposal_id join enforcement_case e on e.id = l.case_id join office z on z.id = l.office_id
    where l.programme = $1 and l.decided_at <= $4` + near("l.decided_at") + `
    union all
    select 'p' || p.id, (p.adopted_at at time zone 'UTC')::date, p.programme || ' ' || p.year, null, null, 'plan', p.id, '', 'plan', null, p.made_by, p.made_by, p.adopted_by, ''
    from validation_plan p where p.programme = $1 and p.adopted_at <= $4
  ) d
  left join company c on c.id = d.company_id left join office o on o.id = d.office_id
  left join person po on po.id = d.opened_by left join person pm on pm.id = d.made_by left join person pd on pd.id = d.decided_by
  where ` + inOffices + ` and d.day between $5 and $6`)

func verdictsSQL(p *programme.Programme) string {
	returned := "r.verdict = any(" + quoted(p.Figures.Returned) + ")"
	return cols{
		"key": "r.id::text", "day": "r.day", "ref": "r.reference", "company": "c.name", "company_id": "c.id", "link": "'profile'", "link_id": "r.cycle_id",
		"office": "o.id::text", "entity_type": "r.entity_type", "country": "c.country::text", "month": "to_char(r.day, 'YYYY-MM')", "criterion": "r.criterion",
		"outcome": "case when " + returned + " then 'returned' when r.verdict = any(" + quoted(p.Figures.Accepted) + ") then 'accepted' else 'other' end",
	}.from(`from (select r.*, (r.sent_at at time zone z.zone)::date as day, y.reference, y.office_id, y.entity_type
      from profile_result r join profile_cycle y on y.id = r.cycle_id join office z on z.id = y.office_id
      where y.programme = $1 and r.first and r.sent_at <= $4` + near("r.sent_at") + `) r
    join office o on o.id = r.office_id left join company c on c.id = r.company_id
    where ` + inOffices + ` and r.day between $5 and $6`)
}
