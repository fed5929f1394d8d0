package table

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Limits of a workbook. What excelize holds in memory while it reads is heldBytes at most:
// sheets and texts above partBytes lie in a temporary file.
const (
	unpacked  = 400 << 20
	partBytes = 1 << 20
	heldBytes = 32 << 20
	mostParts = 2000
	runBytes  = 1 << 20 // between two elements; a cell has 32,767 characters
	mostDepth = 100
)

var (
	errSheet = errors.New("not a workbook")
	errBomb  = errors.New("a workbook that is too large")
)

// sheet reads the first sheet of a workbook.
type sheet struct {
	book *excelize.File
	rows *excelize.Rows
	line int
}

func (s *sheet) next() ([]string, int, error) {
	if !s.rows.Next() {
		if s.rows.Error() != nil {
			return nil, s.line, errSheet
		}
		return nil, s.line, io.EOF
	}
	s.line++
	cells, err := s.rows.Columns()
	if err != nil {
		return nil, s.line, errSheet
	}
	return cells, s.line, nil
}

func (s *sheet) close() error {
	_ = s.rows.Close() // it says again what reading said
	return s.book.Close()
}

// openSheet keeps the workbook in a temporary file, for a workbook begins with what stands
// at its end, and looks at it before excelize does.
func (t *Table) openSheet(in io.Reader) error {
	file, err := os.CreateTemp("", "table-*.xlsx")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // a temporary file
	defer file.Close()           //nolint:errcheck // it is only read from here on
	size, err := io.Copy(file, in)
	switch {
	case t.counted.N <= 0:
		return t.bad("The file is larger than %d MB. Split it, and bring one part after the other", t.o.Bytes>>20)
	case err != nil:
		return t.bad("The file did not arrive whole. Send it again")
	}
	limit := t.o.Unpacked
	if limit == 0 {
		limit = unpacked
	}
	z, err := zip.NewReader(file, size)
	if err == nil {
		err = inspect(z, limit)
	}
	if errors.Is(err, errBomb) {
		return t.bad("The workbook holds far more than a table. Save its sheet as CSV, and bring that")
	}
	if err != nil {
		return t.explain(errSheet)
	}
	book, err := excelize.OpenFile(file.Name(), excelize.Options{UnzipSizeLimit: limit, UnzipXMLSizeLimit: partBytes, RawCellValue: true})
	if err != nil {
		return t.explain(errSheet)
	}
	return t.firstSheet(book)
}

func (t *Table) firstSheet(book *excelize.File) error {
	names := book.GetSheetList()
	if len(names) == 0 {
		return errors.Join(t.bad("The workbook has no sheet"), book.Close())
	}
	props, err := book.GetWorkbookProps()
	if err != nil {
		return errors.Join(t.explain(errSheet), book.Close())
	}
	t.epoch = since1900
	if props.Date1904 != nil && *props.Date1904 {
		t.epoch = since1904
	}
	rows, err := book.Rows(names[0])
	if err != nil {
		return errors.Join(t.explain(errSheet), book.Close())
	}
	t.from = &sheet{book: book, rows: rows}
	return nil
}

// inspect goes through everything once: nothing may lie about its size, hold text without
// an end, or nest without an end.
func inspect(z *zip.Reader, limit int64) error {
	if len(z.File) > mostParts {
		return errBomb
	}
	left, held := limit, int64(heldBytes)
	for _, f := range z.File {
		name := strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))
		r, err := f.Open()
		if err != nil {
			return errSheet
		}
		var check scan
		n, err := io.Copy(&check, io.LimitReader(r, left+1))
		_ = r.Close() // it was only read
		left -= n
		if streamed := strings.HasPrefix(name, "xl/worksheets/sheet") || name == "xl/sharedstrings.xml"; !streamed || n <= partBytes {
			held -= n
		}
		isXML := path.Ext(name) == ".xml" || path.Ext(name) == ".rels"
		switch {
		case left < 0, held < 0, isXML && check.tooMuch:
			return errBomb
		case err != nil, isXML && check.damaged():
			return errSheet
		}
	}
	return nil
}

// scan follows the elements of XML as its bytes come by.
type scan struct {
	depth, run int
	state      byte // 0: text; '<': just after it; 't', '/', '!': in a tag; '"', '\'': in its quotes
	kind, last byte // of the tag; the byte before
	quote      byte
	tooMuch    bool
	broken     bool
}

func (s *scan) damaged() bool { return s.broken || s.depth != 0 || s.state != 0 }

// Write takes the next bytes; it never fails.
func (s *scan) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if s.state == 0 {
			at := bytes.IndexByte(b, '<')
			if at < 0 {
				s.grow(len(b))
				return n, nil
			}
			s.grow(at)
			s.state, s.run, b = '<', 0, b[at+1:]
			continue
		}
		s.tag(b[0])
		b = b[1:]
	}
	return n, nil
}

func (s *scan) grow(n int) {
	if s.run += n; s.run > runBytes {
		s.tooMuch = true
	}
}

// tag takes a byte of a tag.
func (s *scan) tag(c byte) {
	s.grow(1)
	switch {
	case s.state == '<':
		s.kind, s.state, s.last = c, 't', c
		if c == '!' { // comments, CDATA and DOCTYPE, which no spreadsheet program writes
			s.broken = true
		}
	case s.state == 'q':
		if c == s.quote {
			s.state = 't'
		}
	case c == '"' || c == '\'':
		s.state, s.quote = 'q', c
	case c == '>':
		s.state, s.run = 0, 0
		switch {
		case s.kind == '/':
			s.depth--
		case s.kind != '?' && s.last != '/':
			s.depth++
		}
		if s.depth > mostDepth {
			s.tooMuch = true
		}
		if s.depth < 0 {
			s.broken = true
		}
	}
	s.last = c
}

// epoch is the day from which a workbook counts days.
type epoch int

const (
	noEpoch epoch = iota // of CSV, which writes dates out
	since1900
	since1904
)

// Time reads a cell of a workbook that holds a day or a moment: the number of days since
// 1900, or since 1904 as Macs once counted, to the second. Not of CSV, and not of cells
// that are no such number.
func (t *Table) Time(cell string) (time.Time, bool) {
	if t.epoch == noEpoch {
		return time.Time{}, false
	}
	days, err := strconv.ParseFloat(cell, 64)
	if err != nil || !(days >= 1 && days < 2_958_466) { // up to the year 9999
		return time.Time{}, false
	}
	at, err := excelize.ExcelDateToTime(days, t.epoch == since1904)
	if err != nil {
		return time.Time{}, false
	}
	return at.Round(time.Second), true
}
