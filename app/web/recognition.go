package web

import (
	"context"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/recognition"
	view "trustedtrader/views/recognition"
	"trustedtrader/views/ui"
)

func (w *Web) showRecognitions(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.Recognitions.Mine(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.List(view.ListPage{Chrome: w.wideChrome(c, who, t(c, "Recognition abroad")), Page: p, Register: w.Recognitions.Register, Programmes: w.Programmes, Zone: who.Zone}))
}

func (w *Web) recognitionPage(c *fiber.Ctx, who identity.Actor) (p view.OnePage, err error) {
	p = view.OnePage{Register: w.Recognitions.Register, Programmes: w.Programmes, Zone: who.Zone, Typed: map[string]string{}, Days: map[string]ui.DateValue{}}
	if p.One, err = w.Recognitions.Show(c.UserContext(), who, c.Params("code")); err != nil {
		return p, err
	}
	name := p.One.Items[0].Rules.Partner
	p.Chrome = w.chrome(c, who, name)
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Recognition abroad"), Href: "/recognition"}, {Label: name}}
	return p, nil
}

func (w *Web) showRecognition(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.recognitionPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.One(p))
}

func (w *Web) showRecognitionSheet(c *fiber.Ctx, who identity.Actor) error {
	one, err := w.Recognitions.Show(c.UserContext(), who, c.Params("code"))
	if err != nil {
		return err
	}
	p := view.SheetPage{One: one, Item: one.Items[0], Programmes: w.Programmes, Chrome: w.chrome(c, who, t(c, "For your trading partner"))}
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Recognition abroad"), Href: "/recognition"}, {Label: p.Item.Rules.Partner, Href: view.Path(one.Code, "")}, {Label: p.Chrome.Title}}
	return render(c, fiber.StatusOK, view.Sheet(p))
}

// recognitionStep carries out a step of a company, or shows the page again with what was typed.
func (w *Web) recognitionStep(c *fiber.Ctx, who identity.Actor, act, done string, do func(ctx context.Context, code string) error) error {
	code := c.Params("code")
	if err := do(c.UserContext(), code); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		p, err := w.recognitionPage(c, who)
		if err != nil {
			return err
		}
		p.Act, p.Errors, p.Conflict, p.Chrome.Errors = act, fields, conflict, fields != nil
		for k, v := range c.Request().PostArgs().All() {
			p.Typed[string(k)] = string(v)
		}
		p.Days["from"], p.Days["until"] = formDate(c, "from"), formDate(c, "until")
		return render(c, status, view.One(p))
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, view.Path(code, ""))
}

func (w *Web) askRecognition(c *fiber.Ctx, who identity.Actor) error {
	return w.recognitionStep(c, who, "ask", t(c, "Your request is sent. The partner sees your membership now"), func(ctx context.Context, code string) error {
		id, err := uuid.Parse(c.FormValue("membership"))
		if err != nil {
			return fault.Missing()
		}
		_, err = w.Recognitions.Ask(ctx, who, code, recognition.AskEntry{Membership: id, Agree: c.FormValue("agree") != "", Text: c.FormValue("text")})
		return err
	})
}

func (w *Web) withdrawRecognition(c *fiber.Ctx, who identity.Actor) error {
	return w.recognitionStep(c, who, "withdraw", t(c, "The consent is withdrawn. The partner sees nothing of you any more"), func(ctx context.Context, code string) error {
		return w.Recognitions.WithdrawConsent(ctx, who, code, c.FormValue("home"))
	})
}

func (w *Web) addPartnerNumber(c *fiber.Ctx, who identity.Actor) error {
	return w.recognitionStep(c, who, "numbers", t(c, "The number is added"), func(ctx context.Context, code string) error {
		in := recognition.NumberEntry{Scheme: c.FormValue("scheme"), Value: c.FormValue("value"), Everybody: c.FormValue("everybody") != "", Site: c.FormValue("site"), Address: c.FormValue("address"),
			From: formDay(c, "from"), Until: formDay(c, "until")}
		return w.Recognitions.AddNumber(ctx, who, code, in)
	})
}

