package recognition

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Every is how often Propagate runs, and AckWithin how long a partner has to acknowledge
// before headquarters is alarmed.
const (
	Every     = 15 * time.Second
	AckWithin = 24 * time.Hour
)

// batch bounds how many recognitions one round looks at.
const batch = 500

// Propagate tells partners what has happened to members that they see: a membership was
// suspended, reinstated or ended, its tier is no longer covered, or its whole arrangement took
// a step (Follow). It compares what each membership is on the present day
// with what its partners were told last, so that a suspension of a later day leaves on that
// day, one that was overturned is taken back, and nothing is told twice. Lately looks only at
// memberships with events of the last days, which is quick; otherwise at all. Any number of
// portals may run it at once. The portal itself; no person calls it.
func (s *Service) Propagate(ctx context.Context, lately bool) (told int, err error) {
	by := identity.ClockActor("recognition")
	if told, err = s.Follow(ctx); err != nil {
		return told, err
	}
	k, err := s.knowledge(ctx, by)
	if err != nil {
		return told, err
	}
	after := uuid.Nil
	for {
		now := s.Now()
		var rows []candidate
		err := s.DB.Batch(ctx, by.Scope(), pg.All(&rows, `select r.id as recognition, r.told, r.arrangement, r.agency_id, `+memberColumns+fmt.Sprintf(partsOf, "$3")+memberFrom+`join recognition r on r.membership_id = m.id
			where r.ended_at is null and r.id > $1 and (not $2 or r.membership_id in (
			  select membership_id from standing_event where recorded_at > $3::timestamptz - interval '2 days'
			  union select membership_id from standing_event where effective_on between ($3::timestamptz - interval '2 days')::date and ($3::timestamptz + interval '1 day')::date))
			order by r.id limit $4`, after, lately, now, batch))
		if err != nil {
			return told, fmt.Errorf("look for what partners are to be told: %w", err)
		}
		for _, x := range rows {
			after = x.Recognition
			m, err := x.member()
			if err != nil {
				return told, err
			}
			if s.difference(k, now, Recognition{Arrangement: x.Arrangement, AgencyID: x.AgencyID, Told: x.Told}, m).Kind == "" {
				continue
			}
			done, err := s.look(ctx, by, x.Recognition)
			if err != nil {
				return told, fmt.Errorf("recognition %s: %w", x.Recognition, err)
			}
			if done {
				told++
			}
		}
		if len(rows) < batch {
			return told, nil
		}
	}
}

// candidate is a recognition that may differ from what its partner was told.
type candidate struct {
	memberRow
	Recognition uuid.UUID
	Told        string
	Arrangement string
	AgencyID    uuid.UUID
}

// knowledge is what holds for all members alike: what each arrangement is today, and who its
// partners are.
type knowledge struct {
	lives  map[string]arrangement.Life
	ties   map[string]bool // by arrangement and agency
	today  clock.Day
	turns  []turn   // steps of whole arrangements that recognitions are still to follow
	untold []untold // and of which a partner has not been told
}

func tieKey(code string, agency uuid.UUID) string { return code + " " + agency.String() }

func (s *Service) knowledge(ctx context.Context, by identity.Actor) (k knowledge, err error) {
	var events []arrangement.Row
	var zone string
	var ties []tied
	var told []toldRow
	err = s.DB.Batch(ctx, by.Scope(), arrangement.Known(&events, ""), arrangement.Zone(&zone), pg.All(&ties, `select arrangement, agency_id, bool_or(tied) as tied, bool_or(resting) as resting, bool_or(moving) as moving from (
		select arrangement, agency_id, true as tied, false as resting, false as moving from arrangement_agency where until is null
		union all (select arrangement, agency_id, false, bool_or(resting), bool_or(not resting) from recognition where ended_at is null group by arrangement, agency_id)) x group by arrangement, agency_id`),
		pg.All(&told, `select event_id, agency_id from arrangement_told`))
	if err != nil {
		return k, fmt.Errorf("read the arrangements: %w", err)
	}
	at, err := time.LoadLocation(zone)
	if err != nil {
		return k, fmt.Errorf("read the zone of headquarters: %w", err)
	}
	now := s.Now()
	k = knowledge{lives: s.Register.Lives(events), ties: map[string]bool{}, today: clock.DayOf(now, at)}
	for _, t := range ties {
		k.ties[tieKey(t.Arrangement, t.AgencyID)] = t.Tied
	}
	k.turnsOf(now, at, ties, told)
	return k, nil
}

// look compares one recognition with what its membership is now, and tells the partner the
// difference, in one transaction.
func (s *Service) look(ctx context.Context, by identity.Actor, id uuid.UUID) (done bool, err error) {
	k, err := s.knowledge(ctx, by)
	if err != nil {
		return false, err
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		done = false
		now := s.Now()
		r, err := lock(ctx, tx, id)
		if err != nil || !r.Live() {
			return err
		}
		m, err := memberOf(ctx, tx, now, r.MembershipID, false)
		if err != nil {
			return err
		}
		h := s.difference(k, now, r, m)
		if h.Kind == "" {
			return nil
		}
		done = true
		if h.Kind == Lost {
			return s.end(ctx, tx, now, by, &r, EndByPortal, h)
		}
		r.Told = map[string]string{Suspension: "suspended", Reinstated: "active"}[h.Kind]
		if err := tx.WithContext(ctx).Exec(`update recognition set told = ?, version = version + 1 where id = ?`, r.Told, r.ID).Error; err != nil {
			return fmt.Errorf("keep what the partner was told: %w", err)
		}
		if err := tell(ctx, tx, now, r, h); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "recognition.tell", Kind: Kind, Subject: r.ID, Company: r.CompanyID, Agency: r.AgencyID, Reason: h.Reason,
			After: map[string]any{"event": h.Kind, "effective_on": h.On}})
	})
	return done, err
}

