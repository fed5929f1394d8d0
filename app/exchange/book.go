package exchange

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"trustedtrader/app/evidence/inspect"
	"trustedtrader/app/fault"
)

// Limits of a workbook that is taken in. Ours of a whole profile stay far below them.
const (
	MostBytes    = 10 << 20
	mostUnpacked = 64 << 20
	mostParts    = 1000
	mostSheets   = 250
	mostRows     = 20_000  // of all sheets
	mostCells    = 400_000 // of all sheets
	mostColumns  = 64      // what stands to the right of them is not read
	mostShared   = 200_000 // texts
	mostChars    = 40_000  // of a cell; Excel has 32,767
)

// cell is what stands in one cell.
type cell struct {
	text    string
	formula bool // text is the formula, which was not computed
}

// tab is one sheet of a workbook: rows by their number, cells by their column, both from 0.
type tab struct {
	name string
	rows map[int]map[int]cell
	last int // highest row
}

func (t tab) at(row, column int) cell { return t.rows[row][column] }

// book is a workbook as it was read.
type book struct {
	tabs      []tab
	since1904 bool // days are counted from 1904 on, as Macs once did
}

func refuse(message string, args ...any) error {
	return fault.Fail([]fault.Field{fault.F("file", message, args...)})
}

var (
	errDamaged = refuse("The workbook is damaged or of another kind, so it cannot be read. Save it again as .xlsx and send that")
	errLarge   = refuse("The workbook holds far more than a security profile. Download the workbook of this profile and fill that in")
	errBomb    = refuse("The workbook unpacks to far more than a security profile. Download the workbook of this profile and fill that in")
)

// readBook reads a workbook (ECMA-376) by its content. It reads values only: no formula is
// computed, nothing outside of the file is opened, and everything has a limit.
func readBook(name string, content []byte) (book, error) {
	switch {
	case len(content) == 0:
		return book{}, refuse("Choose a file")
	case len(content) > MostBytes:
		return book{}, refuse("The file is larger than %d MB. Export a section instead, fill that in and send it back, or remove what does not belong to the workbook", MostBytes>>20)
	}
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return book{}, errDamaged
	}
	if err := measured(z); err != nil {
		return book{}, err
	}
	found, err := inspect.Inspect("workbook.xlsx", "", bytes.NewReader(content), int64(len(content)))
	switch {
	case err != nil:
		return book{}, errDamaged
	case found.Refused == inspect.Macros:
		return book{}, refuse("The workbook has macros. Save it without macros, as .xlsx, and send that")
	case found.Refused == inspect.Bomb:
		return book{}, errBomb
	case found.Held == inspect.Encrypted:
		return book{}, refuse("The workbook is locked with a password. Save it without one and send that")
	case found.Held != "":
		return book{}, refuse("The workbook has something embedded or loaded from elsewhere. Download the workbook of this profile and fill that in")
	case found.Refused != "", found.Type.Code != "xlsx":
		return book{}, errDamaged
	}
	r := reader{parts: map[string]*zip.File{}}
	for _, f := range z.File {
		part := strings.ToLower(f.Name)
		if strings.HasPrefix(part, "xl/externallinks/") || part == "xl/connections.xml" || strings.HasPrefix(part, "xl/querytables/") {
			return book{}, refuse("The workbook reads from other files. Remove the links to other files and save it again")
		}
		r.parts[part] = f
	}
	return r.book()
}

// measured looks at the sizes that the parts announce, and then unpacks everything once
// and throws it away, so that nothing lies about its size.
func measured(z *zip.Reader) error {
	if len(z.File) > mostParts {
		return errLarge
	}
	announced := uint64(0)
	for _, f := range z.File {
		if announced += min(f.UncompressedSize64, mostUnpacked+1); announced > mostUnpacked {
			return errBomb
		}
	}
	left := int64(mostUnpacked)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return errDamaged
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r, left+1))
		_ = r.Close() // it was only read
		if left -= n; left < 0 {
			return errBomb
		}
		if err != nil {
			return errDamaged
		}
	}
	return nil
}

// reader reads the parts of a workbook.
type reader struct {
	parts       map[string]*zip.File // by name in small letters
	shared      []string
	rows, cells int
}

