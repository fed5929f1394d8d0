package web

import (
	"context"
	"crypto/rand"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/signin"
	"trustedtrader/config"
	"trustedtrader/static"
)

// applicant is a browser of a company's person before the real site, with the
// session put in by hand.
type applicant struct {
	t     *testing.T
	db    *pg.DB
	clock *apptest.Clock
	web   *Web
	who   identity.Actor
	co    uuid.UUID
	again bool // the next forms were sent before: nothing new happens

	header http.Header // of the next requests, beside what every request has
	body   string      // of the last answer
}

func newApplicant(t *testing.T) *applicant {
	t.Helper()
	a := &applicant{t: t, db: apptest.DB(t), clock: apptest.At("2026-03-03T15:00:00Z")}
	sub := func(dir string) fs.FS {
		files, err := fs.Sub(config.Programmes, dir)
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	register, err := programme.Load(sub("programmes"))
	if err != nil {
		t.Fatal(err)
	}
	calendars, err := clock.LoadCalendars(sub("calendars"))
	if err != nil {
		t.Fatal(err)
	}
	assets, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	base := &url.URL{Scheme: "http", Host: "localhost:8080"}
	a.web = &Web{
		Config: config.Config{BaseURL: base, SessionIdle: time.Hour}, Log: apptest.Quiet(), Now: a.clock.Now, DB: a.db, Assets: assets, Catalogues: &i18n.Catalogues{},
		Services: Services{Applications: &application.Service{DB: a.db, Now: a.clock.Now, Steps: application.Steps{
			Programmes: register, Clocks: &clock.Clocks{Calendars: calendars, Programmes: register}, Letters: &notice.Letters{Base: base}}}},
	}
	office := pg.NewID()
	a.co = pg.NewID()
	now := a.clock.Now()
	a.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'NYC', 'New York office', 'America/New_York', 'us-federal', ?)`, office, now)
	a.exec(`insert into company (id, name, country, registration, office_id, created_at) values (?, 'Harbor <b>Trading</b> LLC', 'US', '12-345', ?, ?)`, a.co, office, now)
	a.exec(`insert into site (id, company_id, name, activity, street, city, country, zone, created_at) values (?, ?, 'Head office', 'headquarters', '1 Pier', 'Newark', 'US', 'America/New_York', ?)`, pg.NewID(), a.co, now)
	for i, email := range []string{"olga@harbor.example", "eve@harbor.example"} {
		a.exec(`insert into contact (id, company_id, name, title, email, phone, kind, is_primary, created_at) values (?, ?, 'A person', 'Director', ?, '+1 202 555 0100', ?, ?, ?)`,
			pg.NewID(), a.co, email, []string{"officer", "employee"}[i], i == 0, now)
	}
	for scheme, value := range map[string]string{"ior_ein": "12-345678900", "bond": "123456789"} {
		a.exec(`insert into company_identifier (id, company_id, scheme, value, search_key, created_at) values (?, ?, ?, ?, ?, ?)`, pg.NewID(), a.co, scheme, value, value, now)
	}
	a.who = a.person(identity.Owner, "olga@harbor.example")
	return a
}

func (a *applicant) exec(sql string, args ...any) {
	a.t.Helper()
	ctx := context.Background()
	if err := a.db.Write(ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(ctx).Exec(sql, args...).Error }); err != nil {
		a.t.Fatal(err)
	}
}

func (a *applicant) person(role identity.Role, email string) identity.Actor {
	a.t.Helper()
	who := identity.Actor{PersonID: pg.NewID(), RightID: pg.NewID(), Name: "Olga Harbor", Email: email, Audience: identity.Companies, Role: role, CompanyID: a.co, Company: "Harbor"}
	a.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, 'x', ?)`, who.PersonID, who.PersonID.String(), email, a.clock.Now())
	return who
}

