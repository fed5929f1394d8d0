package benefit

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"trustedtrader/app/datafile"
	"trustedtrader/app/table"
)

// Data is config.Imports: the reports that can be brought, and their words.
type Data struct {
	Layouts []Layout
	Ports   []PortGroup
	lists   map[string]*list
	groups  map[string]string // port to group
	none    map[string]bool
}

// Layout is a kind of report.
type Layout struct {
	Code    string   `yaml:"code"`
	Name    string   `yaml:"name"` // English source text
	Help    string   `yaml:"help"`
	Source  string   `yaml:"source"`
	Draft   bool     `yaml:"draft"`
	Dates   []string `yaml:"dates"`   // of Y, M and D
	Decimal string   `yaml:"decimal"` // point unless it says comma
	Columns []Column `yaml:"columns"`
	Events  []Spec   `yaml:"events"`
}

// Column is a column that a report may have.
type Column struct {
	Name     string   `yaml:"name"`
	Label    string   `yaml:"label"` // English source text
	Is       string   `yaml:"is"`    // what its cells hold
	List     string   `yaml:"list"`  // of words, where it is one of them
	Required bool     `yaml:"required"`
	Aliases  []string `yaml:"aliases"`
}

// Spec says which event a row is: From names columns for its fields, "a|b" the first that is
// filled, "a+b" both.
type Spec struct {
	Kind   Kind              `yaml:"kind"`
	KindOf string            `yaml:"kind_of"` // the column whose word is the kind
	When   string            `yaml:"when"`    // only if this column says that it happened
	From   map[string]string `yaml:"from"`
	Fixed  map[string]string `yaml:"fixed"` // where the column has nothing
}

// PortGroup are ports that are looked at together.
type PortGroup struct {
	Code  string   `yaml:"code"`
	Name  string   `yaml:"name"`
	Ports []string `yaml:"ports"`
}

// Word is one value of a list.
type Word struct {
	Code    string   `yaml:"code"`
	Name    string   `yaml:"name"` // English source text
	Aliases []string `yaml:"aliases"`
}

type list struct {
	Code   string `yaml:"code"`
	Other  string `yaml:"other"` // what a word means that the list does not have; empty: it is wrong
	Values []Word `yaml:"values"`
	codes  map[string]string
}

const importsFile = "imports.yaml"

// LoadData reads config.Imports. The error is a datafile.Problems when the file is at fault.
func LoadData(files fs.FS) (*Data, error) {
	schemas, err := datafile.Schemas(files)
	if err != nil {
		return nil, err
	}
	content, err := fs.ReadFile(files, importsFile)
	if err != nil {
		return nil, fmt.Errorf("read the reports that can be brought: %w", err)
	}
	var log datafile.Log
	var x struct {
		Edition string      `yaml:"edition"`
		Source  string      `yaml:"source"`
		Draft   bool        `yaml:"draft"`
		None    []string    `yaml:"none"`
		Lists   []*list     `yaml:"lists"`
		Ports   []PortGroup `yaml:"ports"`
		Layouts []Layout    `yaml:"layouts"`
	}
	d := &Data{lists: map[string]*list{}, groups: map[string]string{}, none: map[string]bool{}}
	if doc := log.Parse(importsFile, schemas["imports"], content, 0); doc.Decode(&x) {
		d.Layouts, d.Ports = x.Layouts, x.Ports
		for _, w := range x.None {
			d.none[strings.ToLower(w)] = true
		}
		for i, l := range x.Lists {
			d.take(doc, i, l)
		}
		for i, g := range x.Ports {
			for _, p := range g.Ports {
				if d.groups[p] != "" {
					doc.Problem([]any{"ports", i, "ports"}, "port %s stands in two groups", p)
				}
				d.groups[p] = g.Code
			}
		}
		for i := range x.Layouts {
			d.check(doc, i, &x.Layouts[i])
		}
	}
	if len(log.Problems) > 0 {
		log.Problems.Sort()
		return nil, log.Problems
	}
	return d, nil
}

