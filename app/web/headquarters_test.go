package web

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"trustedtrader/app/finding"
	"trustedtrader/app/identity"
	"trustedtrader/app/validation"
)

// TestEveryLinkOfHeadquarters follows every number of the pages from above and counts the rows
// that it opens: the page says as many as the number.
func TestEveryLinkOfHeadquarters(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	_, m := f.Member("Harbor <b>Trading</b> LLC")
	v := f.Validation(m, validation.Visited)
	d := f.Draft(v, finding.ActionRequired)
	w.Exec(`update finding set status = 'open', sent_at = ? where id = ?`, w.Clock.Now(), d.ID)
	_, _ = f.Member("Second Ltd")
	w.Clock.Move(24 * time.Hour)
	followed := map[string]bool{}
	for _, page := range []string{"", "/year", "/duties", "/offices"} {
		for _, programme := range []string{"ctpat", "eu-aeo"} {
			doc := a.want(200, w.Boss, "GET", "/desk/headquarters"+page+"?programme="+programme, nil)
			ids := map[string]bool{}
			doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
				id := s.AttrOr("id", "")
				if ids[id] {
					t.Errorf("%s: the id %s is there twice", page, id)
				}
				ids[id] = true
			})
			doc.Find("a[href^='/desk/headquarters/rows?']").Each(func(_ int, s *goquery.Selection) {
				href := s.AttrOr("href", "")
				number := strings.TrimPrefix(strings.TrimSpace(strings.SplitN(s.Contents().First().Text(), "(", 2)[0]), "of ")
				if followed[href] {
					return
				}
				followed[href] = true
				want, err := strconv.Atoi(number)
				if err != nil {
					t.Errorf("%s: %q is no number", href, number)
					return
				}
				rows := a.want(200, w.Boss, "GET", href, nil)
				got := rows.Find("main table tbody tr").Length()
				if said := rows.Find("main").Text(); got != want || !strings.Contains(said, strconv.Itoa(want)+" row") {
					t.Errorf("%s: the number is %d, its page has %d rows", href, want, got)
				}
			})
		}
	}
	if len(followed) < 50 {
		t.Errorf("%d links only", len(followed))
	}
}

// TestAskingHeadquarters: a day that is none is refused, a supervisor of another office sees
// nothing, a file comes with its name.
func TestAskingHeadquarters(t *testing.T) {
	t.Parallel()
	w, a := newDesk(t)
	f := a.withFindings(w)
	_, _ = f.Member("Harbor Trading LLC")
	doc := a.want(422, w.Chief, "GET", "/desk/headquarters?day-day=31&day-month=2&day-year=2026", nil)
	if doc.Find("#error-summary a").Length() != 1 {
		t.Error("the page does not say which day is wrong")
	}
	a.want(404, w.Chief, "GET", "/desk/headquarters/rows?set=people", nil)
	a.want(404, w.Sam, "GET", "/desk/headquarters", nil)
	a.want(200, w.Auditor, "GET", "/desk/headquarters/rows?set=members&known=nonsense&after=nonsense", nil)
	other := w.Staff("Berta Brussels", identity.Supervisor, w.Brussels)
	doc = a.want(200, other, "GET", "/desk/headquarters/rows?set=members&programme=ctpat", nil)
	if doc.Find("main table").Length() != 0 {
		t.Error("a supervisor sees another office's members")
	}
	for _, path := range []string{"/desk/headquarters/rows.xlsx?set=members", "/desk/headquarters/rows.zip?set=members", "/desk/headquarters/year.xlsx", "/desk/headquarters/year.zip"} {
		res, _ := a.send(w.Boss, "GET", path, nil)
		if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %d, %s", path, res.StatusCode, res.Header.Get("Content-Disposition"))
		}
	}
}
