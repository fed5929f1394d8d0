package web

import (
	"errors"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	view "trustedtrader/views/company"
	"trustedtrader/views/ui"
)

// noticeSenders may send and withdraw change notices: a representative prepares them only.
func noticeSenders() []identity.Role {
	return append([]identity.Role{identity.Editor}, identity.CompanySigners...)
}

// accountChrome leads back to the company account.
func (w *Web) accountChrome(c *fiber.Ctx, who identity.Actor, title string, up ...ui.Crumb) ui.Chrome {
	ch := w.chrome(c, who, title)
	ch.Breadcrumb = append([]ui.Crumb{{Label: t(c, "Company account"), Href: "/company/profile"}}, append(up, ui.Crumb{Label: title})...)
	return ch
}

// accountForm takes a refusal apart for the form it came from, which is shown again
// with what was typed. What no form can answer comes back as rest.
func accountForm(c *fiber.Ctx, err error) (status int, form view.Form, rest error) {
	status, form.Errors, form.Moved, form.Sentence, rest = refused(c, err)
	if status == fiber.StatusConflict && form.Sentence == t(c, fault.Moved().Message) {
		form.Stale, form.Sentence = true, ""
	}
	var f *fault.Error
	if rest != nil && errors.As(rest, &f) && f.Kind == fault.Forbidden { // locked meanwhile
		return fiber.StatusForbidden, view.Form{Sentence: t(c, f.Message, f.Args...)}, nil
	}
	return status, form, rest
}

// formID reads the id that a form for something new was made with; without one the
// service makes one.
func formID(c *fiber.Ctx) uuid.UUID {
	id, err := uuid.Parse(c.FormValue("new"))
	if err != nil {
		return uuid.Nil
	}
	return id
}

func readProfile(c *fiber.Ctx) company.Profile {
	return company.Profile{
		ID: formID(c), Name: c.FormValue("name"), LegalForm: c.FormValue("legal_form"), Country: c.FormValue("country"),
		Registration: c.FormValue("registration"), FoundedOn: writtenDate(formDate(c, "founded_on")), Employees: c.FormValue("employees"),
		Website: c.FormValue("website"), Phone: c.FormValue("phone"), History: c.FormValue("history"), Version: formVersion(c),
	}
}

func readSite(c *fiber.Ctx) company.SiteEntry {
	return company.SiteEntry{
		ID: formID(c), Name: c.FormValue("name"), Activity: c.FormValue("activity"), Street: c.FormValue("street"), City: c.FormValue("city"),
		Region: c.FormValue("region"), Postcode: c.FormValue("postcode"), Country: c.FormValue("country"), Zone: c.FormValue("zone"),
		Lat: c.FormValue("lat"), Lon: c.FormValue("lon"), Version: formVersion(c),
	}
}

func readContact(c *fiber.Ctx) company.ContactEntry {
	return company.ContactEntry{
		ID: formID(c), Name: c.FormValue("name"), Title: c.FormValue("title"), Email: c.FormValue("email"), Phone: c.FormValue("phone"),
		Kind: c.FormValue("kind"), Primary: c.FormValue("primary"), Version: formVersion(c),
	}
}

func readNumber(c *fiber.Ctx) company.IdentifierEntry {
	return company.IdentifierEntry{ID: formID(c), Scheme: c.FormValue("scheme"), Value: c.FormValue("value"), Note: c.FormValue("note")}
}

// Registration

func (w *Web) showRegister(c *fiber.Ctx, who identity.Actor) error {
	return w.renderRegister(c, who, fiber.StatusOK, company.Profile{ID: pg.NewID()}, view.Form{})
}

func (w *Web) renderRegister(c *fiber.Ctx, who identity.Actor, status int, in company.Profile, form view.Form) error {
	if who.Audience != identity.Companies {
		return fault.Missing()
	}
	ch := w.chrome(c, who, t(c, "Register your company"))
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Register(view.RegisterPage{Chrome: ch, Form: form, Entered: in}))
}

