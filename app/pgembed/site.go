package pgembed

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	socketLimit = 80                       // bytes; the kernel takes 107 with the socket's own name
	library     = "/var/lib/trustedtrader" // clusters of folders that the server's user cannot reach
	brokenKept  = 3                        // half-made clusters set aside
)

// ErrRunning means that a server runs on the cluster that was to be removed.
var ErrRunning = errors.New("a server runs on this database: stop the portal first")

// site is where a cluster lives and who runs it.
type site struct {
	dir    string   // Config.Dir, absolute and without links
	root   string   // the folder of the cluster: dir, or one that the server's user can reach
	socket string   // the folder of the unix socket
	as     *account // nil: the server runs as ourselves
}

func (s site) data() string { return filepath.Join(s.root, "data") }

// folder makes dir with its parents and returns its real path.
func folder(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find folder %s: %w", dir, err)
	}
	if err := mkdirs(abs); err != nil {
		return "", err
	}
	// The server reports its folder without links, and we compare.
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return "", fmt.Errorf("find folder %s: %w", dir, err)
	}
	return abs, nil
}

// mkdirs is os.MkdirAll for folders that the server's user must be able to pass, whatever
// the umask, and that belong to the owner of the folder they are in.
func mkdirs(path string) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("make folder %s: a file has this name", path)
		}
		return nil
	}
	if parent := filepath.Dir(path); parent != path {
		if err := mkdirs(parent); err != nil {
			return err
		}
	}
	switch err := os.Mkdir(path, 0o755); {
	case errors.Is(err, os.ErrExist): // another start was faster
		return nil
	case err != nil:
		return fmt.Errorf("make the database's folder: %w", err)
	}
	if err := os.Chmod(path, 0o755); err != nil {
		return fmt.Errorf("open folder %s to the server's user: %w", path, err)
	}
	return inherit(path)
}

// lockFolder waits until no other process starts, restarts or removes the cluster of dir.
// Closing the file ends the lock, and so does the end of the process.
func lockFolder(ctx context.Context, dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	for {
		f, err := openFile(path, os.O_RDWR|os.O_CREATE)
		if errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("the database in %s belongs to another user: start the portal as that user, or in another folder: %w", dir, err)
		}
		if err != nil {
			return nil, fmt.Errorf("lock the database's folder: %w", err)
		}
		got, err := tryLock(f)
		if err == nil && got {
			// Remove deletes the lock with the folder: a lock on a deleted file excludes nobody.
			var mine, there fs.FileInfo
			if mine, err = f.Stat(); err == nil {
				if there, err = os.Stat(path); err == nil && os.SameFile(mine, there) {
					return f, nil
				}
			}
			if errors.Is(err, os.ErrNotExist) {
				err = mkdirs(dir)
			}
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("lock the database's folder: %w", err)
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return nil, fmt.Errorf("wait for another start in %s: %w", dir, err)
		}
	}
}

// tryLock locks f unless another process, or another open of the file, has it locked.
func tryLock(f *os.File) (bool, error) {
	for {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
}

// openFile opens a private file of ours and never follows a link somebody put in its place.
func openFile(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a file of the database: %w", err)
	}
	if err := inherit(path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// writeFile replaces a small file at once or not at all.
func writeFile(path, text string, mode os.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Chmod(mode), f.Close(), inherit(f.Name())); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// settle finds or chooses the place of dir's cluster. As root that can be another folder:
// the server's user often cannot pass through root's own.
func settle(dir string, log *slog.Logger) (site, error) {
	s := site{dir: dir, root: dir}
	var err error
	here, err := exists(s.data())
	if err != nil {
		return s, err
	}
	if os.Geteuid() == 0 && !here {
		for _, root := range elsewhere(dir) {
			if there, err := trusted(root); err != nil {
				return s, err
			} else if there {
				s.root = root
				break
			}
		}
	}
	if s.as, err = serverAccount(dir, s.data()); err != nil {
		return s, err
	}
	if s.as != nil {
		if err := s.reach(here); err != nil {
			return s, err
		}
	}
	if s.root != dir {
		log.Info("the server's user cannot reach the folder, so the database is elsewhere", "dir", dir, "database", s.root)
		if err := writeFile(filepath.Join(dir, "location"), s.root+"\n", 0o644); err != nil {
			return s, err
		}
		// For whoever finds it there when dir was deleted without Remove.
		if err := writeFile(filepath.Join(filepath.Dir(s.root), "from"), dir+"\n", 0o644); err != nil {
			return s, err
		}
	}
	s.socket, err = s.socketFolder()
	return s, err
}

// reach makes sure that the server's user can enter the cluster's folder, or chooses
// another for a cluster that is not made yet.
func (s *site) reach(made bool) error {
	ok, err := s.as.canEnter(s.root)
	if err != nil || ok {
		return err
	}
	if uid, _, err := owner(s.root); err != nil {
		return err
	} else if uid == os.Geteuid() {
		// The folder is ours alone (a temporary one, say): let the server pass, not look.
		info, err := os.Stat(s.root)
		if err != nil {
			return fmt.Errorf("open folder %s to user %s: %w", s.root, s.as.name, err)
		}
		if err := os.Chmod(s.root, info.Mode().Perm()|0o111); err != nil {
			return fmt.Errorf("open folder %s to user %s: %w", s.root, s.as.name, err)
		}
		if ok, err = s.as.canEnter(s.root); err != nil || ok {
			return err
		}
	}
	if made || s.root != s.dir {
		// A new cluster elsewhere would look like the loss of all data.
		return fmt.Errorf("the database in %s is there, but user %s can no longer reach it: let others pass through the folders above it (chmod o+x)", s.data(), s.as.name)
	}
	var failed []error
	for _, root := range elsewhere(s.dir) {
		err := mkdirs(root)
		if err == nil {
			err = onlyOurs(filepath.Dir(root))
		}
		if err == nil {
			ok, err = s.as.canEnter(root)
		}
		if err == nil && ok {
			s.root = root
			return nil
		}
		failed = append(failed, err)
	}
	return fmt.Errorf("user %s cannot reach %s, and there is no other place for the database: %w", s.as.name, s.dir, errors.Join(failed...))
}

// name is what a server on the data folder calls itself in the list of processes.
func name(data string) string { return "trustedtrader-" + mark(strings.TrimSuffix(data, " (deleted)")) }

// mark is a short name that stands for dir wherever its own path cannot be used.
func mark(dir string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(dir)))[:12]
}

