// Package catalogue reads the criteria of a programme, which are data: an edition is one
// YAML file under config/programmes/<code>/catalogue. It knows the questions that each
// criterion is asked with, for which kind of member they count and under which conditions,
// and what changed from one edition to the next.
//
// A published edition never changes. A cycle keeps the edition under which it was begun, so
// an edition published today alters nothing that was begun yesterday.
//
// Texts are English source texts in the edition, with other languages beside them where an
// editor has given them; Text.In picks one.
package catalogue

import (
	"slices"
	"time"
)

// Status of an edition.
type Status string

// The states. Only published editions open cycles.
const (
	Draft     Status = "draft"
	Published Status = "published"
	Retired   Status = "retired"
)

// Level says how binding a criterion or a question is.
type Level string

// The levels. A no to a must asks for a plan, a no to a should for a reason.
const (
	Must   Level = "must"
	Should Level = "should"
)

// Text is one text in several languages; the key "en" is the source.
type Text map[string]string

// In is the text in a language, or the English source. From says which one it is.
func (t Text) In(lang string) (text, from string) {
	if s := t[lang]; s != "" {
		return s, lang
	}
	return t["en"], "en"
}

// String is the English source.
func (t Text) String() string { return t["en"] }

// Edition is one version of a programme's criteria. It never changes after Load.
type Edition struct {
	Programme string    // code
	ID        string    // "2023.1": unique within the programme
	Previous  string    // the edition that Changes compares with; empty for the first
	Status    Status    // no part of Canonical: an edition that is retired stays what it was
	ValidFrom time.Time // a calendar day, midnight UTC
	Title     Text
	Source    Source
	Sections  []Section
	Criteria  []Criterion // in the order of the catalogue
	Changes   []Change
	Hash      string // SHA-256 of Canonical, hexadecimal

	rules *rules // conditions, compiled; nil for an edition made by hand
	forms map[string]*Form
}

// Source says where the criteria come from and what may be done with the text.
type Source struct {
	Title  string `json:"title" yaml:"title"`
	Rights string `json:"rights" yaml:"rights"`
	Note   string `json:"note,omitempty" yaml:"note,omitempty"`
}

// Section is a part of the profile as a company fills it in.
type Section struct {
	ID    string `json:"id" yaml:"id"`
	Title Text   `json:"title" yaml:"title"`
}

// Criterion is one requirement of the programme.
type Criterion struct {
	ID          string     `json:"id,omitempty" yaml:"id,omitempty"` // "3.1"; never used again for something else
	Official    bool       `json:"official" yaml:"official"`         // false: a working id of this installation, marked as such wherever it is shown
	Level       Level      `json:"level,omitempty" yaml:"level,omitempty"`
	Title       Text       `json:"title,omitempty" yaml:"title,omitempty"`
	Requirement Text       `json:"requirement,omitempty" yaml:"requirement,omitempty"`    // the statement
	Guidance    Text       `json:"guidance,omitempty" yaml:"guidance,omitempty"`          // how to meet it
	Why         Text       `json:"why,omitempty" yaml:"why,omitempty"`                    // why it matters; may be empty
	AppliesTo   []string   `json:"applies_to,omitempty" yaml:"applies_to,omitempty,flow"` // codes of the programme's entity types
	When        string     `json:"when,omitempty" yaml:"when,omitempty"`                  // CEL over Facts; empty: always
	Sections    []string   `json:"sections,omitempty" yaml:"sections,omitempty,flow"`     // ids; a criterion may stand in several, the first is its home
	FocusArea   string     `json:"focus_area,omitempty" yaml:"focus_area,omitempty"`      // corporate, transportation, people_physical; empty for AEO
	Category    string     `json:"category,omitempty" yaml:"category,omitempty"`          // "Security Vision & Responsibility"
	Scope       Scope      `json:"scope,omitempty" yaml:"scope,omitempty"`                // company: one answer with exceptions per site; site: asked of every site
	Evidence    Evidence   `json:"evidence,omitzero" yaml:"evidence,omitempty"`
	VerifyBy    []string   `json:"verify_by,omitempty" yaml:"verify_by,omitempty,flow"` // examine, interview, test
	WCO         []string   `json:"wco,omitempty" yaml:"wco,omitempty,flow"`             // letters A to M of the WCO SAFE framework's AEO requirements
	MapsTo      []Mapping  `json:"maps_to,omitempty" yaml:"maps_to,omitempty"`          // the same matter in other schemes
	LegalBasis  string     `json:"legal_basis,omitempty" yaml:"legal_basis,omitempty"`
	Confidence  string     `json:"confidence,omitempty" yaml:"confidence,omitempty"` // sourced, own; for AEO high, medium, low
	Questions   []Question `json:"questions,omitempty" yaml:"questions,omitempty"`
}

// Scope says of what a criterion is asked.
type Scope string

// The scopes.
const (
	OfCompany Scope = "company"
	OfSite    Scope = "site"
)

