package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"trustedtrader/app/catalogue"
)

// changing is how many of a hundred answers are worded anew in each later cycle.
const changing = 12

// answers is what the company says to all questions of a form that count for it.
func (w *world) answers(f *catalogue.Form, facts catalogue.Facts) map[string]catalogue.Answer {
	all := map[string]catalogue.Answer{}
	facts.Choices = map[string]string{}
	for _, c := range f.Criteria {
		for i, q := range c.Questions {
			a := w.answer(c, i, q)
			all[q.ID], facts.Choices[q.ID] = a, a.Choice
		}
	}
	shown := f.Apply(facts)
	for id, a := range all {
		if !shown.Question(id) || a.Empty() {
			delete(all, id)
		}
	}
	return all
}

// answer is what the company says to one question, which stands at place i of its criterion.
func (w *world) answer(c catalogue.Criterion, i int, q catalogue.Question) catalogue.Answer {
	key := w.key(q.ID)
	switch q.Kind {
	case catalogue.YesNo:
		return w.yesNo(c, i, q, key)
	case catalogue.Choice:
		return catalogue.Answer{Choice: w.chosen(q, key)}
	case catalogue.Checklist:
		return catalogue.Answer{Choices: w.ticked(q, key)}
	case catalogue.Narrative:
		return catalogue.Answer{Text: w.text(c, q, key)}
	case catalogue.File:
		return catalogue.Answer{Text: "See the evidence of this criterion."}
	case catalogue.Number:
		return catalogue.Answer{Number: w.chosen(q, key)}
	case catalogue.Date:
		if _, given := w.choices[w.programme][q.ID]; given {
			return catalogue.Answer{Date: w.chosen(q, key)}
		}
		if i == slices.IndexFunc(c.Questions, func(q catalogue.Question) bool { return q.Kind == catalogue.Date }) {
			return catalogue.Answer{Date: w.reviewed(q.ID).Format(time.DateOnly)}
		}
		return catalogue.Answer{Date: w.past(key, 20, 300).Format(time.DateOnly)}
	case catalogue.Table, catalogue.Persons:
		return catalogue.Answer{Rows: w.rows(q, key)}
	}
	return catalogue.Answer{}
}

// key is what the choice of words hangs on. Some of it changes with the cycle.
func (w *world) key(question string) string {
	key := question
	for turn := 1; turn <= w.turn; turn++ {
		if w.draw(fmt.Sprint(question, " changes ", turn), 100) < changing {
			key = fmt.Sprint(question, " ", turn)
		}
	}
	return key
}

// yesNo is mostly a yes. What a company does not do, it says why or until when.
func (w *world) yesNo(c catalogue.Criterion, i int, q catalogue.Question, key string) catalogue.Answer {
	words := w.gaps[w.programme]
	if x, ok := w.pick(key, words.NotApplicable[q.ID]); ok && w.draw(key+" na", 100) < 3*w.Gaps {
		return catalogue.Answer{Choice: catalogue.NotApplicable, Reason: x.text}
	}
	if text, ok := words.NotMet[q.ID]; ok {
		_, set := w.choices[w.programme][q.ID]
		if set && w.chosen(q, key) == catalogue.No || !set && w.draw(key+" no", 100) < w.Gaps {
			if q.Level == catalogue.Must {
				return catalogue.Answer{Choice: catalogue.No, Plan: text, PlanOn: workday(w.day.AddDate(0, 0, 60+w.draw(key, 90))).Format(time.DateOnly)}
			}
			return catalogue.Answer{Choice: catalogue.No, Reason: text}
		}
	}
	a := catalogue.Answer{Choice: catalogue.Yes}
	texts := w.texts[w.programme]
	narrated := slices.ContainsFunc(c.Questions, func(q catalogue.Question) bool { return q.Kind == catalogue.Narrative && texts[q.ID] == nil })
	if i == slices.IndexFunc(c.Questions, func(q catalogue.Question) bool { return q.Kind == catalogue.YesNo }) && !narrated && w.draw(q.ID+" more", 3) > 0 {
		if x, ok := w.pick(key, texts[c.ID]); ok {
			a.Text = w.fill(key, x.text)
		}
	}
	return a
}

// text is the wording of the question, or of its criterion.
func (w *world) text(c catalogue.Criterion, q catalogue.Question, key string) string {
	list := w.texts[w.programme][q.ID]
	if len(list) == 0 {
		list = w.texts[w.programme][c.ID]
	}
	x, ok := w.pick(key, list)
	if !ok {
		return ""
	}
	return w.fill(key, x.text)
}

// chosen is an option or a number: what is given for the question, or yes.
func (w *world) chosen(q catalogue.Question, key string) string {
	if x, ok := w.pick(key, w.choices[w.programme][q.ID]); ok {
		return w.fill(key, x.text)
	}
	return catalogue.Yes
}

// ticked are the options of a checklist: those that are given, or most of them.
func (w *world) ticked(q catalogue.Question, key string) (codes []string) {
	x, given := w.pick(key, w.choices[w.programme][q.ID])
	for i, o := range q.Options {
		switch {
		case given && x.text != "all":
			if slices.Contains(strings.Fields(x.text), o.Code) {
				codes = append(codes, o.Code)
			}
		case o.Code == "other":
		case given || i == 0 || w.draw(key+" "+o.Code, 4) > 0:
			codes = append(codes, o.Code)
		}
	}
	return codes
}

// rows are the table of a question, in the order of its columns.
func (w *world) rows(q catalogue.Question, key string) (rows [][]string) {
	for i, line := range w.tables[w.programme][q.ID] {
		var row []string
		for j, cell := range strings.Split(line, "|") {
			cell = strings.TrimSpace(cell)
			at := fmt.Sprint(key, " ", i, " ", j)
			row = append(row, w.fill(at, cell))
		}
		rows = append(rows, row)
	}
	return rows
}
