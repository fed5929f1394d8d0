package enforcement

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// ItemEntry is an item of the plan as a person enters it. The day is written 2026-03-04.
type ItemEntry struct {
	Version int       // of the case
	Item    uuid.UUID // to change or take out; nil: a new one
	Goal    string
	DueOn   string
}

// writing refuses changes of a plan that is with the agency.
func (w work) writing() error {
	if err := w.held(); err != nil {
		return err
	}
	if !w.PlanStatus.Editable() {
		return fault.New(fault.Conflict, "The plan was sent, so it stays as it is. Wait until it is accepted or comes back")
	}
	return nil
}

// WriteItem adds an item to the corrective action plan, or writes it anew, while the plan is
// with the company. Those who edit for the company may.
func (s *Service) WriteItem(ctx context.Context, by identity.Actor, id uuid.UUID, in ItemEntry) error {
	return s.step(ctx, by, id, in.Version, company(by), func(w work) error {
		if err := w.writing(); err != nil {
			return err
		}
		var c entry.Check
		goal := c.Text("goal", "what you will do", in.Goal, 1, 2000)
		due := ahead(&c, "due_on", "the day by which it is done", in.DueOn, w.today)
		if err := c.Err(); err != nil {
			return err
		}
		if in.Item != uuid.Nil {
			i, err := item(ctx, w.tx, w.ID, in.Item)
			if err != nil {
				return err
			}
			i.Goal, i.DueOn = goal, *due
			return s.Steps.changeItem(ctx, w, "change_item", &i, false, "goal", "due_on")
		}
		n, err := scan[int](ctx, w.tx, `select coalesce(max(number), 0) + 1 from enforcement_item where case_id = ?`, w.ID)
		if err != nil {
			return fmt.Errorf("number the item: %w", err)
		}
		if n[0] > mostItems {
			return fault.New(fault.Conflict, "A plan can have up to %d items", mostItems)
		}
		i := Item{ID: pg.NewID(), CaseID: w.ID, CompanyID: w.CompanyID, Number: n[0], Status: ItemOpen, Goal: goal, DueOn: *due, Version: 1}
		if err := add(ctx, w.tx, &i); err != nil {
			return fmt.Errorf("add the item: %w", err)
		}
		return s.Steps.note(ctx, w, "add_item", goal, false, i.said(), versionOnly)
	})
}

func (i Item) said() map[string]any {
	return map[string]any{"item": i.Number, "goal": i.Goal, "due_on": i.DueOn, "item_status": i.Status}
}

// item locks an item of a case that counts.
func item(ctx context.Context, tx pg.Tx, id, of uuid.UUID) (Item, error) {
	list, err := items(ctx, tx, id)
	if err != nil {
		return Item{}, err
	}
	for _, i := range list {
		if i.ID == of {
			return i, nil
		}
	}
	return Item{}, fault.Missing()
}

// changeItem saves an item with its event; the version of the case grows with it.
func (s *Steps) changeItem(ctx context.Context, w work, what string, i *Item, internal bool, columns ...string) error {
	if err := pg.Update(ctx, w.tx, i, i.ID, &i.Version, columns...); err != nil {
		return fmt.Errorf("change the item: %w", err)
	}
	text := i.Goal
	if i.Status == ItemDone || i.Status == ItemVerified || what == "return_item" {
		text = strings.TrimSpace(fmt.Sprintf("%d. %s", i.Number, pick(what == "done_item", i.DoneNote, i.AgencyNote)))
	}
	return s.note(ctx, w, what, entry.Head(text, 8000), internal, i.said(), versionOnly)
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// DropItem takes an item out of the plan while the plan is with the company. Those who edit
// for the company may.
func (s *Service) DropItem(ctx context.Context, by identity.Actor, id uuid.UUID, in ItemEntry) error {
	return s.step(ctx, by, id, in.Version, company(by), func(w work) error {
		if err := w.writing(); err != nil {
			return err
		}
		i, err := item(ctx, w.tx, w.ID, in.Item)
		if err != nil {
			return err
		}
		i.Status = ItemDropped
		return s.Steps.changeItem(ctx, w, "drop_item", &i, false, "status")
	})
}

// SendPlan sends the plan to the agency. Those who edit for the company may. Conflict: it
// has no items, or is with the agency.
func (s *Service) SendPlan(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.step(ctx, by, id, version, company(by), func(w work) error {
		if err := w.writing(); err != nil {
			return err
		}
		list, err := items(ctx, w.tx, w.ID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fault.New(fault.Conflict, "The plan has no items yet. Add at least one")
		}
		w.PlanStatus = PlanSent
		if err := s.Steps.note(ctx, w, "send_plan", "", false, map[string]any{"items": len(list)}, "plan_status"); err != nil {
			return err
		}
		return s.Steps.tellWorker(ctx, w.tx, w.now, *w.Case)
	})
}

// DoneItem says that an item of the accepted plan is done. Those who edit for the company
// may.
func (s *Service) DoneItem(ctx context.Context, by identity.Actor, id, of uuid.UUID, in NoteEntry) error {
	return s.step(ctx, by, id, in.Version, company(by), func(w work) error {
		if err := w.held(); err != nil {
			return err
		}
		i, err := item(ctx, w.tx, w.ID, of)
		if err != nil {
			return err
		}
		if w.PlanStatus != PlanAccepted || i.Status != ItemOpen {
			return fault.New(fault.Conflict, "This item is done already, or the plan is not accepted yet")
		}
		if i.DoneNote, err = said("done", "what you did", in.Text, 1, 4000); err != nil {
			return err
		}
		i.Status, i.DoneAt = ItemDone, &w.now
		if err := s.Steps.changeItem(ctx, w, "done_item", &i, false, "status", "done_note", "done_at"); err != nil {
			return err
		}
		if err := s.Steps.Clocks.Happened(ctx, w.tx, w.now, by, w.item(i), programme.PlanItemDone); err != nil {
			return fmt.Errorf("stop the clock of the item: %w", err)
		}
		return s.Steps.tellWorker(ctx, w.tx, w.now, *w.Case)
	})
}

// AcceptPlan accepts the plan of a company, which is told. Case workers of the office in
// charge may. Conflict: it is not with the agency.
func (s *Service) AcceptPlan(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.plan(ctx, by, id, in, PlanAccepted, 0)
}

// ReturnPlan sends the plan of a company back with what is missing. Case workers of the
// office in charge may; also of a plan that was accepted and turns out too little.
func (s *Service) ReturnPlan(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry) error {
	return s.plan(ctx, by, id, in, PlanReturned, 1)
}

func (s *Service) plan(ctx context.Context, by identity.Actor, id uuid.UUID, in NoteEntry, to PlanStatus, least int) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		if w.PlanStatus.Editable() || w.PlanStatus == to || w.Status == Closed {
			return fault.New(fault.Conflict, "The plan is with the company now")
		}
		text, err := said("plan_note", "what is missing", in.Text, least, 4000)
		if err != nil {
			return err
		}
		w.PlanStatus = to
		what, letter, values := "accept_plan", "enforcement_plan_accepted", map[string]string{"note": text}
		if to == PlanReturned {
			what, letter, values = "return_plan", "enforcement_plan_returned", map[string]string{"reason": text}
		}
		if err := s.Steps.note(ctx, w, what, text, false, nil, "plan_status"); err != nil {
			return err
		}
		if err := s.Steps.promised(ctx, w); err != nil {
			return err
		}
		return s.Steps.tell(ctx, w.tx, w.now, by, *w.Case, letter, values, nil)
	})
}