// registerCompany opens the account and lets the person act as its owner at once.
func (w *Web) registerCompany(c *fiber.Ctx, who identity.Actor) error {
	in := readProfile(c)
	r, err := w.Companies.Register(c.UserContext(), who, in)
	if err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		return w.renderRegister(c, who, status, in, form)
	}
	value, err := w.SignIn.Choose(c.UserContext(), who, r.RightID)
	if err != nil {
		return err
	}
	if value != "" {
		w.setCookie(c, "portal", value, w.Config.SessionAbsolute)
	}
	w.flash(c, ui.Good, t(c, "Your company is registered. Add its sites, contacts and numbers next"))
	return seeOther(c, "/company/profile")
}

// The account

func (w *Web) showProfile(c *fiber.Ctx, who identity.Actor) error {
	a, err := w.Companies.Account(c.UserContext(), who, who.CompanyID)
	if err != nil {
		return err
	}
	ch := w.chrome(c, who, t(c, "Company account"))
	return render(c, fiber.StatusOK, view.Profile(view.ProfilePage{Chrome: ch, Account: a, CanEdit: who.Is(identity.CompanyEditors...), CanSend: who.Is(identity.CompanyEditors...)}))
}

func (w *Web) toSites(c *fiber.Ctx, _ identity.Actor) error {
	return seeOther(c, "/company/profile#sites")
}

func (w *Web) toContacts(c *fiber.Ctx, _ identity.Actor) error {
	return seeOther(c, "/company/profile#contacts")
}

func (w *Web) toNumbers(c *fiber.Ctx, _ identity.Actor) error {
	return seeOther(c, "/company/profile#numbers")
}

func (w *Web) showEditProfile(c *fiber.Ctx, who identity.Actor) error {
	return w.renderEditProfile(c, who, fiber.StatusOK, nil, view.Form{})
}

func (w *Web) renderEditProfile(c *fiber.Ctx, who identity.Actor, status int, in *company.Profile, form view.Form) error {
	a, err := w.Companies.Account(c.UserContext(), who, who.CompanyID)
	if err != nil {
		return err
	}
	entered := a.Company.Entry()
	if in != nil {
		entered = *in
		if form.Stale {
			entered.Version = a.Company.Version
		}
	}
	ch := w.accountChrome(c, who, t(c, "Company details"))
	ch.Errors = len(form.Errors) > 0
	// What was typed into a field that has been locked meanwhile is shown with the reason.
	locked := slices.ContainsFunc(form.Errors, func(f fault.Field) bool { return slices.Contains(company.LockedProfileFields(), f.Name) })
	return render(c, status, view.EditProfile(view.EditPage{Chrome: ch, Form: form, Entered: entered, Open: a.Open(company.ProfilePart) || locked}))
}

func (w *Web) saveProfile(c *fiber.Ctx, who identity.Actor) error {
	in := readProfile(c)
	if !c.Request().PostArgs().Has("name") { // the form of a locked account has only the free fields
		a, err := w.Companies.Account(c.UserContext(), who, who.CompanyID)
		if err != nil {
			return err
		}
		is := a.Company.Entry()
		in.Name, in.LegalForm, in.Country, in.Registration, in.FoundedOn = is.Name, is.LegalForm, is.Country, is.Registration, is.FoundedOn
	}
	if _, err := w.Companies.ChangeProfile(c.UserContext(), who, in); err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		return w.renderEditProfile(c, who, status, &in, form)
	}
	w.flash(c, ui.Good, t(c, "The company details are saved"))
	return seeOther(c, "/company/profile")
}

func (w *Web) showNames(c *fiber.Ctx, who identity.Actor) error {
	return w.renderNames(c, who, fiber.StatusOK, company.NameEntry{ID: pg.NewID()}, view.Form{})
}

func (w *Web) renderNames(c *fiber.Ctx, who identity.Actor, status int, in company.NameEntry, form view.Form) error {
	a, err := w.Companies.Account(c.UserContext(), who, who.CompanyID)
	if err != nil {
		return err
	}
	ch := w.accountChrome(c, who, t(c, "Trade names"))
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Names(view.NamesPage{Chrome: ch, Form: form, Names: a.TradeNames, Entered: in,
		Open: (who.Is(identity.CompanyEditors...) && a.Open(company.ProfilePart)) || form.Sentence != ""}))
}

