package web

import (
	"io/fs"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"trustedtrader/app/bizpartner"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/config"
)

func partnerService(t testing.TB, w *reviewtest.World) *bizpartner.Service {
	t.Helper()
	files, err := fs.Sub(config.Questionnaires, "questionnaires")
	w.Must(err)
	data, err := bizpartner.LoadData(files)
	w.Must(err)
	return &bizpartner.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Letters: w.Steps.Letters, Data: data, Evidence: newLibrary(t, w.DB, w.Clock.Now), Key: []byte(strings.Repeat("k", 32))}
}

// partnered gives a company a partner with a questionnaire, a connection and a link.
func (m *matrix) partnered(owner identity.Actor) map[string]string {
	m.Helper()
	w, s := m.w, m.partners
	p, err := s.Add(w.Ctx, owner, bizpartner.Entry{Name: "Factory of " + owner.Company, Country: "MX", Role: "manufacturer", Risk: "high", Email: "x@factory.example", Lang: "es"})
	w.Must(err)
	q, err := s.Send(w.Ctx, owner, p.ID, bizpartner.SendEntry{Template: "supply-chain-security", Name: "M", Email: "x@factory.example", Lang: "es"})
	w.Must(err)
	task := pg.NewID()
	w.Exec(`insert into questionnaire_action (id, questionnaire_id, company_id, what, due_on, created_at, author) values (?, ?, ?, 'Mend the fence', '2026-06-01', now(), 'x')`, task, q.ID, owner.CompanyID)
	w.Must(s.Agree(w.Ctx, owner))
	w.Must(s.Ask(w.Ctx, owner, bizpartner.AskEntry{Number: "CT-NOBODY-7"}))
	member := w.Text(`select id::text from membership where company_id = $1 order by created_at limit 1`, owner.CompanyID)
	_, err = s.MakeLink(w.Ctx, owner, bizpartner.VerifyEntry{Membership: member, Purpose: "The bank", Days: "30"})
	w.Must(err)
	return map[string]string{"partner": p.ID.String(), "questionnaire": q.ID.String(), "task": task.String(),
		"connection": w.Text(`select id::text from partner_connection where asker_id = $1`, owner.CompanyID), "link": w.Text(`select id::text from verification_link where company_id = $1`, owner.CompanyID)}
}

var askedLink = regexp.MustCompile(`/q/[A-Za-z0-9_-]+`)

