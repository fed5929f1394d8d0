package exchange_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/exchange"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/config"
)

// awkward are answers that spreadsheets, CSV and XML like to spoil.
func (w *world) awkward() {
	w.t.Helper()
	profiletest.Fill(w.ctx, w.t, w.x.Profiles, w.owner, w.cycle.ID)
	w.save(w.owner, "1.1.b", uuid.Nil, catalogue.Answer{Text: "=HYPERLINK(\"http://x\")\n_x000D_ <b>&amp; 'quoted' \u2028é 漢字"})
	w.save(w.owner, "2.1.c", uuid.Nil, catalogue.Answer{Text: "'=1+1"})
	w.save(w.owner, "9.1.b", uuid.Nil, catalogue.Answer{Text: "-5 degrees"})
	w.save(w.owner, "3.1.d", uuid.Nil, catalogue.Answer{Number: "12.5"})
	w.save(w.owner, "3.1.c", uuid.Nil, catalogue.Answer{Choices: []string{"papers", "visit"}, Text: "@both"})
	w.save(w.owner, "3.1.e", uuid.Nil, catalogue.Answer{Rows: [][]string{{"+Acme", "2020-05-01"}, {"", "2021-01-31"}, {"Zeta", ""}}})
	w.save(w.owner, "9.2.a", uuid.Nil, catalogue.Answer{Choice: catalogue.No, Reason: "--", Plan: ""})
	w.save(w.owner, "9.1.a", w.site, catalogue.Answer{Choice: catalogue.No, Plan: "Build a fence", PlanOn: "2026-09-01"})
}

func TestUnchangedWorkbookIsAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.awkward()
	content := w.workbook(w.editor)
	for name, body := range map[string][]byte{"as it is": content, "saved by another program": edit(t, content, func(*sheets) {})} {
		d := w.dryRun(w.editor, w.send(w.editor, body))
		if got := states(d); len(got) > 0 {
			for key := range got {
				r := row(t, d, key)
				t.Errorf("%s: %s is %s %v: %+v against %+v", name, key, r.State, r.Why, r.Mine, r.Theirs)
			}
		}
		if n := d.Count(exchange.Same); n < 14 {
			t.Errorf("%s: only %d rows are the same", name, n)
		}
	}
	if n := w.count(`select count(*)::int from audit_event where action = 'profile.export'`); n != 1 {
		t.Errorf("%d events of an export, want 1", n)
	}
}

