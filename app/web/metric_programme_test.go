package web

import (
	"strings"
	"testing"

	"trustedtrader/app/identity"
)

// TestBenefitsOfMembers reads the page of headquarters with a group that is told, one that is
// not, and the file of its numbers.
func TestBenefitsOfMembers(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	const page = "/desk/headquarters/benefits"
	for i, name := range []string{"Ann LLC", "Bob LLC", "Cid LLC", "Dan LLC", "Eve LLC", "Fay LLC", "Gus <i>LLC</i>"} {
		owner, id := f.Member(name)
		w.Exec(`update standing set tier = 'tier_2', valid = '[2024-02-01,)' where membership_id = ?`, id)
		switch i {
		case 5:
		case 6:
			w.Exec(`update standing set valid = '[2025-02-01,)' where membership_id = ?`, id)
			months(w, owner, 100, 1)
		default:
			months(w, owner, 10, 1)
		}
		if i == 3 {
			says(t, a.want(200, w.Chief, "GET", page, nil), "Benefits of members", "There is no number for 2025", "U.S. importer, Tier 2: 4 members")
		}
	}
	for i, name := range []string{"Hal LLC", "Ivy LLC", "Jon LLC", "Kim LLC", "Leo LLC"} { // of another programme, and in this year
		owner, id := f.Member(name)
		w.Exec(`update membership set programme = 'eu-aeo', entity_type = 'aeoc' where id = ?`, id)
		w.Exec(`update standing set type = 'aeoc', tier = 'authorised', valid = '[2026-01-01,)' where membership_id = ?`, id)
		months(w, owner, 10, 1)
		if doc := a.want(200, w.Chief, "GET", page+"?programme=eu-aeo", nil); i < 4 {
			says(t, doc, "There is no number for 2025")
		} else {
			says(t, doc, "What members report about 2026", "This year is not over")
		}
	}
	file := others(w)
	w.Exec(`insert into baseline_cohort (baseline_id, n, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies) values (?, 2, '2025-03-01', '2025-12-01', 'sea', 'all', 'importer', 500000, 15000, 300)`, file)
	doc := a.want(200, w.Chief, "GET", page+"?programme=ctpat&year=2025", nil)
	text := strings.Join(strings.Fields(doc.Find("main").Text()), " ")
	for _, s := range []string{"U.S. importer, Tier 2", "Sea", "5 of 6 (83.3%)", "500", "50", "10.0% (7.7% to 12.9%)", "3.0% (3.0% to 3.0%), 10 months", "3.33 (2.56 to 4.34)", "Partial", "U.S. importer, changed in the year: 1 member", "others <i>2025</i>.csv", "Counted from <b>releases</b>", "All of these groups"} {
		if !strings.Contains(text, s) {
			t.Errorf("no %q in %s", s, text)
		}
	}
	if svg := doc.Find("#examinations svg[role=img]"); svg.Length() != 1 || !strings.Contains(svg.Text(), "10.0% · 3.0%") || svg.Find("desc").Text() == "" {
		t.Errorf("the picture: %q", svg.Text())
	}
	for _, s := range []string{"Gus", "Ann", "1,000"} {
		if strings.Contains(text, s) {
			t.Errorf("%q in %s", s, text)
		}
	}
	doc = a.want(200, w.Chief, "GET", page+"?year=2026", nil)
	says(t, doc, "This year is not over")
	doc = a.want(200, w.Chief, "GET", page+"?year=2023", nil)
	says(t, doc, "There is no number for 2023")
	doc = a.want(200, w.Chief, "GET", page+"?programme=eu-aeo&year=x", nil)
	says(t, doc, "What members report about 2026")
	doc = a.want(200, w.Chief, "GET", page+"?programme=eu-aeo&year=2025", nil)
	says(t, doc, "There is no number for 2025")
	if doc = a.want(200, w.Boss, "GET", "/desk/headquarters", nil); doc.Find("a[href='"+page+"']").Length() != 1 {
		t.Error("the dashboard does not lead there")
	}

	res, csv := a.send(w.Auditor, "GET", page+".csv?programme=ctpat&year=2025", nil)
	if res.StatusCode != 200 || res.Header.Get("Content-Disposition") != `attachment; filename="benefits-ctpat-2025.csv"` {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if lines := strings.Split(strings.TrimSpace(csv.Text()), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[1], "ctpat,2025,importer,tier_2,shipments,sea,6,5,5,0.833333,500,50,0.100000,") || strings.Count(lines[0], ",") != strings.Count(lines[1], ",") {
		t.Errorf("%s", csv.Text())
	}
	for _, who := range []identity.Actor{w.Sam, w.Admin, w.Importer("Other LLC")} {
		a.want(404, who, "GET", page, nil)
		a.want(404, who, "GET", page+".csv", nil)
	}
}
