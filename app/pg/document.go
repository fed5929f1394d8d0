package pg

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Documents reads rows that a statement gathered with jsonb_agg(to_jsonb(row)), so that
// several lists come in one statement. Columns meet fields by name, as with All: case
// and underscores do not count. Dates must be made timestamps in the statement.
func Documents[T any](text string) ([]T, error) {
	var rows []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return nil, fmt.Errorf("read rows from a document: %w", err)
	}
	out := make([]T, len(rows))
	for i, row := range rows {
		plain := make(map[string]json.RawMessage, len(row))
		for column, value := range row {
			plain[strings.ReplaceAll(column, "_", "")] = value
		}
		text, err := json.Marshal(plain)
		if err != nil {
			return nil, fmt.Errorf("read row %d from a document: %w", i+1, err)
		}
		if err := json.Unmarshal(text, &out[i]); err != nil {
			return nil, fmt.Errorf("read row %d from a document: %w", i+1, err)
		}
	}
	return out, nil
}
