package web

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
	"trustedtrader/app/signin"
	view "trustedtrader/views/profile"
	"trustedtrader/views/ui"
)

// siteID reads the site that a page or form is about; the zero id is the company.
func siteID(text string) (uuid.UUID, error) {
	if text == "" {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(text)
	if err != nil || id == uuid.Nil {
		return uuid.Nil, fault.Missing()
	}
	return id, nil
}

// sentAnswers reads the answers of a form, in the order of the questions: every question
// whose version the form carries was on the page.
func sentAnswers(c *fiber.Ctx, form *catalogue.Form, cycle, site uuid.UUID) (out []profile.AnswerEntry) {
	for _, criterion := range form.Criteria {
		for _, q := range criterion.Questions {
			seen := c.FormValue(profile.VersionField(q.ID))
			if seen == "" {
				continue
			}
			if e := sentAnswer(c, form, criterion, q, cycle, site, seen); site == uuid.Nil || e.Version > 0 || !asBefore(c, q, e.Answer) {
				out = append(out, e)
			}
		}
	}
	return out
}

func sentAnswer(c *fiber.Ctx, form *catalogue.Form, criterion catalogue.Criterion, q catalogue.Question, cycle, site uuid.UUID, seen string) profile.AnswerEntry {
	version, err := strconv.Atoi(seen)
	if err != nil {
		version = -1 // one that nobody saw
	}
	return profile.AnswerEntry{
		Cycle: cycle, EditionHash: form.Edition.Hash, EntityType: form.EntityType, Criterion: criterion.ID, Question: q.ID, Site: site, Version: version,
		Answer: q.Read(profile.AnswerField(q.ID), func(name string) string { return c.FormValue(name) }, func(name string) []string { return formAll(c, name) }),
	}
}

// asBefore reports whether the fields of a site still have what they began with, which is
// the company's answer: then nothing is different there.
func asBefore(c *fiber.Ctx, q catalogue.Question, answer catalogue.Answer) bool {
	var before catalogue.Answer
	if err := json.Unmarshal([]byte(c.FormValue(view.BaseField(q.ID))), &before); err != nil {
		return answer.Empty()
	}
	return answer.Equal(before)
}

// saveAnswer is the autosave of one answer. What a page made of it stands in the page that
// it came from, so its own answer is small.
func (w *Web) saveAnswer(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	site, err := siteID(c.FormValue("site"))
	if err != nil {
		return err
	}
	form, err := w.Profiles.FormOf(c.FormValue("edition"), c.FormValue("entity"))
	if err != nil {
		return err
	}
	criterion, q, ok := form.Question(c.Params("question"))
	if !ok {
		return fault.Missing()
	}
	e := sentAnswer(c, form, criterion, q, id, site, c.FormValue(profile.VersionField(q.ID)))
	saved, err := w.Profiles.Save(c.UserContext(), who, e)
	if conflicts := profile.Conflicts(err); conflicts != nil {
		return w.sendProblem(c, fiber.StatusConflict, map[string]any{"conflict": true, "detail": t(c, "%s changed this answer meanwhile", conflicts[0].By)})
	}
	if err != nil {
		return err
	}
	given := profile.Given{Question: q.ID, Value: e.Answer, Version: saved.Version, At: saved.At, Author: saved.By}
	return c.JSON(map[string]any{
		"version": saved.Version, "saved": view.SavedText(c.UserContext(), given, w.Now(), who.Zone, who.Name), "missing": view.Missing(c.UserContext(), q, given),
		"state": saved.State.State, "place": view.StateID(criterion.ID), "reload": saved.Reload && saved.Changed, "idle": w.idleSeconds(c),
	})
}

// idleSeconds is how long the session stays open without another request.
func (w *Web) idleSeconds(c *fiber.Ctx) int {
	return int(max(known(c).IdleUntil.Sub(w.Now()), 0).Seconds())
}

// saveCriterion takes the answers of a page without scripts, or all of them at once with.
func (w *Web) saveCriterion(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	site, err := siteID(c.FormValue("site"))
	if err != nil {
		return err
	}
	form, err := w.Profiles.FormOf(c.FormValue("edition"), c.FormValue("entity"))
	if err != nil {
		return err
	}
	criterion, ok := form.Criterion(c.Params("criterion"))
	if !ok {
		return fault.Missing()
	}
	here := criterionAt(id, criterion.ID, site)
	entries := sentAnswers(c, form, id, site)
	saved, err := w.Profiles.SaveAll(c.UserContext(), who, entries)
	switch fields := fault.Fields(err); {
	case profile.Conflicts(err) != nil:
		return w.renderConflict(c, who, id, form, here, saved, profile.Conflicts(err), nil, nil)
	case fields != nil:
		return w.renderRefusedCriterion(c, who, entries, fields)
	case err != nil:
		return err
	}
	if add := c.FormValue("add"); add != "" {
		if _, q, ok := form.Question(add); ok {
			return seeOther(c, withQuery(here, "rows", q.ID)+"#"+view.QuestionID(q.ID))
		}
	}
	return w.afterSaving(c, who, criterion, site, entries, saved)
}

// afterSaving leads on: to the next criterion, unless an answer brought up more questions.
func (w *Web) afterSaving(c *fiber.Ctx, who identity.Actor, criterion catalogue.Criterion, site uuid.UUID, sent []profile.AnswerEntry, saved []profile.Saved) error {
	page, err := w.criterion(c, who, site)
	if err != nil {
		return err
	}
	id := page.Profile.Cycle.ID
	more := slices.ContainsFunc(page.Asked, func(x profile.Asked) bool {
		return x.Counts && !slices.ContainsFunc(sent, func(e profile.AnswerEntry) bool { return e.Question == x.Question.ID })
	})
	switch {
	case more && slices.ContainsFunc(saved, func(s profile.Saved) bool { return s.Changed && s.Reload }):
		w.flash(c, ui.Good, t(c, "Saved. Your answer brings up more questions below."))
		return seeOther(c, criterionAt(id, criterion.ID, site))
	case c.FormValue("then") != "next" || site != uuid.Nil:
		w.flash(c, ui.Good, t(c, "Saved."))
		return seeOther(c, criterionAt(id, criterion.ID, site))
	}
	kind, text := ui.Good, t(c, "%s is saved.", criterion.ID)
	switch page.Standing.Because {
	case profile.BecauseIncomplete:
		kind, text = ui.Info, t(c, "%s is saved. Something is still missing there.", criterion.ID)
	case profile.BecauseEvidence:
		kind, text = ui.Info, t(c, "%s is saved. It still needs evidence.", criterion.ID)
	}
	w.flash(c, kind, text)
	if next := page.Next; next != "" {
		return seeOther(c, criterionAt(id, next, uuid.Nil)+"#main") // whoever types goes on below the menu
	}
	return seeOther(c, profilePath(id))
}

// criterionAt is the page of a criterion, or of what is different at a site.
func criterionAt(id uuid.UUID, criterion string, site uuid.UUID) string {
	return criterionPath(placeAt(id, criterion, site))
}

func placeAt(id uuid.UUID, criterion string, site uuid.UUID) evidence.Place {
	p := evidence.Place{Cycle: id, Criterion: criterion}
	if site != uuid.Nil {
		p.Site = &site
	}
	return p
}

func withQuery(path, name, value string) string {
	if strings.Contains(path, "?") {
		return path + "&" + name + "=" + value
	}
	return path + "?" + name + "=" + value
}

// versionsSeen reads the versions of answers that a form carries, by question.
func versionsSeen(c *fiber.Ctx) map[string]int {
	out := map[string]int{}
	for name, value := range c.Request().PostArgs().All() {
		question, ok := strings.CutPrefix(string(name), profile.AnswerField(""))
		question, version := strings.CutSuffix(question, "-version")
		if n, err := strconv.Atoi(string(value)); ok && version && err == nil {
			out[question] = n
		}
	}
	return out
}

// sendProblem sends a problem document that says more than a sentence, to a script.
func (w *Web) sendProblem(c *fiber.Ctx, status int, more map[string]any) error {
	doc := map[string]any{"type": "about:blank", "status": status, "instance": "urn:request:" + requestID(c)}
	for k, v := range more {
		doc[k] = v
	}
	return c.Status(status).JSON(doc, "application/problem+json")
}

// renderConflict sets answers beside those of colleagues who were faster. typed is what
// was chosen on that page and refused.
func (w *Web) renderConflict(c *fiber.Ctx, who identity.Actor, id uuid.UUID, form *catalogue.Form, back string, saved []profile.Saved, conflicts []profile.Conflict,
	typed []profile.Resolution, fields []fault.Field) error {
	l, err := w.Profiles.TaskList(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	page := view.ConflictPage{Frame: w.profileFrame(c, who, l.Profile, l.Names, t(c, "Choose between two answers")), Back: back}
	for _, s := range saved {
		if s.Changed {
			page.Saved++
		}
	}
	for _, x := range conflicts {
		_, q, ok := form.Question(x.Question)
		if !ok {
			return fault.Missing()
		}
		x, err := clash(c, l.Profile, q, x)
		if err != nil {
			return err
		}
		page.Clashes = append(page.Clashes, x)
	}
	if typed != nil {
		for i, x := range typed {
			page.Clashes[i].Choice, page.Clashes[i].Combined.Value = x.Choice, x.Combined
			page.Clashes[i].Combined.Errors = fields
		}
		page.Errors, page.Chrome.Errors = fields, true
		return render(c, fiber.StatusUnprocessableEntity, view.Conflict(page))
	}
	return render(c, fiber.StatusConflict, view.Conflict(page))
}

func clash(c *fiber.Ctx, p *profile.Profile, q catalogue.Question, x profile.Conflict) (view.Clash, error) {
	out := view.Clash{Conflict: x, Question: q}
	carried, err := json.Marshal(x)
	if err != nil {
		return out, err
	}
	out.Carried = string(carried)
	for _, s := range p.Sites {
		if s.ID == x.Site {
			out.Site = s.Name
		}
	}
	both := view.Combined(x.Answer, x.Theirs)
	out.Combined = view.Asked{Question: q, Name: x.CombinedField(), Value: both, Rows: rowsOf(c, q, both)}
	return out, nil
}

// resolveConflicts takes what a person chose for each answer.
func (w *Web) resolveConflicts(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	form, err := w.Profiles.FormOf(c.FormValue("edition"), c.FormValue("entity"))
	if err != nil {
		return err
	}
	back := signin.LocalPath(c.FormValue("back"))
	if !strings.HasPrefix(back, profilePath(id)) {
		back = profilePath(id)
	}
	conflicts, choices, err := sentChoices(c, form, id)
	if err != nil {
		return err
	}
	saved, err := w.Profiles.Resolve(c.UserContext(), who, choices)
	switch fields := fault.Fields(err); {
	case profile.Conflicts(err) != nil:
		return w.renderConflict(c, who, id, form, back, saved, profile.Conflicts(err), nil, nil)
	case fields != nil:
		return w.renderConflict(c, who, id, form, back, nil, conflicts, choices, fields)
	case err != nil:
		return err
	}
	w.flash(c, ui.Good, t(c, "Saved as you chose. What was not kept stays in the history."))
	return seeOther(c, back)
}

// sentChoices reads the form of a conflict, which carries the conflict itself.
func sentChoices(c *fiber.Ctx, form *catalogue.Form, id uuid.UUID) (conflicts []profile.Conflict, choices []profile.Resolution, err error) {
	for _, carried := range formAll(c, "clash") {
		var x profile.Conflict
		if err := json.Unmarshal([]byte(carried), &x); err != nil {
			return nil, nil, fiber.ErrBadRequest
		}
		criterion, q, ok := form.Question(x.Question)
		if !ok {
			return nil, nil, fault.Missing()
		}
		x.Cycle, x.EditionHash, x.EntityType, x.Criterion = id, form.Edition.Hash, form.EntityType, criterion.ID
		choice := profile.Resolution{AnswerEntry: x.AnswerEntry, Choice: profile.Choice(c.FormValue(x.WayField())), Theirs: x.TheirsIs}
		choice.Combined = q.Read(x.CombinedField(), func(name string) string { return c.FormValue(name) }, func(name string) []string { return formAll(c, name) })
		conflicts, choices = append(conflicts, x), append(choices, choice)
	}
	return conflicts, choices, nil
}
