package web

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
	evidenceview "trustedtrader/views/evidence"
	view "trustedtrader/views/profile"
	"trustedtrader/views/ui"
)

// emptyRows is how many rows a table offers beyond those that are filled in.
const emptyRows = 2

// criterion reads the criterion that the path names.
func (w *Web) criterion(c *fiber.Ctx, who identity.Actor, site uuid.UUID) (profile.CriterionPage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return profile.CriterionPage{}, err
	}
	return w.Profiles.CriterionPage(c.UserContext(), who, id, c.Params("criterion"), site)
}

func (w *Web) showCriterion(c *fiber.Ctx, who identity.Actor) error {
	page, err := w.criterionPage(c, who, c.Query("site"))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Criterion(page))
}

func (w *Web) criterionPage(c *fiber.Ctx, who identity.Actor, place string) (view.CriterionPage, error) {
	site, err := siteID(place)
	if err != nil {
		return view.CriterionPage{}, err
	}
	p, err := w.criterion(c, who, site)
	if err != nil {
		return view.CriterionPage{}, err
	}
	page := view.CriterionPage{Frame: w.profileFrame(c, who, p.Profile, p.Names, p.Criterion.ID+" "+text(c, p.Criterion.Title)), Page: p}
	for _, x := range p.Asked {
		if x.Counts {
			page.Items = append(page.Items, item(c, p, x))
		}
	}
	at := placeAt(p.Profile.Cycle.ID, p.Criterion.ID, site)
	shown := w.picker(who, page.Chrome, evidence.Here{At: at, Open: p.Locked == "", Today: clock.DayOf(w.Now(), p.Profile.Firm.Zone).Time(), Links: p.Links}, criterionPath(at))
	shown.Note = view.Wanted(c.UserContext(), p)
	page.Evidence = evidenceview.Attach(shown)
	return page, nil
}

// text is a text of a catalogue in the language of the person who asked.
func text(c *fiber.Ctx, x catalogue.Text) string {
	s, _ := x.In(i18n.Lang(c.UserContext()))
	return s
}

// item is a question with its answer and what stands beside it. At a site that does not
// differ yet its fields begin with the company's answer.
func item(c *fiber.Ctx, p profile.CriterionPage, x profile.Asked) view.Item {
	q := x.Question
	out := view.Item{Asked: view.Asked{Question: q, Value: x.Given.Value, Version: x.Version(), Rows: rowsOf(c, q, x.Given.Value)}, Kept: x.Given}
	if p.Site != nil {
		company, _ := p.Profile.Given(q.ID, uuid.Nil)
		out.Company = q.Words(c.UserContext(), company.Value)
		if !x.Own {
			out.Kept = profile.Given{}
			if base, err := json.Marshal(company.Value); err == nil {
				out.Base = string(base)
			}
		}
	}
	if x.Last != nil {
		out.Last = q.Words(c.UserContext(), x.Last.Answer)
	}
	return out
}

// rowsOf is how many rows a table has on the page: those that are filled in and some more,
// and yet more when they were asked for.
func rowsOf(c *fiber.Ctx, q catalogue.Question, a catalogue.Answer) int {
	n := len(a.Rows) + 1
	if len(a.Rows) == 0 {
		n = emptyRows
	}
	if c.Query("rows") == q.ID {
		n += emptyRows
	}
	return min(n, catalogue.MaxRows)
}

// renderRefusedCriterion shows the page again with what was typed.
func (w *Web) renderRefusedCriterion(c *fiber.Ctx, who identity.Actor, entries []profile.AnswerEntry, fields []fault.Field) error {
	page, err := w.criterionPage(c, who, c.FormValue("site"))
	if err != nil {
		return err
	}
	for i := range page.Items {
		for _, e := range entries {
			if x := &page.Items[i]; e.Question == x.Question.ID {
				x.Value, x.Version, x.Rows = e.Answer, e.Version, rowsOf(c, x.Question, e.Answer)
			}
		}
	}
	page.Errors = fields
	page.Chrome.Errors = true
	return render(c, fiber.StatusUnprocessableEntity, view.Criterion(page))
}

// criterionDone answers a button of a criterion's page.
func (w *Web) criterionDone(c *fiber.Ctx, sentence string, do func(id uuid.UUID, criterion string) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	criterion := c.Params("criterion")
	if err := do(id, criterion); err != nil {
		return err
	}
	w.flash(c, ui.Good, sentence)
	return seeOther(c, criterionAt(id, criterion, uuid.Nil))
}

func (w *Web) confirmCriterion(c *fiber.Ctx, who identity.Actor) error {
	return w.criterionDone(c, t(c, "%s is confirmed for this year.", c.Params("criterion")), func(id uuid.UUID, criterion string) error {
		return w.Profiles.Confirm(c.UserContext(), who, id, criterion)
	})
}

// keepAnswer says of a criterion that was sent back that nothing changes.
func (w *Web) keepAnswer(c *fiber.Ctx, who identity.Actor) error {
	return w.criterionDone(c, t(c, "%s is answered: nothing changes. You can write to us why.", c.Params("criterion")), func(id uuid.UUID, criterion string) error {
		return w.Profiles.KeepAnswer(c.UserContext(), who, id, criterion)
	})
}

func (w *Web) dropException(c *fiber.Ctx, who identity.Actor) error {
	site, err := siteID(c.FormValue("site"))
	if err != nil {
		return err
	}
	return w.criterionDone(c, t(c, "The site is like the company now. What was different stays in the history."), func(id uuid.UUID, criterion string) error {
		return w.Profiles.DropException(c.UserContext(), who, id, criterion, site, versionsSeen(c))
	})
}

func (w *Web) writeToThread(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	criterion, body := c.Params("criterion"), c.FormValue("body")
	if err = w.Profiles.Write(c.UserContext(), who, id, criterion, body); err == nil {
		w.flash(c, ui.Good, t(c, "Your message is with us."))
		return seeOther(c, criterionAt(id, criterion, uuid.Nil)+"#messages")
	}
	fields := fault.Fields(err)
	if fields == nil {
		return err
	}
	page, err := w.criterionPage(c, who, "")
	if err != nil {
		return err
	}
	page.Errors, page.Message = fields, body
	page.Chrome.Errors = true
	return render(c, fiber.StatusUnprocessableEntity, view.Criterion(page))
}

// notePresence is the sign of life of an open page.
func (w *Web) notePresence(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	others, err := w.Profiles.Seen(c.UserContext(), who, id, c.Params("criterion"))
	if err != nil {
		return err
	}
	here := []string{}
	for _, x := range others {
		here = append(here, view.PresentText(c.UserContext(), x, w.Now(), who.Zone))
	}
	return c.JSON(map[string]any{"here": here, "idle": w.idleSeconds(c)})
}
