package consultation

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/identifier"
	"trustedtrader/app/pg"
)

// lookupSQL looks up many questions at once. It reads with the portal's eyes, so who may
// learn of whom stands in it: a membership is joined only when its programme is the home
// programme of an arrangement ($9 to $11, $14), whose partner the asking agency is, under which
// the company's consent is live. What is not disclosed comes back as a company without a
// membership. An unknown identifier goes the same way with the company $12, which nobody
// asked for, so that it takes as long.
//
// $1 number of the question, $2 key, $3 scheme, $4 chosen candidate, $5 agency, $6 arrangement,
// $7 day, $8 known at; $9 agency, $10 arrangement and $11 programme of rules, $14 whether a
// general consent counts; $13 now.
const lookupSQL = `with q as materialized (
  select u.n, u.key, u.scheme, u.company, u.agency, u.arrangement, u.day::date as day, u.known
  from unnest($1::int[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::timestamptz[]) as u(n, key, scheme, company, agency, arrangement, day, known)
), rule as materialized (
  select * from unnest($9::uuid[], $10::text[], $11::text[], $14::bool[]) as r(agency, arrangement, programme, general)
  where exists (select from arrangement_agency g where g.agency_id = r.agency and g.arrangement = r.arrangement and g.since <= $13 and (g.until is null or g.until > $13))
), hit as materialized (
  select q.n, m.company_id, 'membership' as scheme, m.number as value, m.id, m.programme, m.entity_type, m.number, m.application_id
    from q join membership m on m.number_key = q.key where q.key <> '' and q.scheme in ('', 'membership')
  union all
  select f.n, f.company_id, f.scheme, f.value, m.id, m.programme, m.entity_type, m.number, m.application_id
  from (select q.n, i.company_id, i.scheme, i.value
      from q join company_identifier i on i.search_key = q.key and i.removed_at is null where q.key <> '' and q.scheme in ('', i.scheme)
    union all
    select q.n, p.company_id, p.scheme, p.value
      from q join partner_number p on p.search_key = q.key and p.removed_at is null
      where q.key <> '' and q.scheme in ('', p.scheme) and daterange(p.valid_from, p.valid_until, '[]') @> coalesce(q.day, ($13::timestamptz at time zone (select zone from office where parent_id is null order by created_at, id limit 1))::date)
        and (p.arrangement = '' or exists (select from rule r where r.agency = q.agency and r.arrangement = p.arrangement))
    union all
    select q.n, q.company, '', '' from q where q.company is not null) f
  left join membership m on m.company_id = f.company_id
)
select h.n, h.real, h.company_id, h.scheme, h.value, d.id, d.arrangement, d.programme, d.entity_type, d.number, c.name, c.country,
  s.type, s.state, s.tier, s.how, 'recognition' = any(s.denied), lower(s.valid), upper(s.valid), s.valid @> d.day, s.valid @> d.today, e.cause_kind, e.ground
from (select hit.*, true as real from hit
  union all select q.n, m.company_id, '', '', m.id, m.programme, m.entity_type, m.number, m.application_id, false
    from q left join membership m on m.company_id = $12::uuid where not exists (select from hit where hit.n = q.n)) h
join q on q.n = h.n
left join lateral (
  select h.id, r.arrangement, h.programme, h.entity_type, h.number,
    coalesce(q.day, ($13::timestamptz at time zone o.zone)::date) as day, ($13::timestamptz at time zone o.zone)::date as today
  from rule r
  join application a on a.id = h.application_id join office o on o.id = a.office_id
  where r.agency = q.agency and r.programme = h.programme and q.arrangement in ('', r.arrangement)
    and exists (select from recognition_consent k where k.company_id = h.company_id and k.withdrawn_at is null and k.given_at <= $13 and (k.arrangement = r.arrangement or r.general and k.arrangement = '*'))
) d on true
left join company c on c.id = case when h.real and d.id is not null then h.company_id end
left join standing s on s.membership_id = case when h.real then d.id end and (s.valid @> d.day or s.valid @> d.today)
  and case when q.known is null then upper_inf(s.known) else s.known @> q.known end
left join standing_event e on e.id = case when s.state <> 'active' then s.event_id end
order by h.n`

// found is a row of the look-up.
type found struct {
	n                                      int
	real                                   bool
	companyID                              uuid.UUID
	scheme, value                          string
	membership                             *uuid.UUID
	arrangement, programme, entity, number *string
	name, country                          *string
	kind, state, tier, how                 *string
	denied                                 *bool
	since, until                           *time.Time
	onDay, onToday                         *bool
	cause, ground                          *string
}

func (f *found) read(read func(...any) error) error {
	return read(&f.n, &f.real, &f.companyID, &f.scheme, &f.value, &f.membership, &f.arrangement, &f.programme, &f.entity, &f.number, &f.name, &f.country,
		&f.kind, &f.state, &f.tier, &f.how, &f.denied, &f.since, &f.until, &f.onDay, &f.onToday, &f.cause, &f.ground)
}

