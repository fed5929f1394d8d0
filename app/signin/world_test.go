package signin_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/identity"
	"trustedtrader/app/identity/devidp"
	"trustedtrader/app/identity/oidcrp"
	"trustedtrader/app/pg"
	"trustedtrader/app/signin"
)

func TestMain(m *testing.M) { apptest.Run(m) }

const (
	idle     = 30 * time.Minute
	absolute = 12 * time.Hour
)

// world is the service over a real database and a real provider that the test can break.
type world struct {
	t     *testing.T
	db    *pg.DB
	clock *apptest.Clock
	idp   *devidp.Server
	svc   *signin.Service

	office, otherOffice uuid.UUID
	companies           map[string]uuid.UUID
	agencies            map[string]uuid.UUID
}

var everybody = []devidp.Person{
	{Subject: "olga", Name: "Olga Harbor", Email: "olga@harbor.example", Audience: "companies"},
	{Subject: "eve", Name: "Eve Harbor", Email: "eve@harbor.example", Audience: "companies", Unverified: true},
	{Subject: "sam", Name: "Sam Rivera", Email: "sam@customs.example", Audience: "staff"},
	{Subject: "weak", Name: "Wes Weak", Email: "wes@customs.example", Audience: "staff", AMR: []string{"pwd"}},
	{Subject: "low", Name: "Lou Low", Email: "lou@customs.example", Audience: "staff", ACR: "bronze"},
	{Subject: "olga", Name: "Olga Customs", Email: "olga@harbor.example", Audience: "staff"}, // the same subject and address elsewhere
	{Subject: "ingrid", Name: "Ingrid Vale", Email: "ingrid@norland.example", Audience: "norland"},
	{Subject: "ghost", Name: "Ghost Agency", Email: "ghost@nowhere.example", Audience: "nowhere"},
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: apptest.DB(t), clock: apptest.At("2026-03-03T15:00:00Z"), companies: map[string]uuid.UUID{}, agencies: map[string]uuid.UUID{}}
	audiences := []string{"companies", "staff", "norland", "sudamar", "nowhere"}
	cfg := devidp.Config{Env: "dev", Listen: "127.0.0.1:0", People: everybody, Now: w.clock.Now}
	for _, id := range audiences {
		a := devidp.Audience{ID: id, Name: id, Clients: []devidp.Client{{ID: "portal",
			RedirectURLs: []string{callback(id).String()}, PostLogoutURLs: []string{"http://localhost:8080/signed-out"}}}}
		if id == "staff" {
			a.ACR, a.AMR = "gold", []string{"pwd", "otp", "mfa"}
		}
		cfg.Audiences = append(cfg.Audiences, a)
	}
	idp, err := devidp.Start(cfg)
	w.must(err)
	t.Cleanup(func() {
		if err := idp.Close(); err != nil {
			t.Error(err)
		}
	})
	w.idp = idp
	w.svc = w.replica()

	now := w.clock.Now()
	w.office, w.otherOffice = pg.NewID(), pg.NewID()
	w.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'NYC', 'New York office', 'America/New_York', 'us-federal', ?)`, w.office, now)
	w.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'TYO', 'Tokyo office', 'Asia/Tokyo', 'us-federal', ?)`, w.otherOffice, now)
	for _, name := range []string{"Harbor Trading", "Lake Trading"} {
		w.companies[name] = pg.NewID()
		w.exec(`insert into company (id, name, country, registration, office_id, created_at) values (?, ?, 'US', ?, ?, ?)`, w.companies[name], name, name, w.office, now)
	}
	for _, code := range []string{"norland", "sudamar"} {
		w.agencies[code] = pg.NewID()
		w.exec(`insert into agency (id, code, name, country, zone, created_at) values (?, ?, ?, 'NO', 'Europe/Oslo', ?)`, w.agencies[code], code, code+" customs", now)
	}
	return w
}

