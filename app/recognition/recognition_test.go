package recognition_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/arrangement"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/recognition"
	"trustedtrader/app/standing"
)

func TestMain(m *testing.M) { apptest.Run(m) }

const (
	eu    = "us-ctpat-eu-aeo"
	japan = "us-ctpat-jp-aeo"
)

type world struct {
	*findingtest.World
	svc     *recognition.Service
	owner   identity.Actor
	member  uuid.UUID
	officer identity.Actor // of the partner of eu
	other   identity.Actor // of another partner
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	register, err := arrangement.Own(w.Steps.Programmes)
	w.Must(err)
	w.svc = &recognition.Service{DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Register: register, Letters: w.Steps.Letters}
	w.owner, w.member = w.Member("Harbor Trading LLC")
	w.officer, w.other = w.partner("union", eu), w.partner("nippon", japan)
	w.award("tier_2")
	return w
}

func (w *world) partner(code, under string) identity.Actor {
	w.T.Helper()
	id, person := pg.NewID(), pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, ?, ?, 'BE', 'Europe/Brussels', ?)`, id, code, "Customs "+code, w.Clock.Now())
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, 'Otto Officer', ?)`, person, person.String(), code+"@agency.example", w.Clock.Now())
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values (?, ?, ?)`, under, id, w.Clock.Now())
	return identity.Actor{PersonID: person, Name: "Otto Officer", Audience: identity.Partners, Role: identity.Officer, AgencyID: id, Agency: "Customs " + code, Zone: time.UTC}
}

// law records a legal event about the membership as headquarters would.
func (w *world) law(e standing.Event) standing.Event {
	w.T.Helper()
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) (err error) {
		e.MembershipID = w.member
		if e.Cause.Kind == "" {
			e.Cause = standing.Cause{Kind: "test", ID: uuid.New()}
		}
		e, err = w.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Chief, e)
		return err
	}))
	return e
}

func (w *world) today() clock.Day { return clock.DayOf(w.Clock.Now(), mustZone("America/New_York")) }

func mustZone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

func (w *world) award(tier string) {
	w.T.Helper()
	w.law(standing.Event{Kind: standing.Awarded, On: w.today(), Tier: tier})
}

func (w *world) ask() recognition.Recognition {
	w.T.Helper()
	r, err := w.svc.Ask(w.Ctx, w.owner, eu, recognition.AskEntry{Membership: w.member, Agree: true, Text: "ctpat-2026.1"})
	w.Must(err)
	return r
}

func (w *world) row(id uuid.UUID) string {
	w.T.Helper()
	return w.Text(`select status || ' ' || end_reason || ' ' || told from recognition where id = $1`, id)
}

func (w *world) events(kind, reason string) int {
	w.T.Helper()
	return w.Count(`select count(*)::int from recognition_event where kind = $1 and reason = $2`, kind, reason)
}

func (w *world) propagate() int {
	w.T.Helper()
	n, err := w.svc.Propagate(w.Ctx, true)
	w.Must(err)
	return n
}

// TestTheJourney: a member asks, the partner takes it up, recognises it, and the member
// withdraws its consent.
func TestTheJourney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.svc.Ask(w.Ctx, w.owner, eu, recognition.AskEntry{Membership: w.member})
	w.Want("without consent", err, fault.Invalid)
	_, err = w.svc.Ask(w.Ctx, w.owner, eu, recognition.AskEntry{Membership: w.member, Agree: true, Text: "ctpat-1999"})
	w.Want("to another text", err, fault.Conflict)
	r := w.ask()
	if r.Status != recognition.Sent || w.events("gained", "") != 1 {
		t.Errorf("after asking: %+v", r)
	}
	if got := w.Text(`select arrangement || ' ' || text_version || ' ' || cardinality(elements) from recognition_consent`); got != eu+" ctpat-2026.1 7" {
		t.Errorf("the consent: %s", got)
	}
	_, err = w.svc.Ask(w.Ctx, w.owner, eu, recognition.AskEntry{Membership: w.member, Agree: true, Text: "ctpat-2026.1"})
	w.Want("twice", err, fault.Conflict)

	desk, err := w.svc.Members(w.Ctx, w.officer, recognition.Sent, 1)
	w.Must(err)
	if len(desk.Items) != 1 || desk.Items[0].Company != "Harbor Trading LLC" || desk.Counts[recognition.Sent] != 1 {
		t.Errorf("the partner's list: %+v", desk)
	}
	w.Must(w.svc.Acknowledge(w.Ctx, w.officer, r.ID, recognition.AnswerEntry{Version: r.Version}))
	w.Want("a stale page", w.svc.Recognise(w.Ctx, w.officer, r.ID, recognition.AnswerEntry{Version: r.Version}), fault.Conflict)
	w.Must(w.svc.Recognise(w.Ctx, w.officer, r.ID, recognition.AnswerEntry{Version: r.Version + 1, Ref: "EU-77"}))
	w.Want("refused without a reason", w.svc.Refuse(w.Ctx, w.officer, r.ID, recognition.AnswerEntry{Version: r.Version + 2}), fault.Invalid)
	w.Must(w.svc.Refuse(w.Ctx, w.officer, r.ID, recognition.AnswerEntry{Version: r.Version + 2, Reason: "NOT_MATCHED"}))
	w.Must(w.svc.Recognise(w.Ctx, w.officer, r.ID, recognition.AnswerEntry{Version: r.Version + 3}))
	p, err := w.svc.Mine(w.Ctx, w.owner)
	w.Must(err)
	if len(p.Items) != 18 {
		t.Errorf("%d arrangements, want 18", len(p.Items))
	}
	for _, i := range p.Items {
		if i.Arrangement.Code == eu && (i.Live() == nil || i.Live().Status != recognition.Recognised || i.Partner != "Customs union" || i.Checks != 0 || i.Consent == nil) {
			t.Errorf("as the company sees it: %+v", i)
		}
		if i.Arrangement.Code == japan && (len(i.Obstacles) != 1 || i.Obstacles[0].Code != recognition.NotYetInForce) {
			t.Errorf("why it cannot ask in Japan: %+v", i.Obstacles)
		}
	}
	if n := w.Count(`select count(*)::int from message where subject_kind = 'recognition'`); n != 4 {
		t.Errorf("%d letters, want 4", n)
	}

	w.Must(w.svc.WithdrawConsent(w.Ctx, w.owner, eu, "ctpat"))
	w.Must(w.svc.WithdrawConsent(w.Ctx, w.owner, eu, "ctpat")) // twice is once
	if w.row(r.ID) != "ended WITHDRAWN_FROM_EXCHANGE ended" || w.events("lost", recognition.WithdrawnFromExchange) != 1 {
		t.Errorf("after the withdrawal: %s", w.row(r.ID))
	}
	seen, err := w.svc.Member(w.Ctx, w.officer, r.ID)
	w.Must(err)
	if seen.Line.Company != "" || len(seen.Numbers) != 0 || len(seen.May) != 0 {
		t.Errorf("the partner still sees %+v", seen)
	}
	w.Want("after the end", w.svc.Recognise(w.Ctx, w.officer, r.ID, recognition.AnswerEntry{Version: w.Count(`select version from recognition`)}), fault.Conflict)
	if again := w.ask(); again.ID == r.ID {
		t.Error("asking again is not a new row")
	}
}

// TestWhoMay: another company's and another partner's rows are not there.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := w.Importer("Stranger Imports")
	editor := w.owner
	editor.Role = identity.Editor
	in := recognition.AskEntry{Membership: w.member, Agree: true, Text: "ctpat-2026.1"}
	for name, c := range map[string]struct {
		by   identity.Actor
		kind fault.Kind
	}{"an editor": {editor, fault.Forbidden}, "another company": {stranger, fault.NotFound}, "staff": {w.Chief, fault.NotFound}, "a partner": {w.officer, fault.NotFound}} {
		_, err := w.svc.Ask(w.Ctx, c.by, eu, in)
		w.Want(name+" asks", err, c.kind)
	}
	_, err := w.svc.Ask(w.Ctx, w.owner, "eu-aeo-jp-aeo", in)
	w.Want("an arrangement of another programme", err, fault.NotFound)
	_, err = w.svc.Ask(w.Ctx, w.owner, japan, in)
	w.Want("not in force", err, fault.Conflict)
	r := w.ask()
	answers := map[string]func(by identity.Actor) error{
		"acknowledge": func(by identity.Actor) error {
			return w.svc.Acknowledge(w.Ctx, by, r.ID, recognition.AnswerEntry{Version: r.Version})
		},
		"recognise": func(by identity.Actor) error {
			return w.svc.Recognise(w.Ctx, by, r.ID, recognition.AnswerEntry{Version: r.Version})
		},
		"refuse": func(by identity.Actor) error {
			return w.svc.Refuse(w.Ctx, by, r.ID, recognition.AnswerEntry{Version: r.Version, Reason: "OTHER"})
		},
		"read": func(by identity.Actor) error { _, err := w.svc.Member(w.Ctx, by, r.ID); return err },
		"acknowledge a notice": func(by identity.Actor) error {
			return w.svc.AcknowledgeNotice(w.Ctx, by, uuid.MustParse(w.Text(`select id::text from recognition_event limit 1`)))
		},
	}
	for what, do := range answers {
		for name, by := range map[string]identity.Actor{"another partner": w.other, "the company": w.owner, "staff": w.Chief} {
			w.Want(name+": "+what, do(by), fault.NotFound)
		}
	}
	w.Want("another company reads the arrangement", w.show(stranger), fault.NotFound)
	// The fence of the database, below the service.
	for name, scope := range map[string]pg.Scope{"another company": stranger.Scope(), "another partner": w.other.Scope()} {
		for _, table := range []string{"recognition", "recognition_event", "recognition_consent", "partner_number"} {
			var n int
			w.Must(w.DB.Batch(w.Ctx, scope, pg.Value(&n, `select count(*)::int from `+table)))
			if n != 0 {
				t.Errorf("%s reads %d rows of %s", name, n, table)
			}
		}
	}
}

func (w *world) show(by identity.Actor) error { _, err := w.svc.Show(w.Ctx, by, eu); return err }

// TestAtOnce: of many who ask or answer at once, one does it.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := func(do func() error) []error {
		errs := make([]error, 4)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() { errs[i] = do() })
		}
		wait.Wait()
		return errs
	}
	if c, done := w.Conflicts(many(func() error {
		_, err := w.svc.Ask(w.Ctx, w.owner, eu, recognition.AskEntry{Membership: w.member, Agree: true, Text: "ctpat-2026.1"})
		return err
	})); done != 1 || c != 3 {
		t.Errorf("asked %d times at once", done)
	}
	id, version := uuid.MustParse(w.Text(`select id::text from recognition`)), w.Count(`select version from recognition`)
	if c, done := w.Conflicts(many(func() error {
		return w.svc.Recognise(w.Ctx, w.officer, id, recognition.AnswerEntry{Version: version})
	})); done != 1 || c != 3 {
		t.Errorf("recognised %d times at once", done)
	}
	w.law(standing.Event{Kind: standing.Suspended, On: w.today()})
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wait.Go(func() { _, errs[i] = w.svc.Propagate(w.Ctx, i%2 == 0) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if n := w.events("suspended", "SUSPENDED"); n != 1 {
		t.Errorf("told %d times, want once", n)
	}
}

// TestAdverseEventsLeaveInTime: what happens to a membership leaves on the day on which it
// counts, within a minute, once, and is taken back.
func TestAdverseEventsLeaveInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.ask()
	if w.propagate() != 0 {
		t.Error("something is told that has not happened")
	}
	cause := standing.Cause{Kind: "test", ID: uuid.New()}
	w.law(standing.Event{Kind: standing.Suspended, On: w.today().AddDays(2), Cause: cause})
	if w.propagate() != 0 {
		t.Error("a suspension of a later day left at once")
	}
	start := w.today().AddDays(2).Start(mustZone("America/New_York"))
	w.Clock.Move(start.Sub(w.Clock.Now()) - time.Second)
	if w.propagate() != 0 {
		t.Error("it left a second before its day")
	}
	w.Clock.Move(time.Second + recognition.Every) // the next run after its day has begun
	if w.propagate() != 1 || w.propagate() != 0 || w.row(r.ID) != "sent  suspended" {
		t.Errorf("on its day: %s", w.row(r.ID))
	}
	if s := w.Count(`select extract(epoch from occurred_at - effective_at)::int from recognition_event where kind = 'suspended'`); s != 15 {
		t.Errorf("it took %d seconds, want 15 and at most 60", s)
	}
	w.Want("recognised while suspended", w.svc.Recognise(w.Ctx, w.officer, r.ID, recognition.AnswerEntry{Version: w.Count(`select version from recognition`)}), fault.Invalid)
	w.law(standing.Event{Kind: standing.Reinstated, On: w.today(), Cause: cause})
	if w.propagate() != 1 || w.events("reinstated", "") != 1 {
		t.Error("it is not told that the suspension was lifted")
	}
	second := w.law(standing.Event{Kind: standing.Suspended, On: w.today()})
	w.propagate()
	w.Clock.Move(time.Hour)
	w.law(standing.Event{Kind: standing.Overturned, On: w.today(), Undoes: &second.ID})
	w.Clock.Move(10 * time.Second)
	if w.propagate() != 1 || w.events("reinstated", "") != 2 {
		t.Error("it is not told that a suspension was overturned")
	}
	if s := w.Count(`select max(extract(epoch from occurred_at - effective_at))::int from recognition_event where kind = 'reinstated'`); s > 60 {
		t.Errorf("an overturned suspension took %d seconds", s)
	}
	w.award("tier_1")
	if w.propagate() != 1 || w.row(r.ID) != "ended TIER_TOO_LOW ended" {
		t.Errorf("with a tier that is too low: %s", w.row(r.ID))
	}
	w.award("tier_3")
	again := w.ask()
	w.law(standing.Event{Kind: standing.Removed, On: w.today()})
	if w.propagate() != 1 || w.row(again.ID) != "ended REVOKED ended" || w.events("lost", "REVOKED") != 1 {
		t.Errorf("after the removal: %s", w.row(again.ID))
	}
	if _, err := w.svc.Ask(w.Ctx, w.owner, eu, recognition.AskEntry{Membership: w.member, Agree: true, Text: "ctpat-2026.1"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("asked after the end: %v", err)
	}
	// Cursors never go back in time.
	if n := w.Count(`select count(*)::int from recognition_event a join recognition_event b on a.seq < b.seq and a.occurred_at > b.occurred_at`); n != 0 {
		t.Errorf("%d events out of order", n)
	}
}

// TestAnArrangementEnds: with it, or with its partner, every recognition under it ends.
func TestAnArrangementEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.ask()
	w.Exec(`update arrangement_agency set until = ? where agency_id = ?`, w.Clock.Now().Add(time.Second), w.officer.AgencyID)
	if w.propagate() != 1 || w.row(r.ID) != "ended NO_PARTNER ended" {
		t.Errorf("without a partner: %s", w.row(r.ID))
	}
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values (?, ?, ?)`, eu, w.officer.AgencyID, w.Clock.Now().Add(2*time.Second))
	r = w.ask()
	w.Exec(`insert into arrangement_event (id, arrangement, kind, on_day, recorded_at, recorder, source) values (?, ?, 'ended', ?, ?, 'x', 'x')`, pg.NewID(), eu, w.today().AddDays(1), w.Clock.Now())
	if w.propagate() != 0 {
		t.Error("it ended before its day")
	}
	w.Clock.Move(24 * time.Hour)
	if w.propagate() != 1 || w.row(r.ID) != "ended ARRANGEMENT_ENDED ended" {
		t.Errorf("after its end: %s", w.row(r.ID))
	}
}

