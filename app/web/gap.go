package web

import (
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/claim"
	"trustedtrader/app/identity"
	view "trustedtrader/views/claim"
	"trustedtrader/views/ui"
)

func gapCrumbs(c *fiber.Ctx, more ...ui.Crumb) []ui.Crumb {
	return append([]ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Claims about benefits"), Href: "/desk/claims"}}, more...)
}

func (w *Web) showGaps(c *fiber.Ctx, who identity.Actor) error {
	return w.drawGaps(c, who, nil)
}

func (w *Web) drawGaps(c *fiber.Ctx, who identity.Actor, refusal error) error {
	p := view.GapsPage{Programmes: w.Programmes, Register: w.Claims.Register, Zone: who.Zone, Works: who.Is(identity.Headquarters)}
	status := fiber.StatusOK
	var err error
	if refusal != nil {
		if p.Errors, p.Conflict, status, err = kept(refusal); err != nil {
			return err
		}
	}
	f := claim.GapFilter{All: c.Query("show") == "all", Programme: c.Query("programme"), Status: claim.GapStatus(c.Query("status")), Page: pageNumber(c)}
	if p.List, err = w.Claims.Gaps(c.UserContext(), who, f); err != nil {
		return err
	}
	p.Chrome = w.wideChrome(c, who, t(c, "Benefits that members do not see"), gapCrumbs(c, ui.Crumb{Label: t(c, "Benefits that members do not see")})...)
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.Gaps(p))
}

func (w *Web) countGaps(c *fiber.Ctx, who identity.Actor) error {
	if err := w.Claims.Count(c.UserContext(), who); err != nil {
		return w.drawGaps(c, who, err)
	}
	w.flash(c, ui.Good, t(c, "The month is counted"))
	return seeOther(c, "/desk/claims/gaps")
}

func (w *Web) showGap(c *fiber.Ctx, who identity.Actor) error {
	return w.drawGap(c, who, nil, nil)
}

func (w *Web) drawGap(c *fiber.Ctx, who identity.Actor, in map[string]string, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	p := view.GapPage{Register: w.Claims.Register, Zone: who.Zone, Typed: in}
	status := fiber.StatusOK
	if refusal != nil {
		if p.Errors, p.Conflict, status, err = kept(refusal); err != nil {
			return err
		}
	}
	if p.Gap, err = w.Claims.Gap(c.UserContext(), who, id); err != nil {
		return err
	}
	if in == nil {
		p.Typed = map[string]string{"status": string(p.Gap.Status), "note": p.Gap.Note}
		if p.Gap.OwnerID != nil {
			p.Typed["owner"] = p.Gap.OwnerID.String()
		}
	}
	p.Rules, _ = w.Programmes.Get(p.Gap.Programme)
	p.Chrome = w.wideChrome(c, who, t(c, "A benefit that members do not see"), gapCrumbs(c, ui.Crumb{Label: t(c, "Benefits that members do not see"), Href: "/desk/claims/gaps"}, ui.Crumb{Label: t(c, "One of them")})...)
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.GapShow(p))
}

func (w *Web) workOnGap(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	owner, _ := uuid.Parse(c.FormValue("owner")) // what is no id is nobody
	in := claim.GapEntry{Status: claim.GapStatus(c.FormValue("status")), Owner: owner, Note: c.FormValue("note"), Version: formVersion(c)}
	if err := w.Claims.Work(c.UserContext(), who, id, in); err != nil {
		return w.drawGap(c, who, typed(c, "status", "owner", "note"), err)
	}
	w.flash(c, ui.Good, t(c, "It is saved"))
	return seeOther(c, view.GapPath(id))
}
