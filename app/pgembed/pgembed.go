// Package pgembed runs a private PostgreSQL cluster, so that the portal, its demo and its
// tests have a real database on a machine where nobody set one up.
//
// It needs the server programs on the machine (BinDir finds them) and downloads nothing.
// Production does not use it: there the operator names a database with DATABASE_URL.
//
// One process owns the server: the one that started it. The server ends with its owner,
// even when the owner is killed. Another portal on the same folder adopts the running
// server and, with Keep, takes over when the owner ends.
//
// What is where, with Config.Dir as dir and the cluster itself in root (usually the same):
//
//	dir/lock           held while a start, a restart or a removal is under way
//	dir/postgres.log   what initdb and the server say; one older file is kept
//	dir/location       names root when it is not dir; "from" beside root names dir
//	dir/port           the TCP port used last, dir/password the TCP password (0600)
//	root/data          the cluster; root/data.broken-* what an unknown hand left half done
//	root/in-use        locked by the server and its processes as long as one of them lives
//	root/owner         the process that started the server
//	root/socket        the unix socket, mode 0700; in the temporary folder if the path is too long
package pgembed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

const (
	role     = "portal"        // the cluster's superuser
	patience = 2 * time.Minute // for one start, crash recovery included
	tries    = 5               // how often a server that gives up is started again
)

// errGone means that the cluster's files were taken away under a running portal. A restart
// must not answer that with an empty database.
var errGone = errors.New("the database files are gone")

// Config says where the cluster lives and how it is reached.
type Config struct {
	Dir      string       // the cluster's own folder, made on first use, for example "var/pg"
	Database string       // made when it is missing; "portal" when empty
	TCP      bool         // DSN goes to a port on 127.0.0.1, with a password, not to the socket
	Args     []string     // more arguments for the server, for example "-c", "fsync=off" in tests
	Log      *slog.Logger // nil: silent
}

// Cluster is a running private server, ours or adopted. Its methods may be called from
// several goroutines.
type Cluster struct {
	cfg  Config
	site site
	bin  string

	stopping chan struct{} // closed by the first Stop
	stopOnce sync.Once
	change   sync.Mutex // a restart and a stop do not overlap

	mu     sync.Mutex // guards what follows
	dsn    string
	port   string  // the port of this cluster's life; empty before the first start
	server *server // nil: the server belongs to another process
	lost   <-chan struct{}
	since  time.Time // when this server answered first
}

// Start brings the cluster up, making it on first use, and returns when it answers.
// A server that already runs there is adopted. ctx limits the start only.
//
// Errors: ErrNoServer when the machine has no server programs, VersionError when they do
// not fit the cluster's files; others name the act and quote the server's log.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	if cfg.Dir == "" {
		return nil, errors.New("start the private database: no folder is named")
	}
	if cfg.Database == "" {
		cfg.Database = "portal"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cluster{cfg: cfg, stopping: make(chan struct{})}
	if err := c.first(ctx); err != nil {
		return nil, fmt.Errorf("start the private database: %w", err)
	}
	return c, nil
}

func (c *Cluster) first(ctx context.Context) (err error) {
	dir, err := folder(c.cfg.Dir)
	if err != nil {
		return err
	}
	lock, err := lockFolder(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if c.site, err = settle(dir, c.cfg.Log); err != nil {
		return err
	}
	version, err := c.site.version()
	if err != nil {
		return err
	}
	if c.bin, err = BinDir(version); err != nil {
		return err
	}
	if err := c.site.as.canRun(c.bin); err != nil {
		return err
	}
	return c.rise(ctx, true)
}

// DSN is the connection string of the database, for the superuser "portal". It stays the
// same through restarts.
func (c *Cluster) DSN() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dsn
}

// Owned reports whether this process started the server, so that the server ends with it.
// It can change in Keep: an adopter that takes over becomes the owner.
func (c *Cluster) Owned() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server != nil
}

