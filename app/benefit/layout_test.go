package benefit_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/benefit"
	"trustedtrader/config"
)

func job(id uuid.UUID, attempt int) *river.Job[benefit.Args] {
	return &river.Job[benefit.Args]{JobRow: &rivertype.JobRow{Attempt: attempt, MaxAttempts: 5}, Args: benefit.Args{Import: id}}
}

// Every layout makes the events that it should of a row as such a report has it.
func TestLayouts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	samples := map[string]struct{ content, want string }{
		"ace_es003":         {"Entry Number,Line Number,Entry Summary Date,Mode of Transportation Code,Port Code,Country of Origin Code,Entered Value\n1.2345678901E+10,2,3/5/26,41,3901 Chicago,mexico,12.30\n", "entry 2026-03-05 12345678901/2 air chicago MX 12.30 USD"},
		"ace_cargo_release": {"entry,arrival,released,held,exam type,mot,port\nE-1-23,2026-03-01T08:00,3/2/2026 1:05 PM,3/2/2026,VACIS,21,712\n", "release 2026-03-01 E123/0 rail buffalo; exam 2026-03-02 E123/0 rail buffalo nii ref nii"},
		"itrac":             {"Entry Number,Entry Date,Mode of Transport,Port,Exams\nE123,15-Jan-2016,30,2304,2\n", "entry 2016-01-15 E123/0 truck laredo; exam 2016-01-15 E123/0 truck laredo other ref other"},
		"exam_invoices":     {"entry,invoice,invoice date,service,total,currency\nE123,R 9,20-Mar-2026,tail gate,€1 200,eur\n", "invoice 2026-03-20 E123/0   tailgate 1200 EUR ref R 9; exam 2026-03-20 E123/0   tailgate ref tailgate"},
		"crossings":         {"Crossing time,Trip,Port,Lane,Wait,General wait\n2026-03-01 10:15,T1,2304,FAST,12,95\n", "crossing 2026-03-01 /0 truck laredo fast ref T1 2026-03-01 10:15:00 lane 12 general 95"},
		"partner_feedback":  {"date;partner country;mrn;direction\n2026-03-01;JP;26JP1;export\n", "recognised 2026-03-01 /0   JP export ref 26JP1"},
		"mitigation":        {"decision date,case,case type,proposed,assessed\n2026-03-01,C-1,ISF,5000,2500\n", "isf_mitigation 2026-03-01 /0   USD ref C-1 5000>2500"},
		"programme_log":     {"date,event,reference,port\n2026-03-01,front of line,none,2704\n", "front_of_line 2026-03-01 /0  los_angeles ref none 2026-03-01"},
	}
	for _, l := range w.s.Data.Layouts {
		x, there := samples[l.Code]
		if !there {
			t.Errorf("%s has no sample", l.Code)
			continue
		}
		i := w.bring(w.ann, l.Code, x.content)
		p, err := w.s.Preview(w.Ctx, w.ann, i.ID)
		w.Must(err)
		var got []string
		for _, e := range p.Rows[0].Events {
			s := fmt.Sprintf("%s %s %s/%d %s %s", e.Kind, e.Day.Format("2006-01-02"), e.Entry, e.Line, e.Mode, e.PortGroup)
			for _, more := range []string{e.Country, e.Type, e.Amount, e.Currency} {
				if more != "" {
					s += " " + more
				}
			}
			if e.Ref != "" {
				s += " ref " + e.Ref
			}
			if e.WaitLane != nil {
				s += fmt.Sprintf(" lane %d general %d", *e.WaitLane, *e.WaitGeneral)
			}
			if e.Proposed != "" {
				s += " " + e.Proposed + ">" + e.Assessed
			}
			got = append(got, s)
		}
		if s := strings.Join(got, "; "); s != x.want {
			t.Errorf("%s:\n%s\nwant\n%s %+v", l.Code, s, x.want, p.Rows[0].Problems)
		}
		w.Must(w.s.Drop(w.Ctx, w.ann, i.ID, i.Version))
		i = w.take(w.ann, l.Code, x.content)
		if i.Status != benefit.Taken || i.RowsWrong != 0 || i.EventsTaken == 0 {
			t.Errorf("%s: %+v", l.Code, i)
		}
	}
	w.exact(w.ann)
}

// A file that is at fault names what is wrong with it.
func TestBadData(t *testing.T) {
	t.Parallel()
	good, err := config.Imports.ReadFile("imports/imports.yaml")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := config.Imports.ReadFile("imports/imports.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct{ old, new, want string }{
		"a list":     {"list: modes, aliases", "list: moods, aliases", "no list"},
		"a column":   {"from: {day: day, country", "from: {day: night, country", "no column"},
		"a kind":     {"- kind: recognised", "- kind: recognized", "no kind"},
		"a word":     {"[tailgate, \"tail gate\", tg]", "[xray]", "stands for"},
		"a port":     {"[\"3901\"]", "[\"2704\"]", "two groups"},
		"a property": {"help: Every line", "hint: Every line", "hint"},
	} {
		text := strings.Replace(string(good), x.old, x.new, 1)
		if text == string(good) {
			t.Errorf("%s: nothing was changed", name)
		}
		_, err := benefit.LoadData(fstest.MapFS{"imports.yaml": {Data: []byte(text)}, "imports.json": {Data: schema}})
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A workbook holds days as numbers, and long entry numbers too.
func TestWorkbook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := excelize.NewFile()
	w.Must(f.SetSheetRow("Sheet1", "A1", &[]any{"Releases of January"}))
	w.Must(f.SetSheetRow("Sheet1", "A3", &[]any{"Entry No", "Arrival", "Released", "Exam", "MOT", "Port"}))
	w.Must(f.SetSheetRow("Sheet1", "A4", &[]any{12345678901, time.Date(2026, 1, 4, 8, 0, 0, 0, time.UTC), time.Date(2026, 1, 5, 9, 30, 0, 0, time.UTC), "VACIS", 11, 2704}))
	var b bytes.Buffer
	w.Must(f.Write(&b))
	w.Must(f.Close())
	i := w.take(w.ann, "ace_cargo_release", b.String())
	if got := counts(i); got != "taken: 1 rows, 2 taken, 0 duplicate, 0 wrong" {
		t.Fatal(got)
	}
	if got := w.sums(w.ann); got != "2026-01 exam sea los_angeles 1/1; 2026-01 release sea los_angeles 1/1" {
		t.Error(got)
	}
	if got := w.Text(`select entry_no || ' ' || arrived_at || ' ' || release_at from benefit_event where company_id = $1 and kind = 'release'`, w.ann.CompanyID); got != "12345678901 2026-01-04 08:00:00 2026-01-05 09:30:00" {
		t.Error(got)
	}
	w.exact(w.ann)
}
