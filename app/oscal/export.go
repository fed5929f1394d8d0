// Package oscal writes an edition of criteria as OSCAL 1.1 JSON of the National Institute
// of Standards and Technology, and reads it back: a catalog for the edition, and a profile
// for what each kind of member is asked. Other programmes and their tools exchange criteria
// in this form.
//
// A section becomes a group, a criterion a control within its first section, statement,
// guidance, evidence and questions become parts. What OSCAL has no word for is a property
// or part in our namespace, so that nothing is lost on the way back.
package oscal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/i18n"
)

// Version is the version of OSCAL that is written.
const Version = "1.1.3"

// Namespace marks properties and parts of ours.
const Namespace = "urn:trusted-trader:oscal:1"

// id makes the same UUID for the same thing of the same edition.
func id(e *catalogue.Edition, what string) string {
	return uuid.NewSHA1(uuid.NewSHA1(uuid.NameSpaceURL, []byte(Namespace)), []byte(e.Hash+" "+what)).String()
}

// ControlID is the name of a criterion in OSCAL, where a name begins with a letter.
func ControlID(e *catalogue.Edition, criterion string) string { return e.Programme + "-" + criterion }

// CatalogFile is how the file of an edition is called; profiles refer to it.
func CatalogFile(e *catalogue.Edition) string {
	return e.Programme + "-" + e.ID + "-catalog.json"
}

// ProfileFile is how the file of a kind of member is called.
func ProfileFile(e *catalogue.Edition, entityType string) string {
	return e.Programme + "-" + e.ID + "-" + entityType + "-profile.json"
}

// Catalog writes an edition.
func Catalog(e *catalogue.Edition) ([]byte, error) {
	c := catalog{UUID: id(e, "catalog"), Metadata: about(e, e.Title.String())}
	c.Metadata.Props.add("status", string(e.Status))
	c.Metadata.Props.add("valid-from", e.ValidFrom.Format(time.DateOnly))
	c.Metadata.Props.add("previous", e.Previous)
	for _, t := range translations(e.Title) {
		c.Metadata.Props.classed("title", t.Class, unescape(t.Prose))
	}
	source := resource{UUID: id(e, "source"), Title: escape(e.Source.Title), Description: escape(e.Source.Note)}
	source.Props.add("rights", e.Source.Rights)
	c.BackMatter = &backMatter{Resources: []resource{source}}
	for _, s := range e.Sections {
		g := group{ID: "section-" + s.ID, Class: "section", Title: escape(s.Title.String()), Parts: titles(s.Title)}
		g.Props.add("id", s.ID)
		for i, cr := range e.Criteria {
			if cr.Sections[0] == s.ID {
				g.Controls = append(g.Controls, controlOf(e, cr, i+1))
			}
		}
		c.Groups = append(c.Groups, g)
	}
	if len(e.Changes) > 0 {
		g := group{ID: "changes", Class: "changes", Title: "Changes since edition " + escape(e.Previous)}
		for _, ch := range e.Changes {
			p := textPart("change", ch.Note)
			p.Class = string(ch.Kind)
			p.Props.add("id", ch.ID)
			for _, from := range ch.From {
				p.Props.add("from", from)
			}
			g.Parts = append(g.Parts, p)
		}
		c.Groups = append(c.Groups, g)
	}
	return write(catalogFile{c})
}

// Profile selects from the catalog what a kind of member is asked. Conditions between
// questions stay with the controls: a profile cannot say them.
func Profile(e *catalogue.Edition, entityType string) ([]byte, error) {
	form := e.Form(entityType)
	if len(form.Criteria) == 0 {
		return nil, fmt.Errorf("edition %s of %s asks nothing of %q", e.ID, e.Programme, entityType)
	}
	p := profile{UUID: id(e, "profile "+entityType), Metadata: about(e, e.Title.String()+": "+entityType), Merge: merge{AsIs: true}}
	p.Metadata.Props.add("entity-type", entityType)
	ids := make([]string, len(form.Criteria))
	for i, c := range form.Criteria {
		ids[i] = ControlID(e, c.ID)
	}
	whole := resource{UUID: id(e, "catalog file"), Title: escape(e.Title.String()), Links: []target{{CatalogFile(e), "application/json"}}}
	p.Imports = []selection{{Href: "#" + whole.UUID, Include: []withIDs{{ids}}}}
	p.BackMatter.Resources = []resource{whole}
	return write(profileFile{p})
}

