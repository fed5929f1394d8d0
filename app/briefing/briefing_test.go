package briefing_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"trustedtrader/app/apptest"
	"trustedtrader/app/baseline"
	"trustedtrader/app/briefing"
	"trustedtrader/app/clock"
	"trustedtrader/app/cost"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/metric"
	"trustedtrader/app/pg"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	*findingtest.World
	s      *briefing.Service
	period metric.Period
}

// newWorld has importers by sea that are no members, of whose goods 3 of 100 were examined.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := findingtest.New(t, "2026-03-31T15:00:00Z")
	w.Exec(`insert into baseline (id, programme, file_name, sha256, size, source, as_of, status, first_month, last_month, cohorts, brought_by, bringer, brought_at, decided_by, decider, decided_at)
		values ('01900000-0000-7000-8000-000000000001', 'ctpat', 'others.csv', repeat('b', 64), 10, 'Counted from releases', '2026-01-31', 'signed', '2025-01-01', '2025-12-01', 1, ?, 'x', now(), ?, 'y', now())`, w.Chief.PersonID, w.Sam.PersonID)
	w.Exec(`insert into baseline_cohort (baseline_id, n, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies, hold_minutes)
		values ('01900000-0000-7000-8000-000000000001', 1, '2025-01-01', '2025-12-01', 'sea', 'all', 'importer', 500000, 15000, 412, 2880)`)
	return &world{w, &briefing.Service{DB: w.DB, Now: w.Clock.Now, Figures: &metric.Service{DB: w.DB, Baselines: &baseline.Service{DB: w.DB, Now: w.Clock.Now}, Costs: &cost.Data{Defaults: []cost.Default{{Mode: "sea", Currency: "USD", PerExam: "400.00", StoragePerDay: "50.00"}}}}}, metric.Period{From: day(t, "2025-01-01"), To: day(t, "2025-12-01")}}
}

func day(t *testing.T, text string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// member is one since 2023, in law too.
func (w *world) member(name string) identity.Actor {
	w.T.Helper()
	by, id := w.Member(name)
	w.Exec(`update standing set valid = '[2023-05-01,)' where membership_id = ?`, id)
	return by
}

// ships gives a company as many shipments and examinations by sea in each month of 2025.
func (w *world) ships(by identity.Actor, shipments, exams int) {
	w.T.Helper()
	w.Exec(`insert into benefit_month (company_id, month, kind, mode, port_group, type, country, currency, events, entries, first_on, last_on)
		select ?, m, k.kind, 'sea', 'los_angeles', '', '', '', k.n, k.n, m, m from generate_series('2025-01-01'::date, '2025-12-01', interval '1 month') m, (values ('entry', ?::int), ('exam', ?)) k (kind, n) where k.n > 0`, by.CompanyID, shipments, exams)
	w.Exec(`insert into benefit_import (id, company_id, layout, file_name, sha256, size, blob_key, heading, mapped, status, bringer, brought_at, finished_at, first_on, last_on)
		values (gen_random_uuid(), ?, 'ace_es003', 'own.csv', repeat('c', 64), 9, '', '[]', true, 'taken', 'x', now(), now(), '2025-01-01', '2025-12-31')`, by.CompanyID)
}

// TestReportStaysAsItWas keeps a report, lets everything that it rests on change, and reads the
// same numbers again, which the test computes by itself.
func TestReportStaysAsItWas(t *testing.T) {
	w := newWorld(t)
	ann := w.member("Ann Imports LLC")
	w.ships(ann, 400, 4)
	w.Exec(`insert into membership_cost (id, company_id, year, item, currency, amount, saver, saved_at) values (gen_random_uuid(), ?, 2025, 'staff', 'USD', 9000, 'Ann', now())`, ann.CompanyID)
	id, err := w.s.Keep(w.Ctx, ann, w.period, metric.As{})
	w.Must(err)

	w.moreExams(ann)
	b, printed, err := w.s.Get(w.Ctx, ann, id)
	w.Must(err)
	c, err := b.Read()
	w.Must(err)
	sum := sha256.Sum256([]byte(b.Body))
	if b.SHA256 != hex.EncodeToString(sum[:]) || !json.Valid([]byte(b.Body)) || printed {
		t.Errorf("sha %s, printed %v: %s", b.SHA256, printed, b.Body)
	}
	// 4,800 shipments, 48 examined, 3 of 100 of others: 144. A hold of two days, 400 + 2 x 50 each.
	near := func(what string, r *briefing.Range, want float64) {
		t.Helper()
		if r == nil || math.Abs(r.Value-want) > 1e-9*math.Abs(want) || r.Low >= r.Value || r.High <= r.Value {
			t.Errorf("%s is %+v, want %v", what, r, want)
		}
	}
	l := c.Whole
	if l.Compared != 4800 || l.Examined != 48 || math.Abs(l.Expected-144) > 1e-9 || l.Direction != -1 || c.Member != 12 || c.Fewest != 412 || c.Company != "Ann Imports LLC" || c.Quality != metric.Complete || c.Programme != "ctpat" || c.EntityType != "importer" {
		t.Errorf("kept %+v", c)
	}
	near("ratio", l.Ratio, 48.0/144)
	near("avoided", l.Avoided, 96)
	near("hours", l.Hours, 96*48)
	near("own rate", l.Own, 0.01)
	near("rate of others", l.Others, 0.03)
	if len(l.Money) != 1 || l.Money[0].Default != 4800 || l.Money[0].Currency != "USD" {
		t.Fatalf("money %+v", l.Money)
	}
	near("saved", l.Money[0].Saved, 96*500)
	if len(c.Years) != 1 || c.Years[0].Cost != "9000.00" || c.Years[0].Year != 2025 || c.Years[0].Covered != 12 {
		t.Fatalf("years %+v", c.Years)
	}
	near("net", c.Years[0].Net, 96*500-9000)
	near("return", c.Years[0].Return, 96*500/9000.0)
	if len(c.Memberships) != 1 || len(c.Reports) != 1 || len(c.Cohorts) != 1 || c.Cohorts[0].Note != "Counted from releases" || len(c.Costs) != 1 || !c.Costs[0].Default || len(c.Spent) != 1 || len(c.Quarters) != 4 {
		t.Errorf("sources %+v", c)
	}
	if now, _, err := w.s.Draft(w.Ctx, ann, w.period, metric.As{}); err != nil || now.Whole.Examined != 348 {
		t.Errorf("a draft of today says %d %v", now.Whole.Examined, err)
	}
	for _, sql := range []string{`update briefing set maker = 'x'`, `delete from briefing`} {
		if err := w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) error { return tx.Exec(sql).Error }); err == nil {
			t.Errorf("%s is possible", sql)
		}
	}
	if n := w.Count(`select count(*) from audit_event where subject_kind = 'briefing' and subject_id = $1 and company_id = $2`, id, ann.CompanyID); n != 1 {
		t.Errorf("%d events", n)
	}
}

