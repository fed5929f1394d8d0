package demo

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/appeal"
	"trustedtrader/app/consent"
	"trustedtrader/app/enforcement"
	"trustedtrader/app/identity"
	"trustedtrader/app/incident"
	"trustedtrader/app/pg"
	"trustedtrader/app/succession"
)

// The members to whom something happens.
const (
	reports   = "Harborview Customs Brokers"  // an incident, which is being looked into
	mends     = "Port of Graywater Terminals" // what a suspension was for, by a plan
	appeals   = "Muebles Sierra Verde"        // against a suspension at once
	leaves    = "Donau Maschinenbau"          // soon: its withdrawal is being prepared
	goesInto  = "Granite Peak Exports"        // another member
	takesIn   = "Bluewater Home Goods"        // that member
	unseen    = "Pinecrest Freight Lines"     // by the other agency
	safety    = "safety"                      // the other agency's code
	mergerIn  = 21                            // days until the merger
	leavingIn = 45                            // days until the withdrawal
)

// story finds a company of the demo.
func (s *Seeder) story(name string) *story {
	if i := slices.IndexFunc(s.stories, func(x *story) bool { return x.name == name }); i >= 0 {
		return s.stories[i]
	}
	return nil
}

// of is a thing that happens to a member; to one that the made-up world does not have, nothing does.
func (s *Seeder) of(name string, ago, hour int, do func(x *story) error) step {
	return step{at: s.day(ago, hour), do: func() error {
		x := s.story(name)
		if x == nil || x.member.ID == uuid.Nil {
			return nil
		}
		if err := do(x); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}}
}

// lately is what happened to members in the last months besides reviews and validations.
func (s *Seeder) lately() (steps []step) {
	steps = append(steps, s.investigate()...)
	steps = append(steps, s.suspend()...)
	steps = append(steps, s.atOnce()...)
	steps = append(steps, s.change()...)
	return append(append(steps, s.agree()...), step{at: s.day(1, 6), do: func() error {
		_, err := s.Window.Make(s.ctx)
		return err
	}})
}

// investigate has a broker report an attack on its mail, which the specialist looks into.
func (s *Seeder) investigate() []step {
	var i incident.Incident
	return []step{
		s.of(reports, 6, 13, func(x *story) (err error) {
			day := func(ago int) string { return s.day(ago, 0).Format(time.DateOnly) }
			i, err = s.Incidents.Report(s.ctx, x.owner, incident.Entry{Membership: x.member.ID.String(), Kind: "cyber", Place: "Mail server of the head office", From: day(9), Until: day(7), FoundOn: day(7),
				Number: "Ticket 20417", Facts: "Somebody signed in to the mailbox of a filing clerk from abroad and forwarded arrival notices to an address that we do not know.",
				Consequences: "Eleven arrival notices were forwarded. We have told their importers, and changed all passwords."})
			return err
		}),
		s.of(reports, 5, 15, func(x *story) error {
			if err := s.Incidents.LookInto(s.ctx, x.specialist(), i.ID, i.Version); err != nil {
				return err
			}
			return s.Incidents.Note(s.ctx, x.specialist(), i.ID, "Asked for the sign-in log of the mail server, and for the list of the eleven notices.")
		}),
		s.of(reports, 3, 17, func(x *story) error {
			return s.Incidents.Supplement(s.ctx, x.owner, i.ID, "The sign-in log shows two addresses. The clerk had no second factor; the other clerks have.")
		}),
	}
}

// caseOf reads a case as its office sees it now.
func (s *Seeder) caseOf(x *story, id uuid.UUID) (enforcement.Record, error) {
	return s.Cases.Record(s.ctx, x.specialist(), id)
}

// note is a step of a case with a text, by its version as it is now.
func (s *Seeder) note(x *story, id uuid.UUID, text string, do func(enforcement.NoteEntry) error) error {
	r, err := s.caseOf(x, id)
	if err != nil {
		return err
	}
	return do(enforcement.NoteEntry{Version: r.Version, Text: text})
}

// promised are the items of the plan: days before the present by which each is done.
var promised = []struct {
	goal string
	due  int
}{
	{"Guards compare the pick-up number and the driver's licence with the release before the gate opens.", 30},
	{"A second camera on each lane, with pictures kept for 90 days.", 8},
	{"Train all 46 guards and clerks on false papers, and repeat it every year.", -24},
}

