package company

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/schema"

	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

// TestLifecycle prints every state, role and action; a change of the law is a
// change of the golden file. Write it anew with PORTAL_UPDATE_GOLDEN=1.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	roles := slices.Concat(identity.RolesOf(identity.Companies), identity.RolesOf(identity.Staff), identity.RolesOf(identity.Partners), []identity.Role{identity.Clock})
	good := Facts{Changes: 1, Relied: true, Reason: "because", Due: true}
	for _, from := range Statuses() {
		for _, do := range Actions() {
			for _, by := range roles {
				if to, err := Lifecycle().Next(from, do, by, good); err == nil {
					fmt.Fprintf(&b, "%s --%s--> %s: %s\n", from, do, to, by)
				}
			}
		}
	}
	path := filepath.Join("testdata", "change_notice.txt")
	if os.Getenv("PORTAL_UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the legal moves changed; they are now:\n%s", b.String())
	}
	for name, c := range map[string]struct {
		from Status
		do   Action
		by   identity.Role
		f    Facts
	}{
		"nothing to change": {Draft, Send, identity.Owner, Facts{Relied: true}},
		"nobody relies":     {Draft, Send, identity.Owner, Facts{Changes: 1}},
		"conflicts":         {Sent, Accept, identity.Specialist, Facts{Conflicts: []fault.Field{fault.F("", "x")}}},
		"no reason":         {Sent, Return, identity.Specialist, Facts{}},
		"not due":           {Accepted, Apply, identity.Clock, Facts{}},
	} {
		if _, err := Lifecycle().Next(c.from, c.do, c.by, c.f); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range Statuses() {
		if s.Name() == "" || (s.Final() && Lifecycle().Actions(s, identity.Owner, good) != nil) {
			t.Errorf("state %s", s)
		}
	}
}

