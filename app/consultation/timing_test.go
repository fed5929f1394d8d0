package consultation_test

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"trustedtrader/app/consultation"
)

// TestUnknownTakesAsLongAsNotConsented asks 10,000 pairs, the two in turns, and compares
// neighbours: if one kind took longer, it would lose more often than by chance. With so many
// pairs chance stays within four times its own width, which is two in a hundred.
func TestUnknownTakesAsLongAsNotConsented(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	took := func(value string) time.Duration {
		begin := time.Now()
		if a := w.ask(w.officer, consultation.Question{Value: value}); a.Outcome != consultation.NoRecord {
			t.Errorf("%+v", a)
		}
		return time.Since(begin)
	}
	const askers, pairs = 4, 2500
	var slower, ties atomic.Int64
	var group sync.WaitGroup
	for range askers {
		group.Go(func() {
			for i := range pairs {
				var unknown, hidden time.Duration
				if i%2 == 0 {
					unknown, hidden = took("C26-999999"), took(w.number)
				} else {
					hidden, unknown = took(w.number), took("C26-999999")
				}
				switch {
				case hidden > unknown:
					slower.Add(1)
				case hidden == unknown:
					ties.Add(1)
				}
			}
		})
	}
	group.Wait()
	share := (float64(slower.Load()) + float64(ties.Load())/2) / (askers * pairs)
	t.Logf("who has not consented took longer than an unknown number in %.4f of pairs", share)
	if math.Abs(share-0.5) > 0.02 {
		t.Errorf("the two can be told apart by the time that they take")
	}
}