// send makes one request as a person and reads the page.
func (a *applicant) send(who identity.Actor, method, path string, form url.Values) (*http.Response, *goquery.Document) {
	a.t.Helper()
	who.RequestID = rand.Text()
	app := fiber.New(fiber.Config{Immutable: true, CaseSensitive: true, StrictRouting: true, UnescapePath: true, ErrorHandler: a.web.problem})
	app.Use(func(c *fiber.Ctx) error {
		c.Locals(localRequest, who.RequestID)
		rights := 1
		if who.Role == "" {
			rights = 0
		}
		c.Locals(localKnown, signin.Known{Actor: who, CSRF: "token", Rights: rights, ExpiresAt: a.clock.Now().Add(time.Hour)})
		err := c.Next()
		c.Set(routeHeader, c.Route().Path)
		return err
	})
	for _, r := range a.web.Routes() {
		app.Add(r.Method, r.Path, a.web.guard(r))
	}
	var body io.Reader
	if form != nil {
		form.Set("csrf", "token")
		body = strings.NewReader(form.Encode())
	}
	req := httptest.NewRequest(method, path, body)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, list := range a.header {
		req.Header[name] = list
	}
	res, err := app.Test(req, -1)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() {
		if err := res.Body.Close(); err != nil {
			a.t.Error(err)
		}
	}()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	a.body = string(text)
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.body))
	if err != nil {
		a.t.Fatal(err)
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		a.lint(method+" "+path, string(text), doc)
	}
	if method == "POST" && res.StatusCode < 400 && !a.again {
		a.audited(res.Header.Get(routeHeader), who.RequestID)
	}
	return res, doc
}

var inline = regexp.MustCompile(`<[^>]+ (style|on[a-z]+)=|<style|<script(>| [^>]*>[^<])`)

// lint holds every page to the house's rules.
func (a *applicant) lint(name, text string, doc *goquery.Document) {
	a.t.Helper()
	if m := inline.FindString(text); m != "" {
		a.t.Errorf("%s: inline style or script: %s", name, m)
	}
	if strings.Contains(text, "%!") || strings.Contains(text, "<b>Trading") {
		a.t.Errorf("%s: a broken or unescaped text", name)
	}
	if n := doc.Find("h1").Length(); n != 1 {
		a.t.Errorf("%s: %d first-level headings", name, n)
	}
	ids := map[string]int{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) { ids[s.AttrOr("id", "")]++ })
	for id, n := range ids {
		if n > 1 {
			a.t.Errorf("%s: id %q %d times", name, id, n)
		}
	}
	doc.Find("label[for], .tt-error-summary a").Each(func(_ int, s *goquery.Selection) {
		target := strings.TrimPrefix(s.AttrOr("for", s.AttrOr("href", "")), "#")
		if ids[target] == 0 {
			a.t.Errorf("%s: %q leads to no element", name, target)
		}
	})
	doc.Find("input:not([type=hidden]), textarea, select").Each(func(_ int, s *goquery.Selection) {
		if id := s.AttrOr("id", ""); doc.Find(`label[for="`+id+`"]`).Length() == 0 {
			a.t.Errorf("%s: field %q has no label", name, s.AttrOr("name", ""))
		}
	})
}

func (a *applicant) get(path string, want int) *goquery.Document {
	a.t.Helper()
	res, doc := a.send(a.who, "GET", path, nil)
	if res.StatusCode != want {
		a.t.Fatalf("GET %s: %d, want %d: %s", path, res.StatusCode, want, strings.TrimSpace(doc.Find("main").Text()))
	}
	return doc
}

func (a *applicant) post(path string, form url.Values, want int) (*goquery.Document, string) {
	a.t.Helper()
	res, doc := a.send(a.who, "POST", path, form)
	if res.StatusCode != want {
		a.t.Fatalf("POST %s: %d, want %d: %s", path, res.StatusCode, want, strings.TrimSpace(doc.Find("main").Text()))
	}
	return doc, res.Header.Get("Location")
}

// filled is a form of the page as the browser would send it.
func filled(doc *goquery.Document, action string) url.Values {
	form := url.Values{}
	doc.Find(`form[action="` + action + `"]`).Find("input, textarea, select").Each(func(_ int, s *goquery.Selection) {
		_, checked := s.Attr("checked")
		if k := s.AttrOr("type", "text"); (k == "radio" || k == "checkbox") && !checked {
			return
		}
		value := s.AttrOr("value", "")
		if goquery.NodeName(s) == "textarea" {
			value = s.Text()
		}
		if goquery.NodeName(s) == "select" {
			value = s.Find("option[selected]").AttrOr("value", "")
		}
		form.Set(s.AttrOr("name", ""), value)
	})
	return form
}

func says(t *testing.T, doc *goquery.Document, texts ...string) {
	t.Helper()
	partSays(t, doc.Find("main"), texts...)
}

