package web

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/audit"
	"trustedtrader/app/bizpartner"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	view "trustedtrader/views/bizpartner"
	"trustedtrader/views/ui"
)

// partnerBase is what a page of business partners has around its content. A refusal is shown
// on it; any other error is returned.
func (w *Web) partnerBase(c *fiber.Ctx, who identity.Actor, title string, refusal error, crumbs ...ui.Crumb) (b view.Base, status int, rest error) {
	b.Chrome = w.chrome(c, who, title)
	if title != t(c, "Business partners") {
		b.Chrome.Breadcrumb = append(append([]ui.Crumb{{Label: t(c, "Business partners"), Href: "/partners"}}, crumbs...), ui.Crumb{Label: title})
	}
	if refusal == nil {
		return b, fiber.StatusOK, nil
	}
	status, b.Problems, b.Moved, b.Sentence, rest = refused(c, refusal)
	b.Chrome.Errors = len(b.Problems) > 0
	return b, status, rest
}

func partnerFilter(c *fiber.Ctx) bizpartner.Filter {
	page, _ := strconv.Atoi(c.Query("page"))
	return bizpartner.Filter{Show: bizpartner.Show(c.Query("show")), Query: c.Query("q"), Risk: bizpartner.Risk(c.Query("risk")), Role: c.Query("role"), Country: c.Query("country"), Page: page}
}

func (w *Web) showPartners(c *fiber.Ctx, who identity.Actor) error {
	l, err := w.Partners.List(c.UserContext(), who, partnerFilter(c))
	if err != nil {
		return err
	}
	b, _, _ := w.partnerBase(c, who, t(c, "Business partners"), nil)
	return render(c, fiber.StatusOK, view.List(view.ListPage{Base: b, List: l, MayEdit: who.Is(identity.CompanyEditors...)}))
}

func (w *Web) showDeskPartners(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	d, err := w.Partners.Desk(c.UserContext(), who, id, partnerFilter(c))
	if err != nil {
		return err
	}
	path := "/desk/companies/" + id.String()
	p := view.ListPage{Base: view.Base{Chrome: w.wideChrome(c, who, t(c, "Business partners"), []ui.Crumb{{Label: t(c, "Desk"), Href: "/desk"}, {Label: d.Company, Href: path}, {Label: t(c, "Business partners")}}...)},
		List: d.List, Desk: path + "/partners", Company: d.Company}
	return render(c, fiber.StatusOK, view.List(p))
}

func (w *Web) sendPartners(c *fiber.Ctx, who identity.Actor) error {
	b, err := w.Partners.Export(c.UserContext(), who)
	if err != nil {
		return err
	}
	return sendFile(c, "partners.csv", "text/csv; charset=utf-8", b)
}

func partnerEntry(c *fiber.Ctx) bizpartner.Entry {
	e := bizpartner.Entry{Name: c.FormValue("name"), Country: c.FormValue("country"), Role: c.FormValue("role"), Reference: c.FormValue("reference"), Contact: c.FormValue("contact"),
		Email: c.FormValue("email"), Lang: c.FormValue("lang"), Risk: c.FormValue("risk"), Identifiers: c.FormValue("identifiers"), Notes: c.FormValue("notes"), Version: formVersion(c)}
	e.ID, _ = uuid.Parse(c.FormValue("id"))
	return e
}

func (w *Web) partnerForm(c *fiber.Ctx, who identity.Actor, id *uuid.UUID, in bizpartner.Entry, refusal error) error {
	title := t(c, "Add a partner")
	if id != nil {
		title = t(c, "Edit the partner")
	}
	b, status, rest := w.partnerBase(c, who, title, refusal)
	if rest != nil {
		return rest
	}
	if in.ID == uuid.Nil {
		in.ID = pg.NewID()
	}
	return render(c, status, view.Form(view.FormPage{Base: b, ID: id, New: in.ID, Entered: in, Roles: w.Partners.Data.Roles, Languages: w.Partners.Data.Languages}))
}

