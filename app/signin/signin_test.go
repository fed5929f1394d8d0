package signin_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/identity/oidcrp"
	"trustedtrader/app/pg"
	"trustedtrader/app/signin"
)

func TestSignInEndToEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, browser, err := w.svc.Begin(t.Context(), "companies", signin.Wish{ReturnTo: "/company/profile?x=1", Lang: "es"})
	w.must(err)
	asked, err := url.Parse(address)
	w.must(err)
	q := asked.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("nonce") == "" || q.Get("state") == "" ||
		q.Get("response_type") != "code" || q.Get("ui_locales") != "es" || q.Get("redirect_uri") != callback("companies").String() {
		t.Errorf("asked the provider with %s", address)
	}
	// What the database keeps gives nobody the state or the browser's secret.
	if n := w.count(`select count(*) from sign_in where state_hash = $1 or browser_hash = $2`, []byte(q.Get("state")), []byte(browser)); n != 0 {
		t.Error("state or browser secret stand in the database")
	}
	u, err := w.idp.Answer(t.Context(), w.browser(), address, "olga@harbor.example")
	w.must(err)
	back := oidcrp.Callback{Code: u.Query().Get("code"), State: u.Query().Get("state"), Iss: u.Query().Get("iss")}
	secret, to, err := w.svc.Finish(t.Context(), "companies", back, browser, "Firefox/1", "req-1")
	w.must(err)
	if to != "/company/profile?x=1" {
		t.Errorf("returns to %q", to)
	}
	k := w.known(secret)
	if k.Actor.Name != "Olga Harbor" || k.Actor.Email != "olga@harbor.example" || k.Actor.Audience != identity.Companies || k.Actor.Role != "" || k.Rights != 0 ||
		k.Provider != "companies" || k.CSRF == "" || len(secret) < 52 {
		t.Errorf("known as %+v", k)
	}
	if n := w.count(`select count(*) from session where secret_hash = $1 or csrf = $2`, []byte(secret), secret); n != 0 {
		t.Error("the session's secret stands in the database")
	}
	if n := w.count(`select count(*) from session where position('eyJ'::bytea in id_token) > 0`); n != 0 {
		t.Error("the id token stands in the database unsealed")
	}
	if n := w.count(`select count(*) from audit_event where action = 'session.sign_in' and person_id = $1 and request_id = 'req-1'`, k.Actor.PersonID); n != 1 {
		t.Errorf("%d audit events", n)
	}
	if n := w.count(`select count(*) from sign_in`); n != 0 {
		t.Error("the sign-in under way was not deleted")
	}
}

func TestEverySecretIsFresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := map[string]bool{}
	for range 20 {
		address, browser, err := w.svc.Begin(t.Context(), "companies", signin.Wish{})
		w.must(err)
		u, err := url.Parse(address)
		w.must(err)
		for _, v := range []string{browser, u.Query().Get("state"), u.Query().Get("nonce"), u.Query().Get("code_challenge")} {
			if seen[v] || len(v) < 26 {
				t.Fatalf("%q is not fresh", v)
			}
			seen[v] = true
		}
	}
}

// stale checks that a sign-in was refused for a reason that the person can do something about.
func refused(t *testing.T, err error, kind oidcrp.Kind) {
	t.Helper()
	var e *oidcrp.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("got %v, want %s", err, kind)
	}
	if text := e.Fault().Error(); strings.Contains(text, "%!") || !strings.Contains(text, " ") {
		t.Errorf("the person reads %q", text)
	}
}

func TestCallbackIsGoodOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.begin(w.browser(), "companies", "olga@harbor.example", signin.Wish{})
	_, err := w.finish(b)
	w.must(err)
	_, err = w.finish(b)
	refused(t, err, oidcrp.Stale)

	// Eight at once, on two replicas: one session.
	b = w.begin(w.browser(), "companies", "olga@harbor.example", signin.Wish{})
	before := w.count(`select count(*) from session`)
	other := w.replica()
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, _, errs[i] = []*signin.Service{w.svc, other}[i%2].Finish(t.Context(), b.provider, b.back, b.browser, "", "")
		})
	}
	wg.Wait()
	good := 0
	for _, err := range errs {
		if err == nil {
			good++
		} else if oidcrp.KindOf(err) != oidcrp.Stale {
			t.Errorf("got %v", err)
		}
	}
	if n := w.count(`select count(*) from session`); good != 1 || n != before+1 {
		t.Errorf("%d of eight were let in, %d sessions more", good, n-before)
	}
}

func TestForeignAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Login CSRF: the attacker's own answer, taken to the victim's browser.
	attackers := w.begin(w.browser(), "companies", "eve@harbor.example", signin.Wish{})
	victims := w.begin(w.browser(), "companies", "olga@harbor.example", signin.Wish{})
	for name, b := range map[string]begun{
		"another browser's secret": {"companies", victims.browser, attackers.back},
		"no secret":                {"companies", "", attackers.back},
		"an invented state":        {"companies", victims.browser, oidcrp.Callback{Code: attackers.back.Code, State: "invented", Iss: attackers.back.Iss}},
		"no state":                 {"companies", victims.browser, oidcrp.Callback{Code: attackers.back.Code}},
		"another provider":         {"staff", attackers.browser, attackers.back},
	} {
		if _, err := w.finish(b); oidcrp.KindOf(err) != oidcrp.Stale {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Code injection: the victim's own state with the attacker's code fails at the provider (PKCE).
	mixed := victims
	mixed.back.Code = attackers.back.Code
	_, err := w.finish(mixed)
	if k := oidcrp.KindOf(err); k != oidcrp.Stale && k != oidcrp.Broken {
		t.Errorf("another's code: %v", err)
	}
	// Mix-up: the answer names another issuer.
	b := w.begin(w.browser(), "companies", "olga@harbor.example", signin.Wish{})
	b.back.Iss = w.idp.Issuer("staff").String()
	_, err = w.finish(b)
	refused(t, err, oidcrp.Broken)
	if n := w.count(`select count(*) from session`); n != 0 {
		t.Errorf("%d sessions", n)
	}
	if _, _, err := w.svc.Begin(t.Context(), "unheard-of", signin.Wish{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("unknown provider: %v", err)
	}
	if _, _, err := w.svc.Finish(t.Context(), "unheard-of", b.back, b.browser, "", ""); fault.KindOf(err) != fault.NotFound {
		t.Errorf("unknown provider: %v", err)
	}
}

func TestAttemptExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.begin(w.browser(), "companies", "olga@harbor.example", signin.Wish{})
	w.clock.Move(oidcrp.FlowLife)
	_, err := w.finish(b)
	refused(t, err, oidcrp.Stale)
	address, browser, err := w.svc.Begin(t.Context(), "companies", signin.Wish{}) // the person thinks for a while at the provider's
	w.must(err)
	w.clock.Move(oidcrp.FlowLife - time.Second)
	u, err := w.idp.Answer(t.Context(), w.browser(), address, "olga@harbor.example")
	w.must(err)
	_, err = w.finish(begun{"companies", browser, oidcrp.Callback{Code: u.Query().Get("code"), State: u.Query().Get("state"), Iss: u.Query().Get("iss")}})
	w.must(err)
}

func TestPersonCancels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.finish(w.begin(w.browser(), "companies", "", signin.Wish{}))
	refused(t, err, oidcrp.Refused)
}

func TestAudiencesStayApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	company, staff := w.known(w.enter("companies", "olga@harbor.example")), w.known(w.enter("staff", "olga@harbor.example"))
	if company.Actor.PersonID == staff.Actor.PersonID {
		t.Fatal("the same address and subject at two issuers are one person")
	}
	// Even a person whom the database gives rights of every audience uses only those
	// of the provider that vouched.
	for _, person := range []signin.Known{company, staff} {
		w.grant(person.Actor.PersonID, identity.Owner, w.companies["Harbor Trading"], "2026-01-01")
		w.grant(person.Actor.PersonID, identity.Specialist, w.office, "2026-01-01")
		w.grant(person.Actor.PersonID, identity.Officer, w.agencies["norland"], "2026-01-01")
	}
	if k := w.known(w.enter("companies", "olga@harbor.example")); k.Actor.Role != identity.Owner || k.Rights != 1 || k.Actor.Scope().Kind != "company" {
		t.Errorf("by the companies' provider: %+v", k.Actor)
	}
	secret := w.enter("staff", "olga@harbor.example")
	k := w.known(secret)
	if k.Actor.Role != identity.Specialist || k.Rights != 1 || k.Actor.CompanyID != company.Actor.CompanyID || k.Actor.Scope().Kind != "staff" {
		t.Errorf("by the staff's provider: %+v", k.Actor)
	}
	rights, err := w.svc.Rights(t.Context(), k.Actor)
	w.must(err)
	if len(rights) != 1 || rights[0].Role != string(identity.Specialist) {
		t.Errorf("may choose %+v", rights)
	}
	var ids []struct{ ID string }
	w.must(w.db.Batch(t.Context(), pg.System, pg.All(&ids, `select id::text from person_right where person_id = $1 and audience <> 'staff'`, k.Actor.PersonID)))
	for _, id := range ids {
		if _, err := w.svc.Choose(t.Context(), k.Actor, parseID(t, id.ID)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("chose a right of another audience: %v", err)
		}
	}
	w.known(secret) // a refused choice leaves the secret as it was
}

