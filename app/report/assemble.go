package report

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"trustedtrader/app/finding"
	"trustedtrader/app/i18n"
	"trustedtrader/app/pg"
	"trustedtrader/app/programme"
	"trustedtrader/app/validation"
)

// material is what a report is assembled from.
type material struct {
	source
	v        validation.Validation
	p        *programme.Programme
	findings *finding.Steps
}

func (s *Service) gather(ctx context.Context, tx pg.Tx, v validation.Validation) (material, error) {
	text, err := materialOf(ctx, tx, v.ID)
	if err != nil {
		return material{}, err
	}
	return s.material(v, text)
}

// material reads the document of materialSQL.
func (s *Service) material(v validation.Validation, text string) (m material, err error) {
	m.v, m.findings = v, s.Findings
	if m.p, err = s.Findings.Rules(v); err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(text), &m.source); err != nil {
		return m, fmt.Errorf("read what was found: %w", err)
	}
	return m, nil
}

// sections assembles every section of the programme's report. Reports are in the programme's
// own language, as letters are.
func (m material) sections(ctx context.Context) (out Sections) {
	for _, x := range m.p.Validation.Report.Sections {
		text := m.fill(ctx, x.Fill)
		out = append(out, Section{Code: x.Code, Title: x.Title, Text: text, Filled: text, Version: 1})
	}
	return out
}

func (m material) fill(ctx context.Context, what string) string {
	switch what {
	case "company":
		return m.company(ctx)
	case "visits":
		return m.where(ctx)
	case "verified":
		return m.looked(ctx)
	case "actions":
		return m.list(ctx, finding.ActionRequired, i18n.T(ctx, "No action is required."))
	case "recommendations":
		return m.list(ctx, finding.Recommendation, i18n.T(ctx, "There are no recommendations."))
	case "best_practices":
		return m.list(ctx, finding.BestPractice, i18n.T(ctx, "No best practices were found."))
	case "conclusion":
		return m.conclusion(ctx)
	}
	return ""
}

func (m material) company(ctx context.Context) string {
	e, _ := m.p.EntityType(m.v.EntityType)
	lines := []string{fmt.Sprintf("%s, %s. %s, %s.", m.Place.Company, i18n.Country(ctx, m.Place.Country), i18n.T(ctx, m.p.ShortName), i18n.T(ctx, e.Name))}
	if m.Place.Number != "" {
		tier, _ := m.p.Tier(m.Place.Tier)
		line := i18n.T(ctx, "Membership %s, %s", m.Place.Number, i18n.T(ctx, tier.Name))
		if m.Place.CertifiedOn != nil {
			line += ", " + i18n.T(ctx, "certified on %s", m.Place.CertifiedOn.Text(ctx))
		}
		lines = append(lines, line+".")
	}
	if m.Place.Reference != "" {
		lines = append(lines, i18n.T(ctx, "Application %s.", m.Place.Reference))
	}
	lines = append(lines, i18n.N(ctx, "%d open site.", "%d open sites.", m.Place.Sites))
	return strings.Join(lines, "\n")
}

func (m material) where(ctx context.Context) string {
	var out []string
	for _, x := range m.Visits {
		kind, _ := m.p.Validation.Place(x.Kind)
		lines := []string{fmt.Sprintf("%d. %s", x.Number, join(", ", x.Place, x.Party, x.Address, i18n.Country(ctx, x.Country)))}
		lines = append(lines, "- "+i18n.T(ctx, kind.Name))
		if when := x.when(); !when.IsZero() {
			lines = append(lines, "- "+when.Site(ctx))
		}
		if x.ReliedOn != "" {
			lines = append(lines, "- "+i18n.T(ctx, "Relied upon: %s", x.ReliedOn))
		}
		if x.Team != nil {
			lines = append(lines, "- "+i18n.T(ctx, "Visited by %s", strings.Join(x.Team, ", ")))
		}
		if x.Hosts != "" {
			lines = append(lines, "- "+i18n.T(ctx, "Hosts: %s", strings.Join(strings.Fields(x.Hosts), " ")))
		}
		out = append(out, strings.Join(lines, "\n"))
	}
	if out == nil {
		return i18n.T(ctx, "Nothing was visited.")
	}
	return strings.Join(out, "\n\n")
}

