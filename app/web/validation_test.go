package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/validation"
)

// member makes a company's newest application a membership.
func member(w *reviewtest.World, owner identity.Actor) uuid.UUID {
	w.T.Helper()
	id, now := pg.NewID(), w.Clock.Now()
	application := w.Text(`select id::text from application where company_id = $1 order by opened_at desc limit 1`, owner.CompanyID)
	w.Exec(`insert into membership (id, number, company_id, programme, edition, entity_type, tier, status, application_id, certified_on, effective_on, created_at)
		select ?, ?, company_id, programme, edition, entity_type, 'tier_1', 'active', id, '2026-03-01', '2026-03-01', ? from application where id = ?`, id, "M-"+id.String()[24:], now, application)
	return id
}

// officer lets a person of the agency go on visits, once.
func officer(w *reviewtest.World, who identity.Actor) {
	w.T.Helper()
	w.Exec(`insert into officer (person_id, office_id, languages, skills, base, base_country, base_lat, base_lon, capacity, created_at)
		values (?, ?, '{en}', '{ctpat/importer}', 'New York', 'US', 40.71, -74.0, 20, ?) on conflict do nothing`, who.PersonID, who.OfficeID, w.Clock.Now())
}

// visitObjects makes a validation whose company was offered a time and asked for an observer.
func visitObjects(w *reviewtest.World, s *validation.Service, owner identity.Actor) map[string]string {
	w.T.Helper()
	m := member(w, owner)
	officer(w, w.Sam)
	v, err := s.Open(w.Ctx, w.Sam, validation.OpenEntry{Membership: &m, Reason: "First validation", Lead: &w.Sam.PersonID})
	w.Must(err)
	v, err = s.NotifyCompany(w.Ctx, w.Sam, v.ID, validation.NotifyEntry{Version: v.Version})
	w.Must(err)
	visit := uuid.MustParse(w.Text(`select id::text from visit where validation_id = $1`, v.ID))
	_, err = s.Offer(w.Ctx, w.Sam, visit, validation.OfferEntry{Slots: []string{"2026-04-07T09:00/2026-04-07T17:00"}, Version: 1})
	w.Must(err)
	agency := pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, ?, ?, 'JP', 'Asia/Tokyo', ?)`, agency, "a-"+agency.String()[24:], "Agency "+agency.String()[24:], w.Clock.Now())
	w.Must(s.AskForObserver(w.Ctx, w.Sam, visit, validation.ObserverEntry{Agency: agency.String(), Purpose: "Mutual recognition"}))
	return map[string]string{"validation": v.ID.String(), "visit": visit.String(), "slot": w.Text(`select id::text from slot where visit_id = $1`, visit),
		"paper": w.Text(`select id::text from visit_document where visit_id = $1 limit 1`, visit), "observer": w.Text(`select id::text from visit_observer where visit_id = $1`, visit)}
}

// TestValidationPages walks a validation from the membership to the end of its visits, in
// the browser's words: every form of it is sent, refused and accepted.
func TestValidationPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	w.Steps.Letters.From = "portal@customs.example"
	owner := w.Importer("Harbor Trading LLC")
	owner.Zone = time.UTC
	w.Submit(owner, "ctpat", "importer")
	m := member(w, owner)
	officer(w, w.Sam)
	officer(w, w.Sue)

	// Open
	open := "/desk/validations/new?membership=" + m.String()
	form := fill(t, a.want(200, w.Sam, "GET", open, nil), "?membership="+m.String())
	form.Del("reason")
	a.want(422, w.Sam, "POST", open, form)
	form.Set("reason", "A year has nearly passed")
	form.Set("lead", w.Sam.PersonID.String())
	a.want(303, w.Sam, "POST", open, form)
	id := w.Text(`select id::text from validation`)
	at := "/desk/validations/" + id
	a.want(404, owner, "GET", "/validations/"+id, nil) // not told yet
	a.want(403, w.Other, "GET", open, nil)

	// Change, add a visit, choose the team
	doc := a.want(200, w.Sam, "GET", at+"/edit", nil)
	form = fill(t, doc, "/edit")
	form.Set("window_to-year", "soon")
	a.want(422, w.Sam, "POST", at+"/edit", form)
	form.Set("window_to-year", "2026")
	form.Set("window_to-month", "12")
	form.Set("reason", "The year is nearly over")
	a.want(303, w.Sam, "POST", at+"/edit", form)
	form = fill(t, a.want(200, w.Sam, "GET", at+"/visits/new", nil), "/visits/new")
	form.Set("kind", "relied_upon")
	form.Set("place", "Fábrica Norte")
	form.Set("country", "MX")
	form.Set("zone", "America/Mexico_City")
	form.Set("days", "0")
	a.want(422, w.Sam, "POST", at+"/visits/new", form)
	for name, value := range map[string]string{"relied_on": "OEA 4711", "relied_checked-day": "1", "relied_checked-month": "3", "relied_checked-year": "2026"} {
		form.Set(name, value)
	}
	a.want(303, w.Sam, "POST", at+"/visits/new", form)
	visit := w.Text(`select id::text from visit where kind = 'domestic'`)
	relied := w.Text(`select id::text from visit where kind = 'relied_upon'`)
	desk, own := "/desk/visits/"+visit, "/visits/"+visit
	form = fill(t, a.want(200, w.Sam, "GET", desk+"/edit", nil), "/edit")
	form.Set("agenda", "Gate, yard, office")
	a.want(303, w.Sam, "POST", desk+"/edit", form)
	form = fill(t, a.want(200, w.Sam, "GET", desk+"/team", nil), "/team")
	form["members"], form["trainees"] = []string{w.Sam.PersonID.String()}, nil
	a.want(422, w.Sam, "POST", desk+"/team", form)
	form["members"] = []string{w.Sue.PersonID.String()}
	a.want(303, w.Sam, "POST", desk+"/team", form)

	// Notify
	doc = a.want(200, w.Sam, "GET", at+"/notify", nil)
	if text := doc.Find("main").Text(); !strings.Contains(text, "3 April 2026") || !strings.Contains(text, "Head office") {
		t.Errorf("notice: %s", text)
	}
	a.want(303, w.Sam, "POST", at+"/notify", fill(t, doc, "/notify"))
	a.want(409, w.Sam, "POST", at+"/notify", fill(t, doc, "/notify"))
	if text := a.want(200, owner, "GET", "/validations/"+id, nil).Find("main").Text(); !strings.Contains(text, "Sue Second") || strings.Contains(text, "The year is nearly over") {
		t.Errorf("the company reads: %s", text)
	}
	if text := a.want(200, owner, "GET", "/validations", nil).Find("main").Text(); !strings.Contains(text, "V-2026-") {
		t.Errorf("list: %s", text)
	}

	// Offer
	doc = a.want(200, w.Sam, "GET", desk+"/offer?from=2026-04-01&to=2026-04-20", nil)
	if text := doc.Find("main").Text(); !strings.Contains(text, "Tue 7 April 2026, 09:00–17:00 (site time, New York, UTC−4)") || !strings.Contains(text, "2 April 2026") {
		t.Errorf("search: %s", text)
	}
	a.want(422, w.Sam, "GET", desk+"/offer?from=soon&to=2026-04-20", nil)
	form = fill(t, doc, "/offer")
	form.Del("slots")
	a.want(422, w.Sam, "POST", desk+"/offer", form)
	form["slots"] = []string{"2026-04-07T09:00/2026-04-07T17:00", "2026-04-14T09:00/2026-04-14T17:00"}
	form.Set("other-day-day", "30")
	form.Set("other-day-month", "2")
	form.Set("other-day-year", "2026")
	if text := a.want(422, w.Sam, "POST", desk+"/offer", form).Find("#error-summary").Text(); !strings.Contains(text, "the day") {
		t.Errorf("an odd day: %s", text)
	}
	form.Set("other-day-day", "21")
	form.Set("other-day-month", "4")
	a.want(303, w.Sam, "POST", desk+"/offer", form)

	// Answer
	doc = a.want(200, owner, "GET", own, nil)
	if text := doc.Find("#offer").Text(); !strings.Contains(text, "13:00–21:00 your time (UTC)") {
		t.Errorf("offer: %s", text)
	}
	form = fill(t, doc, "/answer")
	a.want(422, owner, "POST", own+"/answer", form)
	slots := strings.Fields(w.Text(`select string_agg(id::text, ' ' order by position) from slot`))
	for i, said := range []string{"no", "if_needed", "yes"} {
		form.Set("slot-"+slots[i], said)
	}
	form.Set("suggest-1-day-day", "22")
	form.Set("suggest-1-day-month", "4")
	form.Set("suggest-1-day-year", "2026")
	form.Set("suggest-1-note", "Our manager is back")
	a.want(303, owner, "POST", own+"/answer", form)
	version := func() url.Values {
		return url.Values{"version": {w.Text(`select version::text from visit where id = $1`, visit)}}
	}
	a.want(409, w.Sam, "POST", desk+"/slots/"+slots[0]+"/confirm", version()) // refused by the company
	a.want(303, w.Sam, "POST", desk+"/slots/"+slots[0]+"/withdraw", version())
	suggested := w.Text(`select id::text from slot where suggested`)
	a.want(303, w.Sam, "POST", desk+"/slots/"+suggested+"/confirm", version())
	doc = a.want(200, owner, "GET", own, nil)
	if text := doc.Find("main").Text(); !strings.Contains(text, "Wed 22 April 2026, 09:00–17:00 (site time, New York, UTC−4)") {
		t.Errorf("booked: %s", text)
	}

	// Prepare
	form = fill(t, doc, "/prepare")
	a.want(422, owner, "POST", own+"/prepare", form)
	form.Set("hosts", "Eve Employee, +1 202 555 0100")
	a.want(303, owner, "POST", own+"/prepare", form)
	paper := w.Text(`select id::text from visit_document where visit_id = $1 order by created_at, id limit 1`, visit)
	a.want(303, owner, "POST", own+"/documents/"+paper, url.Values{"ready": {"yes"}, "evidence-" + paper: {""}})
	a.want(303, w.Sam, "POST", desk+"/documents", url.Values{"name": {"Visitor log"}})
	a.want(422, w.Sam, "POST", desk+"/documents", url.Values{"name": {""}})
	a.want(303, w.Sam, "POST", desk+"/documents/"+w.Text(`select id::text from visit_document where name = 'Visitor log'`)+"/remove", url.Values{})
	a.want(422, owner, "POST", own+"/short-notice", version())
	form = version()
	form.Set("accepted", "yes")
	a.want(303, owner, "POST", own+"/short-notice", form)

	// Observers
	agency := pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, 'japan', 'Japan Customs', 'JP', 'Asia/Tokyo', ?)`, agency, w.Clock.Now())
	agent := identity.Actor{PersonID: w.Sam.PersonID, RightID: pg.NewID(), Name: "Akira", Audience: identity.Partners, Role: identity.Officer, AgencyID: agency, Agency: "Japan Customs", Zone: time.UTC}
	a.want(422, w.Sam, "POST", desk+"/observers", url.Values{"agency": {agency.String()}})
	a.want(303, w.Sam, "POST", desk+"/observers", url.Values{"agency": {agency.String()}, "purpose": {"Mutual recognition"}})
	a.want(404, agent, "GET", "/agency/visits/"+visit, nil)
	observer := w.Text(`select id::text from visit_observer`)
	a.want(303, owner, "POST", own+"/observers/"+observer, url.Values{"answer": {"given"}, "version": {"1"}})
	doc = a.want(200, agent, "GET", "/agency/visits/"+visit, nil)
	if text := doc.Find("main").Text(); strings.Contains(text, "Eve Employee") || strings.Contains(text, "1 Pier") || strings.Contains(text, "Sue Second") || !strings.Contains(text, "22 April 2026") {
		t.Errorf("an observer reads: %s", text)
	}
	form = fill(t, doc, "/conclusion")
	a.want(422, agent, "POST", "/agency/visits/"+visit+"/conclusion", form)
	form.Set("text", "Comparable to our own")
	a.want(303, agent, "POST", "/agency/visits/"+visit+"/conclusion", form)
	if text := a.want(200, agent, "GET", "/agency/visits", nil).Find("main").Text(); !strings.Contains(text, "Harbor Trading") {
		t.Errorf("visits to observe: %s", text)
	}

	// Another time, twice, then offers that are taken back
	form = fill(t, a.want(200, owner, "GET", own+"/ask", nil), "/ask")
	a.want(422, owner, "POST", own+"/ask", form)
	for name, value := range map[string]string{"reason": "Stocktaking", "suggest-1-day-day": "23", "suggest-1-day-month": "4", "suggest-1-day-year": "2026"} {
		form.Set(name, value)
	}
	a.want(303, owner, "POST", own+"/ask", form)
	a.want(303, w.Sam, "POST", desk+"/offer/withdraw", version())
	form = fill(t, a.want(200, w.Sam, "GET", desk+"/move", nil), "/move")
	a.want(422, w.Sam, "POST", desk+"/move", form)
	for name, value := range map[string]string{"day-day": "24", "day-month": "4", "day-year": "2026", "reason": "Stocktaking", "agreed_with": "Olga Owner"} {
		form.Set(name, value)
	}
	a.want(303, w.Sam, "POST", desk+"/move", form)
	if text := a.want(200, w.Sam, "GET", desk, nil).Find("#times").Text(); !strings.Contains(text, "Stocktaking") {
		t.Errorf("history: %s", text)
	}

	// Cancel another
	other := w.Importer("Second Company Inc")
	w.Submit(other, "ctpat", "importer")
	x := visitObjects(w, a.web.Validations, other)
	form = fill(t, a.want(200, w.Sam, "GET", "/desk/visits/"+x["visit"]+"/cancel", nil), "/cancel")
	a.want(422, w.Sam, "POST", "/desk/visits/"+x["visit"]+"/cancel", form)
	form.Set("reason", "The site has closed")
	a.want(303, w.Sam, "POST", "/desk/visits/"+x["visit"]+"/cancel", form)
	form = fill(t, a.want(200, w.Sam, "GET", "/desk/validations/"+x["validation"]+"/cancel", nil), "/cancel")
	a.want(422, w.Sam, "POST", "/desk/validations/"+x["validation"]+"/cancel", form)
	form.Set("reason", "The company was sold")
	a.want(303, w.Sam, "POST", "/desk/validations/"+x["validation"]+"/cancel", form)
	if text := a.want(200, other, "GET", "/validations/"+x["validation"], nil).Find("main").Text(); !strings.Contains(text, "Cancelled") {
		t.Errorf("cancelled: %s", text)
	}

	// The visit
	a.want(422, w.Sam, "POST", desk+"/begin", version())
	w.Clock.Move(52 * 24 * time.Hour) // 24 April
	a.want(303, w.Sam, "POST", desk+"/begin", version())
	a.want(303, w.Sam, "POST", desk+"/end", version())
	a.want(303, w.Sam, "POST", "/desk/visits/"+relied+"/settle", url.Values{"version": {w.Text(`select version::text from visit where id = $1`, relied)}})
	if text := a.want(200, w.Sam, "GET", at, nil).Find("main").Text(); !strings.Contains(text, "Visits done") {
		t.Errorf("over: %s", text)
	}
	for _, queue := range []string{"mine", "office", "to_book", "to_choose", "waiting", "silent", "overdue", "closed"} {
		a.want(200, w.Sam, "GET", "/desk/validations?queue="+queue, nil)
	}
	if text := a.want(200, w.Sam, "GET", "/desk/validations", nil).Find("main").Text(); !strings.Contains(text, "Harbor Trading") {
		t.Errorf("queue: %s", text)
	}
}
