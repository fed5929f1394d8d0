package headquarters_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/fault"
	"trustedtrader/app/headquarters"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
)

// TestEveryNumberOpensItsRows walks all numbers of the dashboard, of the yearly report and of
// the two comparisons, for whoever may see them, and compares each with its list.
func TestEveryNumberOpensItsRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	w.enforce()
	for _, by := range []identity.Actor{w.Chief, w.Boss, w.Auditor} {
		for _, programme := range []string{"ctpat", "eu-aeo"} {
			d, err := w.s.Dashboard(w.Ctx, by, headquarters.Asked{Programme: programme})
			w.Must(err)
			year, err := w.s.Annual(w.Ctx, by, headquarters.AnnualAsked{Programme: programme})
			w.Must(err)
			duties, err := w.s.Duties(w.Ctx, by, headquarters.Asked{Programme: programme})
			w.Must(err)
			alike, err := w.s.Alike(w.Ctx, by, headquarters.Asked{Programme: programme})
			w.Must(err)
			for _, table := range append(append(d.Tables, year.Tables...), duties.Table) {
				for _, c := range table.Cells() {
					w.opens(by, by.Name+", "+programme+", "+table.Title, c)
				}
			}
			for _, m := range year.Measures {
				for _, l := range m.Lines {
					w.opens(by, m.Title, l.Cell)
				}
			}
			for _, p := range duties.Pairs {
				w.opens(by, "pair", p.Cell)
			}
			for _, c := range alike.Compared {
				for _, cell := range []headquarters.Cell{c.Criteria.All, c.Criteria.Of, c.Findings.All, c.Findings.Of, c.Decided.Cell, c.Decided.Late, c.Validated.Cell} {
					w.opens(by, "office "+c.Name, cell)
				}
			}
			for _, j := range alike.Criteria {
				for _, x := range append(j.Offices, j.All) {
					w.opens(by, "criterion "+j.Criterion, x.All)
					w.opens(by, "criterion "+j.Criterion, x.Of)
				}
			}
		}
	}
}

// TestFigures says what the numbers of the seeded world are.
func TestFigures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	d, err := w.s.Dashboard(w.Ctx, w.Chief, headquarters.Asked{Programme: "ctpat"})
	w.Must(err)
	for code, want := range map[string]int{"status": 5, "tiers": 4, "countries": 4, "offices": 4, "funnel": 21, "ageing": 1, "done": 1, "findings": 2, "standings": 7} {
		if got := d.Table(code).All().N; got != want {
			t.Errorf("%s: %d rows, want %d", code, got, want)
		}
	}
	later, err := w.s.Dashboard(w.Ctx, w.Chief, headquarters.Asked{Programme: "ctpat", On: day(t, "2027-01-15")})
	w.Must(err)
	if got := later.Table("due").Sum(0); got != 4 { // of five members one was removed, and is due no more
		t.Errorf("first validations due: %d, want 4", got)
	}
	year, err := w.s.Annual(w.Ctx, w.Chief, headquarters.AnnualAsked{Programme: "ctpat"})
	w.Must(err)
	if year.Year != 2026 || year.Asked.First != day(t, "2025-10-01") || year.Asked.Last != day(t, "2026-09-30") || !year.Open {
		t.Errorf("the fiscal year %d is %s to %s", year.Year, year.Asked.First, year.Asked.Last)
	}
	for _, m := range year.Measures {
		if m.Code == "certification" && (len(m.Lines) != 1 || m.Lines[0].N != 5 || m.Lines[0].Hours != 1.5) {
			t.Errorf("certifications: %+v", m.Lines)
		}
		if m.Code == "validation" && (len(m.Lines) != 1 || m.Lines[0].N != 1 || m.Lines[0].Mean() != 2.5) {
			t.Errorf("validations: %+v", m.Lines)
		}
	}
}

// TestMembersOnADay counts by what was so on a day and by what was known at an instant.
func TestMembersOnADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, id := w.Member("Timely Ltd")
	w.Clock.Move(20 * 24 * time.Hour)
	before := w.Clock.Now()
	w.record(id, standing.Suspended, w.today())
	w.Clock.Move(24 * time.Hour)
	count := func(on string, known time.Time) string {
		d, err := w.s.Dashboard(w.Ctx, w.Chief, headquarters.Asked{Programme: "ctpat", On: day(t, on), Known: known})
		w.Must(err)
		out := ""
		for _, l := range d.Table("status").Lines {
			for i, c := range l.Cells {
				if c.N > 0 {
					out += d.Table("status").Heads[i].Key
				}
			}
		}
		return out
	}
	for _, c := range []struct {
		on    string
		known time.Time
		want  string
	}{
		{"2026-03-02", time.Time{}, ""},
		{"2026-03-03", time.Time{}, "active"},
		{"2026-03-23", time.Time{}, "suspended"},
		{"2026-03-23", before.Add(-time.Second), "active"}, // what was said then
		{"2026-03-22", time.Time{}, "active"},
	} {
		if got := count(c.on, c.known); got != c.want {
			t.Errorf("on %s as known at %s: %q, want %q", c.on, c.known, got, c.want)
		}
	}
}