// TestPartnerPages goes through the list, a questionnaire that is answered without an account
// and without JavaScript, and what the member sees of it.
func TestPartnerPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, _ := f.Member("Harbor <b>Trading</b> LLC")
	doc := a.want(200, owner, "GET", "/partners/new", nil)
	form := fill(t, doc, "/partners/new")
	form.Set("name", "Fábrica <i>Uno</i>")
	doc = a.want(422, owner, "POST", "/partners/new", form)
	if doc.Find("#error-summary a[href='#country']").Length() != 1 {
		t.Error("what is missing is not said")
	}
	form.Set("country", "MX")
	form.Set("role", "manufacturer")
	form.Set("risk", "high")
	form.Set("email", "marta@fabrica.example")
	form.Set("contact", "Marta")
	a.want(303, owner, "POST", "/partners/new", form)
	id := w.Text(`select id::text from business_partner`)
	if doc = a.want(200, owner, "GET", "/partners?q=fábrica", nil); !strings.Contains(doc.Find("main").Text(), "Fábrica <i>Uno</i>") {
		t.Error("the partner is not on the list")
	}
	doc = a.want(200, owner, "GET", "/partners/"+id+"/send", nil)
	form = fill(t, doc, "/send")
	form.Set("lang", "fr")
	a.want(303, owner, "POST", "/partners/"+id+"/send", form)
	asked := w.Text(`select id::text from questionnaire`)
	a.want(200, owner, "GET", "/partners/questionnaires/"+asked, nil)
	path := askedLink.FindString(w.Text(`select body from mail where to_address = 'marta@fabrica.example'`))
	nobody := identity.Actor{}
	guest := func(status int, method, path string, form url.Values) *goquery.Document {
		t.Helper()
		return a.want(status, nobody, method, path, form)
	}
	doc = guest(200, "GET", path, nil)
	if text := doc.Find("main").Text(); !strings.Contains(text, "Harbor <b>Trading</b> LLC pose ces questions") || doc.Find("main [lang=fr]").Length() == 0 || doc.Find("header a[href='/signin']").Length() != 0 {
		t.Errorf("the partner's page: %s", text)
	}
	for doc = guest(200, "GET", path+"/s/business?in=en", nil); ; {
		form = url.Values{}
		action := ""
		doc.Find("form").Each(func(_ int, s *goquery.Selection) {
			if x := s.AttrOr("action", ""); strings.Contains(x, "/s/") {
				action = x
			}
		})
		form = fill(t, doc, action)
		doc.Find("input[type=radio][value=yes]").Each(func(_ int, s *goquery.Selection) { form.Set(s.AttrOr("name", ""), "yes") })
		doc.Find("textarea").Each(func(_ int, s *goquery.Selection) { form.Set(s.AttrOr("name", ""), "In our handbook") })
		res, _ := a.send(nobody, "POST", action, form)
		if res.StatusCode != 303 {
			t.Fatalf("save: %d", res.StatusCode)
		}
		next := res.Header.Get("Location")
		if doc = guest(200, "GET", next, nil); strings.Contains(next, "/finish") {
			break
		}
	}
	form = fill(t, doc, "/finish")
	if doc = guest(422, "POST", path+"/finish", form); doc.Find("#error-summary a[href='#agree']").Length() != 1 {
		t.Error("the statement is not asked for")
	}
	form.Set("name", "Marta Maker")
	form.Set("agree", "yes")
	guest(303, "POST", path+"/finish", form)
	if doc = guest(200, "GET", path+"?in=es", nil); !strings.Contains(doc.Find("main").Text(), "Sus respuestas se enviaron") {
		t.Errorf("after sending: %s", doc.Find("main").Text())
	}
	doc = a.want(200, owner, "GET", "/partners/questionnaires/"+asked, nil)
	if text := doc.Find("main").Text(); !strings.Contains(text, "Score 100 of 100") || !strings.Contains(text, "In our handbook") {
		t.Errorf("the result: %s", text)
	}
	form = fill(t, doc, "/return")
	form.Set(bizpartner.ReturnField("seals"), "Which ones?")
	a.want(303, owner, "POST", "/partners/questionnaires/"+asked+"/return", form)
	if doc = guest(200, "GET", path+"/s/cargo?in=en", nil); !strings.Contains(doc.Find("main").Text(), "Which ones?") || doc.Find("textarea:not([readonly])").Length() != 1 {
		t.Error("the answer that was sent back is not marked, or others can be changed")
	}
	a.want(200, w.Sam, "GET", "/desk/companies/"+owner.CompanyID.String()+"/partners", nil)
	if doc = a.want(200, w.Sam, "GET", "/desk/companies/"+owner.CompanyID.String(), nil); !strings.Contains(doc.Find("#partners").Text(), "1 partner") {
		t.Error("the desk does not count")
	}
}

