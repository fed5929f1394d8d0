package web

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"trustedtrader/app/clock"
	"trustedtrader/app/consultation"
	"trustedtrader/app/identity"
	"trustedtrader/app/partnerapi"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/signing"
	"trustedtrader/config"
)

func apiService(w *reviewtest.World) *partnerapi.Service {
	keys, err := signing.Derive(make([]byte, 32))
	w.Must(err)
	return &partnerapi.Service{DB: w.DB, Now: w.Clock.Now, Base: &url.URL{Scheme: "http", Host: "localhost:8080"}, Keys: keys, Key: make([]byte, 32), Local: true}
}

// described holds requests and answers to config/api/openapi.yaml.
type described struct {
	doc    *openapi3.T
	router routers.Router
}

func describedAPI(t *testing.T) described {
	t.Helper()
	text := func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		b, err := io.ReadAll(body)
		return string(b), err
	}
	for _, kind := range []string{mimeJWT, mimeLines, "application/yaml", "application/statuslist+jwt"} {
		openapi3filter.RegisterBodyDecoder(kind, text)
	}
	openapi3filter.RegisterBodyDecoder("application/jwk-set+json", openapi3filter.JSONBodyDecoder)
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(config.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return described{doc, router}
}

// machineClient is a program of an agency that knows nothing but the description.
type machineClient struct {
	t     *testing.T
	app   *fiber.App
	api   described
	id    string
	key   *ecdsa.PrivateKey
	now   func() time.Time
	token string
	wild  bool // the next request is not as described
}

// reply is an answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) json(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
}

// do sends a request and holds it and its answer to the description.
func (m *machineClient) do(method, path string, header http.Header, body string) reply {
	m.t.Helper()
	q := httptest.NewRequest(method, path, strings.NewReader(body))
	for k, v := range header {
		q.Header[k] = v
	}
	if m.token != "" {
		q.Header.Set("Authorization", "Bearer "+m.token)
	}
	if body != "" && q.Header.Get("Content-Type") == "" {
		q.Header.Set("Content-Type", "application/json")
	}
	probe := q.Clone(context.Background())
	probe.Body, probe.URL.Host, probe.URL.Scheme = io.NopCloser(strings.NewReader(body)), "", ""
	route, params, err := m.api.router.FindRoute(probe)
	if err != nil {
		m.t.Fatalf("%s %s is not described: %v", method, path, err)
	}
	in := &openapi3filter.RequestValidationInput{Request: probe, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true}}
	if err := openapi3filter.ValidateRequest(context.Background(), in); (err != nil) != m.wild {
		m.t.Errorf("%s %s: the request is not as described (%v): %v", method, path, m.wild, err)
	}
	m.wild = false
	res, err := m.app.Test(q, -1)
	if err != nil {
		m.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	_ = res.Body.Close()
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: res.StatusCode, Header: res.Header, Options: in.Options}
	out.SetBodyBytes(text)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		m.t.Errorf("%s %s: the answer %d is not as described: %v\n%s", method, path, res.StatusCode, err, text)
	}
	return reply{res.StatusCode, res.Header, text}
}

func (m *machineClient) want(status int, method, path string, header http.Header, body string) reply {
	m.t.Helper()
	r := m.do(method, path, header, body)
	if r.status != status {
		m.t.Fatalf("%s %s: %d, want %d: %s", method, path, r.status, status, r.body)
	}
	if r.header.Get("X-Request-Id") == "" || r.header.Get("Cache-Control") == "" {
		m.t.Errorf("%s %s: headers %v", method, path, r.header)
	}
	return r
}

func (m *machineClient) assertion() string {
	m.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: m.key}, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	text, err := jwt.Signed(s).Claims(jwt.Claims{Issuer: m.id, Subject: m.id, Audience: jwt.Audience{"http://localhost:8080/api/v1/token"}, ID: uuid.NewString(),
		Expiry: jwt.NewNumericDate(m.now().Add(time.Minute))}).Serialize()
	if err != nil {
		m.t.Fatal(err)
	}
	return text
}

var formHeader = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}

func tokenForm(assertion, scope string) string {
	f := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion}}
	if scope != "" {
		f.Set("scope", scope)
	}
	return f.Encode()
}

func (m *machineClient) signIn(scope string) {
	m.t.Helper()
	m.token = ""
	var tok struct {
		AccessToken string `json:"access_token"`
	}
	m.want(200, "POST", "/api/v1/token", formHeader, tokenForm(m.assertion(), scope)).json(m.t, &tok)
	m.token = tok.AccessToken
}

