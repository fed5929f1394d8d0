package membership

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
)

// Share is one security profile that stands for two memberships of a company in a programme:
// the follower relies on that of the lead. A lead may have several followers and follows
// nobody itself. Only its end is ever added.
type Share struct {
	ID         uuid.UUID `gorm:"primaryKey"`
	CompanyID  uuid.UUID
	LeadID     uuid.UUID
	FollowerID uuid.UUID
	FromOn     clock.Day  // the first day on which it counts
	ToOn       clock.Day  // the first day on which it no longer does; zero: it counts
	CaseID     uuid.UUID  // the change case that began it
	EndCaseID  *uuid.UUID // and the one that ended it, if one did
	EndReason  string     // Unshared, LeadEnded, FollowerEnded
	RecordedAt time.Time
	EndedAt    *time.Time
	OwnAgainAt *time.Time // when the follower got a yearly review of its own again
}

// TableName is the table that holds shared profiles.
func (Share) TableName() string { return "profile_share" }

// Why a profile is shared no more.
const (
	Unshared      = "unshared" // by a case
	LeadEnded     = "lead_ended"
	FollowerEnded = "follower_ended"
)

// Sharing says which membership is to rely on the profile of which.
type Sharing struct {
	Lead, Follower, Case uuid.UUID
	On                   clock.Day
}

// LockBoth locks two memberships always in the same order, so that two steps about the same
// two wait for each other.
func LockBoth(ctx context.Context, tx pg.Tx, one, other uuid.UUID) error {
	var ids []uuid.UUID
	err := tx.WithContext(ctx).Raw(`select id from membership where id in ? order by id for update`, []uuid.UUID{one, other}).Scan(&ids).Error
	if err != nil {
		return fmt.Errorf("lock two memberships: %w", err)
	}
	return nil
}

// CannotShare says why a membership cannot rely on the profile of another (English source
// text); empty: it can. What the actor cannot see, and a membership of another company or
// programme, is not found.
func CannotShare(ctx context.Context, tx pg.Tx, follower, lead uuid.UUID) (why string, err error) {
	var rows []struct {
		Lead, Follower                  string // states
		Follows, Leads, Shared, Overdue bool
	}
	err = tx.WithContext(ctx).Raw(`select l.status as lead, f.status as follower,
		exists (select from profile_share s where s.follower_id = l.id and s.to_on is null) as follows,
		exists (select from profile_share s where s.lead_id = f.id and s.to_on is null) as leads,
		exists (select from profile_share s where s.follower_id = f.id and s.to_on is null) as shared,
		exists (select from profile_cycle c where c.membership_id = f.id and c.status = 'open' and c.overdue_at is not null) as overdue
		from membership l join membership f on f.company_id = l.company_id and f.programme = l.programme and f.id <> l.id where l.id = ? and f.id = ?`, lead, follower).Scan(&rows).Error
	if err != nil {
		return "", fmt.Errorf("look at the two memberships: %w", err)
	}
	if len(rows) == 0 {
		return "", fault.Missing()
	}
	switch r := rows[0]; {
	case Status(r.Follower) == Ended:
		return "This membership has ended already", nil
	case Status(r.Lead) == Ended:
		return "The other membership has ended. Choose one that goes on", nil
	case r.Shared:
		return "This membership shares the profile of another already. Take the two apart first", nil
	case r.Follows:
		return "The other membership shares the profile of a third one itself. Choose that one", nil
	case r.Leads:
		return "Other memberships share the profile of this one. Take them apart first", nil
	case r.Overdue:
		return "The yearly review of this membership is overdue. Submit it first", nil
	}
	return "", nil
}

// Join lets a membership rely on the profile of another from today on: its yearly clocks end
// and so does a review that was not submitted. A step for the package of the cases, which has
// decided who may, locked both (LockBoth) and asked CannotShare.
func (s *Service) Join(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, in Sharing) error {
	lead, err := load(ctx, tx, in.Lead)
	if err != nil {
		return err
	}
	f, at, err := s.charge(ctx, tx, in.Follower)
	if err != nil {
		return err
	}
	row := Share{ID: pg.NewID(), CompanyID: f.CompanyID, LeadID: lead.ID, FollowerID: f.ID, FromOn: in.On, CaseID: in.Case, RecordedAt: now}
	if err := tx.WithContext(ctx).Create(&row).Error; err != nil {
		return fmt.Errorf("share the profile: %w", err)
	}
	if s.Steps.Profiles != nil {
		if err := s.Steps.Profiles.Abandon(ctx, tx, now, by, f.ID, "It goes on in the security profile of membership "+lead.Number); err != nil {
			return err
		}
	}
	if err := s.Steps.Clocks.Happened(ctx, tx, now, by, at, programme.ProfileShared); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "membership.share", Kind: Kind, Subject: f.ID, Company: f.CompanyID,
		After: map[string]any{"number": f.Number, "lead": lead.Number, "effective_on": in.On}})
}

