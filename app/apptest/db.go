// Package apptest gives every test a PostgreSQL database of its own, a clock that
// it moves by hand, and people to act as. Tests only.
package apptest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"trustedtrader/app/pg"
	"trustedtrader/app/pgembed"
	"trustedtrader/migrations"
)

// ServerVariable names the address of a running server for tests; without it each
// test program starts a private one.
const ServerVariable = "PORTAL_TEST_DATABASE"

type server struct {
	once    sync.Once
	err     error
	dsn     string // of the maintenance database
	stop    func()
	made    sync.Once
	madeErr error
	name    string // of the migrated template
	count   atomic.Int64
}

var shared server // one server per test program: starting one per test would take seconds

// Run starts what the package's tests need, runs them and cleans up. Call it from
// TestMain when the package uses DB.
func Run(m *testing.M) { RunThen(m, func() int { return 0 }) }

// RunThen is Run with a last word after tests that passed: the program's exit code.
func RunThen(m *testing.M, last func() int) {
	code := m.Run()
	if code == 0 {
		code = last()
	}
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

// Quiet is a logger for tests that keeps warnings and errors only.
func Quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// DSN makes a migrated, empty database and returns its address (as its owner).
func DSN(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	shared.once.Do(shared.start)
	if shared.err != nil {
		t.Fatalf("start PostgreSQL for tests: %v", shared.err)
	}
	shared.made.Do(func() { shared.madeErr = shared.template(ctx) })
	if shared.madeErr != nil {
		t.Fatalf("make the template database: %v", shared.madeErr)
	}
	name := fmt.Sprintf("t_%d_%d", os.Getpid(), shared.count.Add(1))
	if err := shared.exec(ctx, "create database "+name+" template "+shared.name); err != nil {
		t.Fatalf("clone the template database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := shared.exec(ctx, "drop database "+name+" with (force)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return WithDatabase(shared.dsn, name)
}

// DB opens a migrated, empty database that goes with the test.
func DB(t testing.TB) *pg.DB {
	t.Helper()
	db, err := pg.Open(context.Background(), DSN(t), Quiet())
	if err != nil {
		t.Fatalf("open the test's database: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

// StartServer starts a PostgreSQL server for tests, in memory where there is room,
// and returns its address and how to end it. More arguments go to the server.
func StartServer(ctx context.Context, more ...string) (dsn string, end func() error, err error) {
	base := "/dev/shm" // memory: a clone takes a seventh of the time
	if _, err := os.Stat(base); err != nil {
		base = os.TempDir()
	}
	dir, err := os.MkdirTemp(base, "portal-test-")
	if err != nil {
		return "", nil, err
	}
	c, err := pgembed.Start(ctx, pgembed.Config{
		Dir: dir, Database: "postgres", Log: Quiet(),
		Args: append([]string{"-c", "fsync=off", "-c", "max_connections=300"}, more...),
	})
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c.DSN(), func() error { return errors.Join(c.Stop(), os.RemoveAll(dir)) }, nil
}

func (s *server) start() {
	if s.dsn = os.Getenv(ServerVariable); s.dsn != "" {
		return
	}
	var end func() error
	s.dsn, end, s.err = StartServer(context.Background())
	s.stop = func() {
		if end == nil {
			return
		}
		if err := end(); err != nil {
			fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
		}
	}
}

// template makes the migrated database once per schema, however many test programs
// share the server.
func (s *server) template(ctx context.Context) (err error) {
	h := sha256.New()
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return err
	}
	for _, n := range names {
		b, err := fs.ReadFile(migrations.Files, n)
		if err != nil {
			return err
		}
		h.Write(b)
	}
	s.name = "portal_template_" + hex.EncodeToString(h.Sum(nil))[:12]
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return err
	}
	defer func() {
		if e := conn.Close(ctx); err == nil {
			err = e
		}
	}()
	if _, err := conn.Exec(ctx, "select pg_advisory_lock(724013)"); err != nil {
		return err
	}
	var there bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1 and datistemplate)", s.name).Scan(&there); err != nil || there {
		return err
	}
	for _, sql := range []string{"drop database if exists " + s.name, "create database " + s.name} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := pg.Migrate(ctx, WithDatabase(s.dsn, s.name), slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "alter database "+s.name+" is_template true")
	return err
}

func (s *server) exec(ctx context.Context, sql string) (err error) {
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return err
	}
	defer func() {
		if e := conn.Close(ctx); err == nil {
			err = e
		}
	}()
	_, err = conn.Exec(ctx, sql)
	return err
}

// Recreate makes an empty database of that name, dropping the one before.
func Recreate(ctx context.Context, dsn, name string) error {
	s := server{dsn: dsn}
	return errors.Join(s.exec(ctx, "drop database if exists "+name+" with (force)"), s.exec(ctx, "create database "+name))
}

// WithDatabase puts another database's name into an address of either form.
func WithDatabase(dsn, name string) string {
	if u, err := url.Parse(dsn); err == nil && strings.HasPrefix(u.Scheme, "postgres") {
		u.Path = "/" + name
		return u.String()
	}
	var out []string
	for _, f := range strings.Fields(dsn) {
		if !strings.HasPrefix(f, "dbname=") {
			out = append(out, f)
		}
	}
	return strings.Join(append(out, "dbname="+name), " ")
}
