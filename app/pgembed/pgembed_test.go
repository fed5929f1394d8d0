package pgembed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestMain lets the test program also play a portal that is to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PGEMBED_TEST_PORTAL"); dir != "" {
		if err := portal(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if model.dir != "" {
		if err := os.RemoveAll(model.dir); err != nil {
			fmt.Println("remove the model cluster:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// model is a cluster that tests copy when a first start is not their subject: that is ten
// times as fast.
var model struct {
	once sync.Once
	dir  string
	err  error
}

// furnished is a room with a cluster in it that was stopped in order.
func furnished(t *testing.T) string {
	t.Helper()
	model.once.Do(func() {
		if model.dir, model.err = os.MkdirTemp(memory(), "pgembed-test-"); model.err != nil {
			return
		}
		var c *Cluster
		if c, model.err = Start(context.Background(), Config{Dir: model.dir, Args: quick}); model.err == nil {
			model.err = c.Stop()
		}
	})
	must(t, model.err)
	dir := room(t)
	must(t, exec.Command("cp", "-a", filepath.Join(model.dir, "data"), dir).Run())
	return dir
}

// memory is the folder for tests, in memory where there is such a place.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

// portal starts the cluster, writes rows, says so on its output, and waits for Ctrl-C.
func portal(dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := Start(ctx, Config{Dir: dir, Args: quick})
	if err != nil {
		return err
	}
	if err := write(ctx, c.DSN(), 100); err != nil {
		return errors.Join(err, c.Stop())
	}
	fmt.Println("owned:", c.Owned())
	<-ctx.Done()
	return c.Stop()
}

var quick = []string{"-c", "fsync=off"}

// room makes a private folder for a cluster and removes it in the end.
func room(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(memory(), "pgembed-test-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return dir
}

// start runs the cluster and stops it in the end.
func start(t *testing.T, cfg Config) *Cluster {
	t.Helper()
	cfg.Args = quick
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	c, err := Start(t.Context(), cfg)
	must(t, err)
	t.Cleanup(func() { must(t, c.Stop()) })
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write adds n rows, each in a transaction of its own.
func write(ctx context.Context, dsn string, n int) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "create table if not exists kept (id bigint generated always as identity, note text)")
	for i := 0; i < n && err == nil; i++ {
		_, err = conn.Exec(ctx, "insert into kept (note) values ('seal 4711')")
	}
	return errors.Join(err, conn.Close(ctx))
}

func count(ctx context.Context, dsn string) (n int, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return 0, err
	}
	err = conn.QueryRow(ctx, "select count(*) from kept where note = 'seal 4711'").Scan(&n)
	return n, errors.Join(err, conn.Close(ctx))
}

func wantRows(t *testing.T, c *Cluster, want int) {
	t.Helper()
	n, err := count(t.Context(), c.DSN())
	must(t, err)
	if n != want {
		t.Errorf("%d rows in the database, want %d", n, want)
	}
}

// eventually waits a few seconds for ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within ten seconds: %s", what)
		}
	}
}

func serverPid(t *testing.T, c *Cluster) int {
	t.Helper()
	pm, live, err := c.site.postmaster()
	must(t, err)
	if !live {
		t.Fatal("no server runs")
	}
	return pm.pid
}

