package web

import (
	"context"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/report"
	"trustedtrader/app/validation"
	view "trustedtrader/views/report"
	"trustedtrader/views/ui"
)

// reportPage reads the report of the path for the desk.
func (w *Web) reportPage(c *fiber.Ctx, who identity.Actor) (view.Page, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.Page{}, err
	}
	p, err := w.Reports.Open(c.UserContext(), who, id)
	crumbs := []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Validations"), Href: "/desk/validations"}, {Label: p.Reference, Href: "/desk/validations/" + id.String()}, {Label: t(c, "Report")}}
	return view.Page{Chrome: w.wideChrome(c, who, t(c, "%s: report", p.Reference), crumbs...), Page: p, Typed: map[string]string{}}, err
}

func (w *Web) showReport(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.reportPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Show(p))
}

// reportStep carries out a step of a report, or shows its form again with what was typed.
func (w *Web) reportStep(c *fiber.Ctx, who identity.Actor, act, anchor, done string, do func(ctx context.Context, id uuid.UUID) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		p, err := w.reportPage(c, who)
		if err != nil {
			return err
		}
		p.Act, p.Errors, p.Conflict, p.Chrome.Errors, p.Chosen = act, fields, conflict, fields != nil, formAll(c, "section")
		for _, name := range []string{"note", "reason", "outcome"} {
			p.Typed[name] = c.FormValue(name)
		}
		if code, ok := strings.CutPrefix(act, "section-"); ok {
			p.Typed[report.TextField(code)] = c.FormValue(report.TextField(code))
		}
		return render(c, status, view.Show(p))
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, view.DeskPath(id, anchor))
}

func (w *Web) beginReport(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "begin", "", t(c, "The report is assembled. Edit it section by section"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Begin(ctx, who, id)
	})
}

func (w *Web) editReport(c *fiber.Ctx, who identity.Actor) error {
	code := c.Params("section")
	return w.reportStep(c, who, "section-"+code, "#"+ui.ID(code), t(c, "The section is saved"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Edit(ctx, who, id, code, c.FormValue(report.TextField(code)), formVersion(c))
	})
}

func (w *Web) assembleReport(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "assemble", "", t(c, "The sections are assembled again"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Assemble(ctx, who, id, formAll(c, "section"), formVersion(c))
	})
}

func (w *Web) proposeOutcome(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "propose", "", t(c, "The proposal is saved"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Propose(ctx, who, id, report.ProposalEntry{Version: formVersion(c), Outcome: validation.Outcome(c.FormValue("outcome")), Reason: c.FormValue("reason")})
	})
}

func (w *Web) shareReport(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "share", "", t(c, "The draft is shared, and the company has been told"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Share(ctx, who, id, formVersion(c), c.FormValue("note"))
	})
}

func (w *Web) goOnReport(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "goon", "", t(c, "The report can be edited again"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.GoOn(ctx, who, id, formVersion(c))
	})
}

func (w *Web) submitReport(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "submit", "", t(c, "The report waits for another person's approval"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Submit(ctx, who, id, formVersion(c))
	})
}

func (w *Web) recallReport(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "recall", "", t(c, "The report is a draft again"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Recall(ctx, who, id, formVersion(c))
	})
}

func (w *Web) returnReport(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "return", "", t(c, "The report is returned to its writer"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Return(ctx, who, id, formVersion(c), c.FormValue("reason"))
	})
}

func (w *Web) approveReport(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "approve", "", t(c, "The report is approved"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Approve(ctx, who, id, formVersion(c))
	})
}

func (w *Web) issueReport(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "issue", "", t(c, "The report is issued, and the company has been told"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Issue(ctx, who, id, formVersion(c))
	})
}

func (w *Web) closeValidation(c *fiber.Ctx, who identity.Actor) error {
	return w.reportStep(c, who, "close", "", t(c, "The validation is closed, and the company has been told"), func(ctx context.Context, id uuid.UUID) error {
		return w.Reports.Close(ctx, who, id, report.ClosingEntry{Version: formVersion(c), Outcome: validation.Outcome(c.FormValue("outcome")), Reason: c.FormValue("reason")})
	})
}

// sharedReport reads the report of the path for its company.
func (w *Web) sharedReport(c *fiber.Ctx, who identity.Actor) (view.SharedPage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.SharedPage{}, err
	}
	x, err := w.Reports.Shared(c.UserContext(), who, id)
	p := view.SharedPage{Chrome: w.chrome(c, who, t(c, "%s: report", x.Reference)), Shared: x}
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Home"), Href: "/company"}, {Label: t(c, "Validations"), Href: "/validations"}, {Label: x.Reference, Href: "/validations/" + id.String()}, {Label: t(c, "Report")}}
	return p, err
}

func (w *Web) showSharedReport(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.sharedReport(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Shared(p))
}

func (w *Web) commentReport(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Reports.Comment(c.UserContext(), who, id, c.FormValue("comment"), formVersion(c)); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		p, err := w.sharedReport(c, who)
		if err != nil {
			return err
		}
		p.Comment, p.Errors, p.Conflict, p.Chrome.Errors = c.FormValue("comment"), fields, conflict, fields != nil
		return render(c, status, view.Shared(p))
	}
	w.flash(c, ui.Good, t(c, "Your comments are sent"))
	return seeOther(c, view.Path(id, ""))
}

// showReportEdition shows what a report said at a step, to read and print.
func (w *Web) showReportEdition(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(c.Params("number"))
	if err != nil || number < 1 {
		return fault.Missing()
	}
	x, err := w.Reports.Edition(c.UserContext(), who, id, number)
	if err != nil {
		return err
	}
	p := view.EditionPage{Chrome: w.chrome(c, who, t(c, "%s: report", x.Content.Reference)), Copy: x}
	back := view.Path(id, "")
	if who.Audience == identity.Staff {
		back = view.DeskPath(id, "")
	}
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Report"), Href: back}, {Label: t(c, "Version %d", number)}}
	return render(c, fiber.StatusOK, view.Edition(p))
}

// sendReportPDF sends the issued report, or says that it is being made.
func (w *Web) sendReportPDF(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	d, err := w.Reports.PDF(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	if d == nil {
		return fault.New(fault.Conflict, "The PDF is being made. Try again in a minute, or print the report from its page")
	}
	return sendFile(c, d.Name, d.ContentType, d.Body)
}

// ReportHTML is an issued report as a document of its own, for the job that prints it.
func ReportHTML(ctx context.Context, r report.Copy) (string, error) {
	var b strings.Builder
	err := view.Document(r).Render(ctx, &b)
	return b.String(), err
}
