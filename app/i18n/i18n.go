// Package i18n is the translation function: every text that a person reads goes
// through it. The English source text is the key; catalogues are PO files under
// config/locales, so that translators use their own tools.
//
// The language travels in the context, the one thing that every component needs.
package i18n

import (
	"context"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/message"
)

// Locale is one language the portal can speak.
type Locale struct {
	Tag  string // BCP 47: "en", "es", "fr"
	Name string // in its own language
}

// Source is the language of the source texts.
const Source = "en"

// Catalogues holds the loaded languages. The zero value speaks English only.
type Catalogues struct {
	po map[string]*catalogue
}

type key struct{}

type speaker struct {
	tag string
	po  *catalogue
}

// Load reads every <tag>.po at the root of files. A broken one is refused with its
// name, line and reason. One without a translation is not offered: people would choose
// it and get English.
func Load(files fs.FS) (*Catalogues, error) {
	c := &Catalogues{po: map[string]*catalogue{}}
	names, err := fs.Glob(files, "*.po")
	if err != nil {
		return nil, fmt.Errorf("list catalogues: %w", err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", name, err)
		}
		tag := strings.TrimSuffix(name, ".po")
		if _, err := language.Parse(tag); err != nil {
			return nil, fmt.Errorf("catalogue %s: %q is not a language tag", name, tag)
		}
		po, err := parse(b)
		if err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", name, err)
		}
		if len(po.texts)+len(po.counts) > 0 {
			c.po[tag] = po
		}
	}
	return c, nil
}

// Locales lists the languages on offer, the source language first.
func (c *Catalogues) Locales() []Locale {
	names := map[string]string{"en": "English", "es": "Español", "fr": "Français"}
	out := []Locale{{Source, names[Source]}}
	var tags []string
	for tag := range c.po {
		if tag != Source {
			tags = append(tags, tag)
		}
	}
	sort.Strings(tags)
	for _, tag := range tags {
		name := names[tag]
		if name == "" {
			name = tag
		}
		out = append(out, Locale{tag, name})
	}
	return out
}

// Match picks the best language for the preferences, most wanted first; each may
// be a tag or a whole Accept-Language header.
func (c *Catalogues) Match(preferences ...string) string {
	locales := c.Locales()
	tags := make([]language.Tag, len(locales))
	for i, l := range locales {
		tags[i] = language.MustParse(l.Tag)
	}
	matcher := language.NewMatcher(tags)
	for _, p := range preferences {
		if p == "" || len(p) > 200 {
			continue
		}
		wanted, _, err := language.ParseAcceptLanguage(p)
		if err != nil || len(wanted) == 0 {
			continue
		}
		if _, i, conf := matcher.Match(wanted...); conf != language.No {
			return locales[i].Tag
		}
	}
	return Source
}

// With returns a context that speaks tag.
func (c *Catalogues) With(ctx context.Context, tag string) context.Context {
	s := speaker{tag: Source}
	if po, ok := c.po[tag]; ok {
		s = speaker{tag: tag, po: po}
	}
	return context.WithValue(ctx, key{}, s)
}

// Lang is the language of ctx.
func Lang(ctx context.Context) string {
	if s, ok := ctx.Value(key{}).(speaker); ok {
		return s.tag
	}
	return Source
}

// T translates an English source text; args fill its printf verbs.
func T(ctx context.Context, text string, args ...any) string {
	if s, ok := ctx.Value(key{}).(speaker); ok && s.po != nil {
		if there := s.po.texts[text]; there != "" {
			text = there
		}
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// N translates a text that counts: one for n = 1, many otherwise, with the plural
// rules of the language. The first verb of both is n itself.
func N(ctx context.Context, one, many string, n int, args ...any) string {
	text := many
	if n == 1 {
		text = one
	}
	if s, ok := ctx.Value(key{}).(speaker); ok && s.po != nil {
		if forms := s.po.counts[countKey(one, many)]; forms != nil {
			text = forms[s.po.form.Eval(uint32(max(n, -n)))]
		}
	}
	return fmt.Sprintf(text, append([]any{n}, args...)...)
}

// Date shows a calendar day in full: "4 March 2026". A zero time shows as a dash.
// The day is taken in t's own zone: convert with In first.
func Date(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	m := T(ctx, t.Month().String())
	switch Lang(ctx) {
	case "es":
		return fmt.Sprintf("%d de %s de %d", t.Day(), m, t.Year())
	default:
		return fmt.Sprintf("%d %s %d", t.Day(), m, t.Year())
	}
}

// DateTime shows an instant in a zone with the zone's offset: "4 March 2026, 14:02 (UTC-05:00)".
func DateTime(ctx context.Context, t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "–"
	}
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	if _, off := t.Zone(); off == 0 {
		return Date(ctx, t) + ", " + t.Format("15:04") + " (UTC)"
	}
	return Date(ctx, t) + ", " + t.Format("15:04") + " (UTC" + t.Format("-07:00") + ")"
}

// Number writes an integer with the language's grouping.
func Number(ctx context.Context, n int64) string {
	return message.NewPrinter(language.Make(Lang(ctx))).Sprintf("%d", n)
}

// Decimal writes an exact decimal, such as -24150.00, with the separators of the language and
// all of its digits. A text that is none stays as it is.
func Decimal(ctx context.Context, text string) string {
	whole, part, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(part, "0123456789") != "" {
		return text
	}
	out := Number(ctx, n)
	if part != "" {
		half := message.NewPrinter(language.Make(Lang(ctx))).Sprintf("%.1f", 0.5)
		out += strings.Trim(half, "05") + part
	}
	if strings.HasPrefix(text, "-") {
		out = "-" + out
	}
	return out
}

// Country is a country's name by its code of two letters (ISO 3166-1); a code that is none
// is shown as it is.
func Country(ctx context.Context, code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	namer := display.Regions(language.Make(Lang(ctx)))
	if namer == nil {
		namer = display.Regions(language.English)
	}
	if name := namer.Name(region); name != "" {
		return name
	}
	return code
}
