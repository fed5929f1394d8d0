package devidp

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"
)

const (
	requestLife = 10 * time.Minute
	codeLife    = time.Minute
	tokenLife   = 5 * time.Minute
	sessionLife = 12 * time.Hour
	most        = 10_000 // of each kind of thing in memory; the oldest go first
)

var (
	errNotOffered = errors.New("the demo provider does not offer this")
	errUnknown    = errors.New("unknown or expired")
)

// request is one authorisation request; it implements op.AuthRequest. It is
// changed under audience.mu and by one browser only.
type request struct {
	id       string
	ask      oidc.AuthRequest
	begun    time.Time
	coded    time.Time // when the code was made
	person   Person
	session  *session
	done     bool
	acr      string
	amr      []string
	language []language.Tag
}

func (r *request) GetID() string             { return r.id }
func (r *request) GetACR() string            { return r.acr }
func (r *request) GetAMR() []string          { return r.amr }
func (r *request) GetAudience() []string     { return []string{r.ask.ClientID} }
func (r *request) GetAuthTime() time.Time    { return r.session.at }
func (r *request) GetClientID() string       { return r.ask.ClientID }
func (r *request) GetNonce() string          { return r.ask.Nonce }
func (r *request) GetRedirectURI() string    { return r.ask.RedirectURI }
func (r *request) GetScopes() []string       { return r.ask.Scopes }
func (r *request) GetState() string          { return r.ask.State }
func (r *request) GetSubject() string        { return r.person.Subject }
func (r *request) Done() bool                { return r.done }
func (r *request) prompts(value string) bool { return slices.Contains(r.ask.Prompt, value) }

func (r *request) GetResponseType() oidc.ResponseType { return r.ask.ResponseType }
func (r *request) GetResponseMode() oidc.ResponseMode { return r.ask.ResponseMode }
func (r *request) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.ask.CodeChallenge, Method: r.ask.CodeChallengeMethod}
}

// session is one browser that is signed in here.
type session struct {
	id      string // the sid claim; the cookie has another secret
	subject string
	at      time.Time
}

// token is an access token, for userinfo only.
type token struct {
	subject string
	scopes  []string
	until   time.Time
}

// audience implements op.Storage. Its methods answer the protocol engine.

func (a *audience) CreateAuthRequest(_ context.Context, ask *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	switch {
	case ask.CodeChallenge == "" || ask.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return nil, oidc.ErrInvalidRequest().WithDescription("code_challenge with method S256 is required")
	case ask.ResponseMode != "" && ask.ResponseMode != oidc.ResponseModeQuery:
		return nil, oidc.ErrInvalidRequest().WithDescription("response_mode must be query")
	case !slices.Contains(ask.Scopes, oidc.ScopeOpenID):
		return nil, oidc.ErrInvalidRequest().WithDescription("scope openid is required")
	}
	r := &request{id: random(), ask: *ask, begun: time.Now(), language: ask.UILocales}
	a.mu.Lock()
	defer a.mu.Unlock()
	trim(a.requests, func(r *request) time.Time { return r.begun }, requestLife)
	a.requests[r.id] = r
	return r, nil
}

func (a *audience) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	if r := a.request(id); r != nil {
		return r, nil
	}
	return nil, errUnknown
}

func (a *audience) request(id string) *request {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.requests[id]
	if r == nil || time.Since(r.begun) > requestLife {
		return nil
	}
	return r
}

// AuthRequestByCode uses the code up: whoever shows it a second time, and
// whoever shows it with the wrong verifier, has none.
func (a *audience) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.codes[code]
	delete(a.codes, code)
	if r == nil || time.Since(r.coded) > codeLife {
		return nil, errUnknown
	}
	return r, nil
}

func (a *audience) SaveAuthCode(_ context.Context, id, code string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.requests[id]
	if r == nil {
		return errUnknown
	}
	delete(a.requests, id) // the sign-in page has served its purpose
	r.coded = time.Now()
	trim(a.codes, func(r *request) time.Time { return r.coded }, codeLife)
	a.codes[code] = r
	return nil
}

func (a *audience) DeleteAuthRequest(_ context.Context, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.requests, id)
	return nil
}

func (a *audience) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	id, until := random(), time.Now().Add(tokenLife)
	a.mu.Lock()
	defer a.mu.Unlock()
	trim(a.tokens, func(t token) time.Time { return t.until }, 0)
	a.tokens[id] = token{r.GetSubject(), r.GetScopes(), until}
	return id, until, nil
}

// trim makes room for one more: first what has expired, then the oldest.
func trim[T any](m map[string]T, at func(T) time.Time, life time.Duration) {
	if len(m) < most {
		return
	}
	oldest, name := time.Time{}, ""
	for k, v := range m {
		t := at(v)
		if time.Since(t) > life {
			delete(m, k)
		} else if name == "" || t.Before(oldest) {
			oldest, name = t, k
		}
	}
	if len(m) >= most {
		delete(m, name)
	}
}

