package profile

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Inheritance says from whom an open profile of another legal entity takes its first answers.
type Inheritance struct {
	To                    Cycle
	Company               uuid.UUID // the one that answered
	Name                  string    // its name, which stands with the answers
	Programme, EntityType string    // of its membership
	Why                   string    // reference of the case with its consent
}

// Inherit fills criteria of an open profile that nobody has begun with what another company
// said last in an accepted profile, marked as carried over: each is confirmed or changed as
// in a yearly review. Only what was said for the whole company comes along: no sites, no
// evidence, no persons. It returns how many answers those were. A step for the package that
// knows the other company's consent.
func (s *Steps) Inherit(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Inheritance) (int, error) {
	from, err := lastAccepted(ctx, tx, in)
	if err != nil || from == nil {
		return 0, err
	}
	begun := map[string]bool{}
	there, err := answersOf(ctx, tx, in.To.ID)
	if err != nil {
		return 0, err
	}
	for _, a := range there {
		begun[a.Criterion] = true
	}
	rows, _, err := s.carryable(ctx, tx, in.To, *from, nil, begun)
	if err != nil {
		return 0, err
	}
	is, err := s.Form(in.To)
	if err != nil {
		return 0, err
	}
	kept := rows[:0]
	for _, r := range rows {
		if _, q, ok := is.Question(r.Question); ok && q.Kind != catalogue.Persons {
			r.Author, r.UpdatedBy, r.UpdatedAt = in.Name, nil, now
			kept = append(kept, r)
		}
	}
	if len(kept) == 0 {
		return 0, nil
	}
	if err := insertAnswers(ctx, tx, kept); err != nil {
		return 0, fmt.Errorf("take over answers: %w", err)
	}
	return len(kept), audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.inherit", Kind: Kind, Subject: in.To.ID, Company: in.To.CompanyID,
		After: map[string]any{"reference": in.To.Reference, "answers": len(kept), "from": in.Name, "case": in.Why}})
}

// lastAccepted is the last accepted cycle of a kind of member of a company.
func lastAccepted(ctx context.Context, tx pg.Tx, in Inheritance) (*Cycle, error) {
	var list []Cycle
	err := tx.WithContext(ctx).Where("company_id = ? and programme = ? and ? = any(entity_type || also_types) and status = ?", in.Company, in.Programme, in.EntityType, Accepted).
		Order("accepted_at desc, number desc").Limit(1).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("look for the last accepted profile: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}
