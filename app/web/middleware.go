package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/signin"
)

// Keys of what middleware leaves for handlers.
const (
	localRequest = "request"
	localKnown   = "known"
	localLang    = "lang"
)

const (
	cookieLang = "lang"
	cookieKept = "kept"
	langLife   = 365 * 24 * time.Hour
)

// sessionCookie is a __Host- cookie wherever the browser allows one, which is by https only.
func (w *Web) cookieName(name string) string {
	if w.Config.Secure() {
		return "__Host-" + name
	}
	return name
}

func (w *Web) setCookie(c *fiber.Ctx, name, value string, life time.Duration) {
	k := &fiber.Cookie{Name: w.cookieName(name), Value: value, Path: "/", HTTPOnly: true, Secure: w.Config.Secure(), SameSite: fiber.CookieSameSiteLaxMode}
	switch {
	case value == "":
		k.Expires = time.Unix(1, 0)
	case life > 0:
		k.MaxAge = int(life.Seconds())
	}
	c.Cookie(k)
}

func (w *Web) cookie(c *fiber.Ctx, name string) string { return c.Cookies(w.cookieName(name)) }

// observe is outermost: it gives the request its reference, survives panics and
// writes one log line and the measurements of the request. The log has no personal
// data: no address, no query, no name.
func (w *Web) observe(c *fiber.Ctx) (err error) {
	start := time.Now()
	id := rand.Text()[:12]
	c.Locals(localRequest, id)
	c.Set("X-Request-Id", id)
	defer func() {
		if p := recover(); p != nil {
			w.Log.Error("panic", "request", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
		if err != nil {
			err = w.problem(c, err)
		}
		status, took := c.Response().StatusCode(), time.Since(start)
		route := c.Route().Path
		w.Log.Info("request", "request", id, "method", c.Method(), "route", route, "status", status, "ms", took.Milliseconds())
		w.Metrics.observe(c.Method(), route, status, took, pg.Statements(c.UserContext()))
	}()
	return c.Next()
}

func (w *Web) headers(c *fiber.Ctx) error {
	c.Set("Content-Security-Policy", w.policy())
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Referrer-Policy", "same-origin")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	c.Set("X-Frame-Options", "DENY")
	if w.Config.Secure() {
		c.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
	return c.Next()
}

// refuseOddRequests answers what no browser sends: encoded bodies (which Fiber
// would inflate without limit) and protocol versions that do not exist.
func (w *Web) refuseOddRequests(c *fiber.Ctx) error {
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return fiber.ErrUnsupportedMediaType
	}
	if p := string(c.Request().Header.Protocol()); p != "HTTP/1.1" && p != "HTTP/1.0" {
		return fiber.ErrHTTPVersionNotSupported
	}
	return c.Next()
}

func (w *Web) asset(c *fiber.Ctx) error {
	content, kind, ok := w.Assets.Open(c.Path())
	if !ok {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderCacheControl, w.Assets.CacheControl(c.Path()))
	c.Set(fiber.HeaderContentType, kind)
	c.Vary(fiber.HeaderAcceptEncoding)
	if small := w.Assets.Gzip(c.Path()); small != nil && c.Request().Header.HasAcceptEncoding("gzip") {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		content = small
	}
	return c.Send(content)
}

// begin sets the deadline, begins to count statements, and takes a wish for a language.
func (w *Web) begin(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	c.SetUserContext(pg.Counted(ctx))
	c.Set(fiber.HeaderCacheControl, "no-store")
	if wanted := c.Query("lang"); wanted != "" && c.Method() == fiber.MethodGet {
		w.setCookie(c, cookieLang, w.Catalogues.Match(wanted), langLife)
		return c.Redirect(withoutLang(c.OriginalURL()), fiber.StatusSeeOther)
	}
	return c.Next()
}

func withoutLang(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Del("lang")
	u.RawQuery = q.Encode()
	if p := signin.LocalPath(u.RequestURI()); p != "" {
		return p
	}
	return "/"
}

// recognise reads the session, if there is one, and sets the person's language.
func (w *Web) recognise(c *fiber.Ctx) error {
	var k signin.Known
	if s := w.cookie(c, "portal"); s != "" {
		// A secret that is no longer good stays in the browser: it tells whose form to keep,
		// and deleting it here could delete the new one that a request beside this one got.
		var err error
		if k, _, err = w.SignIn.Recognise(c.UserContext(), s, requestID(c)); err != nil {
			return fmt.Errorf("recognise the session: %w", err)
		}
	}
	c.Locals(localKnown, k)
	lang := w.Catalogues.Match(c.Cookies(w.cookieName(cookieLang)), k.Actor.Lang, c.Get(fiber.HeaderAcceptLanguage))
	c.Locals(localLang, lang)
	c.SetUserContext(w.Catalogues.With(c.UserContext(), lang))
	return c.Next()
}

func requestID(c *fiber.Ctx) string {
	id, _ := c.Locals(localRequest).(string)
	return id
}

func known(c *fiber.Ctx) signin.Known {
	k, _ := c.Locals(localKnown).(signin.Known)
	return k
}

// guard lets a request through to its handler if the route's access list allows
// it. Whoever is not named gets the answer of a page that does not exist; whoever
// is not signed in is asked to, and what they sent is kept for them.
func (w *Web) guard(r Route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		k := known(c)
		if !r.Access.public && !k.Actor.Known() {
			return w.askToSignIn(c)
		}
		if !r.Access.allows(k.Actor) {
			return fault.Missing()
		}
		if unsafeMethod(c.Method()) {
			if err := w.sameOrigin(c, k, r.Access.streams); err != nil {
				return w.keepOldPage(c, err)
			}
		}
		return r.Handle(c, k.Actor)
	}
}

func unsafeMethod(m string) bool {
	return m != fiber.MethodGet && m != fiber.MethodHead && m != fiber.MethodOptions
}

var crossOrigin = http.NewCrossOriginProtection()

// sameOrigin refuses a change that another site sent: by the browser's own word
// (Sec-Fetch-Site, Origin), and by the token that only our pages know. A form that comes
// as a stream has the token inside: openForm looks at it before the rest.
func (w *Web) sameOrigin(c *fiber.Ctx, k signin.Known, streamed bool) error {
	probe := &http.Request{Method: c.Method(), Host: w.Config.BaseURL.Host, URL: &url.URL{Path: c.Path()}, Header: http.Header{}}
	for _, h := range []string{"Origin", "Sec-Fetch-Site"} {
		if v := c.Get(h); v != "" {
			probe.Header.Set(h, v)
		}
	}
	if crossOrigin.Check(probe) != nil {
		return fault.New(fault.Forbidden, "This request came from another site, so we did not carry it out. Open the page here and try again")
	}
	if !k.Actor.Known() {
		return nil // nothing of a session to protect
	}
	token := c.Get("X-CSRF-Token")
	if token == "" && streamed && c.Request().IsBodyStream() {
		return nil
	}
	if token == "" {
		token = c.FormValue("csrf")
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(k.CSRF)) != 1 {
		return errOldPage
	}
	return nil
}

var errOldPage = fault.New(fault.Forbidden, "This page is older than your sign-in, so we did not carry it out. Go back, reload the page and send it again")

// keepOldPage saves what a person typed into a page that they opened before they signed
// in anew or changed their role: they look at it and send it again. It is carried out by
// nobody else, and by them only when they say so.
func (w *Web) keepOldPage(c *fiber.Ctx, refused error) error {
	if !errors.Is(refused, errOldPage) || wantsJSON(c) || c.Get("X-CSRF-Token") != "" {
		return refused
	}
	kept, err := w.keep(c, "")
	switch {
	case err != nil:
		return err
	case !kept:
		return refused
	}
	return seeOther(c, "/kept")
}

// keep stores the form of this request for its sender.
func (w *Web) keep(c *fiber.Ctx, sessionSecret string) (kept bool, err error) {
	if !strings.HasPrefix(c.Get(fiber.HeaderContentType), fiber.MIMEApplicationForm) || strings.HasPrefix(c.Path(), "/q/") {
		return false, nil // an address that is a key is never written down
	}
	token, err := w.SignIn.Keep(c.UserContext(), sessionSecret, c.FormValue("csrf"), c.OriginalURL(), bytes.Clone(c.Request().Body()))
	if err != nil || token == "" {
		return false, err
	}
	w.setCookie(c, cookieKept, token, signin.KeptLife)
	return true, nil
}

// askToSignIn sends the person to sign in and back; a form they sent is kept.
func (w *Web) askToSignIn(c *fiber.Ctx) error {
	if wantsJSON(c) {
		return fiber.ErrUnauthorized
	}
	back := c.OriginalURL()
	if unsafeMethod(c.Method()) {
		kept, err := w.keep(c, w.cookie(c, "portal"))
		if err != nil {
			return err
		}
		back = ""
		if kept {
			back = "/kept"
		}
	}
	return seeOther(c, "/signin?"+url.Values{"return": {signin.LocalPath(back)}}.Encode())
}

// allows reports whether an actor may use a route.
func (a access) allows(who identity.Actor) bool {
	switch {
	case a.public:
		return true
	case !who.Known():
		return false
	case a.signedIn:
		return true
	case a.audience != "":
		return who.Audience == a.audience
	}
	return who.Is(a.roles...)
}
