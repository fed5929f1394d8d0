package demo

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/evidence"
	"trustedtrader/app/risk"
)

// finished is a risk assessment that is made and finished in the portal.
const finished = "finished"

// assessment is what a made-up company finds out about its supply chain.
type assessment struct {
	Participants string
	Lanes        []assessedLane
	Actions      []assessedAction
}

type assessedLane struct {
	Name, Goods, Origin, Destination, Shipments string
	Threats                                     map[string]int // above low
	Why                                         map[string]string
	Legs                                        []assessedLeg
}

type assessedLeg struct {
	Place, Country, Mode, Party, Role string
	Trusted                           bool
	Hours                             string // at rest
	Rated                             map[string]int
	Why                               map[string]string
}

type assessedAction struct {
	Lane        *int // place in Lanes; nil: all
	About, What string
	Due, Done   int // days from the assessment; Done 0: still open
	Outcome     string
}

// assess makes the company's risk assessment, or this year's from the last one: up to the
// ratings of the first lane (draft), or whole and finished and attached to the profile.
func (x *story) assess(finish bool) func() error {
	return func() error {
		s := x.seeder
		l, err := content()
		if err != nil {
			return err
		}
		in, ok := l.risks[x.name]
		if !ok {
			return fmt.Errorf("the demo's texts have no risk assessment of %s", x.name)
		}
		a, err := s.Risks.Begin(s.ctx, x.owner, risk.BeginEntry{})
		if err != nil {
			return err
		}
		if a.PreviousID == nil {
			if err := x.mapLanes(a, in); err != nil {
				return err
			}
		}
		x.wait(20)
		if err := x.rate(a, in, finish); err != nil || !finish {
			return err
		}
		if err := x.plan(a, in); err != nil {
			return err
		}
		return x.finishAssessment(a, in)
	}
}

// begin opens this year's risk assessment as a copy of the last and looks at its first lane.
func (x *story) begin() error { return x.assess(false)() }

// mapLanes is step 1.
func (x *story) mapLanes(a risk.Assessment, in assessment) error {
	s := x.seeder
	for _, lane := range in.Lanes {
		kept, err := s.Risks.AddLane(s.ctx, x.owner, a.ID, risk.LaneEntry{Name: lane.Name, Goods: lane.Goods, Origin: lane.Origin, Destination: lane.Destination, Shipments: lane.Shipments})
		if err != nil {
			return fmt.Errorf("%s: %w", lane.Name, err)
		}
		for _, leg := range lane.Legs {
			trusted := ""
			if leg.Trusted {
				trusted = "yes"
			}
			_, err := s.Risks.AddLeg(s.ctx, x.owner, a.ID, kept.ID, risk.LegEntry{Place: leg.Place, Country: leg.Country, Mode: leg.Mode, Party: leg.Party, Role: leg.Role,
				Trusted: trusted, RestHours: leg.Hours})
			if err != nil {
				return fmt.Errorf("%s, %s: %w", lane.Name, leg.Place, err)
			}
		}
	}
	return nil
}

// rate is steps 2 and 3. A draft has its first lane's threats and nothing else rated.
func (x *story) rate(a risk.Assessment, in assessment, whole bool) error {
	s := x.seeder
	sheet, err := s.Risks.Sheet(s.ctx, x.owner, a.ID)
	if err != nil {
		return err
	}
	for i, lane := range sheet.Lanes {
		ratings := entriesOf(sheet.Factors.Threats, in.Lanes[i].Threats, in.Lanes[i].Why, lane.Threats)
		if err := s.Risks.RateThreats(s.ctx, x.owner, a.ID, lane.ID, ratings); err != nil {
			return fmt.Errorf("%s: %w", lane.Name, err)
		}
		if !whole {
			return nil
		}
		for j, leg := range lane.Legs {
			of := in.Lanes[i].Legs[j]
			if err := s.Risks.RateVulnerabilities(s.ctx, x.owner, a.ID, leg.ID, entriesOf(sheet.Factors.Vulnerabilities, of.Rated, of.Why, leg.Ratings)); err != nil {
				return fmt.Errorf("%s, %s: %w", lane.Name, leg.Place, err)
			}
			x.wait(2)
		}
	}
	return nil
}