func TestAgencyProviderIsGoodForItsAgencyOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ingrid := w.known(w.enter("norland", "ingrid@norland.example")).Actor
	foreign := w.grant(ingrid.PersonID, identity.AgencyAdmin, w.agencies["sudamar"], "2026-01-01")
	k := w.known(w.enter("norland", "ingrid@norland.example"))
	if k.Actor.Role != "" || k.Rights != 0 {
		t.Errorf("acts for another agency: %+v", k.Actor)
	}
	if _, err := w.svc.Choose(t.Context(), k.Actor, foreign); fault.KindOf(err) != fault.NotFound {
		t.Errorf("chose another agency's right: %v", err)
	}
	w.grant(ingrid.PersonID, identity.Officer, w.agencies["norland"], "2026-01-01")
	if k := w.known(w.enter("norland", "ingrid@norland.example")); k.Actor.Role != identity.Officer || k.Actor.AgencyID != w.agencies["norland"] || k.Actor.Scope().Agency != w.agencies["norland"] {
		t.Errorf("got %+v", k.Actor)
	}
	// A provider of an agency that is not set up lets nobody in and says whom to ask.
	_, err := w.finish(w.begin(w.browser(), "nowhere", "ghost@nowhere.example", signin.Wish{}))
	if fault.KindOf(err) != fault.Forbidden || !strings.Contains(err.Error(), "Ask the administration") {
		t.Errorf("got %v", err)
	}
	if n := w.count(`select count(*) from session where provider = 'nowhere'`); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func TestStrengthPerAudience(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for email, need := range map[string]string{"wes@customs.example": "Two-step sign-in", "lou@customs.example": "gold"} {
		_, err := w.finish(w.begin(w.browser(), "staff", email, signin.Wish{}))
		refused(t, err, oidcrp.Weak)
		var e *oidcrp.Error
		if !errors.As(err, &e) || !slices.Contains(e.Needs, need) {
			t.Errorf("%s is told %q", email, e.Needs)
		}
	}
	w.enter("staff", "sam@customs.example")
	w.enter("companies", "olga@harbor.example") // no demand there
	if n := w.count(`select count(*) from person where email like '%@customs.example'`); n != 1 {
		t.Errorf("%d people are known, the weak sign-ins among them", n)
	}
}

func TestFreshSignInAsksAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.browser()
	_, err := w.finish(w.begin(c, "companies", "olga@harbor.example", signin.Wish{}))
	w.must(err)
	// The provider still knows the browser: without Fresh the same person is back unasked.
	secret, err := w.finish(w.begin(c, "companies", "eve@harbor.example", signin.Wish{}))
	w.must(err)
	if k := w.known(secret); k.Actor.Email != "olga@harbor.example" {
		t.Errorf("is %s", k.Actor.Email)
	}
	w.clock.Move(time.Minute)
	secret, err = w.finish(w.begin(c, "companies", "eve@harbor.example", signin.Wish{Fresh: true}))
	w.must(err)
	if k := w.known(secret); k.Actor.Email != "eve@harbor.example" {
		t.Errorf("was not asked again: is %s", k.Actor.Email)
	}
}

func TestProviderDownAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.Down(true)
	_, _, err := w.svc.Begin(t.Context(), "companies", signin.Wish{})
	refused(t, err, oidcrp.Unavailable)
	w.idp.Down(false)
	w.clock.Move(2 * time.Second) // it is not asked more often than every second
	secret := w.enter("companies", "olga@harbor.example")

	// Down between the two halves: the person begins again, nobody restarts anything.
	b := w.begin(w.browser(), "companies", "olga@harbor.example", signin.Wish{})
	w.idp.Down(true)
	_, err = w.finish(b)
	refused(t, err, oidcrp.Unavailable)
	w.known(secret) // whoever is signed in goes on working
	if _, err := w.svc.SignOut(t.Context(), w.known(secret).Actor); err != nil {
		t.Errorf("sign out while the provider is down: %v", err)
	}
	w.gone(secret)
	w.idp.Down(false)
	w.clock.Move(2 * time.Second)
	w.enter("companies", "olga@harbor.example")
}

func TestRotatedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enter("companies", "olga@harbor.example")
	w.must(w.idp.RotateKeys())
	w.clock.Move(time.Minute)
	w.enter("companies", "olga@harbor.example")
}

func TestClocksThatDiffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, off := range []time.Duration{-30 * time.Second, 30 * time.Second} {
		w.idp.SkewClock(off)
		w.enter("companies", "olga@harbor.example")
	}
	for _, off := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		w.idp.SkewClock(off)
		_, err := w.finish(w.begin(w.browser(), "companies", "olga@harbor.example", signin.Wish{}))
		refused(t, err, oidcrp.Broken)
		if !strings.Contains(err.Error(), "clock") {
			t.Errorf("the log does not speak of clocks: %v", err)
		}
	}
	w.idp.SkewClock(0)
	w.enter("companies", "olga@harbor.example")
}

func TestWhatTheProviderSaysOfAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	olga := w.known(w.enter("companies", "olga@harbor.example")).Actor
	claims := func(change map[string]any) {
		w.idp.Tamper(func(c map[string]any) {
			for k, v := range change {
				if c[k] = v; v == nil {
					delete(c, k)
				}
			}
		})
	}
	// A new address and name: the same person, and the audit log says what it was.
	claims(map[string]any{"email": "olga@new.example", "email_verified": true, "name": "Olga Newname"})
	k := w.known(w.enter("companies", "olga@harbor.example"))
	if k.Actor.PersonID != olga.PersonID || k.Actor.Email != "olga@new.example" || k.Actor.Name != "Olga Newname" {
		t.Errorf("got %+v", k.Actor)
	}
	if got := w.text(`select coalesce(string_agg((before->>'email') || '>' || (after->>'email'), ','), '') from audit_event where action = 'person.change' and subject_id = $1`,
		olga.PersonID); got != "olga@harbor.example>olga@new.example" {
		t.Errorf("audit: %q", got)
	}
	// No longer verified.
	claims(map[string]any{"email": "olga@new.example", "email_verified": false, "name": "Olga Newname"})
	w.enter("companies", "olga@harbor.example")
	if n := w.count(`select count(*) from person where id = $1 and not email_verified`, olga.PersonID); n != 1 {
		t.Error("the address is still verified")
	}
	// Left out: what is known stays, as an address that nobody vouches for.
	claims(nil)
	w.idp.OmitEmail(true)
	k = w.known(w.enter("companies", "olga@harbor.example"))
	if k.Actor.Email != "olga@new.example" || w.count(`select count(*) from person where id = $1 and email_verified`, olga.PersonID) != 0 {
		t.Errorf("got %+v", k.Actor)
	}
	w.idp.OmitEmail(false)
	// Another person takes over an address: nothing of the first one's.
	claims(map[string]any{"email": "olga@new.example", "email_verified": true})
	if k := w.known(w.enter("companies", "eve@harbor.example")); k.Actor.PersonID == olga.PersonID {
		t.Error("an address made two people one")
	}
	// A hostile name is inert and bounded.
	claims(map[string]any{"name": strings.Repeat("A\u202e\x00", 5000)})
	if k := w.known(w.enter("companies", "eve@harbor.example")); len(k.Actor.Name) > 200 || strings.ContainsAny(k.Actor.Name, "\u202e\x00") {
		t.Errorf("name of %d bytes", len(k.Actor.Name))
	}
	if n := w.count(`select count(*) from audit_event where action = 'person.change' and subject_id = $1`, olga.PersonID); n < 3 {
		t.Errorf("%d audit events of changes", n)
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"/", "/company", "/company?x=1&y=%2F", "/a#b"} {
		if signin.LocalPath(p) != p {
			t.Errorf("%q is refused", p)
		}
	}
	for _, p := range []string{"", "company", "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n", "/\r", "/\x00",
		"javascript:alert(1)", "/" + strings.Repeat("a", 500)} {
		if signin.LocalPath(p) != "" {
			t.Errorf("%q is let through", p)
		}
	}
}

func TestSignOutLeadsToTheProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.enter("companies", "olga@harbor.example")
	k := w.known(secret)
	address, err := w.svc.SignOut(t.Context(), k.Actor)
	w.must(err)
	u, err := url.Parse(address)
	w.must(err)
	if !strings.HasPrefix(address, w.idp.Issuer("companies").String()) || u.Query().Get("id_token_hint") == "" || u.Query().Get("client_id") != "portal" ||
		u.Query().Get("post_logout_redirect_uri") != "http://localhost:8080/signed-out" {
		t.Errorf("leads to %s", address)
	}
	w.gone(secret)
	if n := w.count(`select count(*) from session where id = $1 and ended_at is not null and id_token is null`, k.Actor.SessionID); n != 1 {
		t.Error("the session's row is not ended, or keeps its token")
	}
	if n := w.count(`select count(*) from audit_event where action = 'session.sign_out' and subject_id = $1`, k.Actor.SessionID); n != 1 {
		t.Errorf("%d audit events", n)
	}
	if _, err := w.svc.SignOut(t.Context(), k.Actor); fault.KindOf(err) != fault.NotFound {
		t.Errorf("again: %v", err)
	}
	// Another key since: signed out here all the same.
	secret = w.enter("companies", "olga@harbor.example")
	other := w.replica()
	other.Key = slices.Repeat([]byte{9}, 32)
	k = w.known(secret)
	if address, err := other.SignOut(t.Context(), k.Actor); err != nil || strings.Contains(address, "id_token_hint") {
		t.Errorf("with another key: %q, %v", address, err)
	}
	w.gone(secret)
}

func TestSecretsStayOutOfLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log, lines := logged()
	b := w.begin(w.browser(), "companies", "olga@harbor.example", signin.Wish{})
	secrets := []string{b.browser, b.back.State, b.back.Code}
	note := func(what string, err error) {
		if err != nil {
			log.Error(what, "error", err)
		}
	}
	w.idp.Down(true)
	_, err := w.finish(b)
	note("down", err)
	w.idp.Down(false)
	w.clock.Move(2 * time.Second)
	_, err = w.finish(b)
	note("stale", err)
	b = w.begin(w.browser(), "companies", "olga@harbor.example", signin.Wish{})
	secrets = append(secrets, b.browser, b.back.State, b.back.Code)
	b.back.Code += "x"
	_, err = w.finish(b)
	note("wrong code", err)
	w.idp.Tamper(func(c map[string]any) { c["nonce"] = "other" })
	b = w.begin(w.browser(), "companies", "olga@harbor.example", signin.Wish{})
	secrets = append(secrets, b.browser, b.back.State, b.back.Code)
	_, err = w.finish(b)
	note("nonce", err)
	w.idp.Tamper(nil)
	_, err = w.finish(w.begin(w.browser(), "staff", "wes@customs.example", signin.Wish{}))
	note("weak", err)
	if strings.Count(lines.String(), "\n") < 5 {
		t.Fatalf("logged %s", lines)
	}
	for _, s := range append(secrets, "olga@harbor.example", "Olga", "eyJ") {
		if strings.Contains(lines.String(), s) {
			t.Errorf("the log has %q: %s", s, lines)
		}
	}
}

func TestAllowCountsAcrossReplicas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	replicas := []*signin.Service{w.svc, w.replica()}
	const most = 10
	allowed := make([]bool, 25)
	var wg sync.WaitGroup
	for i := range allowed {
		wg.Go(func() {
			ok, wait, err := replicas[i%2].Allow(t.Context(), "signin 192.0.2.1", most, time.Minute)
			if err != nil || wait <= 0 || wait > time.Minute {
				t.Errorf("%v %v", wait, err)
			}
			allowed[i] = ok
		})
	}
	wg.Wait()
	n := 0
	for _, ok := range allowed {
		if ok {
			n++
		}
	}
	if n != most {
		t.Errorf("%d of 25 were allowed, want %d", n, most)
	}
	if ok, _, err := w.svc.Allow(t.Context(), "signin 192.0.2.2", most, time.Minute); err != nil || !ok {
		t.Error("another address is held up")
	}
	_, wait, err := w.svc.Allow(t.Context(), "signin 192.0.2.1", most, time.Minute)
	w.must(err)
	w.clock.Move(wait)
	if ok, _, err := w.svc.Allow(t.Context(), "signin 192.0.2.1", most, time.Minute); err != nil || !ok {
		t.Errorf("after the wait: %v %v", ok, err)
	}
}

func TestLanguageIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.enter("companies", "olga@harbor.example")
	w.must(w.svc.SetLanguage(t.Context(), w.known(secret).Actor, "es"))
	if k := w.known(w.enter("companies", "olga@harbor.example")); k.Actor.Lang != "es" {
		t.Errorf("speaks %q after the next sign-in", k.Actor.Lang)
	}
}

func TestZoneIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.enter("companies", "olga@harbor.example")
	olga := w.known(secret).Actor
	for _, zone := range []string{"", "Local", "Mars/Olympus"} {
		if err := w.svc.SetZone(t.Context(), olga, zone); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", zone, err)
		}
	}
	w.must(w.svc.SetZone(t.Context(), olga, "America/Denver"))
	if k := w.known(secret); k.Actor.Zone.String() != "America/Denver" {
		t.Errorf("reads times in %s", k.Actor.Zone)
	}
}
