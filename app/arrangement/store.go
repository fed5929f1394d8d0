package arrangement

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
)

// Row is an event as the database gives it.
type Row struct {
	ID                               uuid.UUID
	Arrangement                      string
	Kind                             Kind
	Phase                            string
	OnDay                            clock.Day
	RecordedAt                       time.Time
	Recorder, Approver, Source, Note string
	Undoes                           *uuid.UUID
}

const eventColumns = `e.id, e.arrangement, e.kind, e.phase, e.on_day, e.recorded_at, e.recorder, e.approver, e.source, e.note, e.undoes`

// Known reads the events of every arrangement, or of one, within a batch of this domain or
// another: there are few. An empty code stands for all.
func Known(rows *[]Row, code string) pg.Query {
	return pg.All(rows, `select `+eventColumns+` from arrangement_event e where $1 = '' or e.arrangement = $1 order by e.on_day, e.recorded_at limit 20000`, code)
}

// Lives makes the lives of all arrangements from their events, by code.
func (r *Register) Lives(rows []Row) map[string]Life {
	out := make(map[string]Life, len(r.list))
	for _, a := range r.list {
		out[a.Code] = Life{Of: a}
	}
	for _, e := range rows {
		if l, ok := out[e.Arrangement]; ok {
			l.Events = append(l.Events, Event(e))
			out[e.Arrangement] = l
		}
	}
	return out
}

// LifeOf reads the life of an arrangement in a transaction of this domain or another.
func (r *Register) LifeOf(ctx context.Context, tx pg.Tx, code string) (l Life, err error) {
	a, ok := r.Get(code)
	if !ok {
		return l, fmt.Errorf("there is no arrangement %q", code)
	}
	var rows []Row
	err = tx.WithContext(ctx).Raw(`select `+eventColumns+` from arrangement_event e where e.arrangement = ? order by e.on_day, e.recorded_at`, code).Scan(&rows).Error
	if err != nil {
		return l, fmt.Errorf("read the life of the arrangement: %w", err)
	}
	l.Of = a
	for _, e := range rows {
		l.Events = append(l.Events, Event(e))
	}
	return l, nil
}

// zoneSQL is the zone of headquarters, whose days the register counts in.
const zoneSQL = `select coalesce((select zone from office where parent_id is null order by created_at, id limit 1), 'UTC')`

// Today is the day at headquarters, in a transaction of this domain or another.
func Today(ctx context.Context, tx pg.Tx, now time.Time) (clock.Day, error) {
	var zone string
	if err := tx.WithContext(ctx).Raw(zoneSQL).Scan(&zone).Error; err != nil {
		return clock.Day{}, fmt.Errorf("read the zone of headquarters: %w", err)
	}
	return DayIn(now, zone)
}

// Zone reads the zone of headquarters within a batch.
func Zone(zone *string) pg.Query { return pg.Value(zone, zoneSQL) }

// ZoneColumn is the zone of headquarters as a column hq_zone of another statement.
const ZoneColumn = `(` + zoneSQL + `) as hq_zone`

// DayIn is the day of an instant in a zone that was read with Zone.
func DayIn(now time.Time, zone string) (clock.Day, error) {
	at, err := time.LoadLocation(zone)
	if err != nil {
		return clock.Day{}, fmt.Errorf("read the zone of headquarters: %w", err)
	}
	return clock.DayOf(now, at), nil
}

func add(ctx context.Context, tx pg.Tx, e Event, by, approved *uuid.UUID) error {
	err := tx.WithContext(ctx).Exec(`insert into arrangement_event (id, arrangement, kind, phase, on_day, recorded_at, recorded_by, recorder, approved_by, approver, source, note, undoes)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, e.ID, e.Arrangement, e.Kind, e.Phase, e.OnDay, e.RecordedAt, by, e.Recorder, approved, e.Approver, e.Source, e.Note, e.Undoes).Error
	if err != nil {
		return fmt.Errorf("record what happened to the arrangement: %w", err)
	}
	return nil
}

// lock lets one writer after another work on an arrangement: what it is on a day decides what
// may happen to it.
func lock(ctx context.Context, tx pg.Tx, code string) error {
	if err := tx.WithContext(ctx).Exec(`select pg_advisory_xact_lock(hashtext(?))`, "arrangement "+code).Error; err != nil {
		return fmt.Errorf("wait for the arrangement: %w", err)
	}
	return nil
}
