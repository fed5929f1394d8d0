package demo

import (
	"cmp"
	"fmt"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// extend lets an importer of CTPAT in Tier 2 or 3 apply for Trade Compliance: it has answered
// the eligibility questions, chosen a number, and has the questionnaire before it. It is the
// last thing that happens, for the stories go on with the newest profile of a company.
func (s *Seeder) extend() []step {
	return []step{{at: s.present, do: func() error {
		by, err := s.validatedImporter()
		if err != nil || by.PersonID == uuid.Nil {
			return err
		}
		a, err := s.Applications.Choose(s.ctx, by, "ctpat-tc", "importer")
		if err != nil {
			return fmt.Errorf("apply for Trade Compliance: %w", err)
		}
		f, err := s.Applications.Check(s.ctx, by, a.ID)
		if err != nil {
			return err
		}
		var answers []application.EligibilityEntry
		for _, q := range f.File.Entity.Questions {
			answers = append(answers, application.EligibilityEntry{Question: q.Code, Answer: cmp.Or(q.Required, "yes")})
		}
		if _, err := s.Applications.AnswerEligibility(s.ctx, by, a.ID, answers); err != nil {
			return err
		}
		var chosen []uuid.UUID
		for _, n := range f.File.Choosable() {
			chosen = append(chosen, n.ID)
		}
		if len(chosen) == 0 {
			return nil
		}
		if f, err = s.Applications.Check(s.ctx, by, a.ID); err != nil {
			return err
		}
		return s.Applications.ChooseNumbers(s.ctx, by, a.ID, f.File.Application.Version, chosen[:1])
	}}}
}

// validatedImporter is the owner of the active importer that has been validated the longest;
// the zero Actor: the made-up world has none.
func (s *Seeder) validatedImporter() (identity.Actor, error) {
	var list []struct{ CompanyID uuid.UUID }
	err := s.DB.Batch(s.ctx, pg.System, pg.All(&list, `select m.company_id from membership m where m.programme = 'ctpat' and m.entity_type = 'importer'
		and m.status = 'active' and m.tier in ('tier_2', 'tier_3')
		order by m.certified_on, m.number limit 1`))
	if err != nil || len(list) == 0 {
		return identity.Actor{}, err
	}
	return s.owner(list[0].CompanyID)
}
