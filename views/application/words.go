// Package application draws the company's pages about applications. It formats
// and decides nothing: what can be done comes from the service.
package application

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	app "trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/i18n"
	"trustedtrader/app/profile"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
	"trustedtrader/views/ui"
)

// path is an application's page, or one below it.
func path(a app.Application, below ...string) string {
	return "/applications/" + a.ID.String() + strings.Join(below, "")
}

// hrefOf is the page on which a task is done.
func hrefOf(a app.Application, t app.Task) string {
	switch {
	case t.Code == app.PartSecurity:
		return "/profiles/" + t.Record.String()
	case t.Code == app.PartIdentifiers && t.Chooses:
		return path(a, "/numbers")
	}
	return taskHref(a, t.Code)
}

// partHref is the page on which a problem of a part is mended.
func partHref(f app.File, part string) string {
	if part == app.PartSecurity && f.Profile != nil {
		return "/profiles/" + f.Profile.ID.String()
	}
	if part == app.PartIdentifiers && len(f.Choosable()) > 0 {
		return path(f.Application, "/numbers")
	}
	return taskHref(f.Application, part)
}

// taskHref is the page on which a task of the application itself is done.
func taskHref(a app.Application, code string) string {
	switch code {
	case app.PartProfile:
		return "/company/profile"
	case app.PartSites:
		return "/company/sites"
	case app.PartContacts:
		return "/company/contacts"
	case app.PartIdentifiers:
		return "/company/numbers"
	case app.PartEligibility:
		return path(a, "/eligibility")
	case app.PartAgreement:
		return path(a, "/agreement")
	case app.TaskAnswer:
		return path(a, "/request")
	case app.TaskHearing:
		return path(a, "/hearing")
	}
	return path(a, "/check")
}

func taskLabel(ctx context.Context, code string) string {
	switch code {
	case app.TaskSubmit:
		return i18n.T(ctx, "Check your answers and submit")
	case app.TaskAnswer:
		return i18n.T(ctx, "Answer our request for information")
	case app.TaskHearing:
		return i18n.T(ctx, "Tell us your view before we decide")
	case app.PartEligibility:
		return i18n.T(ctx, "Answer the eligibility questions")
	case app.PartAgreement:
		return i18n.T(ctx, "Sign the agreement")
	case app.PartSecurity:
		return i18n.T(ctx, "Fill in and submit the security profile")
	}
	return i18n.T(ctx, app.PartName(code))
}

// nextLabel is the text of the one button.
func nextLabel(ctx context.Context, code string) string {
	switch code {
	case app.PartProfile, app.PartSites, app.PartContacts, app.PartIdentifiers:
		return i18n.T(ctx, "Continue with: %s", taskLabel(ctx, code))
	}
	return taskLabel(ctx, code)
}

// taskSection turns tasks into the parts of a task list.
func taskSection(ctx context.Context, a app.Application, tasks []app.Task) []ui.TaskSection {
	s := ui.TaskSection{Title: i18n.T(ctx, "What to do")}
	if !slices.ContainsFunc(tasks, func(t app.Task) bool { return t.Next }) {
		s.Title = i18n.T(ctx, "Parts of the application")
	}
	ready := 0
	for _, t := range tasks {
		item := ui.Task{Label: taskLabel(ctx, t.Code), Href: hrefOf(a, t), State: ui.TaskState(t.State), Next: t.Next}
		switch {
		case t.State == app.CannotStart:
			item.Href, item.Hint = "", i18n.T(ctx, "You can do this when everything above is ready.")
		case t.Locked && len(t.Problems) == 0:
			item.State, item.Hint = ui.Done, i18n.T(ctx, "With us. You can read it.")
		case len(t.Problems) > 0:
			item.Hint = ui.Say(ctx, t.Problems[0])
			if n := len(t.Problems) - 1; n > 0 {
				item.Hint += " " + i18n.N(ctx, "And %d more point.", "And %d more points.", n)
			}
		}
		if t.Progress != nil {
			item.Hint = strings.TrimSpace(item.Hint + " " + progressText(ctx, *t.Progress))
		}
		if t.State == app.Ready {
			ready++
		}
		s.Tasks = append(s.Tasks, item)
	}
	s.Summary = i18n.T(ctx, "%d of %d ready", ready, len(tasks))
	return []ui.TaskSection{s}
}

