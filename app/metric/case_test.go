package metric_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/cost"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/metric"
	"trustedtrader/app/pg"
)

// group is a cohort in the test's own memory.
type group struct {
	first, last            string // months
	mode, ports            string
	shipments, exams, hold int // hold: minutes, -1: not known
}

// sign puts a file of cohorts where the portal finds it; later ones are signed later.
func sign(w *findingtest.World, programme, kind string, minutes int, list []group) uuid.UUID {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into baseline (id, programme, file_name, sha256, size, source, as_of, status, first_month, last_month, cohorts, brought_by, bringer, brought_at, decided_by, decider, decided_at)
		values ($1, $2, 'others.csv', repeat('a', 64), 10, 'Counted from releases of all ports of entry', '2026-01-31', 'signed', '2023-01-01', '2025-12-01', 1, $3, 'Chris Chief', $5, $4, 'Sam Specialist', $5)`,
		id, programme, w.Chief.PersonID, w.Sam.PersonID, w.Clock.Now().Add(time.Duration(minutes)*time.Minute))
	for n, g := range list {
		var hold any
		if g.hold >= 0 {
			hold = g.hold
		}
		w.Exec(`insert into baseline_cohort (baseline_id, n, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies, hold_minutes) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 40, $10)`,
			id, n, g.first+"-01", g.last+"-01", g.mode, g.ports, kind, g.shipments, g.exams, hold)
	}
	return id
}

// TestCase puts a company beside two signed files and computes everything again: shipment by
// shipment, looking each one's cohort up in a list.
func TestCase(t *testing.T) {
	w := findingtest.New(t, "2026-03-31T15:00:00Z")
	s := &metric.Service{DB: w.DB, Baselines: &baseline.Service{DB: w.DB, Now: w.Clock.Now}, Costs: &cost.Data{Defaults: []cost.Default{{Mode: "air", Currency: "GBP", PerExam: "1.00", StoragePerDay: "1.00"}}}}
	ann, id := w.Member("Ann Imports LLC")
	(&above{World: w}).holds(id, held{"2024-01-01", "2024-09-15", "active", "tier_1"}, held{"2024-09-15", "2024-10-20", "suspended", "tier_1"}, held{"2024-10-20", "", "active", "tier_2"})
	events := madeUp(rand.New(rand.NewPCG(5, 2)))
	put(w, ann, events)
	older := []group{{"2024-01", "2024-12", "sea", "all", 40000, 2100, 2880}, {"2024-01", "2025-12", "truck", "laredo", 90000, 9000, 240}, {"2025-01", "2025-03", "sea", "los_angeles", 9000, 600, -1}}
	newer := []group{{"2025-01", "2025-03", "sea", "los_angeles", 8000, 500, 3000}, {"2025-04", "2025-06", "sea", "all", 7000, 420, 2000}, {"2024-07", "2024-07", "truck", "all", 5000, 800, 300}}
	first, second := sign(w, "ctpat", "importer", 0, older), sign(w, "ctpat", "importer", 1, newer)
	sign(w, "ctpat", "exporter", 2, []group{{"2024-01", "2025-12", "air", "all", 100, 90, 100}}) // of another kind
	for _, x := range []struct {
		mode, from, currency, exam, storage string
		hold                                any
	}{{"", "2024-01-01", "USD", "400", "96.50", nil}, {"truck", "2025-01-01", "USD", "250.25", "0", 600}, {"sea", "2025-04-01", "EUR", "1000", "10", nil}} {
		w.Exec(`insert into exam_cost (id, company_id, mode, from_month, currency, per_exam, storage_per_day, hold_minutes, saver, saved_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 'Ann', now())`,
			pg.NewID(), ann.CompanyID, x.mode, x.from, x.currency, x.exam, x.storage, x.hold)
	}
	w.Exec(`insert into membership_cost (id, company_id, year, item, currency, amount, saver, saved_at) values (gen_random_uuid(), $1, 2024, 'staff', 'USD', 1200.10, 'Ann', now()), (gen_random_uuid(), $1, 2024, 'training', 'USD', 300.40, 'Ann', now()), (gen_random_uuid(), $1, 2025, 'staff', 'EUR', 900, 'Ann', now())`, ann.CompanyID)

	p := metric.Period{From: day(t, "2024-02-01"), To: day(t, "2025-11-01")}
	c, err := s.Case(w.Ctx, ann, p, metric.As{})
	w.Must(err)
	if c.As != (metric.As{Programme: "ctpat", EntityType: "importer"}) || len(c.Kinds) != 1 {
		t.Fatalf("compared as %+v of %+v", c.As, c.Kinds)
	}
	if c.Member != 20 { // of 22: not September, nor October
		t.Errorf("a member in %d months", c.Member)
	}
	if len(c.Baselines) != 2 || c.Baselines[0].ID != second || c.Baselines[1].ID != first {
		t.Errorf("files %+v", c.Baselines)
	}
	world := paper{older: older, newer: newer, exams: examinedEntries(events)}
	for _, m := range c.Modes {
		mine := singles(events, p.From.Time(), p.To.AddMonths(1).Time(), m.Mode)
		world.check(t, m.Mode, m, mine)
		for _, x := range m.Ports {
			world.compared(t, m.Mode+" at "+x.Group, x.Against, slices.DeleteFunc(slices.Clone(mine), func(e raw) bool { return e.portGroup != x.Group }))
		}
		for _, x := range m.Quarters {
			until := x.First.AddMonths(3).Time()
			world.compared(t, m.Mode+" in "+x.First.String(), x.Against, slices.DeleteFunc(slices.Clone(mine), func(e raw) bool { return e.day.Before(x.First.Time()) || !e.day.Before(until) }))
		}
	}
	if len(c.Modes) != 3 || c.Whole.Shipments != len(singles(events, p.From.Time(), p.To.AddMonths(1).Time(), "")) {
		t.Errorf("%d modes, %d shipments", len(c.Modes), c.Whole.Shipments)
	}
	world.check(t, "", c.Whole, singles(events, p.From.Time(), p.To.AddMonths(1).Time(), ""))
	world.years(t, c.Years, events)

	for name, by := range map[string]identity.Actor{"a specialist": w.Sam, "headquarters": w.Chief} {
		_, err := s.Case(w.Ctx, by, p, metric.As{})
		w.Want(name+" reads a company's case", err, fault.NotFound)
	}
	if c, err := s.Case(w.Ctx, w.Importer("New LLC"), p, metric.As{}); err != nil || c.Whole.Enough() || c.As != (metric.As{}) || len(c.Baselines) > 0 {
		t.Errorf("no member: %+v %v", c.As, err)
	}
	bob, _ := w.Member("Bob LLC")
	if c, err := s.Case(w.Ctx, bob, p, metric.As{Programme: "eu-aeo", EntityType: "importer"}); err != nil || c.Whole.Enough() || c.As.Programme != "ctpat" {
		t.Errorf("no reports: %+v %v", c.As, err)
	}
}

func examinedEntries(events []raw) map[string]bool {
	out := map[string]bool{}
	for _, e := range events {
		if e.kind == benefit.Exam {
			out[e.entry] = true
		}
	}
	return out
}

// singles lists the shipments of a span, once each.
func singles(events []raw, from, until time.Time, mode string) (out []raw) {
	seen := map[string]bool{}
	for _, e := range events {
		if e.kind == benefit.Entry && !seen[e.entry] && !e.day.Before(from) && e.day.Before(until) && (mode == "" || e.mode == mode) {
			seen[e.entry] = true
			out = append(out, e)
		}
	}
	return out
}

// paper computes with fractions, one shipment after the other.
type paper struct {
	older, newer []group
	exams        map[string]bool
}

func (p paper) cohort(e raw) *group {
	month := e.day.Format("2006-01")
	if month == "2024-09" || month == "2024-10" {
		return nil // it was suspended on some of their days
	}
	for _, ports := range []string{e.portGroup, "all"} {
		for _, list := range [][]group{p.newer, p.older} {
			for i, g := range list {
				if g.mode == e.mode && g.ports == ports && g.first <= month && month <= g.last {
					return &list[i]
				}
			}
		}
	}
	return nil
}

// cost is what the company said: currency, for an examination, for a day, its own hold.
func (p paper) cost(e raw) (currency string, exam, day *big.Rat, hold int) {
	dec := func(s string) *big.Rat { r, _ := new(big.Rat).SetString(s); return r }
	switch month := e.day.Format("2006-01"); {
	case e.mode == "truck" && month >= "2025-01":
		return "USD", dec("250.25"), dec("0"), 600
	case e.mode == "sea" && month >= "2025-04":
		return "EUR", dec("1000"), dec("10"), -1
	}
	return "USD", dec("400"), dec("96.50"), -1
}

// compared checks a part of a mode.
func (p paper) compared(t *testing.T, name string, got metric.Against, list []raw) {
	t.Helper()
	expected, compared, examined := 0.0, 0, 0
	for _, e := range list {
		if g := p.cohort(e); g != nil {
			compared++
			expected += float64(g.exams) / float64(g.shipments)
			if p.exams[e.entry] {
				examined++
			}
		}
	}
	if got.Own != (metric.Share{Part: examined, Whole: compared}) || !near(got.Expected, expected, 1e-6) || compared == 0 {
		t.Errorf("%s: %d of %d, %v expected; by paper %d of %d, %v", name, got.Own.Part, got.Own.Whole, got.Expected, examined, compared, expected)
	}
}

func (p paper) check(t *testing.T, name string, got metric.Compared, list []raw) {
	t.Helper()
	expected, hours := new(big.Rat), new(big.Rat)
	money, counted := map[string]*big.Rat{}, map[string]int{}
	compared, examined, held, atAll := 0, 0, 0, 0
	for _, e := range list {
		g := p.cohort(e)
		if g == nil {
			continue
		}
		compared++
		if g.ports == "all" {
			atAll++
		}
		avoided := big.NewRat(int64(g.exams), int64(g.shipments))
		expected.Add(expected, avoided)
		avoided = new(big.Rat).Set(avoided)
		if p.exams[e.entry] {
			examined++
			avoided.Sub(avoided, big.NewRat(1, 1))
		}
		currency, exam, day, hold := p.cost(e)
		if hold < 0 {
			hold = g.hold
		}
		worth := exam
		if hold >= 0 {
			held++
			hours.Add(hours, new(big.Rat).Mul(avoided, big.NewRat(int64(hold), 60)))
			worth = new(big.Rat).Add(exam, new(big.Rat).Mul(day, big.NewRat(int64(hold), 24*60)))
		} else if day.Sign() != 0 {
			continue
		}
		if money[currency] == nil {
			money[currency] = new(big.Rat)
		}
		counted[currency]++
		money[currency].Add(money[currency], new(big.Rat).Mul(avoided, worth))
	}
	same := func(what string, got float64, want *big.Rat) {
		t.Helper()
		if f, _ := want.Float64(); math.Abs(got-f) > 1e-6*max(1, math.Abs(f)) {
			t.Errorf("%s %q: %v, by paper %v", what, name, got, f)
		}
	}
	if got.Shipments != len(list) || got.Own.Whole != compared || got.Own.Part != examined || got.AllPorts != atAll || got.Hours.Shipments != held {
		t.Errorf("%q: %d shipments, %d compared, %d examined, %d at all ports, %d with a hold; by paper %d %d %d %d %d", name, got.Shipments, got.Own.Whole, got.Own.Part, got.AllPorts, got.Hours.Shipments, len(list), compared, examined, atAll, held)
	}
	same("expected", got.Expected, expected)
	same("avoided", got.Spared.Value, new(big.Rat).Sub(expected, big.NewRat(int64(examined), 1)))
	same("hours", got.Hours.Value, hours)
	if r, known := got.Ratio(); known {
		same("ratio", r.Value, new(big.Rat).Quo(big.NewRat(int64(examined), 1), expected))
	} else if compared >= metric.Fewest && examined > 0 {
		t.Errorf("%q has no ratio", name)
	}
	if len(got.Money) != len(money) {
		t.Errorf("%q: money in %+v, by paper %v", name, got.Money, money)
	}
	for _, m := range got.Money {
		same("money", m.Value, money[m.Currency])
		if m.Shipments != counted[m.Currency] || m.Low >= m.Value || m.High <= m.Value {
			t.Errorf("%q: %+v, by paper %d shipments", name, m, counted[m.Currency])
		}
	}
}

// years checks what each year brought: its cost, what was mitigated, and the net.
func (p paper) years(t *testing.T, got []metric.Year, events []raw) {
	t.Helper()
	if len(got) != 2 || got[0].Year != 2025 || got[1].Year != 2024 || got[0].Months != 11 || got[0].Covered != 11 || got[1].Covered != 12 || got[0].Quality() != metric.Partial || got[0].Member != 11 || got[1].Member != 10 || got[1].Quality() != metric.Partial {
		t.Fatalf("%+v", got)
	}
	for _, y := range got {
		mitigated := int64(0)
		for _, e := range events {
			member := e.day.Year() == 2024 && e.day.Month() != 9 && e.day.Month() != 10 || e.day.Year() == 2025 && e.day.Month() < 12
			if e.kind == benefit.PenaltyMitigation && e.day.Year() == y.Year && member {
				mitigated += e.proposed - e.assessed
			}
		}
		i := slices.IndexFunc(y.Money, func(m metric.YearMoney) bool { return m.Currency == "USD" })
		if i < 0 {
			t.Fatalf("%d has no dollars: %+v", y.Year, y.Money)
		}
		m := y.Money[i]
		cost := map[int]string{2024: "1500.50", 2025: "0"}[y.Year]
		if want := new(big.Rat).SetFrac64(mitigated, 100).FloatString(2); m.Mitigated != want || m.Cost != cost {
			t.Errorf("%d: %s mitigated, %s cost; by paper %s and %s", y.Year, m.Mitigated, m.Cost, want, cost)
		}
		spent, _ := new(big.Rat).SetString(cost)
		f, _ := spent.Float64()
		if net := m.Saved.Value + float64(mitigated)/100 - f; math.Abs(net-m.Net.Value) > 1e-6 {
			t.Errorf("%d: net %v, by paper %v", y.Year, m.Net.Value, net)
		}
		r, known := m.Return()
		if known != (f > 0) {
			t.Errorf("%d: return %v %v", y.Year, r, known)
		}
		if want := (m.Saved.Value + float64(mitigated)/100) / max(f, 1); known && math.Abs(r.Value-want) > 1e-9 {
			t.Errorf("%d: return %v, by paper %v", y.Year, r.Value, want)
		}
	}
	i := slices.IndexFunc(got[0].Money, func(m metric.YearMoney) bool { return m.Currency == "EUR" })
	if i < 0 || got[0].Money[i].Cost != "900.00" {
		t.Errorf("euros of 2025: %s", fmt.Sprint(got[0].Money))
	}
}