func partSays(t *testing.T, part *goquery.Selection, texts ...string) {
	t.Helper()
	page := strings.Join(strings.Fields(part.Text()), " ")
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %q:\n%s", text, page)
		}
	}
}

// begun opens an application and returns its address.
func (a *applicant) begun() string {
	a.t.Helper()
	_, to := a.post("/applications/new/ctpat", url.Values{"entity_type": {"importer"}}, 303)
	return strings.TrimSuffix(to, "/eligibility")
}

func (a *applicant) eligible(at string) {
	a.t.Helper()
	doc := a.get(at+"/eligibility", 200)
	form := filled(doc, at+"/eligibility")
	doc.Find("input[type=radio][value=yes]").Each(func(_ int, s *goquery.Selection) { form.Set(s.AttrOr("name", ""), "yes") })
	form.Set("q-last_import-day", "1")
	form.Set("q-last_import-month", "3")
	form.Set("q-last_import-year", "2026")
	form.Set("q-entries", "12")
	if _, to := a.post(at+"/eligibility", form, 303); to != at {
		a.t.Fatalf("the answers lead to %s", to)
	}
}

func (a *applicant) signed(at string) {
	a.t.Helper()
	form := filled(a.get(at+"/agreement", 200), at+"/agreement")
	for _, n := range []string{"consent-1", "consent-2", "consent-3"} {
		form.Set(n, "yes")
	}
	form.Set("title", "Director")
	a.post(at+"/agreement", form, 303)
}

func (a *applicant) sent(at string) url.Values {
	a.t.Helper()
	form := filled(a.get(at+"/check", 200), at+"/submit")
	form.Set("attested", "yes")
	if _, to := a.post(at+"/submit", form, 303); to != at+"/receipt" {
		a.t.Fatalf("submitting leads to %s", to)
	}
	return form
}

func TestApplicationFromHomeToReceipt(t *testing.T) {
	t.Parallel()
	a := newApplicant(t)
	home := a.get("/company", 200)
	says(t, home, "You have no open application")
	if n := home.Find("main a.usa-button:not(.usa-button--outline)").Length(); n != 1 {
		t.Errorf("home has %d main buttons, want 1", n)
	}
	a.get("/applications/new", 200)
	kinds := a.get("/applications/new/ctpat", 200)
	p, _ := a.web.Applications.Programmes.Get("ctpat")
	for _, e := range p.EntityTypes() {
		if there := kinds.Find(`input[value="`+e.Code+`"]`).Length() == 1; there != e.Enabled {
			t.Errorf("kind %s: shown %t, enabled %t", e.Code, there, e.Enabled)
		}
	}
	a.post("/applications/new/ctpat", url.Values{}, 422)
	at := a.begun()
	again, _ := a.post("/applications/new/ctpat", url.Values{"entity_type": {"importer"}}, 409)
	says(t, again, "You have an open application for this already")
	a.get(at, 200)
	a.get(at+"/receipt", 404)
	a.get(at+"/decision", 404)
	blocked := a.get(at+"/check", 200)
	says(t, blocked, "An officer of the company must sign the agreement", "You can submit when the points above are mended.")
	a.eligible(at)
	a.signed(at)
	says(t, a.get(at+"/agreement", 200), "Signed", "Olga Harbor, Director")
	says(t, a.get("/company", 200), "Check your answers and submit", "Due 2 April 2026, 30 days left")

	form := filled(a.get(at+"/check", 200), at+"/submit")
	form.Set("name", "O'Harbor")
	refused, _ := a.post(at+"/submit", form, 422)
	if got := refused.Find("input[name=name]").AttrOr("value", ""); got != "O'Harbor" {
		t.Errorf("the typed name is lost: %q", got)
	}
	if !strings.HasPrefix(refused.Find("title").Text(), "Error:") {
		t.Errorf("title %q", refused.Find("title").Text())
	}
	form = a.sent(at)
	receipt := a.get(at+"/receipt", 200)
	says(t, receipt, "CT-2026-", "What happens next", "By 1 June 2026", "Fingerprint of what you sent")
	double, _ := a.post(at+"/submit", form, 409)
	says(t, double, "Not sent")

	res, _ := a.send(a.who, "GET", at+"/copy.json", nil)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" || len(res.Header.Get("X-Content-Sha256")) != 64 {
		t.Errorf("copy: %d %v", res.StatusCode, res.Header)
	}
	if res, _ := a.send(a.who, "GET", at+"/receipt.pdf", nil); res.StatusCode != 303 {
		t.Errorf("a PDF that is not there yet: %d", res.StatusCode)
	}
	id := uuid.MustParse(strings.TrimPrefix(at, "/applications/"))
	err := a.web.Applications.MakeReceipt(context.Background(), application.ReceiptArgs{ApplicationID: id, Round: 1}, ReceiptHTML,
		func(_ context.Context, html string) ([]byte, error) { return []byte(html), nil })
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := a.send(a.who, "GET", at+"/receipt.pdf", nil); res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("the PDF: %d %v", res.StatusCode, res.Header)
	}
	says(t, a.get(at, 200), "Submitted", "Planned: 1 June 2026", "How this is counted", "Agreement signed")
	says(t, a.get("/company", 200), "There is nothing to do for you now", "1 message to read")
}

func TestEligibilityPageKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	a := newApplicant(t)
	at := a.begun()
	form := filled(a.get(at+"/eligibility", 200), at+"/eligibility")
	stale := url.Values{}
	for k, v := range form {
		stale[k] = v
	}
	form.Set("q-entries", "many")
	form.Set("q-last_import-day", "30")
	form.Set("q-last_import-month", "2")
	form.Set("q-last_import-year", "2026")
	form.Set("q-no_debt-note", "See <file>")
	doc, _ := a.post(at+"/eligibility", form, 422)
	for name, want := range map[string]string{"q-entries": "many", "q-last_import-day": "30", "q-last_import-year": "2026"} {
		if got := doc.Find(`input[name="`+name+`"]`).AttrOr("value", ""); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := doc.Find(`textarea[name="q-no_debt-note"]`).Text(); got != "See <file>" {
		t.Errorf("the note is %q", got)
	}
	if n := doc.Find(".tt-error-summary li").Length(); n != 2 {
		t.Errorf("%d problems in the summary, want 2", n)
	}

	form = filled(a.get(at+"/eligibility", 200), at+"/eligibility")
	form.Set("q-no_debt", "no")
	if _, to := a.post(at+"/eligibility", form, 303); to != at+"/eligibility" {
		t.Errorf("a wrong answer leads to %s", to)
	}
	says(t, a.get(at+"/eligibility", 200), "With these answers your company cannot join now", "No, because a company with a final and unpaid debt", "Source:")
	says(t, a.get("/company", 200), "Needs attention")

	stale.Set("q-no_debt", "yes")
	stale.Set("q-entries", "7")
	doc, _ = a.post(at+"/eligibility", stale, 409)
	says(t, doc, "Someone changed this while you were working on it", "You have", "It is now")
	if got := doc.Find(`input[name="q-entries"]`).AttrOr("value", ""); got != "7" {
		t.Errorf("what was typed beside the conflict is %q", got)
	}
	// The page that shows the conflict can be saved as it is.
	a.post(at+"/eligibility", filled(doc, at+"/eligibility"), 303)
}

