// Command gallery serves every component of views/ui in every state, under the
// portal's content security policy, for eyes, screenshots and accessibility
// checkers. It listens on loopback only and needs no database.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/skip2/go-qrcode"

	"trustedtrader/app/i18n"
	"trustedtrader/static"
	"trustedtrader/views/ui"
)

// policy is the content security policy of the portal.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// page is one page of the gallery.
type page struct {
	path, title string
	status      int
	draw        func(ui.Chrome) templ.Component
}

func main() {
	port := flag.Int("port", 8999, "port on 127.0.0.1")
	flag.Parse()
	if err := run(fmt.Sprintf("127.0.0.1:%d", *port)); err != nil {
		log.Fatal(err)
	}
}

func run(addr string) error {
	h, err := handler()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	log.Printf("gallery at http://%s/", l.Addr())
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// pages lists the gallery; code is the QR code to draw on the receipt.
func pages(code [][]bool) []page {
	return []page{
		{"/", "Home", 200, home},
		{"/fields", "Fields", 200, fields},
		{"/errors", "Fields with errors", 422, fieldErrors},
		{"/tasks", "Tasks", 200, tasks},
		{"/record", "Record", 200, record},
		{"/queue", "Queue", 200, queue},
		{"/messages", "Messages", 200, messages},
		{"/receipt", "Receipt", 200, func(c ui.Chrome) templ.Component { return receipt(c, code) }},
		{"/session", "Session about to end", 200, session},
		{"/conflict", "Conflict", 409, conflict},
		{"/not-found", "Page not found", 404, notFound},
		{"/bare", "Error without a session", 500, bare},
	}
}

func handler() (http.Handler, error) {
	assets, err := static.New()
	if err != nil {
		return nil, err
	}
	code, err := qrcode.New("https://portal.example/verify/TT-2026-004217", qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("make QR code: %w", err)
	}
	code.DisableBorder = true

	mux := http.NewServeMux()
	mux.HandleFunc("GET /static/", func(w http.ResponseWriter, r *http.Request) {
		content, kind, ok := assets.Open(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", assets.CacheControl(r.URL.Path))
		_, _ = w.Write(content)
	})
	mux.HandleFunc("POST /session/extend", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, p := range pages(code.Bitmap()) {
		pattern := "GET " + p.path
		if p.path == "/" {
			pattern = "GET /{$}"
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			var b bytes.Buffer
			if err := p.draw(chrome(assets, p, r)).Render(r.Context(), &b); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(p.status)
			_, _ = w.Write(b.Bytes())
		})
	}
	return mux, nil
}

func chrome(assets *static.Assets, p page, r *http.Request) ui.Chrome {
	c := ui.Chrome{
		Title: p.title,
		Brand: ui.Brand{
			Name: "Trusted Trader Portal", Short: "Trusted Trader", Mark: "icon.svg",
			Notice: "Demonstration portal. It is not run by any customs administration.",
		},
		Demo:       true,
		Asset:      assets.URL,
		Actor:      ui.Who{Name: "Ana Ferreira", Role: "Owner", Acting: "Harbor Light Imports LLC", SwitchHref: "/"},
		SignedIn:   true,
		CSRF:       "gallery",
		Locales:    []i18n.Locale{{Tag: "en", Name: "English"}, {Tag: "es", Name: "Español"}, {Tag: "fr", Name: "Français"}},
		Path:       r.URL.RequestURI(),
		RequestID:  "7Q2M-4KXA",
		Breadcrumb: []ui.Crumb{{Label: "Home", Href: "/"}, {Label: p.title}},
	}
	for _, n := range []ui.NavItem{
		{Label: "Home", Href: "/"}, {Label: "Security profile", Href: "/tasks"}, {Label: "Application", Href: "/fields"},
		{Label: "Record", Href: "/record"}, {Label: "Cases", Href: "/queue", Count: 14}, {Label: "Messages", Href: "/messages", Count: 2},
	} {
		n.Current = n.Href == p.path
		c.Nav = append(c.Nav, n)
	}
	c.Wide = strings.HasPrefix(p.path, "/queue")
	return c
}
