package profile_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
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

func TestSave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	s := w.save(w.owner, c, "3.1.a", 0, yes())
	if s.Version != 1 || !s.Changed || s.By != "Olga Owner" || !s.At.Equal(w.clock.Now()) || s.State.State != profile.InProgress || s.Missing != nil {
		t.Errorf("saved %+v", s)
	}
	w.clock.Move(time.Minute)
	s = w.save(w.editor, c, "3.1.a", 1, catalogue.Answer{Choice: catalogue.No})
	if s.Version != 2 || s.By != "Ed Editor" || len(s.Missing) != 2 {
		t.Errorf("a no to a must: %+v", s)
	}
	// What is kept already is neither an error nor a new version nor an event.
	events := w.count(`select count(*) from audit_event where action = 'profile.answer'`)
	if s = w.save(w.owner, c, "3.1.a", 2, catalogue.Answer{Choice: catalogue.No}); s.Version != 2 || s.Changed || s.By != "Ed Editor" {
		t.Errorf("the same again: %+v", s)
	}
	if s = w.save(w.owner, c, "3.1.a", 1, catalogue.Answer{Choice: catalogue.No}); s.Version != 2 || s.Changed {
		t.Errorf("the same from an old page: %+v", s)
	}
	if s = w.save(w.owner, c, "3.1.d", 0, catalogue.Answer{}); s.Version != 0 || s.Changed {
		t.Errorf("nothing to a question without an answer: %+v", s)
	}
	if n := w.count(`select count(*) from audit_event where action = 'profile.answer'`); n != events || events != 2 {
		t.Errorf("%d events, then %d, want 2 both times", events, n)
	}
	if after := w.text(`select after::text from audit_event where action = 'profile.answer' order by id desc limit 1`); after != `{"answers": [{"version": 2, "question": "3.1.a"}]}` {
		t.Errorf("the event says %s", after)
	}
	if n := w.count(`select count(*) from profile_answer_past where cycle_id = $1 and question = '3.1.a' and version = 1 and value = '{"choice": "yes"}' and author = 'Olga Owner'`, c.ID); n != 1 {
		t.Error("the wording that was replaced is not kept")
	}
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	other := w.person(w.newCompany("Other Ltd"), identity.Owner, "Otto Other")
	foreign := w.site
	good := w.entry(c, "3.1.a", 0, yes())
	with := func(change func(*profile.AnswerEntry)) profile.AnswerEntry {
		e := good
		change(&e)
		return e
	}
	for name, x := range map[string]struct {
		by   identity.Actor
		in   profile.AnswerEntry
		want fault.Kind
	}{
		"another company":             {other, good, fault.NotFound},
		"staff":                       {w.worker, good, fault.NotFound},
		"a reader":                    {w.reader, good, fault.Forbidden},
		"a contributor without it":    {w.helper, good, fault.Forbidden},
		"no such profile":             {w.owner, with(func(e *profile.AnswerEntry) { e.Cycle = pg.NewID() }), fault.NotFound},
		"no such edition":             {w.owner, with(func(e *profile.AnswerEntry) { e.EditionHash = "x" }), fault.NotFound},
		"another kind of member":      {w.owner, with(func(e *profile.AnswerEntry) { e.EntityType = "exporter" }), fault.Conflict},
		"no such question":            {w.owner, with(func(e *profile.AnswerEntry) { e.Question = "3.1.z" }), fault.NotFound},
		"a question elsewhere":        {w.owner, with(func(e *profile.AnswerEntry) { e.Criterion = "1.1" }), fault.NotFound},
		"another company's site":      {w.owner, with(func(e *profile.AnswerEntry) { e.Site = foreign }), fault.Conflict},
		"an unknown choice":           {w.owner, with(func(e *profile.AnswerEntry) { e.Answer.Choice = "maybe" }), fault.Invalid},
		"a version that is not there": {w.owner, with(func(e *profile.AnswerEntry) { e.Version = 3 }), fault.Conflict},
	} {
		_, err := w.s.Save(w.ctx, x.by, x.in)
		w.want(name, err, x.want)
	}
	_, err := w.s.Save(w.ctx, w.owner, with(func(e *profile.AnswerEntry) { e.Answer.Choice = "maybe" }))
	if f := fault.Fields(err); len(f) != 1 || f[0].Name != profile.AnswerField("3.1.a")+"-choice" {
		t.Errorf("the field of a refusal: %v", err)
	}
	if n := w.count(`select count(*) from profile_answer`) + w.count(`select count(*) from audit_event where action = 'profile.answer'`); n != 0 {
		t.Errorf("%d traces of what was refused", n)
	}
	if list, err := w.s.SaveAll(w.ctx, w.owner, nil); list != nil || err != nil {
		t.Errorf("nothing to save: %v, %v", list, err)
	}
}

