package recognition

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
)

// What is to be made of a foreign operator.
const (
	GrantBenefits = "grant_benefits"
	DoNotGrant    = "do_not_grant"
	ReviewCase    = "review_case"
)

// The reasons of a verdict, beside those of an arrangement and of a membership.
const (
	NotConfirmedYet = "NOT_CONFIRMED"
	Expired         = "EXPIRED"
	Stale           = "STALE" // what is known of it is older than agreed
)

// Verdict is what to make of a foreign operator today, and why.
type Verdict struct {
	Recognition string
	Reason      string    // empty when benefits are granted
	Since       clock.Day // the day from which it is so, when it is stale or expired
}

// VerdictReason is the reason of a verdict in words (English source text).
func VerdictReason(code string) string {
	switch code {
	case NotConfirmedYet:
		return "Its customs has not confirmed it"
	case Expired:
		return "Its last day has passed"
	case Stale:
		return "What its customs told us is older than agreed"
	case Suspended:
		return "It is suspended at home"
	case Revoked:
		return "It has ended at home"
	}
	return ReasonName(code)
}

// verdict says what an operator is worth on a day. Old knowledge is never silently trusted:
// once the last word of its customs is older than agreed, a person looks.
func (s *Service) verdict(f Operator, state arrangement.State, today clock.Day) Verdict {
	switch {
	case f.Status == OnHold:
		return Verdict{Recognition: DoNotGrant, Reason: Suspended}
	case f.Status == Over:
		return Verdict{Recognition: DoNotGrant, Reason: Revoked}
	case f.Status != Confirmed:
		return Verdict{Recognition: DoNotGrant, Reason: NotConfirmedYet}
	case state == arrangement.OnHold:
		return Verdict{Recognition: DoNotGrant, Reason: ArrangementSuspended}
	case state == arrangement.Terminated:
		return Verdict{Recognition: DoNotGrant, Reason: ArrangementEnded}
	case state != arrangement.Running, f.ValidFrom != nil && f.ValidFrom.After(today):
		return Verdict{Recognition: DoNotGrant, Reason: NotYetInForce}
	case f.ValidUntil != nil && f.ValidUntil.Before(today):
		return Verdict{Recognition: DoNotGrant, Reason: Expired, Since: f.ValidUntil.AddDays(1)}
	}
	if since, stale := s.StaleSince(f, today); stale {
		return Verdict{Recognition: ReviewCase, Reason: Stale, Since: since}
	}
	return Verdict{Recognition: GrantBenefits}
}

// StaleSince is the day since which what is known of an operator is older than agreed: its
// customs has said nothing of it, and brought no list, for longer.
func (s *Service) StaleSince(f Operator, today clock.Day) (since clock.Day, stale bool) {
	a, _ := s.Register.Get(f.Arrangement)
	o, ok := a.For(f.Home)
	if !ok {
		return since, false
	}
	last := f.KnownOn
	if f.ListedOn != nil && f.ListedOn.After(last) {
		last = *f.ListedOn
	}
	since = s.Register.Feeds.Stale(o, last)
	return since, !since.IsZero() && !today.Before(since)
}

// todaySQL is the day at headquarters of an instant.
const todaySQL = `select (?::timestamptz at time zone coalesce((select zone from office where parent_id is null order by created_at, id limit 1), 'UTC'))::date`

// HoldOperators keeps others from changing operators of a partner under an arrangement until
// the transaction ends: lists that are taken over exclude each other and everything that is
// said of single operators; those do not exclude each other.
func HoldOperators(ctx context.Context, tx pg.Tx, agency uuid.UUID, arrangement, home string, all bool) error {
	lock := `pg_advisory_xact_lock_shared`
	if all {
		lock = `pg_advisory_xact_lock`
	}
	if err := tx.WithContext(ctx).Exec(`select `+lock+`(hashtextextended(?, 0))`, "operators "+agency.String()+" "+arrangement+" "+home).Error; err != nil {
		return fmt.Errorf("wait for the operators: %w", err)
	}
	return nil
}

// hold opens an operator of an agency for a change.
func hold(ctx context.Context, tx pg.Tx, id, agency uuid.UUID) (f Operator, err error) {
	var of []struct{ Arrangement, Home string }
	if err := tx.WithContext(ctx).Raw(`select arrangement, home from foreign_operator where id = ? and agency_id = ?`, id, agency).Scan(&of).Error; err != nil {
		return f, fmt.Errorf("open the foreign operator: %w", err)
	}
	if len(of) == 0 {
		return f, fault.Missing()
	}
	if err := HoldOperators(ctx, tx, agency, of[0].Arrangement, of[0].Home, false); err != nil {
		return f, err
	}
	var list []Operator
	if err := tx.WithContext(ctx).Raw(`select `+operatorColumns+` from foreign_operator f where f.id = ? for update`, id).Scan(&list).Error; err != nil || len(list) == 0 {
		return f, fmt.Errorf("open the foreign operator: %w", err)
	}
	return list[0], nil
}

// Saying is one thing that was said of an operator.
type Saying struct {
	At     time.Time
	What   string
	Status OperatorStatus // after it
	Reason string
	Actor  string
	Number string // of the list with which it came
}

// Name is what was said in words (English source text).
func (x Saying) Name() string {
	return map[string]string{"apply": "Applied", "confirm": "Confirmed", "reject": "Not confirmed", "suspend": "Suspended", "resume": "Counts again", "cease": "Ended",
		"new": "Came with a list", "changed": "Changed by a list", "confirmed": "Confirmed by a list", "suspended": "Suspended by a list", "ended": "Ended by a list", "missing": "Ended: no longer on the full list"}[x.What]
}

const sayingSQL = `select e.at, e.what, e.status, e.reason, e.actor, coalesce(i.number, '') as number
	from foreign_operator_event e left join inbound_feed i on i.id = e.feed_id where e.operator_id = $1 order by e.id desc limit 50`

// told keeps what was said of an operator.
func told(ctx context.Context, tx pg.Tx, now time.Time, f Operator, what, reason, actor string) error {
	err := tx.WithContext(ctx).Exec(`insert into foreign_operator_event (operator_id, agency_id, at, what, status, reason, actor) values (?, ?, ?, ?, ?, ?, ?)`,
		f.ID, f.AgencyID, now, what, f.Status, reason, actor).Error
	if err != nil {
		return fmt.Errorf("keep what was said of the operator: %w", err)
	}
	return nil
}
