package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/baseline"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	view "trustedtrader/views/baseline"
	"trustedtrader/views/ui"
)

// baselinesAMinute bounds how often one person brings a file.
const baselinesAMinute = 6

// baselineBase is what a page of baselines has around its content. A refusal is shown on it;
// any other error is returned.
func (w *Web) baselineBase(c *fiber.Ctx, who identity.Actor, title string, refusal error, crumbs ...ui.Crumb) (b view.Base, status int, rest error) {
	above := []ui.Crumb{{Label: t(c, "Benefits in figures"), Href: "/benefits"}}
	if who.Audience == identity.Staff {
		above = []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Headquarters"), Href: "/desk/headquarters"}}
	}
	b = view.Base{Chrome: w.wideChrome(c, who, title, append(append(above, crumbs...), ui.Crumb{Label: title})...), Zone: who.Zone, Programmes: w.Programmes, Data: w.Baselines.Data}
	if refusal == nil {
		return b, fiber.StatusOK, nil
	}
	status, b.Problems, b.Moved, b.Sentence, rest = refused(c, refusal)
	b.Chrome.Errors = len(b.Problems) > 0
	return b, status, rest
}

func baselinesCrumb(c *fiber.Ctx) ui.Crumb {
	return ui.Crumb{Label: t(c, "Baselines"), Href: view.Home}
}

func (w *Web) showBaselines(c *fiber.Ctx, who identity.Actor) error {
	page := min(max(pageNumber(c), 1), 1000)
	list, more, err := w.Baselines.List(c.UserContext(), who, page)
	if err != nil {
		return err
	}
	b, _, _ := w.baselineBase(c, who, t(c, "Baselines"), nil)
	return render(c, fiber.StatusOK, view.List(view.ListPage{Base: b, Items: list, Page: page, More: more, Brings: who.Is(identity.Headquarters)}))
}

func (w *Web) newBaseline(c *fiber.Ctx, who identity.Actor) error {
	return w.baselineForm(c, who, view.NewPage{}, nil)
}

func (w *Web) baselineForm(c *fiber.Ctx, who identity.Actor, p view.NewPage, refusal error) error {
	b, status, rest := w.baselineBase(c, who, t(c, "Bring a baseline"), refusal, baselinesCrumb(c))
	if rest != nil {
		return rest
	}
	p.Base = b
	return render(c, status, view.New(p))
}

// bringBaseline reads a file as it comes.
func (w *Web) bringBaseline(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "baseline "+who.PersonID.String(), baselinesAMinute); err != nil {
		return err
	}
	if !c.Request().IsBodyStream() { // a form without a file
		return w.baselineForm(c, who, view.NewPage{}, fault.Fail([]fault.Field{fault.F("file", "Choose a file")}))
	}
	form, err := openForm(c)
	if err != nil {
		return err
	}
	p := view.NewPage{AsOf: ui.DateValue{Day: form.FormValue("as_of-day"), Month: form.FormValue("as_of-month"), Year: form.FormValue("as_of-year")},
		Entered: baseline.BringEntry{Programme: form.FormValue("programme"), Source: form.FormValue("source"), FileName: form.fileName}}
	if d, ok := p.AsOf.Date(); ok {
		p.Entered.AsOf = clock.DayOf(d, time.UTC).String()
	}
	var file io.Reader
	if form.file != nil {
		file = form.file
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), streamAll)
	defer cancel()
	b, wrong, err := w.Baselines.Bring(ctx, who, p.Entered, file)
	if err != nil {
		c.SetUserContext(ctx)
		p.Wrong = wrong
		return w.baselineForm(c, who, p, err)
	}
	return seeOther(c, view.Home+"/"+b.ID.String())
}

func (w *Web) showBaseline(c *fiber.Ctx, who identity.Actor) error {
	return w.drawBaseline(c, who, view.ShowPage{}, nil)
}

