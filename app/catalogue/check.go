package catalogue

import (
	"fmt"
	"slices"
	"strings"

	"trustedtrader/app/datafile"
	"trustedtrader/app/entry"
)

// checker looks at what no schema can see in one edition.
type checker struct {
	*loader
	doc *datafile.Document
	e   *Edition
}

// at makes the path of a value: at("criteria", 3, "when").
func at(steps ...any) []any { return steps }

func (c *checker) run() {
	bad, e := c.doc.Problem, c.e
	unique(e.Sections, func(s Section) string { return s.ID }, func(i int, id string) {
		bad(at("sections", i, "id"), "the section %q is there twice", id)
	})
	unique(e.Criteria, func(c Criterion) string { return c.ID }, func(i int, id string) {
		bad(at("criteria", i, "id"), "the criterion %q is there twice", id)
	})
	first := map[string]string{}
	for i, cr := range e.Criteria {
		for j, id := range cr.Sections {
			if !slices.ContainsFunc(e.Sections, func(s Section) bool { return s.ID == id }) {
				bad(at("criteria", i, "sections", j), "there is no section %q", id)
			}
		}
		if c.types != nil {
			for j, code := range cr.AppliesTo {
				if !slices.Contains(c.types, code) {
					bad(at("criteria", i, "applies_to", j), "there is no entity type %q", code)
				}
			}
		}
		for j, q := range cr.Questions {
			if other, twice := first[q.ID]; twice {
				bad(at("criteria", i, "questions", j, "id"), "the question %q is there twice, first in criterion %s", q.ID, other)
			} else {
				first[q.ID] = cr.ID
			}
			c.question(q, "criteria", i, "questions", j)
		}
	}
	e.eachText(func(t Text, path ...any) {
		for lang, s := range t {
			if s != entry.Clean(s) || s == "" {
				bad(path, "the text in %q is empty or has a hidden character", lang)
			}
		}
	})
	c.untranslated()
}

func (c *checker) question(q Question, path ...any) {
	bad := func(key, format string, args ...any) {
		c.doc.Problem(append(slices.Clone(path), key), format, args...)
	}
	choice, rows := q.Kind == Choice || q.Kind == Checklist, q.Kind == Table || q.Kind == Persons
	switch {
	case choice && len(q.Options) == 0:
		bad("kind", "a %s question needs options", q.Kind)
	case !choice && len(q.Options) > 0:
		bad("options", "a %s question has no options", q.Kind)
	}
	switch {
	case q.Kind == Table && len(q.Columns) == 0:
		bad("kind", "a table question needs columns")
	case !rows && len(q.Columns) > 0:
		bad("columns", "a %s question has no columns", q.Kind)
	}
	if q.Kind != Number && (q.Unit != nil || q.Min != nil || q.Max != nil) {
		bad("kind", "only a number question has unit, min and max")
	}
	if q.Min != nil && q.Max != nil && *q.Min > *q.Max {
		bad("min", "min is above max")
	}
	if q.Kind != Narrative && q.MaxChars > 0 {
		bad("max_chars", "only a narrative question has max_chars")
	}
	unique(q.Options, func(o Option) string { return o.Code }, func(i int, code string) {
		c.doc.Problem(append(slices.Clone(path), "options", i, "code"), "the option %q is there twice", code)
	})
	unique(q.Columns, func(o Column) string { return o.Code }, func(i int, code string) {
		c.doc.Problem(append(slices.Clone(path), "columns", i, "code"), "the column %q is there twice", code)
	})
}

// conditions looks at what the conditions read: questions that are there, and answers
// that they can have.
func (c *checker) conditions() {
	check := func(text string, applies []string, path ...any) {
		if text == "" {
			return
		}
		cond, reason := compileCondition(text)
		if reason != "" {
			return // reported
		}
		for _, id := range cond.reads {
			home, q, ok := c.e.question(id)
			switch {
			case !ok:
				c.doc.Problem(path, "the condition reads %q, but there is no such question", id)
			case q.Kind != YesNo && q.Kind != Choice:
				c.doc.Problem(path, "the condition reads %q, but that is a %s question; only yes_no and choice can be read", id, q.Kind)
			default:
				for _, t := range applies {
					if !slices.Contains(home.AppliesTo, t) {
						c.warn(path, "%s is asked of %s, but %s, which its condition reads, is not", c.name(path), t, id)
					}
				}
			}
		}
		for _, cmp := range cond.compared {
			if reason := c.never(cmp); reason != "" {
				c.doc.Problem(path, "the condition can never be met as written: %s", reason)
			}
		}
	}
	for i, cr := range c.e.Criteria {
		check(cr.When, cr.AppliesTo, "criteria", i, "when")
		for j, q := range cr.Questions {
			check(q.When, cr.AppliesTo, "criteria", i, "questions", j, "when")
		}
	}
}

