package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/review/reviewtest"
)

// withCriteria gives the world criteria, and the site the pages of security profiles.
func (a *applicant) withCriteria(w *reviewtest.World) {
	w.WithCriteria()
	a.web.Profiles = w.Profiles
	a.web.ProfileDesk = &profilereview.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps.Profiles, Cases: w.Desk}
}

// saveAnswer has a company change one answer of its profile.
func saveAnswer(w *reviewtest.World, owner identity.Actor, id uuid.UUID, question string, a catalogue.Answer) {
	w.T.Helper()
	p := profiletest.Read(w.Ctx, w.T, w.Profiles, id)
	c, _, _ := p.Form.Question(question)
	g, _ := p.Given(question, uuid.Nil)
	_, err := w.Profiles.Save(w.Ctx, owner, profile.AnswerEntry{Cycle: id, EditionHash: p.Cycle.EditionHash, EntityType: p.Cycle.EntityType,
		Criterion: c.ID, Question: question, Version: g.Version, Answer: a})
	w.Must(err)
}

// TestCompanySeesWhatWasSent: a verdict is on the company's pages once it was sent, and what
// the agency has not sent never is.
func TestCompanySeesWhatWasSent(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	a.withCriteria(w)
	owner := w.Importer("Harbor Trading LLC")
	app := w.Submit(owner, "ctpat", "importer")
	id := profiletest.OfApplication(w.Ctx, t, w.DB, app.ID)
	desk, own := "/desk/profiles/"+id.String(), "/profiles/"+id.String()
	version := func() int { return profiletest.Read(w.Ctx, t, w.Profiles, id).Cycle.Version }
	w.Must(a.web.ProfileDesk.Claim(w.Ctx, w.Sam, id, app.Version))
	w.Must(a.web.ProfileDesk.StartReview(w.Ctx, w.Sam, id, version()))
	a.want(303, w.Sam, "POST", desk+"/criteria/3.1", url.Values{"verdict": {"does_not_meet"}, "remark": {"Draft <b>remark</b>"}, "round": {"1"}, "version": {"0"}})
	a.want(303, w.Sam, "POST", desk+"/criteria/3.1/messages", url.Values{"body": {"A secret note"}, "to": {"internal"}})
	pages := []string{own, own + "/criteria/3.1", own + "/checks", own + "/table?section=partners", own + "/print", own + "/receipt", "/profiles", "/company"}
	for _, page := range pages {
		text := a.want(200, owner, "GET", page, nil).Text()
		for _, secret := range []string{"Does not meet", "Draft <b>remark", "A secret note", "What we said about it", "We said on"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %q before it was sent", page, secret)
			}
		}
	}
	w.Clock.Move(time.Hour)
	w.Must(a.web.ProfileDesk.SendBack(w.Ctx, w.Sam, id, profilereview.ReturnEntry{Version: version(), Message: "One thing",
		Points: []profilereview.Point{{Criterion: "3.1", Remark: "Who screens <partners>?"}}}))
	says(t, a.want(200, owner, "GET", own, nil), "We said on 3 March 2026: Does not meet. Who screens <partners>?")
	doc := a.want(200, owner, "GET", own+"/criteria/3.1", nil)
	says(t, doc, "We sent this back to you", "Does not meet", "about what you submitted in round 1", "Who screens <partners>?")
	if doc.Find("#results").Length() != 0 {
		t.Error("the page says the same thing twice")
	}
	saveAnswer(w, owner, id, "3.1.b", catalogue.Answer{Choice: "rarely"})
	w.Clock.Move(time.Hour)
	profiletest.Submit(w.Ctx, t, w.Profiles, owner, id)
	partSays(t, a.want(200, owner, "GET", own+"/criteria/3.1", nil).Find("#results"), "Does not meet", "Who screens <partners>?")
	for _, page := range pages {
		if strings.Contains(a.want(200, owner, "GET", page, nil).Text(), "A secret note") {
			t.Errorf("%s shows an internal note", page)
		}
	}
	says(t, a.want(200, w.Sam, "GET", "/desk/companies/"+owner.CompanyID.String(), nil), "Security profile sent back · SP-2026-", "With the company")

	// What the risk assessment is evidence for leads to the one that was finished last.
	if n := a.want(200, w.Sam, "GET", desk+"/criteria/2.1", nil).Find("a[href^='/desk/risk/']").Length(); n != 0 {
		t.Error("a link to no assessment")
	}
	finished := riskObjects(w, a.web.Risks, owner).finished
	link := a.want(200, w.Sam, "GET", desk+"/criteria/2.1", nil).Find("#evidence a[href^='/desk/risk/']").AttrOr("href", "")
	if link != "/desk/risk/"+finished.String() {
		t.Errorf("the assessment is at %q", link)
	}
	a.want(200, w.Sam, "GET", link, nil)
	if w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.read' and subject_id = $1 and person_id = $2 and internal`, finished, w.Sam.PersonID) != 1 {
		t.Error("the look at the assessment left no event")
	}
	if n := a.want(200, w.Sam, "GET", desk+"/criteria/3.1", nil).Find("a[href^='/desk/risk/']").Length(); n != 0 {
		t.Error("a criterion that does not ask for an assessment leads to it")
	}
}

