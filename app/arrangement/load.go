package arrangement

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"trustedtrader/app/clock"
	"trustedtrader/app/datafile"
	"trustedtrader/app/identifier"
	"trustedtrader/app/programme"
	"trustedtrader/config"
)

// Rules are what all arrangements share.
type Rules struct {
	Phases   []PhaseRule `yaml:"phases"` // in their order
	Elements []Element   `yaml:"elements"`
	Consents []Consent   `yaml:"consents"`
	Refusals []Refusal   `yaml:"refusals"`
	Feeds    Feeds       `yaml:"feeds"`
}

// PhaseRule is a phase of an arrangement's life (WCO, MRA Strategy Guide 2018).
type PhaseRule struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	Help   string `yaml:"help"`
	Keeps  string `yaml:"keeps"` // what is kept of it
	Source string `yaml:"source"`
}

// Element is one of the data that are exchanged.
type Element struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	Source string `yaml:"source"`
}

// Consent is a text to which members of a programme consent. It is never changed: another
// text has another code.
type Consent struct {
	Code     string   `yaml:"code"`
	Home     string   `yaml:"home"`
	Mode     string   `yaml:"mode"` // general, per_arrangement
	Elements []string `yaml:"elements"`
	Text     []string `yaml:"text"` // paragraphs
	Source   string   `yaml:"source"`
	Draft    bool     `yaml:"draft"`
}

// Refusal is why a partner does not recognise a member.
type Refusal struct {
	Code string `yaml:"code"`
	Name string `yaml:"name"`
}

// Register is every arrangement, and what they share. It holds data only and never changes.
type Register struct {
	Rules
	list []Arrangement
	by   map[string]int
}

// All lists the arrangements in the order of their files.
func (r *Register) All() []Arrangement { return slices.Clone(r.list) }

// Get finds an arrangement by its code.
func (r *Register) Get(code string) (Arrangement, bool) {
	i, ok := r.by[code]
	if !ok {
		return Arrangement{}, false
	}
	return r.list[i], true
}

// Of lists the arrangements in which a programme of ours takes part.
func (r *Register) Of(home string) (out []Arrangement) {
	for _, a := range r.list {
		if _, ok := a.For(home); ok {
			out = append(out, a)
		}
	}
	return out
}

// Text is the text of consent with a code.
func (r *Register) Text(code string) (Consent, bool) {
	i := slices.IndexFunc(r.Consents, func(c Consent) bool { return c.Code == code })
	if i < 0 {
		return Consent{}, false
	}
	return r.Consents[i], true
}

// Key is what the consent of a programme's member to an arrangement is kept under: the
// arrangement's code, or Everywhere where consent is general.
func (r *Register) Key(a Arrangement, home string) string {
	o, _ := a.For(home)
	if c, _ := r.Text(o.Consent); c.Mode == General {
		return Everywhere
	}
	return a.Code
}

// Phase finds a phase by its code.
func (r *Register) Phase(code string) (PhaseRule, bool) {
	i := slices.IndexFunc(r.Phases, func(p PhaseRule) bool { return p.Code == code })
	if i < 0 {
		return PhaseRule{}, false
	}
	return r.Phases[i], true
}

// Element finds one of the exchanged data by its code.
func (r *Register) Element(code string) (Element, bool) {
	i := slices.IndexFunc(r.Elements, func(e Element) bool { return e.Code == code })
	if i < 0 {
		return Element{}, false
	}
	return r.Elements[i], true
}

// Refusal finds the reason of a refusal by its code.
func (r *Register) Refusal(code string) (Refusal, bool) {
	i := slices.IndexFunc(r.Refusals, func(x Refusal) bool { return x.Code == code })
	if i < 0 {
		return Refusal{}, false
	}
	return r.Refusals[i], true
}

const rulesFile = "rules.yaml"

// Own is the register that ships with the portal.
func Own(programmes *programme.Register) (*Register, error) {
	files, err := fs.Sub(config.Arrangements, "arrangements")
	if err != nil {
		return nil, err
	}
	return Load(files, programmes)
}

