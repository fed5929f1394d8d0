package membership_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/identity"
	"trustedtrader/app/membership"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/config"
)

var update = flag.Bool("update", false, "write testdata/four_years.txt anew")

// yearly is a world with the editions that ship with the portal, its sweep, and the
// calendar that it writes as time goes by.
type yearly struct {
	*reviewtest.World
	members  *membership.Service
	reviews  *profilereview.Service
	sweeper  *clock.Service
	holders  []*holder
	seen     int64 // the last event that stands in the calendar
	letters  time.Time
	calendar []string
	year     int
}

// holder is a company whose years are walked through.
type holder struct {
	owner   identity.Actor
	name    string
	zone    *time.Location
	boss    identity.Actor
	worker  identity.Actor
	initial profile.Cycle
	member  membership.Membership
}

func shipped(t testing.TB) *catalogue.Library {
	t.Helper()
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		t.Fatal(err)
	}
	l, err := catalogue.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newYearly(t testing.TB, at string) *yearly {
	t.Helper()
	w := reviewtest.New(t, at).WithCriteria()
	w.Steps.Profiles.Library = shipped(t)
	y := &yearly{World: w, members: service(w), reviews: &profilereview.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps.Profiles, Cases: w.Desk}}
	y.sweeper = &clock.Service{DB: w.DB, Now: w.Clock.Now, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters,
		Expired: clock.Together(w.Applications.Hooks(), y.members.Hooks())}
	return y
}

func (y *yearly) at(instant string) {
	y.T.Helper()
	t, err := time.Parse(time.RFC3339, instant)
	y.Must(err)
	y.Clock.Move(t.Sub(y.Clock.Now()))
}

// certified brings a company through its application: it becomes a member now.
func (y *yearly) certified(owner identity.Actor, worker, boss identity.Actor, code, entity string) *holder {
	y.T.Helper()
	a := y.Submit(owner, code, entity)
	a, err := y.Desk.Claim(y.Ctx, worker, a.ID, a.Version)
	y.Must(err)
	if code == "eu-aeo" {
		a, err = y.Desk.Accept(y.Ctx, worker, a.ID, a.Version)
	} else {
		a, err = y.Desk.StartReview(y.Ctx, worker, a.ID, a.Version)
	}
	y.Must(err)
	h := &holder{owner: owner, name: owner.Company, worker: worker, boss: boss}
	id := profiletest.OfApplication(y.Ctx, y.T, y.DB, a.ID)
	profiletest.Accept(y.Ctx, y.T, y.Profiles, worker, id)
	h.initial = y.cycle(id)
	a = y.ToCertify(worker, a)
	h.member, err = y.members.Admit(y.Ctx, boss, a.ID, a.Version)
	y.Must(err)
	h.zone = y.zoneOf(a)
	y.holders = append(y.holders, h)
	y.write()
	return h
}

func (y *yearly) zoneOf(a application.Application) *time.Location {
	y.T.Helper()
	z, err := time.LoadLocation(y.Text(`select zone from office where id = $1`, a.OfficeID))
	y.Must(err)
	return z
}

func (y *yearly) cycle(id uuid.UUID) (c profile.Cycle) {
	y.T.Helper()
	y.Must(y.DB.Read(y.Ctx, pg.System, func(tx pg.Tx) (err error) {
		c, err = profile.Look(y.Ctx, tx, identity.ClockActor("test"), id)
		return err
	}))
	return c
}

// yearlyOf are the yearly reviews of a member, the oldest first.
func (y *yearly) yearlyOf(h *holder) (list []profile.Cycle) {
	y.T.Helper()
	y.Must(y.DB.Read(y.Ctx, pg.System, func(tx pg.Tx) (err error) {
		list, err = profile.OfMembership(y.Ctx, tx, h.member.ID)
		return err
	}))
	return list
}

// review is the review of a member for an anniversary.
func (y *yearly) review(h *holder, anniversary string) profile.Cycle {
	y.T.Helper()
	list := y.yearlyOf(h)
	i := slices.IndexFunc(list, func(c profile.Cycle) bool { return c.Anniversary.String() == anniversary })
	if i < 0 {
		y.T.Fatalf("%s has no review for %s", h.name, anniversary)
	}
	return list[i]
}

func (y *yearly) read(c profile.Cycle) *profile.Profile {
	y.T.Helper()
	return profiletest.Read(y.Ctx, y.T, y.Profiles, c.ID)
}

