package i18n_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"trustedtrader/app/i18n"
)

const header = `msgid ""
msgstr ""
"Language: es\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

`

const spanish = header + `#: views/public/public.templ:12
msgid "Sign in"
msgstr "Iniciar sesión"

msgid "March"
msgstr "marzo"

# shown on two lines
msgid ""
"Until %s "
"for %s"
msgstr ""
"Para %[2]s "
"hasta %[1]s"

msgid "%d day left"
msgid_plural "%d days left"
msgstr[0] "queda %d día"
msgstr[1] "quedan %d días"

#, fuzzy
msgid "Guessed"
msgstr "Adivinado"

msgid "Not translated"
msgstr ""

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d archivo"
msgstr[1] ""

msgid "It says \"no\" (100 % sure)\n"
msgstr "Dice «no» (100 % seguro)\n"

#~ msgid "Old"
#~ msgstr "Viejo"
`

func load(t *testing.T, files map[string]string) *i18n.Catalogues {
	t.Helper()
	c, err := i18n.Load(folder(files))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func folder(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"es.po": spanish})
	es, en := c.With(context.Background(), "es"), c.With(context.Background(), "en")
	for _, x := range []struct {
		ctx       context.Context
		got, want string
	}{
		{es, i18n.T(es, "Sign in"), "Iniciar sesión"},
		{en, i18n.T(en, "Sign in"), "Sign in"},
		{es, i18n.T(context.Background(), "Sign in"), "Sign in"},
		{es, i18n.T(es, "Until %s for %s", "A", "B"), "Para B hasta A"},
		{es, i18n.T(es, "Unheard of: %s", "x"), "Unheard of: x"},
		{es, i18n.T(es, "Not translated"), "Not translated"},
		{es, i18n.T(es, "Guessed"), "Guessed"},
		{es, i18n.T(es, "Old"), "Old"},
		{es, i18n.T(es, "It says \"no\" (100 % sure)\n"), "Dice «no» (100 % seguro)\n"},
		{es, i18n.T(es, ""), ""}, // not the file's header
		{es, i18n.T(es, "50% off"), "50% off"},
		{es, i18n.N(es, "%d day left", "%d days left", 1), "queda 1 día"},
		{es, i18n.N(es, "%d day left", "%d days left", 0), "quedan 0 días"},
		{es, i18n.N(es, "%d day left", "%d days left", -1), "queda -1 día"},
		{es, i18n.N(es, "%d day left", "%d days left", 1_000_000), "quedan 1000000 días"},
		{es, i18n.N(es, "%d file", "%d files", 1), "1 file"}, // half translated: English, not a mixture
		{es, i18n.N(es, "%d file", "%d files", 2), "2 files"},
		{es, i18n.N(es, "%d day left", "%d days are left", 2), "2 days are left"}, // the source changed since
		{en, i18n.N(en, "%d day left", "%d days left", 1), "1 day left"},
		{en, i18n.N(en, "%d day left of %s", "%d days left of %s", 3, "May"), "3 days left of May"},
		{es, i18n.Lang(es), "es"},
		{es, i18n.Lang(context.Background()), "en"},
		{es, i18n.Lang(c.With(context.Background(), "tlh")), "en"},
		{es, i18n.Number(es, 1234567), "1.234.567"},
		{en, i18n.Number(en, 1234567), "1,234,567"},
		{en, i18n.Number(en, -42), "-42"},
		{en, i18n.Decimal(en, "-24150.00"), "-24,150.00"},
		{es, i18n.Decimal(es, "1024150.05"), "1.024.150,05"},
		{en, i18n.Decimal(en, "0"), "0"},
		{en, i18n.Decimal(en, "-0.50"), "-0.50"},
		{en, i18n.Decimal(en, "1e9"), "1e9"},
		{en, i18n.Decimal(en, "1.5e3"), "1.5e3"},
		{en, i18n.Decimal(en, ""), ""},
	} {
		if x.got != x.want {
			t.Errorf("got %q, want %q", x.got, x.want)
		}
	}
}

