package web

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/programme"
	"trustedtrader/app/review"
	view "trustedtrader/views/desk"
	"trustedtrader/views/ui"
)

func asFault(err error) *fault.Error {
	var f *fault.Error
	errors.As(err, &f)
	return f
}

// casePage reads the case of the path for one of its pages. A page that is opened for
// work sets the soft lock.
func (w *Web) casePage(c *fiber.Ctx, who identity.Actor, tab view.Tab) (view.CasePage, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.CasePage{}, err
	}
	open := w.Reviews.Record
	if tab.Work() {
		open = w.Reviews.Work
	}
	x, err := open(c.UserContext(), who, id)
	return w.pageOf(c, who, x, tab), err
}

func (w *Web) pageOf(c *fiber.Ctx, who identity.Actor, x review.Case, tab view.Tab) view.CasePage {
	return view.CasePage{Chrome: w.wideChrome(c, who, t(c, "%s: %s", x.Reference, t(c, tab.Title())), deskCrumbs(c, x.Reference)...), Case: x, Tab: tab}
}

// refusedCase reads the case again for a form that was refused.
func (w *Web) refusedCase(c *fiber.Ctx, who identity.Actor, tab view.Tab, err error) (view.CasePage, int, error) {
	fields, conflict, status, err := kept(err)
	if err != nil {
		return view.CasePage{}, 0, err
	}
	p, err := w.casePage(c, who, tab)
	p.Errors, p.Conflict, p.Chrome.Errors = fields, conflict, fields != nil
	return p, status, err
}

func (w *Web) showCase(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.casePage(c, who, view.OverviewTab)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Overview(view.OverviewPage{CasePage: p}))
}

// caseStep carries out a step that needs no more than the version of the case.
func (w *Web) caseStep(c *fiber.Ctx, do func(id uuid.UUID, version int) error, back view.Tab, done string) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(id, formVersion(c)); err != nil {
		return err
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, "/desk/cases/"+id.String()+string(back))
}

func (w *Web) claimCase(c *fiber.Ctx, who identity.Actor) error {
	return w.caseStep(c, func(id uuid.UUID, version int) error {
		_, err := w.Reviews.Claim(c.UserContext(), who, id, version)
		return err
	}, view.OverviewTab, t(c, "This case is assigned to you now"))
}

func (w *Web) releaseCase(c *fiber.Ctx, who identity.Actor) error {
	return w.caseStep(c, func(id uuid.UUID, version int) error {
		_, err := w.Reviews.Release(c.UserContext(), who, id, version)
		return err
	}, view.OverviewTab, t(c, "The case is back in the office's queue"))
}

func (w *Web) takeOverCase(c *fiber.Ctx, who identity.Actor) error {
	return w.caseStep(c, func(id uuid.UUID, _ int) error {
		_, err := w.Reviews.TakeOver(c.UserContext(), who, id)
		return err
	}, view.OverviewTab, t(c, "You work in this case now"))
}

func (w *Web) startReview(c *fiber.Ctx, who identity.Actor) error {
	return w.caseStep(c, func(id uuid.UUID, version int) error {
		_, err := w.Reviews.StartReview(c.UserContext(), who, id, version)
		return err
	}, view.ReviewTab, t(c, "The review has started"))
}

func (w *Web) acceptCase(c *fiber.Ctx, who identity.Actor) error {
	return w.caseStep(c, func(id uuid.UUID, version int) error {
		_, err := w.Reviews.Accept(c.UserContext(), who, id, version)
		return err
	}, view.OverviewTab, t(c, "The application is accepted, and the company has been told"))
}

// clockVerb is one of the things a person does to a clock.
type clockVerb = func(ctx context.Context, by identity.Actor, id uuid.UUID, in review.ClockEntry) error

// clockEntry reads the form of one clock; its fields are named after the clock and the act.
func clockEntry(c *fiber.Ctx, act string) review.ClockEntry {
	code := c.FormValue("clock")
	field := code + "-" + act + "-"
	return review.ClockEntry{Code: code, Reason: c.FormValue(field + "reason"), Days: c.FormValue(field + "days"), Note: c.FormValue(field + "note")}
}

