package recognition

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// piece is how many recognitions follow a step of their arrangement in one transaction.
const piece = 500

// turn is a step of a whole arrangement that recognitions under it are still to follow.
type turn struct {
	Code   string
	Agency uuid.UUID
	State  arrangement.State // OnHold, Running, Terminated
	Reason string
	On     clock.Day
	At     time.Time // when it took effect
}

func (t turn) kind() string {
	return map[arrangement.State]string{arrangement.OnHold: Suspension, arrangement.Running: Reinstated, arrangement.Terminated: Lost}[t.State]
}

func (t turn) letter() string {
	return map[arrangement.State]string{arrangement.OnHold: "recognition_paused", arrangement.Running: "recognition_resumed", arrangement.Terminated: "recognition_ended"}[t.State]
}

// Follow carries a step of a whole arrangement to everybody: when it was suspended, resumed or
// ended, or its partner left, each company under it gets a letter and the partner an event for
// each member, and once an e-mail. It works in pieces of one transaction each and goes by what
// the rows say, so it may stop anywhere and go on, and any number of portals may run it at
// once. The portal itself; no person calls it. n counts recognitions.
func (s *Service) Follow(ctx context.Context) (n int, err error) {
	by := identity.ClockActor("recognition")
	k, err := s.knowledge(ctx, by)
	if err != nil {
		return 0, err
	}
	if err := s.tellAgencies(ctx, by, k); err != nil {
		return 0, err
	}
	for _, t := range k.turns {
		for {
			done, err := s.followPiece(ctx, by, t)
			n += done
			if err != nil {
				return n, fmt.Errorf("follow arrangement %s: %w", t.Code, err)
			}
			if done < piece {
				break
			}
		}
	}
	return n, nil
}

// tellAgencies writes once to each partner of an arrangement about the step that it took.
func (s *Service) tellAgencies(ctx context.Context, by identity.Actor, k knowledge) error {
	for _, x := range k.untold {
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			now := s.Now()
			r := tx.WithContext(ctx).Exec(`insert into arrangement_told (event_id, agency_id, told_at) values (?, ?, ?) on conflict do nothing`, x.Event, x.Agency, now)
			if r.Error != nil || r.RowsAffected == 0 {
				return r.Error
			}
			if err := s.Letters.ToAgency(ctx, tx, now, x.Agency, "/agency/notices"); err != nil {
				return err
			}
			return audit.Record(ctx, tx, now, by, audit.Event{Action: "arrangement.tell", Kind: arrangement.Subject, Subject: arrangement.ID(x.Code), Agency: x.Agency, After: map[string]any{"arrangement": x.Code}})
		})
		if err != nil {
			return fmt.Errorf("tell a partner of arrangement %s: %w", x.Code, err)
		}
	}
	return nil
}

// follower is a recognition that follows its arrangement.
type follower struct {
	Of          memberRow `gorm:"embedded"`
	Recognition uuid.UUID
	Status      Status
	Told        string
}

// followPiece lets the next recognitions follow, in one transaction. done counts them.
func (s *Service) followPiece(ctx context.Context, by identity.Actor, t turn) (done int, err error) {
	a, ok := s.Register.Get(t.Code)
	if !ok {
		return 0, nil
	}
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		var list []follower
		// What one portal works on, another leaves alone.
		err := tx.WithContext(ctx).Raw(`select r.id as recognition, r.status, r.told, `+memberColumns+fmt.Sprintf(partsOf, "?")+memberFrom+`join recognition r on r.membership_id = m.id
			where r.arrangement = ? and r.agency_id = ? and r.ended_at is null and (? = 'ended' or r.resting <> (? = 'suspended')) order by r.id limit ? for update of r skip locked`,
			now, t.Code, t.Agency, t.State, t.State, piece).Scan(&list).Error
		if err != nil {
			return fmt.Errorf("read who is to follow: %w", err)
		}
		if done = len(list); done == 0 {
			return nil
		}
		if still, err := s.still(ctx, tx, now, t); err != nil || !still {
			done = 0
			return err
		}
		return s.follow(ctx, tx, now, by, a, t, list)
	})
	return done, err
}

// still reports whether the arrangement is what it was when the work began.
func (s *Service) still(ctx context.Context, tx pg.Tx, now time.Time, t turn) (bool, error) {
	today, err := arrangement.Today(ctx, tx, now)
	if err != nil {
		return false, err
	}
	life, err := s.Register.LifeOf(ctx, tx, t.Code)
	if err != nil {
		return false, err
	}
	state := life.On(today, now)
	if t.Reason == NoPartner {
		var tied bool
		err := tx.WithContext(ctx).Raw(`select exists (select from arrangement_agency where arrangement = ? and agency_id = ? and until is null)`, t.Code, t.Agency).Scan(&tied).Error
		return !tied, err
	}
	return state == t.State, nil
}