// ask is a question on its way through a group.
type ask struct {
	Question
	agency    uuid.UUID
	person    *uuid.UUID
	key       string
	rules     []Rule
	candidate []Candidate // of a search by name, instead of a look-up
	named     bool

	found  []found
	answer Answer
	text   []byte // of the answer, as it is kept
	err    error
	done   chan struct{}
}

// keyOf is the form in which identifiers are compared.
func keyOf(value string) string { return identifier.Key(value) }

// lookup is the statement for a group; its rows are handed to the questions.
func lookup(list []*ask, decoy uuid.UUID, now time.Time) pg.Query {
	n := len(list)
	ns, keys, schemes := make([]int32, n), make([]string, n), make([]string, n)
	companies, agencies, arrangements := make([]uuid.UUID, n), make([]uuid.UUID, n), make([]string, n)
	days, known := make([]*string, n), make([]*time.Time, n)
	seen := map[uuid.UUID]bool{}
	var ruleAgency []uuid.UUID
	var ruleArrangement, ruleProgramme []string
	var ruleGeneral []bool
	for i, a := range list {
		ns[i], keys[i], schemes[i], agencies[i], arrangements[i] = int32(i), a.key, a.Scheme, a.agency, a.Arrangement
		if a.Company != uuid.Nil {
			companies[i], keys[i] = a.Company, ""
		}
		if a.named {
			keys[i] = ""
		}
		if !a.On.IsZero() {
			text := a.On.String()
			days[i] = &text
		}
		if !a.KnownAt.IsZero() {
			known[i] = &a.KnownAt
		}
		if seen[a.agency] {
			continue
		}
		seen[a.agency] = true
		for _, r := range a.rules {
			ruleAgency, ruleArrangement, ruleProgramme = append(ruleAgency, a.agency), append(ruleArrangement, r.Arrangement), append(ruleProgramme, r.Programme)
			ruleGeneral = append(ruleGeneral, r.General)
		}
	}
	return pg.Rows(func(read func(...any) error) error {
		var f found
		if err := f.read(read); err != nil {
			return err
		}
		list[f.n].found = append(list[f.n].found, f)
		return nil
	}, lookupSQL, ns, keys, schemes, pg.IDs(companies), pg.IDs(agencies), arrangements, days, known, pg.IDs(ruleAgency), ruleArrangement, ruleProgramme, decoy, now, ruleGeneral)
}

// decide makes the answer of what was found.
func (s *Service) decide(a *ask, now time.Time) {
	a.answer = Answer{Outcome: NoRecord, Recognition: Deny, Reason: NotDisclosed, AsOf: instant(now), KnownAt: instant(now), ListVersion: version(a.rules), ValidForSecs: 3600}
	if !a.On.IsZero() {
		a.answer.AsOf = a.On.String()
	}
	if !a.KnownAt.IsZero() {
		a.answer.KnownAt = instant(a.KnownAt)
	}
	if a.named {
		if a.answer.Candidates = a.candidate; len(a.candidate) > 0 {
			a.answer.Outcome, a.answer.Recognition, a.answer.Reason = Ambiguous, Review, IsAmbiguous
		}
		return
	}
	belongs, shown := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for _, f := range a.found {
		if !f.real {
			continue
		}
		belongs[f.companyID] = true
		if f.membership != nil && f.kind != nil {
			shown[f.companyID] = true
		}
	}
	var only uuid.UUID
	switch {
	case len(shown) > 1:
		a.answer.Outcome, a.answer.Recognition, a.answer.Reason = Ambiguous, Review, IsAmbiguous
		for _, f := range a.found {
			if shown[f.companyID] && len(a.answer.Candidates) < mostCandidates && !slices.ContainsFunc(a.answer.Candidates, func(c Candidate) bool { return c.ID == f.companyID }) {
				a.answer.Candidates = append(a.answer.Candidates, Candidate{ID: f.companyID, Name: mask(*f.name), Country: *f.country})
			}
		}
		return
	case len(shown) == 1:
		for only = range shown {
		}
	case len(belongs) == 1:
		for only = range belongs {
		}
	}
	if only != uuid.Nil {
		a.answer.company = &only
	}
	if len(shown) == 1 {
		s.disclose(a, only, now)
	}
}

// version names what an agency's answers rest on.
func version(rules []Rule) string {
	var list []string
	for _, r := range rules {
		if !slices.Contains(list, r.Version) {
			list = append(list, r.Version)
		}
	}
	return strings.Join(list, " ")
}

// day is a day that came as an instant.
func day(t *time.Time) *clock.Day {
	if t == nil {
		return nil
	}
	d := clock.DayOf(*t, time.UTC)
	return &d
}