func (w *Web) pauseClock(c *fiber.Ctx, who identity.Actor) error {
	return w.changeClock(c, who, "pause", w.Reviews.PauseClock, t(c, "The deadline is paused"))
}

func (w *Web) resumeClock(c *fiber.Ctx, who identity.Actor) error {
	return w.changeClock(c, who, "resume", w.Reviews.ResumeClock, t(c, "The deadline runs on"))
}

func (w *Web) extendClock(c *fiber.Ctx, who identity.Actor) error {
	return w.changeClock(c, who, "extend", w.Reviews.ExtendClock, t(c, "The deadline is extended, and the company has been told"))
}

func (w *Web) changeClock(c *fiber.Ctx, who identity.Actor, act string, do clockVerb, done string) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := clockEntry(c, act)
	if err := do(c.UserContext(), who, id, in); err != nil {
		p, status, err := w.refusedCase(c, who, view.OverviewTab, err)
		if err != nil {
			return err
		}
		return render(c, status, view.Overview(view.OverviewPage{CasePage: p.ForClock(in.Code, act), Clock: in.Code, Act: act, Entered: in}))
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, "/desk/cases/"+id.String())
}

func (w *Web) showReview(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.casePage(c, who, view.ReviewTab)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Review(view.ReviewPage{CasePage: p}))
}

// version reads the version of one of several things in a form.
func version(c *fiber.Ctx, name string) int {
	n, err := strconv.Atoi(c.FormValue("version-" + name))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func (w *Web) saveReview(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var entries []review.VerdictEntry
	typed := map[string]string{}
	for _, part := range programme.Sections() {
		e := review.VerdictEntry{Part: part, Verdict: application.Verdict(c.FormValue(review.VerdictField(part))),
			Remark: c.FormValue(review.RemarkField(part)), Version: version(c, part)}
		if e.Version == 0 {
			continue // not a part of this programme's form
		}
		typed[review.VerdictField(part)], typed[review.RemarkField(part)] = string(e.Verdict), e.Remark
		entries = append(entries, e)
	}
	if err := w.Reviews.SetVerdicts(c.UserContext(), who, id, entries); err != nil {
		p, status, err := w.refusedCase(c, who, view.ReviewTab, err)
		if err != nil {
			return err
		}
		return render(c, status, view.Review(view.ReviewPage{CasePage: p, Typed: typed}))
	}
	w.flash(c, ui.Good, t(c, "The verdicts are saved"))
	return seeOther(c, "/desk/cases/"+id.String()+string(view.ReviewTab))
}

func (w *Web) showVetting(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.casePage(c, who, view.VettingTab)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Vetting(view.VettingPage{CasePage: p}))
}

func (w *Web) saveVetting(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var entries []review.VettingEntry
	typed := map[string]string{}
	for _, v := range formAll(c, "check") {
		check, err := uuid.Parse(v)
		if err != nil {
			return fiber.ErrBadRequest
		}
		e := review.VettingEntry{ID: check, Outcome: c.FormValue(review.OutcomeField(check)), Note: c.FormValue(review.OutcomeNoteField(check)), Version: version(c, v)}
		typed[review.OutcomeField(check)], typed[review.OutcomeNoteField(check)] = e.Outcome, e.Note
		entries = append(entries, e)
	}
	if err := w.Reviews.SetVetting(c.UserContext(), who, id, entries); err != nil {
		p, status, err := w.refusedCase(c, who, view.VettingTab, err)
		if err != nil {
			return err
		}
		return render(c, status, view.Vetting(view.VettingPage{CasePage: p, Typed: typed}))
	}
	w.flash(c, ui.Good, t(c, "The outcomes are saved"))
	return seeOther(c, "/desk/cases/"+id.String()+string(view.VettingTab))
}

func (w *Web) showCaseRequest(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.casePage(c, who, view.RequestTab)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Request(view.NewRequest(p)))
}

