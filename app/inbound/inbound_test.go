package inbound_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/inbound"
	"trustedtrader/app/pg"
	"trustedtrader/app/recognition"
)

const heading = "AEO number;Company;Country;Status;Valid to\n"

func (w *world) bring(by identity.Actor, kind, day, rows string) (inbound.Feed, error) {
	return w.svc.Bring(w.Ctx, by, w.channel, inbound.BringEntry{Kind: kind, AsOf: day, FileName: `c:\lists\aeo.csv`}, strings.NewReader(rows))
}

func (w *world) take(by identity.Actor, id uuid.UUID, agreed bool) error {
	f := w.feed(by, id)
	return w.svc.Take(w.Ctx, by, id, inbound.TakeEntry{Version: f.Version, Agreed: agreed, Fallen: f.Fallen})
}

func (w *world) first() inbound.Feed {
	w.T.Helper()
	f, err := w.bring(w.ada, inbound.Full, "2026-03-02", heading+"DE-AEOF 1;Elbe Freight GmbH;DE;active;2030-01-31\nFRAEOC2;Seine SA;FR;Valid;\nNLAEOS3;Maas BV;nl;certified;31.12.2029\n")
	w.Must(err)
	w.Must(w.take(w.otto, f.ID, false))
	return f
}

// TestTheJourney: a full list, its take-over by another person, and lists of changes after it.
func TestTheJourney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, _ := w.Member("Harbor Trading LLC")
	w.Exec(`insert into business_partner (company_id, name, country, role, risk, identifiers, created_at) values (?, 'Elbe Freight', 'DE', 'factory', 'low', 'AEO: de-aeof 1', ?)`, owner.CompanyID, w.Clock.Now())
	f, err := w.bring(w.ada, inbound.Full, "2026-03-02", heading+"DE-AEOF 1;Elbe Freight GmbH;DE;active;2030-01-31\nFRAEOC2;Seine SA;FR;Valid;\nNLAEOS3;Maas BV;nl;certified;31.12.2029\n")
	w.Must(err)
	w.counts("first", f.ID, map[inbound.Change]int{inbound.New: 3})
	if w.operators() != "" {
		t.Error("a list takes effect before anybody has decided")
	}
	w.Want("who brought it takes it over", w.take(w.ada, f.ID, false), fault.Conflict)
	w.Must(w.take(w.otto, f.ID, false))
	w.Want("twice", w.take(w.otto, f.ID, false), fault.Conflict)
	if got := w.operators(); got != "DE-AEOF 1 confirmed, FRAEOC2 confirmed, NLAEOS3 confirmed" {
		t.Errorf("taken over: %s", got)
	}
	f, err = w.bring(w.otto, inbound.Delta, "2026-03-03", heading)
	w.Want("an officer brings a list", err, fault.NotFound)
	f, err = w.bring(w.ada, inbound.Delta, "2026-03-03", heading+"DEAEOF1;Elbe Freight GmbH;DE;Suspended;2030-01-31\nFRAEOC2;Seine & Fils SA;FR;active;\nITAEOF4;Tevere SpA;IT;active;\nESAEOC5;Ebro SL;ES;revoked;\n")
	w.Must(err)
	w.counts("changes", f.ID, map[inbound.Change]int{inbound.Suspended: 1, inbound.Changed: 1, inbound.New: 1, inbound.Unchanged: 1})
	p, err := w.svc.Feed(w.Ctx, w.otto, f.ID, inbound.Changed, 1)
	w.Must(err)
	if d := p.List[0].Differences(); len(d) != 1 || d[0] != (inbound.Difference{Field: "name", Was: "Seine SA", Is: "Seine & Fils SA"}) {
		t.Errorf("differences: %v", d)
	}
	if p.Fallen != 1 || p.Base != 3 || p.Reliant != 1 || !p.Drop {
		t.Errorf("falls: %d of %d, %d members, %v", p.Fallen, p.Base, p.Reliant, p.Drop)
	}
	w.Want("a third falls without a word", w.take(w.otto, f.ID, false), fault.Invalid)
	w.Want("another number was read", w.svc.Take(w.Ctx, w.otto, f.ID, inbound.TakeEntry{Version: p.Version, Agreed: true, Fallen: 2}), fault.Invalid)
	w.Must(w.take(w.otto, f.ID, true))
	if got := w.operators(); got != "DEAEOF1 suspended, FRAEOC2 confirmed, ITAEOF4 confirmed, NLAEOS3 confirmed" {
		t.Errorf("after the changes: %s", got)
	}
	if n := w.Count(`select count(*)::int from partner_matter where company_id = $1 and status = 'suspended' and settled_at is null`, owner.CompanyID); n != 1 {
		t.Errorf("%d tasks for the member that relies on it", n)
	}
	n, err := w.svc.Recognitions.TellReliant(w.Ctx)
	w.Must(err)
	if letters := w.Count(`select count(*)::int from message where letter = 'foreign_partner_changed' and company_id = $1`, owner.CompanyID); n != 1 || letters != 1 {
		t.Errorf("%d told, %d letters", n, letters)
	}
	if again, err := w.svc.Recognitions.TellReliant(w.Ctx); err != nil || again != 0 {
		t.Errorf("told again: %d %v", again, err)
	}
	f, err = w.bring(w.ada, inbound.Delta, "2026-03-04", "number,name,country,status\nDEAEOF1,Elbe Freight GmbH,DE,active\n")
	w.Must(err)
	w.counts("back", f.ID, map[inbound.Change]int{inbound.Confirmed: 1})
	w.Must(w.take(w.otto, f.ID, false))
	if got := w.Text(`select coalesce(valid_until::text, '') from foreign_operator where search_key = 'DEAEOF1'`); got != "2030-01-31" {
		t.Errorf("what the list does not say was cleared: %q", got)
	}
	if n := w.Count(`select count(*)::int from partner_matter where settled_at is null`); n != 0 {
		t.Errorf("%d tasks stay open", n)
	}
	if n := w.Count(`select count(*)::int from foreign_operator_event where operator_id = (select id from foreign_operator where search_key = 'DEAEOF1')`); n != 3 {
		t.Errorf("%d entries of its history, want 3", n)
	}
	if n := w.Count(`select count(*)::int from audit_event where action = 'inbound_feed.take'`); n != 3 {
		t.Errorf("%d audit events, want 3", n)
	}
}

