package pgembed

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	socketPort = "5432"   // without TCP: the socket's folder is private, so no port can clash
	logLimit   = 10 << 20 // bytes of postgres.log before it is set aside
)

// How an attempt to adopt or launch a server can fail without being the end.
var (
	errWait   = errors.New("an earlier server on this database has not ended yet")
	errExited = errors.New("the server gave up")
	errMoved  = errors.New("the database's address has changed")
)

// hba lets in whoever can open the private socket, and over TCP whoever knows the password.
const hba = `# Written by the portal at each start.
local all         all              trust
local replication all              trust
host  all         all 127.0.0.1/32 scram-sha-256
host  all         all ::1/128      scram-sha-256
`

// postmaster is what a server writes about itself into its data folder.
type postmaster struct {
	pid            int
	port           string
	socket, listen string // the first of each; listen is empty without TCP
	ready          bool
}

// postmaster reads the server's own notes. live is false when there are none or they are
// stale: the process is gone, or a stranger has its number now.
func (s site) postmaster() (pm postmaster, live bool, err error) {
	b, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return pm, false, nil
	}
	if err != nil {
		return pm, false, fmt.Errorf("read who runs the database: %w", err)
	}
	lines := strings.Split(string(b), "\n")
	if pm.pid, err = strconv.Atoi(strings.TrimSpace(lines[0])); err != nil || !serves(pm.pid, s.data()) {
		return pm, false, nil // cut off by a crash, or stale
	}
	if len(lines) > 7 {
		pm.port, pm.socket, pm.listen = lines[3], lines[4], lines[5]
		pm.ready = strings.TrimSpace(lines[7]) == "ready"
	}
	return pm, true, nil
}

// used reports whether any process of a server still works on the cluster.
func (s site) used() (bool, error) {
	if _, live, err := s.postmaster(); err != nil || live {
		return live, err
	}
	if there, err := exists(filepath.Join(s.root, "in-use")); err != nil || !there {
		return false, err
	}
	f, err := s.reserve()
	if errors.Is(err, errWait) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, f.Close()
}

