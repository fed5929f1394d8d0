package profile_test

import (
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

func TestOpenGivesAReferenceAndKeepsTheEdition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	if !strings.HasPrefix(c.Reference, "SP-2026-") || len(c.Reference) != len("SP-2026-000123") {
		t.Errorf("reference %q", c.Reference)
	}
	if c.Status != profile.Open || c.Number != 1 || c.Kind != profile.Initial || c.PreviousID != nil || c.OfficeID != w.office {
		t.Errorf("opened as %+v", c)
	}
	if n := w.count(`select count(*) from catalogue_edition where programme = 'ctpat' and edition = '2026.1' and hash = $1`, c.EditionHash); n != 1 {
		t.Error("the edition is not kept")
	}
	p := w.load(c)
	if n := p.Progress(); n.Must.Total != 3 || n.Should.Total != 2 || n.Must.Done+n.Should.Done != 0 || n.Begun() {
		t.Errorf("an empty profile counts %+v", n)
	}
}

// A programme without criteria for a kind of member has no profile.
func TestOpenWithoutACatalogue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error {
		for _, in := range []profile.Opening{{Programme: "ctpat", EntityType: "rail_carrier"}, {Programme: "no-such", EntityType: "importer"}} {
			in.Company, in.Office, in.Kind = w.company, w.office, profile.Initial
			if c, err := w.s.Open(w.ctx, tx, w.clock.Now(), w.owner, in); err != nil || c.ID != uuid.Nil {
				t.Errorf("%s of %s: %+v, %v", in.EntityType, in.Programme, c, err)
			}
		}
		return nil
	}))
}

// An application that comes again begins with the answers of the last one.
func TestOpenCarriesOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.open()
	yard := w.newSite(w.company, "Yard", "yard", "US")
	shut := w.newSite(w.company, "Old depot", "warehouse", "US")
	w.fill(first)
	for _, site := range []uuid.UUID{yard, shut} {
		e := w.entry(first, "9.1.a", 0, catalogue.Answer{Choice: catalogue.No, Plan: "Build a fence", PlanOn: "2026-09-01"})
		e.Site = site
		if _, err := w.s.Save(w.ctx, w.owner, e); err != nil {
			t.Fatal(err)
		}
	}
	w.exec(`update site set closed_on = '2026-03-03' where id = ?`, shut)
	old := profiletest.Show(w.ctx, t, w.s, first, "3.1")
	w.exec(`update evidence set expires_on = '2026-03-01' where id = ?`, old)
	links := w.count(`select count(*) from evidence_link where cycle_id = $1`, first.ID)

	second := w.open()
	if second.Number != 2 || second.PreviousID == nil || *second.PreviousID != first.ID {
		t.Fatalf("opened as %+v", second)
	}
	p := w.load(second)
	if s := p.State("3.1"); s.State != profile.NeedsAttention || s.Because != profile.BecauseCarried {
		t.Errorf("a carried criterion is %+v", s)
	}
	g, ok := p.Given("3.1.a", uuid.Nil)
	if !ok || !g.Carried || !g.Complete || g.Version != 1 || g.Author != w.owner.Name || g.Value.Choice != catalogue.Yes {
		t.Errorf("carried answer %+v", g)
	}
	if _, ok := p.Given("9.1.a", yard); !ok {
		t.Error("the exception of a site in use is lost")
	}
	if _, ok := p.Given("9.1.a", shut); ok {
		t.Error("the exception of a closed site came along")
	}
	if n := w.count(`select count(*) from evidence_link where cycle_id = $1 and carried`, second.ID); n != links-1 {
		t.Errorf("%d items of evidence came along, want %d: all but the expired one", n, links-1)
	}
	// To change one answer is to say that the rest was looked at.
	w.save(w.owner, second, "3.1.d", 1, catalogue.Answer{Number: "40"})
	if s := w.load(second).State("3.1"); s.State != profile.Ready {
		t.Errorf("a changed criterion is %+v", s)
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	other := w.person(w.newCompany("Other Ltd"), identity.Owner, "Otto Other")
	lock := func(by identity.Actor, id uuid.UUID, version int) (err error) {
		_ = w.db.Write(w.ctx, pg.System, func(tx pg.Tx) error {
			_, err = profile.Lock(w.ctx, tx, by, id, version)
			return nil
		})
		return err
	}
	w.must(lock(w.owner, c.ID, c.Version))
	w.must(lock(w.worker, c.ID, 0))
	w.want("an old version", lock(w.owner, c.ID, 9), fault.Conflict)
	w.want("another company's, whatever the version", lock(other, c.ID, 9), fault.NotFound)
	w.want("none", lock(w.owner, pg.NewID(), 0), fault.NotFound)
	w.want("a partner's officer", lock(identity.Actor{Audience: identity.Partners, Role: identity.Officer}, c.ID, 0), fault.NotFound)
}

func TestEndOfApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	end := func(application uuid.UUID) {
		t.Helper()
		w.must(w.db.Write(w.ctx, w.owner.Scope(), func(tx pg.Tx) error {
			return w.s.EndOfApplication(w.ctx, tx, w.clock.Now(), w.owner, application, "The application ended: Withdrawn")
		}))
	}
	open := w.open()
	end(*open.ApplicationID)
	if s := w.text(`select status || ' ' || end_reason from profile_cycle where id = $1`, open.ID); s != "ended The application ended: Withdrawn" {
		t.Errorf("after the end: %s", s)
	}
	if n := w.count(`select count(*) from audit_event where action = 'profile.end' and subject_id = $1 and actor = 'Portal' and company_id = $2`, open.ID, w.company); n != 1 {
		t.Errorf("%d events of the end", n)
	}
	end(*open.ApplicationID) // twice does no harm
	end(w.application(w.company))

	accepted := w.open()
	w.fill(accepted)
	w.submit(accepted)
	profiletest.Accept(w.ctx, t, w.s, w.worker, accepted.ID)
	end(*accepted.ApplicationID)
	if s := w.text(`select status from profile_cycle where id = $1`, accepted.ID); s != "accepted" {
		t.Errorf("an accepted profile became %s", s)
	}
}

