package programme

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"trustedtrader/app/datafile"
	"trustedtrader/app/identifier"
	"trustedtrader/config"
)

// checker looks at what no schema can see: references from one file to another
// and to the tables of the code. It skips files that were not read.
type checker struct {
	*loader
	p      *Programme
	docs   map[string]*datafile.Document
	common []Question
}

func (c *checker) run() {
	c.programmeFile()
	c.entityTypes()
	c.clocks()
	c.vetting()
	c.review()
	c.validation()
	c.standing()
	c.figures()
	c.succession()
	c.enforcement()
	c.reasons()
	c.lettersThere()
}

// bad reports a problem at a path in one of the YAML files.
func (c *checker) bad(doc string, at []any, format string, args ...any) {
	c.docs[doc].Problem(at, format, args...)
}

func (c *checker) read(doc string) bool { return c.docs[doc] != nil }

// path makes the path of a value: at("clocks", 3, "unit").
func at(steps ...any) []any { return steps }

func (c *checker) programmeFile() {
	const doc = "programme"
	if !c.read(doc) {
		return
	}
	p := c.p
	if p.Code != c.Dir {
		c.bad(doc, at("code"), "the code is %q, but the folder is named %q", p.Code, c.Dir)
	}
	if _, err := fs.Stat(config.Programmes, "calendars/"+p.Administration.Calendar+".yaml"); err != nil {
		c.bad(doc, at("administration", "calendar"), "there is no calendar %q", p.Administration.Calendar)
	}
	unique(p.Process.Tiers, func(t Tier) string { return t.Code }, func(i int, code string) {
		c.bad(doc, at("process", "tiers", i, "code"), "the tier %q is there twice", code)
	})
	if _, ok := p.Tier(p.Process.TierOnCertification); !ok {
		c.bad(doc, at("process", "tier_on_certification"), "there is no tier %q", p.Process.TierOnCertification)
	}
	unique(p.Rules, func(r Rule) string { return r.Code }, func(i int, code string) {
		c.bad(doc, at("rules", i, "code"), "the rule %q is there twice", code)
	})
	c.membershipNumber()
	if !c.read("clocks") {
		return
	}
	for i, code := range p.Process.ReapplyBars {
		if clock, ok := p.Clock(code); !ok {
			c.bad(doc, at("process", "reapply_bars", i), "there is no clock %q", code)
		} else if clock.Direction != Earliest {
			c.bad(doc, at("process", "reapply_bars", i), "the clock %q is no bar: its direction is %s", code, clock.Direction)
		}
	}
}

var wholeNumber = regexp.MustCompile(`^(?:[A-Z0-9-]|\{yyyy\}|\{yy\}|\{country\}|\{type\}|\{sequence:[0-9]{1,2}\})+$`)

func (c *checker) membershipNumber() {
	pattern := c.p.Process.MembershipNumber
	if !wholeNumber.MatchString(pattern) {
		c.bad("programme", at("process", "membership_number"), "%q may hold capital letters, digits, hyphens, {yyyy}, {yy}, {country}, {type} and {sequence:N}", pattern)
		return
	}
	if strings.Count(pattern, "{sequence:") != 1 {
		c.bad("programme", at("process", "membership_number"), "%q needs {sequence:N} once", pattern)
	}
}

func (c *checker) entityTypes() {
	const doc = "entity_types"
	if !c.read(doc) {
		return
	}
	types := c.p.entityTypes
	unique(types, func(e EntityType) string { return e.Code }, func(i int, code string) {
		c.bad(doc, at("entity_types", i, "code"), "the entity type %q is there twice", code)
	})
	for i, q := range c.common {
		c.question(q, "common", "questions", i)
	}
	for i, e := range types {
		if !e.Enabled && e.Disabled == "" {
			c.bad(doc, at("entity_types", i, "enabled"), "a type that cannot be chosen needs the key \"disabled\" with the reason")
		}
		for j, q := range e.Questions {
			c.question(q, "entity_types", i, "questions", j)
		}
		all := append(slices.Clone(c.common), e.Questions...)
		unique(all, func(q Question) string { return q.Code }, func(n int, code string) {
			if j := n - len(c.common); j >= 0 {
				c.bad(doc, at("entity_types", i, "questions", j, "code"), "the question %q is there twice", code)
			} else {
				c.bad(doc, at("common", "questions", n, "code"), "the question %q is there twice", code)
			}
		})
		for j, g := range e.Identifiers.Required {
			c.schemes(doc, g.AllOf, "entity_types", i, "identifiers", "required", j, "all_of")
			c.schemes(doc, g.OneOf, "entity_types", i, "identifiers", "required", j, "one_of")
		}
		c.schemes(doc, e.Identifiers.Optional, "entity_types", i, "identifiers", "optional")
		if e.Identifiers.Choose != nil {
			c.schemes(doc, e.Identifiers.Choose.Schemes, "entity_types", i, "identifiers", "choose", "schemes")
		}
		for j, s := range e.Sites {
			for k, a := range s.OneOf {
				if !slices.ContainsFunc(Activities(), func(known Activity) bool { return known.Code == a }) {
					c.bad(doc, at("entity_types", i, "sites", j, "one_of", k), "there is no site activity %q", a)
				}
			}
		}
	}
}

