package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/credential"
	"trustedtrader/app/signing"
)

// TestVerifyWithoutList: a code whose list is not at hand is never called valid.
func TestVerifyWithoutList(t *testing.T) {
	t.Parallel()
	keys, err := signing.Derive(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	token, err := keys.Sign("member+jwt", credential.Claims{Issuer: "https://portal.example", Number: "C26-000123", Name: "Harbor", ID: "0.7", IssuedAt: now.Unix(), Expires: now.Add(time.Hour).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(keys.Set())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(file, set, 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"https://portal.example/v/" + token: "cannot tell", token + "x": "forged"} {
		var out bytes.Buffer
		err := run(t.Context(), &environment{out: &out}, []string{"verify", "-keys", file, text})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(out.String(), "valid,") {
			t.Errorf("%v: %s", err, out.String())
		}
	}
}
