package succession

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

// count makes an accepted case count: the legal event is recorded for its day, and when that
// day has come the case takes effect at once.
func (s *Service) count(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c *Case, m member) error {
	if c.Ends() && !c.EffectiveOn.IsZero() {
		if err := s.end(ctx, tx, now, by, c, m); err != nil {
			return err
		}
	}
	if !c.EffectiveOn.IsZero() && !c.EffectiveOn.After(clock.DayOf(now, m.zone)) {
		return s.begin(ctx, tx, now, c, m)
	}
	if err := s.tell(ctx, tx, now, by, *c, m, "change_case_accepted", ""); err != nil {
		return err
	}
	if by.Audience == identity.Companies {
		return s.tellOffice(ctx, tx, now, *c)
	}
	return nil
}

// end records the end of the membership for the case's day.
func (s *Service) end(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c *Case, m member) error {
	kind := standing.Succeeded
	if c.Kind == Withdrawal {
		kind = standing.Withdrawn
	}
	reason, _ := m.rules.Succession.Reason(c.Reason)
	rule, _ := m.rules.Succession.Kind(c.Kind)
	e, err := s.Standing.Record(ctx, tx, now, by, standing.Event{MembershipID: m.ID, Kind: kind, On: c.EffectiveOn, Cause: c.cause(), Ground: c.Ground, Reason: reason.Name, Source: rule.Source})
	if err != nil {
		return err
	}
	c.EventID = &e.ID
	if err := pg.Update(ctx, tx, c, c.ID, &c.Version, "event_id"); err != nil {
		return fmt.Errorf("note the end of the membership: %w", err)
	}
	return nil
}

// begin is what happens on a case's day: it is in effect, what the membership still owed ends
// or is carried over, and those who must know are told. The portal itself does it, also when
// the day has come with a person's step.
func (s *Service) begin(ctx context.Context, tx pg.Tx, now time.Time, c *Case, m member) error {
	by := identity.ClockActor("succession")
	if err := s.move(ctx, tx, now, by, c, Begin, Facts{}, map[string]any{"effective_on": c.EffectiveOn}); err != nil {
		return err
	}
	if err := s.share(ctx, tx, now, by, *c); err != nil {
		return err
	}
	if err := s.passOn(ctx, tx, now, by, *c, m); err != nil {
		return err
	}
	if c.SuccessorID != nil {
		if err := s.follow(ctx, tx, now, *c, m, *c.SuccessorID); err != nil {
			return err
		}
	}
	if c.Ends() {
		if err := s.closeReviews(ctx, tx, now, by, *c); err != nil {
			return err
		}
		if s.Ended != nil {
			if err := s.Ended(ctx, tx, now, by, m.ID); err != nil {
				return err
			}
		}
	}
	if err := s.tell(ctx, tx, now, by, *c, m, "change_case_in_force", ""); err != nil {
		return err
	}
	return s.tellOffice(ctx, tx, now, *c)
}

// closeReviews ends the yearly reviews of a membership that has ended, except one that is
// carried over.
func (s *Service) closeReviews(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, c Case) error {
	if s.Steps.Profiles == nil {
		return nil
	}
	var carried bool
	err := tx.WithContext(ctx).Raw(`select exists (select from change_case_item where case_id = ? and kind = 'profile' and decision = 'carry')`, c.ID).Scan(&carried).Error
	if err != nil || carried {
		return err
	}
	return s.Steps.Profiles.EndOfMembership(ctx, tx, now, by, c.MembershipID, "The membership has ended: "+c.Reference)
}

// follow notes which membership came after.
func (s *Service) follow(ctx context.Context, tx pg.Tx, now time.Time, c Case, m member, to uuid.UUID) error {
	on := c.EffectiveOn
	err := tx.WithContext(ctx).Exec(`insert into succession (case_id, kind, from_id, from_company_id, from_number, to_id, to_company_id, to_number, effective_on, recorded_at)
		select ?, ?, ?, ?, ?, t.id, t.company_id, t.number, ?, ? from membership t where t.id = ? on conflict (case_id) do nothing`,
		c.ID, c.Kind, m.ID, m.CompanyID, m.Number, on, now, to).Error
	if err != nil {
		return fmt.Errorf("note what followed: %w", err)
	}
	return nil
}

