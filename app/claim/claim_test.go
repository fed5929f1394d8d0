package claim_test

import (
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/arrangement"
	"trustedtrader/app/benefit"
	"trustedtrader/app/claim"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/finding/findingtest"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/standing"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

const eu = "us-ctpat-eu-aeo"

// world is a member of Tier 2 since 4 March 2026, recognised by the European Union, at 14 March.
type world struct {
	*findingtest.World
	s              *claim.Service
	owner          identity.Actor
	member         uuid.UUID
	officer, other identity.Actor // of the partner, and of another one
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: findingtest.New(t, "2026-03-04T15:00:00Z")}
	register, err := arrangement.Own(w.Steps.Programmes)
	w.Must(err)
	files, err := fs.Sub(config.Imports, "imports")
	w.Must(err)
	reports, err := benefit.LoadData(files)
	w.Must(err)
	w.s = &claim.Service{Reports: reports, DB: w.DB, Now: w.Clock.Now, Programmes: w.Steps.Programmes, Register: register, Clocks: w.Steps.Clocks, Letters: w.Steps.Letters}
	w.owner, w.member = w.Member("Harbor Trading LLC")
	w.law(standing.Event{Kind: standing.Awarded, Tier: "tier_2"})
	w.officer, w.other = w.partner("union", eu), w.partner("nippon", "us-ctpat-jp-aeo")
	w.Exec(`insert into recognition (id, company_id, membership_id, arrangement, agency_id, status, partner_ref, asked_at, sent_at, answered_at) values (?, ?, ?, ?, ?, 'recognised', 'EU-7', ?, ?, ?)`,
		pg.NewID(), w.owner.CompanyID, w.member, eu, w.officer.AgencyID, w.Clock.Now(), w.Clock.Now(), w.Clock.Now())
	w.Clock.Move(10 * 24 * time.Hour)
	return w
}

