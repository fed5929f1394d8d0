package risk

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// File is a file of an assessment.
type File struct {
	Name      string
	MediaType string
	Body      []byte
}

const (
	workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	csvType      = "text/csv; charset=utf-8"
)

// Workbook is an assessment as a spreadsheet, one table per step. The same persons may as
// read it; that they took it is an audit event.
func (s *Service) Workbook(ctx context.Context, by identity.Actor, id uuid.UUID) (File, error) {
	return s.file(ctx, by, id, "workbook", func(sheet Sheet) (File, error) { return sheet.workbook(ctx) })
}

// PlanCSV is the action plan as a file of comma-separated values, likewise.
func (s *Service) PlanCSV(ctx context.Context, by identity.Actor, id uuid.UUID) (File, error) {
	return s.file(ctx, by, id, "action plan", func(sheet Sheet) (File, error) { return sheet.planCSV(ctx) })
}

func (s *Service) file(ctx context.Context, by identity.Actor, id uuid.UUID, what string, make func(Sheet) (File, error)) (f File, err error) {
	own, err := by.Reads()
	if err != nil {
		return f, err
	}
	now := s.Now()
	err = s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		a, err := first[Assessment](ctx, tx, false, "id = ? and (?::uuid is null and status = 'finished' or company_id = ?::uuid)", id, own, own)
		if err != nil {
			return err
		}
		sheet, err := s.sheet(ctx, tx, now, a.ID)
		if err != nil {
			return err
		}
		if f, err = make(sheet); err != nil {
			return err
		}
		return record(ctx, tx, now, by, a, audit.Event{Action: "risk_assessment.download", After: map[string]any{"file": what, "title": a.Title},
			Internal: by.Audience == identity.Staff})
	})
	return f, err
}

// fileName says what the file is and of which day.
func (s Sheet) fileName(what, ending string) string {
	on := s.FinishedOn()
	if on.IsZero() {
		return what + "-draft-" + s.Today.String() + ending
	}
	return what + "-" + on.String() + ending
}

// grid is one table: headings and rows of texts and whole numbers.
type grid struct {
	name   string // of the sheet, at most 31 characters
	heads  []string
	widths []float64 // in characters
	rows   [][]any
}

func (g *grid) add(cells ...any) { g.rows = append(g.rows, cells) }

// grids are the tables of an assessment, in the order of the steps.
func (s Sheet) grids(ctx context.Context) []grid {
	t := func(text string, args ...any) string { return i18n.T(ctx, text, args...) }
	lane, leg := t("Lane"), t("Leg")
	about := grid{name: t("Summary"), heads: []string{t("Item"), t("Content")}, widths: []float64{32, 90}}
	a := s.Assessment
	about.add(t("Company"), s.Company)
	about.add(t("Risk assessment"), a.Title)
	about.add(t("Status"), t(a.Status.Name()))
	if on := s.FinishedOn(); !on.IsZero() {
		about.add(t("Finished on"), on.Text(ctx))
		about.add(t("Finished by"), a.Finisher)
		about.add(t("Next review until"), ReviewDue(on).Text(ctx))
	}
	about.add(t("How it was done"), a.Method)
	about.add(t("Who leads it"), a.Lead)
	about.add(t("Who took part"), a.Participants)
	about.add(t("When it is reviewed"), a.Schedule)
	about.add(t("Ratings"), t("1 low, 2 medium, 3 high. The risk of a lane is its highest threat times its highest vulnerability"))
	for _, b := range s.Factors.Bands {
		about.add(t("Risk: %s", t(b.Name)), t("from %d", b.From))
	}

	scores := grid{name: t("Risk"), heads: []string{lane, t("Highest threat"), t("Highest vulnerability"), t("Score"), t("Risk"), t("Highest threats"), t("Weakest spots")},
		widths: []float64{32, 16, 20, 8, 12, 50, 70}}
	lanes := grid{name: t("1 Lanes"), widths: []float64{6, 32, 40, 20, 20, 12, 6, 36, 20, 24, 34, 28, 12, 10},
		heads: []string{t("No."), lane, t("Goods"), t("From"), t("To"), t("Shipments a year"), leg, t("Place or route"), t("Country"), t("How the cargo moves"), t("Party"),
			t("What the party does"), t("Trusted"), t("Hours at rest")}}
	threats := grid{name: t("2 Threats"), heads: []string{lane, t("Threat"), t("Rating"), t("In words"), t("Note")}, widths: []float64{32, 40, 8, 14, 80}}
	weak := grid{name: t("3 Vulnerabilities"), heads: []string{lane, leg, t("Place or route"), t("Party"), t("Criteria"), t("Rating"), t("In words"), t("Note")},
		widths: []float64{32, 6, 36, 34, 32, 8, 16, 80}}
	for i, l := range s.Lanes {
		score := s.Score(l)
		names, spots := score.Reasons(ctx)
		scores.add(l.Name, figure(score.Threat), figure(score.Vulnerability), figure(score.Value), t(score.Band.Name), names, spots)
		if len(l.Legs) == 0 {
			lanes.add(i+1, l.Name, l.Goods, i18n.Country(ctx, l.Origin), i18n.Country(ctx, l.Destination), optional(l.Shipments))
		}
		for _, f := range s.Factors.Threats {
			r, rated := l.Threats[f.Code]
			threats.add(append([]any{l.Name, t(f.Name)}, rating(ctx, r, rated)...)...)
		}
		for j, g := range l.Legs {
			trusted := t("No")
			if g.Trusted {
				trusted = t("Yes")
			}
			lanes.add(i+1, l.Name, l.Goods, i18n.Country(ctx, l.Origin), i18n.Country(ctx, l.Destination), optional(l.Shipments), j+1, g.Place, i18n.Country(ctx, g.Country),
				t(g.Mode.Name()), g.Party, g.Role, trusted, optional(g.RestHours))
			for _, f := range s.Factors.Vulnerabilities {
				r, rated := g.Ratings[f.Code]
				weak.add(append([]any{l.Name, j + 1, g.Place, g.Party, t(f.Name)}, rating(ctx, r, rated)...)...)
			}
		}
	}
	return []grid{about, scores, lanes, threats, weak, s.plan(ctx)}
}

