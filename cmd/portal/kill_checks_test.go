//go:build linux && !production

package main

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/consultation"
	"trustedtrader/app/pg"
)

// officer is somebody of a partner agency with a browser.
type officer struct{ cookie, csrf string }

func (k *killed) officer(agency uuid.UUID, n int) officer {
	k.t.Helper()
	o := officer{cookie: rand.Text() + rand.Text(), csrf: rand.Text()}
	hash := sha256.Sum256([]byte(o.cookie))
	now, person, right := time.Now(), pg.NewID(), pg.NewID()
	k.world.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, 'Otto Officer', ?)`, person, person.String(), fmt.Sprintf("o%d@customs.example", n), now)
	k.world.Exec(`insert into person_right (id, person_id, audience, role, agency_id, starts_on, granted_at) values (?, ?, 'partner', 'officer', ?, '2000-01-01', ?)`, right, person, agency, now)
	k.world.Exec(`insert into session (id, secret_hash, person_id, right_id, agency_id, provider, audience, csrf, created_at, last_seen_at, idle_until, expires_at)
		values (?, ?, ?, ?, ?, 'p', 'partner', ?, ?, ?, ?, ?)`, pg.NewID(), hash[:], person, right, agency, o.csrf, now, now, now.Add(time.Hour), now.Add(time.Hour))
	return o
}

// check asks, and returns the number of the answer; empty: no answer came.
func (k *killed) check(client *http.Client, o officer, value string) string {
	form := url.Values{"csrf": {o.csrf}, "value": {value}, "purpose": {"import_declaration"}}
	r, err := http.NewRequest("POST", k.base+"/agency/checks", strings.NewReader(form.Encode()))
	if err != nil {
		k.t.Error(err)
		return ""
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "portal", Value: o.cookie})
	res, err := client.Do(r)
	if err != nil {
		return ""
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		return ""
	}
	return strings.TrimPrefix(res.Header.Get("Location"), "/agency/checks/")
}

// TestKilledWhileChecking: `kill -9` of the portal during 1,000 checks at once loses no check
// that was answered, and leaves chains that hold.
func TestKilledWhileChecking(t *testing.T) {
	k := newKilled(t)
	k.startPortal()
	defer func() { k.killPortal() }()
	agency := pg.NewID()
	k.world.Exec(`insert into agency (id, code, name, country, zone, kind, created_at) values (?, 'norland', 'Norland Customs', 'NO', 'Europe/Oslo', 'customs', ?)`, agency, time.Now())
	const officers, each = 20, 50
	var list []officer
	for n := range officers {
		list = append(list, k.officer(agency, n))
	}
	client := &http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100, MaxConnsPerHost: 400},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if k.check(client, list[0], "C26-000001") == "" {
		t.Fatal("a check left alone was not answered")
	}
	var mu sync.Mutex
	var numbers []string
	some := make(chan struct{})
	var group sync.WaitGroup
	for i := range officers * each {
		group.Go(func() {
			n := k.check(client, list[i%officers], fmt.Sprintf("C26-%06d", i))
			if n == "" {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if numbers = append(numbers, n); len(numbers) == officers*each/4 {
				close(some)
			}
		})
	}
	select {
	case <-some:
	case <-time.After(30 * time.Second):
		t.Error("a quarter of the checks is not answered within half a minute")
	}
	k.killPortal()
	group.Wait()
	if kept := k.world.Count(`select count(*)::int from consultation where number = any($1)`, numbers); kept != len(numbers) || kept == 0 {
		t.Errorf("%d checks were answered, %d of them are kept", len(numbers), kept)
	}
	n, _, err := consultation.Verify(k.world.Ctx, k.world.DB, nil)
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d answered before the kill, %d on record", len(numbers), n)
	k.startPortal()
	if k.check(client, list[0], "C26-000001") == "" {
		t.Error("the portal does not answer after its restart")
	}
}
