package web

import (
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/people"
	view "trustedtrader/views/people"
	"trustedtrader/views/ui"
)

func (w *Web) adminChrome(c *fiber.Ctx, who identity.Actor, list, href, title string) ui.Chrome {
	ch := w.chrome(c, who, title)
	ch.Breadcrumb = []ui.Crumb{{Label: list, Href: href}, {Label: title}}
	return ch
}

func (w *Web) showOffices(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.People.Offices(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Offices(view.OfficesPage{Chrome: w.chrome(c, who, t(c, "Offices")), Offices: list, MayManage: who.Is(identity.Administrator)}))
}

func (w *Web) newOffice(c *fiber.Ctx, who identity.Actor) error {
	return w.renderOffice(c, who, fiber.StatusOK, people.Office{}, true, view.Form{})
}

// renderOffice shows the form of an office; a nil id is a new one.
func (w *Web) renderOffice(c *fiber.Ctx, who identity.Actor, status int, in people.Office, isNew bool, form view.Form) error {
	list, err := w.People.Offices(c.UserContext(), who)
	if err != nil {
		return err
	}
	title := t(c, "Open an office")
	if !isNew {
		title = in.Name
	}
	p := view.OfficePage{Chrome: w.adminChrome(c, who, t(c, "Offices"), "/admin/offices", title), Form: form, New: isNew, Entered: in,
		Offices: list, Calendars: w.People.CalendarCodes(), MayManage: who.Is(identity.Administrator)}
	if in.ParentID != nil {
		p.Parent = in.ParentID.String()
	}
	p.Chrome.Errors = len(form.Errors) > 0
	return render(c, status, view.Office(p))
}

func readOffice(c *fiber.Ctx) people.Office {
	in := people.Office{Code: c.FormValue("code"), Name: c.FormValue("name"), Zone: c.FormValue("zone"), Calendar: c.FormValue("calendar"), Version: formVersion(c)}
	if id := formUUID(c, "parent"); id != uuid.Nil {
		in.ParentID = &id
	}
	return in
}

func (w *Web) openOffice(c *fiber.Ctx, who identity.Actor) error {
	in := readOffice(c)
	if _, err := w.People.OpenOffice(c.UserContext(), who, in); err != nil {
		status, form, rest := peopleForm(c, err)
		if rest != nil {
			return rest
		}
		return w.renderOffice(c, who, status, in, true, form)
	}
	w.flash(c, ui.Good, t(c, "The office is open"))
	return seeOther(c, "/admin/offices")
}

// office finds one of the offices that the actor sees.
func (w *Web) office(c *fiber.Ctx, who identity.Actor) (people.Office, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return people.Office{}, err
	}
	list, err := w.People.Offices(c.UserContext(), who)
	if err != nil {
		return people.Office{}, err
	}
	i := slices.IndexFunc(list, func(o people.OfficeItem) bool { return o.ID == id })
	if i < 0 {
		return people.Office{}, fault.Missing()
	}
	return list[i].Office, nil
}

func (w *Web) showOffice(c *fiber.Ctx, who identity.Actor) error {
	o, err := w.office(c, who)
	if err != nil {
		return err
	}
	return w.renderOffice(c, who, fiber.StatusOK, o, false, view.Form{})
}

func (w *Web) changeOffice(c *fiber.Ctx, who identity.Actor) error {
	was, err := w.office(c, who)
	if err != nil {
		return err
	}
	in := readOffice(c)
	in.ID, in.Code = was.ID, was.Code
	if err := w.People.ChangeOffice(c.UserContext(), who, in); err != nil {
		status, form, rest := peopleForm(c, err)
		if rest != nil {
			return rest
		}
		if form.Stale {
			in.Version = was.Version
		}
		if was.ParentID != nil && in.ParentID == nil {
			in.ParentID = &uuid.Nil // the field stays, with nothing chosen
		}
		return w.renderOffice(c, who, status, in, false, form)
	}
	w.flash(c, ui.Good, t(c, "The office is saved"))
	return seeOther(c, "/admin/offices")
}

