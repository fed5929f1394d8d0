package baseline

import (
	"cmp"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
	"trustedtrader/app/programme"
	"trustedtrader/app/table"
)

// Wrong is a problem of a row of a file.
type Wrong struct {
	Line   int         // as people count
	Column string      // English source text; empty: the row
	What   fault.Field // says what to do
	Cell   string
}

// Column is a column of a file.
type Column struct {
	Name     string
	Label    string // English source text
	Help     string // English source text
	Required bool
	aliases  []string
}

// Columns are what a file may have.
func Columns() []Column {
	return []Column{
		{"period", "Period", "A month (2025-03), a quarter (2025-Q1) or a year (2025). Or leave it out and use From and To", false, []string{"month", "quarter", "year", "time", "period of entry", "fiscal period"}},
		{"from", "From", "First month, such as 2025-01", false, []string{"from month", "first month", "start", "begin", "period from"}},
		{"to", "To", "Last month, such as 2025-06", false, []string{"to month", "last month", "until", "end", "through", "period to"}},
		{"mode", "Mode of transport", "Sea, rail, truck, air or other", true, []string{"mode", "mode of transportation", "mot", "transport mode", "transport"}},
		{"port", "Port group", "A group of ports, or all, or other", true, []string{"ports", "port", "group of ports", "portgroup", "port cluster"}},
		{"type", "Entity type", "A kind of member of the programme", true, []string{"entity", "kind of company", "company type", "type", "business type", "kind of member", "cohort"}},
		{"shipments", "Shipments", "How many entries came in", true, []string{"entries", "shipment count", "number of shipments", "number of entries", "total shipments"}},
		{"exams", "Exams", "How many of these shipments were examined", true, []string{"examined", "examinations", "examined shipments", "exam count", "number of exams", "shipments examined"}},
		{"companies", "Companies", "How many companies are behind the numbers", true, []string{"company count", "number of companies", "importers", "firms", "traders"}},
		{"hold", "Median hold in hours", "From hold to release of what was examined, such as 26.5. Leave it empty if it is not known", false, []string{"median hold", "hold hours", "median hold hours", "hold", "hold time", "median hold time", "hours held"}},
	}
}

// sheet makes cohorts of the rows of a file.
type sheet struct {
	modes    words
	ports    words
	types    words
	asOf     clock.Day
	serial   func(string) (time.Time, bool)
	columns  table.Columns
	kept     []Cohort
	leftOut  int
	problems int
	wrong    []Wrong // the first of them
	seen     []seen
}

// seen is a row whose cell and period were understood.
type seen struct {
	line int
	Cohort
}

// words are what a column may hold: codes, and what else stands for them.
type words struct {
	codes []string
	known map[string]string
}

func (w *words) add(code string, names ...string) {
	if w.known == nil {
		w.known = map[string]string{}
	}
	w.codes = append(w.codes, code)
	for _, n := range append(names, code) {
		w.known[table.Word(n)] = code
	}
}

func newSheet(data *benefit.Data, p *programme.Programme, asOf clock.Day) *sheet {
	s := &sheet{asOf: asOf}
	for _, w := range data.Words("modes") {
		s.modes.add(w.Code, append(w.Aliases, w.Name)...)
	}
	s.ports.add(AllPorts, "all ports", "total")
	s.ports.add(OtherPorts, "others", "other ports")
	for _, g := range data.Ports {
		s.ports.add(g.Code, g.Name)
	}
	for _, e := range p.EntityTypes() {
		s.types.add(e.Code, e.Name)
	}
	return s
}

// read reads every row. The error is one of the file as a whole.
func (s *sheet) read(file io.Reader) (err error) {
	var fields []table.Field
	for _, c := range Columns() {
		fields = append(fields, table.Field{Name: c.Name, Aliases: append([]string{c.Name, c.Label}, c.aliases...), Required: c.Required})
	}
	heading := func(cells []string) bool { return len(table.Match(cells, fields, nil).Missing(fields)) == 0 }
	t, err := table.Open(file, table.Options{Bytes: MostBytes, Rows: MostRows, Columns: mostColumns, Cell: mostCell, Unpacked: 40 << 20, Heading: heading})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	if err := s.place(t, fields); err != nil {
		return err
	}
	for {
		r, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		s.row(r)
	}
	s.overlaps()
	return nil
}

