package web

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/uuid"

	"trustedtrader/app/benefit"
	"trustedtrader/app/identity"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/config"
)

func benefitService(t testing.TB, w *reviewtest.World) *benefit.Service {
	t.Helper()
	files, err := fs.Sub(config.Imports, "imports")
	w.Must(err)
	data, err := benefit.LoadData(files)
	w.Must(err)
	return &benefit.Service{DB: w.DB, Now: w.Clock.Now, Data: data, Evidence: newLibrary(t, w.DB, w.Clock.Now)}
}

const entryReport = "Report 7\nEntry number,Line,Filed <b>,MOT,Port,Country of origin,Value\nABC-0000001-1,1,02/01/2026,11,2704,CN,\"1,000.00\"\nABC-0000001-1,1,02/01/2026,11,2704,CN,1\nABC-0000002-2,1,02/31/2026,by foot,2704,CN,=1+1\n"

// reported gives a company a report that waits for its first rows to be looked at.
func (m *matrix) reported(owner identity.Actor) string {
	m.Helper()
	w, s := m.w, m.benefits
	i, err := s.Bring(w.Ctx, owner, "ace_es003", "report.csv", strings.NewReader(entryReport))
	w.Must(err)
	w.Must(s.Map(w.Ctx, owner, i.ID, i.Version, []string{"entry", "line", "entry_date", "mode", "port", "origin", "value"}))
	return i.ID.String()
}

