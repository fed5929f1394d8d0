package catalogue

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
)

// Answer is what was said to one question. Which fields count depends on the question's
// kind; the others are empty. Its JSON is what the database keeps.
type Answer struct {
	Choice  string     `json:"choice,omitempty"`  // yes_no: yes, no, na; choice: an option's code
	Choices []string   `json:"choices,omitempty"` // checklist: codes in the order of the options
	Text    string     `json:"text,omitempty"`    // narrative, file: the text; yes_no, choice, checklist: what goes with it
	Number  string     `json:"number,omitempty"`  // decimal, a point before the fraction
	Date    string     `json:"date,omitempty"`    // 2006-01-02
	Rows    [][]string `json:"rows,omitempty"`    // table, persons: cells in the order of the columns
	Reason  string     `json:"reason,omitempty"`  // why not applicable, or why not (no to a should)
	Plan    string     `json:"plan,omitempty"`    // what will be done (no to a must)
	PlanOn  string     `json:"plan_on,omitempty"` // until when, 2006-01-02
}

// The answers to a yes_no question.
const (
	Yes           = "yes"
	No            = "no"
	NotApplicable = "na"
)

// Limits of an answer.
const (
	MaxText   = 4000 // characters, where the question does not say otherwise
	MaxReason = 2000 // characters of a reason or a plan
	MaxRows   = 200
	MaxCell   = 500 // characters
)

// Empty reports whether nothing was said.
func (a Answer) Empty() bool {
	return a.Choice == "" && len(a.Choices) == 0 && a.Text == "" && a.Number == "" && a.Date == "" && len(a.Rows) == 0 &&
		a.Reason == "" && a.Plan == "" && a.PlanOn == ""
}

// Equal reports whether two answers say the same.
func (a Answer) Equal(b Answer) bool {
	return a.Choice == b.Choice && slices.Equal(a.Choices, b.Choices) && a.Text == b.Text && a.Number == b.Number && a.Date == b.Date &&
		a.Reason == b.Reason && a.Plan == b.Plan && a.PlanOn == b.PlanOn && slices.EqualFunc(a.Rows, b.Rows, slices.Equal)
}

// TextLimit is how many characters the question's text may have.
func (q Question) TextLimit() int {
	if q.MaxChars > 0 {
		return q.MaxChars
	}
	return MaxText
}

// RowColumns are the columns of a table or persons question. Persons have name, function
// and contact before what the question adds.
func (q Question) RowColumns() []Column {
	if q.Kind != Persons {
		return q.Columns
	}
	out := []Column{
		{Code: "name", Text: Text{i18n.Source: "Name"}, Kind: Narrative},
		{Code: "function", Text: Text{i18n.Source: "Function in the company"}, Kind: Narrative},
		{Code: "contact", Text: Text{i18n.Source: "Telephone or e-mail"}, Kind: Narrative},
	}
	for _, c := range q.Columns {
		if i := slices.IndexFunc(out, func(o Column) bool { return o.Code == c.Code }); i >= 0 {
			out[i] = c // the question words it in its own way
		} else {
			out = append(out, c)
		}
	}
	return out
}

// CellField names the form's field of a cell.
func CellField(field string, row int, column string) string {
	return field + "-row-" + strconv.Itoa(row) + "-" + column
}

