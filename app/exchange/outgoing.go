package exchange

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/entry"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
)

// outgoing is a profile on its way into a file.
type outgoing struct {
	by      identity.Actor
	p       *profile.Profile
	last    *profile.Profile // the one before; nil when there is none
	section string           // empty: all of them
	now     time.Time
}

func (x *outgoing) fileName(ending string) string {
	name := x.p.Cycle.Reference
	if x.section != "" {
		name += "-" + x.section
	}
	return name + "-" + x.today() + "." + ending
}

func (x *outgoing) today() string { return clock.DayOf(x.now, x.p.Firm.Zone).String() }

// has reports whether a section has criteria of its own for this kind of member.
func (x *outgoing) has(section string) bool {
	return slices.ContainsFunc(x.p.Form.Criteria, func(c catalogue.Criterion) bool { return home(c) == section })
}

// home is the section whose sheet a criterion stands on; others only name it.
func home(c catalogue.Criterion) string {
	if len(c.Sections) == 0 {
		return ""
	}
	return c.Sections[0]
}

// spot is one answer: of the company, or the exception of a site.
type spot struct {
	criterion catalogue.Criterion
	question  catalogue.Question
	first     bool // of its criterion
	site      uuid.UUID
	place     string
	given     profile.Given
	open      bool // the person may change it now
}

// spots are the answers of a section in order.
func (x *outgoing) spots(ctx context.Context, section string) (out []spot) {
	for _, c := range x.p.Form.Criteria {
		if home(c) != section {
			continue
		}
		open, first := x.p.WhyNot(x.by, c.ID) == "", true
		for _, q := range c.Questions {
			s := spot{criterion: c, question: q, first: first, place: i18n.T(ctx, "The company"), open: open}
			s.given, _ = x.p.Given(q.ID, uuid.Nil)
			out, first = append(out, s), false
			for _, site := range x.p.Sites {
				if given, ok := x.p.Given(q.ID, site.ID); ok {
					out = append(out, spot{criterion: c, question: q, site: site.ID, place: site.Name, given: given, open: open})
				}
			}
		}
	}
	return out
}

// before is last cycle's answer in words.
func (x *outgoing) before(ctx context.Context, s spot) string {
	if x.last == nil {
		return ""
	}
	_, q, ok := x.last.Form.Question(s.question.ID)
	if !ok {
		return ""
	}
	g, _ := x.last.Given(q.ID, s.site)
	return q.Words(ctx, g.Value)
}

func (s spot) siteID() string {
	if s.site == uuid.Nil {
		return ""
	}
	return s.site.String()
}

func level(ctx context.Context, l catalogue.Level) string {
	if l == catalogue.Must {
		return i18n.T(ctx, "Must")
	}
	return i18n.T(ctx, "Should")
}

func number(ctx context.Context, c catalogue.Criterion) string {
	id, mark := c.Label()
	if mark != "" {
		id += " (" + i18n.T(ctx, mark) + ")"
	}
	return id
}

// asked is a question with its unit, and what to write where that is not plain.
func (s spot) asked(ctx context.Context) string {
	q := s.question
	text := say(ctx, q.Text)
	if unit := say(ctx, q.Unit); unit != "" {
		text += " (" + unit + ")"
	}
	switch q.Kind {
	case catalogue.Date:
		text += "\n" + i18n.T(ctx, "Write the date as year-month-day: 2026-01-31")
	case catalogue.File:
		text += "\n" + i18n.T(ctx, "Attach the file in the portal. Here you can write a note to it")
	}
	return text
}

// csv writes every answer: CSV as of RFC 4180 in UTF-8, with a byte order mark, without
// which spreadsheet programs misread accents.
func (x *outgoing) csv(ctx context.Context) ([]byte, error) {
	t := func(text string) string { return i18n.T(ctx, text) }
	b := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(b)
	w.UseCRLF = true
	lines := [][]string{{t("Section"), t("Criterion"), t("Must or should"), t("Statement"), t("Place"), t("Question"), t("Answer"), t("Last time"), t("State"), t("Changed on"), t("Changed by")}}
	for _, section := range x.p.Form.Edition.Sections {
		for _, s := range x.spots(ctx, section.ID) {
			at := ""
			if !s.given.At.IsZero() {
				at = clock.DayOf(s.given.At, x.p.Firm.Zone).String()
			}
			lines = append(lines, []string{say(ctx, section.Title), number(ctx, s.criterion), level(ctx, s.criterion.Level), say(ctx, s.criterion.Requirement), s.place,
				say(ctx, s.question.Text), s.question.Words(ctx, s.given.Value), x.before(ctx, s), t(x.p.State(s.criterion.ID).State.Name()), at, s.given.Author})
		}
	}
	for _, line := range lines {
		for i := range line {
			line[i] = entry.Inert(line[i])
		}
	}
	if err := w.WriteAll(lines); err != nil {
		return nil, fmt.Errorf("write a profile as CSV: %w", err)
	}
	return b.Bytes(), nil
}

