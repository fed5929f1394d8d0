package profile

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
)

// Profile is a cycle with everything that the states of its criteria depend on.
type Profile struct {
	Cycle    Cycle
	Form     *catalogue.Form
	Facts    catalogue.Facts // what conditions look at
	Shown    catalogue.Shown // what counts for the company now
	Firm     Firm
	Sites    []Site
	Notes    map[string]Note // by criterion
	Evidence map[string]int  // by criterion: items that have not expired
	Return   *Return         // the open one
	Last     *LastCycle      // the one that it was begun on; nil: none

	answers   map[string][]Given // by question, the company's first
	elsewhere []choice           // made for questions whose answers were not read
	counted   map[string]bool    // while returned: the criteria that counted in what was submitted

	at    map[uuid.UUID]catalogue.Shown // what counts at each site in use
	apart map[string][]uuid.UUID        // by criterion: the sites at which something else counts than for the company
}

// choice is what was chosen for a question, for the company (the zero id) or at a site.
type choice struct {
	question, choice string
	site             uuid.UUID
}

// take adds an answer.
func (p *Profile) take(g Given) { p.answers[g.Question] = append(p.answers[g.Question], g) }

// apply asks the conditions about the answers that were taken.
func (p *Profile) apply() {
	p.Facts = catalogue.Facts{EntityType: p.Form.EntityType, Country: p.Firm.Country, Sites: len(p.Sites), Choices: make(map[string]string, len(p.answers)+len(p.elsewhere))}
	own := map[uuid.UUID][]choice{}
	chosen := func(c choice) {
		if c.site == uuid.Nil {
			p.Facts.Choices[c.question] = c.choice
		} else if p.Form.Triggers(c.question) {
			own[c.site] = append(own[c.site], c)
		}
	}
	for _, c := range p.elsewhere {
		chosen(c)
	}
	for _, s := range p.Sites {
		if !slices.Contains(p.Facts.Countries, s.Country) {
			p.Facts.Countries = append(p.Facts.Countries, s.Country)
		}
		if !slices.Contains(p.Facts.Activities, s.Activity) {
			p.Facts.Activities = append(p.Facts.Activities, s.Activity)
		}
	}
	for question, list := range p.answers {
		for _, g := range list {
			if g.Choice != "" {
				chosen(choice{question, g.Choice, g.Site})
			}
		}
	}
	p.Shown = p.Form.Apply(p.Facts)
	p.at, p.apart = make(map[uuid.UUID]catalogue.Shown, len(p.Sites)), map[string][]uuid.UUID{}
	for _, s := range p.Sites {
		p.at[s.ID] = p.Shown
		if slices.ContainsFunc(own[s.ID], func(c choice) bool { return p.Facts.Choices[c.question] != c.choice }) {
			p.at[s.ID] = p.differing(own[s.ID])
		}
		for _, id := range p.at[s.ID].Apart(p.Shown) {
			p.apart[id] = append(p.apart[id], s.ID)
		}
	}
}

// differing says what counts where some things were chosen otherwise than for the company.
func (p *Profile) differing(own []choice) catalogue.Shown {
	facts := p.Facts
	facts.Choices = maps.Clone(p.Facts.Choices)
	for _, c := range own {
		facts.Choices[c.question] = c.choice
	}
	return p.Form.Apply(facts)
}

// At says what counts at a site: there, what is chosen at the site decides what else is
// asked. The zero id is the company.
func (p *Profile) At(site uuid.UUID) catalogue.Shown {
	if shown, used := p.at[site]; used {
		return shown
	}
	return p.Shown
}

// Counts reports whether a criterion counts for the company, or at one of its sites.
func (p *Profile) Counts(criterion string) bool {
	return p.Shown.Criterion(criterion) ||
		slices.ContainsFunc(p.apart[criterion], func(site uuid.UUID) bool { return p.at[site].Criterion(criterion) })
}

// asks reports whether a question of a criterion is asked of the company, or of one of its
// sites.
func (p *Profile) asks(criterion, question string) bool {
	return p.Shown.Question(question) ||
		slices.ContainsFunc(p.apart[criterion], func(site uuid.UUID) bool { return p.at[site].Question(question) })
}

// Given is the answer to a question for the company (the zero id) or as an exception for
// a site; ok is false when there is none.
func (p *Profile) Given(question string, site uuid.UUID) (g Given, ok bool) {
	if i := slices.IndexFunc(p.answers[question], func(g Given) bool { return g.Site == site }); i >= 0 {
		return p.answers[question][i], true
	}
	return Given{}, false
}

// Holds is the answer that holds at a site: its exception, or else the company's answer.
func (p *Profile) Holds(question string, site uuid.UUID) (Given, bool) {
	if g, ok := p.Given(question, site); ok {
		return g, true
	}
	return p.Given(question, uuid.Nil)
}

