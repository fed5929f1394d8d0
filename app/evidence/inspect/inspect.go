// Package inspect looks at the content of a file before it is kept as evidence. It believes
// neither the name nor what the browser says: name, declared type and content must agree,
// and the content must be one of a few kinds that people need and that can be looked into.
//
// Why it refuses so much: a file goes from a company that nobody has vetted yet to the desk
// of a customs officer. What it cannot look into it holds back, and says so in a sentence
// that tells the person what to send instead. It is no replacement for a virus scanner.
package inspect

import (
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
)

// Type is a kind of file that may be kept.
type Type struct {
	Code     string   // also its usual extension, without a dot
	Name     string   // for people: English source text
	Media    string   // as it is sent to browsers
	Ends     []string // extensions that its names may have
	Declared []string // further media types by which browsers call it
	Preview  bool     // may be shown in the portal: a picture made anew, or PDF
}

// Types is the list of what may be kept. Left out on purpose: e-mails (.eml, .msg), for
// their attachments escape inspection; the older .doc, .xls and .ppt, which hide macros;
// .heic, which telephones turn into .jpg when they are asked for one; and every archive.
func Types() []Type {
	return []Type{
		{"pdf", "PDF document", "application/pdf", []string{"pdf"}, []string{"application/x-pdf"}, true},
		{"docx", "Word document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", []string{"docx"}, nil, false},
		{"xlsx", "Excel workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []string{"xlsx"}, nil, false},
		{"pptx", "PowerPoint presentation", "application/vnd.openxmlformats-officedocument.presentationml.presentation", []string{"pptx"}, nil, false},
		{"odt", "OpenDocument text", "application/vnd.oasis.opendocument.text", []string{"odt"}, nil, false},
		{"ods", "OpenDocument spreadsheet", "application/vnd.oasis.opendocument.spreadsheet", []string{"ods"}, nil, false},
		// Windows calls .csv a kind of Excel where Excel is installed.
		{"csv", "CSV table", "text/csv; charset=utf-8", []string{"csv"}, []string{"text/csv", "text/plain", "application/csv", "text/comma-separated-values", "application/vnd.ms-excel"}, false},
		{"txt", "Text file", "text/plain; charset=utf-8", []string{"txt"}, []string{"text/plain"}, false},
		{"png", "PNG picture", "image/png", []string{"png"}, []string{"image/x-png"}, true},
		{"jpg", "JPEG picture", "image/jpeg", []string{"jpg", "jpeg"}, []string{"image/jpg", "image/pjpeg"}, true},
		{"webp", "WebP picture", "image/webp", []string{"webp"}, nil, false},
	}
}

// Lookup finds a kind by its code.
func Lookup(code string) (Type, bool) {
	list := Types()
	i := slices.IndexFunc(list, func(t Type) bool { return t.Code == code })
	if i < 0 {
		return Type{}, false
	}
	return list[i], true
}

// OfName finds the kind that a file's name promises.
func OfName(name string) (Type, bool) {
	end := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	list := Types()
	i := slices.IndexFunc(list, func(t Type) bool { return slices.Contains(t.Ends, end) })
	if i < 0 {
		return Type{}, false
	}
	return list[i], true
}

// Accept lists every extension for a file field: ".pdf,.docx".
func Accept() string {
	var all []string
	for _, t := range Types() {
		for _, e := range t.Ends {
			all = append(all, "."+e)
		}
	}
	return strings.Join(all, ",")
}

// Reason is why a file is not taken, or is kept shut.
type Reason string

// Refused files are not kept at all.
const (
	Empty      Reason = "empty"
	Unknown    Reason = "unknown_type"
	Mismatch   Reason = "mismatch"
	Executable Reason = "executable"
	Markup     Reason = "markup"
	Archive    Reason = "archive"
	OldOffice  Reason = "old_office"
	Macros     Reason = "macros"
	Polyglot   Reason = "polyglot"
	Bomb       Reason = "bomb"
	Pixels     Reason = "pixels"
	Damaged    Reason = "damaged"
)

// Held files are kept as proof and open for nobody.
const (
	Eicar      Reason = "eicar"
	Encrypted  Reason = "encrypted"
	Script     Reason = "script"
	Launch     Reason = "launch"
	Attachment Reason = "attachment"
	Embedded   Reason = "embedded"
	Remote     Reason = "remote"
	Unreadable Reason = "unreadable"
)

// Message is the sentence for a person, in English source text.
func (r Reason) Message() string {
	switch r {
	case Empty:
		return "The file is empty. Choose the file again"
	case Unknown:
		return "We do not take this kind of file. Send a PDF, Word, Excel, PowerPoint or OpenDocument file, a CSV table, a text file, or a PNG, JPEG or WebP picture"
	case Mismatch:
		return "The content of the file is not what its name says. Save it again in the kind that its name says, then send that"
	case Executable:
		return "The file is a program. We do not take programs"
	case Markup:
		return "The file is a web page or a drawing with code. Print it to PDF and send that"
	case Archive:
		return "The file is an archive of other files. Send the files one by one"
	case OldOffice:
		return "The file is in an old Office format. Save it as .docx, .xlsx or .pptx, or as PDF, and send that"
	case Macros:
		return "The file has macros. Save it without macros, or as PDF, and send that"
	case Polyglot:
		return "The file is two kinds of file in one. Save or print it again as a plain PDF or picture and send that"
	case Bomb:
		return "The file unpacks to far more than it should. Save it again, or as PDF, and send that"
	case Pixels:
		return "The picture has too many pixels. Make it smaller than 80 megapixels and send that"
	case Damaged:
		return "The file is damaged or cut off, so it cannot be read. Save it again and send that"
	case Eicar:
		return "The file holds the test signature of virus scanners. Nobody can open it"
	case Encrypted:
		return "The file is locked with a password, so we cannot look into it and nobody can open it here. Save it without a password and add that as a new version"
	case Script:
		return "The PDF runs a script. Nobody can open it here. Print it to a new PDF and add that as a new version"
	case Launch:
		return "The PDF starts another program or opens another file. Nobody can open it here. Print it to a new PDF and add that as a new version"
	case Attachment:
		return "The PDF has other files attached inside. Nobody can open it here. Print it to a new PDF, add that as a new version, and send the other files one by one"
	case Embedded:
		return "The document has another file or a control embedded inside. Nobody can open it here. Remove what is embedded, or save it as PDF, and add that as a new version"
	case Remote:
		return "The document loads parts from another place when it is opened. Nobody can open it here. Save it as PDF and add that as a new version"
	case Unreadable:
		return "We cannot look into all of the file, so nobody can open it here. Print it to a new PDF and add that as a new version"
	}
	return "We cannot take this file. Print it to PDF and send that"
}

// Finding is what was seen.
type Finding struct {
	Type    Type
	Refused Reason // not kept; Type may be empty
	Held    Reason // kept, never opened
	Width   int    // of a picture, in pixels
	Height  int
}

// Inspect looks at a file called name, of which the browser said that it is declared. It
// reads the content once or twice and needs a few MiB whatever the size. An error means
// that the content could not be read, not that it is bad.
func Inspect(name, declared string, r io.ReaderAt, size int64) (Finding, error) {
	s := &source{r: r, size: size}
	f := s.inspect(name, declared)
	if s.err != nil {
		return Finding{}, s.err
	}
	return f, nil
}

// source is the content, and remembers when it could not be read.
type source struct {
	r    io.ReaderAt
	size int64
	err  error
}

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) && s.err == nil {
		s.err = err
	}
	return n, err
}