func TestEditedWorkbookIsExactlyThat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.save(w.owner, "3.1.a", uuid.Nil, catalogue.Answer{Choice: catalogue.Yes, Text: "kept"})
	w.save(w.owner, "1.1.b", uuid.Nil, catalogue.Answer{Text: "At the gate"})
	content := edit(t, w.workbook(w.editor), func(s *sheets) {
		s.set("1.1.a", "answer", "Yes")
		s.set("1.1.b", "text", "") // says nothing, takes nothing away
		s.set("2.1.a", "answer", "no")
		s.set("2.1.a", "plan", "Assess it")
		s.set("2.1.a", "plan_on", 46266.0) // as a program keeps a day
		s.set("2.1.b", "answer", "31/02/2026")
		s.set("3.1.a", "answer", "Not applicable")
		s.set("3.1.a", "reason", "No partners")
		s.set("3.1.b", "answer", "Every year")
		s.part("3.1.c", "option:visit", "answer", "x")
		s.set("3.1.d", "answer", 67.0)
		s.row("3.1.e", 1, "Acme", "2020-05-01")
		s.row("3.1.f", 3, "Vera Noor", "Guard", "12")
		s.set("9.2.a", "answer", "Perhaps")
	})
	d := w.send(w.editor, content)
	run := w.dryRun(w.editor, d)
	want := map[string]exchange.State{"1.1.a|": exchange.New, "2.1.a|": exchange.New, "2.1.b|": exchange.Refused, "3.1.a|": exchange.Changed, "3.1.b|": exchange.New,
		"3.1.c|": exchange.New, "3.1.d|": exchange.New, "3.1.e|": exchange.New, "3.1.f|": exchange.New, "9.2.a|": exchange.Refused}
	if got := states(run); !maps.Equal(got, want) {
		t.Fatalf("states\n%v\nwant\n%v", got, want)
	}
	if why := row(t, run, "2.1.b|").Why; len(why) != 1 || !strings.Contains(why[0].String(), "Enter a date that exists") {
		t.Errorf("the refusal says %v", why)
	}
	if n := w.count(`select count(*)::int from profile_answer`); n != 2 {
		t.Fatalf("a dry run saved: %d answers", n)
	}

	_, err := w.x.Accept(w.ctx, w.editor, w.cycle.ID, d.ID, exchange.Choice{Rows: []string{"2.1.b|", "nonsense"}})
	w.want("nothing that can be taken", err, fault.Invalid, "Choose at least one")
	out, err := w.x.Accept(w.ctx, w.editor, w.cycle.ID, d.ID, exchange.Choice{Rows: []string{"1.1.a|", "2.1.a|"}})
	w.must(err)
	if out != (exchange.Outcome{Saved: 2}) {
		t.Errorf("outcome %+v", out)
	}
	if got := states(w.dryRun(w.editor, d)); len(got) != 8 {
		t.Errorf("after two rows %v are left", got)
	}
	out, err = w.x.Accept(w.ctx, w.editor, w.cycle.ID, d.ID, exchange.Choice{Sections: []string{"partners", "sites"}})
	w.must(err)
	if out != (exchange.Outcome{Saved: 6}) {
		t.Errorf("outcome %+v", out)
	}
	for question, want := range map[string]catalogue.Answer{
		"1.1.a": {Choice: "yes"}, "1.1.b": {Text: "At the gate"}, "2.1.a": {Choice: "no", Plan: "Assess it", PlanOn: "2026-09-01"},
		"3.1.a": {Choice: "na", Text: "kept", Reason: "No partners"}, "3.1.b": {Choice: "yearly"}, "3.1.c": {Choices: []string{"visit"}}, "3.1.d": {Number: "67"},
		"3.1.e": {Rows: [][]string{{"Acme", "2020-05-01"}}}, "3.1.f": {Rows: [][]string{{"Vera Noor", "Guard", "12"}}}, "9.2.a": {},
	} {
		if got := w.answer(question); !got.Equal(want) {
			t.Errorf("%s is %+v, want %+v", question, got, want)
		}
	}
	if n := w.count(`select count(*)::int from profile_answer_past where question = '3.1.a' and value->>'choice' = 'yes'`); n != 1 {
		t.Error("the answer that was replaced is not kept")
	}
	if n := w.count(`select sum((after->>'saved')::int)::int from audit_event where action = 'profile.import'`); n != 8 {
		t.Errorf("the trail counts %d answers, want 8", n)
	}
}

func TestConflictsNeedAChoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.save(w.owner, "1.1.b", uuid.Nil, catalogue.Answer{Text: "At the gate"})
	w.save(w.owner, "2.1.c", uuid.Nil, catalogue.Answer{Text: "By a team"})
	content := w.workbook(w.editor)
	w.save(w.owner, "1.1.b", uuid.Nil, catalogue.Answer{Text: "At the door"})
	w.save(w.owner, "2.1.c", uuid.Nil, catalogue.Answer{Text: "By two teams"}) // the workbook says nothing new of it
	content = edit(t, content, func(s *sheets) {
		s.set("1.1.b", "text", "In the hall")
		s.set("9.1.b", "text", "With locks")
	})
	d := w.send(w.editor, content)
	run := w.dryRun(w.editor, d)
	if got := states(run); !maps.Equal(got, map[string]exchange.State{"1.1.b|": exchange.Conflict, "9.1.b|": exchange.New}) {
		t.Fatalf("states %v", got)
	}
	r := row(t, run, "1.1.b|")
	if r.Mine.Text != "In the hall" || r.Theirs.Text != "At the door" || r.Base.Text != "At the gate" || r.By != "Olga Owner" || r.Version != 2 {
		t.Errorf("the conflict shows %+v", r)
	}

	// Neither its section nor its box is enough, nor a choice made before the latest change.
	out, err := w.x.Accept(w.ctx, w.editor, w.cycle.ID, d.ID, exchange.Choice{Sections: []string{"management"}, Rows: []string{"1.1.b|", "9.1.b|"}})
	w.must(err)
	if out != (exchange.Outcome{Saved: 1, Conflicts: 1}) || w.answer("1.1.b").Text != "At the door" {
		t.Errorf("outcome %+v, answer %q", out, w.answer("1.1.b").Text)
	}
	w.save(w.owner, "1.1.b", uuid.Nil, catalogue.Answer{Text: "At the window"})
	out, err = w.x.Accept(w.ctx, w.editor, w.cycle.ID, d.ID, exchange.Choice{Over: map[string]int{"1.1.b|": r.Version}})
	w.must(err)
	if out != (exchange.Outcome{Conflicts: 1}) || w.answer("1.1.b").Text != "At the window" {
		t.Errorf("outcome %+v, answer %q", out, w.answer("1.1.b").Text)
	}
	out, err = w.x.Accept(w.ctx, w.editor, w.cycle.ID, d.ID, exchange.Choice{Over: map[string]int{"1.1.b|": 3}})
	w.must(err)
	if out != (exchange.Outcome{Saved: 1}) || w.answer("1.1.b").Text != "In the hall" {
		t.Errorf("outcome %+v, answer %q", out, w.answer("1.1.b").Text)
	}
	if n := w.count(`select count(*)::int from profile_answer_past where question = '1.1.b'`); n != 3 {
		t.Errorf("%d earlier wordings, want 3", n)
	}
}

// Two people take over workbooks at once: each answer is one of theirs, whole, and
// whoever came later is told.
func TestTwoImportAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := w.workbook(w.editor)
	questions := []string{"1.1.b", "2.1.c", "9.1.b"}
	people := []identity.Actor{w.owner, w.editor}
	var drafts [2]exchange.Draft
	for i, who := range people {
		drafts[i] = w.send(who, edit(t, content, func(s *sheets) {
			for _, q := range questions {
				s.set(q, "text", "Written by "+who.Name)
			}
		}))
	}
	var out [2]exchange.Outcome
	var errs [2]error
	var wg sync.WaitGroup
	for i := range people {
		wg.Go(func() {
			out[i], errs[i] = w.x.Accept(w.ctx, people[i], w.cycle.ID, drafts[i].ID, exchange.Choice{Sections: []string{"management", "sites"}})
		})
	}
	wg.Wait()
	saved, conflicts := 0, 0
	for i := range people {
		if errs[i] != nil && fault.KindOf(errs[i]) != fault.Invalid {
			t.Fatal(errs[i])
		}
		saved, conflicts = saved+out[i].Saved, conflicts+out[i].Conflicts
	}
	if saved != 3 || w.count(`select count(*)::int from profile_answer`) != 3 || w.count(`select count(*)::int from profile_answer_past`) != 0 {
		t.Errorf("saved %d, conflicts %d", saved, conflicts)
	}
	for i, who := range people {
		d := w.dryRun(who, drafts[i])
		if d.Count(exchange.Conflict)+out[i].Saved != 3 {
			t.Errorf("%s: %d saved, %d conflicts to settle", who.Name, out[i].Saved, d.Count(exchange.Conflict))
		}
	}
}