// confirm says of every carried criterion that it is still true, one by one, and answers
// what is new or has lost its evidence; it says how many of each.
func (y *yearly) confirm(h *holder, c profile.Cycle) (confirmed, answered int) {
	y.T.Helper()
	p := y.read(c)
	for _, x := range p.Form.Criteria {
		if p.State(x.ID).Because == profile.BecauseCarried {
			y.Must(y.Profiles.Confirm(y.Ctx, h.owner, c.ID, x.ID))
			confirmed++
		}
	}
	p = y.read(c)
	var entries []profile.AnswerEntry
	for _, x := range p.Form.Criteria {
		if s := p.State(x.ID).State; s != profile.NotStarted && s != profile.InProgress {
			continue
		}
		answered++
		for _, q := range x.Questions {
			if g, ok := p.Given(q.ID, uuid.Nil); !ok && q.Kind != catalogue.File {
				entries = append(entries, profile.AnswerEntry{Cycle: c.ID, EditionHash: c.EditionHash, EntityType: c.FormKey(), Criterion: x.ID, Question: q.ID, Version: g.Version, Answer: profiletest.Good(q)})
			}
		}
	}
	_, err := y.Profiles.SaveAll(y.Ctx, h.owner, entries)
	y.Must(err)
	p = y.read(c)
	for _, x := range p.Form.Criteria {
		for range p.Lacks(x) {
			profiletest.Show(y.Ctx, y.T, y.Profiles, c, x.ID)
		}
	}
	return confirmed, answered
}

func (y *yearly) submit(h *holder, c profile.Cycle) {
	y.T.Helper()
	profiletest.Submit(y.Ctx, y.T, y.Profiles, h.owner, c.ID)
}

// sendBack returns a submitted profile with some criteria.
func (y *yearly) sendBack(h *holder, c profile.Cycle, criteria ...string) {
	y.T.Helper()
	y.Must(y.reviews.Claim(y.Ctx, h.worker, c.ID, y.cycle(c.ID).Version))
	y.Must(y.reviews.StartReview(y.Ctx, h.worker, c.ID, y.cycle(c.ID).Version))
	in := profilereview.ReturnEntry{Version: y.cycle(c.ID).Version, Message: "Please look at these again"}
	for _, x := range criteria {
		in.Points = append(in.Points, profilereview.Point{Criterion: x, Remark: "Say who does this"})
	}
	y.Must(y.reviews.SendBack(y.Ctx, h.worker, c.ID, in))
}

// sinceAccepted lists the criteria that the specialist sees as changed since the last
// accepted profile.
func (y *yearly) sinceAccepted(h *holder, c profile.Cycle) (out []string) {
	y.T.Helper()
	r, err := y.reviews.Record(y.Ctx, h.worker, c.ID)
	y.Must(err)
	for _, l := range r.Lines {
		if l.SinceAccepted {
			out = append(out, l.Criterion.ID)
		}
	}
	return out
}

// day walks to a day and sweeps twice on each day that lies between: at 06:00 UTC, when
// it is still the day before on the Pacific coast, and at noon UTC.
func (y *yearly) day(until string) {
	y.T.Helper()
	end, err := time.Parse(time.DateOnly, until)
	y.Must(err)
	for {
		now := y.Clock.Now()
		next := now.Truncate(24 * time.Hour)
		for _, hour := range []time.Duration{6, 12, 30} {
			if t := now.Truncate(24 * time.Hour).Add(hour * time.Hour); t.After(now) {
				next = t
				break
			}
		}
		if !next.Before(end) {
			y.Clock.Move(end.Sub(now))
			return
		}
		y.Clock.Move(next.Sub(now))
		y.sweep()
	}
}

func (y *yearly) sweep() {
	y.T.Helper()
	done, err := y.sweeper.Sweep(y.Ctx)
	y.Must(err)
	if done.Reminded+done.Expired+done.Renewed > 0 {
		y.write()
	}
}

// write adds what has happened since to the calendar.
func (y *yearly) write() {
	y.T.Helper()
	var events []struct {
		ID                   int64
		At                   time.Time
		CompanyID            uuid.UUID
		Action, Actor, After string
	}
	var letters []struct {
		SentAt          time.Time
		CompanyID       uuid.UUID
		Letter, Subject string
	}
	y.Must(y.DB.Batch(y.Ctx, pg.System,
		pg.All(&events, `select id, at, company_id, action, actor, coalesce(after::text, '{}') as after from audit_event where id > $1 and company_id is not null order by id`, y.seen),
		pg.All(&letters, `select sent_at, company_id, letter, subject from message where direction = 'to_company' and sent_at > $1 order by sent_at, id`, y.letters)))
	for _, e := range events {
		y.seen = e.ID
		after := map[string]any{}
		y.Must(json.Unmarshal([]byte(e.After), &after))
		if text := happening(e.Action, after); text != "" {
			y.line(e.CompanyID, e.At, text)
		}
	}
	for _, l := range letters {
		y.letters = l.SentAt
		y.line(l.CompanyID, l.SentAt, "    Letter: "+l.Subject)
	}
}

