package risk

import (
	"fmt"
	"io/fs"
	"slices"

	"trustedtrader/app/datafile"
	"trustedtrader/config"
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

// LoadFactors reads factors.yaml at the root of files. The error is a datafile.Problems, with
// everything that is wrong at once, when the file is at fault. The portal's own is
// LoadFactors(fs.Sub(config.Risk, "risk")), and its schema is the portal's in any case.
func LoadFactors(files fs.FS) (*Factors, error) {
	content, err := fs.ReadFile(files, factorsFile)
	if err != nil {
		return nil, fmt.Errorf("read what a risk assessment asks: %w", err)
	}
	own, err := fs.Sub(config.Risk, "risk")
	if err != nil {
		return nil, fmt.Errorf("open the schema of %s: %w", factorsFile, err)
	}
	schemas, err := datafile.Schemas(own)
	if err != nil {
		return nil, err
	}
	var log datafile.Log
	var f Factors
	if doc := log.Parse(factorsFile, schemas["factors"], content, 0); doc.Decode(&f) {
		f.check(doc)
	}
	if len(log.Problems) > 0 {
		log.Problems.Sort()
		return nil, log.Problems
	}
	return &f, nil
}

// check reports what a schema cannot say.
func (f *Factors) check(doc *datafile.Document) {
	codes, categories := map[string]bool{}, map[int]bool{}
	for list, factors := range map[string][]Factor{"threats": f.Threats, "vulnerabilities": f.Vulnerabilities} {
		for i, x := range factors {
			if codes[x.Code] {
				doc.Problem([]any{list, i, "code"}, "the code %q is there twice", x.Code)
			}
			codes[x.Code] = true
			if list == "vulnerabilities" && categories[x.Category] {
				doc.Problem([]any{list, i, "category"}, "the category %d is there twice", x.Category)
			}
			categories[x.Category] = true
		}
	}
	order, from := []string{"low", "medium", "high"}, 0
	for i, b := range f.Bands {
		if b.Code != order[i] {
			doc.Problem([]any{"bands", i, "code"}, "the bands are low, medium and high, in this order")
		}
		if b.From <= from || i == 0 && b.From != Low {
			doc.Problem([]any{"bands", i, "from"}, "the first band begins at 1, and each next one higher than the one before")
		}
		from = b.From
	}
}
