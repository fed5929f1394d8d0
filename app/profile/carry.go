package profile

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
)

// carry fills a new cycle with what was answered in the last one, as far as the edition's
// change list lets it: what is unchanged or reworded is prefilled, for a person to confirm
// or change; what is new, split, merged or withdrawn is not, for nobody has answered that
// question yet. Exceptions come along for sites that are still in use, and evidence that
// has not expired. Verdicts never do.
func (s *Steps) carry(ctx context.Context, tx pg.Tx, to, from Cycle, edition *catalogue.Edition, today clock.Day) error {
	form := edition.Form(to.EntityType)
	answers, err := answersOf(ctx, tx, from.ID)
	if err != nil {
		return err
	}
	open, err := openSites(ctx, tx, to.CompanyID)
	if err != nil {
		return err
	}
	var rows []answerRow
	for _, a := range answers {
		q, ok := carried(form, from.Edition, a.Criterion, a.Question)
		if !ok || a.SiteID != nil && !open[*a.SiteID] {
			continue
		}
		value, err := a.value()
		if err != nil {
			return err
		}
		a.CycleID, a.CompanyID, a.Carried, a.Version = to.ID, to.CompanyID, true, 1
		a.Complete = whole(q, value)
		rows = append(rows, a)
	}
	if err := insertAnswers(ctx, tx, rows); err != nil {
		return fmt.Errorf("carry over answers: %w", err)
	}
	var criteria []string
	for _, c := range form.Criteria {
		if carries(form.Edition, from.Edition, c.ID) {
			criteria = append(criteria, c.ID)
		}
	}
	if err := carryEvidence(ctx, tx, to, from.ID, criteria, today); err != nil {
		return fmt.Errorf("carry over evidence: %w", err)
	}
	return nil
}

// carried finds the question of the new form that takes an answer of the last cycle.
func carried(form *catalogue.Form, lastEdition, criterion, question string) (catalogue.Question, bool) {
	for _, c := range form.Criteria {
		if c.ID == criterion {
			q, ok := c.Question(question)
			return q, ok && carries(form.Edition, lastEdition, criterion)
		}
	}
	return catalogue.Question{}, false
}

// carries reports whether a criterion asks the same as in the edition of the last cycle,
// if in other words.
func carries(edition *catalogue.Edition, lastEdition, criterion string) bool {
	if edition.ID == lastEdition {
		return true
	}
	kind := edition.ChangeOf(criterion).Kind
	return kind == catalogue.Unchanged || kind == catalogue.Reworded
}

// openSites are the company's sites that are in use.
func openSites(ctx context.Context, tx pg.Tx, company uuid.UUID) (map[uuid.UUID]bool, error) {
	sites, err := sitesOf(ctx, tx, company)
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]bool, len(sites))
	for _, s := range sites {
		out[s.ID] = true
	}
	return out, nil
}
