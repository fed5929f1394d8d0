package singlewindow_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/singlewindow"
	"trustedtrader/app/standing"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	*findingtest.World
	svc *singlewindow.Service
	key ed25519.PrivateKey
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z"), key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	w.svc = &singlewindow.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Key: w.key}
	return w
}

func (w *world) make() {
	w.T.Helper()
	_, err := w.svc.Make(w.Ctx)
	w.Must(err)
}

// file reads the newest file of CTPAT as a receiver gets it.
func (w *world) file() (body, manifest []byte) {
	w.T.Helper()
	p, err := w.svc.List(w.Ctx, w.Chief)
	w.Must(err)
	i := slices.IndexFunc(p.Files, func(f singlewindow.File) bool { return f.Programme == "ctpat" })
	b, err := w.svc.Download(w.Ctx, w.Chief, p.Files[i].ID, false)
	w.Must(err)
	m, err := w.svc.Download(w.Ctx, w.Auditor, p.Files[i].ID, true)
	w.Must(err)
	return b.Body, m.Body
}

// again recomputes everything without the package: hash, count, and the signature over the
// manifest without itself, its keys in order.
func again(t *testing.T, body, manifest []byte, key ed25519.PrivateKey) map[string]any {
	t.Helper()
	sum := sha256.Sum256(body)
	var m map[string]any
	if err := json.Unmarshal(manifest, &m); err != nil {
		t.Fatal(err)
	}
	if m["sha256"] != hex.EncodeToString(sum[:]) || int(m["count"].(float64)) != strings.Count(string(body), "\n") {
		t.Errorf("hash or count: %s", manifest)
	}
	signature, err := base64.StdEncoding.DecodeString(m["signature"].(string))
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if k == "signature" {
			continue
		}
		name, _ := json.Marshal(k)
		value, _ := json.Marshal(m[k])
		parts = append(parts, string(name)+":"+string(value))
	}
	if !ed25519.Verify(key.Public().(ed25519.PublicKey), []byte("{"+strings.Join(parts, ",")+"}"), signature) {
		t.Errorf("the signature is not of the manifest: %s", manifest)
	}
	return m
}

func TestFilesChainAndCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, first := w.Member("Harbor Trading LLC")
	_, second := w.Member("Second Trading LLC")
	w.make()
	w.make() // the same day again
	if n := w.Count(`select count(*)::int from window_file where programme = 'ctpat'`); n != 1 {
		t.Fatalf("%d files of one day", n)
	}
	body, manifest := w.file()
	m := again(t, body, manifest, w.key)
	if m["count"] != 2.0 || m["added"] != 2.0 || m["previous_sha256"] != "" || m["day"] != "2026-03-04" || m["edition"] != "2026.1" {
		t.Errorf("first: %s", manifest)
	}
	hash := m["sha256"]
	public := base64.StdEncoding.EncodeToString(w.key.Public().(ed25519.PublicKey))
	if _, err := singlewindow.Verify(body, manifest, public); err != nil {
		t.Error(err)
	}

	w.Must(w.DB.Write(w.Ctx, w.Boss.Scope(), func(tx pg.Tx) error {
		_, err := w.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Boss, standing.Event{MembershipID: second, Kind: standing.Suspended, On: clock.DayOf(w.Clock.Now(), time.UTC),
			Cause: standing.Cause{Kind: "enforcement", ID: uuid.New()}})
		return err
	}))
	w.Member("Third Trading LLC")
	w.Clock.Move(14*time.Hour - time.Minute) // 23:59 at headquarters
	w.make()
	if n := w.Count(`select count(*)::int from window_file where programme = 'ctpat'`); n != 1 {
		t.Error("a day begins at midnight of headquarters")
	}
	w.Clock.Move(2 * time.Minute)
	w.make()
	body, manifest = w.file()
	m = again(t, body, manifest, w.key)
	if m["count"] != 3.0 || m["added"] != 1.0 || m["changed"] != 1.0 || m["removed"] != 0.0 || m["previous_sha256"] != hash || m["day"] != "2026-03-05" {
		t.Errorf("second: %s", manifest)
	}
	numbers := []string{}
	for text := range strings.Lines(string(body)) {
		var l singlewindow.Line
		w.Must(json.Unmarshal([]byte(text), &l))
		numbers = append(numbers, l.Number)
		want := "active"
		if l.Number == w.Text(`select number from membership where id = $1`, second) {
			want = "suspended"
		}
		if l.Status != want || len(l.Parts) != 1 || len(l.Identifiers) != 2 || l.Parts[0].Tier != "tier_1" {
			t.Errorf("line: %s", text)
		}
	}
	if !slices.IsSorted(numbers) || !slices.Contains(numbers, w.Text(`select number from membership where id = $1`, first)) {
		t.Errorf("numbers: %v", numbers)
	}
}

func TestReceiverNoticesEveryChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Member("Harbor Trading LLC")
	w.make()
	body, manifest := w.file()
	public := base64.StdEncoding.EncodeToString(w.key.Public().(ed25519.PublicKey))
	other := base64.StdEncoding.EncodeToString(ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32))).Public().(ed25519.PublicKey))
	for name, try := range map[string][3]string{
		"a line changed":    {strings.Replace(string(body), "active", "ended", 1), string(manifest), public},
		"a line gone":       {"", string(manifest), public},
		"a count changed":   {string(body), strings.Replace(string(manifest), `"count":1`, `"count":2`, 1), public},
		"a day changed":     {string(body), strings.Replace(string(manifest), "2026-03-04", "2026-03-05", 2), public},
		"something added":   {string(body), strings.Replace(string(manifest), `{"added"`, `{"extra":1,"added"`, 1), public},
		"another key":       {string(body), string(manifest), other},
		"no key":            {string(body), string(manifest), ""},
		"no manifest":       {string(body), "", public},
		"another signature": {string(body), strings.Replace(string(manifest), `"signature":"`, `"signature":"AAAA`, 1), public},
	} {
		if _, err := singlewindow.Verify([]byte(try[0]), []byte(try[1]), try[2]); err == nil {
			t.Errorf("%s: not noticed", name)
		}
	}
}

func TestTwoPortalsMakeOneFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Member("Harbor Trading LLC")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := w.svc.Make(w.Ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.Count(`select count(*)::int from window_file where programme = 'ctpat'`); n != 1 {
		t.Errorf("%d files", n)
	}
	for name, by := range map[string]identity.Actor{"a specialist": w.Sam, "a supervisor": w.Boss, "an administrator": w.Admin, "a company": w.Importer("Stranger")} {
		_, err := w.svc.List(w.Ctx, by)
		w.Want(name, err, fault.NotFound)
		_, err = w.svc.Download(w.Ctx, by, uuid.New(), false)
		w.Want(name+" downloads", err, fault.NotFound)
	}
}

// TestFileNamesNumbersThatTakePart: where a company chose among its numbers, the customs system
// hears of those alone.
func TestFileNamesNumbersThatTakePart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, id := w.Member("Harbor Trading LLC")
	named := func() (n int) {
		t.Helper()
		w.make()
		body, _ := w.file()
		var line singlewindow.Line
		w.Must(json.Unmarshal(bytes.TrimSpace(body), &line))
		return len(line.Identifiers)
	}
	if n := named(); n < 2 {
		t.Fatalf("%d numbers of a company that did not choose", n)
	}
	w.Exec(`insert into application_identifier (application_id, identifier_id, company_id, chosen_at)
		select m.application_id, (select i.id from company_identifier i where i.company_id = m.company_id and i.scheme = 'ior_ein'), m.company_id, now() from membership m where m.id = ?`, id)
	w.Clock.Move(24 * time.Hour)
	if n := named(); n != 1 {
		t.Errorf("%d numbers of %s, which chose one", n, owner.Company)
	}
}
