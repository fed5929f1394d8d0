package membership_test

import (
	"strings"
	"sync"
	"testing"

	"trustedtrader/app/application"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/review/reviewtest"
)

// newMember is a world with a small catalogue and an importer certified on 3 March 2026.
func newMember(t *testing.T) (*yearly, *holder) {
	t.Helper()
	w := reviewtest.New(t, "2026-03-03T15:00:00Z").WithCriteria()
	y := &yearly{World: w, members: service(w)}
	y.sweeper = &clock.Service{DB: w.DB, Now: w.Clock.Now, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters,
		Expired: clock.Together(w.Applications.Hooks(), y.members.Hooks())}
	return y, y.certified(w.Importer("Harbor Trading LLC"), w.Sam, w.Boss, "ctpat", "importer")
}

// sweeps sweeps in two places at once, and once more for what one skipped because the
// other held it.
func (y *yearly) sweeps() {
	y.T.Helper()
	other := *y.sweeper
	var group sync.WaitGroup
	for _, s := range []*clock.Service{y.sweeper, &other, y.sweeper, &other} {
		group.Go(func() {
			if _, err := s.Sweep(y.Ctx); err != nil {
				y.T.Error(err)
			}
		})
	}
	group.Wait()
	y.sweep()
}

func TestOpenReviewOnce(t *testing.T) {
	t.Parallel()
	y, h := newMember(t)
	y.at("2026-12-03T04:59:00Z") // the last minute of 2 December in New York
	y.sweeps()
	if n := len(y.yearlyOf(h)); n != 0 {
		t.Errorf("%d reviews a minute too early", n)
	}
	y.at("2026-12-03T05:00:00Z")
	y.sweeps()
	list := y.yearlyOf(h)
	if len(list) != 1 || list[0].Anniversary.String() != "2027-03-03" || list[0].Number != 2 || list[0].Status != profile.Open || list[0].ApplicationID != nil {
		t.Fatalf("opened: %+v", list)
	}
	again := func() error {
		return y.DB.Write(y.Ctx, pg.System, func(tx pg.Tx) error {
			return y.members.OpenReview(y.Ctx, tx, y.Clock.Now(), identity.ClockActor("test"), y.clockOf(h, "annual_review_opens").Row)
		})
	}
	y.Must(again())
	for what, sql := range map[string]string{
		"letters":              `select count(*)::int from message where letter = 'review_opened'`,
		"events of opening":    `select count(*)::int from audit_event where action = 'membership.open_review' and company_id is not null and not internal`,
		"profiles of the year": `select count(*)::int from profile_cycle where kind = 'annual'`,
	} {
		if n := y.Count(sql); n != 1 {
			t.Errorf("%d %s, want 1", n, what)
		}
	}
	err := y.DB.Write(y.Ctx, pg.System, func(tx pg.Tx) error {
		_, err := y.Steps.Profiles.Open(y.Ctx, tx, y.Clock.Now(), identity.ClockActor("test"), profile.Opening{Company: h.owner.CompanyID, Office: y.NewYork,
			Programme: "ctpat", EntityType: "importer", Kind: profile.Annual, Membership: &h.member.ID, Anniversary: list[0].Anniversary})
		return err
	})
	if pg.Constraint(err) != "one_review_per_year" {
		t.Errorf("the database let a second review of a year in: %v", err)
	}
}

// A member without a profile of its own begins with an empty one; one that is suspended
// still owes its review; one that has ended owes nothing, and neither does one for which
// the programme has no criteria.
func TestOpenReviewOrNot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, change string
		opens        int
	}{
		{"no profile", `delete from profile_answer`, 1},
		{"suspended", `update membership set status = 'suspended'`, 1},
		{"ended", `update membership set status = 'ended', ended_on = '2026-11-01'`, 0},
		{"no criteria", `update membership set entity_type = 'rail_carrier'`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			y, h := newMember(t)
			y.Exec(c.change)
			y.at("2026-12-05T15:00:00Z")
			y.sweep()
			list := y.yearlyOf(h)
			if len(list) != c.opens {
				t.Fatalf("%d reviews", len(list))
			}
			if c.name == "no profile" {
				if p := y.read(list[0]).Progress(); p.Begun() || list[0].PreviousID != nil {
					t.Errorf("begun with %+v on %v", p, list[0].PreviousID)
				}
			}
			y.at("2027-03-05T15:00:00Z")
			y.sweep()
			if n := y.Count(`select count(*)::int from message where letter = 'review_overdue'`); n != c.opens {
				t.Errorf("%d letters of a missed day", n)
			}
		})
	}
}

