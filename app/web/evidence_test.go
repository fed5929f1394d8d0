package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/blob"
	"trustedtrader/app/evidence"
	"trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
)

// newLibrary is a library of evidence over a folder of the test.
func newLibrary(t testing.TB, db *pg.DB, now func() time.Time) *evidence.Service {
	t.Helper()
	store, err := blob.Open(context.Background(), blob.Settings{Folder: filepath.Join(t.TempDir(), "evidence")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &evidence.Service{DB: db, Now: now, Log: slog.New(slog.DiscardHandler), Store: store, Master: bytes.Repeat([]byte("k"), 32), Quota: 2000 << 20}
}

// newProfile opens a security profile for a company's latest application.
func newProfile(w *reviewtest.World, company uuid.UUID) uuid.UUID {
	w.T.Helper()
	id, now := pg.NewID(), w.Clock.Now()
	w.Exec(`insert into catalogue_edition (programme, edition, hash, status, valid_from, body, stored_at) values ('ctpat', 'test', 'h', 'published', '2020-01-01', '{}', ?) on conflict do nothing`, now)
	w.Exec(`insert into profile_cycle (id, reference, company_id, programme, entity_type, kind, number, edition, edition_hash, office_id, application_id, status, opened_at)
		select ?, 'SP-' || right(id::text, 12), company_id, programme, entity_type, 'initial', 1, 'test', 'h', office_id, id, 'open', ? from application where company_id = ? order by opened_at desc limit 1`, id, now, company)
	return id
}

func submitProfile(w *reviewtest.World, by identity.Actor, cycle uuid.UUID) {
	w.T.Helper()
	id, now := pg.NewID(), w.Clock.Now()
	w.Exec(`update profile_cycle set status = 'submitted', submitted_at = ?, round = 1 where id = ?`, now, cycle)
	w.Exec(`insert into profile_submission (id, cycle_id, company_id, round, body, sha256, submitted_by, submitted_at, attested_name, attested_title)
		select ?, id, company_id, 1, '{}', 'h', ?, ?, 'n', 't' from profile_cycle where id = ?`, id, by.PersonID, now, cycle)
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error { return evidence.Pin(w.Ctx, tx, id, cycle) }))
}

// librarian is a company's owner in a browser, and a profile to fill in.
type librarian struct {
	*applicant
	w     *reviewtest.World
	cycle uuid.UUID
}

func newLibrarian(t *testing.T) *librarian {
	t.Helper()
	w, a := newDesk(t)
	a.who = w.Importer("Harbor Trading LLC")
	a.co = a.who.CompanyID
	w.Signed(a.who, "ctpat", "importer")
	return &librarian{a, w, newProfile(w, a.co)}
}

func (l *librarian) take(name string, content []byte, at *evidence.Place) evidence.Kept {
	l.t.Helper()
	k, err := l.web.Evidence.Take(l.w.Ctx, l.who, evidence.Incoming{FileName: name, Size: int64(len(content))}, evidence.Details{Place: at}, bytes.NewReader(content))
	l.w.Must(err)
	return k
}

