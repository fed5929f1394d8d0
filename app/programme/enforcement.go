package programme

import "slices"

// Enforcement is how a programme deals with incidents and with members that fail its
// requirements: what is registered, how it is weighed, and which steps the law allows.
type Enforcement struct {
	Incidents IncidentRules  `yaml:"incidents"`
	Weighing  []Weigh        `yaml:"weighing"` // documented criteria, the same for every case (GAO-26-107893)
	Bands     []Band         `yaml:"bands"`    // from the fewest points to the most
	Emergency EmergencyRules `yaml:"emergency"`
	Lifting   []Lift         `yaml:"lifting"` // why a suspension at once is lifted
	Consent   string         `yaml:"consent"` // to unannounced visits, as a signatory of the company signs it
	Grounds   []Ground       `yaml:"grounds"`
	Source    string         `yaml:"source"`
}

// IncidentRules are the lists of the register.
type IncidentRules struct {
	Kinds []IncidentKind `yaml:"kinds"`
	Ways  []Element      `yaml:"ways"`  // how the agency learns of one
	Years int            `yaml:"years"` // for which incidents count in the choice of whom to validate
	Days  int            `yaml:"days"`  // before and after which two of one company may be the same
}

// IncidentKind is a kind of incident.
type IncidentKind struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	Help   string `yaml:"help"`
	Source string `yaml:"source"`
	Draft  bool   `yaml:"draft"`
}

// Weigh is one criterion by which an incident or a failure is weighed.
type Weigh struct {
	Code     string        `yaml:"code"`
	Question string        `yaml:"question"`
	Help     string        `yaml:"help"`
	Answers  []WeighAnswer `yaml:"answers"`
	Source   string        `yaml:"source"`
	Draft    bool          `yaml:"draft"`
}

// WeighAnswer is a possible answer with its points; fewer than none speak for the company.
type WeighAnswer struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	Points int    `yaml:"points"`
}

// Answer finds an answer.
func (w Weigh) Answer(code string) (WeighAnswer, bool) {
	return find(w.Answers, func(a WeighAnswer) bool { return a.Code == code })
}

// Band says which measure so many points suggest, and more until the next band.
type Band struct {
	From    int    `yaml:"from"`
	Measure string `yaml:"measure"`
}

// EmergencyRules bound what one supervisor may do alone.
type EmergencyRules struct {
	ConfirmDays int    `yaml:"confirm_days"` // calendar days within which a second person confirms
	Source      string `yaml:"source"`
	Draft       bool   `yaml:"draft"`
}

// Lift is why a suspension at once is lifted.
type Lift struct {
	Code      string `yaml:"code"`
	Name      string `yaml:"name"`
	Help      string `yaml:"help"`
	Overturns bool   `yaml:"overturns"` // it was wrong, and counts as if it had never been
	Source    string `yaml:"source"`
	Draft     bool   `yaml:"draft"`
}

// The measures that a decision can take.
const (
	Suspend = "suspend"
	Limit   = "limit"
	Remove  = "remove" // in the words of Standing.Removal
	Annul   = "annul"
	Warn    = "warn"
	NoStep  = "none"
)

// Measures lists every measure from the lightest to the heaviest.
func Measures() []string { return []string{NoStep, Warn, Limit, Suspend, Remove, Annul} }

// MeasureName is a measure for a person to read (English source text).
func (p *Programme) MeasureName(code string) string {
	switch code {
	case Remove:
		return p.Standing.Removal.Verb
	default:
		return map[string]string{Suspend: "Suspend", Limit: "Limit benefits", Annul: "Annul", Warn: "Warn", NoStep: "No action"}[code]
	}
}

// Burdens reports whether a measure takes something from the company.
func Burdens(measure string) bool { return measure != "" && measure != NoStep && measure != Warn }

// Ground is why a step may be taken, with what its law asks for.
type Ground struct {
	Code        string   `yaml:"code"`
	Name        string   `yaml:"name"`
	Help        string   `yaml:"help"`
	Measures    []string `yaml:"measures"`
	AnswerClock string   `yaml:"answer_clock"` // that the company has to answer before the decision; empty: it is not asked
	Emergency   bool     `yaml:"emergency"`    // a supervisor may suspend at once
	Own         bool     `yaml:"own"`          // the company itself asks for it
	Security    bool     `yaml:"security"`     // partners are told that it is about security; without it or own: an administrative matter
	MaxDays     int      `yaml:"max_days"`     // of a suspension; 0: as long as the case needs
	Cure        bool     `yaml:"cure"`         // the company says how long it needs, reports that it is done, and the agency verifies
	Plan        bool     `yaml:"plan"`         // it ends only with a corrective action plan whose items are verified
	Consent     bool     `yaml:"consent"`      // and with consent to unannounced visits
	Publish     bool     `yaml:"publish"`      // the name may be published once no appeal is possible
	Appeal      string   `yaml:"appeal"`       // event under which the clock of the appeal starts; empty: none does
	Bar         string   `yaml:"bar"`          // reason that clocks hear when the membership ends; empty: the ground's own code
	Source      string   `yaml:"source"`
	Draft       bool     `yaml:"draft"`
}

