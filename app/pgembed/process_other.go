//go:build unix && !linux

package pgembed

import "syscall"

// dieWithParent does nothing here: a server outlives a killed portal, and the next portal
// adopts it.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}

// serves reports whether there is a process pid, which is what PostgreSQL itself asks.
func serves(pid int, _ string) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM
}

// parentOf is not known here.
func parentOf(int) (parent int, known bool) { return 0, false }

// evict leaves the processes of a dead server to notice by themselves.
func evict(string, bool) error { return nil }
