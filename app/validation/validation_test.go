package validation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

const start = "2026-03-03T15:00:00Z"

func TestOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	m, owner := w.member("Harbor Trading LLC")
	in := validation.OpenEntry{ID: pg.NewID(), Membership: &m, Reason: "First validation", Lead: &w.Sam.PersonID}
	for what, by := range map[string]identity.Actor{"the company": owner, "an administrator": w.Admin} {
		_, err := w.s.Open(w.Ctx, by, in)
		w.Want(what, err, fault.NotFound)
	}
	_, err := w.s.Open(w.Ctx, w.Auditor, in)
	w.Want("an auditor", err, fault.Forbidden)
	_, err = w.s.Open(w.Ctx, w.Other, in)
	w.Want("another office", err, fault.Forbidden)
	other := pg.NewID()
	_, err = w.s.Open(w.Ctx, w.Sam, validation.OpenEntry{Membership: &other, Reason: "because"})
	w.Want("no such membership", err, fault.NotFound)
	for what, change := range map[string]func(*validation.OpenEntry){
		"no reason":                   func(e *validation.OpenEntry) { e.Reason = " " },
		"half a window":               func(e *validation.OpenEntry) { e.From = "2026-05-01" },
		"a window that runs back":     func(e *validation.OpenEntry) { e.From, e.To = "2026-05-02", "2026-05-01" },
		"a kind of another programme": func(e *validation.OpenEntry) { e.Kind = validation.BeforeDecision },
		"a lead who is nobody":        func(e *validation.OpenEntry) { e.Lead = &other },
	} {
		e := in
		change(&e)
		_, err := w.s.Open(w.Ctx, w.Sam, e)
		w.Want(what, err, fault.Invalid)
	}

	v, err := w.s.Open(w.Ctx, w.Sam, in)
	w.Must(err)
	if v.Kind != validation.First || v.Status != validation.Planned || !strings.HasPrefix(v.Reference, "V-2026-") || v.Days != 1 || v.WindowFrom.String() != "2026-04-03" {
		t.Errorf("opened: %+v", v)
	}
	again, err := w.s.Open(w.Ctx, w.Sam, in)
	w.Must(err)
	if again.ID != v.ID || again.Reference != v.Reference {
		t.Error("sending the form twice opened two")
	}
	in.ID = pg.NewID()
	_, err = w.s.Open(w.Ctx, w.Sam, in)
	w.Want("a second one", err, fault.Conflict)
	in.Kind = validation.ForCause
	_, err = w.s.Open(w.Ctx, w.Sam, in)
	w.Must(err) // for cause at any time

	x := w.visits(v.ID)
	if len(x) != 1 || x[0].Kind != validation.Domestic || x[0].Place != "Head office" || x[0].Zone != "America/New_York" || x[0].Status != validation.ToBook {
		t.Fatalf("visits: %+v", x)
	}
	if n := w.Count(`select count(*)::int from visit_document where visit_id = $1`, x[0].ID); n < 3 {
		t.Errorf("%d documents are asked for", n)
	}
	if n := w.Count(`select count(*)::int from visit_officer where visit_id = $1 and role = 'lead'`, x[0].ID); n != 1 {
		t.Error("Sam does not lead the visit")
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'validation.open' and internal`); n != 2 {
		t.Errorf("%d audit events", n)
	}
}

func TestAuditBeforeDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	a, _ := w.Accepted()
	v, err := w.s.Open(w.Ctx, w.Other, validation.OpenEntry{Application: &a.ID, Reason: "Audit before the decision", Lead: &w.Other.PersonID})
	w.Must(err)
	if v.Kind != validation.BeforeDecision || v.Programme != "eu-aeo" || v.Days != 2 || v.WindowTo.String() != "2026-07-01" {
		t.Errorf("opened: %+v", v)
	}
}

func TestNotify(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	v, _, owner := w.open("Harbor Trading LLC")
	in := validation.NotifyEntry{Notice: "We look at seals.", Version: v.Version}
	_, err := w.s.NotifyCompany(w.Ctx, owner, v.ID, in)
	w.Want("the company, before it is told", err, fault.NotFound)
	_, err = w.s.NotifyCompany(w.Ctx, w.Auditor, v.ID, in)
	w.Want("an auditor", err, fault.Forbidden)
	_, err = w.s.NotifyCompany(w.Ctx, w.Other, v.ID, in)
	w.Want("another office", err, fault.Forbidden)
	_, err = w.s.NotifyCompany(w.Ctx, w.Sam, v.ID, validation.NotifyEntry{Version: v.Version + 1})
	w.Want("another version", err, fault.Conflict)
	v, err = w.s.NotifyCompany(w.Ctx, w.Sam, v.ID, in)
	w.Must(err)
	if v.Status != validation.Notified || v.NotifiedAt == nil {
		t.Errorf("notified: %+v", v)
	}
	_, err = w.s.NotifyCompany(w.Ctx, w.Sam, v.ID, validation.NotifyEntry{Version: v.Version})
	w.Want("twice", err, fault.Conflict)
	body := w.Text(`select body from message where letter = 'validation_notified'`)
	if !has(body, "Head office, 1 Pier", "3 April 2026", "We look at seals.", "/validations/"+v.ID.String()) {
		t.Errorf("letter: %s", body)
	}
	if due := w.Text(`select due_on::text from clock where subject_kind = 'validation' and code = 'validation_notice'`); due != "2026-04-02" {
		t.Errorf("the notice ends on %s", due)
	}
	if got := w.letters(owner); got != "validation_notified" {
		t.Errorf("letters: %s", got)
	}
}

func TestOfferAndAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	v, x, owner := w.open("Harbor Trading LLC")
	in := validation.OfferEntry{Slots: []string{code("2026-04-07"), code("2026-04-14")}, Version: x.Version}
	_, err := w.s.Offer(w.Ctx, w.Sam, x.ID, in)
	w.Want("before the company knows", err, fault.Invalid)
	_, err = w.s.NotifyCompany(w.Ctx, w.Sam, v.ID, validation.NotifyEntry{Version: v.Version})
	w.Must(err)
	for what, slots := range map[string][]string{
		"nothing": nil, "no time": {"tomorrow"}, "the past": {code("2026-03-02")}, "too soon": {code("2026-04-02")}, "backwards": {"2026-04-07T17:00/2026-04-07T09:00"},
		"six": {code("2026-04-07"), code("2026-04-08"), code("2026-04-09"), code("2026-04-10"), code("2026-04-13"), code("2026-04-14")},
	} {
		_, err := w.s.Offer(w.Ctx, w.Sam, x.ID, validation.OfferEntry{Slots: slots, Version: x.Version})
		w.Want(what, err, fault.Invalid)
	}
	_, err = w.s.Offer(w.Ctx, owner, x.ID, in)
	w.Want("the company", err, fault.NotFound)
	_, err = w.s.Offer(w.Ctx, w.Auditor, x.ID, in)
	w.Want("an auditor", err, fault.Forbidden)
	p, err := w.s.Offer(w.Ctx, w.Sam, x.ID, in)
	w.Must(err)
	if p.AnswerBy.Format(time.RFC3339) != "2026-03-11T04:00:00Z" { // the end of 10 March in New York, after clocks went forward
		t.Errorf("answer by %s", p.AnswerBy)
	}
	_, err = w.s.Offer(w.Ctx, w.Sam, x.ID, in)
	w.Want("an old version", err, fault.Conflict)
	if body := w.Text(`select body from message where letter = 'validation_offer'`); !has(body, "Tue 7 April 2026, 09:00–17:00 (site time, New York, UTC−4)", "10 March 2026") {
		t.Errorf("letter: %s", body)
	}

	slots := w.slots(x.ID)
	say := func(a, b string) validation.AnswerEntry {
		return validation.AnswerEntry{Answers: map[uuid.UUID]string{slots[0].ID: a, slots[1].ID: b}, Version: w.proposal(x.ID).Version}
	}
	stranger := w.Importer("Another Company Inc")
	w.Want("another company", w.s.Answer(w.Ctx, stranger, x.ID, say("yes", "no")), fault.NotFound)
	w.Want("a reader", w.s.Answer(w.Ctx, w.colleague(owner, identity.Reader), x.ID, say("yes", "no")), fault.Forbidden)
	w.Want("the agency", w.s.Answer(w.Ctx, w.Sam, x.ID, say("yes", "no")), fault.NotFound)
	w.Want("half an answer", w.s.Answer(w.Ctx, owner, x.ID, say("yes", "")), fault.Invalid)
	w.Want("only no, and nothing else", w.s.Answer(w.Ctx, owner, x.ID, say("no", "no")), fault.Invalid)
	in2 := say("no", "no")
	in2.Suggests = []validation.Suggestion{{Day: "2026-04-21", Note: "Our manager is back"}}
	w.Must(w.s.Answer(w.Ctx, owner, x.ID, in2))
	slots = w.slots(x.ID)
	if len(slots) != 3 || !slots[2].Suggested || slots[2].LocalFrom.Format("15:04") != "09:00" || slots[0].Said() != "no" {
		t.Errorf("times: %+v", slots)
	}
	w.Want("an old version", w.s.Answer(w.Ctx, owner, x.ID, in2), fault.Conflict)

	_, err = w.s.Confirm(w.Ctx, w.Sam, x.ID, validation.ConfirmEntry{Slot: slots[0].ID, Version: w.visit(x.ID).Version})
	w.Want("a time that was refused", err, fault.Conflict)
	_, err = w.s.Confirm(w.Ctx, w.Sam, x.ID, validation.ConfirmEntry{Slot: pg.NewID(), Version: w.visit(x.ID).Version})
	w.Want("no time of the offer", err, fault.Conflict)
	got, err := w.s.Confirm(w.Ctx, w.Sam, x.ID, validation.ConfirmEntry{Slot: slots[2].ID, Version: w.visit(x.ID).Version})
	w.Must(err)
	if got.Status != validation.Booked || got.StartsAt.Format(time.RFC3339) != "2026-04-21T13:00:00Z" {
		t.Errorf("booked: %+v", got)
	}
	if n := w.Count(`select count(*)::int from booking where visit_id = $1 and state = 'confirmed'`, x.ID); n != 1 {
		t.Errorf("%d bookings", n)
	}
	if w.letters(owner) != "validation_notified validation_offer validation_booked" || w.methods() != "REQUEST REQUEST" {
		t.Errorf("letters %q, invitations %q", w.letters(owner), w.methods())
	}
	if n := w.Count(`select count(*)::int from visit_time where visit_id = $1 and what = 'booked' and sequence = 0`, x.ID); n != 1 {
		t.Error("the time is not in the history")
	}
	w.Want("an answer after the choice", w.s.Answer(w.Ctx, owner, x.ID, in2), fault.Conflict)
}

// One time that is taken back leaves what was said of the others as it was.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, owner := w.offered("Harbor Trading LLC", "2026-04-07", "2026-04-14", "2026-04-21")
	w.answer(owner, x.ID, "yes", "if_needed", "no")
	slots := w.slots(x.ID)
	w.Want("the company", w.s.WithdrawSlot(w.Ctx, owner, x.ID, slots[0].ID, x.Version), fault.NotFound)
	w.Want("no such time", w.s.WithdrawSlot(w.Ctx, w.Sam, x.ID, pg.NewID(), x.Version), fault.NotFound)
	w.Must(w.s.WithdrawSlot(w.Ctx, w.Sam, x.ID, slots[0].ID, x.Version))
	w.Want("an old version", w.s.WithdrawSlot(w.Ctx, w.Sam, x.ID, slots[1].ID, x.Version), fault.Conflict)
	slots = w.slots(x.ID)
	if slots[0].WithdrawnAt == nil || slots[1].Said() != "if_needed" || slots[2].Said() != "no" {
		t.Errorf("times: %+v", slots)
	}
	_, err := w.s.Confirm(w.Ctx, w.Sam, x.ID, validation.ConfirmEntry{Slot: slots[0].ID, Version: w.visit(x.ID).Version})
	w.Want("the time that was taken back", err, fault.Conflict)
	w.Must(w.s.WithdrawSlot(w.Ctx, w.Sam, x.ID, slots[1].ID, w.visit(x.ID).Version))
	w.Want("the last one", w.s.WithdrawSlot(w.Ctx, w.Sam, x.ID, slots[2].ID, w.visit(x.ID).Version), fault.Conflict)
	w.Must(w.s.WithdrawOffer(w.Ctx, w.Sam, x.ID, w.visit(x.ID).Version))
	if got := w.visit(x.ID).Status; got != validation.ToBook {
		t.Errorf("the visit is %s", got)
	}
	w.Want("nothing is offered", w.s.WithdrawOffer(w.Ctx, w.Sam, x.ID, w.visit(x.ID).Version), fault.Conflict)
	if got := w.letters(owner); got != "validation_notified validation_offer validation_offer_withdrawn" {
		t.Errorf("letters: %s", got)
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	_, x, owner := w.notified("Harbor Trading LLC")
	_, y, _ := w.notified("Second Company Inc")
	in := validation.OfferEntry{Slots: []string{code("2026-04-07"), code("2026-04-14")}, Hold: true, Version: x.Version}
	_, err := w.s.Offer(w.Ctx, w.Sam, x.ID, in)
	w.Must(err)
	held := func() int {
		return w.Count(`select count(*)::int from booking where visit_id = $1 and state = 'hold'`, x.ID)
	}
	if held() != 2 {
		t.Errorf("%d times are held", held())
	}
	_, err = w.s.Offer(w.Ctx, w.Sam, y.ID, validation.OfferEntry{Slots: []string{code("2026-04-07")}, Hold: true, Version: y.Version})
	w.Want("a time that is held for another visit", err, fault.Conflict)
	w.Must(w.s.WithdrawSlot(w.Ctx, w.Sam, x.ID, w.slots(x.ID)[0].ID, w.visit(x.ID).Version))
	if held() != 1 {
		t.Errorf("after one was taken back %d times are held", held())
	}
	w.answer(owner, x.ID, "", "yes")
	_, err = w.s.Confirm(w.Ctx, w.Sam, x.ID, validation.ConfirmEntry{Slot: w.slots(x.ID)[1].ID, Version: w.visit(x.ID).Version})
	w.Must(err)
	if held() != 0 || w.Count(`select count(*)::int from booking where visit_id = $1 and state = 'confirmed'`, x.ID) != 1 {
		t.Error("the hold did not become a booking")
	}
}

// No answer by the deadline makes a task and a letter, and never a booking.
func TestDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, owner := w.offered("Harbor Trading LLC", "2026-04-07")
	sweep := func() validation.Swept {
		t.Helper()
		done, err := w.s.Sweep(w.Ctx)
		w.Must(err)
		return done
	}
	if d := sweep(); d.Reminded+d.Unanswered != 0 {
		t.Errorf("at once: %+v", d)
	}
	w.Clock.Move(6 * 24 * time.Hour)
	if d := sweep(); d.Reminded != 1 {
		t.Errorf("before the deadline: %+v", d)
	}
	if d := sweep(); d.Reminded != 0 {
		t.Errorf("reminded twice: %+v", d)
	}
	w.Clock.Move(48 * time.Hour)
	if d := sweep(); d.Unanswered != 1 {
		t.Errorf("after the deadline: %+v", d)
	}
	if got := w.proposal(x.ID); got.Status != validation.Unanswered || w.visit(x.ID).Status != validation.Offered {
		t.Errorf("offer %s", got.Status)
	}
	_, err := w.s.Confirm(w.Ctx, w.Sam, x.ID, validation.ConfirmEntry{Slot: w.slots(x.ID)[0].ID, Version: w.visit(x.ID).Version})
	w.Want("booking what nobody answered", err, fault.Conflict)
	if n := w.Count(`select count(*)::int from booking`); n != 0 {
		t.Errorf("%d bookings", n)
	}
	w.answer(owner, x.ID, "yes") // late, and still good
	_, err = w.s.Confirm(w.Ctx, w.Sam, x.ID, validation.ConfirmEntry{Slot: w.slots(x.ID)[0].ID, Version: w.visit(x.ID).Version})
	w.Must(err)
	if got := w.letters(owner); got != "validation_notified validation_offer validation_reminder validation_unanswered validation_booked" {
		t.Errorf("letters: %s", got)
	}
}

func TestReschedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, owner := w.booked("Harbor Trading LLC", "2026-04-07")
	in := validation.RescheduleEntry{Day: "2026-04-09", Reason: "The lead is ill", AgreedWith: "Olga Owner", Version: x.Version}
	_, err := w.s.Reschedule(w.Ctx, owner, x.ID, in)
	w.Want("the company", err, fault.NotFound)
	for what, change := range map[string]func(*validation.RescheduleEntry){
		"no reason": func(e *validation.RescheduleEntry) { e.Reason = "" }, "nobody agreed": func(e *validation.RescheduleEntry) { e.AgreedWith = "" },
		"the same time": func(e *validation.RescheduleEntry) { e.Day = "2026-04-07" }, "too soon": func(e *validation.RescheduleEntry) { e.Day = "2026-04-01" },
		"no day": func(e *validation.RescheduleEntry) { e.Day = "soon" }, "odd hours": func(e *validation.RescheduleEntry) { e.From = "noon" },
	} {
		e := in
		change(&e)
		_, err := w.s.Reschedule(w.Ctx, w.Sam, x.ID, e)
		w.Want(what, err, fault.Invalid)
	}
	x, err = w.s.Reschedule(w.Ctx, w.Sam, x.ID, in)
	w.Must(err)
	if x.Sequence != 1 || x.When().First().String() != "2026-04-09" {
		t.Errorf("moved: %+v", x)
	}
	// The company asks for another time, and gets it.
	ask := validation.AskEntry{Reason: "Stocktaking", Suggests: []validation.Suggestion{{Day: "2026-04-16", From: "10:00", To: "18:00"}}, Version: x.Version}
	w.Want("a reader", w.s.AskForAnotherTime(w.Ctx, w.colleague(owner, identity.Reader), x.ID, ask), fault.Forbidden)
	w.Want("no time", w.s.AskForAnotherTime(w.Ctx, owner, x.ID, validation.AskEntry{Reason: "Stocktaking", Version: x.Version}), fault.Invalid)
	w.Must(w.s.AskForAnotherTime(w.Ctx, owner, x.ID, ask))
	w.Want("twice", w.s.AskForAnotherTime(w.Ctx, owner, x.ID, ask), fault.Conflict)
	x, err = w.s.Confirm(w.Ctx, w.Sam, x.ID, validation.ConfirmEntry{Slot: w.slots(x.ID)[0].ID, Version: w.visit(x.ID).Version})
	w.Must(err)
	if x.Sequence != 2 || x.When().LocalFrom.Format("2006-01-02 15:04") != "2026-04-16 10:00" {
		t.Errorf("moved again: %+v", x)
	}
	if n := w.Count(`select count(*)::int from booking where visit_id = $1 and state = 'confirmed'`, x.ID); n != 1 {
		t.Errorf("%d bookings", n)
	}
	if got := strings.Join(rows[string](w, `select what || ' ' || sequence || ' ' || reason from visit_time where visit_id = ? order by id`, x.ID), ", "); got != "booked 0 , rescheduled 1 The lead is ill, rescheduled 2 Stocktaking" {
		t.Errorf("history: %s", got)
	}
	w.Want("no reason", w.s.CancelVisit(w.Ctx, w.Sam, x.ID, validation.CallOffEntry{Version: x.Version}), fault.Invalid)
	w.Must(w.s.CancelVisit(w.Ctx, w.Sam, x.ID, validation.CallOffEntry{Reason: "The site has closed", Version: x.Version}))
	if x = w.visit(x.ID); x.Status != validation.CalledOff || x.Sequence != 3 || w.Count(`select count(*)::int from booking where visit_id = $1 and state <> 'cancelled'`, x.ID) != 0 {
		t.Errorf("cancelled: %+v", x)
	}
	if got := w.methods(); got != "REQUEST REQUEST REQUEST REQUEST REQUEST REQUEST CANCEL CANCEL" {
		t.Errorf("invitations: %s", got)
	}
	w.Want("what is off", w.s.CancelVisit(w.Ctx, w.Sam, x.ID, validation.CallOffEntry{Reason: "Again", Version: x.Version}), fault.Conflict)
}

// Less notice than the programme asks for needs the company's word.
func TestShortNotice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	_, x, owner := w.notified("Harbor Trading LLC")
	soon := validation.OfferEntry{Slots: []string{code("2026-03-12")}, Version: x.Version}
	_, err := w.s.Offer(w.Ctx, w.Sam, x.ID, soon)
	w.Want("too soon", err, fault.Invalid)
	in := validation.ShortNoticeEntry{Text: "The sooner the better", Accepted: true, Version: x.Version}
	w.Want("an editor", w.s.AgreeToShortNotice(w.Ctx, w.colleague(owner, identity.Editor), x.ID, in), fault.Forbidden)
	w.Want("not ticked", w.s.AgreeToShortNotice(w.Ctx, owner, x.ID, validation.ShortNoticeEntry{Version: x.Version}), fault.Invalid)
	w.Want("an old version", w.s.AgreeToShortNotice(w.Ctx, owner, x.ID, validation.ShortNoticeEntry{Accepted: true, Version: 77}), fault.Conflict)
	w.Must(w.s.AgreeToShortNotice(w.Ctx, owner, x.ID, in))
	if x = w.visit(x.ID); x.ShortNoticeBy != "Olga Owner" || x.ShortNoticeAt == nil {
		t.Errorf("agreed: %+v", x)
	}
	w.Want("twice", w.s.AgreeToShortNotice(w.Ctx, owner, x.ID, validation.ShortNoticeEntry{Accepted: true, Version: x.Version}), fault.Conflict)
	soon.Version = x.Version
	_, err = w.s.Offer(w.Ctx, w.Sam, x.ID, soon)
	w.Must(err)
}

func TestCarryOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, owner := w.booked("Harbor Trading LLC", "2026-04-07")
	w.Want("before the day", w.s.BeginVisit(w.Ctx, w.Sam, x.ID, validation.StepEntry{Version: x.Version}), fault.Invalid)
	w.Clock.Move(35 * 24 * time.Hour) // 7 April, 15:00 UTC
	w.Want("the company", w.s.BeginVisit(w.Ctx, owner, x.ID, validation.StepEntry{Version: x.Version}), fault.NotFound)
	w.Must(w.s.BeginVisit(w.Ctx, w.Sam, x.ID, validation.StepEntry{Version: x.Version}))
	v := w.validation(x.ValidationID)
	if v.Status != validation.Visiting || w.visit(x.ID).Status != validation.UnderWay {
		t.Errorf("begun: %s", v.Status)
	}
	w.Want("cancelling what is under way", w.s.Cancel(w.Ctx, w.Sam, v.ID, validation.CallOffEntry{Reason: "No", Version: v.Version}), fault.Conflict)

	other, err := w.s.AddVisit(w.Ctx, w.Sam, v.ID, validation.VisitEntry{Kind: validation.ReliedUpon, Place: "Factory", Party: "Partes S.A.", Country: "MX", Zone: "America/Mexico_City",
		Days: "0", ReliedOn: "OEA 12345", ReliedChecked: "2026-04-01"})
	w.Must(err)
	w.Must(w.s.EndVisit(w.Ctx, w.Sam, x.ID, validation.StepEntry{Version: w.visit(x.ID).Version}))
	if got := w.validation(v.ID).Status; got != validation.Visiting {
		t.Errorf("with one left to settle it is %s", got)
	}
	w.Want("ending what is not under way", w.s.EndVisit(w.Ctx, w.Sam, other.ID, validation.StepEntry{Version: other.Version}), fault.Conflict)
	w.Must(w.s.SettleVisit(w.Ctx, w.Sam, other.ID, validation.StepEntry{Version: other.Version}))
	v = w.validation(v.ID)
	if v.Status != validation.Visited || v.VisitedAt == nil {
		t.Errorf("after the last: %s", v.Status)
	}
	for code, want := range map[string]string{"validation_notice": "stopped", "validation_effort": "stopped", "validation_report": "running"} {
		if got := w.Text(`select coalesce(min(case when stopped_at is null then 'running' else 'stopped' end), 'none') from clock where subject_id = $1 and code = $2`, v.ID, code); got != want {
			t.Errorf("clock %s: %s", code, got)
		}
	}
	_, err = w.s.AddVisit(w.Ctx, w.Sam, v.ID, validation.VisitEntry{Kind: validation.WithoutOne, Place: "Papers", Country: "US", Zone: "America/New_York"})
	w.Want("a visit after the visits", err, fault.Conflict)

	// What the report does: it is issued and closed, and the membership's clocks hear of it.
	w.Exec(`insert into clock (id, company_id, subject_kind, subject_id, office_id, programme, code, name, source, start_event, started_at, zone, calendar, amount, unit, warn_days, owed_by, on_expiry, due_on)
		values (?, ?, 'membership', ?, ?, 'ctpat', 'first_validation', 'First validation', 's', 'application.certified', ?, 'America/New_York', 'us-federal', 1, 'years', 90, 'agency', 'task', '2027-03-01')`,
		pg.NewID(), v.CompanyID, *v.MembershipID, v.OfficeID, w.Clock.Now())
	w.Must(w.DB.Write(w.Ctx, w.Sam.Scope(), func(tx pg.Tx) error {
		v, err := validation.Work(w.Ctx, tx, w.Sam, v.ID, v.Version)
		if err != nil {
			return err
		}
		now := w.Clock.Now()
		if err := w.s.Steps.Move(w.Ctx, tx, now, w.Sam, &v, validation.Issue, validation.Facts{Report: true}, validation.Details{}); err != nil {
			return err
		}
		return w.s.Steps.Move(w.Ctx, tx, now, w.Sam, &v, validation.Close, validation.Facts{Outcome: validation.TierAwarded}, validation.Details{Reason: "All is well"})
	}))
	for code, want := range map[string]string{"first_validation": "stopped", "revalidation": "running"} {
		if got := w.Text(`select coalesce(min(case when stopped_at is null then 'running' else 'stopped' end), 'none') from clock where subject_id = $1 and code = $2`, *v.MembershipID, code); got != want {
			t.Errorf("clock %s: %s", code, got)
		}
	}
}

func TestChangeAndCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, owner := w.booked("Harbor Trading LLC", "2026-04-07")
	v := w.validation(x.ValidationID)
	e := v.Entry()
	e.Reason, e.Lead, e.To = "Another reason", w.Sue.PersonID.String(), "2026-12-31"
	_, err := w.s.Change(w.Ctx, w.Other, v.ID, e)
	w.Want("another office", err, fault.Forbidden)
	bad := e
	bad.Lead = ""
	_, err = w.s.Change(w.Ctx, w.Sam, v.ID, bad)
	w.Want("nobody leads", err, fault.Invalid)
	v, err = w.s.Change(w.Ctx, w.Sam, v.ID, e)
	w.Must(err)
	if *v.LeadID != w.Sue.PersonID || v.WindowTo.String() != "2026-12-31" {
		t.Errorf("changed: %+v", v)
	}
	_, err = w.s.Change(w.Ctx, w.Sam, v.ID, e)
	w.Want("an old version", err, fault.Conflict)

	in := w.visit(x.ID).Entry()
	in.Days = "2"
	_, err = w.s.ChangeVisit(w.Ctx, w.Sam, x.ID, in)
	w.Want("the days of what is booked", err, fault.Conflict)
	in.Days, in.Agenda = "1", "Gate, yard, office"
	_, err = w.s.ChangeVisit(w.Ctx, w.Sam, x.ID, in)
	w.Must(err)
	if got := w.visit(x.ID).Agenda; got != "Gate, yard, office" {
		t.Errorf("agenda: %q", got)
	}
	for what, change := range map[string]func(*validation.VisitEntry){
		"no kind": func(e *validation.VisitEntry) { e.Kind = "moon" }, "no place": func(e *validation.VisitEntry) { e.Site = ""; e.Place = "" },
		"no days": func(e *validation.VisitEntry) { e.Days = "0" }, "an odd zone": func(e *validation.VisitEntry) { e.Site, e.Zone = "", "Mars/Base" },
		"an odd language": func(e *validation.VisitEntry) { e.Languages = []string{"xx"} }, "no source": func(e *validation.VisitEntry) { e.Kind = validation.ReliedUpon },
	} {
		e := in
		e.Version = 0
		change(&e)
		_, err := w.s.AddVisit(w.Ctx, w.Sam, v.ID, e)
		w.Want(what, err, fault.Invalid)
	}

	w.Want("no reason", w.s.Cancel(w.Ctx, w.Sam, v.ID, validation.CallOffEntry{Version: w.validation(v.ID).Version}), fault.Invalid)
	w.Must(w.s.Cancel(w.Ctx, w.Sam, v.ID, validation.CallOffEntry{Reason: "The company was sold", Version: w.validation(v.ID).Version}))
	if got := w.validation(v.ID); got.Status != validation.Cancelled || w.visit(x.ID).Status != validation.CalledOff {
		t.Errorf("cancelled: %s", got.Status)
	}
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and stopped_at is null`, v.ID); n != 0 {
		t.Errorf("%d clocks run on", n)
	}
	if got := w.letters(owner); !strings.HasSuffix(got, "validation_booked validation_cancelled") {
		t.Errorf("letters: %s", got)
	}
	_, err = w.s.Change(w.Ctx, w.Sam, v.ID, w.validation(v.ID).Entry())
	w.Want("what is over", err, fault.Conflict)
}

