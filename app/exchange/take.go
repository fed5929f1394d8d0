package exchange

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/i18n"
)

// given is what a workbook says about one answer. It is kept as it was read; what it means
// for the profile is worked out anew each time somebody looks.
type given struct {
	Sheet     string           `json:"sheet"`
	Row       int              `json:"row"` // as the program counts, from 1
	Cycle     string           `json:"cycle"`
	Edition   string           `json:"edition"`
	Criterion string           `json:"criterion"`
	Question  string           `json:"question"`
	Site      string           `json:"site,omitempty"`
	Version   int              `json:"version"`
	Answer    catalogue.Answer `json:"answer,omitzero"`
	Formula   bool             `json:"formula,omitempty"` // some cell held a formula
	Twice     bool             `json:"twice,omitempty"`   // another row says something about the same answer
}

func (g given) key() string { return g.Question + "|" + g.Site }

// site is the site of an exception; ok is false when the cell holds no id.
func (g given) site() (id uuid.UUID, ok bool) {
	if g.Site == "" {
		return uuid.Nil, true
	}
	id, err := uuid.Parse(g.Site)
	return id, err == nil && len(g.Site) == 36 && id != uuid.Nil
}

// taking reads a workbook into answers.
type taking struct {
	ctx       context.Context
	form      *catalogue.Form
	since1904 bool
	lists     map[string]map[string]string // by list and text in small letters: the code
	out       []given
	seen      map[string]int // by key: index in out
}

// take reads the answers of a workbook. It decides nothing about them. It never fails for
// what a person wrote into a cell, only for a file that is no workbook.
func take(ctx context.Context, form *catalogue.Form, name string, content []byte) ([]given, error) {
	b, err := readBook(name, content)
	if err != nil {
		return nil, err
	}
	t := &taking{ctx: ctx, form: form, since1904: b.since1904, lists: map[string]map[string]string{}, seen: map[string]int{}}
	for _, sheet := range b.tabs {
		t.readLists(sheet)
	}
	for _, sheet := range b.tabs {
		columns := map[string]int{}
		for column, c := range sheet.rows[0] {
			if _, twice := columns[c.text]; !twice || column < columns[c.text] {
				columns[c.text] = column
			}
		}
		if _, ok := columns[keyNames[keyQuestion]]; !ok {
			continue
		}
		if _, ok := columns[keyNames[keyAnswer]]; ok {
			t.questions(sheet, columns)
		} else {
			t.table(sheet, columns)
		}
	}
	return t.out, nil
}

// readLists reads what stands for which code in the lists to choose from.
func (t *taking) readLists(sheet tab) {
	head := sheet.rows[0]
	if head[0].text != "list" || head[1].text != "text" || head[2].text != "code" {
		return
	}
	for row := range sheet.rows {
		list := sheet.at(row, 0).text
		if row == 0 || list == "" {
			continue
		}
		if t.lists[list] == nil {
			t.lists[list] = map[string]string{}
		}
		t.lists[list][fold(plain(sheet.at(row, 1).text))] = sheet.at(row, 2).text
	}
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// line is one row of a sheet by the names of its columns.
type line struct {
	sheet   tab
	row     int
	columns map[string]int
	formula *bool
}

func (l line) text(key int) string { return l.named(keyNames[key]) }

func (l line) named(name string) string {
	column, ok := l.columns[name]
	if !ok {
		return ""
	}
	c := l.sheet.at(l.row, column)
	if c.formula {
		*l.formula = true
	}
	return plain(c.text)
}

// id is a hidden cell, where a formula means nothing to a person.
func (l line) id(key int) string {
	column, ok := l.columns[keyNames[key]]
	if !ok {
		return ""
	}
	return strings.TrimSpace(l.sheet.at(l.row, column).text)
}

func (l line) given() given {
	version, err := strconv.Atoi(l.id(keyVersion))
	if err != nil || version < 0 {
		version = -1 // one that there never was
	}
	cut := func(key int) string {
		s := l.id(key)
		return s[:min(len(s), 100)]
	}
	return given{Sheet: cutName(l.sheet.name), Row: l.row + 1, Cycle: cut(keyCycle), Edition: cut(keyEdition), Criterion: cut(keyCriterion), Question: cut(keyQuestion),
		Site: cut(keySite), Version: version}
}

func cutName(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60])
	}
	return s
}

