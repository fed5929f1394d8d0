package web

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/exchange"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	view "trustedtrader/views/exchange"
	"trustedtrader/views/ui"
)

func (w *Web) showExchange(c *fiber.Ctx, who identity.Actor) error {
	return w.renderExchange(c, who, nil)
}

// renderExchange shows the page for working offline, with why a file was refused.
func (w *Web) renderExchange(c *fiber.Ctx, who identity.Actor, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	p := view.Page{MayBring: who.Is(exchange.Writers()...)}
	status, rest := fiber.StatusOK, error(nil)
	if refusal != nil {
		if status, p.Errors, _, p.Sentence, rest = refused(c, refusal); rest != nil {
			return rest
		}
	}
	l, err := w.Profiles.TaskList(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	p.Cycle = l.Profile.Cycle
	for _, s := range l.Profile.Form.Edition.Sections {
		if slices.ContainsFunc(l.Profile.Form.Criteria, func(x catalogue.Criterion) bool { return len(x.Sections) > 0 && x.Sections[0] == s.ID }) {
			p.Sections = append(p.Sections, s)
		}
	}
	p.Chrome = w.chrome(c, who, t(c, "Work offline"))
	p.Chrome.Errors = len(p.Errors) > 0
	p.Chrome.Breadcrumb = offlineCrumbs(c, p.Cycle.Reference, ui.Crumb{Label: t(c, "Work offline")})
	return render(c, status, view.Offline(p))
}

// offlineCrumbs lead back to the profile of the address.
func offlineCrumbs(c *fiber.Ctx, reference string, below ...ui.Crumb) []ui.Crumb {
	return append([]ui.Crumb{{Label: t(c, "Security profiles"), Href: "/profiles"}, {Label: reference, Href: "/profiles/" + c.Params("id")}}, below...)
}

func (w *Web) sendProfileWorkbook(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := w.Exchange.Workbook(c.UserContext(), who, id, c.Query("section"))
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, f.MediaType, f.Body)
}

func (w *Web) sendProfileTable(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := w.Exchange.CSV(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, f.MediaType, f.Body)
}

// importWorkbook takes a workbook from a form, as it comes.
func (w *Web) importWorkbook(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	name, content, err := wholeFile(c, exchange.MostBytes)
	if err != nil {
		return err
	}
	// The request's own deadline is for pages; a slow line may take longer for a file.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), requestTimeout)
	defer cancel()
	c.SetUserContext(ctx)
	d, err := w.Exchange.Import(ctx, who, id, name, content)
	if err != nil {
		return w.renderExchange(c, who, err)
	}
	return seeOther(c, "/profiles/"+id.String()+"/import/"+d.ID.String())
}

func (w *Web) showImport(c *fiber.Ctx, who identity.Actor) error {
	return w.renderImport(c, who, c.Query("section"), nil)
}

// renderImport shows a dry run, whole or one section of it, with why a choice was refused.
func (w *Web) renderImport(c *fiber.Ctx, who identity.Actor, section string, refusal error) error {
	id, draft, err := two(c, "draft")
	if err != nil {
		return err
	}
	p, status, rest := view.DryRunPage{Section: section}, fiber.StatusOK, error(nil)
	if refusal != nil {
		if status, p.Errors, _, _, rest = refused(c, refusal); rest != nil || status != fiber.StatusUnprocessableEntity {
			return refusal
		}
	}
	if p.Run, err = w.Exchange.DryRun(c.UserContext(), who, id, draft); err != nil {
		return err
	}
	title := t(c, "What the workbook would change")
	here := ui.Crumb{Label: title, Href: "/profiles/" + id.String() + "/import/" + draft.String()}
	crumbs := []ui.Crumb{{Label: t(c, "Work offline"), Href: "/profiles/" + id.String() + "/exchange"}, here}
	if section != "" {
		i := slices.IndexFunc(p.Run.Groups, func(g exchange.Group) bool { return g.Section.ID == section })
		if i < 0 {
			return fault.Missing()
		}
		text, _ := p.Run.Groups[i].Section.Title.In(i18n.Lang(c.UserContext()))
		title, crumbs = text, append(crumbs, ui.Crumb{Label: text})
	} else {
		crumbs[1].Href = ""
	}
	p.Chrome = w.chrome(c, who, title)
	p.Chrome.Errors = len(p.Errors) > 0
	p.Chrome.Breadcrumb = offlineCrumbs(c, p.Run.Profile.Cycle.Reference, crumbs...)
	return render(c, status, view.DryRun(p))
}

func (w *Web) acceptImport(c *fiber.Ctx, who identity.Actor) error {
	id, draft, err := two(c, "draft")
	if err != nil {
		return err
	}
	in := exchange.Choice{Sections: formAll(c, "section"), Rows: formAll(c, "row"), Over: map[string]int{}}
	for _, v := range formAll(c, "over") {
		if i := strings.LastIndex(v, "|"); i >= 0 {
			if seen, err := strconv.Atoi(v[i+1:]); err == nil {
				in.Over[v[:i]] = seen
			}
		}
	}
	back := c.FormValue("back")
	out, err := w.Exchange.Accept(c.UserContext(), who, id, draft, in)
	if err != nil {
		return w.renderImport(c, who, back, err)
	}
	kind, text := ui.Good, i18n.N(c.UserContext(), "%d answer is taken over.", "%d answers are taken over.", out.Saved)
	if out.Conflicts > 0 {
		kind, text = ui.Info, text+" "+i18n.N(c.UserContext(), "%d is a conflict now: a colleague was faster.", "%d are conflicts now: colleagues were faster.", out.Conflicts)
	}
	w.flash(c, kind, text)
	to := "/profiles/" + id.String() + "/import/" + draft.String()
	if back != "" {
		to += "?section=" + back
	}
	return seeOther(c, to)
}
