package partnerapi

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
	"trustedtrader/app/pg"
)

// MostEvents bounds one page of the feed.
const MostEvents = 500

// mostWatches bounds what one client watches.
const mostWatches = 100_000

// Event is something that happened to a member that takes part in an arrangement. It has no
// personal data.
type Event struct {
	ID             uuid.UUID  `json:"id"`
	Cursor         string     `json:"cursor"`
	Type           string     `json:"type"`
	Arrangement    string     `json:"arrangement"`
	Reason         string     `json:"reason,omitempty"`
	EffectiveOn    clock.Day  `json:"effective_on"`
	OccurredAt     time.Time  `json:"occurred_at"`
	AcknowledgedAt *time.Time `json:"acknowledged_at,omitempty"`
	Watched        []string   `json:"watched,omitempty"`     // what the client watches that is about this member
	Number         string     `json:"number"`                // of the membership
	PartnerRef     string     `json:"partner_ref,omitempty"` // what the partner calls it
}

// Page is a piece of the feed.
type Page struct {
	Events []Event `json:"events"`
	Next   string  `json:"next"` // where to go on
	More   bool    `json:"more"` // there is something already
}

type eventRow struct {
	ID                        uuid.UUID
	Seq                       int64
	Kind, Arrangement, Reason string
	EffectiveOn               clock.Day
	OccurredAt                time.Time
	AcknowledgedAt            *time.Time
	Watched                   []string
	Number, PartnerRef        string
}

func (r eventRow) event() Event {
	return Event{ID: r.ID, Cursor: strconv.FormatInt(r.Seq, 10), Type: "member." + r.Kind, Arrangement: r.Arrangement, Reason: r.Reason, EffectiveOn: r.EffectiveOn,
		OccurredAt: r.OccurredAt, AcknowledgedAt: r.AcknowledgedAt, Watched: r.Watched, Number: r.Number, PartnerRef: r.PartnerRef}
}

// eventsSQL reads the feed: $1 agency, $2 arrangements, $3 after, $4 most, $5 client.
const eventsSQL = `select e.id, e.seq, e.kind, e.arrangement, e.reason, e.effective_on, e.occurred_at, k.acknowledged_at, b.number, r.partner_ref,
	array(select w.ref from api_watch w where w.client_id = $5 and w.arrangement = e.arrangement and exists (
		select from membership m where m.id = e.membership_id and regexp_replace(upper(m.number), '[^A-Z0-9]', '', 'g') = w.search_key
		union all select from company_identifier i where i.company_id = e.company_id and i.search_key = w.search_key and i.removed_at is null
		union all select from partner_number p where p.company_id = e.company_id and p.search_key = w.search_key and p.removed_at is null and p.arrangement in ('', e.arrangement)) order by w.ref limit 20) as watched
	from recognition_event e join membership b on b.id = e.membership_id join recognition r on r.id = e.recognition_id left join recognition_ack k on k.event_id = e.id
	where e.agency_id = $1 and e.arrangement = any($2) and e.seq > $3 order by e.seq limit $4`

// deliveredSQL notes that a page of events was handed out.
const deliveredSQL = `insert into recognition_ack (event_id, agency_id, delivered_at, delivered_by)
	select e.id, e.agency_id, $5, 'feed' from recognition_event e where e.agency_id = $1 and e.arrangement = any($2) and e.seq > $3 and not exists (select from recognition_ack k where k.event_id = e.id and k.delivered_at is not null)
	  and e.seq <= coalesce((select max(x.seq) from (select seq from recognition_event where agency_id = $1 and arrangement = any($2) and seq > $3 order by seq limit $4) x), 0)
	on conflict (event_id) do update set delivered_at = excluded.delivered_at, delivered_by = excluded.delivered_by where recognition_ack.delivered_at is null returning 1 as done`

// Events reads the feed of a client after a cursor; an empty one is its beginning. What is
// read counts as delivered. Scope feed:read.
func (s *Service) Events(ctx context.Context, c Caller, after string, most int) (p Page, err error) {
	var k entry.Check
	from := int64(0)
	if after != "" {
		if from, err = strconv.ParseInt(after, 10, 64); err != nil || from < 0 {
			k.Add("after", "Use a cursor that an answer gave you")
		}
	}
	if most < 1 || most > MostEvents {
		k.Add("limit", "Use a number from 1 to %d", MostEvents)
	}
	if err := k.Err(); err != nil {
		return p, err
	}
	under := c.Under(FeedRead)
	var rows []eventRow
	var done []struct{ Done int }
	// Read with the portal's eyes: what is watched is compared with numbers of companies.
	err = s.DB.Batch(ctx, pg.System, pg.All(&rows, eventsSQL, c.Actor.AgencyID, under, from, most+1, c.Client),
		pg.All(&done, deliveredSQL, c.Actor.AgencyID, under, from, most, s.Now()))
	if err != nil {
		return p, fmt.Errorf("read the feed: %w", err)
	}
	p = Page{Events: []Event{}, Next: strconv.FormatInt(from, 10), More: len(rows) > most}
	for _, r := range rows[:min(len(rows), most)] {
		p.Events = append(p.Events, r.event())
		p.Next = strconv.FormatInt(r.Seq, 10)
	}
	return p, nil
}

