package risk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The ratings. NotApplicable is for vulnerabilities only and always has a reason.
const (
	NotApplicable = 0
	Low           = 1
	Medium        = 2
	High          = 3
)

// LevelName is a rating for a person to read (English source text).
func LevelName(level int) string {
	return map[int]string{NotApplicable: "Does not apply", Low: "Low", Medium: "Medium", High: "High"}[level]
}

// Factor is one thing that is rated. Its texts are English source texts.
type Factor struct {
	Code     string `yaml:"code"` // never used again for something else
	Name     string `yaml:"name"`
	Help     string `yaml:"help"`     // the question to ask oneself
	Category int    `yaml:"category"` // number of the criteria's category; vulnerabilities only
	Low      string `yaml:"low"`      // when the rating is low, and so on
	Medium   string `yaml:"medium"`
	High     string `yaml:"high"`
}

// Says is what a rating means for the factor.
func (f Factor) Says(level int) string {
	return map[int]string{Low: f.Low, Medium: f.Medium, High: f.High}[level]
}

// Band is a range of scores, up to the next one.
type Band struct {
	Code string `yaml:"code"`
	Name string `yaml:"name"`
	From int    `yaml:"from"`
}

// Factors are what an assessment asks and how it scores: data, read once.
type Factors struct {
	Edition         string   `yaml:"edition"`
	Threats         []Factor `yaml:"threats"`         // of a lane
	Vulnerabilities []Factor `yaml:"vulnerabilities"` // of a leg
	Bands           []Band   `yaml:"bands"`           // low, medium, high
}

// Threat and Vulnerability find a factor by its code.
func (f *Factors) Threat(code string) (Factor, bool)        { return find(f.Threats, code) }
func (f *Factors) Vulnerability(code string) (Factor, bool) { return find(f.Vulnerabilities, code) }

func find(list []Factor, code string) (Factor, bool) {
	if i := slices.IndexFunc(list, func(x Factor) bool { return x.Code == code }); i >= 0 {
		return list[i], true
	}
	return Factor{Code: code, Name: code}, false
}

// Score is the rule of the house: threat times vulnerability, 1 to 9, and its band. Without
// one of them there is none. It is practice and not law, and stands here and nowhere else.
func (f *Factors) Score(threat, vulnerability int) (int, Band) {
	value := threat * vulnerability
	var band Band
	for _, b := range f.Bands {
		if value >= b.From {
			band = b
		}
	}
	return value, band
}

const factorsFile = "factors.yaml"

// LoadFactors reads factors.yaml at the root of files and reports everything that is wrong
// with it at once. The portal's own is LoadFactors(fs.Sub(config.Risk, "risk")).
func LoadFactors(files fs.FS) (*Factors, error) {
	content, err := fs.ReadFile(files, factorsFile)
	if err != nil {
		return nil, fmt.Errorf("read what a risk assessment asks: %w", err)
	}
	var f Factors
	dec := yaml.NewDecoder(bytes.NewReader(content))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("%s: %w", factorsFile, err)
	}
	if err := dec.Decode(&Factors{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: the file holds more than one document", factorsFile)
	}
	if problems := f.problems(); problems != nil {
		return nil, errors.New(factorsFile + ": " + strings.Join(problems, "\n"+factorsFile+": "))
	}
	return &f, nil
}

var factorCode = regexp.MustCompile(`^[a-z][a-z_]{1,39}$`)

// Longest text of a factor, in characters: it stands on a form.
const maxFactorText = 300

func (f *Factors) problems() (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if f.Edition == "" {
		say("the edition is missing")
	}
	if len(f.Threats) == 0 || len(f.Vulnerabilities) == 0 {
		say("there must be threats and vulnerabilities")
	}
	seen, categories := map[string]bool{}, map[int]bool{}
	for i, x := range slices.Concat(f.Threats, f.Vulnerabilities) {
		if !factorCode.MatchString(x.Code) {
			say("%q is not a code: use small letters and _", x.Code)
		}
		if seen[x.Code] {
			say("the code %q is there twice", x.Code)
		}
		seen[x.Code] = true
		for what, text := range map[string]string{"name": x.Name, "help": x.Help, "low": x.Low, "medium": x.Medium, "high": x.High} {
			if text == "" || len(text) > maxFactorText {
				say("%s: %s must have 1 to %d characters", x.Code, what, maxFactorText)
			}
		}
		switch threat := i < len(f.Threats); {
		case threat && x.Category != 0:
			say("%s: a threat has no category", x.Code)
		case !threat && (x.Category < 1 || x.Category > 12 || categories[x.Category]):
			say("%s: the category must be a number from 1 to 12 of its own", x.Code)
		}
		categories[x.Category] = true
	}
	codes, from := []string{"low", "medium", "high"}, 0
	if len(f.Bands) != len(codes) {
		say("there must be three bands: %s", strings.Join(codes, ", "))
		return out
	}
	for i, b := range f.Bands {
		if b.Code != codes[i] || b.Name == "" || b.From <= from || b.From > High*High || i == 0 && b.From != Low {
			say("band %d must be %q with a name, from 1 for the first and from more for each next, up to %d", i+1, codes[i], High*High)
		}
		from = b.From
	}
	return out
}
