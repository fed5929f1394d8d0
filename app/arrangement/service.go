package arrangement

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Subject names arrangements in audit events.
const Subject = "arrangement"

// ahead bounds how far in the future a day may be, in years.
const ahead = 5

// Service is what headquarters does with the register.
type Service struct {
	DB       *pg.DB
	Now      func() time.Time
	Register *Register
}

// ID is the id of an arrangement in audit events, made from its code.
func ID(code string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte("arrangement:"+code)) }

// keeper lets headquarters through.
func keeper(by identity.Actor) error {
	if by.Audience != identity.Staff || !by.Is(identity.Headquarters) {
		return fault.Missing()
	}
	return nil
}

// reader lets the agency's case readers through.
func reader(by identity.Actor) error {
	if by.Audience != identity.Staff || !by.Is(identity.CaseReaders...) {
		return fault.Missing()
	}
	return nil
}

// RecordEntry is a phase, the signature or the start of an arrangement.
type RecordEntry struct {
	Kind   Kind
	Phase  string // code, of a phase
	Day    string // 2026-03-04
	Source string // where it stands
	Note   string
}

// Record adds a phase, the signature or the start to an arrangement's life, also in hindsight.
// Headquarters may. What is recorded stays; Overturn takes it back.
func (s *Service) Record(ctx context.Context, by identity.Actor, code string, in RecordEntry) (e Event, err error) {
	if err := keeper(by); err != nil {
		return e, err
	}
	a, ok := s.Register.Get(code)
	if !ok {
		return e, fault.Missing()
	}
	var k entry.Check
	k.OneOf("kind", "what happened", string(in.Kind), string(Phase), string(Signature), string(Start))
	phase := ""
	if in.Kind == Phase {
		if _, ok := s.Register.Phase(in.Phase); !ok {
			k.Add("phase", "Choose the phase")
		}
		phase = in.Phase
	}
	now := s.Now()
	e = Event{ID: pg.NewID(), Arrangement: a.Code, Kind: in.Kind, Phase: phase, RecordedAt: now, Recorder: by.Name}
	day, err := clock.ParseDay(in.Day)
	if err != nil || day.Year() < 1990 || day.After(clock.DayOf(now, time.UTC).AddYears(ahead)) {
		k.Add("on_day", "Enter the day on which it counts, between 1990 and %d years from now", ahead)
	}
	e.OnDay, e.Source, e.Note = day, k.Line("source", "where this stands", in.Source, 3, 1000), k.Text("note", "the note", in.Note, 0, 4000)
	if err := k.Err(); err != nil {
		return e, err
	}
	return e, s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := lock(ctx, tx, code); err != nil {
			return err
		}
		l, err := s.Register.LifeOf(ctx, tx, code)
		if err != nil {
			return err
		}
		if s.idle(l, e, now) {
			return fault.New(fault.Conflict, "This would change nothing: the portal holds it to be so already. Look at the life of the arrangement")
		}
		if err := add(ctx, tx, e, &by.PersonID, nil); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "arrangement.record", Kind: Subject, Subject: ID(code), Internal: true, Reason: e.Note,
			After: map[string]any{"arrangement": code, "event": e.Kind, "phase": e.Phase, "on": e.OnDay, "source": e.Source}})
	})
}

// idle reports whether an event would change nothing.
func (s *Service) idle(l Life, e Event, now time.Time) bool {
	if e.Kind == Phase {
		on, ok := l.Reached(e.Phase, now)
		return ok && on == e.OnDay
	}
	before := l.On(e.OnDay, now)
	l.Events = append(append([]Event{}, l.Events...), e)
	return l.On(e.OnDay, e.RecordedAt) == before
}

