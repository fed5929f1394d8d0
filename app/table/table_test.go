package table_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"trustedtrader/app/fault"
	"trustedtrader/app/table"
)

var small = table.Options{Bytes: 1 << 20, Rows: 50, Columns: 6, Cell: 40}

// read reads a whole table: "line:cell|cell" per row.
func read(o table.Options, content []byte) (heading []string, rows []string, err error) {
	t, err := table.Open(bytes.NewReader(content), o)
	if err != nil {
		return nil, nil, err
	}
	defer t.Close() //nolint:errcheck // a test's
	for {
		r, err := t.Next()
		if errors.Is(err, io.EOF) {
			return t.Heading(), rows, nil
		}
		if err != nil {
			return t.Heading(), rows, err
		}
		rows = append(rows, fmt.Sprintf("%d:%s", r.Line, strings.Join(r.Cells, "|")))
	}
}

func utf16of(text string, big bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune("\uFEFF" + text)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

func TestCSV(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 40)
	for name, x := range map[string]struct{ content, want string }{
		"commas":                    {"a,b\n1,2\n3,4\n", "2:1|2 3:3|4"},
		"semicolons and decimals":   {"a;b;c\n1,5;2,5;3,5\n", "2:1,5|2,5|3,5"},
		"tabs, empty cells":         {"a\tb\tc\n\t2\t\n", "2:|2|"},
		"mark, CRLF, blank rows":    {"\uFEFFa,b\r\n\r\n , \r\n1,2\r\n", "4:1|2"},
		"quoted":                    {"a,b\n\"x, \"\"y\"\"\nz\",2\n3,4\n", "2:x, \"y\"\nz|2 4:3|4"},
		"UTF-8":                     {"a,b\nŁódź,Žluť\n", "2:Łódź|Žluť"},
		"Windows-1252":              {"a;b\nMarqu\xe9s;C\xeda\n", "2:Marqués|Cía"},
		"UTF-16 little":             {string(utf16of("a\tb\nŁ\tŽ𝄞\n", false)), "2:Ł|Ž𝄞"},
		"UTF-16 big":                {string(utf16of("a\tb\nŁ\tŽ\n", true)), "2:Ł|Ž"},
		"short and long rows":       {"a,b\n1\n1,2,3,4,5,6,7,8\n", "2:1 3:1|2|3|4|5|6"},
		"one column":                {"a\n1\n2\n", "2:1 3:2"},
		"quoted signs in a heading": {"\"a;b;c;d\",e,f\n1,2,3\n", "2:1|2|3"},
		"a long cell":               {"a,b\n" + long + ",2\n", "2:" + long[:40] + "|2"},
		"our own export":            {"a,b\n'=1+1,'x\n", "2:=1+1|'x"},
		"no line end at the end":    {"a,b\n1,é", "2:1|é"},
	} {
		_, rows, err := read(small, []byte(x.content))
		if got := strings.Join(rows, " "); err != nil || got != x.want {
			t.Errorf("%s: %q, want %q (%v)", name, got, x.want, err)
		}
	}
}

