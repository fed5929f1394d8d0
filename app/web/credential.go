package web

import (
	"strconv"

	"github.com/gofiber/fiber/v2"
	qrcode "github.com/skip2/go-qrcode"

	"trustedtrader/app/identity"
	view "trustedtrader/views/credential"
)

// verifications bounds how often one machine verifies within a minute.
const verifications = 120

// showVerdict says to anybody what a certificate is worth now.
func (w *Web) showVerdict(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "verdict "+c.IP(), verifications); err != nil {
		return err
	}
	v, err := w.Credentials.Look(c.UserContext(), c.Params("token"))
	if err != nil {
		return err
	}
	c.Set("X-Robots-Tag", "noindex, nofollow")
	p := view.VerdictPage{Chrome: w.outsideChrome(c, t(c, "Certificate"), ""), Verdict: v, At: w.Now()}
	programme, kind := w.kindNames(v.Claims.Programme, v.Claims.EntityType)
	p.Programme, p.Kind = t(c, programme), t(c, kind)
	return render(c, fiber.StatusOK, view.Verdict(p))
}

// sendStatusList publishes a status list (IETF Token Status List).
func (w *Web) sendStatusList(c *fiber.Ctx) error {
	n, err := strconv.Atoi(c.Params("list"))
	if err != nil || n < 0 || n > 1<<20 {
		return fiber.ErrNotFound
	}
	text, err := w.Credentials.StatusList(c.UserContext(), n)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/statuslist+jwt")
	c.Set(fiber.HeaderCacheControl, "public, max-age=60")
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*") // verifiers on other sites read it; it is the same for all
	c.Set("Cross-Origin-Resource-Policy", "cross-origin")
	return c.SendString(text)
}

// sendIssuer says where the keys of wallets' credentials are (SD-JWT VC).
func (w *Web) sendIssuer(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "public, max-age=300")
	return c.JSON(fiber.Map{"issuer": w.API.Issuer(), "jwks": w.API.Keys.Set()})
}

// takeWallet hands a credential for a wallet to who binds the company.
func (w *Web) takeWallet(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	text, err := w.Credentials.Wallet(c.UserContext(), who, id, c.FormValue("holder"))
	if err != nil {
		return err
	}
	return sendFile(c, "membership.sd-jwt", "application/dc+sd-jwt", []byte(text))
}

// matrixOf is the code that leads to an address, as a picture; nil: there is none yet.
func matrixOf(link string) ([][]bool, error) {
	if link == "" {
		return nil, nil
	}
	q, err := qrcode.New(link, qrcode.Medium)
	if err != nil {
		return nil, err
	}
	return q.Bitmap(), nil // with its border, which readers need
}