// Acknowledge says that the partner has acted on an event. Doing it twice changes nothing.
// Scope feed:read.
func (s *Service) Acknowledge(ctx context.Context, c Caller, event uuid.UUID) (at time.Time, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, c.Actor.Scope(), func(tx pg.Tx) error {
		var list []time.Time
		err := tx.WithContext(ctx).Raw(`insert into recognition_ack (event_id, agency_id, delivered_at, delivered_by, acknowledged_at, acknowledger)
			select id, agency_id, cast(@now as timestamptz), 'feed', cast(@now as timestamptz), cast(@name as text) from recognition_event where id = @event and agency_id = @agency and arrangement = any(cast(@under as text[]))
			on conflict (event_id) do update set delivered_at = coalesce(recognition_ack.delivered_at, @now), delivered_by = case when recognition_ack.delivered_by = '' then 'feed' else recognition_ack.delivered_by end,
			  acknowledged_at = coalesce(recognition_ack.acknowledged_at, greatest(@now, recognition_ack.delivered_at)),
			  acknowledger = case when recognition_ack.acknowledged_at is null then @name else recognition_ack.acknowledger end
			returning acknowledged_at`, map[string]any{"now": now, "name": c.Actor.Name, "event": event, "agency": c.Actor.AgencyID, "under": pg.Strings(c.Under(FeedRead))}).Scan(&list).Error
		if err != nil {
			return fmt.Errorf("acknowledge the event: %w", err)
		}
		if len(list) == 0 {
			return fault.Missing()
		}
		at = list[0]
		return audit.Record(ctx, tx, now, c.Actor, audit.Event{Action: "api_client.acknowledge", Kind: kind, Subject: c.Client, Agency: c.Actor.AgencyID, After: map[string]any{"event": event}})
	})
	return at, err
}

// Watch is an operator that a client watches.
type Watch struct {
	Ref         string    `json:"id"`
	Arrangement string    `json:"arrangement"`
	Scheme      string    `json:"scheme"`
	Value       string    `json:"value"`
	OwnRef      string    `json:"own_ref,omitempty"`
	CreatedAt   time.Time `json:"created_at"`
}

var watchRef = regexp.MustCompile(`^[A-Za-z0-9._-]{1,60}$`)

const watchColumns = `ref, arrangement, scheme, value, own_ref, created_at`

// Watch lets a client watch an operator under a name of its own; what it watched under that
// name before is replaced. Whether there is such an operator is not said. Scope feed:read.
func (s *Service) Watch(ctx context.Context, c Caller, in Watch) (w Watch, made bool, err error) {
	var k entry.Check
	if !watchRef.MatchString(in.Ref) {
		k.Add("id", "Use letters, digits, dots, hyphens and underscores, 60 at most")
	}
	scheme := k.Line("scheme", "the scheme of the number", in.Scheme, 1, 40)
	value := k.Line("value", "the number", in.Value, 1, 60)
	own := k.Line("own_ref", "your reference", in.OwnRef, 0, 60)
	search := identifier.Key(value)
	if value != "" && search == "" {
		k.Add("value", "Enter a number with letters or digits")
	}
	if !c.May(FeedRead, in.Arrangement) {
		k.Add("arrangement", "Choose an arrangement under which you may read the feed")
	}
	if err := k.Err(); err != nil {
		return w, false, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, c.Actor.Scope(), func(tx pg.Tx) error {
		var n int
		if err := tx.WithContext(ctx).Raw(`select count(*)::int from api_watch where client_id = ?`, c.Client).Scan(&n).Error; err != nil {
			return fmt.Errorf("count what is watched: %w", err)
		}
		var rows []struct {
			Watch
			Fresh bool
		}
		err := tx.WithContext(ctx).Raw(`insert into api_watch (client_id, agency_id, ref, arrangement, scheme, value, search_key, own_ref, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
			on conflict (client_id, ref) do update set arrangement = excluded.arrangement, scheme = excluded.scheme, value = excluded.value, search_key = excluded.search_key, own_ref = excluded.own_ref
			returning `+watchColumns+`, xmax = 0 as fresh`, c.Client, c.Actor.AgencyID, in.Ref, in.Arrangement, scheme, value, search, own, now).Scan(&rows).Error
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		w, made = rows[0].Watch, rows[0].Fresh
		if made && n >= mostWatches {
			return fault.New(fault.Conflict, "You watch %d operators already. Take some off the list", mostWatches)
		}
		return audit.Record(ctx, tx, now, c.Actor, audit.Event{Action: "api_client.watch", Kind: kind, Subject: c.Client, Agency: c.Actor.AgencyID, After: map[string]any{"watch": in.Ref}})
	})
	return w, made, err
}

// Watched reads what a client watches under a name. Scope feed:read.
func (s *Service) Watched(ctx context.Context, c Caller, ref string) (w Watch, err error) {
	err = s.DB.Batch(ctx, c.Actor.Scope(), pg.One(&w, `select `+watchColumns+` from api_watch where client_id = $1 and ref = $2`, c.Client, ref))
	return w, err
}

// Unwatch ends what Watch began. Scope feed:read.
func (s *Service) Unwatch(ctx context.Context, c Caller, ref string) error {
	now := s.Now()
	return s.DB.Write(ctx, c.Actor.Scope(), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(`delete from api_watch where client_id = ? and ref = ?`, c.Client, ref)
		if r.Error != nil {
			return fmt.Errorf("end the watch: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return fault.Missing()
		}
		return audit.Record(ctx, tx, now, c.Actor, audit.Event{Action: "api_client.unwatch", Kind: kind, Subject: c.Client, Agency: c.Actor.AgencyID, After: map[string]any{"watch": ref}})
	})
}