// take reads a list; a word stands for one value.
func (d *Data) take(doc *datafile.Document, at int, l *list) {
	d.lists[l.Code] = l
	l.codes = map[string]string{}
	for i, v := range l.Values {
		for _, w := range append([]string{v.Code, v.Name}, v.Aliases...) {
			w = table.Word(w)
			if other := l.codes[w]; other != "" && other != v.Code {
				doc.Problem([]any{"lists", at, "values", i}, "%q stands for %s and for %s", w, other, v.Code)
			}
			l.codes[w] = v.Code
		}
	}
}

// check refuses a layout whose events name what is not there.
func (d *Data) check(doc *datafile.Document, at int, l *Layout) {
	bad := func(format string, args ...any) { doc.Problem([]any{"layouts", at, "code"}, format, args...) }
	for i, c := range l.Columns {
		if c.Is == "list" && d.lists[c.List] == nil {
			bad("column %s: there is no list %q", c.Name, c.List)
		}
		if slices.IndexFunc(l.Columns, func(x Column) bool { return x.Name == c.Name }) != i {
			bad("column %s stands there twice", c.Name)
		}
	}
	for _, e := range l.Events {
		for _, kind := range d.kindsOf(*l, e) {
			if !slices.Contains(Kinds(), kind) {
				bad("there is no kind of event %q", kind)
			}
		}
		if e.From["day"] == "" {
			bad("an event has no day")
		}
		names := []string{e.KindOf, e.When}
		for _, from := range e.From {
			names = append(names, strings.FieldsFunc(from, func(r rune) bool { return r == '|' || r == '+' })...)
		}
		for _, n := range names {
			if n != "" && l.column(n) < 0 {
				bad("there is no column %q", n)
			}
		}
	}
}

func (l Layout) column(name string) int {
	return slices.IndexFunc(l.Columns, func(c Column) bool { return c.Name == name })
}

// Fields are the layout's columns as a table looks for them.
func (l Layout) Fields() (out []table.Field) {
	for _, c := range l.Columns {
		out = append(out, table.Field{Name: c.Name, Aliases: append([]string{c.Label}, c.Aliases...), Required: c.Required})
	}
	return out
}

// kindsOf are the kinds that an event of a layout can be.
func (d *Data) kindsOf(l Layout, e Spec) (out []Kind) {
	if e.KindOf == "" {
		return []Kind{e.Kind}
	}
	if i := l.column(e.KindOf); i >= 0 && d.lists[l.Columns[i].List] != nil {
		for _, w := range d.lists[l.Columns[i].List].Values {
			out = append(out, Kind(w.Code))
		}
	}
	return out
}

// kinds are those of all events of a layout: what a file of it replaces.
func (d *Data) kinds(l Layout) (out []Kind) {
	for _, e := range l.Events {
		for _, k := range d.kindsOf(l, e) {
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// Layout finds a kind of report by its code.
func (d *Data) Layout(code string) (Layout, bool) {
	i := slices.IndexFunc(d.Layouts, func(l Layout) bool { return l.Code == code })
	if i < 0 {
		return Layout{Code: code, Name: code}, false
	}
	return d.Layouts[i], true
}

// Words are the values of a list: modes, exams, lanes, log, cases, directions.
func (d *Data) Words(code string) []Word {
	if l := d.lists[code]; l != nil {
		return l.Values
	}
	return nil
}

// WordName is a value of a list in words (English source text), or its code.
func (d *Data) WordName(list, code string) string {
	for _, w := range d.Words(list) {
		if w.Code == code {
			return w.Name
		}
	}
	return code
}

// PortGroupName is a group of ports in words; "other" and "" are no group of the data.
func (d *Data) PortGroupName(code string) string {
	for _, g := range d.Ports {
		if g.Code == code {
			return g.Name
		}
	}
	switch code {
	case "":
		return "Not known"
	case otherPorts:
		return "Other ports"
	}
	return code
}

const otherPorts = "other"

// groupOf is the group of a port.
func (d *Data) groupOf(port string) string {
	if port == "" {
		return ""
	}
	if g := d.groups[port]; g != "" {
		return g
	}
	if len(port) > 4 { // a code with its name after it
		if g := d.groups[port[:4]]; g != "" && (port[4] < '0' || port[4] > '9') {
			return g
		}
	}
	if len(port) == 3 { // a spreadsheet took the nought away
		if g := d.groups["0"+port]; g != "" {
			return g
		}
	}
	return otherPorts
}
