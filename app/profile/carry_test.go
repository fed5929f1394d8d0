package profile_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
)

func en(s string) catalogue.Text { return catalogue.Text{"en": s} }

func asked(id string, questions ...catalogue.Question) catalogue.Criterion {
	return catalogue.Criterion{ID: id, Official: true, Level: catalogue.Must, Title: en(id), Requirement: en("Requirement " + id), AppliesTo: []string{"importer"},
		Sections: []string{"s"}, Scope: catalogue.OfCompany, Questions: questions}
}

func asks(id string, kind catalogue.Kind, options ...string) catalogue.Question {
	q := catalogue.Question{ID: id, Kind: kind, Level: catalogue.Must, Text: en("Question " + id), Required: true}
	for _, o := range options {
		q.Options = append(q.Options, catalogue.Option{Code: o, Text: en(o)})
	}
	return q
}

func edition(t *testing.T, id, previous, from string, changes []catalogue.Change, criteria ...catalogue.Criterion) *fstest.MapFile {
	t.Helper()
	valid, err := time.Parse(time.DateOnly, from)
	if err != nil {
		t.Fatal(err)
	}
	e := &catalogue.Edition{Programme: "ctpat", ID: id, Previous: previous, Status: catalogue.Published, ValidFrom: valid, Title: en("Criteria"),
		Source: catalogue.Source{Title: "t", Rights: "r"}, Sections: []catalogue.Section{{ID: "s", Title: en("Section")}}, Criteria: criteria, Changes: changes}
	text, err := e.WriteYAML()
	if err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: text}
}

// A world in which a new edition holds from 2027 on.
func newEditions(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	l, err := catalogue.Load(fstest.MapFS{
		"ctpat/catalogue/2026.1.yaml": edition(t, "2026.1", "", "2026-01-01", nil,
			asked("1", asks("1.a", catalogue.YesNo), asks("1.b", catalogue.Narrative), asks("1.c", catalogue.Choice, "x", "y")),
			asked("2", asks("2.a", catalogue.YesNo), asks("2.b", catalogue.Narrative)),
			asked("5", asks("5.a", catalogue.YesNo)), asked("6", asks("6.a", catalogue.YesNo)),
			asked("7", asks("7.a", catalogue.YesNo)), asked("8", asks("8.a", catalogue.YesNo))),
		"ctpat/catalogue/2027.1.yaml": edition(t, "2027.1", "2026.1", "2027-01-01", []catalogue.Change{
			{ID: "1", Kind: catalogue.Reworded}, {ID: "2", Kind: catalogue.Split, From: []string{"2"}}, {ID: "3", Kind: catalogue.Split, From: []string{"2"}},
			{ID: "56", Kind: catalogue.Merged, From: []string{"5", "6"}}, {ID: "7", Kind: catalogue.Withdrawn}, {ID: "9", Kind: catalogue.New}},
			asked("1", asks("1.a", catalogue.YesNo), asks("1.b", catalogue.Number), asks("1.c", catalogue.Choice, "y", "z")),
			asked("2", asks("2.a", catalogue.YesNo)), asked("3", asks("2.b", catalogue.Narrative), asks("3.a", catalogue.YesNo)),
			asked("56", asks("5.a", catalogue.YesNo), asks("56.a", catalogue.YesNo)),
			asked("8", asks("8.a", catalogue.YesNo)), asked("9", asks("9.a", catalogue.YesNo))),
	})
	w.must(err)
	w.s.Library = l
	return w
}

// openYearly begins the yearly review of a membership that came of an application.
func (w *world) openYearly(application, membership uuid.UUID, anniversary string) (c profile.Cycle) {
	w.t.Helper()
	day, err := clock.ParseDay(anniversary)
	w.must(err)
	w.exec(`insert into membership (id, company_id, application_id, programme, edition, entity_type, number, tier, status, certified_on, effective_on, created_at)
		values (?, ?, ?, 'ctpat', '2026.1', 'importer', ?, 'tier_1', 'active', '2026-04-01', '2026-04-01', ?) on conflict do nothing`, membership, w.company, application, membership.String()[30:], w.clock.Now())
	w.must(w.db.Write(w.ctx, pg.System, func(tx pg.Tx) (err error) {
		c, err = w.s.Open(w.ctx, tx, w.clock.Now(), w.owner, profile.Opening{Company: w.company, Office: w.office, Programme: "ctpat", EntityType: "importer",
			Kind: profile.Annual, Membership: &membership, Anniversary: day})
		return err
	}))
	return c
}

