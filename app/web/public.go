package web

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/identity"
	"trustedtrader/views/public"
)

const minute = time.Minute

func seconds(d time.Duration) string { return strconv.Itoa(int(max(d, time.Second).Seconds())) }

func compare(a, b string) int { return cmp.Compare(a, b) }

func (w *Web) programmes() (out []public.Programme) {
	for _, p := range w.Programmes.All() {
		out = append(out, public.Programme{Name: p.Name, Text: p.Description})
	}
	return out
}

// showStart is the front door; who is signed in goes home.
func (w *Web) showStart(c *fiber.Ctx, who identity.Actor) error {
	if who.Known() {
		return seeOther(c, home(who, ""))
	}
	return render(c, 200, public.Start(public.StartPage{Chrome: w.chrome(c, who, ""), Owner: w.Config.BrandOwner, Programmes: w.programmes()}))
}

func (w *Web) showAccessibility(c *fiber.Ctx, who identity.Actor) error {
	return render(c, 200, public.Accessibility(w.chrome(c, who, t(c, "Accessibility")), w.Config.Support))
}

func (w *Web) showPrivacy(c *fiber.Ctx, who identity.Actor) error {
	return render(c, 200, public.Privacy(w.chrome(c, who, t(c, "Privacy")), w.Config.BrandOwner, w.Config.Support))
}

// healthz says that the process lives; it asks nobody.
func (w *Web) healthz(c *fiber.Ctx) error { return c.SendString("ok\n") }

// readyz says whether this replica should get requests.
func (w *Web) readyz(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if w.Ready != nil {
		if err := w.Ready(ctx); err != nil {
			w.Log.Warn("not ready", "error", err.Error())
			return c.Status(fiber.StatusServiceUnavailable).SendString("not ready\n")
		}
	}
	return c.SendString("ready\n")
}