func TestTeam(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, _ := w.booked("Harbor Trading LLC", "2026-04-07")
	w.Want("two at the head", w.s.SetTeam(w.Ctx, w.Sam, x.ID, validation.TeamEntry{Lead: w.Sam.PersonID.String(), Members: []string{w.Sam.PersonID.String()}, Version: x.Version}), fault.Invalid)
	w.Want("nobody", w.s.SetTeam(w.Ctx, w.Sam, x.ID, validation.TeamEntry{Version: x.Version}), fault.Invalid)
	w.Want("no officer", w.s.SetTeam(w.Ctx, w.Sam, x.ID, validation.TeamEntry{Lead: w.Boss.PersonID.String(), Version: x.Version}), fault.Invalid)
	w.Must(w.team(x.ID, w.Sue, w.Other))
	got := strings.Join(rows[string](w, `select p.name from booking b join person p on p.id = b.officer_id where b.state = 'confirmed' order by p.name`), ", ")
	if got != "Bea Brussels, Sue Second" {
		t.Errorf("booked: %s", got)
	}
	if got := w.methods(); got != "REQUEST REQUEST REQUEST REQUEST CANCEL" { // both come, Sam leaves
		t.Errorf("invitations: %s", got)
	}
	w.Exec(`insert into booking (officer_id, kind, state, starts_at, ends_at, made_at, blocked) values (?, 'leave', 'confirmed', '2026-04-06', '2026-04-10', ?, '[2026-04-06,2026-04-10)')`, w.Sam.PersonID, w.Clock.Now())
	w.Want("somebody on leave", w.team(x.ID, w.Sam), fault.Conflict)
	if got := w.Count(`select count(*)::int from visit_officer where visit_id = $1`, x.ID); got != 2 {
		t.Errorf("after a refusal there are %d in the team", got)
	}
}

