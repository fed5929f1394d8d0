package web

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/evidence"
	"trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/succession"
	"trustedtrader/app/validation"
)

func successionService(w *reviewtest.World) *succession.Service {
	members := membership.New(w.DB, w.Clock.Now, w.Steps)
	return &succession.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps, Standing: members.Standing, Members: members}
}

// TestLeavingPages goes through the pages of leaving: chosen, refused, prepared, sent, called
// off, and seen on the page of the membership once it is in effect.
func TestLeavingPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor <b>Trading</b> LLC")
	page := "/memberships/" + m.String()
	if n := a.want(200, owner, "GET", page, nil).Find("a[href='" + page + "/leave']").Length(); n != 1 {
		t.Errorf("%d links to leave or change", n)
	}
	doc := a.want(200, owner, "GET", page+"/leave", nil)
	if n := doc.Find("main a[href^='" + page + "/leave/']").Length(); n != 5 {
		t.Errorf("%d ways to leave or change", n)
	}
	a.want(404, owner, "GET", page+"/leave/nothing", nil)
	for _, kind := range []string{"withdrawal", "merger", "split", "sale", "type_change"} {
		doc = a.want(200, owner, "GET", page+"/leave/"+kind, nil)
		doc = a.want(422, owner, "POST", page+"/leave/"+kind, fill(t, doc, "/leave/"+kind))
		if doc.Find("#error-summary a[href='#reason-1'], #error-summary a[href^='#reason']").Length() == 0 {
			t.Errorf("%s: what is missing is not said: %s", kind, doc.Find("#error-summary").Text())
		}
	}
	doc = a.want(200, owner, "GET", page+"/leave/withdrawal", nil)
	form := fill(t, doc, "/leave/withdrawal")
	form.Set("reason", "no_longer_wanted")
	form.Set("note", "We <stop> importing")
	form.Set("effective_on-day", "31")
	form.Set("effective_on-month", "2")
	form.Set("effective_on-year", "2026")
	doc = a.want(422, owner, "POST", page+"/leave/withdrawal", form)
	if doc.Find("input[name='effective_on-day']").AttrOr("value", "") != "31" {
		t.Error("a day that is none is lost")
	}
	form.Set("effective_on-month", "3")
	res, _ := a.send(owner, "POST", page+"/leave/withdrawal", form)
	at := res.Header.Get("Location")
	if res.StatusCode != 303 || !strings.HasPrefix(at, "/memberships/changes/") {
		t.Fatalf("prepared: %d %s", res.StatusCode, at)
	}
	desk := strings.Replace(at, "/memberships/changes/", "/desk/successions/", 1)
	a.want(404, w.Sam, "GET", desk, nil)
	doc = a.want(200, owner, "GET", at, nil)
	text := doc.Find("#follows").Text()
	for _, want := range []string{"The membership ends at the start of that day", "This deadline ends with the membership", "You can call this off until 30 March 2026", "Nothing keeps you from applying again"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said before sending: %s", want, text)
		}
	}
	proof, err := a.web.Evidence.AddLink(w.Ctx, owner, evidence.Entry{Title: "Contract", URL: "https://example.org/contract"}, nil)
	w.Must(err)
	content := evidencetest.PDF("Entry in the register")
	kept, err := a.web.Evidence.Take(w.Ctx, owner, evidence.Incoming{FileName: "register.pdf", Size: int64(len(content)) + 400}, evidence.Details{}, bytes.NewReader(content))
	w.Must(err)
	doc = a.want(200, owner, "GET", at+"/edit", nil)
	form = fill(t, doc, "/edit")
	form["proof"] = []string{proof.ID.String(), kept.Evidence.String()}
	a.want(303, owner, "POST", at+"/edit", form)
	file := "/desk/evidence/versions/" + kept.Version.String() + "/file"
	a.want(404, w.Sam, "GET", file, nil) // it was not sent
	doc = a.want(200, owner, "GET", at, nil)
	a.want(303, owner, "POST", at+"/send", fill(t, doc, "/send"))
	_, err = a.web.Evidence.Remove(w.Ctx, owner, kept.Evidence, w.Count(`select version from evidence where id = $1`, kept.Evidence))
	w.Must(err)
	_, err = a.web.Evidence.Sweep(w.Ctx)
	w.Must(err)
	if res, _ := a.send(w.Sam, "GET", file, nil); res.StatusCode != 200 {
		t.Errorf("the proof of a case is gone with the item: %d", res.StatusCode)
	}
	a.want(409, owner, "POST", at+"/send", fill(t, doc, "/send"))
	a.want(200, w.Sam, "GET", desk, nil)
	if doc = a.want(200, w.Sam, "GET", "/desk/successions?queue=coming&kind=withdrawal", nil); !strings.Contains(doc.Find("table").Text(), "Harbor <b>Trading</b> LLC") {
		t.Errorf("queue: %s", doc.Find("main").Text())
	}
	w.Clock.Move(30 * 24 * time.Hour)
	s := successionService(w)
	_, err = s.Standing.Turn(w.Ctx)
	w.Must(err)
	_, err = s.Turn(w.Ctx)
	w.Must(err)
	text = a.want(200, owner, "GET", page, nil).Find("#life").Text()
	for _, want := range []string{"The member left on 31 March 2026.", "Nothing keeps the company from applying again", "In effect"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not stand on the page of the membership: %s", want, text)
		}
	}
	if a.want(200, owner, "GET", at, nil).Find("form[action$='/calloff']").Length() != 0 {
		t.Error("it can still be called off")
	}
}

