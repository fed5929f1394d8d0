package bizpartner

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"trustedtrader/app/clock"
	"trustedtrader/app/datafile"
	"trustedtrader/config"
)

// Data is what ships with the portal on business partners, read once.
type Data struct {
	Languages []Language
	Roles     []Role
	Repeat    []Repeat
	Evidence  []Criteria
	Templates []*Template

	words map[string]Text
}

// Language is one in which partners can be written to.
type Language struct {
	Code string `yaml:"code"` // BCP 47
	Name string `yaml:"name"` // in the language itself

	Date   string   `yaml:"date"` // how a day is written, of {day}, {month} and {year}
	Months []string `yaml:"months"`
}

// Day is a day as the language writes it.
func (l Language) Day(d clock.Day) string {
	return strings.NewReplacer("{day}", strconv.Itoa(d.DayOfMonth()), "{month}", l.Months[d.Month()-1], "{year}", strconv.Itoa(d.Year())).Replace(l.Date)
}

// Day is a day as a language that partners can be written to in writes it.
func (d *Data) Day(lang string, day clock.Day) string {
	i := max(0, slices.IndexFunc(d.Languages, func(l Language) bool { return l.Code == lang }))
	return d.Languages[i].Day(day)
}

// Role is what a partner does in the chain.
type Role struct {
	Code    string   `yaml:"code"`
	Name    string   `yaml:"name"` // English source text
	Aliases []string `yaml:"aliases"`
}

// Repeat says after how many months a partner of a risk is assessed again.
type Repeat struct {
	Risk   Risk `yaml:"risk"`
	Months int  `yaml:"months"`
}

// Criteria are those of a programme that partners can be evidence for.
type Criteria struct {
	Programme string   `yaml:"programme"`
	IDs       []string `yaml:"criteria"`
}

// RoleName is a role in words, or its code when the data no longer has it.
func (d *Data) RoleName(code string) string {
	for _, r := range d.Roles {
		if r.Code == code {
			return r.Name
		}
	}
	return code
}

func (d *Data) langCodes() (out []string) {
	for _, l := range d.Languages {
		out = append(out, l.Code)
	}
	return out
}

func (d *Data) roleCodes() (out []string) {
	for _, r := range d.Roles {
		out = append(out, r.Code)
	}
	return out
}

// roleOf finds a role by its code, name or another word for it.
func (d *Data) roleOf(word string) (string, bool) {
	word = strings.ToLower(strings.TrimSpace(word))
	for _, r := range d.Roles {
		if word == r.Code || word == strings.ToLower(r.Name) || slices.ContainsFunc(r.Aliases, func(a string) bool { return strings.ToLower(a) == word }) {
			return r.Code, true
		}
	}
	return "", false
}

// next is the day by which a partner that was assessed on a day is to be assessed again.
func (d *Data) next(risk Risk, assessed clock.Day) clock.Day {
	for _, r := range d.Repeat {
		if r.Risk == risk {
			return assessed.AddMonths(r.Months)
		}
	}
	return assessed.AddMonths(12)
}

const partnersFile = "partners.yaml"

// LoadData reads the folder of the portal, config.Questionnaires, or another with the same
// files; the schemas are the portal's in any case. The error is a datafile.Problems when a
// file is at fault.
func LoadData(files fs.FS) (*Data, error) {
	own, err := fs.Sub(config.Questionnaires, "questionnaires")
	if err != nil {
		return nil, fmt.Errorf("open the schemas of questionnaires: %w", err)
	}
	schemas, err := datafile.Schemas(own)
	if err != nil {
		return nil, err
	}
	content, err := fs.ReadFile(files, partnersFile)
	if err != nil {
		return nil, fmt.Errorf("read the roles of partners: %w", err)
	}
	var log datafile.Log
	var x struct {
		Edition   string     `yaml:"edition"`
		Source    string     `yaml:"source"`
		Draft     bool       `yaml:"draft"`
		Languages []Language `yaml:"languages"`
		Roles     []Role     `yaml:"roles"`
		Repeat    []Repeat   `yaml:"repeat"`
		Evidence  []Criteria `yaml:"evidence"`
	}
	if doc := log.Parse(partnersFile, schemas["partners"], content, 0); doc.Decode(&x) {
		checkRoles(doc, x.Roles, x.Repeat)
	}
	d := &Data{Languages: x.Languages, Roles: x.Roles, Repeat: x.Repeat, Evidence: x.Evidence}
	if err := d.loadTexts(files, schemas, &log); err != nil {
		return nil, err
	}
	if len(log.Problems) > 0 {
		log.Problems.Sort()
		return nil, log.Problems
	}
	return d, nil
}

// checkRoles refuses words that could mean two roles, and risks without a period.
func checkRoles(doc *datafile.Document, roles []Role, repeat []Repeat) {
	words := map[string]string{}
	for i, r := range roles {
		for _, word := range append([]string{r.Code, r.Name}, r.Aliases...) {
			word = strings.ToLower(word)
			if other, there := words[word]; there && other != r.Code {
				doc.Problem([]any{"roles", i, "code"}, "%q stands for %s and for %s", word, other, r.Code)
			}
			words[word] = r.Code
		}
	}
	for _, risk := range Risks() {
		if !slices.ContainsFunc(repeat, func(x Repeat) bool { return x.Risk == risk }) {
			doc.Problem([]any{"repeat"}, "the risk %s has no period", risk)
		}
	}
}
