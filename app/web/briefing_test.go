package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/uuid"

	"trustedtrader/app/briefing"
	"trustedtrader/app/identity"
	"trustedtrader/app/metric"
)

// TestReportsForTheManagement makes a report, keeps it, and downloads it in every form, of a
// company for which the figures speak and of one against which they do.
func TestReportsForTheManagement(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	others(w)
	owner, bob := w.Importer("Harbor <b>Trading</b> LLC"), w.Importer("Bob Inc")
	reader := owner
	reader.Role = identity.Reader
	joined(w, owner)

	says(t, a.want(200, owner, "GET", "/benefits/reports", nil), "No report was kept yet")
	if doc := a.want(200, owner, "GET", "/benefits/reports/new?months=12", nil); doc.Find("form[action='/benefits/reports/new']").Length() != 0 {
		t.Error("a report of nothing can be kept")
	}
	form := map[string][]string{"months": {"12"}, "as": {"ctpat:importer"}}
	a.want(409, owner, "POST", "/benefits/reports/new", form)

	months(w, owner, 100, 6) // others: 3 of 100
	doc := a.want(200, owner, "GET", "/benefits?months=12", nil)
	if doc.Find("a[href^='/benefits/reports/new?months=12']").Length() != 1 || doc.Find(".tt-alert a[href='/benefits/claims']").Length() != 1 {
		t.Error("the figures do not lead to the report, or to claims")
	}
	doc = a.want(200, owner, "GET", "/benefits/reports/new?months=12", nil)
	says(t, doc, "What membership brings: Harbor <b>Trading</b> LLC", "Your goods were examined more often than those of others", "2.00 times as often", "A draft that is not kept", "a default of the portal, not your cost", "at least 412", "others <i>2025</i>.csv (SHA-256 bbbbbbbbbbbb…", "own.csv")
	if doc.Find("article.tt-brief svg[role=img] title").Length() != 1 || doc.Find("article.tt-brief b, article.tt-brief i").Length() != 0 {
		t.Error("no picture, or markup in names")
	}
	if doc := a.want(200, reader, "GET", "/benefits/reports/new?months=12", nil); doc.Find("form[action='/benefits/reports/new']").Length() != 0 {
		t.Error("a reader is offered to keep it")
	}
	a.want(404, reader, "POST", "/benefits/reports/new", form)
	a.want(303, owner, "POST", "/benefits/reports/new", fill(t, doc, "/benefits/reports/new"))
	id := w.Text(`select id::text from briefing where company_id = $1`, owner.CompanyID)
	path := "/benefits/reports/" + id
	doc = a.want(200, reader, "GET", path, nil)
	sum := w.Text(`select sha256 from briefing where id = $1`, id)
	says(t, doc, "2.00 times as often", "Kept by "+owner.Name, sum, strings.Repeat("c", 64))
	a.want(303, owner, "GET", path+"/report.pdf", nil)
	res, _ := a.send(reader, "GET", path+"/report.json", nil)
	if got := sha256.Sum256([]byte(a.body)); res.StatusCode != 200 || hex.EncodeToString(got[:]) != sum {
		t.Errorf("JSON: %d, %s, want the hash %s", res.StatusCode, a.body, sum)
	}
	for _, rest := range []string{"", "/report.pdf", "/report.json"} {
		a.want(404, bob, "GET", path+rest, nil)
		a.want(404, w.Sam, "GET", path+rest, nil)
	}

	var html string
	w.Must(a.web.Briefings.MakePDF(w.Ctx, briefing.PrintArgs{Briefing: uuid.MustParse(id)}, BriefingHTML(a.web.Programmes, a.web.Benefits.Data, a.web.Costs.Data), func(_ context.Context, text string) ([]byte, error) {
		html = text
		return []byte("%PDF-" + text), nil
	}))
	for _, want := range []string{"Harbor &lt;b&gt;Trading&lt;/b&gt; LLC", "examined more often", sum, "@page brief", "<svg", "CTPAT"} {
		if !strings.Contains(html, want) {
			t.Errorf("what is printed does not say %q", want)
		}
	}
	if strings.Contains(html, "http://") || strings.Contains(html, "url(") {
		t.Error("what is printed needs other files")
	}
	if res, _ := a.send(owner, "GET", path+"/report.pdf", nil); res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(a.body, "%PDF-") {
		t.Errorf("PDF: %d", res.StatusCode)
	}
	says(t, a.want(200, reader, "GET", "/benefits/reports", nil), "PDF", owner.Name)
	if _, err := a.web.Briefings.Keep(w.Ctx, reader, metric.Period{}, metric.As{}); err == nil {
		t.Error("a reader keeps one")
	}
}
