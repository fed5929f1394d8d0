package enforcement_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/incident"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/standing"
	"trustedtrader/app/validation"
)

func TestMain(m *testing.M) { apptest.Run(m) }

var update = flag.Bool("update", false, "write testdata anew")

// TestLifecycle holds the table to the file that says what is right.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	lack := []fault.Field{fault.F("", "x")}
	var b bytes.Buffer
	for _, f := range []struct {
		name  string
		facts enforcement.Facts
	}{
		{"nothing in force, the ground asks, ready", enforcement.Facts{Asks: true, Stays: true, Emergency: true, Text: "x"}},
		{"nothing in force, the time to answer is over", enforcement.Facts{Asks: true, TimeOver: true, Text: "x"}},
		{"nothing in force, the ground does not ask", enforcement.Facts{Text: "x"}},
		{"suspended, asks for time, published", enforcement.Facts{Held: true, Stays: true, Suspends: true, Asked: true, Published: true, Emergency: true, Text: "x"}},
		{"suspended, own proposal, things lack, no reason", enforcement.Facts{Held: true, Stays: true, Suspends: true, Own: true, Lacks: lack}},
	} {
		fmt.Fprintf(&b, "## %s\n", f.name)
		for _, from := range enforcement.Statuses() {
			for _, role := range append(identity.RolesOf(identity.Companies), identity.RolesOf(identity.Staff)...) {
				for _, do := range enforcement.Actions() {
					to, err := enforcement.Lifecycle().Next(from, do, role, f.facts)
					switch {
					case err == nil:
						fmt.Fprintf(&b, "%-13s %-14s %-15s -> %s\n", from, role, do, to)
					case fault.KindOf(err) == fault.Invalid:
						fmt.Fprintf(&b, "%-13s %-14s %-15s refused, %d objections\n", from, role, do, len(fault.Fields(err)))
					}
				}
			}
		}
	}
	const file = "testdata/lifecycle.txt"
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Errorf("the table differs from %s; look at the change, then run with -update", file)
	}
}

// world is an agency with a case about a member.
type world struct {
	*findingtest.World
	owner  identity.Actor
	member uuid.UUID
	sweep  *clock.Service
	worker identity.Actor // who works on the case, and who decides
	second identity.Actor
	id     uuid.UUID
}

func newWorld(t *testing.T) *world {
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	w.owner, w.member = w.Member("Harbor Trading LLC")
	w.worker, w.second = w.Sam, w.Boss
	w.sweep = &clock.Service{DB: w.DB, Now: w.Clock.Now, Clocks: w.World.World.Steps.Clocks, Letters: w.World.World.Steps.Letters, Expired: w.Members.Hooks()}
	w.id = w.open().ID
	return w
}

// newUnion is a world whose member is an authorised economic operator in Brussels.
func newUnion(t *testing.T, entity string) *world {
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	base := w.World.World
	w.owner = base.Trader("Compagnie de Négoce")
	a := base.Submit(w.owner, "eu-aeo", entity)
	a, err := base.Desk.Claim(w.Ctx, w.Other, a.ID, a.Version)
	w.Must(err)
	a, err = base.Desk.Accept(w.Ctx, w.Other, a.ID, a.Version)
	w.Must(err)
	if id := profiletest.OfApplication(w.Ctx, w.T, w.DB, a.ID); id != uuid.Nil {
		profiletest.Accept(w.Ctx, w.T, w.Profiles, w.Other, id)
	}
	a = base.ToCertify(w.Other, a)
	w.worker, w.second = w.Other, w.Staff("Bart Boss", identity.Supervisor, w.Brussels)
	m, err := w.Members.Admit(w.Ctx, w.second, a.ID, a.Version)
	w.Must(err)
	w.member = m.ID
	w.Clock.Move(10 * 24 * time.Hour)
	w.sweep = &clock.Service{DB: w.DB, Now: w.Clock.Now, Clocks: base.Steps.Clocks, Letters: base.Steps.Letters, Expired: w.Members.Hooks()}
	w.id = w.open().ID
	return w
}

func (w *world) open() enforcement.Case {
	w.T.Helper()
	c, err := w.Cases.Open(w.Ctx, w.worker, enforcement.OpenEntry{Membership: w.member, Source: enforcement.ByHand, Reason: "Seals are not checked"})
	w.Must(err)
	return c
}

func (w *world) record() enforcement.Record {
	w.T.Helper()
	r, err := w.Cases.Record(w.Ctx, w.worker, w.id)
	w.Must(err)
	return r
}

