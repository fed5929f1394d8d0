package succession_test

import (
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/standing"
	"trustedtrader/app/succession"
)

// sharedWorld is a company that is an importer and an exporter, each of which is asked
// something that the other is not.
type sharedWorld struct {
	*world
	sweeper  *clock.Service
	exporter uuid.UUID
}

const criteriaOfTwo = `edition: "2026.1"
programme: ctpat
status: published
valid_from: 2026-01-01
title: Criteria
source: {title: Test, rights: Test}
sections: [{id: s, title: Section}]
criteria:
`

func criterionOf(id, types string) string {
	return `  - id: "` + id + `"
    official: true
    level: must
    title: Title
    requirement: Requirement
    applies_to: [` + types + `]
    sections: [s]
    scope: company
    questions:
      - {id: ` + id + `.a, kind: yes_no, level: must, text: Question, required: true}
`
}

func newShared(t *testing.T, at string) *sharedWorld {
	t.Helper()
	library, err := catalogue.Load(fstest.MapFS{"ctpat/catalogue/2026.1.yaml": {Data: []byte(criteriaOfTwo +
		criterionOf("1.1", "importer, exporter") + "      - {id: 1.1.p, kind: persons, level: must, text: Who}\n" + criterionOf("2.1", "importer") + criterionOf("3.1", "exporter") + criterionOf("4.1", "customs_broker"))}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{World: findingtest.Over(t, reviewtest.New(t, at).With(library))}
	w.svc = &succession.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.World.World.Steps, Standing: w.Members.Standing, Members: w.Members}
	w.owner, w.m = w.Member("Harbor Trading LLC")
	s := &sharedWorld{world: w}
	w.Number(w.owner.CompanyID, "duns", "123456789")
	_, s.exporter = w.MemberOf(w.owner, "ctpat", "exporter")
	s.sweeper = &clock.Service{DB: w.DB, Now: w.Clock.Now, Clocks: w.World.World.Steps.Clocks, Letters: w.Steps.Letters, Expired: clock.Together(w.Applications.Hooks(), w.Members.Hooks())}
	return s
}

// day goes to the afternoon of a day, and lets the portal do what is due by then.
func (s *sharedWorld) day(day string) {
	s.T.Helper()
	s.to(day + "T15:00:00Z")
	s.turn()
	_, err := s.sweeper.Sweep(s.Ctx)
	s.Must(err)
}

func sharing(lead uuid.UUID, day string) succession.Entry {
	return succession.Entry{Kind: succession.Share, Day: day, Reason: "same_measures", Lead: lead}
}

// accepted brings a case of sharing through the desk.
func (s *sharedWorld) accepted(in succession.Entry) succession.Case {
	s.T.Helper()
	c := s.sent(in)
	c, err := s.svc.Take(s.Ctx, s.Sam, c.ID, c.Version)
	s.Must(err)
	c, err = s.svc.Decide(s.Ctx, s.Sam, c.ID, true, succession.StepEntry{Version: c.Version})
	s.Must(err)
	return c
}

// shared lets the exporter rely on the profile of the importer from today on.
func (s *sharedWorld) shared() succession.Case {
	s.T.Helper()
	in := sharing(s.m, s.Clock.Now().Format(time.DateOnly))
	in.Membership = s.exporter
	c := s.accepted(in)
	if got := s.status(c); got != "in_force" {
		s.T.Fatalf("shared: %s", got)
	}
	return c
}

// due is the last day of the yearly review of a membership; "none" when no clock runs.
func (s *sharedWorld) due(m uuid.UUID) string {
	s.T.Helper()
	return s.Text(`select coalesce((select due_on::text from clock where subject_id = $1 and code = 'annual_review_due' and stopped_at is null), 'none')`, m)
}

func (s *sharedWorld) opens(m uuid.UUID) string {
	s.T.Helper()
	return s.Text(`select coalesce((select (due_on + 1)::text from clock where subject_id = $1 and code = 'annual_review_opens' and stopped_at is null), 'none')`, m)
}

func (s *sharedWorld) reviews(m uuid.UUID) string {
	s.T.Helper()
	return s.Text(`select coalesce(string_agg(status, ' ' order by opened_at), '') from profile_cycle where membership_id = $1`, m)
}

func TestOneProfileForTwoMemberships(t *testing.T) {
	t.Parallel()
	s := newShared(t, "2026-03-04T15:00:00Z")
	s.day("2026-12-10") // the reviews of both are open
	if s.reviews(s.m) != "open" || s.reviews(s.exporter) != "open" {
		t.Fatalf("before: %q, %q", s.reviews(s.m), s.reviews(s.exporter))
	}
	s.shared()
	if got := s.reviews(s.exporter); got != "ended" {
		t.Errorf("the open review of the follower: %s", got)
	}
	number := s.Text(`select number from membership where id = $1`, s.m)
	if why := s.Text(`select end_reason from profile_cycle where membership_id = $1`, s.exporter); !strings.Contains(why, number) {
		t.Errorf("it does not say where it goes on: %s", why)
	}
	if s.due(s.exporter) != "none" || s.opens(s.exporter) != "none" || s.due(s.m) != "2027-03-04" {
		t.Errorf("clocks: %s, %s, %s", s.due(s.exporter), s.opens(s.exporter), s.due(s.m))
	}
	open := uuid.MustParse(s.Text(`select id::text from profile_cycle where membership_id = $1`, s.m))
	if p := profiletest.Read(s.Ctx, t, s.Profiles, open); len(p.Form.Criteria) != 2 {
		t.Errorf("the review that was open asks %d criteria", len(p.Form.Criteria))
	}
	profiletest.Fill(s.Ctx, t, s.Profiles, s.owner, open)
	profiletest.Submit(s.Ctx, t, s.Profiles, s.owner, open)

	s.day("2027-12-10")
	if got := s.reviews(s.exporter); got != "ended" {
		t.Errorf("the follower's reviews a year later: %s", got)
	}
	next := uuid.MustParse(s.Text(`select id::text from profile_cycle where membership_id = $1 order by opened_at desc limit 1`, s.m))
	p := profiletest.Read(s.Ctx, t, s.Profiles, next)
	var asked []string
	for _, c := range p.Form.Criteria {
		asked = append(asked, c.ID)
	}
	if got := strings.Join(asked, " "); got != "1.1 2.1 3.1" || p.Cycle.FormKey() != "importer+exporter" {
		t.Errorf("the next review asks %s as %s", got, p.Cycle.FormKey())
	}
	for _, key := range []string{"importer", "importer+customs_broker", "exporter+importer"} {
		_, err := s.Profiles.Save(s.Ctx, s.owner, profile.AnswerEntry{Cycle: next, EditionHash: p.Cycle.EditionHash, EntityType: key, Criterion: "1.1", Question: "1.1.a", Answer: catalogue.Answer{Choice: catalogue.Yes}})
		s.Want("an answer from the form of "+key, err, fault.Conflict)
	}
	// What only the follower was asked comes from what it said.
	if g, ok := p.Given("3.1.a", uuid.Nil); !ok || !g.Carried {
		t.Errorf("the follower's answer: %+v, %v", g, ok)
	}
	if body := s.Text(`select body from message where letter = 'review_opened' and subject_id = $1`, next); !strings.Contains(body, s.Text(`select number from membership where id = $1`, s.exporter)) {
		t.Errorf("the letter does not name the follower: %s", body)
	}
	s.day("2028-03-10") // overdue
	if body := s.Text(`select body from message where letter = 'review_overdue' and subject_id = $1`, next); !strings.Contains(body, s.Text(`select number from membership where id = $1`, s.exporter)) {
		t.Errorf("the letter of the missed day does not name the follower: %s", body)
	}
	if n := s.Count(`select count(*)::int from profile_cycle where membership_id = $1 and overdue_at is not null`, s.exporter); n != 0 {
		t.Error("the follower is overdue")
	}
	profiletest.Fill(s.Ctx, t, s.Profiles, s.owner, next)
	profiletest.Submit(s.Ctx, t, s.Profiles, s.owner, next)
	profiletest.Accept(s.Ctx, t, s.Profiles, s.Sam, next)
	page, err := s.Members.Membership(s.Ctx, s.owner, s.exporter)
	s.Must(err)
	if x := page.Profiles[0]; x.ID != next || x.Of != number || x.Accepted.IsZero() {
		t.Errorf("the follower's page: %+v", x)
	}
	life, err := s.svc.Of(s.Ctx, s.owner, s.exporter)
	s.Must(err)
	if len(life.Shared) != 1 || life.Shared[0].Lead != number || life.Shared[0].From.String() != "2026-12-10" || !life.Shared[0].To.IsZero() || life.Shared[0].DueOn.String() != "2029-03-04" {
		t.Errorf("life: %+v", life.Shared)
	}
}

func TestUnsharingGivesTheReviewBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ certified, joined, parted, opens, due string }{
		{"2026-03-04", "2026-05-01", "2026-06-01", "2026-12-04", "2027-03-04"},
		{"2026-03-04", "2026-05-01", "2026-12-04", "2026-12-04", "2027-03-04"}, // the whole time is left, and the review opens at once
		{"2026-03-04", "2026-05-01", "2026-12-05", "2027-12-05", "2028-03-04"}, // a day too late for that
		{"2026-03-04", "2026-05-01", "2027-03-04", "2027-12-05", "2028-03-04"},
		{"2028-02-29", "2028-05-01", "2028-07-01", "2028-11-30", "2029-02-28"},
		{"2028-02-29", "2028-05-01", "2031-07-01", "2031-12-01", "2032-02-29"},
		{"2028-02-29", "2028-05-01", "2031-12-02", "2032-11-30", "2033-02-28"},
	} {
		t.Run(c.certified+" "+c.parted, func(t *testing.T) {
			t.Parallel()
			s := newShared(t, c.certified+"T15:00:00Z")
			s.day(c.joined)
			first := s.shared()
			s.day(c.parted)
			in := succession.Entry{Kind: succession.Unshare, Membership: s.exporter, Day: c.parted, Reason: "measures_differ"}
			x := s.sent(in)
			if got := s.status(x); got != "in_force" {
				t.Fatalf("parted: %s", got)
			}
			if opens, due := s.opens(s.exporter), s.due(s.exporter); opens != c.opens || due != c.due {
				t.Errorf("opens %s, due %s, want %s and %s", opens, due, c.opens, c.due)
			}
			_, err := s.sweeper.Sweep(s.Ctx)
			s.Must(err)
			if got, want := s.reviews(s.exporter), map[bool]string{true: "open"}[c.opens == c.parted]; got != want {
				t.Errorf("reviews on the day: %q, want %q", got, want)
			}
			s.day(c.opens)
			if got := s.reviews(s.exporter); got != "open" {
				t.Errorf("reviews on the day of the opening: %q", got)
			}
			life, err := s.svc.Of(s.Ctx, s.Chief, s.exporter)
			s.Must(err)
			if len(life.Shared) != 1 || life.Shared[0].To.String() != c.parted || life.Shared[0].EndReason != "unshared" {
				t.Errorf("history: %+v", life.Shared)
			}
			if n := s.Count(`select count(*)::int from profile_share where case_id = $1 and end_case_id = $2`, first.ID, x.ID); n != 1 {
				t.Error("the cases do not stand with the history")
			}
		})
	}
}

