package roster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// TableName is the table that holds bookings.
func (Booking) TableName() string { return "booking" }

// Book adds bookings in the caller's transaction. A step for other domains: they have
// decided who may, and they record why. Officers are locked in one order, so that of many
// who want the same time one gets it and the others hear who is not free any more: a
// Conflict. Give the transaction's own error to Clash as well. What a visit had before is
// freed first (Free, FreeHolds), or it stands in its own way.
func Book(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, list []Booking) error {
	if len(list) == 0 {
		return nil
	}
	names, err := lockOfficers(ctx, tx, list)
	if err != nil {
		return err
	}
	taken, err := overlapping(ctx, tx, list)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return fault.New(fault.Conflict, "%s is no longer free at that time. Pick another time", names[taken[0].OfficerID])
	}
	for i := range list {
		b := &list[i]
		b.ID, b.MadeAt, b.MadeBy, b.Version = pg.NewID(), now, nil, 1
		if by.Known() {
			b.MadeBy = &by.PersonID
		}
	}
	if err := tx.WithContext(ctx).Create(&list).Error; err != nil {
		return fmt.Errorf("book officers: %w", err)
	}
	return nil
}

// Clash says in words what the database says when two bookings of an officer would
// overlap; any other error it gives back. A service method calls it on the error of its
// transaction, for a broken constraint ends the transaction in which it is found.
func Clash(err error) error {
	if pg.Constraint(err) == "no_double_booking" {
		return fault.New(fault.Conflict, "One of the officers is no longer free at that time. Pick another time")
	}
	return err
}

// Free cancels every live booking of a visit, holds included. A step like Book.
func Free(ctx context.Context, tx pg.Tx, _ time.Time, _ identity.Actor, visit uuid.UUID) error {
	err := tx.WithContext(ctx).Exec(`update booking set state = 'cancelled', version = version + 1 where visit_id = ? and state <> 'cancelled'`, visit).Error
	if err != nil {
		return fmt.Errorf("free the officers: %w", err)
	}
	return nil
}

// ConfirmHolds turns the holds of an offered time into bookings and counts them: 0 when
// none were made or all were freed. A step like Book.
func ConfirmHolds(ctx context.Context, tx pg.Tx, _ time.Time, _ identity.Actor, slot uuid.UUID) (n int, err error) {
	r := tx.WithContext(ctx).Exec(`update booking set state = 'confirmed', hold_until = null, version = version + 1 where slot_id = ? and state = 'hold'`, slot)
	if r.Error != nil {
		return 0, fmt.Errorf("confirm the holds: %w", r.Error)
	}
	return int(r.RowsAffected), nil
}

// FreeHolds cancels the holds of a visit but those of one offered time; uuid.Nil: all of
// them. A step like Book.
func FreeHolds(ctx context.Context, tx pg.Tx, _ time.Time, _ identity.Actor, visit, exceptSlot uuid.UUID) error {
	err := tx.WithContext(ctx).Exec(`update booking set state = 'cancelled', version = version + 1
		where visit_id = ? and state = 'hold' and slot_id is distinct from ?`, visit, exceptSlot).Error
	if err != nil {
		return fmt.Errorf("free the holds: %w", err)
	}
	return nil
}

// sweepBatch bounds one transaction, so that a long backlog holds nobody up.
const sweepBatch = 200

// FreeExpired frees the holds whose time is over. The portal itself does it from time to
// time; until then they count as busy. It may run several times at once.
func (s *Service) FreeExpired(ctx context.Context) (freed int, err error) {
	by := identity.ClockActor("holds")
	for {
		now, n := s.Now(), 0
		err := s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
			list, err := expired(ctx, tx, now)
			n = len(list)
			for _, b := range list {
				e := audit.Event{Action: "booking.expire", Kind: "booking", Subject: b.ID, Internal: true, Before: map[string]any{"state": Hold}, After: map[string]any{"state": Cancelled}}
				if err := audit.Record(ctx, tx, now, by, e); err != nil {
					return err
				}
			}
			return err
		})
		if freed += n; err != nil || n < sweepBatch {
			return freed, err
		}
	}
}

func expired(ctx context.Context, tx pg.Tx, now time.Time) (list []Booking, err error) {
	err = tx.WithContext(ctx).Raw(`update booking set state = 'cancelled', version = version + 1 where id in (
		select id from booking where state = 'hold' and hold_until <= ? order by hold_until limit ? for update skip locked) returning id, officer_id, visit_id`,
		now, sweepBatch).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("free holds whose time is over: %w", err)
	}
	return list, nil
}

// lockOfficers locks the officers of bookings in one order and names them.
func lockOfficers(ctx context.Context, tx pg.Tx, list []Booking) (map[uuid.UUID]string, error) {
	var ids []uuid.UUID
	for _, b := range list {
		if !slices.Contains(ids, b.OfficerID) {
			ids = append(ids, b.OfficerID)
		}
	}
	var rows []struct {
		PersonID uuid.UUID
		Name     string
	}
	err := tx.WithContext(ctx).Raw(`select o.person_id, p.name from officer o join person p on p.id = o.person_id
		where o.person_id in ? order by o.person_id for no key update of o`, ids).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock the officers: %w", err)
	}
	if len(rows) < len(ids) {
		return nil, fault.Missing()
	}
	names := map[uuid.UUID]string{}
	for _, r := range rows {
		names[r.PersonID] = r.Name
	}
	return names, nil
}

// overlapping are live bookings that stand in the way of new ones, the earliest first.
func overlapping(ctx context.Context, tx pg.Tx, list []Booking) (out []Booking, err error) {
	var rows []string
	var args []any
	for _, b := range list {
		rows = append(rows, "(?::uuid, ?::timestamptz, ?::timestamptz)")
		args = append(args, b.OfficerID, b.StartsAt.Add(-minutes(b.TravelBefore)), b.EndsAt.Add(minutes(b.TravelAfter)))
	}
	err = tx.WithContext(ctx).Raw(`select b.id, b.officer_id, b.kind, b.state, b.visit_id, b.slot_id, b.starts_at, b.ends_at, b.travel_before, b.travel_after, b.hold_until, b.note, b.made_at, b.version
		from booking b join (values `+strings.Join(rows, ", ")+`) n (officer, from_at, to_at)
		on b.officer_id = n.officer and b.blocked && tstzrange(n.from_at, n.to_at) where b.state in ('hold', 'confirmed') order by b.starts_at, b.officer_id`, args...).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("look for bookings in the way: %w", err)
	}
	return out, nil
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }
