package roster_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/roster"
)

func TestRegister(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-03-02T15:00:00Z")
	in := entry(o.Sam.PersonID)
	o.Want("a specialist", o.roster.Register(o.Ctx, o.Sam, in), fault.NotFound)
	o.Want("an auditor", o.roster.Register(o.Ctx, o.Auditor, in), fault.NotFound)
	o.Want("another office's", o.roster.Register(o.Ctx, o.Boss, entry(o.Other.PersonID)), fault.Invalid)
	o.Want("oneself", o.roster.Register(o.Ctx, o.Boss, entry(o.Boss.PersonID)), fault.Invalid)
	o.Want("nobody", o.roster.Register(o.Ctx, o.Boss, entry(uuid.New())), fault.Invalid)
	err := o.roster.Register(o.Ctx, o.Boss, roster.OfficerEntry{PersonID: o.Sam.PersonID, WorkFrom: "17:00", WorkTo: "08:00", Capacity: "40", BaseLat: "95", Zone: "Mars/Base"})
	var got []string
	for _, f := range fault.Fields(err) {
		got = append(got, f.Name)
	}
	want := []string{"languages", "skills", "base", "base_country", "base_lat", "base_lon", "zone", "work_days", "work_to", "capacity", "nights", "weeks_in_a_row"}
	if !slices.Equal(got, want) {
		t.Errorf("problems: %v", got)
	}
	o.hire(o.Boss, o.Sam)
	o.Want("twice", o.roster.Register(o.Ctx, o.Boss, in), fault.Invalid)
	r, err := o.roster.Officer(o.Ctx, o.Auditor, o.Sam.PersonID)
	o.Must(err)
	if r.Name != "Sam Specialist" || r.Office != "New York office" || r.HomeZone() != "America/New_York" || !slices.Equal(r.Languages, []string{"en"}) ||
		!slices.Equal(r.WorkDays, []int{1, 2, 3, 4, 5}) || r.WorkFrom != "08:00" || r.BaseLat != 40.7128 || r.Capacity != 8 || r.MayChange || r.MayBook {
		t.Errorf("registered: %+v", r)
	}
	if n := o.Count(`select count(*)::int from audit_event where action = 'officer.register' and subject_id = $1 and internal`, o.Sam.PersonID); n != 1 {
		t.Errorf("%d events", n)
	}
	list, err := o.roster.Candidates(o.Ctx, o.Boss)
	o.Must(err)
	if len(list) != 1 || !strings.HasPrefix(list[0].Name, "Sue Second, New York office") {
		t.Errorf("candidates: %+v", list)
	}
	o.hire(o.Chief, o.Boss)
}