// Exceptions lists the sites that have an exception to a criterion, in the order of the
// sites.
func (p *Profile) Exceptions(criterion string) (out []Site) {
	c, _ := p.Form.Criterion(criterion)
	for _, site := range p.Sites {
		if slices.ContainsFunc(c.Questions, func(q catalogue.Question) bool { _, ok := p.Given(q.ID, site.ID); return ok }) {
			out = append(out, site)
		}
	}
	return out
}

// Remark is what a return says of a criterion; nil when the profile is not returned or
// the return does not list it.
func (p *Profile) Remark(criterion string) *Remark {
	if p.Return == nil {
		return nil
	}
	if i := slices.IndexFunc(p.Return.Remarks, func(r Remark) bool { return r.Criterion == criterion }); i >= 0 {
		return &p.Return.Remarks[i]
	}
	return nil
}

// Unlocked reports whether the company may change a criterion now: every one while the
// profile is open; while it is returned those of the return, and those that count only
// since something else was changed.
func (p *Profile) Unlocked(criterion string) bool {
	switch p.Cycle.Status {
	case Open:
		return true
	case Returned:
		return p.Remark(criterion) != nil || p.newly(criterion)
	}
	return false
}

// newly reports whether a criterion counts that did not when the profile was submitted.
func (p *Profile) newly(criterion string) bool {
	return p.counted != nil && !p.counted[criterion] && p.Counts(criterion)
}

// State is where a criterion stands.
type State string

// The states of a criterion, computed from what is there.
const (
	NotStarted     State = "not_started"
	InProgress     State = "in_progress"
	NeedsAttention State = "needs_attention"
	Ready          State = "ready"
	NotApplicable  State = "not_applicable"
)

// States lists them in the order in which they ask for work.
func States() []State { return []State{NeedsAttention, NotStarted, InProgress, Ready, NotApplicable} }

// Name is the state for a person to read (English source text).
func (s State) Name() string {
	return map[State]string{NotStarted: "Not started", InProgress: "In progress", NeedsAttention: "Needs attention", Ready: "Ready", NotApplicable: "Not applicable"}[s]
}

// Because says why a criterion stands where it stands.
type Because string

// The reasons. The empty one needs no word: nobody has begun, or all is there.
const (
	BecauseReturned   Because = "returned"   // sent back and not answered yet
	BecauseCarried    Because = "carried"    // answered last time and not confirmed yet
	BecauseIncomplete Because = "incomplete" // an answer says less than the question asks
	BecauseEvidence   Because = "evidence"   // fewer items of evidence than a yes needs
	BecauseCondition  Because = "condition"  // other answers say that it does not count
	BecauseAnswered   Because = "answered"   // the company says, with its reason, that it does not apply
)

// Text is the reason for a person to read (English source text).
func (b Because) Text() string {
	return map[Because]string{
		BecauseReturned:   "We sent this back to you",
		BecauseCarried:    "From last time. Confirm that it is still true, or change it",
		BecauseIncomplete: "Something is still missing in an answer",
		BecauseEvidence:   "Evidence is missing",
		BecauseCondition:  "Does not count with your other answers",
		BecauseAnswered:   "You said that this does not apply to you",
	}[b]
}

// Standing is where one criterion stands and who was last at work on it.
type Standing struct {
	State   State
	Because Because
	By      string    // author of the last change; empty when there is none
	At      time.Time // of the last change
}

// State computes where a criterion stands. A criterion that does not apply to the kind of
// member is not applicable.
func (p *Profile) State(criterion string) Standing {
	c, ok := p.Form.Criterion(criterion)
	if !ok || !p.Counts(criterion) {
		return Standing{State: NotApplicable, Because: BecauseCondition}
	}
	var out Standing
	answers, touched := 0, false
	for _, q := range c.Questions {
		for _, g := range p.answers[q.ID] {
			answers++
			touched = touched || !g.Carried
			if g.At.After(out.At) {
				out.At, out.By = g.At, g.Author
			}
		}
	}
	if r := p.Remark(criterion); r != nil && r.AnsweredAt == nil {
		out.State, out.Because = NeedsAttention, BecauseReturned
		return out
	}
	if answers == 0 && p.Evidence[criterion] == 0 {
		out.State = NotStarted
		return out
	}
	if !touched && answers > 0 && p.Notes[criterion].ConfirmedAt == nil {
		out.State, out.Because = NeedsAttention, BecauseCarried
		return out
	}
	out.State = Ready
	switch list := p.places(c); {
	case waived(c, list):
		out.State, out.Because = NotApplicable, BecauseAnswered
	case !gapless(c, list):
		out.State, out.Because = InProgress, BecauseIncomplete
	case needs(c, list) > p.Evidence[c.ID]:
		out.State, out.Because = InProgress, BecauseEvidence
	}
	return out
}

