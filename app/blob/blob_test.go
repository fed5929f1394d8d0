package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	mrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// stores are a folder and an S3-compatible server, each behind a test of its own.
func stores(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		test(t, folder(t))
	})
	t.Run("s3", func(t *testing.T) {
		t.Parallel()
		test(t, fake(t, nil))
	})
}

func folder(t testing.TB) *Store {
	t.Helper()
	s, err := Open(context.Background(), Settings{Folder: filepath.Join(t.TempDir(), "evidence")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// fake is a store on a server of the test; broken may refuse a request.
func fake(t testing.TB, broken func(http.ResponseWriter, *http.Request) bool) *Store {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("evidence"); err != nil {
		t.Fatal(err)
	}
	inner := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken == nil || !broken(w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	s, err := Open(context.Background(), Settings{Address: "s3://evidence?endpoint=" + server.URL, KeyID: "id", Secret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newKey(t testing.TB) []byte {
	t.Helper()
	k := make([]byte, KeySize)
	if _, err := rand.Read(k); err != nil {
		t.Fatal(err)
	}
	return k
}

// noise is n bytes that look random and are the same every time.
func noise(n int64, seed byte) io.Reader {
	return io.LimitReader(mrand.NewChaCha8([32]byte{seed}), n)
}

func names(t testing.TB, s *Store) (out []string) {
	t.Helper()
	if err := s.each(context.Background(), "", func(e Entry) error { out = append(out, e.Name); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *Store) {
		ctx, key := context.Background(), newKey(t)
		for _, n := range []int64{0, 1, frame - 1, frame, frame + 1, 2 * frame, 2*frame + 7, 11*frame + 3} {
			want, err := io.ReadAll(noise(n, 1))
			if err != nil {
				t.Fatal(err)
			}
			name := NewName("e/")
			// The content comes in odd pieces, as from a network.
			o, err := s.Write(ctx, key, name, iotest.HalfReader(bytes.NewReader(want)), n)
			if err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			sum := sha256.Sum256(want)
			if o.Name != name || o.Size != n || o.SHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("%d bytes: %+v", n, o)
			}
			r, err := s.Open(ctx, key, name)
			if err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			got, err := io.ReadAll(iotest.OneByteReader(io.LimitReader(r, 3)))
			if err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(append(got, rest...), want) || r.Size() != n {
				t.Errorf("%d bytes: read %d with %v", n, len(rest), err)
			}
			for _, at := range []int64{0, n / 2, frame - 3, frame, 2*frame - 1, n - 1, n, n + 5} {
				p := make([]byte, 10)
				m, err := r.ReadAt(p, max(at, 0))
				at = max(at, 0)
				end := min(at+10, n)
				if at > n {
					end = at
				}
				if int64(m) != end-at || at < n && !bytes.Equal(p[:m], want[at:end]) || (m < 10) != errors.Is(err, io.EOF) {
					t.Errorf("%d bytes: %d at %d with %v", n, m, at, err)
				}
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			var b bytes.Buffer
			if r, err = s.Open(ctx, key, name); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(&b, r); err != nil || !bytes.Equal(b.Bytes(), want) {
				t.Errorf("%d bytes: copied %d with %v", n, b.Len(), err)
			}
			_ = r.Close()
		}
		if _, err := s.Open(ctx, newKey(t), names(t, s)[0]); err != nil {
			t.Errorf("opening tells keys apart before reading: %v", err)
		}
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *Store) {
		ctx, key := context.Background(), newKey(t)
		name := NewName("e/")
		if _, err := s.Write(ctx, key, name, strings.NewReader("x"), 1); err != nil {
			t.Fatal(err)
		}
		if there, err := s.Has(ctx, name); !there || err != nil {
			t.Errorf("there: %v %v", there, err)
		}
		for range 2 {
			if err := s.Delete(ctx, name); err != nil {
				t.Errorf("delete: %v", err)
			}
		}
		if there, err := s.Has(ctx, name); there || err != nil {
			t.Errorf("still there: %v %v", there, err)
		}
		if _, err := s.Open(ctx, key, name); !errors.Is(err, ErrMissing) {
			t.Errorf("open: %v", err)
		}
		for range 3 {
			if _, err := s.Write(ctx, key, NewName("u/7f3a/"), strings.NewReader("x"), 1); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := s.DeleteAll(ctx, "u/7f3a/"); err != nil {
				t.Errorf("delete all: %v", err)
			}
		}
		if err := s.DeleteAll(ctx, "u"); err == nil {
			t.Error("deleted what is no folder")
		}
		if err := s.Try(ctx); err != nil {
			t.Errorf("try: %v", err)
		}
		if left := names(t, s); left != nil {
			t.Errorf("left: %v", left)
		}
	})
}

// A change of any kind is noticed before a byte of the frame is given out.
func TestDamageIsNoticed(t *testing.T) {
	t.Parallel()
	s, ctx, key := folder(t), context.Background(), newKey(t)
	const size = 3*frame + 100
	name, other := NewName("e/"), NewName("e/")
	for _, n := range []string{name, other} {
		if _, err := s.Write(ctx, key, n, noise(size, 2), size); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(s.dir, name)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.ReadFile(filepath.Join(s.dir, other))
	if err != nil {
		t.Fatal(err)
	}
	at := func(n int) int { return headSize + n*sealed }
	flip := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 1
		return b
	}
	swap := bytes.Clone(good)
	copy(swap[at(0):at(1)], good[at(1):at(2)])
	copy(swap[at(1):at(2)], good[at(0):at(1)])
	for what, b := range map[string][]byte{
		"nothing at all":                {},
		"the head alone":                good[:headSize],
		"half a head":                   good[:headSize/2],
		"another mark":                  flip(0),
		"a bit of the salt":             flip(10),
		"a bit of the first frame":      flip(at(0) + 5),
		"a bit of the last frame":       flip(at(3) + 5),
		"a bit of a tag":                flip(at(1) - 1),
		"cut in a frame":                good[:at(2)+77],
		"cut after a frame":             good[:at(3)],
		"cut in the last tag":           good[:len(good)-3],
		"the last frame twice":          append(bytes.Clone(good), good[at(3):]...),
		"more at the end":               append(bytes.Clone(good), make([]byte, 20)...),
		"two frames changed places":     swap,
		"a frame left out":              append(bytes.Clone(good[:at(1)]), good[at(2):]...),
		"a frame of another object":     append(append(bytes.Clone(good[:at(1)]), theirs[at(1):at(2)]...), good[at(2):]...),
		"another object under its name": theirs,
	} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := s.Open(ctx, key, name)
		var n int64
		if err == nil {
			n, err = io.Copy(io.Discard, r)
			_ = r.Close()
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: read %d bytes with %v", what, n, err)
		}
		if r, err := s.Open(ctx, key, name); err == nil {
			for off := int64(0); err == nil; off += frame {
				_, err = r.ReadAt(make([]byte, 1), off)
			}
			if !errors.Is(err, ErrDamaged) && what != "more at the end" {
				t.Errorf("%s, anywhere: %v", what, err)
			}
			_ = r.Close()
		}
	}
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, k := range map[string][]byte{"another key": newKey(t)} {
		r, err := s.Open(ctx, k, name)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			_ = r.Close()
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Content is not readable in the folder, and its name says nothing.
func TestContentIsSealed(t *testing.T) {
	t.Parallel()
	s, ctx := folder(t), context.Background()
	secret := strings.Repeat("a secret of the company ", 1000)
	name := NewName("e/")
	if _, err := s.Write(ctx, newKey(t), name, strings.NewReader(secret), 1<<20); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("secret")) {
			t.Errorf("%s is readable", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(name) < 30 || name == NewName("e/") {
		t.Errorf("the name is %q", name)
	}
}

var errDropped = errors.New("the line dropped")

// Whatever ends a write early, nothing is there afterwards.
func TestNothingHalf(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *Store) {
		key := newKey(t)
		for what, c := range map[string]struct {
			r    io.Reader
			most int64
			want error
		}{
			"the line drops":             {io.MultiReader(noise(7*frame, 3), iotest.ErrReader(errDropped)), 100 * frame, errDropped},
			"the body ends too early":    {io.MultiReader(noise(2*frame+9, 3), iotest.ErrReader(io.ErrUnexpectedEOF)), 100 * frame, io.ErrUnexpectedEOF},
			"the line drops at once":     {iotest.ErrReader(errDropped), 5, errDropped},
			"a byte too many":            {noise(frame+1, 3), frame, ErrTooLong},
			"far too many":               {noise(50*frame, 3), 3 * frame, ErrTooLong},
			"the frame's last byte only": {noise(2*frame, 3), 2*frame - 1, ErrTooLong},
		} {
			if _, err := s.Write(context.Background(), key, NewName("e/"), c.r, c.most); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", what, err)
			}
			if left := names(t, s); left != nil {
				t.Errorf("%s: left %v", what, left)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		stop := io.MultiReader(noise(7*frame, 3), readerFunc(func([]byte) (int, error) { cancel(); return 0, io.EOF }))
		if _, err := s.Write(ctx, key, NewName("e/"), stop, 100*frame); err == nil {
			t.Error("a cancelled write succeeded")
		}
		if left := names(t, s); left != nil {
			t.Errorf("cancelled: left %v", left)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// While it is written an object cannot be seen.
func TestWritingIsInvisible(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s *Store) {
		ctx, key, name := context.Background(), newKey(t), NewName("e/")
		looked := false
		look := readerFunc(func([]byte) (int, error) {
			looked = true
			if there, err := s.Has(ctx, name); there || err != nil {
				t.Errorf("there while it is written: %v %v", there, err)
			}
			if err := s.Each(ctx, "", func(e Entry) error { t.Errorf("listed: %s", e.Name); return nil }); err != nil {
				t.Error(err)
			}
			return 0, io.EOF
		})
		if _, err := s.Write(ctx, key, name, io.MultiReader(noise(12*frame, 4), look), 100*frame); err != nil {
			t.Fatal(err)
		}
		if there, err := s.Has(ctx, name); !there || err != nil || !looked {
			t.Errorf("not there afterwards: %v %v", there, err)
		}
	})
}

// A portal that was killed leaves files under temporary names; they go when they are old.
func TestSweep(t *testing.T) {
	t.Parallel()
	s, ctx := folder(t), context.Background()
	name := NewName("e/")
	if _, err := s.Write(ctx, newKey(t), name, strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(s.dir, "e", "zz", "abc.18a.tmp")
	if err := os.MkdirAll(filepath.Dir(dead), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dead, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(ctx, time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("a young one went: %d %v", n, err)
	}
	if n, err := s.Sweep(ctx, time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("swept %d with %v", n, err)
	}
	if left := names(t, s); len(left) != 1 || left[0] != name {
		t.Errorf("left: %v", left)
	}
}

// A store that fails in the middle, is full, or is away says so, and keeps nothing.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	var room atomic.Int64
	full := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != "PUT" || room.Add(-r.ContentLength) > 0 {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body)
		http.Error(w, `<Error><Code>QuotaExceeded</Code></Error>`, http.StatusInsufficientStorage)
		return true
	}
	s := fake(t, full)
	ctx, key := context.Background(), newKey(t)
	room.Store(12 << 20)
	if _, err := s.Write(ctx, key, NewName("e/"), noise(40<<20, 5), 100<<20); !errors.Is(err, ErrAway) {
		t.Errorf("a full store: %v", err)
	}
	if left := names(t, s); left != nil {
		t.Errorf("a full store keeps %v", left)
	}
	gone, err := Open(ctx, Settings{Address: "s3://evidence?endpoint=http://127.0.0.1:1", KeyID: "id", Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := gone.Try(short); !errors.Is(err, ErrAway) {
		t.Errorf("a store that is away: %v", err)
	}
	if _, err := gone.Open(short, key, "e/x"); !errors.Is(err, ErrAway) {
		t.Errorf("reading from a store that is away: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"s3://bucket": true, "s3://bucket?region=eu-1": true, "s3://bucket?endpoint=https://s3.example.org&path_style=true": true,
		"s3://": false, "s3://key:secret@bucket": false, "s3://bucket/folder": false, "s3://bucket?colour=red": false,
		"file://" + t.TempDir(): true, t.TempDir(): true,
	} {
		s, err := Open(context.Background(), Settings{Address: address})
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		if s != nil {
			_ = s.Close()
		}
	}
}

// TestMemory: a file of 100 MB passes through in both directions with little memory.
func TestMemory(t *testing.T) {
	const size = 100 << 20
	s, ctx, key, object := folder(t), context.Background(), newKey(t), NewName("e/")
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, uint64(0)
	sample := func() {
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}
	if _, err := s.Write(ctx, key, object, watching{noise(size, 6), sample, new(int64)}, size); err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(ctx, key, object)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, watching{struct{ io.Reader }{r}, sample, new(int64)}); n != size || err != nil {
		t.Fatalf("read %d with %v", n, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	extra := (int64(peak) - int64(before)) >> 20
	t.Logf("%d MB of heap at most for %d MB", extra, size>>20)
	if extra >= 32 {
		t.Errorf("%d MB of heap", extra)
	}
}

// watching samples the heap every four MiB.
type watching struct {
	io.Reader
	sample func()
	n      *int64
}

func (w watching) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if *w.n += int64(n); *w.n > 4<<20 {
		*w.n = 0
		w.sample()
	}
	return n, err
}

// FuzzOpen: whatever lies in the store, reading ends and gives nothing that was not sealed.
func FuzzOpen(f *testing.F) {
	s, ctx, key := folder(f), context.Background(), make([]byte, KeySize)
	name := "e/aa/fuzzed"
	if _, err := s.Write(ctx, key, name, strings.NewReader("content"), 7); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{good, good[:headSize], nil, []byte(mark), append(bytes.Clone(good), 0)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		name := fmt.Sprintf("e/%d", time.Now().UnixNano())
		if err := os.WriteFile(filepath.Join(s.dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.Remove(filepath.Join(s.dir, name)) }()
		r, err := s.Open(ctx, key, name)
		if err != nil {
			return
		}
		defer func() { _ = r.Close() }()
		if got, err := io.ReadAll(r); err == nil {
			t.Errorf("read %q", got)
		}
	})
}