func TestChangeAndEnd(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-03-02T15:00:00Z")
	sam := o.hire(o.Boss, o.Sam)
	boss := o.hire(o.Chief, o.Boss)
	bea := o.hire(o.Chief, o.Other)
	in := entry(sam)
	in.Version, in.Capacity, in.Zone, in.WorkDays = 1, "4", "America/Chicago", []string{"2", "4"}
	o.Want("one's own", o.roster.Change(o.Ctx, o.Sam, sam, in), fault.Forbidden)
	o.Want("a supervisor's own", o.roster.Change(o.Ctx, o.Boss, boss, entry(boss)), fault.Forbidden)
	o.Want("another office's", o.roster.Change(o.Ctx, o.Boss, bea, entry(bea)), fault.Forbidden)
	o.Want("a company", o.roster.Change(o.Ctx, identity.Actor{Audience: identity.Companies, Role: identity.Owner}, sam, in), fault.NotFound)
	o.Want("nobody", o.roster.Change(o.Ctx, o.Boss, uuid.New(), in), fault.NotFound)
	bad := in
	bad.Languages = nil
	o.Want("no language", o.roster.Change(o.Ctx, o.Boss, sam, bad), fault.Invalid)
	o.Must(o.roster.Change(o.Ctx, o.Boss, sam, in))
	err := o.roster.Change(o.Ctx, o.Boss, sam, in)
	o.Want("an old version", err, fault.Conflict)
	r, err := o.roster.Officer(o.Ctx, o.Boss, sam)
	o.Must(err)
	if r.Capacity != 4 || r.HomeZone() != "America/Chicago" || !slices.Equal(r.WorkDays, []int{2, 4}) || r.Version != 2 || !r.MayChange || !r.MayBook {
		t.Errorf("changed: %+v", r)
	}
	if got := o.Text(`select (after - 'work_days')::text from audit_event where action = 'officer.change'`); got != `{"zone": "America/Chicago", "capacity": 4}` {
		t.Errorf("recorded: %s", got)
	}
	owner := o.Importer("Harbor Trading LLC")
	o.Submit(owner, "ctpat", "importer")
	visit := o.visit(owner, "V-2026-0001")
	o.book(o.Boss, roster.Booking{OfficerID: sam, Kind: roster.Visit, State: roster.Confirmed, VisitID: &visit, StartsAt: instant(t, "2026-04-01T13:00:00Z"), EndsAt: instant(t, "2026-04-01T21:00:00Z")})
	o.Want("visits ahead", o.roster.End(o.Ctx, o.Boss, sam, 2, "Moves to another task"), fault.Invalid)
	o.Must(o.DB.Write(o.Ctx, o.Boss.Scope(), func(tx pg.Tx) error { return roster.Free(o.Ctx, tx, o.Clock.Now(), o.Boss, visit) }))
	o.Want("no reason", o.roster.End(o.Ctx, o.Boss, sam, 2, ""), fault.Invalid)
	o.Want("an old version", o.roster.End(o.Ctx, o.Boss, sam, 1, "Moves to another task"), fault.Conflict)
	o.Want("one's own", o.roster.End(o.Ctx, o.Sam, sam, 2, "I go"), fault.Forbidden)
	o.Must(o.roster.End(o.Ctx, o.Boss, sam, 2, "Moves to another task"))
	o.Want("twice", o.roster.End(o.Ctx, o.Boss, sam, 3, "Moves to another task"), fault.Conflict)
	roll, err := o.roster.Officers(o.Ctx, o.Sue, roster.Filter{})
	o.Must(err)
	if len(roll.Officers) != 2 || len(roll.Former) != 1 || roll.Former[0].Name != "Sam Specialist" || roll.MayEnter {
		t.Errorf("list: %+v", roll)
	}
	o.Must(o.roster.Register(o.Ctx, o.Boss, entry(sam)))
	if r, err = o.roster.Officer(o.Ctx, o.Boss, sam); err != nil || !r.Active || r.Capacity != 8 {
		t.Errorf("an officer again: %+v %v", r, err)
	}
}

// book books as a service method of another package would.
func (o *office) book(by identity.Actor, list ...roster.Booking) {
	o.T.Helper()
	o.Must(o.tryBook(by, list...))
}

func (o *office) tryBook(by identity.Actor, list ...roster.Booking) error {
	return roster.Clash(o.DB.Write(o.Ctx, by.Scope(), func(tx pg.Tx) error { return roster.Book(o.Ctx, tx, o.Clock.Now(), by, list) }))
}

