package web

import (
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/risk"
	view "trustedtrader/views/risk"
	"trustedtrader/views/ui"
)

// riskForm takes a refusal apart for the form it came from, like accountForm.
func riskForm(c *fiber.Ctx, err error) (status int, form view.Form, rest error) {
	status, form.Errors, form.Moved, form.Sentence, rest = refused(c, err)
	if status == fiber.StatusConflict && form.Sentence == t(c, fault.Moved().Message) {
		form.Stale, form.Sentence = true, ""
	}
	return status, form, rest
}

// riskBase opens the assessment of the address for a page of it.
func (w *Web) riskBase(c *fiber.Ctx, who identity.Actor, title string, up ...ui.Crumb) (view.Base, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.Base{}, err
	}
	s, err := w.Risks.Sheet(c.UserContext(), who, id)
	if err != nil {
		return view.Base{}, err
	}
	b := view.Base{Sheet: s, Root: "/risk/" + id.String(), Edits: who.Is(identity.CompanyEditors...) && s.Assessment.Status == risk.Draft}
	crumbs := []ui.Crumb{{Label: t(c, "Risk assessment"), Href: "/risk"}}
	if title == "" {
		title = s.Assessment.Title
	} else {
		crumbs = append(crumbs, ui.Crumb{Label: s.Assessment.Title, Href: b.Root})
	}
	b.Chrome = w.chrome(c, who, title)
	b.Chrome.Breadcrumb = append(append(crumbs, up...), ui.Crumb{Label: title})
	return b, nil
}

// closedRisk answers a form for something new on an assessment that takes nothing more: with
// the refusal, or with the page that it belongs to.
func closedRisk(c *fiber.Ctx, form view.Form, back string) error {
	if form.Sentence != "" {
		return fault.New(fault.Conflict, form.Sentence)
	}
	return seeOther(c, back)
}

// stepCrumb leads back to the page of a step.
func stepCrumb(c *fiber.Ctx, step risk.Step) ui.Crumb {
	return ui.Crumb{Label: t(c, step.Name()), Href: "/risk/" + c.Params("id") + "/" + string(step)}
}

func laneCrumb(c *fiber.Ctx, b view.Base, l risk.LaneSheet) []ui.Crumb {
	return []ui.Crumb{stepCrumb(c, risk.Map), {Label: l.Name, Href: b.Path(string(risk.Map), l.ID.String())}}
}

func (w *Web) showRisks(c *fiber.Ctx, who identity.Actor) error {
	return w.renderRisks(c, who, fiber.StatusOK, "")
}

func (w *Web) renderRisks(c *fiber.Ctx, who identity.Actor, status int, refusal string) error {
	o, err := w.Risks.Overview(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, status, view.Overview(view.OverviewPage{Chrome: w.chrome(c, who, t(c, "Risk assessment")), Overview: o, New: pg.NewID(),
		MayEdit: who.Is(identity.CompanyEditors...), Refusal: refusal}))
}

func (w *Web) beginRisk(c *fiber.Ctx, who identity.Actor) error {
	a, err := w.Risks.Begin(c.UserContext(), who, risk.BeginEntry{ID: formID(c)})
	if err == nil {
		w.flash(c, ui.Good, t(c, "The risk assessment is begun. Start with your lanes"))
		return seeOther(c, "/risk/"+a.ID.String())
	}
	status, _, _, sentence, rest := refused(c, err)
	if rest != nil {
		return rest
	}
	return w.renderRisks(c, who, status, sentence)
}

func (w *Web) showRisk(c *fiber.Ctx, who identity.Actor) error {
	b, err := w.riskBase(c, who, "")
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Show(b))
}

func (w *Web) printRisk(c *fiber.Ctx, who identity.Actor) error {
	b, err := w.riskBase(c, who, t(c, "The whole assessment"))
	if err != nil {
		return err
	}
	b.Chrome.Title = b.Sheet.Assessment.Title // what a file made of the page is called
	return render(c, fiber.StatusOK, view.Print(b))
}

