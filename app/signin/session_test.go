package signin_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/signin"
)

func parseID(t *testing.T, s string) uuid.UUID {
	t.Helper()
	id, err := uuid.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestIdleToTheSecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.enter("companies", "olga@harbor.example")
	start := w.clock.Now()
	if k := w.known(secret); !k.IdleUntil.Equal(start.Add(idle)) {
		t.Errorf("until %s", k.IdleUntil)
	}
	w.clock.Move(idle - time.Second)
	k := w.known(secret) // the last second; it counts as use
	if want := w.clock.Now().Add(idle); !k.IdleUntil.Equal(want) {
		t.Errorf("until %s, want %s", k.IdleUntil, want)
	}
	w.clock.Move(idle)
	w.gone(secret)
	w.clock.Move(-time.Second)
	w.known(secret)

	// A request within a minute of the last one does not write, and says the true second.
	w.clock.Move(59 * time.Second)
	before := w.known(secret).IdleUntil
	if got := w.clock.Now().Add(idle).Sub(before); got > time.Minute || got < 0 {
		t.Errorf("says %s too little", got)
	}
	w.clock.Move(before.Sub(w.clock.Now()) - time.Microsecond)
	w.known(secret)
}

func TestShortIdleTimeIsExtended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.svc.Limits.Idle = time.Minute // the least that the settings allow
	secret := w.enter("companies", "olga@harbor.example")
	for range 10 {
		w.clock.Move(50 * time.Second)
		w.known(secret)
	}
	w.clock.Move(time.Minute)
	w.gone(secret)
}

func TestAbsoluteToTheSecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.enter("companies", "olga@harbor.example")
	end := w.clock.Now().Add(absolute)
	for w.clock.Now().Add(20 * time.Minute).Before(end) {
		w.clock.Move(20 * time.Minute)
		w.known(secret)
	}
	w.clock.Move(end.Sub(w.clock.Now()) - time.Second)
	if k := w.known(secret); !k.IdleUntil.Equal(end) || !k.ExpiresAt.Equal(end) {
		t.Errorf("idle until %s, ends %s, want %s", k.IdleUntil, k.ExpiresAt, end)
	}
	w.clock.Move(time.Second)
	w.gone(secret)
}

func TestOddSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enter("companies", "olga@harbor.example")
	for _, s := range []string{"", "x", strings.Repeat("A", 52), strings.Repeat("A", 79), strings.Repeat("A", 1<<20), "' or 1=1 --" + strings.Repeat(" ", 40), strings.Repeat("\x00", 52)} {
		w.gone(s)
	}
}

func TestChooseRotates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	olga := w.known(w.enter("companies", "olga@harbor.example")).Actor
	first := w.grant(olga.PersonID, identity.Owner, w.companies["Harbor Trading"], "2026-01-01")
	second := w.grant(olga.PersonID, identity.Reader, w.companies["Lake Trading"], "2026-01-01")
	secret := w.enter("companies", "olga@harbor.example")
	k := w.known(secret)
	if k.Actor.Role != "" || k.Rights != 2 {
		t.Fatalf("with two rights nobody chose for the person: %+v", k.Actor)
	}
	next, err := w.svc.Choose(t.Context(), k.Actor, first)
	w.must(err)
	w.gone(secret)
	now := w.known(next)
	if now.Actor.Role != identity.Owner || now.Actor.Company != "Harbor Trading" || now.CSRF == k.CSRF || now.Actor.SessionID != k.Actor.SessionID {
		t.Errorf("acts as %+v", now.Actor)
	}
	if !now.ExpiresAt.Equal(k.ExpiresAt) {
		t.Error("choosing a right prolongs the session")
	}
	rights, err := w.svc.Rights(t.Context(), now.Actor)
	w.must(err)
	if len(rights) != 2 || !rights[0].Current || rights[1].Current {
		t.Errorf("rights %+v", rights)
	}
	last, err := w.svc.Choose(t.Context(), now.Actor, second)
	w.must(err)
	w.gone(next)
	if k := w.known(last); k.Actor.Role != identity.Reader || k.Actor.CompanyID != w.companies["Lake Trading"] {
		t.Errorf("acts as %+v", k.Actor)
	}
	if s, err := w.svc.Choose(t.Context(), w.known(last).Actor, second); err != nil || s != "" {
		t.Errorf("the same right again: %q %v", s, err)
	}
	if _, err := w.svc.Choose(t.Context(), k.Actor, first); fault.KindOf(err) != fault.Conflict {
		t.Errorf("another right, by a request from before: %v", err)
	}
	eve := w.known(w.enter("companies", "eve@harbor.example")).Actor
	if _, err := w.svc.Choose(t.Context(), eve, first); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another's right: %v", err)
	}
	eve.SessionID = olga.SessionID
	if _, err := w.svc.Choose(t.Context(), eve, first); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another's session: %v", err)
	}
}

