package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// TestOperatorPages goes through the pages of a foreign operator: it applies without an account,
// its customs confirms it, suspends it and ends it, and a member that relies on it is told.
func TestOperatorPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, _ := f.Member("Harbor Trading LLC")
	agency, person := pg.NewID(), pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, 'union', 'Union Customs', 'DE', 'Europe/Berlin', ?)`, agency, w.Clock.Now())
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', 'otto', 'otto@union.example', true, 'Otto Officer', ?)`, person, w.Clock.Now())
	w.Exec(`insert into business_partner (company_id, name, country, role, risk, identifiers, created_at) values (?, 'Elbe <b>Freight</b>', 'DE', 'factory', 'low', 'AEO: de-aeof 12345', ?)`, owner.CompanyID, w.Clock.Now())
	officer := identity.Actor{PersonID: person, Name: "Otto Officer", Audience: identity.Partners, Role: identity.Officer, AgencyID: agency, Agency: "Union Customs", Zone: time.UTC}
	var guest identity.Actor
	says(t, a.want(200, guest, "GET", "/operators/apply", nil), "Nobody can apply now")
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values ('us-ctpat-eu-aeo', ?, ?)`, agency, w.Clock.Now())
	form := fill(t, a.want(200, guest, "GET", "/operators/apply", nil), "/operators/apply")
	if n := a.want(422, guest, "POST", "/operators/apply", form).Find("#error-summary a").Length(); n < 3 {
		t.Errorf("%d problems are said", n)
	}
	apply := url.Values{"door": {"us-ctpat-eu-aeo/ctpat"}, "name": {"Elbe <b>Freight</b> GmbH"}, "country": {"DE"}, "number": {"deaeof12345"}, "types": {"AEOF"}}
	res, _ := a.send(guest, "POST", "/operators/apply", apply)
	receipt := res.Header.Get("Location")
	if res.StatusCode != 303 || len(receipt) < 30 {
		t.Fatalf("applied: %d %q", res.StatusCode, receipt)
	}
	if a.want(422, guest, "POST", "/operators/apply", apply).Find("#error-summary a[href='#number']").Length() != 1 {
		t.Error("that it applied already is not said")
	}
	apply.Set("country", "JP")
	a.want(422, guest, "POST", "/operators/apply", apply)
	says(t, a.want(200, guest, "GET", receipt, nil), "Waits for its customs", "DEAEOF12345")
	a.want(404, guest, "GET", receipt[:len(receipt)-1]+"x", nil)

	page := a.want(200, officer, "GET", "/agency/operators", nil).Find("tbody a").AttrOr("href", "")
	stranger := officer
	stranger.AgencyID = pg.NewID()
	a.want(404, stranger, "GET", page, nil)
	a.want(404, stranger, "POST", page+"/say", url.Values{"version": {"1"}, "do": {"confirm"}})
	letters := func() int {
		return w.Count(`select count(*)::int from message where letter = 'foreign_partner_changed' and company_id = $1`, owner.CompanyID)
	}
	say := func(version, do, reason string, status int) {
		t.Helper()
		a.want(status, officer, "POST", page+"/say", url.Values{"version": {version}, "do": {do}, do + "-reason": {reason}})
	}
	say("1", "confirm", "", 303)
	say("1", "suspend", "At our register", 409)
	say("2", "suspend", "", 422)
	says(t, a.want(200, guest, "GET", receipt, nil), "You are recognized")
	if letters() != 0 {
		t.Error("a member is told of a confirmation")
	}
	say("2", "suspend", "At our register", 303)
	says(t, a.want(200, guest, "GET", receipt, nil), "Suspended at home", "not recognized now")
	if letters() != 1 {
		t.Error("the member that relies on it is not told of the suspension")
	}
	say("3", "resume", "", 303)
	say("4", "cease", "The status has ended", 303)
	say("5", "resume", "", 409)
	if letters() != 3 {
		t.Errorf("%d letters, want 3", letters())
	}
	if body := w.Text(`select body from message where letter = 'foreign_partner_changed' order by sent_at limit 1`); !strings.Contains(body, "Elbe <b>Freight</b> GmbH, DEAEOF12345") {
		t.Errorf("the letter: %s", body)
	}
	says(t, a.want(200, w.Sam, "GET", "/desk/operators?status=ended", nil), "Elbe <b>Freight</b> GmbH")
	a.want(200, w.Sam, "GET", strings.Replace(page, "/agency/", "/desk/", 1), nil)
	// The fence of the database, below the service.
	for name, scope := range map[string]pg.Scope{"a company": owner.Scope(), "another agency": stranger.Scope()} {
		var n int
		w.Must(w.DB.Batch(w.Ctx, scope, pg.Value(&n, `select count(*)::int from foreign_operator`)))
		if n != 0 {
			t.Errorf("%s reads %d foreign operators", name, n)
		}
	}
}
