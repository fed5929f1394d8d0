package risk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Move says where something goes in its row.
type Move string

// The moves.
const (
	Up   Move = "up"
	Down Move = "down"
)

// shift moves one of a row by one place; at the end of the row it stays.
func shift(ids []uuid.UUID, id uuid.UUID, to Move) []uuid.UUID {
	i := slices.Index(ids, id)
	j := i + 1
	if to == Up {
		j = i - 1
	}
	if i >= 0 && j >= 0 && j < len(ids) {
		ids[i], ids[j] = ids[j], ids[i]
	}
	return ids
}

func gone(what string) error {
	return fault.New(fault.Conflict, "%s was removed by somebody else. Open the page again to see what is there", what)
}

// AddLane adds a lane at the end (step 1). For those who edit; so are the other steps.
func (s *Service) AddLane(ctx context.Context, by identity.Actor, assessment uuid.UUID, in LaneEntry) (l Lane, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		a, err := edit(ctx, tx, by, assessment)
		if err != nil {
			return err
		}
		l = Lane{ID: idOr(in.ID), AssessmentID: a.ID, CompanyID: a.CompanyID, CreatedAt: now, Version: 1}
		if err := in.put(&l); err != nil {
			return err
		}
		ids, err := idsOf(ctx, tx, "risk_lane", "assessment_id", a.ID)
		if err != nil {
			return err
		}
		if len(ids) >= mostLanes && !slices.Contains(ids, l.ID) {
			return fault.Fail([]fault.Field{fault.F("", "One assessment can have up to %d lanes. Put lanes with the same parties together, or remove one", mostLanes)})
		}
		l.Position = len(ids) + 1
		if made, err := insert(ctx, tx, &l, l.ID, "assessment_id = ?", a.ID); err != nil || !made {
			return err
		}
		return note(ctx, tx, now, by, a, audit.Event{Action: "risk_assessment.add_lane", After: values(l.Entry().facts(ctx))})
	})
	return l, err
}

func idOr(id uuid.UUID) uuid.UUID {
	if id == uuid.Nil {
		return pg.NewID()
	}
	return id
}

// ChangeLane changes what is known of a lane.
func (s *Service) ChangeLane(ctx context.Context, by identity.Actor, assessment, lane uuid.UUID, in LaneEntry) (l Lane, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := edit(ctx, tx, by, assessment)
		if err != nil {
			return err
		}
		if l, err = laneOf(ctx, tx, a, lane); err != nil {
			return err
		}
		was := l.Entry().facts(ctx)
		if l.RemovedAt != nil {
			return gone(l.Name)
		}
		if in.Version != l.Version {
			return moved(in.facts(ctx), was)
		}
		if err := in.put(&l); err != nil {
			return err
		}
		before, after := changed(was, l.Entry().facts(ctx))
		if before == nil {
			return nil
		}
		if err := pg.Update(ctx, tx, &l, l.ID, &l.Version, "name", "goods", "origin", "destination", "shipments"); err != nil {
			return fmt.Errorf("change the lane: %w", err)
		}
		after["lane"] = l.Name
		return note(ctx, tx, s.Now(), by, a, audit.Event{Action: "risk_assessment.change_lane", Before: before, After: after})
	})
	return l, err
}

// MoveLane moves a lane one place up or down. It needs no version: what the lane says stays
// as it is, and two who move at once both get what they asked for.
func (s *Service) MoveLane(ctx context.Context, by identity.Actor, assessment, lane uuid.UUID, to Move) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := edit(ctx, tx, by, assessment)
		if err != nil {
			return err
		}
		l, err := laneOf(ctx, tx, a, lane)
		if err != nil {
			return err
		}
		if l.RemovedAt != nil {
			return gone(l.Name)
		}
		ids, err := idsOf(ctx, tx, "risk_lane", "assessment_id", a.ID)
		if err != nil {
			return err
		}
		ids = shift(ids, l.ID, to)
		if err := place(ctx, tx, "risk_lane", ids); err != nil {
			return err
		}
		return note(ctx, tx, s.Now(), by, a, audit.Event{Action: "risk_assessment.move_lane", After: map[string]any{"lane": l.Name, "place": slices.Index(ids, l.ID) + 1}})
	})
}

// RemoveLane takes a lane out, with its legs and ratings. Its actions stay in the plan.
func (s *Service) RemoveLane(ctx context.Context, by identity.Actor, assessment, lane uuid.UUID, version int) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		a, err := edit(ctx, tx, by, assessment)
		if err != nil {
			return err
		}
		l, err := laneOf(ctx, tx, a, lane)
		if err != nil {
			return err
		}
		if l.RemovedAt != nil || l.Version != version {
			return fault.Moved()
		}
		l.RemovedAt = &now
		if err := pg.Update(ctx, tx, &l, l.ID, &l.Version, "removed_at"); err != nil {
			return fmt.Errorf("remove the lane: %w", err)
		}
		return note(ctx, tx, now, by, a, audit.Event{Action: "risk_assessment.remove_lane", Before: values(l.Entry().facts(ctx))})
	})
}

