package profile_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
)

// What a site chooses decides what it is asked, and a criterion is complete when it is so
// at every place.
func TestSitesAreAskedByTheirOwnChoices(t *testing.T) {
	t.Parallel()
	no := catalogue.Answer{Choice: catalogue.No, Plan: "We do it", PlanOn: "2026-08-01"}
	na := catalogue.Answer{Choice: catalogue.NotApplicable, Reason: "We have none"}
	on, how := catalogue.Answer{Date: "2026-01-10"}, said("We rate every lane each year with the five steps.")
	type answers map[string]catalogue.Answer
	for name, x := range map[string]struct {
		company, site answers
		emptied       string // at the site, after it was answered
		criterion     string
		evidence      bool
		want          profile.State
		because       profile.Because
		unfinished    bool
		needs         int
	}{
		"company yes, site no": {
			company: answers{"2.1.a": yes(), "2.1.b": on, "2.1.c": how}, site: answers{"2.1.a": no},
			criterion: "2.1", evidence: true, want: profile.Ready, needs: 1},
		"company yes, site no, with what is asked of it no more half answered": {
			company: answers{"2.1.a": yes(), "2.1.b": on, "2.1.c": how}, site: answers{"2.1.a": no, "2.1.c": how}, emptied: "2.1.c",
			criterion: "2.1", evidence: true, want: profile.Ready, needs: 1},
		"company yes, site no without a plan": {
			company: answers{"2.1.a": yes(), "2.1.b": on, "2.1.c": how}, site: answers{"2.1.a": {Choice: catalogue.No}},
			criterion: "2.1", evidence: true, want: profile.InProgress, because: profile.BecauseIncomplete, unfinished: true, needs: 1},
		"company no, site yes": {
			company: answers{"2.1.a": no}, site: answers{"2.1.a": yes()},
			criterion: "2.1", evidence: true, want: profile.InProgress, because: profile.BecauseIncomplete, unfinished: true, needs: 1},
		"company no, site yes, half of the rest": {
			company: answers{"2.1.a": no}, site: answers{"2.1.a": yes(), "2.1.b": on},
			criterion: "2.1", evidence: true, want: profile.InProgress, because: profile.BecauseIncomplete, unfinished: true, needs: 1},
		"company no, site yes and the rest": {
			company: answers{"2.1.a": no}, site: answers{"2.1.a": yes(), "2.1.b": on, "2.1.c": how},
			criterion: "2.1", evidence: true, want: profile.Ready, needs: 1},
		"a yes at a site needs evidence": {
			company: answers{"2.1.a": no}, site: answers{"2.1.a": yes(), "2.1.b": on, "2.1.c": how},
			criterion: "2.1", want: profile.InProgress, because: profile.BecauseEvidence, needs: 1},
		"company not applicable, site not applicable": {
			company: answers{"9.1.a": na}, site: answers{"9.1.a": na}, criterion: "9.1", want: profile.NotApplicable, because: profile.BecauseAnswered},
		"company not applicable, site without its reason": {
			company: answers{"9.1.a": na}, site: answers{"9.1.a": {Choice: catalogue.NotApplicable}},
			criterion: "9.1", want: profile.InProgress, because: profile.BecauseIncomplete, unfinished: true},
		"company not applicable, site yes": {
			company: answers{"9.1.a": na}, site: answers{"9.1.a": yes()}, criterion: "9.1", want: profile.Ready},
		"no cameras, but at a site": {
			company: answers{"9.2.a": {Choice: catalogue.No, Reason: "Too dear"}}, site: answers{"9.2.a": yes()},
			criterion: "9.3", want: profile.NotStarted, unfinished: true},
		"no cameras, but at a site, with their records": {
			company: answers{"9.2.a": {Choice: catalogue.No, Reason: "Too dear"}}, site: answers{"9.2.a": yes(), "9.3.a": yes()},
			criterion: "9.3", evidence: true, want: profile.Ready, needs: 1},
		"cameras, but not at a site": {
			company: answers{"9.2.a": yes(), "9.3.a": yes()}, site: answers{"9.2.a": {Choice: catalogue.No, Reason: "Too dear"}},
			criterion: "9.3", evidence: true, want: profile.Ready, needs: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			second := w.newSite(w.company, "Warehouse", "warehouse", "US")
			c := w.open()
			var last profile.Saved
			for site, list := range map[uuid.UUID]answers{uuid.Nil: x.company, second: x.site} {
				for _, q := range slices.Sorted(maps.Keys(list)) {
					e := w.entry(c, q, 0, list[q])
					e.Site = site
					s, err := w.s.Save(w.ctx, w.owner, e)
					w.must(err)
					if s.Criterion == x.criterion {
						last = s
					}
				}
			}
			if x.emptied != "" {
				e := w.entry(c, x.emptied, 1, catalogue.Answer{})
				e.Site = second
				_, err := w.s.Save(w.ctx, w.owner, e)
				w.must(err)
			}
			if x.evidence {
				profiletest.Show(w.ctx, t, w.s, c, x.criterion)
			}
			check := func(where string, p *profile.Profile) {
				t.Helper()
				s := p.State(x.criterion)
				criterion, _ := p.Form.Criterion(x.criterion)
				if s.State != x.want || s.Because != x.because {
					t.Errorf("%s: %s (%s), want %s (%s)", where, s.State, s.Because, x.want, x.because)
				}
				if got := p.Needs(criterion); got != x.needs {
					t.Errorf("%s: needs %d items, want %d", where, got, x.needs)
				}
				if got := p.Unfinished(x.criterion); (len(got) == 1 && got[0].ID == second) != x.unfinished {
					t.Errorf("%s: unfinished at %v", where, got)
				}
			}
			check("everything", w.load(c))
			list, err := w.s.TaskList(w.ctx, w.owner, c.ID)
			w.must(err)
			check("the list", list.Profile)
			page, err := w.s.CriterionPage(w.ctx, w.owner, c.ID, x.criterion, uuid.Nil)
			w.must(err)
			check("the page", page.Profile)
			// A save says so too. This one changes nothing.
			if last.Criterion != "" {
				g, _ := list.Profile.Given(last.Question, last.Site)
				full, _ := w.load(c).Given(last.Question, last.Site)
				e := w.entry(c, last.Question, g.Version, full.Value)
				e.Site = last.Site
				s, err := w.s.Save(w.ctx, w.owner, e)
				w.must(err)
				if s.State.State != x.want || s.State.Because != x.because {
					t.Errorf("a save: %s (%s), want %s (%s)", s.State.State, s.State.Because, x.want, x.because)
				}
			}
			if incomplete := x.because == profile.BecauseIncomplete; incomplete {
				said := ""
				for _, f := range w.load(c).Problems(context.Background()) {
					if f.Name == x.criterion {
						said = f.String()
					}
				}
				if !strings.Contains(said, "Warehouse") {
					t.Errorf("the problem does not name the site: %q", said)
				}
			}
		})
	}
}

