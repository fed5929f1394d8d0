//go:build linux && !production

package main

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// lines is a report of entry lines, and the sums that it must come to: "2026-01 sea 12 lines,
// 4 entries, 99.50".
func lines(n int) (report []byte, sums []string) {
	type sum struct{ lines, entries, cents int }
	all := map[string]*sum{}
	modes := [][2]string{{"11", "sea"}, {"30", "truck"}, {"40", "air"}}
	var b bytes.Buffer
	b.WriteString("Entry Number,Line Number,Entry Date,MOT,Port of Entry,Country of Origin,Value\n")
	for k := range n {
		entry, line := k/4, k%4+1 // four lines an entry
		mode, month, cents := modes[entry%3], entry%5+1, k%9973
		fmt.Fprintf(&b, "KIL%08d,%d,2026-%02d-%02d,%s,2704,CN,%d.%02d\n", entry, line, month, entry%28+1, mode[0], cents/100, cents%100)
		key := fmt.Sprintf("2026-%02d %s", month, mode[1])
		if all[key] == nil {
			all[key] = &sum{}
		}
		all[key].lines++
		all[key].cents += cents
		if line == 1 {
			all[key].entries++
		}
	}
	for key, s := range all {
		sums = append(sums, fmt.Sprintf("%s %d lines, %d entries, %d.%02d", key, s.lines, s.entries, s.cents/100, s.cents%100))
	}
	slices.Sort(sums)
	return b.Bytes(), sums
}

// post sends a form of a company's page.
func (k *killed) post(x attempt, path, csrf string, form url.Values) {
	k.t.Helper()
	form.Set("csrf", csrf)
	body := form.Encode()
	if status, _ := k.ask(x, "POST", path, "application/x-www-form-urlencoded", strings.NewReader(body), int64(len(body))); status != 303 {
		k.t.Fatalf("POST %s: %d", path, status)
	}
}

// report brings a file and has it taken over; it returns the import.
func (k *killed) report(x attempt, csrf string, content []byte) string {
	k.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	_ = form.WriteField("csrf", csrf)
	_ = form.WriteField("layout", "ace_es003")
	part, err := form.CreateFormFile("file", "lines.csv")
	if err != nil {
		k.t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = form.Close()
	if status, _ := k.ask(x, "POST", "/benefits/imports/new", form.FormDataContentType(), &b, int64(b.Len())); status != 303 {
		k.t.Fatalf("bring a report: %d", status)
	}
	id := k.world.Text(`select id::text from benefit_import where company_id = $1`, x.company)
	columns := url.Values{"version": {"1"}}
	for n, name := range []string{"entry", "line", "entry_date", "mode", "port", "origin", "value"} {
		columns.Set(fmt.Sprintf("column-%d", n), name)
	}
	k.post(x, "/benefits/imports/"+id+"/columns", csrf, columns)
	k.post(x, "/benefits/imports/"+id+"/take-over", csrf, url.Values{"version": {"2"}, "replace": {"add"}})
	return id
}

// staged counts what is read of an import, as the database's owner: no part of the portal may.
func (k *killed) staged(id string) (n int) {
	k.t.Helper()
	conn, err := pgx.Connect(k.t.Context(), k.dsn)
	if err != nil {
		k.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(k.t.Context(), `select count(*)::int from benefit_staged where import_id = $1::text::uuid`, id).Scan(&n); err != nil {
		k.t.Fatal(err)
	}
	return n
}

// TestKilledDuringImport: `kill -9` while rows are read, and again while they are taken over,
// loses no row and counts none twice; the next portal goes on at once where it was.
func TestKilledDuringImport(t *testing.T) {
	k := newKilled(t)
	k.startPortal()
	defer func() { k.killPortal() }()
	w := k.world
	owner := w.Importer("Harbor Imports LLC")
	x := attempt{company: owner.CompanyID, cookie: k.signIn(owner)}
	csrf := w.Text(`select csrf from session order by created_at desc limit 1`)
	const rows = 50_000
	content, want := lines(rows)

	var id string
	read := func() int { return w.Count(`select rows_read from benefit_import where id = $1::text::uuid`, id) }
	until := func(what string, is func() bool) {
		t.Helper()
		for deadline := time.Now().Add(40 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %s", what, w.Text(`select status || ' ' || rows_read from benefit_import where id = $1::text::uuid`, id))
			}
		}
	}
	staged := func(when string) int {
		t.Helper()
		n := read()
		if there := k.staged(id); there != n {
			t.Errorf("%s: %d rows are counted as read, %d are there", when, n, there)
		}
		if sums := w.Count(`select count(*)::int from benefit_month where company_id = $1`, x.company); sums != 0 {
			t.Errorf("%s: %d sums of what is not taken over", when, sums)
		}
		return n
	}
	k.held("benefit_event", func() { // so that it cannot end before it is killed
		id = k.report(x, csrf, content)
		until("no row is read", func() bool { return read() > 0 })
		k.killPortal()
		first := staged("killed while rows are read")
		k.startPortal()
		if now := read(); now < first {
			t.Errorf("%d rows were read, %d after a new start", first, now)
		}
		until("the rest is not read", func() bool { return read() == rows })
		k.waiting("benefit_event")
		k.killPortal()
		if second := staged("killed while they are taken over"); second != rows {
			t.Errorf("%d rows of %d after the second kill", second, rows)
		}
		t.Logf("killed after %d rows and after all", first)
	})
	k.startPortal()
	until("it does not end", func() bool {
		return w.Text(`select status from benefit_import where id = $1::text::uuid`, id) == "taken"
	})
	if got := w.Text(`select rows_read || ' read, ' || events_taken || ' taken, ' || events_duplicate || ' duplicate, ' || rows_wrong || ' wrong' from benefit_import where id = $1::text::uuid`, id); got != fmt.Sprintf("%d read, %d taken, 0 duplicate, 0 wrong", rows, rows) {
		t.Error(got)
	}
	if n := w.Count(`select count(distinct (entry_no, line))::int from benefit_event where company_id = $1`, x.company); n != rows {
		t.Errorf("%d events", n)
	}
	got := strings.Split(w.Text(`select string_agg(to_char(month, 'YYYY-MM') || ' ' || mode || ' ' || events || ' lines, ' || entries || ' entries, ' || amount::numeric(20, 2), '|' order by month, mode)
		from benefit_month where company_id = $1 and kind = 'entry' and type = '' and country = ''`, x.company), "|")
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("sums\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
