package web

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"

	"trustedtrader/app/apptest"
	"trustedtrader/app/pg"
)

// routeHeader tells a test which route answered.
const routeHeader = "X-Test-Route"

// posted are the routes by which some test of this package changed something.
var posted sync.Map

// changesNothing lists the forms after which there is nothing to record.
var changesNothing = map[string]string{
	"/agency/checks":                             "the check itself is the record, which nobody can change",
	"/session/extend":                            "only keeps the session open",
	"/evidence/uploads":                          "a file on its way: there is something to record when it has come",
	"/evidence/uploads/:id":                      "the same",
	"/evidence/uploads/:id/cancel":               "the same",
	"/profiles/:id/criteria/:criterion/presence": "says who has a page open, which is over in a minute",
}

// audited fails the test unless the request left an event in the audit trail.
func (a *applicant) audited(route, request string) {
	a.t.Helper()
	posted.Store(route, true)
	if changesNothing[route] != "" {
		return
	}
	var n int
	if err := a.db.Batch(context.Background(), pg.System, pg.Value(&n, `select count(*)::int from audit_event where request_id = $1`, request)); err != nil {
		a.t.Fatal(err)
	}
	if n == 0 {
		a.t.Errorf("POST %s succeeded and left no event in the audit trail", route)
	}
}

// TestMain holds the whole run to one more rule: every form of the site was sent
// with success by some test, and was found in the audit trail then.
func TestMain(m *testing.M) {
	apptest.RunThen(m, func() int {
		if flag.Lookup("test.run").Value.String() != "" {
			return 0 // a part of the tests cannot send every form
		}
		missing := 0
		for _, r := range (&Web{}).Routes() {
			_, sent := posted.Load(r.Path)
			if sent && owed[r.Path] {
				fmt.Fprintf(os.Stderr, "a test sends the form %s: take it off the list of those that are owed\n", r.Path)
				missing = 1
			}
			if !sent && !owed[r.Path] && r.Method != "GET" {
				fmt.Fprintf(os.Stderr, "no test sends the form %s %s with success\n", r.Method, r.Path)
				missing = 1
			}
		}
		return missing
	})
}
