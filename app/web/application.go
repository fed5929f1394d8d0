package web

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/programme"
	view "trustedtrader/views/application"
	"trustedtrader/views/ui"
)

// applicationWriters may change parts of an application; the service knows which
// parts a contributor has.
func applicationWriters() []identity.Role {
	return append([]identity.Role{identity.Contributor}, identity.CompanyEditors...)
}

// refused takes a service's refusal apart for a page that is shown again with what
// the person typed: problems of fields, what a colleague changed, or one sentence. An
// error that is none of these, or that the page cannot answer, comes back as rest.
func refused(c *fiber.Ctx, err error) (status int, fields []fault.Field, moved []fault.Change, sentence string, rest error) {
	if fields := fault.Fields(err); fields != nil {
		return fiber.StatusUnprocessableEntity, fields, nil, "", nil
	}
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Conflict {
		return fiber.StatusConflict, nil, f.Changed, t(c, f.Message, f.Args...), nil
	}
	return 0, nil, nil, "", err
}

func (w *Web) showCompanyHome(c *fiber.Ctx, who identity.Actor) error {
	home, err := w.Applications.Home(c.UserContext(), who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Home(view.HomePage{
		Chrome: w.chrome(c, who, t(c, "Home")), Home: home, CanApply: who.Is(identity.CompanyEditors...), Zone: who.Zone, Names: w.kindNames,
	}))
}

// kindNames are the short name of a programme and the name of a kind of member; a
// programme that this installation no longer has keeps its codes.
func (w *Web) kindNames(programmeCode, entity string) (string, string) {
	p, ok := w.Applications.Programmes.Get(programmeCode)
	if !ok {
		return programmeCode, entity
	}
	if e, ok := p.EntityType(entity); ok {
		return p.ShortName, e.Name
	}
	return p.ShortName, entity
}

func (w *Web) showProgrammes(c *fiber.Ctx, who identity.Actor) error {
	return render(c, fiber.StatusOK, view.New(view.NewPage{Chrome: w.chrome(c, who, t(c, "Choose a programme")), Programmes: w.Applications.Choices()}))
}

func (w *Web) showKinds(c *fiber.Ctx, who identity.Actor) error {
	p, ok := w.Applications.Programmes.Get(c.Params("programme"))
	if !ok {
		return fault.Missing()
	}
	page := w.kindPage(c, who, p)
	why, err := w.Applications.Chance(c.UserContext(), who, p)
	if err != nil {
		return err
	}
	page.Refusal, page.Closed = why, why != ""
	return render(c, fiber.StatusOK, view.Kind(page))
}

func (w *Web) kindPage(c *fiber.Ctx, who identity.Actor, p *programme.Programme) view.KindPage {
	return view.KindPage{Chrome: w.chrome(c, who, t(c, "What does your company do?")), Programme: p}
}

func (w *Web) chooseKind(c *fiber.Ctx, who identity.Actor) error {
	kind := c.FormValue("entity_type")
	a, err := w.Applications.Choose(c.UserContext(), who, c.Params("programme"), kind)
	if err == nil {
		w.flash(c, ui.Good, t(c, "Application %s is open. Start with the eligibility questions.", a.Reference))
		return seeOther(c, "/applications/"+a.ID.String()+"/eligibility")
	}
	p, ok := w.Applications.Programmes.Get(c.Params("programme"))
	status, fields, _, sentence, rest := refused(c, err)
	if rest != nil || !ok {
		return err
	}
	page := w.kindPage(c, who, p)
	page.Entered, page.Errors, page.Refusal = kind, fields, sentence
	page.Chrome.Errors = fields != nil
	return render(c, status, view.Kind(page))
}

func (w *Web) showApplication(c *fiber.Ctx, who identity.Actor) error {
	o, err := w.overview(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Overview(view.OverviewPage{Chrome: w.applicationChrome(c, who, o.File, ""), Overview: o}))
}

func (w *Web) overview(c *fiber.Ctx, who identity.Actor) (application.Overview, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return application.Overview{}, err
	}
	return w.Applications.Overview(c.UserContext(), who, id)
}

func (w *Web) checklist(c *fiber.Ctx, who identity.Actor) (application.Checklist, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return application.Checklist{}, err
	}
	return w.Applications.Check(c.UserContext(), who, id)
}

// applicationChrome names a page of an application and shows the way back to it.
func (w *Web) applicationChrome(c *fiber.Ctx, who identity.Actor, f application.File, title string) ui.Chrome {
	name := t(c, "Application %s", f.Application.Reference)
	home := ui.Crumb{Label: t(c, "Home"), Href: "/company"}
	if title == "" {
		ch := w.chrome(c, who, name)
		ch.Breadcrumb = []ui.Crumb{home, {Label: name}}
		return ch
	}
	ch := w.chrome(c, who, title)
	ch.Breadcrumb = []ui.Crumb{home, {Label: name, Href: "/applications/" + f.Application.ID.String()}, {Label: title}}
	return ch
}

