package standing_test

import (
	"io/fs"
	"strings"
	"testing"

	"trustedtrader/app/programme"
	"trustedtrader/app/standing"
	"trustedtrader/config"
)

// TestEntitlements: since when a member has a benefit, what is denied and stopped, what another
// tier would bring, and what no tier ever brings to its kind.
func TestEntitlements(t *testing.T) {
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		t.Fatal(err)
	}
	register, err := programme.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	us, _ := register.Get("ctpat")
	eu, _ := register.Get("eu-aeo")
	s := &script{t: t}
	s.add("2024-01-10", "2024-01-10", standing.Granted, tier("tier_1"))
	s.add("2025-03-01", "2025-03-01", standing.Awarded, tier("tier_2"))
	s.add("2025-06-01", "2025-06-05", standing.Limited, denies("fewer_examinations"))
	s.add("2025-09-01", "2025-09-01", standing.Restored)
	s.add("2026-01-01", "2026-01-01", standing.Suspended, of(caseB))
	s.add("2026-02-01", "2026-02-01", standing.Reinstated, of(caseB))
	spans := standing.Known(s.events, day(t, "2026-12-31").Time())
	says := func(p *programme.Programme, entity, on string, spans []standing.Span) map[string]string {
		out := map[string]string{}
		for _, e := range standing.Entitlements(p, entity, spans, day(t, on)) {
			text := string(e.Right)
			if e.Since != nil {
				text += " since " + e.Since.String()
			}
			if len(e.Tiers) > 0 {
				text += " by " + strings.Join(e.Tiers, ",")
			}
			if e.Draft {
				text += " (practice)"
			}
			out[strings.TrimPrefix(e.Type+".", "membership.")+e.Code] = text
		}
		return out
	}
	for _, x := range []struct{ on, benefit, want string }{
		{"2024-01-09", "risk_score", "not_begun since 2024-01-10"},
		{"2024-01-10", "risk_score", "has since 2024-01-10"},
		{"2024-06-01", "priority_examinations", "higher by tier_2,tier_3"},
		{"2024-06-01", "fewer_examinations", "has since 2024-01-10 (practice)"},
		{"2025-03-01", "priority_examinations", "has since 2025-03-01"},
		{"2025-04-01", "fewer_examinations", "has since 2024-01-10"},
		{"2025-06-04", "fewer_examinations", "has since 2024-01-10"},
		{"2025-06-05", "fewer_examinations", "denied since 2025-06-05"},
		{"2025-08-31", "priority_examinations", "has since 2025-03-01"},
		{"2025-09-01", "fewer_examinations", "has since 2025-09-01"},
		{"2026-01-31", "risk_score", "stopped since 2026-01-01"},
		{"2026-01-31", "expedited_release", "higher by tier_3"},
		{"2026-02-01", "risk_score", "has since 2026-02-01"},
	} {
		if got := says(us, "importer", x.on, spans)[x.benefit]; got != x.want {
			t.Errorf("%s on %s: %q, not %q", x.benefit, x.on, got, x.want)
		}
	}
	broker := says(us, "customs_broker", "2026-06-01", spans)
	if _, there := broker["stratified_examination"]; there || broker["specialist"] != "has since 2026-02-01" || broker["business_resumption"] != "has since 2026-02-01 (practice)" {
		t.Errorf("a customs broker: %v", broker)
	}

	// An authorisation of two types: what one lost, the other goes on bringing.
	s = &script{t: t}
	s.add("2024-01-10", "2024-01-15", standing.Granted, types("aeoc", "aeos"))
	s.add("2025-01-10", "2025-01-10", standing.Suspended, types("aeoc"), of(caseB))
	both := says(eu, "aeof", "2025-02-01", standing.Known(s.events, day(t, "2026-12-31").Time()))
	for code, want := range map[string]string{"aeoc.simplifications": "stopped since 2025-01-10", "aeoc.fewer_controls": "stopped since 2025-01-10",
		"aeos.fewer_controls": "has since 2024-01-15", "aeos.recognition": "has since 2024-01-15", "aeos.simplifications": "", "aeoc.recognition": ""} {
		if both[code] != want {
			t.Errorf("%s: %q, not %q", code, both[code], want)
		}
	}
	s.add("2026-01-01", "2026-01-01", standing.Removed, types("aeoc"))
	for code := range says(eu, "aeof", "2026-02-01", standing.Known(s.events, day(t, "2026-12-31").Time())) {
		if strings.HasPrefix(code, "aeoc.") {
			t.Errorf("%s of a type that has ended", code)
		}
	}
}
