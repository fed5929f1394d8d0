package partnerapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Doc is the description of the machine door, as people read it.
type Doc struct {
	Title, Version, Summary string
	Text                    []string // paragraphs
	Groups                  []DocGroup
	Problems                []DocResponse // by their code
}

// DocGroup is operations that belong together.
type DocGroup struct {
	Name, Text string
	Operations []DocOperation
}

// DocOperation is one operation.
type DocOperation struct {
	Method, Path, Summary string
	Text                  []string
	Parameters            [][]string // name, where, meaning
	Request               string     // an example
	Responses             []DocResponse
}

// DocResponse is one answer.
type DocResponse struct{ Status, Text, Example string }

type tree = map[string]any

// ReadDoc reads an OpenAPI file for the page that shows it.
func ReadDoc(text []byte) (d Doc, err error) {
	var all tree
	if err := yaml.Unmarshal(text, &all); err != nil {
		return d, fmt.Errorf("read the description: %w", err)
	}
	r := docReader{all}
	info := r.at(all["info"])
	d = Doc{Title: str(info["title"]), Version: str(info["version"]), Summary: str(info["summary"]), Text: paragraphs(str(info["description"]))}
	tags, _ := all["tags"].([]any)
	for _, x := range tags {
		tag := r.at(x)
		d.Groups = append(d.Groups, DocGroup{Name: str(tag["name"]), Text: str(tag["description"])})
	}
	paths := r.at(all["paths"])
	for _, path := range sorted(paths) {
		item := r.at(paths[path])
		for _, method := range []string{"get", "post", "put", "delete"} {
			if op, ok := item[method]; ok {
				r.add(&d, method, path, item, r.at(op))
			}
		}
	}
	responses := r.at(r.at(all["components"])["responses"])
	for _, name := range sorted(responses) {
		x := r.at(responses[name])
		_, example := r.example(x)
		if kind := str(example["type"]); kind != "" {
			_, code, _ := strings.Cut(kind, "#problem-")
			d.Problems = append(d.Problems, DocResponse{Status: code, Text: str(x["description"])})
		}
	}
	return d, nil
}

type docReader struct{ all tree }

// at follows a reference to where it leads.
func (r docReader) at(x any) tree {
	t, _ := x.(tree)
	ref := str(t["$ref"])
	if ref == "" {
		return t
	}
	to := any(r.all)
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		m, _ := to.(tree)
		to = m[part]
	}
	out, _ := to.(tree)
	return out
}

func (r docReader) add(d *Doc, method, path string, item, op tree) {
	o := DocOperation{Method: strings.ToUpper(method), Path: path, Summary: str(op["summary"]), Text: paragraphs(str(op["description"]))}
	shared, _ := item["parameters"].([]any)
	own, _ := op["parameters"].([]any)
	for _, x := range slices.Concat(shared, own) {
		p := r.at(x)
		o.Parameters = append(o.Parameters, []string{str(p["name"]), str(p["in"]), str(p["description"])})
	}
	o.Request, _ = r.example(r.at(op["requestBody"]))
	responses := r.at(op["responses"])
	for _, status := range sorted(responses) {
		x := r.at(responses[status])
		example, _ := r.example(x)
		o.Responses = append(o.Responses, DocResponse{Status: status, Text: str(x["description"]), Example: example})
	}
	tags, _ := op["tags"].([]any)
	for i := range d.Groups {
		if len(tags) > 0 && d.Groups[i].Name == str(tags[0]) {
			d.Groups[i].Operations = append(d.Groups[i].Operations, o)
		}
	}
}

// example is the first example of a body, as text and as it is.
func (r docReader) example(x tree) (string, tree) {
	content := r.at(x["content"])
	for _, kind := range sorted(content) {
		media := r.at(content[kind])
		value := media["example"]
		if list := r.at(media["examples"]); value == nil && len(list) > 0 {
			value = r.at(list[sorted(list)[0]])["value"]
		}
		switch v := value.(type) {
		case nil:
		case string:
			return v, nil
		default:
			b, err := json.MarshalIndent(v, "", "  ")
			if err != nil {
				return "", nil
			}
			t, _ := v.(tree)
			return string(b), t
		}
	}
	return "", nil
}

func str(x any) string {
	s, _ := x.(string)
	return s
}

func sorted(t tree) (out []string) {
	for k := range t {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// paragraphs parts a text at its empty lines and drops what only programs read.
func paragraphs(text string) (out []string) {
	for p := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if p = strings.Join(strings.Fields(strings.NewReplacer("**", "", "`", "").Replace(p)), " "); p != "" {
			out = append(out, p)
		}
	}
	return out
}
