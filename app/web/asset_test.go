package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/static"
)

// TestAssetsAreCompressed: whoever takes gzip gets the same file smaller; others get it plain.
func TestAssetsAreCompressed(t *testing.T) {
	t.Parallel()
	assets, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New()
	app.Get("/static/*", (&Web{Assets: assets}).asset)
	get := func(name, accept string) (*http.Response, []byte) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, assets.URL(name), nil)
		r.Header.Set("Accept-Encoding", accept)
		res, err := app.Test(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Fatalf("%s: %v, Vary %q", name, err, res.Header.Get("Vary"))
		}
		return res, body
	}
	_, plain := get("site.css", "identity")
	res, small := get("site.css", "gzip, br")
	if res.Header.Get("Content-Encoding") != "gzip" || len(small)*2 > len(plain) {
		t.Fatalf("%q, %d bytes of %d", res.Header.Get("Content-Encoding"), len(small), len(plain))
	}
	r, err := gzip.NewReader(bytes.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := io.ReadAll(r); err != nil || string(again) != string(plain) {
		t.Errorf("what comes out differs: %v", err)
	}
	if res, _ := get("vendor/uswds-3.14.0/fonts/merriweather/Latin-Merriweather-Bold.woff2", "gzip"); res.StatusCode != 200 || res.Header.Get("Content-Encoding") != "" {
		t.Error("a font is not there, or compressed twice")
	}
}