// name is the id of what a path leads to.
func (c *checker) name(path []any) string {
	cr := c.e.Criteria[path[1].(int)]
	if len(path) > 3 {
		return cr.Questions[path[3].(int)].ID
	}
	return cr.ID
}

func (c *checker) never(cmp comparison) string {
	if cmp.variable == "entity_type" && c.types != nil && !slices.Contains(c.types, cmp.value) {
		return fmt.Sprintf("there is no entity type %q", cmp.value)
	}
	_, q, ok := c.e.question(cmp.question)
	if !ok || cmp.value == "" {
		return ""
	}
	switch {
	case q.Kind == YesNo && cmp.value != Yes && cmp.value != No && cmp.value != NotApplicable:
		return fmt.Sprintf("%s is answered with yes, no or na, not with %q", q.ID, cmp.value)
	case q.Kind == Choice && !slices.ContainsFunc(q.Options, func(o Option) bool { return o.Code == cmp.value }):
		return fmt.Sprintf("%s has no option %q", q.ID, cmp.value)
	}
	return ""
}

func (e *Edition) question(id string) (Criterion, Question, bool) {
	for _, c := range e.Criteria {
		if q, ok := c.Question(id); ok {
			return c, q, true
		}
	}
	return Criterion{}, Question{}, false
}

func (c *checker) warn(path []any, format string, args ...any) {
	c.warnings.Report(c.doc.Name(), c.doc.Line(path), format, args...)
}

// untranslated warns of languages that do not have every text.
func (c *checker) untranslated() {
	for _, lang := range c.e.Languages()[1:] {
		var missing int
		var first []any
		c.e.eachText(func(t Text, path ...any) {
			if len(t) > 0 && t[lang] == "" {
				if missing++; first == nil {
					first = path
				}
			}
		})
		if missing > 0 {
			c.warn(first, "%d texts have no translation into %q; this is the first", missing, lang)
		}
	}
}

// check looks at what only the sisters can tell: the edition before, and mappings to
// other programmes.
func (l *loader) check(library *Library) {
	for _, e := range l.editions {
		doc := l.docs[e.ID]
		if e.Previous != "" {
			l.succession(e, doc)
		} else if len(e.Changes) > 0 {
			doc.Problem(at("changes"), "changes need the key \"previous\", which names the edition they compare with")
		}
		for i, c := range e.Criteria {
			for j, m := range c.MapsTo {
				sisters := library.Editions(m.Scheme)
				if len(sisters) == 0 {
					continue // a scheme that is no programme here
				}
				if !slices.ContainsFunc(sisters, func(s *Edition) bool { _, ok := s.Criterion(m.Ref); return ok }) {
					doc.Problem(at("criteria", i, "maps_to", j, "ref"), "no edition of %s has a criterion %q", m.Scheme, m.Ref)
				}
			}
		}
	}
}

// succession compares an edition with the one it follows.
func (l *loader) succession(e *Edition, doc *datafile.Document) {
	before, ok := find(l.editions, e.Previous)
	switch {
	case e.Previous == e.ID:
		doc.Problem(at("previous"), "an edition cannot follow itself")
		return
	case !ok:
		if l.docs[e.Previous] == nil {
			doc.Problem(at("previous"), "there is no edition %q", e.Previous)
		}
		return
	case !e.ValidFrom.After(before.ValidFrom):
		doc.Problem(at("valid_from"), "the edition must be valid later than %s, which it follows", before.ID)
	}
	for _, f := range changeFaults(before, e) {
		if f.change >= 0 {
			doc.Problem(at("changes", f.change), "%s", f.reason)
		} else if f.criterion >= 0 {
			doc.Problem(at("criteria", f.criterion), "%s", f.reason)
		} else {
			doc.Problem(at("changes"), "%s", f.reason)
		}
	}
}

func unique[T any](list []T, code func(T) string, twice func(i int, code string)) {
	seen := map[string]bool{}
	for i, item := range list {
		c := code(item)
		if seen[c] {
			twice(i, c)
		}
		seen[c] = true
	}
}

// changeFault is one thing wrong with a change list.
type changeFault struct {
	change    int // in Changes, or -1
	criterion int // in Criteria, or -1
	id        string
	reason    string
}

