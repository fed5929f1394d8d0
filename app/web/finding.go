package web

import (
	"bytes"
	"context"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/finding"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	view "trustedtrader/views/finding"
	"trustedtrader/views/ui"
)

// findingCrumbs lead back to the findings at the desk.
func findingCrumbs(c *fiber.Ctx, here string) []ui.Crumb {
	return []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: t(c, "Findings"), Href: "/desk/findings"}, {Label: here}}
}

func (w *Web) showFindings(c *fiber.Ctx, who identity.Actor) error {
	q, err := w.Findings.Queue(c.UserContext(), who, finding.Filter{Queue: finding.QueueName(c.Query("queue")), Programme: c.Query("programme"), Kind: c.Query("kind"),
		Criterion: c.Query("criterion"), After: c.Query("after")})
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Queue(view.QueuePage{Chrome: w.wideChrome(c, who, t(c, "Findings"), deskCrumbs(c, t(c, "Findings"))...), Queue: q, Programmes: w.Programmes.All()}))
}

func failuresAsked(c *fiber.Ctx) finding.Question {
	year, _ := strconv.Atoi(c.Query("year"))
	return finding.Question{By: finding.Dimension(c.Query("by")), Programme: c.Query("programme"), Year: year}
}

func (w *Web) showFailures(c *fiber.Ctx, who identity.Actor) error {
	f, err := w.Findings.Failures(c.UserContext(), who, failuresAsked(c))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Failures(view.FailuresPage{Chrome: w.wideChrome(c, who, t(c, "Common failures"), findingCrumbs(c, t(c, "Common failures"))...),
		Failures: f, Programmes: w.Programmes.All()}))
}

func (w *Web) sendFailures(c *fiber.Ctx, who identity.Actor) error {
	f, err := w.Findings.Export(c.UserContext(), who, failuresAsked(c))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := f.WriteCSV(c.UserContext(), &b); err != nil {
		return err
	}
	return sendFile(c, "findings-by-"+string(f.Question.By)+".csv", "text/csv; charset=utf-8", b.Bytes())
}

// findingPage reads a finding for its page at the desk or at its company.
func (w *Web) findingPage(c *fiber.Ctx, who identity.Actor) (view.Page, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return view.Page{}, err
	}
	r, err := w.Findings.Open(c.UserContext(), who, id)
	if err != nil {
		return view.Page{}, err
	}
	p := view.Page{Record: r, Typed: map[string]string{}}
	if who.Audience == identity.Companies {
		p.Chrome = w.chrome(c, who, r.Reference)
		p.Chrome.Breadcrumb = []ui.Crumb{{Label: t(c, "Home"), Href: "/company"}, {Label: t(c, "Findings"), Href: "/findings"}, {Label: r.Reference}}
	} else {
		p.Chrome = w.wideChrome(c, who, r.Reference, findingCrumbs(c, r.Reference)...)
	}
	return p, nil
}

func drawFinding(c *fiber.Ctx, who identity.Actor, status int, p view.Page) error {
	if who.Audience == identity.Companies {
		return render(c, status, view.Answer(p))
	}
	return render(c, status, view.Show(p))
}

func (w *Web) showFinding(c *fiber.Ctx, who identity.Actor) error {
	p, err := w.findingPage(c, who)
	if err != nil {
		return err
	}
	return drawFinding(c, who, fiber.StatusOK, p)
}

// findingStep carries out a step of a finding, or shows its form again with what was typed.
func (w *Web) findingStep(c *fiber.Ctx, who identity.Actor, act finding.Action, done string, do func(ctx context.Context, id uuid.UUID) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		p, err := w.findingPage(c, who)
		if err != nil {
			return err
		}
		p.Act, p.Errors, p.Conflict, p.Chrome.Errors, p.Proof = act, fields, conflict, fields != nil, formAll(c, "proof")
		for _, name := range []string{"answer", "why"} {
			p.Typed[name] = c.FormValue(name)
		}
		for _, name := range []string{"note", "reason", "days"} {
			p.Typed[name] = c.FormValue(view.Field(act, name))
			for i := range fields {
				if fields[i].Name == name {
					fields[i].Name = view.Field(act, name)
				}
			}
		}
		return drawFinding(c, who, status, p)
	}
	w.flash(c, ui.Good, done)
	if who.Audience == identity.Companies {
		return seeOther(c, view.Path(id, ""))
	}
	return seeOther(c, view.DeskPath(id, ""))
}

