package web

import (
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/identity/oidcrp"
	"trustedtrader/app/signin"
	"trustedtrader/views/account"
	"trustedtrader/views/ui"
)

// signInTries bounds how often one address may begin to sign in within a minute.
const signInTries = 30

// showSignIn lists the ways to sign in, by audience.
func (w *Web) showSignIn(c *fiber.Ctx, who identity.Actor) error {
	back := signin.LocalPath(c.Query("return"))
	if who.Known() {
		return seeOther(c, home(who, back))
	}
	var groups []account.ProviderGroup
	for _, a := range []identity.Audience{identity.Companies, identity.Staff, identity.Partners} {
		g := account.ProviderGroup{Audience: string(a)}
		for _, p := range w.SignIn.Providers {
			if p.Audience == a {
				href := "/signin/" + p.ID()
				if back != "" {
					href += "?" + url.Values{"return": {back}}.Encode()
				}
				g.Ways = append(g.Ways, ui.Action{Label: p.Name(), Href: href})
			}
		}
		if len(g.Ways) > 0 {
			groups = append(groups, g)
		}
	}
	return render(c, 200, account.SignIn(account.SignInPage{
		Chrome: w.chrome(c, who, t(c, "Sign in")), Groups: groups, Kept: w.cookie(c, cookieKept) != "" && back == "/kept",
	}))
}

// beginSignIn sends the browser to the provider.
func (w *Web) beginSignIn(c *fiber.Ctx, _ identity.Actor) error {
	ok, wait, err := w.SignIn.Allow(c.UserContext(), "signin "+c.IP(), signInTries, minute)
	if err != nil {
		return err
	}
	if !ok {
		c.Set(fiber.HeaderRetryAfter, seconds(wait))
		return fiber.ErrTooManyRequests
	}
	lang, _ := c.Locals(localLang).(string)
	address, browser, err := w.SignIn.Begin(c.UserContext(), c.Params("provider"),
		signin.Wish{ReturnTo: c.Query("return"), Lang: lang, Fresh: c.Query("fresh") != ""})
	if err != nil {
		return err
	}
	w.setCookie(c, "signin", browser, oidcrp.FlowLife)
	return c.Redirect(address, fiber.StatusSeeOther)
}