// Read takes the answer from a form, whose fields are named by field and what they hold:
// -choice, -choices, -text, -number, -date-day, -date-month, -date-year, -row-N-COLUMN,
// -reason, -plan and -plan_on-day, -month, -year. A day that does not exist is kept as
// typed, for Check to refuse. Rows without any text are left out; -rows may say how many
// rows the form has, which saves looking for more.
func (q Question) Read(field string, value func(string) string, values func(string) []string) Answer {
	var a Answer
	part := func(name string) string { return value(field + "-" + name) }
	day := func(name string) string { return written(part(name+"-day"), part(name+"-month"), part(name+"-year")) }
	switch q.Kind {
	case YesNo:
		a.Choice, a.Text, a.Reason, a.Plan, a.PlanOn = part("choice"), part("text"), part("reason"), part("plan"), day("plan_on")
	case Choice:
		a.Choice, a.Text = part("choice"), part("text")
	case Checklist:
		a.Choices, a.Text = values(field+"-choices"), part("text")
	case Narrative, File:
		a.Text = part("text")
	case Number:
		a.Number = part("number")
	case Date:
		a.Date = day("date")
	case Table, Persons:
		n := MaxRows + 1
		if given, err := strconv.Atoi(part("rows")); err == nil && given >= 0 {
			n = min(given, n)
		}
		columns := q.RowColumns()
		for i := range n {
			row, some := make([]string, len(columns)), false
			for j, c := range columns {
				row[j] = value(CellField(field, i, c.Code))
				some = some || strings.TrimSpace(row[j]) != ""
			}
			if some {
				a.Rows = append(a.Rows, row)
			}
		}
	}
	return a
}

// written is a day as 2006-01-02; one that does not exist stays as typed.
func written(day, month, year string) string {
	day, month, year = strings.TrimSpace(day), strings.TrimSpace(month), strings.TrimSpace(year)
	if day == "" && month == "" && year == "" {
		return ""
	}
	if t, err := time.Parse("2-1-2006", day+"-"+month+"-"+year); err == nil {
		return t.Format(time.DateOnly)
	}
	return strings.Join([]string{year, month, day}, "-")
}

// Check bounds and cleans an answer. It refuses what cannot be kept (a text that is too
// long, a day that does not exist, an unknown option), not what is merely missing. What
// does not belong to the kind of question, or to the choice made, is dropped.
func (q Question) Check(c *entry.Check, field string, in Answer) Answer {
	var a Answer
	switch q.Kind {
	case YesNo:
		a.Choice = q.checkChoice(c, field, in.Choice, []string{Yes, No, NotApplicable})
		a.Text = c.Text(field+"-text", "the answer", in.Text, 0, q.TextLimit())
		if a.Choice != Yes {
			a.Reason = c.Text(field+"-reason", "the reason", in.Reason, 0, MaxReason)
		}
		if a.Choice == No || a.Choice == "" {
			a.Plan = c.Text(field+"-plan", "the plan", in.Plan, 0, MaxReason)
			a.PlanOn = checkDay(c, field+"-plan_on", in.PlanOn)
		}
	case Choice:
		a.Choice = q.checkChoice(c, field, in.Choice, codes(q.Options))
		a.Text = c.Text(field+"-text", "the answer", in.Text, 0, q.TextLimit())
	case Checklist:
		for _, code := range codes(q.Options) {
			if slices.Contains(in.Choices, code) {
				a.Choices = append(a.Choices, code)
			}
		}
		for _, code := range in.Choices {
			if !slices.Contains(a.Choices, code) {
				c.Add(field+"-choices", "Choose from the list")
				break
			}
		}
		a.Text = c.Text(field+"-text", "the answer", in.Text, 0, q.TextLimit())
	case Narrative, File:
		a.Text = c.Text(field+"-text", "the answer", in.Text, 0, q.TextLimit())
	case Number:
		a.Number = q.checkNumber(c, field+"-number", in.Number)
	case Date:
		a.Date = checkDay(c, field+"-date", in.Date)
	case Table, Persons:
		a.Rows = q.checkRows(c, field, in.Rows)
	}
	return a
}

func codes(options []Option) []string {
	out := make([]string, len(options))
	for i, o := range options {
		out[i] = o.Code
	}
	return out
}

func (q Question) checkChoice(c *entry.Check, field, value string, allowed []string) string {
	if value == "" {
		return ""
	}
	return c.OneOf(field+"-choice", "one of the answers", value, allowed...)
}