func (w *Web) addName(c *fiber.Ctx, who identity.Actor) error {
	in := company.NameEntry{ID: formID(c), Name: c.FormValue("trade_name")}
	if _, err := w.Companies.AddTradeName(c.UserContext(), who, in); err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		return w.renderNames(c, who, status, in, form)
	}
	w.flash(c, ui.Good, t(c, "The trade name is added"))
	return seeOther(c, "/company/names")
}

func (w *Web) removeName(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Companies.RemoveTradeName(c.UserContext(), who, id, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The trade name is removed"))
	return seeOther(c, "/company/names")
}

func (w *Web) showHistory(c *fiber.Ctx, who identity.Actor) error {
	before, _ := strconv.ParseInt(c.Query("before"), 10, 64) // anything else is the first page
	list, more, err := w.Companies.History(c.UserContext(), who, who.CompanyID, before)
	if err != nil {
		return err
	}
	p := view.HistoryPage{Chrome: w.accountChrome(c, who, t(c, "History of the account")), Entries: list, Zone: who.Zone}
	if more {
		p.Older = view.OlderThan(list[len(list)-1].ID)
	}
	if before > 0 {
		p.Newest = "/company/history"
	}
	return render(c, fiber.StatusOK, view.History(p))
}

// Sites

func (w *Web) newSite(c *fiber.Ctx, who identity.Actor) error {
	a, err := w.Companies.Account(c.UserContext(), who, who.CompanyID)
	if err != nil {
		return err
	}
	if !a.Open(company.SitesPart) {
		return seeOther(c, "/company/changes")
	}
	in := company.SiteEntry{ID: pg.NewID(), Country: a.Company.Country}
	if z := company.Zones(in.Country); len(z) == 1 {
		in.Zone = z[0]
	}
	return w.renderNewSite(c, who, fiber.StatusOK, in, view.Form{})
}

func (w *Web) renderNewSite(c *fiber.Ctx, who identity.Actor, status int, in company.SiteEntry, form view.Form) error {
	ch := w.accountChrome(c, who, t(c, "Add a site"))
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Site(view.SitePage{Chrome: ch, Form: form, Entered: in, New: true, Open: true}))
}

func (w *Web) addSite(c *fiber.Ctx, who identity.Actor) error {
	in := readSite(c)
	if _, err := w.Companies.AddSite(c.UserContext(), who, in); err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		return w.renderNewSite(c, who, status, in, form)
	}
	w.flash(c, ui.Good, t(c, "The site is added"))
	return seeOther(c, "/company/profile#sites")
}

// site opens the site of the address.
func (w *Web) site(c *fiber.Ctx, who identity.Actor) (company.Account, company.Site, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return company.Account{}, company.Site{}, err
	}
	a, err := w.Companies.Account(c.UserContext(), who, who.CompanyID)
	if err != nil {
		return a, company.Site{}, err
	}
	s, ok := a.Site(id)
	if !ok {
		return a, s, fault.Missing()
	}
	return a, s, nil
}

func (w *Web) showSite(c *fiber.Ctx, who identity.Actor) error {
	return w.renderSite(c, who, fiber.StatusOK, nil, view.Form{})
}

func (w *Web) renderSite(c *fiber.Ctx, who identity.Actor, status int, in *company.SiteEntry, form view.Form) error {
	a, s, err := w.site(c, who)
	if err != nil {
		return err
	}
	entered := s.Entry()
	if in != nil {
		entered = *in
		if form.Stale {
			entered.Version = s.Version
		}
	}
	ch := w.accountChrome(c, who, s.Name)
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Site(view.SitePage{Chrome: ch, Form: form, Entered: entered, Site: s,
		Open: who.Is(identity.CompanyEditors...) && a.Open(company.SitesPart) && s.ClosedOn == nil, Locked: !a.Open(company.SitesPart)}))
}

