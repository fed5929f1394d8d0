package benefit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSweepForgetsStrayFiles: a portal that is killed while a company brings a file leaves it
// behind; it goes after a day, and what an import needs stays.
func TestSweepForgetsStrayFiles(t *testing.T) {
	w := newWorld(t)
	needed := w.bring(w.ann, "ace_es003", "Entry number,Line,Entry date\nABC-0000001-1,1,02/01/2026\n")
	spool := func() string {
		o, err := w.Evidence.Spool(w.Ctx, w.ann, strings.NewReader("a,b\n"), 100)
		w.Must(err)
		return o.Name
	}
	stray, fresh := spool(), spool()
	old := time.Now().Add(-25 * time.Hour)
	file := func(name string) string {
		return filepath.Join(w.Evidence.Store.Local(), filepath.FromSlash(name))
	}
	for _, name := range []string{stray, needed.BlobKey} {
		w.Must(os.Chtimes(file(name), old, old))
	}
	for _, want := range []int{1, 0} {
		if n, err := w.s.Sweep(w.Ctx); err != nil || n != want {
			t.Errorf("%d files are forgotten, not %d: %v", n, want, err)
		}
	}
	for name, want := range map[string]bool{stray: false, fresh: true, needed.BlobKey: true} {
		if there, err := w.Evidence.Store.Has(w.Ctx, name); err != nil || there != want {
			t.Errorf("%s is there: %v %v", name, there, err)
		}
	}
}
