package partnerapi

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

const (
	// TokenLife is how long a token is good.
	TokenLife = 10 * time.Minute
	// AssertionLife is how far ahead the end of an assertion may lie.
	AssertionLife = 5 * time.Minute

	skew         = 10 * time.Second // by which a client's clock may be wrong
	mostJTI      = 200
	mostClaim    = 8000 // bytes of an assertion
	assertionFor = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jose.RS256}
}

// TokenRequest is what a client sends for a token (RFC 6749 §4.4, RFC 7523 §2.2).
type TokenRequest struct {
	GrantType     string
	AssertionType string
	Assertion     string
	Scope         string // separated by spaces; empty: everything that the client may
	ClientID      string // optional; must be the assertion's
	Cert          string // SHA-256 of the TLS certificate, from a trusted proxy
	RequestID     string
}

// Token is an access token.
type Token struct {
	AccessToken  string              `json:"access_token"`
	TokenType    string              `json:"token_type"`
	ExpiresIn    int                 `json:"expires_in"`
	Scope        string              `json:"scope"`
	Arrangements map[string][]string `json:"arrangements"`
}

// TokenError is a refusal in the words of RFC 6749 §5.2.
type TokenError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *TokenError) Error() string { return e.Code + ": " + e.Description }

func unknownClient(why string) *TokenError { return &TokenError{"invalid_client", why} }

const notAccepted = "The client, its key or its signature is not accepted"

// Token gives a client a token for ten minutes. The client proves itself with an assertion
// that a live key of its own signed; each is good once, on whichever replica.
func (s *Service) Token(ctx context.Context, r TokenRequest) (t Token, err error) {
	switch {
	case r.GrantType != "client_credentials":
		return t, &TokenError{"unsupported_grant_type", "Use client_credentials"}
	case r.AssertionType != assertionFor || r.Assertion == "":
		return t, &TokenError{"invalid_request", "Send client_assertion, and client_assertion_type " + assertionFor}
	case len(r.Assertion) > mostClaim:
		return t, unknownClient(notAccepted)
	}
	claims, client, keys, err := s.assertion(ctx, r)
	if err != nil {
		return t, err
	}
	if r.ClientID != "" && r.ClientID != client.ID.String() {
		return t, unknownClient(notAccepted)
	}
	if client.CertHash != "" && subtle.ConstantTimeCompare([]byte(client.CertHash), []byte(strings.ToLower(r.Cert))) != 1 {
		return t, unknownClient("This client must come with its TLS certificate")
	}
	if err := s.verify(r.Assertion, keys, &claims); err != nil {
		return t, err
	}
	return s.issue(ctx, client, claims, r)
}

// assertion reads whom an assertion names, without believing it yet.
func (s *Service) assertion(ctx context.Context, r TokenRequest) (c jwt.Claims, client Client, keys []jose.JSONWebKey, err error) {
	parsed, err := jwt.ParseSigned(r.Assertion, algorithms())
	if err != nil || parsed.UnsafeClaimsWithoutVerification(&c) != nil {
		return c, client, nil, unknownClient(notAccepted)
	}
	id, err := uuid.Parse(c.Issuer)
	if err != nil || c.Issuer != c.Subject || len(c.Issuer) != 36 {
		return c, client, nil, unknownClient(notAccepted)
	}
	var clients []Client
	var rows []struct{ JWK string }
	err = s.DB.Batch(ctx, pg.System,
		pg.All(&clients, `select `+clientColumns+` from api_client where id = $1 and closed_at is null`, id),
		pg.All(&rows, `select jwk::text as jwk from api_key where client_id = $1 and retired_at is null`, id))
	if err != nil {
		return c, client, nil, fmt.Errorf("read the client: %w", err)
	}
	if len(clients) == 0 {
		return c, client, nil, unknownClient(notAccepted)
	}
	for _, row := range rows {
		var key jose.JSONWebKey
		if err := json.Unmarshal([]byte(row.JWK), &key); err != nil {
			return c, client, nil, fmt.Errorf("read a key: %w", err)
		}
		keys = append(keys, key)
	}
	return c, clients[0], keys, nil
}