// TestReviewAtHome: a yearly review is the next step on the company's home.
func TestReviewAtHome(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	a.withCriteria(w)
	owner := w.Importer("Harbor Trading LLC")
	app := w.Submit(owner, "ctpat", "importer")
	w.Exec(`update application set status = 'certified', decided_at = now(), closed_at = now() where id = ?`, app.ID)
	member := pg.NewID()
	w.Exec(`insert into membership (id, number, company_id, programme, edition, entity_type, tier, status, application_id, certified_on, effective_on, created_at)
		select ?, 'C25-000001', company_id, programme, edition, entity_type, 'tier_1', 'active', id, '2025-05-01', '2025-05-01', ? from application where id = ?`, member, w.Clock.Now(), app.ID)
	day, err := clock.ParseDay("2026-05-01")
	w.Must(err)
	var c profile.Cycle
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) (err error) {
		c, err = w.Steps.Profiles.Open(w.Ctx, tx, w.Clock.Now(), identity.ClockActor("test"), profile.Opening{Company: owner.CompanyID, Office: w.NewYork, Programme: "ctpat",
			EntityType: "importer", Kind: profile.Annual, Membership: &member, Anniversary: day})
		return err
	}))
	doc := a.want(200, owner, "GET", "/company", nil)
	partSays(t, doc.Find(".tt-card--main"), "Your next step", "Annual review "+c.Reference+", CTPAT, U.S. importer", "membership C25-000001", "Must: 0 of 4 ready")
	if buttons := doc.Find("main a.usa-button"); buttons.Length() != 1 || buttons.Text() != "Continue security profile" || buttons.AttrOr("href", "") != "/profiles/"+c.ID.String() {
		t.Errorf("the button: %q", buttons.Text())
	}
	w.Exec(`update profile_cycle set status = 'returned', submitted_at = ?, round = 1 where id = ?`, w.Clock.Now(), c.ID)
	partSays(t, a.want(200, owner, "GET", "/company", nil).Find(".tt-card--main"), "Sent back to you", "Answer what we sent back")
}

