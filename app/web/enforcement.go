package web

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/enforcement"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	view "trustedtrader/views/enforcement"
	"trustedtrader/views/ui"
)

func enforcementCrumbs(c *fiber.Ctx, here string) []ui.Crumb {
	return []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Enforcement"), Href: "/desk/enforcement"}, {Label: here}}
}

func (w *Web) showCases(c *fiber.Ctx, who identity.Actor) error {
	q, err := w.Cases.Queue(c.UserContext(), who, enforcement.Filter{Queue: enforcement.QueueName(c.Query("queue")), Programme: c.Query("programme"), Ground: c.Query("ground"),
		Source: c.Query("source"), After: c.Query("after")})
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Queue(view.QueuePage{Chrome: w.wideChrome(c, who, t(c, "Cases of enforcement"), deskCrumbs(c, t(c, "Enforcement"))...), Queue: q, Programmes: w.Programmes.All()}))
}

// enforcementPage reads a case for its page at the desk or at its company.
func (w *Web) enforcementPage(c *fiber.Ctx, who identity.Actor) (view.Page, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.Page{}, err
	}
	r, err := w.Cases.Record(c.UserContext(), who, id)
	if err != nil {
		return view.Page{}, err
	}
	p := view.Page{Record: r, Typed: map[string]string{}, Lists: map[string][]string{}}
	p.MayShow = mayShow(who, r.Case.Status != enforcement.Closed)
	title := t(c, "Case %s", r.Reference)
	if who.Audience == identity.Companies {
		p.Chrome = w.chrome(c, who, title)
		p.Chrome.Breadcrumb = ownCrumbs(c, r.Reference)
	} else {
		p.Chrome = w.wideChrome(c, who, title, enforcementCrumbs(c, r.Reference)...)
	}
	return p, nil
}

func drawEnforcement(c *fiber.Ctx, who identity.Actor, status int, p view.Page) error {
	if who.Audience == identity.Companies {
		return render(c, status, view.Own(p))
	}
	return render(c, status, view.Show(p))
}

func (w *Web) showEnforcement(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.enforcementPage(c, who)
	if err != nil {
		return err
	}
	return drawEnforcement(c, who, fiber.StatusOK, p)
}

// plainFields are the fields of a case's page that one form alone has, under their own names.
func plainFields() []string {
	return []string{"until", "asks_until", "due_on", "goal", "agreed", "name", "incidents"}
}

// enforcementStep carries out a step of a case, or shows its form again with what was typed.
func (w *Web) enforcementStep(c *fiber.Ctx, who identity.Actor, act, done string, do func(ctx context.Context, id uuid.UUID, version int) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id, formVersion(c)); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		p, err := w.enforcementPage(c, who)
		if err != nil {
			return err
		}
		p.Act, p.Errors, p.Conflict, p.Chrome.Errors = act, fields, conflict, fields != nil
		retype(c, &p, act, fields)
		return drawEnforcement(c, who, status, p)
	}
	w.flash(c, ui.Good, done)
	if who.Audience == identity.Companies {
		return seeOther(c, view.Path(id, ""))
	}
	return seeOther(c, view.DeskPath(id, ""))
}

// retype keeps what was typed, and gives the problems the names of the fields.
func retype(c *fiber.Ctx, p *view.Page, act string, fields []fault.Field) {
	for _, name := range []string{"answer", "suspension", "cure", "asks_why", "note", "reason", "plan_note", "item_note", "done", "ground", "reasons", "why"} {
		p.Typed[name] = c.FormValue(view.Field(act, name))
	}
	p.Typed["goal"], p.Typed["name"] = c.FormValue("goal"), c.FormValue("name")
	p.Lists["types"], p.Lists["incidents"] = formAll(c, view.Field(act, "types")), formAll(c, "incidents")
	for _, name := range []string{"until", "asks_until", "due_on"} {
		if d := formDate(c, name); !d.Empty() {
			p.Day = d
		}
	}
	for i, f := range fields {
		plain := f.Name == ""
		for _, name := range plainFields() {
			plain = plain || f.Name == name
		}
		if !plain {
			fields[i].Name = view.Field(act, f.Name)
		}
	}
}

