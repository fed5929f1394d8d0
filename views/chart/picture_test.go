package chart

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/a-h/templ"
)

// drawn draws a picture and fails if ids repeat, references lead nowhere, or it lacks a title, a
// description or a role. Nothing drawn is an empty text.
func drawn(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if strings.TrimSpace(page) == "" {
		return ""
	}
	ids := map[string]int{}
	var refs []string
	d := xml.NewDecoder(strings.NewReader("<page>" + page + "</page>"))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("no XML: %v\n%s", err, page)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "id":
				ids[a.Value]++
			case "aria-labelledby":
				refs = append(refs, strings.Fields(a.Value)...)
			case "fill":
				refs = append(refs, strings.TrimSuffix(strings.TrimPrefix(a.Value, "url(#"), ")"))
			case "style":
				t.Error("a style of its own")
			}
			if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
				t.Errorf("%s=%q", a.Name.Local, a.Value)
			}
		}
	}
	for id, n := range ids {
		if n > 1 || strings.Contains(id, " ") {
			t.Errorf("id %q stands %d times", id, n)
		}
	}
	for _, id := range refs {
		if ids[id] == 0 {
			t.Errorf("%q names nothing", id)
		}
	}
	for _, want := range []string{`role="img"`, "<title ", "<desc ", "viewBox=", "A &lt;b&gt; title", "What it shows"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	return page
}

const title, desc = "A <b> title", "What it shows"

func has(t *testing.T, page string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(page, p) {
			t.Errorf("no %s in\n%s", p, page)
		}
	}
}

func TestAround(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ low, high, from, to, step float64 }{{0, 0, 0, 1, .25}, {0, 96, 0, 100, 25}, {-36, 10, -40, 20, 20}, {-5, -1, -6, 0, 2}, {0, 1234567, 0, 1500000, 500000}, {0, .03, 0, .03, .01}, {0, 100, 0, 100, 25}} {
		s := around(x.low, x.high, 4)
		if math.Abs(s.low-x.from) > 1e-9 || math.Abs(s.high-x.to) > 1e-9 || math.Abs(s.step-x.step) > 1e-9 {
			t.Errorf("%v to %v: %+v", x.low, x.high, s)
		}
		if m := s.marks(); math.Abs(m[0]-s.low) > 1e-9 || math.Abs(m[len(m)-1]-s.high) > 1e-9 || len(m) > 7 {
			t.Errorf("%v to %v: marks %v", x.low, x.high, m)
		}
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	seen := func(value, low, high float64) Point { return Point{Value: value, Low: low, High: high} }
	p := PairsProps{ID: "a-", Title: title, Desc: desc, Own: "You", Base: "Others <i>", Points: []PairPoint{
		{Label: "2025/1", Own: seen(.01, 0, .02), Base: seen(.03, .02, .04)}, {Label: "2025/2", Own: seen(.02, .01, .03), Base: Point{Value: .9, High: 1, Hidden: true}}}}
	page := drawn(t, Pairs(p))
	// The axis ends at 4 percent, above which 214 units stand for nothing; a quarter has 437.
	has(t, page, `cx="267.5" cy="174.5"`, `cx="704.5" cy="121.0"`, `d="M267.5 174.5L704.5 121.0"`, `x1="267.5" x2="267.5" y1="228.0" y2="121.0"`,
		"M276.5 121.0H286.5M281.5 121.0V14.0M276.5 14.0H286.5", "M281.5 61.5L287.5 67.5L281.5 73.5L275.5 67.5Z", ">4%<", ">You<", "Others &lt;i&gt;", ">2025/2<")
	if n := strings.Count(page, "tt-chart__whisker"); n != 1 {
		t.Errorf("%d intervals of others: a hidden point has a mark", n)
	}
	if n := strings.Count(page, "<circle"); n != 3 { // two points and the sign beside the name
		t.Errorf("%d dots", n)
	}
	near := PairsProps{Points: []PairPoint{{Own: seen(.02, .01, .03), Base: seen(.0201, .01, .03)}}}
	if b := near.both(); math.Abs(b[0].nameAt-b[1].nameAt) < 17 || b[0].nameAt > b[1].nameAt {
		t.Errorf("names at %v and %v", b[0].nameAt, b[1].nameAt)
	}
	for name, list := range map[string][]PairPoint{"none": nil, "hidden": {{Own: Point{Hidden: true}, Base: Point{Hidden: true}}}} {
		if page := drawn(t, Pairs(PairsProps{Points: list})); page != "" {
			t.Errorf("%s: %s", name, page)
		}
	}
}

// TestSpanBars: bars begin at zero, also below it, and intervals lie where they are.
func TestSpanBars(t *testing.T) {
	t.Parallel()
	p := SpanBarsProps{ID: "a-", Title: title, Desc: desc, Unit: "USD", Bars: []SpanBar{
		{Label: "2024", Value: 50, Low: -25, High: 100}, {Label: "2025", Value: -50, Low: -100, High: 25}, {Label: "2026", Value: 7777, Low: 7000, High: 8000, Hidden: true}, {Label: "2027", Value: math.NaN()}}}
	page := drawn(t, SpanBars(p))
	// From -100 to 100 over 198 units: zero lies at 133, each 50 are 49.5. A bar has 256 units.
	has(t, page, `x="172.0" y="83.5" width="64.0" height="49.5"`, "M199.0 157.8H209.0M204.0 157.8V34.0M199.0 34.0H209.0",
		`class="tt-chart__span tt-chart__span--below" x="428.0" y="133.0" width="64.0" height="49.5"`, `y1="133.0" y2="133.0"`, ">-50<", ">USD<", ">2026<")
	if n := strings.Count(page, "<rect"); n != 2 || strings.Contains(page, "7,777") {
		t.Errorf("%d bars: a hidden one has a mark", n)
	}
	if page := drawn(t, SpanBars(SpanBarsProps{Bars: []SpanBar{{Label: "2024", Hidden: true}}})); page != "" {
		t.Error(page)
	}
	has(t, drawn(t, SpanBars(SpanBarsProps{ID: "z-", Title: title, Desc: desc, Bars: []SpanBar{{Label: "2024"}}})), `height="0.0"`, ">0<")
}