// What was shared comes back with the follower: its next review starts from the answers of
// the profile of both.
func TestAnswersComeBackWithTheFollower(t *testing.T) {
	t.Parallel()
	s := newShared(t, "2026-03-04T15:00:00Z")
	s.shared()
	s.day("2026-12-10")
	both := uuid.MustParse(s.Text(`select id::text from profile_cycle where membership_id = $1`, s.m))
	profiletest.Fill(s.Ctx, t, s.Profiles, s.owner, both)
	profiletest.Submit(s.Ctx, t, s.Profiles, s.owner, both)
	s.day("2027-05-01")
	c := s.sent(succession.Entry{Kind: succession.Unshare, Membership: s.exporter, Day: "2027-06-01", Reason: "measures_differ"})
	s.day("2027-05-31")
	if s.status(c) != "accepted" || s.due(s.exporter) != "none" {
		t.Errorf("the day before: %s, due %s", s.status(c), s.due(s.exporter))
	}
	s.day("2027-06-01")
	if s.status(c) != "in_force" || s.due(s.exporter) != "2028-03-04" {
		t.Errorf("on the day: %s, due %s", s.status(c), s.due(s.exporter))
	}
	s.day("2027-12-10")
	own := uuid.MustParse(s.Text(`select id::text from profile_cycle where membership_id = $1`, s.exporter))
	p := profiletest.Read(s.Ctx, t, s.Profiles, own)
	if p.Cycle.PreviousID == nil || *p.Cycle.PreviousID != both || p.Cycle.FormKey() != "exporter" || len(p.Form.Criteria) != 2 {
		t.Errorf("begun as %s on %v", p.Cycle.FormKey(), p.Cycle.PreviousID)
	}
	if body := s.Text(`select body from message where letter = 'review_opened' and subject_id = $1`, own); strings.Contains(body, "asked no more") {
		t.Errorf("what only the lead was asked counts as withdrawn: %s", body)
	}
	alone := uuid.MustParse(s.Text(`select id::text from profile_cycle where membership_id = $1 order by opened_at desc limit 1`, s.m))
	if p := profiletest.Read(s.Ctx, t, s.Profiles, alone); p.Cycle.FormKey() != "importer" {
		t.Errorf("the lead is asked as %s", p.Cycle.FormKey())
	}
}

