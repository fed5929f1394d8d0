package web

import (
	"context"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
	"trustedtrader/views/ui"
	view "trustedtrader/views/validation"
)

// validationBase is what every page about validations has. Crumbs lead to the desk or home.
func (w *Web) validationBase(c *fiber.Ctx, who identity.Actor, title string, crumbs ...ui.Crumb) view.Base {
	b := view.Base{Here: c.Path(), Zone: who.Zone}
	if who.Audience == identity.Staff {
		crumbs = append([]ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Validations"), Href: "/desk/validations"}}, crumbs...)
		b.Chrome = w.wideChrome(c, who, title, crumbs...)
		return b
	}
	b.Chrome = w.chrome(c, who, title)
	b.Chrome.Breadcrumb = append([]ui.Crumb{{Label: t(c, "Home"), Href: "/company"}, {Label: t(c, "Validations"), Href: "/validations"}}, crumbs...)
	return b
}

// refusedValidation puts a refusal on a page; what belongs on no form comes back.
func refusedValidation(c *fiber.Ctx, b *view.Base, err error) (status int, rest error) {
	if err == nil {
		return fiber.StatusOK, nil
	}
	status, b.Problems, b.Moved, b.Sentence, rest = refused(c, err)
	b.Chrome.Errors = len(b.Problems) > 0
	return status, rest
}

// showValidations shows one page of the queue of validations.
func (w *Web) showValidations(c *fiber.Ctx, who identity.Actor) error {
	q, err := w.Validations.Queue(c.UserContext(), who, validation.Filter{Queue: validation.QueueName(c.Query("queue")), Programme: c.Query("programme"), Kind: c.Query("kind"),
		Status: validation.Status(c.Query("status")), After: c.Query("after")})
	if err != nil {
		return err
	}
	b := view.Base{Chrome: w.wideChrome(c, who, t(c, "Validations"), deskCrumbs(c, t(c, "Validations"))...), Zone: who.Zone}
	return render(c, fiber.StatusOK, view.Queue(view.QueuePage{Base: b, Queue: q, Programmes: w.Programmes.All()}))
}

// openEntry reads of whom a validation is to be, from the address, and what was entered.
func openEntry(c *fiber.Ctx) (in validation.OpenEntry, lead string, err error) {
	for _, x := range []struct {
		name string
		to   **uuid.UUID
	}{{"membership", &in.Membership}, {"application", &in.Application}} {
		if text := c.Query(x.name); text != "" {
			id, err := uuid.Parse(text)
			if err != nil {
				return in, "", fault.Missing()
			}
			*x.to = &id
		}
	}
	in.Kind, in.Reason = c.FormValue("kind"), c.FormValue("reason")
	in.From, in.To = writtenDate(formDate(c, "window_from")), writtenDate(formDate(c, "window_to"))
	if lead = c.FormValue("lead"); lead != "" {
		id, err := uuid.Parse(lead)
		if err != nil {
			return in, lead, fault.Fail([]fault.Field{fault.F("lead", "Choose a person who works cases")})
		}
		in.Lead = &id
	}
	in.ID = formID(c)
	return in, lead, nil
}

func (w *Web) newValidation(c *fiber.Ctx, who identity.Actor) error {
	in, _, err := openEntry(c)
	if err != nil {
		return err
	}
	in.ID = pg.NewID()
	return w.renderOpen(c, who, in, who.PersonID.String(), nil)
}

func (w *Web) renderOpen(c *fiber.Ctx, who identity.Actor, in validation.OpenEntry, lead string, refusal error) error {
	of, err := w.Validations.Opening(c.UserContext(), who, in)
	if err != nil {
		return err
	}
	workers, err := w.Validations.Workers(c.UserContext(), who)
	if err != nil {
		return err
	}
	p := view.OpenPage{Base: w.validationBase(c, who, t(c, "Open a validation"), ui.Crumb{Label: of.Company}), Of: of, Entered: in, Lead: lead, Workers: workers, Action: c.OriginalURL()}
	if in.Kind == "" {
		p.Entered.Kind = of.Kind
	}
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.Open(p))
}

func (w *Web) openValidation(c *fiber.Ctx, who identity.Actor) error {
	in, lead, err := openEntry(c)
	var v validation.Validation
	if err == nil {
		v, err = w.Validations.Open(c.UserContext(), who, in)
	}
	if err != nil {
		return w.renderOpen(c, who, in, lead, err)
	}
	w.flash(c, ui.Good, t(c, "Validation %s is open. Check the visits, then notify the company.", v.Reference))
	return seeOther(c, view.Path(v.ID, ""))
}

