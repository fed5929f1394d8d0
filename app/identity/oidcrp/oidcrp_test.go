package oidcrp

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/go-jose/go-jose/v4"

	"trustedtrader/app/fault"
)

const clientID = "portal"

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// provider is go-oidc's test server for description and keys, with the token
// and userinfo endpoints that it lacks. Its fields are set between requests.
type provider struct {
	*httptest.Server
	keys  *oidctest.Server
	clock *clock

	key      crypto.PrivateKey
	kid, alg string
	edit     func(claims map[string]any)                   // of the id token
	sign     func(claims string) string                    // instead of signing with key
	userinfo map[string]any                                // nil: no such endpoint
	describe map[string]any                                // laid over the description
	answer   func(http.ResponseWriter, *http.Request) bool // true: has answered in place of any endpoint
	token    func(http.ResponseWriter, *http.Request) bool // the same for the token endpoint

	down                         atomic.Bool
	discoveries, fetches, tokens atomic.Int32
	mu                           sync.Mutex
	challenge, nonce, code       string
	form                         url.Values
	basicUser, basicPassword     string
}

func newProvider(t *testing.T, c *clock) *provider {
	t.Helper()
	p := &provider{keys: &oidctest.Server{}, clock: c, code: "code-1"}
	p.rotate("first")
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	p.keys.SetIssuer(p.URL)
	return p
}

// rotate replaces the signing key.
func (p *provider) rotate(kid string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	p.use(key, key.Public(), kid, oidc.ES256)
}

func (p *provider) use(private crypto.PrivateKey, public crypto.PublicKey, kid, alg string) {
	p.key, p.kid, p.alg = private, kid, alg
	p.keys.PublicKeys = []oidctest.PublicKey{{PublicKey: public, KeyID: kid, Algorithm: alg}}
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	if p.down.Load() {
		panic(http.ErrAbortHandler)
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.discoveries.Add(1)
	case "/keys":
		p.fetches.Add(1)
	case "/token":
		p.tokens.Add(1)
	}
	if p.answer != nil && p.answer(w, r) {
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		rec := httptest.NewRecorder()
		p.keys.ServeHTTP(rec, r)
		var d map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &d); err != nil {
			panic(err)
		}
		if p.userinfo != nil {
			d["userinfo_endpoint"] = p.URL + "/userinfo"
		}
		maps.Copy(d, p.describe)
		reply(w, d)
	case "/token":
		p.serveToken(w, r)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer access-1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		reply(w, p.userinfo)
	default:
		p.keys.ServeHTTP(w, r)
	}
}

