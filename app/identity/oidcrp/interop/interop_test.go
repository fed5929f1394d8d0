package interop_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"trustedtrader/app/identity/oidcrp"
)

const (
	callback  = "http://localhost:8080/sign-in/companies/callback"
	signedOut = "http://localhost:8080/signed-out"
)

// clients are registered at the provider: one for each way to authenticate and
// each way to sign that the portal knows.
var clients = []map[string]any{
	client("public", "none", "RS256"),
	client("basic", "client_secret_basic", "ES256"),
	client("post", "client_secret_post", "PS256"),
	client("ed", "none", "EdDSA"),
}

func client(id, method, alg string) map[string]any {
	c := map[string]any{
		"client_id": id, "token_endpoint_auth_method": method, "id_token_signed_response_alg": alg,
		"redirect_uris": []string{callback}, "post_logout_redirect_uris": []string{signedOut},
	}
	if method != "none" {
		c["client_secret"] = "secret of " + id
	}
	return c
}

// provider is the running npm oidc-provider.
type provider struct {
	issuer *url.URL
	in     io.Writer
	out    *bufio.Scanner
}

func start(t *testing.T) *provider {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "..", ".ci", "oidc-provider")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "oidc-provider")); err != nil {
		t.Fatalf("the independent provider is not installed; run: npm ci --prefix .ci/oidc-provider (%v)", err)
	}
	arg, err := json.Marshal(clients)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "server.mjs", string(arg))
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the independent provider: %v", err)
	}
	t.Cleanup(func() {
		in.Close() // ends it
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("the provider ended badly: %v", err)
		}
		if t.Failed() {
			t.Logf("the provider wrote:\n%s", log.String())
		}
	})
	p := &provider{in: in, out: bufio.NewScanner(out)}
	var up struct{ Issuer string }
	if err := json.Unmarshal([]byte(p.line(t)), &up); err != nil {
		t.Fatal(err)
	}
	if p.issuer, err = url.Parse(up.Issuer); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *provider) line(t *testing.T) string {
	t.Helper()
	if !p.out.Scan() {
		t.Fatalf("the provider says nothing: %v", p.out.Err())
	}
	return p.out.Text()
}

func (p *provider) rotate(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(p.in, "rotate\n"); err != nil {
		t.Fatal(err)
	}
	if got := p.line(t); got != "rotated" {
		t.Fatalf("the provider says %q", got)
	}
}

