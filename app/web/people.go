package web

import (
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/people"
	view "trustedtrader/views/people"
	"trustedtrader/views/ui"
)

// peopleBase is where the people of the actor's circle are: under /company, /agency or /admin.
func peopleBase(c *fiber.Ctx) string {
	area, _, _ := strings.Cut(strings.TrimPrefix(c.Path(), "/"), "/")
	return "/" + area + "/people"
}

func (w *Web) peopleChrome(c *fiber.Ctx, who identity.Actor, title string) ui.Chrome {
	ch := w.chrome(c, who, title)
	ch.Breadcrumb = []ui.Crumb{{Label: t(c, "People"), Href: peopleBase(c)}, {Label: title}}
	return ch
}

// peopleForm turns a refusal into what the form says when it is shown again.
func peopleForm(c *fiber.Ctx, err error) (status int, form view.Form, rest error) {
	status, form.Errors, form.Moved, form.Sentence, rest = refused(c, err)
	if status == fiber.StatusConflict && form.Sentence == t(c, fault.Moved().Message) {
		form.Stale, form.Sentence = true, ""
	}
	var f *fault.Error
	if errors.As(rest, &f) && f.Kind == fault.Forbidden {
		return fiber.StatusForbidden, view.Form{Sentence: t(c, f.Message, f.Args...)}, nil
	}
	return status, form, rest
}

func (w *Web) showPeople(c *fiber.Ctx, who identity.Actor) error {
	circle, err := w.People.People(c.UserContext(), who)
	if err != nil {
		return err
	}
	leads := map[identity.Audience]string{
		identity.Companies: "Who may act for your company here, and what each may do.",
		identity.Partners:  "Who may act for your agency here.",
		identity.Staff:     "The staff of the offices that you look after.",
	}
	return render(c, fiber.StatusOK, view.List(view.ListPage{Chrome: w.chrome(c, who, t(c, "People")), Base: peopleBase(c), Lead: t(c, leads[who.Audience]),
		Circle: circle, MayManage: people.MayManage(who), Staff: who.Audience == identity.Staff, Zone: who.Zone}))
}

func (w *Web) showInvite(c *fiber.Ctx, who identity.Actor) error {
	return w.renderInvite(c, who, fiber.StatusOK, people.Invitation{}, view.Form{})
}

func (w *Web) renderInvite(c *fiber.Ctx, who identity.Actor, status int, in people.Invitation, form view.Form) error {
	p := view.InvitePage{Chrome: w.peopleChrome(c, who, t(c, "Invite a person")), Form: form, Base: peopleBase(c), Roles: identity.RolesOf(who.Audience), Entered: in}
	p.Chrome.Errors = len(form.Errors) > 0
	if who.Audience == identity.Staff {
		offices, err := w.People.Offices(c.UserContext(), who)
		if err != nil {
			return err
		}
		p.Offices = offices
	}
	return render(c, status, view.Invite(p))
}

func readTerms(c *fiber.Ctx) people.Terms {
	return people.Terms{Role: identity.Role(c.FormValue("role")), Parts: formAll(c, "parts"), EndsOn: writtenDate(formDate(c, "ends_on"))}
}

// formUUID reads an id from a form; anything else is none.
func formUUID(c *fiber.Ctx, name string) uuid.UUID {
	id, err := uuid.Parse(c.FormValue(name))
	if err != nil {
		return uuid.Nil
	}
	return id
}

func (w *Web) invitePerson(c *fiber.Ctx, who identity.Actor) error {
	in := people.Invitation{Terms: readTerms(c), Email: c.FormValue("email"), Office: formUUID(c, "office")}
	if _, err := w.People.Invite(c.UserContext(), who, in); err != nil {
		status, form, rest := peopleForm(c, err)
		if rest != nil {
			return rest
		}
		return w.renderInvite(c, who, status, in, form)
	}
	w.flash(c, ui.Good, t(c, "The invitation is on its way"))
	return seeOther(c, peopleBase(c))
}