// happening is an event in the calendar's words; nothing for what is no matter of the
// yearly review.
func happening(action string, after map[string]any) string {
	day := func(key string) string {
		d, err := clock.ParseDay(fmt.Sprint(after[key]))
		if err != nil {
			return fmt.Sprint(after[key])
		}
		return d.Time().Format("2 January 2006")
	}
	review := after["clock"] == "annual_review_due"
	switch {
	case action == "membership.admit":
		return fmt.Sprintf("Member %s, certified %s", after["number"], day("certified_on"))
	case action == "profile.open" && after["kind"] == profile.Annual:
		return fmt.Sprintf("Review %s for %s opens under %s, on top of %s", after["reference"], day("due_on"), after["edition"], after["previous"])
	case action == "profile.submit":
		return "Submitted"
	case action == "profile.return":
		return "Sent back"
	case action == "profile.accept":
		return "Accepted"
	case action == "profile.end":
		return "An earlier review ends"
	case action == "profile.overdue":
		return fmt.Sprintf("Review %s is overdue", after["reference"])
	case action == "profile.warn":
		return fmt.Sprintf("Warned: complete %s by %s", after["reference"], day("due_on"))
	case action == "clock.expire" && (review || after["clock"] == "blank_profile_warning"):
		return fmt.Sprintf("Time is over: it was due %s; the office has a task", day("due_on"))
	case action == "clock.stop" && review && after["event"] == "clock.repeated":
		return fmt.Sprintf("The year that ended %s is given up", day("due_on"))
	case action == "clock.stop" && review:
		return fmt.Sprintf("Met for %s", day("due_on"))
	case action == "clock.start" && review:
		return fmt.Sprintf("Next due %s", day("due_on"))
	case action == "clock.stop" && after["clock"] == "blank_profile_warning":
		return "The warning ends"
	}
	return ""
}

func (y *yearly) line(company uuid.UUID, at time.Time, text string) {
	i := slices.IndexFunc(y.holders, func(h *holder) bool { return h.owner.CompanyID == company })
	if i < 0 {
		return // not a member yet
	}
	h := y.holders[i]
	local := at.In(h.zone)
	if y.year != local.Year() {
		y.year = local.Year()
		y.calendar = append(y.calendar, "", fmt.Sprint(y.year), "")
	}
	y.calendar = append(y.calendar, fmt.Sprintf("%-21s  %-20s  %s", local.Format("Mon _2 Jan 15:04 MST"), h.name, text))
}

// clockOf is a clock as the member sees it: the one that runs, or else the last one.
func (y *yearly) clockOf(h *holder, code string) clock.View {
	y.T.Helper()
	p, err := y.members.Membership(y.Ctx, h.owner, h.member.ID)
	y.Must(err)
	v, ok := clock.Find(p.Clocks, code)
	if !ok {
		y.T.Fatalf("%s has no clock %s", h.name, code)
	}
	return v
}

func (y *yearly) wantClock(when string, h *holder, state clock.State, due string) {
	y.T.Helper()
	if v := y.clockOf(h, "annual_review_due"); v.Reading.State != state || v.Reading.DueDay.String() != due {
		y.T.Errorf("%s: the review of %s is %s and due %s, want %s and %s", when, h.name, v.Reading.State, v.Reading.DueDay, state, due)
	}
}