func (w *Web) removePartnerNumber(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	return w.recognitionStep(c, who, "numbers", t(c, "The number is removed"), func(ctx context.Context, _ string) error {
		return w.Recognitions.RemoveNumber(ctx, who, id)
	})
}

func pageNumber(c *fiber.Ctx) int {
	n, err := strconv.Atoi(c.Query("page"))
	if err != nil {
		return 1
	}
	return n
}

func (w *Web) showAgencyMembers(c *fiber.Ctx, who identity.Actor) error {
	d, err := w.Recognitions.Members(c.UserContext(), who, recognition.Status(c.Query("status")), pageNumber(c))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Desk(view.DeskPage{Chrome: w.wideChrome(c, who, t(c, "Members to recognize")), Desk: d, Register: w.Recognitions.Register, Programmes: w.Programmes, Zone: who.Zone}))
}

func (w *Web) agencyMemberPage(c *fiber.Ctx, who identity.Actor) (p view.MemberPage, err error) {
	id, err := pathID(c, "id")
	if err != nil {
		return p, err
	}
	p = view.MemberPage{Register: w.Recognitions.Register, Programmes: w.Programmes, Zone: who.Zone, Typed: map[string]string{}}
	if p.Seen, err = w.Recognitions.Member(c.UserContext(), who, id); err != nil {
		return p, err
	}
	p.Chrome = w.chrome(c, who, t(c, "Membership %s", p.Seen.Line.Number))
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Members to recognize"), Href: "/agency/recognition"}, {Label: p.Chrome.Title}}
	return p, nil
}

func (w *Web) showAgencyMember(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.agencyMemberPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Member(p))
}

// answerStep is an answer of a partner.
type answerStep = func(ctx context.Context, by identity.Actor, id uuid.UUID, in recognition.AnswerEntry) error

// agencyAnswer carries out an answer of a partner, or shows the member again with what was typed.
func (w *Web) agencyAnswer(act, done string, do func(s *recognition.Service) answerStep) Handler {
	return func(c *fiber.Ctx, who identity.Actor) error {
		id, err := pathID(c, "id")
		if err != nil {
			return err
		}
		in := recognition.AnswerEntry{Version: formVersion(c), Ref: c.FormValue("partner_ref"), Reason: c.FormValue("reason")}
		if err := do(w.Recognitions)(c.UserContext(), who, id, in); err != nil {
			fields, conflict, status, err := kept(err)
			if err != nil {
				return err
			}
			p, err := w.agencyMemberPage(c, who)
			if err != nil {
				return err
			}
			p.Act, p.Errors, p.Conflict, p.Chrome.Errors = act, fields, conflict, fields != nil
			p.Typed["partner_ref"], p.Typed["reason"] = in.Ref, in.Reason
			return render(c, status, view.Member(p))
		}
		w.flash(c, ui.Good, t(c, done))
		return seeOther(c, view.MemberPath(id, ""))
	}
}

func (w *Web) showAgencyNotices(c *fiber.Ctx, who identity.Actor) error {
	n, err := w.Recognitions.Notices(c.UserContext(), who, c.Query("show") != "all", pageNumber(c))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Notices(view.NoticesPage{Chrome: w.wideChrome(c, who, t(c, "Notices")), Notices: n, Register: w.Recognitions.Register, Zone: who.Zone}))
}

func (w *Web) acknowledgeNotice(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Recognitions.AcknowledgeNotice(c.UserContext(), who, id); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "It is acknowledged"))
	return seeOther(c, "/agency/notices")
}

// acknowledgeWhole acknowledges everything that followed from steps of whole arrangements.
func (w *Web) acknowledgeWhole(c *fiber.Ctx, who identity.Actor) error {
	n, err := w.Recognitions.AcknowledgeWhole(c.UserContext(), who)
	if err != nil {
		return err
	}
	w.flash(c, ui.Good, i18n.N(c.UserContext(), "%d notice is acknowledged", "%d notices are acknowledged", n))
	return seeOther(c, "/agency/notices")
}