func (w *Web) showEligibility(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.checklist(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Eligibility(w.eligibilityPage(c, who, list)))
}

func (w *Web) eligibilityPage(c *fiber.Ctx, who identity.Actor, list application.Checklist) view.EligibilityPage {
	return view.EligibilityPage{
		Chrome: w.applicationChrome(c, who, list.File, t(c, "Eligibility questions")), Checklist: list, Editor: who.Is(applicationWriters()...),
	}
}

func (w *Web) answerEligibility(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.checklist(c, who)
	if err != nil {
		return err
	}
	id := list.File.Application.ID
	entries := readEligibility(c, list.File)
	f, err := w.Applications.AnswerEligibility(c.UserContext(), who, id, entries)
	if err == nil {
		w.flash(c, ui.Good, t(c, "Saved."))
		if c.FormValue("then") == "stay" || len(f.NotEligible()) > 0 {
			return seeOther(c, "/applications/"+id.String()+"/eligibility")
		}
		return seeOther(c, "/applications/"+id.String())
	}
	status, fields, moved, _, rest := refused(c, err)
	if rest != nil || (status == fiber.StatusConflict && moved == nil) {
		return err
	}
	if list, err = w.checklist(c, who); err != nil {
		return err
	}
	page := w.eligibilityPage(c, who, list)
	page.Entered, page.Errors, page.Moved = map[string]application.EligibilityEntry{}, fields, moved
	page.Chrome.Errors = fields != nil
	for _, e := range entries {
		page.Entered[e.Question] = e
	}
	return render(c, status, view.Eligibility(page))
}

// readEligibility reads the questions that the form had, in the page's order.
func readEligibility(c *fiber.Ctx, f application.File) (out []application.EligibilityEntry) {
	for _, q := range f.Questions() {
		field := application.QuestionField(q.Code)
		seen := c.FormValue(field + "-version")
		if seen == "" {
			continue // not on the form
		}
		version, _ := strconv.Atoi(seen) // anything else is a version that nobody saw
		e := application.EligibilityEntry{Question: q.Code, Answer: c.FormValue(field), Note: c.FormValue(field + "-note"), Version: version}
		if q.Kind == programme.Date {
			e.Answer = writtenDate(formDate(c, field))
		}
		out = append(out, e)
	}
	return out
}

// writtenDate is a day as 2006-01-02; one that does not exist stays as typed, to be
// refused and shown again.
func writtenDate(d ui.DateValue) string {
	if d.Empty() {
		return ""
	}
	if day, ok := d.Date(); ok {
		return day.Format(time.DateOnly)
	}
	return strings.Join([]string{d.Year, d.Month, d.Day}, "-")
}

func (w *Web) showAgreement(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.checklist(c, who)
	if err != nil {
		return err
	}
	page := w.agreementPage(c, who, list)
	page.Entered.Name = who.Name
	return render(c, fiber.StatusOK, view.Agreement(page))
}

func (w *Web) agreementPage(c *fiber.Ctx, who identity.Actor, list application.Checklist) view.AgreementPage {
	return view.AgreementPage{
		Chrome: w.applicationChrome(c, who, list.File, t(c, "Agreement")), Checklist: list,
		MaySign: who.Is(identity.CompanySigners...), Zone: view.Zone{Location: list.File.Dossier.Office.Location()},
	}
}

func (w *Web) signAgreement(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.checklist(c, who)
	if err != nil {
		return err
	}
	in := application.Signing{Version: formVersion(c), TextHash: c.FormValue("text"), Name: c.FormValue("name"), Title: c.FormValue("title")}
	for i := range list.File.Programme.Agreement.Consents {
		if c.FormValue(application.ConsentField(i)) == "yes" {
			in.Consents = append(in.Consents, i)
		}
	}
	_, err = w.Applications.SignAgreement(c.UserContext(), who, list.File.Application.ID, in)
	if err == nil {
		w.flash(c, ui.Good, t(c, "The agreement is signed."))
		return seeOther(c, "/applications/"+list.File.Application.ID.String())
	}
	status, fields, _, sentence, rest := refused(c, err)
	if rest != nil {
		return rest
	}
	if list, err = w.checklist(c, who); err != nil {
		return err
	}
	page := w.agreementPage(c, who, list)
	page.Entered, page.Errors, page.Refusal = in, fields, sentence
	page.Chrome.Errors = fields != nil
	if status == fiber.StatusConflict {
		page.Entered.Consents = nil // they were given to another text
	}
	return render(c, status, view.Agreement(page))
}

