package standing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/appeal"
	"trustedtrader/app/apptest"
	"trustedtrader/app/clock"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/incident"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/report"
	"trustedtrader/app/standing"
	"trustedtrader/app/succession"
	"trustedtrader/app/validation"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// life is a member with everything that happens to one in twelve years.
type life struct {
	*findingtest.World
	cases     *enforcement.Service
	incidents *incident.Service
	appeals   *appeal.Service
	changes   *succession.Service
	reports   *report.Service
	sweeper   *clock.Service
	olive     identity.Actor // decides appeals
	owner     identity.Actor
	m         uuid.UUID

	truth []stretch // what the law says as known now, in order
	said  []saying  // what the portal said at the end of each day on which something happened
}

// stretch is a status from a day on, as the law says.
type stretch struct {
	from   string
	status string
}

// saying is what was known at the end of a day, of all days before.
type saying struct {
	at    string
	truth []stretch
}

func newLife(t *testing.T) *life {
	w := findingtest.New(t, "2026-03-04T15:00:00Z")
	l := &life{World: w}
	steps := &enforcement.Steps{Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Standing: w.Members.Standing, Appeals: appeal.Check}
	l.cases = enforcement.New(w.DB, w.Clock.Now, steps)
	l.incidents = &incident.Service{DB: w.DB, Now: w.Clock.Now, Steps: steps.Incidents}
	l.appeals = &appeal.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters, Cases: steps}
	l.changes = &succession.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.World.Steps, Standing: w.Members.Standing, Members: w.Members}
	w.Members.Admitted = append(w.Members.Admitted, l.changes.Admitted)
	l.reports = &report.Service{DB: w.DB, Now: w.Clock.Now, Findings: w.Findings.Steps, Members: w.Members}
	l.sweeper = &clock.Service{DB: w.DB, Now: w.Clock.Now, Clocks: w.World.Steps.Clocks, Letters: w.Steps.Letters, Expired: clock.Together(w.Applications.Hooks(), w.Members.Hooks())}
	l.olive = w.Staff("Olive Appeals", identity.AppealOfficer, w.HQ)
	return l
}

// to goes on to the afternoon of a day at the office; what is due on the way happens month
// by month, as the portal's jobs let it happen.
func (l *life) to(day string) {
	l.T.Helper()
	at, err := time.Parse(time.RFC3339, day+"T15:00:00Z")
	l.Must(err)
	for l.Clock.Now().Before(at) {
		l.Clock.Move(min(at.Sub(l.Clock.Now()), 30*24*time.Hour))
		_, err := l.Members.Standing.Turn(l.Ctx)
		l.Must(err)
		_, err = l.changes.Turn(l.Ctx)
		l.Must(err)
		_, err = l.sweeper.Sweep(l.Ctx)
		l.Must(err)
	}
}

// happened says what the law makes of what was just done: the whole truth as known now.
func (l *life) happened(step string, truth ...stretch) {
	l.T.Helper()
	today := clock.DayOf(l.Clock.Now(), newYork(l.T)).String()
	l.truth = truth
	l.said = append(l.said, saying{today, truth})
	l.check(step)
}