func (w *world) ofMember(by identity.Actor) (enforcement.OfMember, error) {
	p, err := w.Members.Membership(w.Ctx, by, w.member)
	if err != nil {
		return enforcement.OfMember{}, err
	}
	return w.Cases.OfMember(by, p)
}

func (w *world) version() int { return w.record().Version }

func (w *world) note(text string) enforcement.NoteEntry {
	return enforcement.NoteEntry{Version: w.version(), Text: text}
}

// proposal is one whose sheet leads to a suspension.
func (w *world) proposal(ground, measure string, more ...func(*enforcement.ProposalEntry)) enforcement.ProposalEntry {
	in := enforcement.ProposalEntry{Version: w.version(), Ground: ground, Measure: measure, Reasons: "Seals were not checked for a month.", Deviation: "It is the milder measure that works",
		Answers: map[string]string{"severity": "serious", "part": "gross", "reported": "not", "repeated": "first", "cooperation": "some", "repaired": "planned"}}
	for _, change := range more {
		change(&in)
	}
	return in
}

// decided brings a case from a proposal to its decision.
func (w *world) decided(ground, measure string, more ...func(*enforcement.ProposalEntry)) {
	w.T.Helper()
	w.Must(w.Cases.Propose(w.Ctx, w.worker, w.id, w.proposal(ground, measure, more...)))
	if w.record().May.Can(enforcement.Notify) {
		w.Must(w.Cases.Notify(w.Ctx, w.worker, w.id, w.version()))
		w.Must(w.Cases.Answer(w.Ctx, w.owner, w.id, w.note("We are sorry.")))
	}
	w.Must(w.Cases.Approve(w.Ctx, w.second, w.id, w.note("")))
}

// is the state of a type of the membership today.
func (w *world) is(kind string) string { return w.state(kind, w.record().Today) }

// on is the state of the whole membership on a day, as known now.
func (w *world) on(day clock.Day) string { return w.state(standing.Whole, day) }

func (w *world) state(kind string, day clock.Day) string {
	w.T.Helper()
	var out string
	w.Must(w.DB.Read(w.Ctx, pg.System, func(tx pg.Tx) error {
		spans, err := standing.Of(w.Ctx, tx, w.member)
		if x, ok := standing.At(spans, kind, day); ok {
			out = string(x.State)
			if x.Denied != nil {
				out += fmt.Sprintf(" without %v", x.Denied)
			}
		}
		return err
	}))
	return out
}

func (w *world) due(subject uuid.UUID, code string) string {
	w.T.Helper()
	return w.Text(`select coalesce((select due_on::text from clock where subject_id = $1 and code = $2 and stopped_at is null), '-')`, subject, code)
}

func (w *world) to(day string) {
	w.T.Helper()
	at, err := time.Parse(time.RFC3339, day+"T15:00:00Z")
	w.Must(err)
	w.Clock.Move(at.Sub(w.Clock.Now()))
}

func TestFromInvestigationToDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nosy, _ := w.Member("Nosy Neighbor Inc")
	hidden := func(when string) {
		t.Helper()
		if _, err := w.Cases.Record(w.Ctx, w.owner, w.id); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: the company sees the case: %v", when, err)
		}
		if list, err := w.Cases.Mine(w.Ctx, w.owner); err != nil || len(list) != 0 {
			t.Errorf("%s: the company's list has %v, %v", when, list, err)
		}
		if m, err := w.ofMember(w.owner); err != nil || len(m.Cases) != 0 {
			t.Errorf("%s: the company's membership shows %v, %v", when, m.Cases, err)
		}
	}
	hidden("while it is looked into")
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, w.id, w.proposal("lack_of_compliance", "suspend")))
	hidden("while it is proposed")
	w.Want("a decision before the notice", w.Cases.Approve(w.Ctx, w.Boss, w.id, w.note("")), fault.Conflict)
	w.Want("another office", w.Cases.Notify(w.Ctx, w.Other, w.id, w.version()), fault.Forbidden)
	w.Want("an old version", w.Cases.Notify(w.Ctx, w.Sam, w.id, w.version()-1), fault.Conflict)
	w.Must(w.Cases.Notify(w.Ctx, w.Sam, w.id, w.version()))
	if got := w.due(w.id, "enforcement_answer"); got != "2026-04-03" {
		t.Errorf("the answer is due on %s", got)
	}
	w.Want("a decision while the company can answer", w.Cases.Approve(w.Ctx, w.Boss, w.id, w.note("")), fault.Conflict)
	w.Want("another company", w.Cases.Answer(w.Ctx, nosy, w.id, w.note("We")), fault.NotFound)
	reader := w.owner
	reader.Role = identity.Reader
	w.Want("a reader", w.Cases.Answer(w.Ctx, reader, w.id, w.note("We")), fault.Forbidden)
	w.Want("no answer", w.Cases.Answer(w.Ctx, w.owner, w.id, w.note(" ")), fault.Invalid)
	r, err := w.Cases.Record(w.Ctx, w.owner, w.id)
	w.Must(err)
	if r.Reason != "" || r.Worker != "" || r.Proposals[0].Sheet != nil || slices.ContainsFunc(r.History, func(s enforcement.Said) bool { return s.Internal }) {
		t.Errorf("the company sees what is the agency's own: %+v", r)
	}
	w.Must(w.Cases.Answer(w.Ctx, w.owner, w.id, w.note("We check them now.")))
	if got := w.due(w.id, "enforcement_answer"); got != "-" {
		t.Errorf("the clock of the answer runs still, due on %s", got)
	}
	w.Must(w.Cases.Approve(w.Ctx, w.Boss, w.id, w.note("I agree")))
	if got := w.is(standing.Whole); got != "suspended" {
		t.Errorf("the membership is %s", got)
	}
	if got := w.due(w.id, "appeal_filing") + " " + w.due(w.id, "suspension_answer"); got != "2026-06-02 2026-06-02" {
		t.Errorf("appeal and answer due on %s", got)
	}
	if n := w.Count(`select count(*)::int from message where subject_id = $1 and letter in ('enforcement_notice', 'enforcement_decided')`, w.id); n != 2 {
		t.Errorf("%d letters", n)
	}
}

func TestProposalIsWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, change := range map[string]func(*enforcement.ProposalEntry){
		"no ground":             func(e *enforcement.ProposalEntry) { e.Ground = "" },
		"the company's request": func(e *enforcement.ProposalEntry) { e.Ground = "own_request" },
		"measure not allowed":   func(e *enforcement.ProposalEntry) { e.Measure = "annul" },
		"no reasons":            func(e *enforcement.ProposalEntry) { e.Reasons = "" },
		"sheet not whole":       func(e *enforcement.ProposalEntry) { delete(e.Answers, "part") },
		"a milder one unsaid":   func(e *enforcement.ProposalEntry) { e.Measure, e.Deviation = "warn", "" },
		"no benefits":           func(e *enforcement.ProposalEntry) { e.Measure = "limit" },
		"strange benefit":       func(e *enforcement.ProposalEntry) { e.Measure, e.Benefits = "limit", []string{"free_lunch"} },
		"a day in the past":     func(e *enforcement.ProposalEntry) { e.Until = "2026-03-03" },
	} {
		w.Want(what, w.Cases.Propose(w.Ctx, w.Sam, w.id, w.proposal("lack_of_compliance", "suspend", change)), fault.Invalid)
	}
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, w.id, w.proposal("lack_of_compliance", "suspend", func(e *enforcement.ProposalEntry) { e.Deviation = "" })))
	if p := w.record().Proposals[0]; p.Points != 13 || p.Suggested != "suspend" || len(p.Sheet) != 6 {
		t.Errorf("weighed %+v", p)
	}
}

func TestNobodyDecidesOnTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.Cases.Propose(w.Ctx, w.Boss, w.id, w.proposal("lack_of_compliance", "warn")))
	w.Must(w.Cases.Notify(w.Ctx, w.Boss, w.id, w.version()))
	w.Must(w.Cases.Answer(w.Ctx, w.owner, w.id, w.note("No")))
	w.Want("the supervisor on his own proposal", w.Cases.Approve(w.Ctx, w.Boss, w.id, w.note("")), fault.Invalid)
	w.Want("his return of it", w.Cases.Return(w.Ctx, w.Boss, w.id, w.note("x")), fault.Invalid)
	w.Want("a specialist", w.Cases.Approve(w.Ctx, w.Sue, w.id, w.note("")), fault.Conflict)
	w.Must(w.Cases.Approve(w.Ctx, w.Chief, w.id, w.note("")))
	if r := w.record(); r.Case.Status != enforcement.Closed || r.Outcome != "warn" || w.is(standing.Whole) != "active" {
		t.Errorf("after a warning: %s %s", r.Case.Status, r.Outcome)
	}
}

func TestSilenceDecidesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, w.id, w.proposal("lack_of_compliance", "suspend")))
	w.Must(w.Cases.Notify(w.Ctx, w.Sam, w.id, w.version()))
	w.to("2026-04-04")
	_, err := w.sweep.Sweep(w.Ctx)
	w.Must(err)
	if r := w.record(); r.Case.Status != enforcement.Notified || w.is(standing.Whole) != "active" {
		t.Errorf("time made the case %s", r.Case.Status)
	}
	q, err := w.Cases.Queue(w.Ctx, w.Sam, enforcement.Filter{Queue: enforcement.Overdue})
	w.Must(err)
	if len(q.Items) != 1 || !q.Items[0].Late {
		t.Errorf("overdue: %+v", q.Items)
	}
	w.Must(w.Cases.Approve(w.Ctx, w.Boss, w.id, w.note("")))
	if got := w.is(standing.Whole); got != "suspended" {
		t.Errorf("the membership is %s", got)
	}
}

func TestEmergency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := func() enforcement.EmergencyEntry {
		return enforcement.EmergencyEntry{Version: w.version(), Ground: "security_incident", Reasons: "Drugs were found in a container of the member."}
	}
	w.Want("a specialist", w.Cases.SuspendNow(w.Ctx, w.Sam, w.id, in()), fault.Conflict)
	bad := in()
	bad.Ground = "debt"
	w.Want("a ground without emergency", w.Cases.SuspendNow(w.Ctx, w.Boss, w.id, bad), fault.Invalid)
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, w.id, w.proposal("lack_of_compliance", "warn"))) // falls
	w.Must(w.Cases.SuspendNow(w.Ctx, w.Boss, w.id, in()))
	r := w.record()
	if r.Case.Status != enforcement.Emergency || w.is(standing.Whole) != "suspended" || r.ConfirmBy.String() != "2026-03-09" || r.Proposals[1].Decision != enforcement.Recalled {
		t.Errorf("%s %s, confirm by %s", r.Case.Status, w.is(standing.Whole), r.ConfirmBy)
	}
	if mine, err := w.Cases.Record(w.Ctx, w.owner, w.id); err != nil || !mine.May.Suspended || len(mine.Proposals) != 1 {
		t.Errorf("the company may %+v: %v", mine.May, err)
	}
	w.Want("his own confirmation", w.Cases.Confirm(w.Ctx, w.Boss, w.id, w.note("")), fault.Invalid)
	w.to("2026-03-10")
	n, err := w.Cases.Turn(w.Ctx)
	w.Must(err)
	if n != 1 || !w.record().Late() {
		t.Errorf("%d told that nobody confirmed", n)
	}
	w.Must(w.Cases.Confirm(w.Ctx, w.Chief, w.id, w.note("")))
	if r := w.record(); r.Case.Status != enforcement.InForce || r.Late() {
		t.Errorf("confirmed: %s", r.Case.Status)
	}
	if got := w.due(w.id, "appeal_filing"); got != "2026-06-02" { // from the day of the suspension
		t.Errorf("the appeal is due on %s", got)
	}

	w.id = w.open().ID
	w.Must(w.Cases.SuspendNow(w.Ctx, w.Boss, w.id, in())) // a second cause beside the first
}

func TestEmergencyLifted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := func(why, text string) enforcement.LiftEntry {
		return enforcement.LiftEntry{Version: w.version(), Why: why, Text: text}
	}
	for why, want := range map[string]string{"wrong": "active", "no_longer": "suspended"} {
		w.id = w.open().ID
		before := w.record().Today
		w.Must(w.Cases.SuspendNow(w.Ctx, w.Boss, w.id, enforcement.EmergencyEntry{Version: w.version(), Ground: "security_incident", Reasons: "Drugs"}))
		w.Want("without a reason", w.Cases.Lift(w.Ctx, w.Chief, w.id, in(why, "")), fault.Invalid)
		w.Want("without why", w.Cases.Lift(w.Ctx, w.Chief, w.id, in("", "It was another company")), fault.Invalid)
		w.Want("his own", w.Cases.Lift(w.Ctx, w.Boss, w.id, in(why, "It was another company")), fault.Invalid)
		w.Clock.Move(48 * time.Hour)
		w.Must(w.Cases.Lift(w.Ctx, w.Chief, w.id, in(why, "It was another company")))
		if r := w.record(); r.Case.Status != enforcement.Investigating || r.Held() || r.DecidedAt != nil || w.is(standing.Whole) != "active" {
			t.Errorf("%s: lifted: %s, %s", why, r.Case.Status, w.is(standing.Whole))
		}
		if got := w.on(before); got != want {
			t.Errorf("%s: on the day of the suspension the membership was %s, want %s", why, got, want)
		}
		if n := w.Count(`select count(*)::int from clock where subject_id = $1 and stopped_at is null`, w.id); n != 0 {
			t.Errorf("%s: %d clocks of the case run on", why, n)
		}
		if said := w.Count(`select count(*)::int from message where subject_id = $1 and letter = 'enforcement_lifted' and body like '%as if it had never been%'`, w.id); (said == 1) != (why == "wrong") {
			t.Errorf("%s: %d letters say that it never was", why, said)
		}
	}
}

