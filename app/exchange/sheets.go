package exchange

// Sheet is one sheet of a workbook as it was read: rows of texts.
type Sheet struct {
	Name string
	Rows [][]string
}

// Sheets reads a workbook of another domain with the limits and refusals of those of security
// profiles: no formula is computed, and a cell that has one counts as empty. Invalid, about
// the field "file": why it cannot be read.
func Sheets(name string, content []byte) ([]Sheet, error) {
	b, err := readBook(name, content)
	if err != nil {
		return nil, err
	}
	out := make([]Sheet, 0, len(b.tabs))
	for _, t := range b.tabs {
		s := Sheet{Name: t.name, Rows: make([][]string, t.last+1)}
		for i := range s.Rows {
			for column, c := range t.rows[i] {
				for len(s.Rows[i]) <= column {
					s.Rows[i] = append(s.Rows[i], "")
				}
				if !c.formula {
					s.Rows[i][column] = plain(c.text)
				}
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// Inert keeps a spreadsheet program from taking a text of a cell for a formula; Sheets undoes
// it.
func Inert(text string) string { return inert(text) }