// TestHeadquartersIsAlarmed after a day without an acknowledgement, once.
func TestHeadquartersIsAlarmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ask()
	w.law(standing.Event{Kind: standing.Suspended, On: w.today()})
	w.propagate()
	alarm := func() int { n, err := w.svc.Alarm(w.Ctx); w.Must(err); return n }
	w.Clock.Move(24*time.Hour - time.Second)
	if alarm() != 0 {
		t.Error("alarmed too early")
	}
	w.Clock.Move(time.Second)
	if alarm() != 1 || alarm() != 0 {
		t.Error("not alarmed, or twice")
	}
	speeds, err := w.svc.Speeds(w.Ctx, w.Chief, eu)
	w.Must(err)
	if len(speeds) != 1 || speeds[0].Open != 1 || speeds[0].Late != 1 || speeds[0].LeaveMedian == nil || speeds[0].AckMedian != nil {
		t.Errorf("the speed of the partner: %+v", speeds)
	}
	late, err := w.svc.Late(w.Ctx, w.Chief, uuid.Nil, 1)
	w.Must(err)
	if len(late.Agencies) != 1 || late.Agencies[0].Late != 1 || late.Agencies[0].Unseen != 1 || len(late.Items) != 1 || late.Items[0].Company != "Harbor Trading LLC" || late.Items[0].DeliveredAt != nil {
		t.Errorf("what headquarters reads: %+v", late)
	}
	if late, err = w.svc.Late(w.Ctx, w.Chief, w.other.AgencyID, 1); err != nil || len(late.Agencies) != 1 || len(late.Items) != 0 {
		t.Errorf("of another partner: %+v %v", late, err)
	}
	_, err = w.svc.Late(w.Ctx, w.officer, uuid.Nil, 1)
	w.Want("a partner reads who is late", err, fault.NotFound)
	n, err := w.svc.Notices(w.Ctx, w.officer, true, 1)
	w.Must(err)
	if len(n.Items) != 2 || n.Wait != 2 || n.Items[0].DeliveredAt == nil || n.Items[0].Number == "" {
		t.Errorf("the partner's notices: %+v", n)
	}
	for _, x := range n.Items {
		w.Must(w.svc.AcknowledgeNotice(w.Ctx, w.officer, x.ID))
		w.Must(w.svc.AcknowledgeNotice(w.Ctx, w.officer, x.ID)) // twice is once
	}
	if n, err = w.svc.Notices(w.Ctx, w.officer, true, 1); err != nil || len(n.Items) != 0 {
		t.Errorf("after the acknowledgement: %+v %v", n, err)
	}
	if late, err = w.svc.Late(w.Ctx, w.Chief, uuid.Nil, 1); err != nil || len(late.Agencies) != 0 || len(late.Items) != 0 {
		t.Errorf("nobody is late any more: %+v %v", late, err)
	}
	if k := w.Count(`select count(*)::int from audit_event where action = 'recognition.acknowledge_notice'`); k != 2 {
		t.Errorf("%d audit events, want 2", k)
	}
	if speeds, err = w.svc.Speeds(w.Ctx, w.Chief, eu); err != nil || speeds[0].Open != 0 || speeds[0].Ack95 == nil || *speeds[0].Ack95 < 86400 {
		t.Errorf("the speed of the partner: %+v %v", speeds, err)
	}
	_, err = w.svc.Speeds(w.Ctx, w.owner, eu)
	w.Want("a company reads speeds", err, fault.NotFound)
}

