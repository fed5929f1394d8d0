package web

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/claim"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	view "trustedtrader/views/claim"
	"trustedtrader/views/ui"
)

// typed keeps what was entered in the named fields of a form.
func typed(c *fiber.Ctx, names ...string) map[string]string {
	out := map[string]string{}
	for _, name := range names {
		out[name] = c.FormValue(name)
	}
	return out
}

func (w *Web) newClaim(c *fiber.Ctx, who identity.Actor) error {
	return w.drawClaimForm(c, who, view.FormPage{Typed: map[string]string{"benefit": c.Query("benefit")}}, nil)
}

func (w *Web) drawClaimForm(c *fiber.Ctx, who identity.Actor, p view.FormPage, refusal error) error {
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
	if p.Form, err = w.Claims.Form(c.UserContext(), who, id); err != nil {
		return err
	}
	p.Register = w.Claims.Register
	p.Chrome = w.chrome(c, who, t(c, "This benefit was not given"))
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Home"), Href: "/company"}, {Label: t(c, "Benefits of %s", p.Form.Number), Href: "/memberships/" + id.String() + "/benefits"}, {Label: p.Chrome.Title}}
	p.Chrome.Errors = p.Errors != nil
	return render(c, status, view.New(p))
}

func (w *Web) makeClaim(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	from, to := formDate(c, "from"), formDate(c, "to")
	in := claim.Entry{Membership: id, Benefit: c.FormValue("benefit"), Place: c.FormValue("place"), Arrangement: c.FormValue("arrangement"), Refs: c.FormValue("refs"), Happened: c.FormValue("happened")}
	if d, ok := from.Date(); ok {
		in.From = clock.DayOf(d, time.UTC)
	}
	if d, ok := to.Date(); ok {
		in.To = clock.DayOf(d, time.UTC)
	}
	made, err := w.Claims.Open(c.UserContext(), who, in)
	if err != nil {
		return w.drawClaimForm(c, who, view.FormPage{Typed: typed(c, "benefit", "place", "arrangement", "refs", "happened"), From: from, To: to}, err)
	}
	w.flash(c, ui.Good, t(c, "Your claim is made. Its number is %s", made.Reference))
	return seeOther(c, view.Path(made.ID, ""))
}

func (w *Web) showClaims(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Claims.Own(c.UserContext(), who, pageNumber(c))
	if err != nil {
		return err
	}
	chrome := w.wideChrome(c, who, t(c, "Claims about benefits"), ui.Crumb{Label: t(c, "Benefits in figures"), Href: "/benefits"}, ui.Crumb{Label: t(c, "Claims")})
	return render(c, fiber.StatusOK, view.Own(view.ListPage{Chrome: chrome, List: list, Programmes: w.Programmes, Register: w.Claims.Register}))
}

// claimPage reads a claim for its page at the desk or at its company.
func (w *Web) claimPage(c *fiber.Ctx, who identity.Actor) (p view.Page, err error) {
	id, err := pathID(c, "id")
	if err != nil {
		return p, err
	}
	if p.Record, err = w.Claims.Read(c.UserContext(), who, id); err != nil {
		return p, err
	}
	p.Register, p.MayShow, p.Desk = w.Claims.Register, mayShow(who, p.Record.Status.Open()), who.Audience == identity.Staff
	title := t(c, "Claim %s", p.Record.Reference)
	if p.Desk {
		p.Chrome = w.wideChrome(c, who, title, ui.Crumb{Label: t(c, "Desk"), Href: "/desk"}, ui.Crumb{Label: t(c, "Claims about benefits"), Href: "/desk/claims"}, ui.Crumb{Label: p.Record.Reference})
		return p, nil
	}
	p.Chrome = w.chrome(c, who, title)
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Benefits in figures"), Href: "/benefits"}, {Label: t(c, "Claims"), Href: "/benefits/claims"}, {Label: p.Record.Reference}}
	return p, nil
}

func (w *Web) showClaim(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.claimPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Show(p))
}

// claimStep carries out a step of a claim, or shows its form again with what was typed.
func (w *Web) claimStep(act claim.Action, done string, do func(ctx context.Context, c *fiber.Ctx, who identity.Actor, id uuid.UUID, version int) error) Handler {
	return func(c *fiber.Ctx, who identity.Actor) error {
		id, err := pathID(c, "id")
		if err != nil {
			return err
		}
		if refusal := do(c.UserContext(), c, who, id, formVersion(c)); refusal != nil {
			fields, conflict, status, err := kept(refusal)
			if err != nil {
				return err
			}
			p, err := w.claimPage(c, who)
			if err != nil {
				return err
			}
			p.Act, p.Errors, p.Conflict, p.Chrome.Errors = act, fields, conflict, fields != nil
			p.Typed = typed(c, "facts", "question", "refs", "happened", "reason", "answer")
			return render(c, status, view.Show(p))
		}
		w.flash(c, ui.Good, t(c, done))
		if who.Audience == identity.Staff {
			return seeOther(c, view.DeskPath(id, ""))
		}
		return seeOther(c, view.Path(id, ""))
	}
}

