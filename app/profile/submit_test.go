package profile_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"trustedtrader/app/canon"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
)

func codes(list []profile.Finding, s profile.Severity) (out []string) {
	for _, f := range list {
		if f.Severity == s {
			out = append(out, f.Key())
		}
	}
	return out
}

func (w *world) checks(c profile.Cycle) profile.Checks {
	w.t.Helper()
	page, err := w.s.Checks(w.ctx, w.owner, c.ID)
	w.must(err)
	return page
}

func TestChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	page := w.checks(c)
	if got := codes(page.Findings, profile.Error); !slices.Equal(got, []string{"incomplete:1.1", "incomplete:2.1", "incomplete:3.1", "incomplete:9.1", "incomplete:9.2"}) || page.Errors() != 5 {
		t.Errorf("an empty profile: %v", got)
	}
	w.fill(c)
	page = w.checks(c)
	if page.Errors() != 0 || !page.MaySubmit || page.Entity.Code != "importer" || len(page.Links) != 2 {
		t.Errorf("a filled one: %v, %d links", codes(page.Findings, profile.Error), len(page.Links))
	}
	if got := codes(page.Findings, profile.Tip); !slices.Equal(got, []string{"evidence_should:1.1"}) {
		t.Errorf("tips: %v", got)
	}
	helper, err := w.s.Checks(w.ctx, w.editor, c.ID)
	w.must(err)
	if helper.MaySubmit {
		t.Error("an editor may submit")
	}

	evidence := func(criterion, set string, args ...any) {
		t.Helper()
		id := profiletest.Show(w.ctx, t, w.s, c, criterion)
		w.exec(`update evidence set `+set+` where id = ?`, append(args, id)...)
	}
	version := func(criterion, scan string) {
		t.Helper()
		id := profiletest.Show(w.ctx, t, w.s, c, criterion)
		w.exec(`update evidence set kind = 'file', url = '' where id = ?`, id)
		w.exec(`insert into evidence_version (evidence_id, company_id, number, file_name, media_type, size, sha256, blob_key, scan, uploaded_at, author)
			values (?, ?, 1, ?, 'application/pdf', 10, 'abc', ?, ?, ?, 'x')`, id, w.company, scan+".pdf", id.String(), scan, w.clock.Now())
	}
	evidence("3.1", `expires_on = '2026-03-02'`)
	evidence("3.1", `expires_on = '2026-03-03'`) // the last day counts
	evidence("9.2", `expires_on = '2026-06-01'`)
	evidence("9.2", `expires_on = '2026-06-02'`) // 91 days from now
	version("9.1", "quarantined")
	version("9.3", "waiting")
	version("9.3", "not_scanned")
	same := said("The shift leader looks after this every day.")
	for i, q := range []string{"1.1.b", "2.1.c", "9.1.b"} {
		g, _ := w.load(c).Given(q, uuid.Nil)
		w.save(w.owner, c, q, g.Version, same)
		_ = i
	}
	w.save(w.owner, c, "9.1.a", 1, catalogue.Answer{Choice: catalogue.No, Plan: "Build a fence", PlanOn: "2026-03-02"})
	w.save(w.owner, c, "2.1.b", 1, catalogue.Answer{Date: "2025-02-01"})
	w.exec(`insert into contact (id, company_id, name, title, email, phone, kind, created_at) values (?, ?, 'Adam Away', 'Clerk', 'Away@harbor.example', '+1 202 555 0100', 'employee', ?)`, pg.NewID(), w.company, w.clock.Now())
	away := w.human("Adam Away", "away@harbor.example")
	w.exec(`update person set last_seen_at = '2025-09-03' where id = ?`, away)
	left := w.person(w.company, identity.Editor, "Lea Left")
	if _, err := w.s.Assign(w.ctx, w.owner, c.ID, profile.Assignment{Criteria: []string{"9.2"}, Person: left.PersonID}); err != nil {
		t.Fatal(err)
	}
	w.exec(`update person_right set ended_at = ? where id = ?`, w.clock.Now(), left.RightID)
	record := profiletest.Show(w.ctx, t, w.s, c, "2.1")
	w.exec(`insert into risk_assessment (company_id, title, status, begun_at, finished_at, evidence_id) values (?, 'Lanes', 'finished', '2025-01-01', '2025-02-01', ?)`, w.company, record)
	for i, side := range []string{"agency", "company", "agency"} {
		w.exec(`insert into profile_message (company_id, programme, entity_type, criterion, cycle_id, side, body, author, written_at, sent_at) values (?, 'ctpat', 'importer', '1.1', ?, ?, 'x', 'y', ?, ?)`,
			w.company, c.ID, side, w.clock.Now().Add(time.Duration(i)*time.Minute), w.clock.Now())
	}
	agency, operator, partner := pg.NewID(), pg.NewID(), pg.NewID()
	w.exec(`insert into agency (id, code, name, country, zone, created_at) values (?, 'union', 'Union', 'DE', 'UTC', ?)`, agency, w.clock.Now())
	w.exec(`insert into foreign_operator (id, agency_id, arrangement, home, name, country, number, search_key, status, applied_at, answered_at, changed_at, ended_at, known_on) values (?, ?, 'us-eu', 'ctpat', 'Elbe', 'DE', 'DE1', 'DE1', 'ended', ?, ?, ?, ?, '2026-03-01')`,
		operator, agency, w.clock.Now(), w.clock.Now(), w.clock.Now(), w.clock.Now())
	w.exec(`insert into business_partner (id, company_id, name, country, role, risk, created_at) values (?, ?, 'Elbe Freight', 'DE', 'factory', 'low', ?)`, partner, w.company, w.clock.Now())
	w.exec(`insert into partner_matter (company_id, partner_id, operator_id, name, number, status, opened_at) values (?, ?, ?, 'Elbe', 'DE1', 'ended', ?)`, w.company, partner, operator, w.clock.Now())
	page = w.checks(c)
	if got := codes(page.Findings, profile.Error); !slices.Equal(got, []string{"evidence_expired:3.1", "evidence_quarantined:9.1"}) {
		t.Errorf("errors: %v", got)
	}
	want := []string{"contact_away:", "partner_fallen:", "message_open:1.1", "risk_old:2.1", "evidence_expires:3.1", "plan_past:9.1", "evidence_expires:9.2", "assignee_gone:9.2", "evidence_waiting:9.3"}
	if got := codes(page.Findings, profile.Warning); !slices.Equal(got, want) || page.Warnings() != len(want) {
		t.Errorf("warnings: %v, want %v", got, want)
	}
	if got := codes(page.Findings, profile.Tip); !slices.Equal(got, []string{"evidence_should:1.1", "date_old:2.1"}) || page.Tips() != 2 {
		t.Errorf("tips: %v", got)
	}
	w.s.WarnUnscanned = true
	w.exec(`update profile_message set resolved_at = ? where criterion = '1.1'`, w.clock.Now())
	got := codes(w.checks(c).Findings, profile.Warning)
	if !slices.Contains(got, "evidence_unscanned:9.3") || slices.Contains(got, "message_open:1.1") {
		t.Errorf("warnings later: %v", got)
	}
	for _, f := range page.Findings {
		if text := f.Field().String(); strings.Contains(text, "%!") {
			t.Errorf("%s reads %q", f.Key(), text)
		}
	}
}

