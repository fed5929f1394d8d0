package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/identity/devidp"
	"trustedtrader/app/identity/oidcrp"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/signin"
	"trustedtrader/config"
	"trustedtrader/static"
)

// door is the whole site on a port of its own with the demo's sign-in provider behind it.
type door struct {
	t     *testing.T
	web   *Web
	db    *pg.DB
	clock *apptest.Clock
	idp   *devidp.Server
	base  string
	mu    sync.Mutex
	log   bytes.Buffer
}

// Write takes the log's lines; several requests write at once.
func (d *door) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(p)
}

func (d *door) logged() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

func (d *door) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, db: apptest.DB(t), clock: apptest.At("2026-03-03T15:00:00Z")}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	d.must(err)
	d.base = fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	base, err := url.Parse(d.base)
	d.must(err)
	cfg := devidp.Config{Env: "dev", Listen: "127.0.0.1:0", Now: d.clock.Now, People: []devidp.Person{
		{Subject: "olga", Name: "Olga <b>Harbor", Email: "olga@harbor.example", Audience: "companies"},
		{Subject: "eve", Name: "Eve Lake", Email: "eve@lake.example", Audience: "companies"},
		{Subject: "sam", Name: "Sam Rivera", Email: "sam@customs.example", Audience: "staff"},
		{Subject: "wes", Name: "Wes Weak", Email: "wes@customs.example", Audience: "staff", AMR: []string{"pwd"}},
	}}
	for _, id := range []string{"companies", "staff"} {
		cfg.Audiences = append(cfg.Audiences, devidp.Audience{ID: id, Name: id, Clients: []devidp.Client{{ID: "portal",
			RedirectURLs: []string{d.base + "/callback/" + id}, PostLogoutURLs: []string{d.base + "/signed-out"}}}})
	}
	d.idp, err = devidp.Start(cfg)
	d.must(err)
	t.Cleanup(func() {
		if err := d.idp.Close(); err != nil {
			t.Error(err)
		}
	})
	limits := signin.Limits{Idle: 30 * time.Minute, Absolute: 12 * time.Hour, Warn: 3 * time.Minute}
	service := &signin.Service{DB: d.db, Now: d.clock.Now, Key: bytes.Repeat([]byte{7}, 32), Limits: limits}
	for id, audience := range map[string]identity.Audience{"companies": identity.Companies, "staff": identity.Staff} {
		c := oidcrp.Config{ID: id, Name: "The " + id + " account", Issuer: d.idp.Issuer(id), ClientID: "portal",
			RedirectURL: base.JoinPath("callback", id), PostLogoutURL: base.JoinPath("signed-out")}
		if audience == identity.Staff {
			c.RequiredAMR = []string{"mfa"}
		}
		p, err := oidcrp.New(c, &http.Client{Timeout: 5 * time.Second}, d.clock.Now)
		d.must(err)
		service.Providers = append(service.Providers, signin.Provider{Provider: p, Audience: audience})
	}
	assets, err := static.New()
	d.must(err)
	d.web = &Web{
		Config: config.Config{BaseURL: base, SessionIdle: limits.Idle, SessionAbsolute: limits.Absolute, SessionWarn: limits.Warn, Support: "Call 5550."},
		Log:    slog.New(slog.NewTextHandler(d, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: d.clock.Now, DB: d.db, Assets: assets,
		Catalogues: &i18n.Catalogues{}, Services: Services{SignIn: service, Programmes: &programme.Register{}},
	}
	app := d.web.App()
	go func() { _ = app.Listener(listener) }()
	t.Cleanup(func() {
		if err := app.ShutdownWithTimeout(10 * time.Second); err != nil {
			t.Error(err)
		}
	})
	return d
}

// visitor is a browser that shows redirects instead of following them.
type visitor struct {
	*door
	c *http.Client
}

func (d *door) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	d.must(err)
	return &visitor{d, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page is an answer.
type page struct {
	*http.Response
	doc  *goquery.Document
	text string
}

func (v *visitor) do(method, path string, form url.Values) page {
	v.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	address := path
	if strings.HasPrefix(path, "/") {
		address = v.base + path
	}
	req, err := http.NewRequestWithContext(context.Background(), method, address, body)
	v.must(err)
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", v.base)
	}
	res, err := v.c.Do(req)
	v.must(err)
	defer res.Body.Close()
	doc, err := goquery.NewDocumentFromReader(res.Body)
	v.must(err)
	return page{res, doc, strings.Join(strings.Fields(doc.Find("main").Text()), " ")}
}

func (v *visitor) get(path string) page { v.t.Helper(); return v.do("GET", path, nil) }

// to is where an answer sends the browser.
func (v *visitor) to(p page) string {
	v.t.Helper()
	if p.StatusCode != http.StatusSeeOther {
		v.t.Fatalf("%s %s: %d %s", p.Request.Method, p.Request.URL.Path, p.StatusCode, p.text)
	}
	return p.Header.Get("Location")
}

// answered goes to the provider and returns the callback's address, not opened yet.
func (v *visitor) answered(way, email string) string {
	v.t.Helper()
	address := v.to(v.get(way))
	back, err := v.idp.Answer(context.Background(), v.c, address, email)
	v.must(err)
	return back.String()
}

func (v *visitor) enter(provider, email string) *visitor {
	v.t.Helper()
	v.to(v.get(v.answered("/signin/"+provider, email)))
	return v
}

// csrf is the token of the visitor's pages.
func (v *visitor) csrf() string {
	v.t.Helper()
	token := v.get("/me").doc.Find("form[action='/signout'] input[name=csrf]").AttrOr("value", "")
	if token == "" {
		v.t.Fatal("nobody is signed in")
	}
	return token
}

func (v *visitor) cookie(name string) string {
	u, err := url.Parse(v.base)
	v.must(err)
	for _, c := range v.c.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// right gives the person with an address a right and returns its id.
func (d *door) right(email string, role identity.Role, company string) uuid.UUID {
	d.t.Helper()
	id, co := pg.NewID(), pg.NewID()
	ctx := context.Background()
	d.must(d.db.Write(ctx, pg.System, func(tx pg.Tx) error {
		for _, q := range []struct {
			sql  string
			args []any
		}{
			{`insert into office (code, name, zone, calendar, created_at) values ('NYC', 'New York office', 'America/New_York', 'us-federal', ?) on conflict do nothing`, []any{d.clock.Now()}},
			{`insert into company (id, name, country, registration, office_id, created_at) select ?, ?, 'US', ?, id, ? from office`, []any{co, company, company, d.clock.Now()}},
			{`insert into person_right (id, person_id, audience, role, company_id, starts_on, granted_at) select ?, id, 'company', ?, ?, '2026-01-01', ? from person where email = ?`,
				[]any{id, string(role), co, d.clock.Now(), email}},
		} {
			if err := tx.WithContext(ctx).Exec(q.sql, q.args...).Error; err != nil {
				return err
			}
		}
		return nil
	}))
	return id
}

// explains checks an error page: its status, that it says what to do, gives a
// reference and leads somewhere.
func (v *visitor) explains(p page, status int, words ...string) {
	v.t.Helper()
	if p.StatusCode != status {
		v.t.Errorf("%s: status %d, want %d: %s", p.Request.URL.Path, p.StatusCode, status, p.text)
	}
	for _, w := range words {
		if !strings.Contains(p.text, w) {
			v.t.Errorf("%s: %q is missing: %s", p.Request.URL.Path, w, p.text)
		}
	}
	if ref := p.Header.Get("X-Request-Id"); ref == "" || !strings.Contains(p.doc.Text(), ref) {
		v.t.Errorf("%s: no reference", p.Request.URL.Path)
	}
	if p.doc.Find("h1").Length() != 1 || p.doc.Find("main a[href]").Length() == 0 || p.Header.Get("Cache-Control") != "no-store" ||
		!strings.Contains(p.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		v.t.Errorf("%s: no heading, no way on, or headers are missing: %s", p.Request.URL.Path, p.text)
	}
}

func TestSignInThroughTheSite(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	v := d.visitor()
	if to := v.to(v.get("/me?x=1")); to != "/signin?return=%2Fme%3Fx%3D1" {
		t.Errorf("asked to sign in at %s", to)
	}
	doc := v.get("/signin?return=%2Fme%3Fx%3D1").doc
	way := doc.Find("a[href^='/signin/companies']").AttrOr("href", "")
	if doc.Find("a[href^='/signin/staff']").Length() != 1 || way == "" {
		t.Fatal("the ways to sign in are missing")
	}
	p := v.get(v.answered(way, "olga@harbor.example"))
	if to := v.to(p); to != "/me?x=1" {
		t.Errorf("returns to %s", to)
	}
	var session *http.Cookie
	for _, c := range p.Cookies() {
		if c.Name == "portal" {
			session = c
		}
	}
	if session == nil || !session.HttpOnly || session.SameSite != http.SameSiteLaxMode || session.Path != "/" || session.MaxAge != 12*3600 {
		t.Errorf("cookie %+v", session)
	}
	p = v.get("/me")
	if name := p.doc.Find(".tt-who a[href='/me']").Text(); p.StatusCode != 200 || !strings.Contains(name, "Olga <b>Harbor") {
		t.Errorf("the person's name does not lead to their page: %q", name)
	}
	if p.doc.Find("#session-warning").AttrOr("data-idle", "") != "1800" {
		t.Error("the warning does not know the session's end")
	}

	// In again as another person: the first session is over, its secret dead.
	old := v.cookie("portal")
	v.enter("staff", "sam@customs.example")
	if got := v.get("/me").text; !strings.Contains(got, "Sam Rivera") {
		t.Errorf("is %s", got)
	}
	thief := d.visitor()
	thief.hold("portal", old)
	thief.to(thief.get("/me"))
	if log := d.logged(); strings.Contains(log, old) || strings.Contains(log, "code=") || strings.Contains(log, "olga") || strings.Contains(log, "127.0.0.1") {
		t.Errorf("the log has what it must not: %s", log)
	}
}

// hold puts a cookie into the visitor's browser.
func (v *visitor) hold(name, value string) {
	u, err := url.Parse(v.base)
	v.must(err)
	v.c.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

func TestRefusedSignIns(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	t.Run("cancelled", func(t *testing.T) {
		v := d.visitor()
		v.explains(v.get(v.answered("/signin/companies", "")), 403, "You are not signed in", "The companies account", "try again")
	})
	t.Run("somebody else's answer", func(t *testing.T) {
		attacker, victim := d.visitor(), d.visitor()
		link := attacker.answered("/signin/companies", "eve@lake.example")
		victims := victim.answered("/signin/companies", "olga@harbor.example")
		p := victim.get(link)
		victim.explains(p, 403, "Start again")
		if victim.cookie("portal") != "" {
			t.Error("the victim is signed in as the attacker")
		}
		victim.to(victim.get(victims)) // and the victim's own sign-in goes on
		stranger := d.visitor()
		stranger.explains(stranger.get(link), 403, "Start again")
	})
	t.Run("twice", func(t *testing.T) {
		v := d.visitor()
		link := v.answered("/signin/companies", "olga@harbor.example")
		v.to(v.get(link))
		if to := v.to(v.get(link)); to != "/welcome" { // reloaded: they are signed in already
			t.Errorf("leads to %s", to)
		}
		if text := v.get("/welcome").text; !strings.Contains(text, "already signed in") {
			t.Errorf("says %s", text)
		}
	})
	t.Run("too late", func(t *testing.T) {
		v := d.visitor()
		link := v.answered("/signin/companies", "olga@harbor.example")
		d.clock.Move(oidcrp.FlowLife)
		v.explains(v.get(link), 403, "took too long", "Try again")
	})
	t.Run("too weak", func(t *testing.T) {
		v := d.visitor()
		p := v.get(v.answered("/signin/staff", "wes@customs.example"))
		v.explains(p, 403, "stronger sign-in", "Two-step sign-in", "Sign in again")
		way := p.doc.Find("main a[href^='/signin/staff']").AttrOr("href", "")
		if !strings.Contains(v.to(v.get(way)), "prompt=login") {
			t.Errorf("%s lets the provider wave the person through again", way)
		}
	})
	t.Run("nonsense", func(t *testing.T) {
		v := d.visitor()
		v.explains(v.get("/callback/companies"), 403, "Start again")
		v.explains(v.get("/callback/companies?error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=x"), 403, "Start again")
		v.explains(v.get("/callback/unheard-of?code=x&state=y"), 404, "Page not found")
		v.explains(v.get("/signin/unheard-of"), 404, "Page not found")
		if v.cookie("portal") != "" {
			t.Error("signed in")
		}
	})
	t.Run("clocks apart", func(t *testing.T) {
		d.idp.SkewClock(10 * time.Minute)
		defer d.idp.SkewClock(0)
		v := d.visitor()
		v.explains(v.get(v.answered("/signin/companies", "olga@harbor.example")), 403, "could not confirm", "contact support")
	})
	t.Run("provider down", func(t *testing.T) {
		v := d.visitor()
		link := v.answered("/signin/companies", "olga@harbor.example")
		d.idp.Down(true)
		v.explains(v.get(link), 503, "does not answer", "Wait a minute")
		d.idp.Down(false)
		d.clock.Move(time.Minute)
		v.enter("companies", "olga@harbor.example")
	})
	if log := d.logged(); !strings.Contains(log, "sign-in refused") || strings.Contains(log, "script") || strings.Contains(log, "@customs.example") {
		t.Errorf("log: %s", log)
	}
}

func TestProviderDownFromTheStart(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.idp.Down(true)
	v := d.visitor()
	if p := v.get("/signin"); p.StatusCode != 200 {
		t.Errorf("the list of ways to sign in: %d", p.StatusCode)
	}
	v.explains(v.get("/signin/companies"), 503, "The companies account does not answer", "Wait a minute", "Try again")
	d.idp.Down(false)
	d.clock.Move(2 * time.Second)
	v.enter("companies", "olga@harbor.example")
}

func TestReturnStaysHere(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, back := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "/%0d%0aSet-Cookie:x=1"} {
		v := d.visitor()
		link := v.answered("/signin/companies?return="+url.QueryEscape(back), "olga@harbor.example")
		if to := v.to(v.get(link)); strings.Contains(to, "evil") || !strings.HasPrefix(to, "/") {
			t.Errorf("%q leads to %s", back, to)
		}
	}
}

func TestTooManyTries(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	v := d.visitor()
	for range signInTries {
		v.to(v.get("/signin/companies"))
	}
	p := v.get("/signin/companies")
	v.explains(p, 429, "Wait a minute")
	if p.Header.Get("Retry-After") == "" {
		t.Error("nobody says how long")
	}
	d.clock.Move(time.Minute)
	v.to(v.get("/signin/companies"))
}

func TestSignOutThroughTheSite(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	v := d.visitor().enter("companies", "olga@harbor.example")
	old, csrf := v.cookie("portal"), v.csrf()
	if p := v.do("POST", "/signout", url.Values{"csrf": {"wrong"}}); p.StatusCode != 403 {
		t.Errorf("without the page's token: %d", p.StatusCode)
	}
	if p := v.get("/signout"); p.StatusCode != 404 {
		t.Errorf("by a link: %d", p.StatusCode)
	}
	to := v.to(v.do("POST", "/signout", url.Values{"csrf": {csrf}}))
	if !strings.HasPrefix(to, d.idp.Issuer("companies").String()) {
		t.Errorf("leads to %s", to)
	}
	if v.cookie("portal") != "" {
		t.Error("the cookie is still there")
	}
	follow := *v.c
	follow.CheckRedirect = nil
	res, err := follow.Get(to)
	d.must(err)
	defer res.Body.Close()
	if res.Request.URL.Path != "/signed-out" || res.StatusCode != 200 {
		t.Errorf("ends at %s: %d", res.Request.URL, res.StatusCode)
	}
	v.hold("portal", old)
	v.to(v.get("/me"))
	// Again from another window, where the session is over: no detour by way of signing in.
	if to := v.to(v.do("POST", "/signout", url.Values{"csrf": {csrf}})); to != "/signed-out" {
		t.Errorf("leads to %s", to)
	}
}

func TestChangeRoleThroughTheSite(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	v := d.visitor().enter("companies", "olga@harbor.example")
	d.right("olga@harbor.example", identity.Owner, "Harbor")
	reader := d.right("olga@harbor.example", identity.Reader, "Lake")
	csrf, old := v.csrf(), v.cookie("portal")
	if to := v.to(v.get("/welcome")); to != "/session/choose" {
		t.Errorf("leads to %s", to)
	}
	choice := url.Values{"csrf": {csrf}, "right": {reader.String()}}
	if to := v.to(v.do("POST", "/session/choose", choice)); to != "/" {
		t.Errorf("leads to %s", to)
	}
	if v.cookie("portal") == old {
		t.Error("the secret is the same")
	}
	if role := v.get("/me").doc.Find(".tt-who__role").Text(); !strings.Contains(role, "Reader") || !strings.Contains(role, "Lake") {
		t.Errorf("acts as %q", role)
	}
	thief := d.visitor()
	thief.hold("portal", old)
	p := thief.get("/me")
	thief.to(p)
	if len(p.Cookies()) != 0 {
		t.Errorf("a request with the old secret changes cookies (%v): beside the rotation it would delete the new one", p.Cookies())
	}
	if p := v.do("POST", "/session/choose", url.Values{"csrf": {v.csrf()}, "right": {uuid.NewString()}}); p.StatusCode != 404 {
		t.Errorf("a right of nobody's: %d", p.StatusCode)
	}
	v.get("/me")

	// Eight requests at once while the role changes back: whoever loses is told, and
	// the browser ends with a session that works.
	csrf = v.csrf()
	var owner string
	for _, n := range v.get("/session/choose").doc.Find("form[action='/session/choose'] input[name=right]").EachIter() {
		owner = n.AttrOr("value", "")
	}
	before := *v.c // shares the jar
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			method, path, body := "GET", "/me", ""
			if i%2 == 0 {
				method, path, body = "POST", "/session/choose", url.Values{"csrf": {csrf}, "right": {owner}}.Encode()
			}
			req, err := http.NewRequestWithContext(context.Background(), method, d.base+path, strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := before.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if res.StatusCode >= 500 {
				t.Errorf("%s: %d", path, res.StatusCode)
			}
		})
	}
	wg.Wait()
	if role := v.get("/me").doc.Find(".tt-who__role").Text(); !strings.Contains(role, "Owner") {
		t.Errorf("after eight at once acts as %q", role)
	}
}

