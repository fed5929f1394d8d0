package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/plan"
	view "trustedtrader/views/plan"
	"trustedtrader/views/ui"
)

// planCrumbs lead back to the list of plans.
func planCrumbs(c *fiber.Ctx, rest ...ui.Crumb) []ui.Crumb {
	return append([]ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Yearly plans"), Href: "/desk/plan"}}, rest...)
}

// queryID reads an id from the address; anything else counts as not given.
func queryID(value string) uuid.UUID {
	id, err := uuid.Parse(value)
	if err != nil {
		return uuid.Nil
	}
	return id
}

func (w *Web) planList(c *fiber.Ctx, who identity.Actor) (view.ListPage, error) {
	list, err := w.Plans.Plans(c.UserContext(), who)
	return view.ListPage{Chrome: w.wideChrome(c, who, t(c, "Yearly plans"), deskCrumbs(c, t(c, "Yearly plans"))...), Plans: list, Programmes: w.Programmes.All(),
		Makes: who.Is(identity.Approvers...), Year: strconv.Itoa(w.Now().Year())}, err
}

func (w *Web) showPlans(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.planList(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.List(p))
}

func (w *Web) makePlan(c *fiber.Ctx, who identity.Actor) error {
	in := plan.MakeEntry{Programme: c.FormValue("programme"), Year: c.FormValue("year")}
	made, err := w.Plans.Make(c.UserContext(), who, in)
	if fields := fault.Fields(err); fields != nil {
		p, err := w.planList(c, who)
		if err != nil {
			return err
		}
		p.Errors, p.Chrome.Errors, p.Programme, p.Year = fields, true, in.Programme, in.Year
		return render(c, fiber.StatusUnprocessableEntity, view.List(p))
	}
	if err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The plan is made. Look at its proposals and decide on them"))
	return seeOther(c, view.Path(made.ID, ""))
}

func planFilter(q func(string, ...string) string) plan.Filter {
	quarter, _ := strconv.Atoi(q("planned")) // no number is no quarter
	return plan.Filter{Show: plan.Show(q("show")), Office: queryID(q("office")), Quarter: quarter, After: q("after")}
}

func (w *Web) planPage(c *fiber.Ctx, who identity.Actor, f plan.Filter) (view.PlanPage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.PlanPage{}, err
	}
	p, err := w.Plans.Plan(c.UserContext(), who, id, f)
	if err != nil {
		return view.PlanPage{}, err
	}
	title := t(c, "%s plan of %d", w.shortName(p.Programme), p.Year)
	return view.PlanPage{Chrome: w.wideChrome(c, who, title, planCrumbs(c, ui.Crumb{Label: title})...), Page: p, Regions: w.Plans.Regions}, nil
}

// shortName is what people call a programme.
func (w *Web) shortName(code string) string {
	if p, ok := w.Programmes.Get(code); ok {
		return p.ShortName
	}
	return code
}

func (w *Web) showPlan(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.planPage(c, who, planFilter(c.Query))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Show(p))
}

// planStep carries out a step of a plan that needs no more than its version.
func (w *Web) planStep(c *fiber.Ctx, who identity.Actor, do func(id uuid.UUID, version int) error, done string) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	_, conflict, status, err := kept(do(id, formVersion(c)))
	if err != nil {
		return err
	}
	if conflict != nil {
		p, err := w.planPage(c, who, plan.Filter{})
		if err != nil {
			return err
		}
		p.Conflict = conflict
		return render(c, status, view.Show(p))
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, view.Path(id, ""))
}

func (w *Web) refreshPlan(c *fiber.Ctx, who identity.Actor) error {
	return w.planStep(c, who, func(id uuid.UUID, version int) error { return w.Plans.Refresh(c.UserContext(), who, id, version) }, t(c, "Every member is scored anew"))
}

func (w *Web) adoptPlan(c *fiber.Ctx, who identity.Actor) error {
	return w.planStep(c, who, func(id uuid.UUID, version int) error { return w.Plans.Adopt(c.UserContext(), who, id, version) }, t(c, "The plan is adopted"))
}

