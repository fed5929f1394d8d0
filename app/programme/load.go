package programme

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"trustedtrader/app/datafile"
	"trustedtrader/config"
)

// maxFile bounds one file, in bytes. The largest of today has 30 kB.
const maxFile = 1 << 20

// Problem is one thing wrong with a programme's files; Problems are all of them, in the
// order of files and lines.
type (
	Problem  = datafile.Problem
	Problems = datafile.Problems
)

// Load reads every programme of files: one folder each at its root, named by the
// programme's code. The folder "schema" holds the schemas and no programme. The
// error is a Problems when the files are at fault.
//
// The portal's own programmes are Load(fs.Sub(config.Programmes, "programmes")).
func Load(files fs.FS) (*Register, error) {
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
	if codes == nil {
		return nil, fmt.Errorf("list programmes: there is no programme folder")
	}
	return load(files, codes)
}

// Check reads a folder as Load does and says what is wrong with it. The folder is
// one programme (it holds programme.yaml) or a folder of programmes.
func Check(dir string) error {
	dir = path.Clean(dir)
	if _, err := os.Stat(path.Join(dir, "programme.yaml")); err == nil {
		_, err = load(os.DirFS(path.Dir(dir)), []string{path.Base(dir)})
		return err
	}
	_, err := Load(os.DirFS(dir))
	return err
}

func load(files fs.FS, codes []string) (*Register, error) {
	schemas, err := compileSchemas()
	if err != nil {
		return nil, err
	}
	r := &Register{}
	var problems Problems
	var loaders []*loader
	slices.Sort(codes)
	for _, code := range codes {
		l := &loader{Log: datafile.Log{Dir: code}, files: files, schemas: schemas}
		p, err := l.programme()
		if err != nil {
			return nil, fmt.Errorf("read programme %s: %w", code, err)
		}
		r.programmes = append(r.programmes, p)
		loaders = append(loaders, l)
	}
	for i, l := range loaders {
		r.required(r.programmes[i], l.heads)
		problems = append(problems, l.Problems...)
	}
	if len(problems) > 0 {
		problems.Sort()
		return nil, problems
	}
	return r, nil
}

// compileSchemas reads the portal's own schemas; a folder from elsewhere cannot
// loosen them.
func compileSchemas() (map[string]*jsonschema.Schema, error) {
	own, err := fs.Sub(config.Programmes, "programmes/schema")
	if err != nil {
		return nil, err
	}
	return datafile.Schemas(own)
}

// loader reads one programme folder and collects what is wrong.
type loader struct {
	datafile.Log
	files   fs.FS
	schemas map[string]*jsonschema.Schema
	head    *datafile.Document // programme.yaml; nil: it was not read
}

// heads reports a problem in programme.yaml.
func (l *loader) heads(at []any, format string, args ...any) {
	if l.head != nil {
		l.head.Problem(at, format, args...)
	}
}

func (l *loader) parse(name, schema string, content []byte, before int) *datafile.Document {
	return l.Parse(name, l.schemas[schema], content, before)
}

// The shapes of the files where they differ from the types of this package.
type (
	programmeFile struct {
		Code           string         `yaml:"code"`
		Name           string         `yaml:"name"`
		ShortName      string         `yaml:"short_name"`
		Law            string         `yaml:"law"`
		Description    string         `yaml:"description"`
		Edition        editionPart    `yaml:"edition"`
		Administration Administration `yaml:"administration"`
		Catalogue      string         `yaml:"catalogue"`
		Requires       *Requirement   `yaml:"requires"`
		Process        Process        `yaml:"process"`
		Rules          []Rule         `yaml:"rules"`
	}
	editionPart struct {
		ID            string `yaml:"id"`
		EffectiveFrom string `yaml:"effective_from"`
	}
	entityTypesFile struct {
		Common struct {
			Questions []Question `yaml:"questions"`
		} `yaml:"common"`
		EntityTypes []EntityType `yaml:"entity_types"`
	}
	clocksFile struct {
		Clocks []Clock `yaml:"clocks"`
	}
	vettingFile struct {
		Vetting []VettingItem `yaml:"vetting"`
	}
	reviewFile struct {
		Sections []ReviewSection `yaml:"sections"`
	}
	agreementFront struct {
		Title         string   `yaml:"title"`
		Edition       string   `yaml:"edition"`
		EffectiveFrom string   `yaml:"effective_from"`
		Consents      []string `yaml:"consents"`
		Source        string   `yaml:"source"`
		Draft         bool     `yaml:"draft"`
	}
	letterFront struct {
		Code     string   `yaml:"code"`
		Subject  string   `yaml:"subject"`
		Audience Audience `yaml:"audience"`
	}
)