func (w *Web) showCheck(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.checklist(c, who)
	if err != nil {
		return err
	}
	page, err := w.checkPage(c, who, list)
	if err != nil {
		return err
	}
	page.Entered.Name = who.Name
	return render(c, fiber.StatusOK, view.Check(page))
}

func (w *Web) checkPage(c *fiber.Ctx, who identity.Actor, list application.Checklist) (view.CheckPage, error) {
	seen, err := list.File.Seen()
	return view.CheckPage{
		Chrome: w.applicationChrome(c, who, list.File, t(c, "Check your answers")), Checklist: list, Seen: seen,
		MaySubmit: who.Is(identity.CompanySigners...), Zone: view.Zone{Location: list.File.Dossier.Office.Location()},
	}, err
}

// readSubmission reads a declaration. A form always carries what its reader saw.
func readSubmission(c *fiber.Ctx) application.Submission {
	in := application.Submission{Version: formVersion(c), Attested: c.FormValue("attested") == "yes", Name: c.FormValue("name"), Seen: map[string]string{}}
	for _, part := range programme.Sections() {
		in.Seen[part] = c.FormValue("seen-" + part)
	}
	return in
}

func (w *Web) submitApplication(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := readSubmission(c)
	_, err = w.Applications.Submit(c.UserContext(), who, id, in)
	if err == nil {
		return seeOther(c, "/applications/"+id.String()+"/receipt")
	}
	status, fields, moved, sentence, rest := refused(c, err)
	if rest != nil {
		return rest
	}
	list, err := w.checklist(c, who)
	if err != nil {
		return err
	}
	page, err := w.checkPage(c, who, list)
	if err != nil {
		return err
	}
	page.Entered, page.Errors, page.Moved, page.Refusal = in, fields, moved, sentence
	page.Chrome.Errors = fields != nil
	return render(c, status, view.Check(page))
}

func (w *Web) showReceipt(c *fiber.Ctx, who identity.Actor) error {
	r, err := w.receipt(c, who)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.Receipt(view.ReceiptPage{
		Chrome: w.applicationChrome(c, who, r.File, t(c, "Receipt")), Receipt: r, Renderer: w.Config.Browser != "",
	}))
}

func (w *Web) receipt(c *fiber.Ctx, who identity.Actor) (application.Receipt, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return application.Receipt{}, err
	}
	return w.Applications.Receipt(c.UserContext(), who, id)
}