// AddLeg adds a leg at the end of a lane.
func (s *Service) AddLeg(ctx context.Context, by identity.Actor, assessment, lane uuid.UUID, in LegEntry) (g Leg, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		a, err := edit(ctx, tx, by, assessment)
		if err != nil {
			return err
		}
		l, err := laneOf(ctx, tx, a, lane)
		if err != nil {
			return err
		}
		if l.RemovedAt != nil {
			return gone(l.Name)
		}
		g = Leg{ID: idOr(in.ID), LaneID: l.ID, CompanyID: a.CompanyID, CreatedAt: now, Version: 1}
		if err := in.put(&g); err != nil {
			return err
		}
		ids, err := idsOf(ctx, tx, "risk_leg", "lane_id", l.ID)
		if err != nil {
			return err
		}
		if len(ids) >= mostLegs && !slices.Contains(ids, g.ID) {
			return fault.Fail([]fault.Field{fault.F("", "One lane can have up to %d legs. Put legs of the same party together, or remove one", mostLegs)})
		}
		g.Position = len(ids) + 1
		if made, err := insert(ctx, tx, &g, g.ID, "lane_id = ?", l.ID); err != nil || !made {
			return err
		}
		after := values(g.Entry().facts(ctx))
		after["lane"] = l.Name
		return note(ctx, tx, now, by, a, audit.Event{Action: "risk_assessment.add_leg", After: after})
	})
	return g, err
}

// openLeg opens a leg of the draft for a change.
func openLeg(ctx context.Context, tx pg.Tx, by identity.Actor, assessment, leg uuid.UUID) (a Assessment, l Lane, g Leg, err error) {
	if a, err = edit(ctx, tx, by, assessment); err != nil {
		return a, l, g, err
	}
	if l, g, err = legOf(ctx, tx, a, leg); err != nil {
		return a, l, g, err
	}
	if g.RemovedAt != nil || l.RemovedAt != nil {
		return a, l, g, gone(g.Place)
	}
	return a, l, g, nil
}

// ChangeLeg changes what is known of a leg.
func (s *Service) ChangeLeg(ctx context.Context, by identity.Actor, assessment, leg uuid.UUID, in LegEntry) (g Leg, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var a Assessment
		var l Lane
		if a, l, g, err = openLeg(ctx, tx, by, assessment, leg); err != nil {
			return err
		}
		was := g.Entry().facts(ctx)
		if in.Version != g.Version {
			return moved(in.facts(ctx), was)
		}
		if err := in.put(&g); err != nil {
			return err
		}
		before, after := changed(was, g.Entry().facts(ctx))
		if before == nil {
			return nil
		}
		if err := pg.Update(ctx, tx, &g, g.ID, &g.Version, "place", "country", "mode", "party", "role", "trusted", "rest_hours"); err != nil {
			return fmt.Errorf("change the leg: %w", err)
		}
		after["lane"], after["leg"] = l.Name, g.Place
		return note(ctx, tx, s.Now(), by, a, audit.Event{Action: "risk_assessment.change_leg", Before: before, After: after})
	})
	return g, err
}

// MoveLeg moves a leg one place up or down in its lane, like MoveLane.
func (s *Service) MoveLeg(ctx context.Context, by identity.Actor, assessment, leg uuid.UUID, to Move) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, l, g, err := openLeg(ctx, tx, by, assessment, leg)
		if err != nil {
			return err
		}
		ids, err := idsOf(ctx, tx, "risk_leg", "lane_id", l.ID)
		if err != nil {
			return err
		}
		ids = shift(ids, g.ID, to)
		if err := place(ctx, tx, "risk_leg", ids); err != nil {
			return err
		}
		return note(ctx, tx, s.Now(), by, a, audit.Event{Action: "risk_assessment.move_leg", After: map[string]any{"lane": l.Name, "leg": g.Place, "place": slices.Index(ids, g.ID) + 1}})
	})
}

// RemoveLeg takes a leg out, with its ratings.
func (s *Service) RemoveLeg(ctx context.Context, by identity.Actor, assessment, leg uuid.UUID, version int) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		a, l, g, err := openLeg(ctx, tx, by, assessment, leg)
		if err != nil {
			return err
		}
		if g.Version != version {
			return fault.Moved()
		}
		g.RemovedAt = &now
		if err := pg.Update(ctx, tx, &g, g.ID, &g.Version, "removed_at"); err != nil {
			return fmt.Errorf("remove the leg: %w", err)
		}
		before := values(g.Entry().facts(ctx))
		before["lane"] = l.Name
		return note(ctx, tx, now, by, a, audit.Event{Action: "risk_assessment.remove_leg", Before: before})
	})
}

