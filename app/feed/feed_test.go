package feed_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/fault"
	"trustedtrader/app/feed"
	"trustedtrader/app/ical"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/review/reviewtest"
	"trustedtrader/app/validation"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	*reviewtest.World
	s     *feed.Service
	owner identity.Actor
	n     int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: reviewtest.New(t, "2026-03-03T15:00:00Z")}
	w.Steps.Letters.From = "visits@customs.example"
	w.s = &feed.Service{DB: w.DB, Now: w.Clock.Now, Validations: &validation.Steps{Programmes: w.Steps.Programmes, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters}}
	w.owner = w.Importer("Harbor Trading LLC")
	return w
}

// visit makes a booked visit of a company with an officer in its team.
func (w *world) visit(owner identity.Actor, office, officer uuid.UUID, told bool) (visit uuid.UUID) {
	w.T.Helper()
	w.n++
	a := w.Signed(owner, "ctpat", "importer")
	v, visit := pg.NewID(), pg.NewID()
	var notified *time.Time
	status := "planned"
	if told {
		now := w.Clock.Now()
		notified, status = &now, "notified"
	}
	w.Exec(`insert into validation (id, reference, company_id, programme, entity_type, kind, application_id, office_id, status, reason, window_from, window_to, days, opened_at, notified_at)
		values (?, ?, ?, 'ctpat', 'importer', 'first', ?, ?, ?, 'A secret reason', '2026-03-01', '2026-06-01', 1, ?, ?)`,
		v, "V-2026-000"+string(rune('0'+w.n)), owner.CompanyID, a.ID, office, status, w.Clock.Now(), notified)
	w.Exec(`insert into visit (id, validation_id, company_id, number, kind, status, place, country, zone, days, all_day, local_from, local_to, starts_at, ends_at, hosts)
		values (?, ?, ?, 1, 'domestic', 'booked', 'Warehouse', 'US', 'America/New_York', 1, false, '2026-04-14 09:00', '2026-04-14 17:00', '2026-04-14T13:00:00Z', '2026-04-14T21:00:00Z', 'A secret host')`, visit, v, owner.CompanyID)
	w.Exec(`insert into officer (person_id, office_id, base, base_country, base_lat, base_lon, capacity, created_at) values (?, ?, 'x', 'US', 40, -74, 10, now()) on conflict do nothing`, officer, office)
	w.Exec(`insert into visit_officer (visit_id, company_id, person_id, role, added_at) values (?, ?, ?, 'lead', now())`, visit, owner.CompanyID, officer)
	return visit
}

func (w *world) make(by identity.Actor, scope feed.Scope) string {
	w.T.Helper()
	token, err := w.s.Make(w.Ctx, by, scope)
	w.Must(err)
	return token
}

func (w *world) read(token string) string {
	w.T.Helper()
	c, err := w.s.Read(w.Ctx, token)
	w.Must(err)
	return strings.ReplaceAll(string(c.Body), "\r\n ", "")
}

// Each scope has its own visits and no others, and no secrets.
func TestScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.visit(w.owner, w.NewYork, w.Sam.PersonID, true)
	other := w.Trader("Other SA")
	w.Exec(`update company set country = 'US' where id = ?`, other.CompanyID)
	w.Number(other.CompanyID, "ior_ein", "12-999999999")
	w.Number(other.CompanyID, "bond", "999999999")
	far := w.visit(other, w.Brussels, w.Other.PersonID, true)
	secret := w.visit(w.Importer("Untold Inc"), w.NewYork, w.Sue.PersonID, false)
	id := func(visit uuid.UUID) string { return "UID:" + ical.VisitUID(visit, "localhost") }

	for name, c := range map[string]struct {
		by    identity.Actor
		scope feed.Scope
		want  []uuid.UUID
	}{
		"mine": {w.Sam, feed.Mine, []uuid.UUID{mine}}, "of my office": {w.Boss, feed.Office, []uuid.UUID{mine, secret}}, "of every office": {w.Chief, feed.Office, []uuid.UUID{mine, far, secret}},
		"of nobody": {w.Chief, feed.Mine, nil}, "of my company": {w.owner, feed.Company, []uuid.UUID{mine}}, "of another": {other, feed.Company, []uuid.UUID{far}},
	} {
		text := w.read(w.make(c.by, c.scope))
		if n := strings.Count(text, "BEGIN:VEVENT"); n != len(c.want) {
			t.Errorf("%s: %d visits, want %d", name, n, len(c.want))
		}
		for _, v := range c.want {
			if !strings.Contains(text, id(v)+"\r\n") {
				t.Errorf("%s lacks a visit", name)
			}
		}
		if strings.Contains(text, "secret") || strings.Contains(text, "ATTENDEE") {
			t.Errorf("%s tells too much:\n%s", name, text)
		}
	}
	text := w.read(w.make(w.owner, feed.Company))
	for _, want := range []string{"DTSTART;TZID=America/New_York:20260414T090000", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-WR-CALNAME:Visits of my company", "URL:http://localhost:8080/validations/"} {
		if !strings.Contains(text, want) {
			t.Errorf("the calendar lacks %s:\n%s", want, text)
		}
	}
	for name, c := range map[string]struct {
		by    identity.Actor
		scope feed.Scope
	}{"a specialist's office": {w.Sam, feed.Office}, "an auditor's visits": {w.Auditor, feed.Mine}, "an administrator's": {w.Admin, feed.Mine}, "the agency's company": {w.Sam, feed.Company},
		"a company's office": {w.owner, feed.Office}, "nobody's": {identity.Actor{}, feed.Mine}, "nothing's": {w.Sam, "all"}} {
		_, err := w.s.Make(w.Ctx, c.by, c.scope)
		w.Want(name, err, fault.NotFound)
	}
}