func TestAbsence(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-03-02T15:00:00Z")
	sam, sue := o.hire(o.Boss, o.Sam), o.hire(o.Boss, o.Sue)
	leave := roster.AbsenceEntry{Kind: roster.Leave, From: "2026-03-07", To: "2026-03-09", Note: "Family"}
	o.Want("a colleague's", o.roster.AddAbsence(o.Ctx, o.Sam, sue, leave), fault.Forbidden)
	o.Want("another office's", o.roster.AddAbsence(o.Ctx, o.Other, sam, leave), fault.Forbidden)
	o.Want("an auditor", o.roster.AddAbsence(o.Ctx, o.Auditor, sam, leave), fault.Forbidden)
	o.Want("a company", o.roster.AddAbsence(o.Ctx, identity.Actor{Audience: identity.Companies, Role: identity.Owner}, sam, leave), fault.NotFound)
	for what, in := range map[string]roster.AbsenceEntry{
		"visits are no leave": {Kind: roster.Visit, From: "2026-03-07", To: "2026-03-09"}, "no such day": {Kind: roster.Leave, From: "2026-02-30", To: "2026-03-09"},
		"backwards": {Kind: roster.Leave, From: "2026-03-09", To: "2026-03-07"}, "years": {Kind: roster.Leave, From: "2026-03-09", To: "2028-03-07"},
		"over": {Kind: roster.Leave, From: "2026-02-09", To: "2026-02-10"}, "times over days": {Kind: roster.Other, From: "2026-03-09", To: "2026-03-10", FromTime: "09:00", ToTime: "12:00"},
		"no end": {Kind: roster.Other, From: "2026-03-09", To: "2026-03-09", FromTime: "09:00"}, "times backwards": {Kind: roster.Other, From: "2026-03-09", To: "2026-03-09", FromTime: "12:00", ToTime: "09:00"},
	} {
		o.Want(what, o.roster.AddAbsence(o.Ctx, o.Sam, sam, in), fault.Invalid)
	}
	o.Must(o.roster.AddAbsence(o.Ctx, o.Sam, sam, leave))
	// The night in which clocks go forward lies in it: three days of 71 hours.
	if got := o.Text(`select to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' ' || (ends_at - starts_at)::text from booking where officer_id = $1`, sam); got != "2026-03-07 05:00 2 days 23:00:00" {
		t.Errorf("booked: %s", got)
	}
	o.Must(o.roster.AddAbsence(o.Ctx, o.Boss, sam, roster.AbsenceEntry{Kind: roster.Training, From: "2026-03-10", To: "2026-03-10", FromTime: "9:00", ToTime: "12:00"}))
	err := o.roster.AddAbsence(o.Ctx, o.Sam, sam, roster.AbsenceEntry{Kind: roster.Other, From: "2026-03-09", To: "2026-03-11"})
	if o.Want("leave stands there", err, fault.Invalid); !strings.Contains(err.Error(), "from 2026-03-07 to 2026-03-09 already") {
		t.Error(err)
	}
	owner := o.Importer("Harbor Trading LLC")
	o.Submit(owner, "ctpat", "importer")
	visit := o.visit(owner, "V-2026-0001")
	o.book(o.Boss, roster.Booking{OfficerID: sam, Kind: roster.Visit, State: roster.Confirmed, VisitID: &visit, StartsAt: instant(t, "2026-04-01T13:00:00Z"), EndsAt: instant(t, "2026-04-01T21:00:00Z"), TravelBefore: 720, TravelAfter: 60})
	err = o.roster.AddAbsence(o.Ctx, o.Sam, sam, roster.AbsenceEntry{Kind: roster.Leave, From: "2026-03-31", To: "2026-03-31"})
	if o.Want("a visit's travel stands there", err, fault.Invalid); !strings.Contains(err.Error(), "V-2026-0001 stands there, from 2026-03-31 to 2026-04-01") {
		t.Error(err)
	}

	r, err := o.roster.Officer(o.Ctx, o.Sam, sam)
	o.Must(err)
	if len(r.Items) != 3 || r.Items[0].Kind != roster.Leave || r.Items[0].From != day(t, "2026-03-07") || r.Items[0].To != day(t, "2026-03-09") || r.Items[2].Reference != "V-2026-0001" || r.MayChange || !r.MayBook {
		t.Fatalf("agenda: %+v", r.Items)
	}
	first := r.Items[0]
	o.Want("a colleague's", o.roster.CancelAbsence(o.Ctx, o.Sue, sam, first.ID, first.Version), fault.Forbidden)
	o.Want("of another officer", o.roster.CancelAbsence(o.Ctx, o.Boss, sue, first.ID, first.Version), fault.NotFound)
	o.Want("a visit", o.roster.CancelAbsence(o.Ctx, o.Boss, sam, r.Items[2].ID, r.Items[2].Version), fault.Conflict)
	o.Want("an old version", o.roster.CancelAbsence(o.Ctx, o.Sam, sam, first.ID, 7), fault.Conflict)
	o.Must(o.roster.CancelAbsence(o.Ctx, o.Sam, sam, first.ID, first.Version))
	o.Want("twice", o.roster.CancelAbsence(o.Ctx, o.Sam, sam, first.ID, first.Version+1), fault.Conflict)
	o.Clock.Move(10 * 24 * time.Hour)
	o.Want("over", o.roster.CancelAbsence(o.Ctx, o.Sam, sam, r.Items[1].ID, r.Items[1].Version), fault.Conflict)
	for action, n := range map[string]int{"booking.add": 2, "booking.cancel": 1} {
		if got := o.Count(`select count(*)::int from audit_event where action = $1 and internal`, action); got != n {
			t.Errorf("%s: %d events", action, got)
		}
	}
}