// TestFaults starts a cluster, writes, does something bad, starts again and looks for the
// rows.
func TestFaults(t *testing.T) {
	kill := func(t *testing.T, c *Cluster) { must(t, syscall.Kill(serverPid(t, c), syscall.SIGKILL)) }
	stop := func(t *testing.T, c *Cluster) { must(t, c.Stop()) }
	pidFile := func(c *Cluster) string { return filepath.Join(c.site.data(), "postmaster.pid") }
	for name, spoil := range map[string]func(*testing.T, *Cluster){
		"stopped": stop,
		"stopped twice": func(t *testing.T, c *Cluster) {
			stop(t, c)
			stop(t, c)
		},
		"server killed": kill,
		"server killed during a long query": func(t *testing.T, c *Cluster) {
			conn, err := pgx.Connect(t.Context(), c.DSN())
			must(t, err)
			begun := make(chan struct{})
			ended := make(chan error)
			go func() {
				close(begun)
				// It counts without looking up, so it does not notice the server's death.
				_, err := conn.Exec(context.Background(), "select count(*) from generate_series(1, 1e10::bigint)")
				ended <- errors.Join(err, conn.Close(context.Background()))
			}()
			<-begun
			time.Sleep(100 * time.Millisecond)
			kill(t, c)
			t.Cleanup(func() {
				if <-ended == nil {
					t.Error("the query of the killed server went on to its end")
				}
			})
		},
		"stale note with a stranger's number": func(t *testing.T, c *Cluster) {
			b, err := os.ReadFile(pidFile(c))
			must(t, err)
			kill(t, c)
			<-c.Lost()
			_, rest, _ := strings.Cut(string(b), "\n")
			must(t, os.WriteFile(pidFile(c), []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600))
		},
		"note cut off": func(t *testing.T, c *Cluster) {
			kill(t, c)
			<-c.Lost()
			must(t, os.WriteFile(pidFile(c), nil, 0o600))
		},
		"socket folder deleted": func(t *testing.T, c *Cluster) {
			stop(t, c)
			must(t, os.RemoveAll(c.site.socket))
		},
		"rest of an interrupted start": func(t *testing.T, c *Cluster) {
			kill(t, c)
			must(t, os.Mkdir(filepath.Join(c.site.root, "init-123"), 0o700))
		},
		"log too long": func(t *testing.T, c *Cluster) {
			stop(t, c)
			path := filepath.Join(c.site.dir, "postgres.log")
			must(t, os.Truncate(path, logLimit+1))
			t.Cleanup(func() {
				info, err := os.Stat(path)
				must(t, err)
				if info.Size() > logLimit {
					t.Error("the long log was not set aside")
				}
			})
		},
		"log replaced by a link": func(t *testing.T, c *Cluster) {
			stop(t, c)
			path := filepath.Join(c.site.dir, "postgres.log")
			victim := filepath.Join(c.site.dir, "victim")
			must(t, os.WriteFile(victim, nil, 0o600))
			must(t, os.Rename(path, path+".1"))
			must(t, os.Symlink(victim, path))
			if _, err := Start(t.Context(), Config{Dir: c.site.dir}); !errors.Is(err, syscall.ELOOP) {
				t.Errorf("start wrote its log through a link: %v", err)
			}
			must(t, os.Remove(path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := furnished(t)
			c := start(t, Config{Dir: dir, Database: "Häfen & 'Zoll'"})
			must(t, write(t.Context(), c.DSN(), 50))
			spoil(t, c)
			c = start(t, Config{Dir: dir, Database: "Häfen & 'Zoll'"})
			if !c.Owned() {
				t.Error("the new server is not ours")
			}
			wantRows(t, c, 50)
			must(t, write(t.Context(), c.DSN(), 1))
			wantRows(t, c, 51)
		})
	}
}

// TestFresh looks at a new cluster: what is private stays private, and accents are known.
func TestFresh(t *testing.T) {
	t.Parallel()
	dir := room(t)
	c := start(t, Config{Dir: dir})
	conn, err := pgx.Connect(t.Context(), c.DSN())
	must(t, err)
	var lower, address string
	must(t, conn.QueryRow(t.Context(), "select lower('ÉCOLE'), current_setting('listen_addresses')").Scan(&lower, &address))
	must(t, conn.Close(t.Context()))
	if lower != "école" {
		t.Errorf("lower('ÉCOLE') is %q", lower)
	}
	if address != "" {
		t.Errorf("without TCP the server listens on %q", address)
	}
	for path, want := range map[string]os.FileMode{
		c.site.socket:                      0o700,
		c.site.data():                      0o700,
		filepath.Join(dir, "lock"):         0o600,
		filepath.Join(dir, "postgres.log"): 0o600,
		filepath.Join(c.site.socket, ".s.PGSQL."+socketPort): 0o700,
	} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
	}
	if err := Remove(dir); !errors.Is(err, ErrRunning) {
		t.Errorf("Remove under a running server says %v", err)
	}
	must(t, c.Stop())
	select {
	case <-c.Lost():
		t.Error("a server that was stopped counts as lost")
	default:
	}
	must(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600))
	must(t, Remove(dir))
	left, err := os.ReadDir(dir)
	must(t, err)
	if len(left) != 1 || left[0].Name() != "notes.txt" {
		t.Errorf("Remove left %v, want the one file that is not ours", left)
	}
	must(t, os.Remove(filepath.Join(dir, "notes.txt")))
	must(t, Remove(dir))
	if there, err := exists(dir); err != nil || there {
		t.Errorf("the empty folder is still there (%v)", err)
	}
}

