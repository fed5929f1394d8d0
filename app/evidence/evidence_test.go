package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/apptest"
	"trustedtrader/app/blob"
	"trustedtrader/app/evidence"
	"trustedtrader/app/evidence/evidencetest"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// world is two companies with a profile each, and the agency.
type world struct {
	t             *testing.T
	ctx           context.Context
	db            *pg.DB
	now           *apptest.Clock
	store         *blob.Store
	s             *evidence.Service
	owner, editor identity.Actor
	contributor   identity.Actor
	reader        identity.Actor
	other         identity.Actor // owner of another company
	sam, auditor  identity.Actor
	admin         identity.Actor
	cycle         uuid.UUID
	site          uuid.UUID
	theirs        uuid.UUID // profile of the other company
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), db: apptest.DB(t), now: apptest.At("2026-03-03T15:00:00Z")}
	store, err := blob.Open(w.ctx, blob.Settings{Folder: filepath.Join(t.TempDir(), "evidence")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w.store = store
	w.s = w.service(store)
	office := pg.NewID()
	w.exec(`insert into office (id, code, name, zone, calendar, created_at) values (?, 'HQ', 'Headquarters', 'America/New_York', 'us-federal', ?)`, office, w.now.Now())
	w.exec(`insert into catalogue_edition (programme, edition, hash, status, valid_from, body, stored_at) values ('ctpat', '2020', 'h', 'published', '2020-01-01', '{}', ?)`, w.now.Now())
	for i, name := range []string{"Harbor Trading LLC", "Nosy Neighbor Inc"} {
		company := pg.NewID()
		w.exec(`insert into company (id, name, country, office_id, created_at) values (?, ?, 'US', ?, ?)`, company, name, office, w.now.Now())
		cycle := w.newCycle(company, office, 1)
		if i == 0 {
			w.cycle, w.site = cycle, pg.NewID()
			w.exec(`insert into site (id, company_id, name, activity, street, city, country, zone, created_at) values (?, ?, 'Pier 4', 'warehouse', 'Dock Rd 1', 'Newark', 'US', 'America/New_York', ?)`, w.site, company, w.now.Now())
			for role, a := range map[identity.Role]*identity.Actor{identity.Owner: &w.owner, identity.Editor: &w.editor, identity.Contributor: &w.contributor, identity.Reader: &w.reader} {
				*a = w.person(identity.Companies, role, company)
			}
		} else {
			w.theirs, w.other = cycle, w.person(identity.Companies, identity.Owner, company)
		}
	}
	w.sam = w.person(identity.Staff, identity.Specialist, uuid.Nil)
	w.auditor = w.person(identity.Staff, identity.Auditor, uuid.Nil)
	w.admin = w.person(identity.Staff, identity.Administrator, uuid.Nil)
	return w
}

func (w *world) service(store *blob.Store) *evidence.Service {
	return &evidence.Service{DB: w.db, Now: w.now.Now, Log: slog.New(slog.DiscardHandler), Store: store, Master: bytes.Repeat([]byte("k"), 32), Quota: 2000 << 20}
}

// newCycle opens a profile number n of a company.
func (w *world) newCycle(company, office uuid.UUID, n int) uuid.UUID {
	w.t.Helper()
	id, application := pg.NewID(), pg.NewID()
	w.exec(`insert into application (id, reference, company_id, programme, edition, edition_hash, entity_type, office_id, status, opened_at) values (?, ?, ?, 'ctpat', '2020', 'h', 'importer', ?, 'draft', ?)`,
		application, "APP-"+application.String(), company, office, w.now.Now())
	w.exec(`insert into profile_cycle (id, reference, company_id, programme, entity_type, kind, number, edition, edition_hash, office_id, application_id, status, opened_at)
		values (?, ?, ?, 'ctpat', 'importer', 'initial', ?, '2020', 'h', ?, ?, 'open', ?)`, id, "SP-"+id.String(), company, n, office, application, w.now.Now())
	return id
}

func (w *world) person(audience identity.Audience, role identity.Role, company uuid.UUID) identity.Actor {
	w.t.Helper()
	a := identity.Actor{PersonID: pg.NewID(), Audience: audience, Role: role, CompanyID: company, Name: "A " + string(role), RequestID: "r"}
	w.exec(`insert into person (id, issuer, subject, email, email_verified, name, created_at) values (?, 'i', ?, ?, true, ?, ?)`, a.PersonID, a.PersonID.String(), a.PersonID.String()+"@x.example", a.Name, w.now.Now())
	return a
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if err := w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error { return tx.WithContext(w.ctx).Exec(sql, args...).Error }); err != nil {
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

func (w *world) text(sql string, args ...any) (s string) {
	w.t.Helper()
	if err := w.db.Batch(w.ctx, pg.System, pg.Value(&s, sql, args...)); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// must takes a result that has no error.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v", err)
		}
		return v
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// refused checks that an error is a refusal of a kind, with a part of its sentence.
func (w *world) refused(what string, err error, kind fault.Kind, says string) {
	w.t.Helper()
	if fault.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), says) {
		w.t.Errorf("%s: %v, want kind %d with %q", what, err, kind, says)
	}
}