// A closed site no longer keeps a profile from being complete.
func TestClosedSitesAskNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := w.newSite(w.company, "Warehouse", "warehouse", "US")
	c := w.open()
	w.save(w.owner, c, "9.1.a", 0, yes())
	e := w.entry(c, "9.1.a", 0, catalogue.Answer{Choice: catalogue.No})
	e.Site = second
	_, err := w.s.Save(w.ctx, w.owner, e)
	w.must(err)
	if s := w.load(c).State("9.1"); s.Because != profile.BecauseIncomplete {
		t.Errorf("half an exception is %+v", s)
	}
	w.exec(`update site set closed_on = '2026-03-01' where id = ?`, second)
	if s := w.load(c).State("9.1"); s.State != profile.Ready {
		t.Errorf("with the site closed it is %+v", s)
	}
}

// Sites cost the states of a whole profile what their answers cost, not their square.
func TestStatesStayLinear(t *testing.T) {
	w := newWorld(t)
	c := w.open()
	answersOf := func(sites int) *profile.Profile {
		w.exec(`insert into site (id, company_id, name, activity, street, city, country, zone, created_at)
			select gen_random_uuid(), ?, 'Site ' || i, 'warehouse', '1 Pier', 'Newark', 'US', 'America/New_York', ? from generate_series(1, ?) i`, w.company, w.clock.Now(), sites)
		w.exec(`insert into profile_answer (cycle_id, company_id, criterion, question, site_id, value, choice, complete, version, updated_at, author)
			select ?, ?, q.criterion, q.question, s.id, '{"choice":"no"}', 'no', true, 1, ?, 'Olga Owner' from site s,
				(values ('1.1', '1.1.a'), ('2.1', '2.1.a'), ('3.1', '3.1.a'), ('9.1', '9.1.a'), ('9.2', '9.2.a')) q(criterion, question)
			where s.company_id = ? on conflict do nothing`, c.ID, w.company, w.clock.Now(), w.company)
		return w.load(c)
	}
	few := answersOf(100)
	less := testing.AllocsPerRun(5, func() { few.Progress() })
	many := answersOf(700) // eight times as many
	more := testing.AllocsPerRun(5, func() { many.Progress() })
	t.Logf("%.0f and %.0f allocations", less, more)
	if more > 10*less {
		t.Errorf("%.0f allocations for eight times as many sites, %.0f before", more, less)
	}
	ctx := pg.Counted(w.ctx)
	if _, err := w.s.TaskList(ctx, w.owner, c.ID); err != nil || pg.Statements(ctx) > 3 {
		t.Errorf("%d statements, %v", pg.Statements(ctx), err)
	}
}

