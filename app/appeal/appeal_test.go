package appeal_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/appeal"
	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// world is a member that was suspended on 4 March 2026 for a security incident.
type world struct {
	*findingtest.World
	cases   *enforcement.Service
	appeals *appeal.Service
	olive   identity.Actor
	owner   identity.Actor
	m, of   uuid.UUID
}

func newWorld(t *testing.T, ground string) *world {
	t.Helper()
	w := suspended(t, ground)
	w.Must(w.cases.Confirm(w.Ctx, w.Chief, w.of, enforcement.NoteEntry{Version: w.version(), Text: "Right"}))
	return w
}

// suspended is newWorld before a second person has confirmed.
func suspended(t *testing.T, ground string) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	steps := &enforcement.Steps{Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Standing: w.Members.Standing, Appeals: appeal.Check}
	w.cases = enforcement.New(w.DB, w.Clock.Now, steps)
	w.appeals = &appeal.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Cases: steps}
	w.olive = w.Staff("Olive Appeals", identity.AppealOfficer, w.HQ)
	w.owner, w.m = w.Member("Harbor Trading LLC")
	c, err := w.cases.Open(w.Ctx, w.Sam, enforcement.OpenEntry{ID: uuid.New(), Membership: w.m, Source: enforcement.ByHand, Reason: "Drugs in a container"})
	w.Must(err)
	w.of = c.ID
	w.Must(w.cases.SuspendNow(w.Ctx, w.Boss, w.of, enforcement.EmergencyEntry{Version: w.version(), Ground: ground, Reasons: "Drugs were found."}))
	return w
}

func (w *world) version() int {
	return w.Count(`select version from enforcement_case where id = $1`, w.of)
}

func (w *world) to(instant string) {
	at, err := time.Parse(time.RFC3339, instant)
	w.Must(err)
	w.Clock.Move(at.Sub(w.Clock.Now()))
}

func (w *world) filed() appeal.Appeal {
	w.T.Helper()
	a, err := w.appeals.File(w.Ctx, w.owner, w.of, entry())
	w.Must(err)
	return a
}

func entry() appeal.FileEntry {
	return appeal.FileEntry{Reasons: "The seal was cut by officers of the port.", Wanted: "Take the suspension back", Attest: true}
}

func (w *world) status(on string) string {
	d, err := clock.ParseDay(on)
	w.Must(err)
	p, err := w.Members.Standing.History(w.Ctx, w.owner, w.m, &standing.Question{On: d})
	w.Must(err)
	if len(p.Asked.Now) != 1 {
		return "none"
	}
	return string(p.Asked.Now[0].State)
}

// Ninety days after a decision about compliance and thirty after one about false information,
// the day of the decision not counted: 6 U.S.C. 967(c).
func TestTimeToFile(t *testing.T) {
	t.Parallel()
	for ground, x := range map[string]struct{ last, after string }{
		"security_incident": {"2026-06-02T23:00:00Z", "2026-06-03T04:01:00Z"}, // 2 June in New York, and one minute past its midnight
		"false_information": {"2026-04-03T23:00:00Z", "2026-04-04T04:01:00Z"},
	} {
		t.Run(ground, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ground)
			w.to(x.after)
			_, err := w.appeals.File(w.Ctx, w.owner, w.of, entry())
			w.Want("a day late", err, fault.Conflict)
			w.to(x.last)
			a := w.filed()
			if today := clock.DayOf(w.Clock.Now(), time.UTC); a.FileBy != today || a.DecideBy != today.AddDays(180) {
				t.Errorf("file by %s, decide by %s", a.FileBy, a.DecideBy)
			}
		})
	}
}

