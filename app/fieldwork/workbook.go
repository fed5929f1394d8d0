package fieldwork

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/audit"
	"trustedtrader/app/exchange"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/validation"
)

// Workbook is a file for the field.
type Workbook struct {
	Name, MediaType string
	Body            []byte
}

// The columns of the sheet. A hidden first row names them, so that a sheet whose columns were
// moved is still read; those of the ways to verify stand between level and result.
const (
	colCriterion = "criterion"
	colResult    = "result"
	colNote      = "note"
	colVersion   = "version"
	colVisit     = "visit"
	methodPrefix = "method:"
	mark         = "x"
)

const sheetName = "Criteria"

// Workbook makes the workbook of a visit: the criteria that were chosen, with locked cells
// and lists, to fill in where there is no network. The agency's case readers may.
func (s *Service) Workbook(ctx context.Context, by identity.Actor, visit uuid.UUID) (Workbook, error) {
	r, err := s.open(ctx, by, visit)
	if err != nil {
		return Workbook{}, err
	}
	body, err := r.workbook(ctx)
	if err != nil {
		return Workbook{}, fmt.Errorf("make the workbook: %w", err)
	}
	return Workbook{Name: fmt.Sprintf("%s-visit-%d.xlsx", r.Reference, r.Number), MediaType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Body: body}, nil
}

// results are the results in the words of the list, with None first.
func results(ctx context.Context) (out []string) {
	for _, x := range Results() {
		out = append(out, i18n.T(ctx, x.Name()))
	}
	return out
}