func (w *world) partner(code, under string) identity.Actor {
	w.T.Helper()
	id, person := pg.NewID(), pg.NewID()
	w.Exec(`insert into agency (id, code, name, country, zone, created_at) values (?, ?, ?, 'BE', 'Europe/Brussels', ?)`, id, code, "Customs "+code, w.Clock.Now())
	w.Exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, 'Otto Officer', ?)`, person, person.String(), code+"@agency.example", w.Clock.Now())
	w.Exec(`insert into person_right (id, person_id, audience, role, agency_id, starts_on, ends_on, granted_at) values (?, ?, 'partner', 'officer', ?, '2000-01-01', '2099-01-01', ?)`, pg.NewID(), person, id, w.Clock.Now())
	w.Exec(`insert into arrangement_agency (arrangement, agency_id, since) values (?, ?, ?)`, under, id, w.Clock.Now())
	return identity.Actor{PersonID: person, Name: "Otto Officer", Audience: identity.Partners, Role: identity.Officer, AgencyID: id, Agency: "Customs " + code, Zone: time.UTC}
}

func (w *world) law(e standing.Event) standing.Event {
	w.T.Helper()
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) (err error) {
		e.MembershipID, e.Cause = w.member, standing.Cause{Kind: "test", ID: uuid.New()}
		if e.On.IsZero() {
			e.On = clock.DayOf(w.Clock.Now(), time.UTC)
		}
		e, err = w.Members.Standing.Record(w.Ctx, tx, w.Clock.Now(), w.Chief, e)
		return err
	}))
	return e
}

func (w *world) day(s string) clock.Day {
	w.T.Helper()
	d, err := clock.ParseDay(s)
	w.Must(err)
	return d
}

func (w *world) entry() claim.Entry {
	return claim.Entry{Membership: w.member, Benefit: "fewer_examinations", From: w.day("2026-03-06"), Place: "Newark", Refs: "E-0000001", Happened: "Every container was opened."}
}

func (w *world) abroad() claim.Entry {
	in := w.entry()
	in.Benefit, in.Place, in.Arrangement = "recognition", "", eu
	return in
}

func (w *world) open(in claim.Entry) claim.Claim {
	w.T.Helper()
	c, err := w.s.Open(w.Ctx, w.owner, in)
	w.Must(err)
	return c
}

func (w *world) version(id uuid.UUID) int {
	w.T.Helper()
	return w.Count(`select version from claim where id = $1`, id)
}

func (w *world) status(id uuid.UUID) string {
	w.T.Helper()
	return w.Text(`select status || ' ' || outcome from claim where id = $1`, id)
}

func (w *world) take(id uuid.UUID) {
	w.T.Helper()
	w.Must(w.s.Take(w.Ctx, w.Sam, id, w.version(id)))
}

func (w *world) letters(code string) int {
	w.T.Helper()
	return w.Count(`select count(*)::int from message where letter = $1`, code)
}

func (w *world) says(err error, kind fault.Kind, part string) {
	w.T.Helper()
	text := ""
	for _, f := range fault.Fields(err) {
		text += f.String() + " "
	}
	if err == nil || fault.KindOf(err) != kind || !strings.Contains(text+err.Error(), part) {
		w.T.Errorf("%v (%s), want %v with %q", err, text, kind, part)
	}
}

// A claim is answered within thirty days, asked again once with new facts, and answered again.
func TestFromClaimToAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open(w.entry())
	if !strings.HasPrefix(c.Reference, "B-2026-") || c.Tier != "tier_2" || c.LastOn != c.FirstOn {
		t.Errorf("%+v", c)
	}
	if due := w.Text(`select due_on::text from clock where subject_kind = 'claim' and subject_id = $1`, c.ID); due != "2026-04-13" {
		t.Errorf("due on %s", due)
	}
	_, err := w.s.Open(w.Ctx, w.owner, w.entry())
	w.Want("the same again", err, fault.Conflict)
	w.Want("not in hand", w.s.Answer(w.Ctx, w.Sam, c.ID, claim.AnswerEntry{Reason: "not_known", Answer: "x", Version: 1}), fault.Conflict)
	w.take(c.ID)
	w.Want("stale", w.s.Take(w.Ctx, w.Boss, c.ID, 1), fault.Conflict)
	w.Want("in another's hand", w.s.Answer(w.Ctx, w.Boss, c.ID, claim.AnswerEntry{Reason: "not_known", Answer: "x", Version: 2}), fault.Invalid)
	w.Want("no partner to ask", w.s.Ask(w.Ctx, w.Sam, c.ID, claim.AskEntry{Question: "?", Version: 2}), fault.Invalid)
	w.Want("without a reason", w.s.Answer(w.Ctx, w.Sam, c.ID, claim.AnswerEntry{Answer: "x", Version: 2}), fault.Invalid)
	w.Want("without words", w.s.Answer(w.Ctx, w.Sam, c.ID, claim.AnswerEntry{Reason: "not_known", Version: 2}), fault.Invalid)
	w.Want("an unknown reason", w.s.Answer(w.Ctx, w.Sam, c.ID, claim.AnswerEntry{Reason: "because", Answer: "x", Version: 2}), fault.Invalid)
	w.Must(w.s.Answer(w.Ctx, w.Sam, c.ID, claim.AnswerEntry{Reason: "for_cause", Answer: "A seal was cut.", Version: 2}))
	if got := w.status(c.ID); got != "answered not_owed" {
		t.Errorf("%s", got)
	}
	w.Want("no facts", w.s.Again(w.Ctx, w.owner, c.ID, claim.AgainEntry{Version: 3}), fault.Invalid)
	w.Must(w.s.Again(w.Ctx, w.owner, c.ID, claim.AgainEntry{Facts: "It was another container.", Version: 3}))
	w.take(c.ID)
	w.Must(w.s.Answer(w.Ctx, w.Sam, c.ID, claim.AnswerEntry{Reason: "not_known", Answer: "The list was old. It is new now.", Version: w.version(c.ID)}))
	w.Want("a third time", w.s.Again(w.Ctx, w.owner, c.ID, claim.AgainEntry{Facts: "More", Version: w.version(c.ID)}), fault.Invalid)
	for letter, n := range map[string]int{"claim_received": 2, "claim_in_hand": 2, "claim_answered": 2} {
		if got := w.letters(letter); got != n {
			t.Errorf("%d letters %s", got, letter)
		}
	}
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and stopped_at is null`, c.ID); n != 0 {
		t.Errorf("%d clocks run after the answer", n)
	}
	r, err := w.s.Read(w.Ctx, w.owner, c.ID)
	if err != nil || len(r.Steps) != 6 || r.Outcome != claim.NotGiven || len(r.Asked) != 0 || len(r.Actions) != 0 {
		t.Errorf("%+v %v", r, err)
	}
	list, err := w.s.Numbers(w.Ctx, w.Chief)
	if err != nil || len(list) != 1 || list[0] != (claim.Tally{Year: 2026, Programme: "ctpat", Benefit: "fewer_examinations", Made: 1, NotGiven: 1}) {
		t.Errorf("%+v %v", list, err)
	}
	_, err = w.s.Numbers(w.Ctx, w.Sam)
	w.Want("numbers for a specialist", err, fault.NotFound)
}

