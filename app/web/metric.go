package web

import (
	"bytes"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/metric"
	view "trustedtrader/views/metric"
)

// figuresAsked are a company's figures over the last whole months, as an address asks for them.
func (w *Web) figuresAsked(c *fiber.Ctx, who identity.Actor) (metric.Case, int, error) {
	p, months := w.spanAsked(c.Query("months"), who.Zone)
	figures, err := w.Figures.Case(c.UserContext(), who, p, metric.ParseAs(c.Query("as")))
	return figures, months, err
}

// showFigures is what the reports of a company say of its benefits.
func (w *Web) showFigures(c *fiber.Ctx, who identity.Actor) error {
	figures, months, err := w.figuresAsked(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Figures(view.FiguresPage{Chrome: w.wideChrome(c, who, t(c, "Benefits in figures")), Case: figures, Data: w.Benefits.Data, Programmes: w.Programmes, Months: months, Zone: who.Zone, Brings: who.Is(identity.CompanyEditors...)}))
}

// sendNumbers is one table of the same figures as a file; without a name, the examinations.
func (w *Web) sendNumbers(c *fiber.Ctx, who identity.Actor) error {
	if err := w.sparingly(c, "numbers "+who.PersonID.String(), searches); err != nil { // a page has ten
		return err
	}
	figures, _, err := w.figuresAsked(c, who)
	if err != nil {
		return err
	}
	sheet, ok := figures.Sheet(c.Query("table", metric.SheetExaminations))
	if !ok {
		return fault.Missing()
	}
	var out bytes.Buffer
	if err := sheet.WriteCSV(&out); err != nil {
		return err
	}
	name := "benefits-" + sheet.Code + "-" + sheet.Period.From.String()[:7] + "-" + sheet.Period.To.String()[:7] + ".csv"
	return sendFile(c, name, "text/csv; charset=utf-8", out.Bytes())
}
