package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"trustedtrader/app/blob"
	"trustedtrader/app/evidence"
	"trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
)

// send brings a file in pieces and finishes it.
func (w *world) send(by identity.Actor, name string, content []byte, d evidence.Details) (evidence.Kept, error) {
	w.t.Helper()
	u := must[evidence.Upload](w.t)(w.s.Begin(w.ctx, by, evidence.Incoming{FileName: name, Size: int64(len(content))}))
	w.put(by, u, content)
	return w.s.Finish(w.ctx, by, u.ID, d)
}

func (w *world) put(by identity.Actor, u evidence.Upload, content []byte) {
	w.t.Helper()
	for off := 0; off < len(content); off += evidence.MostPart {
		piece := content[off:min(off+evidence.MostPart, len(content))]
		if n, err := w.s.Put(w.ctx, by, u.ID, int64(off), bytes.NewReader(piece), int64(len(piece))); err != nil || n != int64(off+len(piece)) {
			w.t.Fatalf("the piece at %d: %d %v", off, n, err)
		}
	}
}

func large(t testing.TB, n int64) []byte {
	t.Helper()
	b, err := io.ReadAll(evidencetest.Large(n))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPieces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := large(t, 5<<20+3)
	k, err := w.send(w.editor, "log.txt", content, evidence.Details{Place: &evidence.Place{Cycle: w.cycle, Criterion: "3.1"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, must[evidence.Opening](t)(w.s.Download(w.ctx, w.editor, k.Version))); !bytes.Equal(got, content) {
		t.Error("another content")
	}
	if n := len(w.objects()); n != 1 {
		t.Errorf("%d objects", n)
	}
	if n := w.count(`select count(*)::int from evidence_link where evidence_id = $1`, k.Evidence); n != 1 {
		t.Errorf("attached %d times", n)
	}

	// Odd pieces.
	u := must[evidence.Upload](t)(w.s.Begin(w.ctx, w.editor, evidence.Incoming{FileName: "a.txt", Size: 10}))
	put := func(by identity.Actor, off int64, s string, size int64) (int64, error) {
		return w.s.Put(w.ctx, by, u.ID, off, strings.NewReader(s), size)
	}
	for what, c := range map[string]struct {
		off  int64
		s    string
		size int64
		kind fault.Kind
	}{
		"before the beginning": {-1, "x", 1, fault.Conflict}, "further on": {5, "x", 1, fault.Conflict}, "nothing": {0, "", 0, fault.Invalid},
		"more than the file": {0, "xxxxxxxxxxx", 11, fault.Invalid}, "less than announced": {0, "xxx", 4, fault.Invalid}, "too long": {0, "", evidence.MostPart + 1, fault.Invalid},
	} {
		n, err := put(w.editor, c.off, c.s, c.size)
		if fault.KindOf(err) != c.kind || n != 0 {
			t.Errorf("%s: %d %v", what, n, err)
		}
	}
	for _, by := range []identity.Actor{w.owner, w.other, w.reader, w.sam} {
		_, err := put(by, 0, "x", 1)
		w.refused("another's upload", err, fault.NotFound, "")
		w.refused("another's upload", w.s.Cancel(w.ctx, by, u.ID), fault.NotFound, "")
		_, err = w.s.Finish(w.ctx, by, u.ID, evidence.Details{})
		w.refused("another's upload", err, fault.NotFound, "")
	}
	if _, err := put(w.editor, 0, "01234", 5); err != nil {
		t.Fatal(err)
	}
	w.refused("another's upload", w.s.Cancel(w.ctx, w.other, u.ID), fault.NotFound, "")
	if n, err := put(w.editor, 3, "34567", 5); n != 5 || fault.KindOf(err) != fault.Conflict {
		t.Errorf("a piece that overlaps: %d %v", n, err)
	}
	_, err = w.s.Finish(w.ctx, w.editor, u.ID, evidence.Details{})
	w.refused("finished too early", err, fault.Conflict, "begins at byte 5")
	if n, err := put(w.editor, 5, "56789", 5); n != 10 || err != nil {
		t.Errorf("the rest: %d %v", n, err)
	}
	_, err = w.s.Finish(w.ctx, w.editor, u.ID, evidence.Details{Entry: evidence.Entry{Title: strings.Repeat("x", 300)}})
	w.refused("a long title", err, fault.Invalid, "title is too long")
	_, err = w.s.Finish(w.ctx, w.editor, u.ID, evidence.Details{Place: &evidence.Place{Cycle: w.theirs, Criterion: "3.1"}})
	w.refused("another's profile", err, fault.NotFound, "")
	k = must[evidence.Kept](t)(w.s.Finish(w.ctx, w.editor, u.ID, evidence.Details{Entry: evidence.Entry{Title: "Named"}}))
	if k.Title != "Named" {
		t.Errorf("%+v", k)
	}
	if again := must[evidence.Kept](t)(w.s.Finish(w.ctx, w.editor, u.ID, evidence.Details{})); again != k {
		t.Errorf("finished again: %+v", again)
	}
	_, err = w.s.Finish(w.ctx, w.owner, u.ID, evidence.Details{})
	w.refused("finished again by another", err, fault.NotFound, "")
}

// Two parallel pieces at one place: one wins, the other hears where to go on. And only one
// of many makes evidence of the file.
func TestPiecesMeet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := large(t, 3<<20)
	u := must[evidence.Upload](t)(w.s.Begin(w.ctx, w.editor, evidence.Incoming{FileName: "a.txt", Size: int64(len(content))}))
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for off := int64(0); off < int64(len(content)); {
				piece := content[off:min(off+700<<10, int64(len(content)))]
				n, err := w.s.Put(w.ctx, w.editor, u.ID, off, bytes.NewReader(piece), int64(len(piece)))
				if err != nil && fault.KindOf(err) != fault.Conflict || n < off {
					t.Errorf("%d: %d %v", off, n, err)
					return
				}
				off = n
			}
		})
	}
	wg.Wait()
	if n := w.count(`select sum(size)::int from evidence_part`); n != len(content) {
		t.Errorf("pieces of %d bytes, want %d", n, len(content))
	}
	var kept atomic.Int32
	for range 6 {
		wg.Go(func() {
			switch _, err := w.s.Finish(w.ctx, w.editor, u.ID, evidence.Details{}); {
			case err == nil:
				kept.Add(1)
			case fault.KindOf(err) != fault.Conflict:
				t.Errorf("finish: %v", err)
			}
		})
	}
	wg.Wait()
	if n := w.count(`select count(*)::int from evidence_version`); n != 1 || kept.Load() == 0 {
		t.Errorf("%d versions, %d told so", n, kept.Load())
	}
	if n := len(w.objects()); n != 1 {
		t.Errorf("%d objects: %v", n, w.objects())
	}
}

func TestRefusedFilesAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.send(w.editor, "a.pdf", []byte("MZ\x90\x00\x03"), evidence.Details{})
	w.refused("a program in pieces", err, fault.Invalid, "is a program")
	for what, c := range map[string]struct {
		in   evidence.Incoming
		r    io.Reader
		says string
	}{
		"a program":     {evidence.Incoming{FileName: "a.pdf", Size: 99}, strings.NewReader("MZ\x90\x00\x03"), "is a program"},
		"nothing":       {evidence.Incoming{FileName: "a.txt", Size: 99}, strings.NewReader(""), "is empty"},
		"a lie":         {evidence.Incoming{FileName: "a.txt", Size: 99, Declared: "image/png"}, strings.NewReader("x"), "not what its name says"},
		"an archive":    {evidence.Incoming{FileName: "a.zip", Size: 99}, strings.NewReader("x"), "do not take this kind"},
		"more than 100": {evidence.Incoming{FileName: "a.txt", Size: 200 << 20}, evidencetest.Large(101 << 20), "larger than 100 MB"},
	} {
		_, err := w.s.Take(w.ctx, w.editor, c.in, evidence.Details{}, c.r)
		w.refused(what, err, fault.Invalid, c.says)
	}
	dropped := errors.New("the line dropped")
	if _, err := w.s.Take(w.ctx, w.editor, evidence.Incoming{FileName: "a.txt", Size: 9 << 20}, evidence.Details{}, io.MultiReader(evidencetest.Large(3<<20), iotest.ErrReader(dropped))); !errors.Is(err, dropped) {
		t.Errorf("a dropped line: %v", err)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	if _, err := w.s.Take(ctx, w.editor, evidence.Incoming{FileName: "a.txt", Size: 9 << 20}, evidence.Details{}, io.MultiReader(evidencetest.Large(3<<20), readerFunc(func([]byte) (int, error) { cancel(); return 0, io.EOF }))); err == nil {
		t.Error("a request that was given up kept a file")
	}
	if left, n := w.objects(), w.count(`select (select count(*) from evidence_upload)::int + (select count(*) from evidence)::int`); left != nil || n != 0 {
		t.Errorf("left: %v and %d rows", left, n)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var err error
	for range 21 {
		_, err = w.s.Begin(w.ctx, w.editor, evidence.Incoming{FileName: "a.txt", Size: 1})
	}
	w.refused("the 21st upload", err, fault.Invalid, "on their way already")
	must[evidence.Upload](t)(w.s.Begin(w.ctx, w.owner, evidence.Incoming{FileName: "a.txt", Size: 1}))
	k := w.add(w.owner, "a.txt", []byte("x"), nil)
	for range evidence.MostVersions - 1 {
		w.exec(`insert into evidence_version (id, evidence_id, company_id, number, file_name, media_type, size, sha256, blob_key, scan, uploaded_at, author)
			select gen_random_uuid(), evidence_id, company_id, (select max(number) + 1 from evidence_version), file_name, media_type, size, sha256, gen_random_uuid()::text, scan, uploaded_at, author from evidence_version where id = ?`, k.Version)
	}
	_, err = w.s.Take(w.ctx, w.owner, evidence.Incoming{FileName: "a.txt", Size: 1, Evidence: &k.Evidence}, evidence.Details{}, strings.NewReader("x"))
	w.refused("the 51st version", err, fault.Invalid, "50 versions already")
	w.exec(`insert into evidence (id, company_id, kind, title, url, created_at, author) select gen_random_uuid(), ?, 'link', 'x', 'https://x.example', ?, 'x' from generate_series(1, 2000)`, w.owner.CompanyID, w.now.Now())
	_, err = w.s.AddLink(w.ctx, w.owner, evidence.Entry{Title: "x", URL: "x.example"}, nil)
	w.refused("the 2001st item", err, fault.Invalid, "up to 2000 items")
}

// What a killed portal leaves behind is swept, and nothing else.
func TestSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kept := w.add(w.editor, "kept.txt", []byte("kept"), nil)
	content := large(t, 2<<20)
	half := must[evidence.Upload](t)(w.s.Begin(w.ctx, w.editor, evidence.Incoming{FileName: "half.txt", Size: int64(len(content))}))
	if _, err := w.s.Put(w.ctx, w.editor, half.ID, 0, bytes.NewReader(content[:1<<20]), 1<<20); err != nil {
		t.Fatal(err)
	}
	// A stream that was cut by kill -9: its row, and its object or a part of it.
	stream := must[evidence.Upload](t)(w.s.Begin(w.ctx, w.owner, evidence.Incoming{FileName: "stream.txt", Size: 9}))
	w.exec(`update evidence_upload set blob_key = 'e/zz/stream' where id = ?`, stream.ID)
	key := bytes.Repeat([]byte("x"), 32)
	if _, err := w.store.Write(w.ctx, key, "e/zz/stream", strings.NewReader("half of"), 9); err != nil {
		t.Fatal(err)
	}
	torn := filepath.Join(w.store.Local(), "e", "zz", "torn.18a.tmp")
	if err := os.WriteFile(torn, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Pieces of an upload that is over.
	over := filepath.Join(w.store.Local(), "u", "00000000-0000-7000-8000-000000000001", "aa", "piece")
	if err := os.MkdirAll(filepath.Dir(over), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(over, []byte("piece"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := must[evidence.Swept](t)(w.s.Sweep(w.ctx)); s != (evidence.Swept{}) {
		t.Errorf("swept at once: %+v", s)
	}
	long := time.Now().Add(-3 * time.Hour)
	for _, f := range []string{torn, over} {
		if err := os.Chtimes(f, long, long); err != nil {
			t.Fatal(err)
		}
	}
	w.now.Move(3 * time.Hour)
	if s := must[evidence.Swept](t)(w.s.Sweep(w.ctx)); s.Uploads != 1 || s.Halves != 1 || s.Folders != 1 {
		t.Errorf("after three hours: %+v", s)
	}
	if n := w.count(`select count(*)::int from evidence_upload`); n != 1 {
		t.Errorf("%d uploads", n)
	}
	// The half file goes on the next morning, and is forgotten a day later.
	if u := must[evidence.Upload](t)(w.s.Uploading(w.ctx, w.editor, half.ID)); u.Received != 1<<20 {
		t.Errorf("%+v", u)
	}
	w.now.Move(30 * time.Hour)
	if s := must[evidence.Swept](t)(w.s.Sweep(w.ctx)); s.Uploads != 1 {
		t.Errorf("after two days: %+v", s)
	}
	_, err := w.s.Put(w.ctx, w.editor, half.ID, 1<<20, bytes.NewReader(content[1<<20:]), 1<<20)
	w.refused("too late", err, fault.NotFound, "")
	if left := w.objects(); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	readAll(t, must[evidence.Opening](t)(w.s.Download(w.ctx, w.editor, kept.Version)))

	// Killed while it was put together: whoever finishes again later brings it to its end.
	u := must[evidence.Upload](t)(w.s.Begin(w.ctx, w.editor, evidence.Incoming{FileName: "c.txt", Size: int64(len(content))}))
	w.put(w.editor, u, content)
	w.exec(`update evidence_upload set blob_key = 'e/zz/dead' where id = ?`, u.ID)
	_, err = w.s.Finish(w.ctx, w.editor, u.ID, evidence.Details{})
	w.refused("while somebody seems to be at it", err, fault.Conflict, "looked at already")
	w.now.Move(6 * time.Minute)
	must[evidence.Kept](t)(w.s.Finish(w.ctx, w.editor, u.ID, evidence.Details{}))
	if h := must[evidence.Health](t)(w.s.Examine(w.ctx)); h.Lost != 0 || h.Stray != 0 || h.Versions != 2 {
		t.Errorf("%+v", h)
	}
}

// A lost object is found and named; what nobody knows is counted.
func TestExamine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []evidence.Kept
	for i := range 12 {
		all = append(all, w.add(w.editor, fmt.Sprintf("file %d.txt", i), []byte("x"), nil))
	}
	for _, k := range all[:7] {
		w.ok(w.store.Delete(w.ctx, w.text(`select blob_key from evidence_version where id = $1`, k.Version)))
	}
	if _, err := w.store.Write(w.ctx, make([]byte, 32), blob.NewName("e/"), strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	h := must[evidence.Health](t)(w.s.Examine(w.ctx))
	if h.Versions != 12 || h.Lost != 7 || h.Stray != 1 || len(h.First) != 5 || !strings.HasPrefix(h.First[0], "Harbor Trading LLC: file ") {
		t.Errorf("%+v", h)
	}
	if _, err := w.s.Download(w.ctx, w.editor, all[0].Version); !errors.Is(err, blob.ErrMissing) {
		t.Errorf("opening what is lost: %v", err)
	}
}

// s3 is a service over a server of the test, which fails when broken says so.
func (w *world) s3(broken func(*http.Request) bool) *evidence.Service {
	w.t.Helper()
	backend := s3mem.New()
	w.ok(backend.CreateBucket("evidence"))
	inner := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if broken(r) {
			_, _ = io.Copy(io.Discard, r.Body)
			http.Error(rw, `<Error><Code>QuotaExceeded</Code></Error>`, http.StatusInsufficientStorage)
			return
		}
		inner.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(server.Close)
	store, err := blob.Open(w.ctx, blob.Settings{Address: "s3://evidence?endpoint=" + server.URL, KeyID: "id", Secret: "secret"})
	w.ok(err)
	w.t.Cleanup(func() { _ = store.Close() })
	w.store = store
	return w.service(store)
}

// The store fills up in the middle of a file, is away, and comes back.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var full, away atomic.Bool
	w.s = w.s3(func(r *http.Request) bool {
		return away.Load() || full.Load() && r.Method == "PUT" && r.ContentLength > 1000
	})
	content := large(t, 12<<20)
	take := func() error {
		_, err := w.s.Take(w.ctx, w.editor, evidence.Incoming{FileName: "a.txt", Size: int64(len(content))}, evidence.Details{}, bytes.NewReader(content))
		return err
	}
	u := must[evidence.Upload](t)(w.s.Begin(w.ctx, w.editor, evidence.Incoming{FileName: "b.txt", Size: 2 << 20}))
	if _, err := w.s.Put(w.ctx, w.editor, u.ID, 0, bytes.NewReader(content[:1<<20]), 1<<20); err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	if err := take(); !errors.Is(err, blob.ErrAway) {
		t.Errorf("full: %v", err)
	}
	if n, err := w.s.Put(w.ctx, w.editor, u.ID, 1<<20, bytes.NewReader(content[1<<20:2<<20]), 1<<20); !errors.Is(err, blob.ErrAway) || n != 1<<20 {
		t.Errorf("full: %d %v", n, err)
	}
	if n := w.count(`select count(*)::int from evidence`); n != 0 {
		t.Errorf("%d items of half files", n)
	}
	if left := w.objects(); len(left) != 1 { // the piece
		t.Errorf("left: %v", left)
	}
	full.Store(false)
	if n, err := w.s.Put(w.ctx, w.editor, u.ID, 1<<20, bytes.NewReader(content[1<<20:2<<20]), 1<<20); err != nil || n != 2<<20 {
		t.Errorf("with room again: %d %v", n, err)
	}
	full.Store(true)
	if _, err := w.s.Finish(w.ctx, w.editor, u.ID, evidence.Details{}); !errors.Is(err, blob.ErrAway) {
		t.Errorf("full at the end: %v", err)
	}
	full.Store(false)
	k := must[evidence.Kept](t)(w.s.Finish(w.ctx, w.editor, u.ID, evidence.Details{})) // nothing was lost
	if got := readAll(t, must[evidence.Opening](t)(w.s.Download(w.ctx, w.editor, k.Version))); !bytes.Equal(got, content[:2<<20]) {
		t.Error("another content")
	}
	w.ok(take())
	if h := must[evidence.Health](t)(w.s.Examine(w.ctx)); h.Lost != 0 || h.Stray != 0 || h.Versions != 2 {
		t.Errorf("%+v", h)
	}
	away.Store(true)
	short, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	if _, err := w.s.Download(short, w.editor, k.Version); !errors.Is(err, blob.ErrAway) {
		t.Errorf("away: %v", err)
	}
}

// scanner finds what it is told to find.
type scanner struct {
	mu    sync.Mutex
	found string
	err   error
	asked int
}

func (s *scanner) Scan(_ context.Context, c evidence.Content) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.err != nil {
		return "", s.err
	}
	_, err := io.Copy(io.Discard, c)
	return s.found, err
}

func (s *scanner) Ping(context.Context) (string, error) { return "test", s.err }

// rights lets people act for the company, as letters ask.
func (w *world) rights(people ...identity.Actor) {
	w.t.Helper()
	for _, a := range people {
		parts := "{}"
		if a.Role == identity.Contributor {
			parts = "{profile}"
		}
		w.exec(`insert into person_right (id, person_id, audience, role, company_id, parts, starts_on, granted_at) values (?, ?, 'company', ?, ?, ?::text[], '2000-01-01', ?)`,
			pg.NewID(), a.PersonID, string(a.Role), a.CompanyID, parts, w.now.Now())
	}
}

// toldOfLockedFile looks for the one letter about a file that was locked away, and who got
// an e-mail about it.
func (w *world) toldOfLockedFile(k evidence.Kept, file string, mails int, people ...identity.Actor) {
	w.t.Helper()
	if n := w.count(`select count(*)::int from message where subject_kind = 'evidence' and subject_id = $1 and direction = 'to_company'`, k.Evidence); n != 1 {
		w.t.Fatalf("%d letters about %s", n, file)
	}
	letter := w.text(`select subject || E'\n' || body from message where subject_id = $1`, k.Evidence)
	for _, want := range []string{"We locked a file away: " + file, "File: " + file + ", version 1", "upload that as a new version"} {
		if !strings.Contains(letter, want) {
			w.t.Errorf("the letter lacks %q: %s", want, letter)
		}
	}
	if attached := strings.Contains(letter, "It is attached to: SP-"); attached != (file == "early.pdf") {
		w.t.Errorf("the letter about %s says where it is attached: %t", file, attached)
	}
	if n := w.count(`select count(*)::int from mail m join message x on x.id = m.message_id where x.subject_id = $1`, k.Evidence); n != mails {
		w.t.Errorf("%d e-mails about %s, want %d", n, file, mails)
	}
	for _, a := range people {
		if n := w.count(`select count(*)::int from mail m join message x on x.id = m.message_id join person p on p.email = m.to_address where x.subject_id = $1 and p.id = $2`, k.Evidence, a.PersonID); n != 1 {
			w.t.Errorf("%d e-mails about %s to the %s", n, file, a.Role)
		}
	}
}

func TestScanning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	early := w.add(w.editor, "early.pdf", evidencetest.PDF("x"), nil) // before there was a scanner
	w.s.Letters = &notice.Letters{Brand: "Trusted Trader Portal"}
	w.rights(w.owner, w.editor, w.contributor, w.reader)
	sc := &scanner{}
	w.s.Scanner = sc
	state := func(k evidence.Kept) string {
		return w.text(`select scan || ' ' || scan_detail from evidence_version where id = $1`, k.Version)
	}
	k := w.add(w.editor, "a.pdf", evidencetest.PDF("y"), nil)
	if k.Scan != evidence.Waiting {
		t.Errorf("%+v", k)
	}
	_, err := w.s.Download(w.ctx, w.editor, k.Version)
	w.refused("while it waits", err, fault.Forbidden, "waits for the virus scan")
	sc.err = errors.New("away")
	for range 2 {
		if err := w.s.Settle(w.ctx, k.Version); err == nil {
			t.Error("without an answer the job counts as done")
		}
	}
	if got := state(k); got != "waiting " {
		t.Errorf("state: %s", got)
	}
	sc.err = nil
	w.ok(w.s.Settle(w.ctx, k.Version))
	w.ok(w.s.Settle(w.ctx, k.Version))
	if got := state(k); got != "clean " || sc.asked != 3 {
		t.Errorf("state: %s after %d questions", got, sc.asked)
	}
	readAll(t, must[evidence.Opening](t)(w.s.Download(w.ctx, w.editor, k.Version)))
	if s := must[evidence.Swept](t)(w.s.Sweep(w.ctx)); s.Asked != 1 { // the early one
		t.Errorf("%+v", s)
	}
	sc.found = "Win.Test"
	w.ok(w.s.Attach(w.ctx, w.editor, w.cycle, "3.1", nil, early.Evidence))
	w.ok(w.s.Settle(w.ctx, early.Version))
	w.ok(w.s.Settle(w.ctx, early.Version))
	if got := state(early); got != "quarantined virus: Win.Test" {
		t.Errorf("state: %s", got)
	}
	w.toldOfLockedFile(early, "early.pdf", 2, w.owner, w.editor)
	sc.found = "Doc.Test"
	theirs := w.add(w.contributor, "theirs.pdf", evidencetest.PDF("z"), nil)
	w.ok(w.s.Settle(w.ctx, theirs.Version))
	w.toldOfLockedFile(theirs, "theirs.pdf", 3, w.owner, w.editor, w.contributor)
	for _, by := range []identity.Actor{w.editor, w.owner} {
		_, err = w.s.Download(w.ctx, by, early.Version)
		w.refused("a virus", err, fault.Forbidden, "something harmful")
		_, err = w.s.Preview(w.ctx, by, early.Version)
		w.refused("a virus", err, fault.Forbidden, "something harmful")
	}
	sc.found, sc.err = "", evidence.ErrTooLarge
	big := w.add(w.editor, "big.txt", []byte("x"), nil)
	w.ok(w.s.Settle(w.ctx, big.Version))
	if got := state(big); got != "not_scanned too_large" {
		t.Errorf("state: %s", got)
	}
	if s := must[evidence.Swept](t)(w.s.Sweep(w.ctx)); s.Asked != 0 {
		t.Errorf("asked again in vain: %+v", s)
	}
	if n := w.count(`select count(*)::int from audit_event where action = 'evidence.scan' and audience = 'system'`); n != 4 {
		t.Errorf("%d events", n)
	}
	// The scanner is taken out of use.
	sc.err = nil
	waits := w.add(w.editor, "waits.txt", []byte("x"), nil)
	w.s.Scanner = nil
	w.ok(w.s.Settle(w.ctx, waits.Version))
	if got := state(waits); got != "not_scanned " {
		t.Errorf("state: %s", got)
	}
}

// What inspection held back needs no scanner.
func TestHeldBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.s.Scanner = &scanner{}
	k := w.add(w.editor, "eicar.txt", evidencetest.Eicar(), nil)
	if k.Scan != evidence.Quarantined || k.ScanDetail != "eicar" {
		t.Errorf("%+v", k)
	}
	w.ok(w.s.Settle(w.ctx, k.Version))
	_, err := w.s.Download(w.ctx, w.editor, k.Version)
	w.refused("held back", err, fault.Forbidden, "test signature")
	// A good version beside it counts.
	w.add2(k.Evidence, "good.txt", []byte("good"))
	w.add2(k.Evidence, "bad again.txt", evidencetest.Eicar())
	w.ok(w.s.Attach(w.ctx, w.editor, w.cycle, "3.1", nil, k.Evidence))
	var links []evidence.Link
	w.ok(w.db.Batch(w.ctx, w.owner.Scope(), evidence.Links(&links, w.cycle)))
	if len(links) != 1 || links[0].FileName != "good.txt" || links[0].Number != 2 {
		t.Errorf("%+v", links)
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.add(w.editor, "a.pdf", evidencetest.PDF("x"), &evidence.Place{Cycle: w.cycle, Criterion: "3.1"})
	w.submit(w.cycle, 1)
	for policy, want := range map[evidence.Policy][2]bool{evidence.Allow: {true, true}, "": {true, true}, evidence.OnlyCompany: {true, false}, evidence.Refuse: {false, false}} {
		w.s.Policy = policy
		for i, by := range []identity.Actor{w.reader, w.sam} {
			o, err := w.s.Download(w.ctx, by, k.Version)
			if (err == nil) != want[i] || w.s.Opens(by, evidence.NotScanned) != want[i] {
				t.Errorf("%s for %s: %v", policy, by.Role, err)
			}
			if err == nil {
				_ = o.Content.Close()
			} else {
				w.refused("not scanned", err, fault.Forbidden, "No virus scanner")
			}
		}
	}
}

// A company's scope cannot see another's rows of any of the tables, whatever is asked.
func TestFences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(w.owner, "a.pdf", evidencetest.PDF("x"), &evidence.Place{Cycle: w.cycle, Criterion: "3.1"})
	u := must[evidence.Upload](t)(w.s.Begin(w.ctx, w.owner, evidence.Incoming{FileName: "a.txt", Size: 2}))
	if _, err := w.s.Put(w.ctx, w.owner, u.ID, 0, strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	w.submit(w.cycle, 1)
	for _, table := range []string{"evidence", "evidence_version", "evidence_upload", "evidence_part", "evidence_link", "evidence_pin", "company_key"} {
		for who, scope := range map[string]pg.Scope{"another company": w.other.Scope(), "nobody": {}} {
			var n int
			w.ok(w.db.Batch(w.ctx, scope, pg.Value(&n, `select count(*)::int from `+table)))
			if n != 0 {
				t.Errorf("%s sees %d rows of %s", who, n, table)
			}
		}
		if w.count(`select count(*)::int from `+table) == 0 {
			t.Errorf("there is nothing in %s to see", table)
		}
	}
}
