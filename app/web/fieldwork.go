package web

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/clock"
	"trustedtrader/app/exchange"
	"trustedtrader/app/fault"
	"trustedtrader/app/fieldwork"
	"trustedtrader/app/identity"
	"trustedtrader/app/review"
	view "trustedtrader/views/fieldwork"
	"trustedtrader/views/ui"
)

// fieldCrumbs lead back to the visit.
func fieldCrumbs(c *fiber.Ctx, r fieldwork.Record, here string) []ui.Crumb {
	return []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Validations"), Href: "/desk/validations"}, {Label: r.Reference, Href: "/desk/validations/" + r.ValidationID.String()},
		{Label: t(c, "Visit %d", r.Number), Href: view.Path(r.ID, "")}, {Label: here}}
}

// visitWork reads the field work of the visit of the path.
func (w *Web) visitWork(c *fiber.Ctx, who identity.Actor) (fieldwork.Record, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return fieldwork.Record{}, err
	}
	return w.Fieldwork.Open(c.UserContext(), who, id)
}

func (w *Web) showVisitCriteria(c *fiber.Ctx, who identity.Actor) error {
	r, err := w.visitWork(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Criteria(view.Page{Chrome: w.wideChrome(c, who, t(c, "Criteria of the visit"), fieldCrumbs(c, r, t(c, "Criteria"))...), Record: r}))
}

func (w *Web) sendWorkbook(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := w.Fieldwork.Workbook(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, f.MediaType, f.Body)
}

// takeWorkbook takes the results of a workbook that was filled in, and tells of each row that
// was not taken.
func (w *Web) takeWorkbook(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	name, content, err := wholeFile(c, exchange.MostBytes)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), requestTimeout)
	defer cancel()
	c.SetUserContext(ctx)
	out, err := w.Fieldwork.Import(ctx, who, id, name, content)
	fields := fault.Fields(err)
	if err != nil && fields == nil {
		return err
	}
	if err == nil && len(out.Rejected) == 0 {
		w.flash(c, ui.Good, tn(c, "%d result is taken over", "%d results are taken over", out.Saved))
		return seeOther(c, view.Path(id, "/criteria"))
	}
	r, err := w.Fieldwork.Open(ctx, who, id)
	if err != nil {
		return err
	}
	p := view.Page{Chrome: w.wideChrome(c, who, t(c, "Criteria of the visit"), fieldCrumbs(c, r, t(c, "Criteria"))...), Record: r, Errors: fields, Saved: out.Saved, Rejected: out.Rejected}
	status := fiber.StatusOK
	if fields != nil {
		status, p.Chrome.Errors = fiber.StatusUnprocessableEntity, true
	}
	return render(c, status, view.Criteria(p))
}

func (w *Web) showWorkbook(c *fiber.Ctx, who identity.Actor) error {
	r, err := w.visitWork(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Workbook(view.Page{Chrome: w.chrome(c, who, t(c, "Workbook")), Record: r}))
}

func (w *Web) showChooseCriteria(c *fiber.Ctx, who identity.Actor) error {
	return w.drawChooseCriteria(c, who, fiber.StatusOK, nil)
}

func (w *Web) drawChooseCriteria(c *fiber.Ctx, who identity.Actor, status int, fields []fault.Field) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	x, err := w.Fieldwork.Candidates(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	p := view.ChoosePage{Chrome: w.wideChrome(c, who, t(c, "Choose the criteria"), fieldCrumbs(c, x.Record, t(c, "Choose the criteria"))...), Candidates: x, Errors: fields}
	if fields != nil {
		p.Chosen, p.Chrome.Errors = formAll(c, "criterion"), true
	}
	return render(c, status, view.Choose(p))
}

func (w *Web) chooseCriteria(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Fieldwork.Choose(c.UserContext(), who, id, formAll(c, "criterion")); err != nil {
		if fields := fault.Fields(err); fields != nil {
			return w.drawChooseCriteria(c, who, fiber.StatusUnprocessableEntity, fields)
		}
		return err
	}
	w.flash(c, ui.Good, t(c, "The choice is saved"))
	return seeOther(c, view.Path(id, "/criteria"))
}

// visitCriterion reads one criterion of a visit, with what its form holds.
func (w *Web) visitCriterion(c *fiber.Ctx, who identity.Actor) (p view.CriterionPage, err error) {
	if p.Record, err = w.visitWork(c, who); err != nil {
		return p, err
	}
	l, ok := p.Record.Line(c.Params("criterion"))
	if !ok {
		return p, fault.Missing()
	}
	p.Line, p.Chrome = l, w.wideChrome(c, who, t(c, "Criterion %s", l.Criterion), fieldCrumbs(c, p.Record, l.Criterion)...)
	p.Entered = fieldwork.Entry{Criterion: l.Criterion, Methods: l.Methods, Ticks: l.Ticks, Result: l.Is(), Note: l.Note, Version: l.Version}
	return p, nil
}

func (w *Web) showVisitCriterion(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.visitCriterion(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Criterion(p))
}

