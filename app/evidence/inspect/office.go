package inspect

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf16"
)

// Limits of what an archive may hold. Office documents stay far below them: a workbook of
// a million rows unpacks to some 300 MB, forty times its size.
const (
	mostEntries   = 10_000
	mostDirectory = 4 << 20
	mostUnpacked  = 1 << 30
	mostRatio     = 150      // of all together,
	ratioFrom     = 64 << 20 // once they unpack to this much
	mostNested    = 8 << 20  // a document inside a document, which is read into memory
	deepest       = 2
)

// allowance is what is left of the limits for a file and everything inside it.
type allowance struct{ unpacked, entries int64 }

// zipped reports whether a program that reads archives would open the content as one.
func (s *source) zipped() bool {
	tail := s.part(s.size-(64<<10)-22, 64<<10+22)
	for i := bytes.LastIndex(tail, []byte("PK\x05\x06")); i >= 0; i = bytes.LastIndex(tail[:i], []byte("PK\x05\x06")) {
		end := tail[i:]
		if len(end) >= 22 && int(binary.LittleEndian.Uint16(end[20:])) <= len(end)-22 {
			size, off := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
			if size+off <= s.size {
				return true
			}
		}
	}
	return false
}

// directory finds where the list of entries begins and how long it is; every byte of the
// file must belong to the archive. That keeps another file from hiding before or after it,
// and the list from being longer than it says.
func directory(r io.ReaderAt, size int64) (ok bool) {
	end := make([]byte, 22)
	if size < 22 {
		return false
	}
	if n, _ := r.ReadAt(end, size-22); n < 22 || string(end[:4]) != "PK\x05\x06" || binary.LittleEndian.Uint16(end[20:]) != 0 {
		return false
	}
	count := int64(binary.LittleEndian.Uint16(end[10:]))
	long, off, stop := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:])), size-22
	locator := make([]byte, 20)
	if n, _ := r.ReadAt(locator, max(size-42, 0)); n == 20 && string(locator[:4]) == "PK\x06\x07" {
		big := make([]byte, 56)
		stop = size - 42 - 56
		if n, _ := r.ReadAt(big, max(stop, 0)); stop < 0 || n < 56 || string(big[:4]) != "PK\x06\x06" || binary.LittleEndian.Uint64(locator[8:]) != uint64(stop) {
			return false
		}
		count, long, off = int64(binary.LittleEndian.Uint64(big[32:])), int64(binary.LittleEndian.Uint64(big[40:])), int64(binary.LittleEndian.Uint64(big[48:]))
	}
	return count >= 0 && count <= mostEntries && long >= 0 && long <= mostDirectory && off >= 0 && off+long == stop
}

// office looks at a document that is an archive: Office Open XML or OpenDocument.
func (s *source) office(promised Type) Finding {
	a := allowance{unpacked: mostUnpacked, entries: mostEntries}
	code, refused, held := archive(s, s.size, 0, &a)
	if refused != "" {
		return refuse(refused)
	}
	if code == "" && held == Encrypted {
		return Finding{Type: promised, Held: held} // nobody can tell
	}
	t, known := Lookup(code)
	if !known {
		return refuse(Archive)
	}
	return Finding{Type: t, Held: held}
}

// archive looks at every entry of an archive of size bytes and tells its kind.
func archive(r io.ReaderAt, size int64, depth int, a *allowance) (code string, refused, held Reason) {
	if !directory(r, size) {
		return "", Damaged, ""
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return "", Damaged, ""
	}
	if a.entries -= int64(len(z.File)); a.entries < 0 {
		return "", Bomb, ""
	}
	if why := entries(z.File, size); why != "" {
		return "", why, ""
	}
	hold := func(why Reason) {
		if held == "" || held == Embedded {
			held = why
		}
	}
	var before = a.unpacked
	for i, f := range z.File {
		if f.Flags&1 != 0 {
			return "", "", Encrypted
		}
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		e := entry{name: strings.ToLower(f.Name), depth: depth, allowed: a, needles: newNeedles(watched...)}
		if err := e.read(f); err != nil {
			return "", err.reason, ""
		}
		used := before - a.unpacked
		if used > ratioFrom && used/max(size, 1) > mostRatio {
			return "", Bomb, ""
		}
		if i == 0 && f.Name == "mimetype" {
			code = openDocument(e.small)
		}
		if c := officeKind(e); c != "" {
			code = c
		}
		refusedNow, heldNow := e.judge()
		if refusedNow != "" {
			return "", refusedNow, ""
		}
		if heldNow != "" {
			hold(heldNow)
		}
	}
	return code, "", held
}

