package web

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/incident"
	"trustedtrader/app/pg"
	view "trustedtrader/views/incident"
	"trustedtrader/views/ui"
)

func incidentCrumbs(c *fiber.Ctx, here string) []ui.Crumb {
	return []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Incidents"), Href: "/desk/incidents"}, {Label: here}}
}

// ownCrumbs lead back to a company's incidents and cases.
func ownCrumbs(c *fiber.Ctx, here string) []ui.Crumb {
	return []ui.Crumb{{Label: t(c, "Home"), Href: "/company"}, {Label: t(c, "Incidents and cases"), Href: "/incidents"}, {Label: here}}
}

func (w *Web) showIncidents(c *fiber.Ctx, who identity.Actor) error {
	q, err := w.Incidents.Queue(c.UserContext(), who, incident.Filter{Queue: incident.QueueName(c.Query("queue")), Programme: c.Query("programme"), Kind: c.Query("kind"),
		Source: c.Query("source"), Company: c.Query("company"), After: c.Query("after")})
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Queue(view.QueuePage{Chrome: w.wideChrome(c, who, t(c, "Incidents"), deskCrumbs(c, t(c, "Incidents"))...), Queue: q, Programmes: w.Programmes.All()}))
}

func (w *Web) showMyIncidents(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Incidents.Mine(c.UserContext(), who)
	if err != nil {
		return err
	}
	cases, err := w.Cases.Mine(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.List(view.ListPage{Chrome: w.chrome(c, who, t(c, "Incidents and cases")), Items: list, Cases: cases, Programmes: w.Programmes.All(),
		Reports: who.Is(identity.CompanyEditors...)}))
}

// incidentPage reads an incident for its page at the desk or at its company.
func (w *Web) incidentPage(c *fiber.Ctx, who identity.Actor) (view.Page, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.Page{}, err
	}
	r, err := w.Incidents.Open(c.UserContext(), who, id)
	if err != nil {
		return view.Page{}, err
	}
	p := view.Page{Record: r, Typed: map[string]string{}}
	p.MayShow = mayShow(who, r.Incident.Status != incident.Closed && r.Incident.Status != incident.Merged)
	title := t(c, "Incident %s", r.Reference)
	if who.Audience == identity.Companies {
		p.Chrome = w.chrome(c, who, title)
		p.Chrome.Breadcrumb = ownCrumbs(c, r.Reference)
	} else {
		p.Chrome = w.wideChrome(c, who, title, incidentCrumbs(c, r.Reference)...)
	}
	return p, nil
}

func drawIncident(c *fiber.Ctx, who identity.Actor, status int, p view.Page) error {
	if who.Audience == identity.Companies {
		return render(c, status, view.Own(p))
	}
	return render(c, status, view.Show(p))
}

func (w *Web) showIncident(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.incidentPage(c, who)
	if err != nil {
		return err
	}
	return drawIncident(c, who, fiber.StatusOK, p)
}

// incidentStep carries out a step of an incident, or shows its form again with what was typed.
func (w *Web) incidentStep(c *fiber.Ctx, who identity.Actor, act, done string, do func(ctx context.Context, id uuid.UUID) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		p, err := w.incidentPage(c, who)
		if err != nil {
			return err
		}
		p.Act, p.Errors, p.Conflict, p.Chrome.Errors = act, fields, conflict, fields != nil
		for _, name := range []string{"founded", "reason", "into", "note", "more"} {
			p.Typed[name] = c.FormValue(view.Field(act, name))
		}
		for i := range fields {
			fields[i].Name = view.Field(act, fields[i].Name)
		}
		return drawIncident(c, who, status, p)
	}
	w.flash(c, ui.Good, done)
	if who.Audience == identity.Companies {
		return seeOther(c, view.Path(id, ""))
	}
	return seeOther(c, view.DeskPath(id, ""))
}

func (w *Web) lookIntoIncident(c *fiber.Ctx, who identity.Actor) error {
	return w.incidentStep(c, who, "look", t(c, "The office looks into it"), func(ctx context.Context, id uuid.UUID) error {
		return w.Incidents.LookInto(ctx, who, id, formVersion(c))
	})
}