// TestWhoLooksFromAbove refuses the others, and shows a supervisor only their own offices.
func TestWhoLooksFromAbove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, _ := w.Member("Fenced Ltd")
	brussels := w.Staff("Berta Brussels", identity.Supervisor, w.Brussels)
	ask := headquarters.Asked{Programme: "ctpat"}
	for _, by := range []identity.Actor{w.Sam, w.Admin, owner, {}} {
		_, err := w.s.Dashboard(w.Ctx, by, ask)
		w.Want("the dashboard for "+by.Name, err, fault.NotFound)
		_, err = w.s.List(w.Ctx, by, headquarters.Filter{Asked: ask, Set: headquarters.Members})
		w.Want("a list for "+by.Name, err, fault.NotFound)
		_, err = w.s.Export(w.Ctx, by, headquarters.Filter{Asked: ask, Set: headquarters.Members}, headquarters.XLSX)
		w.Want("a file for "+by.Name, err, fault.NotFound)
		_, err = w.s.Annual(w.Ctx, by, headquarters.AnnualAsked{})
		w.Want("the year for "+by.Name, err, fault.NotFound)
		_, err = w.s.Duties(w.Ctx, by, ask)
		w.Want("the duties for "+by.Name, err, fault.NotFound)
		_, err = w.s.Alike(w.Ctx, by, ask)
		w.Want("the offices for "+by.Name, err, fault.NotFound)
	}
	if _, err := w.s.List(w.Ctx, w.Chief, headquarters.Filter{Asked: ask, Set: "persons"}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a set that is not there: %v", err)
	}
	for _, by := range []identity.Actor{w.Boss, w.Chief, w.Auditor, brussels} {
		l, err := w.s.List(w.Ctx, by, headquarters.Filter{Asked: ask, Set: headquarters.Members})
		w.Must(err)
		want := 1
		if by.Name == brussels.Name {
			want = 0
		}
		if l.Total != want {
			t.Errorf("%s sees %d members, want %d", by.Name, l.Total, want)
		}
	}
	l, err := w.s.List(w.Ctx, brussels, headquarters.Filter{Asked: headquarters.Asked{Programme: "ctpat", Office: w.NewYork}, Set: headquarters.Members})
	w.Must(err)
	if l.Total != 0 {
		t.Error("asking for another office shows its members")
	}
}

// TestBreachesAreFound forges what the portal itself refuses, and finds it.
func TestBreachesAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	read := func() headquarters.Duties {
		d, err := w.s.Duties(w.Ctx, w.Auditor, headquarters.Asked{Programme: "ctpat"})
		w.Must(err)
		return d
	}
	d := read()
	if n := d.Table.All().N; n != 6 || d.Table.Sum(0) != n {
		t.Fatalf("%d decisions, of which %d without a breach; want 6 and 6", n, d.Table.Sum(0))
	}
	if len(d.Pairs) != 1 || d.Pairs[0].N != 6 || d.Pairs[0].Share() != 100 || d.Pairs[0].Above { // six are fewer than the programme's ten
		t.Errorf("pairs: %+v", d.Pairs)
	}
	if len(d.Clashes) != 0 {
		t.Errorf("clashes: %+v", d.Clashes)
	}
	owner, err := pgx.Connect(background, w.DSN)
	w.Must(err)
	defer owner.Close(background) //nolint:errcheck // of a test
	for _, sql := range []string{`alter table recommendation drop constraint four_eyes`,
		`update recommendation set decided_by = made_by where application_id = (select application_id from membership order by number limit 1)`,
		`update recommendation set decision = null, decided_by = null, decided_at = null where application_id = (select application_id from membership order by number desc limit 1)`,
		`insert into person_right (person_id, audience, role, company_id, starts_on, granted_at) select r.made_by, 'company', 'reader', m.company_id, '2026-01-01', '2026-01-01'
			from membership m join recommendation r on r.application_id = m.application_id order by m.number offset 1 limit 1`} {
		if _, err := owner.Exec(background, sql); err != nil {
			t.Fatal(err)
		}
	}
	w.Exec(`insert into person_right (id, person_id, audience, role, office_id, starts_on, granted_at) values (gen_random_uuid(), ?, 'staff', 'administrator', ?, '2026-01-01', '2026-01-01')`, w.Sam.PersonID, w.NewYork)
	d = read()
	got := map[string]int{}
	for i, h := range d.Table.Heads {
		got[h.Key] = d.Table.Sum(i)
		w.opens(w.Auditor, "breach "+h.Key, d.Table.SumCell(i))
	}
	if got["same_person"] != 1 || got["no_recommendation"] != 1 || got["own_company"] != 1 || got["none"] != 3 {
		t.Errorf("breaches: %v", got)
	}
	if len(d.Clashes) != 1 || d.Clashes[0].Person != w.Sam.Name || len(d.Clashes[0].Roles) != 2 {
		t.Errorf("clashes: %+v", d.Clashes)
	}
	l, err := w.s.List(w.Ctx, w.Auditor, d.Table.SumCell(1).Filter)
	w.Must(err)
	if r := l.Rows[0]; r.Recommended != w.Sam.Name || r.Decided != w.Sam.Name || r.Opened == "" || r.Reviewed == "" {
		t.Errorf("who did what: %+v", r)
	}
}