// Step 1

func (w *Web) showLanes(c *fiber.Ctx, who identity.Actor) error {
	b, err := w.riskBase(c, who, t(c, risk.Map.Name()))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Lanes(b))
}

func readLane(c *fiber.Ctx) risk.LaneEntry {
	return risk.LaneEntry{ID: formID(c), Name: c.FormValue("name"), Goods: c.FormValue("goods"), Origin: c.FormValue("origin"),
		Destination: c.FormValue("destination"), Shipments: c.FormValue("shipments"), Version: formVersion(c)}
}

func (w *Web) newLane(c *fiber.Ctx, who identity.Actor) error {
	return w.renderNewLane(c, who, fiber.StatusOK, risk.LaneEntry{ID: pg.NewID()}, view.Form{})
}

func (w *Web) renderNewLane(c *fiber.Ctx, who identity.Actor, status int, in risk.LaneEntry, form view.Form) error {
	b, err := w.riskBase(c, who, t(c, "Add a lane"), stepCrumb(c, risk.Map))
	if err != nil {
		return err
	}
	if !b.Edits {
		return closedRisk(c, form, b.Path(string(risk.Map)))
	}
	b.Chrome.Errors = len(form.Errors) > 0
	return render(c, status, view.Lane(view.LanePage{Base: b, Form: form, Entered: in}))
}

func (w *Web) addLane(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := readLane(c)
	l, err := w.Risks.AddLane(c.UserContext(), who, id, in)
	if err != nil {
		status, form, err := riskForm(c, err)
		if err != nil {
			return err
		}
		return w.renderNewLane(c, who, status, in, form)
	}
	w.flash(c, ui.Good, t(c, "The lane is added. Add its legs next"))
	return seeOther(c, "/risk/"+id.String()+"/lanes/"+l.ID.String())
}

func (w *Web) showLane(c *fiber.Ctx, who identity.Actor) error {
	return w.renderLane(c, who, fiber.StatusOK, nil, view.Form{})
}

func (w *Web) renderLane(c *fiber.Ctx, who identity.Actor, status int, in *risk.LaneEntry, form view.Form) error {
	b, l, err := w.riskLane(c, who)
	if err != nil {
		return err
	}
	entered := l.Entry()
	if in != nil {
		entered = *in
		if form.Stale {
			entered.Version = l.Version
		}
	}
	b.Chrome.Title, b.Chrome.Errors = l.Name, len(form.Errors) > 0
	b.Chrome.Breadcrumb = append(b.Chrome.Breadcrumb[:2:2], stepCrumb(c, risk.Map), ui.Crumb{Label: l.Name})
	return render(c, status, view.Lane(view.LanePage{Base: b, Form: form, Lane: l, Entered: entered}))
}

// riskLane opens the lane of the address.
func (w *Web) riskLane(c *fiber.Ctx, who identity.Actor) (view.Base, risk.LaneSheet, error) {
	lane, err := pathID(c, "lane")
	if err != nil {
		return view.Base{}, risk.LaneSheet{}, err
	}
	b, err := w.riskBase(c, who, t(c, risk.Map.Name()))
	if err != nil {
		return b, risk.LaneSheet{}, err
	}
	l, ok := b.Sheet.Lane(lane)
	if !ok {
		return b, l, fault.Missing()
	}
	return b, l, nil
}

// two reads the ids of an assessment and of one of its parts from the path.
func two(c *fiber.Ctx, part string) (id, other uuid.UUID, err error) {
	if id, err = pathID(c, "id"); err != nil {
		return id, other, err
	}
	other, err = pathID(c, part)
	return id, other, err
}