// caseText reads the text of a step.
func caseText(c *fiber.Ctx, version int, act, field string) enforcement.NoteEntry {
	return enforcement.NoteEntry{Version: version, Text: c.FormValue(view.Field(act, field))}
}

// textStep is a step of a case that takes a text and nothing else.
func (w *Web) textStep(act, field, done string, do func(ctx context.Context, by identity.Actor, id uuid.UUID, in enforcement.NoteEntry) error) Handler {
	return func(c *fiber.Ctx, who identity.Actor) error {
		return w.enforcementStep(c, who, act, t(c, done), func(ctx context.Context, id uuid.UUID, version int) error {
			return do(ctx, who, id, caseText(c, version, act, field))
		})
	}
}

// itemStep is a step about an item of a plan.
func (w *Web) itemStep(act, field, done string, do func(ctx context.Context, by identity.Actor, id, item uuid.UUID, in enforcement.NoteEntry) error) Handler {
	return func(c *fiber.Ctx, who identity.Actor) error {
		item, err := pathID(c, "item")
		if err != nil {
			return err
		}
		act := itemAct(c, act)
		return w.enforcementStep(c, who, act, t(c, done), func(ctx context.Context, id uuid.UUID, version int) error {
			return do(ctx, who, id, item, caseText(c, version, act, field))
		})
	}
}

// itemAct names the form of an item by the prefix of the fields that came.
func itemAct(c *fiber.Ctx, act string) string {
	found := act
	for key := range c.Request().PostArgs().All() {
		if name := string(key); strings.HasPrefix(name, act+"-") {
			if i := strings.LastIndex(name, "-"); i > len(act) {
				found = name[:i]
			}
		}
	}
	return found
}

func (w *Web) takeEnforcement(c *fiber.Ctx, who identity.Actor) error {
	return w.enforcementStep(c, who, "take", t(c, "The case is yours"), func(ctx context.Context, id uuid.UUID, version int) error { return w.Cases.Take(ctx, who, id, version) })
}

func (w *Web) notifyEnforcement(c *fiber.Ctx, who identity.Actor) error {
	return w.enforcementStep(c, who, "notify", t(c, "The notice is sent"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Cases.Notify(ctx, who, id, version)
	})
}

func (w *Web) suspendAtOnce(c *fiber.Ctx, who identity.Actor) error {
	return w.enforcementStep(c, who, "emergency", t(c, "The membership is suspended, and the company has been told"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Cases.SuspendNow(ctx, who, id, enforcement.EmergencyEntry{Version: version, Ground: c.FormValue(view.Field("emergency", "ground")), Types: formAll(c, view.Field("emergency", "types")),
			Reasons: c.FormValue(view.Field("emergency", "reasons"))})
	})
}

func (w *Web) liftSuspension(c *fiber.Ctx, who identity.Actor) error {
	return w.enforcementStep(c, who, "lift", t(c, "The suspension is lifted, and the company has been told"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Cases.Lift(ctx, who, id, enforcement.LiftEntry{Version: version, Why: c.FormValue(view.Field("lift", "why")), Text: c.FormValue(view.Field("lift", "reason"))})
	})
}

func (w *Web) extendEnforcement(c *fiber.Ctx, who identity.Actor) error {
	return w.enforcementStep(c, who, "extend", t(c, "The suspension is prolonged, and the company has been told"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Cases.Extend(ctx, who, id, enforcement.ExtendEntry{Version: version, Until: writtenDate(formDate(c, "until")), Reason: c.FormValue(view.Field("extend", "reason"))})
	})
}

func (w *Web) linkIncidents(c *fiber.Ctx, who identity.Actor) error {
	return w.enforcementStep(c, who, "link", t(c, "The incidents are taken up"), func(ctx context.Context, id uuid.UUID, version int) error {
		list, err := formIDs(c, "incidents")
		if err != nil {
			return err
		}
		return w.Cases.Link(ctx, who, id, enforcement.LinkEntry{Version: version, Incidents: list})
	})
}