// AddTask adds an action to the plan (step 4).
func (s *Service) AddTask(ctx context.Context, by identity.Actor, assessment uuid.UUID, in TaskEntry) (t Task, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		a, err := edit(ctx, tx, by, assessment)
		if err != nil {
			return err
		}
		t = Task{ID: idOr(in.ID), AssessmentID: a.ID, CompanyID: a.CompanyID, CreatedAt: now, Version: 1}
		if err := s.putTask(ctx, tx, now, a, in, &t); err != nil {
			return err
		}
		n, err := countTasks(ctx, tx, a)
		if err != nil {
			return fmt.Errorf("count the actions: %w", err)
		}
		if n >= mostTasks {
			return fault.Fail([]fault.Field{fault.F("", "One assessment can have up to %d actions. Put some together, or remove one", mostTasks)})
		}
		if made, err := insert(ctx, tx, &t, t.ID, "assessment_id = ?", a.ID); err != nil || !made {
			return err
		}
		return note(ctx, tx, now, by, a, audit.Event{Action: "risk_assessment.add_action", After: values(t.Entry().facts(ctx))})
	})
	return t, err
}

func (s *Service) putTask(ctx context.Context, tx pg.Tx, now time.Time, a Assessment, in TaskEntry, t *Task) error {
	lanes, err := idsOf(ctx, tx, "risk_lane", "assessment_id", a.ID)
	if err != nil {
		return err
	}
	zone, err := officeZone(ctx, tx, a.CompanyID)
	if err != nil {
		return err
	}
	return in.put(t, s.Factors, lanes, clock.DayOf(now, zone))
}

// ChangeTask changes an action, or says when it was done and what came of it.
func (s *Service) ChangeTask(ctx context.Context, by identity.Actor, assessment, task uuid.UUID, in TaskEntry) (t Task, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		a, err := edit(ctx, tx, by, assessment)
		if err != nil {
			return err
		}
		if t, err = taskOf(ctx, tx, a, task); err != nil {
			return err
		}
		if t.RemovedAt != nil {
			return gone(t.What)
		}
		was := t.Entry().facts(ctx)
		if in.Version != t.Version {
			return moved(in.facts(ctx), was)
		}
		if err := s.putTask(ctx, tx, now, a, in, &t); err != nil {
			return err
		}
		before, after := changed(was, t.Entry().facts(ctx))
		if before == nil {
			return nil
		}
		if err := pg.Update(ctx, tx, &t, t.ID, &t.Version, "what", "lane_id", "criterion", "owner", "due_on", "done_on", "outcome"); err != nil {
			return fmt.Errorf("change the action: %w", err)
		}
		return note(ctx, tx, now, by, a, audit.Event{Action: "risk_assessment.change_action", Before: before, After: after})
	})
	return t, err
}

// RemoveTask takes an action out of the plan.
func (s *Service) RemoveTask(ctx context.Context, by identity.Actor, assessment, task uuid.UUID, version int) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		now := s.Now()
		a, err := edit(ctx, tx, by, assessment)
		if err != nil {
			return err
		}
		t, err := taskOf(ctx, tx, a, task)
		if err != nil {
			return err
		}
		if t.RemovedAt != nil || t.Version != version {
			return fault.Moved()
		}
		t.RemovedAt = &now
		if err := pg.Update(ctx, tx, &t, t.ID, &t.Version, "removed_at"); err != nil {
			return fmt.Errorf("remove the action: %w", err)
		}
		return note(ctx, tx, now, by, a, audit.Event{Action: "risk_assessment.remove_action", Before: values(t.Entry().facts(ctx))})
	})
}

// Describe writes down how the assessment is done (step 5).
func (s *Service) Describe(ctx context.Context, by identity.Actor, assessment uuid.UUID, in DocumentEntry) (a Assessment, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		if a, err = edit(ctx, tx, by, assessment); err != nil {
			return err
		}
		was := a.Entry().facts(ctx)
		if in.Version != a.Version {
			return moved(in.facts(ctx), was)
		}
		if err := in.put(&a); err != nil {
			return err
		}
		before, after := changed(was, a.Entry().facts(ctx))
		if before == nil {
			return nil
		}
		if err := pg.Update(ctx, tx, &a, a.ID, &a.Version, "title", "method", "lead", "participants", "schedule"); err != nil {
			return fmt.Errorf("describe the assessment: %w", err)
		}
		return note(ctx, tx, s.Now(), by, a, audit.Event{Action: "risk_assessment.describe", Before: before, After: after})
	})
	return a, err
}
