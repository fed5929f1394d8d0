package fieldwork_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/apptest"
	"trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/fault"
	"trustedtrader/app/fieldwork"
	"trustedtrader/app/finding"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/review"
	"trustedtrader/app/validation"
)

func TestMain(m *testing.M) { apptest.Run(m) }

func service(w *findingtest.World) *fieldwork.Service {
	return &fieldwork.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps, Library: w.Findings.Steps.Library, Evidence: w.Evidence}
}

// TestVerify chooses criteria and enters what was seen of them.
func TestVerify(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-03T15:00:00Z")
	owner, m := w.Member("Harbor Trading LLC")
	v := w.Validation(m, validation.Notified)
	visit := w.Visit(v)
	s := service(w)
	w.Exec(`insert into profile_verdict (cycle_id, company_id, criterion, verdict, remark, round, reviewed_by, reviewer, reviewed_at)
		select id, company_id, '9.1', 'meets_with_recommendation', 'Weak', round, ?, 'Sam', ? from profile_cycle where company_id = ?`, w.Sam.PersonID, w.Clock.Now(), owner.CompanyID)
	c, err := s.Candidates(w.Ctx, w.Sam, visit)
	w.Must(err)
	if !c.Fresh || len(c.List) < 3 || !c.List[0].Chosen || c.List[0].About.ID != "9.1" || c.List[0].Weak == "" {
		t.Errorf("candidates: %d, first %s %q", len(c.List), c.List[0].About.ID, c.List[0].Weak)
	}
	_, err = s.Candidates(w.Ctx, owner, visit)
	w.Want("the company", err, fault.NotFound)
	w.Want("no such criterion", s.Choose(w.Ctx, w.Sam, visit, []string{"99.9"}), fault.Invalid)
	w.Want("another office", s.Choose(w.Ctx, w.Other, visit, nil), fault.Forbidden)
	w.Want("an auditor", s.Choose(w.Ctx, w.Auditor, visit, nil), fault.Forbidden)
	w.Must(s.Choose(w.Ctx, w.Sam, visit, []string{"3.1", "9.1"}))
	in := fieldwork.Entry{Criterion: "3.1", Version: 1, Methods: []string{"examine", "nonsense"}, Result: fieldwork.Verified}
	w.Want("before the visit", s.Verify(w.Ctx, w.Sam, visit, in), fault.Conflict)
	w.Exec(`update visit set status = 'under_way' where id = ?`, visit)
	w.Must(s.Verify(w.Ctx, w.Sam, visit, in))
	in.Version, in.Methods = 2, nil
	w.Want("no method", s.Verify(w.Ctx, w.Sam, visit, in), fault.Invalid)
	in.Methods, in.Result = []string{"test"}, fieldwork.Partly
	w.Want("no note", s.Verify(w.Ctx, w.Sam, visit, in), fault.Invalid)
	in.Note = "One of ten"
	w.Must(s.Verify(w.Ctx, w.Sue, visit, in))
	w.Want("an old version", s.Verify(w.Ctx, w.Sam, visit, in), fault.Conflict)
	w.Want("not chosen", s.Verify(w.Ctx, w.Sam, visit, fieldwork.Entry{Criterion: "1.1", Version: 1}), fault.NotFound)
	w.Want("it has a result", s.Choose(w.Ctx, w.Sam, visit, []string{"9.1"}), fault.Invalid)
	w.Must(s.Choose(w.Ctx, w.Sam, visit, []string{"3.1"}))
	r, err := s.Open(w.Ctx, w.Auditor, visit)
	w.Must(err)
	if len(r.Lines) != 1 || r.Done() != 1 || r.Lines[0].Is() != fieldwork.Partly || r.Lines[0].Verifier != "Sue Second" || r.May.Verify {
		t.Errorf("record: %+v", r)
	}
	w.Exec(`update validation set status = 'issued', visit_begun_at = notified_at, visited_at = notified_at, issued_at = notified_at where id = ?`, v.ID)
	in.Version = 3
	w.Want("the report is out", s.Verify(w.Ctx, w.Sam, visit, in), fault.Conflict)
}