func (w *Web) signConsent(c *fiber.Ctx, who identity.Actor) error {
	return w.enforcementStep(c, who, "consent", t(c, "Your consent is signed"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Cases.SignConsent(ctx, who, id, enforcement.ConsentEntry{Version: version, Agreed: c.FormValue("agreed") != "", Name: c.FormValue("name")})
	})
}

func (w *Web) askLonger(c *fiber.Ctx, who identity.Actor) error {
	return w.enforcementStep(c, who, "time", t(c, "You asked for more time. We will tell you what we decide"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Cases.AskForTime(ctx, who, id, enforcement.AskEntry{Version: version, Until: writtenDate(formDate(c, "asks_until")), Reason: c.FormValue(view.Field("time", "asks_why"))})
	})
}

func (w *Web) addPlanItem(c *fiber.Ctx, who identity.Actor) error {
	return w.enforcementStep(c, who, "item", t(c, "The item is in the plan"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Cases.WriteItem(ctx, who, id, enforcement.ItemEntry{Version: version, Goal: c.FormValue("goal"), DueOn: writtenDate(formDate(c, "due_on"))})
	})
}

func (w *Web) dropPlanItem(c *fiber.Ctx, who identity.Actor) error {
	item, err := pathID(c, "item")
	if err != nil {
		return err
	}
	return w.enforcementStep(c, who, "drop", t(c, "The item is taken out"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Cases.DropItem(ctx, who, id, enforcement.ItemEntry{Version: version, Item: item})
	})
}

func (w *Web) sendCorrectivePlan(c *fiber.Ctx, who identity.Actor) error {
	return w.enforcementStep(c, who, "send", t(c, "The plan is sent"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Cases.SendPlan(ctx, who, id, version)
	})
}

func (w *Web) drawProposal(c *fiber.Ctx, who identity.Actor, status int, p view.ProposePage) error {
	p.Chrome = w.wideChrome(c, who, t(c, "Propose a measure"), enforcementCrumbs(c, p.Record.Reference)...)
	p.Chrome.Errors = len(p.Errors) > 0
	return render(c, status, view.Propose(p))
}

func (w *Web) newProposal(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.enforcementPage(c, who)
	if err != nil {
		return err
	}
	page := view.ProposePage{Record: p.Record, Entered: enforcement.ProposalEntry{Ground: p.Record.Ground, Answers: map[string]string{}}}
	if p.Record.WishOn != nil {
		page.Until = ui.DateOf(p.Record.WishOn.Time())
	}
	return w.drawProposal(c, who, fiber.StatusOK, page)
}

func (w *Web) proposeMeasure(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	until := formDate(c, "until")
	in := enforcement.ProposalEntry{Version: formVersion(c), Ground: c.FormValue("ground"), Measure: c.FormValue("measure"), Types: formAll(c, "types"), Benefits: formAll(c, "benefits"),
		Until: writtenDate(until), Reasons: c.FormValue("reasons"), Deviation: c.FormValue("deviation"), Answers: map[string]string{}}
	for _, p := range w.Programmes.All() {
		for _, x := range p.Enforcement.Weighing {
			in.Answers[x.Code] = c.FormValue(enforcement.AnswerField(x.Code))
		}
	}
	if err := w.Cases.Propose(c.UserContext(), who, id, in); err != nil {
		fields := fault.Fields(err)
		if fields == nil {
			return err
		}
		p, err := w.enforcementPage(c, who)
		if err != nil {
			return err
		}
		return w.drawProposal(c, who, fiber.StatusUnprocessableEntity, view.ProposePage{Record: p.Record, Entered: in, Until: until, Errors: fields})
	}
	w.flash(c, ui.Good, t(c, "The proposal is saved"))
	return seeOther(c, view.DeskPath(id, ""))
}

// caseStart reads what the form of a new case or request starts from.
func (w *Web) caseStart(c *fiber.Ctx, who identity.Actor) (enforcement.Start, error) {
	id, err := uuid.Parse(c.Query("membership"))
	if err != nil {
		return enforcement.Start{}, fault.Missing()
	}
	return w.Cases.Begin(c.UserContext(), who, id)
}