// charge is a membership, locked, as the subject of its clocks.
func (s *Service) charge(ctx context.Context, tx pg.Tx, id uuid.UUID) (m Membership, at clock.Subject, err error) {
	if m, err = load(ctx, tx, id); err != nil {
		return m, at, err
	}
	p, ok := s.Steps.Programmes.Get(m.Programme)
	if !ok {
		return m, at, fmt.Errorf("membership %s: the portal has no programme %q", m.Number, m.Programme)
	}
	var office []uuid.UUID
	if err := tx.WithContext(ctx).Raw(`select office_id from application where id = ?`, m.ApplicationID).Scan(&office).Error; err != nil || len(office) == 0 {
		return m, at, fmt.Errorf("read the office of membership %s: %w", m.Number, err)
	}
	return m, subject(m, office[0], p), nil
}

// SharedBy is the share by which a membership relies on the profile of another now; nil: it
// has its own.
func SharedBy(ctx context.Context, tx pg.Tx, follower uuid.UUID) (*Share, error) {
	var rows []Share
	if err := tx.WithContext(ctx).Where("follower_id = ? and to_on is null", follower).Limit(1).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("look for a shared profile: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
}

// Part ends the share of a membership by a case: from its day it has a yearly review of its
// own again. A step for the package of the cases, which has decided who may and locked both.
// Conflict: it shares no profile.
func (s *Service) Part(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, follower, caseID uuid.UUID, on clock.Day) error {
	x, err := SharedBy(ctx, tx, follower)
	if err != nil {
		return err
	}
	if x == nil {
		return fault.New(fault.Conflict, "This membership has a security profile of its own already")
	}
	x.EndCaseID = &caseID
	_, err = s.part(ctx, tx, now, by, x, Unshared, on)
	return err
}

// part adds the end of a share and gives the follower its yearly review back, unless it has
// ended. It returns the last day of that review.
func (s *Service) part(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x *Share, why string, on clock.Day) (due clock.Day, err error) {
	if on.Before(x.FromOn) {
		on = x.FromOn
	}
	f, at, err := s.charge(ctx, tx, x.FollowerID)
	if err != nil {
		return due, err
	}
	if x.ToOn.IsZero() {
		x.ToOn, x.EndReason, x.EndedAt = on, why, &now
	}
	said := map[string]any{"number": f.Number, "effective_on": x.ToOn, "why": x.EndReason}
	if f.Status != Ended {
		if due, err = s.ownAgain(ctx, tx, now, by, f, at, on); err != nil {
			return due, err
		}
		x.OwnAgainAt = &now
		if !due.IsZero() {
			said["due_on"] = due
		}
	}
	err = tx.WithContext(ctx).Model(x).Select("to_on", "end_case_id", "end_reason", "ended_at", "own_again_at").Updates(x).Error
	if err != nil {
		return due, fmt.Errorf("end the shared profile: %w", err)
	}
	return due, audit.Record(ctx, tx, now, by, audit.Event{Action: "membership.unshare", Kind: Kind, Subject: f.ID, Company: f.CompanyID, After: said})
}

// ownAgain starts the yearly clocks of a membership that shared a profile: they end on the
// next anniversary of its certification for which the review can still be open for the
// programme's whole time. It returns that day.
func (s *Service) ownAgain(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, m Membership, at clock.Subject, on clock.Day) (clock.Day, error) {
	zone, err := zoneOf(ctx, tx, m)
	if err != nil {
		return clock.Day{}, err
	}
	if today := clock.DayOf(now, zone); on.Before(today) {
		on = today // a day that has passed can be kept no more
	}
	open := 0
	for _, k := range at.Programme.ClocksStartedBy(programme.ProfileUnshared) {
		if k.OnExpiry == programme.OpenReview {
			open = max(open, k.LessDays)
		}
	}
	return s.Steps.Clocks.Rejoin(ctx, tx, now, by, at, programme.ProfileUnshared, m.CertifiedOn, on.AddDays(open))
}

// TurnShares ends the shares of memberships that have ended, and gives a follower whose end
// was overturned its own review back. Any number may run at once. The portal itself.
func (s *Service) TurnShares(ctx context.Context) (done int, err error) {
	by, skip := identity.ClockActor("shares"), []uuid.UUID{uuid.Nil}
	for {
		var list []Share
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			list = nil
			err := tx.WithContext(ctx).Raw(`select s.* from profile_share s join membership l on l.id = s.lead_id join membership f on f.id = s.follower_id
				where s.id not in ? and (s.to_on is null and 'ended' in (l.status, f.status) or s.to_on is not null and s.own_again_at is null and f.status <> 'ended')
				order by s.id limit 1`, skip).Scan(&list).Error
			if err != nil || len(list) == 0 {
				return err
			}
			return s.turnShare(ctx, tx, s.Now(), by, list[0])
		})
		if err != nil || len(list) == 0 {
			return done, err
		}
		skip = append(skip, list[0].ID)
		done++
	}
}