func TestEvidencePages(t *testing.T) {
	t.Parallel()
	l := newLibrarian(t)
	if text := l.get("/evidence", 200).Find("main").Text(); !strings.Contains(text, "No evidence yet") {
		t.Errorf("an empty library: %s", text)
	}
	l.get("/evidence/new", 200)

	// A link, first with mistakes.
	doc := l.want(422, l.who, "POST", "/evidence/links", url.Values{"url": {"javascript:alert(1)"}})
	if text := doc.Find(".tt-error-summary").Text(); !strings.Contains(text, "Enter a title") || !strings.Contains(text, "Enter a website") || doc.Find("#url").AttrOr("value", "") != "javascript:alert(1)" {
		t.Errorf("mistakes: %s", text)
	}
	res, _ := l.send(l.who, "POST", "/evidence/links", url.Values{"title": {"Policy"}, "url": {"www.harbor.example/policy"}})
	link := res.Header.Get("Location")
	if text := l.get(link, 200).Find("main").Text(); !strings.Contains(text, "https://www.harbor.example/policy") || !strings.Contains(text, "Not attached anywhere") {
		t.Errorf("the link's page: %s", text)
	}

	// A file: details, a conflict, removal.
	k := l.take("seals.pdf", evidencetest.PDF("Seals"), nil)
	path := "/evidence/" + k.Evidence.String()
	form := fill(t, l.get(path+"/edit", 200), "/edit")
	form.Set("title", "Seal procedure")
	form.Set("expires_on-day", "31")
	form.Set("expires_on-month", "2")
	form.Set("expires_on-year", "2026")
	doc = l.want(422, l.who, "POST", path+"/edit", form)
	if doc.Find("#expires_on").AttrOr("value", "") != "31" || !strings.Contains(doc.Find(".tt-error-summary").Text(), "Enter a day that exists") {
		t.Error("a day that does not exist is not shown again")
	}
	form.Set("expires_on-day", "28")
	l.want(303, l.who, "POST", path+"/edit", form)
	doc = l.want(409, l.who, "POST", path+"/edit", form) // the same old form
	if doc.Find(".tt-conflict").Length() != 1 || fill(t, doc, "/edit").Get("version") != "2" {
		t.Error("no conflict is shown, or saving again would not work")
	}
	if text := l.get("/evidence?state=expired", 200).Find("table").Text(); !strings.Contains(text, "Seal procedure") || !strings.Contains(text, "Expired") {
		t.Errorf("expired: %s", text)
	}

	// Attached to criteria from the item's page and from the criterion's.
	at := evidence.Place{Cycle: l.cycle, Criterion: "3.1"}
	place := url.Values{"cycle": {l.cycle.String()}, "criterion": {"3.1"}, "back": {"/evidence"}}
	doc = l.get("/evidence/choose?"+place.Encode(), 200)
	form = fill(t, doc, "/evidence/attach")
	form.Set("items", k.Evidence.String())
	l.want(303, l.who, "POST", "/evidence/attach", form)
	form.Del("items")
	if text := l.want(422, l.who, "POST", "/evidence/attach", form).Find(".tt-error-summary").Text(); !strings.Contains(text, "at least one item") {
		t.Errorf("nothing chosen: %s", text)
	}
	if text := l.get("/evidence/choose?"+place.Encode(), 200).Find("form").Text(); !strings.Contains(text, "Attached already") {
		t.Error("what is attached is not marked")
	}
	res, doc = l.send(l.who, "GET", "/evidence/new?"+place.Encode(), nil)
	if res.StatusCode != 200 || doc.Find(`[data-upload] [name=criterion]`).AttrOr("value", "") != "3.1" {
		t.Error("adding for a criterion does not know it")
	}
	l.want(303, l.who, "POST", "/evidence/links", url.Values{"title": {"Page"}, "url": {"harbor.example"}, "cycle": {l.cycle.String()}, "criterion": {"3.1"}})
	doc = l.get(path, 200)
	if text := doc.Find("#uses").Text(); !strings.Contains(text, "Criterion 3.1") {
		t.Errorf("where it is used: %s", text)
	}
	detach := fill(t, doc, "/evidence/detach")
	l.want(303, l.who, "POST", "/evidence/detach", detach)
	here, err := l.web.Evidence.Here(l.w.Ctx, l.who, at)
	l.w.Must(err)
	if len(here.Links) != 1 || !here.Open {
		t.Errorf("attached: %+v", here)
	}
	l.get(path+"/attach", 200)

	if text := l.get(path+"/remove", 200).Find("main").Text(); !strings.Contains(text, "never submitted") {
		t.Errorf("removing: %s", text)
	}
	l.want(409, l.who, "POST", path+"/remove", url.Values{"version": {"1"}})
	l.want(303, l.who, "POST", path+"/remove", url.Values{"version": {"2"}})
	l.want(409, l.who, "POST", path+"/edit", form)
	l.get("/evidence?state=removed", 200)

	// A quarantined file says why; nothing leads to its content.
	bad := l.take("test.txt", evidencetest.Eicar(), nil)
	doc = l.get("/evidence/"+bad.Evidence.String(), 200)
	if !strings.Contains(doc.Find(".usa-alert").Text(), "test signature") || doc.Find(`a[href*="/file"]`).Length() != 0 {
		t.Error("a quarantined file is not marked, or is offered")
	}
	l.want(403, l.who, "GET", "/evidence/versions/"+bad.Version.String()+"/file", nil)
}