func TestPartialDenial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided("lack_of_compliance", "limit", func(e *enforcement.ProposalEntry) { e.Benefits = []string{"fast_lanes"} })
	if got := w.is(standing.Whole); got != "active without [fast_lanes]" {
		t.Errorf("the membership is %s", got)
	}
	w.Want("an end without plan and consent", w.Cases.ProposeEnd(w.Ctx, w.Sam, w.id, w.note("Good")), fault.Invalid)
}

func (w *world) planned() {
	w.T.Helper()
	write := func(goal, day string) error {
		return w.Cases.WriteItem(w.Ctx, w.owner, w.id, enforcement.ItemEntry{Version: w.version(), Goal: goal, DueOn: day})
	}
	w.Want("an item without a day", write("Train the drivers", ""), fault.Invalid)
	w.Want("an empty plan", w.Cases.SendPlan(w.Ctx, w.owner, w.id, w.version()), fault.Conflict)
	w.Must(write("Train the drivers", "2026-05-01"))
	w.Must(write("Buy better seals", "2026-05-10"))
	w.Must(w.Cases.SendPlan(w.Ctx, w.owner, w.id, w.version()))
	w.Want("an item of a plan that was sent", write("More", "2026-05-10"), fault.Conflict)
	w.Must(w.Cases.ReturnPlan(w.Ctx, w.Sam, w.id, w.note("And the log?")))
	w.Must(write("Keep a log", "2026-05-12"))
	drop := w.record().Items[1].ID
	w.Must(w.Cases.DropItem(w.Ctx, w.owner, w.id, enforcement.ItemEntry{Version: w.version(), Item: drop}))
	w.Must(w.Cases.SendPlan(w.Ctx, w.owner, w.id, w.version()))
	w.Must(w.Cases.AcceptPlan(w.Ctx, w.Sam, w.id, w.note("")))
}

func TestReinstatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided("security_incident", "suspend", func(e *enforcement.ProposalEntry) { e.Until = "2026-06-30" })
	w.Must(w.Cases.AnswerSuspension(w.Ctx, w.owner, w.id, w.note("We mend it")))
	if got := w.due(w.id, "suspension_answer"); got != "-" {
		t.Errorf("the answer is due on %s still", got)
	}
	w.Want("the end without a plan", w.Cases.ProposeEnd(w.Ctx, w.Sam, w.id, w.note("Good")), fault.Invalid)
	w.planned()
	editor := w.owner
	editor.Role = identity.Editor
	consent := func() enforcement.ConsentEntry {
		return enforcement.ConsentEntry{Version: w.version(), Agreed: true, Name: "Olga Owner"}
	}
	w.Want("the consent of an editor", w.Cases.SignConsent(w.Ctx, editor, w.id, consent()), fault.Forbidden)
	w.Want("a box not ticked", w.Cases.SignConsent(w.Ctx, w.owner, w.id, enforcement.ConsentEntry{Version: w.version(), Name: "Olga"}), fault.Invalid)
	w.Must(w.Cases.SignConsent(w.Ctx, w.owner, w.id, consent()))
	w.Want("a second consent", w.Cases.SignConsent(w.Ctx, w.owner, w.id, consent()), fault.Conflict)
	for n, i := range w.record().Items {
		w.Want("verified before it is done", w.Cases.VerifyItem(w.Ctx, w.Sam, w.id, i.ID, w.note("")), fault.Conflict)
		w.Must(w.Cases.DoneItem(w.Ctx, w.owner, w.id, i.ID, w.note("Done")))
		if n == 0 {
			w.Must(w.Cases.ReturnItem(w.Ctx, w.Sam, w.id, i.ID, w.note("Half of them are trained")))
			w.Want("the end with an open item", w.Cases.ProposeEnd(w.Ctx, w.Sam, w.id, w.note("Good")), fault.Invalid)
			w.Must(w.Cases.DoneItem(w.Ctx, w.owner, w.id, i.ID, w.note("Now all of them")))
		}
		w.Must(w.Cases.VerifyItem(w.Ctx, w.Sam, w.id, i.ID, w.note("Seen on site")))
	}
	w.to("2026-07-02") // the last day has passed, and nothing has happened by itself
	n, err := w.Cases.Turn(w.Ctx)
	w.Must(err)
	if n != 1 || w.is(standing.Whole) != "suspended" {
		t.Errorf("%d told; the membership is %s", n, w.is(standing.Whole))
	}
	w.Must(w.Cases.ProposeEnd(w.Ctx, w.Boss, w.id, w.note("All is mended")))
	w.Want("his own proposal", w.Cases.ApproveEnd(w.Ctx, w.Boss, w.id, w.note("")), fault.Invalid)
	if mine, err := w.Cases.Record(w.Ctx, w.owner, w.id); err != nil || mine.Told != enforcement.InForce {
		t.Errorf("the company sees %s: %v", mine.Told, err)
	}
	w.Must(w.Cases.ApproveEnd(w.Ctx, w.Chief, w.id, w.note("")))
	if r := w.record(); r.Case.Status != enforcement.Closed || w.is(standing.Whole) != "active" {
		t.Errorf("%s, %s", r.Case.Status, w.is(standing.Whole))
	}
}

