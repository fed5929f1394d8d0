package membership_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/standing"
)

// standingWorld is a certified importer whose office is in New York.
type standingWorld struct {
	*reviewtest.World
	members *membership.Service
	m       membership.Membership
	owner   identity.Actor
}

func newStanding(t *testing.T) *standingWorld {
	w := &standingWorld{World: reviewtest.New(t, "2026-03-04T15:00:00Z")}
	w.members = service(w.World)
	a, owner := w.Claimed()
	a = w.ToCertify(w.Sam, a)
	m, err := w.members.Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
	w.m, w.owner = m, owner
	return w
}

func (w *standingWorld) to(instant string) {
	at, err := time.Parse(time.RFC3339, instant)
	w.Must(err)
	w.Clock.Move(at.Sub(w.Clock.Now()))
}

func (w *standingWorld) record(e standing.Event) (out standing.Event, err error) {
	e.MembershipID = w.m.ID
	err = w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		out, err = w.members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Boss, e)
		return err
	})
	return out, err
}

func (w *standingWorld) state(on, known string) string {
	q := standing.Question{On: parse(w, on)}
	if known != "" {
		q.KnownOn = parse(w, known)
	}
	p, err := w.members.Standing.History(w.Ctx, w.owner, w.m.ID, &q)
	w.Must(err)
	list := p.Asked.Now
	if known != "" {
		list = p.Asked.Then
	}
	if len(list) == 0 {
		return "none"
	}
	return string(list[0].State) + " " + list[0].Tier
}

func parse(w *standingWorld, s string) clock.Day {
	d, err := clock.ParseDay(s)
	w.Must(err)
	return d
}

func (w *standingWorld) own() string {
	return w.Text(`select status || ' ' || tier || ' ' || coalesce(ended_on::text, '-') from membership where id = $1`, w.m.ID)
}

func TestStandingFollowsEvents(t *testing.T) {
	t.Parallel()
	w := newStanding(t)
	if got := w.state("2026-03-04", ""); got != "active tier_1" {
		t.Errorf("on the day of certification: %s", got)
	}
	w.to("2026-05-01T15:00:00Z")
	cause := standing.Cause{Kind: "enforcement", ID: uuid.New()}
	_, err := w.record(standing.Event{Kind: standing.Suspended, On: parse(w, "2026-04-30"), Cause: cause})
	w.Want("a suspension that reaches back", err, fault.Invalid)
	_, err = w.record(standing.Event{Kind: standing.Reinstated, On: parse(w, "2026-05-01"), Cause: cause})
	w.Want("a reinstatement without a suspension", err, fault.Conflict)

	held, err := w.record(standing.Event{Kind: standing.Suspended, On: parse(w, "2026-05-10"), Cause: cause, Reason: "Seal was cut"})
	w.Must(err)
	if got := w.own(); got != "active tier_1 -" {
		t.Errorf("nine days before: %s", got)
	}
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and code = 'suspension_answer'`, cause.ID); n != 0 {
		t.Error("the clock of the answer runs before the suspension")
	}
	w.to("2026-05-10T03:59:00Z") // 9 May, 23:59 in New York
	if n, err := w.members.Standing.Turn(w.Ctx); n != 0 || err != nil {
		t.Errorf("turned %d: %v", n, err)
	}
	w.to("2026-05-10T04:00:00Z")
	if n, err := w.members.Standing.Turn(w.Ctx); n != 1 || err != nil {
		t.Errorf("turned %d: %v", n, err)
	}
	if got := w.own(); got != "suspended tier_1 -" {
		t.Errorf("on the day: %s", got)
	}
	if got := w.Text(`select due_on::text from clock where subject_id = $1 and code = 'suspension_answer' and stopped_at is null`, cause.ID); got != "2026-08-08" {
		t.Errorf("answer due on %s", got)
	}

	w.to("2026-07-01T15:00:00Z")
	_, err = w.record(standing.Event{Kind: standing.Overturned, On: parse(w, "2026-07-01"), Undoes: &held.ID, Cause: standing.Cause{Kind: "appeal", ID: uuid.New()}})
	w.Must(err)
	if got := w.own(); got != "active tier_1 -" {
		t.Errorf("after the appeal: %s", got)
	}
	if got := w.state("2026-06-01", ""); got != "active tier_1" {
		t.Errorf("1 June as known now: %s", got)
	}
	if got := w.state("2026-06-01", "2026-06-30"); got != "suspended tier_1" {
		t.Errorf("1 June as known on 30 June: %s", got)
	}
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and code = 'suspension_answer' and stopped_at is null`, cause.ID); n != 0 {
		t.Error("the clock of the answer runs on")
	}
	_, err = w.record(standing.Event{Kind: standing.Overturned, On: parse(w, "2026-07-01"), Undoes: &held.ID, Cause: standing.Cause{Kind: "appeal", ID: uuid.New()}})
	w.Want("overturned twice", err, fault.Conflict)
}

