package catalogue

import (
	"slices"
	"strings"
)

// Form is what one kind of member is asked under one edition, or several kinds together
// that share one profile. It never changes and may be used by many at once.
type Form struct {
	Edition    *Edition
	EntityType string      // the kind of member, or a FormKey of several
	Criteria   []Criterion // those that apply to one of the kinds of member, in order

	kinds []string // of EntityType

	criteria   map[string]int   // id to place in Criteria
	questions  map[string]asked // id to where it stands
	steps      []step           // places are those of this form
	conditions []*condition
	reads      map[string][]string // criterion or question with a condition: the questions it reads
	triggers   map[string]bool     // questions that some condition reads
}

type asked struct {
	place
	n int // counts the form's questions
}

// mostKinds bounds the kinds of member of one form.
const mostKinds = 12

// FormKey names the form of several kinds of member together: what one of them is asked, it
// asks, once.
func FormKey(entityTypes ...string) string { return strings.Join(entityTypes, "+") }

// Form is the form for a kind of member, or for those of a FormKey. A kind that the edition
// does not know is asked nothing.
func (e *Edition) Form(entityType string) *Form {
	if f := e.forms[entityType]; f != nil {
		return f
	}
	return e.form(entityType)
}

func (e *Edition) form(entityType string) *Form {
	f := &Form{
		Edition: e, EntityType: entityType, kinds: strings.SplitN(entityType, "+", mostKinds), criteria: map[string]int{}, questions: map[string]asked{},
		reads: map[string][]string{}, triggers: map[string]bool{},
	}
	own := map[int]int{} // place in the edition to place here
	for i, c := range e.Criteria {
		if !slices.ContainsFunc(f.kinds, func(kind string) bool { return slices.Contains(c.AppliesTo, kind) }) {
			continue
		}
		n := len(f.Criteria)
		own[i], f.criteria[c.ID] = n, n
		for j, q := range c.Questions {
			f.questions[q.ID] = asked{place{n, j}, len(f.questions)}
		}
		f.Criteria = append(f.Criteria, c)
	}
	rules := e.rules
	if rules == nil {
		rules = e.compile(func([]any, string, ...any) {}) // what is broken was reported when the edition was read
	}
	for _, s := range rules.steps {
		n, ok := own[s.criterion]
		if !ok {
			continue
		}
		id := f.Criteria[n].ID
		if s.question >= 0 {
			id = f.Criteria[n].Questions[s.question].ID
		}
		s.criterion = n
		f.steps = append(f.steps, s)
		f.reads[id] = rules.conditions[s.condition].reads
		for _, q := range f.reads[id] {
			f.triggers[q] = true
		}
	}
	f.conditions = rules.conditions
	return f
}

// Criterion finds a criterion that applies to the kind of member.
func (f *Form) Criterion(id string) (Criterion, bool) {
	if i, ok := f.criteria[id]; ok {
		return f.Criteria[i], true
	}
	return Criterion{}, false
}

// Question finds a question and the criterion it belongs to.
func (f *Form) Question(id string) (Criterion, Question, bool) {
	a, ok := f.questions[id]
	if !ok {
		return Criterion{}, Question{}, false
	}
	c := f.Criteria[a.criterion]
	return c, c.Questions[a.question], true
}

// Triggers reports whether some condition reads the choice made for a question.
func (f *Form) Triggers(question string) bool { return f.triggers[question] }

// Reads lists the questions that the condition of a criterion or question reads: the
// answers that are the reason why it does not count.
func (f *Form) Reads(id string) []string { return f.reads[id] }

// Facts are what conditions look at.
type Facts struct {
	EntityType string            // Apply takes the form's own
	Country    string            // of establishment, ISO 3166 alpha-2
	Countries  []string          // where the company has sites
	Sites      int               // how many are open
	Activities []string          // of all sites
	Choices    map[string]string // question to the choice made for the company
}

// Shown says which criteria and questions count now.
type Shown struct {
	form      *Form
	criteria  []bool
	questions []bool
}

// Apply asks the conditions. The choice made for a question that does not count reads as
// if nothing had been chosen. Of several kinds of member, what counts for one of them counts.
func (f *Form) Apply(facts Facts) Shown {
	if len(f.kinds) <= 1 {
		return f.apply(facts, f.EntityType)
	}
	var any Shown
	for i, kind := range f.kinds {
		s := f.apply(facts, kind)
		if i == 0 {
			any = s
			continue
		}
		for j, counts := range s.criteria {
			any.criteria[j] = any.criteria[j] || counts
		}
		for j, counts := range s.questions {
			any.questions[j] = any.questions[j] || counts
		}
	}
	return any
}

// apply asks the conditions for one of the form's kinds of member.
func (f *Form) apply(facts Facts, kind string) Shown {
	flags := make([]bool, len(f.Criteria)+len(f.questions))
	for i := range flags {
		flags[i] = true
	}
	s := Shown{form: f, criteria: flags[:len(f.Criteria)], questions: flags[len(f.Criteria):]}
	if len(f.kinds) > 1 {
		f.only(kind, s)
	}
	if len(f.steps) == 0 {
		return s
	}
	facts.EntityType = kind
	r := &reading{facts: &facts, answers: make(map[string]string, len(f.triggers))}
	results := make([]int8, len(f.conditions)) // an expression that stands in ten places is asked once
	for _, step := range f.steps {
		if results[step.condition] == 0 {
			c := f.conditions[step.condition]
			for _, id := range c.reads {
				r.answers[id] = ""
				if s.Question(id) {
					r.answers[id] = facts.Choices[id]
				}
			}
			results[step.condition] = -1
			if c.holds(r) {
				results[step.condition] = 1
			}
		}
		if results[step.condition] > 0 {
			continue
		}
		if step.question < 0 {
			s.criteria[step.criterion] = false
		} else {
			s.questions[f.questions[f.Criteria[step.criterion].Questions[step.question].ID].n] = false
		}
	}
	return s
}

// only leaves what applies to one of several kinds of member.
func (f *Form) only(kind string, s Shown) {
	for i, c := range f.Criteria {
		s.criteria[i] = slices.Contains(c.AppliesTo, kind)
		for _, q := range c.Questions {
			s.questions[f.questions[q.ID].n] = s.criteria[i]
		}
	}
}

// Apart lists the criteria of which something counts under these facts and not under those
// of other, or the other way round. Both are of one form.
func (s Shown) Apart(other Shown) (criteria []string) {
	if s.form == nil || other.form == nil || s.form.Edition != other.form.Edition || s.form.EntityType != other.form.EntityType {
		return nil
	}
	n := 0 // of the criterion's first question
	for i, c := range s.form.Criteria {
		end := n + len(c.Questions)
		if s.criteria[i] != other.criteria[i] || !slices.Equal(s.questions[n:end], other.questions[n:end]) {
			criteria = append(criteria, c.ID)
		}
		n = end
	}
	return criteria
}

// Criterion reports whether a criterion counts.
func (s Shown) Criterion(id string) bool {
	if s.form == nil {
		return false
	}
	i, ok := s.form.criteria[id]
	return ok && s.criteria[i]
}

// Question reports whether a question counts: its criterion does, and its own condition
// holds.
func (s Shown) Question(id string) bool {
	if s.form == nil {
		return false
	}
	q, ok := s.form.questions[id]
	return ok && s.criteria[q.criterion] && s.questions[q.n]
}
