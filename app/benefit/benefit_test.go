package benefit_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/benefit"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

const entries = `Entry Summary Line Tariff Details
Run on,03/30/2026

Entry Summary Number,Entry Summary Line Number,Entry Date,MOT Code,Port of Entry Code,Country of Origin,Line Goods Value Amount
ABC-1234567-1,1,01/05/2026,11,2704,CN,"1,000.50"
ABC-1234567-1,2,01/05/2026,11,2704,VN,200
abc 1234567 1,2,01/05/2026,11,2704,VN,300
ABC-1234568-9,1,1/20/2026,30,2304,MX,$50
ABC-1234569-7,1,02/02/2026,10,5301,DE,(25)
,1,02/02/2026,10,5301,DE,25
ABC-1234570-5,1,02/31/2026,submarine,5301,QQ,x
`

const releases = `Entry No,Arrival Date,Release Date,Hold Date,Exam Type,MOT,Port,Stratified,FOL
ABC12345671,2026-01-04 08:00,2026-01-06 09:10,2026-01-05 10:00,NII,11,2704,N,Y
ABC12345689,2026-01-20 08:00,2026-01-20 08:20,,none,30,2304,,
ABC12345697,2026-02-01 08:00,2026-02-05 12:00,2026-02-02 10:00,CES,10,5301,yes,
XYZ00000001,2026-02-10 08:00,2026-02-10 12:07,,0,40,3901,,
`

const invoices = `Entry Number;Invoice No;Invoice Date;Exam;Amount;Currency
ABC-1234567-1;R-1;03/02/2026;x-ray;350.00;USD
ABC-1234569-7;R-2;03/02/2026;Intensive;1.250,00;USD
ABC-1234569-7;R-3;03/03/2026;;80;EUR
NEW-0000000-1;R-4;03/03/2026;tailgate;99.99;USD
`

func TestTakeOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.take(w.ann, "ace_es003", entries)
	if got := counts(i); got != "taken: 7 rows, 4 taken, 1 duplicate, 2 wrong" || i.FirstOn.String() != "2026-01-05" || i.LastOn.String() != "2026-02-02" {
		t.Fatalf("%s %v %v", got, i.FirstOn, i.LastOn)
	}
	if got := w.sums(w.ann); got != "2026-01 entry sea los_angeles 2/1; 2026-01 entry truck laredo 1/1; 2026-02 entry sea houston 1/1" {
		t.Errorf("sums: %s", got)
	}
	_, wrong, err := w.s.Import(w.Ctx, w.ann, i.ID)
	w.Must(err)
	var lines []string
	for _, x := range wrong {
		lines = append(lines, fmt.Sprintf("%d %s %s", x.RowNo, x.Field, x.Problem().String()))
	}
	for _, want := range []string{"7 entry The same entry and line is there already", "10 Entry number This column must be filled", "11 Entry date This is not a day that we can read. Write it as 3/31/2026",
		"11 Mode of transport We do not know this word. Use one of: Sea, Rail, Truck, Air, Other", "11 Country of origin This is not the code of a country", "11 Value This is not an amount"} {
		if !strings.Contains(strings.Join(lines, "\n"), want) {
			t.Errorf("no problem %q in\n%s", want, strings.Join(lines, "\n"))
		}
	}
	w.exact(w.ann)

	// The same file again has nothing new, but its wrong rows.
	if got := counts(w.take(w.ann, "ace_es003", entries)); got != "taken: 7 rows, 0 taken, 5 duplicate, 2 wrong" {
		t.Errorf("again: %s", got)
	}
	// What was examined counts where its entry does.
	r := w.take(w.ann, "ace_cargo_release", releases)
	if got := counts(r); got != "taken: 4 rows, 8 taken, 0 duplicate, 0 wrong" {
		t.Errorf("releases: %s", got)
	}
	w.exact(w.ann)
	v := w.take(w.ann, "exam_invoices", invoices)
	if got := counts(v); got != "taken: 4 rows, 4 taken, 1 duplicate, 1 wrong" {
		t.Errorf("invoices: %s", got)
	}
	w.exact(w.ann)
	if got := w.Text(`select string_agg(to_char(month, 'YYYY-MM') || ' ' || mode || ' ' || type || ' ' || entries, '; ' order by month, mode, type) from benefit_month where company_id = $1 and kind = 'exam'`, w.ann.CompanyID); got !=
		"2026-01 sea  1; 2026-01 sea nii 1; 2026-02 sea  1; 2026-02 sea intensive 1; 2026-03   1; 2026-03  tailgate 1" {
		t.Errorf("examinations: %s", got)
	}
	// Another company has none of it, whatever it brings.
	if got := counts(w.take(w.bob, "ace_es003", entries)); got != "taken: 7 rows, 4 taken, 1 duplicate, 2 wrong" {
		t.Errorf("bob's: %s", got)
	}

	// Undone: the invoice's examination stays, that of the releases goes, and comes back with them.
	if i = w.undo(w.ann, r.ID); i.Status != benefit.Undone {
		t.Errorf("undone: %+v", i)
	}
	w.exact(w.ann)
	if got := w.Text(`select count(*)::text from benefit_event where company_id = $1 and import_id = $2`, w.ann.CompanyID, r.ID); got != "0" {
		t.Errorf("%s events stay", got)
	}
	w.Want("undo twice", w.s.Undo(w.Ctx, w.ann, r.ID, i.Version), fault.Conflict)
	w.take(w.ann, "ace_cargo_release", releases)
	w.exact(w.ann)
	w.exact(w.bob)
	if n := w.Count(`select count(*)::int from audit_event where company_id = $1 and action in ('benefit_import.taken', 'benefit_import.undone')`, w.ann.CompanyID); n != 6 {
		t.Errorf("%d events in the trail", n)
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := func(from, n int, day string) string {
		var b strings.Builder
		for k := range n {
			fmt.Fprintf(&b, "E%07d,1,%s,11,2704,CN,10\n", from+k, day)
		}
		return b.String()
	}
	const head = "entry number,line,entry date,mot,port,origin,value\n"
	first := w.take(w.ann, "ace_es003", head+rows(0, 10, "2026-01-10")+rows(100, 5, "2026-02-10"))
	w.take(w.ann, "ace_cargo_release", releases)
	before := w.sums(w.ann)
	// A corrected January: other entries, one of the same, and one of February that does not belong.
	second := w.take(w.ann, "ace_es003", head+rows(8, 4, "2026-01-12")+rows(200, 1, "2026-02-01"), "2026-01-01", "2026-01-31")
	if got := counts(second); got != "taken: 5 rows, 4 taken, 0 duplicate, 1 wrong" {
		t.Fatal(got)
	}
	if got := w.Text(`select count(*)::text from benefit_event where company_id = $1 and kind = 'entry' and replaced_by is null`, w.ann.CompanyID); got != "9" {
		t.Errorf("%s entry lines", got)
	}
	if i := w.at(w.ann, first.ID); i.Status != benefit.Taken {
		t.Errorf("partly replaced: %s", i.Status)
	}
	w.exact(w.ann)
	third := w.take(w.ann, "ace_es003", head+rows(300, 1, "2026-02-11"), "2026-02-01", "2026-02-28")
	if i := w.at(w.ann, first.ID); i.Status != benefit.Replaced || *i.ReplacedBy != third.ID {
		t.Errorf("wholly replaced: %+v", i)
	}
	w.Want("undo what is replaced", w.s.Undo(w.Ctx, w.ann, first.ID, w.at(w.ann, first.ID).Version), fault.Conflict)
	w.exact(w.ann)
	w.undo(w.ann, third.ID)
	w.undo(w.ann, second.ID)
	w.exact(w.ann)
	if got := w.sums(w.ann); got != before {
		t.Errorf("after all is undone:\n%s\nwant\n%s", got, before)
	}
	if i := w.at(w.ann, first.ID); i.Status != benefit.Taken || i.ReplacedBy != nil {
		t.Errorf("back: %+v", i)
	}

	i := w.bring(w.ann, "ace_es003", head+rows(0, 1, "2026-01-10"))
	for name, in := range map[string]benefit.TakeEntry{"no days": {Version: i.Version, Replace: true}, "the wrong way": {Version: i.Version, Replace: true, From: w.day("2026-02-01"), To: w.day("2026-01-01")}} {
		w.Want(name, w.s.TakeOver(w.Ctx, w.ann, i.ID, in), fault.Invalid)
	}
	w.Want("stale", w.s.TakeOver(w.Ctx, w.ann, i.ID, benefit.TakeEntry{Version: i.Version - 1}), fault.Conflict)
}