// TestBenefitReports goes from a file to its events and back, without JavaScript.
func TestBenefitReports(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner, bob := w.Importer("Harbor <b>Trading</b> LLC"), w.Importer("Bob Inc")
	reader := owner
	reader.Role = identity.Reader
	a.who = owner
	bring := func(layout, name, content string) (int, string) {
		status, to, _ := a.bring("/benefits/imports/new", name, []byte(content), [2]string{"layout", layout})
		return status, to
	}
	a.want(200, owner, "GET", "/benefits/imports", nil)
	if n := a.want(200, owner, "GET", "/benefits/imports/new", nil).Find("input[name=layout]").Length(); n != 8 {
		t.Errorf("%d kinds of report", n)
	}
	for name, x := range map[string][2]string{"no kind": {"", entryReport}, "a PDF": {"itrac", "%PDF-1.7"}, "empty": {"itrac", ""}} {
		if status, _ := bring(x[0], "x.csv", x[1]); status != 422 {
			t.Errorf("%s: %d", name, status)
		}
	}
	status, columns := bring("ace_es003", `C:\<i>x</i>.csv`, entryReport)
	if status != 303 || !strings.HasSuffix(columns, "/columns") {
		t.Fatalf("a report: %d %s", status, columns)
	}
	path := strings.TrimSuffix(columns, "/columns")

	// One needed column has a name of its own.
	doc := a.want(200, owner, "GET", columns, nil)
	if text := doc.Find(".usa-alert--warning").Text(); !strings.Contains(text, "Entry date") {
		t.Errorf("what is missing is not said: %s", text)
	}
	form := fill(t, doc, "/columns")
	doc = a.want(422, owner, "POST", columns, form)
	if doc.Find("#error-summary a[href='#column-0']").Length() != 1 {
		t.Error("the missing column is not said")
	}
	form.Set("column-2", "entry_date")
	a.want(303, owner, "POST", columns, form)
	a.want(409, owner, "POST", columns, form) // a page of before

	doc = a.want(200, owner, "GET", path+"/preview", nil)
	if text := doc.Find("table").Text(); !strings.Contains(text, "port 2704 (Los Angeles and Long Beach)") || !strings.Contains(text, "This is not a day that we can read. Write it as 3/31/2026") {
		t.Errorf("the first rows: %s", text)
	}
	form = fill(t, doc, "/take-over")
	form.Set("replace", "period")
	form.Set("from-day", "31")
	form.Set("from-month", "2")
	form.Set("from-year", "2026")
	doc = a.want(422, owner, "POST", path+"/take-over", form)
	if doc.Find("#error-summary").Length() != 1 || doc.Find("input[name=from-day]").AttrOr("value", "") != "31" {
		t.Error("a bad day is not said, or is lost")
	}
	form.Set("replace", "add")
	a.want(303, owner, "POST", path+"/take-over", form)
	if res, _ := a.send(owner, "GET", path, nil); res.StatusCode != 200 || res.Header.Get("Refresh") == "" {
		t.Errorf("the page does not renew itself: %d", res.StatusCode)
	}
	a.want(409, owner, "GET", path+"/preview", nil)
	id := uuid.MustParse(path[strings.LastIndexByte(path, '/')+1:])
	w.Must(a.web.Benefits.Work(w.Ctx, id))
	doc = a.want(200, reader, "GET", path, nil)
	if text := doc.Find("main").Text(); !strings.Contains(text, "Taken over") || !strings.Contains(text, "The same entry and line is there already") || doc.Find("main form").Length() != 0 {
		t.Errorf("for a reader: %s", text)
	}
	if html, _ := doc.Find("main").Html(); strings.Contains(html, "<i>x") {
		t.Error("a name is markup")
	}
	res, doc := a.send(reader, "GET", path+"/problems.csv", nil)
	if text := doc.Text(); res.StatusCode != 200 || !strings.Contains(text, "'=1+1") || !strings.Contains(text, "5,Entry date,") {
		t.Errorf("problems: %d %s", res.StatusCode, text)
	}

	// Another company, and who may only read.
	for _, tail := range []string{"", "/columns", "/preview", "/problems.csv"} {
		a.want(404, bob, "GET", path+tail, nil)
	}
	for _, step := range []string{"/columns", "/take-over", "/retry", "/drop", "/undo"} {
		a.want(404, bob, "POST", path+step, map[string][]string{"version": {"1"}})
		a.want(404, reader, "POST", path+step, map[string][]string{"version": {"1"}})
	}

	// Undone, with a page of before refused.
	form = fill(t, a.want(200, owner, "GET", path, nil), "/undo")
	stale := map[string][]string{"version": {"1"}}
	a.want(409, owner, "POST", path+"/undo", stale)
	a.want(303, owner, "POST", path+"/undo", form)
	w.Must(a.web.Benefits.Work(w.Ctx, id))
	if text := a.want(200, owner, "GET", path, nil).Find("main").Text(); !strings.Contains(text, "Undone") {
		t.Errorf("undone: %s", text)
	}

	// One that stopped is tried again, and dropped.
	_, columns = bring("ace_es003", "x.csv", entryReport)
	path = strings.TrimSuffix(columns, "/columns")
	if chosen := fill(t, a.want(200, owner, "GET", columns, nil), "/columns").Get("column-2"); chosen != "entry_date" {
		t.Errorf("the columns are forgotten: %q", chosen)
	}
	w.Exec(`update benefit_import set status = 'stopped', mapped = true, failure = 'Line %d is broken', failure_args = '[9]' where id = ?`, path[strings.LastIndexByte(path, '/')+1:])
	if text := a.want(200, owner, "GET", path, nil).Find("main").Text(); !strings.Contains(text, "Line 9 is broken") {
		t.Errorf("why it stopped: %s", text)
	}
	a.want(303, owner, "POST", path+"/retry", fill(t, a.want(200, owner, "GET", path, nil), "/retry"))
	w.Exec(`update benefit_import set status = 'stopped' where id = ?`, path[strings.LastIndexByte(path, '/')+1:])
	a.want(303, owner, "POST", path+"/drop", fill(t, a.want(200, owner, "GET", path, nil), "/drop"))
	a.want(404, owner, "GET", path, nil)

	// A second page of the list.
	for n := range benefit.PageSize {
		w.Exec(`insert into benefit_import (id, company_id, layout, file_name, sha256, size, blob_key, heading, status, bringer, brought_at, finished_at, mapped) values (gen_random_uuid(), ?, 'gone', ?, repeat('0', 64), 1, '', '[]', 'taken', 'x', ?, now(), true)`,
			owner.CompanyID, fmt.Sprintf("old-%02d.csv", n), w.Clock.Now().AddDate(0, 0, -n-1))
	}
	doc = a.want(200, owner, "GET", "/benefits/imports", nil)
	if next := doc.Find("a[href$='?page=2']").Length(); next == 0 {
		t.Error("no second page")
	}
	doc = a.want(200, owner, "GET", "/benefits/imports?page=2", nil)
	if text := doc.Find("table").Text(); !strings.Contains(text, "old-49.csv") {
		t.Errorf("the second page: %s", text)
	}
}
