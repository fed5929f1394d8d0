package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trustedtrader/app/canon"
	"trustedtrader/app/singlewindow"
)

// TestVerifyFeed: the command tells a good file from a changed one, with nothing at hand but
// the two files and the key.
func TestVerifyFeed(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte("k"), ed25519.SeedSize))
	body := []byte("{\"number\":\"C26-000001\"}\n")
	m := singlewindow.Manifest{Format: singlewindow.Format, Programme: "ctpat", Day: "2026-03-04", Count: 1, SHA256: canon.Hash(body), PublicKey: singlewindow.PublicKey(key)}
	text, err := canon.JSON(m)
	if err != nil {
		t.Fatal(err)
	}
	m.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, text))
	if text, err = canon.JSON(m); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, manifest := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "a.manifest.json")
	for name, content := range map[string][]byte{file: body, manifest: text} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	e := &environment{getenv: func(string) string { return "" }, out: &out}
	if err := run(context.Background(), e, []string{"verify-feed", "-key", singlewindow.PublicKey(key), file, manifest}); err != nil || !strings.Contains(out.String(), "1 memberships") {
		t.Errorf("%v: %s", err, out.String())
	}
	if err := os.WriteFile(file, []byte("{\"number\":\"C26-000002\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(context.Background(), e, []string{"verify-feed", "-key", singlewindow.PublicKey(key), file, manifest}); err == nil {
		t.Error("a changed file is taken for good")
	}
	if err := run(context.Background(), e, []string{"verify-feed", file, manifest}); err == nil {
		t.Error("it verifies without a key")
	}
}