// walk hands every element of a part to start, end and text; start may skip the element.
func (r *reader) walk(part string, start func(xml.StartElement) (skip bool, err error), end func(string), text func([]byte)) error {
	f, ok := r.parts[strings.ToLower(part)]
	if !ok {
		return errDamaged
	}
	delete(r.parts, strings.ToLower(part)) // nothing is read twice, however often it is named
	in, err := f.Open()
	if err != nil {
		return errDamaged
	}
	defer in.Close() //nolint:errcheck // it is only read
	d := xml.NewDecoder(io.LimitReader(in, mostUnpacked))
	for depth := 0; ; {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) && depth == 0 {
			return nil
		}
		if err != nil {
			return errDamaged
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth++; depth > 100 {
				return errDamaged
			}
			skip, err := start(t)
			if err != nil {
				return err
			}
			for inside := 1; skip && inside > 0; {
				token, err := d.RawToken()
				if err != nil {
					return errDamaged
				}
				switch token.(type) {
				case xml.StartElement:
					inside++
				case xml.EndElement:
					if inside--; inside == 0 {
						depth--
					}
				}
			}
		case xml.EndElement:
			if depth--; depth < 0 {
				return errDamaged
			}
			if end != nil {
				end(t.Name.Local)
			}
		case xml.CharData:
			if text != nil {
				text(t)
			}
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// relations reads which parts a part names: by id, and the first of a kind.
func (r *reader) relations(of string) (byID, byKind map[string]string, err error) {
	byID, byKind = map[string]string{}, map[string]string{}
	dir, base := path.Split(of)
	err = r.walk(dir+"_rels/"+base+".rels", func(e xml.StartElement) (bool, error) {
		if e.Name.Local != "Relationship" || strings.EqualFold(attr(e, "TargetMode"), "External") {
			return false, nil
		}
		target := attr(e, "Target")
		if strings.HasPrefix(target, "/") {
			target = strings.TrimPrefix(path.Clean(target), "/")
		} else {
			target = path.Join(dir, target)
		}
		kind := path.Base(attr(e, "Type"))
		byID[attr(e, "Id")] = target
		if _, known := byKind[kind]; !known {
			byKind[kind] = target
		}
		return false, nil
	}, nil, nil)
	return byID, byKind, err
}

func (r *reader) book() (b book, err error) {
	_, root, err := r.relations("")
	if err != nil {
		return b, err
	}
	main := root["officeDocument"]
	byID, byKind, err := r.relations(main)
	if err != nil {
		return b, err
	}
	if part, ok := byKind["sharedStrings"]; ok {
		if err := r.strings(part); err != nil {
			return b, err
		}
	}
	type listed struct{ name, part string }
	var sheets []listed
	err = r.walk(main, func(e xml.StartElement) (bool, error) {
		switch e.Name.Local {
		case "workbookPr":
			b.since1904 = attr(e, "date1904") == "1" || attr(e, "date1904") == "true"
		case "sheet":
			for _, a := range e.Attr {
				if a.Name.Local == "id" && a.Name.Space != "" {
					sheets = append(sheets, listed{attr(e, "name"), byID[a.Value]})
				}
			}
		}
		return false, nil
	}, nil, nil)
	if err != nil {
		return b, err
	}
	if len(sheets) > mostSheets {
		return b, errLarge
	}
	for _, s := range sheets {
		t, err := r.tab(s.name, s.part)
		if err != nil {
			return b, err
		}
		b.tabs = append(b.tabs, t)
	}
	return b, nil
}

// strings reads the texts that cells share.
func (r *reader) strings(part string) error {
	var text strings.Builder
	in, many := false, false
	err := r.walk(part, func(e xml.StartElement) (bool, error) {
		switch e.Name.Local {
		case "si":
			text.Reset()
		case "t":
			in = true
		case "rPh": // how a text is pronounced
			return true, nil
		}
		return false, nil
	}, func(name string) {
		switch {
		case name == "t":
			in = false
		case name == "si" && len(r.shared) < mostShared:
			r.shared = append(r.shared, unescape(text.String()))
		case name == "si":
			many = true
		}
	}, func(b []byte) {
		if in {
			put(&text, b)
		}
	})
	if many {
		return errLarge
	}
	return err
}

// put adds text up to what a cell may hold.
func put(to *strings.Builder, b []byte) {
	if to.Len() < mostChars*utf8.UTFMax {
		to.Write(b)
	}
}

// tab reads one sheet.
func (r *reader) tab(name, part string) (tab, error) {
	t := tab{name: name, rows: map[int]map[int]cell{}, last: -1}
	var (
		row, column    = -1, -1
		kind, si       string
		value, formula strings.Builder
		isFormula      bool
		into           *strings.Builder
		common         = map[string]string{}
	)
	err := r.walk(part, func(e xml.StartElement) (bool, error) {
		switch e.Name.Local {
		case "row":
			row, column = row+1, -1
			if n, err := strconv.Atoi(attr(e, "r")); err == nil {
				row = n - 1
			}
			if r.rows++; r.rows > mostRows || row < 0 {
				return false, errLarge
			}
		case "c":
			column++
			if ref := attr(e, "r"); ref != "" {
				column = columnOf(ref)
			}
			if r.cells++; r.cells > mostCells {
				return false, errLarge
			}
			kind, si, isFormula = attr(e, "t"), "", false
			value.Reset()
			formula.Reset()
			return column >= mostColumns, nil
		case "v", "t":
			into = &value
		case "f":
			into, isFormula, si = &formula, true, attr(e, "si")
		case "rPh":
			return true, nil
		}
		return false, nil
	}, func(name string) {
		switch name {
		case "v", "t", "f":
			into = nil
		case "c":
			c := cell{text: r.value(kind, value.String())}
			if isFormula {
				text := formula.String()
				if si != "" && text != "" {
					common[si] = text
				} else if si != "" {
					text = common[si]
				}
				c = cell{text: "=" + text, formula: true}
			}
			if c.text == "" || row < 0 || column < 0 {
				return
			}
			if t.rows[row] == nil {
				t.rows[row] = map[int]cell{}
			}
			t.rows[row][column] = c
			t.last = max(t.last, row)
		}
	}, func(b []byte) {
		if into != nil {
			put(into, b)
		}
	})
	return t, err
}

// value is a cell's content as text.
func (r *reader) value(kind, raw string) string {
	switch kind {
	case "s":
		if n, err := strconv.Atoi(strings.TrimSpace(raw)); err == nil && n >= 0 && n < len(r.shared) {
			return r.shared[n]
		}
		return ""
	case "inlineStr", "str":
		return unescape(raw)
	}
	return strings.TrimSpace(raw)
}

// columnOf is the column of a reference such as "AB12", from 0.
func columnOf(ref string) int {
	n := 0
	for _, c := range ref {
		if c < 'A' || c > 'Z' || n > mostColumns*26 {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1
}

var escaped = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

// unescape reads characters that XML cannot hold (ECMA-376, part 1, 22.9.2.19).
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escaped.ReplaceAllStringFunc(s, func(m string) string {
		n, err := strconv.ParseUint(m[2:6], 16, 32)
		if err != nil || !utf8.ValidRune(rune(n)) {
			return m
		}
		return string(rune(n))
	})
}
