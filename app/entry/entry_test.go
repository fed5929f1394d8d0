package entry_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"trustedtrader/app/entry"
	"trustedtrader/app/fault"
)

// one runs a check and returns what it kept and the message, "" for none.
func one(t *testing.T, f func(c *entry.Check) string) (kept, message string) {
	t.Helper()
	var c entry.Check
	kept = f(&c)
	switch list := c.Fields(); len(list) {
	case 0:
		if c.Err() != nil {
			t.Errorf("nothing is wrong, but Err says %v", c.Err())
		}
	case 1:
		if fault.KindOf(c.Err()) != fault.Invalid || list[0].Name != "f" {
			t.Errorf("field %q, %v", list[0].Name, c.Err())
		}
		message = list[0].String()
		tells(t, message)
	default:
		t.Errorf("one field, %d messages: %v", len(list), list)
	}
	return kept, message
}

// tells checks that a message says what to do.
func tells(t *testing.T, message string) {
	t.Helper()
	if strings.Contains(message, "%!") || strings.Contains(strings.ToLower(message), "invalid") || strings.Contains(message, "lease") {
		t.Errorf("a person reads %q", message)
	}
	for _, verb := range []string{"Enter ", "Choose ", "Use ", "Type "} {
		if strings.Contains(message, verb) {
			return
		}
	}
	t.Errorf("%q does not say what to do", message)
}

