package web

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
	view "trustedtrader/views/profile"
	"trustedtrader/views/ui"
)

func (w *Web) showProfiles(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Profiles.List(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.List(view.ListPage{Chrome: w.chrome(c, who, t(c, "Security profiles")), Profiles: list}))
}

func (w *Web) showAnswerHistory(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	site, err := siteID(c.Query("site"))
	if err != nil {
		return err
	}
	h, err := w.Profiles.History(c.UserContext(), who, id, c.Params("question"), site)
	if err != nil {
		return err
	}
	page := view.HistoryPage{Frame: w.profileFrame(c, who, h.Profile, h.Names, t(c, "History of an answer")), Page: h}
	return render(c, fiber.StatusOK, view.History(page))
}

func (w *Web) showTable(c *fiber.Ctx, who identity.Actor) error {
	page, err := w.tablePage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Table(page))
}

// tablePage is one section, every question of it that counts in a row; without a section
// in the address the one to go on with.
func (w *Web) tablePage(c *fiber.Ctx, who identity.Actor) (view.TablePage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.TablePage{}, err
	}
	p, err := w.Profiles.TableOf(c.UserContext(), who, id, c.Query("section"))
	if err != nil {
		return view.TablePage{}, err
	}
	page := view.TablePage{Frame: w.profileFrame(c, who, p.Profile, p.Names, t(c, "Table")), Page: p}
	page.Wide = true
	for _, row := range p.Rows {
		first := true
		for _, x := range row.Asked {
			if !x.Counts {
				continue
			}
			page.Rows = append(page.Rows, view.TableRow{Asked: view.Asked{Question: x.Question, Value: x.Given.Value, Version: x.Version(), Compact: true},
				Criterion: row.Criterion, First: first, Standing: row.Standing, Kept: x.Given, Editable: row.Editable})
			first = false
		}
	}
	return page, nil
}

// saveTable takes the answers of a section without scripts, or all of them at once with.
func (w *Web) saveTable(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	form, err := w.Profiles.FormOf(c.FormValue("edition"), c.FormValue("entity"))
	if err != nil {
		return err
	}
	here := profilePath(id, "/table?section=", c.Query("section"))
	entries := sentAnswers(c, form, id, uuid.Nil)
	saved, err := w.Profiles.SaveAll(c.UserContext(), who, entries)
	switch fields := fault.Fields(err); {
	case profile.Conflicts(err) != nil:
		return w.renderConflict(c, who, id, form, here, saved, profile.Conflicts(err), nil, nil)
	case fields != nil:
		page, err := w.tablePage(c, who)
		if err != nil {
			return err
		}
		for i := range page.Rows {
			for _, e := range entries {
				if x := &page.Rows[i]; e.Question == x.Question.ID {
					x.Value, x.Version, x.Errors = e.Answer, e.Version, fields
				}
			}
		}
		page.Errors, page.Chrome.Errors = fields, true
		return render(c, fiber.StatusUnprocessableEntity, view.Table(page))
	case err != nil:
		return err
	}
	changed := 0
	for _, s := range saved {
		if s.Changed {
			changed++
		}
	}
	w.flash(c, ui.Good, tn(c, "%d answer is saved.", "%d answers are saved.", changed))
	if next := c.FormValue("then"); next != "" && next != "stay" {
		here = profilePath(id, "/table?section=", ui.ID(next))
	}
	return seeOther(c, here)
}

func (w *Web) showApply(c *fiber.Ctx, who identity.Actor) error {
	page, err := w.applyPage(c, who, c.Query("from"))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Apply(page))
}

