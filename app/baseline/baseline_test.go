package baseline_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/apptest"
	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	*reviewtest.World
	s    *baseline.Service
	hugo identity.Actor // headquarters, beside Chief
	ann  identity.Actor // owner of a company
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: reviewtest.New(t, "2026-03-31T15:00:00Z")}
	files, err := fs.Sub(config.Imports, "imports")
	w.Must(err)
	data, err := benefit.LoadData(files)
	w.Must(err)
	w.s = &baseline.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Data: data, Letters: w.Steps.Letters}
	w.hugo = w.Staff("Hugo Second", identity.Headquarters, w.HQ)
	w.ann = w.Importer("Ann Imports LLC")
	return w
}

const (
	source  = "Entries of importers without a status, counted in the entry system by the day of entry."
	heading = "Period,Mode,Port group,Entity type,Shipments,Exams,Companies,Median hold (hours)\n"
)

func entered(programme string) baseline.BringEntry {
	return baseline.BringEntry{Programme: programme, Source: source, AsOf: "2026-03-30", FileName: `c:\files\cohorts.csv`}
}

func (w *world) bring(by identity.Actor, rows string) (baseline.Baseline, []baseline.Wrong, error) {
	return w.s.Bring(w.Ctx, by, entered("ctpat"), strings.NewReader(heading+rows))
}

func (w *world) good(rows string) baseline.Baseline {
	w.T.Helper()
	b, wrong, err := w.bring(w.Chief, rows)
	if err != nil {
		w.T.Fatalf("%v %v", err, wrong)
	}
	return b
}

func (w *world) signed(rows string) baseline.Baseline {
	w.T.Helper()
	b := w.good(rows)
	w.Must(w.s.Sign(w.Ctx, w.hugo, b.ID, b.Version))
	w.Clock.Move(time.Second)
	return b
}

func (w *world) day(s string) clock.Day {
	w.T.Helper()
	d, err := clock.ParseDay(s)
	w.Must(err)
	return d
}

// cells are the cohorts in force for importers in words: "sea all 2025-01–2025-01 3/100 5 1590".
func (w *world) cells(by identity.Actor, from, to string) string {
	w.T.Helper()
	list, files, err := w.s.Cohorts(w.Ctx, by, "ctpat", "importer", w.day(from), w.day(to))
	w.Must(err)
	var out []string
	for _, c := range list {
		hold := "-"
		if c.HoldMinutes != nil {
			hold = fmt.Sprint(*c.HoldMinutes)
		}
		out = append(out, fmt.Sprintf("%s %s %.7s to %.7s %d/%d %d %s", c.Mode, c.PortGroup, c.FirstMonth.String(), c.LastMonth.String(), c.Exams, c.Shipments, c.Companies, hold))
	}
	return strings.Join(out, "; ") + fmt.Sprintf(" of %d", len(files))
}

