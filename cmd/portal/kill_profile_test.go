//go:build linux && !production

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/profilereview"
)

// printing stands in for Chromium: it writes a file where one is asked for, as soon as
// nobody keeps it from it.
const printing = `#!/bin/sh
while [ -e "$(dirname "$0")/busy" ]; do sleep 0.02; done
for a in "$@"; do
  case "$a" in --print-to-pdf=*) echo "%PDF" > "${a#*=}" ;; esac
done
`

// prints gives the portal a renderer, and returns how to keep it busy.
func (k *killed) prints() (busy func(bool)) {
	k.t.Helper()
	dir := k.t.TempDir()
	renderer, sign := filepath.Join(dir, "renderer"), filepath.Join(dir, "busy")
	k.world.Must(os.WriteFile(renderer, []byte(printing), 0o700))
	k.env = append(k.env, "PORTAL_PDF_BROWSER="+renderer, "TMPDIR="+k.t.TempDir())
	return func(is bool) {
		k.t.Helper()
		if is {
			k.world.Must(os.WriteFile(sign, nil, 0o600))
		} else {
			k.world.Must(os.Remove(sign))
		}
	}
}

// profile is a security profile.
func (k *killed) profile(owner identity.Actor, id uuid.UUID) attempt {
	k.t.Helper()
	at := "/profiles/" + id.String()
	return attempt{company: owner.CompanyID, subject: id, at: at, page: at + "/submit", cookie: k.signIn(owner)}
}

// filledIn is a profile that was never submitted.
func (k *killed) filledIn(n int) attempt {
	k.t.Helper()
	w := k.world
	owner := w.Importer(fmt.Sprintf("Quay %d LLC", n))
	a, err := w.Applications.Choose(w.Ctx, owner, "ctpat", "importer")
	w.Must(err)
	id := profiletest.OfApplication(w.Ctx, k.t, w.DB, a.ID)
	profiletest.Fill(w.Ctx, k.t, w.Profiles, owner, id)
	return k.profile(owner, id)
}

// cameBack is a profile that was sent back, so that the agency's period stands still, and
// that the company has answered.
func (k *killed) cameBack(n int) attempt {
	k.t.Helper()
	w := k.world
	owner := w.Importer(fmt.Sprintf("Harbor %d LLC", n))
	a := w.Submit(owner, "ctpat", "importer") // with its profile
	a, err := w.Desk.Claim(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	_, err = w.Desk.StartReview(w.Ctx, w.Sam, a.ID, a.Version)
	w.Must(err)
	id := profiletest.OfApplication(w.Ctx, k.t, w.DB, a.ID)
	desk := &profilereview.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps.Profiles, Cases: w.Desk}
	version := profiletest.Read(w.Ctx, k.t, w.Profiles, id).Cycle.Version
	w.Must(desk.StartReview(w.Ctx, w.Sam, id, version))
	w.Must(desk.SendBack(w.Ctx, w.Sam, id, profilereview.ReturnEntry{Version: version + 1, Message: "One point is open.",
		Points: []profilereview.Point{{Criterion: "1.3", Remark: "Say who takes part."}}}))
	w.Must(w.Profiles.KeepAnswer(w.Ctx, owner, id, "1.3"))
	return k.profile(owner, id)
}

// handedOver lists what the submission of a profile leaves behind. A copy counts when its
// hash is right.
func (k *killed) handedOver(x attempt) string {
	k.t.Helper()
	return k.count([]trace{
		{"submitted", `select count(*)::int from profile_cycle where id = $1 and status = 'submitted'`, x.subject},
		{"round", `select round from profile_cycle where id = $1`, x.subject},
		{"version", `select version from profile_cycle where id = $1`, x.subject},
		{"audit", `select count(*)::int from audit_event where company_id = $1 and action = 'profile.submit'`, x.company},
		{"copies", `select count(*)::int from profile_submission where cycle_id = $1 and sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex')`, x.subject},
		{"signed", `select count(*)::int from profile_submission where cycle_id = $1 and voided_at is null`, x.subject},
		{"pins", `select count(*)::int from evidence_pin where cycle_id = $1`, x.subject},
		{"to answer", `select count(*)::int from profile_return where cycle_id = $1 and answered_at is null`, x.subject},
		{"standing still", `select count(*)::int from clock_pause p join clock c on c.id = p.clock_id join profile_cycle y on y.application_id = c.subject_id
			where y.id = $1 and p.resumed_at is null`, x.subject},
		{"letters", `select count(*)::int from message where company_id = $1`, x.company},
		{"mails", `select count(*)::int from mail where message_id in (select id from message where company_id = $1)`, x.company},
		{"receipts ordered", `select count(*)::int from river.river_job where kind = 'profile_receipt' and args->>'cycle_id' = $1::text`, x.subject.String()},
	})
}

