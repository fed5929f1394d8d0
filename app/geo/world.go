package geo

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// World is what a map is drawn from: the outlines of the land, and lines between
// countries where an administration wants some. The portal's own file has no such lines:
// whose border runs where is not for it to say.
type World struct {
	Source  string
	Licence string
	land    [][]place
	lines   []line
}

type line struct {
	disputed bool
	points   []place
}

type place struct{ lat, lon float64 }

// worldFile is how outlines are written down: rings and lines of hundredths of a degree,
// longitude before latitude.
type worldFile struct {
	Source  string  `json:"source"`
	Licence string  `json:"licence"`
	Land    [][]int `json:"land"`
	Lines   []struct {
		Kind   string `json:"kind"` // border or disputed
		Points []int  `json:"points"`
	} `json:"lines"`
}

//go:embed world.json
var ownWorld []byte

// OwnWorld is the map that ships with the portal.
func OwnWorld() (*World, error) { return LoadWorld(bytes.NewReader(ownWorld)) }

// LoadWorld reads a map in the form of world.json, such as an administration's point of
// view on borders. A file that makes no map is refused.
func LoadWorld(r io.Reader) (*World, error) {
	var f worldFile
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("read the map: %w", err)
	}
	w := &World{Source: f.Source, Licence: f.Licence}
	if f.Source == "" || len(f.Land) == 0 {
		return nil, fmt.Errorf("read the map: it needs a source and outlines of land")
	}
	for i, ring := range f.Land {
		points, err := places(ring, 4)
		if err != nil {
			return nil, fmt.Errorf("read the map: land %d: %w", i+1, err)
		}
		w.land = append(w.land, points)
	}
	for i, l := range f.Lines {
		points, err := places(l.Points, 2)
		if err != nil || l.Kind != "border" && l.Kind != "disputed" {
			return nil, fmt.Errorf("read the map: line %d is no border and no disputed one: %w", i+1, err)
		}
		w.lines = append(w.lines, line{l.Kind == "disputed", points})
	}
	return w, nil
}

func places(list []int, least int) (out []place, err error) {
	if len(list)%2 != 0 || len(list) < 2*least {
		return nil, fmt.Errorf("%d numbers are no places", len(list))
	}
	for i := 0; i < len(list); i += 2 {
		p := place{lon: float64(list[i]) / 100, lat: float64(list[i+1]) / 100}
		if math.Abs(p.lat) > 90 || math.Abs(p.lon) > 180 {
			return nil, fmt.Errorf("%v, %v is no place", p.lat, p.lon)
		}
		out = append(out, p)
	}
	return out, nil
}

// Width and Height are the size of the whole map as Project draws it.
const (
	Width  = 1000.0
	Height = Width * topY / (xAtEquator * math.Pi)
)

// xAtEquator and topY are the extent of the projection for a globe of radius 1.
const (
	xAtEquator = 0.8707
	topY       = 1.42239
)

// Project puts a place on the map, from the upper left corner. Source: the Natural Earth
// projection, T. Patterson; its polynomial by B. Šavrič (2011).
func Project(lat, lon float64) (x, y float64) {
	p := radians(lat)
	p2 := p * p
	p4 := p2 * p2
	l := 0.8707 + p2*(-0.131979+p4*p2*p4*(0.003971-0.001529*p2)-0.013791*p2)
	d := p * (1.007226 + p2*(0.015085+p4*(-0.044475+0.028874*p2-0.005916*p4)))
	return Width/2 + radians(lon)*l*Width/(2*xAtEquator*math.Pi), Height/2 - d*Height/(2*topY)
}

// Land is the outline of all land as the data of an SVG path.
func (w *World) Land() string {
	var b strings.Builder
	for _, ring := range w.land {
		draw(&b, ring)
		b.WriteByte('z')
	}
	return b.String()
}

// Lines are the lines between countries as the data of SVG paths: those that are agreed
// on, and those that are not, which are drawn dashed.
func (w *World) Lines() (agreed, disputed string) {
	var a, d strings.Builder
	for _, l := range w.lines {
		if l.disputed {
			draw(&d, l.points)
		} else {
			draw(&a, l.points)
		}
	}
	return a.String(), d.String()
}

// draw adds a line in steps of a tenth of a unit. A step of nothing is left out.
func draw(b *strings.Builder, points []place) {
	var was [2]int
	for i, p := range points {
		x, y := Project(p.lat, p.lon)
		at := [2]int{int(math.Round(x * 10)), int(math.Round(y * 10))}
		switch {
		case i == 0:
			b.WriteByte('M')
			tenths(b, at[0], false)
			tenths(b, at[1], true)
			b.WriteByte('l')
		case at == was:
			continue
		default:
			tenths(b, at[0]-was[0], !strings.HasSuffix(b.String()[b.Len()-1:], "l"))
			tenths(b, at[1]-was[1], true)
		}
		was = at
	}
}

// tenths writes a number of tenths, after a space where one is needed.
func tenths(b *strings.Builder, n int, apart bool) {
	if apart && n >= 0 {
		b.WriteByte(' ')
	}
	b.WriteString(strconv.FormatFloat(float64(n)/10, 'f', -1, 64))
}