// TestInForce: what counts, from the bringing of a file to its withdrawal.
func TestInForce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.good("2025-01,sea,all,importer,\"10,000\",300,40,26.5\n2025-Q2,Ocean,Los Angeles and Long Beach,Importer,900,30,9,\n2025,truck,all,importer,500,5,4,2\n2025,truck,all,exporter,500,5,7,2\n")
	if b.Cohorts != 3 || b.LeftOut != 1 || b.FileName != "cohorts.csv" || b.FirstMonth.String() != "2025-01-01" || b.LastMonth.String() != "2025-12-01" {
		t.Errorf("brought: %+v", b)
	}
	const both = "sea all 2025-01 to 2025-01 300/10000 40 1590; sea los_angeles 2025-04 to 2025-06 30/900 9 - of 1"
	if got := w.cells(w.ann, "2025-01-01", "2025-12-01"); got != " of 0" {
		t.Errorf("a file that waits counts: %s", got)
	}
	w.Want("who brought it", w.s.Sign(w.Ctx, w.Chief, b.ID, b.Version), fault.Conflict)
	w.Must(w.s.Sign(w.Ctx, w.hugo, b.ID, b.Version))
	for _, by := range []identity.Actor{w.ann, w.Chief, w.Boss, w.Auditor} {
		if got := w.cells(by, "2025-01-01", "2025-12-01"); got != both {
			t.Errorf("%s reads %s", by.Role, got)
		}
	}
	if got := w.cells(w.ann, "2025-05-01", "2025-05-01"); got != "sea los_angeles 2025-04 to 2025-06 30/900 9 - of 1" {
		t.Errorf("May: %s", got)
	}
	if _, files, err := w.s.Cohorts(w.Ctx, w.ann, "ctpat", "importer", w.day("2025-01-01"), w.day("2025-12-01")); err != nil || len(files) != 1 || files[0].Signer != "" || files[0].Source != source || files[0].AsOf.String() != "2026-03-30" || len(files[0].SHA256) != 64 {
		t.Errorf("a company sees %+v %v", files, err)
	}
	if _, files, err := w.s.Cohorts(w.Ctx, w.Auditor, "ctpat", "importer", w.day("2025-01-01"), w.day("2025-12-01")); err != nil || files[0].Signer != "Hugo Second" || files[0].SignedAt.IsZero() {
		t.Errorf("an auditor sees %+v %v", files, err)
	}
	w.Clock.Move(time.Second)
	later := w.signed("2025-01,sea,all,importer,11000,310,41,\n")
	if got := w.cells(w.ann, "2025-01-01", "2025-12-01"); got != "sea all 2025-01 to 2025-01 310/11000 41 -; sea los_angeles 2025-04 to 2025-06 30/900 9 - of 2" {
		t.Errorf("signed over: %s", got)
	}
	w.Want("no reason", w.s.Withdraw(w.Ctx, w.Chief, later.ID, later.Version+1, " "), fault.Invalid)
	w.Must(w.s.Withdraw(w.Ctx, w.Chief, later.ID, later.Version+1, "January was counted twice."))
	if got := w.cells(w.ann, "2025-01-01", "2025-12-01"); got != both {
		t.Errorf("withdrawn: %s", got)
	}
	if got := w.Text(`select string_agg(action || ' ' || actor, ', ' order by id) from audit_event where subject_kind = 'baseline'`); got != "baseline.bring Cora Chief, baseline.sign Hugo Second, baseline.bring Cora Chief, baseline.sign Hugo Second, baseline.withdraw Cora Chief" {
		t.Errorf("recorded: %s", got)
	}
}

// TestWrongRows tells each wrong row, and keeps nothing.
func TestWrongRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const fine = "2025-01,sea,all,importer,100,3,6,\n"
	for _, c := range []struct{ row, want string }{
		{"2025-13,sea,all,importer,100,3,6,", "Period: Write the period as 2025-03, 2025-Q1 or 2025"},
		{"1925,sea,all,importer,100,3,6,", "Period: Write the period as"},
		{",sea,all,importer,100,3,6,", "Period: Enter the period"},
		{"2026-03,sea,all,importer,100,3,6,", "Period: The period is not over on the as-of day 2026-03-30"},
		{"2025-Q1,sea,all,importer,100,3,6,", "Period: Row 2 has the same mode, ports and entity type"},
		{"2025,ship,ALL,Importer,100,3,3,", "Period: Row 2 has the same"},
		{"2025-02,balloon,all,importer,100,3,6,", "Mode of transport: We do not know this word. Use one of: sea, rail"},
		{"2025-02,,all,importer,100,3,6,", "Mode of transport: This column must be filled"},
		{"2025-02,sea,2704,importer,100,3,6,", "Port group: We do not know this word. Use one of: all, other, los_angeles"},
		{"2025-02,sea,all,aeoc,100,3,6,", "Entity type: We do not know this word. Use one of: importer"},
		{"2025-02,sea,all,importer,100,101,6,", "Exams: There are more exams than shipments"},
		{"2025-02,sea,all,importer,100,3,101,", "Companies: There are more companies than shipments"},
		{"2025-02,sea,all,importer,12.5,3,6,", "Shipments: This is not a whole number"},
		{"2025-02,sea,all,importer,100,-3,6,", "Exams: This is not a whole number"},
		{"2025-02,sea,all,importer,99999999999,3,6,", "Shipments: This is not a whole number"},
		{"2025-02,sea,all,importer,100,3,,", "Companies: This column must be filled"},
		{"2025-02,sea,all,importer,100,3,6,soon", "Median hold in hours: Write the hours as 26.5"},
		{"2025-02,sea,all,importer,100,3,6,9000", "Median hold in hours: Write the hours as 26.5"},
		{"2025-02,sea,all,importer,1,2,3,", "Exams: There are more exams than shipments"}, // too few companies do not excuse it
	} {
		b, wrong, err := w.bring(w.Chief, fine+c.row+"\n")
		if fault.KindOf(err) != fault.Invalid || len(wrong) == 0 {
			t.Errorf("%s: %v %+v", c.row, err, b)
			continue
		}
		if got := wrong[0].Column + ": " + wrong[0].What.String(); wrong[0].Line != 3 || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: row %d, %s", c.row, wrong[0].Line, got)
		}
	}
	if n := w.Text(`select count(*)::text from baseline`); n != "0" {
		t.Errorf("%s files were kept", n)
	}
	_, wrong, _ := w.bring(w.Chief, strings.Repeat("2025,balloon,moon,man,1,2,3,\n", 300))
	if len(wrong) != 200 {
		t.Errorf("%d problems are told", len(wrong))
	}
}