// TestBook: holds count as busy, become bookings or are freed, and never overlap.
func TestBook(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-03-02T15:00:00Z")
	sam, sue := o.hire(o.Boss, o.Sam), o.hire(o.Boss, o.Sue)
	owner := o.Importer("Harbor Trading LLC")
	o.Submit(owner, "ctpat", "importer")
	visit, second := o.visit(owner, "V-2026-0001"), o.visit(owner, "V-2026-0002")
	until := o.Clock.Now().Add(7 * 24 * time.Hour)
	slot := func(visit uuid.UUID, position int) *uuid.UUID {
		id := pg.NewID()
		o.Exec(`insert into proposal (id, visit_id, company_id, round, status, answer_by, sent_at) values (?, ?, ?, 1, 'open', ?, ?) on conflict do nothing`, visit, visit, owner.CompanyID, until, o.Clock.Now())
		o.Exec(`insert into slot (id, proposal_id, visit_id, company_id, position, local_from, local_to, starts_at, ends_at) values (?, ?, ?, ?, ?, '2026-04-01 09:00', '2026-04-01 17:00', '2026-04-01 13:00Z', '2026-04-01 21:00Z')`,
			id, visit, visit, owner.CompanyID, position)
		return &id
	}
	hold := func(officer, visit uuid.UUID, slot *uuid.UUID, d string) roster.Booking {
		return roster.Booking{OfficerID: officer, Kind: roster.Visit, State: roster.Hold, VisitID: &visit, SlotID: slot, HoldUntil: &until,
			StartsAt: instant(t, d+"T13:00:00Z"), EndsAt: instant(t, d+"T21:00:00Z"), TravelBefore: 60, TravelAfter: 60}
	}
	one, two := slot(visit, 1), slot(visit, 2)
	o.book(o.Boss, hold(sam, visit, one, "2026-04-01"), hold(sue, visit, one, "2026-04-01"), hold(sam, visit, two, "2026-04-02"), hold(sue, visit, two, "2026-04-02"))
	err := o.tryBook(o.Boss, hold(sue, second, slot(second, 1), "2026-04-02"))
	if o.Want("held", err, fault.Conflict); err.Error() != "Sue Second is no longer free at that time. Pick another time" {
		t.Error(err)
	}
	o.Want("no officer", o.tryBook(o.Boss, hold(o.Other.PersonID, second, nil, "2026-04-02")), fault.NotFound)
	o.Must(o.tryBook(o.Boss))

	step := func(fn func(tx pg.Tx) error) { t.Helper(); o.Must(o.DB.Write(o.Ctx, o.Boss.Scope(), fn)) }
	step(func(tx pg.Tx) error {
		if n, err := roster.ConfirmHolds(o.Ctx, tx, o.Clock.Now(), o.Boss, *one); err != nil || n != 2 {
			t.Errorf("confirmed %d: %v", n, err)
		}
		return roster.FreeHolds(o.Ctx, tx, o.Clock.Now(), o.Boss, visit, *one)
	})
	count := func(state string) int {
		return o.Count(`select count(*)::int from booking where state = $1`, state)
	}
	if count("confirmed") != 2 || count("hold") != 0 || count("cancelled") != 2 {
		t.Errorf("%d confirmed, %d held, %d cancelled", count("confirmed"), count("hold"), count("cancelled"))
	}
	o.book(o.Boss, hold(sue, second, slot(second, 2), "2026-04-02"))
	// The constraint has the last word: this insert asks nobody.
	err = roster.Clash(o.DB.Write(o.Ctx, o.Boss.Scope(), func(tx pg.Tx) error {
		return tx.WithContext(o.Ctx).Exec(`insert into booking (officer_id, kind, state, starts_at, ends_at, made_at) values (?, 'leave', 'confirmed', '2026-04-02 20:00Z', '2026-04-03 00:00Z', now())`, sue).Error
	}))
	o.Want("the database", err, fault.Conflict)
	if other := errors.New("other"); roster.Clash(other) != other || roster.Clash(nil) != nil {
		t.Error("Clash changes what is no clash")
	}

	if n, err := o.roster.FreeExpired(o.Ctx); err != nil || n != 0 {
		t.Errorf("freed %d early: %v", n, err)
	}
	o.Clock.Move(8 * 24 * time.Hour)
	o.Want("expired and not freed", o.tryBook(o.Boss, hold(sue, visit, two, "2026-04-02")), fault.Conflict)
	if n, err := o.roster.FreeExpired(o.Ctx); err != nil || n != 1 {
		t.Errorf("freed %d: %v", n, err)
	}
	if n := o.Count(`select count(*)::int from audit_event where action = 'booking.expire'`); n != 1 {
		t.Errorf("%d events", n)
	}
	step(func(tx pg.Tx) error { return roster.Free(o.Ctx, tx, o.Clock.Now(), o.Boss, visit) })
	if count("confirmed") != 0 {
		t.Error("a freed visit is booked")
	}
}