// Four years of members in three offices, day by day: one certified on 29 February 2024,
// one on 15 March on the Pacific coast, and an authorised economic operator, for whom the
// law knows no yearly review. testdata/four_years.txt is the calendar of it.
func TestFourYears(t *testing.T) {
	t.Parallel()
	y := newYearly(t, "2024-02-29T15:00:00Z")
	w := y.World
	losAngeles := w.Office("LAX", "Los Angeles office", "America/Los_Angeles", "us-federal", &w.HQ)
	liz := w.Staff("Liz Angeles", identity.Specialist, losAngeles)
	lou := w.Staff("Lou Losa", identity.Supervisor, losAngeles)
	bart := w.Staff("Bart Boss", identity.Supervisor, w.Brussels)

	carrier := w.Company("Rio Bravo Carriers", "US", w.NewYork, map[string]string{"scac": "RBCX", "us_dot": "1234567"})
	w.Exec(`insert into site (id, company_id, name, activity, street, city, country, zone, created_at) values (?, ?, 'Yard', 'yard', '2 Road', 'Laredo', 'US', 'America/Chicago', ?)`,
		pg.NewID(), carrier.CompanyID, w.Clock.Now())
	rio := y.certified(carrier, w.Sam, w.Boss, "ctpat", "highway_carrier_us_mx")

	y.day("2024-03-16")
	y.at("2024-03-16T05:00:00Z") // 15 March, 22:00 in Los Angeles
	importer := w.Company("Pacific Imports", "US", losAngeles, map[string]string{"ior_ein": "12-345678900", "bond": "123456789"})
	pacific := y.certified(importer, liz, lou, "ctpat", "importer")

	y.at("2024-03-26T22:30:00Z") // 23:30 in Brussels
	trader := w.Trader("Compagnie de Négoce")
	aeo := y.certified(trader, w.Other, bart, "eu-aeo", "aeoc")

	y.firstYear(rio, pacific)
	y.secondYear(rio, pacific)
	y.thirdYear(rio, pacific)
	y.fourthYear(rio, pacific)

	if n := len(y.yearlyOf(aeo)); n != 0 {
		t.Errorf("%d yearly reviews of an authorised economic operator", n)
	}
	if n := w.Count(`select count(*)::int from clock where programme = 'eu-aeo' and code like 'annual%'`); n != 0 {
		t.Errorf("%d clocks of yearly reviews in the Union's programme", n)
	}
	for _, h := range []*holder{rio, pacific} {
		if n := len(y.yearlyOf(h)); n != 4 {
			t.Errorf("%s has %d reviews in four years", h.name, n)
		}
		if n := w.Count(`select count(*)::int from profile_verdict v join profile_cycle c on c.id = v.cycle_id where c.company_id = $1 and c.number > 1`, h.owner.CompanyID); n != 0 {
			t.Errorf("%d verdicts were carried over", n)
		}
	}
	y.golden("testdata/four_years.txt")
}

func (y *yearly) golden(name string) {
	y.T.Helper()
	text := "Four years of yearly reviews, in the time of each company's office. The sweep runs at 06:00 and 12:00 UTC.\n" +
		strings.Join(y.calendar, "\n") + "\n"
	if *update {
		y.Must(os.WriteFile(name, []byte(text), 0o644))
		return
	}
	want, err := os.ReadFile(name)
	y.Must(err)
	if string(want) == text {
		return
	}
	got, old := strings.Split(text, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(old)) {
		if i >= len(got) || i >= len(old) || got[i] != old[i] {
			y.T.Fatalf("the calendar differs from %s in line %d; look at the change, then run with -update:\n%s", name, i+1, strings.Join(got[max(0, i-3):min(len(got), i+4)], "\n"))
		}
	}
}

// wantOpened asserts that a review opened on a day at the office and for which edition.
func (y *yearly) wantOpened(h *holder, anniversary, opened, edition string) profile.Cycle {
	y.T.Helper()
	c := y.review(h, anniversary)
	if got := clock.DayOf(c.OpenedAt, h.zone).String(); got != opened || c.Edition != edition {
		y.T.Errorf("%s: the review for %s opened on %s under %s, want %s under %s", h.name, anniversary, got, c.Edition, opened, edition)
	}
	if got := y.clockOf(h, "annual_review_opens").Reading; got.State != clock.Open || got.OpensDay.String() != opened {
		y.T.Errorf("%s: the clock of the opening is %s, open from %s, want %s", h.name, got.State, got.OpensDay, opened)
	}
	return c
}

