package company

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	app "trustedtrader/app/company"
	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
	"trustedtrader/app/identifier"
	"trustedtrader/views/ui"
)

// country is a country's name in the language of the page.
func country(ctx context.Context, code string) string { return i18n.Country(ctx, code) }

func countryOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, code := range app.Countries() {
		out = append(out, ui.Option{Value: code, Label: country(ctx, code)})
	}
	order := collate.New(language.Make(i18n.Lang(ctx)))
	slices.SortFunc(out, func(a, b ui.Option) int { return order.CompareString(a.Label, b.Label) })
	return out
}

// zoneOptions lists time zones under their part of the world; those of the country
// that is chosen already come first.
func zoneOptions(ctx context.Context, countryCode string) []ui.Option {
	var out []ui.Option
	near := app.Zones(countryCode)
	for _, z := range near {
		out = append(out, ui.Option{Value: z, Label: zoneName(z), Group: country(ctx, countryCode)})
	}
	for _, z := range app.AllZones() {
		if slices.Contains(near, z) {
			continue
		}
		part, _, _ := strings.Cut(z, "/")
		out = append(out, ui.Option{Value: z, Label: zoneName(z), Group: part})
	}
	return out
}

func zoneName(zone string) string { return strings.ReplaceAll(zone, "_", " ") }

func activityOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, a := range app.Activities() {
		out = append(out, ui.Option{Value: a, Label: i18n.T(ctx, app.ActivityName(a))})
	}
	return out
}

func kindOptions(ctx context.Context) []ui.Option {
	hints := map[string]string{
		app.Officer:    i18n.T(ctx, "A person who may bind the company, such as a director. The primary contact is one"),
		app.Employee:   i18n.T(ctx, "A person who works for the company"),
		app.Consultant: i18n.T(ctx, "A person from outside who helps the company. Never the primary contact"),
	}
	var out []ui.Option
	for _, k := range app.Kinds() {
		out = append(out, ui.Option{Value: k, Label: i18n.T(ctx, app.KindName(k)), Hint: hints[k]})
	}
	return out
}

func schemeOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, s := range identifier.Schemes() {
		out = append(out, ui.Option{Value: s.Code, Label: i18n.T(ctx, s.Name)})
	}
	return out
}

func schemeName(ctx context.Context, code string) string {
	if s, ok := identifier.Lookup(code); ok {
		return i18n.T(ctx, s.Name)
	}
	return code
}

// isoDate shows a day kept as 2006-01-02.
func isoDate(ctx context.Context, s string) string {
	if d, err := time.Parse(time.DateOnly, s); err == nil {
		return i18n.Date(ctx, d)
	}
	return s
}

func day(ctx context.Context, t *time.Time) string {
	if t == nil {
		return ""
	}
	return i18n.Date(ctx, *t)
}

// value is a value of a record in words.
func value(ctx context.Context, subject app.Subject, field, v string) string {
	switch field {
	case "country":
		return country(ctx, v)
	case "founded_on", "effective_on", "closed_on":
		return isoDate(ctx, v)
	case "zone":
		return zoneName(v)
	case "status":
		return i18n.T(ctx, app.Status(v).Name())
	}
	text, ours := app.ValueText(subject, field, v)
	if ours {
		return i18n.T(ctx, text)
	}
	return text
}

func address(ctx context.Context, s app.Site) string {
	var parts []string
	for _, p := range []string{s.Street, strings.TrimSpace(s.Postcode + " " + s.City), s.Region, country(ctx, s.Country)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

func statusKind(s app.Status) ui.Kind {
	switch s {
	case app.Sent:
		return ui.Waiting
	case app.Returned:
		return ui.Warn
	case app.Accepted, app.Applied:
		return ui.Good
	case app.Draft:
		return ui.Info
	}
	return ui.Neutral
}

func title(ctx context.Context, c app.Change) string {
	text, args := c.Title()
	return i18n.T(ctx, text, args...)
}

// changed is a change of words for the table of a conflict.
func changed(ctx context.Context, list []fault.Change) []fault.Change {
	out := slices.Clone(list)
	for i, c := range out {
		field := map[string]string{"Country": "country", "Founded on": "founded_on", "Effective day": "effective_on", "Time zone": "zone"}[c.Label]
		out[i].Yours, out[i].Theirs = value(ctx, "", field, c.Yours), value(ctx, "", field, c.Theirs)
	}
	return out
}

// deed says in words what an event of the history did.
func deed(ctx context.Context, e app.HistoryEntry) string {
	words := map[string]string{
		"company.register": "Registered the company", "company.change": "Changed the company details",
		"trade_name.add": "Added a trade name", "trade_name.remove": "Removed a trade name",
		"site.add": "Added a site", "site.change": "Changed a site", "site.close": "Closed a site",
		"contact.add": "Added a contact", "contact.change": "Changed a contact", "contact.remove": "Removed a contact",
		"contact.make_primary": "Changed the primary contact",
		"identifier.add":       "Added a number", "identifier.remove": "Removed a number",
		"change_notice.open": "Opened a change notice", "change_notice.edit": "Edited a change notice",
		"change_notice.propose": "Added to a change notice", "change_notice.drop": "Took a change out of a notice",
		"change_notice.send": "Sent a change notice", "change_notice.withdraw": "Withdrew a change notice",
		"change_notice.accept": "Accepted a change notice", "change_notice.return": "Returned a change notice",
		"change_notice.apply": "Carried out a change notice",
	}
	if w, ok := words[e.Action]; ok {
		return i18n.T(ctx, w)
	}
	return e.Action
}

// lines are the values of an event before and after, those that have a name.
func lines(ctx context.Context, e app.HistoryEntry) (out []ui.Pair) {
	subject := app.Subject(e.SubjectKind)
	if s := e.After["subject"] + e.Before["subject"]; s != "" {
		subject = app.Subject(s)
	}
	var names []string
	for _, m := range []map[string]string{e.Before, e.After} {
		for n := range m {
			if app.FieldLabel(subject, n) != "" && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	for _, n := range names {
		was, is := value(ctx, subject, n, e.Before[n]), value(ctx, subject, n, e.After[n])
		text := is
		switch {
		case was != "" && is != "":
			text = i18n.T(ctx, "%s, before: %s", is, was)
		case was != "":
			text = i18n.T(ctx, "removed; it was %s", was)
		}
		out = append(out, ui.Pair{Key: i18n.T(ctx, app.FieldLabel(subject, n)), Value: text})
	}
	return out
}

func actor(ctx context.Context, e app.HistoryEntry) string {
	switch {
	case e.Audience == "staff":
		return i18n.T(ctx, "The agency")
	case e.Audience == "system":
		return i18n.T(ctx, "The portal")
	}
	return e.Actor
}

// subjectPath is the part of an address that names what a change is about.
func subjectPath(s app.Subject, id string) string { return "/items/" + string(s) + "/" + id }

// CountryOptions lists countries by name.
func CountryOptions(ctx context.Context) []ui.Option { return countryOptions(ctx) }

// ZoneOptions lists time zones, those of a country first.
func ZoneOptions(ctx context.Context, country string) []ui.Option { return zoneOptions(ctx, country) }

// CountryName is a country in words.
func CountryName(ctx context.Context, code string) string { return country(ctx, code) }