func (w *Web) sendCaseRequest(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := review.RequestEntry{Version: formVersion(c), Message: c.FormValue("message")}
	typed := map[string]string{}
	for name, value := range c.Request().PostArgs().All() {
		part, ok := strings.CutPrefix(string(name), review.QuestionField(""))
		if text := string(value); ok && strings.TrimSpace(text) != "" {
			in.Items = append(in.Items, review.Question{Part: part, Text: text})
			typed[string(name)] = text
		}
	}
	if _, err := w.Reviews.SendRequest(c.UserContext(), who, id, in); err != nil {
		p, status, err := w.refusedCase(c, who, view.RequestTab, err)
		if err != nil {
			return err
		}
		page := view.NewRequest(p)
		page.Message, page.Typed = in.Message, typed
		return render(c, status, view.Request(page))
	}
	w.flash(c, ui.Good, t(c, "The request is sent"))
	return seeOther(c, "/desk/cases/"+id.String()+string(view.RequestTab))
}

func (w *Web) cancelCaseRequest(c *fiber.Ctx, who identity.Actor) error {
	return w.caseStep(c, func(id uuid.UUID, version int) error {
		_, err := w.Reviews.CancelRequest(c.UserContext(), who, id, version)
		return err
	}, view.RequestTab, t(c, "The request is taken back"))
}

func (w *Web) showCaseMessages(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.casePage(c, who, view.MessagesTab)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Messages(view.MessagesPage{CasePage: p}))
}

func (w *Web) sendCaseMessage(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	subject, body := c.FormValue("subject"), c.FormValue("body")
	if _, err := w.Notices.Write(c.UserContext(), who, id, subject, body); err != nil {
		p, status, err := w.refusedCase(c, who, view.MessagesTab, err)
		if err != nil {
			return err
		}
		return render(c, status, view.Messages(view.MessagesPage{CasePage: p, Subject: subject, Body: body}))
	}
	w.flash(c, ui.Good, t(c, "The message is sent"))
	return seeOther(c, "/desk/cases/"+id.String()+string(view.MessagesTab))
}

func (w *Web) showNotes(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.casePage(c, who, view.NotesTab)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Notes(view.NotesPage{CasePage: p}))
}

func (w *Web) addNote(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Reviews.AddNote(c.UserContext(), who, id, c.FormValue("body")); err != nil {
		p, status, err := w.refusedCase(c, who, view.NotesTab, err)
		if err != nil {
			return err
		}
		return render(c, status, view.Notes(view.NotesPage{CasePage: p, Body: c.FormValue("body")}))
	}
	w.flash(c, ui.Good, t(c, "The note is added"))
	return seeOther(c, "/desk/cases/"+id.String()+string(view.NotesTab))
}

func (w *Web) hoursPage(who identity.Actor, p view.CasePage) view.HoursPage {
	return view.HoursPage{CasePage: p, Mine: who.PersonID.String(), All: who.Is(identity.Approvers...)}
}

func (w *Web) showHours(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.casePage(c, who, view.HoursTab)
	if err != nil {
		return err
	}
	page := w.hoursPage(who, p)
	page.Day = ui.DateOf(clock.DayOf(w.Now(), p.Case.Zone).Time())
	return render(c, fiber.StatusOK, view.Hours(page))
}

// dayText is a day of three fields as services read it; what is no day stays what it is.
func dayText(d ui.DateValue) string {
	if day, ok := d.Date(); ok {
		return day.Format("2006-01-02")
	}
	return fmt.Sprintf("%s-%s-%s", d.Year, d.Month, d.Day)
}

func (w *Web) logHours(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	day := formDate(c, "day")
	in := review.HoursEntry{Day: dayText(day), Hours: c.FormValue("hours"), Minutes: c.FormValue("minutes"), Activity: c.FormValue("activity"), Note: c.FormValue("note")}
	if err := w.Reviews.LogHours(c.UserContext(), who, id, in); err != nil {
		p, status, err := w.refusedCase(c, who, view.HoursTab, err)
		if err != nil {
			return err
		}
		page := w.hoursPage(who, p)
		page.Day, page.Entered = day, in
		return render(c, status, view.Hours(page))
	}
	w.flash(c, ui.Good, t(c, "The time is logged"))
	return seeOther(c, "/desk/cases/"+id.String()+string(view.HoursTab))
}

