package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/company"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/signin"
)

// newAccount is an applicant whose company has an account to look after.
func newAccount(t *testing.T) *applicant {
	t.Helper()
	a := newApplicant(t)
	steps := a.web.Applications.Steps
	a.web.Companies = &company.Service{DB: a.db, Now: a.clock.Now, Key: []byte(strings.Repeat("k", 32)),
		Programmes: steps.Programmes, Clocks: steps.Clocks, Letters: steps.Letters}
	return a
}

func (a *applicant) account() company.Account {
	a.t.Helper()
	acc, err := a.web.Companies.Account(a.t.Context(), a.who, a.co)
	if err != nil {
		a.t.Fatal(err)
	}
	return acc
}

// relied makes a programme rely on the account.
func (a *applicant) relied() {
	a.exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at, submitted_at)
		select ?, 'CT-1', id, 'ctpat', '1', 'h', 'importer', office_id, 'in_review', now(), now() from company where id = ?`, pg.NewID(), a.co)
}

func TestRegisterPages(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.web.SignIn = &signin.Service{DB: a.db, Now: a.clock.Now, Key: []byte(strings.Repeat("k", 32)), Limits: signin.Limits{Idle: time.Hour, Absolute: 12 * time.Hour}}
	session := pg.NewID()
	a.exec(`insert into session (id, secret_hash, person_id, provider, audience, csrf, created_at, last_seen_at, idle_until, expires_at)
		values (?, 'x', ?, 'p', 'company', 'c', ?, ?, ?, ?)`, session, a.who.PersonID, a.clock.Now(), a.clock.Now(), a.clock.Now().Add(time.Hour), a.clock.Now().Add(time.Hour))
	a.who.Role, a.who.CompanyID, a.who.RightID, a.who.SessionID = "", uuid.Nil, uuid.Nil, session

	doc := a.get("/company/new", 200)
	form := filled(doc, "/company/new")
	if form.Get("new") == "" {
		t.Error("the form has no id of its own")
	}
	form.Set("name", "Harbor <b>Trading</b> Two")
	form.Set("founded_on-day", "31")
	form.Set("founded_on-month", "2")
	form.Set("founded_on-year", "2004")
	doc, _ = a.post("/company/new", form, 422)
	says(t, doc, "Choose the country", "day that exists")
	kept := filled(doc, "/company/new")
	if kept.Get("name") != "Harbor <b>Trading</b> Two" || kept.Get("founded_on-day") != "31" || kept.Get("founded_on-month") != "2" || kept.Get("new") != form.Get("new") {
		t.Errorf("the form lost what was typed: %v", kept)
	}
	form.Set("country", "MX")
	form.Set("founded_on-day", "29")
	_, to := a.post("/company/new", form, 303)
	if to != "/company/profile" {
		t.Errorf("leads to %s", to)
	}
	a.again = true
	a.post("/company/new", form, 303)
	a.again = false
	var n int
	if err := a.db.Batch(t.Context(), pg.System, pg.Value(&n, `select count(*)::int from company where name like 'Harbor % Two'`)); err != nil || n != 1 {
		t.Errorf("%d companies, %v", n, err)
	}
	res, _ := a.send(identity.Actor{PersonID: pg.NewID(), Audience: identity.Staff, Role: identity.Specialist}, "GET", "/company/new", nil)
	if res.StatusCode != 404 {
		t.Errorf("staff see the registration: %d", res.StatusCode)
	}
}

func TestAccountPages(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	doc := a.get("/company/profile", 200)
	says(t, doc, "Harbor <b>Trading</b> LLC", "Head office", "New York office", "Primary contact", "United States")
	if doc.Find(`a[href="/company/profile/edit"]`).Length() == 0 || doc.Find("button[data-print]").Length() != 1 {
		t.Error("the profile cannot be changed or printed")
	}
	for from, to := range map[string]string{"/company/sites": "#sites", "/company/contacts": "#contacts", "/company/numbers": "#numbers"} {
		res, _ := a.send(a.who, "GET", from, nil)
		if res.StatusCode != 303 || res.Header.Get("Location") != "/company/profile"+to || doc.Find(to).Length() != 1 {
			t.Errorf("%s leads to %s", from, res.Header.Get("Location"))
		}
	}

	// Details: a mistake keeps what was typed, a colleague's change is shown.
	form := filled(a.get("/company/profile/edit", 200), "/company/profile/edit")
	form.Set("website", "javascript:alert(1)")
	form.Set("history", "=1+1\r\n<script>")
	doc, _ = a.post("/company/profile/edit", form, 422)
	if kept := filled(doc, "/company/profile/edit"); kept.Get("website") != "javascript:alert(1)" || !strings.Contains(kept.Get("history"), "<script>") {
		t.Errorf("the form lost what was typed: %v", kept)
	}
	form.Set("website", "www.harbor.example")
	a.post("/company/profile/edit", form, 303)
	form.Set("phone", "+1 202 555 0111")
	form.Set("country", "CA")
	doc, _ = a.post("/company/profile/edit", form, 409)
	says(t, doc, "Someone changed this while you were working on it", "Canada", "United States", "+1 202 555 0111")
	again := filled(doc, "/company/profile/edit")
	if again.Get("phone") != "+1 202 555 0111" {
		t.Error("the conflict lost what was typed")
	}
	a.post("/company/profile/edit", again, 303) // knowing both, the person replaces it
	if acc := a.account(); acc.Company.Phone != "+1 202 555 0111" || acc.Company.Country != "CA" {
		t.Errorf("saved %+v", acc.Company)
	}

	// Trade names
	form = filled(a.get("/company/names", 200), "/company/names")
	form.Set("trade_name", "a\u202eb")
	doc, _ = a.post("/company/names", form, 422)
	says(t, doc, "hidden character")
	form.Set("trade_name", "Harbor & Sons")
	a.post("/company/names", form, 303)
	a.again = true
	a.post("/company/names", form, 303)
	a.again = false
	names := a.account().TradeNames
	if len(names) != 1 {
		t.Fatalf("trade names %v", names)
	}
	path := "/company/names/" + names[0].ID.String() + "/remove"
	a.post(path, filled(a.get("/company/names", 200), path), 303)

	// Sites
	form = filled(a.get("/company/sites/new", 200), "/company/sites/new")
	for k, v := range map[string]string{"name": "Yard <b>", "activity": "yard", "street": "9 Dock", "city": "Laredo", "country": "US"} {
		form.Set(k, v)
	}
	doc, _ = a.post("/company/sites/new", form, 422)
	says(t, doc, "Choose the time zone of the site")
	form.Set("zone", "America/Chicago")
	a.post("/company/sites/new", form, 303)
	var yard company.Site
	for _, s := range a.account().Sites {
		if s.Activity == "yard" {
			yard = s
		}
	}
	path = "/company/sites/" + yard.ID.String()
	form = filled(a.get(path, 200), path)
	form.Set("lat", "95")
	form.Set("lon", "1")
	doc, _ = a.post(path, form, 422)
	says(t, doc, "between -90 and 90")
	form.Set("lat", "27.5")
	a.post(path, form, 303)
	doc, _ = a.post(path, form, 409)
	if filled(doc, path).Get("version") != "2" {
		t.Error("the conflict page keeps the old version")
	}
	form = filled(a.get(path+"/close", 200), path+"/close")
	doc, _ = a.post(path+"/close", form, 422)
	says(t, doc, "last day")
	form.Set("closed_on-day", "1")
	form.Set("closed_on-month", "3")
	form.Set("closed_on-year", "2026")
	a.post(path+"/close", form, 303)
	says(t, a.get(path, 200), "1 March 2026")

	// Contacts
	form = filled(a.get("/company/contacts/new", 200), "/company/contacts/new")
	doc, _ = a.post("/company/contacts/new", form, 422)
	says(t, doc, "Enter the full name", "Enter an e-mail address", "Choose the kind of contact")
	for k, v := range map[string]string{"name": "Otto Officer", "title": "CEO", "email": "otto@harbor.example", "phone": "+1 202 555 0122", "kind": "officer"} {
		form.Set(k, v)
	}
	a.post("/company/contacts/new", form, 303)
	var otto company.Contact
	for _, k := range a.account().Contacts {
		if k.Name == "Otto Officer" {
			otto = k
		}
	}
	path = "/company/contacts/" + otto.ID.String()
	a.post(path+"/primary", filled(a.get(path, 200), path+"/primary"), 303)
	if k := a.account().Contacts[0]; k.ID != otto.ID || !k.IsPrimary {
		t.Error("the primary contact did not change")
	}
	form = filled(a.get(path, 200), path)
	form.Set("kind", "consultant")
	doc, _ = a.post(path, form, 422)
	says(t, doc, "Make another officer the primary contact first")
	form.Set("kind", "officer")
	form.Set("title", "Chair")
	a.post(path, form, 303)
	a.post(path+"/remove", filled(a.get(path, 200), path+"/remove"), 303)
	a.get(path, 404)

	// Numbers: the kind first
	doc = a.get("/company/identifiers/new", 200)
	if doc.Find("select[name=scheme] option").Length() < 20 {
		t.Error("few kinds of numbers")
	}
	doc = a.get("/company/identifiers/new?scheme=lei", 200)
	says(t, doc, "529900T8BM49AURSDO55", "GLEIF")
	form = filled(doc, "/company/identifiers/new")
	form.Set("value", "529900T8BM49AURSDO56")
	doc, _ = a.post("/company/identifiers/new", form, 422)
	says(t, doc, "check digit")
	form.Set("value", "529900T8BM49AURSDO55")
	a.post("/company/identifiers/new", form, 303)
	form = filled(a.get("/company/identifiers/new?scheme=ior_ssn", 200), "/company/identifiers/new")
	form.Set("value", "123-45-6789")
	a.post("/company/identifiers/new", form, 303)
	doc = a.get("/company/profile", 200)
	says(t, doc, "•••••6789")
	if strings.Contains(doc.Text(), "123-45") {
		t.Error("a personal number is shown in clear")
	}
	for _, n := range a.account().Identifiers {
		if n.Scheme == "lei" {
			path = "/company/identifiers/" + n.ID.String() + "/remove"
			a.post(path, filled(a.get("/company/profile", 200), path), 303)
		}
	}
	says(t, a.get("/company/history", 200), "Added a site", "Removed a number", "Changed the primary contact", "Closed a site", "•••••6789")
	a.get("/company/history?before=1", 200)
	a.get("/company/history?before=x", 200)
}

func TestAccountIsReadOnlyForReaders(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	acc := a.account()
	for _, role := range []identity.Role{identity.Reader, identity.Contributor} {
		who := a.who
		who.Role = role
		for _, path := range []string{"/company/profile", "/company/names", "/company/history", "/company/changes",
			"/company/sites/" + acc.Sites[0].ID.String(), "/company/contacts/" + acc.Contacts[0].ID.String()} {
			res, doc := a.send(who, "GET", path, nil)
			if res.StatusCode != 200 || doc.Find(`main form[method=post]`).Length() != 0 || doc.Find(`main a[href$="/new"], main a[href*="/edit"]`).Length() != 0 {
				t.Errorf("%s for a %s: %d, or it can be edited", path, role, res.StatusCode)
			}
		}
		for _, path := range []string{"/company/profile/edit", "/company/sites/new", "/company/changes/new"} {
			if res, _ := a.send(who, "GET", path, nil); res.StatusCode != 404 {
				t.Errorf("%s for a %s: %d", path, role, res.StatusCode)
			}
		}
	}
	stranger := a.who
	stranger.CompanyID = pg.NewID()
	for _, path := range []string{"/company/profile", "/company/sites/" + acc.Sites[0].ID.String(), "/company/sites/new", "/company/history"} {
		if res, _ := a.send(stranger, "GET", path, nil); res.StatusCode != 404 {
			t.Errorf("%s for a stranger: %d", path, res.StatusCode)
		}
	}
}

func TestLockedAccountPages(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	acc := a.account()
	sitePath := "/company/sites/" + acc.Sites[0].ID.String()
	typed := filled(a.get(sitePath, 200), sitePath) // opened before the account was locked
	details := filled(a.get("/company/profile/edit", 200), "/company/profile/edit")
	a.relied()
	says(t, a.get("/company/profile", 200), "A programme relies on this account")
	if doc := a.get(sitePath, 200); doc.Find("main form").Length() != 0 {
		t.Error("a locked site can be edited")
	}
	typed.Set("name", "Typed before")
	doc, _ := a.post(sitePath, typed, 403)
	says(t, doc, "Send a change notice")
	if filled(doc, sitePath).Get("name") != "Typed before" {
		t.Error("the lock lost what was typed")
	}
	details.Set("name", "Harbor Renamed")
	doc, _ = a.post("/company/profile/edit", details, 422)
	says(t, doc, "Send a change notice")
	if filled(doc, "/company/profile/edit").Get("name") != "Harbor Renamed" {
		t.Error("the lock lost the name")
	}
	form := filled(a.get("/company/profile/edit", 200), "/company/profile/edit")
	if form.Has("name") {
		t.Error("the locked form offers the name")
	}
	form.Set("phone", "+1 202 555 0133")
	a.post("/company/profile/edit", form, 303)
	if got := a.account().Company; got.Phone != "+1 202 555 0133" || got.Name != acc.Company.Name {
		t.Errorf("saved %+v", got)
	}
	for _, path := range []string{"/company/sites/new", "/company/contacts/new", "/company/identifiers/new"} {
		a.get(path, 303)
	}
}

func TestChangeNoticePages(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	says(t, a.get("/company/changes", 200), "you need no notice")
	a.relied()
	acc := a.account()
	if a.get("/company/changes", 200).Find(`a[href="/company/changes/new"]`).Length() != 1 {
		t.Error("no way to start a notice")
	}
	form := filled(a.get("/company/changes/new", 200), "/company/changes/new")
	form.Set("explanation", "We move")
	doc, _ := a.post("/company/changes/new", form, 422)
	says(t, doc, "Enter the day from which")
	if filled(doc, "/company/changes/new").Get("explanation") != "We move" {
		t.Error("the explanation is lost")
	}
	form.Set("effective_on-day", "10")
	form.Set("effective_on-month", "3")
	form.Set("effective_on-year", "2026")
	_, at := a.post("/company/changes/new", form, 303)
	a.again = true
	if _, again := a.post("/company/changes/new", form, 303); again != at {
		t.Error("the form sent twice opened two notices")
	}
	a.again = false
	doc = a.get(at, 200)
	says(t, doc, "CN-2026-", "10 March 2026", "Nothing yet")
	doc, _ = a.post(at+"/send", filled(doc, at+"/send"), 422)
	says(t, doc, "Add at least one change")

	// One change of every kind.
	item := func(subject, id string, set map[string]string) {
		t.Helper()
		path := at + "/items/" + subject + "/" + id
		get := path
		if subject == "identifier" && id == "new" {
			a.get(path, 200)
			get += "?scheme=lei"
		}
		form := filled(a.get(get, 200), path)
		for k, v := range set {
			form.Set(k, v)
		}
		if _, to := a.post(path, form, 303); to != at {
			t.Errorf("%s leads to %s", path, to)
		}
	}
	co := acc.Company.ID.String()
	item("company", co, map[string]string{"name": "Harbor Renamed"})
	item("site", acc.Sites[0].ID.String(), map[string]string{"street": "2 Pier"})
	item("site", "new", map[string]string{"name": "Yard", "activity": "yard", "street": "9 Dock", "city": "Laredo", "country": "US", "zone": "America/Chicago"})
	item("contact", acc.Contacts[1].ID.String(), map[string]string{"title": "Chief"})
	item("contact", "new", map[string]string{"name": "Nina", "title": "CFO", "email": "nina@harbor.example", "phone": "+1 202 555 0144", "kind": "officer"})
	item("identifier", "new", map[string]string{"value": "529900T8BM49AURSDO55"})
	item("identifier", acc.Identifiers[0].ID.String(), map[string]string{"remove": "yes"})
	item("trade_name", "new", map[string]string{"trade_name": "Harbor Two"})
	path := at + "/items/site/" + acc.Sites[0].ID.String()
	form = filled(a.get(path, 200), path)
	if form.Get("street") != "2 Pier" {
		t.Errorf("editing a change starts from %q", form.Get("street"))
	}
	form.Set("street", "")
	form.Set("city", "Typed")
	doc, _ = a.post(path, form, 422)
	says(t, doc, "Enter the street")
	if filled(doc, path).Get("city") != "Typed" {
		t.Error("the change lost what was typed")
	}
	form.Set("street", "3 Pier")
	a.post(path, form, 303)
	doc, _ = a.post(path, form, 409)
	says(t, doc, "Someone changed this")
	for _, bad := range []string{"/items/moon/new", "/items/site/" + pg.NewID().String(), "/items/site/x", "/items/identifier/" + pg.NewID().String()} {
		a.get(at+bad, 404)
	}

	doc = a.get(at, 200)
	says(t, doc, "Harbor Renamed", "3 Pier", "Add the site Yard", "Add the contact Nina", "Add the trade name Harbor Two", "Remove the number")
	drop := filled(doc, at+"/drop") // of the last change
	drop.Set("version", doc.Find(`form[action="`+at+`/drop"] input[name=version]`).First().AttrOr("value", ""))
	a.post(at+"/drop", drop, 303)
	form = filled(a.get(at+"/edit", 200), at+"/edit")
	form.Set("explanation", "We move on")
	a.post(at+"/edit", form, 303)
	doc, _ = a.post(at+"/edit", form, 409)
	says(t, doc, "Someone changed this")

	rep := a.who
	rep.Role = identity.Representative
	if res, page := a.send(rep, "GET", at, nil); res.StatusCode != 200 || page.Find(`form[action="`+at+`/send"]`).Length() != 0 {
		t.Error("a representative may send")
	}
	if res, _ := a.send(rep, "POST", at+"/send", url.Values{"version": {"1"}}); res.StatusCode != 404 {
		t.Error("a representative sent")
	}
	doc = a.get(at, 200)
	send := filled(doc, at+"/send")
	a.post(at+"/send", send, 303)
	a.post(at+"/send", send, 409) // sent twice: the second is told
	doc = a.get(at, 200)
	says(t, doc, "Sent", "We move on")
	if doc.Find(`a[href*="/items/"]`).Length() != 0 {
		t.Error("a sent notice can be edited")
	}
	a.get(at+"/edit", 303)
	a.post(at+"/withdraw", filled(doc, at+"/withdraw"), 303)
	says(t, a.get("/company/changes", 200), "Withdrawn")
	says(t, a.get("/company/history", 200), "Sent a change notice", "Withdrew a change notice")
	stranger := a.who
	stranger.CompanyID = pg.NewID()
	if res, _ := a.send(stranger, "GET", at, nil); res.StatusCode != 404 {
		t.Errorf("a stranger sees the notice: %d", res.StatusCode)
	}
}
