package review_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/review"
	"trustedtrader/app/review/reviewtest"
)

func queue(w *reviewtest.World, by identity.Actor, f review.Filter) review.Queue {
	w.T.Helper()
	q, err := w.Desk.Queue(w.Ctx, by, f)
	w.Must(err)
	return q
}

func count(q review.Queue, name review.QueueName) int {
	for _, c := range q.Counts {
		if c.Queue == name {
			return c.N
		}
	}
	return -1
}

func TestQueues(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	for _, by := range []identity.Actor{w.Admin, w.Importer("X Inc"), {}} {
		_, err := w.Desk.Queue(w.Ctx, by, review.Filter{})
		w.Want("a queue for "+string(by.Role), err, fault.NotFound)
	}
	fresh := w.Submit(w.Importer("Fresh Inc"), "ctpat", "importer")
	mine, _ := w.Claimed()
	far := w.Submit(w.Trader("Far NV"), "eu-aeo", "aeoc")
	asked := w.Submit(w.Importer("Asked Inc"), "ctpat", "importer")
	asked, err := w.Desk.Claim(w.Ctx, w.Sue, asked.ID, asked.Version)
	w.Must(err)
	_, err = w.Desk.SendRequest(w.Ctx, w.Sue, asked.ID, review.RequestEntry{Version: asked.Version, Message: "?", Items: []review.Question{{Part: "sites", Text: "Where?"}}})
	w.Must(err)
	waiting := w.ToReject(w.Sam, mine)
	_, err = w.Applications.Choose(w.Ctx, w.Importer("Draft Inc"), "ctpat", "importer")
	w.Must(err)

	ids := func(q review.Queue) (out []uuid.UUID) {
		for _, i := range q.Items {
			out = append(out, i.ID)
		}
		return out
	}
	for _, x := range []struct {
		by   identity.Actor
		name review.QueueName
		want []uuid.UUID
	}{
		{w.Sam, review.Mine, []uuid.UUID{mine.ID}},
		{w.Sam, review.Unassigned, []uuid.UUID{fresh.ID}},
		{w.Other, review.Unassigned, []uuid.UUID{far.ID}},
		{w.Chief, review.Unassigned, []uuid.UUID{fresh.ID, far.ID}},
		{w.Sam, review.Waiting, []uuid.UUID{asked.ID}},
		{w.Other, review.Waiting, nil},
		{w.Boss, review.Approval, []uuid.UUID{waiting.ID}},
		{w.Chief, review.Everything, []uuid.UUID{fresh.ID, mine.ID, far.ID, asked.ID}},
		{w.Auditor, review.Everything, []uuid.UUID{fresh.ID, mine.ID, far.ID, asked.ID}},
		{w.Sam, review.Overdue, nil},
	} {
		q := queue(w, x.by, review.Filter{Queue: x.name})
		if got := ids(q); !slices.Equal(got, x.want) || q.Filter.Queue != x.name || count(q, x.name) != len(x.want) {
			t.Errorf("%s of %s: %v (count %d), want %v", x.name, x.by.Name, got, count(q, x.name), x.want)
		}
	}
	if q := queue(w, w.Sam, review.Filter{Queue: review.Approval}); q.Filter.Queue != review.Mine {
		t.Errorf("a specialist's queue for approval: %s", q.Filter.Queue)
	}
	if q := queue(w, w.Chief, review.Filter{Queue: review.Everything, Programme: "eu-aeo"}); !slices.Equal(ids(q), []uuid.UUID{far.ID}) {
		t.Errorf("filtered by programme: %v", ids(q))
	}
	if q := queue(w, w.Chief, review.Filter{Queue: review.Everything, Status: application.Recommended, EntityType: "importer"}); !slices.Equal(ids(q), []uuid.UUID{mine.ID}) {
		t.Errorf("filtered by status: %v", ids(q))
	}
	if q := queue(w, w.Chief, review.Filter{Queue: review.Everything, Status: "'; drop table application", Order: "1; delete", After: "x"}); len(q.Items) != 4 {
		t.Errorf("nonsense in the filter: %d", len(q.Items))
	}

	i := queue(w, w.Sam, review.Filter{Queue: review.Unassigned}).Items[0]
	if i.Company != "Fresh Inc" || i.Office != "New York office" || i.DueOn.String() != "2026-06-01" || i.DaysLeft != 90 || !i.Claimable || i.AgeDays != 0 || i.WaitsFor() != "agency" {
		t.Errorf("item: %+v", i)
	}
	if i := queue(w, w.Sam, review.Filter{Queue: review.Waiting}).Items[0]; i.WaitsFor() != "company" || i.OwedBy != "company" || i.DueOn.String() != "2026-03-17" || i.Claimable {
		t.Errorf("item: %+v", i)
	}
	if q := queue(w, w.Boss, review.Filter{}); !q.Assigns || len(q.Workers) != 3 || q.Workers[1].Name != "Sam Specialist" || q.Workers[1].Open != 1 {
		t.Errorf("workers: %+v", q.Workers)
	}
	if q := queue(w, w.Sam, review.Filter{}); q.Assigns || q.Workers != nil {
		t.Errorf("a specialist may assign: %+v", q.Workers)
	}

	// The last day in New York ends at 04:00 UTC.
	w.Clock.Move(time.Date(2026, 6, 2, 3, 30, 0, 0, time.UTC).Sub(w.Clock.Now()))
	if q := queue(w, w.Sam, review.Filter{Queue: review.Overdue}); len(q.Items) != 0 {
		t.Errorf("overdue on the last day: %d", len(q.Items))
	}
	w.Clock.Move(time.Hour)
	q := queue(w, w.Sam, review.Filter{Queue: review.Overdue})
	if len(q.Items) != 2 || !q.Items[0].Late() || q.Items[0].DaysLeft != -1 {
		t.Errorf("overdue on the day after: %+v", q.Items)
	}
}

