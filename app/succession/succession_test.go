package succession_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
	"trustedtrader/app/succession"
	"trustedtrader/app/validation"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	*findingtest.World
	svc   *succession.Service
	owner identity.Actor
	m     uuid.UUID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	w.svc = &succession.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.World.World.Steps, Standing: w.Members.Standing, Members: w.Members}
	w.Members.Admitted = append(w.Members.Admitted, w.svc.Admitted)
	w.owner, w.m = w.Member("Harbor Trading LLC")
	return w
}

func (w *world) to(instant string) {
	w.T.Helper()
	at, err := time.Parse(time.RFC3339, instant)
	w.Must(err)
	w.Clock.Move(at.Sub(w.Clock.Now()))
}

// turn lets the day begin, as the portal's ticks do.
func (w *world) turn() {
	w.T.Helper()
	_, err := w.Members.Standing.Turn(w.Ctx)
	w.Must(err)
	_, err = w.svc.Turn(w.Ctx)
	w.Must(err)
}

func (w *world) open(in succession.Entry) succession.Case {
	w.T.Helper()
	if in.Membership == uuid.Nil {
		in.Membership = w.m
	}
	c, err := w.svc.Open(w.Ctx, w.owner, in)
	w.Must(err)
	return c
}

func (w *world) sent(in succession.Entry) succession.Case {
	w.T.Helper()
	c := w.open(in)
	c, err := w.svc.Submit(w.Ctx, w.owner, c.ID, c.Version)
	w.Must(err)
	return c
}

func (w *world) state(m uuid.UUID, on string) string {
	w.T.Helper()
	d, err := clock.ParseDay(on)
	w.Must(err)
	p, err := w.Members.Standing.History(w.Ctx, w.Chief, m, &standing.Question{On: d})
	w.Must(err)
	if len(p.Asked.Now) == 0 {
		return "none"
	}
	out := string(p.Asked.Now[0].State)
	if how := p.Asked.Now[0].How; how != "" {
		out += " " + string(how)
	}
	return out
}

func (w *world) status(c succession.Case) string {
	return w.Text(`select status from change_case where id = $1`, c.ID)
}

func leave(day string) succession.Entry {
	return succession.Entry{Kind: succession.Withdrawal, Day: day, Reason: "no_longer_wanted", Note: "We stop importing."}
}

