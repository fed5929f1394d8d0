package profile_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
)

func TestTaskList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.save(w.editor, c, "3.1.a", 0, yes())
	if _, err := w.s.Assign(w.ctx, w.owner, c.ID, profile.Assignment{Criteria: []string{"3.1"}, Person: w.helper.PersonID, DueOn: "2026-03-20"}); err != nil {
		t.Fatal(err)
	}
	l, err := w.s.TaskList(w.ctx, w.owner, c.ID)
	w.must(err)
	if len(l.Groups) != 3 || l.Programme.Code != "ctpat" || l.Entity.Code != "importer" || !l.Editor || !l.Signer {
		t.Fatalf("task list %+v", l)
	}
	if l.Progress.Must.Total != 3 || l.Groups[0].Progress.Must.Total+l.Groups[1].Progress.Must.Total != 3 || len(l.Groups[0].Tasks) != 2 || len(l.Groups[1].Tasks) != 2 {
		t.Errorf("a criterion of two sections stands in both and counts once in all: %+v", l.Progress)
	}
	task := l.Groups[1].Tasks[1]
	if task.Criterion.ID != "3.1" || task.Standing.State != profile.InProgress || task.Standing.By != "Ed Editor" || task.Note.Assignee != w.helper.Name ||
		task.Note.DueOn.String() != "2026-03-20" || !task.Editable {
		t.Errorf("the task is %+v", task)
	}
	if l.Next != "3.1" { // begun before not begun
		t.Errorf("go on with %q", l.Next)
	}
	helper, err := w.s.TaskList(w.ctx, w.helper, c.ID)
	w.must(err)
	if helper.Next != "3.1" || helper.Editor || helper.Groups[0].Tasks[0].Editable || !helper.Groups[1].Tasks[1].Editable {
		t.Errorf("a contributor's list: next %q, %+v", helper.Next, helper.Groups[0].Tasks[0])
	}
	reader, err := w.s.TaskList(w.ctx, w.reader, c.ID)
	w.must(err)
	if reader.Next != "" || reader.Groups[1].Tasks[1].Editable {
		t.Errorf("a reader's list: next %q", reader.Next)
	}
	if l.Due != nil {
		t.Error("an application without clocks has a deadline")
	}
	w.exec(`insert into clock (id, company_id, subject_kind, subject_id, office_id, programme, code, name, source, start_event, started_at, zone, calendar, amount, unit,
		earliest, roll_forward, warn_days, reminders, owed_by, on_expiry, due_on) values (?, ?, 'application', ?, ?, 'ctpat', 'profile_due', 'Submit the application', 'x', 'application.opened', ?,
		'America/New_York', 'us-federal', 30, 'calendar_days', false, false, 7, '{}', 'company', 'lapse', '2026-04-02')`,
		pg.NewID(), w.company, *c.ApplicationID, w.office, w.clock.Now())
	l, err = w.s.TaskList(w.ctx, w.owner, c.ID)
	w.must(err)
	if d := l.Due; d == nil || d.Reading.DueDay.String() != "2026-04-02" {
		t.Errorf("the deadline is %+v", d)
	}
}