// TestVerifyRace lets twenty officers save the same criterion at once.
func TestVerifyRace(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-03T15:00:00Z")
	_, m := w.Member("Harbor Trading LLC")
	visit := w.Visit(w.Validation(m, validation.Visiting))
	s := service(w)
	w.Must(s.Choose(w.Ctx, w.Sam, visit, []string{"3.1"}))
	errs := make([]error, 20)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			errs[i] = s.Verify(context.Background(), w.Sam, visit, fieldwork.Entry{Criterion: "3.1", Version: 1, Methods: []string{"test"}, Result: fieldwork.Verified, Note: fmt.Sprint(i)})
		})
	}
	all.Wait()
	if conflicts, done := w.Conflicts(errs); done != 1 || conflicts != 19 {
		t.Errorf("%d were saved", done)
	}
}

// TestFiles adds a photo, shows it with a finding, and keeps the company from the others.
func TestFiles(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-03T15:00:00Z")
	owner, m := w.Member("Harbor Trading LLC")
	v := w.Validation(m, validation.Visiting)
	visit := w.Visit(v)
	s := service(w)
	_, err := s.AddFile(w.Ctx, w.Sam, visit, fieldwork.FileEntry{FileName: "virus.exe"}, strings.NewReader("MZ"))
	w.Want("not a kind of file that we take", err, fault.Invalid)
	_, err = s.AddFile(w.Ctx, owner, visit, fieldwork.FileEntry{FileName: "a.pdf"}, strings.NewReader(""))
	w.Want("the company", err, fault.NotFound)
	f, err := s.AddFile(w.Ctx, w.Sam, visit, fieldwork.FileEntry{FileName: "gate.pdf", Criterion: "3.1", Caption: "The gate"}, bytes.NewReader(evidencetest.PDF("Gate")))
	w.Must(err)
	o, err := s.OpenFile(w.Ctx, w.Auditor, visit, f.ID)
	w.Must(err)
	w.Must(o.Content.Close())
	_, err = s.OpenFile(w.Ctx, owner, visit, f.ID)
	w.Want("the company", err, fault.NotFound)
	in := finding.Entry{Validation: v.ID, Criterion: "3.1", Kind: finding.Recommendation, Title: "The gate", Facts: "It stands open.", Files: []uuid.UUID{f.ID}}
	x, err := w.Findings.Draft(w.Ctx, w.Sam, in)
	w.Must(err)
	_, err = w.Findings.File(w.Ctx, owner, x.ID, f.ID)
	w.Want("a draft", err, fault.NotFound)
	_, err = w.Findings.Send(w.Ctx, w.Sam, x.ID, x.Version)
	w.Must(err)
	o, err = w.Findings.File(w.Ctx, owner, x.ID, f.ID)
	w.Must(err)
	w.Must(o.Content.Close())
	stranger, _ := w.Member("Nosy Neighbor Inc")
	_, err = w.Findings.File(w.Ctx, stranger, x.ID, f.ID)
	w.Want("another company", err, fault.NotFound)
	w.Want("a finding shows it", s.RemoveFile(w.Ctx, w.Sam, visit, f.ID, f.Version), fault.Conflict)
	g, err := s.AddFile(w.Ctx, w.Sam, visit, fieldwork.FileEntry{FileName: "b.pdf"}, bytes.NewReader(evidencetest.PDF("B")))
	w.Must(err)
	w.Want("another person", s.RemoveFile(w.Ctx, w.Sue, visit, g.ID, g.Version), fault.Forbidden)
	w.Must(s.RemoveFile(w.Ctx, w.Sam, visit, g.ID, g.Version))
	_, err = s.OpenFile(w.Ctx, w.Sam, visit, g.ID)
	w.Want("it is gone", err, fault.NotFound)
	h, err := w.Evidence.Examine(w.Ctx)
	w.Must(err)
	if h.Stray != 0 || h.Lost != 0 {
		t.Errorf("the store: %+v", h)
	}
}