// entries checks what the list of an archive says, before anything is unpacked.
func entries(files []*zip.File, size int64) Reason {
	type span struct{ from, to int64 }
	var spans []span
	var packed, unpacked uint64
	seen := map[string]bool{}
	for _, f := range files {
		name := strings.ToLower(f.Name)
		switch {
		case seen[name], name == "", len(name) > 512, strings.ContainsAny(name, "\\\x00"), strings.HasPrefix(name, "/"),
			strings.Contains(name, ":"), slices.Contains(strings.Split(name, "/"), ".."), path.Clean(strings.TrimSuffix(name, "/")) != strings.TrimSuffix(name, "/"):
			return Damaged // no program writes such names; some that unpack are led astray by them
		case !f.Mode().IsRegular() && !f.Mode().IsDir(), f.Method != zip.Store && f.Method != zip.Deflate:
			return Damaged
		}
		seen[name] = true
		off, err := f.DataOffset()
		if err != nil || f.CompressedSize64 > uint64(size) || off+int64(f.CompressedSize64) > size {
			return Damaged
		}
		spans = append(spans, span{off, off + int64(f.CompressedSize64)})
		packed += f.CompressedSize64
		unpacked += f.UncompressedSize64
		if unpacked > mostUnpacked || packed > uint64(size) {
			return Bomb
		}
	}
	slices.SortFunc(spans, func(x, y span) int {
		if x.from != y.from {
			return compare(x.from, y.from)
		}
		return compare(x.to, y.to)
	})
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return Bomb // entries that share their bytes are made to unpack to much
		}
	}
	return ""
}

func compare(x, y int64) int {
	if x < y {
		return -1
	}
	if x > y {
		return 1
	}
	return 0
}

// entry is one file of an archive as it is read.
type entry struct {
	name    string
	depth   int
	allowed *allowance
	needles *needles
	head    []byte
	small   []byte // all of it, if it is short or must be looked into
	nested  Reason
	inner   Reason
}

// Texts that are looked for in every entry. OLE containers name their parts in UTF-16.
var (
	oleEmbedded = utf16Bytes("Ole10Native")
	oleMacros   = utf16Bytes("_VBA_PROJECT")
	olePassword = utf16Bytes("EncryptedPackage")
	oleTemplate = "attachedTemplate"
	watched     = []string{eicarMark, oleEmbedded, oleMacros, oleTemplate, "macroEnabled", "manifest:encryption-data"}
)