// objects are the names of everything in the store.
func (w *world) objects() (out []string) {
	w.t.Helper()
	w.ok(w.store.Each(w.ctx, "", func(e blob.Entry) error { out = append(out, e.Name); return nil }))
	return out
}

// add adds a file in one stream.
func (w *world) add(by identity.Actor, name string, content []byte, to *evidence.Place) evidence.Kept {
	w.t.Helper()
	return must[evidence.Kept](w.t)(w.s.Take(w.ctx, by, evidence.Incoming{FileName: name, Size: int64(len(content)) + 400}, evidence.Details{Place: to}, bytes.NewReader(content)))
}

func (w *world) submit(cycle uuid.UUID, round int) uuid.UUID {
	w.t.Helper()
	id := pg.NewID()
	w.ok(w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error {
		if err := tx.WithContext(w.ctx).Exec(`update profile_cycle set status = 'submitted', submitted_at = ?, round = ? where id = ?`, w.now.Now(), round, cycle).Error; err != nil {
			return err
		}
		if err := tx.WithContext(w.ctx).Exec(`insert into profile_submission (id, cycle_id, company_id, round, body, sha256, submitted_by, submitted_at, attested_name, attested_title)
			select ?, id, company_id, ?, '{}', 'h', ?, ?, 'n', 't' from profile_cycle where id = ?`, id, round, w.owner.PersonID, w.now.Now(), cycle).Error; err != nil {
			return err
		}
		return evidence.Pin(w.ctx, tx, id, cycle)
	}))
	return id
}

// giveBack returns a profile for some criteria.
func (w *world) giveBack(cycle uuid.UUID, round int, criteria ...string) {
	w.t.Helper()
	id := pg.NewID()
	w.exec(`update profile_cycle set status = 'returned' where id = ?`, cycle)
	w.exec(`insert into profile_return (id, cycle_id, company_id, round, message, sent_at) select ?, id, company_id, ?, 'please', ? from profile_cycle where id = ?`, id, round, w.now.Now(), cycle)
	for _, c := range criteria {
		w.exec(`insert into profile_return_item (return_id, cycle_id, company_id, criterion, remark) select ?, id, company_id, ?, 'more' from profile_cycle where id = ?`, id, c, cycle)
	}
}

func readAll(t testing.TB, o evidence.Opening) []byte {
	t.Helper()
	b, err := io.ReadAll(o.Content)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Content.Close(); err != nil {
		t.Error(err)
	}
	return b
}

func TestAFileFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pdf := evidencetest.PDF("Seal procedure")
	k := w.add(w.editor, `C:\fakepath\Seal_procedure 2026.pdf`, pdf, nil)
	if k.Title != "Seal procedure 2026" || k.FileName != "Seal_procedure 2026.pdf" || k.Number != 1 || k.Scan != evidence.NotScanned {
		t.Errorf("kept: %+v", k)
	}
	sheet := must[evidence.Sheet](t)(w.s.Item(w.ctx, w.reader, k.Evidence))
	v := sheet.Versions[0]
	if v.MediaType != "application/pdf" || v.Size != int64(len(pdf)) || len(v.SHA256) != 64 || sheet.MayEdit || !sheet.MayOpen {
		t.Errorf("the page: %+v", sheet)
	}
	if got := readAll(t, must[evidence.Opening](t)(w.s.Download(w.ctx, w.reader, k.Version))); !bytes.Equal(got, pdf) {
		t.Error("another content comes back")
	}
	if n := w.count(`select count(*)::int from audit_event where action in ('evidence.add', 'evidence.download') and company_id = $1 and not internal`, w.owner.CompanyID); n != 2 {
		t.Errorf("%d events", n)
	}
	e := must[evidence.Evidence](t)(w.s.Change(w.ctx, w.editor, k.Evidence, evidence.Entry{Title: "Seals", IssuedOn: "2026-01-01", ExpiresOn: "2026-12-31", Lang: "en", Owner: "Ana", Version: 1}))
	if e.Version != 2 || e.Title != "Seals" || e.Confidentiality != evidence.Company {
		t.Errorf("changed: %+v", e)
	}
	_, err := w.s.Change(w.ctx, w.owner, k.Evidence, evidence.Entry{Title: "Sealing", Version: 1})
	w.refused("an old form", err, fault.Conflict, "Someone changed this")
	var f *fault.Error
	if errors.As(err, &f); f == nil || !slices.ContainsFunc(f.Changed, func(c fault.Change) bool { return c.Label == "Title" && c.Theirs == "Seals" && c.Yours == "Sealing" }) {
		t.Errorf("what differs: %+v", f)
	}
	second := w.add2(k.Evidence, "seals v2.docx", evidencetest.Office(evidencetest.Word))
	if second.Number != 2 || second.Evidence != k.Evidence {
		t.Errorf("a new version: %+v", second)
	}
	shelf := must[evidence.Shelf](t)(w.s.Library(w.ctx, w.reader, evidence.Filter{Query: "SEAL"}))
	if len(shelf.Items) != 1 || shelf.Items[0].Number != 2 || shelf.Used == 0 || !shelf.Any {
		t.Errorf("the library: %+v", shelf)
	}
	h := must[evidence.Health](t)(w.s.Examine(w.ctx))
	if h.Versions != 2 || h.Lost != 0 || h.Stray != 0 {
		t.Errorf("health: %+v", h)
	}
}

