package benefit

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"trustedtrader/app/company"
	"trustedtrader/app/entry"
	"trustedtrader/app/i18n"
	"trustedtrader/app/table"
)

// Event is one benefit event as a file has it.
type Event struct {
	Row         int // line of the file
	Part        int // which event of the row
	Kind        Kind
	Day         time.Time // midnight UTC
	Entry       string
	Line        int
	Ref         string
	Mode        string
	Port        string
	PortGroup   string
	Country     string
	Type        string
	HoldAt      time.Time // wall time at the port; zero: not known
	ReleaseAt   time.Time
	ArrivedAt   time.Time
	WaitLane    *int // minutes
	WaitGeneral *int
	Amount      string // decimal; empty: not known
	Proposed    string
	Assessed    string
	Currency    string
	Tariff      string // tells rows of one entry line apart
	TariffValue string // customs value of the tariff number alone; empty: Amount is that of the line
}

// value is a cell that was understood.
type value struct {
	text string // in one form: what an event keeps
	at   time.Time
	n    int
}

// reader makes events of rows.
type reader struct {
	data    *Data
	layout  Layout
	at      []int // column of the table for each column of the layout, -1: there is none
	serial  func(string) (time.Time, bool)
	dates   []string
	moments []string
	hot     [2]int // the form of day and moment that fitted last
	last    time.Time
	values  []value
	specs   []compiled
}

// problem is what a row has wrong.
type problem struct {
	Column  string // label of the column
	Message string
	Args    []any
	Cell    string
}

func newReader(d *Data, l Layout, columns table.Columns, serial func(string) (time.Time, bool), today time.Time) *reader {
	r := &reader{data: d, layout: l, serial: serial, values: make([]value, len(l.Columns)), last: today.AddDate(0, 0, 2)}
	for _, c := range l.Columns {
		r.at = append(r.at, columns.At(c.Name))
	}
	for _, spec := range l.Events {
		r.specs = append(r.specs, l.compile(spec))
	}
	form := strings.NewReplacer("YYYY", "2006", "YY", "06", "MMM", "Jan", "MM", "01", "M", "1", "DD", "02", "D", "2")
	for _, f := range l.Dates {
		f = form.Replace(f)
		r.dates = append(r.dates, f)
		for _, clock := range []string{" 15:04", " 15:04:05", " 3:04 PM", " 3:04:05 PM", "T15:04:05", "T15:04", ""} {
			r.moments = append(r.moments, f+clock)
		}
	}
	return r
}