func TestWithdrawalEndsOnItsDayAndCanBeCalledOffBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.svc.Open(w.Ctx, w.owner, succession.Entry{Membership: w.m, Kind: succession.Withdrawal, Day: "2026-03-03", Reason: "other"})
	w.Want("in the past", err, fault.Invalid)
	in := leave("2026-04-01")
	in.ID = uuid.New()
	c := w.open(in)
	if again := w.open(in); again.Reference != c.Reference {
		t.Error("sending the form twice makes two")
	}
	c, err = w.svc.Submit(w.Ctx, w.owner, c.ID, c.Version)
	w.Must(err)
	if c.Status != succession.Accepted || w.state(w.m, "2026-03-31") != "active" || w.state(w.m, "2026-04-01") != "ended withdrawn" {
		t.Errorf("sent: %s, %s, %s", c.Status, w.state(w.m, "2026-03-31"), w.state(w.m, "2026-04-01"))
	}
	_, err = w.svc.Open(w.Ctx, w.owner, succession.Entry{Membership: w.m, Kind: succession.Withdrawal, Day: "2026-05-01", Reason: "other"})
	w.Want("a second case", err, fault.Conflict)
	_, err = w.svc.TakeBack(w.Ctx, w.owner, c.ID, succession.StepEntry{Version: c.Version, Text: "We go on"})
	w.Must(err)
	if got := w.state(w.m, "2026-04-02"); got != "active" {
		t.Errorf("after it was called off: %s", got)
	}

	c = w.sent(leave("2026-04-10"))
	w.to("2026-04-10T03:59:00Z") // the evening before in New York
	w.turn()
	if w.status(c) != "accepted" {
		t.Errorf("the evening before: %s", w.status(c))
	}
	w.to("2026-04-10T04:00:00Z")
	w.turn()
	if w.status(c) != "in_force" || w.Text(`select status from membership where id = $1`, w.m) != "ended" {
		t.Errorf("on the day: %s", w.status(c))
	}
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and subject_kind = 'membership' and stopped_at is null`, w.m); n != 0 {
		t.Errorf("%d clocks run on", n)
	}
	r, err := w.svc.Show(w.Ctx, w.owner, c.ID)
	w.Must(err)
	if r.May.Can(succession.CallOff) {
		t.Error("the page offers to call it off")
	}
	_, err = w.svc.TakeBack(w.Ctx, w.owner, c.ID, succession.StepEntry{Version: r.Version})
	w.Want("called off on its day", err, fault.Conflict)
	if n := w.Count(`select count(*)::int from message where subject_id = $1 and letter = 'change_case_in_force'`, c.ID); n != 1 {
		t.Errorf("%d letters that it is in effect", n)
	}
	life, err := w.svc.Of(w.Ctx, w.owner, w.m)
	w.Must(err)
	if life.Ending == nil || life.Ending.Kind != standing.Withdrawn || life.Bar != nil {
		t.Errorf("life: %+v", life)
	}
	// Nothing bars who left owing nothing.
	if _, err := w.Applications.Choose(w.Ctx, w.owner, "ctpat", "importer"); err != nil {
		t.Errorf("apply again: %v", err)
	}
}

// TestModulesThatEndTooAreNamed: whoever leaves CTPAT reads that Trade Compliance ends with it.
func TestModulesThatEndTooAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open(leave("2026-04-01"))
	follows := func() string {
		t.Helper()
		r, err := w.svc.Show(w.Ctx, w.owner, c.ID)
		w.Must(err)
		return strings.Join(r.Consequences(w.Ctx), "\n")
	}
	if text := follows(); strings.Contains(text, "builds on this one") {
		t.Errorf("without a module: %s", text)
	}
	w.Exec(`update membership set tier = 'tier_2' where id = ?`, w.m)
	a, err := w.Applications.Choose(w.Ctx, w.owner, "ctpat-tc", "importer")
	w.Must(err)
	w.Exec(`insert into membership (company_id, application_id, programme, edition, entity_type, number, tier, status, certified_on, effective_on, created_at)
		values (?, ?, 'ctpat-tc', ?, 'importer', 'TC26-000001', 'member', 'active', '2026-03-04', '2026-03-04', now())`, w.owner.CompanyID, a.ID, a.Edition)
	if text := follows(); !strings.Contains(text, "Membership TC26-000001 builds on this one.") {
		t.Errorf("with a module: %s", text)
	}
}

func TestLeavingWhileAnAnswerIsOwedBars(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		_, err := w.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Boss, standing.Event{MembershipID: w.m, Kind: standing.Suspended, On: clock.DayOf(w.Clock.Now(), time.UTC),
			Cause: standing.Cause{Kind: "enforcement", ID: uuid.New()}})
		return err
	}))
	c := w.open(leave("2026-03-04"))
	r, err := w.svc.Show(w.Ctx, w.owner, c.ID)
	w.Must(err)
	if text := strings.Join(r.Consequences(w.Ctx), "\n"); !strings.Contains(text, "cannot apply again for 1 year") {
		t.Errorf("the bar is not said before: %s", text)
	}
	_, err = w.svc.Submit(w.Ctx, w.owner, c.ID, r.Version)
	w.Must(err)
	w.barred("2027-03-04", "2027-03-05")
}

func TestRemovalWithoutAnswerBars(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		_, err := w.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Boss, standing.Event{MembershipID: w.m, Kind: standing.Removed, On: clock.DayOf(w.Clock.Now(), time.UTC),
			Ground: "no_answer", Reason: "No answer", Cause: standing.Cause{Kind: "enforcement", ID: uuid.New()}})
		return err
	}))
	w.barred("2027-03-04", "2027-03-05")
}

// barred holds the portal to a bar whose last day is given.
func (w *world) barred(last, from string) {
	w.T.Helper()
	life, err := w.svc.Of(w.Ctx, w.owner, w.m)
	w.Must(err)
	if life.Bar == nil || life.Bar.DueOn.String() != last {
		w.T.Fatalf("bar: %+v", life.Bar)
	}
	w.to(last + "T23:00:00Z") // still that day in New York
	_, err = w.Applications.Choose(w.Ctx, w.owner, "ctpat", "importer")
	w.Want("an application before the bar ends", err, fault.Conflict)
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Args) < 3 || !strings.Contains(f.Args[0].(string), "2027") || f.Args[1] != "Wait before a new application" {
		w.T.Errorf("it does not say until when and why: %v", err)
	}
	w.to(from + "T15:00:00Z")
	if _, err = w.Applications.Choose(w.Ctx, w.owner, "ctpat", "importer"); err != nil {
		w.T.Errorf("after the bar: %v", err)
	}
}

func TestBlockedWithdrawalIsDecidedByTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.svc.Blocked = func(_ context.Context, _ pg.Tx, m uuid.UUID) (string, error) {
		if m == w.m {
			return "A case is open", nil
		}
		return "", nil
	}
	c := w.sent(leave("2026-03-10"))
	if c.Status != succession.Sent || w.state(w.m, "2026-03-20") != "active" {
		t.Fatalf("sent: %s", c.Status)
	}
	c, err := w.svc.Take(w.Ctx, w.Sam, c.ID, c.Version)
	w.Must(err)
	c, err = w.svc.Decide(w.Ctx, w.Sam, c.ID, true, succession.StepEntry{Version: c.Version, Text: "Nothing is gained by holding it"})
	w.Must(err)
	if c.Status != succession.Proposed {
		t.Fatalf("proposed: %s", c.Status)
	}
	w.to("2026-03-15T15:00:00Z")
	c, err = w.svc.Decide(w.Ctx, w.Boss, c.ID, true, succession.StepEntry{Version: c.Version})
	w.Must(err)
	// The day that the company wished has passed.
	if w.status(c) != "in_force" || w.state(w.m, "2026-03-14") != "active" || w.state(w.m, "2026-03-15") != "ended withdrawn" {
		t.Errorf("decided: %s", w.status(c))
	}
}

func TestAnOpenCaseOfEnforcementBlocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.svc.Blocked = succession.CaseOpen
	w.Exec(`insert into enforcement_case (id, reference, company_id, membership_id, office_id, programme, entity_type, status, source_kind, reason, opened_at, author)
		select ?, 'E-1', company_id, id, ?, programme, entity_type, 'investigating', 'hand', 'Seals', ?, 'Sam' from membership where id = ?`, uuid.New(), w.NewYork, w.Clock.Now(), w.m)
	if c := w.sent(leave("2026-03-10")); c.Status != succession.Sent || !c.NeedsDecision {
		t.Errorf("a member left while a case was open that it does not know of: %s", c.Status)
	}
}

func TestMergerTakesNothingWithItUnseen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, into := w.Member("Bigger Trading LLC")
	number := w.Text(`select number from membership where id = $1`, into)
	v := w.Validation(w.m, validation.Visited)
	f := w.Draft(v, finding.ActionRequired)
	_, err := w.Findings.Send(w.Ctx, w.Sam, f.ID, f.Version)
	w.Must(err)
	w.to("2026-06-01T15:00:00Z")
	in := succession.Entry{Kind: succession.Merger, Day: "2026-03-01", Reason: "legal_merger", Note: "Merged by contract", Successor: number}
	_, err = w.svc.Open(w.Ctx, w.owner, func() succession.Entry { x := in; x.Membership = w.m; return x }())
	w.Want("before it was granted", err, fault.Invalid)
	in.Day = "2026-05-15" // the legal day lies in the past
	c := w.sent(in)
	c, err = w.svc.Take(w.Ctx, w.Sam, c.ID, c.Version)
	w.Must(err)
	_, err = w.svc.Decide(w.Ctx, w.Sam, c.ID, true, succession.StepEntry{Version: c.Version, Text: "Shown"})
	w.Want("with open records", err, fault.Invalid)
	r, err := w.svc.Show(w.Ctx, w.Sam, c.ID)
	w.Must(err)
	if len(r.Items) != 2 || r.Successor == nil || r.Successor.ID != into {
		t.Fatalf("items %+v, successor %+v", r.Items, r.Successor)
	}
	for _, i := range r.Items {
		c, err = w.svc.DecideItem(w.Ctx, w.Sam, c.ID, succession.ItemEntry{Version: c.Version, Kind: i.Kind, ID: i.ID, Decision: "carry"})
		w.Must(err)
	}
	_, err = w.svc.DecideItem(w.Ctx, w.Sam, c.ID, succession.ItemEntry{Version: c.Version, Kind: "finding", ID: uuid.New(), Decision: "carry"})
	w.Want("a record that is not there", err, fault.NotFound)
	c, err = w.svc.Decide(w.Ctx, w.Sam, c.ID, true, succession.StepEntry{Version: c.Version, Text: "Shown"})
	w.Must(err)
	_, err = w.svc.Decide(w.Ctx, w.Sam, c.ID, true, succession.StepEntry{Version: c.Version})
	w.Want("the specialist decides", err, fault.Conflict)
	c, err = w.svc.Decide(w.Ctx, w.Boss, c.ID, true, succession.StepEntry{Version: c.Version})
	w.Must(err)
	if w.status(c) != "in_force" || w.state(w.m, "2026-05-14") != "active" || w.state(w.m, "2026-05-15") != "ended succeeded" || w.state(into, "2026-06-01") != "active" {
		t.Errorf("merged: %s", w.status(c))
	}
	if got := w.Text(`select status from finding where id = $1`, f.ID); got != "open" {
		t.Errorf("the finding is %s", got)
	}
	was, err := w.svc.Of(w.Ctx, w.owner, w.m)
	w.Must(err)
	is, err := w.svc.Of(w.Ctx, other, into)
	w.Must(err)
	if len(was.After) != 1 || was.After[0].Number != number || was.After[0].Own || len(is.Before) != 1 || is.Before[0].ID != w.m {
		t.Errorf("links: %+v and %+v", was.After, is.Before)
	}
}

func TestSuccessorMustBeThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.Text(`select number from membership where id = $1`, w.m)
	in := succession.Entry{Membership: w.m, Kind: succession.Merger, Day: "2026-03-04", Reason: "legal_merger", Note: "Merged", Successor: own}
	_, err := w.svc.Open(w.Ctx, w.owner, in)
	w.Want("into itself", err, fault.Invalid)
	in.Successor = "C26-999999"
	c := w.sent(in)
	c, err = w.svc.Take(w.Ctx, w.Sam, c.ID, c.Version)
	w.Must(err)
	_, err = w.svc.Decide(w.Ctx, w.Sam, c.ID, true, succession.StepEntry{Version: c.Version, Text: "Yes"})
	w.Want("into nothing", err, fault.Invalid)
	c, err = w.svc.GiveBack(w.Ctx, w.Sam, c.ID, succession.StepEntry{Version: c.Version, Text: "No such number"})
	w.Must(err)
	in.Version, in.Successor = c.Version, "C26-999998"
	c, err = w.svc.Change(w.Ctx, w.owner, c.ID, in)
	w.Must(err)
	if c, err = w.svc.Submit(w.Ctx, w.owner, c.ID, c.Version); err != nil || c.Status != succession.Sent {
		t.Errorf("sent again: %s, %v", c.Status, err)
	}
}

func TestNewKindOfMemberFollowsWithoutGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.sent(succession.Entry{Kind: succession.TypeChange, Reason: "business_changed", Note: "We export now", EntityType: "exporter"})
	c, err := w.svc.Take(w.Ctx, w.Sam, c.ID, c.Version)
	w.Must(err)
	c, err = w.svc.Decide(w.Ctx, w.Sam, c.ID, true, succession.StepEntry{Version: c.Version, Text: "Yes"})
	w.Must(err)
	c, err = w.svc.Decide(w.Ctx, w.Boss, c.ID, true, succession.StepEntry{Version: c.Version})
	w.Must(err)
	if w.status(c) != "accepted" || w.state(w.m, "2026-03-20") != "active" {
		t.Fatalf("accepted: %s", w.status(c))
	}
	w.to("2026-04-20T15:00:00Z")
	w.Number(w.owner.CompanyID, "duns", "123456789")
	_, m := w.MemberOf(w.owner, "ctpat", "exporter")
	if got := w.state(w.m, "2026-04-19") + ", " + w.state(w.m, "2026-04-20") + ", " + w.state(m, "2026-04-20"); got != "active, ended succeeded, active" {
		t.Errorf("the day before and the day: %s", got)
	}
	if w.status(c) != "in_force" {
		t.Errorf("the case is %s", w.status(c))
	}
	life, err := w.svc.Of(w.Ctx, w.owner, w.m)
	w.Must(err)
	if len(life.After) != 1 || life.After[0].ID != m || !life.After[0].Own {
		t.Errorf("what followed: %+v", life.After)
	}
	if n := w.Count(`select count(*)::int from membership where number = $1`, w.Text(`select number from membership where id = $1`, w.m)); n != 1 {
		t.Error("the old number is not to be found")
	}
}

func TestSplitLinksTheNewCompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.sent(succession.Entry{Kind: succession.Split, Day: "2026-03-04", Reason: "reorganized", Note: "Our east coast business", NewName: "East Inc", NewCountry: "US", ShareAnswers: true})
	c, err := w.svc.Take(w.Ctx, w.Sam, c.ID, c.Version)
	w.Must(err)
	c, err = w.svc.Decide(w.Ctx, w.Sam, c.ID, true, succession.StepEntry{Version: c.Version, Text: "Yes"})
	w.Must(err)
	c, err = w.svc.Decide(w.Ctx, w.Boss, c.ID, true, succession.StepEntry{Version: c.Version})
	w.Must(err)
	if w.status(c) != "in_force" || w.state(w.m, "2026-03-20") != "active" {
		t.Fatalf("the part that stays: %s", w.status(c))
	}
	east := w.Importer("East Inc")
	a := w.Submit(east, "ctpat", "importer")
	c.Version = w.Count(`select version from change_case where id = $1`, c.ID)
	_, err = w.svc.Link(w.Ctx, w.Sam, c.ID, succession.LinkEntry{Version: c.Version, Application: "NONE"})
	w.Want("an unknown application", err, fault.Invalid)
	_, err = w.svc.Link(w.Ctx, w.Sam, c.ID, succession.LinkEntry{Version: c.Version, Application: a.Reference})
	w.Must(err)
}

func TestOthersSeeNothingOfACase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open(leave("2026-04-01"))
	_, err := w.svc.Show(w.Ctx, w.Sam, c.ID)
	w.Want("a draft at the desk", err, fault.NotFound)
	stranger := w.Importer("Stranger Imports")
	_, err = w.svc.Show(w.Ctx, stranger, c.ID)
	w.Want("another company", err, fault.NotFound)
	_, err = w.svc.Submit(w.Ctx, stranger, c.ID, c.Version)
	w.Want("another company sends", err, fault.NotFound)
	_, err = w.svc.Open(w.Ctx, stranger, succession.Entry{Membership: w.m, Kind: succession.Withdrawal, Day: "2026-04-01", Reason: "other"})
	w.Want("about another's membership", err, fault.NotFound)
	_, err = w.svc.Of(w.Ctx, stranger, w.m)
	w.Want("another's life", err, fault.NotFound)
	_, err = w.svc.Show(w.Ctx, w.Admin, c.ID)
	w.Want("an administrator", err, fault.NotFound)
	editor := w.owner
	editor.Role = identity.Editor
	_, err = w.svc.Submit(w.Ctx, editor, c.ID, c.Version)
	w.Want("an editor sends", err, fault.Forbidden)
	reader := w.owner
	reader.Role = identity.Reader
	_, err = w.svc.Change(w.Ctx, reader, c.ID, succession.Entry{})
	w.Want("a reader changes", err, fault.Forbidden)
	_, err = w.svc.Submit(w.Ctx, w.owner, c.ID, c.Version+1)
	w.Want("a stale page", err, fault.Conflict)
	w.svc.Blocked = func(context.Context, pg.Tx, uuid.UUID) (string, error) { return "Open", nil }
	c, err = w.svc.Submit(w.Ctx, w.owner, c.ID, c.Version)
	w.Must(err)
	_, err = w.svc.Take(w.Ctx, w.Other, c.ID, c.Version)
	w.Want("another office", err, fault.Forbidden)
	_, err = w.svc.Take(w.Ctx, w.Auditor, c.ID, c.Version)
	w.Want("an auditor", err, fault.Forbidden)
	_, err = w.svc.Decide(w.Ctx, w.owner, c.ID, true, succession.StepEntry{Version: c.Version})
	w.Want("the company decides", err, fault.NotFound)
	q, err := w.svc.Queue(w.Ctx, w.Sam, succession.Filter{})
	w.Must(err)
	if len(q.Items) != 1 || q.Counts[succession.New] != 1 {
		t.Errorf("queue: %+v", q)
	}
	_, err = w.svc.Queue(w.Ctx, w.owner, succession.Filter{})
	w.Want("a company at the desk", err, fault.NotFound)
	c, err = w.svc.Take(w.Ctx, w.Sam, c.ID, c.Version)
	w.Must(err)
	c, err = w.svc.Decide(w.Ctx, w.Sam, c.ID, false, succession.StepEntry{Version: c.Version, Text: "Secret thoughts"})
	w.Must(err)
	r, err := w.svc.Show(w.Ctx, w.owner, c.ID)
	w.Must(err)
	for _, x := range r.History {
		if strings.Contains(x.Body, "Secret") {
			t.Error("the company reads what the agency's people say to each other")
		}
	}
}

func TestOvertakenByRemoval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.sent(leave("2026-05-01"))
	w.to("2026-04-01T15:00:00Z")
	w.Must(w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		_, err := w.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Boss, standing.Event{MembershipID: w.m, Kind: standing.Removed, On: clock.DayOf(w.Clock.Now(), time.UTC),
			Ground: "other", Cause: standing.Cause{Kind: "enforcement", ID: uuid.New()}})
		return err
	}))
	w.turn()
	if w.status(c) != "overtaken" || w.state(w.m, "2026-06-01") != "ended removed" {
		t.Errorf("%s, %s", w.status(c), w.state(w.m, "2026-06-01"))
	}
}

func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open(leave("2026-04-01"))
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() {
			if i%2 == 0 {
				_, errs[i] = w.svc.Submit(w.Ctx, w.owner, c.ID, c.Version)
			} else {
				_, errs[i] = w.svc.Drop(w.Ctx, w.owner, c.ID, c.Version)
			}
		})
	}
	wg.Wait()
	if conflicts, done := w.Conflicts(errs); done != 1 || conflicts != 5 {
		t.Errorf("%d done, %d in conflict", done, conflicts)
	}
	w.to("2026-04-01T15:00:00Z")
	for range 2 {
		wg.Go(func() { _, _ = w.Members.Standing.Turn(w.Ctx); _, _ = w.svc.Turn(w.Ctx) })
	}
	wg.Wait()
	if n := w.Count(`select count(*)::int from message where letter = 'change_case_in_force'`); n > 1 {
		t.Errorf("%d letters", n)
	}
}
