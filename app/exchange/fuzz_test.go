package exchange

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
)

// fixture is a profile without a database.
func fixture(t testing.TB) (*outgoing, []byte) {
	t.Helper()
	edition, ok := profiletest.Library(t).Edition("ctpat", "2026.1")
	if !ok {
		t.Fatal("no edition")
	}
	x := &outgoing{now: time.Date(2026, 3, 3, 15, 0, 0, 0, time.UTC), by: identity.Actor{Audience: identity.Companies, Role: identity.Owner},
		p: &profile.Profile{Form: edition.Form("importer"), Firm: profile.Firm{Name: "Harbor", Zone: time.UTC},
			Cycle: profile.Cycle{ID: uuid.MustParse("018f0000-0000-7000-8000-000000000001"), Reference: "SP-2026-000001", Status: profile.Open, EditionHash: edition.Hash}}}
	body, err := x.workbook(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return x, body
}

// packed is an archive of parts.
func packed(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, parts[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	contentTypes = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`
	rootRels     = `<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	bookPart     = `<workbook xmlns:r="r"><sheets><sheet name="A" r:id="r1"/></sheets></workbook>`
	bookRels     = `<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/a.xml"/></Relationships>`
)

// sheetOf is a workbook with one sheet.
func sheetOf(t testing.TB, sheet string, more ...string) []byte {
	return packed(t, append([]string{"[Content_Types].xml", contentTypes, "_rels/.rels", rootRels, "xl/workbook.xml", bookPart, "xl/_rels/workbook.xml.rels", bookRels,
		"xl/worksheets/a.xml", sheet}, more...)...)
}

// rowOf is a sheet with one row of a question.
func rowOf(question, answer, text string) string {
	esc := strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace
	return `<worksheet><sheetData><row><c t="inlineStr"><is><t>question_id</t></is></c><c t="str"><v>cycle_id</v></c><c t="str"><v>answer</v></c><c t="str"><v>text</v></c></row>` +
		`<row><c t="str"><v>` + esc(question) + `</v></c><c t="str"><v>c</v></c><c t="str"><v>` + esc(answer) + `</v></c><c t="str"><v>` + esc(text) + `</v></c></row></sheetData></worksheet>`
}

// lying is an archive with a part that unpacks to far more than it announces.
func lying(t testing.TB, size int) []byte {
	t.Helper()
	var part, b bytes.Buffer
	w, err := flate.NewWriter(&part, flate.BestCompression)
	if err == nil {
		_, err = io.CopyN(w, blank{}, int64(size))
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(&b)
	raw, err := z.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/a.xml", Method: zip.Deflate, CompressedSize64: uint64(part.Len()), UncompressedSize64: 10})
	if err == nil {
		_, err = raw.Write(part.Bytes())
		err = errors.Join(err, z.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// blank is spaces without end.
type blank struct{}

func (blank) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// The announced size of a bomb refuses it before anything is unpacked.
func TestBombsCostNothing(t *testing.T) {
	x, _ := fixture(t)
	bomb := sheetOf(t, strings.Repeat(" ", 4*mostUnpacked))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	if _, err := take(context.Background(), x.p.Form, "a.xlsx", bomb); err == nil {
		t.Error("a bomb is read")
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 || time.Since(start) > time.Second {
		t.Errorf("a bomb of %d bytes took %d bytes and %s", len(bomb), used, time.Since(start))
	}
}

func TestBadWorkbooksAreRefused(t *testing.T) {
	t.Parallel()
	x, good := fixture(t)
	open := func(content []byte) error {
		start := time.Now()
		_, err := take(context.Background(), x.p.Form, "a.xlsx", content)
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("took %s", d)
		}
		return err
	}
	many := strings.Repeat("<row/>", mostRows+1)
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"nothing":        {nil, "Choose a file"},
		"text":           {[]byte("Criterion;Answer"), "damaged"},
		"half":           {good[:len(good)/2], "damaged"},
		"a Word file":    {packed(t, "[Content_Types].xml", strings.ReplaceAll(contentTypes, "spreadsheetml.sheet", "wordprocessingml.document")), "damaged"},
		"too long":       {make([]byte, MostBytes+1), "larger than 10 MB. Export a section"},
		"macros":         {sheetOf(t, "<worksheet/>", "xl/vbaProject.bin", "x"), "macros"},
		"other files":    {sheetOf(t, "<worksheet/>", "xl/externalLinks/externalLink1.xml", "<x/>"), "reads from other files"},
		"a database":     {sheetOf(t, "<worksheet/>", "xl/connections.xml", "<x/>"), "reads from other files"},
		"embedded":       {sheetOf(t, "<worksheet/>", "xl/embeddings/a.exe", "MZ\x00\x00"), "embedded"},
		"a bomb":         {sheetOf(t, strings.Repeat(" ", mostUnpacked+1)), "unpacks to far more"},
		"a lying bomb":   {lying(t, mostUnpacked+1), "damaged"},
		"too many rows":  {sheetOf(t, "<worksheet><sheetData>"+many+"</sheetData></worksheet>"), "far more than a security profile"},
		"too many cells": {sheetOf(t, "<worksheet><row>"+strings.Repeat("<c/>", mostCells+1)+"</row></worksheet>"), "far more"},
		"no sheet":       {packed(t, "[Content_Types].xml", contentTypes, "_rels/.rels", rootRels, "xl/workbook.xml", bookPart, "xl/_rels/workbook.xml.rels", bookRels), "damaged"},
		"broken XML":     {sheetOf(t, "<worksheet><row><c>"), "damaged"},
		"deep":           {sheetOf(t, strings.Repeat("<a>", 200)+strings.Repeat("</a>", 200)), "damaged"},
	} {
		err := open(c.content)
		if fault.KindOf(err) != fault.Invalid || len(fault.Fields(err)) != 1 || !strings.Contains(fault.Fields(err)[0].String(), c.says) {
			t.Errorf("%s: %v %v, want %q", name, err, fault.Fields(err), c.says)
		}
	}
	// Rows and columns at the far end cost nothing.
	if err := open(sheetOf(t, `<worksheet><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></worksheet>`)); err != nil {
		t.Error(err)
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"2026-01-31": "2026-01-31", "46053": "2026-01-31", "46053.75": "2026-01-31", "2026-01-31T00:00:00": "2026-01-31",
		"31/01/2026": "31/01/2026", "12": "12", "1e400": "1e400", "NaN": "NaN", "": ""} {
		if got := dayCell(in, false); got != want {
			t.Errorf("day %q: %q, want %q", in, got, want)
		}
	}
	if got := dayCell("44591", true); got != "2026-01-31" {
		t.Errorf("a day counted from 1904: %s", got)
	}
	for in, want := range map[string]string{"12": "12", "1.5E-2": "0.015", "0.30000000000000004": "0.30000000000000004", "1,5": "1,5", "Inf": "Inf"} {
		if got := numberCell(in); got != want {
			t.Errorf("number %q: %q, want %q", in, got, want)
		}
	}
	for _, s := range []string{"=1", "'=1", "''=1", "'quoted'", "-5", "-x", "@a", "", "'", "x", "\t1", "＝1"} {
		if got := plain(inert(s)); got != s {
			t.Errorf("%q comes back as %q", s, got)
		}
	}
	for in, want := range map[string]string{"a_x000D_b": "a\rb", "_x005F_x000D_": "_x000D_", "_xD800_": "_xD800_", "_x1_": "_x1_"} {
		if got := unescape(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{`C:\temp\a.xlsx`: "a.xlsx", "../../b\x00.xlsx": "b.xlsx", "": "workbook.xlsx", "\u202ex": "x", strings.Repeat("é", 500): strings.Repeat("é", 200)} {
		if got := cleanName(in); got != want {
			t.Errorf("%q is called %q, want %q", in, got, want)
		}
	}
}

// settled checks what must hold of every workbook that was read.
func settled(t *testing.T, x *outgoing, content []byte) {
	t.Helper()
	start := time.Now()
	list, err := take(context.Background(), x.p.Form, "a.xlsx", content)
	if d := time.Since(start); d > 20*time.Second {
		t.Fatalf("took %s", d)
	}
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			t.Fatalf("no refusal: %v", err)
		}
		return
	}
	seen := map[string]bool{}
	for _, g := range list {
		if seen[g.key()] {
			t.Fatalf("two answers for %s", g.key())
		}
		seen[g.key()] = true
		g.Cycle, g.Edition = x.p.Cycle.ID.String(), x.p.Cycle.EditionHash
		if r := judge(x.p, x.by, g, map[string]catalogue.Answer{}); r.State == "" || r.State == Refused && len(r.Why) == 0 {
			t.Fatalf("no state: %+v", r)
		}
	}
}

// Whatever bytes come, they are read or refused, within bounds.
func FuzzWorkbookBytes(f *testing.F) {
	x, good := fixture(f)
	f.Add([]byte{}, 0, byte(0))
	f.Add(good, 100, byte(255))
	f.Add(sheetOf(f, rowOf("1.1.a", "Yes", "")), 0, byte(0))
	f.Add(sheetOf(f, `<worksheet><row r="-5"><c r="ZZZZZZZZZZ9" t="s"><f t="shared" si="9"/><v>99999999999999999999</v></c></row></worksheet>`), 0, byte(0))
	f.Fuzz(func(t *testing.T, content []byte, at int, with byte) {
		if len(content) > 0 && at > 0 {
			content = bytes.Clone(content)
			content[at%len(content)] ^= with
		}
		settled(t, x, content)
	})
}

// Whatever a part of the workbook holds, likewise: past the archive's checksums.
func FuzzWorkbookSheet(f *testing.F) {
	x, _ := fixture(f)
	f.Add(rowOf("1.1.a", "Yes", ""), "")
	f.Add(`<worksheet><row r="1"><c r="A1" t="s"><v>0</v></c></row></worksheet>`, `<sst><si><r><t>question_id</t></r><rPh><t>x</t></rPh></si></sst>`)
	f.Add(`<worksheet><row><c><f>1+1</f><v>2</v></c></row><!-- --><?x?><![CDATA[x]]></worksheet>`, `<sst>`)
	f.Fuzz(func(t *testing.T, sheet, shared string) {
		rels := strings.Replace(bookRels, "</Relationships>", `<Relationship Id="r2" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`, 1)
		settled(t, x, packed(t, "[Content_Types].xml", contentTypes, "_rels/.rels", rootRels, "xl/workbook.xml", bookPart, "xl/_rels/workbook.xml.rels", rels,
			"xl/worksheets/a.xml", sheet, "xl/sharedStrings.xml", shared))
	})
}

// Whatever people write into cells, likewise.
func FuzzWorkbookCells(f *testing.F) {
	x, good := fixture(f)
	for _, s := range []string{"Yes", "", "=cmd|' /C calc'!A0", "2026-02-30", "-1e9", "\u202e", "漢字", "_x0000_", "'-", strings.Repeat("a", 5000)} {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, answer, text, cell string) {
		book, err := excelize.OpenReader(bytes.NewReader(good))
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close() //nolint:errcheck // it is only in memory
		for _, at := range []struct{ sheet, cell, value string }{{"Management", "F3", answer}, {"Management", "G4", text}, {"Management", "P5", cell}, {"Table 3.1.e", "A4", cell}, {"Table 3.1.e", "B5", answer}} {
			if err := book.SetCellStr(at.sheet, at.cell, at.value); err != nil {
				return // more than a cell holds
			}
		}
		var b bytes.Buffer
		if err := book.Write(&b); err != nil {
			return // nothing that a spreadsheet program writes
		}
		settled(t, x, b.Bytes())
	})
}