func (w *Web) verifyCriterion(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.visitCriterion(c, who)
	if err != nil {
		return err
	}
	in := fieldwork.Entry{Criterion: p.Line.Criterion, Methods: formAll(c, "methods"), Ticks: fieldwork.Ticks{}, Result: fieldwork.Result(c.FormValue("result")), Note: c.FormValue("note"), Version: formVersion(c)}
	if in.Result == "none" {
		in.Result = fieldwork.None
	}
	for _, q := range fieldwork.Checklists(p.Line.About) {
		in.Ticks[q.ID] = formAll(c, fieldwork.TickField(q.ID))
	}
	if err := w.Fieldwork.Verify(c.UserContext(), who, p.Record.ID, in); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		if conflict != nil {
			in.Version = p.Line.Version // saving again replaces what the other person entered
		}
		p.Entered, p.Errors, p.Conflict, p.Chrome.Errors = in, fields, conflict, fields != nil
		return render(c, status, view.Criterion(p))
	}
	w.flash(c, ui.Good, t(c, "%s is saved", in.Criterion))
	return seeOther(c, view.Path(p.Record.ID, "/criteria"))
}

func (w *Web) showVisitFiles(c *fiber.Ctx, who identity.Actor) error {
	return w.drawVisitFiles(c, who, fiber.StatusOK, view.FilesPage{Criterion: c.Query("criterion")})
}

func (w *Web) drawVisitFiles(c *fiber.Ctx, who identity.Actor, status int, p view.FilesPage) (err error) {
	if p.Record, err = w.visitWork(c, who); err != nil {
		return err
	}
	p.Chrome = w.wideChrome(c, who, t(c, "Files of the visit"), fieldCrumbs(c, p.Record, t(c, "Files"))...)
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.Files(p))
}

// addVisitFile takes a photo or paper from a form, as it comes.
func (w *Web) addVisitFile(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	// The request's own deadline is for pages; a slow line may take longer for a file.
	c.SetUserContext(context.WithoutCancel(c.UserContext()))
	ctx, cancel := context.WithTimeout(c.UserContext(), streamAll)
	defer cancel()
	var form streamedForm
	if c.Request().IsBodyStream() {
		if form, err = openForm(c); err != nil {
			return err
		}
	}
	in := fieldwork.FileEntry{}
	err = fault.Fail([]fault.Field{fault.F("file", "Choose a file")})
	if form.file != nil {
		in = fieldwork.FileEntry{FileName: form.fileName, Declared: form.declared, Criterion: form.FormValue("criterion"), Caption: form.FormValue("caption")}
		_, err = w.Fieldwork.AddFile(ctx, who, id, in, form.file)
	}
	if err != nil {
		if fields := fault.Fields(err); fields != nil {
			return w.drawVisitFiles(c, who, fiber.StatusUnprocessableEntity, view.FilesPage{Criterion: in.Criterion, Caption: in.Caption, Errors: fields})
		}
		return err
	}
	w.flash(c, ui.Good, t(c, "The file is added"))
	return seeOther(c, view.Path(id, "/files"))
}

func (w *Web) sendVisitFile(c *fiber.Ctx, who identity.Actor) error {
	id, file, err := two(c, "file")
	if err != nil {
		return err
	}
	o, err := w.Fieldwork.OpenFile(c.UserContext(), who, id, file)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, attachment(o.Name))
	return sendContent(c, o)
}

func (w *Web) removeVisitFile(c *fiber.Ctx, who identity.Actor) error {
	id, file, err := two(c, "file")
	if err != nil {
		return err
	}
	if err := w.Fieldwork.RemoveFile(c.UserContext(), who, id, file, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The file is taken off"))
	return seeOther(c, view.Path(id, "/files"))
}

func (w *Web) showVisitHours(c *fiber.Ctx, who identity.Actor) error {
	return w.drawVisitHours(c, who, fiber.StatusOK, view.HoursPage{})
}

func (w *Web) drawVisitHours(c *fiber.Ctx, who identity.Actor, status int, p view.HoursPage) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if p.Sheet, err = w.Fieldwork.Timesheet(c.UserContext(), who, id); err != nil {
		return err
	}
	p.Chrome = w.wideChrome(c, who, t(c, "Hours"), fieldCrumbs(c, p.Sheet.Record, t(c, "Hours"))...)
	p.Chrome.Errors, p.Mine, p.All = p.Errors != nil, who.PersonID, who.Is(identity.Approvers...)
	if p.Errors == nil {
		p.Day = ui.DateOf(clock.DayOf(w.Now(), p.Sheet.Zone).Time())
	}
	return render(c, status, view.Hours(p))
}

func (w *Web) logVisitHours(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	day := formDate(c, "day")
	in := review.HoursEntry{Day: dayText(day), Hours: c.FormValue("hours"), Minutes: c.FormValue("minutes"), Activity: c.FormValue("activity"), Note: c.FormValue("note")}
	if err := w.Fieldwork.LogHours(c.UserContext(), who, id, in); err != nil {
		if fields := fault.Fields(err); fields != nil {
			return w.drawVisitHours(c, who, fiber.StatusUnprocessableEntity, view.HoursPage{Day: day, Entered: in, Errors: fields})
		}
		return err
	}
	w.flash(c, ui.Good, t(c, "The time is logged"))
	return seeOther(c, view.Path(id, "/hours"))
}

func (w *Web) removeVisitHours(c *fiber.Ctx, who identity.Actor) error {
	id, entry, err := two(c, "entry")
	if err != nil {
		return err
	}
	if err := w.Fieldwork.RemoveHours(c.UserContext(), who, id, entry, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The time is taken back"))
	return seeOther(c, view.Path(id, "/hours"))
}
