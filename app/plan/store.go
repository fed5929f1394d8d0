package plan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
)

func add(ctx context.Context, tx pg.Tx, p *Plan) error { return tx.WithContext(ctx).Create(p).Error }

func lockPlan(ctx context.Context, tx pg.Tx, id uuid.UUID) (Plan, error) {
	p, err := gorm.G[Plan](tx.DB, clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).First(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return p, fault.Missing()
	}
	if err != nil {
		return p, fmt.Errorf("open the plan: %w", err)
	}
	return p, nil
}

// lockedItem is a line that is open for a change.
type lockedItem struct {
	Item
	Company    string
	Validation string // reference of the one that was opened for it
}

func lockItems(ctx context.Context, tx pg.Tx, plan uuid.UUID, lines []Line) (map[uuid.UUID]lockedItem, error) {
	ids := make([]uuid.UUID, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	var rows []lockedItem
	err := tx.WithContext(ctx).Raw(`select i.*, c.name as company, coalesce(v.reference, '') as validation
		from plan_item i join company c on c.id = i.company_id left join validation v on v.plan_item_id = i.id
		where i.plan_id = ? and i.id in ? order by i.id for update of i`, plan, ids).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("open lines of the plan: %w", err)
	}
	out := make(map[uuid.UUID]lockedItem, len(rows))
	for _, r := range rows {
		out[r.ID] = r
	}
	return out, nil
}

// undecided counts the proposals that nobody has decided on yet, and what was chosen. A
// member that has left is not decided on any more.
func undecided(ctx context.Context, tx pg.Tx, plan uuid.UUID) (open, chosen int, err error) {
	var n struct{ Open, Chosen int }
	err = tx.WithContext(ctx).Raw(`select count(*) filter (where i.proposed and i.decision is null and m.status <> 'ended') as open,
		count(*) filter (where i.decision = 'chosen') as chosen
		from plan_item i join membership m on m.id = i.membership_id where i.plan_id = ?`, plan).Scan(&n).Error
	if err != nil {
		return 0, 0, fmt.Errorf("count the decisions: %w", err)
	}
	return n.Open, n.Chosen, nil
}