func TestPapersAndPreparation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, owner := w.booked("Harbor Trading LLC", "2026-04-07")
	_, err := w.s.AskForPaper(w.Ctx, w.Sam, x.ID, validation.PaperEntry{})
	w.Want("no name", err, fault.Invalid)
	p, err := w.s.AskForPaper(w.Ctx, w.Sam, x.ID, validation.PaperEntry{Name: "Visitor log", Wanted: "2026-04-01"})
	w.Must(err)
	w.Want("the agency", w.s.MarkPaper(w.Ctx, w.Sam, x.ID, p.ID, validation.ReadyEntry{Ready: true}), fault.NotFound)
	w.Want("no such evidence", w.s.MarkPaper(w.Ctx, owner, x.ID, p.ID, validation.ReadyEntry{Ready: true, Evidence: pg.NewID().String()}), fault.Invalid)
	evidence := pg.NewID()
	w.Exec(`insert into evidence (id, company_id, kind, title, url, created_at, author) values (?, ?, 'link', 'Log', 'https://example.org', ?, 'Olga')`, evidence, owner.CompanyID, w.Clock.Now())
	w.Must(w.s.MarkPaper(w.Ctx, owner, x.ID, p.ID, validation.ReadyEntry{Ready: true, Evidence: evidence.String()}))
	if got := rows[validation.Paper](w, `select * from visit_document where id = ?`, p.ID)[0]; got.ReadyBy != "Olga Owner" || got.EvidenceID == nil {
		t.Errorf("marked: %+v", got)
	}
	w.Must(w.s.RemovePaper(w.Ctx, w.Sam, x.ID, p.ID))
	w.Want("removed twice", w.s.RemovePaper(w.Ctx, w.Sam, x.ID, p.ID), fault.Conflict)
	w.Want("no hosts", preparing(w, owner, x.ID, validation.PrepareEntry{Version: w.visit(x.ID).Version}), fault.Invalid)
	in := validation.PrepareEntry{Hosts: "Eve Employee, +1 202 555 0100", HostLanguages: "English", Safety: "Safety shoes", Access: "Gate 3", Version: w.visit(x.ID).Version}
	w.Must(preparing(w, owner, x.ID, in))
	w.Want("an old version", preparing(w, owner, x.ID, in), fault.Conflict)
	if got := w.visit(x.ID); !got.Prepared() || got.Safety != "Safety shoes" {
		t.Errorf("prepared: %+v", got)
	}
}

