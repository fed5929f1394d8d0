package consultation_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"trustedtrader/app/apptest"
	"trustedtrader/app/canon"
	"trustedtrader/app/clock"
	"trustedtrader/app/consultation"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	*findingtest.World
	svc     *consultation.Service
	rule    consultation.Rule
	owner   identity.Actor
	member  uuid.UUID
	number  string
	officer identity.Actor
}

const norland = "us-norland"

func (w *world) agency(code string) identity.Actor {
	w.T.Helper()
	id, person := pg.NewID(), pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, kind, created_at) values (?, ?, ?, 'NO', 'Europe/Oslo', 'customs', ?)`, id, code, "Agency "+code, w.Clock.Now())
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, 'Otto Officer', ?)`, person, person.String(), code+"@agency.example", w.Clock.Now())
	return identity.Actor{PersonID: person, Name: "Otto Officer", Audience: identity.Partners, Role: identity.Officer, AgencyID: id, Agency: "Agency " + code, Zone: time.UTC}
}

func (w *world) consent(company uuid.UUID, code string) {
	w.T.Helper()
	w.Exec(`insert into recognition_consent (id, company_id, arrangement, given_at, giver, text_version, elements) values (?, ?, ?, ?, 'Olga Owner', '1', '{name,status}')`,
		pg.NewID(), company, code, w.Clock.Now())
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	w.rule = consultation.Rule{Arrangement: norland, Programme: "ctpat", State: consultation.RuleInForce, Version: "1", ValidFor: time.Hour}
	w.svc = &consultation.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Purposes: []consultation.Purpose{{Code: "import", Name: "Import"}},
		Rules: func(context.Context, uuid.UUID, clock.Day) ([]consultation.Rule, error) {
			return []consultation.Rule{w.rule}, nil
		}}
	w.owner, w.member = w.Member("Harbor Trading LLC")
	w.number = w.Text(`select number from membership where id = $1`, w.member)
	w.officer = w.agency("norland")
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values (?, ?, ?)`, norland, w.officer.AgencyID, w.Clock.Now())
	return w
}

func (w *world) ask(by identity.Actor, q consultation.Question) consultation.Answer {
	w.T.Helper()
	q.Purpose = "import"
	a, err := w.svc.Check(w.Ctx, by, q)
	w.Must(err)
	return a
}

// withoutNumber is an answer with what differs between any two.
func (w *world) withoutNumber(a consultation.Answer) string {
	w.T.Helper()
	a.Number, a.AsOf, a.KnownAt = "", "", ""
	text, err := a.JSON()
	w.Must(err)
	return string(text)
}

func TestDisclosureNeedsPartnerConsentAndProgramme(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(`insert into partner_number (id, company_id, arrangement, scheme, value, search_key, valid_from, valid_until, created_at) values
		(?, ?, ?, 'mid', 'NOHARTRA1OSL', 'NOHARTRA1OSL', '2026-01-01', '2026-03-31', ?)`, pg.NewID(), w.owner.CompanyID, norland, w.Clock.Now())
	bond := w.Text(`select value from company_identifier where company_id = $1 and scheme = 'bond'`, w.owner.CompanyID)
	none := w.withoutNumber(w.ask(w.officer, consultation.Question{Value: "C26-999999"}))
	if !strings.Contains(none, `"no_record"`) || !strings.Contains(none, `"NOT_DISCLOSED"`) {
		t.Errorf("unknown: %s", none)
	}
	same := func(what string, by identity.Actor, q consultation.Question) {
		t.Helper()
		if got := w.withoutNumber(w.ask(by, q)); got != none {
			t.Errorf("%s: %s, unknown: %s", what, got, none)
		}
	}
	same("not consented", w.officer, consultation.Question{Value: w.number})
	same("not consented, by a number", w.officer, consultation.Question{Value: bond})
	w.consent(w.owner.CompanyID, "us-other")
	same("consent to another arrangement", w.officer, consultation.Question{Value: w.number})
	w.consent(w.owner.CompanyID, norland)
	for _, q := range []consultation.Question{{Value: w.number}, {Value: strings.ReplaceAll(strings.ToLower(w.number), "-", " ")}, {Value: bond}, {Value: bond, Scheme: "bond"},
		{Value: "NO HARTRA-1OSL"}, {Company: w.owner.CompanyID}, {Value: w.number, Arrangement: norland}} {
		a := w.ask(w.officer, q)
		if a.Outcome != consultation.Answered || a.Status != consultation.Certified || a.Recognition != consultation.Grant || a.Reason != "" || a.Member == nil ||
			a.Member.Name != "Harbor Trading LLC" || len(a.EntityTypes) != 1 || a.EntityTypes[0].Tier != "tier_1" || a.Arrangement != norland {
			t.Errorf("%+v: %+v", q, a)
		}
	}
	same("another scheme", w.officer, consultation.Question{Value: bond, Scheme: "duns"})
	same("another arrangement asked", w.officer, consultation.Question{Value: w.number, Arrangement: "us-other"})
	same("somebody who is no partner", w.agency("sudland"), consultation.Question{Value: w.number})
	w.Clock.Move(40 * 24 * time.Hour)
	same("a number that ran out", w.officer, consultation.Question{Value: "NOHARTRA1OSL"})
	w.rule.Programme = "eu-aeo"
	same("of another programme", w.officer, consultation.Question{Value: w.number})
	w.rule.Programme = "ctpat"
	w.Exec(`update recognition_consent set withdrawn_at = ? where arrangement = ?`, w.Clock.Now(), norland)
	same("consent withdrawn", w.officer, consultation.Question{Value: w.number})
	w.consent(w.owner.CompanyID, "*")
	same("a general consent where it does not count", w.officer, consultation.Question{Value: w.number})
	w.rule.General = true
	if a := w.ask(w.officer, consultation.Question{Value: w.number}); a.Outcome != consultation.Answered {
		t.Errorf("a general consent: %+v", a)
	}
	w.Exec(`update arrangement_agency set until = ?`, w.Clock.Now())
	same("no partner any more", w.officer, consultation.Question{Value: w.number})
	if n := w.Count(`select count(*)::int from consultation where company_id = $1`, w.owner.CompanyID); n < 12 {
		t.Errorf("%d checks of the company are kept", n)
	}
}

func TestRecognitionIsApartFromStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.consent(w.owner.CompanyID, norland)
	want := func(status consultation.Status, recognition consultation.Recognition, reason consultation.Reason) {
		t.Helper()
		a := w.ask(w.officer, consultation.Question{Value: w.number})
		if a.Outcome != consultation.Answered || a.Status != status || a.Recognition != recognition || a.Reason != reason {
			t.Errorf("got %s %s %s, want %s %s %s", a.Status, a.Recognition, a.Reason, status, recognition, reason)
		}
	}
	want(consultation.Certified, consultation.Grant, "")
	w.rule.State = consultation.RuleNotYet
	want(consultation.Certified, consultation.Deny, consultation.NotYetInForce)
	w.rule.State = consultation.RuleSuspended
	want(consultation.Certified, consultation.Deny, consultation.ArrangementSuspended)
	w.rule.State = consultation.RuleEnded
	want(consultation.Certified, consultation.Deny, consultation.NoArrangement)
	w.rule.State = consultation.RuleInForce
	w.rule.Covers = func(entity, tier string, types []string) consultation.Reason {
		if tier == "tier_1" {
			return consultation.TierTooLow
		}
		return ""
	}
	want(consultation.Certified, consultation.Deny, consultation.TierTooLow)
	w.Exec(`update standing set tier = 'tier_2'`)
	want(consultation.Validated, consultation.Grant, "")
	w.Exec(`update standing set state = 'suspended'`)
	want(consultation.Suspended, consultation.Deny, consultation.WasSuspended)
	w.Exec(`update standing set state = 'ended', how = 'removed'`)
	want(consultation.Removed, consultation.Deny, consultation.WasRevoked)
	w.Exec(`update standing set state = 'ended', how = 'withdrawn'`)
	want(consultation.Withdrawn, consultation.Deny, consultation.WasWithdrawn)
}

// TestAsOf asks for a day in the past, and for what was known of it at two moments.
func TestAsOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.consent(w.owner.CompanyID, norland)
	granted := clock.DayOf(w.Clock.Now(), time.UTC)
	w.Clock.Move(30 * 24 * time.Hour)
	before := w.Clock.Now()
	w.Clock.Move(24 * time.Hour)
	// Ten days after the grant it was suspended for good; the portal learned of it now.
	w.Exec(`update standing set known = tstzrange(lower(known), ?)`, w.Clock.Now())
	w.Exec(`insert into standing (membership_id, company_id, type, state, tier, valid, known, event_id)
		select membership_id, company_id, type, x.state, tier, x.valid, tstzrange(?, null), event_id from standing,
		(values ('active', daterange(?::date, ?::date)), ('suspended', daterange(?::date, null))) x(state, valid)`,
		w.Clock.Now(), granted, granted.AddDays(10), granted.AddDays(10))
	for _, x := range []struct {
		q     consultation.Question
		want  consultation.Status
		later bool
	}{
		{consultation.Question{}, consultation.Suspended, false},
		{consultation.Question{On: granted.AddDays(9)}, consultation.Certified, true},
		{consultation.Question{On: granted.AddDays(10)}, consultation.Suspended, false},
		{consultation.Question{On: granted.AddDays(10), KnownAt: before}, consultation.Certified, false},
		{consultation.Question{On: granted.AddDays(-1)}, "", false},
	} {
		x.q.Value = w.number
		if a := w.ask(w.officer, x.q); a.Status != x.want || a.LaterChange != x.later {
			t.Errorf("as of %s known %s: %+v", x.q.On, x.q.KnownAt, a)
		}
	}
}

func TestAmbiguousNamesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, _ := w.Member("Harbor Shipping Inc")
	for _, company := range []uuid.UUID{w.owner.CompanyID, other.CompanyID} {
		w.consent(company, norland)
		w.Number(company, "duns", "123456789")
	}
	a := w.ask(w.officer, consultation.Question{Value: "123456789", Scheme: "duns"})
	text, err := a.JSON()
	w.Must(err)
	if a.Outcome != consultation.Ambiguous || a.Recognition != consultation.Review || a.Status != "" || len(a.Candidates) != 2 || strings.Contains(string(text), "Harbor Trading") {
		t.Errorf("%s", text)
	}
	w.Exec(`update recognition_consent set withdrawn_at = given_at where company_id = ?`, other.CompanyID)
	if a := w.ask(w.officer, consultation.Question{Value: "123456789", Scheme: "duns"}); a.Outcome != consultation.Answered {
		t.Errorf("who has not consented makes it ambiguous: %+v", a)
	}
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, by := range map[string]identity.Actor{"staff": w.Sam, "company": w.owner, "nobody": {}} {
		_, err := w.svc.Check(w.Ctx, by, consultation.Question{Value: w.number, Purpose: "import"})
		w.Want(name, err, fault.NotFound)
	}
	for name, q := range map[string]consultation.Question{
		"no purpose": {Value: w.number}, "unknown purpose": {Value: w.number, Purpose: "gossip"}, "nothing": {Purpose: "import"}, "no letters": {Value: "--", Purpose: "import"},
		"NUL": {Value: "a\x00b", Purpose: "import"}, "long": {Value: strings.Repeat("A", 300), Purpose: "import"}, "future": {Value: w.number, Purpose: "import", On: clock.DayOf(w.Clock.Now().AddDate(0, 0, 3), time.UTC)},
		"scheme": {Value: w.number, Purpose: "import", Scheme: "a'b"},
	} {
		_, err := w.svc.Check(w.Ctx, w.officer, q)
		w.Want(name, err, fault.Invalid)
	}
	if n := w.Count(`select count(*)::int from consultation`); n != 0 {
		t.Errorf("%d checks are kept", n)
	}
}

// TestTogether asks many at once: each gets its own answer, and the record is what was said.
func TestTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.consent(w.owner.CompanyID, norland)
	const askers = 400
	numbers := make([]string, askers)
	var wg sync.WaitGroup
	for i := range askers {
		wg.Go(func() {
			q := consultation.Question{Value: w.number, Purpose: "import", OwnRef: "ref <&> \u2028 é"}
			if i%2 == 1 {
				q.Value, q.OwnRef = "C26-999999", ""
			}
			q.OwnRef = strings.ReplaceAll(q.OwnRef, "\u2028", "")
			a, err := w.svc.Check(w.Ctx, w.officer, q)
			if err != nil || (a.Outcome == consultation.Answered) != (i%2 == 0) {
				t.Errorf("%v %+v", err, a)
			}
			numbers[i] = a.Number
			text, _ := a.JSON()
			if again, err := canon.JSON(json.RawMessage(text)); err != nil || string(again) != string(text) {
				t.Errorf("not canonical: %s", text)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, n := range numbers {
		if back, ok := consultation.ParseNumber(strings.ToLower(n)); !ok || back != n || seen[n] {
			t.Errorf("number %q", n)
		}
		seen[n] = true
	}
	if n := w.Count(`select count(*)::int from consultation where number = any($1)`, numbers); n != askers {
		t.Errorf("%d of %d are kept", n, askers)
	}
	if n := w.Count(`select count(distinct at)::int from consultation`); n > askers {
		t.Errorf("%d groups", n)
	}
}

// TestNothingIsAnsweredThatIsNotKept makes the insert fail.
func TestNothingIsAnsweredThatIsNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.consent(w.owner.CompanyID, norland)
	w.asOwner(`alter table consultation add constraint broken check (asked <> 'C26-000000') not valid`)
	a := w.ask(w.officer, consultation.Question{Value: "C26-000000"})
	if a.Outcome != consultation.Unavailable || a.RetryAfter == 0 || a.Number != "" || a.Recognition != consultation.Review {
		t.Errorf("%+v", a)
	}
	if a := w.ask(w.officer, consultation.Question{Value: w.number}); a.Outcome != consultation.Answered {
		t.Errorf("afterwards: %+v", a)
	}
	if n := w.Count(`select count(*)::int from consultation`); n != 1 {
		t.Errorf("%d are kept", n)
	}
}

// asOwner runs a statement as the owner of the tables.
func (w *world) asOwner(sql string, args ...any) {
	w.T.Helper()
	conn, err := pgx.Connect(w.Ctx, w.DSN)
	w.Must(err)
	_, err = conn.Exec(w.Ctx, sql, args...)
	w.Must(errors.Join(err, conn.Close(w.Ctx)))
}
