package web

import (
	"fmt"
	"strings"
	"testing"

	"trustedtrader/app/identity"
)

// TestBenefitFigures: a company reads what its reports say, with how far they may be trusted;
// nobody else does.
func TestBenefitFigures(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	owner := w.Importer("Harbor <b>Trading</b> LLC")
	says(t, a.want(200, owner, "GET", "/benefits", nil), "No report covers this period", "Bring a report")

	id := "00000000-0000-7000-8000-0000000000aa"
	w.Exec(`insert into benefit_import (id, company_id, layout, file_name, sha256, size, blob_key, heading, mapped, status, events_taken, first_on, last_on, bringer, brought_at, finished_at)
		values ($1, $2, 'ace_es003', '<i>year</i>.csv', repeat('ab', 32), 10, '', '[]', true, 'taken', 41, '2026-01-05', '2026-01-05', 'Ann', $3, $3)`, id, owner.CompanyID, w.Clock.Now())
	for i := range 43 {
		entry, kind, mode := fmt.Sprintf("E%03d", i), "entry", "sea"
		switch {
		case i == 40: // of an entry that is there already
			entry, kind = "E001", "exam"
		case i > 40:
			mode = "air"
		}
		w.Exec(`insert into benefit_event (company_id, import_id, row_no, part, kind, day, month, entry_no, line, ref, mode, port, port_group, country, type, arrived_at, release_at, currency)
			values ($1, $2, $3, 0, $4, '2026-01-05', '2026-01-01', $5, 1, '', $6, '', '', '', '', '2026-01-05 08:00', '2026-01-05 11:00', '')`, owner.CompanyID, id, i, kind, entry, mode)
	}
	w.Exec(`select benefit_roll($1, array['2026-01-01'::date])`, owner.CompanyID)

	doc := a.want(200, owner, "GET", "/benefits?months=12", nil)
	says(t, doc, "Partial: 1 of 12 months have reports", "Wilson", "<i>year</i>.csv", strings.Repeat("ab", 32))
	rows := map[string]string{}
	for _, section := range []string{"#examinations", "#times"} {
		for i := range doc.Find(section + " tbody tr").Length() {
			var cells []string
			for _, cell := range doc.Find(section + " tbody tr").Eq(i).Children().EachIter() {
				cells = append(cells, strings.TrimSpace(cell.Text()))
			}
			rows[strings.TrimSpace(strings.Join(cells, " "))] = section
		}
	}
	// 1 of 40: Wilson's interval is 0.44 to 12.88 percent. Two by air are too few.
	for _, want := range []string{"2026, quarter 1 40 1 2.5% 0.4% – 12.9%", "Whole period 40 1 2.5% 0.4% – 12.9%", "2026, quarter 1 2 0 Not enough data", "Arrival to release Sea 40 3 hours 3 hours"} {
		if rows[want] == "" {
			t.Errorf("no row %q in %v", want, rows)
		}
	}
	if n := doc.Find("#examinations svg.tt-chart__svg").Length(); n != 1 { // of the two by air there is nothing to draw
		t.Errorf("%d pictures", n)
	}
	reader := owner
	reader.Role = identity.Reader
	says(t, a.want(200, reader, "GET", "/benefits?months=60", nil), "Partial: 1 of 60")
	says(t, a.want(200, owner, "GET", "/benefits?months=7", nil), "1 of 12")
	if text := a.want(200, w.Importer("Other LLC"), "GET", "/benefits", nil).Text(); strings.Contains(text, "year</i>") {
		t.Error("another company's report")
	}
	a.want(404, w.Sam, "GET", "/benefits", nil)
}
