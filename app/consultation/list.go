package consultation

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"trustedtrader/app/entry"
	"trustedtrader/app/identifier"
	"trustedtrader/app/table"
)

// Limits of a list that comes as a file.
const (
	MostBytes   = 30 << 20
	MostRows    = 100_000
	pieceRows   = 5000
	mostColumns = 40
	mostCell    = 500 // bytes of one cell
)

// fields are the columns that a list may have.
var fields = []table.Field{
	{Name: "identifier", Required: true, Aliases: []string{"identifier", "id", "number", "value", "identifiernumber", "tradernumber", "membershipnumber", "tin", "eori", "mid", "aeo", "aeonumber", "obpc", "duns", "lei", "identificador", "identifiant", "kennung"}},
	{Name: "scheme", Aliases: []string{"scheme", "type", "kind", "identifiertype", "idtype", "tipo", "typ"}},
	{Name: "reference", Aliases: []string{"reference", "ownref", "ownreference", "yourreference", "ref", "fileno", "declaration", "mrn", "referencia", "référence", "referenz"}},
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

// readList reads CSV or XLSX as it comes, whatever the file's name says.
func readList(file io.Reader) (l list, err error) {
	t, err := table.Open(file, table.Options{Bytes: MostBytes, Rows: MostRows, Columns: mostColumns, Cell: mostCell})
	if err != nil {
		return l, err
	}
	defer t.Close() //nolint:errcheck // it is only read
	at, err := t.Columns(fields, nil)
	if err != nil {
		return l, err
	}
	l.head = head{Cells: t.Heading(), Identifier: at.At("identifier"), Scheme: at.At("scheme"), Reference: at.At("reference")}
	if n := len(l.head.Cells) - len(added); n > 0 && slices.Equal(l.head.Cells[n:], added) {
		l.head.Cells = l.head.Cells[:n] // answers of before, brought again with what was wrong put right
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
		r, err := t.Next()
		if errors.Is(err, io.EOF) {
			return l, flush()
		}
		if err != nil {
			return l, err
		}
		l.rows++
		if l.head.row(r.Cells).wrong != "" {
			l.wrong++
		}
		if piece = append(piece, slices.Clone(r.Cells)); len(piece) == pieceRows {
			if err := flush(); err != nil {
				return l, err
			}
		}
	}
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
