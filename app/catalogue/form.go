package catalogue

import "slices"

// Form is what one kind of member is asked under one edition. It never changes and may
// be used by many at once.
type Form struct {
	Edition    *Edition
	EntityType string
	Criteria   []Criterion // those that apply to the kind of member, in order

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

// Form is the form for a kind of member. A kind that the edition does not know is asked
// nothing.
func (e *Edition) Form(entityType string) *Form {
	if f := e.forms[entityType]; f != nil {
		return f
	}
	return e.form(entityType)
}

func (e *Edition) form(entityType string) *Form {
	f := &Form{
		Edition: e, EntityType: entityType, criteria: map[string]int{}, questions: map[string]asked{},
		reads: map[string][]string{}, triggers: map[string]bool{},
	}
	own := map[int]int{} // place in the edition to place here
	for i, c := range e.Criteria {
		if !slices.Contains(c.AppliesTo, entityType) {
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
// if nothing had been chosen.
func (f *Form) Apply(facts Facts) Shown {
	flags := make([]bool, len(f.Criteria)+len(f.questions))
	for i := range flags {
		flags[i] = true
	}
	s := Shown{form: f, criteria: flags[:len(f.Criteria)], questions: flags[len(f.Criteria):]}
	if len(f.steps) == 0 {
		return s
	}
	facts.EntityType = f.EntityType
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

// Apart lists the criteria of which something counts under these facts and not under those
// of other, or the other way round. Both are of one form.
func (s Shown) Apart(other Shown) (criteria []string) {
	if s.form == nil || s.form != other.form {
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