// TestDatabaseAgrees compares the constants with the constraints and the rows with the columns.
func TestDatabaseAgrees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	allowed := func(table, column string) []string {
		var def string
		err := w.db.Batch(w.ctx, pg.System, pg.Value(&def, `select pg_get_constraintdef(oid) from pg_constraint
			where conrelid = $1::regclass and contype = 'c' and pg_get_constraintdef(oid) like 'CHECK ((' || $2 || ' = ANY%' and pg_get_constraintdef(oid) not like '% OR %'`, table, column))
		if err != nil {
			t.Fatalf("%s.%s: %v", table, column, err)
		}
		var out []string
		for _, m := range regexp.MustCompile(`'([a-z_]+)'`).FindAllStringSubmatch(def, -1) {
			out = append(out, m[1])
		}
		return out
	}
	var statuses []string
	for _, s := range Statuses() {
		statuses = append(statuses, string(s))
	}
	for what, pair := range map[string][2][]string{
		"change_notice.status": {allowed("change_notice", "status"), statuses},
		"site.activity":        {allowed("site", "activity"), Activities()},
		"contact.kind":         {allowed("contact", "kind"), Kinds()},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%s: the database has %v, we have %v", what, pair[0], pair[1])
		}
	}
	known := allowed("application", "status")
	for _, s := range underWay() {
		if !slices.Contains(known, s) {
			t.Errorf("no application is ever %s", s)
		}
	}
	for _, code := range Activities() {
		if ActivityName(code) == "" {
			t.Errorf("activity %s has no name", code)
		}
	}
	for _, row := range []any{&Company{}, &TradeName{}, &Site{}, &Contact{}, &Identifier{}, &Duplicate{}, &ChangeNotice{}, &office{}, &right{}} {
		sch, err := schema.Parse(row, &sync.Map{}, schema.NamingStrategy{SingularTable: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range sch.Fields {
			if n := w.count("select count(*)::int from information_schema.columns where table_name = $1 and column_name = $2", sch.Table, f.DBName); n != 1 {
				t.Errorf("%s has no column %s", sch.Table, f.DBName)
			}
		}
	}
}

// drafted opens a notice with the changes.
func (w *world) drafted(on string, proposals ...Proposal) ChangeNotice {
	w.t.Helper()
	n := must[ChangeNotice](w.t)(w.svc.OpenNotice(w.ctx, w.owner, NoticeEntry{EffectiveOn: on, Explanation: "We move"}))
	for _, p := range proposals {
		p.Version = n.Version
		n = must[ChangeNotice](w.t)(w.svc.Propose(w.ctx, w.owner, n.ID, p))
	}
	return n
}

func TestNoticeFromDraftToEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, ctx := w.svc, w.ctx
	north := must[Site](t)(s.AddSite(ctx, w.owner, site("North")))
	south := must[Site](t)(s.AddSite(ctx, w.owner, site("South")))
	first, other := w.team(w.owner)
	ein := must[Added](t)(s.AddIdentifier(ctx, w.owner, IdentifierEntry{Scheme: "ein", Value: "123456789"})).Identifier
	name := must[TradeName](t)(s.AddTradeName(ctx, w.owner, NameEntry{Name: "Acme"}))
	must[Added](t)(s.AddIdentifier(ctx, w.rival, IdentifierEntry{Scheme: "scac", Value: "ABCD"}))
	w.member(w.owner.CompanyID)

	moved := site("North")
	moved.Street = "2 New Street"
	boss, demoted := contact("New Boss", Officer), contact(first.Name, Employee)
	boss.Primary = yes
	newBoss := pg.NewID()
	n := w.drafted("2026-03-10",
		Proposal{Do: Alter, Subject: AboutCompany, Profile: Profile{Name: "Zephyr Lines", Country: "US"}},
		Proposal{Do: Alter, Subject: AboutSite, ID: north.ID, Site: moved},
		Proposal{Do: Remove, Subject: AboutSite, ID: south.ID},
		Proposal{Do: Add, Subject: AboutSite, Site: site("West")},
		Proposal{Do: Add, Subject: AboutContact, ID: newBoss, Contact: boss},
		Proposal{Do: Alter, Subject: AboutContact, ID: first.ID, Contact: demoted},
		Proposal{Do: Remove, Subject: AboutContact, ID: other.ID},
		Proposal{Do: Add, Subject: AboutIdentifier, Identifier: IdentifierEntry{Scheme: "scac", Value: "abcd"}},
		Proposal{Do: Add, Subject: AboutIdentifier, Identifier: IdentifierEntry{Scheme: "ior_ssn", Value: "123-45-6789"}},
		Proposal{Do: Remove, Subject: AboutIdentifier, ID: ein.ID},
		Proposal{Do: Remove, Subject: AboutTradeName, ID: name.ID},
		Proposal{Do: Add, Subject: AboutTradeName, Name: NameEntry{Name: "Acme West"}},
	)
	if len(n.Changes) != 12 || !strings.HasPrefix(n.Reference, "CN-2026-") {
		t.Fatalf("drafted %+v", n)
	}
	if c := w.count(`select count(*)::int from change_notice where changes::text like '%123456789"%' and changes::text like '%123-45%'`); c != 0 {
		t.Error("the notice keeps a personal number in clear")
	}
	_, err := s.SendNotice(ctx, as(w.owner, identity.Representative), n.ID, n.Version)
	wantKind(t, err, fault.Forbidden, "not send it")
	_, err = s.Notice(ctx, w.staff, n.ID)
	wantKind(t, err, fault.NotFound, "") // still the company's own paper
	n = must[ChangeNotice](t)(s.SendNotice(ctx, as(w.owner, identity.Editor), n.ID, n.Version))
	if got := w.count(`select count(*)::int from possible_duplicate where company_id = $1`, w.owner.CompanyID); got < 2 {
		t.Errorf("%d duplicates noted for a number and a name", got)
	}
	if got := w.count(`select count(*)::int from clock where subject_id = $1 and code = 'change_decision' and stopped_at is null`, n.ID); got != 1 {
		t.Error("sending started no clock")
	}
	_, err = s.EditNotice(ctx, w.owner, n.ID, NoticeEntry{EffectiveOn: "2026-03-10", Explanation: "x", Version: n.Version})
	wantKind(t, err, fault.Conflict, "not available")

	queue, more, err := s.NoticeQueue(ctx, w.staff, NoticeFilter{})
	if err != nil || more || len(queue) != 1 || queue[0].Changes != 12 || queue[0].Company != "Acme Freight Inc." || queue[0].Late {
		t.Errorf("queue %+v, %v", queue, err)
	}
	_, err = s.AcceptNotice(ctx, w.owner, n.ID, n.Version)
	wantKind(t, err, fault.Forbidden, "agency")
	_, err = s.AcceptNotice(ctx, w.rival, n.ID, n.Version)
	wantKind(t, err, fault.NotFound, "")
	_, err = s.AcceptNotice(ctx, as(w.staff, identity.Auditor), n.ID, n.Version)
	wantKind(t, err, fault.Forbidden, "not act")
	away := w.staff
	away.Offices = nil
	_, err = s.AcceptNotice(ctx, away, n.ID, n.Version)
	wantKind(t, err, fault.Forbidden, "Another office")
	_, err = s.AcceptNotice(ctx, w.staff, n.ID, n.Version+1)
	wantKind(t, err, fault.Conflict, "")
	if won := together(8, func(int) error { _, err := s.AcceptNotice(ctx, w.staff, n.ID, n.Version); return err }); won != 1 {
		t.Errorf("%d of 8 accepted", won)
	}

	if a, r, err := s.ApplyDue(ctx); a != 0 || r != 0 || err != nil {
		t.Errorf("before the day: %d applied, %d returned, %v", a, r, err)
	}
	w.clock.Move(7*24*time.Hour - 10*time.Hour) // 04:00 UTC of the day: 23:00 of the day before at the office
	if a, _, _ := s.ApplyDue(ctx); a != 0 {
		t.Error("applied before the day began at the office")
	}
	w.clock.Move(2 * time.Hour)
	if a, r, err := s.ApplyDue(ctx); a != 1 || r != 0 || err != nil {
		t.Fatalf("on the day: %d applied, %d returned, %v", a, r, err)
	}
	if a, _, _ := s.ApplyDue(ctx); a != 0 {
		t.Error("applied twice")
	}
	a := must[Account](t)(s.Account(ctx, w.owner, w.owner.CompanyID))
	var sites, open []string
	for _, x := range a.Sites {
		sites = append(sites, x.Name+" "+x.Street)
		if x.ClosedOn == nil {
			open = append(open, x.Name)
		} else if day(x.ClosedOn) != "2026-03-10" {
			t.Errorf("closed on %s", day(x.ClosedOn))
		}
	}
	if a.Company.Name != "Zephyr Lines" || !slices.Contains(sites, "North 2 New Street") || len(open) != 2 ||
		len(a.Contacts) != 2 || a.Contacts[0].ID != newBoss || a.Contacts[1].Kind != Employee ||
		len(a.Identifiers) != 2 || len(a.TradeNames) != 1 || a.TradeNames[0].Name != "Acme West" || len(a.Notices) != 0 {
		t.Errorf("after the day: %+v", a)
	}
	for _, x := range a.Identifiers {
		if x.Scheme == "ior_ssn" && x.Shown() != "•••••6789" || x.Scheme == "scac" && x.SearchKey != "ABCD" {
			t.Errorf("number %+v", x)
		}
	}
	for action, n := range map[string]int{"change_notice.send": 1, "change_notice.accept": 1, "change_notice.apply": 1, "company.change": 1,
		"site.close": 1, "contact.add": 3, "trade_name.remove": 1, "identifier.remove": 1} {
		if got := w.count("select count(*)::int from audit_event where action = $1 and company_id = $2", action, w.owner.CompanyID); got != n {
			t.Errorf("%d events %s, want %d", got, action, n)
		}
	}
	if got := w.count(`select count(*)::int from message where company_id = $1 and letter in ('change_acknowledged', 'change_applied')`, w.owner.CompanyID); got != 2 {
		t.Errorf("%d letters", got)
	}
	if got := w.count(`select count(*)::int from message where body like '%Street and number: 1 Main St → 2 New Street%'`); got != 2 {
		t.Errorf("%d letters say what changes", got)
	}
	if got := w.count(`select count(*)::int from clock where subject_id = $1 and stopped_at is null`, n.ID); got != 0 {
		t.Error("the decision left its clock running")
	}
	f := must[NoticeFile](t)(s.Notice(ctx, w.owner, n.ID))
	if f.Notice.Status != Applied || f.Actions != nil || f.DecidedBy != "" {
		t.Errorf("file %+v", f)
	}
}

func TestAcceptedInThePastAppliesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.application(w.owner.CompanyID, pg.NewID(), "in_review")
	n := w.drafted("2025-12-31", Proposal{Do: Add, Subject: AboutTradeName, Name: NameEntry{Name: "Old"}})
	n = must[ChangeNotice](t)(w.svc.SendNotice(w.ctx, w.owner, n.ID, n.Version))
	n = must[ChangeNotice](t)(w.svc.AcceptNotice(w.ctx, w.staff, n.ID, n.Version))
	if n.Status != Applied || len(must[Account](t)(w.svc.Account(w.ctx, w.owner, w.owner.CompanyID)).TradeNames) != 1 {
		t.Errorf("after acceptance: %+v", n)
	}
}

func TestAccountThatMovedOnIsNotOverwritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, ctx := w.svc, w.ctx
	north := must[Site](t)(s.AddSite(ctx, w.owner, site("North")))
	w.member(w.owner.CompanyID)
	moved := site("North")
	moved.City = "Dallas"
	n := w.drafted("2026-03-10", Proposal{Do: Alter, Subject: AboutSite, ID: north.ID, Site: moved})
	n = must[ChangeNotice](t)(s.SendNotice(ctx, w.owner, n.ID, n.Version))
	n = must[ChangeNotice](t)(s.AcceptNotice(ctx, w.staff, n.ID, n.Version))
	if n.Status != Accepted {
		t.Fatalf("accepted ahead of its day: %s", n.Status)
	}
	w.ask(w.owner.CompanyID, "sites") // the agency asks, and the company edits directly meanwhile
	e := site("North")
	e.City, e.Version = "Austin", north.Version
	must[Site](t)(s.ChangeSite(ctx, w.owner, north.ID, e))
	f := must[NoticeFile](t)(s.Notice(ctx, w.staff, n.ID))
	if len(f.Conflicts) != 1 || !f.Can(Return) {
		t.Errorf("the file warns of %v, allows %v", f.Conflicts, f.Actions)
	}
	w.clock.Move(8 * 24 * time.Hour)
	if a, r, err := s.ApplyDue(ctx); a != 0 || r != 1 || err != nil {
		t.Fatalf("%d applied, %d returned, %v", a, r, err)
	}
	f = must[NoticeFile](t)(s.Notice(ctx, w.owner, n.ID))
	if f.Notice.Status != Returned || !strings.Contains(f.Notice.Decision, "North was changed meanwhile") {
		t.Errorf("returned as %+v", f.Notice)
	}
	if st, _ := must[Account](t)(s.Account(ctx, w.owner, w.owner.CompanyID)).Site(north.ID); st.City != "Austin" {
		t.Errorf("the site is in %s", st.City)
	}
	_, err := s.SendNotice(ctx, w.owner, n.ID, f.Notice.Version)
	wantKind(t, err, fault.Invalid, "meanwhile")
	n = must[ChangeNotice](t)(s.Propose(ctx, w.owner, n.ID, Proposal{Version: f.Notice.Version, Do: Alter, Subject: AboutSite, ID: north.ID, Site: moved}))
	must[ChangeNotice](t)(s.SendNotice(ctx, w.owner, n.ID, n.Version))
}

func TestNoticeRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, ctx := w.svc, w.ctx
	a, b := w.team(w.owner)
	for name, in := range map[string]NoticeEntry{
		"too early":      {EffectiveOn: "2025-03-02", Explanation: "x"},
		"too late":       {EffectiveOn: "2027-03-04", Explanation: "x"},
		"no day":         {EffectiveOn: "", Explanation: "x"},
		"no explanation": {EffectiveOn: "2026-03-03"},
		"NUL":            {EffectiveOn: "2026-03-03", Explanation: "a\x00"},
		"1 MB":           {EffectiveOn: "2026-03-03", Explanation: strings.Repeat("x", 1<<20)},
	} {
		if _, err := s.OpenNotice(ctx, w.owner, in); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	n := w.drafted("2026-03-03")
	_, err := s.SendNotice(ctx, w.owner, n.ID, n.Version)
	wantKind(t, err, fault.Invalid, "at least one change")
	wantKind(t, err, fault.Invalid, "No programme relies")
	w.member(w.owner.CompanyID)
	propose := func(p Proposal) error {
		p.Version = n.Version
		next, err := s.Propose(ctx, w.owner, n.ID, p)
		if err == nil {
			n = next
		}
		return err
	}
	wantKind(t, propose(Proposal{Do: Alter, Subject: AboutSite, ID: pg.NewID(), Site: site("x")}), fault.NotFound, "")
	wantKind(t, propose(Proposal{Do: Alter, Subject: AboutTradeName, ID: pg.NewID()}), fault.NotFound, "")
	wantKind(t, propose(Proposal{Do: "burn", Subject: AboutCompany}), fault.NotFound, "")
	wantKind(t, propose(Proposal{Do: Add, Subject: "moon"}), fault.NotFound, "")
	wantKind(t, propose(Proposal{Do: Alter, Subject: AboutCompany, Profile: Profile{Name: "Acme Freight Inc.", Country: "US"}}), fault.Invalid, "changed nothing")
	wantKind(t, propose(Proposal{Do: Alter, Subject: AboutCompany, Profile: Profile{Name: "", Country: "US"}}), fault.Invalid, "Enter the legal name")
	wantKind(t, propose(Proposal{Do: Add, Subject: AboutIdentifier, Identifier: IdentifierEntry{Scheme: "ein", Value: "x"}}), fault.Invalid, "9 digits")
	for _, k := range []Contact{a, b} {
		if err := propose(Proposal{Do: Remove, Subject: AboutContact, ID: k.ID}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.SendNotice(ctx, w.owner, n.ID, n.Version)
	wantKind(t, err, fault.Invalid, "at least 2 contacts")
	wantKind(t, err, fault.Invalid, "primary contact")
	n = must[ChangeNotice](t)(s.DropChange(ctx, w.owner, n.ID, n.Version, AboutContact, a.ID))
	n = must[ChangeNotice](t)(s.DropChange(ctx, w.owner, n.ID, n.Version, AboutContact, b.ID))
	if err := propose(Proposal{Do: Add, Subject: AboutTradeName, Name: NameEntry{Name: "One"}}); err != nil {
		t.Fatal(err)
	}
	n = must[ChangeNotice](t)(s.SendNotice(ctx, w.owner, n.ID, n.Version))
	_, err = s.ReturnNotice(ctx, w.staff, n.ID, n.Version, " ")
	wantKind(t, err, fault.Invalid, "Enter why you return")
	_, err = s.ReturnNotice(ctx, w.staff, pg.NewID(), 1, "x")
	wantKind(t, err, fault.NotFound, "")
	_, err = s.ReturnNotice(ctx, w.owner, n.ID, n.Version, "x")
	wantKind(t, err, fault.Forbidden, "")
	n = must[ChangeNotice](t)(s.ReturnNotice(ctx, w.staff, n.ID, n.Version, "Attach the register's extract"))
	if w.count(`select count(*)::int from message where letter = 'change_returned' and body like '%extract%'`) != 1 {
		t.Error("no letter says why")
	}
	n = must[ChangeNotice](t)(s.SendNotice(ctx, w.owner, n.ID, n.Version)) // corrected and sent again
	n = must[ChangeNotice](t)(s.WithdrawNotice(ctx, w.owner, n.ID, n.Version))
	if w.count(`select count(*)::int from clock where subject_id = $1 and stopped_at is null`, n.ID) != 0 {
		t.Error("withdrawing left the clock running")
	}
	_, err = s.Notice(ctx, w.rival, n.ID)
	_, none := s.Notice(ctx, w.rival, uuid.New())
	wantKind(t, err, fault.NotFound, "")
	if err.Error() != none.Error() {
		t.Errorf("%v differs from %v", err, none)
	}
	list := must[[]ChangeNotice](t)(s.Notices(ctx, as(w.owner, identity.Reader)))
	if len(list) != 1 || list[0].Status != Withdrawn {
		t.Errorf("list %+v", list)
	}
	_, err = s.Notices(ctx, w.staff)
	wantKind(t, err, fault.NotFound, "")
	_, _, err = s.NoticeQueue(ctx, w.owner, NoticeFilter{})
	wantKind(t, err, fault.NotFound, "")
}