// Rows of the sheets: the first one is hidden and names the columns.
const (
	firstOfQuestions = 3 // as a program counts, from 1
	firstOfTable     = 3 // as this package counts, from 0
	spareRows        = 20
)

// writer writes a workbook.
type writer struct {
	ctx   context.Context
	x     *outgoing
	f     *excelize.File
	names []string // of sheets
	lists [][]any  // rows of the sheet with the lists to choose from
	cells map[string]string

	hidden, head, fixed, strong, free, shut int
}

const (
	listSheet = "Lists"
	listYesNo = "yes_no"
	listMark  = "mark"
)

// workbook writes the profile as XLSX. No cell is a formula: every text is written as a
// text, in cells that stay texts when somebody types into them.
func (x *outgoing) workbook(ctx context.Context) (body []byte, err error) {
	w := &writer{ctx: ctx, x: x, f: excelize.NewFile(), cells: map[string]string{}}
	defer func() {
		if e := w.f.Close(); err == nil && e != nil {
			err = fmt.Errorf("write a workbook: %w", e)
		}
	}()
	if err := w.all(); err != nil {
		return nil, fmt.Errorf("write a workbook: %w", err)
	}
	var b bytes.Buffer
	if err := w.f.Write(&b); err != nil {
		return nil, fmt.Errorf("write a workbook: %w", err)
	}
	return b.Bytes(), nil
}

func (w *writer) t(text string, args ...any) string { return i18n.T(w.ctx, text, args...) }

func (w *writer) all() error {
	if err := w.styles(); err != nil {
		return err
	}
	if err := w.f.SetDocProps(&excelize.DocProperties{Title: w.t("Security profile %s", w.x.p.Cycle.Reference), Creator: w.x.p.Firm.Name}); err != nil {
		return err
	}
	first := w.name(w.t("Read me"))
	if err := w.f.SetSheetName("Sheet1", first); err != nil {
		return err
	}
	if err := w.readMe(first); err != nil {
		return err
	}
	w.lists = [][]any{{"list", "text", "code"}}
	w.list(listYesNo, [][2]string{{w.t("Yes"), catalogue.Yes}, {w.t("No"), catalogue.No}, {w.t("Not applicable"), catalogue.NotApplicable}})
	w.list(listMark, [][2]string{{mark, mark}})
	type own struct {
		sheet string
		spot  spot
	}
	var tables []own
	w.names = append(w.names, strings.ToLower(listSheet))
	for _, section := range w.x.p.Form.Edition.Sections {
		if w.x.section != "" && section.ID != w.x.section {
			continue
		}
		spots := w.x.spots(w.ctx, section.ID)
		if len(spots) == 0 {
			continue
		}
		sheets := map[int]string{}
		sheet := w.name(say(w.ctx, section.Title))
		if _, err := w.f.NewSheet(sheet); err != nil {
			return err
		}
		for i, s := range spots {
			if s.question.Kind == catalogue.Table || s.question.Kind == catalogue.Persons {
				label := s.question.ID
				if s.site != uuid.Nil {
					label += " " + s.place
				}
				sheets[i] = w.name(w.t("Table %s", label))
				tables = append(tables, own{sheets[i], s})
			}
		}
		if err := w.questions(sheet, spots, sheets); err != nil {
			return fmt.Errorf("section %s: %w", section.ID, err)
		}
	}
	for _, o := range tables {
		if _, err := w.f.NewSheet(o.sheet); err != nil {
			return err
		}
		if err := w.table(o.sheet, o.spot); err != nil {
			return fmt.Errorf("table %s: %w", o.spot.question.ID, err)
		}
	}
	return w.writeLists()
}

