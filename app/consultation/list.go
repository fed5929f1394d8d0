package consultation

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/identifier"
)

// Limits of a list that comes as a file.
const (
	MostBytes   = 30 << 20
	MostRows    = 100_000
	pieceRows   = 5000
	mostColumns = 40
	mostCell    = 500 // bytes of one cell
)

// aliases are the words by which a column is known, without case, spaces and signs.
var aliases = map[string][]string{
	"identifier": {"identifier", "id", "number", "value", "identifiernumber", "tradernumber", "membershipnumber", "tin", "eori", "mid", "aeo", "aeonumber", "obpc", "duns", "lei", "identificador", "identifiant", "kennung"},
	"scheme":     {"scheme", "type", "kind", "identifiertype", "idtype", "tipo", "typ"},
	"reference":  {"reference", "ownref", "ownreference", "yourreference", "ref", "fileno", "declaration", "mrn", "referencia", "référence", "referenz"},
}

// head is the first row of a list, and where its columns are.
type head struct {
	Cells      []string `json:"cells"`
	Identifier int      `json:"identifier"`
	Scheme     int      `json:"scheme"` // -1: there is none
	Reference  int      `json:"reference"`
}

// list is a file as it was read.
type list struct {
	head        head
	pieces      []string // JSON: rows of cells
	rows, wrong int
}

// asked is what a row asks; wrong: why it cannot be checked (English source text).
type asked struct{ value, scheme, ref, wrong string }

func badFile(message string, args ...any) error {
	return fault.Fail([]fault.Field{fault.F("file", message, args...)})
}

// readList reads CSV or XLSX as it comes, whatever the file's name says.
func readList(file io.Reader) (l list, err error) {
	if file == nil {
		return l, badFile("Choose a file")
	}
	counted := &io.LimitedReader{R: file, N: MostBytes + 1}
	in := bufio.NewReaderSize(counted, 64<<10)
	begin, _ := in.Peek(4) // a short file is CSV
	if len(begin) == 0 {
		return l, badFile("Choose a file with rows")
	}
	next := csvRows(in)
	if bytes.HasPrefix(begin, []byte("PK\x03\x04")) {
		if next, err = sheetRows(in); err != nil {
			return l, err
		}
	}
	err = l.take(next)
	if counted.N <= 0 {
		return l, badFile("The file is larger than %d MB. Split it, and bring one part after the other", MostBytes>>20)
	}
	return l, err
}

// take goes through the rows of a file.
func (l *list) take(next func() ([]string, error)) error {
	first, err := next()
	if errors.Is(err, io.EOF) {
		return badFile("Choose a file with rows")
	}
	if err != nil {
		return err
	}
	if l.head, err = columnsOf(first); err != nil {
		return err
	}
	var piece [][]string
	flush := func() error {
		if len(piece) == 0 {
			return nil
		}
		text, err := json.Marshal(piece)
		l.pieces, piece = append(l.pieces, string(text)), nil
		return err
	}
	for {
		cells, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if blank(cells) {
			continue
		}
		if l.rows == MostRows {
			return badFile("The file has more than %d rows. Split it, and bring one part after the other", MostRows)
		}
		l.rows++
		kept := clean(cells)
		if l.head.row(kept).wrong != "" {
			l.wrong++
		}
		if piece = append(piece, kept); len(piece) == pieceRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if l.rows == 0 {
		return badFile("The file has a heading and no rows")
	}
	return flush()
}

// csvRows reads CSV in UTF-8, with a byte order mark or without, parted by semicolons,
// commas or tabs.
func csvRows(in *bufio.Reader) func() ([]string, error) {
	if mark, _ := in.Peek(3); string(mark) == "\uFEFF" {
		_, _ = in.Discard(3)
	}
	start, _ := in.Peek(4096)
	line, _, _ := bytes.Cut(start, []byte("\n"))
	comma, most := ',', bytes.Count(line, []byte(","))
	for _, c := range []rune{';', '\t'} {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			comma, most = c, n
		}
	}
	r := csv.NewReader(in)
	r.Comma, r.FieldsPerRecord, r.ReuseRecord, r.TrimLeadingSpace = comma, -1, true, comma != '\t'
	return func() ([]string, error) {
		cells, err := r.Read()
		var p *csv.ParseError
		switch {
		case errors.As(err, &p):
			return nil, badFile("Line %d has a quotation mark that does not fit. Save the sheet as CSV again", p.Line)
		case err != nil && !errors.Is(err, io.EOF):
			return nil, badFile("The file did not arrive whole. Send it again")
		}
		for _, c := range cells {
			if !utf8.ValidString(c) || strings.ContainsRune(c, 0) {
				return nil, badFile("We cannot read the characters of this file. Save it as CSV with UTF-8")
			}
		}
		return cells, err
	}
}