// TestFiftyConfirm: of fifty people who confirm overlapping times at once one succeeds, and
// the others hear who is not free any more.
func TestFiftyConfirm(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-03-02T15:00:00Z")
	sam, sue := o.hire(o.Boss, o.Sam), o.hire(o.Boss, o.Sue)
	owner := o.Importer("Harbor Trading LLC")
	o.Submit(owner, "ctpat", "importer")
	visits := make([]uuid.UUID, 50)
	for i := range visits {
		visits[i] = o.visit(owner, fmt.Sprintf("V-2026-%04d", i+1))
	}
	var group sync.WaitGroup
	var done, refused atomic.Int32
	begin := make(chan struct{})
	for i, visit := range visits {
		group.Go(func() {
			<-begin
			from := instant(t, "2026-04-01T13:00:00Z").Add(time.Duration(i) * 5 * time.Minute) // each overlaps every other
			team := []roster.Booking{
				{OfficerID: sam, Kind: roster.Visit, State: roster.Confirmed, VisitID: &visit, StartsAt: from, EndsAt: from.Add(8 * time.Hour)},
				{OfficerID: sue, Kind: roster.Visit, State: roster.Confirmed, VisitID: &visit, StartsAt: from, EndsAt: from.Add(8 * time.Hour)},
			}
			if i%2 == 1 {
				slices.Reverse(team)
			}
			switch err := o.tryBook(o.Boss, team...); {
			case err == nil:
				done.Add(1)
			case fault.KindOf(err) == fault.Conflict && strings.Contains(err.Error(), "no longer free"):
				refused.Add(1)
			default:
				t.Errorf("confirmation %d: %v", i, err)
			}
		})
	}
	close(begin)
	group.Wait()
	if done.Load() != 1 || refused.Load() != 49 {
		t.Errorf("%d confirmed, %d refused", done.Load(), refused.Load())
	}
	if n := o.Count(`select count(*)::int from booking`); n != 2 {
		t.Errorf("%d bookings", n)
	}
}

