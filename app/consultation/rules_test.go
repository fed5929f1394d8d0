package consultation_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/consultation"
	"trustedtrader/app/pg"
)

// TestRulesOf asks under arrangements of the register, through their life.
func TestRulesOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	register, err := arrangement.Own(w.Steps.Programmes)
	w.Must(err)
	list := register.Of("ctpat")
	if len(list) == 0 {
		t.Fatal("the register has no arrangement of ctpat")
	}
	var code string
	today := clock.DayOf(w.Clock.Now(), time.UTC)
	for _, a := range list {
		if (arrangement.Life{Of: a}).On(today, w.Clock.Now()) == arrangement.Running {
			code = a.Code
			break
		}
	}
	w.Exec(`update arrangement_agency set arrangement = ?`, code)
	w.consent(w.owner.CompanyID, code)
	ask := func(on clock.Day) consultation.Answer {
		t.Helper()
		w.svc.Rules = consultation.RulesOf(w.DB, register, w.Clock.Now) // knows of what happened this second
		return w.ask(w.officer, consultation.Question{Value: w.number, On: on})
	}
	a := ask(clock.Day{})
	if a.Outcome != consultation.Answered || a.Arrangement != code || a.ListVersion != code+".1" || a.Reason == consultation.NoArrangement || a.Reason == consultation.NotYetInForce {
		t.Errorf("in force: %+v", a)
	}
	w.Clock.Move(24 * time.Hour)
	w.Exec(`insert into arrangement_event (id, arrangement, kind, on_day, recorded_at, recorder, source) values (?, ?, 'suspended', ?, ?, 'Cora Chief', 'Letter')`, pg.NewID(), code, today.AddDays(2), w.Clock.Now())
	w.Clock.Move(9*time.Hour + 30*time.Minute) // the day has begun in UTC, and not yet at headquarters
	if w.Clock.Now().Day() != today.AddDays(2).DayOfMonth() {
		t.Fatalf("it is %s", w.Clock.Now())
	}
	if a := ask(clock.Day{}); a.Reason == consultation.ArrangementSuspended {
		t.Errorf("the evening before at headquarters: %+v", a)
	}
	w.Clock.Move(14*time.Hour + 30*time.Minute)
	if a := ask(clock.Day{}); a.Reason != consultation.ArrangementSuspended || a.Recognition != consultation.Deny || a.Status != consultation.Certified || a.ListVersion != code+".2" {
		t.Errorf("suspended: %+v", a)
	}
	if a := ask(today.AddDays(1)); a.Reason == consultation.ArrangementSuspended {
		t.Errorf("the day before: %+v", a)
	}
	if rules, err := w.svc.Rules(w.Ctx, uuid.New(), today); err != nil || len(rules) != 0 {
		t.Errorf("an agency without arrangements has %v, %v", rules, err)
	}
}