func TestWhoMayExchange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := edit(t, w.workbook(w.reader), func(s *sheets) {
		s.set("1.1.b", "text", "In the hall")
		s.set("9.1.b", "text", "With locks")
	})
	_, err := w.x.Import(w.ctx, w.reader, w.cycle.ID, "a.xlsx", content)
	w.want("a reader imports", err, fault.Forbidden, "with your role")
	other, _ := w.newCompany("Other Ltd")
	stranger := w.person(other, identity.Owner, "Sten Stranger")
	theirs := w.open(stranger)
	_, err = w.x.Workbook(w.ctx, stranger, w.cycle.ID, "")
	w.want("another company's export", err, fault.NotFound, "")
	_, err = w.x.CSV(w.ctx, stranger, w.cycle.ID)
	w.want("another company's CSV", err, fault.NotFound, "")
	_, err = w.x.Import(w.ctx, stranger, w.cycle.ID, "a.xlsx", content)
	w.want("another company's import", err, fault.NotFound, "")
	_, err = w.x.Workbook(w.ctx, identity.Actor{PersonID: pgID, Audience: identity.Staff, Role: identity.Specialist, OfficeID: w.office}, w.cycle.ID, "")
	w.want("staff", err, fault.NotFound, "")
	_, err = w.x.Workbook(w.ctx, w.owner, w.cycle.ID, "nowhere")
	w.want("an unknown section", err, fault.NotFound, "")

	// A file of another company or of another profile.
	_, err = w.x.Import(w.ctx, stranger, theirs.ID, "a.xlsx", content)
	w.want("a file of another company", err, fault.Invalid, "belongs to another profile")

	// What is not assigned to a contributor stays as it is.
	w.exec(`insert into profile_criterion (cycle_id, company_id, criterion, assignee_id, assignee) values (?, ?, '1.1', ?, 'Cora Contributor')`, w.cycle.ID, w.company, w.helper.PersonID)
	d := w.send(w.helper, content)
	if got := states(w.dryRun(w.helper, d)); !maps.Equal(got, map[string]exchange.State{"1.1.b|": exchange.New, "9.1.b|": exchange.Unknown}) {
		t.Errorf("states for a contributor: %v", got)
	}
	out, err := w.x.Accept(w.ctx, w.helper, w.cycle.ID, d.ID, exchange.Choice{Sections: []string{"management", "sites"}, Rows: []string{"9.1.b|"}})
	w.must(err)
	if out.Saved != 1 || !w.answer("9.1.b").Empty() {
		t.Errorf("a contributor saved %+v", out)
	}
	for name, who := range map[string]identity.Actor{"a colleague": w.owner, "a stranger": stranger, "a reader": w.reader} {
		_, err := w.x.DryRun(w.ctx, who, w.cycle.ID, d.ID)
		w.want(name+" reads a dry run", err, fault.NotFound, "")
		_, err = w.x.Accept(w.ctx, who, w.cycle.ID, d.ID, exchange.Choice{Sections: []string{"management"}})
		w.want(name+" accepts a dry run", err, fault.NotFound, "")
	}
	w.clock.Move(exchange.Kept + time.Minute)
	_, err = w.x.DryRun(w.ctx, w.helper, w.cycle.ID, d.ID)
	w.want("a day later", err, fault.NotFound, "")
	w.send(w.helper, content)
	if n := w.count(`select count(*)::int from import_draft`); n != 1 {
		t.Errorf("%d dry runs are kept, want 1", n)
	}
	for range 8 {
		w.send(w.helper, content)
	}
	if n := w.count(`select count(*)::int from import_draft`); n != 5 {
		t.Errorf("%d dry runs of one person are kept, want 5", n)
	}
}

var pgID = uuid.MustParse("018f0000-0000-7000-8000-000000000001")