func TestNoAnswerRemovesAndBarsForAYear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided("security_incident", "suspend")
	w.to("2026-06-03")
	_, err := w.sweep.Sweep(w.Ctx)
	w.Must(err)
	if got := w.is(standing.Whole); got != "suspended" {
		t.Errorf("silence made the membership %s", got)
	}
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, w.id, w.proposal("no_answer", "remove")))
	if mine, err := w.Cases.Record(w.Ctx, w.owner, w.id); err != nil || mine.Told != enforcement.InForce || len(mine.Proposals) != 1 {
		t.Errorf("the company sees what is only proposed: %s, %d", mine.Told, len(mine.Proposals))
	}
	w.Must(w.Cases.Approve(w.Ctx, w.Boss, w.id, w.note("")))
	if r := w.record(); r.Case.Status != enforcement.Closed || r.Held() || w.is(standing.Whole) != "ended" {
		t.Errorf("%s, %s", r.Case.Status, w.is(standing.Whole))
	}
	if got := w.due(w.member, "reapplication_bar"); got != "2027-06-03" {
		t.Errorf("barred until %s", got)
	}
	_, err = w.Cases.Open(w.Ctx, w.Sam, enforcement.OpenEntry{Membership: w.member, Source: enforcement.ByHand, Reason: "Again"})
	w.Want("a case about what has ended", err, fault.Conflict)
}

func TestRemovalForLackOfComplianceHasNoBar(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided("lack_of_compliance", "remove")
	if got := w.due(w.member, "reapplication_bar"); got != "-" {
		t.Errorf("barred until %s", got)
	}
}

func TestPublication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided("false_information", "remove")
	if got := w.due(w.id, "appeal_filing_false_information"); got != "2026-04-03" {
		t.Errorf("the appeal is due on %s", got)
	}
	w.Want("while the company can appeal", w.Cases.Publish(w.Ctx, w.Boss, w.id, w.note("Federal Register")), fault.Invalid)
	w.to("2026-04-04")
	open := true
	w.Cases.Steps.Appeals = func(_ context.Context, _ pg.Tx, _ uuid.UUID) (bool, bool, error) { return true, open, nil }
	w.Want("while an appeal is open", w.Cases.Publish(w.Ctx, w.Boss, w.id, w.note("Federal Register")), fault.Invalid)
	open = false
	w.Want("a specialist", w.Cases.Publish(w.Ctx, w.Sam, w.id, w.note("Federal Register")), fault.Conflict)
	w.Must(w.Cases.Publish(w.Ctx, w.Boss, w.id, w.note("Federal Register")))
	w.Want("twice", w.Cases.Publish(w.Ctx, w.Boss, w.id, w.note("Federal Register")), fault.Conflict)
}