func noteEntry(c *fiber.Ctx, field string) finding.NoteEntry {
	return finding.NoteEntry{Version: formVersion(c), Text: c.FormValue(field)}
}

func (w *Web) sendFinding(c *fiber.Ctx, who identity.Actor) error {
	return w.findingStep(c, who, finding.Send, t(c, "The finding is sent, and the company has been told"), func(ctx context.Context, id uuid.UUID) error {
		_, err := w.Findings.Send(ctx, who, id, formVersion(c))
		return err
	})
}

func (w *Web) acceptFinding(c *fiber.Ctx, who identity.Actor) error {
	return w.findingStep(c, who, finding.Accept, t(c, "The finding is closed, and the company has been told"), func(ctx context.Context, id uuid.UUID) error {
		return w.Findings.Accept(ctx, who, id, noteEntry(c, view.Field(finding.Accept, "note")))
	})
}

func (w *Web) reopenFinding(c *fiber.Ctx, who identity.Actor) error {
	return w.findingStep(c, who, finding.Reopen, t(c, "The answer is sent back, and the company has been told"), func(ctx context.Context, id uuid.UUID) error {
		return w.Findings.Reopen(ctx, who, id, finding.ReopenEntry{Version: formVersion(c), Reason: c.FormValue(view.Field(finding.Reopen, "reason")), Days: c.FormValue(view.Field(finding.Reopen, "days"))})
	})
}

func (w *Web) extendFinding(c *fiber.Ctx, who identity.Actor) error {
	return w.findingStep(c, who, finding.Extend, t(c, "The company has more time, and has been told"), func(ctx context.Context, id uuid.UUID) error {
		return w.Findings.Extend(ctx, who, id, finding.ExtendEntry{Version: formVersion(c), Days: c.FormValue(view.Field(finding.Extend, "days")), Reason: c.FormValue(view.Field(finding.Extend, "reason")),
			Note: c.FormValue(view.Field(finding.Extend, "note"))})
	})
}

func (w *Web) refuseTime(c *fiber.Ctx, who identity.Actor) error {
	return w.findingStep(c, who, finding.Refuse, t(c, "The company has been told that the day stays"), func(ctx context.Context, id uuid.UUID) error {
		return w.Findings.RefuseTime(ctx, who, id, noteEntry(c, view.Field(finding.Refuse, "note")))
	})
}

func (w *Web) escalateFinding(c *fiber.Ctx, who identity.Actor) error {
	return w.findingStep(c, who, finding.Escalate, t(c, "The finding is passed on, and the supervisors have been told"), func(ctx context.Context, id uuid.UUID) error {
		return w.Findings.Escalate(ctx, who, id, noteEntry(c, view.Field(finding.Escalate, "note")))
	})
}

func (w *Web) withdrawFinding(c *fiber.Ctx, who identity.Actor) error {
	return w.findingStep(c, who, finding.Withdraw, t(c, "The finding is taken back"), func(ctx context.Context, id uuid.UUID) error {
		return w.Findings.Withdraw(ctx, who, id, noteEntry(c, view.Field(finding.Withdraw, "note")))
	})
}

func (w *Web) answerFinding(c *fiber.Ctx, who identity.Actor) error {
	return w.findingStep(c, who, finding.Answer, t(c, "Your answer is sent"), func(ctx context.Context, id uuid.UUID) error {
		proof, err := formIDs(c, "proof")
		if err != nil {
			return err
		}
		return w.Findings.Answer(ctx, who, id, finding.AnswerEntry{Version: formVersion(c), Text: c.FormValue("answer"), Proof: proof})
	})
}

func (w *Web) askForDays(c *fiber.Ctx, who identity.Actor) error {
	return w.findingStep(c, who, finding.Ask, t(c, "You asked for more time. We will tell you what we decide"), func(ctx context.Context, id uuid.UUID) error {
		return w.Findings.AskForTime(ctx, who, id, noteEntry(c, "why"))
	})
}

// formIDs reads the ids of a field that may come several times.
func formIDs(c *fiber.Ctx, name string) (out []uuid.UUID, err error) {
	for _, v := range formAll(c, name) {
		id, err := uuid.Parse(v)
		if err != nil {
			return nil, fiber.ErrBadRequest
		}
		out = append(out, id)
	}
	return out, nil
}

