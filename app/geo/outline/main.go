// Command outline makes the outlines of the map from land-110m.json of the npm package
// world-atlas 2.0.2 (ISC; its data are Natural Earth's, in the public domain):
//
//	npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
//	go run ./app/geo/outline <package/land-110m.json >app/geo/world.json
//
// It is run by hand when the map changes, which coasts seldom do.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// topology is the part of TopoJSON that the file uses.
type topology struct {
	Objects struct {
		Land struct {
			Geometries []struct {
				Arcs [][][]int `json:"arcs"`
			} `json:"geometries"`
		} `json:"land"`
	} `json:"objects"`
	Arcs      [][][2]float64 `json:"arcs"`
	Transform struct {
		Scale     [2]float64 `json:"scale"`
		Translate [2]float64 `json:"translate"`
	} `json:"transform"`
}

// outline is what app/geo reads.
type outline struct {
	Source  string  `json:"source"`
	Licence string  `json:"licence"`
	Land    [][]int `json:"land"`
	Lines   []any   `json:"lines"`
}

func main() {
	if err := convert(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "outline:", err)
		os.Exit(1)
	}
}

func convert(in io.Reader, out io.Writer) error {
	var t topology
	if err := json.NewDecoder(in).Decode(&t); err != nil {
		return err
	}
	o := outline{Source: "Natural Earth, land at 1:110,000,000, by way of world-atlas 2.0.2", Licence: "public domain; world-atlas: ISC", Lines: []any{}}
	for _, g := range t.Objects.Land.Geometries {
		for _, polygon := range g.Arcs {
			for _, ring := range polygon {
				for _, r := range cut(t.ring(ring)) {
					if len(r) >= 8 {
						o.Land = append(o.Land, r)
					}
				}
			}
		}
	}
	return json.NewEncoder(out).Encode(o)
}

// ring joins the arcs of a ring: hundredths of a degree, longitude before latitude. Arcs
// are deltas of whole steps, and one with a complement for its number runs backwards.
func (t topology) ring(arcs []int) (out []int) {
	for _, n := range arcs {
		i := n
		if n < 0 {
			i = ^n
		}
		var x, y float64
		points := make([][2]int, 0, len(t.Arcs[i]))
		for _, d := range t.Arcs[i] {
			x, y = x+d[0], y+d[1]
			points = append(points, [2]int{hundredths(x*t.Transform.Scale[0] + t.Transform.Translate[0]), hundredths(y*t.Transform.Scale[1] + t.Transform.Translate[1])})
		}
		if n < 0 {
			slices.Reverse(points)
		}
		for k, p := range points {
			if k == 0 && len(out) > 0 {
				continue // the end of the arc before
			}
			if n := len(out); n >= 2 && out[n-2] == p[0] && out[n-1] == p[1] {
				continue
			}
			out = append(out, p[0], p[1])
		}
	}
	return out
}

// Half and whole turns of the earth in hundredths of a degree.
const half, turn, pole = 18000, 36000, 9000

// cut takes a ring apart where it crosses the day line, for on a flat map its parts lie at
// both edges. A ring that goes all the way round is the land of a pole, and gets it as a corner.
func cut(ring []int) [][]int {
	var run []int // with longitudes that go on over the day line
	for i, shift := 0, 0; i < len(ring); i += 2 {
		if i > 0 {
			switch d := ring[i] + shift - run[i-2]; {
			case d > half:
				shift -= turn
			case d < -half:
				shift += turn
			}
		}
		run = append(run, ring[i]+shift, ring[i+1])
	}
	if last := run[len(run)-2]; last-run[0] > half || run[0]-last > half {
		end := -pole
		if run[1] > 0 {
			end = pole
		}
		run = append(run, last, end, run[0], end)
	}
	var out [][]int
	for shift := -turn; shift <= turn; shift += turn {
		part := clip(clip(run, -half+shift, 1), half+shift, -1)
		for i := 0; i < len(part); i += 2 {
			part[i] -= shift
		}
		if len(part) > 0 {
			out = append(out, part)
		}
	}
	return out
}

// clip keeps what lies on one side of a meridian: to the east with side 1, to the west
// with side -1 (Sutherland and Hodgman).
func clip(ring []int, meridian, side int) (out []int) {
	in := func(x int) bool { return (x-meridian)*side >= 0 }
	for i := 0; i < len(ring); i += 2 {
		n := (i + 2) % len(ring)
		x, y, nx, ny := ring[i], ring[i+1], ring[n], ring[n+1]
		if in(x) {
			out = append(out, x, y)
		}
		if in(x) != in(nx) {
			out = append(out, meridian, y+(ny-y)*(meridian-x)/(nx-x))
		}
	}
	return out
}

func hundredths(degrees float64) int { return int(math.Round(degrees * 100)) }