func (w *world) add2(item uuid.UUID, name string, content []byte) evidence.Kept {
	w.t.Helper()
	return must[evidence.Kept](w.t)(w.s.Take(w.ctx, w.editor, evidence.Incoming{FileName: name, Size: int64(len(content)), Evidence: &item}, evidence.Details{}, bytes.NewReader(content)))
}

func TestEntriesAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, c := range map[string]struct {
		in    evidence.Entry
		field string
	}{
		"no title":                  {evidence.Entry{URL: "https://x.example"}, "title"},
		"a long title":              {evidence.Entry{Title: strings.Repeat("x", 201), URL: "https://x.example"}, "title"},
		"no address":                {evidence.Entry{Title: "x"}, "url"},
		"a script for an address":   {evidence.Entry{Title: "x", URL: "javascript:alert(1)"}, "url"},
		"a day that does not exist": {evidence.Entry{Title: "x", URL: "x.example", IssuedOn: "2026-02-30"}, "issued_on"},
		"over before it began":      {evidence.Entry{Title: "x", URL: "x.example", IssuedOn: "2026-02-03", ExpiresOn: "2026-02-01"}, "expires_on"},
		"no language":               {evidence.Entry{Title: "x", URL: "x.example", Lang: "klingon"}, "lang"},
		"another level":             {evidence.Entry{Title: "x", URL: "x.example", Confidentiality: "secret"}, "confidentiality"},
		"a long description":        {evidence.Entry{Title: "x", URL: "x.example", About: strings.Repeat("x", 2001)}, "about"},
	} {
		_, err := w.s.AddLink(w.ctx, w.editor, c.in, nil)
		if fields := fault.Fields(err); len(fields) != 1 || fields[0].Name != c.field {
			t.Errorf("%s: %v", what, err)
		}
	}
	e := must[evidence.Evidence](t)(w.s.AddLink(w.ctx, w.editor, evidence.Entry{Title: "Policy", URL: "www.x.example/policy", ExpiresOn: "2026-03-02"}, &evidence.Place{Cycle: w.cycle, Criterion: "3.1"}))
	if e.URL != "https://www.x.example/policy" || e.Kind != evidence.KindLink {
		t.Errorf("%+v", e)
	}
	shelf := must[evidence.Shelf](t)(w.s.Library(w.ctx, w.editor, evidence.Filter{State: "expired"}))
	if len(shelf.Items) != 1 || !shelf.Items[0].Expired(shelf.Today) || shelf.Items[0].Uses != 1 || shelf.Items[0].VersionID != nil {
		t.Errorf("%+v", shelf)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a.pdf": "a.pdf", "/etc/passwd": "passwd", `C:\x\y.pdf`: "y.pdf", "../../x.pdf": "x.pdf", "": "file", "...": "file", ".pdf": "file.pdf",
		"a\r\nContent-Type: text/html.pdf": "html.pdf", "ex\u202egnp.exe": "exgnp.exe", "a\x00b.pdf": "ab.pdf",
		"quo\"te.pdf": "quote.pdf", "a .pdf ": "a.pdf", "\xff\xfe.pdf": "file.pdf", "Größe 3 µ.pdf": "Größe 3 µ.pdf", "tab\there.pdf": "tab here.pdf",
		"zero\u200bwidth.pdf": "zerowidth.pdf",
	} {
		if got := evidence.CleanName(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if got := evidence.CleanName(strings.Repeat("ü", 400) + ".pdf"); len([]rune(got)) > 200 || !strings.HasSuffix(got, ".pdf") {
		t.Errorf("%d characters: %q", len([]rune(got)), got)
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"a.pdf", "../x", "\x00", "a\r\nb", strings.Repeat("x", 500) + ".pdf", "\u202e.exe", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := evidence.CleanName(s)
		if got == "" || len([]rune(got)) > 200 || strings.ContainsAny(got, "/\\\x00\r\n\"") || evidence.CleanName(got) != got {
			t.Errorf("%q becomes %q, and that %q", s, got, evidence.CleanName(got))
		}
	})
}