func (w *Web) saveLane(c *fiber.Ctx, who identity.Actor) error {
	id, lane, err := two(c, "lane")
	if err != nil {
		return err
	}
	in := readLane(c)
	if _, err := w.Risks.ChangeLane(c.UserContext(), who, id, lane, in); err != nil {
		status, form, err := riskForm(c, err)
		if err != nil {
			return err
		}
		return w.renderLane(c, who, status, &in, form)
	}
	w.flash(c, ui.Good, t(c, "The lane is saved"))
	return seeOther(c, "/risk/"+id.String()+"/lanes/"+lane.String())
}

func (w *Web) moveLane(c *fiber.Ctx, who identity.Actor) error {
	id, lane, err := two(c, "lane")
	if err != nil {
		return err
	}
	if err := w.Risks.MoveLane(c.UserContext(), who, id, lane, risk.Move(c.FormValue("to"))); err != nil {
		return err
	}
	return seeOther(c, "/risk/"+id.String()+"/lanes")
}

func (w *Web) removeLane(c *fiber.Ctx, who identity.Actor) error {
	id, lane, err := two(c, "lane")
	if err != nil {
		return err
	}
	if err := w.Risks.RemoveLane(c.UserContext(), who, id, lane, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The lane is removed"))
	return seeOther(c, "/risk/"+id.String()+"/lanes")
}

func readLeg(c *fiber.Ctx) risk.LegEntry {
	return risk.LegEntry{ID: formID(c), Place: c.FormValue("place"), Country: c.FormValue("country"), Mode: c.FormValue("mode"), Party: c.FormValue("party"),
		Role: c.FormValue("role"), Trusted: c.FormValue("trusted"), RestHours: c.FormValue("rest_hours"), Version: formVersion(c)}
}

func (w *Web) newLeg(c *fiber.Ctx, who identity.Actor) error {
	return w.renderNewLeg(c, who, fiber.StatusOK, risk.LegEntry{ID: pg.NewID()}, view.Form{})
}

func (w *Web) renderNewLeg(c *fiber.Ctx, who identity.Actor, status int, in risk.LegEntry, form view.Form) error {
	b, l, err := w.riskLane(c, who)
	if err != nil {
		return err
	}
	if !b.Edits {
		return closedRisk(c, form, b.Path(string(risk.Map), l.ID.String()))
	}
	b.Chrome.Title, b.Chrome.Errors = t(c, "Add a leg"), len(form.Errors) > 0
	b.Chrome.Breadcrumb = append(append(b.Chrome.Breadcrumb[:2:2], laneCrumb(c, b, l)...), ui.Crumb{Label: b.Chrome.Title})
	return render(c, status, view.Leg(view.LegPage{Base: b, Form: form, Lane: l, Entered: in}))
}

func (w *Web) addLeg(c *fiber.Ctx, who identity.Actor) error {
	id, lane, err := two(c, "lane")
	if err != nil {
		return err
	}
	in := readLeg(c)
	if _, err := w.Risks.AddLeg(c.UserContext(), who, id, lane, in); err != nil {
		status, form, err := riskForm(c, err)
		if err != nil {
			return err
		}
		return w.renderNewLeg(c, who, status, in, form)
	}
	w.flash(c, ui.Good, t(c, "The leg is added"))
	if c.FormValue("then") == "another" {
		return seeOther(c, "/risk/"+id.String()+"/lanes/"+lane.String()+"/legs/new")
	}
	return seeOther(c, "/risk/"+id.String()+"/lanes/"+lane.String())
}

// riskLeg opens the leg of the address; where the address names its lane, it is that one.
func (w *Web) riskLeg(c *fiber.Ctx, who identity.Actor) (view.Base, risk.LaneSheet, risk.LegSheet, error) {
	leg, err := pathID(c, "leg")
	if err != nil {
		return view.Base{}, risk.LaneSheet{}, risk.LegSheet{}, err
	}
	b, err := w.riskBase(c, who, t(c, risk.Map.Name()))
	if err != nil {
		return b, risk.LaneSheet{}, risk.LegSheet{}, err
	}
	l, g, ok := b.Sheet.Leg(leg)
	if lane := c.Params("lane"); !ok || lane != "" && lane != l.ID.String() {
		return b, l, g, fault.Missing()
	}
	return b, l, g, nil
}

func (w *Web) showLeg(c *fiber.Ctx, who identity.Actor) error {
	return w.renderLeg(c, who, fiber.StatusOK, nil, view.Form{})
}

func (w *Web) renderLeg(c *fiber.Ctx, who identity.Actor, status int, in *risk.LegEntry, form view.Form) error {
	b, l, g, err := w.riskLeg(c, who)
	if err != nil {
		return err
	}
	entered := g.Entry()
	if in != nil {
		entered = *in
		if form.Stale {
			entered.Version = g.Version
		}
	}
	b.Chrome.Title, b.Chrome.Errors = g.Place, len(form.Errors) > 0
	b.Chrome.Breadcrumb = append(append(b.Chrome.Breadcrumb[:2:2], laneCrumb(c, b, l)...), ui.Crumb{Label: g.Place})
	return render(c, status, view.Leg(view.LegPage{Base: b, Form: form, Lane: l, Leg: g, Entered: entered}))
}

func (w *Web) saveLeg(c *fiber.Ctx, who identity.Actor) error {
	id, leg, err := two(c, "leg")
	if err != nil {
		return err
	}
	in := readLeg(c)
	if _, err := w.Risks.ChangeLeg(c.UserContext(), who, id, leg, in); err != nil {
		status, form, err := riskForm(c, err)
		if err != nil {
			return err
		}
		return w.renderLeg(c, who, status, &in, form)
	}
	w.flash(c, ui.Good, t(c, "The leg is saved"))
	return seeOther(c, "/risk/"+id.String()+"/lanes/"+c.Params("lane"))
}

func (w *Web) moveLeg(c *fiber.Ctx, who identity.Actor) error {
	id, leg, err := two(c, "leg")
	if err != nil {
		return err
	}
	if err := w.Risks.MoveLeg(c.UserContext(), who, id, leg, risk.Move(c.FormValue("to"))); err != nil {
		return err
	}
	return seeOther(c, "/risk/"+id.String()+"/lanes/"+c.Params("lane"))
}

func (w *Web) removeLeg(c *fiber.Ctx, who identity.Actor) error {
	id, leg, err := two(c, "leg")
	if err != nil {
		return err
	}
	if err := w.Risks.RemoveLeg(c.UserContext(), who, id, leg, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The leg is removed"))
	return seeOther(c, "/risk/"+id.String()+"/lanes/"+c.Params("lane"))
}

// Steps 2 and 3

func (w *Web) showThreats(c *fiber.Ctx, who identity.Actor) error {
	b, err := w.riskBase(c, who, t(c, risk.Threats.Name()))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Threats(b))
}

func (w *Web) showVulnerabilities(c *fiber.Ctx, who identity.Actor) error {
	b, err := w.riskBase(c, who, t(c, risk.Vulnerabilities.Name()))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Vulnerabilities(b))
}