func (w *Web) saveSite(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := readSite(c)
	if _, err := w.Companies.ChangeSite(c.UserContext(), who, id, in); err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		return w.renderSite(c, who, status, &in, form)
	}
	w.flash(c, ui.Good, t(c, "The site is saved"))
	return seeOther(c, "/company/profile#sites")
}

func (w *Web) showCloseSite(c *fiber.Ctx, who identity.Actor) error {
	return w.renderCloseSite(c, who, fiber.StatusOK, "", view.Form{})
}

func (w *Web) renderCloseSite(c *fiber.Ctx, who identity.Actor, status int, on string, form view.Form) error {
	a, s, err := w.site(c, who)
	if err != nil {
		return err
	}
	if s.ClosedOn != nil || (!a.Open(company.SitesPart) && form.Sentence == "") {
		return seeOther(c, "/company/sites/"+s.ID.String())
	}
	ch := w.accountChrome(c, who, t(c, "Close site"), ui.Crumb{Label: s.Name, Href: "/company/sites/" + s.ID.String()})
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Close(view.ClosePage{Chrome: ch, Form: form, Site: s, On: on}))
}

func (w *Web) closeSite(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	on := writtenDate(formDate(c, "closed_on"))
	if _, err := w.Companies.CloseSite(c.UserContext(), who, id, formVersion(c), on); err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		return w.renderCloseSite(c, who, status, on, form)
	}
	w.flash(c, ui.Good, t(c, "The site is closed"))
	return seeOther(c, "/company/profile#sites")
}

// Contacts

func (w *Web) newContact(c *fiber.Ctx, who identity.Actor) error {
	a, err := w.Companies.Account(c.UserContext(), who, who.CompanyID)
	if err != nil {
		return err
	}
	if !a.Open(company.ContactsPart) {
		return seeOther(c, "/company/changes")
	}
	return w.renderNewContact(c, who, fiber.StatusOK, company.ContactEntry{ID: pg.NewID()}, view.Form{})
}

func (w *Web) renderNewContact(c *fiber.Ctx, who identity.Actor, status int, in company.ContactEntry, form view.Form) error {
	ch := w.accountChrome(c, who, t(c, "Add a contact"))
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Contact(view.ContactPage{Chrome: ch, Form: form, Entered: in, New: true, Open: true}))
}

func (w *Web) addContact(c *fiber.Ctx, who identity.Actor) error {
	in := readContact(c)
	if _, err := w.Companies.AddContact(c.UserContext(), who, in); err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		return w.renderNewContact(c, who, status, in, form)
	}
	w.flash(c, ui.Good, t(c, "The contact is added"))
	return seeOther(c, "/company/profile#contacts")
}

func (w *Web) showContact(c *fiber.Ctx, who identity.Actor) error {
	return w.renderContact(c, who, fiber.StatusOK, nil, view.Form{})
}

func (w *Web) renderContact(c *fiber.Ctx, who identity.Actor, status int, in *company.ContactEntry, form view.Form) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	a, err := w.Companies.Account(c.UserContext(), who, who.CompanyID)
	if err != nil {
		return err
	}
	k, ok := a.Contact(id)
	if !ok {
		return fault.Missing()
	}
	entered := k.Entry()
	if in != nil {
		entered = *in
		if form.Stale {
			entered.Version = k.Version
		}
	}
	ch := w.accountChrome(c, who, k.Name)
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Contact(view.ContactPage{Chrome: ch, Form: form, Entered: entered, Contact: k,
		Open: who.Is(identity.CompanyEditors...) && a.Open(company.ContactsPart), Locked: !a.Open(company.ContactsPart)}))
}

func (w *Web) saveContact(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := readContact(c)
	if _, err := w.Companies.ChangeContact(c.UserContext(), who, id, in); err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		return w.renderContact(c, who, status, &in, form)
	}
	w.flash(c, ui.Good, t(c, "The contact is saved"))
	return seeOther(c, "/company/profile#contacts")
}