// TestNumbers: a member has many numbers, each with its address and days.
func TestNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.ask()
	site := w.Text(`select id::text from site where company_id = $1 limit 1`, w.owner.CompanyID)
	add := func(in recognition.NumberEntry) error {
		if in.From == "" {
			in.From = "2026-01-01"
		}
		return w.svc.AddNumber(w.Ctx, w.owner, eu, in)
	}
	w.Must(add(recognition.NumberEntry{Scheme: "tin", Value: "usc26-000123", Site: site}))
	w.Must(add(recognition.NumberEntry{Scheme: "gln", Value: "4000001000005", Everybody: true, Address: "12 Elsewhere Road", Site: site, Until: "2026-02-01"}))
	for what, in := range map[string]recognition.NumberEntry{
		"twice": {Scheme: "tin", Value: "USC26000123"}, "too long": {Scheme: "tin", Value: "US" + strings.Repeat("1", 16)}, "a wrong check digit": {Scheme: "gln", Value: "4000001000006"},
		"a scheme that the partner does not take": {Scheme: "obpc", Value: "USABC1"}, "days": {Scheme: "lei", Value: "529900T8BM49AURSDO55", Until: "2025-01-01"},
		"no site": {Scheme: "duns", Value: "150483782", Site: uuid.NewString()}, "twice for everybody": {Scheme: "tin", Value: "USC26000123", Everybody: true},
	} {
		w.Want(what, add(in), fault.Invalid)
	}
	o, err := w.svc.Show(w.Ctx, w.owner, eu)
	w.Must(err)
	if len(o.Numbers) != 2 || len(o.Declared(o.Items[0])) != 1 || len(o.Sites) == 0 {
		t.Fatalf("the page: %+v", o)
	}
	for _, n := range o.Numbers {
		got := n.Warnings(o.Company, o.Today)
		if n.Scheme == "gln" && (len(got) != 2 || got[0] != recognition.NotToday || got[1] != recognition.AddressDiffers) || n.Scheme == "tin" && len(got) != 0 {
			t.Errorf("%s: %v", n.Scheme, got)
		}
	}
	seen, err := w.svc.Member(w.Ctx, w.officer, r.ID)
	w.Must(err)
	if len(seen.Numbers) != 1 || seen.Numbers[0].Value != "USC26000123" {
		t.Errorf("as the partner sees them: %+v", seen.Numbers)
	}
	w.Want("a stranger removes it", w.svc.RemoveNumber(w.Ctx, w.Importer("Stranger Imports"), o.Numbers[0].ID), fault.NotFound)
	w.Must(w.svc.RemoveNumber(w.Ctx, w.owner, o.Numbers[0].ID))
	w.Want("twice removed", w.svc.RemoveNumber(w.Ctx, w.owner, o.Numbers[0].ID), fault.NotFound)
	if n := w.events("identity_changed", ""); n != 3 {
		t.Errorf("the partner was told %d times of numbers, want 3", n)
	}
	mid := recognition.Number{Scheme: "mid", Value: "CNHARTRA12SHA", SiteID: &r.ID, Street: "12 Long Road", City: "Hamburg", Country: "DE", From: o.Today}
	if got := mid.Warnings("Harbor Trading LLC", o.Today); len(got) != 2 || got[0] != recognition.CountryDiffers || got[1] != recognition.CityDiffers {
		t.Errorf("a MID of another place: %v", got)
	}
}

// TestLifecycle prints the legal moves, so that a change of them is seen.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	facts := recognition.Facts{Reason: "OTHER", Stands: true}
	for _, s := range recognition.Statuses() {
		for _, by := range []identity.Role{identity.Reader, identity.Editor, identity.Specialist, identity.Headquarters, identity.Auditor} {
			if got := recognition.Lifecycle().Actions(s, by, facts); len(got) != 0 {
				t.Errorf("%s may %v from %s", by, got, s)
			}
		}
		if got := recognition.Lifecycle().Actions(s, identity.Owner, facts); (len(got) == 1) != (s != recognition.Ended) {
			t.Errorf("an owner may %v from %s", got, s)
		}
	}
}