// turnShare ends one share under the locks of its memberships, if that is still to do.
func (s *Service) turnShare(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, x Share) error {
	if err := LockBoth(ctx, tx, x.LeadID, x.FollowerID); err != nil {
		return err
	}
	if err := tx.WithContext(ctx).Where("id = ?", x.ID).First(&x).Error; err != nil {
		return fmt.Errorf("look at a shared profile: %w", err)
	}
	lead, err := load(ctx, tx, x.LeadID)
	if err != nil {
		return err
	}
	f, err := load(ctx, tx, x.FollowerID)
	if err != nil || x.OwnAgainAt != nil {
		return err
	}
	why, ended := LeadEnded, lead.EndedOn
	if f.Status == Ended {
		why, ended = FollowerEnded, f.EndedOn
	}
	zone, err := zoneOf(ctx, tx, f)
	if err != nil {
		return err
	}
	on := clock.DayOf(now, zone)
	if x.ToOn.IsZero() && ended != nil {
		on = *ended
	}
	due, err := s.part(ctx, tx, now, by, &x, why, on)
	if err != nil || due.IsZero() {
		return err
	}
	p, _ := s.Steps.Programmes.Get(f.Programme)
	reason := i18n.T(ctx, "The other membership, %s, has ended.", lead.Number)
	if x.EndReason == FollowerEnded {
		reason = i18n.T(ctx, "What had ended the membership does not hold.")
	}
	return s.Steps.Letters.ToCompany(ctx, tx, now, by, notice.Letter{Company: f.CompanyID, SubjectKind: Kind, SubjectID: f.ID, Programme: p, Code: "review_own_again",
		Values: map[string]string{"reason": reason}, Days: map[string]time.Time{"effective_on": on.Time(), "due_on": due.Time()}})
}

// follower is a membership that shares the profile of another.
type follower struct{ Number, EntityType string }

// followers are the memberships that share the profile of one now.
func followers(ctx context.Context, tx pg.Tx, lead uuid.UUID) (list []follower, err error) {
	err = tx.WithContext(ctx).Raw(`select f.number, f.entity_type from profile_share s join membership f on f.id = s.follower_id
		where s.lead_id = ? and s.to_on is null and f.status <> 'ended' order by f.number`, lead).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("look for memberships that share the profile: %w", err)
	}
	return list, nil
}

// types are the kinds of member of followers, each once.
func types(list []follower) (out []string) {
	for _, f := range list {
		if !slices.Contains(out, f.EntityType) {
			out = append(out, f.EntityType)
		}
	}
	slices.Sort(out)
	return out
}

// alsoText says in a letter for which memberships a review counts as well.
func alsoText(ctx context.Context, c profile.Cycle, list []follower) string {
	var numbers []string
	for _, f := range list {
		if slices.Contains(c.AlsoTypes, f.EntityType) {
			numbers = append(numbers, f.Number)
		}
	}
	if len(numbers) == 0 {
		return ""
	}
	return i18n.T(ctx, "This review counts as well for the memberships that share the security profile: %s.", strings.Join(numbers, ", "))
}