// suspend tells of a terminal that let a container go on false papers: the notice, the answer,
// the suspension, and a corrective action plan of which a part is done.
func (s *Seeder) suspend() []step {
	var id uuid.UUID
	at := func(ago int, do func(x *story) error) step { return s.of(mends, ago, 16, do) }
	return []step{
		at(96, func(x *story) error {
			day := s.day(97, 0).Format(time.DateOnly)
			i, err := s.Incidents.Register(s.ctx, x.specialist(), incident.Entry{Company: x.owner.CompanyID, Membership: x.member.ID.String(), Kind: "theft", Place: "Gate 3", From: day, FoundOn: day, Way: "other_agency",
				ToldBy: "Police of the port", Number: "GWTU 481200-7", Facts: "A container with electronics left the terminal on a false release. The driver's licence was not looked at."})
			if err != nil {
				return err
			}
			c, err := s.Cases.Open(s.ctx, x.specialist(), enforcement.OpenEntry{Membership: x.member.ID, Source: enforcement.FromIncident, SourceID: i.ID, Reason: "The procedure at the gate was not followed, for the second time this year."})
			id = c.ID
			return err
		}),
		at(92, func(x *story) error { return s.propose(x, id) }),
		at(91, func(x *story) error {
			r, err := s.caseOf(x, id)
			if err != nil {
				return err
			}
			return s.Cases.Notify(s.ctx, x.specialist(), id, r.Version)
		}),
		at(74, func(x *story) error {
			return s.note(x, id, "It is true. Two guards were new and had not been trained. We have stopped releases at night until the gate works as it is written.", func(in enforcement.NoteEntry) error {
				return s.Cases.Answer(s.ctx, x.owner, id, in)
			})
		}),
		at(70, func(x *story) error {
			return s.note(x, id, "", func(in enforcement.NoteEntry) error { return s.Cases.Approve(s.ctx, x.supervisor(), id, in) })
		}),
		at(62, func(x *story) error { return s.promise(x, id) }),
		at(58, func(x *story) error {
			return s.note(x, id, "The goals can be verified on site.", func(in enforcement.NoteEntry) error {
				return s.Cases.AcceptPlan(s.ctx, x.specialist(), id, in)
			})
		}),
		at(33, func(x *story) error {
			return s.done(x, id, 0, "The new step is in procedure GT-7, and the guards sign for each release.")
		}),
		at(27, func(x *story) error {
			r, err := s.caseOf(x, id)
			if err != nil {
				return err
			}
			return s.Cases.VerifyItem(s.ctx, x.specialist(), id, r.Items[0].ID, enforcement.NoteEntry{Version: r.Version, Text: "Seen at the gate, on an unannounced visit: twenty releases, twenty signatures."})
		}),
		at(2, func(x *story) error {
			return s.done(x, id, 1, "The cameras run since last week. We can show pictures of every lane.")
		}),
	}
}

// propose weighs what happened and proposes a suspension.
func (s *Seeder) propose(x *story, id uuid.UUID) error {
	r, err := s.caseOf(x, id)
	if err != nil {
		return err
	}
	return s.Cases.Propose(s.ctx, x.specialist(), id, enforcement.ProposalEntry{Version: r.Version, Ground: "security_incident", Measure: "suspend",
		Reasons: "A container left the terminal on a false release. Nobody compared the driver's licence with the release, although the terminal's own procedure asks for it, and it had happened once before.",
		Answers: map[string]string{"severity": "serious", "part": "negligent", "reported": "not", "repeated": "second", "cooperation": "some", "repaired": "planned"}})
}

// promise is the company's word on its suspension, its plan, and its consent to visits.
func (s *Seeder) promise(x *story, id uuid.UUID) error {
	err := s.note(x, id, "We accept the suspension. Our plan is below.", func(in enforcement.NoteEntry) error { return s.Cases.AnswerSuspension(s.ctx, x.owner, id, in) })
	if err != nil {
		return err
	}
	for _, p := range promised {
		r, err := s.caseOf(x, id)
		if err != nil {
			return err
		}
		if err := s.Cases.WriteItem(s.ctx, x.owner, id, enforcement.ItemEntry{Version: r.Version, Goal: p.goal, DueOn: s.day(p.due, 0).Format(time.DateOnly)}); err != nil {
			return err
		}
	}
	r, err := s.caseOf(x, id)
	if err != nil {
		return err
	}
	if err := s.Cases.SignConsent(s.ctx, x.owner, id, enforcement.ConsentEntry{Version: r.Version, Agreed: true, Name: x.owner.Name}); err != nil {
		return err
	}
	if r, err = s.caseOf(x, id); err != nil {
		return err
	}
	return s.Cases.SendPlan(s.ctx, x.owner, id, r.Version)
}

func (s *Seeder) done(x *story, id uuid.UUID, item int, text string) error {
	r, err := s.caseOf(x, id)
	if err != nil {
		return err
	}
	return s.Cases.DoneItem(s.ctx, x.owner, id, r.Items[item].ID, enforcement.NoteEntry{Version: r.Version, Text: text})
}