// TestPartnerForms sends the forms that the walk above does not.
func TestPartnerForms(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, own := f.Member("Harbor Trading LLC")
	other, theirs := f.Member("Other Trading LLC")
	s := a.web.Partners
	post := func(who identity.Actor, path, page, tail string, values ...string) {
		t.Helper()
		form := fill(t, a.want(200, who, "GET", page, nil), tail)
		for i := 0; i+1 < len(values); i += 2 {
			form.Set(values[i], values[i+1])
		}
		a.want(303, who, "POST", path, form)
	}
	number := func(id uuid.UUID) string { return w.Text(`select number from membership where id = $1`, id) }

	// The list: changed, brought as a file, ended.
	p, err := s.Add(w.Ctx, owner, bizpartner.Entry{Name: "Factory", Country: "MX", Role: "manufacturer", Risk: "low", Email: "m@factory.example", Lang: "es"})
	w.Must(err)
	page := "/partners/" + p.ID.String()
	post(owner, page+"/edit", page+"/edit", "/edit", "notes", "New gate")
	a.who = owner
	if status, _, doc := a.bring("/partners/import", "x.csv", []byte("%PDF-1.7")); status != 422 || doc.Find("#error-summary a[href='#file']").Length() != 1 {
		t.Errorf("a PDF: %d", status)
	}
	status, draft, _ := a.bring("/partners/import", "x.csv", []byte("name,country\nShed,US\nBad,ZZ\n"))
	if status != 303 {
		t.Fatalf("a list: %d", status)
	}
	doc := a.want(200, owner, "GET", draft, nil)
	if !strings.Contains(doc.Find("main").Text(), "Choose the country") {
		t.Error("the problem of a row is not shown")
	}
	post(owner, draft, draft, draft)
	shed := w.Text(`select id::text from business_partner where name = 'Shed'`)
	post(owner, "/partners/"+shed+"/end", "/partners/"+shed, "/end", "reason", "Closed")

	// Connections.
	for _, who := range []identity.Actor{owner, other} {
		post(who, "/partners/consent", "/partners/connections", "/partners/consent")
	}
	post(owner, "/partners/connections", "/partners/connections?partner="+p.ID.String(), "/partners/connections", "number", number(theirs))
	link := "/partners/connections/" + w.Text(`select id::text from partner_connection`)
	form := fill(t, a.want(200, other, "GET", link, nil), "/answer")
	form.Set("answer", "yes")
	a.want(303, other, "POST", link+"/answer", form)
	post(owner, link+"/partner", link, "/partner", "partner", p.ID.String())
	post(owner, link+"/keep", link, "/keep")
	if text := a.want(200, owner, "GET", link, nil).Find("main").Text(); !strings.Contains(text, "Active, Tier 1") || strings.Contains(text, "Olga") {
		t.Errorf("a connection: %s", text)
	}
	post(owner, link+"/end", link, "/end")
	post(owner, "/partners/consent/withdraw", "/partners/connections", "/withdraw")

	// Questionnaires.
	asked := func(by identity.Actor, p bizpartner.Partner) (page, path string) {
		t.Helper()
		w.Clock.Move(time.Minute)
		q, err := s.Send(w.Ctx, by, p.ID, bizpartner.SendEntry{Template: "supply-chain-security", Name: "M", Email: "m@factory.example", Lang: "en"})
		w.Must(err)
		return "/partners/questionnaires/" + q.ID.String(), askedLink.FindString(w.Text(`select body from mail where to_address = 'm@factory.example' order by created_at desc limit 1`))
	}
	first, path := asked(owner, p)
	answer := func(path string) {
		t.Helper()
		k := bizpartner.Key{Token: strings.TrimPrefix(path, "/q/"), Lang: "en"}
		for _, part := range s.Data.Templates[0].Sections {
			in := map[string]bizpartner.ReplyEntry{}
			for _, q := range part.Questions {
				in[q.Code] = bizpartner.ReplyEntry{Answer: bizpartner.Yes, Note: "Yes"}
			}
			_, _, err := s.Save(w.Ctx, k, part.Code, in)
			w.Must(err)
		}
		_, err := s.Finish(w.Ctx, k, bizpartner.FinishEntry{Name: "M", Agreed: true})
		w.Must(err)
	}
	answer(path)
	post(owner, first+"/actions", first, "/actions", "what", "Mend the fence", "due-day", "1", "due-month", "6", "due-year", "2026")
	task := w.Text(`select id::text from questionnaire_action`)
	post(owner, first+"/actions/"+task, first, "/actions/"+task, "proof-"+task, "Photo")
	post(owner, first+"/keep", first, "/keep")
	post(owner, first+"/accept", first, "/accept")

	mine, err := s.Add(w.Ctx, other, bizpartner.Entry{Name: "The Factory", Country: "MX", Role: "manufacturer", Risk: "low", Lang: "en"})
	w.Must(err)
	second, path := asked(other, mine)
	nobody := identity.Actor{}
	if text := a.want(200, nobody, "GET", path, nil).Find("main").Text(); strings.Contains(text, "Harbor") {
		t.Error("the partner's page names another importer")
	}
	a.want(422, nobody, "POST", path+"/reuse", url.Values{"in": {"en"}})
	post(nobody, path+"/reuse", path, "/reuse", "allow", "yes")
	post(nobody, path+"/reuse/end", path, "/reuse/end")
	post(nobody, path+"/refuse", path, "/refuse", "reason", "No time")
	post(other, second+"/renew", second, "/renew")
	post(other, second+"/cancel", second, "/cancel", "reason", "Not needed")

	post(owner, "/partners/links", "/partners/links", "/partners/links", "purpose", "The bank", "membership", own.String())
	post(owner, "/partners/links/"+w.Text(`select id::text from verification_link`)+"/revoke", "/partners/links", "/revoke")
}

