package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"trustedtrader/app/appeal"
	"trustedtrader/app/application"
	"trustedtrader/app/apptest"
	"trustedtrader/app/arrangement"
	"trustedtrader/app/audit"
	"trustedtrader/app/briefing"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/company"
	"trustedtrader/app/consent"
	"trustedtrader/app/doctor"
	"trustedtrader/app/enclosure"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/headquarters"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/inbound"
	"trustedtrader/app/incident"
	"trustedtrader/app/membership"
	"trustedtrader/app/metric"
	"trustedtrader/app/notice"
	"trustedtrader/app/oscal"
	"trustedtrader/app/people"
	"trustedtrader/app/pg"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/recognition"
	"trustedtrader/app/review"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/roster"
	"trustedtrader/app/signin"
	"trustedtrader/app/validation"
	"trustedtrader/config"
	"trustedtrader/static"
)

// newDesk is the agency's world with the site in front of it.
func newDesk(t *testing.T) (*reviewtest.World, *applicant) {
	t.Helper()
	w := reviewtest.New(t, "2026-03-03T15:00:00Z")
	assets, err := static.New()
	w.Must(err)
	base := &url.URL{Scheme: "http", Host: "localhost:8080"}
	members := membership.New(w.DB, w.Clock.Now, w.Steps)
	agreed, err := arrangement.Own(w.Steps.Programmes)
	w.Must(err)
	recognitions := &recognition.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Register: agreed, Letters: w.Steps.Letters}
	cases := enforcement.New(w.DB, w.Clock.Now, &enforcement.Steps{Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Standing: members.Standing})
	return w, &applicant{t: t, db: w.DB, clock: w.Clock, web: &Web{
		Config: config.Config{BaseURL: base, SessionIdle: time.Hour}, Log: apptest.Quiet(), Now: w.Clock.Now, DB: w.DB, Assets: assets, Catalogues: &i18n.Catalogues{},
		Services: Services{SignIn: &signin.Service{DB: w.DB, Now: w.Clock.Now}, Programmes: w.Steps.Programmes, Applications: w.Applications,
			Notices: &notice.Service{DB: w.DB, Now: w.Clock.Now, Letters: w.Steps.Letters}, Companies: w.Companies, Reviews: w.Desk, ProfileDesk: &profilereview.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps.Profiles, Cases: w.Desk},
			People:       &people.Service{DB: w.DB, Now: w.Clock.Now, Letters: w.Steps.Letters, Base: base, Calendars: w.Steps.Clocks.Calendars},
			Risks:        riskService(t, w),
			Roster:       &roster.Service{DB: w.DB, Now: w.Clock.Now, Calendars: w.Steps.Clocks.Calendars, Programmes: w.Steps.Programmes},
			Plans:        planService(t, w),
			Headquarters: &headquarters.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Library: library(t)},
			Validations: &validation.Service{DB: w.DB, Now: w.Clock.Now, Steps: &validation.Steps{Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters,
				Calendars: w.Steps.Clocks.Calendars}},
			Feeds: feedService(w), Partners: partnerService(t, w), Benefits: benefitService(t, w), Baselines: baselineService(t, w), Figures: &metric.Service{DB: w.DB, Baselines: baselineService(t, w), Costs: costService(w).Data, Arrangements: agreed}, Briefings: &briefing.Service{DB: w.DB, Now: w.Clock.Now, Figures: &metric.Service{DB: w.DB, Baselines: baselineService(t, w), Costs: costService(w).Data, Arrangements: agreed}}, Costs: costService(w), Claims: claimService(t, w, agreed), Successions: successionService(w), Consents: &consent.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes}, Window: windowService(w), Checks: checkService(t, w),
			Arrangements: &arrangement.Service{DB: w.DB, Now: w.Clock.Now, Register: agreed}, Recognitions: recognitions,
			Inbound: &inbound.Service{DB: w.DB, Now: w.Clock.Now, Register: agreed, Recognitions: recognitions},
			API:     apiService(w), Credentials: credentialService(w),
			Members: members, Cases: cases, Appeals: appealsOf(w, cases), Enclosures: &enclosure.Service{DB: w.DB, Now: w.Clock.Now, Letters: w.Steps.Letters}, Incidents: &incident.Service{DB: w.DB, Now: w.Clock.Now, Steps: cases.Steps.Incidents}, Trail: &audit.Service{DB: w.DB, Now: w.Clock.Now}, Evidence: newLibrary(t, w.DB, w.Clock.Now),
			Doctor:   &doctor.Doctor{DB: w.DB, Now: w.Clock.Now, Config: config.Config{Data: t.TempDir()}},
			Criteria: &catalogue.Service{DB: w.DB, Now: w.Clock.Now, Library: library(t)}, OSCAL: &oscal.Service{DB: w.DB, Now: w.Clock.Now, Library: library(t)}},
	}}
}

