package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// unreadable is a line whose characters mean nothing, and tooLong one without an end.
type unreadable struct{ line int }

func (unreadable) Error() string { return "unreadable characters" }

var errTooLong = errors.New("a row has no end")

// explain says in plain words what a row has wrong.
func (t *Table) explain(err error) error {
	var p *csv.ParseError
	var u unreadable
	switch {
	case errors.As(err, &u):
		return t.bad("We cannot read the characters in line %d. Save the file as CSV with UTF-8", u.line)
	case errors.Is(err, errTooLong):
		return t.bad("A row is longer than a table's can be, after line %d. A quotation mark may be open. Save the sheet as CSV again", t.from.(*lines).line)
	case errors.As(err, &p):
		return t.bad("Line %d has a quotation mark that does not fit. Save the sheet as CSV again", p.Line)
	case errors.Is(err, errSheet):
		return t.bad("This is not a workbook that we can read. Save it as XLSX or as CSV")
	}
	return t.bad("The file did not arrive whole. Send it again")
}

// lines reads CSV.
type lines struct {
	text *decoder
	csv  *csv.Reader
	line int // of the row that was read last
}

func newLines(in *bufio.Reader) *lines {
	text := &decoder{from: in, budget: recordBytes}
	switch mark, _ := in.Peek(3); {
	case bytes.HasPrefix(mark, []byte{0xFF, 0xFE}), bytes.HasPrefix(mark, []byte{0xFE, 0xFF}):
		text.from = transform.NewReader(in, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
	case string(mark) == "\uFEFF":
		_, _ = in.Discard(3) // they were peeked at
	}
	buffered := bufio.NewReaderSize(text, 64<<10)
	start, _ := buffered.Peek(8 << 10) // what it cannot read comes again as an error of a row
	r := csv.NewReader(buffered)
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = comma(start), -1, true
	r.TrimLeadingSpace = r.Comma != '\t'
	return &lines{text: text, csv: r}
}

func (l *lines) next() ([]string, int, error) {
	l.text.budget = recordBytes
	cells, err := l.csv.Read()
	if err == nil {
		l.line, _ = l.csv.FieldPos(0)
	}
	return cells, l.line, err
}

func (l *lines) close() error { return nil }

// comma is what parts the cells: of the first line that has two signs of a kind, else of
// the first line at all. A title above the heading has none.
func comma(start []byte) rune {
	best, most := ',', -1
	for range headRows {
		var line []byte
		line, start, _ = bytes.Cut(start, []byte("\n"))
		sign, n := ',', 0
		for _, c := range []rune{',', ';', '\t'} {
			if k := outside(line, byte(c)); k > n {
				sign, n = c, k
			}
		}
		if n >= 2 {
			return sign
		}
		if most < 0 && len(bytes.TrimSpace(line)) > 0 {
			best, most = sign, n
		}
	}
	return best
}

// outside counts a sign outside of quotation marks.
func outside(line []byte, sign byte) (n int) {
	quoted := false
	for _, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case c == sign && !quoted:
			n++
		}
	}
	return n
}

// decoder makes UTF-8 of what comes: the first character beyond ASCII tells whether the
// rest is UTF-8 or Windows-1252. It hands out budget bytes at most, for a row that never
// ends would otherwise be held whole.
type decoder struct {
	from   io.Reader
	budget int

	raw       [32 << 10]byte
	kept      int // bytes in raw that are the beginning of a character
	out, room []byte
	encoding  func(data []byte, end bool) (out, rest []byte, bad int)
	line      int // that were handed out
	err       error
}

func (d *decoder) Read(p []byte) (int, error) {
	for len(d.out) == 0 && d.err == nil {
		d.fill()
	}
	if len(d.out) == 0 {
		return 0, d.err
	}
	if d.budget <= 0 {
		return 0, errTooLong
	}
	n := copy(p, d.out)
	d.out, d.budget = d.out[n:], d.budget-n
	return n, nil
}

// fill decodes the next piece.
func (d *decoder) fill() {
	n, err := d.from.Read(d.raw[d.kept:])
	data := d.raw[:d.kept+n]
	if err != nil {
		d.err = err
	}
	if d.encoding == nil {
		d.encoding = d.detect
	}
	out, rest, bad := d.encoding(data, err != nil)
	if nul := bytes.IndexByte(out, 0); nul >= 0 {
		bad = nul
	}
	if bad >= 0 {
		d.err = unreadable{d.line + 1 + bytes.Count(out[:bad], []byte("\n"))}
		d.out = out[:bytes.LastIndexByte(out[:bad], '\n')+1]
		return
	}
	d.out = out
	d.line += bytes.Count(out, []byte("\n"))
	if len(rest) > 0 { // out may lie in raw, before the rest
		d.room = append(d.room[:0], out...)
		d.out = d.room
	}
	d.kept = copy(d.raw[:], rest)
}

// detect decides at the first character beyond ASCII.
func (d *decoder) detect(data []byte, end bool) (out, rest []byte, bad int) {
	at := bytes.IndexFunc(data, func(r rune) bool { return r >= utf8.RuneSelf })
	switch {
	case at < 0:
		return data, nil, -1
	case !end && !utf8.FullRune(data[at:]):
		return data[:at], data[at:], -1
	}
	d.encoding = windows
	if utf8.Valid(data[at : at+size(data[at:])]) {
		d.encoding = utf
	}
	return d.encoding(data, end)
}

func size(b []byte) int {
	_, n := utf8.DecodeRune(b)
	return n
}

// utf passes UTF-8 on.
func utf(data []byte, end bool) (out, rest []byte, bad int) {
	if !end {
		for i := len(data) - 1; i >= 0 && i >= len(data)-utf8.UTFMax; i-- {
			if utf8.RuneStart(data[i]) {
				if !utf8.FullRune(data[i:]) {
					data, rest = data[:i], data[i:]
				}
				break
			}
		}
	}
	if utf8.Valid(data) {
		return data, rest, -1
	}
	for at := 0; ; {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n <= 1 {
			return data, nil, at
		}
		at += n
	}
}

// windows makes UTF-8 of Windows-1252.
func windows(data []byte, _ bool) (out, rest []byte, bad int) {
	out, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return data, nil, 0
	}
	return out, nil, -1
}
