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

// Proposal is a step of an arrangement that waits for a second person, or did.
type Proposal struct {
	ID           uuid.UUID
	Arrangement  string
	Kind         Kind
	OnDay        clock.Day
	Source       string
	Note         string
	ProposedAt   time.Time
	ProposedBy   uuid.UUID
	Proposer     string
	DecidedAt    *time.Time
	Decider      string
	Decision     string // empty: open; approved, refused, taken_back
	DecisionNote string
	Version      int
}

// Open reports whether nothing is decided about it.
func (p Proposal) Open() bool { return p.Decision == "" }

const proposalColumns = `p.id, p.arrangement, p.kind, p.on_day, p.source, p.note, p.proposed_at, p.proposed_by, p.proposer, p.decided_at, p.decider, p.decision, p.decision_note, p.version`

// ProposeEntry is a step that takes two persons.
type ProposeEntry struct {
	Kind   Kind
	Day    string // 2026-03-04, from today on
	Source string
	Note   string
}

// Propose suggests to suspend, resume or end an arrangement. Headquarters may; another person
// of headquarters decides. One proposal is open at a time.
func (s *Service) Propose(ctx context.Context, by identity.Actor, code string, in ProposeEntry) (p Proposal, err error) {
	if err := keeper(by); err != nil {
		return p, err
	}
	if _, ok := s.Register.Get(code); !ok {
		return p, fault.Missing()
	}
	var k entry.Check
	k.OneOf("step", "the step", string(in.Kind), string(Suspended), string(Resumed), string(Ended))
	now := s.Now()
	day, err := clock.ParseDay(in.Day)
	if err != nil || day.After(clock.DayOf(now, time.UTC).AddYears(ahead)) {
		k.Add("from", "Enter the first day on which it counts")
	}
	p = Proposal{ID: pg.NewID(), Arrangement: code, Kind: in.Kind, OnDay: day, ProposedAt: now, ProposedBy: by.PersonID, Proposer: by.Name, Version: 1}
	p.Source, p.Note = k.Line("basis", "the basis of the step", in.Source, 3, 1000), k.Text("reasons", "the reasons", in.Note, 3, 4000)
	if err := k.Err(); err != nil {
		return p, err
	}
	return p, s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := lock(ctx, tx, code); err != nil {
			return err
		}
		if err := s.fits(ctx, tx, now, p, "from"); err != nil {
			return err
		}
		err := tx.WithContext(ctx).Exec(`insert into arrangement_proposal (id, arrangement, kind, on_day, source, note, proposed_at, proposed_by, proposer)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?)`, p.ID, code, p.Kind, p.OnDay, p.Source, p.Note, now, by.PersonID, by.Name).Error
		if pg.Constraint(err) == "one_open_arrangement_proposal" {
			return fault.New(fault.Conflict, "A proposal about this arrangement waits for a decision. Decide on it first")
		}
		if err != nil {
			return fmt.Errorf("propose: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "arrangement.propose", Kind: Subject, Subject: ID(code), Internal: true, Reason: p.Note,
			After: map[string]any{"arrangement": code, "event": p.Kind, "on": p.OnDay, "source": p.Source}})
	})
}

// fits refuses a step that would change nothing, or that reaches back.
func (s *Service) fits(ctx context.Context, tx pg.Tx, now time.Time, p Proposal, field string) error {
	today, err := Today(ctx, tx, now)
	if err != nil {
		return err
	}
	if p.OnDay.Before(today) {
		return fault.Fail([]fault.Field{fault.F(field, "Enter a day that is not in the past")})
	}
	l, err := s.Register.LifeOf(ctx, tx, p.Arrangement)
	if err != nil {
		return err
	}
	if s.idle(l, Event{ID: p.ID, Kind: p.Kind, OnDay: p.OnDay, RecordedAt: now}, now) {
		return fault.New(fault.Conflict, "On that day the arrangement is %s, so this step would change nothing. Choose another step or day", l.On(p.OnDay, now).Name())
	}
	return nil
}

// DecideEntry is what a second person says to a proposal.
type DecideEntry struct {
	Version int
	Note    string
}

// Approve lets a proposed step happen. Another person of headquarters than the one who
// proposed may.
func (s *Service) Approve(ctx context.Context, by identity.Actor, code string, id uuid.UUID, in DecideEntry) error {
	return s.decide(ctx, by, code, id, in, "approved")
}

// Refuse lets a proposed step fall. The same persons may, and say why.
func (s *Service) Refuse(ctx context.Context, by identity.Actor, code string, id uuid.UUID, in DecideEntry) error {
	return s.decide(ctx, by, code, id, in, "refused")
}

// TakeBack ends a proposal before anything is decided. Only the person who proposed may.
func (s *Service) TakeBack(ctx context.Context, by identity.Actor, code string, id uuid.UUID, in DecideEntry) error {
	return s.decide(ctx, by, code, id, in, "taken_back")
}

func (s *Service) decide(ctx context.Context, by identity.Actor, code string, id uuid.UUID, in DecideEntry, decision string) error {
	if err := keeper(by); err != nil {
		return err
	}
	var k entry.Check
	least := 0
	if decision == "refused" {
		least = 3
	}
	note := k.Text("decision_note", "the reason", in.Note, least, 4000)
	if err := k.Err(); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if err := lock(ctx, tx, code); err != nil {
			return err
		}
		var list []Proposal
		err := tx.WithContext(ctx).Raw(`select `+proposalColumns+` from arrangement_proposal p where p.id = ? and p.arrangement = ? for update`, id, code).Scan(&list).Error
		if err != nil {
			return fmt.Errorf("open the proposal: %w", err)
		}
		if len(list) == 0 {
			return fault.Missing()
		}
		p := list[0]
		switch own := p.ProposedBy == by.PersonID; {
		case p.Version != in.Version:
			return fault.Moved()
		case !p.Open():
			return fault.New(fault.Conflict, "This proposal was decided already")
		case own && decision != "taken_back":
			return fault.New(fault.Conflict, "You proposed this step yourself, so another person of headquarters must decide")
		case !own && decision == "taken_back":
			return fault.New(fault.Conflict, "Only the person who proposed a step takes it back")
		}
		var event *uuid.UUID
		if decision == "approved" {
			if err := s.fits(ctx, tx, now, p, "decision_note"); err != nil {
				return err
			}
			e := Event{ID: pg.NewID(), Arrangement: code, Kind: p.Kind, OnDay: p.OnDay, RecordedAt: now, Recorder: p.Proposer, Approver: by.Name, Source: p.Source, Note: p.Note}
			if err := add(ctx, tx, e, &p.ProposedBy, &by.PersonID); err != nil {
				return err
			}
			event = &e.ID
		}
		err = tx.WithContext(ctx).Exec(`update arrangement_proposal set decided_at = ?, decided_by = ?, decider = ?, decision = ?, decision_note = ?, event_id = ?, version = version + 1 where id = ?`,
			now, by.PersonID, by.Name, decision, note, event, id).Error
		if err != nil {
			return fmt.Errorf("decide on the proposal: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: map[string]string{"approved": "arrangement.approve", "refused": "arrangement.refuse", "taken_back": "arrangement.take_back"}[decision],
			Kind: Subject, Subject: ID(code), Internal: true, Reason: note, After: map[string]any{"arrangement": code, "event": p.Kind, "on": p.OnDay}})
	})
}