// TestRefused is what of a file as a whole is refused.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const row = "2025-01,sea,all,importer,100,3,6,\n"
	for name, c := range map[string]struct {
		change func(*baseline.BringEntry)
		file   string
		field  string
	}{
		"no programme":      {func(e *baseline.BringEntry) { e.Programme = "moon" }, heading + row, "programme"},
		"short source":      {func(e *baseline.BringEntry) { e.Source = "The entry system" }, heading + row, "source"},
		"no day":            {func(e *baseline.BringEntry) { e.AsOf = "" }, heading + row, "as_of"},
		"tomorrow":          {func(e *baseline.BringEntry) { e.AsOf = "2026-04-01" }, heading + row, "as_of"},
		"nothing":           {nil, "", "file"},
		"no rows":           {nil, heading, "file"},
		"columns missing":   {nil, "Period,Mode\n2025,sea\n", "file"},
		"without a period":  {nil, strings.Replace(heading, "Period", "From", 1) + row, "file"},
		"too few companies": {nil, heading + "2025-01,sea,all,importer,100,3,4,\n", "file"},
		"too large":         {nil, heading + row + strings.Repeat("x", baseline.MostBytes), "file"},
		"too many rows":     {nil, heading + strings.Repeat("1,1,1\n", baseline.MostRows+1), "file"},
		"no table":          {nil, "%PDF-1.7", "file"},
	} {
		in := entered("ctpat")
		if c.change != nil {
			c.change(&in)
		}
		_, _, err := w.s.Bring(w.Ctx, w.Chief, in, strings.NewReader(c.file))
		if f := fault.Fields(err); len(f) != 1 || f[0].Name != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := w.s.Bring(w.Ctx, w.Chief, entered("ctpat"), nil); len(fault.Fields(err)) != 1 {
		t.Errorf("no file: %v", err)
	}
	b := w.good(row)
	_, _, err := w.bring(w.hugo, row)
	w.Want("the same file again", err, fault.Conflict)
	w.Must(w.s.Refuse(w.Ctx, w.hugo, b.ID, b.Version, "The source is not the one of last year."))
	if again := w.good(row); again.ID == b.ID {
		t.Error("a refused file cannot come again")
	}
}

