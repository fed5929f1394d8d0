package bizpartner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"trustedtrader/app/bizpartner"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

func TestConnectionNeedsBothAndTellsNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(by identity.Actor, number string) error {
		return w.s.Ask(w.Ctx, by, bizpartner.AskEntry{Number: number})
	}
	w.Want("without own consent", ask(w.ann, w.bobNo), fault.Conflict)
	w.Want("a reader consents", w.s.Agree(w.Ctx, w.reader), fault.Forbidden)
	w.Want("the agency consents", w.s.Agree(w.Ctx, w.Sam), fault.NotFound)
	w.Must(w.s.Agree(w.Ctx, w.ann))
	w.Must(w.s.Agree(w.Ctx, w.ann)) // twice is once
	w.Must(w.s.Agree(w.Ctx, w.other))
	w.Want("no member", ask(w.other, w.annNo), fault.Conflict)
	w.Want("its own number", ask(w.ann, w.annNo), fault.Invalid)

	// Bob has not consented: the answer is that for a number of nobody.
	for _, number := range []string{w.bobNo, "CT-NOBODY-1"} {
		w.Must(ask(w.ann, strings.ToLower(number)))
		w.Want("asked twice", ask(w.ann, number), fault.Invalid)
	}
	list := w.network(w.ann).Connections
	slices.SortFunc(list, func(a, b bizpartner.Connection) int { return strings.Compare(a.Number, b.Number) })
	if len(list) != 2 || list[0].State != list[1].State || list[0].Version != list[1].Version || list[0].Member != nil || list[1].Member != nil || list[0].EndedAt != nil {
		t.Fatalf("%+v", list)
	}
	if n := len(w.network(w.bob).Connections) + w.letters(w.bob.CompanyID, "partner_connection_asked"); n != 0 {
		t.Errorf("bob hears of %d requests without his consent", n)
	}
	for _, c := range list {
		w.Must(w.s.Disconnect(w.Ctx, w.ann, c.ID))
	}

	w.Must(w.s.Agree(w.Ctx, w.bob))
	w.Must(ask(w.ann, w.bobNo))
	if n := w.letters(w.bob.CompanyID, "partner_connection_asked"); n != 1 {
		t.Errorf("bob got %d letters", n)
	}
	asked := w.network(w.bob).Connections[0]
	if asked.Ours || asked.State != bizpartner.Asked || asked.Member == nil || asked.Member.Name != "Ann Imports LLC" || asked.Member.Parts != nil || asked.Number != "" {
		t.Errorf("what bob sees of the request: %+v", asked)
	}
	yes := bizpartner.AnswerEntry{Yes: true, Version: asked.Version}
	w.Want("the asker answers itself", w.s.Answer(w.Ctx, w.ann, asked.ID, yes), fault.NotFound)
	w.Want("a third company answers", w.s.Answer(w.Ctx, w.other, asked.ID, yes), fault.NotFound)
	editor := w.bob
	editor.Role = identity.Editor
	w.Want("an editor answers", w.s.Answer(w.Ctx, editor, asked.ID, yes), fault.Forbidden)
	w.Want("an old page", w.s.Answer(w.Ctx, w.bob, asked.ID, bizpartner.AnswerEntry{Yes: true, Version: 9}), fault.Conflict)
	w.Must(w.s.Answer(w.Ctx, w.bob, asked.ID, yes))

	got := w.network(w.ann).Connections[0]
	if got.State != bizpartner.Connected || got.Member == nil || got.Member.Name != "Bob Trading Inc" || len(got.Member.Parts) != 1 ||
		got.Member.Parts[0].State != standing.Active || got.Member.Parts[0].Since.String() != "2026-03-04" {
		t.Errorf("what ann sees: %+v %+v", got, got.Member)
	}
	if n := len(w.network(w.other).Connections); n != 0 {
		t.Errorf("a third company sees %d", n)
	}
	// The database shows no third company anything, whatever a query asks.
	for name, who := range map[string]identity.Actor{"third": w.other, "ann": w.ann} {
		var rows, names int
		w.Must(w.DB.Batch(w.Ctx, who.Scope(), pg.Value(&rows, `select count(*)::int from partner_connection where status = 'connected'`), pg.Value(&names, `select count(*)::int from connected_members(now())`)))
		if want := map[string]int{"third": 0, "ann": 1}[name]; rows != want || names != want {
			t.Errorf("%s reads %d rows and %d members", name, rows, names)
		}
	}

	w.Must(w.s.Withdraw(w.Ctx, w.bob))
	if got := w.network(w.ann).Connections[0]; got.State != bizpartner.Over || got.Member != nil {
		t.Errorf("after bob took his consent back: %+v", got)
	}
	if n := w.letters(w.ann.CompanyID, "partner_connection_ended"); n != 1 {
		t.Errorf("ann got %d letters", n)
	}
	w.Want("answer what is over", w.s.Answer(w.Ctx, w.bob, asked.ID, bizpartner.AnswerEntry{Yes: true, Version: asked.Version + 1}), fault.Conflict)
}

