package enforcement_test

import (
	"strings"
	"testing"
	"time"

	"trustedtrader/app/enforcement"
	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

// days are the running clocks of the case with their last days.
func (w *world) days() string {
	w.T.Helper()
	return w.Text(`select coalesce(string_agg(code || ' ' || case when about = '' then '' else '[' || about || '] ' end || due_on, ', ' order by due_on, code, about), '-')
		from clock where subject_kind = 'enforcement' and subject_id = $1 and stopped_at is null and code not like 'appeal%'`, w.id)
}

func (w *world) sweepAt(day string) {
	w.T.Helper()
	w.to(day)
	_, err := w.sweep.Sweep(w.Ctx)
	w.Must(err)
}

// letters are how often the company was reminded of an item, and told that it is late.
func (w *world) letters(about string) (reminders, overdue int) {
	w.T.Helper()
	const sql = `select count(*)::int from message where subject_id = $1 and letter = $2 and subject like '%' || $3 || '%'`
	return w.Count(sql, w.id, "deadline_reminder", about), w.Count(sql, w.id, "deadline_overdue", about)
}

// TestPlanItemsHaveClocks: each item of an accepted plan runs until its day, reminds, is late
// once, stops when it is done, and runs again when it comes back.
func TestPlanItemsHaveClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided("security_incident", "suspend")
	w.Must(w.Cases.AnswerSuspension(w.Ctx, w.owner, w.id, w.note("We mend it")))
	w.planned() // train by 1 May, keep a log by 12 May
	want := func(when, days string) {
		t.Helper()
		if got := w.days(); got != days {
			t.Errorf("%s: %s, want %s", when, got, days)
		}
	}
	want("accepted", "plan_item [1. Train the drivers] 2026-05-01, plan_item [3. Keep a log] 2026-05-12")
	if r, err := w.Cases.Record(w.Ctx, w.owner, w.id); err != nil || len(r.Clocks) < 2 {
		t.Errorf("the company sees %d clocks: %v", len(r.Clocks), err)
	}
	w.sweepAt("2026-04-24")
	if r, late := w.letters("Train the drivers"); r != 1 || late != 0 {
		t.Errorf("a week before: %d reminders, %d that it is late", r, late)
	}
	items := w.record().Items
	w.Must(w.Cases.DoneItem(w.Ctx, w.owner, w.id, items[1].ID, w.note("Done")))
	want("the second is done", "plan_item [1. Train the drivers] 2026-05-01")
	w.sweepAt("2026-05-02")
	w.sweepAt("2026-05-02")
	if r, late := w.letters("Train the drivers"); r != 1 || late != 1 {
		t.Errorf("a day late: %d reminders, %d that it is late", r, late)
	}
	if r, late := w.letters("Keep a log"); r != 0 || late != 0 {
		t.Errorf("what is done was reminded of: %d, %d", r, late)
	}
	if q, err := w.Cases.Queue(w.Ctx, w.Sam, enforcement.Filter{Queue: enforcement.Overdue}); err != nil || len(q.Items) != 1 {
		t.Errorf("%d cases are overdue: %v", len(q.Items), err)
	}
	w.Must(w.Cases.ReturnItem(w.Ctx, w.Sam, w.id, items[1].ID, w.note("The log is empty")))
	want("it came back", "plan_item [1. Train the drivers] 2026-05-01, plan_item [3. Keep a log] 2026-05-12")
	w.Must(w.Cases.ReturnPlan(w.Ctx, w.Sam, w.id, w.note("Too little")))
	want("the plan came back", "-")
	w.Must(w.Cases.SendPlan(w.Ctx, w.owner, w.id, w.version()))
	w.Must(w.Cases.AcceptPlan(w.Ctx, w.Sam, w.id, w.note("")))
	want("accepted after the day of one", "plan_item [1. Train the drivers] 2026-05-01, plan_item [3. Keep a log] 2026-05-12")
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, w.id, w.proposal("no_answer", "remove")))
	w.Must(w.Cases.Approve(w.Ctx, w.Boss, w.id, w.note("")))
	want("removed", "-")
}