// finishSignIn takes the provider's answer and opens a session.
func (w *Web) finishSignIn(c *fiber.Ctx, who identity.Actor) error {
	browser := w.cookie(c, "signin")
	back := oidcrp.Callback{Code: c.Query("code"), State: c.Query("state"), Iss: c.Query("iss"),
		Error: c.Query("error"), ErrorDescription: c.Query("error_description")}
	value, returnTo, err := w.SignIn.Finish(c.UserContext(), c.Params("provider"), back, browser, c.Get(fiber.HeaderUserAgent), requestID(c))
	if who.Known() && oidcrp.KindOf(err) == oidcrp.Stale { // the page was reloaded, or another window was faster
		w.flash(c, ui.Info, t(c, "You are already signed in. To use another account, sign out first"))
		return seeOther(c, home(who, ""))
	}
	if err != nil {
		return err
	}
	if who.Known() { // signed in anew: the old session must not stay open
		if err := w.SignIn.End(c.UserContext(), who, who.SessionID); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	w.setCookie(c, "signin", "", 0)
	w.setCookie(c, "portal", value, w.Config.SessionAbsolute)
	if returnTo == "" {
		returnTo = "/"
	}
	return seeOther(c, returnTo)
}

// signOut ends the session here and, where the provider can, there. Whose session has
// ended already is signed out.
func (w *Web) signOut(c *fiber.Ctx, who identity.Actor) error {
	if !who.Known() {
		w.setCookie(c, "portal", "", 0)
		return seeOther(c, "/signed-out")
	}
	address, err := w.SignIn.SignOut(c.UserContext(), who)
	if err != nil && fault.KindOf(err) != fault.NotFound { // another window may have been faster
		return err
	}
	w.setCookie(c, "portal", "", 0)
	if address == "" {
		return seeOther(c, "/signed-out")
	}
	return c.Redirect(address, fiber.StatusSeeOther)
}

func (w *Web) showSignedOut(c *fiber.Ctx, who identity.Actor) error {
	return render(c, 200, account.SignedOut(w.chrome(c, who, t(c, "You are signed out"))))
}

// extendSession keeps the session open; recognising the request has done so already.
func (w *Web) extendSession(c *fiber.Ctx, _ identity.Actor) error {
	if c.Get("X-CSRF-Token") == "" { // sent by a form, without JavaScript
		if back := w.refererPath(c); back != "" {
			return seeOther(c, back)
		}
		return seeOther(c, "/")
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// home is where a person belongs after signing in.
func home(who identity.Actor, back string) string {
	switch {
	case back != "":
		return back
	case who.Role == "":
		return "/welcome"
	case who.Audience == identity.Companies:
		return "/company"
	case who.Is(identity.CaseReaders...):
		return "/desk"
	case who.Is(identity.Administrator):
		return "/admin/people"
	case who.Audience == identity.Partners:
		return "/agency"
	}
	return "/me"
}

func (w *Web) showRights(c *fiber.Ctx, who identity.Actor) error {
	rights, err := w.SignIn.Rights(c.UserContext(), who)
	if err != nil {
		return err
	}
	p := account.RightsPage{Chrome: w.chrome(c, who, t(c, "Choose for whom you act"))}
	for _, r := range rights {
		p.Rights = append(p.Rights, account.Right{ID: r.ID.String(), For: r.For, Role: roleName(c, identity.Role(r.Role)), EndsOn: r.EndsOn, Current: r.Current})
	}
	return render(c, 200, account.Rights(p))
}

func (w *Web) chooseRight(c *fiber.Ctx, who identity.Actor) error {
	id, err := uuid.Parse(c.FormValue("right"))
	if err != nil {
		return seeOther(c, "/session/choose")
	}
	value, err := w.SignIn.Choose(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	if value != "" {
		w.setCookie(c, "portal", value, w.Config.SessionAbsolute)
	}
	return seeOther(c, "/")
}

// showMe shows the person's own settings and sessions.
func (w *Web) showMe(c *fiber.Ctx, who identity.Actor) error {
	return w.renderMe(c, who, who.Zone.String(), nil)
}

func (w *Web) renderMe(c *fiber.Ctx, who identity.Actor, zone string, refusal error) error {
	sessions, err := w.SignIn.Sessions(c.UserContext(), who)
	if err != nil {
		return err
	}
	p := account.MePage{Chrome: w.chrome(c, who, t(c, "Your sign-in")), Email: who.Email, Role: roleName(c, who.Role), Acting: w.acting(c, who),
		Zone: who.Zone, Entered: zone, Sessions: sessions}
	p.Chrome.Combo = true
	status := fiber.StatusOK
	if refusal != nil {
		if status, p.Problems, _, _, err = refused(c, refusal); err != nil {
			return err
		}
		p.Chrome.Errors = len(p.Problems) > 0
	}
	return render(c, status, account.Me(p))
}

func (w *Web) setZone(c *fiber.Ctx, who identity.Actor) error {
	zone := c.FormValue("zone")
	if err := w.SignIn.SetZone(c.UserContext(), who, zone); err != nil {
		return w.renderMe(c, who, zone, err)
	}
	w.flash(c, ui.Good, t(c, "Times are shown in the time zone %s", zone))
	return seeOther(c, "/me#time-zone")
}

func (w *Web) setLanguage(c *fiber.Ctx, who identity.Actor) error {
	tag, back := w.Catalogues.Match(c.FormValue("lang")), signin.LocalPath(c.FormValue("return"))
	if back == "" {
		back = "/me"
	}
	if err := w.SignIn.SetLanguage(c.UserContext(), who, tag); err != nil {
		return err
	}
	w.setCookie(c, cookieLang, tag, langLife)
	return seeOther(c, back)
}

func (w *Web) endSessions(c *fiber.Ctx, who identity.Actor) error {
	id := uuid.Nil // all others
	if v := c.FormValue("session"); v != "" {
		var err error
		if id, err = uuid.Parse(v); err != nil {
			return fiber.ErrBadRequest
		}
	}
	if err := w.SignIn.End(c.UserContext(), who, id); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "Signed out there"))
	return seeOther(c, "/me")
}

// showKept gives back what a person sent after their session had ended, to be sent again.
func (w *Web) showKept(c *fiber.Ctx, who identity.Actor) error {
	token := w.cookie(c, cookieKept)
	if token == "" {
		return seeOther(c, "/")
	}
	path, body, err := w.SignIn.Kept(c.UserContext(), who, token)
	if fault.KindOf(err) == fault.NotFound { // another person's, or its hour is over
		w.flash(c, ui.Info, t(c, "There is no form of yours waiting here. We keep one for an hour, for the person who sent it"))
		return seeOther(c, home(who, ""))
	}
	if err != nil {
		return err
	}
	w.setCookie(c, cookieKept, "", 0)
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return fiber.ErrBadRequest
	}
	p := account.KeptPage{Chrome: w.chrome(c, who, t(c, "What you sent is still here")), Action: signin.LocalPath(path)}
	for name, list := range values {
		for _, v := range list {
			if name != "csrf" {
				p.Fields = append(p.Fields, account.KeptField{Name: name, Value: v})
			}
		}
	}
	slices.SortStableFunc(p.Fields, func(a, b account.KeptField) int { return compare(a.Name, b.Name) })
	return render(c, 200, account.Kept(p))
}

// showWelcome meets a person who has no right yet.
func (w *Web) showWelcome(c *fiber.Ctx, who identity.Actor) error {
	if who.Role != "" {
		return seeOther(c, home(who, ""))
	}
	if known(c).Rights > 0 {
		return seeOther(c, "/session/choose")
	}
	offers, err := w.People.Mine(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, 200, account.Welcome(account.WelcomePage{
		Offers: offers,
		Chrome: w.chrome(c, who, t(c, "Welcome")), Company: who.Audience == identity.Companies, Email: who.Email, Support: w.Config.Support,
	}))
}