// Nobody of another company, and nobody of the agency, finds a profile here; every page
// keeps to few statements.
func TestPagesAreFenced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.fill(c)
	w.submit(c)
	other := w.person(w.newCompany("Other Ltd"), identity.Owner, "Otto Other")
	partner := identity.Actor{PersonID: pg.NewID(), Audience: identity.Partners, Role: identity.Officer}
	for name, page := range map[string]func(ctx context.Context, by identity.Actor, id uuid.UUID) error{
		"task list": func(ctx context.Context, by identity.Actor, id uuid.UUID) error {
			_, err := w.s.TaskList(ctx, by, id)
			return err
		},
		"criterion": func(ctx context.Context, by identity.Actor, id uuid.UUID) error {
			_, err := w.s.CriterionPage(ctx, by, id, "3.1", uuid.Nil)
			return err
		},
		"table": func(ctx context.Context, by identity.Actor, id uuid.UUID) error {
			_, err := w.s.TableOf(ctx, by, id, "partners")
			return err
		},
		"matrix": func(ctx context.Context, by identity.Actor, id uuid.UUID) error {
			_, err := w.s.Matrix(ctx, by, id)
			return err
		},
		"checks": func(ctx context.Context, by identity.Actor, id uuid.UUID) error {
			_, err := w.s.Checks(ctx, by, id)
			return err
		},
		"assign": func(ctx context.Context, by identity.Actor, id uuid.UUID) error {
			_, err := w.s.AssignPage(ctx, by, id)
			return err
		},
		"history": func(ctx context.Context, by identity.Actor, id uuid.UUID) error {
			_, err := w.s.History(ctx, by, id, "3.1.a", uuid.Nil)
			return err
		},
	} {
		for who, by := range map[string]identity.Actor{"another company": other, "staff": w.worker, "a partner": partner} {
			w.want(name+" for "+who, page(w.ctx, by, c.ID), fault.NotFound)
		}
		w.want(name+" of nothing", page(w.ctx, w.owner, pg.NewID()), fault.NotFound)
		ctx := pg.Counted(w.ctx)
		w.must(page(ctx, w.reader, c.ID))
		if n := pg.Statements(ctx); n > 5 {
			t.Errorf("%s takes %d statements with the scope, want 5 or fewer", name, n)
		}
	}
	for name, page := range map[string]func(identity.Actor) error{
		"receipt": func(by identity.Actor) error { _, err := w.s.Receipt(w.ctx, by, c.ID); return err },
		"copy":    func(by identity.Actor) error { _, err := w.s.CopyJSON(w.ctx, by, c.ID); return err },
		"pdf":     func(by identity.Actor) error { _, err := w.s.ReceiptPDF(w.ctx, by, c.ID); return err },
	} {
		for who, by := range map[string]identity.Actor{"another company": other, "staff": w.worker, "a partner": partner} {
			w.want(name+" for "+who, page(by), fault.NotFound)
		}
		w.must(page(w.reader))
	}
}

func TestCriterionPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.open()
	w.save(w.owner, first, "3.1.a", 0, yes())
	w.save(w.owner, first, "3.1.d", 0, catalogue.Answer{Number: "7"})
	c := w.open()
	yard := w.newSite(w.company, "Yard", "yard", "US")
	w.save(w.editor, c, "3.1.d", 1, catalogue.Answer{Number: "9"})
	ex := w.entry(c, "3.1.d", 0, catalogue.Answer{Number: "2"})
	ex.Site = yard
	if _, err := w.s.Save(w.ctx, w.owner, ex); err != nil {
		t.Fatal(err)
	}
	item := profiletest.Show(w.ctx, t, w.s, c, "3.1")
	profiletest.Show(w.ctx, t, w.s, c, "1.1")
	message := func(side, body string, internal, sent bool, about string) {
		w.exec(`insert into profile_message (company_id, programme, entity_type, criterion, cycle_id, side, internal, body, author, written_at, sent_at, about)
			values (?, 'ctpat', 'importer', '3.1', ?, ?, ?, ?, 'Sam Specialist', ?, case when ? then ?::timestamptz end, ?::jsonb)`,
			w.company, c.ID, side, internal, body, w.clock.Now(), sent, w.clock.Now(), about)
		w.clock.Move(time.Second)
	}
	message("agency", "How many partners?", false, true, `{"3.1.d": 1}`)
	message("company", "Nine now.", false, true, `{"3.1.d": 2}`)
	message("agency", "A draft", false, false, `{}`)
	message("agency", "Among us", true, true, `{}`)
	if _, err := w.s.Seen(w.ctx, w.helper, c.ID, "3.1"); err != nil {
		t.Fatal(err)
	}

	page, err := w.s.CriterionPage(w.ctx, w.owner, c.ID, "3.1", uuid.Nil)
	w.must(err)
	if page.Criterion.ID != "3.1" || !page.Counts || page.Locked != "" || page.Previous != "2.1" || page.Next != "9.1" || page.Site != nil || page.Entity.Code != "importer" {
		t.Errorf("the page is %+v", page)
	}
	if len(page.Asked) != 6 {
		t.Fatalf("%d questions", len(page.Asked))
	}
	a := page.Asked[3]
	if a.Question.ID != "3.1.d" || a.Given.Value.Number != "9" || a.Version() != 2 || !a.Own || a.Last == nil || a.Last.Answer.Number != "7" || a.Last.Author != "Olga Owner" {
		t.Errorf("the question is %+v, last %+v", a, a.Last)
	}
	if page.Asked[1].Answered || page.Asked[1].Version() != 0 || page.Asked[1].Last != nil {
		t.Errorf("an unanswered question is %+v", page.Asked[1])
	}
	if len(page.Exceptions) != 1 || page.Exceptions[0].ID != yard {
		t.Errorf("exceptions %+v", page.Exceptions)
	}
	if len(page.Links) != 1 || page.Links[0].EvidenceID != item {
		t.Errorf("evidence %+v", page.Links)
	}
	if len(page.Posts) != 2 || !page.Posts[0].Agency || page.Posts[0].Author == "" || len(page.Posts[0].Older) == 0 || page.Posts[1].Agency || len(page.Posts[1].Older) != 0 || page.Posts[1].Author == "" {
		t.Errorf("the thread is %+v", page.Posts)
	}
	if len(page.Present) != 1 || page.Present[0].Name != w.helper.Name {
		t.Errorf("present: %+v", page.Present)
	}

	// The page of a site has the company's answers until it has its own.
	page, err = w.s.CriterionPage(w.ctx, w.reader, c.ID, "3.1", yard)
	w.must(err)
	if page.Site == nil || page.Site.Name != "Yard" || page.Locked == "" {
		t.Errorf("the page of a site is %+v", page)
	}
	if a := page.Asked[3]; !a.Own || a.Given.Value.Number != "2" || a.Version() != 1 {
		t.Errorf("the site's own answer is %+v", a)
	}
	if a := page.Asked[0]; a.Own || !a.Answered || a.Given.Value.Choice != catalogue.Yes || a.Version() != 0 {
		t.Errorf("the company's answer at the site is %+v", a)
	}
	for name, x := range map[string]struct {
		criterion string
		site      uuid.UUID
	}{"no such criterion": {"99.9", uuid.Nil}, "of another programme": {"1.1.1", uuid.Nil}, "no such site": {"3.1", pg.NewID()}} {
		_, err := w.s.CriterionPage(w.ctx, w.owner, c.ID, x.criterion, x.site)
		w.want(name, err, fault.NotFound)
	}
	// A criterion that does not count has a page, which says so.
	page, err = w.s.CriterionPage(w.ctx, w.owner, c.ID, "9.3", uuid.Nil)
	w.must(err)
	if page.Counts || page.Standing.Because != profile.BecauseCondition {
		t.Errorf("a criterion that does not count: %+v", page.Standing)
	}
	w.save(w.owner, c, "9.2.a", 0, yes())
	page, err = w.s.CriterionPage(w.ctx, w.owner, c.ID, "9.3", uuid.Nil)
	w.must(err)
	if !page.Counts || page.Previous != "9.2" {
		t.Errorf("the choice made elsewhere does not show it: %+v", page)
	}
}

func TestTableOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.save(w.owner, c, "3.1.a", 0, yes())
	page, err := w.s.TableOf(w.ctx, w.owner, c.ID, "partners")
	w.must(err)
	if page.Section.ID != "partners" || len(page.Rows) != 2 || page.Neighbour != [2]string{"management", "sites"} || len(page.Groups) != 1 {
		t.Errorf("the table is %+v", page)
	}
	if row := page.Rows[1]; row.Criterion.ID != "3.1" || len(row.Asked) != 6 || row.Asked[0].Given.Value.Choice != catalogue.Yes || row.Asked[0].Version() != 1 {
		t.Errorf("the row is %+v", row)
	}
	page, err = w.s.TableOf(w.ctx, w.owner, c.ID, "sites")
	w.must(err)
	if len(page.Rows) != 2 { // 9.3 does not count
		t.Errorf("%d rows of sites", len(page.Rows))
	}
	_, err = w.s.TableOf(w.ctx, w.owner, c.ID, "nowhere")
	w.want("no such section", err, fault.NotFound)
}

// Sites differ from the company, answers go from one to others, and an exception can be
// dropped without losing what it said.
func TestSites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	yard := w.newSite(w.company, "Yard", "yard", "US")
	depot := w.newSite(w.company, "Depot", "warehouse", "MX")
	_, err := w.s.ApplyToSites(w.ctx, w.owner, c.ID, "9.1", uuid.Nil, []uuid.UUID{yard}, nil)
	w.want("nothing to copy", err, fault.Conflict)
	w.save(w.owner, c, "9.1.a", 0, yes())
	w.save(w.owner, c, "9.1.b", 0, said("A fence of three metres."))
	e := w.entry(c, "9.1.a", 0, catalogue.Answer{Choice: catalogue.No})
	e.Site = yard
	if _, err := w.s.Save(w.ctx, w.owner, e); err != nil {
		t.Fatal(err)
	}
	if s := w.load(c).State("9.1"); s.State != profile.InProgress || s.Because != profile.BecauseIncomplete {
		t.Errorf("with an exception that is not complete: %+v", s)
	}
	m, err := w.s.Matrix(w.ctx, w.owner, c.ID)
	w.must(err)
	if len(m.Profile.Sites) != 3 || len(m.Rows) != 5 || !m.Editor {
		t.Fatalf("the matrix is %+v", m)
	}
	if row := m.Rows[3]; row.Criterion.ID != "9.1" || row.Cells[0].Exception || row.Cells[1] != (profile.Cell{Exception: true, Choice: "no"}) || row.Cells[2].Exception {
		t.Errorf("the row is %+v", m.Rows[3])
	}

	for name, x := range map[string]struct {
		by        identity.Actor
		criterion string
		to        []uuid.UUID
		want      fault.Kind
	}{
		"no site":           {w.owner, "9.1", nil, fault.Invalid},
		"a reader":          {w.reader, "9.1", []uuid.UUID{depot}, fault.Forbidden},
		"no such site":      {w.owner, "9.1", []uuid.UUID{pg.NewID()}, fault.NotFound},
		"no such criterion": {w.owner, "99", []uuid.UUID{depot}, fault.NotFound},
	} {
		_, err := w.s.ApplyToSites(w.ctx, x.by, c.ID, x.criterion, uuid.Nil, x.to, nil)
		w.want(name, err, x.want)
	}
	saved, err := w.s.ApplyToSites(w.ctx, w.owner, c.ID, "9.1", uuid.Nil, []uuid.UUID{yard, depot}, nil)
	w.must(err)
	if len(saved) != 4 {
		t.Errorf("copied %+v", saved)
	}
	p := w.load(c)
	if g, ok := p.Given("9.1.b", depot); !ok || g.Value.Text != "A fence of three metres." {
		t.Errorf("the depot has %+v", g)
	}
	if g, _ := p.Given("9.1.a", yard); g.Version != 2 || g.Value.Choice != catalogue.Yes {
		t.Errorf("the yard has %+v", g)
	}
	if n := w.count(`select count(*) from audit_event where action = 'profile.add_sites'`); n != 1 {
		t.Errorf("%d events", n)
	}

	// Whoever applies on an old page overwrites no colleague: the other sites are done.
	seen := map[string]int{"9.1.a": 1, "9.1.b": 1, "9.1.a@" + yard.String(): 2, "9.1.b@" + yard.String(): 1, "9.1.a@" + depot.String(): 1, "9.1.b@" + depot.String(): 1}
	wall := w.entry(c, "9.1.b", 1, said("A wall."))
	wall.Site = yard
	if _, err := w.s.Save(w.ctx, w.editor, wall); err != nil {
		t.Fatal(err)
	}
	w.save(w.owner, c, "9.1.b", 1, said("A fence of four metres."))
	_, err = w.s.ApplyToSites(w.ctx, w.owner, c.ID, "9.1", uuid.Nil, []uuid.UUID{yard, depot}, seen)
	var moved *fault.Error
	if !errors.As(err, &moved) || len(moved.Changed) != 1 || !strings.Contains(moved.Changed[0].Theirs, "four metres") {
		t.Errorf("what is copied has changed: %v", err)
	}
	seen["9.1.b"] = 2
	_, err = w.s.ApplyToSites(w.ctx, w.owner, c.ID, "9.1", uuid.Nil, []uuid.UUID{yard, depot}, seen)
	if x := profile.Conflicts(err); len(x) != 1 || x[0].Site != yard || x[0].Question != "9.1.b" || x[0].By != w.editor.Name || x[0].Theirs.Text != "A wall." {
		t.Errorf("conflicts: %+v, %v", x, err)
	}
	p = w.load(c)
	if g, _ := p.Given("9.1.b", depot); g.Value.Text != "A fence of four metres." {
		t.Errorf("the depot has %+v", g)
	}
	if g, _ := p.Given("9.1.b", yard); g.Value.Text != "A wall." {
		t.Errorf("the yard has %+v", g)
	}

	w.want("an old version", w.s.DropException(w.ctx, w.owner, c.ID, "9.1", yard, map[string]int{"9.1.a": 1, "9.1.b": 1}), fault.Conflict)
	w.want("a reader", w.s.DropException(w.ctx, w.reader, c.ID, "9.1", yard, nil), fault.Forbidden)
	w.want("the company's answer", w.s.DropException(w.ctx, w.owner, c.ID, "9.1", uuid.Nil, nil), fault.NotFound)
	w.must(w.s.DropException(w.ctx, w.owner, c.ID, "9.1", yard, map[string]int{"9.1.a": 2, "9.1.b": 2}))
	w.want("twice", w.s.DropException(w.ctx, w.owner, c.ID, "9.1", yard, nil), fault.Conflict)
	p = w.load(c)
	if _, ok := p.Given("9.1.a", yard); ok {
		t.Error("the exception is still there")
	}
	if g, ok := p.Holds("9.1.a", yard); !ok || g.Site != uuid.Nil {
		t.Errorf("at the yard holds %+v", g)
	}
	h, err := w.s.History(w.ctx, w.reader, c.ID, "9.1.a", yard)
	w.must(err)
	if len(h.Revisions) != 2 || h.Revisions[0].Version != 2 || h.Revisions[0].Present || h.Revisions[1].Answer.Choice != catalogue.No || h.Site == nil {
		t.Errorf("the history is %+v", h.Revisions)
	}
	// One that comes back goes on with its versions, and a page from before is a conflict.
	_, err = w.s.Save(w.ctx, w.owner, profile.AnswerEntry{Cycle: c.ID, EditionHash: c.EditionHash, EntityType: c.EntityType, Criterion: "9.1", Question: "9.1.a", Site: yard, Version: 2, Answer: catalogue.Answer{Choice: catalogue.No}})
	if list := profile.Conflicts(err); len(list) != 1 || list[0].TheirsIs != 0 || !list[0].Theirs.Empty() || list[0].Common.Choice != catalogue.Yes {
		t.Errorf("a dropped exception: %+v, %v", list, err)
	}
	e.Answer = yes()
	s, err := w.s.Save(w.ctx, w.owner, e)
	w.must(err)
	if s.Version != 3 {
		t.Errorf("it comes back as version %d, want 3", s.Version)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	for i, text := range []string{"One.", "Two.", "Three."} {
		w.save([]identity.Actor{w.owner, w.editor, w.owner}[i], c, "1.1.b", i, said(text))
		w.clock.Move(time.Minute)
	}
	_, err := w.resolve(w.editor, profile.Resolution{AnswerEntry: w.entry(c, "1.1.b", 2, said("Mine.")), Choice: profile.TakeTheirs, Theirs: 3})
	w.must(err)
	h, err := w.s.History(w.ctx, w.reader, c.ID, "1.1.b", uuid.Nil)
	w.must(err)
	if len(h.Revisions) != 4 || h.Question.ID != "1.1.b" || h.Criterion.ID != "1.1" || h.Site != nil {
		t.Fatalf("the history is %+v", h)
	}
	for i, want := range []profile.Revision{
		{Version: 3, Answer: said("Three."), By: "Olga Owner", Present: true}, {Version: 2, Answer: said("Mine."), By: "Ed Editor", Lost: true},
		{Version: 2, Answer: said("Two."), By: "Ed Editor"}, {Version: 1, Answer: said("One."), By: "Olga Owner"},
	} {
		got := h.Revisions[i]
		got.At = time.Time{}
		if got.Version != want.Version || !got.Answer.Equal(want.Answer) || got.By != want.By || got.Lost != want.Lost || got.Present != want.Present {
			t.Errorf("revision %d is %+v, want %+v", i, got, want)
		}
	}
	_, err = w.s.History(w.ctx, w.owner, c.ID, "99.a", uuid.Nil)
	w.want("no such question", err, fault.NotFound)
	_, err = w.s.History(w.ctx, w.owner, c.ID, "1.1.b", pg.NewID())
	w.want("no such site", err, fault.NotFound)
}

