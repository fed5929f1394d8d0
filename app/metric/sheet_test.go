package metric_test

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/baseline"
	"trustedtrader/app/benefit"
	"trustedtrader/app/metric"
)

// sheet writes a table and reads it again: what stands before its heading, and its rows by the
// names of their columns.
func sheet(t *testing.T, c metric.Case, code string) (before [][]string, rows []map[string]string) {
	t.Helper()
	s, ok := c.Sheet(code)
	if !ok {
		t.Fatalf("no table %s", code)
	}
	var b bytes.Buffer
	if err := s.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(&b)
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	n := slices.IndexFunc(lines, func(l []string) bool { return !strings.HasPrefix(l[0], "# ") })
	for _, l := range lines[n+1:] {
		if len(l) != len(lines[n]) {
			t.Errorf("%s: %d cells under %d headings", code, len(l), len(lines[n]))
			continue
		}
		row := map[string]string{}
		for i, name := range lines[n] {
			row[name] = l[i]
		}
		rows = append(rows, row)
	}
	return lines[:n], rows
}

func times(s metric.Span, f float64) metric.Span {
	return metric.Span{Value: s.Value * f, Low: s.Low * f, High: s.High * f}
}

// some is a case made by hand: a year in which 12 of 400 shipments by sea were examined, where
// others would have had 40.
func some(t *testing.T) metric.Case {
	t.Helper()
	month := day(t, "2025-03-01")
	own := metric.Share{Part: 12, Whole: 400}
	sea := metric.Compared{Mode: "sea", Shipments: 400, Against: metric.Beside(metric.Pair{Own: own, Base: metric.Share{Part: 1000, Whole: 10000}})}
	sea.Spared = sea.Avoided()
	sea.Hours = metric.Weighed{Span: times(sea.Spared, 48), Shipments: 400}
	sea.Money = []metric.Worth{{Currency: "USD", Weighed: metric.Weighed{Span: times(sea.Spared, 400), Shipments: 400}}}
	few := metric.Beside(metric.Pair{Own: metric.Share{Part: 1, Whole: 2}, Base: metric.Share{Part: 1000, Whole: 10000}})
	sea.Quarters = []metric.ComparedQuarter{{First: day(t, "2025-01-01"), Against: few}, {First: day(t, "2025-04-01"), Against: sea.Against}}
	sea.Ports = []metric.ComparedPorts{{Group: "los_angeles", Against: sea.Against}, {Group: "=1+1", Against: few}}
	return metric.Case{
		Company: metric.Company{Period: metric.Period{From: month, To: day(t, "2026-02-01")}, AsOf: time.Date(2026, 3, 2, 10, 0, 0, 0, time.FixedZone("", 3600)), Covered: 12, Quality: metric.Complete,
			Examined: []metric.Examined{{Mode: "sea", Share: own, Quarters: []metric.Quarter{{First: day(t, "2025-01-01"), Share: metric.Share{Part: 1, Whole: 20}}}}},
			Took:     []metric.Took{{Measure: "lane", Mode: "truck", Events: 40, Median: 15, Ninetieth: 45}},
			Money:    []metric.Money{{Kind: benefit.PenaltyMitigation, Currency: "USD", Events: 2, Charged: "0", Proposed: "100.00", Assessed: "150.25", Saved: "-50.25"}},
			Counts: []metric.Count{{Kind: benefit.Exam, Type: "nii", Events: 3}, {Kind: benefit.Recognised, Events: 9}, {Kind: benefit.Recognised, Type: "export", Events: 9},
				{Kind: benefit.Recognised, Country: "JP", Events: 6}, {Kind: benefit.Recognised, Country: "NO", Events: 2}},
			Monthly: []metric.MonthCount{{month, benefit.Crossing, "", 5}, {month, benefit.Crossing, "fast", 3}, {month, benefit.Stratified, "", 1}},
			Files: []metric.File{{FileName: "=cmd|' /C calc'!A0", SHA256: strings.Repeat("a", 64), FirstOn: month, LastOn: month},
				{FileName: "before.csv", SHA256: strings.Repeat("b", 64), FirstOn: day(t, "2025-01-01"), LastOn: day(t, "2025-02-28")}}},
		Baselines: []baseline.File{{Name: "@others.csv", SHA256: strings.Repeat("c", 64)}},
		Whole:     sea, Modes: []metric.Compared{sea}, Partners: []string{"JP", "KR"},
		Member: 11, Years: []metric.Year{{Year: 2025, Months: 12, Covered: 12, Member: 12, Money: []metric.YearMoney{{Currency: "USD", Saved: sea.Money[0].Weighed, Mitigated: "-50.25", Cost: "10000.00", Net: metric.Span{Value: 1149.75, Low: -1.5, High: 2000}}}}},
	}
}

