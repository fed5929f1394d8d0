package clock_test

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	t        *testing.T
	ctx      context.Context
	db       *pg.DB
	now      *apptest.Clock
	clocks   *clock.Clocks
	sweeper  *clock.Service
	office   uuid.UUID
	company  uuid.UUID
	subject  clock.Subject
	worker   identity.Actor
	owner    identity.Actor
	assigned identity.Actor
}

func sub(t *testing.T, dir string) fs.FS {
	t.Helper()
	f, err := fs.Sub(config.Programmes, dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// newWorld makes an application of a programme in an office of a zone.
func newWorld(t *testing.T, code, zone, calendar, at string) *world {
	t.Helper()
	reg, err := programme.Load(sub(t, "programmes"))
	if err != nil {
		t.Fatal(err)
	}
	cals, err := clock.LoadCalendars(sub(t, "calendars"))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := reg.Get(code)
	if !ok {
		t.Fatalf("no programme %s", code)
	}
	base, err := url.Parse("https://portal.example")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ctx: context.Background(), db: apptest.DB(t), now: apptest.At(at), clocks: &clock.Clocks{Calendars: cals, Programmes: reg}}
	w.sweeper = &clock.Service{DB: w.db, Now: w.now.Now, Log: apptest.Quiet(), Clocks: w.clocks, Letters: &notice.Letters{Base: base, Brand: "Portal"}}
	w.office = pg.NewID()
	w.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'OFF', 'The office', ?, ?, now())`, w.office, zone, calendar)
	w.company = w.newCompany("Harbor Trading LLC")
	w.worker = w.person(identity.Staff, identity.Specialist, "sam@customs.example")
	w.assigned = w.person(identity.Staff, identity.Supervisor, "sue@customs.example")
	w.owner = w.person(identity.Companies, identity.Owner, "olga@harbor.example")
	w.subject = clock.Subject{Kind: "application", ID: w.application(w.company, p), Company: w.company, Office: w.office, Programme: p}
	return w
}

func (w *world) newCompany(name string) uuid.UUID {
	id := pg.NewID()
	w.exec(`insert into company (id, name, country, office_id, created_at) values (?, ?, 'US', ?, now())`, id, name, w.office)
	return id
}

func (w *world) application(company uuid.UUID, p *programme.Programme) uuid.UUID {
	id := pg.NewID()
	w.exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at)
		values (?, ?, ?, ?, 'e', 'h', ?, ?, 'draft', now())`, id, "A-"+id.String()[24:], company, p.Code, id.String(), w.office)
	return id
}