// replica is one more portal beside the others: the same settings and database, nothing shared in memory.
func (w *world) replica() *signin.Service {
	s := &signin.Service{DB: w.db, Now: w.clock.Now, Key: bytes.Repeat([]byte{7}, 32), Limits: signin.Limits{Idle: idle, Absolute: absolute, Warn: 3 * time.Minute}}
	for id, a := range map[string]identity.Audience{"companies": identity.Companies, "staff": identity.Staff,
		"norland": identity.Partners, "sudamar": identity.Partners, "nowhere": identity.Partners} {
		back, err := url.Parse("http://localhost:8080/signed-out")
		w.must(err)
		c := oidcrp.Config{ID: id, Name: "The " + id + " account", Issuer: w.idp.Issuer(id), ClientID: "portal", RedirectURL: callback(id), PostLogoutURL: back}
		p := signin.Provider{Audience: a}
		if a == identity.Partners {
			p.Agency = id
		}
		if id == "staff" {
			c.RequiredAMR, c.RequiredACR = []string{"mfa"}, []string{"gold"}
		}
		p.Provider, err = oidcrp.New(c, &http.Client{Timeout: 5 * time.Second}, w.clock.Now)
		w.must(err)
		s.Providers = append(s.Providers, p)
	}
	return s
}

func callback(provider string) *url.URL {
	return &url.URL{Scheme: "http", Host: "localhost:8080", Path: "/callback/" + provider}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	ctx := context.Background()
	w.must(w.db.Write(ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(ctx).Exec(sql, args...).Error }))
}

// count reads one number.
func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	w.must(w.db.Batch(context.Background(), pg.System, pg.Value(&n, "select ("+sql+")::int", args...)))
	return n
}

// text reads one text.
func (w *world) text(sql string, args ...any) (s string) {
	w.t.Helper()
	w.must(w.db.Batch(context.Background(), pg.System, pg.Value(&s, sql, args...)))
	return s
}

// browser has cookies for the provider and shows redirects instead of following them.
func (w *world) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// begun is a sign-in whose answer has come back but has not been taken yet.
type begun struct {
	provider, browser string
	back              oidcrp.Callback
}

func (w *world) begin(c *http.Client, provider, email string, wish signin.Wish) begun {
	w.t.Helper()
	address, secret, err := w.svc.Begin(w.t.Context(), provider, wish)
	w.must(err)
	u, err := w.idp.Answer(w.t.Context(), c, address, email)
	w.must(err)
	if !strings.HasPrefix(u.String(), callback(provider).String()+"?") {
		w.t.Fatalf("the provider sends the browser to %s", u)
	}
	q := u.Query()
	return begun{provider, secret, oidcrp.Callback{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss"), Error: q.Get("error"), ErrorDescription: q.Get("error_description")}}
}

func (w *world) finish(b begun) (secret string, err error) {
	w.t.Helper()
	secret, _, err = w.svc.Finish(w.t.Context(), b.provider, b.back, b.browser, "Firefox/1", "req")
	return secret, err
}

// enter signs a person in with a browser of their own.
func (w *world) enter(provider, email string) (secret string) {
	w.t.Helper()
	secret, err := w.finish(w.begin(w.browser(), provider, email, signin.Wish{}))
	w.must(err)
	return secret
}

// known is who a secret is good for; it fails the test when it is good for nobody.
func (w *world) known(secret string) signin.Known {
	w.t.Helper()
	k, ok, err := w.svc.Recognise(w.t.Context(), secret, "req")
	w.must(err)
	if !ok {
		w.t.Fatal("the session is gone")
	}
	return k
}

func (w *world) gone(secret string) {
	w.t.Helper()
	k, ok, err := w.svc.Recognise(w.t.Context(), secret, "req")
	w.must(err)
	if ok || k.Actor.Known() {
		w.t.Errorf("the session of %s is still good", k.Actor.Name)
	}
}

// grant gives a person a right and returns its id.
func (w *world) grant(person uuid.UUID, role identity.Role, where uuid.UUID, from string, until ...string) uuid.UUID {
	w.t.Helper()
	id, audience, column := pg.NewID(), "company", "company_id"
	switch role {
	case identity.Specialist, identity.Supervisor, identity.Headquarters, identity.Auditor, identity.Administrator:
		audience, column = "staff", "office_id"
	case identity.Officer, identity.AgencyAdmin:
		audience, column = "partner", "agency_id"
	}
	var end any
	if until != nil {
		end = until[0]
	}
	w.exec(fmt.Sprintf(`insert into person_right (id, person_id, audience, role, %s, starts_on, ends_on, granted_at) values (?, ?, ?, ?, ?, ?, ?, ?)`, column),
		id, person, audience, string(role), where, from, end, w.clock.Now())
	return id
}

// logged collects what is logged.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), &b
}
