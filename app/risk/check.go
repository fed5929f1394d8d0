package risk

import (
	"context"

	"github.com/google/uuid"

	"trustedtrader/app/clock"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
)

// Step is one of the five steps.
type Step string

// The steps.
const (
	Map             Step = "lanes"
	Threats         Step = "threats"
	Vulnerabilities Step = "vulnerabilities"
	Plan            Step = "actions"
	Document        Step = "document"
)

// Steps lists the steps in order.
func Steps() []Step { return []Step{Map, Threats, Vulnerabilities, Plan, Document} }

// Name is the step for a person to read (English source text).
func (s Step) Name() string {
	return map[Step]string{Map: "Lanes and parties", Threats: "Threats", Vulnerabilities: "Vulnerabilities", Plan: "Action plan", Document: "Documentation"}[s]
}

// State is where a step stands.
type State string

// The states of a step.
const (
	NotStarted State = "not_started"
	Begun      State = "in_progress"
	Attention  State = "needs_attention" // carried ratings wait, or a high vulnerability has no action
	Done       State = "done"
)

// Progress is where a step stands, with the figures that its page and the navigation name.
type Progress struct {
	Step  Step
	State State
	Count // of lanes with a complete way, of ratings, of actions done, of parts described
}

// Progress says where a step stands.
func (s Sheet) Progress(step Step) Progress {
	p := Progress{Step: step}
	switch step {
	case Map:
		p.Total = len(s.Lanes)
		for _, l := range s.Lanes {
			if len(l.Legs) > 0 && nameless(l) == 0 {
				p.Done++
			}
		}
	case Threats:
		for _, l := range s.Lanes {
			p.Count = p.plus(s.Rated(l))
		}
	case Vulnerabilities:
		for _, l := range s.Lanes {
			for _, g := range l.Legs {
				p.Count = p.plus(s.RatedLeg(g))
			}
		}
	case Plan:
		return s.planned(p)
	case Document:
		for _, text := range []string{s.Assessment.Method, s.Assessment.Lead, s.Assessment.Participants, s.Assessment.Schedule} {
			p.Total++
			if text != "" {
				p.Done++
			}
		}
	}
	switch {
	case p.Carried > 0:
		p.State = Attention
	case p.Done == 0:
		p.State = NotStarted
		if step == Map && p.Total > 0 {
			p.State = Begun
		}
	case p.Done < p.Total:
		p.State = Begun
	default:
		p.State = Done
	}
	return p
}

// planned is the state of the plan: it needs no action when nothing is rated high.
func (s Sheet) planned(p Progress) Progress {
	for _, t := range s.Tasks {
		p.Total++
		if !t.DoneOn.IsZero() {
			p.Count.Done++
		}
	}
	rated := s.Progress(Vulnerabilities)
	switch {
	case len(s.unplanned()) > 0:
		p.State = Attention
	case len(s.Tasks) > 0 || rated.State == Done:
		p.State = Done
	default:
		p.State = NotStarted
	}
	return p
}

// nameless counts the legs of a lane that name no party.
func nameless(l LaneSheet) (n int) {
	for _, g := range l.Legs {
		if g.Party == "" {
			n++
		}
	}
	return n
}

// Gap is a vulnerability that is rated high and that the plan has no action for.
type Gap struct {
	Lane   LaneSheet
	Leg    LegSheet
	Factor Factor
}

func (s Sheet) unplanned() (out []Gap) {
	for _, l := range s.Lanes {
		for _, g := range l.Legs {
			for _, f := range s.Factors.Vulnerabilities {
				if g.Ratings[f.Code].Level == High && !s.Planned(l.ID, f.Code) {
					out = append(out, Gap{l, g, f})
				}
			}
		}
	}
	return out
}

// Gaps lists the high vulnerabilities without an action.
func (s Sheet) Gaps() []Gap { return s.unplanned() }

// Finding is something that the check before finishing has found.
type Finding struct {
	Blocks bool // it must be mended first; otherwise the person is asked
	Step   Step
	Lane   uuid.UUID // where to mend it; the zero id: on the step's own page
	Leg    uuid.UUID
	Task   uuid.UUID
	Factor string // of a high vulnerability without an action
	Text   fault.Field
}