// TestRefusals: who may not, what cannot be read, and what is refused.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.first()
	for name, by := range map[string]identity.Actor{"another partner": w.other, "a specialist": w.Sam, "a company": w.Importer("Nosy Inc"), "an officer": w.otto} {
		_, err := w.bring(by, inbound.Full, "2026-03-04", heading+"DEAEOF1;Elbe Freight GmbH;DE;active;\n")
		w.Want(name+" brings a list", err, fault.NotFound)
	}
	_, err := w.svc.Feed(w.Ctx, w.other, f.ID, "", 1)
	w.Want("another partner reads it", err, fault.NotFound)
	_, _, err = w.svc.Errors(w.Ctx, w.other, f.ID)
	w.Want("another partner reads its errors", err, fault.NotFound)
	_, err = w.svc.Channels(w.Ctx, w.Importer("Nosy Two Inc"), false)
	w.Want("a company lists channels", err, fault.NotFound)
	row := heading + "DEAEOF1;Elbe Freight GmbH;DE;active;\n"
	for name, c := range map[string]struct{ kind, day, rows string }{
		"no kind": {"", "2026-03-04", row}, "no day": {inbound.Full, "", row}, "a day to come": {inbound.Full, "2026-03-09", row}, "an older day": {inbound.Full, "2026-03-01", row},
		"nothing": {inbound.Full, "2026-03-04", ""}, "a heading alone": {inbound.Full, "2026-03-04", heading},
	} {
		_, err := w.bring(w.ada, c.kind, c.day, c.rows)
		w.Want(name, err, fault.Invalid)
	}
	_, err = w.svc.Bring(w.Ctx, w.ada, w.channel, inbound.BringEntry{Kind: inbound.Full, AsOf: "2026-03-04", Rows: "3"}, strings.NewReader(row))
	w.Want("fewer rows than there must be", err, fault.Invalid)
	_, err = w.svc.Bring(w.Ctx, w.ada, uuid.New(), inbound.BringEntry{Kind: inbound.Full, AsOf: "2026-03-04"}, strings.NewReader(row))
	w.Want("no such channel", err, fault.NotFound)

	half, err := w.bring(w.ada, inbound.Full, "2026-03-04", row)
	w.Must(err)
	w.counts("half a file", half.ID, map[inbound.Change]int{inbound.Unchanged: 0, inbound.Changed: 1, inbound.Missing: 2})
	w.Want("half a file, without a word", w.take(w.otto, half.ID, false), fault.Invalid)
	w.Want("an old version", w.svc.Take(w.Ctx, w.otto, half.ID, inbound.TakeEntry{Version: 1}), fault.Conflict)
	w.Want("headquarters decides for the agency", w.take(w.hugo, half.ID, true), fault.Conflict)
	w.Want("refused without a reason", w.svc.Refuse(w.Ctx, w.otto, half.ID, half.Version, " "), fault.Invalid)
	w.Want("refused by who brought it", w.svc.Refuse(w.Ctx, w.ada, half.ID, half.Version, "No"), fault.Conflict)
	w.Want("taken back by another", w.svc.Withdraw(w.Ctx, w.otto, half.ID, half.Version), fault.Conflict)
	w.Must(w.svc.Refuse(w.Ctx, w.otto, half.ID, half.Version, "Half of it is missing"))
	w.Want("after the end", w.take(w.otto, half.ID, true), fault.Conflict)
	if got := w.operators(); got != "DE-AEOF 1 confirmed, FRAEOC2 confirmed, NLAEOS3 confirmed" {
		t.Errorf("refused lists changed something: %s", got)
	}
	own, err := w.bring(w.ada, inbound.Delta, "2026-03-04", row)
	w.Must(err)
	w.Must(w.svc.Withdraw(w.Ctx, w.ada, own.ID, own.Version))
	for name, scope := range map[string]pg.Scope{"another agency": w.other.Scope(), "a company": w.Importer("Nosy Three Inc").Scope()} { // the fence, below the service
		var n int
		w.Must(w.DB.Batch(w.Ctx, scope, pg.Value(&n, `select (select count(*) from inbound_feed) + (select count(*) from inbound_row) + (select count(*) from inbound_channel) + (select count(*) from inbound_piece) + (select count(*) from foreign_operator_event)`)))
		if n != 0 {
			t.Errorf("%s reads %d rows", name, n)
		}
	}
}

