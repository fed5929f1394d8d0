package web

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/inbound"
	view "trustedtrader/views/inbound"
	"trustedtrader/views/ui"
)

// feedsAMinute bounds how often one person brings a list.
const feedsAMinute = 6

// feedTime bounds a step with a list: a hundred thousand rows take longer than a page.
const feedTime = 5 * time.Minute

// feedsHome is where the lists of foreign operators are, for the agency or at the desk.
func feedsHome(who identity.Actor) string {
	if who.Audience == identity.Staff {
		return "/desk/feeds"
	}
	return "/agency/feeds"
}

// feedCrumbs lead back to the channels.
func feedCrumbs(c *fiber.Ctx, who identity.Actor, below ...ui.Crumb) (out []ui.Crumb) {
	if who.Audience == identity.Staff {
		out = append(out, ui.Crumb{Label: t(c, "Desk"), Href: "/desk"})
	}
	return append(append(out, ui.Crumb{Label: t(c, "Lists of foreign operators"), Href: feedsHome(who)}), below...)
}

func (w *Web) showChannels(c *fiber.Ctx, who identity.Actor) error {
	l, err := w.Inbound.Channels(c.UserContext(), who, c.Query("show") == "stale")
	if err != nil {
		return err
	}
	crumbs := feedCrumbs(c, who)
	return render(c, fiber.StatusOK, view.Channels(view.ChannelsPage{Chrome: w.wideChrome(c, who, t(c, "Lists of foreign operators"), crumbs...), List: l, Base: feedsHome(who), Programmes: w.Programmes, Zone: who.Zone}))
}

func (w *Web) showChannel(c *fiber.Ctx, who identity.Actor) error {
	return w.drawChannel(c, who, view.ChannelPage{}, nil)
}

// drawChannel draws a channel, and after a refusal what was typed.
func (w *Web) drawChannel(c *fiber.Ctx, who identity.Actor, p view.ChannelPage, wrong error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if wrong != nil {
		fields, conflict, code, other := kept(wrong)
		if other != nil {
			return other
		}
		p.Errors, p.Conflict, status = fields, conflict, code
	}
	if p.Channel, err = w.Inbound.Channel(c.UserContext(), who, id, pageNumber(c)); err != nil {
		return err
	}
	p.Base, p.Programmes, p.Zone = feedsHome(who), w.Programmes, who.Zone
	name := p.Channel.Operative.Partner
	p.Chrome = w.wideChrome(c, who, name, feedCrumbs(c, who, ui.Crumb{Label: name})...)
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.Channel(p))
}

// bringFeed reads a list as it comes.
func (w *Web) bringFeed(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "feed "+who.PersonID.String(), feedsAMinute); err != nil {
		return err
	}
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if !c.Request().IsBodyStream() { // a form without a file
		return w.drawChannel(c, who, view.ChannelPage{}, fault.Fail([]fault.Field{fault.F("file", "Choose a file")}))
	}
	form, err := openForm(c)
	if err != nil {
		return err
	}
	day := ui.DateValue{Day: form.FormValue("as_of-day"), Month: form.FormValue("as_of-month"), Year: form.FormValue("as_of-year")}
	in := inbound.BringEntry{Kind: form.FormValue("kind"), Rows: form.FormValue("rows"), FileName: form.fileName}
	if d, ok := day.Date(); ok {
		in.AsOf = clock.DayOf(d, time.UTC).String()
	}
	var file io.Reader
	if form.file != nil {
		file = form.file
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), streamAll)
	defer cancel()
	f, err := w.Inbound.Bring(ctx, who, id, in, file)
	if err != nil {
		c.SetUserContext(ctx)
		return w.drawChannel(c, who, view.ChannelPage{Entered: in, Day: day}, err)
	}
	return seeOther(c, feedsHome(who)+"/lists/"+f.ID.String())
}

func (w *Web) showInbound(c *fiber.Ctx, who identity.Actor) error {
	return w.drawFeed(c, who, view.FeedPage{}, nil)
}

func (w *Web) drawFeed(c *fiber.Ctx, who identity.Actor, p view.FeedPage, wrong error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if wrong != nil {
		fields, conflict, code, other := kept(wrong)
		if other != nil {
			return other
		}
		p.Errors, p.Conflict, status = fields, conflict, code
	}
	if p.Feed, err = w.Inbound.Feed(c.UserContext(), who, id, inbound.Change(c.Query("show")), pageNumber(c)); err != nil {
		return err
	}
	p.Base, p.Programmes, p.Zone = feedsHome(who), w.Programmes, who.Zone
	name := p.Feed.Channel.Operative.Partner
	p.Chrome = w.wideChrome(c, who, p.Feed.Number, feedCrumbs(c, who, ui.Crumb{Label: name, Href: p.Base + "/" + p.Feed.ChannelID.String()}, ui.Crumb{Label: p.Feed.Number})...)
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.Feed(p))
}

// feedStep carries out a step with a list, or shows it again with what was typed.
func (w *Web) feedStep(c *fiber.Ctx, who identity.Actor, act inbound.Action, done string, do func(ctx context.Context, id uuid.UUID) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), feedTime)
	defer cancel()
	if err := do(ctx, id); err != nil {
		c.SetUserContext(ctx)
		return w.drawFeed(c, who, view.FeedPage{Act: act, Reason: c.FormValue("reason")}, err)
	}
	w.flash(c, ui.Good, t(c, done))
	return seeOther(c, feedsHome(who)+"/lists/"+id.String())
}

func (w *Web) mapFeed(c *fiber.Ctx, who identity.Actor) error {
	return w.feedStep(c, who, inbound.Map, "The columns are named, and will be known next time", func(ctx context.Context, id uuid.UUID) error {
		in := inbound.MapEntry{Version: formVersion(c), Places: map[string]int{}}
		for _, col := range w.Inbound.Register.Feeds.Columns {
			if at, err := strconv.Atoi(c.FormValue("column-" + col.Code)); err == nil {
				in.Places[col.Code] = at
			}
		}
		return w.Inbound.Columns(ctx, who, id, in)
	})
}

func (w *Web) takeFeed(c *fiber.Ctx, who identity.Actor) error {
	return w.feedStep(c, who, inbound.Take, "The list is taken over", func(ctx context.Context, id uuid.UUID) error {
		return w.Inbound.Take(ctx, who, id, inbound.TakeEntry{Version: formVersion(c), Agreed: c.FormValue("agreed") != "", Fallen: number(c.FormValue("fallen"))})
	})
}

func (w *Web) refuseFeed(c *fiber.Ctx, who identity.Actor) error {
	return w.feedStep(c, who, inbound.Refuse, "The list is refused. Nothing has changed", func(ctx context.Context, id uuid.UUID) error {
		return w.Inbound.Refuse(ctx, who, id, formVersion(c), c.FormValue("reason"))
	})
}

func (w *Web) withdrawFeed(c *fiber.Ctx, who identity.Actor) error {
	return w.feedStep(c, who, inbound.Withdraw, "The list is taken back. Nothing has changed", func(ctx context.Context, id uuid.UUID) error {
		return w.Inbound.Withdraw(ctx, who, id, formVersion(c))
	})
}

func (w *Web) sendFeedErrors(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "export "+who.PersonID.String(), exports); err != nil {
		return err
	}
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, content, err := w.Inbound.Errors(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return sendFile(c, f.Number+"-errors.csv", "text/csv; charset=utf-8; header=present", content)
}