// sheetRows reads the first sheet of a workbook, row by row. Formulas are not computed: what
// the program kept as their value counts.
func sheetRows(in io.Reader) (func() ([]string, error), error) {
	book, err := excelize.OpenReader(in, excelize.Options{UnzipSizeLimit: 400 << 20, UnzipXMLSizeLimit: 16 << 20, RawCellValue: true})
	if err != nil {
		return nil, badFile("This is not a workbook that we can read. Save it as XLSX or as CSV")
	}
	names := book.GetSheetList()
	if len(names) == 0 {
		return nil, badFile("The workbook has no sheet")
	}
	rows, err := book.Rows(names[0])
	if err != nil {
		return nil, badFile("This is not a workbook that we can read. Save it as XLSX or as CSV")
	}
	return func() ([]string, error) {
		if !rows.Next() {
			err := errors.Join(rows.Error(), rows.Close(), book.Close())
			if err != nil {
				return nil, badFile("This is not a workbook that we can read. Save it as XLSX or as CSV")
			}
			return nil, io.EOF
		}
		cells, err := rows.Columns()
		if err != nil {
			return nil, badFile("This is not a workbook that we can read. Save it as XLSX or as CSV")
		}
		return cells, nil
	}, nil
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// clean is a row as it is kept.
func clean(cells []string) []string {
	out := make([]string, 0, min(len(cells), mostColumns))
	for _, c := range cells {
		if len(out) == mostColumns {
			break
		}
		c = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(c, "\uFFFD"), "\x00", "\uFFFD"))
		if len(c) > mostCell {
			c = strings.ToValidUTF8(c[:mostCell], "")
		}
		if rest, ok := strings.CutPrefix(c, "'"); ok && entry.Inert(rest) != rest {
			c = rest // an answer of before, brought again
		}
		out = append(out, c)
	}
	return out
}

func columnsOf(cells []string) (h head, err error) {
	h = head{Cells: clean(cells), Identifier: -1, Scheme: -1, Reference: -1}
	for i, cell := range h.Cells {
		word := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, cell)
		for field, at := range map[string]*int{"identifier": &h.Identifier, "scheme": &h.Scheme, "reference": &h.Reference} {
			for _, a := range aliases[field] {
				if a == word && *at < 0 {
					*at = i
				}
			}
		}
	}
	if h.Identifier < 0 {
		return h, badFile("The first row must name the columns. There is no column %s", "identifier")
	}
	return h, nil
}

// row reads what a row asks.
func (h head) row(cells []string) (a asked) {
	cell := func(i int) string {
		if i < 0 || i >= len(cells) {
			return ""
		}
		return cells[i]
	}
	a = asked{value: entry.Clean(cell(h.Identifier)), scheme: schemeOf(cell(h.Scheme)), ref: entry.Head(entry.Clean(cell(h.Reference)), 60)}
	switch {
	case keyOf(a.value) == "":
		a.wrong = "There is no identifier"
	case len(a.value) > 200:
		a.wrong = "The identifier is too long"
	case a.scheme == "?":
		a.wrong = "The kind of identifier is not known"
	}
	return a
}

// schemeOf finds a scheme by its code or name; "?": there is none.
func schemeOf(word string) string {
	word = strings.ToLower(strings.TrimSpace(word))
	if word == "" || word == "membership" {
		return word
	}
	for _, s := range identifier.Schemes() {
		if word == s.Code || word == strings.ToLower(s.Name) {
			return s.Code
		}
	}
	return "?"
}
