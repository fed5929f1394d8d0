package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/signin"
)

// peoplePages walks the pages of one circle: invite, revoke, change, end.
func peoplePages(t *testing.T, a *applicant, by identity.Actor, base string, role, other identity.Role, more url.Values) {
	t.Helper()
	invite := func(email string, want int) {
		t.Helper()
		doc := a.want(200, by, "GET", base+"/invite", nil)
		form := fill(t, doc, "/invite")
		form.Set("email", email)
		form.Set("role", string(role))
		for k, v := range more {
			form[k] = v
		}
		doc = a.want(want, by, "POST", base+"/invite", form)
		if want == 422 && (fill(t, doc, "/invite").Get("email") != email || doc.Find("#error-summary").Length() != 1) {
			t.Error("what was typed is lost")
		}
	}
	invite("=1+1", 422)
	invite("newcomer@x.example", 303)
	list := a.want(200, by, "GET", base, nil)
	says(t, list, "newcomer@x.example")
	a.want(303, by, "POST", list.Find("form[action$='/revoke']").AttrOr("action", ""), fill(t, list, "/revoke"))
	invite("newcomer@x.example", 303)

	// The person, by hand: the service's own tests walk the e-mail.
	id, right := pg.NewID(), pg.NewID()
	var company, office, agency *uuid.UUID
	switch by.Audience {
	case identity.Companies:
		company = &by.CompanyID
	case identity.Staff:
		office = &by.OfficeID
	default:
		agency = &by.AgencyID
	}
	a.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, 'kim@x.example', true, 'Kim <b>Trading', ?)`, id, id.String(), a.clock.Now())
	a.exec(`insert into person_right (id, person_id, audience, role, company_id, office_id, agency_id, starts_on, granted_at) values (?, ?, ?, ?, ?, ?, ?, '2026-01-01', ?)`,
		right, id, string(by.Audience), string(role), company, office, agency, a.clock.Now())
	at := base + "/" + right.String()
	doc := a.want(200, by, "GET", at, nil)
	form := fill(t, doc, at)
	form.Set("role", string(other))
	form.Set("ends_on-day", "31")
	form.Set("ends_on-month", "2")
	form.Set("ends_on-year", "2027")
	doc = a.want(422, by, "POST", at, form)
	if kept := fill(t, doc, at); kept.Get("role") != string(other) || kept.Get("ends_on-day") != "31" {
		t.Errorf("what was typed is lost: %v", kept)
	}
	form.Set("ends_on-day", "28")
	a.want(303, by, "POST", at, form)
	says(t, a.want(409, by, "POST", at, form), "Someone changed this")
	says(t, a.want(200, by, "GET", at, nil), "28 February 2027")
	doc = a.want(200, by, "GET", at, nil)
	a.want(422, by, "POST", at+"/end", fill(t, doc, "/end"))
	a.want(303, by, "POST", at+"/end", fill2(t, doc, "/end", "reason", "Left"))
	a.want(404, by, "GET", at, nil)
}

func TestPeoplePages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner := w.Importer("Harbor LLC")
	peoplePages(t, a, owner, "/company/people", identity.Editor, identity.Reader, nil)
	says(t, a.want(403, owner, "POST", "/company/people/"+owner.RightID.String()+"/end", url.Values{"version": {"1"}}), "last owner")

	w.Admin.Offices = []uuid.UUID{w.HQ, w.NewYork, w.Brussels}
	peoplePages(t, a, w.Admin, "/admin/people", identity.Specialist, identity.Supervisor, url.Values{"office": {w.NewYork.String()}})

	// Offices
	doc := a.want(200, w.Admin, "GET", "/admin/offices/new", nil)
	form := fill(t, doc, "/new")
	for k, v := range map[string]string{"code": "lakes", "name": "Lakes", "parent": w.HQ.String(), "zone": "America/Chicago", "calendar": "us-federal"} {
		form.Set(k, v)
	}
	form.Set("zone", "Mars/Base")
	if doc = a.want(422, w.Admin, "POST", "/admin/offices/new", form); fill(t, doc, "/new").Get("name") != "Lakes" {
		t.Error("what was typed is lost")
	}
	form.Set("zone", "America/Chicago")
	a.want(303, w.Admin, "POST", "/admin/offices/new", form)
	says(t, a.want(200, w.Chief, "GET", "/admin/offices", nil), "New York office")
	at := "/admin/offices/" + w.NewYork.String()
	a.want(303, w.Admin, "POST", at, fill2(t, a.want(200, w.Admin, "GET", at, nil), at, "name", "Hudson office"))
	a.want(409, w.Admin, "POST", at, url.Values{"version": {"1"}, "name": {"X"}, "parent": {w.HQ.String()}, "zone": {"America/New_York"}, "calendar": {"us-federal"}})
	a.want(404, w.Admin, "GET", "/admin/offices/"+pg.NewID().String(), nil)
	says(t, a.want(200, w.Auditor, "GET", at, nil), "Hudson office")

	// Agencies
	form = fill(t, a.want(200, w.Admin, "GET", "/admin/agencies/new", nil), "/new")
	for k, v := range map[string]string{"code": "norland", "name": "Norland Customs", "country": "NO", "zone": "Europe/Oslo"} {
		form.Set(k, v)
	}
	a.want(303, w.Admin, "POST", "/admin/agencies/new", form)
	says(t, a.want(422, w.Admin, "POST", "/admin/agencies/new", form), "Another agency has this code")
	agency := w.Text(`select id::text from agency`)
	at = "/admin/agencies/" + agency
	doc = a.want(200, w.Admin, "GET", at, nil)
	a.want(303, w.Admin, "POST", at, fill2(t, doc, at, "name", "Norland Customs Service"))
	a.want(422, w.Admin, "POST", at+"/invite", fill(t, doc, "/invite"))
	a.want(303, w.Admin, "POST", at+"/invite", fill2(t, doc, "/invite", "email", "ingrid@norland.example"))
	says(t, a.want(200, w.Auditor, "GET", "/admin/agencies", nil), "Norland Customs Service", "Norway")
	says(t, a.want(200, w.Admin, "GET", at, nil), "ingrid@norland.example")

	ingrid := identity.Actor{PersonID: pg.NewID(), RightID: pg.NewID(), Name: "Ingrid", Audience: identity.Partners, Role: identity.AgencyAdmin,
		AgencyID: uuid.MustParse(agency), Agency: "Norland Customs Service"}
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', 'ingrid', 'i@norland.example', true, 'Ingrid', ?)`, ingrid.PersonID, w.Clock.Now())
	w.Exec(`insert into person_right (id, person_id, audience, role, agency_id, starts_on, granted_at) values (?, ?, 'partner', 'agency_admin', ?, '2026-01-01', ?)`,
		ingrid.RightID, ingrid.PersonID, ingrid.AgencyID, w.Clock.Now())
	says(t, a.want(200, ingrid, "GET", "/agency", nil), "Norland Customs Service", "Agency administrator")
	peoplePages(t, a, ingrid, "/agency/people", identity.Officer, identity.AgencyAdmin, nil)
}

