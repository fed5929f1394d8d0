package web

import (
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
	view "trustedtrader/views/profile"
	"trustedtrader/views/ui"
)

// profileFrame is what every page of a profile has. A page below the task list leads back
// to it.
func (w *Web) profileFrame(c *fiber.Ctx, who identity.Actor, p *profile.Profile, names profile.Names, title string) view.Frame {
	list := ui.Crumb{Label: t(c, "Security profiles"), Href: "/profiles"}
	f := view.Frame{Cycle: p.Cycle, Names: names, Firm: p.Firm, Now: w.Now(), Me: who.PersonID, MyName: who.Name, Zone: who.Zone}
	if title == "" {
		f.Chrome = w.chrome(c, who, t(c, "Security profile %s", p.Cycle.Reference))
		f.Breadcrumb = []ui.Crumb{list, {Label: p.Cycle.Reference}}
		return f
	}
	f.Chrome = w.chrome(c, who, title)
	f.Breadcrumb = []ui.Crumb{list, {Label: p.Cycle.Reference, Href: profilePath(p.Cycle.ID)}, {Label: title}}
	return f
}

// profilePath is a profile's task list, or a page below it.
func profilePath(id uuid.UUID, below ...string) string {
	return "/profiles/" + id.String() + strings.Join(below, "")
}

func (w *Web) showTasks(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	l, err := w.Profiles.TaskList(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	show := c.Query("show")
	if !slices.Contains(view.Filters(), show) {
		show = ""
	}
	return render(c, fiber.StatusOK, view.Tasks(view.TasksPage{Frame: w.profileFrame(c, who, l.Profile, l.Names, ""), List: l, Show: show}))
}

// confirmShoulds says of the shoulds of a section that last time's answers are still true.
func (w *Web) confirmShoulds(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	section := c.FormValue("section")
	n, err := w.Profiles.ConfirmShoulds(c.UserContext(), who, id, section)
	if err != nil {
		return err
	}
	w.flash(c, ui.Good, tn(c, "%d should is confirmed for this year.", "%d shoulds are confirmed for this year.", n))
	back := profilePath(id)
	if show := c.FormValue("show"); slices.Contains(view.Filters(), show) && show != "" {
		back = withQuery(back, "show", show)
	}
	return seeOther(c, back+"#"+view.SectionID(section))
}

func (w *Web) showChecks(c *fiber.Ctx, who identity.Actor) error {
	checks, err := w.checks(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Checks(view.ChecksPage{Frame: w.profileFrame(c, who, checks.Profile, checks.Names, t(c, "Checks")), Checks: checks}))
}

func (w *Web) checks(c *fiber.Ctx, who identity.Actor) (profile.Checks, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return profile.Checks{}, err
	}
	return w.Profiles.Checks(c.UserContext(), who, id)
}

func (w *Web) showSubmit(c *fiber.Ctx, who identity.Actor) error {
	checks, err := w.checks(c, who)
	if err != nil {
		return err
	}
	page := w.submitPage(c, who, checks)
	page.Entered.Name = who.Name
	return render(c, fiber.StatusOK, view.Submit(page))
}

func (w *Web) submitPage(c *fiber.Ctx, who identity.Actor, checks profile.Checks) view.SubmitPage {
	return view.SubmitPage{Frame: w.profileFrame(c, who, checks.Profile, checks.Names, t(c, "Check and submit")), Checks: checks}
}

// readDeclaration reads a declaration. A form always carries what its reader saw, and the
// warnings that it showed.
func readDeclaration(c *fiber.Ctx) profile.Declaration {
	in := profile.Declaration{Version: formVersion(c), Attested: c.FormValue("attested") == "yes", Name: c.FormValue("name"), Title: c.FormValue("title"), Seen: map[string]string{}}
	for name, value := range c.Request().PostArgs().All() {
		if section, ok := strings.CutPrefix(string(name), "seen-"); ok {
			in.Seen[section] = string(value)
		}
	}
	if c.FormValue("warnings") == "yes" {
		in.Read = formAll(c, "warning")
	}
	return in
}

