package catalogue_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/entry"
	"trustedtrader/app/i18n"
)

func question(t testing.TB, id string) catalogue.Question {
	t.Helper()
	_, q, ok := edition(t, "2023.1").Form("exporter").Question(id)
	if !ok {
		t.Fatalf("no question %q", id)
	}
	return q
}

// given reads an answer from a form and checks it.
func given(q catalogue.Question, form url.Values) (catalogue.Answer, []string) {
	var c entry.Check
	a := q.Check(&c, "q", q.Read("q", form.Get, func(name string) []string { return form[name] }))
	var problems []string
	for _, f := range c.Fields() {
		problems = append(problems, f.Name+": "+f.String())
	}
	return a, problems
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	must, should := question(t, "3.1.a"), question(t, "1.1.a")
	long := func(n int) string { return strings.Repeat("x", n) }
	for name, x := range map[string]struct {
		q       catalogue.Question
		form    string
		want    string // JSON
		problem string // of a field, "" for none
		missing string // names of what it lacks
	}{
		"nothing":                {must, "", `{}`, "", "choice"},
		"nothing, not required":  {question(t, "1.1.b"), "", `{}`, "", ""},
		"yes":                    {must, "q-choice=yes&q-text=+Policy+7%0D%0AAnnex&q-reason=old&q-plan=old&q-plan_on-day=1&q-plan_on-month=2&q-plan_on-year=2026", `{"choice":"yes","text":"Policy 7\nAnnex"}`, "", ""},
		"no to a must":           {must, "q-choice=no", `{"choice":"no"}`, "", "plan plan_on"},
		"no with a plan":         {must, "q-choice=no&q-plan=Write+it&q-plan_on-day=+1&q-plan_on-month=2&q-plan_on-year=2026", `{"choice":"no","plan":"Write it","plan_on":"2026-02-01"}`, "", ""},
		"no to a should":         {should, "q-choice=no", `{"choice":"no"}`, "", "reason"},
		"no with a reason":       {should, "q-choice=no&q-reason=Too+small", `{"choice":"no","reason":"Too small"}`, "", ""},
		"not applicable":         {must, "q-choice=na&q-plan=x", `{"choice":"na"}`, "", "reason"},
		"text before the choice": {must, "q-plan=Write+it", `{"plan":"Write it"}`, "", "choice"},
		"no such choice":         {must, "q-choice=perhaps", `{}`, "q-choice: Choose one of the answers", ""},
		"day that is none":       {must, "q-choice=no&q-plan=x&q-plan_on-day=30&q-plan_on-month=2&q-plan_on-year=2026", `{"choice":"no","plan":"x","plan_on":"2026-2-30"}`, "q-plan_on: Enter a date that exists", ""},
		"reason too long":        {should, "q-choice=no&q-reason=" + long(2001), "", "q-reason: The reason is too long. Use 2000", ""},
		"choice":                 {question(t, "9.12.b"), "q-choice=own", `{"choice":"own"}`, "", ""},
		"choice of another":      {question(t, "9.12.b"), "q-choice=yes", `{}`, "q-choice: ", ""},
		"checklist":              {question(t, "3.1.c"), "q-choices=status&q-choices=money&q-choices=money", `{"choices":["money","status"]}`, "", ""},
		"checklist of nothing":   {question(t, "3.1.c"), "q-text=x", `{"text":"x"}`, "", "choices"},
		"checklist, unknown":     {question(t, "3.1.c"), "q-choices=money&q-choices=x", `{"choices":["money"]}`, "q-choices: Choose from the list", ""},
		"narrative":              {question(t, "1.1.b"), "q-text=In+the+hall", `{"text":"In the hall"}`, "", ""},
		"narrative as long":      {question(t, "1.1.b"), "q-text=" + long(1000), `{"text":"` + long(1000) + `"}`, "", ""},
		"narrative too long":     {question(t, "1.1.b"), "q-text=" + long(1001), "", "q-text: The answer is too long. Use 1000 characters", ""},
		"NUL":                    {question(t, "1.1.b"), "q-text=a%00b", `{"text":"ab"}`, "q-text: The answer has a hidden character", ""},
		"number":                 {question(t, "9.13.b"), "q-number=+012.50+", `{"number":"12.5"}`, "", ""},
		"number with comma":      {question(t, "9.13.b"), "q-number=12,5", `{"number":"12.5"}`, "", ""},
		"number in groups":       {question(t, "9.13.b"), "q-number=9+999", `{"number":"9999"}`, "", ""},
		"number that may be two": {question(t, "9.13.b"), "q-number=1,250", "", "q-number: Enter a number like 1250 or 12.5", ""},
		"number too big":         {question(t, "9.13.b"), "q-number=10001", "", "q-number: Enter a number of 10000 or less", ""},
		"number too small":       {question(t, "9.13.b"), "q-number=-1", "", "q-number: Enter a number of 0 or more", ""},
		"no number":              {question(t, "9.13.b"), "q-number=many", "", "q-number: Enter a number", ""},
		"minus nothing":          {question(t, "9.13.b"), "q-number=-0,0", `{"number":"0"}`, "", ""},
		"date":                   {question(t, "9.14.b"), "q-date-day=29&q-date-month=02&q-date-year=2024", `{"date":"2024-02-29"}`, "", ""},
		"no date":                {question(t, "9.14.b"), "q-date-day=29&q-date-month=02&q-date-year=2023", "", "q-date: Enter a date that exists", ""},
		"part of a date":         {question(t, "9.14.b"), "q-date-year=2023", `{"date":"2023--"}`, "q-date: Enter a date that exists", ""},
		"table": {question(t, "3.1.d"), "q-row-0-partner=Sea+Line&q-row-0-shipments=12&q-row-2-partner=Road+Ltd&q-row-2-screened=2026-03-01&q-row-3-partner=+",
			`{"rows":[["Sea Line","12",""],["Road Ltd","","2026-03-01"]]}`, "", ""},
		"table with a bad cell": {question(t, "3.1.d"), "q-row-1-partner=A&q-row-1-shipments=many", "", "q-row-0-shipments: Enter a number", ""},
		"table with a bad day":  {question(t, "3.1.d"), "q-row-0-screened=1.3.2026", "", "q-row-0-screened: Enter a date", ""},
		"cell too long":         {question(t, "3.1.d"), "q-row-0-partner=" + long(501), "", "q-row-0-partner: This entry is too long. Use 500", ""},
		"rows that are counted": {question(t, "3.1.d"), "q-rows=1&q-row-0-partner=A&q-row-1-partner=B", `{"rows":[["A","",""]]}`, "", ""},
		"persons":               {question(t, "1.2.b"), "q-row-0-name=Ana&q-row-0-department=Sales&q-row-1-function=Guard", `{"rows":[["Ana","","","Sales",""],["","Guard","","",""]]}`, "", "row-1-name"},
		"no persons":            {question(t, "1.2.b"), "", `{}`, "", "row-0-name"},
		"file":                  {question(t, "EXP-01.b"), "q-text=Sheet+2", `{"text":"Sheet 2"}`, "", ""},
	} {
		form, err := url.ParseQuery(x.form)
		if err != nil {
			t.Fatal(err)
		}
		a, problems := given(x.q, form)
		if x.problem == "" && problems != nil || x.problem != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0], x.problem)) {
			t.Errorf("%s: problems %q; want %q", name, problems, x.problem)
		}
		got, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if x.want != "" && string(got) != x.want {
			t.Errorf("%s: %s; want %s", name, got, x.want)
		}
		if x.problem != "" {
			continue
		}
		var missing []string
		for _, f := range x.q.Missing(a) {
			missing = append(missing, f.Name)
		}
		if strings.Join(missing, " ") != x.missing {
			t.Errorf("%s: missing %q; want %q", name, missing, x.missing)
		}
		if x.q.Complete(a) != (x.missing == "" && x.want != "{}") {
			t.Errorf("%s: complete is %v", name, x.q.Complete(a))
		}
		if a.Empty() != (x.want == "{}") {
			t.Errorf("%s: empty is %v", name, a.Empty())
		}
	}
}

