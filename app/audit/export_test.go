package audit_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/application"
	"trustedtrader/app/audit"
	"trustedtrader/app/fault"
)

func submission(version int) application.Submission {
	return application.Submission{Version: version, Attested: true, Name: "Olga Owner"}
}

// csvOf reads an export as a program would.
func csvOf(t *testing.T, x *audit.Export) [][]string {
	t.Helper()
	var b bytes.Buffer
	if err := x.Write(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	text, marked := strings.CutPrefix(b.String(), "\ufeff")
	if !marked || !strings.Contains(text, "\r\n") {
		t.Errorf("the file begins %.40q", b.String())
	}
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// breaking is a writer that goes away.
type breaking struct{ left int }

func (b *breaking) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("gone")
	}
	return len(p), nil
}

func TestExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 5000
	w.Exec(`insert into audit_event (at, actor, audience, role, action, subject_kind, reason, after)
		select ?::timestamptz + (i / 700) * interval '1 second', 'Many', 'staff', 'specialist', 'office.open', 'office', i::text, jsonb_build_object('n', i) from generate_series(1, ?) i`, w.Clock.Now(), many)
	by := w.Auditor
	by.Zone, _ = time.LoadLocation("America/New_York")
	x, err := w.trail.Export(w.Ctx, by, audit.Filter{Action: "office.open", Older: "1.1"})
	w.Must(err)
	if x.Rows != many || x.Name != "audit-trail-2026-03-03-100000.csv" {
		t.Errorf("export of %d rows as %s", x.Rows, x.Name)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'audit.export' and internal and person_id = $1 and after->>'rows' = '5000' and after->>'action' = 'office.open'`,
		by.PersonID); n != 1 {
		t.Error("the export is not on record before its first byte")
	}
	lines := csvOf(t, x)
	if len(lines) != many+1 || len(lines[0]) != 21 || lines[0][0] != "id" {
		t.Fatalf("%d lines", len(lines))
	}
	seen := map[string]bool{}
	for _, l := range lines[1:] {
		seen[l[17]] = true
	}
	if len(seen) != many {
		t.Errorf("%d different events of %d", len(seen), many)
	}
	last := lines[many]
	if last[1] != "2026-03-03T15:00:00.000000Z" || last[2] != "2026-03-03T10:00:00-05:00" || last[9] != "Office opened" || last[16] != `{"n": 1}` {
		t.Errorf("last line: %q", last)
	}
	if err := x.Write(w.Ctx, &breaking{left: 200_000}); err == nil {
		t.Error("a file that broke off passes for whole")
	}

	w.Exec(`insert into audit_event (at, actor, audience, role, action, subject_kind)
		select ?, 'Many', 'staff', 'specialist', 'office.open', 'office' from generate_series(1, ?)`, w.Clock.Now(), audit.MostExported-many+1)
	_, err = w.trail.Export(w.Ctx, by, audit.Filter{Action: "office.open"})
	w.Want("one event too many", err, fault.Invalid)
	x, err = w.trail.Export(w.Ctx, by, audit.Filter{Action: "office.open", From: "2026-03-04"})
	w.Must(err)
	if lines := csvOf(t, x); len(lines) != 1 {
		t.Errorf("a day without events has %d lines", len(lines))
	}
	x, err = w.trail.Export(w.Ctx, by, audit.Filter{Person: "nobody"})
	w.Must(err)
	if lines := csvOf(t, x); len(lines) != 1 || x.Rows != 0 {
		t.Errorf("nobody's events: %d lines", len(lines))
	}
}

// TestExportIsInert: no cell begins as a formula does.
func TestExportIsInert(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	starts := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "plain, \"quoted\"\nsecond line", "'=1"}
	for _, s := range starts {
		by := w.Chief
		by.Name = s
		w.record(by, w.Clock.Now(), audit.Event{Action: "office.open", Kind: "office", Reason: s, After: s})
	}
	x, err := w.trail.Export(w.Ctx, w.Auditor, audit.Filter{Action: "office.open"})
	w.Must(err)
	lines := csvOf(t, x)
	if len(lines) != len(starts)+1 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, l := range lines[1:] {
		for _, cell := range l {
			if strings.IndexAny(cell, "=+-@\t\r\n") == 0 || strings.HasPrefix(cell, "＝") {
				t.Errorf("line %d has a formula: %q", i, cell)
			}
		}
		want := strings.ReplaceAll(starts[len(starts)-1-i], "\r", "") // line breaks are written as the format wants them
		if got := strings.ReplaceAll(l[17], "\r", ""); strings.TrimPrefix(got, "'") != strings.TrimPrefix(want, "'") {
			t.Errorf("line %d: %q, want %q", i, got, want)
		}
	}
	if err := x.Write(w.Ctx, io.Discard); err != nil {
		t.Error(fmt.Errorf("written again: %w", err))
	}
}