// progressText counts the criteria that are done, musts and shoulds apart.
func progressText(ctx context.Context, p profile.Progress) string {
	text := i18n.T(ctx, "Must: %d of %d ready. Should: %d of %d ready.", p.Must.Done, p.Must.Total, p.Should.Done, p.Should.Total)
	if n := p.Must.Attention + p.Should.Attention; n > 0 {
		text += " " + i18n.N(ctx, "%d needs attention.", "%d need attention.", n)
	}
	return text
}

func reviewPath(r app.Review) string { return "/profiles/" + r.Profile.Cycle.ID.String() }

// reviewName says what a review is: "Annual review SP-2026-000012, CTPAT, Importer, CT-1".
func reviewName(ctx context.Context, r app.Review) string {
	name := i18n.T(ctx, "Annual review %s", r.Profile.Cycle.Reference)
	if r.Profile.Cycle.Kind == profile.Revalidation {
		name = i18n.T(ctx, "Security profile %s, before the next validation", r.Profile.Cycle.Reference)
	}
	parts := []string{name, r.Names.Programme.ShortName, i18n.T(ctx, r.Names.Entity.Name)}
	if r.Number != "" {
		parts = append(parts, i18n.T(ctx, "membership %s", r.Number))
	}
	return strings.Join(parts, ", ") + "."
}

func reviewLabel(ctx context.Context, r app.Review) string {
	if r.Profile.Cycle.Status == profile.Returned {
		return i18n.T(ctx, "Answer what we sent back")
	}
	return i18n.T(ctx, "Continue security profile")
}

// reviewTone is that of a review's state; one whose day has passed stands out.
func reviewTone(r app.Review) ui.Kind {
	switch {
	case r.Profile.Cycle.Overdue():
		return ui.Bad
	case r.Profile.Cycle.Status == profile.Returned:
		return ui.Warn
	}
	return ui.Info
}

func tone(s app.Status) ui.Kind {
	switch s {
	case app.Draft:
		return ui.Neutral
	case app.InformationRequested, app.Hearing:
		return ui.Warn
	case app.Certified:
		return ui.Good
	case app.Rejected:
		return ui.Bad
	case app.Withdrawn, app.Lapsed:
		return ui.Neutral
	}
	return ui.Waiting
}

func clockTone(s clock.State) ui.Kind {
	switch s {
	case clock.DueSoon:
		return ui.Warn
	case clock.Overdue, clock.StoppedLate, clock.Missed:
		return ui.Bad
	case clock.Paused, clock.Waiting:
		return ui.Waiting
	case clock.StoppedInTime, clock.StoppedEarly:
		return ui.Neutral
	}
	return ui.Good
}

// bar is a clock with its arithmetic.
func bar(ctx context.Context, v clock.View) ui.Clock {
	r := v.Reading
	c := ui.Clock{
		Label: v.Title(ctx), Used: max(0, min(r.DaysUsed, r.DaysAllowed)), Target: r.DaysAllowed, Paused: r.DaysPaused,
		Kind: clockTone(r.State), State: r.State.Text(ctx), Arithmetic: v.Arithmetic(ctx),
	}
	c.Text = r.Summary(ctx)
	if v.StoppedAt == nil {
		c.Text = v.Reading.Due(ctx) + ". " + c.Text
	}
	c.Arithmetic = append(c.Arithmetic, i18n.T(ctx, "Source: %s", v.Source))
	return c
}

