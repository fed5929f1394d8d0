package headquarters

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"

	"trustedtrader/app/audit"
	"trustedtrader/app/entry"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// Form is a kind of file.
type Form string

// The forms. Rows as CSV come in a ZIP with a second table that says what they are: lines
// above the heads would break every program that reads CSV, and a column more would repeat
// the same text on each of a hundred thousand lines.
const (
	XLSX Form = "xlsx"
	CSV  Form = "csv"
)

// File is a file to take away.
type File struct {
	Name, MediaType string
	Body            []byte
}

// mostExported bounds a file.
const mostExported = 100_000

const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// sheet is something that takes lines: a table of a workbook or a file of CSV. A line is of
// texts, ints and float64s.
type sheet interface {
	line(cells ...any) error
}

// Export writes the rows behind a number to a file, the latest 100,000 of them, with the
// conditions, the instant, the definition and the number of rows inside. Those who look from
// above may; it is an audit event.
func (s *Service) Export(ctx context.Context, by identity.Actor, f Filter, form Form) (File, error) {
	f.After = ""
	l, err := s.List(ctx, by, f)
	if err != nil {
		return File{}, err
	}
	where, args := l.Filter.conditions(l.Filter.args(by))
	sql := declared + `select ` + names("r.") + ` from (` + source(l.Filter.Set, l.Rules) + `) r where ` + where + fmt.Sprintf(` order by r.day desc, r.key desc limit %d`, mostExported)
	n := 0
	file, err := s.file(ctx, by, form, string(l.Filter.Set), func(rows sheet) error {
		if err := rows.line(l.heads(ctx)...); err != nil {
			return err
		}
		return s.DB.Batch(ctx, by.Scope(), pg.Each(func(r Row) error {
			n++
			return rows.line(l.cells(ctx, r)...)
		}, sql, args...))
	}, func() [][2]string { return l.about(ctx, n) })
	if err != nil {
		return File{}, fmt.Errorf("write %s to a file: %w", l.Filter.Set, err)
	}
	return file, s.taken(ctx, by, l.Filter, form, n)
}

// taken notes that somebody took rows out of the portal.
func (s *Service) taken(ctx context.Context, by identity.Actor, f Filter, form Form, rows int) error {
	return s.DB.Write(ctx, by.Scope(), func(tx pg.Tx) error {
		return audit.Record(ctx, tx, s.Now(), by, audit.Event{Action: "headquarters.export", Kind: Kind, Internal: true,
			After: map[string]any{"set": f.Set, "programme": f.Programme, "where": f.Where, "on": f.On, "known": f.Known, "first": f.First, "last": f.Last, "form": form, "rows": rows}})
	})
}

func (l List) heads(ctx context.Context) []any {
	out := []any{i18n.T(ctx, "Reference"), i18n.T(ctx, "Company"), i18n.T(ctx, "Day")}
	for _, d := range l.Columns {
		out = append(out, i18n.T(ctx, d.Name()))
	}
	if l.Days {
		out = append(out, i18n.T(ctx, "Days"))
	}
	if l.Hours {
		out = append(out, i18n.T(ctx, "Hours"))
	}
	if l.People {
		out = append(out, i18n.T(ctx, "Opened by"), i18n.T(ctx, "Reviewed by"), i18n.T(ctx, "Recommended by"), i18n.T(ctx, "Decided by"))
	}
	return out
}

func (l List) cells(ctx context.Context, r Row) []any {
	out := []any{r.Ref, r.Company, r.Day.String()}
	for _, d := range l.Columns {
		if d == ByMonth { // as a spreadsheet sorts it
			out = append(out, r.Month)
			continue
		}
		out = append(out, l.Name(ctx, d, r.Of(d)))
	}
	if l.Days {
		out = append(out, maybe(r.Days))
	}
	if l.Hours {
		out = append(out, maybe(r.Hours))
	}
	if l.People {
		out = append(out, r.Opened, r.Reviewed, r.Recommended, r.Decided)
	}
	return out
}

func maybe[T any](v *T) any {
	if v == nil {
		return ""
	}
	return *v
}

// about says in pairs what a file holds.
func (l List) about(ctx context.Context, rows int) [][2]string {
	f := l.Filter
	out := append([][2]string{{i18n.T(ctx, "Rows of"), i18n.T(ctx, f.Set.Name())}, {i18n.T(ctx, "Number of rows"), strconv.Itoa(rows)}}, f.Asked.about(ctx, l.Rules.Name)...)
	if !f.Set.Span() {
		out = out[:len(out)-2]
	}
	for _, c := range l.Conditions(ctx) {
		out = append(out, [2]string{i18n.T(ctx, c[0]), c[1]})
	}
	if rows < l.Total {
		out = append(out, [2]string{i18n.T(ctx, "Not in the file"), i18n.T(ctx, "%d older rows: a file has at most %d", l.Total-rows, mostExported)})
	}
	return append(out, [2]string{i18n.T(ctx, "How this is counted"), i18n.T(ctx, f.Set.Counted())})
}