// promised lets the clocks of a plan's items run once it is accepted, each until the day of its
// item, and ends them when the plan goes back.
func (s *Steps) promised(ctx context.Context, w work) error {
	list, err := items(ctx, w.tx, w.ID)
	if err != nil {
		return err
	}
	for _, i := range list {
		switch {
		case i.Status != ItemOpen:
		case w.PlanStatus == PlanAccepted:
			err = s.Clocks.Until(ctx, w.tx, w.now, w.by, w.item(i), programme.PlanItemPromised, i.DueOn)
		default:
			err = s.Clocks.Happened(ctx, w.tx, w.now, w.by, w.item(i), programme.PlanItemDone)
		}
		if err != nil {
			return fmt.Errorf("set the clock of item %d: %w", i.Number, err)
		}
	}
	return nil
}

// item is an item of the plan as its clock knows it.
func (w work) item(i Item) clock.Subject {
	s := w.Subject(w.rules)
	s.Part, s.About = i.ID, entry.Head(fmt.Sprintf("%d. %s", i.Number, strings.Join(strings.Fields(i.Goal), " ")), 120)
	return s
}

// VerifyItem marks an item as verified. Case workers of the office in charge may.
func (s *Service) VerifyItem(ctx context.Context, by identity.Actor, id, of uuid.UUID, in NoteEntry) error {
	return s.checkItem(ctx, by, id, of, in, ItemVerified, 0)
}

// ReturnItem says that an item is not done yet; the company is told. Case workers of the
// office in charge may, also of one that was verified.
func (s *Service) ReturnItem(ctx context.Context, by identity.Actor, id, of uuid.UUID, in NoteEntry) error {
	return s.checkItem(ctx, by, id, of, in, ItemOpen, 1)
}

func (s *Service) checkItem(ctx context.Context, by identity.Actor, id, of uuid.UUID, in NoteEntry, to ItemStatus, least int) error {
	return s.step(ctx, by, id, in.Version, office(by), func(w work) error {
		i, err := item(ctx, w.tx, w.ID, of)
		if err != nil {
			return err
		}
		if w.Status == Closed || w.PlanStatus != PlanAccepted || i.Status == to || to == ItemVerified && i.Status != ItemDone {
			return fault.New(fault.Conflict, "This item cannot be checked now. The company says first that it is done")
		}
		if i.AgencyNote, err = said("item_note", "the note", in.Text, least, 4000); err != nil {
			return err
		}
		i.Status, i.VerifiedAt, i.VerifiedBy = to, nil, nil
		if to == ItemVerified {
			i.VerifiedAt, i.VerifiedBy = &w.now, &by.PersonID
			return s.Steps.changeItem(ctx, w, "verify_item", &i, false, "status", "agency_note", "verified_at", "verified_by")
		}
		if err := s.Steps.changeItem(ctx, w, "return_item", &i, false, "status", "agency_note", "verified_at", "verified_by"); err != nil {
			return err
		}
		if err := s.Steps.promised(ctx, w); err != nil {
			return err
		}
		return s.Steps.tell(ctx, w.tx, w.now, by, *w.Case, "enforcement_item_returned", map[string]string{"points": i.Goal, "reason": i.AgencyNote}, nil)
	})
}
