package web

import (
	"strings"
	"testing"

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
		w.Signed(owner, "ctpat", "importer")
		member(w, owner)
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
	none := w.Importer("New LLC")
	months(w, none, 50, 1)
	if text := a.want(200, none, "GET", "/benefits", nil).Find("#comparison").Parent().Text(); !strings.Contains(text, "no member of a programme yet") {
		t.Errorf("no member: %s", text)
	}
	a.want(200, none, "GET", "/benefits?months=99999&as=%00:x", nil)
}