// EntityTypes lists the kinds of members that an edition asks something, in the order in
// which the criteria name them.
func EntityTypes(e *catalogue.Edition) (out []string) {
	for _, c := range e.Criteria {
		for _, t := range c.AppliesTo {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

func write(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write OSCAL: %w", err)
	}
	return b.Bytes(), nil
}

func about(e *catalogue.Edition, title string) metadata {
	m := metadata{Title: escape(title), LastModified: e.ValidFrom.Format(time.RFC3339), Version: e.ID, OSCALVersion: Version}
	m.Props.add("programme", e.Programme)
	m.Props.add("sha256", e.Hash)
	return m
}

// translations are parts with a text in each language besides the source.
func translations(t catalogue.Text) (out parts) {
	for lang, text := range t {
		if lang != i18n.Source {
			out = append(out, part{Name: "translation", NS: Namespace, Class: lang, Prose: escape(text)})
		}
	}
	slices.SortFunc(out, func(a, b part) int { return compare(a.Class, b.Class) })
	return out
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// titles hold the translations of a title, which OSCAL writes in one language.
func titles(t catalogue.Text) parts {
	if tr := translations(t); tr != nil {
		return parts{{Name: "title", NS: Namespace, Parts: tr}}
	}
	return nil
}

// textPart is a text of ours with its translations.
func textPart(name string, t catalogue.Text) part {
	return part{Name: name, NS: Namespace, Prose: escape(t.String()), Parts: translations(t)}
}

// standard is a part that OSCAL has a name for.
func standard(id, name string, t catalogue.Text) part {
	p := textPart(name, t)
	p.ID, p.NS = id, ""
	return p
}

func controlOf(e *catalogue.Edition, c catalogue.Criterion, position int) control {
	name := ControlID(e, c.ID)
	out := control{ID: name, Class: "criterion", Title: escape(c.Title.String())}
	p := &out.Props
	*p = append(*p, property{Name: "label", Value: c.ID})
	p.add("position", strconv.Itoa(position))
	p.add("official", strconv.FormatBool(c.Official))
	p.add("level", string(c.Level))
	p.add("scope", string(c.Scope))
	p.add("when", c.When)
	p.add("focus-area", c.FocusArea)
	p.add("category", c.Category)
	p.add("legal-basis", c.LegalBasis)
	p.add("confidence", c.Confidence)
	for _, list := range []struct {
		name   string
		values []string
	}{{"applies-to", c.AppliesTo}, {"section", c.Sections}, {"verify-by", c.VerifyBy}, {"wco", c.WCO}} {
		for _, v := range list.values {
			p.add(list.name, v)
		}
	}
	if c.Evidence.Min > 0 {
		p.add("evidence-min", strconv.Itoa(c.Evidence.Min))
	}
	for _, m := range c.MapsTo {
		p.classed("maps-to", m.Relation, m.Scheme+" "+m.Ref)
	}
	out.Parts = append(titles(c.Title), standard(name+"_smt", "statement", c.Requirement))
	if len(c.Guidance) > 0 {
		out.Parts = append(out.Parts, standard(name+"_gdn", "guidance", c.Guidance))
	}
	if len(c.Why) > 0 {
		out.Parts = append(out.Parts, textPart("why", c.Why))
	}
	for _, t := range c.Evidence.Examples {
		out.Parts = append(out.Parts, textPart("evidence", t))
	}
	for _, q := range c.Questions {
		out.Parts = append(out.Parts, questionOf(e, q))
	}
	return out
}

func questionOf(e *catalogue.Edition, q catalogue.Question) part {
	p := textPart("question", q.Text)
	p.ID, p.Class = e.Programme+"-q-"+q.ID, string(q.Kind)
	p.Props.add("id", q.ID)
	p.Props.add("level", string(q.Level))
	p.Props.add("required", strconv.FormatBool(q.Required))
	p.Props.add("when", q.When)
	for _, limit := range []struct {
		name  string
		value *float64
	}{{"min", q.Min}, {"max", q.Max}} {
		if limit.value != nil {
			p.Props.add(limit.name, strconv.FormatFloat(*limit.value, 'g', -1, 64))
		}
	}
	if q.MaxChars > 0 {
		p.Props.add("max-chars", strconv.Itoa(q.MaxChars))
	}
	if len(q.Help) > 0 {
		p.Parts = append(p.Parts, textPart("help", q.Help))
	}
	if len(q.Unit) > 0 {
		p.Parts = append(p.Parts, textPart("unit", q.Unit))
	}
	for _, o := range q.Options {
		option := textPart("option", o.Text)
		option.Props.add("code", o.Code)
		p.Parts = append(p.Parts, option)
	}
	for _, col := range q.Columns {
		column := textPart("column", col.Text)
		column.Class = string(col.Kind)
		column.Props.add("code", col.Code)
		p.Parts = append(p.Parts, column)
	}
	return p
}