// Load reads rules.yaml and the arrangements of all other YAML files at the root of files, and
// holds them to the programmes that there are. The error is a datafile.Problems, with
// everything that is wrong at once, when a file is at fault. The schemas are the portal's.
func Load(files fs.FS, programmes *programme.Register) (*Register, error) {
	own, err := fs.Sub(config.Arrangements, "arrangements")
	if err != nil {
		return nil, fmt.Errorf("open the schemas of arrangements: %w", err)
	}
	schemas, err := datafile.Schemas(own)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the arrangements: %w", err)
	}
	l := loader{r: &Register{by: map[string]int{}}, programmes: programmes}
	content, err := fs.ReadFile(files, rulesFile)
	if err != nil {
		return nil, fmt.Errorf("read what arrangements share: %w", err)
	}
	if doc := l.log.Parse(rulesFile, schemas["rules"], content, 0); doc.Decode(&l.r.Rules) {
		l.r.Feeds.check(doc)
	}
	for _, name := range names {
		if name == rulesFile {
			continue
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read the arrangements: %w", err)
		}
		var f struct {
			Arrangements []Arrangement `yaml:"arrangements"`
		}
		if doc := l.log.Parse(name, schemas["arrangements"], content, 0); doc.Decode(&f) {
			l.add(doc, f.Arrangements)
		}
	}
	for _, a := range l.r.list {
		if a.Mirrors != "" {
			if _, ok := l.r.by[a.Mirrors]; !ok {
				l.log.Report(a.Code, 1, "%s mirrors %q, which is not there", a.Code, a.Mirrors)
			}
		}
	}
	if len(l.log.Problems) > 0 {
		l.log.Problems.Sort()
		return nil, l.log.Problems
	}
	return l.r, nil
}

type loader struct {
	r          *Register
	log        datafile.Log
	programmes *programme.Register
}

func (l *loader) add(doc *datafile.Document, list []Arrangement) {
	for i, a := range list {
		at := []any{"arrangements", i}
		if _, ok := l.r.by[a.Code]; ok {
			doc.Problem(append(at, "code"), "the arrangement %q is there twice", a.Code)
		}
		for name, d := range map[string]Date{"signed": a.Signed, "in_force": a.InForce} {
			if d != "" && d.last().IsZero() {
				doc.Problem(append(slices.Clone(at), name), "%q is no date", string(d))
			}
		}
		for n, o := range a.Operative {
			l.operative(doc, append(slices.Clone(at), "operative", n), o)
		}
		l.r.by[a.Code] = len(l.r.list)
		l.r.list = append(l.r.list, a)
	}
}

// operative holds rules to the programme that they name.
func (l *loader) operative(doc *datafile.Document, at []any, o Operative) {
	problem := func(key, format string, args ...any) { doc.Problem(append(slices.Clone(at), key), format, args...) }
	p, ok := l.programmes.Get(o.Home)
	if !ok {
		problem("home", "there is no programme %q", o.Home)
		return
	}
	if c, ok := l.r.Text(o.Consent); !ok || c.Home != o.Home {
		problem("consent", "programme %s has no text of consent %q", o.Home, o.Consent)
	}
	for _, s := range o.Identifiers.Schemes {
		if _, ok := identifier.PartnerScheme(s); !ok {
			problem("identifiers", "there is no kind of partner number %q", s)
		}
	}
	var types []string
	for _, t := range p.Standing.Types {
		types = append(types, t.Code)
	}
	for i, r := range o.Scope {
		for _, c := range r.EntityTypes {
			if _, ok := p.EntityType(c); !ok {
				problem("scope", "rule %d: programme %s has no kind of member %q", i+1, o.Home, c)
			}
		}
		for _, c := range r.Tiers {
			if _, ok := p.Tier(c); !ok {
				problem("scope", "rule %d: programme %s has no tier %q", i+1, o.Home, c)
			}
		}
		for _, c := range r.Types {
			if !slices.Contains(types, c) {
				problem("scope", "rule %d: programme %s has no type %q; it has %s", i+1, o.Home, c, strings.Join(types, ", "))
			}
		}
		if r.From != "" {
			if _, err := clock.ParseDay(r.From); err != nil {
				problem("scope", "rule %d: %q is no day", i+1, r.From)
			}
		}
	}
}
