package appeal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// decision is what an appeal is about.
type decision struct {
	CaseID, ProposalID      uuid.UUID
	Reference               string // of the case
	CompanyID, MembershipID uuid.UUID
	OfficeID                uuid.UUID
	Programme, Zone         string
	Ground, Measure         string
	Reasons                 string
	DecidedAt               time.Time
	EventID                 *uuid.UUID
	Held                    bool // it takes something from the company now
	Latest                  bool // no later decision of the case takes something

	zone  *time.Location
	rules *programme.Programme
}

func (d decision) subject() clock.Subject {
	return clock.Subject{Kind: enforcement.Kind, ID: d.CaseID, Company: d.CompanyID, Office: d.OfficeID, Programme: d.rules}
}

// canEnd reports whether what was decided is in force and can end from now on.
func (d decision) canEnd() bool {
	return d.Held && d.Latest && (d.Measure == programme.Suspend || d.Measure == programme.Limit)
}

// decisionSQL are the decisions of a case that took something from the company.
const decisionSQL = `select c.id as case_id, p.id as proposal_id, c.reference, c.company_id, c.membership_id, c.office_id, c.programme, o.zone, p.ground, p.measure, p.reasons,
    coalesce(p.decided_at, p.proposed_at) as decided_at, p.event_id, jsonb_array_length(c.suspended) + jsonb_array_length(c.limited) > 0 as held,
    not exists (select from enforcement_proposal q where q.case_id = p.case_id and q.event_id is not null and q.number > p.number) as latest
  from enforcement_case c join enforcement_proposal p on p.case_id = c.id join office o on o.id = c.office_id
  where p.event_id is not null`

// standsSQL narrows them to those that were not taken back since.
const standsSQL = ` and p.decision in ('', 'approved')`

// decision locks a case and reads its last decision.
func (s *Service) decision(ctx context.Context, tx pg.Tx, by identity.Actor, of uuid.UUID) (d decision, err error) {
	if _, err := s.Cases.Lock(ctx, tx, by, of); err != nil {
		return d, err
	}
	if err := tx.WithContext(ctx).Raw(decisionSQL+standsSQL+` and c.id = ? order by p.number desc limit 1`, of).Scan(&d).Error; err != nil {
		return d, fmt.Errorf("read the decision: %w", err)
	}
	if d.CaseID == uuid.Nil || by.Audience == identity.Companies && d.CompanyID != by.CompanyID {
		return d, fault.Missing()
	}
	return d, s.complete(&d)
}

func (s *Service) complete(d *decision) (err error) {
	var ok bool
	if d.rules, ok = s.Programmes.Get(d.Programme); !ok {
		return fmt.Errorf("case %s: the portal has no programme %q", d.Reference, d.Programme)
	}
	if d.zone, err = time.LoadLocation(d.Zone); err != nil {
		return fmt.Errorf("case %s: read the office's zone: %w", d.Reference, err)
	}
	return nil
}

// work is an appeal under the lock of one step.
type work struct {
	*Appeal
	decision decision
	facts    Facts
	now      time.Time
	by       identity.Actor
	tx       pg.Tx
	ctx      context.Context
}

// step locks an appeal for a step of an actor and checks the version that they saw.
func (s *Service) step(ctx context.Context, by identity.Actor, id uuid.UUID, version int, may func(identity.Actor) error, do func(w work) error) error {
	if err := may(by); err != nil {
		return err
	}
	now := s.Now()
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		var of []uuid.UUID
		if err := tx.WithContext(ctx).Raw(`select case_id from appeal where id = ?`, id).Scan(&of).Error; err != nil {
			return fmt.Errorf("open the appeal: %w", err)
		}
		if len(of) == 0 {
			return fault.Missing()
		}
		if _, err := s.Cases.Lock(ctx, tx, by, of[0]); err != nil {
			return err
		}
		var a Appeal
		err := tx.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).First(&a).Error
		switch {
		case errors.Is(err, gorm.ErrRecordNotFound), err == nil && by.Audience == identity.Companies && a.CompanyID != by.CompanyID:
			return fault.Missing()
		case err != nil:
			return fmt.Errorf("open the appeal: %w", err)
		case a.Version != version:
			return fault.Moved()
		}
		w := work{Appeal: &a, now: now, by: by, tx: tx, ctx: ctx}
		if err := tx.WithContext(ctx).Raw(decisionSQL+` and p.id = ?`, a.ProposalID).Scan(&w.decision).Error; err != nil {
			return fmt.Errorf("read the decision: %w", err)
		}
		if err := s.complete(&w.decision); err != nil {
			return err
		}
		w.facts = Facts{Mine: a.OfficerID != nil && *a.OfficerID == by.PersonID, CanEnd: w.decision.canEnd()}
		part, err := s.Cases.TookPart(ctx, tx, a.CaseID)
		if err != nil {
			return err
		}
		w.facts.Part = slices.Contains(part, by.PersonID)
		return do(w)
	})
}

// move takes the appeal to its next state, if the table of moves allows it.
func (w work) move(do Action, text string) error {
	w.facts.Text = text
	to, err := Lifecycle().Next(w.Status, do, w.by.Role, w.facts)
	if err != nil {
		return err
	}
	w.Status = to
	return nil
}

// save keeps the state and the named columns, with the audit event.
func (w work) save(e audit.Event, columns ...string) error {
	if err := pg.Update(w.ctx, w.tx, w.Appeal, w.ID, &w.Version, append([]string{"status"}, columns...)...); err != nil {
		return fmt.Errorf("keep the appeal: %w", err)
	}
	return record(w.ctx, w.tx, w.now, w.by, *w.Appeal, e)
}

func record(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a Appeal, e audit.Event) error {
	e.Kind, e.Subject, e.Company = Kind, a.ID, a.CompanyID
	return audit.Record(ctx, tx, now, by, e)
}

// officersBut are the appeal officers who had no part in a case; where there are none,
// headquarters.
func (s *Service) officersBut(ctx context.Context, tx pg.Tx, of uuid.UUID) (list []uuid.UUID, err error) {
	part, err := s.Cases.TookPart(ctx, tx, of)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		PersonID uuid.UUID
		Role     identity.Role
	}
	err = tx.WithContext(ctx).Raw(`select distinct person_id, role from person_right where audience = 'staff' and ended_at is null and role in ('appeal_officer', 'headquarters')`).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("find who may decide: %w", err)
	}
	for _, role := range identity.AppealOfficers {
		for _, r := range rows {
			if r.Role == role && !slices.Contains(part, r.PersonID) {
				list = append(list, r.PersonID)
			}
		}
		if list != nil {
			return list, nil
		}
	}
	return nil, nil
}

func number(ctx context.Context, tx pg.Tx) (n int64, err error) {
	err = tx.WithContext(ctx).Raw("select nextval('appeal_number')").Scan(&n).Error
	return n, err
}

// signer refuses everybody but those who sign for a company.
func signer(by identity.Actor) error {
	switch own, err := by.Reads(); {
	case err != nil:
		return err
	case own == nil:
		return fault.New(fault.Forbidden, "Only the company can do this")
	case !by.Is(identity.CompanySigners...):
		return fault.New(fault.Forbidden, "Only an owner or a signatory of the company can do this")
	}
	return nil
}

// officer refuses everybody but those who decide appeals.
func officer(by identity.Actor) error {
	switch own, err := by.Reads(); {
	case err != nil:
		return err
	case own != nil:
		return fault.Missing()
	case !by.Is(identity.AppealOfficers...):
		return fault.New(fault.Forbidden, "Appeal officers decide appeals. You can read this one")
	}
	return nil
}