// programme reads the folder. The error is for a folder that cannot be read; what
// is wrong inside it is reported.
func (l *loader) programme() (*Programme, error) {
	contents, err := l.contents()
	if err != nil {
		return nil, err
	}
	var (
		pf programmeFile
		ef entityTypesFile
		cf clocksFile
		vf vettingFile
		rf reviewFile
		rs Reasons
		vd Validation
		st Standing
		fg Figures
		sc Succession
		en Enforcement
	)
	parts := []struct {
		name string
		into any
	}{
		{"programme", &pf}, {"entity_types", &ef}, {"clocks", &cf}, {"vetting", &vf}, {"review", &rf}, {"reasons", &rs}, {"validation", &vd},
		{"standing", &st}, {"headquarters", &fg}, {"succession", &sc}, {"enforcement", &en},
	}
	docs := map[string]*datafile.Document{}
	for _, part := range parts {
		name := part.name + ".yaml"
		content, ok := contents[name]
		if !ok {
			l.Report(name, 1, "the file is missing")
			continue
		}
		if d := l.parse(name, part.name, content, 0); d.Decode(part.into) {
			docs[part.name] = d
		}
	}
	l.head = docs["programme"]
	p := &Programme{
		Code: pf.Code, Name: pf.Name, ShortName: pf.ShortName, Law: pf.Law, Description: pf.Description,
		Edition:        Edition{ID: pf.Edition.ID, EffectiveFrom: day(pf.Edition.EffectiveFrom)},
		Administration: pf.Administration, Catalogue: pf.Catalogue, Requires: pf.Requires, Process: pf.Process, Rules: pf.Rules,
		Reasons: rs, Validation: vd, Standing: st, Succession: sc, Figures: fg, Enforcement: en, Hash: contents.hash(),
		entityTypes: ef.EntityTypes, clocks: cf.Clocks, vetting: vf.Vetting, review: rf.Sections,
	}
	p.Agreement = l.agreement(contents)
	letters := l.letters(contents)
	p.letters = letters
	l.strangers(contents)
	if err := l.criteria(p.Catalogue, docs["programme"]); err != nil {
		return nil, err
	}

	c := checker{loader: l, p: p, docs: docs, common: ef.Common.Questions}
	c.run()
	for i := range p.entityTypes {
		p.entityTypes[i].Questions = append(slices.Clone(p.entityTypes[i].Questions), ef.Common.Questions...)
	}
	return p, nil
}

// CatalogueFolder holds the editions of a programme's criteria. They have hashes of their
// own: a programme's hash does not change with them.
const CatalogueFolder = "catalogue"

// folder is the content of a programme's files by their names in the folder, without
// the catalogue.
type folder map[string][]byte

