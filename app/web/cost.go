package web

import (
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/cost"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	view "trustedtrader/views/cost"
	"trustedtrader/views/ui"
)

// costBase is what a page of costs has around its content. A refusal is shown on it; any
// other error is returned.
func (w *Web) costBase(c *fiber.Ctx, who identity.Actor, title string, refusal error, crumbs ...ui.Crumb) (b view.Base, status int, rest error) {
	crumbs = append([]ui.Crumb{{Label: t(c, "Benefits in figures"), Href: "/benefits"}}, append(crumbs, ui.Crumb{Label: title})...)
	b = view.Base{Chrome: w.wideChrome(c, who, title, crumbs...), Zone: who.Zone, Data: w.Costs.Data, Reports: w.Benefits.Data}
	if refusal == nil {
		return b, fiber.StatusOK, nil
	}
	status, b.Problems, b.Moved, b.Sentence, rest = refused(c, refusal)
	b.Chrome.Errors = len(b.Problems) > 0
	return b, status, rest
}

func (w *Web) showCosts(c *fiber.Ctx, who identity.Actor) error {
	return w.costList(c, who, nil)
}

func (w *Web) costList(c *fiber.Ctx, who identity.Actor, refusal error) error {
	list, err := w.Costs.All(c.UserContext(), who)
	if err != nil {
		return err
	}
	b, status, rest := w.costBase(c, who, t(c, "Your costs"), refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.List(view.ListPage{Base: b, Costs: list, Edits: who.Is(identity.CompanyEditors...)}))
}

// costID is the row of the address, or nil for a new one.
func costID(c *fiber.Ctx) (*uuid.UUID, error) {
	if c.Params("id") == "" {
		return nil, nil
	}
	id, err := pathID(c, "id")
	return &id, err
}

func costsCrumb(c *fiber.Ctx) ui.Crumb { return ui.Crumb{Label: t(c, "Your costs"), Href: view.Home} }

func (w *Web) drawExamCost(c *fiber.Ctx, who identity.Actor, p view.ExamPage, refusal error) error {
	b, status, rest := w.costBase(c, who, t(c, "Cost of an examination"), refusal, costsCrumb(c))
	if rest != nil {
		return rest
	}
	p.Base = b
	return render(c, status, view.Exam(p))
}

func (w *Web) showExamCost(c *fiber.Ctx, who identity.Actor) error {
	id, err := costID(c)
	if err != nil {
		return err
	}
	if id == nil {
		return w.drawExamCost(c, who, view.ExamPage{}, nil)
	}
	list, err := w.Costs.All(c.UserContext(), who)
	if err != nil {
		return err
	}
	for _, e := range list.Exam {
		if e.ID == *id {
			return w.drawExamCost(c, who, view.ExamPage{ID: id, Entered: cost.ExamEntry{Version: e.Version, Mode: e.Mode, FromMonth: e.FromMonth.String()[:7], Currency: e.Currency, PerExam: e.PerExam, Storage: e.StoragePerDay, Hold: view.Hours(e.HoldMinutes), Note: e.Note}}, nil)
		}
	}
	return fault.Missing()
}

func (w *Web) saveExamCost(c *fiber.Ctx, who identity.Actor) error {
	id, err := costID(c)
	if err != nil {
		return err
	}
	in := cost.ExamEntry{Version: formVersion(c), Mode: c.FormValue("mode"), FromMonth: c.FormValue("from_month"), Currency: c.FormValue("currency"), PerExam: c.FormValue("per_exam"), Storage: c.FormValue("storage"), Hold: c.FormValue("hold"), Note: c.FormValue("note")}
	if err := w.Costs.SaveExam(c.UserContext(), who, id, in); err != nil {
		return w.drawExamCost(c, who, view.ExamPage{ID: id, Entered: in}, err)
	}
	w.flash(c, ui.Good, t(c, "The cost is saved"))
	return seeOther(c, view.Home)
}

func (w *Web) drawYearCost(c *fiber.Ctx, who identity.Actor, p view.YearPage, refusal error) error {
	b, status, rest := w.costBase(c, who, t(c, "Cost of membership"), refusal, costsCrumb(c))
	if rest != nil {
		return rest
	}
	p.Base = b
	return render(c, status, view.Year(p))
}

func (w *Web) showYearCost(c *fiber.Ctx, who identity.Actor) error {
	id, err := costID(c)
	if err != nil {
		return err
	}
	if id == nil {
		return w.drawYearCost(c, who, view.YearPage{}, nil)
	}
	list, err := w.Costs.All(c.UserContext(), who)
	if err != nil {
		return err
	}
	for _, m := range list.Membership {
		if m.ID == *id {
			return w.drawYearCost(c, who, view.YearPage{ID: id, Entered: cost.MembershipEntry{Version: m.Version, Year: strconv.Itoa(m.Year), Item: m.Item, Currency: m.Currency, Amount: m.Amount, Note: m.Note}}, nil)
		}
	}
	return fault.Missing()
}

func (w *Web) saveYearCost(c *fiber.Ctx, who identity.Actor) error {
	id, err := costID(c)
	if err != nil {
		return err
	}
	in := cost.MembershipEntry{Version: formVersion(c), Year: c.FormValue("year"), Item: c.FormValue("item"), Currency: c.FormValue("currency"), Amount: c.FormValue("amount"), Note: c.FormValue("note")}
	if err := w.Costs.SaveMembership(c.UserContext(), who, id, in); err != nil {
		return w.drawYearCost(c, who, view.YearPage{ID: id, Entered: in}, err)
	}
	w.flash(c, ui.Good, t(c, "The cost is saved"))
	return seeOther(c, view.Home)
}

func (w *Web) removeExamCost(c *fiber.Ctx, who identity.Actor) error {
	return w.removeCost(c, who, cost.KindExam)
}

func (w *Web) removeYearCost(c *fiber.Ctx, who identity.Actor) error {
	return w.removeCost(c, who, cost.KindMembership)
}

func (w *Web) removeCost(c *fiber.Ctx, who identity.Actor, kind string) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Costs.Remove(c.UserContext(), who, kind, id, formVersion(c)); err != nil {
		return w.costList(c, who, err)
	}
	w.flash(c, ui.Good, t(c, "The cost is removed"))
	return seeOther(c, view.Home)
}