// A refusal looks like silence, and stays so.
func TestRefusalLooksLikeSilence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.s.Agree(w.Ctx, w.ann))
	w.Must(w.s.Agree(w.Ctx, w.bob))
	for _, number := range []string{w.bobNo, "CT-NOBODY-1"} {
		w.Must(w.s.Ask(w.Ctx, w.ann, bizpartner.AskEntry{Number: number}))
	}
	asked := w.network(w.bob).Connections[0]
	w.Must(w.s.Answer(w.Ctx, w.bob, asked.ID, bizpartner.AnswerEntry{Version: asked.Version}))
	look := func() (out []string) {
		for _, c := range w.network(w.ann).Connections {
			out = append(out, fmt.Sprint(c.State, c.Version, c.EndedAt, c.Member))
		}
		return out
	}
	for _, wait := range []time.Duration{0, 10 * 24 * time.Hour, 31 * 24 * time.Hour} {
		w.Clock.Move(wait)
		if got := look(); len(got) != 2 || got[0] != got[1] {
			t.Errorf("after %v: %v", wait, got)
		}
	}
	if len(w.network(w.bob).Connections) != 0 {
		t.Error("bob still sees what he refused")
	}
	w.Must(w.s.Ask(w.Ctx, w.ann, bizpartner.AskEntry{Number: "CT-NOBODY-1"})) // silence makes room
}

func TestAskingIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.s.Agree(w.Ctx, w.ann))
	for i := range 50 {
		w.Must(w.s.Ask(w.Ctx, w.ann, bizpartner.AskEntry{Number: fmt.Sprintf("CT-%d", i+10)}))
	}
	w.Want("one more", w.s.Ask(w.Ctx, w.ann, bizpartner.AskEntry{Number: "CT-99999"}), fault.Conflict)
}

func TestMonitorTellsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.connect()
	told := func() int { return w.letters(w.ann.CompanyID, "partner_status_changed") }
	cause := standing.Cause{Kind: "enforcement", ID: uuid.New()}
	if n := w.monitor(); n != 0 || told() != 0 {
		t.Errorf("grants are news: %d", n)
	}
	held := w.record(standing.Event{Kind: standing.Suspended, On: day(t, "2026-03-10"), Cause: cause})
	w.record(standing.Event{Kind: standing.Limited, On: day(t, "2026-03-04"), Benefits: []string{"fast_lanes"}, Cause: cause})
	w.to("2026-03-10T03:59:00Z") // 9 March, 23:59 in New York
	if n := w.monitor(); n != 0 {
		t.Errorf("told %d before the first day", n)
	}
	w.to("2026-03-10T04:00:00Z")

	// Many at once, on two replicas.
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := w.s.Monitor(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := told(); n != 1 {
		t.Errorf("ann was told %d times", n)
	}
	if n := w.letters(w.bob.CompanyID, "partner_status_changed"); n != 0 {
		t.Error("bob was told of himself")
	}
	if m := w.network(w.ann).Connections[0].Member; m.Parts[0].State != standing.OnHold || m.Parts[0].Since.String() != "2026-03-10" {
		t.Errorf("%+v", m.Parts)
	}
	body := w.Text(`select body from message where letter = 'partner_status_changed'`)
	if !strings.Contains(body, "Bob Trading Inc") || !strings.Contains(body, "Suspended from 10 March 2026") || strings.Contains(body, "fast") {
		t.Errorf("the letter:\n%s", body)
	}

	w.to("2026-04-01T15:00:00Z")
	w.record(standing.Event{Kind: standing.Overturned, On: day(t, "2026-04-01"), Undoes: &held.ID, Cause: standing.Cause{Kind: "appeal", ID: uuid.New()}})
	w.monitor()
	w.monitor()
	if n := told(); n != 2 {
		t.Errorf("told %d times after the appeal was won", n)
	}
	w.record(standing.Event{Kind: standing.Awarded, On: day(t, "2026-04-01"), Tier: "tier_2", Cause: standing.Cause{Kind: "validation", ID: uuid.New()}})
	w.monitor()
	if told() != 3 {
		t.Error("another tier is no news")
	}
	// Ended: withdrawn for a later day, and then removed before it. The later end is void.
	w.record(standing.Event{Kind: standing.Withdrawn, On: day(t, "2026-05-01"), Cause: standing.Cause{Kind: "succession", ID: uuid.New()}})
	w.to("2026-04-10T15:00:00Z")
	w.record(standing.Event{Kind: standing.Removed, On: day(t, "2026-04-10"), Cause: cause})
	w.monitor()
	w.to("2026-06-01T15:00:00Z")
	w.monitor()
	if n := told(); n != 4 {
		t.Errorf("told %d times after the end", n)
	}
	if m := w.network(w.ann).Connections[0].Member; m.Parts[0].State != standing.Ended {
		t.Errorf("an ended member: %+v", m.Parts)
	}
	if n := w.Count(`select count(*)::int from mail m join message x on x.id = m.message_id where x.letter = 'partner_status_changed'`); n != 4 {
		t.Errorf("%d e-mails", n)
	}
}