func (l *loader) contents() (folder, error) {
	out := folder{}
	err := fs.WalkDir(l.files, l.Dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != l.Dir && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		short := strings.TrimPrefix(name, l.Dir+"/")
		if d.IsDir() {
			if short == CatalogueFolder {
				return fs.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Size() > maxFile {
			l.Report(short, 1, "this is not a regular file of at most %d bytes", maxFile)
			return nil
		}
		out[short], err = fs.ReadFile(l.files, name)
		return err
	})
	return out, err
}

// hash covers names and contents, each with its length, in the order of the
// names: no two different folders write the same bytes.
func (f folder) hash() string {
	h := sha256.New()
	for _, name := range f.names() {
		fmt.Fprintf(h, "%d %s %d\n", len(name), name, len(f[name]))
		h.Write(f[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (f folder) names() []string {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

var ownFile = regexp.MustCompile(`^(?:(?:programme|entity_types|clocks|vetting|review|reasons|validation|standing|headquarters|succession|enforcement)\.yaml|agreement\.md|README\.md|letters/[a-z_]+\.md)$`)

// strangers reports files that no part of the portal reads: a misspelt name would
// otherwise be a rule that silently does not count.
func (l *loader) strangers(contents folder) {
	for _, name := range contents.names() {
		if !ownFile.MatchString(name) {
			l.Report(name, 1, "this is not a file of a programme; check its name")
		}
	}
}

// criteria looks whether the folder of criteria is there and named. What is in it is
// package catalogue's matter.
func (l *loader) criteria(named string, doc *datafile.Document) error {
	editions, err := fs.Glob(l.files, path.Join(l.Dir, CatalogueFolder, "*.yaml"))
	switch {
	case err != nil:
		return err
	case doc == nil:
	case named == "" && editions != nil:
		doc.Problem([]any{"catalogue"}, "there is a folder %s, but this does not name it", CatalogueFolder)
	case named != "" && editions == nil:
		doc.Problem([]any{"catalogue"}, "the folder %s holds no edition", named)
	}
	return nil
}

// day reads a date that the schema has checked; a broken one is the zero time.
func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

func (l *loader) agreement(contents folder) Agreement {
	const name = "agreement.md"
	content, ok := contents[name]
	if !ok {
		l.Report(name, 1, "the file is missing")
		return Agreement{}
	}
	var front agreementFront
	body, line, ok := l.frontMatter(name, "agreement", content, &front)
	if !ok {
		return Agreement{}
	}
	sum := sha256.Sum256(content)
	a := Agreement{
		Title: front.Title, Edition: front.Edition, EffectiveFrom: day(front.EffectiveFrom), Consents: front.Consents,
		Source: front.Source, Draft: front.Draft, Hash: hex.EncodeToString(sum[:]), Blocks: blocks(body),
	}
	if len(a.Blocks) == 0 {
		l.Report(name, line, "the agreement has no text")
	}
	return a
}

// blocks cuts the agreement into headings ("## "), lists ("- ") and paragraphs.
func blocks(body string) []Block {
	var out []Block
	for _, p := range paragraphs(body) {
		switch {
		case strings.HasPrefix(p, "## "):
			out = append(out, Block{Heading: true, Text: strings.TrimPrefix(p, "## ")})
		case strings.HasPrefix(p, "- "):
			var b Block
			for item := range strings.SplitSeq(p, "\n") {
				b.Items = append(b.Items, strings.TrimPrefix(item, "- "))
			}
			out = append(out, b)
		default:
			out = append(out, Block{Text: p})
		}
	}
	return out
}

// paragraphs joins the lines of each paragraph, but starts a new line at "- ".
func paragraphs(body string) []string {
	var out []string
	for p := range strings.SplitSeq(body, "\n\n") {
		var b strings.Builder
		for line := range strings.SplitSeq(p, "\n") {
			line = strings.TrimSpace(line)
			switch {
			case line == "":
				continue
			case b.Len() > 0 && strings.HasPrefix(line, "- "):
				b.WriteByte('\n')
			case b.Len() > 0:
				b.WriteByte(' ')
			}
			b.WriteString(line)
		}
		if b.Len() > 0 {
			out = append(out, b.String())
		}
	}
	return out
}

func (l *loader) letters(contents folder) []Letter {
	var out []Letter
	for _, name := range contents.names() {
		if !strings.HasPrefix(name, "letters/") || !ownFile.MatchString(name) {
			continue
		}
		var front letterFront
		body, line, ok := l.frontMatter(name, "letter", contents[name], &front)
		if !ok {
			continue
		}
		if want := strings.TrimSuffix(path.Base(name), ".md"); front.Code != want {
			l.Report(name, lineOf(contents[name], "code:"), "the code is %q, but the file is named for %q", front.Code, want)
		}
		l.placeholders(name, lineOf(contents[name], "subject:"), front.Subject)
		for i, text := range strings.Split(body, "\n") {
			l.placeholders(name, line+i, text)
		}
		letter := Letter{Code: front.Code, Subject: front.Subject, Audience: front.Audience, Paragraphs: paragraphs(body)}
		if len(letter.Paragraphs) == 0 {
			l.Report(name, line, "the letter has no text")
		}
		out = append(out, letter)
	}
	return out
}

// lineOf finds the line of a key in the front matter, for problems that concern it.
func lineOf(content []byte, key string) int {
	for i, line := range strings.Split(string(content), "\n") {
		if strings.HasPrefix(line, key) {
			return i + 1
		}
	}
	return 1
}

func (l *loader) placeholders(name string, line int, text string) {
	known := Placeholders()
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if _, ok := known[m[1]]; !ok {
			l.Report(name, line, "there is no placeholder {{%s}}", m[1])
		}
	}
	if rest := placeholder.ReplaceAllString(text, ""); strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
		l.Report(name, line, "a placeholder is not written as {{name}} on one line")
	}
}

// frontMatter splits a Markdown file into its YAML head, read into front, and its
// body with the number of the body's first line.
func (l *loader) frontMatter(name, schema string, content []byte, front any) (body string, line int, ok bool) {
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	head, body, found := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
	if !strings.HasPrefix(text, "---\n") || !found {
		l.Report(name, 1, "the file does not start with a head between two lines of ---")
		return "", 0, false
	}
	d := l.parse(name, schema, []byte(head+"\n"), 1)
	return body, strings.Count(head, "\n") + 4, d.Decode(front)
}
