package standing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// followed is what an event about a membership means for one that cannot be had without it.
// An annulment ends it and does not reach back: it was had in good faith.
var followed = map[Kind]Kind{Suspended: Suspended, Reinstated: Reinstated, Removed: Removed, Annulled: Removed, Withdrawn: Withdrawn, Succeeded: Succeeded}

// lead lets the memberships of the company follow that cannot be had without this one, in the
// same transaction and for the same cause. It is called on the first day of the event, when
// what it changed is in spans.
func (s *Service) lead(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, spans []Span, events []Event, e Event) error {
	for _, p := range s.Programmes.RequiredBy(m.Programme) {
		if !slices.Contains(p.Requires.EntityTypes, m.EntityType) {
			continue
		}
		list, err := followers(ctx, tx, m, p)
		if err != nil {
			return err
		}
		for _, id := range list {
			if err := s.followOne(ctx, tx, now, by, m, spans, events, e, p, id); err != nil {
				return fmt.Errorf("let a membership of %s follow: %w", p.Code, err)
			}
		}
	}
	return nil
}

// followOne records what follows for one membership: of the event, and of the tier that the
// other membership has now.
func (s *Service) followOne(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, spans []Span, events []Event, e Event, p *programme.Programme, id uuid.UUID) error {
	status, tier, _ := Overall(spans, clock.DayOf(now, m.zone))
	other, err := another(ctx, tx, m, p.Requires)
	if err != nil {
		return err
	}
	base := Event{MembershipID: id, Cause: e.Cause, Ground: "", Source: p.Requires.Source, Reason: e.Reason}
	switch kind := followed[e.Kind]; {
	case e.Kind == Overturned:
		err = s.fallToo(ctx, tx, now, by, m, events, e, p, base)
	case kind == Reinstated && status == string(Active), kind == Suspended && status != string(Active) && !other, kind.Ends() && status == string(Ended) && !other:
		base.Kind = kind
		err = s.recordIf(ctx, tx, now, by, m, p, base)
	}
	if err != nil || status != string(Active) || len(p.Requires.Tiers) == 0 {
		return err
	}
	base.Kind, base.Cause = Reinstated, Cause{Kind: "membership", ID: m.ID}
	if !slices.Contains(p.Requires.Tiers, tier) && !other {
		base.Kind, base.Reason = Suspended, p.Requires.Because
	}
	return s.recordIf(ctx, tx, now, by, m, p, base)
}

// fallToo overturns what followed from an event that has been overturned.
func (s *Service) fallToo(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m member, events []Event, e Event, p *programme.Programme, base Event) error {
	i := slices.IndexFunc(events, func(x Event) bool { return e.Undoes != nil && x.ID == *e.Undoes })
	if i < 0 {
		return nil
	}
	was := events[i]
	theirs, err := load(ctx, tx, base.MembershipID)
	if err != nil {
		return err
	}
	for _, x := range slices.Backward(theirs) {
		gone := slices.ContainsFunc(theirs, func(y Event) bool { return y.Undoes != nil && *y.Undoes == x.ID })
		if !gone && x.Kind == followed[was.Kind] && x.Cause == was.Cause {
			base.Kind, base.Undoes = Overturned, &x.ID
			return s.recordIf(ctx, tx, now, by, m, p, base)
		}
	}
	return nil
}

// recordIf records an event unless it would change nothing, and tells the company.
func (s *Service) recordIf(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, of member, p *programme.Programme, e Event) error {
	m, err := s.lock(ctx, tx, e.MembershipID)
	if err != nil {
		return err
	}
	e.On = clock.DayOf(now, m.zone)
	events, err := load(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	trial := e
	trial.Types = m.rules.Standing.TypesOf(m.EntityType)
	if err := check(events, trial, e.On); fault.KindOf(err) == fault.Conflict {
		return nil // it has gone its own way already
	}
	done, err := s.Record(ctx, tx, now, by, e)
	if err != nil {
		return err
	}
	err = audit.Record(ctx, tx, now, by, audit.Event{Action: "membership.follow", Kind: "membership", Subject: m.ID, Company: m.CompanyID,
		After: map[string]any{"number": m.Number, "event": done.Kind, "follows": of.Number, "effective_on": done.On}, Reason: e.Reason})
	if err != nil || s.Letters == nil {
		return err
	}
	return s.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: m.CompanyID, SubjectKind: "membership", SubjectID: m.ID, Programme: p, Code: "membership_follows",
		Values: map[string]string{"membership_number": m.Number, "reason": done.Kind.Name(), "owed": of.Number}, Days: map[string]time.Time{"effective_on": done.On.Time()}})
}

// followers are the memberships of a programme that the same company has, or has had.
func followers(ctx context.Context, tx pg.Tx, m member, p *programme.Programme) (list []uuid.UUID, err error) {
	err = tx.WithContext(ctx).Raw(`select id from membership where company_id = ? and programme = ? order by id`, m.CompanyID, p.Code).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("look for the memberships that follow: %w", err)
	}
	return list, nil
}

// another reports whether the company has a further active membership that is what is
// required.
func another(ctx context.Context, tx pg.Tx, m member, q *programme.Requirement) (bool, error) {
	var rows []struct{ EntityType, Tier string }
	err := tx.WithContext(ctx).Raw(`select entity_type, tier from membership where company_id = ? and programme = ? and id <> ? and status = 'active'`, m.CompanyID, m.Programme, m.ID).Scan(&rows).Error
	if err != nil {
		return false, fmt.Errorf("look for another membership: %w", err)
	}
	return slices.ContainsFunc(rows, func(r struct{ EntityType, Tier string }) bool { return q.Met(m.Programme, r.EntityType, r.Tier) }), nil
}