// Evidence says what shows that a criterion is met.
type Evidence struct {
	Min      int    `json:"min,omitempty" yaml:"min,omitempty"` // how many items a yes needs at least
	Examples []Text `json:"examples,omitempty" yaml:"examples,omitempty"`
}

// Mapping names the same or a near requirement of another scheme.
type Mapping struct {
	Scheme   string `json:"scheme" yaml:"scheme"`     // "ctpat", "eu-aeo", "wco-safe"
	Ref      string `json:"ref" yaml:"ref"`           // "6.4.1"
	Relation string `json:"relation" yaml:"relation"` // equal, subset, superset, intersect
}

// Kind of answer that a question takes.
type Kind string

// The kinds.
const (
	YesNo     Kind = "yes_no"    // yes, no, or not applicable with a reason
	Choice    Kind = "choice"    // one of Options
	Checklist Kind = "checklist" // any of Options
	Narrative Kind = "narrative" // text
	Number    Kind = "number"    // with Unit
	Date      Kind = "date"      // a calendar day
	Table     Kind = "table"     // rows of Columns
	Persons   Kind = "persons"   // rows of name, function, contact and what Columns adds
	File      Kind = "file"      // answered by the criterion's evidence, with a note
)

// Kinds lists them.
func Kinds() []Kind {
	return []Kind{YesNo, Choice, Checklist, Narrative, Number, Date, Table, Persons, File}
}

// Question is one thing asked about a criterion.
type Question struct {
	ID       string   `json:"id,omitempty" yaml:"id,omitempty"` // "3.1.a"; never used again for something else
	Kind     Kind     `json:"kind,omitempty" yaml:"kind,omitempty"`
	Level    Level    `json:"level,omitempty" yaml:"level,omitempty"` // of the part; a must criterion may have a should part
	Text     Text     `json:"text,omitempty" yaml:"text,omitempty"`
	Help     Text     `json:"help,omitempty" yaml:"help,omitempty"`
	Required bool     `json:"required,omitempty" yaml:"required,omitempty"`   // the criterion is not ready without it
	When     string   `json:"when,omitempty" yaml:"when,omitempty"`           // CEL over Facts; empty: always
	Options  []Option `json:"options,omitempty" yaml:"options,omitempty"`     // choice, checklist
	Columns  []Column `json:"columns,omitempty" yaml:"columns,omitempty"`     // table, persons
	Unit     Text     `json:"unit,omitempty" yaml:"unit,omitempty"`           // number
	Min      *float64 `json:"min,omitempty" yaml:"min,omitempty"`             // number
	Max      *float64 `json:"max,omitempty" yaml:"max,omitempty"`             // number
	MaxChars int      `json:"max_chars,omitempty" yaml:"max_chars,omitempty"` // narrative; 0: 4000
}

// Option is one choice.
type Option struct {
	Code string `json:"code" yaml:"code"`
	Text Text   `json:"text" yaml:"text"`
}

// Column is one column of a table.
type Column struct {
	Code string `json:"code" yaml:"code"`
	Text Text   `json:"text" yaml:"text"`
	Kind Kind   `json:"kind" yaml:"kind"` // narrative (one line), number or date
}

// ChangeKind says what became of a criterion since the previous edition.
type ChangeKind string

// The kinds of changes. A criterion that is in both editions and not listed is unchanged.
const (
	Reworded  ChangeKind = "reworded"
	New       ChangeKind = "new"
	Split     ChangeKind = "split"  // From names the one it came from
	Merged    ChangeKind = "merged" // From names those it came from
	Withdrawn ChangeKind = "withdrawn"
	Unchanged ChangeKind = "unchanged"
)

// Change is one entry of an edition's change list.
type Change struct {
	ID   string     `json:"id" yaml:"id"`
	Kind ChangeKind `json:"kind" yaml:"kind"`
	From []string   `json:"from,omitempty" yaml:"from,omitempty,flow"`
	Note Text       `json:"note,omitempty" yaml:"note,omitempty"`
}

// Criterion finds a criterion.
func (e *Edition) Criterion(id string) (Criterion, bool) {
	if i := slices.IndexFunc(e.Criteria, func(c Criterion) bool { return c.ID == id }); i >= 0 {
		return e.Criteria[i], true
	}
	return Criterion{}, false
}

// ChangeOf says what became of a criterion since the previous edition.
func (e *Edition) ChangeOf(id string) Change {
	if i := slices.IndexFunc(e.Changes, func(c Change) bool { return c.ID == id }); i >= 0 {
		return e.Changes[i]
	}
	return Change{ID: id, Kind: Unchanged}
}

// Question finds a question of a criterion.
func (c Criterion) Question(id string) (Question, bool) {
	if i := slices.IndexFunc(c.Questions, func(q Question) bool { return q.ID == id }); i >= 0 {
		return c.Questions[i], true
	}
	return Question{}, false
}

// Label is how people name a criterion: its number, or its working id marked as such.
// The mark is English source text.
func (c Criterion) Label() (id, mark string) {
	if c.Official {
		return c.ID, ""
	}
	return c.ID, "working id"
}