func (w *Web) showAgencies(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.People.Agencies(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Agencies(view.AgenciesPage{Chrome: w.chrome(c, who, t(c, "Partner agencies")), Agencies: list, MayManage: who.Is(identity.Administrator)}))
}

func (w *Web) newAgency(c *fiber.Ctx, who identity.Actor) error {
	return w.renderAgency(c, who, fiber.StatusOK, people.Agency{}, "", view.Form{})
}

func (w *Web) renderAgency(c *fiber.Ctx, who identity.Actor, status int, in people.Agency, email string, form view.Form) error {
	p := view.AgencyPage{Form: form, New: in.ID == uuid.Nil, Entered: in, Email: email, MayManage: who.Is(identity.Administrator), Zone: who.Zone}
	title := t(c, "Add an agency")
	if !p.New {
		var err error
		if p.Circle, err = w.People.AgencyPeople(c.UserContext(), who, in.ID); err != nil {
			return err
		}
		title = in.Name
	}
	p.Chrome = w.adminChrome(c, who, t(c, "Partner agencies"), "/admin/agencies", title)
	p.Chrome.Errors = len(form.Errors) > 0
	return render(c, status, view.Agency(p))
}

func readAgency(c *fiber.Ctx) people.Agency {
	return people.Agency{Code: c.FormValue("code"), Name: c.FormValue("name"), Country: c.FormValue("country"), Zone: c.FormValue("zone"), Kind: c.FormValue("kind"), Version: formVersion(c)}
}

func (w *Web) openAgency(c *fiber.Ctx, who identity.Actor) error {
	in := readAgency(c)
	id, err := w.People.OpenAgency(c.UserContext(), who, in)
	if err != nil {
		status, form, rest := peopleForm(c, err)
		if rest != nil {
			return rest
		}
		return w.renderAgency(c, who, status, in, "", form)
	}
	w.flash(c, ui.Good, t(c, "The agency is added. Invite its administrator next"))
	return seeOther(c, "/admin/agencies/"+id.String())
}

func (w *Web) agency(c *fiber.Ctx, who identity.Actor) (people.Agency, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return people.Agency{}, err
	}
	list, err := w.People.Agencies(c.UserContext(), who)
	if err != nil {
		return people.Agency{}, err
	}
	i := slices.IndexFunc(list, func(a people.AgencyItem) bool { return a.ID == id })
	if i < 0 {
		return people.Agency{}, fault.Missing()
	}
	return list[i].Agency, nil
}

func (w *Web) showAgencyRecord(c *fiber.Ctx, who identity.Actor) error {
	a, err := w.agency(c, who)
	if err != nil {
		return err
	}
	return w.renderAgency(c, who, fiber.StatusOK, a, "", view.Form{})
}

func (w *Web) changeAgency(c *fiber.Ctx, who identity.Actor) error {
	was, err := w.agency(c, who)
	if err != nil {
		return err
	}
	in := readAgency(c)
	in.ID, in.Code, in.Kind = was.ID, was.Code, was.Kind
	if err := w.People.ChangeAgency(c.UserContext(), who, in); err != nil {
		status, form, rest := peopleForm(c, err)
		if rest != nil {
			return rest
		}
		if form.Stale {
			in.Version = was.Version
		}
		return w.renderAgency(c, who, status, in, "", form)
	}
	w.flash(c, ui.Good, t(c, "The agency is saved"))
	return seeOther(c, "/admin/agencies")
}

// inviteAgencyAdmin invites an administrator of the agency, who invites its officers.
func (w *Web) inviteAgencyAdmin(c *fiber.Ctx, who identity.Actor) error {
	a, err := w.agency(c, who)
	if err != nil {
		return err
	}
	in := people.Invitation{Terms: people.Terms{Role: identity.AgencyAdmin}, Email: c.FormValue("email"), Agency: a.ID}
	if _, err := w.People.Invite(c.UserContext(), who, in); err != nil {
		status, form, rest := peopleForm(c, err)
		if rest != nil {
			return rest
		}
		return w.renderAgency(c, who, status, a, in.Email, form)
	}
	w.flash(c, ui.Good, t(c, "The invitation is on its way"))
	return seeOther(c, "/admin/agencies/"+a.ID.String())
}
