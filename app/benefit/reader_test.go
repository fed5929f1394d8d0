package benefit_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"trustedtrader/app/benefit"
	"trustedtrader/app/identity"
)

// amounts are the customs values of a company's entry lines: "ABC12345671/1 1100.00".
func (w *world) amounts(by identity.Actor) string {
	w.T.Helper()
	return w.Text(`select coalesce(string_agg(entry_no || '/' || line || ' ' || coalesce(amount::numeric(20, 2)::text, '-'), '; ' order by entry_no, line), '')
		from benefit_event where company_id = $1 and kind = 'entry' and replaced_by is null`, by.CompanyID)
}

// ES-003 has a row for each tariff number of a line: of a laptop with its duty under section
// 301, and of a set. They are one line of one shipment.
func TestTariffs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	report := func(value string) string {
		return "Entry Summary Line Tariff Details\nRun on,03/30/2026\n\n" +
			"Entry Summary Number,Entry Summary Line Number,Entry Date,MOT Code,Port of Entry Code,Country of Origin Code,HTS Number - Full," + value + "\n" +
			"ABC-1234567-1,001,01/05/2026,11,2704,CN,9903.88.03,0.00\n" +
			"ABC-1234567-1,001,01/05/2026,11,2704,CN,8471.30.0100,\"1,000.50\"\n" +
			"ABC-1234567-1,001,01/05/2026,11,2704,CN,8473.30.1180,99.50\n" +
			"ABC-1234567-1,002,01/05/2026,11,2704,CN,8471.30.0100,200.00\n" +
			"ABC-1234567-1,001,01/05/2026,11,2704,CN,8473.30.1180,99.50\n" // printed twice
	}
	i := w.take(w.ann, "ace_es003", report("Line Tariff Goods Value Amount"))
	if got := counts(i); got != "taken: 5 rows, 2 taken, 1 duplicate, 0 wrong" || i.EventsJoined != 2 {
		t.Errorf("%s, %d joined", got, i.EventsJoined)
	}
	if got := w.amounts(w.ann); got != "ABC12345671/1 1100.00; ABC12345671/2 200.00" {
		t.Errorf("values: %s", got)
	}
	if got := w.sums(w.ann); got != "2026-01 entry sea los_angeles 2/1" {
		t.Errorf("sums: %s", got)
	}
	if _, wrong, err := w.s.Import(w.Ctx, w.ann, i.ID); err != nil || len(wrong) != 1 || wrong[0].RowNo != 9 {
		t.Errorf("problems: %+v %v", wrong, err)
	}
	w.exact(w.ann)

	// The same report again has nothing new, and adds to no value.
	i = w.take(w.ann, "ace_es003", report("Line Tariff Goods Value Amount"))
	if got := counts(i); got != "taken: 5 rows, 0 taken, 5 duplicate, 0 wrong" || i.EventsJoined != 0 {
		t.Errorf("again: %s, %d joined", got, i.EventsJoined)
	}
	if got := w.amounts(w.ann); got != "ABC12345671/1 1100.00; ABC12345671/2 200.00" {
		t.Errorf("values, again: %s", got)
	}
	w.exact(w.ann)

	// The value of the whole line stands in each of its rows: it counts once.
	whole := "Entry No,Line,Entry Date,HTS,Line Goods Value Amount\nE0000001,1,2026-01-05,99038803,500\nE0000001,1,2026-01-05,8471300100,500\n"
	i = w.take(w.bob, "ace_es003", whole)
	if got := counts(i); got != "taken: 2 rows, 1 taken, 0 duplicate, 0 wrong" || i.EventsJoined != 1 || w.amounts(w.bob) != "E0000001/1 500.00" {
		t.Errorf("%s, %d joined, %s", got, i.EventsJoined, w.amounts(w.bob))
	}
	w.exact(w.bob)
	w.undo(w.bob, i.ID)
	if got := w.amounts(w.bob); got != "" {
		t.Errorf("undone: %s", got)
	}
	w.exact(w.bob)
}

