package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

// TestRecognitionPages goes through the pages of mutual recognition: headquarters records the
// start and ties the partner, the company asks, the partner answers, the membership is
// suspended, the partner acknowledges, and the company withdraws its consent.
func TestRecognitionPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	owner, m := f.Member("Harbor <b>Trading</b> LLC")
	law := func(e standing.Event) standing.Event {
		w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) (err error) {
			e.MembershipID, e.Cause = m, standing.Cause{Kind: "test", ID: uuid.New()}
			e.On = clock.DayOf(w.Clock.Now(), time.UTC)
			e, err = f.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Chief, e)
			return err
		}))
		return e
	}
	law(standing.Event{Kind: standing.Awarded, Tier: "tier_2"})
	agency, person := pg.NewID(), pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, 'kiwi', 'Kiwi <i>Customs</i>', 'NZ', 'Pacific/Auckland', ?)`, agency, w.Clock.Now())
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', 'otto', 'otto@kiwi.example', true, 'Otto Officer', ?)`, person, w.Clock.Now())
	officer := identity.Actor{PersonID: person, Name: "Otto Officer", Audience: identity.Partners, Role: identity.Officer, AgencyID: agency, Agency: "Kiwi Customs", Zone: time.UTC}
	second := w.Staff("Hugo Headquarters", identity.Headquarters, w.HQ)

	// Headquarters.
	const desk, page = "/desk/arrangements/us-ctpat-nz-ses", "/recognition/us-ctpat-nz-ses"
	doc := a.want(200, w.Sam, "GET", "/desk/arrangements", nil)
	says(t, doc, "67 arrangements")
	if n := doc.Find("tbody tr").Length(); n != 20 {
		t.Errorf("%d arrangements on a page of the list", n)
	}
	if n := a.want(200, w.Sam, "GET", "/desk/arrangements?page=4", nil).Find("tbody tr").Length(); n != 7 {
		t.Errorf("%d arrangements on the last page", n)
	}
	says(t, a.want(200, w.Sam, "GET", "/desk/arrangements?find=ctpat+nz+ses", nil), "1 arrangements", "NZ SES")
	if n := a.want(200, w.Sam, "GET", "/desk/arrangements?ours=yes&state=signed", nil).Find("tbody tr").Length(); n != 16 {
		t.Errorf("%d of ours that are signed alone", n)
	}
	a.want(404, w.Sam, "GET", "/desk/arrangements/nowhere", nil)
	if a.want(200, w.Sam, "GET", desk, nil).Find("form[action$='/record']").Length() != 0 {
		t.Error("a specialist is offered to keep the register")
	}
	if text := a.want(200, owner, "GET", page, nil).Find("main").Text(); !strings.Contains(text, "The arrangement is not in force") || !strings.Contains(text, "not connected to the portal") {
		t.Errorf("why the company cannot ask is not said: %s", text)
	}
	doc = a.want(200, w.Chief, "GET", desk, nil)
	form := fill(t, doc, "/record")
	if a.want(422, w.Chief, "POST", desk+"/record", form).Find("#error-summary a").Length() < 3 {
		t.Error("what is missing is not said")
	}
	record := url.Values{"kind": {"in_force"}, "on_day-day": {"1"}, "on_day-month": {"2"}, "on_day-year": {"2009"}, "source": {"Joint <b>statement</b>"}}
	a.want(303, w.Chief, "POST", desk+"/record", record)
	doc = a.want(200, w.Chief, "GET", desk, nil)
	says(t, doc, "In force", "Joint <b>statement</b>")
	action, _ := doc.Find("form[action$='/overturn']").Attr("action")
	why := doc.Find("form[action$='/overturn'] input[name^='why-']").AttrOr("name", "")
	if a.want(422, w.Chief, "POST", action, url.Values{}).Find("#error-summary a[href='#"+why+"']").Length() != 1 {
		t.Error("that a reason is missing is not said")
	}
	a.want(303, w.Chief, "POST", action, url.Values{why: {"Another day"}})
	record.Set("on_day-day", "3")
	a.want(303, w.Chief, "POST", desk+"/record", record)
	a.want(422, w.Chief, "POST", desk+"/agency", url.Values{})
	a.want(303, w.Chief, "POST", desk+"/agency", url.Values{"agency": {agency.String()}})
	a.want(303, w.Chief, "POST", desk+"/agency/"+agency.String()+"/untie", fill(t, a.want(200, w.Chief, "GET", desk, nil), "/untie"))
	a.want(303, w.Chief, "POST", desk+"/agency", url.Values{"agency": {agency.String()}})

	// The company asks.
	doc = a.want(200, owner, "GET", page, nil)
	ask := fill(t, doc, "/ask")
	if a.want(422, owner, "POST", page+"/ask", ask).Find("#error-summary a[href='#agree']").Length() != 1 {
		t.Error("that consent is missing is not said")
	}
	ask.Set("agree", "yes")
	a.want(303, owner, "POST", page+"/ask", ask)
	number := url.Values{"scheme": {"gln"}, "value": {"4000001000006"}, "from-day": {"1"}, "from-month": {"1"}, "from-year": {"2026"}}
	if a.want(422, owner, "POST", page+"/numbers", number).Find("#error-summary a[href='#value']").Length() != 1 {
		t.Error("a wrong check digit is not said")
	}
	number.Set("value", "4000001000005")
	a.want(303, owner, "POST", page+"/numbers", number)
	doc = a.want(200, owner, "GET", page, nil)
	says(t, doc, "4000001000005", "Sent", "consented on")
	says(t, a.want(200, owner, "GET", page+"/sheet", nil), "Harbor <b>Trading</b> LLC", "exactly as registered")
	says(t, a.want(200, owner, "GET", "/recognition", nil), "NZ SES", "Sent")

	// The partner answers.
	doc = a.want(200, officer, "GET", "/agency/recognition", nil)
	member := doc.Find("tbody a").AttrOr("href", "")
	says(t, doc, "Harbor <b>Trading</b> LLC")
	step := func(tail string, more url.Values) url.Values {
		form := fill(t, a.want(200, officer, "GET", member, nil), tail)
		for k, v := range more {
			form[k] = v
		}
		return form
	}
	a.want(303, officer, "POST", member+"/acknowledge", step("/acknowledge", nil))
	stale := step("/recognise", nil)
	a.want(303, officer, "POST", member+"/recognise", step("/recognise", url.Values{"partner_ref": {"NZ-1"}}))
	a.want(409, officer, "POST", member+"/recognise", stale)
	if a.want(422, officer, "POST", member+"/refuse", step("/refuse", nil)).Find("#error-summary").Length() != 1 {
		t.Error("that a reason is missing is not said")
	}
	a.want(303, officer, "POST", member+"/refuse", step("/refuse", url.Values{"reason": {"NAME_DIFFERS"}}))
	says(t, a.want(200, owner, "GET", page, nil), "Not recognized", "Name or address differ")
	says(t, a.want(200, owner, "GET", "/recognition", nil), "Not recognized", "Name or address differ")
	a.want(303, officer, "POST", member+"/recognise", step("/recognise", nil))

	// A suspension leaves, and is acknowledged.
	hold := law(standing.Event{Kind: standing.Suspended})
	if n, err := a.web.Recognitions.Propagate(w.Ctx, true); err != nil || n != 1 {
		t.Fatalf("told %d: %v", n, err)
	}
	says(t, a.want(200, owner, "GET", "/recognition", nil), "Stopped", "The membership is suspended")
	w.Clock.Move(25 * time.Hour)
	if n, err := a.web.Recognitions.Alarm(w.Ctx); err != nil || n != 1 {
		t.Fatalf("alarmed %d times: %v", n, err)
	}
	says(t, a.want(200, w.Chief, "GET", "/desk/arrangements", nil), "1 notice is late")
	says(t, a.want(200, w.Chief, "GET", "/desk/arrangements/late?agency="+agency.String(), nil), "Kiwi <i>Customs</i>", "Harbor <b>Trading</b> LLC", "A membership is suspended", "Not yet", "Show all partners")
	says(t, a.want(200, w.Chief, "GET", "/desk/headquarters", nil), "Partners are late with 1 notice")
	a.want(404, officer, "GET", "/desk/arrangements/late", nil)
	doc = a.want(200, officer, "GET", "/agency/notices", nil)
	says(t, doc, "A membership is suspended", "A member takes part")
	notice := doc.Find("form[action^='/agency/notices/']").First().AttrOr("action", "")
	a.want(303, officer, "POST", notice, fill(t, doc, notice))
	a.want(200, officer, "GET", "/agency/notices?show=all", nil)
	says(t, a.want(200, w.Chief, "GET", desk, nil), "How fast partners are told", "Kiwi <i>Customs</i>")

	// Two persons suspend the arrangement.
	law(standing.Event{Kind: standing.Overturned, Undoes: &hold.ID})
	if n, err := a.web.Recognitions.Propagate(w.Ctx, true); err != nil || n != 1 {
		t.Fatalf("told %d of the end of a suspension: %v", n, err)
	}
	propose := url.Values{"step": {"suspended"}, "from-day": {"5"}, "from-month": {"3"}, "from-year": {"2026"}, "basis": {"Article 3"}, "reasons": {"Compatibility has ended"}}
	a.want(422, w.Chief, "POST", desk+"/propose", url.Values{})
	for _, end := range []struct {
		who  identity.Actor
		tail string
		more url.Values
	}{{w.Chief, "/takeback", nil}, {second, "/refuse", url.Values{"decision_note": {"Not yet"}}}, {second, "/approve", nil}} {
		a.want(303, w.Chief, "POST", desk+"/propose", propose)
		doc = a.want(200, end.who, "GET", desk, nil)
		form := fill(t, doc, end.tail)
		for k, v := range end.more {
			form[k] = v
		}
		a.want(303, end.who, "POST", doc.Find("form[action$='"+end.tail+"']").AttrOr("action", ""), form)
	}
	w.Clock.Move(24 * time.Hour)
	says(t, a.want(200, w.Sam, "GET", desk, nil), "Suspended", "Hugo Headquarters")
	if n, err := a.web.Recognitions.Propagate(w.Ctx, true); err != nil || n != 1 {
		t.Fatalf("told %d of the suspended arrangement: %v", n, err)
	}
	doc = a.want(200, officer, "GET", "/agency/notices", nil)
	says(t, doc, "is suspended from")
	a.want(303, officer, "POST", "/agency/notices/acknowledge", fill(t, doc, "/agency/notices/acknowledge"))
	a.want(409, officer, "POST", "/agency/notices/acknowledge", url.Values{})
	says(t, a.want(200, owner, "GET", "/recognition", nil), "The arrangement is suspended")

	// The company withdraws.
	doc = a.want(200, owner, "GET", page, nil)
	remove := doc.Find("form[action$='/remove']").AttrOr("action", "")
	a.want(303, owner, "POST", remove, fill(t, doc, "/remove"))
	a.want(303, owner, "POST", page+"/consent/withdraw", fill(t, doc, "/consent/withdraw"))
	says(t, a.want(200, owner, "GET", page, nil), "Ended", "Consent was withdrawn", "You have not consented")
	if text := a.want(200, officer, "GET", member, nil).Find("main").Text(); strings.Contains(text, "Harbor") || !strings.Contains(text, "Do not grant benefits") {
		t.Errorf("after the withdrawal the partner reads %s", text)
	}
	a.want(404, w.Importer("Nosy Neighbor Inc"), "GET", page, nil)
}