func (p *provider) serveToken(w http.ResponseWriter, r *http.Request) {
	if p.token != nil && p.token(w, r) {
		return
	}
	_ = r.ParseForm()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.form = r.Form
	p.basicUser, p.basicPassword, _ = r.BasicAuth()
	sum := sha256.Sum256([]byte(r.Form.Get("code_verifier")))
	if r.Form.Get("code") != p.code || base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	now := p.clock.now()
	claims := map[string]any{
		"iss": p.URL, "sub": "s-1", "aud": clientID, "nonce": p.nonce, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"email": "ana@example.com", "email_verified": true, "name": "Ana Pérez", "locale": "es",
	}
	if p.edit != nil {
		p.edit(claims)
	}
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	b, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	sign := p.sign
	if sign == nil {
		sign = func(claims string) string { return oidctest.SignIDToken(p.key, p.kid, p.alg, claims) }
	}
	reply(w, map[string]any{"access_token": "access-1", "token_type": "Bearer", "id_token": sign(string(b))})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// sent notes what the browser was sent to the provider with.
func (p *provider) sent(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.challenge, p.nonce = u.Query().Get("code_challenge"), u.Query().Get("nonce")
	return u.Query()
}

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func portal(t *testing.T, p *provider, change ...func(*Config)) *Provider {
	t.Helper()
	cfg := Config{
		ID: "companies", Name: "Company sign-in", Issuer: parse(t, p.URL), ClientID: clientID,
		RedirectURL: parse(t, "http://localhost:8080/sign-in/companies/callback"), PostLogoutURL: parse(t, "http://localhost:8080/signed-out"),
	}
	for _, f := range change {
		f(&cfg)
	}
	rp, err := New(cfg, p.Client(), p.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

// start returns a clock, a provider and a portal that signs in with it.
func start(t *testing.T, change ...func(*Config)) (*clock, *provider, *Provider) {
	t.Helper()
	c := &clock{t: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)}
	p := newProvider(t, c)
	return c, p, portal(t, p, change...)
}

// signIn runs a whole sign-in.
func signIn(t *testing.T, p *provider, rp *Provider) (Identity, error) {
	t.Helper()
	flow, address, err := rp.Begin(t.Context(), Ask{})
	if err != nil {
		return Identity{}, err
	}
	p.sent(t, address)
	return rp.Finish(t.Context(), flow, Callback{Code: p.code, State: flow.State})
}

func want(t *testing.T, err error, kind Kind) {
	t.Helper()
	if KindOf(err) != kind {
		t.Fatalf("got %v, want kind %s", err, kind)
	}
}

func TestSignInAsksAndReads(t *testing.T) {
	t.Parallel()
	_, p, rp := start(t)
	if p.discoveries.Load() != 0 {
		t.Fatal("asked the provider before anybody wanted to sign in")
	}
	flow, address, err := rp.Begin(t.Context(), Ask{LoginHint: "ana@example.com", Locale: "es"})
	if err != nil {
		t.Fatal(err)
	}
	q := p.sent(t, address)
	for name, value := range map[string]string{
		"response_type": "code", "client_id": clientID, "scope": "openid email profile", "code_challenge_method": "S256",
		"redirect_uri": "http://localhost:8080/sign-in/companies/callback", "state": flow.State, "nonce": flow.Nonce,
		"login_hint": "ana@example.com", "ui_locales": "es", "max_age": "", "prompt": "", "acr_values": "",
	} {
		if q.Get(name) != value {
			t.Errorf("%s = %q, want %q", name, q.Get(name), value)
		}
	}
	if strings.Contains(address, flow.Verifier) {
		t.Error("the verifier is in the address")
	}
	who, err := rp.Finish(t.Context(), flow, Callback{Code: "code-1", State: flow.State})
	if err != nil {
		t.Fatal(err)
	}
	if who.Issuer != p.URL || who.Subject != "s-1" || who.Email != "ana@example.com" || !who.EmailVerified || who.Name != "Ana Pérez" || who.Locale != "es" || who.RawIDToken == "" {
		t.Errorf("got %+v", who)
	}
	if p.form.Get("client_id") != clientID || p.basicUser != "" {
		t.Error("a public client must name itself in the form")
	}
	second, _, err := rp.Begin(t.Context(), Ask{})
	if err != nil {
		t.Fatal(err)
	}
	if second.State == flow.State || second.Nonce == flow.Nonce || second.Verifier == flow.Verifier {
		t.Error("two sign-ins share a secret")
	}
}

func TestBeginPassesStrengthAndFreshness(t *testing.T) {
	t.Parallel()
	_, p, rp := start(t, func(c *Config) { c.RequiredACR = []string{"gold", "silver"}; c.MaxAge = time.Hour })
	_, address, err := rp.Begin(t.Context(), Ask{Prompt: "select_account"})
	if err != nil {
		t.Fatal(err)
	}
	if q := p.sent(t, address); q.Get("acr_values") != "gold silver" || q.Get("max_age") != "3600" || q.Get("prompt") != "select_account" {
		t.Errorf("got %v", q)
	}
	_, address, err = rp.Begin(t.Context(), Ask{Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	if q := p.sent(t, address); q.Get("max_age") != "0" || q.Get("prompt") != "login" {
		t.Errorf("got %v", q)
	}
}

// TestFlowIsChecked covers what comes back through the browser, where anybody
// can have written it.
func TestFlowIsChecked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kind Kind
		edit func(*clock, *Flow, *Callback)
	}{
		"no state":          {Stale, func(_ *clock, _ *Flow, b *Callback) { b.State = "" }},
		"wrong state":       {Stale, func(_ *clock, _ *Flow, b *Callback) { b.State = "x" + b.State[1:] }},
		"no flow":           {Stale, func(_ *clock, f *Flow, _ *Callback) { *f = Flow{} }},
		"no flow, no state": {Stale, func(_ *clock, f *Flow, b *Callback) { *f, b.State = Flow{}, "" }},
		"too late":          {Stale, func(c *clock, _ *Flow, _ *Callback) { c.add(FlowLife + time.Second) }},
		"other provider's":  {Broken, func(_ *clock, f *Flow, _ *Callback) { f.Provider = "staff" }},
		"wrong verifier":    {Stale, func(_ *clock, f *Flow, _ *Callback) { f.Verifier = strings.Repeat("v", 43) }},
		"no verifier":       {Stale, func(_ *clock, f *Flow, _ *Callback) { f.Verifier = "" }},
		"wrong nonce":       {Broken, func(_ *clock, f *Flow, _ *Callback) { f.Nonce = "n" + f.Nonce[1:] }},
		"wrong code":        {Stale, func(_ *clock, _ *Flow, b *Callback) { b.Code = "stolen" }},
		"no code":           {Broken, func(_ *clock, _ *Flow, b *Callback) { b.Code = "" }},
		"cancelled":         {Refused, func(_ *clock, _ *Flow, b *Callback) { b.Error = "access_denied" }},
		"not signed in":     {Refused, func(_ *clock, _ *Flow, b *Callback) { b.Error = "login_required" }},
		"too weak":          {Weak, func(_ *clock, _ *Flow, b *Callback) { b.Error = "unmet_authentication_requirements" }},
		"overloaded":        {Unavailable, func(_ *clock, _ *Flow, b *Callback) { b.Error = "temporarily_unavailable" }},
		"misconfigured":     {Broken, func(_ *clock, _ *Flow, b *Callback) { b.Error = "unauthorized_client" }},
		"forged refusal":    {Stale, func(_ *clock, _ *Flow, b *Callback) { b.State, b.Error = "x", "access_denied" }},
		"other issuer":      {Broken, func(_ *clock, _ *Flow, b *Callback) { b.Iss = "https://attacker.example" }},
		"other's refusal":   {Broken, func(_ *clock, _ *Flow, b *Callback) { b.Iss, b.Error = "https://attacker.example", "access_denied" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, p, rp := start(t)
			flow, address, err := rp.Begin(t.Context(), Ask{})
			if err != nil {
				t.Fatal(err)
			}
			p.sent(t, address)
			back := Callback{Code: "code-1", State: flow.State}
			tc.edit(c, &flow, &back)
			_, err = rp.Finish(t.Context(), flow, back)
			want(t, err, tc.kind)
			if fault.KindOf(err) == fault.Internal && tc.kind != Unavailable {
				t.Error("a refusal must carry words for the person")
			}
		})
	}
}

func TestIssParameterIsRequiredWhenAnnounced(t *testing.T) {
	t.Parallel()
	_, p, rp := start(t)
	p.describe = map[string]any{"authorization_response_iss_parameter_supported": true}
	flow, address, err := rp.Begin(t.Context(), Ask{})
	if err != nil {
		t.Fatal(err)
	}
	p.sent(t, address)
	_, err = rp.Finish(t.Context(), flow, Callback{Code: "code-1", State: flow.State})
	want(t, err, Broken)
	if p.tokens.Load() != 0 {
		t.Error("the code went out before the issuer was checked")
	}
	if _, err = rp.Finish(t.Context(), flow, Callback{Code: "code-1", State: flow.State, Iss: p.URL}); err != nil {
		t.Fatal(err)
	}
}

// TestTokenIsChecked covers what a wrong or hostile token endpoint may answer.
func TestTokenIsChecked(t *testing.T) {
	t.Parallel()
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, value any) func(*provider) {
		return func(p *provider) { p.edit = func(c map[string]any) { c[name] = value } }
	}
	at := func(name string, d time.Duration) func(*provider) {
		return func(p *provider) { p.edit = func(c map[string]any) { c[name] = p.clock.now().Add(d).Unix() } }
	}
	for name, tc := range map[string]struct {
		kind Kind // 0: accepted
		edit func(*provider)
	}{
		"as it should be":       {0, func(*provider) {}},
		"another nonce":         {Broken, set("nonce", "replayed")},
		"no nonce":              {Broken, set("nonce", nil)},
		"another issuer":        {Broken, set("iss", "https://attacker.example")},
		"issuer with slash":     {Broken, func(p *provider) { p.edit = func(c map[string]any) { c["iss"] = p.URL + "/" } }},
		"another audience":      {Broken, set("aud", "other")},
		"no audience":           {Broken, set("aud", nil)},
		"two audiences, no azp": {Broken, set("aud", []string{clientID, "other"})},
		"another azp":           {Broken, set("azp", "other")},
		"own azp": {0, func(p *provider) {
			p.edit = func(c map[string]any) { c["aud"], c["azp"] = []string{clientID, "other"}, clientID }
		}},
		"no subject":               {Broken, set("sub", nil)},
		"endless subject":          {Broken, set("sub", strings.Repeat("s", 256))},
		"expired within leeway":    {0, at("exp", -29*time.Second)},
		"expired beyond leeway":    {Broken, at("exp", -31*time.Second)},
		"no expiry":                {Broken, set("exp", nil)},
		"issued 30 s ahead":        {0, at("iat", 30*time.Second)},
		"issued 31 s ahead":        {Broken, at("iat", 31*time.Second)},
		"no time of issue":         {Broken, set("iat", nil)},
		"valid in 30 s":            {0, at("nbf", 30*time.Second)},
		"valid in 31 s":            {Broken, at("nbf", 31*time.Second)},
		"signed in in the future":  {Broken, at("auth_time", time.Minute)},
		"wrong at_hash":            {Broken, set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
		"right at_hash":            {0, func(p *provider) { p.edit = func(c map[string]any) { c["at_hash"] = atHash("access-1") } }},
		"claims of another type":   {Broken, set("acr", map[string]any{})},
		"stranger's key, same kid": {Broken, func(p *provider) { p.key = stranger }},
		"unsigned": {Broken, func(p *provider) {
			p.sign = func(c string) string { return b64(`{"alg":"none"}`) + "." + b64(c) + "." }
		}},
		"no token":               {Broken, func(p *provider) { p.sign = func(string) string { return "" } }},
		"garbage":                {Broken, func(p *provider) { p.sign = func(string) string { return "a.b.c" } }},
		"public key as a secret": {Broken, func(p *provider) { p.sign = p.hs256 }},
		"client secret as a key": {Broken, func(p *provider) {
			p.sign = func(c string) string {
				return oidctest.SignIDToken([]byte(strings.Repeat("secret", 6)), p.kid, "HS256", c)
			}
		}},
		"RS384": {Broken, func(p *provider) { k := rsaKey(t); p.use(k, k.Public(), "rsa", oidc.RS384) }},
		"RS256": {0, func(p *provider) { k := rsaKey(t); p.use(k, k.Public(), "rsa", oidc.RS256) }},
		"PS256": {0, func(p *provider) { k := rsaKey(t); p.use(k, k.Public(), "rsa", oidc.PS256) }},
		"EdDSA": {0, func(p *provider) {
			public, private, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			p.use(private, public, "ed", oidc.EdDSA)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p, rp := start(t)
			tc.edit(p)
			who, err := signIn(t, p, rp)
			if tc.kind == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			want(t, err, tc.kind)
			if who.Subject != "" || who.Email != "" {
				t.Error("a refused token still names somebody")
			}
			var f *fault.Error
			if !errors.As(err, &f) || strings.Contains(f.Error(), "token") || strings.Contains(f.Error(), "nonce") {
				t.Errorf("the person is told %v", f)
			}
		})
	}
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func atHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

var rsaKey = func() func(*testing.T) *rsa.PrivateKey {
	once := sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
	return func(t *testing.T) *rsa.PrivateKey {
		t.Helper()
		k, err := once()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
}()

// hs256 signs with the provider's public key as the shared secret.
func (p *provider) hs256(claims string) string {
	der, err := x509.MarshalPKIXPublicKey(p.keys.PublicKeys[0].PublicKey)
	if err != nil {
		panic(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret},
		&jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"kid": p.kid}})
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign([]byte(claims))
	if err != nil {
		panic(err)
	}
	out, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return out
}

func TestClockOffByHalfAMinute(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-30 * time.Second, 30 * time.Second} {
		c, p, _ := start(t)
		ours := func() time.Time { return c.now().Add(-skew) }
		rp := portal(t, p)
		rp.now = ours
		p.edit = func(claims map[string]any) {
			claims["auth_time"] = c.now().Unix()
			claims["exp"] = c.now().Add(time.Minute).Unix()
		}
		if _, err := signIn(t, p, rp); err != nil {
			t.Errorf("provider's clock off by %s: %v", skew, err)
		}
	}
}

func TestFreshnessIsChecked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fresh  bool
		maxAge time.Duration
		ago    time.Duration // how long ago the person signed in; negative: not said
		kind   Kind
	}{
		"within":       {false, time.Hour, time.Hour + 30*time.Second, 0},
		"too long ago": {false, time.Hour, time.Hour + 31*time.Second, Broken},
		"not said":     {false, time.Hour, -1, Broken},
		"fresh":        {true, 0, 0, 0},
		"not fresh":    {true, 0, time.Minute, Broken},
		"fresh unsaid": {true, 0, -1, Broken},
		"no demand":    {false, 0, -1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, p, rp := start(t, func(c *Config) { c.MaxAge = tc.maxAge })
			if tc.ago >= 0 {
				p.edit = func(claims map[string]any) { claims["auth_time"] = c.now().Add(-tc.ago).Unix() }
			}
			flow, address, err := rp.Begin(t.Context(), Ask{Fresh: tc.fresh})
			if err != nil {
				t.Fatal(err)
			}
			p.sent(t, address)
			_, err = rp.Finish(t.Context(), flow, Callback{Code: "code-1", State: flow.State})
			if KindOf(err) != tc.kind {
				t.Fatalf("got %v, want kind %s", err, tc.kind)
			}
		})
	}
}