// An autosave is one statement besides the scope; so is a whole page.
func TestSaveTakesOneStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	for name, entries := range map[string][]profile.AnswerEntry{
		"one answer": {w.entry(c, "1.1.a", 0, yes())},
		"a page":     {w.entry(c, "3.1.a", 0, yes()), w.entry(c, "3.1.b", 0, catalogue.Answer{Choice: "yearly"}), w.entry(c, "3.1.d", 0, catalogue.Answer{Number: "3"})},
	} {
		ctx := pg.Counted(w.ctx)
		if _, err := w.s.SaveAll(ctx, w.owner, entries); err != nil {
			t.Fatal(err)
		}
		if n := pg.Statements(ctx); n > 2 {
			t.Errorf("%s takes %d statements, want 2: the scope and one more", name, n)
		}
	}
}

// Who is slower is shown both texts and the one that both began with; nothing is lost.
func TestConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.save(w.owner, c, "1.1.b", 0, said("On the website."))
	w.save(w.editor, c, "1.1.b", 1, said("On the website and in the hall."))
	_, err := w.s.Save(w.ctx, w.owner, w.entry(c, "1.1.b", 1, said("On our website, in two languages.")))
	w.want("the slower one", err, fault.Conflict)
	list := profile.Conflicts(err)
	if len(list) != 1 {
		t.Fatalf("conflicts %+v", list)
	}
	x := list[0]
	if x.Answer.Text != "On our website, in two languages." || x.Theirs.Text != "On the website and in the hall." || x.Common.Text != "On the website." ||
		x.By != "Ed Editor" || x.TheirsIs != 2 || x.Version != 1 || x.Question != "1.1.b" {
		t.Errorf("the conflict is %+v", x)
	}
	if profile.Conflicts(errors.New("another")) != nil {
		t.Error("any error has conflicts")
	}

	// Of a page with several answers those without a conflict are saved.
	saved, err := w.s.SaveAll(w.ctx, w.owner, []profile.AnswerEntry{w.entry(c, "1.1.a", 0, yes()), w.entry(c, "1.1.b", 1, said("Mine."))})
	if len(saved) != 1 || saved[0].Question != "1.1.a" || len(profile.Conflicts(err)) != 1 {
		t.Errorf("saved %+v, %v", saved, err)
	}
	if g, _ := w.load(c).Given("1.1.a", uuid.Nil); g.Choice != catalogue.Yes {
		t.Error("the answer without a conflict is not saved")
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.save(w.owner, c, "1.1.b", 0, said("Common."))
	w.save(w.editor, c, "1.1.b", 1, said("Theirs."))
	in := func(choice profile.Choice, theirs int, combined string) profile.Resolution {
		return profile.Resolution{AnswerEntry: w.entry(c, "1.1.b", 1, said("Mine.")), Choice: choice, Theirs: theirs, Combined: said(combined)}
	}
	_, err := w.resolve(w.owner, in("", 2, ""))
	w.want("no choice", err, fault.Invalid)
	_, err = w.resolve(w.reader, in(profile.TakeMine, 2, ""))
	w.want("a reader", err, fault.Forbidden)

	out, err := w.resolve(w.owner, in(profile.TakeTheirs, 2, ""))
	if err != nil || out.Changed {
		t.Fatalf("theirs: %+v, %v", out, err)
	}
	texts := func() string {
		t.Helper()
		return w.text(`select string_agg(value->>'text' || case when lost then ' (lost, on ' || version || ')' else '' end, ' ' order by id) from profile_answer_past where cycle_id = $1`, c.ID) +
			" | " + w.text(`select value->>'text' || ' ' || version from profile_answer where cycle_id = $1 and question = '1.1.b'`, c.ID)
	}
	if got := texts(); got != "Common. Mine. (lost, on 1) | Theirs. 2" {
		t.Errorf("after theirs: %s", got)
	}
	if out, err = w.resolve(w.owner, in(profile.TakeMine, 2, "")); err != nil || out.Version != 3 {
		t.Fatalf("mine: %+v, %v", out, err)
	}
	if got := texts(); got != "Common. Mine. (lost, on 1) Theirs. | Mine. 3" {
		t.Errorf("after mine: %s", got)
	}
	w.save(w.editor, c, "1.1.b", 3, said("Theirs again."))
	_, err = w.resolve(w.owner, in(profile.Combine, 3, "Both."))
	if len(profile.Conflicts(err)) != 1 {
		t.Fatalf("theirs has moved on: %v", err)
	}
	if out, err = w.resolve(w.owner, in(profile.Combine, 4, "Both.")); err != nil || out.Version != 5 || !out.Changed {
		t.Fatalf("combined: %+v, %v", out, err)
	}
	if got := texts(); got != "Common. Mine. (lost, on 1) Theirs. Mine. Theirs again. Mine. (lost, on 1) | Both. 5" {
		t.Errorf("after combining: %s", got)
	}
	if n := w.count(`select count(*) from audit_event where action = 'profile.resolve' and subject_id = $1`, c.ID); n != 3 {
		t.Errorf("%d events of settled conflicts, want 3", n)
	}
}