func (w *Web) rateLanePage(c *fiber.Ctx, who identity.Actor) (view.RatePage, error) {
	b, l, err := w.riskLane(c, who)
	if err != nil {
		return view.RatePage{}, err
	}
	b.Chrome.Title = t(c, "Threats: %s", l.Name)
	b.Chrome.Breadcrumb = append(b.Chrome.Breadcrumb[:2:2], stepCrumb(c, risk.Threats), ui.Crumb{Label: l.Name})
	p := view.RatePage{Base: b, Lane: l, Next: b.Path(string(risk.Threats))}
	if i := slices.IndexFunc(b.Sheet.Lanes, func(x risk.LaneSheet) bool { return x.ID == l.ID }); i+1 < len(b.Sheet.Lanes) {
		p.Next = b.Path(string(risk.Threats), b.Sheet.Lanes[i+1].ID.String())
	}
	return p, nil
}

func (w *Web) rateLegPage(c *fiber.Ctx, who identity.Actor) (view.RatePage, error) {
	b, l, g, err := w.riskLeg(c, who)
	if err != nil {
		return view.RatePage{}, err
	}
	b.Chrome.Title = t(c, "Vulnerabilities: %s", g.Place)
	b.Chrome.Breadcrumb = append(b.Chrome.Breadcrumb[:2:2], stepCrumb(c, risk.Vulnerabilities), ui.Crumb{Label: l.Name + ", " + g.Place})
	p := view.RatePage{Base: b, Lane: l, Leg: &g, Next: b.Path(string(risk.Vulnerabilities))}
	var legs []risk.LegSheet
	for _, l := range b.Sheet.Lanes {
		legs = append(legs, l.Legs...)
	}
	if i := slices.IndexFunc(legs, func(x risk.LegSheet) bool { return x.ID == g.ID }); i+1 < len(legs) {
		p.Next = b.Path(string(risk.Vulnerabilities), legs[i+1].ID.String())
	}
	return p, nil
}

