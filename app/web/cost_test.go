package web

import (
	"io/fs"
	"maps"
	"strings"
	"testing"

	"trustedtrader/app/cost"
	"trustedtrader/app/identity"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/config"
)

func costService(w *reviewtest.World) *cost.Service {
	w.T.Helper()
	files, err := fs.Sub(config.Figures, "figures")
	w.Must(err)
	data, err := cost.LoadData(files)
	w.Must(err)
	return &cost.Service{DB: w.DB, Now: w.Clock.Now, Data: data, Modes: []string{"sea", "rail", "truck", "air", "other"}}
}

// costly gives a company a row of each kind.
func (m *matrix) costly(s *cost.Service, owner identity.Actor) map[string]string {
	m.Helper()
	w := m.w
	w.Must(s.SaveExam(w.Ctx, owner, nil, cost.ExamEntry{Mode: "sea", FromMonth: "2025-01", Currency: "usd", PerExam: "1,250.5", Storage: "80", Note: "<b>broker</b>"}))
	w.Must(s.SaveMembership(w.Ctx, owner, nil, cost.MembershipEntry{Year: "2025", Item: "staff", Currency: "USD", Amount: "9000"}))
	return map[string]string{"exam": w.Text(`select id::text from exam_cost where company_id = $1`, owner.CompanyID), "year": w.Text(`select id::text from membership_cost where company_id = $1`, owner.CompanyID)}
}

// TestCosts enters, changes and removes what things cost, without JavaScript, and follows a
// number into the figures.
func TestCosts(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner, bob := w.Importer("Harbor Trading LLC"), w.Importer("Bob Inc")
	reader := owner
	reader.Role = identity.Reader
	a.who = owner
	says(t, a.want(200, owner, "GET", "/benefits/costs", nil), "No cost is entered", "Default", "400.00 USD")
	a.want(404, w.Sam, "GET", "/benefits/costs", nil)

	form := fill(t, a.want(200, owner, "GET", "/benefits/costs/exams/new", nil), "/exams/new")
	for name, value := range map[string]string{"mode": "boat", "from_month": "March", "currency": "dollars", "per_exam": "-4", "storage": "1e9", "hold": "-1", "note": strings.Repeat("x", 501)} {
		bad := maps.Clone(form)
		bad["from_month"], bad["currency"], bad["per_exam"] = []string{"2025-03"}, []string{"USD"}, []string{"450"}
		bad[name] = []string{value}
		if doc := a.want(422, owner, "POST", "/benefits/costs/exams/new", bad); doc.Find(".usa-error-message").Length() != 1 {
			t.Errorf("%s %q: %s", name, value, doc.Find("main").Text())
		}
	}
	form["mode"], form["from_month"], form["currency"], form["per_exam"], form["storage"], form["hold"], form["note"] = []string{"sea"}, []string{"2025-03"}, []string{"usd"}, []string{"1,450.25"}, []string{""}, []string{"30.5"}, []string{"<i>broker</i>"}
	a.want(303, owner, "POST", "/benefits/costs/exams/new", form)
	if doc := a.want(409, owner, "POST", "/benefits/costs/exams/new", form); !strings.Contains(doc.Text(), "begins in the same month") {
		t.Errorf("twice: %s", doc.Find("main").Text())
	}
	doc := a.want(200, reader, "GET", "/benefits/costs", nil)
	says(t, doc, "1,450.25 USD", "30.5", "<i>broker</i>", "2025-03")
	if doc.Find("main a[href^='/benefits/costs/']").Length() != 0 {
		t.Error("a reader is led to forms")
	}
	path := "/benefits/costs/exams/" + w.Text(`select id::text from exam_cost where company_id = $1`, owner.CompanyID)
	change := fill(t, a.want(200, owner, "GET", path, nil), path)
	change["per_exam"] = []string{"500"}
	a.want(303, owner, "POST", path, change)
	a.want(409, owner, "POST", path, change)

	year := fill(t, a.want(200, owner, "GET", "/benefits/costs/years/new", nil), "/years/new")
	year["year"], year["item"], year["currency"], year["amount"] = []string{"2025"}, []string{"staff"}, []string{"USD"}, []string{"9000.10"}
	a.want(303, owner, "POST", "/benefits/costs/years/new", year)
	year["item"], year["amount"] = []string{"training"}, []string{"0.95"}
	a.want(303, owner, "POST", "/benefits/costs/years/new", year)
	year["year"] = []string{"1066"}
	a.want(422, owner, "POST", "/benefits/costs/years/new", year)
	says(t, a.want(200, owner, "GET", "/benefits/costs", nil), "Sum of 2025", "9,001.05 USD")
	row := "/benefits/costs/years/" + w.Text(`select id::text from membership_cost where company_id = $1 and item = 'staff'`, owner.CompanyID)
	edit := fill(t, a.want(200, owner, "GET", row, nil), row)
	edit["amount"] = []string{"100"}
	a.want(303, owner, "POST", row, edit)

	for _, at := range []string{path, row} {
		a.want(404, bob, "GET", at, nil)
		a.want(404, bob, "POST", at, edit)
		a.want(404, bob, "POST", at+"/remove", edit)
		a.want(404, reader, "POST", at+"/remove", edit)
	}

	// The figures use them: 2 % of 400 shipments a month less than others.
	others(w)
	joined(w, owner)
	months(w, owner, 400, 4)
	says(t, a.want(200, owner, "GET", "/benefits?months=12", nil), "Money saved", "48,000 USD") // 96 x 500
	a.want(303, owner, "POST", row+"/remove", fill(t, a.want(200, owner, "GET", row, nil), "/remove"))
	a.want(303, owner, "POST", path+"/remove", fill(t, a.want(200, owner, "GET", path, nil), "/remove"))
	a.want(404, owner, "POST", path+"/remove", change)
}
