package web

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/evidence"
	"trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/fieldwork"
	"trustedtrader/app/finding"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/report"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/validation"
)

// withFindings gives the site the pages of findings and reports.
func (a *applicant) withFindings(w *reviewtest.World) *findingtest.World {
	a.t.Helper()
	if w.Profiles == nil {
		a.withCriteria(w)
	}
	over := findingtest.Over(a.t, w)
	over.Findings.Steps.Evidence = a.web.Evidence
	a.web.Findings = over.Findings
	a.web.Fieldwork = &fieldwork.Service{DB: w.DB, Now: w.Clock.Now, Steps: over.Steps, Library: over.Findings.Steps.Library, Evidence: a.web.Evidence}
	a.web.Reports = &report.Service{DB: w.DB, Now: w.Clock.Now, Findings: over.Findings.Steps, Members: over.Members, Refer: over.Cases.Steps.Refer}
	return over
}

// writeReport begins the report of a validation and shares its draft.
func writeReport(w *findingtest.World, v validation.Validation) {
	w.T.Helper()
	s := &report.Service{DB: w.DB, Now: w.Clock.Now, Findings: w.Findings.Steps, Members: w.Members, Refer: w.Cases.Steps.Refer}
	w.Must(s.Begin(w.Ctx, w.Sam, v.ID))
	w.Must(s.Edit(w.Ctx, w.Sam, v.ID, "summary", "The measures are in place.", 1))
	w.Must(s.Share(w.Ctx, w.Sam, v.ID, 2, ""))
}