// TestWorkbook reads what a spreadsheet program makes of a month.
func TestWorkbook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := excelize.NewFile()
	defer f.Close() //nolint:errcheck // only in memory
	for i, row := range [][]any{{"Cohorts of non-members"}, {"From", "To", "Mode", "Ports", "Entity type", "Shipments", "Exams", "Companies", "Median hold"},
		{45658, 45688, "sea", "all", "importer", 1200.0, 30, 8, 26.25}, {"2025-02", "2025-12", "air", "Chicago", "importer", 700, 7, 6, nil}} {
		w.Must(f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row))
	}
	var b bytes.Buffer
	w.Must(f.Write(&b))
	in, wrong, err := w.s.Bring(w.Ctx, w.Chief, entered("ctpat"), &b)
	if err != nil {
		t.Fatal(err, wrong)
	}
	w.Must(w.s.Sign(w.Ctx, w.hugo, in.ID, in.Version))
	if got := w.cells(w.ann, "2025-01-01", "2025-12-01"); got != "sea all 2025-01 to 2025-01 30/1200 8 1575; air chicago 2025-02 to 2025-12 7/700 6 - of 1" {
		t.Error(got)
	}
}

// TestBeside shows the second person what is in force, and where the rates differ.
func TestBeside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.signed("2025-01,sea,all,importer,1000,30,6,\n2025-02,sea,all,importer,1000,20,6,\n2025-02,air,all,importer,1000,0,6,\n")
	b := w.good("2025-01,sea,all,importer,1000,44,6,\n2025-03,sea,all,importer,1000,31,6,\n2025-03,air,all,importer,1000,1,6,\n2025-03,rail,all,importer,1000,1,6,\n")
	p, err := w.s.Read(w.Ctx, w.hugo, b.ID, 1, false)
	w.Must(err)
	var got []string
	for _, r := range p.Rows {
		now := "-"
		if r.Now != nil && r.Now.FileID == old.ID {
			now = fmt.Sprintf("%.7s %d/%d", r.Now.FirstMonth.String(), r.Now.Exams, r.Now.Shipments)
		}
		got = append(got, fmt.Sprintf("%d %s %s %v", r.N, r.Mode, now, r.Differs()))
	}
	if s := strings.Join(got, "; "); s != "1 sea 2025-01 30/1000 false; 2 sea 2025-02 20/1000 true; 3 air 2025-02 0/1000 true; 4 rail - false" {
		t.Error(s)
	}
	if p.Different != 2 || p.Unknown != 1 || p.Pages != 1 {
		t.Errorf("%d differ, %d are unknown, %d pages", p.Different, p.Unknown, p.Pages)
	}
	if p, err = w.s.Read(w.Ctx, w.Boss, b.ID, 1, true); err != nil || len(p.Rows) != 2 || p.Rows[0].N != 2 {
		t.Errorf("only those: %+v %v", p.Rows, err)
	}
	if _, list, err := w.s.Download(w.Ctx, w.ann, old.ID); err != nil || len(list) != 3 {
		t.Errorf("download: %v %v", list, err)
	}
}

