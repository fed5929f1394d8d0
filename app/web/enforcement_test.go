package web

import (
	"net/url"
	"strings"
	"testing"

	"trustedtrader/app/enforcement"
)

// day are the three fields of a day.
func dayFields(form url.Values, name, year, month, date string) {
	form.Set(name+"-day", date)
	form.Set(name+"-month", month)
	form.Set(name+"-year", year)
}

// TestEnforcementPages walks from a report and a duplicate over a case to its end.
func TestEnforcementPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	over := a.withFindings(w)
	owner, member := over.Member("Harbor <b>Trading</b> LLC")

	// The company reports, and the agency is shown the report before it registers the same.
	doc := a.want(200, owner, "GET", "/incidents/new", nil)
	form := fill(t, doc, "/incidents/new")
	doc = a.want(422, owner, "POST", "/incidents/new", form)
	if doc.Find("#error-summary a").Length() < 4 {
		t.Errorf("an empty report: %s", doc.Find("#error-summary").Text())
	}
	form.Set("kind", "seal")
	form.Set("place", "Port of Newark")
	form.Set("facts", "The seal <script> was cut.")
	dayFields(form, "from", "2026", "3", "1")
	dayFields(form, "found_on", "2026", "3", "2")
	a.want(303, owner, "POST", "/incidents/new", form)
	says(t, a.want(200, owner, "GET", "/incidents", nil), "Seal broken or changed", "I-2026-0001")

	at := "/desk/incidents/new?company=" + owner.CompanyID.String()
	form = fill(t, a.want(200, w.Sam, "GET", at, nil), "company="+owner.CompanyID.String())
	for name, value := range map[string]string{"kind": "seal", "place": "Newark", "facts": "Cut", "way": "field", "number": "S 1"} {
		form.Set(name, value)
	}
	dayFields(form, "from", "2026", "3", "1")
	dayFields(form, "found_on", "2026", "3", "2")
	doc = a.want(422, w.Sam, "POST", at, form)
	says(t, doc, "These may be the same", "I-2026-0001")
	form = fill(t, doc, "company="+owner.CompanyID.String())
	form.Set("ruled_out", "Another container")
	a.want(303, w.Sam, "POST", at, form)
	doc = a.want(200, w.Sam, "GET", "/desk/incidents", nil)
	says(t, doc, "Reported by the company", "Registered by us")

	// A case of it, which the company does not see before the notice.
	id := w.Text(`select id::text from incident where self_reported`)
	doc = a.want(200, w.Sam, "GET", "/desk/incidents/"+id, nil)
	says(t, doc, "Reported before we knew", "May be the same")
	open := doc.Find("a[href*='/desk/enforcement/new']").AttrOr("href", "")
	doc = a.want(200, w.Sam, "GET", open, nil)
	a.want(303, w.Sam, "POST", "/desk/enforcement/new?membership="+member.String(), fill2(t, doc, "membership="+member.String(), "reason", "The seal was cut"))
	desk := "/desk/enforcement/" + w.Text(`select id::text from enforcement_case`)
	mine := strings.TrimPrefix(desk, "/desk")
	a.want(404, owner, "GET", mine, nil)
	says(t, a.want(200, w.Sam, "GET", "/memberships/"+member.String(), nil), "Open a case", "E-2026-0001")
	if doc := a.want(200, owner, "GET", "/memberships/"+member.String(), nil); strings.Contains(doc.Text(), "E-2026") {
		t.Error("the company's membership names a case that is only looked into")
	}

	doc = a.want(200, w.Sam, "GET", desk+"/propose", nil)
	form = fill(t, doc, "/propose")
	form.Set("ground", "security_incident")
	form.Set("measure", "suspend")
	form.Set("reasons", "The seal was cut.")
	doc = a.want(422, w.Sam, "POST", desk+"/propose", form)
	if doc.Find("#error-summary a").Length() != 6 || doc.Find("input[name=measure][checked]").AttrOr("value", "") != "suspend" {
		t.Errorf("a sheet without answers: %s", doc.Find("#error-summary").Text())
	}
	for name, value := range map[string]string{"severity": "serious", "part": "gross", "reported": "not", "repeated": "first", "cooperation": "some", "repaired": "planned"} {
		form.Set(enforcement.AnswerField(name), value)
	}
	a.want(303, w.Sam, "POST", desk+"/propose", form)
	doc = a.want(200, w.Sam, "GET", desk, nil)
	says(t, doc, "Weighing sheet: 13 points", "Send the notice")
	a.want(303, w.Sam, "POST", desk+"/notify", fill(t, doc, "/notify"))

	doc = a.want(200, owner, "GET", mine, nil)
	says(t, doc, "The seal was cut.", "Your next step")
	if strings.Contains(doc.Text(), "Weighing") || strings.Contains(doc.Text(), "Sam Specialist") {
		t.Error("the company sees what is the agency's own")
	}
	a.want(422, owner, "POST", mine+"/answer", fill(t, doc, "/answer"))
	a.want(303, owner, "POST", mine+"/answer", fill2(t, doc, "/answer", "answer-answer", "We are sorry"))
	if doc := a.want(200, w.Sam, "GET", desk, nil); doc.Find("form[action$='/approve']").Length() != 0 {
		t.Error("the specialist can decide")
	}
	doc = a.want(200, w.Boss, "GET", desk, nil)
	says(t, doc, "We are sorry")
	a.want(303, w.Boss, "POST", desk+"/approve", fill(t, doc, "/approve"))
	says(t, a.want(200, w.Sam, "GET", "/desk/enforcement?queue=in_force", nil), "Suspended")

	// Plan, consent, verification, end.
	doc = a.want(200, owner, "GET", mine, nil)
	form = fill2(t, doc, "/items", "goal", "Buy better seals")
	a.want(422, owner, "POST", mine+"/items", form)
	dayFields(form, "due_on", "2026", "5", "1")
	a.want(303, owner, "POST", mine+"/items", form)
	a.want(303, owner, "POST", mine+"/plan", fill(t, a.want(200, owner, "GET", mine, nil), "/plan"))
	a.want(303, w.Sam, "POST", desk+"/plan/accept", fill(t, a.want(200, w.Sam, "GET", desk, nil), "/plan/accept"))
	doc = a.want(200, owner, "GET", mine, nil)
	a.want(422, owner, "POST", mine+"/consent", fill2(t, doc, "/consent", "name", "Olga Owner"))
	form = fill2(t, doc, "/consent", "name", "Olga Owner")
	form.Set("agreed", "yes")
	a.want(303, owner, "POST", mine+"/consent", form)
	doc = a.want(200, owner, "GET", mine, nil)
	item := doc.Find("form[action$='/done']").AttrOr("action", "")
	doc = a.want(422, owner, "POST", item, fill(t, doc, "/done"))
	if doc.Find("details[open] form[action$='/done']").Length() != 1 {
		t.Error("the form that was refused is not open")
	}
	a.want(303, owner, "POST", item, fill2(t, doc, "/done", "done-1-done", "Bought"))
	doc = a.want(200, w.Sam, "GET", desk, nil)
	a.want(303, w.Sam, "POST", doc.Find("form[action$='/verify']").AttrOr("action", ""), fill(t, doc, "/verify"))
	doc = a.want(200, w.Sam, "GET", desk, nil)
	a.want(303, w.Sam, "POST", desk+"/end", fill2(t, doc, "/end", "end-reason", "All is mended"))
	doc = a.want(200, w.Boss, "GET", desk, nil)
	a.want(303, w.Boss, "POST", desk+"/end/approve", fill(t, doc, "/end/approve"))
	says(t, a.want(200, owner, "GET", mine, nil), "Closed", "Ended")
}