func TestStrengthIsChecked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		acr, amr       []string // required
		gotACR, gotAMR any
		needs          []string // nil: enough
	}{
		"nothing required":   {nil, nil, nil, nil, nil},
		"acr met":            {[]string{"gold", "silver"}, nil, "silver", nil, nil},
		"acr not met":        {[]string{"gold", "silver"}, nil, "bronze", nil, []string{"gold", "silver"}},
		"acr not said":       {[]string{"gold"}, nil, nil, nil, []string{"gold"}},
		"amr met":            {nil, []string{"pwd", "mfa"}, nil, []string{"mfa", "otp", "pwd"}, nil},
		"amr half met":       {nil, []string{"pwd", "mfa"}, nil, []string{"pwd"}, []string{"Two-step sign-in"}},
		"amr either":         {nil, []string{"otp|hwk"}, nil, []string{"hwk"}, nil},
		"amr neither":        {nil, []string{"otp|hwk"}, nil, []string{"pwd"}, []string{"A one-time code", "A security key"}},
		"amr as one string":  {nil, []string{"mfa"}, nil, "pwd mfa", nil},
		"amr inside another": {nil, []string{"mfa"}, nil, []string{"nomfa"}, []string{"Two-step sign-in"}},
		"both, one met":      {[]string{"gold"}, []string{"mfa"}, "gold", []string{"pwd"}, []string{"Two-step sign-in"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p, rp := start(t, func(c *Config) { c.RequiredACR, c.RequiredAMR = tc.acr, tc.amr })
			p.edit = func(c map[string]any) { c["acr"], c["amr"] = tc.gotACR, tc.gotAMR }
			_, err := signIn(t, p, rp)
			if tc.needs == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			want(t, err, Weak)
			var e *Error
			if !errors.As(err, &e) || !slices.Equal(e.Needs, tc.needs) {
				t.Errorf("needs %q, want %q", e.Needs, tc.needs)
			}
		})
	}
}

