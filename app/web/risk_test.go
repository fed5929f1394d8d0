package web

import (
	"bytes"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/apptest"
	"trustedtrader/app/audit"
	"trustedtrader/app/blob"
	"trustedtrader/app/evidence"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/risk"
	"trustedtrader/config"
)

func riskService(t *testing.T, w *reviewtest.World) *risk.Service {
	t.Helper()
	store, err := blob.Open(w.Ctx, blob.Settings{Folder: filepath.Join(t.TempDir(), "evidence")})
	w.Must(err)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	files, err := fs.Sub(config.Risk, "risk")
	w.Must(err)
	factors, err := risk.LoadFactors(files)
	w.Must(err)
	return &risk.Service{DB: w.DB, Now: w.Clock.Now, Factors: factors, Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks,
		Evidence: &evidence.Service{DB: w.DB, Now: w.Clock.Now, Log: apptest.Quiet(), Store: store, Master: bytes.Repeat([]byte("k"), 32), Quota: 1 << 30}}
}

// assessed are a company's finished assessment, and the draft that followed it with its parts.
type assessed struct{ finished, draft, lane, leg, task uuid.UUID }

func riskObjects(w *reviewtest.World, s *risk.Service, owner identity.Actor) (out assessed) {
	a, err := s.Begin(w.Ctx, owner, risk.BeginEntry{})
	w.Must(err)
	l, err := s.AddLane(w.Ctx, owner, a.ID, risk.LaneEntry{Name: "Lane of " + owner.Company, Origin: "VN", Destination: "US"})
	w.Must(err)
	g, err := s.AddLeg(w.Ctx, owner, a.ID, l.ID, risk.LegEntry{Place: "Haiphong", Country: "VN", Mode: "sea", Party: "Saigon Lines"})
	w.Must(err)
	rate := func(factors []risk.Factor) (in []risk.RatingEntry) {
		for _, f := range factors {
			in = append(in, risk.RatingEntry{Factor: f.Code, Level: "3", Note: "Not known"})
		}
		return in
	}
	w.Must(s.RateThreats(w.Ctx, owner, a.ID, l.ID, rate(s.Factors.Threats)))
	w.Must(s.RateVulnerabilities(w.Ctx, owner, a.ID, g.ID, rate(s.Factors.Vulnerabilities)))
	_, err = s.AddTask(w.Ctx, owner, a.ID, risk.TaskEntry{What: "Ask the carrier", Lane: l.ID.String(), Criterion: "seals", Owner: "Eve", DueOn: "2026-12-31"})
	w.Must(err)
	_, err = s.Describe(w.Ctx, owner, a.ID, risk.DocumentEntry{Title: a.Title, Method: "Five steps", Lead: "Olga", Participants: "Eve", Schedule: "Yearly", Version: 1})
	w.Must(err)
	sheet, err := s.Sheet(w.Ctx, owner, a.ID)
	w.Must(err)
	_, err = s.Finish(w.Ctx, owner, a.ID, risk.FinishEntry{Edits: sheet.Assessment.Edits, Accepted: true})
	w.Must(err)
	next, err := s.Begin(w.Ctx, owner, risk.BeginEntry{})
	w.Must(err)
	sheet, err = s.Sheet(w.Ctx, owner, next.ID)
	w.Must(err)
	return assessed{a.ID, next.ID, sheet.Lanes[0].ID, sheet.Lanes[0].Legs[0].ID, sheet.Tasks[0].ID}
}

// in reads a form of a page as a browser would send it.
func in(t *testing.T, doc *goquery.Document, action string, set map[string]string) url.Values {
	t.Helper()
	form := filled(doc, action)
	if form == nil {
		t.Fatalf("no form for %s", action)
	}
	for k, v := range set {
		form.Set(k, v)
	}
	return form
}