func (w *Web) newPartner(c *fiber.Ctx, who identity.Actor) error {
	return w.partnerForm(c, who, nil, bizpartner.Entry{Lang: "en"}, nil)
}

func (w *Web) addPartner(c *fiber.Ctx, who identity.Actor) error {
	in := partnerEntry(c)
	p, err := w.Partners.Add(c.UserContext(), who, in)
	if err != nil {
		return w.partnerForm(c, who, nil, in, err)
	}
	w.flash(c, ui.Good, t(c, "The partner is on your list"))
	return seeOther(c, view.Path(p.ID, ""))
}

func (w *Web) editPartner(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	_, in, err := w.Partners.Rewrite(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return w.partnerForm(c, who, &id, in, nil)
}

func (w *Web) changePartner(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := partnerEntry(c)
	if _, err := w.Partners.Change(c.UserContext(), who, id, in); err != nil {
		if fault.KindOf(err) == fault.Conflict {
			_, now, rest := w.Partners.Rewrite(c.UserContext(), who, id)
			if rest != nil {
				return rest
			}
			in.Version = now.Version // saving again replaces what the other person wrote
		}
		return w.partnerForm(c, who, &id, in, err)
	}
	w.flash(c, ui.Good, t(c, "The partner is saved"))
	return seeOther(c, view.Path(id, ""))
}

func (w *Web) showPartner(c *fiber.Ctx, who identity.Actor) error {
	return w.partnerRecord(c, who, nil)
}

func (w *Web) partnerRecord(c *fiber.Ctx, who identity.Actor, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	r, err := w.Partners.Open(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	b, status, rest := w.partnerBase(c, who, r.Partner.Name, refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.Show(view.RecordPage{Base: b, Record: r, Words: func(action string) string { return t(c, audit.Words(action)) }}))
}

func (w *Web) endPartner(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Partners.End(c.UserContext(), who, id, bizpartner.EndEntry{Reason: c.FormValue("reason"), Version: formVersion(c)}); err != nil {
		return w.partnerRecord(c, who, err)
	}
	w.flash(c, ui.Good, t(c, "The partner is off your list"))
	return seeOther(c, view.Path(id, ""))
}

// settlePartner says what was done about a partner whose status abroad has changed.
func (w *Web) settlePartner(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	matter, err := pathID(c, "matter")
	if err != nil {
		return err
	}
	if err := w.Partners.Settle(c.UserContext(), who, id, matter, bizpartner.SettleEntry{Version: formVersion(c), Note: c.FormValue("settle-" + matter.String())}); err != nil {
		return w.partnerRecord(c, who, err)
	}
	w.flash(c, ui.Good, t(c, "It is dealt with"))
	return seeOther(c, view.Path(id, ""))
}

func (w *Web) newPartnerImport(c *fiber.Ctx, who identity.Actor) error {
	return w.partnerImport(c, who, nil, nil)
}

func (w *Web) partnerImport(c *fiber.Ctx, who identity.Actor, p *bizpartner.Preview, refusal error) error {
	b, status, rest := w.partnerBase(c, who, t(c, "Bring a list of partners"), refusal)
	if rest != nil {
		return rest
	}
	return render(c, status, view.Import(view.ImportPage{Base: b, Preview: p, Role: w.Partners.Data.RoleName}))
}

func (w *Web) importPartners(c *fiber.Ctx, who identity.Actor) error {
	name, content, err := wholeFile(c, bizpartner.MostBytes)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.UserContext()), requestTimeout)
	defer cancel()
	c.SetUserContext(ctx)
	d, err := w.Partners.Import(ctx, who, name, content)
	if err != nil {
		return w.partnerImport(c, who, nil, err)
	}
	return seeOther(c, "/partners/import/"+d.ID.String())
}

func (w *Web) showPartnerImport(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "draft")
	if err != nil {
		return err
	}
	p, err := w.Partners.Preview(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return w.partnerImport(c, who, &p, nil)
}

