// Package oidcrp signs people in with an OpenID Connect provider: we are the
// relying party. It knows protocol and nothing else; who a person is to the
// portal, sessions and rights are the identity package's.
//
// A Provider is configured once and needs nobody to be up: the provider's own
// description is fetched when it is first wanted, kept for an hour and fetched
// again after a failure, so an outage, a rotated key or a moved endpoint heals
// without a restart.
//
// A sign-in has two halves. Begin makes a Flow, which the caller keeps on the
// server, and the address to send the browser to. Finish takes that Flow and
// what came back. The caller must delete the Flow before it calls Finish: that,
// and not anything in here, makes state, nonce and verifier single use.
//
// Why so many checks of our own: go-oidc verifies signature, issuer, audience
// and expiry, and leaves nonce, azp, times, strength and PKCE to its caller
// (RFC 9700; OpenID Connect Core 3.1.3.7; RFC 9207 for the iss parameter).
package oidcrp

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// FlowLife is how long a person may take between Begin and Finish.
const FlowLife = 10 * time.Minute

const (
	leeway    = 30 * time.Second // between our clock and the provider's, either way
	freshFor  = time.Hour        // of the provider's description and its keys
	checkedIn = 15 * time.Second // between two real checks by Healthy
	attempt   = 15 * time.Second // for all requests of one Begin, Finish or check
)

// algorithms are the signatures we take. Never none, and never one with a
// shared secret, where the provider's public key could serve as the secret.
var algorithms = []string{oidc.RS256, oidc.ES256, oidc.EdDSA, oidc.PS256}

// The ways to authenticate at the token endpoint.
const (
	SecretBasic = "client_secret_basic"
	SecretPost  = "client_secret_post"
	NoSecret    = "none" // a public client: PKCE alone
)

// Config is one provider as the installation names it.
type Config struct {
	ID            string   // short and stable, part of our addresses: "staff"
	Name          string   // as people know it: "Customs staff sign-in"
	Issuer        *url.URL // to the character as the provider writes it; https, or http on loopback
	ClientID      string
	ClientSecret  string   // empty: a public client
	RedirectURL   *url.URL // ours, registered there exactly
	PostLogoutURL *url.URL // ours, registered there exactly; nil: no way back from sign-out
	Scopes        []string // empty: openid email profile

	RequiredACR []string // one of these must be met; empty: no demand
	RequiredAMR []string // each must be met; "otp|hwk" is met by either

	MaxAge          time.Duration // since the person last proved who they are; 0: no limit
	TokenAuthMethod string        // empty: what the provider's description says
}

// Ask is what one sign-in wants of the provider beyond the configuration.
type Ask struct {
	Fresh     bool   // sign in again even if the provider still knows the person
	Prompt    string // "select_account", "consent", "none"; empty: the provider decides
	LoginHint string // an e-mail address to fill in
	Locale    string // BCP 47 tag for the provider's pages
}

// Flow is a sign-in on its way. Keep it on the server for FlowLife, tied to the
// browser, and delete it before Finish.
type Flow struct {
	Provider string // Config.ID, so that an answer cannot be taken to another provider
	State    string
	Nonce    string
	Verifier string
	Fresh    bool
	Begun    time.Time
}

// Callback is what the browser brought back, as query parameters of the same names.
type Callback struct {
	Code, State, Iss        string
	Error, ErrorDescription string
}

// Identity is who the provider says a person is. The key of a person is Issuer
// with Subject; an e-mail address may change hands, and says nothing when it is
// not verified. RawIDToken is wanted for LogoutURL only.
type Identity struct {
	Issuer, Subject string
	Email           string
	EmailVerified   bool
	Name            string
	Locale          string
	ACR             string
	AMR             []string
	AuthTime        time.Time // zero when the provider did not say
	RawIDToken      string
	SID             string // the provider's session, when it has one
}

// Provider signs people in with one configured provider. It is safe for
// concurrent use.
type Provider struct {
	cfg    Config
	client *http.Client
	now    func() time.Time
	keys   pause // outlives the description: fetching that again must not end a pause

	mu       sync.Mutex
	meta     *metadata
	flight   chan struct{} // closed when the fetch under way has ended
	failure  *Error        // of the last fetch; nil after a good one
	failures int
	retryAt  time.Time
	checked  time.Time // when Healthy last looked
	health   error
}