func TestAssign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	gone := w.person(w.company, identity.Editor, "Gina Gone")
	w.exec(`update person_right set ended_at = ? where id = ?`, w.clock.Now(), gone.RightID)
	for name, x := range map[string]struct {
		by   identity.Actor
		in   profile.Assignment
		want fault.Kind
	}{
		"a contributor":      {w.helper, profile.Assignment{Criteria: []string{"3.1"}, Person: w.helper.PersonID}, fault.Forbidden},
		"a reader":           {w.reader, profile.Assignment{Criteria: []string{"3.1"}, Person: w.helper.PersonID}, fault.Forbidden},
		"staff":              {w.worker, profile.Assignment{Criteria: []string{"3.1"}, Person: w.helper.PersonID}, fault.NotFound},
		"nothing chosen":     {w.owner, profile.Assignment{Person: w.helper.PersonID}, fault.Invalid},
		"no such criterion":  {w.owner, profile.Assignment{Criteria: []string{"99"}, Person: w.helper.PersonID}, fault.NotFound},
		"to a reader":        {w.owner, profile.Assignment{Criteria: []string{"3.1"}, Person: w.reader.PersonID}, fault.Invalid},
		"to a stranger":      {w.owner, profile.Assignment{Criteria: []string{"3.1"}, Person: w.worker.PersonID}, fault.Invalid},
		"to one who left":    {w.owner, profile.Assignment{Criteria: []string{"3.1"}, Person: gone.PersonID}, fault.Invalid},
		"a day that is over": {w.owner, profile.Assignment{Criteria: []string{"3.1"}, Person: w.helper.PersonID, DueOn: "2026-03-02"}, fault.Invalid},
		"a day that is none": {w.owner, profile.Assignment{Criteria: []string{"3.1"}, Person: w.helper.PersonID, DueOn: "2026-02-30"}, fault.Invalid},
		"a day far away":     {w.owner, profile.Assignment{Criteria: []string{"3.1"}, Person: w.helper.PersonID, DueOn: "2099-01-01"}, fault.Invalid},
	} {
		_, err := w.s.Assign(w.ctx, x.by, c.ID, x.in)
		w.want(name, err, x.want)
	}
	mails := w.count(`select count(*) from mail`)
	n, err := w.s.Assign(w.ctx, w.owner, c.ID, profile.Assignment{Sections: []string{"partners"}, Criteria: []string{"9.1"}, Person: w.helper.PersonID, DueOn: "2026-03-20"})
	w.must(err)
	if n != 3 {
		t.Errorf("%d criteria, want the two of the section and one more", n)
	}
	if got := w.count(`select count(*) from mail where to_address = $1 and subject like '%' || $2 || '%' and body not like '%3.1%'`, w.helper.Email, c.Reference); got != 1 || w.count(`select count(*) from mail`) != mails+1 {
		t.Errorf("%d e-mails to the colleague", got)
	}
	page, err := w.s.AssignPage(w.ctx, w.owner, c.ID)
	w.must(err)
	if len(page.Colleagues) != 3 || page.Profile.Notes["2.1"].Assignee != w.helper.Name { // not the reader, not who left
		t.Errorf("the page has %+v", page.Colleagues)
	}
	// To give work to oneself sends no e-mail; to take it back neither.
	_, err = w.s.Assign(w.ctx, w.owner, c.ID, profile.Assignment{Criteria: []string{"9.1"}, Person: w.owner.PersonID})
	w.must(err)
	_, err = w.s.Assign(w.ctx, w.owner, c.ID, profile.Assignment{Criteria: []string{"3.1"}})
	w.must(err)
	if got := w.count(`select count(*) from mail`); got != mails+1 {
		t.Errorf("%d e-mails", got-mails)
	}
	p := w.load(c)
	if a := p.Notes["9.1"]; a.Assignee != w.owner.Name || !a.DueOn.IsZero() {
		t.Errorf("given to oneself: %+v", a)
	}
	if a := p.Notes["3.1"]; a.AssigneeID != nil || a.Assignee != "" {
		t.Errorf("taken back: %+v", a)
	}
}

