package recognition

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Item is an arrangement as it concerns one membership of a company.
type Item struct {
	Arrangement arrangement.Arrangement
	Rules       arrangement.Operative
	State       arrangement.State
	Member      Member
	Stands      Standing
	Obstacles   []Obstacle   // why the company cannot ask now; none: it can, or has asked
	Last        *Recognition // the live one, or the last that ended
	Consent     *Consent     // live
	Partner     string       // name of the agency; empty: none is connected
	Checks      int          // of the partner within a year; -1: the arrangement does not let members see it
	Text        arrangement.Consent
}

// Live is the recognition that has not ended.
func (i Item) Live() *Recognition {
	if i.Last != nil && i.Last.Live() {
		return i.Last
	}
	return nil
}

// Rests reports whether a recognition counts for nothing now, and why: the membership is
// suspended, or the arrangement is.
func (i Item) Rests() string {
	switch {
	case i.Live() == nil:
		return ""
	case i.State == arrangement.OnHold:
		return ArrangementSuspended
	case i.Stands.State != "active":
		return i.Stands.Reason
	}
	return ""
}

// Page is the recognition of a company abroad.
type Page struct {
	Items   []Item
	Today   clock.Day
	MayBind bool // consent, ask, withdraw
	MayEdit bool // numbers
}

// One is the page of one arrangement.
type One struct {
	Page
	Code    string
	Company string
	Numbers []Number
	Sites   []Site
	Schemes []identifier.Scheme
}

// Site is a site to which a number can belong.
type Site struct {
	ID      uuid.UUID `json:"id"`
	Name    string    `json:"name"`
	Street  string    `json:"street"`
	City    string    `json:"city"`
	Country string    `json:"country"`
}

// Declared are the numbers to declare to the partner today: those of its schemes that count.
func (o One) Declared(i Item) (out []Number) {
	for _, n := range o.Numbers {
		if slices.Contains(i.Rules.Identifiers.Schemes, n.Scheme) && n.Counts(o.Today) {
			out = append(out, n)
		}
	}
	return out
}

type read struct {
	members []memberRow
	events  []arrangement.Row
	rows    []Recognition
	grants  []grant
	zone    string
}

// grant is a partner that is tied to an arrangement, or a consent.
type grant struct {
	What, Arrangement, Name, Text string
	At                            time.Time
	Checks                        int
}

const grantsSQL = `select 'tie' as what, t.arrangement, a.name, '' as text, t.since as at,
	  (select count(*)::int from consultation c where c.company_id = $1 and c.agency_id = t.agency_id and c.arrangement = t.arrangement and c.at > $2::timestamptz - interval '1 year') as checks
	from arrangement_agency t join agency a on a.id = t.agency_id where t.until is null
	union all select 'consent', arrangement, giver, text_version, given_at, 0 from recognition_consent where company_id = $1 and withdrawn_at is null
	order by 1, 5 limit 1000`

func (r *read) queries(company uuid.UUID, now time.Time, code string) []pg.Query {
	return []pg.Query{
		pg.All(&r.members, `select `+memberColumns+fmt.Sprintf(partsOf, "$2")+memberFrom+`where m.company_id = $1 order by m.number limit 50`, company, now),
		arrangement.Known(&r.events, code), arrangement.Zone(&r.zone),
		pg.All(&r.rows, `select distinct on (r.membership_id, r.arrangement) `+columns+` from recognition r where r.company_id = $1 and ($2 = '' or r.arrangement = $2)
			order by r.membership_id, r.arrangement, r.ended_at desc nulls first, r.asked_at desc`, company, code),
		pg.All(&r.grants, grantsSQL, company, now),
	}
}

// Mine reads the recognition of the actor's company by every partner of its programmes. Its
// own people may.
func (s *Service) Mine(ctx context.Context, by identity.Actor) (p Page, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return p, fault.Missing()
	}
	now := s.Now()
	var r read
	if err := s.DB.Batch(ctx, by.Scope(), r.queries(*own, now, "")...); err != nil {
		return p, fmt.Errorf("read the recognition of the company: %w", err)
	}
	return s.page(by, r, now, "")
}

// Abroad is a live recognition of a membership, and the arrangement as it stands.
type Abroad struct {
	Recognition
	Of    arrangement.Arrangement
	State arrangement.State
}

// Rests reports whether it counts for nothing now, because its arrangement is suspended.
func (a Abroad) Rests() bool { return a.State == arrangement.OnHold }

// Partners reads how partners see one membership: the recognitions that have not ended, by
// arrangement. The company's own people may.
func (s *Service) Partners(ctx context.Context, by identity.Actor, membership uuid.UUID) (out []Abroad, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return nil, fault.Missing()
	}
	now := s.Now()
	var r read
	var rows []struct {
		Recognition
		HqZone string
	}
	if err := s.DB.Batch(ctx, by.Scope(), arrangement.Known(&r.events, ""),
		pg.All(&rows, `select `+columns+`, `+arrangement.ZoneColumn+` from recognition r where r.company_id = $1 and r.membership_id = $2 and r.ended_at is null order by r.arrangement limit 200`, *own, membership)); err != nil {
		return nil, fmt.Errorf("read how partners see a membership: %w", err)
	}
	lives := s.Register.Lives(r.events)
	for _, row := range rows {
		today, err := arrangement.DayIn(now, row.HqZone)
		if err != nil {
			return nil, err
		}
		if a, ok := s.Register.Get(row.Arrangement); ok {
			out = append(out, Abroad{Recognition: row.Recognition, Of: a, State: lives[a.Code].On(today, now)})
		}
	}
	return out, nil
}