// Readers read, and are offered nothing to change.
func TestEvidenceForReaders(t *testing.T) {
	t.Parallel()
	l := newLibrarian(t)
	k := l.take("seals.pdf", evidencetest.PDF("Seals"), &evidence.Place{Cycle: l.cycle, Criterion: "3.1"})
	reader := l.person(identity.Reader, "rita@harbor.example")
	for _, path := range []string{"/evidence", "/evidence/" + k.Evidence.String()} {
		doc := l.want(200, reader, "GET", path, nil)
		if n := doc.Find(`main form[method=post], main a[href$="/edit"], main a[href$="/remove"]`).Length(); n != 0 {
			t.Errorf("%s offers a reader %d changes", path, n)
		}
	}
	doc := l.want(200, reader, "GET", "/evidence/attached?cycle="+l.cycle.String()+"&criterion=3.1", nil)
	if doc.Find("li.tt-evidence__item").Length() != 1 || doc.Find("main form").Length() != 0 {
		t.Error("the list of what is attached")
	}
}

func TestAttachmentHeader(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.pdf":           `attachment; filename="a.pdf"; filename*=UTF-8''a.pdf`,
		"Prüfung 3%.pdf":  `attachment; filename="Pr_fung 3_.pdf"; filename*=UTF-8''Pr%C3%BCfung%203%25.pdf`,
		"a\"b\\c\r\nX: y": `attachment; filename="a_b_c__X: y"; filename*=UTF-8''a%22b%5Cc%0D%0AX%3A%20y`,
		"日本.pdf":          `attachment; filename="__.pdf"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.pdf`,
	} {
		if got := attachment(name); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}

// server is the whole site on a port, for what only a network shows.
type server struct {
	*matrix
	base string
	by   kind
}

func newServer(t *testing.T) *server {
	t.Helper()
	m := newMatrix(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = m.app.Listener(l) }()
	t.Cleanup(func() { _ = m.app.ShutdownWithTimeout(5 * time.Second) })
	return &server{m, "http://" + l.Addr().String(), m.someones[0]}
}

// form writes a form with a file; its parts come in the order given.
func multipartForm(fields [][2]string, name string, file io.Reader) (contentType string, body io.Reader, length int64, size func(int64) int64) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		_ = w.WriteField(f[0], f[1])
	}
	_, _ = w.CreateFormFile("file", name)
	head := bytes.Clone(b.Bytes())
	b.Reset()
	_ = w.Close()
	tail := bytes.Clone(b.Bytes())
	return w.FormDataContentType(), io.MultiReader(bytes.NewReader(head), file, bytes.NewReader(tail)), int64(len(head) + len(tail)), nil
}

func (s *server) upload(fields [][2]string, name string, file io.Reader, size int64) (int, string, error) {
	kind, body, around, _ := multipartForm(fields, name, file)
	r, err := http.NewRequest("POST", s.base+"/evidence/files", body)
	if err != nil {
		return 0, "", err
	}
	r.ContentLength = around + size
	r.Header.Set("Content-Type", kind)
	r.AddCookie(&http.Cookie{Name: "portal", Value: s.by.cookie})
	client := &http.Client{Timeout: 2 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header.Get("Location") + string(text), err
}

func (s *server) token() [][2]string { return [][2]string{{"csrf", s.by.csrf}} }

// objects counts what lies in the store.
func (s *server) stored() (n int) {
	s.Helper()
	s.w.Must(s.library.Store.Each(context.Background(), "", func(blob.Entry) error { n++; return nil }))
	return n
}

// A plain form takes a file of nearly 100 MB, in little memory, and gives it back.
func TestLargeFileByForm(t *testing.T) {
	s := newServer(t)
	posted.Store("/evidence/files", true)
	const size = 99 << 20
	var peak atomic.Uint64
	stop := make(chan struct{})
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	go func() {
		var m runtime.MemStats
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapAlloc))
			}
		}
	}()
	start := time.Now()
	status, to, err := s.upload(s.token(), "access log.txt", evidencetest.Large(size), size)
	if err != nil || status != 303 || !strings.HasSuffix(to, "/edit") {
		t.Fatalf("%d %.300s %v", status, to, err)
	}
	uploaded := time.Since(start)
	version := s.w.Text(`select id::text from evidence_version where file_name = 'access log.txt'`)
	res := s.fetch("GET", "/evidence/versions/"+version+"/file")
	want, got := evidencetest.Large(size), bufio.NewReaderSize(res.Body, 64<<10)
	a, b := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(want, a)
		m, err2 := io.ReadFull(got, b)
		if n != m || !bytes.Equal(a[:n], b[:m]) {
			t.Fatalf("another content: %d and %d bytes, %v %v", n, m, err, err2)
		}
		if err != nil {
			break
		}
	}
	_ = res.Body.Close()
	close(stop)
	extra := (int64(peak.Load()) - int64(before)) >> 20
	t.Logf("%d MB came in %s, with %d MB of heap at most there and back", size>>20, uploaded, extra)
	if extra >= 32 {
		t.Errorf("%d MB of heap", extra)
	}
	for h, want := range map[string]string{"Content-Disposition": `attachment; filename="access log.txt"`, "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store",
		"Content-Security-Policy": "sandbox; default-src 'none'", "Content-Type": "text/plain"} {
		if !strings.HasPrefix(res.Header.Get(h), want) {
			t.Errorf("%s: %s", h, res.Header.Get(h))
		}
	}
	if n := s.w.Count(`select count(*)::int from audit_event where action in ('evidence.add', 'evidence.download') and after->>'file' = 'access log.txt'`); n != 2 {
		t.Errorf("%d events", n)
	}
}

