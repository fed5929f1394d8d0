package application

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// held is a membership that has not ended.
type held struct {
	ID                                          uuid.UUID
	Programme, EntityType, Number, Tier, Status string
}

// Required refuses with Conflict when a programme requires a membership of another one that
// the company does not have now, active and in one of the tiers. The membership stays as it
// is until the transaction ends. A programme that requires none is always open. A step for
// other domains: an application asks when it opens, a decision when it is made.
func (s *Steps) Required(ctx context.Context, tx pg.Tx, company uuid.UUID, p *programme.Programme) error {
	q := p.Requires
	if q == nil {
		return nil
	}
	var rows []held
	err := tx.WithContext(ctx).Raw(`select id, programme, entity_type, number, tier, status from membership
		where company_id = ? and programme = ? and status <> 'ended' order by number for share`, company, q.Programme).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("look for the membership of %s: %w", q.Programme, err)
	}
	if why := s.unmet(ctx, q, rows); why != "" {
		return fault.New(fault.Conflict, "%s", why)
	}
	return nil
}

// unmet says why none of the memberships is what is required: the rule, and how each of them
// stands; empty: one of them is.
func (s *Steps) unmet(ctx context.Context, q *programme.Requirement, rows []held) string {
	base, ok := s.Programmes.Get(q.Programme)
	if !ok {
		return i18n.T(ctx, q.Because)
	}
	why := []string{i18n.T(ctx, q.Because)}
	for _, m := range rows {
		switch {
		case m.Programme != q.Programme:
			continue
		case !slices.Contains(q.EntityTypes, m.EntityType):
			e, _ := base.EntityType(m.EntityType)
			why = append(why, i18n.T(ctx, "Membership %s is for another kind of member: %s.", m.Number, i18n.T(ctx, e.Name)))
		case m.Status != "active":
			why = append(why, i18n.T(ctx, "Membership %s is suspended.", m.Number))
		case !q.Met(m.Programme, m.EntityType, m.Tier):
			tier, _ := base.Tier(m.Tier)
			why = append(why, i18n.T(ctx, "Membership %s has another tier: %s.", m.Number, i18n.T(ctx, tier.Name)))
		default:
			return ""
		}
	}
	if len(why) == 1 {
		why = append(why, i18n.T(ctx, "There is no such membership."))
	}
	return strings.Join(why, " ")
}

// Module is a programme that builds on a membership of another one, as it stands for a
// company that has one there.
type Module struct {
	Programme   *programme.Programme
	WhyNot      string     // why the company cannot apply now; empty: it can, or it has done so
	Application *uuid.UUID // the open one
	Reference   string     // its reference
	Membership  *uuid.UUID // the one that the company has
	Number      string     // its number
}

// Open reports whether the company can apply now.
func (m Module) Open() bool { return m.WhyNot == "" && m.Application == nil && m.Membership == nil }

// modulesRow is what a company has that bears on modules.
type modulesRow struct{ Country, Zone, Held, Applied, Bars string }

const modulesSQL = `select c.country, o.zone,
  coalesce((select jsonb_agg(jsonb_build_object('id', m.id, 'programme', m.programme, 'entity_type', m.entity_type, 'number', m.number, 'tier', m.tier, 'status', m.status) order by m.number)
    from membership m where m.company_id = c.id and m.status <> 'ended'), '[]')::text as held,
  coalesce((select jsonb_agg(jsonb_build_object('id', a.id, 'programme', a.programme, 'reference', a.reference) order by a.opened_at)
    from application a where a.company_id = c.id and a.status not in ('certified', 'rejected', 'withdrawn', 'lapsed')), '[]')::text as applied,
  coalesce((select jsonb_agg(jsonb_build_object('programme', k.programme, 'code', k.code, 'name', k.name, 'source', k.source, 'due_on', k.due_on::timestamp at time zone 'UTC') order by k.due_on desc)
    from clock k where k.company_id = c.id and k.stopped_at is null and k.on_expiry = 'lift_bar'), '[]')::text as bars
from company c join office o on o.id = c.office_id where c.id = $1`