// verify checks the signature first, and then what the claims say.
func (s *Service) verify(text string, keys []jose.JSONWebKey, c *jwt.Claims) error {
	parsed, err := jwt.ParseSigned(text, algorithms())
	if err != nil || len(parsed.Headers) != 1 {
		return unknownClient(notAccepted)
	}
	head := parsed.Headers[0]
	signed := slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool {
		return k.Algorithm == head.Algorithm && (head.KeyID == "" || head.KeyID == k.KeyID) && parsed.Claims(k.Key, c) == nil
	})
	if !signed {
		return unknownClient(notAccepted)
	}
	now := s.Now()
	switch {
	case !slices.ContainsFunc([]string(c.Audience), func(a string) bool { return a == s.TokenAddress() || a == s.Issuer() }):
		return unknownClient("aud must be " + s.TokenAddress() + " or " + s.Issuer())
	case c.Expiry == nil || c.Expiry.Time().After(now.Add(AssertionLife+skew)):
		return unknownClient("exp must be there, and at most 5 minutes ahead")
	case !c.Expiry.Time().Add(skew).After(now):
		return unknownClient("The assertion has expired")
	case c.NotBefore != nil && c.NotBefore.Time().After(now.Add(skew)):
		return unknownClient("nbf is in the future")
	case c.IssuedAt != nil && c.IssuedAt.Time().After(now.Add(skew)):
		return unknownClient("iat is in the future")
	case c.ID == "" || len(c.ID) > mostJTI:
		return unknownClient("jti must be there, and of 200 characters at most")
	}
	return nil
}

func (s *Service) issue(ctx context.Context, client Client, c jwt.Claims, r TokenRequest) (t Token, err error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return t, err
	}
	text := "ttp_" + base64url(secret)
	hash, jti := sha256.Sum256([]byte(text)), sha256.Sum256([]byte(c.ID))
	now := s.Now()
	err = s.DB.Write(ctx, pg.System, func(tx pg.Tx) error {
		// The proof stays until no clock takes it any more.
		used := tx.WithContext(ctx).Exec(`insert into api_assertion (client_id, jti, expires_at) values (?, ?, ?) on conflict do nothing`, client.ID, jti[:], c.Expiry.Time().Add(2*skew))
		if used.Error != nil {
			return fmt.Errorf("keep the assertion: %w", used.Error)
		}
		if used.RowsAffected == 0 {
			return unknownClient("This assertion was used before: each jti is good once")
		}
		var rows []struct {
			Arrangement string
			Scopes      pg.Strings
		}
		// An arrangement whose partner is another agency by now gives nothing any more.
		err := tx.WithContext(ctx).Raw(`select g.arrangement, g.scopes::text as scopes from api_grant g join api_client c on c.id = g.client_id where g.client_id = ? and c.closed_at is null
			and exists (select from arrangement_agency a where a.arrangement = g.arrangement and a.agency_id = g.agency_id and a.until is null)`, client.ID).Scan(&rows).Error
		if err != nil {
			return fmt.Errorf("read what the client may: %w", err)
		}
		var grants []Grant
		for _, row := range rows {
			grants = append(grants, Grant{Arrangement: row.Arrangement, Scopes: row.Scopes})
		}
		if grants, err = narrow(grants, r.Scope); err != nil {
			return err
		}
		set, err := scopeSet(grants)
		if err != nil {
			return err
		}
		t = Token{AccessToken: text, TokenType: "Bearer", ExpiresIn: int(TokenLife.Seconds()), Arrangements: map[string][]string{}}
		var scopes []string
		for _, g := range grants {
			t.Arrangements[g.Arrangement] = g.Scopes
			scopes = append(scopes, g.Scopes...)
		}
		slices.Sort(scopes)
		t.Scope = strings.Join(slices.Compact(scopes), " ")
		err = tx.WithContext(ctx).Exec(`insert into api_token (client_id, agency_id, hash, grants, issued_at, expires_at) values (?, ?, ?, ?::jsonb, ?, ?)`,
			client.ID, client.AgencyID, hash[:], set, now, now.Add(TokenLife)).Error
		if err != nil {
			return fmt.Errorf("keep the token: %w", err)
		}
		return nil
	})
	return t, err
}