// drawBaseline draws a file for the desk or for a company, with the refusal of a step if there
// was one.
func (w *Web) drawBaseline(c *fiber.Ctx, who identity.Actor, p view.ShowPage, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if p.File, err = w.Baselines.Read(c.UserContext(), who, id, pageNumber(c), c.Query("show") == "different"); err != nil {
		return err
	}
	p.Path = view.Read + "/" + id.String()
	var crumbs []ui.Crumb
	if who.Audience == identity.Staff {
		p.Path, crumbs = view.Home+"/"+id.String(), []ui.Crumb{baselinesCrumb(c)}
		p.Actions, p.Own = p.File.Actions(who), p.File.BroughtBy == who.PersonID && who.Is(identity.Headquarters)
	}
	b, status, rest := w.baselineBase(c, who, p.File.FileName, refusal, crumbs...)
	if rest != nil {
		return rest
	}
	p.Base = b
	return render(c, status, view.Show(p))
}

// baselineStep carries out a step with a file, or shows it again with what was typed.
func (w *Web) baselineStep(c *fiber.Ctx, who identity.Actor, act baseline.Action, done string, do func(ctx context.Context, id uuid.UUID) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id); err != nil {
		return w.drawBaseline(c, who, view.ShowPage{Act: act, Reason: c.FormValue("reason")}, err)
	}
	w.flash(c, ui.Good, t(c, done))
	return seeOther(c, view.Home+"/"+id.String())
}

func (w *Web) signBaseline(c *fiber.Ctx, who identity.Actor) error {
	return w.baselineStep(c, who, baseline.Sign, "The file is signed off. Members are compared with it now", func(ctx context.Context, id uuid.UUID) error {
		return w.Baselines.Sign(ctx, who, id, formVersion(c))
	})
}

func (w *Web) refuseBaseline(c *fiber.Ctx, who identity.Actor) error {
	return w.baselineStep(c, who, baseline.Refuse, "The file is refused. Nothing has changed", func(ctx context.Context, id uuid.UUID) error {
		return w.Baselines.Refuse(ctx, who, id, formVersion(c), c.FormValue("reason"))
	})
}

func (w *Web) withdrawBaseline(c *fiber.Ctx, who identity.Actor) error {
	return w.baselineStep(c, who, baseline.Withdraw, "The file is withdrawn. Nobody is compared with it any more", func(ctx context.Context, id uuid.UUID) error {
		return w.Baselines.Withdraw(ctx, who, id, formVersion(c), c.FormValue("reason"))
	})
}

func (w *Web) takeBackBaseline(c *fiber.Ctx, who identity.Actor) error {
	return w.baselineStep(c, who, baseline.TakeBack, "The file is taken back. Nothing has changed", func(ctx context.Context, id uuid.UUID) error {
		return w.Baselines.TakeBack(ctx, who, id, formVersion(c), c.FormValue("reason"))
	})
}

// sendCohorts is every cohort of a file, in the form in which it could be brought again.
func (w *Web) sendCohorts(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "export "+who.PersonID.String(), exports); err != nil {
		return err
	}
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, list, err := w.Baselines.Download(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	rows := [][]string{{"from", "to", "mode", "port", "type", "shipments", "exams", "companies", "hold"}}
	for _, x := range list {
		hold := ""
		if x.HoldMinutes != nil {
			hold = strconv.FormatFloat(float64(*x.HoldMinutes)/60, 'f', -1, 64)
		}
		rows = append(rows, []string{x.FirstMonth.String()[:7], x.LastMonth.String()[:7], x.Mode, x.PortGroup, x.EntityType, strconv.Itoa(x.Shipments), strconv.Itoa(x.Exams), strconv.Itoa(x.Companies), hold})
	}
	var out bytes.Buffer
	if err := csv.NewWriter(&out).WriteAll(rows); err != nil {
		return err
	}
	return sendFile(c, "cohorts-"+b.SHA256[:12]+".csv", "text/csv; charset=utf-8; header=present", out.Bytes())
}
