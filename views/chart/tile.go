package chart

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"trustedtrader/app/i18n"
)

// TilesProps describes how much there was by country: a tile for each, roughly where it lies
// on the world. A tile says its country and its count; how large the count is shows in a
// pattern too. An arrangement that was not used has a dashed frame.
type TilesProps struct {
	ID          string // sets it apart from other charts of the page
	Title, Desc string
	Unused      string // what a dashed frame means
	Tiles       []Tile
}

// Tile is one country (ISO 3166-1, two letters). A count of zero means an arrangement that was
// not used.
type Tile struct {
	Country string
	Name    string // shown on pointing at it
	Count   int
}

// Sizes of a tile map, in units of its view box.
const (
	tileWidth  = 1100
	tileStep   = 37.9
	tileHeight = 40.0
	tileSide   = 35
)

// sizes are the classes of counts: from so many on.
var sizes = []int{1, 10, 100, 1000}

func class(count int) int {
	k := 0
	for k < len(sizes) && count >= sizes[k] {
		k++
	}
	return k
}

// className says which counts a class has.
func className(ctx context.Context, k int) string {
	from := i18n.Number(ctx, int64(sizes[k-1]))
	if k == len(sizes) {
		return i18n.T(ctx, "%s or more", from)
	}
	return i18n.T(ctx, "%s to %s", from, i18n.Number(ctx, int64(sizes[k]-1)))
}

func (p TilesProps) id(part string) string { return p.ID + "tiles-" + part }

func (p TilesProps) pattern(k int) string { return p.id("pattern-" + strconv.Itoa(k)) }

func (p TilesProps) fill(k int) string { return "url(#" + p.pattern(k) + ")" }

// box leaves a row below the map for countries that have no place on it.
func (p TilesProps) box() string {
	rows := worldRows
	if n := len(p.elsewhere()); n > 0 {
		rows += 1 + (n+worldColumns-1)/worldColumns
	}
	return "0 0 " + strconv.Itoa(tileWidth) + " " + number(float64(rows)*tileHeight)
}

// elsewhere are the countries without a place of their own.
func (p TilesProps) elsewhere() (out []string) {
	for _, t := range p.Tiles {
		if _, ok := places[t.Country]; !ok && !slices.Contains(out, t.Country) {
			out = append(out, t.Country)
		}
	}
	slices.Sort(out)
	return out
}

// square is a tile as it is drawn.
type square struct {
	x, y, middle, code, count, strip string
	class                            int
	Tile
}

func (s square) look() string {
	if s.class == 0 {
		return "tt-tile tt-tile--unused"
	}
	return "tt-tile tt-tile--" + strconv.Itoa(s.class)
}

func spot(at place) (x, y float64) {
	return float64(at.column) * tileStep, float64(at.row) * tileHeight
}

func (p TilesProps) squares() (out []square) {
	elsewhere := p.elsewhere()
	seen := map[string]bool{}
	for _, t := range p.Tiles {
		if t.Count < 0 || seen[t.Country] {
			continue
		}
		seen[t.Country] = true
		at, ok := places[t.Country]
		if !ok {
			n := slices.Index(elsewhere, t.Country)
			at = place{n % worldColumns, worldRows + 1 + n/worldColumns}
		}
		x, y := spot(at)
		out = append(out, square{number(x + 1), number(y + 1), number(x + 1 + tileSide/2.0), number(y + 14), number(y + 27), number(y + 30), class(t.Count), t})
	}
	return out
}

// rest are the places of all other countries, by which the world is known.
func (p TilesProps) rest() (out [][2]string) {
	for country, at := range places {
		if !slices.ContainsFunc(p.Tiles, func(t Tile) bool { return t.Country == country }) {
			x, y := spot(at)
			out = append(out, [2]string{number(x + 1), number(y + 1)})
		}
	}
	slices.SortFunc(out, func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[1], b[1]), cmp.Compare(a[0], b[0])) })
	return out
}

// small writes a count so that it fits into a tile.
func small(ctx context.Context, n int) string {
	switch {
	case n >= 1_000_000:
		return strconv.Itoa(n/1_000_000) + "M"
	case n >= 10_000:
		return strconv.Itoa(n/1000) + "k"
	}
	return i18n.Number(ctx, int64(n))
}