func (w *Web) claimAgain(ctx context.Context, c *fiber.Ctx, who identity.Actor, id uuid.UUID, version int) error {
	return w.Claims.Again(ctx, who, id, claim.AgainEntry{Facts: c.FormValue("facts"), Version: version})
}

func (w *Web) withdrawClaim(ctx context.Context, _ *fiber.Ctx, who identity.Actor, id uuid.UUID, version int) error {
	return w.Claims.Withdraw(ctx, who, id, version)
}

func (w *Web) takeClaim(ctx context.Context, _ *fiber.Ctx, who identity.Actor, id uuid.UUID, version int) error {
	return w.Claims.Take(ctx, who, id, version)
}

func (w *Web) askAboutClaim(ctx context.Context, c *fiber.Ctx, who identity.Actor, id uuid.UUID, version int) error {
	return w.Claims.Ask(ctx, who, id, claim.AskEntry{Question: c.FormValue("question"), Refs: c.FormValue("refs") != "", Happened: c.FormValue("happened") != "", Version: version})
}

func (w *Web) recallClaim(ctx context.Context, _ *fiber.Ctx, who identity.Actor, id uuid.UUID, version int) error {
	return w.Claims.Recall(ctx, who, id, version)
}

func (w *Web) answerClaim(ctx context.Context, c *fiber.Ctx, who identity.Actor, id uuid.UUID, version int) error {
	return w.Claims.Answer(ctx, who, id, claim.AnswerEntry{Reason: c.FormValue("reason"), Answer: c.FormValue("answer"), Version: version})
}

func (w *Web) showClaimQueue(c *fiber.Ctx, who identity.Actor) error {
	q, err := w.Claims.Desk(c.UserContext(), who, claim.Filter{Queue: claim.QueueName(c.Query("queue")), Everybody: c.Query("office") == "all", Programme: c.Query("programme"), Benefit: c.Query("benefit"), Page: pageNumber(c)})
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Queue(view.QueuePage{Chrome: w.wideChrome(c, who, t(c, "Claims about benefits"), deskCrumbs(c, t(c, "Claims about benefits"))...), Queue: q,
		Programmes: w.Programmes, Register: w.Claims.Register, Everywhere: who.Is(identity.Everywhere...), Counts: who.Is(claim.Counters()...)}))
}

func (w *Web) showClaimNumbers(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Claims.Numbers(c.UserContext(), who)
	if err != nil {
		return err
	}
	chrome := w.wideChrome(c, who, t(c, "What claims came to"), ui.Crumb{Label: t(c, "Desk"), Href: "/desk"}, ui.Crumb{Label: t(c, "Claims about benefits"), Href: "/desk/claims"}, ui.Crumb{Label: t(c, "What claims came to")})
	return render(c, fiber.StatusOK, view.Numbers(view.NumbersPage{Chrome: chrome, List: list, Programmes: w.Programmes}))
}

func (w *Web) showAgencyClaims(c *fiber.Ctx, who identity.Actor) error {
	l, err := w.Claims.Questions(c.UserContext(), who, claim.RequestStatus(c.Query("status")), pageNumber(c))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Questions(view.AgencyListPage{Chrome: w.wideChrome(c, who, t(c, "Questions about benefits")), List: l, Register: w.Claims.Register, Zone: who.Zone}))
}

func (w *Web) agencyClaimPage(c *fiber.Ctx, who identity.Actor) (p view.AgencyPage, err error) {
	id, err := pathID(c, "id")
	if err != nil {
		return p, err
	}
	p = view.AgencyPage{Register: w.Claims.Register, Zone: who.Zone, Typed: map[string]string{}}
	if p.Question, err = w.Claims.Question(c.UserContext(), who, id); err != nil {
		return p, err
	}
	p.Chrome = w.chrome(c, who, t(c, "Question about %s", p.Question.Number))
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Questions about benefits"), Href: "/agency/claims"}, {Label: p.Chrome.Title}}
	return p, nil
}

func (w *Web) showAgencyClaim(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.agencyClaimPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Question(p))
}

func (w *Web) answerAgencyClaim(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := claim.ReplyEntry{Reason: c.FormValue("reason"), Done: c.FormValue("done"), Version: formVersion(c)}
	if refusal := w.Claims.Reply(c.UserContext(), who, id, in); refusal != nil {
		fields, conflict, status, err := kept(refusal)
		if err != nil {
			return err
		}
		p, err := w.agencyClaimPage(c, who)
		if err != nil {
			return err
		}
		p.Errors, p.Conflict, p.Chrome.Errors, p.Typed = fields, conflict, fields != nil, typed(c, "reason", "done")
		return render(c, status, view.Question(p))
	}
	w.flash(c, ui.Good, t(c, "Your answer is sent"))
	return seeOther(c, view.AgencyPath(id, ""))
}