// TestMergerAtTheDesk goes through the desk's pages of a merger: taken up, sent back, sent
// again, proposed with a missing reason, and decided by a second person.
func TestMergerAtTheDesk(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor Trading LLC")
	_, into := f.Member("Bigger Trading LLC")
	s := successionService(w)
	c, err := s.Open(w.Ctx, owner, succession.Entry{Membership: m, Kind: succession.Merger, Day: "2026-03-03", Reason: "legal_merger", Note: "By contract", Successor: w.Text(`select number from membership where id = $1`, into)})
	w.Must(err)
	c, err = s.Submit(w.Ctx, owner, c.ID, c.Version)
	w.Must(err)
	at := "/desk/successions/" + c.ID.String()
	doc := a.want(200, w.Sam, "GET", at, nil)
	a.want(303, w.Sam, "POST", at+"/take", fill(t, doc, "/take"))
	doc = a.want(200, w.Sam, "GET", at, nil)
	if doc.Find("main a[href='/memberships/"+into.String()+"']").Length() != 1 {
		t.Error("the page does not lead to the membership that goes on")
	}
	a.want(422, w.Sam, "POST", at+"/ask", fill(t, doc, "/ask"))
	form := fill(t, doc, "/decide")
	doc = a.want(422, w.Sam, "POST", at+"/decide", form)
	if doc.Find("#error-summary a[href^='#decide-answer']").Length() != 1 {
		t.Errorf("what is missing is not said: %s", doc.Find("#error-summary").Text())
	}
	form.Set("decide-answer", "yes")
	form.Set("decide-text", "The register shows it")
	a.want(303, w.Sam, "POST", at+"/decide", form)
	doc = a.want(200, w.Boss, "GET", at, nil)
	if !strings.Contains(doc.Find("#decide").Text(), "Sam Specialist proposes to say yes") {
		t.Errorf("the proposal: %s", doc.Find("#decide").Text())
	}
	form = fill(t, doc, "/decide")
	form.Set("decide-answer", "yes")
	a.want(303, w.Boss, "POST", at+"/decide", form)
	if text := a.want(200, owner, "GET", "/memberships/"+m.String(), nil).Find("#life").Text(); !strings.Contains(text, "It was merged into membership") {
		t.Errorf("the page of the old membership: %s", text)
	}
	if text := a.want(200, w.Sam, "GET", "/memberships/"+into.String(), nil).Find("#life").Text(); !strings.Contains(text, "was merged into this one on 3 March 2026") {
		t.Errorf("the page of the one that goes on: %s", text)
	}
}

