package web

import (
	"context"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/succession"
	view "trustedtrader/views/succession"
	"trustedtrader/views/ui"
)

// memberCrumbs lead back to a membership.
func memberCrumbs(c *fiber.Ctx, id uuid.UUID, number, here string) []ui.Crumb {
	return []ui.Crumb{{Label: t(c, "Membership %s", number), Href: "/memberships/" + id.String()}, {Label: here}}
}

func (w *Web) showLeave(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, err := w.Successions.Choose(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	life, err := w.Successions.Of(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	ch := w.chrome(c, who, t(c, "Leave or change"))
	ch.Breadcrumb = memberCrumbs(c, id, b.Number, ch.Title)
	return render(c, fiber.StatusOK, view.Choose(view.ChoosePage{Chrome: ch, Start: b, Life: life}))
}

// caseForm draws the form of a case, with what was refused.
func (w *Web) caseForm(c *fiber.Ctx, who identity.Actor, p view.FormPage, failed error) error {
	fields, conflict, status, err := []fault.Field(nil), (*fault.Error)(nil), fiber.StatusOK, error(nil)
	if failed != nil {
		if fields, conflict, status, err = kept(failed); err != nil {
			return err
		}
	}
	var ok bool
	if p.Rule, ok = p.Start.Rules.Succession.Kind(p.Entered.Kind); !ok {
		return fault.Missing()
	}
	p.Errors, p.Conflict = fields, conflict
	p.Chrome = w.chrome(c, who, t(c, p.Rule.Name))
	p.Chrome.Breadcrumb = memberCrumbs(c, p.Start.Membership, p.Start.Number, p.Chrome.Title)
	p.Chrome.Errors = fields != nil
	return render(c, status, view.Form(p))
}

func (w *Web) newLeaving(c *fiber.Ctx, who identity.Actor) error { return w.beginLeaving(c, who, nil) }

func (w *Web) beginLeaving(c *fiber.Ctx, who identity.Actor, failed error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, err := w.Successions.Choose(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	p := view.FormPage{Start: b, Action: view.LeavePath(id, "/"+c.Params("kind")), Back: view.LeavePath(id, ""), Entered: succession.Entry{ID: b.ID, Kind: c.Params("kind")}}
	if failed != nil {
		if p.Entered, err = leavingEntry(c); err != nil {
			return err
		}
		p.Entered.Kind, p.Day = c.Params("kind"), formDate(c, "effective_on")
	}
	return w.caseForm(c, who, p, failed)
}

// leavingEntry reads the form of a case. A day that is none stays what it is: no day.
func leavingEntry(c *fiber.Ctx) (in succession.Entry, err error) {
	in = succession.Entry{Reason: c.FormValue("reason"), Note: c.FormValue("note"), Successor: c.FormValue("successor"), NewName: c.FormValue("new_name"), NewCountry: c.FormValue("new_country"),
		EntityType: c.FormValue("entity_type"), Whole: c.FormValue("whole") != "", ShareAnswers: c.FormValue("share_answers") != "", Version: formVersion(c)}
	if id, err := uuid.Parse(c.FormValue("new")); err == nil {
		in.ID = id
	}
	if id, err := uuid.Parse(c.FormValue("lead")); err == nil {
		in.Lead = id
	}
	if d, ok := formDate(c, "effective_on").Date(); ok {
		in.Day = clock.DayOf(d, d.Location()).String()
	}
	in.Proof, err = formIDs(c, "proof")
	slices.SortFunc(in.Proof, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	in.Proof = slices.Compact(in.Proof)
	return in, err
}

func (w *Web) openLeaving(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in, err := leavingEntry(c)
	if err != nil {
		return err
	}
	in.Membership, in.Kind = id, c.Params("kind")
	x, err := w.Successions.Open(c.UserContext(), who, in)
	if err != nil {
		return w.beginLeaving(c, who, err)
	}
	return seeOther(c, view.Path(x.ID, ""))
}

func (w *Web) editLeaving(c *fiber.Ctx, who identity.Actor) error {
	return w.rewriteLeaving(c, who, nil)
}

func (w *Web) rewriteLeaving(c *fiber.Ctx, who identity.Actor, failed error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, r, in, err := w.Successions.Rewrite(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	p := view.FormPage{Start: b, Entered: in, Action: view.Path(id, "/edit"), Back: view.Path(id, "")}
	if !r.EffectiveOn.IsZero() {
		p.Day = ui.DateOf(r.EffectiveOn.Time())
	}
	if failed != nil {
		if p.Entered, err = leavingEntry(c); err != nil {
			return err
		}
		p.Entered.Kind, p.Day = r.Kind, formDate(c, "effective_on")
	}
	return w.caseForm(c, who, p, failed)
}

func (w *Web) saveLeaving(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in, err := leavingEntry(c)
	if err != nil {
		return err
	}
	if _, err := w.Successions.Change(c.UserContext(), who, id, in); err != nil {
		return w.rewriteLeaving(c, who, err)
	}
	return seeOther(c, view.Path(id, ""))
}

// leavingPage reads a case for its page at its company or at the desk.
func (w *Web) leavingPage(c *fiber.Ctx, who identity.Actor) (p view.Page, err error) {
	id, err := pathID(c, "id")
	if err != nil {
		return p, err
	}
	r, err := w.Successions.Show(c.UserContext(), who, id)
	if err != nil {
		return p, err
	}
	p = view.Page{Record: r, Audience: who.Audience, Typed: map[string]string{}}
	if who.Audience == identity.Companies {
		p.Chrome = w.chrome(c, who, r.Reference)
		p.Chrome.Breadcrumb = memberCrumbs(c, r.MembershipID, r.Number, r.Reference)
	} else {
		p.Chrome = w.wideChrome(c, who, r.Reference, ui.Crumb{Label: t(c, "Desk"), Href: "/desk"}, ui.Crumb{Label: t(c, "Leaving and changing"), Href: "/desk/successions"}, ui.Crumb{Label: r.Reference})
	}
	return p, nil
}

func drawLeaving(c *fiber.Ctx, who identity.Actor, status int, p view.Page) error {
	if who.Audience == identity.Companies {
		return render(c, status, view.Case(p))
	}
	return render(c, status, view.Desk(p))
}

func (w *Web) showLeaving(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.leavingPage(c, who)
	if err != nil {
		return err
	}
	return drawLeaving(c, who, fiber.StatusOK, p)
}

// leavingStep carries out a step of a case, or shows its page again with what was typed.
func (w *Web) leavingStep(c *fiber.Ctx, who identity.Actor, act, done string, do func(ctx context.Context, id uuid.UUID) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		p, err := w.leavingPage(c, who)
		if err != nil {
			return err
		}
		for i := range fields {
			fields[i].Name = view.Field(act, fields[i].Name)
		}
		p.Act, p.Errors, p.Conflict, p.Chrome.Errors = act, fields, conflict, fields != nil
		for _, name := range []string{"text", "answer", "application"} {
			p.Typed[name] = c.FormValue(view.Field(act, name))
		}
		return drawLeaving(c, who, status, p)
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, succession.Path(who.Audience, id))
}

func leavingText(c *fiber.Ctx, act string) succession.StepEntry {
	return succession.StepEntry{Version: formVersion(c), Text: c.FormValue(view.Field(act, "text"))}
}

func (w *Web) sendLeaving(c *fiber.Ctx, who identity.Actor) error {
	return w.leavingStep(c, who, "send", t(c, "It is sent"), func(ctx context.Context, id uuid.UUID) error {
		_, err := w.Successions.Submit(ctx, who, id, formVersion(c))
		return err
	})
}

func (w *Web) dropLeaving(c *fiber.Ctx, who identity.Actor) error {
	return w.leavingStep(c, who, "drop", t(c, "It is given up, and nothing was sent"), func(ctx context.Context, id uuid.UUID) error {
		_, err := w.Successions.Drop(ctx, who, id, formVersion(c))
		return err
	})
}

func (w *Web) callOffLeaving(c *fiber.Ctx, who identity.Actor) error {
	return w.leavingStep(c, who, "calloff", t(c, "It is called off. The membership stays as it is"), func(ctx context.Context, id uuid.UUID) error {
		_, err := w.Successions.TakeBack(ctx, who, id, leavingText(c, "calloff"))
		return err
	})
}

func (w *Web) showLeavings(c *fiber.Ctx, who identity.Actor) error {
	q, err := w.Successions.Queue(c.UserContext(), who, succession.Filter{Queue: succession.QueueName(c.Query("queue")), Kind: c.Query("kind"), After: c.Query("after")})
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Queue(view.QueuePage{Chrome: w.wideChrome(c, who, t(c, "Leaving and changing"), deskCrumbs(c, t(c, "Leaving and changing"))...),
		Queue: q, Programmes: w.Programmes.All()}))
}

func (w *Web) takeLeaving(c *fiber.Ctx, who identity.Actor) error {
	return w.leavingStep(c, who, "take", t(c, "You look at this case now"), func(ctx context.Context, id uuid.UUID) error {
		_, err := w.Successions.Take(ctx, who, id, formVersion(c))
		return err
	})
}

func (w *Web) askLeaving(c *fiber.Ctx, who identity.Actor) error {
	return w.leavingStep(c, who, "ask", t(c, "The case is sent back, and the company has been told"), func(ctx context.Context, id uuid.UUID) error {
		_, err := w.Successions.GiveBack(ctx, who, id, leavingText(c, "ask"))
		return err
	})
}

func (w *Web) handBackLeaving(c *fiber.Ctx, who identity.Actor) error {
	return w.leavingStep(c, who, "handback", t(c, "The case is given back"), func(ctx context.Context, id uuid.UUID) error {
		_, err := w.Successions.HandBack(ctx, who, id, leavingText(c, "handback"))
		return err
	})
}

func (w *Web) decideLeaving(c *fiber.Ctx, who identity.Actor) error {
	return w.leavingStep(c, who, "decide", t(c, "Your answer is kept"), func(ctx context.Context, id uuid.UUID) error {
		answer := c.FormValue(view.Field("decide", "answer"))
		if answer != "yes" && answer != "no" {
			return fault.Fail([]fault.Field{fault.F("answer", "Choose yes or no")})
		}
		_, err := w.Successions.Decide(ctx, who, id, answer == "yes", leavingText(c, "decide"))
		return err
	})
}

func (w *Web) decideLeavingItem(c *fiber.Ctx, who identity.Actor) error {
	return w.leavingStep(c, who, "items", t(c, "It is noted"), func(ctx context.Context, id uuid.UUID) error {
		item, err := uuid.Parse(c.FormValue("item"))
		if err != nil {
			return fiber.ErrBadRequest
		}
		_, err = w.Successions.DecideItem(ctx, who, id, succession.ItemEntry{Version: formVersion(c), Kind: c.FormValue("kind"), ID: item, Decision: c.FormValue("decision")})
		return err
	})
}

func (w *Web) linkLeaving(c *fiber.Ctx, who identity.Actor) error {
	return w.leavingStep(c, who, "link", t(c, "The application is linked"), func(ctx context.Context, id uuid.UUID) error {
		_, err := w.Successions.Link(ctx, who, id, succession.LinkEntry{Version: formVersion(c), Application: c.FormValue(view.Field("link", "application"))})
		return err
	})
}