// readRatings reads the ratings that the form had.
func readRatings(c *fiber.Ctx, factors []risk.Factor) (out []risk.RatingEntry) {
	for _, f := range factors {
		seen := c.FormValue(risk.VersionField(f.Code))
		if seen == "" {
			continue // not on the form
		}
		version, _ := strconv.Atoi(seen) // anything else is a version that nobody saw
		out = append(out, risk.RatingEntry{Factor: f.Code, Level: c.FormValue(risk.LevelField(f.Code)), Note: c.FormValue(risk.NoteField(f.Code)), Version: version})
	}
	return out
}

func (w *Web) showLaneThreats(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.rateLanePage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Rate(p))
}

func (w *Web) showLegVulnerabilities(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.rateLegPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Rate(p))
}

func (w *Web) rateThreats(c *fiber.Ctx, who identity.Actor) error {
	id, lane, err := two(c, "lane")
	if err != nil {
		return err
	}
	in := readRatings(c, w.Risks.Factors.Threats)
	return w.rated(c, who, in, w.Risks.RateThreats(c.UserContext(), who, id, lane, in), w.rateLanePage)
}

func (w *Web) rateVulnerabilities(c *fiber.Ctx, who identity.Actor) error {
	id, leg, err := two(c, "leg")
	if err != nil {
		return err
	}
	in := readRatings(c, w.Risks.Factors.Vulnerabilities)
	return w.rated(c, who, in, w.Risks.RateVulnerabilities(c.UserContext(), who, id, leg, in), w.rateLegPage)
}

// rated goes on after ratings were saved, or shows what was refused.
func (w *Web) rated(c *fiber.Ctx, who identity.Actor, in []risk.RatingEntry, refusal error, open func(*fiber.Ctx, identity.Actor) (view.RatePage, error)) error {
	status, form, rest := fiber.StatusSeeOther, view.Form{}, error(nil)
	if refusal != nil {
		if status, form, rest = riskForm(c, refusal); rest != nil {
			return rest
		}
	}
	p, err := open(c, who)
	if err != nil {
		return err
	}
	if refusal == nil {
		w.flash(c, ui.Good, t(c, "The ratings are saved"))
		if c.FormValue("then") == "stay" {
			return seeOther(c, p.Here())
		}
		return seeOther(c, p.Next)
	}
	p.Form, p.Entered = form, map[string]risk.RatingEntry{}
	p.Chrome.Errors = len(form.Errors) > 0
	for _, e := range in {
		if form.Stale { // the person sees both now, and may replace
			e.Version = p.Version(e.Factor)
		}
		p.Entered[e.Factor] = e
	}
	return render(c, status, view.Rate(p))
}

// Step 4

func (w *Web) showActions(c *fiber.Ctx, who identity.Actor) error {
	b, err := w.riskBase(c, who, t(c, risk.Plan.Name()))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Actions(b))
}

