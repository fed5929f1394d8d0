package web

import (
	"context"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/signin"
	view "trustedtrader/views/profilereview"
	"trustedtrader/views/ui"
)

func profileFilter(q func(string, ...string) string) profilereview.Filter {
	return profilereview.Filter{Queue: profilereview.QueueName(q("queue")), Programme: q("programme"), Kind: q("kind"),
		Status: profile.Status(q("status")), Order: profilereview.Order(q("sort")), After: q("after")}
}

// showProfileQueue shows one page of the queue of security profiles.
func (w *Web) showProfileQueue(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.profileQueue(c, who, profileFilter(c.Query))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Queue(p))
}

func (w *Web) profileQueue(c *fiber.Ctx, who identity.Actor, f profilereview.Filter) (view.QueuePage, error) {
	q, err := w.ProfileDesk.Queue(c.UserContext(), who, f)
	return view.QueuePage{Chrome: w.wideChrome(c, who, t(c, "Security profiles"), deskCrumbs(c, t(c, "Security profiles"))...), Queue: q, Programmes: w.Programmes.All()}, err
}

// assignProfiles assigns the chosen profiles and shows the list again with a report.
func (w *Web) assignProfiles(c *fiber.Ctx, who identity.Actor) error {
	values := formAll(c, "profile")
	chosen, err := selections(values)
	if err != nil {
		return err
	}
	person, err := uuid.Parse(c.FormValue("person"))
	if err != nil {
		person = uuid.Nil
	}
	report, err := w.ProfileDesk.Assign(c.UserContext(), who, chosen, person)
	fields := fault.Fields(err)
	if err != nil && fields == nil {
		return err
	}
	back, _ := url.Parse(signin.LocalPath(c.FormValue("back")))
	if back == nil {
		back = &url.URL{}
	}
	q := back.Query()
	p, err := w.profileQueue(c, who, profileFilter(func(name string, _ ...string) string { return q.Get(name) }))
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	p.Assigned, p.Errors = report, fields
	if fields != nil {
		status, p.Chrome.Errors, p.Chosen, p.Person = fiber.StatusUnprocessableEntity, true, values, c.FormValue("person")
	}
	p.Path = "/desk/profiles?" + q.Encode()
	return render(c, status, view.Queue(p))
}

// profilePage reads the profile of the path for one of its pages.
func (w *Web) profilePage(c *fiber.Ctx, who identity.Actor, tab view.Tab) (view.Page, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.Page{}, err
	}
	r, err := w.ProfileDesk.Record(c.UserContext(), who, id)
	return view.Page{Chrome: w.wideChrome(c, who, t(c, "%s: %s", r.Reference, t(c, tab.Title())), profileCrumbs(c, r.Reference)...), Record: r, Tab: tab}, err
}

// profileCrumbs lead back to the queue of profiles.
func profileCrumbs(c *fiber.Ctx, rest ...string) []ui.Crumb {
	out := []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Security profiles"), Href: "/desk/profiles"}}
	for _, label := range rest {
		out = append(out, ui.Crumb{Label: label})
	}
	return out
}

// refusedProfile reads the profile again for a form that was refused.
func (w *Web) refusedProfile(c *fiber.Ctx, who identity.Actor, tab view.Tab, err error) (view.Page, int, error) {
	fields, conflict, status, err := kept(err)
	if err != nil {
		return view.Page{}, 0, err
	}
	p, err := w.profilePage(c, who, tab)
	p.Errors, p.Conflict, p.Chrome.Errors = fields, conflict, fields != nil
	return p, status, err
}

func selection(c *fiber.Ctx) profilereview.Selection {
	return profilereview.Selection{Show: profilereview.Show(c.Query("show")), Section: c.Query("section")}
}

// showProfileReview shows the criteria of a profile.
func (w *Web) showProfileReview(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.profilePage(c, who, view.ListTab)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.List(view.ListPage{Page: p, Selection: p.Record.Tidy(selection(c))}))
}

// profileStep carries out a step that needs no more than the version of the profile.
func (w *Web) profileStep(c *fiber.Ctx, do func(ctx context.Context, id uuid.UUID, version int) error, back view.Tab, done string) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, view.Path(id, string(back)))
}