// The same text in five criteria asks; in four it does not. A very short text is a tip.
func TestChecksOfTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.fill(c)
	same := "The shift leader looks  after\nthis every day."
	for _, q := range []string{"1.1.a", "2.1.a", "3.1.a", "9.1.a"} {
		w.save(w.owner, c, q, 1, catalogue.Answer{Choice: catalogue.Yes, Text: same})
	}
	if got := codes(w.checks(c).Findings, profile.Warning); slices.Contains(got, "text_same:1.1") {
		t.Errorf("four times: %v", got)
	}
	w.save(w.owner, c, "9.3.a", 1, catalogue.Answer{Choice: catalogue.Yes, Text: strings.ToUpper(same)})
	w.save(w.owner, c, "1.1.b", 1, said("On the wall."))
	page := w.checks(c)
	i := slices.IndexFunc(page.Findings, func(f profile.Finding) bool { return f.Code == "text_same" })
	if i < 0 || page.Findings[i].Criterion != "1.1" || !slices.Equal(page.Findings[i].Others, []string{"2.1", "3.1", "9.1", "9.3"}) {
		t.Errorf("five times: %+v", page.Findings)
	}
	if got := codes(page.Findings, profile.Tip); !slices.Contains(got, "text_short:1.1") {
		t.Errorf("tips: %v", got)
	}
}

