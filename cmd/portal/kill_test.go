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
	"trustedtrader/app/identity"
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

// attempt is something that one company is ready to submit, with a browser signed in.
type attempt struct {
	company, subject uuid.UUID
	at, page         string // where it is, and the page with the button
	cookie           string
}

// signIn opens a session and returns its cookie.
func (k *killed) signIn(who identity.Actor) string {
	k.t.Helper()
	cookie := rand.Text() + rand.Text()
	hash := sha256.Sum256([]byte(cookie))
	now := time.Now()
	k.world.Exec(`insert into session (id, secret_hash, person_id, right_id, provider, audience, csrf, created_at, last_seen_at, idle_until, expires_at)
		values (?, ?, ?, ?, 'companies', 'company', ?, ?, ?, ?, ?)`, pg.NewID(), hash[:], who.PersonID, who.RightID, rand.Text(), now, now, now.Add(time.Hour), now.Add(time.Hour))
	return cookie
}

// attempt is an application.
func (k *killed) attempt(n int) attempt {
	k.t.Helper()
	owner := k.world.Importer(fmt.Sprintf("Harbor %d LLC", n))
	a := k.world.Signed(owner, "ctpat", "importer")
	at := "/applications/" + a.ID.String()
	return attempt{company: owner.CompanyID, subject: a.ID, at: at, page: at + "/check", cookie: k.signIn(owner)}
}

// read opens the page with the button and fills in its form.
func (k *killed) read(x attempt) url.Values {
	k.t.Helper()
	r, err := http.NewRequest("GET", k.base+x.page, nil)
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
		form.Add(s.AttrOr("name", ""), s.AttrOr("value", ""))
	})
	form.Set("attested", "yes")
	form.Set("name", "Olga Owner")
	form.Set("title", "Director")
	return form
}

// submit presses the button; 0 when no answer came.
func (k *killed) submit(x attempt, form url.Values) int {
	r, err := http.NewRequest("POST", k.base+x.at+"/submit", strings.NewReader(form.Encode()))
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

// trace is something that a submission leaves behind, as a number.
type trace struct {
	what, sql string
	arg       any
}

// count puts traces into one line.
func (k *killed) count(traces []trace) string {
	k.t.Helper()
	out := ""
	for _, x := range traces {
		out += fmt.Sprintf("%s %d; ", x.what, k.world.Count(x.sql, x.arg))
	}
	return out
}

// done lists what the submission of an application leaves behind.
func (k *killed) done(x attempt) string {
	k.t.Helper()
	return k.count([]trace{
		{"submitted", `select count(*)::int from application where id = $1 and submitted_at is not null`, x.subject},
		{"version", `select version from application where id = $1`, x.subject},
		{"audit", `select count(*)::int from audit_event where company_id = $1 and action = 'application.submit'`, x.company},
		{"copies", `select count(*)::int from application_snapshot where application_id = $1`, x.subject},
		{"letters", `select count(*)::int from message where company_id = $1`, x.company},
		{"mails", `select count(*)::int from mail where message_id in (select id from message where company_id = $1)`, x.company},
		{"clocks", `select count(*)::int from clock where subject_id = $1`, x.subject},
		{"parts", `select count(*)::int from review_item where application_id = $1`, x.subject},
		{"checks", `select count(*)::int from vetting_item where application_id = $1`, x.subject},
	})
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

// trials are submissions of one kind in whose middle something is killed, each of a
// company of its own.
type trials struct {
	*killed
	attempt       func(n int) attempt
	done          func(attempt) string // what it leaves behind
	before, after string
	n             int
}

// measure submits once in peace, to see what that leaves behind.
func (r *trials) measure() attempt {
	r.t.Helper()
	x := r.attempt(r.n)
	r.before = r.done(x)
	if status := r.submit(x, r.read(x)); status != http.StatusSeeOther {
		r.t.Fatalf("a submission left alone: %d", status)
	}
	r.after = r.done(x)
	if r.before == r.after || strings.Contains(r.after, "letters 0") || strings.Contains(r.after, "audit 0") || strings.Contains(r.after, "mails 0") {
		r.t.Fatalf("the measure sees nothing: before %s after %s", r.before, r.after)
	}
	return x
}

// try lets something be killed around a submission. Either all of it is there then, or
// nothing, and then it can be done again.
func (r *trials) try(what string, kill func(submit func(), answer <-chan int)) attempt {
	r.t.Helper()
	r.n++
	x := r.attempt(r.n)
	form, answer := r.read(x), make(chan int, 1)
	kill(func() { answer <- r.submit(x, form) }, answer)
	got := r.done(x)
	r.t.Logf("%s: %s", what, got)
	switch got {
	case r.after:
	case r.before: // nothing happened, so it can be done now
		if status := r.submit(x, r.read(x)); status != http.StatusSeeOther {
			r.t.Errorf("%s: submitting afterwards: %d", what, status)
		}
		if again := r.done(x); again != r.after {
			r.t.Errorf("%s, then submitted again: %s, want %s", what, again, r.after)
		}
	default:
		r.t.Errorf("%s left a part: %s, want %s or %s", what, got, r.before, r.after)
	}
	return x
}

// killedBefore kills the portal as a submission comes to a table.
func (r *trials) killedBefore(table string) attempt {
	r.t.Helper()
	return r.try("the portal killed before "+table, func(submit func(), answer <-chan int) {
		r.held(table, func() {
			go submit()
			r.waiting(table)
			r.killPortal()
		})
		if status := <-answer; status != 0 {
			r.t.Errorf("a killed portal answered %d", status)
		}
		r.startPortal()
	})
}

// killedAfter kills the portal a while after a submission began.
func (r *trials) killedAfter(delay time.Duration) attempt {
	r.t.Helper()
	return r.try(fmt.Sprintf("the portal killed after %s", delay), func(submit func(), answer <-chan int) {
		go submit()
		time.Sleep(delay)
		r.killPortal()
		<-answer
		r.startPortal()
	})
}

// databaseKilledBefore kills PostgreSQL as a submission comes to a table.
func (r *trials) databaseKilledBefore(table string) attempt {
	r.t.Helper()
	return r.try("PostgreSQL killed before "+table, func(submit func(), answer <-chan int) {
		r.held(table, func() {
			go submit()
			r.waiting(table)
			r.killDatabase()
		})
		if status := <-answer; status < 500 {
			r.t.Errorf("without a database the portal answered %d", status)
		}
		r.startDatabase()
		r.ready() // without a restart
	})
}

// TestKilledInTheMiddle: `kill -9` of the portal or of PostgreSQL in the middle of a
// submission leaves all of it (status, audit, letter, clocks, copy) or nothing.
func TestKilledInTheMiddle(t *testing.T) {
	k := newKilled(t)
	k.startPortal()
	defer func() { k.killPortal() }()

	r := &trials{killed: k, attempt: k.attempt, done: k.done}
	r.measure()
	for _, table := range []string{"application_snapshot", "clock", "audit_event", "message", "mail", pg.JobSchema + ".river_job", "vetting_item"} {
		r.killedBefore(table)
	}
	for i := range 6 {
		r.killedAfter(time.Duration(10+20*i) * time.Millisecond)
	}
	for _, table := range []string{"clock", "audit_event", "mail"} {
		r.databaseKilledBefore(table)
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