// headOf reads the validation of the path for a form.
func (w *Web) headOf(c *fiber.Ctx, who identity.Actor) (validation.Record, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return validation.Record{}, err
	}
	return w.Validations.Head(c.UserContext(), who, id)
}

// validationLinks lead to what other parts of the portal have about a validation.
func (w *Web) validationLinks(c *fiber.Ctx, who identity.Actor, r validation.Record) (out []view.Link) {
	desk := who.Audience == identity.Staff
	for _, f := range r.Findings {
		state := t(c, finding.Finding{Status: finding.Status(f.Status), Kind: f.Kind}.StatusName())
		if f.DueOn != nil {
			state = t(c, "%s, by %s", state, f.DueOn.Text(c.UserContext()))
		}
		out = append(out, view.Link{Label: f.Reference + ", " + f.Title, Text: state, Href: notice.Path(who.Audience, notice.AboutFinding, f.ID)})
	}
	switch {
	case !desk && r.Shared:
		out = append(out, view.Link{Label: t(c, "Report"), Href: "/validations/" + r.ID.String() + "/report"})
	case desk && (r.Status == validation.Visiting || r.Status == validation.Visited || r.Status == validation.Issued || r.Status == validation.Closed):
		if r.Works && r.Status != validation.Issued {
			out = append(out, view.Link{Label: t(c, "Draft a finding"), Href: view.Path(r.ID, "/findings/new")})
		}
		out = append(out, view.Link{Label: t(c, "Report"), Href: view.Path(r.ID, "/report")})
	}
	return out
}

// visitLinks are those about a visit.
func (w *Web) visitLinks(c *fiber.Ctx, who identity.Actor, p validation.VisitPage) []view.Link {
	if who.Audience != identity.Staff || p.NotifiedAt == nil || p.Visit.Status == validation.CalledOff {
		return nil
	}
	return []view.Link{{Label: t(c, "Criteria to verify"), Href: view.VisitPath(p.Visit.ID, "/criteria")}, {Label: t(c, "Workbook to take along"), Href: view.VisitPath(p.Visit.ID, "/workbook")},
		{Label: t(c, "Photos and papers"), Href: view.VisitPath(p.Visit.ID, "/files")}, {Label: t(c, "Hours"), Href: view.VisitPath(p.Visit.ID, "/hours")}}
}

