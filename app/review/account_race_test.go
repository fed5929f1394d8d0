package review_test

import (
	"fmt"
	"sync"
	"testing"

	"trustedtrader/app/application"
	"trustedtrader/app/company"
	"trustedtrader/app/review/reviewtest"
)

// A change of the account while the application is submitted is in the copy that the
// agency gets, or it is refused. It never slips in between.
func TestAccountChangesWhileSubmitting(t *testing.T) {
	t.Parallel()
	w := reviewtest.New(t, march)
	var before, after int
	for round := range 30 {
		owner := w.Importer(fmt.Sprintf("Harbor %d LLC", round))
		a := w.Signed(owner, "ctpat", "importer")
		name := fmt.Sprintf("Blue Anchor %d", round)
		var group sync.WaitGroup
		var added, submitted error
		group.Go(func() { _, added = w.Companies.AddTradeName(w.Ctx, owner, company.NameEntry{Name: name}) })
		group.Go(func() {
			_, submitted = w.Applications.Submit(w.Ctx, owner, a.ID, application.Submission{Version: a.Version, Attested: true, Name: "Olga Owner"})
		})
		group.Wait()
		w.Must(submitted)
		copied := w.Count(`select count(*)::int from application_snapshot where application_id = $1 and position($2 in body) > 0`, a.ID, name)
		kept := w.Count(`select count(*)::int from trade_name where company_id = $1 and removed_at is null`, owner.CompanyID)
		if copied != kept || (added == nil) != (kept == 1) {
			t.Errorf("round %d: the copy has %d of %d names; %v", round, copied, kept, added)
		}
		before, after = before+kept, after+1-kept
	}
	t.Logf("%d changes came before, %d after", before, after)
}
