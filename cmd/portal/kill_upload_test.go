//go:build linux && !production

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/evidence/evidencetest"
)

// library is the folder of the killed portal's files.
func (k *killed) library() (dir string) {
	for _, v := range k.env {
		if data, ok := strings.CutPrefix(v, "PORTAL_DATA="); ok {
			dir = filepath.Join(data, "evidence")
		}
	}
	return dir
}

// files lists what lies in the store, and makes it look old.
func (k *killed) files(age time.Duration) (out []string) {
	k.t.Helper()
	err := filepath.WalkDir(k.library(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out = append(out, strings.TrimPrefix(path, k.library()))
		then := time.Now().Add(-age)
		return os.Chtimes(path, then, then)
	})
	if err != nil && !os.IsNotExist(err) {
		k.t.Fatal(err)
	}
	return out
}

func (k *killed) ask(x attempt, method, path, kind string, body io.Reader, length int64, header ...string) (int, map[string]any) {
	k.t.Helper()
	r, err := http.NewRequest(method, k.base+path, body)
	if err != nil {
		k.t.Fatal(err)
	}
	r.ContentLength = length
	r.AddCookie(&http.Cookie{Name: "portal", Value: x.cookie})
	r.Header.Set("Accept", "application/json, application/problem+json")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	res, err := client.Do(r)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = res.Body.Close() }()
	out := map[string]any{}
	_ = json.NewDecoder(res.Body).Decode(&out) // a page is no document
	return res.StatusCode, out
}

// TestKilledDuringUpload: `kill -9` in the middle of a file leaves the file whole or not at
// all; what has come of it in pieces is still there, and what is left of a stream is swept.
func TestKilledDuringUpload(t *testing.T) {
	k := newKilled(t)
	k.startPortal()
	defer func() { k.killPortal() }()
	w, x := k.world, k.attempt(0)
	csrf := w.Text(`select csrf from session order by created_at desc limit 1`)
	rows := func() string {
		return fmt.Sprintf("%d items, %d versions, %d uploads", w.Count(`select count(*)::int from evidence`), w.Count(`select count(*)::int from evidence_version`), w.Count(`select count(*)::int from evidence_upload`))
	}

	// A form without scripts, killed when some of the file has come.
	for _, sent := range []int64{200 << 10, 9 << 20, 21 << 20} {
		reader, writer := io.Pipe()
		form := multipart.NewWriter(writer)
		const size = 40 << 20
		go func() {
			_ = form.WriteField("csrf", csrf)
			part, _ := form.CreateFormFile("file", "log.txt")
			_, _ = io.Copy(part, evidencetest.Large(sent))
			for w.Count(`select count(*)::int from evidence_upload where blob_key <> ''`) == 0 {
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(100 * time.Millisecond)
			k.killPortal()
			_ = writer.CloseWithError(io.ErrClosedPipe)
		}()
		if status, _ := k.ask(x, "POST", "/evidence/files", form.FormDataContentType(), reader, size); status != 0 {
			t.Errorf("a killed portal answered %d", status)
		}
		if got := rows(); got != "0 items, 0 versions, 1 uploads" {
			t.Errorf("after %d bytes: %s", sent, got)
		}
		k.files(3 * time.Hour)
		w.Exec(`update evidence_upload set seen_at = seen_at - interval '3 hours'`)
		w.Exec(`delete from river.river_job`)    // the sweep of the start before
		w.Exec(`delete from river.river_leader`) // nobody waits for the dead
		k.startPortal()
		for deadline := time.Now().Add(4 * time.Minute); rows() != "0 items, 0 versions, 0 uploads" || len(k.files(3*time.Hour)) > 0; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("after %d bytes and a new start: %s, %v", sent, rows(), k.files(0))
			}
		}
	}

	// In pieces: half of it, killed, the rest.
	content, err := io.ReadAll(evidencetest.Large(3 << 20))
	if err != nil {
		t.Fatal(err)
	}
	begin := url.Values{"name": {"pieces.txt"}, "size": {fmt.Sprint(len(content))}}.Encode()
	status, up := k.ask(x, "POST", "/evidence/uploads", "application/x-www-form-urlencoded", strings.NewReader(begin), int64(len(begin)), "X-CSRF-Token", csrf)
	if status != 200 {
		t.Fatalf("begin: %d %v", status, up)
	}
	path := "/evidence/uploads/" + up["id"].(string)
	put := func(from int) int {
		status, _ := k.ask(x, "POST", path, "application/octet-stream", bytes.NewReader(content[from:from+1<<20]), 1<<20, "X-CSRF-Token", csrf, "Upload-Offset", fmt.Sprint(from))
		return status
	}
	if status := put(0); status != 200 {
		t.Fatalf("a piece: %d", status)
	}
	k.held("evidence_part", func() {
		answer := make(chan int, 1)
		go func() { answer <- put(1 << 20) }()
		k.waiting("evidence_part")
		k.killPortal()
		if status := <-answer; status != 0 {
			t.Errorf("a killed portal answered %d", status)
		}
	})
	k.startPortal()
	if status, now := k.ask(x, "GET", path, "", nil, 0); status != 200 || now["received"] != float64(1<<20) {
		t.Errorf("what has come: %d %v", status, now)
	}
	for _, from := range []int{1 << 20, 2 << 20} {
		if status := put(from); status != 200 {
			t.Errorf("the piece at %d: %d", from, status)
		}
	}
	finish := func() (int, map[string]any) {
		return k.ask(x, "POST", path+"/finish", "application/x-www-form-urlencoded", strings.NewReader(""), 0, "X-CSRF-Token", csrf)
	}
	for _, table := range []string{"evidence", "evidence_version", "audit_event"} {
		k.held(table, func() {
			answer := make(chan int, 1)
			go func() { status, _ := finish(); answer <- status }()
			k.waiting(table)
			k.killPortal()
			<-answer
		})
		if got := rows(); got != "0 items, 0 versions, 1 uploads" {
			t.Errorf("killed before %s: %s", table, got)
		}
		k.startPortal()
		if status, _ := finish(); status != http.StatusConflict { // it might still be under way elsewhere
			t.Errorf("finished at once: %d", status)
		}
		w.Exec(`update evidence_upload set seen_at = seen_at - interval '10 minutes'`)
	}
	status, kept := finish()
	if status != 200 || rows() != "1 items, 1 versions, 0 uploads" {
		t.Fatalf("finish: %d %v, %s", status, kept, rows())
	}
	r, err := http.NewRequest("GET", k.base+"/evidence/versions/"+kept["version"].(string)+"/file", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "portal", Value: x.cookie})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes come back, with %v", len(got), err)
	}
	if left := k.files(0); len(left) != 1 {
		t.Errorf("files: %v", left)
	}
}
