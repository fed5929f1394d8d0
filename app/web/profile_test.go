package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"trustedtrader/app/exchange"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
)

// newFiller is an applicant whose programmes have criteria, with an open profile.
func newFiller(t *testing.T) (a *applicant, at string) {
	t.Helper()
	a = newApplicant(t)
	steps := &profile.Steps{Library: profiletest.Library(t), Programmes: a.web.Applications.Programmes, Clocks: a.web.Applications.Clocks, Letters: a.web.Applications.Letters}
	a.web.Applications.Profiles = steps
	a.web.Profiles = &profile.Service{DB: a.db, Now: a.clock.Now, Steps: steps}
	a.web.Exchange = &exchange.Service{DB: a.db, Now: a.clock.Now, Profiles: a.web.Profiles}
	a.begun()
	return a, "/profiles/" + a.text(`select id::text from profile_cycle`)
}

func (a *applicant) text(sql string, args ...any) (s string) {
	a.t.Helper()
	if err := a.db.Batch(context.Background(), pg.System, pg.Value(&s, sql, args...)); err != nil {
		a.t.Fatal(err)
	}
	return s
}

// colleague is somebody else of the company.
func (a *applicant) colleague(role identity.Role, name string) identity.Actor {
	a.t.Helper()
	who := a.person(role, strings.ToLower(strings.ReplaceAll(name, " ", "."))+"@harbor.example")
	who.Name = name
	a.exec(`update person set name = ? where id = ?`, name, who.PersonID)
	a.exec(`insert into person_right (id, person_id, audience, role, company_id, parts, starts_on, granted_at) values (?, ?, 'company', ?, ?, ?::text[], '2000-01-01', ?)`,
		who.RightID, who.PersonID, string(role), a.co, map[bool]string{true: "{profile}", false: "{}"}[role == identity.Contributor], a.clock.Now())
	return who
}

// sheet is the form of answers on a page, as a browser would send it.
func sheet(doc *goquery.Document) (action string, form url.Values) {
	action = doc.Find("form[data-autosave]").AttrOr("action", "")
	return action, filled(doc, action)
}

// hidden are the values of fields of one name, of which a form may carry several.
func hidden(doc *goquery.Document, name string) (out []string) {
	doc.Find(`input[name="` + name + `"]`).Each(func(_ int, s *goquery.Selection) { out = append(out, s.AttrOr("value", "")) })
	return out
}