// TestOthers: who sees and does what.
func TestOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const row = "2025-01,sea,all,importer,100,3,6,\n"
	b := w.good(row)
	partner := identity.Actor{PersonID: pg.NewID(), Audience: identity.Partners, Role: identity.Officer, AgencyID: pg.NewID()}
	for _, by := range []identity.Actor{w.ann, w.Sam, w.Admin, partner, {}} {
		_, _, err := w.bring(by, row)
		w.Want("bring", err, fault.NotFound)
		w.Want("sign", w.s.Sign(w.Ctx, by, b.ID, b.Version), fault.NotFound)
		w.Want("withdraw", w.s.Withdraw(w.Ctx, by, b.ID, b.Version, "It is wrong"), fault.NotFound)
		_, err = w.s.Read(w.Ctx, by, b.ID, 1, false)
		w.Want("read one that waits", err, fault.NotFound)
		_, _, err = w.s.Download(w.Ctx, by, b.ID)
		w.Want("download one that waits", err, fault.NotFound)
		_, _, err = w.s.List(w.Ctx, by, 1)
		w.Want("list", err, fault.NotFound)
		if by.Audience != identity.Companies {
			_, _, err = w.s.Cohorts(w.Ctx, by, "ctpat", "importer", w.day("2025-01-01"), w.day("2025-01-01"))
			w.Want("cohorts", err, fault.NotFound)
		}
	}
	for _, by := range []identity.Actor{w.Boss, w.Auditor} {
		_, _, err := w.bring(by, row)
		w.Want("bring", err, fault.Forbidden)
		w.Want("sign", w.s.Sign(w.Ctx, by, b.ID, b.Version), fault.Forbidden)
		if list, _, err := w.s.List(w.Ctx, by, 1); err != nil || len(list) != 1 || list[0].Bringer != "Cora Chief" {
			t.Errorf("%s lists %v %v", by.Role, list, err)
		}
	}
	w.Want("unknown", w.s.Sign(w.Ctx, w.hugo, uuid.New(), 1), fault.NotFound)
	w.Want("stale", w.s.Sign(w.Ctx, w.hugo, b.ID, b.Version+1), fault.Conflict)
	w.Want("withdraw one that waits", w.s.Withdraw(w.Ctx, w.hugo, b.ID, b.Version, "It is wrong"), fault.Conflict)
	w.Want("refuse without a reason", w.s.Refuse(w.Ctx, w.hugo, b.ID, b.Version, ""), fault.Invalid)
	w.Must(w.s.Sign(w.Ctx, w.hugo, b.ID, b.Version))
	w.Want("refuse a signed one", w.s.Refuse(w.Ctx, w.hugo, b.ID, b.Version+1, "It is wrong"), fault.Conflict)
	w.Must(w.s.Withdraw(w.Ctx, w.hugo, b.ID, b.Version+1, "It is wrong"))
	p, err := w.s.Read(w.Ctx, w.ann, b.ID, 1, false)
	if err != nil || p.Status != baseline.Withdrawn || p.Reason != "It is wrong" || p.Bringer+p.Decider+p.Withdrawer != "" || p.BroughtBy != uuid.Nil || len(p.Rows) != 1 {
		t.Errorf("a company reads %+v %v", p, err)
	}
}

// TestFence: what the database refuses by itself.
func TestFence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.good("2025-01,sea,all,importer,100,3,6,\n")
	write := func(sql string, args ...any) error {
		return w.DB.Write(w.Ctx, w.Chief.Scope(), func(tx pg.Tx) error { return tx.WithContext(w.Ctx).Exec(sql, args...).Error })
	}
	for what, err := range map[string]error{
		"baseline_signed_by_another": write(`update baseline set status = 'signed', decided_by = brought_by, decided_at = now() where id = ?`, b.ID),
		"cohort_of_five":             write(`insert into baseline_cohort (baseline_id, n, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies) values (?, 99, '2025-01-01', '2025-01-01', 'sea', 'all', 'importer', 9, 1, 4)`, b.ID),
	} {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	count := func() (n, m int) {
		w.Must(w.DB.Batch(w.Ctx, w.ann.Scope(), pg.Value(&n, `select count(*)::int from baseline`), pg.Value(&m, `select count(*)::int from baseline_cohort`)))
		return n, m
	}
	if n, m := count(); n+m != 0 {
		t.Errorf("a company sees %d files that wait and %d of their cohorts", n, m)
	}
	w.Must(w.s.Sign(w.Ctx, w.hugo, b.ID, b.Version))
	if n, m := count(); n != 1 || m != 1 {
		t.Errorf("a company sees %d signed files and %d cohorts", n, m)
	}
}

// TestRace: of two that decide at once, one does.
func TestRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.good("2025-01,sea,all,importer,100,3,6,\n")
	third := w.Staff("Tom Third", identity.Headquarters, w.HQ)
	errs := make([]error, 2)
	var all sync.WaitGroup
	for i, by := range []identity.Actor{w.hugo, third} {
		all.Go(func() { errs[i] = w.s.Sign(w.Ctx, by, b.ID, b.Version) })
	}
	all.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || fault.KindOf(errs[0]) != fault.Conflict && fault.KindOf(errs[1]) != fault.Conflict {
		t.Errorf("two sign at once: %v, %v", errs[0], errs[1])
	}
}