// Carried answers are confirmed one by one; shoulds of a section may be confirmed at once,
// musts never.
func TestConfirm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.open()
	w.fill(first)
	w.exec(`delete from profile_answer where cycle_id = ? and question in ('9.1.a', '9.1.b')`, first.ID)
	w.exec(`update profile_answer set complete = false, value = '{"choice": "no"}', choice = 'no' where cycle_id = ? and question = '9.3.a'`, first.ID)
	w.exec(`update evidence e set expires_on = '2026-03-01' where exists (select from evidence_link l where l.evidence_id = e.id and l.cycle_id = ? and l.criterion = '2.1')`, first.ID)
	c := w.open()
	if n := w.load(c).Progress(); n.Must.Attention != 3 || n.Should.Attention != 2 {
		t.Fatalf("carried over: %+v", n)
	}
	w.want("a reader", w.s.Confirm(w.ctx, w.reader, c.ID, "3.1"), fault.Forbidden)
	w.want("no such criterion", w.s.Confirm(w.ctx, w.owner, c.ID, "99"), fault.NotFound)
	w.want("nothing was carried", w.s.Confirm(w.ctx, w.owner, c.ID, "9.1"), fault.Conflict)
	w.want("not complete", w.s.Confirm(w.ctx, w.owner, c.ID, "9.3"), fault.Conflict)
	w.want("its evidence has expired", w.s.Confirm(w.ctx, w.owner, c.ID, "2.1"), fault.Conflict)
	w.must(w.s.Confirm(w.ctx, w.editor, c.ID, "3.1"))
	w.want("twice", w.s.Confirm(w.ctx, w.editor, c.ID, "3.1"), fault.Conflict)
	p := w.load(c)
	if s := p.State("3.1"); s.State != profile.Ready || p.Notes["3.1"].Confirmer != "Ed Editor" {
		t.Errorf("confirmed: %+v, %+v", s, p.Notes["3.1"])
	}
	atOnce := func(by identity.Actor) (out []int) {
		t.Helper()
		l, err := w.s.TaskList(w.ctx, by, c.ID)
		w.must(err)
		for _, g := range l.Groups {
			out = append(out, g.AtOnce)
		}
		return out
	}
	if got := atOnce(w.owner); !slices.Equal(got, []int{1, 0, 1}) {
		t.Errorf("at once by section: %v", got)
	}
	if got := atOnce(w.reader); !slices.Equal(got, []int{0, 0, 0}) {
		t.Errorf("at once for a reader: %v", got)
	}
	n, err := w.s.ConfirmShoulds(w.ctx, w.owner, c.ID, "management")
	w.must(err)
	if n != 1 || w.load(c).State("1.1").State != profile.Ready || w.load(c).State("2.1").State != profile.NeedsAttention {
		t.Errorf("%d shoulds at once", n)
	}
	if got := atOnce(w.owner); got[0] != 0 {
		t.Errorf("at once after that: %v", got)
	}
	_, err = w.s.ConfirmShoulds(w.ctx, w.owner, c.ID, "management")
	w.want("nothing is left", err, fault.Conflict)
	_, err = w.s.ConfirmShoulds(w.ctx, w.owner, c.ID, "partners")
	w.want("musts only", err, fault.Conflict)
	_, err = w.s.ConfirmShoulds(w.ctx, w.owner, c.ID, "nowhere")
	w.want("no such section", err, fault.NotFound)
	w.save(w.owner, c, "9.2.a", 1, catalogue.Answer{Choice: catalogue.No, Reason: "A guard watches the yard."})
	w.want("changed since", w.s.Confirm(w.ctx, w.owner, c.ID, "9.2"), fault.Conflict)
}

func TestSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	seen := func(by identity.Actor, criterion string) []profile.Present {
		t.Helper()
		others, err := w.s.Seen(w.ctx, by, c.ID, criterion)
		w.must(err)
		return others
	}
	since := w.clock.Now()
	if got := seen(w.owner, "3.1"); len(got) != 0 {
		t.Errorf("alone, and yet %+v", got)
	}
	w.clock.Move(30 * time.Second)
	seen(w.owner, "3.1")
	if got := seen(w.editor, "3.1"); len(got) != 1 || got[0].Name != "Olga Owner" || !got[0].Since.Equal(since) {
		t.Errorf("the editor sees %+v", got)
	}
	if got := seen(w.editor, "1.1"); len(got) != 0 {
		t.Errorf("elsewhere the editor sees %+v", got)
	}
	w.clock.Move(61 * time.Second)
	if got := seen(w.editor, "3.1"); len(got) != 0 {
		t.Errorf("after a minute the editor sees %+v", got)
	}
	if seen(w.owner, "3.1"); w.count(`select count(*) from profile_presence where person_id = $1 and since = seen_at`, w.owner.PersonID) != 1 {
		t.Error("who comes back has been there all the time")
	}
	other := w.person(w.newCompany("Other Ltd"), identity.Owner, "Otto Other")
	for name, x := range map[string]struct {
		by        identity.Actor
		criterion string
		want      fault.Kind
	}{"another company": {other, "3.1", fault.NotFound}, "staff": {w.worker, "3.1", fault.NotFound}, "a reader": {w.reader, "3.1", fault.Forbidden}, "no such criterion": {w.owner, "99", fault.NotFound}} {
		_, err := w.s.Seen(w.ctx, x.by, c.ID, x.criterion)
		w.want(name, err, x.want)
	}
	ctx := pg.Counted(w.ctx)
	if _, err := w.s.Seen(ctx, w.owner, c.ID, "3.1"); err != nil || pg.Statements(ctx) > 3 {
		t.Errorf("%d statements, %v", pg.Statements(ctx), err)
	}
	if n := w.count(`select count(*) from audit_event where action not in ('profile.open')`); n != 0 {
		t.Errorf("signs of life left %d events", n)
	}
}