func (a Asked) about(ctx context.Context, programme string) [][2]string {
	return [][2]string{{i18n.T(ctx, "Programme"), programme}, {i18n.T(ctx, "As of the day"), a.On.String()}, {i18n.T(ctx, "As known at"), a.Known.UTC().Format(time.RFC3339)},
		{i18n.T(ctx, "From"), a.First.String()}, {i18n.T(ctx, "Until"), a.Last.String()}}
}

// file makes a file of a table and of what is to be said about it once it is written.
func (s *Service) file(ctx context.Context, by identity.Actor, form Form, name string, write func(sheet) error, about func() [][2]string) (File, error) {
	name += "-" + s.Now().UTC().Format("2006-01-02")
	last := func() [][2]string {
		return append(about(), [2]string{i18n.T(ctx, "Made at"), s.Now().UTC().Format(time.RFC3339)}, [2]string{i18n.T(ctx, "Made by"), by.Name})
	}
	var b bytes.Buffer
	if form == CSV {
		err := zipped(&b, name, write, last)
		return File{Name: name + ".zip", MediaType: "application/zip", Body: b.Bytes()}, err
	}
	err := workbook(ctx, &b, write, last)
	return File{Name: name + ".xlsx", MediaType: workbookType, Body: b.Bytes()}, err
}

type csvSheet struct{ *csv.Writer }

func (c csvSheet) line(cells ...any) error {
	out := make([]string, len(cells))
	for i, v := range cells {
		switch v := v.(type) {
		case string:
			out[i] = entry.Inert(v)
		case float64:
			out[i] = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			out[i] = fmt.Sprint(v)
		}
	}
	return c.Write(out)
}

// zipped writes the table and what it is as two files of CSV (RFC 4180, UTF-8 with a byte
// order mark, without which spreadsheet programs misread accents).
func zipped(out io.Writer, name string, write func(sheet) error, about func() [][2]string) error {
	z := zip.NewWriter(out)
	part := func(name string, fill func(sheet) error) error {
		w, err := z.Create(name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
		c := csv.NewWriter(w)
		c.UseCRLF = true
		if err := fill(csvSheet{c}); err != nil {
			return err
		}
		c.Flush()
		return c.Error()
	}
	if err := part(name+".csv", write); err != nil {
		return err
	}
	err := part("about.csv", func(s sheet) error {
		for _, p := range about() {
			if err := s.line(p[0], p[1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return z.Close()
}

type xlsxSheet struct {
	*excelize.StreamWriter
	row  int
	bold int
}

func (x *xlsxSheet) line(cells ...any) error {
	x.row++
	at, err := excelize.CoordinatesToCellName(1, x.row)
	if err != nil {
		return err
	}
	for i, v := range cells {
		if text, ok := v.(string); ok {
			cells[i] = entry.Inert(text)
		}
		if x.row == 1 && x.bold != 0 {
			cells[i] = excelize.Cell{StyleID: x.bold, Value: cells[i]}
		}
	}
	return x.SetRow(at, cells)
}

// workbook writes the table to a first sheet and what it is to a second one.
func workbook(ctx context.Context, out io.Writer, write func(sheet) error, about func() [][2]string) error {
	f := excelize.NewFile()
	defer f.Close() //nolint:errcheck // it is in memory
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	part := func(name string, bold int, widths []float64, fill func(sheet) error) error {
		w, err := f.NewStreamWriter(name)
		if err != nil {
			return err
		}
		for i, wide := range widths {
			if err := w.SetColWidth(i+1, i+1, wide); err != nil {
				return err
			}
		}
		if err := fill(&xlsxSheet{StreamWriter: w, bold: bold}); err != nil {
			return err
		}
		return w.Flush()
	}
	rows, notes := i18n.T(ctx, "Rows"), i18n.T(ctx, "About")
	if err := f.SetSheetName("Sheet1", rows); err != nil {
		return err
	}
	if _, err := f.NewSheet(notes); err != nil {
		return err
	}
	if err := part(rows, bold, []float64{20, 34, 13, 20, 20, 20, 20, 20, 20, 24, 24, 24}, write); err != nil {
		return err
	}
	err = part(notes, 0, []float64{26, 100}, func(s sheet) error {
		for _, p := range about() {
			if err := s.line(p[0], p[1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.Write(out)
}
