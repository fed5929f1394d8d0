package credential

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"trustedtrader/app/fault"
)

// VCT names the kind of credential.
const VCT = "urn:trusted-trader:membership:1"

// readHolder reads the public key of a wallet.
func readHolder(text string) (*jose.JSONWebKey, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	wrong := fault.Fail([]fault.Field{fault.F("holder", "Enter the public key of the wallet as JWK, for ES256 or EdDSA. Leave it empty if you have none")})
	var key jose.JSONWebKey
	if len(text) > 2000 || json.Unmarshal([]byte(text), &key) != nil || !key.IsPublic() || !key.Valid() {
		return nil, wrong
	}
	switch key.Key.(type) {
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return &jose.JSONWebKey{Key: key.Key}, nil
	}
	return nil, wrong
}

// disclosure is one thing that the holder may show or keep (RFC 9901).
func disclosure(name string, value any) (text, digest string, err error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	b, err := json.Marshal([]any{base64.RawURLEncoding.EncodeToString(salt), name, value})
	if err != nil {
		return "", "", err
	}
	text = base64.RawURLEncoding.EncodeToString(b)
	sum := sha256.Sum256([]byte(text))
	return text, base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// wallet writes a credential whose facts the holder discloses one by one.
func (s *Service) wallet(d due, list, position int, holder *jose.JSONWebKey, now time.Time) (string, error) {
	var shown, digests []string
	for _, x := range []struct {
		name  string
		value string
	}{{"name", d.Name}, {"country", d.Country}, {"number", d.Number}, {"programme", d.Programme}, {"entity_type", d.EntityType}, {"tier", d.Tier}, {"member_since", d.CertifiedOn}} {
		text, digest, err := disclosure(x.name, x.value)
		if err != nil {
			return "", err
		}
		shown, digests = append(shown, text), append(digests, digest)
	}
	slices.Sort(digests) // so that their order says nothing
	claims := map[string]any{
		"iss": strings.TrimSuffix(s.Base.String(), "/"), "vct": VCT, "iat": now.Unix(), "exp": now.Add(life).Unix(), "_sd_alg": "sha-256", "_sd": digests,
		"status": map[string]any{"status_list": map[string]any{"idx": position, "uri": s.listAddress(list)}},
	}
	if holder != nil {
		claims["cnf"] = map[string]any{"jwk": holder}
	}
	jws, err := s.Keys.Sign(walletType, claims)
	if err != nil {
		return "", err
	}
	return jws + "~" + strings.Join(shown, "~") + "~", nil
}