func (w *Web) claimProfile(c *fiber.Ctx, who identity.Actor) error {
	return w.profileStep(c, func(ctx context.Context, id uuid.UUID, version int) error {
		return w.ProfileDesk.Claim(ctx, who, id, version)
	}, view.ListTab, t(c, "This profile is assigned to you now"))
}

func (w *Web) releaseProfile(c *fiber.Ctx, who identity.Actor) error {
	return w.profileStep(c, func(ctx context.Context, id uuid.UUID, version int) error {
		return w.ProfileDesk.Release(ctx, who, id, version)
	}, view.ListTab, t(c, "The profile is back in the office's queue"))
}

func (w *Web) startProfileReview(c *fiber.Ctx, who identity.Actor) error {
	return w.profileStep(c, func(ctx context.Context, id uuid.UUID, version int) error {
		return w.ProfileDesk.StartReview(ctx, who, id, version)
	}, view.ListTab, t(c, "The review has started"))
}

func (w *Web) cancelProfileReturn(c *fiber.Ctx, who identity.Actor) error {
	return w.profileStep(c, func(ctx context.Context, id uuid.UUID, version int) error {
		return w.ProfileDesk.CancelReturn(ctx, who, id, version)
	}, view.ListTab, t(c, "The return is taken back, and the company has been told"))
}

func (w *Web) showProfileSend(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.profilePage(c, who, view.SendTab)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Send(view.SendPage{Page: p}))
}

// sendProfileBack returns a profile to the company, or shows the form again with another
// criterion in it.
func (w *Web) sendProfileBack(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := profilereview.ReturnEntry{Version: formVersion(c), Message: c.FormValue("message")}
	for _, criterion := range formAll(c, "criterion") {
		in.Points = append(in.Points, profilereview.Point{Criterion: criterion, Remark: c.FormValue(profilereview.PointField(criterion))})
	}
	if c.FormValue("do") == "add" {
		p, err := w.profilePage(c, who, view.SendTab)
		if err != nil {
			return err
		}
		return render(c, fiber.StatusOK, view.Send(view.SendPage{Page: p, Typed: &in, Added: []string{c.FormValue("another")}}))
	}
	if err := w.ProfileDesk.SendBack(c.UserContext(), who, id, in); err != nil {
		p, status, err := w.refusedProfile(c, who, view.SendTab, err)
		if err != nil {
			return err
		}
		return render(c, status, view.Send(view.SendPage{Page: p, Typed: &in}))
	}
	w.flash(c, ui.Good, t(c, "The profile is sent back, and the company has been told"))
	return seeOther(c, view.Path(id, string(view.SendTab)))
}

func (w *Web) showProfileAccept(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.profilePage(c, who, view.AcceptTab)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Accept(view.AcceptPage{Page: p}))
}

func (w *Web) acceptProfile(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.ProfileDesk.Accept(c.UserContext(), who, id, formVersion(c)); err != nil {
		p, status, err := w.refusedProfile(c, who, view.AcceptTab, err)
		if err != nil {
			return err
		}
		return render(c, status, view.Accept(view.AcceptPage{Page: p}))
	}
	w.flash(c, ui.Good, t(c, "The profile is accepted, and the company has been told"))
	return seeOther(c, view.Path(id, string(view.ListTab)))
}

// screenPage reads one criterion of a profile.
func (w *Web) screenPage(c *fiber.Ctx, who identity.Actor) (view.ScreenPage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.ScreenPage{}, err
	}
	x, err := w.ProfileDesk.Screen(c.UserContext(), who, id, c.Params("criterion"), selection(c), profilereview.Against(c.Query("against")))
	crumbs := append(profileCrumbs(c), ui.Crumb{Label: x.Reference, Href: view.Path(id, "")}, ui.Crumb{Label: c.Params("criterion")})
	return view.ScreenPage{Chrome: w.wideChrome(c, who, t(c, "%s: criterion %s", x.Reference, c.Params("criterion")), crumbs...), Screen: x}, err
}

func (w *Web) showProfileCriterion(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.screenPage(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Screen(p))
}

