package web

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/application"
	"trustedtrader/app/credential"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
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
	more := []pg.Query{q}
	modules := func(context.Context) ([]application.Module, error) { return nil, nil }
	if who.Audience == identity.Companies {
		var mine pg.Query
		mine, modules = w.Applications.Modules(who)
		more = append(more, mine)
	}
	p, err := w.Members.Membership(c.UserContext(), who, id, more...)
	if err != nil {
		return err
	}
	life, err := read()
	if err != nil {
		return err
	}
	list, err := modules(c.UserContext())
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
		Modules: list, Applies: who.Is(identity.CompanyEditors...), Signs: who.Is(identity.CompanySigners...), Validates: who.Is(identity.CaseWorkers...), Register: register, Asks: own && who.Is(identity.CompanyEditors...)}))
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
	var code []credential.Code
	p, err := w.Members.Certificate(c.UserContext(), who, id, credential.CodeOf(&code, id))
	if err != nil {
		return err
	}
	link := ""
	if len(code) > 0 {
		link = w.Credentials.Address(code[0].Token)
	}
	matrix, err := matrixOf(link)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Certificate(view.CertificatePage{Chrome: w.chrome(c, who, t(c, "Certificate %s", p.Membership.Number)), Page: p, Code: matrix, Link: link,
		Takes: who.Is(identity.CompanySigners...), PDF: matrix != nil && w.Config.Browser != ""}))
}

// sendCertificate sends the certificate as PDF; one that is not made yet is ordered.
func (w *Web) sendCertificate(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	d, err := w.Credentials.PDF(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	if d == nil {
		w.flash(c, ui.Info, t(c, "The PDF is being made. Download it again in a minute"))
		return seeOther(c, "/memberships/"+id.String()+"/certificate")
	}
	return sendFile(c, d.Name, d.ContentType, d.Body)
}

// CertificateHTML is a certificate as a document of its own, for the job that prints it. Link
// is the address that its code leads to.
func CertificateHTML(ctx context.Context, p membership.Page, link string) (string, error) {
	matrix, err := matrixOf(link)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = view.CertificateDocument(p, matrix, link).Render(ctx, &b)
	return b.String(), err
}