// Rows of a file that nobody cared for: each is read as it was meant, or named as wrong.
func TestHostileRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const head = "entry number;line;entry date;mot;port;origin;value\n"
	rows := []struct{ row, want string }{
		{"E0000001;1;3/1/2026;11;2704;CN;1234,5", "Value: This is not an amount. Write it as 1234.56"},
		{"E0000002;1;2026-03-01;11;2704;CN;1,234.50", "2026-03-01 1234.50"},
		{"E0000003;1;20260301;11;2704;CN;-12.5", "2026-03-01 -12.50"},
		{"E0000004;1;3/1/26;11;2704;CN;(12.50)", "2026-03-01 -12.50"},
		{"E0000005;1;2026-02-29;11;2704;CN;1", "Entry date: This is not a day that we can read. Write it as 3/31/2026"},
		{"E0000006;1;31/12/2025;11;2704;CN;1", "Entry date: This is not a day that we can read. Write it as 3/31/2026"},
		{"E0000007;1;2027-01-01;11;2704;CN;1", "Entry date: The day 2027-01-01 cannot be: it lies before 1990 or in the future"},
		{"E0000008;1;0000-00-00;11;2704;CN;1", "Entry date: This is not a day that we can read. Write it as 3/31/2026"},
		{"E0000009;1;2026-03-01;11;2704;CN;1.234,50", "Value: This is not an amount. Write it as 1234.56"},
		{"E0000010;1;2026-03-01;11;2704;CN;NaN", "Value: This is not an amount. Write it as 1234.56"},
		{"E0000011;1;2026-03-01;11;2704;CN;1e400", "Value: This is not an amount. Write it as 1234.56"},
		{"entry number;line;entry date;mot;port;origin;value", "Entry line: This is not a whole number from 0 to 9999999"},
		{"=cmd|' /C calc'!A0;1;2026-03-01;11;2704;CN;1", "Entry number: This is not an entry number. It has 4 to 35 letters and digits"},
		{"E0000014;1;2026-03-01", "2026-03-01 -"},
		{"E0000015;1;2026-03-01;11;2704;CN;7;more;and more;;", "2026-03-01 7.00"},
		{"E0000016;-1;2026-03-01;11;2704;CN;7", "Entry line: This is not a whole number from 0 to 9999999"},
		{"E0000017;1;2026-03-01;11;\"27\n04\";CN;7", "2026-03-01 7.00"},
		{"E0000018;1;2026-03-01;11;" + strings.Repeat("x", 5000) + ";CN;7", "2026-03-01 7.00"}, // the name of a port is cut
		{"E0000019;1;2026-03-01;11;\\N\\.;CN;7", "2026-03-01 7.00"},
	}
	for _, form := range []string{"", "\uFEFF"} {
		var b strings.Builder
		b.WriteString(form + head)
		for _, r := range rows {
			b.WriteString(r.row + "\r\n")
		}
		i := w.take(w.ann, "ace_es003", b.String())
		_, wrong, err := w.s.Import(w.Ctx, w.ann, i.ID)
		w.Must(err)
		line, lines := 2, map[int]string{} // lines of the file
		for _, x := range wrong {
			if lines[x.RowNo] == "" {
				lines[x.RowNo] = fmt.Sprintf("%s: %s", x.Field, x.Problem())
			}
		}
		for _, r := range rows {
			got := lines[line]
			if got == "" {
				got = w.Text(`select coalesce(max(day || ' ' || coalesce(amount::numeric(20, 2)::text, '-')), 'nothing') from benefit_event where import_id = $1 and row_no = $2`, i.ID, line)
			}
			if !strings.HasPrefix(got, r.want) {
				t.Errorf("line %d, %.60q: %s, want %s", line, r.row, got, r.want)
			}
			line += 1 + strings.Count(r.row, "\n")
		}
		w.exact(w.ann)
		w.undo(w.ann, i.ID)
	}

	// A field of 5 MB is no field: the file stops, and says where.
	i := w.bring(w.ann, "ace_es003", head+"E0000001;1;2026-03-01;11;2704;CN;7\nE0000002;1;2026-03-01;11;\""+strings.Repeat("x", 5<<20)+"\";CN;7\n")
	w.Must(w.s.TakeOver(w.Ctx, w.ann, i.ID, benefit.TakeEntry{Version: i.Version}))
	if err := (&benefit.Worker{Service: w.s}).Work(w.Ctx, job(i.ID, 1)); err == nil {
		t.Error("a field of 5 MB is taken over")
	}
	i = w.at(w.ann, i.ID)
	if p := i.Problem(); i.Status != benefit.Stopped || !strings.Contains(p.Message, "after line %d") || len(p.Args) != 1 || !strings.Contains(p.String(), "after line 2") {
		t.Errorf("%s: %+v", i.Status, p)
	}
}

// A workbook whose title and group of headings are merged cells, with the heading once more in
// its middle.
func TestMergedHeading(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := excelize.NewFile()
	for at, row := range map[string][]any{"A1": {"Entries of the first quarter"}, "A2": {"What", nil, nil, "How", nil}, "A3": {"Entry number", "Line", "Entry date", "MOT", "Port"},
		"A4": {"E0000001", 1, 46082, 11, 2704}, "A5": {"Entry number", "Line", "Entry date", "MOT", "Port"}, "A6": {"E0000002", 1, "3/1/2026", 11, 2704}} {
		w.Must(f.SetSheetRow("Sheet1", at, &row))
	}
	w.Must(f.MergeCell("Sheet1", "A1", "E1"))
	w.Must(f.MergeCell("Sheet1", "A2", "C2"))
	w.Must(f.MergeCell("Sheet1", "D2", "E2"))
	var b bytes.Buffer
	w.Must(f.Write(&b))
	w.Must(f.Close())
	i := w.take(w.ann, "ace_es003", b.String())
	if got := counts(i); got != "taken: 3 rows, 2 taken, 0 duplicate, 1 wrong" || i.FirstOn.String() != "2026-03-01" || i.LastOn.String() != "2026-03-01" {
		t.Errorf("%s %v %v", got, i.FirstOn, i.LastOn)
	}
}