// want makes a request and checks the answer's status.
func (a *applicant) want(status int, who identity.Actor, method, path string, form url.Values) *goquery.Document {
	a.t.Helper()
	res, doc := a.send(who, method, path, form)
	if res.StatusCode != status {
		a.t.Fatalf("%s %s as %s: %d, want %d: %s", method, path, who.Role, res.StatusCode, status, doc.Find("h1, .usa-alert").Text())
	}
	return doc
}

// fill is the form on a page whose action ends so, as a browser would send it unchanged.
func fill(t *testing.T, doc *goquery.Document, action string) url.Values {
	t.Helper()
	form := doc.Find("form").FilterFunction(func(_ int, s *goquery.Selection) bool { return strings.HasSuffix(s.AttrOr("action", ""), action) }).First()
	if form.Length() == 0 {
		t.Fatalf("no form for %s", action)
	}
	out := url.Values{}
	form.Find("input[name], textarea[name], select[name]").Each(func(_ int, s *goquery.Selection) {
		name, _ := s.Attr("name")
		switch {
		case goquery.NodeName(s) == "textarea":
			out.Add(name, s.Text())
		case goquery.NodeName(s) == "select":
			chosen := s.Find("option[selected]")
			if chosen.Length() == 0 {
				chosen = s.Find("option").First()
			}
			out.Add(name, chosen.AttrOr("value", ""))
		case s.AttrOr("type", "") == "radio" || s.AttrOr("type", "") == "checkbox":
			if _, on := s.Attr("checked"); on {
				out.Add(name, s.AttrOr("value", ""))
			}
		default:
			out.Add(name, s.AttrOr("value", ""))
		}
	})
	return out
}

