package programme

import "slices"

// Validation is how a programme validates its members: the visit, what is looked at and
// what follows. It is data, so that another programme's audit visits need no code.
type Validation struct {
	Name       string           `yaml:"name"` // what the programme calls it: Validation, Audit
	Help       string           `yaml:"help"`
	Kinds      []ValidationKind `yaml:"kinds"`
	Visits     []VisitPlan      `yaml:"visits"` // what a validation usually consists of
	Places     []PlaceKind      `yaml:"places"`
	Days       VisitDay         `yaml:"days"`
	Team       int              `yaml:"team"`        // officers on a visit
	Slots      int              `yaml:"slots"`       // most times that are offered at once
	AnswerDays int              `yaml:"answer_days"` // calendar days that a company has to answer an offer
	Travel     []TravelBand     `yaml:"travel"`      // by distance from the officer's base, the nearest first
	Documents  []string         `yaml:"documents"`   // what a company is usually asked to have ready
	Methods    []Method         `yaml:"methods"`
	Selection  Selection        `yaml:"selection"`
	Findings   FindingRules     `yaml:"findings"`
	Report     ReportRules      `yaml:"report"`
	Award      []Award          `yaml:"award"` // in the order of reading: the last whose needs are met counts
	Source     string           `yaml:"source"`
}

// ValidationKind is why a company is validated: first, repeat, for_cause or before_decision.
type ValidationKind struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	Clock  string `yaml:"clock"` // by when; empty: no law says
	Source string `yaml:"source"`
	Draft  bool   `yaml:"draft"`
}

// VisitPlan is a visit that a validation of this programme usually has.
type VisitPlan struct {
	Place       string   `yaml:"place"` // code of Places
	Days        int      `yaml:"days"`
	EntityTypes []string `yaml:"entity_types"` // empty: every kind of member
}

// PlaceKind is a kind of visit: domestic, foreign, virtual, relied_upon or no_visit.
type PlaceKind struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	Help   string `yaml:"help"`
	Source string `yaml:"source"`
	Draft  bool   `yaml:"draft"`
}

// VisitDay is the usual day of a visit, in wall time at the site.
type VisitDay struct {
	From     string `yaml:"from"` // HH:MM
	To       string `yaml:"to"`
	Virtual  int    `yaml:"virtual_hours"` // length of a visit by video
	Weekends bool   `yaml:"weekends"`      // visits may be on Saturdays and Sundays
}

// TravelBand says how long an officer travels up to a distance.
type TravelBand struct {
	Km      int `yaml:"km"`      // up to
	Minutes int `yaml:"minutes"` // one way, door to door
}

// Method is a way to verify: examine, interview or test.
type Method struct {
	Code string `yaml:"code"`
	Name string `yaml:"name"`
	Help string `yaml:"help"`
}

// Selection says how the yearly plan is made (6 U.S.C. 969: risk-based).
type Selection struct {
	Share   int      `yaml:"share"`  // percent of the live memberships that a plan proposes
	Random  int      `yaml:"random"` // percent of the proposed that are drawn at random
	Factors []Factor `yaml:"factors"`
	Source  string   `yaml:"source"`
	Draft   bool     `yaml:"draft"`
}

// Factor is one part of the score: each gives 0 to 1, times its weight.
type Factor struct {
	Code   string  `yaml:"code"` // one of SelectionFactors
	Name   string  `yaml:"name"`
	Help   string  `yaml:"help"`
	Weight float64 `yaml:"weight"`
	Full   float64 `yaml:"full"` // the value that counts as 1: years, shipments, findings
}

// SelectionFactors are the factors that the portal has data for.
func SelectionFactors() []string {
	return []string{"since_validation", "due", "volume", "regions", "incidents", "findings", "overdue_review", "criteria_not_met"}
}

// FindingRules are the kinds of findings and what they need.
type FindingRules struct {
	Kinds       []FindingKind `yaml:"kinds"`
	AnswerClock string        `yaml:"answer_clock"` // of one that needs an answer
	Elements    []Element     `yaml:"elements"`     // what shows a best practice: all of them
	Causes      []Element     `yaml:"causes"`       // for the statistics of common failures
	Source      string        `yaml:"source"`
	Draft       bool          `yaml:"draft"`
}

// FindingKind is action_required, recommendation or best_practice.
type FindingKind struct {
	Code    string `yaml:"code"`
	Name    string `yaml:"name"`
	Help    string `yaml:"help"`
	Answers bool   `yaml:"answers"` // the company must answer
}

// Element is an item of a list with a help text.
type Element struct {
	Code string `yaml:"code"`
	Name string `yaml:"name"`
	Help string `yaml:"help"`
}

// ReportRules are the parts of a report.
type ReportRules struct {
	Clock       string          `yaml:"clock"`
	CommentDays int             `yaml:"comment_days"` // calendar days for the company's word on the draft; 0: it is not asked
	Sections    []ReportSection `yaml:"sections"`
}

