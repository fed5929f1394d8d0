package catalogue

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"trustedtrader/app/datafile"
	"trustedtrader/app/programme"
	"trustedtrader/config"
)

// maxFile bounds one edition, in bytes. The largest of today has some 400 kB.
const maxFile = 4 << 20

// Library is every edition that this installation knows.
type Library struct {
	mu       sync.RWMutex
	editions map[string][]*Edition // by programme, oldest first
	warnings datafile.Problems
}

// Load reads every edition of files: <programme>/catalogue/<edition>.yaml. The error is
// a datafile.Problems, with every problem at once, when the files are at fault.
func Load(files fs.FS) (*Library, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("list programmes: %w", err)
	}
	var codes []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != "schema" && !strings.HasPrefix(e.Name(), ".") {
			codes = append(codes, e.Name())
		}
	}
	return load(files, codes)
}

// Check reads a folder as Load does and says what is wrong with its editions, and what an
// editor should look at. The folder is one programme or a folder of programmes.
func Check(dir string) (warnings datafile.Problems, err error) {
	var l *Library
	dir = path.Clean(dir)
	if _, err := os.Stat(path.Join(dir, "programme.yaml")); err == nil {
		l, err = load(os.DirFS(path.Dir(dir)), []string{path.Base(dir)})
		if err != nil {
			return nil, err
		}
		return l.warnings, nil
	}
	if l, err = Load(os.DirFS(dir)); err != nil {
		return nil, err
	}
	return l.warnings, nil
}

// ReadFile reads one edition file without its sisters.
func ReadFile(name string) (*Edition, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Read(name, content)
}

// Read reads one edition without its sisters: what refers to another file is not checked.
func Read(name string, content []byte) (*Edition, error) {
	schema, err := schemas()
	if err != nil {
		return nil, err
	}
	l := &loader{schema: schema["catalogue"]}
	e := l.edition(name, content)
	if len(l.Problems) > 0 {
		l.Problems.Sort()
		return nil, l.Problems
	}
	return e, nil
}

// Warnings are what an editor should look at: nothing of it keeps the portal from running.
func (l *Library) Warnings() datafile.Problems { return slices.Clone(l.warnings) }

