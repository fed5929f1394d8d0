package web

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
)

// others signs a file of a cohort of importers by sea off: three of a hundred were examined.
func others(w *reviewtest.World) string {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into baseline (id, programme, file_name, sha256, size, source, as_of, status, first_month, last_month, cohorts, brought_by, bringer, brought_at, decided_by, decider, decided_at)
		values (?, 'ctpat', 'others <i>2025</i>.csv', repeat('b', 64), 10, 'Counted from <b>releases</b> of all ports', '2026-01-31', 'signed', '2025-03-01', '2026-02-01', 1, ?, 'x', now(), ?, 'y', now())`, id, w.Chief.PersonID, w.Sam.PersonID)
	w.Exec(`insert into baseline_cohort (baseline_id, n, first_month, last_month, mode, port_group, entity_type, shipments, exams, companies, hold_minutes)
		values (?, 1, '2025-03-01', '2026-02-01', 'sea', 'all', 'importer', 500000, 15000, 412, 2880)`, id)
	return id.String()
}

// joined makes a company a member as an importer since 2023, in law too.
func joined(w *reviewtest.World, owner identity.Actor) uuid.UUID {
	w.T.Helper()
	w.Signed(owner, "ctpat", "importer")
	id, event := member(w, owner), pg.NewID()
	w.Exec(`insert into standing_event (id, membership_id, company_id, kind, types, effective_on, recorded_at, tier, cause_kind, cause_id) values (?, ?, ?, 'granted', '{membership}', '2023-05-01', '2023-05-01', 'tier_1', 'application', ?)`, event, id, owner.CompanyID, id)
	w.Exec(`insert into standing (membership_id, company_id, type, state, tier, valid, known, event_id) values (?, ?, 'membership', 'active', 'tier_1', '[2023-05-01,)', '[2023-05-01,)', ?)`, id, owner.CompanyID, event)
	return id
}

// months gives a company as many shipments and examinations by sea in each month of a year.
func months(w *reviewtest.World, owner identity.Actor, shipments, exams int) {
	w.T.Helper()
	w.Exec(`insert into benefit_month (company_id, month, kind, mode, port_group, type, country, currency, events, entries, first_on, last_on)
		select ?, m, k.kind, 'sea', 'los_angeles', '', '', '', k.n, k.n, m, m from generate_series('2025-03-01'::date, '2026-02-01', interval '1 month') m, (values ('entry', ?::int), ('exam', ?)) k (kind, n) where k.n > 0`, owner.CompanyID, shipments, exams)
	w.Exec(`insert into benefit_import (id, company_id, layout, file_name, sha256, size, blob_key, heading, mapped, status, bringer, brought_at, finished_at, first_on, last_on)
		values (gen_random_uuid(), ?, 'ace_es003', 'own.csv', repeat('c', 64), 9, '', '[]', true, 'taken', 'x', now(), now(), '2025-03-01', '2026-02-28')`, owner.CompanyID)
}

// TestFiguresBesideOthers reads the page of companies that were examined less often, more
// often and too rarely to say.
func TestFiguresBesideOthers(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	file := others(w)
	for _, x := range []struct {
		name             string
		shipments, exams int
		want, not        []string
	}{
		{"Less LLC", 400, 4, []string{"Your goods were examined less often than those of others", "48 of 4,800 compared shipments were examined. At the rates of others it would have been 144.0", "0.33 times as often", "About 96", "48 examined / 144.0 expected", "4,608", "others <i>2025</i>.csv", "Counted from <b>releases</b>", "Complete: each of the 12 months", "at least 412 companies"}, []string{"examined more often than"}},
		{"More LLC", 100, 6, []string{"Your goods were examined more often than those of others", "2.00 times as often", "About -36", "Chance alone does not explain"}, []string{"examined less often than"}},
		{"Same LLC", 100, 3, []string{"No clear difference from others", "1.00 times as often"}, []string{"less often than", "more often than"}},
		{"Small LLC", 2, 1, []string{"Not enough data"}, []string{"times as often (", "About"}},
	} {
		owner := w.Importer(x.name)
		joined(w, owner)
		months(w, owner, x.shipments, x.exams)
		doc := a.want(200, owner, "GET", "/benefits?months=12", nil)
		text := strings.Join(strings.Fields(doc.Find("main").Text()), " ")
		for _, s := range x.want {
			if !strings.Contains(text, s) {
				t.Errorf("%s: no %q in %s", x.name, s, text)
			}
		}
		for _, s := range x.not {
			if strings.Contains(text, s) {
				t.Errorf("%s: %q in %s", x.name, s, text)
			}
		}
		if html, _ := doc.Find("main").Html(); strings.Contains(html, "<b>releases") || strings.Contains(html, "<i>2025") {
			t.Error("a source note is markup")
		}
		if x.name != "Small LLC" && doc.Find("a[href='/benefits/baselines/"+file+"']").Length() != 1 {
			t.Errorf("%s: no link to the file of others", x.name)
		}
	}
	late := w.Importer("Late LLC")
	id := joined(w, late)
	months(w, late, 400, 4)
	w.Exec(`update standing set valid = '[2025-08-15,)' where membership_id = ?`, id)
	says(t, a.want(200, late, "GET", "/benefits?months=12", nil), "an active member on every day of 6 of the 12 months", "24 of 2,400 compared shipments were examined. At the rates of others it would have been 72.0", "2,400 of 4,800 shipments are compared", "10 of 12 months, 4 as a member")
	w.Exec(`update standing set state = 'suspended' where membership_id = ?`, id)
	says(t, a.want(200, late, "GET", "/benefits?months=12", nil), "no active member in a whole month of this period")

	none := w.Importer("New LLC")
	months(w, none, 50, 1)
	if text := a.want(200, none, "GET", "/benefits", nil).Find("#comparison").Parent().Text(); !strings.Contains(text, "no member of a programme yet") {
		t.Errorf("no member: %s", text)
	}
	a.want(200, none, "GET", "/benefits?months=99999&as=%00:x", nil)
}

// TestPicturesOfBenefits looks at every picture of a member that has all kinds of events, and
// reads the numbers behind each.
func TestPicturesOfBenefits(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	others(w)
	owner := w.Importer("Harbor Trading LLC")
	joined(w, owner)
	months(w, owner, 200, 2)
	w.Exec(`insert into benefit_month (company_id, month, kind, mode, port_group, type, country, currency, events, entries, first_on, last_on, proposed, assessed)
		select ?, month::date, kind, 'truck', '', type, country, currency, n, n, month::date, month::date, proposed, assessed from (values
			('2025-05-01', 'crossing', '', '', '', 9, null::numeric, null::numeric), ('2025-05-01', 'crossing', 'fast', '', '', 6, null, null), ('2025-06-01', 'crossing', '', '', '', 4, null, null), ('2025-06-01', 'crossing', 'general', '', '', 4, null, null),
			('2025-07-01', 'stratified', '', '', '', 3, null, null), ('2025-09-01', 'resumption', '', '', '', 1, null, null),
			('2025-07-01', 'recognised', '', '', '', 8, null, null), ('2025-07-01', 'recognised', 'export', '', '', 8, null, null), ('2025-07-01', 'recognised', '', 'JP', '', 5, null, null), ('2025-08-01', 'recognised', '', 'LI', '', 2, null, null),
			('2025-08-01', 'penalty_mitigation', '', '', 'USD', 1, 8000.00, 2000.50), ('2025-08-01', 'isf_mitigation', '', '', 'USD', 1, 5000.00, 1000.00)) x (month, kind, type, country, currency, n, proposed, assessed)`, owner.CompanyID)
	w.Exec(`insert into benefit_spread (company_id, month, measure, mode, port_group, minutes, events) values (?, '2025-05-01', 'lane', 'truck', '', 15, 40), (?, '2025-05-01', 'release', 'sea', '', 600, 40)`, owner.CompanyID, owner.CompanyID)
	w.Exec(`insert into exam_cost (id, company_id, mode, from_month, currency, per_exam, storage_per_day, saver, saved_at) values (gen_random_uuid(), ?, '', '2025-01-01', 'USD', 400, 100, 'Ann', now())`, owner.CompanyID)
	w.Exec(`insert into membership_cost (id, company_id, year, item, currency, amount, saver, saved_at) values (gen_random_uuid(), ?, 2025, 'staff', 'USD', 9000, 'Ann', now())`, owner.CompanyID)

	doc := a.want(200, owner, "GET", "/benefits?months=12", nil)
	ids := map[string]int{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) { ids[s.AttrOr("id", "")]++ })
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q stands %d times", id, n)
		}
	}
	for at, want := range map[string]int{"#comparison": 2, "#return": 1, "#examinations": 1, "#times": 2, "#crossings": 1, "#events": 1, "#abroad": 1, "#amounts": 1} {
		svg := doc.Find(at + " svg.tt-chart__svg")
		if svg.Length() != want {
			t.Errorf("%s has %d pictures, want %d", at, svg.Length(), want)
		}
		svg.Each(func(_ int, s *goquery.Selection) {
			if s.AttrOr("role", "") != "img" || s.Find("title").First().Text() == "" || s.Find("desc").Text() == "" {
				t.Errorf("%s: a picture without a title or a description", at)
			}
		})
	}
	says(t, doc, "6 of 10 crossings whose lane is known used a lane that membership opens: Not enough data")
	tile := func(country string) string {
		found := doc.Find("#abroad g").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.Find(".tt-tile__code").Text() == country })
		return found.Find("rect").First().AttrOr("class", "") + " " + found.Find(".tt-tile__count").Text()
	}
	for country, want := range map[string]string{"JP": "tt-tile tt-tile--1 5", "LI": "tt-tile tt-tile--1 2", "DE": "tt-tile tt-tile--unused 0"} {
		if got := tile(country); got != want {
			t.Errorf("the tile of %s is %q, want %q", country, got, want)
		}
	}
	rows := map[string]bool{}
	for _, row := range doc.Find("main tbody tr").EachIter() {
		rows[strings.Join(row.Children().Map(func(_ int, s *goquery.Selection) string { return strings.TrimSpace(s.Text()) }), " ")] = true
	}
	for _, want := range []string{"Liechtenstein 2 None on the last day", "Germany 0 In force", "Export to the partner 8", "FAST lane 6", "General lane 4", "Lane not said 3", "May 2025 6 0 3", "Stratified examination 3", "July 2025 3 0 0", "September 2025 0 0 1", "Penalty mitigated 1 0 USD 8,000.00 USD 2,000.50 USD 5,999.50 USD"} {
		if !rows[want] {
			t.Errorf("no row %q in %v", want, rows)
		}
	}
	partSays(t, doc.Find("#abroad"), "1 shipment names no country")
	partSays(t, doc.Find("#amounts svg"), "5,000.00 → 1,000.00", "8,000.00 → 2,000.50")

	links := doc.Find("main a[href^='/benefits/numbers.csv?']").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("href", "") })
	if len(links) != 10 {
		t.Errorf("%d tables: %v", len(links), links)
	}
	for _, link := range links {
		res, body := a.send(owner, "GET", link, nil)
		if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/csv") || !strings.Contains(res.Header.Get("Content-Disposition"), "-2025-03-2026-02.csv") || !strings.Contains(body.Text(), strings.Repeat("c", 64)) {
			t.Errorf("%s: %d %v %s", link, res.StatusCode, res.Header, body.Text())
		}
	}
	a.samePicture(owner, doc)

	stranger := w.Importer("Other LLC")
	_, body := a.send(stranger, "GET", "/benefits/numbers.csv?table=mitigation", nil)
	if strings.Contains(body.Text(), "2000.50") || strings.Contains(body.Text(), "own.csv") {
		t.Error("another company's numbers")
	}
	for _, path := range []string{"/benefits/numbers.csv?table=nothing", "/benefits/numbers.csv?table=%3D1"} {
		a.want(404, owner, "GET", path, nil)
	}
	a.want(404, w.Sam, "GET", "/benefits/numbers.csv", nil)
	a.want(404, w.Chief, "GET", "/benefits/numbers.csv?table=return", nil)
	reader := owner
	reader.Role = identity.Reader
	a.want(200, reader, "GET", "/benefits/numbers.csv", nil)
}

// samePicture holds the bars of examinations avoided against the file behind them: each is as
// far from zero, in units of the picture, as its number says.
func (a *applicant) samePicture(owner identity.Actor, doc *goquery.Document) {
	a.t.Helper()
	_, body := a.send(owner, "GET", "/benefits/numbers.csv?months=12&table=avoided", nil)
	r := csv.NewReader(strings.NewReader(body.Text()))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		a.t.Fatal(err)
	}
	var values []float64
	for _, l := range lines {
		if len(l) == 10 && l[0] == "examinations" && l[2] == "all" && l[3] != "2025-03-01" || len(l) == 10 && l[2] == "all" && l[4] == "2025-03-31" {
			v, _ := strconv.ParseFloat(l[6], 64)
			values = append(values, v)
		}
	}
	var heights []float64
	doc.Find("#comparison rect.tt-chart__span").Each(func(_ int, s *goquery.Selection) {
		h, _ := strconv.ParseFloat(s.AttrOr("height", ""), 64)
		heights = append(heights, h)
	})
	if len(values) != 5 || len(heights) != 5 {
		a.t.Fatalf("%d quarters, %d bars", len(values), len(heights))
	}
	scale := slices.Max(heights) / slices.Max(values)
	for i := range values {
		if d := heights[i] - values[i]*scale; values[i] <= 0 || d > 0.2 || d < -0.2 {
			a.t.Errorf("quarter %d avoided %v, its bar is %v high at %v for each", i, values[i], heights[i], scale)
		}
	}
}
