package consultation_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
	"trustedtrader/app/consultation"
	"trustedtrader/app/fault"
	"trustedtrader/app/signing"

	"github.com/google/uuid"
)

// signed lets the service sign, and gives the keys that verify it.
func (w *world) signed() *signing.Keys {
	w.T.Helper()
	keys, err := signing.Derive(make([]byte, 32))
	w.Must(err)
	w.svc.Sign = func(payload []byte) (string, error) {
		return keys.Sign("manifest+jwt", rawJSON(payload))
	}
	return keys
}

type rawJSON []byte

func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

func (w *world) bring(name string, file io.Reader) consultation.Batch {
	w.T.Helper()
	b, err := w.svc.Upload(w.Ctx, w.officer, consultation.BatchQuestion{Purpose: "import"}, name, file)
	w.Must(err)
	return b
}

func (w *world) batch(id uuid.UUID) consultation.Batch {
	w.T.Helper()
	b, err := w.svc.Batch(w.Ctx, w.officer, id)
	w.Must(err)
	return b
}

// answers are the rows of a finished list, held to its manifest.
func (w *world) answers(b consultation.Batch, keys *signing.Keys) (rows [][]string) {
	w.T.Helper()
	var out bytes.Buffer
	w.Must(w.svc.CSV(w.Ctx, w.officer, b.ID, false, &out))
	_, text, err := w.svc.ManifestOf(w.Ctx, w.officer, b.ID)
	w.Must(err)
	var m consultation.Manifest
	w.Must(signing.Open(keys.Set(), "manifest+jwt", text, &m))
	if m.SHA256 != canon.Hash(out.Bytes()) || m.Rows != b.Rows || m.Batch != b.Number {
		w.T.Errorf("the manifest %+v is not of this file", m)
	}
	rows, err = csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\uFEFF"))).ReadAll()
	w.Must(err)
	return rows
}

// TestALargeList: 100,000 rows keep their order, each with a number of its own.
func TestALargeList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := w.signed()
	w.consent(w.owner.CompanyID, norland)
	const many = consultation.MostRows
	var file bytes.Buffer
	file.WriteString("line;identifier\r\n")
	for i := range many {
		number := fmt.Sprintf("NOBODY-%06d", i)
		if i%1000 == 7 {
			number = w.number
		}
		fmt.Fprintf(&file, "%d;%s\r\n", i, number)
	}
	b := w.bring("large.csv", &file)
	if b.Rows != many || b.Wrong != 0 {
		t.Fatalf("%d rows, %d wrong", b.Rows, b.Wrong)
	}
	w.Must(w.svc.Work(w.Ctx, b.ID))
	w.Must(w.svc.Work(w.Ctx, b.ID)) // a job that comes twice checks nothing twice
	rows := w.answers(b, keys)
	if len(rows) != many+1 {
		t.Fatalf("%d lines", len(rows))
	}
	seen := make(map[string]bool, many)
	for i, r := range rows[1:] {
		want := string(consultation.NoRecord)
		if i%1000 == 7 {
			want = string(consultation.Answered)
		}
		if r[0] != fmt.Sprint(i) || r[2] != want || r[7] == "" || seen[r[7]] {
			t.Fatalf("line %d: %v", i, r)
		}
		seen[r[7]] = true
	}
	if n := w.Count(`select count(*)::int from consultation where batch_id = $1`, b.ID); n != many {
		t.Errorf("%d records, want %d", n, many)
	}
}

// TestAWorkbook of some thousand rows comes back in order, and no cell is a formula.
func TestAWorkbook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := w.signed()
	w.consent(w.owner.CompanyID, norland)
	const many = 6000
	book := excelize.NewFile()
	sheet, err := book.NewStreamWriter("Sheet1")
	w.Must(err)
	w.Must(sheet.SetRow("A1", []any{"Note", "Membership number"}))
	for i := range many {
		note := any(fmt.Sprintf("row %d", i))
		switch i % 3 {
		case 1:
			note = fmt.Sprintf(`=HYPERLINK("https://x.example","%d")`, i)
		case 2:
			note = excelize.Cell{Formula: "1+1", Value: fmt.Sprintf("@sum %d", i)}
		}
		w.Must(sheet.SetRow(fmt.Sprintf("A%d", i+2), []any{note, w.number}))
	}
	w.Must(sheet.Flush())
	var file bytes.Buffer
	_, err = book.WriteTo(&file)
	w.Must(err)
	b := w.bring(`C:\lists\=x.xlsx`, &file)
	w.Must(w.svc.Work(w.Ctx, b.ID))
	b = w.batch(b.ID)
	seen := map[string]bool{}
	check := func(rows [][]string) {
		t.Helper()
		if len(rows) != many+1 {
			t.Fatalf("%d lines", len(rows))
		}
		for i, r := range rows[1:] {
			if strings.ContainsAny(r[0][:1], "=@+-") || !strings.Contains(r[0], fmt.Sprint(i)) || r[1] != w.number || r[2] != string(consultation.Answered) {
				t.Fatalf("line %d: %v", i, r)
			}
			seen[r[7]] = true
		}
	}
	check(w.answers(b, keys))
	var out bytes.Buffer
	w.Must(w.svc.XLSX(w.Ctx, w.officer, b.ID, &out))
	back, err := excelize.OpenReader(&out)
	w.Must(err)
	rows, err := back.GetRows("Sheet1")
	w.Must(err)
	check(rows)
	if formula, err := back.GetCellFormula("Sheet1", "A3"); err != nil || formula != "" {
		t.Errorf("a formula: %q %v", formula, err)
	}
	if len(seen) != many {
		t.Errorf("%d numbers for %d rows", len(seen), many)
	}
}