// Programmes lists the codes of the programmes that have editions.
func (l *Library) Programmes() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []string
	for code := range l.editions {
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

// Edition finds an edition.
func (l *Library) Edition(programme, id string) (*Edition, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return find(l.editions[programme], id)
}

func find(editions []*Edition, id string) (*Edition, bool) {
	if i := slices.IndexFunc(editions, func(e *Edition) bool { return e.ID == id }); i >= 0 {
		return editions[i], true
	}
	return nil, false
}

// Editions lists the editions of a programme, oldest first.
func (l *Library) Editions(programme string) []*Edition {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Clone(l.editions[programme])
}

// InForce is the edition under which a cycle is begun on a day: the newest published one
// that is valid by then.
func (l *Library) InForce(programme string, day time.Time) (*Edition, bool) {
	editions := l.Editions(programme)
	for _, e := range slices.Backward(editions) {
		if e.Status == Published && !e.ValidFrom.After(day) {
			return e, true
		}
	}
	return nil, false
}

// add puts an edition into its place.
func (l *Library) add(e *Edition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := append(slices.Clone(l.editions[e.Programme]), e)
	slices.SortStableFunc(list, func(a, b *Edition) int {
		if c := a.ValidFrom.Compare(b.ValidFrom); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	l.editions[e.Programme] = list
}

// schemas are the portal's own; a folder from elsewhere cannot loosen them.
var schemas = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	own, err := fs.Sub(config.Programmes, "programmes/schema")
	if err != nil {
		return nil, err
	}
	return datafile.Schemas(own)
})

// loader reads the editions of one programme and collects what is wrong.
type loader struct {
	datafile.Log
	schema   *jsonschema.Schema
	types    []string // the programme's kinds of members; nil when they are not known
	docs     map[string]*datafile.Document
	editions []*Edition
	warnings datafile.Log
}

func load(files fs.FS, codes []string) (*Library, error) {
	schema, err := schemas()
	if err != nil {
		return nil, err
	}
	out := &Library{editions: map[string][]*Edition{}}
	var loaders []*loader
	for _, code := range codes {
		l := &loader{
			Log: datafile.Log{Dir: path.Join(code, programme.CatalogueFolder)}, schema: schema["catalogue"],
			types: kinds(files, code), docs: map[string]*datafile.Document{},
		}
		l.warnings.Dir = l.Dir
		if err := l.read(files, code); err != nil {
			return nil, fmt.Errorf("read the catalogue of %s: %w", code, err)
		}
		for _, e := range l.editions {
			out.add(e)
		}
		loaders = append(loaders, l)
	}
	var problems datafile.Problems
	for _, l := range loaders {
		l.check(out)
		problems = append(problems, l.Problems...)
		out.warnings = append(out.warnings, l.warnings.Problems...)
	}
	out.warnings.Sort()
	if len(problems) > 0 {
		problems.Sort()
		return nil, problems
	}
	return out, nil
}

// kinds reads the codes of a programme's kinds of members. What is wrong with that file
// is package programme's to say.
func kinds(files fs.FS, code string) (out []string) {
	content, err := fs.ReadFile(files, path.Join(code, "entity_types.yaml"))
	if err != nil {
		return nil
	}
	var file struct {
		EntityTypes []struct {
			Code string `yaml:"code"`
		} `yaml:"entity_types"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return nil
	}
	for _, t := range file.EntityTypes {
		out = append(out, t.Code)
	}
	return out
}

func (l *loader) read(files fs.FS, code string) error {
	entries, err := fs.ReadDir(files, l.Dir)
	if err != nil {
		if _, there := fs.Stat(files, l.Dir); there != nil {
			return nil // a programme without criteria
		}
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || name == "README.md" {
			continue
		}
		info, err := entry.Info()
		switch {
		case err != nil:
			return err
		case !info.Mode().IsRegular() || info.Size() > maxFile:
			l.Report(name, 1, "this is not a regular file of at most %d bytes", maxFile)
			continue
		case path.Ext(name) != ".yaml":
			l.Report(name, 1, "this is not a file of a catalogue; check its name")
			continue
		}
		content, err := fs.ReadFile(files, path.Join(l.Dir, name))
		if err != nil {
			return err
		}
		e := l.edition(name, content)
		if e == nil {
			continue
		}
		if e.Programme != code {
			l.docs[e.ID].Problem(at("programme"), "the programme is %q, but the folder is named %q", e.Programme, code)
		}
		if e.ID != strings.TrimSuffix(name, ".yaml") {
			l.docs[e.ID].Problem(at("edition"), "the edition is %q, but the file is named %q", e.ID, name)
		}
		l.editions = append(l.editions, e)
	}
	return nil
}

// editionFile is the shape of a file.
type editionFile struct {
	Programme string      `yaml:"programme"`
	Edition   string      `yaml:"edition"`
	Previous  string      `yaml:"previous,omitempty"`
	Status    Status      `yaml:"status"`
	ValidFrom string      `yaml:"valid_from"`
	Title     Text        `yaml:"title"`
	Source    Source      `yaml:"source"`
	Sections  []Section   `yaml:"sections"`
	Criteria  []Criterion `yaml:"criteria"`
	Changes   []Change    `yaml:"changes,omitempty"`
}

// edition reads one file and checks what can be seen in it alone; nil when the file
// cannot be read.
func (l *loader) edition(name string, content []byte) *Edition {
	var f editionFile
	d := l.Parse(name, l.schema, content, 0)
	if !d.Decode(&f) {
		return nil
	}
	day, _ := time.Parse(time.DateOnly, f.ValidFrom) // the schema has checked it
	e := &Edition{
		Programme: f.Programme, ID: f.Edition, Previous: f.Previous, Status: f.Status, ValidFrom: day,
		Title: f.Title, Source: f.Source, Sections: f.Sections, Criteria: f.Criteria, Changes: f.Changes,
	}
	e.complete()
	if l.docs == nil {
		l.docs = map[string]*datafile.Document{}
	}
	l.docs[e.ID] = d
	c := checker{loader: l, doc: d, e: e}
	c.run()
	e.finish(d.Problem)
	c.conditions()
	return e
}

// complete fills in what a file may leave out.
func (e *Edition) complete() {
	for i := range e.Criteria {
		c := &e.Criteria[i]
		if c.Scope == "" {
			c.Scope = OfCompany
		}
		if len(c.Evidence.Examples) == 0 {
			c.Evidence.Examples = nil
		}
		for j := range c.Questions {
			if c.Questions[j].Level == "" {
				c.Questions[j].Level = c.Level
			}
		}
	}
}

// WriteYAML writes the edition as a file that Load reads.
func (e *Edition) WriteYAML() ([]byte, error) {
	return yaml.Marshal(editionFile{
		Programme: e.Programme, Edition: e.ID, Previous: e.Previous, Status: e.Status, ValidFrom: e.ValidFrom.Format(time.DateOnly),
		Title: e.Title, Source: e.Source, Sections: e.Sections, Criteria: e.Criteria, Changes: e.Changes,
	})
}