// TestRiskPages walks through the five steps as a person does, without scripts.
func TestRiskPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	a.who = w.Importer("Harbor <b>Trading</b> LLC")
	a.co = a.who.CompanyID

	doc := a.get("/risk", 200)
	begin := in(t, doc, "/risk", nil)
	_, root := a.post("/risk", begin, 303)
	a.again = true
	if _, again := a.post("/risk", begin, 303); again != root {
		t.Error("the form sent twice began two")
	}
	a.again = false
	begin.Set("new", uuid.NewString())
	doc, _ = a.post("/risk", begin, 409)
	says(t, doc, "begun a risk assessment already")
	doc = a.get(root, 200)
	says(t, doc, "Risk assessment 2026", "Lanes and parties", "Not started", "Nothing to show yet")
	if doc.Find(".tt-task--next a").AttrOr("href", "") != root+"/lanes" {
		t.Error("the first step is not the next one")
	}
	says(t, a.get(root+"/threats", 200), "No lanes yet")
	says(t, a.get(root+"/vulnerabilities", 200), "No lanes yet")

	// Step 1
	path := root + "/lanes/new"
	form := in(t, a.get(path, 200), path, map[string]string{"name": "Furniture <b>", "origin": "VN", "shipments": "many"})
	doc, _ = a.post(path, form, 422)
	says(t, doc, "Choose the country that the goods go to", "whole number")
	if kept := filled(doc, path); kept.Get("name") != "Furniture <b>" || kept.Get("shipments") != "many" || kept.Get("new") != form.Get("new") {
		t.Errorf("the form lost what was typed: %v", kept)
	}
	form.Set("destination", "US")
	form.Set("shipments", "1,200")
	_, lane := a.post(path, form, 303)
	path = lane + "/legs/new"
	form = in(t, a.get(path, 200), path, map[string]string{"place": "Factory in Binh Duong", "country": "VN", "mode": "handling", "then": "another"})
	_, to := a.post(path, form, 303)
	if to != path {
		t.Errorf("adding another leads to %s", to)
	}
	form = in(t, a.get(path, 200), path, map[string]string{"place": "", "country": "US", "mode": "sea", "rest_hours": "36"})
	doc, _ = a.post(path, form, 422)
	says(t, doc, "Enter the place or route")
	form.Set("place", "Haiphong to Newark")
	form.Set("party", "Saigon Lines")
	form.Set("trusted", "yes")
	a.post(path, form, 303)
	doc = a.get(lane, 200)
	says(t, doc, "Factory in Binh Duong", "No party named", "Saigon Lines", "Trusted trader", "At rest for 36 hours")
	legs := doc.Find(".tt-chain__leg a").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("href", "") })
	if len(legs) != 2 {
		t.Fatalf("legs %v", legs)
	}
	a.post(legs[1]+"/move", url.Values{"to": {"up"}}, 303)
	if first := a.get(lane, 200).Find(".tt-chain__leg a").First().AttrOr("href", ""); first != legs[1] {
		t.Error("the leg did not move")
	}
	a.post(legs[0]+"/move", url.Values{"to": {"up"}}, 303)
	form = in(t, a.get(legs[0], 200), legs[0], map[string]string{"party": "Chair Works", "role": "factory"})
	a.post(legs[0], form, 303)
	form.Set("party", "Other Works")
	doc, _ = a.post(legs[0], form, 409)
	says(t, doc, "Someone changed this while you were working on it", "Other Works", "Chair Works")
	if kept := filled(doc, legs[0]); kept.Get("party") != "Other Works" || kept.Get("version") != "2" {
		t.Errorf("the conflict lost what was typed: %v", kept)
	}
	form = in(t, a.get(lane, 200), lane, map[string]string{"goods": "Chairs"})
	a.post(lane, form, 303)
	doc, _ = a.post(lane, form, 409)
	says(t, doc, "Someone changed this")
	path = root + "/lanes/new"
	form = in(t, a.get(path, 200), path, map[string]string{"name": "Given up", "origin": "MX", "destination": "US"})
	_, other := a.post(path, form, 303)
	a.post(other+"/move", url.Values{"to": {"up"}}, 303)
	doc = a.get(root+"/lanes", 200)
	if doc.Find("main h2").First().Text() != "Given up" {
		t.Error("the lane did not move")
	}
	extra := in(t, a.get(other+"/legs/new", 200), other+"/legs/new", map[string]string{"place": "Laredo", "country": "US", "mode": "road"})
	a.post(other+"/legs/new", extra, 303)
	gone := a.get(other, 200).Find(".tt-chain__leg a").First().AttrOr("href", "")
	a.post(gone+"/remove", in(t, a.get(gone, 200), gone+"/remove", nil), 303)
	a.get(gone, 404)
	remove := in(t, a.get(other, 200), other+"/remove", nil)
	a.post(other+"/remove", remove, 303)
	a.post(other+"/remove", remove, 409)
	a.get(other, 404)

	// Step 2: a refusal keeps what was chosen, and a colleague's rating is shown.
	laneID := lane[strings.LastIndex(lane, "/")+1:]
	path = root + "/threats/" + laneID
	says(t, a.get(root+"/threats", 200), "0 of 6 rated")
	form = in(t, a.get(path, 200), path, map[string]string{"rating-theft": "3", "rating-terrorism": "1"})
	doc, _ = a.post(path, form, 422)
	says(t, doc, "why the rating is high")
	if doc.Find("input[name=rating-terrorism][checked]").AttrOr("value", "") != "1" || doc.Find("#error-summary a[href='#note-theft']").Length() != 1 {
		t.Error("what was chosen is not kept")
	}
	form.Set("note-theft", "Hijacked twice")
	if _, to := a.post(path, form, 303); to != root+"/threats" {
		t.Errorf("after the last lane it leads to %s", to)
	}
	form.Set("note-theft", "Hijacked once")
	doc, _ = a.post(path, form, 409)
	says(t, doc, "Someone changed this", "High: Hijacked twice")
	again := in(t, doc, path, map[string]string{"then": "stay"})
	if again.Get("note-theft") != "Hijacked once" || again.Get("version-theft") != "1" {
		t.Errorf("the conflict lost what was typed: %v", again)
	}
	for _, f := range []string{"contraband", "human_smuggling", "organized_crime", "conditions"} {
		again.Set("rating-"+f, "1")
	}
	if _, to := a.post(path, again, 303); to != path {
		t.Errorf("staying leads to %s", to)
	}

	// Step 3
	doc = a.get(root+"/vulnerabilities", 200)
	says(t, doc, "Factory in Binh Duong", "0 of 10 rated")
	for i, at := range doc.Find(".tt-task__link").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("href", "") }) {
		form = in(t, a.get(at, 200), at, nil)
		for _, f := range a.web.Risks.Factors.Vulnerabilities {
			form.Set("rating-"+f.Code, "1")
		}
		if i == 0 {
			form.Set("rating-seals", "3")
			form.Set("rating-agricultural", "0")
			doc, _ := a.post(at, form, 422)
			says(t, doc, "why the rating is high", "why this does not apply here")
			form.Set("note-seals", "No log of seals")
			form.Set("note-agricultural", "Steel only")
		}
		a.post(at, form, 303)
	}
	doc = a.get(root, 200)
	says(t, doc, "3 × 3 = 9", "threat 3 × vulnerability 3 = 9", "9 High", "Theft and pilferage", "Factory in Binh Duong (Seals)")
	if doc.Find("svg[role=img] title").Text() != "Lanes by threat and vulnerability: 1 lane with risk 9." {
		t.Errorf("the picture says %q", doc.Find("svg[role=img] title").Text())
	}

	// Step 4
	doc = a.get(root+"/actions", 200)
	says(t, doc, "Rated high, and no action planned")
	plan := doc.Find(".usa-alert a").AttrOr("href", "")
	path = root + "/actions/new"
	form = in(t, a.get(plan, 200), path, nil)
	if form.Get("lane") != laneID || form.Get("criterion") != "seals" {
		t.Errorf("the action begins with %v", form)
	}
	doc, _ = a.post(path, form, 422)
	says(t, doc, "Enter what is to be done", "Enter who does it", "Enter the day until when")
	for k, v := range map[string]string{"what": "=Keep a log", "owner": "Eve Employee", "due_on-day": "30", "due_on-month": "6", "due_on-year": "2026"} {
		form.Set(k, v)
	}
	a.post(path, form, 303)
	action := a.get(root+"/actions", 200).Find("tbody a").AttrOr("href", "")
	form = in(t, a.get(action, 200), action, map[string]string{"outcome": "Begun"})
	a.post(action, form, 303)
	doc, _ = a.post(action, form, 409)
	says(t, doc, "Someone changed this")
	path = root + "/actions/new"
	form = in(t, a.get(path, 200), path, map[string]string{"what": "A mistake", "owner": "Bob", "due_on-day": "1", "due_on-month": "3", "due_on-year": "2026"})
	a.post(path, form, 303)
	mistake := a.get(root+"/actions", 200).Find("tbody a").First().AttrOr("href", "")
	says(t, a.get(root+"/check", 200), "due on 1 March 2026 and is not done", "Write down how the assessment was done")
	a.post(mistake+"/remove", in(t, a.get(mistake, 200), mistake+"/remove", nil), 303)

	// Step 5, the check and the end
	doc, _ = a.post(root+"/finish", url.Values{"edits": {"0"}}, 409)
	says(t, doc, "Somebody changed this risk assessment since")
	path = root + "/document"
	form = in(t, a.get(path, 200), path, map[string]string{"title": ""})
	doc, _ = a.post(path, form, 422)
	says(t, doc, "Enter the name of the assessment")
	for k, v := range map[string]string{"title": "Risk assessment 2026", "method": "Five steps", "lead": "Olga Owner", "participants": "Eve", "schedule": "Yearly", "then": "stay"} {
		form.Set(k, v)
	}
	if _, to := a.post(path, form, 303); to != path {
		t.Errorf("staying leads to %s", to)
	}
	doc, _ = a.post(path, form, 409)
	says(t, doc, "Someone changed this")
	form = in(t, a.get(lane, 200), lane, map[string]string{"destination": "CA"})
	a.post(lane, form, 303)
	doc = a.get(root+"/check", 200)
	says(t, doc, "another country than the lane says")
	finish := in(t, doc, root+"/finish", nil)
	doc, _ = a.post(root+"/finish", finish, 422)
	says(t, doc, "Confirm that you have read the warnings")
	rep := a.who
	rep.Role = identity.Representative
	if res, page := a.send(rep, "GET", root+"/check", nil); res.StatusCode != 200 || page.Find(`form[action="`+root+`/finish"]`).Length() != 0 {
		t.Error("a representative may finish")
	}
	if res, _ := a.send(rep, "POST", root+"/finish", finish); res.StatusCode != 404 {
		t.Error("a representative finished it")
	}
	finish = in(t, doc, root+"/finish", map[string]string{"accepted": "yes"})
	a.post(root+"/finish", finish, 303)
	a.post(root+"/finish", finish, 409)
	doc = a.get(root, 200)
	says(t, doc, "Finished", "3 March 2026", "Olga Owner", "3 March 2027")
	if kept := w.Text(`select '/evidence/' || id from evidence where company_id = $1 and kind = 'record'`, a.co); doc.Find(`a[href="`+kept+`"]`).Length() != 1 {
		t.Errorf("no way to the record %s", kept)
	}
	for _, page := range []string{"", "/lanes", lane[len(root):], legs[0][len(root):], "/threats", "/threats/" + laneID, "/vulnerabilities", "/actions", action[len(root):], "/document", "/print"} {
		if doc := a.get(root+page, 200); doc.Find("main form[method=post]").Length() != 0 {
			t.Errorf("the finished assessment can be changed at %s", page)
		}
	}
	for _, page := range []string{"/check", "/lanes/new", "/actions/new"} {
		a.get(root+page, 303)
	}
	doc, _ = a.post(root+"/lanes/new", url.Values{"name": {"Too late"}, "origin": {"VN"}, "destination": {"US"}}, 409)
	says(t, doc, "is finished and stays as it is")
	a.post(lane, url.Values{"name": {"Too late"}, "origin": {"VN"}, "destination": {"US"}, "version": {"3"}}, 409)
	says(t, a.get(root+"/print", 200), "Step 1: lanes and parties", "Step 3: vulnerabilities", "No log of seals", "Steel only", "=Keep a log", "Five steps")
	says(t, a.get("/risk", 200), "Finish the next assessment until 3 March 2027.", "365 days left", "copy of the last one")

	// The files
	res, _ := a.send(a.who, "GET", root+"/export.xlsx", nil)
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Disposition"), "risk-assessment-2026-03-03.xlsx") {
		t.Errorf("export: %d %s", res.StatusCode, res.Header.Get("Content-Disposition"))
	}
	file, err := a.web.Risks.Workbook(t.Context(), a.who, uuid.MustParse(root[len("/risk/"):]))
	w.Must(err)
	x, err := excelize.OpenReader(bytes.NewReader(file.Body))
	w.Must(err)
	if v, err := x.GetCellValue("4 Action plan", "A2"); err != nil || v != "'=Keep a log" {
		t.Errorf("the action reads %q, %v", v, err)
	}
	w.Must(x.Close())
	if res, _ := a.send(a.who, "GET", root+"/actions.csv", nil); res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("plan: %d", res.StatusCode)
	}

	// The next one asks to confirm.
	_, next := a.post("/risk", in(t, a.get("/risk", 200), "/risk", nil), 303)
	says(t, a.get(next, 200), "Needs attention", "6 to confirm from the last assessment")
	at := a.get(next+"/threats", 200).Find(".tt-task__link").AttrOr("href", "")
	doc = a.get(at, 200)
	says(t, doc, "6 ratings are from the last assessment", "From the last assessment")
	a.post(at, in(t, doc, at, nil), 303)
	says(t, a.get(next+"/threats", 200), "6 of 6 rated", "Done")
}