// place finds the columns, and names all that are missing by their labels.
func (s *sheet) place(t *table.Table, fields []table.Field) error {
	s.columns, s.serial = table.Match(t.Heading(), fields, nil), t.Time
	var missing []string
	for _, c := range Columns() {
		if c.Required && s.columns.At(c.Name) < 0 {
			missing = append(missing, c.Label)
		}
	}
	if s.columns.At("period") < 0 && (s.columns.At("from") < 0 || s.columns.At("to") < 0) {
		missing = append(missing, "Period (or From and To)")
	}
	if missing != nil {
		return fault.Fail([]fault.Field{fault.F("file", "The first row must name the columns. These are missing: %s", strings.Join(missing, ", "))})
	}
	return nil
}

func (s *sheet) bad(line int, column, cell, message string, args ...any) {
	if s.problems++; len(s.wrong) < mostWrong {
		for _, c := range Columns() {
			if c.Name == column {
				column = c.Label
			}
		}
		s.wrong = append(s.wrong, Wrong{line, column, fault.F("file", message, args...), entry.Head(cell, 60)})
	}
}

func (s *sheet) row(r table.Row) {
	before := s.problems
	cell := func(column string) string { return r.Cell(s.columns.At(column)) }
	var c Cohort
	c.FirstMonth, c.LastMonth = s.period(r.Line, cell("period"), cell("from"), cell("to"))
	c.Mode = s.choose(r.Line, "mode", cell("mode"), s.modes)
	c.PortGroup = s.choose(r.Line, "port", cell("port"), s.ports)
	c.EntityType = s.choose(r.Line, "type", cell("type"), s.types)
	cells := s.problems == before
	c.Shipments = s.whole(r.Line, "shipments", cell("shipments"))
	c.Exams = s.whole(r.Line, "exams", cell("exams"))
	c.Companies = s.whole(r.Line, "companies", cell("companies"))
	c.HoldMinutes = s.hold(r.Line, cell("hold"))
	if c.Exams > c.Shipments && c.Shipments >= 0 {
		s.bad(r.Line, "exams", cell("exams"), "There are more exams than shipments. Count each examined shipment once")
	}
	if c.Companies > c.Shipments && c.Shipments >= 0 {
		s.bad(r.Line, "companies", cell("companies"), "There are more companies than shipments. Count companies with a shipment in the period")
	}
	if cells {
		s.seen = append(s.seen, seen{r.Line, c})
	}
	switch {
	case s.problems > before:
	case c.Companies < Fewest:
		s.leftOut++
	default:
		s.kept = append(s.kept, c)
	}
}

var (
	monthForm   = regexp.MustCompile(`^([0-9]{4})[-/. ]?([0-9]{1,2})$`)
	quarterForm = regexp.MustCompile(`^([0-9]{4})q([1-4])$|^q([1-4])([0-9]{4})$`)
	yearForm    = regexp.MustCompile(`^[0-9]{4}$`)
)

func (s *sheet) period(line int, period, from, to string) (first, last clock.Day) {
	var ok bool
	switch {
	case period != "":
		if first, last, ok = s.span(period); !ok {
			s.bad(line, "period", period, "Write the period as 2025-03, 2025-Q1 or 2025")
			return
		}
	case from == "" && to == "":
		s.bad(line, "period", "", "Enter the period")
		return
	default:
		if first, ok = s.month(from); !ok {
			s.bad(line, "from", from, "Write the month as 2025-03")
			return
		}
		if last, ok = s.month(to); !ok {
			s.bad(line, "to", to, "Write the month as 2025-03")
			return
		}
	}
	switch months := (last.Year()-first.Year())*12 + int(last.Month()) - int(first.Month()) + 1; {
	case months < 1:
		s.bad(line, "to", to, "The period ends before it begins")
	case months > mostMonths:
		s.bad(line, "to", to, "The period is longer than %d months. Split it", mostMonths)
	case last.AddMonths(1).AddDays(-1).After(s.asOf):
		s.bad(line, "period", cmp.Or(period, to), "The period is not over on the as-of day %s. Leave it out until it is", s.asOf.String())
	}
	return first, last
}