func TestSlots(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-03-02T15:00:00Z")
	sam, sue := o.hire(o.Boss, o.Sam), o.hire(o.Boss, o.Sue)
	o.Must(o.roster.AddAbsence(o.Ctx, o.Sam, sam, roster.AbsenceEntry{Kind: roster.Leave, From: "2026-04-01", To: "2026-04-03"}))
	n := onSite(t, "2026-04-01", "2026-04-06")
	n.Team, n.SiteCalendar = 2, o.roster.SiteCalendar("US")
	r, err := o.roster.Slots(o.Ctx, o.Sam, n)
	o.Must(err)
	if got := slotDays(r); !slices.Equal(got, []string{"2026-04-06"}) || !strings.Contains(refused(r, "2026-04-02"), "Sam Specialist: on leave") {
		t.Errorf("slots: %v, %+v", got, r.Refused)
	}
	owner := o.Importer("Harbor Trading LLC")
	o.Submit(owner, "ctpat", "importer")
	n.Visit = o.visit(owner, "V-2026-0001")
	o.book(o.Boss, roster.Booking{OfficerID: sue, Kind: roster.Visit, State: roster.Confirmed, VisitID: &n.Visit, StartsAt: instant(t, "2026-04-06T13:00:00Z"), EndsAt: instant(t, "2026-04-06T21:00:00Z")})
	if r, err = o.roster.Slots(o.Ctx, o.Sam, n); err != nil || len(r.Slots) != 1 || !strings.Contains(refused(r, "2026-04-02"), "on leave") {
		t.Errorf("its own booking: %+v %v", r, err)
	}
	n.Visit = uuid.Nil
	if r, err = o.roster.Slots(o.Ctx, o.Sam, n); err != nil || !strings.Contains(refused(r, "2026-04-06"), "Sue Second: on another visit") {
		t.Errorf("another's booking: %+v %v", r, err)
	}
	o.Exec(`update person_right set ended_at = ? where id = ?`, o.Clock.Now(), o.Sue.RightID)
	if r, err = o.roster.Slots(o.Ctx, o.Sam, n); err != nil || len(r.Slots) != 0 {
		t.Errorf("whose right has ended: %+v %v", r.Slots, err)
	}
	roll, err := o.roster.Officers(o.Ctx, o.Sam, roster.Filter{Office: o.NewYork, Programme: "ctpat", ByLoad: true})
	o.Must(err)
	if len(roll.Officers) != 2 || roll.Officers[1].PersonID != sue || roll.Officers[1].Offered() || !roll.Officers[0].Offered() {
		t.Errorf("list: %+v", roll.Officers)
	}
	bea := o.hire(o.Chief, o.Other)
	n.Skill, n.Languages = "ctpat/importer", []string{"en"}
	o.Exec(`update officer set languages = '{fr}', skills = '{eu-aeo/aeoc}' where person_id = ?`, bea)
	list, err := o.roster.Ranking(o.Ctx, o.Sam, n)
	o.Must(err)
	if len(list) != 2 || list[0].ID != sam || list[0].Against != nil || list[0].Travel != 60 || texts(list[1].Against) != "Does not validate this kind of member; Speaks none of the languages of the visit" {
		t.Errorf("ranking: %+v", list)
	}
	_, err = o.roster.Ranking(o.Ctx, identity.Actor{Audience: identity.Companies, Role: identity.Owner}, n)
	o.Want("a company", err, fault.NotFound)
	_, err = o.roster.Slots(o.Ctx, identity.Actor{Audience: identity.Companies, Role: identity.Owner}, n)
	o.Want("a company", err, fault.NotFound)
	n.To = n.From.AddYears(2)
	_, err = o.roster.Slots(o.Ctx, o.Sam, n)
	o.Want("two years", err, fault.Invalid)
	for country, code := range map[string]string{"US": "us-federal", "CA": "ca", "MX": "mx", "BE": "be-federal"} {
		if c := o.roster.SiteCalendar(country); c == nil || c.Code() != code {
			t.Errorf("%s: %v", country, c)
		}
	}
	if o.roster.SiteCalendar("NP") != nil {
		t.Error("a table for Nepal")
	}
}