// Modules lists the programmes that build on a membership which the actor's company has, and
// says of each whether it can apply now or why not. Everybody who reads for the company may.
// The statement is for the round trip of another page; the function reads its answer.
func (s *Service) Modules(by identity.Actor) (pg.Query, func(context.Context) ([]Module, error)) {
	row := &modulesRow{}
	now := s.Now()
	return pg.One(row, modulesSQL, by.CompanyID), func(ctx context.Context) ([]Module, error) { return s.modules(ctx, *row, now) }
}

// applied is an open application.
type applied struct {
	ID                   uuid.UUID
	Programme, Reference string
}

// barred is a bar that may still run.
type barred struct {
	Programme, Code, Name, Source string
	DueOn                         time.Time
}

func (s *Service) modules(ctx context.Context, row modulesRow, now time.Time) (out []Module, err error) {
	rows, err := pg.Documents[held](row.Held)
	if err != nil {
		return nil, fmt.Errorf("read the memberships: %w", err)
	}
	open, err := pg.Documents[applied](row.Applied)
	if err != nil {
		return nil, fmt.Errorf("read the open applications: %w", err)
	}
	bars, err := pg.Documents[barred](row.Bars)
	if err != nil {
		return nil, fmt.Errorf("read the bars: %w", err)
	}
	zone, err := time.LoadLocation(row.Zone)
	if err != nil {
		return nil, fmt.Errorf("read the office's zone: %w", err)
	}
	today := clock.DayOf(now, zone)
	for _, p := range s.Programmes.All() {
		if p.Requires == nil || !slices.ContainsFunc(rows, func(m held) bool { return m.Programme == p.Requires.Programme }) {
			continue
		}
		m := Module{Programme: p}
		if i := slices.IndexFunc(rows, func(x held) bool { return x.Programme == p.Code }); i >= 0 {
			m.Membership, m.Number = &rows[i].ID, rows[i].Number
		} else if i := slices.IndexFunc(open, func(x applied) bool { return x.Programme == p.Code }); i >= 0 {
			m.Application, m.Reference = &open[i].ID, open[i].Reference
		} else {
			m.WhyNot = s.whyNot(ctx, p, row.Country, rows, bars, today)
		}
		out = append(out, m)
	}
	return out, nil
}

// whyNot says what keeps a company from applying to a module now; empty: nothing that is
// known before it says as which kind of member.
func (s *Service) whyNot(ctx context.Context, p *programme.Programme, country string, rows []held, bars []barred, today clock.Day) string {
	if why := s.unmet(ctx, p.Requires, rows); why != "" {
		return why
	}
	for _, b := range bars {
		if day := clock.DayOf(b.DueOn, time.UTC); b.Programme == p.Code && p.ReapplyBar(b.Code) && !day.Before(today) {
			return i18n.T(ctx, "You can apply again from %s. Reason: %s (%s)", day.AddDays(1).Text(ctx), i18n.T(ctx, b.Name), b.Source)
		}
	}
	var countries []string
	for _, e := range p.EntityTypes() {
		if !e.Enabled {
			continue
		}
		if len(e.Countries) == 0 || slices.Contains(e.Countries, country) {
			return ""
		}
		countries = append(countries, e.Countries...)
	}
	slices.Sort(countries)
	return i18n.T(ctx, "It is for companies that are established in one of: %s. Your company's country is %s", strings.Join(slices.Compact(countries), ", "), country)
}

// Chance says whether the actor's company can apply to a programme now that requires a
// membership: the sentence why not, or empty. Everybody who reads for the company may.
func (s *Service) Chance(ctx context.Context, by identity.Actor, p *programme.Programme) (string, error) {
	if by.Audience != identity.Companies {
		return "", fault.Missing()
	}
	if p.Requires == nil {
		return "", nil
	}
	row := modulesRow{}
	if err := s.DB.Batch(ctx, by.Scope(), pg.One(&row, modulesSQL, by.CompanyID)); err != nil {
		return "", fmt.Errorf("look whether the company can apply: %w", err)
	}
	rows, err := pg.Documents[held](row.Held)
	if err != nil {
		return "", fmt.Errorf("read the memberships: %w", err)
	}
	return s.unmet(ctx, p.Requires, rows), nil
}