func TestShareEndsWithItsMemberships(t *testing.T) {
	t.Parallel()
	s := newShared(t, "2026-03-04T15:00:00Z")
	s.shared()
	removed := func(m uuid.UUID) (e standing.Event) {
		t.Helper()
		s.Must(s.DB.Write(s.Ctx, s.Boss.Scope(), func(tx pg.Tx) (err error) {
			e, err = s.Members.Standing.Record(s.Ctx, tx, s.Clock.Now(), s.Boss, standing.Event{MembershipID: m, Kind: standing.Removed, On: clock.DayOf(s.Clock.Now(), time.UTC),
				Ground: "other", Cause: standing.Cause{Kind: "enforcement", ID: uuid.New()}})
			return err
		}))
		return e
	}
	s.day("2026-06-01")
	e := removed(s.exporter)
	s.turn()
	if s.due(s.exporter) != "none" || s.Text(`select end_reason from profile_share`) != "follower_ended" {
		t.Errorf("the follower ended: %s", s.due(s.exporter))
	}
	s.day("2026-07-01")
	s.Must(s.DB.Write(s.Ctx, s.Boss.Scope(), func(tx pg.Tx) error {
		_, err := s.Members.Standing.Record(s.Ctx, tx, s.Clock.Now(), s.Boss, standing.Event{MembershipID: s.exporter, Kind: standing.Overturned, On: clock.DayOf(s.Clock.Now(), time.UTC), Undoes: &e.ID, Cause: e.Cause})
		return err
	}))
	s.turn()
	if got := s.due(s.exporter); got != "2027-03-04" {
		t.Errorf("its end was overturned, and its review is due on %s", got)
	}
	s.shared()
	s.day("2026-08-01")
	removed(s.m)
	s.turn()
	if got := s.due(s.exporter); got != "2027-03-04" {
		t.Errorf("the lead ended, and the follower's review is due on %s", got)
	}
	s.turn() // once is enough
	if n := s.Count(`select count(*)::int from message where letter = 'review_own_again' and subject_id = $1`, s.exporter); n != 2 {
		t.Errorf("%d letters", n)
	}
	if n := s.Count(`select count(*)::int from audit_event where action = 'membership.unshare'`); n != 3 {
		t.Errorf("%d events", n)
	}
	err := s.DB.Write(s.Ctx, pg.System, func(tx pg.Tx) error {
		return tx.WithContext(s.Ctx).Exec(`update profile_share set to_on = to_on + 1 where to_on is not null`).Error
	})
	if err == nil || !strings.Contains(err.Error(), "history") {
		t.Errorf("history was written anew: %v", err)
	}
}

