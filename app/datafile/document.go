// Package datafile reads the YAML files that administrations write by hand: programmes
// and their catalogues. Every problem comes out at once, each with file, line and reason.
package datafile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Problem is one thing wrong with a file.
type Problem struct {
	File   string // relative to what was loaded
	Line   int    // 1 is the first
	Reason string
}

// String is the problem as compilers write theirs: file:line: reason.
func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason) }

// Problems are all that is wrong.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Sort puts them in the order of files and lines.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
}

// Log collects the problems of one folder.
type Log struct {
	Dir      string // stands before the names of files in problems
	Problems Problems
}

// Report notes a problem.
func (l *Log) Report(file string, line int, format string, args ...any) {
	l.Problems = append(l.Problems, Problem{File: path.Join(l.Dir, file), Line: max(line, 1), Reason: fmt.Sprintf(format, args...)})
}

// Schemas compiles every JSON Schema at the root of files, by its name without .json.
func Schemas(files fs.FS) (map[string]*jsonschema.Schema, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list schemas: %w", err)
	}
	out := map[string]*jsonschema.Schema{}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("open schema: %w", err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
		if err != nil {
			return nil, fmt.Errorf("read schema %s: %w", name, err)
		}
		url := "programme:///" + name
		if err := c.AddResource(url, doc); err != nil {
			return nil, fmt.Errorf("add schema %s: %w", name, err)
		}
		s, err := c.Compile(url)
		if err != nil {
			return nil, fmt.Errorf("compile schema %s: %w", name, err)
		}
		out[strings.TrimSuffix(name, ".json")] = s
	}
	return out, nil
}

// Document is a parsed YAML text that knows the lines of its values.
type Document struct {
	log     *Log
	name    string
	content []byte
	before  int // lines of the file before this text
	root    *yaml.Node
	ok      bool // parsed, and the schema has no objection
}

// Parse reads one YAML document and checks it against a schema. Before is how many lines
// of the file stand before it.
func (l *Log) Parse(name string, schema *jsonschema.Schema, content []byte, before int) *Document {
	d := &Document{log: l, name: name, content: content, before: before}
	var node yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(content))
	if err := dec.Decode(&node); err != nil {
		if errors.Is(err, io.EOF) {
			d.report(1, "the file is empty")
			return d
		}
		line, reason := problemOf(err.Error())
		d.report(line, "this is not YAML: %s", reason)
		return d
	}
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		d.report(max(second.Line, 1), "the file holds more than one YAML document")
		return d
	}
	d.root = node.Content[0]
	problems := len(l.Problems)
	value := d.value(d.root)
	if len(l.Problems) > problems {
		return d
	}
	var invalid *jsonschema.ValidationError
	if err := schema.Validate(value); errors.As(err, &invalid) {
		d.explain(invalid)
		return d
	}
	d.ok = true
	return d
}

func (d *Document) report(line int, format string, args ...any) {
	d.log.Report(d.name, max(line, 1)+d.before, format, args...)
}

// Decode fills a struct; a key that the struct does not know is a problem even if
// the schema should allow it.
func (d *Document) Decode(into any) bool {
	if !d.ok {
		return false
	}
	dec := yaml.NewDecoder(bytes.NewReader(d.content))
	dec.KnownFields(true)
	err := dec.Decode(into)
	var typed *yaml.TypeError
	switch {
	case errors.As(err, &typed):
		for _, e := range typed.Errors {
			line, reason := problemOf(e)
			d.report(line, "%s", reason)
		}
	case err != nil:
		line, reason := problemOf(err.Error())
		d.report(line, "%s", reason)
	}
	return err == nil
}

// value turns a node into what a schema examines. Dates stay as they are written;
// anchors are refused, for a reader of law should see each rule in full.
func (d *Document) value(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		lines := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode {
				d.report(k.Line, "a key must be plain text")
				continue
			}
			if first, twice := lines[k.Value]; twice {
				d.report(k.Line, "the key %q is there already, in line %d", k.Value, first+d.before)
				continue
			}
			lines[k.Value] = k.Line
			out[k.Value] = d.value(n.Content[i+1])
		}
		return out
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			out = append(out, d.value(c))
		}
		return out
	case yaml.AliasNode:
		d.report(n.Line, "anchors and aliases are not used here; write the value out")
		return nil
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			return i
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	}
	return n.Value
}

// at finds the node of a path of keys and indexes, or the nearest one above it.
func (d *Document) at(path []string) *yaml.Node {
	n := d.root
	for _, step := range path {
		switch n.Kind {
		case yaml.MappingNode:
			v := valueOf(n, step)
			if v == nil {
				return n
			}
			n = v
		case yaml.SequenceNode:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(n.Content) {
				return n
			}
			n = n.Content[i]
		default:
			return n
		}
	}
	return n
}

func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// Problem reports at the line of a value. A document that was not read has
// reported that already.
func (d *Document) Problem(path []any, format string, args ...any) {
	d.report(d.line(path), format, args...)
}

// Name is the file's name in its folder.
func (d *Document) Name() string { return d.name }

// Line is the line of a value in the file.
func (d *Document) Line(path []any) int { return d.line(path) + d.before }

func (d *Document) line(path []any) int {
	steps := make([]string, len(path))
	for i, s := range path {
		steps[i] = fmt.Sprint(s)
	}
	return max(d.at(steps).Line, 1)
}

// explain reports the leaves of the schema's objections in words.
func (d *Document) explain(e *jsonschema.ValidationError) {
	if len(e.Causes) > 0 {
		for _, c := range e.Causes {
			d.explain(c)
		}
		return
	}
	node := d.at(e.InstanceLocation)
	where := "the file"
	if n := len(e.InstanceLocation); n > 0 {
		where = e.InstanceLocation[n-1]
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			line := node.Line
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == name {
					line = node.Content[i].Line
				}
			}
			d.report(line, "unknown key %q", name)
		}
	case *kind.Required:
		for _, name := range k.Missing {
			d.report(node.Line, "the key %q is missing", name)
		}
	case *kind.Type:
		d.report(node.Line, "%s: this is %s, and should be %s", where, k.Got, strings.Join(k.Want, " or "))
	case *kind.Format:
		d.report(node.Line, "%s: %v is not a %s", where, k.Got, k.Want)
	default:
		d.report(node.Line, "%s: %s", where, k.LocalizedString(message.NewPrinter(language.English)))
	}
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// problemOf takes the line out of the library's message. Its parser counts from
// 0 where its scanner counts from 1; parser messages start as below.
func problemOf(message string) (line int, reason string) {
	reason = strings.TrimPrefix(message, "yaml: ")
	if m := yamlLine.FindStringSubmatch(reason); m != nil {
		line, _ = strconv.Atoi(m[1])
		reason = strings.Replace(reason, m[0], "", 1)
	}
	if strings.HasPrefix(reason, "did not find expected") {
		line++
	}
	return line, reason
}
