package pg

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgtype"
)

// binary reads binary arrays; a map of types keeps how, and is for one at a time.
var binary = struct {
	sync.Mutex
	types *pgtype.Map
}{types: pgtype.NewMap()}

// Strings is a list of short codes in a column of type text[], for GORM and for a Batch.
type Strings []string

// Value writes the list as PostgreSQL's text form of an array.
func (s Strings) Value() (driver.Value, error) {
	parts := make([]string, len(s))
	for i, v := range s {
		parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	}
	return "{" + strings.Join(parts, ",") + "}", nil
}

// Scan reads an array of codes, in the form of text that GORM asks for or in the binary one of
// a Batch.
func (s *Strings) Scan(src any) error {
	var text string
	switch v := src.(type) {
	case nil:
	case string:
		text = v
	case []byte:
		text = string(v)
	default:
		return fmt.Errorf("read a list of codes: cannot take a %T", src)
	}
	*s = nil
	if text != "" && text[0] != '{' {
		binary.Lock()
		defer binary.Unlock()
		return binary.types.Scan(pgtype.TextArrayOID, pgtype.BinaryFormatCode, []byte(text), (*[]string)(s))
	}
	for part := range strings.SplitSeq(strings.Trim(text, "{}"), ",") {
		if part = strings.Trim(part, `"`); part != "" {
			*s = append(*s, part)
		}
	}
	return nil
}