// Turn lets the cases take effect whose day has come, closes those whose membership has ended
// in another way, and ends shared profiles with their memberships. Any number may run at once.
// The portal itself; no person calls it.
func (s *Service) Turn(ctx context.Context) (done int, err error) {
	if done, err = s.Members.TurnShares(ctx); err != nil {
		return done, err
	}
	by, skip := identity.ClockActor("succession"), []uuid.UUID{uuid.Nil}
	for {
		more := false
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			now := s.Now()
			list, err := scan[struct{ ID, MembershipID uuid.UUID }](ctx, tx, `select c.id, c.membership_id from change_case c join membership m on m.id = c.membership_id
				join office o on o.id = c.office_id
				where c.id not in ? and (c.status = 'accepted' and c.effective_on <= (?::timestamptz at time zone o.zone)::date
				  or c.status in ('draft', 'sent', 'in_review', 'proposed', 'returned', 'accepted') and m.status = 'ended')
				order by c.effective_on, c.id limit 1 for update of m skip locked`, skip, now)
			if err != nil || len(list) == 0 {
				return err
			}
			more = true
			skip = append(skip, list[0].ID)
			return s.turn(ctx, tx, now, by, list[0].ID)
		})
		if err != nil || !more {
			return done, err
		}
		done++
	}
}

func (s *Service) turn(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID) error {
	c, m, err := s.lock(ctx, tx, by, id)
	if err != nil || c.Status.Final() {
		return err
	}
	came := !c.EffectiveOn.IsZero() && !c.EffectiveOn.After(clock.DayOf(now, m.zone))
	if c.Status == Accepted && came {
		over, err := s.overtaken(ctx, tx, c)
		if err != nil {
			return err
		}
		why, err := s.cannot(ctx, tx, c)
		if err != nil {
			return err
		}
		if !over && why == "" {
			return s.begin(ctx, tx, now, &c, m)
		}
		if why != "" && m.Status != string(standing.Ended) {
			if err := s.tell(ctx, tx, now, by, c, m, "change_case_called_off", i18n.T(ctx, why)); err != nil {
				return err
			}
		}
	} else if m.Status != string(standing.Ended) {
		return nil
	}
	return s.move(ctx, tx, now, by, &c, Overtake, Facts{}, nil)
}

// overtaken reports whether the event of a case changed nothing, because the membership had
// ended before.
func (s *Service) overtaken(ctx context.Context, tx pg.Tx, c Case) (bool, error) {
	if c.EventID == nil {
		return false, nil
	}
	spans, err := standing.Of(ctx, tx, c.MembershipID)
	if err != nil {
		return false, err
	}
	for _, x := range spans {
		if x.EventID == *c.EventID {
			return false, nil
		}
	}
	return true, nil
}

// Admitted is the step of a certification: where the new membership takes the place of
// another, that one ends on the first day of the new one, without a gap; where it is that of
// a new legal entity, it is noted what it came from. It runs in the transaction of
// membership.Service.Admit, which has decided who may.
func (s *Service) Admitted(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, a application.Application, to membership.Membership) error {
	ids, err := scan[uuid.UUID](ctx, tx, `select id from change_case where status in ('accepted', 'in_force') and (application_id = ?
		or kind = 'type_change' and status = 'accepted' and effective_on is null and company_id = ? and programme = ? and entity_type = ?) order by id limit 10`, a.ID, a.CompanyID, a.Programme, a.EntityType)
	if err != nil {
		return fmt.Errorf("look for what the membership follows: %w", err)
	}
	for _, id := range ids {
		c, m, err := s.lock(ctx, tx, by, id)
		if err != nil {
			return err
		}
		if c.Kind != TypeChange {
			if err := s.follow(ctx, tx, now, c, m, to.ID); err != nil {
				return err
			}
			continue
		}
		c.EffectiveOn, c.SuccessorID, c.ApplicationID = to.EffectiveOn, &to.ID, &a.ID
		if err := pg.Update(ctx, tx, &c, c.ID, &c.Version, "effective_on", "successor_id", "application_id"); err != nil {
			return fmt.Errorf("end the membership before: %w", err)
		}
		if err := s.count(ctx, tx, now, by, &c, m); err != nil {
			return err
		}
	}
	return nil
}

// CaseOpen is the answer to Service.Blocked from the cases of enforcement: one that is not
// closed keeps a member from simply leaving.
func CaseOpen(ctx context.Context, tx pg.Tx, membership uuid.UUID) (why string, err error) {
	err = tx.WithContext(ctx).Raw(`select coalesce((select reference from enforcement_case where membership_id = ? and status <> 'closed' order by id limit 1), '')`, membership).Scan(&why).Error
	if err != nil {
		return "", fmt.Errorf("look for a case of enforcement: %w", err)
	}
	return why, nil
}
