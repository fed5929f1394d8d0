package demo

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/xuri/excelize/v2"
)

// table is what a spreadsheet of the made-up companies shows.
type table struct {
	title   string
	columns []string
	widths  []float64
	rows    [][]any
}

// spreadsheet makes one of the records that companies keep.
func (w *world) spreadsheet(sheet, title string) ([]byte, error) {
	t := map[string]func() table{"seals": w.sealLog, "visitors": w.visitorLog, "training": w.trainingRecord, "trips": w.tripLog, "risks": w.riskTable}[sheet]
	if t == nil {
		return nil, fmt.Errorf("there is no spreadsheet %s", sheet)
	}
	x := t()
	x.title = title
	return x.xlsx(w.company)
}

func (t table) xlsx(company string) (out []byte, err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	const sheet = "Sheet1"
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DCE6EE"}},
		Border: []excelize.Border{{Type: "bottom", Style: 1, Color: "204060"}}})
	if err != nil {
		return nil, err
	}
	head, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}})
	if err != nil {
		return nil, err
	}
	put := func(row int, values ...any) {
		cell, e := excelize.CoordinatesToCellName(1, row)
		err = errors.Join(err, e, f.SetSheetRow(sheet, cell, &values))
	}
	put(1, company+": "+t.title)
	names := make([]any, len(t.columns))
	for i, c := range t.columns {
		names[i] = c
		column, e := excelize.ColumnNumberToName(i + 1)
		err = errors.Join(err, e, f.SetColWidth(sheet, column, column, t.widths[i]))
	}
	put(3, names...)
	for i, row := range t.rows {
		put(4+i, row...)
	}
	last, e := excelize.CoordinatesToCellName(len(t.columns), 3)
	err = errors.Join(err, e, f.SetCellStyle(sheet, "A1", "A1", head), f.SetCellStyle(sheet, "A3", last, bold),
		f.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 3, TopLeftCell: "A4", ActivePane: "bottomLeft"}),
		f.SetDocProps(&excelize.DocProperties{Creator: company, Title: t.title, Created: "2020-01-01T00:00:00Z", Modified: "2020-01-01T00:00:00Z"}))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = f.Write(&b)
	return b.Bytes(), err
}

// passing is somebody whose name stands in a log.
func (w *world) passing(key string) string {
	return givenNames[w.draw(key+" given", len(givenNames))] + " " + familyNames[w.draw(key+" family", len(familyNames))]
}

// unit is the number of a container or trailer.
func (w *world) unit(key string) string {
	return []string{"GRWU", "TDLU", "MSTU", "QBNU"}[w.draw(key+" owner", 4)] + fmt.Sprintf("%07d", 1000000+w.draw(key+" unit", 8999999))
}

// working is the nth working day back from the world's day.
func (w *world) working(n int) time.Time {
	day := w.day
	for ; n > 0; n-- {
		day = workday(day.AddDate(0, 0, -1))
	}
	return workday(day)
}

func hour(n int) string { return fmt.Sprintf("%02d:%02d", 6+n/60, n%60) }

func (w *world) sealLog() table {
	t := table{columns: []string{"Seal", "Unit", "Date", "Time", "Put on by", "Driver", "Checked (VVTT)", "Remark"}, widths: []float64{12, 16, 12, 8, 22, 22, 16, 40}}
	first := 410000 + w.draw("seal stock", 500000)
	for i := range 32 {
		key := fmt.Sprint("seal ", i)
		remark := ""
		switch {
		case i == 11:
			remark = "Spoiled when fixing, kept in the bag for the count"
		case i == 24:
			remark = "Count of the stock, agrees with the log"
		}
		t.rows = append(t.rows, []any{fmt.Sprintf("HS%06d", first+i), w.unit(key), w.working((32 - i) / 2).Format(time.DateOnly), hour(w.draw(key, 660)),
			[]string{w.words["ops"], w.passing("loader one"), w.passing("loader two")}[w.draw(key+" by", 3)], w.passing(key), "yes", remark})
	}
	return t
}