// TestPluralRules: Polish has three forms, Japanese one, and French takes 0 for one.
func TestPluralRules(t *testing.T) {
	t.Parallel()
	entry := func(rule string, forms ...string) string {
		s := "msgid \"\"\nmsgstr \"Plural-Forms: " + rule + "\\n\"\n\nmsgid \"%d day\"\nmsgid_plural \"%d days\"\n"
		for i, f := range forms {
			s += fmt.Sprintf("msgstr[%d] %q\n", i, f)
		}
		return s
	}
	c := load(t, map[string]string{
		"pl.po": entry("nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);", "%d dzień", "%d dni", "%d dnia"),
		"ja.po": entry("nplurals=1; plural=0;", "%d 日"),
		"fr.po": entry("nplurals=2; plural=(n > 1);", "%d jour", "%d jours"),
	})
	for tag, want := range map[string][]string{"pl": {"0 dnia", "1 dzień", "2 dni", "5 dnia", "12 dnia", "22 dni"}, "ja": {"0 日", "1 日", "2 日", "5 日", "12 日", "22 日"},
		"fr": {"0 jour", "1 jour", "2 jours", "5 jours", "12 jours", "22 jours"}} {
		ctx := c.With(context.Background(), tag)
		for i, n := range []int{0, 1, 2, 5, 12, 22} {
			if got := i18n.N(ctx, "%d day", "%d days", n); got != want[i] {
				t.Errorf("%s: %q, want %q", tag, got, want[i])
			}
			if got := i18n.N(ctx, "%d hour", "%d hours", n); got != fmt.Sprintf("%d hour", n)+map[bool]string{false: "s"}[n == 1] {
				t.Errorf("%s, not translated: %q", tag, got)
			}
		}
	}
}

