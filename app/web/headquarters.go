package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/headquarters"
	"trustedtrader/app/identity"
	"trustedtrader/app/recognition"
	view "trustedtrader/views/headquarters"
	"trustedtrader/views/ui"
)

// above is the frame of a page from above.
func (w *Web) above(c *fiber.Ctx, who identity.Actor, title string) ui.Chrome {
	if title == "" {
		return w.wideChrome(c, who, t(c, "Headquarters"), deskCrumbs(c, t(c, "Headquarters"))...)
	}
	return w.wideChrome(c, who, title, ui.Crumb{Label: t(c, "Desk"), Href: "/desk"}, ui.Crumb{Label: t(c, "Headquarters"), Href: view.Home}, ui.Crumb{Label: title})
}

// queryDay reads a day from the address, 2026-12-31; anything else counts as not given.
func queryDay(text string) (d clock.Day) {
	d, _ = clock.ParseDay(text) // the zero day: not given
	return d
}

// asked reads from the address what numbers are about. Links carry an instant; the form, whose
// fields come first, carries days.
func asked(c *fiber.Ctx, who identity.Actor) (a headquarters.Asked, on, known ui.DateValue, problems []fault.Field) {
	a = headquarters.Asked{Programme: c.Query("programme"), Office: queryID(c.Query("office")), On: queryDay(c.Query("on")), First: queryDay(c.Query("first")), Last: queryDay(c.Query("last"))}
	a.Known, _ = time.Parse(time.RFC3339Nano, c.Query("known")) // the zero instant: now
	on, known = formDate(c, "day"), formDate(c, "known_on")
	for _, f := range []struct {
		name  string
		value ui.DateValue
		take  func(clock.Day)
	}{
		{"day", on, func(d clock.Day) { a.On = d }},
		{"known_on", known, func(d clock.Day) { a.Known = d.End(who.Zone).Add(-time.Microsecond) }},
		{"from", formDate(c, "from"), func(d clock.Day) { a.First = d }},
		{"to", formDate(c, "to"), func(d clock.Day) { a.Last = d }},
	} {
		d, ok := f.value.Date()
		switch {
		case ok:
			f.take(clock.DayOf(d, time.UTC))
		case !f.value.Empty():
			problems = append(problems, fault.F(f.name, "Enter a day, for example 3 5 2027"))
		}
	}
	return a, on, known, problems
}

func (w *Web) showHeadquarters(c *fiber.Ctx, who identity.Actor) error {
	a, on, known, problems := asked(c, who)
	d, err := w.Headquarters.Dashboard(c.UserContext(), who, a)
	if err != nil {
		return err
	}
	p := view.DashboardPage{Chrome: w.above(c, who, ""), Dashboard: d, Zone: who.Zone, On: on, KnownOn: known, Errors: problems}
	if err := w.DB.Batch(c.UserContext(), who.Scope(), recognition.LateCount(&p.Late)); err != nil {
		return err
	}
	status := fiber.StatusOK
	if problems != nil {
		status, p.Chrome.Errors = fiber.StatusUnprocessableEntity, true
	}
	return render(c, status, view.Dashboard(p))
}

// rowsAsked reads the conditions of a list from the address.
func rowsAsked(c *fiber.Ctx, who identity.Actor) headquarters.Filter {
	a, _, _, _ := asked(c, who) // an address that a number made has no form's fields
	f := headquarters.Filter{Asked: a, Set: headquarters.Set(c.Query("set", string(headquarters.Members))), Where: map[headquarters.Dim]string{}, After: c.Query("after")}
	for _, d := range headquarters.Dims() {
		if v := c.Query("is_" + string(d)); v != "" || c.Context().QueryArgs().Has("is_"+string(d)) {
			f.Where[d] = v
		}
	}
	return f
}

func (w *Web) showRows(c *fiber.Ctx, who identity.Actor) error {
	l, err := w.Headquarters.List(c.UserContext(), who, rowsAsked(c, who))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Rows(view.RowsPage{Chrome: w.above(c, who, t(c, l.Filter.Set.Name())), List: l, Zone: who.Zone}))
}

// formOf is the kind of file that an address asks for.
func formOf(c *fiber.Ctx) headquarters.Form {
	if strings.HasSuffix(c.Path(), ".zip") {
		return headquarters.CSV
	}
	return headquarters.XLSX
}

func (w *Web) sendRows(c *fiber.Ctx, who identity.Actor) error {
	f, err := w.Headquarters.Export(c.UserContext(), who, rowsAsked(c, who), formOf(c))
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, f.MediaType, f.Body)
}

func yearAsked(c *fiber.Ctx) headquarters.AnnualAsked {
	year, _ := strconv.Atoi(c.Query("year")) // no number is the year that runs
	return headquarters.AnnualAsked{Programme: c.Query("programme"), Office: queryID(c.Query("office")), Year: year}
}

func (w *Web) showYear(c *fiber.Ctx, who identity.Actor) error {
	a, err := w.Headquarters.Annual(c.UserContext(), who, yearAsked(c))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Year(view.YearPage{Chrome: w.above(c, who, t(c, "Yearly report")), Annual: a, Zone: who.Zone}))
}

func (w *Web) sendYear(c *fiber.Ctx, who identity.Actor) error {
	f, err := w.Headquarters.AnnualFile(c.UserContext(), who, yearAsked(c), formOf(c))
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, f.MediaType, f.Body)
}

func (w *Web) showDuties(c *fiber.Ctx, who identity.Actor) error {
	a, _, _, _ := asked(c, who) // a day that is none counts as not given
	d, err := w.Headquarters.Duties(c.UserContext(), who, a)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Duties(view.DutiesPage{Chrome: w.above(c, who, t(c, "Separation of duties")), Duties: d, Zone: who.Zone}))
}

func (w *Web) showAlike(c *fiber.Ctx, who identity.Actor) error {
	a, _, _, _ := asked(c, who) // a day that is none counts as not given
	d, err := w.Headquarters.Alike(c.UserContext(), who, a)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Alike(view.AlikePage{Chrome: w.above(c, who, t(c, "Offices side by side")), Alike: d, Zone: who.Zone}))
}
