package profile

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/profile"
	"trustedtrader/app/textdiff"
	"trustedtrader/views/ui"
)

// CriterionPage is one criterion with everything about it.
type CriterionPage struct {
	Frame
	Page     app.CriterionPage
	Items    []Item
	Evidence templ.Component
	Errors   []fault.Field
	Message  string // typed and refused
}

// Item is a question with what stands beside it.
type Item struct {
	Asked
	Kept    app.Given // when and by whom it was answered
	Last    string    // last cycle's answer in words
	Company string    // on the page of a site: the company's answer in words
	Base    string    // on the page of a site without an own answer: what its fields begin with
}

// BaseField carries what the fields of a site began with.
func BaseField(question string) string { return app.AnswerField(question) + "-base" }

// StateID is the id of a criterion's state on a page.
func StateID(criterion string) string { return "state-" + ui.ID(criterion) }

func historyPath(id uuid.UUID, question string, site uuid.UUID) string {
	p := path(id, "/history/", question)
	if site != uuid.Nil {
		p += "?site=" + site.String()
	}
	return p
}

func (p CriterionPage) site() uuid.UUID {
	if p.Page.Site == nil {
		return uuid.Nil
	}
	return p.Page.Site.ID
}

// href is the page itself.
func (p CriterionPage) href() string { return criterionPath(p.Cycle.ID, p.criterion().ID, p.site()) }

// below is what is done on the page.
func (p CriterionPage) below(part string) string {
	return path(p.Cycle.ID, "/criteria/", p.criterion().ID, part)
}

func (p CriterionPage) assignHref() string {
	return path(p.Cycle.ID, "/assign?criterion=", p.criterion().ID)
}

// presenceHref is where an open page says that it is open; empty for those who only read.
func (p CriterionPage) presenceHref() string {
	if !p.editable() {
		return ""
	}
	return p.below("/presence")
}

// carried reports whether last time's answers wait to be confirmed by the reader.
func (p CriterionPage) carried() bool {
	return p.editable() && p.Page.Counts && p.Page.Standing.Because == app.BecauseCarried && p.Page.Site == nil
}

// results are what we told the company, without what stands in the open return.
func (p CriterionPage) results() []app.Result {
	return slices.DeleteFunc(slices.Clone(p.Page.Results), func(r app.Result) bool { return p.Page.Told() != nil && r == *p.Page.Told() })
}

// state is the state in words, with who was last at it.
func (p CriterionPage) state(ctx context.Context) string {
	text := i18n.T(ctx, p.Page.Standing.State.Name())
	if b := p.Page.Standing.Because; b != "" {
		text += ": " + i18n.T(ctx, b.Text())
	}
	return text
}

// notCounting says which answers make the criterion not count.
func (p CriterionPage) notCounting(ctx context.Context) string {
	var asked []string
	for _, id := range p.Page.Profile.Form.Reads(p.criterion().ID) {
		if c, q, ok := p.Page.Profile.Form.Question(id); ok {
			asked = append(asked, c.ID+" \""+say(ctx, q.Text)+"\"")
		}
	}
	if len(asked) == 0 {
		return i18n.T(ctx, "This criterion does not count for your company.")
	}
	return i18n.T(ctx, "This criterion does not count because of your answer to: %s", strings.Join(asked, "; "))
}

// Wanted says how much evidence a criterion needs, and what could show that it is met.
func Wanted(ctx context.Context, p app.CriterionPage) string {
	var out []string
	if n := p.Profile.Needs(p.Criterion); n > 0 {
		out = append(out, i18n.N(ctx, "At least %d item is needed.", "At least %d items are needed.", n))
	}
	var examples []string
	for _, x := range p.Criterion.Evidence.Examples {
		examples = append(examples, say(ctx, x))
	}
	if len(examples) > 0 {
		out = append(out, i18n.T(ctx, "For example: %s.", strings.Join(examples, "; ")))
	}
	return strings.Join(out, " ")
}

// verified says how we look at it.
func (p CriterionPage) verified(ctx context.Context) string {
	words := map[string]string{"examine": "We read your documents.", "interview": "We talk with your people.", "test": "We try it out on site."}
	var out []string
	for _, v := range p.criterion().VerifyBy {
		if w := words[v]; w != "" {
			out = append(out, i18n.T(ctx, w))
		}
	}
	return i18n.T(ctx, "How we check it:") + " " + strings.Join(out, " ")
}