func (w *writer) styles() (err error) {
	border := []excelize.Border{}
	for _, side := range []string{"left", "right", "top", "bottom"} {
		border = append(border, excelize.Border{Type: side, Color: "A9AEB1", Style: 1})
	}
	top := &excelize.Alignment{WrapText: true, Vertical: "top"}
	locked, unlocked := &excelize.Protection{Locked: true}, &excelize.Protection{Locked: false}
	fill := func(color string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
	}
	for _, s := range []struct {
		id    *int
		style *excelize.Style
	}{
		{&w.hidden, &excelize.Style{Protection: locked, NumFmt: 49}},
		{&w.head, &excelize.Style{Font: &excelize.Font{Bold: true, Family: "Calibri", Size: 11}, Fill: fill("DFE1E2"), Alignment: top, Border: border, Protection: locked}},
		{&w.fixed, &excelize.Style{Alignment: top, Border: border, Protection: locked, NumFmt: 49}},
		{&w.strong, &excelize.Style{Font: &excelize.Font{Bold: true, Family: "Calibri", Size: 11}, Alignment: top, Protection: locked, NumFmt: 49}},
		{&w.free, &excelize.Style{Fill: fill("FFF8DB"), Alignment: top, Border: border, Protection: unlocked, NumFmt: 49}},
		{&w.shut, &excelize.Style{Fill: fill("F0F0F0"), Alignment: top, Border: border, Protection: locked, NumFmt: 49}},
	} {
		if *s.id, err = w.f.NewStyle(s.style); err != nil {
			return err
		}
	}
	return nil
}

