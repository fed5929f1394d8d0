package web

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	view "trustedtrader/views/inbox"
	"trustedtrader/views/ui"
)

// messageReaders may open a message, messageWriters write one about an application.
func messageReaders() []identity.Role {
	return append(append([]identity.Role{}, identity.CompanyReaders...), identity.CaseReaders...)
}

func messageWriters() []identity.Role {
	return append(append([]identity.Role{}, identity.CompanyEditors...), identity.CaseWorkers...)
}

func (w *Web) showInbox(c *fiber.Ctx, who identity.Actor) error {
	after := notice.ParseCursor(c.Query("after"))
	page, err := w.Notices.Inbox(c.UserContext(), who, after)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.List(view.ListPage{
		Chrome: w.chrome(c, who, t(c, "Inbox")), Page: page, Start: after.ID == uuid.Nil, Zone: who.Zone,
	}))
}

func (w *Web) showMessage(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	m, err := w.Notices.Show(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	staff := who.Audience == identity.Staff
	return render(c, fiber.StatusOK, view.Letter(view.LetterPage{
		Chrome: w.chrome(c, who, m.Subject), Message: m, Zone: who.Zone, Staff: staff,
		Own: (m.Direction == notice.ToCompany) == staff, Record: notice.Path(who.Audience, m.SubjectKind, m.SubjectID),
	}))
}

func (w *Web) showNewMessage(c *fiber.Ctx, who identity.Actor) error {
	page, err := w.writePage(c, who)
	if err != nil {
		return err
	}
	if reply, err := uuid.Parse(c.Query("reply")); err == nil {
		m, err := w.Notices.Show(c.UserContext(), who, reply)
		if err != nil {
			return err
		}
		page.Subject = entry.Head(t(c, "Re: %s", strings.TrimPrefix(m.Subject, t(c, "Re: %s", ""))), 150)
	}
	return render(c, fiber.StatusOK, view.Write(page))
}

func (w *Web) writePage(c *fiber.Ctx, who identity.Actor) (view.WritePage, error) {
	id, err := uuid.Parse(c.Query("about"))
	if err != nil {
		return view.WritePage{}, fault.Missing()
	}
	about, err := w.Notices.About(c.UserContext(), who, id)
	return view.WritePage{
		Chrome: w.chrome(c, who, t(c, "Write a message")), About: about, Staff: who.Audience == identity.Staff,
		Back: notice.Path(who.Audience, notice.AboutApplication, about.ID),
	}, err
}

func (w *Web) sendMessage(c *fiber.Ctx, who identity.Actor) error {
	page, err := w.writePage(c, who)
	if err != nil {
		return err
	}
	page.Subject, page.Body = c.FormValue("subject"), c.FormValue("body")
	id, err := w.Notices.Write(c.UserContext(), who, page.About.ID, page.Subject, page.Body)
	if page.Errors = fault.Fields(err); page.Errors != nil {
		page.Chrome.Errors = true
		return render(c, fiber.StatusUnprocessableEntity, view.Write(page))
	}
	if err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "Your message was sent."))
	return seeOther(c, "/inbox/"+id.String())
}

// showOutbox lists e-mails with their texts; in production there is no such page.
func (w *Web) showOutbox(c *fiber.Ctx, who identity.Actor) error {
	mails, err := w.Notices.ListOutbox(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Outbox(view.OutboxPage{Chrome: w.chrome(c, who, t(c, "E-mails")), Mails: mails, Zone: who.Zone}))
}
