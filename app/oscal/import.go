package oscal

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/i18n"
)

// Import reads a catalog that Catalog wrote, perhaps changed by another program since, as
// a draft with an id of its own. What it does not understand is refused, with everything
// at once: an import that forgets a part would be a change that nobody decided.
func Import(content []byte, edition string) (*catalogue.Edition, error) {
	var f catalogFile
	if err := json.Unmarshal(content, &f); err != nil {
		return nil, fmt.Errorf("this is not an OSCAL catalog in JSON: %w", err)
	}
	r := &reader{}
	e := r.edition(f.Catalog)
	if len(r.problems) > 0 {
		return nil, errors.Join(r.problems...)
	}
	e.ID, e.Status = edition, catalogue.Draft
	text, err := e.WriteYAML()
	if err != nil {
		return nil, fmt.Errorf("write the draft: %w", err)
	}
	if e, err = catalogue.Read(edition+".yaml", text); err != nil {
		return nil, fmt.Errorf("the draft has problems:\n%w", err)
	}
	return e, nil
}

// reader collects what is wrong.
type reader struct{ problems []error }

func (r *reader) bad(format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf(format, args...))
}

func (r *reader) edition(c catalog) *catalogue.Edition {
	p := c.Metadata.Props
	e := &catalogue.Edition{Programme: p.one("programme"), Previous: p.one("previous"), Title: catalogue.Text{i18n.Source: unescape(c.Metadata.Title)}}
	if e.Programme == "" {
		r.bad("the metadata name no programme (property %q of %s): only a catalog that a trusted trader portal wrote can be read back", "programme", Namespace)
		return e
	}
	for _, it := range p {
		if it.Name == "title" && it.NS == Namespace {
			e.Title[it.Class] = it.text()
		}
	}
	day, err := time.Parse(time.DateOnly, p.one("valid-from"))
	if err != nil {
		r.bad("the metadata have no day from which the edition is valid: %q", p.one("valid-from"))
	}
	e.ValidFrom = day
	if c.BackMatter == nil || len(c.BackMatter.Resources) != 1 {
		r.bad("the back matter must name one source")
	} else {
		s := c.BackMatter.Resources[0]
		e.Source = catalogue.Source{Title: unescape(s.Title), Rights: s.Props.one("rights"), Note: unescape(s.Description)}
	}
	if len(c.Controls) > 0 || len(c.Params) > 0 {
		r.bad("the catalog has controls or parameters outside of groups")
	}
	positions := map[string]int{}
	for _, g := range c.Groups {
		switch g.Class {
		case "section":
			r.section(e, g, positions)
		case "changes":
			r.changes(e, g)
		default:
			r.bad("group %q has the unknown class %q", g.ID, g.Class)
		}
	}
	slices.SortStableFunc(e.Criteria, func(a, b catalogue.Criterion) int { return positions[a.ID] - positions[b.ID] })
	return e
}

func (r *reader) section(e *catalogue.Edition, g group, positions map[string]int) {
	if len(g.Groups) > 0 || len(g.Params) > 0 {
		r.bad("group %q has groups or parameters within it", g.ID)
	}
	r.known("group "+g.ID, g.Parts, "title")
	e.Sections = append(e.Sections, catalogue.Section{ID: g.Props.one("id"), Title: titleOf(g.Title, g.Parts)})
	for _, c := range g.Controls {
		cr, position := r.criterion(c)
		positions[cr.ID] = position
		e.Criteria = append(e.Criteria, cr)
	}
}

func (r *reader) changes(e *catalogue.Edition, g group) {
	r.known("group "+g.ID, g.Parts, "change")
	for _, p := range g.Parts {
		e.Changes = append(e.Changes, catalogue.Change{ID: p.Props.one("id"), Kind: catalogue.ChangeKind(p.Class), From: p.Props.all("from"), Note: r.text("change", p)})
	}
}

// known reports parts that would be lost.
func (r *reader) known(where string, p parts, names ...string) {
	if s := p.strangers(names...); s != nil {
		r.bad("%s has parts that are not known here: %s", where, strings.Join(s, ", "))
	}
}