func readTask(c *fiber.Ctx) risk.TaskEntry {
	return risk.TaskEntry{ID: formID(c), What: c.FormValue("what"), Lane: c.FormValue("lane"), Criterion: c.FormValue("criterion"), Owner: c.FormValue("owner"),
		DueOn: writtenDate(formDate(c, "due_on")), DoneOn: writtenDate(formDate(c, "done_on")), Outcome: c.FormValue("outcome"), Version: formVersion(c)}
}

func (w *Web) newAction(c *fiber.Ctx, who identity.Actor) error {
	return w.renderNewAction(c, who, fiber.StatusOK, risk.TaskEntry{ID: pg.NewID(), Lane: c.Query("lane"), Criterion: c.Query("criterion")}, view.Form{})
}

func (w *Web) renderNewAction(c *fiber.Ctx, who identity.Actor, status int, in risk.TaskEntry, form view.Form) error {
	b, err := w.riskBase(c, who, t(c, "Add an action"), stepCrumb(c, risk.Plan))
	if err != nil {
		return err
	}
	if !b.Edits {
		return closedRisk(c, form, b.Path(string(risk.Plan)))
	}
	b.Chrome.Errors = len(form.Errors) > 0
	return render(c, status, view.Task(view.TaskPage{Base: b, Form: form, Entered: in}))
}

func (w *Web) addAction(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := readTask(c)
	if _, err := w.Risks.AddTask(c.UserContext(), who, id, in); err != nil {
		status, form, err := riskForm(c, err)
		if err != nil {
			return err
		}
		return w.renderNewAction(c, who, status, in, form)
	}
	w.flash(c, ui.Good, t(c, "The action is planned"))
	return seeOther(c, "/risk/"+id.String()+"/actions")
}

func (w *Web) showAction(c *fiber.Ctx, who identity.Actor) error {
	return w.renderAction(c, who, fiber.StatusOK, nil, view.Form{})
}

func (w *Web) renderAction(c *fiber.Ctx, who identity.Actor, status int, in *risk.TaskEntry, form view.Form) error {
	action, err := pathID(c, "action")
	if err != nil {
		return err
	}
	b, err := w.riskBase(c, who, t(c, "Action"), stepCrumb(c, risk.Plan))
	if err != nil {
		return err
	}
	x, ok := b.Sheet.Task(action)
	if !ok {
		return fault.Missing()
	}
	entered := x.Entry()
	if in != nil {
		entered = *in
		if form.Stale {
			entered.Version = x.Version
		}
	}
	b.Chrome.Errors = len(form.Errors) > 0
	return render(c, status, view.Task(view.TaskPage{Base: b, Form: form, Task: x, Entered: entered}))
}

func (w *Web) saveAction(c *fiber.Ctx, who identity.Actor) error {
	id, action, err := two(c, "action")
	if err != nil {
		return err
	}
	in := readTask(c)
	if _, err := w.Risks.ChangeTask(c.UserContext(), who, id, action, in); err != nil {
		status, form, err := riskForm(c, err)
		if err != nil {
			return err
		}
		return w.renderAction(c, who, status, &in, form)
	}
	w.flash(c, ui.Good, t(c, "The action is saved"))
	return seeOther(c, "/risk/"+id.String()+"/actions")
}