// TestTwoCasesTwoAnswers: two cases suspend one membership, and each has its own answer.
func TestTwoCasesTwoAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided("security_incident", "suspend")
	first := w.id
	w.to("2026-03-20")
	w.id = w.open().ID
	w.decided("lack_of_compliance", "suspend")
	second := w.id
	answers := func() string { return w.due(first, "suspension_answer") + " " + w.due(second, "suspension_answer") }
	if got := answers(); got != "2026-06-02 2026-06-18" {
		t.Errorf("due on %s", got)
	}
	w.Must(w.Cases.AnswerSuspension(w.Ctx, w.owner, w.id, w.note("We mend it")))
	if got := answers(); got != "2026-06-02 -" {
		t.Errorf("after one answer: %s", got)
	}
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, second, w.proposal("no_answer", "remove")))
	w.Must(w.Cases.Approve(w.Ctx, w.Boss, second, w.note("")))
	if got := answers(); got != "- -" || w.is(standing.Whole) != "ended" {
		t.Errorf("after the removal: %s, %s", got, w.is(standing.Whole))
	}

	// The removal falls: what was suspended before is so again, with its clocks.
	w.to("2026-04-01")
	w.Must(w.DB.Write(w.Ctx, w.Chief.Scope(), func(tx pg.Tx) error {
		p, err := w.Cases.Steps.Decision(w.Ctx, tx, second)
		if err != nil {
			return err
		}
		_, err = w.Cases.Steps.Overturn(w.Ctx, tx, w.Clock.Now(), w.Chief, second, p.ID, standing.Cause{Kind: "appeal", ID: pg.NewID()}, "Too hard")
		return err
	}))
	if r := w.record(); r.Case.Status != enforcement.InForce || strings.Join(r.Suspended, " ") != standing.Whole || r.Since.String() != "2026-03-20" || w.is(standing.Whole) != "suspended" {
		t.Errorf("after the appeal: %s, suspended %v since %s, the membership is %s", r.Case.Status, r.Suspended, r.Since, w.is(standing.Whole))
	}
	if got := answers(); got != "2026-06-02 -" {
		t.Errorf("after the appeal: %s", got)
	}
}

// TestTimeToCureHasAClock: the last day of a suspension that ends once the conditions are met
// reminds the holder, moves with an extension, and stops with its word.
func TestTimeToCureHasAClock(t *testing.T) {
	t.Parallel()
	w := newUnion(t, "aeoc")
	w.decided("time_to_cure", "suspend", func(e *enforcement.ProposalEntry) { e.Until = "2026-05-31" })
	if got := w.days(); got != "suspension_cure 2026-05-31" {
		t.Errorf("suspended: %s", got)
	}
	w.sweepAt("2026-05-18")
	if r, _ := w.letters(""); r != 1 {
		t.Errorf("%d reminders", r)
	}
	w.Must(w.Cases.Extend(w.Ctx, w.second, w.id, enforcement.ExtendEntry{Version: w.version(), Until: "2026-07-31", Reason: "Agreed"}))
	if got := w.days(); got != "suspension_cure 2026-07-31" {
		t.Errorf("prolonged: %s", got)
	}
	w.Must(w.Cases.ReportCure(w.Ctx, w.owner, w.id, w.note("It is built")))
	if got := w.days(); got != "suspension_verification 2026-06-17" {
		t.Errorf("said to be cured: %s", got)
	}
}

// TestPartialDenialEnds: a company whose benefits are denied writes its plan and consents, as
// one that is suspended does, and gets them back.
func TestPartialDenialEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided("lack_of_compliance", "limit", func(e *enforcement.ProposalEntry) { e.Benefits = []string{"fast_lanes"} })
	w.Want("an answer to a suspension that is none", w.Cases.AnswerSuspension(w.Ctx, w.owner, w.id, w.note("We")), fault.Conflict)
	w.planned()
	w.Must(w.Cases.SignConsent(w.Ctx, w.owner, w.id, enforcement.ConsentEntry{Version: w.version(), Agreed: true, Name: "Olga Owner"}))
	for _, i := range w.record().Items {
		w.Must(w.Cases.DoneItem(w.Ctx, w.owner, w.id, i.ID, w.note("Done")))
		w.Must(w.Cases.VerifyItem(w.Ctx, w.Sam, w.id, i.ID, w.note("")))
	}
	w.Clock.Move(time.Hour)
	w.Must(w.Cases.ProposeEnd(w.Ctx, w.Sam, w.id, w.note("All is mended")))
	w.Must(w.Cases.ApproveEnd(w.Ctx, w.Boss, w.id, w.note("")))
	if got := w.is(standing.Whole); got != "active" || w.days() != "-" {
		t.Errorf("the membership is %s, clocks %s", got, w.days())
	}
}

// TestModuleHasNoAnswerOfItsOwn: a membership that follows the suspended one is suspended with
// it, and the company owes the answer to the case once.
func TestModuleHasNoAnswerOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		return w.Members.Award(w.Ctx, tx, w.Clock.Now(), w.Boss, w.member, "tier_2", standing.Cause{Kind: "validation", ID: pg.NewID()}, "Validated")
	}))
	_, module := w.MemberOf(w.owner, "ctpat-tc", "importer")
	w.decided("security_incident", "suspend")
	if got := w.Text(`select status from membership where id = $1`, module); got != "suspended" {
		t.Errorf("the module is %s", got)
	}
	if got := w.Text(`select string_agg(programme || ' ' || subject_kind, ', ') from clock where code = 'suspension_answer' and stopped_at is null`); got != "ctpat enforcement" {
		t.Errorf("answers are owed by %s", got)
	}
}
