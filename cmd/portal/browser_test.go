//go:build browser

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestBrowser starts the real program with the demo on free ports and walks it in a
// real browser, checking every page with axe and html-validate (.ci/tools/walk.mjs).
func TestBrowser(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 27*time.Minute)
	defer cancel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	base, env := startDemo(t, root)
	args := []string{filepath.Join(root, ".ci/tools/walk.mjs"), base}
	if dir := os.Getenv("PORTAL_SCREENSHOTS"); dir != "" {
		args = append(args, dir)
	}
	walk := exec.CommandContext(ctx, "node", args...)
	walk.Env = env
	out, err := walk.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("the walk found problems: %v", err)
	}
}

// startDemo starts the demo and returns its address, and the environment in which other
// commands of the program find it.
func startDemo(t *testing.T, root string) (base string, env []string) {
	t.Helper()
	data, err := os.MkdirTemp("", "portal-browser-")
	if err != nil {
		t.Fatal(err)
	}
	port := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	}
	own := port()
	base = "http://localhost:" + own
	c := exec.Command(filepath.Join(root, "bin/portal"), "demo") // ends in Cleanup, after ctx
	c.Env = append(os.Environ(), "PORTAL_ENV=dev", "PORTAL_DATA="+data, "PORTAL_ADDR=127.0.0.1:"+own, "PORTAL_BASE_URL="+base,
		"PORTAL_METRICS_ADDR=127.0.0.1:"+port(), "PORTAL_DEMO_IDP_ADDR=127.0.0.1:"+port(), "DATABASE_URL=")
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("stop the portal: %v", err)
		}
		if err := c.Wait(); err != nil {
			t.Errorf("the portal did not end well: %v", err)
		}
		reset := exec.Command(filepath.Join(root, "bin/portal"), "reset")
		reset.Env = append(os.Environ(), "PORTAL_ENV=dev", "PORTAL_DATA="+data, "DATABASE_URL=")
		if out, err := reset.CombinedOutput(); err != nil {
			t.Errorf("remove the database: %v: %s", err, out)
		}
		if err := os.RemoveAll(data); err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(8 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if r, err := http.Get(base + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return base, append(c.Env, "PORTAL_BINARY="+c.Path)
			}
		}
	}
	t.Fatal("the portal does not answer within a minute")
	return "", nil
}