// metadata is the provider's description of itself.
type metadata struct {
	at           time.Time
	oidc         *oidc.Provider
	keys         *keySet
	jwks         string
	endSession   string
	issParameter bool
	authMethods  []string
}

// New checks the configuration and makes a Provider; it asks nothing of the
// network. All problems are reported at once. A nil client is the default one;
// either way requests are bounded in time and size and follow no redirects.
func New(cfg Config, client *http.Client, now func() time.Time) (*Provider, error) {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("sign-in provider %q: "+format, append([]any{cfg.ID}, args...)...))
	}
	if cfg.ID == "" {
		bad("id is missing")
	}
	if cfg.ClientID == "" {
		bad("client id is missing")
	}
	switch {
	case cfg.Issuer == nil || cfg.Issuer.Host == "":
		bad("issuer is missing")
	case !secure(cfg.Issuer):
		bad("issuer %s must start with https:// (http:// only on this machine)", cfg.Issuer)
	case cfg.Issuer.RawQuery != "" || cfg.Issuer.Fragment != "" || cfg.Issuer.User != nil:
		bad("issuer %s must be scheme, host and path only", cfg.Issuer.Redacted())
	}
	if cfg.RedirectURL == nil || !cfg.RedirectURL.IsAbs() || cfg.RedirectURL.Fragment != "" {
		bad("redirect address must be absolute and without fragment")
	}
	if cfg.PostLogoutURL != nil && !cfg.PostLogoutURL.IsAbs() {
		bad("address after sign-out must be absolute")
	}
	switch cfg.TokenAuthMethod {
	case "":
	case SecretBasic, SecretPost:
		if cfg.ClientSecret == "" {
			bad("%s needs a client secret", cfg.TokenAuthMethod)
		}
	case NoSecret:
		if cfg.ClientSecret != "" {
			bad("a client secret is set, but the token method is none")
		}
	default:
		bad("token method %q is not one of %s, %s, %s", cfg.TokenAuthMethod, SecretBasic, SecretPost, NoSecret)
	}
	if cfg.MaxAge < 0 {
		bad("maximum age is negative")
	}
	if problems != nil {
		return nil, errors.Join(problems...)
	}
	if cfg.Name == "" {
		cfg.Name = cfg.Issuer.Host
	}
	if len(cfg.Scopes) == 0 {
		cfg.Scopes = []string{oidc.ScopeOpenID, oidc.ScopeEmail, oidc.ScopeProfile}
	} else if !slices.Contains(cfg.Scopes, oidc.ScopeOpenID) {
		cfg.Scopes = append([]string{oidc.ScopeOpenID}, cfg.Scopes...)
	}
	return &Provider{cfg: cfg, client: bounded(client), now: now, keys: pause{now: now}}, nil
}

// ID is the provider's short name in our addresses.
func (p *Provider) ID() string { return p.cfg.ID }

// Name is the provider's name as people know it.
func (p *Provider) Name() string { return p.cfg.Name }

// Issuer is the provider's identity, as it stands in Identity.Issuer.
func (p *Provider) Issuer() string { return p.cfg.Issuer.String() }

// Begin starts a sign-in: keep the Flow, send the browser to the address. It
// fails as Unavailable only.
func (p *Provider) Begin(ctx context.Context, ask Ask) (Flow, string, error) {
	meta, err := p.describe(ctx)
	if err != nil {
		return Flow{}, "", err
	}
	flow := Flow{
		Provider: p.cfg.ID, State: rand.Text(), Nonce: rand.Text(),
		Verifier: oauth2.GenerateVerifier(), Fresh: ask.Fresh, Begun: p.now(),
	}
	opts := []oauth2.AuthCodeOption{oidc.Nonce(flow.Nonce), oauth2.S256ChallengeOption(flow.Verifier)}
	set := func(name, value string) {
		if value != "" {
			opts = append(opts, oauth2.SetAuthURLParam(name, value))
		}
	}
	set("acr_values", strings.Join(p.cfg.RequiredACR, " "))
	set("login_hint", ask.LoginHint)
	set("ui_locales", ask.Locale)
	switch {
	case ask.Fresh:
		set("prompt", "login")
		set("max_age", "0")
	default:
		set("prompt", ask.Prompt)
		if p.cfg.MaxAge > 0 {
			set("max_age", strconv.Itoa(int(p.cfg.MaxAge.Seconds())))
		}
	}
	return flow, p.oauth(meta).AuthCodeURL(flow.State, opts...), nil
}

