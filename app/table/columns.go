package table

import (
	"strconv"
	"strings"
	"unicode"

	"trustedtrader/app/entry"
)

// Field is what a column can hold, and the words by which its heading is known: in any
// case, with any spaces and signs.
type Field struct {
	Name     string
	Aliases  []string
	Required bool
}

// Columns say in which column a field stands.
type Columns map[string]int

// At is the column of a field, -1 if there is none.
func (c Columns) At(field string) int {
	if at, there := c[field]; there {
		return at
	}
	return -1
}

// Word is a heading as it is compared: letters and digits alone, small.
func Word(heading string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, entry.Clean(heading))
}

// Match finds the columns of fields. mapping has what somebody said of headings before, by
// Word: a field, or "" for a column that is left out; it counts more than aliases. The
// first of two columns for one field is taken.
func Match(heading []string, fields []Field, mapping map[string]string) Columns {
	known := map[string]string{}
	valid := map[string]bool{}
	for _, f := range fields {
		valid[f.Name] = true
		for _, a := range f.Aliases {
			if _, there := known[Word(a)]; !there {
				known[Word(a)] = f.Name
			}
		}
	}
	c := Columns{}
	said := make([]bool, len(heading))
	take := func(i int, field string) {
		if _, there := c[field]; !there && valid[field] {
			c[field] = i
		}
	}
	for i, h := range heading {
		if field, there := mapping[Word(h)]; there {
			said[i] = true
			take(i, field)
		}
	}
	for i, h := range heading {
		if !said[i] {
			take(i, known[Word(h)])
		}
	}
	return c
}

// Missing lists the required fields that no column holds.
func (c Columns) Missing(fields []Field) (names []string) {
	for _, f := range fields {
		if f.Required && c.At(f.Name) < 0 {
			names = append(names, f.Name)
		}
	}
	return names
}

// Columns finds the columns of fields (Match). Invalid: a required one is not there.
func (t *Table) Columns(fields []Field, mapping map[string]string) (Columns, error) {
	c := Match(t.heading, fields, mapping)
	if missing := c.Missing(fields); len(missing) > 0 {
		return c, t.bad("The first row must name the columns. There is no column %s", missing[0])
	}
	return c, nil
}

// unique numbers headings that come again.
func unique(cells []string) []string {
	out, seen := make([]string, len(cells)), map[string]bool{}
	for i, c := range cells {
		out[i] = c
		for n := 2; c != "" && seen[Word(out[i])]; n++ {
			out[i] = c + " (" + strconv.Itoa(n) + ")"
		}
		seen[Word(out[i])] = true
	}
	return out
}