// BenchmarkSlots: 150 officers with a year of bookings, 12 months, with what is read for it.
func BenchmarkSlots(b *testing.B) {
	o := open(b, "2026-01-02T15:00:00Z")
	owner := o.Importer("Harbor Trading LLC")
	o.Submit(owner, "ctpat", "importer")
	visit := o.visit(owner, "V-2026-0001")
	o.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at)
		select md5('p' || n)::uuid, 'i', 'many' || n, n || '@customs.example', true, 'Officer ' || n, now() from generate_series(1, 150) n`)
	o.Exec(`insert into person_right (id, person_id, audience, role, office_id, starts_on, granted_at)
		select md5('r' || n)::uuid, md5('p' || n)::uuid, 'staff', 'specialist', ?, '2000-01-01', now() from generate_series(1, 150) n`, o.NewYork)
	o.Exec(`insert into officer (person_id, office_id, languages, skills, base_country, base_lat, base_lon, zone, capacity, created_at)
		select md5('p' || n)::uuid, ?, '{en,es}', '{ctpat/importer}', 'US', 30 + n % 15, -80 - n % 30, (array['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles', 'Europe/Brussels'])[n % 5 + 1], 12, now()
		from generate_series(1, 150) n`, o.NewYork)
	o.Exec(`insert into booking (officer_id, kind, state, visit_id, starts_at, ends_at, travel_before, travel_after, made_at)
		select md5('p' || n)::uuid, 'visit', 'confirmed', ?, t, t + interval '8 hours', 150, 150, now()
		from generate_series(1, 150) n, generate_series(1, 45) k, lateral (select timestamptz '2026-01-05 14:00Z' + (k * 8 + n % 5) * interval '1 day' as t) x`, visit)
	o.Exec(`analyze`)
	n := onSite(b, "2026-02-02", "2027-02-01")
	n.Team, n.SiteCalendar, n.Languages = 2, o.roster.SiteCalendar("US"), []string{"es"}
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		if r, err := o.roster.Slots(o.Ctx, o.Sam, n); err != nil || len(r.Slots) < 100 {
			b.Fatalf("%d slots: %v", len(r.Slots), err)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "ms-p95")
}

func TestBoardAndCapacity(t *testing.T) {
	t.Parallel()
	o := open(t, "2026-03-02T15:00:00Z")
	sam, sue := o.hire(o.Boss, o.Sam), o.hire(o.Boss, o.Sue)
	owner := o.Importer("Harbor Trading LLC")
	o.Submit(owner, "ctpat", "importer")
	visit := o.visit(owner, "V-2026-0001")
	o.Must(o.roster.AddAbsence(o.Ctx, o.Sam, sam, roster.AbsenceEntry{Kind: roster.Leave, From: "2026-03-09", To: "2026-03-13"}))
	team := func(d string) (out []roster.Booking) {
		for _, id := range []uuid.UUID{sam, sue} {
			out = append(out, roster.Booking{OfficerID: id, Kind: roster.Visit, State: roster.Confirmed, VisitID: &visit, StartsAt: instant(t, d+"T13:00:00Z"), EndsAt: instant(t, d+"T21:00:00Z").AddDate(0, 0, 1), TravelBefore: 60, TravelAfter: 90})
		}
		return out
	}
	o.book(o.Boss, team("2026-03-17")...)
	b, err := o.roster.Board(o.Ctx, o.Auditor, roster.Filter{Office: o.NewYork, Programme: "ctpat"}, day(t, "2026-03-01"), day(t, "2026-03-31"))
	o.Must(err)
	if len(b.Lanes) != 2 || len(b.Lanes[0].Items) != 2 || len(b.Items) != 2 || len(b.Items[1].Officers) != 2 || b.Items[1].Company != "Harbor Trading LLC" ||
		b.Items[1].From != day(t, "2026-03-17") || b.Items[1].To != day(t, "2026-03-18") || b.Items[1].TravelAfter != 90 || len(b.Offices) != 1 || len(b.Everyone) != 2 {
		t.Errorf("board: %+v", b)
	}
	if on := b.On(day(t, "2026-03-18")); len(on) != 1 || on[0].Reference != "V-2026-0001" {
		t.Errorf("on the eighteenth: %+v", on)
	}
	b, err = o.roster.Board(o.Ctx, o.Boss, roster.Filter{Officer: sue}, day(t, "2026-03-01"), day(t, "2026-03-31"))
	o.Must(err)
	if len(b.Lanes) != 1 || len(b.Items) != 1 || len(b.Everyone) != 2 {
		t.Errorf("one officer: %+v", b)
	}
	_, err = o.roster.Board(o.Ctx, o.Boss, roster.Filter{}, day(t, "2026-03-01"), day(t, "2027-03-31"))
	o.Want("too long", err, fault.NotFound)
	_, err = o.roster.Board(o.Ctx, owner, roster.Filter{}, day(t, "2026-03-01"), day(t, "2026-03-31"))
	o.Want("a company", err, fault.NotFound)

	other := o.Importer("Second Trading LLC")
	o.Submit(other, "ctpat", "importer")
	o.visit(other, "V-2026-0002") // for cause, wanted until June
	o.Exec(`update visit set status = 'booked', starts_at = '2026-03-17 13:00Z', ends_at = '2026-03-18 21:00Z', local_from = '2026-03-17 09:00', local_to = '2026-03-18 17:00' where id = ?`, visit)
	c, err := o.roster.Capacity(o.Ctx, o.Boss, roster.Filter{Office: o.NewYork}, 1)
	o.Must(err)
	march, june := c.Months[0], c.Months[3]
	if len(c.Weeks) != 13 || c.Weeks[0] != day(t, "2026-03-02") || len(c.Lanes) != 2 || c.Lanes[0].Weeks[1].Free != 0 || c.Lanes[1].Weeks[1].Free != 5 || c.Lanes[0].Weeks[2].Booked != 2 {
		t.Errorf("weeks: %+v", c.Lanes)
	}
	if march.Capacity != 16 || march.Booked != 4 || march.Due != 0 || march.Added != 8 || march.Left() != 20 {
		t.Errorf("March: %+v", march)
	}
	if june.Due != 1 || june.DueDays != 2 || june.Capacity != 16 {
		t.Errorf("June: %+v", june)
	}
	_, err = o.roster.Capacity(o.Ctx, owner, roster.Filter{}, 0)
	o.Want("a company", err, fault.NotFound)
	// On the last day but one of the month each can do what was done and two days more.
	o.Clock.Move(28 * 24 * time.Hour)
	c, err = o.roster.Capacity(o.Ctx, o.Boss, roster.Filter{Office: o.NewYork}, 0)
	o.Must(err)
	if m := c.Months[0]; m.Booked != 4 || m.Capacity != 8 || m.Left() != 4 {
		t.Errorf("the end of March: %+v", m)
	}
}