func preparing(w *world, by identity.Actor, visit uuid.UUID, in validation.PrepareEntry) error {
	_, err := w.s.Prepare(w.Ctx, by, visit, in)
	return err
}

func TestObservers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start)
	x, owner := w.booked("Harbor Trading LLC", "2026-04-07")
	agent := w.partner("Japan Customs")
	ask := validation.ObserverEntry{Agency: agent.AgencyID.String(), Purpose: "Mutual recognition"}
	w.Want("no purpose", w.s.AskForObserver(w.Ctx, w.Sam, x.ID, validation.ObserverEntry{Agency: ask.Agency}), fault.Invalid)
	w.Want("no agency", w.s.AskForObserver(w.Ctx, w.Sam, x.ID, validation.ObserverEntry{Purpose: "x"}), fault.Invalid)
	w.Must(w.s.AskForObserver(w.Ctx, w.Sam, x.ID, ask))
	w.Want("twice", w.s.AskForObserver(w.Ctx, w.Sam, x.ID, ask), fault.Conflict)
	observer := func() validation.Observer { return rows[validation.Observer](w, `select * from visit_observer`)[0] }
	say := func(by identity.Actor, answer string) error {
		return w.s.Consent(w.Ctx, by, x.ID, observer().ID, validation.ConsentEntry{Answer: answer, Version: observer().Version})
	}
	conclude := func() error {
		return w.s.Conclude(w.Ctx, agent, x.ID, validation.ConclusionEntry{Text: "Comparable", Version: observer().Version})
	}
	w.Want("before consent", conclude(), fault.NotFound)
	w.Want("an editor", say(w.colleague(owner, identity.Editor), validation.Given), fault.Forbidden)
	w.Want("the agency", say(w.Sam, validation.Given), fault.NotFound)
	w.Want("no answer", say(owner, ""), fault.Invalid)
	w.Must(say(owner, validation.Given))
	w.Must(conclude())
	w.Must(say(owner, "withdrawn"))
	w.Want("after consent", conclude(), fault.NotFound)
	if got := observer(); got.Stands() || got.Conclusion != "Comparable" || got.Concluder != "Akira Agent" {
		t.Errorf("observer: %+v", got)
	}
	w.Must(w.s.AskForObserver(w.Ctx, w.Sam, x.ID, ask)) // again, after it was taken back
}