// Files of other companies are not there; readers read; the agency sees what was submitted.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.add(w.owner, "a.pdf", evidencetest.PDF("x"), &evidence.Place{Cycle: w.cycle, Criterion: "3.1"})
	place := evidence.Place{Cycle: w.cycle, Criterion: "3.1"}
	in := evidence.Incoming{FileName: "a.pdf", Size: 10}
	for name, c := range map[string]struct {
		by   identity.Actor
		kind fault.Kind
	}{"another company": {w.other, fault.NotFound}, "a specialist": {w.sam, fault.NotFound}, "an administrator": {w.admin, fault.NotFound}, "nobody": {identity.Actor{}, fault.NotFound}, "a reader": {w.reader, fault.Forbidden}} {
		change := map[string]error{}
		_, change["change"] = w.s.Change(w.ctx, c.by, k.Evidence, evidence.Entry{Title: "x", Version: 99})
		_, change["remove"] = w.s.Remove(w.ctx, c.by, k.Evidence, 99)
		change["attach"] = w.s.Attach(w.ctx, c.by, w.cycle, "3.1", nil, k.Evidence)
		change["detach"] = w.s.Detach(w.ctx, c.by, w.cycle, "3.1", nil, k.Evidence)
		if c.by.PersonID != w.other.PersonID { // who may do these in their own library
			_, change["add a link"] = w.s.AddLink(w.ctx, c.by, evidence.Entry{}, nil)
			_, change["begin"] = w.s.Begin(w.ctx, c.by, in)
			_, change["take"] = w.s.Take(w.ctx, c.by, in, evidence.Details{}, strings.NewReader(""))
		}
		version := in
		version.Evidence = &k.Evidence
		_, change["a version"] = w.s.Begin(w.ctx, c.by, version)
		for what, err := range change {
			w.refused(name+": "+what, err, c.kind, "")
		}
		if c.kind == fault.NotFound {
			look := map[string]error{}
			_, look["item"] = w.s.Item(w.ctx, c.by, k.Evidence)
			_, look["download"] = w.s.Download(w.ctx, c.by, k.Version)
			_, look["preview"] = w.s.Preview(w.ctx, c.by, k.Version)
			_, look["choose"] = w.s.Choose(w.ctx, c.by, place, evidence.Filter{})
			for what, err := range look {
				w.refused(name+": "+what, err, fault.NotFound, "")
			}
		}
	}
	w.refused("their profile", w.s.Attach(w.ctx, w.owner, w.theirs, "3.1", nil, k.Evidence), fault.NotFound, "")
	foreign := pg.NewID()
	w.refused("a site that is not ours", w.s.Attach(w.ctx, w.owner, w.cycle, "3.1", &foreign, k.Evidence), fault.NotFound, "")
	w.submit(w.cycle, 1)
	for _, by := range []identity.Actor{w.sam, w.auditor} {
		if got := readAll(t, must[evidence.Opening](t)(w.s.Download(w.ctx, by, k.Version))); !bytes.HasPrefix(got, []byte("%PDF")) {
			t.Error("the agency cannot read what was submitted")
		}
	}
	if n := w.count(`select count(*)::int from audit_event where action = 'evidence.download' and internal and audience = 'staff'`); n != 2 {
		t.Errorf("%d internal events", n)
	}
	_, err := w.s.Download(w.ctx, w.admin, k.Version)
	w.refused("an administrator", err, fault.NotFound, "")
}

