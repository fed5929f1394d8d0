package risk_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/fault"
	"trustedtrader/app/risk"
)

func asFault(err error, f **fault.Error) bool { return errors.As(err, f) }

// TestFiles reads the exports again: every table is there, and no cell is a formula.
func TestFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-03-03T15:00:00Z")
	a := w.begin()
	l, legs := w.lane(a, "=1+1")
	w.complete(a, l, legs)
	odd := task(l.ID.String())
	odd.What, odd.Owner = "@SUM(A1:A2)", "-2+3 Bob"
	_, err := w.s.AddTask(w.Ctx, w.owner, a.ID, odd)
	w.Must(err)
	draft, err := w.s.Workbook(w.Ctx, w.owner, a.ID)
	w.Must(err)
	if draft.Name != "risk-assessment-draft-2026-03-03.xlsx" {
		t.Errorf("name %s", draft.Name)
	}
	done := w.finish(a)
	kept := w.kept(*done.EvidenceID)
	f, err := w.s.Workbook(w.Ctx, w.Sam, a.ID)
	w.Must(err)
	if f.Name != "risk-assessment-2026-03-03.xlsx" || kept.Name != f.Name || kept.MediaType != f.MediaType {
		t.Errorf("taken %s, kept %s as %s", f.Name, kept.Name, kept.MediaType)
	}
	for what, body := range map[string][]byte{"taken": f.Body, "kept": kept.Body} {
		x, err := excelize.OpenReader(bytes.NewReader(body))
		w.Must(err)
		var sheets []string
		texts := map[string]bool{}
		for _, name := range x.GetSheetList() {
			sheets = append(sheets, name)
			rows, err := x.GetRows(name)
			w.Must(err)
			for i, row := range rows {
				for j, cell := range row {
					texts[cell] = true
					at, err := excelize.CoordinatesToCellName(j+1, i+1)
					w.Must(err)
					if formula, err := x.GetCellFormula(name, at); err != nil || formula != "" {
						t.Errorf("%s: %s!%s is the formula %q", what, name, at, formula)
					}
					if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "@") || strings.HasPrefix(cell, "-") {
						t.Errorf("%s: %s!%s begins as a formula: %q", what, name, at, cell)
					}
				}
			}
		}
		if got := strings.Join(sheets, "; "); got != "Summary; Risk; 1 Lanes; 2 Threats; 3 Vulnerabilities; 4 Action plan" {
			t.Errorf("%s: sheets %s", what, got)
		}
		for _, want := range []string{"Harbor Trading LLC", "Risk assessment 2026", "Finished", "3 March 2026", "3 March 2027", "Olga Owner", "Five steps, with the logistics team", "'=1+1",
			"Vietnam", "Packing or handling", "Party of Factory", "Cases in the port", "No log of seals", "Does not apply", "Steel floor, no wood", "'@SUM(A1:A2)", "'-2+3 Bob", "2026-06-30",
			"Keep a log of seals", "Smuggling of drugs and other contraband", "Factory (Seals)", "High"} {
			if !texts[want] {
				t.Errorf("%s: there is no cell %q", what, want)
			}
		}
		if v, err := x.GetCellValue("Risk", "D2"); err != nil || v != "6" {
			t.Errorf("%s: score %q, %v", what, v, err)
		}
		w.Must(x.Close())
	}

	p, err := w.s.PlanCSV(w.Ctx, w.owner, a.ID)
	w.Must(err)
	if !bytes.HasPrefix(p.Body, []byte("\xef\xbb\xbf")) || p.Name != "action-plan-2026-03-03.csv" {
		t.Errorf("file %s", p.Name)
	}
	lines, err := csv.NewReader(bytes.NewReader(p.Body[3:])).ReadAll()
	w.Must(err)
	if len(lines) != 3 || lines[0][0] != "What is to be done" || lines[1][1] != "'=1+1" || lines[1][2] != "Seals" || lines[2][0] != "'@SUM(A1:A2)" {
		t.Errorf("lines %q", lines)
	}
	for _, line := range lines {
		for _, cell := range line {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@") {
				t.Errorf("a cell begins as a formula: %q", cell)
			}
		}
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'risk_assessment.download'`); n != 3 {
		t.Errorf("%d files in the trail", n)
	}
	_, err = w.s.Workbook(w.Ctx, w.rival, a.ID)
	w.Want("another company's workbook", err, fault.NotFound)
}

// kept is the file that stands among the company's evidence.
func (w *world) kept(id uuid.UUID) risk.File {
	w.t.Helper()
	version := uuid.MustParse(w.Text(`select v.id::text from evidence_version v join evidence e on e.id = v.evidence_id
		where e.id = $1 and e.company_id = $2 and e.kind = 'record' and e.title = 'Risk assessment 2026' and e.issued_on = '2026-03-03'`, id, w.owner.CompanyID))
	o, err := w.s.Evidence.Download(w.Ctx, w.owner, version)
	w.Must(err)
	body, err := io.ReadAll(o.Content)
	w.Must(err)
	w.Must(o.Content.Close())
	return risk.File{Name: o.Name, MediaType: o.Media, Body: body}
}

// FuzzWorkbook: whatever people write, the file opens again and has no formula.
func FuzzWorkbook(f *testing.F) {
	f.Add("=cmd|' /C calc'!A0", "+1", "-1", "@x")
	f.Add("＝1", "\t=1", "a\nb", strings.Repeat("x", 4000))
	s := risk.Sheet{Factors: factors(f)}
	f.Fuzz(func(t *testing.T, name, party, what, owner string) {
		s.Lanes = []risk.LaneSheet{{Lane: risk.Lane{Name: name}, Legs: []risk.LegSheet{{Leg: risk.Leg{Party: party}}}}}
		s.Tasks = []risk.Task{{What: what, Owner: owner}}
		file, err := risk.ExportedWorkbook(s)
		if err != nil {
			t.Fatal(err)
		}
		x, err := excelize.OpenReader(bytes.NewReader(file.Body))
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		defer func() {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		}()
		for _, at := range [][2]string{{"1 Lanes", "B2"}, {"1 Lanes", "K2"}, {"4 Action plan", "A2"}, {"4 Action plan", "D2"}} {
			if formula, err := x.GetCellFormula(at[0], at[1]); err != nil || formula != "" {
				t.Errorf("%s!%s: formula %q, %v", at[0], at[1], formula, err)
			}
		}
	})
}