// A cycle and an edition are no other one's.
func TestFilesOfOtherProfilesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.workbook(w.owner)
	first := w.cycle
	w.exec(`update profile_cycle set status = 'ended', ended_at = ?, end_reason = 'Withdrawn' where id = ?`, w.clock.Now(), first.ID)
	_, err := w.x.Import(w.ctx, w.owner, first.ID, "a.xlsx", old)
	w.want("a profile that ended", err, fault.Conflict, "cannot be changed now")
	w.cycle = w.open(w.owner)
	_, err = w.x.Import(w.ctx, w.owner, w.cycle.ID, "a.xlsx", old)
	w.want("a file of another cycle", err, fault.Invalid, "belongs to another profile")

	other := edit(t, w.workbook(w.owner), func(s *sheets) {
		for _, name := range s.GetSheetList() {
			rows, err := s.GetRows(name)
			w.must(err)
			for n := range rows {
				for i, v := range rows[n] {
					if v == w.cycle.EditionHash {
						cell, _ := excelize.CoordinatesToCellName(i+1, n+1)
						w.must(s.SetCellStr(name, cell, strings.Repeat("0", 64)))
					}
				}
			}
		}
	})
	_, err = w.x.Import(w.ctx, w.owner, w.cycle.ID, "a.xlsx", other)
	w.want("a file of another edition", err, fault.Invalid, "another edition")
	empty := excelize.NewFile()
	var b bytes.Buffer
	w.must(empty.Write(&b))
	_, err = w.x.Import(w.ctx, w.owner, w.cycle.ID, "a.xlsx", b.Bytes())
	w.want("any workbook", err, fault.Invalid, "no workbook of a security profile")
}

// Rows that do not belong are told apart from those that do.
func TestStrangeRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.save(w.owner, "9.1.a", w.site, catalogue.Answer{Choice: catalogue.Yes})
	content := edit(t, w.workbook(w.owner), func(s *sheets) {
		s.set("1.1.b", "text", "In the hall")
		s.set("1.1.b", "cycle_id", pgID.String())
		s.set("2.1.c", "text", "By a team")
		s.set("2.1.c", "question_id", "2.1.z")
		s.set("9.2.a", "answer", "Yes")
		s.set("9.3.a", "answer", "Yes")
		s.set("9.3.a", "question_id", "9.2.a") // copied over
		sheet, cell := s.find("9.1.b", "", "text")
		w.must(s.SetCellFormula(sheet, cell, "CONCATENATE(\"a\",\"b\")"))
	})
	w.exec(`update site set closed_on = '2026-03-01' where id = ?`, w.site)
	d := w.send(w.owner, content)
	run := w.dryRun(w.owner, d)
	for key, want := range map[string]exchange.State{"1.1.b|": exchange.Unknown, "2.1.z|": exchange.Unknown, "9.2.a|": exchange.Refused, "9.1.b|": exchange.New,
		"9.1.a|" + w.site.String(): exchange.Unknown} {
		if r := row(t, run, key); r.State != want {
			t.Errorf("%s is %s %v, want %s", key, r.State, r.Why, want)
		}
	}
	if r := row(t, run, "9.1.b|"); !r.Formula || r.Mine.Text != `=CONCATENATE("a","b")` {
		t.Errorf("a formula is read as %+v", r)
	}
	_, err := w.x.Accept(w.ctx, w.owner, w.cycle.ID, d.ID, exchange.Choice{Sections: []string{"management", "sites", "partners"}})
	w.want("a formula goes only by its own box", err, fault.Invalid, "Choose at least one")
	_, err = w.x.Accept(w.ctx, w.owner, w.cycle.ID, d.ID, exchange.Choice{Rows: []string{"9.1.b|"}})
	w.must(err)
	if got := w.answer("9.1.b").Text; got != `=CONCATENATE("a","b")` {
		t.Errorf("kept %q", got)
	}
}

