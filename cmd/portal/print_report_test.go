//go:build browser && linux && !production

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"trustedtrader/app/benefit"
	"trustedtrader/app/briefing"
	"trustedtrader/app/clock"
	"trustedtrader/app/web"
)

// TestBrowserPrintsOnePage: the report for the management fits on one page of A4, also when
// everything in it is as long as it may be.
func TestBrowserPrintsOnePage(t *testing.T) {
	t.Parallel()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	register, _, _, err := loadData()
	if err != nil {
		t.Fatal(err)
	}
	reports, err := benefits(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	items, err := costs(nil, nil, reports.Data)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(longest(t))
	if err != nil {
		t.Fatal(err)
	}
	html, err := web.BriefingHTML(register, reports.Data, items.Data)(context.Background(), briefing.Briefing{Body: string(body), SHA256: strings.Repeat("e", 64), Maker: strings.Repeat("Name ", 20), MadeAt: time.Now()}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	pdf, err := printer(browser)(context.Background(), html)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(pdf, []byte("/Type /Page\n")); n != 1 {
		t.Errorf("%d pages", n)
	}
	for _, want := range []string{"/MarkInfo", "/Lang (en)", "/S /H1\n", "/S /H2\n", "/S /Table\n", "/S /Caption\n", "/S /TH\n", "/S /Figure\n"} {
		if !bytes.Contains(pdf, []byte(want)) {
			t.Errorf("the PDF lacks %q", want)
		}
	}
	if to := os.Getenv("PORTAL_SHOTS"); to != "" {
		if err := os.WriteFile(to+"/longest.pdf", pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// longest is a report with as much in it as there can be.
func longest(t *testing.T) briefing.Content {
	t.Helper()
	day := func(text string) clock.Day {
		d, err := clock.ParseDay(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	wide := &briefing.Range{Value: -1234567, Low: -2345678, High: 1234567}
	rate := &briefing.Range{Value: 0.123, Low: 0.111, High: 0.145}
	hold := 525600
	line := briefing.Line{Mode: "truck", Shipments: 12345678, Compared: 12345678, Examined: 1234567, Expected: 1234567.8, Direction: 1, Own: rate, Others: rate, Ratio: &briefing.Range{Value: 12.34, Low: 10.12, High: 14.56}, Avoided: wide, Hours: wide, Held: 12345678}
	for _, currency := range []string{"USD", "EUR", "MXN"} {
		line.Money = append(line.Money, briefing.Amount{Currency: currency, Saved: wide, Shipments: 12345678, Default: 1234567})
	}
	c := briefing.Content{Form: 1, Company: strings.Repeat("Long Name ", 20), Programme: "ctpat", EntityType: "importer", From: day("2017-01-01"), To: day("2026-12-01"), AsOf: time.Now(), Quality: "partial", Covered: 119, Member: 118, Whole: line, Fewest: 412, AllPorts: 1234567}
	for range 5 {
		c.Memberships = append(c.Memberships, briefing.Membership{Programme: "ctpat", Number: "C26-0000001", EntityType: "importer", Tier: "tier_3", Status: "suspended", Since: day("2017-01-01")})
	}
	for _, mode := range []string{"", "sea", "rail", "truck", "air", "other"} {
		m := line
		m.Mode = mode
		c.Modes = append(c.Modes, m)
	}
	for q := day("2017-01-01"); !q.After(c.To); q = q.AddMonths(3) {
		c.Quarters = append(c.Quarters, briefing.Quarter{First: q, Compared: 1234, Own: rate, Others: rate})
	}
	for y := 2026; y > 2016; y-- {
		for _, currency := range []string{"EUR", "MXN", "USD"} {
			c.Years = append(c.Years, briefing.Year{Year: y, Months: 12, Covered: 12, Member: 12, Currency: currency, Saved: wide, Mitigated: "-1234567890.12", Cost: "1234567890.12", Net: wide, Return: &briefing.Range{Value: -12.34, Low: -20.12, High: 14.56}})
		}
	}
	for _, k := range []benefit.Kind{benefit.Crossing, benefit.Stratified, benefit.FrontOfLine, benefit.Resumption, benefit.Recognised} {
		c.Events = append(c.Events, briefing.Event{Kind: k, Lane: k == benefit.Crossing, Events: 1234567})
	}
	for range 40 {
		c.Costs = append(c.Costs, briefing.Cost{Mode: "truck", From: day("2017-01-01"), Currency: "USD", PerExam: "1234567890.12", StoragePerDay: "1234567890.12", HoldMinutes: &hold})
		c.Spent = append(c.Spent, briefing.Spent{Year: 2026, Item: "physical_security", Currency: "USD", Amount: "1234567890.12"})
		c.Cohorts = append(c.Cohorts, briefing.Source{Name: strings.Repeat("cohorts", 17), SHA256: strings.Repeat("a", 64), Note: strings.Repeat("where it comes from ", 100), AsOf: day("2026-01-01")})
		c.Reports = append(c.Reports, briefing.Source{Name: strings.Repeat("report", 20), SHA256: strings.Repeat("b", 64), From: day("2017-01-01"), To: day("2026-01-01")})
	}
	return c
}
