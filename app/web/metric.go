package web

import (
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/metric"
	view "trustedtrader/views/metric"
)

// showFigures is what the reports of a company say of its benefits, over the last whole months.
func (w *Web) showFigures(c *fiber.Ctx, who identity.Actor) error {
	months, _ := strconv.Atoi(c.Query("months"))
	if !slices.Contains(view.Spans(), months) {
		months = view.Spans()[0]
	}
	today := clock.DayOf(w.Now(), who.Zone)
	last := today.AddDays(1 - today.DayOfMonth()).AddMonths(-1)
	figures, err := w.Figures.Case(c.UserContext(), who, metric.Period{From: last.AddMonths(1 - months), To: last}, metric.ParseAs(c.Query("as")))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Figures(view.FiguresPage{Chrome: w.wideChrome(c, who, t(c, "Benefits in figures")), Case: figures, Data: w.Benefits.Data, Programmes: w.Programmes, Months: months, Zone: who.Zone, Brings: who.Is(identity.CompanyEditors...)}))
}