func (w *Web) removeAction(c *fiber.Ctx, who identity.Actor) error {
	id, action, err := two(c, "action")
	if err != nil {
		return err
	}
	if err := w.Risks.RemoveTask(c.UserContext(), who, id, action, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The action is removed"))
	return seeOther(c, "/risk/"+id.String()+"/actions")
}

// Step 5 and the end

func (w *Web) showRiskDocument(c *fiber.Ctx, who identity.Actor) error {
	return w.renderRiskDocument(c, who, fiber.StatusOK, nil, view.Form{})
}

func (w *Web) renderRiskDocument(c *fiber.Ctx, who identity.Actor, status int, in *risk.DocumentEntry, form view.Form) error {
	b, err := w.riskBase(c, who, t(c, risk.Document.Name()))
	if err != nil {
		return err
	}
	entered := b.Sheet.Assessment.Entry()
	if in != nil {
		entered = *in
		if form.Stale {
			entered.Version = b.Sheet.Assessment.Version
		}
	}
	b.Chrome.Errors = len(form.Errors) > 0
	return render(c, status, view.Document(view.DocumentPage{Base: b, Form: form, Entered: entered}))
}

func (w *Web) saveRiskDocument(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := risk.DocumentEntry{Title: c.FormValue("title"), Method: c.FormValue("method"), Lead: c.FormValue("lead"), Participants: c.FormValue("participants"),
		Schedule: c.FormValue("schedule"), Version: formVersion(c)}
	if _, err := w.Risks.Describe(c.UserContext(), who, id, in); err != nil {
		status, form, err := riskForm(c, err)
		if err != nil {
			return err
		}
		return w.renderRiskDocument(c, who, status, &in, form)
	}
	w.flash(c, ui.Good, t(c, "Saved."))
	if c.FormValue("then") == "stay" {
		return seeOther(c, "/risk/"+id.String()+"/document")
	}
	return seeOther(c, "/risk/"+id.String()+"/check")
}

func (w *Web) showRiskCheck(c *fiber.Ctx, who identity.Actor) error {
	return w.renderRiskCheck(c, who, false, nil)
}

// renderRiskCheck shows the check, with why finishing was refused.
func (w *Web) renderRiskCheck(c *fiber.Ctx, who identity.Actor, accepted bool, refusal error) error {
	status, form, rest := fiber.StatusOK, view.Form{}, error(nil)
	if refusal != nil {
		if status, form, rest = riskForm(c, refusal); rest != nil {
			return rest
		}
	}
	b, err := w.riskBase(c, who, t(c, "Check and finish"))
	if err != nil {
		return err
	}
	if b.Sheet.Assessment.Status == risk.Finished {
		if refusal != nil {
			return refusal
		}
		return seeOther(c, b.Root)
	}
	b.Chrome.Errors = len(form.Errors) > 0
	return render(c, status, view.Check(view.CheckPage{Base: b, Form: form, MayFinish: who.Is(risk.Finishers()...), Accepted: accepted}))
}

func (w *Web) finishRisk(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	edits, err := strconv.Atoi(c.FormValue("edits"))
	if err != nil {
		edits = -1 // a count that nobody saw
	}
	in := risk.FinishEntry{Edits: edits, Accepted: c.FormValue("accepted") == "yes"}
	if _, err := w.Risks.Finish(c.UserContext(), who, id, in); err != nil {
		return w.renderRiskCheck(c, who, in.Accepted, err)
	}
	w.flash(c, ui.Good, t(c, "The risk assessment is finished. It is kept as it is"))
	return seeOther(c, "/risk/"+id.String())
}

// Files, and what the agency reads

func (w *Web) sendRiskWorkbook(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := w.Risks.Workbook(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, f.MediaType, f.Body)
}

func (w *Web) sendRiskPlan(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := w.Risks.PlanCSV(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return sendFile(c, f.Name, f.MediaType, f.Body)
}

func (w *Web) showDeskRisk(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	s, err := w.Risks.Sheet(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	ch := w.wideChrome(c, who, s.Assessment.Title, ui.Crumb{Label: t(c, "Desk"), Href: "/desk"},
		ui.Crumb{Label: s.Company, Href: "/desk/companies/" + s.Assessment.CompanyID.String()}, ui.Crumb{Label: s.Assessment.Title})
	return render(c, fiber.StatusOK, view.Desk(view.Base{Chrome: ch, Sheet: s, Root: "/desk/risk/" + id.String()}))
}