func (s *server) fetch(method, path string) *http.Response {
	s.Helper()
	r, err := http.NewRequest(method, s.base+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "portal", Value: s.by.cookie})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	return res
}

// What a form with a file must not do, and that nothing is left of it.
func TestRefusedForms(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	objects, rows := s.stored(), s.w.Count(`select count(*)::int from evidence`)
	big := bytes.Repeat([]byte("x"), 20<<10)
	for what, c := range map[string]struct {
		fields [][2]string
		name   string
		file   string
		size   int64
		status int
		says   string
	}{
		"no token":               {nil, "a.txt", "x", 1, 403, "older than your sign-in"},
		"another's token":        {[][2]string{{"csrf", s.someones[1].csrf}}, "a.txt", "x", 1, 403, "older than your sign-in"},
		"the token not first":    {[][2]string{{"title", "x"}, {"csrf", s.by.csrf}}, "a.txt", "x", 1, 403, "older than your sign-in"},
		"a field of 20 kB":       {append(s.token(), [2]string{"about", string(big)}), "a.txt", "x", 1, 400, "cannot read"},
		"a program":              {s.token(), "a.pdf", "MZ\x90\x00\x03", 5, 422, "The file is a program"},
		"an empty file":          {s.token(), "a.txt", "", 0, 422, "The file is empty"},
		"a page":                 {s.token(), "a.html", "<html>", 6, 422, "We do not take this kind of file"},
		"no name":                {s.token(), "", "x", 1, 422, "Choose a file"},
		"another's profile":      {append(s.token(), [2]string{"cycle", s.w.Text(`select id::text from profile_cycle where company_id = $1 order by opened_at limit 1`, s.others["company"])}, [2]string{"criterion", "3.1"}), "a.txt", "x", 1, 404, "does not exist"},
		"a profile that is sent": {append(s.token(), [2]string{"cycle", s.w.Text(`select id::text from profile_cycle where company_id = $1 order by opened_at limit 1`, s.own["company"])}, [2]string{"criterion", "3.1"}), "a.txt", "x", 1, 403, "cannot be changed now"},
	} {
		status, text, err := s.upload(c.fields, c.name, strings.NewReader(c.file), c.size)
		if err != nil || status != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s: %d %v %.400s", what, status, err, text)
		}
	}
	// Somewhat too large: the sender may finish, and is told.
	const size = 101 << 20
	if status, text, err := s.upload(s.token(), "a.txt", evidencetest.Large(size), size); err != nil || status != 422 || !strings.Contains(text, "larger than 100 MB") {
		t.Errorf("too large: %d %v %.300s", status, err, text)
	}
	if status, text, err := s.upload(s.token(), "a.txt", evidencetest.Large(100<<20+1), 100<<20+1); err != nil || status != 422 || !strings.Contains(text, "larger than 100 MB") {
		t.Errorf("a byte too large: %d %v %.300s", status, err, text)
	}
	if n := s.stored(); n != objects {
		t.Errorf("%d objects are left", n-objects)
	}
	if n := s.w.Count(`select count(*)::int from evidence`) - rows + s.w.Count(`select count(*)::int from evidence_upload where blob_key <> ''`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// A line that drops in the middle of a file leaves nothing, wherever it drops.
func TestDroppedLine(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	objects := s.stored()
	for _, sent := range []int64{0, 100, 5000, 3 << 20, 20<<20 + 7} {
		kind, body, around, _ := multipartForm(s.token(), "log.txt", evidencetest.Large(40<<20))
		c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST /evidence/files HTTP/1.1\r\nHost: localhost\r\nCookie: portal=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", s.by.cookie, kind, around+40<<20)
		if _, err := io.CopyN(c, body, sent); err != nil {
			t.Fatal(err)
		}
		if sent > 1<<20 { // it is under way
			s.until("the upload's row", func() bool { return s.w.Count(`select count(*)::int from evidence_upload where blob_key <> ''`) == 1 })
		}
		_ = c.Close()
		s.until("nothing to be left", func() bool {
			return s.w.Count(`select count(*)::int from evidence_upload where blob_key <> ''`) == 0 && s.stored() == objects
		})
	}
	if n := s.w.Count(`select count(*)::int from evidence_version where file_name = 'log.txt'`); n != 0 {
		t.Errorf("%d half files were kept", n)
	}
}

func (s *server) until(what string, done func() bool) {
	s.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("waited in vain for %s", what)
		}
	}
}

