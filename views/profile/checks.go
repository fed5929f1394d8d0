package profile

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"trustedtrader/app/catalogue"
	"trustedtrader/app/evidence"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	app "trustedtrader/app/profile"
	"trustedtrader/views/ui"
)

func findingsOf(c app.Checks, s app.Severity) (out []app.Finding) {
	for _, f := range c.Findings {
		if f.Severity == s {
			out = append(out, f)
		}
	}
	return out
}

// criteriaOf lists the criteria of a section, each under the first of its sections.
func criteriaOf(p *app.Profile, section string) (out []catalogue.Criterion) {
	for _, c := range p.Form.Criteria {
		if home(c) == section {
			out = append(out, c)
		}
	}
	return out
}

// open reports whether the profile waits to be submitted.
func (p SubmitPage) open() bool { return p.Cycle.Status == app.Open || p.Cycle.Status == app.Returned }

func (p SubmitPage) lead(ctx context.Context) string {
	if p.open() {
		return i18n.T(ctx, "This is what you send. Change what is not right.")
	}
	return ""
}

// summary are the problems that a field of this page can mend. What criteria lack is listed
// by the checks.
func (p SubmitPage) summary() (out []fault.Field) {
	for _, f := range p.Errors {
		switch f.Name {
		case "attested", "name", "title", "warnings":
			out = append(out, f)
		}
	}
	return out
}

// summaryRows are the answers to a criterion, with those of sites and the evidence.
func summaryRows(ctx context.Context, checks app.Checks, c catalogue.Criterion) (out []ui.SummaryRow) {
	p := checks.Profile
	for _, q := range c.Questions {
		if p.Shown.Question(q.ID) {
			g, _ := p.Given(q.ID, uuid.Nil)
			out = append(out, ui.SummaryRow{Key: say(ctx, q.Text), Value: apart(ctx, q, g.Value)})
		}
		for _, site := range p.Sites {
			if x, ok := p.Given(q.ID, site.ID); ok && p.At(site.ID).Question(q.ID) {
				out = append(out, ui.SummaryRow{Key: i18n.T(ctx, "%s, at %s", say(ctx, q.Text), site.Name), Value: apart(ctx, q, x.Value)})
			}
		}
	}
	var items []string
	for _, l := range checks.Links {
		if l.Criterion == c.ID {
			items = append(items, evidenceText(ctx, l))
		}
	}
	if len(items) > 0 || p.Needs(c) > 0 {
		out = append(out, ui.SummaryRow{Key: i18n.T(ctx, "Evidence"), Value: strings.Join(items, "\n")})
	}
	return out
}

// apart is an answer in words, with air between the rows of a table.
func apart(ctx context.Context, q catalogue.Question, a catalogue.Answer) string {
	words := q.Words(ctx, a)
	if q.Kind == catalogue.Table || q.Kind == catalogue.Persons {
		return strings.ReplaceAll(words, "\n", "\n\n")
	}
	return words
}

// sentence ends a text with a full stop, unless it ends with the words of a question.
func sentence(text string) string {
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// evidenceText names an item of evidence with its version: "Alarm contract, version 2 (contract.pdf)".
func evidenceText(ctx context.Context, l evidence.Link) string {
	text := l.Title
	switch {
	case l.FileName != "":
		text = i18n.T(ctx, "%s, version %d (%s)", l.Title, l.Number, l.FileName)
	case l.URL != "":
		text += ", " + l.URL
	}
	if l.Site != "" {
		text += ", " + i18n.T(ctx, "for %s", l.Site)
	}
	return text
}

func siteName(s app.Site) string { return s.Name + ", " + s.City }