// What applied on the day is what a refusal says.
func TestNotEntitled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refused := func(change func(*claim.Entry), part string) {
		t.Helper()
		in := w.entry()
		change(&in)
		_, err := w.s.Open(w.Ctx, w.owner, in)
		w.says(err, fault.Invalid, part)
	}
	refused(func(in *claim.Entry) { in.From = w.day("2026-03-01") }, "had not begun")
	refused(func(in *claim.Entry) { in.From = w.day("2026-03-15") }, "not in the future")
	refused(func(in *claim.Entry) { in.From = w.day("2023-03-15") }, "within the last 24 months")
	refused(func(in *claim.Entry) { in.From, in.To = w.day("2026-03-06"), w.day("2026-03-05") }, "not before the first")
	refused(func(in *claim.Entry) { in.Benefit = "expedited_release" }, "Tier 3")
	refused(func(in *claim.Entry) { in.Benefit = "nothing" }, "Choose the benefit")
	refused(func(in *claim.Entry) { in.Place = "" }, "the port or the place")
	refused(func(in *claim.Entry) { in.Happened = " " }, "happened")
	refused(func(in *claim.Entry) { in.Refs = strings.Repeat("x", 2001) }, "entry numbers")
	refused(func(in *claim.Entry) { in.Benefit, in.Arrangement = "recognition", "" }, "Choose the partner")
	refused(func(in *claim.Entry) { in.Benefit, in.Arrangement = "recognition", "us-ctpat-jp-aeo" }, "does not recognize")

	w.law(standing.Event{Kind: standing.Limited, On: w.day("2026-03-16"), Benefits: []string{"fast_lanes"}})
	on := w.law(standing.Event{Kind: standing.Suspended, On: w.day("2026-03-20")})
	w.Clock.Move(10 * 24 * time.Hour) // 24 March
	refused(func(in *claim.Entry) { in.Benefit, in.From = "fast_lanes", w.day("2026-03-17") }, "was denied")
	refused(func(in *claim.Entry) { in.From = w.day("2026-03-21") }, "was suspended")
	refused(func(in *claim.Entry) { in.To = w.day("2026-03-21") }, "On 2026-03-20 the membership was suspended")
	in := w.entry()
	in.Benefit = "fast_lanes"
	w.open(in) // on 6 March it was not denied

	// A suspension that is overturned was never there: the claim is taken now.
	w.law(standing.Event{Kind: standing.Overturned, Undoes: &on.ID, On: on.On})
	in = w.entry()
	in.From = w.day("2026-03-21")
	w.open(in)
	if n := w.Count(`select count(*)::int from claim`); n != 2 {
		t.Errorf("%d claims", n)
	}
}

