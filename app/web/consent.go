package web

import (
	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/consent"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	view "trustedtrader/views/consent"
	"trustedtrader/views/ui"
)

func (w *Web) showConsents(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.Consents.Mine(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Mine(view.MinePage{Chrome: w.chrome(c, who, t(c, "Who may see us")), Page: p, Programmes: w.Programmes, Zone: who.Zone}))
}

func (w *Web) giveConsent(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "agency")
	if err != nil {
		return err
	}
	if err := w.Consents.Give(c.UserContext(), who, id); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The agency may see you from now on"))
	return seeOther(c, "/company/consents")
}

func (w *Web) revokeConsent(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "agency")
	if err != nil {
		return err
	}
	if err := w.Consents.Revoke(c.UserContext(), who, id); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The agency sees nothing of you any more"))
	return seeOther(c, "/company/consents")
}

func (w *Web) showFindMember(c *fiber.Ctx, who identity.Actor) error {
	yes, err := w.Consents.MayLook(c.UserContext(), who)
	if err != nil {
		return err
	}
	if !yes {
		return fault.Missing()
	}
	return render(c, fiber.StatusOK, view.Find(view.FindPage{Chrome: w.chrome(c, who, t(c, "Find a member")), Programmes: w.Programmes}))
}

// looks bounds how often one person of another agency may look within a minute: each look
// names a reason, and nobody goes through all numbers.
const looks = 20

// findMember answers at once: the answer is of this moment, and has no address of its own.
func (w *Web) findMember(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "look "+who.PersonID.String(), looks); err != nil {
		return err
	}
	q := consent.Question{Number: c.FormValue("number"), Why: c.FormValue("why")}
	found, err := w.Consents.Find(c.UserContext(), who, q)
	p := view.FindPage{Chrome: w.chrome(c, who, t(c, "Find a member")), Asked: q, Found: found, Done: err == nil, Programmes: w.Programmes}
	status := fiber.StatusOK
	if err != nil {
		fields, _, code, other := kept(err)
		if other != nil {
			return other
		}
		p.Errors, p.Chrome.Errors, status = fields, fields != nil, code
	}
	return render(c, status, view.Find(p))
}

func (w *Web) showWindowFiles(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.Window.List(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Files(view.FilesPage{Chrome: w.wideChrome(c, who, t(c, "Single window"), deskCrumbs(c, t(c, "Single window"))...), Page: p, Zone: who.Zone}))
}

func (w *Web) sendWindowFile(c *fiber.Ctx, who identity.Actor) error {
	return w.sendWindow(c, who, false)
}

func (w *Web) sendWindowManifest(c *fiber.Ctx, who identity.Actor) error {
	return w.sendWindow(c, who, true)
}

func (w *Web) sendWindow(c *fiber.Ctx, who identity.Actor, manifest bool) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	d, err := w.Window.Download(c.UserContext(), who, id, manifest)
	if err != nil {
		return err
	}
	kind := "application/jsonl"
	if manifest {
		kind = fiber.MIMEApplicationJSON
	}
	return sendFile(c, d.Name, kind, d.Body)
}
