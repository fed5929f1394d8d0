package partnerapi_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/partnerapi"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.program(partnerapi.StatusRead, partnerapi.FeedRead)
	good := sign(t, jose.ES256, p.key, "one", p.claims())
	tok, err := w.svc.Token(w.Ctx, request(good))
	w.Must(err)
	if tok.ExpiresIn != 600 || tok.Scope != "feed:read status:read" || len(tok.Arrangements[us]) != 2 || w.Count(`select count(*)::int from api_token where position($1::bytea in hash) > 0`, []byte(tok.AccessToken)) != 0 {
		t.Errorf("token: %+v", tok)
	}
	c, ok, err := w.svc.Recognise(w.Ctx, tok.AccessToken, "", "r")
	if err != nil || !ok || c.Client != p.id || c.Actor.AgencyID != w.agency || !c.May(partnerapi.StatusRead, us) || c.May(partnerapi.IrregularityWrite, us) || c.May(partnerapi.StatusRead, "other") {
		t.Errorf("caller: %+v %v %v", c, ok, err)
	}
	if _, err := w.svc.Token(w.Ctx, request(good)); !strings.Contains(refusal(t, err), "used before") {
		t.Errorf("a replay: %v", err)
	}
	narrow := request(sign(t, jose.ES256, p.key, "one", p.claims()))
	narrow.Scope = "status:read/" + us
	if tok, err := w.svc.Token(w.Ctx, narrow); err != nil || tok.Scope != "status:read" {
		t.Errorf("a narrow token: %+v %v", tok, err)
	}
	for _, scope := range []string{"irregularity:write", "status:read/other", "all"} {
		narrow = request(sign(t, jose.ES256, p.key, "one", p.claims()))
		if narrow.Scope = scope; !strings.HasPrefix(refusal(t, second(w.svc.Token(w.Ctx, narrow))), "invalid_scope") {
			t.Errorf("scope %s is given", scope)
		}
	}

	w.Clock.Move(10 * time.Minute)
	if _, ok, _ := w.svc.Recognise(w.Ctx, tok.AccessToken, "", "r"); ok {
		t.Error("a token is good after its end")
	}
}

func second[T any](_ T, err error) error { return err }

func refusal(t *testing.T, err error) string {
	t.Helper()
	var e *partnerapi.TokenError
	if !errors.As(err, &e) {
		t.Errorf("no refusal: %v", err)
		return ""
	}
	return e.Error()
}

func TestAssertionsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.program(partnerapi.StatusRead)
	other := w.program(partnerapi.StatusRead)
	now := w.Clock.Now()
	for name, change := range map[string]func(c *jwt.Claims){
		"another subject":      func(c *jwt.Claims) { c.Subject = other.id.String() },
		"no audience":          func(c *jwt.Claims) { c.Audience = nil },
		"another audience":     func(c *jwt.Claims) { c.Audience = jwt.Audience{"https://portal.example.evil/api/v1/token"} },
		"no end":               func(c *jwt.Claims) { c.Expiry = nil },
		"an end that is over":  func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(now.Add(-11 * time.Second)) },
		"an end far ahead":     func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(now.Add(5*time.Minute + 11*time.Second)) },
		"a later beginning":    func(c *jwt.Claims) { c.NotBefore = jwt.NewNumericDate(now.Add(time.Minute)) },
		"made in the future":   func(c *jwt.Claims) { c.IssuedAt = jwt.NewNumericDate(now.Add(time.Minute)) },
		"no number":            func(c *jwt.Claims) { c.ID = "" },
		"a long number":        func(c *jwt.Claims) { c.ID = strings.Repeat("x", 201) },
		"nobody":               func(c *jwt.Claims) { c.Issuer, c.Subject = uuid.NewString(), c.Issuer },
		"another client's key": func(c *jwt.Claims) { c.Issuer, c.Subject = other.id.String(), other.id.String() },
	} {
		c := p.claims()
		change(&c)
		if got := refusal(t, second(w.svc.Token(w.Ctx, request(sign(t, jose.ES256, p.key, "one", c))))); !strings.HasPrefix(got, "invalid_client") {
			t.Errorf("%s: %q", name, got)
		}
	}
	good := sign(t, jose.ES256, p.key, "one", p.claims())
	parts := strings.Split(good, ".")
	for name, text := range map[string]string{
		"no signature": parts[0] + "." + parts[1] + ".", "alg none": "eyJhbGciOiJub25lIn0." + parts[1] + ".", "HMAC": sign(t, jose.HS256, []byte(strings.Repeat("k", 32)), "one", p.claims()),
		"another key name": sign(t, jose.ES256, p.key, "two", p.claims()), "a stranger's key": sign(t, jose.ES256, newKey(t), "one", p.claims()), "nonsense": "a.b.c", "long": strings.Repeat("a", 9000),
	} {
		if got := refusal(t, second(w.svc.Token(w.Ctx, request(text)))); !strings.HasPrefix(got, "invalid_client") {
			t.Errorf("%s: %q", name, got)
		}
	}
	r := request(good)
	r.ClientID = other.id.String()
	if refusal(t, second(w.svc.Token(w.Ctx, r))) == "" {
		t.Error("another client_id")
	}
	r = request(good)
	r.GrantType = "password"
	if got := refusal(t, second(w.svc.Token(w.Ctx, r))); !strings.HasPrefix(got, "unsupported_grant_type") {
		t.Error(got)
	}
	if n := w.Count(`select count(*)::int from api_token`); n != 0 {
		t.Errorf("%d tokens were given", n)
	}
	if _, err := w.svc.Token(w.Ctx, request(good)); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// TestOneAssertionManyReplicas: of many who come with one assertion at once, one gets a token.