func (p *provider) portal(t *testing.T, id string, change ...func(*oidcrp.Config)) *oidcrp.Provider {
	t.Helper()
	cfg := oidcrp.Config{ID: "companies", Name: "Independent", Issuer: p.issuer, ClientID: id, RedirectURL: parse(t, callback), PostLogoutURL: parse(t, signedOut)}
	for _, c := range clients {
		if secret, ok := c["client_secret"].(string); ok && c["client_id"] == id {
			cfg.ClientSecret, cfg.TokenAuthMethod = secret, c["token_endpoint_auth_method"].(string)
		}
	}
	for _, f := range change {
		f(&cfg)
	}
	rp, err := oidcrp.New(cfg, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// browser keeps cookies and follows redirects, but not to the portal.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "localhost:8080" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// walk opens an address and fills in and sends whatever form it meets, until
// the provider sends the browser to the portal.
func walk(t *testing.T, c *http.Client, address string, fill map[string]string) *url.URL {
	t.Helper()
	resp, err := c.Get(address)
	for range 10 {
		if err != nil {
			t.Fatal(err)
		}
		if to, err := resp.Location(); err == nil {
			resp.Body.Close()
			return to
		}
		doc, err2 := goquery.NewDocumentFromReader(resp.Body)
		resp.Body.Close()
		if err2 != nil {
			t.Fatal(err2)
		}
		form := doc.Find("form").First()
		action, ok := form.Attr("action")
		if !ok {
			t.Fatalf("%s without form: %s", resp.Status, doc.Text())
		}
		to, err2 := resp.Request.URL.Parse(action)
		if err2 != nil {
			t.Fatal(err2)
		}
		values := url.Values{}
		doc.Find("input[name], button[name]").Each(func(_ int, in *goquery.Selection) {
			name := in.AttrOr("name", "")
			values.Set(name, in.AttrOr("value", ""))
			if v, ok := fill[name]; ok {
				values.Set(name, v)
			}
		})
		resp, err = c.PostForm(to.String(), values)
	}
	t.Fatal("the provider never sends the browser back")
	return nil
}

func signIn(t *testing.T, rp *oidcrp.Provider, c *http.Client, login string, ask oidcrp.Ask) (oidcrp.Identity, error) {
	t.Helper()
	flow, address, err := rp.Begin(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	back := walk(t, c, address, map[string]string{"login": login, "password": "any"})
	if got, _, _ := strings.Cut(back.String(), "?"); got != callback {
		t.Fatalf("sent back to %s", back)
	}
	return rp.Finish(t.Context(), flow, read(back))
}

func read(u *url.URL) oidcrp.Callback {
	q := u.Query()
	return oidcrp.Callback{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss"), Error: q.Get("error"), ErrorDescription: q.Get("error_description")}
}

func TestIndependentProvider(t *testing.T) {
	p := start(t)
	for _, c := range clients {
		id := c["client_id"].(string)
		t.Run(fmt.Sprintf("%s with %s", c["token_endpoint_auth_method"], c["id_token_signed_response_alg"]), func(t *testing.T) {
			rp, b := p.portal(t, id), browser(t)
			if err := rp.Healthy(t.Context()); err != nil {
				t.Fatal(err)
			}
			who, err := signIn(t, rp, b, "ana", oidcrp.Ask{LoginHint: "ana@example.com", Locale: "es"})
			if err != nil {
				t.Fatal(err)
			}
			if who.Issuer != p.issuer.String() || who.Subject != "ana" || who.Email != "ana@example.com" || !who.EmailVerified || who.Name != "Ana Pérez" || who.Locale != "es" {
				t.Errorf("got %+v", who)
			}
			again, err := signIn(t, rp, b, "ben", oidcrp.Ask{})
			if err != nil || again.Subject != "ana" {
				t.Errorf("the provider's session is not used: %+v, %v", again, err)
			}
			address, ok := rp.LogoutURL(t.Context(), again.RawIDToken, "st-1")
			if !ok {
				t.Fatal("no address to sign out at")
			}
			if to := walk(t, b, address, map[string]string{"logout": "yes"}); to.String() != signedOut+"?state=st-1" {
				t.Errorf("after sign-out: %s", to)
			}
			other, err := signIn(t, rp, b, "ben", oidcrp.Ask{})
			if err != nil || other.Subject != "ben" || other.EmailVerified {
				t.Errorf("after sign-out: %+v, %v", other, err)
			}
		})
	}

	t.Run("fresh sign-in and maximum age", func(t *testing.T) {
		rp, b := p.portal(t, "public", func(c *oidcrp.Config) { c.MaxAge = time.Hour }), browser(t)
		first, err := signIn(t, rp, b, "ana", oidcrp.Ask{})
		if err != nil || first.AuthTime.IsZero() {
			t.Fatalf("got %+v, %v", first, err)
		}
		second, err := signIn(t, rp, b, "ana", oidcrp.Ask{Fresh: true})
		if err != nil || second.AuthTime.Before(first.AuthTime) {
			t.Fatalf("got %+v, %v", second, err)
		}
	})

	t.Run("too weak", func(t *testing.T) {
		rp := p.portal(t, "public", func(c *oidcrp.Config) { c.RequiredAMR = []string{"mfa"} })
		if _, err := signIn(t, rp, browser(t), "ana", oidcrp.Ask{}); oidcrp.KindOf(err) != oidcrp.Weak {
			t.Errorf("got %v", err)
		}
	})

	t.Run("nobody signed in", func(t *testing.T) {
		if _, err := signIn(t, p.portal(t, "public"), browser(t), "", oidcrp.Ask{Prompt: "none"}); oidcrp.KindOf(err) != oidcrp.Refused {
			t.Errorf("got %v", err)
		}
	})

	t.Run("wrong secret", func(t *testing.T) {
		rp := p.portal(t, "basic", func(c *oidcrp.Config) { c.ClientSecret = "wrong" })
		if _, err := signIn(t, rp, browser(t), "ana", oidcrp.Ask{}); oidcrp.KindOf(err) != oidcrp.Broken {
			t.Errorf("got %v", err)
		}
	})

	t.Run("verifier, replay, mix-up", func(t *testing.T) {
		rp := p.portal(t, "public")
		begin := func() (oidcrp.Flow, oidcrp.Callback) {
			flow, address, err := rp.Begin(t.Context(), oidcrp.Ask{})
			if err != nil {
				t.Fatal(err)
			}
			return flow, read(walk(t, browser(t), address, map[string]string{"login": "ana", "password": "any"}))
		}
		flow, back := begin()
		stolen := flow
		stolen.Verifier = strings.Repeat("v", 43)
		if _, err := rp.Finish(t.Context(), stolen, back); oidcrp.KindOf(err) != oidcrp.Stale {
			t.Errorf("another verifier: %v", err)
		}
		flow, back = begin()
		if _, err := rp.Finish(t.Context(), flow, back); err != nil {
			t.Fatal(err)
		}
		if _, err := rp.Finish(t.Context(), flow, back); oidcrp.KindOf(err) != oidcrp.Stale {
			t.Errorf("the same code again: %v", err)
		}
		flow, back = begin()
		if back.Iss == "" {
			t.Fatal("this provider names itself, the test expects")
		}
		back.Iss = ""
		if _, err := rp.Finish(t.Context(), flow, back); oidcrp.KindOf(err) != oidcrp.Broken {
			t.Errorf("issuer not named: %v", err)
		}
	})

	t.Run("key rotation", func(t *testing.T) {
		rp := p.portal(t, "basic")
		if _, err := signIn(t, rp, browser(t), "ana", oidcrp.Ask{}); err != nil {
			t.Fatal(err)
		}
		p.rotate(t)
		if _, err := signIn(t, rp, browser(t), "ana", oidcrp.Ask{}); err != nil {
			t.Fatal(err)
		}
	})
}