func TestHalfMadeClusterIsSetAside(t *testing.T) {
	t.Parallel()
	dir := room(t)
	for range brokenKept + 2 {
		must(t, os.Mkdir(filepath.Join(dir, "data"), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("15\n"), 0o600))
		must(t, site{dir: dir, root: dir}.clear(slog.New(slog.DiscardHandler)))
	}
	must(t, os.Mkdir(filepath.Join(dir, "data"), 0o700))
	c := start(t, Config{Dir: dir})
	must(t, write(t.Context(), c.DSN(), 1))
	broken, err := filepath.Glob(filepath.Join(dir, "data.broken-*"))
	must(t, err)
	if len(broken) != brokenKept {
		t.Errorf("%d broken folders are kept, want %d", len(broken), brokenKept)
	}
}

// child is the test program as a portal of its own.
type child struct {
	cmd *exec.Cmd
	out *bufio.Scanner
}

func run(t *testing.T, dir string) child {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "PGEMBED_TEST_PORTAL="+dir)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
	})
	return child{cmd, bufio.NewScanner(out)}
}

// says returns the portal's next line.
func (c child) says(t *testing.T) string {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("the portal ended: %v", c.out.Err())
	}
	return c.out.Text()
}

// end sends the signal and waits; the portal's own exit state is of no interest after a kill.
func (c child) end(t *testing.T, s syscall.Signal) {
	t.Helper()
	must(t, c.cmd.Process.Signal(s))
	err := c.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && (s != syscall.SIGKILL || !errors.As(err, &exit)) {
		t.Fatal(err)
	}
}

func TestPortalKilled(t *testing.T) {
	t.Parallel()
	dir := furnished(t)
	s := site{dir: dir, root: dir}

	first := run(t, dir)
	if got := first.says(t); got != "owned: true" {
		t.Fatal(got)
	}
	first.end(t, syscall.SIGKILL)
	eventually(t, "the killed portal's server has gone too", func() bool {
		used, err := s.used()
		must(t, err)
		return !used
	})

	second := run(t, dir)
	if got := second.says(t); got != "owned: true" {
		t.Fatal(got)
	}
	second.end(t, syscall.SIGKILL)
	c := start(t, Config{Dir: dir}) // at once, while the old server is still ending
	if !c.Owned() {
		t.Error("adopted a server that is about to end")
	}
	wantRows(t, c, 200)
}

func TestCtrlC(t *testing.T) {
	t.Parallel()
	dir := furnished(t)
	p := run(t, dir)
	p.says(t)
	p.end(t, syscall.SIGINT)
	if there, err := exists(filepath.Join(dir, "data", "postmaster.pid")); err != nil || there {
		t.Errorf("the server was not stopped in order (%v)", err)
	}
	wantRows(t, start(t, Config{Dir: dir}), 100)
}

func TestPortalKilledDuringFirstStart(t *testing.T) {
	t.Parallel()
	dir := room(t)
	p := run(t, dir)
	eventually(t, "initdb is at work", func() bool {
		found, err := filepath.Glob(filepath.Join(dir, "init-*", "PG_VERSION"))
		must(t, err)
		return len(found) > 0
	})
	p.end(t, syscall.SIGKILL)
	c := start(t, Config{Dir: dir})
	must(t, write(t.Context(), c.DSN(), 1))
	wantRows(t, c, 1)
	left, err := filepath.Glob(filepath.Join(dir, "init-*"))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("the interrupted start left %v", left)
	}
}