// TestSharingPages goes through the pages of one security profile for two memberships: asked
// for, refused, accepted, said on both memberships, and taken apart again.
func TestSharingPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor <b>Trading</b> LLC")
	if n := a.want(200, owner, "GET", "/memberships/"+m.String()+"/leave", nil).Find("main a[href$='/leave/share'], main a[href$='/leave/unshare']").Length(); n != 0 {
		t.Error("a company with one membership is offered to share its profile")
	}
	w.Number(owner.CompanyID, "duns", "123456789")
	_, exporter := f.MemberOf(owner, "ctpat", "exporter")
	number := func(id uuid.UUID) string { return w.Text(`select number from membership where id = $1`, id) }
	page := "/memberships/" + exporter.String()
	if n := a.want(200, owner, "GET", page+"/leave", nil).Find("main a[href$='/leave/share']").Length(); n != 1 {
		t.Errorf("%d ways to share", n)
	}
	doc := a.want(200, owner, "GET", page+"/leave/share", nil)
	form := fill(t, doc, "/leave/share")
	doc = a.want(422, owner, "POST", page+"/leave/share", form)
	if doc.Find("#error-summary a[href^='#lead']").Length() != 1 || doc.Find("#error-summary a[href^='#reason']").Length() != 1 {
		t.Errorf("what is missing: %s", doc.Find("#error-summary").Text())
	}
	day := func(form url.Values, at time.Time) {
		form.Set("effective_on-day", strconv.Itoa(at.Day()))
		form.Set("effective_on-month", strconv.Itoa(int(at.Month())))
		form.Set("effective_on-year", strconv.Itoa(at.Year()))
	}
	form.Set("lead", m.String())
	form.Set("reason", "same_measures")
	day(form, w.Clock.Now())
	res, _ := a.send(owner, "POST", page+"/leave/share", form)
	at := res.Header.Get("Location")
	if res.StatusCode != 303 {
		t.Fatalf("prepared: %d", res.StatusCode)
	}
	doc = a.want(200, owner, "GET", at+"/edit", nil)
	if doc.Find("input[name=lead][checked]").AttrOr("value", "") != m.String() {
		t.Error("the membership that was chosen is lost")
	}
	doc = a.want(200, owner, "GET", at, nil)
	says(t, doc, "no yearly review of its own", number(m))
	a.want(303, owner, "POST", at+"/send", fill(t, doc, "/send"))
	desk := strings.Replace(at, "/memberships/changes/", "/desk/successions/", 1)
	doc = a.want(200, w.Sam, "GET", desk, nil)
	says(t, doc, number(m))
	a.want(303, w.Sam, "POST", desk+"/take", fill(t, doc, "/take"))
	form = fill(t, a.want(200, w.Sam, "GET", desk, nil), "/decide")
	form.Set("decide-answer", "yes")
	a.want(303, w.Sam, "POST", desk+"/decide", form)
	if text := a.want(200, owner, "GET", page, nil).Find("#life").Text(); !strings.Contains(text, "Shares the security profile of "+number(m)+" since") || !strings.Contains(text, "its yearly review is due on") {
		t.Errorf("the follower's page: %s", text)
	}
	if text := a.want(200, w.Sam, "GET", "/memberships/"+m.String(), nil).Find("#life").Text(); !strings.Contains(text, "Membership "+number(exporter)+" (") {
		t.Errorf("the lead's page: %s", text)
	}
	doc = a.want(200, owner, "GET", page+"/leave/unshare", nil)
	says(t, doc, "shares the security profile of membership "+number(m))
	form = fill(t, doc, "/leave/unshare")
	form.Set("reason", "measures_differ")
	day(form, w.Clock.Now())
	res, _ = a.send(owner, "POST", page+"/leave/unshare", form)
	at = res.Header.Get("Location")
	a.want(303, owner, "POST", at+"/send", fill(t, a.want(200, owner, "GET", at, nil), "/send"))
	if text := a.want(200, owner, "GET", page, nil).Find("#life").Text(); !strings.Contains(text, "It shared the security profile of "+number(m)+" from") {
		t.Errorf("the follower's page afterwards: %s", text)
	}
}

