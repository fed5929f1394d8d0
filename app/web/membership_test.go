package web

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/credential"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/review/reviewtest"
)

// The page of a membership tells of each year's review, and lets the office warn a company
// whose review is overdue.
func TestYearsOfAMembership(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	w.WithCriteria()
	members := membership.New(w.DB, w.Clock.Now, w.Steps)
	sweep := func() {
		t.Helper()
		s := &clock.Service{DB: w.DB, Now: w.Clock.Now, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Expired: clock.Together(w.Applications.Hooks(), members.Hooks())}
		_, err := s.Sweep(w.Ctx)
		w.Must(err)
	}
	app, owner := w.Claimed()
	profiletest.Accept(w.Ctx, t, w.Profiles, w.Sam, profiletest.OfApplication(w.Ctx, t, w.DB, app.ID))
	app = w.ToCertify(w.Sam, app)
	m, err := members.Admit(w.Ctx, w.Boss, app.ID, app.Version)
	w.Must(err)
	path := "/memberships/" + m.ID.String()
	says := func(who identity.Actor, want ...string) string {
		t.Helper()
		text := strings.Join(strings.Fields(a.want(200, who, "GET", path, nil).Find("main").Text()), " ")
		for _, x := range want {
			if !strings.Contains(text, x) {
				t.Errorf("%s does not read %q: %s", who.Role, x, text)
			}
		}
		return text
	}
	says(owner, "The application", "Accepted", "Anniversary: 1 year after 3 March 2026, 3 March 2027. 90 days before it: 3 December 2026.", "Open from 3 December 2026.")
	w.Clock.Move(280 * 24 * time.Hour)
	sweep()
	cycle := w.Text(`select id::text from profile_cycle where kind = 'annual'`)
	says(owner, "The year to 3 March 2027", "To fill in", "Due 3 March 2027", "Open since 3 December 2026")
	says(w.Sam, "With the company")
	if n := a.want(200, owner, "GET", path, nil).Find("a[href='/profiles/" + cycle + "']").Length(); n != 1 {
		t.Errorf("%d links to the review", n)
	}
	a.want(409, w.Sam, "POST", path+"/warn", url.Values{"version": {"1"}})

	w.Clock.Move(90 * 24 * time.Hour)
	sweep()
	says(owner, "Overdue since 3 March 2027")
	if a.want(200, owner, "GET", path, nil).Find("form[action$='/warn']").Length()+a.want(200, w.Auditor, "GET", path, nil).Find("form[action$='/warn']").Length()+
		a.want(200, w.Other, "GET", path, nil).Find("form[action$='/warn']").Length() != 0 {
		t.Error("somebody is offered to warn who may not")
	}
	doc := a.want(200, w.Sam, "GET", path, nil)
	if doc.Find("a[href='/desk/profiles/"+cycle+"']").Length() != 1 {
		t.Error("no way to the review at the desk")
	}
	form := fill(t, doc, "/warn")
	a.want(303, w.Sam, "POST", path+"/warn", form)
	a.want(409, w.Sam, "POST", path+"/warn", form)
	if says(w.Sam, "Complete a blank or stale profile"); a.want(200, w.Sam, "GET", path, nil).Find("form[action$='/warn']").Length() != 0 {
		t.Error("one may warn twice")
	}

	id := uuid.MustParse(cycle)
	for _, c := range profiletest.Read(w.Ctx, t, w.Profiles, id).Form.Criteria {
		_ = w.Profiles.Confirm(w.Ctx, owner, id, c.ID) // those that were not carried need none
	}
	profiletest.Fill(w.Ctx, t, w.Profiles, owner, id)
	profiletest.Submit(w.Ctx, t, w.Profiles, owner, id)
	text := says(owner, "Submitted 5 days late", "Submit the annual review")
	if strings.Contains(text, "Overdue since") {
		t.Errorf("still overdue: %s", text)
	}
	if text := a.want(200, owner, "GET", "/company", nil).Find("#deadlines").Text(); !strings.Contains(text, "3 March 2028") {
		t.Errorf("the home page: %s", text)
	}
}

