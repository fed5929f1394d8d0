package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	{"altamira", manufacturers, "2024-05-06"},
	{"norland", "us-ctpat-eu-aeo", ""},
	{"sudamar", "us-ctpat-br-oea", "2024-02-05"},
	{"sudamar", "us-ctpat-pe-oea", "2024-02-05"},
	{"sudamar", "us-ctpat-co-oea", "2024-02-05"},
	{"sudamar", "us-ctpat-do-oea", "2016-02-01"},
	{"sudamar", "us-ctpat-gt-oea", "2024-01-15"},
}

// Partners recognise whom they are asked about, but for these arrangements: what they do then
// instead, and under which members ask late.
var (
	takenUp   = []string{"us-ctpat-do-oea", "us-ctpat-gt-oea"}
	unopened  = []string{"us-ctpat-co-oea"}
	notAbroad = map[string]string{"us-ctpat-br-oea": "NUMBER_UNKNOWN", "us-ctpat-pe-oea": "NAME_DIFFERS"}
	askLate   = []string{"us-ctpat-co-oea", "us-ctpat-gt-oea", "eu-aeo-jp-aeo"}
)

// The arrangement whose partner knows members by their factories, and the one that was
// suspended for some days.
const (
	manufacturers = "us-ctpat-mx-oea"
	interrupted   = "us-ctpat-uy-oec"
)

// The partners' officers, in the order in which they work.
var checkers = []string{"olaf.norland", "diego.sudamar", "kenji.hoshima", "aiko.hoshima"}

// When members ask their partners, in days ago, and how long the partners take.
var (
	waves   = []int{120, 52, 30, 8}
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
			if _, err := s.Recognitions.Propagate(s.ctx, true); err != nil {
				return err
			}
			_, err := s.Recognitions.Alarm(s.ctx)
			return err
		}}, step{at: s.day(ago, 10), do: func() error { return s.acknowledge(ago) }},
			step{at: s.day(ago, 11), do: func() error { return s.check(ago) }})
	}
	return append(steps, step{at: s.day(24, 15), do: func() error { return s.decideOn(arrangement.Suspended, "The partner reviews its rules") }},
		step{at: s.day(17, 15), do: func() error { return s.decideOn(arrangement.Resumed, "The rules of both sides match again") }},
		step{at: s.day(9, 13), do: s.list}, step{at: s.day(6, 16), do: s.leaveAltamira}, step{at: s.day(4, 16), do: s.withdraw})
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