func (w *Web) showValidation(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	r, err := w.Validations.Record(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	p := view.RecordPage{Base: w.validationBase(c, who, r.Reference, ui.Crumb{Label: r.Reference}), Record: r, Desk: who.Audience == identity.Staff,
		Links: w.validationLinks(c, who, r), Signs: who.Is(identity.CompanySigners...), Edits: who.Is(identity.CompanyEditors...)}
	if p.Desk {
		return render(c, fiber.StatusOK, view.Record(p))
	}
	return render(c, fiber.StatusOK, view.CompanyRecord(p))
}

func (w *Web) showOwnValidations(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Validations.Mine(c.UserContext(), who)
	if err != nil {
		return err
	}
	b := view.Base{Chrome: w.chrome(c, who, t(c, "Validations")), Zone: who.Zone}
	b.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Home"), Href: "/company"}, {Label: t(c, "Validations")}}
	return render(c, fiber.StatusOK, view.List(view.ListPage{Base: b, Items: list, Programmes: w.Programmes.All()}))
}

func changeEntry(c *fiber.Ctx) validation.ChangeEntry {
	return validation.ChangeEntry{Reason: c.FormValue("reason"), From: writtenDate(formDate(c, "window_from")), To: writtenDate(formDate(c, "window_to")), Lead: c.FormValue("lead"),
		Notice: c.FormValue("notice"), Version: formVersion(c)}
}

// validationForm reads the validation for one of its forms, as it is or as it was entered.
func (w *Web) validationForm(c *fiber.Ctx, who identity.Actor, in *validation.ChangeEntry, refusal error) (p view.ChangePage, status int, err error) {
	r, err := w.headOf(c, who)
	if err != nil {
		return p, 0, err
	}
	workers, err := w.Validations.Workers(c.UserContext(), who)
	if err != nil {
		return p, 0, err
	}
	title := t(c, "Change the validation")
	p = view.ChangePage{Base: w.validationBase(c, who, title, ui.Crumb{Label: r.Reference, Href: view.Path(r.ID, "")}, ui.Crumb{Label: title}), Record: r, Entered: r.Entry(), Workers: workers}
	if in != nil {
		p.Entered = *in
	}
	status, err = refusedValidation(c, &p.Base, refusal)
	return p, status, err
}

func (w *Web) showChangeValidation(c *fiber.Ctx, who identity.Actor) error {
	p, status, err := w.validationForm(c, who, nil, nil)
	if err != nil {
		return err
	}
	return render(c, status, view.Change(p))
}

func (w *Web) changeValidation(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := changeEntry(c)
	if _, err := w.Validations.Change(c.UserContext(), who, id, in); err != nil {
		p, status, err := w.validationForm(c, who, &in, err)
		if err != nil {
			return err
		}
		return render(c, status, view.Change(p))
	}
	w.flash(c, ui.Good, t(c, "The validation is saved"))
	return seeOther(c, view.Path(id, ""))
}

func (w *Web) showNotify(c *fiber.Ctx, who identity.Actor) error {
	return w.renderNotify(c, who, nil, nil)
}

// renderNotify shows what the company is about to be told.
func (w *Web) renderNotify(c *fiber.Ctx, who identity.Actor, in *validation.ChangeEntry, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	r, err := w.Validations.Record(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	title := t(c, "Notify the company")
	p := view.ChangePage{Base: w.validationBase(c, who, title, ui.Crumb{Label: r.Reference, Href: view.Path(r.ID, "")}, ui.Crumb{Label: title}), Record: r, Entered: r.Entry()}
	if in != nil {
		p.Entered.Notice = in.Notice
	}
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.Notify(p))
}

func (w *Web) notifyCompany(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := changeEntry(c)
	if _, err := w.Validations.NotifyCompany(c.UserContext(), who, id, validation.NotifyEntry{Notice: in.Notice, Version: in.Version}); err != nil {
		return w.renderNotify(c, who, &in, err)
	}
	w.flash(c, ui.Good, t(c, "The company is notified"))
	return seeOther(c, view.Path(id, ""))
}

func (w *Web) showCancelValidation(c *fiber.Ctx, who identity.Actor) error {
	return w.renderCancelValidation(c, who, "", nil)
}

func (w *Web) renderCancelValidation(c *fiber.Ctx, who identity.Actor, reason string, refusal error) error {
	r, err := w.headOf(c, who)
	if err != nil {
		return err
	}
	title := t(c, "Cancel this validation")
	p := view.ReasonPage{Base: w.validationBase(c, who, title, ui.Crumb{Label: r.Reference, Href: view.Path(r.ID, "")}, ui.Crumb{Label: title}), Heading: title,
		Caption: r.Reference + " · " + r.Company, Lead: t(c, "Every visit that is not over is called off, and both sides are told."), Action: view.Path(r.ID, "/cancel"), Back: view.Path(r.ID, ""),
		Button: t(c, "Cancel the validation"), Reason: reason, Version: r.Version}
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.Reason(p))
}

func (w *Web) cancelValidation(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.CallOffEntry{Reason: c.FormValue("reason"), Version: formVersion(c)}
	if err := w.Validations.Cancel(c.UserContext(), who, id, in); err != nil {
		return w.renderCancelValidation(c, who, in.Reason, err)
	}
	w.flash(c, ui.Good, t(c, "The validation is cancelled"))
	return seeOther(c, view.Path(id, ""))
}

// Visits

func visitEntry(c *fiber.Ctx) validation.VisitEntry {
	return validation.VisitEntry{Kind: c.FormValue("kind"), Site: c.FormValue("site"), Place: c.FormValue("place"), Party: c.FormValue("party"), Address: c.FormValue("address"),
		Country: c.FormValue("country"), Zone: c.FormValue("zone"), Lat: c.FormValue("lat"), Lon: c.FormValue("lon"), Days: c.FormValue("days"), AllDay: c.FormValue("all_day") == "yes",
		Languages: formAll(c, "languages"), TravelBefore: c.FormValue("travel_before"), TravelAfter: c.FormValue("travel_after"), ReliedOn: c.FormValue("relied_on"),
		ReliedChecked: writtenDate(formDate(c, "relied_checked")), Agenda: c.FormValue("agenda"), Version: formVersion(c)}
}

