package inbound

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/recognition"
)

// TakeEntry takes a list over.
type TakeEntry struct {
	Version int
	Agreed  bool // more fall than without a word, and that is right
	Fallen  int  // the number that the person has read
}

// Take takes a list over, wholly or not at all: operators that are new, changed, suspended or
// ended, their history, tasks and letters for members that rely on those that fall. Anybody of
// the list's side may but who brought it. Conflict: what is known has changed since it was
// compared; it is compared anew, and the person looks again.
func (s *Service) Take(ctx context.Context, by identity.Actor, id uuid.UUID, in TakeEntry) error {
	moved := false
	err := s.step(ctx, by, id, in.Version, func(tx pg.Tx, now time.Time, c Channel, f *Feed, facts Facts) error {
		moved = false
		if err := recognition.HoldOperators(ctx, tx, f.AgencyID, f.Arrangement, f.Home, true); err != nil {
			return err
		}
		facts.Older, facts.Unreadable = c.after(*f), f.Unreadable
		if f.Status != Waiting || facts.Older || facts.Unreadable > 0 {
			_, err := Lifecycle().Next(f.Status, Take, by.Role, facts)
			return err
		}
		seen := *f
		if err := s.plan(ctx, tx, f); err != nil {
			return err
		}
		if moved = !same(seen, *f); moved {
			return nil // the new comparison is kept for the person to read
		}
		facts.Fallen, facts.Drop, facts.Agreed = f.Fallen, f.drops(c.Rules.DropPercent), in.Agreed && in.Fallen == f.Fallen
		to, err := Lifecycle().Next(f.Status, Take, by.Role, facts)
		if err != nil {
			return err
		}
		return s.apply(ctx, tx, now, by, f, to, in.Agreed && facts.Drop)
	})
	if err == nil && moved {
		return fault.New(fault.Conflict, "What is known of these operators has changed in the meantime. The list was compared anew: read what it changes now, and decide again")
	}
	return err
}

const (
	newSQL = `insert into foreign_operator (id, agency_id, arrangement, home, name, country, number, search_key, types, tier, valid_from, valid_until, identifiers, status, reason, applied_at, answered_at, changed_at, known_on)
		select x.operator_id, i.agency_id, i.arrangement, i.home, x.name, x.country, x.number, x.search_key, x.types, x.tier, x.valid_from, x.valid_until, x.identifiers, x.status, x.reason, ?, ?, ?, i.as_of
		from inbound_feed i join inbound_row x on x.feed_id = i.id and x.change = 'new' and x.wrong is null where i.id = ?`

	changeSQL = `update foreign_operator f set name = r.name, country = r.country, number = r.number,
		types = case when i.said @> '{types}' then r.types else f.types end, tier = case when i.said @> '{tier}' then r.tier else f.tier end,
		valid_from = case when i.said @> '{from}' then r.valid_from else f.valid_from end, valid_until = case when i.said @> '{until}' then r.valid_until else f.valid_until end,
		identifiers = case when i.said @> '{identifiers}' then r.identifiers else f.identifiers end,
		status = case r.change when 'changed' then f.status when 'missing' then 'ended' else r.change end,
		reason = case when r.change = 'missing' then 'No longer on the full list of ' || i.as_of when r.change = 'changed' then f.reason else r.reason end,
		answered_at = coalesce(f.answered_at, ?), ended_at = case when r.change in ('ended', 'missing') then ?::timestamptz end, changed_at = ?, known_on = greatest(f.known_on, i.as_of), version = f.version + 1
		from inbound_feed i join inbound_row r on r.feed_id = i.id and r.wrong is null and r.change in ('changed', 'confirmed', 'suspended', 'ended', 'missing')
		where i.id = ? and f.id = r.operator_id`

	historySQL = `insert into foreign_operator_event (operator_id, agency_id, at, what, status, was, reason, feed_id, actor)
		select f.id, f.agency_id, ?, r.change, f.status, r.was, case when r.change = 'missing' then f.reason else r.reason end, r.feed_id, ?
		from inbound_row r join foreign_operator f on f.id = r.operator_id where r.feed_id = ? and r.wrong is null and r.change <> 'unchanged'`
)