// TestFindingPages goes through the pages of findings: drafted, refused, sent, answered with
// proof, sent back, extended, passed on, accepted.
func TestFindingPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor <b>Trading</b> LLC")
	v := f.Validation(m, validation.Visited)
	page := "/desk/validations/" + v.ID.String() + "/findings/new"
	doc := a.want(200, w.Sam, "GET", page+"?kind=action_required", nil)
	form := fill(t, doc, "/findings/new")
	doc = a.want(422, w.Sam, "POST", page, form)
	if doc.Find("#error-summary a[href='#title']").Length() != 1 || doc.Find("input[name=kind][checked]").AttrOr("value", "") != "action_required" {
		t.Error("what is missing is not said")
	}
	form.Set("criterion", "3.1")
	form.Set("title", "Seals <are> not recorded")
	form.Set("facts", "Three of ten\nhad none.")
	form.Set("wanted", "Record them.")
	form.Set("cause", "no_record")
	res, _ := a.send(w.Sam, "POST", page, form)
	at := res.Header.Get("Location")
	if res.StatusCode != 303 || !strings.HasPrefix(at, "/desk/findings/") {
		t.Fatalf("drafted: %d %s", res.StatusCode, at)
	}
	id := strings.TrimPrefix(at, "/desk/findings/")
	doc = a.want(200, w.Sam, "GET", at+"/edit", nil)
	form = fill(t, doc, "/edit")
	form.Set("title", "Seals are not recorded")
	a.want(303, w.Sam, "POST", at+"/edit", form)
	doc = a.want(409, w.Sue, "POST", at+"/edit", form)
	if !strings.Contains(doc.Find("main").Text(), "Someone changed this") {
		t.Error("an old version is not told")
	}
	a.want(404, owner, "GET", "/findings/"+id, nil)
	doc = a.want(200, w.Sam, "GET", at, nil)
	a.want(303, w.Sam, "POST", at+"/send", fill(t, doc, "/send"))
	doc = a.want(200, w.Sam, "GET", "/desk/findings?queue=open&kind=action_required&programme=ctpat", nil)
	if !strings.Contains(doc.Find("table").Text(), "Harbor <b>Trading</b> LLC") || !strings.Contains(doc.Find("table").Text(), "1 June 2026") {
		t.Errorf("queue: %s", doc.Find("main").Text())
	}

	// The company
	// The pages that say what is next say so, and by when.
	if doc := a.want(200, owner, "GET", "/validations/"+v.ID.String(), nil); doc.Find("main a.usa-button[href='/findings/"+id+"']").Length() != 1 || strings.Contains(doc.Find("main").Text(), "nothing to do for you now") ||
		strings.Contains(doc.Find("main").Text(), "No deadline runs") {
		t.Errorf("the validation does not lead to the finding that waits: %s", doc.Find("main").Text())
	}
	if doc := a.want(200, owner, "GET", "/company", nil); !strings.Contains(doc.Find("#deadlines").Text(), "F-") {
		t.Errorf("the home does not say of what the days run: %s", doc.Find("#deadlines").Text())
	}
	doc = a.want(200, owner, "GET", "/findings", nil)
	if doc.Find("#answer table a[href='/findings/"+id+"']").Length() != 1 {
		t.Errorf("list: %s", doc.Find("main").Text())
	}
	if doc = a.want(200, owner, "GET", "/company", nil); !strings.Contains(doc.Find("#findings").Text(), "1 required action waits for your answer") {
		t.Error("the home says nothing of it")
	}
	doc = a.want(200, owner, "GET", "/findings/"+id, nil)
	form = fill(t, doc, "/time")
	a.want(422, owner, "POST", "/findings/"+id+"/time", form)
	form.Set("why", "Until July")
	a.want(303, owner, "POST", "/findings/"+id+"/time", form)
	doc = a.want(200, w.Sam, "GET", at, nil)
	form = fill(t, doc, "/extend")
	a.want(422, w.Sam, "POST", at+"/extend", form)
	form.Set("extend-days", "30")
	form.Set("extend-note", "As you asked")
	a.want(303, w.Sam, "POST", at+"/extend", form)
	doc = a.want(200, w.Sam, "GET", at, nil)
	form = fill(t, doc, "/refuse")
	form.Set("refuse_time-note", "No more")
	a.want(303, w.Sam, "POST", at+"/refuse", form)
	content := evidencetest.PDF("Seal log")
	k, err := a.web.Evidence.Take(context.Background(), owner, evidence.Incoming{FileName: "log.pdf", Size: int64(len(content))}, evidence.Details{}, bytes.NewReader(content))
	w.Must(err)
	doc = a.want(200, owner, "GET", "/findings/"+id, nil)
	form = fill(t, doc, "/answer")
	form.Set("proof", k.Evidence.String())
	doc = a.want(422, owner, "POST", "/findings/"+id+"/answer", form)
	if doc.Find("input[name=proof][checked]").Length() != 1 {
		t.Error("the chosen proof is not kept")
	}
	form.Set("answer", "We record every seal.")
	a.want(303, owner, "POST", "/findings/"+id+"/answer", form)
	doc = a.want(200, w.Sam, "GET", at, nil)
	proof := doc.Find("#history a").AttrOr("href", "")
	if res, _ := a.send(w.Sam, "GET", proof, nil); res.StatusCode != 200 {
		t.Errorf("the proof %q: %d", proof, res.StatusCode)
	}
	form = fill(t, doc, "/reopen")
	form.Set("reopen-reason", "And March?")
	a.want(303, w.Sam, "POST", at+"/reopen", form)
	doc = a.want(200, w.Sam, "GET", at, nil)
	form = fill(t, doc, "/escalate")
	form.Set("escalate-note", "Nothing comes")
	a.want(303, w.Sam, "POST", at+"/escalate", form)
	doc = a.want(200, w.Sam, "GET", at, nil)
	form = fill(t, doc, "/accept")
	a.want(422, w.Sam, "POST", at+"/accept", form)
	form.Set("accept-note", "Seen on site")
	a.want(303, w.Sam, "POST", at+"/accept", form)

	other := f.Draft(v, finding.Recommendation)
	doc = a.want(200, w.Sam, "GET", "/desk/findings/"+other.ID.String(), nil)
	form = fill(t, doc, "/withdraw")
	form.Set("withdraw-note", "It was another company")
	a.want(303, w.Sam, "POST", "/desk/findings/"+other.ID.String()+"/withdraw", form)

	for _, by := range finding.Dimensions() {
		doc = a.want(200, w.Auditor, "GET", "/desk/findings/failures?by="+string(by), nil)
		if doc.Find("table tbody tr").Length() != 1 {
			t.Errorf("failures by %s: %s", by, doc.Find("main").Text())
		}
	}
	if res, _ := a.send(w.Auditor, "GET", "/desk/findings/failures.csv?by=cause", nil); res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("CSV: %d", res.StatusCode)
	}
}

