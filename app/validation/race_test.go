package validation_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/validation"
)

// Fifty visits of one officer want the same day. One is booked; the others hear who is not
// free, and nothing of theirs is half done.
func TestFiftyConfirmAtOnce(t *testing.T) {
	t.Parallel()
	const many = 50
	w := newWorld(t, start)
	type wish struct{ visit, slot uuid.UUID }
	var wishes []wish
	for i := range many {
		x, owner := w.offered("Company "+strings.Repeat("I", i+1), "2026-04-07")
		w.answer(owner, x.ID, validation.Yes)
		wishes = append(wishes, wish{x.ID, w.slots(x.ID)[0].ID})
	}
	before := w.Count(`select (select count(*) from mail) + (select count(*) from message) + (select count(*) from audit_event) + (select sum(version) from visit) + (select sum(version) from proposal) + (select sum(version) from slot)::int`)
	var wait sync.WaitGroup
	results := make([]error, many)
	begin := make(chan struct{})
	for i, x := range wishes {
		wait.Add(1)
		go func() {
			defer wait.Done()
			<-begin
			_, results[i] = w.s.Confirm(w.Ctx, w.Sam, x.visit, validation.ConfirmEntry{Slot: x.slot})
		}()
	}
	close(begin)
	wait.Wait()
	won := 0
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "no longer free at that time. Pick another time"):
			t.Errorf("refused with %v", err)
		}
	}
	if won != 1 || w.Count(`select count(*)::int from booking where state = 'confirmed'`) != 1 || w.Count(`select count(*)::int from visit where status = 'booked'`) != 1 {
		t.Errorf("%d of %d were booked", won, many)
	}
	if n := w.Count(`select count(*)::int from slot where chosen_at is not null`) + w.Count(`select count(*)::int from visit_time`) + w.Count(`select count(*)::int from message where letter = 'validation_booked'`); n != 3 {
		t.Errorf("something is half done: %d", n)
	}
	if after := w.Count(`select (select count(*) from mail) + (select count(*) from message) + (select count(*) from audit_event) + (select sum(version) from visit) + (select sum(version) from proposal) + (select sum(version) from slot)::int`); after-before > 12 {
		t.Errorf("the refused left traces: %d rows and versions more", after-before)
	}
}

// Two people work on one visit at once: one of them is told that it has changed.
func TestTwoAtOneVisit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, owner := w.offered("Harbor Trading LLC", "2026-04-07", "2026-04-14")
	w.answer(owner, x.ID, validation.Yes, validation.Yes)
	slots, version := w.slots(x.ID), w.visit(x.ID).Version
	both := func(a, b func() error) (won int) {
		t.Helper()
		var wait sync.WaitGroup
		errs := make([]error, 2)
		for i, do := range []func() error{a, b} {
			wait.Add(1)
			go func() { defer wait.Done(); errs[i] = do() }()
		}
		wait.Wait()
		for _, err := range errs {
			if err == nil {
				won++
			} else if fault.KindOf(err) != fault.Conflict {
				t.Errorf("refused with %v", err)
			}
		}
		return won
	}
	confirm := func(by identity.Actor, slot uuid.UUID) func() error {
		return func() error {
			_, err := w.s.Confirm(w.Ctx, by, x.ID, validation.ConfirmEntry{Slot: slot, Version: version})
			return err
		}
	}
	if won := both(confirm(w.Sam, slots[0].ID), confirm(w.Sue, slots[1].ID)); won != 1 {
		t.Errorf("%d of two confirmations came through", won)
	}
	version = w.visit(x.ID).Version
	move := func(by identity.Actor, day string) func() error {
		return func() error {
			_, err := w.s.Reschedule(w.Ctx, by, x.ID, validation.RescheduleEntry{Day: day, Reason: "Stocktaking", AgreedWith: "Olga Owner", Version: version})
			return err
		}
	}
	if won := both(move(w.Sam, "2026-04-21"), move(w.Sue, "2026-04-22")); won != 1 {
		t.Errorf("%d of two moves came through", won)
	}
	if n := w.Count(`select count(*)::int from booking where visit_id = $1 and state = 'confirmed'`, x.ID); n != 1 {
		t.Errorf("%d bookings", n)
	}
	version = w.visit(x.ID).Version
	cancel := func() error {
		return w.s.CancelVisit(w.Ctx, w.Boss, x.ID, validation.CallOffEntry{Reason: "Closed", Version: version})
	}
	if won := both(cancel, move(w.Sam, "2026-04-23")); won != 1 {
		t.Errorf("%d of a move and a cancellation came through", won)
	}
}

// The connection is cut while a time is confirmed: all of it happened or nothing.
func TestConnectionCutInConfirm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, owner := w.offered("Harbor Trading LLC", "2026-04-07")
	w.answer(owner, x.ID, validation.Yes)
	slot := w.slots(x.ID)[0].ID
	for wait := range 12 {
		ctx, cut := context.WithTimeout(w.Ctx, time.Duration(wait)*2*time.Millisecond)
		_, err := w.s.Confirm(ctx, w.Sam, x.ID, validation.ConfirmEntry{Slot: slot})
		cut()
		booked := w.visit(x.ID).Status == validation.Booked
		parts := w.Count(`select (select count(*) from booking where state = 'confirmed') + (select count(*) from visit_time) + (select count(*) from slot where chosen_at is not null)
			+ (select count(*) from message where letter = 'validation_booked') + (select count(*) from proposal where status = 'confirmed')::int`)
		if booked && parts != 5 || !booked && parts != 0 {
			t.Fatalf("cut after %d ms (%v): booked %t, %d of 5 parts", wait*2, err, booked, parts)
		}
		if err == nil && !booked || booked && err != nil && !errors.Is(err, context.DeadlineExceeded) && fault.KindOf(err) != fault.Internal {
			t.Errorf("cut after %d ms: %v, booked %t", wait*2, err, booked)
		}
		if booked {
			return
		}
	}
}
