package web

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/identity"
	"trustedtrader/app/recognition"
	view "trustedtrader/views/arrangement"
	"trustedtrader/views/ui"
)

func (w *Web) showArrangements(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Arrangements.List(c.UserContext(), who, arrangement.Filter{Ours: c.Query("ours") != "", State: arrangement.State(c.Query("state")), Find: c.Query("find"), Page: pageNumber(c)})
	if err != nil {
		return err
	}
	late := 0
	if err := w.DB.Batch(c.UserContext(), who.Scope(), recognition.LateCount(&late)); err != nil {
		return err
	}
	title := t(c, "Arrangements")
	return render(c, fiber.StatusOK, view.List(view.ListPage{Chrome: w.wideChrome(c, who, title, deskCrumbs(c, title)...), List: list, Late: late}))
}

func (w *Web) showLate(c *fiber.Ctx, who identity.Actor) error {
	agency, err := uuid.Parse(c.Query("agency"))
	if err != nil {
		agency = uuid.Nil
	}
	late, err := w.Recognitions.Late(c.UserContext(), who, agency, pageNumber(c))
	if err != nil {
		return err
	}
	title := t(c, "Late acknowledgements")
	return render(c, fiber.StatusOK, view.Late(view.LatePage{Late: late, Rules: w.Arrangements.Register, Zone: who.Zone,
		Chrome: w.wideChrome(c, who, title, ui.Crumb{Label: t(c, "Desk"), Href: "/desk"}, ui.Crumb{Label: t(c, "Arrangements"), Href: "/desk/arrangements"}, ui.Crumb{Label: title})}))
}

func (w *Web) arrangementPage(c *fiber.Ctx, who identity.Actor) (p view.Page, err error) {
	p = view.Page{Programmes: w.Programmes, Zone: who.Zone, Typed: map[string]string{}, Days: map[string]ui.DateValue{}}
	if p.Record, err = w.Arrangements.Show(c.UserContext(), who, c.Params("code")); err != nil {
		return p, err
	}
	if p.Record.Ours() {
		if p.Speeds, err = w.Recognitions.Speeds(c.UserContext(), who, p.Record.Code); err != nil {
			return p, err
		}
	}
	p.Chrome = w.wideChrome(c, who, p.Record.Title(), ui.Crumb{Label: t(c, "Desk"), Href: "/desk"}, ui.Crumb{Label: t(c, "Arrangements"), Href: "/desk/arrangements"}, ui.Crumb{Label: p.Record.Title()})
	return p, nil
}

func (w *Web) showArrangement(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.arrangementPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Show(p))
}

// arrangementStep carries out a step, or shows the page again with what was typed.
func (w *Web) arrangementStep(c *fiber.Ctx, who identity.Actor, act, done string, do func(ctx context.Context, code string) error) error {
	code := c.Params("code")
	if err := do(c.UserContext(), code); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		p, err := w.arrangementPage(c, who)
		if err != nil {
			return err
		}
		p.Act, p.Errors, p.Conflict, p.Chrome.Errors = act, fields, conflict, fields != nil
		if act == "overturn" {
			for i := range p.Errors {
				p.Errors[i].Name = "why-" + c.Params("id")
			}
		}
		for k, v := range c.Request().PostArgs().All() {
			p.Typed[string(k)] = string(v)
		}
		p.Days["on_day"], p.Days["from"] = formDate(c, "on_day"), formDate(c, "from")
		return render(c, status, view.Show(p))
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, view.Path(code, ""))
}

func (w *Web) recordArrangement(c *fiber.Ctx, who identity.Actor) error {
	return w.arrangementStep(c, who, "record", t(c, "It is recorded"), func(ctx context.Context, code string) error {
		_, err := w.Arrangements.Record(ctx, who, code, arrangement.RecordEntry{Kind: arrangement.Kind(c.FormValue("kind")), Phase: c.FormValue("phase"), Day: formDay(c, "on_day"), Source: c.FormValue("source"), Note: c.FormValue("note")})
		return err
	})
}

func (w *Web) overturnArrangement(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	return w.arrangementStep(c, who, "overturn", t(c, "It is taken back, and stays readable"), func(ctx context.Context, code string) error {
		return w.Arrangements.Overturn(ctx, who, code, id, c.FormValue("why-"+id.String()))
	})
}

func (w *Web) proposeArrangement(c *fiber.Ctx, who identity.Actor) error {
	return w.arrangementStep(c, who, "propose", t(c, "Another person of headquarters decides now"), func(ctx context.Context, code string) error {
		_, err := w.Arrangements.Propose(ctx, who, code, arrangement.ProposeEntry{Kind: arrangement.Kind(c.FormValue("step")), Day: formDay(c, "from"), Source: c.FormValue("basis"), Note: c.FormValue("reasons")})
		return err
	})
}

// decideStep is what a person does about a proposal.
type decideStep = func(ctx context.Context, by identity.Actor, code string, id uuid.UUID, in arrangement.DecideEntry) error

// decideArrangement decides on a proposal. The service is found on each request, for routes
// are listed before there is one.
func (w *Web) decideArrangement(done string, do func(s *arrangement.Service) decideStep) Handler {
	return func(c *fiber.Ctx, who identity.Actor) error {
		id, err := pathID(c, "id")
		if err != nil {
			return err
		}
		return w.arrangementStep(c, who, "decide", t(c, done), func(ctx context.Context, code string) error {
			return do(w.Arrangements)(ctx, who, code, id, arrangement.DecideEntry{Version: formVersion(c), Note: c.FormValue("decision_note")})
		})
	}
}

func (w *Web) tieAgency(c *fiber.Ctx, who identity.Actor) error {
	return w.arrangementStep(c, who, "agency", t(c, "The agency is the partner now"), func(ctx context.Context, code string) error {
		id, err := uuid.Parse(c.FormValue("agency"))
		if err != nil {
			id = uuid.Nil
		}
		return w.Arrangements.Tie(ctx, who, code, id)
	})
}

func (w *Web) untieAgency(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "agency")
	if err != nil {
		return err
	}
	return w.arrangementStep(c, who, "agency", t(c, "The agency is not the partner any more"), func(ctx context.Context, code string) error {
		return w.Arrangements.Untie(ctx, who, code, id)
	})
}
