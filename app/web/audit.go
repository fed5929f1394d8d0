package web

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	view "trustedtrader/views/audit"
	"trustedtrader/views/ui"
)

// exports bounds how many files of the audit trail one person may take within a minute.
const exports = 6

// exportTime bounds the making of one file: the connection is cut soon after (WriteTimeout).
const exportTime = 25 * time.Second

func trailFilter(c *fiber.Ctx) audit.Filter {
	return audit.Filter{
		From: writtenDate(formDate(c, "from")), To: writtenDate(formDate(c, "to")), Person: c.Query("person"), Action: c.Query("action"),
		Kind: c.Query("kind"), Subject: c.Query("subject"), Company: c.Query("company"), RequestID: c.Query("request"),
		Show: audit.Narrowing(c.Query("show")), Older: c.Query("older"), Newer: c.Query("newer"),
	}
}

func (w *Web) auditPage(c *fiber.Ctx, who identity.Actor, f audit.Filter) view.ListPage {
	return view.ListPage{Chrome: w.wideChrome(c, who, t(c, "Audit trail")), Reader: who, Filter: f, From: formDate(c, "from"), To: formDate(c, "to"),
		Role: func(role string) string { return roleName(c, identity.Role(role)) }}
}

// showAudit shows one page of the audit trail.
func (w *Web) showAudit(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "audit "+who.PersonID.String(), searches); err != nil {
		return err
	}
	f := trailFilter(c)
	p := w.auditPage(c, who, f)
	var err error
	p.Page, err = w.Trail.List(c.UserContext(), who, f)
	return w.auditShown(c, p, err)
}

// auditShown shows the list, or what is wrong with the filter.
func (w *Web) auditShown(c *fiber.Ctx, p view.ListPage, err error) error {
	if p.Errors = fault.Fields(err); p.Errors != nil {
		p.Chrome.Errors = true
		return render(c, fiber.StatusUnprocessableEntity, view.List(p))
	}
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.List(p))
}

// showAuditEvent shows one event with its values.
func (w *Web) showAuditEvent(c *fiber.Ctx, who identity.Actor) error {
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil || id < 1 {
		return fault.Missing()
	}
	e, err := w.Trail.Event(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	title := t(c, audit.Words(e.Action))
	ch := w.wideChrome(c, who, title, ui.Crumb{Label: t(c, "Audit trail"), Href: "/audit"}, ui.Crumb{Label: title})
	return render(c, fiber.StatusOK, view.Event(view.EventPage{Chrome: ch, Reader: who, Event: e,
		Role: func(role string) string { return roleName(c, identity.Role(role)) }}))
}

// exportAudit sends the trail as a file. It is sent while it is read; if reading fails
// midway the connection breaks, so that the browser tells of a download that failed.
func (w *Web) exportAudit(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "export "+who.PersonID.String(), exports); err != nil {
		return err
	}
	f := trailFilter(c)
	x, err := w.Trail.Export(c.UserContext(), who, f)
	if err != nil {
		return w.auditShown(c, w.auditPage(c, who, f), err)
	}
	c.Attachment(x.Name)
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8; header=present")
	read, write := io.Pipe()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), exportTime)
	request := requestID(c)
	go func() {
		defer cancel()
		stop := context.AfterFunc(ctx, func() { _ = write.CloseWithError(ctx.Err()) }) // a reader that stands still
		defer stop()
		out := bufio.NewWriterSize(write, 64<<10)
		err := x.Write(ctx, out)
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			w.Log.Warn("export broken off", "request", request, "error", err.Error())
		}
		_ = write.CloseWithError(err) // never fails; nil ends the file
	}()
	c.Context().SetBodyStream(read, -1)
	return nil
}

// sparingly refuses a person who asks for something more often than so many times a minute.
func (w *Web) sparingly(c *fiber.Ctx, what string, limit int) error {
	ok, wait, err := w.SignIn.Allow(c.UserContext(), what, limit, minute)
	if err != nil {
		return err
	}
	if !ok {
		c.Set(fiber.HeaderRetryAfter, seconds(wait))
		return fiber.ErrTooManyRequests
	}
	return nil
}