// Overturn takes back a phase, a signature or a start that was recorded wrongly. Headquarters
// may. What two persons decided is not taken back: they decide the opposite.
func (s *Service) Overturn(ctx context.Context, by identity.Actor, code string, id uuid.UUID, why string) error {
	if err := keeper(by); err != nil {
		return err
	}
	if _, ok := s.Register.Get(code); !ok {
		return fault.Missing()
	}
	var k entry.Check
	why = k.Line("why", "why it was wrong", why, 3, 1000)
	if err := k.Err(); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := lock(ctx, tx, code); err != nil {
			return err
		}
		l, err := s.Register.LifeOf(ctx, tx, code)
		if err != nil {
			return err
		}
		for _, e := range l.Events {
			if e.ID != id {
				continue
			}
			if l.Fallen(id, now) || e.Kind == Overturned {
				return fault.New(fault.Conflict, "This was taken back already")
			}
			if e.Kind != Phase && e.Kind != Signature && e.Kind != Start {
				return fault.New(fault.Conflict, "Two persons decided this. Propose the opposite, and a second person decides")
			}
			back := Event{ID: pg.NewID(), Arrangement: code, Kind: Overturned, OnDay: e.OnDay, RecordedAt: now, Recorder: by.Name, Source: why, Undoes: &id}
			if err := add(ctx, tx, back, &by.PersonID, nil); err != nil {
				return err
			}
			return audit.Record(ctx, tx, now, by, audit.Event{Action: "arrangement.overturn", Kind: Subject, Subject: ID(code), Internal: true, Reason: why,
				Before: map[string]any{"arrangement": code, "event": e.Kind, "phase": e.Phase, "on": e.OnDay}})
		}
		return fault.Missing()
	})
}

// Tie makes a customs agency the partner of an arrangement. Headquarters may. Twice is once.
func (s *Service) Tie(ctx context.Context, by identity.Actor, code string, agency uuid.UUID) error {
	if err := keeper(by); err != nil {
		return err
	}
	a, ok := s.Register.Get(code)
	if !ok {
		return fault.Missing()
	}
	if !a.Ours() {
		return fault.New(fault.Conflict, "No programme of this portal takes part in this arrangement, so it has no partner here")
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var yes bool
		if err := tx.WithContext(ctx).Raw(`select exists (select from agency where id = ? and kind = 'customs')`, agency).Scan(&yes).Error; err != nil {
			return fmt.Errorf("look for the agency: %w", err)
		}
		if !yes {
			return fault.Fail([]fault.Field{fault.F("agency", "Choose an agency")})
		}
		r := tx.WithContext(ctx).Exec(`insert into arrangement_agency (arrangement, agency_id, since) select ?, ?, greatest(?::timestamptz, max(until)) from arrangement_agency where arrangement = ? and agency_id = ?
			on conflict (arrangement, agency_id) where until is null do nothing`, code, agency, now, code, agency)
		if r.Error != nil {
			return fmt.Errorf("tie the agency to the arrangement: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return nil
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "arrangement.tie", Kind: Subject, Subject: ID(code), Agency: agency, Internal: true, After: map[string]any{"arrangement": code}})
	})
}

// Untie ends what Tie began: the agency sees nothing under the arrangement any more.
// Headquarters may. Members that it recognises keep their rows until the clock ends them.
func (s *Service) Untie(ctx context.Context, by identity.Actor, code string, agency uuid.UUID) error {
	if err := keeper(by); err != nil {
		return err
	}
	if _, ok := s.Register.Get(code); !ok {
		return fault.Missing()
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		r := tx.WithContext(ctx).Exec(`update arrangement_agency set until = greatest(?::timestamptz, since + interval '1 microsecond') where arrangement = ? and agency_id = ? and until is null`, now, code, agency)
		if r.Error != nil {
			return fmt.Errorf("untie the agency: %w", r.Error)
		}
		if r.RowsAffected == 0 {
			return fault.Missing()
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "arrangement.untie", Kind: Subject, Subject: ID(code), Agency: agency, Internal: true, Before: map[string]any{"arrangement": code}})
	})
}
