package web

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/partnerapi"
)

// TestClientCertificates: a program that must come with its TLS certificate (RFC 8705) gets a
// token, and is let in with it, only when a trusted proxy reports the certificate. From any
// other address the header says nothing.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	w, a, ada, m := machineWorld(t)
	const header, proxy, stranger = "X-Client-Cert-Sha256", "127.0.0.2", "127.0.0.3"
	a.web.Config.ClientCert, a.web.Config.TrustedProxies = header, []string{proxy}
	m.app = a.web.App()
	m.register(w, a, ada)
	sum := sha256.Sum256([]byte("a certificate in DER"))
	other := sha256.Sum256([]byte("another certificate"))
	print, short := hex.EncodeToString(sum[:]), base64.RawURLEncoding.EncodeToString(sum[:])
	w.Exec(`update api_client set cert_hash = ?`, print)

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = m.app.Listener(ln) }() // ends with the listener
	t.Cleanup(func() { _ = m.app.ShutdownWithTimeout(30 * time.Second) })
	send := func(from, method, path, token, body string, certs ...string) (int, string, http.Header) {
		t.Helper()
		d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 30 * time.Second}
		client := &http.Client{Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}, Timeout: 60 * time.Second}
		q, err := http.NewRequest(method, "http://"+ln.Addr().String()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body != "" {
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if token != "" {
			q.Header.Set("Authorization", "Bearer "+token)
		}
		q.Header.Set("X-Forwarded-For", proxy) // whoever claims to be the proxy is not
		q.Header[header] = certs
		res, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text), res.Header
	}
	cases := map[string]struct {
		from  string
		certs []string
		ok    bool
	}{
		"from the proxy": {proxy, []string{print}, true}, "in capitals": {proxy, []string{strings.ToUpper(print)}, true}, "as in RFC 8705": {proxy, []string{short}, true},
		"without a certificate": {proxy, nil, false}, "with another": {proxy, []string{hex.EncodeToString(other[:])}, false}, "with nonsense": {proxy, []string{"yes"}, false},
		"twice": {proxy, []string{hex.EncodeToString(other[:]), print}, false}, "not from the proxy": {stranger, []string{print}, false},
	}
	for name, c := range cases {
		status, text, head := send(c.from, "POST", "/api/v1/token", "", tokenForm(m.assertion(), ""), c.certs...)
		if got := status == 200; got != c.ok || !c.ok && (status != 401 || !strings.Contains(text, "invalid_client")) || head.Get("Cache-Control") != "no-store" {
			t.Errorf("a token, %s: %d %s %v", name, status, text, head)
		}
	}
	tok, err := a.web.API.Token(w.Ctx, partnerapi.TokenRequest{GrantType: "client_credentials", AssertionType: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", Assertion: m.assertion(), Cert: print})
	w.Must(err)
	for name, c := range cases {
		status, text, head := send(c.from, "GET", "/api/v1/events", tok.AccessToken, "", c.certs...)
		if got := status == 200; got != c.ok || !c.ok && (status != 401 || !strings.Contains(head.Get("Www-Authenticate"), "invalid_token")) {
			t.Errorf("a request, %s: %d %s %v", name, status, text, head)
		}
	}
	// A program without a certificate of its own is not troubled by what a proxy reports.
	w.Exec(`update api_client set cert_hash = ''`)
	w.Clock.Move(time.Minute)
	if status, text, _ := send(proxy, "GET", "/api/v1/events", tok.AccessToken, "", print); status != 200 {
		t.Errorf("without a certificate of its own: %d %s", status, text)
	}
}
