package metric_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"trustedtrader/app/apptest"
	"trustedtrader/app/benefit"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/metric"
	"trustedtrader/app/pg"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// raw is an event as a file would report it, kept in the test's own memory.
type raw struct {
	kind                benefit.Kind
	day                 time.Time
	entry, mode, kindOf string
	portGroup           string
	took, lane, general int
	proposed, assessed  int64 // cents
}

// TestCompanyFigures makes two years of events by chance and computes every figure again from
// the single events, by counting, without the portal's sums.
func TestCompanyFigures(t *testing.T) {
	w := findingtest.New(t, "2026-03-31T15:00:00Z")
	s := &metric.Service{DB: w.DB}
	ann, bob := w.Importer("Ann Imports LLC"), w.Importer("Bob Trading Inc")
	events := madeUp(rand.New(rand.NewPCG(1, 9)))
	put(w, ann, events)
	put(w, bob, events[:40])

	p := metric.Period{From: day(t, "2024-02-01"), To: day(t, "2025-11-01")}
	c, err := s.Company(w.Ctx, ann, p)
	w.Must(err)
	in := slices.DeleteFunc(slices.Clone(events), func(e raw) bool {
		return e.day.Before(p.From.Time()) || !e.day.Before(p.To.AddMonths(1).Time())
	})
	if c.Period.Months() != 22 || c.Quality != metric.Complete || c.Covered != 22 {
		t.Errorf("%d months, %d covered, %s", c.Period.Months(), c.Covered, c.Quality)
	}
	compareShares(t, c, in)
	compareTimes(t, c, in)
	compareMoney(t, c, in)
	lanes, opened, told := 0, 0, 0
	for _, e := range in {
		if e.kind != benefit.Crossing || e.kindOf == "" {
			continue
		}
		told++
		switch e.kindOf {
		case "fast":
			lanes++
			opened++
		case "priority":
			opened++
		}
	}
	if c.Lanes() != (metric.Share{Part: opened, Whole: told}) || opened == 0 || opened == told {
		t.Errorf("%+v crossings by lanes of members, by paper %d of %d", c.Lanes(), opened, told)
	}
	if i := slices.IndexFunc(c.Counts, func(x metric.Count) bool { return x.Kind == benefit.Crossing && x.Type == "fast" }); i < 0 || c.Counts[i].Events != lanes {
		t.Errorf("%d crossings by the fast lane, counted %+v", lanes, c.Counts)
	}

	byMonth := map[string]int{}
	for _, e := range in {
		if e.kind == benefit.Crossing {
			byMonth[e.day.Format("2006-01-02")[:8]+"01 "]++
			byMonth[e.day.Format("2006-01-02")[:8]+"01 "+e.kindOf]++
		}
	}
	for _, m := range c.Monthly {
		if key := m.Month.String() + " " + m.Type; m.Kind != benefit.Crossing || byMonth[key] != m.Events {
			t.Errorf("%s: %d, counted %d", key, m.Events, byMonth[key])
		}
	}
	if len(c.Monthly) != len(byMonth) || len(byMonth) < 60 {
		t.Errorf("%d sums of months, counted %d", len(c.Monthly), len(byMonth))
	}

	if c, err = s.Company(w.Ctx, ann, metric.Period{From: day(t, "2023-12-01"), To: day(t, "2024-03-01")}); err != nil || c.Quality != metric.Partial || c.Covered != 3 {
		t.Errorf("partly covered: %s %d %v", c.Quality, c.Covered, err)
	}
	if c, err = s.Company(w.Ctx, w.Importer("New LLC"), p); err != nil || c.Quality != metric.Nothing || len(c.Examined) != 0 || !c.AsOf.IsZero() {
		t.Errorf("no reports: %+v %v", c, err)
	}
	for name, by := range map[string]identity.Actor{"a specialist": w.Sam, "headquarters": w.Chief} {
		_, err := s.Company(w.Ctx, by, p)
		w.Want(name+" reads a company's figures", err, fault.NotFound)
	}
	for _, p := range []metric.Period{{From: p.To, To: p.From}, {From: day(t, "1990-01-01"), To: p.To}, {From: day(t, "2024-02-02"), To: p.To}} {
		if _, err := s.Company(w.Ctx, ann, p); fault.Fields(err) == nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func day(t *testing.T, text string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func madeUp(r *rand.Rand) (out []raw) {
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1500 {
		day := start.AddDate(0, 0, r.IntN(731))
		mode := []string{"sea", "air", "truck"}[r.IntN(3)]
		entry, ports := fmt.Sprintf("E%07d", i), []string{"los_angeles", "laredo", "other"}[i%3]
		for range 1 + r.IntN(3) { // lines of one entry
			out = append(out, raw{kind: benefit.Entry, day: day, entry: entry, mode: mode, portGroup: ports, took: r.IntN(190) * 15})
		}
		if r.IntN(25) == 0 {
			for _, kind := range []string{"nii", "intensive"}[:1+r.IntN(2)] { // two examinations of one entry are one examined shipment
				out = append(out, raw{kind: benefit.Exam, day: day.AddDate(0, 0, 1), entry: entry, mode: mode, portGroup: ports, kindOf: kind, took: r.IntN(90) * 15})
			}
		}
		if mode == "truck" {
			out = append(out, raw{kind: benefit.Crossing, day: day, mode: mode, kindOf: []string{"fast", "general"}[r.IntN(2)], lane: r.IntN(8) * 15, general: r.IntN(16) * 15})
		}
		if r.IntN(200) == 0 {
			cents := int64(r.IntN(500000))
			out = append(out, raw{kind: benefit.PenaltyMitigation, day: day, entry: entry, mode: mode, proposed: cents * 2, assessed: cents})
		}
	}
	return out
}

// put writes events as a take-over would, and makes their sums.
func put(w *findingtest.World, by identity.Actor, list []raw) {
	w.T.Helper()
	money := func(cents int64) any {
		if cents == 0 {
			return nil
		}
		return new(big.Rat).SetFrac64(cents, 100).FloatString(2)
	}
	id := pg.NewID()
	for i, e := range list {
		var hold, arrived, release, lane, general any
		switch e.kind {
		case benefit.Entry:
			arrived, release = e.day, e.day.Add(time.Duration(e.took)*time.Minute)
		case benefit.Exam:
			hold, release = e.day, e.day.Add(time.Duration(e.took)*time.Minute)
		case benefit.Crossing:
			lane, general = e.lane, e.general
		}
		w.Exec(`insert into benefit_event (company_id, import_id, row_no, part, kind, day, month, entry_no, line, ref, mode, port, port_group, country, type, hold_at, release_at, arrived_at, wait_lane, wait_general, proposed, assessed, currency)
			values ($1, $2, $3::int, 0, $4, $5::date, date_trunc('month', $5::date), $6, $3::int, ($3::int)::text, $7, '', $17, '', $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			by.CompanyID, id, i, e.kind, e.day, e.entry, e.mode, e.kindOf, hold, release, arrived, lane, general, money(e.proposed), money(e.assessed), map[bool]string{true: "USD"}[e.proposed > 0], e.portGroup)
	}
	w.Exec(`select benefit_roll($1, array(select distinct month from benefit_event where company_id = $1))`, by.CompanyID)
}

func compareShares(t *testing.T, c metric.Company, in []raw) {
	t.Helper()
	shipments, exams := map[string]map[string]bool{}, map[string]map[string]bool{}
	add := func(m map[string]map[string]bool, key, entry string) {
		if m[key] == nil {
			m[key] = map[string]bool{}
		}
		m[key][entry] = true
	}
	for _, e := range in {
		for _, key := range []string{e.mode, fmt.Sprintf("%s %d-%d", e.mode, e.day.Year(), (int(e.day.Month())-1)/3)} {
			switch e.kind {
			case benefit.Entry:
				add(shipments, key, e.entry)
			}
		}
	}
	// An examination counts where its entry does, also when it was on the first of the next month.
	at := map[string]raw{}
	for _, e := range in {
		if e.kind == benefit.Entry {
			at[e.entry] = e
		}
	}
	for _, e := range in {
		if home, there := at[e.entry]; e.kind == benefit.Exam && there {
			add(exams, home.mode, e.entry)
			add(exams, fmt.Sprintf("%s %d-%d", home.mode, home.day.Year(), (int(home.day.Month())-1)/3), e.entry)
		}
	}
	if len(c.Examined) != 3 {
		t.Fatalf("%d modes", len(c.Examined))
	}
	for _, m := range c.Examined {
		if m.Whole != len(shipments[m.Mode]) {
			t.Errorf("%s: %d shipments, counted %d", m.Mode, m.Whole, len(shipments[m.Mode]))
		}
		// Examinations on the day after the period belong to entries in it.
		if d := m.Part - len(exams[m.Mode]); d < 0 || d > 1 {
			t.Errorf("%s: %d examined, counted %d", m.Mode, m.Part, len(exams[m.Mode]))
		}
		for _, q := range m.Quarters[:len(m.Quarters)-1] {
			key := fmt.Sprintf("%s %d-%d", m.Mode, q.First.Year(), (int(q.First.Month())-1)/3)
			if q.Whole != len(shipments[key]) || q.Part != len(exams[key]) {
				t.Errorf("%s: %d of %d, counted %d of %d", key, q.Part, q.Whole, len(exams[key]), len(shipments[key]))
			}
		}
	}
}

func compareTimes(t *testing.T, c metric.Company, in []raw) {
	t.Helper()
	each := map[string][]int{}
	for _, e := range in {
		switch e.kind {
		case benefit.Entry:
			each["release "+e.mode] = append(each["release "+e.mode], e.took)
		case benefit.Crossing:
			each["lane "+e.mode] = append(each["lane "+e.mode], e.lane)
			each["general "+e.mode] = append(each["general "+e.mode], e.general)
		}
	}
	seen := 0
	for _, x := range c.Took {
		list := each[x.Measure+" "+x.Mode]
		if x.Measure == "hold" {
			continue // of examinations, whose month is their entry's
		}
		seen++
		slices.Sort(list)
		if x.Events != len(list) || x.Median != list[(len(list)+1)/2-1] || x.Ninetieth != list[(len(list)*9+9)/10-1] {
			t.Errorf("%+v, counted %d events, half by %d, nine of ten by %d", x, len(list), list[(len(list)+1)/2-1], list[(len(list)*9+9)/10-1])
		}
	}
	if seen != 5 {
		t.Errorf("%d kinds of times: %+v", seen, c.Took)
	}
}

func compareMoney(t *testing.T, c metric.Company, in []raw) {
	t.Helper()
	var proposed, assessed int64
	n := 0
	for _, e := range in {
		if e.kind == benefit.PenaltyMitigation {
			proposed, assessed, n = proposed+e.proposed, assessed+e.assessed, n+1
		}
	}
	same := func(text string, cents int64) bool {
		r, ok := new(big.Rat).SetString(text)
		return ok && r.Cmp(big.NewRat(cents, 100)) == 0
	}
	if len(c.Money) != 1 || c.Money[0].Events != n || !same(c.Money[0].Proposed, proposed) || !same(c.Money[0].Assessed, assessed) || !same(c.Money[0].Saved, proposed-assessed) {
		t.Errorf("%+v, counted %d with %d and %d cents", c.Money, n, proposed, assessed)
	}
}
