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

	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	view "trustedtrader/views/benefit"
	"trustedtrader/views/ui"
)

// benefitBase is what a page of reports has around its content. A refusal is shown on it; any
// other error is returned.
func (w *Web) benefitBase(c *fiber.Ctx, who identity.Actor, title string, refusal error, crumbs ...ui.Crumb) (b view.Base, status int, rest error) {
	b = view.Base{Chrome: w.chrome(c, who, title), Zone: who.Zone, MayEdit: who.Is(identity.CompanyEditors...)}
	b.Chrome.Breadcrumb = append(append([]ui.Crumb{{Label: t(c, "Benefits in figures"), Href: "/benefits"}, {Label: t(c, "Reports of benefits"), Href: view.Home}}, crumbs...), ui.Crumb{Label: title})
	if refusal == nil {
		return b, fiber.StatusOK, nil
	}
	status, b.Problems, b.Moved, b.Sentence, rest = refused(c, refusal)
	b.Chrome.Errors = len(b.Problems) > 0
	return b, status, rest
}

func (w *Web) showBenefitImports(c *fiber.Ctx, who identity.Actor) error {
	page, _ := strconv.Atoi(c.Query("page"))
	page = min(max(page, 1), 1000)
	list, more, err := w.Benefits.Imports(c.UserContext(), who, page)
	if err != nil {
		return err
	}
	b, _, _ := w.benefitBase(c, who, t(c, "Reports of benefits"), nil)
	b.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Benefits in figures"), Href: "/benefits"}, {Label: b.Chrome.Title}}
	return render(c, fiber.StatusOK, view.List(view.ListPage{Base: b, Data: w.Benefits.Data, Items: list, Page: page, More: more}))
}

func (w *Web) newBenefitImport(c *fiber.Ctx, who identity.Actor) error {
	return w.benefitForm(c, who, "", nil)
}

func (w *Web) benefitForm(c *fiber.Ctx, who identity.Actor, layout string, refusal error) error {
	b, status, rest := w.benefitBase(c, who, t(c, "Bring a report"), refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.New(view.NewPage{Base: b, Layouts: w.Benefits.Data.Layouts, Layout: layout}))
}

// bringBenefitImport stores a file as it comes.
func (w *Web) bringBenefitImport(c *fiber.Ctx, who identity.Actor) error {
	if !c.Request().IsBodyStream() { // a form without a file
		return w.benefitForm(c, who, c.FormValue("layout"), fault.Fail([]fault.Field{fault.F("file", "Choose a file")}))
	}
	form, err := openForm(c)
	if err != nil {
		return err
	}
	var file io.Reader
	if form.file != nil {
		file = form.file
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), streamAll)
	defer cancel()
	i, err := w.Benefits.Bring(ctx, who, form.FormValue("layout"), form.fileName, file)
	if err != nil {
		c.SetUserContext(ctx)
		return w.benefitForm(c, who, form.FormValue("layout"), err)
	}
	return seeOther(c, view.Path(i.ID, "/columns"))
}

func (w *Web) showBenefitColumns(c *fiber.Ctx, who identity.Actor) error {
	return w.benefitColumns(c, who, nil, nil)
}

func (w *Web) benefitColumns(c *fiber.Ctx, who identity.Actor, typed []string, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	plan, err := w.Benefits.Plan(c.UserContext(), who, id)
	if err != nil {
		return w.benefitMoved(c, who, id, err)
	}
	b, status, rest := w.benefitBase(c, who, t(c, "What are the columns?"), refusal, ui.Crumb{Label: plan.Import.FileName, Href: view.Path(id, "")})
	if rest != nil {
		return rest
	}
	p := view.PlanPage{Base: b, Plan: plan, Chosen: plan.Fields, Version: plan.Import.Version}
	if len(typed) == len(plan.Fields) {
		p.Chosen = typed
	}
	return render(c, status, view.Plan(p))
}

// benefitMoved leads to the page of a report that moved on meanwhile.
func (w *Web) benefitMoved(c *fiber.Ctx, who identity.Actor, id uuid.UUID, err error) error {
	if fault.KindOf(err) != fault.Conflict {
		return err
	}
	return w.benefitReport(c, who, id, err)
}

func (w *Web) mapBenefitColumns(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	plan, err := w.Benefits.Plan(c.UserContext(), who, id)
	if err != nil {
		return w.benefitMoved(c, who, id, err)
	}
	typed := make([]string, len(plan.Headings))
	for n := range typed {
		typed[n] = c.FormValue(benefit.ColumnField(n))
	}
	if err := w.Benefits.Map(c.UserContext(), who, id, formVersion(c), typed); err != nil {
		return w.benefitColumns(c, who, typed, err)
	}
	return seeOther(c, view.Path(id, "/preview"))
}

