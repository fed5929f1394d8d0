package bizpartner

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"trustedtrader/app/company"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
)

// Limits of a list that comes as a file.
const (
	MostBytes = 4 << 20
	MostRows  = 5000
	mostCell  = 8000 // bytes of one cell that are kept; every field takes less
)

// headings are the words by which a column is known, without case, spaces and signs. The
// first is the one that an export writes.
var headings = map[string][]string{
	"name":        {"name", "partner", "company", "companyname", "legalname", "businesspartner", "supplier", "vendor", "nombre", "empresa", "nom", "entreprise"},
	"country":     {"country", "countrycode", "iso", "isocountry", "pais", "país", "pays", "land"},
	"role":        {"role", "type", "kind", "category", "activity", "rol", "tipo", "rôle", "fonction"},
	"reference":   {"yourreference", "reference", "ref", "id", "number", "vendornumber", "vendorid", "suppliernumber", "supplierid", "partnerid", "referencia", "référence"},
	"contact":     {"contact", "contactname", "contactperson", "contacto"},
	"email":       {"email", "mail", "emailaddress", "contactemail", "contactmail", "correo", "correoelectrónico", "courriel"},
	"lang":        {"language", "lang", "idioma", "langue"},
	"risk":        {"risk", "risklevel", "rating", "riesgo", "risque"},
	"identifiers": {"numbers", "identifiers", "identifier", "taxid", "registration", "mid", "eori", "identificadores", "identifiants"},
	"notes":       {"notes", "note", "remarks", "comment", "comments", "notas", "remarques"},
}

var risks = map[string]Risk{"high": High, "h": High, "3": High, "alto": High, "alta": High, "élevé": High, "medium": Medium, "m": Medium, "med": Medium, "2": Medium,
	"medio": Medium, "moyen": Medium, "low": Low, "l": Low, "1": Low, "bajo": Low, "baja": Low, "faible": Low}

// line is a row of a file, as it is kept until its person takes it over.
type line struct {
	Line  int
	Entry Entry
}

func refuse(message string, args ...any) error {
	return fault.Fail([]fault.Field{fault.F("file", message, args...)})
}

// readCSV reads a list of partners. Cells that begin as formulas do are text like any other.
func (s *Service) readCSV(ctx context.Context, content []byte) (rows []line, err error) {
	text, err := decode(content)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord, r.TrimLeadingSpace = comma(text), -1, true, true
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, refuse("The file is empty")
	}
	if err != nil {
		return nil, broken(err)
	}
	at, err := columnsOf(head)
	if err != nil {
		return nil, err
	}
	known := countries(ctx)
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, broken(err)
		}
		if blank(cells) {
			continue
		}
		if len(rows) == MostRows {
			return nil, refuse("The file has more than %d rows. Split it, and bring one part after the other", MostRows)
		}
		n, _ := r.FieldPos(0)
		rows = append(rows, line{n, s.entryOf(cells, at, known)})
	}
	if len(rows) == 0 {
		return nil, refuse("The file has a heading and no rows")
	}
	return rows, nil
}

// decode makes UTF-8 of what spreadsheet programs write: UTF-8, UTF-16 with its mark, and
// Windows-1252.
func decode(content []byte) (string, error) {
	switch {
	case len(content) == 0:
		return "", refuse("Choose a file")
	case len(content) > MostBytes:
		return "", refuse("The file is larger than %d MB. Split it, and bring one part after the other", MostBytes>>20)
	case bytes.HasPrefix(content, []byte("PK\x03\x04")), bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")), bytes.HasPrefix(content, []byte("%PDF")):
		return "", refuse("This is not a CSV file. Save the sheet as CSV, then choose that file")
	case bytes.HasPrefix(content, []byte{0xFF, 0xFE}), bytes.HasPrefix(content, []byte{0xFE, 0xFF}):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(content)
		if err != nil {
			return "", refuse("We cannot read the characters of this file. Save it as CSV with UTF-8")
		}
		content = out
	}
	content = bytes.TrimPrefix(content, []byte("\uFEFF"))
	if !utf8.Valid(content) {
		out, err := charmap.Windows1252.NewDecoder().Bytes(content)
		if err != nil {
			return "", refuse("We cannot read the characters of this file. Save it as CSV with UTF-8")
		}
		content = out
	}
	if bytes.IndexByte(content, 0) >= 0 {
		return "", refuse("This is not a CSV file. Save the sheet as CSV, then choose that file")
	}
	return string(content), nil
}

// comma is what parts the cells of the heading: programs write comma, semicolon or tab.
func comma(text string) rune {
	head, _, _ := strings.Cut(text, "\n")
	best, most := ',', strings.Count(head, ",")
	for _, c := range []rune{';', '\t'} {
		if n := strings.Count(head, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

func broken(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return refuse("Line %d has a quotation mark that does not fit. Save the sheet as CSV again", p.Line)
	}
	return refuse("This is not a CSV file. Save the sheet as CSV, then choose that file")
}

// columnsOf finds the columns by the words of the heading.
func columnsOf(head []string) (at map[string]int, err error) {
	at = map[string]int{}
	for i, cell := range head {
		word := strings.Map(func(r rune) rune {
			if strings.ContainsRune(" _-./#'\"()*:\t", r) {
				return -1
			}
			return r
		}, strings.ToLower(entry.Clean(cell)))
		for field, words := range headings {
			if _, there := at[field]; there {
				continue
			}
			for _, w := range words {
				if w == word {
					at[field] = i
				}
			}
		}
	}
	for _, field := range []string{"name", "country"} {
		if _, there := at[field]; !there {
			return nil, refuse("The first row must name the columns. There is no column %s", headings[field][0])
		}
	}
	return at, nil
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// countries are the codes of countries by code and by name, in English and in the language
// of ctx.
func countries(ctx context.Context) map[string]string {
	out := map[string]string{}
	for _, code := range company.Countries() {
		for _, word := range []string{code, i18n.Country(context.Background(), code), i18n.Country(ctx, code)} {
			out[strings.ToLower(word)] = code
		}
	}
	for word, code := range map[string]string{"usa": "US", "united states of america": "US", "uk": "GB", "great britain": "GB", "south korea": "KR", "viet nam": "VN"} {
		out[word] = code
	}
	return out
}

// entryOf reads one row. Words that mean nothing stay as they are, for put to refuse.
func (s *Service) entryOf(cells []string, at map[string]int, countries map[string]string) Entry {
	cell := func(field string) string {
		i, there := at[field]
		if !there || i >= len(cells) {
			return ""
		}
		c := strings.TrimSpace(cells[i])
		if len(c) > mostCell {
			c = strings.ToValidUTF8(c[:mostCell], "")
		}
		if rest, ok := strings.CutPrefix(c, "'"); ok && entry.Inert(rest) != rest {
			return rest // an export keeps programs from taking it for a formula
		}
		return c
	}
	e := Entry{Name: cell("name"), Country: cell("country"), Role: cell("role"), Reference: cell("reference"), Contact: cell("contact"), Email: cell("email"),
		Lang: strings.ToLower(cell("lang")), Risk: strings.ToLower(cell("risk")), Identifiers: cell("identifiers"), Notes: cell("notes")}
	if code, ok := countries[strings.ToLower(e.Country)]; ok {
		e.Country = code
	}
	if code, ok := s.Data.roleOf(e.Role); ok {
		e.Role = code
	}
	if r, ok := risks[e.Risk]; ok {
		e.Risk = string(r)
	}
	for _, l := range s.Data.Languages {
		if strings.EqualFold(e.Lang, l.Name) {
			e.Lang = l.Code
		}
	}
	return e
}
