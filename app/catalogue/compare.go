package catalogue

import (
	"encoding/json"
	"slices"

	"trustedtrader/app/textdiff"
)

// Difference is what became of one criterion from one edition to another.
type Difference struct {
	ID        string
	Kind      ChangeKind      // new, withdrawn, reworded, or unchanged when only Other differs
	Was, Is   Criterion       // zero where an edition does not have it
	Listed    *Change         // its entry in the change list of the newer edition
	Level     bool            // must became should, or should became must
	Title     []textdiff.Part // nil when it is the same
	Statement []textdiff.Part // nil when it is the same
	Questions []QuestionDifference
	Other     []string // parts that change no answer and need no entry: guidance, applies_to, when, …
	Faults    []string // what the change list lacks or says wrongly
}

// QuestionDifference is what became of one question.
type QuestionDifference struct {
	ID      string
	Kind    ChangeKind // new, withdrawn or reworded
	Was, Is Question
	Text    []textdiff.Part // nil when it is the same
	Parts   []string        // what else differs: kind, level, options, …
}

// Compare says what differs between two editions, in the order of the newer one, and then
// what it no longer has. Faults are given only if the newer one's change list is about the
// older one.
func Compare(before, e *Edition) []Difference {
	var out []Difference
	for _, c := range e.Criteria {
		was, there := before.Criterion(c.ID)
		d := Difference{ID: c.ID, Is: c, Was: was, Kind: New}
		if there {
			d.compare()
		}
		out = append(out, d)
	}
	for _, c := range before.Criteria {
		if _, here := e.Criterion(c.ID); !here {
			out = append(out, Difference{ID: c.ID, Was: c, Kind: Withdrawn})
		}
	}
	if e.Previous == "" || e.Previous == before.ID {
		for i := range out {
			if at := slices.IndexFunc(e.Changes, func(ch Change) bool { return ch.ID == out[i].ID }); at >= 0 {
				out[i].Listed = &e.Changes[at]
			}
		}
		for _, f := range changeFaults(before, e) {
			i := slices.IndexFunc(out, func(d Difference) bool { return d.ID == f.id })
			if i < 0 { // an entry about a criterion that neither edition has
				i = len(out)
				out = append(out, Difference{ID: f.id, Kind: Unchanged})
			}
			out[i].Faults = append(out[i].Faults, f.reason)
		}
	}
	return slices.DeleteFunc(out, func(d Difference) bool {
		return d.Kind == Unchanged && d.Listed == nil && len(d.Other) == 0 && len(d.Faults) == 0
	})
}

func (d *Difference) compare() {
	d.Kind = Unchanged
	if len(binding(d.Was, d.Is)) > 0 {
		d.Kind = Reworded
	}
	d.Level = d.Was.Level != d.Is.Level
	d.Title, d.Statement = changed(d.Was.Title, d.Is.Title), changed(d.Was.Requirement, d.Is.Requirement)
	for _, q := range d.Is.Questions {
		was, there := d.Was.Question(q.ID)
		switch {
		case !there:
			d.Questions = append(d.Questions, QuestionDifference{ID: q.ID, Kind: New, Is: q})
		case !sameQuestion(was, q):
			d.Questions = append(d.Questions, QuestionDifference{ID: q.ID, Kind: Reworded, Was: was, Is: q, Text: changed(was.Text, q.Text), Parts: questionParts(was, q)})
		}
	}
	for _, q := range d.Was.Questions {
		if _, here := d.Is.Question(q.ID); !here {
			d.Questions = append(d.Questions, QuestionDifference{ID: q.ID, Kind: Withdrawn, Was: q})
		}
	}
	d.Other = otherParts(d.Was, d.Is)
}

func changed(was, is Text) []textdiff.Part {
	if was.String() == is.String() {
		return nil
	}
	return textdiff.Words(was.String(), is.String())
}

func questionParts(was, is Question) (out []string) {
	was.Text, is.Text, was.Help, is.Help = nil, nil, nil, nil
	return differing(was, is)
}

// otherParts names the parts of a criterion that differ besides its binding ones.
func otherParts(was, is Criterion) []string {
	was.Level, was.Questions = is.Level, is.Questions
	if was.Title.String() == is.Title.String() && was.Requirement.String() == is.Requirement.String() {
		return differing(was, is) // translations included
	}
	was.Title, was.Requirement = is.Title, is.Requirement
	return differing(was, is)
}

// differing names the keys whose values differ.
func differing(was, is any) (out []string) {
	a, b := fields(was), fields(is)
	for key := range b {
		if string(a[key]) != string(b[key]) {
			out = append(out, key)
		}
	}
	for key := range a {
		if _, ok := b[key]; !ok {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

func fields(v any) (out map[string]json.RawMessage) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		panic(err) // strings and numbers: nothing that JSON cannot write
	}
	return out
}

// Counts are the figures of an edition, or of what applies to one kind of member.
type Counts struct{ Criteria, Must, Should, Questions int }

// Count counts criteria and their questions.
func Count(criteria []Criterion) (n Counts) {
	for _, c := range criteria {
		n.Criteria++
		if c.Level == Must {
			n.Must++
		} else {
			n.Should++
		}
		n.Questions += len(c.Questions)
	}
	return n
}