// TestTooFewIsSaid: below the limit no share is given, and above it an interval.
func TestTooFewIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, _ = w.Member("One Ltd")
	for i, verdict := range []string{"more_information", "meets"} { // the first verdict counts
		w.Exec(`insert into profile_result (cycle_id, company_id, criterion, verdict, remark, round, sent_at) select id, company_id, '3.1', ?, '', ?, ? from profile_cycle`, verdict, i+1, w.Clock.Now())
	}
	a, err := w.s.Alike(w.Ctx, w.Chief, headquarters.Asked{Programme: "ctpat"})
	w.Must(err)
	if len(a.Compared) != 1 || a.Few != 5 {
		t.Fatalf("%d offices, few is %d", len(a.Compared), a.Few)
	}
	if f := a.Compared[0].Findings; !f.Few {
		t.Errorf("no validation is enough for a ratio: %+v", f)
	}
	if a.Compared[0].Decided.N != 1 || a.Compared[0].Decided.Middle == nil {
		t.Errorf("decided: %+v", a.Compared[0].Decided)
	}
	for _, j := range a.Criteria {
		if j.All.N != 1 || !j.All.Few || j.All.Part != 1 || j.All.High < 99.9 || j.All.Low > 30 {
			t.Errorf("%s: %+v", j.Criterion, j.All)
		}
	}
	if len(a.Criteria) == 0 {
		t.Error("no criterion was judged")
	}
}

// TestFiles takes a list as a workbook and as CSV: the rows, what they are, no formula, and
// an event for each.
func TestFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	f := headquarters.Filter{Asked: headquarters.Asked{Programme: "ctpat"}, Set: headquarters.Members, Where: map[headquarters.Dim]string{headquarters.ByLive: "yes"}}
	file, err := w.s.Export(w.Ctx, w.Boss, f, headquarters.XLSX)
	w.Must(err)
	book, err := excelize.OpenReader(bytes.NewReader(file.Body))
	w.Must(err)
	rows, err := book.GetRows("Rows")
	w.Must(err)
	about, err := book.GetRows("About")
	w.Must(err)
	if len(rows) != 5 || rows[0][0] != "Reference" {
		t.Errorf("%d lines, heads %v", len(rows), rows[0])
	}
	text := ""
	for _, r := range about {
		text += strings.Join(r, ": ") + "\n"
	}
	for _, want := range []string{"Number of rows: 4", "As of the day: 2026-05-07", "As known at: 2026-05-07T", "Member: Member", "How this is counted: Every membership", "Made by: Bob Boss"} {
		if !strings.Contains(text, want) {
			t.Errorf("the sheet About lacks %q:\n%s", want, text)
		}
	}
	for i := range rows {
		for k := range rows[i] {
			if strings.HasPrefix(rows[i][k], "=") {
				t.Errorf("a formula: %s", rows[i][k])
			}
		}
	}
	file, err = w.s.Export(w.Ctx, w.Boss, f, headquarters.CSV)
	w.Must(err)
	z, err := zip.NewReader(bytes.NewReader(file.Body), int64(len(file.Body)))
	w.Must(err)
	if len(z.File) != 2 || z.File[1].Name != "about.csv" {
		t.Fatalf("%d files", len(z.File))
	}
	r, err := z.File[0].Open()
	w.Must(err)
	body, err := io.ReadAll(r)
	w.Must(err)
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff")))).ReadAll()
	w.Must(err)
	if len(lines) != 5 || !strings.Contains(string(body), "'=cmd") {
		t.Errorf("%d lines of CSV", len(lines))
	}
	year, err := w.s.AnnualFile(w.Ctx, w.Chief, headquarters.AnnualAsked{Programme: "ctpat"}, headquarters.XLSX)
	w.Must(err)
	if book, err = excelize.OpenReader(bytes.NewReader(year.Body)); err != nil {
		t.Fatal(err)
	}
	if rows, err = book.GetRows("Rows"); err != nil || len(rows) < 10 {
		t.Errorf("the yearly report has %d lines, %v", len(rows), err)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'headquarters.export' and internal`); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

// TestOneRoundTrip: the dashboard is one batch, however many tables it has.
func TestOneRoundTrip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	ctx := pg.Counted(background)
	_, err := w.s.Dashboard(ctx, w.Chief, headquarters.Asked{Programme: "ctpat"})
	w.Must(err)
	if n := pg.Statements(ctx); n > 17 { // the scope, the offices, and one for each set with its columns
		t.Errorf("the dashboard sends %d statements", n)
	}
}
