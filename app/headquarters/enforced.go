package headquarters

import "trustedtrader/app/programme"

// caseStates are the states of an open case in the order of its journey.
var caseStates = []string{"investigating", "proposed", "notified", "answered", "emergency", "in_force", "end_proposed"}

// measureKind tells a suspension at once from one that was announced.
const measureKind = "case when p.emergency then 'emergency' else p.measure end"

// undone holds when the event of a measure was overturned, as known at an instant.
func undone(known string) string {
	return "exists (select from standing_event u where u.undoes = v.id and u.recorded_at <= " + known + ")"
}

// holds is true of a measure whose event v takes something from its member on the day $3, as
// known at an instant: for one of its types at least it neither ended, nor did the membership.
func holds(known string) string {
	return `v.kind in ('suspended', 'limited') and v.effective_on <= $3 and v.recorded_at <= ` + known + ` and not ` + undone(known) + `
    and exists (select from unnest(v.types) t(type) where not exists (select from standing_event n
      where n.membership_id = v.membership_id and n.types @> array[t.type] and n.effective_on <= $3 and n.recorded_at <= ` + known + `
        and (n.kind in ('removed', 'annulled', 'withdrawn', 'succeeded') or n.seq > v.seq and n.cause_kind = v.cause_kind and n.cause_id = v.cause_id
          and (v.kind = 'suspended' and n.kind = 'reinstated' or v.kind = 'limited' and n.kind in ('restored', 'limited')))
        and not exists (select from standing_event u where u.undoes = n.id and u.recorded_at <= ` + known + `)))`
}

// measuresSQL are measures on the day of the decision. A suspension at once has effect before
// a second person looks at it, so it counts from then on.
var measuresSQL = cols{
	"key": "p.id::text", "day": "p.day", "ref": "e.reference", "company": "c.name", "company_id": "c.id", "link": "'enforcement'", "link_id": "e.id",
	"office": "o.id::text", "entity_type": "e.entity_type", "country": "c.country::text", "month": "to_char(p.day, 'YYYY-MM')", "kind": measureKind,
	"outcome": `case when v.id is null then 'stands' when ` + undone("$4") + ` then 'overturned' when v.kind in ('suspended', 'limited') and v.effective_on <= $3 and not (` + holds("$4") + `) then 'ended' else 'stands' end`,
	"days":    "p.day - (e.opened_at at time zone o.zone)::date",
}.from(`from (select p.*, (p.since at time zone z.zone)::date as day
      from (select q.*, case when q.emergency then q.proposed_at else q.decided_at end as since from enforcement_proposal q) p
      join enforcement_case x on x.id = p.case_id join office z on z.id = x.office_id
      where x.programme = $1 and (p.event_id is not null or p.decision = 'approved' and p.measure = '` + programme.Warn + `') and p.since <= $4` + near("p.since") + `) p
    join enforcement_case e on e.id = p.case_id join office o on o.id = e.office_id left join company c on c.id = e.company_id left join standing_event v on v.id = p.event_id
  where ` + inOffices + ` and p.day between $5 and $6`)

func inForceSQL(p *programme.Programme) string {
	age := "$3::date - v.effective_on"
	return cols{
		"key": "p.id::text", "day": "v.effective_on", "ref": "e.reference", "company": "c.name", "company_id": "c.id", "link": "'enforcement'", "link_id": "e.id",
		"office": "o.id::text", "entity_type": "e.entity_type", "country": "c.country::text", "kind": measureKind, "age": ageGroup(p, age), "days": age,
	}.from(`from enforcement_proposal p join standing_event v on v.id = p.event_id join enforcement_case e on e.id = p.case_id
    join office o on o.id = e.office_id left join company c on c.id = e.company_id
  where e.programme = $1 and ` + inOffices + ` and ` + holds("$4"))
}