// applyPage offers to say the same for several sites; from is the site whose answers are
// taken, the first one that differs when it is empty.
func (w *Web) applyPage(c *fiber.Ctx, who identity.Actor, from string) (view.ApplyPage, error) {
	site, err := siteID(from)
	if err != nil {
		return view.ApplyPage{}, err
	}
	p, err := w.criterion(c, who, site)
	if err != nil {
		return view.ApplyPage{}, err
	}
	if site == uuid.Nil && len(p.Exceptions) > 0 {
		if p, err = w.criterion(c, who, p.Exceptions[0].ID); err != nil {
			return view.ApplyPage{}, err
		}
	}
	page := view.ApplyPage{Frame: w.profileFrame(c, who, p.Profile, p.Names, t(c, "Apply to sites")), Page: p}
	if p.Site == nil || !slices.ContainsFunc(p.Exceptions, func(s profile.Site) bool { return s.ID == p.Site.ID }) {
		return page, fault.New(fault.Conflict, "Nothing is different at this site now. Say first what is different, then apply it to others")
	}
	return page, nil
}

// applyToSites gives several sites the answers of one that differs.
func (w *Web) applyToSites(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	from, err := siteID(c.FormValue("from"))
	if err != nil {
		return err
	}
	var to []uuid.UUID
	for _, chosen := range formAll(c, "sites") {
		site, err := siteID(chosen)
		if err != nil {
			return err
		}
		to = append(to, site)
	}
	saved, err := w.Profiles.ApplyToSites(c.UserContext(), who, id, c.Params("criterion"), from, to, versionsShown(c))
	var f *fault.Error
	switch fields := fault.Fields(err); {
	case profile.Conflicts(err) != nil:
		return w.renderMovedSites(c, who, saved, profile.Conflicts(err))
	case errors.As(err, &f) && f.Changed != nil:
		return w.renderMoved(c, who, func(p *view.ApplyPage) {
			p.Chosen, p.Moved = formAll(c, "sites"), &view.Moved{Changes: f.Changed,
				Text: t(c, "Nothing is applied yet. Below you see the answers as they are now. Check them, then apply them again.")}
		})
	case fields != nil:
		page, err := w.applyPage(c, who, c.FormValue("from"))
		if err != nil {
			return err
		}
		page.Errors, page.Chosen, page.Chrome.Errors = fields, formAll(c, "sites"), true
		return render(c, fiber.StatusUnprocessableEntity, view.Apply(page))
	case err != nil:
		return err
	}
	w.flash(c, ui.Good, tn(c, "%d answer is saved.", "%d answers are saved.", len(saved)))
	return seeOther(c, profilePath(id, "/sites"))
}

// versionsShown reads the versions of the answers that the page of a form showed.
func versionsShown(c *fiber.Ctx) map[string]int {
	out := map[string]int{}
	for _, v := range formAll(c, view.SeenField) {
		key, version, _ := strings.Cut(v, "=")
		if n, err := strconv.Atoi(version); err == nil {
			out[key] = n
		}
	}
	return out
}

// renderMoved shows the page of several sites as it is now, with what colleagues changed
// meanwhile.
func (w *Web) renderMoved(c *fiber.Ctx, who identity.Actor, moved func(*view.ApplyPage)) error {
	page, err := w.applyPage(c, who, c.FormValue("from"))
	if err != nil {
		return err
	}
	moved(&page)
	return render(c, fiber.StatusConflict, view.Apply(page))
}

// renderMovedSites names the sites whose answers are not what the person saw. They stay
// ticked; the others are done.
func (w *Web) renderMovedSites(c *fiber.Ctx, who identity.Actor, saved []profile.Saved, conflicts []profile.Conflict) error {
	done := 0
	for _, s := range saved {
		if s.Changed {
			done++
		}
	}
	text := t(c, "Colleagues changed these sites after you opened the page, and they stay as your colleagues saved them. Apply again to replace what is there now, or leave a site out.")
	if done > 0 {
		text = tn(c, "%d answer is applied.", "%d answers are applied.", done) + " " + text
	}
	return w.renderMoved(c, who, func(p *view.ApplyPage) {
		p.Moved = &view.Moved{Text: text}
		for _, x := range conflicts {
			p.Moved.Changes = append(p.Moved.Changes, p.ChangedAt(c.UserContext(), x))
			if site := x.Site.String(); !slices.Contains(p.Chosen, site) {
				p.Chosen = append(p.Chosen, site)
			}
		}
	})
}