// bulk adds submitted applications by SQL, as a migration of old cases would.
func bulk(w *reviewtest.World, n int) {
	w.T.Helper()
	w.Exec(`with c as (
		insert into company (id, name, country, office_id, created_at)
		select gen_random_uuid(), 'Bulk Company ' || i || ' ' || md5(i::text), 'US', @office, @now from generate_series(1, @n) i returning id)
		insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at, submitted_at, round)
		select gen_random_uuid(), 'CT-2025-' || lpad((row_number() over ())::text, 6, '0'), c.id, 'ctpat', '2026.1', '', 'importer', @office, 'submitted',
		  cast(@now as timestamptz) - interval '1 day' * (row_number() over () % 50), cast(@now as timestamptz) - interval '1 day' * (row_number() over () % 50), 1 from c`,
		map[string]any{"office": w.NewYork, "now": w.Clock.Now(), "n": n})
	w.Exec(`insert into clock (id, company_id, subject_kind, subject_id, office_id, programme, code, name, source, start_event, started_at, zone, calendar, amount, unit, owed_by, due_on)
		select gen_random_uuid(), a.company_id, 'application', a.id, a.office_id, 'ctpat', 'certification_decision', 'Decide', '', 'application.submitted', a.submitted_at,
		  'America/New_York', 'us-federal', 90, 'calendar_days', 'agency', (a.submitted_at + interval '90 days')::date
		from application a where a.edition_hash = ''`)
}