// follow changes the rows of one piece, tells the partner of each, and writes to the companies.
func (s *Service) follow(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a arrangement.Arrangement, t turn, list []follower) error {
	var all, told pg.Strings // recognitions that follow, and those of which the partner hears
	letters := make([]notice.Letter, 0, len(list))
	events := make([]audit.Event, 0, len(list))
	for _, f := range list {
		m, err := f.Of.member()
		if err != nil {
			return err
		}
		o, _ := a.For(m.Programme)
		p, ok := s.Programmes.Get(m.Programme)
		if !ok {
			return fmt.Errorf("the portal has no programme %q", m.Programme)
		}
		tells, err := t.tells(f, m, o)
		if err != nil {
			return err
		}
		all = append(all, f.Recognition.String())
		if tells {
			told = append(told, f.Recognition.String())
		}
		letters = append(letters, notice.Letter{Company: m.CompanyID, SubjectKind: Kind, SubjectID: f.Recognition, Programme: p, Code: t.letter(),
			Values: map[string]string{"membership_number": m.Number, "partner": o.Partner + " (" + o.Authority + ")", "reason": ReasonName(t.Reason)}, Days: map[string]time.Time{"effective_on": t.On.Start(time.UTC)}})
		events = append(events, audit.Event{Action: map[bool]string{true: "recognition.end", false: "recognition.tell"}[t.State == arrangement.Terminated], Kind: Kind, Subject: f.Recognition, Company: m.CompanyID, Agency: t.Agency,
			Reason: t.Reason, After: map[string]any{"arrangement": t.Code, "event": t.kind(), "effective_on": t.On}})
	}
	if err := t.keep(ctx, tx, now, all, told); err != nil {
		return err
	}
	if err := t.tell(ctx, tx, now, told); err != nil {
		return err
	}
	if err := s.Letters.ToMembers(ctx, tx, now, by, letters); err != nil {
		return err
	}
	return audit.RecordAll(ctx, tx, now, by, events)
}

// tells reports whether the step changes what the partner was told of a member: one that was
// suspended for itself stays so, whatever becomes of the arrangement.
func (t turn) tells(f follower, m Member, o arrangement.Operative) (bool, error) {
	switch t.State {
	case arrangement.Terminated:
		_, err := Lifecycle().Next(f.Status, EndByPortal, identity.Clock, Facts{})
		return true, err
	case arrangement.OnHold:
		return f.Told == "active", nil
	}
	x := m.standingFor(o, t.On)
	return f.Told == "suspended" && x.State == "active" && x.Reason == "", nil
}

func (t turn) keep(ctx context.Context, tx pg.Tx, now time.Time, all, told pg.Strings) (err error) {
	db := tx.WithContext(ctx)
	switch t.State {
	case arrangement.Terminated:
		err = db.Exec(`update recognition set status = 'ended', ended_at = ?, end_reason = ?, told = 'ended', resting = false, version = version + 1 where id = any(?::uuid[])`, now, t.Reason, all).Error
	case arrangement.OnHold:
		err = db.Exec(`update recognition set resting = true, told = 'suspended', version = version + 1 where id = any(?::uuid[])`, all).Error
	default:
		err = db.Exec(`update recognition set resting = false, told = case when id = any(?::uuid[]) then 'active' else told end, version = version + 1 where id = any(?::uuid[])`, told, all).Error
	}
	if err != nil {
		return fmt.Errorf("keep the recognitions: %w", err)
	}
	return nil
}

// tell writes what the partner is told of many members, as tell does for one.
func (t turn) tell(ctx context.Context, tx pg.Tx, now time.Time, told pg.Strings) error {
	if len(told) == 0 {
		return nil
	}
	if err := tx.WithContext(ctx).Exec(`select pg_advisory_xact_lock(hashtext('recognition_event'))`).Error; err != nil {
		return fmt.Errorf("wait for the events of partners: %w", err)
	}
	ids := make(pg.Strings, len(told))
	for i := range ids {
		ids[i] = pg.NewID().String()
	}
	at := t.At
	if at.After(now) {
		at = now
	}
	err := tx.WithContext(ctx).Exec(`insert into recognition_event (id, agency_id, arrangement, recognition_id, membership_id, company_id, kind, reason, effective_on, effective_at, occurred_at, payload)
		select x.id, r.agency_id, r.arrangement, r.id, r.membership_id, r.company_id, @kind, @reason, cast(@on as date), cast(@at as timestamptz), cast(@now as timestamptz),
		  jsonb_build_object('kind', cast(@kind as text), 'reason', cast(@reason as text), 'arrangement', r.arrangement, 'recognition', r.id, 'membership', r.membership_id, 'effective_on', cast(@on as text))
		from unnest(cast(@ids as uuid[]), cast(@told as uuid[])) x(id, recognition) join recognition r on r.id = x.recognition order by r.id`,
		map[string]any{"kind": t.kind(), "reason": t.Reason, "on": t.On.String(), "at": at, "now": now, "ids": ids, "told": told}).Error
	if err != nil {
		return fmt.Errorf("tell the partner: %w", err)
	}
	return nil
}

