package benefit_test

import (
	"slices"
	"testing"

	"trustedtrader/app/benefit"
	"trustedtrader/app/programme"
)

// A benefit is seen where reports show it, and not seen only where a report would have shown it.
func TestSight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fewer := programme.Benefit{Seen: &programme.BenefitSight{Kinds: []string{"entry", "release"}, Without: "exam"}}
	lanes := programme.Benefit{Seen: &programme.BenefitSight{Kinds: []string{"crossing"}, Types: []string{"fast", "priority"}}}
	see := func(b programme.Benefit) benefit.Sight {
		t.Helper()
		var rows []benefit.SightRow
		w.Must(w.DB.Batch(w.Ctx, w.ann.Scope(), benefit.Sights(&rows, w.ann.CompanyID, benefit.SightFrom(w.day("2026-12-31")))))
		return w.s.Data.See(b, rows)
	}
	want := func(what string, b programme.Benefit, seen benefit.Seen, times int) {
		t.Helper()
		if got := see(b); got != (benefit.Sight{Seen: seen, Times: times}) {
			t.Errorf("%s: %+v, want %s %d", what, got, seen, times)
		}
	}
	want("nothing was brought", fewer, benefit.NoReport, 0)
	want("no report can show it", programme.Benefit{}, benefit.Unseeable, 0)
	w.take(w.ann, "ace_es003", "entry number,entry date\nE0000001,01/05/2026\nE0000002,01/06/2026\nE0000003,01/06/2026\n")
	want("entries alone say nothing of examinations", fewer, benefit.NoReport, 0)
	w.take(w.ann, "ace_cargo_release", "entry number,release date,exam\nE0000002,01/06/2026,intensive\n")
	want("one of three was examined", fewer, benefit.SeenThere, 2)
	want("no report of crossings", lanes, benefit.NoReport, 0)
	w.take(w.ann, "crossings", "crossing time,trip number,lane\n01/07/2026,T1,general\n")
	want("another lane", lanes, benefit.NotSeen, 0)
	w.take(w.ann, "crossings", "crossing time,trip number,lane\n01/08/2026,T2,fast\n01/09/2026,T3,priority\n")
	want("lanes of members", lanes, benefit.SeenThere, 2)
	var rows []benefit.SightRow
	w.Must(w.DB.Batch(w.Ctx, w.bob.Scope(), benefit.Sights(&rows, w.ann.CompanyID, benefit.SightFrom(w.day("2026-12-31")))))
	if len(rows) != 0 {
		t.Errorf("another company reads %d rows", len(rows))
	}
}

// Programmes speak of kinds of event and lanes that reports have.
func TestProgrammesSpeakOfEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, p := range w.Steps.Programmes.All() {
		for _, b := range p.Standing.Benefits {
			if b.Seen == nil {
				continue
			}
			for _, k := range b.Seen.Kinds {
				if !slices.Contains(benefit.Kinds(), benefit.Kind(k)) || len(w.s.Data.Showing([]string{k})) == 0 {
					t.Errorf("%s %s: no report shows %q", p.Code, b.Code, k)
				}
			}
		}
	}
}