// An appeal that was open when the suspension was lifted is decided all the same, and the case
// goes on.
func TestLiftedWhileAnAppealIsOpen(t *testing.T) {
	t.Parallel()
	for _, why := range []string{"wrong", "no_longer"} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := suspended(t, "security_incident")
			a := w.filed()
			w.to("2026-03-06T15:00:00Z")
			w.Must(w.cases.Lift(w.Ctx, w.Chief, w.of, enforcement.LiftEntry{Version: w.version(), Why: why, Text: "It was another company"}))
			w.Must(w.appeals.Take(w.Ctx, w.olive, a.ID, a.Version))
			w.Must(w.appeals.Decide(w.Ctx, w.olive, a.ID, appeal.DecisionEntry{Outcome: appeal.Overturned, Answer: "It was another company", Version: a.Version + 1}))
			if got := w.status("2026-03-05"); got != "active" {
				t.Errorf("on the day in between it was %s", got)
			}
			if n := w.Count(`select count(*)::int from appeal where status = 'decided' and outcome = 'overturned' and event_id is not null`); n != 1 {
				t.Error("the appeal is not decided")
			}
			if got := w.Text(`select status || outcome from enforcement_case where id = $1`, w.of); got != "investigating" {
				t.Errorf("the case is %s", got)
			}
			if n := w.Count(`select count(*)::int from standing_event where kind = 'overturned'`); n != 1 {
				t.Errorf("%d events overturn the suspension", n)
			}
		})
	}
}

func TestWhoMayAppeal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "security_incident")
	stranger, _ := w.Member("Nosy Neighbor Inc")
	_, err := w.appeals.File(w.Ctx, stranger, w.of, entry())
	w.Want("another company", err, fault.NotFound)
	_, err = w.appeals.Filing(w.Ctx, stranger, w.of)
	w.Want("another company's form", err, fault.NotFound)
	editor := w.owner
	editor.Role = identity.Editor
	_, err = w.appeals.File(w.Ctx, editor, w.of, entry())
	w.Want("an editor", err, fault.Forbidden)
	_, err = w.appeals.File(w.Ctx, w.Sam, w.of, entry())
	w.Want("the agency", err, fault.Forbidden)
	for name, spoil := range map[string]func(*appeal.FileEntry){
		"no reasons": func(e *appeal.FileEntry) { e.Reasons = " " }, "not attested": func(e *appeal.FileEntry) { e.Attest = false },
		"too long": func(e *appeal.FileEntry) { e.Reasons = strings.Repeat("x", 8001) },
	} {
		in := entry()
		spoil(&in)
		_, err := w.appeals.File(w.Ctx, w.owner, w.of, in)
		w.Want(name, err, fault.Invalid)
	}
	var group sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		group.Go(func() { _, errs[i] = w.appeals.File(w.Ctx, w.owner, w.of, entry()) })
	}
	group.Wait()
	if conflicts, done := w.Conflicts(errs); done != 1 || conflicts != 7 {
		t.Errorf("%d filed, %d refused", done, conflicts)
	}
	if n := w.Count(`select count(*)::int from message where letter = 'appeal_received'`); n != 1 {
		t.Errorf("%d letters", n)
	}
}

func TestSomebodyElseDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "security_incident")
	w.to("2026-03-20T15:00:00Z")
	a := w.filed()
	s := w.appeals
	w.Want("a specialist", s.Take(w.Ctx, w.Sue, a.ID, 1), fault.Forbidden)
	w.Want("the company", s.Take(w.Ctx, w.owner, a.ID, 1), fault.NotFound)
	w.Want("headquarters that confirmed it", s.Take(w.Ctx, w.Chief, a.ID, 1), fault.Invalid)
	in := appeal.DecisionEntry{Outcome: appeal.Overturned, Answer: "The log shows it", Version: 1}
	w.Want("not in hand", s.Decide(w.Ctx, w.olive, a.ID, in), fault.Conflict)
	w.Must(s.Take(w.Ctx, w.olive, a.ID, 1))
	w.Want("an old version", s.Add(w.Ctx, w.owner, a.ID, "More", 1), fault.Conflict)
	w.Must(s.Add(w.Ctx, w.owner, a.ID, "Here is the log of the port", 2))
	w.Must(s.Add(w.Ctx, w.olive, a.ID, "The log is genuine", 3))
	r, err := s.Open(w.Ctx, w.owner, a.ID)
	w.Must(err)
	if len(r.Entries) != 1 || !r.Entries[0].ByCompany {
		t.Errorf("the company sees %+v", r.Entries)
	}
	in.Version = 4
	other := w.Staff("Otto Appeals", identity.AppealOfficer, w.HQ)
	w.Want("a colleague", s.Decide(w.Ctx, other, a.ID, in), fault.Invalid)
	bad := in
	bad.Outcome, bad.Answer = "other", ""
	err = s.Decide(w.Ctx, w.olive, a.ID, bad)
	if w.Want("nothing chosen", err, fault.Invalid); len(fault.Fields(err)) != 2 {
		t.Errorf("problems: %v", fault.Fields(err))
	}
	if got := w.status("2026-03-10"); got != "suspended" {
		t.Errorf("before the decision: %s", got)
	}
	w.Must(s.Decide(w.Ctx, w.olive, a.ID, in))
	if got := w.status("2026-03-10") + " " + w.status("2026-03-20"); got != "active active" {
		t.Errorf("after the decision: %s", got)
	}
	if got := w.Text(`select status || ' ' || outcome from enforcement_case where id = $1`, w.of); got != "closed overturned" {
		t.Errorf("the case: %s", got)
	}
	if got := w.Text(`select status from membership where id = $1`, w.m); got != "active" {
		t.Errorf("the membership: %s", got)
	}
	if n := w.Count(`select count(*)::int from clock where stopped_at is null and subject_id = $1 and (code like 'appeal%' or code = 'suspension_answer')`, w.of); n != 0 {
		t.Errorf("%d clocks run on", n)
	}
	w.Want("decided twice", s.Decide(w.Ctx, w.olive, a.ID, appeal.DecisionEntry{Outcome: appeal.Confirmed, Answer: "x", Version: 5}), fault.Conflict)
	if body := w.Text(`select body from message where letter = 'appeal_overturned'`); !strings.Contains(body, a.Reference) || !strings.Contains(body, "The log shows it") {
		t.Errorf("letter: %s", body)
	}
}

func TestAMeasureEndsNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "security_incident")
	w.to("2026-04-20T15:00:00Z")
	a := w.filed()
	w.Must(w.appeals.Take(w.Ctx, w.olive, a.ID, 1))
	w.Must(w.appeals.Decide(w.Ctx, w.olive, a.ID, appeal.DecisionEntry{Outcome: appeal.EndedNow, Answer: "It has lasted long enough", Version: 2}))
	if got := w.status("2026-04-19") + " " + w.status("2026-04-20"); got != "suspended active" {
		t.Errorf("the day before and the day: %s", got)
	}
}

// The name of who gave false information may be published only once no appeal is possible.
func TestNothingIsPublishedBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "false_information")
	publish := func() error {
		return w.cases.Publish(w.Ctx, w.Chief, w.of, enforcement.NoteEntry{Version: w.version(), Text: "In the register"})
	}
	w.Want("while it can appeal", publish(), fault.Invalid)
	w.to("2026-04-01T15:00:00Z")
	a := w.filed()
	w.to("2026-05-01T15:00:00Z")
	w.Want("while the appeal is open", publish(), fault.Invalid)
	w.Must(w.appeals.Take(w.Ctx, w.olive, a.ID, 1))
	w.Must(w.appeals.Decide(w.Ctx, w.olive, a.ID, appeal.DecisionEntry{Outcome: appeal.Confirmed, Answer: "The papers were forged", Version: 2}))
	w.Must(publish())
}

func TestTakenBackAndFiledAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "security_incident")
	a := w.filed()
	stranger, _ := w.Member("Nosy Neighbor Inc")
	w.Want("another company", w.appeals.Drop(w.Ctx, stranger, a.ID, 1), fault.NotFound)
	w.Must(w.appeals.Drop(w.Ctx, w.owner, a.ID, 1))
	w.Want("twice", w.appeals.Drop(w.Ctx, w.owner, a.ID, 2), fault.Conflict)
	w.to("2026-04-20T15:00:00Z")
	again := w.filed()
	if again.Reference == a.Reference || again.DecideBy.String() != "2026-10-17" {
		t.Errorf("filed again: %+v", again)
	}
	q, err := w.appeals.List(w.Ctx, w.olive, appeal.Waiting)
	w.Must(err)
	if len(q.Items) != 1 || q.Counts[appeal.Done] != 1 {
		t.Errorf("queue: %+v", q)
	}
	_, err = w.appeals.List(w.Ctx, w.owner, appeal.AllOpen)
	w.Want("the company's look at the queue", err, fault.NotFound)
	err = w.DB.Write(w.Ctx, w.olive.Scope(), func(tx pg.Tx) error {
		return tx.Exec(`update appeal set status = 'decided', outcome = 'confirmed', decided_at = now(), decided_by = ? where id = ?`, w.Sam.PersonID, again.ID).Error
	})
	if pg.Constraint(err) != "decided_in_hand" {
		t.Errorf("decided by who does not have it in hand: %v", err)
	}
}