// changeFaults says what is untrue in the change list of an edition and what it lacks.
func changeFaults(before, e *Edition) (out []changeFault) {
	listed := map[string]Change{}
	from := map[string]bool{}
	for i, ch := range e.Changes {
		bad := func(format string, args ...any) {
			out = append(out, changeFault{i, -1, ch.ID, fmt.Sprintf(format, args...)})
		}
		if _, twice := listed[ch.ID]; twice {
			bad("%s is listed twice", ch.ID)
		}
		listed[ch.ID] = ch
		was, there := before.Criterion(ch.ID)
		is, here := e.Criterion(ch.ID)
		if (ch.Kind == Split || ch.Kind == Merged) != (len(ch.From) > 0) {
			bad("%s: split and merged criteria name what they came from, and no others do", ch.ID)
		}
		for _, id := range ch.From {
			from[id] = true
			if _, ok := before.Criterion(id); !ok {
				bad("%s came from %q, but edition %s has no such criterion", ch.ID, id, before.ID)
			}
		}
		switch {
		case ch.Kind == Withdrawn && here:
			bad("%s is listed as withdrawn, but this edition has it", ch.ID)
		case ch.Kind == Withdrawn && !there:
			bad("%s is listed as withdrawn, but edition %s did not have it", ch.ID, before.ID)
		case ch.Kind != Withdrawn && !here:
			bad("%s is listed as %s, but this edition does not have it", ch.ID, ch.Kind)
		case ch.Kind == New && there:
			bad("%s is listed as new, but edition %s has it", ch.ID, before.ID)
		case (ch.Kind == Reworded || ch.Kind == Unchanged) && !there:
			bad("%s is listed as %s, but edition %s did not have it", ch.ID, ch.Kind, before.ID)
		case ch.Kind == Reworded && len(binding(was, is)) == 0:
			bad("%s is listed as reworded, but its wording, level and questions are the same", ch.ID)
		case ch.Kind == Unchanged && len(binding(was, is)) > 0:
			bad("%s is listed as unchanged, but differs: %s", ch.ID, strings.Join(binding(was, is), ", "))
		case ch.Kind == Merged && len(ch.From) == 1:
			bad("%s is listed as merged from one criterion; that is split or reworded", ch.ID)
		}
	}
	for i, c := range e.Criteria {
		if _, ok := listed[c.ID]; ok {
			continue
		}
		was, there := before.Criterion(c.ID)
		if !there {
			out = append(out, changeFault{-1, i, c.ID, fmt.Sprintf("%s is not in edition %s; list it under changes", c.ID, before.ID)})
		} else if d := binding(was, c); len(d) > 0 {
			out = append(out, changeFault{-1, i, c.ID, fmt.Sprintf("%s differs from edition %s (%s); list it under changes", c.ID, before.ID, strings.Join(d, ", "))})
		}
	}
	for _, c := range before.Criteria {
		_, here := e.Criterion(c.ID)
		if _, ok := listed[c.ID]; !here && !ok && !from[c.ID] {
			out = append(out, changeFault{-1, -1, c.ID, fmt.Sprintf("edition %s has %s, and this one does not; list it as withdrawn", before.ID, c.ID)})
		}
	}
	return out
}

// binding names the parts of a criterion that differ and that a company must know of:
// what its answer was an answer to.
func binding(was, is Criterion) (out []string) {
	if was.Level != is.Level {
		out = append(out, "level")
	}
	if was.Title.String() != is.Title.String() || was.Requirement.String() != is.Requirement.String() {
		out = append(out, "wording")
	}
	same := len(was.Questions) == len(is.Questions)
	for _, q := range is.Questions {
		old, ok := was.Question(q.ID)
		same = same && ok && sameQuestion(old, q)
	}
	if !same {
		out = append(out, "questions")
	}
	return out
}

// sameQuestion compares what is asked; help and translations may change freely.
func sameQuestion(a, b Question) bool {
	return a.Kind == b.Kind && a.Level == b.Level && a.Text.String() == b.Text.String() && a.Required == b.Required && a.When == b.When &&
		a.Unit.String() == b.Unit.String() && sameNumber(a.Min, b.Min) && sameNumber(a.Max, b.Max) && a.MaxChars == b.MaxChars &&
		slices.EqualFunc(a.Options, b.Options, func(a, b Option) bool { return a.Code == b.Code && a.Text.String() == b.Text.String() }) &&
		slices.EqualFunc(a.Columns, b.Columns, func(a, b Column) bool {
			return a.Code == b.Code && a.Kind == b.Kind && a.Text.String() == b.Text.String()
		})
}

func sameNumber(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }
