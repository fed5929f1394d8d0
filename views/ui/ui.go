// Package ui holds the portal's page layout and its components: form fields,
// error summary, task list, tags, tables, clocks and the rest.
//
// Components take strings and fault.Field, never domain types, and decide
// nothing. Strings handed to a component are already translated, because only
// the caller knows whether a text is ours (i18n.T) or a company's. The words a
// component brings itself ("Change", "Not started", "Error:") and the messages of
// a fault.Field are translated here.
//
// Nothing writes an inline style or script: the content security policy forbids
// both. Pictures are inline SVG; what is drawn is always said in text beside it.
// Every component has its states in cmd/gallery.
package ui

import (
	"context"
	"strings"
	"time"

	"trustedtrader/app/fault"
	"trustedtrader/app/i18n"
)

// Chrome is what every page needs around its content. The zero value draws a
// complete page, so that an error page can be shown before any session exists.
type Chrome struct {
	Title      string // of the page, translated, without the portal's name
	Brand      Brand
	Demo       bool   // show the DEMO ribbon
	DemoNote   string // the sentence beside it
	Asset      func(name string) string
	Actor      Who
	SignedIn   bool
	SignInHref string // shown as "Sign in" when nobody is signed in
	CSRF       string
	Flash      *Flash
	Nav        []NavItem
	Locales    []i18n.Locale
	Lang       string // the page's language; empty takes the context's
	Path       string // of this page, with its query: where a language switch returns to
	Session    *SessionWarn
	RequestID  string // the reference a person can quote
	Errors     bool   // the page shows an error summary: its title says so
	Wide       bool   // for queues and boards
	Combo      bool   // the page has a Select with Combo: load its script
	Breadcrumb []Crumb
	Help       string // the part of a guide that is about this page
}

// Brand is the administration's name and look, from configuration.
type Brand struct {
	Name   string // "Trusted Trader Portal"
	Short  string // for narrow screens
	Mark   string // asset name of a logo, or empty
	Notice string // the sentence above the header: who runs this site
}

// Who is the signed-in person as the header names them.
type Who struct {
	Name       string
	Role       string
	Acting     string // the company, office or agency they act for
	SwitchHref string // to act for another one; empty when there is only one
}

// Flash is a message about what just happened, shown once.
type Flash struct {
	Kind Kind
	Text string
}

// NavItem is an entry of the main navigation.
type NavItem struct {
	Label, Href string
	Current     bool
	Count       int // of things waiting; 0 shows nothing
}

// Crumb is a step of the breadcrumb; the last one has no Href.
type Crumb struct{ Label, Href string }

// SessionWarn tells the page when to warn before signing the person out.
type SessionWarn struct {
	IdleSeconds int // until sign-out without activity
	WarnSeconds int // before that, when to warn
	ExtendPath  string
	SignInPath  string
}

// Kind is the tone of a tag, alert or event: a colour and an icon, always
// together with a word.
type Kind string

// The six kinds.
const (
	Neutral Kind = "neutral"
	Info    Kind = "info"
	Good    Kind = "good"
	Warn    Kind = "warn"
	Bad     Kind = "bad"
	Waiting Kind = "waiting" // someone else's turn, or a clock that is paused
)

func (k Kind) icon() string {
	switch k {
	case Info:
		return "info"
	case Good:
		return "check_circle"
	case Warn:
		return "warning"
	case Bad:
		return "error"
	case Waiting:
		return "hourglass_empty"
	}
	return "radio_button_unchecked"
}

// word is the kind in a word, for those who see neither colour nor icon.
func (k Kind) word(ctx context.Context) string {
	switch k {
	case Good:
		return i18n.T(ctx, "Success")
	case Warn:
		return i18n.T(ctx, "Warning")
	case Bad:
		return i18n.T(ctx, "Error")
	}
	return i18n.T(ctx, "Information")
}

// uswds is the name of the alert's look in USWDS.
func (k Kind) uswds() string {
	switch k {
	case Good:
		return "success"
	case Warn, Waiting:
		return "warning"
	case Bad:
		return "error"
	}
	return "info"
}

func (c Chrome) asset(name string) string {
	if c.Asset == nil {
		return "/static/" + name
	}
	return c.Asset(name)
}

func (c Chrome) lang(ctx context.Context) string {
	if c.Lang != "" {
		return c.Lang
	}
	return i18n.Lang(ctx)
}

func (c Chrome) brand(ctx context.Context) string {
	if c.Brand.Name != "" {
		return c.Brand.Name
	}
	return i18n.T(ctx, "Trusted trader portal")
}

func (c Chrome) short(ctx context.Context) string {
	if c.Brand.Short != "" {
		return c.Brand.Short
	}
	return c.brand(ctx)
}

func (c Chrome) documentTitle(ctx context.Context) string {
	var t string
	if c.Errors {
		t = i18n.T(ctx, "Error:") + " "
	}
	if c.Title != "" {
		t += c.Title + " – "
	}
	return t + c.brand(ctx)
}

// ID is the id of the field called name. Error links and labels use it too.
func ID(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}, name), "-")
}

// Say is a field's message in the language of ctx.
func Say(ctx context.Context, f fault.Field) string {
	return i18n.T(ctx, f.Message, f.Args...)
}

// about selects the problems of one field.
func about(errors []fault.Field, name string) []fault.Field {
	var out []fault.Field
	for _, e := range errors {
		if e.Name == name {
			out = append(out, e)
		}
	}
	return out
}

// DateValue is a day as three fields hold it, kept as typed so that a mistake
// can be shown and mended.
type DateValue struct{ Day, Month, Year string }

// DateOf is the value that shows t's day; empty for the zero time.
func DateOf(t time.Time) DateValue {
	if t.IsZero() {
		return DateValue{}
	}
	return DateValue{Day: t.Format("2"), Month: t.Format("1"), Year: t.Format("2006")}
}

// DateText is a day written 2026-03-04 as three fields show it; what is no day stays as typed.
func DateText(s string) DateValue {
	if d, err := time.Parse(time.DateOnly, s); err == nil {
		return DateOf(d)
	}
	parts := append(strings.SplitN(s, "-", 3), "", "")
	return DateValue{Year: parts[0], Month: parts[1], Day: parts[2]}
}

// Empty reports whether nothing was entered.
func (d DateValue) Empty() bool { return d == DateValue{} }

// Date is the day entered, at midnight UTC, and whether there is such a day.
func (d DateValue) Date() (time.Time, bool) {
	t, err := time.Parse("2-1-2006", strings.TrimSpace(d.Day)+"-"+strings.TrimSpace(d.Month)+"-"+strings.TrimSpace(d.Year))
	return t, err == nil
}
