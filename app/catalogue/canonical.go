package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"trustedtrader/app/canon"
)

// body is an edition as it is kept and hashed. The status is left out: an edition that
// is retired stays what it was.
type body struct {
	Programme string      `json:"programme"`
	Edition   string      `json:"edition"`
	Previous  string      `json:"previous,omitempty"`
	ValidFrom string      `json:"valid_from"`
	Title     Text        `json:"title"`
	Source    Source      `json:"source"`
	Sections  []Section   `json:"sections"`
	Criteria  []Criterion `json:"criteria"`
	Changes   []Change    `json:"changes,omitempty"`
}

// Canonical is the edition without its status as RFC 8785 JSON.
func (e *Edition) Canonical() []byte {
	text, err := canon.JSON(body{
		Programme: e.Programme, Edition: e.ID, Previous: e.Previous, ValidFrom: e.ValidFrom.Format(time.DateOnly),
		Title: e.Title, Source: e.Source, Sections: e.Sections, Criteria: e.Criteria, Changes: e.Changes,
	})
	if err != nil {
		panic(err) // strings, whole numbers and decimals: nothing that JSON cannot write
	}
	return text
}

// Parse reads an edition that was kept. What Canonical did not write is refused.
func Parse(text []byte, status Status) (*Edition, error) {
	var b body
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil {
		return nil, fmt.Errorf("read an edition: %w", err)
	}
	day, err := time.Parse(time.DateOnly, b.ValidFrom)
	if err != nil {
		return nil, fmt.Errorf("read an edition: %w", err)
	}
	e := &Edition{
		Programme: b.Programme, ID: b.Edition, Previous: b.Previous, Status: status, ValidFrom: day,
		Title: b.Title, Source: b.Source, Sections: b.Sections, Criteria: b.Criteria, Changes: b.Changes,
	}
	if !bytes.Equal(e.Canonical(), text) {
		return nil, fmt.Errorf("edition %s of %s is not as it was written", b.Edition, b.Programme)
	}
	var first error
	e.finish(func(_ []any, format string, args ...any) {
		if first == nil {
			first = fmt.Errorf("edition %s of %s: "+format, append([]any{b.Edition, b.Programme}, args...)...)
		}
	})
	return e, first
}

// finish computes what is derived: the hash, the rules and the forms.
func (e *Edition) finish(bad func(path []any, format string, args ...any)) {
	e.Hash = canon.Hash(e.Canonical())
	e.rules = e.compile(bad)
	e.forms = map[string]*Form{}
	for _, c := range e.Criteria {
		for _, t := range c.AppliesTo {
			if e.forms[t] == nil {
				e.forms[t] = e.form(t)
			}
		}
	}
}
