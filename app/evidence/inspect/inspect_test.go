package inspect_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	make "trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/evidence/inspect"
)

func look(t testing.TB, name, declared string, content []byte) inspect.Finding {
	t.Helper()
	f, err := inspect.Inspect(name, declared, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

func workbook(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i := range 200 {
		if err := f.SetCellValue("Sheet1", fmt.Sprintf("A%d", i+1), strings.Repeat("Seal ", i%7)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func wide(s string, big bool) []byte {
	out := []byte{0xff, 0xfe}
	if big {
		out = []byte{0xfe, 0xff}
	}
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out = binary.BigEndian.AppendUint16(out, u)
		} else {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
	}
	return out
}

func webp(w, h int) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00")
	for _, n := range []int{w - 1, h - 1} {
		b = append(b, byte(n), byte(n>>8), byte(n>>16))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func deflated(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

func pdfStream(dict, content string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\r\n%s\nendstream", dict, len(content), content)
}

func TestWhatIsTaken(t *testing.T) {
	t.Parallel()
	const zeros = 3_000_000
	for _, c := range []struct {
		name, declared string
		content        []byte
		kind           string
	}{
		{"procedure.pdf", "application/pdf", make.PDF("Seal procedure"), "pdf"},
		{"PROCEDURE.PDF", "", make.PDF("Seal procedure"), "pdf"},
		{"scan.pdf", "application/octet-stream", make.PDF("x", pdfStream("/Filter /FlateDecode", deflated(strings.Repeat("q 1 0 0 1 0 0 cm ", 1000)))), "pdf"},
		{"objects.pdf", "", make.PDF("x", pdfStream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", deflated("7 0 << /Type /Annot /A << /S /URI /URI (https://x.example) >> >>"))), "pdf"},
		{"two updates.pdf", "", append(make.PDF("x"), make.PDF("y")[9:]...), "pdf"},
		{"a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", make.Office(make.Word), "docx"},
		{"chart.docx", "", make.Office(make.Word, make.Entry{Name: "word/embeddings/Workbook.xlsx", Content: string(make.Office(make.Excel))}), "docx"},
		{"linked.docx", "", make.Office(make.Word, make.Entry{Name: "word/_rels/document.xml.rels", Content: `<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" Target="https://x.example" TargetMode="External"/></Relationships>`}), "docx"},
		{"zeros.xlsx", "", make.Office(make.Excel, make.Entry{Name: "xl/empty.xml", Content: strings.Repeat(" ", zeros)}), "xlsx"},
		{"real.xlsx", "", workbook(t), "xlsx"},
		{"a.pptx", "", make.Office(make.Slide), "pptx"},
		{"a.odt", "application/vnd.oasis.opendocument.text", make.OpenDocument("text"), "odt"},
		{"a.ods", "", make.OpenDocument("spreadsheet"), "ods"},
		{"a.csv", "application/vnd.ms-excel", []byte("name;country\r\nAcme;US\r\n"), "csv"},
		{"bom.csv", "text/csv", []byte("\xef\xbb\xbfname,country\nMüller,DE\n"), "csv"},
		{"old page.csv", "text/csv; charset=windows-1252", []byte("name;country\nM\xfcller;DE\n"), "csv"},
		{"from excel.txt", "text/plain", wide("Name\tLand\r\nMüller\tDE\r\n", false), "txt"},
		{"big end.txt", "text/plain", wide("Name\tLand\r\n", true), "txt"},
		{"a.txt", "text/plain", []byte("MZ is a country's code, and 1 < 2"), "txt"},
		{"a.png", "image/png", make.PNG(40, 30), "png"},
		{"a.jpeg", "image/jpeg", make.JPEG(40, 30, "taken at 40.7 N"), "jpg"},
		{"with a trailer.jpg", "image/pjpeg", append(make.JPEG(40, 30, ""), "SEFHe\x00\x00\x00Image_UTC_Data1700000000000"...), "jpg"},
		{"a.webp", "image/webp", webp(4000, 3000), "webp"},
	} {
		if f := look(t, c.name, c.declared, c.content); f.Refused != "" || f.Held != "" || f.Type.Code != c.kind {
			t.Errorf("%s: refused %q, held %q, taken for %q", c.name, f.Refused, f.Held, f.Type.Code)
		}
	}
	if f := look(t, "a.webp", "", webp(4000, 3000)); f.Width != 4000 || f.Height != 3000 {
		t.Errorf("a picture of %d by %d", f.Width, f.Height)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	pdf, jpg, png := make.PDF("x"), make.JPEG(9, 9, ""), make.PNG(9, 9)
	word := make.Office(make.Word)
	for _, c := range []struct {
		name, declared string
		content        []byte
		why            inspect.Reason
	}{
		{"a.pdf", "", nil, inspect.Empty},
		{"a.exe", "", []byte("MZ\x90\x00\x03\x00\x00\x00"), inspect.Executable},
		{"a.pdf", "application/pdf", []byte("MZ\x90\x00\x03\x00\x00\x00"), inspect.Executable},
		{"a.txt", "", []byte("\x7fELF\x02\x01\x01\x00"), inspect.Executable},
		{"a.txt", "text/plain", []byte("#!/bin/sh\nrm -rf /\n"), inspect.Executable},
		{"a.csv", "text/csv", []byte("<!DOCTYPE html><title>x</title>"), inspect.Markup},
		{"a.txt", "text/plain", []byte("\xef\xbb\xbf  \r\n<HTML><body>"), inspect.Markup},
		{"a.txt", "text/plain", []byte("Hello <script>alert(1)</script>"), inspect.Markup},
		{"a.txt", "text/plain", wide("<html><script>alert(1)</script>", false), inspect.Markup},
		{"a.png", "image/png", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>`), inspect.Markup},
		{"a.txt", "text/plain", []byte("<?xml version=\"1.0\"?><svg/>"), inspect.Markup},
		{"a.txt", "text/plain", []byte("<?php system($_GET[0]);"), inspect.Markup},
		{"a.html", "text/html", []byte("plain words"), inspect.Unknown},
		{"a.eml", "message/rfc822", []byte("From: a@x.example\r\n\r\nHello"), inspect.Unknown},
		{"a", "", []byte("plain words"), inspect.Unknown},
		{"a.gif", "image/gif", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), inspect.Unknown},
		{"a.doc", "application/msword", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"), inspect.OldOffice},
		{"a.rtf", "", []byte("{\\rtf1 x}"), inspect.OldOffice},
		{"a.docx", "", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"), inspect.Mismatch},
		{"a.zip", "application/zip", make.Zip(make.Entry{Name: "a.txt", Content: "x"}), inspect.Unknown},
		{"a.docx", "", make.Zip(make.Entry{Name: "a.txt", Content: "x"}), inspect.Archive},
		{"a.rar", "", []byte("Rar!\x1a\x07\x00"), inspect.Archive},
		{"a.pdf", "", []byte("\x1f\x8b\x08rest"), inspect.Archive},
		// name, content and what the browser says do not agree
		{"a.png", "image/png", pdf, inspect.Mismatch},
		{"a.pdf", "image/png", pdf, inspect.Mismatch},
		{"a.xlsx", "", word, inspect.Mismatch},
		{"a.docx", "", make.OpenDocument("text"), inspect.Mismatch},
		{"a.odt", "", make.OpenDocument("presentation"), inspect.Archive},
		{"a.txt", "text/plain", []byte("text\x00with a zero"), inspect.Unknown},
		{"a.txt", "text/plain", append(bytes.Repeat([]byte("text "), 2000), 0), inspect.Mismatch},
		{"a.pdf", "", []byte("plain words"), inspect.Mismatch},
		{"a.jpg", "image/jpeg", png, inspect.Mismatch},
		// macros
		{"a.docm", "", make.Office(make.Word), inspect.Unknown},
		{"a.docx", "", make.Office("wordprocessingml.document.main+xml\" x=\"macroEnabled"), inspect.Macros},
		{"a.docx", "", make.Zip(make.Types("word.document.macroEnabled.main+xml")), inspect.Macros},
		{"a.docx", "", make.Office(make.Word, make.Entry{Name: "word/vbaProject.bin", Content: "x"}), inspect.Macros},
		{"a.xlsx", "", make.Office(make.Excel, make.Entry{Name: "xl/macrosheets/sheet1.xml", Content: "x"}), inspect.Macros},
		{"a.xlsx", "", make.Office(make.Excel, make.Entry{Name: "xl/embeddings/oleObject1.bin", Content: "\xd0\xcf\x11\xe0" + string(wide("_VBA_PROJECT", false)[2:])}), inspect.Macros},
		{"a.docx", "", make.Office(make.Word, make.Entry{Name: "word/embeddings/x.xlsx", Content: string(make.Office(make.Excel, make.Entry{Name: "xl/vbaProject.bin", Content: "x"}))}), inspect.Macros},
		{"a.odt", "", make.OpenDocument("text", make.Entry{Name: "Basic/Standard/Module1.xml", Content: "x"}), inspect.Macros},
		// two in one
		{"a.pdf", "", append([]byte("GIF89a "), pdf...), inspect.Polyglot},
		{"a.txt", "text/plain", append([]byte("words first\n"), pdf...), inspect.Polyglot},
		{"a.pdf", "", bytes.Replace(pdf, []byte("%\xe2"), []byte("<html><script>x</script>%\xe2"), 1), inspect.Polyglot},
		{"a.pdf", "", append(bytes.Clone(pdf), make.Zip(make.Entry{Name: "x.class", Content: "x"})...), inspect.Polyglot},
		{"a.jpg", "", append(bytes.Clone(jpg), make.Zip(make.Entry{Name: "x.class", Content: "x"})...), inspect.Polyglot},
		{"a.png", "", append(bytes.Clone(png), make.Zip(make.Entry{Name: "x.class", Content: "x"})...), inspect.Polyglot},
		{"a.png", "", append(bytes.Clone(png), "anything"...), inspect.Polyglot},
		{"a.jpg", "", make.JPEG(9, 9, "<script>alert(1)</script>"), inspect.Polyglot},
		{"a.jpg", "", make.JPEG(9, 9, "%PDF-1.7"), inspect.Polyglot},
		{"a.jpg", "", append(bytes.Clone(jpg), "<?php system(0) ?>"...), inspect.Polyglot},
		{"a.webp", "", append(webp(10, 10), "more and more"...), inspect.Polyglot},
		{"a.csv", "", append([]byte("a,b\n"), make.Zip(make.Entry{Name: "x", Content: "x", Stored: true})...), inspect.Unknown},
		// cut off or broken
		{"a.pdf", "", pdf[:len(pdf)-8], inspect.Damaged},
		{"a.png", "", png[:len(png)-5], inspect.Damaged},
		{"a.png", "", png[:20], inspect.Damaged},
		{"a.jpg", "", jpg[:10], inspect.Damaged},
		{"a.webp", "", webp(10, 10)[:25], inspect.Damaged},
		{"a.docx", "", word[:len(word)-4], inspect.Damaged},
		{"a.docx", "", append(bytes.Clone(word), 'x'), inspect.Damaged},
		{"a.docx", "", append([]byte("PK\x03\x04 something first "), word...), inspect.Damaged},
		{"a.docx", "", flipped(word), inspect.Damaged},
		// names that lead astray
		{"a.docx", "", make.Office(make.Word, make.Entry{Name: "../../etc/passwd", Content: "x"}), inspect.Damaged},
		{"a.docx", "", make.Office(make.Word, make.Entry{Name: "/etc/passwd", Content: "x"}), inspect.Damaged},
		{"a.docx", "", make.Office(make.Word, make.Entry{Name: `..\x`, Content: "x"}), inspect.Damaged},
		{"a.docx", "", make.Office(make.Word, make.Entry{Name: "word/a.xml", Content: "x"}, make.Entry{Name: "Word/A.xml", Content: "y"}), inspect.Damaged},
		{"a.docx", "", make.Office(make.Word, make.Entry{Name: "C:x", Content: "x"}), inspect.Damaged},
		// pictures that fill the memory
		{"a.png", "", header(40_000, 40_000), inspect.Pixels},
		{"a.webp", "", webp(16_000, 16_000), inspect.Pixels},
	} {
		if f := look(t, c.name, c.declared, c.content); f.Refused != c.why {
			t.Errorf("%s of %d bytes: refused %q, held %q, want %q", c.name, len(c.content), f.Refused, f.Held, c.why)
		}
		if c.why.Message() == inspect.Reason("").Message() {
			t.Errorf("%s has no sentence", c.why)
		}
	}
}

// header is the beginning of a picture of many pixels and nothing else.
func header(w, h int) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		sum := crc32.ChecksumIEEE(append([]byte(kind), data...))
		b = append(append(b, kind...), data...)
		b = binary.BigEndian.AppendUint32(b, sum)
	}
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	chunk("IHDR", append(size, 8, 2, 0, 0, 0))
	chunk("IEND", nil)
	return b
}

// flipped has a wrong bit in its first compressed entry.
func flipped(b []byte) []byte {
	b = bytes.Clone(b)
	b[60] ^= 4
	return b
}

func TestWhatIsHeld(t *testing.T) {
	t.Parallel()
	ole := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600)
	action := func(s string) []byte { return make.PDF("x", "<< /S "+s+" >>") }
	hidden := "7 0 << /S /JavaScript /JS (app.alert(1)) >>"
	for _, c := range []struct {
		name    string
		content []byte
		why     inspect.Reason
	}{
		{"a.txt", make.Eicar(), inspect.Eicar},
		{"late.txt", append(bytes.Repeat([]byte("x"), 128<<10-30), make.Eicar()...), inspect.Eicar},
		{"a.docx", make.Office(make.Word, make.Entry{Name: "word/media/x.bin", Content: string(make.Eicar())}), inspect.Eicar},
		{"a.docx", make.Office(make.Word, make.Entry{Name: "word/embeddings/x.docx", Content: string(make.Office(make.Word, make.Entry{Name: "x.txt", Content: string(make.Eicar())}))}), inspect.Eicar},
		{"a.pdf", make.PDF("x", pdfStream("", string(make.Eicar()))), inspect.Eicar},
		{"a.jpg", append(make.JPEG(9, 9, ""), make.Eicar()...), inspect.Eicar},
		{"a.docx", []byte(ole + string(wide("EncryptedPackage", false)[2:])), inspect.Encrypted},
		{"a.xlsx", locked(make.Office(make.Excel)), inspect.Encrypted},
		{"a.odt", make.OpenDocument("text", make.Entry{Name: "META-INF/manifest.xml", Content: "<manifest:encryption-data/>"}), inspect.Encrypted},
		{"a.pdf", bytes.Replace(make.PDF("x"), []byte("/Root 1 0 R"), []byte("/Root 1 0 R /Encrypt 9 0 R"), 1), inspect.Encrypted},
		{"a.pdf", action("/JavaScript /JS (app.alert(1))"), inspect.Script},
		{"a.pdf", action("/Java#53cript /JS (app.alert(1))"), inspect.Script},
		{"a.pdf", make.PDF("x", pdfStream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", deflated(hidden))), inspect.Script},
		{"a.pdf", make.PDF("x", pdfStream("/Filter /FlateDecode /Subtype /Image", deflated(hidden))), inspect.Script},
		{"a.pdf", make.PDF("x", pdfStream("/Filter /Fl#61teDecode /Type /Obj#53tm", deflated("7 0 "+strings.Repeat(" ", 300)+hidden))), inspect.Script},
		{"a.pdf", make.PDF("x", pdfStream("/Type /ObjStm /N 1 /First 4 /Filter [/ASCIIHexDecode /FlateDecode]", "789c")), inspect.Unreadable},
		{"a.pdf", make.PDF("x", pdfStream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", "broken")), inspect.Unreadable},
		{"a.pdf", action("/Launch /F (cmd.exe)"), inspect.Launch},
		{"a.pdf", action("/GoToE /T 1"), inspect.Launch},
		{"a.pdf", make.PDF("x", "<< /Names << /EmbeddedFiles 9 0 R >> >>"), inspect.Attachment},
		{"a.docx", make.Office(make.Word, make.Entry{Name: "word/embeddings/oleObject1.bin", Content: ole + string(wide("\x01Ole10Native", false)[2:])}), inspect.Embedded},
		{"a.docx", make.Office(make.Word, make.Entry{Name: "word/embeddings/x.bin", Content: "MZ\x90\x00\x03\x00"}), inspect.Embedded},
		{"a.docx", make.Office(make.Word, make.Entry{Name: "word/media/run.js", Content: "WScript"}), inspect.Embedded},
		{"a.docx", make.Office(make.Word, make.Entry{Name: "word/activeX/activeX1.bin", Content: "x"}), inspect.Embedded},
		{"a.docx", make.Office(make.Word, make.Entry{Name: "word/embeddings/x.zip", Content: string(make.Zip(make.Entry{Name: "a", Content: "x"}))}), inspect.Embedded},
		{"a.docx", make.Office(make.Word, make.Entry{Name: "word/_rels/settings.xml.rels", Content: `<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" Target="https://evil.example/x.dotm" TargetMode="External"/></Relationships>`}), inspect.Remote},
		{"a.docx", nested(5), inspect.Unreadable},
	} {
		if f := look(t, c.name, "", c.content); f.Held != c.why || f.Refused != "" || f.Type.Code == "" {
			t.Errorf("%s of %d bytes: held %q, refused %q, want %q", c.name, len(c.content), f.Held, f.Refused, c.why)
		}
		if c.why.Message() == inspect.Reason("").Message() {
			t.Errorf("%s has no sentence", c.why)
		}
	}
}

func nested(n int) []byte {
	b := make.Office(make.Word)
	for range n {
		b = make.Office(make.Word, make.Entry{Name: "word/embeddings/x.docx", Content: string(b)})
	}
	return b
}

// locked sets the mark of a password on every entry.
func locked(b []byte) []byte {
	b = bytes.Clone(b)
	for i := range len(b) - 8 {
		switch string(b[i : i+4]) {
		case "PK\x01\x02":
			b[i+8] |= 1
		case "PK\x03\x04":
			b[i+6] |= 1
		}
	}
	return b
}

// TestBombs: what unpacks to a lot is refused soon and with little memory.
func TestBombs(t *testing.T) {
	zeros := func(name string, n int64) make.Entry {
		return make.Entry{Name: name, Content: strings.Repeat("\x00", int(n))}
	}
	var list []make.Entry
	for i := range 11_000 {
		list = append(list, make.Entry{Name: fmt.Sprintf("x/%d", i), Stored: true})
	}
	many := make.Office(make.Excel, list...)
	giant := make.PDF("x", pdfStream("/Type /ObjStm /Filter /FlateDecode", deflated("1 0 "+strings.Repeat(" ", 90<<20))))
	for what, c := range map[string]struct {
		name    string
		content []byte
	}{
		"an entry of 100 MB of zeros": {"a.docx", make.Office(make.Word, zeros("word/x.xml", 100<<20))},
		"many entries":                {"a.xlsx", many},
		"entries on one another":      {"a.docx", overlapping()},
		"more than it says":           {"a.docx", understated()},
		"a nested one":                {"a.docx", make.Office(make.Word, make.Entry{Name: "word/embeddings/x.xlsx", Content: string(make.Office(make.Excel, zeros("x", 100<<20)))})},
		"objects of a PDF":            {"a.pdf", giant},
	} {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		before, start := m.TotalAlloc, time.Now()
		f := look(t, c.name, "", c.content)
		runtime.ReadMemStats(&m)
		t.Logf("%s: %d bytes, %s, %d MB allocated, %q", what, len(c.content), time.Since(start), (m.TotalAlloc-before)>>20, f.Refused)
		want := inspect.Bomb
		if what == "more than it says" || what == "many entries" {
			want = inspect.Damaged
		}
		if f.Refused != want || time.Since(start) > 20*time.Second || (m.TotalAlloc-before)>>20 > 96 {
			t.Errorf("%s: %q held %q", what, f.Refused, f.Held)
		}
	}
}

// overlapping is an archive whose directory names the same bytes many times.
func overlapping() []byte {
	b := make.Office(make.Word, make.Entry{Name: "word/x0.xml", Content: strings.Repeat("\x00", 1<<20)})
	i := bytes.LastIndex(b, []byte("PK\x05\x06"))
	last := bytes.LastIndex(b[:i], []byte("PK\x01\x02"))
	entry, out := b[last:i], bytes.Clone(b[:i])
	for n := range 50 {
		e := bytes.Clone(entry)
		copy(e[46:], fmt.Sprintf("word/x%d.xm", n%10)) // as long as the other
		e[46+6] = byte('a' + n%26)
		e[46+8] = byte('a' + n/26)
		out = append(out, e...)
	}
	end := bytes.Clone(b[i:])
	count := binary.LittleEndian.Uint16(end[10:]) + 50
	binary.LittleEndian.PutUint16(end[8:], count)
	binary.LittleEndian.PutUint16(end[10:], count)
	binary.LittleEndian.PutUint32(end[12:], uint32(len(out))-binary.LittleEndian.Uint32(end[16:]))
	return append(out, end...)
}

// understated says that its entry is short.
func understated() []byte {
	b := make.Office(make.Word, make.Entry{Name: "word/x.xml", Content: strings.Repeat("\x00", 50<<20)})
	i := bytes.LastIndex(b, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(b[i+24:], 10)
	return b
}

// TestMemory: a file of 100 MB is looked at in pieces.
func TestMemory(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range []make.Entry{make.Types(make.Excel)} {
		w, _ := z.Create(e.Name)
		_, _ = io.WriteString(w, e.Content)
	}
	w, _ := z.CreateHeader(&zip.FileHeader{Name: "xl/media/film.bin", Method: zip.Deflate})
	if _, err := io.Copy(w, make.Large(60<<20)); err != nil {
		t.Fatal(err)
	}
	_ = z.Close()
	scan := make.PDF("x", pdfStream("/Subtype /Image /Filter /DCTDecode", b.String()[:40<<20]))
	for name, content := range map[string][]byte{"a.xlsx": b.Bytes(), "scan.pdf": scan} {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		before, start := m.HeapAlloc, time.Now()
		peak := uint64(0)
		r := readerAt(func(p []byte, off int64) (int, error) {
			if off>>22 != (off-int64(len(p)))>>22 {
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
			return bytes.NewReader(content).ReadAt(p, off)
		})
		f, err := inspect.Inspect(name, "", r, int64(len(content)))
		if err != nil || f.Refused != "" || f.Held != "" {
			t.Errorf("%s: %+v %v", name, f, err)
		}
		t.Logf("%s: %d MB in %s, %d MB of heap at most", name, len(content)>>20, time.Since(start), (int64(peak)-int64(before))>>20)
		if (int64(peak)-int64(before))>>20 >= 32 {
			t.Errorf("%s takes too much memory", name)
		}
	}
}

type readerAt func(p []byte, off int64) (int, error)

func (f readerAt) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }

// A store that fails while the content is read is not the file's fault.
func TestReadingFails(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	for name, content := range map[string][]byte{"a.pdf": make.PDF("x"), "a.docx": make.Office(make.Word), "a.png": make.PNG(900, 900), "a.txt": bytes.Repeat([]byte("x"), 1<<20)} {
		for fail := range 12 {
			n := 0
			_, err := inspect.Inspect(name, "", readerAt(func(p []byte, off int64) (int, error) {
				if n++; n > fail {
					return 0, away
				}
				return bytes.NewReader(content).ReadAt(p, off)
			}), int64(len(content)))
			if n > fail && !errors.Is(err, away) {
				t.Errorf("%s failing at %d: %v", name, fail, err)
			}
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"a.PDF": "pdf", "a.b.jpeg": "jpg", "pdf": "", "a.pdf.exe": "", ".pdf": "pdf", "a.": "", "": ""} {
		if k, _ := inspect.OfName(name); k.Code != want {
			t.Errorf("%q: %q", name, k.Code)
		}
	}
	if !strings.HasPrefix(inspect.Accept(), ".pdf,.docx,") {
		t.Errorf("accept: %s", inspect.Accept())
	}
}

// FuzzInspect: no content and no name makes it panic, hang, or accept what it did not
// recognise.
func FuzzInspect(f *testing.F) {
	for _, b := range [][]byte{make.PDF("x"), make.Office(make.Word), make.OpenDocument("text"), make.PNG(3, 3), make.JPEG(3, 3, "c"), webp(3, 3),
		[]byte("a,b"), make.Eicar(), wide("a,b", false), overlapping()[:200], nested(2), locked(make.Office(make.Excel)), header(9, 9),
		make.PDF("x", pdfStream("/Type /ObjStm /Filter /FlateDecode", deflated("7 0 << /S /JavaScript >>")))} {
		for _, name := range []string{"a.pdf", "a.docx", "a.xlsx", "a.odt", "a.csv", "a.png", "a.jpg", "a.webp"} {
			f.Add(name, "", b)
		}
	}
	f.Fuzz(func(t *testing.T, name, declared string, b []byte) {
		got, err := inspect.Inspect(name, declared, bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("content in memory cannot be read: %v", err)
		}
		if got.Refused == "" {
			if k, ok := inspect.OfName(name); !ok || k.Code != got.Type.Code {
				t.Errorf("%q was taken for %q", name, got.Type.Code)
			}
		}
	})
}