// Finish ends a sign-in with what the browser brought back. Every error is an
// *Error; log it, and show the person its Fault.
func (p *Provider) Finish(ctx context.Context, flow Flow, back Callback) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	switch {
	case flow.State == "" || flow.Nonce == "" || flow.Verifier == "":
		return Identity{}, p.fail(Stale, "no sign-in was begun", nil)
	case flow.Provider != p.cfg.ID:
		return Identity{}, p.fail(Broken, "the sign-in was begun with provider "+strconv.Quote(flow.Provider), nil)
	case !same(flow.State, back.State):
		return Identity{}, p.fail(Stale, "state differs", nil)
	case p.now().Sub(flow.Begun) > FlowLife:
		return Identity{}, p.fail(Stale, "begun too long ago", nil)
	}
	meta, err := p.describe(ctx)
	if err != nil {
		return Identity{}, err
	}
	// Mix-up: an answer that another provider gave (RFC 9207, section 2.4).
	if back.Iss == "" && meta.issParameter {
		return Identity{}, p.fail(Broken, "the answer does not name its issuer", nil)
	}
	if back.Iss != "" && back.Iss != p.Issuer() {
		return Identity{}, p.fail(Broken, "the answer names another issuer", nil)
	}
	if back.Error != "" {
		return Identity{}, p.refusal(back)
	}
	if back.Code == "" {
		return Identity{}, p.fail(Broken, "the answer has no code", nil)
	}
	token, err := p.exchange(ctx, meta, flow, back.Code)
	if err != nil {
		return Identity{}, err
	}
	who, err := p.verify(ctx, meta, flow, token)
	if err != nil {
		return Identity{}, err
	}
	if who.Email == "" || who.Name == "" {
		if err := p.complete(ctx, meta, token, &who); err != nil {
			return Identity{}, err
		}
	}
	if missing := p.missing(who); missing != nil {
		e := p.fail(Weak, fmt.Sprintf("got acr %q, amr %q", who.ACR, who.AMR), nil)
		e.Needs = missing
		return Identity{}, e
	}
	return who, nil
}

// LogoutURL is where to send the browser to sign out at the provider as well;
// false when the provider has no such address or cannot be asked now. State
// comes back as a query parameter of the address after sign-out.
func (p *Provider) LogoutURL(ctx context.Context, idTokenHint, state string) (string, bool) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	meta, err := p.describe(ctx)
	if err != nil || meta.endSession == "" {
		return "", false
	}
	u, err := url.Parse(meta.endSession)
	if err != nil {
		return "", false
	}
	q := u.Query()
	q.Set("client_id", p.cfg.ClientID)
	// Servers cut long addresses. Without the hint the provider asks the person.
	if idTokenHint != "" && len(idTokenHint) <= 4096 {
		q.Set("id_token_hint", idTokenHint)
	}
	if p.cfg.PostLogoutURL != nil {
		q.Set("post_logout_redirect_uri", p.cfg.PostLogoutURL.String())
		if state != "" {
			q.Set("state", state)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), true
}

