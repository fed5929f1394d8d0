package chart

import (
	"context"
	"strings"
	"testing"
)

func TestScaleIsRound(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]int{0: 4, 1: 4, 4: 4, 5: 8, 9: 20, 20: 20, 21: 40, 41: 80, 81: 100, 99: 100, 101: 200, 1323: 2000} {
		p := BarsProps{Groups: []Group{{Columns: []Column{{{Amount: most}}}}}}
		if got := p.scale(); got != want {
			t.Errorf("above %d the axis ends at %d, want %d", most, got, want)
		}
	}
}

// TestBarsStack: parts of a column stand on each other and end at the foot.
func TestBarsStack(t *testing.T) {
	t.Parallel()
	p := BarsProps{Groups: []Group{{Label: "May", Columns: []Column{{{"capacity", 10}, {"added", 10}}, {{"booked", 0}, {"due", 5}}}}}}
	got := p.pieces()
	if len(got) != 3 || got[0].y != "121.0" || got[0].height != "109.0" || got[1].y != "12.0" || got[2].height != "54.5" {
		t.Errorf("pieces: %+v", got)
	}
}

// TestGantt: bars are cut to the chart, never too thin to be seen, and say what they are.
func TestGantt(t *testing.T) {
	t.Parallel()
	p := GanttProps{Title: "Officers <by> week", Desc: "Rows", Now: -1, Rows: []Row{{Label: "A very long name that nobody can read at once", Bars: []Bar{
		{From: -0.5, To: 0.5, Look: "leave", Title: "Leave"}, {From: 0.999, To: 3, Look: "travel", Title: "Travel"}, {From: 0.7, To: 0.7, Look: "visit", Title: "Visit"}}}}}
	var b strings.Builder
	if err := Gantt(p).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{`role="img"`, "Officers &lt;by&gt; week", `x="190.0" y="35" width="455.0"`, `width="1.5"`, `fill="url(#tt-hatch)"`, "<title>Visit</title>", "A very long name that n…"} {
		if !strings.Contains(page, want) {
			t.Errorf("the chart lacks %s:\n%s", want, page)
		}
	}
	if strings.Contains(page, "style=") || strings.Contains(page, "tt-chart__now") {
		t.Error("the chart has a style of its own, or shows a now that is not in it")
	}
}

func TestHeat(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := Heat(HeatProps{Caption: "Weeks", Corner: "Officer", Columns: []string{"2 Mar"}, Rows: []HeatRow{{Label: "Ana", Cells: []Cell{{"9/5", "nine of five", 9}, {"away", "no days", -1}}}}}).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"tt-load--4", "tt-load--none", "nine of five", `scope="row"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %s", want)
		}
	}
}
