//go:build linux && !production

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/scale"
)

// This test program is the twin too when the bench starts it.
func TestMain(m *testing.M) {
	if os.Getenv("BENCH_TWIN") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestBench runs the whole bench at a small size, with every foreign key checked. How
// fast something is is not asserted.
func TestBench(t *testing.T) {
	t.Parallel()
	portal := filepath.Join(t.TempDir(), "portal")
	build := exec.Command("go", "build", "-o", portal, "../portal")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the portal: %v\n%s", err, out)
	}
	var rows, log bytes.Buffer
	b := bench{portal: portal, scale: scale.Size{Open: 60, Others: 3, Specialists: 6, Checked: true}, pace: pace{rounds: 1, requests: 8}, submits: 3, seconds: 1, checked: checkSizes{few: 50, many: 200, most: 400, bulk: 300, window: 100 * time.Millisecond, rounds: 1}, imported: 2000, out: &rows, log: &log}
	missed, err := b.run(context.Background())
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	failed := 0
	names := map[string]bool{}
	for line := range strings.Lines(rows.String()) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 || f[4] != "pass" && f[4] != "fail" {
			t.Errorf("not a row of five: %q", line)
			continue
		}
		names[f[0]] = true
		if f[4] == "fail" {
			failed++
			if f[2] == "statements per page" {
				t.Errorf("too many statements: %q", line)
			}
		}
	}
	if failed != missed {
		t.Errorf("%d rows fail and %d goals are counted as missed", failed, missed)
	}
	for _, want := range []string{"sign-in to home", "company home", "queue, all 12,000 open", "search by a misspelt name", "submit", "autosave, 50 people", "recorded check, 30 connections", "list of 100,000 checks beside one SQL statement", "review screen, 50 people, beside little data", "memory of an import", "figures of a company with 1,000,000 entries"} {
		if !names[want] {
			t.Errorf("no figure for %q", want)
		}
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	if m := median([]float64{9, 1, 2}); m != 2 {
		t.Errorf("median of three: %v", m)
	}
	if m := median([]float64{1, 2, 4, 9}); m != 3 {
		t.Errorf("median of four: %v", m)
	}
}