// elsewhere lists the places of a cluster that cannot be in dir, the best first.
func elsewhere(dir string) []string {
	return []string{
		filepath.Join(library, mark(dir), "pg"),
		filepath.Join(os.TempDir(), "trustedtrader-"+mark(dir), "pg"),
	}
}

// trusted reports whether a cluster is in root and nobody but root could have put it there;
// the temporary folder is open to all.
func trusted(root string) (bool, error) {
	if there, err := exists(filepath.Join(root, "data")); err != nil || !there {
		return false, err
	}
	return true, onlyOurs(filepath.Dir(root))
}

// onlyOurs returns an error when another user owns the folder or may write to it.
func onlyOurs(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("check folder %s: %w", dir, err)
	}
	uid, _, err := owner(dir)
	if err != nil {
		return err
	}
	if uid != os.Geteuid() || !info.IsDir() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("another user can write to %s: delete it or move it away", dir)
	}
	return nil
}

// socketFolder makes the private folder of the unix socket. It is in the temporary folder
// when the cluster's own path is too long for a socket, or has characters that a list of
// addresses cannot hold.
func (s site) socketFolder() (string, error) {
	path := filepath.Join(s.root, "socket")
	if len(path) > socketLimit || strings.ContainsAny(path, "\t\n \"',\\") {
		path = spareSocket(s.dir)
	}
	switch err := os.Mkdir(path, 0o700); {
	case err == nil:
		if err := s.as.give(path); err != nil {
			return "", err
		}
	case !errors.Is(err, os.ErrExist):
		return "", fmt.Errorf("make the socket's folder: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return "", fmt.Errorf("check the socket's folder: %w", err)
	}
	uid, _, err := owner(path)
	if err != nil {
		return "", err
	}
	if uid == os.Geteuid() && s.as != nil { // we were interrupted before giving it away
		if err := s.as.give(path); err != nil {
			return "", err
		}
		uid = s.as.uid
	}
	if !s.as.is(uid) || !info.IsDir() {
		return "", fmt.Errorf("the socket's folder %s belongs to another user: delete it", path)
	}
	if err := os.Chmod(path, 0o700); err != nil {
		return "", fmt.Errorf("close the socket's folder to others: %w", err)
	}
	return path, nil
}

func spareSocket(dir string) string {
	tmp := os.TempDir()
	if len(tmp) > socketLimit/2 {
		tmp = "/tmp"
	}
	return filepath.Join(tmp, "trustedtrader-"+mark(dir)+"-socket")
}

// version is the major version that made the cluster; empty when there is no whole cluster.
func (s site) version() (string, error) {
	b, err := os.ReadFile(filepath.Join(s.data(), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if errors.Is(err, os.ErrPermission) {
		return "", fmt.Errorf("the database in %s belongs to another user: start the portal as that user, or in another folder: %w", s.data(), err)
	}
	if err != nil {
		return "", fmt.Errorf("read the database's version: %w", err)
	}
	if whole, err := exists(filepath.Join(s.data(), "global", "pg_control")); err != nil || !whole {
		return "", err
	}
	return strings.TrimSpace(string(b)), nil
}

func exists(path string) (bool, error) {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return true, nil
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	default:
		return false, fmt.Errorf("look for %s: %w", path, err)
	}
}

// Remove deletes the cluster of dir with all its data, wherever it lives, and dir itself
// when nothing else is in it. It refuses with ErrRunning while a server runs there, and
// takes a cluster that is not there as removed.
func Remove(dir string) (err error) {
	dir, err = folder(dir)
	if err != nil {
		return fmt.Errorf("remove the private database: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	lock, err := lockFolder(ctx, dir)
	if err != nil {
		return fmt.Errorf("remove the private database: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	roots := append([]string{dir}, elsewhere(dir)...)
	for _, root := range roots {
		s := site{dir: dir, root: root}
		if used, err := s.used(); err != nil {
			return fmt.Errorf("remove the private database: %w", err)
		} else if used {
			return fmt.Errorf("remove the private database in %s: %w", root, ErrRunning)
		}
	}
	doomed := []string{spareSocket(dir)}
	for _, root := range roots[1:] {
		doomed = append(doomed, filepath.Dir(root))
	}
	// Only what we made: the folder could hold other things as well. The lock goes last.
	for _, name := range []string{"data", "data.broken-*", "init-*", ".new-*", "socket", "pg_hba.conf", "in-use", "owner",
		"location", "port", "password", "postgres.log", "postgres.log.1", "lock"} {
		paths, err := filepath.Glob(filepath.Join(escape(dir), name))
		if err != nil {
			return fmt.Errorf("remove the private database: %w", err)
		}
		doomed = append(doomed, paths...)
	}
	for _, path := range doomed {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove the private database: %w", err)
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, syscall.EBUSY) {
		return fmt.Errorf("remove the private database: %w", err)
	}
	return nil
}

// escape makes a path safe as the beginning of a glob pattern.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