func TestContributors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := w.add(w.owner, "a.pdf", evidencetest.PDF("x"), nil)
	mine := w.add(w.contributor, "b.pdf", evidencetest.PDF("y"), nil)
	_, err := w.s.Change(w.ctx, w.contributor, theirs.Evidence, evidence.Entry{Title: "x", Version: 1})
	w.refused("another's", err, fault.Forbidden, "yourself")
	must[evidence.Evidence](t)(w.s.Change(w.ctx, w.contributor, mine.Evidence, evidence.Entry{Title: "x", Version: 1}))
	w.refused("not assigned", w.s.Attach(w.ctx, w.contributor, w.cycle, "3.1", nil, mine.Evidence), fault.Forbidden, "not assigned to you")
	w.exec(`insert into profile_criterion (cycle_id, company_id, criterion, assignee_id) select id, company_id, '3.1', ? from profile_cycle where id = ?`, w.contributor.PersonID, w.cycle)
	w.ok(w.s.Attach(w.ctx, w.contributor, w.cycle, "3.1", nil, mine.Evidence))
	w.ok(w.s.Attach(w.ctx, w.contributor, w.cycle, "3.1", nil, theirs.Evidence))
	shelf := must[evidence.Shelf](t)(w.s.Choose(w.ctx, w.contributor, evidence.Place{Cycle: w.cycle, Criterion: "3.1"}, evidence.Filter{}))
	if len(shelf.Items) != 2 || !shelf.Items[0].There || !shelf.For.Open {
		t.Errorf("%+v", shelf)
	}
	if shelf = must[evidence.Shelf](t)(w.s.Choose(w.ctx, w.contributor, evidence.Place{Cycle: w.cycle, Criterion: "3.2"}, evidence.Filter{})); shelf.For.Open {
		t.Error("a criterion of others is open")
	}
	restricted := w.add(w.owner, "c.pdf", evidencetest.PDF("z"), nil)
	must[evidence.Evidence](t)(w.s.Change(w.ctx, w.owner, restricted.Evidence, evidence.Entry{Title: "Salaries", Confidentiality: evidence.Restricted, Version: 1}))
	for _, by := range []identity.Actor{w.contributor, w.reader} {
		_, err := w.s.Download(w.ctx, by, restricted.Version)
		w.refused("a restricted item", err, fault.Forbidden, "restricted")
		if must[evidence.Sheet](t)(w.s.Item(w.ctx, by, restricted.Evidence)).MayOpen {
			t.Error("the page offers it")
		}
	}
	readAll(t, must[evidence.Opening](t)(w.s.Download(w.ctx, w.editor, restricted.Version)))
}

