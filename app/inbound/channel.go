package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Channel is one partner under one arrangement, for one programme of ours.
type Channel struct {
	ID          uuid.UUID
	AgencyID    uuid.UUID
	Agency      string
	Arrangement arrangement.Arrangement
	Operative   arrangement.Operative
	Rules       arrangement.Feeds
	Since       time.Time  // the partner is connected
	AsOf        *clock.Day // of the last list that was taken over
	BroughtAt   *time.Time // that one
	TakenAt     *time.Time
	Headings    map[string]string // of the columns, as somebody named them last
	Open        int               // lists that wait
	StaleOn     clock.Day         // the day from which what is known is too old; zero: never
	Stale       bool
	Version     int
}

// ChannelID is the id of a channel, made from what it is.
func ChannelID(agency uuid.UUID, code, home string) uuid.UUID {
	return uuid.NewSHA1(agency, []byte("inbound "+code+" "+home))
}

// channelRow is a tie of an agency with what is remembered of one channel.
type channelRow struct {
	AgencyID    uuid.UUID
	Agency      string
	Arrangement string
	Since       time.Time
	Home        string
	Columns     string
	AsOf        *clock.Day
	BroughtAt   *time.Time
	TakenAt     *time.Time
	Open        int
	Version     int
}

const channelSQL = `select t.agency_id, a.name as agency, t.arrangement, t.since, coalesce(c.home, '') as home, coalesce(c.columns::text, '{}') as columns, c.as_of, c.brought_at, c.taken_at,
	case when c.id is null then 0 else (select count(*)::int from inbound_feed i where i.channel_id = c.id and i.decided_at is null) end as open,
	coalesce(c.version, 0) as version
	from arrangement_agency t join agency a on a.id = t.agency_id left join inbound_channel c on c.agency_id = t.agency_id and c.arrangement = t.arrangement
	where t.until is null and ($1::uuid is null or t.agency_id = $1) order by t.arrangement, a.name, t.agency_id limit 1000`

// channels makes channels of ties: one for each programme of ours that takes part.
func (s *Service) channels(rows []channelRow, today clock.Day, now time.Time, lives map[string]arrangement.Life, zone *time.Location) (out []Channel, err error) {
	for i, r := range rows {
		a, ok := s.Register.Get(r.Arrangement)
		if !ok || lives[a.Code].On(today, now) == arrangement.Terminated {
			continue
		}
		if slices.ContainsFunc(rows[:i], func(x channelRow) bool { return x.AgencyID == r.AgencyID && x.Arrangement == r.Arrangement }) {
			continue // one row for each home that has something to remember; they are read together
		}
		for _, o := range a.Operative {
			c := Channel{ID: ChannelID(r.AgencyID, a.Code, o.Home), AgencyID: r.AgencyID, Agency: r.Agency, Arrangement: a, Operative: o, Rules: s.Register.Feeds.For(o), Since: r.Since, Headings: map[string]string{}}
			last := clock.DayOf(r.Since, zone)
			for _, x := range rows {
				if x.AgencyID != r.AgencyID || x.Arrangement != r.Arrangement || x.Home != o.Home {
					continue
				}
				c.AsOf, c.BroughtAt, c.TakenAt, c.Open, c.Version = x.AsOf, x.BroughtAt, x.TakenAt, x.Open, x.Version
				if err := json.Unmarshal([]byte(x.Columns), &c.Headings); err != nil {
					return nil, fmt.Errorf("read the columns of a channel: %w", err)
				}
				if x.AsOf != nil {
					last = *x.AsOf
				}
			}
			c.StaleOn = c.Rules.Stale(o, last)
			c.Stale = !c.StaleOn.IsZero() && !today.Before(c.StaleOn)
			out = append(out, c)
		}
	}
	return out, nil
}

// reach is whose channels the actor reads: those of one agency, or all (nil).
func reach(by identity.Actor) (*uuid.UUID, error) {
	s, _, err := side(by)
	if err != nil {
		return nil, err
	}
	if s == Agency {
		return &by.AgencyID, nil
	}
	return nil, nil
}

// Channels is the list of channels.
type Channels struct {
	Items []Channel
	Today clock.Day // at headquarters
	Late  bool      // only those that are stale
	Stale int       // of all
}

