package devidp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"trustedtrader/app/identity/devidp"
	"trustedtrader/app/identity/oidcrp"
)

const (
	callback  = "http://localhost:8080/sign-in/callback"
	signedOut = "http://localhost:8080/signed-out"
)

var people = []devidp.Person{
	{Name: "Ana Pérez", Email: "ana@vallealto.example", Audience: "companies", Organisation: "Valle Alto Logistics", Role: "Owner", Note: "Has a draft application", Locale: "es"},
	{Name: "Ben Okafor", Email: "ben@vallealto.example", Audience: "companies", Organisation: "Valle Alto Logistics", Role: "Editor", AMR: []string{"pwd"}},
	{Name: "Chloé <script>", Email: "chloe@nordkai.example", Audience: "companies", Organisation: "Nordkai & Sons", Unverified: true},
	{Name: "Dana Cole", Email: "dana@customs.example", Audience: "staff", Organisation: "Office East", Role: "Specialist", ACR: "gold"},
}

func config(dir string) devidp.Config {
	client := devidp.Client{ID: "portal", RedirectURLs: []string{callback}, PostLogoutURLs: []string{signedOut}}
	secret := client
	secret.ID, secret.Secret = "portal-staff", "s3cret"
	return devidp.Config{
		Env: "dev", Listen: "127.0.0.1:0", Dir: dir, People: people,
		Audiences: []devidp.Audience{
			{ID: "companies", Name: "Demo sign-in for companies", Clients: []devidp.Client{client}},
			{ID: "staff", Name: "Demo sign-in for customs staff", ACR: "silver", AMR: []string{"pwd", "otp", "mfa"}, Clients: []devidp.Client{secret}},
		},
	}
}