// A page without scripts can meet several conflicts at once.
func TestResolveSeveral(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.save(w.editor, c, "1.1.b", 0, said("Theirs."))
	w.save(w.editor, c, "3.1.d", 0, catalogue.Answer{Number: "3"})
	text := profile.Resolution{AnswerEntry: w.entry(c, "1.1.b", 0, said("Mine.")), Choice: profile.TakeTheirs, Theirs: 1}
	number := profile.Resolution{AnswerEntry: w.entry(c, "3.1.d", 0, catalogue.Answer{Number: "4"}), Choice: profile.Combine, Theirs: 1, Combined: catalogue.Answer{Number: "many"}}
	_, err := w.s.Resolve(w.ctx, w.owner, []profile.Resolution{text, number})
	if fields := fault.Fields(err); len(fields) != 1 || fields[0].Name != number.CombinedField()+"-number" {
		t.Fatalf("what cannot be kept: %v", err)
	}
	number.Combined = catalogue.Answer{Number: "7"}
	out, err := w.s.Resolve(w.ctx, w.owner, []profile.Resolution{text, number})
	if err != nil || len(out) != 2 {
		t.Fatalf("%+v, %v", out, err)
	}
	p := w.load(c)
	if g, _ := p.Given("1.1.b", uuid.Nil); g.Value.Text != "Theirs." {
		t.Errorf("the text is %+v", g)
	}
	if g, _ := p.Given("3.1.d", uuid.Nil); g.Value.Number != "7" || g.Version != 2 {
		t.Errorf("the number is %+v", g)
	}
	if n := w.count(`select count(*) from profile_answer_past where cycle_id = $1 and lost`, c.ID); n != 2 {
		t.Errorf("%d texts kept as lost, want 2", n)
	}
	if out, err := w.s.Resolve(w.ctx, w.owner, nil); out != nil || err != nil {
		t.Errorf("nothing to settle: %+v, %v", out, err)
	}
}

// Two people save the same answer at once, again and again: one wins, the other sees the
// winner's text, and no text is lost.
func TestTwoSaveAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	actors := []identity.Actor{w.owner, w.editor}
	version := 0
	for round := range 50 {
		var won, lost atomic.Int64
		var winner, seen [2]string
		parallel(2, func(i int) {
			mine := fmt.Sprintf("Round %d, by %s.", round, actors[i].Name)
			s, err := w.s.Save(w.ctx, actors[i], w.entry(c, "1.1.b", version, said(mine)))
			switch list := profile.Conflicts(err); {
			case err == nil && s.Changed && s.Version == version+1:
				won.Add(1)
				winner[i] = mine
			case len(list) == 1 && list[0].TheirsIs == version+1:
				lost.Add(1)
				seen[i] = list[0].Theirs.Text
			default:
				t.Errorf("round %d, %s: %+v, %v", round, actors[i].Name, s, err)
			}
		})
		if won.Load() != 1 || lost.Load() != 1 || winner[0]+winner[1] != seen[0]+seen[1] {
			t.Fatalf("round %d: %d won, %d lost; the winner wrote %q, the other saw %q", round, won.Load(), lost.Load(), winner, seen)
		}
		version++
	}
	if n := w.count(`select count(*) from profile_answer_past where cycle_id = $1`, c.ID); n != 49 {
		t.Errorf("%d earlier wordings, want 49", n)
	}
	if n := w.count(`select count(distinct version) from (select version from profile_answer_past where cycle_id = $1 union all select version from profile_answer where cycle_id = $1) x`, c.ID); n != 50 {
		t.Errorf("%d versions, want 50", n)
	}
}

// A contributor changes the criteria that are assigned to them and no others.
func TestContributor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	if _, err := w.s.Assign(w.ctx, w.editor, c.ID, profile.Assignment{Criteria: []string{"3.1"}, Person: w.helper.PersonID}); err != nil {
		t.Fatal(err)
	}
	w.save(w.helper, c, "3.1.a", 0, yes())
	_, err := w.s.Save(w.ctx, w.helper, w.entry(c, "1.1.a", 0, yes()))
	w.want("another criterion", err, fault.Forbidden)
	_, err = w.s.SaveAll(w.ctx, w.helper, []profile.AnswerEntry{w.entry(c, "3.1.d", 0, catalogue.Answer{Number: "4"}), w.entry(c, "1.1.a", 0, yes())})
	w.want("one of theirs and another", err, fault.Forbidden)
}

