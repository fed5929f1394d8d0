package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/arrangement"
	"trustedtrader/app/consultation"
	"trustedtrader/app/identity"
	"trustedtrader/app/pg"
	"trustedtrader/app/recognition"
)

// ties are the arrangements of the demo's partner agencies. Where the day on which one started
// was not published, headquarters of the made-up world recorded one.
var ties = []struct{ agency, arrangement, start string }{
	{"norland", "eu-aeo-no-aeo", ""},
	{"sudamar", "us-ctpat-uy-oec", "2023-03-01"},
	{"hoshima", "us-ctpat-jp-aeo", "2009-11-02"},
	{"hoshima", "eu-aeo-jp-aeo", ""},
}

// The partners' officers, in the order in which they work.
var checkers = []string{"olaf.norland", "diego.sudamar", "kenji.hoshima", "aiko.hoshima"}

// When members ask their partners, in days ago, and how long the partners take.
var (
	waves   = []int{120, 52, 8}
	answers = 5
)

// abroad is how members are recognised by partners, and what partners ask about them.
func (s *Seeder) abroad() (steps []step) {
	steps = append(steps, step{at: s.day(740, 15), do: s.tie})
	for n, ago := range waves {
		steps = append(steps, step{at: s.day(ago, 15), do: func() error { return s.askAbroad(n) }},
			step{at: s.day(ago-answers, 9), do: func() error { return s.answerAbroad() }})
	}
	for ago := waves[0] - answers; ago > 0; ago-- {
		steps = append(steps, step{at: s.day(ago, 8), do: func() error {
			_, err := s.Recognitions.Propagate(s.ctx, true)
			return err
		}}, step{at: s.day(ago, 10), do: func() error { return s.acknowledge(ago) }},
			step{at: s.day(ago, 11), do: func() error { return s.check(ago) }})
	}
	return append(steps, step{at: s.day(4, 16), do: s.withdraw})
}

// tie makes the agencies the partners of their arrangements.
func (s *Seeder) tie() error {
	henry := s.staff["henry.hq"]
	for _, t := range ties {
		var id uuid.UUID
		if err := s.DB.Batch(s.ctx, pg.System, pg.Value(&id, `select id from agency where code = $1`, t.agency)); err != nil {
			return err
		}
		if err := s.Arrangements.Tie(s.ctx, henry, t.arrangement, id); err != nil {
			return fmt.Errorf("%s: %w", t.arrangement, err)
		}
		if t.start == "" {
			continue
		}
		if _, err := s.Arrangements.Record(s.ctx, henry, t.arrangement, arrangement.RecordEntry{Kind: arrangement.Start, Day: t.start,
			Source: "Made up for this demo", Note: "No source names the day on which the arrangement started."}); err != nil {
			return fmt.Errorf("%s: %w", t.arrangement, err)
		}
	}
	return nil
}

// askAbroad has members ask for every recognition that they can get. Some wait for a later
// wave, and some never ask.
func (s *Seeder) askAbroad(wave int) error {
	for _, x := range s.stories {
		if x.member.ID == uuid.Nil || x.number%7 == 3 || x.number%len(waves) > wave {
			continue
		}
		page, err := s.Recognitions.Mine(s.ctx, x.owner)
		if err != nil {
			return err
		}
		for _, i := range page.Items {
			if len(i.Obstacles) > 0 || i.Last != nil {
				continue
			}
			if _, err := s.Recognitions.Ask(s.ctx, x.owner, i.Arrangement.Code, recognition.AskEntry{Membership: i.Member.ID, Agree: true, Text: i.Rules.Consent}); err != nil {
				return fmt.Errorf("%s, %s: %w", x.name, i.Arrangement.Code, err)
			}
			if i.Rules.Identifiers.Schemes[0] != "jp_naccs" {
				continue
			}
			if err := s.Recognitions.AddNumber(s.ctx, x.owner, i.Arrangement.Code, recognition.NumberEntry{Scheme: "jp_naccs",
				Value: fmt.Sprintf("US%05d00001", 20000+37*x.number), From: s.Clock.Now().Format(time.DateOnly)}); err != nil {
				return fmt.Errorf("%s, %s: %w", x.name, i.Arrangement.Code, err)
			}
		}
	}
	return nil
}

// answerAbroad has the partners take up every member that asked, recognise most, refuse a few,
// and leave some for later.
func (s *Seeder) answerAbroad() error {
	for _, who := range []string{"ingrid.norland", "lucia.sudamar", "aiko.hoshima"} {
		by := s.staff[who]
		desk, err := s.Recognitions.Members(s.ctx, by, recognition.Sent, 1)
		if err != nil {
			return err
		}
		for n, line := range desk.Items {
			if err := s.answerOne(by, line.ID, n); err != nil {
				return fmt.Errorf("%s answers %s: %w", who, line.Number, err)
			}
		}
	}
	return nil
}