func start(t *testing.T, cfg devidp.Config) *devidp.Server {
	t.Helper()
	s, err := devidp.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func portal(t *testing.T, s *devidp.Server, audience string, change ...func(*oidcrp.Config)) *oidcrp.Provider {
	t.Helper()
	cfg := oidcrp.Config{ID: audience, Name: "Demo", Issuer: s.Issuer(audience), ClientID: "portal", RedirectURL: parse(t, callback), PostLogoutURL: parse(t, signedOut)}
	if audience == "staff" {
		cfg.ClientID, cfg.ClientSecret = "portal-staff", "s3cret"
	}
	for _, f := range change {
		f(&cfg)
	}
	rp, err := oidcrp.New(cfg, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

// browser is a client with a jar that shows redirects instead of following them.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func read(u *url.URL) oidcrp.Callback {
	q := u.Query()
	return oidcrp.Callback{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss"), Error: q.Get("error"), ErrorDescription: q.Get("error_description")}
}

func signIn(t *testing.T, s *devidp.Server, rp *oidcrp.Provider, c *http.Client, email string, ask oidcrp.Ask) (oidcrp.Identity, error) {
	t.Helper()
	flow, address, err := rp.Begin(t.Context(), ask)
	if err != nil {
		return oidcrp.Identity{}, err
	}
	back, err := s.Answer(t.Context(), c, address, email)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(back.String(), callback+"?") {
		t.Fatalf("sent back to %s", back)
	}
	return rp.Finish(t.Context(), flow, read(back))
}

// open fetches a page as the browser and parses it.
func open(t *testing.T, c *http.Client, address string) (*http.Response, *goquery.Document) {
	t.Helper()
	follow := *c
	follow.CheckRedirect = nil
	resp, err := follow.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	doc, err := goquery.NewDocumentFromReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, doc
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	who, err := signIn(t, s, portal(t, s, "companies"), browser(t), "ana@vallealto.example", oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	if who.Issuer != s.URL()+"/companies" || who.Name != "Ana Pérez" || who.Email != "ana@vallealto.example" || !who.EmailVerified ||
		who.Locale != "es" || !slices.Equal(who.AMR, []string{"mfa"}) || who.SID == "" || time.Since(who.AuthTime) > time.Minute {
		t.Errorf("got %+v", who)
	}
	who, err = signIn(t, s, portal(t, s, "companies"), browser(t), "chloe@nordkai.example", oidcrp.Ask{})
	if err != nil || who.EmailVerified {
		t.Errorf("got %+v, %v", who, err)
	}
	who, err = signIn(t, s, portal(t, s, "staff"), browser(t), "dana@customs.example", oidcrp.Ask{})
	if err != nil || who.ACR != "gold" || !slices.Contains(who.AMR, "mfa") {
		t.Errorf("got %+v, %v", who, err)
	}
}

func TestEachAudienceHasItsOwnIssuer(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	c := browser(t)
	if _, err := signIn(t, s, portal(t, s, "companies"), c, "ana@vallealto.example", oidcrp.Ask{}); err != nil {
		t.Fatal(err)
	}
	// The same made-up address is another person at the other issuer.
	a, err := signIn(t, s, portal(t, s, "companies"), browser(t), "new@example.com", oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := signIn(t, s, portal(t, s, "staff"), c, "new@example.com", oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Subject == b.Subject || a.Issuer == b.Issuer {
		t.Error("two issuers share a person")
	}
	_, address, err := portal(t, s, "staff").Begin(t.Context(), oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	_, doc := open(t, browser(t), address)
	if text := doc.Text(); strings.Contains(text, "Ana Pérez") || !strings.Contains(text, "Dana Cole") {
		t.Error("the staff's page lists others than staff")
	}
}

func TestWeakSignIn(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	strict := func(c *oidcrp.Config) { c.RequiredAMR = []string{"mfa"} }
	_, err := signIn(t, s, portal(t, s, "companies", strict), browser(t), "ben@vallealto.example", oidcrp.Ask{})
	if oidcrp.KindOf(err) != oidcrp.Weak {
		t.Errorf("got %v", err)
	}
	if _, err = signIn(t, s, portal(t, s, "companies", strict), browser(t), "ana@vallealto.example", oidcrp.Ask{}); err != nil {
		t.Error(err)
	}
}

func TestAnotherAddress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, config(dir))
	rp := portal(t, s, "companies")
	first, err := signIn(t, s, rp, browser(t), "Invited.Person@example.org", oidcrp.Ask{LoginHint: "Invited.Person@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if first.Name != "Test Person" || first.Email != "Invited.Person@example.org" || !first.EmailVerified {
		t.Errorf("got %+v", first)
	}
	_, address, err := rp.Begin(t.Context(), oidcrp.Ask{LoginHint: "next@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	_, doc := open(t, browser(t), address)
	if v, _ := doc.Find("#email").Attr("value"); v != "next@example.org" {
		t.Errorf("the address is filled in as %q", v)
	}
	if !strings.Contains(doc.Text(), "Invited.Person@example.org") {
		t.Error("who used the form cannot be chosen again")
	}
	// After a restart the same address is the same person.
	again := start(t, config(dir))
	second, err := signIn(t, again, portal(t, again, "companies"), browser(t), "invited.person@EXAMPLE.org", oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	if second.Subject != first.Subject {
		t.Error("the subject changed")
	}
	// Typing a listed person's address is signing in as that person.
	if who, err := signIn(t, s, rp, browser(t), "ANA@vallealto.example", oidcrp.Ask{}); err != nil || who.Name != "Ana Pérez" {
		t.Errorf("got %+v, %v", who, err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	_, err := signIn(t, s, portal(t, s, "companies"), browser(t), "", oidcrp.Ask{})
	if oidcrp.KindOf(err) != oidcrp.Refused {
		t.Errorf("got %v", err)
	}
}

// TestSession: who is signed in at the provider is not asked again, unless the
// portal wants it.
func TestSession(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	rp := portal(t, s, "companies")
	c := browser(t)
	if _, err := signIn(t, s, rp, c, "", oidcrp.Ask{Prompt: "none"}); oidcrp.KindOf(err) != oidcrp.Refused {
		t.Errorf("prompt none without session: %v", err)
	}
	first, err := signIn(t, s, rp, c, "ana@vallealto.example", oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		ask   oidcrp.Ask
		asked bool
	}{
		"again":       {oidcrp.Ask{}, false},
		"prompt none": {oidcrp.Ask{Prompt: "none"}, false},
		"choose":      {oidcrp.Ask{Prompt: "select_account"}, true},
		"fresh":       {oidcrp.Ask{Fresh: true}, true},
	} {
		// Ben would be picked if the page came up.
		b := *c
		who, err := signIn(t, s, rp, &b, "ben@vallealto.example", tc.ask)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if asked := who.Email == "ben@vallealto.example"; asked != tc.asked {
			t.Errorf("%s: asked %t", name, asked)
		}
		if tc.asked { // back to Ana
			if first, err = signIn(t, s, rp, c, "ana@vallealto.example", oidcrp.Ask{Prompt: "select_account"}); err != nil {
				t.Fatal(err)
			}
		} else if who.SID != first.SID {
			t.Errorf("%s: another session", name)
		}
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	s := start(t, config(t.TempDir()))
	rp := portal(t, s, "companies")
	c := browser(t)
	who, err := signIn(t, s, rp, c, "ana@vallealto.example", oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RotateKeys(); err != nil { // the hint was signed with the key before
		t.Fatal(err)
	}
	address, ok := rp.LogoutURL(t.Context(), who.RawIDToken, "st-1")
	if !ok {
		t.Fatal("no address to sign out at")
	}
	resp, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if to := resp.Header.Get("Location"); to != signedOut+"?state=st-1" {
		t.Fatalf("%s to %q", resp.Status, to)
	}
	if _, err := signIn(t, s, rp, c, "ben@vallealto.example", oidcrp.Ask{Prompt: "none"}); oidcrp.KindOf(err) != oidcrp.Refused {
		t.Errorf("still signed in at the provider: %v", err)
	}
}

// TestSignOutAsks: a link without a fitting hint could be anybody's.
func TestSignOutAsks(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	rp := portal(t, s, "companies")
	c := browser(t)
	if _, err := signIn(t, s, rp, c, "ana@vallealto.example", oidcrp.Ask{}); err != nil {
		t.Fatal(err)
	}
	address, _ := rp.LogoutURL(t.Context(), "", "")
	resp, doc := open(t, c, address)
	if resp.StatusCode != http.StatusOK || !strings.Contains(doc.Text(), "You are signed in here as Ana Pérez") {
		t.Fatalf("%s: %s", resp.Status, doc.Text())
	}
	form := url.Values{}
	doc.Find("form input").Each(func(_ int, in *goquery.Selection) {
		form.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
	})
	wrong := url.Values{"token": {form.Get("token")}, "next": {"https://attacker.example"}}
	if resp := post(t, c, s.URL()+"/companies/sign-out", wrong, nil); resp.StatusCode != http.StatusForbidden {
		t.Errorf("an altered form: %s", resp.Status)
	}
	if resp := post(t, c, s.URL()+"/companies/sign-out", form, nil); resp.Header.Get("Location") != signedOut {
		t.Errorf("%s to %q", resp.Status, resp.Header.Get("Location"))
	}
	resp, _ = open(t, c, s.URL()+"/companies/end_session?client_id=portal&post_logout_redirect_uri=https://attacker.example")
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("an address after sign-out that is not registered: %s", resp.Status)
	}
}

func post(t *testing.T, c *http.Client, address string, form url.Values, header http.Header) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

func TestFormIsGuarded(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	rp := portal(t, s, "companies")
	_, address, err := rp.Begin(t.Context(), oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	victim := browser(t)
	resp, doc := open(t, victim, address)
	form := url.Values{}
	doc.Find("form").First().Find("input").Each(func(_ int, in *goquery.Selection) {
		form.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
	})
	form.Set("person", doc.Find("button[name=person]").First().AttrOr("value", ""))
	to := s.URL() + "/companies/sign-in"
	if resp := post(t, browser(t), to, form, nil); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another browser's form: %s", resp.Status)
	}
	if resp := post(t, victim, to, form, http.Header{"Sec-Fetch-Site": {"cross-site"}}); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form: %s", resp.Status)
	}
	without := url.Values{"request": form["request"], "person": form["person"]}
	if resp := post(t, victim, to, without, nil); resp.StatusCode != http.StatusForbidden {
		t.Errorf("no token: %s", resp.Status)
	}
	if resp := post(t, victim, to, url.Values{"request": form["request"], "token": form["token"], "email": {"nobody"}}, nil); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a wrong address: %s", resp.Status)
	}
	if resp := post(t, victim, to, form, nil); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the form as it is: %s", resp.Status)
	}
	if resp := post(t, victim, to, form, nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the form once more: %s", resp.Status)
	}
	csp := resp.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'self' http://localhost:8080"} {
		if !strings.Contains(csp, part) {
			t.Errorf("policy %q lacks %q", csp, part)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Error(csp)
	}
	if n := doc.Find("script, style, [style], [onclick]").Length(); n != 0 {
		t.Errorf("%d inline scripts or styles", n)
	}
	if !strings.Contains(doc.Text(), "Chloé <script>") {
		t.Error("a name is not shown as text")
	}
}

func TestPageIsWhole(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	_, address, err := portal(t, s, "companies").Begin(t.Context(), oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	_, doc := open(t, browser(t), address)
	if doc.Find("title").Text() != "Demo sign-in" || doc.Find("h1").Text() != "Demo sign-in" {
		t.Error("title or heading is wrong")
	}
	var headings []string
	doc.Find("h2").Each(func(_ int, h *goquery.Selection) { headings = append(headings, strings.TrimSpace(h.Text())) })
	if want := []string{"Valle Alto Logistics", "Nordkai & Sons", "Use another e-mail address"}; !slices.Equal(headings, want) {
		t.Errorf("headings %q", headings)
	}
	if text := doc.Find("button[name=person]").First().Text(); text != "Sign in as Ana Pérez" {
		t.Errorf("button %q", text)
	}
	ids := map[string]int{}
	doc.Find("[id]").Each(func(_ int, e *goquery.Selection) { ids[e.AttrOr("id", "")]++ })
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q is there %d times", id, n)
		}
	}
	if n := doc.Find("input[type=password]").Length(); n != 0 {
		t.Error("asks for a password")
	}
	css, _ := open(t, browser(t), s.URL()+doc.Find("link[rel=stylesheet]").AttrOr("href", ""))
	if css.StatusCode != http.StatusOK || !strings.HasPrefix(css.Header.Get("Content-Type"), "text/css") {
		t.Errorf("style sheet: %s", css.Status)
	}
}

// TestProtocolIsStrict: what the portal must never send is refused.
func TestProtocolIsStrict(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	_, address, err := portal(t, s, "companies").Begin(t.Context(), oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		set       map[string]string
		wantError string // "": no redirect to the client at all
	}{
		"no PKCE":            {map[string]string{"code_challenge": ""}, "invalid_request"},
		"plain PKCE":         {map[string]string{"code_challenge_method": "plain"}, "invalid_request"},
		"implicit":           {map[string]string{"response_type": "id_token"}, ""},
		"fragment":           {map[string]string{"response_mode": "fragment"}, "invalid_request"},
		"other redirect":     {map[string]string{"redirect_uri": "http://localhost:8080/elsewhere"}, ""},
		"longer redirect":    {map[string]string{"redirect_uri": callback + "/x"}, ""},
		"attacker":           {map[string]string{"redirect_uri": "https://attacker.example/"}, ""},
		"unknown client":     {map[string]string{"client_id": "other"}, ""},
		"other's client":     {map[string]string{"client_id": "portal-staff"}, ""},
		"no client":          {map[string]string{"client_id": ""}, ""},
		"request parameters": {map[string]string{"request": "a.b.c"}, "request_not_supported"},
	} {
		u := parse(t, address)
		q := u.Query()
		for k, v := range tc.set {
			if v == "" {
				q.Del(k)
			} else {
				q.Set(k, v)
			}
		}
		u.RawQuery = q.Encode()
		resp, err := browser(t).Get(u.String())
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		location := resp.Header.Get("Location")
		if tc.wantError == "" {
			if location != "" || resp.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: %s to %q", name, resp.Status, location)
			}
			continue
		}
		back := parse(t, strings.Replace(location, "#", "?", 1)).Query()
		if back.Get("error") != tc.wantError {
			t.Errorf("%s: %s to %q", name, resp.Status, location)
		}
		if back.Get("iss") != s.URL()+"/companies" {
			t.Errorf("%s: the refusal does not name its issuer: %s", name, location)
		}
	}
	for _, path := range []string{"/revoke", "/oauth/introspect", "/device_authorization", "/healthz", "/authorize/callback?id=1", "/sign-in?request=x"} {
		if resp, _ := open(t, browser(t), s.URL()+"/companies"+path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	for _, grant := range []string{"", "client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"} {
		if resp := post(t, browser(t), s.URL()+"/companies/oauth/token", url.Values{"grant_type": {grant}, "client_id": {"portal"}}, nil); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("grant %q: %s", grant, resp.Status)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/companies/keys", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "rebound.example"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host's name: %s", resp.Status)
	}
}

func TestCodeWorksOnce(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	rp := portal(t, s, "companies")
	flow, address, err := rp.Begin(t.Context(), oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.Answer(t.Context(), &http.Client{}, address, "ana@vallealto.example")
	if err != nil {
		t.Fatal(err)
	}
	thief := flow
	thief.Verifier = strings.Repeat("v", 43)
	if _, err := rp.Finish(t.Context(), thief, read(back)); oidcrp.KindOf(err) != oidcrp.Stale {
		t.Errorf("a stolen code without verifier: %v", err)
	}
	if _, err := rp.Finish(t.Context(), flow, read(back)); oidcrp.KindOf(err) != oidcrp.Stale {
		t.Errorf("the code after that: %v", err)
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	s := start(t, config(""))
	rp := portal(t, s, "companies")
	try := func() (oidcrp.Identity, error) {
		t.Helper()
		return signIn(t, s, rp, browser(t), "ana@vallealto.example", oidcrp.Ask{})
	}
	ok := func(what string) {
		t.Helper()
		if _, err := try(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	ok("at first")
	if err := s.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	ok("after a rotation")
	for _, skew := range []time.Duration{29 * time.Second, -29 * time.Second} {
		s.SkewClock(skew)
		ok("clock off by " + skew.String())
	}
	s.SkewClock(2 * time.Minute)
	if _, err := try(); oidcrp.KindOf(err) != oidcrp.Broken {
		t.Errorf("clock ahead by two minutes: %v", err)
	}
	s.SkewClock(0)
	s.OmitEmail(true)
	if who, err := try(); err != nil || who.Email != "" {
		t.Errorf("without address: %+v, %v", who, err)
	}
	s.OmitEmail(false)
	s.Tamper(func(claims map[string]any) { claims["nonce"] = "other" })
	if _, err := try(); oidcrp.KindOf(err) != oidcrp.Broken {
		t.Errorf("another nonce: %v", err)
	}
	// Userinfo gives what the id token lacks.
	s.Tamper(func(claims map[string]any) { delete(claims, "email"); delete(claims, "name") })
	if who, err := try(); err != nil || who.Email == "" || who.Name != "Ana Pérez" || !who.EmailVerified {
		t.Errorf("from userinfo: %+v, %v", who, err)
	}
	s.Tamper(nil)
	flow, address, err := rp.Begin(t.Context(), oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.Answer(t.Context(), browser(t), address, "ana@vallealto.example")
	if err != nil {
		t.Fatal(err)
	}
	s.Down(true)
	if _, err := rp.Finish(t.Context(), flow, read(back)); oidcrp.KindOf(err) != oidcrp.Unavailable {
		t.Errorf("down: %v", err)
	}
	if err := portal(t, s, "companies").Healthy(t.Context()); oidcrp.KindOf(err) != oidcrp.Unavailable {
		t.Errorf("down: %v", err)
	}
	s.Down(false)
	ok("up again")
	s.Slow(50 * time.Millisecond)
	begun := time.Now()
	ok("slow")
	if time.Since(begun) < 100*time.Millisecond {
		t.Error("not slow at all")
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := config(dir)
	first, err := devidp.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	rp := portal(t, first, "companies")
	who, err := signIn(t, first, rp, browser(t), "ana@vallealto.example", oidcrp.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	before := keyIDs(t, first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Listen = parse(t, first.URL()).Host
	again := start(t, cfg)
	if !slices.Equal(before, keyIDs(t, again)) {
		t.Error("the keys changed")
	}
	if second, err := signIn(t, again, rp, browser(t), "ana@vallealto.example", oidcrp.Ask{}); err != nil || second.Subject != who.Subject {
		t.Errorf("got %+v, %v", second, err)
	}
	info, err := os.Stat(filepath.Join(dir, "companies.jwks"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file of keys: %v, %v", info, err)
	}
	// A broken file is replaced, and the portal finds the new key by itself.
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "companies.jwks"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := start(t, cfg)
	if _, err := signIn(t, third, rp, browser(t), "ana@vallealto.example", oidcrp.Ask{}); err != nil {
		t.Error(err)
	}
}

func keyIDs(t *testing.T, s *devidp.Server) []string {
	t.Helper()
	resp, err := http.Get(s.URL() + "/companies/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []struct{ Kid, D string }
	}
	if err := json.Unmarshal(b, &set); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, k := range set.Keys {
		if k.D != "" {
			t.Error("a private key is published")
		}
		out = append(out, k.Kid)
	}
	return out
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*devidp.Config){
		"production":       func(c *devidp.Config) { c.Env = "production" },
		"every address":    func(c *devidp.Config) { c.Listen = ":0" },
		"any address":      func(c *devidp.Config) { c.Listen = "0.0.0.0:0" },
		"a name":           func(c *devidp.Config) { c.Listen = "example.com:80" },
		"no address":       func(c *devidp.Config) { c.Listen = "" },
		"audience twice":   func(c *devidp.Config) { c.Audiences = append(c.Audiences, c.Audiences[0]) },
		"audience as path": func(c *devidp.Config) { c.Audiences[0].ID = "a/b" },
		"person twice":     func(c *devidp.Config) { c.People = append(c.People[:1:1], c.People[0]) },
		"person unnamed":   func(c *devidp.Config) { c.People = []devidp.Person{{Email: "a@example.com", Audience: "staff"}} },
		"subject w/ colon": func(c *devidp.Config) {
			c.People = []devidp.Person{{Name: "A", Subject: "a:b", Email: "a@example.com", Audience: "staff"}}
		},
		"folder is no such": func(c *devidp.Config) { c.Dir = "/dev/null/keys" },
	} {
		cfg := config("")
		change(&cfg)
		if s, err := devidp.Start(cfg); err == nil {
			t.Errorf("%s: started", name)
			s.Close()
		}
	}
}

// TestTokensFollowTheGivenClock: a test that lives in another year can sign in.
func TestTokensFollowTheGivenClock(t *testing.T) {
	t.Parallel()
	then := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	cfg := config("")
	cfg.Now = func() time.Time { return then }
	s := start(t, cfg)
	rp, err := oidcrp.New(oidcrp.Config{ID: "companies", Issuer: s.Issuer("companies"), ClientID: "portal", RedirectURL: parse(t, callback), PostLogoutURL: parse(t, signedOut), MaxAge: time.Hour}, nil, cfg.Now)
	if err != nil {
		t.Fatal(err)
	}
	c := browser(t)
	who, err := signIn(t, s, rp, c, "ana@vallealto.example", oidcrp.Ask{Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	address, _ := rp.LogoutURL(t.Context(), who.RawIDToken, "")
	resp, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Header.Get("Location") != signedOut {
		t.Errorf("sign-out with a hint from 2031: %s", resp.Status)
	}
}
