// Package signing holds the keys with which the portal signs what others verify by themselves:
// answers to partner agencies, certificates, status lists. ES256 (ECDSA with P-256, RFC 7518),
// as compact JWS (RFC 7515).
//
// Keys are files of a folder, in the order of their names: the last one signs, all of them are
// published. To rotate, an operator puts a new file beside the old one and takes the old one
// away when nothing that it signed is in use any more. Without a folder there is one key,
// derived from the installation's own.
package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// kidLength is how much of a key's thumbprint names it: short, for it is printed in codes.
const kidLength = 8

// Keys are the live keys. The last one signs.
type Keys struct {
	private []*ecdsa.PrivateKey
	set     jose.JSONWebKeySet
}

// New makes the set of some keys, of which the last one signs.
func New(private ...*ecdsa.PrivateKey) (*Keys, error) {
	if len(private) == 0 {
		return nil, errors.New("there is no key that signs")
	}
	k := &Keys{private: private}
	for _, p := range private {
		if p.Curve != elliptic.P256() {
			return nil, errors.New("a key that signs must be on the curve P-256")
		}
		public := jose.JSONWebKey{Key: p.Public(), Algorithm: string(jose.ES256), Use: "sig"}
		print, err := public.Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, fmt.Errorf("name a key: %w", err)
		}
		public.KeyID = base64.RawURLEncoding.EncodeToString(print)[:kidLength]
		k.set.Keys = append(k.set.Keys, public)
	}
	return k, nil
}

// Derive makes the key of an installation without a folder of keys, from its own secret.
func Derive(secret []byte) (*Keys, error) {
	for n := range 100 {
		raw, err := hkdf.Key(sha256.New, secret, nil, fmt.Sprintf("signatures for partners %d", n), 32)
		if err != nil {
			return nil, err
		}
		if p, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw); err == nil { // nearly every number is a key
			return New(p)
		}
	}
	return nil, errors.New("no key can be derived")
}

// Load reads every *.pem file of a folder (PKCS #8, as `openssl genpkey -algorithm EC
// -pkeyopt ec_paramgen_curve:P-256` writes it). Files that others than their owner may read
// are refused.
func Load(folder string) (*Keys, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.pem"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no *.pem file in %s", folder)
	}
	slices.Sort(names)
	var private []*ecdsa.PrivateKey
	for _, name := range names {
		p, err := read(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		private = append(private, p)
	}
	return New(private...)
}

func read(name string) (*ecdsa.PrivateKey, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, errors.New("others may read this key: chmod 600")
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("this is no PEM file")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("this is no private key in PKCS #8")
	}
	p, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("this is no key for ECDSA")
	}
	return p, nil
}

// Set are the public keys, as partners get them (RFC 7517).
func (k *Keys) Set() jose.JSONWebKeySet { return k.set }

// Sign signs claims as a compact JWS of a type. JSON in, so that what is signed is what others read.
func (k *Keys) Sign(typ string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write what is signed: %w", err)
	}
	last := len(k.private) - 1
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: k.private[last], KeyID: k.set.Keys[last].KeyID}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	jws, err := s.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return jws.CompactSerialize()
}

// ErrForged is the answer about a text that no key of the set has signed.
var ErrForged = errors.New("the signature is not of this issuer")

// Open verifies a compact JWS of a type against public keys and reads its claims.
// ErrForged: it is none, of another type, or of another key.
func Open(set jose.JSONWebKeySet, typ, text string, claims any) error {
	jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || len(jws.Signatures) != 1 {
		return ErrForged
	}
	head := jws.Signatures[0].Protected
	if got, _ := head.ExtraHeaders[jose.HeaderType].(string); got != typ {
		return ErrForged
	}
	for _, key := range set.Key(head.KeyID) {
		payload, err := jws.Verify(key)
		if err != nil {
			continue
		}
		if err := json.Unmarshal(payload, claims); err != nil {
			return ErrForged
		}
		return nil
	}
	return ErrForged
}