func TestText(t *testing.T) {
	t.Parallel()
	line := func(c *entry.Check, v string) string { return c.Line("f", "the legal name", v, 2, 10) }
	text := func(c *entry.Check, v string) string { return c.Text("f", "the remark", v, 2, 10) }
	for name, x := range map[string]struct {
		how        func(*entry.Check, string) string
		in, want   string
		wantInside string // of the message
	}{
		"plain":                     {line, "Harbor", "Harbor", ""},
		"space around":              {line, " \t\u00a0Harbor\u3000\n", "Harbor", ""},
		"nothing":                   {line, "", "", "Enter the legal name"},
		"only space":                {line, " \n\t ", "", "Enter the legal name"},
		"only what nobody sees":     {line, "\u200b\ufeff \u2060\u00ad", "", "Enter the legal name"},
		"too short":                 {line, "H", "H", "The legal name is too short. Use 2 characters or more"},
		"as long as may be":         {line, "1234567890", "1234567890", ""},
		"characters, not bytes":     {line, "ÄÖÜäöüßéèê", "ÄÖÜäöüßéèê", ""},
		"four bytes each":           {line, strings.Repeat("𝒳", 10), strings.Repeat("𝒳", 10), ""},
		"too long":                  {line, "12345678901", "12345678901", "The legal name is too long. Use 10 characters or fewer. You used 11"},
		"a megabyte":                {line, strings.Repeat("a", 1<<20), "aaaaaaaaaa", "Use 10 characters or fewer"},
		"a megabyte of broken text": {text, strings.Repeat("\xff", 1<<20), "", "Use 10 characters or fewer"},
		"two lines":                 {line, "a\nb", "a\nb", "Enter the legal name on one line"},
		"a bare carriage return":    {line, "a\rb", "a\nb", "Enter the legal name on one line"},
		"a line separator":          {line, "a\u2028b", "a\nb", "Enter the legal name on one line"},
		"lines in a text":           {text, "a\r\nb\rc\u2029d\n", "a\nb\nc\nd", ""},
		"a tab":                     {text, "a\tb", "a\tb", ""},
		"NUL":                       {line, "a\x00b", "ab", "hidden character (U+0000)"},
		"escape":                    {text, "a\x1b[31mb", "a[31mb", "hidden character (U+001B)"},
		"delete":                    {text, "a\x7fb", "ab", "hidden character (U+007F)"},
		"C1":                        {text, "a\u0085b", "ab", "hidden character (U+0085)"},
		"invalid UTF-8":             {line, "a\xffb", "ab", "characters that we cannot read"},
		"half a character":          {line, "ab\xe2\x82", "ab", "characters that we cannot read"},
		"a surrogate":               {line, "a\xed\xa0\x80b", "ab", "characters that we cannot read"},
		"too long a form of /":      {line, "a\xc0\xafb", "ab", "characters that we cannot read"},
		"replacement character":     {line, "a\ufffdb", "ab", "hidden character (U+FFFD)"},
		"bidi override":             {line, "abc\u202egnp", "abcgnp", "hidden character (U+202E)"},
		"bidi embedding":            {line, "\u202aabc\u202c", "abc", "hidden character (U+202A)"},
		"bidi isolate":              {line, "a\u2066b\u2069c", "abc", "hidden character (U+2066)"},
		"direction marks":           {line, "ab\u200f\u200e\u061cc", "abc", "hidden character (U+200F)"},
		"annotation":                {line, "a\ufff9b", "ab", "hidden character (U+FFF9)"},
		"tags":                      {line, "a\U000e0041b", "ab", "hidden character (U+E0041)"},
		"zero width":                {line, "Har\u200bbo\u2060r\ufeff", "Harbor", ""},
		"soft hyphen":               {text, "Har\u00adbor", "Harbor", ""},
		"joiner between Latin":      {line, "Har\u200dbor", "Harbor", ""},
		"joiner that matters":       {line, "می\u200cخواهم", "می\u200cخواهم", ""},
		"joined emoji":              {line, "👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧", ""},
		"composed":                  {line, "Jose\u0301", "José", ""},
		"Hangul":                    {line, "\u1112\u1161\u11ab\u1112\u1161\u11ab", "한한", ""},
		"formula":                   {line, "=1+1", "=1+1", ""},
		"formula with at":           {line, "@SUM(A1)", "@SUM(A1)", ""},
		"command":                   {line, "-2+3|cmd", "-2+3|cmd", ""},
		"markup":                    {line, "<b>&amp;'\"", "<b>&amp;'\"", ""},
		"verbs":                     {line, "%s%d%!", "%s%d%!", ""},
		"verbs, too long":           {text, "%s%d%v%x%q%t%p", "%s%d%v%x%q%t%p", "too long"},
	} {
		kept, message := one(t, func(c *entry.Check) string { return x.how(c, x.in) })
		if kept != x.want || (message == "") != (x.wantInside == "") || !strings.Contains(message, x.wantInside) {
			t.Errorf("%s: kept %q (want %q), message %q", name, kept, x.want, message)
		}
	}
	if kept, message := one(t, func(c *entry.Check) string { return c.Line("f", "a remark", "", 0, 10) }); kept != "" || message != "" {
		t.Errorf("nothing where nothing may be: %q %q", kept, message)
	}
	for what, want := range map[string]string{"an e-mail": "The e-mail is", "a name": "The name is", "hours": "Hours is", "éclat": "Éclat is"} {
		if _, message := one(t, func(c *entry.Check) string { return c.Line("f", what, "x", 2, 3) }); !strings.HasPrefix(message, want) {
			t.Errorf("%q: %q", what, message)
		}
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"a@example.org", "first.last+tag@mail.example.co.uk", "josé@exämple.org", "o'hara@example.org", "a@xn--exmple-cua.org", "1@2.example", " a@example.org\n"} {
		if kept, message := one(t, func(c *entry.Check) string { return c.Email("f", in) }); message != "" || kept != strings.TrimSpace(in) {
			t.Errorf("%q: %q, %s", in, kept, message)
		}
	}
	for _, in := range []string{"", "a", "a@", "@example.org", "a@example", "a@b@example.org", "a b@example.org", "Ana <a@example.org>", "<a@example.org>", `"a b"@example.org`,
		"a@[192.0.2.1]", "a@example..org", "a@.example.org", "a@example.org.", "a@-example.org", "a@exam ple.org", "a@example.org,b@example.org", "a@example.org; b@example.org",
		"a@example.org\r\nBcc: b@example.org", "a@example.org%0ABcc:b@example.org", "a@example.org\x00", "a\u202e@example.org", "mailto:a@example.org", "a@exa_mple.org",
		strings.Repeat("a", 65) + "@example.org", "a@" + strings.Repeat("a", 64) + ".org", strings.Repeat("a", 300) + "@example.org", "a(comment)@example.org", "=cmd@example.org|x"} {
		if _, message := one(t, func(c *entry.Check) string { return c.Email("f", in) }); message == "" {
			t.Errorf("%q is taken", in)
		}
	}
}

