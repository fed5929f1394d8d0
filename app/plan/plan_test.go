package plan_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/datafile"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/plan"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/validation"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

func regions(t testing.TB) *plan.Regions {
	t.Helper()
	files, err := fs.Sub(config.Regions, "regions")
	if err != nil {
		t.Fatal(err)
	}
	r, err := plan.LoadRegions(files)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type world struct {
	*reviewtest.World
	s      *plan.Service
	second identity.Actor // of headquarters, beside Cora
	n      int
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{World: reviewtest.New(t, "2026-03-03T15:00:00Z")}
	w.s = &plan.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Regions: regions(t), Draw: func() int64 { return 7 },
		Validations: &validation.Steps{Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Calendars: w.Steps.Clocks.Calendars}}
	w.second = w.Staff("Carl Chief", identity.Headquarters, w.HQ, w.NewYork, w.Brussels)
	return w
}

// member makes a member of CTPAT that is due on a day; "" starts no clock.
func (w *world) member(name string, office uuid.UUID, certified, due string) (company, membership uuid.UUID) {
	w.T.Helper()
	w.n++
	company, membership = pg.NewID(), pg.NewID()
	application := pg.NewID()
	w.Exec(`insert into company (id, name, country, office_id, created_at) values (?, ?, 'US', ?, ?)`, company, name, office, w.Clock.Now())
	w.Exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at, submitted_at, decided_at, closed_at)
		values (?, ?, ?, 'ctpat', 'e', 'h', 'importer', ?, 'certified', now(), now(), now(), now())`, application, fmt.Sprintf("A-%04d", w.n), company, office)
	w.Exec(`insert into membership (id, company_id, application_id, programme, edition, entity_type, number, tier, status, certified_on, effective_on, created_at)
		values (?, ?, ?, 'ctpat', 'e', 'importer', ?, 'tier_1', 'active', ?, ?, now())`, membership, company, application, fmt.Sprintf("M-%04d", w.n), certified, certified)
	if due != "" {
		w.Exec(`insert into clock (id, company_id, subject_kind, subject_id, office_id, programme, code, name, source, start_event, started_at, zone, calendar, amount, unit, owed_by, due_on)
			values (?, ?, 'membership', ?, ?, 'ctpat', 'first_validation', 'First validation', '6 U.S.C. 965(a)', 'application.certified', ?, 'America/New_York', 'us-federal', 1, 'years', 'agency', ?)`,
			pg.NewID(), company, membership, office, w.Clock.Now(), due)
	}
	return company, membership
}

func (w *world) site(company uuid.UUID, country string, lat, lon float64) {
	w.T.Helper()
	w.Exec(`insert into site (id, company_id, name, activity, street, city, country, zone, lat, lon, created_at) values (?, ?, 'Warehouse', 'warehouse', '1 Pier', 'Newark', ?, 'America/New_York', ?, ?, ?)`,
		pg.NewID(), company, country, lat, lon, w.Clock.Now())
}

func (w *world) make(year string) plan.Plan {
	w.T.Helper()
	p, err := w.s.Make(w.Ctx, w.Chief, plan.MakeEntry{Programme: "ctpat", Year: year})
	w.Must(err)
	return p
}

func (w *world) page(id uuid.UUID, f plan.Filter) plan.Page {
	w.T.Helper()
	p, err := w.s.Plan(w.Ctx, w.Chief, id, f)
	w.Must(err)
	return p
}

func (w *world) row(id, membership uuid.UUID) plan.Row {
	w.T.Helper()
	rows := w.page(id, plan.Filter{Show: plan.ShowAll}).Rows
	i := slices.IndexFunc(rows, func(r plan.Row) bool { return r.MembershipID == membership })
	if i < 0 {
		w.T.Fatal("the membership is not in the plan")
	}
	return rows[i]
}

func (w *world) decide(by identity.Actor, p uuid.UUID, r plan.Row, in plan.DecideEntry) plan.Outcome {
	w.T.Helper()
	out, err := w.s.Decide(w.Ctx, by, p, []plan.Line{{ID: r.ID, Version: r.Version}}, in)
	w.Must(err)
	return out[0]
}

func value(r plan.Row, code string) string {
	i := slices.IndexFunc(r.Factors, func(p plan.Point) bool { return p.Code == code })
	switch {
	case i < 0:
		return "not there"
	case r.Factors[i].Value == nil:
		return fmt.Sprintf("no data, %.2f", r.Factors[i].Points)
	}
	return fmt.Sprintf("%v, %.2f", *r.Factors[i].Value, r.Factors[i].Points)
}

// Every factor is read from what the portal has, and says so where it has nothing.
func TestFactors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	company, membership := w.member("Harbor Trading LLC", w.NewYork, "2025-03-03", "2026-03-13")
	_, bare := w.member("Bare Inc", w.NewYork, "2026-03-01", "")
	_, ended := w.member("Gone Inc", w.NewYork, "2020-03-01", "2021-03-01")
	w.Exec(`update membership set status = 'ended', ended_on = '2026-01-01' where id = ?`, ended)
	w.site(company, "GT", 14.6, -90.5)
	old, assessed, lane := pg.NewID(), pg.NewID(), pg.NewID()
	for i, id := range []uuid.UUID{old, assessed} {
		w.Exec(`insert into risk_assessment (id, company_id, title, status, begun_at) values (?, ?, 'x', 'draft', now())`, id, company)
		shipments := []int{9_999_999, 2500}[i]
		l := pg.NewID()
		if i == 1 {
			l = lane
		}
		w.Exec(`insert into risk_lane (id, assessment_id, company_id, position, name, origin, destination, shipments, created_at) values (?, ?, ?, 1, 'L', 'CN', 'US', ?, now())`, l, id, company, shipments)
		w.Exec(`update risk_assessment set status = 'finished', finished_at = ? where id = ?`, time.Date(2025, 1, 1+i, 0, 0, 0, 0, time.UTC), id)
	}
	validated := pg.NewID()
	w.Exec(`insert into validation (id, reference, company_id, programme, entity_type, kind, membership_id, office_id, status, reason, window_from, window_to, days, opened_at, notified_at, closed_at, outcome)
		values (?, 'V-1', ?, 'ctpat', 'importer', 'first', ?, ?, 'closed', 'x', '2025-05-01', '2025-06-01', 1, now(), now(), '2025-06-01', 'confirmed')`, validated, company, membership, w.NewYork)
	for i, escalated := range []bool{true, false, false} {
		w.Exec(`insert into finding (reference, validation_id, company_id, office_id, programme, entity_type, criterion, kind, title, facts, status, escalated, created_at, author, sent_at)
			values (?, ?, ?, ?, 'ctpat', 'importer', '3.1', 'action_required', 'x', 'x', 'open', ?, now(), 'x', '2025-06-01')`, fmt.Sprintf("F-%d", i), validated, company, w.NewYork, escalated)
	}
	for i, day := range []string{"2025-06-01", "2020-06-01"} { // the second is too long ago
		w.Exec(`insert into incident (id, reference, company_id, membership_id, office_id, programme, kind, status, place, occurred_on, occurred_until, found_on, way, self_reported, registered_at, author)
			values (?, ?, ?, ?, ?, 'ctpat', 'seal', 'reported', 'Newark', ?, ?, ?, 'field', false, now(), 'x')`, pg.NewID(), fmt.Sprintf("I-%d", i), company, membership, w.NewYork, day, day, day)
	}
	w.Exec(`insert into catalogue_edition (programme, edition, hash, status, valid_from, body, stored_at) values ('ctpat', 'e', 'h', 'published', '2020-01-01', '{}', now())`)
	cycle := pg.NewID()
	w.Exec(`insert into profile_cycle (id, reference, company_id, programme, entity_type, kind, number, edition, edition_hash, office_id, membership_id, status, opened_at, submitted_at, accepted_at)
		values (?, 'P-1', ?, 'ctpat', 'importer', 'annual', 2, 'e', 'h', ?, ?, 'accepted', now(), now(), now())`, cycle, company, w.NewYork, membership)
	w.Exec(`insert into profile_cycle (id, reference, company_id, programme, entity_type, kind, number, edition, edition_hash, office_id, membership_id, status, opened_at, overdue_at)
		values (?, 'P-2', ?, 'ctpat', 'importer', 'annual', 3, 'e', 'h', ?, ?, 'open', now(), now())`, pg.NewID(), company, w.NewYork, membership)
	for i, v := range []string{"does_not_meet", "meets_with_recommendation", "meets"} {
		w.Exec(`insert into profile_verdict (cycle_id, company_id, criterion, verdict, round, reviewed_by, reviewer, reviewed_at) values (?, ?, ?, ?, 1, ?, 'x', now())`, cycle, company, fmt.Sprint(i), v, w.Sam.PersonID)
	}

	p := w.make("2026")
	r := w.row(p.ID, membership)
	for code, want := range map[string]string{
		"due": "10, 29.18", "since_validation": "0.8, 3.00", "volume": "2500, 2.50", "regions": "3, 15.00", "incidents": "1, 5.00", "findings": "3, 4.80",
		"criteria_not_met": "2, 2.80", "overdue_review": "1, 5.00",
	} {
		if got := value(r, code); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
	if r.Factors[3].Text != "GT" || r.Score != 67.28 || r.DueOn.String() != "2026-03-13" || !r.Proposed {
		t.Errorf("the line is %+v", r.Item)
	}
	r = w.row(p.ID, bare)
	for code, want := range map[string]string{"due": "no data, 0.00", "since_validation": "0, 0.00", "volume": "no data, 0.00", "regions": "no data, 0.00", "incidents": "0, 0.00",
		"findings": "no data, 0.00", "criteria_not_met": "no data, 0.00", "overdue_review": "0, 0.00"} {
		if got := value(r, code); got != want {
			t.Errorf("a member that nothing is known of, %s: %s, want %s", code, got, want)
		}
	}
	if n := w.Count(`select count(*)::int from plan_item where plan_id = $1`, p.ID); n != 2 {
		t.Errorf("%d lines, want one for each live member", n)
	}
}

func TestMake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 40 {
		due := "2027-09-01"
		if i < 3 {
			due = "2026-12-31"
		}
		w.member(fmt.Sprintf("Member %02d", i), w.NewYork, "2024-01-01", due)
	}
	for _, by := range []identity.Actor{w.Admin, w.Importer("Nosy Inc"), {}} {
		_, err := w.s.Make(w.Ctx, by, plan.MakeEntry{Programme: "ctpat", Year: "2026"})
		w.Want("made by "+by.Name, err, fault.NotFound)
	}
	for _, by := range []identity.Actor{w.Sam, w.Auditor} {
		_, err := w.s.Make(w.Ctx, by, plan.MakeEntry{Programme: "ctpat", Year: "2026"})
		w.Want("made by "+by.Name, err, fault.Forbidden)
	}
	for _, in := range []plan.MakeEntry{{Programme: "nothing", Year: "2026"}, {Programme: "ctpat"}, {Programme: "ctpat", Year: "1999"}} {
		_, err := w.s.Make(w.Ctx, w.Chief, in)
		w.Want(fmt.Sprint(in), err, fault.Invalid)
	}
	p := w.make("2026")
	_, err := w.s.Make(w.Ctx, w.Boss, plan.MakeEntry{Programme: "ctpat", Year: "2026"})
	w.Want("a second one", err, fault.Conflict)

	page := w.page(p.ID, plan.Filter{})
	law, lots := 0, 0
	for _, r := range page.Rows {
		if r.DueOn.Year() == 2026 {
			law++
		}
		if r.Random {
			lots++
		}
	}
	if page.Members != 40 || page.Proposals != 10 || len(page.Rows) != 10 || law != 3 || lots != 1 {
		t.Errorf("%d members, %d proposed, %d of them by law and %d by lot; want a quarter of 40, 3 and 1", page.Members, page.Proposals, law, lots)
	}
	drawn := w.Text(`select string_agg(membership_id::text, ' ') from plan_item where random`)
	w.Must(w.s.Refresh(w.Ctx, w.Chief, p.ID, p.Version))
	if again := w.Text(`select string_agg(membership_id::text, ' ') from plan_item where random`); again != drawn {
		t.Errorf("the same seed drew %s and then %s", drawn, again)
	}
	w.Want("an old page", w.s.Refresh(w.Ctx, w.Chief, p.ID, p.Version), fault.Conflict)
	w.Want("nothing to score", w.s.Refresh(w.Ctx, w.Chief, uuid.New(), 1), fault.NotFound)

	// Who leaves is proposed no more and stays to be seen; who comes is added.
	_, late := w.member("Late Inc", w.NewYork, "2026-03-01", "2026-06-01")
	w.Exec(`update membership set status = 'ended', ended_on = '2026-03-01' where id = ?`, page.Rows[0].MembershipID)
	w.Must(w.s.Refresh(w.Ctx, w.Chief, p.ID, p.Version+1))
	if r := w.row(p.ID, late); !r.Proposed {
		t.Error("a new member due by law is not proposed")
	}
	if r := w.row(p.ID, page.Rows[0].MembershipID); r.Proposed || !r.Ended() {
		t.Errorf("a member that has left: %+v", r)
	}
	if n := w.Count(`select count(*)::int from audit_event where action in ('plan.make', 'plan.refresh') and internal`); n != 3 {
		t.Errorf("%d events", n)
	}
	list, err := w.s.Plans(w.Ctx, w.Auditor)
	if err != nil || len(list) != 1 || list[0].Maker != "Cora Chief" {
		t.Errorf("the list: %+v, %v", list, err)
	}
	f, err := w.s.Export(w.Ctx, w.Auditor, p.ID, plan.Filter{Show: plan.ShowAll})
	w.Must(err)
	if n := strings.Count(string(f.Body), "\r\n"); n != 42 || !strings.Contains(string(f.Body), "no data") || f.Name != "plan-ctpat-2026.csv" {
		t.Errorf("%s has %d rows", f.Name, n)
	}
}

func TestDecideAndAdopt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, first := w.member("First Inc", w.NewYork, "2024-01-01", "2026-05-01")
	_, second := w.member("Second Inc", w.NewYork, "2025-01-01", "2026-08-01")
	_, far := w.member("Far SA", w.Brussels, "2025-01-01", "2027-08-01")
	p := w.make("2026")
	r := w.row(p.ID, first)
	line := []plan.Line{{ID: r.ID, Version: r.Version}}
	good := plan.DecideEntry{Decision: plan.Chosen, Quarter: "2", Reason: "Due by law"}
	for name, by := range map[string]identity.Actor{"a company": w.Importer("Nosy Inc"), "an administrator": w.Admin} {
		_, err := w.s.Decide(w.Ctx, by, p.ID, line, good)
		w.Want(name, err, fault.NotFound)
	}
	_, err := w.s.Decide(w.Ctx, w.Sam, p.ID, line, good)
	w.Want("a specialist", err, fault.Forbidden)
	for name, in := range map[string]plan.DecideEntry{"no reason": {Decision: plan.Chosen, Quarter: "2"}, "no quarter": {Decision: plan.Chosen, Reason: "x"},
		"no decision": {Reason: "x"}, "an unknown one": {Decision: "maybe", Reason: "x"}, "a fifth quarter": {Decision: plan.Chosen, Quarter: "5", Reason: "x"}} {
		_, err := w.s.Decide(w.Ctx, w.Boss, p.ID, line, in)
		w.Want(name, err, fault.Invalid)
	}
	_, err = w.s.Decide(w.Ctx, w.Boss, p.ID, nil, good)
	w.Want("no line", err, fault.Invalid)
	_, err = w.s.Decide(w.Ctx, w.Boss, uuid.New(), line, good)
	w.Want("no plan", err, fault.NotFound)

	other := w.row(p.ID, far)
	out, err := w.s.Decide(w.Ctx, w.Boss, p.ID, []plan.Line{line[0], {ID: other.ID, Version: other.Version}, {ID: uuid.New(), Version: 1}}, good)
	w.Must(err)
	if out[0].Why != nil || out[1].Why == nil || !strings.Contains(out[1].Why.Message, "Another office") || out[2].Why == nil {
		t.Errorf("one of three is his to decide: %+v", out)
	}
	if o := w.decide(w.Boss, p.ID, r, good); o.Why == nil || !strings.Contains(o.Why.Message, "meanwhile") {
		t.Errorf("an old line was decided: %+v", o)
	}
	r = w.row(p.ID, first)
	if r.Said() != plan.Chosen || *r.Quarter != 2 || r.Reason != "Due by law" || r.Decider != "Bob Boss" {
		t.Errorf("decided as %+v", r.Item)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'plan.decide' and internal and company_id = $1 and reason = 'Due by law'`, r.CompanyID); n != 1 {
		t.Errorf("%d events", n)
	}

	w.Want("by its maker", w.s.Adopt(w.Ctx, w.Chief, p.ID, p.Version), fault.Forbidden)
	w.Want("by a supervisor", w.s.Adopt(w.Ctx, w.Boss, p.ID, p.Version), fault.Forbidden)
	w.Want("by an auditor", w.s.Adopt(w.Ctx, w.Auditor, p.ID, p.Version), fault.Forbidden)
	w.Want("with an open proposal", w.s.Adopt(w.Ctx, w.second, p.ID, p.Version), fault.Conflict)
	if o := w.decide(w.Boss, p.ID, w.row(p.ID, second), plan.DecideEntry{Decision: plan.Later, Reason: "It moves in May"}); o.Why != nil {
		t.Errorf("left as it was: %+v", o)
	}
	if o := w.decide(w.Chief, p.ID, w.row(p.ID, far), plan.DecideEntry{Decision: plan.NotThisYear, Reason: "Visited by the partner"}); o.Why != nil {
		t.Errorf("headquarters may decide everywhere: %+v", o)
	}
	w.Want("an old page", w.s.Adopt(w.Ctx, w.second, p.ID, p.Version+1), fault.Conflict)
	w.Must(w.s.Adopt(w.Ctx, w.second, p.ID, p.Version))
	w.Want("twice", w.s.Adopt(w.Ctx, w.second, p.ID, p.Version+1), fault.Conflict)
	w.Want("scored anew", w.s.Refresh(w.Ctx, w.Chief, p.ID, p.Version+1), fault.Conflict)
	if err := w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error {
		return tx.WithContext(w.Ctx).Exec(`update validation_plan set adopted_by = made_by`).Error
	}); pg.Constraint(err) != "plan_four_eyes" {
		t.Errorf("the database lets the maker adopt: %v", err)
	}
	page := w.page(p.ID, plan.Filter{Show: plan.ShowChosen, Office: w.NewYork, Quarter: 2})
	if len(page.Rows) != 1 || page.Picked != 1 || page.Put != 1 || page.Skipped != 1 || len(page.Quarters) != 1 || page.Quarters[0].Planned != 1 {
		t.Errorf("the page is %+v", page)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	company, first := w.member("First Inc", w.NewYork, "2024-01-01", "2026-11-01")
	w.site(company, "US", 40.7, -74.2)
	p := w.make("2026")
	r := w.row(p.ID, first)
	in := plan.OpenEntry{Version: r.Version}
	_, err := w.s.Open(w.Ctx, w.Sam, p.ID, r.ID, in)
	w.Want("from a draft", err, fault.Conflict)
	w.decide(w.Boss, p.ID, r, plan.DecideEntry{Decision: plan.Later, Reason: "x"})
	w.Must(w.s.Adopt(w.Ctx, w.second, p.ID, p.Version))
	in.Version++
	_, err = w.s.Open(w.Ctx, w.Sam, p.ID, r.ID, in)
	w.Want("what was not chosen", err, fault.Conflict)
	r = w.row(p.ID, first)
	w.decide(w.Boss, p.ID, r, plan.DecideEntry{Decision: plan.Chosen, Quarter: "3", Reason: "Due by law"})
	_, err = w.s.Open(w.Ctx, w.Sam, p.ID, r.ID, in)
	w.Want("from an old page", err, fault.Conflict)
	in.Version++
	_, err = w.s.Open(w.Ctx, w.Other, p.ID, r.ID, in)
	w.Want("by another office", err, fault.Forbidden)
	_, err = w.s.Open(w.Ctx, w.Auditor, p.ID, r.ID, in)
	w.Want("by an auditor", err, fault.Forbidden)
	_, err = w.s.Open(w.Ctx, w.Admin, p.ID, r.ID, in)
	w.Want("by an administrator", err, fault.NotFound)
	_, err = w.s.Open(w.Ctx, w.Sam, p.ID, uuid.New(), in)
	w.Want("of no line", err, fault.NotFound)

	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.s.Open(w.Ctx, w.Sam, p.ID, r.ID, in) })
	}
	wg.Wait()
	opened := 0
	for _, err := range errs {
		if err == nil {
			opened++
		} else if fault.KindOf(err) != fault.Conflict {
			t.Errorf("lost the race with %v", err)
		}
	}
	if n := w.Count(`select count(*)::int from validation where plan_item_id = $1 and reason = 'Due by law'`, r.ID); opened != 1 || n != 1 {
		t.Errorf("%d opened, %d are there", opened, n)
	}
	item, err := w.s.Item(w.Ctx, w.Sam, p.ID, r.ID)
	w.Must(err)
	if item.Opens || item.Decides || item.Row.Validation == "" || len(item.Clocks) != 1 || item.Rank != 1 || item.Clocks[0].DaysLeft != 243 {
		t.Errorf("the line is %+v", item)
	}
	if o := w.decide(w.Boss, p.ID, item.Row, plan.DecideEntry{Decision: plan.Later, Reason: "x"}); o.Why == nil {
		t.Error("what is open was put off")
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'plan.read' and subject_id = $1 and company_id = $2`, r.ID, company); n != 1 {
		t.Errorf("%d looks were noted", n)
	}
	_, err = w.s.Item(w.Ctx, w.Importer("Nosy Inc"), p.ID, r.ID)
	w.Want("read by a company", err, fault.NotFound)
}

// Nobody is overlooked: as many rows as live members, whatever is known of them.
func TestDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 120 {
		due := clock.DayOf(w.Clock.Now(), time.UTC).AddDays(i*7 - 30).String()
		if i%10 == 3 {
			due = ""
		}
		office := w.NewYork
		if i%3 == 0 {
			office = w.Brussels
		}
		w.member(fmt.Sprintf("Member %03d", i), office, "2025-01-01", due)
	}
	live := w.Count(`select count(*)::int from membership where status <> 'ended'`)
	seen := map[uuid.UUID]bool{}
	f := plan.DueFilter{}
	var last *clock.Day
	for pages := 0; ; pages++ {
		p, err := w.s.Due(w.Ctx, w.Auditor, f)
		w.Must(err)
		if p.Counts.Members != live || p.Counts.NoDay != 12 || p.Counts.Late != 4 || p.Counts.Unplanned != live {
			t.Fatalf("counted %+v of %d", p.Counts, live)
		}
		for _, r := range p.Rows {
			if seen[r.ID] {
				t.Errorf("%s is there twice", r.Company)
			}
			seen[r.ID] = true
			if r.DueOn == nil && last != nil || last != nil && r.DueOn.Before(*last) {
				t.Errorf("%s is out of order", r.Company)
			}
			last = r.DueOn
		}
		if f.After = p.Next; p.Next == "" {
			break
		}
		if pages > 5 {
			t.Fatal("the list does not end")
		}
	}
	if len(seen) != live {
		t.Errorf("%d rows for %d members", len(seen), live)
	}
	p, err := w.s.Due(w.Ctx, w.Sam, plan.DueFilter{Programme: "ctpat", Office: w.Brussels, When: plan.Within90})
	w.Must(err)
	if p.Counts.Members != 40 || len(p.Rows) == 0 || len(p.Rows) > 20 {
		t.Errorf("%d of %d in Brussels within 90 days", len(p.Rows), p.Counts.Members)
	}
	for _, x := range plan.Whens() {
		_, err := w.s.Due(w.Ctx, w.Sam, plan.DueFilter{When: x})
		w.Must(err)
	}
	made := w.make("2026")
	if p, err = w.s.Due(w.Ctx, w.Sam, plan.DueFilter{}); err != nil || p.Counts.Unplanned != 0 || p.Rows[0].Year == nil || *p.Rows[0].Year != 2026 {
		t.Errorf("after the plan %s: %+v, %v", made.ID, p.Counts, err)
	}
	file, err := w.s.DueCSV(w.Ctx, w.Sam, plan.DueFilter{})
	if n := strings.Count(string(file.Body), "\r\n"); err != nil || n != live+1 {
		t.Errorf("the file has %d rows, %v", n, err)
	}
	_, err = w.s.Due(w.Ctx, w.Admin, plan.DueFilter{})
	w.Want("an administrator", err, fault.NotFound)
	_, err = w.s.DueCSV(w.Ctx, w.Admin, plan.DueFilter{})
	w.Want("an administrator", err, fault.NotFound)
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	newark, first := w.member("Newark Inc", w.NewYork, "2025-01-01", "2026-05-01")
	w.site(newark, "US", 40.73, -74.17)
	philadelphia, second := w.member("Philadelphia Inc", w.NewYork, "2025-01-01", "2026-05-20")
	w.site(philadelphia, "US", 39.95, -75.16)
	boston, third := w.member("Boston Inc", w.NewYork, "2025-01-01", "2026-05-10")
	w.site(boston, "US", 42.36, -71.06)
	_, nowhere := w.member("Nowhere Inc", w.NewYork, "2025-01-01", "2026-05-12")
	late, fourth := w.member("Trenton Inc", w.NewYork, "2025-01-01", "2026-01-12")
	w.site(late, "US", 40.22, -74.76)
	mexico, fifth := w.member("Laredo SA", w.NewYork, "2025-01-01", "2026-06-01")
	w.site(mexico, "MX", 27.48, -99.51)

	steps := w.s.Validations
	var v validation.Validation
	w.Must(w.DB.Write(w.Ctx, w.Sam.Scope(), func(tx pg.Tx) (err error) {
		v, err = steps.Open(w.Ctx, tx, w.Clock.Now(), w.Sam, validation.OpenEntry{Membership: &first, Reason: "x", From: "2026-04-20", To: "2026-05-05"})
		return err
	}))
	m, err := w.s.Map(w.Ctx, w.Sam, plan.MapFilter{})
	w.Must(err)
	kinds := map[plan.PlaceKind]int{}
	for _, p := range m.Places {
		kinds[p.Kind]++
	}
	if kinds[plan.Visit] != 1 || kinds[plan.Need] != 5 || m.More || m.Places[0].Company != "Trenton Inc" {
		t.Errorf("the map has %v, first %s", kinds, m.Places[0].Company)
	}
	if m, err = w.s.Map(w.Ctx, w.Sam, plan.MapFilter{Kind: plan.Need, Days: 30, Office: w.Brussels, Programme: "ctpat"}); err != nil || len(m.Places) != 0 {
		t.Errorf("Brussels has %d needs, %v", len(m.Places), err)
	}
	near, err := w.s.Near(w.Ctx, w.Sam, v.ID)
	w.Must(err)
	var names []string
	for _, p := range near.Places {
		names = append(names, fmt.Sprintf("%s %.0f", p.Company, p.Km))
	}
	if got := strings.Join(names, ", "); got != "Trenton Inc 76, Philadelphia Inc 121" {
		t.Errorf("near Newark: %s", got)
	}
	_, err = w.s.Near(w.Ctx, w.Sam, uuid.New())
	w.Want("near nothing", err, fault.NotFound)

	w.Exec(`insert into officer (person_id, office_id, base, base_country, base_lat, base_lon, capacity, created_at) values (?, ?, 'New York', 'US', 40.71, -74.0, 10, now())`, w.Sam.PersonID, w.NewYork)
	visit := w.Text(`select id::text from visit where validation_id = $1`, v.ID)
	stops := []string{"need:" + third.String(), "need:" + second.String(), "visit:" + visit, "need:" + nowhere.String(), "need:" + fourth.String(), "need:" + fifth.String(), "nonsense", "need:" + uuid.NewString()}
	trip, err := w.s.Trip(w.Ctx, w.Sam, plan.TripEntry{Stops: stops})
	w.Must(err)
	names = nil
	for _, l := range trip.Legs {
		names = append(names, l.Company)
	}
	got := strings.Join(names, ", ")
	if got != "Trenton Inc, Philadelphia Inc, Laredo SA, Newark Inc, Boston Inc" && got != "Boston Inc, Newark Inc, Laredo SA, Philadelphia Inc, Trenton Inc" {
		t.Errorf("the journey goes %s", got)
	}
	if trip.From == nil || trip.From.Base != "New York" || len(trip.Unplaced) != 1 || len(trip.Notes) != 1 || trip.Notes[0].Code != "MX" || trip.Km < 5000 || trip.Days < 7 {
		t.Errorf("the journey is %+v", trip)
	}
	if f, err := trip.CSV(w.Ctx); err != nil || strings.Count(string(f.Body), "\r\n") != 6 {
		t.Errorf("%q, %v", f.Body, err)
	}
	if f, err := m.CSV(w.Ctx); err != nil || strings.Count(string(f.Body), "\r\n") != 1 {
		t.Errorf("%q, %v", f.Body, err)
	}
	many := slices.Repeat(stops[:1], 13)
	if trip, err = w.s.Trip(w.Ctx, w.Boss, plan.TripEntry{Stops: many}); err != nil || len(trip.Problems) != 1 || trip.From != nil {
		t.Errorf("thirteen stops: %+v, %v", trip.Problems, err)
	}
	if trip, err = w.s.Trip(w.Ctx, w.Auditor, plan.TripEntry{}); err != nil || trip.Days != 0 {
		t.Errorf("no stops: %+v, %v", trip, err)
	}
	for _, by := range []identity.Actor{w.Admin, w.Importer("Nosy Inc")} {
		_, err = w.s.Map(w.Ctx, by, plan.MapFilter{})
		w.Want("map", err, fault.NotFound)
		_, err = w.s.Trip(w.Ctx, by, plan.TripEntry{})
		w.Want("trip", err, fault.NotFound)
		_, err = w.s.Near(w.Ctx, by, v.ID)
		w.Want("near", err, fault.NotFound)
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	r := regions(t)
	if !r.Draft || r.Travel("MX") == "" || r.Travel("US") != "" {
		t.Errorf("%+v", r)
	}
	for text, want := range map[string]string{
		"edition: x\nsource: y\ndraft: true\ncountries:\n  - {country: US, rating: 4}\n":                                      "regions.yaml:5",
		"edition: x\nsource: y\ndraft: true\ncountries:\n  - {country: US, rating: 1}\n  - {country: US, travel: Go there}\n": "there twice",
		"edition: x\n": "source",
	} {
		_, err := plan.LoadRegions(fstest.MapFS{"regions.yaml": {Data: []byte(text)}})
		var problems datafile.Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := plan.LoadRegions(fstest.MapFS{}); err == nil {
		t.Error("no file is no ratings")
	}
}

// TestFullSize: a whole administration's plan is made in seconds, and its lists answer at once.
func TestFullSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, err := pgx.Connect(w.Ctx, w.DSN)
	w.Must(err)
	seed := func(sql string, args ...any) {
		_, err := owner.Exec(w.Ctx, sql, args...)
		w.Must(err)
	}
	seed(`set session_replication_role = replica`) // what is made here fits together
	seed(`insert into company (id, name, country, office_id, created_at) select gen_random_uuid(), 'Company ' || n, 'US', $1, now() from generate_series(1, 12000) n`, w.NewYork)
	seed(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at, submitted_at, decided_at, closed_at)
		select gen_random_uuid(), 'A-' || row_number() over (), id, 'ctpat', 'e', 'h', 'importer', office_id, 'certified', now(), now(), now(), now() from company`)
	seed(`insert into membership (id, company_id, application_id, programme, edition, entity_type, number, tier, status, certified_on, effective_on, created_at)
		select gen_random_uuid(), company_id, id, 'ctpat', 'e', 'importer', 'M-' || reference, 'tier_1', 'active', date '2020-01-01' + (random() * 2000)::int, '2026-01-01', now() from application`)
	seed(`insert into clock (id, company_id, subject_kind, subject_id, office_id, programme, code, name, source, start_event, started_at, zone, calendar, amount, unit, owed_by, due_on)
		select gen_random_uuid(), m.company_id, 'membership', m.id, $1, 'ctpat', c, c, 's', 'e', now(), 'America/New_York', 'us-federal', 1, 'years', 'agency', date '2026-01-01' + (random() * 1400)::int
		from membership m, unnest(array['first_validation', 'annual_review_due', 'other']) c`, w.NewYork)
	seed(`insert into risk_assessment (id, company_id, title, status, begun_at) select gen_random_uuid(), id, 'x', 'draft', now() from company`)
	seed(`insert into risk_lane (assessment_id, company_id, position, name, origin, destination, shipments, created_at) select id, company_id, 1, 'L', 'CN', 'US', 100, now() from risk_assessment, generate_series(1, 3)`)
	seed(`update risk_assessment set status = 'finished', finished_at = now()`)
	seed(`analyze`)
	w.Must(owner.Close(w.Ctx))
	begun := time.Now()
	p := w.make("2026")
	t.Logf("made in %v", time.Since(begun))
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("a plan took %v", took)
	}
	if n := w.Count(`select count(*)::int from plan_item where plan_id = $1`, p.ID); n != 12000 {
		t.Errorf("%d lines", n)
	}
	for name, do := range map[string]func() error{
		"plan": func() error { _, err := w.s.Plan(w.Ctx, w.Chief, p.ID, plan.Filter{}); return err },
		"due":  func() error { _, err := w.s.Due(w.Ctx, w.Chief, plan.DueFilter{}); return err },
		"map":  func() error { _, err := w.s.Map(w.Ctx, w.Chief, plan.MapFilter{}); return err },
	} {
		w.Must(do())
		begun := time.Now()
		for range 5 {
			w.Must(do())
		}
		t.Logf("%s: %v", name, time.Since(begun)/5)
		if took := time.Since(begun) / 5; took > 2*time.Second {
			t.Errorf("%s takes %v", name, took)
		}
	}
}