func (w *Web) submitProfile(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := readDeclaration(c)
	if _, err = w.Profiles.Submit(c.UserContext(), who, id, in); err == nil {
		return seeOther(c, profilePath(id, "/receipt"))
	}
	status, fields, moved, sentence, rest := refused(c, err)
	if rest != nil {
		return rest
	}
	checks, err := w.checks(c, who)
	if err != nil {
		return err
	}
	page := w.submitPage(c, who, checks)
	page.Entered, page.Read, page.Errors, page.Moved, page.Refusal = in, c.FormValue("warnings") == "yes", fields, moved, sentence
	page.Chrome.Errors = fields != nil
	return render(c, status, view.Submit(page))
}

func (w *Web) showPrint(c *fiber.Ctx, who identity.Actor) error {
	checks, err := w.checks(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Print(view.PrintPage{Frame: w.profileFrame(c, who, checks.Profile, checks.Names, t(c, "Print")), Checks: checks}))
}

func (w *Web) showProfileReceipt(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	r, err := w.Profiles.Receipt(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	page := view.ReceiptPage{Frame: w.profileFrame(c, who, &profile.Profile{Cycle: r.Cycle, Firm: r.Firm}, r.Names, t(c, "Receipt")), Receipt: r, Renderer: w.Config.Browser != ""}
	return render(c, fiber.StatusOK, view.Receipt(page))
}

// sendProfileReceipt sends the PDF; while it is being made, the receipt's page says so.
func (w *Web) sendProfileReceipt(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	d, err := w.Profiles.ReceiptPDF(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	if d == nil {
		return seeOther(c, profilePath(id, "/receipt"))
	}
	return sendFile(c, d.Name, d.ContentType, d.Body)
}

func (w *Web) sendProfileCopy(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	sent, err := w.Profiles.CopyJSON(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	content, err := sent.Read()
	if err != nil {
		return err
	}
	c.Set("X-Content-SHA256", sent.SHA256)
	return sendFile(c, content.Reference+".json", fiber.MIMEApplicationJSON, []byte(sent.Body))
}

// ProfileHTML is a submitted profile as a document of its own, for the job that prints it.
func ProfileHTML(ctx context.Context, r profile.Receipt) (string, error) {
	var b strings.Builder
	err := view.Document(r).Render(ctx, &b)
	return b.String(), err
}

func (w *Web) showAssign(c *fiber.Ctx, who identity.Actor) error {
	return w.renderAssign(c, who, fiber.StatusOK, profile.Assignment{}, nil)
}

func (w *Web) renderAssign(c *fiber.Ctx, who identity.Actor, status int, in profile.Assignment, fields []fault.Field) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	l, err := w.Profiles.AssignPage(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	if one := c.Query("criterion"); one != "" && c.Method() == fiber.MethodGet {
		in.Criteria = []string{one}
	}
	page := view.AssignPage{Frame: w.profileFrame(c, who, l.Profile, l.Names, t(c, "Who fills in what")), List: l, Entered: in, Errors: fields}
	page.Chrome.Errors = fields != nil
	return render(c, status, view.Assign(page))
}

func (w *Web) assignCriteria(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := profile.Assignment{Sections: formAll(c, "section"), Criteria: formAll(c, "criterion"), DueOn: writtenDate(formDate(c, "due_on"))}
	if person := c.FormValue("person"); person != "" {
		if in.Person, err = uuid.Parse(person); err != nil {
			return fault.Missing()
		}
	}
	n, err := w.Profiles.Assign(c.UserContext(), who, id, in)
	if err == nil {
		if in.Person == uuid.Nil {
			w.flash(c, ui.Good, tn(c, "%d criterion is assigned to nobody now.", "%d criteria are assigned to nobody now.", n))
		} else {
			w.flash(c, ui.Good, tn(c, "%d criterion is assigned.", "%d criteria are assigned.", n))
		}
		return seeOther(c, profilePath(id))
	}
	if fields := fault.Fields(err); fields != nil {
		return w.renderAssign(c, who, fiber.StatusUnprocessableEntity, in, fields)
	}
	return err
}

func (w *Web) showSiteMatrix(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	m, err := w.Profiles.Matrix(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	page := view.SitesPage{Frame: w.profileFrame(c, who, m.Profile, m.Names, t(c, "Sites that differ")), Matrix: m, All: c.Query("show") == "all"}
	page.Wide = true
	return render(c, fiber.StatusOK, view.Sites(page))
}