func utf16Bytes(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

type refusal struct{ reason Reason }

func (r *refusal) Error() string { return string(r.reason) }

var errSpent = errors.New("unpacks to more than allowed")

// Write takes a piece of the unpacked entry.
func (e *entry) Write(b []byte) (int, error) {
	if e.allowed.unpacked -= int64(len(b)); e.allowed.unpacked < 0 {
		return 0, errSpent
	}
	e.needles.look(b)
	if len(e.head) < headSize {
		e.head = append(e.head, b[:min(len(b), headSize-len(e.head))]...)
	}
	if e.wanted() && len(e.small) <= mostNested {
		e.small = append(e.small, b[:min(len(b), mostNested+1-len(e.small))]...)
	}
	return len(b), nil
}

// wanted reports whether all of the entry is needed at once.
func (e *entry) wanted() bool {
	return e.name == "[content_types].xml" || e.name == "mimetype" || strings.HasSuffix(e.name, ".rels") || bytes.HasPrefix(e.head, []byte("PK\x03\x04"))
}

func (e *entry) read(f *zip.File) *refusal {
	r, err := f.Open()
	if err != nil {
		return &refusal{Damaged}
	}
	_, err = io.Copy(e, r)
	if err2 := r.Close(); err == nil {
		err = err2
	}
	switch {
	case errors.Is(err, errSpent):
		return &refusal{Bomb}
	case err != nil:
		return &refusal{Damaged} // a wrong checksum or length
	}
	if bytes.HasPrefix(e.head, []byte("PK\x03\x04")) {
		return e.open()
	}
	return nil
}

// open looks into an archive inside an archive: the workbook behind a chart.
func (e *entry) open() *refusal {
	switch {
	case e.depth+1 > deepest, len(e.small) > mostNested:
		e.nested = Unreadable
		return nil
	}
	code, refused, held := archive(bytes.NewReader(e.small), int64(len(e.small)), e.depth+1, e.allowed)
	switch {
	case refused == Bomb || refused == Macros:
		return &refusal{refused}
	case refused != "" || code == "":
		e.nested = Embedded
	default:
		e.inner = held
	}
	return nil
}

// openDocument tells the kind by the entry that comes first (ODF 1.3, part 2, 3.3).
func openDocument(mime []byte) string {
	switch string(mime) {
	case "application/vnd.oasis.opendocument.text":
		return "odt"
	case "application/vnd.oasis.opendocument.spreadsheet":
		return "ods"
	}
	return ""
}

// officeKind tells the kind by the main part's content type (ECMA-376, part 2, 7.2).
func officeKind(e entry) string {
	if e.name != "[content_types].xml" {
		return ""
	}
	for main, code := range map[string]string{
		"wordprocessingml.document.main+xml": "docx", "spreadsheetml.sheet.main+xml": "xlsx", "presentationml.presentation.main+xml": "pptx",
	} {
		if bytes.Contains(e.small, []byte(main)) {
			return code
		}
	}
	return ""
}

// judge says what an entry means for the whole document.
func (e *entry) judge() (refused, held Reason) {
	base, in := path.Base(e.name), func(dir string) bool {
		return strings.Contains("/"+e.name, "/"+dir+"/")
	}
	program := false
	for _, m := range []string{"MZ", "\x7fELF", "#!"} {
		program = program || bytes.HasPrefix(e.head, []byte(m)) && (m == "#!" || bytes.Contains(e.head, []byte{0}))
	}
	if slices.Contains([]string{".exe", ".dll", ".scr", ".com", ".js", ".jse", ".vbs", ".vbe", ".wsf", ".bat", ".cmd", ".ps1", ".hta", ".lnk", ".jar", ".msi", ".reg"}, path.Ext(base)) {
		program = true
	}
	switch {
	case strings.HasPrefix(base, "vbaproject") || base == "vbadata.xml" || in("macrosheets") || in("intlmacrosheets") || in("basic") || in("scripts"),
		e.name == "[content_types].xml" && e.needles.seen["macroEnabled"], e.needles.seen[oleMacros]:
		return Macros, ""
	case e.needles.seen[eicarMark]:
		return "", Eicar
	case e.name == "meta-inf/manifest.xml" && e.needles.seen["manifest:encryption-data"]:
		return "", Encrypted
	case program, e.nested == Embedded, e.needles.seen[oleEmbedded], in("activex") && strings.HasSuffix(base, ".bin"):
		return "", Embedded
	case strings.HasSuffix(base, ".rels") && remote(e.small):
		return "", Remote
	case e.nested != "":
		return "", e.nested
	case e.inner != "":
		return "", e.inner
	case (strings.HasSuffix(base, ".rels") || e.name == "[content_types].xml") && (wide(e.small) || len(e.small) > 1<<20):
		return "", Unreadable
	}
	return "", ""
}

// remote reports whether a list of relations loads a part from elsewhere on opening.
// Links that a person must click, and linked pictures, are common and harmless enough.
func remote(rels []byte) bool {
	for _, rel := range bytes.Split(rels, []byte("<Relationship ")) {
		if !bytes.Contains(rel, []byte("External")) {
			continue
		}
		for _, kind := range []string{oleTemplate, "/oleObject", "/frame", "/subDocument", "/aFChunk"} {
			if bytes.Contains(rel, []byte(kind)) {
				return true
			}
		}
	}
	return false
}

// ole looks at a compound file: an Office document under a password is one, whatever its
// name; all others are formats that hide macros.
func (s *source) ole(promised Type, known bool) Finding {
	modern := known && slices.Contains([]string{"docx", "xlsx", "pptx"}, promised.Code)
	found := newNeedles(olePassword, eicarMark)
	s.sweep(func(b []byte) bool { found.look(b); return true })
	switch {
	case modern && found.seen[olePassword]:
		return Finding{Type: promised, Held: Encrypted}
	case modern:
		return refuse(Mismatch)
	}
	return refuse(OldOffice)
}