// mostSpots bounds how many of the weakest spots of a lane are named in one line.
const mostSpots = 3

// Reasons names the threats and the weakest spots that a score comes from.
func (s Score) Reasons(ctx context.Context) (threats, spots string) {
	var names, places []string
	for _, f := range s.Threats {
		names = append(names, i18n.T(ctx, f.Name))
	}
	for i, w := range s.Weakest {
		if i == mostSpots {
			places = append(places, i18n.N(ctx, "%d more", "%d more", len(s.Weakest)-i))
			break
		}
		places = append(places, w.Leg.Place+" ("+i18n.T(ctx, w.Factor.Name)+")")
	}
	return strings.Join(names, ", "), strings.Join(places, ", ")
}

// plan is the action plan.
func (s Sheet) plan(ctx context.Context) grid {
	t := func(text string) string { return i18n.T(ctx, text) }
	g := grid{name: t("4 Action plan"), heads: []string{t("What is to be done"), t("Lane"), t("Criteria"), t("Who does it"), t("Until when"), t("Done on"), t("Outcome")},
		widths: []float64{60, 32, 28, 28, 14, 14, 60}}
	for _, x := range s.Tasks {
		lane, gone := s.LaneName(x.LaneID)
		switch {
		case lane == "":
			lane = t("All lanes")
		case gone:
			lane = i18n.T(ctx, "%s (removed)", lane)
		}
		criteria := ""
		if f, ok := s.Factors.Vulnerability(x.Criterion); ok {
			criteria = t(f.Name)
		}
		g.add(x.What, lane, criteria, x.Owner, x.DueOn.String(), x.DoneOn.String(), x.Outcome)
	}
	return g
}

func rating(ctx context.Context, r Rating, rated bool) []any {
	switch {
	case !rated:
		return []any{"", i18n.T(ctx, "Not rated"), ""}
	case r.Level == NotApplicable:
		return []any{"", i18n.T(ctx, LevelName(r.Level)), r.Note}
	case r.Carried:
		return []any{r.Level, i18n.T(ctx, "%s, carried over and not confirmed", i18n.T(ctx, LevelName(r.Level))), r.Note}
	}
	return []any{r.Level, i18n.T(ctx, LevelName(r.Level)), r.Note}
}

// figure is a number that is there only when it says something.
func figure(n int) any {
	if n == 0 {
		return ""
	}
	return n
}

func optional(n *int) any {
	if n == nil {
		return ""
	}
	return *n
}

// workbook writes the tables as XLSX. No cell is a formula: texts are written as texts, and
// one that begins as a formula does is marked.
func (s Sheet) workbook(ctx context.Context) (out File, err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("write the workbook: %w", e)
		}
	}()
	if err := f.SetDocProps(&excelize.DocProperties{Title: s.Assessment.Title, Creator: s.Company}); err != nil {
		return out, fmt.Errorf("write the workbook: %w", err)
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DFE1E2"}},
		Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return out, fmt.Errorf("write the workbook: %w", err)
	}
	plain, err := f.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return out, fmt.Errorf("write the workbook: %w", err)
	}
	for i, g := range s.grids(ctx) {
		if i == 0 {
			err = f.SetSheetName("Sheet1", g.name)
		} else {
			_, err = f.NewSheet(g.name)
		}
		if err == nil {
			err = g.write(f, bold, plain)
		}
		if err != nil {
			return out, fmt.Errorf("write the workbook: %w", err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return out, fmt.Errorf("write the workbook: %w", err)
	}
	return File{Name: s.fileName("risk-assessment", ".xlsx"), MediaType: workbookType, Body: b.Bytes()}, nil
}

func (g grid) write(f *excelize.File, bold, plain int) error {
	w, err := f.NewStreamWriter(g.name)
	if err != nil {
		return err
	}
	for i, width := range g.widths {
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	head := make([]any, len(g.heads))
	for i, h := range g.heads {
		head[i] = excelize.Cell{StyleID: bold, Value: h}
	}
	if err := w.SetRow("A1", head); err != nil {
		return err
	}
	for i, row := range g.rows {
		cells := make([]any, len(row))
		for j, v := range row {
			if text, ok := v.(string); ok {
				v = entry.Inert(text)
			}
			cells[j] = excelize.Cell{StyleID: plain, Value: v}
		}
		if err := w.SetRow("A"+strconv.Itoa(i+2), cells); err != nil {
			return err
		}
	}
	return w.Flush()
}

// planCSV writes the action plan: CSV as of RFC 4180 in UTF-8, with a byte order mark,
// without which spreadsheet programs misread accents.
func (s Sheet) planCSV(ctx context.Context) (File, error) {
	b := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(b)
	w.UseCRLF = true
	g := s.plan(ctx)
	lines := [][]string{g.heads}
	for _, row := range g.rows {
		line := make([]string, len(row))
		for i, v := range row {
			line[i] = entry.Inert(fmt.Sprint(v))
		}
		lines = append(lines, line)
	}
	if err := w.WriteAll(lines); err != nil {
		return File{}, fmt.Errorf("write the action plan: %w", err)
	}
	return File{Name: s.fileName("action-plan", ".csv"), MediaType: csvType, Body: b.Bytes()}, nil
}