// ReportSection is a part of a report. Fill says what it is assembled from: company,
// visits, verified, actions, recommendations, best_practices, conclusion, or nothing.
type ReportSection struct {
	Code  string `yaml:"code"`
	Title string `yaml:"title"`
	Help  string `yaml:"help"`
	Fill  string `yaml:"fill"`
}

// Award is the tier that a validation leads to. Needs are codes: no_open_action,
// best_practices (at least BestPractices of them with every element).
type Award struct {
	Tier          string   `yaml:"tier"`
	Needs         []string `yaml:"needs"`
	BestPractices int      `yaml:"best_practices"`
	EntityTypes   []string `yaml:"entity_types"` // empty: every kind of member
	Source        string   `yaml:"source"`
	Draft         bool     `yaml:"draft"`
}

// For reports whether an award or a visit is for a kind of member.
func (a Award) For(entityType string) bool {
	return len(a.EntityTypes) == 0 || slices.Contains(a.EntityTypes, entityType)
}

// For reports whether the visit belongs to validations of a kind of member.
func (v VisitPlan) For(entityType string) bool {
	return len(v.EntityTypes) == 0 || slices.Contains(v.EntityTypes, entityType)
}

// Kind finds a kind of validation.
func (v Validation) Kind(code string) (ValidationKind, bool) {
	return find(v.Kinds, func(k ValidationKind) bool { return k.Code == code })
}

// Place finds a kind of visit.
func (v Validation) Place(code string) (PlaceKind, bool) {
	return find(v.Places, func(p PlaceKind) bool { return p.Code == code })
}

// Method finds a way to verify.
func (v Validation) Method(code string) (Method, bool) {
	return find(v.Methods, func(m Method) bool { return m.Code == code })
}

// Kind finds a kind of finding.
func (f FindingRules) Kind(code string) (FindingKind, bool) {
	return find(f.Kinds, func(k FindingKind) bool { return k.Code == code })
}

// TravelMinutes is how long an officer travels one way over a distance: the first band
// that reaches so far, or the longest.
func (v Validation) TravelMinutes(km float64) int {
	for _, b := range v.Travel {
		if km <= float64(b.Km) {
			return b.Minutes
		}
	}
	if len(v.Travel) == 0 {
		return 0
	}
	return v.Travel[len(v.Travel)-1].Minutes
}

func find[T any](list []T, is func(T) bool) (out T, ok bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return out, false
}

// validation looks at what no schema can see.
func (c *checker) validation() {
	const doc = "validation"
	if !c.read(doc) {
		return
	}
	v := c.p.Validation
	clock := func(code string, steps ...any) {
		if code != "" && c.read("clocks") {
			if _, ok := c.p.Clock(code); !ok {
				c.bad(doc, steps, "there is no clock %q", code)
			}
		}
	}
	types := func(list []string, steps ...any) {
		for i, code := range list {
			if !slices.ContainsFunc(c.p.entityTypes, func(e EntityType) bool { return e.Code == code }) && c.read("entity_types") {
				c.bad(doc, append(steps, "entity_types", i), "there is no entity type %q", code)
			}
		}
	}
	for i, k := range v.Kinds {
		clock(k.Clock, "kinds", i, "clock")
	}
	for i, p := range v.Visits {
		if _, ok := v.Place(p.Place); !ok {
			c.bad(doc, at("visits", i, "place"), "there is no place %q", p.Place)
		}
		types(p.EntityTypes, "visits", i)
	}
	for i := 1; i < len(v.Travel); i++ {
		if v.Travel[i].Km <= v.Travel[i-1].Km || v.Travel[i].Minutes < v.Travel[i-1].Minutes {
			c.bad(doc, at("travel", i), "each band reaches farther and takes no less time than the one before")
		}
	}
	if v.Days.To <= v.Days.From {
		c.bad(doc, at("days", "to"), "the day ends before it begins")
	}
	unique(v.Selection.Factors, func(f Factor) string { return f.Code }, func(i int, code string) {
		c.bad(doc, at("selection", "factors", i, "code"), "the factor %q is there twice", code)
	})
	clock(v.Findings.AnswerClock, "findings", "answer_clock")
	clock(v.Report.Clock, "report", "clock")
	unique(v.Report.Sections, func(s ReportSection) string { return s.Code }, func(i int, code string) {
		c.bad(doc, at("report", "sections", i, "code"), "the section %q is there twice", code)
	})
	for i, a := range v.Award {
		if _, ok := c.p.Tier(a.Tier); !ok && c.read("programme") {
			c.bad(doc, at("award", i, "tier"), "there is no tier %q", a.Tier)
		}
		types(a.EntityTypes, "award", i)
	}
}