func (w *Web) closeIncident(c *fiber.Ctx, who identity.Actor) error {
	return w.incidentStep(c, who, "close", t(c, "The incident is closed"), func(ctx context.Context, id uuid.UUID) error {
		return w.Incidents.Close(ctx, who, id, incident.ClosingEntry{Version: formVersion(c), Founded: c.FormValue(view.Field("close", "founded")), Reason: c.FormValue(view.Field("close", "reason"))})
	})
}

func (w *Web) mergeIncident(c *fiber.Ctx, who identity.Actor) error {
	return w.incidentStep(c, who, "merge", t(c, "The incident is merged"), func(ctx context.Context, id uuid.UUID) error {
		return w.Incidents.Merge(ctx, who, id, incident.MergeEntry{Version: formVersion(c), Into: c.FormValue(view.Field("merge", "into")), Reason: c.FormValue(view.Field("merge", "reason"))})
	})
}

func (w *Web) reopenIncident(c *fiber.Ctx, who identity.Actor) error {
	return w.incidentStep(c, who, "reopen", t(c, "The incident is open again"), func(ctx context.Context, id uuid.UUID) error {
		return w.Incidents.Reopen(ctx, who, id, formVersion(c), c.FormValue(view.Field("reopen", "reason")))
	})
}

func (w *Web) noteIncident(c *fiber.Ctx, who identity.Actor) error {
	return w.incidentStep(c, who, "note", t(c, "The note is saved"), func(ctx context.Context, id uuid.UUID) error {
		return w.Incidents.Note(ctx, who, id, c.FormValue(view.Field("note", "note")))
	})
}

func (w *Web) addToIncident(c *fiber.Ctx, who identity.Actor) error {
	return w.incidentStep(c, who, "more", t(c, "We have received it"), func(ctx context.Context, id uuid.UUID) error {
		return w.Incidents.Supplement(ctx, who, id, c.FormValue(view.Field("more", "more")))
	})
}

// incidentEntry reads the form of an incident.
func incidentEntry(c *fiber.Ctx) (p view.FormPage, err error) {
	p.From, p.Until, p.FoundOn = formDate(c, "from"), formDate(c, "until"), formDate(c, "found_on")
	in := incident.Entry{Version: formVersion(c), Membership: c.FormValue("membership"), Kind: c.FormValue("kind"), Place: c.FormValue("place"), From: writtenDate(p.From),
		Until: writtenDate(p.Until), FoundOn: writtenDate(p.FoundOn), Way: c.FormValue("way"), ToldBy: c.FormValue("told_by"), Number: c.FormValue("number"), Numbers: c.FormValue("numbers"),
		Facts: c.FormValue("facts"), Consequences: c.FormValue("consequences"), RuledOut: c.FormValue("ruled_out")}
	if in.ID, err = uuid.Parse(c.FormValue("id")); err != nil {
		in.ID = pg.NewID()
	}
	in.Seen, err = formIDs(c, "seen")
	p.Entered = in
	return p, err
}

func (w *Web) incidentForm(c *fiber.Ctx, who identity.Actor, status int, p view.FormPage) error {
	title := t(c, "Register an incident")
	switch {
	case p.Edit:
		title = t(c, "Complete the incident")
	case p.Start.Ours:
		title = t(c, "Report an incident")
	}
	if p.Start.Ours {
		p.Chrome = w.chrome(c, who, title)
		p.Chrome.Breadcrumb = ownCrumbs(c, title)
	} else {
		p.Chrome = w.wideChrome(c, who, title, incidentCrumbs(c, title)...)
	}
	p.Chrome.Errors = len(p.Errors) > 0
	return render(c, status, view.Form(p))
}