func TestDotsAndLollipop(t *testing.T) {
	t.Parallel()
	page := drawn(t, Dots(DotsProps{ID: "a-", Title: title, Desc: desc, Half: "Half by", Nine: "Nine of ten by", Unit: "hours", Rows: []DotRow{
		{Label: "Release", Half: 25, Nine: 100, Text: "25 hours, 100 hours"}, {Label: "Hold", Half: 900, Nine: 999, Hidden: true}}}))
	// From 0 to 100 hours over 560 units that begin at 330; rows are 34 high below 34.
	has(t, page, `cx="470.0" cy="51.0"`, "M890.0 44.0L897.0 51.0L890.0 58.0L883.0 51.0Z", `x1="470.0" x2="890.0" y1="51.0" y2="51.0"`, "Half by", "25 hours, 100 hours", ">Hold<", ">hours<")
	if strings.Count(page, "tt-chart__stick") != 1 || strings.Contains(page, "900") {
		t.Error("a hidden row has a mark")
	}
	page = drawn(t, Lollipop(LollipopProps{ID: "a-", Title: title, Desc: desc, From: "Proposed", To: "Assessed", Unit: "USD", Rows: []Stick{{Label: "Penalty", From: 5000, To: 2500, Text: "5,000 to 2,500"}}}))
	has(t, page, `cx="610.0" cy="51.0"`, "M890.0 44.0", ">5,000<", "Proposed", "Assessed")
	for _, c := range []templ.Component{Dots(DotsProps{Rows: []DotRow{{Label: "x", Hidden: true}}}), Lollipop(LollipopProps{})} {
		if page := drawn(t, c); page != "" {
			t.Error(page)
		}
	}
}

func TestTiles(t *testing.T) {
	t.Parallel()
	where := map[place]string{}
	for country, at := range places {
		if other := where[at]; other != "" || at.column >= worldColumns || at.row >= worldRows || len(country) != 2 {
			t.Errorf("%s lies on %s at %+v", country, other, at)
		}
		where[at] = country
	}
	if n := strings.Count(strings.Join(strings.Fields(strings.ReplaceAll(world, ".", "")), " "), " ") + 1; n != len(places) {
		t.Errorf("%d words, %d countries: one stands twice", n, len(places))
	}
	page := drawn(t, Tiles(TilesProps{ID: "a-", Title: title, Desc: desc, Unused: "Arrangement not used", Tiles: []Tile{
		{"JP", "Japan <x>", 12345}, {"CA", "Canada", 9}, {"MX", "Mexico", 0}, {"LI", "Liechtenstein", 100}, {"CA", "Canada", 8}}}))
	// Japan stands in column 26 and row 5; Liechtenstein has no place and stands below.
	has(t, page, `class="tt-tile tt-tile--4" x="986.4" y="201.0"`, ">12k<", "Japan &lt;x&gt;: 12345", `class="tt-tile tt-tile--1" x="114.7" y="41.0"`, `class="tt-tile tt-tile--unused" x="76.8" y="161.0"`,
		`class="tt-tile tt-tile--3" x="1.0" y="641.0"`, `viewBox="0 0 1100 680.0"`, "Arrangement not used", "1,000 or more", "10 to 99")
	if n := strings.Count(page, "<g>"); n != 4 {
		t.Errorf("%d tiles", n)
	}
	if n := strings.Count(page, "tt-tile--rest"); n != len(places)-3 {
		t.Errorf("%d other countries", n)
	}
	if page := drawn(t, Tiles(TilesProps{})); page != "" {
		t.Error(page)
	}
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	page := drawn(t, Timeline(TimelineProps{ID: "a-", Title: title, Desc: desc, Months: []string{"2025-01", "2025-02", "2025-03", "2025-04", "2025-05", "2025-06", "2025-07"}, Lanes: []Lane{
		{"Stratified exam", []Mark{{0, 1}, {1, 4}, {2, 0}, {9, 77}}}, {"Front of the line", nil}}}))
	// Seven months of 130 units right of 190.
	has(t, page, `cx="255.0" cy="41.0" r="4.0"`, `cx="385.0" cy="41.0" r="8.0"`, `x="385.0" y="30.0">4<`, "Front of the line", "2025-07")
	if n := strings.Count(page, "<circle"); n != 2 {
		t.Errorf("%d dots: an empty month, or one outside of the time, has a mark", n)
	}
	long := TimelineProps{Months: make([]string, 60)}
	if r := long.radius(1 << 20); r > 7.5 || r < 4 {
		t.Errorf("a dot of %v runs into its neighbours", r)
	}
	if long.labelled(1) || !long.labelled(4) {
		t.Error("labels run into each other")
	}
	if page := drawn(t, Timeline(TimelineProps{Months: []string{"x"}, Lanes: []Lane{{"a", []Mark{{0, 0}}}}})); page != "" {
		t.Error(page)
	}
}
