package devidp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"trustedtrader/app/fault"
)

//go:embed style.css
var styleCSS []byte

// audience is one issuer with its sign-in and sign-out pages.
type audience struct {
	server *Server
	cfg    Audience
	engine *op.Provider
	keys   *keyring
	secret []byte // of form tokens

	mu       sync.Mutex
	people   []Person
	listed   int                 // how many of people were given; the rest used the form
	requests map[string]*request // by id
	codes    map[string]*request // by code
	tokens   map[string]token    // by id
	sessions map[string]*session // by cookie
}

func newAudience(s *Server, cfg Audience, people []Person, dir string) (*audience, error) {
	if len(cfg.AMR) == 0 {
		cfg.AMR = []string{"mfa"}
	}
	for i := range people {
		p := &people[i]
		if addressOf(p.Email) == "" || p.Name == "" {
			return nil, fmt.Errorf("person %q <%s>: name or address is not fit", p.Name, p.Email)
		}
		if p.Subject == "" {
			p.Subject = subjectOf(cfg.ID, p.Email)
		}
		if strings.Contains(p.Subject, ":") {
			return nil, fmt.Errorf("person %q: a subject has no colon", p.Name)
		}
		if slices.ContainsFunc(people[:i], func(q Person) bool { return q.Subject == p.Subject || strings.EqualFold(q.Email, p.Email) }) {
			return nil, fmt.Errorf("person %q <%s> is there twice", p.Name, p.Email)
		}
	}
	keys, err := openKeys(dir, cfg.ID)
	if err != nil {
		return nil, err
	}
	a := &audience{
		server: s, cfg: cfg, keys: keys, secret: make([]byte, 32), people: people, listed: len(people),
		requests: map[string]*request{}, codes: map[string]*request{}, tokens: map[string]token{}, sessions: map[string]*session{},
	}
	var crypto [32]byte
	for _, b := range [][]byte{a.secret, crypto[:]} {
		if _, err := rand.Read(b); err != nil {
			return nil, fmt.Errorf("read randomness: %w", err)
		}
	}
	a.engine, err = op.NewProvider(&op.Config{CryptoKey: crypto, CryptoKeyId: "1", CodeMethodS256: true}, a, op.StaticIssuer(a.issuer()),
		op.WithAllowInsecure(), op.WithCORSOptions(nil),
		op.WithIDTokenHintVerifierOpts(op.WithSupportedIDTokenHintSigningAlgorithms(string(jose.ES256))))
	if err != nil {
		return nil, fmt.Errorf("make protocol engine: %w", err)
	}
	return a, nil
}

func (a *audience) issuer() string        { return a.server.Issuer(a.cfg.ID).String() }
func (a *audience) at(path string) string { return a.issuer() + "/" + path }

// routes are all that is served: what the engine could do besides is not there.
func (a *audience) routes(mux *http.ServeMux) {
	path := "/" + a.cfg.ID
	engine := http.StripPrefix(path, a.engine)
	mux.HandleFunc("GET "+path+oidc.DiscoveryEndpoint, a.discovery)
	mux.Handle("GET "+path+"/keys", engine)
	mux.Handle(path+"/authorize", a.namingIssuer(engine))
	mux.Handle("POST "+path+"/oauth/token", a.resigning(engine))
	mux.Handle(path+"/userinfo", engine)
	mux.HandleFunc("GET "+path+"/sign-in", a.signInPage)
	mux.HandleFunc("POST "+path+"/sign-in", a.signIn)
	mux.HandleFunc("GET "+path+"/end_session", a.endSession)
	mux.HandleFunc("POST "+path+"/end_session", a.endSession)
	mux.HandleFunc("POST "+path+"/sign-out", a.signOut)
	mux.HandleFunc("GET "+path+"/style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(styleCSS)
	})
}

func (a *audience) discovery(w http.ResponseWriter, _ *http.Request) {
	acr := []string{}
	if a.cfg.ACR != "" {
		acr = append(acr, a.cfg.ACR)
	}
	sendJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         a.issuer(),
		"authorization_endpoint":                         a.at("authorize"),
		"token_endpoint":                                 a.at("oauth/token"),
		"userinfo_endpoint":                              a.at("userinfo"),
		"jwks_uri":                                       a.at("keys"),
		"end_session_endpoint":                           a.at("end_session"),
		"scopes_supported":                               []string{"openid", "profile", "email"},
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code"},
		"subject_types_supported":                        []string{"public"},
		"acr_values_supported":                           acr,
		"id_token_signing_alg_values_supported":          []string{"ES256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "none"},
		"code_challenge_methods_supported":               []string{"S256"},
		"prompt_values_supported":                        []string{"none", "login", "select_account"},
		"claims_supported":                               []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "sid", "email", "email_verified", "name", "locale"},
		"authorization_response_iss_parameter_supported": true,
	})
}

func sendJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the other side hung up
}

// held keeps an answer back, to be changed before it goes out.
type held struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(b []byte) (int, error) { return h.body.Write(b) }

func hold(next http.Handler, w http.ResponseWriter, r *http.Request) *held {
	h := &held{ResponseWriter: w, status: http.StatusOK}
	next.ServeHTTP(h, r)
	return h
}

func (h *held) release() {
	h.Header().Del("Content-Length")
	h.ResponseWriter.WriteHeader(h.status)
	_, _ = h.ResponseWriter.Write(h.body.Bytes()) // the other side hung up
}

// namingIssuer adds iss to refusals that the engine sends back to the client
// (RFC 9207, section 2).
func (a *audience) namingIssuer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := hold(next, w, r)
		if to := h.Header().Get("Location"); to != "" && !strings.HasPrefix(to, a.issuer()+"/") {
			h.Header().Set("Location", a.withIssuer(to))
			h.body.Reset()
		}
		h.release()
	})
}

func (a *audience) withIssuer(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	if answer, err := url.ParseQuery(u.EscapedFragment()); err == nil && len(answer) > 0 { // the client asked for a fragment
		answer.Set("iss", a.issuer())
		u.Fragment = ""
		return u.String() + "#" + answer.Encode()
	}
	q := u.Query()
	q.Set("iss", a.issuer())
	u.RawQuery = q.Encode()
	return u.String()
}

// resigning moves the times of id tokens to the provider's clock and lets
// Tamper have its way. The engine itself lives in real time.
func (a *audience) resigning(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if grant := r.FormValue("grant_type"); grant != string(oidc.GrantTypeCode) {
			sendJSON(w, http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type"})
			return
		}
		h := hold(next, w, r)
		f := a.server.fault()
		shift := f.skew - time.Since(a.server.now()).Round(time.Second)
		if h.status == http.StatusOK && (shift != 0 || f.tamper != nil) {
			body, err := a.resign(h.body.Bytes(), shift, f.tamper)
			if err != nil {
				sendJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error", "error_description": err.Error()})
				return
			}
			h.body.Reset()
			h.body.Write(body)
		}
		h.release()
	})
}

func (a *audience) resign(answer []byte, shift time.Duration, tamper func(map[string]any)) ([]byte, error) {
	var out map[string]any
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	raw, _ := out["id_token"].(string)
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, fmt.Errorf("read id token: %w", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &claims); err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	for _, name := range []string{"iat", "exp", "auth_time"} {
		if seconds, ok := claims[name].(float64); ok {
			claims[name] = int64(seconds) + int64(shift/time.Second)
		}
	}
	if tamper != nil {
		tamper(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return nil, fmt.Errorf("write claims: %w", err)
	}
	signer, err := op.SignerFromKey(a.keys.current())
	if err != nil {
		return nil, fmt.Errorf("make signer: %w", err)
	}
	token, err := signer.Sign(payload)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if out["id_token"], err = token.CompactSerialize(); err != nil {
		return nil, fmt.Errorf("write id token: %w", err)
	}
	return json.Marshal(out)
}

// cookie is the browser's secret; empty when it has none.
func (a *audience) cookie(r *http.Request) string {
	c, err := r.Cookie("demo-sign-in")
	if err != nil || len(c.Value) > 64 {
		return ""
	}
	return c.Value
}

// setCookie hands the browser a new secret. No Secure attribute: the provider
// speaks plain HTTP, on this machine only.
func (a *audience) setCookie(w http.ResponseWriter) string {
	value := random()
	http.SetCookie(w, &http.Cookie{
		Name: "demo-sign-in", Value: value, Path: "/" + a.cfg.ID, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(sessionLife.Seconds()),
	})
	return value
}

func (a *audience) session(cookie string) *session {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.sessions[cookie]
	if s == nil || time.Since(s.at) > sessionLife {
		return nil
	}
	return s
}

func (a *audience) end(cookie string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.sessions, cookie)
}

// formToken ties a form to a browser and to what the form is about.
func (a *audience) formToken(cookie, about string) string {
	m := hmac.New(sha256.New, a.secret)
	m.Write([]byte(cookie + "\x00" + about))
	return hex.EncodeToString(m.Sum(nil))
}

