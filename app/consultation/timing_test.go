package consultation_test

import (
	"testing"
	"time"

	"trustedtrader/app/consultation"
)

// TestUnknownTakesAsLongAsNotConsented asks 10,000 times, in turns, and compares neighbours:
// if one kind took longer, it would lose more often than by chance. The margin is wide, for
// the machine does other things too.
func TestUnknownTakesAsLongAsNotConsented(t *testing.T) {
	w := newWorld(t)
	took := func(value string) time.Duration {
		begin := time.Now()
		if a := w.ask(w.officer, consultation.Question{Value: value}); a.Outcome != consultation.NoRecord {
			t.Fatalf("%+v", a)
		}
		return time.Since(begin)
	}
	const pairs = 5000
	slower, ties := 0, 0
	for i := range pairs {
		var unknown, hidden time.Duration
		if i%2 == 0 {
			unknown, hidden = took("C26-999999"), took(w.number)
		} else {
			hidden, unknown = took(w.number), took("C26-999999")
		}
		switch {
		case hidden > unknown:
			slower++
		case hidden == unknown:
			ties++
		}
	}
	if share := (float64(slower) + float64(ties)/2) / pairs; share < 0.4 || share > 0.6 {
		t.Errorf("who has not consented took longer than an unknown number in %.3f of pairs", share)
	} else {
		t.Logf("who has not consented took longer in %.3f of pairs", share)
	}
}