// The partner sees what it is asked and nothing else, and its answer comes back.
func TestAskThePartner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open(w.abroad())
	w.take(c.ID)
	w.Want("no question", w.s.Ask(w.Ctx, w.Sam, c.ID, claim.AskEntry{Version: 2}), fault.Invalid)
	w.Must(w.s.Ask(w.Ctx, w.Sam, c.ID, claim.AskEntry{Question: "Was it given at Antwerp?", Refs: true, Version: 2}))
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and paused`, c.ID); n != 1 {
		t.Error("the clock runs while the partner is asked")
	}
	if n := w.Count(`select count(*)::int from mail where to_address = 'union@agency.example'`); n != 1 {
		t.Errorf("%d mails to the partner", n)
	}
	l, err := w.s.Questions(w.Ctx, w.officer, "", 1)
	if err != nil || len(l.Items) != 1 || l.Counts[claim.RequestAsked] != 1 {
		t.Fatalf("%+v %v", l, err)
	}
	q, err := w.s.Question(w.Ctx, w.officer, l.Items[0].ID)
	if err != nil || q.Company != "Harbor Trading LLC" || q.PartnerRef != "EU-7" || q.Refs != "E-0000001" || q.Told != "" || q.Question == "" {
		t.Errorf("%+v %v", q, err)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'claim.partner_read' and subject_id = $1`, c.ID); n != 1 {
		t.Error("the look is not recorded")
	}
	// Another agency, the member and staff find nothing here; the partner nothing else.
	for name, by := range map[string]identity.Actor{"another agency": w.other, "the member": w.owner, "staff": w.Sam} {
		_, err := w.s.Question(w.Ctx, by, q.ID)
		w.Want(name, err, fault.NotFound)
		w.Want(name+" answers", w.s.Reply(w.Ctx, by, q.ID, claim.ReplyEntry{Reason: "benefit_applied", Version: 1}), fault.NotFound)
	}
	if l, err := w.s.Questions(w.Ctx, w.other, "", 1); err != nil || len(l.Items) != 0 {
		t.Errorf("another agency lists %d, %v", len(l.Items), err)
	}
	for _, table := range []string{"claim", "claim_step", "enclosure", "benefit_event", "benefit_month"} {
		var n int
		w.Must(w.DB.Batch(w.Ctx, w.officer.Scope(), pg.Value(&n, `select count(*)::int from `+table)))
		if n != 0 {
			t.Errorf("the partner sees %d rows of %s", n, table)
		}
	}
	var n int
	w.Must(w.DB.Batch(w.Ctx, w.owner.Scope(), pg.Value(&n, `select count(*)::int from claim_request`)))
	if n != 0 {
		t.Error("the member sees the agency's question")
	}

	w.Want("no reason", w.s.Reply(w.Ctx, w.officer, q.ID, claim.ReplyEntry{Version: 1}), fault.Invalid)
	w.Want("too long", w.s.Reply(w.Ctx, w.officer, q.ID, claim.ReplyEntry{Reason: "benefit_applied", Done: strings.Repeat("x", 2001), Version: 1}), fault.Invalid)
	w.Want("stale", w.s.Reply(w.Ctx, w.officer, q.ID, claim.ReplyEntry{Reason: "benefit_applied", Version: 7}), fault.Conflict)
	errs := make([]error, 6)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			errs[i] = w.s.Reply(w.Ctx, w.officer, q.ID, claim.ReplyEntry{Reason: "member_not_known", Done: "We have loaded the list.", Version: 1})
		})
	}
	group.Wait()
	if conflicts, done := w.Conflicts(errs); done != 1 || conflicts != 5 {
		t.Errorf("%d answered, %d refused", done, conflicts)
	}
	if got := w.status(c.ID); got != "in_hand " {
		t.Errorf("%s", got)
	}
	if n := w.Count(`select count(*)::int from clock where subject_id = $1 and paused`, c.ID); n != 0 {
		t.Error("the clock still stands")
	}
	r, err := w.s.Read(w.Ctx, w.Sam, c.ID)
	if err != nil || len(r.Asked) != 1 || r.Asked[0].Outcome != claim.NotGiven || r.Asked[0].Done != "We have loaded the list." {
		t.Errorf("%+v %v", r.Asked, err)
	}
	if w.letters("claim_partner_asked") != 1 || w.letters("claim_partner_answered") != 1 {
		t.Error("the member was not told of each step")
	}

	// A second question is taken back; the name is shown only while the member takes part.
	w.Must(w.s.Ask(w.Ctx, w.Sam, c.ID, claim.AskEntry{Question: "Is it mended?", Happened: true, Version: w.version(c.ID)}))
	w.Exec(`update recognition set status = 'ended', ended_at = ?, end_reason = 'WITHDRAWN_FROM_EXCHANGE' where membership_id = ?`, w.Clock.Now(), w.member)
	l, err = w.s.Questions(w.Ctx, w.officer, claim.RequestAsked, 1)
	if err != nil || len(l.Items) != 1 || l.Items[0].Company != "" || l.Items[0].Told != "Every container was opened." {
		t.Errorf("%+v %v", l.Items, err)
	}
	w.Must(w.s.Recall(w.Ctx, w.Sam, c.ID, w.version(c.ID)))
	w.Want("recalled", w.s.Reply(w.Ctx, w.officer, l.Items[0].ID, claim.ReplyEntry{Reason: "benefit_applied", Version: 1}), fault.Conflict)
	w.Want("no consent", w.s.Ask(w.Ctx, w.Sam, c.ID, claim.AskEntry{Question: "?", Version: w.version(c.ID)}), fault.Conflict)
}

// A member that takes its claim back while the partner is asked takes the question back too.
func TestWithdrawWhileAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open(w.abroad())
	w.take(c.ID)
	w.Must(w.s.Ask(w.Ctx, w.Sam, c.ID, claim.AskEntry{Question: "?", Version: 2}))
	w.Must(w.s.Withdraw(w.Ctx, w.owner, c.ID, 3))
	if got := w.Text(`select c.status || ' ' || q.status from claim c join claim_request q on q.claim_id = c.id`); got != "withdrawn recalled" {
		t.Errorf("%s", got)
	}
	w.Want("twice", w.s.Withdraw(w.Ctx, w.owner, c.ID, 4), fault.Conflict)
	w.open(w.abroad()) // and makes it anew
}

func TestWhoMayClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open(w.entry())
	stranger, _ := w.Member("Nosy Neighbor Inc")
	reader := w.owner
	reader.Role = identity.Reader
	do := map[string]func(by identity.Actor) error{
		"open": func(by identity.Actor) error {
			in := w.entry()
			in.Place = "Boston"
			_, err := w.s.Open(w.Ctx, by, in)
			return err
		},
		"withdraw": func(by identity.Actor) error { return w.s.Withdraw(w.Ctx, by, c.ID, 1) },
		"again": func(by identity.Actor) error {
			return w.s.Again(w.Ctx, by, c.ID, claim.AgainEntry{Facts: "x", Version: 1})
		},
	}
	for name, f := range do {
		w.Want(name+" by another company", f(stranger), fault.NotFound)
		w.Want(name+" by a reader", f(reader), fault.Forbidden)
		w.Want(name+" by staff", f(w.Sam), fault.Forbidden)
	}
	desk := map[string]func(by identity.Actor) error{
		"take": func(by identity.Actor) error { return w.s.Take(w.Ctx, by, c.ID, 1) },
		"ask": func(by identity.Actor) error {
			return w.s.Ask(w.Ctx, by, c.ID, claim.AskEntry{Question: "x", Version: 1})
		},
		"recall": func(by identity.Actor) error { return w.s.Recall(w.Ctx, by, c.ID, 1) },
		"answer": func(by identity.Actor) error {
			return w.s.Answer(w.Ctx, by, c.ID, claim.AnswerEntry{Reason: "not_known", Answer: "x", Version: 1})
		},
	}
	for name, f := range desk {
		w.Want(name+" by the company", f(w.owner), fault.NotFound)
		w.Want(name+" by a partner", f(w.officer), fault.NotFound)
		w.Want(name+" by an auditor", f(w.Auditor), fault.Forbidden)
	}
	for name, by := range map[string]identity.Actor{"another company": stranger, "a partner": w.officer} {
		_, err := w.s.Read(w.Ctx, by, c.ID)
		w.Want("read by "+name, err, fault.NotFound)
	}
	if _, err := w.s.Read(w.Ctx, w.Auditor, c.ID); err != nil {
		t.Error(err)
	}
	for _, table := range []string{"claim", "claim_step"} {
		for name, scope := range map[string]pg.Scope{"stranger": stranger.Scope(), "nobody": {}} {
			var n int
			w.Must(w.DB.Batch(w.Ctx, scope, pg.Value(&n, `select count(*)::int from `+table)))
			if n != 0 {
				t.Errorf("%s sees %d rows of %s", name, n, table)
			}
		}
	}
	if l, err := w.s.Own(w.Ctx, stranger, 1); err != nil || len(l.Items) != 0 {
		t.Errorf("a stranger lists %d, %v", len(l.Items), err)
	}
	f, err := w.s.Form(w.Ctx, w.owner, w.member)
	if err != nil || len(f.Choices) < 8 || len(f.Partners) != 1 {
		t.Errorf("%+v %v", f, err)
	}
	_, err = w.s.Form(w.Ctx, stranger, w.member)
	w.Want("another company's form", err, fault.NotFound)

	// Two specialists reach for it at once: one has it.
	errs := make([]error, 6)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { errs[i] = w.s.Take(w.Ctx, []identity.Actor{w.Sam, w.Sue}[i%2], c.ID, 1) })
	}
	group.Wait()
	if conflicts, done := w.Conflicts(errs); done != 1 || conflicts != 5 {
		t.Errorf("%d took it, %d refused", done, conflicts)
	}
	w.Clock.Move(40 * 24 * time.Hour)
	for queue, n := range map[claim.QueueName]int{claim.Waiting: 0, claim.AllOpen: 1, claim.Overdue: 1, claim.Partners: 0, claim.Done: 0} {
		q, err := w.s.Desk(w.Ctx, w.Chief, claim.Filter{Queue: queue})
		if err != nil || len(q.Items) != n || q.Counts[queue] != n {
			t.Errorf("%s: %d, counted %d, %v", queue, len(q.Items), q.Counts[queue], err)
		}
	}
	_, err = w.s.Desk(w.Ctx, w.owner, claim.Filter{})
	w.Want("the desk for a company", err, fault.NotFound)
}