// Conditions decide what counts; counts follow them.
func TestStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	state := func(id string) profile.Standing { t.Helper(); return w.load(c).State(id) }
	is := func(id string, want profile.State, because profile.Because) {
		t.Helper()
		if s := state(id); s.State != want || s.Because != because {
			t.Errorf("%s is %s (%s), want %s (%s)", id, s.State, s.Because, want, because)
		}
	}
	is("1.1", profile.NotStarted, "")
	is("9.3", profile.NotApplicable, profile.BecauseCondition)
	is("no such", profile.NotApplicable, profile.BecauseCondition)

	w.save(w.owner, c, "2.1.a", 0, yes())
	is("2.1", profile.InProgress, profile.BecauseIncomplete)
	w.save(w.editor, c, "2.1.b", 0, catalogue.Answer{Date: "2026-01-10"})
	w.clock.Move(time.Minute)
	w.save(w.editor, c, "2.1.c", 0, said("We rate every lane each year with the five steps."))
	is("2.1", profile.InProgress, profile.BecauseEvidence)
	if s := state("2.1"); s.By != "Ed Editor" || !s.At.Equal(w.clock.Now()) {
		t.Errorf("the last at work: %+v", s)
	}
	profiletest.Show(w.ctx, t, w.s, c, "2.1")
	is("2.1", profile.Ready, "")

	// A no to a must needs a plan and no evidence.
	w.save(w.owner, c, "2.1.a", 1, catalogue.Answer{Choice: catalogue.No})
	is("2.1", profile.InProgress, profile.BecauseIncomplete)
	w.save(w.owner, c, "2.1.a", 2, catalogue.Answer{Choice: catalogue.No, Plan: "We do it", PlanOn: "2026-08-01"})
	is("2.1", profile.Ready, "")

	// Not applicable needs its reason.
	w.save(w.owner, c, "9.2.a", 0, catalogue.Answer{Choice: catalogue.NotApplicable})
	is("9.2", profile.InProgress, profile.BecauseIncomplete)
	w.save(w.owner, c, "9.2.a", 1, catalogue.Answer{Choice: catalogue.NotApplicable, Reason: "We have no buildings"})
	is("9.2", profile.NotApplicable, profile.BecauseAnswered)

	// Cameras bring their records.
	if s := w.save(w.owner, c, "9.2.a", 2, yes()); !s.Reload {
		t.Error("the answer that shows a criterion does not say so")
	}
	is("9.3", profile.NotStarted, "")
	w.save(w.owner, c, "9.3.a", 0, yes())
	is("9.3", profile.InProgress, profile.BecauseEvidence)
	profiletest.Show(w.ctx, t, w.s, c, "9.3")
	is("9.3", profile.Ready, "")

	p := w.load(c)
	if got := p.Next("9.2") + p.Previous("9.2") + p.Previous("1.1") + p.Next("9.3"); got != "9.39.1" {
		t.Errorf("the ways on: %q", got)
	}
	n := p.Progress()
	if n.Must != (profile.Count{Total: 4, Done: 2}) || n.Should != (profile.Count{Total: 2, Done: 1}) {
		t.Errorf("progress %+v", n)
	}
}

// A whole profile: filled in, submitted, sent back, answered, accepted.
func TestJourney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.open()
	w.fill(c)
	c = w.submit(c)
	if c.Status != profile.Submitted || c.Round != 1 {
		t.Fatalf("submitted as %+v", c)
	}
	_, err := w.s.Save(w.ctx, w.owner, w.entry(c, "1.1.b", 1, said("On the website, and on every notice board.")))
	w.want("a change after submitting", err, fault.Conflict)

	c = w.sendBack(c, "3.1")
	if n := w.count(`select count(*) from profile_submission where cycle_id = $1 and voided_at is not null`, c.ID); n != 1 {
		t.Error("the return did not void the signature")
	}
	_, err = w.s.Save(w.ctx, w.owner, w.entry(c, "1.1.b", 1, said("On the website, and on every notice board.")))
	w.want("a criterion that was not sent back", err, fault.Conflict)
	p := w.load(c)
	if s := p.State("3.1"); s.Because != profile.BecauseReturned {
		t.Errorf("a returned criterion is %+v", s)
	}
	_, err = w.s.Submit(w.ctx, w.owner, c.ID, profile.Declaration{Attested: true, Name: "Olga Owner", Title: "Director"})
	w.want("unanswered", err, fault.Invalid)
	w.save(w.owner, c, "3.1.d", 1, catalogue.Answer{Number: "13"})
	if s := w.load(c).State("3.1"); s.State != profile.Ready {
		t.Errorf("an answered criterion is %+v", s)
	}
	c = w.submit(c)
	if c.Status != profile.Submitted || c.Round != 2 {
		t.Fatalf("submitted again as %+v", c)
	}
	profiletest.Accept(w.ctx, t, w.s, w.worker, c.ID)
	if n := w.count(`select count(*) from profile_submission where cycle_id = $1`, c.ID); n != 2 {
		t.Errorf("%d submissions are kept", n)
	}
	if n := w.count(`select count(*) from message where subject_id = $1 and letter = 'profile_received'`, c.ID); n != 2 {
		t.Errorf("%d letters", n)
	}
}
