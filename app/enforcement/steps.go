package enforcement

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// work is a case under the lock of one step.
type work struct {
	*Case
	member member
	rules  *programme.Programme
	today  clock.Day // at the office in charge
	now    time.Time
	by     identity.Actor
	tx     pg.Tx
}

// step locks a case for a step of an actor and checks the version that they saw.
func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int, may func(Case) error, do func(w work) error) error {
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, m, err := lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if err := may(c); err != nil {
			return err
		}
		if c.Version != version {
			return fault.Moved()
		}
		w, err := s.Steps.work(tx, now, by, &c, m)
		if err != nil {
			return err
		}
		return do(w)
	})
}

func (s *Steps) work(tx pg.Tx, now time.Time, by identity.Actor, c *Case, m member) (w work, err error) {
	w = work{Case: c, member: m, now: now, by: by, tx: tx}
	if w.rules, err = s.Rules(*c); err != nil {
		return w, err
	}
	w.today, err = m.today(now)
	return w, err
}

func office(by identity.Actor) func(Case) error {
	return func(c Case) error { return worker(by, c.OfficeID) }
}

func company(by identity.Actor) func(Case) error {
	return func(Case) error { return companion(by) }
}

// facts are what the table of moves asks about a case. The proposal is the open one; nil:
// there is none.
func (s *Steps) facts(ctx context.Context, w work, p *Proposal) (f Facts, err error) {
	f = Facts{Held: w.Held(), Stays: w.Held(), Suspends: len(w.Suspended) > 0, Asked: w.AsksOn != nil, Published: w.PublishedAt != nil}
	for _, g := range w.rules.Enforcement.Grounds {
		f.Emergency = f.Emergency || g.Emergency
	}
	if p == nil {
		return f, nil
	}
	g, _ := w.rules.Enforcement.Ground(p.Ground)
	after := *w.Case
	after.take(*p)
	f.Asks, f.Stays, f.Own = g.AnswerClock != "", after.Held(), p.ProposedBy == w.by.PersonID
	if !f.Asks || w.Status != Notified {
		return f, nil
	}
	views, err := s.Clocks.Of(ctx, w.tx, w.now, Kind, w.ID)
	if err != nil {
		return f, err
	}
	v, ok := clock.Find(views, g.AnswerClock)
	f.TimeOver = ok && v.Reading.State == clock.Overdue
	return f, nil
}

// take says what is in force once a proposal is.
func (c *Case) take(p Proposal) {
	switch p.Measure {
	case programme.Suspend:
		c.Suspended = with(c.Suspended, p.Types)
	case programme.Limit:
		c.Limited, c.Benefits = with(c.Limited, p.Types), p.Benefits
	case programme.Remove, programme.Annul:
		c.Suspended, c.Limited = without(c.Suspended, p.Types), without(c.Limited, p.Types)
	}
}

// open actions are those of which the company is told; of all others it learns nothing.
func (a Action) open() bool {
	switch a {
	case Notify, Answer, Approve, SuspendNow, Confirm, Lift, Extend, KeepDay, ApproveEnd, Publish:
		return true
	}
	return false
}

// move makes one move of Lifecycle and saves it with its event, its entry and the named
// columns.
func (s *Steps) move(ctx context.Context, w work, do Action, f Facts, after map[string]any, columns ...string) (err error) {
	from := w.Status
	if w.Status, err = Lifecycle().Next(from, do, w.by.Role, f); err != nil {
		return err
	}
	if w.Status == Closed && w.ClosedAt == nil {
		w.ClosedAt = &w.now
		columns = append(columns, "closed_at")
	}
	if err := pg.Update(ctx, w.tx, w.Case, w.ID, &w.Version, append(columns, "status")...); err != nil {
		return fmt.Errorf("%s in case %s: %w", do, w.Reference, err)
	}
	if err := write(ctx, w.tx, w.now, w.by, *w.Case, string(do), f.Text, !do.open()); err != nil {
		return err
	}
	said := map[string]any{"reference": w.Reference, "status": w.Status}
	maps.Copy(said, after)
	return record(ctx, w.tx, w.now, w.by, *w.Case, audit.Event{Action: "enforcement." + string(do), Before: map[string]any{"status": from}, After: said, Reason: f.Text, Internal: !do.open()})
}

// versionOnly is a column that stays as it is: saving it lets the version grow, for a change
// of something that belongs to the case.
const versionOnly = "worker_id"

// note records a step that leaves the state as it is.
func (s *Steps) note(ctx context.Context, w work, what, text string, internal bool, after map[string]any, columns ...string) error {
	if columns != nil {
		if err := pg.Update(ctx, w.tx, w.Case, w.ID, &w.Version, columns...); err != nil {
			return fmt.Errorf("%s in case %s: %w", what, w.Reference, err)
		}
	}
	if err := write(ctx, w.tx, w.now, w.by, *w.Case, what, text, internal); err != nil {
		return err
	}
	said := map[string]any{"reference": w.Reference}
	maps.Copy(said, after)
	return record(ctx, w.tx, w.now, w.by, *w.Case, audit.Event{Action: "enforcement." + what, After: said, Reason: text, Internal: internal})
}

// happened tells the clocks of a case of an event.
func (s *Steps) happened(ctx context.Context, w work, event string) error {
	return s.Clocks.Happened(ctx, w.tx, w.now, w.by, w.Subject(w.rules), event)
}

// NoteEntry is a step with a text: a reason or a remark.
type NoteEntry struct {
	Version int
	Text    string
}

func said(field, what, text string, least, most int) (string, error) {
	var c entry.Check
	text = c.Text(field, what, text, least, most)
	return text, c.Err()
}

// Note adds an internal note. Case workers of the office in charge may.
func (s *Service) Note(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		text, err := said("note", "the note", in.Text, 1, 4000)
		if err != nil {
			return err
		}
		return s.Steps.note(ctx, w, "note", text, true, map[string]any{"note": text})
	})
}

// Take makes the actor the person who works on a case. Case workers of the office in charge
// may.
func (s *Service) Take(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, office(by), func(w work) error {
		if w.Status == Closed {
			return fault.New(fault.Conflict, "This case is closed and stays as it is")
		}
		w.WorkerID = &by.PersonID
		return s.Steps.note(ctx, w, "take", "", true, map[string]any{"worker": by.Name}, "worker_id")
	})
}