// reserve takes the lock that a server and all its processes hold while they live, or
// returns errWait. The server inherits the open file. So two servers never work on one
// cluster, even from two containers that do not see each other's processes.
func (s site) reserve() (*os.File, error) {
	f, err := openFile(filepath.Join(s.root, "in-use"), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	got, err := tryLock(f)
	if err == nil && !got {
		err = fmt.Errorf("%w: its processes hold %s", errWait, f.Name())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// adopt connects to the server that another process started. It returns errWait while that
// server is not ready or is about to end.
func (c *Cluster) adopt(ctx context.Context, pm postmaster) error {
	orphan, err := c.site.orphan(pm.pid)
	if err != nil {
		return err
	}
	if orphan || !pm.ready {
		return fmt.Errorf("%w (process %d)", errWait, pm.pid)
	}
	if c.cfg.TCP && pm.listen == "" {
		return errors.New("the running server was started without a TCP port: stop the other portal first, or go without TCP here")
	}
	conn, err := connect(ctx, pm.socket, pm.port)
	if err != nil {
		return fmt.Errorf("%w (process %d does not answer: %w)", errWait, pm.pid, err)
	}
	dsn, err := c.prepare(ctx, conn, pm.socket, pm.port)
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return err
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for tick := time.NewTicker(200 * time.Millisecond); ; {
			select {
			case <-c.stopping:
				tick.Stop()
				return
			case <-tick.C:
				if !serves(pm.pid, c.site.data()) {
					tick.Stop()
					return
				}
			}
		}
	}()
	c.cfg.Log.Info("using the private database that another process runs", "process", pm.pid, "database", c.site.root)
	return c.install(nil, dsn, pm.port, gone)
}

// orphan reports whether the process that started the server has ended, so that the server
// is about to end too. Of a server that a person started by hand we know nothing.
func (s site) orphan(pid int) (bool, error) {
	b, err := os.ReadFile(filepath.Join(s.root, "owner"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read who started the server: %w", err)
	}
	var server, portal int
	if n, err := fmt.Sscan(string(b), &server, &portal); err != nil || n != 2 || server != pid {
		return false, nil // a note about an earlier server
	}
	parent, known := parentOf(pid)
	return known && parent != portal, nil
}

// launch starts a server of our own; nobody else's lives. errWait and errExited mean that
// another attempt makes sense.
func (c *Cluster) launch(ctx context.Context, create bool) (err error) {
	s := c.site
	guard, err := s.reserve()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, guard.Close()) }()
	log, err := s.openLog()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	version, err := s.version()
	switch {
	case err != nil:
		return err
	case version == "" && !create:
		return errGone
	case version == "":
		if err := c.create(ctx, log); err != nil {
			return err
		}
	}
	if err := os.Remove(filepath.Join(s.data(), "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the note of a server that is gone: %w", err)
	}
	if err := writeFile(filepath.Join(s.root, "pg_hba.conf"), hba, 0o644); err != nil {
		return err
	}
	port, listen := socketPort, ""
	if c.cfg.TCP {
		listen = "127.0.0.1"
		if port, err = c.choosePort(); err != nil {
			return err
		}
	}
	args := append([]string{"-D", s.data(), "-k", s.socket, "-p", port,
		"-c", "cluster_name=" + name(s.data()),
		"-c", "listen_addresses=" + listen,
		"-c", "unix_socket_permissions=0700",
		"-c", "hba_file=" + filepath.Join(s.root, "pg_hba.conf"),
	}, c.cfg.Args...)
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("find the end of the server's log: %w", err)
	}
	srv, err := s.spawn(filepath.Join(c.bin, "postgres"), args, log, guard)
	if err != nil {
		return err
	}
	dsn, err := c.greet(ctx, srv, port)
	if err == nil {
		err = c.install(srv, dsn, port, srv.exited)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%w%s", err, quote(log, from)), srv.stop(c.cfg.Log))
	}
	c.cfg.Log.Info("started the private database", "process", srv.cmd.Process.Pid, "database", s.root, "tcp", c.cfg.TCP)
	return nil
}

// greet waits until our server answers and makes the database ready for use.
func (c *Cluster) greet(ctx context.Context, srv *server, port string) (string, error) {
	for {
		select {
		case <-srv.exited:
			return "", fmt.Errorf("%w: %w", errExited, srv.err)
		case <-ctx.Done():
			return "", fmt.Errorf("wait for the server: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
		pm, live, err := c.site.postmaster()
		if err != nil {
			return "", err
		}
		if !live || !pm.ready {
			continue
		}
		conn, err := connect(ctx, c.site.socket, port)
		if err != nil {
			return "", fmt.Errorf("connect to the server: %w", err)
		}
		dsn, err := c.prepare(ctx, conn, c.site.socket, port)
		return dsn, errors.Join(err, conn.Close(ctx))
	}
}

// choosePort takes the port of this cluster's life, or the one used last time when it is
// free, or any free one. Another program can still be faster; then the server gives up and
// is started again.
func (c *Cluster) choosePort() (string, error) {
	c.mu.Lock()
	port := c.port
	c.mu.Unlock()
	if port != "" {
		return port, nil
	}
	path := filepath.Join(c.site.dir, "port")
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the port used last: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+strings.TrimSpace("0"+string(b)))
	if err != nil {
		c.cfg.Log.Info("the database's last port is taken; using another", "port", strings.TrimSpace(string(b)))
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return "", fmt.Errorf("find a free port: %w", err)
		}
	}
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err = errors.Join(err, l.Close()); err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return port, writeFile(path, port+"\n", 0o644)
}

