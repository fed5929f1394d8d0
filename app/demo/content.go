package demo

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed content
var contentFiles embed.FS

// setting is what a made-up company is like.
type setting struct {
	Staff  int    `yaml:"staff"`
	Goods  string `yaml:"goods"`
	Origin string `yaml:"origin"`
	Lane   string `yaml:"lane"`
	Lane2  string `yaml:"lane2"`
	Port   string `yaml:"port"`
	Border string `yaml:"border"`
	Mode   string `yaml:"mode"`
	Gaps   int    `yaml:"gaps"` // percent of what could be missing that is
	Tags   []string
	Sites  []place
}

// place is a site beside the head office; city, country and zone are those of the head
// office where they are not given.
type place struct {
	Name     string `yaml:"name"`
	Activity string `yaml:"activity"`
	City     string `yaml:"city"`
}

// gaps are the words with which a question is not met.
type gaps struct {
	NotApplicable wordings          `yaml:"not_applicable"`
	NotMet        map[string]string `yaml:"not_met"`
}

// paper is one piece of evidence that companies keep.
type paper struct {
	ID              string
	Programme       string
	Kind            string // pdf, png, jpg or xlsx
	Picture, Sheet  string
	Title, Owner    string
	From, Valid     int // days: the oldest it can be, how long it lasts
	Lang            string
	Confidentiality string
	For             []string // criteria
	If              []string
	Optional        bool        // kept by half of those whom it fits
	Body            [][2]string // heading, text
}

// wordings are the texts to choose from, by question or criterion.
type wordings map[string][]wording

// wording is one text and whom it fits.
type wording struct {
	tags []string // "small", "!small"
	text string
}

// UnmarshalYAML reads "[small !road] text".
func (w *wording) UnmarshalYAML(n *yaml.Node) error {
	text := n.Value
	if rest, ok := strings.CutPrefix(text, "["); ok {
		tags, after, found := strings.Cut(rest, "] ")
		if !found {
			return fmt.Errorf("line %d: the bracket is not closed", n.Line)
		}
		w.tags, text = strings.Fields(tags), after
	}
	w.text = text
	return nil
}

// library is everything that the made-up companies say, as files under content hold it.
type library struct {
	companies map[string]setting
	texts     map[string]wordings            // by programme
	choices   map[string]wordings            // by programme
	tables    map[string]map[string][]string // by programme and question
	gaps      map[string]gaps                // by programme
	sites     map[string]map[string]exception
	papers    []paper
	risks     map[string]assessment // by company
	opinions  map[string]opinions   // by programme
}

// exception is what one site says instead of the company.
type exception struct {
	Choice, Text, Reason, Plan string
}

// content reads the files once. They are part of the program, so an error is the
// program's own.
var content = sync.OnceValues(func() (*library, error) {
	l := &library{texts: map[string]wordings{}}
	for _, code := range []string{"ctpat", "eu-aeo"} {
		texts := wordings{}
		if err := read(code, &texts); err != nil {
			return nil, err
		}
		l.texts[code] = texts
	}
	for name, into := range map[string]any{"companies": &l.companies, "choices": &l.choices, "tables": &l.tables, "gaps": &l.gaps,
		"sites": &l.sites, "papers": &l.papers, "risk": &l.risks, "review": &l.opinions} {
		if err := read(name, into); err != nil {
			return nil, err
		}
	}
	return l, nil
})

func read(name string, into any) error {
	name = "content/" + name + ".yaml"
	b, err := contentFiles.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read the demo's texts: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true) // a comma that is not quoted would make a field of its own
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read the demo's texts: %s: %w", name, err)
	}
	return nil
}

// fits reports whether everything that the tags ask for is true of a company.
func fits(tags []string, of map[string]bool) bool {
	return !slices.ContainsFunc(tags, func(tag string) bool {
		not, is := strings.CutPrefix(tag, "!")
		return of[not] == is
	})
}
