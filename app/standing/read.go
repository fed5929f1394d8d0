package standing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

// Page is the history of a membership in law.
type Page struct {
	MembershipID uuid.UUID
	CompanyID    uuid.UUID
	Number       string
	Company      string
	Rules        *programme.Programme
	EntityType   string
	Zone         *time.Location
	Today        clock.Day // at the office
	Events       []Event   // as recorded, the latest first
	Spans        []Span    // as known now, by type and then by day
	Asked        *Answer   // what was asked with a day
}

// Answer is what a membership was on a day, as known at two moments.
type Answer struct {
	On      clock.Day
	KnownAt time.Time // of Then
	Then    []Span    // of the day, as known at KnownAt
	Now     []Span    // of the day, as known now
}

// Differ reports whether the portal knows it otherwise now.
func (a Answer) Differ() bool {
	if len(a.Then) != len(a.Now) {
		return true
	}
	for i := range a.Then {
		x, y := a.Then[i], a.Now[i]
		if x.Type != y.Type || x.State != y.State || x.Tier != y.Tier || len(x.Denied) != len(y.Denied) {
			return true
		}
	}
	return false
}

// Question is a day, and the day at whose end the answer is to be known: none is the same day.
type Question struct {
	On      clock.Day
	KnownOn clock.Day
}

const pageSQL = `select m.id, m.company_id, a.office_id, m.programme, m.entity_type, m.number, m.status, o.zone, c.name as company
from membership m join company c on c.id = m.company_id join application a on a.id = m.application_id join office o on o.id = a.office_id
where m.id = $1 and ($2::uuid is null or m.company_id = $2)`

// spansSQL are the spans known at $2; null: now.
const spansSQL = `select ` + spanColumns + ` from standing s where s.membership_id = $1
  and (case when $2::timestamptz is null then upper_inf(s.known) else s.known @> $2::timestamptz end) order by s.type, s.valid`

// History reads the events of a membership and its spans, and answers a question about a
// day if there is one. The company's own people and the agency's case readers may; a look by
// the agency is an audit event.
func (s *Service) History(ctx context.Context, by identity.Actor, id uuid.UUID, q *Question) (p Page, err error) {
	var past []eventRow
	p, m, err := s.read(ctx, by, id, pg.All(&past, eventsSQL, id))
	if err != nil {
		return p, err
	}
	for _, e := range events(past) {
		p.Events = append([]Event{e}, p.Events...)
	}
	if q == nil || q.On.IsZero() {
		return p, nil
	}
	p.Asked, err = s.answer(ctx, by, m, *q, s.Now(), p.Spans)
	return p, err
}

// Entitled reads a membership without its events, and what it entitles to today. The same
// people may as with History. more is read in the same round trip.
func (s *Service) Entitled(ctx context.Context, by identity.Actor, id uuid.UUID, more ...pg.Query) (p Page, list []Entitlement, err error) {
	if p, _, err = s.read(ctx, by, id, more...); err != nil {
		return p, nil, err
	}
	return p, Entitlements(p.Rules, p.EntityType, p.Spans, p.Today), nil
}

// read reads a membership with the spans known now, in one round trip with more. A look by the
// agency is an audit event.
func (s *Service) read(ctx context.Context, by identity.Actor, id uuid.UUID, more ...pg.Query) (p Page, m member, err error) {
	own, err := by.Reads()
	if err != nil {
		return p, m, err
	}
	now := s.Now()
	var row struct {
		member
		Company string
	}
	var known []spanRow
	statements := append([]pg.Query{pg.One(&row, pageSQL, id, own), pg.All(&known, spansSQL, id, nil)}, more...)
	if own == nil {
		statements = append(statements, audit.LookAt(now, by, "membership.read_history", "membership", "membership x where x.id = $10", id))
	}
	if err := s.DB.Batch(ctx, by.Scope(), statements...); err != nil {
		return p, m, fmt.Errorf("read the history of the membership: %w", err)
	}
	m = row.member
	if err := s.complete(&m); err != nil {
		return p, m, err
	}
	return Page{MembershipID: m.ID, CompanyID: m.CompanyID, Number: m.Number, Company: row.Company, Rules: m.rules, EntityType: m.EntityType, Zone: m.zone,
		Today: clock.DayOf(now, m.zone), Spans: spans(known)}, m, nil
}

func (s *Service) answer(ctx context.Context, by identity.Actor, m member, q Question, now time.Time, known []Span) (*Answer, error) {
	if q.KnownOn.IsZero() {
		q.KnownOn = q.On
	} else if q.KnownOn.After(clock.DayOf(now, m.zone)) {
		return nil, fault.Fail([]fault.Field{fault.F("known", "Enter a day that is not in the future")})
	}
	at := q.KnownOn.End(m.zone).Add(-time.Microsecond)
	if at.After(now) {
		at = now
	}
	var then []spanRow
	if err := s.DB.Batch(ctx, by.Scope(), pg.All(&then, spansSQL, m.ID, at)); err != nil {
		return nil, fmt.Errorf("read what was known of the membership: %w", err)
	}
	return &Answer{On: q.On, KnownAt: at, Then: on(spans(then), q.On), Now: on(known, q.On)}, nil
}

func on(list []Span, d clock.Day) (out []Span) {
	for _, x := range list {
		if x.Covers(d) {
			out = append(out, x)
		}
	}
	return out
}

func spans(rows []spanRow) []Span {
	out := make([]Span, len(rows))
	for i, r := range rows {
		out[i] = r.span()
	}
	return out
}

// Row is a span as the database gives it.
type Row = spanRow

// KnownNow reads the spans of a membership as known now, within a batch of another domain.
func KnownNow(rows *[]Row, membership uuid.UUID) pg.Query {
	return pg.All(rows, spansSQL, membership, nil)
}

// Spans are the spans of rows.
func Spans(rows []Row) []Span { return spans(rows) }

// On lists what each type of a membership is on a day.
func On(rows []Row, d clock.Day) []Span { return on(spans(rows), d) }

// Of reads the spans of a membership as known now, in a transaction of another domain.
func Of(ctx context.Context, tx pg.Tx, membership uuid.UUID) ([]Span, error) {
	var rows []spanRow
	err := tx.WithContext(ctx).Raw(`select `+spanColumns+` from standing s where s.membership_id = ? and upper_inf(s.known) order by s.type, s.valid`, membership).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read what the membership is: %w", err)
	}
	return spans(rows), nil
}

// Events reads the legal events of a membership as they were recorded, in a transaction of
// another domain.
func Events(ctx context.Context, tx pg.Tx, membership uuid.UUID) ([]Event, error) {
	return load(ctx, tx, membership)
}
