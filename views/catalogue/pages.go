// Package catalogue draws the editions of criteria for those who look after the
// installation.
package catalogue

import (
	"context"
	"fmt"
	"slices"
	"strings"

	app "trustedtrader/app/catalogue"
	"trustedtrader/app/i18n"
	"trustedtrader/views/ui"
)

// Names are the short name of a programme and the name of a kind of member, by their codes.
type Names func(programme, entityType string) (string, string)

// ListPage lists the editions.
type ListPage struct {
	ui.Chrome
	Items []app.Item
	Names Names
}

// groups are the editions by programme, as they come.
func (p ListPage) groups() (out [][]app.Item) {
	for i, it := range p.Items {
		if i == 0 || it.Programme != p.Items[i-1].Programme {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], it)
	}
	return out
}

// EditionPage shows what an edition asks, of everybody or of one kind of member.
type EditionPage struct {
	ui.Chrome
	View        app.View
	Names       Names
	EntityTypes []string // those that the edition asks something
	Chosen      string   // one of them; empty: everybody
}

// ChangesPage shows what differs from the edition before.
type ChangesPage struct {
	ui.Chrome
	View  app.View
	Names Names
}

func address(e *app.Edition) string { return "/admin/catalogues/" + e.Programme + "/" + e.ID }

func tabs(ctx context.Context, v app.View, current string) []ui.Tab {
	out := []ui.Tab{{Label: i18n.T(ctx, "Criteria"), Href: address(v.Edition), Current: current == "criteria"}}
	if v.Before != nil {
		out = append(out, ui.Tab{Label: i18n.T(ctx, "Changes since edition %s", v.Before.ID), Href: address(v.Edition) + "/changes", Current: current == "changes"})
	}
	return out
}

func statusTag(ctx context.Context, it app.Item) (ui.Kind, string) {
	switch {
	case it.InForce:
		return ui.Good, i18n.T(ctx, "In force")
	case it.Status == app.Draft:
		return ui.Warn, i18n.T(ctx, "Draft")
	case it.Status == app.Retired:
		return ui.Neutral, i18n.T(ctx, "Retired")
	}
	return ui.Info, i18n.T(ctx, "Published")
}

// statusHint says what the status means for new profiles.
func statusHint(ctx context.Context, it app.Item) string {
	switch {
	case it.InForce:
		return i18n.T(ctx, "Profiles that begin today use this edition.")
	case it.Status == app.Draft:
		return i18n.T(ctx, "No profile uses a draft.")
	case it.Status == app.Retired:
		return i18n.T(ctx, "No new profile begins under this edition. Those begun under it keep it.")
	}
	return i18n.T(ctx, "Profiles begun while it was in force keep it. Of published editions, the newest that is valid is in force.")
}

func profiles(ctx context.Context, it app.Item) string {
	if it.Profiles == 0 {
		return i18n.T(ctx, "No profile uses it")
	}
	return i18n.N(ctx, "%d profile", "%d profiles", it.Profiles) + ", " + i18n.T(ctx, "%d of them open", it.Open)
}

// options are the kinds of members to choose from.
func (p EditionPage) options(ctx context.Context) []ui.Option {
	out := []ui.Option{{Label: i18n.T(ctx, "Everybody")}}
	for _, t := range p.EntityTypes {
		_, name := p.Names(p.View.Programme, t)
		out = append(out, ui.Option{Value: t, Label: i18n.T(ctx, name)})
	}
	return out
}

func (p EditionPage) applies(c app.Criterion) bool {
	return p.Chosen == "" || slices.Contains(c.AppliesTo, p.Chosen)
}

// section lists what is asked in a section: criteria at home there, and others that are
// asked in another section first.
func (p EditionPage) section(id string) (home, guests []app.Criterion) {
	for _, c := range p.View.Criteria {
		switch {
		case !p.applies(c) || !slices.Contains(c.Sections, id):
		case c.Sections[0] == id:
			home = append(home, c)
		default:
			guests = append(guests, c)
		}
	}
	return home, guests
}

func (p EditionPage) counts() app.Counts {
	var list []app.Criterion
	for _, c := range p.View.Criteria {
		if p.applies(c) {
			list = append(list, c)
		}
	}
	return app.Count(list)
}