func (w *world) declaration(c profile.Cycle) profile.Declaration {
	w.t.Helper()
	page := w.checks(c)
	in := profile.Declaration{Version: page.Profile.Cycle.Version, Attested: true, Name: "Olga Owner", Title: "Director", Seen: page.Seen}
	for _, f := range page.Findings {
		in.Read = append(in.Read, f.Key())
	}
	return in
}

func TestSubmitRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	_, err := w.s.Submit(w.ctx, w.owner, c.ID, w.declaration(c))
	w.want("an empty profile", err, fault.Invalid)
	if f := fault.Fields(err); len(f) != 5 || f[0].Name != "1.1" {
		t.Errorf("every problem at once: %v", err)
	}
	w.fill(c)
	item := profiletest.Show(w.ctx, t, w.s, c, "9.2")
	w.exec(`update evidence set expires_on = '2026-04-01' where id = ?`, item)
	good := w.declaration(c)
	signatory := w.person(w.company, identity.Signatory, "Sia Signatory") // no officer
	other := w.person(w.newCompany("Other Ltd"), identity.Owner, "Otto Other")
	for name, x := range map[string]struct {
		by     identity.Actor
		change func(*profile.Declaration)
		want   fault.Kind
		field  string
	}{
		"another company":    {other, nil, fault.NotFound, ""},
		"an editor":          {w.editor, nil, fault.Forbidden, ""},
		"staff":              {w.worker, nil, fault.Forbidden, ""},
		"no officer":         {signatory, nil, fault.Invalid, "attested"},
		"an old version":     {w.owner, func(in *profile.Declaration) { in.Version = 9 }, fault.Conflict, ""},
		"not declared":       {w.owner, func(in *profile.Declaration) { in.Attested = false }, fault.Invalid, "attested"},
		"no name":            {w.owner, func(in *profile.Declaration) { in.Name = "" }, fault.Invalid, "name"},
		"no job title":       {w.owner, func(in *profile.Declaration) { in.Title = "" }, fault.Invalid, "title"},
		"a warning not read": {w.owner, func(in *profile.Declaration) { in.Read = nil }, fault.Invalid, "warnings"},
	} {
		in := good
		if x.change != nil {
			x.change(&in)
		}
		_, err := w.s.Submit(w.ctx, x.by, c.ID, in)
		w.want(name, err, x.want)
		if f := fault.Fields(err); x.field != "" && (len(f) != 1 || f[0].Name != x.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What was checked must still be there.
	w.save(w.editor, c, "3.1.d", 1, catalogue.Answer{Number: "55"})
	_, err = w.s.Submit(w.ctx, w.owner, c.ID, good)
	w.want("an answer changed since", err, fault.Conflict)
	var moved *fault.Error
	if !errors.As(err, &moved) || len(moved.Changed) != 1 || moved.Changed[0].Label != "Business partners" {
		t.Errorf("what moved: %v", err)
	}
	good = w.declaration(c)
	profiletest.Show(w.ctx, t, w.s, c, "9.1")
	_, err = w.s.Submit(w.ctx, w.owner, c.ID, good)
	w.want("evidence attached since", err, fault.Conflict)
	if n := w.count(`select count(*) from profile_submission`) + w.count(`select count(*) from evidence_pin`) + w.count(`select count(*) from message`) +
		w.count(`select count(*) from audit_event where action = 'profile.submit'`) + w.count(`select count(*) from river.river_job where kind = 'profile_receipt'`); n != 0 {
		t.Errorf("%d traces of what was refused", n)
	}
	_, err = w.s.Submit(w.ctx, w.owner, c.ID, w.declaration(c))
	w.must(err)
	_, err = w.s.Submit(w.ctx, w.owner, c.ID, profile.Declaration{Attested: true, Name: "Olga Owner", Title: "Director", Read: good.Read})
	w.want("twice", err, fault.Conflict)
}

// What was submitted is kept byte for byte, with the wording of each question and the
// version of each file.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	yard := w.newSite(w.company, "Yard", "yard", "US")
	c := w.open()
	w.fill(c)
	e := w.entry(c, "9.1.a", 0, catalogue.Answer{Choice: catalogue.No, Plan: "Build a fence", PlanOn: "2026-09-01"})
	e.Site = yard
	if _, err := w.s.Save(w.ctx, w.owner, e); err != nil {
		t.Fatal(err)
	}
	item := profiletest.Show(w.ctx, t, w.s, c, "9.1")
	w.exec(`update evidence set kind = 'file', url = '' where id = ?`, item)
	newest := uuid.Nil
	for i, sum := range []string{"old", "new"} {
		newest = pg.NewID()
		w.exec(`insert into evidence_version (id, evidence_id, company_id, number, file_name, media_type, size, sha256, blob_key, scan, uploaded_at, author)
			values (?, ?, ?, ?, 'fence.pdf', 'application/pdf', 10, ?, ?, 'clean', ?, 'x')`, newest, item, w.company, i+1, sum, newest.String(), w.clock.Now())
	}
	c = w.submit(c)
	snap, err := w.s.CopyJSON(w.ctx, w.reader, c.ID)
	w.must(err)
	sum := sha256.Sum256([]byte(snap.Body))
	if snap.SHA256 != hex.EncodeToString(sum[:]) || snap.AttestedName != "Olga Owner" || snap.AttestedTitle != "Director" {
		t.Errorf("the submission is %+v", snap)
	}
	var tree any
	w.must(json.Unmarshal([]byte(snap.Body), &tree))
	if again, err := canon.JSON(tree); err != nil || string(again) != snap.Body {
		t.Errorf("the snapshot is not canonical: %v", err)
	}
	in, err := snap.Read()
	w.must(err)
	if in.Format != "trusted-trader-profile/1" || in.Round != 1 || in.EditionHash != c.EditionHash || len(in.Criteria) != 6 || len(in.Sites) != 2 || in.Attestation.Statement != profile.Attestation {
		t.Errorf("the content is %+v", in)
	}
	x := in.Criteria[3]
	if x.ID != "9.1" || !x.Counts || x.Questions[0].Text != "Are the buildings closed?" || len(x.Questions[0].Answers) != 2 || x.Questions[0].Answers[0].Site != nil ||
		*x.Questions[0].Answers[1].Site != yard || x.Questions[0].Answers[1].Answer.Plan != "Build a fence" {
		t.Errorf("a criterion is %+v", x)
	}
	if len(x.Evidence) != 1 || x.Evidence[0].SHA256 != "new" || *x.Evidence[0].Version != newest {
		t.Errorf("its evidence is %+v", x.Evidence)
	}
	if n := w.count(`select count(*) from evidence_pin where submission_id = $1 and evidence_id = $2 and version_id = $3`, snap.ID, item, newest); n != 1 {
		t.Error("the version is not pinned")
	}
	if n := w.count(`select count(*) from audit_event where action = 'profile.download' and person_id = $1`, w.reader.PersonID); n != 1 {
		t.Errorf("%d events of the download", n)
	}
	err = w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error {
		return tx.WithContext(w.ctx).Exec(`delete from evidence_pin`).Error
	})
	if err == nil {
		t.Error("a pin can be deleted")
	}
}