// TestOlderLists: what was brought before a list that was taken over is not taken over after it.
func TestOlderLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.first()
	early, err := w.bring(w.ada, inbound.Delta, "2026-03-03", heading+"FRAEOC2;Seine SA;FR;revoked;\n")
	w.Must(err)
	sameDay, err := w.bring(w.ada, inbound.Delta, "2026-03-04", heading+"FRAEOC2;Seine SA;FR;revoked;\n")
	w.Must(err)
	w.Clock.Move(time.Minute)
	late, err := w.bring(w.ada, inbound.Delta, "2026-03-04", heading+"ITAEOF4;Tevere SpA;IT;active;\n")
	w.Must(err)
	w.Must(w.take(w.otto, late.ID, false))
	w.Want("of an earlier day", w.take(w.otto, early.ID, true), fault.Invalid)
	w.Want("brought earlier on the same day", w.take(w.otto, sameDay.ID, true), fault.Invalid)
	if p := w.feed(w.otto, early.ID); !p.Older {
		t.Error("its page does not say so")
	}
}

// TestWrongRows: they are told one by one, and an operator whose row is wrong does not end.
func TestWrongRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.first()
	f, err := w.bring(w.ada, inbound.Full, "2026-03-04", heading+"DEAEOF1;Elbe Freight GmbH;XX;active;2030-01-31\nFRAEOC2;Seine SA;FR;sleeping;\nNLAEOS3;Maas BV;NL;active;2025-01-01\n=1+1+1;=HYPERLINK(0);DE;active;3/4/2026\nITAEOF4;Tevere;IT;active;\nIT AEOF 4;Tevere;IT;active;\n")
	w.Must(err)
	w.counts("wrong", f.ID, map[inbound.Change]int{inbound.Wrong: 6})
	_, text, err := w.svc.Errors(w.Ctx, w.otto, f.ID)
	w.Must(err)
	for _, want := range []string{"2,DEAEOF1,", "'=HYPERLINK(0)", "Enter the day as YYYY-MM-DD", "stands more than once", "its last day has passed"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the errors do not say %q:\n%s", want, text)
		}
	}
	w.Must(w.take(w.otto, f.ID, false))
	if got := w.operators(); got != "DE-AEOF 1 confirmed, FRAEOC2 confirmed, NLAEOS3 confirmed" {
		t.Errorf("a wrong row ended its operator: %s", got)
	}
	f, err = w.bring(w.ada, inbound.Full, "2026-03-04", heading+"DEAEOF1;Elbe Freight GmbH;DE;active;2030-01-31\n--;Seine SA;FR;active;\nNLAEOS3;Maas BV;NL;active;2029-12-31\n")
	w.Must(err)
	w.Want("a full list with a row of nobody", w.take(w.otto, f.ID, true), fault.Invalid)
}