func TestBrokenCatalogues(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct{ text, want string }{
		"a quotation mark is missing": {header + "msgid \"Sign in\nmsgstr \"x\"\n", "line 7: "},
		"one too many":                {header + "msgid \"Sign\" in\"\nmsgstr \"x\"\n", "line 7: "},
		"an unknown escape":           {header + "msgid \"a\"\nmsgstr \"\\q\"\n", "line 8: "},
		"a misspelt keyword":          {header + "msgid \"a\"\nmsgst \"b\"\n", `line 8: "msgst" is no keyword`},
		"rubbish":                     {header + "<<<<<<< HEAD\n", "line 7: "},
		"no msgstr":                   {header + "msgid \"a\"\n\nmsgid \"b\"\nmsgstr \"c\"\n", "line 9: the msgid on line 7 has no msgstr"},
		"no msgstr at the end":        {header + "msgid \"a\"\n", "line 7: the msgid has no msgstr"},
		"no msgid":                    {"msgstr \"a\"\n", "line 1: msgstr without msgid"},
		"text out of the blue":        {header + "\"a\"\n", "line 7: a text without msgid"},
		"text after a comment":        {header + "msgid \"a\"\nmsgstr \"b\"\n# c\n\"d\"\n", "line 10: a text without"},
		"twice":                       {header + "msgid \"a\"\nmsgstr \"b\"\n\nmsgid \"a\"\nmsgstr \"c\"\n", "line 10: the same text is translated on line 7"},
		"a header in the middle":      {header + "msgid \"\"\nmsgstr \"c\"\n", "line 7: the same text is translated on line 1"},
		"an empty msgid":              {"msgid \"a\"\nmsgstr \"b\"\n\nmsgid \"\"\nmsgstr \"c\"\n", "line 4: msgid is empty"},
		"a context":                   {header + "msgctxt \"x\"\nmsgid \"a\"\nmsgstr \"b\"\n", "line 7: msgctxt"},
		"a verb too few":              {header + "msgid \"Until %s\"\nmsgstr \"Hasta\"\n", "line 7: the translation"},
		"a verb too many":             {header + "msgid \"Until\"\nmsgstr \"Hasta %s\"\n", "line 7: the translation"},
		"another verb":                {header + "msgid \"%d of %s\"\nmsgstr \"%s de %d\"\n", "line 7: the translation"},
		"another verb in a form":      {header + "msgid \"%d a\"\nmsgid_plural \"%d b\"\nmsgstr[0] \"un\"\nmsgstr[1] \"%d c\"\n", "line 7: the translation"},
		"a form too many":             {header + "msgid \"%d a\"\nmsgid_plural \"%d b\"\nmsgstr[0] \"%d\"\nmsgstr[1] \"%d\"\nmsgstr[2] \"%d\"\n", "line 7: msgstr[2], but the header has 2"},
		"a form without number":       {header + "msgid \"%d a\"\nmsgid_plural \"%d b\"\nmsgstr \"%d\"\n", "line 9: msgstr[0]"},
		"a number without plural":     {header + "msgid \"a\"\nmsgstr[0] \"b\"\n", "line 8: msgstr[0]"},
		"an odd number":               {header + "msgid \"%d a\"\nmsgid_plural \"%d b\"\nmsgstr[x] \"%d\"\n", "line 9: msgstr[x]"},
		"a form twice":                {header + "msgid \"%d a\"\nmsgid_plural \"%d b\"\nmsgstr[0] \"%d\"\nmsgstr[0] \"%d\"\n", "line 10: msgstr[0] stands there twice"},
		"plural out of place":         {header + "msgid \"a\"\nmsgstr \"b\"\nmsgid_plural \"c\"\n", "line 9: msgid_plural must follow msgid"},
		"no plural rule":              {"msgid \"%d a\"\nmsgid_plural \"%d b\"\nmsgstr[0] \"%d\"\n", "line 2: a text that counts needs Plural-Forms"},
		"a broken plural rule":        {"msgid \"\"\nmsgstr \"Plural-Forms: nplurals=2; plural=n is one;\\n\"\n", "line 1: Plural-Forms"},
		"half a plural rule":          {"msgid \"\"\nmsgstr \"Plural-Forms: nplurals=2\\n\"\n", "line 1: Plural-Forms must look like"},
		"a rule beyond its forms":     {"msgid \"\"\nmsgstr \"Plural-Forms: nplurals=1; plural=(n != 1);\\n\"\n", "line 1: Plural-Forms: the rule gives form 1 of 1"},
		"not UTF-8":                   {header + "msgid \"a\"\nmsgstr \"sesi\xf3n\"\n", "line 8: the text is not UTF-8"},
		"another charset":             {"msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=ISO-8859-1\\n\"\n", "line 1: the file must be in UTF-8"},
	} {
		_, err := i18n.Load(folder(map[string]string{"es.po": x.text}))
		if err == nil || !strings.Contains(err.Error(), "catalogue es.po: "+x.want) {
			t.Errorf("%s: %v, want %s", name, err, x.want)
		}
	}
	if _, err := i18n.Load(folder(map[string]string{"not a tag.po": spanish})); err == nil || !strings.Contains(err.Error(), "not a tag.po") {
		t.Errorf("a file named after no language: %v", err)
	}
	if c := load(t, map[string]string{"es.po": "\ufeff" + strings.ReplaceAll(spanish, "\n", "\r\n"), "readme.txt": "x"}); i18n.T(c.With(context.Background(), "es"), "Sign in") != "Iniciar sesión" {
		t.Error("line ends and the mark of Windows break a catalogue")
	}
}