// Eight officers press the button at once: the profile is submitted once.
func TestSubmitOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.fill(c)
	in := w.declaration(c)
	var won atomic.Int64
	parallel(8, func(int) {
		_, err := w.s.Submit(w.ctx, w.owner, c.ID, in)
		if err == nil {
			won.Add(1)
		} else if fault.KindOf(err) != fault.Conflict {
			t.Errorf("the slower one: %v", err)
		}
	})
	if n := w.count(`select count(*) from profile_submission where cycle_id = $1`, c.ID); won.Load() != 1 || n != 1 {
		t.Errorf("%d submitted, %d submissions are kept", won.Load(), n)
	}
	if n := w.count(`select count(*) from river.river_job where kind = 'profile_receipt'`); n != 1 {
		t.Errorf("%d receipts are ordered", n)
	}
}

// Who types while a colleague submits is in what was submitted, or is told that it is too
// late: no answer lies between the two.
func TestSaveWhileSubmitting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 10 {
		c := w.open()
		w.fill(c)
		in := w.declaration(c)
		in.Seen = nil // the page that does not carry what was seen
		g, _ := w.load(c).Given("3.1.d", uuid.Nil)
		var saved, submitted error
		parallel(2, func(i int) {
			if i == 0 {
				_, saved = w.s.Save(w.ctx, w.editor, w.entry(c, "3.1.d", g.Version, catalogue.Answer{Number: "77"}))
			} else {
				_, submitted = w.s.Submit(w.ctx, w.owner, c.ID, in)
			}
		})
		w.must(submitted)
		snap, err := w.s.CopyJSON(w.ctx, w.owner, c.ID)
		w.must(err)
		if inside := strings.Contains(snap.Body, `"number":"77"`); inside != (saved == nil) {
			t.Errorf("saved: %v; in what was submitted: %v", saved, inside)
		}
		if saved != nil {
			w.want("too late", saved, fault.Conflict)
		}
	}
}

