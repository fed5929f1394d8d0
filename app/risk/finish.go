package risk

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// FinishEntry finishes an assessment.
type FinishEntry struct {
	Edits    int  // how many changes the person has seen
	Accepted bool // the warnings are read
}

// Finish closes the draft for good: the assessment is kept as a record among the company's
// evidence, the clocks of its memberships start the year to the next review, and nothing of it
// changes any more. For owners, signatories and editors. Invalid: something is missing, or a
// warning is not confirmed; Conflict: somebody changed it since the person checked it.
func (s *Service) Finish(ctx context.Context, by identity.Actor, id uuid.UUID, in FinishEntry) (a Assessment, err error) {
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err = s.finish(ctx, tx, s.Now(), by, id, in)
		return err
	})
	return a, err
}

func (s *Service) finish(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID, in FinishEntry) (Assessment, error) {
	a, err := edit(ctx, tx, by, id)
	if err != nil {
		return a, err
	}
	if !by.Is(Finishers()...) {
		return a, fault.New(fault.Forbidden, "You can prepare this risk assessment but not finish it. Ask an owner, a signatory or an editor")
	}
	if in.Edits != a.Edits {
		return a, fault.New(fault.Conflict, "Somebody changed this risk assessment since you opened the page. Check it again, then finish it")
	}
	sheet, err := s.sheet(ctx, tx, now, a.ID)
	if err != nil {
		return a, err
	}
	facts := Facts{Accepted: in.Accepted}
	for _, f := range sheet.Findings() {
		if f.Blocks {
			facts.Missing = append(facts.Missing, f.Text)
		} else {
			facts.Warnings++
		}
	}
	if a.Status, err = Lifecycle().Next(a.Status, Finish, by.Role, facts); err != nil {
		return a, err
	}
	a.FinishedAt, a.FinishedBy, a.Finisher = &now, &by.PersonID, by.Name
	sheet.Assessment = a
	err = record(ctx, tx, now, by, a, audit.Event{Action: "risk_assessment.finish", Before: map[string]any{"status": Draft},
		After: map[string]any{"status": a.Status, "title": a.Title, "lanes": len(sheet.Lanes), "actions": len(sheet.Tasks), "warnings": facts.Warnings}})
	if err != nil {
		return a, err
	}
	if err := s.tell(ctx, tx, now, by, a); err != nil {
		return a, err
	}
	if a.EvidenceID, err = s.keep(ctx, tx, now, by, sheet); err != nil {
		return a, err
	}
	if err := pg.Update(ctx, tx, &a, a.ID, &a.Version, "status", "finished_at", "finished_by", "finisher", "evidence_id"); err != nil {
		return a, fmt.Errorf("finish the assessment: %w", err)
	}
	return a, nil
}

// tell starts the year to the next review for every membership of the company.
func (s *Service) tell(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a Assessment) error {
	members, err := memberships(ctx, tx, a.CompanyID)
	if err != nil {
		return err
	}
	for _, m := range members {
		p, ok := s.Programmes.Get(m.Programme)
		if !ok {
			return fmt.Errorf("membership %s: the portal has no programme %q", m.ID, m.Programme)
		}
		subject := clock.Subject{Kind: notice.AboutMembership, ID: m.ID, Company: a.CompanyID, Office: m.OfficeID, Programme: p}
		if err := s.Clocks.Happened(ctx, tx, now, by, subject, programme.CompanyRiskAssessed); err != nil {
			return err
		}
	}
	return nil
}

// keep puts the assessment among the company's evidence, for criteria 2.1 to 2.4.
func (s *Service) keep(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, sheet Sheet) (*uuid.UUID, error) {
	f, err := sheet.workbook(ctx)
	if err != nil {
		return nil, err
	}
	on := sheet.FinishedOn().Time()
	id, err := s.Evidence.KeepRecord(ctx, tx, now, by, evidence.Record{Company: sheet.Assessment.CompanyID, Title: sheet.Assessment.Title,
		FileName: f.Name, MediaType: f.MediaType, Content: f.Body, IssuedOn: &on})
	return &id, err
}