func (w *Web) renderVisitForm(c *fiber.Ctx, who identity.Actor, r validation.Record, x *validation.VisitItem, in validation.VisitEntry, title string, refusal error) error {
	sites, err := w.Validations.Sites(c.UserContext(), who, r.CompanyID)
	if err != nil {
		return err
	}
	p := view.VisitFormPage{Base: w.validationBase(c, who, title, ui.Crumb{Label: r.Reference, Href: view.Path(r.ID, "")}, ui.Crumb{Label: title}), Record: r, Visit: x, Entered: in, Sites: sites}
	p.Chrome.Combo = true
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.VisitForm(p))
}

func (w *Web) newVisit(c *fiber.Ctx, who identity.Actor) error {
	r, err := w.headOf(c, who)
	if err != nil {
		return err
	}
	return w.renderVisitForm(c, who, r, nil, validation.VisitEntry{Kind: validation.Domestic, Days: "1"}, t(c, "Add a visit"), nil)
}

func (w *Web) addVisit(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := visitEntry(c)
	x, err := w.Validations.AddVisit(c.UserContext(), who, id, in)
	if err != nil {
		r, e := w.headOf(c, who)
		if e != nil {
			return e
		}
		return w.renderVisitForm(c, who, r, nil, in, t(c, "Add a visit"), err)
	}
	w.flash(c, ui.Good, t(c, "The visit is added"))
	return seeOther(c, view.VisitPath(x.ID, ""))
}

// visitOf reads the visit of the path for a form.
func (w *Web) visitOf(c *fiber.Ctx, who identity.Actor) (validation.VisitPage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return validation.VisitPage{}, err
	}
	return w.Validations.VisitHead(c.UserContext(), who, id)
}

// visitCrumbs lead from a visit's page to its validation.
func visitCrumbs(who identity.Actor, p validation.VisitPage, here string) []ui.Crumb {
	record, visit := view.Path(p.ID, ""), view.VisitPath(p.Visit.ID, "")
	if who.Audience != identity.Staff {
		record, visit = "/validations/"+p.ID.String(), view.CompanyPath(p.Visit.ID, "")
	}
	list := []ui.Crumb{{Label: p.Reference, Href: record}}
	if here == "" {
		return append(list, ui.Crumb{Label: p.Visit.Place})
	}
	return append(list, ui.Crumb{Label: p.Visit.Place, Href: visit}, ui.Crumb{Label: here})
}

func (w *Web) showVisit(c *fiber.Ctx, who identity.Actor) error {
	return w.renderVisit(c, who, view.Entered{}, nil)
}

// renderVisit shows a visit, with what one of its forms had when that was refused.
func (w *Web) renderVisit(c *fiber.Ctx, who identity.Actor, in view.Entered, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	x, err := w.Validations.VisitPage(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	p := view.VisitPage{Base: w.validationBase(c, who, x.Visit.Place, visitCrumbs(who, x, "")...), Page: x, Desk: who.Audience == identity.Staff, Entered: in,
		Signs: who.Is(identity.CompanySigners...), Edits: who.Is(identity.CompanyEditors...) && !x.Status.Final(), Links: w.visitLinks(c, who, x)}
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	if p.Desk {
		return render(c, status, view.Visit(p))
	}
	return render(c, status, view.CompanyVisit(p))
}

func (w *Web) showEditVisit(c *fiber.Ctx, who identity.Actor) error {
	x, err := w.visitOf(c, who)
	if err != nil {
		return err
	}
	return w.renderVisitForm(c, who, x.Record, &x.Visit, x.Visit.Entry(), t(c, "Change the visit"), nil)
}

func (w *Web) editVisit(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := visitEntry(c)
	if _, err := w.Validations.ChangeVisit(c.UserContext(), who, id, in); err != nil {
		x, e := w.visitOf(c, who)
		if e != nil {
			return e
		}
		return w.renderVisitForm(c, who, x.Record, &x.Visit, in, t(c, "Change the visit"), err)
	}
	w.flash(c, ui.Good, t(c, "The visit is saved"))
	return seeOther(c, view.VisitPath(id, ""))
}

func (w *Web) showTeam(c *fiber.Ctx, who identity.Actor) error {
	return w.renderTeam(c, who, nil, nil)
}

func (w *Web) renderTeam(c *fiber.Ctx, who identity.Actor, in *validation.TeamEntry, refusal error) error {
	x, err := w.visitOf(c, who)
	if err != nil {
		return err
	}
	need := x.Need(x.WindowFrom, x.WindowTo, nil)
	need.Skill = x.Programme.Code + "/" + x.EntityType
	officers, err := w.Roster.Ranking(c.UserContext(), who, need)
	if err != nil {
		return err
	}
	p := view.TeamPage{Base: w.validationBase(c, who, t(c, "Choose the team"), visitCrumbs(who, x, t(c, "Team"))...), Page: x, Officers: officers, Entered: validation.TeamEntry{Version: x.Visit.Version}}
	for _, m := range x.Visit.Team {
		switch m.Role {
		case validation.Lead:
			p.Entered.Lead = m.ID.String()
		case validation.Trainee:
			p.Entered.Trainee = append(p.Entered.Trainee, m.ID.String())
		default:
			p.Entered.Members = append(p.Entered.Members, m.ID.String())
		}
	}
	if in != nil {
		p.Entered = *in
	}
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.Team(p))
}