// Of a criterion that is asked of each site the portal says for how many an answer holds,
// and asks when a site was added after it was given.
func TestAskedOfEachSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clock.Move(time.Hour) // the first site is older than every answer
	c := w.open()
	w.fill(c)
	warnings := func() []string { t.Helper(); return codes(w.checks(c).Findings, profile.Warning) }
	of := func(id string) int {
		p := w.load(c)
		criterion, _ := p.Form.Criterion(id)
		return p.EachSite(criterion)
	}
	if n := of("9.1"); n != 0 {
		t.Errorf("with one site it is asked of %d", n)
	}
	second := w.newSite(w.company, "Warehouse", "warehouse", "US")
	if n := of("9.1") + of("9.2"); n != 2 {
		t.Errorf("it is asked of %d sites", n)
	}
	page := w.checks(c)
	i := slices.IndexFunc(page.Findings, func(f profile.Finding) bool { return f.Code == "site_new" })
	if i < 0 || page.Findings[i].Criterion != "9.1" || !strings.Contains(page.Findings[i].Field().String(), "Warehouse") {
		t.Fatalf("warnings of a new site: %v", warnings())
	}
	// Who says what differs there has looked.
	e := w.entry(c, "9.1.a", 0, catalogue.Answer{Choice: catalogue.No, Plan: "We build a fence", PlanOn: "2026-09-01"})
	e.Site = second
	_, err := w.s.Save(w.ctx, w.owner, e)
	w.must(err)
	if got := warnings(); slices.Contains(got, "site_new:9.1") {
		t.Errorf("with an exception: %v", got)
	}
	// So has who answers after it was added.
	w.newSite(w.company, "Yard", "warehouse", "US")
	if got := warnings(); !slices.Contains(got, "site_new:9.1") {
		t.Errorf("with another new site: %v", got)
	}
	w.clock.Move(time.Hour)
	g, _ := w.load(c).Given("9.1.b", uuid.Nil)
	w.save(w.owner, c, "9.1.b", g.Version, said("With locks, also in the yard."))
	if got := warnings(); slices.Contains(got, "site_new:9.1") {
		t.Errorf("after another answer: %v", got)
	}
	snap := w.submit(c)
	content, err := w.s.Receipt(w.ctx, w.owner, snap.ID)
	w.must(err)
	if strings.Contains(content.Submission.Body, "added_at") || len(content.Content.Sites) != 3 {
		t.Errorf("the snapshot has %d sites: %s", len(content.Content.Sites), content.Submission.Body)
	}
}