// decideLines decides on the chosen lines and shows the list again with a report.
func (w *Web) decideLines(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	values := formAll(c, "line")
	chosen, err := selections(values)
	if err != nil {
		return err
	}
	lines := make([]plan.Line, len(chosen))
	for i, s := range chosen {
		lines[i] = plan.Line{ID: s.ID, Version: s.Version}
	}
	in := planDecision(c)
	report, err := w.Plans.Decide(c.UserContext(), who, id, lines, in)
	fields := fault.Fields(err)
	if err != nil && fields == nil {
		return err
	}
	back, _ := url.ParseQuery(strings.TrimPrefix(c.FormValue("back"), "?")) // what cannot be read is the whole list
	p, err := w.planPage(c, who, planFilter(func(name string, _ ...string) string { return back.Get(name) }))
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	p.Outcomes, p.Errors = report, fields
	if fields != nil {
		status, p.Chrome.Errors, p.Chosen, p.Entered = fiber.StatusUnprocessableEntity, true, values, in
	}
	p.Chrome.Path = view.Path(id, "")
	return render(c, status, view.Show(p))
}

func planDecision(c *fiber.Ctx) plan.DecideEntry {
	return plan.DecideEntry{Decision: plan.Decision(c.FormValue("decision")), Quarter: c.FormValue("quarter"), Reason: c.FormValue("reason")}
}

func (w *Web) planItem(c *fiber.Ctx, who identity.Actor) (view.ItemPage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.ItemPage{}, err
	}
	item, err := pathID(c, "item")
	if err != nil {
		return view.ItemPage{}, err
	}
	p, err := w.Plans.Item(c.UserContext(), who, id, item)
	if err != nil {
		return view.ItemPage{}, err
	}
	crumbs := planCrumbs(c, ui.Crumb{Label: t(c, "%s plan of %d", w.shortName(p.Programme), p.Year), Href: view.Path(id, "")}, ui.Crumb{Label: p.Row.Company})
	out := view.ItemPage{Chrome: w.wideChrome(c, who, t(c, "%s in the plan of %d", p.Row.Company, p.Year), crumbs...), ItemPage: p}
	out.Entered = plan.DecideEntry{Decision: p.Row.Said(), Reason: p.Row.Reason}
	if p.Row.Quarter != nil {
		out.Entered.Quarter = strconv.Itoa(*p.Row.Quarter)
	}
	return out, nil
}

func (w *Web) showPlanItem(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.planItem(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Item(p))
}

// decideItem decides on one line. What is refused comes back with what was entered.
func (w *Web) decideItem(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	item, err := pathID(c, "item")
	if err != nil {
		return err
	}
	in := planDecision(c)
	report, err := w.Plans.Decide(c.UserContext(), who, id, []plan.Line{{ID: item, Version: formVersion(c)}}, in)
	if err == nil && report[0].Why != nil {
		err = fault.New(fault.Conflict, report[0].Why.Message, report[0].Why.Args...)
	}
	fields, conflict, status, err := kept(err)
	if err != nil {
		return err
	}
	if status == 0 {
		w.flash(c, ui.Good, t(c, "The decision is kept"))
		return seeOther(c, view.ItemPath(id, item, ""))
	}
	p, err := w.planItem(c, who)
	if err != nil {
		return err
	}
	p.Errors, p.Conflict, p.Chrome.Errors, p.Entered = fields, conflict, fields != nil, in
	return render(c, status, view.Item(p))
}

func (w *Web) openFromPlan(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	item, err := pathID(c, "item")
	if err != nil {
		return err
	}
	in := plan.OpenEntry{Version: formVersion(c), Reason: c.FormValue("why")}
	v, err := w.Plans.Open(c.UserContext(), who, id, item, in)
	fields, conflict, status, err := kept(err)
	if err != nil {
		return err
	}
	if status != 0 {
		p, err := w.planItem(c, who)
		if err != nil {
			return err
		}
		p.Errors, p.Conflict, p.Chrome.Errors, p.Opening = fields, conflict, fields != nil, in
		return render(c, status, view.Item(p))
	}
	w.flash(c, ui.Good, t(c, "The validation %s is open", v.Reference))
	return seeOther(c, view.ItemPath(id, item, ""))
}