// difference is what the partner is still to be told of a recognition; an empty kind: nothing.
func (s *Service) difference(k knowledge, now time.Time, r Recognition, m Member) (h happening) {
	a, _ := s.Register.Get(r.Arrangement)
	o, ok := a.For(m.Programme)
	state := k.lives[r.Arrangement].On(k.today, now)
	switch {
	case !ok:
		return happening{Kind: Lost, Reason: ArrangementEnded, On: k.today, EffectiveAt: now}
	case state == arrangement.Terminated || !k.ties[tieKey(r.Arrangement, r.AgencyID)]:
		return happening{} // all of them at once: Follow
	}
	x := m.standingFor(o, k.today)
	h = happening{Reason: x.Reason, On: x.Since, EffectiveAt: x.At}
	switch {
	case x.State == "ended", x.State == "active" && x.Reason != "":
		h.Kind = Lost
	case x.State == "suspended" && r.Told != "suspended":
		h.Kind = Suspension
	case x.State == "active" && r.Told == "suspended" && state != arrangement.OnHold:
		h.Kind, h.Reason = Reinstated, ""
	}
	return h
}

// Alarm tells headquarters of suspensions and ends that a partner has not acknowledged within
// AckWithin, once for each. The portal itself; no person calls it.
func (s *Service) Alarm(ctx context.Context) (n int, err error) {
	by := identity.ClockActor("recognition")
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		var late []struct{ ID, RecognitionID uuid.UUID }
		err := tx.WithContext(ctx).Raw(`insert into recognition_ack (event_id, agency_id, alarmed_at)
			select e.id, e.agency_id, ? from recognition_event e left join recognition_ack k on k.event_id = e.id
			where e.kind in ('lost', 'suspended') and e.occurred_at <= ? and k.acknowledged_at is null and k.alarmed_at is null order by e.seq limit 5000
			on conflict (event_id) do update set alarmed_at = excluded.alarmed_at where recognition_ack.alarmed_at is null and recognition_ack.acknowledged_at is null
			returning event_id as id, (select recognition_id from recognition_event where id = event_id) as recognition_id`, now, now.Add(-AckWithin)).Scan(&late).Error
		if err != nil {
			return fmt.Errorf("look for what partners have not acknowledged: %w", err)
		}
		if n = len(late); n == 0 {
			return nil
		}
		var chiefs []uuid.UUID
		if err := tx.WithContext(ctx).Raw(`select distinct person_id from person_right where audience = 'staff' and role = 'headquarters' and ended_at is null order by 1 limit 20`).Scan(&chiefs).Error; err != nil {
			return fmt.Errorf("find headquarters: %w", err)
		}
		if err := s.Letters.ToStaff(ctx, tx, now, chiefs, Kind, late[0].RecognitionID); err != nil { // one e-mail, whatever their number: it says that something waits
			return err
		}
		events := make([]audit.Event, len(late))
		for i, x := range late {
			events[i] = audit.Event{Action: "recognition.alarm", Kind: "recognition_event", Subject: x.ID, Internal: true}
		}
		return audit.RecordAll(ctx, tx, now, by, events)
	})
	return n, err
}

// Speed is how fast one partner is told and acknowledges. Durations are of the last 90 days;
// nil: there is nothing to measure.
type Speed struct {
	Agency      string
	Told        int      // suspensions and ends
	Open        int      // of them not acknowledged
	Late        int      // of these for more than AckWithin
	LeaveMedian *float64 // seconds from taking effect to leaving
	Leave95     *float64
	AckMedian   *float64 // seconds from taking effect to the acknowledgement
	Ack95       *float64
}

// Speeds measures the partners of an arrangement. Case readers may.
func (s *Service) Speeds(ctx context.Context, by identity.Actor, code string) (out []Speed, err error) {
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return nil, fault.Missing()
	}
	now := s.Now()
	err = s.DB.Batch(ctx, by.Scope(), pg.All(&out, `select a.name as agency, count(*)::int as told, count(*) filter (where k.acknowledged_at is null)::int as open,
		count(*) filter (where k.acknowledged_at is null and e.occurred_at <= $3)::int as late,
		percentile_cont(0.5) within group (order by extract(epoch from e.occurred_at - e.effective_at))::float8 as leave_median,
		percentile_cont(0.95) within group (order by extract(epoch from e.occurred_at - e.effective_at))::float8 as leave95,
		(percentile_cont(0.5) within group (order by extract(epoch from k.acknowledged_at - e.effective_at)))::float8 as ack_median,
		(percentile_cont(0.95) within group (order by extract(epoch from k.acknowledged_at - e.effective_at)))::float8 as ack95
		from recognition_event e join agency a on a.id = e.agency_id left join recognition_ack k on k.event_id = e.id
		where e.arrangement = $1 and e.kind in ('lost', 'suspended') and e.occurred_at > $2 group by a.id, a.name order by a.name`, code, now.AddDate(0, 0, -90), now.Add(-AckWithin)))
	if err != nil {
		return nil, fmt.Errorf("measure the partners: %w", err)
	}
	return out, nil
}