// TestCertificateCode: the page shows the code, and whoever reads it learns what it is worth.
func TestCertificateCode(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner, m := a.withFindings(w).Member("Harbor <b>Trading</b> LLC")
	path := "/memberships/" + m.String()
	if doc := a.want(200, owner, "GET", path+"/certificate", nil); doc.Find(".tt-qr").Length() != 0 {
		t.Error("a code before there is one")
	}
	_, err := a.web.Credentials.Issue(w.Ctx)
	w.Must(err)
	doc := a.want(200, owner, "GET", path+"/certificate", nil)
	if doc.Find(".tt-certificate .tt-qr").Length() != 1 {
		t.Error("the certificate has no code")
	}
	var code []credential.Code
	w.Must(w.DB.Batch(w.Ctx, pg.System, credential.CodeOf(&code, m)))
	pdf := func(who identity.Actor, want int) {
		t.Helper()
		if res, _ := a.send(who, "GET", path+"/certificate.pdf", nil); res.StatusCode != want {
			t.Errorf("the PDF: %d, want %d", res.StatusCode, want)
		}
	}
	pdf(w.Importer("Stranger Imports"), 404)
	pdf(owner, 303)
	pdf(owner, 303)
	if n := w.Count(`select count(*)::int from ` + pg.JobSchema + `.river_job where kind = 'certificate_print'`); n != 1 {
		t.Errorf("%d jobs that print it, want 1", n)
	}
	args := credential.PrintArgs{Membership: m, Credential: uuid.MustParse(w.Text(`select id::text from credential where kind = 'code' and replaced_at is null`))}
	html := ""
	for range 2 { // doing it twice does no harm
		w.Must(a.web.Credentials.MakePDF(w.Ctx, args, func(ctx context.Context, id uuid.UUID, code credential.Code) (string, error) {
			page, err := a.web.Members.Printed(ctx, id)
			if err != nil {
				return "", err
			}
			return CertificateHTML(ctx, page, a.web.Credentials.Address(code.Token))
		}, func(_ context.Context, text string) ([]byte, error) { html = text; return []byte("%PDF-" + text), nil }))
	}
	if !strings.Contains(html, "Harbor &lt;b&gt;Trading&lt;/b&gt; LLC") || !strings.Contains(html, "tt-qr__ink") || !strings.Contains(html, "/v/"+code[0].Token) {
		t.Errorf("what is printed: %s", html)
	}
	pdf(owner, 200)
	pdf(w.Sam, 200)
	verdict := func(token string) string {
		return a.want(200, identity.Actor{}, "GET", "/v/"+token, nil).Find("#verdict").Text()
	}
	if got := verdict(code[0].Token); !strings.Contains(got, "cannot tell") {
		t.Errorf("without a list: %s", got)
	}
	_, err = a.web.Credentials.Publish(w.Ctx)
	w.Must(err)
	if got := verdict(code[0].Token); !strings.Contains(got, "Valid.") {
		t.Errorf("with a list: %s", got)
	}
	if got := verdict("nonsense"); !strings.Contains(got, "no certificate") {
		t.Errorf("nonsense: %s", got)
	}
	res, _ := a.send(owner, "POST", path+"/wallet", fill(t, doc, "/wallet"))
	if res.StatusCode != 200 || strings.Count(a.body, "~") != 8 || !strings.Contains(res.Header.Get("Content-Disposition"), "membership.sd-jwt") {
		t.Errorf("wallet: %d %v", res.StatusCode, res.Header)
	}
}

func credentialService(w *reviewtest.World) *credential.Service {
	return &credential.Service{DB: w.DB, Now: w.Clock.Now, Base: &url.URL{Scheme: "http", Host: "localhost:8080"}, Keys: apiService(w).Keys}
}

// TestBenefitsOfAMembership: a member reads what it is entitled to, since when and by which
// law, what another tier would bring, and what a suspension does to all of it.
func TestBenefitsOfAMembership(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner, m := a.withFindings(w).Member("Harbor Trading LLC")
	path := "/memberships/" + m.String()
	if doc := a.want(200, owner, "GET", path, nil); doc.Find(`a[href="`+path+`/benefits"]`).Length() != 1 {
		t.Error("the membership does not lead to its benefits")
	}
	var since clock.Day
	w.Must(w.DB.Batch(w.Ctx, pg.System, pg.Value(&since, `select lower(valid) from standing where membership_id = $1 and upper_inf(known)`, m)))
	doc := a.want(200, owner, "GET", path+"/benefits", nil)
	says(t, doc, "Lower risk score", "In effect", since.Text(w.Ctx), "6 U.S.C. 964(b)", "comes from practice", "What would bring more", "Tier 2, Tier 3", "No partner recognizes this membership yet")
	if n := doc.Find("#now tbody tr").Length(); n < 6 {
		t.Errorf("%d benefits", n)
	}
	if text := doc.Find("#more").Text(); !strings.Contains(text, "Expedited release") || strings.Contains(text, "Lower risk score") {
		t.Errorf("more: %s", text)
	}
	a.want(200, w.Sam, "GET", path+"/benefits", nil)
	a.want(404, w.Importer("Other LLC"), "GET", path+"/benefits", nil)
	w.Exec(`update standing set state = 'suspended' where membership_id = $1`, m)
	if text := a.want(200, owner, "GET", path+"/benefits", nil).Text(); !strings.Contains(text, "brings no benefit at all") || !strings.Contains(text, "Stopped by the suspension") || strings.Contains(text, "In effect") {
		t.Errorf("suspended: %s", text)
	}
}