// The first year: carried over whole under the same edition, submitted in time.
func (y *yearly) firstYear(rio, pacific *holder) {
	t, w := y.T, y.World
	t.Helper()
	// Evidence that has expired on the day of the opening stays behind; that of its last day does not.
	expired := profiletest.Show(y.Ctx, t, y.Profiles, rio.initial, "3.1")
	w.Exec(`update evidence set expires_on = '2024-11-29' where id = ?`, expired)
	last := profiletest.Show(y.Ctx, t, y.Profiles, rio.initial, "3.1")
	w.Exec(`update evidence set expires_on = '2024-11-30' where id = ?`, last)
	gone := profiletest.Show(y.Ctx, t, y.Profiles, rio.initial, "3.1")
	w.Exec(`update evidence set removed_at = '2024-10-01T12:00:00Z' where id = ?`, gone)
	links := w.Count(`select count(*)::int from evidence_link where cycle_id = $1`, rio.initial.ID)
	w.Exec(`insert into profile_verdict (cycle_id, company_id, criterion, verdict, round, reviewed_by, reviewer, reviewed_at, sent_at) values (?, ?, '3.1', 'meets', 1, ?, 'Sam', ?, ?)`,
		rio.initial.ID, rio.owner.CompanyID, rio.worker.PersonID, w.Clock.Now(), w.Clock.Now())
	w.Exec(`insert into profile_message (company_id, programme, entity_type, criterion, cycle_id, side, body, author, written_at, sent_at) values (?, 'ctpat', 'highway_carrier_us_mx', '3.1', ?, 'agency', 'Well done', 'Sam', ?, ?)`,
		rio.owner.CompanyID, rio.initial.ID, w.Clock.Now(), w.Clock.Now())

	y.day("2024-11-30")
	if n := len(y.yearlyOf(rio)); n != 0 {
		t.Errorf("%d reviews opened before their day", n)
	}
	y.day("2024-12-01")
	c := y.wantOpened(rio, "2025-02-28", "2024-11-30", "2023.1")
	if c.Number != 2 || c.PreviousID == nil || *c.PreviousID != rio.initial.ID || c.Status != profile.Open || c.Kind != profile.Annual {
		t.Errorf("opened as %+v", c)
	}
	p := y.read(c)
	for _, x := range p.Form.Criteria {
		if s := p.State(x.ID); p.Shown.Criterion(x.ID) && (s.State != profile.NeedsAttention || s.Because != profile.BecauseCarried) {
			t.Errorf("%s of an unchanged edition is %+v", x.ID, s)
		}
	}
	if n := w.Count(`select count(*)::int from evidence_link where cycle_id = $1 and carried`, c.ID); n != links-2 {
		t.Errorf("%d of %d items of evidence came along, want all but the expired and the removed one", n, links)
	}
	if n := w.Count(`select count(*)::int from evidence_link where cycle_id = $1 and evidence_id = $2`, c.ID, last); n != 1 {
		t.Error("evidence on its last day was left behind")
	}
	if n := w.Count(`select count(*)::int from profile_criterion where cycle_id = $1 and confirmed_at is not null`, c.ID); n != 0 {
		t.Errorf("%d criteria are confirmed already", n)
	}
	body := w.Text(`select body from message where letter = 'review_opened' and subject_id = $1`, c.ID)
	for _, want := range []string{"Submit it by 28 February 2025", "1 item of evidence has expired", "/profiles/" + c.ID.String(), rio.member.Number} {
		if !strings.Contains(body, want) {
			t.Errorf("the letter lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "criteria have changed") {
		t.Errorf("the letter tells of changes where there are none:\n%s", body)
	}
	y.day("2024-12-16")
	second := y.wantOpened(pacific, "2025-03-15", "2024-12-15", "2023.1")

	y.day("2025-01-15")
	y.at("2025-01-15T17:00:00Z")
	w.Exec(`delete from evidence_link where cycle_id = ? and evidence_id = ?`, c.ID, last) // it has expired since
	if confirmed, answered := y.confirm(rio, c); confirmed < 90 || answered != 0 {
		t.Errorf("%d criteria were confirmed and %d answered anew", confirmed, answered)
	}
	y.submit(rio, c)
	y.write()
	y.wantClock("submitted in time", rio, clock.Met, "2026-02-28")
	y.day("2025-02-10")
	y.at("2025-02-10T17:00:00Z")
	profiletest.Accept(y.Ctx, t, y.Profiles, rio.worker, c.ID)
	y.day("2025-02-28")
	y.wantClock("on the anniversary", rio, clock.Met, "2026-02-28")
	y.day("2025-03-02")
	y.wantClock("after it", rio, clock.Running, "2026-02-28")
	if n := w.Count(`select count(*)::int from message where company_id = $1 and letter like 'deadline%' and sent_at > '2025-01-15T17:00:00Z'`, rio.owner.CompanyID); n != 0 {
		t.Errorf("%d reminders of what was done", n)
	}

	y.day("2025-03-16")
	y.at("2025-03-16T06:50:00Z") // ten minutes before the end of 15 March in Los Angeles
	y.wantClock("in the last hour", pacific, clock.DueSoon, "2025-03-15")
	y.confirm(pacific, second)
	y.submit(pacific, second)
	y.write()
	if v := y.turn(pacific, "2025-03-15"); v.Reading.State != clock.StoppedInTime {
		t.Errorf("submitted in the last minutes: %s", v.Reading.State)
	}
	y.wantClock("on the anniversary itself the next year begins", pacific, clock.Running, "2026-03-15")
	if got := w.Text(`select string_agg((due_on - (m.sent_at at time zone 'America/Los_Angeles')::date)::text, ' ' order by m.sent_at) from message m
		join clock k on k.company_id = m.company_id and k.code = 'annual_review_due' and k.stopped_at is not null where m.company_id = $1 and m.letter like 'deadline%'`, pacific.owner.CompanyID); got != "60 30 14 7 1" {
		t.Errorf("reminded %s days before", got)
	}
	y.day("2025-04-01")
	y.at("2025-04-01T17:00:00Z")
	profiletest.Accept(y.Ctx, t, y.Profiles, pacific.worker, second.ID)
}

// The second year: overdue. One company submits late and has a criterion sent back; the
// other never submits.
func (y *yearly) secondYear(rio, pacific *holder) {
	t, w := y.T, y.World
	t.Helper()
	y.day("2025-12-01")
	c := y.wantOpened(rio, "2026-02-28", "2025-11-30", "2023.1")
	y.day("2025-12-16")
	second := y.wantOpened(pacific, "2026-03-15", "2025-12-15", "2023.1") // the edition of 2026 holds from 1 January
	y.save(pacific, second, "4.8.a", catalogue.Answer{Choice: catalogue.Yes, Text: "A draft that nobody submitted"})

	y.day("2026-03-01")
	y.at("2026-03-01T04:59:00Z") // the last minute of 28 February in New York
	y.sweep()
	y.wantClock("in the last minute", rio, clock.DueSoon, "2026-02-28")
	if c = y.review(rio, "2026-02-28"); c.OverdueAt != nil {
		t.Error("overdue before its day was over")
	}
	y.day("2026-03-02")
	y.wantClock("the day after", rio, clock.Overdue, "2026-02-28")
	if c = y.review(rio, "2026-02-28"); !c.Overdue() {
		t.Errorf("not overdue: %+v", c)
	}
	if n := w.Count(`select count(*)::int from message where letter = 'review_overdue' and subject_id = $1 and body like '%was due on 28 February 2026%'`, c.ID); n != 1 {
		t.Errorf("%d letters of the missed day", n)
	}
	if n := w.Count(`select count(*)::int from mail where to_address = $1 and created_at > '2026-03-01T05:00:00Z'`, rio.worker.Email); n == 0 {
		t.Error("the specialist was not told")
	}

	y.day("2026-03-10")
	y.at("2026-03-10T15:00:00Z")
	y.Must(y.members.WarnBlank(y.Ctx, rio.worker, rio.member.ID, c.Version))
	y.write()
	if v := y.clockOf(rio, "blank_profile_warning"); v.DueOn.String() != "2026-03-24" {
		t.Errorf("warned until %s", v.DueOn)
	}
	y.day("2026-03-20")
	y.at("2026-03-20T15:00:00Z")
	y.confirm(rio, c)
	y.submit(rio, c)
	y.write()
	y.wantClock("submitted late", rio, clock.Running, "2027-02-28")
	if v := y.clockOf(rio, "blank_profile_warning"); v.StoppedAt == nil {
		t.Error("the warning runs on")
	}
	if c = y.review(rio, "2026-02-28"); c.Overdue() || c.OverdueAt == nil {
		t.Errorf("after the late submission: %+v", c)
	}
	if v := y.turn(rio, "2026-02-28"); v.Reading.State != clock.StoppedLate || v.Reading.DaysLeft != -20 {
		t.Errorf("that year is %s by %d days", v.Reading.State, -v.Reading.DaysLeft)
	}
	if v := y.turn(rio, "2025-02-28"); v.Reading.State != clock.StoppedInTime {
		t.Errorf("the year before is %s", v.Reading.State)
	}
	y.day("2026-04-10")
	y.at("2026-04-10T17:00:00Z")
	y.sendBack(rio, c, "4.8", "3.1")
	for _, question := range []string{"4.8.a", "3.1.a"} {
		y.save(rio, c, question, catalogue.Answer{Choice: catalogue.Yes, Text: "Written after the return, and not submitted yet"})
	}
	y.write()
	y.wantClock("another office's company on that day", pacific, clock.Overdue, "2026-03-15")
}

// save answers one question of the company.
func (y *yearly) save(h *holder, c profile.Cycle, question string, a catalogue.Answer) {
	y.T.Helper()
	p := y.read(c)
	criterion, _, _ := p.Form.Question(question)
	g, _ := p.Given(question, uuid.Nil)
	_, err := y.Profiles.Save(y.Ctx, h.owner, profile.AnswerEntry{Cycle: c.ID, EditionHash: c.EditionHash, EntityType: c.FormKey(), Criterion: criterion.ID,
		Question: question, Version: g.Version, Answer: a})
	y.Must(err)
}

// turn is the clock of the review for an anniversary.
func (y *yearly) turn(h *holder, anniversary string) clock.View {
	y.T.Helper()
	p, err := y.members.Membership(y.Ctx, h.owner, h.member.ID)
	y.Must(err)
	for _, v := range p.Clocks {
		if day, err := y.Steps.Clocks.Anniversary(v.Row); err == nil && v.Code == "annual_review_due" && day.String() == anniversary {
			return v
		}
	}
	y.T.Fatalf("%s has no clock for %s", h.name, anniversary)
	return clock.View{}
}

// The third year: a new edition in between.
func (y *yearly) thirdYear(rio, pacific *holder) {
	t, w := y.T, y.World
	t.Helper()
	y.day("2026-12-01")
	c := y.wantOpened(rio, "2027-02-28", "2026-11-30", "2026.1")
	before := y.review(rio, "2026-02-28")
	if before.Status != profile.Returned || c.PreviousID == nil || *c.PreviousID != before.ID {
		t.Errorf("begun on %v, want the one that is still under review (%s)", c.PreviousID, before.Status)
	}
	p, was := y.read(c), y.read(before)
	if g, ok := p.Given("4.8.a", uuid.Nil); !ok || g.Value.Choice != catalogue.Yes || g.Value.Text != "" || !g.Carried {
		t.Errorf("4.8 was carried as %+v, want what was submitted last", g)
	}
	for id, want := range map[string]profile.Standing{
		"4.8":   {State: profile.NeedsAttention, Because: profile.BecauseCarried},  // reworded
		"3.1":   {State: profile.NeedsAttention, Because: profile.BecauseCarried},  // unchanged
		"HC-14": {State: profile.NotStarted}, "HC-15": {State: profile.NotStarted}, // split
		"HC-16":  {State: profile.NotStarted},                                       // merged
		"TPL-02": {State: profile.NotStarted},                                       // new
		"HC-07":  {State: profile.NotApplicable, Because: profile.BecauseCondition}, // withdrawn
	} {
		if s := p.State(id); s.State != want.State || s.Because != want.Because {
			t.Errorf("%s is %s (%s), want %s (%s)", id, s.State, s.Because, want.State, want.Because)
		}
	}
	for _, id := range []string{"HC-05", "HC-06", "HC-07", "HC-11"} { // the archive
		if s := was.State(id); s.State != profile.Ready {
			t.Errorf("%s is %s in the review of the year before, want its answers there", id, s.State)
		}
	}
	if n := w.Count(`select count(*)::int from evidence_link where cycle_id = $1 and criterion like 'HC-1%' and criterion <> 'HC-12' and criterion <> 'HC-10'`, c.ID); n != 0 {
		t.Errorf("%d items of evidence for what was split and merged", n)
	}
	body := w.Text(`select body from message where letter = 'review_opened' and subject_id = $1`, c.ID)
	for _, want := range []string{"The criteria have changed", "4.8, ", ": new words", "HC-14, ", ": split from another (HC-11)", ": merged from others (HC-05, HC-06)", "TPL-02, ", ": new\n", "HC-07, ", ": asked no more"} {
		if !strings.Contains(body, want) {
			t.Errorf("the letter lacks %q:\n%s", want, body)
		}
	}
	if n := w.Count(`select count(*)::int from profile_message where company_id = $1 and programme = 'ctpat' and entity_type = 'highway_carrier_us_mx' and criterion = '3.1'`, rio.owner.CompanyID); n != 1 {
		t.Errorf("%d messages in the thread of 3.1", n)
	}

	y.day("2026-12-05")
	y.at("2026-12-05T17:00:00Z")
	y.submit(rio, before)
	profiletest.Accept(y.Ctx, t, y.Profiles, rio.worker, before.ID)
	y.write()
	y.wantClock("an answer to a return is no review", rio, clock.Running, "2027-02-28")

	y.day("2026-12-16")
	third := y.wantOpened(pacific, "2027-03-15", "2026-12-15", "2026.1")
	if body := w.Text(`select body from message where letter = 'review_opened' and subject_id = $1`, third.ID); !strings.Contains(body, "4.8, ") || strings.Contains(body, "HC-") {
		t.Errorf("the letter tells an importer:\n%s", body)
	}
	missed := y.review(pacific, "2026-03-15")
	if missed.Status != profile.Ended || missed.EndReason == "" || third.PreviousID == nil || *third.PreviousID != missed.ID {
		t.Errorf("the review that was never submitted: %+v; the new one is begun on %v", missed, third.PreviousID)
	}
	if g, _ := y.read(third).Given("4.8.a", uuid.Nil); g.Value.Text != "A draft that nobody submitted" {
		t.Errorf("the draft is lost: %+v", g)
	}
	y.wantClock("the last year is still owed", pacific, clock.Overdue, "2026-03-15")
	y.day("2027-01-10")
	y.at("2027-01-10T17:00:00Z")
	y.confirm(pacific, third)
	y.submit(pacific, third)
	y.write()
	y.wantClock("caught up", pacific, clock.Met, "2028-03-15")
	if a, b := y.turn(pacific, "2026-03-15").Reading.State, y.turn(pacific, "2027-03-15").Reading.State; a != clock.StoppedLate || b != clock.StoppedInTime {
		t.Errorf("the missed year is %s and this one %s", a, b)
	}
	profiletest.Accept(y.Ctx, t, y.Profiles, pacific.worker, third.ID)

	y.day("2027-03-01")
	y.at("2027-03-01T04:30:00Z") // 28 February, 23:30 in New York
	if _, answered := y.confirm(rio, c); answered != 4 {
		t.Errorf("%d criteria were answered anew, want the three that were split and merged, and the new one", answered)
	}
	y.submit(rio, c)
	y.write()
	// 3.1 is as it was before its return, which was accepted meanwhile with other words.
	if got := y.sinceAccepted(rio, c); !slices.Equal(got, []string{"3.1", "4.8", "HC-14", "HC-15", "HC-16", "TPL-02"}) {
		t.Errorf("changed since the last accepted profile: %v", got)
	}
	if v := y.turn(rio, "2027-02-28"); v.Reading.State != clock.StoppedInTime {
		t.Errorf("submitted in the last half hour: %s", v.Reading.State)
	}
	y.wantClock("half an hour later", rio, clock.Running, "2028-02-29")
	y.day("2027-04-01")
	y.at("2027-04-01T17:00:00Z")
	profiletest.Accept(y.Ctx, t, y.Profiles, rio.worker, c.ID)
}

// The fourth year ends on 29 February.
func (y *yearly) fourthYear(rio, pacific *holder) {
	t := y.T
	t.Helper()
	y.day("2027-12-02")
	c := y.wantOpened(rio, "2028-02-29", "2027-12-01", "2026.1")
	y.day("2027-12-17")
	y.wantOpened(pacific, "2028-03-15", "2027-12-16", "2026.1")
	y.day("2028-02-29")
	y.at("2028-02-29T20:00:00Z")
	y.wantClock("on the leap day", rio, clock.DueSoon, "2028-02-29")
	y.confirm(rio, c)
	y.submit(rio, c)
	y.write()
	y.wantClock("on the leap day", rio, clock.Running, "2029-02-28")
	lines := y.clockOf(rio, "annual_review_due").Arithmetic(y.Ctx)
	if lines[0] != "Anniversary: 5 years after 29 February 2024, 28 February 2029." {
		t.Errorf("the arithmetic begins with %q", lines[0])
	}
	y.day("2028-03-20")
	y.wantClock("missed", pacific, clock.Overdue, "2028-03-15")
	lines = y.clockOf(rio, "annual_review_opens").Arithmetic(y.Ctx)
	if lines[0] != "Anniversary: 5 years after 29 February 2024, 28 February 2029. 90 days before it: 30 November 2028." {
		t.Errorf("the arithmetic of the next opening begins with %q", lines[0])
	}
	if e := y.cycle(rio.initial.ID).Edition; e != "2023.1" {
		t.Errorf("the first profile is of edition %s now", e)
	}
}
