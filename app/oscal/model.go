package oscal

import (
	"encoding/json"
	"slices"
	"strings"
)

// The parts of the OSCAL models that editions need; the names are NIST's.
type (
	catalogFile struct {
		Catalog catalog `json:"catalog"`
	}
	profileFile struct {
		Profile profile `json:"profile"`
	}
	catalog struct {
		UUID       string          `json:"uuid"`
		Metadata   metadata        `json:"metadata"`
		Params     json.RawMessage `json:"params,omitempty"`
		Controls   []control       `json:"controls,omitempty"`
		Groups     []group         `json:"groups,omitempty"`
		BackMatter *backMatter     `json:"back-matter,omitempty"`
	}
	profile struct {
		UUID       string      `json:"uuid"`
		Metadata   metadata    `json:"metadata"`
		Imports    []selection `json:"imports"`
		Merge      merge       `json:"merge"`
		BackMatter backMatter  `json:"back-matter"`
	}
	metadata struct {
		Title        string `json:"title"`
		LastModified string `json:"last-modified"`
		Version      string `json:"version"`
		OSCALVersion string `json:"oscal-version"`
		Props        props  `json:"props,omitempty"`
		Remarks      string `json:"remarks,omitempty"`
	}
	group struct {
		ID       string          `json:"id,omitempty"`
		Class    string          `json:"class,omitempty"`
		Title    string          `json:"title"`
		Params   json.RawMessage `json:"params,omitempty"`
		Props    props           `json:"props,omitempty"`
		Parts    parts           `json:"parts,omitempty"`
		Groups   []group         `json:"groups,omitempty"`
		Controls []control       `json:"controls,omitempty"`
	}
	control struct {
		ID       string          `json:"id"`
		Class    string          `json:"class,omitempty"`
		Title    string          `json:"title"`
		Params   json.RawMessage `json:"params,omitempty"`
		Props    props           `json:"props,omitempty"`
		Parts    parts           `json:"parts,omitempty"`
		Controls []control       `json:"controls,omitempty"`
	}
	part struct {
		ID    string `json:"id,omitempty"`
		Name  string `json:"name"`
		NS    string `json:"ns,omitempty"`
		Class string `json:"class,omitempty"`
		Title string `json:"title,omitempty"`
		Props props  `json:"props,omitempty"`
		Prose string `json:"prose,omitempty"`
		Parts parts  `json:"parts,omitempty"`
	}
	property struct {
		Name    string `json:"name"`
		NS      string `json:"ns,omitempty"`
		Value   string `json:"value"`
		Class   string `json:"class,omitempty"`
		Remarks string `json:"remarks,omitempty"`
	}
	backMatter struct {
		Resources []resource `json:"resources,omitempty"`
	}
	resource struct {
		UUID        string   `json:"uuid"`
		Title       string   `json:"title,omitempty"`
		Description string   `json:"description,omitempty"`
		Props       props    `json:"props,omitempty"`
		Links       []target `json:"rlinks,omitempty"`
	}
	target struct {
		Href      string `json:"href"`
		MediaType string `json:"media-type,omitempty"`
	}
	selection struct {
		Href    string    `json:"href"`
		Include []withIDs `json:"include-controls"`
	}
	withIDs struct {
		IDs []string `json:"with-ids"`
	}
	merge struct {
		AsIs bool `json:"as-is"`
	}
)

type props []property

// add notes a value in our namespace; an empty one is left out. A property holds one line:
// what has several, or space at its ends, stands whole in the remarks.
func (p *props) add(name, value string) { p.classed(name, "", value) }

func (p *props) classed(name, class, value string) {
	if value == "" {
		return
	}
	line := strings.Join(strings.Fields(value), " ")
	if line == "" {
		line = "-"
	}
	it := property{Name: name, NS: Namespace, Class: class, Value: line}
	if line != value {
		it.Remarks = escape(value)
	}
	*p = append(*p, it)
}

func (p property) text() string {
	if p.Remarks != "" {
		return unescape(p.Remarks)
	}
	return p.Value
}

// one is the value of a property of ours, or "".
func (p props) one(name string) string {
	if all := p.all(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// all are the values of a property of ours that may be there more than once.
func (p props) all(name string) (out []string) {
	for _, it := range p {
		if it.Name == name && it.NS == Namespace {
			out = append(out, it.text())
		}
	}
	return out
}

type parts []part

// named are the parts of a name; those of OSCAL have no namespace, ours have one.
func (p parts) named(name string) (out parts) {
	for _, it := range p {
		if it.Name == name {
			out = append(out, it)
		}
	}
	return out
}

// strangers lists the names of parts that are none of the known ones.
func (p parts) strangers(known ...string) (out []string) {
	for _, it := range p {
		if !slices.Contains(known, it.Name) && !slices.Contains(out, it.Name) {
			out = append(out, it.Name)
		}
	}
	return out
}

// marks are what OSCAL's prose takes for markup.
const marks = "\\`*_{}[]<>^~#|$\""

// escape writes plain text as markup that shows it.
func escape(s string) string {
	if !strings.ContainsAny(s, marks) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 && strings.ContainsRune(marks, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unescape reads what escape wrote, whichever signs another program chose to escape.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && punctuation(s[i+1]) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func punctuation(c byte) bool {
	return c > ' ' && c < 0x7F && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z')
}
