package standing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
)

const memberSQL = `select m.id, m.company_id, a.office_id, m.programme, m.entity_type, m.number, m.status, o.zone
from membership m join application a on a.id = m.application_id join office o on o.id = a.office_id where m.id = ?`

// lock locks a membership before its clocks, as everybody does.
func (s *Service) lock(ctx context.Context, tx pg.Tx, id uuid.UUID) (m member, err error) {
	if err := tx.WithContext(ctx).Raw(memberSQL+` for update of m`, id).Scan(&m).Error; err != nil {
		return m, fmt.Errorf("open the membership: %w", err)
	}
	if m.ID == uuid.Nil {
		return m, fault.Missing()
	}
	return m, s.complete(&m)
}

func (s *Service) complete(m *member) (err error) {
	var ok bool
	if m.rules, ok = s.Programmes.Get(m.Programme); !ok {
		return fmt.Errorf("membership %s: the portal has no programme %q", m.Number, m.Programme)
	}
	if m.zone, err = time.LoadLocation(m.Zone); err != nil {
		return fmt.Errorf("membership %s: read the office's zone: %w", m.Number, err)
	}
	return nil
}

// list is how PostgreSQL's text[] comes as text: codes of ours hold no quotes and no commas.
type list string

func (l list) split() []string {
	inner := strings.Trim(string(l), "{}")
	if inner == "" {
		return nil
	}
	return strings.Split(inner, ",")
}

type eventRow struct {
	ID, MembershipID, CompanyID uuid.UUID
	Seq                         int64
	Kind                        Kind
	Types, Benefits             list
	EffectiveOn                 clock.Day
	RecordedAt                  time.Time
	RecordedBy                  *uuid.UUID
	Tier                        string
	Undoes                      *uuid.UUID
	CauseKind                   string
	CauseID                     uuid.UUID
	Ground, Reason, Source      string
}

func (r eventRow) event() Event {
	return Event{ID: r.ID, Seq: r.Seq, MembershipID: r.MembershipID, CompanyID: r.CompanyID, Kind: r.Kind, Types: r.Types.split(), On: r.EffectiveOn,
		RecordedAt: r.RecordedAt, RecordedBy: r.RecordedBy, Tier: r.Tier, Benefits: r.Benefits.split(), Undoes: r.Undoes,
		Cause: Cause{Kind: r.CauseKind, ID: r.CauseID}, Ground: r.Ground, Reason: r.Reason, Source: r.Source}
}

const eventColumns = `e.id, e.membership_id, e.company_id, e.seq, e.kind, e.types::text as types, e.benefits::text as benefits, e.effective_on, e.recorded_at,
  e.recorded_by, e.tier, e.undoes, e.cause_kind, e.cause_id, e.ground, e.reason, e.source`

const eventsSQL = `select ` + eventColumns + ` from standing_event e where e.membership_id = $1 order by e.seq`

// load reads the events of a membership in the order in which they were recorded.
func load(ctx context.Context, tx pg.Tx, membership uuid.UUID) ([]Event, error) {
	var rows []eventRow
	if err := tx.WithContext(ctx).Raw(`select `+eventColumns+` from standing_event e where e.membership_id = ? order by e.seq`, membership).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the membership's events: %w", err)
	}
	return events(rows), nil
}

func events(rows []eventRow) []Event {
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = r.event()
	}
	return out
}

func array(codes []string) string { return "{" + strings.Join(codes, ",") + "}" }

func add(ctx context.Context, tx pg.Tx, e Event) (seq int64, err error) {
	err = tx.WithContext(ctx).Raw(`insert into standing_event (id, membership_id, company_id, kind, types, effective_on, recorded_at, recorded_by, tier, benefits,
			undoes, cause_kind, cause_id, ground, reason, source)
		values (?, ?, ?, ?, ?::text[], ?, ?, ?, ?, ?::text[], ?, ?, ?, ?, ?, ?) returning seq`,
		e.ID, e.MembershipID, e.CompanyID, e.Kind, array(e.Types), e.On, e.RecordedAt, e.RecordedBy, e.Tier, array(e.Benefits),
		e.Undoes, e.Cause.Kind, e.Cause.ID, e.Ground, e.Reason, e.Source).Scan(&seq).Error
	return seq, err
}

// spanRow is a span with the time for which the portal held it to be so.
type spanRow struct {
	ID         int64
	Type       string
	State      State
	Tier       string
	Denied     list
	How        Kind
	ValidFrom  clock.Day
	ValidUntil clock.Day
	KnownFrom  time.Time
	KnownUntil *time.Time
	EventID    uuid.UUID
}

