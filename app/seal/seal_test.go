package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"testing"

	"trustedtrader/app/seal"
)

var secret = bytes.Repeat([]byte("k"), 32)

func box(t *testing.T, key []byte) seal.Box {
	t.Helper()
	b, err := seal.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFormsOfBefore: what installations hold was sealed with these keys and laid out like this,
// by the standard library alone. It must open for ever.
func TestFormsOfBefore(t *testing.T) {
	t.Parallel()
	whole, err := hkdf.Key(sha256.New, secret, nil, "portal company identifiers 1", 64)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.Keys(secret, "portal company identifiers 1", 2)
	if err != nil || !bytes.Equal(keys[0], whole[:32]) || !bytes.Equal(keys[1], whole[32:]) {
		t.Fatalf("the keys differ: %v", err)
	}
	one, err := seal.Key(secret, "portal company identifiers 1")
	if err != nil || !bytes.Equal(one, whole[:32]) {
		t.Fatalf("a single key differs: %v", err)
	}
	block, err := aes.NewCipher(one)
	if err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(plain, about []byte) ([]byte, error){
		"a nonce before the text": func(plain, about []byte) ([]byte, error) {
			c, err := cipher.NewGCM(block)
			nonce := []byte("twelve bytes")
			return c.Seal(nonce, nonce, plain, about), err
		},
		"a nonce by the library": func(plain, about []byte) ([]byte, error) {
			c, err := cipher.NewGCMWithRandomNonce(block)
			return c.Seal(nil, nil, plain, about), err
		},
	} {
		for _, about := range [][]byte{nil, []byte("record 7")} {
			sealed, err := make([]byte("secret"), about)
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := box(t, one).Open(sealed, about); err != nil || string(plain) != "secret" {
				t.Errorf("%s: %q %v", name, plain, err)
			}
		}
	}
}

func TestBox(t *testing.T) {
	t.Parallel()
	key, err := seal.Key(secret, "a test")
	if err != nil {
		t.Fatal(err)
	}
	b, about := box(t, key), []byte("record 7")
	first, err := b.Seal([]byte("secret"), about)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Seal([]byte("secret"), about)
	if err != nil || bytes.Equal(first, again) {
		t.Errorf("sealed the same way twice: %v", err)
	}
	for range 2 {
		same, err := b.Same([]byte("secret"), about, []byte("a mark of some length"))
		if err != nil || !bytes.Equal(same[:12], []byte("a mark of so")) {
			t.Errorf("with a mark: %v", err)
		}
		if plain, err := b.Open(same, about); err != nil || string(plain) != "secret" {
			t.Errorf("opened: %q %v", plain, err)
		}
	}
	if _, err := b.Same(nil, nil, []byte("short")); err == nil {
		t.Error("a short mark is taken")
	}
	changed := append([]byte(nil), first...)
	changed[len(changed)-1] ^= 1
	other, err := seal.Key(secret, "another purpose")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		b             seal.Box
		sealed, about []byte
	}{
		"changed": {b, changed, about}, "beside another record": {b, first, []byte("record 8")}, "cut off": {b, first[:20], about}, "too short": {b, first[:5], about},
		"empty": {b, nil, about}, "with the key of another purpose": {box(t, other), first, about},
	} {
		if _, err := c.b.Open(c.sealed, c.about); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := seal.New(key[:16]); err == nil {
		t.Error("a short key is taken")
	}
	if _, err := seal.Key(key[:16], "a test"); err == nil {
		t.Error("a short secret is taken")
	}
}