func (w *Web) setTeam(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.TeamEntry{Lead: c.FormValue("lead"), Members: formAll(c, "members"), Trainee: formAll(c, "trainees"), Version: formVersion(c)}
	if err := w.Validations.SetTeam(c.UserContext(), who, id, in); err != nil {
		return w.renderTeam(c, who, &in, err)
	}
	w.flash(c, ui.Good, t(c, "The team is saved"))
	return seeOther(c, view.VisitPath(id, ""))
}

// Offers

func (w *Web) showOffer(c *fiber.Ctx, who identity.Actor) error {
	return w.renderOffer(c, who, view.OfferPage{From: c.Query("from"), To: c.Query("to")}, nil)
}

// renderOffer searches times and shows them to choose from.
func (w *Web) renderOffer(c *fiber.Ctx, who identity.Actor, p view.OfferPage, refusal error) error {
	x, err := w.visitOf(c, who)
	if err != nil {
		return err
	}
	if !x.Visit.Goes() {
		return fault.New(fault.Conflict, "Nobody goes on this visit, so there are no times to offer")
	}
	p.Base, p.Page, p.MostSlots = w.validationBase(c, who, t(c, "Offer times"), visitCrumbs(who, x, t(c, "Offer times"))...), x, x.Programme.Validation.Slots
	from, to := x.Window()
	if p.From != "" || p.To != "" {
		var e1, e2 error
		from, e1 = clock.ParseDay(p.From)
		to, e2 = clock.ParseDay(p.To)
		if e1 != nil || e2 != nil || to.Before(from) {
			refusal = fault.Fail([]fault.Field{fault.F("from", "Enter two days like 2026-05-04, the first before the last")})
			from, to = x.Window()
		}
	} else {
		p.From, p.To = from.String(), to.String()
	}
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	if p.Result, err = w.Roster.Slots(c.UserContext(), who, x.Need(from, to, w.Roster.SiteCalendar(x.Visit.Country))); err != nil {
		return err
	}
	return render(c, status, view.Offer(p))
}

func (w *Web) sendOffer(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.OfferEntry{Slots: formAll(c, "slots"), Note: c.FormValue("note"), Hold: c.FormValue("hold") == "yes", Version: formVersion(c)}
	other := validation.Suggestion{Day: writtenDate(formDate(c, "other-day")), From: c.FormValue("other-from"), To: c.FormValue("other-to")}
	chosen := in.Slots
	if !other.Empty() {
		code, err := w.Validations.TimeOf(c.UserContext(), who, id, other)
		if err != nil {
			return w.renderOffer(c, who, view.OfferPage{From: c.FormValue("search-from"), To: c.FormValue("search-to"), Chosen: chosen, Other: other, Note: in.Note, Hold: in.Hold}, err)
		}
		in.Slots = append(in.Slots, code)
	}
	if _, err := w.Validations.Offer(c.UserContext(), who, id, in); err != nil {
		return w.renderOffer(c, who, view.OfferPage{From: c.FormValue("search-from"), To: c.FormValue("search-to"), Chosen: chosen, Other: other, Note: in.Note, Hold: in.Hold}, err)
	}
	w.flash(c, ui.Good, t(c, "The times are offered. The company has been told"))
	return seeOther(c, view.VisitPath(id, ""))
}