// Characters that lie across the pieces in which a file is read.
func TestPieces(t *testing.T) {
	t.Parallel()
	for before := range 5 {
		var b strings.Builder
		b.WriteString("a,b\n" + strings.Repeat("x", before) + ",\n")
		for range 15_000 {
			b.WriteString("Žł,𝄞\n")
		}
		_, rows, err := read(table.Options{Bytes: 1 << 20, Rows: 20_000, Columns: 2, Cell: 10}, []byte(b.String()))
		if err != nil || len(rows) != 15_000+min(before, 1) || !strings.HasSuffix(rows[len(rows)-1], ":Žł|𝄞") {
			t.Fatalf("%d: %d rows, %v", before, len(rows), err)
		}
		for _, r := range rows[1:] {
			if !strings.HasSuffix(r, ":Žł|𝄞") {
				t.Fatalf("%d: %s", before, r)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct{ content, want string }{
		"empty":          {"", "Choose a file with rows"},
		"blank":          {"\n \n,,\n", "Choose a file with rows"},
		"no rows":        {"a,b\n\n", "heading and no rows"},
		"too large":      {"a,b\n" + strings.Repeat("x,y\n", 300_000), "larger than 1 MB"},
		"too many rows":  {"a,b\n" + strings.Repeat("x,y\n", 51), "more than 50 rows"},
		"a quote":        {"a,b\nc,d\n1,x\"y\n", "Line 3 "},
		"an open quote":  {"a,b\nc,d\n1,\"y\n", "quotation mark"},
		"no end":         {"a,b\nc,d\n1,\"" + strings.Repeat("y\n", 700_000), "after line 2"},
		"NUL":            {"a,b\nc,d\n1,\x00\n", "in line 3"},
		"UTF-8, then no": {"a,b\né,d\n1,2\n1,\xe9\n", "in line 4"},
		"a PDF":          {"%PDF-1.7", "not a table"},
		"an old book":    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not a table"},
		"half a book":    {"PK\x03\x04...", "not a workbook"},
	} {
		o := small
		switch name {
		case "no end":
			o.Bytes = 10 << 20
		case "too large":
			o.Rows = 1 << 20
		}
		_, _, err := read(o, []byte(x.content))
		if f := fault.Fields(err); len(f) != 1 || f[0].Name != "file" || !strings.Contains(f[0].String(), x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := small
	o.Field = "list"
	if _, err := table.Open(nil, o); len(fault.Fields(err)) != 1 || fault.Fields(err)[0].Name != "list" {
		t.Errorf("no file: %v", err)
	}
}

func book(t testing.TB, fill func(*excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	var b bytes.Buffer
	if err := errors.Join(f.Write(&b), f.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWorkbook(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 1, 13, 45, 30, 0, time.UTC)
	for _, mac := range []bool{false, true} {
		content := book(t, func(f *excelize.File) {
			err := errors.Join(f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &mac}),
				f.SetSheetRow("Sheet1", "A1", &[]any{"Entry", "When", "When", "Paid"}),
				f.SetSheetRow("Sheet1", "A4", &[]any{"=1+1", day, "2026-03-01", 1234.5}),
				f.SetSheetRow("Sheet1", "A5", &[]any{12345678901, nil, "Łódź", 0.1}),
				f.SetCellFormula("Sheet1", "E5", "1+1"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.NewSheet("Other"); err != nil {
				t.Fatal(err)
			}
		})
		x, err := table.Open(bytes.NewReader(content), small)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(x.Heading(), "|"); got != "Entry|When|When (2)|Paid" {
			t.Errorf("heading %s", got)
		}
		r, err := x.Next()
		if err != nil || r.Line != 4 || r.Cells[0] != "=1+1" || r.Cells[3] != "1234.5" || r.Cell(9) != "" || r.Cell(-1) != "" {
			t.Errorf("%+v %v", r, err)
		}
		if at, ok := x.Time(r.Cells[1]); !ok || !at.Equal(day) {
			t.Errorf("since 1904 %v: %v %v of %s", mac, at, ok, r.Cells[1])
		}
		for _, no := range []string{"", "2026-03-01", "x", "NaN", "-1", "1e9"} {
			if at, ok := x.Time(no); ok {
				t.Errorf("%q is %v", no, at)
			}
		}
		if r, err = x.Next(); err != nil || r.Line != 5 || strings.Join(r.Cells[:4], "|") != "12345678901||Łódź|0.1" {
			t.Errorf("%+v %v", r, err)
		}
		if _, err = x.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("after the last: %v", err)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
	c, err := table.Open(strings.NewReader("a\n45000\n"), small)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Time("45000"); ok {
		t.Error("CSV has no days by number")
	}
}

// parts makes a workbook of parts that nobody looked at.
func parts(t testing.TB, sheet string, more map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	all := map[string]string{
		"[Content_Types].xml":        `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"></Types>`,
		"_rels/.rels":                `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   sheet,
	}
	for name, text := range more {
		all[name] = text
	}
	for name, text := range all {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func inSheet(rows string) string {
	return `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + rows + `</sheetData></worksheet>`
}

const text = `<c t="inlineStr"><is><t>`

// A workbook that is small as it comes and huge as it unpacks is refused before it is
// unpacked into memory.
func TestBombs(t *testing.T) {
	head := `<row r="1">` + text + `a</t></is></c></row>`
	if _, rows, err := read(small, parts(t, inSheet(head+`<row r="7">`+text+`x</t></is></c><c r="C7"><v>5</v></c></row>`), nil)); err != nil || strings.Join(rows, " ") != "7:x||5" {
		t.Fatalf("a plain one: %q %v", rows, err)
	}
	o := small
	o.Unpacked = 20 << 20
	lying := parts(t, inSheet(head+strings.Repeat(" ", 1<<20)), nil)
	if at := bytes.LastIndex(lying, []byte("PK\x01\x02")); at > 0 { // the last part announces ten bytes
		copy(lying[at+24:], []byte{10, 0, 0, 0})
	}
	for name, x := range map[string]struct {
		content []byte
		want    string
	}{
		"too large in all": {parts(t, inSheet(head+strings.Repeat(`<row></row>`, 2<<20)), nil), "far more"},
		"a cell":           {parts(t, inSheet(head+"<row>"+text+strings.Repeat("x", 2<<20)+"</t></is></c></row>"), nil), "far more"},
		"an attribute":     {parts(t, inSheet(head+`<row x="`+strings.Repeat("x", 2<<20)+`"></row>`), nil), "far more"},
		"nesting":          {parts(t, inSheet(head+strings.Repeat("<a x='/>'>", 1000)+strings.Repeat("</a>", 1000)), nil), "far more"},
		"a CDATA section":  {parts(t, inSheet(head+"<row><![CDATA[</x>]]></row>"), nil), "not a workbook"},
		"a DOCTYPE":        {parts(t, `<!DOCTYPE x [<!ENTITY a "b">]>`+inSheet(head), nil), "not a workbook"},
		"cut off":          {parts(t, strings.TrimSuffix(inSheet(head), "</worksheet>"), nil), "not a workbook"},
		"no sheet":         {parts(t, inSheet(head), map[string]string{"xl/workbook.xml": `<workbook></workbook>`}), "workbook"},
		"pictures":         {parts(t, inSheet(head), map[string]string{"xl/media/a.bin": strings.Repeat("x", 19<<20), "xl/media/b.bin": strings.Repeat("x", 19<<20)}), "far more"},
		"a lie":            {lying, "workbook"},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, _, err := read(o, x.content)
		runtime.ReadMemStats(&after)
		if f := fault.Fields(err); len(f) != 1 || !strings.Contains(f[0].String(), x.want) {
			t.Errorf("%s: %v", name, err)
		}
		if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 16 {
			t.Errorf("%s: took %d MB", name, n)
		}
	}
}

var fields = []table.Field{
	{Name: "entry", Required: true, Aliases: []string{"entry number", "Entry No."}},
	{Name: "port", Aliases: []string{"port", "Port of Entry"}},
	{Name: "value", Aliases: []string{"value"}},
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		heading string
		mapping map[string]string
		want    string
	}{
		"aliases":        {"PORT OF ENTRY,Entry-No,x", nil, "entry 1 port 0 value -1"},
		"the first":      {"port,Port,Entry number,Entry no", nil, "entry 2 port 0 value -1"},
		"a mapping":      {"port,Port,Ref", map[string]string{"ref": "entry", "port": "", "port2": "port"}, "entry 2 port 1 value -1"},
		"before aliases": {"Entry number,Ref", map[string]string{"ref": "entry"}, "entry 1 port -1 value -1"},
		"unknown field":  {"Entry number,Ref", map[string]string{"ref": "nothing"}, "entry 0 port -1 value -1"},
	} {
		tb, err := table.Open(strings.NewReader(x.heading+"\n1,2,3,4\n"), small)
		if err != nil {
			t.Fatal(err)
		}
		c, err := tb.Columns(fields, x.mapping)
		if got := fmt.Sprintf("entry %d port %d value %d", c.At("entry"), c.At("port"), c.At("value")); err != nil || got != x.want {
			t.Errorf("%s: %s, want %s (%v)", name, got, x.want, err)
		}
	}
	tb, err := table.Open(strings.NewReader("port,value\n1,2\n"), small)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = tb.Columns(fields, nil); len(fault.Fields(err)) != 1 || !strings.Contains(err.Error(), "no column entry") {
		t.Errorf("without a required one: %v", err)
	}

	o := small
	o.Heading = func(cells []string) bool { return len(table.Match(cells, fields, nil).Missing(fields)) == 0 }
	heading, rows, err := read(o, []byte("Entries, all\nRun on;2026-01-01\n\nEntry number;port;value\n1;2;3\n"))
	if err != nil || strings.Join(heading, "|") != "Entry number|port|value" || strings.Join(rows, " ") != "5:1|2|3" {
		t.Errorf("a title: %q %q %v", heading, rows, err)
	}
	heading, rows, err = read(o, []byte("a,b\n1,2\n3,4\n"))
	if err != nil || strings.Join(heading, "|") != "a|b" || strings.Join(rows, " ") != "2:1|2 3:3|4" {
		t.Errorf("no heading is found: %q %q %v", heading, rows, err)
	}
}

// endless makes rows as they are read.
type endless struct {
	left, n int
	out     []byte
}

func (e *endless) Read(p []byte) (int, error) {
	for len(e.out) < len(p) && e.left > 0 {
		e.out = fmt.Appendf(e.out, "%011d-%d,2026-03-01,4601,Long Beach,11,CN,sea,Łódź,1234.56,USD,,,\n", e.n, e.n%9)
		e.left, e.n = e.left-1, e.n+1
	}
	if len(e.out) == 0 {
		return 0, io.EOF
	}
	n := copy(p, e.out)
	e.out = append(e.out[:0], e.out[n:]...)
	return n, nil
}

// A million rows take no more memory than a few.
func TestMemory(t *testing.T) {
	rows := 1_000_000
	if testing.Short() {
		rows = 100_000
	}
	in := io.MultiReader(strings.NewReader("a,b,c,d,e,f,g,h,i,j,k,l,m\n"), &endless{left: rows})
	x, err := table.Open(in, table.Options{Bytes: 500 << 20, Rows: 1_000_000, Columns: 100, Cell: 200})
	if err != nil {
		t.Fatal(err)
	}
	var most uint64
	for n := 0; ; n++ {
		_, err := x.Next()
		if errors.Is(err, io.EOF) {
			if n != rows {
				t.Errorf("%d rows", n)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n%100_000 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if most > 16<<20 {
		t.Errorf("%d MB of heap", most>>20)
	}
}

// FuzzTable: whatever comes, a table ends, refuses in words, or gives rows within limits.
func FuzzTable(f *testing.F) {
	for _, s := range []string{"", "a,b\n1,2\n", "a;b\n\"x", "\uFEFFa\tb\r\n\xe9\t1", string(utf16of("a\tb\nŁ\t1", false)), "a\n\x00", "a,b\n\xc5\x81,\xe9", "\xff\xfe\x00\xd8"} {
		f.Add([]byte(s))
	}
	f.Add(parts(f, inSheet(`<row>`+text+`a</t></is></c></row><row>`+text+`b</t></is></c></row>`), nil))
	f.Fuzz(func(t *testing.T, content []byte) {
		o := small
		o.Unpacked = 4 << 20
		heading, rows, err := read(o, content)
		if err != nil && len(fault.Fields(err)) != 1 {
			t.Fatalf("%q: %v", content, err)
		}
		if err == nil && len(rows) == 0 || len(rows) > o.Rows || len(heading) > o.Columns {
			t.Fatalf("%q: %d rows", content, len(rows))
		}
		for _, r := range append(rows, heading...) {
			if strings.ContainsRune(r, 0) || strings.ToValidUTF8(r, "") != r || len(r) > 20+o.Columns*(o.Cell+1) {
				t.Fatalf("%q: %q", content, r)
			}
		}
	})
}
