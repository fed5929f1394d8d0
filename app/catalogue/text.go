package catalogue

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"trustedtrader/app/i18n"
)

// UnmarshalYAML reads a plain string, which is the English source, or a map of language
// to text. Space around a text is the file's layout and no part of it.
func (t *Text) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*t = Text{i18n.Source: strings.TrimSpace(n.Value)}
		return nil
	}
	read := map[string]string{}
	if err := n.Decode(&read); err != nil {
		return err
	}
	*t = Text{}
	for lang, text := range read {
		(*t)[lang] = strings.TrimSpace(text)
	}
	return nil
}

// MarshalYAML writes a plain string when there is nothing but the source.
func (t Text) MarshalYAML() (any, error) {
	if en, ok := t[i18n.Source]; ok && len(t) == 1 {
		return en, nil
	}
	return map[string]string(t), nil
}

// eachText calls f with every text of the edition and the path to it in the file.
func (e *Edition) eachText(f func(t Text, path ...any)) {
	f(e.Title, "title")
	for i, s := range e.Sections {
		f(s.Title, "sections", i, "title")
	}
	for i, c := range e.Criteria {
		at := func(t Text, path ...any) { f(t, append([]any{"criteria", i}, path...)...) }
		at(c.Title, "title")
		at(c.Requirement, "requirement")
		at(c.Guidance, "guidance")
		at(c.Why, "why")
		for j, example := range c.Evidence.Examples {
			at(example, "evidence", "examples", j)
		}
		for j, q := range c.Questions {
			at(q.Text, "questions", j, "text")
			at(q.Help, "questions", j, "help")
			at(q.Unit, "questions", j, "unit")
			for k, o := range q.Options {
				at(o.Text, "questions", j, "options", k, "text")
			}
			for k, col := range q.Columns {
				at(col.Text, "questions", j, "columns", k, "text")
			}
		}
	}
	for i, ch := range e.Changes {
		f(ch.Note, "changes", i, "note")
	}
}

// Languages are those that some text of the edition has, the source first.
func (e *Edition) Languages() []string {
	seen := map[string]bool{}
	e.eachText(func(t Text, _ ...any) {
		for lang := range t {
			seen[lang] = true
		}
	})
	delete(seen, i18n.Source)
	out := make([]string, 0, len(seen)+1)
	for lang := range seen {
		out = append(out, lang)
	}
	slices.Sort(out)
	return append([]string{i18n.Source}, out...)
}