func (s *Seeder) answerOne(by identity.Actor, id uuid.UUID, n int) error {
	version := func() (int, error) {
		x, err := s.Recognitions.Member(s.ctx, by, id)
		return x.Version, err
	}
	v, err := version()
	if err != nil {
		return err
	}
	if err := s.Recognitions.Acknowledge(s.ctx, by, id, recognition.AnswerEntry{Version: v}); err != nil || n%6 == 4 {
		return err
	}
	if v, err = version(); err != nil {
		return err
	}
	if n%9 == 2 {
		return s.Recognitions.Refuse(s.ctx, by, id, recognition.AnswerEntry{Version: v, Reason: "NAME_DIFFERS"})
	}
	x, err := s.Recognitions.Member(s.ctx, by, id)
	if err != nil || x.Stands.State != "active" {
		return err
	}
	return s.Recognitions.Recognise(s.ctx, by, id, recognition.AnswerEntry{Version: v, Ref: fmt.Sprintf("AEO-%s-%04d", s.Clock.Now().Format("06"), 118+n)})
}

// acknowledge has partners act on what they are told; of the last two days something waits.
func (s *Seeder) acknowledge(ago int) error {
	if ago < 2 {
		return nil
	}
	for _, who := range checkers[:3] {
		list, err := s.Recognitions.Notices(s.ctx, s.staff[who], true, 1)
		if err != nil {
			return err
		}
		for _, n := range list.Items {
			if err := s.Recognitions.AcknowledgeNotice(s.ctx, s.staff[who], n.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// check has one officer a day look somebody up: mostly members that are recognised, now and
// then a number that nobody has.
func (s *Seeder) check(ago int) error {
	_, err := lookUp(s.ctx, s.Portal, s.staff[checkers[ago%len(checkers)]], ago)
	return err
}

// withdraw has one member take its consent back.
func (s *Seeder) withdraw() error {
	desk, err := s.Recognitions.Members(s.ctx, s.staff["kenji.hoshima"], recognition.Recognised, 1)
	if err != nil {
		return err
	}
	for _, line := range desk.Items {
		for _, x := range s.stories {
			if x.member.Number == line.Number && x.owner.PersonID != uuid.Nil {
				return s.Recognitions.WithdrawConsent(s.ctx, x.owner, line.Arrangement, line.Programme)
			}
		}
	}
	return errors.New("no member is recognised by Hoshima")
}

// lookUp is a check by an officer; turn says of whom and what for.
func lookUp(ctx context.Context, p Portal, by identity.Actor, turn int) (bool, error) {
	status := recognition.Recognised
	if turn%5 == 3 {
		status = recognition.Ended
	}
	desk, err := p.Recognitions.Members(ctx, by, status, 1)
	if err != nil || len(desk.Items) == 0 {
		return false, err
	}
	purposes := []string{"import_declaration", "import_declaration", "risk_assessment", "export_declaration", "periodic_review"}
	q := consultation.Question{Value: desk.Items[turn*7%len(desk.Items)].Number, Purpose: purposes[turn%len(purposes)], OwnRef: fmt.Sprintf("D-%s-%05d", p.Recognitions.Now().Format("060102"), 40000+turn*13%1000)}
	if turn%8 == 5 || q.Value == "" {
		q.Value = fmt.Sprintf("US-99-%06d", 700000+turn)
	}
	_, err = p.Checks.Check(ctx, by, q)
	return err == nil, err
}

// Traffic has the partners' officers look members up while the demo runs, one every few
// seconds, until ctx ends.
func Traffic(ctx context.Context, p Portal, every time.Duration) error {
	var people []identity.Actor
	err := p.DB.Batch(ctx, pg.System, pg.Each(func(x struct {
		ID, AgencyID, RightID uuid.UUID
		Name, Role, Agency    string
	}) error {
		people = append(people, identity.Actor{PersonID: x.ID, Name: x.Name, Audience: identity.Partners, Role: identity.Role(x.Role), AgencyID: x.AgencyID, Agency: x.Agency, RightID: x.RightID, Zone: time.UTC})
		return nil
	}, `select p.id, r.agency_id, r.id as right_id, p.name, r.role, a.name as agency from person_right r join person p on p.id = r.person_id join agency a on a.id = r.agency_id
		where r.audience = 'partner' and r.ended_at is null and a.kind = 'customs' order by p.name`))
	if err != nil || len(people) == 0 {
		return err
	}
	for turn := 0; ; turn++ {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
		if _, err := lookUp(ctx, p, people[turn%len(people)], turn); err != nil && ctx.Err() == nil {
			return fmt.Errorf("the demo's partners: %w", err)
		}
	}
}