// place is where a criterion is answered: the company, or a site where something differs.
type place struct {
	site  uuid.UUID // the zero id: the company
	shown catalogue.Shown
	given []*Given // what holds there, in the order of the questions; nil: nothing
	own   []bool   // of these, what was answered for the site itself
}

// places are the company, and the sites in use that have answers of their own to a
// criterion or at which something else of it counts.
func (p *Profile) places(c catalogue.Criterion) []place {
	n := len(c.Questions)
	out := []place{{shown: p.Shown, given: make([]*Given, n)}}
	var at map[uuid.UUID]int
	add := func(site uuid.UUID) int {
		if at == nil {
			at = map[uuid.UUID]int{}
		}
		at[site] = len(out)
		out = append(out, place{site: site, shown: p.at[site], given: make([]*Given, n), own: make([]bool, n)})
		return at[site]
	}
	for _, site := range p.apart[c.ID] {
		add(site)
	}
	for i, q := range c.Questions {
		list := p.answers[q.ID]
		for j := range list {
			g, here := &list[j], 0
			if g.Site != uuid.Nil {
				if _, used := p.at[g.Site]; !used {
					continue // it was closed
				}
				known := false
				if here, known = at[g.Site]; !known {
					here = add(g.Site)
				}
				out[here].own[i] = true
			}
			out[here].given[i] = g
		}
	}
	for _, x := range out[1:] {
		for i := range x.given {
			if x.given[i] == nil {
				x.given[i] = out[0].given[i]
			}
		}
	}
	return out
}

// lacks reports whether the i-th question is not answered in full although it counts. A
// file question is answered by evidence.
func (x place) lacks(i int, q catalogue.Question) bool {
	if q.Kind == catalogue.File || !x.shown.Question(q.ID) {
		return false
	}
	g := x.given[i]
	return g == nil && q.Required || g != nil && !g.Complete
}

// gap is the first question that is not answered in full; -1 when there is none.
func (x place) gap(c catalogue.Criterion) int {
	for i, q := range c.Questions {
		if x.lacks(i, q) {
			return i
		}
	}
	return -1
}

// gapless reports whether everything that a criterion must be asked is answered, for the
// company and wherever something differs.
func gapless(c catalogue.Criterion, list []place) bool {
	return !slices.ContainsFunc(list, func(x place) bool { return x.gap(c) >= 0 })
}

// waived reports whether the company says of every part that it does not apply, at every
// place.
func waived(c catalogue.Criterion, list []place) bool {
	any := false
	for _, x := range list {
		for i, q := range c.Questions {
			if q.Kind != catalogue.YesNo || !x.shown.Question(q.ID) {
				continue
			}
			if g := x.given[i]; g == nil || !g.Complete || g.Choice != catalogue.NotApplicable {
				return false
			}
			any = true
		}
	}
	return any
}

// lookedAt is when somebody last answered a criterion for the company, or said that last
// cycle's answers are still true; zero: nobody has.
func (p *Profile) lookedAt(c catalogue.Criterion) (last time.Time) {
	for _, q := range c.Questions {
		if g, ok := p.Given(q.ID, uuid.Nil); ok && g.At.After(last) {
			last = g.At
		}
	}
	if at := p.Notes[c.ID].ConfirmedAt; at != nil && at.After(last) {
		last = *at
	}
	return last
}

// EachSite is how many sites a criterion is asked of one by one; zero when it is asked of
// the company, or there is one site.
func (p *Profile) EachSite(c catalogue.Criterion) int {
	if c.Scope != catalogue.OfSite || len(p.Sites) < 2 {
		return 0
	}
	return len(p.Sites)
}

// Unfinished lists the sites at which something of a criterion is still missing, apart from
// what the company itself must answer.
func (p *Profile) Unfinished(criterion string) (out []Site) {
	c, ok := p.Form.Criterion(criterion)
	if !ok {
		return nil
	}
	gaps := map[uuid.UUID]bool{}
	for _, x := range p.places(c)[1:] {
		for i, q := range c.Questions {
			gaps[x.site] = gaps[x.site] || x.lacks(i, q) && (x.own[i] || !p.Shown.Question(q.ID))
		}
	}
	for _, site := range p.Sites {
		if gaps[site.ID] {
			out = append(out, site)
		}
	}
	return out
}

// Needs is how many items of evidence a criterion must have to be ready: as many as the
// edition asks for a yes to a must, and one where a question asks for a file. What is
// answered with nothing but no and not applicable needs none.
func (p *Profile) Needs(c catalogue.Criterion) int { return needs(c, p.places(c)) }

