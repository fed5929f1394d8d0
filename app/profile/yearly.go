package profile

import (
	"context"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// ForYear is the review of a membership for an anniversary; nil when none was opened.
func ForYear(ctx context.Context, tx pg.Tx, membership uuid.UUID, anniversary clock.Day) (*Cycle, error) {
	list, err := OfMembership(ctx, tx, membership)
	for i, c := range list {
		if c.Kind == Annual && c.Anniversary == anniversary {
			return &list[i], err
		}
	}
	return nil, err
}

// Replace ends the reviews of a membership that were never submitted, because another has
// taken their answers. A step for the package that opens reviews.
func (s *Steps) Replace(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, with Cycle, reason string) error {
	return s.endReviews(ctx, tx, now, by, *with.MembershipID, reason, func(c Cycle) bool { return c.Status == Open && c.ID != with.ID })
}

// Abandon ends the reviews of a membership that were not submitted, because it relies on the
// profile of another one. What was submitted goes on. A step for the package that shares
// profiles.
func (s *Steps) Abandon(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, membership uuid.UUID, reason string) error {
	return s.endReviews(ctx, tx, now, by, membership, reason, func(c Cycle) bool { return c.Status == Open })
}

// EndOfMembership ends the reviews of a membership that ends, unless they were accepted.
// One that is suspended keeps them: the company still owes them. A step for the package in
// which the membership ends: it has decided who may.
func (s *Steps) EndOfMembership(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, membership uuid.UUID, reason string) error {
	return s.endReviews(ctx, tx, now, by, membership, reason, func(Cycle) bool { return true })
}

func (s *Steps) endReviews(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, membership uuid.UUID, reason string, which func(Cycle) bool) error {
	list, err := OfMembership(ctx, tx, membership)
	if err != nil {
		return err
	}
	for _, c := range list {
		if !which(c) {
			continue
		}
		if err := s.end(ctx, tx, now, by, c, reason); err != nil {
			return err
		}
	}
	return nil
}

// PastDue notes that the day of a review has passed and that it was not submitted; false
// when it was, or when it is noted already. A step for the package whose clock says so.
func (s *Steps) PastDue(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, id uuid.UUID) (bool, error) {
	c, err := Lock(ctx, tx, by, id, 0)
	if err != nil || c.Status != Open || c.OverdueAt != nil {
		return false, err
	}
	if err := markOverdue(ctx, tx, now, c.ID); err != nil {
		return false, err
	}
	return true, audit.Record(ctx, tx, now, by, audit.Event{Action: "profile.overdue", Kind: Kind, Subject: c.ID, Company: c.CompanyID,
		After: map[string]any{"reference": c.Reference, "due_on": c.Anniversary}})
}

// News is what a company must know when a profile is begun on top of another.
type News struct {
	Changes catalogue.Changes         // of the criteria that it is asked; none when the edition is the same
	Titles  map[string]catalogue.Text // of the criteria in Changes
	Expired int                       // items of evidence that were left behind because they have expired
}

// News compares a cycle with the one that it was begun on.
func (s *Steps) News(ctx context.Context, tx pg.Tx, c Cycle) (n News, err error) {
	if c.PreviousID == nil {
		return n, nil
	}
	from, err := Look(ctx, tx, identity.ClockActor(""), *c.PreviousID)
	if err != nil {
		return n, err
	}
	was, err := s.before(from, c)
	if err != nil {
		return n, err
	}
	is, err := s.Form(c)
	if err != nil {
		return n, err
	}
	n.Changes, n.Titles = s.changed(was, is), map[string]catalogue.Text{}
	for _, ch := range n.Changes {
		if x, ok := is.Criterion(ch.ID); ok {
			n.Titles[ch.ID] = x.Title
		} else if x, ok := was.Criterion(ch.ID); ok {
			n.Titles[ch.ID] = x.Title
		}
	}
	zone, err := officeZone(ctx, tx, c.OfficeID)
	if err != nil {
		return n, err
	}
	n.Expired, err = leftBehind(ctx, tx, from.ID, clock.DayOf(c.OpenedAt, zone))
	return n, err
}