// deadlines are the running clocks as rows of a table: what, about which case, whose
// turn, when.
func deadlines(ctx context.Context, h app.Home) [][]string {
	about := maps.Clone(h.About)
	if about == nil {
		about = map[uuid.UUID]string{}
	}
	for _, c := range append(slices.Clone(h.Open), h.Past...) {
		about[c.Application.ID] = c.Application.Reference
	}
	for _, m := range h.Members {
		about[m.ID] = m.Number
	}
	var out [][]string
	for _, v := range h.Clocks {
		if v.StoppedAt != nil {
			continue
		}
		who := i18n.T(ctx, "You")
		if v.OwedBy == string(programme.Agency) {
			who = i18n.T(ctx, "We")
		}
		out = append(out, []string{v.Title(ctx), about[v.SubjectID], who, v.Reading.Due(ctx)})
	}
	return out
}

// answer is an eligibility answer for a person to read.
func answer(ctx context.Context, kind programme.Kind, given string) string {
	switch {
	case given == "":
		return ""
	case kind == programme.YesNo && given == "yes":
		return i18n.T(ctx, "Yes")
	case kind == programme.YesNo && given == "no":
		return i18n.T(ctx, "No")
	case kind == programme.Date:
		if d, err := time.Parse(time.DateOnly, given); err == nil {
			return i18n.Date(ctx, d)
		}
	}
	return given
}

// eventTitle says in words what an audit event is.
func eventTitle(ctx context.Context, action string) string {
	words := map[string]string{
		"application.open": "Application opened", "application.answer_eligibility": "Eligibility questions answered",
		"application.sign_agreement": "Agreement signed", "application.submit": "Application submitted",
		"application.make_receipt": "Receipt made", "application.download": "Copy downloaded",
		"application.start_review": "Review started", "application.accept": "Application accepted",
		"application.request_information": "We asked for more information", "application.save_answers": "Answers saved",
		"application.answer_information": "Answers sent", "application.cancel_request": "We took back our request",
		"application.answer_hearing": "Your view received", "application.hearing_expired": "Time for your view ended",
		"application.withdraw": "Application withdrawn", "application.lapse": "Application lapsed", "application.approve": "Decision made",
	}
	if w := words[action]; w != "" {
		return i18n.T(ctx, w)
	}
	return i18n.T(ctx, "Changed")
}

func timeline(ctx context.Context, o app.Overview) []ui.Event {
	var out []ui.Event
	for _, e := range o.Events {
		by := e.Actor
		if by == "" {
			by = i18n.T(ctx, "The administration")
		}
		out = append(out, ui.Event{At: e.At, Zone: o.Zone, Title: eventTitle(ctx, e.Action), Text: e.Reason, Actor: by, Kind: ui.Neutral})
	}
	return out
}

// stages are the planned and actual days of the journey, from the clocks and the
// dates of the application.
func stages(ctx context.Context, o app.Overview) []ui.Step {
	a, p := o.File.Application, o.File.Programme
	day := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return clock.DayOf(*t, o.Zone).Text(ctx)
	}
	planned := func(stoppedBy string, owed programme.Party) string {
		last := clock.Day{}
		for _, v := range o.Clocks {
			if v.OwedBy != string(owed) || v.Earliest {
				continue
			}
			for _, s := range v.Rule.StopsOn {
				switch {
				case s != stoppedBy:
				case v.Paused: // until it runs again nobody knows the day
					return i18n.T(ctx, "counted again when the period goes on")
				case v.DueOn.After(last):
					last = v.DueOn
				}
			}
		}
		if last.IsZero() {
			return ""
		}
		return last.Text(ctx)
	}
	steps := []ui.Step{
		{Label: i18n.T(ctx, "Opened"), Actual: day(&a.OpenedAt)},
		{Label: i18n.T(ctx, "Submitted"), Planned: planned(programme.ApplicationSubmitted, programme.Company), Actual: day(a.SubmittedAt)},
	}
	if p.Process.AcceptanceStep {
		steps = append(steps, ui.Step{Label: i18n.T(ctx, "Accepted"), Planned: planned(programme.ApplicationAccepted, programme.Agency), Actual: day(a.AcceptedAt)})
	}
	decision := ui.Step{Label: i18n.T(ctx, "Decision"), Planned: planned(programme.ApplicationCertified, programme.Agency), Actual: day(a.DecidedAt)}
	if a.SubmittedAt == nil {
		decision.Note = i18n.T(ctx, "We can say a day when you have submitted.")
	}
	steps = append(steps, decision)
	if p.Process.EffectiveAfterDays > 0 {
		steps = append(steps, ui.Step{Label: i18n.T(ctx, "Takes effect"), Note: i18n.N(ctx, "%d day after the decision", "%d days after the decision", p.Process.EffectiveAfterDays)})
	}
	current := true
	for i := range steps {
		switch {
		case steps[i].Actual != "":
			steps[i].State = ui.StepDone
		case a.Status.Final():
			steps[i].State = ui.StepSkipped
		case current:
			steps[i].State, current = ui.StepCurrent, false
		default:
			steps[i].State = ui.StepTodo
		}
	}
	if a.Status == app.Certified && p.Process.EffectiveAfterDays > 0 {
		steps[len(steps)-1].State = ui.StepCurrent
	}
	return steps
}