// askAbroad has members ask for every recognition that they can get, some of them late.
func (s *Seeder) askAbroad(wave int) error {
	for _, x := range s.stories {
		if x.member.ID == uuid.Nil || x.quiet {
			continue
		}
		page, err := s.Recognitions.Mine(s.ctx, x.owner)
		if err != nil {
			return err
		}
		for _, i := range page.Items {
			if len(i.Obstacles) > 0 || i.Last != nil || wave < len(waves)-1 && slices.Contains(askLate, i.Arrangement.Code) {
				continue
			}
			if _, err := s.Recognitions.Ask(s.ctx, x.owner, i.Arrangement.Code, recognition.AskEntry{Membership: i.Member.ID, Agree: true, Text: i.Rules.Consent}); err != nil {
				return fmt.Errorf("%s, %s: %w", x.name, i.Arrangement.Code, err)
			}
			if i.Arrangement.Code == manufacturers {
				if err := s.factories(x, i.Arrangement.Code); err != nil {
					return fmt.Errorf("%s, %s: %w", x.name, i.Arrangement.Code, err)
				}
			}
			if len(i.Rules.Identifiers.Schemes) == 0 || i.Rules.Identifiers.Schemes[0] != "jp_naccs" {
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

// answerAbroad has the partners take members up, recognise most, refuse a few, and leave some
// for later.
func (s *Seeder) answerAbroad() error {
	for _, who := range []string{"ingrid.norland", "lucia.sudamar", "aiko.hoshima"} {
		by := s.staff[who]
		desk, err := s.Recognitions.Members(s.ctx, by, recognition.Sent, 1)
		if err != nil {
			return err
		}
		for n, line := range desk.Items {
			if err := s.answerOne(by, line.ID, line.Arrangement, n); err != nil {
				return fmt.Errorf("%s answers %s: %w", who, line.Number, err)
			}
		}
	}
	return nil
}

func (s *Seeder) answerOne(by identity.Actor, id uuid.UUID, code string, n int) error {
	if slices.Contains(unopened, code) {
		return nil
	}
	version := func() (int, error) {
		x, err := s.Recognitions.Member(s.ctx, by, id)
		return x.Version, err
	}
	v, err := version()
	if err != nil {
		return err
	}
	if err := s.Recognitions.Acknowledge(s.ctx, by, id, recognition.AnswerEntry{Version: v}); err != nil || slices.Contains(takenUp, code) {
		return err
	}
	if v, err = version(); err != nil {
		return err
	}
	if why, ok := notAbroad[code]; ok {
		return s.Recognitions.Refuse(s.ctx, by, id, recognition.AnswerEntry{Version: v, Reason: why})
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
		if list.Whole > 0 {
			if _, err := s.Recognitions.AcknowledgeWhole(s.ctx, s.staff[who]); err != nil {
				return err
			}
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

// factories are the numbers of a member's factories, each with its address.
func (s *Seeder) factories(x *story, code string) error {
	letters := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r == ' ' {
			return r
		}
		return -1
	}, strings.ToUpper(x.name))
	name := ""
	for n, w := range strings.Fields(letters) {
		if n < 2 {
			name += w[:min(3, len(w))]
		}
	}
	from := s.Clock.Now().Format(time.DateOnly)
	for _, f := range []struct{ number, city, address string }{{"12", "NEW", "12 Harbor Road, Newark"}, {"450", "LAR", "450 Dock Street, Laredo"}, {"7100", "SAV", "7100 Mill Lane, Savannah"}} {
		if err := s.Recognitions.AddNumber(s.ctx, x.owner, code, recognition.NumberEntry{Scheme: "mid", Value: "US" + name + f.number + f.city, Address: f.address, From: from}); err != nil {
			return err
		}
	}
	return nil
}

// decideOn has two persons of headquarters decide on a step of a whole arrangement.
func (s *Seeder) decideOn(kind arrangement.Kind, why string) error {
	p, err := s.Arrangements.Propose(s.ctx, s.staff["henry.hq"], interrupted, arrangement.ProposeEntry{Kind: kind, Day: s.Clock.Now().Format(time.DateOnly), Source: "Made up for this demo", Note: why})
	if err != nil {
		return err
	}
	return s.Arrangements.Approve(s.ctx, s.staff["hanna.hq"], interrupted, p.ID, arrangement.DecideEntry{Version: p.Version})
}

// list has an officer check a whole list, with a row that cannot be checked.
func (s *Seeder) list() error {
	by := s.staff["olaf.norland"]
	desk, err := s.Recognitions.Members(s.ctx, by, recognition.Recognised, 1)
	if err != nil {
		return err
	}
	var file strings.Builder
	file.WriteString("declaration;identifier\n")
	for n, line := range desk.Items {
		fmt.Fprintf(&file, "NO-26-%04d;%s\n", 300+n, line.Number)
	}
	file.WriteString("NO-26-0401;US-99-700001\nNO-26-0402;\n")
	b, err := s.Checks.Upload(s.ctx, by, consultation.BatchQuestion{Purpose: "periodic_review"}, "importers-week-47.csv", strings.NewReader(file.String()))
	if err != nil {
		return err
	}
	return s.Checks.Work(s.ctx, b.ID)
}

// leaveAltamira has one member take its consent back; nobody there acknowledges it.
func (s *Seeder) leaveAltamira() error {
	for _, x := range s.stories {
		if x.member.ID == uuid.Nil || x.owner.PersonID == uuid.Nil {
			continue
		}
		page, err := s.Recognitions.Mine(s.ctx, x.owner)
		if err != nil {
			return err
		}
		for _, i := range page.Items {
			if i.Arrangement.Code == manufacturers && i.Live() != nil {
				return s.Recognitions.WithdrawConsent(s.ctx, x.owner, manufacturers, i.Rules.Home)
			}
		}
	}
	return errors.New("no member asked Altamira for recognition")
}

// withdraw has one member take its consent back, of several that an arrangement recognises.
func (s *Seeder) withdraw() error {
	for _, who := range []string{"kenji.hoshima", "lucia.sudamar", "olaf.norland"} {
		desk, err := s.Recognitions.Members(s.ctx, s.staff[who], recognition.Recognised, 1)
		if err != nil {
			return err
		}
		several := map[string]int{}
		for _, line := range desk.Items {
			several[line.Arrangement]++
		}
		for _, line := range desk.Items {
			for _, x := range s.stories {
				if several[line.Arrangement] > 1 && x.member.Number == line.Number && x.owner.PersonID != uuid.Nil {
					return s.Recognitions.WithdrawConsent(s.ctx, x.owner, line.Arrangement, line.Programme)
				}
			}
		}
	}
	return errors.New("no arrangement recognises two members")
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