// visitStep carries out a step on a visit of the desk that needs no form of its own.
func (w *Web) visitStep(c *fiber.Ctx, who identity.Actor, done string, do func(ctx context.Context, id uuid.UUID) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id); err != nil {
		return w.renderVisit(c, who, view.Entered{}, err)
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, view.VisitPath(id, ""))
}

func (w *Web) withdrawOffer(c *fiber.Ctx, who identity.Actor) error {
	return w.visitStep(c, who, t(c, "The offer is taken back"), func(ctx context.Context, id uuid.UUID) error {
		return w.Validations.WithdrawOffer(ctx, who, id, formVersion(c))
	})
}

func (w *Web) withdrawSlot(c *fiber.Ctx, who identity.Actor) error {
	slot, err := pathID(c, "slot")
	if err != nil {
		return err
	}
	return w.visitStep(c, who, t(c, "The time is taken back"), func(ctx context.Context, id uuid.UUID) error {
		return w.Validations.WithdrawSlot(ctx, who, id, slot, formVersion(c))
	})
}

func (w *Web) confirmSlot(c *fiber.Ctx, who identity.Actor) error {
	slot, err := pathID(c, "slot")
	if err != nil {
		return err
	}
	return w.visitStep(c, who, t(c, "The visit is booked. Both sides are told and invited"), func(ctx context.Context, id uuid.UUID) error {
		_, err := w.Validations.Confirm(ctx, who, id, validation.ConfirmEntry{Slot: slot, Reason: c.FormValue("reason"), Version: formVersion(c)})
		return err
	})
}

func (w *Web) beginVisit(c *fiber.Ctx, who identity.Actor) error {
	return w.visitStep(c, who, t(c, "The visit has begun"), func(ctx context.Context, id uuid.UUID) error {
		return w.Validations.BeginVisit(ctx, who, id, validation.StepEntry{Version: formVersion(c)})
	})
}

func (w *Web) endVisit(c *fiber.Ctx, who identity.Actor) error {
	return w.visitStep(c, who, t(c, "The visit is over"), func(ctx context.Context, id uuid.UUID) error {
		return w.Validations.EndVisit(ctx, who, id, validation.StepEntry{Version: formVersion(c)})
	})
}

func (w *Web) settleVisit(c *fiber.Ctx, who identity.Actor) error {
	return w.visitStep(c, who, t(c, "It is noted as done"), func(ctx context.Context, id uuid.UUID) error {
		return w.Validations.SettleVisit(ctx, who, id, validation.StepEntry{Version: formVersion(c)})
	})
}

func (w *Web) showMove(c *fiber.Ctx, who identity.Actor) error {
	return w.renderMove(c, who, nil, nil)
}

func (w *Web) renderMove(c *fiber.Ctx, who identity.Actor, in *validation.RescheduleEntry, refusal error) error {
	x, err := w.visitOf(c, who)
	if err != nil {
		return err
	}
	p := view.MovePage{Base: w.validationBase(c, who, t(c, "Move the visit"), visitCrumbs(who, x, t(c, "Move the visit"))...), Page: x, Entered: validation.RescheduleEntry{Version: x.Visit.Version}}
	if in != nil {
		p.Entered = *in
	}
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.Move(p))
}

func (w *Web) moveVisit(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.RescheduleEntry{Day: writtenDate(formDate(c, "day")), From: c.FormValue("from"), To: c.FormValue("to"), Reason: c.FormValue("reason"), AgreedWith: c.FormValue("agreed_with"),
		Version: formVersion(c)}
	if _, err := w.Validations.Reschedule(c.UserContext(), who, id, in); err != nil {
		return w.renderMove(c, who, &in, err)
	}
	w.flash(c, ui.Good, t(c, "The visit is moved. Both sides are told and invited"))
	return seeOther(c, view.VisitPath(id, ""))
}

func (w *Web) showCancelVisit(c *fiber.Ctx, who identity.Actor) error {
	return w.renderCancelVisit(c, who, "", nil)
}