// nextSteps are the sentences of a receipt: what happens next, by which date.
func nextSteps(ctx context.Context, r app.Receipt) []string {
	var out []string
	for _, v := range r.Clocks {
		if v.StoppedAt == nil && v.OwedBy == string(programme.Agency) && !v.Earliest {
			out = append(out, i18n.T(ctx, "By %s we do this: %s", v.Reading.DueDay.Text(ctx), i18n.T(ctx, v.Name)))
		}
	}
	return append(out,
		i18n.T(ctx, "If we need more from you, we write to your inbox in the portal and name a last day for your answer."),
		i18n.T(ctx, "If something about the company changes meanwhile, tell us with a change notice."))
}

// activities are a site's activities in words.
func activities(ctx context.Context, s app.Site) string {
	var names []string
	for _, code := range s.Activities {
		names = append(names, i18n.T(ctx, activityName(code)))
	}
	return strings.Join(names, ", ")
}

func activityName(code string) string {
	for _, a := range programme.Activities() {
		if a.Code == code {
			return a.Name
		}
	}
	return code
}

func address(s app.Site) string {
	var parts []string
	for _, p := range []string{s.Street, strings.TrimSpace(s.Postcode + " " + s.City), s.Region, s.Country} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

func contactKind(ctx context.Context, c app.Contact) string {
	word := map[string]string{"officer": "Officer", "employee": "Employee", "consultant": "Consultant"}[c.Kind]
	if c.Primary {
		return i18n.T(ctx, word) + ", " + i18n.T(ctx, "primary contact")
	}
	return i18n.T(ctx, word)
}

// seenField carries a part's fingerprint through a form.
func seenField(part string) string { return "seen-" + part }

// noteName and versionName belong to the field of a question or an item.
func noteName(field string) string    { return field + "-note" }
func versionName(field string) string { return field + "-version" }

// visitTime is when a visit is, at the site and for the reader; empty while no time is agreed.
func visitTime(ctx context.Context, v app.HomeVisit, zone *time.Location) string {
	return validation.Visit{Zone: v.Zone, AllDay: v.AllDay, LocalFrom: v.LocalFrom, LocalTo: v.LocalTo, StartsAt: v.StartsAt, EndsAt: v.EndsAt}.When().Text(ctx, zone)
}

func visitWord(ctx context.Context, v app.HomeVisit) string {
	switch {
	case v.Waits:
		return i18n.T(ctx, "Your answer is needed")
	case v.StartsAt == nil:
		return i18n.T(ctx, "Answered")
	}
	return i18n.T(ctx, "Next visit")
}

func visitTone(v app.HomeVisit) ui.Kind {
	if v.Waits {
		return ui.Warn
	}
	return ui.Info
}
