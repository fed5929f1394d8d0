// Package entry checks what a person entered: every field has a limit and a
// message that says what to do. Services use it, so that no caller gets past it.
//
// Text is kept as it was typed, apart from line ends, space around it, and what nobody
// can see: composed and decomposed letters become one form (NFC), and characters of no
// width that stand for nothing are dropped, so that two texts that look the same are
// the same. What can deceive a reader or break a program is refused: control
// characters, NUL, broken UTF-8, and the characters that turn the direction of text.
// Anything else is text and nothing more: pages, letters and exports escape it.
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

	"golang.org/x/text/unicode/norm"

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
	value = trim(value)
	if strings.ContainsAny(value, "\r\n\u2028\u2029") {
		c.Add(name, "Enter %s on one line", what)
		return Head(lineEnds.Replace(value), max)
	}
	return c.text(name, what, value, min, max)
}

// Text takes text with line breaks of min to max characters.
func (c *Check) Text(name, what, value string, min, max int) string {
	return c.text(name, what, trim(lineEnds.Replace(value)), min, max)
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

// trim drops what cannot be seen at both ends.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || widthless(r) })
}

// widthless is a character that nobody sees and that means nothing in a form: soft
// hyphen, zero-width space, word joiner and its kin, byte order mark.
func widthless(r rune) bool {
	return r == 0x00AD || r == 0x034F || r == 0x180E || r == 0x200B || r >= 0x2060 && r <= 0x2064 || r == 0xFEFF
}

// visible drops what nobody can see: characters without width, and joiners where no
// script needs them. After a letter of Arabic or an Indic script, and within an emoji,
// a joiner changes what is read.
func visible(s string) string {
	var before rune
	return strings.Map(func(r rune) rune {
		if widthless(r) || (r == 0x200C || r == 0x200D) && before < 0x0600 {
			return -1
		}
		before = r
		return r
	}, s)
}

func (c *Check) text(name, what, value string, min, max int) string {
	if len(value) > max*utf8.UTFMax {
		c.Add(name, "%s is too long. Use %d characters or fewer", upperFirst(what), max)
		return Head(value, max)
	}
	if !utf8.ValidString(value) {
		c.Add(name, "%s has characters that we cannot read. Type it again", upperFirst(what))
		return Head(value, max)
	}
	value = trim(norm.NFC.String(visible(norm.NFC.String(value)))) // so that a text that was kept is kept alike again
	if r, bad := forbidden(value); bad {
		c.Add(name, "%s has a hidden character (U+%04X) that we cannot keep. Type it again instead of pasting it", upperFirst(what), r)
		return Head(value, max)
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
// break and tab, those that turn the direction of text (U+202A–202E, 2066–2069 and the
// marks), and tags and annotations that carry text which nobody sees.
func forbidden(s string) (rune, bool) {
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069,
			r == 0x200E, r == 0x200F, r == 0x061C, r == 0xFEFF, r == utf8.RuneError,
			r >= 0xFFF9 && r <= 0xFFFB, r >= 0xE0000 && r <= 0xE007F:
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
	local, domain, _ := strings.Cut(value, "@")
	if err != nil || a.Address != value || len(local) > 64 || !domainName(domain) {
		c.Add(name, "Enter an e-mail address in the form name@example.org")
	}
	return value
}

// domainName reports whether s can be the name of a host on the internet: labels with
// dots between them. Names in other scripts are fine; addresses in brackets are not.
func domainName(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 || len(s) > 253 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") ||
			strings.ContainsFunc(l, func(r rune) bool { return r != '-' && !unicode.In(r, unicode.L, unicode.M, unicode.N) }) {
			return false
		}
	}
	return true
}

// phone has five to fifteen digits (ITU-T E.164) and what people set between them.
var phone = regexp.MustCompile(`^\+?([ ().\-/]*[0-9]){5,15}[ ().\-/]*( ?(ext|x)\.? ?[0-9]{1,6})?$`)

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
	address := value
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || !domainName(u.Hostname()) || u.User != nil {
		c.Add(name, "Enter a website in the form www.example.org")
		return value
	}
	return address
}

// OneOf takes one of the allowed values.
func (c *Check) OneOf(name, what, value string, allowed ...string) string {
	if !slices.Contains(allowed, value) {
		c.Add(name, "Choose %s", what)
		return ""
	}
	return value
}

// zone is UTC or a place. The system's zone files know more: "Local" changes with the
// machine, and zones under "right/" count leap seconds.
var zone = regexp.MustCompile(`^(UTC|[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]{1,30}){1,2})$`)

// Zone takes an IANA time zone.
func (c *Check) Zone(name, value string) string {
	if value == "" {
		c.Add(name, "Choose a time zone")
		return ""
	}
	if _, err := time.LoadLocation(value); err != nil || !zone.MatchString(value) {
		c.Add(name, "Choose a time zone from the list")
		return ""
	}
	return value
}

// whole is digits, or digits in groups of three, always parted alike: "1,5" is no
// fifteen, and "1,234.567" no million.
var whole = regexp.MustCompile(`^[+-]?([0-9]{1,12}|[0-9]{1,3}((,[0-9]{3})+|(\.[0-9]{3})+|([ \x{00a0}\x{202f}'’][0-9]{3})+))$`)

// Whole takes a whole number from min to max; nothing gives nil unless required.
func (c *Check) Whole(name, what, value string, min, max int, required bool) *int {
	value = minus.Replace(trim(value))
	if value == "" {
		if required {
			c.Add(name, "Enter %s", what)
		}
		return nil
	}
	n, err := strconv.Atoi(strings.Map(func(r rune) rune {
		if strings.ContainsRune(",. \u00a0\u202f'’", r) {
			return -1
		}
		return r
	}, value))
	if err != nil || !whole.MatchString(value) || n < min || n > max {
		c.Add(name, "Enter %s as a whole number from %d to %d", what, min, max)
		return nil
	}
	return &n
}

var (
	minus   = strings.NewReplacer("\u2212", "-") // as typeset
	degrees = regexp.MustCompile(`^[+-]?[0-9]{1,3}([.,][0-9]{1,15})?$`)
)

// Degrees takes a coordinate between -limit and limit, or nothing.
func (c *Check) Degrees(name, what, value string, limit float64) *float64 {
	value = minus.Replace(trim(value))
	if value == "" {
		return nil
	}
	f, err := strconv.ParseFloat(strings.Replace(value, ",", ".", 1), 64)
	if err != nil || !degrees.MatchString(value) || f < -limit || f > limit {
		c.Add(name, "Enter %s in degrees between %d and %d, like 40.7128", what, int(-limit), int(limit))
		return nil
	}
	return &f
}

// Inert keeps a spreadsheet program from taking a text for a formula: one that begins
// as formulas do gets an apostrophe before it (OWASP, CSV injection).
func Inert(cell string) string {
	for _, start := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(cell, start) {
			return "'" + cell
		}
	}
	return cell
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