func TestOneAssertionManyReplicas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.program(partnerapi.StatusRead)
	text := sign(t, jose.ES256, p.key, "one", p.claims())
	var given atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := w.svc.Token(w.Ctx, request(text)); err == nil {
				given.Add(1)
			}
		})
	}
	wg.Wait()
	if given.Load() != 1 {
		t.Errorf("%d tokens for one assertion", given.Load())
	}
}

func TestKeysOfClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.program(partnerapi.StatusRead)
	edPublic, ed, err := ed25519.GenerateKey(rand.Reader)
	w.Must(err)
	der, err := x509.MarshalPKIXPublicKey(edPublic)
	w.Must(err)
	w.Must(w.svc.AddKey(w.Ctx, w.admin, p.id, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))))
	for _, text := range []string{sign(t, jose.ES256, p.key, "one", p.claims()), sign(t, jose.EdDSA, ed, "", p.claims())} {
		if _, err := w.svc.Token(w.Ctx, request(text)); err != nil {
			t.Errorf("both keys are live: %v", err)
		}
	}
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	w.Must(err)
	w.Want("a third key", w.svc.AddKey(w.Ctx, w.admin, p.id, jwk(t, big.Public(), "three")), fault.Conflict)
	page, err := w.svc.Client(w.Ctx, w.admin, p.id)
	w.Must(err)
	token := p.token()
	for _, k := range page.Keys {
		if k.KID == "one" {
			w.Must(w.svc.RetireKey(w.Ctx, w.admin, p.id, k.ID))
			w.Want("twice", w.svc.RetireKey(w.Ctx, w.admin, p.id, k.ID), fault.NotFound)
		}
	}
	if _, ok, _ := w.svc.Recognise(w.Ctx, token, "", ""); ok {
		t.Error("a token outlives its key")
	}
	if refusal(t, second(w.svc.Token(w.Ctx, request(sign(t, jose.ES256, p.key, "one", p.claims()))))) == "" {
		t.Error("a retired key signs")
	}
	w.Must(w.svc.AddKey(w.Ctx, w.admin, p.id, jwk(t, big.Public(), "three")))
	if _, err := w.svc.Token(w.Ctx, request(sign(t, jose.RS256, big, "three", p.claims()))); err != nil {
		t.Errorf("RS256: %v", err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	w.Must(err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(p.key)
	w.Must(err)
	for name, text := range map[string]string{"nothing": "", "a short RSA key": jwk(t, small.Public(), "s"), "a private JWK": jwk(t, p.key, "p"),
		"a private PEM": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), "a secret": `{"kty":"oct","k":"AAAA"}`, "words": "my key"} {
		w.Want(name, w.svc.AddKey(w.Ctx, w.admin, p.id, text), fault.Invalid)
	}
	w.Must(w.svc.Close(w.Ctx, w.admin, p.id))
	w.Want("a closed client", w.svc.AddKey(w.Ctx, w.admin, p.id, jwk(t, big.Public(), "four")), fault.Conflict)
}

func TestWhoManagesClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.program(partnerapi.StatusRead)
	_, stranger := w.partner("sudland", "other")
	officer := w.admin
	officer.Role = identity.Officer
	for name, by := range map[string]identity.Actor{"another agency": stranger, "an officer": officer, "headquarters": w.Chief, "a company": w.Importer("Harbor Trading LLC")} {
		w.Want(name+" reads", second(w.svc.Client(w.Ctx, by, p.id)), fault.NotFound)
		w.Want(name+" adds a key", w.svc.AddKey(w.Ctx, by, p.id, jwk(t, newKey(t).Public(), "x")), fault.NotFound)
		w.Want(name+" allows", w.svc.Allow(w.Ctx, by, p.id, nil, ""), fault.NotFound)
		w.Want(name+" closes", w.svc.Close(w.Ctx, by, p.id), fault.NotFound)
	}
	w.Want("an arrangement of others", w.svc.Allow(w.Ctx, w.admin, p.id, map[string][]string{"other": {partnerapi.StatusRead}}, ""), fault.NotFound)
	w.Want("no scope", w.svc.Allow(w.Ctx, w.admin, p.id, map[string][]string{us: {"everything"}}, ""), fault.NotFound)
	w.Exec(`update arrangement_agency set until = ? where arrangement = ?`, w.Clock.Now(), us)
	if refusal(t, second(w.svc.Token(w.Ctx, request(sign(t, jose.ES256, p.key, "one", p.claims()))))) == "" {
		t.Error("who is no partner any more gets a token")
	}
}

func TestCertificateOfClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.program(partnerapi.StatusRead)
	hash := strings.Repeat("ab", 32)
	w.Must(w.svc.Allow(w.Ctx, w.admin, p.id, map[string][]string{us: {partnerapi.StatusRead}}, strings.ToUpper(hash)))
	r := request(sign(t, jose.ES256, p.key, "one", p.claims()))
	refusal(t, second(w.svc.Token(w.Ctx, r)))
	r.Cert = hash
	tok, err := w.svc.Token(w.Ctx, r)
	w.Must(err)
	for cert, want := range map[string]bool{hash: true, "": false, strings.Repeat("cd", 32): false} {
		if _, ok, _ := w.svc.Recognise(w.Ctx, tok.AccessToken, cert, ""); ok != want {
			t.Errorf("certificate %q: %v", cert, ok)
		}
	}
}

// TestLimitsAreShared: two replicas together never let more through than one may.
func TestLimitsAreShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.svc.Limits = partnerapi.Limits{Requests: 50}
	p := w.program(partnerapi.StatusRead)
	c := p.caller()
	twin := &partnerapi.Service{DB: w.DB, Now: w.Clock.Now, Base: w.svc.Base, Limits: w.svc.Limits}
	passed := 0
	for i := range 120 {
		s := w.svc
		if i%2 == 1 {
			s = twin
		}
		q, err := s.Request(w.Ctx, c)
		w.Must(err)
		if !q.Over {
			passed++
		}
		if q.Limit != 50 || q.Reset <= 0 || q.Left < 0 {
			t.Fatalf("quota: %+v", q)
		}
	}
	if passed != 50 {
		t.Errorf("%d requests of 50 passed", passed)
	}
	w.Clock.Move(time.Minute)
	if q, err := w.svc.Request(w.Ctx, c); err != nil || q.Over {
		t.Errorf("the next minute: %+v %v", q, err)
	}
}

func TestSameRequestSameAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.program(partnerapi.StatusRead).caller()
	n := 0
	do := func() (partnerapi.Answer, error) {
		n++
		return partnerapi.Answer{Status: 201, Kind: "application/json", Body: `{"n":1}`}, nil
	}
	first, again, err := w.svc.Once(w.Ctx, c, "k1", "POST /x {}", do)
	if err != nil || again || first.Status != 201 {
		t.Fatalf("%+v %v %v", first, again, err)
	}
	if a, again, err := w.svc.Once(w.Ctx, c, "k1", "POST /x {}", do); err != nil || !again || a != first || n != 1 {
		t.Errorf("again: %+v %v %v, done %d times", a, again, err, n)
	}
	if _, _, err := w.svc.Once(w.Ctx, c, "k1", "POST /x {1}", do); !errors.Is(err, partnerapi.ErrOtherRequest) {
		t.Errorf("another body: %v", err)
	}
	failing := func() (partnerapi.Answer, error) { return partnerapi.Answer{}, errors.New("broken") }
	if _, _, err := w.svc.Once(w.Ctx, c, "k2", "x", failing); err == nil {
		t.Error("a failure is hidden")
	}
	if _, again, err := w.svc.Once(w.Ctx, c, "k2", "x", do); err != nil || again {
		t.Errorf("after a failure: %v %v", again, err)
	}
	begun, end := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _, err := w.svc.Once(w.Ctx, c, "k3", "x", func() (partnerapi.Answer, error) {
			close(begun)
			<-end
			return partnerapi.Answer{Status: 200}, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	if _, _, err := w.svc.Once(w.Ctx, c, "k3", "x", do); !errors.Is(err, partnerapi.ErrUnderWay) {
		t.Errorf("while it is under way: %v", err)
	}
	close(end)
	wg.Wait()
	w.Clock.Move(25 * time.Hour)
	if _, again, err := w.svc.Once(w.Ctx, c, "k1", "POST /y", do); err != nil || again {
		t.Errorf("a day later: %v %v", again, err)
	}
}
