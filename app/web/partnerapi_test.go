package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"trustedtrader/app/canon"
	"trustedtrader/app/partnerapi"
	"trustedtrader/app/pg"
)

// TestProgramPages goes through the pages of an agency's administrator: a program gets its
// keys and rights and loses them, a webhook its secret and messages.
func TestProgramPages(t *testing.T) {
	t.Parallel()
	w, a, ada, m := machineWorld(t)
	doc := a.want(200, ada, "GET", "/agency/api", nil)
	form := fill(t, doc, "/agency/api")
	if doc := a.want(422, ada, "POST", "/agency/api", form); doc.Find("#error-summary a[href='#name']").Length() != 1 {
		t.Error("a program without a name")
	}
	form.Set("name", "Manifest <b>Trading</b> system")
	res, _ := a.send(ada, "POST", "/agency/api", form)
	path := res.Header.Get("Location")
	if res.StatusCode != 303 || path == "" {
		t.Fatalf("open: %d", res.StatusCode)
	}
	m.id = strings.TrimPrefix(path, "/agency/api/")
	key, err := json.Marshal(jose.JSONWebKey{Key: m.key.Public(), KeyID: "one"})
	w.Must(err)
	if doc := a.want(422, ada, "POST", path+"/keys", url.Values{"key": {"not a key"}}); doc.Find("textarea[name=key]").Text() != "not a key" {
		t.Error("what was entered is not kept")
	}
	a.want(303, ada, "POST", path+"/keys", url.Values{"key": {string(key)}})
	doc = a.want(200, ada, "GET", path, nil)
	form = fill(t, doc, "/allow")
	form["scope-"+testArrangement] = []string{partnerapi.FeedRead}
	a.want(303, ada, "POST", path+"/allow", form)
	m.signIn("")
	m.want(200, "GET", "/api/v1/events", nil, "")
	doc = a.want(200, ada, "GET", path, nil)
	if !strings.Contains(doc.Find("main").Text(), "about 5") && !strings.Contains(doc.Find("main").Text(), "of 6000") {
		t.Errorf("the use is not shown: %s", doc.Find("main").Text())
	}
	retire := doc.Find("form[action$='/retire']").AttrOr("action", "")
	a.want(303, ada, "POST", retire, url.Values{})
	m.want(401, "GET", "/api/v1/events", nil, "")

	if doc := a.want(422, ada, "POST", "/agency/api/hooks", url.Values{"url": {"http://evil.example/x"}}); doc.Find("#error-summary a[href='#url']").Length() != 1 {
		t.Error("an address without https")
	}
	secret := a.want(200, ada, "POST", "/agency/api/hooks", url.Values{"url": {"https://hooks.norland.example/portal"}}).Find("input[name=secret]").AttrOr("value", "")
	if !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("secret: %q", secret)
	}
	hook := "/agency/api/hooks/" + w.Text(`select id::text from webhook`)
	if again := a.want(200, ada, "POST", hook+"/secret", url.Values{}).Find("input[name=secret]").AttrOr("value", ""); again == secret || !strings.HasPrefix(again, "whsec_") {
		t.Errorf("another secret: %q", again)
	}
	a.want(303, ada, "POST", hook+"/test", url.Values{})
	message := w.Text(`select id::text from webhook_delivery`)
	a.want(409, ada, "POST", "/agency/api/messages/"+message+"/replay", url.Values{})
	w.Exec(`update webhook_delivery set status = 'dead', attempts = 8, last_error = 'it answered 500'`)
	if doc := a.want(200, ada, "GET", "/agency/api", nil); !strings.Contains(doc.Find("#messages").Text(), "Given up") || strings.Contains(a.body, secret) {
		t.Errorf("messages: %s", doc.Find("#messages").Text())
	}
	a.want(303, ada, "POST", "/agency/api/messages/"+message+"/replay", url.Values{})
	a.want(303, ada, "POST", hook+"/close", url.Values{})
	a.want(303, ada, "POST", path+"/close", url.Values{})
	a.want(200, ada, "GET", path, nil)
}

