// Package seal hides what the portal keeps and nobody else may read: AES-256-GCM under a key
// that is made from a secret and a purpose, so that each key seals one kind of thing.
//
// What is sealed is the nonce, the text under the key, and the tag, in this order. It opens
// only with the same key and beside the same record: about is what it belongs to, such as the
// id of a company, so that a sealed text put beside another record does not open there.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeySize is the length of a key, in bytes.
const KeySize = 32

// ErrDamaged: what was sealed was changed, belongs to something else, or was sealed with
// another key.
var ErrDamaged = errors.New("it does not open: it was changed, belongs to another record, or was sealed with another key")

// Key makes the key for one purpose from a secret of 32 bytes or more. A purpose is for ever:
// with another one nothing opens that was sealed before.
func Key(secret []byte, purpose string) ([]byte, error) {
	keys, err := Keys(secret, purpose, 1)
	if err != nil {
		return nil, err
	}
	return keys[0], nil
}

// Keys makes n keys for one purpose.
func Keys(secret []byte, purpose string, n int) ([][]byte, error) {
	if len(secret) < KeySize {
		return nil, fmt.Errorf("make a key for %s: the secret has fewer than %d bytes", purpose, KeySize)
	}
	all, err := hkdf.Key(sha256.New, secret, nil, purpose, n*KeySize)
	if err != nil {
		return nil, fmt.Errorf("make a key for %s: %w", purpose, err)
	}
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = all[i*KeySize : (i+1)*KeySize]
	}
	return keys, nil
}

// Cipher is AES-256-GCM under a key, for those who have a form of their own, such as files in
// pieces. All others use Box.
func Cipher(key []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("seal: the key has %d bytes, not %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return cipher.NewGCM(block)
}

// Box seals and opens with one key.
type Box struct{ c cipher.AEAD }

// New is a box with a key of KeySize bytes.
func New(key []byte) (Box, error) {
	c, err := Cipher(key)
	return Box{c}, err
}

// Seal hides a text, each time another way.
func (b Box) Seal(plain, about []byte) ([]byte, error) {
	nonce := make([]byte, b.c.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return b.c.Seal(nonce, nonce, plain, about), nil
}

// Same hides a text the same way each time it comes with the same mark. The mark must follow
// from the text by a keyed hash: the same one for two texts would give both away.
func (b Box) Same(plain, about, mark []byte) ([]byte, error) {
	n := b.c.NonceSize()
	if len(mark) < n {
		return nil, fmt.Errorf("seal: the mark has %d bytes, and %d are needed", len(mark), n)
	}
	nonce := append([]byte(nil), mark[:n]...)
	return b.c.Seal(nonce, nonce, plain, about), nil
}

// Open shows what was sealed. ErrDamaged: it does not open.
func (b Box) Open(sealed, about []byte) ([]byte, error) {
	n := b.c.NonceSize()
	if len(sealed) < n {
		return nil, ErrDamaged
	}
	plain, err := b.c.Open(nil, sealed[:n], sealed[n:], about)
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}