func newYork(t testing.TB) *time.Location {
	z, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// on is the status that a list of stretches gives a day.
func on(list []stretch, day string) string {
	status := "none"
	for _, x := range list {
		if x.from <= day {
			status = x.status
		}
	}
	return status
}

// check asks the portal about the first days of every stretch, the days before them, and a
// day between, as known now and as known on every day on which something had happened.
func (l *life) check(step string) {
	l.T.Helper()
	var days []string
	for _, s := range l.said {
		for _, x := range s.truth {
			d, err := clock.ParseDay(x.from)
			l.Must(err)
			days = append(days, x.from, d.AddDays(-1).String(), d.AddDays(45).String())
		}
	}
	slices.Sort(days)
	for _, d := range slices.Compact(days) {
		for i, s := range l.said {
			if i+1 < len(l.said) && l.said[i+1].at == s.at {
				continue // more happened on that day
			}
			q := standing.Question{On: day(l.T, d), KnownOn: day(l.T, s.at)}
			p, err := l.Members.Standing.History(l.Ctx, l.owner, l.m, &q)
			l.Must(err)
			if got, want := one(p.Asked.Then), on(s.truth, d); got != want {
				l.T.Errorf("%s: %s as known on %s: %s, want %s", step, d, s.at, got, want)
			}
			if got, want := one(p.Asked.Now), on(l.truth, d); got != want {
				l.T.Errorf("%s: %s as known now: %s, want %s", step, d, got, want)
			}
		}
	}
	want := on(l.truth, clock.DayOf(l.Clock.Now(), newYork(l.T)).String())
	if got := l.Text(`select status || case when status = 'ended' then '' else ' ' || tier end from membership where id = $1`, l.m); got != want && want != "ended withdrawn" {
		l.T.Errorf("%s: the membership's own record says %s, want %s", step, got, want)
	}
}

func one(list []standing.Span) string {
	switch len(list) {
	case 0:
		return "none"
	case 1:
		x := list[0]
		if x.State == standing.Ended {
			return "ended " + string(x.How)
		}
		return string(x.State) + " " + x.Tier
	}
	return fmt.Sprintf("%d statuses at once", len(list))
}

// TestTwelveYears walks one member through its life: certified, validated, Tier III, an
// incident, suspended at once, the appeal won, another member taken in, a late annual review,
// revalidated, suspended again, withdrawn owing an answer, and kept from applying until the
// bar ends.
func TestTwelveYears(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.owner, l.m = l.Member("Harbor Trading LLC")
	l.happened("certified", stretch{"2026-03-04", "active tier_1"})

	l.to("2027-01-20")
	second := stretch{l.validated(nil), "active tier_2"}
	l.happened("validated", stretch{"2026-03-04", "active tier_1"}, second)

	l.to("2029-06-05")
	third := stretch{l.validated([]string{finding.BestPractice}), "active tier_3"}
	good := []stretch{{"2026-03-04", "active tier_1"}, second, third}
	l.happened("Tier III", good...)

	l.to("2030-02-11")
	c := l.suspendedAtOnce()
	l.happened("suspended at once", append(slices.Clone(good), stretch{"2030-02-11", "suspended tier_3"})...)

	l.to("2030-04-15")
	a, err := l.appeals.File(l.Ctx, l.owner, c, appeal.FileEntry{Reasons: "The seal was cut by officers of the port, as their log shows.", Attest: true})
	l.Must(err)
	l.to("2030-08-01")
	l.appealWon(a)
	l.happened("appeal won", good...)

	l.to("2032-05-03")
	l.mergedIn()
	l.happened("another member taken in", good...)

	l.to("2033-04-20")
	l.lateReview("2033-03-04")
	l.happened("late annual review", good...)

	l.to("2033-05-10")
	l.validated(nil) // confirms what it has
	l.happened("revalidated", good...)

	l.to("2036-03-03")
	l.suspendedAtOnce()
	held := append(slices.Clone(good), stretch{"2036-03-03", "suspended tier_3"})
	l.happened("suspended again", held...)

	l.to("2036-09-01")
	l.left("2036-09-15")
	l.happened("withdrawal sent", append(slices.Clone(held), stretch{"2036-09-15", "ended withdrawn"})...)
	l.to("2036-09-16")
	l.happened("withdrawn", append(slices.Clone(held), stretch{"2036-09-15", "ended withdrawn"})...)

	l.to("2037-09-14")
	_, err = l.Applications.Choose(l.Ctx, l.owner, "ctpat", "importer")
	l.Want("an application before the bar ends", err, fault.Conflict)
	l.to("2037-09-17")
	if _, err := l.Applications.Choose(l.Ctx, l.owner, "ctpat", "importer"); err != nil {
		t.Errorf("an application after the bar has ended: %v", err)
	}
	l.check("at the end")
}

// validated takes the member through a validation and its report, with findings of some
// kinds, and returns the day of the award.
func (l *life) validated(kinds []string) string {
	l.T.Helper()
	v := l.Validation(l.m, validation.Visited)
	for _, kind := range kinds {
		l.Draft(v, kind)
	}
	open := func() report.Page {
		p, err := l.reports.Open(l.Ctx, l.Sam, v.ID)
		l.Must(err)
		return p
	}
	at := func() int { return open().Report.Version }
	l.Must(l.reports.Begin(l.Ctx, l.Sam, v.ID))
	for _, x := range open().Report.Sections {
		if x.Text == "" {
			l.Must(l.reports.Edit(l.Ctx, l.Sam, v.ID, x.Code, "The measures are in place.", x.Version))
		}
	}
	outcome := validation.TierAwarded
	if l.Text(`select tier from membership where id = $1`, l.m) == "tier_3" {
		outcome = validation.Confirmed
	}
	l.Must(l.reports.Propose(l.Ctx, l.Sam, v.ID, report.ProposalEntry{Version: at(), Outcome: outcome, Reason: "The measures are in place"}))
	l.Must(l.reports.Share(l.Ctx, l.Sam, v.ID, at(), ""))
	l.Must(l.reports.Comment(l.Ctx, l.owner, v.ID, "We agree.", 1))
	l.Must(l.reports.GoOn(l.Ctx, l.Sam, v.ID, at()))
	l.Must(l.reports.Submit(l.Ctx, l.Sam, v.ID, at()))
	l.Must(l.reports.Approve(l.Ctx, l.Chief, v.ID, at()))
	l.Must(l.reports.Issue(l.Ctx, l.Sam, v.ID, at()))
	l.Must(l.reports.Close(l.Ctx, l.Sam, v.ID, report.ClosingEntry{Version: open().Version, Outcome: outcome, Reason: "The measures are in place"}))
	return clock.DayOf(l.Clock.Now(), newYork(l.T)).String()
}

// suspendedAtOnce registers an incident and suspends the member without notice, which a
// second person confirms two days later.
func (l *life) suspendedAtOnce() (id uuid.UUID) {
	l.T.Helper()
	today := clock.DayOf(l.Clock.Now(), newYork(l.T)).String()
	x, err := l.incidents.Register(l.Ctx, l.Sam, incident.Entry{ID: uuid.New(), Company: l.owner.CompanyID, Membership: l.m.String(), Kind: "seal", Place: "Port of Newark",
		From: today, FoundOn: today, Way: "field", Number: "SEAL-" + today, Facts: "The seal was cut, and four bags were in the container."})
	l.Must(err)
	c, err := l.cases.Open(l.Ctx, l.Sam, enforcement.OpenEntry{ID: uuid.New(), Membership: l.m, Source: enforcement.FromIncident, SourceID: x.ID, Incidents: []uuid.UUID{x.ID}, Reason: "Drugs in a container of the member"})
	l.Must(err)
	l.Want("a specialist suspends at once", l.cases.SuspendNow(l.Ctx, l.Sam, c.ID, enforcement.EmergencyEntry{Version: l.version(c.ID), Ground: "security_incident", Reasons: "Drugs were found."}), fault.Conflict)
	l.Must(l.cases.SuspendNow(l.Ctx, l.Boss, c.ID, enforcement.EmergencyEntry{Version: l.version(c.ID), Ground: "security_incident", Reasons: "Drugs were found."}))
	l.Want("nobody confirms their own", l.cases.Confirm(l.Ctx, l.Boss, c.ID, enforcement.NoteEntry{Version: l.version(c.ID), Text: "Right"}), fault.Invalid)
	l.Must(l.cases.Confirm(l.Ctx, l.Chief, c.ID, enforcement.NoteEntry{Version: l.version(c.ID), Text: "Right"}))
	return c.ID
}

func (l *life) version(of uuid.UUID) int {
	return l.Count(`select version from enforcement_case where id = $1`, of)
}

// appealWon has the appeal decided by somebody who had no part in the case.
func (l *life) appealWon(a appeal.Appeal) {
	l.T.Helper()
	if a.FileBy.String() != "2030-05-12" || a.DecideBy.String() != "2030-10-12" {
		l.T.Errorf("appeal: file by %s, decide by %s", a.FileBy, a.DecideBy)
	}
	l.Want("headquarters that confirmed the suspension", l.appeals.Take(l.Ctx, l.Chief, a.ID, 1), fault.Invalid)
	l.Must(l.appeals.Take(l.Ctx, l.olive, a.ID, 1))
	l.Must(l.appeals.Decide(l.Ctx, l.olive, a.ID, appeal.DecisionEntry{Outcome: appeal.Overturned, Answer: "The port's log shows that its officers cut the seal.", Version: 2}))
}

// mergedIn ends another membership by a merger into this one, on a day that lies in the past.
func (l *life) mergedIn() {
	l.T.Helper()
	number := l.Text(`select number from membership where id = $1`, l.m)
	other, gone := l.Member("Bay Imports Inc")
	l.to("2032-06-20")
	c, err := l.changes.Open(l.Ctx, other, succession.Entry{ID: uuid.New(), Membership: gone, Kind: succession.Merger, Day: "2032-06-01", Reason: "legal_merger", Note: "Merged by contract", Successor: number})
	l.Must(err)
	c, err = l.changes.Submit(l.Ctx, other, c.ID, c.Version)
	l.Must(err)
	c, err = l.changes.Take(l.Ctx, l.Sam, c.ID, c.Version)
	l.Must(err)
	c, err = l.changes.Decide(l.Ctx, l.Sam, c.ID, true, succession.StepEntry{Version: c.Version, Text: "Shown"})
	l.Must(err)
	_, err = l.changes.Decide(l.Ctx, l.Boss, c.ID, true, succession.StepEntry{Version: c.Version})
	l.Must(err)
	q := standing.Question{On: day(l.T, "2032-06-10")}
	p, err := l.Members.Standing.History(l.Ctx, other, gone, &q)
	l.Must(err)
	if then, now := one(p.Asked.Then), one(p.Asked.Now); then != "active tier_1" || now != "ended succeeded" {
		l.T.Errorf("the member that was taken in: known then %s, now %s", then, now)
	}
}

// lateReview submits the yearly review of an anniversary after it, and has it accepted.
func (l *life) lateReview(anniversary string) {
	l.T.Helper()
	l.to("2033-04-25")
	id := l.Text(`select c.id::text from profile_cycle c where c.membership_id = $1 and c.kind = 'annual' and c.status = 'open' order by c.opened_at desc limit 1`, l.m)
	for _, criterion := range strings.Fields(l.Text(`select string_agg(distinct criterion, ' ') from profile_answer where cycle_id = $1 and carried`, uuid.MustParse(id))) {
		l.Must(l.Profiles.Confirm(l.Ctx, l.owner, uuid.MustParse(id), criterion))
	}
	profiletest.Submit(l.Ctx, l.T, l.Profiles, l.owner, uuid.MustParse(id))
	state := l.Text(`select case when c.stopped_at::date > c.due_on then 'late' else 'in time' end from clock c
		where c.subject_id = $1 and c.code = 'annual_review_due' and c.due_on = $2 and c.stopped_at is not null`, l.m, anniversary)
	if state != "late" {
		l.T.Errorf("the review for %s is %s", anniversary, state)
	}
}

// left withdraws the member, which owes an answer to its suspension.
func (l *life) left(on string) succession.Case {
	l.T.Helper()
	c, err := l.changes.Open(l.Ctx, l.owner, succession.Entry{ID: uuid.New(), Membership: l.m, Kind: succession.Withdrawal, Day: on, Reason: "other", Note: "We close this business"})
	l.Must(err)
	c, err = l.changes.Submit(l.Ctx, l.owner, c.ID, c.Version)
	l.Must(err)
	return c
}
