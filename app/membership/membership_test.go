package membership_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"trustedtrader/app/application"
	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/programme"
	"trustedtrader/app/review"
	"trustedtrader/app/review/reviewtest"
)

func TestMain(m *testing.M) { apptest.Run(m) }

func service(w *reviewtest.World) *membership.Service {
	return membership.New(w.DB, w.Clock.Now, w.Steps)
}

// The fifth day following the decision, in calendar days, over month ends, leap days
// and the days on which clocks change.
func TestEffectiveOn(t *testing.T) {
	t.Parallel()
	for decided, want := range map[string]string{
		"2026-02-26": "2026-03-03", "2028-02-26": "2028-03-02", "2026-12-29": "2027-01-03",
		"2026-03-27": "2026-04-01", // summer time begins on 29 March
		"2026-10-22": "2026-10-27", // and ends on 25 October
		"2026-04-30": "2026-05-05", "2026-03-04": "2026-03-09",
	} {
		d, err := clock.ParseDay(decided)
		if err != nil {
			t.Fatal(err)
		}
		if got := membership.EffectiveOn(d, 5).String(); got != want {
			t.Errorf("a decision of %s has effect from %s, want %s", decided, got, want)
		}
	}
	d, _ := clock.ParseDay("2026-03-04")
	if membership.EffectiveOn(d, 0) != d {
		t.Error("without a wait the decision has effect at once")
	}
}

// Where a programme has criteria, nothing is certified before the security profile is
// accepted, neither when it is proposed nor when it is decided.
func TestAdmitAsksForTheSecurityProfile(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-04T03:00:00Z").WithCriteria()
	a, _ := w.Claimed()
	w.Pass(w.Sam, a.ID)
	in := review.RecommendationEntry{Version: a.Version, Outcome: application.Certify, Reason: "All is in order"}
	_, err := w.Desk.Recommend(w.Ctx, w.Sam, a.ID, in)
	w.Want("before the profile is accepted", err, fault.Invalid)
	if err != nil && !strings.Contains(err.Error(), "security profile") {
		t.Errorf("the refusal does not name the profile: %v", err)
	}
	id := profiletest.OfApplication(w.Ctx, t, w.DB, a.ID)
	profiletest.Accept(w.Ctx, t, w.Profiles, w.Sam, id)
	a, err = w.Desk.Recommend(w.Ctx, w.Sam, a.ID, in)
	w.Must(err)

	w.Exec(`update profile_cycle set status = 'in_review', accepted_at = null where id = ?`, id)
	_, err = service(w).Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Want("a profile that is no longer accepted", err, fault.Invalid)
	w.Exec(`update profile_cycle set status = 'accepted', accepted_at = ? where id = ?`, w.Clock.Now(), id)
	_, err = service(w).Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-04T03:00:00Z") // 3 March, 22:00 in New York
	s := service(w)
	a, owner := w.Claimed()
	_, err := s.Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Want("no recommendation", err, fault.Conflict)
	a = w.ToCertify(w.Sam, a)
	_, err = s.Admit(w.Ctx, owner, a.ID, a.Version)
	w.Want("the company", err, fault.NotFound)
	_, err = s.Admit(w.Ctx, w.Admin, a.ID, a.Version)
	w.Want("an administrator", err, fault.NotFound)
	_, err = s.Admit(w.Ctx, w.Auditor, a.ID, a.Version)
	w.Want("an auditor", err, fault.Forbidden)
	_, err = s.Admit(w.Ctx, w.Sam, a.ID, a.Version)
	w.Want("a specialist", err, fault.Forbidden)
	_, err = s.Admit(w.Ctx, w.Boss, a.ID, a.Version-1)
	w.Want("an old version", err, fault.Conflict)
	_, err = s.Admit(w.Ctx, w.Boss, pg.NewID(), 1)
	w.Want("nothing", err, fault.NotFound)
	_, err = w.Desk.ApproveRejection(w.Ctx, w.Boss, a.ID, a.Version)
	w.Want("rejecting what is to be certified", err, fault.Conflict)

	m, err := s.Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
	if m.CertifiedOn.String() != "2026-03-03" || m.EffectiveOn != m.CertifiedOn || m.Tier != "tier_1" || !strings.HasPrefix(m.Number, "C26-") || m.Status != membership.Active {
		t.Errorf("membership: %+v", m)
	}
	_, err = s.Admit(w.Ctx, w.Boss, a.ID, a.Version+1)
	w.Want("twice", err, fault.Conflict)
	if got := w.Text(`select status from application where id = $1`, a.ID); got != string(application.Certified) {
		t.Errorf("application: %s", got)
	}
	if got := w.Text(`select decision from recommendation where application_id = $1`, a.ID); got != "approved" {
		t.Errorf("recommendation: %s", got)
	}
	clocks := map[string]string{"first_validation": "2027-03-03", "annual_review_due": "2027-03-03", "annual_review_opens": ""}
	for code, due := range clocks {
		got := w.Text(`select coalesce(min(due_on)::text, 'none') from clock where subject_kind = 'membership' and subject_id = $1 and code = $2 and stopped_at is null`, m.ID, code)
		if got == "none" || due != "" && got != due {
			t.Errorf("clock %s: %s, want %s", code, got, due)
		}
	}
	if n := w.Count(`select count(*)::int from clock where subject_kind = 'application' and subject_id = $1 and stopped_at is null`, a.ID); n != 0 {
		t.Errorf("%d clocks of the application run on", n)
	}
	body := w.Text(`select body from message where letter = 'certified' and subject_kind = 'membership'`)
	for _, want := range []string{m.Number, "Tier 1", "3 March 2026", "U.S. importer", "/memberships/" + m.ID.String()} {
		if !strings.Contains(body, want) {
			t.Errorf("the letter lacks %q: %s", want, body)
		}
	}
	for action, internal := range map[string]string{"membership.admit": "false", "application.approve": "false"} {
		if got := w.Text(`select coalesce(min(internal::text), 'none') from audit_event where action = $1`, action); got != internal {
			t.Errorf("audit event %s: %s", action, got)
		}
	}
	if got := w.Count(`select count(*)::int from audit_event where action = 'application.approve' and after->>'membership_number' = $1`, m.Number); got != 1 {
		t.Errorf("the approval does not name the membership")
	}
	if c, err := w.Desk.Record(w.Ctx, w.Sam, a.ID); err != nil || c.Member != m.Number || *c.MemberID != m.ID {
		t.Errorf("the case does not lead to the membership: %v", err)
	}
}

