// Package entry checks what a person entered: every field has a limit and a
// message that says what to do. Services use it, so that no caller gets past it.
//
// Text is kept as it was typed, apart from line ends and space around it. What can
// deceive a reader or break a program is refused: control characters, NUL, broken
// UTF-8, and the characters that turn the direction of text.
package entry

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"trustedtrader/app/fault"
)

// Check collects the problems of one form.
type Check struct{ fields []fault.Field }

// Add notes a problem.
func (c *Check) Add(name, message string, args ...any) {
	c.fields = append(c.fields, fault.F(name, message, args...))
}

// Fields lists the problems found so far.
func (c *Check) Fields() []fault.Field { return c.fields }

// Err is the refusal with every problem, or nil.
func (c *Check) Err() error { return fault.Fail(c.fields) }

// Line takes one line of text of min to max characters. what names it in messages: "the legal name".
func (c *Check) Line(name, what, value string, min, max int) string {
	value = strings.TrimSpace(value)
	if strings.ContainsAny(value, "\r\n") {
		c.Add(name, "Enter %s on one line", what)
		return value
	}
	return c.text(name, what, value, min, max)
}

// Text takes text with line breaks of min to max characters.
func (c *Check) Text(name, what, value string, min, max int) string {
	value = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(value))
	return c.text(name, what, value, min, max)
}

func (c *Check) text(name, what, value string, min, max int) string {
	if len(value) > max*utf8.UTFMax {
		c.Add(name, "%s is too long. Use %d characters or fewer", upperFirst(what), max)
		return Head(value, max)
	}
	if !utf8.ValidString(value) {
		c.Add(name, "%s has characters that we cannot read. Type it again", upperFirst(what))
		return strings.ToValidUTF8(value, "")
	}
	if r, bad := forbidden(value); bad {
		c.Add(name, "%s has a hidden character (U+%04X) that we cannot keep. Type it again instead of pasting it", upperFirst(what), r)
		return Clean(value)
	}
	switch n := utf8.RuneCountInString(value); {
	case n == 0 && min > 0:
		c.Add(name, "Enter %s", what)
	case n < min:
		c.Add(name, "%s is too short. Use %d characters or more", upperFirst(what), min)
	case n > max:
		c.Add(name, "%s is too long. Use %d characters or fewer. You used %d", upperFirst(what), max, n)
	}
	return value
}

// forbidden finds a character that text must not have: controls other than line
// break and tab, and those that turn the direction of text (U+202A–202E, 2066–2069).
func forbidden(s string) (rune, bool) {
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069,
			r == 0x200E, r == 0x200F, r == 0x061C, r == 0xFEFF, r == utf8.RuneError:
			return r, true
		}
	}
	return 0, false
}

// Clean drops what text must not have, so that a refused form can show the rest.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if _, bad := forbidden(string(r)); bad {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// Head is the first n characters of s, clean.
func Head(s string, n int) string {
	if len(s) > n*utf8.UTFMax {
		s = s[:n*utf8.UTFMax]
	}
	s = Clean(s)
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// Email takes one address: name@example.org, at most 254 characters.
func (c *Check) Email(name, value string) string {
	before := len(c.fields)
	value = c.Line(name, "an e-mail address", value, 1, 254)
	if len(c.fields) > before {
		return value
	}
	a, err := mail.ParseAddress(value)
	if err != nil || a.Address != value || !strings.Contains(value[strings.LastIndex(value, "@")+1:], ".") {
		c.Add(name, "Enter an e-mail address in the form name@example.org")
	}
	return value
}

var phone = regexp.MustCompile(`^\+?[0-9 ().\-/]{3,30}( ?(ext|x)\.? ?[0-9]{1,6})?$`)

// Phone takes a telephone number as people write it; kept as typed.
func (c *Check) Phone(name, value string, required bool) string {
	before, min := len(c.fields), 0
	if required {
		min = 1
	}
	value = c.Line(name, "a telephone number", value, min, 40)
	if len(c.fields) == before && value != "" && !phone.MatchString(value) {
		c.Add(name, "Enter a telephone number with its country code, like +1 202 555 0100")
	}
	return value
}

// URL takes the address of a website, or nothing.
func (c *Check) URL(name, value string) string {
	before := len(c.fields)
	value = c.Line(name, "the website", value, 0, 300)
	if len(c.fields) > before || value == "" {
		return value
	}
	if !strings.Contains(value, "://") {
		value = "https://" + value
	}
	u, err := url.Parse(value)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || !strings.Contains(u.Hostname(), ".") || u.User != nil {
		c.Add(name, "Enter a website in the form www.example.org")
	}
	return value
}

// OneOf takes one of the allowed values.
func (c *Check) OneOf(name, what, value string, allowed ...string) string {
	if !slices.Contains(allowed, value) {
		c.Add(name, "Choose %s", what)
		return ""
	}
	return value
}

// Zone takes an IANA time zone.
func (c *Check) Zone(name, value string) string {
	if value == "" || value == "Local" || len(value) > 60 {
		c.Add(name, "Choose a time zone")
		return ""
	}
	if _, err := time.LoadLocation(value); err != nil {
		c.Add(name, "Choose a time zone from the list")
		return ""
	}
	return value
}

// Whole takes a whole number from min to max; nothing gives nil unless required.
func (c *Check) Whole(name, what, value string, min, max int, required bool) *int {
	value = strings.TrimSpace(value)
	if value == "" {
		if required {
			c.Add(name, "Enter %s", what)
		}
		return nil
	}
	n, err := strconv.Atoi(strings.NewReplacer(",", "", " ", "", "\u00a0", "").Replace(Head(value, 20)))
	if err != nil || n < min || n > max {
		c.Add(name, "Enter %s as a whole number from %d to %d", what, min, max)
		return nil
	}
	return &n
}

// Degrees takes a coordinate between -limit and limit, or nothing.
func (c *Check) Degrees(name, what, value string, limit float64) *float64 {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil
	}
	f, err := strconv.ParseFloat(strings.Replace(Head(value, 20), ",", ".", 1), 64)
	if err != nil || !(f >= -limit && f <= limit) {
		c.Add(name, "Enter %s in degrees between %d and %d, like 40.7128", what, int(-limit), int(limit))
		return nil
	}
	return &f
}

func upperFirst(s string) string {
	for _, article := range []string{"the ", "an ", "a "} {
		if strings.HasPrefix(s, article) {
			s = "The " + strings.TrimPrefix(s, article)
			return s
		}
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