func TestEndOfMembership(t *testing.T) {
	t.Parallel()
	y, h := newMember(t)
	y.at("2026-12-05T15:00:00Z")
	y.sweep()
	c := y.review(h, "2027-03-03")
	end := func() {
		t.Helper()
		y.Must(y.DB.Write(y.Ctx, y.Boss.Scope(), func(tx pg.Tx) error {
			return y.Steps.Profiles.EndOfMembership(y.Ctx, tx, y.Clock.Now(), y.Boss, h.member.ID, "The membership ended")
		}))
	}
	end()
	end() // twice does no harm
	if c = y.cycle(c.ID); c.Status != profile.Ended || c.EndReason != "The membership ended" || c.EndedAt == nil {
		t.Errorf("after the end: %+v", c)
	}
	if got := y.cycle(h.initial.ID).Status; got != profile.Accepted {
		t.Errorf("the profile of the application is %s", got)
	}
}

func TestWarnBlank(t *testing.T) {
	t.Parallel()
	y, h := newMember(t)
	y.at("2026-12-05T15:00:00Z")
	y.sweep()
	c := y.review(h, "2027-03-03")
	warn := func(by identity.Actor, version int) error {
		return y.members.WarnBlank(y.Ctx, by, h.member.ID, version)
	}
	y.Want("before the day", warn(y.Sam, c.Version), fault.Conflict)
	y.at("2027-03-04T15:00:00Z")
	y.sweep()
	if now := y.review(h, "2027-03-03"); now.Version != c.Version || !now.Overdue() {
		t.Errorf("marked as %+v: a page that is open must still be good", now)
	}
	stranger := y.Importer("Nosy Inc")
	for _, x := range []struct {
		name string
		by   identity.Actor
		want fault.Kind
	}{
		{"the company", h.owner, fault.NotFound}, {"another company", stranger, fault.NotFound}, {"an administrator", y.Admin, fault.NotFound}, {"nobody", identity.Actor{}, fault.NotFound},
		{"an auditor", y.Auditor, fault.Forbidden}, {"another office", y.Other, fault.Forbidden},
	} {
		y.Want(x.name, warn(x.by, c.Version), x.want)
	}
	y.Want("an old version", warn(y.Sam, c.Version+1), fault.Conflict)
	y.Want("nothing", y.members.WarnBlank(y.Ctx, y.Sam, pg.NewID(), 1), fault.NotFound)

	var mu sync.Mutex
	var group sync.WaitGroup
	won := 0
	for _, by := range []identity.Actor{y.Sam, y.Sue, y.Boss, y.Chief} {
		group.Go(func() {
			err := warn(by, c.Version)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if fault.KindOf(err) != fault.Conflict {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if won != 1 || y.Count(`select count(*)::int from message where letter = 'profile_blank'`) != 1 || y.Count(`select count(*)::int from audit_event where action = 'profile.warn' and not internal`) != 1 {
		t.Errorf("%d warned", won)
	}
	body := y.Text(`select body from message where letter = 'profile_blank'`)
	for _, want := range []string{"by 18 March 2027", "/profiles/" + c.ID.String(), h.member.Number} {
		if !strings.Contains(body, want) {
			t.Errorf("the letter lacks %q: %s", want, body)
		}
	}
	y.at("2027-03-19T15:00:00Z")
	y.sweep()
	if v := y.clockOf(h, "blank_profile_warning"); v.Reading.State != clock.Overdue {
		t.Errorf("after its time the warning is %s", v.Reading.State)
	}
	y.confirm(h, c)
	y.submit(h, c)
	if v := y.clockOf(h, "blank_profile_warning"); v.Reading.State != clock.StoppedLate {
		t.Errorf("after the submission the warning is %s", v.Reading.State)
	}
	y.Want("after the submission", warn(y.Sam, 0), fault.Conflict)
}

// The company submits while the sweep finds that the day has passed: whoever comes first,
// the review is submitted, late, and the next year begins once.
func TestSubmitWhileTheDayPasses(t *testing.T) {
	t.Parallel()
	y, h := newMember(t)
	y.at("2026-12-05T15:00:00Z")
	y.sweep()
	c := y.review(h, "2027-03-03")
	y.confirm(h, c)
	y.at("2027-03-04T05:00:00Z")
	other := *y.sweeper
	var group sync.WaitGroup
	for _, s := range []*clock.Service{y.sweeper, &other} {
		group.Go(func() {
			if _, err := s.Sweep(y.Ctx); err != nil {
				t.Error(err)
			}
		})
	}
	group.Go(func() { profiletest.Submit(y.Ctx, t, y.Profiles, h.owner, c.ID) })
	group.Wait()
	y.sweep()
	if c = y.review(h, "2027-03-03"); c.Status != profile.Submitted || c.Overdue() {
		t.Errorf("in the end: %+v", c)
	}
	if v := y.turn(h, "2027-03-03"); v.Reading.State != clock.StoppedLate {
		t.Errorf("that year is %s", v.Reading.State)
	}
	y.wantClock("in the end", h, clock.Running, "2028-03-03")
	if n := y.Count(`select count(*)::int from message where letter = 'review_overdue'`); n > 1 {
		t.Errorf("%d letters of the missed day", n)
	}
}

// What a company must know of a new edition, for its kind of member alone.
func TestNews(t *testing.T) {
	t.Parallel()
	y := newYearly(t, "2025-06-01T15:00:00Z")
	h := y.certified(y.Importer("Harbor Trading LLC"), y.Sam, y.Boss, "ctpat", "importer")
	y.at("2026-03-05T15:00:00Z")
	y.sweep()
	c := y.review(h, "2026-06-01")
	if c.Edition != "2026.1" {
		t.Fatalf("opened under %s", c.Edition)
	}
	var n profile.News
	y.Must(y.DB.Read(y.Ctx, pg.System, func(tx pg.Tx) (err error) {
		n, err = y.Steps.Profiles.News(y.Ctx, tx, c)
		return err
	}))
	if len(n.Changes) != 1 || n.Changes[0].ID != "4.8" || n.Changes[0].Kind != catalogue.Reworded || n.Titles["4.8"].String() == "" || n.Expired != 0 {
		t.Errorf("news: %+v", n)
	}
}

// A review that is with the company stands on its home with its progress and its day, and is
// the next step while no application waits for the company.
func TestReviewAtTheCompanysHome(t *testing.T) {
	t.Parallel()
	y, h := newMember(t)
	y.reviews = &profilereview.Service{DB: y.DB, Now: y.Clock.Now, Steps: y.Steps.Profiles, Cases: y.Desk}
	home := func() application.Home {
		t.Helper()
		ctx := pg.Counted(y.Ctx)
		out, err := y.Applications.Home(ctx, h.owner)
		y.Must(err)
		if n := pg.Statements(ctx); n > 7 { // and one to recognise the session
			t.Errorf("the home takes %d statements", n)
		}
		return out
	}
	if got := home(); len(got.Reviews) != 0 || got.NextReview() != nil {
		t.Fatalf("before it opens: %+v", got.Reviews)
	}
	y.at("2026-12-05T15:00:00Z")
	y.sweep()
	c := y.review(h, "2027-03-03")
	got := home()
	next := got.NextReview()
	if next == nil || next.Profile.Cycle.ID != c.ID || next.Number != h.member.Number || next.Progress.Must.Attention == 0 || next.Programme.Code != "ctpat" || next.Entity.Code != "importer" {
		t.Fatalf("open: %+v", got.Reviews)
	}
	if next.Due == nil || next.Due.Code != "annual_review_due" || next.Due.Reading.DueDay.String() != "2027-03-03" {
		t.Errorf("due: %+v", next.Due)
	}
	list, err := y.Profiles.List(y.Ctx, h.owner)
	y.Must(err)
	if len(list) != 2 || list[0].Due == nil || list[0].Due.Reading.DueDay.String() != "2027-03-03" || list[1].Due != nil {
		t.Errorf("the list: %+v", list)
	}
	if other, err := y.Applications.Home(y.Ctx, y.Importer("Nosy Inc")); err != nil || len(other.Reviews) != 0 {
		t.Errorf("another company's home: %+v, %v", other.Reviews, err)
	}

	// Whoever applies for something else goes on with that first.
	a, err := y.Applications.Choose(y.Ctx, h.owner, "ctpat", "customs_broker")
	y.Must(err)
	if got := home(); got.NextReview() != nil || len(got.Reviews) != 1 || got.Next() == nil || got.Next().Application.ID != a.ID {
		t.Errorf("beside an application: %+v", got)
	}
	_, err = y.Applications.Withdraw(y.Ctx, h.owner, a.ID, application.Withdrawal{Version: a.Version, Reason: "not_ready"})
	y.Must(err)

	y.confirm(h, c)
	y.submit(h, c)
	if got := home(); len(got.Reviews) != 0 {
		t.Errorf("submitted: %+v", got.Reviews)
	}
	y.sendBack(h, c, "3.1")
	next = home().NextReview()
	if next == nil || next.Profile.Cycle.Status != profile.Returned || next.Due != nil {
		t.Errorf("sent back: %+v", next)
	}
}
