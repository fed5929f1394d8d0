package web

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/blob"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/headquarters"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/identity/oidcrp"
	"trustedtrader/app/people"
	"trustedtrader/app/pg"
	"trustedtrader/app/singlewindow"
	"trustedtrader/views/ui"
)

// render draws a page whole or not at all: it writes to a buffer first.
func render(c *fiber.Ctx, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(c.UserContext(), &b); err != nil {
		return err
	}
	c.Status(status).Set(fiber.HeaderContentType, "text/html; charset=utf-8")
	return c.Send(b.Bytes())
}

// seeOther sends the browser to a path of ours after a form: reloading is harmless.
func seeOther(c *fiber.Ctx, path string) error { return c.Redirect(path, fiber.StatusSeeOther) }

// t translates for the person who asked.
func t(c *fiber.Ctx, text string, args ...any) string { return i18n.T(c.UserContext(), text, args...) }

// tn translates a text that counts for the person who asked.
func tn(c *fiber.Ctx, one, many string, n int) string { return i18n.N(c.UserContext(), one, many, n) }

// pathID reads an id from the path; anything else is a page that does not exist.
func pathID(c *fiber.Ctx, name string) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Params(name))
	if err != nil || id == uuid.Nil || len(c.Params(name)) != 36 {
		return uuid.Nil, fault.Missing()
	}
	return id, nil
}