// TestColumns: headings that nobody knows are named by hand, and known the next time. Days of a
// workbook are read.
func TestColumns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	book := func(rows ...[]any) []byte {
		x := excelize.NewFile()
		for i, r := range rows {
			w.Must(x.SetSheetRow("Sheet1", "A"+strconv.Itoa(i+1), &r))
		}
		var b bytes.Buffer
		w.Must(x.Write(&b))
		return b.Bytes()
	}
	head := []any{"Kennzeichen", "Bezeichnung", "Staat", "Zustand", "Bis wann"}
	content := book(head, []any{"DEAEOF1", "Elbe", "DE", "active", 47514})
	f, err := w.svc.Bring(w.Ctx, w.ada, w.channel, inbound.BringEntry{Kind: inbound.Full, AsOf: "2026-03-04"}, bytes.NewReader(content))
	w.Must(err)
	if p := w.feed(w.ada, f.ID); p.Status != inbound.Unread || p.Can(inbound.Take) || !p.Can(inbound.Map) {
		t.Fatalf("unknown headings: %s %v", p.Status, p.May)
	}
	places := map[string]int{"number": 0, "name": 1, "country": 2, "status": 3, "until": 4}
	w.Want("another names them", w.svc.Columns(w.Ctx, w.other, f.ID, inbound.MapEntry{Version: 1, Places: places}), fault.NotFound)
	w.Want("an officer names them", w.svc.Columns(w.Ctx, w.otto, f.ID, inbound.MapEntry{Version: 1, Places: places}), fault.Conflict)
	w.Want("one is left out", w.svc.Columns(w.Ctx, w.ada, f.ID, inbound.MapEntry{Version: 1, Places: map[string]int{"number": 0}}), fault.Invalid)
	w.Want("one twice", w.svc.Columns(w.Ctx, w.ada, f.ID, inbound.MapEntry{Version: 1, Places: map[string]int{"number": 0, "name": 0, "country": 2, "status": 3}}), fault.Invalid)
	w.Want("beyond the file", w.svc.Columns(w.Ctx, w.ada, f.ID, inbound.MapEntry{Version: 1, Places: map[string]int{"number": 0, "name": 9, "country": 2, "status": 3}}), fault.Invalid)
	w.Must(w.svc.Columns(w.Ctx, w.ada, f.ID, inbound.MapEntry{Version: 1, Places: places}))
	w.counts("named", f.ID, map[inbound.Change]int{inbound.New: 1})
	w.Must(w.take(w.otto, f.ID, false))
	if got := w.Text(`select valid_until::text from foreign_operator`); got != "2030-01-31" {
		t.Errorf("the day of a workbook: %s", got)
	}
	f, err = w.svc.Bring(w.Ctx, w.ada, w.channel, inbound.BringEntry{Kind: inbound.Full, AsOf: "2026-03-04"}, bytes.NewReader(content))
	w.Must(err)
	if p := w.feed(w.ada, f.ID); p.Status != inbound.Waiting {
		t.Errorf("the headings are not remembered: %s", p.Status)
	}
	w.counts("again", f.ID, map[inbound.Change]int{inbound.Unchanged: 1})
}