func (a *audience) formFits(r *http.Request, about string) bool {
	cookie := a.cookie(r)
	return cookie != "" && hmac.Equal([]byte(r.PostFormValue("token")), []byte(a.formToken(cookie, about)))
}

func (a *audience) signInPage(w http.ResponseWriter, r *http.Request) {
	req := a.request(r.URL.Query().Get("request"))
	if req == nil {
		a.show(w, r, http.StatusNotFound, "", expired(a.page(r, nil)))
		return
	}
	s := a.session(a.cookie(r))
	if s != nil && (req.ask.MaxAge == nil || time.Since(s.at) <= time.Duration(*req.ask.MaxAge)*time.Second) && !req.prompts(oidc.PromptSelectAccount) {
		if p, ok := a.person(func(p Person) bool { return p.Subject == s.subject }); ok {
			a.succeed(w, r, req, p, s)
			return
		}
	}
	if req.prompts(oidc.PromptNone) {
		a.refuse(w, r, req, "login_required")
		return
	}
	a.showSignIn(w, r, http.StatusOK, req, a.page(r, req))
}

func (a *audience) showSignIn(w http.ResponseWriter, r *http.Request, status int, req *request, p page) {
	cookie := a.cookie(r)
	if cookie == "" {
		cookie = a.setCookie(w)
	}
	p.Token = a.formToken(cookie, req.id)
	p.Groups = a.groups(req.ask.LoginHint)
	a.show(w, r, status, req.ask.RedirectURI, signInPage(p))
}

// signIn is the form's answer: a person of the list, another address, or cancel.
func (a *audience) signIn(w http.ResponseWriter, r *http.Request) {
	req := a.request(r.PostFormValue("request"))
	if req == nil {
		a.show(w, r, http.StatusNotFound, "", expired(a.page(r, nil)))
		return
	}
	p := a.page(r, req)
	if !a.formFits(r, req.id) {
		p.Errors = []fault.Field{fault.F("", "This page is out of date. Choose again")}
		a.showSignIn(w, r, http.StatusForbidden, req, p)
		return
	}
	switch {
	case r.PostFormValue("cancel") != "":
		a.refuse(w, r, req, "access_denied")
		return
	case r.PostFormValue("person") != "":
		who, ok := a.person(func(p Person) bool { return p.Subject == r.PostFormValue("person") })
		if !ok {
			p.Errors = []fault.Field{fault.F("", "This person is no longer in the list. Choose again")}
			a.showSignIn(w, r, http.StatusUnprocessableEntity, req, p)
			return
		}
		a.welcome(w, r, req, who)
		return
	}
	p.Name, p.Email = strings.TrimSpace(r.PostFormValue("name")), strings.TrimSpace(r.PostFormValue("email"))
	if p.Name == "" || len(p.Name) > 200 {
		p.Errors = append(p.Errors, fault.F("name", "Enter a name of up to 200 characters"))
	}
	if addressOf(p.Email) == "" {
		p.Errors = append(p.Errors, fault.F("email", "Enter an e-mail address, like name@example.com"))
	}
	if p.Errors != nil {
		a.showSignIn(w, r, http.StatusUnprocessableEntity, req, p)
		return
	}
	a.welcome(w, r, req, a.admit(p.Name, p.Email))
}

// welcome begins a session with a new cookie and sends the browser back.
func (a *audience) welcome(w http.ResponseWriter, r *http.Request, req *request, who Person) {
	a.end(a.cookie(r))
	s := &session{id: random(), subject: who.Subject, at: time.Now()}
	cookie := a.setCookie(w)
	a.mu.Lock()
	trim(a.sessions, func(s *session) time.Time { return s.at }, sessionLife)
	a.sessions[cookie] = s
	a.mu.Unlock()
	a.succeed(w, r, req, who, s)
}

func (a *audience) succeed(w http.ResponseWriter, r *http.Request, req *request, who Person, s *session) {
	a.mu.Lock()
	req.person, req.session, req.done = who, s, true
	req.acr, req.amr = a.cfg.ACR, a.cfg.AMR
	if who.ACR != "" {
		req.acr = who.ACR
	}
	if len(who.AMR) > 0 {
		req.amr = who.AMR
	}
	a.mu.Unlock()
	to, err := op.BuildAuthResponseCallbackURL(op.ContextWithIssuer(r.Context(), a.issuer()), req, a.engine)
	if errors.Is(err, errUnknown) { // the form was sent twice
		a.show(w, r, http.StatusNotFound, "", expired(a.page(r, req)))
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, a.withIssuer(to), http.StatusSeeOther)
}