const testArrangement = "norland-us"

// machineWorld is a site with a partner agency and a program of it.
func machineWorld(t *testing.T) (*reviewtest.World, *applicant, identity.Actor, *machineClient) {
	t.Helper()
	w, a := newDesk(t)
	var err error
	if a.web.Metrics, err = NewMetrics(prometheus.NewRegistry()); err != nil {
		t.Fatal(err)
	}
	agency, person, now := pg.NewID(), pg.NewID(), w.Clock.Now()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, 'norland', 'Customs of Norland', 'NO', 'Europe/Oslo', ?)`, agency, now)
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', 'ada', 'ada@norland.example', true, 'Ada Admin', ?)`, person, now)
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values (?, ?, ?)`, testArrangement, agency, now.Add(-time.Hour))
	ada := identity.Actor{PersonID: person, Name: "Ada Admin", Audience: identity.Partners, Role: identity.AgencyAdmin, AgencyID: agency, Agency: "Customs of Norland", Zone: time.UTC}
	rules := func(context.Context, uuid.UUID, clock.Day) ([]consultation.Rule, error) {
		return []consultation.Rule{{Arrangement: testArrangement, Programme: "ctpat", State: consultation.RuleInForce, Version: "1"}}, nil
	}
	files, err := fs.Sub(config.Checks, "checks")
	if err != nil {
		t.Fatal(err)
	}
	purposes, err := consultation.LoadPurposes(files)
	if err != nil {
		t.Fatal(err)
	}
	a.web.Checks = &consultation.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Purposes: purposes, Rules: rules}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return w, a, ada, &machineClient{t: t, app: a.web.App(), api: describedAPI(t), key: key, now: w.Clock.Now}
}

// register makes the program and its key.
func (m *machineClient) register(w *reviewtest.World, a *applicant, ada identity.Actor) {
	m.t.Helper()
	id, err := a.web.API.Open(w.Ctx, ada, "Manifest system")
	w.Must(err)
	public, err := json.Marshal(jose.JSONWebKey{Key: m.key.Public()})
	w.Must(err)
	w.Must(a.web.API.AddKey(w.Ctx, ada, id, string(public)))
	w.Must(a.web.API.Allow(w.Ctx, ada, id, map[string][]string{testArrangement: partnerapi.Scopes()}, ""))
	m.id = id.String()
}

// TestDescriptionAndRoutesAgree: what is described is there, and what is there is described.
func TestDescriptionAndRoutesAgree(t *testing.T) {
	t.Parallel()
	api := describedAPI(t)
	var there, told []string
	for _, r := range apiRoutes() {
		path := r.path
		for _, p := range []string{"scheme", "id", "number", "date"} {
			path = strings.Replace(path, "/:"+p, "/{"+p+"}", 1)
		}
		there = append(there, r.method+" "+path)
	}
	for path, item := range api.doc.Paths.Map() {
		for method, o := range item.Operations() {
			if strings.HasPrefix(path, apiBase) {
				told = append(told, method+" "+path)
			}
			if o.Summary == "" || o.OperationID == "" || len(o.Tags) == 0 {
				t.Errorf("%s %s has no words", method, path)
			}
		}
	}
	slices.Sort(there)
	slices.Sort(told)
	if !slices.Equal(there, told) {
		t.Errorf("there: %v\ntold:  %v", there, told)
	}
}

// TestMachineClient goes through all flows as a program that has read the description.
func TestMachineClient(t *testing.T) {
	t.Parallel()
	w, a, ada, m := machineWorld(t)
	m.register(w, a, ada)

	m.want(200, "GET", "/api/v1/openapi.yaml", nil, "")
	var keys jose.JSONWebKeySet
	m.want(200, "GET", "/.well-known/jwks.json", nil, "").json(t, &keys)
	for _, path := range []string{"/api/v1/events", "/api/v1/files"} {
		if r := m.want(401, "GET", path, nil, ""); !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %v", path, r.header)
		}
	}
	once := m.assertion()
	m.want(200, "POST", "/api/v1/token", formHeader, tokenForm(once, ""))
	m.want(401, "POST", "/api/v1/token", formHeader, tokenForm(once, ""))
	m.want(400, "POST", "/api/v1/token", formHeader, tokenForm(m.assertion(), "everything"))
	m.signIn("status:read")
	m.want(403, "GET", "/api/v1/events", nil, "")
	m.signIn("")

	m.want(404, "GET", "/api/v1/watchlist/supplier-7", nil, "")
	watch := `{"arrangement":"norland-us","scheme":"membership","value":"C26-000123"}`
	m.want(201, "PUT", "/api/v1/watchlist/supplier-7", nil, watch)
	m.want(200, "PUT", "/api/v1/watchlist/supplier-7", nil, watch)
	m.wild = true
	m.want(422, "PUT", "/api/v1/watchlist/supplier-8", nil, `{"arrangement":"norland-us","scheme":"","value":""}`)
	m.want(422, "PUT", "/api/v1/watchlist/supplier-8", nil, strings.Replace(watch, "norland", "other", 1))
	m.wild = true
	m.want(400, "PUT", "/api/v1/watchlist/supplier-8", nil, `{"arrangement":`)
	m.wild = true
	m.want(400, "PUT", "/api/v1/watchlist/supplier-8", nil, `{"extra":1}`)
	r := m.want(200, "GET", "/api/v1/watchlist/supplier-7", nil, "")
	m.want(304, "GET", "/api/v1/watchlist/supplier-7", http.Header{"If-None-Match": {r.header.Get("ETag")}}, "")
	signed := m.want(200, "GET", "/api/v1/watchlist/supplier-7", http.Header{"Accept": {"application/jwt"}}, "")
	var claims struct {
		Aud    string          `json:"aud"`
		Answer json.RawMessage `json:"answer"`
	}
	if err := signing.Open(keys, "JWT", string(signed.body), &claims); err != nil || !bytes.Equal(claims.Answer, r.body) || claims.Aud != m.id {
		t.Errorf("signed: %v %s %s", err, claims.Answer, r.body)
	}
	m.want(406, "GET", "/api/v1/watchlist/supplier-7", http.Header{"Accept": {"text/csv"}}, "")
	m.want(204, "DELETE", "/api/v1/watchlist/supplier-7", nil, "")
	m.want(404, "DELETE", "/api/v1/watchlist/supplier-7", nil, "")

	report := `{"arrangement":"norland-us","scheme":"membership","value":"C26-000123","kind":"security","occurred_on":"2026-03-02","text":"The seal was another one.","own_ref":"IR-14"}`
	key := http.Header{"Idempotency-Key": {"one"}}
	first := m.want(201, "POST", "/api/v1/irregularities", key, report)
	if again := m.want(201, "POST", "/api/v1/irregularities", key, report); !bytes.Equal(again.body, first.body) || w.Count(`select count(*)::int from api_irregularity`) != 1 {
		t.Errorf("again: %s, first %s", again.body, first.body)
	}
	m.want(422, "POST", "/api/v1/irregularities", key, strings.Replace(report, "security", "goods", 1))
	m.want(422, "POST", "/api/v1/irregularities", nil, strings.Replace(report, "2026-03-02", "2036-03-02", 1))
	m.wild = true
	m.want(415, "POST", "/api/v1/irregularities", http.Header{"Content-Type": {"text/plain"}}, report)

	m.want(200, "GET", "/api/v1/files", nil, "")
	m.want(404, "GET", "/api/v1/files/2026-03-03", nil, "")
	m.want(422, "GET", "/api/v1/files/yesterday", nil, "")
	m.feed(w)
	m.want(404, "POST", "/api/v1/events/"+uuid.NewString()+"/ack", nil, "")
}

// feed reads events, goes on from the cursor and acknowledges.
func (m *machineClient) feed(w *reviewtest.World) {
	m.t.Helper()
	member, number := recognised(w, m.id)
	m.want(201, "PUT", "/api/v1/watchlist/mine", nil, fmt.Sprintf(`{"arrangement":"norland-us","scheme":"membership","value":%q}`, number))
	event(w, member, "gained")
	event(w, member, "suspended")
	var p struct {
		Events []struct {
			ID, Cursor, Type, Number string
			Watched                  []string
		}
		Next string
		More bool
	}
	m.want(200, "GET", "/api/v1/events?limit=1", nil, "").json(m.t, &p)
	if len(p.Events) != 1 || !p.More || p.Events[0].Type != "member.gained" || p.Events[0].Number != number || !slices.Equal(p.Events[0].Watched, []string{"mine"}) {
		m.t.Errorf("first page: %+v", p)
	}
	if n := w.Count(`select count(*)::int from recognition_ack where delivered_by = 'feed'`); n != 1 {
		m.t.Errorf("%d events count as delivered, want the one that was read", n)
	}
	r := m.want(200, "GET", "/api/v1/events?after="+p.Next, nil, "")
	r.json(m.t, &p)
	if len(p.Events) != 1 || p.More || p.Events[0].Type != "member.suspended" {
		m.t.Errorf("second page: %+v", p)
	}
	ack := "/api/v1/events/" + p.Events[0].ID + "/ack"
	first := m.want(200, "POST", ack, nil, "")
	w.Clock.Move(time.Minute)
	if again := m.want(200, "POST", ack, nil, ""); !bytes.Equal(first.body, again.body) {
		m.t.Errorf("acknowledged twice: %s %s", first.body, again.body)
	}
	m.wild = true
	m.want(422, "GET", "/api/v1/events?limit=1000", nil, "")
	m.want(422, "GET", "/api/v1/events?after=x", nil, "")
}

// recognised makes a member that the agency of a client recognises.
func recognised(w *reviewtest.World, client string) (recognition uuid.UUID, number string) {
	w.T.Helper()
	owner := w.Importer("Harbor Trading LLC")
	app := w.Submit(owner, "ctpat", "importer")
	member, recognition, now := pg.NewID(), pg.NewID(), w.Clock.Now()
	number = "C26-777123"
	w.Exec(`insert into membership (id, company_id, application_id, programme, edition, entity_type, number, tier, status, certified_on, effective_on, created_at)
		values (?, ?, ?, 'ctpat', '2026.1', 'importer', ?, 'tier_1', 'active', '2026-03-01', '2026-03-01', ?)`, member, owner.CompanyID, app.ID, number, now)
	w.Exec(`insert into recognition (id, company_id, membership_id, arrangement, agency_id, status, asked_at) values (?, ?, ?, ?, (select agency_id from api_client where id = ?::uuid), 'asked', ?)`,
		recognition, owner.CompanyID, member, testArrangement, client, now)
	return recognition, number
}

func event(w *reviewtest.World, recognition uuid.UUID, kind string) {
	w.T.Helper()
	w.Exec(`insert into recognition_event (id, agency_id, arrangement, recognition_id, membership_id, company_id, kind, effective_on, effective_at, occurred_at, payload)
		select ?, agency_id, arrangement, id, membership_id, company_id, ?, '2026-03-03', ?, ?, '{}' from recognition where id = ?`, pg.NewID(), kind, w.Clock.Now(), w.Clock.Now(), recognition)
}

// TestMachineLimits: who asks too much is told when to come again, and nothing else.
func TestMachineLimits(t *testing.T) {
	t.Parallel()
	w, a, ada, m := machineWorld(t)
	a.web.API.Limits = partnerapi.Limits{Requests: 5}
	m.register(w, a, ada)
	m.signIn("")
	for range 5 {
		if r := m.want(200, "GET", "/api/v1/events", nil, ""); !strings.Contains(r.header.Get("RateLimit-Policy"), "q=5;w=60") || r.header.Get("RateLimit") == "" {
			t.Errorf("headers: %v", r.header)
		}
	}
	if r := m.want(429, "GET", "/api/v1/events", nil, ""); r.header.Get("Retry-After") == "" {
		t.Errorf("headers: %v", r.header)
	}
	w.Clock.Move(time.Minute)
	m.want(200, "GET", "/api/v1/events", nil, "")
}

// TestMachineDoorIsPlain: no cookies, no pages, and no other way in.
func TestMachineDoorIsPlain(t *testing.T) {
	t.Parallel()
	_, _, _, m := machineWorld(t)
	for _, x := range []struct {
		method, path string
		status       int
	}{{"GET", "/api/v1/nothing", 404}, {"DELETE", "/api/v1/token", 405}, {"POST", "/api/v1/events", 405}, {"GET", "/api/v1/token", 405}} {
		res, err := m.app.Test(httptest.NewRequest(x.method, x.path, nil), -1)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != x.status || res.Header.Get("Content-Type") != "application/problem+json" || len(res.Cookies()) > 0 {
			t.Errorf("%s %s: %d %v", x.method, x.path, res.StatusCode, res.Header)
		}
		_ = res.Body.Close()
	}
}

// TestMachineChecks asks for the status of operators: one, many, and again by number.
func TestMachineChecks(t *testing.T) {
	t.Parallel()
	w, a, ada, m := machineWorld(t)
	owner, member := a.withFindings(w).Member("Harbor Trading LLC")
	number := w.Text(`select number from membership where id = $1`, member)
	m.register(w, a, ada)
	m.signIn("status:read")
	path := "/api/v1/status/membership/" + number + "?purpose=risk_assessment&own_ref=V-77"
	type status struct {
		Outcome     string `json:"outcome"`
		Status      string `json:"membership_status"`
		Recognition string `json:"recognition"`
		Number      string `json:"consultation_no"`
	}
	var before, unknown, found, again status
	m.want(200, "GET", path, nil, "").json(t, &before)
	m.want(200, "GET", "/api/v1/status/any/C26-999999?purpose=risk_assessment&arrangement=norland-us", nil, "").json(t, &unknown)
	if before.Outcome != "no_record" || unknown.Outcome != "no_record" || before.Number == unknown.Number {
		t.Errorf("without consent %+v, unknown %+v", before, unknown)
	}
	w.Exec(`insert into recognition_consent (id, company_id, arrangement, given_at, giver, text_version, elements) values (?, ?, ?, ?, 'Olga Owner', '1', '{name,status}')`, pg.NewID(), owner.CompanyID, testArrangement, w.Clock.Now())
	r := m.want(200, "GET", path, nil, "")
	r.json(t, &found)
	if found.Outcome != "answered" || found.Status != "certified" || found.Recognition != "grant_benefits" || r.header.Get("Consultation-Number") != found.Number || !strings.HasPrefix(r.header.Get("Cache-Control"), "private") {
		t.Errorf("with consent: %s %v", r.body, r.header)
	}
	checks := w.Count(`select count(*)::int from consultation`)
	r = m.want(304, "GET", path, http.Header{"If-None-Match": {r.header.Get("ETag")}}, "")
	if n := w.Count(`select count(*)::int from consultation`); n != checks+1 || r.header.Get("Consultation-Number") == found.Number {
		t.Errorf("a check that changes nothing is not recorded: %d, %d before", n, checks)
	}
	if n := w.Count(`select count(*)::int from consultation where client_id = $1 and person_id is null and own_ref = 'V-77'`, m.id); n != 3 {
		t.Errorf("%d checks name the program, want 3", n)
	}
	signed := m.want(200, "GET", path, http.Header{"Accept": {"application/jwt"}}, "")
	var claims struct {
		Answer status `json:"answer"`
	}
	if err := signing.Open(a.web.API.Keys.Set(), "JWT", string(signed.body), &claims); err != nil || claims.Answer.Status != "certified" {
		t.Errorf("signed: %v %+v", err, claims)
	}
	var record struct{ Answer status }
	m.want(200, "GET", "/api/v1/consultations/"+found.Number, nil, "").json(t, &record)
	if record.Answer != found {
		t.Errorf("read again: %+v, given %+v", record.Answer, found)
	}
	m.want(404, "GET", "/api/v1/consultations/TTC-26-0000-0000-000", nil, "")

	batch := fmt.Sprintf(`{"purpose":"risk_assessment","rows":[{"scheme":"membership","id":%q},{"scheme":"any","id":"C26-999999"}]}`, number)
	key := http.Header{"Idempotency-Key": {"b1"}}
	r = m.want(200, "POST", "/api/v1/status:batch", key, batch)
	var many struct{ Answers []status }
	r.json(t, &many)
	if len(many.Answers) != 2 || many.Answers[0].Outcome != "answered" || many.Answers[1].Outcome != "no_record" {
		t.Errorf("batch: %s", r.body)
	}
	if twice := m.want(200, "POST", "/api/v1/status:batch", key, batch); !bytes.Equal(twice.body, r.body) || twice.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("batch again: %s", twice.body)
	}
	m.wild = true
	m.want(422, "POST", "/api/v1/status:batch", nil, `{"purpose":"risk_assessment","rows":[]}`)
	m.wild = true
	m.want(422, "GET", "/api/v1/status/membership/"+number, nil, "")
	m.want(422, "GET", path+"&arrangement=other", nil, "")

	w.Exec(`update recognition_consent set withdrawn_at = ?`, w.Clock.Now())
	m.want(200, "GET", path, nil, "").json(t, &again)
	if again.Outcome != "no_record" {
		t.Errorf("after the withdrawal: %+v", again)
	}
	a.web.API.Limits = partnerapi.Limits{Checks: 3}
	w.Clock.Move(time.Minute)
	m.wild = false
	for range 3 {
		m.want(200, "GET", path, nil, "")
	}
	m.want(429, "GET", path, nil, "")
}
