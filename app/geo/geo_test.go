package geo_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"trustedtrader/app/geo"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ lat1, lon1, lat2, lon2, km float64 }{
		"nowhere to go":            {10, 20, 10, 20, 0},
		"a degree of a meridian":   {0, 0, 1, 0, 111.2},
		"New York to Brussels":     {40.7128, -74.0060, 50.8503, 4.3517, 5891},
		"over the day line":        {0, 179.5, 0, -179.5, 111.2},
		"to the other side":        {0, 0, 0, 180, 20015},
		"from one pole to another": {90, 12, -90, 77, 20015},
	} {
		if got := geo.Distance(c.lat1, c.lon1, c.lat2, c.lon2); math.Abs(got-c.km) > c.km/200+0.01 {
			t.Errorf("%s: %.1f km, want %.1f", name, got, c.km)
		}
	}
}

func TestProject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ lat, lon, x, y float64 }{
		"the middle":     {0, 0, 500, geo.Height / 2},
		"the east":       {0, 180, 1000, geo.Height / 2},
		"the west":       {0, -180, 0, geo.Height / 2},
		"the north pole": {90, 0, 500, 0},
		"the south pole": {-90, 0, 500, geo.Height},
	} {
		if x, y := geo.Project(c.lat, c.lon); math.Abs(x-c.x) > 0.5 || math.Abs(y-c.y) > 0.5 {
			t.Errorf("%s is at %.1f, %.1f, want %.1f, %.1f", name, x, y, c.x, c.y)
		}
	}
	if x, _ := geo.Project(60, 180); x <= 700 || x >= 950 {
		t.Errorf("60 degrees north ends at %.0f, which is no map of Natural Earth", x)
	}
	_, before := geo.Project(-90, 0)
	for lat := -89.0; lat <= 90; lat++ {
		if _, y := geo.Project(lat, 0); y >= before {
			t.Errorf("%v degrees lie no higher than those below", lat)
		} else {
			before = y
		}
	}
}

func TestWorld(t *testing.T) {
	t.Parallel()
	w, err := geo.OwnWorld()
	if err != nil {
		t.Fatal(err)
	}
	land := w.Land()
	if n := strings.Count(land, "M"); n < 100 || n != strings.Count(land, "z") || len(land) > 60_000 {
		t.Errorf("%d outlines in %d bytes", n, len(land))
	}
	if a, d := w.Lines(); a != "" || d != "" {
		t.Error("the portal's own map says where borders run")
	}
	if w.Source == "" || w.Licence == "" {
		t.Error("nobody is named as its source")
	}
	own, err := geo.LoadWorld(strings.NewReader(`{"source": "x", "licence": "y", "land": [[0,0,1000,0,1000,1000,0,0]],
		"lines": [{"kind": "border", "points": [0,0,500,500]}, {"kind": "disputed", "points": [0,0,-500,500]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if a, d := own.Lines(); !strings.HasPrefix(a, "M500 260") || d == "" || a == d {
		t.Errorf("lines %q and %q", a, d)
	}
	for _, bad := range []string{`{}`, `{"source": "x", "land": [[0,0]]}`, `{"source": "x", "land": [[0,0,1,1,2,2,3,99999]]}`, `{"source": "x", "land": [[0,0,1,1,2,2,0,0]], "lines": [{"kind": "mine", "points": [0,0,1,1]}]}`, `[`} {
		if _, err := geo.LoadWorld(strings.NewReader(bad)); err == nil {
			t.Errorf("%s makes a map", bad)
		}
	}
}

// TestTrip holds the order of a journey to the shortest that there is.
func TestTrip(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var short, all float64
	for range 300 {
		start := geo.Point{Lat: r.Float64()*20 + 20, Lon: r.Float64()*40 - 100}
		stops := make([]geo.Point, 1+r.IntN(7))
		for i := range stops {
			stops[i] = geo.Point{Lat: r.Float64()*20 + 20, Lon: r.Float64()*40 - 100}
		}
		order, km := geo.Trip(start, stops)
		sorted := slices.Sorted(slices.Values(order))
		for i, n := range sorted {
			if i != n || len(sorted) != len(stops) {
				t.Fatalf("the order %v leaves somebody out", order)
			}
		}
		if l := geo.Length(start, stops, order); math.Abs(l-km) > 0.01 {
			t.Errorf("said %.1f km, is %.1f", km, l)
		}
		best := shortest(start, stops)
		if km > best*1.1 || km < best-0.01 {
			t.Errorf("%.1f km over %d stops, the shortest is %.1f", km, len(stops), best)
		}
		short, all = short+best, all+km
	}
	if all > short*1.005 {
		t.Errorf("%.0f km in all, the shortest journeys are %.0f", all, short)
	}
	if order, km := geo.Trip(geo.Point{}, nil); order != nil || km != 0 {
		t.Errorf("a journey without stops: %v, %v", order, km)
	}
}

// shortest tries every order.
func shortest(start geo.Point, stops []geo.Point) float64 {
	order, best := make([]int, len(stops)), math.Inf(1)
	for i := range order {
		order[i] = i
	}
	var try func(k int)
	try = func(k int) {
		if k == len(order) {
			best = math.Min(best, geo.Length(start, stops, order))
			return
		}
		for i := k; i < len(order); i++ {
			order[k], order[i] = order[i], order[k]
			try(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	try(0)
	return best
}

func BenchmarkTrip(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	stops := make([]geo.Point, geo.MostStops)
	for i := range stops {
		stops[i] = geo.Point{Lat: r.Float64() * 50, Lon: r.Float64() * 50}
	}
	for b.Loop() {
		geo.Trip(geo.Point{}, stops)
	}
}
