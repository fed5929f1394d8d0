package succession_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/succession"
)

// split brings a split to its decision, with or without consent to the answers.
func (s *sharedWorld) split(day string, consent bool) succession.Case {
	s.T.Helper()
	c := s.sent(succession.Entry{Kind: succession.Split, Day: day, Reason: "reorganized", Note: "Our east coast business", NewName: "East, Inc.", NewCountry: "US", ShareAnswers: consent})
	c, err := s.svc.Take(s.Ctx, s.Sam, c.ID, c.Version)
	s.Must(err)
	c, err = s.svc.Decide(s.Ctx, s.Sam, c.ID, true, succession.StepEntry{Version: c.Version, Text: "Yes"})
	s.Must(err)
	_, err = s.svc.Decide(s.Ctx, s.Boss, c.ID, true, succession.StepEntry{Version: c.Version})
	s.Must(err)
	r, err := s.svc.Show(s.Ctx, s.Sam, c.ID)
	s.Must(err)
	return r.Case
}

// begun is a company with an application that it has opened, and its profile.
func (s *sharedWorld) begun(name string) (identity.Actor, application.Application, uuid.UUID) {
	s.T.Helper()
	owner := s.Importer(name)
	a, err := s.Applications.Choose(s.Ctx, owner, "ctpat", "importer")
	s.Must(err)
	return owner, a, profiletest.OfApplication(s.Ctx, s.T, s.DB, a.ID)
}

func (s *sharedWorld) link(c succession.Case, a application.Application) (succession.Case, error) {
	return s.svc.Link(s.Ctx, s.Sam, c.ID, succession.LinkEntry{Version: c.Version, Application: a.Reference})
}

func (s *sharedWorld) answers(cycle uuid.UUID) int {
	return s.Count(`select count(*)::int from profile_answer where cycle_id = $1`, cycle)
}

func TestNewCompanyStartsFromTheAnswers(t *testing.T) {
	t.Parallel()
	s := newShared(t, "2026-03-04T15:00:00Z")
	c := s.split("2026-03-04", true)
	owner, a, cycle := s.begun("East Inc")
	p := profiletest.Read(s.Ctx, t, s.Profiles, cycle)
	// What the new company has begun itself stays.
	q, _ := p.Form.Criterion("2.1")
	answer := profiletest.Good(q.Questions[0])
	answer.Choice = "na"
	answer.Reason = "Not with us"
	_, err := s.Profiles.Save(s.Ctx, owner, profile.AnswerEntry{Cycle: cycle, EditionHash: p.Cycle.EditionHash, EntityType: p.Cycle.FormKey(), Criterion: "2.1", Question: "2.1.a", Answer: answer})
	s.Must(err)
	c, err = s.link(c, a)
	s.Must(err)
	p = profiletest.Read(s.Ctx, t, s.Profiles, cycle)
	if g, ok := p.Given("1.1.a", uuid.Nil); !ok || !g.Carried || g.Value.Choice != "yes" || g.Author != "Harbor Trading LLC" {
		t.Errorf("copied: %+v, %v", g, ok)
	}
	if x := p.State("1.1"); x.Because != profile.BecauseCarried {
		t.Errorf("what was copied stands as %+v", x)
	}
	if g, _ := p.Given("2.1.a", uuid.Nil); g.Carried || g.Value.Choice != "na" {
		t.Errorf("the new company's own answer: %+v", g)
	}
	if g, ok := p.Given("1.1.p", uuid.Nil); ok {
		t.Errorf("persons of the other company were copied: %+v", g.Value.Rows)
	}
	if n := s.Count(`select count(*)::int from evidence_link where cycle_id = $1`, cycle); n != 0 {
		t.Errorf("%d items of evidence were copied", n)
	}
	if n := s.Count(`select count(*)::int from profile_answer where cycle_id = $1 and updated_by is not null and carried`, cycle); n != 0 {
		t.Error("a person of the other company stands with an answer")
	}
	if body := s.Text(`select body from message where letter = 'profile_inherited' and company_id = $1`, owner.CompanyID); !strings.Contains(body, "Harbor Trading LLC has agreed that East Inc") {
		t.Errorf("the letter: %s", body)
	}
	s.Must(s.Profiles.Confirm(s.Ctx, owner, cycle, "1.1"))
	if x := profiletest.Read(s.Ctx, t, s.Profiles, cycle).State("1.1"); x.State != profile.Ready {
		t.Errorf("confirmed: %+v", x)
	}
	before := s.answers(cycle)
	_, err = s.link(c, a) // again changes nothing
	s.Must(err)
	if s.answers(cycle) != before {
		t.Error("a second link copied again")
	}
	r, err := s.svc.Show(s.Ctx, s.owner, c.ID)
	s.Must(err)
	told := 0
	for _, e := range r.History {
		if e.What == "pass_on" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the member reads %d times that its answers were passed on", told)
	}
}

func TestNothingIsCopiedWithoutConsentOrForAnother(t *testing.T) {
	t.Parallel()
	s := newShared(t, "2026-03-04T15:00:00Z")
	c := s.split("2026-03-04", false)
	owner, a, cycle := s.begun("East Inc")
	_, err := s.link(c, a)
	s.Want("an application that was not sent, without consent", err, fault.Invalid)
	sent := s.Submit(s.Importer("East Incorporated"), "ctpat", "importer")
	_, err = s.link(c, sent)
	s.Must(err)
	if n := s.answers(cycle); n != 0 {
		t.Errorf("%d answers without consent", n)
	}

	c = s.split("2026-03-04", true)
	_, other, theirs := s.begun("West Inc")
	c, err = s.link(c, other)
	s.Must(err)
	if n := s.answers(theirs); n != 0 {
		t.Errorf("%d answers for a company that the consent does not name", n)
	}
	if why := s.Text(`select body from change_case_entry where case_id = $1 and what = 'keep_answers' and internal`, c.ID); !strings.Contains(why, "not the one that the case names") {
		t.Errorf("the desk does not read why: %s", why)
	}
	// The right one, whose profile is submitted already, keeps what it said.
	profiletest.Fill(s.Ctx, t, s.Profiles, owner, cycle)
	profiletest.Submit(s.Ctx, t, s.Profiles, owner, cycle)
	_, err = s.link(c, a)
	s.Must(err)
	if n := s.Count(`select count(*)::int from profile_answer where carried`); n != 0 {
		t.Errorf("%d answers in a profile that was submitted", n)
	}
}

func TestAnswersComeOnTheDay(t *testing.T) {
	t.Parallel()
	s := newShared(t, "2026-03-04T15:00:00Z")
	c := s.split("2026-04-01", true)
	_, a, cycle := s.begun("East Inc")
	_, err := s.link(c, a)
	s.Must(err)
	if n := s.answers(cycle); n != 0 {
		t.Errorf("%d answers before the day", n)
	}
	s.day("2026-04-01")
	if n := s.answers(cycle); n != 2 {
		t.Errorf("%d answers on the day", n)
	}
}
