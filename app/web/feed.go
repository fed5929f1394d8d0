package web

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/fault"
	"trustedtrader/app/feed"
	"trustedtrader/app/ical"
	"trustedtrader/app/identity"
	"trustedtrader/views/account"
	"trustedtrader/views/ui"
)

// How often a minute a program may ask for one calendar, and one machine for what is not there.
const (
	feedReads   = 20
	feedGuesses = 20
)

// cookieFeed carries a new address of a calendar to the page that shows it once.
const cookieFeed = "feed"

func (w *Web) showCalendarFeeds(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Feeds.List(c.UserContext(), who)
	if err != nil {
		return err
	}
	p := account.CalendarPage{Chrome: w.chrome(c, who, t(c, "Your calendar")), Scopes: feed.Scopes(who), Feeds: list, Zone: who.Zone}
	p.Breadcrumb = []ui.Crumb{{Label: t(c, "Your sign-in"), Href: "/me"}, {Label: t(c, "Your calendar")}}
	if token, mac, ok := strings.Cut(w.cookie(c, cookieFeed), "."); ok {
		w.setCookie(c, cookieFeed, "", 0)
		if mac == w.sign(token) {
			p.Address = w.Config.BaseURL.JoinPath("calendar", token+".ics").String()
		}
	}
	return render(c, fiber.StatusOK, account.Calendar(p))
}

func (w *Web) makeCalendarFeed(c *fiber.Ctx, who identity.Actor) error {
	token, err := w.Feeds.Make(c.UserContext(), who, feed.Scope(c.FormValue("scope")))
	if err != nil {
		return err
	}
	w.setCookie(c, cookieFeed, token+"."+w.sign(token), time.Minute)
	return seeOther(c, "/me/calendar")
}

func (w *Web) revokeCalendarFeed(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Feeds.Revoke(c.UserContext(), who, id, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The address is switched off"))
	return seeOther(c, "/me/calendar")
}

// sendCalendar answers a calendar program. It knows nobody: the address is the key, and
// nothing of it is logged.
func (w *Web) sendCalendar(c *fiber.Ctx, _ identity.Actor) error {
	cal, err := w.Feeds.Read(c.UserContext(), c.Params("token"))
	if fault.KindOf(err) == fault.NotFound {
		if err := w.sparingly(c, "no calendar "+c.IP(), feedGuesses); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if err := w.sparingly(c, "calendar "+hex.EncodeToString(cal.Feed[:]), feedReads); err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	c.Set(fiber.HeaderETag, cal.ETag)
	c.Set("X-Robots-Tag", "noindex")
	if strings.Contains(c.Get(fiber.HeaderIfNoneMatch), cal.ETag) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Set(fiber.HeaderContentType, ical.MediaType+"; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `inline; filename="visits.ics"`)
	return c.Send(cal.Body)
}