// TestLarge: a file as large as may be comes in, and the second person reads it beside another.
func TestLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	types, ports := []string{"importer", "exporter", "consolidator", "customs_broker", "sea_carrier", "air_carrier"}, []string{"all", "other", "los_angeles", "new_york", "savannah", "houston", "seattle"}
	file := func(factor int) string {
		var b strings.Builder
		for n := range baseline.MostRows {
			cell, month := n%210, n/210
			fmt.Fprintf(&b, "%d-%02d,%s,%s,%s,1000,%d,9,\n", 2010+month/12, month%12+1, []string{"sea", "rail", "truck", "air", "other"}[cell%5], ports[cell/5%7], types[cell/35], 30+n%7*factor)
		}
		return b.String()
	}
	begun := time.Now()
	w.signed(file(1))
	t.Log("brought in", time.Since(begun))
	b := w.good(file(4))
	begun = time.Now()
	p, err := w.s.Read(w.Ctx, w.hugo, b.ID, 400, false)
	w.Must(err)
	t.Log("read beside another in", time.Since(begun))
	if b.Cohorts != baseline.MostRows || p.Pages != 400 || len(p.Rows) != 50 || p.Different == 0 || p.Unknown != 0 {
		t.Errorf("%d cohorts, %d pages, %d rows, %d differ, %d unknown", b.Cohorts, p.Pages, len(p.Rows), p.Different, p.Unknown)
	}
	begun = time.Now()
	list, _, err := w.s.Cohorts(w.Ctx, w.ann, "ctpat", "importer", w.day("2015-01-01"), w.day("2016-12-01"))
	w.Must(err)
	t.Log("two years in force in", time.Since(begun))
	if len(list) != 24*35 {
		t.Errorf("%d cohorts in force", len(list))
	}
}

// TestTold: those who can sign a file off are told that it waits, and who brought it what came of it.
func TestTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := w.Staff("Gus Gone", identity.Headquarters, w.HQ)
	w.Exec(`update person_right set ended_at = now() where person_id = ?`, gone.PersonID)
	since := w.Clock.Now()
	told := func() string {
		t.Helper()
		out := w.Text(`select coalesce(string_agg(to_name || ' ' || (select count(*) from river.river_job j where j.kind = 'mail' and j.args->>'id' = m.id::text), ', ' order by to_name), '') from mail m where body like '%/desk/baselines/%' and created_at >= $1`, since)
		w.Clock.Move(time.Second)
		since = w.Clock.Now()
		return out
	}
	b := w.good("2025-01,sea,all,importer,100,3,6,\n")
	if text := w.Text(`select max(subject || ' ' || body) from mail where body like '%/desk/baselines/%'`); !strings.Contains(text, "/desk/baselines/"+b.ID.String()) || strings.Contains(text, "cohorts") {
		t.Errorf("the e-mail says %s", text)
	}
	if got := told(); got != "Hugo Second 1" {
		t.Errorf("brought: %s are told", got)
	}
	w.Must(w.s.Sign(w.Ctx, w.hugo, b.ID, b.Version))
	if got := told(); got != "Cora Chief 1" {
		t.Errorf("signed: %s are told", got)
	}
	c := w.good("2025-02,sea,all,importer,100,3,6,\n")
	told()
	w.Must(w.s.Refuse(w.Ctx, w.hugo, c.ID, c.Version, "February is not over there"))
	if got := told(); got != "Cora Chief 1" {
		t.Errorf("refused: %s are told", got)
	}
	w.Must(w.s.Withdraw(w.Ctx, w.hugo, b.ID, b.Version+1, "It is wrong"))
	if _, _, err := w.bring(w.Chief, "2025-13,sea,all,importer,100,3,6,\n"); err == nil {
		t.Error("a wrong file came in")
	}
	if got := told(); got != "" {
		t.Errorf("of nothing %s are told", got)
	}
}