// incidentCompany is the company that the address names; a company's own people need none.
func incidentCompany(c *fiber.Ctx, who identity.Actor) (uuid.UUID, error) {
	if who.Audience == identity.Companies {
		return who.CompanyID, nil
	}
	id, err := uuid.Parse(c.Query("company"))
	if err != nil {
		return uuid.Nil, fault.Missing()
	}
	return id, nil
}

func (w *Web) newIncident(c *fiber.Ctx, who identity.Actor) error {
	company, err := incidentCompany(c, who)
	if err != nil {
		return err
	}
	b, err := w.Incidents.Begin(c.UserContext(), who, company)
	if err != nil {
		return err
	}
	in := incident.Entry{ID: b.ID, Membership: c.Query("membership")}
	if in.Membership == "" && len(b.Members) == 1 {
		in.Membership = b.Members[0].ID.String()
	}
	return w.incidentForm(c, who, fiber.StatusOK, view.FormPage{Start: b, Entered: in})
}

func (w *Web) enterIncident(c *fiber.Ctx, who identity.Actor) error {
	company, err := incidentCompany(c, who)
	if err != nil {
		return err
	}
	p, err := incidentEntry(c)
	if err != nil {
		return err
	}
	p.Entered.Company = company
	enter := w.Incidents.Register
	if who.Audience == identity.Companies {
		enter = w.Incidents.Report
	}
	i, err := enter(c.UserContext(), who, p.Entered)
	if err != nil {
		return w.incidentRefused(c, who, p, err, func(ctx context.Context) (incident.Start, error) { return w.Incidents.Begin(ctx, who, company) })
	}
	if who.Audience == identity.Companies {
		w.flash(c, ui.Good, t(c, "We have received your report"))
		return seeOther(c, view.Path(i.ID, ""))
	}
	w.flash(c, ui.Good, t(c, "The incident is registered"))
	return seeOther(c, view.DeskPath(i.ID, ""))
}

// incidentRefused shows the form again, with the incidents that are to be ruled out.
func (w *Web) incidentRefused(c *fiber.Ctx, who identity.Actor, p view.FormPage, err error, start func(ctx context.Context) (incident.Start, error)) error {
	fields, conflict, status, err := kept(err)
	if err != nil {
		return err
	}
	p.Errors, p.Conflict = fields, conflict
	if p.Start, err = start(c.UserContext()); err != nil {
		return err
	}
	if p.Likely, err = w.Incidents.LikelyOf(c.UserContext(), who, p.Entered); err != nil {
		return err
	}
	return w.incidentForm(c, who, status, p)
}

func (w *Web) editIncident(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	r, b, err := w.Incidents.Rewrite(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	in := incident.Entry{ID: r.ID, Kind: r.Incident.Kind, Place: r.Place, Way: r.Way, ToldBy: r.ToldBy, Number: r.Number, Numbers: r.Numbers, Facts: r.Facts, Consequences: r.Consequences,
		RuledOut: r.RuledOut, Version: r.Version}
	if r.MembershipID != nil {
		in.Membership = r.MembershipID.String()
	}
	p := view.FormPage{Start: b, Edit: true, Told: r.SelfReported, Entered: in, From: ui.DateOf(r.OccurredOn.Time()), FoundOn: ui.DateOf(r.FoundOn.Time()), Likely: r.Likely}
	if !r.Exact() {
		p.Until = ui.DateOf(r.OccurredUntil.Time())
	}
	return w.incidentForm(c, who, fiber.StatusOK, p)
}

func (w *Web) changeIncident(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	p, err := incidentEntry(c)
	if err != nil {
		return err
	}
	p.Edit, p.Entered.ID = true, id
	if err := w.Incidents.Change(c.UserContext(), who, id, p.Entered); err != nil {
		r, b, other := w.Incidents.Rewrite(c.UserContext(), who, id)
		p.Entered.Company, p.Told = r.CompanyID, r.SelfReported
		return w.incidentRefused(c, who, p, err, func(context.Context) (incident.Start, error) { return b, other })
	}
	w.flash(c, ui.Good, t(c, "The incident is saved"))
	return seeOther(c, view.DeskPath(id, ""))
}