// span reads a month, a quarter or a year.
func (s *sheet) span(cell string) (first, last clock.Day, ok bool) {
	if yearForm.MatchString(cell) {
		first, ok = january(cell, 0)
		return first, first.AddMonths(11), ok
	}
	if q := quarterForm.FindStringSubmatch(table.Word(cell)); q != nil {
		n, _ := strconv.Atoi(q[2] + q[3]) // one of them is empty
		first, ok = january(q[1]+q[4], (n-1)*3)
		return first, first.AddMonths(2), ok
	}
	first, ok = s.month(cell)
	return first, first, ok
}

// month reads a month; a workbook has it as one of its days.
func (s *sheet) month(cell string) (clock.Day, bool) {
	if m := monthForm.FindStringSubmatch(cell); m != nil {
		if n, _ := strconv.Atoi(m[2]); n >= 1 && n <= 12 {
			if day, ok := january(m[1], n-1); ok {
				return day, true
			}
		}
	}
	if at, ok := s.serial(cell); ok {
		return january(strconv.Itoa(at.Year()), int(at.Month())-1)
	}
	return clock.Day{}, false
}

// january is the first day of a year, months later.
func january(year string, months int) (clock.Day, bool) {
	y, err := strconv.Atoi(year)
	if err != nil || y < 1990 || y > 2200 {
		return clock.Day{}, false
	}
	day, err := clock.NewDay(y, time.January, 1)
	return day.AddMonths(months), err == nil
}

// choose finds one of the words that a column may hold.
func (s *sheet) choose(line int, column, cell string, from words) string {
	if code := from.known[table.Word(cell)]; code != "" {
		return code
	}
	known := strings.Join(from.codes, ", ")
	if cell == "" {
		s.bad(line, column, cell, "This column must be filled. Use one of: %s", known)
	} else {
		s.bad(line, column, cell, "We do not know this word. Use one of: %s", known)
	}
	return ""
}

const mostCount = 9_999_999_999

var wholeForm = regexp.MustCompile(`^([0-9]{1,10}|[0-9]{1,3}([, ][0-9]{3}){1,3})(\.0+)?$`)

// whole reads a number of things, -1 if it cannot.
func (s *sheet) whole(line int, column, cell string) int {
	text, _, _ := strings.Cut(strings.NewReplacer(",", "", " ", "").Replace(cell), ".")
	n, err := strconv.Atoi(text)
	switch {
	case cell == "":
		s.bad(line, column, cell, "This column must be filled")
	case !wholeForm.MatchString(cell) || err != nil || n > mostCount || column == "companies" && n > math.MaxInt32:
		s.bad(line, column, cell, "This is not a whole number. Write it as 1234")
	default:
		return n
	}
	return -1
}

var hoursForm = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]+|,[0-9]{1,2})?$`)

// hold reads hours as minutes.
func (s *sheet) hold(line int, cell string) *int {
	if cell == "" {
		return nil
	}
	hours, err := strconv.ParseFloat(strings.Replace(cell, ",", ".", 1), 64)
	minutes := int(math.Round(hours * 60))
	if !hoursForm.MatchString(cell) || err != nil || minutes > 525_600 {
		s.bad(line, "hold", cell, "Write the hours as 26.5, a year at most")
		return nil
	}
	return &minutes
}

// overlaps finds rows of one cell whose periods have a month in common: it would count twice.
func (s *sheet) overlaps() {
	order := func(x, y seen) int {
		return cmp.Or(cmp.Compare(x.Mode, y.Mode), cmp.Compare(x.PortGroup, y.PortGroup), cmp.Compare(x.EntityType, y.EntityType), x.FirstMonth.Compare(y.FirstMonth), cmp.Compare(x.line, y.line))
	}
	slices.SortFunc(s.seen, order)
	for i := 1; i < len(s.seen); i++ {
		x, y := s.seen[i-1], s.seen[i]
		if x.Mode != y.Mode || x.PortGroup != y.PortGroup || x.EntityType != y.EntityType {
			continue
		}
		if !y.FirstMonth.After(x.LastMonth) {
			s.bad(y.line, "period", "", "Row %d has the same mode, ports and entity type, and a month in common. Keep one of them", x.line)
		}
		if x.LastMonth.After(y.LastMonth) { // it may reach the next one too
			s.seen[i].LastMonth, s.seen[i].line = x.LastMonth, x.line
		}
	}
	slices.SortStableFunc(s.wrong, func(x, y Wrong) int { return cmp.Compare(x.Line, y.Line) })
}
