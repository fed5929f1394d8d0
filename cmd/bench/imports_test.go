package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/apptest"
)

// An import is measured beside both plain COPYs, and says how long it took and its memory.
func TestImports(t *testing.T) {
	t.Parallel()
	server, end, err := apptest.StartServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	}()
	dir, err := os.MkdirTemp("", "portal-bench-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var rows, log bytes.Buffer
	b := bench{dir: dir, begin: time.Now(), out: &rows, log: &log}
	if err := b.imports(t.Context(), server, 4000); err != nil {
		t.Fatal(err)
	}
	t.Log(rows.String() + log.String())
	for _, want := range []string{"import of 4,000 entry lines: ", " MB", "to the same indexes: ", "(goal 3.0)", "to a table without an index: "} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("nothing is said of %q", want)
		}
	}
	for _, want := range []string{"import of 4,000 entry lines beside a plain COPY to the same indexes\t", "\ttimes as long\t<= 3\t", "memory of an import\t", "\tMB\t<= 200\t"} {
		if !strings.Contains(rows.String(), want) {
			t.Errorf("no figure for %q", want)
		}
	}
}
