package profile

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Confirm says of one criterion that last cycle's answers are still true. Who may change
// the criterion may. Conflict: it is locked, nothing was carried over to confirm, it was
// changed since, or something is still missing; musts are confirmed one by one and no
// other way.
func (s *Service) Confirm(ctx context.Context, by identity.Actor, id uuid.UUID, criterion string) error {
	return s.confirm(ctx, by, id, func(p *Profile) ([]string, error) {
		c, ok := p.Form.Criterion(criterion)
		if !ok {
			return nil, fault.Missing()
		}
		if err := p.mayEdit(by, criterion); err != nil {
			return nil, err
		}
		if err := p.confirmable(c); err != nil {
			return nil, err
		}
		return []string{criterion}, nil
	})
}

// ConfirmShoulds says it of every should of a section that was carried over, that nobody
// has changed and to which nothing is missing, and returns how many those were.
func (s *Service) ConfirmShoulds(ctx context.Context, by identity.Actor, id uuid.UUID, section string) (n int, err error) {
	err = s.confirm(ctx, by, id, func(p *Profile) (list []string, err error) {
		found := false
		for _, c := range p.Form.Criteria {
			if !in(c, section) {
				continue
			}
			found = true
			if p.atOnce(by, c) {
				list = append(list, c.ID)
			}
		}
		if !found {
			return nil, fault.Missing()
		}
		n = len(list)
		if n == 0 {
			return nil, fault.New(fault.Conflict, "There is nothing to confirm at once in this section. Musts are confirmed one by one")
		}
		return list, nil
	})
	return n, err
}

func (s *Service) confirm(ctx context.Context, by identity.Actor, id uuid.UUID, choose func(*Profile) ([]string, error)) error {
	return s.change(ctx, by, id, func(tx pg.Tx, now time.Time, p *Profile) error {
		list, err := choose(p)
		if err != nil {
			return err
		}
		if err := confirmCriteria(ctx, tx, now, by, p.Cycle, list); err != nil {
			return fmt.Errorf("confirm: %w", err)
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.confirm", Kind: Kind, Subject: p.Cycle.ID, Company: p.Cycle.CompanyID,
			After: map[string]any{"criteria": list}})
	})
}

// atOnce reports whether a person can confirm a criterion together with others.
func (p *Profile) atOnce(by identity.Actor, c catalogue.Criterion) bool {
	return c.Level == catalogue.Should && p.mayEdit(by, c.ID) == nil && p.confirmable(c) == nil
}

// confirmable says why a criterion cannot be confirmed as it is.
func (p *Profile) confirmable(c catalogue.Criterion) error {
	list := p.places(c)
	switch s := p.State(c.ID); {
	case s.State == NotStarted || s.Because == BecauseCondition:
		return fault.New(fault.Conflict, "There is no answer of last time to confirm. Answer this criterion")
	case s.Because != BecauseCarried:
		return fault.New(fault.Conflict, "This criterion is confirmed already, or it was changed since it was carried over")
	case !gapless(c, list) && !waived(c, list):
		return fault.New(fault.Conflict, "Something is missing in last time's answers. Complete them instead")
	case p.Lacks(c) > 0:
		return fault.New(fault.Conflict, "The evidence of last time has expired or is gone. Attach evidence first")
	}
	return nil
}

// KeepAnswer says of a criterion that was sent back that the answer stays as it is; the
// thread of the criterion is the place to say why. Who may change the criterion may.
func (s *Service) KeepAnswer(ctx context.Context, by identity.Actor, id uuid.UUID, criterion string) error {
	return s.change(ctx, by, id, func(tx pg.Tx, now time.Time, p *Profile) error {
		if err := p.mayEdit(by, criterion); err != nil {
			return err
		}
		r := p.Remark(criterion)
		if r == nil {
			return fault.New(fault.Conflict, "This criterion was not sent back")
		}
		if r.AnsweredAt != nil {
			return nil
		}
		if err := s.Touched(ctx, tx, now, by, p.Cycle.ID, []string{criterion}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.keep_answer", Kind: Kind, Subject: p.Cycle.ID, Company: p.Cycle.CompanyID,
			After: map[string]any{"criterion": criterion}})
	})
}

// change locks a profile of the actor's company for a change of something in it, reads
// where everything stands, and hands it to do.
func (s *Service) change(ctx context.Context, by identity.Actor, id uuid.UUID, do func(tx pg.Tx, now time.Time, p *Profile) error) error {
	if by.Audience != identity.Companies {
		return fault.Missing()
	}
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		c, err := Lock(ctx, tx, by, id, 0)
		if err != nil {
			return err
		}
		now := s.Now()
		p, err := s.Outline(ctx, tx, now, c)
		if err != nil {
			return err
		}
		return do(tx, now, p)
	})
}

// mayEdit refuses who may not change a criterion, and a criterion that is locked.
func (p *Profile) mayEdit(by identity.Actor, criterion string) error {
	note := p.Notes[criterion]
	switch {
	case by.Is(identity.CompanyEditors...):
	case by.Is(identity.Contributor) && note.AssigneeID != nil && *note.AssigneeID == by.PersonID:
	default:
		return notYours()
	}
	if !p.Unlocked(criterion) {
		return locked()
	}
	return nil
}