// entriesOf are the ratings of all factors: low where nothing else is said.
func entriesOf(factors []risk.Factor, rated map[string]int, why map[string]string, there map[string]risk.Rating) (list []risk.RatingEntry) {
	for _, f := range factors {
		level := max(1, rated[f.Code])
		list = append(list, risk.RatingEntry{Factor: f.Code, Level: fmt.Sprint(level), Note: why[f.Code], Version: there[f.Code].Version})
	}
	return list
}

// plan is step 4. Actions of the last assessment that were done in time are done.
func (x *story) plan(a risk.Assessment, in assessment) error {
	s := x.seeder
	sheet, err := s.Risks.Sheet(s.ctx, x.owner, a.ID)
	if err != nil {
		return err
	}
	if a.PreviousID != nil { // it came with what was to be done, most of which is done now
		for _, task := range sheet.Tasks {
			for _, action := range in.Actions {
				if task.What != action.What || action.Done == 0 {
					continue
				}
				e := task.Entry()
				e.DoneOn, e.Outcome = workday(s.Clock.at.AddDate(-1, 0, action.Done)).Format(time.DateOnly), action.Outcome
				if _, err := s.Risks.ChangeTask(s.ctx, x.owner, a.ID, task.ID, e); err != nil {
					return fmt.Errorf("%s: %w", action.What, err)
				}
			}
		}
		return nil
	}
	w, err := x.world(s.Clock.at.UTC().Truncate(24 * time.Hour))
	if err != nil {
		return err
	}
	owners := []string{w.words["security"], w.words["ops"], w.words["compliance"]}
	for i, action := range in.Actions {
		e := risk.TaskEntry{What: action.What, Criterion: action.About, Owner: owners[i%len(owners)], DueOn: workday(s.Clock.at.AddDate(0, 0, action.Due)).Format(time.DateOnly)}
		if action.Lane != nil {
			e.Lane = sheet.Lanes[*action.Lane].ID.String()
		}
		if _, err := s.Risks.AddTask(s.ctx, x.owner, a.ID, e); err != nil {
			return fmt.Errorf("%s: %w", action.What, err)
		}
	}
	return nil
}

// finishAssessment is step 5. The record goes to the criteria on risk.
func (x *story) finishAssessment(a risk.Assessment, in assessment) error {
	s := x.seeder
	sheet, err := s.Risks.Sheet(s.ctx, x.owner, a.ID)
	if err != nil {
		return err
	}
	w, err := x.world(s.Clock.at.UTC().Truncate(24 * time.Hour))
	if err != nil {
		return err
	}
	_, err = s.Risks.Describe(s.ctx, x.owner, a.ID, risk.DocumentEntry{Title: sheet.Assessment.Title, Lead: w.words["security"] + ", security manager", Participants: in.Participants,
		Method:   "The five steps of the programme's guide. Threats were rated from reports of customs, police and insurer of the last two years, weak points on site or by questionnaire.",
		Schedule: "Every year before the annual review, and after each change of a partner, a route or the situation.", Version: sheet.Assessment.Version})
	if err != nil {
		return err
	}
	x.wait(30)
	if sheet, err = s.Risks.Sheet(s.ctx, x.owner, a.ID); err != nil {
		return err
	}
	if a, err = s.Risks.Finish(s.ctx, x.owner, a.ID, risk.FinishEntry{Edits: sheet.Assessment.Edits, Accepted: true}); err != nil {
		return fmt.Errorf("%w: %s", err, said(s, sheet))
	}
	c, err := x.cycle()
	if err != nil || c.ID == uuid.Nil || c.Status.Handed() || c.Status.Final() || a.EvidenceID == nil {
		return err
	}
	criteria := map[string][]string{"ctpat": {"2.1", "2.3"}, "eu-aeo": {"6.1.2", "6.1.3"}}[x.programme]
	var places []evidence.Place
	for _, id := range criteria {
		places = append(places, evidence.Place{Cycle: c.ID, Criterion: id})
	}
	return s.Evidence.AttachAll(s.ctx, x.owner, places, *a.EvidenceID)
}

func said(s *Seeder, sheet risk.Sheet) string {
	var list []string
	for _, f := range sheet.Findings() {
		list = append(list, f.Say(s.ctx))
	}
	return strings.Join(list, "; ")
}
