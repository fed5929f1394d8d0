package application

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/canon"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
)

func TestChooseGivesAReferenceAndStartsTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open()
	if !strings.HasPrefix(a.Reference, "CT-2026-") || len(a.Reference) != len("CT-2026-000123") {
		t.Errorf("reference %q", a.Reference)
	}
	p, _ := w.s.Programmes.Get("ctpat")
	if a.Status != Draft || a.EditionHash != p.Hash || a.Version != 1 || a.OfficeID != w.office {
		t.Errorf("opened as %+v", a)
	}
	if n := w.count("select count(*) from clock where subject_id = $1 and code = 'profile_due' and due_on = '2026-04-02'", a.ID); n != 1 {
		t.Errorf("clocks for the draft: %d, want 1 that is due 30 days after 3 March", n)
	}
	_, err := w.s.Choose(w.ctx, w.editor, "ctpat", "importer")
	wantKind(t, "a second one of the same kind", err, fault.Conflict)
	if !strings.Contains(err.Error(), a.Reference) {
		t.Errorf("the refusal does not name the open one: %v", err)
	}
}

func TestChooseRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reader := w.person(w.company, identity.Reader, "rea@harbor.example")
	for name, c := range map[string]struct {
		by   identity.Actor
		code string
		kind string
		want fault.Kind
	}{
		"unknown programme":   {w.owner, "no-such", "importer", fault.NotFound},
		"unknown entity type": {w.owner, "ctpat", "no-such", fault.Invalid},
		"wrong country":       {w.owner, "eu-aeo", "aeoc", fault.Invalid},
		"reader":              {reader, "ctpat", "importer", fault.Forbidden},
		"staff":               {w.worker, "ctpat", "importer", fault.NotFound},
	} {
		_, err := w.s.Choose(w.ctx, c.by, c.code, c.kind)
		wantKind(t, name, err, c.want)
	}
	p, _ := w.s.Programmes.Get("ctpat")
	for _, e := range p.EntityTypes() {
		if !e.Enabled {
			_, err := w.s.Choose(w.ctx, w.owner, "ctpat", e.Code)
			wantKind(t, "disabled "+e.Code, err, fault.Invalid)
		}
	}
}

func TestReferencesAreUniqueInParallel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 20
	actors := make([]identity.Actor, n)
	for i := range actors {
		c := w.newCompany(fmt.Sprintf("Company %d", i))
		actors[i] = w.person(c, identity.Owner, fmt.Sprintf("o%d@c.example", i))
	}
	var mu sync.Mutex
	seen := map[string]bool{}
	parallel(n, func(i int) {
		a, err := w.s.Choose(w.ctx, actors[i], "ctpat", "importer")
		mu.Lock()
		defer mu.Unlock()
		if err != nil || seen[a.Reference] {
			t.Errorf("open %d: %q twice, or %v", i, a.Reference, err)
		}
		seen[a.Reference] = true
	})
}

func parallel(n int, do func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

func TestOneOpensWhenTwoChooseAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	errs := make([]error, 6)
	parallel(len(errs), func(i int) { _, errs[i] = w.s.Choose(w.ctx, w.owner, "ctpat", "importer") })
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantKind(t, "the slower one", err, fault.Conflict)
		}
	}
	if won != 1 {
		t.Errorf("%d opened, want 1", won)
	}
}

func TestAMemberNeedNotApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.submitted()
	w.exec(`update application set status = 'certified', decided_at = ?, closed_at = ? where id = ?`, w.clock.Now(), w.clock.Now(), a.ID)
	w.exec(`insert into membership (id, company_id, application_id, programme, edition, entity_type, number, status, certified_on, effective_on, created_at)
		values (?, ?, ?, 'ctpat', '1', 'importer', 'C26-000001', 'active', '2026-03-03', '2026-03-03', ?)`, pg.NewID(), w.company, a.ID, w.clock.Now())
	_, err := w.s.Choose(w.ctx, w.owner, "ctpat", "importer")
	wantKind(t, "a member", err, fault.Conflict)
	if !strings.Contains(err.Error(), "C26-000001") {
		t.Errorf("the refusal does not name the membership: %v", err)
	}
	if _, err := w.s.Choose(w.ctx, w.owner, "ctpat", "exporter"); err != nil {
		t.Errorf("another kind of member: %v", err)
	}
}

// The bar is a clock of one year in the programme's data; it runs from the rejection
// in the office's days, and a rejection on a leap day is over on the last of February.
func TestReapplicationBar(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ rejected, lastRefused, firstAllowed, says string }{
		"plain year":             {"2026-03-03T15:00:00Z", "2027-03-03T20:00:00Z", "2027-03-04T06:00:00Z", "4 March 2027"},
		"leap day":               {"2028-02-29T15:00:00Z", "2029-02-28T20:00:00Z", "2029-03-01T06:00:00Z", "1 March 2029"},
		"into a leap year":       {"2027-02-28T15:00:00Z", "2028-02-28T20:00:00Z", "2028-02-29T06:00:00Z", "29 February 2028"},
		"late evening in office": {"2026-03-04T04:30:00Z", "2027-03-03T20:00:00Z", "2027-03-04T06:00:00Z", "4 March 2027"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			at := func(s string) time.Time { return must[time.Time](t)(time.Parse(time.RFC3339, s)) }
			w.clock.Move(at(c.rejected).Sub(w.clock.Now()))
			a := w.submitted()
			w.reject(a, "no_answer")
			w.clock.Move(at(c.lastRefused).Sub(w.clock.Now()))
			_, err := w.s.Choose(w.ctx, w.owner, "ctpat", "importer")
			wantKind(t, "too early", err, fault.Conflict)
			if err == nil || !strings.Contains(err.Error(), "You can apply again from "+c.says) {
				t.Errorf("the refusal says %v, want %s", err, c.says)
			}
			if _, err := w.s.Choose(w.ctx, w.owner, "ctpat", "exporter"); err != nil {
				t.Errorf("the bar holds for another kind of member: %v", err)
			}
			w.clock.Move(at(c.firstAllowed).Sub(w.clock.Now()))
			if _, err := w.s.Choose(w.ctx, w.owner, "ctpat", "importer"); err != nil {
				t.Errorf("on the day it says: %v", err)
			}
		})
	}
}

func TestNoBarWithoutItsReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.reject(w.submitted(), "incomplete")
	if _, err := w.s.Choose(w.ctx, w.owner, "ctpat", "importer"); err != nil {
		t.Errorf("rejected for a reason without a bar: %v", err)
	}
}

// reject decides against an application, as the agency's package does.
func (w *world) reject(a Application, reason string) {
	w.t.Helper()
	boss := w.staff(identity.Supervisor, "sup@customs.example")
	err := w.db.Write(w.ctx, boss.Scope(), func(tx pg.Tx) error {
		got, err := Open(w.ctx, tx, boss, a.ID, 0)
		if err != nil {
			return err
		}
		facts, err := w.s.Facts(got)
		if err != nil {
			return err
		}
		for _, do := range []Action{StartReview, Recommend, Approve} {
			facts.Outcome, facts.Points = Reject, 1
			if err := w.s.Move(w.ctx, tx, w.clock.Now(), boss, &got, do, facts, Details{Reason: "rejected", Reasons: []string{reason}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestEligibilitySaysNoEarlyAndKeepsTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open()
	f, err := w.s.AnswerEligibility(w.ctx, w.editor, a.ID, []EligibilityEntry{{Question: "no_debt", Answer: "no", Note: "Under appeal"}})
	if err != nil {
		t.Fatal(err)
	}
	no := f.NotEligible()
	if len(no) != 1 || no[0].Code != "no_debt" || !strings.HasPrefix(no[0].Because, "No, because") || no[0].Source == "" {
		t.Fatalf("not eligible: %+v", no)
	}
	c := must[Checklist](t)(w.s.Check(w.ctx, w.owner, a.ID))
	if got := c.File.NotEligible(); len(got) != 1 || got[0].Note != "Under appeal" || got[0].Version != 1 {
		t.Errorf("after coming back: %+v", got)
	}
	// The answer can be mended, with the version of what was seen.
	_, err = w.s.AnswerEligibility(w.ctx, w.owner, a.ID, []EligibilityEntry{{Question: "no_debt", Answer: "yes", Version: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if c = must[Checklist](t)(w.s.Check(w.ctx, w.owner, a.ID)); len(c.File.NotEligible()) != 0 {
		t.Error("the mended answer still says no")
	}
	if n := w.count("select count(*) from audit_event where subject_id = $1 and action = 'application.answer_eligibility'", a.ID); n != 2 {
		t.Errorf("%d audit events, want 2", n)
	}
}

func TestEligibilityConflictShowsBothAnswersAndSavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open()
	must[File](t)(w.s.AnswerEligibility(w.ctx, w.owner, a.ID, []EligibilityEntry{{Question: "officer", Answer: "yes"}}))
	_, err := w.s.AnswerEligibility(w.ctx, w.editor, a.ID, []EligibilityEntry{{Question: "officer", Answer: "no"}, {Question: "commitment", Answer: "yes"}})
	wantKind(t, "an old version", err, fault.Conflict)
	var fe *fault.Error
	if !errors.As(err, &fe) || len(fe.Changed) != 1 || fe.Changed[0].Yours != "no" || fe.Changed[0].Theirs != "yes" {
		t.Errorf("what changed: %+v", fe)
	}
	if n := w.count("select count(*) from eligibility_answer where application_id = $1", a.ID); n != 1 {
		t.Errorf("%d answers, want the first one only", n)
	}
	// The same answer from an old page is no conflict: nothing is lost.
	if _, err := w.s.AnswerEligibility(w.ctx, w.editor, a.ID, []EligibilityEntry{{Question: "officer", Answer: "yes"}}); err != nil {
		t.Errorf("the same answer: %v", err)
	}
}

func TestEligibilityRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open()
	_, err := w.s.AnswerEligibility(w.ctx, w.owner, a.ID, []EligibilityEntry{
		{Question: "last_import", Answer: "2026-02-30"}, {Question: "entries", Answer: "many"}, {Question: "officer", Answer: "perhaps"},
	})
	wantKind(t, "unreadable", err, fault.Invalid)
	if n := len(fault.Fields(err)); n != 3 {
		t.Errorf("%d problems, want 3: %v", n, err)
	}
	_, err = w.s.AnswerEligibility(w.ctx, w.owner, a.ID, []EligibilityEntry{{Question: "no_such", Answer: "yes"}})
	wantKind(t, "unknown question", err, fault.Invalid)
}

func TestContributorsEditOnlyTheirParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open()
	con := w.person(w.company, identity.Contributor, "con@harbor.example")
	entries := []EligibilityEntry{{Question: "officer", Answer: "yes"}}
	_, err := w.s.AnswerEligibility(w.ctx, con, a.ID, entries)
	wantKind(t, "without the part", err, fault.Forbidden)
	w.exec("update person_right set parts = array['eligibility'] where id = ?", con.RightID)
	if _, err := w.s.AnswerEligibility(w.ctx, con, a.ID, entries); err != nil {
		t.Errorf("with the part: %v", err)
	}
}

func TestSignAgreement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open()
	f := must[Checklist](t)(w.s.Check(w.ctx, w.owner, a.ID)).File
	in := signing(f)

	none := in
	none.Name, none.Title, none.Consents = "", "", nil
	_, err := w.s.SignAgreement(w.ctx, w.owner, a.ID, none)
	wantKind(t, "nothing filled in", err, fault.Invalid)
	if got, want := len(fault.Fields(err)), 2+len(f.Programme.Agreement.Consents); got != want {
		t.Errorf("%d problems, want %d: %v", got, want, err)
	}
	other := in
	other.TextHash = strings.Repeat("0", 64)
	_, err = w.s.SignAgreement(w.ctx, w.owner, a.ID, other)
	wantKind(t, "another text", err, fault.Conflict)
	_, err = w.s.SignAgreement(w.ctx, w.editor, a.ID, in)
	wantKind(t, "an editor", err, fault.Forbidden)
	notOfficer := w.person(w.company, identity.Signatory, "eve@harbor.example")
	_, err = w.s.SignAgreement(w.ctx, notOfficer, a.ID, in)
	wantKind(t, "listed, but no officer", err, fault.Invalid)

	f = must[File](t)(w.s.SignAgreement(w.ctx, w.owner, a.ID, in))
	sum := sha256.Sum256([]byte(f.Signature.Text))
	if f.Signature.TextSHA256 != hex.EncodeToString(sum[:]) || !strings.Contains(f.Signature.Text, "Harbor Trading LLC") {
		t.Errorf("kept %q of %q", f.Signature.TextSHA256, f.Signature.Text)
	}
	// Signing again replaces the signature and keeps the old one as history.
	must[File](t)(w.s.SignAgreement(w.ctx, w.owner, a.ID, in))
	if live, all := w.count("select count(*) from agreement_signature where application_id = $1 and revoked_at is null", a.ID),
		w.count("select count(*) from agreement_signature where application_id = $1", a.ID); live != 1 || all != 2 {
		t.Errorf("%d live of %d signatures, want 1 of 2", live, all)
	}
}

func TestASignatureDoesNotOutliveItsTextOrItsOfficer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.ready()
	problems := func() []fault.Field { return must[Checklist](t)(w.s.Check(w.ctx, w.owner, a.ID)).Problems }
	if p := problems(); len(p) != 0 {
		t.Fatalf("a ready application has problems: %v", p)
	}
	w.exec("update company set name = 'Harbor Trade LLC' where id = ?", w.company)
	if p := problems(); len(p) != 1 || p[0].Name != PartAgreement {
		t.Errorf("after a change of name: %v", p)
	}
	w.sign(a.ID)
	w.exec("update contact set kind = 'employee', is_primary = false where company_id = ? and email = 'olga@harbor.example'", w.company)
	p := problems()
	if len(about(p, PartAgreement)) != 1 || len(about(p, PartContacts)) != 1 {
		t.Errorf("after the officer left: %v", p)
	}
}

func TestCheckNamesEveryProblemOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open()
	w.exec("update company set registration = '', country = 'DE' where id = ?", w.company)
	for _, table := range []string{"contact", "company_identifier"} {
		w.exec("update "+table+" set removed_at = ? where company_id = ?", w.clock.Now(), w.company)
	}
	w.exec("update site set closed_on = '2026-01-01' where company_id = ?", w.company)
	c := must[Checklist](t)(w.s.Check(w.ctx, w.owner, a.ID))
	for part, want := range map[string]int{PartProfile: 2, PartSites: 3, PartContacts: 2, PartIdentifiers: 2, PartEligibility: 1, PartAgreement: 1} {
		if got := about(c.Problems, part); len(got) != want {
			t.Errorf("%s: %d problems, want %d: %v", part, len(got), want, got)
		}
	}
	if c.Signer {
		t.Error("nobody is an officer, but the reader is")
	}
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.submitted()
	if a.Status != Submitted || a.Round != 1 || a.SubmittedAt == nil || !a.SubmittedAt.Equal(w.clock.Now()) {
		t.Errorf("submitted as %+v", a)
	}
	p, _ := w.s.Programmes.Get("ctpat")
	for what, c := range map[string]struct {
		got, want int
	}{
		"snapshots":      {w.count("select count(*) from application_snapshot where application_id = $1", a.ID), 1},
		"parts to check": {w.count("select count(*) from review_item where application_id = $1 and verdict = 'not_reviewed'", a.ID), len(p.Review())},
		"vetting checks": {w.count("select count(*) from vetting_item where application_id = $1 and outcome = 'open'", a.ID), len(vettingOf(must[Checklist](t)(w.s.Check(w.ctx, w.owner, a.ID)).File))},
		"letters":        {w.count("select count(*) from message where subject_id = $1 and letter = 'application_received'", a.ID), 1},
		"decision clock": {w.count("select count(*) from clock where subject_id = $1 and code = 'certification_decision' and due_on = '2026-06-01'", a.ID), 1},
		"draft clock":    {w.count("select count(*) from clock where subject_id = $1 and code = 'profile_due' and stopped_at is null", a.ID), 0},
		"audit events":   {w.count("select count(*) from audit_event where subject_id = $1 and action = 'application.submit'", a.ID), 1},
		"receipt jobs":   {w.count("select count(*) from river.river_job where kind = 'application_receipt'"), 1},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", what, c.got, c.want)
		}
	}
	if len(vettingOf(must[Checklist](t)(w.s.Check(w.ctx, w.owner, a.ID)).File)) == 0 {
		t.Error("there is nothing to vet")
	}
	_, err := w.s.Submit(w.ctx, w.owner, a.ID, Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"})
	wantKind(t, "twice", err, fault.Conflict)
	_, err = w.s.AnswerEligibility(w.ctx, w.owner, a.ID, []EligibilityEntry{{Question: "officer", Answer: "no", Version: 1}})
	wantKind(t, "an answer after submission", err, fault.Conflict)
}

func TestSubmitRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open()
	in := Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"}
	_, err := w.s.Submit(w.ctx, w.owner, a.ID, in)
	wantKind(t, "incomplete", err, fault.Invalid)
	must[File](t)(w.s.AnswerEligibility(w.ctx, w.owner, a.ID, w.answers()))
	a = w.sign(a.ID).Application

	_, err = w.s.Submit(w.ctx, w.editor, a.ID, in)
	wantKind(t, "an editor", err, fault.Forbidden)
	_, err = w.s.Submit(w.ctx, w.owner, a.ID, Submission{Version: a.Version, Attested: false})
	wantKind(t, "without a declaration", err, fault.Invalid)
	if n := len(fault.Fields(err)); n != 2 {
		t.Errorf("%d problems, want 2 (name and box): %v", n, err)
	}
	_, err = w.s.Submit(w.ctx, w.owner, a.ID, Submission{Version: a.Version + 1, Attested: true, Name: "Olga Harbor"})
	wantKind(t, "stale version", err, fault.Conflict)
	signatory := w.person(w.company, identity.Signatory, "sig@harbor.example")
	_, err = w.s.Submit(w.ctx, signatory, a.ID, in)
	wantKind(t, "a signatory who is no officer", err, fault.Invalid)

	seen := must[map[string]string](t)(must[Checklist](t)(w.s.Check(w.ctx, w.owner, a.ID)).File.Seen())
	w.exec("update site set street = '2 Pier' where company_id = ?", w.company)
	in.Seen = seen
	_, err = w.s.Submit(w.ctx, w.owner, a.ID, in)
	wantKind(t, "changed since it was checked", err, fault.Conflict)
	var fe *fault.Error
	if !errors.As(err, &fe) || len(fe.Changed) != 1 || fe.Changed[0].Label != "Sites" {
		t.Errorf("what changed: %+v", fe)
	}
	in.Seen = must[map[string]string](t)(must[Checklist](t)(w.s.Check(w.ctx, w.owner, a.ID)).File.Seen())
	if _, err = w.s.Submit(w.ctx, w.owner, a.ID, in); err != nil {
		t.Errorf("after looking again: %v", err)
	}
}

func TestEightParallelSubmitsGiveOneSuccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.ready()
	errs := make([]error, 8)
	parallel(8, func(i int) {
		_, errs[i] = w.s.Submit(w.ctx, w.owner, a.ID, Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"})
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantKind(t, "a slower one", err, fault.Conflict)
		}
	}
	if won != 1 {
		t.Errorf("%d successes, want 1", won)
	}
	for what, n := range map[string]int{
		"audit events": w.count("select count(*) from audit_event where subject_id = $1 and action = 'application.submit'", a.ID),
		"letters":      w.count("select count(*) from message where subject_id = $1", a.ID),
		"snapshots":    w.count("select count(*) from application_snapshot where application_id = $1", a.ID),
		"receipt jobs": w.count("select count(*) from river.river_job where kind = 'application_receipt'"),
	} {
		if n != 1 {
			t.Errorf("%s: %d, want 1", what, n)
		}
	}
}

func TestFailingInTheMiddleLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.ready()
	in := Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"}
	rows := func() (n int) {
		for _, table := range []string{"application_snapshot", "review_item", "vetting_item", "message", "mail", "river.river_job"} {
			n += w.count("select count(*) from " + table)
		}
		return n + w.count("select count(*) from audit_event where action = 'application.submit'") + w.count("select count(*) from application where status <> 'draft'")
	}
	// The letter is the last thing written: without a calendar it fails.
	broken := *w.s
	broken.Letters = nil
	func() {
		defer func() { _ = recover() }()
		_, _ = broken.Submit(w.ctx, w.owner, a.ID, in)
	}()
	if n := rows(); n != 0 {
		t.Errorf("a failing letter left %d rows", n)
	}
	for _, after := range []time.Duration{0, time.Millisecond, 3 * time.Millisecond, 6 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(w.ctx, after)
		_, err := w.s.Submit(ctx, w.owner, a.ID, in)
		cancel()
		if err == nil {
			return // the machine was quick: it is submitted, wholly
		}
		if n := rows(); n != 0 {
			t.Errorf("cancelled after %v: %d rows are left", after, n)
		}
	}
}

func TestOtherCompaniesSeeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.submitted()
	stranger := w.person(w.newCompany("Other Inc"), identity.Owner, "oth@other.example")
	missing := pg.NewID()
	calls := map[string]func(id uuid.UUID) error{
		"check":    func(id uuid.UUID) error { _, err := w.s.Check(w.ctx, stranger, id); return err },
		"overview": func(id uuid.UUID) error { _, err := w.s.Overview(w.ctx, stranger, id); return err },
		"receipt":  func(id uuid.UUID) error { _, err := w.s.Receipt(w.ctx, stranger, id); return err },
		"copy":     func(id uuid.UUID) error { _, err := w.s.SnapshotJSON(w.ctx, stranger, id); return err },
		"answer":   func(id uuid.UUID) error { _, err := w.s.AnswerEligibility(w.ctx, stranger, id, nil); return err },
		"sign": func(id uuid.UUID) error {
			_, err := w.s.SignAgreement(w.ctx, stranger, id, Signing{Version: 99})
			return err
		},
		"submit": func(id uuid.UUID) error {
			_, err := w.s.Submit(w.ctx, stranger, id, Submission{Version: 99})
			return err
		},
		"items": func(id uuid.UUID) error { return w.s.AnswerItems(w.ctx, stranger, id, nil) },
		"send": func(id uuid.UUID) error {
			_, err := w.s.AnswerInformation(w.ctx, stranger, id, Submission{Version: 99}, nil)
			return err
		},
		"hearing": func(id uuid.UUID) error {
			_, err := w.s.AnswerHearing(w.ctx, stranger, id, HearingAnswer{Version: 99})
			return err
		},
		"withdraw": func(id uuid.UUID) error {
			_, err := w.s.Withdraw(w.ctx, stranger, id, Withdrawal{Version: 99})
			return err
		},
		"decision": func(id uuid.UUID) error { _, err := w.s.Decision(w.ctx, stranger, id); return err },
		"no one":   func(id uuid.UUID) error { _, err := w.s.Check(w.ctx, identity.Actor{}, id); return err },
		"partner": func(id uuid.UUID) error {
			_, err := w.s.Check(w.ctx, identity.Actor{Audience: identity.Partners, Role: identity.Officer}, id)
			return err
		},
		"own alone": func(id uuid.UUID) error { _, err := w.s.Submit(w.ctx, stranger, id, Submission{}); return err },
	}
	for name, call := range calls {
		theirs, nothing := call(a.ID), call(missing)
		wantKind(t, name, theirs, fault.NotFound)
		if fmt.Sprint(theirs) != fmt.Sprint(nothing) {
			t.Errorf("%s: %q for another company's, %q for what is not there", name, theirs, nothing)
		}
	}
}

