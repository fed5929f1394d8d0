// Package evidencetest makes files, good and bad ones, for tests.
package evidencetest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
)

// PDF is a document of one page with a line of text. extra are further objects, each
// written as "<< … >>" or with a stream.
func PDF(text string, extra ...string) []byte {
	var b bytes.Buffer
	objects := append([]string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		stream(fmt.Sprintf("BT /F1 24 Tf 72 760 Td (%s) Tj ET", text)),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}, extra...)
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return b.Bytes()
}

func stream(content string) string {
	return fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content)
}

// Entry is a file of an archive.
type Entry struct {
	Name, Content string
	Stored        bool
}

// Zip packs entries in their order.
func Zip(entries ...Entry) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.Name, Method: zip.Deflate}
		if e.Stored {
			h.Method = zip.Store
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(w, e.Content)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Types is the list of contents of an Office document with a main part.
func Types(main string) Entry {
	return Entry{Name: "[Content_Types].xml", Content: `<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/main.xml" ContentType="application/vnd.openxmlformats-officedocument.` + main + `"/></Types>`}
}

// The main parts of Office documents.
const (
	Word  = "wordprocessingml.document.main+xml"
	Excel = "spreadsheetml.sheet.main+xml"
	Slide = "presentationml.presentation.main+xml"
)

// Office is a document with a main part and more entries.
func Office(main string, more ...Entry) []byte {
	return Zip(append([]Entry{Types(main), {Name: "main.xml", Content: "<document>Procedure for seals</document>"}}, more...)...)
}

// OpenDocument is a document of an OpenDocument kind: "text" or "spreadsheet".
func OpenDocument(kind string, more ...Entry) []byte {
	return Zip(append([]Entry{{Name: "mimetype", Content: "application/vnd.oasis.opendocument." + kind, Stored: true},
		{Name: "content.xml", Content: "<office:document-content/>"}}, more...)...)
}

func picture(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x), uint8(y), uint8(x ^ y), 255})
		}
	}
	return m
}

// PNG is a picture.
func PNG(w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, picture(w, h)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// JPEG is a picture with a comment that a camera might have left: where it was taken.
func JPEG(w, h int, comment string) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(w, h), nil); err != nil {
		panic(err)
	}
	if comment == "" {
		return b.Bytes()
	}
	out := append([]byte{0xff, 0xd8, 0xff, 0xfe, byte((len(comment) + 2) >> 8), byte(len(comment) + 2)}, comment...)
	return append(out, b.Bytes()[2:]...)
}

// Large is a text of n bytes that does not compress well and is the same every time.
func Large(n int64) io.Reader {
	return io.LimitReader(&letters{rand.NewChaCha8([32]byte{1})}, n)
}

type letters struct{ r *rand.ChaCha8 }

func (l *letters) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i := range p[:n] {
		p[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 \n"[p[i]&63]
	}
	return n, err
}

// Eicar is the file that every virus scanner takes for a virus.
func Eicar() []byte {
	return []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-` + `ANTIVIRUS-TEST-FILE!$H+H*`)
}