// Channels lists the channels of the actor's agency; to the agency's case readers those of all
// partners. Late narrows to those whose last list is too old.
func (s *Service) Channels(ctx context.Context, by identity.Actor, late bool) (out Channels, err error) {
	agency, err := reach(by)
	if err != nil {
		return out, err
	}
	var list []Channel
	if list, out.Today, err = s.read(ctx, by.Scope(), agency); err != nil {
		return out, err
	}
	out.Late = late
	for _, c := range list {
		if c.Stale {
			out.Stale++
		}
		if c.Stale || !late {
			out.Items = append(out.Items, c)
		}
	}
	return out, nil
}

// Waits counts the lists that wait for somebody of the actor's side, up to 100.
func (s *Service) Waits(ctx context.Context, by identity.Actor) (n int, err error) {
	own, _, err := side(by)
	if err != nil || own == "" {
		return 0, err
	}
	err = s.DB.Batch(ctx, by.Scope(), pg.Value(&n, `select count(*)::int from (select from inbound_feed i where ($1 <> 'agency' or i.agency_id = $2) and i.side = $1 and i.decided_at is null limit 100) x`, string(own), by.AgencyID))
	if err != nil {
		return 0, fmt.Errorf("count the lists that wait: %w", err)
	}
	return n, nil
}

func (s *Service) read(ctx context.Context, scope pg.Scope, agency *uuid.UUID, more ...pg.Query) (list []Channel, today clock.Day, err error) {
	var rows []channelRow
	var events []arrangement.Row
	var zone string
	err = s.DB.Batch(ctx, scope, append([]pg.Query{pg.All(&rows, channelSQL, agency), arrangement.Known(&events, ""), arrangement.Zone(&zone)}, more...)...)
	if err != nil {
		return nil, today, fmt.Errorf("list the channels: %w", err)
	}
	at, err := time.LoadLocation(zone)
	if err != nil {
		return nil, today, fmt.Errorf("read the zone of headquarters: %w", err)
	}
	now := s.Now()
	today = clock.DayOf(now, at)
	list, err = s.channels(rows, today, now, s.Register.Lives(events), at)
	return list, today, err
}

// channel finds one that the actor may see.
func (s *Service) channel(ctx context.Context, by identity.Actor, id uuid.UUID, more ...pg.Query) (c Channel, today clock.Day, err error) {
	agency, err := reach(by)
	if err != nil {
		return c, today, err
	}
	list, today, err := s.read(ctx, by.Scope(), agency, more...)
	if err != nil {
		return c, today, err
	}
	i := slices.IndexFunc(list, func(x Channel) bool { return x.ID == id })
	if i < 0 {
		return c, today, fault.Missing()
	}
	return list[i], today, nil
}

// ChannelPage is a channel with its lists.
type ChannelPage struct {
	Channel
	Feeds  []Feed // the newest first
	Today  clock.Day
	Page   int
	More   bool
	Brings bool
	Counts int // operators that count
}

// Channel reads a channel with its lists. The same persons may as for Channels.
func (s *Service) Channel(ctx context.Context, by identity.Actor, id uuid.UUID, page int) (p ChannelPage, err error) {
	page = min(max(page, 1), 1000)
	p.Page = page
	p.Channel, p.Today, err = s.channel(ctx, by, id,
		pg.All(&p.Feeds, `select `+feedColumns+` from inbound_feed i where i.channel_id = $1 order by i.brought_at desc, i.id desc limit $2 offset $3`, id, pageSize+1, (page-1)*pageSize),
		pg.Value(&p.Counts, `select count(*)::int from inbound_channel c join foreign_operator f on f.agency_id = c.agency_id and f.arrangement = c.arrangement and f.home = c.home and f.status = 'confirmed' where c.id = $1`, id))
	if err != nil {
		return p, err
	}
	if len(p.Feeds) > pageSize {
		p.Feeds, p.More = p.Feeds[:pageSize], true
	}
	_, p.Brings, err = side(by)
	return p, err
}

// Row is an operator of a list.
type Row struct {
	ID          int
	Line        *int
	Number      string
	Name        string
	Country     string
	Status      string
	Types       string
	Tier        string
	ValidFrom   *clock.Day
	ValidUntil  *clock.Day
	Identifiers string
	Reason      string
	Wrong       string // JSON: texts
	Change      *Change
	OperatorID  *uuid.UUID
	Was         string // JSON: what is known now
	Reliant     int
}