func TestRequestAndWithdrawalPages(t *testing.T) {
	t.Parallel()
	a := newApplicant(t)
	at := a.begun()
	a.eligible(at)
	a.signed(at)
	a.sent(at)
	id := uuid.MustParse(strings.TrimPrefix(at, "/applications/"))
	says(t, a.get(at+"/request", 200), "We are not waiting for an answer now.")
	a.get(at+"/hearing", 404)

	ctx, now, staff := context.Background(), a.clock.Now(), identity.Actor{PersonID: pg.NewID(), Audience: identity.Staff, Role: identity.Specialist, Name: "Sam"}
	err := a.db.Write(ctx, staff.Scope(), func(tx pg.Tx) error {
		x, err := application.Open(ctx, tx, staff, id, 0)
		if err != nil {
			return err
		}
		request := pg.NewID()
		if err := tx.Exec(`insert into information_request (id, application_id, company_id, message, due_on, sent_at) values (?, ?, ?, 'Tell us more', '2026-03-17', ?)`, request, id, a.co, now).Error; err != nil {
			return err
		}
		if err := tx.Exec(`insert into information_item (id, request_id, application_id, company_id, part, question) values (?, ?, ?, ?, 'sites', 'What is done there?')`, pg.NewID(), request, id, a.co).Error; err != nil {
			return err
		}
		facts, err := a.web.Applications.Facts(x)
		if err != nil {
			return err
		}
		facts.Items = 1
		return a.web.Applications.Move(ctx, tx, now, staff, &x, application.RequestInformation, facts, application.Details{})
	})
	if err != nil {
		t.Fatal(err)
	}
	says(t, a.get("/company", 200), "Answer our request for information")
	a.exec(`update clock set paused = true where code = 'certification_decision'`)
	says(t, a.get(at, 200), "Planned: counted again when the period goes on") // a day that is not known is not shown
	doc := a.get(at+"/request", 200)
	says(t, doc, "Answer by 17 March 2026.", "What is done there?")
	form := filled(doc, at+"/request")
	var item string
	doc.Find("textarea").Each(func(_ int, s *goquery.Selection) { item = s.AttrOr("name", "") })
	form.Set("do", "send")
	form.Set("attested", "yes")
	doc, _ = a.post(at+"/request", form, 422)
	says(t, doc, "Answer this question before you send")
	form.Set("do", "save")
	form.Set(item, "Office work")
	a.post(at+"/request", form, 303)
	form.Set(item, "Something else")
	doc, _ = a.post(at+"/request", form, 409)
	says(t, doc, "Office work", "Something else")
	form = filled(a.get(at+"/request", 200), at+"/request")
	form.Set("do", "send")
	form.Set("attested", "yes")
	a.post(at+"/request", form, 303)
	says(t, a.get(at+"/receipt", 200), "CT-2026-")

	form = filled(a.get(at+"/withdraw", 200), at+"/withdraw")
	doc, _ = a.post(at+"/withdraw", form, 422)
	says(t, doc, "Enter the reason")
	form.Set("reason", "not_ready")
	form.Set("note", "Next year")
	if _, to := a.post(at+"/withdraw", form, 303); to != at+"/decision" {
		t.Errorf("withdrawing leads to %s", to)
	}
	says(t, a.get(at+"/decision", 200), "Withdrawn", "Not ready yet: Next year", "You can apply again at any time.")
	a.get(at+"/withdraw", 200)
	a.get(at, 200)
	says(t, a.get("/company", 200), "Past applications")
}

func TestApplicationPagesAreClosedToOthers(t *testing.T) {
	t.Parallel()
	a := newApplicant(t)
	at := a.begun()
	stranger := identity.Actor{PersonID: pg.NewID(), Audience: identity.Companies, Role: identity.Owner, CompanyID: pg.NewID(), Email: "x@y.example"}
	reader := a.person(identity.Reader, "rea@harbor.example")
	staff := identity.Actor{PersonID: pg.NewID(), Audience: identity.Staff, Role: identity.Specialist}
	for _, r := range a.web.Routes() {
		if !strings.HasPrefix(r.Path, "/applications/:id") {
			continue
		}
		path := strings.Replace(r.Path, "/applications/:id", at, 1)
		var form url.Values
		if r.Method == http.MethodPost {
			form = url.Values{"version": {"99"}}
		}
		for name, who := range map[string]identity.Actor{"stranger": stranger, "staff": staff} {
			if res, _ := a.send(who, r.Method, path, form); res.StatusCode != 404 {
				t.Errorf("%s %s by %s: %d, want 404", r.Method, path, name, res.StatusCode)
			}
		}
		if r.Method == http.MethodPost {
			if res, _ := a.send(reader, r.Method, path, form); res.StatusCode != 404 {
				t.Errorf("%s %s by a reader: %d, want 404", r.Method, path, res.StatusCode)
			}
			if res, _ := a.send(a.who, r.Method, strings.Replace(path, at, "/applications/not-an-id", 1), form); res.StatusCode != 404 {
				t.Errorf("%s with a broken id: %d", path, res.StatusCode)
			}
		}
	}
	for _, path := range []string{"/company", at, at + "/eligibility", at + "/agreement", at + "/check"} {
		if res, doc := a.send(reader, "GET", path, nil); res.StatusCode != 200 || doc.Find("main form").Length() != 0 {
			t.Errorf("GET %s by a reader: %d with %d forms", path, res.StatusCode, doc.Find("main form").Length())
		}
	}
}