// connect opens a session in the database that every cluster has.
func connect(ctx context.Context, host, port string) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return pgx.Connect(ctx, dsn("host", host, "port", port, "user", role, "dbname", "postgres", "sslmode", "disable"))
}

// prepare makes the database, sets the password for TCP, and returns the connection string.
func (c *Cluster) prepare(ctx context.Context, conn *pgx.Conn, socket, port string) (string, error) {
	_, err := conn.Exec(ctx, "create database "+pgx.Identifier{c.cfg.Database}.Sanitize())
	var pe *pgconn.PgError
	if err != nil && !(errors.As(err, &pe) && (pe.Code == "42P04" || pe.Code == "23505")) { // it is there, or just came
		return "", fmt.Errorf("make database %s: %w", c.cfg.Database, err)
	}
	if !c.cfg.TCP {
		return dsn("host", socket, "port", port, "user", role, "dbname", c.cfg.Database, "sslmode", "disable"), nil
	}
	path := filepath.Join(c.site.dir, "password")
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		b = []byte(rand.Text())
		err = writeFile(path, string(b), 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("keep the database's password: %w", err)
	}
	// The text has letters and digits only; a changed one is refused here, not run.
	password := string(b)
	if strings.ContainsAny(password, `'\`) {
		return "", fmt.Errorf("the password in %s has a quote in it: delete the file", path)
	}
	if _, err := conn.Exec(ctx, "alter role "+role+" password '"+password+"'"); err != nil {
		return "", fmt.Errorf("set the database's password: %w", err)
	}
	return dsn("host", "127.0.0.1", "port", port, "user", role, "password", password,
		"dbname", c.cfg.Database, "sslmode", "disable"), nil
}

// dsn writes names and values as a connection string.
func dsn(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		v := pairs[i+1]
		if v == "" || strings.ContainsAny(v, ` '\`) {
			v = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v) + "'"
		}
		fmt.Fprintf(&b, " %s=%s", pairs[i], v)
	}
	return strings.TrimSpace(b.String())
}

// create makes the cluster: in a folder of its own first, so that a whole one appears or
// none at all.
func (c *Cluster) create(ctx context.Context, log *os.File) error {
	s := c.site
	if err := s.clear(c.cfg.Log); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(s.root, "init-")
	if err != nil {
		return fmt.Errorf("make a folder for the new database: %w", err)
	}
	if err := s.as.give(tmp); err != nil {
		return err
	}
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("find the end of the server's log: %w", err)
	}
	// The character type makes lower() know accented letters; sorting stays the plain C one,
	// which no update of the C library changes under an index.
	args := []string{"-D", tmp, "-U", role, "-E", "UTF8", "--locale=C", "--lc-ctype=C.UTF-8",
		"--auth-local=trust", "--auth-host=reject"}
	for _, a := range c.cfg.Args {
		if a == "fsync=off" {
			args = append(args, "--no-sync")
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"), args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.root, environment(), log, log
	cmd.SysProcAttr = s.as.attr()
	dieWithParent(cmd.SysProcAttr, syscall.SIGTERM)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it cleans up after itself
	cmd.WaitDelay = 5 * time.Second
	runtime.LockOSThread() // the death signal follows the thread, see spawn
	err = cmd.Run()
	runtime.UnlockOSThread()
	if err == nil {
		err = os.Rename(tmp, s.data())
	}
	if err == nil {
		err = syncFolder(s.root)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make the database with initdb: %w%s", err, quote(log, from)), os.RemoveAll(tmp))
	}
	return nil
}

// clear makes room for a new cluster: what interrupted starts left is deleted, and a data
// folder that is not a whole cluster is set aside.
func (s site) clear(log *slog.Logger) error {
	left, err := filepath.Glob(filepath.Join(escape(s.root), "init-*"))
	if err != nil {
		return fmt.Errorf("look for interrupted starts: %w", err)
	}
	if there, err := exists(s.data()); err != nil {
		return err
	} else if there {
		aside := s.data() + ".broken-" + time.Now().UTC().Format("20060102T150405.000000")
		if err := os.Rename(s.data(), aside); err != nil {
			return fmt.Errorf("set a broken database aside: %w", err)
		}
		log.Warn("the database's folder was not a whole database and is set aside", "folder", aside)
		broken, err := filepath.Glob(escape(s.data()) + ".broken-*")
		if err != nil {
			return fmt.Errorf("look for broken databases: %w", err)
		}
		// Sorted by name, and so by age.
		left = append(left, broken[:max(0, len(broken)-brokenKept)]...)
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("delete what an interrupted start left: %w", err)
		}
	}
	return nil
}