func TestStandingRemovalOverturned(t *testing.T) {
	t.Parallel()
	w := newStanding(t)
	running := func() int {
		return w.Count(`select count(*)::int from clock where subject_kind = 'membership' and subject_id = $1 and stopped_at is null`, w.m.ID)
	}
	before := running()
	w.to("2026-06-01T15:00:00Z")
	end, err := w.record(standing.Event{Kind: standing.Removed, On: parse(w, "2026-06-01"), Ground: "no_answer", Cause: standing.Cause{Kind: "enforcement", ID: uuid.New()}})
	w.Must(err)
	if got := w.own(); got != "ended tier_1 2026-06-01" {
		t.Errorf("removed: %s", got)
	}
	if got := w.Text(`select string_agg(code, ' ') from clock where subject_id = $1 and stopped_at is null`, w.m.ID); got != "reapplication_bar" {
		t.Errorf("clocks of a removed member: %s", got)
	}
	_, err = w.record(standing.Event{Kind: standing.Suspended, On: parse(w, "2026-06-02"), Cause: standing.Cause{Kind: "enforcement", ID: uuid.New()}})
	w.Want("suspending what has ended", err, fault.Conflict)
	w.to("2026-09-01T15:00:00Z")
	_, err = w.record(standing.Event{Kind: standing.Overturned, On: parse(w, "2026-09-01"), Undoes: &end.ID, Cause: standing.Cause{Kind: "appeal", ID: uuid.New()}})
	w.Must(err)
	if got := w.own(); got != "active tier_1 -" {
		t.Errorf("after the appeal: %s", got)
	}
	if got := running(); got != before {
		t.Errorf("%d clocks run, %d before", got, before)
	}
	if got := w.state("2026-07-01", "2026-08-31"); got != "ended tier_1" {
		t.Errorf("what was said: %s", got)
	}
}

func TestStandingIsFencedAndUnchangeable(t *testing.T) {
	t.Parallel()
	w := newStanding(t)
	stranger := w.Importer("Stranger Imports")
	_, err := w.members.Standing.History(w.Ctx, stranger, w.m.ID, nil)
	w.Want("another company", err, fault.NotFound)
	_, err = w.members.Standing.History(w.Ctx, w.Admin, w.m.ID, nil)
	w.Want("an administrator", err, fault.NotFound)
	_, err = w.members.Standing.History(w.Ctx, w.owner, w.m.ID, &standing.Question{On: parse(w, "2026-03-05"), KnownOn: parse(w, "2026-03-06")})
	w.Want("known in the future", err, fault.Invalid)
	err = w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		return tx.Exec(`update standing_event set tier = 'tier_3' where membership_id = ?`, w.m.ID).Error
	})
	if err == nil {
		t.Error("an event was changed")
	}
	err = w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		return tx.Exec(`insert into standing (membership_id, company_id, type, state, valid, known, event_id)
			select membership_id, company_id, type, 'suspended', valid, known, event_id from standing where membership_id = ?`, w.m.ID).Error
	})
	if pg.Constraint(err) != "one_standing_at_a_time" {
		t.Errorf("two statuses at once: %v", err)
	}
}
