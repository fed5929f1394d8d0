// Package identifier knows the numbers and codes by which authorities and
// industry bodies name a company: how each is written, how it is checked, how it
// is shown, and which of them say something about a natural person.
//
// A check here is about form only (structure, length, check digit). Whether the
// number belongs to the company is the specialist's vetting.
//
// Which schemes a kind of company must give is programme data (config/programmes);
// the schemes themselves are code, for their check digits are arithmetic.
package identifier

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"trustedtrader/app/fault"
)

// maxInput bounds what a person may enter, in bytes. The longest canonical form
// is far below it; more is a mistake or an attack.
const maxInput = 256

// Scheme is one kind of identifier. The texts are English source texts for the
// translation function.
type Scheme struct {
	Code     string // as programme files and rows name it: "scac"
	Name     string // as people call it: "SCAC"
	Hint     string // one sentence under the field's label
	Example  string // a well-formed value, as a person would write it
	Issuer   string // who gives it out
	Personal bool   // says something about a natural person: encrypt, mask, log each reveal
	Max      int    // longest canonical form, in characters

	expects string                     // the sentence for a value of the wrong form; its verb takes the example
	strip   string                     // separators that people write and that carry no meaning
	shape   func(string) (string, bad) // from compact upper-case text to the canonical form
	display func(string) string        // nil: shown as it is kept
}

// bad is why a shape function refuses; the zero value is no objection.
type bad struct {
	message string // English source text; empty with wrong set means the scheme's own sentence
	args    []any
	wrong   bool
}

var (
	fine    = bad{}
	misform = bad{wrong: true}
)

func because(message string, args ...any) bad {
	return bad{message: message, args: args, wrong: true}
}

// Schemes lists every scheme, in the order of a pick list.
func Schemes() []Scheme { return slices.Clone(schemes()) }

// Lookup finds a scheme by its code.
func Lookup(code string) (Scheme, bool) {
	all := schemes()
	if i := slices.IndexFunc(all, func(s Scheme) bool { return s.Code == code }); i >= 0 {
		return all[i], true
	}
	return Scheme{}, false
}

// Normalise turns what a person entered into the one form that is kept and
// compared. The field problem, when there is one, is named after the scheme; a
// form with several fields of one scheme renames it. Normalise of a canonical
// form is that form.
func (s Scheme) Normalise(input string) (string, *fault.Field) {
	refuse := func(message string, args ...any) (string, *fault.Field) {
		f := fault.F(s.Code, message, args...)
		return "", &f
	}
	if len(input) > maxInput {
		return refuse("This is too long. Enter up to %d characters, like %s", s.Max, s.Example)
	}
	if !utf8.ValidString(input) {
		return refuse("This contains characters that cannot be read. Type it again, like %s", s.Example)
	}
	text := strings.TrimSpace(input)
	if text == "" {
		return refuse(s.expects, s.Example)
	}

	// Formatting characters hide or turn round what a specialist would read.
	if strings.ContainsFunc(text, func(r rune) bool {
		return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError
	}) {
		return refuse("This contains characters that cannot be seen. Type it instead of pasting it, like %s", s.Example)
	}
	canonical, b := s.shape(s.compact(text))
	switch {
	case b.message != "":
		return refuse(b.message, b.args...)
	case b.wrong:
		return refuse(s.expects, s.Example)
	case utf8.RuneCountInString(canonical) > s.Max:
		return refuse("This is too long. Enter up to %d characters, like %s", s.Max, s.Example)
	}
	return canonical, nil
}

// compact writes the text in upper case, with every kind of dash as a hyphen and
// every run of spaces as one, and drops the separators that the scheme ignores.
func (s Scheme) compact(text string) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case unicode.Is(unicode.Pd, r) || r == '\u2212':
			r = '-'
		}
		if strings.ContainsRune(s.strip, r) || (r == ' ' && space) {
			continue
		}
		space = r == ' '
		b.WriteRune(unicode.ToUpper(r))
	}
	return strings.TrimSpace(b.String())
}

// Format writes a canonical value as people are used to reading it.
func (s Scheme) Format(canonical string) string {
	if s.display == nil {
		return canonical
	}
	return s.display(canonical)
}

// Mask shows only the last four letters and digits, and less of a short value, so
// that a person can tell two values apart and nobody learns one.
func (s Scheme) Mask(canonical string) string {
	shown := []rune(s.Format(canonical))
	count := 0
	for _, r := range shown {
		if alphanumeric(r) {
			count++
		}
	}
	hide := max(count-4, (count+1)/2)
	for i, r := range shown {
		if hide == 0 {
			break
		}
		if alphanumeric(r) {
			shown[i] = '•'
			hide--
		}
	}
	return string(shown)
}

// Key is the loose form that searches compare: upper-case letters and digits
// only. Two identifiers with one key may still differ; a search shows both.
func Key(input string) string {
	return strings.Map(func(r rune) rune {
		if alphanumeric(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, strings.ToValidUTF8(input, ""))
}

func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