func TestTooManyRows(t *testing.T) {
	t.Parallel()
	q := question(t, "3.1.d")
	form := url.Values{}
	for i := range catalogue.MaxRows + 50 {
		form.Set(catalogue.CellField("q", i, "partner"), fmt.Sprint(i))
	}
	a, problems := given(q, form)
	if len(problems) != 1 || !strings.HasPrefix(problems[0], "q-rows: Enter 200 rows or fewer") || len(a.Rows) != catalogue.MaxRows {
		t.Errorf("%d rows, %q", len(a.Rows), problems)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "1250": "1250", "1.250": "1.25", "1 250": "1250", "1\u202f250,50": "1250.5", "1'250": "1250", "1,250.5": "1250.5", "1.250,5": "1250.5",
		"1,250,000": "1250000", "1.250.000": "1250000", "12,5": "12.5", "0,125": "0.125", "\u22125": "-5", "-007": "-7", "12345678901234": "12345678901234",
		"1,250": "", "1.25.000": "", "1,25,000": "", "--1": "", "1e9": "", "0x10": "", "١٢": "", "1.2345678": "", "1234567890123456": "", ".5": "", "5.": "", "+5": "", "NaN": "",
	} {
		a, problems := given(catalogue.Question{Kind: catalogue.Number}, url.Values{"q-number": {in}})
		if (problems == nil) != (want != "") || want != "" && a.Number != want {
			t.Errorf("%q became %q (%q); want %q", in, a.Number, problems, want)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	po := `msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"

msgid "Yes"
msgstr "Sí"

msgid "Reason: %s"
msgstr "Motivo: %s"
`
	c, err := i18n.Load(fstest.MapFS{"es.po": {Data: []byte(po)}})
	if err != nil {
		t.Fatal(err)
	}
	es := c.With(t.Context(), "es")
	for _, x := range []struct {
		q    string
		a    catalogue.Answer
		want string
		es   string
	}{
		{"3.1.a", catalogue.Answer{}, "", ""},
		{"3.1.a", catalogue.Answer{Choice: "yes", Text: "Policy 7"}, "Yes\nPolicy 7", "Sí\nPolicy 7"},
		{"3.1.a", catalogue.Answer{Choice: "no", Plan: "Write it", PlanOn: "2026-02-01"}, "No\nPlan: Write it\nTo be done by 1 February 2026", ""},
		{"3.1.a", catalogue.Answer{Choice: "na", Reason: "100% of it is outsourced"}, "Not applicable\nReason: 100% of it is outsourced", "Not applicable\nMotivo: 100% of it is outsourced"},
		{"3.1.c", catalogue.Answer{Choices: []string{"money", "gone"}}, "Signs of money laundering\ngone", "Indicios de blanqueo\ngone"},
		{"9.12.b", catalogue.Answer{Choice: "own"}, "Own guards", ""},
		{"9.13.b", catalogue.Answer{Number: "12"}, "12 cameras", ""},
		{"9.14.b", catalogue.Answer{Date: "2026-02-01"}, "1 February 2026", ""},
		{"3.1.d", catalogue.Answer{Rows: [][]string{{"Sea Line", "12", "2026-02-01"}, {"", "1"}}}, "Partner: Sea Line; Shipments a year: 12; Screened on: 1 February 2026\nShipments a year: 1", ""},
		{"1.2.b", catalogue.Answer{Rows: [][]string{{"Ana", "", "a@b.example", "Sales", ""}}}, "Name: Ana; Telephone or e-mail: a@b.example; Department: Sales", ""},
	} {
		q := question(t, x.q)
		if got := q.Words(t.Context(), x.a); got != x.want {
			t.Errorf("%s: %q; want %q", x.q, got, x.want)
		}
		if got := q.Words(es, x.a); x.es != "" && got != x.es {
			t.Errorf("%s in Spanish: %q; want %q", x.q, got, x.es)
		}
	}
}

// written is the form that shows an answer.
func written(q catalogue.Question, a catalogue.Answer) url.Values {
	v := url.Values{"q-choice": {a.Choice}, "q-text": {a.Text}, "q-number": {a.Number}, "q-reason": {a.Reason}, "q-plan": {a.Plan}, "q-choices": a.Choices}
	for name, day := range map[string]string{"q-plan_on": a.PlanOn, "q-date": a.Date} {
		if p := strings.Split(day, "-"); len(p) == 3 {
			v.Set(name+"-year", p[0])
			v.Set(name+"-month", p[1])
			v.Set(name+"-day", p[2])
		}
	}
	for i, row := range a.Rows {
		for j, col := range q.RowColumns() {
			v.Set(catalogue.CellField("q", i, col.Code), row[j])
		}
	}
	return v
}

// Whatever a form holds, what is kept can be stored, stays within the limits, and is the
// same when the form that shows it comes back.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"q-choice=no&q-reason=x&q-plan=y&q-plan_on-day=1&q-plan_on-month=1&q-plan_on-year=2026", "q-choices=money&q-choices=%00",
		"q-row-0-partner=a%E2%80%8B&q-row-7-shipments=1.250,5&q-row-9-screened=2026-01-01&q-rows=199", "q-text=a+%E2%80%8D&q-number=1,250,000.5", "q-text=%E2%84%AB%E2%80%8D+x",
		"q-row-0-name=%C2%A0&q-row-0-since=x&q-row-1-name=%EF%BB%BF", "q-number=-0&q-date-day=31&q-date-month=12&q-date-year=1799", "q-rows=-1&q-row-300-partner=x"} {
		f.Add(s)
	}
	e := edition(f, "2023.1")
	f.Fuzz(func(t *testing.T, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		for _, c := range e.Criteria {
			for _, q := range c.Questions {
				a, problems := given(q, form)
				q.Missing(a)
				words := q.Words(t.Context(), a)
				text, err := json.Marshal(a)
				if err != nil || strings.Contains(string(text), `\u0000`) || !utf8.Valid(text) || strings.ContainsRune(words, 0) {
					t.Fatalf("%s: %s cannot be stored: %v", q.ID, text, err)
				}
				if problems != nil {
					continue
				}
				within(t, q, a)
				var back catalogue.Answer
				if err := json.Unmarshal(text, &back); err != nil || !back.Equal(a) {
					t.Fatalf("%s: %s is read back as another: %v", q.ID, text, err)
				}
				again, problems := given(q, written(q, a))
				if problems != nil || !again.Equal(a) {
					t.Fatalf("%s: %+v became %+v, %q", q.ID, a, again, problems)
				}
			}
		}
	})
}

func within(t *testing.T, q catalogue.Question, a catalogue.Answer) {
	t.Helper()
	for what, x := range map[string]struct {
		text string
		most int
	}{
		"text": {a.Text, q.TextLimit()}, "reason": {a.Reason, catalogue.MaxReason}, "plan": {a.Plan, catalogue.MaxReason}, "number": {a.Number, 40},
		"date": {a.Date, 20}, "plan_on": {a.PlanOn, 20}, "choice": {a.Choice, 60},
	} {
		if n := utf8.RuneCountInString(x.text); n > x.most {
			t.Fatalf("%s: %s has %d characters", q.ID, what, n)
		}
	}
	if len(a.Rows) > catalogue.MaxRows || len(a.Choices) > len(q.Options) {
		t.Fatalf("%s: %d rows, %d choices", q.ID, len(a.Rows), len(a.Choices))
	}
	for _, row := range a.Rows {
		if len(row) != len(q.RowColumns()) {
			t.Fatalf("%s: a row of %d cells", q.ID, len(row))
		}
		for _, cell := range row {
			if utf8.RuneCountInString(cell) > catalogue.MaxCell {
				t.Fatalf("%s: a cell of %d characters", q.ID, len(cell))
			}
		}
	}
}