func TestCombinedHolderKeepsOne(t *testing.T) {
	t.Parallel()
	w := newUnion(t, "aeof")
	w.decided("conditions_not_met", "remove", func(e *enforcement.ProposalEntry) { e.Types = []string{"aeos"} })
	if got := w.is("aeoc") + " " + w.is("aeos"); got != "active ended" {
		t.Errorf("AEOC and AEOS are %s", got)
	}
	if got := w.due(w.member, "reapplication_bar"); got != "-" {
		t.Errorf("a holder who keeps one type is barred until %s", got)
	}
	w.id = w.open().ID
	w.Want("the type that is gone", w.Cases.Propose(w.Ctx, w.worker, w.id, w.proposal("conditions_not_met", "remove", func(e *enforcement.ProposalEntry) { e.Types = []string{"aeos"} })), fault.Invalid)
	w.decided("conditions_not_met", "remove", func(e *enforcement.ProposalEntry) { e.Types = []string{"aeoc"} })
	if got := w.due(w.member, "reapplication_bar"); got != "2029-03-14" {
		t.Errorf("barred for three years, until %s", got)
	}
}

func TestUnionSuspensions(t *testing.T) {
	t.Parallel()
	w := newUnion(t, "aeoc")
	until := func(day string) func(*enforcement.ProposalEntry) {
		return func(e *enforcement.ProposalEntry) { e.Until = day }
	}
	w.Want("without a last day", w.Cases.Propose(w.Ctx, w.worker, w.id, w.proposal("facts_incomplete", "suspend")), fault.Invalid)
	w.Want("longer than 30 days", w.Cases.Propose(w.Ctx, w.worker, w.id, w.proposal("facts_incomplete", "suspend", until("2026-04-14"))), fault.Invalid)
	w.decided("facts_incomplete", "suspend", until("2026-04-13"))
	if got := w.due(w.id, "suspension_facts"); got != "2026-04-13" {
		t.Errorf("the facts are due on %s", got)
	}
	w.Want("longer", w.Cases.Extend(w.Ctx, w.second, w.id, enforcement.ExtendEntry{Version: w.version(), Until: "2026-05-01", Reason: "More"}), fault.Invalid)
	w.Must(w.Cases.ProposeEnd(w.Ctx, w.worker, w.id, w.note("Nothing was found")))
	w.Must(w.Cases.ApproveEnd(w.Ctx, w.second, w.id, w.note("")))
	if got := w.due(w.id, "suspension_facts"); got != "-" {
		t.Errorf("the facts are due on %s still", got)
	}
}

func TestUnionHolderAsksForASuspension(t *testing.T) {
	t.Parallel()
	w := newUnion(t, "aeoc")
	ask := enforcement.RequestEntry{Membership: w.member, Until: "2026-05-31", Reason: "We rebuild the warehouse"}
	c, err := w.Cases.Request(w.Ctx, w.owner, ask)
	w.Must(err)
	_, err = w.Cases.Request(w.Ctx, w.owner, ask)
	w.Want("a second request", err, fault.Conflict)
	w.id = c.ID
	w.decided("own_request", "suspend", func(e *enforcement.ProposalEntry) { e.Until, e.Answers = "2026-05-31", nil })
	if got := w.is("aeoc") + " " + w.due(w.id, "suspension_facts") + " " + w.due(w.id, "appeal_filing"); got != "suspended - -" {
		t.Errorf("suspended at its own request: %s", got)
	}
	w.Must(w.Cases.AskForTime(w.Ctx, w.owner, w.id, enforcement.AskEntry{Version: w.version(), Until: "2026-07-31", Reason: "The builders are late"}))
	w.Must(w.Cases.Extend(w.Ctx, w.second, w.id, enforcement.ExtendEntry{Version: w.version(), Until: "2026-07-31", Reason: "Agreed"}))
	w.Want("the end before the holder is ready", w.Cases.ProposeEnd(w.Ctx, w.worker, w.id, w.note("Good")), fault.Invalid)
	w.to("2026-06-01")
	w.Must(w.Cases.ReportCure(w.Ctx, w.owner, w.id, w.note("It is built")))
	if got := w.due(w.id, "suspension_verification"); got != "2026-07-01" {
		t.Errorf("to verify by %s", got)
	}
	w.Must(w.Cases.ProposeEnd(w.Ctx, w.worker, w.id, w.note("Seen on site")))
	w.Must(w.Cases.ApproveEnd(w.Ctx, w.second, w.id, w.note("")))
	if got := w.is("aeoc") + " " + w.due(w.id, "suspension_verification"); got != "active -" {
		t.Errorf("after the end: %s", got)
	}
}

func TestAnnulment(t *testing.T) {
	t.Parallel()
	w := newUnion(t, "aeoc")
	w.decided("false_information", "annul")
	if got := w.is("aeoc") + " " + w.due(w.member, "reapplication_bar"); got != "annulled 2029-03-14" {
		t.Errorf("annulled: %s", got)
	}
}