func TestSheets(t *testing.T) {
	t.Parallel()
	c := some(t)
	for code, want := range map[string][]map[string]string{
		"examinations": {{"mode": "sea", "from": "2025-03-01", "to": "2025-03-31", "shipments": "20", "examined": "1", "rate": "", "rate_low": "", "rate_high": "", "quality": "nothing"},
			{"from": "2025-03-01", "to": "2026-02-28", "shipments": "400", "examined": "12", "rate": "0.03", "rate_low": "0.017243", "rate_high": "0.051699", "quality": "complete"}},
		"comparison": {{"from": "2025-03-01", "to": "2025-03-31", "compared": "2", "rate": "", "ratio": "", "quality": "nothing"}, {"from": "2025-04-01", "to": "2025-06-30", "shipments": "", "compared": "400"},
			{"shipments": "400", "compared": "400", "examined": "12", "expected": "40", "rate": "0.03", "others_shipments": "10000", "others_examined": "1000", "others_rate": "0.1", "ratio": "0.3", "quality": "complete"}, {"mode": "all"}, {}, {}},
		"ports": {{"ports": "los_angeles", "ratio": "0.3"}, {"ports": "'=1+1", "ratio": "", "quality": "nothing"}},
		"avoided": {{"what": "examinations", "value": ""}, {"from": "2025-04-01", "value": "28", "quality": "estimate"}, {"from": "2025-03-01", "to": "2026-02-28", "value": "28"}, {"what": "time", "unit": "hours", "value": "1344"},
			{"what": "money", "unit": "USD", "value": "11200"}, {"mode": "all"}, {}, {}, {}, {}},
		"return":     {{"year": "2025", "currency": "USD", "mitigated": "-50.25", "cost": "10000.00", "months_as_member": "12", "net": "1149.75", "net_low": "-1.5", "net_high": "2000", "return": "1.114975", "quality": "estimate"}},
		"times":      {{"what": "lane", "mode": "truck", "events": "40", "half_by_minutes": "15", "nine_of_ten_by_minutes": "45"}},
		"crossings":  {{"month": "2025-03-01", "lane": "all", "crossings": "5"}, {"lane": "fast", "crossings": "3"}},
		"events":     {{"month": "2025-03-01", "kind": "stratified", "events": "1"}},
		"abroad":     {{"country": "JP", "recognized": "6", "arrangement_in_force": "true", "quality": "partial"}, {"country": "NO", "recognized": "2", "arrangement_in_force": "false"}, {"country": "KR", "recognized": "0", "arrangement_in_force": "true"}},
		"mitigation": {{"kind": "penalty_mitigation", "currency": "USD", "events": "2", "proposed": "100.00", "assessed": "150.25", "difference": "-50.25"}},
	} {
		before, rows := sheet(t, c, code)
		if len(rows) != len(want) {
			t.Errorf("%s: %d rows: %v", code, len(rows), rows)
			continue
		}
		for i, cells := range want {
			for name, value := range cells {
				if rows[i][name] != value {
					t.Errorf("%s: %s of row %d is %q, want %q", code, name, i, rows[i][name], value)
				}
			}
		}
		text := ""
		for _, l := range before {
			text += strings.Join(l, ",") + "\n"
		}
		for _, s := range []string{"# table," + code, "# period,2025-03-01,2026-02-28", "# as of,2026-03-02T09:00:00Z", "# months with reports,12,of,12", "# report,'=cmd|' /C calc'!A0,SHA-256," + strings.Repeat("a", 64)} {
			if !strings.Contains(text, s+"\n") {
				t.Errorf("%s: no %q in %s", code, s, text)
			}
		}
		// The years are whole, so that the return rests on the report before the period too.
		if got := strings.Contains(text, "before.csv"); got != (code == "return") {
			t.Errorf("%s: a report of before the period: %v", code, got)
		}
		if got, want := strings.Contains(text, "# cohorts,'@others.csv,SHA-256,"+strings.Repeat("c", 64)), slices.Contains([]string{"comparison", "ports", "avoided", "return"}, code); got != want {
			t.Errorf("%s names the file of others: %v", code, got)
		}
		if got, want := strings.Contains(text, "# months as a member,11,of,12\n"), slices.Contains([]string{"comparison", "ports", "avoided", "return"}, code); got != want {
			t.Errorf("%s says the months of membership: %v", code, got)
		}
	}
	if _, ok := c.Sheet("passwords"); ok {
		t.Error("there is a table of passwords")
	}
	if _, rows := sheet(t, metric.Case{Company: metric.Company{Period: c.Period}}, "comparison"); len(rows) > 0 {
		t.Errorf("nothing to compare: %v", rows)
	}
	part := c
	part.Quality = metric.Partial
	if _, rows := sheet(t, part, "avoided"); rows[2]["quality"] != "partial" {
		t.Errorf("a month has no report: %v", rows[2])
	}
}
