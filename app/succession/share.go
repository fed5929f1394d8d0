package succession

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
)

// with reads whose security profile a membership is to share, or shares until now, and adds
// what stands against it.
func (s *Service) with(ctx context.Context, tx pg.Tx, k *entry.Check, lead uuid.UUID, c *Case) error {
	field := "lead"
	if c.Kind == Unshare {
		x, err := membership.SharedBy(ctx, tx, c.MembershipID)
		if err != nil {
			return err
		}
		if lead, field = uuid.Nil, "effective_on"; x != nil {
			lead = x.LeadID
		}
	} else if lead == uuid.Nil {
		k.Add(field, "Choose the membership whose profile describes both")
		return nil
	}
	if lead != uuid.Nil {
		c.LeadID = &lead
	}
	why, err := s.cannot(ctx, tx, *c)
	if err == nil && why != "" {
		k.Add(field, why)
	}
	return err
}

// cannot says why a case about a shared profile cannot take effect (English source text);
// empty: it can, or the case is about something else. Two accepted cases that cannot both
// hold, of which neither has had its day, are told apart here: the first one accepted wins.
func (s *Service) cannot(ctx context.Context, tx pg.Tx, c Case) (string, error) {
	switch c.Kind {
	case Unshare:
		x, err := membership.SharedBy(ctx, tx, c.MembershipID)
		if err == nil && (x == nil || c.LeadID == nil || x.LeadID != *c.LeadID) {
			return "This membership has a security profile of its own already", nil
		}
		return "", err
	case Share:
		if c.LeadID == nil {
			return "Choose the membership whose profile describes both", nil
		}
	default:
		return "", nil
	}
	why, err := membership.CannotShare(ctx, tx, c.MembershipID, *c.LeadID)
	if err != nil || why != "" {
		return why, err
	}
	var n int
	err = tx.WithContext(ctx).Raw(`select count(*)::int from change_case where kind = 'share' and status = 'accepted' and id <> @id and (membership_id = @lead or lead_id = @follower)
		and (decided_at, id) < (coalesce(cast(@at as timestamptz), 'infinity'), cast(@id as uuid))`,
		map[string]any{"id": c.ID, "lead": *c.LeadID, "follower": c.MembershipID, "at": c.DecidedAt}).Scan(&n).Error
	if err != nil {
		return "", fmt.Errorf("look for other cases about the two memberships: %w", err)
	}
	if n > 0 {
		return "Another case is accepted that makes a chain of the two: one membership leads, and the others follow it", nil
	}
	return "", nil
}

// possible refuses to send a case that cannot take effect as things are.
func (s *Service) possible(ctx context.Context, tx pg.Tx, m member, c *Case, today clock.Day) error {
	if c.Shares() && c.EffectiveOn.Before(today) {
		return fault.Fail([]fault.Field{fault.F("effective_on", "The day has passed. Change the case and enter today or a later day")})
	}
	why, err := s.cannot(ctx, tx, *c)
	if err == nil && why != "" {
		err = fault.New(fault.Conflict, why)
	}
	return err
}

// share carries out what a case about a shared profile says.
func (s *Service) share(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Case) error {
	switch c.Kind {
	case Share:
		return s.Members.Join(ctx, tx, now, by, membership.Sharing{Lead: *c.LeadID, Follower: c.MembershipID, Case: c.ID, On: c.EffectiveOn})
	case Unshare:
		return s.Members.Part(ctx, tx, now, by, c.MembershipID, c.ID, c.EffectiveOn)
	}
	return nil
}