func (w *Web) makePrimary(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if _, err := w.Companies.MakePrimary(c.UserContext(), who, id, formVersion(c)); err != nil {
		return w.contactRefused(c, who, err)
	}
	w.flash(c, ui.Good, t(c, "The primary contact is changed"))
	return seeOther(c, "/company/profile#contacts")
}

func (w *Web) removeContact(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Companies.RemoveContact(c.UserContext(), who, id, formVersion(c)); err != nil {
		return w.contactRefused(c, who, err)
	}
	w.flash(c, ui.Good, t(c, "The contact is removed"))
	return seeOther(c, "/company/profile#contacts")
}

// contactRefused shows the contact with the reasons of a refused step.
func (w *Web) contactRefused(c *fiber.Ctx, who identity.Actor, err error) error {
	if fields := fault.Fields(err); fields != nil {
		return w.renderContact(c, who, fiber.StatusUnprocessableEntity, nil, view.Form{Errors: fields})
	}
	return err
}

// Numbers

func (w *Web) newNumber(c *fiber.Ctx, who identity.Actor) error {
	a, err := w.Companies.Account(c.UserContext(), who, who.CompanyID)
	if err != nil {
		return err
	}
	if !a.Open(company.IdentifiersPart) {
		return seeOther(c, "/company/changes")
	}
	return w.renderNumber(c, who, fiber.StatusOK, company.IdentifierEntry{ID: pg.NewID(), Scheme: c.Query("scheme")}, view.Form{})
}

func (w *Web) renderNumber(c *fiber.Ctx, who identity.Actor, status int, in company.IdentifierEntry, form view.Form) error {
	scheme, _ := identifier.Lookup(in.Scheme) // none: it is still to be chosen
	ch := w.accountChrome(c, who, t(c, "Add a number"))
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Number(view.NumberPage{Chrome: ch, Form: form, Entered: in, Scheme: scheme,
		Action: "/company/identifiers/new", Choose: "/company/identifiers/new", Back: "/company/profile#numbers"}))
}

// elsewhereText is all that a company learns about a number in another account.
const elsewhereText = "This number is also in another account. You can go on; we will ask about it. If your company has an account already, ask its owner to invite you"

func (w *Web) addNumber(c *fiber.Ctx, who identity.Actor) error {
	in := readNumber(c)
	out, err := w.Companies.AddIdentifier(c.UserContext(), who, in)
	if err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		return w.renderNumber(c, who, status, in, form)
	}
	if out.Elsewhere {
		w.flash(c, ui.Warn, t(c, elsewhereText))
	} else {
		w.flash(c, ui.Good, t(c, "The number is added"))
	}
	return seeOther(c, "/company/profile#numbers")
}

func (w *Web) removeNumber(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Companies.RemoveIdentifier(c.UserContext(), who, id, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The number is removed"))
	return seeOther(c, "/company/profile#numbers")
}

// Change notices

func (w *Web) showChanges(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Companies.Notices(c.UserContext(), who)
	if err != nil {
		return err
	}
	a, err := w.Companies.Account(c.UserContext(), who, who.CompanyID)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Changes(view.ChangesPage{Chrome: w.chrome(c, who, t(c, "Change notices")), Notices: list,
		CanEdit: who.Is(identity.CompanyEditors...), Relied: a.Standing.Relied(), Zone: a.OfficeZone}))
}

func (w *Web) newChange(c *fiber.Ctx, who identity.Actor) error {
	return w.renderNotice(c, who, fiber.StatusOK, company.NoticeEntry{ID: pg.NewID()}, true, view.Form{})
}

func (w *Web) renderNotice(c *fiber.Ctx, who identity.Actor, status int, in company.NoticeEntry, isNew bool, form view.Form) error {
	p := view.NoticePage{Form: form, Entered: in, New: isNew, Action: "/company/changes/new", Back: "/company/changes"}
	title := t(c, "Start a change notice")
	if !isNew {
		p.Back = "/company/changes/" + c.Params("id")
		p.Action, title = p.Back+"/edit", t(c, "Day and explanation")
	}
	p.Chrome = w.accountChrome(c, who, title, ui.Crumb{Label: t(c, "Change notices"), Href: "/company/changes"})
	p.Chrome.Errors = len(form.Errors) > 0
	return render(c, status, view.Notice(p))
}

