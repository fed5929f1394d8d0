//go:build linux && !production

package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"trustedtrader/app/apptest"
	"trustedtrader/app/pg"
	"trustedtrader/app/pgembed"
	"trustedtrader/app/review/reviewtest"
)

// asPortal makes this test program the portal itself: a process that can be killed.
const asPortal = "PORTAL_TEST_AS_PORTAL"

func TestMain(m *testing.M) {
	if os.Getenv(asPortal) != "" {
		main()
		os.Exit(0)
	}
	apptest.Run(m)
}

// killed is a portal of its own process over a durable server of its own.
type killed struct {
	t       *testing.T
	world   *reviewtest.World
	cluster *pgembed.Cluster
	dir     string
	dsn     string
	env     []string
	base    string
	process *exec.Cmd
}

func newKilled(t *testing.T) *killed {
	t.Helper()
	k := &killed{t: t, dir: filepath.Join(t.TempDir(), "pg")}
	k.startDatabase()
	t.Cleanup(func() {
		if err := k.cluster.Stop(); err != nil {
			t.Errorf("stop the server: %v", err)
		}
		if err := pgembed.Remove(k.dir); err != nil {
			t.Errorf("remove the server's files: %v", err)
		}
	})
	k.dsn = k.cluster.DSN()
	if err := pg.Migrate(t.Context(), k.dsn, apptest.Quiet()); err != nil {
		t.Fatal(err)
	}
	k.world = reviewtest.Over(t, time.Now().UTC().Format(time.RFC3339), k.dsn)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	k.base = "http://" + address
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		t.Fatal(err)
	}
	k.env = append(os.Environ(), asPortal+"=1", "PORTAL_ENV=dev", "PORTAL_ADDR="+address, "PORTAL_BASE_URL="+k.base, "PORTAL_METRICS_ADDR=",
		"PORTAL_DATA="+t.TempDir(), "DATABASE_URL="+k.dsn, "PORTAL_KEY="+base64.StdEncoding.EncodeToString(key))
	return k
}

func (k *killed) startDatabase() {
	k.t.Helper()
	c, err := pgembed.Start(k.t.Context(), pgembed.Config{Dir: k.dir, Database: "portal", Log: apptest.Quiet()})
	if err != nil {
		k.t.Fatalf("start the server: %v", err)
	}
	k.cluster = c
}

func (k *killed) startPortal() {
	k.t.Helper()
	self, err := os.Executable()
	if err != nil {
		k.t.Fatal(err)
	}
	k.process = exec.Command(self, "serve")
	k.process.Env = k.env
	if testing.Verbose() {
		k.process.Stderr = os.Stderr
	}
	if err := k.process.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.ready()
}

func (k *killed) killPortal() {
	k.t.Helper()
	if err := k.process.Process.Kill(); err != nil {
		k.t.Fatal(err)
	}
	_ = k.process.Wait() // its state is that it was killed
}

// ready waits until the portal can do its work.
func (k *killed) ready() {
	k.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if r, err := http.Get(k.base + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
	}
	k.t.Fatal("the portal is not ready within half a minute")
}

// attempt is one company's application, ready to submit, with a browser signed in.
type attempt struct {
	company, application uuid.UUID
	cookie               string
}

func (k *killed) attempt(n int) attempt {
	k.t.Helper()
	w := k.world
	owner := w.Importer(fmt.Sprintf("Harbor %d LLC", n))
	a := w.Signed(owner, "ctpat", "importer")
	x := attempt{company: owner.CompanyID, application: a.ID, cookie: rand.Text() + rand.Text()}
	hash := sha256.Sum256([]byte(x.cookie))
	now := time.Now()
	w.Exec(`insert into session (id, secret_hash, person_id, right_id, provider, audience, csrf, created_at, last_seen_at, idle_until, expires_at)
		values (?, ?, ?, ?, 'companies', 'company', ?, ?, ?, ?, ?)`, pg.NewID(), hash[:], owner.PersonID, owner.RightID, rand.Text(), now, now, now.Add(time.Hour), now.Add(time.Hour))
	return x
}

// read opens the page with the button and fills in its form.
func (k *killed) read(x attempt) url.Values {
	k.t.Helper()
	r, err := http.NewRequest("GET", k.base+"/applications/"+x.application.String()+"/check", nil)
	if err != nil {
		k.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "portal", Value: x.cookie})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		k.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	page, err := goquery.NewDocumentFromReader(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	form := url.Values{}
	page.Find(`form[action$="/submit"] input[name]`).Each(func(_ int, s *goquery.Selection) {
		form.Set(s.AttrOr("name", ""), s.AttrOr("value", ""))
	})
	form.Set("attested", "yes")
	form.Set("name", "Olga Owner")
	return form
}