func needs(c catalogue.Criterion, list []place) (n int) {
	if c.Level == catalogue.Must {
		n = c.Evidence.Min
	}
	asks, yes := false, false
	for _, x := range list {
		for i, q := range c.Questions {
			switch {
			case !x.shown.Question(q.ID):
			case q.Kind == catalogue.File && q.Required:
				n = max(n, 1)
			case q.Kind == catalogue.YesNo:
				asks = true
				yes = yes || x.given[i] != nil && x.given[i].Choice == catalogue.Yes
			}
		}
	}
	if asks && !yes {
		return 0
	}
	return n
}

// Lacks is how many of the items that a criterion needs are not there yet.
func (p *Profile) Lacks(c catalogue.Criterion) int { return max(0, p.Needs(c)-p.Evidence[c.ID]) }

// Count counts criteria of one level that count for the company.
type Count struct {
	Total     int // that count
	Done      int // ready, or not applicable as the company says
	Attention int
	Started   int // in progress
}

// Left is how many are still to do.
func (c Count) Left() int { return c.Total - c.Done }

// Progress counts musts and shoulds apart. It is no score.
type Progress struct{ Must, Should Count }

// Begun reports whether anything was answered.
func (p Progress) Begun() bool {
	return p.Must.Done+p.Must.Attention+p.Must.Started+p.Should.Done+p.Should.Attention+p.Should.Started > 0
}

// add counts a criterion that counts for the company.
func (p *Progress) add(level catalogue.Level, s State) {
	n := &p.Should
	if level == catalogue.Must {
		n = &p.Must
	}
	n.Total++
	switch s {
	case Ready, NotApplicable:
		n.Done++
	case NeedsAttention:
		n.Attention++
	case InProgress:
		n.Started++
	}
}

// Progress counts the criteria that count for the company.
func (p *Profile) Progress() (out Progress) {
	for _, c := range p.Form.Criteria {
		if p.Counts(c.ID) {
			out.add(c.Level, p.State(c.ID).State)
		}
	}
	return out
}

// Next is the criterion after one, of those that count; empty after the last.
func (p *Profile) Next(criterion string) string { return p.beside(criterion, 1) }

// Previous is the criterion before one, of those that count; empty before the first.
func (p *Profile) Previous(criterion string) string { return p.beside(criterion, -1) }

func (p *Profile) beside(criterion string, step int) string {
	i := slices.IndexFunc(p.Form.Criteria, func(c catalogue.Criterion) bool { return c.ID == criterion })
	if i < 0 {
		return ""
	}
	for i += step; i >= 0 && i < len(p.Form.Criteria); i += step {
		if id := p.Form.Criteria[i].ID; p.Counts(id) {
			return id
		}
	}
	return ""
}

// Problems lists what keeps the profile from being submitted, each under its criterion.
func (p *Profile) Problems(ctx context.Context) (out []fault.Field) {
	add := func(id, message string, args ...any) { out = append(out, fault.F(id, message, args...)) }
	for _, c := range p.Form.Criteria {
		s := p.State(c.ID)
		if !p.Unlocked(c.ID) && p.Cycle.Status == Returned {
			continue // what is not sent back was taken as it was
		}
		switch {
		case s.State == NotStarted:
			add(c.ID, "Answer this criterion")
		case s.Because == BecauseCarried:
			add(c.ID, "Confirm that last time's answers are still true, or change them")
		case s.Because == BecauseIncomplete:
			add(c.ID, "An answer is not complete: %s", p.lacking(ctx, c))
		case s.Because == BecauseEvidence:
			add(c.ID, "Attach evidence. Still missing: %d", p.Lacks(c))
		}
	}
	return out
}

// lacking names the first question of a criterion that is not answered in full, and the
// site where that is so.
func (p *Profile) lacking(ctx context.Context, c catalogue.Criterion) string {
	for _, x := range p.places(c) {
		n := x.gap(c)
		if n < 0 {
			continue
		}
		said := text(ctx, c.Questions[n].Text)
		if i := slices.IndexFunc(p.Sites, func(s Site) bool { return s.ID == x.site }); i >= 0 {
			return i18n.T(ctx, "%s, at %s", said, p.Sites[i].Name)
		}
		return said
	}
	return ""
}

// Unanswered lists the criteria of the open return that were not answered yet.
func (p *Profile) Unanswered() (out []string) {
	if p.Return == nil {
		return nil
	}
	for _, r := range p.Return.Remarks {
		if r.AnsweredAt == nil {
			out = append(out, r.Criterion)
		}
	}
	return out
}

// whole reports whether an answer says everything that its question asks. To leave an
// optional question unanswered is to say everything, and so is to leave one without a note
// that evidence answers.
func whole(q catalogue.Question, a catalogue.Answer) bool {
	return q.Complete(a) || a.Empty() && (!q.Required || q.Kind == catalogue.File)
}