// An address works until it is switched off, replaced, or its right ends.
func TestEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.make(w.Sam, feed.Mine)
	w.read(first)
	second := w.make(w.Sam, feed.Mine)
	_, err := w.s.Read(w.Ctx, first)
	w.Want("the one before", err, fault.NotFound)
	w.read(second)
	list, err := w.s.List(w.Ctx, w.Sam)
	if err != nil || len(list) != 1 || list[0].UsedAt == nil {
		t.Fatalf("the list: %+v, %v", list, err)
	}
	f := list[0]
	w.Want("somebody else's", w.s.Revoke(w.Ctx, w.Sue, f.ID, f.Version), fault.NotFound)
	w.Want("a company's", w.s.Revoke(w.Ctx, w.owner, f.ID, f.Version), fault.NotFound)
	w.Want("an old page", w.s.Revoke(w.Ctx, w.Sam, f.ID, f.Version+1), fault.Conflict)
	w.Want("nobody", w.s.Revoke(w.Ctx, identity.Actor{}, f.ID, f.Version), fault.NotFound)
	w.Must(w.s.Revoke(w.Ctx, w.Sam, f.ID, f.Version))
	w.Want("twice", w.s.Revoke(w.Ctx, w.Sam, f.ID, f.Version+1), fault.Conflict)
	_, err = w.s.Read(w.Ctx, second)
	w.Want("switched off", err, fault.NotFound)
	for _, token := range []string{"", "x", strings.Repeat("A", 43), second + "A"} {
		_, err = w.s.Read(w.Ctx, token)
		w.Want("a wrong address", err, fault.NotFound)
	}

	mine, office, company := w.make(w.Boss, feed.Mine), w.make(w.Boss, feed.Office), w.make(w.owner, feed.Company)
	w.Exec(`update person_right set role = 'specialist' where id = ?`, w.Boss.RightID)
	w.read(mine)
	_, err = w.s.Read(w.Ctx, office)
	w.Want("no supervisor any more", err, fault.NotFound)
	w.Exec(`update person_right set ends_on = '2026-03-02' where id = ?`, w.Boss.RightID)
	_, err = w.s.Read(w.Ctx, mine)
	w.Want("a right that has ended", err, fault.NotFound)
	w.Exec(`update person_right set ended_at = now() where id = ?`, w.owner.RightID)
	_, err = w.s.Read(w.Ctx, company)
	w.Want("a right that was ended", err, fault.NotFound)
	if n := w.Count(`select count(*)::int from audit_event where action like 'calendar_feed.%'`); n != 6 {
		t.Errorf("%d events, want five addresses made and one switched off", n)
	}
	if n := w.Count(`select count(*)::int from audit_event where before::text || after::text like '%' || $1 || '%'`, second); n != 0 {
		t.Error("the trail keeps the token")
	}
	if n := w.Count(`select count(*)::int from calendar_feed where encode(token_hash, 'escape') like '%' || $1 || '%'`, second); n != 0 {
		t.Error("the table keeps the token")
	}
}

// The same visits are the same calendar; another time is another one.
func TestETag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	visit := w.visit(w.owner, w.NewYork, w.Sam.PersonID, true)
	token := w.make(w.Sam, feed.Mine)
	first, err := w.s.Read(w.Ctx, token)
	w.Must(err)
	w.Clock.Move(time.Hour)
	again, err := w.s.Read(w.Ctx, token)
	w.Must(err)
	if again.ETag != first.ETag {
		t.Error("the calendar changed by itself")
	}
	w.Exec(`update visit set sequence = 1, local_from = '2026-04-15 09:00', local_to = '2026-04-15 17:00', starts_at = '2026-04-15T13:00:00Z', ends_at = '2026-04-15T21:00:00Z' where id = ?`, visit)
	if again, err = w.s.Read(w.Ctx, token); err != nil || again.ETag == first.ETag || !strings.Contains(string(again.Body), "SEQUENCE:1") {
		t.Errorf("a moved visit: %v", err)
	}
}