// TestCaseIsGivenUpCalledOffAndAsked sends the forms of the ways back: a case given up before
// it is sent, called off before its day, sent back by the desk, and handed back by the person
// who decides.
func TestCaseIsGivenUpCalledOffAndAsked(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor Trading LLC")
	_, into := f.Member("Bigger Trading LLC")
	v := f.Validation(m, validation.Planned)
	s := successionService(w)
	open := func(in succession.Entry) (string, string) {
		t.Helper()
		in.Membership = m
		c, err := s.Open(w.Ctx, owner, in)
		w.Must(err)
		return "/memberships/changes/" + c.ID.String(), "/desk/successions/" + c.ID.String()
	}
	step := func(by identity.Actor, at, act string, set map[string]string) {
		t.Helper()
		form := fill(t, a.want(200, by, "GET", at, nil), "/"+act)
		for name, value := range set {
			form.Set(name, value)
		}
		a.want(303, by, "POST", at+"/"+act, form)
	}
	leave := succession.Entry{Kind: succession.Withdrawal, Day: "2026-04-20", Reason: "no_longer_wanted", Note: "We stop"}
	at, _ := open(leave)
	step(owner, at, "drop", nil)
	at, _ = open(leave)
	step(owner, at, "send", nil)
	step(owner, at, "calloff", map[string]string{"calloff-text": "We go <on>"})
	if got := w.Text(`select string_agg(status, ' ') from change_case`); got != "called_off called_off" {
		t.Errorf("given up and called off: %s", got)
	}

	at, desk := open(succession.Entry{Kind: succession.Merger, Day: "2026-03-03", Reason: "legal_merger", Note: "By contract", Successor: w.Text(`select number from membership where id = $1`, into)})
	step(owner, at, "send", nil)
	step(w.Sam, desk, "take", nil)
	step(w.Sam, desk, "ask", map[string]string{"ask-text": "Which contract?"})
	says(t, a.want(200, owner, "GET", at, nil), "Which contract?")
	step(owner, at, "send", nil)
	step(w.Sam, desk, "take", nil)
	for a.want(200, w.Sam, "GET", desk, nil).Find("#items").Find("td:contains('Not decided yet')").Length() > 0 {
		before := w.Count(`select count(*)::int from change_case_item`)
		form := fill(t, a.want(200, w.Sam, "GET", desk, nil), "/items")
		form.Set("item", v.ID.String())
		form.Set("kind", "validation")
		form.Set("decision", "close")
		a.want(303, w.Sam, "POST", desk+"/items", form)
		if w.Count(`select count(*)::int from change_case_item`) == before {
			t.Fatal("nothing was decided on the record")
		}
	}
	step(w.Sam, desk, "decide", map[string]string{"decide-answer": "yes", "decide-text": "The register shows it"})
	step(w.Boss, desk, "handback", map[string]string{"handback-text": "Look at the contract again"})
	says(t, a.want(200, w.Sam, "GET", desk, nil), "Look at the contract again")
	if text := a.want(200, owner, "GET", at, nil).Find("main").Text(); strings.Contains(text, "Look at the contract again") {
		t.Error("the company reads what the agency's people say to each other")
	}
}

// TestSplitIsLinkedAtTheDesk sends the form that ties a split to the application of the new
// company.
func TestSplitIsLinkedAtTheDesk(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor Trading LLC")
	s := successionService(w)
	c, err := s.Open(w.Ctx, owner, succession.Entry{Membership: m, Kind: succession.Split, Day: "2026-03-03", Reason: "reorganized", Note: "East coast", NewName: "East Inc", NewCountry: "US", ShareAnswers: true})
	w.Must(err)
	_, err = s.Submit(w.Ctx, owner, c.ID, c.Version)
	w.Must(err)
	east := w.Submit(w.Importer("East Inc"), "ctpat", "importer")
	desk := "/desk/successions/" + c.ID.String()
	doc := a.want(200, w.Sam, "GET", desk, nil)
	says(t, doc, "The member lets East Inc (US) start from its security profile")
	form := fill(t, doc, "/link")
	doc = a.want(422, w.Sam, "POST", desk+"/link", form)
	if doc.Find("#error-summary a[href='#link-application']").Length() != 1 {
		t.Errorf("what is missing: %s", doc.Find("#error-summary").Text())
	}
	form.Set("link-application", strings.ToLower(east.Reference))
	a.want(303, w.Sam, "POST", desk+"/link", form)
	says(t, a.want(200, w.Sam, "GET", desk, nil), east.Reference, "East Inc")
}
