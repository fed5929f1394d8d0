package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/baseline"
	"trustedtrader/app/identity"
	"trustedtrader/app/review/reviewtest"
)

func baselineService(t testing.TB, w *reviewtest.World) *baseline.Service {
	t.Helper()
	return &baseline.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Data: benefitService(t, w).Data, Letters: w.Steps.Letters}
}

const (
	cohortHeading = "Period,Mode,Port group,Entity type,Shipments,Exams,Companies,Hold\n"
	cohortSource  = "Entries of <b>importers</b> without a status, by the day of entry"
)

// baseline is a signed file.
func (m *matrix) baseline(s *baseline.Service) string {
	m.Helper()
	b, _, err := s.Bring(m.w.Ctx, m.w.Chief, baseline.BringEntry{Programme: "ctpat", Source: cohortSource, AsOf: "2026-03-01", FileName: "first.csv"}, strings.NewReader(cohortHeading+"2025,sea,all,importer,100,3,6,\n"))
	m.w.Must(err)
	m.w.Must(s.Sign(m.w.Ctx, m.w.Staff("Hugo Second", identity.Headquarters, m.w.HQ), b.ID, b.Version))
	return b.ID.String()
}

// TestBaselines goes from a file to the company that reads it, without JavaScript.
func TestBaselines(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner, hugo := w.Importer("Harbor Trading LLC"), w.Staff("Hugo Second", identity.Headquarters, w.HQ)
	a.who = w.Chief
	bring := func(content string, fields ...[2]string) (int, string, string) {
		w.Clock.Move(time.Minute)
		if fields == nil {
			fields = [][2]string{{"programme", "ctpat"}, {"source", cohortSource}, {"as_of-day", "2"}, {"as_of-month", "3"}, {"as_of-year", "2026"}}
		}
		status, to, doc := a.bring("/desk/baselines/new", `C:\<i>x</i>.csv`, []byte(content), fields...)
		if doc == nil {
			return status, to, ""
		}
		return status, to, doc.Text()
	}
	says(t, a.want(200, w.Auditor, "GET", "/desk/baselines", nil), "There is no baseline")
	says(t, a.want(200, w.Chief, "GET", "/desk/headquarters", nil), "Baselines")
	a.want(200, w.Chief, "GET", "/desk/baselines/new", nil)
	a.want(404, w.Boss, "GET", "/desk/baselines/new", nil)
	if status, _, text := bring(cohortHeading+"2025,sea,all,importer,100,3,6,\n2025,air,<u>moon</u>,importer,100,300,6,\n", [2]string{"source", "Short"}); status != 422 || !strings.Contains(text, "Choose the programme") {
		t.Errorf("a bad form: %d %s", status, text)
	}
	if status, _, text := bring(cohortHeading + "2025,sea,all,importer,100,3,6,\n2025,air,<u>moon</u>,importer,100,300,6,\n"); status != 422 || !strings.Contains(text, "<u>moon</u>") || !strings.Contains(text, "Problems: 2") || !strings.Contains(text, "There are more exams than shipments") {
		t.Errorf("a wrong file: %d %s", status, text)
	}
	status, first, _ := bring(cohortHeading + "2025-01,sea,all,importer,1000,30,6,26.5\n2025-01,air,all,importer,20,1,6,\n2025-01,air,chicago,importer,20,1,2,\n")
	if status != 303 {
		t.Fatalf("a good file: %d", status)
	}
	doc := a.want(200, w.Chief, "GET", first, nil)
	says(t, doc, "You brought this file", "1 cohort of fewer than five companies", "26.5 hours", "3.0%", "Not enough data", "Sea, All ports")
	if doc.Find("form[action$='/sign']").Length() != 0 {
		t.Error("who brought a file is offered to sign it")
	}
	a.want(409, w.Chief, "POST", first+"/sign", fill(t, a.want(200, hugo, "GET", first, nil), "/sign"))
	public := strings.Replace(first, "/desk/", "/benefits/", 1)
	a.want(404, owner, "GET", public, nil)
	a.want(404, owner, "GET", public+"/cohorts.csv", nil)
	a.want(303, hugo, "POST", first+"/sign", fill(t, a.want(200, hugo, "GET", first, nil), "/sign"))

	// The next file is held beside it.
	var rows strings.Builder
	for i := range 60 {
		fmt.Fprintf(&rows, "%d-%02d,sea,all,importer,1000,%d,6,\n", 2020+i/12, i%12+1, 30+i)
	}
	_, second, _ := bring(cohortHeading + rows.String())
	says(t, a.want(200, hugo, "GET", second, nil), "44 rates are far from those in force", "In force now", "Page 1 of 2")
	says(t, a.want(200, hugo, "GET", second+"?page=2&show=nonsense", nil), "Page 2 of 2")
	if n := a.want(200, w.Boss, "GET", second+"?show=different", nil).Find("#cohorts tbody tr").Length(); n != 44 {
		t.Errorf("%d cohorts to look at", n)
	}
	form := fill(t, a.want(200, hugo, "GET", second, nil), "/refuse")
	a.want(422, hugo, "POST", second+"/refuse", form)
	form.Set("reason", "The years are <b>wrong</b>")
	a.want(303, hugo, "POST", second+"/refuse", form)
	a.want(409, hugo, "POST", second+"/refuse", form)
	says(t, a.want(200, w.Chief, "GET", second, nil), "Refused", "The years are <b>wrong</b>")

	// Who brought a file takes it back while it waits.
	_, third, _ := bring(cohortHeading + "2025-02,sea,all,importer,1000,30,6,\n")
	if a.want(200, hugo, "GET", third, nil).Find("form[action$='/take-back']").Length() != 0 {
		t.Error("who did not bring a file is offered to take it back")
	}
	form = fill(t, a.want(200, w.Chief, "GET", third, nil), "/take-back")
	form.Set("reason", "The <b>wrong</b> month")
	a.want(409, hugo, "POST", third+"/take-back", form)
	a.want(303, w.Chief, "POST", third+"/take-back", form)
	a.want(409, w.Chief, "POST", third+"/take-back", form)
	says(t, a.want(200, w.Boss, "GET", third, nil), "Taken back", "The <b>wrong</b> month")

	// The company reads it, and later that it was withdrawn; nobody of the agency is named.
	doc = a.want(200, owner, "GET", public, nil)
	says(t, doc, cohortSource, "Signed off", "2 March 2026", "26.5 hours")
	form = fill(t, a.want(200, w.Chief, "GET", first, nil), "/withdraw")
	a.want(422, w.Chief, "POST", first+"/withdraw", form)
	form.Set("reason", "January was counted twice")
	a.want(303, w.Chief, "POST", first+"/withdraw", form)
	doc = a.want(200, owner, "GET", public, nil)
	says(t, doc, "This file was withdrawn", "January was counted twice")
	if text := doc.Find("main").Text(); strings.Contains(text, "Chief") || strings.Contains(text, "Hugo") || doc.Find("main form").Length() != 0 {
		t.Errorf("a company reads who of the agency it was, or is offered a step: %s", text)
	}
	res, csv := a.send(owner, "GET", public+"/cohorts.csv", nil)
	if text := csv.Text(); res.StatusCode != 200 || !strings.Contains(text, "2025-01,2025-01,sea,all,importer,1000,30,6,26.5") {
		t.Errorf("the cohorts as a file: %d %s", res.StatusCode, text)
	}
	a.want(200, w.Chief, "GET", first+"/cohorts.csv", nil)
	says(t, a.want(200, w.Boss, "GET", "/desk/baselines", nil), "Withdrawn", "Refused", "Cora Chief")
}