// Allows reports whether a measure may rest on the ground.
func (g Ground) Allows(measure string) bool { return slices.Contains(g.Measures, measure) }

// Ending is the reason that clocks hear when a membership ends on the ground.
func (g Ground) Ending() string {
	if g.Bar != "" {
		return g.Bar
	}
	return g.Code
}

// Kind finds a kind of incident.
func (r IncidentRules) Kind(code string) (IncidentKind, bool) {
	return find(r.Kinds, func(k IncidentKind) bool { return k.Code == code })
}

// Way finds how the agency learns of an incident.
func (r IncidentRules) Way(code string) (Element, bool) {
	return find(r.Ways, func(e Element) bool { return e.Code == code })
}

// Ground finds a ground.
func (e Enforcement) Ground(code string) (Ground, bool) {
	return find(e.Grounds, func(g Ground) bool { return g.Code == code })
}

// Lift finds why a suspension at once is lifted.
func (e Enforcement) Lift(code string) (Lift, bool) {
	return find(e.Lifting, func(l Lift) bool { return l.Code == code })
}

// OwnGround is the ground of a company's own request; false: it cannot ask.
func (e Enforcement) OwnGround() (Ground, bool) {
	return find(e.Grounds, func(g Ground) bool { return g.Own })
}

// Weighed adds up the points of answers, each by the code of its criterion, and finds the
// band that they lead to. Complete: every criterion has an answer.
func (e Enforcement) Weighed(answers map[string]string) (points int, b Band, complete bool) {
	complete = true
	for _, w := range e.Weighing {
		a, ok := w.Answer(answers[w.Code])
		complete = complete && ok
		points += a.Points
	}
	for _, x := range e.Bands {
		if points >= x.From {
			b = x
		}
	}
	if b.Measure == "" && len(e.Bands) > 0 {
		b = e.Bands[0] // so many points speak for the company that they fall below the first band
	}
	return points, b, complete
}

// enforcement looks at what no schema can see.
func (c *checker) enforcement() {
	const doc = "enforcement"
	if !c.read(doc) {
		return
	}
	e := c.p.Enforcement
	unique(e.Incidents.Kinds, func(k IncidentKind) string { return k.Code }, func(i int, code string) {
		c.bad(doc, at("incidents", "kinds", i, "code"), "the kind %q is there twice", code)
	})
	unique(e.Incidents.Ways, func(k Element) string { return k.Code }, func(i int, code string) {
		c.bad(doc, at("incidents", "ways", i, "code"), "the way %q is there twice", code)
	})
	unique(e.Weighing, func(w Weigh) string { return w.Code }, func(i int, code string) {
		c.bad(doc, at("weighing", i, "code"), "the criterion %q is there twice", code)
	})
	for i := 1; i < len(e.Bands); i++ {
		if e.Bands[i].From <= e.Bands[i-1].From {
			c.bad(doc, at("bands", i, "from"), "each band begins with more points than the one before")
		}
	}
	unique(e.Lifting, func(l Lift) string { return l.Code }, func(i int, code string) {
		c.bad(doc, at("lifting", i, "code"), "the reason %q is there twice", code)
	})
	unique(e.Grounds, func(g Ground) string { return g.Code }, func(i int, code string) {
		c.bad(doc, at("grounds", i, "code"), "the ground %q is there twice", code)
	})
	for i, g := range e.Grounds {
		c.ground(g, i)
	}
}

func (c *checker) ground(g Ground, i int) {
	const doc = "enforcement"
	if g.AnswerClock != "" && c.read("clocks") {
		if k, ok := c.p.Clock(g.AnswerClock); !ok {
			c.bad(doc, at("grounds", i, "answer_clock"), "there is no clock %q", g.AnswerClock)
		} else if !slices.Contains(k.StartsOn, EnforcementNotified) {
			c.bad(doc, at("grounds", i, "answer_clock"), "the clock %q does not start on %s", g.AnswerClock, EnforcementNotified)
		}
	}
	if g.Emergency && !g.Allows(Suspend) {
		c.bad(doc, at("grounds", i, "emergency"), "a ground on which nobody is suspended cannot be one of emergency")
	}
	if g.Allows(Annul) && c.read("standing") && !c.p.Standing.Annul {
		c.bad(doc, at("grounds", i, "measures"), "the programme does not annul memberships")
	}
	if g.Bar != "" && c.read("reasons") {
		r := c.p.Reasons
		if _, ok := Find(append(slices.Clone(r.Rejection), r.Withdrawal...), g.Bar); !ok {
			c.bad(doc, at("grounds", i, "bar"), "there is no rejection or withdrawal reason %q", g.Bar)
		}
	}
}
