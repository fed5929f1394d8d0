package web

import (
	"bufio"
	"context"
	"io"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/skip2/go-qrcode"

	"trustedtrader/app/clock"
	"trustedtrader/app/consultation"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	view "trustedtrader/views/check"
	"trustedtrader/views/ui"
)

// How often one person may check within a minute, and one address verify.
const (
	checksAMinute  = 60
	listsAMinute   = 6
	provesAMinute  = 20
	renewEvery     = "3" // seconds, while a list is under way
	checksHome     = "/agency/checks"
	listsHome      = "/agency/checks/bulk"
	deskChecksHome = "/desk/checks"
)

func agencyCrumbs(c *fiber.Ctx, here string) []ui.Crumb {
	return []ui.Crumb{{Label: t(c, "Check a member"), Href: checksHome}, {Label: here}}
}

func (w *Web) showCheckForm(c *fiber.Ctx, who identity.Actor) error {
	return render(c, fiber.StatusOK, view.Form(view.FormPage{Chrome: w.chrome(c, who, t(c, "Check a member")), Purposes: w.Checks.Purposes, Value: c.Query("value"), By: c.Query("scheme")}))
}

// makeCheck asks, and leads to the answer's own page.
func (w *Web) makeCheck(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "check "+who.PersonID.String(), checksAMinute); err != nil {
		return err
	}
	on := formDate(c, "on")
	q := consultation.Question{Value: c.FormValue("value"), Scheme: c.FormValue("scheme"), Purpose: c.FormValue("purpose"), OwnRef: c.FormValue("own_ref")}
	q.Company, _ = uuid.Parse(c.FormValue("candidate")) // none: the identifier counts
	d, ok := on.Date()
	if ok {
		q.On = clock.DayOf(d, time.UTC)
	}
	var a consultation.Answer
	var err error
	if !ok && !on.Empty() {
		err = fault.Fail([]fault.Field{fault.F("on", "Enter a day, for example 3 5 2027")})
	} else {
		a, err = w.Checks.Ask(c.UserContext(), who, q, c.FormValue("country"))
	}
	p := view.FormPage{Purposes: w.Checks.Purposes, Value: q.Value, By: q.Scheme, Country: c.FormValue("country"), Purpose: q.Purpose, OwnRef: q.OwnRef, On: on}
	status := fiber.StatusServiceUnavailable
	if err != nil {
		fields, _, code, other := kept(err)
		if other != nil {
			return other
		}
		p.Errors, status = fields, code
	} else if a.Outcome != consultation.Unavailable {
		return seeOther(c, checksHome+"/"+a.Number)
	} else {
		p.Busy = &a
		c.Set(fiber.HeaderRetryAfter, seconds(time.Duration(a.RetryAfter)*time.Second))
	}
	p.Chrome = w.chrome(c, who, t(c, "Check a member"))
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.Form(p))
}

func (w *Web) showAnswer(c *fiber.Ctx, who identity.Actor) error {
	r, err := w.Checks.Show(c.UserContext(), who, c.Params("number"))
	if err != nil {
		return err
	}
	p := view.AnswerPage{Record: r, Programmes: w.Programmes, Purposes: w.Checks.Purposes, Zone: who.Zone, Desk: who.Audience == identity.Staff}
	p.Link = w.Config.BaseURL.JoinPath("checks", "verify").String() + "?number=" + url.QueryEscape(r.Number)
	code, err := qrcode.New(p.Link, qrcode.Medium)
	if err != nil {
		return err
	}
	p.QR = code.Bitmap()
	if p.Desk {
		p.Chrome = w.wideChrome(c, who, r.Number, ui.Crumb{Label: t(c, "Desk"), Href: "/desk"}, ui.Crumb{Label: t(c, "Checks by partner agencies"), Href: deskChecksHome}, ui.Crumb{Label: r.Number})
	} else {
		p.Chrome = w.chrome(c, who, r.Number)
		p.Chrome.Breadcrumb = agencyCrumbs(c, r.Number)
	}
	return render(c, fiber.StatusOK, view.Answer(p))
}

// sendAnswer sends the answer as it was recorded, signed.
func (w *Web) sendAnswer(c *fiber.Ctx, who identity.Actor) error {
	number := c.Params("number")
	text, err := w.Checks.Signed(c.UserContext(), who, number)
	if err != nil {
		return err
	}
	number, _ = consultation.ParseNumber(number)
	return sendFile(c, number+".jws", "application/jose", []byte(text))
}