// The receipt is made once, however often the job runs.
func TestReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	_, err := w.s.Receipt(w.ctx, w.owner, c.ID)
	w.want("before submitting", err, fault.NotFound)
	w.fill(c)
	c = w.submit(c)
	r, err := w.s.Receipt(w.ctx, w.reader, c.ID)
	w.must(err)
	if r.Submission.Round != 1 || r.Document != nil || len(r.Content.Criteria) != 6 || r.Firm.Name != "Harbor Trading LLC" || r.Firm.Office != "New York office" {
		t.Errorf("the receipt is %+v", r)
	}
	if d, err := w.s.ReceiptPDF(w.ctx, w.owner, c.ID); d != nil || err != nil {
		t.Errorf("before it is made: %v, %v", d, err)
	}
	page := func(_ context.Context, r profile.Receipt) (string, error) {
		return "<h1>" + r.Cycle.Reference + "</h1>", nil
	}
	printed := 0
	print := func(_ context.Context, html string) ([]byte, error) {
		printed++
		return []byte("PDF of " + html), nil
	}
	for range 2 {
		w.must(w.s.MakeReceipt(w.ctx, profile.ReceiptArgs{CycleID: c.ID, Round: 1}, page, print))
	}
	if printed != 1 {
		t.Errorf("printed %d times", printed)
	}
	d, err := w.s.ReceiptPDF(w.ctx, w.owner, c.ID)
	w.must(err)
	if string(d.Body) != "PDF of <h1>"+c.Reference+"</h1>" || d.Name != c.Reference+"-profile.pdf" {
		t.Errorf("the PDF is %+v", d)
	}
	if n := w.count(`select count(*) from audit_event where action = 'profile.make_receipt'`) + w.count(`select count(*) from audit_event where action = 'profile.download'`); n != 2 {
		t.Errorf("%d events", n)
	}
	w.want("no such round", w.s.MakeReceipt(w.ctx, profile.ReceiptArgs{CycleID: c.ID, Round: 7}, page, print), fault.NotFound)
	broken := errors.New("no browser")
	c2 := w.sendBack(c, "3.1")
	w.save(w.owner, c2, "3.1.d", 1, catalogue.Answer{Number: "8"})
	w.submit(c2)
	err = w.s.MakeReceipt(w.ctx, profile.ReceiptArgs{CycleID: c.ID, Round: 2}, page, func(context.Context, string) ([]byte, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("a printer that fails: %v", err)
	}
}

