package web

import (
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/enclosure"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	view "trustedtrader/views/enclosure"
	"trustedtrader/views/ui"
)

// mayShow reports whether the reader can show documents with a record that they have open.
func mayShow(who identity.Actor, open bool) bool {
	return open && who.Audience == identity.Companies && who.Is(identity.CompanyEditors...)
}

// enclosed reads the kind and the id of the record from the address.
func enclosed(c *fiber.Ctx) (kind string, id uuid.UUID, err error) {
	if kind = c.Params("kind"); !slices.Contains(enclosure.Kinds(), kind) {
		return "", id, fault.Missing()
	}
	id, err = pathID(c, "id")
	return kind, id, err
}

func (w *Web) chooseDocuments(c *fiber.Ctx, who identity.Actor) error {
	kind, id, err := enclosed(c)
	if err != nil {
		return err
	}
	return w.drawDocuments(c, who, kind, id, nil, nil, fiber.StatusOK)
}

func (w *Web) drawDocuments(c *fiber.Ctx, who identity.Actor, kind string, id uuid.UUID, chosen []string, fields []fault.Field, status int) error {
	reference, list, err := w.Enclosures.Choose(c.UserContext(), who, kind, id)
	if err != nil {
		return err
	}
	p := view.Page{Chrome: w.chrome(c, who, t(c, "Show documents")), Kind: kind, ID: id.String(), Library: list, Chosen: chosen, Errors: fields}
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Home"), Href: "/company"}, {Label: reference, Href: view.RecordPath(kind, p.ID)}, {Label: t(c, "Show documents")}}
	p.Chrome.Errors = fields != nil
	return render(c, status, view.Choose(p))
}

func (w *Web) showDocuments(c *fiber.Ctx, who identity.Actor) error {
	kind, id, err := enclosed(c)
	if err != nil {
		return err
	}
	items, err := formIDs(c, "item")
	if err != nil {
		return err
	}
	if refusal := w.Enclosures.Show(c.UserContext(), who, kind, id, items); refusal != nil {
		fields := fault.Fields(refusal)
		if fields == nil {
			return refusal
		}
		return w.drawDocuments(c, who, kind, id, formAll(c, "item"), fields, fiber.StatusUnprocessableEntity)
	}
	w.flash(c, ui.Good, t(c, "The agency can read these documents now"))
	return seeOther(c, view.RecordPath(kind, id.String()))
}
