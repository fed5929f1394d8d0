package web

import (
	"net/url"
	"strings"
	"testing"

	"trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/validation"
)

// TestFieldworkPages goes through the pages of a visit: criteria chosen and verified, a file
// added and taken off, hours logged, the workbook.
func TestFieldworkPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	_, m := f.Member("Harbor Trading LLC")
	visit := f.Visit(f.Validation(m, validation.Visiting))
	at := "/desk/visits/" + visit.String()
	doc := a.want(200, w.Sam, "GET", at+"/criteria", nil)
	if !strings.Contains(doc.Find(".tt-empty").Text(), "No criteria are chosen") {
		t.Error("nothing is said of an empty list")
	}
	doc = a.want(200, w.Sam, "GET", at+"/criteria/choose", nil)
	if doc.Find("input[name=criterion][checked]").Length() < 3 {
		t.Error("nothing is proposed")
	}
	a.want(422, w.Sam, "POST", at+"/criteria/choose", url.Values{"criterion": {"99.9"}})
	a.want(303, w.Sam, "POST", at+"/criteria/choose", url.Values{"criterion": {"3.1", "9.1"}})
	a.want(404, w.Sam, "GET", at+"/criteria/1.1", nil)
	page := at + "/criteria/3.1"
	doc = a.want(200, w.Sam, "GET", page, nil)
	form := fill(t, doc, "/criteria/3.1")
	form.Set("result", "partly")
	doc = a.want(422, w.Sam, "POST", page, form)
	if doc.Find("#error-summary a[href='#methods'], #error-summary a[href='#note']").Length() != 2 {
		t.Errorf("refused: %s", doc.Find("#error-summary").Text())
	}
	form["methods"] = []string{"examine", "test"}
	form.Set("ticks-3.1.c", "papers")
	form.Set("note", "Two of <ten>")
	a.want(303, w.Sam, "POST", page, form)
	doc = a.want(409, w.Sue, "POST", page, form)
	if !strings.Contains(doc.Find(".tt-conflict").Text(), "Partly verified: Two of <ten>") {
		t.Errorf("conflict: %s", doc.Find(".tt-conflict").Text())
	}
	doc = a.want(200, w.Auditor, "GET", at+"/criteria", nil)
	if text := doc.Find("table").Text(); !strings.Contains(text, "Two of <ten>") || !strings.Contains(text, "Examine, Test") {
		t.Errorf("list: %s", text)
	}
	if doc = a.want(200, w.Sam, "GET", at+"/workbook", nil); doc.Find(".tt-workbook").Length() != 2 || !strings.Contains(doc.Find(".tt-workbook__ticks").First().Text(), "☑") {
		t.Error("the workbook")
	}

	a.who = w.Sam
	book, err := a.web.Fieldwork.Workbook(w.Ctx, w.Sam, visit)
	w.Must(err)
	if res, _ := a.send(w.Sam, "GET", at+"/workbook.xlsx", nil); res.StatusCode != 200 || res.Header.Get("Content-Type") != book.MediaType {
		t.Errorf("the workbook as a file: %d", res.StatusCode)
	}
	if status, to, _ := a.bring(at+"/workbook", "field.xlsx", book.Body); status != 303 || to != at+"/criteria" {
		t.Errorf("a workbook in which nothing was changed: %d to %s", status, to)
	}
	if status, _, doc := a.bring(at+"/workbook", "field.xlsx", []byte("nonsense")); status != 422 || doc.Find("#error-summary a[href='#file']").Length() != 1 {
		t.Errorf("no workbook: %d", status)
	}
	if status, _, doc := a.bring(at+"/files", "virus.exe", []byte("MZ")); status != 422 || doc.Find("#error-summary a[href='#file']").Length() != 1 {
		t.Errorf("a program: %d", status)
	}
	if status, to, _ := a.bring(at+"/files", "gate.pdf", evidencetest.PDF("Gate")); status != 303 || to != at+"/files" {
		t.Errorf("a paper: %d to %s", status, to)
	}
	doc = a.want(200, w.Sam, "GET", at+"/files", nil)
	file := doc.Find("table th a").AttrOr("href", "")
	if res, _ := a.send(w.Auditor, "GET", file, nil); res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("download: %d", res.StatusCode)
	}
	a.want(303, w.Sam, "POST", file+"/remove", fill(t, doc, "/remove"))

	doc = a.want(200, w.Sam, "GET", at+"/hours", nil)
	form = fill(t, doc, "/hours")
	a.want(422, w.Sam, "POST", at+"/hours", form)
	form.Set("hours", "6")
	a.want(303, w.Sam, "POST", at+"/hours", form)
	doc = a.want(200, w.Sam, "GET", at+"/hours", nil)
	remove := doc.Find("form[action$='/remove']").AttrOr("action", "")
	a.want(303, w.Sam, "POST", remove, fill(t, doc, "/remove"))
}