// TestFailedRowsAreTriedAgain: what was answered stays as it is, the rest is tried again, and
// rows that were wrong come back corrected.
func TestFailedRowsAreTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := w.signed()
	w.consent(w.owner.CompanyID, norland)
	var file strings.Builder
	file.WriteString("identifier,note\r\n")
	for i := range 5000 {
		fmt.Fprintf(&file, "C26-%06d,%d\r\n", i, i)
	}
	file.WriteString("C26-BROKEN,5000\r\n,5001\r\n")
	b := w.bring("list.csv", strings.NewReader(file.String()))
	w.asOwner(`alter table consultation add constraint broken check (asked <> 'C26-BROKEN') not valid`)
	work := func(attempt int) error {
		worker := &consultation.BulkWorker{Service: w.svc}
		return worker.Work(w.Ctx, &river.Job[consultation.BulkArgs]{JobRow: &rivertype.JobRow{Attempt: attempt, MaxAttempts: 3}, Args: consultation.BulkArgs{Batch: b.ID}})
	}
	for attempt, status := range []string{"working", "working", "stopped"} {
		if err := work(attempt + 1); err == nil || w.batch(b.ID).Status != status {
			t.Fatalf("try %d: %v, the list is %s", attempt+1, err, w.batch(b.ID).Status)
		}
	}
	half := w.batch(b.ID)
	kept := w.Text(`select md5(string_agg(number, ',' order by row)) from consultation where batch_id = $1`, b.ID)
	if half.Done != 5000 || w.Count(`select count(*)::int from consultation where batch_id = $1`, b.ID) != 5000 {
		t.Errorf("of a stopped list %d rows are done", half.Done)
	}
	other := w.agency("other")
	w.Want("another agency", w.svc.Retry(w.Ctx, other, b.ID, half.Version), fault.NotFound)
	w.Want("a stale page", w.svc.Retry(w.Ctx, w.officer, b.ID, half.Version-1), fault.Conflict)
	w.asOwner(`alter table consultation drop constraint broken`)
	w.Must(w.svc.Retry(w.Ctx, w.officer, b.ID, half.Version))
	w.Want("twice", w.svc.Retry(w.Ctx, w.officer, b.ID, half.Version), fault.Conflict)
	w.Must(work(1))
	b = w.batch(b.ID)
	if b.Status != "done" || w.Count(`select count(distinct number)::int from consultation where batch_id = $1`, b.ID) != 5001 {
		t.Errorf("after the retry: %+v", b)
	}
	if again := w.Text(`select md5(string_agg(number, ',' order by row)) from consultation where batch_id = $1 and row < 5000`, b.ID); again != kept {
		t.Error("rows that were answered were checked again")
	}
	rows := w.answers(b, keys)
	if last := rows[len(rows)-1]; last[2] != "" || last[8] != "There is no identifier" {
		t.Errorf("the row that was wrong: %v", last)
	}
	// Put right, the rest is a list of its own, with the same columns.
	var failed bytes.Buffer
	w.Must(w.svc.CSV(w.Ctx, w.officer, b.ID, true, &failed))
	right := strings.Replace(failed.String(), "\r\n,5001", "\r\n"+w.number+",5001", 1)
	b = w.bring("failed.csv", strings.NewReader(right))
	w.Must(w.svc.Work(w.Ctx, b.ID))
	rows = w.answers(w.batch(b.ID), keys)
	if len(rows) != 2 || !slices.Equal(rows[0][:3], []string{"identifier", "note", "outcome"}) || len(rows[0]) != 9 || rows[1][1] != "5001" || rows[1][2] != string(consultation.Answered) {
		t.Errorf("the corrected rows: %v", rows)
	}
}

// TestAListUnderOneArrangement: an agency with several chooses.
func TestAListUnderOneArrangement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := w.signed()
	second := w.rule
	second.Arrangement = "us-second"
	w.svc.Rules = func(context.Context, uuid.UUID, clock.Day) ([]consultation.Rule, error) {
		return []consultation.Rule{second, w.rule}, nil
	}
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values ('us-second', ?, ?)`, w.officer.AgencyID, w.Clock.Now())
	w.consent(w.owner.CompanyID, norland)
	if list, err := w.svc.Under(w.Ctx, w.officer); err != nil || !slices.Equal(list, []string{norland, "us-second"}) {
		t.Errorf("to choose from: %v %v", list, err)
	}
	_, err := w.svc.Under(w.Ctx, w.owner)
	w.Want("a company", err, fault.NotFound)
	ask := func(under string) (consultation.Batch, error) {
		return w.svc.Upload(w.Ctx, w.officer, consultation.BatchQuestion{Arrangement: under, Purpose: "import"}, "x.csv", strings.NewReader("id\n"+w.number+"\n"))
	}
	_, err = ask("somebody-elses")
	w.Want("of others", err, fault.Invalid)
	for under, want := range map[string]string{norland: string(consultation.Answered), "": string(consultation.Answered), "us-second": string(consultation.NoRecord)} {
		b, err := ask(under)
		w.Must(err)
		w.Must(w.svc.Work(w.Ctx, b.ID))
		if rows := w.answers(w.batch(b.ID), keys); rows[1][1] != want {
			t.Errorf("under %q: %v", under, rows[1])
		}
	}
}