func (w *Web) acceptPartnerImport(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "draft")
	if err != nil {
		return err
	}
	done, err := w.Partners.TakeOver(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "%d partners are new, %d are changed, %d rows were left out", done.New, done.Changed, done.Left))
	return seeOther(c, "/partners")
}

// Questionnaires, at the member's side.

func (w *Web) sendForm(c *fiber.Ctx, who identity.Actor, in *bizpartner.SendEntry, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	start, err := w.Partners.Begin(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	b, status, rest := w.partnerBase(c, who, t(c, "Send a questionnaire"), refusal, ui.Crumb{Label: start.Partner.Name, Href: view.Path(id, "")})
	if rest != nil {
		return rest
	}
	if in == nil {
		in = &bizpartner.SendEntry{ID: start.ID, Template: start.Templates[0].Code, Name: start.Partner.Contact, Email: start.Partner.Email, Lang: start.Partner.Lang}
	}
	return render(c, status, view.Send(view.SendPage{Base: b, Start: start, Entered: *in}))
}

func (w *Web) newQuestionnaire(c *fiber.Ctx, who identity.Actor) error {
	return w.sendForm(c, who, nil, nil)
}

// formDay is a day of three fields as 2026-03-04; empty when nothing was entered, and what
// was typed when it is no day.
func formDay(c *fiber.Ctx, name string) string {
	v := formDate(c, name)
	if d, ok := v.Date(); ok {
		return d.Format(time.DateOnly)
	}
	if v.Empty() {
		return ""
	}
	return v.Year + "-" + v.Month + "-" + v.Day
}

func (w *Web) sendQuestionnaire(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := bizpartner.SendEntry{Template: c.FormValue("template"), Name: c.FormValue("name"), Email: c.FormValue("email"), Lang: c.FormValue("lang"), Note: c.FormValue("note"), Due: formDay(c, "due")}
	if in.ID, err = uuid.Parse(c.FormValue("id")); err != nil {
		in.ID = pg.NewID()
	}
	q, err := w.Partners.Send(c.UserContext(), who, id, in)
	if err != nil {
		return w.sendForm(c, who, &in, err)
	}
	w.flash(c, ui.Good, t(c, "The questionnaire is on its way"))
	return seeOther(c, view.Asked(q.ID, ""))
}

func (w *Web) showQuestionnaire(c *fiber.Ctx, who identity.Actor) error {
	return w.questionnaire(c, who, nil)
}

func (w *Web) questionnaire(c *fiber.Ctx, who identity.Actor, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	r, err := w.Partners.Result(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	b, status, rest := w.partnerBase(c, who, r.Questionnaire.Reference, refusal, ui.Crumb{Label: r.Partner.Name, Href: view.Path(r.Partner.ID, "")})
	if rest != nil {
		return rest
	}
	p := view.ResultPage{Base: b, Result: r, TaskID: pg.NewID(), Typed: map[string]string{}}
	if refusal != nil {
		for _, name := range []string{"note", "reason", "what", "question"} {
			p.Typed[name] = c.FormValue(name)
		}
		p.Typed["due"] = formDay(c, "due")
		for _, q := range r.Template.Questions() {
			p.Typed[bizpartner.ReturnField(q.Code)] = c.FormValue(bizpartner.ReturnField(q.Code))
		}
	}
	if r.MayEdit && r.Questionnaire.Status.HandedIn() {
		if p.Cycles, err = w.Partners.Cycles(c.UserContext(), who); err != nil {
			return err
		}
	}
	return render(c, status, view.Result(p))
}

// questionnaireStep carries out a step, or shows the page again with what was typed.
func (w *Web) questionnaireStep(c *fiber.Ctx, who identity.Actor, done string, do func(ctx context.Context, id uuid.UUID) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id); err != nil {
		return w.questionnaire(c, who, err)
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, view.Asked(id, ""))
}

func (w *Web) returnQuestionnaire(c *fiber.Ctx, who identity.Actor) error {
	return w.questionnaireStep(c, who, t(c, "The answers are sent back, and the partner was told"), func(ctx context.Context, id uuid.UUID) error {
		in := bizpartner.ReturnEntry{Version: formVersion(c), Notes: map[string]string{}}
		for _, tpl := range w.Partners.Data.Templates {
			for _, q := range tpl.Questions() {
				in.Notes[q.Code] = c.FormValue(bizpartner.ReturnField(q.Code))
			}
		}
		return w.Partners.Return(ctx, who, id, in)
	})
}

func (w *Web) acceptQuestionnaire(c *fiber.Ctx, who identity.Actor) error {
	return w.questionnaireStep(c, who, t(c, "The answers are accepted"), func(ctx context.Context, id uuid.UUID) error {
		return w.Partners.Accept(ctx, who, id, bizpartner.NoteEntry{Version: formVersion(c), Text: c.FormValue("note")})
	})
}

func (w *Web) renewQuestionnaire(c *fiber.Ctx, who identity.Actor) error {
	return w.questionnaireStep(c, who, t(c, "A new link is on its way"), func(ctx context.Context, id uuid.UUID) error {
		return w.Partners.Renew(ctx, who, id, bizpartner.RenewEntry{Version: formVersion(c), Name: c.FormValue("name"), Email: c.FormValue("email")})
	})
}

func (w *Web) cancelQuestionnaire(c *fiber.Ctx, who identity.Actor) error {
	return w.questionnaireStep(c, who, t(c, "The questionnaire is called off"), func(ctx context.Context, id uuid.UUID) error {
		return w.Partners.Cancel(ctx, who, id, bizpartner.NoteEntry{Version: formVersion(c), Text: c.FormValue("reason")})
	})
}

func (w *Web) addPartnerTask(c *fiber.Ctx, who identity.Actor) error {
	return w.questionnaireStep(c, who, t(c, "The corrective action is recorded"), func(ctx context.Context, id uuid.UUID) error {
		in := bizpartner.TaskEntry{Question: c.FormValue("question"), What: c.FormValue("what"), Due: formDay(c, "due")}
		in.ID, _ = uuid.Parse(c.FormValue("id"))
		return w.Partners.AddTask(ctx, who, id, in)
	})
}

func (w *Web) closePartnerTask(c *fiber.Ctx, who identity.Actor) error {
	return w.questionnaireStep(c, who, t(c, "The corrective action is closed"), func(ctx context.Context, id uuid.UUID) error {
		task, err := pathID(c, "task")
		if err != nil {
			return err
		}
		err = w.Partners.CloseTask(ctx, who, id, task, bizpartner.DoneEntry{Version: formVersion(c), Proof: c.FormValue("proof-" + task.String())})
		if fields := fault.Fields(err); fields != nil {
			for i := range fields {
				fields[i].Name += "-" + task.String() // several such forms stand on the page
			}
			return fault.Fail(fields)
		}
		return err
	})
}

func keepEntry(c *fiber.Ctx) bizpartner.KeepEntry {
	return bizpartner.KeepEntry{Cycle: c.FormValue("cycle"), Criteria: formAll(c, "criteria")}
}

func (w *Web) keepQuestionnaire(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	item, err := w.Partners.KeepResult(c.UserContext(), who, id, keepEntry(c))
	if err != nil {
		return w.questionnaire(c, who, err)
	}
	w.flash(c, ui.Good, t(c, "It is in your library"))
	return seeOther(c, "/evidence/"+item.String())
}

// Connections.

func (w *Web) memberKind(programme, entity string) string {
	short, name := w.kindNames(programme, entity)
	return short + ", " + name
}

func (w *Web) networkPage(c *fiber.Ctx, who identity.Actor, n bizpartner.Network, title string, refusal error, crumbs ...ui.Crumb) (p view.NetworkPage, status int, err error) {
	b, status, err := w.partnerBase(c, who, title, refusal, crumbs...)
	p = view.NetworkPage{Base: b, Network: n, Kind: w.memberKind, Status: func(ctx context.Context, m bizpartner.Member, x bizpartner.Part) string {
		return w.Partners.PartText(ctx, m.Programme, x)
	}}
	return p, status, err
}

func (w *Web) showConnections(c *fiber.Ctx, who identity.Actor) error {
	return w.drawConnections(c, who, c.Query("partner"), nil)
}

func (w *Web) drawConnections(c *fiber.Ctx, who identity.Actor, partner string, refusal error) error {
	n, err := w.Partners.Network(c.UserContext(), who)
	if err != nil {
		return err
	}
	p, status, err := w.networkPage(c, who, n, t(c, "Connected members"), refusal)
	if err != nil {
		return err
	}
	if id, bad := uuid.Parse(partner); bad == nil {
		r, err := w.Partners.Open(c.UserContext(), who, id)
		if err != nil {
			return err
		}
		p.Partner = &r.Partner
	}
	if refusal != nil {
		p.Number, p.Purpose = c.FormValue("number"), c.FormValue("purpose")
	}
	return render(c, status, view.Network(p))
}

func (w *Web) askConnection(c *fiber.Ctx, who identity.Actor) error {
	in := bizpartner.AskEntry{Number: c.FormValue("number"), Purpose: c.FormValue("purpose")}
	if id, err := uuid.Parse(c.FormValue("partner")); err == nil {
		in.Partner = &id
	}
	if err := w.Partners.Ask(c.UserContext(), who, in); err != nil {
		return w.drawConnections(c, who, c.FormValue("partner"), err)
	}
	w.flash(c, ui.Good, t(c, "If there is such a member and it takes part, it has been asked"))
	return seeOther(c, "/partners/connections")
}

func (w *Web) consentToConnections(c *fiber.Ctx, who identity.Actor) error {
	if err := w.Partners.Agree(c.UserContext(), who); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "Your company agreed"))
	return seeOther(c, "/partners/connections")
}