// TestEightRequestsWhileTheSecretRotates: one of the requests that choose gets the new
// secret, and no request is answered under a wrong right or breaks.
func TestEightRequestsWhileTheSecretRotates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	olga := w.known(w.enter("companies", "olga@harbor.example")).Actor
	w.grant(olga.PersonID, identity.Owner, w.companies["Harbor Trading"], "2026-01-01")
	target := w.grant(olga.PersonID, identity.Reader, w.companies["Lake Trading"], "2026-01-01")
	secret := w.enter("companies", "olga@harbor.example")
	by := w.known(secret).Actor
	replicas := []*signin.Service{w.svc, w.replica()}
	secrets, errs := make([]string, 8), make([]error, 8)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { secrets[i], errs[i] = replicas[i%2].Choose(t.Context(), by, target) })
		wg.Go(func() {
			k, ok, err := replicas[i%2].Recognise(t.Context(), secret, "req")
			if err != nil || ok && k.Actor.Role != "" && k.Actor.Role != identity.Reader {
				t.Errorf("recognised as %+v: %v", k.Actor, err)
			}
		})
	}
	wg.Wait()
	var good []string
	for i := range secrets {
		if errs[i] != nil {
			t.Errorf("got %v", errs[i])
		} else if secrets[i] != "" {
			good = append(good, secrets[i])
		}
	}
	if len(good) != 1 {
		t.Fatalf("%d secrets were handed out", len(good))
	}
	w.gone(secret)
	if k := w.known(good[0]); k.Actor.Role != identity.Reader {
		t.Errorf("acts as %+v", k.Actor)
	}
	if n := w.count(`select count(*) from audit_event where action = 'session.act_as'`); n != 1 {
		t.Errorf("%d audit events", n)
	}
}

func TestRightsHoldFromTheNextRequestOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	olga := w.known(w.enter("companies", "olga@harbor.example")).Actor
	right := w.grant(olga.PersonID, identity.Owner, w.companies["Harbor Trading"], "2026-01-01")
	secret := w.enter("companies", "olga@harbor.example")
	if k := w.known(secret); k.Actor.Role != identity.Owner || k.Actor.RightID != right {
		t.Fatalf("acts as %+v", k.Actor)
	}
	w.exec(`update person_right set role = 'reader' where id = ?`, right)
	if k := w.known(secret); k.Actor.Role != identity.Reader {
		t.Errorf("after the change acts as %s", k.Actor.Role)
	}
	w.exec(`update person_right set ended_at = ? where id = ?`, w.clock.Now(), right)
	k := w.known(secret)
	if k.Actor.Role != "" || k.Actor.RightID != uuid.Nil || k.Actor.CompanyID != uuid.Nil || k.Actor.Company != "" || k.Rights != 0 || k.Actor.Scope().Kind != "person" {
		t.Errorf("after the end acts as %+v", k.Actor)
	}
	// A new one can be taken up without signing in again; the ended one cannot.
	if _, err := w.svc.Choose(t.Context(), k.Actor, right); fault.KindOf(err) != fault.NotFound {
		t.Errorf("took up an ended right: %v", err)
	}
	next, err := w.svc.Choose(t.Context(), k.Actor, w.grant(olga.PersonID, identity.Editor, w.companies["Lake Trading"], "2026-01-01"))
	w.must(err)
	if k := w.known(next); k.Actor.Role != identity.Editor {
		t.Errorf("acts as %s", k.Actor.Role)
	}
}

// TestLastDayOfARight: a right ends with its last day where the office is, while the
// session is open, and begins with its first day there.
func TestLastDayOfARight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sam := w.known(w.enter("staff", "sam@customs.example")).Actor
	w.grant(sam.PersonID, identity.Auditor, w.office, "2026-03-03", "2026-03-03")
	secret := w.enter("staff", "sam@customs.example")
	if k := w.known(secret); k.Actor.Role != identity.Auditor {
		t.Fatalf("acts as %+v", k.Actor)
	}
	at := func(instant string) { // keeps the session open on the way
		to, err := time.Parse(time.RFC3339, instant)
		w.must(err)
		for w.clock.Now().Before(to) {
			w.clock.Move(min(20*time.Minute, to.Sub(w.clock.Now())))
			w.known(secret)
		}
	}
	w.svc.Limits.Absolute = 48 * time.Hour
	secret = w.enter("staff", "sam@customs.example")
	at("2026-03-04T04:59:59Z") // 23:59:59 in New York
	if k := w.known(secret); k.Actor.Role != identity.Auditor {
		t.Error("ended before the last day was over in New York")
	}
	w.clock.Move(time.Second)
	if k := w.known(secret); k.Actor.Role != "" || k.Rights != 0 {
		t.Error("goes on after the last day")
	}
	// Tokyo is ahead: the first day begins there at 15:00 UTC of the day before.
	w.grant(sam.PersonID, identity.Auditor, w.otherOffice, "2026-03-05", "2026-03-06")
	at("2026-03-04T14:59:59Z")
	if k := w.known(secret); k.Rights != 0 {
		t.Error("began before the first day in Tokyo")
	}
	w.clock.Move(time.Second)
	if k := w.known(secret); k.Rights != 1 {
		t.Error("does not begin with the first day in Tokyo")
	}
}

func TestOwnSessionsAndTheirEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here, there, elsewhere := w.enter("companies", "olga@harbor.example"), w.enter("companies", "olga@harbor.example"), w.enter("companies", "olga@harbor.example")
	eves := w.enter("companies", "eve@harbor.example")
	by := w.known(here).Actor
	list, err := w.svc.Sessions(t.Context(), by)
	w.must(err)
	current := 0
	for _, s := range list {
		if s.Current {
			current++
		}
	}
	if len(list) != 3 || current != 1 {
		t.Fatalf("sessions %+v", list)
	}
	if err := w.svc.End(t.Context(), by, w.known(eves).Actor.SessionID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("ended another's session: %v", err)
	}
	w.known(eves)
	w.must(w.svc.End(t.Context(), by, w.known(there).Actor.SessionID))
	w.gone(there)
	w.known(elsewhere)
	w.must(w.svc.End(t.Context(), by, uuid.Nil))
	w.gone(elsewhere)
	w.known(here)
	w.known(eves)
	if n := w.count(`select count(*) from session where ended_at is not null and id_token is not null`); n != 0 {
		t.Errorf("%d ended sessions keep their token", n)
	}
	if n := w.count(`select count(*) from audit_event where action = 'session.end' and person_id = $1`, by.PersonID); n != 2 {
		t.Errorf("%d audit events", n)
	}
	// One that timed out is not listed.
	w.clock.Move(idle)
	late := w.enter("companies", "olga@harbor.example")
	if list, err := w.svc.Sessions(t.Context(), w.known(late).Actor); err != nil || len(list) != 1 {
		t.Errorf("sessions %+v, %v", list, err)
	}
}

func TestKeptFormGoesBackToItsSenderOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.enter("companies", "olga@harbor.example")
	csrf := w.known(secret).CSRF
	w.clock.Move(idle)
	w.gone(secret)
	form := []byte("csrf=" + csrf + "&name=Harbor&text=" + strings.Repeat("typed ", 1000))
	token, err := w.svc.Keep(t.Context(), secret, csrf, "/company/profile/edit", form)
	w.must(err)
	if token == "" {
		t.Fatal("nothing was kept")
	}
	if n := w.count(`select count(*) from kept_form where position('typed'::bytea in sealed) > 0 or token_hash = $1`, []byte(token)); n != 0 {
		t.Error("the form or its token can be read in the database")
	}
	eve, olga := w.known(w.enter("companies", "eve@harbor.example")).Actor, w.known(w.enter("companies", "olga@harbor.example")).Actor
	if _, _, err := w.svc.Kept(t.Context(), eve, token); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another person: %v", err)
	}
	if _, _, err := w.svc.Kept(t.Context(), identity.Actor{}, token); fault.KindOf(err) != fault.NotFound {
		t.Errorf("nobody: %v", err)
	}
	if _, _, err := w.svc.Kept(t.Context(), olga, token+"A"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another token: %v", err)
	}
	path, body, err := w.svc.Kept(t.Context(), olga, token)
	w.must(err)
	if path != "/company/profile/edit" || !bytes.Equal(body, form) {
		t.Errorf("got %s %q", path, body)
	}
	if _, _, err := w.svc.Kept(t.Context(), olga, token); fault.KindOf(err) != fault.NotFound {
		t.Errorf("twice: %v", err)
	}

	// The page's own token tells whose form it is when the cookie is gone already.
	token, err = w.svc.Keep(t.Context(), "", csrf, "/company/profile/edit", form)
	w.must(err)
	w.clock.Move(signin.KeptLife)
	olga = w.known(w.enter("companies", "olga@harbor.example")).Actor
	if _, _, err := w.svc.Kept(t.Context(), olga, token); token == "" || fault.KindOf(err) != fault.NotFound {
		t.Errorf("after an hour: %q %v", token, err)
	}
}

func TestWhatIsNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.enter("companies", "olga@harbor.example")
	csrf := w.known(secret).CSRF
	for name, try := range map[string]struct {
		secret, csrf, path string
		body               []byte
	}{
		"a stranger's":      {"", "", "/company", []byte("a=b")},
		"an invented token": {strings.Repeat("A", 52), "invented", "/company", []byte("a=b")},
		"nothing":           {secret, csrf, "/company", nil},
		"too much":          {secret, csrf, "/company", bytes.Repeat([]byte("a"), signin.KeptLimit+1)},
		"another site's":    {secret, csrf, "//evil.example", []byte("a=b")},
	} {
		if token, err := w.svc.Keep(t.Context(), try.secret, try.csrf, try.path, try.body); err != nil || token != "" {
			t.Errorf("%s: %q %v", name, token, err)
		}
	}
	if token, err := w.svc.Keep(t.Context(), secret, csrf, "/company", bytes.Repeat([]byte("a"), signin.KeptLimit)); err != nil || token == "" {
		t.Errorf("as much as is allowed: %q %v", token, err)
	}
	kept := 1
	for range 30 {
		token, err := w.svc.Keep(t.Context(), secret, csrf, "/company", []byte("a=b"))
		w.must(err)
		if token != "" {
			kept++
		}
	}
	if kept != 20 {
		t.Errorf("%d forms wait for one person", kept)
	}
}