// TestOutsiderPage: a verification link shows a few facts and leaks nothing; whatever is no
// live link gets one answer, and not too often.
func TestOutsiderPage(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, member := f.Member("Harbor Trading LLC")
	a.want(200, owner, "GET", "/partners/links", nil)
	make := func(days string) string {
		t.Helper()
		token, err := a.web.Partners.MakeLink(w.Ctx, owner, bizpartner.VerifyEntry{Membership: member.String(), Purpose: "A secret purpose", Days: days})
		w.Must(err)
		return "/verify/" + token
	}
	path := make("30")
	res, doc := a.send(identity.Actor{}, "GET", path, nil)
	html, _ := doc.Html()
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("X-Robots-Tag"), "noindex") {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	text := doc.Find("main").Text()
	for _, want := range []string{"Harbor Trading LLC", "Active", "Tier 1", "since 3 March 2026", "3 March 2026, 10:00"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q: %s", want, text)
		}
	}
	for _, secret := range []string{"secret", owner.Email, owner.CompanyID.String(), member.String(), w.Text(`select number from membership where id = $1`, member), "Newark", "Olga"} {
		if strings.Contains(html, secret) {
			t.Errorf("the page tells %q", secret)
		}
	}
	short := make("1")
	w.Clock.Move(25 * time.Hour)
	off := make("30")
	w.Must(a.web.Partners.RevokeLink(w.Ctx, owner, pgID(w, `select id::text from verification_link order by created_at desc, id desc limit 1`)))
	var first string
	reference := regexp.MustCompile(`Reference: .*`)
	for _, gone := range []string{short, off, "/verify/" + strings.Repeat("A", 64), "/verify/x"} {
		res, doc := a.send(identity.Actor{}, "GET", gone, nil)
		text := reference.ReplaceAllString(doc.Find("main").Text(), "")
		if first == "" {
			first = text
		}
		if res.StatusCode != 404 || text != first || !strings.Contains(res.Header.Get("X-Robots-Tag"), "noindex") {
			t.Errorf("a link that is gone answers otherwise than the others: %d %s", res.StatusCode, text)
		}
	}
	last := 0
	for range linkGuesses + 1 {
		res, _ := a.send(identity.Actor{}, "GET", "/verify/nothing", nil)
		last = res.StatusCode
	}
	if last != 429 {
		t.Errorf("guessing goes on: %d", last)
	}
}

func pgID(w *reviewtest.World, sql string, args ...any) uuid.UUID {
	parsed, err := uuid.Parse(w.Text(sql, args...))
	w.Must(err)
	return parsed
}