func TestUserinfoCompletes(t *testing.T) {
	t.Parallel()
	_, p, rp := start(t)
	p.edit = func(c map[string]any) { c["email"], c["email_verified"], c["name"] = nil, true, nil }
	p.userinfo = map[string]any{"sub": "s-1", "email": "ana@example.com", "email_verified": "true", "given_name": "Ana", "family_name": "Pérez\u202e"}
	who, err := signIn(t, p, rp)
	if err != nil {
		t.Fatal(err)
	}
	if who.Email != "ana@example.com" || !who.EmailVerified || who.Name != "Ana Pérez" {
		t.Errorf("got %+v", who)
	}
	// An address from one place is never verified by a claim from the other.
	p.userinfo = map[string]any{"sub": "s-1", "email": "boss@example.com", "name": "Ana"}
	if who, err = signIn(t, p, rp); err != nil || who.EmailVerified {
		t.Errorf("got %+v, %v", who, err)
	}
	p.userinfo = map[string]any{"sub": "s-2", "email": "boss@example.com", "email_verified": true, "name": "Boss"}
	_, err = signIn(t, p, rp)
	want(t, err, Broken)
	p.userinfo = map[string]any{"email": "boss@example.com"}
	_, err = signIn(t, p, rp)
	want(t, err, Broken)
}

