//go:build linux && !production

package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"trustedtrader/app/apptest"
	"trustedtrader/app/pg"
)

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// settings are those of a development installation on free ports.
func settings(t *testing.T, more map[string]string) (*environment, *bytes.Buffer) {
	t.Helper()
	all := map[string]string{
		"PORTAL_ENV": "dev", "PORTAL_DATA": t.TempDir(), "PORTAL_ADDR": freePort(t), "PORTAL_METRICS_ADDR": freePort(t), "PORTAL_DEMO_IDP_ADDR": freePort(t),
		"PORTAL_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
	}
	for k, v := range more {
		all[k] = v
	}
	var out bytes.Buffer
	return &environment{getenv: func(k string) string { return all[k] }, out: &out, log: slog.New(slog.DiscardHandler)}, &out
}

// TestProbes: health and readiness answer on both listeners, and measurements only on
// the one of their own. Without its database a portal lives but is not ready; when the
// database is back it is ready again, with nothing restarted.
func TestProbes(t *testing.T) {
	t.Parallel()
	dsn := apptest.DSN(t)
	e, _ := settings(t, map[string]string{"DATABASE_URL": dsn})
	cfg, err := e.config()
	if err != nil {
		t.Fatal(err)
	}
	db, err := pg.Open(t.Context(), dsn, e.log)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := wire(t.Context(), e, cfg, db)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.serve(ctx, e) }()
	get := func(address, path string) (int, string) {
		r, err := http.Get("http://" + address + path)
		if err != nil {
			return 0, err.Error()
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		return r.StatusCode, string(b)
	}
	until := func(address, path string, status int) {
		t.Helper()
		var got int
		var text string
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if got, text = get(address, path); got == status {
				return
			}
		}
		t.Fatalf("%s%s answers %d %q, want %d", address, path, got, text, status)
	}
	both := func(path string, status int) {
		t.Helper()
		until(cfg.Addr, path, status)
		until(cfg.Metrics, path, status)
	}
	both("/readyz", 200)
	both("/healthz", 200)
	if code, _ := get(cfg.Addr, "/help"); code != 200 {
		t.Errorf("/help: %d", code)
	}
	if code, text := get(cfg.Metrics, "/metrics"); code != 200 || !strings.Contains(text, `portal_request_seconds_count{method="GET",route="/help",status="200"} 1`) {
		t.Errorf("/metrics: %d %.300s", code, text)
	}
	if code, _ := get(cfg.Addr, "/metrics"); code != 404 {
		t.Errorf("the public sees /metrics: %d", code)
	}
	if code, _ := get(cfg.Metrics, "/help"); code != 404 {
		t.Errorf("the listener for probes serves pages: %d", code)
	}

	name, server := databaseName(t, dsn), apptest.WithDatabase(dsn, "postgres")
	sql(t, server, "alter database "+name+" with allow_connections false", "select pg_terminate_backend(pid) from pg_stat_activity where datname = '"+name+"'")
	both("/readyz", 503)
	both("/healthz", 200)
	if code, text := get(cfg.Addr, "/readyz"); code != 503 || strings.Contains(text, name) {
		t.Errorf("/readyz: %d %q", code, text)
	}
	if code, _ := get(cfg.Addr, "/help"); code != 200 {
		t.Errorf("a page that needs no database: %d", code)
	}
	sql(t, server, "alter database "+name+" with allow_connections true")
	both("/readyz", 200)

	stop()
	if err := <-ended; err != nil {
		t.Errorf("the portal did not end well: %v", err)
	}
	if code, _ := get(cfg.Addr, "/healthz"); code != 0 {
		t.Errorf("still there after its end: %d", code)
	}
}

func databaseName(t *testing.T, dsn string) string {
	t.Helper()
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return c.Database
}

func sql(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDoctorCommand: one line per part whatever is broken, and an error, which is exit
// code 1, if and only if something does not work.
func TestDoctorCommand(t *testing.T) {
	t.Parallel()
	lines := func(e *environment, out *bytes.Buffer) (string, error) {
		err := run(t.Context(), e, []string{"doctor"})
		for _, l := range strings.Split(strings.TrimSpace(out.String()), "\n") {
			if !strings.HasPrefix(l, "ok  ") && !strings.HasPrefix(l, "warn") && !strings.HasPrefix(l, "fail") {
				t.Errorf("the line %q", l)
			}
		}
		if failed := strings.Contains("\n"+out.String(), "\nfail"); failed != (err != nil) {
			t.Errorf("err is %v after\n%s", err, out)
		}
		return out.String(), err
	}
	e, out := settings(t, map[string]string{"DATABASE_URL": "postgres://portal:s3cret@127.0.0.1:1/none?connect_timeout=2"})
	if text, err := lines(e, out); err == nil || strings.Contains(text, "s3cret") || !strings.Contains(text, "Start PostgreSQL") || !strings.Contains(text, "ok    storage") {
		t.Errorf("without a database: %v\n%s", err, text)
	}
	e, out = settings(t, map[string]string{"DATABASE_URL": apptest.DSN(t)})
	if text, err := lines(e, out); err == nil || !strings.Contains(text, "schema up to date") || !strings.Contains(text, "Set PORTAL_PROVIDERS") {
		t.Errorf("without providers: %v\n%s", err, text)
	}
	e, out = settings(t, map[string]string{"PORTAL_ENV": "production", "PORTAL_KEY": "short"})
	if text, err := lines(e, out); err == nil || !strings.Contains(text, "fail  settings") || !strings.Contains(text, "DATABASE_URL is missing") || !strings.Contains(text, "PORTAL_KEY must be") {
		t.Errorf("with broken settings: %v\n%s", err, text)
	}
}