func (r spanRow) span() Span {
	return Span{Type: r.Type, State: r.State, Tier: r.Tier, Denied: r.Denied.split(), From: r.ValidFrom, Until: r.ValidUntil, How: r.How, EventID: r.EventID}
}

const spanColumns = `s.id, s.type, s.state, s.tier, s.denied::text as denied, s.how, lower(s.valid) as valid_from, upper(s.valid) as valid_until,
  lower(s.known) as known_from, upper(s.known) as known_until, s.event_id`

// learn brings what the portal holds to be so in line with spans: what is no longer so was
// known until now, what is new is known from now on.
func (s *Service) learn(ctx context.Context, tx pg.Tx, m member, now time.Time, spans []Span) error {
	var kept []spanRow
	err := tx.WithContext(ctx).Raw(`select `+spanColumns+` from standing s where s.membership_id = ? and upper_inf(s.known) order by s.type, s.valid`, m.ID).Scan(&kept).Error
	if err != nil {
		return fmt.Errorf("read what the membership was: %w", err)
	}
	stays := make([]bool, len(spans))
	for _, k := range kept {
		still := false
		for i, x := range spans {
			if !stays[i] && x.same(k.span()) {
				still, stays[i] = true, true
				break
			}
		}
		if still {
			continue
		}
		// What was learned and unlearned at one instant was never known.
		sql, args := `update standing set known = tstzrange(lower(known), ?, '[)') where id = ?`, []any{now, k.ID}
		if !k.KnownFrom.Before(now) {
			sql, args = `delete from standing where id = ?`, []any{k.ID}
		}
		if err := tx.WithContext(ctx).Exec(sql, args...).Error; err != nil {
			return fmt.Errorf("end what was known: %w", err)
		}
	}
	for i, x := range spans {
		if stays[i] {
			continue
		}
		var until *clock.Day
		if !x.Open() {
			until = &x.Until
		}
		err := tx.WithContext(ctx).Exec(`insert into standing (membership_id, company_id, type, state, tier, denied, how, valid, known, event_id)
			values (?, ?, ?, ?, ?, ?::text[], ?, daterange(?, ?, '[)'), tstzrange(?, null, '[)'), ?)`,
			m.ID, m.CompanyID, x.Type, x.State, x.Tier, array(x.Denied), x.How, x.From, until, now, x.EventID).Error
		if err != nil {
			return fmt.Errorf("keep what is known now: %w", err)
		}
	}
	return nil
}

// keep writes the status of the present day to the membership's own record, on which lists
// and filters look. Rows that are right already are left alone.
func keep(ctx context.Context, tx pg.Tx, id uuid.UUID, status, tier string, ended *clock.Day) error {
	return tx.WithContext(ctx).Exec(`update membership set status = ?, tier = ?, ended_on = ?, version = version + 1
		where id = ? and (status, tier, ended_on) is distinct from (?, ?, ?::date)`, status, tier, ended, id, status, tier, ended).Error
}

func wait(ctx context.Context, tx pg.Tx, e Event, at time.Time) error {
	err := tx.WithContext(ctx).Exec(`insert into standing_due (event_id, membership_id, company_id, at) values (?, ?, ?, ?)`, e.ID, e.MembershipID, e.CompanyID, at).Error
	if err != nil {
		return fmt.Errorf("note the first day: %w", err)
	}
	return nil
}

// forget takes an event off the list of those to come; false: it was not on it.
func forget(ctx context.Context, tx pg.Tx, event uuid.UUID) (bool, error) {
	result := tx.WithContext(ctx).Exec(`delete from standing_due where event_id = ?`, event)
	return result.RowsAffected > 0, result.Error
}

// due finds the next event whose first day has come. It does not lock it: whoever acts locks
// the membership first, as everybody does, and looks again.
func due(ctx context.Context, tx pg.Tx, now time.Time) (e Event, ok bool, err error) {
	var rows []struct{ EventID, MembershipID uuid.UUID }
	err = tx.WithContext(ctx).Raw(`select d.event_id, d.membership_id from standing_due d join membership m on m.id = d.membership_id
		where d.at <= ? order by d.at, d.event_id limit 1 for update of m skip locked`, now).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return e, false, err
	}
	return Event{ID: rows[0].EventID, MembershipID: rows[0].MembershipID}, true, nil
}