// The second fence: even a query that asks for everything gets nothing.
func TestRowLevelSecurity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.submitted()
	w.asks(a, PartSites)
	stranger := w.person(w.newCompany("Other Inc"), identity.Owner, "oth@other.example")
	seen := func(by identity.Actor, table string) (n int) {
		if err := w.db.Batch(w.ctx, by.Scope(), pg.Value(&n, "select count(*) from "+table)); err != nil {
			t.Fatal(err)
		}
		return n
	}
	shared := []string{"application", "eligibility_answer", "agreement_signature", "application_snapshot", "information_request", "information_item"}
	for _, table := range shared {
		if n := seen(stranger, table); n != 0 {
			t.Errorf("another company sees %d rows of %s", n, table)
		}
		if n := seen(w.owner, table); n == 0 {
			t.Errorf("the company does not see its own %s", table)
		}
	}
	for _, table := range []string{"review_item", "vetting_item", "recommendation", "note"} {
		if n := seen(w.owner, table); n != 0 {
			t.Errorf("the company sees %d rows of the agency's %s", n, table)
		}
	}
	if seen(w.worker, "vetting_item") == 0 {
		t.Error("the agency does not see its own checks")
	}
	err := w.db.Write(w.ctx, stranger.Scope(), func(tx pg.Tx) error {
		return tx.WithContext(w.ctx).Exec(`insert into eligibility_answer (application_id, company_id, question, answer, answered_at) values (?, ?, 'x', 'y', now())`, a.ID, w.company).Error
	})
	if err == nil {
		t.Error("another company wrote an answer")
	}
}