// casesSQL are open cases in the state at the end of the day $3, as known at $4. The state
// follows from what is kept for ever: proposals, their days, and the history.
func casesSQL(p *programme.Programme) string {
	age := "$3::date - (e.opened_at at time zone o.zone)::date"
	return cols{
		"key": "e.id::text", "day": "(e.opened_at at time zone o.zone)::date", "ref": "e.reference", "company": "c.name", "company_id": "c.id", "link": "'enforcement'", "link_id": "e.id",
		"office": "o.id::text", "entity_type": "e.entity_type", "country": "c.country::text", "age": ageGroup(p, age), "days": age,
		"status": `coalesce((select case when p.emergency then 'emergency' when p.answered_at <= e.at then 'answered' when p.notified_at <= e.at then 'notified' else 'proposed' end
        from enforcement_proposal p where p.case_id = e.id and p.proposed_at <= e.at and (p.decided_at is null or p.decided_at > e.at) order by p.number desc limit 1),
      case when (select n.what from enforcement_entry n where n.case_id = e.id and n.at <= e.at and n.what in ('propose_end', 'recall_end', 'return_end', 'approve_end')
          order by n.at desc, n.id desc limit 1) = 'propose_end' then 'end_proposed'
        when exists (select from enforcement_proposal p join standing_event v on v.id = p.event_id where p.case_id = e.id and ` + holds("e.at") + `) then 'in_force'
        else 'investigating' end)`,
	}.from(`from (select x.*, least($4::timestamptz, ($3::date + 1)::timestamp at time zone z.zone) as at from enforcement_case x join office z on z.id = x.office_id where x.programme = $1) e
    join office o on o.id = e.office_id left join company c on c.id = e.company_id
  where ` + inOffices + ` and e.opened_at <= e.at and (e.closed_at is null or e.closed_at > e.at)`)
}

// appealsSQL are appeals that came to their end in the days asked for, and those still open
// at the end of the last one.
var appealsSQL = cols{
	"key": "l.id::text", "day": "l.day", "ref": "l.reference", "company": "c.name", "company_id": "c.id", "link": "'appeal'", "link_id": "l.id",
	"office": "o.id::text", "entity_type": "e.entity_type", "country": "c.country::text", "month": "to_char(l.day, 'YYYY-MM')", "kind": measureKind,
	"outcome": "case when l.over is null then 'open' when l.decided_at is null then 'withdrawn' else l.outcome end",
	"days":    "(coalesce(l.over, l.at) at time zone o.zone)::date - (l.filed_at at time zone o.zone)::date",
}.from(`from (select y.*, (coalesce(y.over, y.filed_at) at time zone y.zone)::date as day
      from (select x.*, z.zone, t.at, case when coalesce(x.decided_at, x.withdrawn_at) <= t.at then coalesce(x.decided_at, x.withdrawn_at) end as over
        from appeal x join office z on z.id = x.office_id cross join lateral (select least($4::timestamptz, ($6::date + 1)::timestamp at time zone z.zone) as at) t
        where x.programme = $1 and x.filed_at <= t.at) y) l
    join enforcement_proposal p on p.id = l.proposal_id join enforcement_case e on e.id = l.case_id join office o on o.id = l.office_id left join company c on c.id = l.company_id
  where ` + inOffices + ` and l.day <= $6 and (l.over is null or l.day >= $5)`)

var incidentsSQL = cols{
	"key": "i.id::text", "day": "i.day", "ref": "i.reference", "company": "c.name", "company_id": "c.id", "link": "'incident'", "link_id": "i.id",
	"office": "o.id::text", "entity_type": "coalesce(m.entity_type, '')", "country": "c.country::text", "month": "to_char(i.day, 'YYYY-MM')", "kind": "i.kind",
	"source": "case when i.self_reported then 'company' else 'agency' end",
}.from(`from (select x.*, (x.registered_at at time zone z.zone)::date as day from incident x join office z on z.id = x.office_id
      where x.programme = $1 and x.registered_at <= $4` + near("x.registered_at") + `) i
    join office o on o.id = i.office_id left join company c on c.id = i.company_id left join membership m on m.id = i.membership_id
  where ` + inOffices + ` and i.day between $5 and $6
    and not (i.merged_into is not null and (select max(n.at) from incident_entry n where n.incident_id = i.id and n.what = 'merge') <= $4)`)
