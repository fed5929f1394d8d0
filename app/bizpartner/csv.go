package bizpartner

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"trustedtrader/app/company"
	"trustedtrader/app/i18n"
	"trustedtrader/app/table"
)

// Limits of a list that comes as a file.
const (
	MostBytes   = 4 << 20
	MostRows    = 5000
	mostCell    = 8000 // bytes of one cell that are kept; every field takes less
	mostColumns = 300
)

// fields are the columns that a list may have.
var fields = []table.Field{
	{Name: "name", Required: true, Aliases: []string{"name", "partner", "company", "companyname", "legalname", "businesspartner", "supplier", "vendor", "nombre", "empresa", "nom", "entreprise"}},
	{Name: "country", Required: true, Aliases: []string{"country", "countrycode", "iso", "isocountry", "pais", "país", "pays", "land"}},
	{Name: "role", Aliases: []string{"role", "type", "kind", "category", "activity", "rol", "tipo", "rôle", "fonction"}},
	{Name: "reference", Aliases: []string{"yourreference", "reference", "ref", "id", "number", "vendornumber", "vendorid", "suppliernumber", "supplierid", "partnerid", "referencia", "référence"}},
	{Name: "contact", Aliases: []string{"contact", "contactname", "contactperson", "contacto"}},
	{Name: "email", Aliases: []string{"email", "mail", "emailaddress", "contactemail", "contactmail", "correo", "correoelectrónico", "courriel"}},
	{Name: "lang", Aliases: []string{"language", "lang", "idioma", "langue"}},
	{Name: "risk", Aliases: []string{"risk", "risklevel", "rating", "riesgo", "risque"}},
	{Name: "identifiers", Aliases: []string{"numbers", "identifiers", "identifier", "taxid", "registration", "mid", "eori", "identificadores", "identifiants"}},
	{Name: "notes", Aliases: []string{"notes", "note", "remarks", "comment", "comments", "notas", "remarques"}},
}

var risks = map[string]Risk{"high": High, "h": High, "3": High, "alto": High, "alta": High, "élevé": High, "medium": Medium, "m": Medium, "med": Medium, "2": Medium,
	"medio": Medium, "moyen": Medium, "low": Low, "l": Low, "1": Low, "bajo": Low, "baja": Low, "faible": Low}

// line is a row of a file, as it is kept until its person takes it over.
type line struct {
	Line  int
	Entry Entry
}

// readTable reads a list of partners. Cells that begin as formulas do are text like any other.
func (s *Service) readTable(ctx context.Context, content []byte) (rows []line, err error) {
	t, err := table.Open(bytes.NewReader(content), table.Options{Bytes: MostBytes, Rows: MostRows, Columns: mostColumns, Cell: mostCell})
	if err != nil {
		return nil, err
	}
	defer t.Close() //nolint:errcheck // it is only read
	at, err := t.Columns(fields, nil)
	if err != nil {
		return nil, err
	}
	known := countries(ctx)
	for {
		r, err := t.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, line{r.Line, s.entryOf(r, at, known)})
	}
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
func (s *Service) entryOf(r table.Row, at table.Columns, countries map[string]string) Entry {
	cell := func(field string) string { return r.Cell(at.At(field)) }
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
