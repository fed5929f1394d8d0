package partnerapi_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/partnerapi"
	"trustedtrader/app/pg"
	"trustedtrader/app/signing"
)

func TestMain(m *testing.M) { apptest.Run(m) }

const us = "norland-us"

type world struct {
	*findingtest.World
	svc    *partnerapi.Service
	agency uuid.UUID
	admin  identity.Actor
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	keys, err := signing.Derive(make([]byte, 32))
	w.Must(err)
	w.svc = &partnerapi.Service{DB: w.DB, Now: w.Clock.Now, Base: &url.URL{Scheme: "https", Host: "portal.example"}, Keys: keys, Key: make([]byte, 32)}
	w.agency, w.admin = w.partner("norland", us)
	return w
}

// partner is an agency with an administrator, partner of an arrangement.
func (w *world) partner(code, arrangement string) (uuid.UUID, identity.Actor) {
	w.T.Helper()
	agency, person, now := pg.NewID(), pg.NewID(), w.Clock.Now()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, ?, 'Customs', 'NO', 'Europe/Oslo', ?)`, agency, code, now)
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, 'Ada Admin', ?)`, person, code, code+"@x.example", now)
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values (?, ?, ?)`, arrangement, agency, now.Add(-time.Hour))
	return agency, identity.Actor{PersonID: person, Name: "Ada Admin", Audience: identity.Partners, Role: identity.AgencyAdmin, AgencyID: agency, Agency: "Customs", Zone: time.UTC}
}

// program is a client with a key of its own.
type program struct {
	w   *world
	id  uuid.UUID
	key *ecdsa.PrivateKey
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func jwk(t testing.TB, key crypto.PublicKey, kid string) string {
	t.Helper()
	b, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: kid})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (w *world) program(scopes ...string) *program {
	w.T.Helper()
	p := &program{w: w, key: newKey(w.T)}
	var err error
	p.id, err = w.svc.Open(w.Ctx, w.admin, "Manifest system")
	w.Must(err)
	w.Must(w.svc.AddKey(w.Ctx, w.admin, p.id, jwk(w.T, p.key.Public(), "one")))
	w.Must(w.svc.Allow(w.Ctx, w.admin, p.id, map[string][]string{us: scopes}, ""))
	return p
}

// claims are those of a good assertion.
func (p *program) claims() jwt.Claims {
	now := p.w.Clock.Now()
	return jwt.Claims{Issuer: p.id.String(), Subject: p.id.String(), Audience: jwt.Audience{"https://portal.example/api/v1/token"},
		Expiry: jwt.NewNumericDate(now.Add(time.Minute)), ID: uuid.NewString()}
}

func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, kid string, c jwt.Claims) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(s).Claims(c).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func request(assertion string) partnerapi.TokenRequest {
	return partnerapi.TokenRequest{GrantType: "client_credentials", AssertionType: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", Assertion: assertion}
}

func (p *program) token() string {
	p.w.T.Helper()
	t, err := p.w.svc.Token(p.w.Ctx, request(sign(p.w.T, jose.ES256, p.key, "one", p.claims())))
	p.w.Must(err)
	return t.AccessToken
}

// caller is the program once it has shown a token.
func (p *program) caller() partnerapi.Caller {
	p.w.T.Helper()
	c, ok, err := p.w.svc.Recognise(p.w.Ctx, p.token(), "", "request")
	p.w.Must(err)
	if !ok {
		p.w.T.Fatal("the token is not recognised")
	}
	return c
}