func (w *world) person(a identity.Audience, r identity.Role, email string) identity.Actor {
	w.t.Helper()
	by := identity.Actor{PersonID: pg.NewID(), Name: email, Email: email, Audience: a, Role: r}
	w.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, ?, now())`,
		by.PersonID, by.PersonID.String(), email, email)
	var office, company *uuid.UUID
	if a == identity.Staff {
		office, by.OfficeID, by.Offices = &w.office, w.office, []uuid.UUID{w.office}
	} else {
		company, by.CompanyID = &w.company, w.company
	}
	w.exec(`insert into person_right (id, person_id, audience, role, office_id, company_id, starts_on, granted_at) values (?, ?, ?, ?, ?, ?, '2020-01-01', now())`,
		pg.NewID(), by.PersonID, string(a), string(r), office, company)
	return by
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	w.write(pg.System, func(tx pg.Tx) error { return tx.WithContext(w.ctx).Exec(sql, args...).Error })
}

func (w *world) write(scope pg.Scope, fn func(pg.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(w.ctx, scope, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) happened(by identity.Actor, event string, reasons ...string) {
	w.t.Helper()
	w.write(by.Scope(), func(tx pg.Tx) error {
		return w.clocks.Happened(w.ctx, tx, w.now.Now(), by, w.subject, event, reasons...)
	})
}

func (w *world) at(instant string) {
	w.t.Helper()
	t, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		w.t.Fatal(err)
	}
	w.now.Move(t.Sub(w.now.Now()))
}

// views reads the clocks as a page does: in a batch, under the actor's fence.
func (w *world) views(by identity.Actor) []clock.View {
	w.t.Helper()
	var kept []clock.Kept
	if err := w.db.Batch(w.ctx, by.Scope(), clock.About(&kept, "application", w.subject.ID)); err != nil {
		w.t.Fatal(err)
	}
	return w.clocks.Views(kept, w.now.Now())
}

func (w *world) view(code string) clock.View {
	w.t.Helper()
	v, ok := clock.Find(w.views(w.worker), code)
	if !ok {
		w.t.Fatalf("there is no clock %s", code)
	}
	return v
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.Batch(w.ctx, pg.System, pg.Value(&n, sql, args...)); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) sweep() clock.Swept {
	w.t.Helper()
	done, err := w.sweeper.Sweep(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

func (w *world) due(code, want string) {
	w.t.Helper()
	v := w.view(code)
	if v.DueOn.String() != want || (v.Reading.DueDay != v.DueOn && v.Reading.State != clock.Paused) {
		w.t.Errorf("%s is kept as due on %s and read as %s, want %s", code, v.DueOn, v.Reading.DueDay, want)
	}
}

func TestEventsStartAndStop(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-04T02:30:00Z") // the evening of 3 March there
	w.happened(w.owner, programme.ApplicationOpened)
	w.due("profile_due", "2026-04-02")
	v := w.view("profile_due")
	if v.Zone != "America/New_York" || v.Calendar != "us-federal" || v.Amount != 30 || v.OwedBy != "company" || v.OnExpiry != "lapse" ||
		!slices.Equal(v.Reminders, clock.Ints{14, 7, 1}) || v.Source == "" || v.StartEvent != programme.ApplicationOpened {
		t.Errorf("the rule was not copied: %+v", v.Row)
	}
	if got := v.Reading.StartDay.String(); got != "2026-03-03" {
		t.Errorf("started on %s in the office's zone, want 3 March", got)
	}

	w.happened(w.owner, programme.ApplicationOpened) // runs already
	if n := len(w.views(w.worker)); n != 1 {
		t.Fatalf("%d clocks after the event came twice, want 1", n)
	}

	w.at("2026-03-10T12:00:00Z")
	w.happened(w.owner, programme.ApplicationSubmitted)
	if v := w.view("profile_due"); v.StoppedAt == nil || v.StopEvent != programme.ApplicationSubmitted || v.Reading.State != clock.StoppedInTime {
		t.Errorf("not stopped by the submission: %+v", v.Row)
	}
	w.due("certification_decision", "2026-06-08")
	w.due("vetting", "2026-06-08")

	// What the company sees through its fence, and another company does not.
	if n := len(w.views(w.owner)); n != 3 {
		t.Errorf("the company sees %d of its 3 clocks", n)
	}
	stranger := w.owner
	stranger.CompanyID = w.newCompany("Other")
	if n := len(w.views(stranger)); n != 0 {
		t.Errorf("another company sees %d clocks", n)
	}
	err := w.db.Write(w.ctx, stranger.Scope(), func(tx pg.Tx) error {
		return w.clocks.Happened(w.ctx, tx, w.now.Now(), stranger, w.subject, programme.ApplicationOpened)
	})
	if err == nil {
		t.Error("another company started a clock of this one")
	}
	if n := w.count(`select count(*)::int from audit_event where action like 'clock.%' and subject_id = $1 and company_id = $2`, w.subject.ID, w.company); n != 4 {
		t.Errorf("%d audit events, want 3 starts and 1 stop", n)
	}
}

func TestPauseByEventAndByPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	w.happened(w.owner, programme.ApplicationSubmitted)
	w.due("certification_decision", "2026-06-01")

	w.at("2026-03-10T15:00:00Z")
	w.happened(w.worker, programme.ApplicationInformationRequested)
	if v := w.view("certification_decision"); !v.Paused || v.Reading.State != clock.Paused || len(v.Pauses) != 1 || v.Pauses[0].PausedBy != w.worker.Name {
		t.Fatalf("the request did not pause the decision: %+v %+v", v.Row, v.Pauses)
	} else if why := v.PauseReason(w.ctx); why != "Waiting for the company" {
		t.Errorf("paused because of %q", why)
	}
	w.due("information_answer", "2026-03-24")

	w.at("2026-03-19T15:00:00Z")
	w.happened(w.owner, programme.ApplicationInformationReceived)
	w.due("certification_decision", "2026-06-10") // the example of the design: 9 days, 1 June becomes 10 June
	text := strings.Join(w.view("certification_decision").Reading.Arithmetic(w.ctx), " ")
	for _, part := range []string{"Started 3 March 2026", "90 calendar days", "Paused 9 days", "10 March 2026 to 18 March 2026", "Now due 10 June 2026"} {
		if !strings.Contains(text, part) {
			t.Errorf("the arithmetic lacks %q: %s", part, text)
		}
	}

	pause := func(by identity.Actor, reason string) error {
		return w.db.Write(w.ctx, by.Scope(), func(tx pg.Tx) error {
			return w.clocks.Pause(w.ctx, tx, w.now.Now(), by, w.subject, "certification_decision", reason, "asked on the phone")
		})
	}
	if err := pause(w.owner, "other_agency"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("the company paused a clock: %v", err)
	}
	if err := pause(w.worker, "force_majeure"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("paused for a reason that the clock does not have: %v", err)
	}
	if err := pause(w.worker, "other_agency"); err != nil {
		t.Fatal(err)
	}
	if err := pause(w.worker, "other_agency"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("paused twice: %v", err)
	}
	// Another reason's end does not resume it, and stopping it ends the pause.
	w.happened(w.owner, programme.ApplicationInformationReceived)
	if v := w.view("certification_decision"); !v.Paused {
		t.Error("an answer resumed a pause that waits for another agency")
	}
	w.at("2026-03-22T15:00:00Z")
	w.happened(w.owner, programme.ApplicationWithdrawn)
	v := w.view("certification_decision")
	if v.Paused || v.StoppedAt == nil || len(v.Pauses) != 2 || v.Pauses[1].ResumedAt == nil {
		t.Errorf("withdrawing left the clock as %+v with %+v", v.Row, v.Pauses)
	}
	if err := pause(w.worker, "other_agency"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("paused a clock that was stopped: %v", err)
	}
	stranger := w.owner
	stranger.CompanyID = w.newCompany("Other")
	var kept []clock.Kept
	pauses := -1
	err := w.db.Batch(w.ctx, stranger.Scope(), clock.About(&kept, "application", w.subject.ID),
		pg.Value(&pauses, `select count(*)::int from clock_pause where company_id = $1`, w.subject.Company))
	if err != nil || len(kept) != 0 || pauses != 0 {
		t.Errorf("another company sees %d clocks and %d pauses: %v", len(kept), pauses, err)
	}
}

func TestUnionRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eu-aeo", "Europe/Brussels", "eu-commission", "2026-03-03T23:30:00Z") // already 4 March there
	w.happened(w.owner, programme.ApplicationSubmitted)
	w.due("acceptance", "2026-04-07") // thirty days end on Good Friday; Easter Monday is off too
	w.at("2026-03-20T10:00:00Z")
	w.happened(w.worker, programme.ApplicationAccepted)
	w.due("decision", "2026-07-20") // 18 July is a Saturday (Reg. 1182/71 Art. 3(4))

	// A request for information lengthens the time for the decision (DA Art. 13(1)), and
	// so does a hearing (13(2)).
	w.happened(w.worker, programme.ApplicationInformationRequested)
	if !w.view("decision").Paused {
		t.Error("a request for information did not pause the decision")
	}
	w.happened(w.owner, programme.ApplicationInformationReceived)
	if w.view("decision").Paused {
		t.Error("the answer did not let the decision run on")
	}
	w.happened(w.worker, programme.ApplicationHearingOpened)
	if !w.view("decision").Paused {
		t.Error("the hearing did not pause the decision")
	}
	w.at("2026-03-30T10:00:00Z")
	w.happened(w.owner, programme.ApplicationHearingAnswered)
	w.due("decision", "2026-07-27") // nine whole days: the day of acceptance itself does not count

	// "Has effect on the fifth day after the decision" (DA Art. 29).
	w.at("2026-04-01T10:00:00Z")
	w.happened(w.worker, programme.ApplicationCertified)
	if v := w.view("effective"); v.Reading.OpensDay.String() != "2026-04-06" {
		t.Errorf("takes effect on %s, want 6 April", v.Reading.OpensDay)
	}
}

func TestExtend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	w.happened(w.owner, programme.ApplicationOpened)
	extend := func(by identity.Actor, days int, reason string) error {
		return w.db.Write(w.ctx, by.Scope(), func(tx pg.Tx) error {
			return w.clocks.Extend(w.ctx, tx, w.now.Now(), by, w.subject, "profile_due", days, reason, "")
		})
	}
	for _, c := range []struct {
		by     identity.Actor
		days   int
		reason string
		want   fault.Kind
	}{
		{w.owner, 10, "company_asked", fault.Forbidden},
		{w.worker, 10, "more_examination", fault.Invalid},
		{w.worker, 0, "company_asked", fault.Invalid},
		{w.worker, -5, "company_asked", fault.Invalid},
		{w.worker, 31, "company_asked", fault.Invalid},
	} {
		if err := extend(c.by, c.days, c.reason); fault.KindOf(err) != c.want {
			t.Errorf("extending by %d for %s: %v", c.days, c.reason, err)
		}
	}
	w.due("profile_due", "2026-04-02")
	if err := extend(w.worker, 20, "company_asked"); err != nil {
		t.Fatal(err)
	}
	w.due("profile_due", "2026-04-22")
	if err := extend(w.worker, 11, "company_asked"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("extended beyond the limit in all: %v", err)
	}
	w.at("2026-04-23T04:00:00Z") // midnight there: the time is over
	if err := extend(w.worker, 10, "company_asked"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("gave back time that had run out: %v", err)
	}
}

// Two persons who pause the same clock at once: one does, the others are told.
func TestPauseRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	w.happened(w.owner, programme.ApplicationSubmitted)
	var group sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		group.Go(func() {
			results[i] = w.db.Write(w.ctx, w.worker.Scope(), func(tx pg.Tx) error {
				return w.clocks.Pause(w.ctx, tx, w.now.Now(), w.worker, w.subject, "vetting", "other_agency", "")
			})
		})
	}
	group.Wait()
	won := 0
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case fault.KindOf(err) != fault.Conflict:
			t.Errorf("a loser got %v", err)
		}
	}
	if n := w.count(`select count(*)::int from clock_pause`); won != 1 || n != 1 {
		t.Errorf("%d paused, %d pauses", won, n)
	}
}

// The last day is over at midnight where the office is, whatever UTC says, also
// where that night has no midnight or two.
func TestOverdueAtTheEndOfTheDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, zone, start, before, after string }{
		{"west of UTC", "America/New_York", "2026-05-05T15:00:00Z", "2026-06-05T03:59:59Z", "2026-06-05T04:00:00Z"},
		{"east of UTC", "Asia/Tokyo", "2026-05-05T02:00:00Z", "2026-06-04T14:59:59Z", "2026-06-04T15:00:00Z"},
		{"summer time begins on the day after", "America/New_York", "2026-02-05T15:00:00Z", "2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z"},
		{"summer time begins on the last day", "America/New_York", "2026-02-06T15:00:00Z", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z"},
		{"summer time ends on the last day", "America/New_York", "2026-10-02T15:00:00Z", "2026-11-02T04:59:59Z", "2026-11-02T05:00:00Z"},
		{"no midnight", "Asia/Beirut", "2026-02-26T12:00:00Z", "2026-03-28T21:59:59Z", "2026-03-28T22:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "ctpat", c.zone, "us-federal", c.start)
			var ran int
			w.sweeper.Expired = map[programme.Action]clock.Hook{programme.Lapse: func(context.Context, pg.Tx, time.Time, identity.Actor, clock.Row) error {
				ran++
				return nil
			}}
			w.happened(w.owner, programme.ApplicationOpened)
			w.at(c.before)
			if done := w.sweep(); done.Expired != 0 || ran != 0 || w.view("profile_due").Reading.State != clock.DueSoon {
				t.Errorf("at the last second: %+v, %s", done, w.view("profile_due").Reading.State)
			}
			w.at(c.after)
			if done := w.sweep(); done.Expired != 1 || ran != 1 || w.view("profile_due").Reading.State != clock.Overdue {
				t.Errorf("at midnight: %+v, %s, due %s", done, w.view("profile_due").Reading.State, w.view("profile_due").DueOn)
			}
			if done := w.sweep(); done.Expired != 0 || ran != 1 {
				t.Errorf("acted twice: %+v", done)
			}
		})
	}
}

func TestRemindersGoOutOnceAndTheLatestOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	w.happened(w.owner, programme.ApplicationOpened) // due 2 April, reminders 14, 7 and 1 days before
	steps := []struct {
		at    string
		sends int
	}{
		{"2026-03-18T15:00:00Z", 0}, // 15 days left
		{"2026-03-19T15:00:00Z", 1}, // 14
		{"2026-03-19T16:00:00Z", 0},
		{"2026-04-01T15:00:00Z", 1}, // the portal was off: of 7 and 1 only the latest
		{"2026-04-01T15:15:00Z", 0},
	}
	for _, s := range steps {
		w.at(s.at)
		if done := w.sweep(); done.Reminded != s.sends {
			t.Errorf("%s: %d reminders, want %d", s.at, done.Reminded, s.sends)
		}
	}
	if got := w.view("profile_due").Reminded; !slices.Equal(got, clock.Ints{14, 1}) {
		t.Errorf("noted %v", got)
	}
	if n := w.count(`select count(*)::int from message where letter = 'deadline_reminder' and company_id = $1 and body like '%Days left: 1.%' and body like '%2 April 2026%'`, w.company); n != 1 {
		t.Errorf("%d letters say that a day is left", n)
	}
	if n := w.count(`select count(*)::int from mail where to_address = 'olga@harbor.example'`); n != 2 {
		t.Errorf("%d e-mails to the company's owner, want 2", n)
	}
	if n := w.count(`select count(*)::int from mail where body like '%April%' or body like '%profile%'`); n != 0 {
		t.Error("an e-mail says what only the portal may say")
	}
}

func TestAgencyIsRemindedAndToldWhenTimeIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	w.happened(w.owner, programme.ApplicationSubmitted)
	w.at("2026-05-25T15:00:00Z") // 7 days left: nobody is assigned, so the supervisor
	if done := w.sweep(); done.Reminded != 2 {
		t.Fatalf("%+v, want a reminder for the decision and one for vetting", done)
	}
	if n := w.count(`select count(*)::int from mail where to_address = 'sue@customs.example'`); n != 2 {
		t.Errorf("%d e-mails to the supervisor", n)
	}
	w.exec(`update application set assignee_id = ? where id = ?`, w.worker.PersonID, w.subject.ID)
	w.at("2026-06-02T15:00:00Z") // a day late
	if done := w.sweep(); done.Expired != 2 || done.Reminded != 2 {
		t.Fatalf("%+v, want both to have run out", done)
	}
	if n := w.count(`select count(*)::int from mail where to_address = 'sam@customs.example'`); n == 0 {
		t.Error("the assigned specialist was not told")
	}
	if n := w.count(`select count(*)::int from message`); n != 0 {
		t.Errorf("%d letters went to the company about the agency's own deadline", n)
	}
}

// Two replicas sweep at once, many times over: everything happens once.
func TestTwoSweepers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	var mu sync.Mutex
	ran := map[uuid.UUID]int{}
	hook := func(ctx context.Context, tx pg.Tx, now time.Time, by identity.Actor, r clock.Row) error {
		mu.Lock()
		ran[r.SubjectID]++
		mu.Unlock()
		s := w.subject
		s.ID, s.Company = r.SubjectID, r.CompanyID
		return w.clocks.Happened(ctx, tx, now, by, s, programme.ApplicationLapsed)
	}
	w.sweeper.Expired = map[programme.Action]clock.Hook{programme.Lapse: hook}
	const n = 30
	for range n {
		s := w.subject
		s.ID = w.application(w.company, s.Programme)
		w.write(pg.System, func(tx pg.Tx) error {
			return w.clocks.Happened(w.ctx, tx, w.now.Now(), w.owner, s, programme.ApplicationOpened)
		})
	}
	other := *w.sweeper
	w.at("2026-03-27T15:00:00Z") // 6 days left: one reminder each
	both := func() {
		var group sync.WaitGroup
		for _, s := range []*clock.Service{w.sweeper, &other, w.sweeper} {
			group.Go(func() {
				if _, err := s.Sweep(w.ctx); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		w.sweep() // what one skipped because the other held it
	}
	both()
	if got := w.count(`select count(*)::int from message where letter = 'deadline_reminder'`); got != n {
		t.Errorf("%d reminders for %d clocks", got, n)
	}
	w.at("2026-04-03T04:00:00Z")
	both()
	if len(ran) != n {
		t.Errorf("%d of %d ran out", len(ran), n)
	}
	for id, k := range ran {
		if k != 1 {
			t.Errorf("application %s lapsed %d times", id, k)
		}
	}
	if got := w.count(`select count(*)::int from audit_event where action = 'clock.expire'`); got != n {
		t.Errorf("%d events of running out for %d clocks", got, n)
	}
}

// A hook that fails undoes its own clock only, and is tried again.
func TestFailingHookHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	w.happened(w.owner, programme.ApplicationOpened)
	second := w.subject
	second.ID = w.application(w.company, second.Programme)
	w.write(pg.System, func(tx pg.Tx) error {
		return w.clocks.Happened(w.ctx, tx, w.now.Now(), w.owner, second, programme.ApplicationOpened)
	})
	broken := true
	w.sweeper.Expired = map[programme.Action]clock.Hook{programme.Lapse: func(_ context.Context, _ pg.Tx, _ time.Time, _ identity.Actor, r clock.Row) error {
		if broken && r.SubjectID == w.subject.ID {
			return errors.New("broken")
		}
		return nil
	}}
	w.at("2026-04-10T12:00:00Z")
	done, err := w.sweeper.Sweep(w.ctx)
	if err == nil || done.Failed != 1 || done.Expired != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if w.view("profile_due").ExpiredAt != nil {
		t.Error("a failed hook left the clock marked")
	}
	broken = false
	if done := w.sweep(); done.Expired != 1 {
		t.Errorf("not tried again: %+v", done)
	}
}

// Somebody who works on the record keeps the sweep waiting for the next time, not the
// other clocks; a paused clock neither reminds nor runs out and moves its date along.
func TestBusyAndPaused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	w.happened(w.owner, programme.ApplicationSubmitted)
	w.at("2026-03-10T15:00:00Z")
	w.write(w.worker.Scope(), func(tx pg.Tx) error {
		for _, code := range []string{"certification_decision", "vetting"} {
			if err := w.clocks.Pause(w.ctx, tx, w.now.Now(), w.worker, w.subject, code, "other_agency", ""); err != nil {
				return err
			}
		}
		return nil
	})
	w.at("2026-07-01T15:00:00Z") // a month after the original date
	if done := w.sweep(); done.Expired != 0 || done.Reminded != 0 {
		t.Errorf("paused clocks did something: %+v", done)
	}
	w.due("vetting", "2026-09-23") // 83 days were left; the day of the pause is the first that stood still
	w.at("2026-07-02T15:00:00Z")
	w.write(w.worker.Scope(), func(tx pg.Tx) error {
		return w.clocks.Resume(w.ctx, tx, w.now.Now(), w.worker, w.subject, "vetting", "")
	})
	w.due("vetting", "2026-09-23")

	w.at("2026-09-24T15:00:00Z")
	w.write(pg.System, func(tx pg.Tx) error {
		if err := tx.WithContext(w.ctx).Exec(`select id from application where id = ? for update`, w.subject.ID).Error; err != nil {
			return err
		}
		if done := w.sweep(); done.Expired != 0 {
			t.Errorf("did not keep off a record that somebody holds: %+v", done)
		}
		return nil
	})
	if done := w.sweep(); done.Expired != 1 {
		t.Errorf("did not come back to it: %+v", done)
	}
}

func TestRepeatingClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	w.happened(w.worker, programme.ApplicationCertified)
	v := w.view("annual_review_opens")
	if v.Reading.OpensDay.String() != "2026-12-03" { // 90 days before 3 March 2027
		t.Errorf("the review opens on %s", v.Reading.OpensDay)
	}
	w.at("2026-12-04T15:00:00Z")
	w.sweep()
	if v := w.view("annual_review_opens"); v.Reading.State != clock.Open || v.ExpiredAt == nil {
		t.Errorf("the review is not open: %+v", v.Row)
	}
	w.at("2027-03-05T15:00:00Z")
	if done := w.sweep(); done.Renewed != 1 {
		t.Errorf("%+v, want the opening to begin again, and the review that nobody submitted to wait", done)
	}
	v = w.view("annual_review_opens")
	if v.Reading.StartDay.String() != "2027-03-03" || v.Reading.OpensDay.String() != "2027-12-04" { // 90 days before 3 March 2028, a leap year
		t.Errorf("the next one runs from %s and opens %s", v.Reading.StartDay, v.Reading.OpensDay)
	}
	if lines := v.Arithmetic(w.ctx); lines[0] != "Anniversary: 2 years after 3 March 2026, 3 March 2028. 90 days before it: 4 December 2027." {
		t.Errorf("the arithmetic begins with %q", lines[0])
	}
	if done := w.sweep(); done.Renewed != 0 {
		t.Errorf("renewed twice: %+v", done)
	}
}

// met says that the yearly review was submitted for the years up to a day.
func (w *world) met(through string) {
	w.t.Helper()
	d, err := clock.ParseDay(through)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(w.owner.Scope(), func(tx pg.Tx) error {
		return w.clocks.Met(w.ctx, tx, w.now.Now(), w.owner, w.subject, programme.AnnualReviewSubmitted, d)
	})
}

// turns are all turns of a clock, the oldest first: its days and what it says of itself.
func (w *world) turns(code string) (out []string) {
	w.t.Helper()
	var list []clock.View
	for _, v := range w.views(w.worker) {
		if v.Code == code {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b clock.View) int { return a.StartedAt.Compare(b.StartedAt) })
	for _, v := range list {
		out = append(out, v.Reading.StartDay.String()+" "+v.DueOn.String()+" "+string(v.Reading.State))
	}
	return out
}

func (w *world) wantTurns(when string, want ...string) {
	w.t.Helper()
	if got := w.turns("annual_review_due"); !slices.Equal(got, want) {
		w.t.Errorf("%s: %q, want %q", when, got, want)
	}
}

// A step that is done for one year leaves the anniversaries where they are: done in time,
// the next turn lies ahead; done late, it ends the state of being overdue; never done, it
// stays overdue until the time of the next year is over too.
func TestMet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/Los_Angeles", "us-federal", "2024-03-16T02:00:00Z") // the evening of 15 March there
	w.happened(w.worker, programme.ApplicationCertified)
	w.at("2025-01-20T20:00:00Z")
	w.met("2024-12-31") // no anniversary is before that day
	w.wantTurns("nothing is met", "2024-03-15 2025-03-15 running")
	w.met("2025-03-15")
	w.met("2025-03-15") // twice does no harm
	w.wantTurns("submitted in time", "2024-03-15 2025-03-15 stopped_in_time", "2025-03-15 2026-03-15 met")
	w.at("2025-03-16T06:59:00Z") // the last minute of the anniversary
	if done := w.sweep(); done.Expired != 1 || w.count(`select count(*)::int from message`) != 0 {
		t.Errorf("%+v, want the opening of the review alone, and no word to the company", done)
	}
	w.at("2025-03-17T07:00:00Z")
	w.sweep()
	w.wantTurns("the year has begun", "2024-03-15 2025-03-15 stopped_in_time", "2025-03-15 2026-03-15 running")

	var acted []string
	w.sweeper.Expired = map[programme.Action]clock.Hook{programme.Task: func(_ context.Context, _ pg.Tx, _ time.Time, _ identity.Actor, r clock.Row) error {
		day, err := w.clocks.Anniversary(r)
		if r.Code == "annual_review_due" {
			acted = append(acted, day.String())
		}
		return err
	}}
	w.at("2026-03-16T07:00:00Z") // the day after
	w.sweep()
	w.wantTurns("missed", "2024-03-15 2025-03-15 stopped_in_time", "2025-03-15 2026-03-15 overdue")
	w.at("2026-05-20T12:00:00Z")
	w.sweep()
	w.met("2026-03-15")
	w.wantTurns("submitted late", "2024-03-15 2025-03-15 stopped_in_time", "2025-03-15 2026-03-15 stopped_late", "2026-03-15 2027-03-15 running")

	w.at("2027-12-20T12:00:00Z") // in the time for 2028, with nothing submitted for 2027
	w.sweep()
	w.wantTurns("two years owed", "2024-03-15 2025-03-15 stopped_in_time", "2025-03-15 2026-03-15 stopped_late", "2026-03-15 2027-03-15 overdue")
	w.met("2028-03-15") // the review of 2028 stands for both
	w.wantTurns("caught up", "2024-03-15 2025-03-15 stopped_in_time", "2025-03-15 2026-03-15 stopped_late", "2026-03-15 2027-03-15 stopped_late",
		"2027-03-15 2028-03-15 stopped_in_time", "2028-03-15 2029-03-15 met")

	w.at("2031-06-01T12:00:00Z") // the portal was off for years
	w.sweep()
	w.wantTurns("nothing since", "2024-03-15 2025-03-15 stopped_in_time", "2025-03-15 2026-03-15 stopped_late", "2026-03-15 2027-03-15 stopped_late",
		"2027-03-15 2028-03-15 stopped_in_time", "2028-03-15 2029-03-15 missed", "2029-03-15 2030-03-15 missed", "2030-03-15 2031-03-15 overdue")
	if want := []string{"2026-03-15", "2027-03-15", "2029-03-15", "2030-03-15", "2031-03-15"}; !slices.Equal(acted, want) {
		t.Errorf("acted on the missed years %q, want %q", acted, want)
	}
	w.happened(w.worker, "membership.withdrawn")
	if n := w.count(`select count(*)::int from clock where stopped_at is null and code like 'annual%'`); n != 0 {
		t.Errorf("%d clocks of the review run after the end", n)
	}
	w.met("2031-03-15")
	if n := len(w.turns("annual_review_due")); n != 7 {
		t.Errorf("a clock that has ended began again: %d turns", n)
	}
}

// Force majeure moves the day of one year and not the anniversary.
func TestMetAfterAPause(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "Europe/Brussels", "be", "2024-02-29T23:30:00Z") // 1 March there
	w.happened(w.worker, programme.ApplicationCertified)
	w.at("2025-02-10T12:00:00Z")
	step := func(do func(tx pg.Tx) error) { t.Helper(); w.write(w.worker.Scope(), do) }
	step(func(tx pg.Tx) error {
		return w.clocks.Pause(w.ctx, tx, w.now.Now(), w.worker, w.subject, "annual_review_due", "force_majeure", "flood")
	})
	w.at("2025-03-12T12:00:00Z")
	step(func(tx pg.Tx) error {
		return w.clocks.Resume(w.ctx, tx, w.now.Now(), w.worker, w.subject, "annual_review_due", "")
	})
	w.sweep()
	w.wantTurns("thirty days more", "2024-03-01 2025-03-31 due_soon")
	w.met("2025-03-01")
	w.wantTurns("in time with the pause", "2024-03-01 2025-03-31 stopped_in_time", "2025-03-01 2026-03-01 running")
}

// Two sweeps and two submissions at once: each turn follows once.
func TestTurnsRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	w.happened(w.worker, programme.ApplicationCertified)
	w.at("2027-03-10T15:00:00Z")
	anniversary, err := clock.ParseDay("2027-03-03")
	if err != nil {
		t.Fatal(err)
	}
	other := *w.sweeper
	var group sync.WaitGroup
	for _, s := range []*clock.Service{w.sweeper, &other} {
		group.Go(func() {
			if _, err := s.Sweep(w.ctx); err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			err := w.db.Write(w.ctx, w.owner.Scope(), func(tx pg.Tx) error {
				if err := tx.WithContext(w.ctx).Exec(`select id from application where id = ? for update`, w.subject.ID).Error; err != nil {
					return err
				}
				return w.clocks.Met(w.ctx, tx, w.now.Now(), w.owner, w.subject, programme.AnnualReviewSubmitted, anniversary)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	w.sweep()
	w.wantTurns("after all", "2026-03-03 2027-03-03 stopped_late", "2027-03-03 2028-03-03 running")
	if n := w.count(`select count(*)::int from clock where code = 'annual_review_opens'`); n != 2 {
		t.Errorf("%d turns of the opening", n)
	}
}

// A yearly review starts its clock anew, also while it runs; for a record that came to be
// later it counts from the review's own day, and what runs already stays.
func TestRestartsAndSince(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	const code = "risk_assessment_review"
	since := func(at string) {
		t.Helper()
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		w.write(w.owner.Scope(), func(tx pg.Tx) error {
			return w.clocks.Since(w.ctx, tx, w.now.Now(), when, w.owner, w.subject, programme.CompanyRiskAssessed)
		})
	}
	since("2025-11-30T03:00:00Z") // 29 November in New York
	w.due(code, "2026-11-29")
	since("2026-01-01T15:00:00Z")
	w.due(code, "2026-11-29")
	if n := w.count(`select count(*)::int from audit_event where action = 'clock.start' and at = $1 and after->>'clock' = $2`, w.now.Now(), code); n != 1 {
		t.Errorf("%d starts are recorded now", n)
	}
	w.happened(w.owner, programme.CompanyRiskAssessed)
	w.due(code, "2027-03-03")
	if n := w.count(`select count(*)::int from clock where code = $1 and stopped_at is not null and stop_event = $2`, code, programme.CompanyRiskAssessed); n != 1 {
		t.Errorf("%d clocks were stopped to start anew", n)
	}
}

// A yearly clock that began on 29 February comes back to it in every leap year, whether
// each year is met or missed, and in whatever zone the office counts its days.
func TestRepeatingOnALeapDay(t *testing.T) {
	t.Parallel()
	for zone, at := range map[string]string{"America/New_York": "2028-03-01T03:00:00Z", "Europe/Brussels": "2028-02-28T23:30:00Z"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "ctpat", zone, "us-federal", at)
			w.happened(w.worker, programme.ApplicationCertified)
			for _, x := range []struct{ met, due, opens string }{
				{"", "2029-02-28", "2028-11-30"}, {"2029-02-28", "2030-02-28", "2029-11-30"}, {"2030-02-28", "2031-02-28", "2030-11-30"},
				{"2031-02-28", "2032-02-29", "2031-12-01"}, {"2032-02-29", "2033-02-28", "2032-11-30"},
			} {
				if x.met != "" {
					w.at(x.met + "T12:00:00Z")
					w.met(x.met)
					w.now.Move(48 * time.Hour)
				}
				w.sweep()
				w.due("annual_review_due", x.due)
				if got := w.view("annual_review_opens").Reading.OpensDay.String(); got != x.opens {
					t.Errorf("due %s: opens %s, want %s", x.due, got, x.opens)
				}
			}
			w.at("2040-01-01T12:00:00Z")
			w.sweep()
			w.due("annual_review_due", "2039-02-28")
		})
	}
}

// A clock stands still while any of its reasons holds, and counts the days once.
func TestPausesForSeveralReasons(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	w.happened(w.worker, programme.ApplicationSubmitted)
	w.due("certification_decision", "2026-06-01")
	w.at("2026-03-10T15:00:00Z")
	pause := func(reason string) error {
		return w.db.Write(w.ctx, w.worker.Scope(), func(tx pg.Tx) error {
			return w.clocks.Pause(w.ctx, tx, w.now.Now(), w.worker, w.subject, "certification_decision", reason, "")
		})
	}
	if err := pause("other_agency"); err != nil {
		t.Fatal(err)
	}
	w.at("2026-03-12T15:00:00Z")
	w.happened(w.worker, programme.ApplicationInformationRequested)
	w.at("2026-03-15T15:00:00Z") // the other agency has answered, the company has not
	w.write(w.worker.Scope(), func(tx pg.Tx) error {
		return w.clocks.Resume(w.ctx, tx, w.now.Now(), w.worker, w.subject, "certification_decision", "")
	})
	if !w.view("certification_decision").Paused {
		t.Error("the clock runs while we wait for the company")
	}
	w.at("2026-03-19T15:00:00Z")
	w.happened(w.worker, programme.ApplicationInformationReceived)
	if v := w.view("certification_decision"); v.Paused || v.Reading.DaysPaused != 9 {
		t.Errorf("paused %d days, want 9; paused now: %t", v.Reading.DaysPaused, v.Paused)
	}
	w.due("certification_decision", "2026-06-10")

	// The company's answer does not end a pause that waits for somebody else.
	w.happened(w.worker, programme.ApplicationInformationRequested)
	if err := pause("other_agency"); err != nil {
		t.Fatal(err)
	}
	w.happened(w.worker, programme.ApplicationInformationReceived)
	if !w.view("certification_decision").Paused {
		t.Error("the company's answer ended a pause that waits for another agency")
	}
}

// More clocks than a batch, all of which need something.
func TestMoreThanABatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ctpat", "America/New_York", "us-federal", "2026-03-03T15:00:00Z")
	const n = 230
	w.exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at)
		select gen_random_uuid(), 'B-' || i, ?, 'ctpat', 'e', 'h', 'type-' || i, ?, 'draft', now() from generate_series(1, ?) i`, w.company, w.office, n)
	w.exec(`insert into clock (company_id, subject_kind, subject_id, office_id, programme, code, name, source, start_event, started_at, zone, calendar,
		amount, unit, owed_by, on_expiry, due_on) select company_id, 'application', id, office_id, 'ctpat', 'profile_due', 'n', 's', 'application.opened',
		'2026-01-01T12:00:00Z', 'America/New_York', 'us-federal', 30, 'calendar_days', 'company', 'none', '2026-01-31' from application where reference like 'B-%'`)
	if done := w.sweep(); done.Expired != n {
		t.Errorf("%+v, want %d", done, n)
	}
}