// row reads the events of a row, or everything that it has wrong.
func (r *reader) row(in table.Row) (events []Event, wrong []problem) {
	for i, c := range r.layout.Columns {
		cell := in.Cell(r.at[i])
		v, message, args := r.cell(c, cell)
		if message == "" && cell == "" && c.Required {
			message = "This column must be filled"
		}
		if message != "" {
			wrong = append(wrong, problem{c.Label, message, args, entry.Head(cell, 100)})
			v = value{}
		}
		r.values[i] = v
	}
	if wrong != nil {
		return nil, wrong
	}
	for part := range r.specs {
		spec := &r.specs[part]
		if spec.when >= 0 && r.values[spec.when].text == "" {
			continue
		}
		e := r.event(spec)
		e.Row, e.Part = in.Line, part
		switch {
		case e.Day.IsZero():
			return nil, []problem{{Message: "The row has no day"}}
		case e.Kind == "":
			return nil, []problem{{Message: "The row does not say what happened"}}
		case e.Entry == "" && e.Ref == "":
			return nil, []problem{{Message: "The row has neither an entry number nor a reference"}}
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		wrong = append(wrong, problem{Message: "The row does not say what happened"})
	}
	return events, wrong
}

// from is where a field of an event comes from: the first of columns that is filled, and the
// text of and after it.
type from struct {
	columns []int // of the layout
	and     []int
	fixed   string
}

// compiled is a Spec with the numbers of its columns.
type compiled struct {
	kind         Kind
	kindOf, when int
	day, entry, line, ref, mode, port, country, kindType, hold, release, arrived, lane, general,
	amount, proposed, assessed, currency, tariff, tariffValue from
}

func (l Layout) compile(spec Spec) compiled {
	way := func(field string) (f from) {
		numbers := func(names string) (out []int) {
			for _, name := range strings.FieldsFunc(names, func(r rune) bool { return r == '|' }) {
				out = append(out, l.column(name))
			}
			return out
		}
		first, and, _ := strings.Cut(spec.From[field], "+")
		return from{numbers(first), numbers(and), spec.Fixed[field]}
	}
	c := compiled{kind: spec.Kind, kindOf: l.column(spec.KindOf), when: l.column(spec.When)}
	for field, to := range map[string]*from{"day": &c.day, "entry": &c.entry, "line": &c.line, "ref": &c.ref, "mode": &c.mode, "port": &c.port, "country": &c.country,
		"type": &c.kindType, "hold": &c.hold, "release": &c.release, "arrived": &c.arrived, "wait_lane": &c.lane, "wait_general": &c.general,
		"amount": &c.amount, "proposed": &c.proposed, "assessed": &c.assessed, "currency": &c.currency, "tariff": &c.tariff, "tariff_amount": &c.tariffValue} {
		*to = way(field)
	}
	return c
}

func (r *reader) first(columns []int) (v value) {
	for _, i := range columns {
		if v = r.values[i]; v.text != "" {
			break
		}
	}
	return v
}

func (r *reader) text(f from) string {
	text := r.first(f.columns).text
	if len(f.and) > 0 {
		text = strings.TrimSpace(text + " " + r.first(f.and).text)
	}
	if text == "" {
		return f.fixed
	}
	return text
}

func (r *reader) minutes(f from) *int {
	if v := r.first(f.columns); v.text != "" {
		return &v.n
	}
	return nil
}

func (r *reader) event(c *compiled) Event {
	e := Event{Kind: c.kind, Entry: r.text(c.entry), Line: r.first(c.line.columns).n, Ref: r.text(c.ref), Mode: r.text(c.mode), Port: r.text(c.port), Country: r.text(c.country), Type: r.text(c.kindType),
		HoldAt: r.first(c.hold.columns).at, ReleaseAt: r.first(c.release.columns).at, ArrivedAt: r.first(c.arrived.columns).at, WaitLane: r.minutes(c.lane), WaitGeneral: r.minutes(c.general),
		Amount: r.text(c.amount), Proposed: r.text(c.proposed), Assessed: r.text(c.assessed), Tariff: r.text(c.tariff)}
	if v := r.text(c.tariffValue); v != "" && len(c.amount.columns) > 1 && r.values[c.amount.columns[0]].text == "" {
		e.TariffValue = v
	}
	if day := r.first(c.day.columns).at; !day.IsZero() {
		e.Day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	}
	if c.kindOf >= 0 {
		e.Kind = Kind(r.values[c.kindOf].text)
	}
	if e.Amount != "" || e.Proposed != "" || e.Assessed != "" {
		e.Currency = r.text(c.currency)
	}
	e.PortGroup = r.data.groupOf(e.Port)
	return e
}

var (
	entryForm    = regexp.MustCompile(`^[A-Z0-9]{4,35}$`)
	decimalForm  = regexp.MustCompile(`^-?[0-9]{1,13}(\.[0-9]{1,8})?$`)
	grouped      = regexp.MustCompile(`^-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$`)
	exponentForm = regexp.MustCompile(`^[0-9](\.[0-9]+)?E\+[0-9]{1,2}$`)
)

var (
	amountSigns = strings.NewReplacer("$", "", "€", "", "£", "", " ", "", "\u00a0", "", "'", "")
	swapped     = strings.NewReplacer(",", ".", ".", ",")
)

const (
	mostText  = 60        // characters of a text
	mostWhole = 9_999_999 // of a number without decimals
)

// cell understands one cell; message says why it does not.
func (r *reader) cell(c Column, cell string) (v value, message string, args []any) {
	if cell == "" {
		return v, "", nil
	}
	switch c.Is {
	case "entry":
		v.text = entryNumber(cell)
		if !entryForm.MatchString(v.text) {
			return v, "This is not an entry number. It has 4 to 35 letters and digits", nil
		}
	case "day":
		return r.moment(cell, r.dates, &r.hot[0], time.DateOnly)
	case "moment":
		return r.moment(cell, r.moments, &r.hot[1], time.DateTime)
	case "whole":
		return whole(cell)
	case "amount":
		return r.amount(cell)
	case "list", "flag":
		return r.word(c, cell)
	case "country":
		if v.text = country(cell); v.text == "" {
			return v, "This is not the code of a country. It has two letters, such as MX", nil
		}
	case "currency":
		if v.text = strings.ToUpper(cell); len(v.text) != 3 || strings.Trim(v.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return v, "This is not the code of a currency. It has three letters, such as USD", nil
		}
	default:
		v.text = plain(cell)
	}
	return v, "", nil
}

// entryNumber is an entry number in one form. Spreadsheet programs write long ones with an
// exponent.
func entryNumber(cell string) string {
	if exponentForm.MatchString(cell) {
		if f, err := strconv.ParseFloat(cell, 64); err == nil && f < 1e15 {
			cell = strconv.FormatFloat(f, 'f', 0, 64)
		}
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c == '-' || c == ' ' || c == '.' || c == '/':
			return -1
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		}
		return c
	}, cell)
}

