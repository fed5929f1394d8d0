package profile

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// mayWrite refuses who does not write to the agency about a criterion: editors do, and
// contributors whose criterion it is, as long as the profile is not closed.
func mayWrite(by identity.Actor, p *Profile, criterion string) error {
	note := p.Notes[criterion]
	switch {
	case by.Is(identity.CompanyEditors...):
	case by.Is(identity.Contributor) && note.AssigneeID != nil && *note.AssigneeID == by.PersonID:
	default:
		return fault.New(fault.Forbidden, "You cannot write about this criterion with your role. An owner, signatory or editor of the company can")
	}
	if p.Cycle.Status.Final() {
		return fault.New(fault.Conflict, "This profile is closed. Write to us from the inbox")
	}
	return nil
}

// Write adds a message of the company to the thread of a criterion. It speaks of the
// answers as they are now. Editors may, and contributors whose criterion it is.
func (s *Service) Write(ctx context.Context, by identity.Actor, id uuid.UUID, criterion, body string) error {
	return s.change(ctx, by, id, func(tx pg.Tx, now time.Time, p *Profile) error {
		c, ok := p.Form.Criterion(criterion)
		if !ok {
			return fault.Missing()
		}
		if err := mayWrite(by, p, criterion); err != nil {
			return err
		}
		var check entry.Check
		body := check.Text("body", "your message", body, 2, 8000)
		if err := check.Err(); err != nil {
			return err
		}
		about := map[string]int{}
		for _, q := range c.Questions {
			g, _ := p.Given(q.ID, uuid.Nil)
			about[q.ID] = g.Version
		}
		versions, err := json.Marshal(about)
		if err != nil {
			return fmt.Errorf("write a message: %w", err)
		}
		message := pg.NewID()
		err = tx.WithContext(ctx).Exec(`insert into profile_message (id, company_id, programme, entity_type, criterion, cycle_id, side, body, author, written_by, written_at, sent_at, about)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, message, p.Cycle.CompanyID, p.Cycle.Programme, p.Cycle.EntityType, criterion, p.Cycle.ID, "company", body,
			by.Name, by.PersonID, now, now, string(versions)).Error
		if err != nil {
			return fmt.Errorf("write a message: %w", err)
		}
		err = audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.write", Kind: Kind, Subject: p.Cycle.ID, Company: p.Cycle.CompanyID,
			After: map[string]any{"criterion": criterion, "message": message}})
		if err != nil {
			return err
		}
		return s.tellSpecialist(ctx, tx, now, p.Cycle)
	})
}

// tellSpecialist lets the specialist in charge, of the profile or else of its case, know
// that something waits, while the profile is with the agency.
func (s *Steps) tellSpecialist(ctx context.Context, tx pg.Tx, now time.Time, c Cycle) error {
	if c.Status != Submitted && c.Status != InReview {
		return nil
	}
	var persons []uuid.UUID
	err := tx.WithContext(ctx).Raw(`select coalesce(c.assignee_id, a.assignee_id) as id from profile_cycle c left join application a on a.id = c.application_id
		where c.id = ? and coalesce(c.assignee_id, a.assignee_id) is not null`, c.ID).Scan(&persons).Error
	if err != nil {
		return fmt.Errorf("look for the specialist in charge: %w", err)
	}
	if len(persons) == 0 {
		return nil
	}
	return s.Letters.ToStaff(ctx, tx, now, persons, Kind, c.ID)
}