func TestQueuePaging(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	bulk(w, 130)
	for _, order := range review.Orders() {
		seen := map[uuid.UUID]bool{}
		var last *review.QueueItem
		f := review.Filter{Queue: review.Unassigned, Order: order}
		for pages := 1; ; pages++ {
			q := queue(w, w.Sam, f)
			if pages == 1 && (count(q, review.Unassigned) != review.MostCounted || q.Counts[1].Text() != "99+") {
				t.Errorf("count: %d %s", count(q, review.Unassigned), q.Counts[1].Text())
			}
			for _, i := range q.Items {
				if seen[i.ID] {
					t.Fatalf("%s: %s comes twice", order, i.Reference)
				}
				seen[i.ID] = true
				if last != nil {
					wrong := map[review.Order]bool{review.Oldest: i.SubmittedAt.Before(last.SubmittedAt), review.Newest: i.SubmittedAt.After(last.SubmittedAt),
						review.DueFirst: i.DueOn.Before(*last.DueOn)}
					if wrong[order] {
						t.Errorf("%s: %s stands after %s", order, i.Reference, last.Reference)
					}
				}
				last = &i
			}
			if pages == 2 { // somebody claims one of the cases already seen: nothing shifts
				a := q.Items[0]
				_, err := w.Desk.Claim(w.Ctx, w.Sue, a.ID, a.Version)
				w.Must(err)
			}
			if q.Next == "" {
				break
			}
			f.After = q.Next
		}
		if want := w.Count(`select count(*)::int from application where assignee_id is null`) + 1; len(seen) != want {
			t.Errorf("%s: %d cases, want %d", order, len(seen), want)
		}
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	for _, by := range []identity.Actor{owner, w.Admin, {Audience: identity.Partners, Role: identity.Officer, PersonID: pg.NewID()}} {
		_, err := w.Desk.Record(w.Ctx, by, a.ID)
		w.Want("a record for "+string(by.Role), err, fault.NotFound)
	}
	draft, err := w.Applications.Choose(w.Ctx, w.Importer("Draft Inc"), "ctpat", "importer")
	w.Must(err)
	_, err = w.Desk.Record(w.Ctx, w.Sam, draft.ID)
	w.Want("a draft", err, fault.NotFound)
	_, err = w.Desk.Record(w.Ctx, w.Sam, pg.NewID())
	w.Want("nothing", err, fault.NotFound)
	if n := w.Count(`select count(*)::int from audit_event where action = 'application.read'`); n != 0 {
		t.Errorf("refused looks are recorded as looks: %d", n)
	}
	w.Exec(`insert into possible_duplicate (id, company_id, other_id, why, detail, found_at) values (?, ?, ?, 'identifier', 'ior_ein 12-345600001', ?)`,
		pg.NewID(), draft.CompanyID, a.CompanyID, w.Clock.Now())

	c := record(w, w.Auditor, a)
	if c.Reference != a.Reference || c.Company != "Harbor Trading LLC" || c.Assignee != "Sam Specialist" || len(c.Parts) != 6 || len(c.Vetting) == 0 ||
		len(c.Clocks) == 0 || len(c.Messages) != 1 || c.Entity.Code != "importer" || len(c.Duplicates) != 1 || c.Duplicates[0].Other != "Draft Inc" {
		t.Errorf("case: %+v", c.Head)
	}
	if c.May.Work || c.May.Note || c.May.WhyNot != "Your role can read cases but not change them" {
		t.Errorf("an auditor may: %+v", c.May)
	}
	profile := part(t, c, application.PartProfile)
	if f := profile.Groups[0].Facts[0]; f.Label != "Legal name" || f.Value != "Harbor Trading LLC" {
		t.Errorf("profile: %+v", profile.Groups)
	}
	if g := part(t, c, application.PartEligibility).Groups; len(g) != len(c.Entity.Questions) || g[0].Facts[0].Bad {
		t.Errorf("eligibility: %+v", g)
	}
	actor := w.Text(`select actor from audit_event where action = 'application.read' and internal and subject_id = $1 and company_id = $2`, a.ID, a.CompanyID)
	if actor != "Ann Auditor" {
		t.Errorf("the look of %s is recorded", actor)
	}
	if _, h, err := w.Desk.History(w.Ctx, w.Sam, a.ID, review.TimelineFilter{}); err != nil || len(h.Entries) == 0 || h.Entries[0].Action != "application.start_review" {
		t.Errorf("history: %+v %v", h.Entries, err)
	}
	if _, h, err := w.Desk.History(w.Ctx, w.Sam, a.ID, review.TimelineFilter{Kind: review.Reads}); err != nil || len(h.Entries) != 3 { // the auditor's, and these two
		t.Errorf("who looked: %+v %v", h.Entries, err)
	}
	_, _, err = w.Desk.History(w.Ctx, owner, a.ID, review.TimelineFilter{})
	w.Want("the company reads the agency's history", err, fault.NotFound)
}

// What a company changed since the round before is marked.
func TestRounds(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	a, err := w.Desk.SendRequest(w.Ctx, w.Sam, a.ID, review.RequestEntry{Version: a.Version, Message: "?", Items: []review.Question{{Part: "sites", Text: "Where?"}}})
	w.Must(err)
	w.Exec(`update site set city = 'Elizabeth' where company_id = ?`, a.CompanyID)
	check, err := w.Applications.Check(w.Ctx, owner, a.ID)
	w.Must(err)
	_, items, err := requestOf(w, owner, a)
	w.Must(err)
	_, err = w.Applications.AnswerInformation(w.Ctx, owner, a.ID, application.Submission{Version: check.File.Application.Version, Attested: true, Name: "Olga Owner"},
		[]application.ItemAnswer{{ID: items[0].ID, Answer: "Elizabeth", Version: items[0].Version}})
	w.Must(err)
	var found bool
	for _, f := range part(t, record(w, w.Sam, a), application.PartSites).Groups[0].Facts {
		if f.Label == "City" {
			found = f.Value == "Elizabeth" && f.Was == "Newark"
		} else if f.Was != "" || f.New {
			t.Errorf("%s is marked: %+v", f.Label, f)
		}
	}
	if !found {
		t.Error("the new city is not marked")
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	trader := w.Trader("Société Générale de Négoce")
	w.Exec(`insert into trade_name (id, company_id, name, created_at) values (?, ?, 'Blue Anchor', ?)`, pg.NewID(), owner.CompanyID, w.Clock.Now())
	w.Exec(`insert into company_identifier (id, company_id, scheme, value, search_key, created_at) values (?, ?, 'scac', '100%', '100', ?)`, pg.NewID(), owner.CompanyID, w.Clock.Now())

	for _, q := range []string{"", "x", strings.Repeat("x", 101), "a\x00b"} {
		_, err := w.Desk.Search(w.Ctx, w.Sam, q)
		w.Want(fmt.Sprintf("search for %q", q), err, fault.Invalid)
	}
	_, err := w.Desk.Search(w.Ctx, owner, "Harbor")
	w.Want("a company searches", err, fault.NotFound)
	_, err = w.Desk.Search(w.Ctx, w.Admin, "Harbor")
	w.Want("an administrator searches", err, fault.NotFound)

	for q, want := range map[string]uuid.UUID{
		a.Reference: a.ID, strings.ToLower(a.Reference): a.ID, a.Reference[:10]: a.ID,
		"harbor": owner.CompanyID, "Harbour Tradin": owner.CompanyID, "harbro": owner.CompanyID, "negoec": trader.CompanyID, "blue anchor": owner.CompanyID, owner.Email: owner.CompanyID,
		"societe generale": trader.CompanyID, "SOCIÉTÉ": trader.CompanyID, "negoce": trader.CompanyID,
		w.Text(`select value from company_identifier where scheme = 'eori'`)[:6]: trader.CompanyID,
	} {
		f, err := w.Desk.Search(w.Ctx, w.Auditor, q)
		w.Must(err)
		if len(f.Hits) == 0 || f.Hits[0].ID != want {
			t.Errorf("%q found %+v", q, f.Hits)
		}
	}
	f, err := w.Desk.Search(w.Ctx, w.Sam, "%%%")
	w.Must(err)
	if len(f.Hits) != 0 {
		t.Errorf("a wildcard found %+v", f.Hits)
	}
	for _, q := range []string{"123-45-6789", "GODE561231GR8"} {
		_, err = w.Desk.Search(w.Ctx, w.Sam, q)
		w.Must(err)
		if n := w.Count(`select count(*)::int from audit_event where after::text like '%' || $1 || '%'`, q); n != 0 {
			t.Errorf("the trail keeps a person's number: %s", q)
		}
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'company.search' and after->>'query' in ('•••••••6789', '•••••••••1GR8')`); n != 2 {
		t.Errorf("%d masked searches", n)
	}
	bulk(w, 80)
	f, err = w.Desk.Search(w.Ctx, w.Sam, "Bulk Company")
	w.Must(err)
	if len(f.Hits) != review.MostHits || !f.More {
		t.Errorf("%d hits, more %v", len(f.Hits), f.More)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'company.search' and after->>'query' = 'Bulk Company'`); n != 1 {
		t.Errorf("audit events: %d", n)
	}
}

func TestCompany360(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	_, err := w.Desk.Company360(w.Ctx, owner, a.CompanyID, review.TimelineFilter{})
	w.Want("the company", err, fault.NotFound)
	_, err = w.Desk.Company360(w.Ctx, w.Sam, pg.NewID(), review.TimelineFilter{})
	w.Want("nothing", err, fault.NotFound)
	o, err := w.Desk.Company360(w.Ctx, w.Sam, a.CompanyID, review.TimelineFilter{})
	w.Must(err)
	if o.Company.Name != "Harbor Trading LLC" || len(o.Sites) != 1 || len(o.Contacts) != 2 || !o.Contacts[0].Primary || len(o.Identifiers) != 2 ||
		len(o.Cases) != 1 || o.Cases[0].Assignee != "Sam Specialist" || len(o.Clocks) != 2 || len(o.Timeline.Entries) == 0 {
		t.Errorf("overview: %+v", o)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'company.read' and company_id = $1 and subject_id = $1`, a.CompanyID); n != 1 {
		t.Errorf("audit events: %d", n)
	}
	for i := range 70 {
		w.Must(w.Desk.AddNote(w.Ctx, w.Sam, a.ID, fmt.Sprint("Note ", i)))
	}
	seen, before := map[int64]bool{}, int64(0)
	for {
		o, err := w.Desk.Company360(w.Ctx, w.Sam, a.CompanyID, review.TimelineFilter{Kind: review.CaseEvents, Before: before})
		w.Must(err)
		for _, e := range o.Timeline.Entries {
			if seen[e.ID] || strings.HasPrefix(e.Action, "clock.") || strings.HasSuffix(e.Action, ".read") {
				t.Errorf("entry %d %s", e.ID, e.Action)
			}
			seen[e.ID] = true
		}
		if before = o.Timeline.Next; before == 0 {
			break
		}
	}
	if len(seen) < 75 {
		t.Errorf("%d entries", len(seen))
	}
}

// A company's security profiles stand on its page, and what became of them in the timelines,
// there and on the case; nothing of one that was not handed over.
func TestProfilesOfACompany(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march).WithCriteria()
	a, owner := w.Claimed()
	id := profiletest.OfApplication(w.Ctx, t, w.DB, a.ID)
	profiletest.Accept(w.Ctx, t, w.Profiles, w.Sam, id)
	actions := func(tl review.Timeline) (out []string) {
		for _, e := range tl.Entries {
			if strings.HasPrefix(e.Action, "profile.") {
				out = append(out, e.Action)
				if !strings.HasPrefix(e.Record, "SP-2026-") {
					t.Errorf("%s is about %q", e.Action, e.Record)
				}
			}
		}
		return out
	}
	w.Must(w.DB.Write(w.Ctx, owner.Scope(), func(tx pg.Tx) error { // in its library a company is on its own
		return audit.Record(w.Ctx, tx, w.Clock.Now(), owner, audit.Event{Action: "evidence.add", Kind: "evidence", Subject: pg.NewID(), Company: owner.CompanyID})
	}))
	want := []string{"profile.accept", "profile.start_review", "profile.submit"}
	o, err := w.Desk.Company360(w.Ctx, w.Sam, owner.CompanyID, review.TimelineFilter{})
	w.Must(err)
	if len(o.Profiles) != 1 || o.Profiles[0].ID != id || o.Profiles[0].Status != profile.Accepted || o.Profiles[0].SubmittedAt == nil || o.Profiles[0].AcceptedAt == nil || o.Profiles[0].Overdue() {
		t.Errorf("profiles: %+v", o.Profiles)
	}
	if got := actions(o.Timeline); !slices.Equal(got, want) {
		t.Errorf("the company's timeline: %v", got)
	}
	if slices.ContainsFunc(o.Timeline.Entries, func(e review.TimelineEntry) bool { return strings.HasPrefix(e.Action, "evidence.") }) {
		t.Error("the company's timeline tells of its library")
	}
	for _, kind := range []review.TimelineKind{review.AllChanges, review.CaseEvents} {
		_, h, err := w.Desk.History(w.Ctx, w.Sam, a.ID, review.TimelineFilter{Kind: kind})
		w.Must(err)
		if got := actions(h); !slices.Equal(got, want) {
			t.Errorf("the case's timeline: %v", got)
		}
	}

	// One whose application is still a draft is the company's own.
	early := w.Importer("Early Bird Ltd")
	w.Signed(early, "ctpat", "importer")
	o, err = w.Desk.Company360(w.Ctx, w.Sam, early.CompanyID, review.TimelineFilter{})
	w.Must(err)
	if len(o.Profiles) != 0 || len(actions(o.Timeline)) != 0 {
		t.Errorf("of a draft the agency sees %+v, %v", o.Profiles, actions(o.Timeline))
	}
	// A review of a membership is the agency's concern from the day it opens.
	member := pg.NewID()
	w.Exec(`insert into membership (id, number, company_id, programme, edition, entity_type, tier, status, application_id, certified_on, effective_on, created_at)
		select ?, 'C26-1', company_id, programme, edition, entity_type, 'tier_1', 'active', id, '2026-03-03', '2026-03-03', ? from application where id = ?`, member, w.Clock.Now(), a.ID)
	day, err := clock.ParseDay("2027-03-03")
	w.Must(err)
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error {
		_, err := w.Steps.Profiles.Open(w.Ctx, tx, w.Clock.Now(), identity.ClockActor("test"), profile.Opening{Company: owner.CompanyID, Office: w.NewYork, Programme: "ctpat",
			EntityType: "importer", Kind: profile.Annual, Membership: &member, Anniversary: day})
		return err
	}))
	o, err = w.Desk.Company360(w.Ctx, w.Sam, owner.CompanyID, review.TimelineFilter{})
	w.Must(err)
	if len(o.Profiles) != 2 || o.Profiles[0].Kind != profile.Annual || o.Profiles[0].Status != profile.Open || o.Profiles[0].Anniversary != day {
		t.Errorf("with a review: %+v", o.Profiles)
	}
}

// A company's own session sees none of the agency's work, whatever it asks the database.
func TestFence(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, owner := w.Claimed()
	w.Pass(w.Sam, a.ID)
	w.Must(w.Desk.AddNote(w.Ctx, w.Sam, a.ID, "Secret"))
	w.Must(w.Desk.LogHours(w.Ctx, w.Sam, a.ID, review.HoursEntry{Day: "2026-03-03", Hours: "1", Activity: "vetting"}))
	w.ToCertify(w.Sam, a)
	_, err := w.Desk.Work(w.Ctx, w.Boss, a.ID)
	w.Must(err)
	other := w.Importer("Nosy Inc")
	for _, table := range []string{"review_item", "vetting_item", "note", "recommendation", "work_log", "case_lock"} {
		if w.Count(`select count(*)::int from `+table) == 0 {
			t.Errorf("%s is empty, so this proves nothing", table)
		}
		for _, by := range []identity.Actor{owner, other} {
			var n int
			w.Must(w.DB.Batch(w.Ctx, by.Scope(), pg.Value(&n, `select count(*)::int from `+table)))
			if n != 0 {
				t.Errorf("%s sees %d rows of %s", by.Company, n, table)
			}
		}
	}
	var n int
	w.Must(w.DB.Batch(w.Ctx, owner.Scope(), pg.Value(&n, `select count(*)::int from audit_event where internal`)))
	if n != 0 {
		t.Errorf("the company sees %d internal events", n)
	}
}

// Each page is one round trip of at most eight statements, the scope included.
func TestStatements(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	a, _ := w.Claimed()
	var wires *wire
	desk := *w.Desk
	desk.DB, wires = counted(t, w.DSN)
	for name, page := range map[string]func() error{
		"queue":  func() error { _, err := desk.Queue(w.Ctx, w.Boss, review.Filter{}); return err },
		"record": func() error { _, err := desk.Record(w.Ctx, w.Sam, a.ID); return err },
		"company": func() error {
			_, err := desk.Company360(w.Ctx, w.Sam, a.CompanyID, review.TimelineFilter{})
			return err
		},
		"search":  func() error { _, err := desk.Search(w.Ctx, w.Sam, "olga@harbor.example"); return err },
		"history": func() error { _, _, err := desk.History(w.Ctx, w.Sam, a.ID, review.TimelineFilter{}); return err },
	} {
		if statements, trips := wires.of(t, page); statements == 0 || statements > 8 || trips != 1 {
			t.Errorf("%s: %d statements in %d round trips", name, statements, trips)
		}
	}
}

// The queues stay fast with the cases of a large programme.
func TestQueueSpeed(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	bulk(w, 12000)
	owner, err := pgx.Connect(w.Ctx, w.DSN) // statistics, as the server gathers them by and by
	w.Must(err)
	_, err = owner.Exec(w.Ctx, `analyze`)
	w.Must(err)
	w.Must(owner.Close(w.Ctx))
	for _, order := range review.Orders() {
		for _, name := range review.Queues(identity.Headquarters) {
			best := time.Hour
			for range 3 {
				start := time.Now()
				queue(w, w.Chief, review.Filter{Queue: name, Order: order})
				best = min(best, time.Since(start))
			}
			t.Logf("%s by %s: %s", name, order, best)
			if best > 500*time.Millisecond {
				t.Errorf("%s by %s takes %s", name, order, best)
			}
		}
	}
}
