package pgembed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that the server runs as when we are root, which PostgreSQL refuses
// to be. A nil account means ourselves.
type account struct {
	name     string
	uid, gid int
}

// serverAccount picks the user: the one who owns the cluster's files, else the one who
// owns the folder (someone said sudo in a checkout of their own), else postgres or nobody.
func serverAccount(dir, data string) (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, path := range []string{data, dir} {
		uid, gid, err := owner(path)
		if errors.Is(err, os.ErrNotExist) || err == nil && uid == 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		// initdb wants a user with an entry; an owner without one comes from outside a container.
		if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
			return &account{name: u.Username, uid: uid, gid: gid}, nil
		}
		if path == data {
			return &account{name: "number " + strconv.Itoa(uid), uid: uid, gid: gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue // npm's programs alone bring no user postgres
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, fmt.Errorf("read the number of user %s: %w", name, err)
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, fmt.Errorf("read the group of user %s: %w", name, err)
		}
		return &account{name: name, uid: uid, gid: gid}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody: start the portal as another user")
}

// attr makes a process run as the account, in a group of its own, so that Ctrl-C in the
// terminal reaches the portal alone, which then stops the server in order.
func (a *account) attr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// canEnter reports whether the account can reach the folder. It tries, because the mode
// bits of all parents do not tell the whole truth.
func (a *account) canEnter(dir string) (bool, error) {
	path, err := exec.LookPath("true")
	if err != nil {
		return false, fmt.Errorf("try folder %s: %w", dir, err)
	}
	cmd := exec.Command(path)
	cmd.Dir, cmd.SysProcAttr = dir, a.attr()
	switch err := cmd.Run(); {
	case err == nil:
		return true, nil
	case errors.Is(err, os.ErrPermission):
		return false, nil
	default:
		return false, fmt.Errorf("try folder %s as user %s: %w", dir, a.name, err)
	}
}

// canRun returns an error when the account cannot run the server's programs.
func (a *account) canRun(bin string) error {
	cmd := exec.Command(filepath.Join(bin, "postgres"), "--version")
	cmd.Dir, cmd.SysProcAttr = "/", a.attr()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run the server's programs in %s as the user of the database: %w", bin, err)
	}
	return nil
}

// give hands a file or folder that we made to the account.
func (a *account) give(path string) error {
	if a == nil {
		return nil
	}
	if err := os.Lchown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("give %s to user %s: %w", path, a.name, err)
	}
	return nil
}

// is reports whether uid is the account's, or ours when there is none.
func (a *account) is(uid int) bool {
	if a == nil {
		return uid == os.Geteuid()
	}
	return uid == a.uid
}

// owner tells who owns the file or folder itself, not what a link points to.
func owner(path string) (uid, gid int, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, 0, fmt.Errorf("find the owner of %s: %w", path, err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, fmt.Errorf("find the owner of %s: this system does not tell", path)
	}
	return int(st.Uid), int(st.Gid), nil
}

// inherit gives what root made to the owner of its folder, so that "sudo" in a person's
// checkout leaves nothing behind that the person cannot use or delete.
func inherit(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := owner(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err := os.Lchown(path, uid, gid); err != nil {
		return fmt.Errorf("give %s to the owner of its folder: %w", path, err)
	}
	return nil
}