// submit presses the button; 0 when no answer came.
func (k *killed) submit(x attempt, form url.Values) int {
	r, err := http.NewRequest("POST", k.base+"/applications/"+x.application.String()+"/submit", strings.NewReader(form.Encode()))
	if err != nil {
		k.t.Error(err)
		return 0
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "portal", Value: x.cookie})
	client := &http.Client{Timeout: 40 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	res, err := client.Do(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

// done lists what a submission leaves behind, each as a number.
func (k *killed) done(x attempt) string {
	k.t.Helper()
	w := k.world
	out := ""
	for _, q := range []struct {
		what, sql string
		arg       any
	}{
		{"submitted", `select count(*)::int from application where id = $1 and submitted_at is not null`, x.application},
		{"version", `select version from application where id = $1`, x.application},
		{"audit", `select count(*)::int from audit_event where company_id = $1 and action = 'application.submit'`, x.company},
		{"copies", `select count(*)::int from application_snapshot where application_id = $1`, x.application},
		{"letters", `select count(*)::int from message where company_id = $1`, x.company},
		{"mails", `select count(*)::int from mail where message_id in (select id from message where company_id = $1)`, x.company},
		{"clocks", `select count(*)::int from clock where subject_id = $1`, x.application},
		{"parts", `select count(*)::int from review_item where application_id = $1`, x.application},
		{"checks", `select count(*)::int from vetting_item where application_id = $1`, x.application},
	} {
		out += fmt.Sprintf("%s %d; ", q.what, w.Count(q.sql, q.arg))
	}
	return out
}

// held stops every submission in its middle: at its first write to a table.
func (k *killed) held(table string, inside func()) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, k.dsn)
	if err != nil {
		k.t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }() // the server may be gone
	tx, err := conn.Begin(ctx)
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "lock table "+table+" in share row exclusive mode"); err != nil {
		k.t.Fatal(err)
	}
	inside()
	_ = tx.Rollback(ctx)
}

// waiting returns once the portal waits for the table.
func (k *killed) waiting(table string) {
	k.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if k.world.Count(`select count(*)::int from pg_locks where relation = $1::text::regclass and not granted`, table) > 0 {
			return
		}
	}
	k.t.Fatalf("no submission has come to %s", table)
}

// TestKilledInTheMiddle: `kill -9` of the portal or of PostgreSQL in the middle of a
// submission leaves all of it (status, audit, letter, clocks, copy) or nothing.
func TestKilledInTheMiddle(t *testing.T) {
	k := newKilled(t)
	k.startPortal()
	defer func() { k.killPortal() }()

	reference := k.attempt(0)
	before := k.done(reference)
	if status := k.submit(reference, k.read(reference)); status != http.StatusSeeOther {
		t.Fatalf("a submission left alone: %d", status)
	}
	after := k.done(reference)
	if before == after || strings.Contains(after, "letters 0") || strings.Contains(after, "audit 0") || strings.Contains(after, "mails 0") {
		t.Fatalf("the measure sees nothing: before %s after %s", before, after)
	}
	n := 0
	try := func(what string, kill func(submit func(), answer <-chan int)) {
		t.Helper()
		n++
		x := k.attempt(n)
		form, answer := k.read(x), make(chan int, 1)
		kill(func() { answer <- k.submit(x, form) }, answer)
		got := k.done(x)
		t.Logf("%s: %s", what, got)
		switch got {
		case after:
		case before: // nothing happened, so it can be done now
			if status := k.submit(x, k.read(x)); status != http.StatusSeeOther {
				t.Errorf("%s: submitting afterwards: %d", what, status)
			}
			if again := k.done(x); again != after {
				t.Errorf("%s, then submitted again: %s, want %s", what, again, after)
			}
		default:
			t.Errorf("%s left a part: %s, want %s or %s", what, got, before, after)
		}
	}
	tables := []string{"application_snapshot", "clock", "audit_event", "message", "mail", pg.JobSchema + ".river_job", "vetting_item"}
	for _, table := range tables {
		try("the portal killed before "+table, func(submit func(), answer <-chan int) {
			k.held(table, func() {
				go submit()
				k.waiting(table)
				k.killPortal()
			})
			if status := <-answer; status != 0 {
				t.Errorf("a killed portal answered %d", status)
			}
			k.startPortal()
		})
	}
	for i := range 6 {
		delay := time.Duration(10+20*i) * time.Millisecond
		try(fmt.Sprintf("the portal killed after %s", delay), func(submit func(), answer <-chan int) {
			go submit()
			time.Sleep(delay)
			k.killPortal()
			<-answer
			k.startPortal()
		})
	}
	for _, table := range []string{"clock", "audit_event", "mail"} {
		try("PostgreSQL killed before "+table, func(submit func(), answer <-chan int) {
			k.held(table, func() {
				go submit()
				k.waiting(table)
				k.killDatabase()
			})
			if status := <-answer; status < 500 {
				t.Errorf("without a database the portal answered %d", status)
			}
			k.startDatabase()
			k.ready() // without a restart
		})
	}
}

// killDatabase kills the server's first process, the parent of ours; the others end with it.
func (k *killed) killDatabase() {
	k.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", k.world.Count(`select pg_backend_pid()`)))
	if err != nil {
		k.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "PPid:")
	line, _, _ := strings.Cut(rest, "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		k.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		k.t.Fatal(err)
	}
	<-k.cluster.Lost()
}