func (w *world) visitorLog() table {
	t := table{columns: []string{"Date", "Name", "Company", "Document", "Host", "In", "Out", "Badge"}, widths: []float64{12, 24, 28, 18, 24, 8, 8, 8}}
	firms := []string{w.words["alarm"], w.words["itfirm"], w.words["carrier"], w.words["forwarder"], "Brightwick Cleaning", w.words["supplier"]}
	hosts := []string{w.words["security"], w.words["ops"], w.words["compliance"], w.words["hr"]}
	for i := range 28 {
		key := fmt.Sprint("visit ", i)
		in := w.draw(key, 480)
		t.rows = append(t.rows, []any{w.working((28 - i)).Format(time.DateOnly), w.passing(key), firms[w.draw(key+" firm", len(firms))],
			[]string{"Driving licence", "Passport", "ID card"}[w.draw(key+" id", 3)], hosts[w.draw(key+" host", len(hosts))], hour(in), hour(in + 20 + w.draw(key+" stay", 140)),
			fmt.Sprintf("V%02d", 1+w.draw(key+" badge", 20))})
	}
	return t
}

func (w *world) trainingRecord() table {
	t := table{columns: []string{"Date", "Course", "Name", "Department", "Test", "Signed"}, widths: []float64{12, 38, 24, 16, 10, 10}}
	courses := []string{"Security for everyone", "Containers, seals and VVTT", "Pests and wood packaging", "Phishing and passwords", "Reporting incidents"}
	if w.programme == "eu-aeo" {
		courses = []string{"Security for everyone", "Seals and units", "Customs law, changes of the year", "Phishing and passwords", "Reporting irregularities"}
	}
	for i, course := range courses {
		day := w.past("course "+course, 20, 110).Format(time.DateOnly)
		for j := range 7 {
			key := fmt.Sprint("course ", i, " ", j)
			t.rows = append(t.rows, []any{day, course, w.passing(key), []string{"Dock", "Office", "Yard", "Customs"}[w.draw(key, 4)], fmt.Sprint(7+w.draw(key+" test", 4), "/10"), "yes"})
		}
	}
	return t
}

func (w *world) tripLog() table {
	t := table{columns: []string{"Trip", "Date", "Tractor", "Trailer", "Seal", "Driver", "Left", "At the border", "Stops", "17 points", "Remark"}, widths: []float64{10, 12, 10, 14, 12, 24, 8, 14, 8, 10, 40}}
	for i := range 26 {
		key := fmt.Sprint("trip ", i)
		left := w.draw(key, 300)
		remark := ""
		switch i {
		case 7:
			remark = "Held up 40 minutes by roadworks, dispatch called at once"
		case 19:
			remark = "Route checked by management, no finding"
		}
		t.rows = append(t.rows, []any{fmt.Sprintf("T%05d", 20000+i), w.working((26 - i)).Format(time.DateOnly), fmt.Sprint("TR-", 10+w.draw(key+" tractor", 80)), w.unit(key),
			fmt.Sprintf("HS%06d", 500000+w.draw(key+" seal", 99999)), w.passing(key), hour(left), hour(left + 180 + w.draw(key+" way", 240)), w.draw(key+" stops", 3), "yes", remark})
	}
	return t
}

func (w *world) riskTable() table {
	t := table{columns: []string{"Risk", "Where", "Likelihood", "Damage", "Measure", "Owner", "Until"}, widths: []float64{38, 22, 12, 10, 52, 24, 12}}
	owners := []string{w.words["security"], w.words["ops"], w.words["compliance"]}
	for i, r := range [][3]string{
		{"Theft from parked trailers", "Yard", "Lamps on the east side, guard's round every hour"},
		{"Pick-up by a false carrier", "Gate", "Pick-up code on the day, call back on a known number"},
		{"Goods added to a load", "Dock", "Count by scanner while loading, seal at once"},
		{"Misuse of the customs number", "Customs desk", "Named access with a second factor, weekly look at the log"},
		{"Bribery of a member of staff", "All", "Code of conduct, second person at each release"},
		{"Loss of the customs system", "IT", "Second line, fall-back procedure, test each year"},
		{"Tampering on the way", "Road", "High security seals, fixed stops, tracking of high value"},
		{"Wrong goods from a supplier", "Receiving", "Blind count, block of the booking on a difference"},
	} {
		key := fmt.Sprint("risk ", i)
		t.rows = append(t.rows, []any{r[0], r[1], 1 + w.draw(key, 3), 1 + w.draw(key+" damage", 3), r[2], owners[i%len(owners)], workday(w.day.AddDate(0, 0, 30+w.draw(key+" until", 200))).Format(time.DateOnly)})
	}
	return t
}
