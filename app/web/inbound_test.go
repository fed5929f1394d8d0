package web

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/inbound"
	"trustedtrader/app/partnerapi"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
)

// agencyPerson is somebody of a partner agency.
func agencyPerson(w *reviewtest.World, agency uuid.UUID, name string, role identity.Role) identity.Actor {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, ?, ?)`, id, id.String(), id.String()+"@union.example", name, w.Clock.Now())
	return identity.Actor{PersonID: id, Name: name, Audience: identity.Partners, Role: role, AgencyID: agency, Agency: "Union Customs", Zone: time.UTC}
}

// TestInboundPages goes through the pages of lists of foreign operators: a file with unknown
// headings, columns named, looked at, taken over by another; a drop; a refusal; a list taken
// back; the task of a member that relies on one that fell; and headquarters with what is stale.
func TestInboundPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, _ := f.Member("Harbor Trading LLC")
	partner := pg.NewID()
	w.Exec(`insert into business_partner (id, company_id, name, country, role, risk, identifiers, created_at) values (?, ?, 'Elbe <b>Freight</b>', 'DE', 'factory', 'low', 'AEO: de-aeof 1', ?)`, partner, owner.CompanyID, w.Clock.Now())
	agency := pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, 'union', 'Union Customs', 'DE', 'Europe/Berlin', ?)`, agency, w.Clock.Now())
	ada, otto := agencyPerson(w, agency, "Ada Admin", identity.AgencyAdmin), agencyPerson(w, agency, "Otto Officer", identity.Officer)
	stranger := agencyPerson(w, pg.NewID(), "Nosy Admin", identity.AgencyAdmin)
	says(t, a.want(200, ada, "GET", "/agency/feeds", nil), "There is no channel")
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values ('us-ctpat-eu-aeo', ?, ?)`, agency, w.Clock.Now())
	channel := inbound.ChannelID(agency, "us-ctpat-eu-aeo", "ctpat")
	at := "/agency/feeds/" + channel.String()
	says(t, a.want(200, ada, "GET", "/agency/feeds", nil), "none yet", "In time")
	says(t, a.want(200, ada, "GET", at, nil), "Bring a list")
	if a.want(200, otto, "GET", at, nil).Find("input[type=file]").Length() != 0 {
		t.Error("an officer is offered to bring a list")
	}
	a.want(404, stranger, "GET", at, nil)
	bring := func(who identity.Actor, path, kind, day, content string, more ...[2]string) (int, string) {
		t.Helper()
		a.who = who
		status, to, doc := a.bring(path, "aeo.csv", []byte(content), append([][2]string{{"kind", kind}, {"as_of-day", day}, {"as_of-month", "3"}, {"as_of-year", "2026"}}, more...)...)
		if status == 422 {
			to = doc.Find("#error-summary").Text()
		}
		return status, to
	}
	head := "Kennung;Firma;Staat;Zustand\n"
	rows := "DE-AEOF 1;Elbe <b>Freight</b> GmbH;DE;active\nFRAEOC2;Seine SA;FR;active\nITAEOF3;Tevere SpA;IT;active\n"
	if status, _ := bring(otto, at, "full", "2", head+rows); status != 404 {
		t.Errorf("an officer brings a list: %d", status)
	}
	if status, why := bring(ada, at, "", "40", head+rows); status != 422 || !strings.Contains(why, "day") {
		t.Errorf("without kind and day: %d %s", status, why)
	}
	if status, why := bring(ada, at, "full", "2", head+rows, [2]string{"rows", "4"}); status != 422 || !strings.Contains(why, "3 rows") {
		t.Errorf("another number of rows: %d %s", status, why)
	}
	a.want(422, ada, "POST", at, url.Values{})
	status, list := bring(ada, at, "full", "2", head+rows)
	if status != 303 || !strings.HasPrefix(list, "/agency/feeds/lists/") {
		t.Fatalf("brought: %d %s", status, list)
	}
	doc := a.want(200, ada, "GET", list, nil)
	says(t, doc, "Columns to name", "does not know all headings")
	form := fill(t, doc, "/columns")
	if a.want(422, ada, "POST", list+"/columns", form).Find("#error-summary a[href='#column-number']").Length() != 1 {
		t.Error("that the number must be named is not said")
	}
	for code, place := range map[string]string{"number": "0", "name": "1", "country": "2", "status": "3"} {
		form.Set("column-"+code, place)
	}
	a.want(404, otto, "POST", list+"/columns", form)
	a.want(303, ada, "POST", list+"/columns", form)
	says(t, a.want(200, otto, "GET", "/agency", nil), "1 waits")
	says(t, a.want(200, otto, "GET", "/agency/operators?number=de+aeof-1", nil), "There is no operator")
	doc = a.want(200, otto, "GET", list, nil)
	says(t, doc, "Waits for a second person", "Elbe <b>Freight</b> GmbH")
	form = fill(t, doc, "/take")
	a.want(409, ada, "POST", list+"/take", form)
	a.want(404, stranger, "POST", list+"/take", form)
	a.want(303, otto, "POST", list+"/take", form)
	a.want(409, otto, "POST", list+"/take", form)
	says(t, a.want(200, otto, "GET", list, nil), "Taken over", "Otto Officer")

	// The next list is known by its headings. Half of it is missing.
	_, list = bring(ada, at, "full", "3", head+"FRAEOC2;Seine SA;FR;active\nITAEOF3;=Tevere;XX;active\n")
	doc = a.want(200, otto, "GET", list, nil)
	says(t, doc, "1 of 3 operators that count would no longer (34%)", "1 member of ours has one of them", "1 row cannot be taken")
	res, _ := a.send(otto, "GET", list+"/errors.csv", nil)
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Disposition"), "-errors.csv") {
		t.Errorf("errors: %d %v", res.StatusCode, res.Header)
	}
	says(t, a.want(200, otto, "GET", list+"?show=wrong", nil), "line 3", "Enter a country of this arrangement")
	form = fill(t, doc, "/take")
	if a.want(422, otto, "POST", list+"/take", form).Find("#error-summary a[href='#agreed']").Length() != 1 {
		t.Error("that many fall is not asked")
	}
	form.Set("agreed", "yes")
	a.want(303, otto, "POST", list+"/take", form)
	operator := w.Text(`select id::text from foreign_operator where status = 'ended'`)
	says(t, a.want(200, otto, "GET", "/agency/operators/"+operator, nil), "Do not grant benefits", "Ended: no longer on the full list")

	// The member that relies on it has a task.
	says(t, a.want(200, owner, "GET", "/company", nil), "1 business partner has lost its status abroad")
	says(t, a.want(200, owner, "GET", "/partners?show=abroad", nil), "Elbe <b>Freight</b>", "Changed abroad")
	page := "/partners/" + partner.String()
	doc = a.want(200, owner, "GET", page, nil)
	says(t, doc, "Ended in its country")
	action := doc.Find("form[action*='/abroad/']").AttrOr("action", "")
	form = fill(t, doc, action)
	a.want(422, owner, "POST", action, form)
	for name := range form {
		if strings.HasPrefix(name, "settle-") {
			form.Set(name, "We visited the warehouse and changed 3.1")
		}
	}
	nosy := w.Importer("Nosy Neighbor Inc")
	a.want(404, nosy, "POST", action, form)
	a.want(303, owner, "POST", action, form)
	a.want(409, owner, "POST", action, form)
	says(t, a.want(200, owner, "GET", page, nil), "Dealt with on", "We visited the warehouse")

	w.Clock.Move(2 * time.Minute) // nobody brings more than a few lists in a minute

	// Refused, and taken back.
	_, list = bring(ada, at, "delta", "3", head+"FRAEOC2;Seine;FR;active\n")
	form = fill(t, a.want(200, otto, "GET", list, nil), "/refuse")
	a.want(422, otto, "POST", list+"/refuse", form)
	form.Set("reason", "The name is wrong")
	a.want(303, otto, "POST", list+"/refuse", form)
	says(t, a.want(200, ada, "GET", list, nil), "Refused", "The name is wrong")
	_, list = bring(ada, at, "delta", "3", head+"FRAEOC2;Seine;FR;active\n")
	form = fill(t, a.want(200, ada, "GET", list, nil), "/withdraw")
	a.want(303, ada, "POST", list+"/withdraw", form)

	// Headquarters brings one for the agency, and another of headquarters decides.
	hugo := w.Staff("Hugo Second", identity.Headquarters, w.HQ)
	desk := strings.Replace(at, "/agency/", "/desk/", 1)
	_, list = bring(w.Chief, desk, "delta", "3", head+"FRAEOC2;Seine;FR;active\n")
	if !strings.HasPrefix(list, "/desk/feeds/lists/") {
		t.Fatalf("headquarters brings: %s", list)
	}
	says(t, a.want(200, w.Sam, "GET", list, nil), "Seine SA → Seine")
	form = fill(t, a.want(200, w.Chief, "GET", list, nil), "/columns")
	a.want(303, w.Chief, "POST", list+"/columns", form)
	form = fill(t, a.want(200, hugo, "GET", list, nil), "/take")
	a.want(409, otto, "POST", strings.Replace(list, "/desk/", "/agency/", 1)+"/take", form)
	a.want(303, hugo, "POST", list+"/take", form)
	_, list = bring(w.Chief, desk, "delta", "3", head+"FRAEOC2;Seine et Fils;FR;active\n")
	form = fill(t, a.want(200, hugo, "GET", list, nil), "/refuse")
	form.Set("reason", "Ask the agency first")
	a.want(303, hugo, "POST", list+"/refuse", form)
	_, list = bring(w.Chief, desk, "delta", "3", head+"FRAEOC2;Seine et Fils;FR;active\n")
	a.want(303, w.Chief, "POST", list+"/withdraw", fill(t, a.want(200, w.Chief, "GET", list, nil), "/withdraw"))
	w.Clock.Move(100 * 24 * time.Hour)
	says(t, a.want(200, w.Chief, "GET", "/desk/feeds?show=stale", nil), "Stale since")
	says(t, a.want(200, otto, "GET", "/agency/operators?status=confirmed", nil), "Stale since")
	says(t, a.want(200, w.Sam, "GET", "/desk/operators?number=fr-aeoc-2", nil), "Seine", "Confirmed")
	operator = w.Text(`select id::text from foreign_operator where number = 'FRAEOC2'`)
	says(t, a.want(200, otto, "GET", "/agency/operators/"+operator, nil), "Look at the case", "Stale since", "STALE")
}

// TestMachineFeeds brings lists as a program that knows the description only.
func TestMachineFeeds(t *testing.T) {
	t.Parallel()
	w, a, ada, m := machineWorld(t)
	const code = "us-ctpat-eu-aeo"
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values (?, ?, ?)`, code, ada.AgencyID, w.Clock.Now())
	m.register(w, a, ada)
	w.Must(a.web.API.Allow(w.Ctx, ada, uuid.MustParse(m.id), map[string][]string{code: {partnerapi.OperatorsWrite}, testArrangement: {partnerapi.FeedRead}}, ""))
	m.signIn("feed:read")
	m.want(403, "GET", "/api/v1/feeds", nil, "")
	m.signIn("")
	digest := func(body string) http.Header {
		sum := sha256.Sum256([]byte(body))
		return http.Header{"Content-Digest": {"sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"}}
	}
	full := `{"arrangement":"us-ctpat-eu-aeo","programme":"ctpat","kind":"full","as_of":"2026-03-02","count":2,"operators":[{"number":"DEAEOF1","name":"Elbe Freight GmbH","country":"DE","status":"active"},{"number":"FRAEOC2","name":"Seine SA","country":"FR","status":"active"}]}`
	var st inbound.State
	m.want(202, "PUT", "/api/v1/feeds/full-1", digest(full), full).json(t, &st)
	if st.Status != inbound.Waiting || st.Changes[inbound.New] != 2 {
		t.Errorf("a full list: %+v", st)
	}
	m.want(200, "PUT", "/api/v1/feeds/full-1", digest(full), full)
	m.want(409, "PUT", "/api/v1/feeds/full-1", digest(full+" "), full+" ")
	m.wild = true
	m.want(400, "PUT", "/api/v1/feeds/full-2", nil, full)
	m.want(400, "PUT", "/api/v1/feeds/full-2", digest("half of it"), full)
	m.wild = true
	wrong := strings.Replace(full, `"kind"`, `"extra":1,"kind"`, 1)
	m.want(400, "PUT", "/api/v1/feeds/full-2", digest(wrong), wrong)
	short := strings.Replace(full, `"count":2`, `"count":3`, 1)
	m.want(422, "PUT", "/api/v1/feeds/full-2", digest(short), short)
	elsewhere := strings.Replace(full, code, testArrangement, 1)
	m.want(422, "PUT", "/api/v1/feeds/full-2", digest(elsewhere), elsewhere)
	m.wild = true
	plain := digest(full)
	plain.Set("Content-Type", "text/plain")
	m.want(415, "PUT", "/api/v1/feeds/full-2", plain, full)
	m.want(404, "GET", "/api/v1/feeds/full-2", nil, "")

	otto := agencyPerson(w, ada.AgencyID, "Otto Officer", identity.Officer)
	id := w.Text(`select id::text from inbound_feed where ref = 'full-1'`)
	list := "/agency/feeds/lists/" + id
	a.want(303, otto, "POST", list+"/take", fill(t, a.want(200, otto, "GET", list, nil), "/take"))
	m.want(200, "GET", "/api/v1/feeds/full-1", nil, "").json(t, &st)
	if st.Status != inbound.Taken || st.DecidedAt == nil {
		t.Errorf("taken over: %+v", st)
	}
	delta := `{"arrangement":"us-ctpat-eu-aeo","programme":"ctpat","kind":"delta","as_of":"2026-03-03","count":1,"operators":[{"number":"ITAEOF3","name":"Tevere SpA","country":"IT","status":"active"}]}`
	key := digest(delta)
	key.Set("Idempotency-Key", "one")
	first := m.want(201, "PUT", "/api/v1/feeds/delta-1", key, delta)
	if again := m.want(201, "PUT", "/api/v1/feeds/delta-1", key, delta); string(again.body) != string(first.body) || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("again: %s", again.body)
	}
	fall := strings.Replace(strings.Replace(delta, `"active"`, `"revoked"`, 1), `"IT"`, `"XX"`, 1)
	m.want(202, "PUT", "/api/v1/feeds/delta-2", digest(fall), fall)
	var mistakes struct {
		Errors []inbound.Mistake `json:"errors"`
	}
	m.want(200, "GET", "/api/v1/feeds/delta-2/errors", nil, "").json(t, &mistakes)
	if len(mistakes.Errors) != 1 || mistakes.Errors[0].Row != 1 {
		t.Errorf("errors: %+v", mistakes)
	}
	m.want(404, "GET", "/api/v1/feeds/nothing/errors", nil, "")
	r := m.want(200, "GET", "/api/v1/feeds", nil, "")
	if !strings.Contains(string(r.body), `"as_of":"2026-03-03"`) {
		t.Errorf("freshness: %s", r.body)
	}
	m.want(304, "GET", "/api/v1/feeds", http.Header{"If-None-Match": {r.header.Get("ETag")}}, "")
	// A list that is larger than any form comes in whole.
	var b strings.Builder
	b.WriteString(`{"arrangement":"us-ctpat-eu-aeo","programme":"ctpat","kind":"delta","as_of":"2026-03-03","count":20000,"operators":[`)
	for i := range 20000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"number":"ESAEOC%06d","name":"A company with a long name of its own, number %d","country":"ES","status":"active","identifiers":"ES%06d"}`, i, i, i)
	}
	b.WriteString(`]}`)
	large := b.String()
	if len(large) <= bodyLimit {
		t.Fatalf("%d bytes are not large", len(large))
	}
	m.want(201, "PUT", "/api/v1/feeds/large", digest(large), large)
	if n := w.Count(`select count(*)::int from foreign_operator where status = 'confirmed'`); n != 20003 {
		t.Errorf("%d operators", n)
	}
}