func (r Record) workbook(ctx context.Context) (body []byte, err error) {
	f := excelize.NewFile()
	defer f.Close() //nolint:errcheck // it is in memory
	if err := f.SetSheetName("Sheet1", sheetName); err != nil {
		return nil, err
	}
	top := &excelize.Alignment{WrapText: true, Vertical: "top"}
	fixed, err := f.NewStyle(&excelize.Style{Alignment: top, NumFmt: 49, Protection: &excelize.Protection{Locked: true}})
	if err != nil {
		return nil, err
	}
	bold, err := f.NewStyle(&excelize.Style{Alignment: top, Font: &excelize.Font{Bold: true}, Protection: &excelize.Protection{Locked: true}})
	if err != nil {
		return nil, err
	}
	free, err := f.NewStyle(&excelize.Style{Alignment: top, NumFmt: 49, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFF8DB"}}, Protection: &excelize.Protection{Locked: false}})
	if err != nil {
		return nil, err
	}
	type column struct {
		key, title string
		width      float64
		open       bool
		text       func(l Line) string
	}
	list := []column{
		{colCriterion, i18n.T(ctx, "Criterion"), 12, false, func(l Line) string { return l.Criterion }},
		{"title", i18n.T(ctx, "Title"), 30, false, func(l Line) string { t, _ := l.About.Title.In(i18n.Lang(ctx)); return t }},
		{"requirement", i18n.T(ctx, "Requirement"), 50, false, func(l Line) string { t, _ := l.About.Requirement.In(i18n.Lang(ctx)); return t }},
	}
	for _, m := range r.Rules.Validation.Methods {
		list = append(list, column{methodPrefix + m.Code, i18n.T(ctx, m.Name), 11, true, func(l Line) string {
			if slices.Contains(l.Methods, m.Code) {
				return mark
			}
			return ""
		}})
	}
	list = append(list, column{colResult, i18n.T(ctx, "Result"), 18, true, func(l Line) string {
		if l.Result == nil {
			return ""
		}
		return i18n.T(ctx, l.Is().Name())
	}}, column{colNote, i18n.T(ctx, "Note"), 60, true, func(l Line) string { return l.Note }},
		column{colVersion, "version", 8, false, func(l Line) string { return strconv.Itoa(l.Version) }},
		column{colVisit, "visit", 8, false, func(Line) string { return r.ID.String() }})
	for i, c := range list {
		name, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return nil, err
		}
		put := func(row, style int, text string) {
			if err == nil {
				cell := name + strconv.Itoa(row)
				if err = f.SetCellStr(sheetName, cell, exchange.Inert(text)); err == nil {
					err = f.SetCellStyle(sheetName, cell, cell, style)
				}
			}
		}
		put(1, fixed, c.key)
		put(2, bold, c.title)
		style := fixed
		if c.open {
			style = free
		}
		for n, l := range r.Lines {
			put(n+3, style, c.text(l))
		}
		if err == nil {
			err = f.SetColWidth(sheetName, name, name, c.width)
		}
		if err == nil && (c.key == colVersion || c.key == colVisit) {
			err = f.SetColVisible(sheetName, name, false)
		}
		if err != nil {
			return nil, err
		}
		if len(r.Lines) == 0 || c.key != colResult && !strings.HasPrefix(c.key, methodPrefix) {
			continue
		}
		v := excelize.NewDataValidation(true)
		v.Sqref = fmt.Sprintf("%s3:%s%d", name, name, len(r.Lines)+2)
		choices := []string{mark}
		if c.key == colResult {
			choices = results(ctx)
		}
		if err := v.SetDropList(choices); err != nil {
			return nil, err
		}
		if err := f.AddDataValidation(sheetName, v); err != nil {
			return nil, err
		}
	}
	if err := f.SetRowVisible(sheetName, 1, false); err != nil {
		return nil, err
	}
	if err := f.SetPanes(sheetName, &excelize.Panes{Freeze: true, YSplit: 2, TopLeftCell: "A3", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	if err := f.ProtectSheet(sheetName, &excelize.SheetProtectionOptions{SelectLockedCells: true, SelectUnlockedCells: true, FormatColumns: true, FormatRows: true}); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = f.Write(&b)
	return b.Bytes(), err
}

// Rejected is a row of a workbook that was not taken, with why.
type Rejected struct {
	Criterion string
	Why       error // a fault
}

// Taken is what came of a workbook.
type Taken struct {
	Saved    int
	Rejected []Rejected
}

// Import takes the results of a workbook that was filled in, row by row: a row that a
// colleague has changed meanwhile, or that says too little, is told and left as it is. Case
// workers of the office in charge may, as for Verify. Invalid, about the field "file": it
// cannot be read, or is the workbook of another visit.
func (s *Service) Import(ctx context.Context, by identity.Actor, visit uuid.UUID, name string, content []byte) (out Taken, err error) {
	sheets, err := exchange.Sheets(name, content)
	if err != nil {
		return out, err
	}
	err = s.onVisit(ctx, by, visit, func(tx pg.Tx, now time.Time, x validation.Visit, v validation.Validation) error {
		out = Taken{}
		if err := there(x); err != nil {
			return err
		}
		rows, err := rowsOf(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		list, err := entriesOf(ctx, sheets, x.ID)
		if err != nil {
			return err
		}
		for _, in := range list {
			i := slices.IndexFunc(rows, func(r Verification) bool { return r.Criterion == in.Criterion && r.Chosen })
			if i >= 0 && same(rows[i], in) {
				continue
			}
			if i >= 0 {
				in.Ticks = rows[i].Ticks
			}
			switch err := s.verify(ctx, tx, now, by, x, v, rows, in); {
			case err == nil:
				out.Saved++
			case fault.KindOf(err) == fault.Internal:
				return err
			default:
				out.Rejected = append(out.Rejected, Rejected{in.Criterion, err})
			}
		}
		return note(ctx, tx, now, by, x, audit.Event{Action: "fieldwork.import", After: map[string]any{"file": name, "saved": out.Saved, "rejected": len(out.Rejected)}})
	})
	return out, err
}

func same(r Verification, in Entry) bool {
	return r.Is() == in.Result && r.Note == in.Note && slices.Equal([]string(r.Methods), in.Methods)
}

// entriesOf reads the rows of the sheet of a visit.
func entriesOf(ctx context.Context, sheets []exchange.Sheet, visit uuid.UUID) (out []Entry, err error) {
	other := fault.Fail([]fault.Field{fault.F("file", "This is not the workbook of this visit. Download it again and fill that in")})
	for _, sheet := range sheets {
		if len(sheet.Rows) < 2 || !slices.Contains(sheet.Rows[0], colCriterion) || !slices.Contains(sheet.Rows[0], colVersion) {
			continue
		}
		keys := sheet.Rows[0]
		for _, row := range sheet.Rows[2:] {
			at := func(key string) string {
				if i := slices.Index(keys, key); i >= 0 && i < len(row) {
					return strings.TrimSpace(row[i])
				}
				return ""
			}
			if at(colCriterion) == "" {
				continue
			}
			if at(colVisit) != visit.String() {
				return nil, other
			}
			in := Entry{Criterion: at(colCriterion), Note: at(colNote)}
			in.Version, _ = strconv.Atoi(at(colVersion))
			for _, key := range keys {
				if code, ok := strings.CutPrefix(key, methodPrefix); ok && at(key) != "" {
					in.Methods = append(in.Methods, code)
				}
			}
			if text := at(colResult); text != "" {
				in.Result = Result(text) // what is no result is refused with its row
				if i := slices.Index(results(ctx), text); i >= 0 {
					in.Result = Results()[i]
				}
			}
			out = append(out, in)
		}
	}
	if out == nil {
		return nil, other
	}
	return out, nil
}
