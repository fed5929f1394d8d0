package profile_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/identity"
	"trustedtrader/app/profile"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.save(w.owner, c, "1.1.b", 0, said("At the gate."))
	for what, x := range map[string]struct {
		by        identity.Actor
		criterion string
		body      string
		kind      fault.Kind
	}{
		"nothing":                       {w.owner, "1.1", " ", fault.Invalid},
		"too much":                      {w.owner, "1.1", strings.Repeat("x", 8001), fault.Invalid},
		"a criterion that is not there": {w.owner, "7.7", "Hello", fault.NotFound},
		"a reader":                      {w.reader, "1.1", "Hello", fault.Forbidden},
		"a contributor, not theirs":     {w.helper, "1.1", "Hello", fault.Forbidden},
		"another company":               {w.person(w.newCompany("Other Ltd"), identity.Owner, "Otto Other"), "1.1", "Hello", fault.NotFound},
		"the agency":                    {w.worker, "1.1", "Hello", fault.NotFound},
	} {
		w.want(what, w.s.Write(w.ctx, x.by, c.ID, x.criterion, x.body), x.kind)
	}
	w.must(w.s.Write(w.ctx, w.editor, c.ID, "1.1", "May it be in Spanish?"))
	if got := w.text(`select side || ' ' || author || ' ' || body || ' ' || about::text from profile_message where cycle_id = $1`, c.ID); got != `company Ed Editor May it be in Spanish? {"1.1.a": 0, "1.1.b": 1}` {
		t.Errorf("the message is %s", got)
	}
	p, err := w.s.CriterionPage(w.ctx, w.reader, c.ID, "1.1", uuid.Nil)
	w.must(err)
	if len(p.Posts) != 1 || len(p.Posts[0].Older) != 0 || p.Posts[0].Author != "Ed Editor" || p.Writer {
		t.Errorf("a reader sees %+v", p.Posts)
	}
	w.save(w.owner, c, "1.1.b", 1, said("At both gates."))
	w.save(w.owner, c, "1.1.a", 0, yes())
	p, err = w.s.CriterionPage(w.ctx, w.editor, c.ID, "1.1", uuid.Nil)
	w.must(err)
	if older := p.Posts[0].Older; len(older) != 2 || older[1] != (profile.Older{Question: "1.1.b", Version: 1}) || !p.Writer {
		t.Errorf("after a change: %+v", older)
	}
	if n := w.count(`select count(*) from audit_event where action = 'profile.write' and subject_id = $1`, c.ID); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

// The specialist in charge learns of a message while the profile is with the agency.
func TestWriteTellsTheSpecialist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.exec(`update profile_cycle set assignee_id = ? where id = ?`, w.worker.PersonID, c.ID)
	w.exec(`insert into person_right (id, person_id, audience, role, office_id, starts_on, granted_at) values (?, ?, 'staff', 'specialist', ?, '2000-01-01', ?)`,
		w.worker.RightID, w.worker.PersonID, w.office, w.clock.Now())
	mails := func() int { return w.count(`select count(*) from mail where to_address = 'sam@customs.example'`) }
	w.must(w.s.Write(w.ctx, w.owner, c.ID, "1.1", "Still at work"))
	before := mails()
	w.fill(c)
	w.submit(c)
	submitted := mails()
	w.must(w.s.Write(w.ctx, w.owner, c.ID, "1.1", "One more thing"))
	if before != 0 || mails() != submitted+1 {
		t.Errorf("%d e-mails before submitting, %d for a message after it, want 0 and 1", before, mails()-submitted)
	}
	w.exec(`update profile_cycle set status = 'ended', ended_at = now(), end_reason = 'x' where id = ?`, c.ID)
	w.want("a closed profile", w.s.Write(w.ctx, w.owner, c.ID, "1.1", "Too late"), fault.Conflict)
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if list, err := w.s.List(w.ctx, w.reader); err != nil || len(list) != 0 {
		t.Fatalf("no profile: %+v, %v", list, err)
	}
	first := w.open()
	w.clock.Move(1)
	second := w.open()
	list, err := w.s.List(w.ctx, w.reader)
	if err != nil || len(list) != 2 || list[0].ID != second.ID || list[1].ID != first.ID || list[0].Names.Programme.Code != "ctpat" || list[0].Zone.String() != "America/New_York" || list[0].EntityType != "importer" {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := w.s.List(w.ctx, w.person(w.newCompany("Other Ltd"), identity.Owner, "Otto Other")); err != nil || len(list) != 0 {
		t.Errorf("another company: %+v, %v", list, err)
	}
	_, err = w.s.List(w.ctx, w.worker)
	w.want("the agency", err, fault.NotFound)
}

// What is chosen at a site decides what else is asked there.
func TestCountsAtASite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	yard := w.newSite(w.company, "Yard", "yard", "US")
	w.save(w.owner, c, "2.1.a", 0, yes())
	e := w.entry(c, "2.1.a", 0, catalogue.Answer{Choice: catalogue.No, Plan: "Assess it", PlanOn: "2026-09-01"})
	e.Site = yard
	_, err := w.s.Save(w.ctx, w.owner, e)
	w.must(err)
	counts := func(site uuid.UUID) (out []string) {
		p, err := w.s.CriterionPage(w.ctx, w.owner, c.ID, "2.1", site)
		w.must(err)
		for _, a := range p.Asked {
			if a.Counts {
				out = append(out, a.Question.ID)
			}
		}
		return out
	}
	if got := counts(uuid.Nil); len(got) != 3 {
		t.Errorf("for the company %v", got)
	}
	if got := counts(yard); len(got) != 1 {
		t.Errorf("at the yard %v", got)
	}
}