// Written without the package's own functions, as somebody with the copy would do it.
func TestSnapshotCanBeCheckedByAnyone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`update company set history = ? where id = ?`, "Line 1\n\"quoted\" <b>&amp;</b> \\ \u2028 é 😀\t.", w.company)
	a := w.submitted()
	snap := must[Snapshot](t)(w.s.SnapshotJSON(w.ctx, w.owner, a.ID))
	sum := sha256.Sum256([]byte(snap.Body))
	if hex.EncodeToString(sum[:]) != snap.SHA256 {
		t.Error("the hash is not that of the copy")
	}
	var tree any
	if err := json.Unmarshal([]byte(snap.Body), &tree); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tree); err != nil {
		t.Fatal(err)
	}
	again := strings.TrimSuffix(strings.ReplaceAll(b.String(), `\u2028`, "\u2028"), "\n")
	if again != snap.Body {
		t.Errorf("written again it is\n%s\nand was\n%s", again, snap.Body)
	}
	content, err := snap.Read()
	if err != nil {
		t.Fatal(err)
	}
	if content.Reference != a.Reference || len(content.Eligibility) == 0 || content.Agreement.TextSHA256 == "" ||
		content.Dossier.Sites[0].Lat == nil || *content.Dossier.Sites[0].Lat != 40.7128 || content.Attestation.Statement != Attestation {
		t.Errorf("the content is %+v", content)
	}
}

func TestInformationRequestUnlocksOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, ids := w.asks(w.submitted(), PartEligibility+".entries", PartSites)
	if _, err := w.s.AnswerEligibility(w.ctx, w.owner, a.ID, []EligibilityEntry{{Question: "entries", Answer: "20", Version: 1}}); err != nil {
		t.Errorf("the question that is asked about: %v", err)
	}
	_, err := w.s.AnswerEligibility(w.ctx, w.owner, a.ID, []EligibilityEntry{{Question: "officer", Answer: "no", Version: 1}})
	wantKind(t, "another question", err, fault.Conflict)
	c := must[Checklist](t)(w.s.Check(w.ctx, w.owner, a.ID))
	_, err = w.s.SignAgreement(w.ctx, w.owner, a.ID, signing(c.File))
	wantKind(t, "the agreement", err, fault.Conflict)
	if !c.Editable(PartSites) || c.Editable(PartContacts) {
		t.Error("the wrong parts are open")
	}

	if err := w.s.AnswerItems(w.ctx, w.editor, a.ID, []ItemAnswer{{ID: ids[0], Answer: "About twenty", Version: 1}}); err != nil {
		t.Fatal(err)
	}
	err = w.s.AnswerItems(w.ctx, w.owner, a.ID, []ItemAnswer{{ID: ids[0], Answer: "Thirty", Version: 1}})
	wantKind(t, "an old version of an answer", err, fault.Conflict)
	err = w.s.AnswerItems(w.ctx, w.owner, a.ID, []ItemAnswer{{ID: pg.NewID(), Answer: "x"}})
	wantKind(t, "an item that is not there", err, fault.NotFound)
	in := Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"}
	_, err = w.s.AnswerInformation(w.ctx, w.owner, a.ID, in, nil)
	wantKind(t, "one still open", err, fault.Invalid)
	_, err = w.s.AnswerInformation(w.ctx, w.editor, a.ID, in, nil)
	wantKind(t, "an editor", err, fault.Forbidden)
	got, err := w.s.AnswerInformation(w.ctx, w.owner, a.ID, in, []ItemAnswer{{ID: ids[1], Answer: "One site only", Version: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != InReview || got.Round != 2 {
		t.Errorf("afterwards %s, round %d", got.Status, got.Round)
	}
	if n := w.count("select count(*) from application_snapshot where application_id = $1", a.ID); n != 2 {
		t.Errorf("%d snapshots, want 2", n)
	}
	if n := w.count("select count(*) from information_request where application_id = $1 and answered_at is not null", a.ID); n != 1 {
		t.Errorf("%d answered requests, want 1", n)
	}
	err = w.s.AnswerItems(w.ctx, w.owner, a.ID, []ItemAnswer{{ID: ids[1], Answer: "late", Version: 2}})
	wantKind(t, "after it was sent", err, fault.Conflict)
}

// A company that is asked to correct its name signs again, and is not caught in a
// part that nobody unlocked.
func TestCorrectingTheNameNeedsANewSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, ids := w.asks(w.submitted(), PartProfile)
	w.exec("update company set name = 'Harbor Trading Company LLC' where id = ?", w.company)
	in := Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"}
	answers := []ItemAnswer{{ID: ids[0], Answer: "Corrected", Version: 1}}
	_, err := w.s.AnswerInformation(w.ctx, w.owner, a.ID, in, answers)
	wantKind(t, "with the old signature", err, fault.Invalid)
	w.sign(a.ID)
	if _, err := w.s.AnswerInformation(w.ctx, w.owner, a.ID, in, answers); err != nil {
		t.Error(err)
	}
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, _ := w.asks(w.submitted(), PartSites)
	_, err := w.s.Withdraw(w.ctx, w.owner, a.ID, Withdrawal{Version: a.Version})
	wantKind(t, "without a reason", err, fault.Invalid)
	_, err = w.s.Withdraw(w.ctx, w.editor, a.ID, Withdrawal{Version: a.Version, Reason: "not_ready"})
	wantKind(t, "an editor", err, fault.Forbidden)
	_, err = w.s.Withdraw(w.ctx, w.owner, a.ID, Withdrawal{Version: 1, Reason: "not_ready"})
	wantKind(t, "stale version", err, fault.Conflict)
	got, err := w.s.Withdraw(w.ctx, w.owner, a.ID, Withdrawal{Version: a.Version, Reason: "not_ready", Note: "Next year"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != Withdrawn || got.ClosedAt == nil || got.ClosingReason != "Not ready yet: Next year" {
		t.Errorf("withdrawn as %+v", got)
	}
	if n := w.count("select count(*) from clock where subject_id = $1 and stopped_at is null", a.ID); n != 0 {
		t.Errorf("%d clocks still run", n)
	}
	if n := w.count("select count(*) from information_request where application_id = $1 and cancelled_at is null", a.ID); n != 0 {
		t.Error("the request is still open")
	}
	_, err = w.s.Withdraw(w.ctx, w.owner, a.ID, Withdrawal{Version: got.Version, Reason: "not_ready"})
	wantKind(t, "twice", err, fault.Conflict)
	if _, err := w.s.Choose(w.ctx, w.owner, "ctpat", "importer"); err != nil {
		t.Errorf("apply again after withdrawal: %v", err)
	}
}

func TestLapseOnlyAfterItsDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open()
	wantKind(t, "too early", w.s.Lapse(w.ctx, a.ID), fault.Invalid)
	w.clock.Move(31 * 24 * time.Hour) // 3 April: the last day was the 2nd
	if err := w.s.Lapse(w.ctx, a.ID); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "twice", w.s.Lapse(w.ctx, a.ID), fault.Conflict)
	if n := w.count("select count(*) from message where subject_id = $1 and letter = 'lapsed'", a.ID); n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
}

// aeo makes the world's company European and opens an application that has an
// acceptance step and a hearing.
func (w *world) aeo() Application {
	w.t.Helper()
	p, ok := w.s.Programmes.Get("eu-aeo")
	if !ok {
		w.t.Fatal("there is no programme eu-aeo")
	}
	e := p.EntityTypes()[0]
	w.exec("update office set zone = 'Europe/Brussels', calendar = 'be-federal' where id = ?", w.office)
	w.exec("update company set country = 'BE' where id = ?", w.company)
	w.exec("update site set country = 'BE', zone = 'Europe/Brussels' where company_id = ?", w.company)
	for _, g := range e.Identifiers.Required {
		for _, s := range g.Missing(nil, "BE") {
			w.exec(`insert into company_identifier (id, company_id, scheme, value, search_key, created_at) values (?, ?, ?, 'BE0123456789', 'BE0123456789', ?)`, pg.NewID(), w.company, s, w.clock.Now())
		}
	}
	a := must[Application](w.t)(w.s.Choose(w.ctx, w.owner, "eu-aeo", e.Code))
	must[File](w.t)(w.s.AnswerEligibility(w.ctx, w.owner, a.ID, goodAnswers(e, w.clock.Now())))
	a = w.sign(a.ID).Application
	return must[Application](w.t)(w.s.Submit(w.ctx, w.owner, a.ID, Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"}))
}

func TestSilenceAccepts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.aeo()
	if !strings.HasPrefix(a.Reference, "EU-2026-") {
		t.Errorf("reference %q", a.Reference)
	}
	wantKind(t, "too early", w.s.AcceptBySilence(w.ctx, a.ID), fault.Invalid)
	w.clock.Move(31 * 24 * time.Hour)
	if err := w.s.AcceptBySilence(w.ctx, a.ID); err != nil {
		t.Fatal(err)
	}
	o := must[Overview](t)(w.s.Overview(w.ctx, w.owner, a.ID))
	if got := o.File.Application; got.Status != InReview || got.AcceptedAt == nil {
		t.Errorf("afterwards %+v", got)
	}
	if n := w.count("select count(*) from clock where subject_id = $1 and code = 'decision' and stopped_at is null", a.ID); n != 1 {
		t.Errorf("the decision's clock: %d, want 1", n)
	}
	if n := w.count("select count(*) from message where subject_id = $1 and letter = 'application_accepted'", a.ID); n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
}

func TestAnswersBeforeAcceptanceGoBackToSubmitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, ids := w.asks(w.aeo(), PartSites)
	got, err := w.s.AnswerInformation(w.ctx, w.owner, a.ID, Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"},
		[]ItemAnswer{{ID: ids[0], Answer: "One", Version: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != Submitted {
		t.Errorf("afterwards %s, want submitted: it is not accepted yet", got.Status)
	}
}

// heard opens a hearing, as the agency's package does.
func (w *world) heard() Application {
	w.t.Helper()
	a := w.aeo()
	boss := w.staff(identity.Supervisor, "bos@customs.example")
	err := w.db.Write(w.ctx, boss.Scope(), func(tx pg.Tx) (err error) {
		now := w.clock.Now()
		if a, err = Open(w.ctx, tx, boss, a.ID, 0); err != nil {
			return err
		}
		for _, do := range []Action{Accept, Recommend} {
			facts, err := w.s.Facts(a)
			if err != nil {
				return err
			}
			facts.Outcome, facts.Points = Reject, 1
			if err := w.s.Move(w.ctx, tx, now, w.worker, &a, do, facts, Details{}); err != nil {
				return err
			}
		}
		rec := Recommendation{ID: pg.NewID(), ApplicationID: a.ID, CompanyID: a.CompanyID, Outcome: Reject, Reason: "r", Points: []Point{{PartSites, "criteria", "x"}}, MadeBy: w.worker.PersonID, MadeAt: now, Version: 1}
		if err := add(w.ctx, tx, &rec); err != nil {
			return err
		}
		h := HearingRow{ID: pg.NewID(), ApplicationID: a.ID, CompanyID: a.CompanyID, RecommendationID: rec.ID, Grounds: "The sites", OpenedAt: now, Version: 1}
		if err := add(w.ctx, tx, &h); err != nil {
			return err
		}
		facts, err := w.s.Facts(a)
		if err != nil {
			return err
		}
		facts.Outcome = Reject
		return w.s.Move(w.ctx, tx, now, boss, &a, Approve, facts, Details{})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func TestHearing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.heard()
	if a.Status != Hearing {
		t.Fatalf("the approval of a refusal led to %s", a.Status)
	}
	_, err := w.s.AnswerHearing(w.ctx, w.owner, a.ID, HearingAnswer{Version: a.Version, Answer: "  "})
	wantKind(t, "nothing said", err, fault.Invalid)
	_, err = w.s.AnswerHearing(w.ctx, w.editor, a.ID, HearingAnswer{Version: a.Version, Answer: "No"})
	wantKind(t, "an editor", err, fault.Forbidden)
	got, err := w.s.AnswerHearing(w.ctx, w.owner, a.ID, HearingAnswer{Version: a.Version, Answer: "We see it differently."})
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != InReview {
		t.Errorf("afterwards %s", got.Status)
	}
	_, err = w.s.AnswerHearing(w.ctx, w.owner, a.ID, HearingAnswer{Version: got.Version, Answer: "More"})
	wantKind(t, "twice", err, fault.Conflict)
	o := must[Overview](t)(w.s.Overview(w.ctx, w.owner, a.ID))
	if o.Hearing == nil || o.Hearing.Answer != "We see it differently." || o.Hearing.ClosedAt == nil {
		t.Errorf("kept %+v", o.Hearing)
	}
}

func TestHearingExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.heard()
	wantKind(t, "too early", w.s.HearingExpired(w.ctx, a.ID), fault.Invalid)
	w.clock.Move(40 * 24 * time.Hour)
	if err := w.s.HearingExpired(w.ctx, a.ID); err != nil {
		t.Fatal(err)
	}
	if n := w.count("select count(*) from hearing where application_id = $1 and closed_at is not null and answered_at is null", a.ID); n != 1 {
		t.Errorf("%d hearings closed without an answer, want 1", n)
	}
	if o := must[Overview](t)(w.s.Overview(w.ctx, w.owner, a.ID)); o.File.Application.Status != InReview {
		t.Errorf("afterwards %s", o.File.Application.Status)
	}
}

func TestReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	draft := w.ready()
	_, err := w.s.Receipt(w.ctx, w.owner, draft.ID)
	wantKind(t, "of a draft", err, fault.NotFound)
	a := must[Application](t)(w.s.Submit(w.ctx, w.owner, draft.ID, Submission{Version: draft.Version, Attested: true, Name: "Olga Harbor"}))
	r := must[Receipt](t)(w.s.Receipt(w.ctx, w.editor, a.ID))
	if r.Document != nil || r.Snapshot.AttestedName != "Olga Harbor" || len(r.Clocks) == 0 {
		t.Errorf("receipt %+v", r)
	}
	page := func(_ context.Context, r Receipt) (string, error) { return "<p>" + r.File.Application.Reference, nil }
	pages := 0
	print := func(_ context.Context, html string) ([]byte, error) { pages++; return []byte("%PDF " + html), nil }
	args := ReceiptArgs{ApplicationID: a.ID, Round: 1}
	fails := func(context.Context, string) ([]byte, error) { return nil, errors.New("no browser") }
	if err := w.s.MakeReceipt(w.ctx, args, page, fails); err == nil {
		t.Error("a renderer that fails went unnoticed")
	}
	for range 2 {
		if err := w.s.MakeReceipt(w.ctx, args, page, print); err != nil {
			t.Fatal(err)
		}
	}
	if pages != 1 {
		t.Errorf("printed %d times, want once", pages)
	}
	r = must[Receipt](t)(w.s.Receipt(w.ctx, w.owner, a.ID))
	if r.Document == nil || !strings.Contains(string(r.Document.Body), a.Reference) || r.Document.SHA256 != canon.Hash(r.Document.Body) {
		t.Errorf("kept %+v", r.Document)
	}
	if n := w.count("select count(*) from audit_event where action = 'application.make_receipt' and subject_id = $1 and after->>'sha256' = $2", a.ID, r.Document.SHA256); n != 1 {
		t.Errorf("%d events of making the receipt", n)
	}

	// Files that leave the portal are recorded; nobody takes another's.
	pdf := must[*Document](t)(w.s.ReceiptPDF(w.ctx, w.editor, a.ID))
	snap := must[Snapshot](t)(w.s.SnapshotJSON(w.ctx, w.editor, a.ID))
	for file, sha := range map[string]string{"receipt": pdf.SHA256, "copy": snap.SHA256} {
		if n := w.count("select count(*) from audit_event where action = 'application.download' and not internal and person_id = $1 and after->>'file' = $2 and after->>'sha256' = $3",
			w.editor.PersonID, file, sha); n != 1 {
			t.Errorf("%d events of taking the %s", n, file)
		}
	}
	strangers := []identity.Actor{w.person(w.newCompany("Other Inc"), identity.Owner, "oth@other.example"), w.staff(identity.Auditor, "ann@customs.example"),
		w.staff(identity.Administrator, "ada@customs.example")} // the agency reads with the review package, which notes each look
	for _, by := range strangers {
		for what, read := range map[string]func() error{
			"receipt": func() error { _, err := w.s.Receipt(w.ctx, by, a.ID); return err }, "PDF": func() error { _, err := w.s.ReceiptPDF(w.ctx, by, a.ID); return err },
			"copy": func() error { _, err := w.s.SnapshotJSON(w.ctx, by, a.ID); return err }, "overview": func() error { _, err := w.s.Overview(w.ctx, by, a.ID); return err },
			"check": func() error { _, err := w.s.Check(w.ctx, by, a.ID); return err },
		} {
			wantKind(t, what+" for a "+string(by.Role), read(), fault.NotFound)
		}
	}
	if n := w.count("select count(*) from audit_event where action = 'application.download'"); n != 2 {
		t.Errorf("%d downloads on record, want 2", n)
	}
}

func TestHomeSaysWhatIsNextAndByWhen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	home := func() Home { return must[Home](t)(w.s.Home(w.ctx, w.owner)) }
	if h := home(); len(h.Open) != 0 || h.Next() != nil || h.Dossier.Company.Name != "Harbor Trading LLC" {
		t.Errorf("before anything: %+v", h)
	}
	a := w.open()
	state := func(h Home, code string) TaskState {
		for _, task := range h.Open[0].Tasks {
			if task.Code == code {
				return task.State
			}
		}
		return "none"
	}
	h := home()
	if n := h.Next(); n == nil || n.Next().Code != PartEligibility || n.Deadline() == nil || n.Deadline().DueOn.String() != "2026-04-02" {
		t.Fatalf("next of a new draft: %+v", n)
	}
	if state(h, PartEligibility) != NotStarted || state(h, PartSites) != Ready || state(h, TaskSubmit) != CannotStart {
		t.Errorf("tasks: %+v", h.Open[0].Tasks)
	}
	must[File](t)(w.s.AnswerEligibility(w.ctx, w.owner, a.ID, []EligibilityEntry{{Question: "officer", Answer: "no"}}))
	if s := state(home(), PartEligibility); s != NeedsAttention {
		t.Errorf("after a wrong answer: %s", s)
	}
	entries := w.answers()
	for i := range entries {
		if entries[i].Question == "officer" {
			entries[i].Version = 1
		}
	}
	must[File](t)(w.s.AnswerEligibility(w.ctx, w.owner, a.ID, entries))
	if n := home().Next(); n == nil || n.Next().Code != PartAgreement {
		t.Errorf("next after the questions: %+v", n)
	}
	a = w.sign(a.ID).Application
	if n := home().Next(); n == nil || n.Next().Code != TaskSubmit {
		t.Errorf("next after signing: %+v", n)
	}
	a = must[Application](t)(w.s.Submit(w.ctx, w.owner, a.ID, Submission{Version: a.Version, Attested: true, Name: "Olga Harbor"}))
	if h = home(); h.Next() != nil || h.Unread != 1 {
		t.Errorf("after submission: next %+v, %d letters", h.Next(), h.Unread)
	}
	w.asks(a, PartSites)
	if n := home().Next(); n == nil || n.Next().Code != TaskAnswer {
		t.Errorf("next after a request: %+v", n)
	}
	_, err := w.s.Home(w.ctx, w.worker)
	wantKind(t, "staff", err, fault.NotFound)
}

func TestDecisionShowsReasonsAndRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.submitted()
	_, err := w.s.Decision(w.ctx, w.owner, a.ID)
	wantKind(t, "before it", err, fault.NotFound)
	w.reject(a, "false_information")
	d := must[Decision](t)(w.s.Decision(w.ctx, w.owner, a.ID))
	if d.Outcome != Rejected || d.ReapplyOn.String() != "2027-03-04" || d.Bar == "" {
		t.Errorf("decision %+v", d)
	}
}

// The programme's letters that this package sends can be filled.
func TestLettersHaveTheirValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, p := range w.s.Programmes.All() {
		for _, code := range []string{"application_received", "information_received", "withdrawn", "lapsed"} {
			if _, ok := p.Letter(code); !ok {
				t.Errorf("%s has no letter %s", p.Code, code)
			}
		}
		if _, ok := p.Clock(""); ok {
			t.Errorf("%s has a clock without a code", p.Code)
		}
	}
	if len(w.s.Hooks()) != 3 || w.s.Hooks()[programme.Lapse] == nil {
		t.Error("a hook of the clocks is missing")
	}
}