func TestDeskJourney(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner := w.Importer("Harbor <b>Trading</b> LLC")
	app := w.Submit(owner, "ctpat", "importer")
	path := "/desk/cases/" + app.ID.String()

	doc := a.want(200, w.Sam, "GET", "/desk?queue=unassigned", nil)
	claim := doc.Find("button[formaction$='/claim']")
	if claim.Length() != 1 || !strings.Contains(doc.Find("table").Text(), app.Reference) || !strings.Contains(doc.Find("table").Text(), "90 days left") {
		t.Fatalf("queue: %s", doc.Find("main").Text())
	}
	a.want(303, w.Sam, "POST", claim.AttrOr("formaction", ""), url.Values{claim.AttrOr("name", ""): {claim.AttrOr("value", "")}})
	if doc := a.want(409, w.Sue, "POST", path+"/claim", url.Values{"version": {"2"}}); !strings.Contains(doc.Text(), "Sam Specialist was faster") {
		t.Errorf("too late: %s", doc.Find("main").Text())
	}
	doc = a.want(200, w.Sam, "GET", path, nil)
	a.want(303, w.Sam, "POST", path+"/start", fill(t, doc, "/start"))

	// The profile track
	doc = a.want(200, w.Sam, "GET", path+"/review", nil)
	form := fill(t, doc, "/review")
	form.Set("verdict-sites", "does_not_meet")
	form.Set("verdict-contacts", "meets")
	doc = a.want(422, w.Sam, "POST", path+"/review", form)
	if doc.Find("input[name=verdict-contacts][checked]").AttrOr("value", "") != "meets" || doc.Find("#error-summary a[href='#remark-sites']").Length() != 1 ||
		!strings.HasPrefix(doc.Find("title").Text(), "Error:") {
		t.Error("what was entered is not kept")
	}
	form = fill(t, doc, "/review")
	form.Set("remark-sites", "The port is missing")
	a.want(303, w.Sam, "POST", path+"/review", form)
	doc = a.want(409, w.Sam, "POST", path+"/review", url.Values{"verdict-sites": {"meets"}, "remark-sites": {"Mine"}, "version-sites": {"1"}})
	if !strings.Contains(doc.Find(".tt-conflict").Text(), "The port is missing") || doc.Find("textarea[name=remark-sites]").Text() != "Mine" {
		t.Errorf("conflict: %s", doc.Find(".tt-conflict").Text())
	}

	// Locks: a supervisor reads, and takes over
	doc = a.want(200, w.Boss, "GET", path+"/review", nil)
	if !strings.Contains(doc.Text(), "Sam Specialist is working in this case") || doc.Find("input[name^=verdict-]").Length() != 0 {
		t.Error("two persons may work at once")
	}
	a.want(303, w.Boss, "POST", path+"/takeover", fill(t, doc, "/takeover"))
	a.want(409, w.Sam, "POST", path+"/review", form)
	w.Clock.Move(review.LockLife + time.Second)

	// A request for information, and taking it back
	doc = a.want(200, w.Sam, "GET", path+"/request", nil)
	if !strings.Contains(doc.Text(), "14 days to answer") || !strings.Contains(doc.Text(), "Your remark: The port is missing") {
		t.Errorf("request: %s", doc.Find("main").Text())
	}
	form = fill(t, doc, "/request")
	form.Set("question-sites", "Which port do you use?")
	doc = a.want(422, w.Sam, "POST", path+"/request", form)
	if doc.Find("textarea[name=question-sites]").Text() != "Which port do you use?" {
		t.Error("the question is not kept")
	}
	form = fill(t, doc, "/request")
	form.Set("message", "One thing is missing")
	a.want(303, w.Sam, "POST", path+"/request", form)
	doc = a.want(200, w.Sam, "GET", path+"/request", nil)
	a.want(303, w.Sam, "POST", path+"/request/cancel", fill(t, doc, "/request/cancel"))

	// Notes, hours, messages
	if doc = a.want(422, w.Sam, "POST", path+"/notes", url.Values{"body": {""}}); doc.Find("#error-summary").Length() != 1 {
		t.Error("an empty note")
	}
	a.want(303, w.Sam, "POST", path+"/notes", url.Values{"body": {"Called <b>Trading</b>"}})
	doc = a.want(422, w.Sam, "POST", path+"/hours", url.Values{"day-day": {"31"}, "day-month": {"2"}, "day-year": {"2026"}, "hours": {"2"}, "activity": {"vetting"}})
	if doc.Find("input[name=day-day]").AttrOr("value", "") != "31" || doc.Find("input[name=hours]").AttrOr("value", "") != "2" {
		t.Error("the hours are not kept")
	}
	a.want(303, w.Sam, "POST", path+"/hours", url.Values{"day-day": {"3"}, "day-month": {"3"}, "day-year": {"2026"}, "hours": {"2"}, "activity": {"vetting"}})
	doc = a.want(200, w.Sam, "GET", path+"/hours", nil)
	a.want(303, w.Sam, "POST", doc.Find("form[action$='/remove']").AttrOr("action", ""), fill(t, doc, "/remove"))
	a.want(422, w.Sam, "POST", path+"/messages", url.Values{"subject": {"Hello"}})
	a.want(303, w.Sam, "POST", path+"/messages", url.Values{"subject": {"Hello"}, "body": {"We look at it"}})

	// Both tracks done, a recommendation, another person's decision
	doc = a.want(200, w.Sam, "GET", path+"/decision", nil)
	form = fill(t, doc, "/recommend")
	form.Set("outcome", "reject")
	form.Set("point-0-part", "sites")
	doc = a.want(422, w.Sam, "POST", path+"/decision/recommend", form)
	if doc.Find("input[name=outcome][checked]").AttrOr("value", "") != "reject" {
		t.Error("the outcome is not kept")
	}
	doc = a.want(200, w.Sam, "GET", path+"/review", nil)
	form = fill(t, doc, "/review")
	for name := range form {
		if strings.HasPrefix(name, "version-") {
			form.Set("verdict-"+strings.TrimPrefix(name, "version-"), "meets")
		}
	}
	a.want(303, w.Sam, "POST", path+"/review", form)
	doc = a.want(200, w.Sam, "GET", path+"/vetting", nil)
	form = fill(t, doc, "/vetting")
	for name := range form {
		if strings.HasPrefix(name, "outcome-") {
			form.Set(name, "clear")
		}
	}
	first := form["check"][0]
	form.Set("outcome-"+first, "concern")
	doc = a.want(422, w.Sam, "POST", path+"/vetting", form)
	form = fill(t, doc, "/vetting")
	form.Set("outcome-"+first, "clear")
	a.want(303, w.Sam, "POST", path+"/vetting", form)
	doc = a.want(200, w.Sam, "GET", path+"/decision", nil)
	form = fill(t, doc, "/recommend")
	form.Set("outcome", "certify")
	form.Set("reason", "Everything is in order")
	a.want(303, w.Sam, "POST", path+"/decision/recommend", form)
	doc = a.want(200, w.Sam, "GET", path+"/decision", nil)
	if doc.Find("form[action$='/certify']").Length() != 0 || doc.Find("form[action$='/withdraw']").Length() != 1 {
		t.Error("one may decide on one's own recommendation")
	}
	doc = a.want(200, w.Boss, "GET", "/desk", nil)
	if doc.Find(".tt-tabs a[aria-current]").Text() == "" || !strings.Contains(doc.Find("table").Text(), app.Reference) {
		t.Error("the recommendation does not wait in the supervisor's queue")
	}
	doc = a.want(200, w.Boss, "GET", path+"/decision", nil)
	if doc := a.want(422, w.Boss, "POST", path+"/decision/return", fill(t, doc, "/return")); doc.Find("#error-summary").Length() != 1 {
		t.Error("returned without a reason")
	}
	certify := fill(t, doc, "/certify")
	a.want(303, w.Boss, "POST", path+"/certify", certify)
	a.want(409, w.Boss, "POST", path+"/certify", certify)

	// The membership, as the agency, the company and a stranger see it
	id := w.Text(`select id::text from membership`)
	doc = a.want(200, w.Sam, "GET", path, nil)
	if doc.Find("a[href='/memberships/"+id+"']").Length() != 1 {
		t.Error("the case does not lead to the membership")
	}
	for _, p := range []string{"/memberships/" + id, "/memberships/" + id + "/certificate"} {
		for _, who := range []identity.Actor{owner, w.Sam, w.Auditor} {
			doc = a.want(200, who, "GET", p, nil)
			if text := doc.Find("main").Text(); !strings.Contains(text, "C26-") || !strings.Contains(text, "Tier 1") || !strings.Contains(text, "3 March 2026") {
				t.Errorf("%s: %s", p, text)
			}
		}
		for _, who := range []identity.Actor{w.Importer("Nosy Inc"), w.Admin} {
			a.want(404, who, "GET", p, nil)
		}
	}
	for _, tab := range []string{"", "/review", "/vetting", "/request", "/messages", "/notes", "/hours", "/decision", "/history", "/history?kind=reads&before=99999999"} {
		a.want(200, w.Auditor, "GET", path+tab, nil)
	}
	if doc = a.want(200, w.Sam, "GET", path+"/history", nil); !strings.Contains(doc.Text(), "Recommendation approved") {
		t.Error("the history lacks the decision")
	}
}