// While a profile is returned, what counts only since the answers to it may be answered
// as well.
func TestReturnedUnlocksWhatNewlyCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.save(w.owner, c, "9.2.a", 0, catalogue.Answer{Choice: catalogue.No, Reason: "A guard watches the yard by day and night."})
	w.fill(c)
	w.exec(`delete from profile_answer where cycle_id = ? and question like '9.3%'`, c.ID)
	c = w.sendBack(w.submit(c), "9.2")
	_, err := w.s.Save(w.ctx, w.owner, w.entry(c, "9.3.a", 0, yes()))
	w.want("a criterion that does not count", err, fault.Conflict)
	w.save(w.owner, c, "9.2.a", 1, yes())
	p := w.load(c)
	if !p.Unlocked("9.3") || p.Unlocked("1.1") || !p.Unlocked("9.2") {
		t.Errorf("unlocked: 9.3 %v, 1.1 %v, 9.2 %v", p.Unlocked("9.3"), p.Unlocked("1.1"), p.Unlocked("9.2"))
	}
	w.save(w.owner, c, "9.3.a", 0, yes())
	_, err = w.s.Save(w.ctx, w.owner, w.entry(c, "1.1.b", 1, said("Changed on the quiet.")))
	w.want("what was not sent back", err, fault.Conflict)
	err = w.db.Read(w.ctx, w.owner.Scope(), func(tx pg.Tx) error {
		for id, want := range map[string]bool{"9.3": true, "1.1": false} {
			if got, err := w.s.Opened(w.ctx, tx, c.ID, id); err != nil || got != want {
				t.Errorf("evidence of %s may be changed: %v, %v", id, got, err)
			}
		}
		return nil
	})
	w.must(err)
	// It must be answered before the profile goes back.
	page, err := w.s.Checks(w.ctx, w.owner, c.ID)
	w.must(err)
	if page.Errors() != 1 || page.Findings[0].Criterion != "9.3" {
		t.Errorf("the checks find %+v", page.Findings)
	}
	profiletest.Show(w.ctx, t, w.s, c, "9.3")
	if c = w.submit(c); c.Round != 2 {
		t.Errorf("submitted again as %+v", c)
	}
}

// A colleague who puts an answer to a criterion of a return away answers it.
func TestKeepAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.want("while it is open", w.s.KeepAnswer(w.ctx, w.owner, c.ID, "3.1"), fault.Conflict)
	w.fill(c)
	c = w.sendBack(w.submit(c), "3.1", "9.1")
	w.want("a criterion that was not sent back", w.s.KeepAnswer(w.ctx, w.owner, c.ID, "1.1"), fault.Conflict)
	w.want("a reader", w.s.KeepAnswer(w.ctx, w.reader, c.ID, "3.1"), fault.Forbidden)
	w.must(w.s.KeepAnswer(w.ctx, w.owner, c.ID, "3.1"))
	w.must(w.s.KeepAnswer(w.ctx, w.owner, c.ID, "3.1")) // twice does no harm
	if n := w.count(`select count(*) from audit_event where action = 'profile.keep_answer'`); n != 1 {
		t.Errorf("%d events", n)
	}
	if list := w.load(c).Unanswered(); len(list) != 1 || list[0] != "9.1" {
		t.Errorf("unanswered: %v", list)
	}
	w.must(w.db.Write(w.ctx, w.owner.Scope(), func(tx pg.Tx) error {
		return w.s.Touched(w.ctx, tx, w.clock.Now(), w.owner, c.ID, []string{"9.1"})
	}))
	if list := w.load(c).Unanswered(); list != nil {
		t.Errorf("unanswered after the evidence was changed: %v", list)
	}
}

// Text comes back as it was typed, whatever it holds.
func TestSaveKeepsText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	nasty := "Ñandú \"quoted\" \\ back\n<script>alert(1)</script> {{7*7}} 'x'; drop table site; -- 漢字 \U0001F600"
	w.save(w.owner, c, "1.1.b", 0, said(nasty))
	if g, _ := w.load(c).Given("1.1.b", uuid.Nil); g.Value.Text != nasty {
		t.Errorf("%q came back as %q", nasty, g.Value.Text)
	}
	_, err := w.s.Save(w.ctx, w.owner, w.entry(c, "1.1.b", 1, said("a\u0000b")))
	w.want("a character that cannot be kept", err, fault.Invalid)
	_, err = w.s.Save(w.ctx, w.owner, w.entry(c, "1.1.b", 1, said(strings.Repeat("x", 1001))))
	w.want("a text that is too long", err, fault.Invalid)
}