func (a *audience) refuse(w http.ResponseWriter, r *http.Request, req *request, code string) {
	_ = a.DeleteAuthRequest(r.Context(), req.id) // never fails
	u, err := url.Parse(req.ask.RedirectURI)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	q := u.Query()
	q.Set("error", code)
	if req.ask.State != "" {
		q.Set("state", req.ask.State)
	}
	u.RawQuery = q.Encode()
	http.Redirect(w, r, a.withIssuer(u.String()), http.StatusSeeOther)
}

// endSession is RP-initiated sign-out. A hint that names this browser's session
// ends it at once; otherwise the person is asked, for anybody can link here.
func (a *audience) endSession(w http.ResponseWriter, r *http.Request) {
	ctx := op.ContextWithIssuer(r.Context(), a.issuer())
	ask, err := op.ParseEndSessionRequest(r, a.engine.Decoder())
	if err == nil {
		var end *op.EndSessionRequest
		if end, err = op.ValidateEndSessionRequest(ctx, ask, a.engine); err == nil {
			cookie := a.cookie(r)
			s := a.session(cookie)
			if s == nil || end.IDTokenHintClaims != nil && end.IDTokenHintClaims.SessionID == s.id {
				a.goodbye(w, r, cookie, end.RedirectURI)
				return
			}
			p := a.page(r, nil)
			p.Next = end.RedirectURI
			p.Token = a.formToken(cookie, "sign-out "+p.Next)
			if who, ok := a.person(func(p Person) bool { return p.Subject == s.subject }); ok {
				p.Name = who.Name
			}
			a.show(w, r, http.StatusOK, p.Next, signOutPage(p))
			return
		}
	}
	a.show(w, r, http.StatusBadRequest, "", badSignOut(a.page(r, nil)))
}

// signOut is the answer to the question of endSession.
func (a *audience) signOut(w http.ResponseWriter, r *http.Request) {
	next := r.PostFormValue("next")
	if !a.formFits(r, "sign-out "+next) {
		a.show(w, r, http.StatusForbidden, "", badSignOut(a.page(r, nil)))
		return
	}
	a.goodbye(w, r, a.cookie(r), next)
}

func (a *audience) goodbye(w http.ResponseWriter, r *http.Request, cookie, next string) {
	a.end(cookie)
	http.SetCookie(w, &http.Cookie{Name: "demo-sign-in", Path: "/" + a.cfg.ID, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	if next != "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	a.show(w, r, http.StatusOK, "", signedOut(a.page(r, nil)))
}

// page is what every page shows.
type page struct {
	Audience string // English source text
	Path     string // of the issuer
	Request  string
	Token    string
	Groups   []group
	Name     string // entered, or who is signed in
	Email    string
	Next     string // after sign-out
	Errors   []fault.Field
}

// group is the people of one organisation.
type group struct {
	Name   string
	People []Person
}

func (a *audience) page(_ *http.Request, req *request) page {
	p := page{Audience: a.cfg.Name, Path: "/" + a.cfg.ID}
	if req != nil {
		p.Request = req.id
		p.Email = addressOf(req.ask.LoginHint)
	}
	return p
}

// groups lists people by organisation in the order given, those who used the
// form last. The person that the portal hinted at comes first.
func (a *audience) groups(hint string) []group {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []group
	for i, p := range a.people {
		name := p.Organisation
		if i >= a.listed {
			name = ""
		}
		at := slices.IndexFunc(out, func(g group) bool { return g.Name == name })
		if at < 0 {
			at, out = len(out), append(out, group{Name: name})
		}
		if hint != "" && strings.EqualFold(p.Email, hint) {
			out[at].People = slices.Insert(out[at].People, 0, p)
			first := out[at]
			out = slices.Insert(slices.Delete(out, at, at+1), 0, first)
			continue
		}
		out[at].People = append(out[at].People, p)
	}
	return out
}

// show renders a page. A form may be answered with a redirect to the client,
// which form-action must allow.
func (a *audience) show(w http.ResponseWriter, r *http.Request, status int, client string, c templ.Component) {
	var wanted []string
	if u, err := url.Parse(client); err == nil && u.Host != "" {
		wanted = append(wanted, u.Scheme+"://"+u.Host)
	}
	w.Header().Set("Content-Security-Policy", strings.TrimSpace("default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' "+strings.Join(wanted, " ")))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	var ctx context.Context
	if req := a.request(r.FormValue("request")); req != nil {
		ctx = a.server.speak(r, req.language)
	} else {
		ctx = a.server.speak(r, nil)
	}
	var body bytes.Buffer
	if err := c.Render(ctx, &body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the other side hung up
}