// syncFolder makes a rename in the folder survive a power cut.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write folder %s to disk: %w", dir, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write folder %s to disk: %w", dir, err)
	}
	return nil
}

// openLog opens the server's log for appending; a long one is set aside first.
func (s site) openLog() (*os.File, error) {
	path := filepath.Join(s.dir, "postgres.log")
	if info, err := os.Lstat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("set the server's old log aside: %w", err)
		}
	}
	return openFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND)
}

// quote returns the end of what was logged since from, for an error message.
func quote(log *os.File, from int64) string {
	info, err := log.Stat()
	if err != nil || info.Size() <= from {
		return "; see " + log.Name()
	}
	from = max(from, info.Size()-2000)
	b, err := io.ReadAll(io.NewSectionReader(log, from, info.Size()-from))
	if err != nil {
		return "; see " + log.Name()
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	lines = lines[max(0, len(lines)-4):]
	return fmt.Sprintf("; see %s, which ends with: %s", log.Name(), bytes.Join(lines, []byte(" / ")))
}

// environment is all that the server's processes see of ours.
func environment() []string {
	return []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
}

// server is a server process that we started.
type server struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has ended
	err    error         // how it ended; read after exited
	data   string
}

// spawn starts a server that holds guard and ends with this process.
func (s site) spawn(program string, args []string, log, guard *os.File) (*server, error) {
	srv := &server{cmd: exec.Command(program, args...), exited: make(chan struct{}), data: s.data()}
	srv.cmd.Dir, srv.cmd.Env, srv.cmd.Stdout, srv.cmd.Stderr = s.root, environment(), log, log
	srv.cmd.ExtraFiles = []*os.File{guard}
	srv.cmd.SysProcAttr = s.as.attr()
	dieWithParent(srv.cmd.SysProcAttr, syscall.SIGINT) // a fast shutdown
	started := make(chan error)
	go func() {
		// The death signal comes when the thread that forked ends, not the process: so this
		// thread stays and waits.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := srv.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		if srv.err = srv.cmd.Wait(); srv.err == nil {
			srv.err = errors.New("it ended by itself")
		}
		close(srv.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	note := fmt.Sprintf("%d %d\n", srv.cmd.Process.Pid, os.Getpid())
	if err := writeFile(filepath.Join(s.root, "owner"), note, 0o644); err != nil {
		return nil, errors.Join(err, srv.stop(slog.New(slog.DiscardHandler)))
	}
	return srv, nil
}

// stop ends the server: fast, then immediately, then by force. The data is safe each time;
// the last two make the next start replay the log.
func (srv *server) stop(log *slog.Logger) error {
	for _, try := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, 10 * time.Second}, {syscall.SIGQUIT, 5 * time.Second}, {syscall.SIGKILL, 5 * time.Second}} {
		if err := srv.cmd.Process.Signal(try.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("signal the server: %w", err)
		}
		select {
		case <-srv.exited:
			if try.signal == syscall.SIGKILL {
				return evict(srv.data, true)
			}
			return nil
		case <-time.After(try.wait):
			log.Warn("the private database is slow to stop", "signal", try.signal.String(), "waited", try.wait)
		}
	}
	return fmt.Errorf("the server (process %d) does not end", srv.cmd.Process.Pid)
}