func TestPhone(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"+1 202 555 0100", "(202) 555-0100", "+52.55.1234.5678", "020 7946 0000 ext. 12", "+49 30/123456 x7", "112 34"} {
		if kept, message := one(t, func(c *entry.Check) string { return c.Phone("f", in, true) }); message != "" || kept != in {
			t.Errorf("%q: %q, %s", in, kept, message)
		}
	}
	for _, in := range []string{"-----", "()()()", "      .", "1234", "+1 202 CALL NOW", "++1 202 555 0100", "1234567890123456", "+1 202 555 0100; rm -rf", "=1+12025550100", "+1\n202 555 0100", "\u202a+1 202 555 0100\u202c",
		strings.Repeat("1", 1<<20)} {
		if _, message := one(t, func(c *entry.Check) string { return c.Phone("f", in, false) }); message == "" {
			t.Errorf("%q is taken", in)
		}
	}
	if kept, message := one(t, func(c *entry.Check) string { return c.Phone("f", " ", false) }); kept != "" || message != "" {
		t.Errorf("none where none is needed: %q %q", kept, message)
	}
	if _, message := one(t, func(c *entry.Check) string { return c.Phone("f", " ", true) }); message != "Enter a telephone number" {
		t.Errorf("none where one is needed: %q", message)
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "www.example.org": "https://www.example.org", "http://example.org": "http://example.org", "HTTPS://Example.org/a?b=c#d": "HTTPS://Example.org/a?b=c#d",
		"example.org:8443/x": "https://example.org:8443/x", "https://exämple.org": "https://exämple.org", "example.org/<script>": "https://example.org/<script>"} {
		if kept, message := one(t, func(c *entry.Check) string { return c.URL("f", in) }); message != "" || kept != want {
			t.Errorf("%q: %q, %s", in, kept, message)
		}
	}
	for _, in := range []string{"javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://example.org/%0aalert(1)", "java\nscript:alert(1)", "\x01javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x",
		"file:///etc/passwd", "ftp://example.org", "mailto:a@example.org", "https://", "https://example", "https://.", "https://..", "https://example..org", "//evil.example", "https://user:pw@example.org",
		"https://example.org@evil.example", "https://exam ple.org", "https://[::1]/", "example", "www.example.org\\@evil.example", "https://example.org\u202e", "https://ex\x00ample.org", "https://" + strings.Repeat("a", 400) + ".org"} {
		if kept, message := one(t, func(c *entry.Check) string { return c.URL("f", in) }); message == "" {
			t.Errorf("%q is taken as %q", in, kept)
		}
	}
	if kept, _ := one(t, func(c *entry.Check) string { return c.URL("f", "exam ple") }); kept != "exam ple" {
		t.Errorf("what was typed came back as %q", kept)
	}
}

