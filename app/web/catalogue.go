package web

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/identity"
	"trustedtrader/app/oscal"
	view "trustedtrader/views/catalogue"
	"trustedtrader/views/ui"
)

func (w *Web) showCatalogues(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Criteria.List(c.UserContext(), who)
	if err != nil {
		return err
	}
	ch := w.chrome(c, who, t(c, "Catalogues"))
	ch.Wide = true
	return render(c, fiber.StatusOK, view.List(view.ListPage{Chrome: ch, Items: list, Names: w.kindNames}))
}

func (w *Web) edition(c *fiber.Ctx, who identity.Actor) (catalogue.View, ui.Chrome, error) {
	v, err := w.Criteria.Show(c.UserContext(), who, c.Params("programme"), c.Params("edition"))
	if err != nil {
		return v, ui.Chrome{}, err
	}
	name, _ := w.kindNames(v.Programme, "")
	return v, w.adminChrome(c, who, t(c, "Catalogues"), "/admin/catalogues", t(c, "%s, edition %s", name, v.ID)), nil
}

func (w *Web) showEdition(c *fiber.Ctx, who identity.Actor) error {
	v, ch, err := w.edition(c, who)
	if err != nil {
		return err
	}
	p := view.EditionPage{Chrome: ch, View: v, Names: w.kindNames, EntityTypes: oscal.EntityTypes(v.Edition)}
	if chosen := c.Query("for"); slices.Contains(p.EntityTypes, chosen) {
		p.Chosen = chosen
	}
	return render(c, fiber.StatusOK, view.Edition(p))
}

func (w *Web) showEditionChanges(c *fiber.Ctx, who identity.Actor) error {
	v, ch, err := w.edition(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Changes(view.ChangesPage{Chrome: ch, View: v, Names: w.kindNames}))
}

// sendEdition sends an edition as an OSCAL catalog, or as the profile of a kind of member.
func (w *Web) sendEdition(c *fiber.Ctx, who identity.Actor) error {
	f, err := w.OSCAL.Export(c.UserContext(), who, c.Params("programme"), c.Params("edition"), c.Params("type"))
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, fiber.MIMEApplicationJSON, f.Body)
}
