package bizpartner

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"trustedtrader/app/datafile"
)

// Text is a text in the languages of partners.
type Text map[string]string

// In is the text in a language, or in the first that there is.
func (t Text) In(lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	if s, ok := t["en"]; ok {
		return s
	}
	for _, k := range slices.Sorted(maps.Keys(t)) {
		return t[k]
	}
	return ""
}

// Template is a questionnaire that can be sent.
type Template struct {
	Code       string    `yaml:"code"`
	Edition    string    `yaml:"edition"`
	Source     string    `yaml:"source"`
	Draft      bool      `yaml:"draft"`
	Name       Text      `yaml:"name"`
	Intro      Text      `yaml:"intro"`
	Statement  Text      `yaml:"statement"`
	AnswerDays int       `yaml:"answer_days"` // to answer
	LinkDays   int       `yaml:"link_days"`   // that the link works
	Bands      []Band    `yaml:"bands"`
	Sections   []Section `yaml:"sections"`
}

// Band is a part of the scale of scores.
type Band struct {
	Code string `yaml:"code"`
	From int    `yaml:"from"` // per cent
	Name Text   `yaml:"name"`
}

// Section is a part of a questionnaire.
type Section struct {
	Code      string     `yaml:"code"`
	Name      Text       `yaml:"name"`
	Questions []Question `yaml:"questions"`
}

// Question asks one thing.
type Question struct {
	Code     string              `yaml:"code"`
	Text     Text                `yaml:"text"`
	Weight   int                 `yaml:"weight"`
	Always   bool                `yaml:"always"`   // "not applicable" is not offered
	Note     bool                `yaml:"note"`     // "yes" needs a note too
	Criteria map[string][]string `yaml:"criteria"` // by programme
}

// Answers that a question takes.
const (
	Yes           = "yes"
	Partly        = "partly"
	No            = "no"
	NotApplicable = "not_applicable"
)

// Options are the answers that a question offers.
func (q Question) Options() []string {
	if q.Always {
		return []string{Yes, Partly, No}
	}
	return []string{Yes, Partly, No, NotApplicable}
}

// wantsNote reports whether an answer needs a note.
func (q Question) wantsNote(answer string) bool {
	return answer != "" && (answer != Yes || q.Note)
}

// Questions lists the questions of all sections.
func (t *Template) Questions() (out []Question) {
	for _, s := range t.Sections {
		out = append(out, s.Questions...)
	}
	return out
}

// Question finds a question.
func (t *Template) Question(code string) (Question, bool) {
	for _, q := range t.Questions() {
		if q.Code == code {
			return q, true
		}
	}
	return Question{}, false
}

// Section finds a section.
func (t *Template) Section(code string) (Section, bool) {
	i := slices.IndexFunc(t.Sections, func(s Section) bool { return s.Code == code })
	if i < 0 {
		return Section{}, false
	}
	return t.Sections[i], true
}

// Criteria lists the criteria of a programme that the questions stand for, each once.
func (t *Template) Criteria(programme string) (out []string) {
	for _, q := range t.Questions() {
		for _, c := range q.Criteria[programme] {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Band finds a band.
func (t *Template) Band(code string) Band {
	for _, b := range t.Bands {
		if b.Code == code {
			return b
		}
	}
	return Band{Code: code, Name: Text{"en": code}}
}

// Points is what one answer adds to the score.
type Points struct {
	Question Question
	Answer   string
	Got, Of  float64 // weight times share, and weight; both 0 when it does not count
}

// share is how much of its weight an answer brings.
var share = map[string]float64{Yes: 1, Partly: 0.5, No: 0}

// Score weighs answers: yes brings the whole weight of its question, partly half of it, no
// nothing. What is not applicable does not count. The score is the share of the weight that
// counts, in per cent, rounded down, so that nobody gets into a band by rounding.
func (t *Template) Score(answers map[string]string) (score int, band Band, table []Points) {
	var got, of float64
	for _, q := range t.Questions() {
		p := Points{Question: q, Answer: answers[q.Code]}
		if part, counts := share[p.Answer]; counts {
			p.Of, p.Got = float64(q.Weight), part*float64(q.Weight)
			got, of = got+p.Got, of+p.Of
		}
		table = append(table, p)
	}
	if of > 0 {
		score = int(100 * got / of)
	}
	for _, b := range t.Bands {
		if score >= b.From && (band.Code == "" || b.From > band.From) {
			band = b
		}
	}
	return score, band, table
}

// Template finds a questionnaire by its code.
func (d *Data) Template(code string) (*Template, bool) {
	i := slices.IndexFunc(d.Templates, func(t *Template) bool { return t.Code == code })
	if i < 0 {
		return nil, false
	}
	return d.Templates[i], true
}

// Say is a word of the partner's page in a language, with what stands in braces filled in:
// pairs of a name and its value.
func (d *Data) Say(lang, word string, pairs ...string) string {
	text := d.words[word].In(lang)
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

const (
	wordsFile       = "words.yaml"
	templatePattern = "*.template.yaml"
)

// loadTexts reads the words and the questionnaires.
func (d *Data) loadTexts(files fs.FS, schemas map[string]*jsonschema.Schema, log *datafile.Log) error {
	content, err := fs.ReadFile(files, wordsFile)
	if err != nil {
		return fmt.Errorf("read the words for partners: %w", err)
	}
	if doc := log.Parse(wordsFile, schemas["words"], content, 0); doc.Decode(&d.words) {
		for word, text := range d.words {
			d.spoken(doc, text, word)
		}
	}
	names, err := fs.Glob(files, templatePattern)
	if err != nil {
		return fmt.Errorf("list the questionnaires: %w", err)
	}
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("read a questionnaire: %w", err)
		}
		var t Template
		if doc := log.Parse(name, schemas["template"], content, 0); doc.Decode(&t) {
			d.checkTemplate(doc, &t)
			d.Templates = append(d.Templates, &t)
		}
	}
	if len(d.Templates) == 0 && len(log.Problems) == 0 {
		return fmt.Errorf("there is no questionnaire: %s", templatePattern)
	}
	return nil
}

// spoken refuses a text that lacks a language of partners.
func (d *Data) spoken(doc *datafile.Document, text Text, path ...any) {
	for _, l := range d.Languages {
		if text[l.Code] == "" {
			doc.Problem(path, "there is no text in %s", l.Code)
		}
	}
}

func (d *Data) checkTemplate(doc *datafile.Document, t *Template) {
	d.spoken(doc, t.Name, "name")
	d.spoken(doc, t.Intro, "intro")
	d.spoken(doc, t.Statement, "statement")
	if _, twice := d.Template(t.Code); twice {
		doc.Problem([]any{"code"}, "another file has the questionnaire %s", t.Code)
	}
	if t.LinkDays < t.AnswerDays+14 {
		doc.Problem([]any{"link_days"}, "the link ends less than 14 days after the last day to answer, before the last reminder has helped")
	}
	if !slices.ContainsFunc(t.Bands, func(b Band) bool { return b.From == 0 }) {
		doc.Problem([]any{"bands"}, "no band begins at 0")
	}
	for i, b := range t.Bands {
		d.spoken(doc, b.Name, "bands", i, "name")
	}
	seen := map[string]bool{}
	for i, s := range t.Sections {
		d.spoken(doc, s.Name, "sections", i, "name")
		for j, q := range s.Questions {
			d.spoken(doc, q.Text, "sections", i, "questions", j, "text")
			if seen[q.Code] {
				doc.Problem([]any{"sections", i, "questions", j, "code"}, "the question %s is there twice", q.Code)
			}
			seen[q.Code] = true
		}
	}
}