// part reads up to n bytes at off.
func (s *source) part(off, n int64) []byte {
	off = max(off, 0)
	n = min(n, s.size-off)
	if n <= 0 {
		return nil
	}
	b := make([]byte, n)
	m, _ := s.ReadAt(b, off) // an error is remembered
	return b[:m]
}

// headSize is how much of the beginning tells the kind. PDF readers look for their mark in
// as much, which is why others may not have it there.
const headSize = 1024

func refuse(r Reason) Finding { return Finding{Refused: r} }

func (s *source) inspect(name, declared string) Finding {
	if s.size == 0 {
		return refuse(Empty)
	}
	promised, known := OfName(name)
	head := s.part(0, 4*headSize)
	if s.err != nil {
		return Finding{}
	}
	kind, why := sniff(head)
	switch {
	case why != "":
		if kind == "ole" {
			return s.ole(promised, known)
		}
		return refuse(why)
	case !known:
		return refuse(Unknown)
	}
	f := Finding{Type: promised}
	switch kind {
	case "zip":
		f = s.office(promised)
	case "pdf":
		f = s.pdf(head)
	case "png", "jpg", "webp":
		f = s.picture(kind, head)
	case "text":
		f = s.text(promised, head)
	}
	if f.Refused != "" {
		return f
	}
	if f.Type.Code != promised.Code || !f.Type.agrees(declared) {
		return refuse(Mismatch)
	}
	return f
}

// agrees reports whether a browser may call the kind so; many do not know and say nothing.
func (t Type) agrees(declared string) bool {
	media, _, _ := strings.Cut(strings.ToLower(declared), ";")
	media = strings.TrimSpace(media)
	own, _, _ := strings.Cut(t.Media, ";")
	return media == "" || media == "application/octet-stream" || media == own || slices.Contains(t.Declared, media)
}

// sniff tells the kind of content by its first bytes, or why it is not taken.
func sniff(head []byte) (kind string, why Reason) {
	for _, x := range []struct {
		mark string
		kind string
		why  Reason
	}{
		{"%PDF-", "pdf", ""},
		{"\x89PNG\r\n\x1a\n", "png", ""},
		{"\xff\xd8\xff", "jpg", ""},
		{"PK\x03\x04", "zip", ""},
		{"PK\x05\x06", "", Archive},
		{"MZ", "", Executable},
		{"\x7fELF", "", Executable},
		{"\xfe\xed\xfa\xce", "", Executable},
		{"\xfe\xed\xfa\xcf", "", Executable},
		{"\xcf\xfa\xed\xfe", "", Executable},
		{"\xce\xfa\xed\xfe", "", Executable},
		{"\xca\xfe\xba\xbe", "", Executable},
		{"#!", "", Executable},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole", OldOffice},
		{"{\\rtf", "", OldOffice},
		{"Rar!", "", Archive},
		{"7z\xbc\xaf\x27\x1c", "", Archive},
		{"\x1f\x8b", "", Archive},
		{"BZh", "", Archive},
		{"\xfd7zXZ\x00", "", Archive},
		{"\x28\xb5\x2f\xfd", "", Archive},
		{"MSCF", "", Archive},
	} {
		if bytes.HasPrefix(head, []byte(x.mark)) {
			if x.mark == "MZ" && plain(head) {
				continue // a text that begins with these letters
			}
			return x.kind, x.why
		}
	}
	switch {
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return "webp", ""
	case bytes.Contains(head[:min(len(head), headSize)], []byte("%PDF-")):
		return "", Polyglot // readers of PDF would open it, others something else
	case markup(head):
		return "", Markup
	case plain(head):
		return "text", ""
	}
	return "", Unknown
}
