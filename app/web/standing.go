package web

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
	view "trustedtrader/views/standing"
	"trustedtrader/views/ui"
)

// showStanding is the history of a membership in law, with an answer to a question about a day.
func (w *Web) showStanding(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	day, known := formDate(c, "on"), formDate(c, "known")
	q, problems := dayAsked(day, known)
	p, err := w.Members.Standing.History(c.UserContext(), who, id, q)
	if fields, _, _, other := kept(err); err != nil && other == nil {
		problems = fields
		p, err = w.Members.Standing.History(c.UserContext(), who, id, nil)
	}
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if problems != nil {
		status = fiber.StatusUnprocessableEntity
	}
	chrome := w.wideChrome(c, who, t(c, "History of %s", p.Number))
	if who.Audience == identity.Companies {
		chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Home"), Href: "/company"}}
	}
	chrome.Breadcrumb = append(chrome.Breadcrumb, ui.Crumb{Label: t(c, "Membership %s", p.Number), Href: "/memberships/" + id.String()}, ui.Crumb{Label: t(c, "History in law")})
	chrome.Errors = problems != nil
	return render(c, status, view.History(view.HistoryPage{Chrome: chrome, Page: p, Day: day, Known: known, Errors: problems}))
}

// showBenefits is what a membership entitles to.
func (w *Web) showBenefits(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var rows []benefit.SightRow
	var more []pg.Query
	if who.Audience == identity.Companies { // what its reports show is for the company alone
		more = append(more, benefit.Sights(&rows, who.CompanyID, benefit.SightFrom(clock.DayOf(w.Now(), who.Zone))))
	}
	p, list, err := w.Members.Standing.Entitled(c.UserContext(), who, id, more...)
	if err != nil {
		return err
	}
	page := view.BenefitsPage{Chrome: w.wideChrome(c, who, t(c, "Benefits of %s", p.Number)), Page: p, List: list, Claims: who.Is(identity.CompanyEditors...) && len(p.Rules.Standing.Claims.Reasons) > 0}
	if who.Audience == identity.Companies {
		page.Sight = func(b programme.Benefit) benefit.Sight { return w.Benefits.Data.See(b, rows) }
		page.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Home"), Href: "/company"}}
		if page.Abroad, err = w.Recognitions.Partners(c.UserContext(), who, id); err != nil {
			return err
		}
		page.Member = true
	}
	page.Chrome.Breadcrumb = append(page.Chrome.Breadcrumb, ui.Crumb{Label: t(c, "Membership %s", p.Number), Href: "/memberships/" + id.String()}, ui.Crumb{Label: t(c, "Benefits")})
	return render(c, fiber.StatusOK, view.Benefits(page))
}

// dayAsked reads the day that somebody asks about; nil: nobody asked.
func dayAsked(day, known ui.DateValue) (*standing.Question, []fault.Field) {
	if day.Empty() && known.Empty() {
		return nil, nil
	}
	var problems []fault.Field
	on, ok := day.Date()
	if !ok {
		problems = append(problems, fault.F("on", "Enter a day, for example 3 5 2027"))
	}
	if _, ok := known.Date(); !ok && !known.Empty() {
		problems = append(problems, fault.F("known", "Enter a day, for example 3 5 2027"))
	}
	if problems != nil {
		return nil, problems
	}
	q := &standing.Question{On: clock.DayOf(on, time.UTC)}
	if d, ok := known.Date(); ok {
		q.KnownOn = clock.DayOf(d, time.UTC)
	}
	return q, nil
}