// gather reads what is known of every live membership of a programme, in one statement.
func gather(ctx context.Context, tx pg.Tx, p Plan, clocks []string, years int, regions *Regions) (list []facts, err error) {
	countries, ratings := regions.rated()
	err = tx.WithContext(ctx).Raw(`
		with live as (
		  select m.id, m.company_id, m.application_id, m.entity_type, m.certified_on, a.office_id, (cast(@now as timestamptz) at time zone o.zone)::date as today
		  from membership m join application a on a.id = m.application_id join office o on o.id = a.office_id
		  where m.programme = @programme and m.status <> 'ended'
		), due as (
		  select subject_id, min(due_on) as due_on from clock
		  where subject_kind = 'membership' and stopped_at is null and code = any(cast(@clocks as text[])) group by subject_id
		), done as (
		  select distinct on (membership_id) membership_id, id, closed_at from validation
		  where status = 'closed' and membership_id is not null order by membership_id, closed_at desc
		), assessed as (
		  select distinct on (company_id) company_id, id from risk_assessment where status = 'finished' order by company_id, finished_at desc, id desc
		), lane as (
		  select a.company_id, l.id, l.origin, l.destination, l.shipments from assessed a join risk_lane l on l.assessment_id = a.id and l.removed_at is null
		), volume as (
		  select company_id, sum(shipments)::bigint as shipments from lane group by company_id
		), passed as (
		  select company_id, origin::text as country from lane
		  union select company_id, destination::text from lane
		  union select l.company_id, g.country::text from lane l join risk_leg g on g.lane_id = l.id and g.removed_at is null
		  union select company_id, country::text from site where closed_on is null
		), rated as (
		  select p.company_id, max(r.rating) as rating, (array_agg(p.country order by r.rating desc, p.country))[1] as country
		  from passed p join unnest(cast(@countries as text[]), cast(@ratings as int[])) as r(country, rating) on r.country = p.country group by p.company_id
		), happened as (
		  select l.id as membership_id, count(*)::int as n from live l
		  join incident i on i.company_id = l.company_id and (i.membership_id = l.id or i.membership_id is null)
		  where i.status <> 'merged' and i.founded is distinct from false
		    and i.occurred_on > (cast(@now as timestamptz) - make_interval(years => cast(@years as int)))::date group by l.id
		), found as (
		  select validation_id, count(*)::int as n from finding
		  where kind = 'action_required' and sent_at is not null and status <> 'withdrawn' group by validation_id
		), cycle as (
		  select distinct on (membership_id) membership_id, id from (
		    select y.membership_id, y.id, y.accepted_at, y.number from profile_cycle y where y.status = 'accepted' and y.membership_id is not null
		    union all select l.id, y.id, y.accepted_at, y.number from live l join profile_cycle y on y.application_id = l.application_id where y.status = 'accepted'
		    union all select s.follower_id, y.id, y.accepted_at, y.number from profile_share s join live l on l.id = s.follower_id
		      join profile_cycle y on y.membership_id = s.lead_id and l.entity_type = any(y.also_types) where y.status = 'accepted'
		  ) y order by membership_id, accepted_at desc, number desc
		), unmet as (
		  select y.membership_id, count(distinct v.criterion) filter (where v.verdict in ('does_not_meet', 'meets_with_recommendation'))::int as n
		  from cycle y join profile_verdict v on v.cycle_id = y.id group by y.membership_id
		), late as (
		  select distinct membership_id from profile_cycle where membership_id is not null and status = 'open' and overdue_at is not null
		)
		select l.id as membership_id, l.company_id, l.office_id, d.due_on, d.due_on - l.today as days_left,
		  greatest(0, l.today - coalesce(x.closed_at::date, l.certified_on)) / 365.25 as years,
		  v.shipments, r.rating, coalesce(r.country, '') as country,
		  coalesce(i.n, 0) as incidents,
		  case when x.id is not null then coalesce(f.n, 0) end as findings, u.n as not_met, t.membership_id is not null as overdue
		from live l
		left join due d on d.subject_id = l.id
		left join done x on x.membership_id = l.id
		left join volume v on v.company_id = l.company_id
		left join rated r on r.company_id = l.company_id
		left join happened i on i.membership_id = l.id
		left join found f on f.validation_id = x.id
		left join unmet u on u.membership_id = l.id
		left join late t on t.membership_id = l.id`,
		map[string]any{"now": p.AsOf, "programme": p.Programme, "clocks": array(clocks), "countries": array(countries), "ratings": array(ratings), "years": years}).Scan(&list).Error
	return list, err
}

// putLines writes the lines of a plan, given as JSON. Decisions on lines that are there stay.
func putLines(ctx context.Context, tx pg.Tx, plan uuid.UUID, lines string) error {
	return tx.WithContext(ctx).Exec(`
		with given as (
		  select * from jsonb_to_recordset(cast(@lines as jsonb)) as x(id uuid, company_id uuid, membership_id uuid, office_id uuid, score double precision,
		    factors jsonb, due_on date, proposed boolean, random boolean)
		), gone as (
		  update plan_item i set proposed = false, random = false, version = i.version + 1
		  where i.plan_id = @plan and i.proposed and not exists (select from given g where g.membership_id = i.membership_id)
		)
		insert into plan_item as i (id, plan_id, company_id, membership_id, office_id, score, factors, due_on, proposed, random)
		select id, @plan, company_id, membership_id, office_id, score, factors, due_on, proposed, random from given
		on conflict (plan_id, membership_id) do update set office_id = excluded.office_id, score = excluded.score, factors = excluded.factors,
		  due_on = excluded.due_on, proposed = excluded.proposed, random = excluded.random, version = i.version + 1`,
		map[string]any{"lines": lines, "plan": plan}).Error
}

// array is a list of codes or numbers as PostgreSQL writes arrays.
func array[T string | int](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = fmt.Sprint(v)
	}
	return "{" + strings.Join(parts, ",") + "}"
}
