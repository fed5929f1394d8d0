package web

import (
	"net/url"
	"strings"
	"testing"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// A recommendation goes back and forth between two people before the company is heard.
func TestRecommendationGoesBackAndForth(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner := w.Trader("Compagnie Générale de Négoce")
	app := w.Submit(owner, "eu-aeo", "aeoc")
	path := "/desk/cases/" + app.ID.String()
	boss := w.Staff("Bart Boss", identity.Supervisor, w.Brussels)

	press := func(who identity.Actor, page, action string, more url.Values) {
		t.Helper()
		form := fill(t, a.want(200, who, "GET", page, nil), action)
		for name, v := range more {
			form[name] = v
		}
		a.want(303, who, "POST", path+action, form)
	}
	claim := func() {
		t.Helper()
		button := a.want(200, w.Other, "GET", "/desk?queue=unassigned", nil).Find("button[formaction='" + path + "/claim']")
		a.want(303, w.Other, "POST", path+"/claim", url.Values{button.AttrOr("name", ""): {button.AttrOr("value", "")}})
	}
	claim()
	press(w.Other, path, "/release", nil)
	claim()
	press(w.Other, path, "/accept", nil)
	says(t, a.want(200, w.Other, "GET", path, nil), "120 days")

	reject := url.Values{"outcome": {"reject"}, "reason": {"No records"}, "point-0-reason": {"records"}, "point-0-part": {"sites"}, "point-0": {"No records at the warehouse"}}
	press(w.Other, path+"/decision", "/decision/recommend", reject)
	press(w.Other, path+"/decision", "/decision/withdraw", nil)
	press(w.Other, path+"/decision", "/decision/recommend", reject)
	press(boss, path+"/decision", "/decision/return", url.Values{"reason": {"Ask for the records first"}})
	says(t, a.want(200, w.Other, "GET", path+"/decision", nil), "Ask for the records first")
	press(w.Other, path+"/decision", "/decision/recommend", reject)
	press(boss, path+"/decision", "/decision/approve", nil)

	hearing := "/applications/" + app.ID.String() + "/hearing"
	doc := a.want(200, owner, "GET", hearing, nil)
	says(t, doc, "No records at the warehouse")
	doc = a.want(422, owner, "POST", hearing, fill(t, doc, "/hearing"))
	if doc.Find("#error-summary").Length() != 1 {
		t.Error("an empty answer is taken")
	}
	a.want(303, owner, "POST", hearing, fill2(t, doc, "/hearing", "answer", "The records were at the tax office"))
	says(t, a.want(200, w.Other, "GET", path+"/decision", nil), "The records were at the tax office")
}

// What people do about their own session, with the real cookies.
func TestOwnSession(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	a := &applicant{t: t, db: m.w.DB, clock: m.w.Clock}
	v := m.someones[0]
	send := func(path string, form url.Values) (cookie string) {
		t.Helper()
		form.Set("csrf", v.csrf)
		res := m.answer(&v, "POST", path, form, nil)
		if res.StatusCode != 303 {
			t.Fatalf("POST %s: %d", path, res.StatusCode)
		}
		a.audited(path, res.Header.Get("X-Request-Id"))
		for _, k := range res.Cookies() {
			if k.Name == "portal" {
				cookie = k.Value
			}
		}
		return cookie
	}
	csrf := func() string {
		return m.w.Text(`select csrf from session where person_id = $1 and ended_at is null order by last_seen_at desc, id limit 1`, v.actor.PersonID)
	}

	send("/session/extend", url.Values{})
	send("/language", url.Values{"lang": {"en"}})
	send("/me/zone", url.Values{"zone": {"America/Denver"}})
	old := v.cookie
	second := pg.NewID()
	m.w.Exec(`insert into person_right (id, person_id, audience, role, company_id, starts_on, granted_at) values (?, ?, 'company', 'reader', ?, '2000-01-01', ?)`,
		second, v.actor.PersonID, m.others["company"], m.w.Clock.Now())
	if v.cookie = send("/session/choose", url.Values{"right": {second.String()}}); v.cookie == "" || v.cookie == old {
		t.Fatal("acting under another right keeps the session's secret")
	}
	v.csrf = csrf()
	other := m.someone(v.actor, "the same person elsewhere")
	send("/me/sessions/end", url.Values{})
	if status, to, _ := m.ask(&other, "GET", "/me", nil, nil); status != 303 || !strings.HasPrefix(to, "/signin") {
		t.Errorf("the other session is still open: %d", status)
	}
	send("/signout", url.Values{})
	if status, to, _ := m.ask(&v, "GET", "/me", nil, nil); status != 303 || !strings.HasPrefix(to, "/signin") {
		t.Errorf("signed out and still in: %d", status)
	}
}