// Whoever is not named for a page of the agency gets the answer of a page that is not there.
func TestDeskAccess(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	app := w.Submit(w.Importer("Harbor LLC"), "ctpat", "importer")
	a.withFindings(w)
	for _, r := range a.web.Routes() {
		if !strings.HasPrefix(r.Path, "/desk") {
			continue
		}
		path := strings.NewReplacer(":id", app.ID.String(), ":message", pg.NewID().String(), ":entry", pg.NewID().String(), ":duplicate", pg.NewID().String()).Replace(r.Path)
		for _, who := range []identity.Actor{w.Importer("Nosy Inc"), w.Admin, w.Sam, w.Auditor,
			{PersonID: pg.NewID(), Audience: identity.Partners, Role: identity.Officer}, {PersonID: pg.NewID(), Audience: identity.Staff}} {
			var form url.Values
			if r.Method == "POST" {
				form = url.Values{}
			}
			res, _ := a.send(who, r.Method, path, form)
			if !r.Access.allows(who) && res.StatusCode != http.StatusNotFound {
				t.Errorf("%s %s as %q: %d", r.Method, r.Path, who.Role, res.StatusCode)
			}
			if res.StatusCode >= 500 {
				t.Errorf("%s %s as %q: %d", r.Method, r.Path, who.Role, res.StatusCode)
			}
		}
	}
	for _, id := range []string{"x", pg.NewID().String(), strings.ToUpper(app.ID.String()) + "0"} {
		a.want(404, w.Sam, "GET", "/desk/cases/"+id, nil)
	}
}