func TestNoChainOfProfiles(t *testing.T) {
	t.Parallel()
	s := newShared(t, "2026-03-04T15:00:00Z")
	s.Number(s.owner.CompanyID, "filer_code", "ABC")
	s.Number(s.owner.CompanyID, "broker_licence", "12345")
	_, broker := s.MemberOf(s.owner, "ctpat", "customs_broker")
	try := func(follower, lead uuid.UUID) error {
		in := sharing(lead, "2026-04-01")
		in.Membership = follower
		_, err := s.svc.Open(s.Ctx, s.owner, in)
		return err
	}
	stranger, other := s.Member("Stranger Imports")
	s.Want("the profile of another company", try(s.exporter, other), fault.NotFound)
	s.Want("no profile", try(s.exporter, uuid.Nil), fault.Invalid)
	s.Want("its own", try(s.exporter, s.exporter), fault.NotFound)
	in := sharing(s.m, "2026-04-01")
	in.Membership = s.exporter
	_, err := s.svc.Open(s.Ctx, stranger, in)
	s.Want("another company's membership", err, fault.NotFound)
	in.Day = "2026-03-03"
	_, err = s.svc.Open(s.Ctx, s.owner, in)
	s.Want("in the past", err, fault.Invalid)
	_, err = s.svc.Open(s.Ctx, s.owner, succession.Entry{Kind: succession.Unshare, Membership: s.exporter, Day: "2026-04-01", Reason: "measures_differ"})
	s.Want("to take apart what is not shared", err, fault.Invalid)
	s.shared()
	s.Want("a follower that shares already", try(s.exporter, broker), fault.Invalid)
	s.Want("a lead that follows itself", try(broker, s.exporter), fault.Invalid)
	s.Want("a follower that leads", try(s.m, broker), fault.Invalid)
	s.Must(try(broker, s.m)) // one lead may have several followers
}

