package web

import (
	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/identity"
	view "trustedtrader/views/admin"
)

// showHealth shows what `portal doctor` says.
func (w *Web) showHealth(c *fiber.Ctx, who identity.Actor) error {
	return render(c, 200, view.Health(view.HealthPage{
		Chrome: w.chrome(c, who, t(c, "Health of the portal")), Findings: w.Doctor.Look(c.UserContext()), At: w.Now(), Zone: who.Zone,
	}))
}