// A suspension that is overturned before its first day is no news, and neither is one that
// nobody was connected for; but whoever sees another status now is told.
func TestMonitorTellsWhatWasSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cause := standing.Cause{Kind: "enforcement", ID: uuid.New()}
	appeal := standing.Cause{Kind: "appeal", ID: uuid.New()}
	held := w.record(standing.Event{Kind: standing.Suspended, On: day(t, "2026-03-04"), Cause: cause})
	w.monitor()
	w.connect() // sees him suspended
	w.monitor()
	if n := w.letters(w.ann.CompanyID, "partner_status_changed"); n != 0 {
		t.Errorf("told %d times of the past", n)
	}
	w.record(standing.Event{Kind: standing.Overturned, On: day(t, "2026-03-04"), Undoes: &held.ID, Cause: appeal})
	w.monitor()
	if n := w.letters(w.ann.CompanyID, "partner_status_changed"); n != 1 {
		t.Errorf("told %d times that he is active again", n)
	}
	later := w.record(standing.Event{Kind: standing.Suspended, On: day(t, "2026-03-20"), Cause: standing.Cause{Kind: "enforcement", ID: uuid.New()}})
	w.monitor()
	w.record(standing.Event{Kind: standing.Overturned, On: day(t, "2026-03-04"), Undoes: &later.ID, Cause: appeal})
	w.to("2026-03-25T15:00:00Z")
	w.monitor()
	if n := w.letters(w.ann.CompanyID, "partner_status_changed"); n != 1 {
		t.Errorf("told of a suspension that never began: %d", n)
	}
	// After the consent is taken back nothing is told.
	w.Must(w.s.Withdraw(w.Ctx, w.ann))
	w.record(standing.Event{Kind: standing.Removed, On: day(t, "2026-03-25"), Cause: cause})
	w.monitor()
	if n := w.letters(w.ann.CompanyID, "partner_status_changed"); n != 1 {
		t.Errorf("told without consent: %d", n)
	}
}

// An event whose transaction commits after that of an event with a higher number is told too.
func TestMonitorMissesNoLateEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.connect()
	w.monitor()
	cause := func() standing.Cause { return standing.Cause{Kind: "enforcement", ID: uuid.New()} }
	slow, done := make(chan struct{}), make(chan error)
	go func() {
		done <- w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error {
			_, err := w.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), identity.ClockActor("test"), standing.Event{MembershipID: w.bobIs, Kind: standing.Suspended, On: day(t, "2026-03-04"), Cause: cause()})
			slow <- struct{}{}
			<-slow
			return err
		})
	}()
	<-slow
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error { // a higher number, committed before
		_, err := w.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), identity.ClockActor("test"), standing.Event{MembershipID: w.annIs, Kind: standing.Suspended, On: day(t, "2026-03-04"), Cause: cause()})
		return err
	}))
	for range 4 {
		w.monitor()
	}
	if n := w.letters(w.bob.CompanyID, "partner_status_changed"); n != 1 {
		t.Errorf("bob was told %d times of ann", n)
	}
	slow <- struct{}{}
	w.Must(<-done)
	for range 3 {
		w.monitor()
	}
	if n := w.letters(w.ann.CompanyID, "partner_status_changed"); n != 1 {
		t.Errorf("ann was told %d times of bob", n)
	}
	// The cursor waits for every transaction of the server, and other tests have theirs.
	follows := func() bool {
		return w.Count(`select count(*)::int from partner_cursor where seq = (select max(seq) from standing_event)`) == 1
	}
	for patience := time.Now().Add(30 * time.Second); !follows(); w.monitor() {
		if time.Now().After(patience) {
			t.Fatal("the cursor did not follow")
		}
		time.Sleep(20 * time.Millisecond)
	}
	// Even if an event is taken up again, nobody is told twice.
	w.Exec(`update partner_news set done_at = null where event_id in (select id from standing_event where kind = 'suspended')`)
	w.monitor()
	if n := w.letters(w.ann.CompanyID, "partner_status_changed"); n != 1 {
		t.Errorf("told again: %d", n)
	}
}

func TestVerificationLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := bizpartner.VerifyEntry{Membership: w.bobIs.String(), Purpose: "For the bank", Days: "30"}
	_, err := w.s.MakeLink(w.Ctx, w.reader, in)
	w.Want("a reader", err, fault.Forbidden)
	_, err = w.s.MakeLink(w.Ctx, w.ann, in)
	w.Want("another company's membership", err, fault.Invalid)
	for name, bad := range map[string]bizpartner.VerifyEntry{"91 days": {Membership: in.Membership, Purpose: "x", Days: "91"}, "0 days": {Membership: in.Membership, Purpose: "x", Days: "0"},
		"no purpose": {Membership: in.Membership, Days: "1"}, "no membership": {Purpose: "x", Days: "1"}} {
		_, err = w.s.MakeLink(w.Ctx, w.bob, bad)
		w.Want(name, err, fault.Invalid)
	}
	token, err := w.s.MakeLink(w.Ctx, w.bob, in)
	w.Must(err)
	v, err := w.s.Verify(w.Ctx, token)
	w.Must(err)
	if v.Company != "Bob Trading Inc" || v.Parts[0].State != standing.Active || v.Parts[0].Tier != "tier_1" || !v.AsOf.Equal(w.Clock.Now()) || !v.ExpiresAt.Equal(w.Clock.Now().AddDate(0, 0, 30)) {
		t.Errorf("%+v", v)
	}
	for _, wrong := range []string{"", "x", strings.Repeat("A", 64), token[:63] + "_", token + "A", strings.ToUpper(token)} {
		_, err = w.s.Verify(w.Ctx, wrong)
		w.Want("a wrong link", err, fault.NotFound)
	}
	if n := w.Count(`select count(*)::int from verification_link where encode(token_hash, 'escape') like '%' || $1 || '%' or purpose like '%' || $1 || '%'`, token) +
		w.Count(`select count(*)::int from audit_event where coalesce(before::text, '') || coalesce(after::text, '') like '%' || $1 || '%'`, token); n != 0 {
		t.Error("the token is kept")
	}
	cause := standing.Cause{Kind: "enforcement", ID: uuid.New()}
	w.record(standing.Event{Kind: standing.Suspended, On: day(t, "2026-03-05"), Cause: cause})
	w.Clock.Move(24 * time.Hour)
	if v, err = w.s.Verify(w.Ctx, token); err != nil || v.Parts[0].State != standing.OnHold || v.Parts[0].Since.String() != "2026-03-05" {
		t.Errorf("suspended: %+v %v", v.Parts, err)
	}
	w.record(standing.Event{Kind: standing.Removed, On: day(t, "2026-03-06"), Cause: cause})
	w.Clock.Move(24 * time.Hour)
	if v, err = w.s.Verify(w.Ctx, token); err != nil || v.Parts[0].State != standing.Ended || v.Parts[0].How != standing.Removed {
		t.Errorf("ended: %+v %v", v.Parts, err)
	}
	l, err := w.s.Links(w.Ctx, w.bob)
	if err != nil || len(l.Items) != 1 || l.Items[0].Looks != 3 || len(l.Items[0].Last) != 3 || !l.Items[0].Works {
		t.Errorf("%+v %v", l, err)
	}
	if l, err := w.s.Links(w.Ctx, w.ann); err != nil || len(l.Items) != 0 {
		t.Errorf("ann sees bob's links: %v", err)
	}
	id := l.Items[0].ID
	w.Want("another company switches off", w.s.RevokeLink(w.Ctx, w.ann, id), fault.NotFound)
	w.Must(w.s.RevokeLink(w.Ctx, w.bob, id))
	_, err = w.s.Verify(w.Ctx, token)
	w.Want("switched off", err, fault.NotFound)
	token, err = w.s.MakeLink(w.Ctx, w.bob, bizpartner.VerifyEntry{Membership: in.Membership, Purpose: "For a day", Days: "1"})
	w.Must(err)
	w.Clock.Move(24 * time.Hour)
	_, err = w.s.Verify(w.Ctx, token)
	w.Want("expired", err, fault.NotFound)
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error {
		err := tx.Transaction(func(x *gorm.DB) error { return x.Exec(`delete from verification_look`).Error })
		if err == nil {
			t.Error("looks can be deleted")
		}
		return nil
	}))
}