// refusedScreen reads the criterion again for a form on its page that was refused.
func (w *Web) refusedScreen(c *fiber.Ctx, who identity.Actor, err error) (view.ScreenPage, int, error) {
	fields, conflict, status, err := kept(err)
	if err != nil {
		return view.ScreenPage{}, 0, err
	}
	p, err := w.screenPage(c, who)
	p.Errors, p.Conflict, p.Chrome.Errors = fields, conflict, fields != nil
	return p, status, err
}

// saveProfileVerdict keeps a verdict and goes on to the next criterion of the filter.
func (w *Web) saveProfileVerdict(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := profilereview.VerdictEntry{Criterion: c.Params("criterion"), Verdict: profilereview.Verdict(c.FormValue(profilereview.VerdictField)),
		Remark: c.FormValue(profilereview.RemarkField), Version: formVersion(c)}
	in.Round, _ = strconv.Atoi(c.FormValue("round"))
	if err := w.ProfileDesk.SetVerdict(c.UserContext(), who, id, in); err != nil {
		p, status, err := w.refusedScreen(c, who, err)
		if err != nil {
			return err
		}
		p.Typed = &in
		return render(c, status, view.Screen(p))
	}
	w.flash(c, ui.Good, t(c, "The verdict on %s is saved", in.Criterion))
	next := in.Criterion
	if n := c.FormValue("next"); c.FormValue("go") == "next" && n != "" && len(n) <= 60 {
		next = n
	}
	return seeOther(c, view.CriterionPath(id, next, selection(c), profilereview.Against(c.Query("against"))))
}

// writeProfileNote adds an internal note or a draft of a message to the company.
func (w *Web) writeProfileNote(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := profilereview.MessageEntry{Criterion: c.Params("criterion"), Body: c.FormValue("body"), ToCompany: c.FormValue("to") == "company"}
	if err := w.ProfileDesk.Write(c.UserContext(), who, id, in); err != nil {
		p, status, err := w.refusedScreen(c, who, err)
		if err != nil {
			return err
		}
		p.Body, p.To = in.Body, c.FormValue("to")
		return render(c, status, view.Screen(p))
	}
	done := t(c, "The note is added")
	if in.ToCompany {
		done = t(c, "The draft is kept. The company sees it when you send the profile back or accept it")
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, threadPath(c, id))
}

// threadPath is the address of the criterion's thread, with what was chosen on the page.
func threadPath(c *fiber.Ctx, id uuid.UUID) string {
	return view.CriterionPath(id, c.Params("criterion"), selection(c), profilereview.Against(c.Query("against"))) + "#thread"
}

func (w *Web) changeDraft(c *fiber.Ctx, who identity.Actor) error {
	id, message, err := pathMessage(c)
	if err != nil {
		return err
	}
	in := profilereview.DraftEntry{Version: formVersion(c), Body: c.FormValue("body-" + message.String()), Internal: c.FormValue("do") == "internal"}
	if err := w.ProfileDesk.ChangeDraft(c.UserContext(), who, id, message, in); err != nil {
		p, status, err := w.refusedScreen(c, who, err)
		if err != nil {
			return err
		}
		p.Draft, p.Body = message.String(), in.Body
		for i, f := range p.Errors {
			if f.Name == "body" {
				p.Errors[i].Name = "body-" + message.String()
			}
		}
		return render(c, status, view.Screen(p))
	}
	done := t(c, "The draft is saved")
	if in.Internal {
		done = t(c, "The text is an internal note now")
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, threadPath(c, id))
}

func (w *Web) settleMessage(c *fiber.Ctx, who identity.Actor) error {
	id, message, err := pathMessage(c)
	if err != nil {
		return err
	}
	settled := c.FormValue("settled") == "yes"
	if err := w.ProfileDesk.Settle(c.UserContext(), who, id, message, formVersion(c), settled); err != nil {
		return err
	}
	done := t(c, "The message is settled")
	if !settled {
		done = t(c, "The message is open again")
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, threadPath(c, id))
}

// pathMessage reads the profile and the message of the path.
func pathMessage(c *fiber.Ctx) (id, message uuid.UUID, err error) {
	if id, err = pathID(c, "id"); err != nil {
		return id, message, err
	}
	message, err = pathID(c, "message")
	return id, message, err
}