// apply makes what a list says true.
func (s *Service) apply(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f *Feed, to Status, agreed bool) error {
	db := tx.WithContext(ctx)
	for what, step := range []struct {
		sql  string
		args []any
	}{
		{setBased, nil},
		{newSQL, []any{now, now, now, f.ID}},
		{changeSQL, []any{now, now, now, f.ID}},
		{historySQL, []any{now, by.Name, f.ID}},
		{oneByOne, nil},
		{`update inbound_channel set as_of = ?, brought_at = ?, taken_at = ?, version = version + 1 where id = ?`, []any{f.AsOf, f.BroughtAt, now, f.ChannelID}},
	} {
		if err := db.Exec(step.sql, step.args...).Error; err != nil {
			return fmt.Errorf("take the list over, step %d: %w", what+1, err)
		}
	}
	if err := s.close(ctx, tx, now, by, f, to, ""); err != nil {
		return err
	}
	if err := s.Recognitions.Reopen(ctx, tx, now, f.ID); err != nil {
		return err
	}
	after := map[string]any{"number": f.Number, "channel": f.Arrangement + "/" + f.Home, "kind": f.Kind, "as_of": f.AsOf, "rows": f.Rows, "changes": f.counts(), "fallen": f.Fallen, "of": f.Base, "members": f.Reliant}
	if agreed {
		after["agreed_to_drop"] = f.Percent()
	}
	return audit.Record(ctx, tx, now, by, audit.Event{Action: "inbound_feed.take", Kind: Kind, Subject: f.ID, Agency: f.AgencyID, After: after})
}

// close ends a list. Rows that change nothing, and the file as it was brought, go; what a list
// that was taken over changed is kept.
func (s *Service) close(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, f *Feed, to Status, reason string) error {
	var person *uuid.UUID
	if by.Known() {
		person = &by.PersonID
	}
	f.Status, f.Reason = to, reason
	f.Version++
	db := tx.WithContext(ctx)
	err := db.Exec(`update inbound_feed set status = ?, reason = ?, decided_at = ?, decided_by = ?, decider = ?, version = ? where id = ?`, to, reason, now, person, by.Name, f.Version, f.ID).Error
	if err != nil {
		return fmt.Errorf("close the list: %w", err)
	}
	if err := db.Exec(`delete from inbound_piece where feed_id = ?`, f.ID).Error; err != nil {
		return fmt.Errorf("clear the file: %w", err)
	}
	if err := db.Exec(`delete from inbound_row where feed_id = ? and (change = 'unchanged' or ? and wrong is null)`, f.ID, to != Taken).Error; err != nil {
		return fmt.Errorf("clear the rows: %w", err)
	}
	return nil
}

// Refuse says that a list is not taken over, and why. The same persons may as for Take.
func (s *Service) Refuse(ctx context.Context, by identity.Actor, id uuid.UUID, version int, reason string) error {
	return s.end(ctx, by, id, version, Refuse, reason)
}

// Withdraw takes a list back. Who brought it may.
func (s *Service) Withdraw(ctx context.Context, by identity.Actor, id uuid.UUID, version int) error {
	return s.end(ctx, by, id, version, Withdraw, "")
}

func (s *Service) end(ctx context.Context, by identity.Actor, id uuid.UUID, version int, do Action, reason string) error {
	var k entry.Check
	reason = k.Text("reason", "the reason", reason, 0, 1000)
	if err := k.Err(); err != nil {
		return err
	}
	return s.step(ctx, by, id, version, func(tx pg.Tx, now time.Time, _ Channel, f *Feed, facts Facts) error {
		facts.Reason = reason
		to, err := Lifecycle().Next(f.Status, do, by.Role, facts)
		if err != nil {
			return err
		}
		if err := s.close(ctx, tx, now, by, f, to, reason); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, audit.Event{Action: "inbound_feed." + string(do), Kind: Kind, Subject: f.ID, Agency: f.AgencyID, Reason: reason, After: map[string]any{"number": f.Number}})
	})
}
