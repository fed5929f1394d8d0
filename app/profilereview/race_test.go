package profilereview_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"trustedtrader/app/fault"
	"trustedtrader/app/profilereview"
)

// TestTwoSpecialistsNeverOverwriteEachOther: of many verdicts on one criterion that were
// given from the same page one is kept and the others are told; on different criteria
// both are kept.
func TestTwoSpecialistsNeverOverwriteEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, id, _ := w.reviewed("Harbor Trading LLC")
	var kept, told atomic.Int32
	parallel(50, func(i int) {
		by := w.Sam
		if i%2 == 1 {
			by = w.Sue
		}
		err := w.s.SetVerdict(w.Ctx, by, id, profilereview.VerdictEntry{Criterion: "1.1", Verdict: profilereview.MeetsWithRecommendation, Remark: fmt.Sprintf("Remark %d", i), Round: 1})
		switch {
		case err == nil:
			kept.Add(1)
		case fault.KindOf(err) == fault.Conflict:
			told.Add(1)
		default:
			t.Errorf("verdict %d: %v", i, err)
		}
	})
	if kept.Load() != 1 || told.Load() != 49 {
		t.Errorf("%d verdicts were kept and %d refused, want 1 and 49", kept.Load(), told.Load())
	}
	criteria := []string{"2.1", "3.1"}
	parallel(2, func(i int) {
		by := w.Sam
		if i == 1 {
			by = w.Sue
		}
		if err := w.s.SetVerdict(w.Ctx, by, id, profilereview.VerdictEntry{Criterion: criteria[i], Verdict: profilereview.Meets, Round: 1}); err != nil {
			t.Errorf("verdict on %s: %v", criteria[i], err)
		}
	})
	for _, c := range criteria {
		if l := w.line(id, c); l.Verdict != profilereview.Meets {
			t.Errorf("%s: %s", c, l.Verdict)
		}
	}
}

// TestVerdictsAreNotCarriedOver: a yearly review begins without verdicts.
func TestVerdictsAreNotCarriedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, _ := w.yearly("Harbor Trading LLC")
	if n := w.Count(`select count(*)::int from profile_verdict where cycle_id = $1`, id); n != 0 {
		t.Errorf("the yearly review begins with %d verdicts", n)
	}
	if n := w.Count(`select count(*)::int from profile_answer where cycle_id = $1 and carried`, id); n == 0 {
		t.Error("the yearly review begins without last year's answers")
	}
}