// What a workbook holds is locked but for the answers that the person may give, and no
// cell is a formula.
func TestWorkbookIsLockedAndInert(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.awkward()
	w.exec(`insert into profile_criterion (cycle_id, company_id, criterion, assignee_id, assignee) values (?, ?, '1.1', ?, 'Cora Contributor')`, w.cycle.ID, w.company, w.helper.PersonID)
	edit(t, w.workbook(w.helper), func(s *sheets) {
		unlocked := func(question, part, column string) bool {
			sheet, cell := s.find(question, part, column)
			id, err := s.GetCellStyle(sheet, cell)
			w.must(err)
			style, err := s.GetStyle(id)
			w.must(err)
			return style.Protection != nil && !style.Protection.Locked
		}
		for _, x := range []struct {
			question, part, column string
			want                   bool
		}{
			{"1.1.a", "", "answer", true}, {"1.1.a", "", "reason", true}, {"1.1.a", "", "question", false}, {"1.1.a", "", "version", false}, {"1.1.b", "", "text", true},
			{"1.1.b", "", "answer", false}, {"9.2.a", "", "answer", false}, {"3.1.c", "option:visit", "answer", false},
		} {
			if got := unlocked(x.question, x.part, x.column); got != x.want {
				t.Errorf("%s %s %s unlocked: %v", x.question, x.part, x.column, got)
			}
		}
		for _, name := range s.GetSheetList() {
			p, err := s.GetSheetProtection(name)
			w.must(err)
			if !p.SelectUnlockedCells {
				t.Errorf("sheet %s is not protected: %+v", name, p)
			}
			rows, err := s.GetRows(name)
			w.must(err)
			for n := range rows {
				for i, v := range rows[n] {
					cell, _ := excelize.CoordinatesToCellName(i+1, n+1)
					if f, _ := s.GetCellFormula(name, cell); f != "" {
						t.Errorf("%s %s is a formula", name, cell)
					}
					if v != "" && strings.ContainsAny(v[:1], "=+-@\t\r") {
						t.Errorf("%s %s begins as a formula does: %q", name, cell, v)
					}
				}
			}
		}
		list := s.GetSheetList()
		if list[0] != "Read me" || !slices.Contains(list, "Business partners") || !slices.Contains(list, "Table 3.1.e") {
			t.Errorf("sheets %v", list)
		}
		valid, err := s.GetDataValidations("Management")
		w.must(err)
		if len(valid) == 0 {
			t.Error("no list to choose from")
		}
	})
	one, err := w.x.Workbook(w.ctx, w.owner, w.cycle.ID, "sites")
	w.must(err)
	if one.Name != w.cycle.Reference+"-sites-2026-03-03.xlsx" {
		t.Errorf("the file is called %s", one.Name)
	}
	edit(t, one.Body, func(s *sheets) {
		if list := s.GetSheetList(); slices.Contains(list, "Management") || !slices.Contains(list, "Sites and buildings") {
			t.Errorf("sheets of a section %v", list)
		}
	})
	if got := states(w.dryRun(w.owner, w.send(w.owner, one.Body))); len(got) > 0 {
		t.Errorf("a section unchanged: %v", got)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.awkward()
	f, err := w.x.CSV(w.ctx, w.reader, w.cycle.ID)
	w.must(err)
	text := string(f.Body)
	if !strings.HasPrefix(text, "\ufeff") || !strings.Contains(text, "'=HYPERLINK") || !strings.Contains(text, "'-5 degrees") || !strings.Contains(text, "Every year") {
		t.Errorf("CSV:\n%s", text)
	}
	if n := w.count(`select count(*)::int from audit_event where action = 'profile.export' and after->>'file' = 'csv'`); n != 1 {
		t.Errorf("%d events", n)
	}
}

// many puts a dry run into place that answers every question of the real criteria for
// several sites, with so many rows.
func many(t *testing.T, rows int) (*world, exchange.Draft, exchange.Choice) {
	t.Helper()
	files, err := fs.Sub(config.Programmes, "programmes")
	if err != nil {
		t.Fatal(err)
	}
	library, err := catalogue.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldWith(t, library)
	sites := []uuid.UUID{uuid.Nil, w.site}
	for len(sites) < 8 {
		id := pg.NewID()
		w.exec(`insert into site (id, company_id, name, activity, street, city, country, zone, created_at) values (?, ?, ?, 'warehouse', '1 Pier', 'Newark', 'US', 'America/New_York', ?)`,
			id, w.company, fmt.Sprintf("Warehouse %d", len(sites)), w.clock.Now())
		sites = append(sites, id)
	}
	p := w.profile()
	var list []map[string]any
	in := exchange.Choice{}
	for _, site := range sites {
		for _, c := range p.Form.Criteria {
			for _, q := range c.Questions {
				if q.Kind == catalogue.File || len(list) == rows {
					continue
				}
				g := map[string]any{"sheet": "All", "row": len(list) + 4, "cycle": w.cycle.ID, "edition": w.cycle.EditionHash, "criterion": c.ID, "question": q.ID, "answer": profiletest.Good(q)}
				if site != uuid.Nil {
					g["site"] = site
				}
				list = append(list, g)
			}
		}
	}
	if len(list) != rows {
		t.Fatalf("only %d rows", len(list))
	}
	for _, s := range p.Form.Edition.Sections {
		in.Sections = append(in.Sections, s.ID)
	}
	body, err := json.Marshal(list)
	w.must(err)
	d := exchange.Draft{ID: pg.NewID()}
	w.exec(`insert into import_draft (id, cycle_id, company_id, person_id, file_name, body, created_at, expires_at) values (?, ?, ?, ?, 'all.xlsx', ?::jsonb, ?, ?)`,
		d.ID, w.cycle.ID, w.company, w.editor.PersonID, string(body), w.clock.Now(), w.clock.Now().Add(exchange.Kept))
	return w, d, in
}

// However many answers are taken over, it is one transaction of a few statements.
func TestManyAnswersAtOnce(t *testing.T) {
	t.Parallel()
	const rows = 1500
	w, d, in := many(t, rows)
	ctx := pg.Counted(w.ctx)
	start := time.Now()
	out, err := w.x.Accept(ctx, w.editor, w.cycle.ID, d.ID, in)
	took := time.Since(start)
	w.must(err)
	t.Logf("%d answers in %s and %d statements", out.Saved, took.Round(time.Millisecond), pg.Statements(ctx))
	if out != (exchange.Outcome{Saved: rows}) || w.count(`select count(*)::int from profile_answer`) != rows {
		t.Errorf("outcome %+v", out)
	}
	if n := pg.Statements(ctx); n > 10 || took > 10*time.Second {
		t.Errorf("%d statements, %s", n, took)
	}
	if n := w.count(`select count(*)::int from audit_event where action = 'profile.import' and (after->>'saved')::int = $1`, rows); n != 1 {
		t.Errorf("%d events say it", n)
	}
}

// A connection that is cut in the middle of many answers leaves none of them, and what a
// person chose can be taken over again.
func TestManyAnswersOrNone(t *testing.T) {
	t.Parallel()
	const rows = 2100 // more than one statement takes
	w, d, in := many(t, rows)
	for _, x := range []struct{ table, when string }{
		{"profile_answer", "(select count(*) from profile_answer) > 1200"},
		{"profile_answer", "(select count(*) from profile_answer) > 2050"},
		{"audit_event", "new.action = 'profile.import'"},
	} {
		w.owns(`create function test_cut() returns trigger language plpgsql security definer as $$ begin
			if ` + x.when + ` then perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); end if; return new; end $$`)
		w.owns(`create trigger cut before insert on ` + x.table + ` for each row execute function test_cut()`)
		out, err := w.x.Accept(w.ctx, w.editor, w.cycle.ID, d.ID, in)
		if err == nil || out != (exchange.Outcome{}) {
			t.Errorf("cut at %s: %+v, %v", x.when, out, err)
		}
		w.owns(`drop function test_cut() cascade`)
		if n := w.count(`select count(*)::int from profile_answer`) + w.count(`select count(*)::int from audit_event where action in ('profile.answer', 'profile.import')`); n != 0 {
			t.Errorf("cut at %s: %d traces are left", x.when, n)
		}
	}
	out, err := w.x.Accept(w.ctx, w.editor, w.cycle.ID, d.ID, in)
	w.must(err)
	if out != (exchange.Outcome{Saved: rows}) {
		t.Errorf("outcome %+v", out)
	}
}
