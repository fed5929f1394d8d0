package membership_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/config"
)

// TestAnnualNotificationLetter: a member of Trade Compliance is asked for the letter from 30
// days before the anniversary of its acceptance. It asks what has changed, for the results of
// the self-test and for the six requirements on forced labor.
func TestAnnualNotificationLetter(t *testing.T) {
	t.Parallel()
	w := newModule(t) // accepted on 4 March 2026
	programmes, err := fs.Sub(config.Programmes, "programmes")
	w.Must(err)
	library, err := catalogue.Load(programmes)
	w.Must(err)
	w.With(library)
	sweeper := &clock.Service{DB: w.DB, Now: w.Clock.Now, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Expired: clock.Together(w.Applications.Hooks(), w.members.Hooks())}
	yearly := func(instant string) (list []struct{ ID uuid.UUID }) {
		t.Helper()
		w.to(instant)
		_, err := sweeper.Sweep(w.Ctx)
		w.Must(err)
		w.Must(w.DB.Batch(w.Ctx, pg.System, pg.All(&list, `select id from profile_cycle where membership_id = $1 and kind = 'annual'`, w.tc.ID)))
		return list
	}
	if n := len(yearly("2027-02-02T04:59:00Z")); n != 0 {
		t.Errorf("%d letters more than 30 days before the anniversary", n)
	}
	list := yearly("2027-02-02T05:00:00Z")
	if len(list) != 1 {
		t.Fatalf("%d letters are open 30 days before the anniversary", len(list))
	}
	page, err := w.Profiles.TaskList(w.Ctx, w.owner, list[0].ID)
	w.Must(err)
	p := page.Profile
	if p.Cycle.Status != profile.Open || p.Cycle.Anniversary.String() != "2027-03-04" {
		t.Errorf("opened: %+v", p.Cycle)
	}
	var forced, letter []string
	for _, c := range p.Form.Criteria {
		if slices.Contains(c.Sections, "forced_labor") && c.Evidence.Min > 0 {
			forced = append(forced, c.ID)
		}
		if slices.Contains(c.Sections, "letter") {
			letter = append(letter, c.ID)
		}
	}
	if got := strings.Join(forced, " "); got != "6.1 6.2 6.3 6.4 6.5 6.6" {
		t.Errorf("requirements on forced labor with evidence: %s", got)
	}
	if got := strings.Join(letter, " "); got != "2.1 5.1 7.1 7.2 7.3" {
		t.Errorf("the letter asks: %s", got)
	}
	const letters = `select count(*)::int from message where letter = $1 and subject like '%Annual Notification Letter%' and body like '%2027%'`
	if n := w.Count(letters, "review_opened"); n != 1 {
		t.Errorf("%d messages that it is open", n)
	}
	yearly("2027-03-05T15:00:00Z")
	if n := w.Count(letters, "review_overdue"); n != 1 {
		t.Errorf("%d messages that it is overdue", n)
	}
}