const rowColumns = `r.id, r.line, r.number, r.name, r.country, r.status, r.types, r.tier, r.valid_from, r.valid_until, r.identifiers, r.reason, coalesce(r.wrong, '[]')::text as wrong, r.change, r.operator_id,
	coalesce(r.was, '{}')::text as was, r.reliant`

// Problems are what is wrong with it (English source texts).
func (r Row) Problems() (list []string) {
	if err := json.Unmarshal([]byte(r.Wrong), &list); err != nil {
		return nil
	}
	return list
}

// Difference is one thing of which the list says something else.
type Difference struct{ Field, Was, Is string }

// Differences lists what would change, in the order of the columns.
func (r Row) Differences() (list []Difference) {
	was := map[string]string{}
	if err := json.Unmarshal([]byte(r.Was), &was); err != nil {
		return nil
	}
	day := func(d *clock.Day) string {
		if d == nil {
			return ""
		}
		return d.String()
	}
	is := r.Status
	if r.Change != nil && *r.Change == Missing {
		is = string(Ended)
	}
	for _, x := range []Difference{{Field: "number", Is: r.Number}, {Field: "name", Is: r.Name}, {Field: "country", Is: r.Country}, {Field: "status", Is: is}, {Field: "types", Is: r.Types}, {Field: "tier", Is: r.Tier},
		{Field: "from", Is: day(r.ValidFrom)}, {Field: "until", Is: day(r.ValidUntil)}, {Field: "identifiers", Is: r.Identifiers}} {
		if before, differs := was[x.Field]; differs {
			x.Was = before
			list = append(list, x)
		}
	}
	return list
}

// FeedPage is a list with the rows of one kind of change.
type FeedPage struct {
	Feed
	Channel Channel
	Today   clock.Day
	Show    Change
	List    []Row // of the page
	Page    int
	More    bool
	Older   bool // a newer one was taken over
	Drop    bool // more fall than without a word
	May     []Action
}

// Can reports whether the actor may do something now.
func (p FeedPage) Can(a Action) bool { return slices.Contains(p.May, a) }

// Feed reads a list with its rows. The same persons may as for Channels.
func (s *Service) Feed(ctx context.Context, by identity.Actor, id uuid.UUID, show Change, page int) (p FeedPage, err error) {
	agency, err := reach(by)
	if err != nil {
		return p, err
	}
	page = min(max(page, 1), 10_000)
	if err := s.DB.Batch(ctx, by.Scope(), pg.One(&p.Feed, `select `+feedColumns+` from inbound_feed i where i.id = $1 and ($2::uuid is null or i.agency_id = $2)`, id, agency)); err != nil {
		return p, err
	}
	if !slices.Contains(Changes(), show) {
		show = p.Feed.first()
	}
	which := `r.change = $2 and r.wrong is null`
	if show == Wrong {
		which = `r.wrong is not null and $2 <> ''`
	}
	p.Show, p.Page = show, page
	p.Channel, p.Today, err = s.channel(ctx, by, p.ChannelID,
		pg.All(&p.List, `select `+rowColumns+` from inbound_row r where r.feed_id = $1 and `+which+` order by r.id limit $3 offset $4`, id, string(show), pageSize+1, (page-1)*pageSize))
	if err != nil {
		return p, err
	}
	if len(p.List) > pageSize {
		p.List, p.More = p.List[:pageSize], true
	}
	p.Older, p.Drop = p.Channel.after(p.Feed), p.drops(p.Channel.Rules.DropPercent)
	f, err := p.facts(by)
	if err != nil {
		return p, err
	}
	p.May = Lifecycle().Actions(p.Status, by.Role, f)
	if p.ClientID != nil {
		p.May = slices.DeleteFunc(p.May, func(a Action) bool { return a == Map })
	}
	return p, nil
}

// first is the kind of change that is shown first.
func (f Feed) first() Change {
	for _, c := range Changes() {
		if f.Of(c) > 0 {
			return c
		}
	}
	return Unchanged
}

// after reports whether the channel has taken over a newer list.
func (c Channel) after(f Feed) bool {
	return c.AsOf != nil && (f.AsOf.Before(*c.AsOf) || f.AsOf == *c.AsOf && f.BroughtAt.Before(*c.BroughtAt))
}

// title names a channel in audit events.
func (c Channel) title() string {
	return strings.Join([]string{c.Arrangement.Code, c.Operative.Home}, "/")
}
