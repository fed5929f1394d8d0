package metric_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"trustedtrader/app/metric"
)

func near(x, y, within float64) bool { return math.Abs(x-y) <= within }

// TestIntervalsAsPublished holds the intervals against the tables of R. G. Newcombe, Statistics
// in Medicine 17 (1998), pages 857 to 890.
func TestIntervalsAsPublished(t *testing.T) {
	for _, x := range []struct {
		part, whole int
		low, high   float64
	}{{81, 263, .2553, .3662}, {15, 148, .0624, .1605}, {0, 20, 0, .1611}, {1, 29, .0061, .1718}} {
		low, high := metric.Share{Part: x.part, Whole: x.whole}.Interval()
		if !near(low, x.low, 5e-5) || !near(high, x.high, 5e-5) {
			t.Errorf("%d of %d: %.4f to %.4f, published %.4f to %.4f", x.part, x.whole, low, high, x.low, x.high)
		}
	}
	for _, x := range []struct {
		a, m, b, n int
		low, high  float64
	}{{56, 70, 48, 80, .0524, .3339}, {9, 10, 3, 10, .1705, .8090}, {6, 7, 2, 7, .0582, .8062}, {5, 56, 0, 29, -.0381, .1926},
		{0, 10, 0, 20, -.1611, .2775}, {0, 10, 0, 10, -.2775, .2775}, {10, 10, 0, 20, .6791, 1}} {
		d := metric.Difference(metric.Share{Part: x.a, Whole: x.m}, metric.Share{Part: x.b, Whole: x.n})
		if !near(d.Low, x.low, 5e-5) || !near(d.High, x.high, 5e-5) {
			t.Errorf("%d/%d - %d/%d: %.4f to %.4f, published %.4f to %.4f", x.a, x.m, x.b, x.n, d.Low, d.High, x.low, x.high)
		}
	}
}

// TestIntervalsCover draws shipments at known rates: an interval of 95 percent must hold the
// truth about so often.
func TestIntervalsCover(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	draw := func(n int, p float64) (s metric.Share) {
		s.Whole = n
		for range n {
			if r.Float64() < p {
				s.Part++
			}
		}
		return s
	}
	const rounds = 4000
	for _, x := range []struct {
		own, base float64
		n, m      int
	}{{.03, .05, 400, 5000}, {.02, .25, 90, 2000}, {.10, .10, 200, 200}} {
		var rate, ratio, ratios, avoided int
		for range rounds {
			own, base := draw(x.n, x.own), draw(x.m, x.base)
			if low, high := own.Interval(); low <= x.own && x.own <= high {
				rate++
			}
			if s, ok := metric.Ratio(own, base); ok {
				ratios++
				if s.Low <= x.own/x.base && x.own/x.base <= s.High {
					ratio++
				}
			}
			if s, ok := metric.Avoided(own, base); !ok {
				t.Fatal("not enough")
			} else if want := (x.base - x.own) * float64(x.n); s.Low <= want && want <= s.High {
				avoided++
			}
		}
		for name, share := range map[string]float64{"rate": float64(rate) / rounds, "ratio": float64(ratio) / float64(ratios), "avoided": float64(avoided) / rounds} {
			if share < .925 || share > .985 {
				t.Errorf("%+v: the %s is covered in %.3f", x, name, share)
			}
		}
	}
}

// TestNotEnough: no ratio under thirty shipments or without an event, and never a division by nothing.
func TestNotEnough(t *testing.T) {
	enough := metric.Share{Part: 40, Whole: 900}
	for _, s := range []metric.Share{{}, {Part: 1, Whole: 29}, {Part: 0, Whole: 500}, {Part: 5, Whole: 4}, {Part: -1, Whole: 40}} {
		if _, ok := metric.Ratio(s, enough); ok {
			t.Errorf("%+v beside others has a ratio", s)
		}
		if _, ok := metric.Ratio(enough, s); ok {
			t.Errorf("%+v as others has a ratio", s)
		}
	}
	if _, ok := metric.Avoided(metric.Share{Part: 1, Whole: 29}, enough); ok {
		t.Error("29 shipments say what was avoided")
	}
	if a, ok := metric.Avoided(metric.Share{Part: 0, Whole: 500}, enough); !ok || a.Value < 22 || a.Favours(0) != 1 {
		t.Errorf("no examination among 500: %+v %v", a, ok)
	}
	// Examined more often than others: it says so, with its sign.
	if a, _ := metric.Avoided(metric.Share{Part: 60, Whole: 500}, enough); a.Value >= 0 || a.Favours(0) != -1 {
		t.Errorf("examined more often: %+v", a)
	}
	if low, high := (metric.Share{}).Interval(); low != 0 || high != 1 {
		t.Errorf("of nothing: %v to %v", low, high)
	}
}

// TestPercentile compares with a sorted list of every single event.
func TestPercentile(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	for range 200 {
		var bars []metric.Bar
		var each []int
		for range 1 + r.IntN(20) {
			b := metric.Bar{Minutes: r.IntN(50) * 15, Events: r.IntN(9)}
			bars = append(bars, b)
			for range b.Events {
				each = append(each, b.Minutes)
			}
		}
		slices.Sort(each)
		for _, p := range []int{1, 50, 90, 100} {
			got, ok := metric.Percentile(bars, p)
			if ok != (len(each) > 0) {
				t.Fatalf("%v: %v", bars, ok)
			}
			if ok {
				if want := each[int(math.Ceil(float64(len(each))*float64(p)/100))-1]; got != want {
					t.Fatalf("%d%% of %v: %d, not %d", p, each, got, want)
				}
			}
		}
	}
}

// TestSum adds what three modes of transport avoided.
func TestSum(t *testing.T) {
	s := metric.Sum([]metric.Span{{10, 4, 18}, {-2, -5, 1}, {3, -1, 7}})
	if s.Value != 11 || !near(s.Low, 11-math.Sqrt(36+9+16), 1e-9) || !near(s.High, 11+math.Sqrt(64+9+16), 1e-9) {
		t.Errorf("%+v", s)
	}
	if x := s.Times(2); x.Value != 22 || x.Low != 2*s.Low {
		t.Errorf("%+v", x)
	}
}