func (w *Web) withdrawConsent(c *fiber.Ctx, who identity.Actor) error {
	if err := w.Partners.Withdraw(c.UserContext(), who); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The consent is taken back, and the connections have ended"))
	return seeOther(c, "/partners/connections")
}

func (w *Web) showConnection(c *fiber.Ctx, who identity.Actor) error {
	return w.drawConnection(c, who, nil)
}

func (w *Web) drawConnection(c *fiber.Ctx, who identity.Actor, refusal error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	x, err := w.Partners.Connection(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	n, status, err := w.networkPage(c, who, x.Network, t(c, "Connection"), refusal, ui.Crumb{Label: t(c, "Connected members"), Href: "/partners/connections"})
	if err != nil {
		return err
	}
	return render(c, status, view.Connection(view.ConnectionPage{NetworkPage: n, Connection: x.Connection, Cycles: x.Cycles, Partners: x.Partners}))
}

// connectionStep carries out a step of a connection, or shows it again.
func (w *Web) connectionStep(c *fiber.Ctx, who identity.Actor, done string, do func(ctx context.Context, id uuid.UUID) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := do(c.UserContext(), id); err != nil {
		if fault.KindOf(err) == fault.Invalid || fault.KindOf(err) == fault.Conflict {
			return w.drawConnection(c, who, err)
		}
		return err
	}
	w.flash(c, ui.Good, done)
	return seeOther(c, "/partners/connections")
}

func (w *Web) answerConnection(c *fiber.Ctx, who identity.Actor) error {
	return w.connectionStep(c, who, t(c, "Your answer is saved"), func(ctx context.Context, id uuid.UUID) error {
		return w.Partners.Answer(ctx, who, id, bizpartner.AnswerEntry{Yes: c.FormValue("answer") == "yes", Version: formVersion(c)})
	})
}

func (w *Web) endConnection(c *fiber.Ctx, who identity.Actor) error {
	return w.connectionStep(c, who, t(c, "It has ended"), func(ctx context.Context, id uuid.UUID) error {
		return w.Partners.Disconnect(ctx, who, id)
	})
}

func (w *Web) tieConnection(c *fiber.Ctx, who identity.Actor) error {
	return w.connectionStep(c, who, t(c, "The connection is tied to the partner"), func(ctx context.Context, id uuid.UUID) error {
		partner, _ := uuid.Parse(c.FormValue("partner"))
		return w.Partners.LinkPartner(ctx, who, id, partner)
	})
}

func (w *Web) keepConnection(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	item, err := w.Partners.KeepStatus(c.UserContext(), who, id, keepEntry(c))
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return err
		}
		return w.drawConnection(c, who, err)
	}
	w.flash(c, ui.Good, t(c, "It is in your library"))
	return seeOther(c, "/evidence/"+item.String())
}

