// Package table reads tables that people bring: CSV as spreadsheet programs and reports
// write it, and workbooks (XLSX). It is the one door for them.
//
// A file is read a row at a time and never held whole, so that memory stays the same for
// a hundred rows and for a million. CSV may be UTF-8 with a byte order mark or without,
// UTF-16 with its mark, or Windows-1252; commas, semicolons or tabs part its cells. Of a
// workbook the first sheet is read, values only: no formula is computed, numbers come as
// they are kept, and days as the number of days since the workbook's epoch (Time). The
// content decides, whatever the name of the file says.
//
// Everything has a limit: the bytes of the file, what a workbook unpacks to, rows, columns
// and cells. What a file has wrong is told as a problem of the form's field, in words that
// name the line.
package table

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
)

// Options say what a table may hold. Bytes, Rows, Columns and Cell must be set.
type Options struct {
	Field    string                    // the field of the form that problems name; empty: "file"
	Bytes    int64                     // of the file
	Rows     int                       // below the heading, without blank ones
	Columns  int                       // what stands to the right of them is left out
	Cell     int                       // bytes of a cell that are kept
	Unpacked int64                     // bytes that a workbook may unpack to; 0: 400 MB
	Heading  func(cells []string) bool // finds the heading among the first rows, for reports that begin with a title; nil: the first row. If it finds none, the row with the most cells is taken
}

// headRows is how many rows a heading is searched in, and recordBytes how long one may be.
const (
	headRows    = 15
	recordBytes = 1 << 20
)

// Row is one row below the heading, clean. Cells is good until the next one is read.
type Row struct {
	Line  int // as people count: of the file, or of the sheet
	Cells []string
}

// Cell is the cell of a column, empty if the row has none there or at is -1.
func (r Row) Cell(at int) string {
	if at < 0 || at >= len(r.Cells) {
		return ""
	}
	return r.Cells[at]
}

// source is where raw rows come from.
type source interface {
	next() (cells []string, line int, err error) // io.EOF after the last
	close() error
}

// Table is a file that is being read.
type Table struct {
	o       Options
	counted *io.LimitedReader
	from    source
	heading []string
	early   []Row // rows that were read in search of the heading
	rows    int
	epoch   epoch
	cells   []string // of the last row
}

// Open begins to read a file: its heading is read. Invalid with the field of o: it cannot
// be read. Close it.
func Open(file io.Reader, o Options) (*Table, error) {
	if o.Field == "" {
		o.Field = "file"
	}
	t := &Table{o: o}
	if file == nil {
		return nil, t.bad("Choose a file")
	}
	t.counted = &io.LimitedReader{R: file, N: o.Bytes + 1}
	in := bufio.NewReaderSize(t.counted, 64<<10)
	begin, err := in.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, t.bad("The file did not arrive whole. Send it again")
	}
	err = nil // a short file
	switch {
	case len(begin) == 0:
		return nil, t.bad("Choose a file with rows")
	case bytes.HasPrefix(begin, []byte("PK\x03\x04")):
		err = t.openSheet(in)
	case bytes.HasPrefix(begin, []byte("\xd0\xcf\x11\xe0")), bytes.HasPrefix(begin, []byte("%PDF")):
		err = t.bad("This is not a table that we can read. Save it as XLSX without a password, or as CSV")
	default:
		t.from = newLines(in)
	}
	if err == nil {
		err = t.head()
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// Close gives back what the table holds.
func (t *Table) Close() error {
	if t.from == nil {
		return nil
	}
	return t.from.close()
}

func (t *Table) bad(message string, args ...any) error {
	return fault.Fail([]fault.Field{fault.F(t.o.Field, message, args...)})
}

// raw reads the next row that is not blank.
func (t *Table) raw() (Row, error) {
	for {
		cells, line, err := t.from.next()
		switch {
		case t.counted.N <= 0:
			return Row{}, t.bad("The file is larger than %d MB. Split it, and bring one part after the other", t.o.Bytes>>20)
		case errors.Is(err, io.EOF):
			return Row{}, io.EOF
		case err != nil:
			return Row{}, t.explain(err)
		case !blank(cells):
			return Row{Line: line, Cells: t.clean(cells)}, nil
		}
	}
}

// head reads up to the heading.
func (t *Table) head() error {
	for {
		r, err := t.raw()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if t.o.Heading == nil || t.o.Heading(r.Cells) {
			t.heading, t.early = unique(r.Cells), nil
			return nil
		}
		r.Cells = slices.Clone(r.Cells)
		if t.early = append(t.early, r); len(t.early) == headRows {
			break
		}
	}
	if len(t.early) == 0 {
		return t.bad("Choose a file with rows")
	}
	best := 0
	for i, r := range t.early {
		if filled(r.Cells) > filled(t.early[best].Cells) {
			best = i
		}
	}
	t.heading, t.early = unique(t.early[best].Cells), t.early[best+1:]
	return nil
}

func filled(cells []string) (n int) {
	for _, c := range cells {
		if c != "" {
			n++
		}
	}
	return n
}

// Heading is the row that names the columns. A name that comes again is numbered: "Port",
// "Port (2)".
func (t *Table) Heading() []string { return t.heading }

// Next reads the next row that is not blank; io.EOF after the last. A table without any
// row is Invalid.
func (t *Table) Next() (r Row, err error) {
	if len(t.early) > 0 {
		r, t.early = t.early[0], t.early[1:]
	} else {
		r, err = t.raw()
	}
	switch {
	case errors.Is(err, io.EOF) && t.rows == 0:
		return r, t.bad("The file has a heading and no rows")
	case err != nil:
		return r, err
	case t.rows == t.o.Rows:
		return r, t.bad("The file has more than %d rows. Split it, and bring one part after the other", t.o.Rows)
	}
	t.rows++
	return r, nil
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// clean is a row as it is kept. The mark that an export of ours puts before what a
// spreadsheet program would take for a formula goes.
func (t *Table) clean(cells []string) []string {
	out := t.cells[:0]
	for _, c := range cells {
		if len(out) == t.o.Columns {
			break
		}
		c = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(c, "\uFFFD"), "\x00", "\uFFFD"))
		if len(c) > t.o.Cell {
			c = strings.ToValidUTF8(c[:t.o.Cell], "")
		}
		if rest, ok := strings.CutPrefix(c, "'"); ok && entry.Inert(rest) != rest {
			c = rest
		}
		out = append(out, c)
	}
	t.cells = out
	return out
}

// Bytes is how much of the file was read. A workbook is read whole before its first row.
func (t *Table) Bytes() int64 { return t.o.Bytes + 1 - t.counted.N }
