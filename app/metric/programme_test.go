package metric_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"trustedtrader/app/benefit"
	"trustedtrader/app/metric"
)

// reporter is a member of the test with what it reported.
type reporter struct {
	kind, tier string
	from, to   string // months that count, in 2025
	events     []raw
}

// TestProgrammeFigures makes reports of three groups by chance and computes every number again
// from the single events.
func TestProgrammeFigures(t *testing.T) {
	t.Parallel()
	a := newAbove(t)
	r := rand.New(rand.NewPCG(8, 4))
	var all []reporter
	add := func(kind, tier, from, to string, list ...held) {
		x := reporter{kind, tier, from, to, reported(r, len(all) == 2)}
		put(a.World, a.member(fmt.Sprintf("Member %02d", len(all)), kind, list...), x.events)
		all = append(all, x)
	}
	for range 6 {
		add("importer", "tier_2", "2025-01", "2025-12", always...)
	}
	for range 5 {
		add("exporter", "tier_1", "2025-01", "2025-12", held{"2022-01-01", "2025-01-01", "active", "tier_3"}, held{"2025-01-01", "2026-01-01", "active", "tier_1"}, held{"2026-01-01", "", "suspended", "tier_1"})
	}
	add("importer", "*", "2025-01", "2025-12", held{"2022-01-01", "2025-06-10", "active", "tier_1"}, held{"2025-06-10", "", "active", "tier_2"})
	add("importer", "*", "2025-04", "2025-12", held{"2025-03-20", "", "active", "tier_2"})
	add("importer", "*", "2025-01", "2025-07", held{"2022-01-01", "2025-08-01", "active", "tier_2"})
	add("importer", "*", "2025-01", "2025-05", held{"2022-01-01", "2025-06-02", "active", "tier_2"}, held{"2025-06-02", "", "suspended", "tier_2"})
	add("importer", "*", "2025-02", "2025-12", held{"2025-02-01", "", "active", "tier_2"})
	a.members("importer", "Silent LLC")
	a.member("Never Active LLC", "importer", held{"2023-01-01", "", "suspended", "tier_2"})
	older := []group{{"2025-01", "2025-12", "sea", "all", 40000, 2100, 0}, {"2025-01", "2025-12", "truck", "laredo", 900, 90, 0}, {"2025-01", "2025-03", "air", "all", 9000, 600, 0}, {"2025-04", "2025-06", "air", "all", 7000, 900, 0}, {"2024-07", "2025-06", "truck", "all", 700, 90, 0}}
	newer := []group{{"2025-01", "2025-01", "air", "all", 500, 100, 0}, {"2025-04", "2025-04", "air", "all", 900, 10, 0}}
	first, second := sign(a.World, "ctpat", "importer", 0, older), sign(a.World, "ctpat", "importer", 1, newer)
	// Importers by air: April and January of the newer file; the quarters of the older one overlap.
	base := map[string][3]int{"importer sea": {2100, 40000, 12}, "importer air": {110, 1400, 2}}

	o := a.tell()
	if o.Year != 2025 || o.Programme != "ctpat" || len(o.Groups) != 3 || len(o.Baselines) != 2 || o.Baselines[0].ID != second || o.Baselines[1].ID != first {
		t.Fatalf("%+v", o)
	}
	sums := map[string]metric.Share{}
	for i, want := range []struct {
		kind, tier         string
		members, reporting int
	}{{"exporter", "tier_1", 5, 5}, {"importer", "tier_2", 7, 6}, {"importer", "*", 5, 5}} {
		g := o.Groups[i]
		if g.EntityType != want.kind || g.Tier != want.tier || g.Members != want.members {
			t.Fatalf("group %d: %+v", i, g)
		}
		shares, events, behind := byHand(all, g)
		for _, m := range g.Modes {
			if m.Share != shares[m.Mode] || m.Members != want.members || m.Reporting != want.reporting || m.Behind != behind[m.Mode] || math.Abs(m.Coverage()-float64(want.reporting)/float64(want.members)) > 1e-9 {
				t.Errorf("%s %s by %s: %+v, counted %+v of %d", g.EntityType, g.Tier, m.Mode, m, shares[m.Mode], behind[m.Mode])
			}
			if full := want.members == want.reporting && wholly(all, g); (m.Quality() == metric.Complete) != full {
				t.Errorf("%s %s by %s: %s", g.EntityType, g.Tier, m.Mode, m.Quality())
			}
			ratio(t, g.EntityType+" "+m.Mode, m, base[g.EntityType+" "+m.Mode])
			s := sums[m.Mode]
			sums[m.Mode] = metric.Share{Part: s.Part + m.Part, Whole: s.Whole + m.Whole}
		}
		if len(g.Modes) != len(shares) || len(g.Events) != len(events) {
			t.Errorf("%s %s: %d modes of %d, %+v of %+v", g.EntityType, g.Tier, len(g.Modes), len(shares), g.Events, events)
		}
		for _, e := range g.Events {
			if e.Events != events[e.Kind] {
				t.Errorf("%s %s: %+v, counted %d", g.EntityType, g.Tier, e, events[e.Kind])
			}
		}
	}
	for _, m := range o.Modes {
		if m.Share != sums[m.Mode] {
			t.Errorf("all by %s: %+v, counted %+v", m.Mode, m.Share, sums[m.Mode])
		}
		delete(sums, m.Mode)
	}
	if len(sums) > 0 {
		t.Errorf("no total of %v", slices.Collect(maps.Keys(sums)))
	}
}

