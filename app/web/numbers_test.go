package web

import (
	"strings"
	"testing"

	"trustedtrader/app/application"
)

// TestChooseNumbers: an importer of CTPAT in Tier 2 chooses which of its numbers take part in
// Trade Compliance, and the choice is shown.
func TestChooseNumbers(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor Trading LLC")
	a.want(409, owner, "POST", "/applications/new/ctpat-tc", map[string][]string{"entity_type": {"importer"}})
	w.Exec(`update membership set tier = 'tier_2' where id = ?`, m)
	app, err := w.Applications.Choose(w.Ctx, owner, "ctpat-tc", "importer")
	w.Must(err)
	page := "/applications/" + app.ID.String()
	if doc := a.want(200, owner, "GET", page, nil); doc.Find("a[href='"+page+"/numbers']").Length() == 0 {
		t.Error("the application does not lead to the choice")
	}
	doc := a.want(200, owner, "GET", page+"/numbers", nil)
	form := fill(t, doc, "/numbers")
	form.Del(application.NumbersField)
	if doc := a.want(422, owner, "POST", page+"/numbers", form); doc.Find("#error-summary a").Length() != 1 {
		t.Error("what is missing is not said")
	}
	form.Set(application.NumbersField, doc.Find("input[name=numbers]").First().AttrOr("value", ""))
	a.want(303, owner, "POST", page+"/numbers", form)
	if doc := a.want(200, owner, "GET", page+"/numbers", nil); doc.Find("input[name=numbers][checked]").Length() != 1 {
		t.Error("the choice is not kept")
	}
	a.want(409, owner, "POST", page+"/numbers", form) // from a page of before
}

// TestApplyForModule: a member is told on its pages whether it can apply for Trade Compliance,
// and why not, from the tier to the eligibility questions.
func TestApplyForModule(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor Trading LLC")
	member := "/memberships/" + m.String()
	section := func(path string) string {
		return a.want(200, owner, "GET", path, nil).Find("#modules").Text()
	}
	if text := section(member); !strings.Contains(text, "Not possible now") || !strings.Contains(text, "has another tier: Tier 1") {
		t.Errorf("Tier 1 reads: %s", text)
	}
	if text := section("/company"); text != "" {
		t.Errorf("the home of a member in Tier 1 offers: %s", text)
	}
	doc := a.want(200, owner, "GET", "/applications/new/ctpat-tc", nil)
	says(t, doc, "You cannot apply for this now", "Tier 2 or Tier 3")
	if doc.Find("input[name=entity_type]").Length() > 0 {
		t.Error("a company that cannot apply is asked what it does")
	}
	stranger := w.Importer("Stranger Ltd")
	says(t, a.want(200, stranger, "GET", "/applications/new/ctpat-tc", nil), "There is no such membership.")
	if a.want(200, stranger, "GET", "/company", nil).Find("#modules").Length() > 0 {
		t.Error("a company without a membership is offered a module")
	}

	w.Exec(`update membership set tier = 'tier_2', status = 'suspended' where id = ?`, m)
	if text := section(member); !strings.Contains(text, "is suspended.") {
		t.Errorf("a suspended member reads: %s", text)
	}
	w.Exec(`update membership set status = 'active' where id = ?`, m)
	if text := section("/company"); !strings.Contains(text, "Trade Compliance") {
		t.Errorf("the home offers: %s", text)
	}
	doc = a.want(200, owner, "GET", member, nil)
	if doc.Find("#modules a[href='/applications/new/ctpat-tc']").Length() != 1 {
		t.Error("the membership does not lead to the application")
	}
	doc = a.want(200, owner, "GET", "/applications/new/ctpat-tc", nil)
	form := fill(t, doc, "/applications/new/ctpat-tc")
	form.Set("entity_type", "importer")
	a.want(303, owner, "POST", "/applications/new/ctpat-tc", form)
	if text := section(member); !strings.Contains(text, "Applied for") {
		t.Errorf("after the application it reads: %s", text)
	}

	page := "/applications/" + w.Text(`select id::text from application where company_id = $1 and programme = 'ctpat-tc'`, owner.CompanyID)
	doc = a.want(200, owner, "GET", page+"/eligibility", nil)
	form = fill(t, doc, "/eligibility")
	for _, q := range []string{"officer", "two_years", "importer_of_record", "no_debt", "written_procedures", "self_testing", "forced_labor_policy"} {
		form.Set(application.QuestionField(q), "yes")
	}
	form.Set(application.QuestionField("two_years"), "no")
	a.want(303, owner, "POST", page+"/eligibility", form)
	doc = a.want(200, owner, "GET", page+"/eligibility", nil)
	says(t, doc, "With these answers your company cannot join now", "No, because two years of importing are needed.")
	form = fill(t, doc, "/eligibility")
	form.Set(application.QuestionField("two_years"), "yes")
	a.want(303, owner, "POST", page+"/eligibility", form)
	if doc = a.want(200, owner, "GET", page+"/eligibility", nil); strings.Contains(doc.Find("main").Text(), "cannot join now") {
		t.Error("with every answer a yes the company still cannot join")
	}
	says(t, a.want(200, owner, "GET", page+"/agreement", nil), "Memorandum of Understanding", "Annual Notification Letter")
	says(t, a.want(200, owner, "GET", page, nil), "Choose which numbers take part")
}