// Reasons of events that follow from a whole arrangement.
func wholeReasons() pg.Strings {
	return pg.Strings{ArrangementSuspended, ArrangementResumed, ArrangementEnded}
}

// OfWhole reports whether an event with this reason follows from a step of a whole arrangement,
// and so is one of many.
func OfWhole(reason string) bool { return slices.Contains(wholeReasons(), reason) }

// AcknowledgeWhole says that the partner has acted on everything that followed from steps of
// whole arrangements: a step about all members is not acknowledged member by member. Its
// officers and administrators may. n counts the notices. Conflict: there is none.
func (s *Service) AcknowledgeWhole(ctx context.Context, by identity.Actor) (n int, err error) {
	if err := officer(by); err != nil {
		return 0, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(`insert into recognition_ack (event_id, agency_id, delivered_at, delivered_by, acknowledged_at, acknowledged_by, acknowledger)
			select e.id, e.agency_id, greatest(e.occurred_at, cast(@now as timestamptz)), 'page', greatest(e.occurred_at, cast(@now as timestamptz)), cast(@person as uuid), cast(@name as text)
			from recognition_event e left join recognition_ack k on k.event_id = e.id
			where e.agency_id = @agency and e.reason = any(cast(@reasons as text[])) and k.acknowledged_at is null
			on conflict (event_id) do update set delivered_at = coalesce(recognition_ack.delivered_at, excluded.delivered_at), delivered_by = case when recognition_ack.delivered_at is null then 'page' else recognition_ack.delivered_by end,
			acknowledged_at = greatest(excluded.acknowledged_at, recognition_ack.delivered_at), acknowledged_by = excluded.acknowledged_by, acknowledger = excluded.acknowledger
			where recognition_ack.acknowledged_at is null`,
			map[string]any{"now": now, "person": by.PersonID, "name": by.Name, "agency": by.AgencyID, "reasons": wholeReasons()})
		if r.Error != nil {
			return fmt.Errorf("acknowledge: %w", r.Error)
		}
		if n = int(r.RowsAffected); n == 0 {
			return fault.New(fault.Conflict, "No notice of a whole arrangement waits for you")
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "recognition.acknowledge_all", Kind: "agency", Subject: by.AgencyID, Agency: by.AgencyID, After: map[string]any{"notices": n}})
	})
	return n, err
}

// Step is what became of a whole arrangement, as its partner reads it.
type Step struct {
	Arrangement string
	Kind        arrangement.Kind
	OnDay       clock.Day
}

// untold is a step of which a partner has not been told.
type untold struct {
	Code          string
	Event, Agency uuid.UUID
}

// turnsOf finds what is still to be followed, and who has not been told.
func (k *knowledge) turnsOf(now time.Time, at *time.Location, ties []tied, told []toldRow) {
	for _, t := range ties {
		life, ok := k.lives[t.Arrangement]
		if !ok {
			continue
		}
		state := life.On(k.today, now)
		e, changed := life.Step(k.today, now)
		x := turn{Code: t.Arrangement, Agency: t.AgencyID, State: state, On: k.today, At: now}
		if changed {
			x.On, x.At = e.OnDay, latest(e.OnDay.Start(at), e.RecordedAt)
			whole := slices.Contains(arrangement.Together(), e.Kind)
			if whole && t.Tied && !slices.Contains(told, toldRow{e.ID, t.AgencyID}) {
				k.untold = append(k.untold, untold{t.Arrangement, e.ID, t.AgencyID})
			}
		}
		switch {
		case !t.Resting && !t.Moving:
			continue
		case state == arrangement.Terminated:
			x.Reason = ArrangementEnded
		case !t.Tied:
			x.State, x.Reason, x.On, x.At = arrangement.Terminated, NoPartner, k.today, now
		case state == arrangement.OnHold && t.Moving:
			x.Reason = ArrangementSuspended
		case state == arrangement.Running && t.Resting:
			x.Reason = ArrangementResumed
		default:
			continue
		}
		k.turns = append(k.turns, x)
	}
}

// tied is an agency with an arrangement, and whether members are under it.
type tied struct {
	Arrangement     string
	AgencyID        uuid.UUID
	Tied            bool
	Resting, Moving bool // members that were told of a suspension of the whole, and others
}

type toldRow struct{ EventID, AgencyID uuid.UUID }