func (w *Web) renderCancelVisit(c *fiber.Ctx, who identity.Actor, reason string, refusal error) error {
	x, err := w.visitOf(c, who)
	if err != nil {
		return err
	}
	title := t(c, "Cancel this visit")
	p := view.ReasonPage{Base: w.validationBase(c, who, title, visitCrumbs(who, x, title)...), Heading: title, Caption: x.Visit.Place + " · " + x.Company,
		Lead: t(c, "The team is free again, and both sides are told."), Action: view.VisitPath(x.Visit.ID, "/cancel"), Back: view.VisitPath(x.Visit.ID, ""), Button: t(c, "Cancel the visit"),
		Reason: reason, Version: x.Visit.Version}
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.Reason(p))
}

func (w *Web) cancelVisit(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.CallOffEntry{Reason: c.FormValue("reason"), Version: formVersion(c)}
	if err := w.Validations.CancelVisit(c.UserContext(), who, id, in); err != nil {
		return w.renderCancelVisit(c, who, in.Reason, err)
	}
	w.flash(c, ui.Good, t(c, "The visit is cancelled"))
	return seeOther(c, view.VisitPath(id, ""))
}

// Papers and observers at the desk

func (w *Web) askForPaper(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.PaperEntry{Name: c.FormValue("name"), Wanted: writtenDate(formDate(c, "wanted")), OnSite: c.FormValue("on_site") == "yes"}
	if _, err := w.Validations.AskForPaper(c.UserContext(), who, id, in); err != nil {
		return w.renderVisit(c, who, view.Entered{Paper: in}, err)
	}
	w.flash(c, ui.Good, t(c, "The document is asked for"))
	return seeOther(c, view.VisitPath(id, "")+"#documents")
}

func (w *Web) removePaper(c *fiber.Ctx, who identity.Actor) error {
	paper, err := pathID(c, "document")
	if err != nil {
		return err
	}
	return w.visitStep(c, who, t(c, "The document is not asked for any more"), func(ctx context.Context, id uuid.UUID) error {
		return w.Validations.RemovePaper(ctx, who, id, paper)
	})
}

func (w *Web) askForObserver(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.ObserverEntry{Agency: c.FormValue("agency"), Purpose: c.FormValue("purpose")}
	if err := w.Validations.AskForObserver(c.UserContext(), who, id, in); err != nil {
		return w.renderVisit(c, who, view.Entered{Observer: in}, err)
	}
	w.flash(c, ui.Good, t(c, "The company is asked"))
	return seeOther(c, view.VisitPath(id, "")+"#observers")
}

// What a company does

// suggestions reads the rows for other times.
func suggestions(c *fiber.Ctx) (out []validation.Suggestion) {
	for i := 1; i <= 5; i++ {
		name := func(field string) string { return fmt.Sprintf("suggest-%d-%s", i, field) }
		s := validation.Suggestion{Day: writtenDate(formDate(c, name("day"))), From: c.FormValue(name("from")), To: c.FormValue(name("to")), Note: c.FormValue(name("note"))}
		if s.Empty() && i > 2 {
			break
		}
		out = append(out, s)
	}
	return out
}

func (w *Web) answerOffer(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.AnswerEntry{Answers: map[uuid.UUID]string{}, Suggests: suggestions(c), Reply: c.FormValue("reply"), Version: formVersion(c)}
	for name, value := range c.Request().PostArgs().All() {
		if text, ok := strings.CutPrefix(string(name), "slot-"); ok {
			if slot, err := uuid.Parse(text); err == nil {
				in.Answers[slot] = string(value)
			}
		}
	}
	if err := w.Validations.Answer(c.UserContext(), who, id, in); err != nil {
		return w.renderVisit(c, who, view.Entered{Answers: in.Answers, Suggests: in.Suggests, Reply: in.Reply}, err)
	}
	w.flash(c, ui.Good, t(c, "Your answer is sent. We confirm a time, or offer others"))
	return seeOther(c, view.CompanyPath(id, ""))
}

func (w *Web) showAskTime(c *fiber.Ctx, who identity.Actor) error {
	return w.renderAskTime(c, who, validation.AskEntry{}, nil)
}

func (w *Web) renderAskTime(c *fiber.Ctx, who identity.Actor, in validation.AskEntry, refusal error) error {
	x, err := w.visitOf(c, who)
	if err != nil {
		return err
	}
	p := view.AskPage{Base: w.validationBase(c, who, t(c, "Ask for another time"), visitCrumbs(who, x, t(c, "Ask for another time"))...), Page: x, Entered: in}
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.Ask(p))
}

