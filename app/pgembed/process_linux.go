package pgembed

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent makes a process get the signal when the thread that starts it ends.
func dieWithParent(attr *syscall.SysProcAttr, signal syscall.Signal) { attr.Pdeathsig = signal }

// serves reports whether process pid is a PostgreSQL server on the data folder. A number
// alone proves nothing: after a crash or a reboot a stranger has it.
func serves(pid int, data string) bool {
	proc := "/proc/" + strconv.Itoa(pid)
	cwd, err := os.Readlink(proc + "/cwd")
	if errors.Is(err, os.ErrPermission) {
		// Root in a container may not look into other users' processes. The command line is
		// open to all: a server's own names its folder, and its processes show its name.
		line, err := os.ReadFile(proc + "/cmdline")
		args := bytes.Split(line, []byte{0})
		return err == nil && (bytes.HasPrefix(line, []byte("postgres: "+name(data)+":")) ||
			filepath.Base(string(args[0])) == "postgres" && bytes.Contains(line, []byte("\x00"+data+"\x00")))
	}
	if err != nil || cwd != data {
		return false
	}
	exe, err := os.Readlink(proc + "/exe")
	// An update of the package deletes the program under the running server. A zombie has
	// no program any more.
	return err == nil && strings.TrimSuffix(filepath.Base(exe), " (deleted)") == "postgres"
}

// parentOf tells which process is the parent of pid.
func parentOf(pid int) (parent int, known bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	// "pid (name) state parent …", and the name may hold anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 2 {
		return 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return parent, err == nil
}

// evict ends the processes that a dead server, or one whose folder was deleted, left on the
// data folder: it tells them to quit, or with force kills them. They have nothing left to
// save, as all that was committed is in the log.
func evict(data string, force bool) error {
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return fmt.Errorf("look for processes of a dead server: %w", err)
	}
	signal := syscall.SIGQUIT
	if force {
		signal = syscall.SIGKILL
	}
	for _, proc := range procs {
		pid, err := strconv.Atoi(filepath.Base(proc))
		if err != nil {
			continue // not a process
		}
		if !serves(pid, data) && !serves(pid, data+" (deleted)") {
			continue
		}
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end process %d of a dead server: %w", pid, err)
		}
	}
	return nil
}