func TestDeskLists(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	one := w.Submit(w.Importer("One <b>Trading</b> Inc"), "ctpat", "importer")
	two := w.Submit(w.Importer("Two Inc"), "ctpat", "importer")
	doc := a.want(200, w.Boss, "GET", "/desk?queue=unassigned&programme=ctpat&sort=due", nil)
	if doc.Find("input[name=case]").Length() != 2 {
		t.Fatalf("%d cases to choose from", doc.Find("input[name=case]").Length())
	}
	form := fill(t, doc, "/desk/assign")
	if d := a.want(422, w.Boss, "POST", "/desk/assign", form); d.Find("#error-summary li").Length() != 2 {
		t.Errorf("nothing chosen: %s", d.Find("#error-summary").Text())
	}
	form = fill(t, doc, "/desk/assign")
	form["case"] = []string{fmt.Sprintf("%s:%d", one.ID, one.Version), fmt.Sprintf("%s:%d", two.ID, two.Version-1)}
	form.Set("person", w.Sue.PersonID.String())
	d := a.want(200, w.Boss, "POST", "/desk/assign", form)
	if text := d.Find(".usa-alert").Text(); !strings.Contains(text, "1 case is assigned") || !strings.Contains(text, "1 case was left") || !strings.Contains(text, two.Reference) {
		t.Errorf("report: %s", text)
	}
	a.want(400, w.Boss, "POST", "/desk/assign", url.Values{"case": {"nonsense"}})

	d = a.want(200, w.Sam, "GET", "/desk/search?q="+url.QueryEscape(two.Reference), nil)
	if d.Find("a[href='/desk/cases/"+two.ID.String()+"']").Length() != 1 {
		t.Error("not found by reference")
	}
	a.want(200, w.Sam, "GET", "/desk/search", nil)
	a.want(422, w.Sam, "GET", "/desk/search?q=x", nil)
	for range searches {
		if res, _ := a.send(w.Auditor, "GET", "/desk/search?q=trading", nil); res.StatusCode != 200 {
			t.Fatalf("within the limit: %d", res.StatusCode)
		}
	}
	if res, _ := a.send(w.Auditor, "GET", "/desk/search?q=trading", nil); res.StatusCode != 429 || res.Header.Get("Retry-After") == "" {
		t.Errorf("beyond the limit: %d", res.StatusCode)
	}

	// Duplicates are settled on the company's page
	dup := pg.NewID()
	w.Exec(`insert into possible_duplicate (id, company_id, other_id, why, detail, found_at) values (?, ?, ?, 'name', 'Two Inc', ?)`, dup, one.CompanyID, two.CompanyID, w.Clock.Now())
	page := "/desk/companies/" + one.CompanyID.String()
	d = a.want(200, w.Sam, "GET", page, nil)
	settle := page + "/duplicates/" + dup.String()
	a.want(422, w.Sam, "POST", settle, url.Values{"settlement": {"x"}})
	a.want(303, w.Sam, "POST", settle, fill2(t, d, settle, "settlement", "Two companies of one owner"))
	a.want(409, w.Sam, "POST", settle, url.Values{"settlement": {"again"}})
	if d = a.want(200, w.Auditor, "GET", page+"?kind=account", nil); !strings.Contains(d.Text(), "Two companies of one owner") {
		t.Error("the settlement is not shown")
	}
	a.want(404, w.Sam, "GET", "/desk/companies/"+pg.NewID().String(), nil)
}

func fill2(t *testing.T, doc *goquery.Document, action, name, value string) url.Values {
	form := fill(t, doc, action)
	form.Set(name, value)
	return form
}