// moreExams brings 300 examinations more.
func (w *world) moreExams(by identity.Actor) {
	w.T.Helper()
	w.Exec(`update benefit_month set events = events + 25, entries = entries + 25 where company_id = ? and kind = 'exam'`, by.CompanyID)
}

func TestWhoMaySeeReports(t *testing.T) {
	w := newWorld(t)
	ann := w.member("Ann Imports LLC")
	bob := w.member("Bob Trading Inc")
	w.ships(ann, 400, 4)
	reader := ann
	reader.Role = identity.Reader
	id, err := w.s.Keep(w.Ctx, ann, w.period, metric.As{})
	w.Must(err)
	w.Want("a reader keeps one", second(w.s.Keep(w.Ctx, reader, w.period, metric.As{})), fault.Forbidden)
	w.Want("a company without reports keeps one", second(w.s.Keep(w.Ctx, bob, w.period, metric.As{})), fault.Conflict)
	for name, by := range map[string]identity.Actor{"another company": bob, "a specialist": w.Sam, "headquarters": w.Chief} {
		_, _, err := w.s.Get(w.Ctx, by, id)
		w.Want(name+" reads it", err, fault.NotFound)
		w.Want(name+" takes its PDF", second(w.s.PDF(w.Ctx, by, id)), fault.NotFound)
		if by.Audience == identity.Staff {
			w.Want(name+" keeps one", second(w.s.Keep(w.Ctx, by, w.period, metric.As{})), fault.NotFound)
			w.Want(name+" lists", second(w.s.List(w.Ctx, by)), fault.NotFound)
		}
	}
	if list, err := w.s.List(w.Ctx, bob); err != nil || len(list) != 0 {
		t.Errorf("bob lists %+v %v", list, err)
	}
	if list, err := w.s.List(w.Ctx, reader); err != nil || len(list) != 1 || list[0].From != "2025-01-01" || list[0].To != "2025-12-01" || list[0].Printed {
		t.Errorf("a reader lists %+v %v", list, err)
	}
	var seen int // row level security, also without a condition
	w.Must(w.DB.Batch(w.Ctx, bob.Scope(), pg.Value(&seen, `select count(*)::int from briefing`)))
	if seen != 0 {
		t.Errorf("bob sees %d rows", seen)
	}
}

// TestPrintedOnce: however often the job runs, there is one PDF; a printer that fails is asked
// again.
func TestPrintedOnce(t *testing.T) {
	w := newWorld(t)
	ann := w.member("Ann Imports LLC")
	w.ships(ann, 400, 4)
	id, err := w.s.Keep(w.Ctx, ann, w.period, metric.As{})
	w.Must(err)
	if d, err := w.s.PDF(w.Ctx, ann, id); d != nil || err != nil {
		t.Errorf("before it is printed: %v %v", d, err)
	}
	args, broken := briefing.PrintArgs{Briefing: id}, errors.New("no paper")
	page := func(_ context.Context, b briefing.Briefing, zone *time.Location) (string, error) {
		return b.SHA256 + " " + zone.String(), nil
	}
	if err := w.s.MakePDF(w.Ctx, args, page, func(context.Context, string) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("a broken printer: %v", err)
	}
	prints := 0
	for range 2 {
		w.Must(w.s.MakePDF(w.Ctx, args, page, func(_ context.Context, html string) ([]byte, error) {
			prints++
			return []byte("%PDF " + html), nil
		}))
	}
	d, err := w.s.PDF(w.Ctx, ann, id)
	w.Must(err)
	b, printed, err := w.s.Get(w.Ctx, ann, id)
	w.Must(err)
	if prints != 1 || !printed || string(d.Body) != "%PDF "+b.SHA256+" "+w.zone(ann) {
		t.Errorf("printed %d times: %s", prints, d.Body)
	}
	w.Must(w.s.MakePDF(w.Ctx, briefing.PrintArgs{Briefing: pg.NewID()}, page, nil)) // of a company that is gone
	if n := w.Count(`select count(*) from audit_event where subject_kind = 'briefing' and subject_id = $1 and action in ('briefing.keep', 'briefing.make_pdf', 'briefing.download')`, id); n != 3 {
		t.Errorf("%d events", n)
	}
}

func (w *world) zone(by identity.Actor) string {
	return w.Text(`select o.zone from company c join office o on o.id = c.office_id where c.id = $1`, by.CompanyID)
}

func second[T any](_ T, err error) error { return err }