// narrow keeps of the grants what was asked for: a scope, or a scope of one arrangement as
// status:read/us-eu.
func narrow(grants []Grant, asked string) (out []Grant, err error) {
	words := strings.Fields(asked)
	for _, w := range words {
		scope, _, _ := strings.Cut(w, "/")
		if !slices.Contains(Scopes(), scope) {
			return nil, &TokenError{"invalid_scope", "A scope is " + strings.Join(Scopes(), ", ") + ", or one of them with an arrangement, as status:read/us-eu"}
		}
	}
	for _, g := range grants {
		var keep []string
		for _, x := range g.Scopes {
			if len(words) == 0 || slices.Contains(words, x) || slices.Contains(words, x+"/"+g.Arrangement) {
				keep = append(keep, x)
			}
		}
		if len(keep) > 0 {
			out = append(out, Grant{Arrangement: g.Arrangement, Scopes: keep})
		}
	}
	if len(out) == 0 {
		return nil, &TokenError{"invalid_scope", "This client has no such scope. Its agency's administrator says what it may do"}
	}
	return out, nil
}

// tokens remembers for moments who came with which token, so that a busy client does not read
// it anew each time. What an administrator takes away on another replica is gone when a moment
// is over.
type tokens struct {
	mu   sync.Mutex
	list map[[32]byte]remembered
}

type remembered struct {
	caller  Caller
	until   time.Time // of the memory
	expires time.Time // of the token
}

const (
	moment     = 2 * time.Second
	mostTokens = 1000
)

func (k *tokens) get(hash [32]byte, now time.Time) (Caller, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.list[hash]
	return r.caller, ok && now.Before(r.until) && now.Before(r.expires)
}

func (k *tokens) put(hash [32]byte, r remembered) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.list == nil || len(k.list) >= mostTokens {
		k.list = map[[32]byte]remembered{}
	}
	k.list[hash] = r
}

func (k *tokens) forget(client uuid.UUID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for hash, r := range k.list {
		if r.caller.Client == client {
			delete(k.list, hash)
		}
	}
}

const callerSQL = `select t.client_id, t.agency_id, t.grants::text as grants, t.expires_at, c.name, c.cert_hash, a.name as agency, a.zone
	from api_token t join api_client c on c.id = t.client_id join agency a on a.id = t.agency_id
	where t.hash = $1 and t.expires_at > $2 and c.closed_at is null`

// Recognise says who comes with a token; false: it is none, or no longer good.
func (s *Service) Recognise(ctx context.Context, token, cert, requestID string) (c Caller, ok bool, err error) {
	if len(token) > 200 || !strings.HasPrefix(token, "ttp_") {
		return c, false, nil
	}
	hash, now := sha256.Sum256([]byte(token+"\x00"+strings.ToLower(cert))), s.Now()
	if c, ok = s.known.get(hash, now); ok {
		c.Actor.RequestID = requestID
		return c, true, nil
	}
	var rows []struct {
		ClientID, AgencyID   uuid.UUID
		Grants, Name, Agency string
		CertHash, Zone       string
		ExpiresAt            time.Time
	}
	stored := sha256.Sum256([]byte(token))
	if err := s.DB.Batch(ctx, pg.System, pg.All(&rows, callerSQL, stored[:], now)); err != nil {
		return c, false, fmt.Errorf("read the token: %w", err)
	}
	if len(rows) == 0 || rows[0].CertHash != "" && subtle.ConstantTimeCompare([]byte(rows[0].CertHash), []byte(strings.ToLower(cert))) != 1 {
		return c, false, nil
	}
	r := rows[0]
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return c, false, fmt.Errorf("read the zone of the agency: %w", err)
	}
	c = Caller{Client: r.ClientID, Actor: identity.Actor{Name: r.Name, Audience: identity.Partners, Role: identity.Officer, AgencyID: r.AgencyID, Agency: r.Agency, Zone: zone, RequestID: requestID}}
	if err := json.Unmarshal([]byte(r.Grants), &c.Grants); err != nil {
		return c, false, fmt.Errorf("read the token: %w", err)
	}
	s.known.put(hash, remembered{caller: c, until: now.Add(moment), expires: r.ExpiresAt})
	return c, true, nil
}

// CertHash is the SHA-256 of a TLS certificate as a proxy reports it, in hexadecimal with or
// without colons or in base64url (RFC 8705, x5t#S256), as 64 lower-case hexadecimal digits.
// Empty: it is none.
func CertHash(text string) string {
	if raw, err := base64.RawURLEncoding.DecodeString(text); err == nil && len(raw) == sha256.Size {
		return hex.EncodeToString(raw)
	}
	text = strings.ToLower(strings.ReplaceAll(text, ":", ""))
	if raw, err := hex.DecodeString(text); err != nil || len(raw) != sha256.Size {
		return ""
	}
	return text
}