// Healthy asks the provider for its description and keys, whatever is known
// already, and remembers the answer for fifteen seconds. It is meant for doctor
// and for showing readiness; a provider that is down must not make the portal
// itself unready.
func (p *Provider) Healthy(ctx context.Context) error {
	p.mu.Lock()
	if !p.checked.IsZero() && p.now().Sub(p.checked) < checkedIn {
		defer p.mu.Unlock()
		return p.health
	}
	p.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	meta, err := p.fetch(ctx)
	if err == nil {
		err = p.checkKeys(ctx, meta.jwks)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checked, p.health = p.now(), nil
	if err != nil {
		p.health = p.fail(Unavailable, "check", err)
		return p.health
	}
	p.meta, p.failure, p.failures, p.retryAt = meta, nil, 0, time.Time{}
	return nil
}

// describe returns the provider's description: the one at hand, or a new one
// when there is none. One that has aged is used once more while it is renewed.
func (p *Provider) describe(ctx context.Context) (*metadata, error) {
	p.mu.Lock()
	now := p.now()
	if p.meta != nil && now.Sub(p.meta.at) < freshFor {
		defer p.mu.Unlock()
		return p.meta, nil
	}
	if p.flight == nil && now.Before(p.retryAt) {
		defer p.mu.Unlock()
		if p.meta != nil {
			return p.meta, nil
		}
		return nil, p.failure
	}
	if p.flight == nil {
		p.flight = make(chan struct{})
		go p.renew(p.flight)
	}
	flight, old := p.flight, p.meta
	p.mu.Unlock()
	if old != nil {
		return old, nil
	}
	select {
	case <-ctx.Done():
		return nil, p.fail(Unavailable, "discovery", ctx.Err())
	case <-flight:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.meta != nil {
		return p.meta, nil
	}
	return nil, p.failure
}

// renew fetches the description for everybody who waits on flight. After a
// failure the next attempt comes after one second, then two, up to thirty.
func (p *Provider) renew(flight chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	meta, err := p.fetch(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.failures++
		p.failure = p.fail(Unavailable, "discovery", err)
		p.retryAt = p.now().Add(min(time.Second<<min(p.failures-1, 5), 30*time.Second))
	} else {
		p.meta, p.failure, p.failures, p.retryAt = meta, nil, 0, time.Time{}
	}
	p.flight = nil
	close(flight)
}

// distrust has the description fetched again before it is next needed, because
// something it names did not work.
func (p *Provider) distrust() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.meta != nil {
		aged := *p.meta
		aged.at = time.Time{}
		p.meta = &aged
	}
}

func (p *Provider) fetch(ctx context.Context) (*metadata, error) {
	ctx = oidc.ClientContext(ctx, p.client)
	op, err := oidc.NewProvider(ctx, p.Issuer())
	if err != nil {
		return nil, fmt.Errorf("fetch description: %w", err)
	}
	var more struct {
		JWKS         string   `json:"jwks_uri"`
		EndSession   string   `json:"end_session_endpoint"`
		IssParameter bool     `json:"authorization_response_iss_parameter_supported"`
		AuthMethods  []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := op.Claims(&more); err != nil {
		return nil, fmt.Errorf("read description: %w", err)
	}
	required := map[string]string{"authorization_endpoint": op.Endpoint().AuthURL, "token_endpoint": op.Endpoint().TokenURL, "jwks_uri": more.JWKS}
	optional := map[string]string{"userinfo_endpoint": op.UserInfoEndpoint(), "end_session_endpoint": more.EndSession}
	for name, value := range required {
		if value == "" {
			return nil, fmt.Errorf("read description: %s is missing", name)
		}
		optional[name] = value
	}
	for name, value := range optional {
		if value == "" {
			continue
		}
		u, err := url.Parse(value)
		if err != nil || !secure(u) || u.Scheme == "http" && p.cfg.Issuer.Scheme != "http" {
			return nil, fmt.Errorf("read description: %s is not an https address", name)
		}
	}
	if len(more.AuthMethods) == 0 {
		more.AuthMethods = []string{SecretBasic} // the default of OpenID Connect Discovery, section 3
	}
	return &metadata{
		at: p.now(), oidc: op, keys: newKeySet(p.client, &p.keys, more.JWKS), jwks: more.JWKS,
		endSession: more.EndSession, issParameter: more.IssParameter, authMethods: more.AuthMethods,
	}, nil
}

// checkKeys fails unless the provider publishes at least one key.
func (p *Provider) checkKeys(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("fetch keys: %w", err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return fmt.Errorf("fetch keys: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch keys: %s", resp.Status)
	}
	var set struct{ Keys []json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	if len(set.Keys) == 0 {
		return errors.New("read keys: there are none")
	}
	return nil
}

func (p *Provider) oauth(meta *metadata) *oauth2.Config {
	endpoint := meta.oidc.Endpoint()
	endpoint.AuthStyle = p.authStyle(meta)
	return &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, Endpoint: endpoint,
		RedirectURL: p.cfg.RedirectURL.String(), Scopes: p.cfg.Scopes,
	}
}

// authStyle never lets oauth2 find out by trying: the first try uses up the code.
func (p *Provider) authStyle(meta *metadata) oauth2.AuthStyle {
	method := p.cfg.TokenAuthMethod
	if method == "" && !slices.Contains(meta.authMethods, SecretBasic) && slices.Contains(meta.authMethods, SecretPost) {
		method = SecretPost
	}
	if p.cfg.ClientSecret == "" || method == SecretPost {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// refusal reads an error that came back in place of a code (RFC 6749, 4.1.2.1;
// OpenID Connect Core, 3.1.2.6). Its description is never shown: anybody can
// write one into a link.
func (p *Provider) refusal(back Callback) *Error {
	reason := "answer " + strconv.Quote(clip(back.Error))
	if back.ErrorDescription != "" {
		reason += " " + strconv.Quote(clip(back.ErrorDescription))
	}
	switch back.Error {
	case "access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required":
		return p.fail(Refused, reason, nil)
	case "unmet_authentication_requirements":
		e := p.fail(Weak, reason, nil)
		e.Needs = p.missing(Identity{})
		return e
	case "temporarily_unavailable", "server_error":
		return p.fail(Unavailable, reason, nil)
	}
	return p.fail(Broken, reason, nil)
}

func (p *Provider) exchange(ctx context.Context, meta *metadata, flow Flow, code string) (*oauth2.Token, error) {
	token, err := p.oauth(meta).Exchange(oidc.ClientContext(ctx, p.client), code, oauth2.VerifierOption(flow.Verifier))
	if err == nil {
		return token, nil
	}
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) {
		reason := fmt.Sprintf("exchange the code: %s %s %s", answer.Response.Status, clip(answer.ErrorCode), clip(answer.ErrorDescription))
		switch status := answer.Response.StatusCode; {
		case answer.ErrorCode == "invalid_grant":
			return nil, p.fail(Stale, reason, nil) // used, or too old
		case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusNotFound || status/100 == 3:
			p.distrust()
			return nil, p.fail(Unavailable, reason, nil)
		}
		return nil, p.fail(Broken, reason, nil)
	}
	p.distrust()
	return nil, p.fail(Unavailable, "exchange the code", err)
}

// claims are what we read of an id token beyond what go-oidc checks.
type claims struct {
	AuthorizedParty string   `json:"azp"`
	IssuedAt        *float64 `json:"iat"`
	NotBefore       *float64 `json:"nbf"`
	AuthTime        *float64 `json:"auth_time"`
	ACR             string   `json:"acr"`
	AMR             list     `json:"amr"`
	SID             string   `json:"sid"`
	profile
}

// profile is what an id token and the userinfo endpoint may both say.
type profile struct {
	Email         string `json:"email"`
	EmailVerified truth  `json:"email_verified"`
	Name          string `json:"name"`
	GivenName     string `json:"given_name"`
	FamilyName    string `json:"family_name"`
	Locale        string `json:"locale"`
}

// truth is a boolean that some providers send as a string.
type truth bool

func (t *truth) UnmarshalJSON(b []byte) error {
	*t = string(b) == "true" || string(b) == `"true"`
	return nil
}

// list is a list of strings that some providers send as a single one.
type list []string

func (l *list) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = strings.Fields(one)
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

func (p *Provider) verify(ctx context.Context, meta *metadata, flow Flow, token *oauth2.Token) (Identity, error) {
	now := p.now()
	broken := func(reason string, err error) (Identity, error) {
		return Identity{}, p.fail(Broken, reason, err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return broken("the answer has no id token", nil)
	}
	verifier := oidc.NewVerifier(p.Issuer(), meta.keys, &oidc.Config{
		ClientID: p.cfg.ClientID, SupportedSigningAlgs: algorithms,
		Now: func() time.Time { return now.Add(-leeway) },
	})
	var fetch outage
	id, err := verifier.Verify(context.WithValue(ctx, outageKey{}, &fetch), raw)
	if fetch.err != nil {
		if !errors.Is(fetch.err, errPause) {
			p.distrust()
		}
		return Identity{}, p.fail(Unavailable, "fetch keys", fetch.err)
	}
	var late *oidc.TokenExpiredError
	if errors.As(err, &late) {
		return broken("the id token came expired: compare the clocks", err)
	}
	if err != nil {
		return broken("id token", err)
	}
	if !same(flow.Nonce, id.Nonce) {
		return broken("nonce differs", nil)
	}
	var c claims
	if err := id.Claims(&c); err != nil {
		return broken("read claims", err)
	}
	switch {
	case id.Issuer != p.Issuer():
		return broken("issuer differs", nil) // go-oidc makes an exception for Google
	case id.Subject == "" || len(id.Subject) > 255:
		return broken("subject is missing or too long", nil)
	case c.AuthorizedParty != "" && c.AuthorizedParty != p.cfg.ClientID:
		return broken("azp is another client", nil)
	case len(id.Audience) > 1 && c.AuthorizedParty == "":
		return broken("several audiences and no azp", nil)
	case c.IssuedAt == nil:
		return broken("iat is missing", nil)
	case instant(c.IssuedAt).After(now.Add(leeway)):
		return broken(fmt.Sprintf("issued %s in the future: compare the clocks", instant(c.IssuedAt).Sub(now).Round(time.Second)), nil)
	case c.NotBefore != nil && instant(c.NotBefore).After(now.Add(leeway)):
		return broken("not valid yet", nil)
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return broken("at_hash", err)
		}
	}
	at := instant(c.AuthTime)
	switch {
	case (flow.Fresh || p.cfg.MaxAge > 0) && c.AuthTime == nil:
		return broken("auth_time is missing", nil)
	case flow.Fresh && at.Before(flow.Begun.Add(-leeway)):
		return broken("a fresh sign-in was asked, auth_time is before it", nil)
	case p.cfg.MaxAge > 0 && now.Sub(at) > p.cfg.MaxAge+leeway:
		return broken("auth_time is older than max_age", nil)
	case c.AuthTime != nil && at.After(now.Add(leeway)):
		return broken("auth_time is in the future", nil)
	}
	who := Identity{Issuer: id.Issuer, Subject: id.Subject, ACR: c.ACR, AMR: c.AMR, AuthTime: at, RawIDToken: raw, SID: c.SID}
	who.add(c.profile)
	return who, nil
}

// complete asks the userinfo endpoint for what the id token left out. An answer
// about another subject is an attack or a defect (OpenID Connect Core, 5.3.2).
func (p *Provider) complete(ctx context.Context, meta *metadata, token *oauth2.Token, who *Identity) error {
	if meta.oidc.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := meta.oidc.UserInfo(oidc.ClientContext(ctx, p.client), oauth2.StaticTokenSource(token))
	if err != nil {
		return p.fail(Unavailable, "userinfo", err)
	}
	if info.Subject != who.Subject {
		return p.fail(Broken, "userinfo is about another subject", nil)
	}
	var more profile
	if err := info.Claims(&more); err != nil {
		return p.fail(Broken, "read userinfo", err)
	}
	who.add(more)
	return nil
}

// add fills in what is not known yet. An address and whether it is verified
// belong together and come from the same place.
func (who *Identity) add(c profile) {
	if who.Email == "" {
		if address := clean(c.Email, 254); address == c.Email {
			who.Email, who.EmailVerified = address, bool(c.EmailVerified) && address != ""
		}
	}
	if who.Name == "" {
		who.Name = clean(c.Name, 200)
	}
	if who.Name == "" {
		who.Name = clean(c.GivenName+" "+c.FamilyName, 200)
	}
	if who.Locale == "" {
		who.Locale = clean(c.Locale, 35)
	}
}

// missing lists what of the required strength is not met, nil when all is.
func (p *Provider) missing(who Identity) []string {
	var out []string
	add := func(values []string) {
		for _, v := range values {
			if text := needs(v); !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	if len(p.cfg.RequiredACR) > 0 && !slices.Contains(p.cfg.RequiredACR, who.ACR) {
		add(p.cfg.RequiredACR)
	}
	for _, entry := range p.cfg.RequiredAMR {
		choices := strings.Split(entry, "|")
		if !slices.ContainsFunc(choices, func(v string) bool { return slices.Contains(who.AMR, v) }) {
			add(choices)
		}
	}
	return out
}

// clean drops what does not belong in a name: control and direction characters.
func clean(s string, most int) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s))
	if runes := []rune(s); len(runes) > most {
		return strings.TrimSpace(string(runes[:most]))
	}
	return s
}

func instant(seconds *float64) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	return time.Unix(int64(*seconds), 0)
}

func same(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// secure reports whether an address is https, or http on this machine.
func secure(u *url.URL) bool {
	if u.Scheme == "https" && u.Host != "" {
		return true
	}
	host := u.Hostname()
	return u.Scheme == "http" && (host == "localhost" || net.ParseIP(host).IsLoopback())
}
