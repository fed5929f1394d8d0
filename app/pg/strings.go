package pg

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

// Strings is a list of short codes in a column of type text[], for statements by GORM. Those
// of a Batch take and give []string.
type Strings []string

// Value writes the list as PostgreSQL's text form of an array.
func (s Strings) Value() (driver.Value, error) {
	parts := make([]string, len(s))
	for i, v := range s {
		parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	}
	return "{" + strings.Join(parts, ",") + "}", nil
}

// Scan reads PostgreSQL's text form of an array of codes.
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
		return errors.New("read a list of codes: it is not in the form of text; a Batch gives []string")
	}
	for part := range strings.SplitSeq(strings.Trim(text, "{}"), ",") {
		if part = strings.Trim(part, `"`); part != "" {
			*s = append(*s, part)
		}
	}
	return nil
}
