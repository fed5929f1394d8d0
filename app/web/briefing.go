package web

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"trustedtrader/app/benefit"
	"trustedtrader/app/briefing"
	"trustedtrader/app/clock"
	"trustedtrader/app/cost"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/metric"
	"trustedtrader/app/programme"
	"trustedtrader/static"
	view "trustedtrader/views/metric"
	"trustedtrader/views/ui"
)

func (w *Web) briefingNames() view.Names {
	return view.Names{Reports: w.Benefits.Data, Programmes: w.Programmes, Costs: w.Costs.Data}
}

func briefingCrumbs(c *fiber.Ctx, last string) []ui.Crumb {
	return []ui.Crumb{{Label: t(c, "Benefits in figures"), Href: view.Home}, {Label: t(c, "Reports for the management"), Href: view.Reports}, {Label: last}}
}

func (w *Web) showBriefings(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Briefings.List(c.UserContext(), who)
	if err != nil {
		return err
	}
	title := t(c, "Reports for the management")
	return render(c, fiber.StatusOK, view.ReportList(view.ReportsPage{Chrome: w.wideChrome(c, who, title, ui.Crumb{Label: t(c, "Benefits in figures"), Href: view.Home}, ui.Crumb{Label: title}),
		List: list, Zone: who.Zone, Keeps: who.Is(identity.CompanyEditors...), Prints: w.Config.Browser != ""}))
}

// spanAsked is the period that ends with the last whole month.
func (w *Web) spanAsked(months string, zone *time.Location) (p metric.Period, n int) {
	n, _ = strconv.Atoi(months)
	if !slices.Contains(view.Spans(), n) {
		n = view.Spans()[0]
	}
	today := clock.DayOf(w.Now(), zone)
	last := today.AddDays(1 - today.DayOfMonth()).AddMonths(-1)
	return metric.Period{From: last.AddMonths(1 - n), To: last}, n
}

func (w *Web) draftBriefing(c *fiber.Ctx, who identity.Actor) error {
	return w.drawDraft(c, who, c.Query("months"), c.Query("as"), nil)
}

func (w *Web) drawDraft(c *fiber.Ctx, who identity.Actor, months, as string, refusal error) error {
	p, n := w.spanAsked(months, who.Zone)
	content, figures, err := w.Briefings.Draft(c.UserContext(), who, p, metric.ParseAs(as))
	if err != nil {
		return err
	}
	page := view.DraftPage{Chrome: w.wideChrome(c, who, t(c, "Report of today"), briefingCrumbs(c, t(c, "Report of today"))...), Months: n, As: figures.As, Kinds: figures.Kinds, Keeps: who.Is(identity.CompanyEditors...),
		Sheet: view.Sheet{Names: w.briefingNames(), Content: content, At: w.Now(), Zone: who.Zone}}
	status := fiber.StatusOK
	if refusal != nil {
		var rest error
		if status, _, _, page.Sentence, rest = refused(c, refusal); rest != nil {
			return rest
		}
	}
	return render(c, status, view.Draft(page))
}

func (w *Web) keepBriefing(c *fiber.Ctx, who identity.Actor) error {
	months, as := c.FormValue("months"), c.FormValue("as")
	p, _ := w.spanAsked(months, who.Zone)
	id, err := w.Briefings.Keep(c.UserContext(), who, p, metric.ParseAs(as))
	if fault.KindOf(err) == fault.Conflict {
		return w.drawDraft(c, who, months, as, err)
	}
	if err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The report is kept"))
	return seeOther(c, view.Reports+"/"+id.String())
}

func (w *Web) showBriefing(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, printed, err := w.Briefings.Get(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	content, err := b.Read()
	if err != nil {
		return err
	}
	title := t(c, "Report of %s", clock.DayOf(b.MadeAt, who.Zone).Text(c.UserContext()))
	return render(c, fiber.StatusOK, view.Report(view.ReportPage{Chrome: w.wideChrome(c, who, title, briefingCrumbs(c, title)...), ID: id, Printed: printed, Prints: w.Config.Browser != "",
		Sheet: view.Sheet{Names: w.briefingNames(), Content: content, SHA256: b.SHA256, Maker: b.Maker, At: b.MadeAt, Zone: who.Zone}}))
}

// sendBriefing sends a report as PDF; while it is being made, its page says so.
func (w *Web) sendBriefing(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	d, err := w.Briefings.PDF(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	if d == nil {
		return seeOther(c, view.Reports+"/"+id.String())
	}
	return sendFile(c, d.Name, d.ContentType, d.Body)
}

// sendBriefingJSON sends what was kept, byte by byte, so that its SHA-256 can be computed again.
func (w *Web) sendBriefingJSON(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, _, err := w.Briefings.Get(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return sendFile(c, strings.TrimSuffix(b.Name(), ".pdf")+".json", "application/json", []byte(b.Body))
}

// BriefingHTML makes reports as documents of their own, for the job that prints them, with
// times of a zone.
func BriefingHTML(programmes *programme.Register, reports *benefit.Data, costs *cost.Data) func(context.Context, briefing.Briefing, *time.Location) (string, error) {
	return func(ctx context.Context, b briefing.Briefing, zone *time.Location) (string, error) {
		content, err := b.Read()
		if err != nil {
			return "", err
		}
		var out strings.Builder
		err = view.Document(view.Sheet{Names: view.Names{Reports: reports, Programmes: programmes, Costs: costs}, Content: content, SHA256: b.SHA256, Maker: b.Maker, At: b.MadeAt, Zone: zone, Style: static.Style()}).Render(ctx, &out)
		return out.String(), err
	}
}