func (a *audience) SigningKey(context.Context) (op.SigningKey, error) { return a.keys.current(), nil }
func (a *audience) KeySet(context.Context) ([]op.Key, error)          { return a.keys.published(), nil }
func (a *audience) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

func (a *audience) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	for _, c := range a.cfg.Clients {
		if c.ID == id {
			return client{c, a}, nil
		}
	}
	return nil, fmt.Errorf("client %q: %w", id, errUnknown)
}

func (a *audience) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	for _, c := range a.cfg.Clients {
		if c.ID == id && c.Secret != "" && subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) == 1 {
			return nil
		}
	}
	return errors.New("wrong client or secret")
}

// SetUserinfoFromScopes adds nothing: SetUserinfoFromRequest does.
func (a *audience) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest fills the id token.
func (a *audience) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, scopes []string) error {
	a.describe(info, r.GetSubject(), scopes)
	if r, ok := r.(*request); ok {
		info.AppendClaims("sid", r.session.id)
	}
	return nil
}

// SetUserinfoFromToken fills the answer of the userinfo endpoint.
func (a *audience) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, id, subject, _ string) error {
	a.mu.Lock()
	t, ok := a.tokens[id]
	a.mu.Unlock()
	if !ok || t.subject != subject || time.Now().After(t.until) {
		return errUnknown
	}
	a.describe(info, subject, t.scopes)
	return nil
}

func (a *audience) describe(info *oidc.UserInfo, subject string, scopes []string) {
	p, ok := a.person(func(p Person) bool { return p.Subject == subject })
	if !ok {
		return
	}
	info.Subject = p.Subject
	if slices.Contains(scopes, oidc.ScopeProfile) {
		info.Name = p.Name
		if tag, err := language.Parse(p.Locale); err == nil && p.Locale != "" {
			info.Locale = oidc.NewLocale(tag)
		}
	}
	if slices.Contains(scopes, oidc.ScopeEmail) && !a.server.fault().omitEmail {
		info.Email, info.EmailVerified = p.Email, oidc.Bool(!p.Unverified)
	}
}

func (a *audience) person(is func(Person) bool) (Person, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.IndexFunc(a.people, is); i >= 0 {
		return a.people[i], true
	}
	return Person{}, false
}

// admit finds the person of an address, or makes one.
func (a *audience) admit(name, email string) Person {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.IndexFunc(a.people, func(p Person) bool { return strings.EqualFold(p.Email, email) }); i >= 0 {
		return a.people[i]
	}
	if len(a.people)-a.listed >= most {
		a.people = slices.Delete(a.people, a.listed, a.listed+1)
	}
	p := Person{Subject: subjectOf(a.cfg.ID, email), Name: name, Email: email, Audience: a.cfg.ID}
	a.people = append(a.people, p)
	return p
}

func (a *audience) TerminateSession(context.Context, string, string) error { return nil } // signOut ends it
func (a *audience) Health(context.Context) error                           { return nil }

// What the protocol engine could do and this provider does not offer: refresh
// tokens, revocation, introspection, JWT grants.

func (a *audience) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errNotOffered
}
func (a *audience) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, errNotOffered
}
func (a *audience) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}
func (a *audience) RevokeToken(context.Context, string, string, string) *oidc.Error {
	return oidc.ErrInvalidRequest().WithDescription("the demo provider does not offer this")
}
func (a *audience) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errNotOffered
}
func (a *audience) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, errNotOffered
}
func (a *audience) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNotOffered
}
func (a *audience) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNotOffered
}

// client implements op.Client.
type client struct {
	cfg      Client
	audience *audience
}

func (c client) GetID() string                       { return c.cfg.ID }
func (c client) RedirectURIs() []string              { return c.cfg.RedirectURLs }
func (c client) PostLogoutRedirectURIs() []string    { return c.cfg.PostLogoutURLs }
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c client) GrantTypes() []oidc.GrantType         { return []oidc.GrantType{oidc.GrantTypeCode} }
func (c client) LoginURL(id string) string            { return c.audience.at("sign-in") + "?request=" + id }
func (c client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c client) IDTokenLifetime() time.Duration       { return tokenLife }
func (c client) DevMode() bool                        { return false }
func (c client) IsScopeAllowed(string) bool           { return false }
func (c client) IDTokenUserinfoClaimsAssertion() bool { return true }
func (c client) ClockSkew() time.Duration             { return 0 }

func (c client) AuthMethod() oidc.AuthMethod {
	if c.cfg.Secret == "" {
		return oidc.AuthMethodNone
	}
	return oidc.AuthMethodBasic
}

func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}

func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}