// TestHeadquarters brings a list for a partner, and another of headquarters takes it over.
func TestHeadquarters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, err := w.bring(w.Chief, inbound.Full, "2026-03-04", heading+"DEAEOF1;Elbe Freight GmbH;DE;active;\n")
	w.Must(err)
	w.Want("the partner decides for headquarters", w.take(w.otto, f.ID, false), fault.Conflict)
	w.Want("who brought it", w.take(w.Chief, f.ID, false), fault.Conflict)
	w.Want("an auditor", w.take(w.Auditor, f.ID, false), fault.Conflict)
	w.Must(w.take(w.hugo, f.ID, false))
}

// TestTwoDecideAtOnce: one of many takes a list over, and a statement about a single operator
// in the meantime makes the person look again.
func TestTwoDecideAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.first()
	second := w.person(w.agency, "Olga Officer", identity.Officer)
	f, err := w.bring(w.ada, inbound.Delta, "2026-03-04", heading+"ITAEOF4;Tevere SpA;IT;active;\n")
	w.Must(err)
	conflicts, done := w.Conflicts(func() []error {
		errs := make([]error, 6)
		var wait sync.WaitGroup
		for i := range errs {
			by := []identity.Actor{w.otto, second}[i%2]
			wait.Go(func() { errs[i] = w.svc.Take(w.Ctx, by, f.ID, inbound.TakeEntry{Version: f.Version}) })
		}
		wait.Wait()
		return errs
	}())
	if done != 1 || conflicts != 5 || w.Count(`select count(*)::int from foreign_operator where number = 'ITAEOF4'`) != 1 {
		t.Errorf("taken over %d times, %d conflicts", done, conflicts)
	}
	f, err = w.bring(w.ada, inbound.Delta, "2026-03-04", heading+"FRAEOC2;Seine SA;FR;suspended;\n")
	w.Must(err)
	id := uuid.MustParse(w.Text(`select id::text from foreign_operator where number = 'FRAEOC2'`))
	w.Must(w.svc.Recognitions.Say(w.Ctx, w.otto, id, recognition.SayEntry{Version: 1, Do: recognition.Suspend, Reason: "At our register"}))
	w.Want("compared before", w.svc.Take(w.Ctx, w.otto, f.ID, inbound.TakeEntry{Version: f.Version, Agreed: true, Fallen: 1}), fault.Conflict)
	w.counts("compared anew", f.ID, map[inbound.Change]int{inbound.Unchanged: 1})
	w.Must(w.take(w.otto, f.ID, false))
}

func (w *world) program(under ...string) inbound.Program {
	w.T.Helper()
	id := pg.NewID()
	w.Exec(`insert into api_client (id, agency_id, name, created_at, creator) values (?, ?, 'Register system', ?, 'Ada')`, id, w.agency, w.Clock.Now())
	return inbound.Program{ID: id, Under: under, Actor: identity.Actor{Name: "Register system", Audience: identity.Partners, Role: identity.Officer, AgencyID: w.agency, Zone: time.UTC}}
}