// TestIrregularitiesPage: what a program reports, headquarters takes in hand.
func TestIrregularitiesPage(t *testing.T) {
	t.Parallel()
	w, a, ada, m := machineWorld(t)
	m.register(w, a, ada)
	m.signIn("")
	owner := w.Importer("Harbor <b>Trading</b> LLC")
	bond := w.Text(`select value from company_identifier where company_id = $1 and scheme = 'bond'`, owner.CompanyID)
	m.want(201, "POST", "/api/v1/irregularities", nil, `{"arrangement":"norland-us","scheme":"bond","value":"`+bond+`","kind":"goods","occurred_on":"2026-03-02","text":"Less <b>Trading</b> than declared."}`)
	doc := a.want(200, w.Chief, "GET", "/desk/irregularities", nil)
	if doc.Find("a[href='/desk/companies/"+owner.CompanyID.String()+"']").Length() != 1 {
		t.Error("the company is not found by its number")
	}
	action := doc.Find("form[action$='/take']").AttrOr("action", "")
	a.want(200, w.Auditor, "GET", "/desk/irregularities", nil)
	a.want(404, w.Auditor, "POST", action, url.Values{})
	a.want(404, w.Sam, "GET", "/desk/irregularities", nil)
	form := fill(t, doc, "/take")
	a.want(422, w.Chief, "POST", action, form)
	for name := range form {
		if strings.HasPrefix(name, "note-") {
			form.Set(name, "We ask the company")
		}
	}
	a.want(303, w.Chief, "POST", action, form)
	a.want(409, w.Chief, "POST", action, form)
}

// TestDocsPage: everything that is described can be read.
func TestDocsPage(t *testing.T) {
	t.Parallel()
	_, a, ada, _ := machineWorld(t)
	doc := a.want(200, ada, "GET", "/api/docs", nil)
	if n := doc.Find("summary").Length(); n < 15 || doc.Find("#problem-limit").Length() != 1 || !strings.Contains(doc.Find("main").Text(), "TTC-26-7K3M-9QXF-4D2") {
		t.Errorf("%d operations: %s", n, doc.Find("main").Text())
	}
}

// TestDailyFiles: a partner gets its members, and nobody who has withdrawn.
func TestDailyFiles(t *testing.T) {
	t.Parallel()
	w, a, ada, m := machineWorld(t)
	f := a.withFindings(w)
	first, _ := f.Member("Harbor Trading LLC")
	second, _ := f.Member("Second Trading LLC")
	third, _ := f.Member("Silent Trading LLC") // agrees to all partners of another programme, where consent is general
	w.Exec(`insert into recognition_consent (id, company_id, arrangement, given_at, giver, text_version, elements) values (?, ?, '*', ?, 'Olga Owner', '1', '{name,status}')`, pg.NewID(), third.CompanyID, w.Clock.Now())
	agree := func(co interface{ String() string }) {
		w.Exec(`insert into recognition_consent (id, company_id, arrangement, given_at, giver, text_version, elements) values (?, ?::uuid, ?, ?, 'Olga Owner', '1', '{name,status}')`, pg.NewID(), co.String(), testArrangement, w.Clock.Now())
	}
	agree(first.CompanyID)
	make := func() {
		t.Helper()
		_, err := a.web.API.MakeFiles(w.Ctx, func(a string) []partnerapi.Home { return []partnerapi.Home{{Programme: "ctpat", Consent: a}} })
		w.Must(err)
	}
	make()
	make() // the same day again
	m.register(w, a, ada)
	m.signIn("feed:read")
	r := m.want(200, "GET", "/api/v1/files/2026-03-03", nil, "")
	if strings.Count(string(r.body), "\n") != 1 || !strings.Contains(string(r.body), "Harbor Trading LLC") || r.header.Get("X-Count") != "1" || !strings.HasPrefix(r.header.Get("Repr-Digest"), "sha-256=:") {
		t.Errorf("first file: %s %v", r.body, r.header)
	}
	day1 := string(r.body)
	agree(second.CompanyID)
	w.Clock.Move(24 * time.Hour)
	make()
	m.signIn("feed:read")
	day2 := string(m.want(200, "GET", "/api/v1/files/2026-03-04", nil, "").body)
	r = m.want(200, "GET", "/api/v1/files/2026-03-04?kind=delta", nil, "")
	if strings.Count(string(r.body), `"do":"put"`) != 1 || !strings.Contains(string(r.body), "Second Trading LLC") {
		t.Errorf("delta: %s", r.body)
	}
	m.want(200, "GET", "/api/v1/files/2026-03-04", http.Header{"Accept": {mimeJWT}}, "")
	m.want(422, "GET", "/api/v1/files/2026-03-04?arrangement=other", nil, "")

	w.Exec(`update recognition_consent set withdrawn_at = ? where company_id = ?`, w.Clock.Now(), first.CompanyID)
	m.want(404, "GET", "/api/v1/files/2026-03-04", nil, "")
	w.Clock.Move(time.Minute)
	make()
	if r = m.want(200, "GET", "/api/v1/files/2026-03-04", nil, ""); strings.Contains(string(r.body), "Harbor") || !strings.Contains(string(r.body), "Second") {
		t.Errorf("after a withdrawal: %s", r.body)
	}
	again := string(r.body)
	if r.header.Get("X-Previous-Sha256") != sumOf(day2) {
		t.Errorf("the list does not say what it was made after: %v", r.header)
	}

	// Whatever list a partner holds, there is a delta that leads from it to the one of now.
	lead := func(from, tail, to string) {
		t.Helper()
		r := m.want(200, "GET", "/api/v1/files/"+tail, nil, "")
		if got := applied(t, from, string(r.body)); got != to || r.header.Get("X-Previous-Sha256") != sumOf(from) || r.header.Get("X-Result-Sha256") != sumOf(to) {
			t.Errorf("%s leads from\n%sto\n%swant\n%s%v", tail, from, got, to, r.header)
		}
	}
	lead(day1, "2026-03-04?kind=delta", again)
	lead(day1, "2026-03-04?kind=delta&since="+sumOf(day1), again)
	lead(day2, "2026-03-04?kind=delta&since="+sumOf(day2), again)
	lead(again, "2026-03-04?kind=delta&since="+sumOf(again), again)
	m.want(404, "GET", "/api/v1/files/2026-03-04?kind=delta&since="+sumOf("nothing"), nil, "")
	m.want(422, "GET", "/api/v1/files/2026-03-04?since="+sumOf(day1), nil, "")
	m.wild = true
	m.want(422, "GET", "/api/v1/files/2026-03-04?kind=delta&since=x", nil, "")
	for day := range 2 { // a day without a change, and one on which the files are made anew
		w.Clock.Move(24 * time.Hour)
		make()
		if day == 1 {
			w.Exec(`delete from api_file where day = (select max(day) from api_file)`)
			make()
		}
	}
	m.signIn("feed:read")
	lead(again, "2026-03-06?kind=delta", again)
	lead(day2, "2026-03-06?kind=delta&since="+sumOf(day2), again)
}

func sumOf(text string) string { return canon.Hash([]byte(text)) }

// applied is a whole list with a delta, as a client makes it.
func applied(t *testing.T, list, delta string) string {
	t.Helper()
	lines := map[string]string{}
	for text := range strings.Lines(list) {
		var l struct{ Number string }
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		lines[l.Number] = text
	}
	for text := range strings.Lines(delta) {
		var c struct {
			Do, Number string
			Line       json.RawMessage
		}
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		if delete(lines, c.Number); c.Do == "put" {
			lines[c.Number] = string(c.Line) + "\n"
		}
	}
	var b strings.Builder
	for _, number := range slices.Sorted(maps.Keys(lines)) {
		b.WriteString(lines[number])
	}
	return b.String()
}