// TestReportPages goes through the pages of a report until the tier is awarded.
func TestReportPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor Trading LLC")
	v := f.Validation(m, validation.Visited)
	found := f.Draft(v, finding.ActionRequired)
	at := "/desk/validations/" + v.ID.String() + "/report"
	step := func(who identity.Actor, tail string, more ...string) {
		t.Helper()
		doc := a.want(200, who, "GET", at, nil)
		form := fill(t, doc, tail)
		for i := 0; i+1 < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		a.want(303, who, "POST", at+tail, form)
	}
	step(w.Sam, "/begin")
	doc := a.want(200, w.Sam, "GET", at, nil)
	a.want(422, w.Sam, "POST", at+"/submit", fill(t, doc, "/submit"))
	step(w.Sam, "/sections/summary", "text-summary", "All is <well>.")
	doc = a.want(409, w.Sue, "POST", at+"/sections/summary", url.Values{"text-summary": {"All is bad."}, "version": {"1"}})
	if text := doc.Find(".tt-conflict").Text(); !strings.Contains(text, "All is <well>.") || doc.Find("#text-summary").Text() != "All is bad." {
		t.Errorf("conflict: %s", text)
	}
	f.Draft(v, finding.Recommendation)
	step(w.Sam, "/assemble", "section", "recommendations")
	step(w.Sam, "/propose", "outcome", "tier_awarded", "reason", "The measures are in place")
	step(w.Sam, "/share", "note", "Look at the visits")

	company := "/validations/" + v.ID.String() + "/report"
	doc = a.want(200, owner, "GET", company, nil)
	form := fill(t, doc, "/comment")
	a.want(422, owner, "POST", company+"/comment", form)
	form.Set("comment", "The gate is new")
	a.want(303, owner, "POST", company+"/comment", form)
	doc = a.want(200, owner, "GET", company+"/editions/1", nil)
	if !strings.Contains(doc.Find("main").Text(), "All is <well>.") {
		t.Error("the draft is not shown")
	}
	step(w.Sam, "/goon")
	step(w.Sam, "/submit")
	a.want(404, w.Sue, "POST", at+"/approve", url.Values{})
	step(w.Sam, "/recall")
	step(w.Sam, "/submit")
	step(w.Boss, "/return", "reason", "Say more")
	step(w.Sam, "/submit")
	step(w.Boss, "/approve")
	a.want(404, owner, "GET", company+"/editions/2", nil)
	step(w.Sam, "/issue")
	a.want(409, owner, "GET", company+".pdf", nil)
	number := w.Count(`select max(number) from report_version where validation_id = $1`, v.ID)
	w.Must(a.web.Reports.MakePDF(w.Ctx, report.PrintArgs{Validation: v.ID, Number: number}, ReportHTML, func(_ context.Context, html string) ([]byte, error) {
		for _, want := range []string{"<h2>Summary</h2>", "All is &lt;well&gt;.", "1 June 2026", found.Reference, `<th scope="col">Finding</th>`} {
			if !strings.Contains(html, want) {
				t.Errorf("the document lacks %q", want)
			}
		}
		return []byte("%PDF"), nil
	}))
	for who, path := range map[string]string{"company": company + ".pdf", "desk": at + ".pdf"} {
		actor := owner
		if who == "desk" {
			actor = w.Auditor
		}
		res, _ := a.send(actor, "GET", path, nil)
		if b, _ := io.ReadAll(res.Body); res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/pdf" {
			t.Errorf("%s: %d %s", who, res.StatusCode, b)
		}
	}
	doc = a.want(200, w.Sam, "GET", at, nil)
	form = fill(t, doc, "/close")
	form.Set("reason", "All is answered")
	a.want(422, w.Sam, "POST", at+"/close", form)
	w.Must(f.Findings.Answer(w.Ctx, owner, found.ID, finding.AnswerEntry{Version: 2, Text: "Done"}))
	w.Must(f.Findings.Accept(w.Ctx, w.Sam, found.ID, finding.NoteEntry{Version: 3}))
	a.want(303, w.Sam, "POST", at+"/close", form)
	if doc = a.want(200, owner, "GET", "/memberships/"+m.String()+"/certificate", nil); !strings.Contains(doc.Find("main").Text(), "Tier 2") {
		t.Error("the certificate does not show the tier")
	}
	w.Clock.Move(time.Hour)
}