func set(form url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, v := range form {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

// A profile is filled in without scripts, checked, submitted, and its receipt read.
func TestProfileFromTaskListToReceipt(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	doc := a.get(at, 200)
	says(t, doc, "Musts that are ready 0 of 3", "Shoulds that are ready 0 of 2", "1.1 Statement of support", "Not started", "Due 2 April 2026, 30 days left", "Start with 1.1", "Must. Also in Business partners.")
	if n := doc.Find("main a.usa-button:not(.usa-button--outline)").Length(); n != 1 {
		t.Errorf("the task list has %d main buttons, want 1", n)
	}
	says(t, a.get("/profiles", 200), "SP-2026-", "To fill in", "Continue security profile")

	page := at + "/criteria/1.1"
	doc = a.get(page, 200)
	says(t, doc, "Management signs a statement that backs security.", "Why it matters", "People do what they see", "Should", "Not started", "Next: 2.1")
	action, form := sheet(doc)
	_, to := a.post(action, set(form, "q-1.1.a-choice", "yes", "q-1.1.b-text", "At the gate\r\nand on the site", "then", "next"), 303)
	if to != at+"/criteria/2.1#main" {
		t.Errorf("saving leads to %s", to)
	}
	doc = a.get(page, 200)
	says(t, doc, "Saved 15:00 (you)", "Ready")
	if got := doc.Find(`textarea[name="q-1.1.b-text"]`).Text(); got != "At the gate\nand on the site" {
		t.Errorf("the text is %q", got)
	}

	// An answer that brings up more questions keeps the person on the page.
	doc = a.get(at+"/criteria/2.1", 200)
	if doc.Find("#question-2-1-c").Length() != 0 {
		t.Error("a question whose condition does not hold is asked")
	}
	action, form = sheet(doc)
	if _, to := a.post(action, set(form, "q-2.1.a-choice", "yes", "then", "next"), 303); to != at+"/criteria/2.1" {
		t.Errorf("an answer that brings up questions leads to %s", to)
	}
	doc = a.get(at+"/criteria/2.1", 200)
	action, form = sheet(doc)
	broken, _ := a.post(action, set(form, "q-2.1.b-date-day", "31", "q-2.1.b-date-month", "2", "q-2.1.b-date-year", "2026", "q-2.1.c-text", "By a team", "then", "next"), 422)
	says(t, broken, "There is a problem", "Enter a date that exists")
	if got := broken.Find(`textarea[name="q-2.1.c-text"]`).Text(); got != "By a team" {
		t.Errorf("what was typed beside a problem is %q", got)
	}
	action, form = sheet(broken)
	if _, to = a.post(action, set(form, "q-2.1.b-date-day", "28", "then", "next"), 303); to != at+"/criteria/3.1#main" {
		t.Errorf("saving leads to %s", to)
	}
	says(t, a.get(at+"/criteria/2.1", 200), "In progress: Evidence is missing")
	says(t, a.get(at+"/checks", 200), "To mend before you submit", "Attach evidence. Still missing: 1")

	id := uuid.MustParse(strings.TrimPrefix(at, "/profiles/"))
	profiletest.Fill(context.Background(), t, a.web.Profiles, a.who, id)
	doc = a.get(at, 200)
	says(t, doc, "Musts that are ready 4 of 4", "Check and submit")
	doc = a.get(at+"/submit", 200)
	says(t, doc, "This is what you send.", "At the gate", "Declare and submit", "Risk assessment")
	form = filled(doc, at+"/submit")
	refused, _ := a.post(at+"/submit", set(form, "title", "Director"), 422)
	says(t, refused, "Tick the box to declare")
	form = set(form, "title", "Director", "attested", "yes")
	if doc.Find("#warnings").Length() == 1 {
		form.Set("warnings", "yes")
	}
	if _, to = a.post(at+"/submit", form, 303); to != at+"/receipt" {
		t.Fatalf("submitting leads to %s", to)
	}
	says(t, a.get(at+"/receipt", 200), "SP-2026-", "What happens next", "Fingerprint of what you sent", "Olga Harbor, Director")
	double, _ := a.post(at+"/submit", form, 409)
	says(t, double, "Not sent")
	res, _ := a.send(a.who, "GET", at+"/copy.json", nil)
	if res.StatusCode != 200 || len(res.Header.Get("X-Content-Sha256")) != 64 {
		t.Errorf("copy: %d %v", res.StatusCode, res.Header)
	}
	if res, _ := a.send(a.who, "GET", at+"/receipt.pdf", nil); res.StatusCode != 303 {
		t.Errorf("a PDF that is not there yet: %d", res.StatusCode)
	}
	err := a.web.Profiles.MakeReceipt(context.Background(), profile.ReceiptArgs{CycleID: id, Round: 1}, ProfileHTML,
		func(_ context.Context, html string) ([]byte, error) {
			for _, want := range []string{"<th scope=\"col\">Question</th>", "<h2>Management</h2>", "At the gate", "1.1 Statement of support"} {
				if !strings.Contains(html, want) {
					t.Errorf("the document lacks %q", want)
				}
			}
			return []byte(html), nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := a.send(a.who, "GET", at+"/receipt.pdf", nil); res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("the PDF: %d %v", res.StatusCode, res.Header)
	}
	doc = a.get(page, 200)
	says(t, doc, "While we look at it, it cannot be changed", "At the gate")
	if doc.Find("form[data-autosave]").Length() != 0 {
		t.Error("a submitted criterion has a form")
	}
	a.get(at+"/print", 200)
	a.get(at, 200)
	says(t, a.get("/profiles", 200), "There is nothing to fill in now", "With us", "Submitted")
}

// What a no asks for depends on how binding the criterion is.
func TestProfileNoAsksForAPlanOrAReason(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	action, form := sheet(a.get(at+"/criteria/9.2", 200))
	a.post(action, set(form, "q-9.2.a-choice", "no", "then", "stay"), 303)
	doc := a.get(at+"/criteria/9.2", 200)
	says(t, doc, "Still missing: Say why you do not do this", "In progress")
	if doc.Find(`[name="q-9.2.a-plan"]`).Length() != 0 || doc.Find(`[name="q-9.2.a-reason"]`).Length() != 1 {
		t.Error("a should asks for a plan, or not for a reason")
	}
	doc = a.get(at+"/criteria/9.1", 200)
	for _, name := range []string{"q-9.1.a-plan", "q-9.1.a-plan_on-day", "q-9.1.a-reason"} {
		if doc.Find(`[name="`+name+`"]`).Length() != 1 {
			t.Errorf("a must has no field %s", name)
		}
	}
	action, form = sheet(doc)
	a.post(action, set(form, "q-9.1.a-choice", "no", "q-9.1.a-plan", "Build a fence", "q-9.1.a-plan_on-day", "1", "q-9.1.a-plan_on-month", "9", "q-9.1.a-plan_on-year", "2026"), 303)
	says(t, a.get(at+"/criteria/9.1", 200), "Ready")
}

// Rows are added without scripts, and a table keeps what was typed.
func TestProfileTableRows(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	page := at + "/criteria/3.1"
	action, form := sheet(a.get(page, 200))
	_, to := a.post(action, set(form, "q-3.1.e-row-0-name", "Acme", "q-3.1.e-row-0-since", "2020-05-01", "q-3.1.f-row-1-name", "Vera", "add", "3.1.e"), 303)
	if to != page+"?rows=3.1.e#question-3-1-e" {
		t.Errorf("a row is added at %s", to)
	}
	// Enter in a field presses the first button, which adds no row.
	if first := a.get(page, 200).Find("form[data-autosave] button").First(); first.AttrOr("name", "") != "then" || first.AttrOr("value", "") != "next" {
		t.Error("Enter in a field does something else than to save")
	}
	before := a.get(page, 200).Find("#question-3-1-e tbody tr").Length()
	doc := a.get(page+"?rows=3.1.e", 200)
	if n := doc.Find("#question-3-1-e tbody tr").Length(); n <= before {
		t.Errorf("%d rows after adding, %d before", n, before)
	}
	if got := doc.Find(`[name="q-3.1.e-row-0-name"]`).AttrOr("value", ""); got != "Acme" {
		t.Errorf("the row has %q", got)
	}
	if got := doc.Find(`[name="q-3.1.f-row-0-name"]`).AttrOr("value", ""); got != "Vera" {
		t.Errorf("the person is %q", got)
	}
}

// answered is what the autosave says.
type answered struct {
	Version                              int
	Saved, Missing, State, Place, Detail string
	Reload, Conflict                     bool
	Errors                               []struct{ Name, Message string }
}

// autosave sends one answer as the script of a page does.
func (a *applicant) autosave(who identity.Actor, at, question string, form url.Values) (status int, out answered) {
	a.t.Helper()
	a.header = http.Header{"Accept": {"application/json, application/problem+json"}}
	defer func() { a.header = nil }()
	res, _ := a.send(who, "POST", at+"/answers/"+question, form)
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		a.t.Fatalf("the autosave answers %d with %q: %v", res.StatusCode, a.body, err)
	}
	return res.StatusCode, out
}

// A profile that memberships of several kinds share is filled in from its own pages, with the
// script and without it, and not from a page that was made before it was shared.
func TestSharedProfileIsFilledIn(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	_, before := sheet(a.get(at+"/criteria/2.1", 200))
	if err := a.db.Write(context.Background(), pg.System, func(tx pg.Tx) error {
		return tx.Exec(`update profile_cycle set also_types = '{exporter}'`).Error
	}); err != nil {
		t.Fatal(err)
	}
	if status, _ := a.autosave(a.who, at, "2.1.a", set(before, "q-2.1.a-choice", "yes")); status != 409 {
		t.Errorf("from the page of before: %d", status)
	}
	says(t, a.get(at, 200), "U.S. importer, U.S. exporter")
	_, form := sheet(a.get(at+"/criteria/2.1", 200))
	if got := form.Get("entity"); got != "importer+exporter" {
		t.Errorf("the page is made from the form of %s", got)
	}
	if status, got := a.autosave(a.who, at, "2.1.a", set(form, "q-2.1.a-choice", "yes")); status != 200 || got.Version != 1 {
		t.Errorf("with the script: %d %+v", status, got)
	}
	action, form := sheet(a.get(at+"/criteria/2.1", 200))
	if res, _ := a.send(a.who, "POST", action, set(form, "q-2.1.a-choice", "na", "q-2.1.a-reason", "Not with us")); res.StatusCode != 303 {
		t.Errorf("without it: %d", res.StatusCode)
	}
	if got := a.text(`select choice from profile_answer where question = '2.1.a'`); got != "na" {
		t.Errorf("kept: %s", got)
	}
}

func TestAutosave(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	doc := a.get(at+"/criteria/2.1", 200)
	_, form := sheet(doc)
	status, got := a.autosave(a.who, at, "2.1.a", set(form, "q-2.1.a-choice", "yes"))
	if status != 200 || got.Version != 1 || !got.Reload || got.State != "in_progress" || got.Saved != "Saved 15:00 (you)" || got.Place != "state-2-1" {
		t.Errorf("%d %+v", status, got)
	}
	if doc.Find("#state-2-1").Length() != 1 {
		t.Error("the page has no place for the state")
	}
	// The same once more, as after an answer that was lost on the way.
	a.again = true
	if status, got = a.autosave(a.who, at, "2.1.a", set(form, "q-2.1.a-choice", "yes")); status != 200 || got.Version != 1 || got.Reload {
		t.Errorf("again: %d %+v", status, got)
	}
	a.again = false
	status, got = a.autosave(a.who, at, "2.1.a", set(form, "q-2.1.a-choice", "no", "q-2.1.a-version", "1"))
	if status != 200 || got.Version != 2 || !strings.Contains(got.Missing, "Say what you will do") {
		t.Errorf("a no: %d %+v", status, got)
	}
	_, other := sheet(a.get(at+"/criteria/3.1", 200))
	status, got = a.autosave(a.who, at, "3.1.d", set(other, "q-3.1.d-number", "many"))
	if status != 422 || len(got.Errors) != 1 || got.Errors[0].Name != "q-3.1.d-number" {
		t.Errorf("no number: %d %+v", status, got)
	}
	if status, _ = a.autosave(a.who, at, "7.7.x", other); status != 404 {
		t.Errorf("a question that is not there: %d", status)
	}
	if status, _ = a.autosave(a.colleague(identity.Contributor, "Cora Contributor"), at, "3.1.d", set(other, "q-3.1.d-number", "4")); status != 403 {
		t.Errorf("a contributor whose criterion it is not: %d", status)
	}

	eve := a.colleague(identity.Editor, "Eve Editor")
	status, got = a.autosave(eve, at, "2.1.a", set(form, "q-2.1.a-choice", "yes"))
	if status != 409 || !got.Conflict || !strings.Contains(got.Detail, "Olga Harbor") {
		t.Errorf("a conflict: %d %+v", status, got)
	}
	a.exec(`update profile_cycle set status = 'ended', ended_at = now() where status = 'open'`)
	if status, got = a.autosave(a.who, at, "2.1.a", set(form, "q-2.1.a-choice", "yes", "q-2.1.a-version", "2")); status != 409 || got.Conflict || !strings.Contains(got.Detail, "locked") {
		t.Errorf("a closed profile: %d %+v", status, got)
	}
}

// An autosave is at most three SQL statements: who it is, for whom it looks, the answer.
func TestAutosaveNeedsThreeStatements(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	owner := m.w.Importer("Swift Saver Ltd")
	app, err := m.w.Applications.Choose(m.w.Ctx, owner, "ctpat", "importer")
	m.w.Must(err)
	id := profiletest.OfApplication(m.w.Ctx, t, m.w.DB, app.ID)
	v := m.someone(owner, "owner")
	p := profiletest.Read(m.w.Ctx, t, m.w.Profiles, id)
	form := url.Values{"csrf": {v.csrf}, "edition": {p.Cycle.EditionHash}, "entity": {"importer"}, "q-1.1.a-version": {"0"}, "q-1.1.a-choice": {"yes"}}
	path := "/profiles/" + id.String() + "/answers/1.1.a"
	if status, _, text := m.ask(&v, "POST", path, form, http.Header{"Accept": {"application/problem+json"}}); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if n := m.statements("POST", "/profiles/:id/answers/:question"); n == 0 || n > 3 {
		t.Errorf("%d statements, want 3 at most", n)
	}
}

// statements is the most that one request to a route needed.
func (m *matrix) statements(method, route string) (most int) {
	m.Helper()
	families, err := m.measured.Gather()
	if err != nil {
		m.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "portal_request_statements" {
			continue
		}
		for _, row := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range row.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["method"] == method && labels["route"] == route {
				most = max(most, int(row.GetHistogram().GetSampleSum())/max(1, int(row.GetHistogram().GetSampleCount())))
			}
		}
	}
	return most
}

// Two people answer the same question: the second one sees both texts and chooses.
func TestProfileConflict(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	eve := a.colleague(identity.Editor, "Eve Editor")
	page := at + "/criteria/1.1"
	action, form := sheet(a.get(page, 200))
	a.post(action, set(form, "q-1.1.a-choice", "yes", "q-1.1.b-text", "At the gate of the north yard"), 303)
	mine := set(form, "q-1.1.a-choice", "no", "q-1.1.a-reason", "We are small", "q-1.1.b-text", "At the gate of the south yard")
	doc := a.want(409, eve, "POST", action, mine)
	says(t, doc, "2 answers were changed by colleagues meanwhile", "We are small", "By Olga Harbor", "Keep mine", "Combine the two")
	if doc.Find("del").Length() == 0 || doc.Find("ins").Length() == 0 {
		t.Error("the texts are not compared")
	}
	form = filled(doc, at+"/resolve")
	form["clash"] = hidden(doc, "clash")
	refused := a.want(422, eve, "POST", at+"/resolve", set(form, "way-1.1.a", "mine"))
	says(t, refused, "Choose which answer is to hold", "We are small")
	if got := refused.Find(`input[name="way-1.1.a"][checked]`).AttrOr("value", ""); got != "mine" {
		t.Errorf("what was chosen is lost: %q", got)
	}
	a.want(303, eve, "POST", at+"/resolve", set(form, "way-1.1.a", "theirs", "way-1.1.b", "combined", "both-1.1.b-text", "At both gates"))
	doc = a.get(page, 200)
	if got := doc.Find(`textarea[name="q-1.1.b-text"]`).Text(); got != "At both gates" {
		t.Errorf("the text is %q", got)
	}
	if got := doc.Find(`input[name="q-1.1.a-choice"][checked]`).AttrOr("value", ""); got != "yes" {
		t.Errorf("the choice is %q", got)
	}
	says(t, a.get(at+"/history/1.1.b", 200), "Version 2, which holds now", "both gates", "Not kept", "south", "Eve Editor")
	says(t, a.get(at+"/history/1.1.a", 200), "We are small", "Not kept")
	// Whoever chooses on an old page is asked once more.
	if res, _ := a.send(a.who, "POST", at+"/resolve", set(form, "way-1.1.a", "mine", "way-1.1.b", "mine")); res.StatusCode != 409 {
		t.Errorf("an old conflict is settled again: %d", res.StatusCode)
	}
}

// A site differs, others differ likewise, and one is like the company again.
func TestProfileSites(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	var sites []string
	for _, name := range []string{"Yard", "Depot", "Pier"} {
		id := pg.NewID()
		a.exec(`insert into site (id, company_id, name, activity, street, city, country, zone, created_at) values (?, ?, ?, 'yard', '2 Pier', 'Newark', 'US', 'America/New_York', ?)`, id, a.co, name, a.clock.Now())
		sites = append(sites, id.String())
	}
	page := at + "/criteria/9.1"
	doc := a.get(page, 200)
	says(t, doc, "This criterion is asked of each site", "Your answer holds for all 4 sites. Add an exception where it differs.")
	action, form := sheet(doc)
	a.post(action, set(form, "q-9.1.a-choice", "yes", "q-9.1.b-text", "With a fence"), 303)
	doc = a.get(page+"?site="+sites[0], 200)
	says(t, doc, "What is different at Yard", "For the company")
	action, form = sheet(doc)
	a.again = true
	a.post(action, form, 303) // nothing was changed, so nothing differs
	a.again = false
	says(t, a.get(at+"/sites", 200), "Nothing differs")
	a.get(at+"/criteria/9.1/sites", 409)
	a.post(action, set(form, "q-9.1.b-text", "With a wall"), 303)
	doc = a.get(page, 200)
	says(t, doc, "These answers hold at every site except:", "Yard, Newark", "Your answer holds for 3 of 4 sites.")
	says(t, a.get(at, 200), "Asked of each site: one answer for 3 of 4")
	matrix := a.get(at+"/sites", 200)
	says(t, matrix, "9.1 Fences and gates", "Differs", "As the company")

	doc = a.get(at+"/criteria/9.1/sites", 200)
	says(t, doc, "With a wall", "Depot, Newark")
	form = filled(doc, at+"/criteria/9.1/sites")
	refused, _ := a.post(at+"/criteria/9.1/sites", form, 422)
	says(t, refused, "Choose at least one site")
	form["sites"], form["seen"] = sites[1:], hidden(doc, "seen")
	eve := a.colleague(identity.Editor, "Eve Editor")
	at2, other := sheet(a.want(200, eve, "GET", page+"?site="+sites[1], nil))
	a.want(303, eve, "POST", at2, set(other, "q-9.1.b-text", "With a hedge"))
	doc, _ = a.post(at+"/criteria/9.1/sites", form, 409)
	partSays(t, doc.Find(".tt-conflict"), "Depot, Newark", "With a wall", "With a hedge (Eve Editor, 15:00)", "Apply again to replace what is there now")
	if ticked := doc.Find(`input[name="sites"][checked]`); ticked.Length() != 1 || ticked.AttrOr("value", "") != sites[1] {
		t.Errorf("%d sites are ticked", ticked.Length())
	}
	says(t, a.get(page, 200), "Pier, Newark") // it is done
	form = filled(doc, at+"/criteria/9.1/sites")
	form["seen"] = hidden(doc, "seen")
	action, other = sheet(a.get(page+"?site="+sites[0], 200))
	a.post(action, set(other, "q-9.1.b-text", "With a high wall"), 303)
	doc, _ = a.post(at+"/criteria/9.1/sites", form, 409)
	partSays(t, doc.Find(".tt-conflict"), "As it was on your page", "With a high wall (Olga Harbor)", "Nothing is applied yet")
	form = filled(doc, at+"/criteria/9.1/sites")
	form["seen"] = hidden(doc, "seen")
	a.post(at+"/criteria/9.1/sites", form, 303)
	says(t, a.get(page, 200), "Depot, Newark", "Pier, Newark")

	doc = a.get(page+"?site="+sites[2], 200)
	form = filled(doc, at+"/criteria/9.1/drop")
	a.post(at+"/criteria/9.1/drop", set(form, "q-9.1.b-version", "7"), 409)
	a.post(at+"/criteria/9.1/drop", form, 303)
	doc = a.get(page, 200)
	if strings.Contains(doc.Find("#sites ul").First().Text(), "Pier") {
		t.Error("the exception is still there")
	}
	says(t, a.get(at+"/history/9.1.b?site="+sites[2], 200), "With a wall")
	a.get(page+"?site="+pg.NewID().String(), 404)

	// The page says at which site something is missing, also where only its choice asks more.
	action, form = sheet(a.get(page+"?site="+sites[2], 200))
	a.post(action, set(form, "q-9.1.a-choice", "no"), 303)
	says(t, a.get(page, 200), "Pier, Newark (something is still missing)")
	action, form = sheet(a.get(at+"/criteria/9.2", 200))
	a.post(action, set(form, "q-9.2.a-choice", "no", "q-9.2.a-reason", "Too dear"), 303)
	says(t, a.get(at+"/criteria/9.3", 200), "does not count because of your answer")
	action, form = sheet(a.get(at+"/criteria/9.2?site="+sites[2], 200))
	a.post(action, set(form, "q-9.2.a-choice", "yes"), 303)
	doc = a.get(at+"/criteria/9.3", 200)
	says(t, doc, "More is asked here because of what you chose for these sites", "Not started")
	action, form = sheet(a.get(doc.Find("#sites ul a").First().AttrOr("href", ""), 200))
	a.post(action, set(form, "q-9.3.a-choice", "yes"), 303)
	says(t, a.get(at+"/criteria/9.3", 200), "These answers hold at every site except:", "Evidence is missing")
}

// Work is given to a colleague, who then may change just that.
func TestProfileAssign(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	cora := a.colleague(identity.Contributor, "Cora Contributor")
	doc := a.want(200, cora, "GET", at+"/criteria/1.1", nil)
	says(t, doc, "This criterion is not assigned to you")
	form := filled(a.get(at+"/assign", 200), at+"/assign")
	refused, _ := a.post(at+"/assign", form, 422)
	says(t, refused, "Choose the criteria or sections to assign")
	form = set(form, "person", cora.PersonID.String(), "criterion", "1.1", "due_on-day", "20", "due_on-month", "3", "due_on-year", "2026")
	a.post(at+"/assign", form, 303)
	says(t, a.get(at, 200), "Assigned to Cora Contributor until 20 March 2026")
	says(t, a.want(200, cora, "GET", at+"?show=mine", nil), "Assigned to you until 20 March 2026", "Start with 1.1")
	action, answers := sheet(a.want(200, cora, "GET", at+"/criteria/1.1", nil))
	a.want(303, cora, "POST", action, set(answers, "q-1.1.a-choice", "yes"))
	a.want(403, cora, "POST", at+"/criteria/2.1", set(answers, "q-2.1.a-version", "0", "q-2.1.a-choice", "yes"))
	says(t, a.want(200, a.colleague(identity.Reader, "Rea Reader"), "GET", at+"/assign", nil), "Cora Contributor")

	// Whoever has the page open is named to the others.
	a.want(200, cora, "POST", at+"/criteria/1.1/presence", url.Values{})
	says(t, a.get(at+"/criteria/1.1", 200), "Cora Contributor has this open since 15:00")
}

// The dense table saves what changed and shows what colleagues changed.
func TestProfileTable(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	doc := a.get(at+"/table", 200)
	says(t, doc, "Management", "Is there a signed statement?", "Not started")
	doc = a.get(at+"/table?section=partners", 200)
	action, form := sheet(doc)
	if form.Get("q-3.1.e-version") != "" {
		t.Error("a long answer has fields in the table")
	}
	broken, _ := a.post(action, set(form, "q-3.1.d-number", "many"), 422)
	says(t, broken, "Enter a number like")
	a.post(action, set(form, "q-3.1.a-choice", "yes", "q-3.1.b-choice", "yearly", "q-3.1.d-number", "12", "then", "stay"), 303)
	a.want(409, a.colleague(identity.Editor, "Eve Editor"), "POST", action, set(form, "q-3.1.d-number", "14"))
	says(t, a.get(at+"/table?section=partners", 200), "Saved 15:00 (you)", "Answer on its page")
	a.get(at+"/table?section=nothing", 404)
	reader := a.colleague(identity.Reader, "Rea Reader")
	if n := a.want(200, reader, "GET", at+"/table?section=partners", nil).Find("form[data-autosave]").Length(); n != 0 {
		t.Error("a reader has a form")
	}
}

// What was sent back can be changed, what was not cannot; what the agency wrote stays in sight.
func TestProfileReturned(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	ctx, id := context.Background(), uuid.MustParse(strings.TrimPrefix(at, "/profiles/"))
	form := set(filled(a.get(at+"/criteria/1.1", 200), at+"/criteria/1.1/messages"), "body", "May the statement be in Spanish?")
	empty, _ := a.post(at+"/criteria/1.1/messages", set(form, "body", ""), 422)
	says(t, empty, "There is a problem")
	a.post(at+"/criteria/1.1/messages", form, 303)
	profiletest.Fill(ctx, t, a.web.Profiles, a.who, id)
	profiletest.Submit(ctx, t, a.web.Profiles, a.who, id)
	says(t, a.get(at+"/criteria/1.1", 200), "May the statement be in Spanish?", "Written on an earlier version of this answer")
	sam := identity.Actor{PersonID: pg.NewID(), Audience: identity.Staff, Role: identity.Specialist, Name: "Sam"}
	a.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', 'sam', 'sam@x.example', true, 'Sam', ?)`, sam.PersonID, a.clock.Now())
	err := a.db.Write(ctx, sam.Scope(), func(tx pg.Tx) error {
		c, err := profile.Lock(ctx, tx, sam, id, 0)
		if err != nil {
			return err
		}
		back := pg.NewID()
		for _, sql := range []string{
			`insert into profile_return (id, cycle_id, company_id, round, message, sent_at) values ('` + back.String() + `', ?, ?, 1, 'Please look again', '2026-03-03T15:00:00Z')`,
			`insert into profile_return_item (return_id, cycle_id, company_id, criterion, remark) values ('` + back.String() + `', ?, ?, '9.1', 'Which fence?')`,
			`insert into profile_return_item (return_id, cycle_id, company_id, criterion, remark) values ('` + back.String() + `', ?, ?, '3.1', 'Who does it?')`,
		} {
			if err := tx.WithContext(ctx).Exec(sql, c.ID, c.CompanyID).Error; err != nil {
				return err
			}
		}
		for _, do := range []profile.Action{profile.StartReview, profile.SendBack} {
			if err := a.web.Profiles.Move(ctx, tx, a.clock.Now(), sam, &c, do, profile.Facts{Items: 2}, profile.Details{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	says(t, a.get(at, 200), "We sent your profile back", "Please look again", "9.1 Fences and gates: not answered yet", "Continue with 3.1")
	says(t, a.get(at+"/receipt", 200), "The signature under it is void")
	doc := a.get(at+"/criteria/1.1", 200)
	says(t, doc, "We did not send this criterion back")
	if doc.Find("form[data-autosave]").Length() != 0 {
		t.Error("a criterion that was not sent back has a form")
	}
	doc = a.get(at+"/criteria/9.1", 200)
	says(t, doc, "We sent this back to you", "Which fence?", "Needs attention")
	a.post(at+"/criteria/9.1/answered", filled(doc, at+"/criteria/9.1/answered"), 303)
	says(t, a.get(at+"/criteria/9.1", 200), "Answered by Olga Harbor")
	action, answers := sheet(a.get(at+"/criteria/3.1", 200))
	a.post(action, set(answers, "q-3.1.d-number", "14"), 303)
	says(t, a.get(at, 200), "3.1 Screening of partners: answered by Olga Harbor", "Check and submit")
}

// The next profile begins with the answers of the last, to be confirmed one by one.
func TestProfileCarriedOver(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	ctx, id := context.Background(), uuid.MustParse(strings.TrimPrefix(at, "/profiles/"))
	profiletest.Fill(ctx, t, a.web.Profiles, a.who, id)
	a.exec(`update application set status = 'withdrawn', closed_at = now()`)
	a.exec(`update profile_cycle set status = 'ended', ended_at = now(), end_reason = 'The application ended: Withdrawn'`)
	says(t, a.get(at, 200), "This profile ended on")
	a.begun()
	next := "/profiles/" + a.text(`select id::text from profile_cycle where status = 'open'`)
	doc := a.get(next+"/criteria/9.1", 200)
	says(t, doc, "These answers come from last time", "Still true", "Last time", "From last time (Olga Harbor)")
	a.post(next+"/criteria/9.1/confirm", filled(doc, next+"/criteria/9.1/confirm"), 303)
	says(t, a.get(next+"/criteria/9.1", 200), "Ready")
	a.post(next+"/criteria/9.1/confirm", url.Values{}, 409)
	doc = a.get("/profiles", 200)
	partSays(t, doc.Find("#now"), "To work on now", "To fill in", "Due 2 April 2026, 30 days left")
	if href := doc.Find("#now a.usa-button").AttrOr("href", ""); href != next {
		t.Errorf("the button leads to %q", href)
	}
	partSays(t, doc.Find("#archive"), "Earlier profiles", "Ended")

	// Shoulds of a section may be confirmed together, musts not.
	doc = a.get(next, 200)
	form := set(filled(doc, next+"/confirm"), "section", "management")
	partSays(t, doc.Find("#section-management"), "1 should of this section comes from last time", "Confirm 1 should")
	if doc.Find("#section-management input[name=section]").AttrOr("value", "") != "management" || doc.Find("#section-partners form").Length() != 0 {
		t.Error("musts can be confirmed at once")
	}
	if n := a.get(next+"?show=must", 200).Find("form[action$='/confirm']").Length(); n != 0 {
		t.Error("a list of musts offers to confirm shoulds")
	}
	_, to := a.post(next+"/confirm", set(form, "show", "attention"), 303)
	if to != next+"?show=attention#section-management" {
		t.Errorf("confirming leads to %s", to)
	}
	says(t, a.get(next+"/criteria/1.1", 200), "Ready")
	a.post(next+"/confirm", form, 409)
	a.post(next+"/confirm", set(form, "section", "nowhere"), 404)
}

func TestProfilePagesAreClosedToOthers(t *testing.T) {
	t.Parallel()
	a, at := newFiller(t)
	stranger := identity.Actor{PersonID: pg.NewID(), Audience: identity.Companies, Role: identity.Owner, CompanyID: pg.NewID(), Email: "x@y.example"}
	reader := a.colleague(identity.Reader, "Rea Reader")
	for _, r := range a.web.Routes() {
		if !strings.HasPrefix(r.Path, "/profiles/:id") {
			continue
		}
		path := strings.NewReplacer("/profiles/:id", at, ":criterion", "1.1", ":question", "1.1.a").Replace(r.Path)
		var form url.Values
		if r.Method == http.MethodPost {
			form = url.Values{}
		}
		if res, _ := a.send(stranger, r.Method, path, form); res.StatusCode != 404 {
			t.Errorf("%s %s by a stranger: %d, want 404", r.Method, path, res.StatusCode)
		}
		if r.Method == http.MethodPost {
			if res, _ := a.send(reader, r.Method, path, form); res.StatusCode != 404 {
				t.Errorf("%s %s by a reader: %d, want 404", r.Method, path, res.StatusCode)
			}
		}
	}
	for _, path := range []string{at, at + "/criteria/1.1", at + "/table", at + "/sites", at + "/assign", at + "/checks", at + "/submit"} {
		res, doc := a.send(reader, "GET", path, nil)
		if n := doc.Find(`main form[method="post"]`).Length(); res.StatusCode != 200 || n != 0 {
			t.Errorf("GET %s by a reader: %d with %d forms", path, res.StatusCode, n)
		}
	}
}