// TestProfileDesk goes through the pages from the queue to the certificate: a profile is
// sent back, answered, accepted, and its company certified.
func TestProfileDesk(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	a.withCriteria(w)
	owner := w.Importer("Harbor <b>Trading</b> LLC")
	app := w.Submit(owner, "ctpat", "importer")
	id := profiletest.OfApplication(w.Ctx, t, w.DB, app.ID)
	path, page := "/desk/profiles/"+id.String(), "/desk/profiles/"+id.String()+"/criteria/3.1"

	// The queue: claimed with its case
	doc := a.want(200, w.Sam, "GET", "/desk/profiles?queue=unassigned", nil)
	claim := doc.Find("button[formaction$='/claim']")
	if claim.Length() != 1 || !strings.Contains(doc.Find("table").Text(), "0 of 6") || doc.Find("table a[href='/desk/cases/"+app.ID.String()+"']").Length() != 1 {
		t.Fatalf("queue: %s", doc.Find("main").Text())
	}
	a.want(303, w.Sam, "POST", claim.AttrOr("formaction", ""), url.Values{claim.AttrOr("name", ""): {claim.AttrOr("value", "")}})
	if doc = a.want(409, w.Sue, "POST", path+"/claim", url.Values{"version": {"2"}}); !strings.Contains(doc.Text(), "Sam Specialist was faster") {
		t.Errorf("too late: %s", doc.Find("main").Text())
	}
	if doc = a.want(200, w.Sam, "GET", "/desk/profiles", nil); !strings.Contains(doc.Find("table").Text(), "Harbor <b>Trading</b> LLC") {
		t.Error("it is not among mine")
	}
	a.want(422, w.Boss, "POST", "/desk/profiles/assign", url.Values{"person": {w.Sue.PersonID.String()}, "back": {"/desk/profiles?queue=all"}})
	a.want(400, w.Boss, "POST", "/desk/profiles/assign", url.Values{"profile": {"nonsense"}})
	for _, who := range []identity.Actor{w.Sue, w.Sam} {
		doc = a.want(200, w.Boss, "GET", "/desk/profiles?queue=all", nil)
		ticked := doc.Find("input[name=profile]").AttrOr("value", "")
		doc = a.want(200, w.Boss, "POST", "/desk/profiles/assign", url.Values{"profile": {ticked}, "person": {who.PersonID.String()}, "back": {"/desk/profiles?queue=all"}})
		if !strings.Contains(doc.Text(), "1 profile is assigned") || !strings.Contains(doc.Find("table").Text(), who.Name) {
			t.Errorf("assigned: %s", doc.Find("main").Text())
		}
	}

	// Given back and claimed anew on its page; the list and the start
	doc = a.want(200, w.Sam, "GET", path, nil)
	a.want(303, w.Sam, "POST", path+"/release", fill(t, doc, "/release"))
	doc = a.want(200, w.Sam, "GET", path, nil)
	a.want(303, w.Sam, "POST", path+"/claim", fill(t, doc, "/claim"))
	doc = a.want(200, w.Sam, "GET", path, nil)
	a.want(303, w.Sam, "POST", path+"/start", fill(t, doc, "/start"))
	doc = a.want(200, w.Sam, "GET", path, nil)
	if doc.Find("table tbody tr").Length() != 6 || !strings.Contains(doc.Find(".tt-record__side").Text(), "6 criteria are not reviewed") {
		t.Errorf("list: %s", doc.Find("main").Text())
	}
	if doc = a.want(200, w.Sam, "GET", path+"?show=must&section=partners", nil); doc.Find("table tbody tr").Length() != 2 {
		t.Errorf("musts: %s", doc.Find("table").Text())
	}
	a.want(404, w.Sam, "GET", path+"/criteria/99.9", nil)

	// A verdict: refused without a remark, kept, and in conflict with another person's
	doc = a.want(200, w.Sam, "GET", page+"?show=must", nil)
	form := fill(t, doc, "/criteria/3.1?against=nothing&show=must")
	if form.Get("verdict") != "" || form.Get("next") != "9.1" {
		t.Errorf("form: %v", form)
	}
	form.Set("verdict", "more_information")
	doc = a.want(422, w.Sam, "POST", page+"?show=must", form)
	if doc.Find("input[name=verdict][checked]").AttrOr("value", "") != "more_information" || doc.Find("#error-summary a[href='#remark']").Length() != 1 {
		t.Error("what was entered is not kept")
	}
	form.Set("remark", "Who screens <partners>?")
	form.Set("go", "next")
	res, _ := a.send(w.Sam, "POST", page+"?show=must", form)
	if to := res.Header.Get("Location"); res.StatusCode != 303 || !strings.HasPrefix(to, path+"/criteria/9.1?") || !strings.Contains(to, "show=must") {
		t.Errorf("saved: %d to %s", res.StatusCode, to)
	}
	doc = a.want(409, w.Sue, "POST", page, url.Values{"verdict": {"meets"}, "round": {"1"}, "version": {"0"}, "remark": {"Mine"}})
	if text := doc.Find(".tt-conflict").Text(); !strings.Contains(text, "More information needed (Sam Specialist)") || !strings.Contains(text, "Who screens <partners>?") ||
		doc.Find("textarea[name=remark]").Text() != "Mine" || doc.Find("input[name=version]").AttrOr("value", "") != "1" {
		t.Errorf("conflict: %s", text)
	}

	// Notes and drafts
	a.want(422, w.Sam, "POST", page+"/messages", url.Values{"body": {""}, "to": {"company"}})
	a.want(303, w.Sam, "POST", page+"/messages", url.Values{"body": {"Their website says otherwise"}, "to": {"internal"}})
	a.want(303, w.Sam, "POST", page+"/messages", url.Values{"body": {"Name the person"}, "to": {"company"}})
	doc = a.want(200, w.Sam, "GET", page, nil)
	if doc.Find(".tt-message--internal").Length() != 1 || doc.Find(".tt-message--draft").Length() != 1 || doc.Find("#thread details").Length() != 0 {
		t.Error("the thread")
	}
	action := doc.Find(".tt-message--draft form").AttrOr("action", "")
	draft := fill(t, doc, action)
	for name := range draft {
		if strings.HasPrefix(name, "body-") {
			draft.Set(name, "")
			if doc = a.want(422, w.Sam, "POST", action, draft); doc.Find("#error-summary a[href='#"+name+"']").Length() != 1 {
				t.Error("an empty draft")
			}
			draft.Set(name, "Name the person who does it")
		}
	}
	draft.Set("do", "save")
	a.want(303, w.Sam, "POST", action, draft)

	// The return: composed, another criterion added, sent, taken back, sent again
	a.want(422, w.Sam, "POST", path+"/accept", url.Values{"version": {w.Text(`select version::text from profile_cycle where id = $1`, id)}})
	doc = a.want(200, w.Sam, "GET", path+"/send", nil)
	form = fill(t, doc, "/send")
	if strings.Join(form["criterion"], " ") != "3.1" || form.Get("point-3.1") != "Who screens <partners>?" {
		t.Errorf("return: %v", form)
	}
	form.Set("another", "1.1")
	form.Set("do", "add")
	doc = a.want(200, w.Sam, "POST", path+"/send", form)
	form = fill(t, doc, "/send")
	if strings.Join(form["criterion"], " ") != "1.1 3.1" {
		t.Errorf("added: %v", form)
	}
	form.Set("do", "send")
	if doc = a.want(422, w.Sam, "POST", path+"/send", form); doc.Find("#error-summary a[href='#message']").Length() != 1 || doc.Find("#error-summary a[href='#point-1-1']").Length() != 1 {
		t.Errorf("refused: %s", doc.Find("#error-summary").Text())
	}
	form = fill(t, doc, "/send")
	form.Set("message", "Two things")
	form.Set("point-1.1", "Send the statement")
	form.Set("do", "send")
	a.want(303, w.Sam, "POST", path+"/send", form)
	doc = a.want(200, w.Sam, "GET", path, nil)
	a.want(303, w.Sam, "POST", path+"/send/cancel", fill(t, doc, "/send/cancel"))
	doc = a.want(200, w.Sam, "GET", path+"/send", nil)
	form = fill(t, doc, "/send")
	form.Set("message", "One thing")
	form.Set("do", "send")
	w.Clock.Move(time.Hour)
	a.want(303, w.Sam, "POST", path+"/send", form)

	// The company answers and writes; the agency sees what was submitted
	w.Clock.Move(time.Hour)
	saveAnswer(w, owner, id, "3.1.b", catalogue.Answer{Choice: "rarely"})
	doc = a.want(200, w.Sam, "GET", page, nil)
	if text := doc.Find("main").Text(); strings.Contains(text, "Less often") || !strings.Contains(text, "Every year") {
		t.Error("the page shows what the company is typing")
	}
	w.Clock.Move(time.Hour)
	profiletest.Submit(w.Ctx, t, w.Profiles, owner, id)
	doc = a.want(200, w.Sam, "GET", path, nil)
	a.want(303, w.Sam, "POST", path+"/start", fill(t, doc, "/start"))
	doc = a.want(200, w.Sam, "GET", path, nil)
	if doc.Find("table tbody tr").Length() != 1 || doc.Find("select[name=show] option[selected]").AttrOr("value", "") != "submitted" ||
		!strings.Contains(doc.Find("table").Text(), "Given on an earlier version") {
		t.Errorf("what has changed: %s", doc.Find("main").Text())
	}
	doc = a.want(200, w.Sam, "GET", page, nil)
	if doc.Find("#answers ins").Length() == 0 || doc.Find("#answers del").Length() == 0 {
		t.Error("no comparison")
	}
	settle := doc.Find("form[action*='/settle']")
	a.want(303, w.Sam, "POST", settle.AttrOr("action", ""), url.Values{"version": {settle.Find("input[name=version]").AttrOr("value", "")}, "settled": {"yes"}})

	// The case waits for the profile, then for its other tracks
	for _, criterion := range []string{"1.1", "2.1", "3.1", "9.1", "9.2", "9.3"} {
		doc = a.want(200, w.Sam, "GET", path+"/criteria/"+criterion+"?against=nothing", nil)
		form = fill(t, doc, "/criteria/"+criterion+"?against=nothing&show=submitted")
		form.Set("verdict", "meets")
		form.Set("remark", "")
		a.want(303, w.Sam, "POST", path+"/criteria/"+criterion, form)
	}
	doc = a.want(200, w.Sam, "GET", path+"/accept", nil)
	a.want(303, w.Sam, "POST", path+"/accept", fill(t, doc, "/accept"))
	doc = a.want(200, w.Sam, "GET", path, nil)
	if !strings.Contains(doc.Text(), "Sam Specialist accepted this profile") || doc.Find("form[action$='/release']").Length() != 0 {
		t.Errorf("accepted: %s", doc.Find("main").Text())
	}
}
