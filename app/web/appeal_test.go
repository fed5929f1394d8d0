package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"trustedtrader/app/identity"
	"trustedtrader/app/review/reviewtest"
)

// suspendedAtOnce is a member that was suspended without notice: the page of the case at the
// desk and at its company.
func suspendedAtOnce(t *testing.T) (d *desk, owner identity.Actor, at, mine string) {
	t.Helper()
	w, a := newDesk(t)
	over := a.withFindings(w)
	d = &desk{t: t, a: a, w: w}
	owner, member := over.Member("Harbor Trading LLC")
	form := fill(t, a.want(200, owner, "GET", "/incidents/new", nil), "/incidents/new")
	for name, value := range map[string]string{"kind": "seal", "place": "Port of Newark", "facts": "The seal was cut."} {
		form.Set(name, value)
	}
	dayFields(form, "from", "2026", "3", "1")
	dayFields(form, "found_on", "2026", "3", "2")
	a.want(303, owner, "POST", "/incidents/new", form)
	happened := "/incidents/" + w.Text(`select id::text from incident`)
	d.step(owner, happened, "/more", "more-more", "The port has a log")
	d.step(w.Sam, "/desk"+happened, "/look")
	d.step(w.Sam, "/desk"+happened, "/note", "note-note", "Ask for the log")
	d.step(w.Sam, "/desk"+happened, "/close", "close-founded", "yes", "close-reason", "Too small")
	d.step(w.Sam, "/desk"+happened, "/reopen", "reopen-reason", "It is not small")
	edit := a.want(200, w.Sam, "GET", "/desk"+happened+"/edit", nil)
	a.want(303, w.Sam, "POST", "/desk"+happened+"/edit", fill2(t, edit, "/edit", "consequences", "Two days lost"))

	doc := a.want(200, w.Sam, "GET", "/desk"+happened, nil)
	open := doc.Find("a[href*='/desk/enforcement/new']").AttrOr("href", "")
	doc = a.want(200, w.Sam, "GET", open, nil)
	a.want(303, w.Sam, "POST", "/desk/enforcement/new?membership="+member.String(), fill2(t, doc, "membership="+member.String(), "reason", "The seal was cut"))
	mine = "/enforcement/" + w.Text(`select id::text from enforcement_case`)
	at = "/desk" + mine
	d.step(w.Sam, at, "/take")
	d.step(w.Sam, at, "/note", "note-note", "Handled with care")
	d.step(w.Boss, at, "/suspend", "emergency-ground", "security_incident", "emergency-reasons", "Drugs were found.")
	doc = a.want(200, w.Boss, "GET", at, nil)
	says(t, a.want(422, w.Boss, "POST", at+"/confirm", fill(t, doc, "/confirm")), "A second person decides")
	return d, owner, at, mine
}

// desk sends forms of pages.
type desk struct {
	t *testing.T
	a *applicant
	w *reviewtest.World
}

// step opens a page and sends its form with that action, after filling fields in.
func (d *desk) step(who identity.Actor, page, action string, fields ...string) *goquery.Document {
	d.t.Helper()
	doc := d.a.want(200, who, "GET", page, nil)
	form := fill(d.t, doc, action)
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	to := doc.Find("form").FilterFunction(func(_ int, s *goquery.Selection) bool { return strings.HasSuffix(s.AttrOr("action", ""), action) }).First().AttrOr("action", "")
	return d.a.want(303, who, "POST", to, form)
}

// TestAppealPages walks from a suspension without notice to an appeal that is won.
func TestAppealPages(t *testing.T) {
	t.Parallel()
	d, owner, at, mine := suspendedAtOnce(t)
	a, w := d.a, d.w
	says(t, a.want(200, owner, "GET", "/company", nil), "is suspended", "Open the case and answer")
	d.step(w.Chief, at, "/confirm", "confirm-reason", "Right")
	d.step(owner, mine, "/suspension", "suspension-suspension", "The port cut it")
	d.step(owner, mine, "/items", "goal", "Buy seals", "due_on-day", "1", "due_on-month", "5", "due_on-year", "2026")
	d.step(owner, mine, "/drop")

	form := mine + "/appeal"
	doc := a.want(200, owner, "GET", form, nil)
	says(t, doc, "days are left", "6 U.S.C. 967(c)(1)")
	doc = a.want(422, owner, "POST", form, fill(t, doc, "/appeal"))
	if doc.Find("#error-summary a").Length() != 2 {
		t.Errorf("an empty appeal: %s", doc.Find("#error-summary").Text())
	}
	file := func() string {
		d.step(owner, form, "/appeal", "reasons", "Officers of the <b>port</b> cut it", "attest", "yes")
		return "/appeals/" + w.Text(`select id::text from appeal order by filed_at desc, reference desc limit 1`)
	}
	first := file()
	says(t, a.want(200, owner, "GET", form, nil), "was filed already")
	d.step(owner, first, "/withdraw")
	second := file()
	d.step(owner, second, "/add", "body", "Here is their log")
	d.shows(owner, "appeal", second, "Log of the port")
	d.shows(owner, "enforcement", strings.TrimSuffix(form, "/appeal"), "Seal record")

	olive := w.Staff("Olive Appeals", identity.AppealOfficer, w.HQ)
	says(t, a.want(200, olive, "GET", "/desk/appeals", nil), "A-2026-0002")
	says(t, a.want(200, w.Chief, "GET", "/desk"+second, nil), "You had a part in this case")
	d.step(olive, "/desk"+second, "/take")
	d.step(olive, "/desk"+second, "/add", "body", "The log is genuine")
	doc = a.want(200, olive, "GET", "/desk"+second, nil)
	doc = a.want(422, olive, "POST", "/desk"+second+"/decide", fill(t, doc, "/decide"))
	if doc.Find("#error-summary a").Length() != 2 {
		t.Errorf("an empty decision: %s", doc.Find("#error-summary").Text())
	}
	d.step(olive, "/desk"+second, "/decide", "outcome", "overturned", "answer", "The log shows it")
	doc = a.want(200, owner, "GET", second, nil)
	says(t, doc, "The decision is overturned", "The log shows it")
	if strings.Contains(doc.Text(), "The log is genuine") {
		t.Error("the company sees a note of the agency")
	}
	member := "/memberships/" + w.Text(`select id::text from membership`)
	page := a.want(200, owner, "GET", member+"/history?"+url.Values{"on-day": {"3"}, "on-month": {"3"}, "on-year": {"2026"}}.Encode(), nil)
	says(t, page, "Decision overturned", "Does not count any more")
	a.want(422, owner, "GET", member+"/history?on-day=40&on-month=3&on-year=2026", nil)
}

// TestEmergencyLifted takes a suspension back that a second person does not confirm.
func TestEmergencyLifted(t *testing.T) {
	t.Parallel()
	d, owner, at, mine := suspendedAtOnce(t)
	d.step(d.w.Chief, at, "/lift", "lift-why", "wrong", "lift-reason", "It was another company")
	if text := d.a.want(200, owner, "GET", "/company", nil).Text(); strings.Contains(text, "is suspended") {
		t.Error("the home says that it is suspended")
	}
	says(t, d.a.want(200, d.w.Sam, "GET", at, nil), "It was another company")
	d.a.want(200, owner, "GET", mine, nil)
}