// eachSite says at which sites the company's answer to a criterion holds that is asked of
// each of them.
func (p CriterionPage) eachSite(ctx context.Context) string {
	sites := p.Page.Profile.EachSite(p.criterion())
	holds := sites - len(p.Page.Exceptions)
	switch {
	case sites == 0 || p.Page.Site != nil || !p.Page.Counts:
		return ""
	case !p.editable() && holds == sites:
		return i18n.T(ctx, "This answer holds for all %d sites.", sites)
	case !p.editable():
		return i18n.T(ctx, "This answer holds for %d of %d sites.", holds, sites)
	case holds == sites:
		return i18n.T(ctx, "Your answer holds for all %d sites. Add an exception where it differs.", sites)
	}
	return i18n.T(ctx, "Your answer holds for %d of %d sites. Add an exception where it differs.", holds, sites)
}

// unfinished reports whether something is still missing at a site.
func (p CriterionPage) unfinished(s app.Site) bool {
	return slices.ContainsFunc(p.Page.Unfinished, func(x app.Site) bool { return x.ID == s.ID })
}

// alsoAsked lists the sites without an exception at which something is missing that is not
// asked of the company.
func (p CriterionPage) alsoAsked() (out []app.Site) {
	for _, s := range p.elsewhere() {
		if p.unfinished(s) {
			out = append(out, s)
		}
	}
	return out
}

// elsewhere lists the sites without an exception.
func (p CriterionPage) elsewhere() (out []app.Site) {
	different := map[uuid.UUID]bool{}
	for _, s := range p.Page.Exceptions {
		different[s.ID] = true
	}
	for _, s := range p.Page.Profile.Sites {
		if !different[s.ID] {
			out = append(out, s)
		}
	}
	return out
}

// saved says when an answer was saved and by whom.
func (f Frame) saved(ctx context.Context, kept app.Given) string {
	if kept.Version == 0 {
		return ""
	}
	return SavedText(ctx, kept, f.Now, f.Zone, f.MyName)
}

// SavedText says when an answer was saved and by whom: "Saved 14:02 (you)".
func SavedText(ctx context.Context, kept app.Given, now time.Time, zone *time.Location, me string) string {
	when := at(ctx, kept.At, now, zone)
	switch {
	case kept.Version == 0:
		return i18n.T(ctx, "Nothing to save")
	case kept.Carried:
		return i18n.T(ctx, "From last time (%s)", kept.Author)
	case kept.Author == me:
		return i18n.T(ctx, "Saved %s (you)", when)
	}
	return i18n.T(ctx, "Saved %s (%s)", when, kept.Author)
}

// Missing says what an answer that was begun still lacks.
func Missing(ctx context.Context, q catalogue.Question, kept app.Given) string {
	if kept.Version == 0 {
		return ""
	}
	var out []string
	for _, f := range q.Missing(kept.Value) {
		out = append(out, ui.Say(ctx, f))
	}
	if out == nil {
		return ""
	}
	return i18n.T(ctx, "Still missing: %s.", strings.Join(out, "; "))
}

func side(ctx context.Context, agency bool) string {
	if agency {
		return i18n.T(ctx, "The administration")
	}
	return i18n.T(ctx, "Your company")
}

// reworded is the requirement compared with the one of last cycle's edition; nil when it
// is the same, or when there was none.
func (p CriterionPage) reworded(ctx context.Context) []textdiff.Part {
	if p.Page.Was == nil {
		return nil
	}
	if parts := textdiff.Words(say(ctx, p.Page.Was.Requirement), say(ctx, p.criterion().Requirement)); textdiff.Changed(parts) {
		return parts
	}
	return nil
}

// levelChange says that a should has become a must, or the other way round.
func (p CriterionPage) levelChange(ctx context.Context) string {
	if p.Page.Was == nil || p.Page.Was.Level == p.criterion().Level {
		return ""
	}
	if p.criterion().Level == catalogue.Must {
		return i18n.T(ctx, "It was a should and is a must now.")
	}
	return i18n.T(ctx, "It was a must and is a should now.")
}

// olderHref shows an answer's wordings, at the one that a message was written on.
func (p CriterionPage) olderHref(o app.Older) string {
	return historyPath(p.Cycle.ID, o.Question, uuid.Nil) + "#version-" + strconv.Itoa(o.Version)
}

func (p CriterionPage) criterion() catalogue.Criterion { return p.Page.Criterion }
func (p CriterionPage) editable() bool                 { return p.Page.Locked == "" }

// different reports whether the site has answers of its own.
func (p CriterionPage) different() bool {
	for _, s := range p.Page.Exceptions {
		if s.ID == p.site() {
			return true
		}
	}
	return false
}

// PresentText says who else has a criterion open.
func PresentText(ctx context.Context, x app.Present, now time.Time, zone *time.Location) string {
	return i18n.T(ctx, "%s has this open since %s", x.Name, at(ctx, x.Since, now, zone))
}