// name makes the name of a sheet: at most 31 characters, none of them special, each once.
func (w *writer) name(wanted string) string {
	clean := strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]`, r) || r < ' ' {
			return ' '
		}
		return r
	}, wanted), " '")
	if clean == "" {
		clean = "Sheet"
	}
	for n := 1; ; n++ {
		ending := ""
		if n > 1 {
			ending = " " + strconv.Itoa(n)
		}
		name := strings.TrimRight(entry.Head(clean, 31-len(ending)), " '") + ending
		if !slices.Contains(w.names, strings.ToLower(name)) {
			w.names = append(w.names, strings.ToLower(name))
			return name
		}
	}
}

// list adds a list to choose from.
func (w *writer) list(name string, options [][2]string) {
	from := len(w.lists) + 1
	for _, o := range options {
		w.lists = append(w.lists, []any{name, inert(o[0]), o[1]})
	}
	w.cells[name] = fmt.Sprintf("%s!$B$%d:$B$%d", listSheet, from, len(w.lists))
}

func (w *writer) writeLists() error {
	if _, err := w.f.NewSheet(listSheet); err != nil {
		return err
	}
	for i, row := range w.lists {
		if err := w.f.SetSheetRow(listSheet, "A"+strconv.Itoa(i+1), &row); err != nil {
			return err
		}
	}
	if err := w.protect(listSheet); err != nil {
		return err
	}
	return w.f.SetSheetVisible(listSheet, false)
}

func (w *writer) protect(sheet string) error {
	return w.f.ProtectSheet(sheet, &excelize.SheetProtectionOptions{SelectLockedCells: true, SelectUnlockedCells: true, FormatColumns: true, FormatRows: true})
}

// stream begins a sheet: what is not in rows comes first.
func (w *writer) stream(sheet string, title string, valid []*excelize.DataValidation) (*excelize.StreamWriter, error) {
	fit, landscape, wide, tall, paper := true, "landscape", 1, 0, 9
	if err := w.f.SetSheetProps(sheet, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return nil, err
	}
	if err := w.f.SetPageLayout(sheet, &excelize.PageLayoutOptions{Orientation: &landscape, FitToWidth: &wide, FitToHeight: &tall, Size: &paper}); err != nil {
		return nil, err
	}
	if title != "" {
		if err := w.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + strings.ReplaceAll(sheet, "'", "''") + "'!" + title, Scope: sheet}); err != nil {
			return nil, err
		}
	}
	for _, v := range valid {
		if err := w.f.AddDataValidation(sheet, v); err != nil {
			return nil, err
		}
	}
	if err := w.protect(sheet); err != nil {
		return nil, err
	}
	return w.f.NewStreamWriter(sheet)
}

func styled(style int, texts ...string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = excelize.Cell{StyleID: style, Value: inert(text)}
	}
	return out
}

// Heights of rows, in points; no program takes more than 409.
const (
	lineHeight = 15.0
	mostHeight = 400.0
)

// tall is the height that a row needs: not every program works it out for itself.
func tall(row []any, widths []float64) excelize.RowOpts {
	most := 1
	for i, width := range widths {
		c, _ := row[i].(excelize.Cell)
		text, _ := c.Value.(string)
		n := 0
		for part := range strings.SplitSeq(text, "\n") {
			n += 1 + utf8.RuneCountInString(part)*10/int(width*9)
		}
		most = max(most, n)
	}
	return excelize.RowOpts{Height: min(float64(most)*lineHeight, mostHeight)}
}

func (w *writer) readMe(sheet string) error {
	s, err := w.stream(sheet, "", nil)
	if err != nil {
		return err
	}
	if err := s.SetColWidth(1, 1, 26); err != nil {
		return err
	}
	if err := s.SetColWidth(2, 2, 100); err != nil {
		return err
	}
	p := w.x.p
	what := w.t("The whole profile")
	if i := slices.IndexFunc(p.Form.Edition.Sections, func(s catalogue.Section) bool { return s.ID == w.x.section }); i >= 0 {
		what = say(w.ctx, p.Form.Edition.Sections[i].Title)
	}
	rows := [][2]string{
		{w.t("Company"), p.Firm.Name},
		{w.t("Security profile"), p.Cycle.Reference},
		{w.t("Criteria"), say(w.ctx, p.Form.Edition.Title) + ", " + w.t("edition %s", p.Form.Edition.ID)},
		{w.t("What is in it"), what},
		{w.t("As of"), i18n.DateTime(w.ctx, w.x.now, p.Firm.Zone)},
		{"", ""},
		{w.t("How to fill it in"), w.t("Write only into the yellow cells. Everything else is locked: it says what is asked, and which answer is whose.")},
		{"", w.t("Where a cell has a list, choose from it. A list of options has one row per option: write x where it applies.")},
		{"", w.t("Tables and lists of persons have sheets of their own, at the end.")},
		{"", w.t("No to a must asks for a plan and the date until when. No to a should, and not applicable, ask for a reason.")},
		{"", w.t("Write dates as year-month-day: 2026-01-31.")},
		{"", w.t("An empty cell means that you give no answer here. It never deletes an answer. To delete one, use the portal.")},
		{"", w.t("Files cannot be put into this workbook. Attach them in the portal.")},
		{w.t("How to send it back"), w.t("Open the profile in the portal, choose Work offline, and send this file. You see first what would change, and choose what is taken over.")},
		{"", w.t("When a colleague has changed an answer meanwhile, you see both and choose.")},
		{"", w.t("Use this file only for this profile. Keep it to yourself: it is confidential.")},
	}
	for i, row := range rows {
		cells := []any{excelize.Cell{StyleID: w.strong, Value: inert(row[0])}, excelize.Cell{StyleID: w.fixed, Value: inert(row[1])}}
		if err := s.SetRow("A"+strconv.Itoa(i+1), cells, tall(cells, []float64{26, 100})); err != nil {
			return err
		}
	}
	return s.Flush()
}

// questions writes the sheet of a section; sheets are those of its tables.
func (w *writer) questions(sheet string, spots []spot, sheets map[int]string) error {
	var rows [][]any
	ranges := map[string][]string{} // by list: the cells that choose from it
	for i, s := range spots {
		n := firstOfQuestions + len(rows)
		list := ""
		switch s.question.Kind {
		case catalogue.YesNo:
			list = listYesNo
		case catalogue.Choice:
			list = s.question.ID
			if _, ok := w.cells[list]; !ok {
				options := [][2]string{}
				for _, o := range s.question.Options {
					options = append(options, [2]string{say(w.ctx, o.Text), o.Code})
				}
				w.list(list, options)
			}
		}
		if list != "" && s.open {
			ranges[list] = append(ranges[list], fmt.Sprintf("F%d", n))
		}
		rows = append(rows, w.row(s, list, sheets[i]))
		if s.question.Kind != catalogue.Checklist {
			continue
		}
		for _, o := range s.question.Options {
			if s.open {
				ranges[listMark] = append(ranges[listMark], fmt.Sprintf("F%d", firstOfQuestions+len(rows)))
			}
			rows = append(rows, w.option(s, o))
		}
	}
	var valid []*excelize.DataValidation
	names := make([]string, 0, len(ranges))
	for name := range ranges {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		v := excelize.NewDataValidation(true)
		v.Sqref = strings.Join(ranges[name], " ")
		v.SetSqrefDropList(w.cells[name])
		v.SetError(excelize.DataValidationErrorStyleStop, w.t("Choose from the list"), w.t("Choose one of the answers in the list, or leave the cell empty."))
		valid = append(valid, v)
	}
	s, err := w.stream(sheet, "$2:$2", valid)
	if err != nil {
		return err
	}
	widths := []float64{12, 9, 46, 16, 46, 18, 46, 32, 32, 14, 36, 16}
	if err := w.columns(s, widths, keyCriterion+1, keys); err != nil {
		return err
	}
	if err := s.SetRow("A1", styled(w.hidden, keyNames[:]...), excelize.RowOpts{Hidden: true}); err != nil {
		return err
	}
	heads := []string{w.t("Criterion"), w.t("Must or should"), w.t("Statement"), w.t("Place"), w.t("Question"), w.t("Answer"), w.t("Text or details"), w.t("Reason"),
		w.t("Plan"), w.t("Plan until"), w.t("Last time"), w.t("State")}
	if err := s.SetRow("A2", styled(w.head, heads...), tall(styled(w.head, heads...), widths)); err != nil {
		return err
	}
	for i, row := range rows {
		if err := s.SetRow("A"+strconv.Itoa(firstOfQuestions+i), row, tall(row, widths)); err != nil {
			return err
		}
	}
	return s.Flush()
}

// columns sets widths, hides the last columns and keeps the heading in sight.
func (w *writer) columns(s *excelize.StreamWriter, widths []float64, hideFrom, hideTo int) error {
	for i, width := range widths {
		if err := s.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := s.SetColVisible(hideFrom, hideTo, false); err != nil {
		return err
	}
	below := firstOfQuestions - 1
	return s.SetPanes(&excelize.Panes{Freeze: true, XSplit: 1, YSplit: below, TopLeftCell: fmt.Sprintf("B%d", below+1), ActivePane: "bottomRight"})
}

// ids are the hidden cells that say which answer a row is.
func (s spot) ids(x *outgoing, part, list string) map[int]string {
	return map[int]string{keyCriterion: s.criterion.ID, keyQuestion: s.question.ID, keySite: s.siteID(), keyVersion: strconv.Itoa(s.given.Version),
		keyEdition: x.p.Cycle.EditionHash, keyCycle: x.p.Cycle.ID.String(), keyPart: part, keyList: list}
}

func (w *writer) row(s spot, list, sheet string) []any {
	q, a := s.question, s.given.Value
	text := map[int]string{keyNumber: number(w.ctx, s.criterion), keyLevel: level(w.ctx, cmpLevel(q.Level, s.criterion.Level)), keyPlace: s.place, keyAsked: s.asked(w.ctx),
		keyLast: w.x.before(w.ctx, s), keyState: w.t(w.x.p.State(s.criterion.ID).State.Name()), keyText: a.Text, keyReason: a.Reason, keyPlan: a.Plan, keyPlanOn: a.PlanOn}
	if s.first {
		text[keyStatement] = say(w.ctx, s.criterion.Requirement)
	}
	free := map[int]bool{}
	switch q.Kind {
	case catalogue.YesNo:
		free = map[int]bool{keyAnswer: true, keyText: true, keyReason: true, keyPlan: true, keyPlanOn: true}
		text[keyAnswer] = q.Words(w.ctx, catalogue.Answer{Choice: a.Choice})
	case catalogue.Choice:
		free = map[int]bool{keyAnswer: true, keyText: true}
		text[keyAnswer] = q.Words(w.ctx, catalogue.Answer{Choice: a.Choice})
	case catalogue.Checklist:
		free = map[int]bool{keyText: true}
	case catalogue.Narrative, catalogue.File:
		free = map[int]bool{keyText: true}
	case catalogue.Number:
		free, text[keyAnswer] = map[int]bool{keyAnswer: true}, a.Number
	case catalogue.Date:
		free, text[keyAnswer] = map[int]bool{keyAnswer: true}, a.Date
	case catalogue.Table, catalogue.Persons:
		text[keyText] = w.t("See the sheet %s", sheet)
	}
	return w.line(s, text, free, s.ids(w.x, "", list))
}

func cmpLevel(part, whole catalogue.Level) catalogue.Level {
	if part != "" {
		return part
	}
	return whole
}

// option is the row of one option of a checklist.
func (w *writer) option(s spot, o catalogue.Option) []any {
	text := map[int]string{keyNumber: number(w.ctx, s.criterion), keyPlace: s.place, keyAsked: "    " + say(w.ctx, o.Text)}
	if slices.Contains(s.given.Value.Choices, o.Code) {
		text[keyAnswer] = mark
	}
	return w.line(s, text, map[int]bool{keyAnswer: true}, s.ids(w.x, partOption+o.Code, ""))
}

func (w *writer) line(s spot, text map[int]string, free map[int]bool, ids map[int]string) []any {
	out := make([]any, keys)
	for key := range keys {
		style, value := w.fixed, inert(text[key])
		switch {
		case key >= keyCriterion:
			style, value = w.hidden, ids[key]
		case free[key] && s.open:
			style = w.free
		case key >= keyAnswer && key <= keyPlanOn:
			style = w.shut
		}
		out[key] = excelize.Cell{StyleID: style, Value: value}
	}
	return out
}

// table writes the sheet of one table.
func (w *writer) table(sheet string, sp spot) error {
	s, err := w.stream(sheet, "$3:$3", nil)
	if err != nil {
		return err
	}
	columns := sp.question.RowColumns()
	widths := make([]float64, len(columns))
	keysRow, heads := make([]string, 0, len(columns)+len(tableIDs)), make([]string, len(columns))
	for i, c := range columns {
		widths[i], heads[i] = 34, w.t(say(w.ctx, c.Text))
		if c.Kind == catalogue.Date {
			widths[i], heads[i] = 22, heads[i]+" ("+w.t("year-month-day")+")"
		}
		keysRow = append(keysRow, columnKey+c.Code)
	}
	for i, width := range widths {
		if err := s.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := s.SetColVisible(len(columns)+1, len(columns)+len(tableIDs), false); err != nil {
		return err
	}
	if err := s.SetPanes(&excelize.Panes{Freeze: true, YSplit: firstOfTable, TopLeftCell: "A" + strconv.Itoa(firstOfTable+1), ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	ids := sp.ids(w.x, "", "")
	hidden := make([]string, 0, len(tableIDs))
	for _, key := range tableIDs {
		keysRow, hidden = append(keysRow, keyNames[key]), append(hidden, ids[key])
	}
	if err := s.SetRow("A1", styled(w.hidden, keysRow...), excelize.RowOpts{Hidden: true}); err != nil {
		return err
	}
	title := number(w.ctx, sp.criterion) + "  " + say(w.ctx, sp.question.Text)
	if sp.site != uuid.Nil {
		title += " (" + sp.place + ")"
	}
	if err := s.SetRow("A2", []any{excelize.Cell{StyleID: w.strong, Value: inert(title)}}, excelize.RowOpts{Height: 32}); err != nil {
		return err
	}
	if len(columns) > 1 {
		end, err := excelize.CoordinatesToCellName(len(columns), 2)
		if err != nil {
			return err
		}
		if err := s.MergeCell("A2", end); err != nil {
			return err
		}
	}
	if err := s.SetRow("A3", styled(w.head, heads...)); err != nil {
		return err
	}
	style := w.shut
	if sp.open {
		style = w.free
	}
	for i := range min(len(sp.given.Value.Rows)+spareRows, catalogue.MaxRows) {
		texts := make([]string, len(columns))
		if i < len(sp.given.Value.Rows) {
			copy(texts, sp.given.Value.Rows[i])
		}
		row := append(styled(style, texts...), styled(w.hidden, hidden...)...)
		if err := s.SetRow("A"+strconv.Itoa(firstOfTable+1+i), row, tall(row, widths)); err != nil {
			return err
		}
	}
	return s.Flush()
}