func TestAttaching(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.add(w.editor, "a.pdf", evidencetest.PDF("x"), nil), w.add(w.editor, "b.pdf", evidencetest.PDF("y"), nil)
	places := []evidence.Place{{Cycle: w.cycle, Criterion: "3.1"}, {Cycle: w.cycle, Criterion: "3.1", Site: &w.site}, {Cycle: w.cycle, Criterion: "9.2"}}
	w.ok(w.s.AttachAll(w.ctx, w.editor, places, a.Evidence, b.Evidence))
	w.ok(w.s.AttachAll(w.ctx, w.editor, places, a.Evidence)) // again
	var links []evidence.Link
	w.ok(w.db.Batch(w.ctx, w.owner.Scope(), evidence.Links(&links, w.cycle)))
	if len(links) != 6 || links[0].Criterion != "3.1" || links[0].VersionID == nil || links[5].Criterion != "9.2" {
		t.Errorf("%+v", links)
	}
	w.ok(w.db.Batch(w.ctx, w.owner.Scope(), evidence.Links(&links, w.cycle, "9.2")))
	if len(links) != 2 || links[0].Author != w.editor.Name || !links[0].Preview {
		t.Errorf("one criterion: %+v", links)
	}
	if w.ok(w.db.Batch(w.ctx, w.other.Scope(), evidence.Links(&links, w.cycle))); len(links) != 0 {
		t.Error("another company sees them")
	}
	must[evidence.Evidence](t)(w.s.Change(w.ctx, w.editor, a.Evidence, evidence.Entry{Title: "Old", ExpiresOn: "2026-01-01", Version: 1}))
	var counts []evidence.Count
	w.ok(w.db.Batch(w.ctx, w.owner.Scope(), evidence.Counts(&counts, w.cycle, w.now.Now().Truncate(24*time.Hour))))
	for _, c := range counts {
		if c.N != 2 || c.Expired != 1 || c.Unusable != 0 {
			t.Errorf("%+v", c)
		}
	}
	w.ok(w.s.Detach(w.ctx, w.editor, w.cycle, "3.1", &w.site, a.Evidence))
	w.ok(w.s.Detach(w.ctx, w.editor, w.cycle, "3.1", &w.site, a.Evidence)) // again
	if n := w.count(`select count(*)::int from evidence_link`); n != 5 {
		t.Errorf("%d links", n)
	}
	if n := w.count(`select count(*)::int from audit_event where action = 'evidence.detach'`); n != 1 {
		t.Errorf("%d events", n)
	}
	w.refused("nothing chosen", w.s.AttachAll(w.ctx, w.editor, nil, a.Evidence), fault.Invalid, "at least one criterion")
	w.refused("too much", w.s.AttachAll(w.ctx, w.editor, slices.Repeat(places, 40), a.Evidence), fault.Invalid, "Attach up to")
	// The page of the item says where it is used.
	sheet := must[evidence.Sheet](t)(w.s.Item(w.ctx, w.reader, b.Evidence))
	if len(sheet.Uses) != 3 || sheet.Uses[0].Open || sheet.Uses[1].Site != "Pier 4" {
		t.Errorf("%+v", sheet.Uses)
	}

	// Submitted: nothing moves any more, and what counted then stays.
	first := w.submit(w.cycle, 1)
	for what, err := range map[string]error{"attach": w.s.Attach(w.ctx, w.editor, w.cycle, "4.1", nil, a.Evidence), "detach": w.s.Detach(w.ctx, w.editor, w.cycle, "3.1", nil, a.Evidence)} {
		w.refused(what+" after submitting", err, fault.Forbidden, "submitted")
	}
	w.add2(a.Evidence, "a v2.pdf", evidencetest.PDF("x2"))
	var pinned []evidence.Link
	w.ok(w.db.Batch(w.ctx, w.sam.Scope(), evidence.Pinned(&pinned, first)))
	if len(pinned) != 5 || pinned[0].Number != 1 || pinned[0].FileName != "a.pdf" {
		t.Errorf("%+v", pinned)
	}

	// Returned: only what is listed.
	w.giveBack(w.cycle, 1, "9.2")
	w.refused("a criterion that is not listed", w.s.Detach(w.ctx, w.editor, w.cycle, "3.1", nil, a.Evidence), fault.Forbidden, "submitted")
	w.s.Opened = func(_ context.Context, _ pg.Tx, cycle uuid.UUID, criterion string) (bool, error) {
		return criterion == "9.3", nil
	}
	w.ok(w.s.Attach(w.ctx, w.editor, w.cycle, "9.3", nil, a.Evidence))
	w.ok(w.s.Detach(w.ctx, w.editor, w.cycle, "9.2", nil, b.Evidence))
	second := w.submit(w.cycle, 2)
	w.ok(w.db.Batch(w.ctx, w.sam.Scope(), evidence.Pinned(&pinned, second, "9.2")))
	if len(pinned) != 1 || pinned[0].Number != 2 {
		t.Errorf("%+v", pinned)
	}
	if w.ok(w.db.Batch(w.ctx, w.sam.Scope(), evidence.Pinned(&pinned, first, "9.2"))); len(pinned) != 2 {
		t.Errorf("the first submission changed: %+v", pinned)
	}
}

func TestACriterionHasRoomForSoMuch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []uuid.UUID
	for i := range evidence.MostLinks + 1 {
		e := must[evidence.Evidence](t)(w.s.AddLink(w.ctx, w.editor, evidence.Entry{Title: fmt.Sprint(i), URL: "x.example"}, nil))
		ids = append(ids, e.ID)
	}
	w.ok(w.s.AttachAll(w.ctx, w.editor, []evidence.Place{{Cycle: w.cycle, Criterion: "3.1"}}, ids[:evidence.MostLinks]...))
	w.refused("one too many", w.s.Attach(w.ctx, w.editor, w.cycle, "3.1", nil, ids[evidence.MostLinks]), fault.Conflict, "up to 30")
	w.ok(w.s.Attach(w.ctx, w.editor, w.cycle, "3.1", &w.site, ids[evidence.MostLinks]))
	// Pages of the library follow each other without a gap.
	seen, after := map[uuid.UUID]bool{}, ""
	for {
		p := must[evidence.Shelf](t)(w.s.Library(w.ctx, w.reader, evidence.Filter{After: after}))
		for _, i := range p.Items {
			if seen[i.ID] {
				t.Errorf("%s comes twice", i.Title)
			}
			seen[i.ID] = true
		}
		if after = p.Next; after == "" {
			break
		}
	}
	if len(seen) != len(ids) {
		t.Errorf("%d of %d", len(seen), len(ids))
	}
	for _, f := range []evidence.Filter{{After: "nonsense"}, {State: "odd", Kind: "odd"}, {Query: "%_\\"}} {
		must[evidence.Shelf](t)(w.s.Library(w.ctx, w.reader, f))
	}
}

