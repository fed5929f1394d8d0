package help

import (
	"context"
	"regexp"

	"trustedtrader/app/i18n"
)

// span is a piece of a guide's text: plain, the name of something on a page, or a link.
type span struct {
	text, href string
	name       bool
}

var marks = regexp.MustCompile(`\*\*([^*]+)\*\*|\[([^\]]+)\]\((/[^)\s]*)\)`)

func spans(text string) (out []span) {
	at := 0
	for _, m := range marks.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > at {
			out = append(out, span{text: text[at:m[0]]})
		}
		if m[2] >= 0 {
			out = append(out, span{text: text[m[2]:m[3]], name: true})
		} else {
			out = append(out, span{text: text[m[4]:m[5]], href: text[m[6]:m[7]]})
		}
		at = m[1]
	}
	if at < len(text) {
		out = append(out, span{text: text[at:]})
	}
	return out
}

// Texts lists every text of a guide, for tests and translators.
func (g Guide) Texts() (out []string) {
	out = append(out, g.Title, g.For)
	for _, p := range g.Parts {
		out = append(append(append(out, p.Title, p.Intro), p.Steps...), p.Points...)
	}
	return out
}

// Names are what a text calls by the name that a page shows; Links are where it leads.
func Names(text string) (names, links []string) {
	for _, s := range spans(text) {
		if s.name {
			names = append(names, s.text)
		}
		if s.href != "" {
			links = append(links, s.href)
		}
	}
	return names, links
}

func cells(list []Period) (rows [][]string) {
	for _, p := range list {
		rows = append(rows, []string{p.Name, p.Programme, p.Length, p.Source})
	}
	return rows
}

func clocksCaption(ctx context.Context, o Owner) string {
	switch o {
	case AgencyClocks:
		return i18n.T(ctx, "Periods that the agency must keep, from the programmes' rules")
	case "":
		return i18n.T(ctx, "Periods, from the programmes' rules")
	}
	return i18n.T(ctx, "Periods that the company must keep, from the programmes' rules")
}