func (w *Web) sendPlan(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := w.Plans.Export(c.UserContext(), who, id, planFilter(c.Query))
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, plan.MediaType, f.Body)
}

func dueFilter(c *fiber.Ctx) plan.DueFilter {
	return plan.DueFilter{Programme: c.Query("programme"), Office: queryID(c.Query("office")), When: plan.When(c.Query("when")), After: c.Query("after")}
}

func (w *Web) showDue(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.Plans.Due(c.UserContext(), who, dueFilter(c))
	if err != nil {
		return err
	}
	title := t(c, "Members by their day")
	return render(c, fiber.StatusOK, view.Due(view.DuePage{Chrome: w.wideChrome(c, who, title, planCrumbs(c, ui.Crumb{Label: title})...), DuePage: p, Programmes: w.Programmes.All()}))
}

func (w *Web) sendDue(c *fiber.Ctx, who identity.Actor) error {
	f, err := w.Plans.DueCSV(c.UserContext(), who, dueFilter(c))
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, plan.MediaType, f.Body)
}

func mapFilter(c *fiber.Ctx) plan.MapFilter {
	days, _ := strconv.Atoi(c.Query("days")) // no number is half a year
	return plan.MapFilter{Kind: plan.PlaceKind(c.Query("kind")), Programme: c.Query("programme"), Office: queryID(c.Query("office")), Days: days}
}

func (w *Web) showVisitMap(c *fiber.Ctx, who identity.Actor) error {
	m, err := w.Plans.Map(c.UserContext(), who, mapFilter(c))
	if err != nil {
		return err
	}
	title := t(c, "Map of visits and needs")
	return render(c, fiber.StatusOK, view.Places(view.MapPage{Chrome: w.wideChrome(c, who, title, planCrumbs(c, ui.Crumb{Label: title})...), Map: m, World: w.World, Programmes: w.Programmes.All()}))
}

func (w *Web) sendVisitMap(c *fiber.Ctx, who identity.Actor) error {
	m, err := w.Plans.Map(c.UserContext(), who, mapFilter(c))
	if err != nil {
		return err
	}
	f, err := m.CSV(c.UserContext())
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, plan.MediaType, f.Body)
}

func (w *Web) showNear(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	n, err := w.Plans.Near(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	crumbs := []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: n.Reference, Href: "/desk/validations/" + id.String()}, {Label: t(c, "Also due nearby")}}
	return render(c, fiber.StatusOK, view.Around(view.NearPage{Chrome: w.wideChrome(c, who, t(c, "Also due near %s", n.Reference), crumbs...), Near: n, World: w.World}))
}

func tripEntry(c *fiber.Ctx) plan.TripEntry {
	in := plan.TripEntry{From: c.Query("from")}
	for _, v := range c.Context().QueryArgs().PeekMulti("stop") {
		in.Stops = append(in.Stops, string(v))
	}
	return in
}

func (w *Web) showTrip(c *fiber.Ctx, who identity.Actor) error {
	in := tripEntry(c)
	trip, err := w.Plans.Trip(c.UserContext(), who, in)
	if err != nil {
		return err
	}
	title := t(c, "Journeys")
	return render(c, fiber.StatusOK, view.Journey(view.TripPage{Chrome: w.wideChrome(c, who, title, planCrumbs(c, ui.Crumb{Label: title})...), Trip: trip, Entered: in,
		World: w.World, Regions: w.Plans.Regions, Query: string(c.Context().QueryArgs().QueryString())}))
}

func (w *Web) sendTrip(c *fiber.Ctx, who identity.Actor) error {
	trip, err := w.Plans.Trip(c.UserContext(), who, tripEntry(c))
	if err != nil {
		return err
	}
	f, err := trip.CSV(c.UserContext())
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, plan.MediaType, f.Body)
}