// sendReceipt sends the PDF; while it is being made, the receipt's page says so.
func (w *Web) sendReceipt(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	d, err := w.Applications.ReceiptPDF(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	if d == nil {
		return seeOther(c, "/applications/"+id.String()+"/receipt")
	}
	return sendFile(c, d.Name, d.ContentType, d.Body)
}

func (w *Web) sendCopy(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	snap, err := w.Applications.SnapshotJSON(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	content, err := snap.Read()
	if err != nil {
		return err
	}
	c.Set("X-Content-SHA256", snap.SHA256)
	return sendFile(c, content.Reference+".json", fiber.MIMEApplicationJSON, []byte(snap.Body))
}

// sendFile sends a document of our own making, to be saved.
func sendFile(c *fiber.Ctx, name, kind string, body []byte) error {
	c.Set(fiber.HeaderContentType, kind)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	return c.Send(body)
}

func (w *Web) showRequest(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.checklist(c, who)
	if err != nil {
		return err
	}
	page, err := w.requestPage(c, who, list)
	if err != nil {
		return err
	}
	page.Declared.Name = who.Name
	return render(c, fiber.StatusOK, view.Request(page))
}

func (w *Web) requestPage(c *fiber.Ctx, who identity.Actor, list application.Checklist) (view.RequestPage, error) {
	seen, err := list.File.Seen()
	return view.RequestPage{
		Chrome: w.applicationChrome(c, who, list.File, t(c, "Request for information")), Checklist: list, Seen: seen,
		Editor: who.Is(applicationWriters()...), MaySend: who.Is(identity.CompanySigners...),
	}, err
}

// answerRequest saves the answers, or sends all of them.
func (w *Web) answerRequest(c *fiber.Ctx, who identity.Actor) error {
	list, err := w.checklist(c, who)
	if err != nil {
		return err
	}
	id := list.File.Application.ID
	in, entered := readSubmission(c), map[uuid.UUID]string{}
	var answers []application.ItemAnswer
	for _, item := range list.Asked {
		field := application.ItemField(item.ID)
		if seen := c.FormValue(field + "-version"); seen != "" {
			version, _ := strconv.Atoi(seen) // anything else is a version that nobody saw
			entered[item.ID] = c.FormValue(field)
			answers = append(answers, application.ItemAnswer{ID: item.ID, Answer: entered[item.ID], Version: version})
		}
	}
	if c.FormValue("do") == "send" {
		if _, err = w.Applications.AnswerInformation(c.UserContext(), who, id, in, answers); err == nil {
			w.flash(c, ui.Good, t(c, "Your answers are with us."))
			return seeOther(c, "/applications/"+id.String()+"/receipt")
		}
	} else if err = w.Applications.AnswerItems(c.UserContext(), who, id, answers); err == nil {
		w.flash(c, ui.Good, t(c, "Saved. Nothing has been sent yet."))
		return seeOther(c, "/applications/"+id.String()+"/request")
	}
	status, fields, moved, sentence, rest := refused(c, err)
	if rest != nil {
		return rest
	}
	if list, err = w.checklist(c, who); err != nil {
		return err
	}
	page, err := w.requestPage(c, who, list)
	if err != nil {
		return err
	}
	page.Entered, page.Declared, page.Errors, page.Moved, page.Refusal = entered, in, fields, moved, sentence
	page.Chrome.Errors = fields != nil
	return render(c, status, view.Request(page))
}

func (w *Web) showHearing(c *fiber.Ctx, who identity.Actor) error {
	return w.renderHearing(c, who, fiber.StatusOK, "", nil, "")
}

func (w *Web) renderHearing(c *fiber.Ctx, who identity.Actor, status int, entered string, fields []fault.Field, sentence string) error {
	o, err := w.overview(c, who)
	if err != nil {
		return err
	}
	if o.Hearing == nil {
		return fault.Missing()
	}
	ch := w.applicationChrome(c, who, o.File, t(c, "Your right to be heard"))
	ch.Errors = fields != nil
	return render(c, status, view.HearingView(view.HearingPage{Chrome: ch, Overview: o, Entered: entered, Errors: fields, Refusal: sentence}))
}

func (w *Web) answerHearing(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := application.HearingAnswer{Version: formVersion(c), Answer: c.FormValue("answer")}
	if _, err = w.Applications.AnswerHearing(c.UserContext(), who, id, in); err == nil {
		w.flash(c, ui.Good, t(c, "Your view is with us. We decide after reading it."))
		return seeOther(c, "/applications/"+id.String())
	}
	status, fields, _, sentence, rest := refused(c, err)
	if rest != nil {
		return rest
	}
	return w.renderHearing(c, who, status, in.Answer, fields, sentence)
}

func (w *Web) showWithdraw(c *fiber.Ctx, who identity.Actor) error {
	return w.renderWithdraw(c, who, fiber.StatusOK, application.Withdrawal{}, nil, "")
}

func (w *Web) renderWithdraw(c *fiber.Ctx, who identity.Actor, status int, in application.Withdrawal, fields []fault.Field, sentence string) error {
	o, err := w.overview(c, who)
	if err != nil {
		return err
	}
	ch := w.applicationChrome(c, who, o.File, t(c, "Withdraw"))
	ch.Errors = fields != nil
	return render(c, status, view.Withdraw(view.WithdrawPage{Chrome: ch, Overview: o, Entered: in, Errors: fields, Refusal: sentence}))
}

func (w *Web) withdrawApplication(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	in := application.Withdrawal{Version: formVersion(c), Reason: c.FormValue("reason"), Note: c.FormValue("note")}
	if _, err = w.Applications.Withdraw(c.UserContext(), who, id, in); err == nil {
		w.flash(c, ui.Good, t(c, "The application is withdrawn."))
		return seeOther(c, "/applications/"+id.String()+"/decision")
	}
	status, fields, _, sentence, rest := refused(c, err)
	if rest != nil {
		return rest
	}
	return w.renderWithdraw(c, who, status, in, fields, sentence)
}

func (w *Web) showDecision(c *fiber.Ctx, who identity.Actor) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	d, err := w.Applications.Decision(c.UserContext(), who, id)
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, view.DecisionView(view.DecisionPage{
		Chrome: w.applicationChrome(c, who, d.File, t(c, "Decision")), Decision: d, CanApply: who.Is(identity.CompanyEditors...),
	}))
}

// ReceiptHTML is the receipt as a document of its own, for the job that prints it.
func ReceiptHTML(ctx context.Context, r application.Receipt) (string, error) {
	var b strings.Builder
	err := view.ReceiptDocument(r).Render(ctx, &b)
	return b.String(), err
}