// TestKilledDuringSubmissionOfAProfile: `kill -9` of the portal or of PostgreSQL in the
// middle of the submission of a security profile, the first or after a return, leaves all
// of it (copy with its hash, pins, audit, letter, clocks, receipt) or nothing. A receipt
// in whose middle the portal is killed is made after the next start.
func TestKilledDuringSubmissionOfAProfile(t *testing.T) {
	library, err := loadCatalogues()
	if err != nil {
		t.Fatal(err)
	}
	k := newKilled(t)
	w := k.world.With(library)
	busy := k.prints()
	k.startPortal()
	defer func() { k.killPortal() }()

	first := &trials{killed: k, attempt: k.filledIn, done: k.handedOver}
	again := &trials{killed: k, attempt: k.cameBack, done: k.handedOver}
	sent := []attempt{first.measure(), again.measure()}
	for _, table := range []string{"profile_cycle", "profile_submission", "evidence_pin", pg.JobSchema + ".river_job", "mail"} {
		sent = append(sent, first.killedBefore(table))
	}
	for _, table := range []string{"clock_pause", "profile_return", "audit_event", "message"} {
		sent = append(sent, again.killedBefore(table))
	}
	for i := range 6 {
		delay := time.Duration(10+25*i) * time.Millisecond
		sent = append(sent, []*trials{first, again}[i%2].killedAfter(delay))
	}
	sent = append(sent, first.databaseKilledBefore("mail"), again.databaseKilledBefore("profile_submission"))

	// Every receipt so far is made before the printer is kept busy, so that nothing else waits
	// for it; then the last one is killed while its receipt is printed.
	restart := func() {
		// Whoever was killed is believed to work on for a while, and to lead the queue.
		w.Exec(`update river.river_job set attempted_at = attempted_at - interval '1 hour' where state = 'running'`)
		w.Exec(`delete from river.river_leader`)
		k.startPortal()
	}
	k.killPortal()
	restart()
	k.receiptsOf(sent)
	x := k.filledIn(first.n + 1)
	working := func() int {
		return w.Count(`select count(*)::int from river.river_job where kind = 'profile_receipt' and state = 'running' and args->>'cycle_id' = $1::text`, x.subject.String())
	}
	busy(true)
	if status := k.submit(x, k.read(x)); status != 303 {
		t.Fatalf("the last submission: %d", status)
	}
	for deadline := time.Now().Add(30 * time.Second); working() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody makes the receipt")
		}
	}
	k.killPortal()
	busy(false)
	restart()
	k.receiptsOf(append(sent, x))
}

// receiptsOf waits until each submission has its receipt, made once and recorded once.
func (k *killed) receiptsOf(sent []attempt) {
	k.t.Helper()
	for _, x := range sent {
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			made := k.world.Count(`select count(*)::int from document d join profile_cycle c on c.id = d.subject_id where c.id = $1 and d.kind = 'receipt_' || c.round`, x.subject)
			told := k.world.Count(`select count(*)::int from audit_event a join profile_cycle c on c.id = a.subject_id
				where c.id = $1 and a.action = 'profile.make_receipt' and a.after->>'round' = c.round::text`, x.subject)
			if made == 1 && told == 1 {
				break
			}
			if time.Now().After(deadline) {
				k.t.Fatalf("%d receipts and %d events of %s", made, told, x.at)
			}
		}
	}
}