func (w *Web) askForTime(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.AskEntry{Suggests: suggestions(c), Reason: c.FormValue("reason"), Version: formVersion(c)}
	if err := w.Validations.AskForAnotherTime(c.UserContext(), who, id, in); err != nil {
		return w.renderAskTime(c, who, in, err)
	}
	w.flash(c, ui.Good, t(c, "Your wish is sent. The booked time stands until we confirm another"))
	return seeOther(c, view.CompanyPath(id, ""))
}

func (w *Web) prepareVisit(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.PrepareEntry{Hosts: c.FormValue("hosts"), HostLanguages: c.FormValue("host_languages"), Safety: c.FormValue("safety"), Access: c.FormValue("access"), Version: formVersion(c)}
	if _, err := w.Validations.Prepare(c.UserContext(), who, id, in); err != nil {
		return w.renderVisit(c, who, view.Entered{Prepare: &in}, err)
	}
	w.flash(c, ui.Good, t(c, "Saved."))
	return seeOther(c, view.CompanyPath(id, "")+"#prepare")
}

func (w *Web) markPaper(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	paper, err := pathID(c, "document")
	if err != nil {
		return err
	}
	in := validation.ReadyEntry{Ready: c.FormValue("ready") == "yes", Evidence: c.FormValue("evidence-" + paper.String())}
	if err := w.Validations.MarkPaper(c.UserContext(), who, id, paper, in); err != nil {
		if fields := fault.Fields(err); fields != nil {
			fields[0].Name = "evidence-" + paper.String()
			err = fault.Fail(fields)
		}
		return w.renderVisit(c, who, view.Entered{}, err)
	}
	w.flash(c, ui.Good, t(c, "The document is marked"))
	return seeOther(c, view.CompanyPath(id, "")+"#documents")
}

func (w *Web) agreeToShortNotice(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := validation.ShortNoticeEntry{Text: c.FormValue("text"), Accepted: c.FormValue("accepted") == "yes", Version: formVersion(c)}
	if err := w.Validations.AgreeToShortNotice(c.UserContext(), who, id, in); err != nil {
		return w.renderVisit(c, who, view.Entered{Text: in.Text}, err)
	}
	w.flash(c, ui.Good, t(c, "Your agreement is kept"))
	return seeOther(c, view.CompanyPath(id, ""))
}

func (w *Web) answerObserver(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	observer, err := pathID(c, "observer")
	if err != nil {
		return err
	}
	if err := w.Validations.Consent(c.UserContext(), who, id, observer, validation.ConsentEntry{Answer: c.FormValue("answer"), Version: formVersion(c)}); err != nil {
		return w.renderVisit(c, who, view.Entered{}, err)
	}
	w.flash(c, ui.Good, t(c, "Your answer is kept"))
	return seeOther(c, view.CompanyPath(id, "")+"#observers")
}

// Partner agencies

func (w *Web) showObserved(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Validations.ObservedVisits(c.UserContext(), who)
	if err != nil {
		return err
	}
	b := view.Base{Chrome: w.chrome(c, who, t(c, "Visits to observe")), Zone: who.Zone}
	return render(c, fiber.StatusOK, view.Observed(view.ObservedList{Base: b, Visits: list}))
}

func (w *Web) showObservedVisit(c *fiber.Ctx, who identity.Actor) error {
	return w.renderObserved(c, who, nil, nil)
}

func (w *Web) renderObserved(c *fiber.Ctx, who identity.Actor, in *string, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	o, err := w.Validations.ObservedVisit(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	p := view.ObservedPage{Base: view.Base{Chrome: w.chrome(c, who, o.Reference), Zone: who.Zone, Here: c.Path()}, Visit: o, Entered: o.Conclusion}
	p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Home"), Href: "/agency"}, {Label: t(c, "Visits to observe"), Href: "/agency/visits"}, {Label: o.Reference}}
	if in != nil {
		p.Entered = *in
	}
	status, rest := refusedValidation(c, &p.Base, refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.Observe(p))
}

func (w *Web) concludeObserved(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	text := c.FormValue("text")
	if err := w.Validations.Conclude(c.UserContext(), who, id, validation.ConclusionEntry{Text: text, Version: formVersion(c)}); err != nil {
		return w.renderObserved(c, who, &text, err)
	}
	w.flash(c, ui.Good, t(c, "Your conclusion is saved"))
	return seeOther(c, "/agency/visits/"+id.String())
}
