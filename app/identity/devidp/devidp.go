// Package devidp is an OpenID Connect provider for demonstrations and tests. It
// speaks the real protocol with a real sign-in page, but there are no
// passwords: whoever opens the page picks whom to be. Therefore it listens on
// this machine only and refuses to start in production; the production binary
// does not contain it.
//
// Each audience has its own issuer (http://localhost:8081/staff) with its own
// keys, clients, sessions and people, as it would with providers of different
// owners. Sessions and codes live in memory; signing keys are kept in a folder,
// so that a restart breaks nothing but sign-ins under way.
//
// Switches on Server make it fail in the ways that providers fail: down, slow,
// clock off, key rotated, claims missing or wrong.
//
// Protocol and tokens are zitadel/oidc's; pages, sessions, sign-out and the iss
// parameter (RFC 9207) are ours.
package devidp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"trustedtrader/app/i18n"
)

// Person is somebody to sign in as.
type Person struct {
	Subject      string // stable and without ":"; empty: made from the e-mail address
	Name         string
	Email        string
	Unverified   bool   // the provider has not checked the address
	Audience     string // whose sign-in page lists the person
	Organisation string // heading on the page
	Role         string // shown on the page only; rights are the portal's
	Note         string // what there is to see as this person
	Locale       string
	ACR          string   // empty: the audience's
	AMR          []string // empty: the audience's
}

// Audience is one issuer: a group of people and the clients that may ask for them.
type Audience struct {
	ID      string // path of the issuer: "companies", "staff", "agency-ca"
	Name    string // English source text for the page
	ACR     string
	AMR     []string // empty: "mfa"
	Clients []Client
}

// Client is a relying party. Addresses must match to the character.
type Client struct {
	ID             string
	Secret         string // empty: a public client
	RedirectURLs   []string
	PostLogoutURLs []string
}

// Config is what Start needs.
type Config struct {
	Env        string // of the installation; "production" is refused
	Listen     string // "127.0.0.1:8081"; port 0: any
	Host       string // name in addresses; empty: "localhost"
	Dir        string // where signing keys are kept; empty: memory
	Audiences  []Audience
	People     []Person
	Catalogues *i18n.Catalogues // for the pages; nil: English
	Now        func() time.Time // for tokens; nil: time.Now
}

// Server is a running provider.
type Server struct {
	base       *url.URL
	listener   net.Listener
	http       *http.Server
	audiences  map[string]*audience
	catalogues *i18n.Catalogues
	now        func() time.Time
	close      func() error

	mu     sync.Mutex
	faults faults
}

// faults are the switches.
type faults struct {
	down      bool
	slow      time.Duration
	skew      time.Duration
	omitEmail bool
	tamper    func(map[string]any)
}

// Start listens and serves until Close. It refuses in production, and any
// address that others could reach.
func Start(cfg Config) (*Server, error) {
	if cfg.Env == "production" || cfg.Env == "prod" {
		return nil, errors.New("start demo sign-in: not in production")
	}
	if host, _, err := net.SplitHostPort(cfg.Listen); err != nil {
		return nil, fmt.Errorf("start demo sign-in: %w", err)
	} else if host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("start demo sign-in: %s can be reached by others; use 127.0.0.1", cfg.Listen)
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("start demo sign-in: %w", err)
	}
	s, err := newServer(cfg, listener)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start demo sign-in: %w", err), listener.Close())
	}
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(listener) }()
	s.close = sync.OnceValue(func() error {
		err := s.http.Close()
		if end := <-served; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
		return err
	})
	return s, nil
}

