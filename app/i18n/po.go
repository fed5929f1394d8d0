package i18n

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/leonelquinteros/gotext/plurals"
)

// catalogue is one language's translations. Texts that count are kept under both of
// their source texts, so that a change of either shows English until it is translated anew.
type catalogue struct {
	texts  map[string]string
	counts map[string][]string
	form   plurals.Expression
	forms  int
}

func countKey(one, many string) string { return one + "\x00" + many }

// translation is one entry of a PO file; line is where its msgid stands.
type translation struct {
	line, plural int
	id, many     string
	fuzzy        bool
	strs         map[int]string
}

// parse reads a PO file. It is strict where the usual readers are silent, because a
// broken file would show people half a sentence, or English without anybody knowing
// why: every error names its line, and a translation must use the verbs of its source.
// Entries that are not translated, or that a tool only guessed (fuzzy), are left out.
func parse(content []byte) (*catalogue, error) {
	list, err := read(content)
	if err != nil {
		return nil, err
	}
	c := &catalogue{texts: map[string]string{}, counts: map[string][]string{}}
	seen := map[string]int{}
	for i, m := range list {
		key := m.id
		if m.plural > 0 {
			key = countKey(m.id, m.many)
		}
		if first := seen[key]; first > 0 {
			return nil, fmt.Errorf("line %d: the same text is translated on line %d already", m.line, first)
		}
		seen[key] = m.line
		switch {
		case m.id == "" && i > 0:
			return nil, fmt.Errorf("line %d: msgid is empty; only the header at the top may be", m.line)
		case m.id == "":
			if err := c.header(m); err != nil {
				return nil, err
			}
		case m.fuzzy:
		default:
			if err := c.add(m); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// header takes the plural rule from the file's first entry.
func (c *catalogue) header(m *translation) error {
	for _, l := range strings.Split(m.strs[0], "\n") {
		name, value, _ := strings.Cut(l, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "content-type":
			if v := strings.ToLower(value); strings.Contains(v, "charset") && !strings.Contains(v, "utf-8") {
				return fmt.Errorf("line %d: the file must be in UTF-8", m.line)
			}
		case "plural-forms":
			n, rule, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(value), ";"), ";")
			forms, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(n), "nplurals=")))
			rule, isRule := strings.CutPrefix(strings.TrimSpace(rule), "plural=")
			if err != nil || !ok || !isRule || forms < 1 || forms > 6 {
				return fmt.Errorf("line %d: Plural-Forms must look like nplurals=2; plural=(n != 1);", m.line)
			}
			form, err := plurals.Compile(rule)
			if err != nil {
				return fmt.Errorf("line %d: Plural-Forms: %w", m.line, err)
			}
			for n := range uint32(200) {
				if i := form.Eval(n); i < 0 || i >= forms {
					return fmt.Errorf("line %d: Plural-Forms: the rule gives form %d of %d for n = %d", m.line, i, forms, n)
				}
			}
			c.form, c.forms = form, forms
		}
	}
	return nil
}

func (c *catalogue) add(m *translation) error {
	like := m.id
	if m.plural > 0 {
		like = m.many
		if c.form == nil {
			return fmt.Errorf("line %d: a text that counts needs Plural-Forms in the header", m.plural)
		}
		for i := range m.strs {
			if i >= c.forms {
				return fmt.Errorf("line %d: msgstr[%d], but the header has %d plural forms", m.line, i, c.forms)
			}
		}
	}
	want := verbs(like)
	for i := range max(c.forms, 1) {
		str, there := m.strs[i]
		if !there && m.plural == 0 {
			continue
		}
		if str == "" {
			return nil // not translated, or not wholly
		}
		if got := verbs(str); !maps.Equal(got, want) {
			return fmt.Errorf("line %d: the translation %q must have the same verbs (%%s, %%d …) as %q", m.line, str, like)
		}
	}
	if m.plural == 0 {
		c.texts[m.id] = m.strs[0]
		return nil
	}
	for i := range c.forms {
		c.counts[countKey(m.id, m.many)] = append(c.counts[countKey(m.id, m.many)], m.strs[i])
	}
	return nil
}