// many is a file of so many entries.
func many(n int) string {
	var b strings.Builder
	b.WriteString("entry number,line,entry date,mot,port,origin,value\n")
	for k := range n {
		fmt.Fprintf(&b, "E%07d,1,2026-%02d-%02d,11,2704,CN,10\n", k, k%3+1, k%28+1)
	}
	return b.String()
}

// A portal that is killed while it reads goes on, and every row counts once.
func TestKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 100_000
	i := w.bring(w.ann, "ace_es003", many(n))
	w.Must(w.s.TakeOver(w.Ctx, w.ann, i.ID, benefit.TakeEntry{Version: i.Version}))
	at := func() int {
		return w.Count(`select rows_read::int from benefit_import where id = $1`, i.ID)
	}
	for kill := range 3 {
		ctx, cancel := context.WithCancel(w.Ctx)
		done := make(chan error, 1)
		before := at()
		go func() { done <- w.s.Work(ctx, i.ID) }()
		for deadline := time.Now().Add(time.Minute); at() == before && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		cancel()
		if err := <-done; err == nil && kill == 0 {
			t.Log("it was done before it was killed")
		}
		if got := w.Count(`select count(*)::int from benefit_month where company_id = $1`, w.ann.CompanyID); got != 0 && w.at(w.ann, i.ID).Status != benefit.Taken {
			t.Errorf("%d sums of what is not taken over", got)
		}
	}
	w.Must(w.s.Work(w.Ctx, i.ID))
	w.Must(w.s.Work(w.Ctx, i.ID)) // the queue may bring it again
	if got := counts(w.at(w.ann, i.ID)); got != fmt.Sprintf("taken: %d rows, %d taken, 0 duplicate, 0 wrong", n, n) {
		t.Error(got)
	}
	w.exact(w.ann)
	if key := w.Text(`select blob_key from benefit_import where id = $1`, i.ID); key != "" {
		t.Errorf("the file stays: %s", key)
	}
}

// What was staged is lost with a crash of the server: the file is read from the start.
func TestStagedIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.bring(w.ann, "ace_es003", many(45_000))
	w.Must(w.s.TakeOver(w.Ctx, w.ann, i.ID, benefit.TakeEntry{Version: i.Version}))
	w.Must(w.s.Stage(w.Ctx, w.at(w.ann, i.ID)))
	w.Exec(`update benefit_import set events_staged = events_staged + 1 where id = ?`, i.ID)
	// Two portals at once: one stops, or both do their part.
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() { _ = w.s.Work(w.Ctx, i.ID) })
	}
	all.Wait()
	w.Must(w.s.Work(w.Ctx, i.ID))
	if got := counts(w.at(w.ann, i.ID)); got != "taken: 45000 rows, 45000 taken, 0 duplicate, 0 wrong" {
		t.Error(got)
	}
	w.exact(w.ann)
}