func join(by string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), by)
}

func (m material) looked(ctx context.Context) string {
	var out []string
	for _, x := range m.Visits {
		var lines []string
		for _, r := range x.Verified {
			var ways []string
			for _, code := range r.Methods {
				way, _ := m.p.Validation.Method(code)
				ways = append(ways, i18n.T(ctx, way.Name))
			}
			line := "- " + m.named(ctx, r.Criterion) + ": " + i18n.T(ctx, resultName(r.Result))
			if ways != nil {
				line += " (" + strings.Join(ways, ", ") + ")"
			}
			lines = append(lines, line)
		}
		if lines != nil {
			out = append(out, fmt.Sprintf("%d. %s\n%s", x.Number, x.Place, strings.Join(lines, "\n")))
		}
	}
	if out == nil {
		return i18n.T(ctx, "No criterion was verified.")
	}
	return strings.Join(out, "\n\n")
}

// named is a criterion with its title.
func (m material) named(ctx context.Context, id string) string {
	c, ok := m.findings.Criterion(m.v.Programme, id)
	if !ok {
		return id
	}
	title, _ := c.Title.In(i18n.Lang(ctx))
	return id + " " + title
}

// resultName is the result of a verification for a person to read (English source text).
func resultName(code string) string {
	return map[string]string{"verified": "Verified", "partly": "Partly verified", "not_verified": "Not verified", "not_applicable": "Not applicable"}[code]
}

func (m material) list(ctx context.Context, kind, none string) string {
	var out []string
	for _, f := range m.Found {
		if f.Kind != kind {
			continue
		}
		lines := []string{fmt.Sprintf("%s: %s", f.Reference, f.Title), m.named(ctx, f.Criterion)}
		if f.Place != "" {
			lines = append(lines, i18n.T(ctx, "Found at: %s", f.Place))
		}
		lines = append(lines, f.Facts)
		if f.Wanted != "" {
			lines = append(lines, i18n.T(ctx, "To be done: %s", f.Wanted))
		}
		for _, e := range m.p.Validation.Findings.Elements {
			if text := f.Elements[e.Code]; text != "" {
				lines = append(lines, "- "+i18n.T(ctx, e.Name)+": "+text)
			}
		}
		out = append(out, strings.Join(lines, "\n"))
	}
	if out == nil {
		return none
	}
	return strings.Join(out, "\n\n")
}

func (m material) conclusion(ctx context.Context) string {
	var looked, verified, actions int
	for _, x := range m.Visits {
		for _, r := range x.Verified {
			if looked++; r.Result == "verified" {
				verified++
			}
		}
	}
	for _, f := range m.Found {
		if f.Kind == finding.ActionRequired {
			actions++
		}
	}
	return strings.Join([]string{
		i18n.N(ctx, "%d criterion was looked at on site,", "%d criteria were looked at on site,", looked) + " " + i18n.N(ctx, "%d was verified in full.", "%d were verified in full.", verified),
		i18n.N(ctx, "%d action is required.", "%d actions are required.", actions),
	}, "\n")
}

// content is what a report says at a step.
func (m material) content(r Report, step string) Content {
	c := Content{Reference: m.v.Reference, Company: m.Place.Company, Programme: m.v.Programme, EntityType: m.v.EntityType, Kind: m.v.Kind, Step: step, Findings: m.Found}
	for _, x := range r.Sections {
		c.Sections = append(c.Sections, Part{Code: x.Code, Title: x.Title, Text: x.Text})
	}
	if step == StepSubmitted {
		c.Outcome, c.Tier = r.Outcome, r.Tier
	}
	return c
}

// Fresh is a section that would be another if it were assembled again.
type Fresh struct {
	Section
	Now string // what it would be
}

// fresh lists the sections for which there is something new to assemble.
func (m material) fresh(ctx context.Context, r Report) (out []Fresh) {
	for _, x := range m.sections(ctx) {
		if there := r.Sections.Find(x.Code); there != nil && x.Text != "" && there.Filled != x.Text {
			out = append(out, Fresh{*there, x.Text})
		}
	}
	return out
}