// verb is a printf verb, with the number of its argument where it has one. A space
// after the percent sign is no flag here: "100 % of" is a text.
var verb = regexp.MustCompile(`%(?:%|[+#0-]*(?:[0-9]+)?(?:\.[0-9]+)?(?:\[([0-9]+)\])?([a-zA-Z]))`)

// verbs says which argument a text shows how: 1 → s, 2 → d.
func verbs(text string) map[int]string {
	out, next := map[int]string{}, 1
	for _, m := range verb.FindAllStringSubmatch(text, -1) {
		if m[2] == "" {
			continue
		}
		if n, err := strconv.Atoi(m[1]); err == nil {
			next = n
		}
		out[next] += m[2]
		next++
	}
	for i, s := range out { // shown twice is as good as once
		out[i] = s[:1]
	}
	return out
}

// read splits a PO file into its entries.
func read(content []byte) (list []*translation, err error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	var m *translation
	var into func(string) // takes the string of the line, and of those that go on from it
	fuzzy := false
	for i, raw := range strings.Split(string(content), "\n") {
		n, l := i+1, strings.TrimSpace(raw)
		bad := func(format string, args ...any) error {
			return fmt.Errorf("line %d: "+format, append([]any{n}, args...)...)
		}
		if !utf8.ValidString(l) {
			return nil, bad("the text is not UTF-8")
		}
		if l == "" {
			into = nil
			continue
		}
		if strings.HasPrefix(l, "#") {
			fuzzy = fuzzy || strings.HasPrefix(l, "#,") && strings.Contains(l, "fuzzy")
			into = nil
			continue
		}
		keyword, quoted, _ := strings.Cut(l, "\"")
		keyword = strings.TrimSpace(keyword)
		text, err := strconv.Unquote("\"" + quoted)
		if err != nil {
			return nil, bad("this is no keyword with a text in quotation marks, or one of them is missing: %.60s", l)
		}
		last := m
		open := last != nil && last.strs == nil // the entry has no msgstr yet
		switch {
		case keyword == "":
			if into == nil {
				return nil, bad("a text without msgid or msgstr before it")
			}
		case keyword == "msgctxt":
			return nil, bad("msgctxt is not used here")
		case keyword == "msgid":
			if open {
				return nil, bad("the msgid on line %d has no msgstr", last.line)
			}
			own := &translation{line: n, fuzzy: fuzzy}
			list, m, fuzzy = append(list, own), own, false
			into = func(s string) { own.id += s }
		case last == nil:
			return nil, bad("%s without msgid before it", keyword)
		case keyword == "msgid_plural":
			if !open || last.plural > 0 {
				return nil, bad("msgid_plural must follow msgid")
			}
			last.plural = n
			into = func(s string) { last.many += s }
		case keyword == "msgstr", strings.HasPrefix(keyword, "msgstr["):
			form := 0
			if keyword != "msgstr" {
				if form, err = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(keyword, "msgstr["), "]")); err != nil || form < 0 || !strings.HasSuffix(keyword, "]") {
					return nil, bad("%s is no msgstr[0], msgstr[1] …", keyword)
				}
			}
			if (keyword == "msgstr") != (last.plural == 0) {
				return nil, bad("msgstr[0], msgstr[1] … belong to msgid_plural, and msgstr to msgid alone")
			}
			if _, twice := last.strs[form]; twice {
				return nil, bad("%s stands there twice", keyword)
			}
			if last.strs == nil {
				last.strs = map[int]string{}
			}
			last.strs[form] = ""
			into = func(s string) { last.strs[form] += s }
		default:
			return nil, bad("%q is no keyword of a PO file", keyword)
		}
		into(text)
	}
	if m != nil && m.strs == nil {
		return nil, fmt.Errorf("line %d: the msgid has no msgstr", m.line)
	}
	return list, nil
}
