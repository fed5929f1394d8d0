package review_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"trustedtrader/app/application"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review"
	"trustedtrader/app/review/reviewtest"
)

const march = "2026-03-03T15:00:00Z"

func TestClaim(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	owner := w.Importer("Harbor Trading LLC")
	a := w.Submit(owner, "ctpat", "importer")

	_, err := w.Desk.Claim(w.Ctx, owner, a.ID, a.Version)
	w.Want("a company claims", err, fault.NotFound)
	_, err = w.Desk.Claim(w.Ctx, w.Admin, a.ID, a.Version)
	w.Want("an administrator claims", err, fault.NotFound)
	_, err = w.Desk.Claim(w.Ctx, w.Auditor, a.ID, a.Version)
	w.Want("an auditor claims", err, fault.Forbidden)
	_, err = w.Desk.Claim(w.Ctx, w.Other, a.ID, a.Version)
	w.Want("another office claims", err, fault.Forbidden)
	_, err = w.Desk.Claim(w.Ctx, w.Sam, pg.NewID(), 1)
	w.Want("a case that is not there", err, fault.NotFound)
	_, err = w.Desk.Claim(w.Ctx, w.Sam, a.ID, a.Version-1)
	w.Want("an old version", err, fault.Conflict)

	got, err := w.Desk.Claim(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	if *got.AssigneeID != w.Sam.PersonID || got.Version != a.Version+1 || got.AssignedAt == nil {
		t.Errorf("claimed: %+v", got)
	}
	if _, err = w.Desk.Claim(w.Ctx, w.Sam, a.ID, a.Version); err != nil {
		t.Errorf("the same button twice: %v", err)
	}
	_, err = w.Desk.Claim(w.Ctx, w.Sue, a.ID, a.Version)
	w.Want("somebody was faster", err, fault.Conflict)
	if !strings.Contains(err.Error(), "Sam Specialist was faster") {
		t.Errorf("the conflict does not name who was faster: %v", err)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'application.claim' and internal and subject_id = $1`, a.ID); n != 1 {
		t.Errorf("audit events: %d", n)
	}

	draft, err := w.Applications.Choose(w.Ctx, w.Importer("Draft Inc"), "ctpat", "importer")
	w.Must(err)
	_, err = w.Desk.Claim(w.Ctx, w.Sam, draft.ID, draft.Version)
	w.Want("a draft", err, fault.NotFound)
}

func TestClaimRace(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a := w.Submit(w.Importer("Harbor Trading LLC"), "ctpat", "importer")
	var people []identity.Actor
	for range 8 {
		people = append(people, w.Staff("Racer", identity.Specialist, w.NewYork))
	}
	won, lost := race(len(people), func(i int) error {
		_, err := w.Desk.Claim(w.Ctx, people[i], a.ID, a.Version)
		return err
	})
	if won != 1 || lost != 7 {
		t.Errorf("%d won and %d were told", won, lost)
	}
}

// race runs n at once and counts who won and who got a Conflict.
func race(n int, do func(i int) error) (won, lost int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := do(i)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case fault.KindOf(err) == fault.Conflict:
				lost++
			}
		})
	}
	wg.Wait()
	return won, lost
}

func TestRelease(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	_, err := w.Desk.Release(w.Ctx, owner, a.ID, a.Version)
	w.Want("the company", err, fault.NotFound)
	_, err = w.Desk.Release(w.Ctx, w.Sue, a.ID, a.Version)
	w.Want("a colleague", err, fault.Forbidden)
	_, err = w.Desk.Release(w.Ctx, w.Sam, a.ID, a.Version-1)
	w.Want("an old version", err, fault.Conflict)
	got, err := w.Desk.Release(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	if got.AssigneeID != nil {
		t.Error("still assigned")
	}
	if w.Count(`select count(*)::int from case_lock`) != 0 {
		t.Error("the lock outlived the release")
	}
	_, err = w.Desk.Release(w.Ctx, w.Boss, a.ID, got.Version)
	w.Want("nobody's case", err, fault.Conflict)
}

func TestAssign(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	one := w.Submit(w.Importer("One Inc"), "ctpat", "importer")
	two := w.Submit(w.Importer("Two Inc"), "ctpat", "importer")
	far := w.Submit(w.Trader("Far NV"), "eu-aeo", "aeoc")
	pick := func(list ...application.Application) (out []review.Selection) {
		for _, a := range list {
			out = append(out, review.Selection{ID: a.ID, Version: a.Version})
		}
		return out
	}
	_, err := w.Desk.Assign(w.Ctx, w.Sam, pick(one), w.Sue.PersonID)
	w.Want("a specialist assigns", err, fault.Forbidden)
	_, err = w.Desk.Assign(w.Ctx, w.Auditor, pick(one), w.Sue.PersonID)
	w.Want("an auditor assigns", err, fault.Forbidden)
	_, err = w.Desk.Assign(w.Ctx, w.Boss, nil, w.Sue.PersonID)
	w.Want("nothing chosen", err, fault.Invalid)
	_, err = w.Desk.Assign(w.Ctx, w.Boss, make([]review.Selection, 101), w.Sue.PersonID)
	w.Want("too many", err, fault.Invalid)
	_, err = w.Desk.Assign(w.Ctx, w.Boss, pick(one), w.Auditor.PersonID)
	w.Want("to an auditor", err, fault.Invalid)
	_, err = w.Desk.Assign(w.Ctx, w.Boss, pick(one), w.Other.PersonID)
	w.Want("to another office's person", err, fault.Invalid)

	seen := pick(one, two, far)
	two, err = w.Desk.Claim(w.Ctx, w.Sam, two.ID, two.Version) // moves on after the list was shown
	w.Must(err)
	seen = append(seen, review.Selection{ID: pg.NewID(), Version: 1}, seen[0])
	got, err := w.Desk.Assign(w.Ctx, w.Boss, seen, w.Sue.PersonID)
	w.Must(err)
	if len(got) != 4 {
		t.Fatalf("results: %+v", got)
	}
	for _, r := range got {
		switch r.ID {
		case one.ID:
			if !r.Done || r.Reference != one.Reference {
				t.Errorf("one: %+v", r)
			}
		case two.ID:
			if r.Done || !strings.Contains(r.Why.String(), "assigned to Sam Specialist") {
				t.Errorf("two: %+v", r)
			}
		case far.ID:
			if r.Done || !strings.Contains(r.Why.String(), "another office") {
				t.Errorf("far: %+v", r)
			}
		default:
			if r.Done || !strings.Contains(r.Why.String(), "not there") {
				t.Errorf("unknown: %+v", r)
			}
		}
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'application.assign'`); n != 1 {
		t.Errorf("audit events: %d", n)
	}
	got, err = w.Desk.Assign(w.Ctx, w.Chief, pick(two, far), w.Sue.PersonID)
	w.Must(err)
	for _, r := range got {
		if !r.Done {
			t.Errorf("headquarters: %+v", r)
		}
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	item := func(who identity.Actor) review.QueueItem {
		t.Helper()
		q, err := w.Desk.Queue(w.Ctx, who, review.Filter{Queue: review.Mine})
		w.Must(err)
		if len(q.Items) != 1 {
			t.Fatalf("queue: %+v", q.Items)
		}
		return q.Items[0]
	}
	_, err := w.Desk.Work(w.Ctx, owner, a.ID)
	w.Want("the company", err, fault.NotFound)
	_, err = w.Desk.TakeOver(w.Ctx, w.Auditor, a.ID)
	w.Want("an auditor takes over", err, fault.Forbidden)

	c, err := w.Desk.Work(w.Ctx, w.Sam, a.ID)
	w.Must(err)
	l := c.Lock
	if !l.Mine || l.Name != "Sam Specialist" || !l.Until.Equal(w.Clock.Now().Add(review.LockLife)) {
		t.Errorf("lock: %+v", l)
	}
	for _, who := range []identity.Actor{w.Sue, w.Boss, w.Auditor} {
		c, err := w.Desk.Work(w.Ctx, who, a.ID)
		w.Must(err)
		if l := c.Lock; l.Mine || l.PersonID != w.Sam.PersonID {
			t.Errorf("%s sees %+v", who.Name, l)
		}
	}
	c, err = w.Desk.Record(w.Ctx, w.Boss, a.ID)
	w.Must(err)
	q := item(w.Sam)
	if c.Lock.PersonID != *q.LockedID || c.Lock.Name != q.LockedBy || !c.Lock.Until.Equal(*q.LockedUntil) || c.Lock.Mine || c.May.Work || !c.May.TakeOver {
		t.Errorf("record %+v %+v and list %+v differ", c.Lock, c.May, q)
	}

	w.Clock.Move(review.LockLife)
	if c, err := w.Desk.Work(w.Ctx, w.Boss, a.ID); err != nil || c.Lock.Held() {
		t.Errorf("a supervisor who looks keeps others from working: %+v %v", c.Lock, err)
	}
	_, err = w.Desk.Work(w.Ctx, w.Sam, a.ID)
	w.Must(err)
	err = w.Desk.SetVerdicts(w.Ctx, w.Boss, a.ID, nil)
	w.Want("acting without the lock", err, fault.Conflict)
	if err == nil || !strings.Contains(err.Error(), "Sam Specialist is working in this case") {
		t.Errorf("the conflict does not name the holder: %v", err)
	}

	w.Clock.Move(10 * time.Minute)
	w.Must(w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, nil)) // renews
	w.Clock.Move(10 * time.Minute)
	err = w.Desk.SetVerdicts(w.Ctx, w.Boss, a.ID, nil)
	w.Want("a renewed lock", err, fault.Conflict)

	l, err = w.Desk.TakeOver(w.Ctx, w.Boss, a.ID)
	w.Must(err)
	if !l.Mine {
		t.Errorf("taken over: %+v", l)
	}
	err = w.Desk.SetVerdicts(w.Ctx, w.Sam, a.ID, nil)
	w.Want("the one who lost it", err, fault.Conflict)
	_, err = w.Desk.TakeOver(w.Ctx, w.Sam, a.ID)
	w.Want("taking it back from a supervisor", err, fault.Conflict)
	if n := w.Count(`select count(*)::int from audit_event where action = 'application.take_over'`); n != 1 {
		t.Errorf("audit events: %d", n)
	}

	w.Clock.Move(review.LockLife + time.Second)
	if q := item(w.Sam); q.LockedID != nil {
		t.Error("the list shows an expired lock")
	}
	if c, err = w.Desk.Record(w.Ctx, w.Sam, a.ID); err != nil || c.Lock.Held() || !c.May.Work {
		t.Errorf("the record shows an expired lock: %+v %v", c.Lock, err)
	}
	l, err = w.Desk.TakeOver(w.Ctx, w.Sam, a.ID)
	w.Must(err)
	if !l.Mine {
		t.Error("after it expired anyone who works on the case may take it")
	}
}

func TestWhoMayWork(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a := w.Submit(w.Importer("Harbor Trading LLC"), "ctpat", "importer")
	_, err := w.Desk.StartReview(w.Ctx, w.Sam, a.ID, a.Version)
	w.Want("before claiming", err, fault.Forbidden)
	a, err = w.Desk.Claim(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	for who, kind := range map[*identity.Actor]fault.Kind{&w.Sue: fault.Forbidden, &w.Other: fault.Forbidden, &w.Auditor: fault.Forbidden, &w.Admin: fault.NotFound} {
		_, err = w.Desk.StartReview(w.Ctx, *who, a.ID, a.Version)
		w.Want(who.Name, err, kind)
	}
	_, err = w.Desk.StartReview(w.Ctx, w.Sam, a.ID, a.Version+7)
	w.Want("another version", err, fault.Conflict)
	a, err = w.Desk.StartReview(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	if a.Status != application.InReview {
		t.Errorf("status %s", a.Status)
	}
	_, err = w.Desk.Accept(w.Ctx, w.Sam, a.ID, a.Version)
	w.Want("a programme without acceptance", err, fault.Conflict)
}