// TestHours logs time on a validation with the rules of a case's hours.
func TestHours(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-03T15:00:00Z")
	owner, m := w.Member("Harbor Trading LLC")
	visit := w.Visit(w.Validation(m, validation.Visiting))
	s := service(w)
	in := review.HoursEntry{Day: "2026-03-03", Hours: "6", Activity: "validation"}
	w.Must(s.LogHours(w.Ctx, w.Sam, visit, in))
	w.Want("the company", s.LogHours(w.Ctx, owner, visit, in), fault.NotFound)
	w.Want("an auditor", s.LogHours(w.Ctx, w.Auditor, visit, in), fault.Forbidden)
	in.Hours = "20"
	w.Want("more than a day", s.LogHours(w.Ctx, w.Sam, visit, in), fault.Invalid)
	in.Hours, in.Activity = "1", "vetting"
	w.Want("an activity of cases", s.LogHours(w.Ctx, w.Sam, visit, in), fault.Invalid)
	sheet, err := s.Timesheet(w.Ctx, w.Boss, visit)
	w.Must(err)
	if sheet.Minutes() != 360 || len(sheet.Hours) != 1 {
		t.Errorf("hours: %+v", sheet.Hours)
	}
	h := sheet.Hours[0]
	w.Want("another person's", s.RemoveHours(w.Ctx, w.Sue, visit, h.ID, h.Version), fault.Forbidden)
	w.Must(s.RemoveHours(w.Ctx, w.Boss, visit, h.ID, h.Version))
	w.Want("twice", s.RemoveHours(w.Ctx, w.Boss, visit, h.ID, h.Version), fault.Conflict)
}

// TestWorkbook fills a workbook in and brings it back: what a colleague changed meanwhile is
// told row by row, and a text that looks like a formula stays a text.
func TestWorkbook(t *testing.T) {
	t.Parallel()
	w := findingtest.New(t, "2026-03-03T15:00:00Z")
	owner, m := w.Member("Harbor Trading LLC")
	visit := w.Visit(w.Validation(m, validation.Visiting))
	s := service(w)
	w.Must(s.Choose(w.Ctx, w.Sam, visit, []string{"3.1", "9.1", "2.1"}))
	_, err := s.Workbook(w.Ctx, owner, visit)
	w.Want("the company", err, fault.NotFound)
	b, err := s.Workbook(w.Ctx, w.Sam, visit)
	w.Must(err)
	f, err := excelize.OpenReader(bytes.NewReader(b.Body))
	w.Must(err)
	rows, err := f.GetRows("Criteria")
	w.Must(err)
	if len(rows) != 5 || rows[2][0] != "2.1" || rows[3][0] != "3.1" {
		t.Fatalf("rows: %v", rows)
	}
	for cell, text := range map[string]string{"D4": "x", "G4": "Verified", "H4": "'=1+1 is in the log", "D5": "x", "G5": "Partly verified", "G3": "Verified"} {
		w.Must(f.SetCellStr("Criteria", cell, text))
	}
	var filled bytes.Buffer
	w.Must(f.Write(&filled))
	w.Must(s.Verify(w.Ctx, w.Sue, visit, fieldwork.Entry{Criterion: "9.1", Version: 1, Methods: []string{"test"}, Result: fieldwork.Verified}))
	out, err := s.Import(w.Ctx, w.Sam, visit, "field.xlsx", filled.Bytes())
	w.Must(err)
	if out.Saved != 1 || len(out.Rejected) != 2 || out.Rejected[0].Criterion != "2.1" || fault.KindOf(out.Rejected[1].Why) != fault.Conflict {
		t.Errorf("taken: %+v", out)
	}
	r, err := s.Open(w.Ctx, w.Sam, visit)
	w.Must(err)
	if l, _ := r.Line("3.1"); l.Is() != fieldwork.Verified || l.Note != "=1+1 is in the log" {
		t.Errorf("3.1: %+v", l.Verification)
	}
	_, other := w.Member("Second Trading LLC")
	_, err = s.Import(w.Ctx, w.Sam, w.Visit(w.Validation(other, validation.Visiting)), "field.xlsx", filled.Bytes())
	w.Want("another visit", err, fault.Invalid)
	_, err = s.Import(w.Ctx, w.Sam, visit, "field.xlsx", []byte("nonsense"))
	w.Want("no workbook", err, fault.Invalid)
}