func (r *reader) criterion(c control) (catalogue.Criterion, int) {
	where := "control " + c.ID
	if len(c.Controls) > 0 || len(c.Params) > 0 {
		r.bad("%s has controls or parameters within it", where)
	}
	r.known(where, c.Parts, "title", "statement", "guidance", "why", "evidence", "question")
	p := c.Props
	out := catalogue.Criterion{
		Official: p.one("official") == "true", Level: catalogue.Level(p.one("level")), Title: titleOf(c.Title, c.Parts),
		Requirement: r.single(where, c.Parts, "statement"), Guidance: r.single(where, c.Parts, "guidance"), Why: r.single(where, c.Parts, "why"),
		AppliesTo: p.all("applies-to"), When: p.one("when"), Sections: p.all("section"), FocusArea: p.one("focus-area"), Category: p.one("category"),
		Scope: catalogue.Scope(p.one("scope")), VerifyBy: p.all("verify-by"), WCO: p.all("wco"), LegalBasis: p.one("legal-basis"), Confidence: p.one("confidence"),
	}
	for _, it := range p {
		if it.Name == "label" && it.NS == "" {
			out.ID = it.Value
		}
		if it.Name == "maps-to" && it.NS == Namespace {
			scheme, ref, _ := strings.Cut(it.text(), " ")
			out.MapsTo = append(out.MapsTo, catalogue.Mapping{Scheme: scheme, Ref: ref, Relation: it.Class})
		}
	}
	if out.ID == "" {
		r.bad("%s has no label, which holds the criterion's number", where)
	}
	out.Evidence.Min = r.whole(where, "evidence-min", p)
	for _, it := range c.Parts.named("evidence") {
		out.Evidence.Examples = append(out.Evidence.Examples, r.text(where, it))
	}
	for _, it := range c.Parts.named("question") {
		out.Questions = append(out.Questions, r.question(it))
	}
	return out, r.whole(where, "position", p)
}

func (r *reader) question(p part) catalogue.Question {
	where := "question " + p.Props.one("id")
	r.known(where, p.Parts, "translation", "help", "unit", "option", "column")
	q := catalogue.Question{
		ID: p.Props.one("id"), Kind: catalogue.Kind(p.Class), Level: catalogue.Level(p.Props.one("level")), Text: r.own(p),
		Help: r.single(where, p.Parts, "help"), Required: p.Props.one("required") == "true", When: p.Props.one("when"), Unit: r.single(where, p.Parts, "unit"),
		Min: r.decimal(where, "min", p.Props), Max: r.decimal(where, "max", p.Props), MaxChars: r.whole(where, "max-chars", p.Props),
	}
	for _, o := range p.Parts.named("option") {
		q.Options = append(q.Options, catalogue.Option{Code: o.Props.one("code"), Text: r.text(where, o)})
	}
	for _, c := range p.Parts.named("column") {
		q.Columns = append(q.Columns, catalogue.Column{Code: c.Props.one("code"), Text: r.text(where, c), Kind: catalogue.Kind(c.Class)})
	}
	return q
}

// titleOf is a title with the translations that stand in a part of that name.
func titleOf(title string, p parts) catalogue.Text {
	t := catalogue.Text{i18n.Source: unescape(title)}
	for _, holder := range p.named("title") {
		for _, tr := range holder.Parts.named("translation") {
			t[tr.Class] = unescape(tr.Prose)
		}
	}
	return t
}

// single reads a part that may be there once.
func (r *reader) single(where string, p parts, name string) catalogue.Text {
	found := p.named(name)
	if len(found) == 0 {
		return nil
	}
	if len(found) > 1 {
		r.bad("%s has the part %q more than once", where, name)
	}
	return r.text(where, found[0])
}

// text reads a part that holds a text and nothing else.
func (r *reader) text(where string, p part) catalogue.Text {
	r.known(where+", part "+p.Name, p.Parts, "translation")
	return r.own(p)
}

// own is the text of a part itself.
func (r *reader) own(p part) catalogue.Text {
	t := catalogue.Text{}
	if p.Prose != "" {
		t[i18n.Source] = unescape(p.Prose)
	}
	for _, tr := range p.Parts.named("translation") {
		t[tr.Class] = unescape(tr.Prose)
	}
	if len(t) == 0 {
		return nil
	}
	return t
}

func (r *reader) whole(where, name string, p props) int {
	text := p.one(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		r.bad("%s: the property %s is %q, and should be a whole number", where, name, text)
	}
	return n
}

func (r *reader) decimal(where, name string, p props) *float64 {
	text := p.one(name)
	if text == "" {
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		r.bad("%s: the property %s is %q, and should be a number", where, name, text)
	}
	return &f
}