// plain is text as an event keeps it.
func plain(cell string) string {
	if len(cell) > mostText || !ascii(cell) {
		return strings.TrimSpace(entry.Head(strings.Map(func(c rune) rune {
			if c == '\n' || c == '\t' {
				return ' '
			}
			return c
		}, cell), mostText))
	}
	return cell
}

// ascii reports whether a text has nothing but what can be seen.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= utf8.RuneSelf || s[i] == 0x7f {
			return false
		}
	}
	return true
}

func (r *reader) moment(cell string, forms []string, hot *int, canon string) (v value, message string, args []any) {
	at, ok := r.serial(cell)
	if !ok {
		if at, ok = parse(cell, forms, hot); !ok {
			return v, "This is not a day that we can read. Write it as %s", []any{time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC).Format(r.dates[0])}
		}
	}
	if at.Year() < 1990 || at.After(r.last) {
		return v, "The day %s cannot be: it lies before 1990 or in the future", []any{at.Format(time.DateOnly)}
	}
	return value{text: at.Format(canon), at: at}, "", nil
}

// parse tries the form that fitted last, then the others.
func parse(cell string, forms []string, hot *int) (time.Time, bool) {
	if at, err := time.Parse(forms[*hot], cell); err == nil {
		return at, true
	}
	for i, f := range forms {
		if at, err := time.Parse(f, cell); err == nil {
			*hot = i
			return at, true
		}
	}
	return time.Time{}, false
}

func whole(cell string) (v value, message string, args []any) {
	n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSuffix(cell, ".0"), ",", ""))
	if err != nil || n < 0 || n > mostWhole {
		return v, "This is not a whole number from 0 to %d", []any{mostWhole}
	}
	return value{text: strconv.Itoa(n), n: n}, "", nil
}

// amount reads a decimal number with its thousands parted, a sign of the currency, and
// brackets for less than nothing, as reports print it.
func (r *reader) amount(cell string) (v value, message string, args []any) {
	s := cell
	if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
		s = "-" + s[1:len(s)-1]
	}
	s = amountSigns.Replace(s)
	if r.layout.Decimal == "," {
		s = swapped.Replace(s)
	}
	if grouped.MatchString(s) {
		s = strings.ReplaceAll(s, ",", "")
	}
	if !decimalForm.MatchString(s) {
		f, err := strconv.ParseFloat(s, 64) // a workbook writes 0.1+0.2 with more digits than there are
		if err != nil || f > 1e13 || f < -1e13 || f != f {
			return v, "This is not an amount. Write it as 1234.56", nil
		}
		s = strconv.FormatFloat(f, 'f', 8, 64)
	}
	return value{text: s}, "", nil
}

