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
		avoided := metric.Beside(metric.Pair{Own: metric.Share{Part: x.b, Whole: x.n}, Base: metric.Share{Part: x.a, Whole: x.m}}).Avoided()
		if n := float64(x.n); !near(avoided.Low/n, x.low, 5e-5) || !near(avoided.High/n, x.high, 5e-5) {
			t.Errorf("%d/%d - %d/%d: %.4f to %.4f, published %.4f to %.4f", x.a, x.m, x.b, x.n, avoided.Low/n, avoided.High/n, x.low, x.high)
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
			both := metric.Beside(metric.Pair{Own: own, Base: base})
			if s, ok := both.Ratio(); ok {
				ratios++
				if s.Low <= x.own/x.base && x.own/x.base <= s.High {
					ratio++
				}
			}
			if s, want := both.Avoided(), (x.base-x.own)*float64(x.n); s.Low <= want && want <= s.High {
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

// TestStandardizedIntervalsCover draws twelve quarters by two modes of transport, each with a
// rate of its own, for a company and its cohorts: the intervals of what is put together must
// hold the truth about as often as they say.
func TestStandardizedIntervalsCover(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 4))
	draw := func(n int, p float64) (s metric.Share) {
		s.Whole = n
		for range n {
			if r.Float64() < p {
				s.Part++
			}
		}
		return s
	}
	const rounds, half = 1500, 0.6 // the company is examined so much as often
	var ratio, avoided int
	for range rounds {
		var modes []metric.Against
		var spans []metric.Span
		truth := 0.0
		for mode := range 2 {
			var pairs []metric.Pair
			for quarter := range 12 {
				n, base := 15+7*quarter, []float64{.03, .2}[mode]*(1+float64(quarter%4)/4)
				pairs = append(pairs, metric.Pair{Own: draw(n, base*half), Base: draw(1500, base)})
				truth += base * (1 - half) * float64(n)
			}
			modes = append(modes, metric.Beside(pairs...))
			spans = append(spans, modes[mode].Avoided())
		}
		if s, ok := metric.Together(modes...).Ratio(); !ok {
			t.Fatal("no ratio")
		} else if s.Low <= half && half <= s.High {
			ratio++
		}
		if s := metric.Sum(spans); s.Low <= truth && truth <= s.High {
			avoided++
		}
	}
	for name, n := range map[string]int{"ratio": ratio, "avoided": avoided} {
		if share := float64(n) / rounds; share < .93 || share > .985 {
			t.Errorf("the %s is covered in %.3f", name, share)
		}
	}
}

// TestStandardized computes two quarters with paper: 100 shipments at 10 percent and 300 at 2
// percent, of which 5 and 3 were examined.
func TestStandardized(t *testing.T) {
	a := metric.Beside(metric.Pair{Own: metric.Share{Part: 5, Whole: 100}, Base: metric.Share{Part: 100, Whole: 1000}},
		metric.Pair{Own: metric.Share{Part: 3, Whole: 300}, Base: metric.Share{Part: 20, Whole: 1000}}, metric.Pair{Own: metric.Share{Part: 9, Whole: 8}})
	if a.Own != (metric.Share{Part: 8, Whole: 400}) || !near(a.Expected, 10+6, 1e-9) || !near(a.Rate().Value, .04, 1e-9) || !near(a.Avoided().Value, 8, 1e-9) {
		t.Errorf("%+v %+v", a, a.Avoided())
	}
	// log variance: 1/8 - 1/400 + (100*100*.1*.9/1000 + 300*300*.02*.98/1000) / 16^2
	width := 1.959963984540054 * math.Sqrt(1./8-1./400+(.9+1.764)/256)
	if r, ok := a.Ratio(); !ok || !near(r.Value, .5, 1e-9) || !near(r.Low, .5/math.Exp(width), 1e-9) || !near(r.High, .5*math.Exp(width), 1e-9) {
		t.Errorf("%+v %v", r, ok)
	}
}

// TestNotEnough: no ratio under thirty shipments or without an event, and never a division by nothing.
func TestNotEnough(t *testing.T) {
	enough := metric.Share{Part: 40, Whole: 900}
	for _, s := range []metric.Share{{}, {Part: 1, Whole: 29}, {Part: 0, Whole: 500}, {Part: 5, Whole: 4}, {Part: -1, Whole: 40}} {
		if _, ok := metric.Beside(metric.Pair{Own: s, Base: enough}).Ratio(); ok {
			t.Errorf("%+v beside others has a ratio", s)
		}
		if _, ok := metric.Beside(metric.Pair{Own: enough, Base: s}).Ratio(); ok {
			t.Errorf("%+v as others has a ratio", s)
		}
	}
	if metric.Beside(metric.Pair{Own: metric.Share{Part: 1, Whole: 29}, Base: enough}).Enough() {
		t.Error("29 shipments are enough")
	}
	if a := metric.Beside(metric.Pair{Own: metric.Share{Part: 0, Whole: 500}, Base: enough}).Avoided(); a.Value < 22 || a.Favours(0) != 1 {
		t.Errorf("no examination among 500: %+v", a)
	}
	// Examined more often than others: it says so, with its sign.
	if a := metric.Beside(metric.Pair{Own: metric.Share{Part: 60, Whole: 500}, Base: enough}).Avoided(); a.Value >= 0 || a.Favours(0) != -1 {
		t.Errorf("examined more often: %+v", a)
	}
	if low, high := (metric.Share{}).Interval(); low != 0 || high != 1 {
		t.Errorf("of nothing: %v to %v", low, high)
	}
	if s := metric.Beside().Rate(); s.Low != 0 || s.High != 1 {
		t.Errorf("others of nothing: %+v", s)
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
}
