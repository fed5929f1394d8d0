package profilereview_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/application"
	"trustedtrader/app/apptest"
	"trustedtrader/app/catalogue"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/profile"
	"trustedtrader/app/profile/profiletest"
	"trustedtrader/app/profilereview"
	"trustedtrader/app/review/reviewtest"
)

func TestMain(m *testing.M) { apptest.Run(m) }

// world is an agency with companies whose security profiles wait at its desk.
type world struct {
	*reviewtest.World
	s *profilereview.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: reviewtest.New(t, "2026-03-03T15:00:00Z").WithCriteria()}
	w.s = &profilereview.Service{DB: w.DB, Now: w.Clock.Now, Steps: w.Steps.Profiles, Cases: w.Desk}
	return w
}

// submitted brings an importer's application with its profile to the agency.
func (w *world) submitted(name string) (application.Application, uuid.UUID, identity.Actor) {
	w.T.Helper()
	owner := w.Importer(name)
	a := w.Submit(owner, "ctpat", "importer")
	return a, profiletest.OfApplication(w.Ctx, w.T, w.DB, a.ID), owner
}

// reviewed brings a profile to Sam's desk, under review.
func (w *world) reviewed(name string) (application.Application, uuid.UUID, identity.Actor) {
	w.T.Helper()
	a, id, owner := w.submitted(name)
	w.Must(w.s.Claim(w.Ctx, w.Sam, id, a.Version))
	w.Must(w.s.StartReview(w.Ctx, w.Sam, id, w.cycle(id).Version))
	return a, id, owner
}

// review opens a yearly review of a member, filled in and submitted.
func (w *world) yearly(name string) (uuid.UUID, identity.Actor) {
	w.T.Helper()
	a, id, owner := w.reviewed(name)
	w.meetAll(w.Sam, id)
	w.Must(w.s.Accept(w.Ctx, w.Sam, id, w.cycle(id).Version))
	w.Clock.Move(300 * 24 * time.Hour)
	member := pg.NewID()
	w.Exec(`insert into membership (id, number, company_id, programme, edition, entity_type, tier, status, application_id, certified_on, effective_on, created_at)
		select ?, ?, company_id, programme, edition, entity_type, 'tier1', 'active', id, '2026-03-03', '2026-03-03', ? from application where id = ?`,
		member, "C26-"+member.String()[:6], w.Clock.Now(), a.ID)
	var c profile.Cycle
	w.Must(w.DB.Write(w.Ctx, pg.System, func(tx pg.Tx) (err error) {
		c, err = w.Steps.Profiles.Open(w.Ctx, tx, w.Clock.Now(), identity.ClockActor("test"), profile.Opening{Company: owner.CompanyID, Office: a.OfficeID, Programme: "ctpat",
			EntityType: "importer", Kind: profile.Annual, Membership: &member})
		return err
	}))
	return c.ID, owner
}

func (w *world) cycle(id uuid.UUID) profile.Cycle {
	w.T.Helper()
	return profiletest.Read(w.Ctx, w.T, w.Profiles, id).Cycle
}

func (w *world) record(by identity.Actor, id uuid.UUID) profilereview.Record {
	w.T.Helper()
	r, err := w.s.Record(w.Ctx, by, id)
	w.Must(err)
	return r
}

func (w *world) line(id uuid.UUID, criterion string) profilereview.Line {
	w.T.Helper()
	for _, l := range w.record(w.Sam, id).Lines {
		if l.Criterion.ID == criterion {
			return l
		}
	}
	w.T.Fatalf("criterion %s does not count", criterion)
	return profilereview.Line{}
}

func (w *world) screen(id uuid.UUID, criterion string, against profilereview.Against) profilereview.Screen {
	w.T.Helper()
	x, err := w.s.Screen(w.Ctx, w.Sam, id, criterion, profilereview.Selection{}, against)
	w.Must(err)
	return x
}

// verdict gives a verdict as a person would who has the page of today before them.
func (w *world) verdict(by identity.Actor, id uuid.UUID, criterion string, v profilereview.Verdict, remark string) {
	w.T.Helper()
	l, r := w.line(id, criterion), w.record(by, id)
	w.Must(w.s.SetVerdict(w.Ctx, by, id, profilereview.VerdictEntry{Criterion: criterion, Verdict: v, Remark: remark, Round: r.Round, Version: l.Version}))
}

func (w *world) meetAll(by identity.Actor, id uuid.UUID) {
	w.T.Helper()
	for _, l := range w.record(by, id).Lines {
		if !l.Met() {
			w.verdict(by, id, l.Criterion.ID, profilereview.Meets, "")
		}
	}
}

// answer has the company change one answer.
func (w *world) answer(owner identity.Actor, id uuid.UUID, question string, site uuid.UUID, a catalogue.Answer) error {
	w.T.Helper()
	p := profiletest.Read(w.Ctx, w.T, w.Profiles, id)
	c, _, ok := p.Form.Question(question)
	if !ok {
		w.T.Fatalf("no question %s", question)
	}
	g, _ := p.Given(question, site)
	_, err := w.Profiles.Save(w.Ctx, owner, profile.AnswerEntry{Cycle: id, EditionHash: p.Cycle.EditionHash, EntityType: p.Cycle.EntityType,
		Criterion: c.ID, Question: question, Site: site, Version: g.Version, Answer: a})
	return err
}

func (w *world) sendBack(id uuid.UUID, criteria ...string) {
	w.T.Helper()
	in := profilereview.ReturnEntry{Version: w.cycle(id).Version, Message: "Please look at these again"}
	for _, c := range criteria {
		in.Points = append(in.Points, profilereview.Point{Criterion: c, Remark: "Say who does this"})
	}
	w.Must(w.s.SendBack(w.Ctx, w.Sam, id, in))
}

func (w *world) resubmit(owner identity.Actor, id uuid.UUID) {
	w.T.Helper()
	w.Clock.Move(time.Hour)
	profiletest.Submit(w.Ctx, w.T, w.Profiles, owner, id)
	w.Must(w.s.StartReview(w.Ctx, w.Sam, id, w.cycle(id).Version))
}

func ids(list []profilereview.Line) string {
	var out []string
	for _, l := range list {
		out = append(out, l.Criterion.ID)
	}
	return strings.Join(out, " ")
}

func parallel(n int, do func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}