// TestPrograms: what a program may do alone is done at once, and the rest waits.
func TestPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.first()
	p := w.program(eu)
	one := inbound.Delivery{Arrangement: eu, Programme: "ctpat", Kind: inbound.Delta, AsOf: "2026-03-03", Count: 1, Operators: []inbound.Listed{{Number: "ITAEOF4", Name: "Tevere SpA", Country: "IT", Status: "active"}}}
	sum := strings.Repeat("a", 64)
	st, made, err := w.svc.Deliver(w.Ctx, p, "day-1", sum, one)
	w.Must(err)
	if !made || st.Status != inbound.Taken || st.Changes[inbound.New] != 1 {
		t.Errorf("a delta without a fall: %v %+v", made, st)
	}
	if again, made, err := w.svc.Deliver(w.Ctx, p, "day-1", sum, one); err != nil || made || again.Number != st.Number {
		t.Errorf("the same again: %v %v %+v", made, err, again)
	}
	_, _, err = w.svc.Deliver(w.Ctx, p, "day-1", strings.Repeat("b", 64), one)
	w.Want("another list of the same name", err, fault.Conflict)
	for what, c := range map[string]func(*inbound.Delivery){
		"another count": func(d *inbound.Delivery) { d.Count = 2 }, "nobody": func(d *inbound.Delivery) { d.Count, d.Operators = 0, nil }, "another arrangement": func(d *inbound.Delivery) { d.Arrangement = "us-ctpat-jp-aeo" },
		"an older day": func(d *inbound.Delivery) { d.AsOf = "2026-03-01" }, "no kind": func(d *inbound.Delivery) { d.Kind = "" }, "another programme": func(d *inbound.Delivery) { d.Programme = "nothing" }, "no programme where two take part": func(d *inbound.Delivery) { d.Programme = "" },
	} {
		d := one
		c(&d)
		_, _, err := w.svc.Deliver(w.Ctx, p, "day-x", sum, d)
		w.Want(what, err, fault.Invalid)
	}
	_, _, err = w.svc.Deliver(w.Ctx, w.program(), "day-x", sum, one)
	w.Want("without the scope", err, fault.Invalid)
	fall := one
	fall.AsOf, fall.Operators = "2026-03-04", []inbound.Listed{{Number: "ITAEOF4", Name: "Tevere SpA", Country: "IT", Status: "revoked"}}
	st, _, err = w.svc.Deliver(w.Ctx, p, "day-2", sum, fall)
	w.Must(err)
	if st.Status != inbound.Waiting || st.Falling != 1 {
		t.Errorf("a delta with a fall: %+v", st)
	}
	bad := one
	bad.AsOf, bad.Operators = "2026-03-04", []inbound.Listed{{Number: "IT", Name: "T", Country: "IT", Status: "x"}}
	st, _, err = w.svc.Deliver(w.Ctx, p, "day-3", sum, bad)
	w.Must(err)
	list, err := w.svc.Mistakes(w.Ctx, p, "day-3")
	w.Must(err)
	if st.Status != inbound.Waiting || len(list) != 1 || len(list[0].Problems) != 3 || list[0].Row != 1 {
		t.Errorf("a wrong row: %+v %+v", st, list)
	}
	full := one
	full.Kind, full.AsOf = inbound.Full, "2026-03-04"
	st, _, err = w.svc.Deliver(w.Ctx, p, "full-1", sum, full)
	w.Must(err)
	if st.Status != inbound.Waiting || st.Changes[inbound.Missing] != 3 {
		t.Errorf("a full list: %+v", st)
	}
	_, err = w.svc.Delivered(w.Ctx, w.program(), "full-1")
	w.Want("read without the scope", err, fault.NotFound)
}