// What was submitted stays when it is removed; anything else goes with its content.
func TestRemoving(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	free := w.add(w.editor, "free.pdf", evidencetest.PDF("free"), &evidence.Place{Cycle: w.cycle, Criterion: "3.1"})
	proof := w.add(w.editor, "proof.pdf", evidencetest.PDF("proof"), &evidence.Place{Cycle: w.cycle, Criterion: "3.2"})
	r := must[evidence.Removal](t)(w.s.Remove(w.ctx, w.editor, free.Evidence, 1))
	if r.Kept || r.Places != 1 || r.Title != "free" {
		t.Errorf("%+v", r)
	}
	_, err := w.s.Remove(w.ctx, w.editor, free.Evidence, 2)
	w.refused("removing again", err, fault.Conflict, "")
	w.refused("attaching what was removed", w.s.Attach(w.ctx, w.editor, w.cycle, "3.1", nil, free.Evidence), fault.Conflict, "removed")
	_, err = w.s.Change(w.ctx, w.editor, free.Evidence, evidence.Entry{Title: "x", Version: 2})
	w.refused("changing what was removed", err, fault.Conflict, "removed")
	w.submit(w.cycle, 1)
	w.add2(proof.Evidence, "proof v2.pdf", evidencetest.PDF("never submitted"))
	if r = must[evidence.Removal](t)(w.s.Remove(w.ctx, w.editor, proof.Evidence, 1)); !r.Kept || r.Places != 0 {
		t.Errorf("%+v", r)
	}
	used := must[evidence.Shelf](t)(w.s.Library(w.ctx, w.editor, evidence.Filter{})).Used
	if used != proof.Size {
		t.Errorf("%d bytes count, want those of what was submitted: %d", used, proof.Size)
	}
	if s := must[evidence.Swept](t)(w.s.Sweep(w.ctx)); s.Versions != 1 {
		t.Errorf("%+v", s)
	}
	w.exec(`update profile_cycle set status = 'accepted', accepted_at = ? where id = ?`, w.now.Now(), w.cycle)
	if s := must[evidence.Swept](t)(w.s.Sweep(w.ctx)); s.Versions != 1 { // the second version, for the profile is over
		t.Errorf("%+v", s)
	}
	if s := must[evidence.Swept](t)(w.s.Sweep(w.ctx)); s.Versions != 0 {
		t.Errorf("again: %+v", s)
	}
	if left := w.objects(); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	readAll(t, must[evidence.Opening](t)(w.s.Download(w.ctx, w.sam, proof.Version)))
	_, err = w.s.Download(w.ctx, w.editor, free.Version)
	w.refused("what is gone", err, fault.NotFound, "")
	if h := must[evidence.Health](t)(w.s.Examine(w.ctx)); h.Lost != 0 || h.Stray != 0 || h.Versions != 1 {
		t.Errorf("%+v", h)
	}
	if p := must[evidence.Shelf](t)(w.s.Library(w.ctx, w.editor, evidence.Filter{State: "removed"})); len(p.Items) != 2 {
		t.Errorf("%+v", p)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.s.Quota = 3000
	a := w.add(w.editor, "a.txt", bytes.Repeat([]byte("a"), 1500), nil)
	_, err := w.s.Begin(w.ctx, w.editor, evidence.Incoming{FileName: "b.txt", Size: 1501})
	w.refused("too much", err, fault.Invalid, "no room")
	u := must[evidence.Upload](t)(w.s.Begin(w.ctx, w.editor, evidence.Incoming{FileName: "b.txt", Size: 1400}))
	_, err = w.s.Begin(w.ctx, w.owner, evidence.Incoming{FileName: "c.txt", Size: 200})
	w.refused("what is on its way counts", err, fault.Invalid, "no room")
	w.ok(w.s.Cancel(w.ctx, w.editor, u.ID))
	must[evidence.Upload](t)(w.s.Begin(w.ctx, w.owner, evidence.Incoming{FileName: "c.txt", Size: 200}))
	w.refused("another's upload", w.s.Cancel(w.ctx, w.owner, u.ID), fault.NotFound, "")
	must[evidence.Removal](t)(w.s.Remove(w.ctx, w.editor, a.Evidence, 1))
	must[evidence.Upload](t)(w.s.Begin(w.ctx, w.editor, evidence.Incoming{FileName: "d.txt", Size: 2500}))
	// Two at once cannot both have the last room.
	w.exec(`delete from evidence_upload`)
	var wg sync.WaitGroup
	var taken atomic.Int32
	for i := range 8 {
		wg.Go(func() {
			content := bytes.Repeat([]byte{byte('a' + i)}, 1000)
			if _, err := w.s.Take(w.ctx, w.editor, evidence.Incoming{FileName: fmt.Sprintf("r%d.txt", i), Size: 1000}, evidence.Details{}, bytes.NewReader(content)); err == nil {
				taken.Add(1)
			} else if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if n := taken.Load(); n != 3 {
		t.Errorf("%d of three fit", n)
	}
}

func TestKeepRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var id uuid.UUID
	w.ok(w.db.Write(w.ctx, w.owner.Scope(), func(tx pg.Tx) (err error) {
		id, err = w.s.KeepRecord(w.ctx, tx, w.now.Now(), w.owner, evidence.Record{Company: w.owner.CompanyID, Title: "Risk assessment 2026", FileName: "risk assessment.xlsx",
			MediaType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Content: evidencetest.Office(evidencetest.Excel)})
		return err
	}))
	w.ok(w.s.Attach(w.ctx, w.owner, w.cycle, "2.1", nil, id))
	sheet := must[evidence.Sheet](t)(w.s.Item(w.ctx, w.reader, id))
	if sheet.Evidence.Kind != evidence.KindRecord || sheet.Versions[0].Scan != evidence.Clean {
		t.Errorf("%+v", sheet)
	}
	readAll(t, must[evidence.Opening](t)(w.s.Download(w.ctx, w.reader, sheet.Versions[0].ID)))
	_, err := w.s.Begin(w.ctx, w.owner, evidence.Incoming{FileName: "x.pdf", Size: 3, Evidence: &id})
	w.refused("a version of a record", err, fault.Conflict, "Only a file")
	// Undone: no row, and the doctor counts the object.
	_ = w.db.Write(w.ctx, w.owner.Scope(), func(tx pg.Tx) error {
		if _, err := w.s.KeepRecord(w.ctx, tx, w.now.Now(), w.owner, evidence.Record{Company: w.owner.CompanyID, Title: "x", FileName: "x", MediaType: "text/plain", Content: []byte("x")}); err != nil {
			t.Error(err)
		}
		return errors.New("undone")
	})
	if h := must[evidence.Health](t)(w.s.Examine(w.ctx)); h.Versions != 1 || h.Stray != 1 {
		t.Errorf("%+v", h)
	}
}

// Attaching and submitting at once: either the submission has it, or it was refused.
func TestAttachMeetsSubmit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var items []evidence.Kept
	for i := range 6 {
		items = append(items, w.add(w.editor, fmt.Sprintf("%d.pdf", i), evidencetest.PDF(fmt.Sprint(i)), nil))
	}
	var wg sync.WaitGroup
	var attached atomic.Int32
	var submission uuid.UUID
	for i, k := range items {
		wg.Go(func() {
			switch err := w.s.Attach(w.ctx, w.editor, w.cycle, "3.1", nil, k.Evidence); {
			case err == nil:
				attached.Add(1)
			case fault.KindOf(err) != fault.Forbidden && !(k == items[0] && fault.KindOf(err) == fault.Conflict):
				t.Errorf("%v", err)
			}
		})
		if i == 2 {
			wg.Go(func() { submission = w.submit(w.cycle, 1) })
		}
		wg.Go(func() {
			if _, err := w.s.Remove(w.ctx, w.editor, items[0].Evidence, 1); err != nil && fault.KindOf(err) != fault.Conflict {
				t.Errorf("remove: %v", err)
			}
		})
	}
	wg.Wait()
	links := w.count(`select count(*)::int from evidence_link where cycle_id = $1`, w.cycle)
	pins := w.count(`select count(*)::int from evidence_pin where submission_id = $1`, submission)
	if links != pins || pins > int(attached.Load()) {
		t.Errorf("%d attached, %d links, %d submitted", attached.Load(), links, pins)
	}
	if n := w.count(`select count(*)::int from evidence_link l join evidence e on e.id = l.evidence_id where e.removed_at is not null and not exists (select from evidence_pin p where p.evidence_id = e.id)`); n != 0 {
		t.Errorf("%d removed items are attached", n)
	}
}

// Another key opens nothing, and a company's key does not open as another's.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	k := w.add(w.editor, "a.pdf", evidencetest.PDF("x"), nil)
	other := w.service(w.store)
	other.Master = bytes.Repeat([]byte("x"), 32)
	if _, err := other.Download(w.ctx, w.editor, k.Version); err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("another key: %v", err)
	}
	w.exec(`insert into company_key (company_id, wrapped, made_at) select ?, wrapped, made_at from company_key`, w.other.CompanyID)
	if _, err := w.s.Take(w.ctx, w.other, evidence.Incoming{FileName: "a.pdf", Size: 999}, evidence.Details{}, bytes.NewReader(evidencetest.PDF("x"))); err == nil {
		t.Error("one company's key opened as another's")
	}
	if w.count(`select count(*)::int from evidence_upload`) != 0 {
		t.Error("an upload is left")
	}
}