// proveCheck is open to whoever has both the number and the identifier.
func (w *Web) proveCheck(c *fiber.Ctx, who identity.Actor) error {
	p := view.VerifyPage{Chrome: w.chrome(c, who, t(c, "Verify a check")), Number: c.Query("number"), Identifier: c.Query("identifier")}
	if p.Number == "" || p.Identifier == "" {
		return render(c, fiber.StatusOK, view.Verify(p))
	}
	if err := w.sparingly(c, "prove "+c.IP(), provesAMinute); err != nil {
		return err
	}
	r, err := w.Checks.Proof(c.UserContext(), p.Number, p.Identifier)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		p.Wrong = true
		return render(c, fiber.StatusNotFound, view.Verify(p))
	}
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Answer(view.AnswerPage{Chrome: p.Chrome, Record: r, Programmes: w.Programmes, Zone: time.UTC, Public: true}))
}

// checkFilter reads the conditions of a list of checks from the address.
func checkFilter(c *fiber.Ctx, p *view.HistoryPage) {
	p.Filter = consultation.Filter{Number: c.Query("number"), OwnRef: c.Query("own_ref"), Outcome: consultation.Outcome(c.Query("outcome")), Purpose: c.Query("purpose"), Before: c.Query("before"), Agency: queryID(c.Query("agency"))}
	p.From, p.Until = formDate(c, "from"), formDate(c, "until")
	for _, x := range []struct {
		name string
		day  ui.DateValue
		into *clock.Day
	}{{"from", p.From, &p.Filter.From}, {"until", p.Until, &p.Filter.Until}} {
		d, ok := x.day.Date()
		if ok {
			*x.into = clock.DayOf(d, time.UTC)
		} else if !x.day.Empty() {
			p.Errors = append(p.Errors, fault.F(x.name, "Enter a day, for example 3 5 2027"))
		}
	}
}

func (w *Web) checkHistory(c *fiber.Ctx, who identity.Actor, p view.HistoryPage) error {
	status := fiber.StatusOK
	if p.Errors != nil {
		status, p.Chrome.Errors = fiber.StatusUnprocessableEntity, true
	}
	var err error
	if p.History, err = w.Checks.History(c.UserContext(), who, p.Filter); err != nil {
		return err
	}
	if p.History.Next != "" {
		q, err := url.ParseQuery(string(c.Request().URI().QueryString()))
		if err != nil {
			q = url.Values{}
		}
		q.Set("before", p.History.Next)
		p.NextHref = p.Action + "?" + q.Encode()
	}
	p.Purposes, p.Zone = w.Checks.Purposes, who.Zone
	return render(c, status, view.History(p))
}

func (w *Web) showCheckHistory(c *fiber.Ctx, who identity.Actor) error {
	p := view.HistoryPage{Chrome: w.wideChrome(c, who, t(c, "Checks of your agency"), agencyCrumbs(c, t(c, "Checks of your agency"))...), Action: checksHome + "/history"}
	checkFilter(c, &p)
	return w.checkHistory(c, who, p)
}

func (w *Web) showAllChecks(c *fiber.Ctx, who identity.Actor) (err error) {
	p := view.HistoryPage{Chrome: w.wideChrome(c, who, t(c, "Checks by partner agencies"), deskCrumbs(c, t(c, "Checks by partner agencies"))...), Action: deskChecksHome, Desk: true}
	checkFilter(c, &p)
	if p.Curious, err = w.Checks.Curiosity(c.UserContext(), who); err != nil {
		return err
	}
	return w.checkHistory(c, who, p)
}

func (w *Web) showLists(c *fiber.Ctx, who identity.Actor) error { return w.lists(c, who, nil) }

func (w *Web) lists(c *fiber.Ctx, who identity.Actor, wrong error) error {
	p := view.BatchesPage{Chrome: w.chrome(c, who, t(c, "Check a whole list")), Purposes: w.Checks.Purposes, Zone: who.Zone}
	p.Chrome.Breadcrumb = agencyCrumbs(c, t(c, "Check a whole list"))
	under, err := w.Checks.Under(c.UserContext(), who)
	if err != nil {
		return err
	}
	for _, code := range under {
		p.Arrangements = append(p.Arrangements, ui.Option{Value: code, Label: w.arrangementTitle(code)})
	}
	status := fiber.StatusOK
	if wrong != nil {
		fields, _, code, other := kept(wrong)
		if other != nil {
			return other
		}
		p.Errors, p.Chrome.Errors, status = fields, true, code
	}
	if p.Batches, err = w.Checks.Batches(c.UserContext(), who); err != nil {
		return err
	}
	return render(c, status, view.Batches(p))
}