// word finds a word of a list; one that says that nothing happened is empty.
func (r *reader) word(c Column, cell string) (v value, message string, args []any) {
	if c.Is == "flag" {
		if r.data.none[strings.ToLower(cell)] {
			return v, "", nil
		}
		return value{text: "yes"}, "", nil
	}
	l := r.data.lists[c.List]
	if code := l.codes[table.Word(cell)]; code != "" {
		return value{text: code}, "", nil
	}
	if r.data.none[strings.ToLower(cell)] {
		return v, "", nil
	}
	if l.Other != "" {
		return value{text: l.Other}, "", nil
	}
	return v, "We do not know this word. Use one of: %s", []any{l.names()}
}

func (l *list) names() string {
	var out []string
	for _, v := range l.Values {
		out = append(out, v.Name)
	}
	return strings.Join(out, ", ")
}

// columnsOf are the columns of COPY, in the order of copyText.
const columnsOf = `benefit_staged (import_id, row_no, part, kind, day, month, entry_no, line, ref, mode, port, port_group, country, type, hold_at, release_at, arrived_at, wait_lane, wait_general, amount, proposed, assessed, currency, tariff, tariff_amount)`

// copyText adds an event in PostgreSQL's text format for COPY.
func (e Event) copyText(b []byte, id string) []byte {
	b = append(b, id...)
	b = strconv.AppendInt(append(b, '\t'), int64(e.Row), 10)
	b = strconv.AppendInt(append(b, '\t'), int64(e.Part), 10)
	b = text(b, string(e.Kind))
	b = e.Day.AppendFormat(append(b, '\t'), time.DateOnly)
	b = append(e.Day.AppendFormat(append(b, '\t'), "2006-01-"), "01"...)
	b = text(b, e.Entry)
	b = strconv.AppendInt(append(b, '\t'), int64(e.Line), 10)
	for _, s := range [...]string{e.Ref, e.Mode, e.Port, e.PortGroup, e.Country, e.Type} {
		b = text(b, s)
	}
	for _, at := range [...]time.Time{e.HoldAt, e.ReleaseAt, e.ArrivedAt} {
		if at.IsZero() {
			b = append(b, "\t\\N"...)
		} else {
			b = at.AppendFormat(append(b, '\t'), time.DateTime)
		}
	}
	for _, n := range [...]*int{e.WaitLane, e.WaitGeneral} {
		if n == nil {
			b = append(b, "\t\\N"...)
		} else {
			b = strconv.AppendInt(append(b, '\t'), int64(*n), 10)
		}
	}
	for _, s := range [...]string{e.Amount, e.Proposed, e.Assessed} {
		if s == "" {
			b = append(b, "\t\\N"...)
		} else {
			b = append(append(b, '\t'), s...)
		}
	}
	b = text(text(b, e.Currency), e.Tariff)
	if e.TariffValue == "" {
		return append(b, "\t\\N\n"...)
	}
	return append(append(append(b, '\t'), e.TariffValue...), '\n')
}

// text adds a field; what COPY gives a meaning is escaped.
func text(b []byte, s string) []byte {
	b = append(b, '\t')
	for i := range len(s) {
		switch c := s[i]; c {
		case '\\':
			b = append(b, '\\', '\\')
		case '\t', '\n', '\r', 0:
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
	}
	return b
}

// countryNames are the codes of countries by code and by English name.
var countryNames = sync.OnceValue(func() map[string]string {
	out := map[string]string{"usa": "US", "uk": "GB"}
	for _, code := range company.Countries() {
		out[strings.ToLower(code)] = code
		out[strings.ToLower(i18n.Country(context.Background(), code))] = code
	}
	return out
})

func country(cell string) string { return countryNames()[strings.ToLower(cell)] }