func TestRightsEndBetweenRequests(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	v := d.visitor().enter("companies", "olga@harbor.example")
	right := d.right("olga@harbor.example", identity.Owner, "Harbor")
	v.to(v.do("POST", "/session/choose", url.Values{"csrf": {v.csrf()}, "right": {right.String()}}))
	if p := v.get("/company/sites"); p.StatusCode != 303 {
		t.Fatalf("owner: %d", p.StatusCode)
	}
	d.must(d.db.Write(t.Context(), pg.System, func(tx pg.Tx) error {
		return tx.WithContext(t.Context()).Exec(`update person_right set ended_at = ? where id = ?`, d.clock.Now(), right).Error
	}))
	v.explains(v.get("/company/sites"), 404, "Page not found")
	if to := v.to(v.get("/")); to != "/welcome" {
		t.Errorf("leads to %s", to)
	}
}

func TestFormAfterTheSessionEnded(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	v := d.visitor().enter("companies", "olga@harbor.example")
	right := d.right("olga@harbor.example", identity.Owner, "Harbor")
	v.to(v.do("POST", "/session/choose", url.Values{"csrf": {v.csrf()}, "right": {right.String()}}))
	form := url.Values{"csrf": {v.csrf()}, "version": {"3"}, "new": {"01a20be3-a9d5-7e56-8a43-3736aacfb319"}, "name": {`Harbor "<script>`}, "part": {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14"}}
	d.clock.Move(30 * time.Minute)
	v.to(v.get("/me")) // another window notices first; the form's owner is still known
	if to := v.to(v.do("POST", "/company/profile/edit?a=b", form)); to != "/signin?return=%2Fkept" {
		t.Fatalf("leads to %s", to)
	}
	if text := v.get("/signin?return=%2Fkept").text; !strings.Contains(text, "kept for one hour") {
		t.Errorf("does not say that it is kept: %s", text)
	}
	// Somebody else signs in on this computer: there is nothing for them.
	token := v.cookie("kept")
	other := d.visitor()
	other.hold("kept", token)
	if to := other.to(other.get(other.answered("/signin/companies?return=%2Fkept", "eve@lake.example"))); to != "/kept" {
		t.Fatalf("leads to %s", to)
	}
	if to := other.to(other.get("/kept")); to != "/welcome" {
		t.Errorf("leads to %s", to)
	}
	if text := other.get("/welcome").text; !strings.Contains(text, "There is no form of yours") || strings.Contains(text, "script") {
		t.Errorf("says %s", text)
	}
	if to := v.to(v.get(v.answered("/signin/companies?return=%2Fkept", "olga@harbor.example"))); to != "/kept" {
		t.Fatalf("leads to %s", to)
	}
	p := v.get("/kept")
	if strings.Contains(p.text, "01a20be3") || !strings.Contains(p.text, "<script>") {
		t.Errorf("shows %s", p.text)
	}
	again := fill(t, p.doc, "/company/profile/edit?a=b")
	if again.Get("name") != form.Get("name") || again.Get("version") != "3" || strings.Join(again["part"], ",") != strings.Join(form["part"], ",") ||
		len(again["csrf"]) != 1 || again.Get("csrf") == form.Get("csrf") || p.doc.Find("main script").Length() != 0 {
		t.Errorf("gives back %v", again)
	}
	if to := v.to(v.get("/kept")); to == "/kept" {
		t.Error("given back twice")
	}

	// A page from before the sign-in, sent after it: not carried out, and not lost.
	if to := v.to(v.do("POST", "/company/names", url.Values{"csrf": {form.Get("csrf")}, "name": {"typed before"}})); to != "/kept" {
		t.Fatalf("leads to %s", to)
	}
	if again := fill(t, v.get("/kept").doc, "/company/names"); again.Get("name") != "typed before" {
		t.Errorf("gives back %v", again)
	}
	v.explains(v.do("POST", "/company/names", url.Values{"csrf": {"invented"}, "name": {"x"}}), 403, "older than your sign-in")

	// Strangers' forms and large ones are not kept.
	stranger := d.visitor()
	if to := stranger.to(stranger.do("POST", "/company/names", url.Values{"csrf": {"x"}, "name": {"x"}})); strings.Contains(to, "kept") || stranger.cookie("kept") != "" {
		t.Errorf("kept for a stranger: %s", to)
	}
}

func TestOtherSitesMayNotSend(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	v := d.visitor().enter("companies", "olga@harbor.example")
	csrf := v.csrf()
	for _, h := range []http.Header{{"Origin": {"https://evil.example"}}, {"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"null"}}} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", d.base+"/signout", strings.NewReader(url.Values{"csrf": {csrf}}.Encode()))
		d.must(err)
		h.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header = h
		res, err := v.c.Do(req)
		d.must(err)
		_ = res.Body.Close()
		if res.StatusCode != 403 {
			t.Errorf("%v: %d", h, res.StatusCode)
		}
	}
	v.csrf() // still signed in
}

func TestEndOtherSessionsThroughTheSite(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	here, there, third := d.visitor().enter("companies", "olga@harbor.example"), d.visitor().enter("companies", "olga@harbor.example"), d.visitor().enter("companies", "olga@harbor.example")
	p := here.get("/me")
	if n := p.doc.Find("table tbody tr").Length(); n != 3 || !strings.Contains(p.text, "Firefox on Linux") {
		t.Errorf("%d sessions: %s", n, p.text)
	}
	one := p.doc.Find("form[action='/me/sessions/end'] input[name=session]").First().AttrOr("value", "")
	here.to(here.do("POST", "/me/sessions/end", url.Values{"csrf": {here.csrf()}, "session": {one}}))
	if p := here.do("POST", "/me/sessions/end", url.Values{"csrf": {here.csrf()}, "session": {"nonsense"}}); p.StatusCode != 400 {
		t.Errorf("nonsense: %d", p.StatusCode)
	}
	here.to(here.do("POST", "/me/sessions/end", url.Values{"csrf": {here.csrf()}}))
	for _, v := range []*visitor{there, third} {
		if p := v.get("/me"); p.StatusCode != 303 {
			t.Errorf("still signed in: %d", p.StatusCode)
		}
	}
	here.csrf()
}
