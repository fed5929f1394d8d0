package web

import (
	"context"
	"io/fs"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/consultation"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/signing"
	"trustedtrader/config"
)

// checkService answers under an arrangement of the programme ctpat that is in force.
func checkService(t testing.TB, w *reviewtest.World) *consultation.Service {
	t.Helper()
	files, err := fs.Sub(config.Checks, "checks")
	w.Must(err)
	purposes, err := consultation.LoadPurposes(files)
	w.Must(err)
	keys, err := signing.Derive(make([]byte, 32))
	w.Must(err)
	return &consultation.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Purposes: purposes,
		Sign: func(payload []byte) (string, error) { return keys.Sign("JWS", jsonText(payload)) },
		Rules: func(context.Context, uuid.UUID, clock.Day) ([]consultation.Rule, error) {
			return []consultation.Rule{{Arrangement: "us-norland", Programme: "ctpat", State: consultation.RuleInForce, Version: "1", ValidFor: time.Hour}}, nil
		}}
}

type jsonText []byte

func (j jsonText) MarshalJSON() ([]byte, error) { return j, nil }

// customs opens a partner agency with an officer.
func customs(w *reviewtest.World, code string) identity.Actor {
	agency, person := pg.NewID(), pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, kind, created_at) values (?, ?, 'Norland <i>Customs</i>', 'NO', 'Europe/Oslo', 'customs', ?)`, agency, code, w.Clock.Now())
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, 'Otto Officer', ?)`, person, person.String(), code+"@customs.example", w.Clock.Now())
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values ('us-norland', ?, ?)`, agency, w.Clock.Now())
	return identity.Actor{PersonID: person, Name: "Otto Officer", Audience: identity.Partners, Role: identity.Officer, AgencyID: agency, Agency: "Norland Customs", Zone: time.UTC}
}

func TestCheckPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor <b>Trading</b> LLC")
	number := w.Text(`select number from membership where id = $1`, m)
	officer := customs(w, "norland-customs")
	if a.want(200, officer, "GET", "/agency", nil).Find("a[href='/agency/checks']").Length() == 0 {
		t.Error("the home does not lead to checks")
	}
	ask := func(form url.Values) string {
		t.Helper()
		if form.Get("purpose") == "" {
			form.Set("purpose", "import_declaration")
		}
		res, doc := a.send(officer, "POST", "/agency/checks", form)
		if res.StatusCode != 303 {
			t.Fatalf("a check: %d %s", res.StatusCode, doc.Find("main").Text())
		}
		return res.Header.Get("Location")
	}
	form := fill(t, a.want(200, officer, "GET", "/agency/checks", nil), "/agency/checks")
	if doc := a.want(422, officer, "POST", "/agency/checks", form); doc.Find("#error-summary a").Length() != 2 {
		t.Errorf("what is missing is not said: %s", doc.Find("#error-summary").Text())
	}
	text := func(path string) string {
		t.Helper()
		return strings.Join(strings.Fields(a.want(200, officer, "GET", path, nil).Find("#answer").Text()), " ")
	}
	unknown := text(ask(url.Values{"value": {"C26-999999"}}))
	if got := text(ask(url.Values{"value": {number}})); got != unknown || !strings.Contains(got, "says nothing against a company") || strings.Contains(strings.ToLower(got), "invalid") {
		t.Errorf("without consent %q, unknown %q", got, unknown)
	}
	w.Exec(`insert into recognition_consent (id, company_id, arrangement, given_at, giver, text_version, elements) values (?, ?, 'us-norland', ?, 'Olga', '1', '{name}')`, pg.NewID(), owner.CompanyID, w.Clock.Now())
	path := ask(url.Values{"value": {number}, "own_ref": {"MRN <1>"}})
	doc := a.want(200, officer, "GET", path, nil)
	says(t, doc, "The check worked", "Certified", "Grant the benefits", "Harbor <b>Trading</b> LLC", "MRN <1>", "Tier 1")
	if doc.Find("svg.tt-qr").Length() != 1 {
		t.Error("no QR code")
	}
	if res, _ := a.send(officer, "GET", path+"/signed.json", nil); res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/jose" {
		t.Errorf("signed: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	a.want(404, customs(w, "sudland-customs"), "GET", path, nil)

	// By name: masked candidates, and choosing one is a check.
	doc = a.want(200, officer, "GET", ask(url.Values{"value": {"harbor trading"}}), nil)
	if row := doc.Find("#candidates tbody tr"); row.Length() != 1 || strings.Contains(row.Text(), "Trading") || strings.Contains(doc.Find("main").Text(), "Certified") {
		t.Fatalf("candidates: %s", doc.Find("main").Text())
	}
	says(t, a.want(200, officer, "GET", ask(fill(t, doc, "/agency/checks")), nil), "Certified")
	if got := text(ask(url.Values{"value": {"nobody of this name"}})); got != unknown {
		t.Errorf("a name that nobody has: %q", got)
	}
	if n := a.want(200, officer, "GET", "/agency/checks/history", nil).Find("tbody tr").Length(); n != 6 {
		t.Errorf("%d checks in the history", n)
	}
	if n := a.want(200, officer, "GET", "/agency/checks/history?own_ref=MRN+%3C1%3E&outcome=answered&from-day=1&from-month=1&from-year=2026", nil).Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d checks after a filter", n)
	}
	a.want(422, officer, "GET", "/agency/checks/history?from-day=40&from-month=1&from-year=2026", nil)
	for range 9 {
		ask(url.Values{"value": {number}})
	}
	doc = a.want(200, w.Chief, "GET", "/desk/checks", nil)
	if !strings.Contains(doc.Find("#curious").Text(), "Otto Officer") {
		t.Errorf("curiosity: %s", doc.Find("#curious").Text())
	}
	says(t, a.want(200, w.Chief, "GET", "/desk"+strings.TrimPrefix(path, "/agency"), nil), "Certified", "Norland <i>Customs</i>")
	a.want(404, w.Sam, "GET", "/desk/checks", nil)

	// Whoever has both the number and the identifier.
	verify := func(status int, number, identifier string) string {
		t.Helper()
		return strings.Join(strings.Fields(a.want(status, identity.Actor{}, "GET", "/checks/verify?number="+url.QueryEscape(number)+"&identifier="+url.QueryEscape(identifier), nil).Find("main").Text()), " ")
	}
	no := path[strings.LastIndex(path, "/")+1:]
	if got := verify(200, strings.ToLower(no), strings.ReplaceAll(number, "-", "")); !strings.Contains(got, "Certified") || strings.Contains(got, "Otto") {
		t.Errorf("verified: %s", got)
	}
	if x, y := verify(404, no, "C26-000000"), verify(404, "TTC-26-7K3M-9QXF-4D2", number); x != y {
		t.Errorf("number wrong %q, identifier wrong %q", y, x)
	}
}

// list brings a list as a browser does.
func (a *applicant) list(who identity.Actor, purpose, name, content string) (status int, to string) {
	a.t.Helper()
	a.who = who
	status, to, _ = a.bring("/agency/checks/bulk", name, []byte(content), [2]string{"purpose", purpose}, [2]string{"own_ref", "L-1"})
	return status, to
}

func TestListPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor Trading LLC")
	number := w.Text(`select number from membership where id = $1`, m)
	w.Exec(`insert into recognition_consent (id, company_id, arrangement, given_at, giver, text_version, elements) values (?, ?, 'us-norland', ?, 'Olga', '1', '{name}')`, pg.NewID(), owner.CompanyID, w.Clock.Now())
	officer := customs(w, "norland-customs")
	if status, _ := a.list(officer, "import_declaration", "x.csv", "name\nHarbor\n"); status != 422 {
		t.Errorf("a list without identifiers: %d", status)
	}
	if status, _ := a.list(officer, "", "x.csv", "identifier\nHarbor\n"); status != 422 {
		t.Errorf("a list without a purpose: %d", status)
	}
	status, path := a.list(officer, "import_declaration", `C:\x\=list.csv`, "\uFEFFNote;EORI / TIN;Type;Number\r\n\"=1+1; \"\"x\"\"\";;;"+number+"\r\n\r\n@cmd;;;C26-999999\r\nempty;;;\r\nodd;;nonsense;"+number+"\r\n")
	if status != 303 {
		t.Fatalf("a list: %d", status)
	}
	open, _ := a.send(officer, "GET", path, nil)
	if open.Header.Get("Refresh") == "" {
		t.Error("the page does not renew itself")
	}
	id := uuid.MustParse(path[strings.LastIndex(path, "/")+1:])
	w.Exec(`update check_batch set status = 'stopped' where id = ?`, id)
	a.want(303, officer, "POST", path+"/retry", fill(t, a.want(200, officer, "GET", path, nil), "/retry"))
	a.want(409, officer, "POST", path+"/retry", url.Values{"version": {"1"}})
	w.Must(a.web.Checks.Work(w.Ctx, id))
	doc := a.want(200, officer, "GET", path, nil)
	says(t, doc, "4 of 4 rows", "2 of them cannot be checked")
	stranger := customs(w, "sudland-customs")
	for _, x := range []string{"/answers.csv", "/answers.xlsx", "/failed.csv", "/manifest.json"} {
		res, _ := a.send(officer, "GET", path+x, nil)
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %d", x, res.StatusCode)
		}
		other, _ := a.send(stranger, "GET", path+x, nil)
		if other.StatusCode != 404 {
			t.Errorf("another agency, %s: %d", x, other.StatusCode)
		}
	}
	if n := a.want(200, officer, "GET", "/agency/checks/bulk", nil).Find("#lists tbody tr").Length(); n != 1 {
		t.Errorf("%d lists", n)
	}
}