func readNotice(c *fiber.Ctx) company.NoticeEntry {
	return company.NoticeEntry{ID: formID(c), EffectiveOn: writtenDate(formDate(c, "effective_on")), Explanation: c.FormValue("explanation"), Version: formVersion(c)}
}

func (w *Web) openChange(c *fiber.Ctx, who identity.Actor) error {
	in := readNotice(c)
	n, err := w.Companies.OpenNotice(c.UserContext(), who, in)
	if err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		return w.renderNotice(c, who, status, in, true, form)
	}
	return seeOther(c, "/company/changes/"+n.ID.String())
}

func (w *Web) showChange(c *fiber.Ctx, who identity.Actor) error {
	return w.renderChange(c, who, fiber.StatusOK, view.Form{})
}

func (w *Web) renderChange(c *fiber.Ctx, who identity.Actor, status int, form view.Form) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := w.Companies.Notice(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	ch := w.accountChrome(c, who, f.Notice.Reference, ui.Crumb{Label: t(c, "Change notices"), Href: "/company/changes"})
	ch.Errors = len(form.Errors) > 0
	return render(c, status, view.Change(view.ChangePage{Chrome: ch, Form: form, File: f, Account: f.Account}))
}

func (w *Web) showEditChange(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := w.Companies.Notice(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	if !f.Can(company.Edit) {
		return seeOther(c, "/company/changes/"+id.String())
	}
	return w.renderNotice(c, who, fiber.StatusOK, f.Notice.Entry(), false, view.Form{})
}

func (w *Web) editChange(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := readNotice(c)
	if _, err := w.Companies.EditNotice(c.UserContext(), who, id, in); err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		if form.Stale {
			f, err := w.Companies.Notice(c.UserContext(), who, id)
			if err != nil {
				return err
			}
			in.Version = f.Notice.Version
		}
		return w.renderNotice(c, who, status, in, false, form)
	}
	w.flash(c, ui.Good, t(c, "The notice is saved. It is not sent yet"))
	return seeOther(c, "/company/changes/"+id.String())
}

// proposal reads the address of one change: which notice, about what. item is "new"
// for something to add.
func (w *Web) proposal(c *fiber.Ctx, who identity.Actor) (company.NoticeFile, company.Proposal, error) {
	var p company.Proposal
	id, err := pathID(c, "id")
	if err != nil {
		return company.NoticeFile{}, p, err
	}
	item := uuid.Nil
	if c.Params("item") != "new" {
		if item, err = pathID(c, "item"); err != nil {
			return company.NoticeFile{}, p, err
		}
	}
	f, err := w.Companies.Notice(c.UserContext(), who, id)
	if err != nil {
		return f, p, err
	}
	p, ok := f.Account.Proposal(f.Notice, company.Subject(c.Params("subject")), item)
	if !ok {
		return f, p, fault.Missing()
	}
	if p.ID == uuid.Nil {
		p.ID = pg.NewID()
	}
	return f, p, nil
}

func (w *Web) showItem(c *fiber.Ctx, who identity.Actor) error {
	f, p, err := w.proposal(c, who)
	if err != nil {
		return err
	}
	if !f.Can(company.Edit) {
		return seeOther(c, "/company/changes/"+f.Notice.ID.String())
	}
	if p.Subject == company.AboutIdentifier && p.Do == company.Add && c.Query("scheme") != "" {
		p.Identifier.Scheme = c.Query("scheme")
	}
	return w.renderItem(c, who, fiber.StatusOK, f, p, view.Form{})
}

