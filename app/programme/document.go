package programme

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// document is a parsed YAML text that knows the lines of its values.
type document struct {
	loader  *loader
	name    string
	content []byte
	before  int // lines of the file before this text
	root    *yaml.Node
	ok      bool // parsed, and the schema has no objection
}

// parse reads one YAML document and checks it against a schema.
func (l *loader) parse(name, schema string, content []byte, before int) *document {
	d := &document{loader: l, name: name, content: content, before: before}
	var node yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(content))
	if err := dec.Decode(&node); err != nil {
		if errors.Is(err, io.EOF) {
			d.report(1, "the file is empty")
			return d
		}
		line, reason := yamlProblem(err.Error())
		d.report(line, "this is not YAML: %s", reason)
		return d
	}
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		d.report(max(second.Line, 1), "the file holds more than one YAML document")
		return d
	}
	d.root = node.Content[0]
	problems := len(l.problems)
	value := d.value(d.root)
	if len(l.problems) > problems {
		return d
	}
	var invalid *jsonschema.ValidationError
	if err := l.schemas[schema].Validate(value); errors.As(err, &invalid) {
		d.explain(invalid)
		return d
	}
	d.ok = true
	return d
}

func (d *document) report(line int, format string, args ...any) {
	d.loader.report(d.name, max(line, 1)+d.before, format, args...)
}

// decode fills a struct; a key that the struct does not know is a problem even if
// the schema should allow it.
func (d *document) decode(into any) bool {
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
			line, reason := yamlProblem(e)
			d.report(line, "%s", reason)
		}
	case err != nil:
		line, reason := yamlProblem(err.Error())
		d.report(line, "%s", reason)
	}
	return err == nil
}

// value turns a node into what a schema examines. Dates stay as they are written;
// anchors are refused, for a reader of law should see each rule in full.
func (d *document) value(n *yaml.Node) any {
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
func (d *document) at(path []string) *yaml.Node {
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

// problem reports at the line of a value. A document that was not read has
// reported that already.
func (d *document) problem(path []any, format string, args ...any) {
	steps := make([]string, len(path))
	for i, s := range path {
		steps[i] = fmt.Sprint(s)
	}
	d.report(d.at(steps).Line, format, args...)
}

// explain reports the leaves of the schema's objections in words.
func (d *document) explain(e *jsonschema.ValidationError) {
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