// The year to the next review of the risk assessment counts from the last one that the
// company finished, though it was no member then.
func TestAdmitAfterRiskAssessment(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-03T15:00:00Z")
	a, owner := w.Claimed()
	for _, at := range []string{"2025-04-01T15:00:00Z", "2025-12-31T23:00:00Z"} {
		w.Exec(`insert into risk_assessment (id, company_id, title, status, begun_at, finished_at, finisher) values (?, ?, 'Risk assessment', 'finished', ?, ?, 'Olga')`, pg.NewID(), owner.CompanyID, at, at)
	}
	a = w.ToCertify(w.Sam, a)
	m, err := service(w).Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
	if got := w.Text(`select due_on || ' ' || start_event from clock where subject_id = $1 and code = 'risk_assessment_review'`, m.ID); got != "2026-12-31 company.risk_assessed" {
		t.Errorf("the clock: %s", got)
	}
	other := w.Submit(w.Importer("Without Assessment Inc"), "ctpat", "importer")
	other, err = w.Desk.Claim(w.Ctx, w.Sam, other.ID, other.Version)
	w.Must(err)
	other, err = w.Desk.StartReview(w.Ctx, w.Sam, other.ID, other.Version)
	w.Must(err)
	other = w.ToCertify(w.Sam, other)
	m, err = service(w).Admit(w.Ctx, w.Boss, other.ID, other.Version)
	w.Must(err)
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and code = 'risk_assessment_review'`, m.ID); n != 0 {
		t.Error("a clock runs for an assessment that nobody made")
	}
}

func TestFourEyes(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-03T15:00:00Z")
	a := w.Submit(w.Importer("Harbor Trading LLC"), "ctpat", "importer")
	a, err := w.Desk.Claim(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
	a, err = w.Desk.StartReview(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
	a = w.ToCertify(w.Boss, a)
	_, err = service(w).Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Want("one's own recommendation", err, fault.Invalid)
	if n := w.Count(`select count(*)::int from membership`); n != 0 {
		t.Error("half a certification is there")
	}
	_, err = service(w).Admit(w.Ctx, w.Chief, a.ID, a.Version)
	w.Must(err)
}

func TestAdmitRace(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-03T15:00:00Z")
	a, _ := w.Claimed()
	a = w.ToCertify(w.Sam, a)
	var bosses []identity.Actor
	for range 8 {
		bosses = append(bosses, w.Staff("Racing Boss", identity.Supervisor, w.NewYork))
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	won, lost := 0, 0
	for _, boss := range bosses {
		wg.Go(func() {
			_, err := service(w).Admit(w.Ctx, boss, a.ID, a.Version)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case fault.KindOf(err) == fault.Conflict:
				lost++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 || lost != 7 || w.Count(`select count(*)::int from membership`) != 1 || w.Count(`select count(*)::int from message where letter = 'certified'`) != 1 {
		t.Errorf("%d won, %d were told", won, lost)
	}
}

// A European authorisation waits for its day; the sweep of the clocks lets it take effect.
func TestTakeEffect(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-26T22:30:00Z") // 26 March, 23:30 in Brussels; summer time begins on the 29th
	s := service(w)
	boss := w.Staff("Bart Boss", identity.Supervisor, w.Brussels)
	a, owner := w.Accepted()
	a = w.ToCertify(w.Other, a)
	m, err := s.Admit(w.Ctx, boss, a.ID, a.Version)
	w.Must(err)
	if m.CertifiedOn.String() != "2026-03-26" || m.EffectiveOn.String() != "2026-03-31" || !strings.HasPrefix(m.Number, "BEAEOC") {
		t.Errorf("membership: %+v", m)
	}
	sweep := &clock.Service{DB: w.DB, Now: w.Clock.Now, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters,
		Expired: map[programme.Action]clock.Hook{programme.TakeEffect: s.TakeEffect}}
	letters := func() int {
		return w.Count(`select count(*)::int from message where letter = 'membership_effective'`)
	}
	at := func(instant string) membership.Page {
		t.Helper()
		when, err := time.Parse(time.RFC3339, instant)
		w.Must(err)
		w.Clock.Move(when.Sub(w.Clock.Now()))
		_, err = sweep.Sweep(w.Ctx)
		w.Must(err)
		p, err := s.Membership(w.Ctx, owner, m.ID)
		w.Must(err)
		return p
	}
	if p := at("2026-03-30T21:55:00Z"); p.InEffect || letters() != 0 {
		t.Error("in effect five minutes before midnight of the fifth day")
	}
	if p := at("2026-03-30T22:05:00Z"); !p.InEffect || letters() != 1 {
		t.Errorf("not in effect on the fifth day; letters %d", letters())
	}
	at("2026-04-02T12:00:00Z")
	if letters() != 1 || w.Count(`select count(*)::int from audit_event where action = 'membership.take_effect'`) != 1 {
		t.Error("it took effect twice")
	}
}

func TestReading(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, "2026-03-03T15:00:00Z")
	s := service(w)
	a, owner := w.Claimed()
	a = w.ToCertify(w.Sam, a)
	m, err := s.Admit(w.Ctx, w.Boss, a.ID, a.Version)
	w.Must(err)
	other := w.Importer("Nosy Inc")
	reads := []struct {
		name string
		do   func(context.Context, identity.Actor, application.Application) error
	}{
		{"membership", func(ctx context.Context, by identity.Actor, _ application.Application) error {
			_, err := s.Membership(ctx, by, m.ID)
			return err
		}},
		{"certificate", func(ctx context.Context, by identity.Actor, _ application.Application) error {
			_, err := s.Certificate(ctx, by, m.ID)
			return err
		}},
	}
	for _, r := range reads {
		for _, by := range []identity.Actor{other, w.Admin, {}, {Audience: identity.Partners, Role: identity.Officer, PersonID: pg.NewID()}} {
			w.Want(r.name+" for "+string(by.Role), r.do(w.Ctx, by, a), fault.NotFound)
		}
		for _, by := range []identity.Actor{owner, w.Sam, w.Auditor, w.Other} {
			w.Must(r.do(w.Ctx, by, a))
		}
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'membership.read' and internal`); n != 6 {
		t.Errorf("looks of the agency: %d", n)
	}
	p, err := s.Certificate(w.Ctx, owner, m.ID)
	w.Must(err)
	if p.Holder != "Harbor Trading LLC" || p.Tier.Name != "Tier 1" || p.Entity.Name == "" || !p.InEffect || p.Programme.Administration.Name == "" {
		t.Errorf("certificate: %+v", p)
	}
	list, err := s.Mine(w.Ctx, owner)
	w.Must(err)
	if len(list) != 1 || list[0].Number != m.Number {
		t.Errorf("mine: %+v", list)
	}
	if list, err = s.Mine(w.Ctx, other); err != nil || len(list) != 0 {
		t.Errorf("another company's: %+v %v", list, err)
	}
	_, err = s.Mine(w.Ctx, w.Sam)
	w.Want("a specialist's own memberships", err, fault.NotFound)
	w.Exec(`update membership set status = 'suspended'`)
	_, err = s.Certificate(w.Ctx, owner, m.ID)
	w.Want("the certificate of a suspended member", err, fault.Conflict)
	_, err = s.Certificate(w.Ctx, other, m.ID)
	w.Want("still nobody else's business", err, fault.NotFound)

	// The company may apply again only when it is no member any more.
	if _, err := w.Applications.Choose(w.Ctx, owner, "ctpat", "importer"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a member applies again: %v", err)
	}
	if _, err := w.Desk.Search(w.Ctx, w.Sam, m.Number); err != nil {
		t.Error(err)
	}
	if f, err := w.Desk.Search(w.Ctx, w.Sam, m.Number); err != nil || len(f.Hits) == 0 || f.Hits[0].Kind != "membership" {
		t.Errorf("search by number: %+v %v", f, err)
	}
	if o, err := w.Desk.Company360(w.Ctx, w.Sam, owner.CompanyID, review.TimelineFilter{}); err != nil || len(o.Memberships) != 1 {
		t.Errorf("overview: %+v %v", o.Memberships, err)
	}
}
