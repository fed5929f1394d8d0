package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/roster"
)

// officerEntry is what a supervisor enters about somebody in New York.
func officerEntry(person uuid.UUID) roster.OfficerEntry {
	in := roster.NewOfficer()
	in.PersonID, in.Languages, in.Skills = person, []string{"en", "es"}, []string{"ctpat/importer", "eu-aeo/aeoc"}
	in.Base, in.BaseCountry, in.BaseLat, in.BaseLon = "New York", "US", "40.7128", "-74.006"
	return in
}

// hire makes somebody an officer with a day of training, once.
func hire(w *reviewtest.World, s *roster.Service, who identity.Actor) (officer, booking string) {
	w.T.Helper()
	if w.Count(`select count(*)::int from officer where person_id = $1`, who.PersonID) == 0 {
		w.Must(s.Register(w.Ctx, w.Chief, officerEntry(who.PersonID)))
		w.Must(s.AddAbsence(w.Ctx, who, who.PersonID, roster.AbsenceEntry{Kind: roster.Training, From: "2026-03-10", To: "2026-03-10", Note: "First aid"}))
	}
	return who.PersonID.String(), w.Text(`select id::text from booking where officer_id = $1 limit 1`, who.PersonID)
}

func TestOfficerPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	doc := a.want(200, w.Boss, "GET", "/desk/officers/new", nil)
	form := fill(t, doc, "/desk/officers/new")
	doc = a.want(422, w.Boss, "POST", "/desk/officers/new", form)
	if doc.Find("#error-summary li").Length() < 6 {
		t.Errorf("problems: %s", doc.Find("#error-summary").Text())
	}
	for name, values := range map[string][]string{"person": {w.Sam.PersonID.String()}, "languages": {"en", "es"}, "skills": {"ctpat/importer"}, "base": {"New York"},
		"base_country": {"US"}, "base_lat": {"40.7128"}, "base_lon": {"-74.006"}, "work_days": {"1", "2", "3", "4", "5"}} {
		form[name] = values
	}
	a.want(303, w.Boss, "POST", "/desk/officers/new", form)
	path := "/desk/officers/" + w.Sam.PersonID.String()
	if text := a.want(200, w.Sue, "GET", "/desk/officers", nil).Find("main").Text(); !strings.Contains(text, "Sam Specialist") || !strings.Contains(text, "0 of 8 days") {
		t.Errorf("list: %s", text)
	}

	doc = a.want(200, w.Boss, "GET", path+"/edit", nil)
	form = fill(t, doc, path+"/edit")
	form["languages"], form["skills"], form["work_days"] = []string{"en"}, []string{"ctpat/importer"}, []string{"1", "2"}
	form.Set("capacity", "99")
	a.want(422, w.Boss, "POST", path+"/edit", form)
	form.Set("capacity", "5")
	a.want(303, w.Boss, "POST", path+"/edit", form)
	doc = a.want(409, w.Boss, "POST", path+"/edit", form)
	if doc.Find(".tt-conflict").Length() != 1 {
		t.Error("nobody says that it has changed")
	}
	if text := a.want(200, w.Sam, "GET", path, nil).Find("main").Text(); !strings.Contains(text, "Monday, Tuesday") || !strings.Contains(text, "0 of 5") {
		t.Errorf("officer: %s", text)
	}
	a.want(404, w.Sam, "GET", path+"/edit", nil)

	leave := url.Values{"kind": {"leave"}, "from-day": {"30"}, "from-month": {"2"}, "from-year": {"2026"}, "to-day": {"9"}, "to-month": {"3"}, "to-year": {"2026"}, "note": {"Family"}}
	doc = a.want(422, w.Sam, "POST", path+"/bookings", leave)
	if doc.Find("input[name=note]").AttrOr("value", "") != "Family" || doc.Find("input[name=from-day]").AttrOr("value", "") != "30" {
		t.Error("what was typed is not kept")
	}
	leave.Set("from-day", "6")
	leave.Set("from-month", "3")
	a.want(303, w.Sam, "POST", path+"/bookings", leave)
	a.want(403, w.Sue, "POST", path+"/bookings", leave)
	a.want(422, w.Boss, "POST", path+"/bookings", leave)
	doc = a.want(200, w.Boss, "GET", path+"#agenda", nil)
	if text := doc.Find("#agenda, section").Text(); !strings.Contains(text, "Fri 6 March 2026 to Mon 9 March 2026") {
		t.Errorf("agenda: %s", text)
	}
	cancel := ""
	doc.Find("form").Each(func(_ int, s *goquery.Selection) {
		if at := s.AttrOr("action", ""); strings.HasSuffix(at, "/cancel") {
			cancel = at
		}
	})
	a.want(303, w.Sam, "POST", cancel, fill(t, doc, cancel))

	a.want(422, w.Boss, "POST", path+"/end", url.Values{"version": {"2"}})
	a.want(303, w.Boss, "POST", path+"/end", url.Values{"version": {"2"}, "reason": {"Moves to another task"}})
	a.want(409, w.Boss, "POST", path+"/end", url.Values{"version": {"3"}, "reason": {"Moves to another task"}})
}

func TestCalendarPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	hire(w, a.web.Roster, w.Sam)
	owner := w.Importer("Harbor Trading LLC")
	member := w.Submit(owner, "ctpat", "importer")
	validation, visit := pg.NewID(), pg.NewID()
	w.Exec(`insert into validation (id, reference, company_id, programme, entity_type, kind, application_id, office_id, status, reason, window_from, window_to, days, opened_at)
		values (?, 'V-2026-0001', ?, 'ctpat', 'importer', 'for_cause', ?, ?, 'planned', 'Because', '2026-03-01', '2026-04-01', 1, ?)`, validation, owner.CompanyID, member.ID, w.NewYork, w.Clock.Now())
	w.Exec(`insert into visit (id, validation_id, company_id, number, kind, status, place, country, zone, days) values (?, ?, ?, 1, 'foreign', 'to_book', 'Monterrey plant', 'MX', 'America/Mexico_City', 1)`,
		visit, validation, owner.CompanyID)
	w.Must(w.DB.Write(w.Ctx, w.Sam.Scope(), func(tx pg.Tx) error {
		return roster.Book(w.Ctx, tx, w.Clock.Now(), w.Sam, []roster.Booking{{OfficerID: w.Sam.PersonID, Kind: roster.Visit, State: roster.Confirmed, VisitID: &visit,
			StartsAt: w.Clock.Now().AddDate(0, 0, 14), EndsAt: w.Clock.Now().AddDate(0, 0, 14).Add(8 * 3600e9), TravelBefore: 720, TravelAfter: 720}})
	}))
	for query, want := range map[string]string{
		"": "Harbor Trading LLC", "?view=agenda": "Monterrey plant, Mexico", "?view=weeks": "Travel to Harbor Trading LLC", "?view=month&month=2026-04": "April 2026",
		"?view=agenda&month=2026-05": "Nothing in this month", "?month=never&office=nobody&officer=nobody": "March 2026", "?view=weeks&programme=none": "No officers here",
	} {
		doc := a.want(200, w.Sam, "GET", "/desk/calendar"+query, nil)
		if text := doc.Find("main").Text(); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q: %s", query, want, text)
		}
	}
	doc := a.want(200, w.Auditor, "GET", "/desk/calendar?view=weeks", nil)
	if doc.Find("svg[role=img] title").First().Text() == "" || doc.Find("[style]").Length() > 0 {
		t.Error("the chart has no title, or a style of its own")
	}
	doc = a.want(200, w.Chief, "GET", "/desk/calendar/capacity?more=1", nil)
	if text := doc.Find("main").Text(); !strings.Contains(text, "With 1 more officer") || doc.Find(".tt-loads tbody tr").Length() != 1 || doc.Find("[style]").Length() > 0 {
		t.Errorf("capacity: %s", text)
	}
	a.want(200, w.Chief, "GET", "/desk/calendar/capacity?more=x&office=all&programme=eu-aeo", nil)
}