func newServer(cfg Config, listener net.Listener) (*Server, error) {
	at, ok := listener.Addr().(*net.TCPAddr)
	if !ok || !at.IP.IsLoopback() {
		return nil, fmt.Errorf("%s can be reached by others", listener.Addr())
	}
	host := cfg.Host
	if host == "" {
		host = "localhost"
	}
	s := &Server{
		base:     &url.URL{Scheme: "http", Host: net.JoinHostPort(host, fmt.Sprint(at.Port))},
		listener: listener, audiences: map[string]*audience{}, catalogues: cfg.Catalogues, now: cfg.Now,
	}
	if s.catalogues == nil {
		s.catalogues = &i18n.Catalogues{}
	}
	if s.now == nil {
		s.now = time.Now
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, a := range cfg.Audiences {
		if a.ID == "" || url.PathEscape(a.ID) != a.ID || s.audiences[a.ID] != nil {
			return nil, fmt.Errorf("audience %q: the id is missing, twice there or not fit for an address", a.ID)
		}
		people := slices.DeleteFunc(slices.Clone(cfg.People), func(p Person) bool { return p.Audience != a.ID })
		t, err := newAudience(s, a, people, cfg.Dir)
		if err != nil {
			return nil, fmt.Errorf("audience %q: %w", a.ID, err)
		}
		s.audiences[a.ID] = t
		t.routes(mux)
	}
	s.http = &http.Server{
		Handler:           s.guard(mux),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute, // Slow may be long
		MaxHeaderBytes:    64 << 10,
	}
	return s, nil
}

// Close stops serving; sign-ins under way end.
func (s *Server) Close() error { return s.close() }

// URL is the address that all issuers begin with.
func (s *Server) URL() string { return s.base.String() }

// Issuer is the issuer of an audience, as a relying party must be told it.
func (s *Server) Issuer(audience string) *url.URL { return s.base.JoinPath(audience) }

// Down makes the provider hang up on everybody, or answer again.
func (s *Server) Down(down bool) { s.change(func(f *faults) { f.down = down }) }

// Slow delays every answer; 0 ends it.
func (s *Server) Slow(d time.Duration) { s.change(func(f *faults) { f.slow = d }) }

// SkewClock sets the clock of the tokens ahead by d, or back.
func (s *Server) SkewClock(d time.Duration) { s.change(func(f *faults) { f.skew = d }) }

// OmitEmail leaves e-mail addresses out of everything.
func (s *Server) OmitEmail(omit bool) { s.change(func(f *faults) { f.omitEmail = omit }) }

// Tamper has f change the claims of every id token before it is signed; nil ends it.
func (s *Server) Tamper(f func(claims map[string]any)) { s.change(func(x *faults) { x.tamper = f }) }

// RotateKeys makes new signing keys for every audience. The old ones stay
// published for the tokens that they signed.
func (s *Server) RotateKeys() error {
	for id, a := range s.audiences {
		if err := a.keys.rotate(); err != nil {
			return fmt.Errorf("rotate keys of %q: %w", id, err)
		}
	}
	return nil
}

func (s *Server) change(f func(*faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.faults)
}

func (s *Server) fault() faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// guard applies the switches and what holds for every request.
func (s *Server) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := s.fault()
		if f.down {
			panic(http.ErrAbortHandler) // hangs up without an answer
		}
		if f.slow > 0 {
			select {
			case <-time.After(f.slow):
			case <-r.Context().Done():
				return
			}
		}
		// A name of a stranger's that resolves to this machine (DNS rebinding).
		if r.Host != s.base.Host {
			http.Error(w, "not this host", http.StatusMisdirectedRequest)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/sign-in") || strings.HasSuffix(r.URL.Path, "/sign-out") {
			if err := origins.Check(r); err != nil {
				http.Error(w, "this form was sent from another site", http.StatusForbidden)
				return
			}
		}
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
		next.ServeHTTP(w, r)
	})
}

// speak chooses the language of a page.
func (s *Server) speak(r *http.Request, wanted []language.Tag) context.Context {
	var tags []string
	for _, t := range wanted {
		tags = append(tags, t.String())
	}
	return s.catalogues.With(r.Context(), s.catalogues.Match(append(tags, r.Header.Get("Accept-Language"))...))
}

// subjectOf makes the same subject from the same address at every start.
func subjectOf(audience, email string) string {
	sum := sha256.Sum256([]byte(audience + "\x00" + strings.ToLower(email)))
	return "demo-" + hex.EncodeToString(sum[:12])
}

// addressOf reads a bare e-mail address, and "" from anything else.
func addressOf(s string) string {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return ""
	}
	return a.Address
}

func random() string { return rand.Text() }