// asked says of whom a criterion is asked, in the fewest words.
func (p EditionPage) asked(ctx context.Context, c app.Criterion) string {
	var with, without []string
	for _, t := range p.EntityTypes {
		_, name := p.Names(p.View.Programme, t)
		if slices.Contains(c.AppliesTo, t) {
			with = append(with, i18n.T(ctx, name))
		} else {
			without = append(without, i18n.T(ctx, name))
		}
	}
	switch {
	case len(without) == 0:
		return i18n.T(ctx, "Everybody")
	case len(without) < len(with):
		return i18n.T(ctx, "Everybody but: %s", strings.Join(without, "; "))
	}
	return strings.Join(with, "; ")
}

func names(list []app.Criterion) string {
	ids := make([]string, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	return strings.Join(ids, ", ")
}

// level is a level in words.
func level(ctx context.Context, l app.Level) string {
	if l == app.Must {
		return i18n.T(ctx, "Must")
	}
	return i18n.T(ctx, "Should")
}

func kind(ctx context.Context, k app.Kind) string {
	switch k {
	case app.YesNo:
		return i18n.T(ctx, "yes or no")
	case app.Choice:
		return i18n.T(ctx, "one of a list")
	case app.Checklist:
		return i18n.T(ctx, "any of a list")
	case app.Narrative:
		return i18n.T(ctx, "text")
	case app.Number:
		return i18n.T(ctx, "number")
	case app.Date:
		return i18n.T(ctx, "date")
	case app.Table:
		return i18n.T(ctx, "table")
	case app.Persons:
		return i18n.T(ctx, "list of people")
	case app.File:
		return i18n.T(ctx, "file")
	}
	return string(k)
}

// about is what a question asks for, in a line.
func about(ctx context.Context, c app.Criterion, q app.Question) string {
	out := kind(ctx, q.Kind)
	if q.Required {
		out += ", " + i18n.T(ctx, "required")
	}
	if q.Level != c.Level {
		out += ", " + strings.ToLower(level(ctx, q.Level))
	}
	return out
}

func mappings(c app.Criterion) string {
	out := make([]string, len(c.MapsTo))
	for i, m := range c.MapsTo {
		out[i] = fmt.Sprintf("%s %s", m.Scheme, m.Ref)
	}
	return strings.Join(out, ", ")
}

func changeTag(ctx context.Context, k app.ChangeKind) (ui.Kind, string) {
	switch k {
	case app.New:
		return ui.Good, i18n.T(ctx, "New")
	case app.Split:
		return ui.Info, i18n.T(ctx, "Split")
	case app.Merged:
		return ui.Info, i18n.T(ctx, "Merged")
	case app.Withdrawn:
		return ui.Neutral, i18n.T(ctx, "Withdrawn")
	case app.Reworded:
		return ui.Warn, i18n.T(ctx, "Changed")
	}
	return ui.Neutral, i18n.T(ctx, "Unchanged")
}

// said is what the change list calls a difference, or what it is.
func said(d app.Difference) app.ChangeKind {
	if d.Listed != nil {
		return d.Listed.Kind
	}
	return d.Kind
}

func titleOf(d app.Difference) app.Text {
	if d.Kind == app.Withdrawn {
		return d.Was.Title
	}
	return d.Is.Title
}

// answers are the differences that concern answers; the rest changed in help only.
func (p ChangesPage) answers() (out []app.Difference) {
	for _, d := range p.View.Differences {
		if !helpOnly(d) {
			out = append(out, d)
		}
	}
	return out
}

// help names the criteria of which only guidance or other details changed.
func (p ChangesPage) help() string {
	var ids []string
	for _, d := range p.View.Differences {
		if helpOnly(d) {
			ids = append(ids, d.ID)
		}
	}
	return strings.Join(ids, ", ")
}

func helpOnly(d app.Difference) bool {
	return d.Kind == app.Unchanged && d.Listed == nil && d.Faults == nil
}

// foreign is the language of a text when it is not that of the page.
func foreign(ctx context.Context, t app.Text) (text, lang string) {
	text, lang = t.In(i18n.Lang(ctx))
	if lang == i18n.Lang(ctx) {
		return text, ""
	}
	return text, lang
}
