package devidp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const keptKeys = 3 // the signing key and the two before it

// keyring holds the signing keys of one issuer, the current one first.
type keyring struct {
	file string // empty: memory only
	mu   sync.Mutex
	keys []jose.JSONWebKey
}

// openKeys reads the keys of a file, and makes a first one when there is none
// or the file cannot be read: relying parties fetch new keys by themselves.
func openKeys(dir, name string) (*keyring, error) {
	k := &keyring{}
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make folder for keys: %w", err)
		}
		k.file = filepath.Join(dir, name+".jwks")
		b, err := os.ReadFile(k.file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read keys: %w", err)
		}
		var set jose.JSONWebKeySet
		if err == nil && json.Unmarshal(b, &set) == nil && len(set.Keys) > 0 && set.Keys[0].Valid() && !set.Keys[0].IsPublic() {
			k.keys = set.Keys
			return k, nil
		}
	}
	return k, k.rotate()
}

// rotate makes a new signing key.
func (k *keyring) rotate() error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := append([]jose.JSONWebKey{{Key: private, KeyID: random(), Algorithm: string(jose.ES256), Use: "sig"}}, k.keys...)
	keys = keys[:min(len(keys), keptKeys)]
	if k.file != "" {
		b, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
		if err != nil {
			return fmt.Errorf("write keys: %w", err)
		}
		next := k.file + ".new"
		if err := os.WriteFile(next, b, 0o600); err != nil {
			return fmt.Errorf("write keys: %w", err)
		}
		if err := os.Rename(next, k.file); err != nil {
			return fmt.Errorf("write keys: %w", err)
		}
	}
	k.keys = keys
	return nil
}

func (k *keyring) current() signingKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return signingKey{k.keys[0]}
}

func (k *keyring) published() []op.Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []op.Key
	for _, key := range k.keys {
		out = append(out, publicKey{key.Public()})
	}
	return out
}

// signingKey implements op.SigningKey.
type signingKey struct{ jwk jose.JSONWebKey }

func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k signingKey) Key() any                                    { return k.jwk.Key }
func (k signingKey) ID() string                                  { return k.jwk.KeyID }

// publicKey implements op.Key.
type publicKey struct{ jwk jose.JSONWebKey }

func (k publicKey) ID() string                         { return k.jwk.KeyID }
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return k.jwk.Key }