func TestDeskChanges(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner := w.Importer("Moving <b>Trading</b> Inc")
	w.Submit(owner, "ctpat", "importer")
	send := func() company.ChangeNotice {
		t.Helper()
		n, err := w.Companies.OpenNotice(w.Ctx, owner, company.NoticeEntry{EffectiveOn: "2026-03-10", Explanation: "We changed our name"})
		w.Must(err)
		n, err = w.Companies.Propose(w.Ctx, owner, n.ID, company.Proposal{Version: n.Version, Do: company.Add, Subject: company.AboutTradeName,
			Name: company.NameEntry{Name: fmt.Sprint("Blue Anchor ", n.Reference)}})
		w.Must(err)
		n, err = w.Companies.SendNotice(w.Ctx, owner, n.ID, n.Version)
		w.Must(err)
		return n
	}
	n := send()
	doc := a.want(200, w.Sam, "GET", "/desk/changes", nil)
	if doc.Find("a[href='/desk/changes/"+n.ID.String()+"']").Length() != 1 {
		t.Error("the notice is not in the list")
	}
	path := "/desk/changes/" + n.ID.String()
	doc = a.want(200, w.Sam, "GET", path, nil)
	if !strings.Contains(doc.Text(), "Blue Anchor") {
		t.Errorf("notice: %s", doc.Find("main").Text())
	}
	doc = a.want(422, w.Sam, "POST", path+"/return", fill(t, doc, "/return"))
	if doc.Find("#error-summary").Length() != 1 {
		t.Error("returned without a reason")
	}
	a.want(303, w.Sam, "POST", path+"/return", fill2(t, doc, "/return", "reason", "Send the register's extract"))
	a.want(409, w.Sam, "POST", path+"/return", url.Values{"version": {fmt.Sprint(n.Version)}, "reason": {"x"}})
	a.want(200, w.Auditor, "GET", "/desk/changes?status=returned", nil)

	n = send()
	path = "/desk/changes/" + n.ID.String()
	if doc = a.want(200, w.Auditor, "GET", path, nil); doc.Find("form[action$='/accept']").Length() != 0 {
		t.Error("an auditor may accept")
	}
	doc = a.want(200, w.Sam, "GET", path, nil)
	a.want(303, w.Sam, "POST", path+"/accept", fill(t, doc, "/accept"))
}

func TestDeskHearingAndClocks(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	app, _ := w.Accepted()
	path := "/desk/cases/" + app.ID.String()
	doc := a.want(200, w.Other, "GET", path, nil)
	form := fill(t, doc, "/clocks/extend")
	form.Set("decision-extend-days", "99")
	doc = a.want(422, w.Other, "POST", path+"/clocks/extend", form)
	if doc.Find("#error-summary a[href='#decision-extend-days']").Length() != 1 || doc.Find("input[name=decision-extend-days]").AttrOr("value", "") != "99" {
		t.Errorf("problems: %s", doc.Find("#error-summary").Text())
	}
	form = fill(t, doc, "/clocks/extend")
	form.Set("decision-extend-days", "60")
	form.Set("decision-extend-reason", "more_examination")
	a.want(303, w.Other, "POST", path+"/clocks/extend", form)
	doc = a.want(200, w.Other, "GET", path, nil)
	form = fill(t, doc, "/clocks/pause")
	form.Set("decision-pause-reason", "time_to_adapt")
	a.want(303, w.Other, "POST", path+"/clocks/pause", form)
	doc = a.want(200, w.Other, "GET", path, nil)
	a.want(303, w.Other, "POST", path+"/clocks/resume", fill(t, doc, "/clocks/resume"))

	boss := w.Staff("Bart Boss", identity.Supervisor, w.Brussels)
	doc = a.want(200, w.Other, "GET", path+"/decision", nil)
	form = fill(t, doc, "/recommend")
	for name, v := range map[string]string{"outcome": string(application.Reject), "reason": "No records", "point-0-reason": "records", "point-0-part": "sites", "point-0-text": "x"} {
		form.Set(name, v)
	}
	form.Set("point-0", "No records at the warehouse")
	a.want(303, w.Other, "POST", path+"/decision/recommend", form)
	doc = a.want(200, boss, "GET", path+"/decision", nil)
	if !strings.Contains(doc.Text(), "right to be heard before it is refused") {
		t.Error("the page does not say that the company is heard first")
	}
	a.want(303, boss, "POST", path+"/decision/approve", fill(t, doc, "/decision/approve"))
	if doc = a.want(200, w.Other, "GET", path+"/decision", nil); !strings.Contains(doc.Find("#hearings").Text(), "No records at the warehouse") {
		t.Errorf("hearing: %s", doc.Find("main").Text())
	}
}

func appealsOf(w *reviewtest.World, cases *enforcement.Service) *appeal.Service {
	return &appeal.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Cases: cases.Steps}
}
