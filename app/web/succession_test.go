package web

import (
	"strings"
	"testing"
	"time"

	"trustedtrader/app/membership"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/succession"
)

func successionService(w *reviewtest.World) *succession.Service {
	return &succession.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps, Standing: membership.New(w.DB, w.Clock.Now, w.Steps).Standing}
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
	doc = a.want(200, owner, "GET", at+"/edit", nil)
	a.want(303, owner, "POST", at+"/edit", fill(t, doc, "/edit"))
	doc = a.want(200, owner, "GET", at, nil)
	a.want(303, owner, "POST", at+"/send", fill(t, doc, "/send"))
	a.want(409, owner, "POST", at+"/send", fill(t, doc, "/send"))
	a.want(200, w.Sam, "GET", desk, nil)
	if doc = a.want(200, w.Sam, "GET", "/desk/successions?queue=coming&kind=withdrawal", nil); !strings.Contains(doc.Find("table").Text(), "Harbor <b>Trading</b> LLC") {
		t.Errorf("queue: %s", doc.Find("main").Text())
	}
	w.Clock.Move(30 * 24 * time.Hour)
	s := successionService(w)
	_, err := s.Standing.Turn(w.Ctx)
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