// formVersion reads the version of the record that a form was made from; 0 never matches.
func formVersion(c *fiber.Ctx) int {
	n, err := strconv.Atoi(c.FormValue("version"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// formAll reads every value of a field that may come several times.
func formAll(c *fiber.Ctx, name string) (out []string) {
	for _, v := range c.Request().PostArgs().PeekMulti(name) {
		out = append(out, string(v))
	}
	return out
}

// formDate reads a day entered as three fields, kept as typed.
func formDate(c *fiber.Ctx, name string) ui.DateValue {
	return ui.DateValue{Day: c.FormValue(name + "-day"), Month: c.FormValue(name + "-month"), Year: c.FormValue(name + "-year")}
}

// chrome is what every page needs around its content.
func (w *Web) chrome(c *fiber.Ctx, who identity.Actor, title string) ui.Chrome {
	k := known(c)
	lang, _ := c.Locals(localLang).(string)
	ch := ui.Chrome{
		Title: title, Brand: w.brand(), Demo: w.Demo, Asset: w.Assets.URL,
		Locales: w.Catalogues.Locales(), Lang: lang, Path: c.OriginalURL(), RequestID: requestID(c),
		SignInHref: "/signin", Flash: w.takeFlash(c),
	}
	if part, ok := guideOf[c.Route().Path]; ok {
		ch.Help = "/help/" + part
	}
	if strings.HasPrefix(c.Path(), "/callback/") {
		ch.Path = "/" // the address holds a provider's answer, good for one use
	}
	if !who.Known() {
		return ch
	}
	ch.SignedIn, ch.CSRF = true, k.CSRF
	ch.Actor = ui.Who{Name: who.Name, Role: roleName(c, who.Role), Acting: w.acting(c, who)}
	if k.Rights > 1 || (k.Rights > 0 && who.Role == "") {
		ch.Actor.SwitchHref = "/session/choose"
	}
	ch.Nav = nav(c, who, k.Unread)
	left := max(k.IdleUntil.Sub(w.Now()), 0)
	ch.Session = &ui.SessionWarn{
		IdleSeconds: int(left.Seconds()), WarnSeconds: int(w.Config.SessionWarn.Seconds()),
		ExtendPath: "/session/extend", SignInPath: "/signin",
	}
	return ch
}

func (w *Web) brand() ui.Brand {
	return ui.Brand{Name: w.Config.BrandName, Short: w.Config.BrandShort, Notice: w.Config.BrandNotice}
}

func (w *Web) acting(c *fiber.Ctx, who identity.Actor) string {
	switch who.Audience {
	case identity.Companies:
		return who.Company
	case identity.Partners:
		return who.Agency
	case identity.Staff:
		return w.Config.BrandOwner
	}
	return ""
}

// roleName is a role in words.
func roleName(c *fiber.Ctx, r identity.Role) string {
	if n := people.RoleName(r); n != "" {
		return t(c, n)
	}
	return ""
}

// Navigation is the main navigation of an actor, also for whoever draws pages beside the
// portal to measure it.
func Navigation(who identity.Actor) []ui.NavItem { return entries(who, 0) }

// entries is the main navigation of the actor's audience; labels are source texts. A
// test holds it to the pages that there are.
func entries(who identity.Actor, unread int) []ui.NavItem {
	var items []ui.NavItem
	switch {
	case who.Audience == identity.Companies && who.Role != "":
		items = []ui.NavItem{{Label: "Home", Href: "/company"}, {Label: "Security profile", Href: "/profiles"}, {Label: "Evidence", Href: "/evidence"},
			{Label: "Company account", Href: "/company/profile"},
			{Label: "Risk assessment", Href: "/risk"}, {Label: "Business partners", Href: "/partners"}, {Label: "Validations", Href: "/validations"}, {Label: "Findings", Href: "/findings"}, {Label: "Incidents", Href: "/incidents"},
			{Label: "Inbox", Href: "/inbox", Count: unread}, {Label: "Changes", Href: "/company/changes"}, {Label: "People", Href: "/company/people"}, {Label: "Who may see us", Href: "/company/consents"}, {Label: "Recognition abroad", Href: "/recognition"}, {Label: "Benefits", Href: "/benefits"}}
	case who.Audience == identity.Partners && who.Domestic && who.Role != "":
		items = []ui.NavItem{{Label: "Home", Href: "/agency"}, {Label: "Find a member", Href: "/agency/members"}, {Label: "People", Href: "/agency/people"}}
	case who.Audience == identity.Partners && who.Role != "":
		items = []ui.NavItem{{Label: "Home", Href: "/agency"}, {Label: "Check a member", Href: "/agency/checks"}, {Label: "Visits to observe", Href: "/agency/visits"}, {Label: "Members to recognize", Href: "/agency/recognition"}, {Label: "Notices", Href: "/agency/notices"}, {Label: "Questions about benefits", Href: "/agency/claims"}, {Label: "Foreign operators", Href: "/agency/operators"}, {Label: "Lists of operators", Href: "/agency/feeds"}, {Label: "People", Href: "/agency/people"}}
		if who.Is(identity.AgencyAdmin) {
			items = append(items, ui.NavItem{Label: "Programs", Href: "/agency/api"})
		}
	case who.Is(identity.Administrator):
		items = []ui.NavItem{{Label: "People", Href: "/admin/people"}, {Label: "Offices", Href: "/admin/offices"}, {Label: "Partner agencies", Href: "/admin/agencies"}}
	case who.Audience == identity.Staff && who.Is(identity.CaseReaders...):
		items = []ui.NavItem{{Label: "Desk", Href: "/desk"}, {Label: "Security profiles", Href: "/desk/profiles"}, {Label: "Validations", Href: "/desk/validations"}, {Label: "Findings", Href: "/desk/findings"}, {Label: "Incidents", Href: "/desk/incidents"}, {Label: "Plan", Href: "/desk/plan"}, {Label: "Calendar", Href: "/desk/calendar"}, {Label: "Search", Href: "/desk/search"}, {Label: "Change notices", Href: "/desk/changes"}, {Label: "Leaving and changing", Href: "/desk/successions"}, {Label: "Claims about benefits", Href: "/desk/claims"}, {Label: "Arrangements", Href: "/desk/arrangements"}, {Label: "Foreign operators", Href: "/desk/operators"}, {Label: "Lists of operators", Href: "/desk/feeds"}}
		if who.Is(identity.AppealOfficers...) {
			items = append(items, ui.NavItem{Label: "Appeals", Href: "/desk/appeals"})
		}
		if who.Is(headquarters.Readers()...) {
			items = append(items, ui.NavItem{Label: "Headquarters", Href: "/desk/headquarters"})
		}
	}
	if who.Audience == identity.Staff && who.Is(singlewindow.Readers()...) {
		items = append(items, ui.NavItem{Label: "Single window", Href: "/desk/single-window"}, ui.NavItem{Label: "Checks by partners", Href: "/desk/checks"}, ui.NavItem{Label: "Irregularities", Href: "/desk/irregularities"})
	}
	if who.Audience == identity.Staff && who.Is(catalogue.Readers()...) {
		items = append(items, ui.NavItem{Label: "Catalogues", Href: "/admin/catalogues"})
	}
	if who.Audience == identity.Staff && who.Is(audit.Readers()...) {
		items = append(items, ui.NavItem{Label: "Audit trail", Href: "/audit"})
	}
	if who.Audience == identity.Staff && who.Is(identity.Administrator, identity.Headquarters) {
		items = append(items, ui.NavItem{Label: "Health", Href: "/admin/health"})
	}
	return append(items, ui.NavItem{Label: "Help", Href: "/help"})
}

// nav is the main navigation on a page: the entry that leads nearest to it is current.
func nav(c *fiber.Ctx, who identity.Actor, unread int) []ui.NavItem {
	items, nearest := entries(who, unread), -1
	for i := range items {
		items[i].Label = t(c, items[i].Label)
		path := sectionOf(c.Path())
		under := path == items[i].Href || strings.HasPrefix(path, items[i].Href+"/")
		if under && (nearest < 0 || len(items[i].Href) > len(items[nearest].Href)) {
			nearest = i
		}
	}
	if nearest >= 0 {
		items[nearest].Current = true
	}
	return items
}

// sectionOf is where a page stands in the navigation: visits belong to their validations,
// the map and the journeys to the plan.
func sectionOf(path string) string {
	switch {
	case strings.HasPrefix(path, "/desk/visits/map"), strings.HasPrefix(path, "/desk/visits/trip"):
		return "/desk/plan"
	case strings.HasPrefix(path, "/desk/visits/"):
		return "/desk/validations"
	case strings.HasPrefix(path, "/desk/enforcement"):
		return "/desk/incidents"
	case strings.HasPrefix(path, "/enforcement/"), strings.HasPrefix(path, "/appeals/"):
		return "/incidents"
	case strings.HasPrefix(path, "/visits/"):
		return "/validations"
	}
	return path
}

const cookieFlash = "flash"

// flash says on the next page what just happened; kind is "good" or "info".
func (w *Web) flash(c *fiber.Ctx, kind ui.Kind, text string) {
	body := base64.RawURLEncoding.EncodeToString([]byte(string(kind) + "\n" + text))
	w.setCookie(c, cookieFlash, body+"."+w.sign(body), time.Minute)
}

func (w *Web) takeFlash(c *fiber.Ctx) *ui.Flash {
	body, mac, ok := strings.Cut(w.cookie(c, cookieFlash), ".")
	if !ok {
		return nil
	}
	w.setCookie(c, cookieFlash, "", 0)
	if !hmac.Equal([]byte(mac), []byte(w.sign(body))) {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return nil
	}
	kind, text, _ := strings.Cut(string(b), "\n")
	return &ui.Flash{Kind: ui.Kind(kind), Text: text}
}

func (w *Web) sign(s string) string {
	h := hmac.New(sha256.New, w.Config.KeyBytes())
	h.Write([]byte("flash " + s))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

func wantsJSON(c *fiber.Ctx) bool {
	return strings.HasPrefix(c.Path(), "/api/") || strings.Contains(c.Get(fiber.HeaderAccept), "application/problem+json") ||
		c.Path() == "/session/extend"
}

// problem is the only writer of errors: a page, or a problem document (RFC 9457).
// It runs for errors of Fiber itself too, before any middleware, so it needs
// nothing but settings.
func (w *Web) problem(c *fiber.Ctx, err error) error {
	if c.UserContext() == context.Background() || c.UserContext().Err() != nil {
		c.SetUserContext(w.Catalogues.With(context.Background(), w.Catalogues.Match(c.Get(fiber.HeaderAcceptLanguage))))
	}
	p := w.explain(c, err)
	if p.Status >= 500 {
		w.Log.Error("request failed", "request", requestID(c), "method", c.Method(), "route", c.Route().Path, "error", err.Error())
	}
	c.Response().ResetBody()
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("Content-Security-Policy", w.policy())
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Referrer-Policy", "same-origin")
	if wantsJSON(c) {
		doc := map[string]any{"type": "about:blank", "title": p.Title, "status": p.Status, "detail": p.Text, "instance": "urn:request:" + p.Reference}
		if fields := fault.Fields(err); fields != nil {
			var list []map[string]string
			for _, f := range fields {
				list = append(list, map[string]string{"name": f.Name, "message": ui.Say(c.UserContext(), f)})
			}
			doc["errors"] = list
		}
		b, e := json.Marshal(doc)
		if e != nil {
			return e
		}
		c.Status(p.Status).Set(fiber.HeaderContentType, "application/problem+json")
		return c.Send(b)
	}
	ch := w.chrome(c, known(c).Actor, p.Title)
	return render(c, p.Status, ui.ErrorPage(ch, p))
}

// explain turns an error into what a person should know and do.
func (w *Web) explain(c *fiber.Ctx, err error) ui.Problem {
	p := ui.Problem{Reference: requestID(c), Actions: []ui.Action{{Label: t(c, "Go to the start page"), Href: "/"}}}
	say := func(status int, title, text string) ui.Problem {
		p.Status, p.Title, p.Text = status, t(c, title), t(c, text)
		return p
	}
	var fe *fiber.Error
	var se *oidcrp.Error
	var f *fault.Error
	switch {
	case errors.As(err, &se):
		f := se.Fault()
		p.Status, p.Title, p.Text = 403, t(c, "You are not signed in"), t(c, f.Message, f.Args...)
		if se.Kind == oidcrp.Unavailable {
			p.Status = fiber.StatusServiceUnavailable
		}
		for _, need := range se.Needs {
			p.Detail = append(p.Detail, t(c, need))
		}
		p.Actions = []ui.Action{{Label: t(c, "Try again"), Href: "/signin"}}
		if se.Kind == oidcrp.Weak { // the provider would let them in just as weakly again, unless it asks anew
			p.Actions = []ui.Action{{Label: t(c, "Sign in again"), Href: "/signin/" + url.PathEscape(c.Params("provider")) + "?fresh=yes"}}
		}
		w.Log.Warn("sign-in refused", "request", requestID(c), "error", err.Error())
		return p
	case errors.As(err, &f) && f.Kind != fault.Internal:
		p.Text = t(c, f.Message, f.Args...)
		for _, x := range f.Fields {
			p.Detail = append(p.Detail, ui.Say(c.UserContext(), x))
		}
		switch f.Kind {
		case fault.NotFound:
			return say(404, "Page not found", "This page does not exist, or you cannot see it. Check the address, or start from the start page.")
		case fault.Forbidden:
			p.Status, p.Title = 403, t(c, "You cannot do this")
		case fault.Conflict:
			p.Status, p.Title, p.Changes = 409, t(c, "This has changed"), f.Changed
			if back := w.refererPath(c); back != "" {
				p.Actions = append([]ui.Action{{Label: t(c, "See it as it is now"), Href: back}}, p.Actions...)
			}
		default:
			p.Status, p.Title = 422, t(c, "There is a problem")
		}
		return p
	case errors.As(err, &fe):
		switch fe.Code {
		case 404:
			return say(404, "Page not found", "This page does not exist, or you cannot see it. Check the address, or start from the start page.")
		case 401:
			return say(401, "You are not signed in", "Sign in, then try again.")
		case 405:
			return say(405, "Not possible here", "This address does not take that kind of request. Start from the start page.")
		case 408, 411:
			return say(fe.Code, "Not readable", "What you sent did not arrive whole. Go back and send it again.")
		case 503:
			return say(503, "The portal is busy", "Many files are on their way just now. Wait a minute, then try again.")
		case 413:
			return say(413, "Too much at once", "What you sent is larger than we can take. Send less at a time.")
		case 415:
			return say(415, "Not readable", "We cannot read what was sent in this form. Send it again from the page.")
		case 429:
			return say(429, "Too many requests", "There were too many tries in a short time. Wait a minute, then try again.")
		case 431:
			return say(431, "The request is too large", "Your browser sent too many cookies for this site. Delete this site's cookies, then sign in again.")
		case 400, 505:
			return say(fe.Code, "Not readable", "We cannot read what was sent. Start from the start page.")
		}
		return say(max(fe.Code, 400), "Not possible", "We cannot answer this request. Start from the start page.")
	case errors.Is(err, context.DeadlineExceeded):
		return say(503, "This takes too long", "The portal is busy and did not finish in time. Nothing was changed half-way. Wait a minute, then try again.")
	}
	if errors.Is(err, blob.ErrAway) {
		c.Set(fiber.HeaderRetryAfter, "60")
		return say(503, "The store for files does not answer", "It is down or full. Nothing of your file was kept. Wait a few minutes, then try again.")
	}
	if errors.Is(err, blob.ErrMissing) || errors.Is(err, blob.ErrDamaged) {
		return say(500, "This file cannot be read", "Its content is lost or damaged in our store. Ask for help and quote the reference below.")
	}
	if pg.Lost(err) {
		c.Set(fiber.HeaderRetryAfter, "30")
		return say(503, "The portal cannot reach its data", "This passes. Nothing was changed half-way. Wait a minute, then try again.")
	}
	return say(500, "Something went wrong", "The fault is ours, not yours. Nothing was changed half-way. Try again; if it happens again, quote the reference below.")
}

// refererPath is the page of ours that the request came from.
func (w *Web) refererPath(c *fiber.Ctx) string {
	base := strings.TrimSuffix(w.Config.BaseURL.String(), "/")
	if rest, ok := strings.CutPrefix(c.Get(fiber.HeaderReferer), base); ok && strings.HasPrefix(rest, "/") && !strings.HasPrefix(rest, "//") {
		return rest
	}
	return ""
}