func (w *Web) renderItem(c *fiber.Ctx, who identity.Actor, status int, f company.NoticeFile, p company.Proposal, form view.Form) error {
	n := f.Notice
	back := "/company/changes/" + n.ID.String()
	here := back + "/items/" + string(p.Subject) + "/" + c.Params("item")
	ch := w.accountChrome(c, who, t(c, "Add a change"), ui.Crumb{Label: t(c, "Change notices"), Href: "/company/changes"}, ui.Crumb{Label: n.Reference, Href: back})
	ch.Errors = len(form.Errors) > 0
	if p.Subject == company.AboutIdentifier && p.Do == company.Add {
		scheme, _ := identifier.Lookup(p.Identifier.Scheme)
		p.Identifier.ID = p.ID
		return render(c, status, view.Number(view.NumberPage{Chrome: ch, Form: form, Entered: p.Identifier, Scheme: scheme, Version: p.Version, Action: here, Choose: here, Back: back}))
	}
	return render(c, status, view.Item(view.ItemPage{Chrome: ch, Form: form, Notice: n, Proposal: p, Name: itemName(f.Account, p), Action: here, Back: back,
		CanRemove: p.Do != company.Add && p.Subject != company.AboutCompany}))
}

// itemName is what a change is about, as the account has it.
func itemName(a company.Account, p company.Proposal) string {
	switch p.Subject {
	case company.AboutSite:
		s, _ := a.Site(p.ID)
		return s.Name
	case company.AboutContact:
		k, _ := a.Contact(p.ID)
		return k.Name
	case company.AboutIdentifier:
		n, _ := a.Identifier(p.ID)
		return n.Shown()
	case company.AboutTradeName:
		return p.Name.Name
	}
	return a.Company.Name
}

func (w *Web) saveItem(c *fiber.Ctx, who identity.Actor) error {
	f, p, err := w.proposal(c, who)
	if err != nil {
		return err
	}
	if id := formID(c); c.Params("item") == "new" && id != uuid.Nil {
		p.ID = id
	}
	p.Version, p.Profile, p.Site, p.Contact, p.Identifier = formVersion(c), readProfile(c), readSite(c), readContact(c), readNumber(c)
	if p.Do == company.Remove { // it was to go, and is to change now
		p.Do = company.Alter
	}
	switch {
	case c.FormValue("remove") == "yes" && p.Do != company.Add:
		p.Do = company.Remove
	case p.Subject == company.AboutTradeName:
		p.Name.Name = c.FormValue("trade_name")
	}
	if _, err := w.Companies.Propose(c.UserContext(), who, f.Notice.ID, p); err != nil {
		status, form, err := accountForm(c, err)
		if err != nil {
			return err
		}
		if form.Stale {
			p.Version = f.Notice.Version
		}
		if p.Do == company.Remove {
			p.Do = company.Alter
		}
		return w.renderItem(c, who, status, f, p, form)
	}
	w.flash(c, ui.Good, t(c, "The change is in the notice. It is not sent yet"))
	return seeOther(c, "/company/changes/"+f.Notice.ID.String())
}

func (w *Web) dropItem(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	about, err := uuid.Parse(c.FormValue("about"))
	if err != nil {
		return fault.Missing()
	}
	if _, err := w.Companies.DropChange(c.UserContext(), who, id, formVersion(c), company.Subject(c.FormValue("subject")), about); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The change is taken out of the notice"))
	return seeOther(c, "/company/changes/"+id.String())
}

func (w *Web) sendChange(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if _, err := w.Companies.SendNotice(c.UserContext(), who, id, formVersion(c)); err != nil {
		if fields := fault.Fields(err); fields != nil {
			for i := range fields { // the fields are on another page
				fields[i].Name = ""
			}
			return w.renderChange(c, who, fiber.StatusUnprocessableEntity, view.Form{Errors: fields})
		}
		return err
	}
	w.flash(c, ui.Good, t(c, "The change notice is sent. You find our answer in your inbox"))
	return seeOther(c, "/company/changes/"+id.String())
}

func (w *Web) withdrawChange(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if _, err := w.Companies.WithdrawNotice(c.UserContext(), who, id, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The change notice is withdrawn"))
	return seeOther(c, "/company/changes/"+id.String())
}