func checkDay(c *entry.Check, field, value string) string {
	if value == "" {
		return ""
	}
	t, err := time.Parse(time.DateOnly, value)
	if err != nil || t.Year() < 1800 || t.Year() > 2200 {
		c.Add(field, "Enter a date that exists, with day, month and year")
		return entry.Head(value, 20)
	}
	return value
}

var (
	decimal   = regexp.MustCompile(`^-?[0-9]{1,15}(?:\.[0-9]{1,6})?$`)
	thousands = regexp.MustCompile(`^-?[0-9]{1,3}(?:(?:,[0-9]{3})+\.[0-9]{1,6}|(?:\.[0-9]{3})+,[0-9]{1,6}|(?:,[0-9]{3}){2,4}|(?:\.[0-9]{3}){2,4})$`)
	spaces    = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "", "’", "", "\u2212", "-")
	ambiguous = regexp.MustCompile(`^-?[1-9][0-9]{0,2},[0-9]{3}$`)
)

// plainNumber writes a number as people type it with a point before the fraction and
// without groups. One comma before three digits may be either, so it is refused.
func plainNumber(value string) (string, bool) {
	s := spaces.Replace(strings.TrimSpace(value))
	switch {
	case ambiguous.MatchString(s):
		return "", false
	case decimal.MatchString(s):
	case decimal.MatchString(strings.Replace(s, ",", ".", 1)):
		s = strings.Replace(s, ",", ".", 1)
	case thousands.MatchString(s):
		last := strings.LastIndexAny(s, ".,")
		whole, fraction := s[:last], s[last+1:]
		if strings.Count(s, s[last:last+1]) > 1 { // it parts groups; there is no fraction
			whole, fraction = s, ""
		}
		s = strings.NewReplacer(".", "", ",", "").Replace(whole)
		if fraction != "" {
			s += "." + fraction
		}
	default:
		return "", false
	}
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if whole == "0" {
		sign = ""
	}
	return sign + whole, len(whole) <= 22
}

func (q Question) checkNumber(c *entry.Check, field, value string) string {
	if strings.TrimSpace(value) == "" {
		return ""
	}
	s, ok := plainNumber(value)
	if !ok {
		c.Add(field, "Enter a number like 1250 or 12.5, without a comma between thousands")
		return entry.Head(value, 40)
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		c.Add(field, "Enter a number like 1250 or 12.5, without a comma between thousands")
	case q.Min != nil && f < *q.Min:
		c.Add(field, "Enter a number of %s or more", shownNumber(*q.Min))
	case q.Max != nil && f > *q.Max:
		c.Add(field, "Enter a number of %s or less", shownNumber(*q.Max))
	}
	return s
}

func shownNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (q Question) checkRows(c *entry.Check, field string, rows [][]string) (out [][]string) {
	columns := q.RowColumns()
	if len(rows) > MaxRows {
		c.Add(field+"-rows", "Enter %d rows or fewer. Attach a file when you have more", MaxRows)
		rows = rows[:MaxRows]
	}
	for i, row := range rows {
		kept, some := make([]string, len(columns)), false
		for j, col := range columns {
			if j >= len(row) {
				break
			}
			name := CellField(field, i, col.Code)
			switch {
			case strings.TrimSpace(row[j]) == "":
			case col.Kind == Number:
				kept[j] = Question{Kind: Number}.checkNumber(c, name, row[j])
			case col.Kind == Date:
				kept[j] = checkDay(c, name, strings.TrimSpace(row[j]))
			default:
				kept[j] = c.Line(name, "this entry", row[j], 0, MaxCell)
			}
			some = some || kept[j] != ""
		}
		if some {
			out = append(out, kept)
		}
	}
	return out
}