// words are an English source text within a finding.
type words string

// Say is the finding in the language of ctx.
func (f Finding) Say(ctx context.Context) string {
	args := make([]any, len(f.Text.Args))
	for i, a := range f.Text.Args {
		switch v := a.(type) {
		case words:
			args[i] = i18n.T(ctx, string(v))
		case clock.Day:
			args[i] = v.Text(ctx)
		default:
			args[i] = a
		}
	}
	return i18n.T(ctx, f.Text.Message, args...)
}

// Findings lists what is missing and what the person should know before they finish, in the
// order of the steps. Criterion 2.2 asks for every party, mode and place of rest on the map,
// 2.1 for threats, vulnerabilities, ratings and measures, 2.3 for the review.
func (s Sheet) Findings() (out []Finding) {
	missing := func(f Finding, message string, args ...any) {
		f.Blocks, f.Text = true, fault.F("", message, args...)
		out = append(out, f)
	}
	warn := func(f Finding, message string, args ...any) {
		f.Text = fault.F("", message, args...)
		out = append(out, f)
	}
	if len(s.Lanes) == 0 {
		missing(Finding{Step: Map}, "Add at least one lane")
	}
	for _, l := range s.Lanes {
		at := Finding{Step: Map, Lane: l.ID}
		switch n := nameless(l); {
		case len(l.Legs) == 0:
			missing(at, "%s: add its legs and who has the cargo on each", l.Name)
			continue
		case n == 1:
			missing(at, "%s: one leg does not say who has the cargo", l.Name)
		case n > 1:
			missing(at, "%s: %d legs do not say who has the cargo", l.Name, n)
		}
		if begin, end := l.Legs[0].Country, l.Legs[len(l.Legs)-1].Country; begin != l.Origin || end != l.Destination {
			warn(at, "%s: the first or the last leg is in another country than the lane says", l.Name)
		}
	}
	for _, l := range s.Lanes {
		unrated(missing, Finding{Step: Threats, Lane: l.ID}, s.Rated(l), l.Name)
	}
	for _, l := range s.Lanes {
		all := Count{}
		for _, g := range l.Legs {
			c := s.RatedLeg(g)
			all = all.plus(c)
			unrated(missing, Finding{Step: Vulnerabilities, Lane: l.ID, Leg: g.ID}, c, l.Name+", "+g.Place)
		}
		if len(l.Legs) > 0 && all.Done == all.Total && s.Score(l).Vulnerability == NotApplicable {
			missing(Finding{Step: Vulnerabilities, Lane: l.ID, Leg: l.Legs[0].ID}, "%s: something must apply to at least one leg", l.Name)
		}
	}
	for _, g := range s.unplanned() {
		warn(Finding{Step: Plan, Lane: g.Lane.ID, Leg: g.Leg.ID, Factor: g.Factor.Code}, "%s, %s: %s is rated high, and the plan has no action for it", g.Lane.Name, g.Leg.Place, words(g.Factor.Name))
	}
	for _, t := range s.Tasks {
		if t.DoneOn.IsZero() && t.DueOn.Before(s.Today) {
			warn(Finding{Step: Plan, Task: t.ID}, "The action of %s was due on %s and is not done", t.Owner, t.DueOn)
		}
	}
	for _, x := range []struct{ text, message string }{
		{s.Assessment.Method, "Write down how the assessment was done"}, {s.Assessment.Lead, "Name who leads the assessment"},
		{s.Assessment.Participants, "Name who took part"}, {s.Assessment.Schedule, "Write down when and why it is reviewed"},
	} {
		if x.text == "" {
			missing(Finding{Step: Document}, x.message)
		}
	}
	return out
}

func unrated(missing func(Finding, string, ...any), at Finding, c Count, name string) {
	if open := c.Total - c.Done - c.Carried; open > 0 {
		missing(at, "%s: %d of %d are not rated", name, open, c.Total)
	}
	if c.Carried > 0 {
		missing(at, "%s: %d ratings from the last assessment are to be confirmed", name, c.Carried)
	}
}
