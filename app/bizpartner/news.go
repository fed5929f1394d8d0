package bizpartner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

// newsBatch bounds what one look at the events takes.
const newsBatch = 5000

// Monitor tells connected companies of what changed for the members that they are connected
// with: suspended, reinstated, ended, another tier, and a decision that was overturned. Any
// number may run at once, and each company is told of each event once. The portal itself; no
// person calls it.
//
// It reads the events of memberships by a cursor, so that whoever records them need not know
// of partners. An event gets its number before its transaction commits, so a lower number can
// appear after a higher one: the cursor passes a number only when every transaction that was
// open beside it has ended.
func (s *Service) Monitor(ctx context.Context) (told int, err error) {
	for n, last := newsBatch, int64(0); n == newsBatch; {
		if n, last, err = s.gather(ctx, last); err != nil {
			return told, err
		}
	}
	for {
		n, more, err := s.tellNext(ctx)
		told += n
		if err != nil || !more {
			return told, err
		}
	}
}

// telling are the kinds of event that change what a connected member sees.
var telling = []standing.Kind{standing.Awarded, standing.Suspended, standing.Reinstated, standing.Removed, standing.Annulled, standing.Withdrawn, standing.Succeeded, standing.Overturned}

// gatherSQL puts up to $2 events that were not read yet and come after $1 among the news,
// each for the start of its first day, or for now when that day was over. Kinds other than $3
// are read and told to nobody.
const gatherSQL = `with fresh as (
  select e.seq, e.id, e.membership_id, e.kind, case when e.kind = 'overturned' then e.recorded_at
    else greatest(e.recorded_at, e.effective_on::timestamp at time zone o.zone) end as at
  from standing_event e join membership m on m.id = e.membership_id join application a on a.id = m.application_id join office o on o.id = a.office_id
  where e.seq > greatest(?, (select seq from partner_cursor where name = 'standing')) and not exists (select from partner_news k where k.event_id = e.id)
  order by e.seq limit ?
), noted as (
  insert into partner_news (event_id, membership_id, at, done_at)
  select id, membership_id, at, case when kind in ? then null else at end from fresh on conflict do nothing
)
select count(*)::int as n, coalesce(max(seq), 0) as last from fresh`

// gather reads the events after one that were not read yet. It returns how many they were and
// the number of the last: whoever goes on from there does not look at them again.
func (s *Service) gather(ctx context.Context, after int64) (n int, last int64, err error) {
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		if _, err := run(ctx, tx, `insert into partner_cursor (name, seq, ahead, horizon) values ('standing', 0, 0, '0') on conflict do nothing`); err != nil {
			return fmt.Errorf("begin the cursor of the news: %w", err)
		}
		over, err := scan[bool](ctx, tx, `select horizon <= pg_snapshot_xmin(pg_current_snapshot()) from partner_cursor where name = 'standing' for update`)
		if err != nil {
			return fmt.Errorf("read the cursor of the news: %w", err)
		}
		read, err := scan[struct {
			N    int
			Last int64
		}](ctx, tx, gatherSQL, after, newsBatch, telling)
		if err != nil {
			return fmt.Errorf("read the news: %w", err)
		}
		if n, last = read[0].N, read[0].Last; n == newsBatch {
			return nil // there is more: the cursor waits
		}
		return pass(ctx, tx, over[0])
	})
	return n, last, err
}

// pass moves the cursor once the transactions beside its last look have ended, and looks
// ahead anew. A horizon that lies in the future is of another server: it begins anew too.
func pass(ctx context.Context, tx pg.Tx, over bool) error {
	_, err := run(ctx, tx, `update partner_cursor set seq = case when ? then ahead else seq end,
		ahead = greatest(ahead, (select coalesce(max(seq), 0) from standing_event)), horizon = pg_snapshot_xmax(pg_current_snapshot())
		where name = 'standing' and (? or horizon > pg_snapshot_xmax(pg_current_snapshot()))`, over, over)
	if err != nil {
		return fmt.Errorf("move the cursor of the news: %w", err)
	}
	return nil
}

// tellNext tells of the next event whose day has come, in a transaction of its own.
func (s *Service) tellNext(ctx context.Context) (told int, more bool, err error) {
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		told, more = 0, false
		now := s.Now()
		next, err := scan[struct{ EventID, MembershipID uuid.UUID }](ctx, tx, `select event_id, membership_id from partner_news
			where done_at is null and at <= ? order by at, event_id limit 1 for update skip locked`, now)
		if err != nil {
			return fmt.Errorf("take the next news: %w", err)
		}
		if len(next) == 0 {
			return nil
		}
		more = true
		if told, err = s.spread(ctx, tx, now, next[0].EventID, next[0].MembershipID); err != nil {
			return err
		}
		_, err = run(ctx, tx, `update partner_news set done_at = ? where event_id = ?`, now, next[0].EventID)
		return err
	})
	return told, more, err
}

// listener is a company that is connected with a member.
type listener struct {
	ConnectionID uuid.UUID
	CompanyID    uuid.UUID
	MemberID     uuid.UUID // its own membership
}