// An invitation is accepted by its link or from the first page, and the role holds at once.
func TestAcceptPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	a.web.SignIn.Key = []byte(strings.Repeat("k", 32))
	a.web.SignIn.Limits = signin.Limits{Idle: 1 << 40, Absolute: 1 << 42}
	owner := w.Importer("Harbor <b>LLC</b>")
	form := fill(t, a.want(200, owner, "GET", "/company/people/invite", nil), "/invite")
	newcomer := func(email string) identity.Actor {
		t.Helper()
		who := identity.Actor{PersonID: pg.NewID(), SessionID: pg.NewID(), Name: "Nell", Email: email, Audience: identity.Companies}
		now := w.Clock.Now()
		w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, 'Nell', ?)`, who.PersonID, who.PersonID.String(), email, now)
		w.Exec(`insert into session (id, secret_hash, person_id, provider, audience, csrf, created_at, last_seen_at, idle_until, expires_at) values (?, ?, ?, 'p', 'company', 'c', ?, ?, ?, ?)`,
			who.SessionID, who.SessionID[:], who.PersonID, now, now, now.AddDate(0, 0, 1), now.AddDate(0, 0, 1))
		form.Set("email", email)
		form.Set("role", "editor")
		a.want(303, owner, "POST", "/company/people/invite", form)
		return who
	}
	link := func(email string) string {
		body := w.Text(`select body from mail where to_address = $1 order by created_at desc limit 1`, email)
		_, rest, _ := strings.Cut(body, "http://localhost:8080")
		path, _, _ := strings.Cut(rest, "\n")
		return path
	}
	nell := newcomer("nell@x.example")
	path := link("nell@x.example")
	stranger := newcomer("stranger@x.example")
	says(t, a.want(403, stranger, "POST", path, url.Values{}), "another e-mail address")
	doc := a.want(200, nell, "GET", path, nil)
	says(t, doc, "Harbor <b>LLC</b>", "Editor")
	a.want(303, nell, "POST", path, fill(t, doc, path))
	a.want(404, nell, "GET", path, nil)
	a.want(404, nell, "GET", "/invitations/unknown", nil)

	doc = a.want(200, stranger, "GET", "/welcome", nil)
	says(t, doc, "You are invited", "Harbor <b>LLC</b>")
	accept := doc.Find("form[action^='/welcome/offers/']")
	a.want(303, stranger, "POST", accept.AttrOr("action", ""), url.Values{})
	if n := w.Count(`select count(*)::int from person_right where company_id = $1 and role = 'editor' and ended_at is null`, owner.CompanyID); n != 2 {
		t.Errorf("%d editors", n)
	}
}