func TestOneOfAndZone(t *testing.T) {
	t.Parallel()
	for in, good := range map[string]bool{"a": true, "b": true, "c": false, "": false, "A": false, "a ": false} {
		kept, message := one(t, func(c *entry.Check) string { return c.OneOf("f", "a kind", in, "a", "b") })
		if good != (message == "") || good && kept != in || !good && kept != "" {
			t.Errorf("%q: %q, %s", in, kept, message)
		}
	}
	for in, good := range map[string]bool{"UTC": true, "America/New_York": true, "America/Argentina/Buenos_Aires": true, "Asia/Kolkata": true, "Etc/GMT+5": true,
		"": false, "Local": false, "localtime": false, "America/Atlantis": false, "right/America/New_York": false, "posix/America/New_York": false, "../../etc/passwd": false, "/etc/localtime": false,
		"America/../UTC": false, "America\\New_York": false, "America/New_York\x00": false, "Factory": false, "posixrules": false, "zone.tab": false, "EST5EDT": false} {
		kept, message := one(t, func(c *entry.Check) string { return c.Zone("f", in) })
		if good != (message == "") || good && kept != in || !good && kept != "" {
			t.Errorf("%q: %q, %s", in, kept, message)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{"0": 0, " 12 ": 12, "1,234": 1234, "1.234": 1234, "12 345": 12345, "1\u00a0234\u202f567": 1234567, "1'234": 1234, "-5": -5, "\u22125": -5, "+7": 7, "007": 7, "1000000": 1000000} {
		var c entry.Check
		if n := c.Whole("f", "the number", in, -10, 10_000_000, true); n == nil || *n != want || c.Err() != nil {
			t.Errorf("%q: %v %v", in, n, c.Err())
		}
	}
	for _, in := range []string{"1,5", "1.5", "1,2345", "12,34", "1,234.567", "1e3", "0x10", "1_000", "--1", "1-", "½", "٣", "１２", "1\x002", "1 2", "ten", "-11", "10000001", "99999999999999999999", "00000000000000000001x",
		strings.Repeat("1", 1<<20), "=1", "NaN", "1\u202e2", "1\n2"} {
		var c entry.Check
		if n := c.Whole("f", "the number", in, -10, 10_000_000, true); n != nil || len(c.Fields()) != 1 {
			t.Errorf("%.40q is taken as %d", in, *n)
			continue
		}
		tells(t, c.Fields()[0].String())
	}
	var c entry.Check
	if c.Whole("f", "the number", " ", 0, 1, false) != nil || c.Err() != nil {
		t.Error("none where none is needed")
	}
	if c.Whole("f", "the number", "", 0, 1, true) != nil || c.Fields()[0].String() != "Enter the number" {
		t.Errorf("none where one is needed: %v", c.Fields())
	}

	for in, want := range map[string]float64{"40.7128": 40.7128, "40,7128": 40.7128, "-74": -74, "\u221274.5": -74.5, "0": 0, "90": 90, "-90": -90, "+1.5": 1.5} {
		var c entry.Check
		if f := c.Degrees("f", "the latitude", in, 90); f == nil || *f != want || c.Err() != nil {
			t.Errorf("%q: %v %v", in, f, c.Err())
		}
	}
	for _, in := range []string{"90.0001", "-90.1", "NaN", "Inf", "-inf", "infinity", "1e1", "0x1p4", "1_0", "40.7128 N", "40°", "40.71.28", "1,234.5", "40.7128000000000000000000junk", "4\x000", "=1", strings.Repeat("1", 1<<20)} {
		var c entry.Check
		if f := c.Degrees("f", "the latitude", in, 90); f != nil || len(c.Fields()) != 1 {
			t.Errorf("%.40q is taken as %v", in, *f)
			continue
		}
		tells(t, c.Fields()[0].String())
	}
	if c.Degrees("f", "the latitude", " ", 90) != nil {
		t.Error("none is no place")
	}
}

func TestEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	var c entry.Check
	c.Line("a", "the name", "", 1, 10)
	c.Email("b", "nobody")
	c.Add("c", "Choose %d", 3)
	if list := fault.Fields(c.Err()); len(list) != 3 || list[2].String() != "Choose 3" || list[0].Name != "a" {
		t.Errorf("got %v", list)
	}
}

// FuzzText: whatever is sent, what a check takes without a problem is short enough, can be
// stored, shows what it is, and is taken unchanged when it is sent again.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "Harbor", "a\x00b", "\xff\xfe", "\u202eabc", "a\u200bb", "Jose\u0301", "=1+1", "a\r\nb", strings.Repeat("x", 70000), "\u0344", "e\u200d\u0301", "\u200d\u200d", "\ufeff \u2028",
		"<script>", "'; drop table person; --", "%s%n", "👨\u200d👩", "می\u200cخواهم", "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, how := range []func(*entry.Check, string) string{
			func(c *entry.Check, v string) string { return c.Line("f", "the name", v, 0, 50) },
			func(c *entry.Check, v string) string { return c.Text("f", "the name", v, 0, 50) },
			func(c *entry.Check, v string) string { return c.Email("f", v) },
			func(c *entry.Check, v string) string { return c.URL("f", v) },
			func(c *entry.Check, v string) string { return c.Phone("f", v, false) },
			func(c *entry.Check, v string) string { return c.Zone("f", v) },
		} {
			var c, again entry.Check
			kept := how(&c, s)
			if !utf8.ValidString(kept) && c.Err() == nil {
				t.Fatalf("%q: kept broken text", s)
			}
			if c.Err() != nil {
				for _, p := range c.Fields() {
					if strings.Contains(p.String(), "%!") {
						t.Fatalf("%q: %s", s, p)
					}
				}
				continue
			}
			if utf8.RuneCountInString(kept) > 310 || strings.ContainsAny(kept, "\x00\r\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff\u2028") {
				t.Fatalf("%q: kept %q", s, kept)
			}
			if twice := how(&again, kept); twice != kept || again.Err() != nil {
				t.Fatalf("%q: kept %q, and of that %q (%v)", s, kept, twice, again.Err())
			}
		}
		if h := entry.Head(s, 20); utf8.RuneCountInString(h) > 20 || !utf8.ValidString(h) || strings.ContainsAny(h, "\x00\u202e") {
			t.Fatalf("%q: head %q", s, h)
		}
	})
}
