package claim_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/claim"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

// reporting makes members of Tier 2 that brought reports of crossings; of each it says whether
// a lane of members is in it.
func (w *world) reporting(lanes ...string) (members []identity.Actor) {
	w.T.Helper()
	for _, lane := range lanes {
		owner, m := w.Member(fmt.Sprintf("Crossing %s LLC", uuid.NewString()[:8]))
		members = append(members, owner)
		was := w.member
		w.member = m
		w.law(standing.Event{Kind: standing.Awarded, Tier: "tier_2"})
		w.member = was
		w.crossings(owner, lane)
	}
	return members
}

func (w *world) crossings(owner identity.Actor, lane string) {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into benefit_import (id, company_id, layout, file_name, sha256, size, blob_key, heading, mapped, status, events_taken, first_on, last_on, bringer, brought_at, finished_at)
		values (?, ?, 'crossings', 'c.csv', repeat('ab', 32), 10, '', '[]', true, 'taken', 1, '2026-01-05', '2026-01-05', 'Ann', ?, ?)`, id, owner.CompanyID, w.Clock.Now(), w.Clock.Now())
	w.Exec(`insert into benefit_event (company_id, import_id, row_no, part, kind, day, month, entry_no, line, ref, mode, port, port_group, country, type, currency)
		values (?, ?, 1, 0, 'crossing', '2026-01-05', '2026-01-01', '', 1, 'T1', 'truck', '', '', '', ?, '')`, owner.CompanyID, id, lane)
	w.Exec(`select benefit_roll(?, array['2026-01-01'::date])`, owner.CompanyID)
}

// lane is the row of the list about lanes for importers of Tier 2.
func (w *world) lane() claim.Gap {
	w.T.Helper()
	l, err := w.s.Gaps(w.Ctx, w.Chief, claim.GapFilter{All: true, Programme: "ctpat"})
	w.Must(err)
	for _, g := range l.Items {
		if g.Benefit == "fast_lanes" && g.EntityType == "importer" && g.Tier == "tier_2" {
			return g
		}
	}
	w.T.Fatalf("no row among %d", len(l.Items))
	return claim.Gap{}
}

func bands(g claim.Gap) string {
	say := func(b claim.Band) string {
		if b == nil {
			return "few"
		}
		return fmt.Sprint(*b)
	}
	return fmt.Sprintf("%d entitled, %s reported, %s seen, %s unseen", g.Entitled, say(g.Reported), say(g.Seen), say(g.Unseen))
}

// Whoever looks at the list with four members, then with five, and then with a sixth, cannot
// tell what one of them reported.
func TestNobodyIsFoundOutByDifference(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"general", "fast"} {
		t.Run(last, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.reporting("fast", "fast", "general", "general")
			w.Must(w.s.Count(w.Ctx, w.Chief))
			if got := bands(w.lane()); got != "5 entitled, few reported, few seen, few unseen" {
				t.Errorf("four report: %s", got)
			}
			// A fifth member reports. On the same day, and for the rest of the month, nothing can be counted again.
			w.reporting(last)
			w.Want("again on that day", w.s.Count(w.Ctx, w.Chief), fault.Conflict)
			w.Want("again in that month", w.s.Count(w.Ctx, w.Chief), fault.Conflict)
			if got := bands(w.lane()); got != "5 entitled, few reported, few seen, few unseen" {
				t.Errorf("after the fifth: %s", got)
			}
			// In the next month the five are told together, and the fifth could be either.
			w.Clock.Move(31 * 24 * time.Hour)
			w.Must(w.s.Count(w.Ctx, w.Chief))
			g := w.lane()
			if got := bands(g); got != "6 entitled, 5 reported, few seen, few unseen" {
				t.Errorf("five report: %s", got)
			}
			if low, high := g.Share(); low > 40 || high < 60 {
				t.Errorf("the share says too much: %d to %d", low, high)
			}
			// A sixth the month after: still no number that was not there before.
			w.reporting(last)
			w.Clock.Move(31 * 24 * time.Hour)
			w.Must(w.s.Count(w.Ctx, w.Chief))
			if got := bands(w.lane()); got != "7 entitled, 5 reported, few seen, few unseen" {
				t.Errorf("six report: %s", got)
			}
			// The rows themselves are behind the company's fence.
			for _, table := range []string{"benefit_month", "benefit_event", "benefit_import"} {
				var n int
				w.Must(w.DB.Batch(w.Ctx, w.Chief.Scope(), pg.Value(&n, `select count(*)::int from `+table)))
				if n != 0 {
					t.Errorf("headquarters sees %d rows of %s", n, table)
				}
			}
			var n int
			w.Must(w.DB.Batch(w.Ctx, w.owner.Scope(), pg.Value(&n, `select (select count(*) from benefit_gap)::int + (select count(*) from benefit_gap_count)::int`)))
			if n != 0 {
				t.Error("a company sees the work list")
			}
		})
	}
}

// Only members that have the benefit on the day count, and only those whose report would show it.
func TestWhatIsAGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	members := w.reporting("general", "general", "general", "general", "general", "general", "fast", "fast", "fast", "fast", "fast")
	suspended := w.Text(`select id::text from membership where company_id = $1`, members[0].CompanyID)
	was := w.member
	w.member = uuid.MustParse(suspended)
	w.law(standing.Event{Kind: standing.Suspended})
	w.member = was
	w.Must(w.s.Count(w.Ctx, w.Chief))
	g := w.lane()
	if got := bands(g); got != "11 entitled, 10 reported, 5 seen, 5 unseen" {
		t.Errorf("%s", got)
	}
	l, err := w.s.Gaps(w.Ctx, w.Chief, claim.GapFilter{})
	if err != nil || len(l.Items) != 1 || l.Due || l.Month == nil || *l.Month != w.day("2026-02-01") {
		t.Errorf("%+v %v", l, err)
	}
	w.open(claim.Entry{Membership: w.member, Benefit: "fast_lanes", From: w.day("2026-03-06"), Place: "Laredo", Happened: "The lane was closed."})
	if g = w.lane(); g.Claims != 1 || g.Failures != 0 {
		t.Errorf("%d claims, %d confirmed", g.Claims, g.Failures)
	}

	// Headquarters works on it; its history stays.
	say := func(in claim.GapEntry) error { return w.s.Work(w.Ctx, w.Chief, g.ID, in) }
	w.Want("explained without words", say(claim.GapEntry{Status: claim.GapExplained, Version: g.Version}), fault.Invalid)
	w.Want("an owner of another role", say(claim.GapEntry{Status: claim.GapLooked, Owner: w.Sam.PersonID, Version: g.Version}), fault.Invalid)
	w.Want("a state that is none", say(claim.GapEntry{Status: "gone", Version: g.Version}), fault.Conflict)
	errs := make([]error, 5)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			errs[i] = say(claim.GapEntry{Status: claim.GapLooked, Owner: w.Chief.PersonID, Note: "Asked the ports", Version: g.Version})
		})
	}
	group.Wait()
	if conflicts, done := w.Conflicts(errs); done != 1 || conflicts != 4 {
		t.Errorf("%d kept, %d refused", done, conflicts)
	}
	w.Must(say(claim.GapEntry{Status: claim.GapMended, Note: "The lane is open", Version: g.Version + 1}))
	r, err := w.s.Gap(w.Ctx, w.Auditor, g.ID)
	if err != nil || r.Status != claim.GapMended || len(r.Steps) != 2 || r.Steps[0].Owner != w.Chief.Name || len(r.May) != 0 {
		t.Errorf("%+v %v", r, err)
	}
	for name, by := range map[string]identity.Actor{"a company": w.owner, "a specialist": w.Sam, "a partner": w.officer} {
		_, err := w.s.Gaps(w.Ctx, by, claim.GapFilter{})
		w.Want("listed by "+name, err, fault.NotFound)
		_, err = w.s.Gap(w.Ctx, by, g.ID)
		w.Want("read by "+name, err, fault.NotFound)
		w.Want("counted by "+name, w.s.Count(w.Ctx, by), fault.NotFound)
		w.Want("worked on by "+name, w.s.Work(w.Ctx, by, g.ID, claim.GapEntry{Status: claim.GapLooked}), fault.NotFound)
	}
	w.Want("counted by an auditor", w.s.Count(w.Ctx, w.Auditor), fault.Forbidden)
	w.Want("no such row", w.s.Work(w.Ctx, w.Chief, uuid.New(), claim.GapEntry{Status: claim.GapLooked}), fault.NotFound)
}

// Fewer examinations are seen where some shipment was not examined, and recognition by the
// country where it happened.
func TestSeenByOtherMeans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 10 {
		owner, m := w.Member(fmt.Sprintf("Shipper %d LLC", i))
		was := w.member
		w.member = m
		w.law(standing.Event{Kind: standing.Awarded, Tier: "tier_2", On: clock.DayOf(w.Clock.Now(), time.UTC)})
		w.member = was
		w.Exec(`insert into recognition (id, company_id, membership_id, arrangement, agency_id, status, asked_at, sent_at, answered_at) values (?, ?, ?, ?, ?, 'recognised', ?, ?, ?)`,
			pg.NewID(), owner.CompanyID, m, eu, w.officer.AgencyID, w.Clock.Now(), w.Clock.Now(), w.Clock.Now())
		exams, country := 1, "DE"
		if i >= 5 {
			exams, country = 2, "JP" // every shipment, and at another partner
		}
		for n, layout := range []string{"ace_es003", "ace_cargo_release", "partner_feedback"} {
			w.Exec(`insert into benefit_import (id, company_id, layout, file_name, sha256, size, blob_key, heading, mapped, status, events_taken, first_on, last_on, bringer, brought_at, finished_at)
				values (?, ?, ?, 'c.csv', repeat('ab', 32), ?, '', '[]', true, 'taken', 1, '2026-01-05', '2026-01-05', 'Ann', ?, ?)`, pg.NewID(), owner.CompanyID, layout, n+1, w.Clock.Now(), w.Clock.Now())
		}
		row := `insert into benefit_event (company_id, import_id, row_no, part, kind, day, month, entry_no, line, ref, mode, port, port_group, country, type, currency) values (?, ?, ?, 0, ?, '2026-01-05', '2026-01-01', ?, 1, ?, 'sea', '', '', ?, '', '')`
		id := pg.NewID()
		for n := range 2 {
			w.Exec(row, owner.CompanyID, id, n, "entry", fmt.Sprint("E", n), "", "")
		}
		for n := range exams {
			w.Exec(row, owner.CompanyID, id, 10+n, "exam", fmt.Sprint("E", n), "", "")
		}
		w.Exec(row, owner.CompanyID, id, 20, "recognised", "", "M1", country)
		w.Exec(`select benefit_roll(?, array['2026-01-01'::date])`, owner.CompanyID)
	}
	w.Must(w.s.Count(w.Ctx, w.Chief))
	for _, x := range []struct{ benefit, arrangement, want string }{
		{"fewer_examinations", "", "11 entitled, 10 reported, 5 seen, 5 unseen"},
		{"recognition", eu, "11 entitled, 10 reported, 5 seen, 5 unseen"},
		{"recognition", "us-ctpat-jp-aeo", "0 entitled, few reported, few seen, few unseen"},
		{"isf_mitigation", "", "11 entitled, few reported, few seen, few unseen"},
	} {
		got := w.Text(`select entitled || ' entitled, ' || coalesce(reported::text, 'few') || ' reported, ' || coalesce(seen::text, 'few') || ' seen, ' || coalesce(unseen::text, 'few') || ' unseen'
			from benefit_gap where programme = 'ctpat' and entity_type = 'importer' and tier = 'tier_2' and benefit = $1 and arrangement = $2`, x.benefit, x.arrangement)
		if got != x.want {
			t.Errorf("%s %s: %s, want %s", x.benefit, x.arrangement, got, x.want)
		}
	}
}

// TestCountDue: the portal counts a month once it is over at headquarters, and once.
func TestCountDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(`update office set zone = 'America/New_York' where parent_id is null`)
	at := func(text string) {
		t.Helper()
		to, err := time.Parse(time.RFC3339, text)
		w.Must(err)
		w.Clock.Move(to.Sub(w.Clock.Now()))
	}
	due := func(want bool, months string) {
		t.Helper()
		counted, err := w.s.CountDue(w.Ctx)
		got := w.Text(`select coalesce(string_agg(to_char(month, 'YYYY-MM') || ' ' || counter || case when counted_by is null then '' else '!' end, ', ' order by month), '') from benefit_gap_count`)
		if err != nil || counted != want || got != months {
			t.Errorf("%s: counted %v, %s, %v", w.Clock.Now(), counted, got, err)
		}
	}
	at("2026-04-01T03:59:00Z") // still March in New York
	due(true, "2026-02 Portal")
	due(false, "2026-02 Portal")
	at("2026-04-01T04:01:00Z")
	due(true, "2026-02 Portal, 2026-03 Portal")
	w.Want("by a person too", w.s.Count(w.Ctx, w.Chief), fault.Conflict)
	at("2026-05-01T03:59:59Z")
	due(false, "2026-02 Portal, 2026-03 Portal")
	// Whoever does not wait takes it from the portal.
	at("2026-05-01T04:00:00Z")
	w.Must(w.s.Count(w.Ctx, w.Chief))
	due(false, "2026-02 Portal, 2026-03 Portal, 2026-04 Cora Chief!")
	// After a time without a portal only the last month is counted, by one of several.
	at("2027-01-01T12:00:00Z")
	var group sync.WaitGroup
	var counted [4]bool
	for i := range counted {
		group.Go(func() {
			var err error
			if counted[i], err = w.s.CountDue(w.Ctx); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	n := 0
	for _, c := range counted {
		if c {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of four have counted", n)
	}
	due(false, "2026-02 Portal, 2026-03 Portal, 2026-04 Cora Chief!, 2026-12 Portal")
	if got := w.Text(`select string_agg(actor || ' ' || audience || ' ' || (after->>'month'), ', ' order by id) from audit_event where action = 'benefit_gap.count'`); got != "Portal system 2026-02-01, Portal system 2026-03-01, Cora Chief staff 2026-04-01, Portal system 2026-12-01" {
		t.Errorf("recorded: %s", got)
	}
}