func (w *Web) drawOpening(c *fiber.Ctx, who identity.Actor, status int, p view.OpenPage) error {
	p.Chrome = w.wideChrome(c, who, t(c, "Open a case"), enforcementCrumbs(c, t(c, "Open a case"))...)
	p.Chrome.Errors = len(p.Errors) > 0
	return render(c, status, view.Open(p))
}

func (w *Web) newCase(c *fiber.Ctx, who identity.Actor) error {
	b, err := w.caseStart(c, who)
	if err != nil {
		return err
	}
	in := enforcement.OpenEntry{ID: b.ID, Membership: b.MembershipID, Source: enforcement.ByHand}
	if id, err := uuid.Parse(c.Query("id")); err == nil && enforcement.SourceName(c.Query("source")) != "" {
		in.Source, in.SourceID = c.Query("source"), id
		if in.Source == enforcement.FromIncident {
			in.Incidents = []uuid.UUID{id}
		}
	}
	return w.drawOpening(c, who, fiber.StatusOK, view.OpenPage{Start: b, Entered: in})
}

func (w *Web) openCase(c *fiber.Ctx, who identity.Actor) error {
	membership, err := uuid.Parse(c.Query("membership"))
	if err != nil {
		return fault.Missing()
	}
	in := enforcement.OpenEntry{Membership: membership, Source: c.FormValue("source"), Reason: c.FormValue("reason")}
	if in.ID, err = uuid.Parse(c.FormValue("id")); err != nil {
		in.ID = pg.NewID()
	}
	if in.SourceID, err = uuid.Parse(c.FormValue("source_id")); err != nil {
		in.SourceID = uuid.Nil
	}
	if in.Incidents, err = formIDs(c, "incidents"); err != nil {
		return err
	}
	x, err := w.Cases.Open(c.UserContext(), who, in)
	if err != nil {
		fields := fault.Fields(err)
		if fields == nil {
			return err
		}
		b, err := w.caseStart(c, who)
		if err != nil {
			return err
		}
		return w.drawOpening(c, who, fiber.StatusUnprocessableEntity, view.OpenPage{Start: b, Entered: in, Errors: fields})
	}
	w.flash(c, ui.Good, t(c, "The case is open"))
	return seeOther(c, view.DeskPath(x.ID, ""))
}

func (w *Web) drawRequest(c *fiber.Ctx, who identity.Actor, status int, p view.RequestPage) error {
	p.Chrome = w.chrome(c, who, t(c, "Ask for a suspension"))
	p.Chrome.Breadcrumb, p.Chrome.Errors = ownCrumbs(c, t(c, "Ask for a suspension")), len(p.Errors) > 0
	return render(c, status, view.Request(p))
}

func (w *Web) newRequest(c *fiber.Ctx, who identity.Actor) error {
	b, err := w.caseStart(c, who)
	if err != nil {
		return err
	}
	return w.drawRequest(c, who, fiber.StatusOK, view.RequestPage{Start: b, Entered: enforcement.RequestEntry{ID: b.ID}})
}

func (w *Web) askForSuspension(c *fiber.Ctx, who identity.Actor) error {
	membership, err := uuid.Parse(c.Query("membership"))
	if err != nil {
		return fault.Missing()
	}
	until := formDate(c, "until")
	in := enforcement.RequestEntry{Membership: membership, Until: writtenDate(until), Reason: c.FormValue("reason")}
	if in.ID, err = uuid.Parse(c.FormValue("id")); err != nil {
		in.ID = pg.NewID()
	}
	x, err := w.Cases.Request(c.UserContext(), who, in)
	if err != nil {
		fields := fault.Fields(err)
		if fields == nil {
			return err
		}
		b, err := w.caseStart(c, who)
		if err != nil {
			return err
		}
		return w.drawRequest(c, who, fiber.StatusUnprocessableEntity, view.RequestPage{Start: b, Entered: in, Until: until, Errors: fields})
	}
	w.flash(c, ui.Good, t(c, "Your request is sent"))
	return seeOther(c, view.Path(x.ID, ""))
}