func TestAppealWon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided("lack_of_compliance", "suspend")
	w.to("2026-05-01")
	w.Must(w.DB.Write(w.Ctx, w.Chief.Scope(), func(tx pg.Tx) error {
		p, err := w.Cases.Steps.Decision(w.Ctx, tx, w.id)
		if err != nil {
			return err
		}
		part, err := w.Cases.Steps.TookPart(w.Ctx, tx, w.id)
		if err != nil || slices.Contains(part, w.Chief.PersonID) || !slices.Contains(part, w.Boss.PersonID) || !slices.Contains(part, w.Sam.PersonID) {
			t.Errorf("took part: %v, %v", part, err)
		}
		_, err = w.Cases.Steps.Overturn(w.Ctx, tx, w.Clock.Now(), w.Chief, w.id, p.ID, standing.Cause{Kind: "appeal", ID: pg.NewID()}, "It was another company")
		return err
	}))
	if r := w.record(); r.Case.Status != enforcement.Closed || r.Outcome != "overturned" || w.is(standing.Whole) != "active" {
		t.Errorf("%s %s, %s", r.Case.Status, r.Outcome, w.is(standing.Whole))
	}
	if got := w.due(w.id, "suspension_answer"); got != "-" {
		t.Errorf("an answer is due on %s", got)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i, err := w.Register.Register(w.Ctx, w.Sam, incident.Entry{Company: w.owner.CompanyID, Membership: w.member.String(), Kind: "seal", Place: "Newark", From: "2026-03-01", FoundOn: "2026-03-01",
		Way: "field", Facts: "The seal was cut."})
	w.Must(err)
	in := enforcement.OpenEntry{Membership: w.member, Source: enforcement.FromIncident, SourceID: i.ID, Reason: "The seal was cut"}
	c, err := w.Cases.Open(w.Ctx, w.Sam, in)
	w.Must(err)
	_, err = w.Cases.Open(w.Ctx, w.Sue, in)
	if fault.KindOf(err) != fault.Conflict && fault.KindOf(err) != fault.Invalid {
		t.Errorf("a second case about one incident: %v", err)
	}
	bad := in
	bad.SourceID, bad.Source = pg.NewID(), enforcement.FromFinding
	_, err = w.Cases.Open(w.Ctx, w.Sam, bad)
	w.Want("a finding that is not there", err, fault.Invalid)
	_, err = w.Cases.Open(w.Ctx, w.owner, in)
	w.Want("a company", err, fault.NotFound)

	w.id = c.ID
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, w.id, w.proposal("security_incident", "suspend")))
	_, err = w.Register.Open(w.Ctx, w.owner, i.ID)
	w.Want("the incident before the notice", err, fault.NotFound)
	w.Must(w.Cases.Notify(w.Ctx, w.Sam, w.id, w.version()))
	if r, err := w.Register.Open(w.Ctx, w.owner, i.ID); err != nil || r.CaseRef != c.Reference {
		t.Errorf("with the notice the company sees the incident: %v", err)
	}

	v := w.Validation(w.member, validation.Visited)
	for range 2 {
		w.Must(w.DB.Write(w.Ctx, w.Sam.Scope(), func(tx pg.Tx) error {
			return w.Cases.Steps.Refer(w.Ctx, tx, w.Clock.Now(), w.Sam, v, "It failed")
		}))
	}
	if n := w.Count(`select count(*)::int from enforcement_case where source_id = $1`, v.ID); n != 1 {
		t.Errorf("%d cases of the validation", n)
	}
	m, err := w.ofMember(w.Sam)
	w.Must(err)
	if m.Incidents != 1 || len(m.Cases) != 3 {
		t.Errorf("the membership has %d incidents and %d cases", m.Incidents, len(m.Cases))
	}
}

// Two people decide at the same moment: one decision is made.
func TestTwoPeopleDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.Cases.Propose(w.Ctx, w.Sam, w.id, w.proposal("lack_of_compliance", "suspend")))
	w.Must(w.Cases.Notify(w.Ctx, w.Sam, w.id, w.version()))
	w.Must(w.Cases.Answer(w.Ctx, w.owner, w.id, w.note("No")))
	in, errs := w.note("x"), make([]error, 2)
	var group sync.WaitGroup
	group.Go(func() { errs[0] = w.Cases.Approve(w.Ctx, w.Boss, w.id, in) })
	group.Go(func() { errs[1] = w.Cases.Return(w.Ctx, w.Chief, w.id, in) })
	group.Wait()
	if conflicts, done := w.Conflicts(errs); conflicts != 1 || done != 1 {
		t.Errorf("%v", errs)
	}
}
