package web

import (
	"crypto/ed25519"
	"net/url"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/consent"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/singlewindow"
)

func windowService(w *reviewtest.World) *singlewindow.Service {
	return &singlewindow.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
}

// TestConsentPages goes through the pages of one government: an officer finds nothing, the
// company agrees, the officer finds it, the company reads who looked and takes it back.
func TestConsentPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor <b>Trading</b> LLC")
	number := w.Text(`select number from membership where id = $1`, m)
	agency, person := pg.NewID(), pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, kind, created_at) values (?, 'food', 'Food <i>Agency</i>', 'US', 'America/New_York', ?, ?)`, agency, consent.OtherAgency, w.Clock.Now())
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', 'otto', 'otto@food.example', true, 'Otto Officer', ?)`, person, w.Clock.Now())
	officer := identity.Actor{PersonID: person, Name: "Otto Officer", Audience: identity.Partners, Role: identity.Officer, AgencyID: agency, Agency: "Food Agency", Zone: time.UTC}
	if a.want(200, officer, "GET", "/agency", nil).Find("a[href='/agency/members']").Length() == 0 {
		t.Error("the home does not lead to the search")
	}
	form := fill(t, a.want(200, officer, "GET", "/agency/members", nil), "/agency/members")
	if doc := a.want(422, officer, "POST", "/agency/members", form); doc.Find("#error-summary a[href='#why']").Length() != 1 {
		t.Error("what is missing is not said")
	}
	ask := url.Values{"number": {number}, "why": {"A shipment of food"}}
	unknown := a.want(200, officer, "POST", "/agency/members", url.Values{"number": {"C26-999999"}, "why": {"A shipment of food"}}).Find("#found").Text()
	if got := a.want(200, officer, "POST", "/agency/members", ask).Find("#found").Text(); got != unknown || got == "" {
		t.Errorf("without consent: %q, unknown: %q", got, unknown)
	}
	give := "/company/consents/" + agency.String() + "/give"
	doc := a.want(200, owner, "GET", "/company/consents", nil)
	if !strings.Contains(doc.Find("#shown").Text(), number) {
		t.Errorf("what is shown is not said: %s", doc.Find("#shown").Text())
	}
	a.want(303, owner, "POST", give, fill(t, doc, "/give"))
	if got := a.want(200, officer, "POST", "/agency/members", ask).Find("#found table").Text(); !strings.Contains(got, "Harbor <b>Trading</b> LLC") || !strings.Contains(got, "Tier 1") {
		t.Errorf("with consent: %q", got)
	}
	doc = a.want(200, owner, "GET", "/company/consents", nil)
	if n := doc.Find("#looks tbody tr").Length(); n != 2 || !strings.Contains(doc.Find("#looks").Text(), "A shipment of food") {
		t.Errorf("%d looks: %s", n, doc.Find("#looks").Text())
	}
	a.want(303, owner, "POST", "/company/consents/"+agency.String()+"/revoke", fill(t, doc, "/revoke"))
	if got := a.want(200, officer, "POST", "/agency/members", ask).Find("#found").Text(); got != unknown {
		t.Errorf("after it was taken back: %q", got)
	}
	status := 200
	for n := 0; status == 200 && n <= looks; n++ {
		res, _ := a.send(officer, "POST", "/agency/members", ask)
		status = res.StatusCode
	}
	if status != 429 {
		t.Errorf("after %d looks in a minute: %d", looks, status)
	}

	if _, err := a.web.Window.Make(w.Ctx); err != nil {
		t.Fatal(err)
	}
	doc = a.want(200, w.Chief, "GET", "/desk/single-window", nil)
	href := doc.Find("a[href$='/file']").First().AttrOr("href", "")
	res, _ := a.send(w.Chief, "GET", href, nil)
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Disposition"), "2026-03-03.jsonl") {
		t.Errorf("file: %d %s", res.StatusCode, res.Header.Get("Content-Disposition"))
	}
	a.want(404, w.Sam, "GET", "/desk/single-window", nil)
}