// Each of two memberships is to lead the other, at once: one of the two cases holds.
func TestTwoLeadsAtOnce(t *testing.T) {
	t.Parallel()
	s := newShared(t, "2026-03-04T15:00:00Z")
	in := []succession.Entry{sharing(s.m, "2026-03-10"), sharing(s.exporter, "2026-03-10")}
	in[0].Membership, in[1].Membership = s.exporter, s.m
	cases := make([]succession.Case, 2)
	for i := range in {
		c := s.sent(in[i])
		c, err := s.svc.Take(s.Ctx, s.Sam, c.ID, c.Version)
		s.Must(err)
		cases[i] = c
	}
	errs := make([]error, 6)
	var wg sync.WaitGroup
	for i := range errs {
		by := []identity.Actor{s.Sam, s.Sue, s.Boss}[i/2]
		wg.Go(func() {
			_, errs[i] = s.svc.Decide(s.Ctx, by, cases[i%2].ID, true, succession.StepEntry{Version: cases[i%2].Version})
		})
	}
	wg.Wait()
	done := 0
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case fault.KindOf(err) != fault.Conflict && fault.KindOf(err) != fault.Invalid:
			t.Error(err)
		}
	}
	if done != 1 {
		t.Fatalf("%d cases were accepted", done)
	}
	s.to("2026-03-10T15:00:00Z")
	for range 3 {
		wg.Go(func() {
			if _, err := s.svc.Turn(s.Ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s.turn()
	if n := s.Count(`select count(*)::int from profile_share`); n != 1 {
		t.Errorf("%d profiles are shared", n)
	}
}

// A case that was accepted for a day on which it cannot hold any more is overtaken, and the
// company is told why.
func TestShareOvertaken(t *testing.T) {
	t.Parallel()
	s := newShared(t, "2026-03-04T15:00:00Z")
	in := sharing(s.m, "2026-05-01")
	in.Membership = s.exporter
	c := s.accepted(in)
	w := leave("2026-04-01")
	s.sent(w) // the lead leaves before
	s.day("2026-05-01")
	if s.status(c) != "overtaken" || s.due(s.exporter) != "2027-03-04" {
		t.Errorf("%s, due %s", s.status(c), s.due(s.exporter))
	}
	if body := s.Text(`select body from message where letter = 'change_case_called_off' and subject_id = $1`, c.ID); !strings.Contains(body, "The other membership has ended") {
		t.Errorf("the letter: %s", body)
	}
}