// counted counts what the server takes of a body before it answers.
type counted struct {
	r io.Reader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// A large body to any other route is refused by its announcement; a body of unknown length
// and one that is encoded are refused too.
func TestBodiesOfOtherRoutes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	speak := func(head string, send int64) (status string, took int64) {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		fmt.Fprintf(c, "%sHost: localhost\r\nCookie: portal=%s\r\n\r\n", head, s.by.cookie)
		var n atomic.Int64
		go func() { _, _ = io.Copy(c, counted{evidencetest.Large(send), &n}) }()
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		line, _ := bufio.NewReader(c).ReadString('\n')
		return line, n.Load()
	}
	for _, path := range []string{"/company/new", "/evidence/links", "/evidence/uploads/" + uuid.NewString(), "/nowhere", "/session/extend", "/static/x"} {
		for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"} {
			line, took := speak(fmt.Sprintf("POST %s HTTP/1.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n", path, kind, 100<<20), 100<<20)
			// What fits into the buffers of the network leaves the sender; the answer does not wait for it.
			if !strings.Contains(line, " 413 ") || took > 16<<20 {
				t.Errorf("%s as %s: %q after %d bytes", path, kind, line, took)
			}
		}
		if line, _ := speak(fmt.Sprintf("POST %s HTTP/1.1\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n", path), 0); !strings.Contains(line, " 411 ") {
			t.Errorf("%s with a body of unknown length: %q", path, line)
		}
	}
	if line, _ := speak(fmt.Sprintf("POST /evidence/files HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", 100<<20), 100<<20); !strings.Contains(line, " 413 ") {
		t.Errorf("a large form without a file: %q", line)
	}
	if line, _ := speak("POST /evidence/files HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n", 0); !strings.Contains(line, " 411 ") {
		t.Errorf("a file of unknown length: %q", line)
	}
	if line, _ := speak("POST /evidence/files HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n", 10); !strings.Contains(line, " 415 ") {
		t.Errorf("an encoded file: %q", line)
	}
	// A body that was cut off is no form, even if what came looks like one.
	before := s.w.Count(`select count(*)::int from evidence`)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST /evidence/links HTTP/1.1\r\nHost: localhost\r\nCookie: portal=%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\ncsrf=%s&title=x&url=x.example", s.by.cookie, s.by.csrf)
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, c)
	_ = c.Close()
	if n := s.w.Count(`select count(*)::int from evidence`); n != before {
		t.Error("half a form was carried out")
	}
}

// Many who announce much and send little hold little.
func TestSlowBodiesHoldNothing(t *testing.T) {
	s := newServer(t)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	const many = 200
	var conns []net.Conn
	for range many {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		fmt.Fprintf(c, "POST /evidence/links HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", bodyLimit, strings.Repeat("x", 9000))
	}
	time.Sleep(500 * time.Millisecond)
	runtime.GC()
	runtime.ReadMemStats(&m)
	extra := (int64(m.HeapAlloc) - int64(before)) / many
	t.Logf("%d bytes for each of %d slow senders", extra, many)
	if extra > 128<<10 {
		t.Errorf("%d bytes for each slow sender", extra)
	}
	if res := s.fetch("GET", "/evidence"); res.StatusCode != 200 { // others are served
		t.Errorf("others: %d", res.StatusCode)
	}
	for _, c := range conns {
		_ = c.Close()
	}
}