// atOnce suspends a manufacturer without notice, which headquarters confirms; its appeal waits
// for an officer.
func (s *Seeder) atOnce() []step {
	var id uuid.UUID
	return []step{
		s.of(appeals, 13, 18, func(x *story) error {
			day := s.day(13, 0).Format(time.DateOnly)
			i, err := s.Incidents.Register(s.ctx, x.specialist(), incident.Entry{Company: x.owner.CompanyID, Membership: x.member.ID.String(), Kind: "drugs", Place: "Bridge at Laredo, lane 9", From: day, FoundOn: day,
				Way: "field", Number: "Seal MX-0091847", Facts: "Sixteen packets were found behind a false wall of a trailer with furniture of the member. The seal was whole."})
			if err != nil {
				return err
			}
			c, err := s.Cases.Open(s.ctx, x.specialist(), enforcement.OpenEntry{Membership: x.member.ID, Source: enforcement.FromIncident, SourceID: i.ID, Reason: "Drugs in a sealed trailer of the member."})
			id = c.ID
			return err
		}),
		s.of(appeals, 13, 20, func(x *story) error {
			return s.Cases.SuspendNow(s.ctx, x.supervisor(), id, enforcement.EmergencyEntry{Version: 1, Ground: "security_incident",
				Reasons: "Sixteen packets of drugs were found in a trailer that the member had loaded and sealed. Until it is known how they came there, its cargo cannot pass as that of a trusted trader."})
		}),
		s.of(appeals, 11, 15, func(x *story) error {
			return s.note(x, id, "The facts are plain enough to suspend, and not yet to remove.", func(in enforcement.NoteEntry) error {
				return s.Cases.Confirm(s.ctx, s.staff["henry.hq"], id, in)
			})
		}),
		s.of(appeals, 4, 17, func(x *story) error {
			_, err := s.Appeals.File(s.ctx, x.owner, id, appeal.FileEntry{Attest: true, Wanted: "Take the suspension back, and say so to our customers.",
				Reasons: "The trailer was not loaded by us. Its number is one digit from ours, and our gate log shows that the trailer with our number was in the yard that night. The log and three photographs are with our lawyer, who can send them today."})
			return err
		}),
	}
}

// change prepares a withdrawal, and has a merger accepted for a day to come.
func (s *Seeder) change() []step {
	var c succession.Case
	return []step{
		s.of(leaves, 2, 9, func(x *story) error {
			_, err := s.Successions.Open(s.ctx, x.owner, succession.Entry{Membership: x.member.ID, Kind: succession.Withdrawal, Day: s.day(-leavingIn, 0).Format(time.DateOnly), Reason: s.reason(x, succession.Withdrawal),
				Note: "Our exports go through a forwarder from next year on, who is authorised itself."})
			return err
		}),
		s.of(goesInto, 19, 14, func(x *story) (err error) {
			c, err = s.Successions.Open(s.ctx, x.owner, succession.Entry{Membership: x.member.ID, Kind: succession.Merger, Day: s.day(-mergerIn, 0).Format(time.DateOnly), Reason: s.reason(x, succession.Merger),
				Note: "Both companies belong to one family. The registers enter the merger on that day.", Successor: s.story(takesIn).member.Number})
			return err
		}),
		s.of(goesInto, 18, 14, func(x *story) (err error) {
			c, err = s.Successions.Submit(s.ctx, x.owner, c.ID, c.Version)
			return err
		}),
		s.of(goesInto, 14, 15, func(x *story) (err error) {
			if c, err = s.Successions.Take(s.ctx, x.specialist(), c.ID, c.Version); err != nil {
				return err
			}
			r, err := s.Successions.Show(s.ctx, x.specialist(), c.ID)
			if err != nil {
				return err
			}
			for _, i := range r.Items {
				if c, err = s.Successions.DecideItem(s.ctx, x.specialist(), c.ID, succession.ItemEntry{Version: c.Version, Kind: i.Kind, ID: i.ID, Decision: "carry"}); err != nil {
					return err
				}
			}
			c, err = s.Successions.Decide(s.ctx, x.specialist(), c.ID, true, succession.StepEntry{Version: c.Version, Text: "The contract is signed and both registers have it."})
			return err
		}),
		s.of(goesInto, 8, 16, func(x *story) (err error) {
			c, err = s.Successions.Decide(s.ctx, x.supervisor(), c.ID, true, succession.StepEntry{Version: c.Version})
			return err
		}),
	}
}

// reason is the first of the programme for a kind of change.
func (s *Seeder) reason(x *story, kind string) string {
	p, ok := s.Applications.Programmes.Get(x.programme)
	if !ok {
		return ""
	}
	for _, r := range p.Succession.ReasonsFor(kind) {
		return r.Code
	}
	return ""
}

// agree lets another agency see two members, of which one is looked up, and one that has not
// agreed is not shown.
func (s *Seeder) agree() []step {
	give := func(x *story) error {
		var id uuid.UUID
		if err := s.DB.Batch(s.ctx, pg.System, pg.Value(&id, `select id from agency where code = $1`, safety)); err != nil {
			return err
		}
		return s.Consents.Give(s.ctx, x.owner, id)
	}
	look := func(why string) func(x *story) error {
		return func(x *story) error {
			_, err := s.Consents.Find(s.ctx, s.officer("noor.safety"), consent.Question{Number: x.member.Number, Why: why})
			return err
		}
	}
	return []step{
		s.of(takesIn, 80, 15, give),
		s.of(goesInto, 66, 15, give),
		s.of(takesIn, 10, 15, look("Entry of 400 bedside lamps: choose whether to test a sample")),
		s.of(unseen, 10, 16, look("Carrier of a load of heaters that were called back")),
	}
}

// officer is somebody of another agency, with its name.
func (s *Seeder) officer(subject string) identity.Actor {
	who := s.staff[subject]
	for _, a := range PartnerAgencies() {
		if a.Code == safety {
			who.Agency = a.Name
		}
	}
	return who
}