// numbers are the numbers of a sheet's rows from one on, in order.
func (t tab) numbers(from int) (out []int) {
	for n := range t.rows {
		if n >= from {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// questions reads a sheet with one row per question, and more for a checklist.
func (t *taking) questions(sheet tab, columns map[string]int) {
	parts := map[string]bool{} // rows that were read: a second one of the same is somebody's copy
	for _, n := range sheet.numbers(1) {
		formula := false
		l := line{sheet, n, columns, &formula}
		g := l.given()
		if g.Question == "" || g.Cycle == "" {
			continue // headings, and what somebody wrote below
		}
		_, q, known := t.form.Question(g.Question)
		if known && (q.Kind == catalogue.Table || q.Kind == catalogue.Persons) {
			continue // the row names the sheet that has the answer
		}
		part, which := l.id(keyPart), g.key()
		i, again := t.seen[which]
		if !again {
			i = len(t.out)
			t.seen[which] = i
			t.out = append(t.out, g)
		}
		at := &t.out[i]
		if again && (parts[which+"|"+part] || at.Sheet != g.Sheet || part == "") {
			at.Twice = true
			continue
		}
		parts[which+"|"+part] = true
		switch option, ok := strings.CutPrefix(part, partOption); {
		case !known:
		case ok:
			if strings.TrimSpace(l.text(keyAnswer)) != "" && len(at.Answer.Choices) < 200 {
				at.Answer.Choices = append(at.Answer.Choices, option[:min(len(option), 100)])
			}
		default:
			t.cells(q, l, &at.Answer)
		}
		at.Formula = at.Formula || formula
	}
}

// cells reads the cells of a question's row.
func (t *taking) cells(q catalogue.Question, l line, a *catalogue.Answer) {
	answer := strings.TrimSpace(l.text(keyAnswer))
	switch q.Kind {
	case catalogue.YesNo, catalogue.Choice:
		a.Choice = t.choice(q, l.id(keyList), answer)
	case catalogue.Number:
		a.Number = numberCell(answer)
	case catalogue.Date:
		a.Date = dayCell(answer, t.since1904)
	}
	a.Text = lines(l.text(keyText))
	if q.Kind == catalogue.YesNo {
		a.Reason, a.Plan, a.PlanOn = lines(l.text(keyReason)), lines(l.text(keyPlan)), dayCell(l.text(keyPlanOn), t.since1904)
	}
	if q.Kind == catalogue.Number || q.Kind == catalogue.Date {
		a.Text = ""
	}
}

// lines is a text as it was typed; a cell with nothing but space is empty.
func lines(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s))
}

// choice is the code that a text stands for: in the workbook's own list, or as the
// catalogue and the person's language call it. What stands for nothing stays as typed.
func (t *taking) choice(q catalogue.Question, list, text string) string {
	if text == "" {
		return ""
	}
	if code, ok := t.lists[list][fold(text)]; ok {
		return code
	}
	if q.Kind == catalogue.YesNo {
		for code, word := range yesNo() {
			if fold(text) == fold(word) || fold(text) == fold(i18n.T(t.ctx, word)) || fold(text) == code {
				return code
			}
		}
	}
	for _, o := range q.Options {
		for _, word := range o.Text {
			if fold(text) == fold(word) || text == o.Code {
				return o.Code
			}
		}
	}
	return text
}

func yesNo() map[string]string {
	return map[string]string{catalogue.Yes: "Yes", catalogue.No: "No", catalogue.NotApplicable: "Not applicable"}
}

// table reads a sheet with the rows of one answer.
func (t *taking) table(sheet tab, columns map[string]int) {
	var g given
	formula, found := false, false
	for _, n := range sheet.numbers(1) {
		l := line{sheet, n, columns, &formula}
		if g = l.given(); g.Question != "" && g.Cycle != "" {
			found = true
			break
		}
	}
	if !found {
		return
	}
	if i, again := t.seen[g.key()]; again {
		t.out[i].Twice = true
		return
	}
	_, q, known := t.form.Question(g.Question)
	if known {
		for _, n := range sheet.numbers(firstOfTable) {
			l := line{sheet, n, columns, &formula}
			row, some := make([]string, len(q.RowColumns())), false
			for j, c := range q.RowColumns() {
				text := l.named(columnKey + c.Code)
				switch c.Kind {
				case catalogue.Date:
					text = dayCell(text, t.since1904)
				case catalogue.Number:
					text = numberCell(text)
				}
				row[j] = lines(text)
				some = some || row[j] != ""
			}
			if some && len(g.Answer.Rows) <= catalogue.MaxRows {
				g.Answer.Rows = append(g.Answer.Rows, row)
			}
		}
	}
	g.Formula = formula
	t.seen[g.key()] = len(t.out)
	t.out = append(t.out, g)
}