// TestRiskIsReadOnly: readers and contributors read, the agency reads what is finished, and
// nobody reads another company's.
func TestRiskIsReadOnly(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	a.who = w.Importer("Harbor <b>Trading</b> LLC")
	x := riskObjects(w, a.web.Risks, a.who)
	draft, finished := "/risk/"+x.draft.String(), "/desk/risk/"+x.finished.String()
	for _, role := range []identity.Role{identity.Reader, identity.Contributor} {
		who := a.who
		who.Role = role
		for _, page := range []string{"", "/lanes", "/lanes/" + x.lane.String(), "/lanes/" + x.lane.String() + "/legs/" + x.leg.String(), "/threats", "/threats/" + x.lane.String(),
			"/vulnerabilities", "/vulnerabilities/" + x.leg.String(), "/actions", "/actions/" + x.task.String(), "/document", "/check", "/print"} {
			if res, doc := a.send(who, "GET", draft+page, nil); res.StatusCode != 200 || doc.Find("main form[method=post]").Length() != 0 {
				t.Errorf("%s for a %s: %d, or it can be changed", page, role, res.StatusCode)
			}
		}
		if res, doc := a.send(who, "GET", "/risk", nil); res.StatusCode != 200 || doc.Find("main form").Length() != 0 {
			t.Errorf("the overview for a %s: %d, or one can be begun", role, res.StatusCode)
		}
	}
	rival := w.Importer("Nosy Inc")
	for _, path := range []string{draft, draft + "/lanes", draft + "/lanes/" + x.lane.String(), draft + "/print", draft + "/export.xlsx", draft + "/actions.csv"} {
		if res, _ := a.send(rival, "GET", path, nil); res.StatusCode != 404 {
			t.Errorf("%s for another company: %d", path, res.StatusCode)
		}
	}
	for _, path := range []string{"/lanes/" + uuid.NewString(), "/lanes/x", "/threats/" + x.leg.String(), "/vulnerabilities/" + x.lane.String(), "/actions/" + x.lane.String(),
		"/lanes/" + uuid.NewString() + "/legs/" + x.leg.String()} {
		a.get(draft+path, 404)
	}

	// The agency
	doc := a.want(200, w.Sam, "GET", finished, nil)
	says(t, doc, "Risk assessment 2026", "Saigon Lines", "Not known", "Ask the carrier", "Five steps")
	if doc.Find("main form[method=post]").Length() != 0 {
		t.Error("the agency can change it")
	}
	a.want(404, w.Sam, "GET", "/desk/risk/"+x.draft.String(), nil)
	a.want(404, w.Sam, "GET", "/desk/risk/"+x.draft.String()+"/export.xlsx", nil)
	a.want(404, w.Admin, "GET", finished, nil)
	a.want(200, w.Auditor, "GET", finished, nil)
	if res, _ := a.send(w.Sam, "GET", finished+"/export.xlsx", nil); res.StatusCode != 200 {
		t.Errorf("the agency's file: %d", res.StatusCode)
	}
	if n := w.Count(`select count(*)::int from audit_event where action in ('risk_assessment.read', 'risk_assessment.download') and internal and subject_id = $1`, x.finished); n != 3 {
		t.Errorf("%d looks in the trail", n)
	}
	if n := w.Count(`select count(*)::int from audit_event where internal and subject_id = $1`, x.draft); n != 0 {
		t.Errorf("%d looks at a draft", n)
	}
	company := a.want(200, w.Sam, "GET", "/desk/companies/"+a.who.CompanyID.String(), nil)
	if company.Find(`a[href="`+finished+`"]`).Length() != 1 || company.Find(`a[href*="`+x.draft.String()+`"]`).Length() != 0 {
		t.Error("the company's page names the draft, or not the finished one")
	}
	says(t, company, "Risk assessment finished")
	if strings.Contains(company.Find("#timeline").Text(), "Threats rated") {
		t.Error("the timeline tells of the draft")
	}
	// What happened to a draft stands in the trail, but not what was written.
	trail := &audit.Service{DB: w.DB, Now: w.Clock.Now}
	id := w.Count(`select max(id)::int from audit_event where subject_id = $1`, x.draft)
	e, err := trail.Event(t.Context(), w.Auditor, int64(id))
	w.Must(err)
	if !e.Withheld || len(e.Changes) != 0 {
		t.Errorf("an event of a draft: %+v", e)
	}
	w.Clock.Move(time.Hour)
	ctx := pg.Counted(t.Context())
	if _, err := a.web.Risks.Sheet(ctx, w.Sam, x.finished); err != nil || pg.Statements(ctx) > 3 {
		t.Errorf("%d statements for the agency's page, %v", pg.Statements(ctx), err)
	}
}