func (w *Web) removeHours(c *fiber.Ctx, who identity.Actor) error {
	entry, err := pathID(c, "entry")
	if err != nil {
		return err
	}
	return w.caseStep(c, func(id uuid.UUID, version int) error {
		return w.Reviews.RemoveHours(c.UserContext(), who, id, entry, version)
	}, view.HoursTab, t(c, "The time is taken back"))
}

func (w *Web) showCaseDecision(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.casePage(c, who, view.DecisionTab)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Decision(view.DecisionPage{CasePage: p}))
}

// formPoints reads the points of a rejection; those left empty do not count.
func formPoints(c *fiber.Ctx) (out []application.Point) {
	for i := range 40 {
		p := application.Point{Part: c.FormValue(fmt.Sprintf("point-%d-part", i)), Reason: c.FormValue(fmt.Sprintf("point-%d-reason", i)),
			Text: c.FormValue(review.PointField(i))}
		if p.Reason != "" || strings.TrimSpace(p.Text) != "" {
			out = append(out, p)
		}
	}
	return out
}

func (w *Web) recommendDecision(c *fiber.Ctx, who identity.Actor) error {
	in := review.RecommendationEntry{Version: formVersion(c), Outcome: application.Outcome(c.FormValue("outcome")), Reason: c.FormValue("reason"), Points: formPoints(c)}
	return w.decision(c, who, func(id uuid.UUID, _ int) error {
		_, err := w.Reviews.Recommend(c.UserContext(), who, id, in)
		return err
	}, view.DecisionPage{Outcome: string(in.Outcome), Reason: in.Reason, Points: in.Points}, t(c, "Your recommendation waits for another person's decision"))
}

func (w *Web) withdrawRecommendation(c *fiber.Ctx, who identity.Actor) error {
	return w.decision(c, who, func(id uuid.UUID, version int) error {
		_, err := w.Reviews.WithdrawRecommendation(c.UserContext(), who, id, version)
		return err
	}, view.DecisionPage{}, t(c, "The recommendation is taken back"))
}

func (w *Web) returnRecommendation(c *fiber.Ctx, who identity.Actor) error {
	return w.decision(c, who, func(id uuid.UUID, version int) error {
		_, err := w.Reviews.Return(c.UserContext(), who, id, version, c.FormValue("reason"))
		return err
	}, view.DecisionPage{Return: c.FormValue("reason")}, t(c, "The recommendation is returned"))
}

func (w *Web) approveRejection(c *fiber.Ctx, who identity.Actor) error {
	return w.decision(c, who, func(id uuid.UUID, version int) error {
		_, err := w.Reviews.ApproveRejection(c.UserContext(), who, id, version)
		return err
	}, view.DecisionPage{}, t(c, "The recommendation is approved, and the company has been told"))
}

func (w *Web) certifyCompany(c *fiber.Ctx, who identity.Actor) error {
	return w.decision(c, who, func(id uuid.UUID, version int) error {
		_, err := w.Members.Admit(c.UserContext(), who, id, version)
		return err
	}, view.DecisionPage{}, t(c, "The company is certified, and it has been told"))
}

// decision carries out a step of the decision page, or shows the page again with what
// was entered and what stands against it.
func (w *Web) decision(c *fiber.Ctx, who identity.Actor, do func(id uuid.UUID, version int) error, again view.DecisionPage, done string) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(id, formVersion(c)); err != nil {
		p, status, err := w.refusedCase(c, who, view.DecisionTab, err)
		if err != nil {
			return err
		}
		again.CasePage = p
		return render(c, status, view.Decision(again))
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, "/desk/cases/"+id.String()+string(view.DecisionTab))
}

func (w *Web) showCaseHistory(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	x, h, err := w.Reviews.History(c.UserContext(), who, id, timelineFilter(c))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.History(view.HistoryPage{CasePage: w.pageOf(c, who, x, view.HistoryTab), Timeline: h}))
}