// TestStale: a list that is older than agreed is said to be, and operators with it.
func TestStale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.first()
	today, err := w.bring(w.ada, inbound.Delta, "2026-03-04", heading+"FRAEOC2;Seine SA;FR;active;\n")
	w.Must(err)
	w.Must(w.take(w.otto, today.ID, false))
	id := uuid.MustParse(w.Text(`select id::text from foreign_operator where number = 'FRAEOC2'`))
	verdict := func() recognition.Verdict {
		p, err := w.svc.Recognitions.Operator(w.Ctx, w.otto, id)
		w.Must(err)
		return p.Verdict
	}
	if v := verdict(); v.Recognition != recognition.GrantBenefits {
		t.Errorf("fresh: %+v", v)
	}
	l, err := w.svc.Channels(w.Ctx, w.Chief, true)
	w.Must(err)
	if l.Stale != 0 {
		t.Errorf("%d channels are stale", l.Stale)
	}
	o := w.feedChannel()
	w.Clock.Move(o.StaleOn.Time().Add(12 * time.Hour).Sub(w.Clock.Now()))
	if v := verdict(); v.Recognition != recognition.ReviewCase || v.Reason != recognition.Stale || v.Since != o.StaleOn {
		t.Errorf("stale: %+v, since %s", v, o.StaleOn)
	}
	if l, err = w.svc.Channels(w.Ctx, w.Chief, true); err != nil || l.Stale == 0 {
		t.Errorf("the stale channel is not listed: %v %v", l, err)
	}
	w.Exec(`update foreign_operator set valid_until = '2026-03-05' where id = ?`, id)
	if v := verdict(); v.Reason != recognition.Expired {
		t.Errorf("expired: %+v", v)
	}
}

func (w *world) feedChannel() inbound.ChannelPage {
	w.T.Helper()
	p, err := w.svc.Channel(w.Ctx, w.ada, w.channel, 1)
	w.Must(err)
	return p
}

// TestLarge: a hundred thousand rows in a few statements.
func TestLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.program(eu)
	d := inbound.Delivery{Arrangement: eu, Programme: "ctpat", Kind: inbound.Full, AsOf: "2026-03-02", Count: inbound.MostRows}
	for i := range inbound.MostRows {
		d.Operators = append(d.Operators, inbound.Listed{Number: fmt.Sprintf("DEAEOF%06d", i), Name: "Company " + strconv.Itoa(i), Country: "DE", Status: "active"})
	}
	ctx := pg.Counted(w.Ctx)
	begin := time.Now()
	_, _, err := w.svc.Deliver(ctx, p, "large-1", strings.Repeat("a", 64), d)
	w.Must(err)
	brought := time.Since(begin)
	id := uuid.MustParse(w.Text(`select id::text from inbound_feed where ref = 'large-1'`))
	f := w.feed(w.otto, id)
	begin = time.Now()
	w.Must(w.svc.Take(ctx, w.otto, id, inbound.TakeEntry{Version: f.Version}))
	taken := time.Since(begin)
	if n := w.Count(`select count(*)::int from foreign_operator where status = 'confirmed'`); n != inbound.MostRows {
		t.Fatalf("%d operators", n)
	}
	d.AsOf, d.Count, d.Operators = "2026-03-03", 99_000, d.Operators[:99_000]
	text, err := json.Marshal(d)
	w.Must(err)
	_, _, err = w.svc.Deliver(ctx, p, "large-2", strings.Repeat("b", 64), d)
	w.Must(err)
	id = uuid.MustParse(w.Text(`select id::text from inbound_feed where ref = 'large-2'`))
	f = w.feed(w.otto, id)
	if f.Fallen != 1000 || f.Of(inbound.Missing) != 1000 || f.Drop {
		t.Errorf("%d fall, %d missing, drop %v", f.Fallen, f.Of(inbound.Missing), f.Drop)
	}
	w.Must(w.svc.Take(ctx, w.otto, id, inbound.TakeEntry{Version: f.Version}))
	if n := w.Count(`select count(*)::int from foreign_operator where status = 'ended' and reason like 'No longer on the full list%'`); n != 1000 {
		t.Errorf("%d have ended", n)
	}
	if n := pg.Statements(ctx); n > 250 {
		t.Errorf("%d statements for two lists", n)
	}
	t.Logf("%d rows (%d MB): brought in %s, taken over in %s, %d statements for two lists", inbound.MostRows, len(text)>>20, brought, taken, pg.Statements(ctx))
}