func TestOddAddressIsNoAddress(t *testing.T) {
	t.Parallel()
	_, p, rp := start(t)
	p.edit = func(c map[string]any) { c["email"] = "ana@example.com\r\nBcc: all@example.com" }
	who, err := signIn(t, p, rp)
	if err != nil || who.Email != "" || who.EmailVerified {
		t.Errorf("got %+v, %v", who, err)
	}
}

func TestNoAddressIsNotVerified(t *testing.T) {
	t.Parallel()
	_, p, rp := start(t)
	p.edit = func(c map[string]any) { c["email"] = nil }
	who, err := signIn(t, p, rp)
	if err != nil || who.Email != "" || who.EmailVerified {
		t.Errorf("got %+v, %v", who, err)
	}
}

func TestKeysOutOfReach(t *testing.T) {
	t.Parallel()
	c, p, rp := start(t)
	p.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/keys" {
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	for range 10 {
		_, err := signIn(t, p, rp)
		want(t, err, Unavailable)
	}
	if n := p.fetches.Load(); n != 1 {
		t.Errorf("asked for keys %d times", n)
	}
	p.answer = nil
	c.add(netPause)
	if _, err := signIn(t, p, rp); err != nil {
		t.Fatal(err)
	}
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	_, p, rp := start(t)
	for i := range 4 { // one after the other, with no time between
		p.rotate(fmt.Sprint("key-", i))
		if _, err := signIn(t, p, rp); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.fetches.Load(); n != 4 {
		t.Errorf("fetched keys %d times, want 4", n)
	}
}

func TestUnknownKeysDoNotHammer(t *testing.T) {
	t.Parallel()
	c, p, rp := start(t)
	if _, err := signIn(t, p, rp); err != nil {
		t.Fatal(err)
	}
	before := p.fetches.Load()
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.sign = func(claims string) string { return oidctest.SignIDToken(stranger, rand.Text(), oidc.ES256, claims) }
	for i := range 20 {
		_, err := signIn(t, p, rp)
		if KindOf(err) != Broken && KindOf(err) != Unavailable {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	if n := p.fetches.Load() - before; n != 1 {
		t.Errorf("fetched keys %d times for 20 made-up keys, want 1", n)
	}
	p.sign = nil
	if _, err := signIn(t, p, rp); err != nil {
		t.Errorf("known keys must go on working in the pause: %v", err)
	}
	// A check in the pause brings a new description, but must not end the pause.
	c.add(16 * time.Second)
	if err := rp.Healthy(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.rotate("second")
	_, err = signIn(t, p, rp)
	want(t, err, Unavailable)
	c.add(15 * time.Second)
	if _, err := signIn(t, p, rp); err != nil {
		t.Errorf("a rotation must be seen after the pause: %v", err)
	}
}

// TestWithdrawnKey: a key that the provider took back stops working within the hour.
func TestWithdrawnKey(t *testing.T) {
	t.Parallel()
	c, p, rp := start(t)
	stolen, kid := p.key, p.kid
	if _, err := signIn(t, p, rp); err != nil {
		t.Fatal(err)
	}
	p.rotate("second")
	p.sign = func(claims string) string { return oidctest.SignIDToken(stolen, kid, oidc.ES256, claims) }
	c.add(freshFor)
	if _, err := signIn(t, p, rp); err != nil { // the last use of the old description, which starts the renewal
		t.Fatal(err)
	}
	for range 200 {
		if _, err := signIn(t, p, rp); KindOf(err) == Broken {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("a withdrawn key still signs")
}

func TestProviderDownThenUp(t *testing.T) {
	t.Parallel()
	c, p, rp := start(t)
	p.down.Store(true)
	_, err := signIn(t, p, rp)
	want(t, err, Unavailable)
	var f *fault.Error
	if !errors.As(err, &f) || !strings.Contains(f.Error(), "Company sign-in does not answer") {
		t.Errorf("the person is told %v", f)
	}
	p.down.Store(false)
	for range 50 {
		_, err = signIn(t, p, rp)
		want(t, err, Unavailable)
	}
	if n := p.discoveries.Load(); n != 0 {
		t.Errorf("asked %d times in the first second", n)
	}
	c.add(time.Second)
	if _, err := signIn(t, p, rp); err != nil {
		t.Fatal(err)
	}
	// Down between leaving for the provider and coming back.
	flow, address, err := rp.Begin(t.Context(), Ask{})
	if err != nil {
		t.Fatal(err)
	}
	p.sent(t, address)
	p.down.Store(true)
	_, err = rp.Finish(t.Context(), flow, Callback{Code: "code-1", State: flow.State})
	want(t, err, Unavailable)
	p.down.Store(false)
	if _, err := signIn(t, p, rp); err != nil {
		t.Fatal(err)
	}
}

func TestBackOffGrowsAndEnds(t *testing.T) {
	t.Parallel()
	c, p, rp := start(t)
	p.answer = func(w http.ResponseWriter, r *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	for range 300 { // five minutes, somebody every second
		_, _, err := rp.Begin(t.Context(), Ask{})
		want(t, err, Unavailable)
		c.add(time.Second)
	}
	if n := p.discoveries.Load(); n < 10 || n > 16 {
		t.Errorf("asked %d times in five minutes", n)
	}
	p.answer = nil
	c.add(30 * time.Second)
	if _, _, err := rp.Begin(t.Context(), Ask{}); err != nil {
		t.Fatal(err)
	}
}

func TestManyWaitForOneDiscovery(t *testing.T) {
	t.Parallel()
	_, p, rp := start(t)
	p.answer = func(http.ResponseWriter, *http.Request) bool { time.Sleep(50 * time.Millisecond); return false }
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if _, _, err := rp.Begin(t.Context(), Ask{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := p.discoveries.Load(); n != 1 {
		t.Errorf("%d discoveries", n)
	}
}

// TestOldDescriptionServes: when the description has aged and the provider does
// not renew it, the old one is used.
func TestOldDescriptionServes(t *testing.T) {
	t.Parallel()
	c, p, rp := start(t)
	if _, err := signIn(t, p, rp); err != nil {
		t.Fatal(err)
	}
	p.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "openid-configuration") {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		return false
	}
	for range 3 {
		c.add(freshFor)
		if _, err := signIn(t, p, rp); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSlowProvider(t *testing.T) {
	t.Parallel()
	c, p, _ := start(t)
	rp := portal(t, p)
	rp.client = bounded(&http.Client{Timeout: 50 * time.Millisecond})
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	p.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	}
	begun := time.Now()
	_, err := signIn(t, p, rp)
	want(t, err, Unavailable)
	if d := time.Since(begun); d > 5*time.Second {
		t.Errorf("waited %s", d)
	}
	// Whoever loses patience does not wait for the provider.
	rp = portal(t, p)
	c.add(time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _, err = rp.Begin(ctx, Ask{})
	want(t, err, Unavailable)
	if bounded(nil).Timeout != 10*time.Second || bounded(&http.Client{Timeout: time.Hour}).Timeout != 10*time.Second {
		t.Error("requests are not bounded in time")
	}
}

func TestHugeAnswers(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/.well-known/openid-configuration", "/keys", "/token", "/userinfo"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			_, p, rp := start(t)
			p.userinfo = map[string]any{"sub": "s-1"}
			p.edit = func(c map[string]any) { c["email"] = nil }
			var written atomic.Int64
			p.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != path {
					return false
				}
				w.Header().Set("Content-Type", "application/json")
				block := []byte(strings.Repeat(" ", 1<<16))
				for range 64 << 4 { // 64 MiB, unless the reader hangs up
					n, err := w.Write(block)
					written.Add(int64(n))
					if err != nil {
						return true
					}
				}
				return true
			}
			_, err := signIn(t, p, rp)
			want(t, err, Unavailable)
			p.CloseClientConnections()
			if written.Load() > 32<<20 {
				t.Errorf("read on for %d bytes", written.Load())
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/.well-known/openid-configuration", "/keys", "/token", "/userinfo"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			_, p, rp := start(t)
			p.userinfo = map[string]any{"sub": "s-1"}
			p.edit = func(c map[string]any) { c["email"] = nil }
			var followed atomic.Bool
			p.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/elsewhere" {
					followed.Store(true)
				}
				if r.URL.Path == path {
					http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
					return true
				}
				return false
			}
			_, err := signIn(t, p, rp)
			want(t, err, Unavailable)
			if followed.Load() {
				t.Error("followed a redirect")
			}
		})
	}
}

func TestDescriptionIsChecked(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]map[string]any{
		"another issuer":    {"issuer": "https://attacker.example"},
		"no keys":           {"jwks_uri": ""},
		"no token endpoint": {"token_endpoint": ""},
		"plain http":        {"token_endpoint": "http://provider.example/token"},
		"script":            {"end_session_endpoint": "javascript:alert(1)"},
	} {
		_, p, rp := start(t)
		p.describe = d
		_, _, err := rp.Begin(t.Context(), Ask{})
		if KindOf(err) != Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretGoesWhereTheProviderWantsIt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		announced []string
		method    string
		basic     bool
	}{
		"not announced":   {nil, "", true},
		"basic announced": {[]string{"client_secret_post", "client_secret_basic"}, "", true},
		"post announced":  {[]string{"client_secret_post"}, "", false},
		"post configured": {nil, SecretPost, false},
	} {
		_, p, rp := start(t, func(c *Config) { c.ClientSecret, c.TokenAuthMethod = "s3cret", tc.method })
		if tc.announced != nil {
			p.describe = map[string]any{"token_endpoint_auth_methods_supported": tc.announced}
		}
		if _, err := signIn(t, p, rp); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if inBasic, inForm := p.basicPassword == "s3cret", p.form.Get("client_secret") == "s3cret"; inBasic != tc.basic || inForm == tc.basic {
			t.Errorf("%s: basic %t, form %t", name, inBasic, inForm)
		}
		if n := p.tokens.Load(); n != 1 {
			t.Errorf("%s: %d token requests", name, n)
		}
	}
}

func TestLogoutURL(t *testing.T) {
	t.Parallel()
	_, p, rp := start(t)
	if _, ok := rp.LogoutURL(t.Context(), "hint", "st"); ok {
		t.Error("made an address for a provider without sign-out")
	}
	p.describe = map[string]any{"end_session_endpoint": p.URL + "/end?tenant=1"}
	rp = portal(t, p)
	address, ok := rp.LogoutURL(t.Context(), "hint", "st")
	if !ok {
		t.Fatal("no address")
	}
	q := parse(t, address).Query()
	if q.Get("tenant") != "1" || q.Get("id_token_hint") != "hint" || q.Get("state") != "st" || q.Get("client_id") != clientID ||
		q.Get("post_logout_redirect_uri") != "http://localhost:8080/signed-out" {
		t.Errorf("got %s", address)
	}
	if address, _ = rp.LogoutURL(t.Context(), strings.Repeat("x", 5000), ""); len(address) > 1000 {
		t.Error("an endless hint makes an endless address")
	}
	p.down.Store(true)
	if _, ok := portal(t, p).LogoutURL(t.Context(), "hint", ""); ok {
		t.Error("made an address without knowing the provider")
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	c, p, rp := start(t)
	p.down.Store(true)
	want(t, rp.Healthy(t.Context()), Unavailable)
	p.down.Store(false)
	want(t, rp.Healthy(t.Context()), Unavailable) // remembered
	c.add(checkedIn)
	if err := rp.Healthy(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := p.discoveries.Load()
	for range 10 {
		if err := rp.Healthy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := signIn(t, p, rp); err != nil {
		t.Fatal(err)
	}
	if p.discoveries.Load() != n {
		t.Error("checks are not remembered")
	}
	c.add(checkedIn)
	p.keys.PublicKeys = nil
	want(t, rp.Healthy(t.Context()), Unavailable)
}

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Issuer: parse(t, "http://provider.example"), TokenAuthMethod: "private_key_jwt", MaxAge: -1}, nil, time.Now)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, problem := range []string{"id is missing", "client id", "https://", "redirect address", "private_key_jwt", "maximum age"} {
		if !strings.Contains(err.Error(), problem) {
			t.Errorf("%q is not reported in %v", problem, err)
		}
	}
	for _, issuer := range []string{"https://id.example/?x=1", "https://u:p@id.example", "ftp://id.example", "http://127.0.0.1.example", "id.example"} {
		if _, err := New(Config{ID: "x", ClientID: "x", Issuer: parse(t, issuer), RedirectURL: parse(t, "https://p.example/cb")}, nil, time.Now); err == nil {
			t.Errorf("accepted issuer %s", issuer)
		}
	}
}

func TestErrorsAreSafeToLog(t *testing.T) {
	t.Parallel()
	_, p, rp := start(t)
	p.token = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		reply(w, map[string]any{"error": "invalid_request", "error_description": "line\nbreak " + strings.Repeat("x", 5000)})
		return true
	}
	_, err := signIn(t, p, rp)
	want(t, err, Broken)
	if s := err.Error(); strings.ContainsAny(s, "\r\n") || len(s) > 1000 {
		t.Errorf("log line of %d bytes: %q", len(s), s)
	}
}
