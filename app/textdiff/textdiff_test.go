package textdiff_test

import (
	"strings"
	"testing"
	"time"

	"trustedtrader/app/textdiff"
)

// marked writes parts as [-gone-]{+come+}.
func marked(parts []textdiff.Part) string {
	var b strings.Builder
	for _, p := range parts {
		switch p.Kind {
		case textdiff.Delete:
			b.WriteString("[-" + p.Text + "-]")
		case textdiff.Insert:
			b.WriteString("{+" + p.Text + "+}")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestWords(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct{ a, b, want string }{
		"the same":        {"A seal is checked.", "A seal is checked.", "A seal is checked."},
		"nothing":         {"", "", ""},
		"all new":         {"", "A seal.", "{+A seal.+}"},
		"all gone":        {"A seal.", "", "[-A seal.-]"},
		"a word":          {"A seal is checked.", "A seal is verified.", "A seal is [-checked-]{+verified+}."},
		"two neighbours":  {"the quick brown fox", "the slow red fox", "the [-quick brown-]{+slow red+} fox"},
		"put in":          {"A written process.", "A written, risk-based process.", "A written{+, risk-based+} process."},
		"no half words":   {"inspection", "inspections", "[-inspection-]{+inspections+}"},
		"numbers":         {"12.5 metres", "12.6 metres", "[-12.5-]{+12.6+} metres"},
		"a line":          {"one\ntwo", "one\ntwo\nthree", "one\ntwo{+\nthree+}"},
		"lines stay":      {"one\ntwo", "uno\ndos", "[-one-]{+uno+}\n[-two-]{+dos+}"},
		"Spanish":         {"El precinto se comprueba.", "El precinto no se comprueba.", "El precinto {+no +}se comprueba."},
		"Chinese":         {"我们检查封条", "我们核对封条", "我们[-检查-]{+核对+}封条"},
		"Japanese":        {"封印を確認する", "封印を毎回確認する", "封印を{+毎回+}確認する"},
		"Thai with marks": {"ตรวจที่", "ตรวจนี่", "ตรวจ[-ที่-]{+นี่+}"},
		"Arabic":          {"نتحقق من الختم", "نتحقق من القفل", "نتحقق من [-الختم-]{+القفل+}"},
		"Persian joiner":  {"می\u200cخواهم", "می\u200cخواهد", "[-می\u200cخواهم-]{+می\u200cخواهد+}"},
		"Hindi":           {"सील की जाँच", "ताले की जाँच", "[-सील-]{+ताले+} की जाँच"},
		"decomposed":      {"Jose\u0301 signs", "Jose signs", "[-Jose\u0301-]{+Jose+} signs"},
		"emoji":           {"ok 👨\u200d👩\u200d👧 end", "ok 👨\u200d👩\u200d👦 end", "ok [-👨\u200d👩\u200d👧-]{+👨\u200d👩\u200d👦+} end"},
		"flags":           {"🇲🇽🇺🇸", "🇲🇽🇨🇦", "🇲🇽[-🇺🇸-]{+🇨🇦+}"},
		"broken UTF-8":    {"a \xff b", "a b", "a [-\ufffd -]b"},
	} {
		parts := textdiff.Words(x.a, x.b)
		if got := marked(parts); got != x.want {
			t.Errorf("%s: %s; want %s", name, got, x.want)
		}
		if textdiff.Changed(parts) != (x.a != x.b) {
			t.Errorf("%s: changed is wrong", name)
		}
	}
}

// Two long texts without a word in common take no longer than a page may.
func TestPatience(t *testing.T) {
	t.Parallel()
	var a, b strings.Builder
	for i := range 4000 {
		a.WriteString(strings.Repeat("a", i%90+1) + " ")
		b.WriteString(strings.Repeat("b", i*7%90+1) + " ")
	}
	begun := time.Now()
	whole(t, a.String(), b.String())
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	// More different words than runes below the surrogates.
	var c strings.Builder
	for i := range 60_000 {
		c.WriteString(string(rune('a'+i%26)) + strings.Repeat("x", i%3) + string(rune(0x4E00+i%20000)))
		c.WriteString(time.Duration(i).String())
	}
	whole(t, c.String(), c.String()+" end")
}

func FuzzWords(f *testing.F) {
	f.Add("one two", "one three two")
	f.Add("我们 检查", "\u200d\u0301x 🇲🇽🇺🇸")
	f.Fuzz(func(t *testing.T, a, b string) { whole(t, a, b) })
}

// whole checks that the parts make up both texts, with U+FFFD for bytes that are no text.
func whole(t *testing.T, a, b string) {
	t.Helper()
	var before, after strings.Builder
	for _, p := range textdiff.Words(a, b) {
		if p.Text == "" {
			t.Error("an empty part")
		}
		if p.Kind != textdiff.Insert {
			before.WriteString(p.Text)
		}
		if p.Kind != textdiff.Delete {
			after.WriteString(p.Text)
		}
	}
	if a != b && (before.String() != string([]rune(a)) || after.String() != string([]rune(b))) {
		t.Errorf("%q and %q became %q and %q", a, b, before.String(), after.String())
	}
}
