// Package textdiff compares two texts word by word, for people who must see what
// changed: the two versions of a conflict, a new wording, an answer since last year.
package textdiff

import (
	"strings"
	"time"
	"unicode"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// Kind says what became of a part.
type Kind string

// The kinds.
const (
	Equal  Kind = "equal"
	Insert Kind = "insert"
	Delete Kind = "delete"
)

// Part is a piece of text that stayed, came or went.
type Part struct {
	Kind Kind
	Text string
}

// patience bounds the work on two long texts that have little in common; what is not
// compared by then is shown as replaced.
const patience = 200 * time.Millisecond

// Words compares two texts. The parts that are equal or deleted make up a, those that are
// equal or inserted make up b. What went stands before what came in its place.
func Words(a, b string) []Part {
	if a == b {
		return one(Equal, a)
	}
	codes := coder{index: map[string]rune{}}
	from, to := codes.encode(tokens(a)), codes.encode(tokens(b))
	if codes.full {
		return append(one(Delete, a), one(Insert, b)...)
	}
	d := diffmatchpatch.New()
	d.DiffTimeout = patience
	var parts []Part
	for _, diff := range d.DiffMainRunes(from, to, false) {
		kind := Equal
		switch diff.Type {
		case diffmatchpatch.DiffInsert:
			kind = Insert
		case diffmatchpatch.DiffDelete:
			kind = Delete
		}
		parts = append(parts, Part{kind, codes.decode(diff.Text)})
	}
	return joined(parts)
}

// Changed reports whether some part is not equal.
func Changed(parts []Part) bool {
	for _, p := range parts {
		if p.Kind != Equal {
			return true
		}
	}
	return false
}

func one(kind Kind, text string) []Part {
	if text == "" {
		return nil
	}
	return []Part{{kind, text}}
}

// joined makes one replacement of neighbours: "two new words" reads better than a word, a
// space that stayed, and a word.
func joined(parts []Part) (out []Part) {
	var gone, come strings.Builder
	flush := func() {
		out = append(out, one(Delete, gone.String())...)
		out = append(out, one(Insert, come.String())...)
		gone.Reset()
		come.Reset()
	}
	for i, p := range parts {
		switch {
		case p.Kind == Delete:
			gone.WriteString(p.Text)
		case p.Kind == Insert:
			come.WriteString(p.Text)
		case gone.Len()+come.Len() > 0 && strings.TrimSpace(p.Text) == "" && !strings.Contains(p.Text, "\n") && replaced(parts[i+1:], gone.Len() > 0, come.Len() > 0):
			gone.WriteString(p.Text)
			come.WriteString(p.Text)
		default:
			flush()
			out = append(out, p)
		}
	}
	flush()
	return out
}

// replaced reports whether the parts begin with changes, and something went and something
// came, there or before.
func replaced(parts []Part, went, came bool) bool {
	changed := false
	for _, p := range parts {
		if p.Kind == Equal {
			break
		}
		changed = true
		went, came = went || p.Kind == Delete, came || p.Kind == Insert
	}
	return changed && went && came
}

// coder gives every word a rune of its own, so that words can be compared as characters.
type coder struct {
	index map[string]rune
	words []string
	full  bool
}

// The first and last rune that cannot stand for a word, for UTF-8 cannot write them.
const firstSurrogate, lastSurrogate = 0xD800, 0xDFFF

func (c *coder) encode(words []string) []rune {
	out := make([]rune, len(words))
	for i, w := range words {
		r, ok := c.index[w]
		if !ok {
			r = rune(len(c.words))
			if r >= firstSurrogate {
				r += lastSurrogate - firstSurrogate + 1
			}
			c.full = c.full || r > unicode.MaxRune
			c.index[w] = r
			c.words = append(c.words, w)
		}
		out[i] = r
	}
	return out
}

func (c *coder) decode(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r > lastSurrogate {
			r -= lastSurrogate - firstSurrogate + 1
		}
		b.WriteString(c.words[r])
	}
	return b.String()
}

// tokens cuts a text into words, spaces, line breaks and single signs. A script that is
// written without spaces gives a word for each character; marks stay with the letter
// before them, and an emoji stays whole.
func tokens(s string) (out []string) {
	runes := []rune(s)
	for i := 0; i < len(runes); {
		n := i + 1
		switch r := runes[i]; {
		case r == '\n':
		case unicode.IsSpace(r):
			for n < len(runes) && unicode.IsSpace(runes[n]) && runes[n] != '\n' {
				n++
			}
		case wordly(r):
			for n < len(runes) && (wordly(runes[n]) || unicode.IsMark(runes[n]) || joiner(runes[n]) ||
				n+1 < len(runes) && inner(runes[n-1], runes[n], runes[n+1])) {
				n++
			}
		default:
			for n < len(runes) && (unicode.IsMark(runes[n]) || joiner(runes[n]) || runes[n-1] == zeroWidthJoiner || skin(runes[n]) || flag(runes[n-1], runes[n], n-i)) {
				n++
			}
		}
		out = append(out, string(runes[i:n]))
		i = n
	}
	return out
}

const zeroWidthJoiner = '\u200d'

func joiner(r rune) bool { return r == zeroWidthJoiner || r == '\u200c' }

func skin(r rune) bool { return r >= 0x1F3FB && r <= 0x1F3FF }

// flag joins the two letters of a flag.
func flag(before, r rune, n int) bool {
	regional := func(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }
	return n == 1 && regional(before) && regional(r)
}

// wordly is a character of a word in a script that parts words by spaces.
func wordly(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsNumber(r)) &&
		!unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan)
}

// inner is a sign within a word: don't, 12.5, sub-contractor, 3.1.a.
func inner(before, r, after rune) bool {
	return strings.ContainsRune("'’-.,", r) && wordly(before) && wordly(after) && (r != ',' || unicode.IsNumber(before) && unicode.IsNumber(after))
}