// Lost returns a channel that is closed when the present server is gone and nobody called
// Stop here: it was killed, or the process that owns it ended. After a restart by Keep
// there is a new server and a new channel.
func (c *Cluster) Lost() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

// Stop ends a server that this process started: it asks for a fast shutdown, then for an
// immediate one, then kills it. A server of another process goes on. Stop may be called
// again; it ends Keep.
func (c *Cluster) Stop() error {
	c.stopOnce.Do(func() { close(c.stopping) })
	c.change.Lock()
	defer c.change.Unlock()
	c.mu.Lock()
	s := c.server
	c.mu.Unlock()
	if s == nil {
		return nil
	}
	if err := s.stop(c.cfg.Log); err != nil {
		return fmt.Errorf("stop the private database: %w", err)
	}
	return nil
}

// Keep brings the server back, at the same address, whenever it is lost. It returns nil
// when ctx ends or Stop is called, and an error when there is no way back: the files are
// gone, or the address had to change.
func (c *Cluster) Keep(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-c.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	pause := time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.Lost():
		}
		c.mu.Lock()
		lived := time.Since(c.since)
		c.mu.Unlock()
		if lived > time.Minute {
			pause = 0 // it was well for a while: start again at once
		}
		c.cfg.Log.Warn("the private database has gone; starting it again", "dir", c.site.dir)
		for {
			if sleep(ctx, pause) != nil {
				return nil
			}
			pause = min(2*pause+100*time.Millisecond, 5*time.Second)
			err := c.again(ctx)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, errGone) || errors.Is(err, errMoved) {
				return fmt.Errorf("bring the private database back: %w", err)
			}
			c.cfg.Log.Error("the private database does not come back; trying again", "error", err)
		}
	}
}

func (c *Cluster) again(ctx context.Context) (err error) {
	c.change.Lock()
	defer c.change.Unlock()
	if err := ctx.Err(); err != nil {
		return err // Stop came first
	}
	if _, err := os.Stat(c.site.dir); errors.Is(err, os.ErrNotExist) {
		return errGone
	}
	lock, err := lockFolder(ctx, c.site.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return c.rise(ctx, false)
}

// rise adopts the server that runs or starts one, until one answers. The caller holds the
// folder's lock. A missing cluster is made only when create is set.
func (c *Cluster) rise(ctx context.Context, create bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begin, starts := time.Now(), 0
	for {
		pm, live, err := c.site.postmaster()
		if err != nil {
			return err
		}
		if live {
			err = c.adopt(ctx, pm)
		} else {
			// Processes of a server that died may still be leaving; hurry them up.
			if err := evict(c.site.data(), time.Since(begin) > 5*time.Second); err != nil {
				return err
			}
			err = c.launch(ctx, create)
		}
		pause := 50 * time.Millisecond
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errWait):
		case errors.Is(err, errExited):
			if starts++; starts == tries {
				return err
			}
			pause = 300 * time.Millisecond // a lost race for the port, most likely
		default:
			return err
		}
		if sleep(ctx, pause) != nil {
			return fmt.Errorf("%w (gave up after %s)", err, time.Since(begin).Round(time.Second))
		}
	}
}

// install makes s, or with nil a server of another process, the cluster's present server.
// gone is closed when that server is gone.
func (c *Cluster) install(s *server, dsn, port string, gone <-chan struct{}) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dsn != "" && c.dsn != dsn {
		return fmt.Errorf("%w, to port %s", errMoved, port)
	}
	lost := make(chan struct{})
	go func() {
		select {
		case <-c.stopping:
		case <-gone:
			select {
			case <-c.stopping:
			default:
				close(lost)
			}
		}
	}()
	c.dsn, c.port, c.server, c.lost, c.since = dsn, port, s, lost, time.Now()
	return nil
}

// sleep waits for d or for the end of ctx, whose error it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return ctx.Err()
	}
}