// Files in pieces, as the script of the page sends them.
func TestPieces(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, r := range []string{"/evidence/uploads", "/evidence/uploads/:id", "/evidence/uploads/:id/finish", "/evidence/uploads/:id/cancel"} {
		posted.Store(r, true)
	}
	ask := func(v kind, method, path string, body io.Reader, header map[string]string) (int, map[string]any) {
		t.Helper()
		r := httptest.NewRequest(method, path, body)
		r.AddCookie(&http.Cookie{Name: "portal", Value: v.cookie})
		r.Header.Set("X-CSRF-Token", v.csrf)
		r.Header.Set("Accept", "application/json, application/problem+json")
		for k, x := range header {
			r.Header.Set(k, x)
		}
		res, err := s.app.Test(r, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		out := map[string]any{}
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("%s %s: %d, no document: %v", method, path, res.StatusCode, err)
		}
		return res.StatusCode, out
	}
	form := func(v url.Values) (io.Reader, map[string]string) {
		return strings.NewReader(v.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	}
	begin := func(v url.Values) (int, map[string]any) {
		body, header := form(v)
		return ask(s.by, "POST", "/evidence/uploads", body, header)
	}
	content, err := io.ReadAll(evidencetest.Large(3<<20 + 5))
	if err != nil {
		t.Fatal(err)
	}
	if status, out := begin(url.Values{"name": {"a.exe"}, "size": {"5"}}); status != 422 || !strings.Contains(fmt.Sprint(out["errors"]), "We do not take this kind") {
		t.Errorf("a program: %d %v", status, out)
	}
	if status, out := begin(url.Values{"name": {"a.txt"}, "size": {fmt.Sprint(100<<20 + 1)}}); status != 422 || !strings.Contains(fmt.Sprint(out["errors"]), "larger than 100 MB") {
		t.Errorf("too large: %d %v", status, out)
	}
	status, up := begin(url.Values{"name": {"log.txt"}, "type": {"text/plain"}, "size": {fmt.Sprint(len(content))}})
	if status != 200 || up["received"] != float64(0) {
		t.Fatalf("begin: %d %v", status, up)
	}
	path := "/evidence/uploads/" + up["id"].(string)
	put := func(from, to int) (int, map[string]any) {
		return ask(s.by, "POST", path, bytes.NewReader(content[from:to]), map[string]string{"Upload-Offset": fmt.Sprint(from), "Content-Type": "application/octet-stream"})
	}
	if status, out := put(0, 1<<20); status != 200 || out["received"] != float64(1<<20) {
		t.Errorf("a piece: %d %v", status, out)
	}
	if status, out := put(0, 1<<20); status != 200 || out["received"] != float64(1<<20) {
		t.Errorf("the same piece again: %d %v", status, out)
	}
	if status, out := put(2<<20, 3<<20); status != 409 || out["received"] != float64(1<<20) {
		t.Errorf("a later piece: %d %v", status, out)
	}
	if status, out := put(1<<20, 2<<20+1); status != 422 {
		t.Errorf("a piece too long: %d %v", status, out)
	}
	if status, out := ask(s.by, "GET", path, nil, nil); status != 200 || out["received"] != float64(1<<20) || out["size"] != float64(len(content)) {
		t.Errorf("how far it is: %d %v", status, out)
	}
	for _, v := range s.someones[1:8] {
		if !v.actor.Is(evidence.Writers()...) {
			continue
		}
		if status, _ := ask(v, "GET", path, nil, nil); status != 404 {
			t.Errorf("%s sees another's upload: %d", v.name, status)
		}
	}
	body, header := form(url.Values{})
	if status, out := ask(s.by, "POST", path+"/finish", body, header); status != 409 {
		t.Errorf("finished too early: %d %v", status, out)
	}
	// Every piece from here on is sent twice at once.
	for from := 1 << 20; from < len(content); from += 1 << 20 {
		to := min(from+1<<20, len(content))
		var wg sync.WaitGroup
		var won atomic.Int32
		for range 2 {
			wg.Go(func() {
				switch status, out := put(from, to); {
				case status == 200:
					won.Add(1)
				case status != 409 || out["received"] != float64(to):
					t.Errorf("the other piece: %d %v", status, out)
				}
			})
		}
		wg.Wait()
		if won.Load() == 0 {
			t.Errorf("nobody brought the piece at %d", from)
		}
	}
	finish := func() (int, map[string]any) {
		body, header := form(url.Values{})
		return ask(s.by, "POST", path+"/finish", body, header)
	}
	status, kept := finish()
	if status != 200 || kept["title"] != "log" || kept["scan"] != "not_scanned" {
		t.Fatalf("finish: %d %v", status, kept)
	}
	if status, again := finish(); status != 200 || again["evidence"] != kept["evidence"] {
		t.Errorf("finished again: %d %v", status, again)
	}
	res := s.fetch("GET", "/evidence/versions/"+kept["version"].(string)+"/file")
	if got, _ := io.ReadAll(res.Body); !bytes.Equal(got, content) {
		t.Error("another content comes back")
	}
	if n := s.w.Count(`select count(*)::int from evidence_part`); n != 0 {
		t.Errorf("%d pieces are left", n)
	}

	// Refused at the end, and cancelled: nothing is left.
	status, up = begin(url.Values{"name": {"a.pdf"}, "size": {"4"}})
	if status != 200 {
		t.Fatalf("begin: %v", up)
	}
	path = "/evidence/uploads/" + up["id"].(string)
	if status, out := ask(s.by, "POST", path, strings.NewReader("MZ\x90\x00"), map[string]string{"Upload-Offset": "0"}); status != 200 {
		t.Errorf("%d %v", status, out)
	}
	if status, out := finish(); status != 422 || !strings.Contains(fmt.Sprint(out["errors"]), "is a program") {
		t.Errorf("a program: %d %v", status, out)
	}
	_, up = begin(url.Values{"name": {"b.pdf"}, "size": {"4"}})
	path = "/evidence/uploads/" + up["id"].(string)
	_, _ = ask(s.by, "POST", path, strings.NewReader("%PD"), map[string]string{"Upload-Offset": "0"})
	body, header = form(url.Values{})
	if status, _ := ask(s.by, "POST", path+"/cancel", body, header); status != 204 {
		t.Errorf("cancel: %d", status)
	}
	s.w.Must(s.library.Store.Each(context.Background(), "u/", func(e blob.Entry) error { t.Errorf("left: %s", e.Name); return nil }))
}

// The agency looks at what was submitted; pictures come as pictures, PDF as PDF.
func TestPreviews(t *testing.T) {
	t.Parallel()
	l := newLibrarian(t)
	photo := l.take("gate.jpg", evidencetest.JPEG(3000, 2000, "GPS 40.7 N 74.0 W"), &evidence.Place{Cycle: l.cycle, Criterion: "9.1"})
	sheet := l.take("list.xlsx", evidencetest.Office(evidencetest.Excel), &evidence.Place{Cycle: l.cycle, Criterion: "9.1"})
	pdf := l.take("seals.pdf", evidencetest.PDF("Seals"), &evidence.Place{Cycle: l.cycle, Criterion: "9.1"})
	l.w.Must(l.web.Evidence.Settle(l.w.Ctx, photo.Version))
	l.want(404, l.w.Sam, "GET", "/desk/evidence/versions/"+photo.Version.String()+"/preview", nil) // not submitted yet
	submitProfile(l.w, l.who, l.cycle)
	for version, kind := range map[uuid.UUID]string{photo.Version: "image/jpeg", pdf.Version: "application/pdf"} {
		for who, base := range map[*identity.Actor]string{&l.who: "/evidence", &l.w.Sam: "/desk/evidence"} {
			res, _ := l.send(*who, "GET", base+"/versions/"+version.String()+"/preview", nil)
			if res.StatusCode != 200 || res.Header.Get("Content-Type") != kind || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "inline; ") ||
				!strings.HasPrefix(res.Header.Get("Content-Security-Policy"), "sandbox;") {
				t.Errorf("%s for %s: %d %v", kind, who.Role, res.StatusCode, res.Header)
			}
		}
	}
	l.want(404, l.who, "GET", "/evidence/versions/"+sheet.Version.String()+"/preview", nil)
	o, err := l.web.Evidence.Preview(l.w.Ctx, l.who, photo.Version)
	l.w.Must(err)
	b, err := io.ReadAll(o.Content)
	l.w.Must(err)
	if bytes.Contains(b, []byte("GPS")) || len(b) > 1<<20 {
		t.Errorf("the preview of %d bytes says where it was taken", len(b))
	}
	_ = o.Content.Close()
	if n := l.w.Count(`select count(*)::int from audit_event where action = 'evidence.read' and internal`); n != 2 {
		t.Errorf("%d looks of the agency", n)
	}
}