// arrangementTitle names an arrangement by its parties.
func (w *Web) arrangementTitle(code string) string {
	if w.Arrangements != nil && w.Arrangements.Register != nil {
		if a, ok := w.Arrangements.Register.Get(code); ok {
			return a.Title()
		}
	}
	return code
}

// takeList reads a list as it comes.
func (w *Web) takeList(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "list "+who.PersonID.String(), listsAMinute); err != nil {
		return err
	}
	if !c.Request().IsBodyStream() { // a form without a file
		return w.lists(c, who, fault.Fail([]fault.Field{fault.F("file", "Choose a file")}))
	}
	form, err := openForm(c)
	if err != nil {
		return err
	}
	q := consultation.BatchQuestion{Arrangement: form.FormValue("arrangement"), Purpose: form.FormValue("purpose"), OwnRef: form.FormValue("own_ref")}
	on := ui.DateValue{Day: form.FormValue("on-day"), Month: form.FormValue("on-month"), Year: form.FormValue("on-year")}
	if d, ok := on.Date(); ok {
		q.On = clock.DayOf(d, time.UTC)
	} else if !on.Empty() {
		return w.lists(c, who, fault.Fail([]fault.Field{fault.F("on", "Enter a day, for example 3 5 2027")}))
	}
	var file io.Reader
	if form.file != nil {
		file = form.file
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), streamAll)
	defer cancel()
	b, err := w.Checks.Upload(ctx, who, q, form.fileName, file)
	if err != nil {
		c.SetUserContext(ctx)
		return w.lists(c, who, err)
	}
	return seeOther(c, listsHome+"/"+b.ID.String())
}

func (w *Web) showList(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, err := w.Checks.Batch(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	if b.Open() {
		c.Set("Refresh", renewEvery)
	}
	p := view.BatchPage{Chrome: w.chrome(c, who, b.Number), Batch: b, Under: w.arrangementTitle(b.Arrangement), Zone: who.Zone}
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Check a member"), Href: checksHome}, {Label: t(c, "Check a whole list"), Href: listsHome}, {Label: b.Number}}
	return render(c, fiber.StatusOK, view.Batch(p))
}

func (w *Web) retryList(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Checks.Retry(c.UserContext(), who, id, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The rest of the list is tried again"))
	return seeOther(c, listsHome+"/"+id.String())
}

func (w *Web) sendListCSV(c *fiber.Ctx, who identity.Actor) error {
	return w.sendList(c, who, "-answers.csv", "text/csv; charset=utf-8; header=present", func(ctx context.Context, id uuid.UUID, to io.Writer) error {
		return w.Checks.CSV(ctx, who, id, false, to)
	})
}

func (w *Web) sendListFailed(c *fiber.Ctx, who identity.Actor) error {
	return w.sendList(c, who, "-without-answer.csv", "text/csv; charset=utf-8; header=present", func(ctx context.Context, id uuid.UUID, to io.Writer) error {
		return w.Checks.CSV(ctx, who, id, true, to)
	})
}

func (w *Web) sendListXLSX(c *fiber.Ctx, who identity.Actor) error {
	return w.sendList(c, who, "-answers.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", func(ctx context.Context, id uuid.UUID, to io.Writer) error {
		return w.Checks.XLSX(ctx, who, id, to)
	})
}

func (w *Web) sendListManifest(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, text, err := w.Checks.ManifestOf(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return sendFile(c, b.Number+"-manifest.jws", "application/jose", []byte(text))
}

// sendList streams the answers to a list. If something breaks midway the connection breaks.
func (w *Web) sendList(c *fiber.Ctx, who identity.Actor, ending, kind string, write func(context.Context, uuid.UUID, io.Writer) error) error {
	if err := w.sparingly(c, "export "+who.PersonID.String(), exports); err != nil {
		return err
	}
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, err := w.Checks.Batch(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, kind)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+b.Number+ending+`"`)
	read, pipe := io.Pipe()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), exportTime)
	request := requestID(c)
	go func() {
		defer cancel()
		stop := context.AfterFunc(ctx, func() { _ = pipe.CloseWithError(ctx.Err()) }) // a reader that stands still
		defer stop()
		out := bufio.NewWriterSize(pipe, 64<<10)
		err := write(ctx, id, out)
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			w.Log.Warn("answers broken off", "request", request, "error", err.Error())
		}
		_ = pipe.CloseWithError(err) // never fails; nil ends the file
	}()
	return c.SendStream(read)
}
