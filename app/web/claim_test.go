package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/claim"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/standing"
)

func claimService(t testing.TB, w *reviewtest.World, register *arrangement.Register) *claim.Service {
	t.Helper()
	return &claim.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Register: register, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Reports: benefitService(t, w).Data}
}

// TestClaimPages goes from a benefit that was not given to its answer, by way of the partner.
func TestClaimPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	d := &desk{t: t, a: a, w: w}
	owner, m := f.Member("Harbor <b>Trading</b> LLC")
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error {
		_, err := f.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Chief, standing.Event{Kind: standing.Awarded, Tier: "tier_2", MembershipID: m, Cause: standing.Cause{Kind: "test", ID: uuid.New()}, On: clock.DayOf(w.Clock.Now(), time.UTC)})
		return err
	}))
	agency, person := pg.NewID(), pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, 'union', 'Union <i>Customs</i>', 'BE', 'Europe/Brussels', ?)`, agency, w.Clock.Now())
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', 'otto', 'otto@union.example', true, 'Otto Officer', ?)`, person, w.Clock.Now())
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values ('us-ctpat-eu-aeo', ?, ?)`, agency, w.Clock.Now())
	w.Exec(`insert into recognition (id, company_id, membership_id, arrangement, agency_id, status, asked_at, sent_at, answered_at) values (?, ?, ?, 'us-ctpat-eu-aeo', ?, 'recognised', ?, ?, ?)`,
		pg.NewID(), owner.CompanyID, m, agency, w.Clock.Now(), w.Clock.Now(), w.Clock.Now())
	officer := identity.Actor{PersonID: person, Name: "Otto Officer", Audience: identity.Partners, Role: identity.Officer, AgencyID: agency, Agency: "Union Customs", Zone: time.UTC}
	today := clock.DayOf(w.Clock.Now(), time.UTC)

	// The page of benefits says what the own reports show, and leads to the claim.
	benefits := "/memberships/" + m.String() + "/benefits"
	doc := a.want(200, owner, "GET", benefits, nil)
	says(t, doc, "No report shows it", "Cannot be seen in reports", "This benefit was not given")
	if doc := a.want(200, w.Sam, "GET", benefits, nil); strings.Contains(doc.Text(), "In your reports") || doc.Find(`a[href*="/claim?"]`).Length() != 0 {
		t.Error("the agency sees what the company's reports show")
	}
	form := "/memberships/" + m.String() + "/claim"
	doc = a.want(200, owner, "GET", form+"?benefit=recognition", nil)
	if doc.Find("input[value=recognition][checked]").Length() != 1 {
		t.Error("the benefit is not chosen")
	}
	doc = a.want(422, owner, "POST", form, fill(t, doc, "/claim"))
	if doc.Find("#error-summary a").Length() != 2 {
		t.Errorf("an empty claim: %s", doc.Find("#error-summary").Text())
	}
	in := fill(t, doc, "/claim")
	for name, value := range map[string]string{"benefit": "recognition", "arrangement": "us-ctpat-eu-aeo", "happened": "They <b>opened</b> it", "refs": "MRN-1"} {
		in.Set(name, value)
	}
	dayFields(in, "from", "2025", "12", "1")
	says(t, a.want(422, owner, "POST", form, in), "had not begun")
	dayFields(in, "from", today.Time().Format("2006"), today.Time().Format("1"), today.Time().Format("2"))
	a.want(303, owner, "POST", form, in)
	mine := "/benefits/claims/" + w.Text(`select id::text from claim`)
	at := "/desk/claims" + strings.TrimPrefix(mine, "/benefits/claims")
	says(t, a.want(200, owner, "GET", "/benefits/claims", nil), "Recognition by partner countries", "Open")
	d.shows(owner, "claim", mine, "Delay at Antwerp")

	says(t, a.want(200, w.Sam, "GET", "/desk/claims?queue=waiting&programme=ctpat&benefit=recognition", nil), "Harbor <b>Trading</b> LLC")
	says(t, a.want(200, w.Sam, "GET", "/desk/claims?queue=overdue&office=all", nil), "Nothing waits here")
	d.step(w.Sam, at, "/take")
	doc = a.want(200, w.Sam, "GET", at, nil)
	says(t, a.want(422, w.Sam, "POST", at+"/ask", fill(t, doc, "/ask")), "Enter what you ask the partner")
	d.step(w.Sam, at, "/ask", "question", "Was it <i>given</i>?")
	d.step(w.Sam, at, "/recall")
	d.step(w.Sam, at, "/ask", "question", "Was it given in Antwerp?")

	asked := "/agency/claims/" + w.Text(`select id::text from claim_request where status = 'asked'`)
	says(t, a.want(200, officer, "GET", "/agency/claims", nil), "Harbor <b>Trading</b> LLC")
	doc = a.want(200, officer, "GET", asked, nil)
	says(t, doc, "Was it given in Antwerp?", "MRN-1")
	if strings.Contains(doc.Find("main").Text(), "opened") {
		t.Error("the partner reads what the officer did not send")
	}
	doc = a.want(422, officer, "POST", asked+"/answer", fill(t, doc, "/answer"))
	if doc.Find("#error-summary a").Length() != 1 {
		t.Errorf("an empty answer: %s", doc.Find("#error-summary").Text())
	}
	d.step(officer, asked, "/answer", "reason", "member_not_known", "done", "The list is loaded")
	says(t, a.want(200, officer, "GET", "/agency/claims?status=answered", nil), "Questions about benefits")
	stranger := officer
	stranger.AgencyID = pg.NewID()
	a.want(404, stranger, "GET", asked, nil)

	doc = a.want(200, w.Sam, "GET", at, nil)
	says(t, doc, "The list is loaded", "We did not know the member on that day")
	if doc = a.want(422, w.Sam, "POST", at+"/answer", fill(t, doc, "/answer")); doc.Find("#error-summary a").Length() != 2 {
		t.Errorf("an empty answer: %s", doc.Find("#error-summary").Text())
	}
	d.step(w.Sam, at, "/answer", "reason", "partner_did_not", "answer", "It is mended")
	doc = a.want(200, owner, "GET", mine, nil)
	says(t, doc, "It was not given", "It is mended", "The agency")
	d.step(owner, mine, "/again", "facts", "It happened again")
	d.step(owner, mine, "/withdraw")
	says(t, a.want(200, w.Chief, "GET", "/desk/claims/numbers", nil), "Recognition by partner countries", "CTPAT")
	says(t, a.want(200, w.Chief, "GET", "/desk/claims?queue=done", nil), "Taken back")
}

// TestGapPages: headquarters counts once, and works on what members do not see.
func TestGapPages(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	d := &desk{t: t, a: a, w: w}
	f.Member("Harbor <b>Trading</b> LLC")
	const list = "/desk/claims/gaps"
	says(t, a.want(200, w.Auditor, "GET", list, nil), "Nothing is counted yet", "There is no gap")
	d.step(w.Chief, list, "/count")
	says(t, a.want(409, w.Chief, "POST", list+"/count", url.Values{}), "counted once a month")
	says(t, a.want(200, w.Chief, "GET", list, nil), "There is no gap", "by "+w.Chief.Name) // one member says nothing
	says(t, a.want(200, w.Chief, "GET", list+"?show=all&programme=ctpat", nil), "Not told", "Fewer than five", "Not enough data")
	at := list + "/" + w.Text(`select id::text from benefit_gap where entitled = 1 and benefit = 'penalty_mitigation'`)
	doc := a.want(200, w.Chief, "GET", at, nil)
	form := fill(t, doc, at)
	form.Set("status", "explained")
	says(t, a.want(422, w.Chief, "POST", at, form), "Enter what explains or mends it")
	form.Set("note", "Nobody was <b>fined</b>")
	form.Set("owner", w.Chief.PersonID.String())
	a.want(303, w.Chief, "POST", at, form)
	a.want(409, w.Chief, "POST", at, form)
	says(t, a.want(200, w.Boss, "GET", at, nil), "Explained", "Nobody was <b>fined</b>", w.Chief.Name)
	says(t, a.want(200, w.Chief, "GET", list+"?show=all&status=explained", nil), "Mitigation of penalties")
	a.want(404, w.Chief, "GET", list+"/"+uuid.NewString(), nil)

	// The next month nobody has to press a button.
	w.Clock.Move(31 * 24 * time.Hour)
	says(t, a.want(200, w.Chief, "GET", list, nil), "Count this month")
	if counted, err := a.web.Claims.CountDue(w.Ctx); !counted || err != nil {
		t.Fatal(counted, err)
	}
	doc = a.want(200, w.Chief, "GET", list, nil)
	says(t, doc, "by the portal")
	if doc.Find("form[action$='/count']").Length() != 0 {
		t.Error("a month that the portal has counted can be counted")
	}
}
