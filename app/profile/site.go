package profile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// DropException lets the company's answers hold at a site again: what the site has of its
// own to a criterion is put away with the revisions. versions are those of the answers
// that the person saw, by question. Who may change the criterion may. Conflict: a colleague
// has changed one of them, or the criterion is locked.
func (s *Service) DropException(ctx context.Context, by identity.Actor, id uuid.UUID, criterion string, site uuid.UUID, versions map[string]int) error {
	return s.change(ctx, by, id, func(tx pg.Tx, now time.Time, p *Profile) error {
		c, ok := p.Form.Criterion(criterion)
		if !ok || site == uuid.Nil {
			return fault.Missing()
		}
		if err := p.mayEdit(by, criterion); err != nil {
			return err
		}
		there := 0
		for _, q := range c.Questions {
			g, ok := p.Given(q.ID, site)
			if !ok {
				continue
			}
			there++
			if g.Version != versions[q.ID] {
				return fault.Moved()
			}
		}
		if there == 0 {
			return fault.New(fault.Conflict, "This site has nothing of its own here. The company's answer holds")
		}
		dropped, err := dropAnswers(ctx, tx, now, p.Cycle, criterion, site)
		if err != nil {
			return fmt.Errorf("drop an exception: %w", err)
		}
		if err := s.Touched(ctx, tx, now, by, p.Cycle.ID, []string{criterion}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.drop_exception", Kind: Kind, Subject: p.Cycle.ID, Company: p.Cycle.CompanyID,
			Before: map[string]any{"criterion": criterion, "site": site, "questions": dropped}})
	})
}

// ApplyToSites copies the answers to one criterion that hold for the company (the zero id)
// or at one site to other sites as their own. seen are the versions that the person saw of
// the answers copied and of those replaced, by AnswerEntry.Key; nil: none were shown. Who
// may change the criterion may. Wordings that the sites had are kept with the revisions.
// Conflict: nothing is answered there, a colleague changed the answers to copy, or those
// of some sites (see Conflicts; the other sites are done), or the criterion is locked.
func (s *Service) ApplyToSites(ctx context.Context, by identity.Actor, id uuid.UUID, criterion string, from uuid.UUID, to []uuid.UUID, seen map[string]int) ([]Saved, error) {
	if err := mayTry(by); err != nil {
		return nil, err
	}
	if len(to) == 0 {
		return nil, fault.Fail([]fault.Field{fault.F("sites", "Choose at least one site")})
	}
	p, err := s.full(ctx, by, id)
	if err != nil {
		return nil, err
	}
	c, ok := p.Form.Criterion(criterion)
	if !ok {
		return nil, fault.Missing()
	}
	if err := p.stillThere(ctx, c, from, seen); err != nil {
		return nil, err
	}
	var entries []AnswerEntry
	for _, site := range to {
		if site == from {
			continue
		}
		if !slices.ContainsFunc(p.Sites, func(x Site) bool { return x.ID == site }) {
			return nil, fault.Missing()
		}
		for _, q := range c.Questions {
			g, ok := p.Holds(q.ID, from)
			if !ok {
				continue
			}
			e := AnswerEntry{Cycle: id, EditionHash: p.Cycle.EditionHash, EntityType: p.Cycle.FormKey(),
				Criterion: criterion, Question: q.ID, Site: site, Answer: g.Value}
			own, _ := p.Given(q.ID, site)
			if e.Version = own.Version; seen != nil {
				e.Version = seen[e.Key()]
			}
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return nil, fault.New(fault.Conflict, "There is no answer here to copy. Answer first, then copy")
	}
	b, err := s.batch(by, entries)
	if err != nil {
		return nil, err
	}
	b.action = "profile.add_sites"
	return s.run(ctx, by, b)
}

// stillThere refuses to copy answers that are not those that the person saw.
func (p *Profile) stillThere(ctx context.Context, c catalogue.Criterion, from uuid.UUID, seen map[string]int) error {
	if seen == nil {
		return nil
	}
	var changes []fault.Change
	for _, q := range c.Questions {
		g, ok := p.Holds(q.ID, from)
		if e := (AnswerEntry{Question: q.ID, Site: g.Site}); ok && g.Version != seen[e.Key()] {
			changes = append(changes, fault.Change{Label: text(ctx, q.Text), Yours: i18n.T(ctx, "As it was on your page"),
				Theirs: i18n.T(ctx, "%s (%s)", q.Words(ctx, g.Value), g.Author)})
		}
	}
	if changes != nil {
		return fault.Moved(changes...)
	}
	return nil
}

// Opened reports whether the company may change a criterion that its return does not list,
// because an answer made it count. Evidence asks.
func (s *Steps) Opened(ctx context.Context, tx pg.Tx, cycle uuid.UUID, criterion string) (bool, error) {
	c, err := Look(ctx, tx, identity.ClockActor("profile.opened"), cycle)
	if err != nil || c.Status != Returned {
		return false, err
	}
	p, err := s.Outline(ctx, tx, c.OpenedAt, c) // what counts does not depend on the moment
	if err != nil {
		return false, err
	}
	return p.newly(criterion), nil
}

// Touched notes that the company has changed the evidence of criteria, which answers a
// return that lists them. A step for evidence: it has decided who may.
func (s *Steps) Touched(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, cycle uuid.UUID, criteria []string) error {
	if err := answerRemarks(ctx, tx, now, by, cycle, criteria); err != nil {
		return fmt.Errorf("answer a remark: %w", err)
	}
	return nil
}
