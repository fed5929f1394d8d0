package web

import (
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/plan"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/validation"
	"trustedtrader/config"
)

func planService(t *testing.T, w *reviewtest.World) *plan.Service {
	t.Helper()
	files, err := fs.Sub(config.Regions, "regions")
	w.Must(err)
	regions, err := plan.LoadRegions(files)
	w.Must(err)
	return &plan.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Regions: regions,
		Validations: &validation.Steps{Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Calendars: w.Steps.Clocks.Calendars}}
}

// planMember makes a member of CTPAT with a day by which it is due.
func planMember(w *reviewtest.World, company uuid.UUID, due string) (membership uuid.UUID) {
	w.T.Helper()
	application, membership := pg.NewID(), pg.NewID()
	w.Exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at, submitted_at, decided_at, closed_at)
		select ?, 'M' || right(id::text, 12), id, 'ctpat', 'e', 'h', 'importer', office_id, 'certified', now(), now(), now(), now() from company where id = ?`, application, company)
	w.Exec(`insert into membership (id, company_id, application_id, programme, edition, entity_type, number, tier, status, certified_on, effective_on, created_at)
		values (?, ?, ?, 'ctpat', 'e', 'importer', ?, 'tier_1', 'active', '2025-03-01', '2025-03-01', now())`, membership, company, application, "M-"+membership.String()[24:])
	w.Exec(`insert into clock (id, company_id, subject_kind, subject_id, office_id, programme, code, name, source, start_event, started_at, zone, calendar, amount, unit, owed_by, due_on)
		select ?, c.id, 'membership', ?, c.office_id, 'ctpat', 'first_validation', 'First validation', '6 U.S.C. 965(a)', 'application.certified', now(), 'America/New_York', 'us-federal', 1, 'years', 'agency', ?
		from company c where c.id = ?`, pg.NewID(), membership, due, company)
	return membership
}

type plannedObjects struct{ plan, item, validation uuid.UUID }

// planObjects makes a plan with a line and a validation of a company.
func planObjects(w *reviewtest.World, company uuid.UUID) (o plannedObjects) {
	w.T.Helper()
	membership := planMember(w, company, "2026-08-01")
	o = plannedObjects{plan: pg.NewID(), item: pg.NewID(), validation: pg.NewID()}
	year := 2026 + w.Count(`select count(*)::int from validation_plan`)
	w.Exec(`insert into validation_plan (id, programme, year, status, seed, weights, as_of) values (?, 'ctpat', ?, 'draft', 1, '[]', now())`, o.plan, year)
	w.Exec(`insert into plan_item (id, plan_id, company_id, membership_id, office_id, score, factors, due_on, proposed) values (?, ?, ?, ?, ?, 1, '[]', '2026-08-01', true)`,
		o.item, o.plan, company, membership, w.NewYork)
	w.Exec(`insert into validation (id, reference, company_id, programme, entity_type, kind, membership_id, office_id, status, reason, window_from, window_to, days, opened_at)
		values (?, ?, ?, 'ctpat', 'importer', 'first', ?, ?, 'planned', 'x', '2026-07-01', '2026-08-01', 1, now())`, o.validation, "V-"+o.validation.String()[24:], company, membership, w.NewYork)
	return o
}

// TestPlanJourney goes from making a plan to opening a validation of it.
func TestPlanJourney(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	second := w.Staff("Carl Chief", identity.Headquarters, w.HQ, w.NewYork, w.Brussels)
	for i, name := range []string{"Harbor <b>Trading</b> LLC", "Pier Inc", "Quay Inc"} {
		company := w.Importer(name).CompanyID
		w.Exec(`update site set lat = ?, lon = -74.1 where company_id = ?`, 40.7+float64(i)/10, company)
		planMember(w, company, fmt.Sprintf("2026-0%d-01", 6+i))
	}

	says(t, a.want(200, w.Auditor, "GET", "/desk/plan", nil), "There is no plan yet")
	doc := a.want(200, w.Boss, "GET", "/desk/plan", nil)
	form := fill(t, doc, "/desk/plan")
	if form.Get("year") != "2026" {
		t.Errorf("the form begins with %q", form.Get("year"))
	}
	doc = a.want(422, w.Boss, "POST", "/desk/plan", form)
	if doc.Find("#error-summary a[href='#programme']").Length() != 1 {
		t.Error("the summary does not lead to the programme")
	}
	form.Set("programme", "ctpat")
	res, _ := a.send(w.Boss, "POST", "/desk/plan", form)
	path := res.Header.Get("Location")
	if res.StatusCode != 303 || !strings.HasPrefix(path, "/desk/plan/") {
		t.Fatalf("%d to %s", res.StatusCode, path)
	}
	a.want(409, w.Boss, "POST", "/desk/plan", form)
	doc = a.want(200, w.Boss, "GET", path, nil)
	says(t, doc, "Harbor <b>Trading</b> LLC", "Due by law", "How the scores come about", "Headquarters adopts the plan", "They are a draft")
	if n := doc.Find("input[name=line]").Length(); n != 3 {
		t.Fatalf("%d lines", n)
	}
	a.want(303, w.Boss, "POST", path+"/refresh", fill(t, doc, "/refresh"))
	a.want(409, w.Boss, "POST", path+"/refresh", fill(t, doc, "/refresh"))

	// Decided on together: the line of an old page is left as it was and named.
	old := doc.Find("input[name=line]").First().AttrOr("value", "")
	doc = a.want(200, w.Boss, "GET", path, nil)
	form = fill(t, doc, "/decide")
	var lines []string
	for _, s := range doc.Find("input[name=line]").EachIter() {
		lines = append(lines, s.AttrOr("value", ""))
	}
	form["line"] = lines[1:]
	doc = a.want(422, w.Boss, "POST", path+"/decide", form)
	if doc.Find("input[name=line][checked]").Length() != 2 || doc.Find("#error-summary a[href='#reason']").Length() != 1 {
		t.Error("what was ticked is not kept")
	}
	form.Set("decision", "later")
	form.Set("reason", "They move <soon>")
	form["line"] = append(lines[1:], old)
	doc = a.want(200, w.Boss, "POST", path+"/decide", form)
	says(t, doc, "2 members are decided on.", "1 member was left as it was", "Somebody else has changed it meanwhile")
	a.want(400, w.Boss, "POST", path+"/decide", url.Values{"line": {"nonsense"}})

	// One line: why, and a decision.
	item := a.want(200, w.Boss, "GET", path+"?show=undecided", nil).Find("th[scope=row] a").AttrOr("href", "")
	doc = a.want(200, w.Sam, "GET", item, nil)
	says(t, doc, "Why this score", "no data", "First validation: 1 ", "6 U.S.C. 965(a)")
	if doc.Find("form[action$='/decide']").Length() != 0 {
		t.Error("a specialist is offered to decide")
	}
	doc = a.want(200, w.Boss, "GET", item, nil)
	form = fill(t, doc, "/decide")
	form.Set("decision", "chosen")
	form.Set("reason", "Due by law")
	doc = a.want(422, w.Boss, "POST", item+"/decide", form)
	if doc.Find("textarea[name=reason]").Text() != "Due by law" {
		t.Error("the reason is not kept")
	}
	form.Set("quarter", "3")
	a.want(303, w.Boss, "POST", item+"/decide", form)
	a.want(409, w.Boss, "POST", item+"/decide", form)

	doc = a.want(200, w.Chief, "GET", path, nil)
	a.want(303, w.Chief, "POST", path+"/adopt", fill(t, doc, "/adopt"))
	a.want(409, second, "POST", path+"/adopt", fill(t, doc, "/adopt"))
	says(t, a.want(200, w.Auditor, "GET", path, nil), "Adopted by Cora Chief", "Planned and done", "Quarter 3")

	doc = a.want(200, w.Sam, "GET", item, nil)
	form = fill(t, doc, "/open")
	a.want(303, w.Sam, "POST", item+"/open", form)
	doc = a.want(409, w.Sam, "POST", item+"/open", form)
	if doc.Find("a[href^='/desk/validations/']").Length() == 0 {
		t.Error("the line does not lead to its validation")
	}
	id := w.Text(`select id::text from validation`)
	says(t, a.want(200, w.Sam, "GET", "/desk/validations/"+id+"/near", nil), "1 more within 150 km", "Pier Inc", "Boundaries do not imply recognition")

	res, _ = a.send(w.Auditor, "GET", path+"/plan.csv?show=all", nil)
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/csv") || res.Header.Get("Content-Disposition") != `attachment; filename="plan-ctpat-2026.csv"` {
		t.Errorf("the file: %d %v", res.StatusCode, res.Header)
	}
}

func TestDueAndPlaces(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	company := w.Importer("Harbor <b>Trading</b> LLC").CompanyID
	w.Exec(`update site set lat = 40.7, lon = -74.1 where company_id = ?`, company)
	planMember(w, company, "2026-06-01")
	other := w.Importer("Nowhere Inc").CompanyID
	member := planMember(w, other, "2026-02-01")
	w.Exec(`update clock set stopped_at = now() where subject_id = ?`, member)
	far := planMember(w, w.Importer("Late Inc").CompanyID, "2026-03-01")

	doc := a.want(200, w.Auditor, "GET", "/desk/plan/due", nil)
	says(t, doc, "Nowhere Inc", "No day is known", "2 days late", "Harbor <b>Trading</b> LLC", "In no plan", "First validation")
	if first := doc.Find("tbody th").First().Text(); !strings.Contains(first, "Nowhere") {
		t.Errorf("first comes %q, want who has no day", first)
	}
	says(t, a.want(200, w.Sam, "GET", "/desk/plan/due?when=90&office="+w.Brussels.String(), nil), "No member fits")
	res, _ := a.send(w.Sam, "GET", "/desk/plan/due.csv", nil)
	if res.StatusCode != 200 {
		t.Errorf("the file: %d", res.StatusCode)
	}
	doc = a.want(200, w.Sam, "GET", "/desk/visits/map", nil)
	if doc.Find("svg[role=img] title#map-title").Length() != 1 || doc.Find("svg rect").Length() != 1 || doc.Find("svg [style], svg script").Length() != 0 {
		t.Error("the map is not drawn, or with what the policy forbids")
	}
	says(t, doc, "Boundaries do not imply recognition", "Not on the map: the site has no coordinates", "Harbor <b>Trading</b> LLC")
	says(t, a.want(200, w.Sam, "GET", "/desk/visits/map?kind=visit", nil), "Nothing is due")
	stop := doc.Find("input[name=stop]").Last().AttrOr("value", "")
	doc = a.want(200, w.Sam, "GET", "/desk/visits/trip?stop="+url.QueryEscape(stop)+"&stop=need%3A"+far.String()+"&stop=nonsense", nil)
	says(t, doc, "The journey, stop by stop", "Stops without coordinates", "Late Inc", "The way back")
	says(t, a.want(200, w.Sam, "GET", "/desk/visits/trip", nil), "Choose up to twelve stops", "Add the chosen stops")
	for _, file := range []string{"/desk/visits/map.csv", "/desk/visits/trip.csv?stop=" + url.QueryEscape(stop)} {
		if res, _ := a.send(w.Sam, "GET", file, nil); res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/csv") {
			t.Errorf("%s: %d", file, res.StatusCode)
		}
	}
}
