package report_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"trustedtrader/app/apptest"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/programme"
	"trustedtrader/app/report"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/validation"
)

func TestMain(m *testing.M) { apptest.Run(m) }

var update = flag.Bool("update", false, "write testdata anew")

// TestLifecycle holds the table to the file that says what is right.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	ready := report.Facts{Asks: true, Asked: true, Spoken: true, Visited: true, Outcome: true, Reason: "Because"}
	with := func(change func(*report.Facts)) report.Facts {
		f := ready
		change(&f)
		return f
	}
	var b bytes.Buffer
	for _, f := range []struct {
		name  string
		facts report.Facts
	}{
		{"ready", ready},
		{"one's own", with(func(f *report.Facts) { f.Own = true })},
		{"the programme asks for no comments", with(func(f *report.Facts) { f.Asks, f.Asked, f.Spoken = false, false, false })},
		{"the draft was not shared", with(func(f *report.Facts) { f.Asked, f.Spoken = false, false })},
		{"the company can still comment", with(func(f *report.Facts) { f.Spoken = false })},
		{"a section is empty, nothing is proposed, no reason", with(func(f *report.Facts) { f.Empty, f.Outcome, f.Reason = []string{"Summary"}, false, "" })},
		{"visits are not over", with(func(f *report.Facts) { f.Visited = false })},
	} {
		fmt.Fprintf(&b, "## %s\n", f.name)
		for _, from := range report.Statuses() {
			for _, audience := range []identity.Audience{identity.Companies, identity.Staff, identity.Partners} {
				for _, role := range identity.RolesOf(audience) {
					for _, do := range report.Actions() {
						to, err := report.Lifecycle().Next(from, do, role, f.facts)
						switch {
						case err == nil:
							fmt.Fprintf(&b, "%-10s %-13s %-8s -> %s\n", from, role, do, to)
						case fault.KindOf(err) == fault.Invalid:
							fmt.Fprintf(&b, "%-10s %-13s %-8s refused, %d objections\n", from, role, do, len(fault.Fields(err)))
						}
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
		t.Errorf("the legal moves are no longer those of %s; look at the difference, then run go test -update", file)
	}
}

func TestBestTier(t *testing.T) {
	t.Parallel()
	p := &programme.Programme{Validation: programme.Validation{Award: []programme.Award{
		{Tier: "2", Needs: []string{"no_open_action"}},
		{Tier: "3", Needs: []string{"no_open_action", "best_practices"}, BestPractices: 2, EntityTypes: []string{"importer"}},
		{Tier: "4", Needs: []string{"something that this portal does not know"}},
	}}}
	for _, x := range []struct {
		entity          string
		open, practices int
		want            string
	}{{"importer", 1, 5, ""}, {"importer", 0, 1, "2"}, {"importer", 0, 2, "3"}, {"broker", 0, 9, "2"}} {
		if got := report.BestTier(p, x.entity, x.open, x.practices); got != x.want {
			t.Errorf("%+v: %q", x, got)
		}
	}
}

type world struct {
	*findingtest.World
	reports *report.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return over(findingtest.New(t, "2026-03-03T15:00:00Z"))
}

func over(w *findingtest.World) *world {
	return &world{w, &report.Service{DB: w.DB, Now: w.Clock.Now, Findings: w.Findings.Steps, Members: w.Members, Refer: w.Cases.Steps.Refer}}
}

func (w *world) open(v validation.Validation) report.Page {
	w.T.Helper()
	p, err := w.reports.Open(w.Ctx, w.Sam, v.ID)
	w.Must(err)
	return p
}

// written begins the report and fills in what nothing is assembled into.
func (w *world) written(v validation.Validation, outcome validation.Outcome) {
	w.T.Helper()
	w.Must(w.reports.Begin(w.Ctx, w.Sam, v.ID))
	for _, x := range w.open(v).Report.Sections {
		if x.Text == "" {
			w.Must(w.reports.Edit(w.Ctx, w.Sam, v.ID, x.Code, "The measures are in place.", x.Version))
		}
	}
	w.Must(w.reports.Propose(w.Ctx, w.Sam, v.ID, report.ProposalEntry{Version: w.open(v).Report.Version, Outcome: outcome, Reason: "The measures are in place"}))
}

// submitted brings the report to the second person: the company had nothing to say.
func (w *world) submitted(v validation.Validation, outcome validation.Outcome) (version int) {
	w.T.Helper()
	w.written(v, outcome)
	w.Must(w.reports.Share(w.Ctx, w.Sam, v.ID, w.open(v).Report.Version, ""))
	w.Clock.Move(31 * 24 * time.Hour)
	w.Must(w.reports.GoOn(w.Ctx, w.Sam, v.ID, w.open(v).Report.Version))
	w.Must(w.reports.Submit(w.Ctx, w.Sam, v.ID, w.open(v).Report.Version))
	return w.open(v).Report.Version
}

// issued brings the report to the company.
func (w *world) issued(v validation.Validation, outcome validation.Outcome) validation.Validation {
	w.T.Helper()
	version := w.submitted(v, outcome)
	w.Must(w.reports.Approve(w.Ctx, w.Chief, v.ID, version))
	w.Must(w.reports.Issue(w.Ctx, w.Sam, v.ID, version+1))
	v.Version = w.open(v).Version
	return v
}

// TestFromDraftToTier follows a report: assembled, edited, shared, commented, submitted,
// returned, approved, issued; the action answered; the tier awarded.
func TestFromDraftToTier(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, m := w.Member("Harbor Trading LLC")
	v := w.Validation(m, validation.Visited)
	f := w.Draft(v, finding.ActionRequired)
	s := w.reports
	w.Want("another office", s.Begin(w.Ctx, w.Other, v.ID), fault.Forbidden)
	w.Want("the company", s.Begin(w.Ctx, owner, v.ID), fault.NotFound)
	w.written(v, validation.TierAwarded)
	p := w.open(v)
	if text := p.Report.Sections.Find("actions").Text; !strings.Contains(text, f.Reference+": Seals are not recorded") || !strings.Contains(text, "To be done: Record every seal number.") {
		t.Errorf("actions: %s", text)
	}
	if text := p.Report.Sections.Find("company").Text; !strings.Contains(text, "Harbor Trading LLC") || !strings.Contains(text, "Tier 1") {
		t.Errorf("company: %s", text)
	}
	if text := p.Report.Sections.Find("visits").Text; !strings.Contains(text, "1. Head office") || !strings.Contains(text, "New York, UTC−5") {
		t.Errorf("visits: %s", text)
	}
	if p.Report.Tier != "tier_2" || p.Leads != "tier_2" || p.LeadsNow != "" || p.Open != 1 {
		t.Errorf("it leads to %q, now %q", p.Leads, p.LeadsNow)
	}

	// Two people on one section; assembled again
	x := p.Report.Sections.Find("conclusion")
	w.Must(s.Edit(w.Ctx, w.Sue, v.ID, "conclusion", "All in all it is well.", x.Version))
	w.Want("an old version", s.Edit(w.Ctx, w.Sam, v.ID, "conclusion", "It is not well.", x.Version), fault.Conflict)
	w.Want("no such section", s.Edit(w.Ctx, w.Sam, v.ID, "nothing", "x", 1), fault.NotFound)
	w.Draft(v, finding.BestPractice)
	p = w.open(v)
	if len(p.Fresh) != 1 || p.Fresh[0].Code != "best_practices" || p.Leads != "tier_3" {
		t.Errorf("new since: %+v, leads to %s", p.Fresh, p.Leads)
	}
	w.Want("nothing chosen", s.Assemble(w.Ctx, w.Sam, v.ID, nil, p.Report.Version), fault.Invalid)
	w.Must(s.Assemble(w.Ctx, w.Sam, v.ID, []string{"best_practices"}, p.Report.Version))
	if p = w.open(v); len(p.Fresh) != 0 || !p.Report.Sections.Find("conclusion").Edited() {
		t.Errorf("assembled: %+v", p.Report.Sections)
	}
	w.Must(s.Propose(w.Ctx, w.Sam, v.ID, report.ProposalEntry{Version: p.Report.Version, Outcome: validation.TierAwarded, Reason: "A best practice"}))

	// The company's comments
	at := func() int { return w.open(v).Report.Version }
	w.Want("before the comments", s.Submit(w.Ctx, w.Sam, v.ID, at()), fault.Invalid)
	_, err := s.Edition(w.Ctx, owner, v.ID, 0)
	w.Want("nothing is shared yet", err, fault.NotFound)
	w.Must(s.Share(w.Ctx, w.Sam, v.ID, at(), "Look at section 3"))
	w.Want("it is with the company", s.Edit(w.Ctx, w.Sam, v.ID, "conclusion", "Other", 3), fault.Conflict)
	w.Want("the company can still comment", s.GoOn(w.Ctx, w.Sam, v.ID, at()), fault.Invalid)
	shared, err := s.Shared(w.Ctx, owner, v.ID)
	w.Must(err)
	if !shared.CanSay || shared.Latest == nil || shared.Latest.Content.Outcome != "" || len(shared.Findings) != 0 || len(shared.Versions) != 1 {
		t.Errorf("the company sees %+v", shared)
	}
	stranger, _ := w.Member("Nosy Neighbor Inc")
	_, err = s.Shared(w.Ctx, stranger, v.ID)
	w.Want("another company", err, fault.NotFound)
	w.Want("another company's comment", s.Comment(w.Ctx, stranger, v.ID, "x", 1), fault.NotFound)
	w.Want("nothing said", s.Comment(w.Ctx, owner, v.ID, " ", 1), fault.Invalid)
	w.Must(s.Comment(w.Ctx, owner, v.ID, "The gate has a new lock.", 1))
	w.Want("said twice", s.Comment(w.Ctx, owner, v.ID, "And more", 2), fault.Conflict)
	w.Must(s.GoOn(w.Ctx, w.Sam, v.ID, at()))
	w.Want("shared once", s.Share(w.Ctx, w.Sam, v.ID, at(), ""), fault.Conflict)

	// Four eyes
	w.Must(s.Submit(w.Ctx, w.Boss, v.ID, at()))
	w.Want("nobody approves their own", s.Approve(w.Ctx, w.Boss, v.ID, at()), fault.Conflict)
	w.Want("a specialist", s.Approve(w.Ctx, w.Sam, v.ID, at()), fault.Conflict)
	w.Must(s.Recall(w.Ctx, w.Boss, v.ID, at()))
	w.Must(s.Submit(w.Ctx, w.Sam, v.ID, at()))
	w.Want("without a note", s.Return(w.Ctx, w.Boss, v.ID, at(), ""), fault.Invalid)
	w.Must(s.Return(w.Ctx, w.Boss, v.ID, at(), "Say more of the gate"))
	w.Must(s.Submit(w.Ctx, w.Sam, v.ID, at()))
	w.Want("not approved", s.Issue(w.Ctx, w.Sam, v.ID, at()), fault.Conflict)
	w.Must(s.Approve(w.Ctx, w.Boss, v.ID, at()))
	w.Must(s.Issue(w.Ctx, w.Sam, v.ID, at()))
	p = w.open(v)
	if p.Report.Status != report.Issued || p.Head.Status != validation.Issued || len(p.Versions) != 5 {
		t.Errorf("issued: %s, %s, %d editions", p.Report.Status, p.Head.Status, len(p.Versions))
	}
	if body := w.Text(`select body from message where letter = 'validation_report_issued'`); !strings.Contains(body, "Answer by 1 June 2026") || !strings.Contains(body, "Best practice") {
		t.Errorf("letter: %s", body)
	}
	edition, err := s.Edition(w.Ctx, owner, v.ID, 0)
	w.Must(err)
	if edition.Edition.Step != report.StepIssued || len(edition.Content.Findings) != 2 || edition.Content.Findings[0].DueOn != "2026-06-01" {
		t.Errorf("the company reads %+v", edition.Content)
	}
	_, err = s.Edition(w.Ctx, owner, v.ID, 2)
	w.Want("a version that was not shared", err, fault.NotFound)

	// What follows
	in := report.ClosingEntry{Version: p.Version, Outcome: validation.TierAwarded, Reason: "All is answered"}
	w.Want("an action is open", s.Close(w.Ctx, w.Sam, v.ID, in), fault.Invalid)
	w.Want("something else than was approved", s.Close(w.Ctx, w.Sam, v.ID, report.ClosingEntry{Version: p.Version, Outcome: validation.Confirmed, Reason: "x"}), fault.Forbidden)
	w.Must(w.Findings.Answer(w.Ctx, owner, f.ID, finding.AnswerEntry{Version: 2, Text: "Done"}))
	w.Must(w.Findings.Accept(w.Ctx, w.Sam, f.ID, finding.NoteEntry{Version: 3}))
	w.Must(s.Close(w.Ctx, w.Sam, v.ID, in))
	if n := w.Count(`select count(*)::int from clock where subject_kind = 'validation' and subject_id = $1 and stopped_at is null`, v.ID); n != 0 {
		t.Errorf("%d clocks of the closed validation run on", n)
	}
	if n := w.Count(`select count(*)::int from clock where code = 'revalidation' and stopped_at is null`); n != 1 {
		t.Errorf("the next validation is due by %d clocks", n)
	}
	page, err := w.Members.Membership(w.Ctx, owner, m)
	w.Must(err)
	if page.Membership.Tier != "tier_3" {
		t.Errorf("the membership has %s", page.Membership.Tier)
	}
	if body := w.Text(`select body from message where letter = 'validation_closed'`); !strings.Contains(body, "Tier awarded: Tier 3") {
		t.Errorf("letter: %s", body)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'membership.award' and subject_id = $1`, m); n != 1 {
		t.Errorf("%d events of the award", n)
	}
	w.Want("it is over", s.Close(w.Ctx, w.Sam, v.ID, in), fault.Conflict)
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and code = 'validation_report' and stopped_at is null`, v.ID); n != 0 {
		t.Error("the clock of the report runs on")
	}
}

// TestEnforcement closes a validation whose action was never answered.
func TestEnforcement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, m := w.Member("Harbor Trading LLC")
	v := w.Validation(m, validation.Visited)
	f := w.Draft(v, finding.ActionRequired)
	v = w.issued(v, validation.TierAwarded)
	in := report.ClosingEntry{Version: v.Version, Outcome: validation.Enforcement, Reason: "Nothing came"}
	w.Want("a specialist", w.reports.Close(w.Ctx, w.Sam, v.ID, in), fault.Forbidden)
	w.Must(w.reports.Close(w.Ctx, w.Boss, v.ID, in))
	r, err := w.Findings.Open(w.Ctx, owner, f.ID)
	w.Must(err)
	if r.Finding.Status != finding.Escalated || !r.May.Can(finding.Answer) {
		t.Errorf("the finding is %s", r.Finding.Status)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'enforcement.open' and company_id = $1`, owner.CompanyID); n != 1 {
		t.Errorf("%d events for enforcement", n)
	}
	if tier := w.Text(`select tier from membership where id = $1`, m); tier != "tier_1" {
		t.Errorf("the tier is %s", tier)
	}
	w.Must(w.Findings.Answer(w.Ctx, owner, f.ID, finding.AnswerEntry{Version: r.Version, Text: "Done after all"}))
	w.Must(w.Findings.Accept(w.Ctx, w.Sam, f.ID, finding.NoteEntry{Version: r.Version + 1}))
}

// TestAuditBeforeTheDecision runs the European audit of an application by data alone: no tier
// is awarded, and the case's reviewer reads the outcome.
func TestAuditBeforeTheDecision(t *testing.T) {
	t.Parallel()
	w := over(findingtest.Over(t, reviewtest.New(t, "2026-03-03T15:00:00Z").WithCriteria()))
	w.Sam = w.Other // the office in charge is Brussels
	a, _ := w.Accepted()
	lead := w.Sam.PersonID
	vs := &validation.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps}
	v, err := vs.Open(w.Ctx, w.Sam, validation.OpenEntry{Application: &a.ID, Reason: "Before the decision", Lead: &lead})
	w.Must(err)
	w.Exec(`update validation set status = 'visited', notified_at = ?, visited_at = ? where id = ?`, w.Clock.Now(), w.Clock.Now(), v.ID)
	if list := report.Outcomes(v); len(list) != 2 {
		t.Errorf("outcomes: %v", list)
	}
	v = w.issued(v, validation.Confirmed)
	w.Must(w.reports.Close(w.Ctx, w.Sam, v.ID, report.ClosingEntry{Version: v.Version, Outcome: validation.Confirmed, Reason: "The conditions are met"}))
	if note := w.Text(`select body from note where application_id = $1`, a.ID); !strings.Contains(note, "Standing confirmed") || !strings.Contains(note, "The conditions are met") {
		t.Errorf("note: %s", note)
	}
}

// TestIssueIsWhole cuts the connection in the middle of issuing, again and again: then
// nothing of it happened, and the next try does all of it.
func TestIssueIsWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, m := w.Member("Harbor Trading LLC")
	v := w.Validation(m, validation.Visited)
	w.Draft(v, finding.ActionRequired)
	at := w.submitted(v, validation.TierAwarded) + 1
	w.Must(w.reports.Approve(w.Ctx, w.Boss, v.ID, at-1))
	state := func() string {
		return w.Text(`select concat_ws(' ', (select status from validation where id = $1), (select status from report where validation_id = $1), (select string_agg(status, ',') from finding where validation_id = $1),
			(select count(*) from report_version where validation_id = $1), (select count(*) from message), (select count(*) from clock where subject_kind = 'finding'))`, v.ID)
	}
	before := state()
	root, err := pgx.Connect(w.Ctx, w.DSN)
	w.Must(err)
	defer root.Close(w.Ctx) //nolint:errcheck // the test is over
	run := func(sql string) {
		t.Helper()
		_, err := root.Exec(w.Ctx, sql)
		w.Must(err)
	}
	run(`create function cut() returns trigger language plpgsql security definer as $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$`)
	for _, table := range []string{"report", "finding", "clock", "report_version", "validation", "message", "audit_event"} {
		run(`create trigger cut before insert or update on ` + table + ` for each row execute function cut()`)
		if err := w.reports.Issue(w.Ctx, w.Sam, v.ID, at); err == nil {
			t.Errorf("issued although the connection was cut at %s", table)
		}
		run(`drop trigger cut on ` + table)
		if now := state(); now != before {
			t.Errorf("half of it happened when the connection was cut at %s: %s, before %s", table, now, before)
		}
	}
	w.Must(w.reports.Issue(w.Ctx, w.Sam, v.ID, at))
	w.Want("once", w.reports.Issue(w.Ctx, w.Sam, v.ID, at+1), fault.Conflict)

	// The PDF is made once, however often its job runs and fails.
	args := report.PrintArgs{Validation: v.ID, Number: w.open(v).Versions[0].Number}
	page := func(_ context.Context, c report.Copy) (string, error) { return "<p>" + c.Content.Reference, nil }
	failure := errors.New("no browser")
	if err := w.reports.MakePDF(w.Ctx, args, page, func(context.Context, string) ([]byte, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Errorf("a failure to print is told: %v", err)
	}
	if d, err := w.reports.PDF(w.Ctx, w.Sam, v.ID); err != nil || d != nil {
		t.Errorf("before it is made: %v, %v", d, err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := w.reports.MakePDF(context.Background(), args, page, func(_ context.Context, html string) ([]byte, error) { return []byte("%PDF " + html), nil }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d, err := w.reports.PDF(w.Ctx, w.Sam, v.ID)
	w.Must(err)
	if n := w.Count(`select count(*)::int from audit_event where action = 'report.make_pdf'`); n != 1 || !strings.Contains(string(d.Body), v.Reference) {
		t.Errorf("%d PDFs: %s", n, d.Body)
	}
}

// TestStepsRace lets two supervisors decide at once, and twenty people issue.
func TestStepsRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, m := w.Member("Harbor Trading LLC")
	v := w.Validation(m, validation.Visited)
	w.Draft(v, finding.ActionRequired)
	at := w.submitted(v, validation.TierAwarded)
	race := func(n int, do func(i int) error) (conflicts, done int) {
		errs := make([]error, n)
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() { errs[i] = do(i) })
		}
		all.Wait()
		return w.Conflicts(errs)
	}
	if conflicts, done := race(2, func(i int) error {
		return w.reports.Approve(context.Background(), []identity.Actor{w.Boss, w.Chief}[i], v.ID, at)
	}); done != 1 || conflicts != 1 {
		t.Errorf("approved %d times", done)
	}
	if conflicts, done := race(20, func(int) error { return w.reports.Issue(context.Background(), w.Sam, v.ID, at+1) }); done != 1 || conflicts != 19 {
		t.Errorf("issued %d times, %d refused", done, conflicts)
	}
	if n := w.Count(`select count(*)::int from message where letter = 'validation_report_issued'`); n != 1 {
		t.Errorf("%d letters", n)
	}
}