func TestStartsAtOnce(t *testing.T) {
	t.Parallel()
	dir := room(t)
	other := run(t, dir)
	clusters := make([]*Cluster, 3)
	var wg sync.WaitGroup
	for i := range clusters {
		wg.Go(func() {
			c, err := Start(t.Context(), Config{Dir: dir, Args: quick})
			if err != nil {
				t.Error(err)
				return
			}
			clusters[i] = c
		})
	}
	owners := 0
	if other.says(t) == "owned: true" {
		owners++
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, c := range clusters {
		if c.Owned() {
			owners++
		}
		if c.DSN() != clusters[0].DSN() {
			t.Error("two addresses for one cluster")
		}
		wantRows(t, c, 100)
	}
	if owners != 1 {
		t.Errorf("%d owners, want one", owners)
	}
	// An adopter's Stop leaves the server alone; the owner's comes last.
	slices.SortFunc(clusters, func(a, b *Cluster) int {
		if b.Owned() {
			return -1
		}
		return 0
	})
	other.end(t, syscall.SIGTERM)
	for _, c := range clusters {
		must(t, c.Stop())
	}
}

func TestKeepRestartsKilledServer(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Dir: furnished(t), TCP: true})
	dsn := c.DSN()
	must(t, write(t.Context(), dsn, 10))
	done := make(chan error, 1)
	go func() { done <- c.Keep(context.Background()) }()
	for range 3 {
		old := serverPid(t, c)
		lost := c.Lost()
		must(t, syscall.Kill(old, syscall.SIGKILL))
		<-lost
		eventually(t, "the server is back at the same address with its data", func() bool {
			n, err := count(t.Context(), dsn)
			return err == nil && n == 10
		})
	}
	eventually(t, "the address is still the same", func() bool { return c.DSN() == dsn && c.Owned() })
	must(t, c.Stop())
	must(t, <-done)
}

func TestKeepTakesOverFromOwner(t *testing.T) {
	t.Parallel()
	dir := furnished(t)
	owner := run(t, dir)
	owner.says(t)
	c := start(t, Config{Dir: dir})
	if c.Owned() {
		t.Fatal("the second portal thinks it owns the server")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Keep(ctx) }()
	owner.end(t, syscall.SIGKILL)
	eventually(t, "the adopter has a server of its own", c.Owned)
	wantRows(t, c, 100)
	cancel()
	must(t, <-done)
}

func TestKeepDoesNotReplaceDeletedData(t *testing.T) {
	t.Parallel()
	dir := furnished(t)
	c := start(t, Config{Dir: dir})
	done := make(chan error, 1)
	go func() { done <- c.Keep(context.Background()) }()
	pid := serverPid(t, c)
	must(t, os.RemoveAll(filepath.Join(dir, "data")))
	must(t, syscall.Kill(pid, syscall.SIGQUIT))
	if err := <-done; !errors.Is(err, errGone) {
		t.Errorf("Keep ended with %v", err)
	}
}

func TestTCP(t *testing.T) {
	t.Parallel()
	dir := furnished(t)
	c := start(t, Config{Dir: dir, TCP: true})
	must(t, write(t.Context(), c.DSN(), 10))
	cfg, err := pgx.ParseConfig(c.DSN())
	must(t, err)
	info, err := os.Stat(filepath.Join(dir, "password"))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the password's file has mode %o", info.Mode().Perm())
	}
	for _, password := range []string{"", "wrong"} {
		bad := cfg.Copy()
		bad.Password = password
		if conn, err := pgx.ConnectConfig(t.Context(), bad); err == nil {
			must(t, conn.Close(t.Context()))
			t.Errorf("let in with password %q", password)
		}
	}
	if second := start(t, Config{Dir: dir, TCP: true}); second.Owned() || second.DSN() != c.DSN() {
		t.Error("a second portal did not adopt the server on its port")
	}
	must(t, c.Stop())

	t.Log("the port is free: it stays the same")
	same := start(t, Config{Dir: dir, TCP: true})
	if same.DSN() != c.DSN() {
		t.Errorf("another address: %s, was %s", same.DSN(), c.DSN())
	}
	must(t, same.Stop())

	t.Log("the port is taken: another one")
	l, err := net.Listen("tcp", net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))))
	must(t, err)
	moved := start(t, Config{Dir: dir, TCP: true})
	if moved.DSN() == c.DSN() {
		t.Error("the same address, though its port is taken")
	}
	wantRows(t, moved, 10)
	must(t, moved.Stop())
	must(t, l.Close())

	t.Log("without TCP, then wanted by a second portal: refused in words")
	plain := start(t, Config{Dir: dir})
	wantRows(t, plain, 10)
	if _, err := Start(t.Context(), Config{Dir: dir, TCP: true}); err == nil || !strings.Contains(err.Error(), "TCP") {
		t.Errorf("a second portal that wants TCP is told: %v", err)
	}
}

func TestPathTooLongForSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(room(t), strings.Repeat("long, 'odd' path/", 8))
	c := start(t, Config{Dir: dir})
	must(t, write(t.Context(), c.DSN(), 5))
	if strings.HasPrefix(c.site.socket, dir) || len(c.site.socket) > socketLimit {
		t.Errorf("the socket is in %s", c.site.socket)
	}
	info, err := os.Stat(c.site.socket)
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's folder has mode %o", info.Mode().Perm())
	}
	must(t, c.Stop())
	c = start(t, Config{Dir: dir})
	wantRows(t, c, 5)
	must(t, c.Stop())
	must(t, Remove(dir))
	if there, err := exists(c.site.socket); err != nil || there {
		t.Errorf("Remove left the socket's folder (%v)", err)
	}
}

// TestFolderOutOfReach puts the cluster into a folder like /root. An ordinary user's server
// runs as that user and reaches it; root's server does not, and lives elsewhere.
func TestFolderOutOfReach(t *testing.T) {
	t.Parallel()
	closed := room(t) // mode 0700, ours
	dir := filepath.Join(closed, "clone", "var", "pg")
	c := start(t, Config{Dir: dir})
	must(t, write(t.Context(), c.DSN(), 5))
	if asRoot := os.Geteuid() == 0; (c.site.root != dir) != asRoot {
		t.Fatalf("the database is in %s", c.site.root)
	}
	if err := Remove(dir); !errors.Is(err, ErrRunning) {
		t.Errorf("Remove under a running server says %v", err)
	}
	if second := start(t, Config{Dir: dir}); second.Owned() {
		t.Error("two servers for one folder")
	}
	must(t, c.Stop())
	if c.site.root != dir {
		b, err := os.ReadFile(filepath.Join(dir, "location"))
		must(t, err)
		if strings.TrimSpace(string(b)) != c.site.root {
			t.Errorf("the pointer says %q", b)
		}
	}
	must(t, os.Chmod(closed, 0o755)) // the way is open now, but the data is where it is
	c = start(t, Config{Dir: dir})
	wantRows(t, c, 5)
	must(t, c.Stop())
	must(t, Remove(dir))
	for _, path := range []string{dir, c.site.root} {
		if there, err := exists(path); err != nil || there {
			t.Errorf("Remove left %s (%v)", path, err)
		}
	}
}

// TestClosedLater: a cluster that can no longer be reached must not be replaced by an
// empty one.
func TestClosedLater(t *testing.T) {
	t.Parallel()
	base := room(t)
	must(t, os.Chmod(base, 0o755))
	dir := filepath.Join(base, "pg")
	must(t, os.Rename(furnished(t), dir))
	c := start(t, Config{Dir: dir})
	must(t, write(t.Context(), c.DSN(), 5))
	must(t, c.Stop())
	must(t, os.Chmod(base, 0o700))
	again, err := Start(t.Context(), Config{Dir: dir, Args: quick})
	if os.Geteuid() == 0 {
		if err == nil || !strings.Contains(err.Error(), "chmod o+x") {
			t.Errorf("the start says %v", err)
		}
		must(t, os.Chmod(base, 0o755))
		again = start(t, Config{Dir: dir})
	} else {
		must(t, err)
	}
	wantRows(t, again, 5)
	must(t, again.Stop())
}