func (w *Web) sendFindingFile(c *fiber.Ctx, who identity.Actor) error {
	id, file, err := two(c, "file")
	if err != nil {
		return err
	}
	o, err := w.Findings.File(c.UserContext(), who, id, file)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, attachment(o.Name))
	return sendContent(c, o)
}

func (w *Web) showMyFindings(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.Findings.Mine(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.List(view.ListPage{Chrome: w.chrome(c, who, t(c, "Findings")), Items: list, Kinds: func(programme, kind string) string {
		if p, ok := w.Programmes.Get(programme); ok {
			if k, ok := p.Validation.Findings.Kind(kind); ok {
				return t(c, k.Name)
			}
		}
		return kind
	}}))
}

// findingForm draws the form of a finding.
func (w *Web) findingForm(c *fiber.Ctx, who identity.Actor, status int, title string, p view.FormPage) error {
	p.Chrome = w.wideChrome(c, who, title, findingCrumbs(c, title)...)
	p.Chrome.Combo, p.Chrome.Errors = true, len(p.Errors) > 0
	return render(c, status, view.Form(p))
}

func (w *Web) newFinding(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, err := w.Findings.Begin(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	in := finding.Entry{ID: b.ID, Visit: c.Query("visit"), Criterion: c.Query("criterion"), Kind: c.Query("kind")}
	if len(b.Visits) == 1 && in.Visit == "" {
		in.Visit = b.Visits[0].ID.String()
	}
	return w.findingForm(c, who, fiber.StatusOK, t(c, "New finding"), view.FormPage{Start: b, Entered: in})
}

// findingEntry reads the form of a finding.
func findingEntry(c *fiber.Ctx, elements []string) (in finding.Entry, err error) {
	in = finding.Entry{Version: formVersion(c), Visit: c.FormValue("visit"), Criterion: c.FormValue("criterion"), Kind: c.FormValue("kind"), Title: c.FormValue("title"),
		Facts: c.FormValue("facts"), Wanted: c.FormValue("wanted"), Cause: c.FormValue("cause"), Elements: map[string]string{}}
	if in.ID, err = uuid.Parse(c.FormValue("id")); err != nil {
		in.ID = pg.NewID()
	}
	for _, code := range elements {
		in.Elements[code] = c.FormValue(finding.ElementField(code))
	}
	in.Files, err = formIDs(c, "files")
	return in, err
}

// elementsOf are the codes of the elements that any programme asks for.
func (w *Web) elementsOf() (out []string) {
	for _, p := range w.Programmes.All() {
		for _, e := range p.Validation.Findings.Elements {
			out = append(out, e.Code)
		}
	}
	return out
}

func (w *Web) draftFinding(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in, err := findingEntry(c, w.elementsOf())
	if err != nil {
		return err
	}
	in.Validation = id
	f, err := w.Findings.Draft(c.UserContext(), who, in)
	if err != nil {
		fields := fault.Fields(err)
		if fields == nil {
			return err
		}
		b, err := w.Findings.Begin(c.UserContext(), who, id)
		if err != nil {
			return err
		}
		return w.findingForm(c, who, fiber.StatusUnprocessableEntity, t(c, "New finding"), view.FormPage{Start: b, Entered: in, Errors: fields})
	}
	w.flash(c, ui.Good, t(c, "The draft is saved"))
	return seeOther(c, view.DeskPath(f.ID, ""))
}

func (w *Web) editFinding(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, in, err := w.Findings.Rewrite(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return w.findingForm(c, who, fiber.StatusOK, t(c, "Edit the draft"), view.FormPage{Start: b, Entered: in, Draft: true})
}

func (w *Web) changeFinding(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in, err := findingEntry(c, w.elementsOf())
	if err != nil {
		return err
	}
	if _, err := w.Findings.Change(c.UserContext(), who, id, in); err != nil {
		fields, conflict, status, err := kept(err)
		if err != nil {
			return err
		}
		b, now, err := w.Findings.Rewrite(c.UserContext(), who, id)
		if err != nil {
			return err
		}
		in.ID = id
		if conflict != nil {
			in.Version = now.Version // saving again replaces what the other person wrote
		}
		return w.findingForm(c, who, status, t(c, "Edit the draft"), view.FormPage{Start: b, Entered: in, Draft: true, Errors: fields, Conflict: conflict})
	}
	w.flash(c, ui.Good, t(c, "The draft is saved"))
	return seeOther(c, view.DeskPath(id, ""))
}