// What was reworded, split and merged takes the answers that its questions still take.
func TestCarryOverANewEdition(t *testing.T) {
	t.Parallel()
	w := newEditions(t)
	first := w.open()
	w.fill(first)
	w.save(w.owner, first, "1.c", 1, catalogue.Answer{Choice: "x"})
	for _, c := range []string{"1", "2", "5", "7", "8"} {
		profiletest.Show(w.ctx, t, w.s, first, c)
	}
	w.submit(first)
	profiletest.Accept(w.ctx, t, w.s, w.worker, first.ID)

	w.clock.Move(300 * 24 * time.Hour)
	second := w.openYearly(*first.ApplicationID, pg.NewID(), "2027-04-01")
	if second.Edition != "2026.1" {
		t.Fatalf("the edition of next year opened %s in December", second.Reference)
	}
	w.exec(`update profile_cycle set status = 'ended', ended_at = now(), end_reason = 'x' where id = ?`, second.ID)
	w.clock.Move(300 * 24 * time.Hour)
	third := w.openYearly(*first.ApplicationID, *second.MembershipID, "2028-04-01")
	if third.Edition != "2027.1" || *third.PreviousID != second.ID || third.Number != 3 {
		t.Fatalf("opened as %+v", third)
	}
	p := w.load(third)
	for question, want := range map[string]bool{
		"1.a": true, "1.b": false, "1.c": false, // a text is no number, and the option that was chosen is gone
		"2.a": true, "2.b": true, "3.a": false, // each half takes what is asked there still
		"5.a": true, "56.a": false, "8.a": true, "9.a": false,
	} {
		g, ok := p.Given(question, uuid.Nil)
		criterion, _, _ := p.Form.Question(question)
		if ok != want || ok && (!g.Carried || !g.Complete || g.Criterion != criterion.ID) {
			t.Errorf("%s: carried %t (%+v), want %t", question, ok, g, want)
		}
	}
	list, err := w.s.List(w.ctx, w.reader)
	w.must(err)
	if len(list) != 3 || list[0].ID != third.ID || len(list[0].Withdrawn) != 1 || list[0].Withdrawn[0].ID != "7" || list[1].Withdrawn != nil || list[2].Withdrawn != nil {
		t.Errorf("the list has %+v", list)
	}
	if page, err := w.s.CriterionPage(w.ctx, w.reader, second.ID, "7", uuid.Nil); err != nil || page.Asked[0].Given.Value.Choice != catalogue.Yes {
		t.Errorf("what was withdrawn cannot be read: %+v, %v", page.Asked, err)
	}
	if n := w.count(`select count(*) from profile_answer where cycle_id = $1`, third.ID); n != 5 {
		t.Errorf("%d answers came along", n)
	}
	if got := w.text(`select string_agg(criterion, ' ' order by criterion) from evidence_link where cycle_id = $1`, third.ID); got != "1 8" {
		t.Errorf("evidence came along for %s", got)
	}
	for id, want := range map[string]profile.State{"1": profile.NeedsAttention, "2": profile.NeedsAttention, "3": profile.NeedsAttention, "56": profile.NeedsAttention,
		"8": profile.NeedsAttention, "9": profile.NotStarted, "7": profile.NotApplicable} {
		if s := p.State(id); s.State != want {
			t.Errorf("%s is %s, want %s", id, s.State, want)
		}
	}
	w.want("half of it was never answered", w.s.Confirm(w.ctx, w.owner, third.ID, "3"), fault.Conflict)
	w.must(w.s.Confirm(w.ctx, w.owner, third.ID, "2"))
}
