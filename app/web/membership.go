package web

import (
	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	view "trustedtrader/views/membership"
	"trustedtrader/views/ui"
)

// memberReaders may read memberships: the company's own people, and case readers.
func memberReaders() []identity.Role {
	return append(append([]identity.Role{}, identity.CompanyReaders...), identity.CaseReaders...)
}

func (w *Web) showMembership(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	q, read, err := w.Successions.For(who, id)
	if err != nil {
		return err
	}
	p, err := w.Members.Membership(c.UserContext(), who, id, q)
	if err != nil {
		return err
	}
	life, err := read()
	if err != nil {
		return err
	}
	register, err := w.Cases.OfMember(who, p)
	if err != nil {
		return err
	}
	_, own := p.Programme.Enforcement.OwnGround()
	return render(c, fiber.StatusOK, view.Membership(view.MembershipPage{Life: life, Chrome: w.chrome(c, who, t(c, "Membership %s", p.Membership.Number)), Page: p,
		CaseHref: notice.Path(who.Audience, notice.AboutApplication, p.Membership.ApplicationID), Audience: who.Audience,
		Validates: who.Is(identity.CaseWorkers...), Register: register, Asks: own && who.Is(identity.CompanyEditors...)}))
}

func (w *Web) warnBlank(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Members.WarnBlank(c.UserContext(), who, id, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The company is warned"))
	return seeOther(c, "/memberships/"+id.String())
}

func (w *Web) showCertificate(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	p, err := w.Members.Certificate(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Certificate(view.CertificatePage{Chrome: w.chrome(c, who, t(c, "Certificate %s", p.Membership.Number)), Page: p}))
}
