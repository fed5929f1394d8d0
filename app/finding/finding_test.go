package finding_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/evidence"
	"trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/validation"
)

func TestMain(m *testing.M) { apptest.Run(m) }

var update = flag.Bool("update", false, "write testdata anew")

// TestLifecycle holds the table to the file that says what is right: every state, role and
// action, for a finding that needs an answer and for one that does not, with and without a text.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for _, f := range []struct {
		name  string
		facts finding.Facts
	}{
		{"an answer is needed", finding.Facts{Answers: true, Text: "Because", Field: "note"}},
		{"an answer is needed, and nothing is said", finding.Facts{Answers: true, Field: "note"}},
		{"no answer is needed", finding.Facts{Text: "Because", Field: "note"}},
	} {
		fmt.Fprintf(&b, "## %s\n", f.name)
		for _, from := range finding.Statuses() {
			for _, audience := range []identity.Audience{identity.Companies, identity.Staff, identity.Partners} {
				for _, role := range identity.RolesOf(audience) {
					for _, do := range finding.Actions() {
						to, err := finding.Lifecycle().Next(from, do, role, f.facts)
						switch {
						case err == nil:
							fmt.Fprintf(&b, "%-10s %-14s %-13s -> %s\n", from, role, do, to)
						case fault.KindOf(err) == fault.Invalid:
							fmt.Fprintf(&b, "%-10s %-14s %-13s refused, %d objections\n", from, role, do, len(fault.Fields(err)))
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

// show puts a file into the library of a company.
func show(w *findingtest.World, owner identity.Actor) uuid.UUID {
	w.T.Helper()
	content := evidencetest.PDF("Seal log")
	k, err := w.Evidence.Take(w.Ctx, owner, evidence.Incoming{FileName: "seal-log.pdf", Size: int64(len(content))}, evidence.Details{}, bytes.NewReader(content))
	w.Must(err)
	return k.Evidence
}

func due(w *findingtest.World, f finding.Finding) string {
	w.T.Helper()
	return w.Text(`select due_on::text from clock where subject_id = $1 order by stopped_at nulls first limit 1`, f.ID)
}

// TestActionIsAnsweredAndAccepted follows a required action from the draft to the end: sent
// before the report, answered with proof, sent back, answered again, accepted.
func TestActionIsAnsweredAndAccepted(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-03T15:00:00Z")
	owner, m := w.Member("Harbor Trading LLC")
	v := w.Validation(m, validation.Visited)
	f := w.Draft(v, finding.ActionRequired)
	s := w.Findings
	if f.Status != finding.Draft || !strings.HasPrefix(f.Reference, "F-2026-") {
		t.Errorf("draft: %+v", f)
	}
	_, err := s.Open(w.Ctx, owner, f.ID)
	w.Want("a company sees no draft", err, fault.NotFound)
	_, err = s.Send(w.Ctx, w.Other, f.ID, f.Version)
	w.Want("another office", err, fault.Forbidden)
	_, err = s.Send(w.Ctx, w.Auditor, f.ID, f.Version)
	w.Want("an auditor", err, fault.Forbidden)
	_, err = s.Send(w.Ctx, owner, f.ID, f.Version)
	w.Want("the company", err, fault.NotFound)
	_, err = s.Send(w.Ctx, w.Sam, f.ID, 99)
	w.Want("an old version", err, fault.Conflict)
	f, err = s.Send(w.Ctx, w.Sam, f.ID, f.Version)
	w.Must(err)
	if f.Status != finding.Open || due(w, f) != "2026-06-01" {
		t.Errorf("sent: %s, due %s", f.Status, due(w, f))
	}
	if body := w.Text(`select body from message where letter = 'finding_sent'`); !strings.Contains(body, "Action required, 3.1. Seals are not recorded. Answer by 1 June 2026") {
		t.Errorf("letter: %s", body)
	}
	_, err = s.Change(w.Ctx, w.Sam, f.ID, finding.Entry{Version: f.Version})
	w.Want("a sent finding keeps its text", err, fault.Conflict)

	stranger, _ := w.Member("Nosy Neighbor Inc")
	err = s.Answer(w.Ctx, stranger, f.ID, finding.AnswerEntry{Version: f.Version, Text: "Mine"})
	w.Want("another company", err, fault.NotFound)
	err = s.Answer(w.Ctx, w.Sam, f.ID, finding.AnswerEntry{Version: f.Version, Text: "Done"})
	w.Want("the agency does not answer itself", err, fault.Forbidden)
	err = s.Answer(w.Ctx, owner, f.ID, finding.AnswerEntry{Version: f.Version})
	w.Want("nothing said", err, fault.Invalid)
	err = s.Answer(w.Ctx, owner, f.ID, finding.AnswerEntry{Version: f.Version, Text: "Done", Proof: []uuid.UUID{show(w, stranger)}})
	w.Want("proof of another company", err, fault.Invalid)
	proof := show(w, owner)
	w.Must(s.Answer(w.Ctx, owner, f.ID, finding.AnswerEntry{Version: f.Version, Text: "We record every seal now.", Proof: []uuid.UUID{proof}}))
	r, err := s.Open(w.Ctx, w.Sam, f.ID)
	w.Must(err)
	if r.Finding.Status != finding.Answered || len(r.History) != 1 || len(r.History[0].Proof) != 1 || r.Clock.StoppedAt == nil || !r.May.Can(finding.Accept) {
		t.Errorf("answered: %+v", r)
	}
	if _, err := w.Evidence.Download(w.Ctx, w.Sam, *r.History[0].Proof[0].VersionID); err != nil {
		t.Errorf("the office opens the proof: %v", err)
	}
	if n := w.Count(`select count(*)::int from mail where to_address = $1 and subject like '%' || $2 || '%'`, w.Sam.Email, f.Reference); n != 1 {
		t.Errorf("the lead got %d e-mails of the answer", n)
	}

	w.Must(s.Reopen(w.Ctx, w.Sam, f.ID, finding.ReopenEntry{Version: r.Version, Reason: "The log of March is missing"}))
	if due(w, f) != "2026-06-01" {
		t.Errorf("the last day moved to %s", due(w, f))
	}
	w.Clock.Move(80 * 24 * time.Hour)
	r, err = s.Open(w.Ctx, owner, f.ID)
	w.Must(err)
	if r.History[1].Author != "Trusted trader office" || r.Clock == nil || r.Clock.StoppedAt != nil {
		t.Errorf("the company reads %q", r.History[1].Author)
	}
	w.Must(s.Answer(w.Ctx, owner, f.ID, finding.AnswerEntry{Version: r.Version, Text: "Here it is.", Proof: []uuid.UUID{proof}}))
	w.Clock.Move(20 * 24 * time.Hour) // beyond the last day, while the office looked at it
	r, err = s.Open(w.Ctx, w.Sam, f.ID)
	w.Must(err)
	w.Want("no day is left", s.Reopen(w.Ctx, w.Sam, f.ID, finding.ReopenEntry{Version: r.Version, Reason: "Page 2 is missing"}), fault.Invalid)
	w.Want("beyond the limit", s.Reopen(w.Ctx, w.Sam, f.ID, finding.ReopenEntry{Version: r.Version, Reason: "Page 2 is missing", Days: "91"}), fault.Invalid)
	w.Must(s.Reopen(w.Ctx, w.Sam, f.ID, finding.ReopenEntry{Version: r.Version, Reason: "Page 2 is missing", Days: "30"}))
	if due(w, f) != "2026-07-01" {
		t.Errorf("30 days more: %s", due(w, f))
	}
	w.Must(s.Answer(w.Ctx, owner, f.ID, finding.AnswerEntry{Version: r.Version + 1, Text: "Page 2"}))
	w.Must(s.Accept(w.Ctx, w.Sue, f.ID, finding.NoteEntry{Version: r.Version + 2}))
	r, err = s.Open(w.Ctx, owner, f.ID)
	w.Must(err)
	if r.Finding.Status != finding.Accepted || r.Finding.ClosedAt == nil || len(r.May.Do) != 0 {
		t.Errorf("accepted: %+v", r.Finding)
	}
	w.Want("it is over", s.Accept(w.Ctx, w.Sam, f.ID, finding.NoteEntry{Version: r.Version}), fault.Conflict)
	if n := w.Count(`select count(*)::int from audit_event where subject_kind = 'finding' and subject_id = $1 and company_id = $2 and internal and action not in ('finding.draft', 'finding.read')`, f.ID, owner.CompanyID); n != 0 {
		t.Errorf("%d events of a sent finding are hidden from its company", n)
	}
}

// TestDraftSaysWhatIsMissing tries what a finding refuses.
func TestDraftSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-03T15:00:00Z")
	_, m := w.Member("Harbor Trading LLC")
	v := w.Validation(m, validation.Visiting)
	_, err := w.Findings.Draft(w.Ctx, w.Sam, finding.Entry{Validation: v.ID, Kind: finding.ActionRequired, Visit: uuid.NewString(), Files: []uuid.UUID{uuid.New()}})
	w.Want("nothing entered", err, fault.Invalid)
	for _, field := range []string{"criterion", "title", "facts", "wanted", "cause", "visit", "files"} {
		if !strings.Contains(err.Error(), "; "+field+": ") {
			t.Errorf("nothing is said of %s: %v", field, err)
		}
	}
	_, err = w.Findings.Draft(w.Ctx, w.Sam, finding.Entry{Validation: uuid.New()})
	w.Want("no validation", err, fault.NotFound)
	f := w.Draft(v, finding.BestPractice)
	f, err = w.Findings.Change(w.Ctx, w.Sam, f.ID, finding.Entry{Version: f.Version, Criterion: "3.1", Kind: finding.BestPractice, Title: "Seal cameras", Facts: "Every seal is filmed.",
		Elements: map[string]string{"management": "The board pays for it"}})
	w.Must(err)
	p, _ := w.Steps.Programmes.Get("ctpat")
	if len(f.Elements) != 1 || f.Whole(p.Validation.Findings) {
		t.Errorf("elements: %v", f.Elements)
	}
	_, err = w.Findings.Change(w.Ctx, w.Sue, f.ID, finding.Entry{Version: 1, Title: "Mine"})
	w.Want("an old version", err, fault.Conflict)
	w.Want("without a reason", w.Findings.Withdraw(w.Ctx, w.Sam, f.ID, finding.NoteEntry{Version: f.Version}), fault.Invalid)
	w.Must(w.Findings.Withdraw(w.Ctx, w.Sam, f.ID, finding.NoteEntry{Version: f.Version, Text: "It was another company"}))
	in := finding.Entry{ID: uuid.New(), Validation: v.ID, Criterion: "3.1", Kind: finding.Recommendation, Title: "Train the guards", Facts: "They were new."}
	for range 2 { // sent twice, made once
		f, err = w.Findings.Draft(w.Ctx, w.Sam, in)
		w.Must(err)
	}
	if n := w.Count(`select count(*)::int from finding where validation_id = $1`, v.ID); n != 2 {
		t.Errorf("%d findings", n)
	}
	f, err = w.Findings.Send(w.Ctx, w.Sam, f.ID, f.Version)
	w.Must(err)
	if f.Status != finding.Accepted || w.Count(`select count(*)::int from clock where subject_id = $1`, f.ID) != 0 {
		t.Errorf("a recommendation waits for an answer: %s", f.Status)
	}
}

// TestTimeIsAskedForAndGiven extends the days within the limit, refuses more, and passes on.
func TestTimeIsAskedForAndGiven(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-03T15:00:00Z")
	owner, m := w.Member("Harbor Trading LLC")
	f := w.Draft(w.Validation(m, validation.Visited), finding.ActionRequired)
	s := w.Findings
	f, err := s.Send(w.Ctx, w.Sam, f.ID, f.Version)
	w.Must(err)
	w.Must(s.AskForTime(w.Ctx, owner, f.ID, finding.NoteEntry{Version: f.Version, Text: "The software comes in July"}))
	q, err := s.Queue(w.Ctx, w.Sam, finding.Filter{})
	w.Must(err)
	if len(q.Items) != 1 || !q.Items[0].Asked || q.Counts[finding.ToCheck] != 1 || q.Counts[finding.WithThem] != 1 {
		t.Errorf("queue: %+v", q)
	}
	v := f.Version + 1
	for what, in := range map[string]finding.ExtendEntry{
		"too many days": {Version: v, Days: "91", Reason: "company_asked", Note: "Software"}, "no reason": {Version: v, Days: "30", Note: "Software"},
		"no note": {Version: v, Days: "30", Reason: "company_asked"}, "no days": {Version: v, Days: "many", Reason: "company_asked", Note: "Software"},
	} {
		w.Want(what, s.Extend(w.Ctx, w.Sam, f.ID, in), fault.Invalid)
	}
	w.Want("the company", s.Extend(w.Ctx, owner, f.ID, finding.ExtendEntry{Version: v, Days: "30"}), fault.NotFound)
	w.Must(s.Extend(w.Ctx, w.Sam, f.ID, finding.ExtendEntry{Version: v, Days: "60", Reason: "company_asked", Note: "Software"}))
	if due(w, f) != "2026-07-31" {
		t.Errorf("extended to %s", due(w, f))
	}
	w.Must(s.AskForTime(w.Ctx, owner, f.ID, finding.NoteEntry{Version: v + 1, Text: "And more"}))
	w.Must(s.RefuseTime(w.Ctx, w.Sam, f.ID, finding.NoteEntry{Version: v + 2, Text: "It is enough"}))
	w.Clock.Move(160 * 24 * time.Hour)
	q, err = s.Queue(w.Ctx, w.Chief, finding.Filter{Queue: finding.Overdue})
	w.Must(err)
	if len(q.Items) != 1 || !q.Items[0].Late {
		t.Errorf("overdue: %+v", q.Items)
	}
	w.Want("time that has run out", s.Extend(w.Ctx, w.Sam, f.ID, finding.ExtendEntry{Version: v + 3, Days: "10", Reason: "company_asked", Note: "x"}), fault.Conflict)
	w.Must(s.Escalate(w.Ctx, w.Sam, f.ID, finding.NoteEntry{Version: v + 3, Text: "Nothing came"}))
	if n := w.Count(`select count(*)::int from mail where to_address = $1 and subject like '%' || $2 || '%'`, w.Boss.Email, f.Reference); n != 1 {
		t.Errorf("the supervisor got %d e-mails", n)
	}
	list, err := s.Mine(w.Ctx, owner)
	w.Must(err)
	if len(list) != 1 || list[0].Status != finding.Escalated || !list[0].Late {
		t.Errorf("the company's list: %+v", list)
	}
	w.Must(s.Answer(w.Ctx, owner, f.ID, finding.AnswerEntry{Version: v + 4, Text: "Done after all"}))
	w.Must(s.Accept(w.Ctx, w.Sam, f.ID, finding.NoteEntry{Version: v + 5}))
}

// TestAnswersRace lets fifty people answer at once, and two of the office decide at once.
func TestAnswersRace(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-03T15:00:00Z")
	owner, m := w.Member("Harbor Trading LLC")
	f := w.Draft(w.Validation(m, validation.Visited), finding.ActionRequired)
	f, err := w.Findings.Send(w.Ctx, w.Sam, f.ID, f.Version)
	w.Must(err)
	race := func(n int, do func(i int) error) (conflicts, done int) {
		errs := make([]error, n)
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() { errs[i] = do(i) })
		}
		all.Wait()
		return w.Conflicts(errs)
	}
	conflicts, done := race(50, func(i int) error {
		return w.Findings.Answer(context.Background(), owner, f.ID, finding.AnswerEntry{Version: f.Version, Text: fmt.Sprint("Answer ", i)})
	})
	if done != 1 || conflicts != 49 || w.Count(`select count(*)::int from finding_entry where finding_id = $1`, f.ID) != 1 {
		t.Errorf("%d answers were kept and %d refused", done, conflicts)
	}
	conflicts, done = race(2, func(i int) error {
		if i == 0 {
			return w.Findings.Accept(context.Background(), w.Sam, f.ID, finding.NoteEntry{Version: f.Version + 1})
		}
		return w.Findings.Reopen(context.Background(), w.Sue, f.ID, finding.ReopenEntry{Version: f.Version + 1, Reason: "More"})
	})
	if done != 1 || conflicts != 1 {
		t.Errorf("accepted and sent back: %d done, %d refused", done, conflicts)
	}
}

// TestFailures counts what was sent, by each dimension, and writes it down.
func TestFailures(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-03T15:00:00Z")
	owner, m := w.Member("Harbor Trading LLC")
	v := w.Validation(m, validation.Visited)
	for _, kind := range []string{finding.ActionRequired, finding.ActionRequired, finding.BestPractice} {
		f := w.Draft(v, kind)
		_, err := w.Findings.Send(w.Ctx, w.Sam, f.ID, f.Version)
		w.Must(err)
	}
	w.Draft(v, finding.Recommendation) // a draft does not count
	for _, by := range finding.Dimensions() {
		out, err := w.Findings.Export(w.Ctx, w.Auditor, finding.Question{By: by, Year: 2026})
		w.Must(err)
		actions, best := 0, 0
		for _, r := range out.Rows {
			actions, best = actions+r.Actions, best+r.BestPractices
		}
		if actions != 2 || best != 1 || len(out.Years) != 1 {
			t.Errorf("by %s: %+v", by, out)
		}
		var b strings.Builder
		w.Must(out.WriteCSV(w.Ctx, &b))
		if !strings.Contains(b.String(), "ctpat,2026,") {
			t.Errorf("by %s: %s", by, b.String())
		}
	}
	_, err := w.Findings.Failures(w.Ctx, owner, finding.Question{})
	w.Want("a company", err, fault.NotFound)
}