func (w *Web) showBenefitPreview(c *fiber.Ctx, who identity.Actor) error {
	return w.benefitPreview(c, who, nil)
}

func (w *Web) benefitPreview(c *fiber.Ctx, who identity.Actor, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	preview, err := w.Benefits.Preview(c.UserContext(), who, id)
	if err != nil {
		return w.benefitMoved(c, who, id, err)
	}
	b, status, rest := w.benefitBase(c, who, t(c, "The first rows"), refusal, ui.Crumb{Label: preview.Plan.Import.FileName, Href: view.Path(id, "")})
	if rest != nil {
		return rest
	}
	return render(c, status, view.Preview(view.PreviewPage{Base: b, Data: w.Benefits.Data, Preview: preview, Replace: c.FormValue("replace") == "period", From: formDate(c, "from"), To: formDate(c, "to")}))
}

func (w *Web) takeBenefitImport(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := benefit.TakeEntry{Version: formVersion(c), Replace: c.FormValue("replace") == "period"}
	var check entry.Check
	if in.Replace {
		for _, d := range []struct {
			name string
			to   *clock.Day
		}{{"from", &in.From}, {"to", &in.To}} {
			v := formDate(c, d.name)
			if day, ok := v.Date(); ok {
				*d.to = clock.DayOf(day, time.UTC)
			} else if !v.Empty() {
				check.Add(d.name, "Enter a day, for example 3 5 2027")
			}
		}
	}
	if err = check.Err(); err == nil {
		err = w.Benefits.TakeOver(c.UserContext(), who, id, in)
	}
	if err != nil {
		return w.benefitPreview(c, who, err)
	}
	return seeOther(c, view.Path(id, ""))
}

func (w *Web) showBenefitImport(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	return w.benefitReport(c, who, id, nil)
}

// benefitReport draws a report, with the refusal of a step if there was one.
func (w *Web) benefitReport(c *fiber.Ctx, who identity.Actor, id uuid.UUID, refusal error) error {
	i, wrong, err := w.Benefits.Import(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	b, status, rest := w.benefitBase(c, who, i.FileName, refusal)
	if rest != nil {
		return rest
	}
	if i.Status.Open() && c.Method() == fiber.MethodGet {
		c.Set("Refresh", renewEvery)
	}
	l, _ := w.Benefits.Data.Layout(i.Layout)
	return render(c, status, view.Show(view.ShowPage{Base: b, Import: i, Layout: l, Wrong: wrong}))
}

// benefitStep carries out a step of a report and leads to where it is then.
func (w *Web) benefitStep(c *fiber.Ctx, who identity.Actor, do func(ctx context.Context, id uuid.UUID, version int) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id, formVersion(c)); err != nil {
		return w.benefitMoved(c, who, id, err)
	}
	return seeOther(c, view.Path(id, ""))
}

func (w *Web) retryBenefitImport(c *fiber.Ctx, who identity.Actor) error {
	return w.benefitStep(c, who, func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Benefits.Retry(ctx, who, id, version)
	})
}

func (w *Web) undoBenefitImport(c *fiber.Ctx, who identity.Actor) error {
	return w.benefitStep(c, who, func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Benefits.Undo(ctx, who, id, version)
	})
}

func (w *Web) dropBenefitImport(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Benefits.Drop(c.UserContext(), who, id, formVersion(c)); err != nil {
		return w.benefitMoved(c, who, id, err)
	}
	w.flash(c, ui.Good, t(c, "The report is dropped"))
	return seeOther(c, view.Home)
}

// sendBenefitProblems is what rows of a report have wrong, as a file.
func (w *Web) sendBenefitProblems(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	i, list, err := w.Benefits.AllWrong(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	out := csv.NewWriter(&b)
	rows := [][]string{{t(c, "Line"), t(c, "Column"), t(c, "Problem"), t(c, "Cell")}}
	for _, x := range list {
		f := x.Problem()
		column := ""
		if x.Field != "" {
			column = t(c, x.Field)
		}
		rows = append(rows, []string{strconv.Itoa(x.RowNo), entry.Inert(column), entry.Inert(t(c, f.Message, f.Args...)), entry.Inert(x.Cell)})
	}
	if err := out.WriteAll(rows); err != nil {
		return err
	}
	return sendFile(c, "problems-"+i.ID.String()+".csv", "text/csv; charset=utf-8", b.Bytes())
}
