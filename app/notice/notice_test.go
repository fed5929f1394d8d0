package notice_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"trustedtrader/app/apptest"
	"trustedtrader/app/fault"
	"trustedtrader/app/ical"
	"trustedtrader/app/identity"
	"trustedtrader/app/notice"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/config"
)

func TestMain(m *testing.M) { apptest.Run(m) }

type world struct {
	t           *testing.T
	ctx         context.Context
	db          *pg.DB
	now         *apptest.Clock
	s           *notice.Service
	programme   *programme.Programme
	office      uuid.UUID
	company     uuid.UUID
	application uuid.UUID
	reference   string
	owner       identity.Actor
	reader      identity.Actor
	worker      identity.Actor
}

func newWorld(t *testing.T) *world {
	t.Helper()
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		t.Fatal(err)
	}
	reg, err := programme.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := reg.Get("ctpat")
	base, err := url.Parse("https://portal.example/")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ctx: context.Background(), db: apptest.DB(t), now: apptest.At("2026-03-03T15:00:00Z"), programme: p}
	w.s = &notice.Service{DB: w.db, Now: w.now.Now, Letters: &notice.Letters{Base: base, Brand: "Trader Portal", Office: "Trusted trader office"}}
	w.office = pg.NewID()
	w.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'NYC', 'New York office', 'America/New_York', 'us-federal', now())`, w.office)
	w.company, w.application = w.newCompany("Harbor Trading LLC", "A-0001")
	w.reference = "A-0001"
	w.owner = w.person(identity.Owner, w.company, "olga@harbor.example", true)
	w.reader = w.person(identity.Reader, w.company, "rita@harbor.example", true)
	w.worker = w.person(identity.Specialist, uuid.Nil, "sam@customs.example", true)
	return w
}

func (w *world) newCompany(name, reference string) (company, application uuid.UUID) {
	company, application = pg.NewID(), pg.NewID()
	w.exec(`insert into company (id, name, country, office_id, created_at) values (?, ?, 'US', ?, now())`, company, name, w.office)
	w.exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at)
		values (?, ?, ?, 'ctpat', 'e', 'h', 'importer', ?, 'draft', now())`, application, reference, company, w.office)
	return company, application
}