func (s *Service) page(by identity.Actor, r read, now time.Time, code string) (p Page, err error) {
	zone, err := time.LoadLocation(r.zone)
	if err != nil {
		return p, fmt.Errorf("read the zone of headquarters: %w", err)
	}
	p = Page{Today: clock.DayOf(now, zone), MayBind: by.Is(identity.CompanySigners...), MayEdit: by.Is(identity.CompanyEditors...)}
	lives := s.Register.Lives(r.events)
	for _, row := range r.members {
		m, err := row.member()
		if err != nil {
			return p, err
		}
		for _, a := range s.Register.Of(m.Programme) {
			if code != "" && a.Code != code {
				continue
			}
			if i, shown := s.item(r, m, a, lives[a.Code].On(p.Today, now), p.Today); shown {
				p.Items = append(p.Items, i)
			}
		}
	}
	slices.SortStableFunc(p.Items, func(x, y Item) int { return cmp.Compare(x.rank(), y.rank()) })
	return p, nil
}

// rank puts what a company has before what it can ask for, and that before the rest.
func (i Item) rank() int {
	switch {
	case i.Live() != nil:
		return 0
	case len(i.Obstacles) == 0:
		return 1
	case i.Last != nil:
		return 2
	}
	return 3
}

// item is an arrangement for a membership; shown: there is something to say of it. A
// membership that has ended shows only what it had.
func (s *Service) item(r read, m Member, a arrangement.Arrangement, state arrangement.State, today clock.Day) (i Item, shown bool) {
	o, _ := a.For(m.Programme)
	i = Item{Arrangement: a, Rules: o, State: state, Member: m, Stands: m.standingFor(o, today), Checks: -1}
	i.Text, _ = s.Register.Text(o.Consent)
	if n := slices.IndexFunc(r.rows, func(x Recognition) bool { return x.MembershipID == m.ID && x.Arrangement == a.Code }); n >= 0 {
		i.Last = &r.rows[n]
	}
	key := s.Register.Key(a, m.Programme)
	for _, g := range r.grants {
		switch {
		case g.What == "consent" && g.Arrangement == key:
			i.Consent = &Consent{Key: key, GivenAt: g.At, Giver: g.Name, TextVersion: g.Text}
		case g.What == "tie" && g.Arrangement == a.Code && i.Partner == "":
			i.Partner = g.Name
			if o.MembersSeeChecks {
				i.Checks = g.Checks
			}
		}
	}
	if i.Live() == nil {
		i.Obstacles = obstacles(m, o, state, today, i.Partner != "")
	}
	return i, i.Last != nil || i.Stands.State != "ended"
}

// Show reads one arrangement for the actor's company, with its numbers. Its own people may.
func (s *Service) Show(ctx context.Context, by identity.Actor, code string) (o One, err error) {
	own, err := by.Reads()
	if err != nil || own == nil {
		return o, fault.Missing()
	}
	a, ok := s.Register.Get(code)
	if !ok || !a.Ours() {
		return o, fault.Missing()
	}
	now := s.Now()
	var r read
	var more struct{ Name, Numbers, Sites string }
	err = s.DB.Batch(ctx, by.Scope(), append(r.queries(*own, now, code), pg.One(&more, `select c.name,
		coalesce((select jsonb_agg(jsonb_build_object('ID', n.id, 'Arrangement', n.arrangement, 'Scheme', n.scheme, 'Value', n.value, 'SiteID', n.site_id, 'Site', coalesce(x.name, ''), 'Street', coalesce(x.street, ''),
		    'City', coalesce(x.city, ''), 'Country', coalesce(x.country, ''), 'Address', n.address, 'From', n.valid_from, 'Until', n.valid_until) order by n.scheme, n.value)
		  from partner_number n left join site x on x.id = n.site_id where n.company_id = c.id and n.removed_at is null and n.arrangement in ('', $2)), '[]')::text as numbers,
		coalesce((select jsonb_agg(jsonb_build_object('id', x.id, 'name', x.name, 'street', x.street, 'city', x.city, 'country', x.country) order by x.name)
		  from site x where x.company_id = c.id and x.closed_on is null), '[]')::text as sites
		from company c where c.id = $1`, *own, code))...)
	if err != nil {
		return o, fmt.Errorf("read the recognition under the arrangement: %w", err)
	}
	o = One{Code: code, Company: more.Name, Schemes: schemesFor(a)}
	if o.Page, err = s.page(by, r, now, code); err != nil {
		return o, err
	}
	if len(o.Items) == 0 {
		return o, fault.Missing() // no membership of the company is concerned
	}
	if err := json.Unmarshal([]byte(more.Numbers), &o.Numbers); err != nil {
		return o, fmt.Errorf("read the numbers: %w", err)
	}
	if err := json.Unmarshal([]byte(more.Sites), &o.Sites); err != nil {
		return o, fmt.Errorf("read the sites: %w", err)
	}
	return o, nil
}