func (c *checker) schemes(doc string, codes []string, path ...any) {
	for i, code := range codes {
		if _, ok := identifier.Lookup(code); !ok {
			c.bad(doc, append(slices.Clone(path), i), "there is no identifier scheme %q", code)
		}
	}
}

func (c *checker) question(q Question, path ...any) {
	bad := func(key, format string, args ...any) {
		c.bad("entity_types", append(slices.Clone(path), key), format, args...)
	}
	limits := q.Required != "" || q.Min != nil || q.Max != nil || q.WithinMonths > 0
	switch {
	case q.Required != "" && q.Kind != YesNo:
		bad("required", "only a yes_no question has a required answer")
	case (q.Min != nil || q.Max != nil) && q.Kind != Number:
		bad("kind", "only a number question has min and max")
	case q.Min != nil && q.Max != nil && *q.Min > *q.Max:
		bad("min", "min is above max")
	case q.WithinMonths > 0 && q.Kind != Date:
		bad("within_months", "only a date question has within_months")
	case limits && q.Because == "":
		bad("code", "a question that can end the application needs the key \"because\"")
	case !limits && q.Because != "":
		bad("because", "no answer leads to this sentence: the question has no required answer and no limits")
	}
}

func (c *checker) clocks() {
	const doc = "clocks"
	if !c.read(doc) {
		return
	}
	unique(c.p.clocks, func(k Clock) string { return k.Code }, func(i int, code string) {
		c.bad(doc, at("clocks", i, "code"), "the clock %q is there twice", code)
	})
	for i, k := range c.p.clocks {
		c.clock(k, func(format string, args []any, steps ...any) {
			c.bad(doc, append(at("clocks", i), steps...), format, args...)
		})
	}
	if !c.read("programme") {
		return
	}
	needed := []string{"information_answer"}
	if c.p.Process.AcceptanceStep {
		needed = append(needed, "acceptance")
	}
	if c.p.Process.HearingBeforeRefusal {
		needed = append(needed, "hearing")
	}
	if c.p.Process.EffectiveAfterDays > 0 {
		needed = append(needed, "effective")
	}
	for _, code := range needed {
		k, ok := c.p.Clock(code)
		if !ok {
			c.bad(doc, at("clocks"), "the process needs a clock %q", code)
			continue
		}
		if code == "effective" && (k.Amount != c.p.Process.EffectiveAfterDays || k.Unit != CalendarDays) {
			c.bad("programme", at("process", "effective_after_days"), "the clock %q has another period", code)
		}
	}
}

func (c *checker) clock(k Clock, bad func(format string, args []any, steps ...any)) {
	events := Events()
	for i, e := range k.StartsOn {
		if !slices.Contains(events, e) {
			bad("there is no event %q", []any{e}, "starts_on", i)
		}
	}
	for i, e := range k.StopsOn {
		if !slices.Contains(events, e) {
			bad("there is no event %q", []any{e}, "stops_on", i)
		} else if slices.Contains(k.StartsOn, e) {
			bad("the event %q both starts and stops the clock", []any{e}, "stops_on", i)
		}
	}
	for i, e := range k.MetOn {
		if !slices.Contains(events, e) {
			bad("there is no event %q", []any{e}, "met_on", i)
		} else if slices.Contains(k.StartsOn, e) || slices.Contains(k.StopsOn, e) {
			bad("the event %q starts or stops the clock as well", []any{e}, "met_on", i)
		}
	}
	if len(k.MetOn) > 0 && !k.Repeats {
		bad("only a clock that repeats is met; name the event in stops_on", nil, "met_on")
	}
	if k.Unit == GivenDay && (k.Restarts || k.RollForward || k.LessDays > 0 || k.Extension != nil || len(k.IfReason) > 0) {
		bad("a clock whose last day is given has no rule about its length", nil, "unit")
	}
	if k.Repeats && k.Unit != Months && k.Unit != Years {
		bad("a clock that repeats is counted in months or years", nil, "repeats")
	}
	if c.read("reasons") {
		r := c.p.Reasons
		for i, code := range k.IfReason {
			_, ground := c.p.Enforcement.Ground(code)
			if _, ok := Find(append(slices.Clone(r.Rejection), r.Withdrawal...), code); !ok && !ground {
				bad("there is no rejection or withdrawal reason %q, and no ground of enforcement", []any{code}, "if_reason", i)
			}
		}
		for i, code := range k.PauseReasons {
			if _, ok := Find(r.Pause, code); !ok {
				bad("there is no pause reason %q", []any{code}, "pause_reasons", i)
			}
		}
		if k.Extension != nil {
			for i, code := range k.Extension.Reasons {
				if _, ok := Find(r.Extension, code); !ok {
					bad("there is no extension reason %q", []any{code}, "extension", "reasons", i)
				}
			}
		}
	}
	if k.Pausable != (len(k.PauseReasons) > 0) {
		bad("a clock that can be paused names pause_reasons, and no other does", nil, "pausable")
	}
	if k.Repeats && k.Restarts {
		bad("a clock repeats by itself or starts anew with its event, not both", nil, "restarts")
	}
	if k.LessDays > 0 && k.shortestDays() <= k.LessDays {
		bad("less_days takes away the whole period", nil, "less_days")
	}
	if k.OnExpiry == Lapse && k.OwedBy != Company {
		bad("only what the company owes can lapse", nil, "on_expiry")
	}
	if k.OnExpiry == CountAsAccepted && k.OwedBy != Agency {
		bad("only the silence of the agency can count as acceptance", nil, "on_expiry")
	}
	if (k.OnExpiry == LiftBar || k.OnExpiry == TakeEffect || k.OnExpiry == OpenReview) && k.Direction != Earliest {
		bad("%s goes with direction earliest", []any{k.OnExpiry}, "on_expiry")
	}
}