// A file that is broken in the middle stops, and can be dropped.
func TestStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.bring(w.ann, "ace_es003", many(30_000)+"E9,1,\"2026-01-01,11\n")
	w.Must(w.s.TakeOver(w.Ctx, w.ann, i.ID, benefit.TakeEntry{Version: i.Version}))
	if err := (&benefit.Worker{Service: w.s}).Work(w.Ctx, job(i.ID, 1)); err == nil {
		t.Error("a broken file is taken over")
	}
	i = w.at(w.ann, i.ID)
	if i.Status != benefit.Stopped || !strings.Contains(i.Problem().String(), "Line 30002 has a quotation mark") || i.RowsRead != 20_000 {
		t.Errorf("%+v", i)
	}
	w.Must(w.s.Retry(w.Ctx, w.ann, i.ID, i.Version))
	if err := (&benefit.Worker{Service: w.s}).Work(w.Ctx, job(i.ID, 1)); err == nil {
		t.Error("a broken file is taken over")
	}
	w.Want("stale", w.s.Drop(w.Ctx, w.ann, i.ID, i.Version), fault.Conflict)
	w.Must(w.s.Drop(w.Ctx, w.ann, i.ID, w.at(w.ann, i.ID).Version))
	_, _, err := w.s.Import(w.Ctx, w.ann, i.ID)
	w.Want("dropped", err, fault.NotFound)
	w.Must(w.s.Work(w.Ctx, i.ID)) // its job finds nothing to do
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.bring(w.ann, "ace_es003", entries)
	done := w.take(w.ann, "ace_es003", entries)
	do := map[string]func(by identity.Actor) error{
		"bring": func(by identity.Actor) error {
			_, err := w.s.Bring(w.Ctx, by, "itrac", "x.csv", strings.NewReader(entries))
			return err
		},
		"plan": func(by identity.Actor) error { _, err := w.s.Plan(w.Ctx, by, i.ID); return err },
		"map":  func(by identity.Actor) error { return w.s.Map(w.Ctx, by, i.ID, i.Version, nil) },
		"show": func(by identity.Actor) error { _, err := w.s.Preview(w.Ctx, by, i.ID); return err },
		"take": func(by identity.Actor) error {
			return w.s.TakeOver(w.Ctx, by, i.ID, benefit.TakeEntry{Version: i.Version})
		},
		"retry":  func(by identity.Actor) error { return w.s.Retry(w.Ctx, by, i.ID, i.Version) },
		"drop":   func(by identity.Actor) error { return w.s.Drop(w.Ctx, by, i.ID, i.Version) },
		"undo":   func(by identity.Actor) error { return w.s.Undo(w.Ctx, by, done.ID, done.Version) },
		"import": func(by identity.Actor) error { _, _, err := w.s.Import(w.Ctx, by, i.ID); return err },
		"wrong":  func(by identity.Actor) error { _, _, err := w.s.AllWrong(w.Ctx, by, i.ID); return err },
	}
	for name, f := range do {
		if name != "bring" {
			w.Want(name+" by another company", f(w.bob), fault.NotFound)
		}
		w.Want(name+" by staff", f(w.Sam), fault.NotFound)
		if name != "import" && name != "wrong" {
			w.Want(name+" by a reader", f(w.reader), fault.Forbidden)
		} else if err := f(w.reader); err != nil {
			t.Errorf("%s by a reader: %v", name, err)
		}
	}
	if list, more, err := w.s.Imports(w.Ctx, w.bob, 1); err != nil || more || len(list) != 0 {
		t.Errorf("bob lists %d, %v", len(list), err)
	}
	if list, _, err := w.s.Imports(w.Ctx, w.reader, 1); err != nil || len(list) != 2 {
		t.Errorf("a reader lists %d, %v", len(list), err)
	}
	// The database itself: nothing for staff, another company or nobody; nothing of what is staged for anybody.
	for _, table := range []string{"benefit_import", "benefit_event", "benefit_month", "benefit_counted", "benefit_wrong", "benefit_mapping"} {
		for name, scope := range map[string]pg.Scope{"staff": w.Sam.Scope(), "bob": w.bob.Scope(), "nobody": {}} {
			var n int
			w.Must(w.DB.Batch(w.Ctx, scope, pg.Value(&n, `select count(*)::int from `+table)))
			if n != 0 {
				t.Errorf("%s sees %d rows of %s", name, n, table)
			}
		}
	}
	for _, sql := range []string{`select count(*)::int from benefit_staged`, `select count(*)::int from (select benefit_take(gen_random_uuid(), now(), '{}')) x`} {
		var n int
		if err := w.DB.Batch(w.Ctx, w.ann.Scope(), pg.Value(&n, sql)); err == nil {
			t.Errorf("a company may: %s", sql)
		}
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, content := range map[string]string{"empty": "", "a heading": "entry number,entry date\n", "a PDF": "%PDF-1.7", "NUL": "entry number,entry date\n\x00,1\n"} {
		_, err := w.s.Bring(w.Ctx, w.ann, "ace_es003", "x.csv", strings.NewReader(content))
		w.Want(name, err, fault.Invalid)
	}
	_, err := w.s.Bring(w.Ctx, w.ann, "nothing", "x.csv", strings.NewReader(entries))
	w.Want("no such report", err, fault.Invalid)
	_, err = w.s.Bring(w.Ctx, w.ann, "ace_es003", "x.csv", nil)
	w.Want("no file", err, fault.Invalid)
	if n := w.Count(`select count(*)::int from benefit_import`); n != 0 {
		t.Errorf("%d imports", n)
	}

	// Columns with other names: what is missing is chosen, and known the next time.
	const own = "Our ref,Filed,How\nE0000001,2026-01-05,ocean\n"
	i, err := w.s.Bring(w.Ctx, w.ann, "ace_es003", `C:\reports\=own.csv`, strings.NewReader(own))
	w.Must(err)
	p, err := w.s.Plan(w.Ctx, w.ann, i.ID)
	if err != nil || len(p.Missing) != 2 || p.Headings[1].First != "2026-01-05" || i.FileName != "=own.csv" {
		t.Fatalf("%+v %v", p, err)
	}
	_, err = w.s.Preview(w.Ctx, w.ann, i.ID)
	w.Want("before it is mapped", err, fault.Conflict)
	w.Want("taken before", w.s.TakeOver(w.Ctx, w.ann, i.ID, benefit.TakeEntry{Version: i.Version}), fault.Conflict)
	for name, fields := range map[string][]string{"missing": {"entry", "", "mode"}, "twice": {"entry", "entry_date", "entry"}, "unknown": {"entry", "entry_date", "nothing"}} {
		w.Want(name, w.s.Map(w.Ctx, w.ann, i.ID, i.Version, fields), fault.Invalid)
	}
	w.Want("of another file", w.s.Map(w.Ctx, w.ann, i.ID, i.Version, []string{"entry"}), fault.Conflict)
	w.Must(w.s.Map(w.Ctx, w.ann, i.ID, i.Version, []string{"entry", "entry_date", "mode"}))
	w.Want("stale", w.s.Map(w.Ctx, w.ann, i.ID, i.Version, []string{"entry", "entry_date", "mode"}), fault.Conflict)
	again, err := w.s.Bring(w.Ctx, w.ann, "ace_es003", "own.csv", strings.NewReader("Report 7\n"+own))
	w.Must(err)
	if p, err = w.s.Plan(w.Ctx, w.ann, again.ID); err != nil || len(p.Missing) != 0 || strings.Join(p.Fields, " ") != "entry entry_date mode" {
		t.Errorf("%+v %v", p, err)
	}
	for range 3 {
		_, err = w.s.Bring(w.Ctx, w.ann, "ace_es003", "own.csv", strings.NewReader(own))
		w.Must(err)
	}
	_, err = w.s.Bring(w.Ctx, w.ann, "ace_es003", "own.csv", strings.NewReader(own))
	w.Want("too many wait", err, fault.Conflict)
	w.Clock.Move(31 * 24 * time.Hour)
	_, err = w.s.Bring(w.Ctx, w.ann, "ace_es003", "own.csv", strings.NewReader(own))
	w.Must(err) // those of before are forgotten
	if n := w.Count(`select count(*)::int from benefit_import`); n != 1 {
		t.Errorf("%d imports", n)
	}
}

// The agency gets sums, of five companies or more.
func TestTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	companies := []uuid.UUID{}
	for n := range 5 {
		by := w.Importer(fmt.Sprintf("Member %d Inc", n))
		companies = append(companies, by.CompanyID)
		rows := entries
		if n == 0 {
			rows = strings.ReplaceAll(entries, "02/02/2026", "01/02/2026") // four with events in February
		}
		w.take(by, "ace_es003", rows)
	}
	from, to := w.day("2026-01-01"), w.day("2026-12-01")
	list, err := w.s.Together(w.Ctx, w.Chief, companies, from, to)
	if err != nil || len(list) != 2 || list[0].Members != 5 || list[0].Entries != 5 || list[0].Events != 10 || list[0].Mode != "sea" || list[1].Mode != "truck" {
		t.Errorf("%+v %v", list, err)
	}
	if list, err = w.s.Together(w.Ctx, w.Chief, companies[1:], from, to); err != nil || len(list) != 0 {
		t.Errorf("of four: %+v %v", list, err)
	}
	_, err = w.s.Together(w.Ctx, w.ann, companies, from, to)
	w.Want("a company", err, fault.NotFound)
}