// A step that fails halfway leaves nothing behind.
func TestSubmitIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.fill(c)
	in := w.declaration(c)
	for _, table := range []string{"profile_submission", "evidence_pin", "message", "audit_event", "river.river_job"} {
		w.owns(`create function test_refuse() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$`)
		w.owns(`create trigger refuse before insert on ` + table + ` for each row execute function test_refuse()`)
		_, err := w.s.Submit(w.ctx, w.owner, c.ID, in)
		if err == nil || fault.KindOf(err) != fault.Internal {
			t.Errorf("%s refuses, and yet %v", table, err)
		}
		w.owns(`drop function test_refuse() cascade`)
		if n := w.count(`select count(*) from profile_cycle where id = $1 and status = 'open'`, c.ID); n != 1 {
			t.Errorf("%s refused, and the profile moved on", table)
		}
	}
	_, err := w.s.Submit(w.ctx, w.owner, c.ID, in)
	w.must(err)
}

// A connection that breaks in the middle of a step leaves nothing behind, and the step can
// be done again.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.fill(c)
	in := w.declaration(c)
	steps := map[string]func() error{
		"profile_answer_past": func() error {
			_, err := w.s.Save(w.ctx, w.owner, w.entry(c, "3.1.d", 1, catalogue.Answer{Number: "13"}))
			return err
		},
		"profile_submission": func() error { _, err := w.s.Submit(w.ctx, w.owner, c.ID, in); return err },
		"evidence_pin":       func() error { _, err := w.s.Submit(w.ctx, w.owner, c.ID, in); return err },
		"message":            func() error { _, err := w.s.Submit(w.ctx, w.owner, c.ID, in); return err },
		"river.river_job":    func() error { _, err := w.s.Submit(w.ctx, w.owner, c.ID, in); return err },
	}
	for table, do := range steps {
		conn, err := pgx.Connect(w.ctx, w.dsn)
		w.must(err)
		tx, err := conn.Begin(w.ctx)
		w.must(err)
		_, err = tx.Exec(w.ctx, "lock table "+table+" in access exclusive mode")
		w.must(err)
		done := make(chan error)
		go func() { done <- do() }()
		var cut int
		for deadline := time.Now().Add(30 * time.Second); cut == 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			w.must(tx.QueryRow(w.ctx, `select count(*) from (select pg_terminate_backend(l.pid) from pg_locks l
				where l.relation = $1::regclass and not l.granted and l.database = (select oid from pg_database where datname = current_database())) x`, table).Scan(&cut))
		}
		if err := <-done; err == nil || cut == 0 {
			t.Errorf("%s: %d connections cut, %v", table, cut, err)
		}
		w.must(errors.Join(tx.Rollback(w.ctx), conn.Close(w.ctx)))
		if n := w.count(`select count(*) from profile_submission`) + w.count(`select count(*) from evidence_pin`) + w.count(`select count(*) from message`) +
			w.count(`select count(*) from river.river_job where kind = 'profile_receipt'`) + w.count(`select count(*) from audit_event where action = 'profile.submit'`) +
			w.count(`select count(*) from profile_answer where question = '3.1.d' and version <> 1`) + w.count(`select count(*) from profile_cycle where status <> 'open'`); n != 0 {
			t.Errorf("%s: %d traces are left", table, n)
		}
	}
	_, err := w.s.Submit(w.ctx, w.owner, c.ID, in)
	w.must(err)
}