func (w *Web) revokeInvitation(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.People.Revoke(c.UserContext(), who, id, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The invitation is revoked"))
	return seeOther(c, peopleBase(c))
}

func (w *Web) showPerson(c *fiber.Ctx, who identity.Actor) error {
	return w.renderPerson(c, who, fiber.StatusOK, nil, "", view.Form{})
}

func (w *Web) renderPerson(c *fiber.Ctx, who identity.Actor, status int, in *people.Terms, reason string, form view.Form) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	m, err := w.People.Person(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	p := view.PersonPage{Chrome: w.peopleChrome(c, who, m.Name), Form: form, Base: peopleBase(c), Member: m, Roles: identity.RolesOf(m.Audience),
		Entered: people.Terms{Role: m.Role, Parts: m.Parts}, Reason: reason, MayManage: people.MayManage(who), Zone: who.Zone}
	if m.EndsOn != nil {
		p.Entered.EndsOn = m.EndsOn.Format("2006-01-02")
	}
	if in != nil {
		p.Entered = *in
	}
	p.Chrome.Errors = len(form.Errors) > 0
	return render(c, status, view.Person(p))
}

func (w *Web) changePerson(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := readTerms(c)
	if err := w.People.ChangeRight(c.UserContext(), who, id, formVersion(c), in); err != nil {
		status, form, rest := peopleForm(c, err)
		if rest != nil {
			return rest
		}
		return w.renderPerson(c, who, status, &in, "", form)
	}
	w.flash(c, ui.Good, t(c, "The role is saved. It holds from now on"))
	return seeOther(c, peopleBase(c))
}

func (w *Web) endPerson(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.People.EndRight(c.UserContext(), who, id, formVersion(c), c.FormValue("reason")); err != nil {
		status, form, rest := peopleForm(c, err)
		if rest != nil {
			return rest
		}
		return w.renderPerson(c, who, status, nil, c.FormValue("reason"), form)
	}
	w.flash(c, ui.Good, t(c, "The access has ended"))
	if id == who.RightID {
		return seeOther(c, "/")
	}
	return seeOther(c, peopleBase(c))
}

func (w *Web) showInvitation(c *fiber.Ctx, who identity.Actor) error {
	return w.renderInvitation(c, who, fiber.StatusOK, view.Form{})
}

func (w *Web) renderInvitation(c *fiber.Ctx, who identity.Actor, status int, form view.Form) error {
	offer, err := w.People.Show(c.UserContext(), who, c.Params("token"))
	if err != nil {
		return err
	}
	return render(c, status, view.Invitation(view.InvitationPage{Chrome: w.chrome(c, who, t(c, "You are invited")), Form: form, Offer: offer, Token: c.Params("token")}))
}

// acceptInvitation takes the right and lets the person act under it at once.
func (w *Web) acceptInvitation(c *fiber.Ctx, who identity.Actor) error {
	right, err := w.People.Accept(c.UserContext(), who, c.Params("token"))
	if err != nil {
		status, form, rest := peopleForm(c, err)
		if rest != nil {
			return rest
		}
		return w.renderInvitation(c, who, status, form)
	}
	return w.actUnder(c, who, right)
}

// acceptOffer is acceptInvitation for an offer of the person's own list.
func (w *Web) acceptOffer(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	right, err := w.People.AcceptOffer(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return w.actUnder(c, who, right)
}

func (w *Web) actUnder(c *fiber.Ctx, who identity.Actor, right uuid.UUID) error {
	value, err := w.SignIn.Choose(c.UserContext(), who, right)
	if err != nil {
		return err
	}
	if value != "" {
		w.setCookie(c, "portal", value, w.Config.SessionAbsolute)
	}
	w.flash(c, ui.Good, t(c, "You have accepted. You act in this role now"))
	return seeOther(c, "/")
}

// showAgency is a partner agency's home.
func (w *Web) showAgency(c *fiber.Ctx, who identity.Actor) error {
	circle, err := w.People.People(c.UserContext(), who)
	if err != nil {
		return err
	}
	looks, err := w.Consents.MayLook(c.UserContext(), who)
	if err != nil {
		return err
	}
	lists := 0
	if who.Abroad() {
		if lists, err = w.Inbound.Waits(c.UserContext(), who); err != nil {
			return err
		}
	}
	return render(c, fiber.StatusOK, view.Home(view.HomePage{Looks: looks, Lists: lists, Chrome: w.chrome(c, who, t(c, "Home")), Agency: who.Agency, Role: roleName(c, who.Role),
		MayManage: people.MayManage(who), Circle: circle}))
}
