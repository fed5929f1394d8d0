package signing_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trustedtrader/app/signing"
)

type claims struct {
	Sub string `json:"sub"`
}

func keyFile(t *testing.T, folder, name string, mode os.FileMode) {
	t.Helper()
	p, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), mode); err != nil {
		t.Fatal(err)
	}
}

// TestRotation: what the old key signed holds while its file is there, and not after.
func TestRotation(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	load := func() *signing.Keys {
		t.Helper()
		k, err := signing.Load(folder)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	keyFile(t, folder, "2025.pem", 0o600)
	first := load()
	old, err := first.Sign("JWT", claims{"one"})
	if err != nil {
		t.Fatal(err)
	}
	keyFile(t, folder, "2026.pem", 0o600)
	both := load()
	fresh, err := both.Sign("JWT", claims{"two"})
	if err != nil {
		t.Fatal(err)
	}
	var c claims
	for text, want := range map[string]string{old: "one", fresh: "two"} {
		if err := signing.Open(both.Set(), "JWT", text, &c); err != nil || c.Sub != want {
			t.Errorf("%q, %v", c.Sub, err)
		}
	}
	if err := signing.Open(first.Set(), "JWT", fresh, &c); !errors.Is(err, signing.ErrForged) {
		t.Errorf("the new key before it was published: %v", err)
	}
	if err := os.Remove(filepath.Join(folder, "2025.pem")); err != nil {
		t.Fatal(err)
	}
	if err := signing.Open(load().Set(), "JWT", old, &c); !errors.Is(err, signing.ErrForged) {
		t.Errorf("a key that was taken away: %v", err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := signing.Load(folder); err == nil {
		t.Error("an empty folder")
	}
	keyFile(t, folder, "a.pem", 0o644)
	if _, err := signing.Load(folder); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others may read: %v", err)
	}
	k, err := signing.Derive(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	again, err := signing.Derive(make([]byte, 32))
	if err != nil || again.Set().Keys[0].KeyID != k.Set().Keys[0].KeyID {
		t.Errorf("derived twice: %v", err)
	}
	text, err := k.Sign("JWT", claims{"x"})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(text, ".")
	var c claims
	for name, try := range map[string]string{
		"another type": text, "nothing": "", "no signature": parts[0] + "." + parts[1] + ".", "another payload": parts[0] + ".e30." + parts[2],
		"alg none": "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + parts[1] + ".", "words": "what is this",
	} {
		typ := "JWT"
		if name == "another type" {
			typ = "other"
		}
		if err := signing.Open(k.Set(), typ, try, &c); !errors.Is(err, signing.ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	public, err := k.Set().Keys[0].MarshalJSON()
	if err != nil || strings.Contains(string(public), `"d"`) || !k.Set().Keys[0].IsPublic() {
		t.Errorf("the set holds a secret: %s", public)
	}
}