// Missing says what the answer still lacks, in the words of a form; the names are the
// ends of the form's fields: "choice", "reason", "plan", "row-0-name". An answer that is
// not required lacks nothing as long as nobody began it. What a file question asks for is
// evidence of its criterion, which an answer knows nothing of.
func (q Question) Missing(a Answer) []fault.Field {
	if a.Empty() && !q.Required || q.Kind == File {
		return nil
	}
	var out []fault.Field
	lack := func(name, message string) { out = append(out, fault.F(name, message)) }
	switch q.Kind {
	case YesNo:
		switch {
		case a.Choice == "":
			lack("choice", "Choose yes, no or not applicable")
		case a.Choice == NotApplicable && a.Reason == "":
			lack("reason", "Say why this does not apply to you")
		case a.Choice == No && q.Level == Must:
			if a.Plan == "" {
				lack("plan", "Say what you will do to meet this requirement")
			}
			if a.PlanOn == "" {
				lack("plan_on", "Enter the date by which you will have done it")
			}
		case a.Choice == No && a.Reason == "":
			lack("reason", "Say why you do not do this, and what you do instead")
		}
	case Choice:
		if a.Choice == "" {
			lack("choice", "Choose one of the answers")
		}
	case Checklist:
		if len(a.Choices) == 0 {
			lack("choices", "Choose what applies to you")
		}
	case Narrative:
		if a.Text == "" {
			lack("text", "Enter your answer")
		}
	case Number:
		if a.Number == "" {
			lack("number", "Enter a number")
		}
	case Date:
		if a.Date == "" {
			lack("date", "Enter a date")
		}
	case Table, Persons:
		columns := q.RowColumns()
		if len(a.Rows) == 0 && len(columns) > 0 {
			lack(CellField("", 0, columns[0].Code)[1:], "Fill in one row at least")
		}
		for i, row := range a.Rows {
			if q.Kind == Persons && (len(row) == 0 || row[0] == "") {
				lack(CellField("", i, columns[0].Code)[1:], "Enter the name of the person")
			}
		}
	}
	return out
}

// Complete reports whether the answer says everything that the question asks of it.
func (q Question) Complete(a Answer) bool { return !a.Empty() && len(q.Missing(a)) == 0 }

// Words is the answer as plain text in the language of ctx, for comparisons, lists,
// exports and prints. An empty answer has no words.
func (q Question) Words(ctx context.Context, a Answer) string {
	var lines []string
	line := func(format string, args ...any) { lines = append(lines, i18n.T(ctx, format, args...)) }
	lang := i18n.Lang(ctx)
	switch a.Choice {
	case "":
	case Yes:
		line("Yes")
	case No:
		line("No")
	case NotApplicable:
		line("Not applicable")
	default:
		lines = append(lines, optionText(q.Options, a.Choice, lang))
	}
	for _, code := range a.Choices {
		lines = append(lines, optionText(q.Options, code, lang))
	}
	if a.Text != "" {
		lines = append(lines, a.Text)
	}
	if a.Number != "" {
		unit, _ := q.Unit.In(lang)
		lines = append(lines, strings.TrimSpace(a.Number+" "+unit))
	}
	if a.Date != "" {
		lines = append(lines, dayWords(ctx, a.Date))
	}
	for _, row := range a.Rows {
		var cells []string
		for i, col := range q.RowColumns() {
			if i < len(row) && row[i] != "" {
				name, _ := col.Text.In(lang)
				cell := row[i]
				if col.Kind == Date {
					cell = dayWords(ctx, cell)
				}
				cells = append(cells, i18n.T(ctx, name)+": "+cell)
			}
		}
		lines = append(lines, strings.Join(cells, "; "))
	}
	if a.Reason != "" {
		line("Reason: %s", a.Reason)
	}
	if a.Plan != "" {
		line("Plan: %s", a.Plan)
	}
	if a.PlanOn != "" {
		line("To be done by %s", dayWords(ctx, a.PlanOn))
	}
	return strings.Join(lines, "\n")
}

// optionText is an option as people read it. A code that the question no longer has
// stands for itself.
func optionText(options []Option, code, lang string) string {
	for _, o := range options {
		if o.Code == code {
			text, _ := o.Text.In(lang)
			return text
		}
	}
	return code
}

func dayWords(ctx context.Context, day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return i18n.Date(ctx, t)
}
