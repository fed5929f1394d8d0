package web

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/appeal"
	"trustedtrader/app/identity"
	"trustedtrader/app/programme"
	view "trustedtrader/views/appeal"
	"trustedtrader/views/ui"
)

func (w *Web) showAppealForm(c *fiber.Ctx, who identity.Actor) error {
	return w.drawAppealForm(c, who, view.FilePage{}, nil)
}

func (w *Web) drawAppealForm(c *fiber.Ctx, who identity.Actor, p view.FilePage, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if refusal != nil {
		if p.Errors, p.Conflict, status, err = kept(refusal); err != nil {
			return err
		}
	}
	if p.Filing, err = w.Appeals.Filing(c.UserContext(), who, id); err != nil {
		return err
	}
	p.Chrome = w.chrome(c, who, t(c, "Appeal against a decision"))
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Home"), Href: "/company"}, {Label: p.Filing.Case, Href: "/enforcement/" + id.String()}, {Label: t(c, "Appeal")}}
	p.Chrome.Errors, p.Signs = p.Errors != nil, who.Is(identity.CompanySigners...)
	return render(c, status, view.File(p))
}

func (w *Web) fileAppeal(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := appeal.FileEntry{Reasons: c.FormValue("reasons"), Wanted: c.FormValue("wanted"), Attest: c.FormValue("attest") == "yes"}
	a, err := w.Appeals.File(c.UserContext(), who, id, in)
	if err != nil {
		return w.drawAppealForm(c, who, view.FilePage{Reasons: in.Reasons, Wanted: in.Wanted}, err)
	}
	w.flash(c, ui.Good, t(c, "Your appeal is filed. Its number is %s", a.Reference))
	return seeOther(c, view.Path(a.ID, ""))
}

// appealPage reads an appeal for its page at the desk or at its company.
func (w *Web) appealPage(c *fiber.Ctx, who identity.Actor) (p view.Page, err error) {
	id, err := pathID(c, "id")
	if err != nil {
		return p, err
	}
	if p.Record, err = w.Appeals.Open(c.UserContext(), who, id); err != nil {
		return p, err
	}
	p.MayShow = mayShow(who, p.Record.Status.Open())
	p.Desk = who.Audience == identity.Staff
	title := t(c, "Appeal %s", p.Record.Reference)
	if p.Desk {
		p.Chrome = w.wideChrome(c, who, title, ui.Crumb{Label: t(c, "Desk"), Href: "/desk"}, ui.Crumb{Label: t(c, "Appeals"), Href: "/desk/appeals"}, ui.Crumb{Label: p.Record.Reference})
		return p, nil
	}
	p.Chrome = w.chrome(c, who, title)
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Home"), Href: "/company"}, {Label: p.Record.Case, Href: "/enforcement/" + p.Record.CaseID.String()}, {Label: p.Record.Reference}}
	return p, nil
}

func (w *Web) showAppeal(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.appealPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Show(p))
}

// appealStep carries out a step of an appeal, or shows its form again with what was typed.
func (w *Web) appealStep(c *fiber.Ctx, who identity.Actor, act appeal.Action, done string, do func(ctx context.Context, id uuid.UUID, version int) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if refusal := do(c.UserContext(), id, formVersion(c)); refusal != nil {
		fields, conflict, status, err := kept(refusal)
		if err != nil {
			return err
		}
		p, err := w.appealPage(c, who)
		if err != nil {
			return err
		}
		p.Act, p.Errors, p.Conflict, p.Chrome.Errors = act, fields, conflict, fields != nil
		p.Body, p.Answer, p.Outcome = c.FormValue("body"), c.FormValue("answer"), c.FormValue("outcome")
		return render(c, status, view.Show(p))
	}
	w.flash(c, ui.Good, done)
	if who.Audience == identity.Staff {
		return seeOther(c, view.DeskPath(id, ""))
	}
	return seeOther(c, view.Path(id, ""))
}

func (w *Web) takeAppeal(c *fiber.Ctx, who identity.Actor) error {
	return w.appealStep(c, who, appeal.Take, t(c, "You have the appeal in hand"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Appeals.Take(ctx, who, id, version)
	})
}

func (w *Web) addToAppeal(c *fiber.Ctx, who identity.Actor) error {
	return w.appealStep(c, who, appeal.Add, t(c, "It is added"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Appeals.Add(ctx, who, id, c.FormValue("body"), version)
	})
}

func (w *Web) dropAppeal(c *fiber.Ctx, who identity.Actor) error {
	return w.appealStep(c, who, appeal.Drop, t(c, "The appeal is taken back"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Appeals.Drop(ctx, who, id, version)
	})
}

func (w *Web) decideAppeal(c *fiber.Ctx, who identity.Actor) error {
	return w.appealStep(c, who, appeal.Decide, t(c, "The appeal is decided. The company has been told"), func(ctx context.Context, id uuid.UUID, version int) error {
		return w.Appeals.Decide(ctx, who, id, appeal.DecisionEntry{Outcome: appeal.Outcome(c.FormValue("outcome")), Answer: c.FormValue("answer"), Version: version})
	})
}

func (w *Web) showAppeals(c *fiber.Ctx, who identity.Actor) error {
	q, err := w.Appeals.List(c.UserContext(), who, appeal.QueueName(c.Query("queue")))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Queue(view.QueuePage{Chrome: w.wideChrome(c, who, t(c, "Appeals"), deskCrumbs(c, t(c, "Appeals"))...), Queue: q, Rules: func(code string) *programme.Programme {
		p, _ := w.Programmes.Get(code)
		return p
	}}))
}