// person makes somebody with a right; no company means staff.
func (w *world) person(r identity.Role, company uuid.UUID, email string, verified bool) identity.Actor {
	w.t.Helper()
	by := identity.Actor{PersonID: pg.NewID(), Name: "Name of " + email, Email: email, Audience: identity.Companies, Role: r, CompanyID: company}
	owner, office := &company, (*uuid.UUID)(nil)
	if company == uuid.Nil {
		by.Audience, by.OfficeID, by.Offices = identity.Staff, w.office, []uuid.UUID{w.office}
		owner, office = nil, &w.office
	}
	w.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, ?, ?, now())`,
		by.PersonID, by.PersonID.String(), email, verified, by.Name)
	w.exec(`insert into person_right (id, person_id, audience, role, office_id, company_id, starts_on, ends_on, granted_at) values (?, ?, ?, ?, ?, ?, '2020-01-01', '2030-01-01', now())`,
		pg.NewID(), by.PersonID, string(by.Audience), string(r), office, owner)
	return by
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	w.write(pg.System, func(tx pg.Tx) error { return tx.WithContext(w.ctx).Exec(sql, args...).Error })
}

func (w *world) write(scope pg.Scope, fn func(pg.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(w.ctx, scope, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.db.Batch(w.ctx, pg.System, pg.Value(&n, sql, args...)); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) letter() notice.Letter {
	return notice.Letter{
		Company: w.company, SubjectKind: notice.AboutApplication, SubjectID: w.application, Programme: w.programme, Code: "deadline_reminder",
		Values: map[string]string{"deadline": "Secret deadline", "owed": "Do the secret thing", "days_left": "7"},
		Days:   map[string]time.Time{"due_on": time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC)},
	}
}

func (w *world) send(by identity.Actor) {
	w.t.Helper()
	w.write(by.Scope(), func(tx pg.Tx) error { return w.s.Letters.ToCompany(w.ctx, tx, w.now.Now(), by, w.letter()) })
}

func TestLetterGoesToTheInboxAndEmailSaysNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person(identity.Editor, w.company, "ed@harbor.example", true)
	w.person(identity.Contributor, w.company, "cora@harbor.example", true)
	w.person(identity.Signatory, w.company, "sid@harbor.example", false) // never proved the address
	gone := w.person(identity.Editor, w.company, "gone@harbor.example", true)
	w.exec(`update person_right set ended_at = now() where person_id = ?`, gone.PersonID)
	past := w.person(identity.Representative, w.company, "past@consult.example", true)
	w.exec(`update person_right set ends_on = '2026-03-02' where person_id = ?`, past.PersonID)
	w.person(identity.Representative, w.company, "rep@consult.example", true)
	w.exec(`update person_right set ends_on = '2026-03-03' where ends_on = '2030-01-01' and role = 'representative'`) // their last day

	for _, by := range []identity.Actor{w.owner, w.worker, identity.ClockActor("test")} { // under each fence
		w.send(by)
	}
	var got []string
	w.write(pg.System, func(tx pg.Tx) error {
		return tx.WithContext(w.ctx).Raw(`select distinct to_address from mail order by 1`).Scan(&got).Error
	})
	if want := "[ed@harbor.example olga@harbor.example rep@consult.example]"; fmt.Sprint(got) != want {
		t.Errorf("e-mails to %v, want %s", got, want)
	}
	page, err := w.s.Inbox(w.ctx, w.owner, notice.Cursor{})
	if err != nil || len(page.Items) != 3 {
		t.Fatalf("inbox: %+v, %v", page, err)
	}
	m, err := w.s.Show(w.ctx, w.owner, page.Items[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"Secret deadline", "2 April 2026", "Do the secret thing", "Days left: 7", "A-0001", "Harbor Trading LLC"} {
		if !strings.Contains(m.Subject+m.Body, part) {
			t.Errorf("the letter lacks %q:\n%s\n%s", part, m.Subject, m.Body)
		}
	}
	if m.Author != "Trusted trader office" || strings.Contains(m.Body, w.worker.Name) || m.Reference != w.reference || !m.CanReply {
		t.Errorf("signed as %q about %q", m.Author, m.Reference)
	}
	w.s.Outbox = true
	mails, err := w.s.ListOutbox(w.ctx, identity.Actor{})
	if err != nil || len(mails) != 9 {
		t.Fatalf("%d e-mails, %v", len(mails), err)
	}
	for _, e := range mails {
		text := strings.ToLower(e.Subject + e.Body)
		for _, secret := range []string{"secret", "deadline", "april", "harbor trading", "due"} {
			if strings.Contains(text, secret) {
				t.Errorf("an e-mail says %q:\n%s\n%s", secret, e.Subject, e.Body)
			}
		}
		if !strings.Contains(e.Body, "https://portal.example/inbox/") || !strings.Contains(e.Body, "A-0001") {
			t.Errorf("an e-mail lacks the address or the reference:\n%s", e.Body)
		}
	}
	if n := w.count(`select count(*)::int from river.river_job where kind = 'mail' and queue = 'mail'`); n != len(mails) {
		t.Errorf("%d jobs for %d e-mails", n, len(mails))
	}
}

func TestNothingIsSentOfWhatIsRolledBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := w.letter()
	delete(bad.Values, "deadline")
	err := w.db.Write(w.ctx, w.worker.Scope(), func(tx pg.Tx) error {
		if err := w.s.Letters.ToCompany(w.ctx, tx, w.now.Now(), w.worker, w.letter()); err != nil {
			return err
		}
		return w.s.Letters.ToCompany(w.ctx, tx, w.now.Now(), w.worker, bad)
	})
	if err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("a letter with a gap went out: %v", err)
	}
	if n := w.count(`select (select count(*) from mail)::int + (select count(*) from message)::int + (select count(*) from river.river_job)::int`); n != 0 {
		t.Errorf("%d rows of a step that was undone", n)
	}
	unknown := w.letter()
	unknown.Code = "no_such_letter"
	if err := w.db.Write(w.ctx, w.worker.Scope(), func(tx pg.Tx) error {
		return w.s.Letters.ToCompany(w.ctx, tx, w.now.Now(), w.worker, unknown)
	}); err == nil {
		t.Error("an unknown letter went out")
	}
}

func TestReadingIsPerPersonAndStaffLeaveATrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send(w.worker)
	unread := func(by identity.Actor) (n int) {
		t.Helper()
		if err := w.db.Batch(w.ctx, by.Scope(), notice.Unread(&n, by)); err != nil {
			t.Fatal(err)
		}
		return n
	}
	page, err := w.s.Inbox(w.ctx, w.owner, notice.Cursor{})
	if err != nil || len(page.Items) != 1 || !page.Items[0].Unread || unread(w.owner) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	id := page.Items[0].ID
	var group sync.WaitGroup
	for range 8 { // opened in eight tabs at once
		group.Go(func() {
			if _, err := w.s.Show(w.ctx, w.owner, id); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if page, _ = w.s.Inbox(w.ctx, w.owner, notice.Cursor{}); page.Items[0].Unread || unread(w.owner) != 0 || unread(w.reader) != 1 {
		t.Error("read by one person is not read by that person alone")
	}
	if n := w.count(`select count(*)::int from audit_event where action = 'message.read'`); n != 0 {
		t.Error("a company reading its own letter left an audit event")
	}
	auditor := w.person(identity.Auditor, uuid.Nil, "al@customs.example", true)
	for range 2 {
		if m, err := w.s.Show(w.ctx, auditor, id); err != nil || m.CanReply {
			t.Fatalf("%+v %v", m, err)
		}
	}
	if n := w.count(`select count(*)::int from audit_event where action = 'message.read' and internal and company_id = $1 and person_id = $2`, w.company, auditor.PersonID); n != 2 {
		t.Errorf("%d audit events of the auditor's reading", n)
	}

	// Strangers: another company, a partner, an administrator, nobody.
	other, _ := w.newCompany("Other", "A-0002")
	stranger := w.person(identity.Owner, other, "x@other.example", true)
	for _, by := range []identity.Actor{stranger, {}, {PersonID: pg.NewID(), Audience: identity.Partners, Role: identity.Officer, AgencyID: pg.NewID()},
		w.person(identity.Administrator, uuid.Nil, "ada@customs.example", true)} {
		if _, err := w.s.Show(w.ctx, by, id); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s opened it: %v", by.Role, err)
		}
	}
	if p, err := w.s.Inbox(w.ctx, stranger, notice.Cursor{}); err != nil || len(p.Items) != 0 {
		t.Errorf("another company's inbox has %d of it: %v", len(p.Items), err)
	}
	if _, err := w.s.Show(w.ctx, w.owner, pg.NewID()); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a message that is not there: %v", err)
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`update application set assignee_id = ? where id = ?`, w.worker.PersonID, w.application)
	other, theirs := w.newCompany("Other", "A-0002")
	stranger := w.person(identity.Owner, other, "x@other.example", true)
	auditor := w.person(identity.Auditor, uuid.Nil, "al@customs.example", true)

	for _, c := range []struct {
		name          string
		by            identity.Actor
		about         uuid.UUID
		subject, body string
		want          fault.Kind
	}{
		{"no text", w.owner, w.application, "Hello", " \n ", fault.Invalid},
		{"no subject", w.owner, w.application, "", "Text", fault.Invalid},
		{"two lines of subject", w.owner, w.application, "a\nBcc: x@y.example", "Text", fault.Invalid},
		{"turned text", w.owner, w.application, "Hello", "a\u202Eb", fault.Invalid},
		{"too long", w.owner, w.application, "Hello", strings.Repeat("x", 8001), fault.Invalid},
		{"a reader", w.reader, w.application, "Hello", "Text", fault.Forbidden},
		{"an auditor", auditor, w.application, "Hello", "Text", fault.Forbidden},
		{"another company", stranger, w.application, "Hello", "Text", fault.NotFound},
		{"somebody else's with a bad text", stranger, w.application, "", "", fault.NotFound},
		{"an own application of the other", w.owner, theirs, "Hello", "Text", fault.NotFound},
		{"no such application", w.owner, pg.NewID(), "Hello", "Text", fault.NotFound},
		{"nobody", identity.Actor{}, w.application, "Hello", "Text", fault.NotFound},
	} {
		if _, err := w.s.Write(w.ctx, c.by, c.about, c.subject, c.body); fault.KindOf(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if n := w.count(`select count(*)::int from message`); n != 0 {
		t.Fatalf("%d messages of refused steps", n)
	}

	if _, err := w.s.Write(w.ctx, w.owner, w.application, "A question", "When?\r\nToday?"); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`select count(*)::int from mail where to_address = 'sam@customs.example' and body like '%/cases/%' and body not like '%question%'`); n != 1 {
		t.Errorf("%d e-mails to the assigned specialist", n)
	}
	w.now.Move(time.Minute)
	if _, err := w.s.Write(w.ctx, w.worker, w.application, "An answer", "Soon."); err != nil {
		t.Fatal(err)
	}
	page, err := w.s.Inbox(w.ctx, w.owner, notice.Cursor{})
	if err != nil || len(page.Items) != 2 {
		t.Fatalf("%+v, %v", page, err)
	}
	answer, question := page.Items[0], page.Items[1]
	if answer.Author != "Trusted trader office" || !answer.Unread || question.Author != w.owner.Name || question.Unread || question.Direction != notice.ToAgency {
		t.Errorf("%+v\n%+v", answer, question)
	}
	if n := w.count(`select count(*)::int from mail where to_address = 'olga@harbor.example'`); n != 1 {
		t.Errorf("%d e-mails to the owner", n)
	}
	if n := w.count(`select count(*)::int from audit_event where action = 'message.send' and subject_id = $1`, w.application); n != 2 {
		t.Errorf("%d audit events", n)
	}
	var thread []notice.Full
	if err := w.db.Batch(w.ctx, w.worker.Scope(), notice.ThreadRows(&thread, w.worker, notice.AboutApplication, w.application)); err != nil {
		t.Fatal(err)
	}
	if len(thread) != 2 || thread[1].Body != "When?\nToday?" || !thread[1].Unread || thread[0].Unread || thread[0].Company != "Harbor Trading LLC" {
		t.Errorf("the case's thread: %+v", thread)
	}
	if err := w.db.Batch(w.ctx, stranger.Scope(), notice.ThreadRows(&thread, stranger, notice.AboutApplication, w.application)); err != nil || len(thread) != 0 {
		t.Errorf("another company sees %d messages: %v", len(thread), err)
	}
}

func TestInboxPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 2*notice.PageSize + 3
	at := w.now.Now()
	w.exec(`insert into message (company_id, direction, subject, body, subject_kind, subject_id, author, sent_at)
		select ?, 'to_company', 'Letter ' || i, 'b', 'application', ?, 'Office', ?::timestamptz + (i / 3) * interval '1 microsecond' from generate_series(1, ?) i`,
		w.company, w.application, at, n) // many of one moment
	seen := map[uuid.UUID]bool{}
	var sizes []int
	for after := (notice.Cursor{}); ; {
		page, err := w.s.Inbox(w.ctx, w.owner, notice.ParseCursor(after.String())) // as it goes through an address
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Items))
		for _, m := range page.Items {
			if seen[m.ID] {
				t.Fatal("a message came twice")
			}
			seen[m.ID] = true
		}
		if after = page.Next; after.ID == uuid.Nil {
			break
		}
	}
	if len(seen) != n || fmt.Sprint(sizes) != fmt.Sprint([]int{notice.PageSize, notice.PageSize, 3}) {
		t.Errorf("%d of %d messages on pages of %v", len(seen), n, sizes)
	}
	for _, s := range []string{"", "x", "2026-01-01T00:00:00Z_nonsense", strings.Repeat("9", 500), "_" + uuid.Nil.String()} {
		if notice.ParseCursor(s).ID != uuid.Nil {
			t.Errorf("%q is no place in a list", s)
		}
	}
}

func TestFences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send(w.worker)
	if _, err := w.s.ListOutbox(w.ctx, w.worker); fault.KindOf(err) != fault.NotFound {
		t.Errorf("there is an outbox in production: %v", err)
	}
	other, _ := w.newCompany("Other", "A-0002")
	stranger := w.person(identity.Owner, other, "x@other.example", true)
	for _, c := range []struct {
		by   identity.Actor
		sql  string
		want int
	}{
		{w.owner, `select count(*)::int from message`, 1},
		{stranger, `select count(*)::int from message`, 0},
		{identity.Actor{}, `select count(*)::int from message`, 0},
		{w.owner, `select count(*)::int from mail`, 0}, // adds to the outbox, does not look into it
		{stranger, `select count(*)::int from message_read`, 0},
	} {
		var n int
		if err := w.db.Batch(w.ctx, c.by.Scope(), pg.Value(&n, c.sql)); err != nil || n != c.want {
			t.Errorf("%s sees %d by %s, want %d (%v)", c.by.Email, n, c.sql, c.want, err)
		}
	}
	err := w.db.Write(w.ctx, stranger.Scope(), func(tx pg.Tx) error {
		return w.s.Letters.Message(w.ctx, tx, w.now.Now(), stranger, notice.Message{Company: w.company, Direction: notice.ToAgency, Subject: "s", Body: "b",
			SubjectKind: notice.AboutApplication, SubjectID: w.application})
	})
	if err == nil {
		t.Error("a stranger wrote into another company's inbox")
	}
	err = w.db.Write(w.ctx, identity.Actor{}.Scope(), func(tx pg.Tx) error {
		return w.s.Letters.Mail(w.ctx, tx, w.now.Now(), notice.Mail{To: "a@b.example", Subject: "s", Body: "b"})
	})
	if err == nil {
		t.Error("nobody sent an e-mail")
	}
}

// sink is a mail server for tests.
type sink struct {
	mu      sync.Mutex
	got     []string // "address: text"
	refuse  int      // so many more are refused
	address string
}

func (s *sink) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{sink: s}, nil }

type session struct {
	sink *sink
	to   string
}

func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	if s.sink.refuse > 0 {
		s.sink.refuse--
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "Mailbox of " + to + " is busy"}
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	s.sink.got = append(s.sink.got, s.to+"\n"+string(b))
	return nil
}

func (s *sink) list() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.got...)
}

// open listens on the sink's address, or on a free one the first time, until the
// function that it returns or the test's end closes it.
func (s *sink) open(t *testing.T) (shut func()) {
	t.Helper()
	if s.address == "" {
		s.address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	server := smtp.NewServer(s)
	server.Domain = "localhost"
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with an error when it is closed
	}()
	shut = sync.OnceFunc(func() {
		_ = l.Close() // the server knows it only once it serves
		_ = server.Close()
		<-done
	})
	t.Cleanup(shut)
	return shut
}

func (s *sink) config(t *testing.T) notice.SMTP {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	return notice.SMTP{Host: "127.0.0.1", Port: a.Port, TLS: "none", From: "portal@customs.example", FromName: "Trader Portal"}
}

// work runs a queue until the test ends; tries follow each other at once.
func (w *world) work(cfg notice.SMTP) {
	w.t.Helper()
	workers := river.NewWorkers()
	river.AddWorker(workers, &notice.MailWorker{DB: w.db, Now: w.now.Now, SMTP: cfg, Retry: func(int) time.Duration { return 50 * time.Millisecond }})
	client, err := river.NewClient(riverpgxv5.New(w.db.Pool()), &river.Config{Schema: pg.JobSchema, Workers: workers, Logger: apptest.Quiet(),
		Queues: map[string]river.QueueConfig{notice.MailQueue: {MaxWorkers: 4}}, FetchPollInterval: 50 * time.Millisecond, FetchCooldown: 10 * time.Millisecond})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := client.Start(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := client.Stop(w.ctx); err != nil {
			w.t.Error(err)
		}
	})
}

func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (w *world) finished() int {
	return w.count(`select count(*)::int from river.river_job where kind = 'mail' and state = 'completed'`)
}

// The mail server is away while letters are written and comes back: each e-mail goes
// out once, and nothing that names a person is kept of the failures.
func TestMailServerDownLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := &sink{}
	shut := s.open(t)
	cfg := s.config(t)
	shut()
	const n = 12
	for range n {
		w.send(w.worker)
	}
	w.work(cfg)
	w.work(cfg) // two replicas
	w.until("failed tries", func() bool { return w.count(`select count(*)::int from mail where tries > 1`) == n })
	if got := w.count(`select count(*)::int from mail where sent_at is null and last_error = 'the mail server cannot be reached'`); got != n {
		t.Errorf("%d of %d say that the server is away", got, n)
	}
	s.refuse = 5
	s.open(t)
	w.until("all e-mails", func() bool { return w.finished() == n })
	ids := map[string]bool{}
	for _, raw := range s.list() {
		to, text, _ := strings.Cut(raw, "\n")
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		id := m.Header.Get("Message-Id")
		if to != "olga@harbor.example" || ids[id] || !strings.HasSuffix(id, "@customs.example>") || m.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("to %s with %v", to, m.Header)
		}
		ids[id] = true
	}
	if len(ids) != n || len(s.list()) != n {
		t.Errorf("%d e-mails with %d ids, want %d", len(s.list()), len(ids), n)
	}
	if got := w.count(`select count(*)::int from mail where sent_at is not null and last_error = ''`); got != n {
		t.Errorf("%d of %d are noted as sent", got, n)
	}
	if got := w.count(`select count(*)::int from river.river_job where errors::text like '%harbor.example%'`); got != 0 {
		t.Errorf("%d failed jobs keep an address", got)
	}
}

// Without a mail server e-mails are kept for the page, and no job waits for ever.
func TestNoMailServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send(w.worker)
	w.work(notice.SMTP{})
	w.until("the job's end", func() bool { return w.finished() == 1 })
	w.s.Outbox = true
	mails, err := w.s.ListOutbox(w.ctx, identity.Actor{})
	if err != nil || len(mails) != 1 || mails[0].SentAt != nil || mails[0].Tries != 0 || mails[0].State() != "Kept in the outbox" {
		t.Errorf("%+v, %v", mails, err)
	}
}

// One e-mail queued many times is sent once.
func TestOneEmailIsSentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := &sink{}
	s.open(t)
	w.send(w.worker)
	w.write(pg.System, func(tx pg.Tx) error {
		var ids []uuid.UUID
		if err := tx.WithContext(w.ctx).Raw(`select id from mail`).Scan(&ids).Error; err != nil {
			return err
		}
		for range 6 {
			if err := tx.Enqueue(w.ctx, notice.MailArgs{ID: ids[0]}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	w.work(s.config(t))
	w.work(s.config(t))
	w.until("the e-mail", func() bool { return w.count(`select count(*)::int from mail where sent_at is not null`) == 1 })
	w.until("most jobs", func() bool {
		return w.count(`select count(*)::int from river.river_job where state in ('available', 'running')`) == 0
	})
	if n := len(s.list()); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestRetriesSlowDownToAnHour(t *testing.T) {
	t.Parallel()
	w := &notice.MailWorker{}
	var last time.Duration
	for _, try := range []int{1, 2, 5, 9, 10, 100, 700} {
		job := &river.Job[notice.MailArgs]{JobRow: &rivertype.JobRow{Attempt: try}}
		wait := time.Until(w.NextRetry(job)).Round(time.Second)
		if wait < last || wait < 10*time.Second || wait > time.Hour {
			t.Errorf("after %d tries %s, after the one before %s", try, wait, last)
		}
		last = wait
	}
	if last != time.Hour {
		t.Errorf("at last every %s", last)
	}
	if n := (notice.MailArgs{}).InsertOpts().MaxAttempts; time.Duration(n-9)*time.Hour < 14*24*time.Hour {
		t.Errorf("%d tries last less than two weeks", n)
	}
}

// An invitation goes out as mail programs expect it: the text and the calendar object side
// by side, so that they offer to accept, and a copy to save.
func TestInvitation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.s.Letters.From = "portal@customs.example"
	from, name := w.s.Letters.Organizer(w.ctx)
	event := ical.Event{UID: ical.VisitUID(w.application, w.s.Letters.Host()), Summary: "Validation visit (ref V-2026-0412)", Stamp: w.now.Now(), Organizer: from, OrganizerName: name,
		Start: time.Date(2026, 4, 14, 15, 0, 0, 0, time.UTC), End: time.Date(2026, 4, 14, 23, 0, 0, 0, time.UTC), Attendees: []ical.Attendee{{Name: "Olga Núñez", Email: w.owner.Email}}}
	calendar, err := ical.Invitation(event, ical.Request)
	if err != nil {
		t.Fatal(err)
	}
	mailTo := notice.Mail{To: w.owner.Email, Name: "Olga Núñez", Subject: "Validation visit", Body: "Please answer.\n", Company: w.company}
	w.write(w.worker.Scope(), func(tx pg.Tx) error {
		return w.s.Letters.Invite(w.ctx, tx, w.now.Now(), mailTo, calendar, ical.Request)
	})
	if err := w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error {
		return w.s.Letters.Invite(w.ctx, tx, w.now.Now(), mailTo, nil, ical.Request)
	}); err == nil {
		t.Error("an invitation without a calendar object was taken")
	}
	s := &sink{}
	s.open(t)
	w.work(s.config(t))
	w.until("the invitation", func() bool { return len(s.list()) == 1 })

	_, text, _ := strings.Cut(s.list()[0], "\n")
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if a, err := m.Header.AddressList("From"); err != nil || a[0].Address != from {
		t.Errorf("sent by %v (%v), and the organizer is %s", a, err, from)
	}
	parts := map[string]string{}
	var walk func(kind string, r io.Reader)
	walk = func(kind string, r io.Reader) {
		media, params, err := mime.ParseMediaType(kind)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(media, "multipart/") {
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			parts[media+" "+params["method"]+" "+strings.ToLower(params["charset"])] = string(b)
			return
		}
		for mr := multipart.NewReader(r, params["boundary"]); ; {
			p, err := mr.NextPart() // decodes quoted-printable
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var body io.Reader = p
			if p.Header.Get("Content-Transfer-Encoding") == "base64" {
				body = base64.NewDecoder(base64.StdEncoding, p)
			}
			parts["in "+media] += p.Header.Get("Content-Type")[:8] + ";"
			walk(p.Header.Get("Content-Type"), body)
		}
	}
	walk(m.Header.Get("Content-Type"), m.Body)
	if got := parts["in multipart/alternative"]; got != "text/pla;text/cal;" {
		t.Errorf("beside each other: %q", got)
	}
	if got := parts["text/calendar REQUEST utf-8"]; got != string(calendar) {
		t.Errorf("the calendar object arrived as %q; parts: %v", got, slices.Sorted(maps.Keys(parts)))
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(parts)), func(k string) bool {
		return strings.HasPrefix(k, "application/ics") && parts[k] == string(calendar)
	}) {
		t.Errorf("there is no copy to save among %v", slices.Sorted(maps.Keys(parts)))
	}
}