// TestSudoInOwnCheckout: root in an ordinary person's folder works as that person and
// leaves nothing that the person cannot delete.
func TestSudoInOwnCheckout(t *testing.T) {
	t.Parallel()
	base := room(t)
	const uid = 65534 // nobody, on every system
	if os.Geteuid() == 0 {
		must(t, os.Chown(base, uid, uid))
	}
	c := start(t, Config{Dir: filepath.Join(base, "var", "pg"), TCP: true})
	must(t, write(t.Context(), c.DSN(), 1))
	want, _, err := owner(base)
	must(t, err)
	must(t, filepath.Walk(base, func(path string, _ os.FileInfo, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // the server works meanwhile
		}
		if err != nil {
			return err
		}
		if uid, _, err := owner(path); err == nil && uid != want {
			t.Errorf("%s belongs to user %d, not to %d", path, uid, want)
		}
		return nil
	}))
}

func TestOtherMajorVersion(t *testing.T) {
	t.Parallel()
	dir := furnished(t)
	c := start(t, Config{Dir: dir})
	must(t, c.Stop())
	must(t, os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("14\n"), 0o600))
	_, err := Start(t.Context(), Config{Dir: dir})
	var version *VersionError
	if !errors.As(err, &version) || version.Made != "14" || !strings.Contains(err.Error(), "postgresql-14") {
		t.Errorf("the start says %v", err)
	}
}

func TestServerThatCannotStart(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Config{Dir: furnished(t), Args: []string{"-c", "fsync=off", "-c", "no_such_setting=1"}})
	if !errors.Is(err, errExited) || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("the start says %v, without the server's own words", err)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	some := []programs{{"/a/9", 9}, {"/a/16", 16}, {"/a/15", 15}, {"/npm/16", 16}}
	for _, tt := range []struct {
		found   []programs
		version string
		want    string
		err     string
	}{
		{some, "", "/a/16", ""},
		{some, "15", "/a/15", ""},
		{some, "14", "", "postgresql-14"},
		{some[:1], "", "", "found only version 9"},
		{nil, "", "", "sudo apt-get install -y --no-install-recommends postgresql"},
		{nil, "15", "", "DATABASE_URL"},
	} {
		got, err := choose(tt.found, tt.version)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("choose(%v, %q) = %q, %v", tt.found, tt.version, got, err)
		}
		var version *VersionError
		if err != nil && errors.Is(err, ErrNoServer) == errors.As(err, &version) {
			t.Errorf("choose(%v, %q) gives an error of no or two kinds: %v", tt.found, tt.version, err)
		}
	}
}

func TestBinDirNamedByEnvironment(t *testing.T) {
	want, err := BinDir("")
	must(t, err)
	t.Setenv("PG_BINDIR", want)
	got, err := BinDir("")
	must(t, err)
	if got != want {
		t.Errorf("BinDir is %s, want %s", got, want)
	}
	t.Setenv("PG_BINDIR", t.TempDir())
	if _, err := BinDir(""); err == nil || !strings.Contains(err.Error(), "PG_BINDIR") {
		t.Errorf("a wrong PG_BINDIR is answered with %v", err)
	}
}

func TestDSN(t *testing.T) {
	t.Parallel()
	cfg, err := pgx.ParseConfig(dsn("host", `/a b/c'd\e`, "dbname", `Häfen & 'Zoll'`, "user", role, "password", "", "sslmode", "disable"))
	must(t, err)
	if cfg.Host != `/a b/c'd\e` || cfg.Database != `Häfen & 'Zoll'` || cfg.User != role {
		t.Errorf("read back as %q %q %q", cfg.Host, cfg.Database, cfg.User)
	}
}

func TestStartCanBeGivenUp(t *testing.T) {
	t.Parallel()
	dir := room(t)
	lock, err := lockFolder(t.Context(), dir)
	must(t, err)
	defer func() { must(t, lock.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, Config{Dir: dir}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the start says %v", err)
	}
}