// shortestDays is the least number of calendar days that the period can have.
func (k Clock) shortestDays() int {
	switch k.Unit {
	case Months:
		return k.Amount * 28
	case Years:
		return k.Amount * 365
	case GivenDay:
		return longest
	}
	return k.Amount
}

// longest is more days than any reminder may count.
const longest = 3660

func (c *checker) vetting() {
	const doc = "vetting"
	if !c.read(doc) {
		return
	}
	unique(c.p.vetting, func(v VettingItem) string { return v.Code }, func(i int, code string) {
		c.bad(doc, at("vetting", i, "code"), "the check %q is there twice", code)
	})
	for i, v := range c.p.vetting {
		c.schemes(doc, v.Schemes, "vetting", i, "schemes")
		if len(v.Schemes) > 0 && v.AppliesTo != "identifier" {
			c.bad(doc, at("vetting", i, "schemes"), "only a check of an identifier names schemes")
		}
	}
}

func (c *checker) review() {
	const doc = "review"
	if !c.read(doc) {
		return
	}
	unique(c.p.review, func(s ReviewSection) string { return s.Code }, func(i int, code string) {
		c.bad(doc, at("sections", i, "code"), "the section %q is there twice", code)
	})
	for i, s := range c.p.review {
		if !slices.Contains(Sections(), s.Code) {
			c.bad(doc, at("sections", i, "code"), "there is no section %q", s.Code)
		}
	}
	for _, code := range Sections() {
		if _, ok := c.p.ReviewSection(code); !ok {
			c.bad(doc, at("sections"), "the section %q is missing", code)
		}
	}
}

func (c *checker) reasons() {
	const doc = "reasons"
	if !c.read(doc) {
		return
	}
	r := c.p.Reasons
	for _, list := range []struct {
		key     string
		reasons []Reason
	}{
		{"rejection", r.Rejection}, {"pause", r.Pause}, {"extension", r.Extension}, {"withdrawal", r.Withdrawal}, {"change_return", r.ChangeReturn},
	} {
		unique(list.reasons, func(r Reason) string { return r.Code }, func(i int, code string) {
			c.bad(doc, at(list.key, i, "code"), "the reason %q is there twice", code)
		})
	}
}

func (c *checker) lettersThere() {
	if !c.read("programme") {
		return
	}
	for _, code := range letterCodesOf(c.p) {
		if _, ok := c.p.Letter(code); !ok && !c.reported("letters/"+code+".md") {
			c.Report("letters/"+code+".md", 1, "the letter is missing")
		}
	}
}

// reported tells whether a file has a problem already, so that a letter that
// cannot be read is not called missing as well.
func (c *checker) reported(name string) bool {
	return slices.ContainsFunc(c.Problems, func(p Problem) bool { return p.File == c.Dir+"/"+name })
}

// unique calls twice for every element whose code came before.
func unique[E any](list []E, code func(E) string, twice func(i int, code string)) {
	seen := map[string]bool{}
	for i, e := range list {
		if seen[code(e)] {
			twice(i, code(e))
		}
		seen[code(e)] = true
	}
}