func TestLanguagesOnOffer(t *testing.T) {
	t.Parallel()
	begun := header + "msgid \"Sign in\"\nmsgstr \"\"\n\n#, fuzzy\nmsgid \"Help\"\nmsgstr \"Ayuda\"\n"
	c := load(t, map[string]string{"es.po": begun, "fr.po": header, "de.po": header + "msgid \"Help\"\nmsgstr \"Hilfe\"\n", "nl.po": ""})
	var tags []string
	for _, l := range c.Locales() {
		tags = append(tags, l.Tag)
	}
	if strings.Join(tags, " ") != "en de" {
		t.Errorf("on offer: %v", tags)
	}
	if c.Match("es") != "en" || c.Match("fr-CA,fr;q=0.9") != "en" {
		t.Error("a language without translations is chosen")
	}
	var zero i18n.Catalogues
	if list := zero.Locales(); len(list) != 1 || list[0].Name != "English" || zero.Match("es") != "en" {
		t.Errorf("without catalogues: %v", list)
	}
	if got := i18n.T(zero.With(context.Background(), "es"), "Help"); got != "Help" {
		t.Errorf("got %q", got)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"es.po": spanish, "fr.po": strings.ReplaceAll(spanish, "Language: es", "Language: fr")})
	for _, x := range []struct {
		preferences []string
		want        string
	}{
		{nil, "en"}, {[]string{""}, "en"}, {[]string{"es"}, "es"}, {[]string{"es-MX"}, "es"}, {[]string{"ES_mx"}, "es"},
		{[]string{"", "", "de-DE,fr;q=0.8,en;q=0.5"}, "fr"}, {[]string{"en-GB,es;q=0.1"}, "en"}, {[]string{"ja", "es"}, "es"}, {[]string{"fr", "es"}, "fr"},
		{[]string{"<script>", "es"}, "es"}, {[]string{"\x00\xff", "../../etc", "fr"}, "fr"}, {[]string{strings.Repeat("es,", 100_000), "fr"}, "fr"}, {[]string{"es;q=nonsense", "fr"}, "fr"},
	} {
		if got := c.Match(x.preferences...); got != x.want {
			t.Errorf("%.60q: %s, want %s", x.preferences, got, x.want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"es.po": spanish})
	es, en := c.With(context.Background(), "es"), context.Background()
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	at := time.Date(2026, 3, 5, 1, 2, 59, 999, time.UTC)
	for _, x := range []struct{ got, want string }{
		{i18n.Date(en, at), "5 March 2026"},
		{i18n.Date(es, at), "5 de marzo de 2026"},
		{i18n.Date(es, at.AddDate(0, 1, 0)), "5 de April de 2026"}, // a missing month falls back
		{i18n.Date(en, at.In(zone("America/New_York"))), "4 March 2026"},
		{i18n.Date(en, time.Time{}), "–"},
		{i18n.Date(en, time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC)), "29 February 2028"},
		{i18n.DateTime(en, at, zone("America/New_York")), "4 March 2026, 20:02 (UTC-05:00)"},
		{i18n.DateTime(es, at, zone("America/New_York")), "4 de marzo de 2026, 20:02 (UTC-05:00)"},
		{i18n.DateTime(en, at, zone("Asia/Kolkata")), "5 March 2026, 06:32 (UTC+05:30)"},
		{i18n.DateTime(en, at, zone("Asia/Kathmandu")), "5 March 2026, 06:47 (UTC+05:45)"},
		{i18n.DateTime(en, at, zone("Europe/London")), "5 March 2026, 01:02 (UTC)"},
		{i18n.DateTime(en, at.AddDate(0, 4, 0), zone("Europe/London")), "5 July 2026, 02:02 (UTC+01:00)"},
		{i18n.DateTime(en, at, nil), "5 March 2026, 01:02 (UTC)"},
		{i18n.DateTime(en, time.Time{}, time.UTC), "–"},
		// The hour that comes twice in New York: the offset tells which it is.
		{i18n.DateTime(en, time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC), zone("America/New_York")), "1 November 2026, 01:30 (UTC-04:00)"},
		{i18n.DateTime(en, time.Date(2026, 11, 1, 6, 30, 0, 0, time.UTC), zone("America/New_York")), "1 November 2026, 01:30 (UTC-05:00)"},
	} {
		if x.got != x.want {
			t.Errorf("got %q, want %q", x.got, x.want)
		}
	}
}

func TestManySpeakAtOnce(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"es.po": spanish})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			ctx, want := c.With(context.Background(), "en"), "Sign in"
			if i%2 == 0 {
				ctx, want = c.With(context.Background(), "es"), "Iniciar sesión"
			}
			for range 200 {
				if got := i18n.T(ctx, "Sign in"); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzCatalogue: whatever stands in a file, it is read or refused with its line.
func FuzzCatalogue(f *testing.F) {
	for _, s := range []string{spanish, header, "", "msgid", "msgid \"a\"", "\"", "msgstr[\"", "msgid \"\"\nmsgstr \"Plural-Forms: nplurals=2; plural=n%0;\\n\"", "msgid \"\"\nmsgstr \"Plural-Forms: nplurals=2; plural=(;\\n\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := i18n.Load(folder(map[string]string{"es.po": s}))
		if err != nil {
			if !strings.Contains(err.Error(), "es.po: line ") {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		ctx := c.With(context.Background(), "es")
		_, _ = i18n.T(ctx, "Sign in"), i18n.N(ctx, "%d day left", "%d days left", 7)
	})
}