// spread tells everybody who is connected with a membership of one of its events.
func (s *Service) spread(ctx context.Context, tx pg.Tx, now time.Time, event, membership uuid.UUID) (told int, err error) {
	events, err := standing.Events(ctx, tx, membership)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(events, func(x standing.Event) bool { return x.ID == event })
	if i < 0 {
		return 0, fmt.Errorf("event %s is not one of its membership", event)
	}
	e := events[i]
	undone := e.Undoes
	switch seen := matters(events, e); {
	case e.Kind == standing.Overturned && seen:
		undone = nil // everybody sees another status now, also who was not connected when the decision was made
	case e.Kind != standing.Overturned && !seen:
		return 0, nil
	}
	listeners, err := scan[listener](ctx, tx, `select x.id as connection_id,
			case when x.asker_member_id = ? then x.other_id else x.asker_id end as company_id, case when x.asker_member_id = ? then x.other_member_id else x.asker_member_id end as member_id
		from partner_connection x where x.status = 'connected' and ? in (x.asker_member_id, x.other_member_id)
			and 2 = (select count(*) from partner_consent k where k.company_id in (x.asker_id, x.other_id) and k.withdrawn_at is null)
			and (?::uuid is null or exists (select from partner_told t where t.connection_id = x.id and t.event_id = ?
				and t.company_id = case when x.asker_member_id = ? then x.other_id else x.asker_id end))
		order by x.id for share of x`, membership, membership, membership, undone, undone, membership)
	if err != nil {
		return 0, fmt.Errorf("find whom to tell: %w", err)
	}
	if len(listeners) == 0 {
		return 0, nil
	}
	values, err := s.words(ctx, tx, now, events, e)
	if err != nil {
		return 0, err
	}
	for _, l := range listeners {
		n, err := run(ctx, tx, `insert into partner_told (event_id, connection_id, company_id, at) values (?, ?, ?, ?) on conflict do nothing`, e.ID, l.ConnectionID, l.CompanyID, now)
		if err != nil {
			return told, fmt.Errorf("note whom we told: %w", err)
		}
		if n == 0 {
			continue
		}
		if err := s.tell(ctx, tx, now, l.CompanyID, l.ConnectionID, l.MemberID, "partner_status_changed", values); err != nil {
			return told, err
		}
		told++
	}
	return told, nil
}

// matters reports whether an event changed what others see, beside all that is known now. An
// end that was fixed for a day after the membership had ended is void, and so is a suspension
// that was overturned before anybody heard of it. Later events of the same day do not count:
// each is told by itself.
func matters(events []standing.Event, e standing.Event) bool {
	var with, without []standing.Event
	for _, x := range events {
		if x.On == e.On && x.Seq > e.Seq && x.Kind != standing.Overturned {
			continue
		}
		with = append(with, x)
		if x.ID != e.ID {
			without = append(without, x)
		}
	}
	is, _ := standing.Derive(with)
	was, _ := standing.Derive(without)
	for _, name := range e.Types {
		a, _ := standing.At(is, name, e.On)
		b, _ := standing.At(was, name, e.On)
		if a.State != b.State || a.Tier != b.Tier {
			return true
		}
	}
	return false
}

// words are what the letter says of an event and of the status now.
func (s *Service) words(ctx context.Context, tx pg.Tx, now time.Time, events []standing.Event, e standing.Event) (map[string]string, error) {
	of, err := scan[struct{ Name, Programme, EntityType, Zone string }](ctx, tx, `select c.name, m.programme, m.entity_type, o.zone from membership m
		join company c on c.id = m.company_id join application a on a.id = m.application_id join office o on o.id = a.office_id where m.id = ?`, e.MembershipID)
	if err != nil || len(of) == 0 {
		return nil, fmt.Errorf("read the member: %w", err)
	}
	p, err := s.programmeOf(of[0].Programme)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(of[0].Zone)
	if err != nil {
		return nil, fmt.Errorf("read the office's zone: %w", err)
	}
	ctx = s.Letters.Speak(ctx, i18n.Source)
	lines := []string{i18n.T(ctx, "%s from %s.", i18n.T(ctx, e.Kind.Name()), e.On.Text(ctx))}
	if e.Kind == standing.Overturned {
		j := slices.IndexFunc(events, func(x standing.Event) bool { return e.Undoes != nil && x.ID == *e.Undoes })
		if j >= 0 {
			lines[0] = i18n.T(ctx, "The decision \"%s\" of %s was overturned. It counts as if it had never been made.", i18n.T(ctx, events[j].Kind.Name()), events[j].On.Text(ctx))
		}
	}
	spans, _ := standing.Derive(events)
	for _, name := range p.Standing.TypesOf(of[0].EntityType) {
		if x, ok := standing.At(spans, name, clock.DayOf(now, zone)); ok {
			lines = append(lines, i18n.T(ctx, "Status now: %s", s.PartText(ctx, of[0].Programme, Part{Type: name, State: x.State, Tier: x.Tier, How: x.How})))
		}
	}
	return map[string]string{"partner": of[0].Name, "points": strings.Join(lines, "\n")}, nil
}

// PartText is the status of one type of a membership in one line.
func (s *Service) PartText(ctx context.Context, code string, part Part) string {
	state := i18n.T(ctx, part.State.Name())
	if part.State == standing.Ended && part.How != "" {
		state = i18n.T(ctx, "Ended (%s)", i18n.T(ctx, part.How.Name()))
	}
	p, ok := s.Programmes.Get(code)
	if !ok {
		return state
	}
	if t, ok := p.Tier(part.Tier); ok && (part.State == standing.Active || part.State == standing.OnHold) {
		state += ", " + i18n.T(ctx, t.Name)
	}
	if t, ok := p.Standing.Type(part.Type); ok {
		state = i18n.T(ctx, t.Name) + ": " + state
	}
	return state
}