// TestTakeBack: who brought a file takes it back while it waits, and nobody else.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const row = "2025-01,sea,all,importer,100,3,6,\n"
	b := w.good(row)
	if got := fmt.Sprint(b.Actions(w.Chief), b.Actions(w.hugo), b.Actions(w.Auditor)); got != "[take_back] [sign refuse] []" {
		t.Errorf("offered: %s", got)
	}
	for _, x := range []struct {
		name    string
		by      identity.Actor
		id      uuid.UUID
		version int
		reason  string
		want    fault.Kind
	}{
		{"another person", w.hugo, b.ID, b.Version, "", fault.Conflict},
		{"an auditor", w.Auditor, b.ID, b.Version, "", fault.Forbidden},
		{"a company", w.ann, b.ID, b.Version, "", fault.NotFound},
		{"no such file", w.Chief, uuid.New(), b.Version, "", fault.NotFound},
		{"stale", w.Chief, b.ID, b.Version + 1, "", fault.Conflict},
		{"too long", w.Chief, b.ID, b.Version, strings.Repeat("x", 2001), fault.Invalid},
	} {
		w.Want(x.name, w.s.TakeBack(w.Ctx, x.by, x.id, x.version, x.reason), x.want)
	}
	w.Must(w.s.TakeBack(w.Ctx, w.Chief, b.ID, b.Version, "The wrong month"))
	w.Want("twice", w.s.TakeBack(w.Ctx, w.Chief, b.ID, b.Version+1, ""), fault.Conflict)
	w.Want("sign what is taken back", w.s.Sign(w.Ctx, w.hugo, b.ID, b.Version+1), fault.Conflict)
	p, err := w.s.Read(w.Ctx, w.Auditor, b.ID, 1, false)
	if err != nil || p.Status != baseline.TakenBack || p.Reason != "The wrong month" || p.TakenBackAt == nil || p.DecidedAt != nil || len(p.Baseline.Actions(w.Chief)) != 0 {
		t.Errorf("afterwards: %+v %v", p.Baseline, err)
	}
	if _, err := w.s.Read(w.Ctx, w.ann, b.ID, 1, false); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a company reads it: %v", err)
	}
	if got := w.Text(`select string_agg(action || ' ' || actor || ' ' || reason, ', ' order by id) from audit_event where subject_kind = 'baseline'`); got != "baseline.bring Cora Chief , baseline.take_back Cora Chief The wrong month" {
		t.Errorf("recorded: %s", got)
	}
	again := w.good(row) // the very same file can come again
	w.Must(w.s.Sign(w.Ctx, w.hugo, again.ID, again.Version))
	w.Want("take back what is signed", w.s.TakeBack(w.Ctx, w.Chief, again.ID, again.Version+1, ""), fault.Conflict)
	if got := w.cells(w.ann, "2025-01-01", "2025-12-01"); got != "sea all 2025-01 to 2025-01 3/100 6 - of 1" {
		t.Errorf("in force: %s", got)
	}
}

// TestTakeBackRace: of two that sign and take back at once, one does.
func TestTakeBackRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		b := w.good(fmt.Sprintf("2025-%02d,sea,all,importer,100,3,6,\n", i+1))
		var signed, taken error
		var all sync.WaitGroup
		all.Go(func() { signed = w.s.Sign(w.Ctx, w.hugo, b.ID, b.Version) })
		all.Go(func() { taken = w.s.TakeBack(w.Ctx, w.Chief, b.ID, b.Version, "") })
		all.Wait()
		want := "signed"
		if taken == nil {
			want = "taken_back"
		}
		got := w.Text(`select status || ' ' || (decided_by is null)::text || ' ' || (select count(*) from audit_event e where e.subject_id = b.id) from baseline b where id = $1`, b.ID)
		if (signed == nil) == (taken == nil) || fault.KindOf(signed) != fault.Conflict && fault.KindOf(taken) != fault.Conflict || got != fmt.Sprintf("%s %v 2", want, taken == nil) {
			t.Errorf("signed: %v, taken back: %v, it is %s", signed, taken, got)
		}
	}
}