// reported is what one member reports of 2024 to 2026. releases: instead of entries, in some months.
func reported(r *rand.Rand, releases bool) (out []raw) {
	for i := range 300 {
		day := time.Date(2024, 11, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(480))
		e := raw{kind: benefit.Entry, day: day, entry: fmt.Sprintf("P%07d", i), mode: []string{"sea", "air", "truck"}[r.IntN(3)], portGroup: "other"}
		if releases && day.Month()%2 == 0 {
			e.kind = benefit.Release
		}
		for range 1 + r.IntN(3) {
			out = append(out, e)
		}
		if r.IntN(9) == 0 {
			x := e
			x.kind, x.kindOf, x.day = benefit.Exam, "nii", day.AddDate(0, 0, 1)
			out = append(out, x)
		}
		if k := []benefit.Kind{benefit.Stratified, benefit.FrontOfLine, benefit.Recognised, benefit.Crossing}[r.IntN(4)]; r.IntN(4) == 0 {
			x := raw{kind: k, day: day, mode: "truck"}
			if k == benefit.Crossing {
				x.kindOf = []string{"fast", "priority", "general"}[r.IntN(3)]
			}
			out = append(out, x)
		}
	}
	return out
}

// byHand counts what a group's members brought in, one event after the other.
func byHand(all []reporter, g metric.Group) (shares map[string]metric.Share, events map[benefit.Kind]int, behind map[string]int) {
	shares, events, behind = map[string]metric.Share{}, map[benefit.Kind]int{}, map[string]int{}
	for _, x := range all {
		if x.kind != g.EntityType || x.tier != g.Tier {
			continue
		}
		shipments, modes := map[string]bool{}, map[string]bool{}
		for _, e := range x.events {
			if month := e.day.Format("2006-01"); e.kind == benefit.Exam || month < x.from || month > x.to {
				continue
			}
			switch e.kind {
			case benefit.Entry, benefit.Release:
				if !shipments[e.entry] {
					s := shares[e.mode]
					s.Whole++
					shares[e.mode] = s
				}
				shipments[e.entry], modes[e.mode] = true, true
			default:
				if e.kind != benefit.Crossing || e.kindOf != "general" {
					events[e.kind]++
				}
			}
		}
		for _, e := range x.events { // one examination for an entry, at most
			if e.kind == benefit.Exam && shipments[e.entry] {
				s := shares[e.mode]
				s.Part++
				shares[e.mode] = s
			}
		}
		for m := range modes {
			behind[m]++
		}
	}
	return shares, events, behind
}

// wholly reports whether each member of a group reported each month that counts.
func wholly(all []reporter, g metric.Group) bool {
	for _, x := range all {
		if x.kind != g.EntityType || x.tier != g.Tier {
			continue
		}
		months := map[string]bool{}
		for _, e := range x.events {
			if e.kind == benefit.Entry || e.kind == benefit.Release {
				months[e.day.Format("2006-01")] = true
			}
		}
		for d := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == 2025; d = d.AddDate(0, 1, 0) {
			if m := d.Format("2006-01"); m >= x.from && m <= x.to && !months[m] {
				return false
			}
		}
	}
	return true
}

// ratio computes the comparison with others by the formula of Katz, on its own.
func ratio(t *testing.T, what string, m metric.Met, base [3]int) {
	t.Helper()
	got, enough := m.Beside.Ratio()
	if base[1] == 0 {
		if enough || m.Months != 0 {
			t.Errorf("%s: %+v beside nobody", what, got)
		}
		return
	}
	x, n, y, k := float64(m.Part), float64(m.Whole), float64(base[0]), float64(base[1])
	value, width := (x/n)/(y/k), 1.959963984540054*math.Sqrt((1-x/n)/x+(1-y/k)/y)
	if !enough || m.Months != base[2] || math.Abs(got.Value-value) > 1e-9 || math.Abs(got.Low-value*math.Exp(-width)) > 1e-9 || math.Abs(got.High-value*math.Exp(width)) > 1e-9 {
		t.Errorf("%s: %+v over %d months, computed %v ×/÷ %v over %d", what, got, m.Months, value, math.Exp(width), base[2])
	}
}