// Verification links, at the member's side.

// cookieVerify carries a new link to the page that shows it once.
const cookieVerify = "verify"

func (w *Web) showLinks(c *fiber.Ctx, who identity.Actor) error {
	return w.drawLinks(c, who, bizpartner.VerifyEntry{Days: "30"}, nil)
}

func (w *Web) drawLinks(c *fiber.Ctx, who identity.Actor, in bizpartner.VerifyEntry, refusal error) error {
	l, err := w.Partners.Links(c.UserContext(), who)
	if err != nil {
		return err
	}
	b, status, rest := w.partnerBase(c, who, t(c, "Verification links"), refusal)
	if rest != nil {
		return rest
	}
	p := view.LinksPage{Base: b, Links: l, Entered: in}
	if token, mac, ok := strings.Cut(w.cookie(c, cookieVerify), "."); ok {
		w.setCookie(c, cookieVerify, "", 0)
		if mac == w.sign(token) {
			p.Address = w.Config.BaseURL.JoinPath("verify", token).String()
		}
	}
	return render(c, status, view.Links(p))
}

func (w *Web) makeLink(c *fiber.Ctx, who identity.Actor) error {
	in := bizpartner.VerifyEntry{Membership: c.FormValue("membership"), Purpose: c.FormValue("purpose"), Days: c.FormValue("days")}
	token, err := w.Partners.MakeLink(c.UserContext(), who, in)
	if err != nil {
		return w.drawLinks(c, who, in, err)
	}
	w.setCookie(c, cookieVerify, token+"."+w.sign(token), time.Minute)
	return seeOther(c, "/partners/links")
}

func (w *Web) revokeLink(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := w.Partners.RevokeLink(c.UserContext(), who, id); err != nil {
		return err
	}
	w.flash(c, ui.Good, t(c, "The link is switched off"))
	return seeOther(c, "/partners/links")
}

// langOf is the language of the partner's page: the one chosen on it, or that of the questionnaire.
func (w *Web) langOf(asked, kept string) string {
	for _, l := range w.Partners.Data.Languages {
		if l.Code == asked {
			return asked
		}
	}
	return kept
}

// outsideChrome is a page without navigation, sign-in and sessions: whoever opens it by a link
// is nobody here, whatever else they are.
func (w *Web) outsideChrome(c *fiber.Ctx, title, lang string) ui.Chrome {
	if lang != "" {
		lang = w.Catalogues.Match(lang)
		c.SetUserContext(w.Catalogues.With(c.UserContext(), lang))
	}
	ch := w.chrome(c, identity.Actor{}, title)
	ch.SignInHref, ch.Locales, ch.CSRF, ch.Path = "", nil, known(c).CSRF, "/"
	if ch.Lang = lang; lang == "" {
		ch.Lang = i18n.Lang(c.UserContext())
	}
	c.Set("X-Robots-Tag", "noindex, nofollow")
	return ch
}
